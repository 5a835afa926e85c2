//! Well-known credential files, each with its own structure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Sample;
use super::tokens::{self as t, ALNUM, Dice, HEX, URL};

/// A file: path, text with `{SECRET}` where the secret is put, and the checks that may name it.
type File = (
    &'static str,
    &'static str,
    &'static str,
    fn(&mut Dice) -> String,
    &'static [&'static str],
);

const FILE: &[&str] = &["SEC119", "SEC120"];

const FILES: &[File] = &[
    (
        "npmrc",
        ".npmrc",
        "registry=https://registry.reids.net.au/\n//registry.reids.net.au/:_authToken={SECRET}\n",
        |d| d.of(HEX, 36),
        &["SEC119", "SEC112"],
    ),
    (
        "npmrc-basic",
        "web/.npmrc",
        "//registry.reids.net.au/:username=robot\n//registry.reids.net.au/:_password={SECRET}\n",
        |d| d.of(ALNUM, 32),
        &["SEC119", "SEC112"],
    ),
    (
        "pypirc",
        ".pypirc",
        "[distutils]\nindex-servers = inhouse\n\n[inhouse]\nrepository = https://pypi.reids.net.au/\nusername = robot\npassword = {SECRET}\n",
        t::password,
        &["SEC119", "SEC113"],
    ),
    (
        "pgpass",
        ".pgpass",
        "db.reids.net.au:5432:blaster:blaster:{SECRET}\n",
        t::password,
        FILE,
    ),
    (
        "netrc",
        ".netrc",
        "machine gitlab.reids.net.au\n  login robot\n  password {SECRET}\n",
        t::password,
        FILE,
    ),
    (
        "git-credentials",
        ".git-credentials",
        "https://robot:{SECRET}@gitlab.reids.net.au\n",
        t::password,
        &["SEC119", "SEC118"],
    ),
    (
        "env",
        ".env",
        "NODE_ENV=production\nPORT=3000\nDB_PASSWORD={SECRET}\n",
        t::password,
        FILE,
    ),
    (
        "env-quoted",
        "config/.env.production",
        "# live\nexport SESSION_SECRET=\"{SECRET}\"\n",
        |d| d.of(URL, 43),
        &["SEC119", "SEC120", "SEC122"],
    ),
    (
        "env-name",
        "deploy/prod.env",
        "LOG_LEVEL=info\nAPI_TOKEN='{SECRET}'\n",
        |d| d.of(HEX, 40),
        FILE,
    ),
    (
        "envrc",
        ".envrc",
        "use flake\nexport HCLOUD_TOKEN={SECRET}\n",
        |d| d.of(ALNUM, 64),
        FILE,
    ),
    (
        "aws",
        ".aws/credentials",
        "[default]\naws_access_key_id = {SECRET}\n",
        |d| t::aws_pair(d).replacen("aws_access_key_id = ", "", 1),
        &["SEC119", "SEC107"],
    ),
    (
        "my-cnf",
        ".my.cnf",
        "[client]\nuser = root\npassword = {SECRET}\n",
        t::password,
        FILE,
    ),
    (
        "docker",
        ".docker/config.json",
        "{SECRET}\n",
        t::docker,
        &["SEC103", "SEC119"],
    ),
    (
        "kubeconfig",
        ".kube/config",
        "{SECRET}\n",
        t::kubeconfig,
        &["SEC104", "SEC119"],
    ),
    (
        "htpasswd",
        "nginx/.htpasswd",
        "admin:{SECRET}\n",
        |d| format!("$2y$10${}", d.of(&[ALNUM, "./"].concat(), 53)),
        &["SEC119", "SEC121"],
    ),
    (
        "shadow",
        "backup/shadow",
        "root:{SECRET}:19000:0:99999:7:::\n",
        |d| {
            format!(
                "$6${}${}",
                d.of(ALNUM, 16),
                d.of(&[ALNUM, "./"].concat(), 86)
            )
        },
        &["SEC119", "SEC121"],
    ),
    (
        "wordpress",
        "wp-config.php",
        "<?php\ndefine( 'DB_NAME', 'blog' );\ndefine( 'DB_USER', 'blog' );\ndefine( 'DB_PASSWORD', '{SECRET}' );\n",
        t::password,
        &["SEC119", "SEC122"],
    ),
    (
        "django",
        "app/settings.py",
        "import os\n\nDEBUG = False\nSECRET_KEY = '{SECRET}'\n",
        |d| d.of(&[ALNUM, "@#$%^&*(-_=+)"].concat(), 50),
        &["SEC122"],
    ),
    (
        "rails-master",
        "config/master.key",
        "{SECRET}",
        |d| d.of(HEX, 32),
        &["SEC119", "SEC122"],
    ),
    (
        "rails-secrets",
        "config/secrets.yml",
        "production:\n  secret_key_base: {SECRET}\n",
        |d| d.of(HEX, 128),
        &["SEC119", "SEC122"],
    ),
    (
        "laravel",
        "laravel/.env",
        "APP_NAME=Blog\nAPP_KEY=base64:{SECRET}=\n",
        |d| d.of(ALNUM, 43),
        &["SEC119", "SEC120", "SEC122"],
    ),
    (
        "sftp",
        ".vscode/sftp.json",
        "{\n  \"host\": \"files.reids.net.au\",\n  \"username\": \"robot\",\n  \"password\": \"{SECRET}\"\n}\n",
        t::password,
        FILE,
    ),
    (
        "filezilla",
        "sitemanager.xml",
        "<?xml version=\"1.0\"?>\n<FileZilla3>\n  <Servers>\n    <Server>\n      <Host>files.reids.net.au</Host>\n      <User>robot</User>\n      <Pass encoding=\"base64\">{SECRET}</Pass>\n    </Server>\n  </Servers>\n</FileZilla3>\n",
        |d| STANDARD.encode(t::password(d)),
        FILE,
    ),
    (
        "bashrc",
        ".bashrc",
        "alias ll='ls -l'\nexport VAULT_PASSWORD={SECRET}\n",
        t::password,
        FILE,
    ),
    (
        "s3cfg",
        ".s3cfg",
        "[default]\naccess_key = blaster\nsecret_key = {SECRET}\n",
        |d| d.of(ALNUM, 40),
        FILE,
    ),
    (
        "tfvars",
        "terraform.tfvars",
        "region = \"eu\"\ndb_password = \"{SECRET}\"\n",
        t::password,
        FILE,
    ),
    (
        "dump-user",
        "dump.sql",
        "-- MySQL dump 10.13\nCREATE DATABASE blog;\nCREATE USER 'blog'@'%' IDENTIFIED BY '{SECRET}';\n",
        t::password,
        &["SEC123", "SEC119"],
    ),
    (
        "dump-role",
        "backup/roles.sql",
        "--\n-- PostgreSQL database cluster dump\n--\nCREATE ROLE blaster;\nALTER ROLE blaster WITH LOGIN PASSWORD '{SECRET}';\n",
        t::password,
        &["SEC123", "SEC119"],
    ),
    (
        "maven",
        ".m2/settings.xml",
        "<settings>\n  <servers>\n    <server>\n      <id>nexus</id>\n      <username>robot</username>\n      <password>{SECRET}</password>\n    </server>\n  </servers>\n</settings>\n",
        t::password,
        FILE,
    ),
    (
        "gradle",
        "gradle.properties",
        "org.gradle.jvmargs=-Xmx2g\nnexusPassword={SECRET}\n",
        t::password,
        FILE,
    ),
    (
        "composer",
        "auth.json",
        "{\n  \"http-basic\": {\n    \"repo.reids.net.au\": {\n      \"username\": \"robot\",\n      \"password\": \"{SECRET}\"\n    }\n  }\n}\n",
        t::password,
        FILE,
    ),
    (
        "cargo",
        ".cargo/credentials.toml",
        "[registry]\ntoken = \"{SECRET}\"\n",
        |d| ["ci", "o", &d.of(ALNUM, 32)].concat(),
        &["SEC119", "SEC116"],
    ),
    (
        "gh-hosts",
        ".config/gh/hosts.yml",
        "github.com:\n    user: robot\n    oauth_token: {SECRET}\n",
        t::github,
        &["SEC119", "SEC106"],
    ),
    (
        "rclone",
        "rclone.conf",
        "[store]\ntype = s3\nsecret_access_key = {SECRET}\n",
        |d| d.of(ALNUM, 40),
        &["SEC119", "SEC107"],
    ),
];

pub(super) fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut seed = 1 << 20;
    for (kind, path, text, make, checks) in FILES {
        for number in 0..2 {
            seed += 1;
            let secret = make(&mut Dice::new(seed));
            let before = &text[..text.find("{SECRET}").unwrap()];
            let first = before.matches('\n').count() + 1;
            samples.push(Sample {
                path: format!("files-{number}/{kind}/{path}"),
                bytes: text.replace("{SECRET}", &secret).into_bytes(),
                kind,
                encoding: "file",
                lines: Some((first, first + secret.lines().count() - 1)),
                checks,
            });
        }
    }
    samples
}
