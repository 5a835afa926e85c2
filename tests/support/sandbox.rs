//! A folder of its own for the program, with nothing of this machine's environment.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

use assert_cmd::cargo::cargo_bin;

/// What every secret value in these tests contains.
pub(crate) const SENTINEL: &str = "S3ntinel";

/// The recipient that the sandbox' identity belongs to.
pub(crate) const ALICE: &str = "age1kqrjgh0uxr5ll9evn36lp33qlg4hu8wj46qnq2qzu8gztsj8r93scjhs43";

/// The folders of one test.
pub(crate) struct Sandbox {
    root: tempfile::TempDir,
}

/// Every file below a folder: its bytes and its time of change.
pub(crate) type Tree = BTreeMap<PathBuf, (Vec<u8>, SystemTime)>;

impl Sandbox {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["home", "tmp", "work"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        Sandbox { root }
    }

    /// The folder that the program runs in.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.work().join(name)).unwrap()
    }

    /// The program, without an identity.
    pub(crate) fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(cargo_bin("secrets"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.root.path().join("home"))
            .env("TMPDIR", self.root.path().join("tmp"))
            .env("PATH", "")
            .current_dir(self.work());
        command
    }

    /// The program with the golden identities.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(arguments);
        command.env("SOPS_AGE_KEY_FILE", golden("identities.txt"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs what must work.
    pub(crate) fn done(&self, arguments: &[&str]) -> Output {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    /// Every file of the sandbox, those of the home and of the folder for temporary files too.
    pub(crate) fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        collect(self.root.path(), &mut tree);
        tree
    }
}

fn collect(folder: &Path, tree: &mut Tree) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let meta = entry.metadata().unwrap();
        if meta.is_dir() {
            collect(&path, tree);
        } else if meta.len() < 1 << 24 {
            let bytes = std::fs::read(&path).unwrap();
            tree.insert(path, (bytes, meta.modified().unwrap()));
        } else {
            tree.insert(path, (Vec::new(), meta.modified().unwrap()));
        }
    }
}

/// A file of the golden plain texts and keys.
pub(crate) fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/golden/plain")
        .join(name)
}

/// Whether `bytes` hold `what` as it is.
pub(crate) fn holds(bytes: &[u8], what: &str) -> bool {
    bytes.windows(what.len()).any(|w| w == what.as_bytes())
}

/// What a refusal has to look like.
pub(crate) struct Refusal<'a> {
    /// In the line `error: ...`.
    pub(crate) message: &'a str,
    /// What stands behind `-->`, such as `a.yaml:1:2`; empty if no file is at fault.
    pub(crate) place: &'a str,
    /// In one of the lines `hint: ...`.
    pub(crate) hint: &'a str,
}

/// Runs a command that must be refused with exit code 2, leaving every file and its time as it was.
pub(crate) fn refused(sandbox: &Sandbox, mut command: Command, want: &Refusal<'_>) -> String {
    let before = sandbox.tree();
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let context = format!("{command:?}\n{stderr}");
    assert_eq!(output.status.code(), Some(2), "{context}");
    assert!(output.stdout.is_empty(), "standard output: {context}");
    let has = |start: &str, part: &str| {
        stderr
            .lines()
            .any(|line| line.trim_start().starts_with(start) && line.contains(part))
    };
    assert!(
        has("error: ", want.message),
        "message {:?}: {context}",
        want.message
    );
    if want.place.is_empty() {
        assert!(!stderr.contains("-->"), "unexpected place: {context}");
    } else {
        let line = stderr
            .lines()
            .find_map(|line| line.trim_start().strip_prefix("--> "));
        assert_eq!(line, Some(want.place), "place: {context}");
    }
    assert!(has("hint: ", want.hint), "hint {:?}: {context}", want.hint);
    for forbidden in [SENTINEL, "ENC[AES", "AGE-SECRET-KEY-1", "\u{1b}"] {
        assert!(!stderr.contains(forbidden), "{forbidden:?} in {context}");
    }
    assert!(before == sandbox.tree(), "files changed: {context}");
    stderr
}
