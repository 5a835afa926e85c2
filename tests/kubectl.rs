//! Compares manifests with those of a real kubectl, 1.34 or later:
//!
//! ```text
//! (cd tests/live/kubectl && go build -o /tmp/kubectl .)
//! KUBECTL_ORACLE=/tmp/kubectl cargo test --test kubectl -- --ignored
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;

use secrets::kubernetes::docker::{self, RegistryCredential};
use secrets::kubernetes::generic::Values;
use secrets::kubernetes::{SecretManifest, key_pair};
use secrets::secret::SecretBytes;

fn kubectl(arguments: &[&str]) -> Vec<u8> {
    let program = std::env::var_os("KUBECTL_ORACLE").expect("KUBECTL_ORACLE names a kubectl");
    let output = Command::new(program)
        .args(["create", "secret"])
        .args(arguments)
        .args(["--dry-run=client", "-o", "yaml"])
        .env("KUBECONFIG", "/dev/null")
        .env("FROM_ENV", "from the environment")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn assert_same(secret: &SecretManifest, arguments: &[&str]) {
    assert_eq!(
        String::from_utf8(secret.to_yaml().to_vec()).unwrap(),
        String::from_utf8(kubectl(arguments)).unwrap(),
        "{arguments:?}"
    );
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/kubernetes/testdata")
        .join(name)
}

#[test]
#[ignore = "needs a kubectl in KUBECTL_ORACLE"]
fn registries_equal_kubectls() {
    for (server, username, password, email) in [
        ("registry.example.com", "u", "p", "a@b"),
        (
            "https://index.docker.io/v1/",
            "gitlab+deploy-token-1",
            "p<a>s&s\"w\\o'r d",
            "",
        ),
        (
            "r:5050/päth",
            "ü😀",
            "a:b\nc\td\u{8}\u{c}\u{1b}\u{7f}\u{2028}\u{2029}",
            "x <y@z>",
        ),
    ] {
        let credential = RegistryCredential {
            server: server.to_owned(),
            username: username.to_owned(),
            password: SecretBytes::copy_of(password.as_bytes()),
            email: Some(email.to_owned()),
        };
        let secret = docker::secret("regcred", Some("true"), &[credential]).unwrap();
        let flags = [
            ("server", server),
            ("username", username),
            ("password", password),
            ("email", email),
        ];
        let flags = flags.map(|(flag, value)| format!("--docker-{flag}={value}"));
        let mut arguments = vec!["-n", "true", "docker-registry", "regcred"];
        arguments.extend(flags.iter().map(String::as_str));
        assert_same(&secret, &arguments);
    }
}

#[test]
#[ignore = "needs a kubectl in KUBECTL_ORACLE"]
fn literals_equal_kubectls() {
    let literals = [
        "a=",
        "b=1",
        "10=x=y",
        "9=\"q\"",
        "true= ",
        "null=\u{fffd}é",
        "x.y-z_=l1\nl2\n",
        "k0=0",
        "k=\u{1}",
    ];
    for name in ["1234", "1e3", "n", "null", "0x1f", "a.b"] {
        let mut values = Values::new();
        literals
            .iter()
            .for_each(|literal| values.add_literal(literal).unwrap());
        let secret = values
            .into_secret(name, None, Some("example.com/a b"))
            .unwrap();
        let flags = literals.map(|literal| format!("--from-literal={literal}"));
        let mut arguments = vec!["generic", name, "--type=example.com/a b"];
        arguments.extend(flags.iter().map(String::as_str));
        assert_same(&secret, &arguments);
    }
    assert_same(
        &Values::new().into_secret("empty", None, None).unwrap(),
        &["generic", "empty"],
    );
}

#[test]
#[ignore = "needs a kubectl in KUBECTL_ORACLE"]
fn env_files_equal_kubectls() {
    let text = "\u{feff}  # comment\nA=1\n\tB= 2 \nC=\"q\" # x\r\n\nD==\nFROM_ENV\nMISSING\n.e-x_y=\u{a0}\n\u{85}\u{3000}Z=z";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let mut values = Values::new();
    let environment =
        |name: &str| (name == "FROM_ENV").then(|| "from the environment".to_owned().into());
    values.add_env_file(text.as_bytes(), &environment).unwrap();
    let flag = format!("--from-env-file={}", file.path().display());
    assert_same(
        &values.into_secret("env", None, None).unwrap(),
        &["generic", "env", &flag],
    );
}

#[test]
#[ignore = "needs a kubectl in KUBECTL_ORACLE"]
fn key_pairs_equal_kubectls() {
    for (crt, key) in [
        ("rsa.crt", "rsa-pkcs1.key"),
        ("p256.crt", "p256-with-parameters.key"),
        ("p384.crt", "p384.key"),
        ("chain-ed25519-p256.crt", "ed25519.key"),
    ] {
        let (crt, key) = (testdata(crt), testdata(key));
        let private = SecretBytes::new(std::fs::read(&key).unwrap());
        let secret =
            key_pair::secret("web", Some("apps"), &std::fs::read(&crt).unwrap(), private).unwrap();
        let (crt, key) = (
            format!("--cert={}", crt.display()),
            format!("--key={}", key.display()),
        );
        assert_same(&secret, &["-n", "apps", "tls", "web", &crt, &key]);
    }
}
