//! Where blobs were: for each its paths, each with the first commit that has it there.
//!
//! Commits are walked from the oldest to the newest. At each path stands the tree that was there last;
//! entries that a new tree shares with it are known already. What is left is looked up among all pairs
//! of path and content that were seen. So each tree is looked at once at each path, and what did not
//! change costs a comparison of two numbers.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::bits::Bits;
use super::census::{NONE, index};
use super::entry::Entry;
use super::paths::{PathTree, ROOT, Refused};
use super::trees::Graph;
use super::{CommitId, PathId, Placed};
use crate::git::objects::{EntryKind, ObjectKind};

/// Comparisons that any repository may cost, and how many more for each of its trees.
const WORK_LEAST: u64 = 500_000_000;
const WORK_PER_TREE: u64 = 4096;

/// What the walk needs to know about objects.
pub(super) trait Kinds {
    /// The kind of an object that is in the store; `None` if that cannot be known.
    fn kind(&self, number: u32) -> Option<ObjectKind>;
    /// It is in the store.
    fn is_there(&self, number: u32) -> bool;
    /// Tells what is wrong with an object that a commit leads to.
    fn problem(&self, number: u32, words: &str);
}

/// A walk over commits.
pub(super) struct Walk<'a, K> {
    graph: &'a Graph,
    kinds: &'a K,
    pub(super) paths: PathTree,
    /// At each path the tree that was there last.
    last: Vec<u32>,
    /// Pairs of path and content.
    seen: HashSet<u64, RandomState>,
    /// Trees that were looked at, at any path.
    looked: Bits,
    told: HashSet<u32, RandomState>,
    stack: Vec<(u32, u32)>,
    changed: Vec<Entry>,
    work: u64,
    /// Some paths are left out.
    pub(super) is_cut: bool,
    pub(super) placed: Vec<(u32, Placed)>,
}

impl<'a, K: Kinds> Walk<'a, K> {
    pub(super) fn new(graph: &'a Graph, kinds: &'a K, objects: usize) -> Self {
        let trees = u64::try_from(graph.tree_count()).unwrap_or(u64::MAX);
        Walk {
            graph,
            kinds,
            paths: PathTree::new(objects),
            last: Vec::new(),
            // About as many blobs as trees.
            seen: HashSet::with_capacity_and_hasher(
                graph.tree_count().saturating_mul(2),
                RandomState::default(),
            ),
            looked: Bits::new(graph.tree_count()),
            told: HashSet::with_hasher(RandomState::default()),
            stack: Vec::new(),
            changed: Vec::new(),
            work: trees.saturating_mul(WORK_PER_TREE).max(WORK_LEAST),
            is_cut: false,
            placed: Vec::new(),
        }
    }

    /// Looks at the tree of a commit. `is_kept`: what is missing in it is a problem.
    pub(super) fn commit(&mut self, commit: u32, tree: u32, is_kept: bool) {
        if let Some(tree) = self.tree_row(tree, is_kept) {
            self.stack.push((tree, ROOT));
        }
        while let Some((tree, path)) = self.stack.pop() {
            self.tree(tree, path, commit, is_kept);
        }
    }

    fn tree(&mut self, tree: u32, path: u32, commit: u32, is_kept: bool) {
        let graph = self.graph;
        let new = graph.entries(tree);
        if self.last.len() < self.paths.len() {
            self.last.resize(self.paths.len(), NONE);
        }
        let before = match self.last.get_mut(index(path)) {
            Some(last) => std::mem::replace(last, tree),
            None => NONE,
        };
        if before == tree {
            return;
        }
        let old = if before == NONE {
            &[][..]
        } else {
            graph.entries(before)
        };
        let cost = u64::try_from(new.len()).unwrap_or(u64::MAX);
        self.work = self.work.saturating_sub(cost.saturating_add(1));
        if self.work == 0 {
            self.is_cut = true;
        }
        if !self.looked.set(tree) && self.is_cut {
            return;
        }
        let mut changed = std::mem::take(&mut self.changed);
        changed.clear();
        differing(new, old, &mut changed);
        for entry in &changed {
            self.entry(*entry, path, commit, is_kept);
        }
        self.changed = changed;
    }

    fn entry(&mut self, entry: Entry, folder: u32, commit: u32, is_kept: bool) {
        if entry.kind() == EntryKind::Submodule {
            return;
        }
        let object = entry.object();
        let path = match self.paths.child(folder, entry.name(), &self.graph.names) {
            Ok(path) => path,
            Err(Refused::TooLong) => {
                self.tell(object, "has a path that is too long");
                return;
            }
            Err(Refused::TooMany) => {
                self.is_cut = true;
                // Below a tree that was never looked at, paths are wrong rather than unseen.
                return;
            }
        };
        let pair = (u64::from(path) << 32) | u64::from(entry.content());
        if entry.kind() == EntryKind::Tree {
            let Some(tree) = self.tree_row(object, is_kept) else {
                return;
            };
            if self.seen.insert(pair) {
                self.stack.push((tree, path));
            } else if let Some(last) = self.last.get_mut(index(path)) {
                *last = tree;
            }
            return;
        }
        if !self.seen.insert(pair) {
            return;
        }
        if !self.kinds.is_there(object) {
            if is_kept {
                self.tell(object, "is missing");
            }
            return;
        }
        if self
            .kinds
            .kind(object)
            .is_some_and(|kind| kind != ObjectKind::Blob)
        {
            self.tell(object, "is no blob, as a tree says that it is");
            return;
        }
        self.placed.push((
            object,
            Placed {
                path: PathId(path),
                commit: CommitId(commit),
                link: entry.kind() == EntryKind::Link,
            },
        ));
    }

    /// The row of a tree; `None`, and a problem, if it is none.
    fn tree_row(&mut self, object: u32, is_kept: bool) -> Option<u32> {
        if !self.kinds.is_there(object) {
            if is_kept {
                self.tell(object, "is missing");
            }
            return None;
        }
        match self.kinds.kind(object) {
            // Without a row it is broken, which was told when it was read.
            Some(ObjectKind::Tree) | None => self.graph.row(object),
            Some(_) => {
                self.tell(object, "is no tree, as a commit or a tree says that it is");
                None
            }
        }
    }

    fn tell(&mut self, object: u32, words: &str) {
        if self.told.insert(object) {
            self.kinds.problem(object, words);
        }
    }
}

/// The entries of `new` that are not in `old`, and some that are if the two are ordered differently.
fn differing(new: &[Entry], old: &[Entry], changed: &mut Vec<Entry>) {
    let (mut i, mut j) = (0_usize, 0_usize);
    while let Some(entry) = new.get(i) {
        let other = old.get(j);
        if other == Some(entry) {
            i = i.saturating_add(1);
            j = j.saturating_add(1);
            continue;
        }
        let (next, beyond) = (i.saturating_add(1), j.saturating_add(1));
        match other {
            Some(other) if other.name() != entry.name() => {
                if old
                    .get(beyond)
                    .is_some_and(|after| after.name() == entry.name())
                {
                    // One was removed.
                    j = beyond;
                } else if new
                    .get(next)
                    .is_some_and(|after| after.name() == other.name())
                {
                    // One was added.
                    changed.push(*entry);
                    i = next;
                } else {
                    changed.push(*entry);
                    i = next;
                    j = beyond;
                }
            }
            _ => {
                changed.push(*entry);
                i = next;
                j = beyond;
            }
        }
    }
}
