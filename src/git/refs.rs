//! References, loose and packed, of all worktrees, and the reflogs (gitrepository-layout(5), `refs`,
//! `packed-refs`, `logs`, `worktrees`).

mod collect;
mod value;

use super::objects::{Commit, ObjectKind, Tag};
use super::oid::Oid;
use super::store::Store;

pub(super) use collect::read;
pub(super) use value::head;

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
