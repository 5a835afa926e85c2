//! Sparse indexes (extension `sdir`): folders outside of the sparse checkout are one entry each.

use super::IndexEntry;
use crate::error::{Error, Kind, Result};
use crate::git::objects::{EntryKind, ObjectKind, tree_entries};
use crate::git::oid::Oid;
use crate::git::store::Store;

/// Entries after expansion.
const ENTRIES_MAX: usize = 10_000_000;
/// A tree, in bytes.
const TREE_MAX: usize = 64 << 20;
/// Folders in folders.
const DEPTH_MAX: usize = 256;

/// Replaces folders by the files in their trees.
pub(super) fn expand(entries: Vec<IndexEntry>, store: &Store) -> Result<Vec<IndexEntry>> {
    let mut all = Vec::with_capacity(entries.len());
    for entry in entries {
        if EntryKind::of_mode(entry.mode) == EntryKind::Tree {
            add(store, entry.oid, &entry.path, 0, &mut all)?;
        } else {
            all.push(entry);
        }
    }
    // The files of a folder `a` come behind `a.b` in trees and before it in the index.
    all.sort_by(|a, b| (&a.path, a.stage).cmp(&(&b.path, b.stage)));
    Ok(all)
}

fn add(
    store: &Store,
    tree: Oid,
    folder: &[u8],
    depth: usize,
    all: &mut Vec<IndexEntry>,
) -> Result<()> {
    let fail = |what: &str| {
        Error::new(
            Kind::Incomplete,
            format!("the tree {tree} of the sparse index {what}"),
        )
    };
    if depth > DEPTH_MAX {
        return Err(fail("is in too many folders"));
    }
    let object = store
        .read(&tree, TREE_MAX)?
        .filter(|object| object.kind == ObjectKind::Tree)
        .ok_or_else(|| fail("is missing"))?;
    for entry in tree_entries(&object.data, store.hash()) {
        let entry = entry.map_err(&fail)?;
        let oid = entry.oid().ok_or_else(|| fail("cannot be read"))?;
        let mut path = folder.strip_suffix(b"/").unwrap_or(folder).to_vec();
        path.push(b'/');
        path.extend_from_slice(entry.name);
        if path.len() > super::PATH_MAX || all.len() >= ENTRIES_MAX {
            return Err(fail("has too much in it"));
        }
        if entry.kind() == EntryKind::Tree {
            add(store, oid, &path, depth.saturating_add(1), all)?;
        } else {
            all.push(IndexEntry {
                path,
                oid,
                mode: entry.mode,
                stage: 0,
                intent_to_add: false,
                skip_worktree: true,
                assume_valid: false,
            });
        }
    }
    Ok(())
}
