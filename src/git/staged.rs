//! What is staged: entries of the index that differ from `HEAD`.

use foldhash::HashMap;
use foldhash::HashMapExt;

use super::index::Index;
use super::objects::{Commit, EntryKind, Object, ObjectKind, tree_entries};
use super::oid::Oid;
use super::repository::Repository;
use super::store::Store;
use crate::error::{Error, Kind, Result};

/// An entry of the index that `HEAD` does not have so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedChange {
    /// The path, with `/`.
    pub path: Vec<u8>,
    /// What is staged.
    pub oid: Oid,
    /// As in trees.
    pub mode: u32,
    /// What `HEAD` has there, if it is a blob.
    pub head: Option<Oid>,
}

/// The entries that differ from `HEAD`, in the order of the index; all of them without a `HEAD`.
///
/// # Errors
///
/// Fails if the trees of `HEAD` cannot be read.
pub fn changes(repository: &Repository, store: &Store, index: &Index) -> Result<Vec<StagedChange>> {
    let head = repository.references()?.head().commit;
    let tree = match head {
        Some(commit) => Some(tree_of(store, &commit)?),
        None => None,
    };
    let mut changes = Vec::new();
    let entries = index.entries.as_slice();
    // Folders to compare: their entries, the length of their path, the tree of `HEAD`, the cache tree.
    let mut folders = vec![(entries, 0, tree, index.cache_tree.as_ref())];
    while let Some((entries, start, tree, cache)) = folders.pop() {
        if tree.is_some() && cache.is_some_and(|cache| cache.oid == tree) {
            continue;
        }
        let object = tree
            .map(|tree| read(store, &tree, ObjectKind::Tree))
            .transpose()?;
        let data = object.as_ref().map_or(&[][..], |object| &object.data);
        let mut known = HashMap::new();
        for entry in tree_entries(data, repository.hash()) {
            let entry = entry.map_err(|what| broken(what))?;
            known.insert(entry.name, (entry.kind(), entry.oid()));
        }
        let mut rest = entries;
        while let Some(entry) = rest.first() {
            let below = entry.path.get(start..).unwrap_or_default();
            let Some(slash) = memchr::memchr(b'/', below) else {
                let head = known.get(below).copied();
                let head = head.and_then(|(kind, oid)| oid.filter(|_| kind != EntryKind::Tree));
                let is_changed = head != Some(entry.oid) || entry.stage != 0;
                if is_changed && !entry.intent_to_add {
                    changes.push(StagedChange {
                        path: entry.path.clone(),
                        oid: entry.oid,
                        mode: entry.mode,
                        head,
                    });
                }
                rest = rest.get(1..).unwrap_or_default();
                continue;
            };
            let name = below.get(..slash).unwrap_or_default();
            let prefix = entry.path.get(..=start + slash).unwrap_or_default();
            let count = rest.partition_point(|entry| entry.path.starts_with(prefix));
            let (folder, after) = rest.split_at(count.max(1));
            let tree = known.get(name).copied();
            let tree = tree.and_then(|(kind, oid)| oid.filter(|_| kind == EntryKind::Tree));
            let cache = cache.and_then(|cache| cache.children.iter().find(|c| c.name == name));
            folders.push((folder, prefix.len(), tree, cache));
            rest = after;
        }
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

/// Largest tree or commit that is read, in bytes.
const LIMIT: usize = 64 << 20;

fn tree_of(store: &Store, commit: &Oid) -> Result<Oid> {
    let object = read(store, commit, ObjectKind::Commit)?;
    let commit = Commit::parse(&object.data).ok_or_else(|| broken("the commit cannot be read"))?;
    Ok(commit.tree)
}

fn read(store: &Store, oid: &Oid, kind: ObjectKind) -> Result<Object> {
    let object = store.read(oid, LIMIT)?;
    let object = object.ok_or_else(|| broken(&format!("the object {oid} is missing")))?;
    if object.kind != kind {
        return Err(broken(&format!("the object {oid} is no {}", kind.name())));
    }
    Ok(object)
}

fn broken(why: &str) -> Error {
    Error::new(Kind::Incomplete, "`HEAD` cannot be compared with the index")
        .because(why)
        .hint("`git fsck` tells what is missing or damaged")
}
