//! What is staged: entries of the index that differ from `HEAD`.
//!
//! Folders whose tree in the cache tree is the tree of `HEAD` are skipped whole.

use super::index::{CacheTree, Index, IndexEntry};
use super::objects::{Commit, EntryKind, ObjectKind, tree_entries};
use super::oid::Oid;
use super::repository::Repository;
use super::store::Store;
use crate::error::{Error, Kind, Result};

/// A tree or a commit, in bytes.
const STRUCTURE_MAX: usize = 64 << 20;
/// Folders in folders.
const DEPTH_MAX: usize = 256;

/// An entry of the index that `HEAD` does not have so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedChange {
    /// The path, with `/`.
    pub path: Vec<u8>,
    /// What is staged.
    pub oid: Oid,
    /// As in trees.
    pub mode: u32,
    /// What `HEAD` has there, if it is a file or a link.
    pub head: Option<Oid>,
}

/// The entries that differ from `HEAD` in content, in the order of the index: also those of a conflict,
/// and not those of which only the intent to add them is there. All of them without a `HEAD`. Submodules
/// are among them; what was removed is not.
///
/// # Errors
///
/// Fails if the references, or the trees of `HEAD`, cannot be read.
pub fn changes(repository: &Repository, store: &Store, index: &Index) -> Result<Vec<StagedChange>> {
    let mut found = Vec::new();
    let head = repository.head()?;
    match head.commit {
        None => index
            .entries
            .iter()
            .for_each(|entry| push(&mut found, entry, None)),
        Some(commit) => {
            let tree = tree_of(store, commit)?;
            let mut walk = Walk {
                store,
                found: &mut found,
            };
            walk.folder(&index.entries, 0, Some(tree), index.cache_tree.as_ref(), 0)?;
        }
    }
    Ok(found)
}

fn push(found: &mut Vec<StagedChange>, entry: &IndexEntry, head: Option<Oid>) {
    if entry.intent_to_add {
        return;
    }
    found.push(StagedChange {
        path: entry.path.clone(),
        oid: entry.oid,
        mode: entry.mode,
        head,
    });
}

fn tree_of(store: &Store, commit: Oid) -> Result<Oid> {
    let fail = |what: &str| {
        Error::new(
            Kind::Incomplete,
            format!("the commit {commit} at HEAD {what}"),
        )
    };
    let object = store
        .read(&commit, STRUCTURE_MAX)?
        .ok_or_else(|| fail("is missing"))?;
    if object.kind != ObjectKind::Commit {
        return Err(fail("is no commit"));
    }
    Commit::parse(&object.data)
        .map(|commit| commit.tree)
        .ok_or_else(|| fail("cannot be read"))
}

struct Walk<'a> {
    store: &'a Store,
    found: &'a mut Vec<StagedChange>,
}

impl Walk<'_> {
    /// Compares entries that share their first `skip` bytes with a tree; `None`: there is none.
    fn folder(
        &mut self,
        mut entries: &[IndexEntry],
        skip: usize,
        tree: Option<Oid>,
        cached: Option<&CacheTree>,
        depth: usize,
    ) -> Result<()> {
        let Some(oid) = tree else {
            entries
                .iter()
                .for_each(|entry| push(self.found, entry, None));
            return Ok(());
        };
        let is_same = cached
            .is_some_and(|cached| cached.oid == Some(oid) && cached.entries == Some(entries.len()));
        if is_same {
            return Ok(());
        }
        let fail =
            |what: &str| Error::new(Kind::Incomplete, format!("the tree {oid} of HEAD {what}"));
        if depth > DEPTH_MAX {
            return Err(fail("is in too many folders"));
        }
        let object = self
            .store
            .read(&oid, STRUCTURE_MAX)?
            .filter(|object| object.kind == ObjectKind::Tree)
            .ok_or_else(|| fail("is missing"))?;
        let mut known = std::collections::HashMap::new();
        for entry in tree_entries(&object.data, self.store.hash()) {
            let entry = entry.map_err(&fail)?;
            let oid = entry.oid().ok_or_else(|| fail("cannot be read"))?;
            known.insert(entry.name, (entry.kind(), oid));
        }
        while let Some(entry) = entries.first() {
            let rest = entry.path.get(skip..).unwrap_or_default();
            let Some(slash) = memchr::memchr(b'/', rest) else {
                let head = known.get(rest).filter(|(kind, _)| *kind != EntryKind::Tree);
                // A file that becomes a link is another thing, even of the same content.
                if head != Some(&(EntryKind::of_mode(entry.mode), entry.oid)) {
                    push(self.found, entry, head.map(|(_, oid)| *oid));
                }
                entries = entries.get(1..).unwrap_or_default();
                continue;
            };
            let name = rest.get(..slash).unwrap_or_default();
            let end = skip.saturating_add(slash).saturating_add(1);
            let prefix = entry.path.get(..end).unwrap_or_default();
            // Entries of a folder stand together.
            let count = entries.partition_point(|entry| entry.path.starts_with(prefix));
            let (inside, others) = entries
                .split_at_checked(count.max(1))
                .unwrap_or((entries, &[]));
            entries = others;
            let tree = known
                .get(name)
                .filter(|(kind, _)| *kind == EntryKind::Tree)
                .map(|(_, oid)| *oid);
            let cached = cached.and_then(|cached| cached.child(name));
            self.folder(inside, end, tree, cached, depth.saturating_add(1))?;
        }
        Ok(())
    }
}
