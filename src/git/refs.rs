//! References, loose and packed, of all worktrees, and the reflogs (gitrepository-layout(5)).

use super::oid::Oid;
use super::store::Store;

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

/// All references.
#[derive(Clone, Debug, Default)]
pub struct References {
    all: Vec<Reference>,
    logged: Vec<Oid>,
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

    /// The `HEAD` of this worktree.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What could not be read, in words.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The object of a full or short name, of `HEAD`, with `~N` and `^`, or of an abbreviated object name.
    pub fn resolve(&self, name: &str, store: &Store) -> Option<Oid> {
        let _ = (name, store);
        None
    }
}
