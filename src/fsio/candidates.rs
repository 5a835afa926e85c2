//! From path arguments to files.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use ignore::{DirEntry, WalkBuilder};

use super::{io_error, stale};
use crate::error::{Error, Kind};

/// Why something in a folder is not among the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Git ignores it. A folder stands for everything in it.
    ///
    /// Only the patterns are asked. A file that matches one and is tracked all the same is here too.
    Ignored,
    /// A symbolic link. What it leads to is found on its own if it lies in the folder.
    Link,
    /// A pipe, socket or device.
    Special,
}

/// The files that path arguments stand for.
///
/// | argument | stands for |
/// |---|---|
/// | file, also through a link, also ignored by Git | itself |
/// | folder | the regular files below it, hidden ones too; not `.git`; not what links lead to; on request not what Git ignores |
/// | pattern, if no file has that name | what it matches, as if the shell had given it: `*`, `?`, `[a-z]`, `{a,b}` within a name, `**` over folders; a leading dot needs no mention |
///
/// Nothing is left out silently, except `.git` and our own temporary files.
#[derive(Debug, Default)]
pub struct Candidates {
    /// Sorted by path, each file once (the same file through two paths counts once; hard links are
    /// two files). Named as the arguments were, without a leading `./`.
    pub files: Vec<PathBuf>,
    /// Those of `files` that no argument names, but a folder that holds them. What a pattern matches
    /// counts as named.
    pub below: BTreeSet<PathBuf>,
    /// What was left out, sorted.
    pub skipped: Vec<(PathBuf, Why)>,
    /// Arguments that stand for nothing ([`Kind::Input`], [`Kind::Io`]; [`Kind::Usage`] for a malformed
    /// pattern) and folders that cannot be looked into ([`Kind::Incomplete`]).
    pub errors: Vec<Error>,
}

impl Candidates {
    /// Looks for the files. `honour_gitignore` leaves out of folders what Git ignores there:
    /// `.gitignore`, `.git/info/exclude` and the user's `core.excludesFile`, inside repositories.
    pub fn find<P: AsRef<Path>>(arguments: &[P], honour_gitignore: bool) -> Self {
        let mut search = Search {
            honour_gitignore,
            found: Vec::new(),
            result: Candidates::default(),
        };
        for argument in arguments {
            search.argument(argument.as_ref());
        }
        search.finish()
    }
}

/// A file on the way.
struct Found {
    shown: PathBuf,
    /// The path without links.
    real: PathBuf,
    /// An argument names it.
    named: bool,
}

struct Search {
    honour_gitignore: bool,
    found: Vec<Found>,
    result: Candidates,
}

impl Search {
    fn argument(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.folder(path),
            Ok(_) => self.file(path),
            // A link to nothing is a file that cannot be read, which reading will say better.
            Err(_) if fs::symlink_metadata(path).is_ok() => self.file(path),
            Err(error) if is_missing(&error) => {
                match path.to_str().filter(|text| has_pattern(text)) {
                    Some(pattern) => self.pattern(pattern),
                    None => self.result.errors.push(not_found(path)),
                }
            }
            Err(error) => {
                let error = io_error("look at the path", path, &error);
                self.result.errors.push(error);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        // Neither works for the likes of /dev/fd/63, which is equal to itself only.
        let real = fs::canonicalize(path)
            .or_else(|_| std::path::absolute(path))
            .unwrap_or_else(|_| path.to_owned());
        self.found.push(Found {
            shown: shown(path),
            real,
            named: true,
        });
    }

    fn folder(&mut self, root: &Path) {
        let real_root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let mut seen = HashSet::new();
        let mut folders = Vec::new();
        let on = self.honour_gitignore;
        let mut walk = WalkBuilder::new(root);
        walk.standard_filters(false)
            .parents(on)
            .git_ignore(on)
            .git_exclude(on)
            .git_global(on);
        for entry in walk.filter_entry(is_wanted).build() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.result.errors.push(cannot_walk(root, &error));
                    continue;
                }
            };
            let path = entry.path();
            let kind = entry.file_type();
            if entry.depth() == 0 || kind.is_some_and(|kind| kind.is_dir()) {
                folders.push(path.to_owned());
            } else if kind.is_some_and(|kind| kind.is_file()) {
                let below = path.strip_prefix(root).unwrap_or(path);
                self.found.push(Found {
                    shown: shown(path),
                    real: real_root.join(below),
                    named: false,
                });
            } else if entry.path_is_symlink() {
                self.result.skipped.push((shown(path), Why::Link));
            } else {
                self.result.skipped.push((shown(path), Why::Special));
            }
            seen.insert(path.to_owned());
        }
        if on {
            self.ignored(&folders, &seen);
        }
    }

    /// What is in the folders and was not seen there has been ignored.
    fn ignored(&mut self, folders: &[PathBuf], seen: &HashSet<PathBuf>) {
        for folder in folders {
            // Walking has reported a folder that cannot be read.
            let Ok(entries) = fs::read_dir(folder) else {
                continue;
            };
            for entry in entries.flatten() {
                let path = entry.path();
                if is_wanted_name(&entry.file_name()) && !seen.contains(&path) {
                    self.result.skipped.push((shown(&path), Why::Ignored));
                }
            }
        }
    }

    fn pattern(&mut self, pattern: &str) {
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        let glob = match matcher(pattern) {
            Ok(glob) => glob,
            Err(error) => {
                self.result.errors.push(error);
                return;
            }
        };
        let (root, depth) = root_and_depth(pattern);
        let before = self.found.len() + self.result.skipped.len() + self.result.errors.len();
        let mut folders = Vec::new();
        if fs::metadata(&root).is_ok_and(|meta| meta.is_dir()) {
            let mut walk = WalkBuilder::new(&root);
            walk.standard_filters(false).max_depth(depth);
            for entry in walk.filter_entry(is_wanted).build() {
                match entry {
                    Ok(entry) if entry.depth() > 0 && glob.is_match(shown(entry.path())) => {
                        self.matched(&entry, &mut folders);
                    }
                    Ok(_) => {}
                    Err(error) => self.result.errors.push(cannot_walk(&root, &error)),
                }
            }
        }
        for folder in folders {
            self.folder(&folder);
        }
        if before == self.found.len() + self.result.skipped.len() + self.result.errors.len() {
            self.result.errors.push(
                Error::new(Kind::Input, "no file matches the pattern")
                    .in_file(pattern)
                    .hint("`*` stays within one folder name; `**/` crosses folders"),
            );
        }
    }

    fn matched(&mut self, entry: &DirEntry, folders: &mut Vec<PathBuf>) {
        let path = entry.path();
        match fs::metadata(path) {
            Ok(meta) if meta.is_file() => self.file(path),
            Ok(meta) if meta.is_dir() && !entry.path_is_symlink() => folders.push(shown(path)),
            _ if entry.path_is_symlink() => self.result.skipped.push((shown(path), Why::Link)),
            _ => self.result.skipped.push((shown(path), Why::Special)),
        }
    }

    fn finish(mut self) -> Candidates {
        // Of several paths to a file, the shortest names it.
        self.found
            .sort_by_cached_key(|found| (found.shown.as_os_str().len(), found.shown.clone()));
        let named = self.found.iter().filter(|found| found.named);
        let named: HashSet<PathBuf> = named.map(|found| found.real.clone()).collect();
        let mut seen = HashSet::new();
        for Found { shown, real, .. } in self.found {
            if seen.contains(&real) {
                continue;
            }
            if !named.contains(&real) {
                self.result.below.insert(shown.clone());
            }
            self.result.files.push(shown);
            seen.insert(real);
        }
        self.result.files.sort();
        self.result.skipped.sort();
        self.result.skipped.dedup();
        // What one argument names outright, another one's folder has not left out.
        let named: HashSet<_> = self.result.files.iter().collect();
        self.result
            .skipped
            .retain(|(path, _)| !named.contains(path));
        self.result
    }
}

/// Nothing there, or a file where the path wants a folder.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn is_wanted(entry: &DirEntry) -> bool {
    entry.depth() == 0 || is_wanted_name(entry.file_name())
}

/// Git's own data, also the `.git` file of a worktree, and temporary files of another run.
fn is_wanted_name(name: &std::ffi::OsStr) -> bool {
    name != ".git" && !stale::is_temp_name(name)
}

fn shown(path: &Path) -> PathBuf {
    match path.strip_prefix("./") {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.to_owned(),
        _ => path.to_owned(),
    }
}

fn has_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

fn matcher(pattern: &str) -> Result<GlobMatcher, Error> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| {
            Error::new(Kind::Usage, "the pattern is malformed")
                .in_file(pattern)
                .because(error.kind().to_string())
                .hint("write `[*]`, `[?]`, `[[]` or `[{]` for the character itself")
        })
}

/// The folder that everything a pattern can match lies in, and how deep below it, if that is known.
fn root_and_depth(pattern: &str) -> (PathBuf, Option<usize>) {
    let mut root = PathBuf::new();
    if pattern.starts_with('/') {
        root.push("/");
    }
    let mut rest = 0_usize;
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        if rest == 0 && !has_pattern(part) {
            root.push(part);
        } else {
            rest = rest.saturating_add(1);
        }
    }
    if root.as_os_str().is_empty() {
        root.push(".");
    }
    // A `{` can hold a `/`.
    let unbounded = pattern.contains("**") || pattern.contains('{');
    (root, (!unbounded).then_some(rest))
}

fn not_found(path: &Path) -> Error {
    Error::new(Kind::Input, "no such file or folder")
        .in_file(path.to_string_lossy())
        .hint("check the path and the folder it is relative to")
}

fn cannot_walk(root: &Path, error: &ignore::Error) -> Error {
    let mut path = root;
    let mut inner = error;
    loop {
        inner = match inner {
            ignore::Error::WithPath { path: at, err } => {
                path = at;
                err
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
            _ => break,
        };
    }
    let reason = match inner {
        ignore::Error::Io(error) => super::reason(error),
        other => other.to_string(),
    };
    Error::new(Kind::Incomplete, "cannot look into the folder")
        .in_file(path.to_string_lossy())
        .because(reason)
        .hint("check its permissions, or name the files to look at")
}

#[cfg(test)]
#[path = "candidates_tests.rs"]
mod tests;
