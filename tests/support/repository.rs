//! Git repositories of a test, with fixed dates and nobody's configuration, and audits of them.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

/// The longest time an audit of a test may take; a hang is a failure with a name.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A temporary folder with an empty `home` in it, and repositories beside that.
pub(crate) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["home", "tmp"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        Place { dir }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A new repository on the branch `main`.
    pub(crate) fn repository(&self, name: &str) -> Repository {
        let path = self.dir.path().join(name);
        fs::create_dir_all(&path).unwrap();
        let repository = self.existing(name);
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// A repository, or a folder, that is already there.
    pub(crate) fn existing(&self, name: &str) -> Repository {
        Repository {
            path: self.dir.path().join(name),
            home: self.dir.path().join("home"),
        }
    }

    /// Copies a repository of another place here, bytes and times.
    pub(crate) fn copy_of(&self, other: &Place, name: &str) {
        // The times too, or the index would not know its files any more.
        let status = std::process::Command::new("cp")
            .arg("-a")
            .arg(other.path().join(name))
            .arg(self.path())
            .status();
        assert!(status.unwrap().success());
    }

    /// The program in a folder of this place, with nothing of this machine's environment.
    pub(crate) fn command(&self, folder: &Path, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_secrets"));
        command
            .env_clear()
            .env("HOME", self.dir.path().join("home"))
            .env("TMPDIR", self.dir.path().join("tmp"))
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .current_dir(folder)
            .args(arguments)
            .timeout(PATIENCE);
        command
    }

    /// Runs `secrets audit ARGUMENTS --format json` in a folder of this place.
    pub(crate) fn audit(&self, folder: &Path, arguments: &[&str]) -> Audit {
        let arguments = [&["audit"], arguments, &["--format", "json"]].concat();
        Audit::of(self.command(folder, &arguments))
    }
}

/// What an audit answered.
#[derive(Debug)]
pub(crate) struct Audit {
    pub(crate) code: i32,
    pub(crate) json: Value,
    pub(crate) stderr: String,
}

impl Audit {
    /// Runs a command that prints the report in JSON.
    #[track_caller]
    pub(crate) fn of(mut command: assert_cmd::Command) -> Self {
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        let code =
            code.unwrap_or_else(|| panic!("ended by a signal or too slow: {command:?}\n{stderr}"));
        let json = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("exit {code}, no JSON ({e}): {command:?}\n{stderr}"));
        Audit { code, json, stderr }
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{:#}\n{}", self.json, self.stderr);
        self
    }

    /// The findings that are not suppressed.
    pub(crate) fn findings(&self) -> Vec<&Value> {
        self.json["findings"].as_array().unwrap().iter().collect()
    }

    /// The findings that decide the exit code: at least `low` and at least `likely`.
    pub(crate) fn deciding(&self) -> Vec<&Value> {
        let mut findings = self.findings();
        findings.retain(|f| f["severity"] != "info" && f["confidence"] != "possible");
        findings
    }

    /// The ids of the checks that decide, each once.
    pub(crate) fn checks(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self
            .deciding()
            .iter()
            .filter_map(|f| f["check"].as_str())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The paths that could not be looked at.
    pub(crate) fn unchecked(&self) -> Vec<&str> {
        let entries = self.json["unchecked"].as_array().unwrap().iter();
        let mut paths: Vec<&str> = entries.filter_map(|entry| entry["path"].as_str()).collect();
        paths.sort_unstable();
        paths
    }

    /// Whether every repository was looked at as a whole.
    pub(crate) fn complete(&self) -> bool {
        let repositories = self.json["repositories"].as_array().unwrap();
        !repositories.is_empty() && repositories.iter().all(|r| r["complete"] == true)
    }
}

/// A worktree, or a bare repository.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    pub(crate) path: PathBuf,
    home: PathBuf,
}

impl Repository {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// Git on this repository, ready to run.
    pub(crate) fn command(&self, arguments: &[impl AsRef<OsStr>]) -> std::process::Command {
        let mut command = std::process::Command::new("git");
        command
            .arg("-C")
            .arg(&self.path)
            .args(["-c", "protocol.file.allow=always", "-c", "gc.auto=0"])
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", &self.home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", "Alice")
            .env("GIT_AUTHOR_EMAIL", "alice@example.invalid")
            .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
            .env("GIT_COMMITTER_NAME", "Alice")
            .env("GIT_COMMITTER_EMAIL", "alice@example.invalid")
            .env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
            .stdin(Stdio::null());
        command
    }

    /// Runs git; what it prints, without the end of the last line.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// Commits everything, ignored files too; the new commit.
    #[track_caller]
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all", "--force"]);
        self.commit_index(message)
    }

    /// Commits the index; the new commit.
    #[track_caller]
    pub(crate) fn commit_index(&self, message: &str) -> String {
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Writes an object from memory; its id.
    #[track_caller]
    pub(crate) fn blob(&self, bytes: &[u8]) -> String {
        use std::io::Write as _;
        let mut command = self.command(&["hash-object", "-w", "--stdin"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }
}
