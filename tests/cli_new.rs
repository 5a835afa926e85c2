//! The commands that create Secrets, run as a user runs them, in a copy of the runbook's repositories.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

const PASSWORD: &str = "REPLACE-ME";
/// What kubectl 1.34 prints for the runbook's command with that password.
const KUBECTL: &str = "6b260208ec3f282219ef668805c66044780fd4d8cc43b754b7529dba19bb08c7";
const MANIFEST: &str = "clusters/my-cluster/flux-system/secrets/blaster-dev-registry.yaml";
const KUSTOMIZATION: &str = "clusters/my-cluster/flux-system/kustomization.yaml";
const REGISTRY: [&str; 10] = [
    "new-registry",
    "blaster-dev-registry",
    "-n",
    "flux-system",
    "--docker-server",
    "registry.reids.net.au",
    "--docker-username",
    "blaster-dev",
    "--docker-email",
    "andrew@reids.net.au",
];

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(path)
}

fn recipient(name: &str) -> String {
    let list = fs::read_to_string(testdata("keys/recipients.txt")).unwrap();
    let line = list
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap().to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            let text = fs::read_to_string(entry.path()).unwrap();
            fs::write(
                target,
                text.replace("AGE_PUBLIC_KEY_HERE", &recipient("alice")),
            )
            .unwrap();
        }
    }
}

/// A copy of one of the runbook's repositories, the registry Secret not there yet.
struct Repository {
    dir: tempfile::TempDir,
}

struct Done {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Repository {
    fn new(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy(&testdata("runbook").join(name), dir.path());
        fs::create_dir(dir.path().join(".git")).unwrap();
        let _ = fs::remove_file(dir.path().join(MANIFEST));
        Repository { dir }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    fn write(&self, file: &str, text: &str) -> String {
        fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        fs::write(self.path(file), text).unwrap();
        file.to_owned()
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("secrets").unwrap();
        command
            .env_clear()
            .env("HOME", self.dir.path().join(".git"))
            .current_dir(self.dir.path())
            .args(args);
        command
    }

    fn finish(mut command: Command) -> Done {
        let output = command.output().unwrap();
        Done {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn run(&self, args: &[&str], stdin: &str) -> Done {
        let mut command = self.command(args);
        command.env("PASSWORD", PASSWORD).write_stdin(stdin);
        let done = Self::finish(command);
        assert!(!done.stderr.contains(PASSWORD), "{}", done.stderr);
        done
    }

    fn ok(&self, args: &[&str], stdin: &str) -> Done {
        let done = self.run(args, stdin);
        assert_eq!(done.code, 0, "{}", done.stderr);
        done
    }

    /// A refusal names its reason and a way out, and leaves every file as it was.
    fn refused(&self, args: &[&str], stdin: &str, message: &str) -> Done {
        let before = self.files();
        let done = self.run(args, stdin);
        assert_eq!(done.code, 2, "{args:?}: {}", done.stderr);
        assert!(
            done.stderr.contains(&format!("error: {message}")),
            "{}",
            done.stderr
        );
        assert!(done.stderr.contains("hint: "), "{}", done.stderr);
        assert_eq!(self.files(), before, "{args:?}");
        done
    }

    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn add(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    add(&path, files);
                } else {
                    files.insert(path.clone(), fs::read(&path).unwrap());
                }
            }
        }
        let mut files = BTreeMap::new();
        add(self.dir.path(), &mut files);
        files
    }

    fn opened(&self, file: &str) -> String {
        let mut command = self.command(&["decrypt", file]);
        command.env("SOPS_AGE_KEY_FILE", testdata("keys/identities.txt"));
        let done = Self::finish(command);
        assert_eq!(done.code, 0, "{}", done.stderr);
        done.stdout
    }

    fn config(&self, file: &str) -> String {
        let text = self.opened(file);
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix("  .dockerconfigjson: "))
            .unwrap();
        String::from_utf8(STANDARD.decode(value).unwrap()).unwrap()
    }

    fn assert_no_plaintext(&self) {
        let auth = STANDARD.encode(format!("blaster-dev:{PASSWORD}"));
        let needles = [PASSWORD.to_owned(), STANDARD.encode(PASSWORD), auth];
        for (path, bytes) in self.files() {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            for needle in &needles {
                assert!(
                    !text.contains(needle.as_str()),
                    "{needle} in {}",
                    path.display()
                );
            }
        }
    }
}

fn sha256(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn with<'a>(base: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [base, more].concat()
}

#[test]
fn every_password_source_gives_the_bytes_of_kubectl() {
    let sources: [(&[&str], &str); 6] = [
        (&["--docker-password-stdin"], "REPLACE-ME\n"),
        (&["--docker-password-stdin"], "REPLACE-ME\r\n"),
        (&["--docker-password-stdin"], "REPLACE-ME"),
        (&["--docker-password-file", "../pw"], ""),
        (&["--docker-password-env", "PASSWORD"], ""),
        (&["--docker-password", PASSWORD], ""),
    ];
    for (flags, stdin) in sources {
        let repository = Repository::new("flux-config");
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        fs::write(elsewhere.path(), "REPLACE-ME\n").unwrap();
        let file = elsewhere.path().to_str().unwrap();
        let flags: Vec<&str> = flags
            .iter()
            .map(|flag| if *flag == "../pw" { file } else { flag })
            .collect();
        let done = repository.ok(&with(&REGISTRY, &flags), stdin);
        assert_eq!(sha256(&repository.opened(MANIFEST)), KUBECTL, "{flags:?}");
        repository.assert_no_plaintext();
        assert!(done.stdout.is_empty());
        assert!(
            done.stderr
                .contains(&format!("note: the rules propose {MANIFEST}")),
            "{}",
            done.stderr
        );
        assert!(
            done.stderr
                .contains("sealed for 1 recipient, by the rule at .sops.yaml:3"),
            "{}",
            done.stderr
        );
        assert_eq!(
            done.stderr.contains("warning: `--docker-password`"),
            flags.contains(&"--docker-password")
        );
    }
}

#[test]
fn only_one_line_break_of_the_password_is_dropped() {
    let repository = Repository::new("flux-config");
    let done = repository.ok(&with(&REGISTRY, &["--docker-password-stdin"]), "pw\n\n");
    assert!(done.stderr.contains("has more than one line"));
    assert!(repository.config(MANIFEST).contains(r#""password":"pw\n""#));
}

#[test]
fn passwords_that_are_not_there_are_refused() {
    let repository = Repository::new("flux-config");
    let refused = |more: &[&str], stdin: &str, message: &str| {
        repository.refused(&with(&REGISTRY, more), stdin, message);
    };
    refused(
        &["--docker-password-stdin"],
        "",
        "the password for registry.reids.net.au is empty",
    );
    refused(
        &["--docker-password-stdin"],
        "\n",
        "the password for registry.reids.net.au is empty",
    );
    refused(
        &["--docker-password-env", "UNSET"],
        "",
        "the variable that `--docker-password-env` names is not set",
    );
    refused(
        &["--docker-password-env", ""],
        "",
        "the variable that `--docker-password-env` names is not set",
    );
    refused(
        &["--docker-password-file", "none"],
        "",
        "cannot read the file",
    );
    refused(
        &[
            "--docker-password-env",
            "PASSWORD",
            "--docker-password-stdin",
        ],
        "x",
        "`--docker-password` is given twice for one registry",
    );
}

#[test]
fn places_that_are_no_good_are_refused() {
    let repository = Repository::new("flux-config");
    let base = with(&REGISTRY, &["--docker-password-env", "PASSWORD"]);
    let refused =
        |more: &[&str], message: &str| repository.refused(&with(&base, more), "", message);
    let done = refused(&["-o", "apps/x.yaml"], "no creation rule matches this file");
    let rule = format!(
        "- {{path_regex: 'apps/.*\\.yaml$', encrypted_regex: '^(data|stringData)$', age: [{}]}}",
        recipient("alice")
    );
    assert!(done.stderr.contains(&rule), "{}", done.stderr);
    refused(&["-o", "clusters"], "expected a file, found a folder");
    refused(&["-o", "yaml"], "`-o yaml` names a file, not a format");
    refused(
        &["-o", "clusters/my-cluster/apps/secrets/x.json"],
        "a manifest is written as YAML",
    );
    refused(
        &["-o", "-", "--kustomization"],
        "standard output cannot be in a kustomization",
    );
    refused(
        &[
            "--allow",
            "plain-secret,nothing-selected",
            "--encrypted-regex",
            "^none$",
        ],
        "the value of `.dockerconfigjson` would stay in plaintext",
    );
    refused(&["--label", "a b=c"], "`a b` is not a valid");
    repository.write(
        ".sops.yaml",
        &format!(
            "creation_rules:\n  - path_regex: nowhere\n    age: [{}]\n",
            recipient("bob")
        ),
    );
    let done = refused(&[], "no creation rule covers a place for the Secret");
    assert!(done.stderr.contains(&recipient("bob")), "{}", done.stderr);
    fs::remove_file(repository.path(".sops.yaml")).unwrap();
    refused(&[], "no configuration says where the Secret belongs");
}

#[test]
fn names_that_kubernetes_refuses_are_refused() {
    let repository = Repository::new("flux-config");
    let flags = [
        "--docker-username",
        "u",
        "--docker-password-env",
        "PASSWORD",
    ];
    repository.refused(
        &with(&["new-registry", "Not_Valid"], &flags),
        "",
        "`Not_Valid` is not a valid name",
    );
    repository.refused(
        &with(&["new-registry", "x", "-n", "a.b"], &flags),
        "",
        "`a.b` is not a valid namespace",
    );
    let flags = [
        "--docker-server",
        "r",
        "--docker-username",
        "a:b",
        "--docker-password-env",
        "PASSWORD",
        "-n",
        "flux-system",
    ];
    repository.refused(
        &with(&["new-registry", "x"], &flags),
        "",
        "the user name for r contains `:`",
    );
    repository.refused(
        &["new-registry", "x", "-n", "flux-system"],
        "",
        "no registry is given",
    );
}

#[test]
fn several_places_are_listed() {
    let repository = Repository::new("flux-config");
    let args = [
        "new-registry",
        "x",
        "-n",
        "blaster-dev",
        "--docker-username",
        "u",
        "--docker-password-env",
        "PASSWORD",
    ];
    let done = repository.refused(&args, "", "the place of the Secret is not clear");
    for place in [
        "clusters/my-cluster/blaster/dev/secrets/x.yaml",
        "clusters/my-cluster/dev/secrets/x.yaml",
    ] {
        assert!(
            done.stderr
                .contains(&format!("hint: name it with `-o {place}`")),
            "{}",
            done.stderr
        );
    }
}

#[test]
fn an_existing_file_is_replaced_on_request_only() {
    let repository = Repository::new("flux-config");
    let base = with(&REGISTRY, &["--docker-password-env", "PASSWORD"]);
    repository.ok(&base, "");
    let first = repository.read(MANIFEST);
    repository.refused(&base, "", "the file exists already");
    repository.ok(&with(&base, &["--replace"]), "");
    assert_ne!(repository.read(MANIFEST), first);
    assert_eq!(sha256(&repository.opened(MANIFEST)), KUBECTL);
}

#[test]
fn the_nearest_kustomization_lists_the_file_once() {
    let repository = Repository::new("flux-config");
    let before = repository.read(KUSTOMIZATION);
    let args = with(
        &REGISTRY,
        &["--docker-password-env", "PASSWORD", "--kustomization"],
    );
    let done = repository.ok(&args, "");
    assert!(done.stderr.contains("lists it already"), "{}", done.stderr);
    assert_eq!(repository.read(KUSTOMIZATION), before);
    let args: Vec<&str> = args
        .iter()
        .map(|arg| {
            if *arg == "blaster-dev-registry" {
                "other"
            } else {
                arg
            }
        })
        .collect();
    repository.ok(&args, "");
    let after = format!("{before}  - ./secrets/other.yaml\n");
    assert_eq!(repository.read(KUSTOMIZATION), after);
    repository.ok(&with(&args, &["--replace"]), "");
    assert_eq!(repository.read(KUSTOMIZATION), after);
}

#[test]
fn a_kustomization_of_flux_is_never_edited() {
    let repository = Repository::new("flux-config");
    let flux = "clusters/my-cluster/blaster/dev/kustomization.yaml";
    let kustomize = "clusters/my-cluster/blaster/kustomization.yaml";
    let (flux_before, before) = (repository.read(flux), repository.read(kustomize));
    let target = "clusters/my-cluster/blaster/dev/secrets/s.yaml";
    let args = ["new-generic", "s", "--from-file", "k=-", "-o", target];
    let named = format!("--kustomization={flux}");
    repository.refused(
        &with(&args, &[&named]),
        "v",
        "this is a Kustomization of Flux, not of kustomize",
    );
    repository.ok(&with(&args, &["--kustomization"]), "v");
    assert_eq!(repository.read(flux), flux_before);
    assert_eq!(
        repository.read(kustomize),
        format!("{before}  - ./dev/secrets/s.yaml\n")
    );
}

#[test]
fn the_app_repository_has_its_own_names() {
    let repository = Repository::new("blaster");
    let done = repository.ok(
        &[
            "new-generic",
            "extra",
            "-n",
            "blaster-dev",
            "--from-file",
            "k=-",
            "--kustomization",
        ],
        "v\n",
    );
    assert!(
        done.stderr
            .contains("the rules propose k8s/dev/extra.enc.yaml"),
        "{}",
        done.stderr
    );
    assert!(
        repository
            .opened("k8s/dev/extra.enc.yaml")
            .contains("  k: dgo=\n"),
        "the line break stays"
    );
    assert!(
        repository
            .read("k8s/dev/kustomization.yaml")
            .ends_with("  - extra.enc.yaml\n")
    );
    let args = [
        "new-generic",
        "more",
        "-n",
        "other",
        "--from-file",
        "k=-",
        "-o",
        "k8s/dev/more.enc.yaml",
    ];
    let done = repository.ok(&args, "v");
    assert!(
        done.stderr
            .contains("puts everything into the namespace `blaster-dev`, not `other`"),
        "{}",
        done.stderr
    );
}

#[test]
fn standard_output_and_dry_runs_write_no_file() {
    let repository = Repository::new("flux-config");
    let before = repository.files();
    let base = with(&REGISTRY, &["--docker-password-env", "PASSWORD"]);
    let done = repository.ok(&with(&base, &["-o", "-"]), "");
    assert!(done.stdout.contains("  .dockerconfigjson: ENC[AES256_GCM,"));
    assert!(done.stdout.contains(&recipient("alice")));
    let done = repository.ok(
        &with(&base, &["--dry-run", "--label", "app=x", "--immutable"]),
        "",
    );
    assert!(
        done.stdout
            .starts_with(&format!("# would write {MANIFEST}\n")),
        "{}",
        done.stdout
    );
    assert!(
        done.stdout
            .contains("  .dockerconfigjson: ENC[...]\nimmutable: true\n"),
        "{}",
        done.stdout
    );
    // Nobody is asked.
    repository.ok(&with(&REGISTRY, &["--dry-run"]), "");
    assert_eq!(repository.files(), before);
}

#[test]
fn without_a_terminal_and_a_source_the_flags_are_named() {
    let repository = Repository::new("flux-config");
    let before = repository.files();
    // A terminal may be there when a person runs the tests, so only a session of its own has none.
    if !Path::new("/usr/bin/setsid").exists() {
        return;
    }
    let binary = assert_cmd::cargo::cargo_bin("secrets");
    let mut command = Command::new("/usr/bin/setsid");
    command
        .env_clear()
        .current_dir(repository.dir.path())
        .arg("--wait")
        .arg(binary)
        .args(REGISTRY);
    let done = Repository::finish(command);
    assert_eq!(done.code, 2);
    assert!(
        done.stderr.contains("`--docker-password-stdin`"),
        "{}",
        done.stderr
    );
    assert_eq!(repository.files(), before);
}

#[test]
fn recipients_of_the_command_line_need_no_rule() {
    let repository = Repository::new("flux-config");
    let bob = recipient("bob");
    let base = with(
        &REGISTRY,
        &[
            "--docker-password-env",
            "PASSWORD",
            "--age",
            &bob,
            "-o",
            "loose.yaml",
        ],
    );
    repository.ok(&base, "");
    let sealed = repository.read("loose.yaml");
    assert!(
        sealed.contains("encrypted_regex: ^(data|stringData)$")
            && sealed.contains("\n  name: blaster-dev-registry\n")
    );
    assert!(sealed.contains(&bob) && !sealed.contains(&recipient("alice")));
    assert_eq!(sha256(&repository.opened("loose.yaml")), KUBECTL);
}

#[test]
fn several_registries_in_the_order_of_their_flags() {
    let repository = Repository::new("flux-config");
    let args = [
        "new-registry",
        "two",
        "-n",
        "flux-system",
        "--docker-server",
        "b.example.com",
        "--docker-username",
        "ub",
        "--docker-password-stdin",
        "--docker-server",
        "a.example.com:443",
        "--docker-password-env",
        "PASSWORD",
        "--docker-username",
        "ua",
    ];
    let done = repository.ok(&args, "first");
    assert!(
        done.stderr.contains("warning: the port 443"),
        "{}",
        done.stderr
    );
    let config = repository.config("clusters/my-cluster/flux-system/secrets/two.yaml");
    let a = config.find(r#""a.example.com:443":{"username":"ua","password":"REPLACE-ME""#);
    let b = config.find(r#""b.example.com":{"username":"ub","password":"first""#);
    assert!(a.is_some() && a < b, "{config}");
    let args = [
        "new-registry",
        "x",
        "-n",
        "flux-system",
        "--docker-username",
        "u",
        "--docker-server",
        "a",
        "--docker-server",
        "b",
    ];
    repository.refused(
        &args,
        "",
        "a flag stands before the first of several `--docker-server`",
    );
}

#[test]
fn docker_configs_are_taken_if_they_hold_credentials() {
    let repository = Repository::new("flux-config");
    let outside = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = outside.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let args = |path: &str| {
        [
            "new-registry",
            "x",
            "-n",
            "flux-system",
            "--from-docker-config",
            path,
        ]
        .map(str::to_owned)
    };
    let desktop = args(&file(
        "desktop.json",
        r#"{"auths":{"r":{}},"credsStore":"desktop"}"#,
    ));
    let desktop: Vec<&str> = desktop.iter().map(String::as_str).collect();
    repository.refused(
        &desktop,
        "",
        "the entry `r` of the Docker config holds no credential",
    );
    let podman = args(&file(
        "auth.json",
        "{\n\t\"auths\": {\n\t\t\"r\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}",
    ));
    let podman: Vec<&str> = podman.iter().map(String::as_str).collect();
    let target = "clusters/my-cluster/flux-system/secrets/x.yaml";
    repository.ok(&podman, "");
    assert!(
        repository.config(target).starts_with("{\n\t\"auths\""),
        "the file is kept as it is"
    );
    let more = [
        "--replace",
        "--docker-server",
        "s",
        "--docker-username",
        "u",
        "--docker-password-stdin",
    ];
    repository.ok(&with(&podman, &more), "p");
    assert!(
        repository
            .config(target)
            .starts_with(r#"{"auths":{"r":{"auth":"dTpw"},"s":{"username":"u","#)
    );
}

fn merge(repository: &Repository, more: &[&str]) -> Done {
    let base = [
        "new-registry",
        "--merge-into",
        MANIFEST,
        "--docker-server",
        "c.example.com",
        "--docker-username",
        "cu",
        "--docker-password-env",
        "PASSWORD",
    ];
    let mut command = repository.command(&with(&base, more));
    command
        .env("PASSWORD", PASSWORD)
        .env("SOPS_AGE_KEY_FILE", testdata("keys/identities.txt"));
    Repository::finish(command)
}

#[test]
fn a_registry_is_merged_into_a_sealed_secret() {
    for more in [&[][..], &["--mac-only-encrypted"]] {
        let repository = Repository::new("flux-config");
        repository.ok(
            &with(
                &with(&REGISTRY, &["--docker-password-env", "PASSWORD"]),
                more,
            ),
            "",
        );
        let before = repository.read(MANIFEST);
        let done = merge(&repository, &[]);
        assert_eq!(done.code, 0, "{}", done.stderr);
        let config = repository.config(MANIFEST);
        assert!(
            config.contains(r#""registry.reids.net.au":{"username":"blaster-dev""#)
                && config.contains(r#""c.example.com":{"username":"cu""#)
        );
        let after = repository.read(MANIFEST);
        let changed: Vec<&str> = before
            .lines()
            .zip(after.lines())
            .filter(|(a, b)| a != b)
            .filter_map(|(a, _)| a.trim_start().split(':').next())
            .filter(|key| *key != "lastmodified")
            .collect();
        assert_eq!(changed, [".dockerconfigjson", "mac"], "{after}");
        assert_eq!(before.lines().count(), after.lines().count());
        repository.assert_no_plaintext();
        let done = merge(&repository, &[]);
        assert!(
            done.stderr.contains("holds this already"),
            "{}",
            done.stderr
        );
        assert_eq!(repository.read(MANIFEST), after);
    }
}

#[test]
fn what_cannot_be_merged_into_is_refused() {
    let repository = Repository::new("flux-config");
    let base = [
        "new-registry",
        "--docker-username",
        "cu",
        "--docker-password-env",
        "PASSWORD",
        "--merge-into",
    ];
    repository.refused(
        &with(&base, &[KUSTOMIZATION]),
        "",
        "this is not a Secret with registries",
    );
    repository.ok(&with(&REGISTRY, &["--docker-password-env", "PASSWORD"]), "");
    repository.refused(&with(&base, &[MANIFEST]), "", "no identity opens the file");
    repository.refused(
        &with(&base, &[MANIFEST, "other"]),
        "",
        "the Secret has the name `blaster-dev-registry`, not `other`",
    );
    repository.refused(
        &with(&base, &[MANIFEST, "-n", "apps"]),
        "",
        "the Secret has the namespace `flux-system`, not `apps`",
    );
}

#[test]
fn generic_secrets_take_literals_files_and_env_files() {
    let repository = Repository::new("flux-config");
    let outside = tempfile::tempdir().unwrap();
    let path = |name: &str| outside.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("a.txt"), "A\n").unwrap();
    fs::write(path("vars.env"), "# comment\nX=1\nPASSWORD\n").unwrap();
    let base = ["new-generic", "g", "-n", "flux-system"];
    let (file, env) = (path("a.txt"), path("vars.env"));
    let args = with(
        &base,
        &[
            "--from-literal",
            "l=v=w",
            "--from-file",
            &file,
            "--from-env-file",
            &env,
            "--type",
            "example.com/x",
        ],
    );
    let done = repository.ok(&args, "");
    assert!(
        done.stderr.contains("warning: `--from-literal`"),
        "{}",
        done.stderr
    );
    assert_eq!(
        repository.opened("clusters/my-cluster/flux-system/secrets/g.yaml"),
        "apiVersion: v1\ndata:\n  PASSWORD: UkVQTEFDRS1NRQ==\n  X: MQ==\n  a.txt: QQo=\n  l: dj13\nkind: Secret\n\
         metadata:\n  name: g\n  namespace: flux-system\ntype: example.com/x\n"
    );
    repository.refused(
        &with(&base, &["-o", "clusters/my-cluster/a/secrets/b.yaml"]),
        "",
        "no value is given",
    );
    let base = ["new-generic", "h", "-n", "flux-system"];
    repository.refused(
        &with(&base, &["--from-file", "-"]),
        "v",
        "standard input has no name",
    );
    repository.refused(
        &with(&base, &["--from-literal", "hunter2"]),
        "",
        "a literal has no key",
    );
    repository.refused(
        &with(&base, &["--from-file", "a=-", "--from-file", "b=-"]),
        "v",
        "standard input is named twice",
    );
    repository.refused(
        &with(&base, &["--from-literal", "a b=c"]),
        "",
        "`a b` is not a valid data key",
    );
}

#[test]
fn the_other_types_are_checked_and_sealed() {
    let repository = Repository::new("flux-config");
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kubernetes/testdata");
    let key = |name: &str| keys.join(name).to_str().unwrap().to_owned();
    let in_flux = |file: &str| format!("clusters/my-cluster/flux-system/secrets/{file}.yaml");

    let (cert, right, wrong) = (key("p256.crt"), key("p256.key"), key("rsa.key"));
    let tls = ["new-tls", "tls", "-n", "flux-system", "--cert", &cert];
    repository.refused(
        &with(&tls, &["--key", &wrong]),
        "",
        "the private key does not belong to the certificate",
    );
    repository.ok(&with(&tls, &["--key", &right]), "");
    assert!(
        repository
            .opened(&in_flux("tls"))
            .ends_with("type: kubernetes.io/tls\n")
    );

    let basic = [
        "new-basic-auth",
        "git",
        "-n",
        "flux-system",
        "--username",
        "me",
    ];
    repository.refused(
        &with(&basic, &["--password-stdin"]),
        "",
        "the password of me is empty",
    );
    repository.refused(
        &with(&basic, &["--password-stdin"]),
        "a\n\n",
        "the password contains a control character",
    );
    repository.ok(&with(&basic, &["--password-stdin"]), "pw\n");
    assert!(
        repository
            .opened(&in_flux("git"))
            .contains("  password: cHc=\n  username: bWU=\n")
    );

    let private = key("ssh-ed25519");
    let ssh = [
        "new-ssh-auth",
        "ssh",
        "-n",
        "flux-system",
        "--ssh-privatekey",
        &private,
    ];
    repository.refused(&ssh, "", "known_hosts is missing");
    let public = fs::read_to_string(key("ssh-ed25519.pub")).unwrap();
    let blob: Vec<&str> = public.split_whitespace().take(2).collect();
    let hosts = format!("github.com {}\n", blob.join(" "));
    repository.ok(&with(&ssh, &["--known-hosts", "-"]), &hosts);
    let opened = repository.opened(&in_flux("ssh"));
    assert!(
        opened.contains("  identity: ")
            && opened.contains("  identity.pub: ")
            && opened.contains("  known_hosts: ")
    );
    repository.ok(&with(&ssh, &["--layout", "kubernetes", "--replace"]), "");
    assert!(
        repository
            .opened(&in_flux("ssh"))
            .ends_with("type: kubernetes.io/ssh-auth\n")
    );
    repository.assert_no_plaintext();
}

#[test]
fn the_cluster_identity_needs_somebody_else_to_open_it() {
    let repository = Repository::new("flux-config");
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("alice.txt");
    let identities = fs::read_to_string(testdata("keys/identities.txt")).unwrap();
    let alice = identities
        .lines()
        .find(|line| line.starts_with("AGE-SECRET-KEY-1"))
        .unwrap();
    fs::write(&file, format!("{alice}\n")).unwrap();
    let base = [
        "new-age-key",
        "-n",
        "flux-system",
        "--identity-file",
        file.to_str().unwrap(),
    ];
    let done = repository.refused(&base, "", "only the identity inside could open this file");
    assert!(done.stderr.contains(
        "kubectl create secret generic sops-age -n flux-system --from-file=age.agekey=FILE"
    ));
    repository.refused(
        &with(&base, &["--kustomization"]),
        "",
        "this Secret cannot be in a kustomization of the cluster",
    );
    let both = format!("{},{}", recipient("alice"), recipient("bob"));
    let done = repository.ok(&with(&base, &["--age", &both]), "");
    assert!(
        done.stderr
            .contains("warning: this Secret opens every other one"),
        "{}",
        done.stderr
    );
    let opened = repository.opened("clusters/my-cluster/flux-system/secrets/sops-age.yaml");
    assert!(opened.contains(&format!(
        "  age.agekey: {}\n",
        STANDARD.encode(format!("{alice}\n"))
    )));
    for bytes in repository.files().values() {
        assert!(!String::from_utf8_lossy(bytes).contains(alice));
    }
}

#[test]
fn merging_keeps_every_spelling_of_a_secret() {
    let config = r#"{"auths":{"r":{"username":"u","password":"p"}}}"#;
    let base64 = STANDARD.encode(config);
    let yaml = |section: &str| {
        format!(
            "# mine\napiVersion: v1\nkind: Secret   # c\nmetadata: {{name: s}}\n{section}other: 1\n"
        )
    };
    let quoted = config.replace('"', "\\\"");
    for (file, text) in [
        (
            "a.yaml",
            yaml(&format!(
                "stringData:\n    .dockerconfigjson: |\n      {config}\n    z: zz\n"
            )),
        ),
        (
            "b.yaml",
            yaml(&format!(
                "stringData: {{.dockerconfigjson: '{config}', z: zz}}\n"
            )),
        ),
        (
            "c.yaml",
            yaml(&format!(
                "data:\n  .dockerconfigjson: >-\n    {base64}\n  z: eno=\n"
            )),
        ),
        (
            "d.json",
            format!(
                "{{\"kind\": \"Secret\",\n  \"data\": {{ \".dockerconfigjson\": \"{base64}\", \"z\": \"eno=\" }}\n}}\n"
            ),
        ),
        (
            "e.json",
            format!(
                "{{\"kind\": \"Secret\",\n  \"stringData\": {{ \".dockerconfigjson\": \"{quoted}\", \"z\": \"zz\" }}\n}}\n"
            ),
        ),
    ] {
        let repository = Repository::new("flux-config");
        repository.write(
            ".sops.yaml",
            &format!(
                "creation_rules:\n  - encrypted_regex: '^(data|stringData)$'\n    age: {}\n",
                recipient("alice")
            ),
        );
        repository.write(file, &text);
        repository.ok(&["encrypt", "-i", file], "");
        let before = repository.read(file);
        let args = [
            "new-registry",
            "--merge-into",
            file,
            "--docker-server",
            "n",
            "--docker-username",
            "nu",
            "--docker-password-env",
            "PASSWORD",
        ];
        let mut command = repository.command(&args);
        command
            .env("PASSWORD", PASSWORD)
            .env("SOPS_AGE_KEY_FILE", testdata("keys/identities.txt"));
        let done = Repository::finish(command);
        assert_eq!(done.code, 0, "{file}: {}", done.stderr);
        let opened = repository.opened(file);
        let merged = r#"{"auths":{"n":{"username":"nu","password":"REPLACE-ME","auth":"bnU6UkVQTEFDRS1NRQ=="},"r":{"username":"u","password":"p"}}}"#;
        let spelled = [
            merged.to_owned(),
            merged.replace('"', "\\\""),
            STANDARD.encode(merged),
        ];
        assert!(
            spelled.iter().any(|text| opened.contains(text.as_str())),
            "{file}: {opened}"
        );
        let rest = |text: &str| {
            text.lines()
                .filter(|line| line.contains("other") || line.contains("# "))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(rest(&opened), rest(&text), "{file}");
        let recipients = |text: &str| {
            text.lines()
                .filter(|l| l.contains("recipient") || l.contains("enc"))
                .count()
        };
        assert_eq!(
            recipients(&before),
            recipients(&repository.read(file)),
            "{file}"
        );
    }
}
