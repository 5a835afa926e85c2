//! The files of a work tree: what Git tracks or would add.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use foldhash::{HashMap, HashMapExt};
use ignore::{WalkBuilder, WalkState};

use super::files;
use super::index::Index;
use super::repository::Repository;

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A symbolic link; it is not followed.
    Link,
    /// A submodule, or another repository.
    Submodule,
    /// Tracked, but not there.
    Missing,
    /// A pipe, socket or device.
    Special,
}

/// A file of the work tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// With `/`, relative to the top.
    pub path: Vec<u8>,
    /// What is there.
    pub kind: FileKind,
    /// It is in the index.
    pub tracked: bool,
}

/// The files of a work tree, sorted by path.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The files.
    pub files: Vec<Listed>,
    /// What could not be looked at, in words.
    pub problems: Vec<String>,
}

/// Everything that Git tracks or would add. Empty without a work tree.
pub fn list(repository: &Repository, index: Option<&Index>) -> Listing {
    let mut listing = Listing::default();
    let Some(root) = repository.work_tree() else {
        return listing;
    };
    let walked = Walked::below(root);
    listing.problems = walked.problems;
    let mut found: HashMap<Vec<u8>, FileKind> = walked.files.into_iter().collect();
    let mut folders = Folders {
        root,
        known: HashMap::new(),
    };
    for entry in index.iter().flat_map(|index| &index.entries) {
        if entry.stage > 1 {
            continue; // The same path again.
        }
        let kind = match found.remove(&entry.path) {
            Some(kind) => kind,
            None => folders.kind_of(&entry.path),
        };
        let is_link = entry.mode & 0o170_000 == 0o160_000;
        listing.files.push(Listed {
            path: entry.path.clone(),
            kind: if is_link { FileKind::Submodule } else { kind },
            tracked: true,
        });
    }
    let others = found.into_iter().map(|(path, kind)| Listed {
        path,
        kind,
        tracked: false,
    });
    listing.files.extend(others);
    listing.files.sort_unstable();
    listing.files.dedup_by(|a, b| a.path == b.path);
    listing
}

/// Which folders of tracked files are real: what is below a link is not of this work tree.
struct Folders<'r> {
    root: &'r Path,
    known: HashMap<Vec<u8>, bool>,
}

impl Folders<'_> {
    fn kind_of(&mut self, path: &[u8]) -> FileKind {
        for slash in memchr::memchr_iter(b'/', path) {
            let folder = path.get(..slash).unwrap_or_default();
            let is_real = match self.known.get(folder) {
                Some(is_real) => *is_real,
                None => {
                    let meta = self.root.join(files::path_of(folder)).symlink_metadata();
                    let is_real = meta.is_ok_and(|meta| meta.is_dir());
                    self.known.insert(folder.to_vec(), is_real);
                    is_real
                }
            };
            if !is_real {
                return FileKind::Missing;
            }
        }
        let meta = self.root.join(files::path_of(path)).symlink_metadata();
        meta.map_or(FileKind::Missing, |meta| kind_of(meta.file_type()))
    }
}

fn kind_of(kind: std::fs::FileType) -> FileKind {
    if kind.is_file() {
        FileKind::Regular
    } else if kind.is_symlink() {
        FileKind::Link
    } else if kind.is_dir() {
        FileKind::Submodule
    } else {
        FileKind::Special
    }
}

/// What a walk finds that leaves out what Git ignores.
#[derive(Default)]
struct Walked {
    files: Vec<(Vec<u8>, FileKind)>,
    problems: Vec<String>,
}

impl Walked {
    fn below(root: &Path) -> Self {
        let walked = Mutex::new(Walked::default());
        let mut walk = WalkBuilder::new(root);
        walk.standard_filters(false)
            .git_ignore(true)
            .git_exclude(true)
            .git_global(true)
            .require_git(false)
            .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git");
        walk.build_parallel().run(|| {
            Box::new(|entry| {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        let mut walked = walked.lock().unwrap_or_else(PoisonError::into_inner);
                        walked
                            .problems
                            .push(format!("cannot look into a folder: {error}"));
                        return WalkState::Continue;
                    }
                };
                if entry.depth() == 0 {
                    return WalkState::Continue;
                }
                let mut kind = match entry.file_type() {
                    Some(kind) if kind.is_dir() => None,
                    Some(kind) => Some(kind_of(kind)),
                    None => Some(FileKind::Special),
                };
                // Git does not look into other repositories.
                if kind.is_none() && entry.path().join(".git").symlink_metadata().is_ok() {
                    kind = Some(FileKind::Submodule);
                }
                let Some(kind) = kind else {
                    return WalkState::Continue;
                };
                let path = entry.path().strip_prefix(root).unwrap_or(entry.path());
                let path = files::bytes_of(path);
                let mut walked = walked.lock().unwrap_or_else(PoisonError::into_inner);
                walked.files.push((path, kind));
                match kind {
                    FileKind::Submodule => WalkState::Skip,
                    _ => WalkState::Continue,
                }
            })
        });
        walked.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
