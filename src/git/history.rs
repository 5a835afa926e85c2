//! The history: every object once, with the paths and first commits of blobs.

use super::objects::ObjectKind;
use super::oid::Oid;
use super::repository::Repository;
use super::store::Store;
use crate::error::Result;

/// A path of the history (index into [`History::path`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(pub u32);

/// A commit of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub u32);

/// What of the history is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every object in the store.
    Everything,
    /// What the commits that `to` reaches and `from` does not have brought in.
    Range {
        /// Where it starts; `None` for the beginning of time.
        from: Option<Oid>,
        /// Where it ends, itself included.
        to: Oid,
    },
}

/// A blob was at `path`, first in `commit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Placed {
    /// The path.
    pub path: PathId,
    /// The oldest commit that has it there.
    pub commit: CommitId,
    /// It is a symbolic link there; the blob is its target.
    pub link: bool,
}

/// An object that is visited.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Blob, commit or tag.
    pub kind: ObjectKind,
    /// The name.
    pub oid: Oid,
    /// The content, whole.
    pub data: &'a [u8],
    /// Where it was, oldest first. Empty for messages, and for blobs that no commit has.
    pub places: &'a [Placed],
}

/// A history.
#[derive(Debug, Default)]
pub struct History {
    problems: Vec<String>,
}

impl History {
    /// Reads commits, tags and trees, and finds the places of all blobs.
    ///
    /// # Errors
    ///
    /// Fails if the range cannot be resolved or the references cannot be read.
    pub fn load(repository: &Repository, store: &Store, scope: Scope) -> Result<History> {
        let _ = (repository, store, scope);
        Ok(History::default())
    }

    /// The bytes of a path, with `/`.
    pub fn path(&self, id: PathId) -> &[u8] {
        let _ = id;
        &[]
    }

    /// All paths; a [`PathId`] is a position in it.
    pub fn paths(&self) -> &[Box<[u8]>] {
        &[]
    }

    /// The name of a commit.
    pub fn commit_oid(&self, id: CommitId) -> Option<Oid> {
        let _ = id;
        None
    }

    /// A reference leads to the commit (not only a reflog, and not by chance in the store).
    pub fn is_reachable(&self, id: CommitId) -> bool {
        let _ = id;
        false
    }

    /// How many objects the scope has.
    pub fn objects(&self) -> usize {
        0
    }

    /// What could not be read, in words: missing and broken objects.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Gives every blob, and every commit and tag, once to `each`, in parallel and in no order.
    ///
    /// `want` is asked for blobs first, with their places and their size in bytes. Returns what could
    /// not be given, in words: broken objects, blobs larger than `limit` bytes.
    pub fn visit(
        &self,
        limit: usize,
        want: &(dyn Fn(&[Placed], u64) -> bool + Sync),
        each: &(dyn Fn(Item<'_>) + Sync),
    ) -> Vec<String> {
        let _ = (limit, want, each);
        Vec::new()
    }
}
