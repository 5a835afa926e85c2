//! Repositories that somebody made to break what looks at them, and how that is seen.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::corpus::seal::Seal;
use crate::repository::{Place, Repository};

/// The longest time that any of these may take; without optimisation everything is ten times slower.
pub(crate) const BOUND: Duration =
    Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 20 });

/// A value that is plain somewhere. Made for these tests.
pub(crate) const VALUE: &str = "q7Rk2Lm9Xw4TzB1c";

pub(crate) fn policy() -> Seal {
    Seal::with(Some(("encrypted_regex", "^(data|stringData)$")))
}

pub(crate) fn config() -> String {
    format!(
        "creation_rules:\n{}",
        policy().rule("^k8s/.*\\.(yaml|json)$")
    )
}

pub(crate) fn secret(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\nstringData:\n  password: {VALUE}\n"
    )
}

pub(crate) fn sealed(name: &str) -> String {
    policy().seal(&secret(name), secrets::Format::Yaml)
}

/// A repository with nothing wrong: sealed files in a few commits, packed with deltas, a tag, loose objects.
pub(crate) fn sound() -> (Place, Repository) {
    static MADE: OnceLock<Place> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let place = Place::new();
        let repository = place.repository("repo");
        repository.write(".sops.yaml", config());
        let mut text = String::new();
        for number in 0..6 {
            repository.write(&format!("k8s/{number}.yaml"), sealed(&format!("s{number}")));
            // So that there are deltas.
            for line in 0..40 {
                text.push_str(&format!(
                    "- {number} {line}: what was changed in this version\n"
                ));
            }
            repository.write("CHANGES.md", &text);
            repository.commit(&format!("Change {number}"));
        }
        repository.git(&["tag", "-a", "v1", "-m", "The first"]);
        repository.git(&["repack", "--quiet", "-a", "-d", "-f"]);
        repository.write("k8s/loose.yaml", sealed("loose"));
        repository.commit("Loose objects");
        place
    });
    let place = Place::new();
    place.copy_of(made, "repo");
    let repository = place.existing("repo");
    (place, repository)
}

/// Everything below a folder: kinds, bytes, times. Opens regular files only.
pub(crate) fn state(folder: &Path) -> BTreeMap<PathBuf, (String, Vec<u8>)> {
    let mut state = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let kind = meta.file_type();
            let words = format!("{:o} {} {}", meta.mode(), meta.mtime(), meta.mtime_nsec());
            if kind.is_dir() {
                folders.push(path.clone());
            }
            let bytes = match () {
                () if kind.is_file() && meta.len() < 1 << 20 => fs::read(&path).unwrap(),
                () if kind.is_symlink() => fs::read_link(&path)
                    .unwrap()
                    .as_os_str()
                    .as_bytes()
                    .to_vec(),
                () => meta.len().to_string().into_bytes(),
            };
            // A folder's time tells of files that came and went.
            let words = if kind.is_fifo() || kind.is_socket() {
                format!("{:o}", meta.mode())
            } else {
                words
            };
            state.insert(path, (words, bytes));
        }
    }
    state
}

/// What an audit of something hostile answered, after everything was checked that holds always.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `secrets audit ARGUMENTS` in a folder: it ends in time, of itself, writes nothing, runs nothing, and says
/// nothing that a terminal would obey.
#[track_caller]
pub(crate) fn audit(what: &str, place: &Place, folder: &Path, arguments: &[&str]) -> Answer {
    let before = state(place.path());
    let start = Instant::now();
    let arguments = [&["audit"], arguments].concat();
    let mut command = place.command(folder, &arguments);
    let output = command.timeout(BOUND).output().unwrap();
    let took = start.elapsed();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let context = format!(
        "{what}: {arguments:?}, {took:?}\n{}\n{stderr}",
        &stdout.get(..2000).unwrap_or(&stdout)
    );
    let Some(code) = output.status.code() else {
        panic!("ended by a signal, or too slow: {context}");
    };
    assert!((0..=3).contains(&code), "exit {code}: {context}");
    assert!(took < BOUND, "{context}");
    for words in ["panicked", "internal error", "RUST_BACKTRACE"] {
        assert!(!stderr.contains(words), "{context}");
    }
    for text in [&stdout, &stderr] {
        let forbidden = text
            .chars()
            .find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        assert_eq!(forbidden, None, "a control character: {context}");
        assert!(!text.contains(VALUE), "a value: {context}");
    }
    let after = state(place.path());
    let changed: Vec<_> = after
        .iter()
        .filter(|(path, state)| before.get(*path) != Some(state))
        .map(|(path, _)| path)
        .chain(before.keys().filter(|path| !after.contains_key(*path)))
        .collect();
    assert!(changed.is_empty(), "changed: {changed:?}: {context}");
    Answer {
        code,
        stdout,
        stderr,
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn exits(self, what: &str, codes: &[i32]) -> Self {
        assert!(
            codes.contains(&self.code),
            "{what}: exit {}, not {codes:?}\n{}\n{}",
            self.code,
            self.stdout,
            self.stderr
        );
        self
    }
}

/// Makes a FIFO in the place of a file.
pub(crate) fn fifo(path: &Path) {
    let _ = fs::remove_file(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let status = std::process::Command::new("mkfifo")
        .arg(path)
        .status()
        .unwrap();
    assert!(status.success());
}

/// The files of a folder with this extension.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    files.sort();
    files
}

/// Writes bytes over a file, whose mode may forbid it.
pub(crate) fn overwrite(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

/// The loose object of an id.
pub(crate) fn loose(repository: &Repository, id: &str) -> PathBuf {
    repository
        .path
        .join(format!(".git/objects/{}/{}", &id[..2], &id[2..]))
}

/// A name that is no UTF-8.
pub(crate) fn os(bytes: &[u8]) -> OsString {
    std::ffi::OsStr::from_bytes(bytes).to_owned()
}
