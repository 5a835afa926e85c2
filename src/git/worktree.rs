//! The files of a work tree: what Git tracks or would add (gitignore(5)).
//!
//! Links are not followed, neither files nor folders: what is behind them belongs to somebody else.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::files;
use super::ignored::Ignored;
use super::index::Index;
use super::objects::EntryKind;
use super::repository::{self, Repository};

/// Files of a work tree.
const FILES_MAX: usize = 10_000_000;
/// Threads for listing: more do not help, since the system serves them one by one.
const THREADS_MAX: usize = 8;

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A symbolic link; it is not followed.
    Link,
    /// A submodule, or another repository: a folder of its own.
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

/// Everything that Git tracks or would add: files of the index, whether ignored or not, and others that
/// are not ignored. Empty without a work tree.
pub fn list(repository: &Repository, index: Option<&Index>) -> Listing {
    let Some(top) = repository.work_tree() else {
        return Listing::default();
    };
    let entries = index.map_or(&[][..], |index| &index.entries);
    let submodules: HashSet<Vec<u8>> = entries
        .iter()
        .filter(|entry| EntryKind::of_mode(entry.mode) == EntryKind::Submodule)
        .map(|entry| entry.path.clone())
        .collect();
    let mut listing = walk(top, repository.common_dir(), submodules);
    let mut found = std::mem::take(&mut listing.files).into_iter().peekable();
    let mut folders = Folders {
        top,
        sound: HashMap::new(),
    };
    let mut last: Option<&[u8]> = None;
    for entry in entries {
        // A conflict has several entries for a path.
        if last == Some(&entry.path) {
            continue;
        }
        last = Some(&entry.path);
        while let Some(file) = found.next_if(|file| file.path < entry.path) {
            listing.files.push(file);
        }
        let seen = found.next_if(|file| file.path == entry.path);
        let kind = match seen {
            Some(file) => file.kind,
            None => {
                let is_submodule = EntryKind::of_mode(entry.mode) == EntryKind::Submodule;
                match folders.kind(&entry.path, is_submodule) {
                    Ok(kind) => kind,
                    Err(problem) => {
                        listing.problems.push(problem);
                        continue;
                    }
                }
            }
        };
        listing.files.push(Listed {
            path: entry.path.clone(),
            kind,
            tracked: true,
        });
    }
    listing.files.extend(found);
    listing.problems.sort_unstable();
    listing
}

/// Whether Git ignores a folder below the top of the work tree, or one that it is in.
pub fn ignores(repository: &Repository, folder: &Path) -> bool {
    let Some(top) = repository.work_tree() else {
        return false;
    };
    let ignored = Ignored::new(top, repository.common_dir());
    let above = folder.ancestors().take_while(|path| *path != top);
    let above = above.filter(|path| path.starts_with(top));
    let mut above: Vec<&Path> = above.collect();
    above.reverse();
    above.into_iter().any(|path| ignored.is_ignored(path, true))
}

/// Looks at paths of the index that the walk did not come to: ignored, missing, or behind links.
struct Folders<'a> {
    top: &'a Path,
    /// Folders, and whether they are in the work tree, not behind a link.
    sound: HashMap<Vec<u8>, bool>,
}

impl Folders<'_> {
    fn kind(&mut self, path: &[u8], is_submodule: bool) -> Result<FileKind, String> {
        // Such a path would lead out of the work tree; Git does not write it.
        let is_odd = path
            .split(|byte| *byte == b'/')
            .any(|part| part.is_empty() || part == b"." || part == b".." || part == b".git");
        if is_odd {
            return Err(format!(
                "{}: the index has a path that cannot be in a work tree",
                path.escape_ascii()
            ));
        }
        let folder = memchr::memrchr(b'/', path).and_then(|slash| path.get(..slash));
        if folder.is_some_and(|folder| !self.is_sound(folder)) {
            return Ok(FileKind::Missing);
        }
        let full = self.top.join(files::path_of(path));
        match std::fs::symlink_metadata(&full) {
            Ok(metadata) if metadata.is_dir() => Ok(if is_submodule {
                FileKind::Submodule
            } else {
                FileKind::Missing
            }),
            Ok(metadata) => Ok(kind_of(metadata.file_type())),
            Err(error) if files::is_absent(&error) => Ok(FileKind::Missing),
            Err(error) => Err(files::cannot_read(&full, &error).to_string()),
        }
    }

    fn is_sound(&mut self, folder: &[u8]) -> bool {
        // From the top down, each folder once.
        for (at, byte) in folder.iter().chain(b"/").enumerate() {
            if *byte != b'/' {
                continue;
            }
            let part = folder.get(..at).unwrap_or(folder);
            let sound = match self.sound.get(part) {
                Some(sound) => *sound,
                None => {
                    let path = self.top.join(files::path_of(part));
                    // What cannot be looked at is seen again at the file itself.
                    let sound = std::fs::symlink_metadata(path).map_or(true, |it| it.is_dir());
                    self.sound.insert(part.to_vec(), sound);
                    sound
                }
            };
            if !sound {
                return false;
            }
        }
        true
    }
}

fn kind_of(kind: std::fs::FileType) -> FileKind {
    if kind.is_file() {
        FileKind::Regular
    } else if kind.is_symlink() {
        FileKind::Link
    } else {
        FileKind::Special
    }
}

/// What one thread has found; it gives it away when it ends.
struct Found<'a> {
    files: Vec<Listed>,
    problems: Vec<String>,
    all: &'a Mutex<Listing>,
}

impl Found<'_> {
    /// Stays out of repositories in the repository.
    fn folder(&mut self, entry: &DirEntry, top: &Path, submodules: &HashSet<Vec<u8>>) -> WalkState {
        if entry.depth() == 0 {
            return WalkState::Continue;
        }
        let is_other = match repository::git_dir_at(&entry.path().join(".git")) {
            Ok(found) => found.is_some(),
            Err(error) => {
                // Looking at too much is better than at too little.
                self.problems.push(error.to_string());
                false
            }
        };
        let listed = listed(entry, top, Some(FileKind::Submodule));
        match listed {
            Some(listed) if is_other || submodules.contains(&listed.path) => {
                self.files.push(listed);
                WalkState::Skip
            }
            _ => WalkState::Continue,
        }
    }
}

impl Drop for Found<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.files.append(&mut self.files);
        all.problems.append(&mut self.problems);
    }
}

fn walk(top: &Path, common_dir: &Path, submodules: HashSet<Vec<u8>>) -> Listing {
    let ignored = Arc::new(Ignored::new(top, common_dir));
    let wanted = Arc::clone(&ignored);
    let all = Mutex::new(Listing::default());
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    let walker = WalkBuilder::new(top)
        .standard_filters(false)
        .follow_links(false)
        .threads(threads.min(THREADS_MAX))
        .filter_entry(move |entry| {
            let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.depth() == 0
                || (entry.file_name() != ".git" && !wanted.is_ignored(entry.path(), is_dir))
        })
        .build_parallel();
    let submodules = &submodules;
    walker.run(|| {
        let mut found = Found {
            files: Vec::new(),
            problems: Vec::new(),
            all: &all,
        };
        Box::new(move |entry| {
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_dir()) => {
                    return found.folder(&entry, top, submodules);
                }
                Ok(entry) => found.files.extend(listed(&entry, top, None)),
                Err(error) => found.problems.push(error.to_string()),
            }
            if found.files.len() > FILES_MAX {
                found
                    .problems
                    .push(format!("the work tree has more than {FILES_MAX} files"));
                return WalkState::Quit;
            }
            WalkState::Continue
        })
    });
    let mut listing = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    listing.files.sort_unstable();
    listing.problems.extend(ignored.problems());
    listing
}

fn listed(entry: &DirEntry, top: &Path, kind: Option<FileKind>) -> Option<Listed> {
    let kind = kind.or_else(|| entry.file_type().map(kind_of))?;
    let path = entry.path().strip_prefix(top).ok()?;
    Some(Listed {
        path: files::bytes_of(path),
        kind,
        tracked: false,
    })
}
