//! One state of a repository: the working tree, the index, the tree of a commit, or a plain folder.

use std::path::{Path, PathBuf};

use super::view::View;
use crate::fsio;
use crate::git::{ObjectKind, Oid, Store, objects};
use crate::secret::SecretBuffer;

/// Largest text that is looked at: every manifest, and every dump that somebody would commit by
/// mistake, is smaller; larger files are told, not passed over.
pub const MAX_TEXT: u64 = 64 << 20;

/// Most files of one state: more than the largest monorepos have.
pub const MAX_FILES: usize = 4_000_000;

/// Deepest folder of a commit's tree.
const MAX_DEPTH: usize = 512;

/// Where the bytes of a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On disk.
    Disk(PathBuf),
    /// In the object store.
    Blob(Oid),
    /// Nowhere that is looked into, and why: a link, a submodule.
    Nowhere(&'static str),
}

/// A file of a state.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Where its bytes are.
    pub(super) place: Place,
    /// What the index has at its path, where that may differ from `place`.
    pub(super) staged: Option<Oid>,
}

/// The files of a state, sorted by path.
#[derive(Default)]
pub(super) struct State<'r> {
    paths: Vec<String>,
    entries: Vec<Entry>,
    store: Option<&'r Store>,
    /// Paths that hold something that could not be read, and why.
    pub(super) problems: Vec<(Option<String>, String)>,
    /// What the index has and this state has not: deleted, replaced by a link, or in conflict.
    pub(super) only_staged: Vec<(String, Oid)>,
}

/// Why a file has no bytes to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is looked at by name only.
    ByName(&'static str),
    /// It could not be read.
    Problem(String),
}

impl<'r> State<'r> {
    /// A state of files in any order.
    pub(super) fn new(mut files: Vec<(String, Entry)>, store: Option<&'r Store>) -> Self {
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let (paths, entries) = files.into_iter().unzip();
        State {
            paths,
            entries,
            store,
            problems: Vec::new(),
            only_staged: Vec::new(),
        }
    }

    /// The tree of a commit.
    pub(super) fn of_tree(store: &'r Store, tree: Oid) -> Self {
        let mut files = Vec::new();
        let mut problems = Vec::new();
        let mut folders = vec![(String::new(), tree, 0_usize)];
        while let Some((folder, oid, depth)) = folders.pop() {
            let object = match store.read(&oid, MAX_TEXT as usize) {
                Ok(Some(object)) if object.kind == ObjectKind::Tree => object,
                Ok(Some(_)) => {
                    problems.push((some(&folder), format!("{oid} is not a tree")));
                    continue;
                }
                Ok(None) => {
                    problems.push((some(&folder), format!("the tree {oid} is missing")));
                    continue;
                }
                Err(error) => {
                    problems.push((some(&folder), error.to_string()));
                    continue;
                }
            };
            for entry in objects::tree_entries(&object.data, oid.kind()) {
                let Ok(entry) = entry else {
                    problems.push((some(&folder), format!("the tree {oid} is damaged")));
                    break;
                };
                let Some(child) = Oid::from_bytes(entry.oid) else {
                    problems.push((some(&folder), format!("the tree {oid} is damaged")));
                    break;
                };
                let name = String::from_utf8_lossy(entry.name);
                let path = if folder.is_empty() {
                    name.into_owned()
                } else {
                    format!("{folder}/{name}")
                };
                let place = match entry.mode & 0o170_000 {
                    0o040_000 if depth < MAX_DEPTH => {
                        folders.push((path, child, depth + 1));
                        continue;
                    }
                    0o040_000 => {
                        problems.push((Some(path), "nested too deeply".to_owned()));
                        continue;
                    }
                    0o120_000 => Place::Nowhere("symbolic link"),
                    0o160_000 => Place::Nowhere("submodule"),
                    _ => Place::Blob(child),
                };
                files.push((
                    path,
                    Entry {
                        place,
                        staged: None,
                    },
                ));
                if files.len() > MAX_FILES {
                    problems.push((None, format!("more than {MAX_FILES} files")));
                    folders.clear();
                    break;
                }
            }
        }
        let mut state = State::new(files, Some(store));
        state.problems = problems;
        state
    }

    /// The files with their paths, in order.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.paths.iter().map(String::as_str).zip(&self.entries)
    }

    /// The paths and the files, side by side.
    pub(super) fn parts(&self) -> (&[String], &[Entry]) {
        (&self.paths, &self.entries)
    }

    /// The file at a path. Paths that are not UTF-8 can look alike; the first one is given.
    pub(super) fn get(&self, path: &str) -> Option<&Entry> {
        let at = self.paths.partition_point(|known| known.as_str() < path);
        let known = self.paths.get(at)?;
        (known == path).then(|| self.entries.get(at)).flatten()
    }

    /// The bytes of a file.
    pub(super) fn bytes(&self, entry: &Entry) -> Result<SecretBuffer, Unread> {
        match &entry.place {
            Place::Disk(path) => read_disk(path),
            Place::Blob(oid) => self.blob(oid),
            Place::Nowhere(why) => Err(Unread::ByName(why)),
        }
    }

    /// The bytes of a blob.
    pub(super) fn blob(&self, oid: &Oid) -> Result<SecretBuffer, Unread> {
        let Some(store) = self.store else {
            return Err(Unread::Problem("there is no object store".to_owned()));
        };
        match store.read(oid, MAX_TEXT as usize) {
            Ok(Some(object)) if object.kind == ObjectKind::Blob => {
                Ok(SecretBuffer::from(object.data))
            }
            Ok(Some(_)) => Err(Unread::Problem(format!("the object {oid} is not a blob"))),
            Ok(None) => Err(Unread::Problem(format!("the blob {oid} is missing"))),
            Err(error) => Err(Unread::Problem(error.to_string())),
        }
    }
}

impl View for State<'_> {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.bytes(self.get(path)?).ok().map(|bytes| bytes.to_vec())
    }

    fn paths(&self) -> &[String] {
        &self.paths
    }
}

fn some(path: &str) -> Option<String> {
    (!path.is_empty()).then(|| path.to_owned())
}

/// Reads a regular file without following a link that has come into its place.
pub(super) fn read_disk(path: &Path) -> Result<SecretBuffer, Unread> {
    fsio::read(path, MAX_TEXT).map_err(|error| {
        let reason = error.reason().map(|why| format!(": {why}"));
        Unread::Problem(format!("{}{}", error.message(), reason.unwrap_or_default()))
    })
}
