//! Files that are credentials by their name.

use super::bytes::{ALNUM, CRYPT, HEX};
use super::*;
use Confidence::{Certain, Likely};

const STRONG: &str = "Zx81kQ02mNv7";

#[test]
fn names_are_known_and_their_examples_are_not() {
    for path in [
        ".env",
        "a/.env.production",
        "prod.env",
        ".envrc",
        "x/.npmrc",
        ".netrc",
        "home/.aws/credentials",
        "terraform.tfstate",
        "a/b.tfstate",
        ".docker/config.json",
        ".pgpass",
        ".git-credentials",
        "NuGet.Config",
        ".htpasswd",
        "x.tfvars",
        "a/.bashrc",
        ".vscode/sftp.json",
        "config/database.yml",
        "config/master.key",
        ".bash_history",
    ] {
        assert!(is_credential_file(path), "{path}");
    }
    for path in [
        ".env.example",
        ".env.sample",
        "env",
        "example.env",
        ".env.dist",
        "a/config.json",
        "my.npmrc.md",
        "credentials",
        "docs/database.yml",
        "anpmrc",
        "x.env.ts",
        "kustomization.yaml",
        "",
    ] {
        assert!(!is_credential_file(path), "{path}");
    }
}

#[test]
fn env_files_are_judged_line_by_line() {
    let text = format!(
        "# DB_PASSWORD={STRONG}\nDB_HOST=db\nexport DB_PASSWORD=\"{STRONG}\" # x\nAPI_TOKEN=${{TOKEN}}\nDEBUG=true\n"
    );
    assert_eq!(only(".env", &text), ("SEC120", Likely, STRONG.to_owned()));
    assert_eq!(
        only(
            ".zshrc",
            &format!("alias x=y\nexport MY_TOKEN={}\n", drawn(&ALNUM, 30, 1))
        )
        .0,
        "SEC120"
    );
    none(
        ".env",
        "DB_PASSWORD=ENC[AES256_GCM,data:abc,iv:def,tag:ghi,type:str]\nsops_version=3.9.0\n",
    );
    none(
        ".env",
        "DB_PASSWORD=\nDB_PASSWORD=changeme\nPASSWORD_FILE=/run/secrets/x\n",
    );
}

#[test]
fn each_kind_of_file_is_read_by_its_own_structure() {
    let cases: Vec<(&str, String)> = vec![
        (
            ".npmrc",
            format!(
                "//registry.example.net/:_authToken={}",
                drawn(&ALNUM, 36, 2)
            ),
        ),
        (
            ".npmrc",
            format!("//registry.example.net/:_password={STRONG}"),
        ),
        (
            ".pypirc",
            format!("[pypi]\nusername = me\npassword = {STRONG}\n"),
        ),
        (
            ".pgpass",
            format!("# x\ndb.internal:5432:app:me:{STRONG}\n"),
        ),
        (
            ".netrc",
            format!("machine git.internal login me password {STRONG}\n"),
        ),
        (
            "_netrc",
            format!("machine git.internal\n  login me\n  password {STRONG}\n"),
        ),
        (
            ".git-credentials",
            format!("https://me:{STRONG}@git.internal\n"),
        ),
        (
            ".my.cnf",
            format!("[client]\nuser=me\npassword=\"{STRONG}\"\n"),
        ),
        (
            ".s3cfg",
            format!("access_key = x\nsecret_key = {}\n", drawn(&ALNUM, 40, 3)),
        ),
        (
            "rclone.conf",
            format!("[r]\ntype = ftp\npass = {}\n", drawn(&ALNUM, 30, 4)),
        ),
        (
            ".cargo/credentials.toml",
            format!("[registry]\ntoken = \"{}\"\n", drawn(&ALNUM, 36, 5)),
        ),
        (
            "a.tfstate",
            format!("{{\"attributes\": {{\"id\": \"x\", \"password\": \"{STRONG}\"}}}}"),
        ),
        (
            "nuget.config",
            format!("<add key=\"ClearTextPassword\" value=\"{STRONG}\" />"),
        ),
        (
            ".m2/settings.xml",
            format!("<server><username>me</username><password>{STRONG}</password></server>"),
        ),
        (
            "sitemanager.xml",
            "<Pass encoding=\"base64\">Wng4MWtRMDJtTnY3</Pass>".to_owned(),
        ),
        (
            ".vscode/sftp.json",
            format!("{{\n  // x\n  \"host\": \"h\",\n  \"password\": \"{STRONG}\"\n}}"),
        ),
        (
            ".msmtprc",
            format!("account x\nhost smtp\nuser me\npassword {STRONG}\n"),
        ),
        (
            "wp-config.php",
            format!("define( 'DB_PASSWORD', '{STRONG}' );\n"),
        ),
        (
            "config/database.yml",
            format!("production:\n  username: me\n  password: {STRONG}\n"),
        ),
        (".bash_history", format!("ls\nmysql -u me -p{STRONG} app\n")),
        (".bash_history", format!("export DB_PASSWORD={STRONG}\n")),
        (".vault-token", drawn(&ALNUM, 30, 6)),
        (
            ".composer/auth.json",
            format!(
                "{{\"http-basic\": {{\"h\": {{\"username\": \"u\", \"password\": \"{STRONG}\"}}}}}}"
            ),
        ),
        (".muttrc", format!("set imap_pass=\"{STRONG}\"\n")),
    ];
    for (path, text) in cases {
        let (check, confidence, _) = only(path, &text);
        assert_eq!((check, confidence), ("SEC119", Likely), "{path}: {text}");
    }
}

#[test]
fn such_files_without_a_secret_are_none() {
    let cases = [
        (
            ".npmrc",
            "registry=https://registry.npmjs.org/\n//registry.npmjs.org/:_authToken=${NPM_TOKEN}\nengine-strict=true\n",
        ),
        (".pypirc", "[pypi]\nusername = __token__\n"),
        (".netrc", "machine h login me password <password>\n"),
        (
            ".docker/config.json",
            "{\"auths\":{\"ghcr.io\":{}},\"credsStore\":\"desktop\"}",
        ),
        (
            "config/database.yml",
            "password: <%= ENV['DB_PASSWORD'] %>\n",
        ),
        (
            "gradle.properties",
            "org.gradle.jvmargs=-Xmx2g\nsigningKeyPassword=\n",
        ),
        (".aws/config", "[default]\nregion = eu-west-1\n"),
        (
            "a.tfstate",
            "{\"password\": null, \"secret_name\": \"db-credentials\", \"arn\": \"arn:aws:iam::1:role/x\"}",
        ),
        (".bash_history", "cd secrets\nmkdir -p a/b\ngit log -p\n"),
    ];
    for (path, text) in cases {
        none(path, text);
    }
}

#[test]
fn hashes_in_password_files_are_certain() {
    let hash = format!("$apr1$saltsalt${}", drawn(&CRYPT, 22, 7));
    assert_eq!(
        only(".htpasswd", &format!("me:{hash}\n")),
        ("SEC121", Certain, hash.clone())
    );
    let des = drawn(&CRYPT, 13, 8);
    assert_eq!(
        only("a/.htpasswd", &format!("me:{des}\n")),
        ("SEC121", Likely, des)
    );
    assert_eq!(
        only(
            "etc/shadow",
            &format!("root:{hash}:19000:0:99999:7:::\nnobody:*:1::::::\n")
        )
        .1,
        Certain
    );
}

#[test]
fn keys_of_rails_are_secrets_of_a_framework() {
    let key = drawn(&HEX, 32, 9);
    assert_eq!(
        only("config/master.key", &format!("{key}\n")),
        ("SEC122", Likely, key)
    );
}

#[test]
fn the_more_specific_check_wins() {
    let random = drawn(&ALNUM, 30, 10);
    let token = format!("npm_{random}{}", checksums::base62_sum(&random));
    let text = format!("//registry.npmjs.org/:_authToken={token}\n");
    assert_eq!(only(".npmrc", &text), ("SEC112", Certain, token));
    let gitlab = format!("glpat-{}", drawn(&ALNUM, 20, 11));
    assert_eq!(
        only(
            ".git-credentials",
            &format!("https://oauth2:{gitlab}@gitlab.com\n")
        ),
        ("SEC105", Likely, gitlab)
    );
}
