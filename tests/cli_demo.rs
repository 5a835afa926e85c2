//! The main job in one command, as a newcomer runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/cli.rs"]
mod cli;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cli::{Folder, Run};

const REGISTRY: &str =
    "flux-config/clusters/my-cluster/flux-system/secrets/blaster-dev-registry.yaml";
const DATABASE: &str = "blaster/k8s/dev/10-secret-db.enc.yaml";
const PROD_DATABASE: &str = "blaster/k8s/prod/10-secret-db.enc.yaml";
const SEALED: [&str; 3] = [REGISTRY, DATABASE, PROD_DATABASE];

fn git(repository: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with(".git") => {}
            true => files_below(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn the_runbooks_job_is_done_in_two_repositories() {
    let folder = Folder::bare();
    let run = folder.run(&["demo", "made"]).exits(0);
    assert_eq!(run.err, "");
    let made = folder.path("made");
    let opened = |file: &str| {
        let mut command = folder.keyless(&["decrypt", file]);
        command.env("SOPS_AGE_KEY_FILE", made.join("keys.txt"));
        command.current_dir(&made);
        Run::of(command).exits(0).out
    };
    let registry = opened(REGISTRY);
    assert!(registry.starts_with("apiVersion: v1\ndata:\n  .dockerconfigjson: "));
    let database = opened(DATABASE);
    let password = database.split("PASSWORD: \"").nth(1).unwrap();
    let password = password.split('"').next().unwrap().to_owned();
    assert_eq!(password.len(), 32);
    assert!(opened(PROD_DATABASE).contains("namespace: blaster\n"));
    let docker = registry.split(".dockerconfigjson: ").nth(1).unwrap();
    let docker = docker.lines().next().unwrap().to_owned();

    // Nothing but the identity's file and what was opened knows the values.
    let mut files = Vec::new();
    files_below(&made, &mut files);
    for repository in ["flux-config", "blaster"] {
        let repository = made.join(repository);
        assert_eq!(git(&repository, &["status", "--porcelain"]), "");
        git(&repository, &["fsck", "--strict"]);
        let history = git(&repository, &["log", "--all", "-p", "--format=%B"]);
        let objects = history
            .lines()
            .filter(|l| l.contains("ENC[AES256_GCM"))
            .count();
        assert!(objects >= 2, "{history}");
        for value in [&password, &docker] {
            assert!(!history.contains(value.as_str()));
        }
        let changed = git(&repository, &["show", "--format=", "--name-only"]);
        for file in changed.lines() {
            assert!(SEALED.iter().any(|sealed| sealed.ends_with(file)), "{file}");
        }
    }
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        assert!(
            !text.contains(&password) && !text.contains(&docker),
            "{}",
            file.display()
        );
        assert!(!text.contains("AGE_PUBLIC_KEY_HERE"), "{}", file.display());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(made.join("keys.txt"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    // All other files are the runbook's, with the recipient in the configurations.
    let trees = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/runbook");
    let keys = fs::read_to_string(made.join("keys.txt")).unwrap();
    let recipient = keys.split("public key: ").nth(1).unwrap();
    let recipient = recipient.lines().next().unwrap();
    for file in files.iter().filter(|file| !file.ends_with("keys.txt")) {
        let name = file.strip_prefix(&made).unwrap();
        if name.starts_with("planted") {
            continue;
        }
        if SEALED.iter().any(|sealed| Path::new(sealed) == name) {
            continue;
        }
        let source = fs::read_to_string(trees.join(name)).unwrap();
        let source = source.replace("AGE_PUBLIC_KEY_HERE", recipient);
        assert_eq!(
            fs::read_to_string(file).unwrap(),
            source,
            "{}",
            name.display()
        );
    }
}

#[test]
fn the_output_shows_what_changed_and_no_value() {
    let folder = Folder::bare();
    // Whoever has the program installed is not told where it is.
    let path = std::env::var_os("PATH").unwrap();
    let without = std::env::split_paths(&path).filter(|folder| !folder.join("secrets").is_file());
    let mut command = folder.keyless(&["demo", "made"]);
    command.env("PATH", std::env::join_paths(without).unwrap());
    let out = Run::of(command).exits(0).out;
    for words in [
        "two Git repositories",
        "sealed flux-config/clusters/my-cluster/flux-system/secrets/blaster-dev-registry.yaml",
        "-   POSTGRES_PASSWORD: (the value)",
        "the same bytes as before sealing",
        "export SOPS_AGE_KEY_FILE=$PWD/keys.txt",
        "export PATH=",
    ] {
        assert!(out.contains(words), "{words}\n{out}");
    }
    assert!(
        !out.contains("postgres://") && !out.contains("AGE-SECRET-KEY"),
        "{out}"
    );
}

#[test]
fn a_folder_that_is_not_empty_is_refused() {
    let folder = Folder::bare();
    folder.write("made/mine.txt", "mine");
    let before = folder.state();
    folder
        .run(&["demo", "made"])
        .exits(2)
        .says(&["not empty", "made", "hint:"]);
    assert_eq!(folder.state(), before);
}

#[test]
fn without_a_name_the_folder_is_new_and_named() {
    let folder = Folder::bare();
    let mut command = folder.keyless(&["demo"]);
    command.env("TMPDIR", folder.root());
    let out = Run::of(command).exits(0).out;
    let made = out.split(": two Git repositories").next().unwrap();
    assert!(
        Path::new(made).starts_with(folder.root().canonicalize().unwrap())
            || Path::new(made).starts_with(folder.root())
    );
    assert!(Path::new(made).join("keys.txt").is_file());
}
