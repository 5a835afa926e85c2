//! References, loose and packed, of all worktrees, and the reflogs (gitrepository-layout(5), `refs`,
//! `packed-refs`, `logs`, `worktrees`).

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::path::Path;

use super::files;
use super::objects::{Commit, ObjectKind, Tag};
use super::oid::{HashKind, Oid};
use super::store::Store;
use crate::error::{Error, Kind, Result};

/// How often a symbolic reference may lead to another one. Git stops at 5.
const SYMBOLIC_MAX: usize = 10;
/// Folders in folders of references.
const DEPTH_MAX: usize = 64;
/// References, and files of reflogs.
const REFERENCES_MAX: usize = 10_000_000;
/// Linked worktrees.
const WORKTREES_MAX: usize = 10_000;
/// `~N` in a name.
const ANCESTORS_MAX: u64 = 1_000_000;
/// A commit or a tag that is read to resolve a name, in bytes.
const COMMIT_MAX: usize = 16 << 20;

/// References beside `HEAD` that Git keeps in the folder of a worktree.
const PSEUDO: [&str; 8] = [
    "ORIG_HEAD",
    "FETCH_HEAD",
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "REBASE_HEAD",
    "BISECT_HEAD",
    "AUTO_MERGE",
];

/// What `HEAD` is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The branch without `refs/heads/`; `None` if detached.
    pub branch: Option<String>,
    /// The commit; `None` on a branch without commits.
    pub commit: Option<Oid>,
}

/// A reference and what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The full name, as `refs/heads/main`, `HEAD`, or `worktrees/NAME/HEAD`.
    pub name: Vec<u8>,
    /// The object.
    pub oid: Oid,
}

impl Reference {
    /// Git keeps what it names alive: not one of `FETCH_HEAD` and the like, whose objects may be gone.
    pub fn is_kept(&self) -> bool {
        let name = self.name.rsplit(|byte| *byte == b'/').next();
        !PSEUDO.iter().any(|pseudo| Some(pseudo.as_bytes()) == name)
            || self.name.starts_with(b"refs/")
    }
}

/// All references.
#[derive(Clone, Debug, Default)]
pub struct References {
    all: Vec<Reference>,
    logged: Vec<Oid>,
    stashed: Vec<Oid>,
    head: Head,
    problems: Vec<String>,
}

impl References {
    /// By name.
    pub fn all(&self) -> &[Reference] {
        &self.all
    }

    /// The objects that reflogs name, old and new, each once.
    pub fn logged(&self) -> &[Oid] {
        &self.logged
    }

    /// The stashes: those below the last one are in the reflog of `refs/stash` only.
    pub fn stashed(&self) -> &[Oid] {
        &self.stashed
    }

    /// The `HEAD` of this worktree.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What could not be read, in words.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// What a reference of that full name names.
    pub fn get(&self, name: &[u8]) -> Option<Oid> {
        let at = self
            .all
            .binary_search_by(|reference| reference.name.as_slice().cmp(name))
            .ok()?;
        self.all.get(at).map(|reference| reference.oid)
    }

    /// The object of a full or short name (in the order of gitrevisions(7)), of an object name or an
    /// unambiguous abbreviation of 4 digits or more, of `HEAD` or `@`; each with `~N`, `^`, `^N` behind.
    pub fn resolve(&self, name: &str, store: &Store) -> Option<Oid> {
        let end = name.find(['~', '^']).unwrap_or(name.len());
        let (base, mut steps) = name.split_at_checked(end)?;
        let mut oid = self.resolve_base(base, store)?;
        while let Some(step) = steps.chars().next() {
            let rest = steps.get(1..)?;
            if step == '^' && rest.starts_with('{') {
                let (kind, rest) = rest.get(1..)?.split_once('}')?;
                steps = rest;
                oid = match kind {
                    "commit" => commit_of(oid, store)?,
                    "" => peeled(oid, store)?,
                    _ => return None,
                };
                continue;
            }
            let digits = rest
                .find(|character: char| !character.is_ascii_digit())
                .unwrap_or(rest.len());
            let (number, rest) = rest.split_at_checked(digits)?;
            steps = rest;
            let number = match number {
                "" => 1,
                number => number.parse::<u64>().ok().filter(|n| *n <= ANCESTORS_MAX)?,
            };
            oid = commit_of(oid, store)?;
            match step {
                '~' => {
                    for _ in 0..number {
                        oid = parent(oid, 1, store)?;
                    }
                }
                '^' if number == 0 => {}
                '^' => oid = parent(oid, number, store)?,
                _ => return None,
            }
        }
        Some(oid)
    }

    fn resolve_base(&self, name: &str, store: &Store) -> Option<Oid> {
        let name = if name == "@" { "HEAD" } else { name };
        if let Some(oid) = Oid::from_hex(name).filter(|oid| oid.kind() == store.hash()) {
            return Some(oid);
        }
        let places = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
        places
            .iter()
            .find_map(|place| self.get(format!("{place}{name}").as_bytes()))
            .or_else(|| self.get(format!("refs/remotes/{name}/HEAD").as_bytes()))
            .or_else(|| match store.abbreviated(name).as_slice() {
                [only] => Some(*only),
                _ => None,
            })
    }
}

/// What a tag, or a tag of a tag, is for.
fn peeled(mut oid: Oid, store: &Store) -> Option<Oid> {
    for _ in 0..SYMBOLIC_MAX {
        let object = store.read(&oid, COMMIT_MAX).ok()??;
        if object.kind != ObjectKind::Tag {
            return Some(oid);
        }
        oid = Tag::parse(&object.data)?.target;
    }
    None
}

/// The commit that an object is, or that a tag is for.
pub(super) fn commit_of(oid: Oid, store: &Store) -> Option<Oid> {
    let oid = peeled(oid, store)?;
    let object = store.read(&oid, COMMIT_MAX).ok()??;
    (object.kind == ObjectKind::Commit).then_some(oid)
}

fn parent(oid: Oid, number: u64, store: &Store) -> Option<Oid> {
    let object = store.read(&oid, COMMIT_MAX).ok()??;
    let commit = Commit::parse(&object.data)?;
    let position = usize::try_from(number.checked_sub(1)?).ok()?;
    commit.parents.get(position).copied()
}

/// What a reference says.
#[derive(Clone, Debug)]
enum Value {
    Direct(Oid),
    Symbolic(Vec<u8>),
}

struct Collector {
    hash: HashKind,
    values: BTreeMap<Vec<u8>, Value>,
    logged: HashSet<Oid>,
    stashed: Vec<Oid>,
    problems: Vec<String>,
    files: usize,
}

/// Reads `HEAD`, and only what it leads to.
pub(super) fn head(git_dir: &Path, common_dir: &Path, hash: HashKind) -> Result<Head> {
    let path = git_dir.join("HEAD");
    let fail = || {
        Error::new(Kind::Incomplete, "HEAD names neither a branch nor a commit")
            .in_file(path.to_string_lossy())
    };
    let mut value = loose_value(&path, hash)?.ok_or_else(fail)?;
    let branch = match &value {
        Value::Symbolic(target) => Some(branch_name(target)),
        Value::Direct(_) => None,
    };
    for _ in 0..SYMBOLIC_MAX {
        let name = match value {
            Value::Direct(oid) => {
                return Ok(Head {
                    branch,
                    commit: Some(oid),
                });
            }
            Value::Symbolic(name) => name,
        };
        if !is_sound(&name) {
            return Err(fail());
        }
        let file = files::path_of(&name);
        let own = if git_dir == common_dir {
            None
        } else {
            loose_value(&git_dir.join(&file), hash)?
        };
        let found = match own {
            Some(value) => Some(value),
            None => loose_value(&common_dir.join(&file), hash)?,
        };
        value = match found {
            Some(value) => value,
            None => {
                let path = common_dir.join("packed-refs");
                let commit = match files::read(&path, files::LIST_MAX)? {
                    Some(text) => packed(&text, hash)
                        .find_map(|line| match line {
                            Ok((oid, packed)) => (packed == name).then_some(Ok(oid)),
                            Err(()) => Some(Err(())),
                        })
                        .transpose()
                        .map_err(|()| {
                            Error::new(Kind::Incomplete, "a line is no reference")
                                .in_file(path.to_string_lossy())
                        })?,
                    None => None,
                };
                return Ok(Head { branch, commit });
            }
        };
    }
    Err(fail())
}

/// A name below `refs` that leads nowhere else.
fn is_sound(name: &[u8]) -> bool {
    name.starts_with(b"refs/")
        && name
            .split(|byte| *byte == b'/')
            .all(|part| !part.is_empty() && part != b"." && part != b"..")
}

fn branch_name(target: &[u8]) -> String {
    String::from_utf8_lossy(target.strip_prefix(b"refs/heads/").unwrap_or(target)).into_owned()
}

/// The value of a loose reference; `None` if there is no such file.
fn loose_value(path: &Path, hash: HashKind) -> Result<Option<Value>> {
    // Old references to other references are symbolic links.
    if let Ok(target) = std::fs::read_link(path) {
        let target = files::bytes_of(&target);
        if target.starts_with(b"refs/") {
            return Ok(Some(Value::Symbolic(target)));
        }
    }
    // A folder is where references of longer names are.
    if path.is_dir() {
        return Ok(None);
    }
    let Some(text) = files::read_line(path)? else {
        return Ok(None);
    };
    value(&text, hash).map(Some).ok_or_else(|| {
        Error::new(Kind::Incomplete, "the reference names nothing").in_file(path.to_string_lossy())
    })
}

fn value(text: &[u8], hash: HashKind) -> Option<Value> {
    if let Some(target) = text.strip_prefix(b"ref:") {
        let target = target.trim_ascii();
        return (!target.is_empty()).then(|| Value::Symbolic(target.to_vec()));
    }
    let digits = hash.len().saturating_mul(2);
    let (hex, rest) = text.split_at_checked(digits)?;
    if rest.first().is_some_and(|byte| !byte.is_ascii_whitespace()) {
        return None;
    }
    Oid::from_hex(hex).map(Value::Direct)
}

/// The lines of `packed-refs`.
fn packed(
    text: &[u8],
    hash: HashKind,
) -> impl Iterator<Item = std::result::Result<(Oid, &[u8]), ()>> {
    let digits = hash.len().saturating_mul(2);
    text.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        // `^` gives what the tag above is for.
        .filter(|line| !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b"^"))
        .map(move |line| {
            let (hex, name) = line.split_at_checked(digits).ok_or(())?;
            let name = name
                .strip_prefix(b" ")
                .filter(|name| !name.is_empty())
                .ok_or(())?;
            Ok((Oid::from_hex(hex).ok_or(())?, name))
        })
}

/// Reads the references of a repository and all its worktrees.
pub(super) fn read(git_dir: &Path, common_dir: &Path, hash: HashKind) -> Result<References> {
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
