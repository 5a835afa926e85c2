//! Repositories that `secrets audit` is run in, and its report.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::cli::{Folder, Run, SECRET, VALUE};

/// Git without this machine's settings.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.invalid"])
        .args([
            "-c",
            "commit.gpgsign=false",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(["-c", "protocol.file.allow=always"])
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with the configuration and a sealed file, committed.
pub(crate) fn repository() -> Folder {
    let folder = Folder::new();
    git(&folder.root(), &["init", "--quiet"]);
    folder.write("app.secret.yaml", SECRET);
    folder.run(&["encrypt", "-i", "app.secret.yaml"]).exits(0);
    commit(&folder, "Start");
    folder
}

pub(crate) fn commit(folder: &Folder, message: &str) -> String {
    git(&folder.root(), &["add", "--all"]);
    git(&folder.root(), &["commit", "--quiet", "-m", message]);
    git(&folder.root(), &["rev-parse", "HEAD"])
}

/// The JSON of a run that ends with a code, without the value anywhere.
#[track_caller]
pub(crate) fn audit(folder: &Folder, arguments: &[&str], code: i32) -> Value {
    let mut all = vec!["audit", "--format", "json"];
    all.extend(arguments);
    let run = Run::of(folder.keyless(&all));
    assert_eq!(run.code, code, "{run:?}");
    assert!(
        !run.out.contains(VALUE) && !run.err.contains(VALUE),
        "{run:?}"
    );
    serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {run:?}"))
}

/// `SEC001 path key.path` of each finding that is not of severity `info`.
pub(crate) fn findings(report: &Value) -> Vec<String> {
    let all = report["findings"].as_array().unwrap().iter();
    let all = all.filter(|finding| finding["severity"] != "info");
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or("-").to_owned();
    all.map(|f| {
        format!(
            "{} {} {}",
            text(f, "check"),
            text(f, "path"),
            text(f, "key_path")
        )
    })
    .collect()
}

/// The first of them.
pub(crate) fn first(report: &Value) -> &Value {
    let mut all = report["findings"].as_array().unwrap().iter();
    all.find(|finding| finding["severity"] != "info").unwrap()
}
