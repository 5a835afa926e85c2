//! Collects the references of all worktrees.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::value::{Value, branch_name, loose_value, packed, value};
use super::{
    DEPTH_MAX, Head, PSEUDO, REFERENCES_MAX, Reference, References, SYMBOLIC_MAX, WORKTREES_MAX,
};
use crate::error::{Error, Kind, Result};
use crate::git::files;
use crate::git::oid::{HashKind, Oid};

struct Collector {
    hash: HashKind,
    values: BTreeMap<Vec<u8>, Value>,
    logged: HashSet<Oid>,
    stashed: Vec<Oid>,
    problems: Vec<String>,
    files: usize,
}

/// Reads the references of a repository and all its worktrees.
pub(in crate::git) fn read(
    git_dir: &Path,
    common_dir: &Path,
    hash: HashKind,
) -> Result<References> {
    let mut collector = Collector {
        hash,
        values: BTreeMap::new(),
        logged: HashSet::new(),
        stashed: Vec::new(),
        problems: Vec::new(),
        files: 0,
    };
    collector.packed(&common_dir.join("packed-refs"));
    collector.folder(&common_dir.join("refs"), b"refs", 0);
    collector.logs(&common_dir.join("logs"), b"", 0);
    // Of the other worktrees: their HEAD and what is theirs alone.
    if git_dir != common_dir {
        collector.worktree(common_dir, b"main-worktree/");
    }
    match files::names_in(&common_dir.join("worktrees"), WORKTREES_MAX) {
        Ok(names) => {
            for (name, _) in names {
                let folder = common_dir.join("worktrees").join(&name);
                if folder.canonicalize().ok().as_deref() == Some(git_dir) {
                    continue;
                }
                let mut prefix = b"worktrees/".to_vec();
                prefix.extend(files::bytes_of(&name));
                prefix.push(b'/');
                collector.worktree(&folder, &prefix);
                collector.folder(&folder.join("refs"), &[&prefix, &b"refs"[..]].concat(), 0);
                collector.logs(&folder.join("logs"), &prefix, 0);
            }
        }
        Err(error) => collector.problems.push(error.to_string()),
    }
    // This one.
    collector.worktree(git_dir, b"");
    if git_dir != common_dir {
        collector.folder(&git_dir.join("refs"), b"refs", 0);
        collector.logs(&git_dir.join("logs"), b"", 0);
    }
    if !collector.values.contains_key(&b"HEAD"[..]) {
        return Err(
            Error::new(Kind::Incomplete, "HEAD names neither a branch nor a commit")
                .in_file(git_dir.join("HEAD").to_string_lossy()),
        );
    }
    Ok(collector.finish())
}

impl Collector {
    fn count(&mut self) -> bool {
        self.files = self.files.saturating_add(1);
        if self.files == REFERENCES_MAX {
            self.problems
                .push(format!("there are more than {REFERENCES_MAX} references"));
        }
        self.files < REFERENCES_MAX
    }

    fn problem(&mut self, path: &Path, words: &str) {
        self.problems.push(format!("{}: {words}", path.display()));
    }

    fn packed(&mut self, path: &Path) {
        let text = match files::read(path, files::LIST_MAX) {
            Ok(Some(text)) => text,
            Ok(None) => return,
            Err(error) => return self.problems.push(error.to_string()),
        };
        for line in packed(&text, self.hash) {
            match line {
                Ok((oid, name)) => {
                    if self.count() {
                        self.values.insert(name.to_vec(), Value::Direct(oid));
                    }
                }
                Err(()) => {
                    self.problem(path, "a line is no reference");
                    return;
                }
            }
        }
    }

    /// Loose references in a folder; they win over packed ones.
    fn folder(&mut self, folder: &Path, name: &[u8], depth: usize) {
        let names = match files::names_in(folder, REFERENCES_MAX) {
            Ok(names) => names,
            Err(error) => return self.problems.push(error.to_string()),
        };
        for (file, kind) in names {
            let path = folder.join(&file);
            let file = files::bytes_of(&file);
            // A reference that is being written.
            if file.ends_with(b".lock") {
                continue;
            }
            let mut name = name.to_vec();
            name.push(b'/');
            name.extend(file);
            if kind.is_dir() {
                if depth >= DEPTH_MAX {
                    self.problem(&path, "references are in too many folders");
                } else {
                    self.folder(&path, &name, depth.saturating_add(1));
                }
            } else if self.count() {
                self.loose(&path, name);
            }
        }
    }

    fn loose(&mut self, path: &Path, name: Vec<u8>) {
        match loose_value(path, self.hash) {
            Ok(Some(value)) => {
                self.values.insert(name, value);
            }
            Ok(None) => {}
            Err(error) => self.problems.push(error.to_string()),
        }
    }

    /// `HEAD` and its like in the folder of a worktree.
    fn worktree(&mut self, folder: &Path, prefix: &[u8]) {
        let named = |name: &str| [prefix, name.as_bytes()].concat();
        let head = folder.join("HEAD");
        if std::fs::symlink_metadata(&head).is_ok() {
            self.loose(&head, named("HEAD"));
        }
        for pseudo in PSEUDO {
            let path = folder.join(pseudo);
            let text = match files::read(&path, files::LIST_MAX) {
                Ok(Some(text)) => text,
                Ok(None) => continue,
                Err(error) => {
                    self.problems.push(error.to_string());
                    continue;
                }
            };
            // FETCH_HEAD and MERGE_HEAD have a line for each commit.
            for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
                if line.is_empty() || !self.count() {
                    continue;
                }
                let mut name = named(pseudo);
                if number > 0 {
                    // Not a name that Git knows; only what it names counts.
                    name.extend_from_slice(format!("@{{{number}}}").as_bytes());
                }
                if let Some(value) = value(line, self.hash) {
                    self.values.insert(name, value);
                }
            }
        }
    }

    fn logs(&mut self, folder: &Path, name: &[u8], depth: usize) {
        let names = match files::names_in(folder, REFERENCES_MAX) {
            Ok(names) => names,
            Err(error) => return self.problems.push(error.to_string()),
        };
        for (file, kind) in names {
            let path = folder.join(&file);
            let mut name = name.to_vec();
            if depth > 0 {
                name.push(b'/');
            }
            name.extend(files::bytes_of(&file));
            if kind.is_dir() {
                if depth >= DEPTH_MAX {
                    self.problem(&path, "reflogs are in too many folders");
                } else {
                    self.logs(&path, &name, depth.saturating_add(1));
                }
            } else if self.count() {
                self.log(&path, name == b"refs/stash");
            }
        }
    }

    /// Lines of `OLD NEW NAME <ADDRESS> TIME ZONE<tab>WORDS`.
    fn log(&mut self, path: &Path, is_stash: bool) {
        let text = match files::read(path, files::LIST_MAX) {
            Ok(Some(text)) => text,
            Ok(None) => return,
            Err(error) => return self.problems.push(error.to_string()),
        };
        let digits = self.hash.len().saturating_mul(2);
        for line in text.split(|byte| *byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            let pair = line.split_at_checked(digits).and_then(|(old, rest)| {
                let new = rest.strip_prefix(b" ")?.get(..digits)?;
                Some((Oid::from_hex(old)?, Oid::from_hex(new)?))
            });
            let Some((old, new)) = pair else {
                self.problem(path, "a line is none of a reflog");
                return;
            };
            for oid in [old, new] {
                if !oid.is_zero() && self.logged.len() < REFERENCES_MAX {
                    self.logged.insert(oid);
                }
            }
            if is_stash && !new.is_zero() {
                self.stashed.push(new);
            }
        }
    }

    fn follow(&self, name: &[u8]) -> Option<Oid> {
        let mut name = name;
        for _ in 0..SYMBOLIC_MAX {
            match self.values.get(name)? {
                Value::Direct(oid) => return Some(*oid),
                Value::Symbolic(target) => name = target,
            }
        }
        None
    }

    fn finish(mut self) -> References {
        let mut all = Vec::with_capacity(self.values.len());
        let mut loops = Vec::new();
        for (name, value) in &self.values {
            match (self.follow(name), value) {
                (Some(oid), _) => all.push(Reference {
                    name: name.clone(),
                    oid,
                }),
                // A branch that is not born yet, or a remote HEAD whose branch is gone, is no fault; a
                // loop is.
                (None, Value::Symbolic(target)) if self.values.contains_key(target) => {
                    loops.push(String::from_utf8_lossy(name).into_owned());
                }
                (None, _) => {}
            }
        }
        for name in loops {
            self.problems
                .push(format!("the reference {name} leads to no object"));
        }
        let branch = match self.values.get(&b"HEAD"[..]) {
            Some(Value::Symbolic(target)) => Some(branch_name(target)),
            _ => None,
        };
        let head = Head {
            branch,
            commit: self.follow(b"HEAD"),
        };
        let mut logged: Vec<Oid> = self.logged.into_iter().collect();
        logged.sort_unstable();
        References {
            all,
            logged,
            stashed: self.stashed,
            head,
            problems: self.problems,
        }
    }
}
