//! The program in a folder of its own, with the test keys and nothing of this machine's environment.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use assert_cmd::Command;

/// The value that must never be found where it does not belong.
pub(crate) const VALUE: &str = "pl41n-value";

/// A Secret with [`VALUE`] in it, a comment and odd spacing.
pub(crate) const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app   # keep\nstringData:\n  user: admin\n  password: \"pl41n-value\"\n";

/// A rule for `*.secret.yaml` and `*.secret.json` for Alice, and one for dotenv files.
pub(crate) const CONFIG: &str = "creation_rules:\n  - path_regex: '\\.secret\\.(yaml|json)$'\n    encrypted_regex: '^(data|stringData)$'\n    age: {alice}\n  - path_regex: '\\.env$'\n    age: {alice}\n";

/// A temporary folder: `home` is empty, `repo` is where commands run.
pub(crate) struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    /// A repository without a configuration.
    pub(crate) fn bare() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        fs::create_dir(dir.path().join("repo")).unwrap();
        Folder { dir }
    }

    /// A repository with [`CONFIG`].
    pub(crate) fn new() -> Self {
        let folder = Folder::bare();
        folder.write(".sops.yaml", &with_recipients(CONFIG));
        folder
    }

    /// The repository.
    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program without an identity.
    pub(crate) fn keyless(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_secrets"));
        command
            .env_clear()
            .env("HOME", self.dir.path().join("home"))
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(self.root())
            .args(arguments);
        command
    }

    /// The program with all test identities.
    pub(crate) fn secrets(&self, arguments: &[&str]) -> Command {
        let mut command = self.keyless(arguments);
        command.env("SOPS_AGE_KEY_FILE", keys().join("identities.txt"));
        command
    }

    /// Runs the program with all identities.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.secrets(arguments))
    }

    /// Every file that holds [`VALUE`] or its base64, sorted, relative to the temporary folder.
    pub(crate) fn plaintext_in(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.dir.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(bytes) = fs::read(&path) {
                    let text = String::from_utf8_lossy(&bytes);
                    if text.contains(VALUE) || text.contains("cGw0MW4tdmFsdW") {
                        let path = path.strip_prefix(self.dir.path()).unwrap();
                        found.push(path.to_str().unwrap().to_owned());
                    }
                }
            }
        }
        found.sort();
        found
    }

    /// All files with their content and time, to see that a command wrote nothing.
    pub(crate) fn state(&self) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
        let mut state = Vec::new();
        let mut folders = vec![self.dir.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let meta = fs::symlink_metadata(&path).unwrap();
                if meta.is_dir() {
                    folders.push(path);
                } else if meta.is_file() {
                    let bytes = fs::read(&path).unwrap();
                    state.push((path, bytes, meta.modified().unwrap()));
                }
            }
        }
        state.sort();
        state
    }
}

/// What a run of the program gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    pub(crate) fn of(mut command: Command) -> Self {
        let output = command.output().unwrap();
        Run {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It ended with this code; words never hold the secret value.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert!(!self.err.contains(VALUE), "{}", self.err);
        self
    }

    /// It said all of these.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.err.contains(word), "no {word:?} in:\n{}", self.err);
        }
        self
    }

    /// It wrote exactly this to standard output.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert_eq!(self.out, text, "{}", self.err);
        self
    }
}

pub(crate) fn keys() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/keys")
}

/// A recipient of `testdata/keys/recipients.txt`.
pub(crate) fn recipient(name: &str) -> String {
    let list = fs::read_to_string(keys().join("recipients.txt")).unwrap();
    let mut lines = list.lines();
    let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.unwrap().to_owned()
}

/// Puts recipients in for `{alice}` and `{bob}`.
pub(crate) fn with_recipients(text: &str) -> String {
    text.replace("{alice}", &recipient("alice"))
        .replace("{bob}", &recipient("bob"))
}
