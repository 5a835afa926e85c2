//! What the commits of a range brought in.
//!
//! A commit brings in what none of its parents has at the same path. Short ranges are read object by
//! object; for long ones the store is read whole first, which is faster from some thousand commits on.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::bits::Bits;
use super::census::{index, number_of};
use super::entry::Entry;
use super::order;
use super::paths::{PathTree, ROOT, Refused};
use super::places::Kinds;
use super::problems::Problems;
use super::trees::Graph;
use super::{CommitId, PathId, Placed};
use crate::git::objects::{EntryKind, ObjectKind};

/// Entries that are compared in all.
const WORK_MAX: usize = 1_000_000_000;
/// Folders in folders.
const DEPTH_MAX: usize = 1000;

/// Where trees come from.
pub(super) trait Forest {
    /// The entries of a tree; `None`, and a problem, if it is none.
    fn entries(&mut self, tree: u32) -> Option<Arc<[Entry]>>;
    /// The names in entries.
    fn names(&self) -> &[Box<[u8]>];
    /// Tells what is wrong with an object.
    fn problem(&self, number: u32, words: &str);
}

/// Blobs with their places, in the order in which they came in.
pub(super) struct Brought {
    /// The numbers of the commits, oldest first.
    pub(super) commits: Vec<u32>,
    pub(super) placed: Vec<(u32, Placed)>,
    pub(super) paths: PathTree,
}

/// Finds what the commits of a set brought in.
pub(super) fn brought<F: Forest>(
    forest: &mut F,
    graph: &Graph,
    wanted: &Bits,
    is_shallow: &dyn Fn(u32) -> bool,
    objects: usize,
    problems: &Problems,
) -> Brought {
    let mut comparison = Comparison {
        forest,
        paths: PathTree::new(objects),
        seen: HashSet::with_hasher(RandomState::default()),
        placed: Vec::new(),
        work: WORK_MAX,
        is_cut: false,
    };
    let mut commits = Vec::new();
    for row in order::oldest_first(graph, &|row| wanted.get(row)) {
        let Some(commit) = graph.commits.get(index(row)) else {
            continue;
        };
        if is_shallow(commit.number) {
            problems.add(|| "the range reaches the end of a shallow clone".to_owned());
        }
        let mut parents = Vec::with_capacity(commit.parents.len());
        for parent in &commit.parents {
            match order::commit_row(graph, *parent).and_then(|row| graph.commits.get(index(row))) {
                Some(parent) => parents.push(parent.tree),
                None if is_shallow(commit.number) => {}
                None => comparison.forest.problem(*parent, "is missing"),
            }
        }
        comparison.commit(number_of(commits.len()), commit.tree, &parents);
        commits.push(commit.number);
    }
    if comparison.is_cut {
        problems.add(|| "the range has too many paths: not all were followed".to_owned());
    }
    Brought {
        commits,
        placed: comparison.placed,
        paths: comparison.paths,
    }
}

struct Comparison<'a, F> {
    forest: &'a mut F,
    paths: PathTree,
    /// Pairs of path and content that were found.
    seen: HashSet<u64, RandomState>,
    placed: Vec<(u32, Placed)>,
    work: usize,
    is_cut: bool,
}

/// A tree at a path, and the trees that the parents have there.
struct Task {
    tree: u32,
    path: u32,
    parents: Vec<u32>,
    depth: usize,
}

impl<F: Forest> Comparison<'_, F> {
    fn commit(&mut self, commit: u32, tree: u32, parents: &[u32]) {
        let mut stack = vec![Task {
            tree,
            path: ROOT,
            parents: parents.to_vec(),
            depth: 0,
        }];
        while let Some(task) = stack.pop() {
            if task.parents.contains(&task.tree) {
                continue;
            }
            self.tree(commit, &task, &mut stack);
        }
    }

    fn tree(&mut self, commit: u32, task: &Task, stack: &mut Vec<Task>) {
        let Some(entries) = self.forest.entries(task.tree) else {
            return;
        };
        let mut others = Vec::with_capacity(task.parents.len());
        for parent in &task.parents {
            // If a parent cannot be read, more is brought in.
            others.extend(self.forest.entries(*parent));
        }
        // Trees of a loop are only in broken stores, and a bomb of trees is wide as well as deep.
        self.work = self.work.saturating_sub(entries.len().saturating_add(1));
        if self.work == 0 || task.depth > DEPTH_MAX {
            self.is_cut = true;
            return;
        }
        let mut cursors = vec![0_usize; others.len()];
        for entry in entries.iter() {
            let mut inside = Vec::new();
            let mut is_known = false;
            for (other, cursor) in others.iter().zip(&mut cursors) {
                let Some(found) = same_name(other, cursor, entry.name()) else {
                    continue;
                };
                is_known |= found.content() == entry.content();
                if found.kind() == EntryKind::Tree {
                    inside.push(found.object());
                }
            }
            if !is_known {
                self.entry(commit, *entry, task, inside, stack);
            }
        }
    }

    fn entry(
        &mut self,
        commit: u32,
        entry: Entry,
        task: &Task,
        inside: Vec<u32>,
        stack: &mut Vec<Task>,
    ) {
        if entry.kind() == EntryKind::Submodule {
            return;
        }
        let path = match self
            .paths
            .child(task.path, entry.name(), self.forest.names())
        {
            Ok(path) => path,
            Err(Refused::TooLong) => {
                self.forest
                    .problem(entry.object(), "has a path that is too long");
                return;
            }
            Err(Refused::TooMany) => {
                self.is_cut = true;
                return;
            }
        };
        if entry.kind() == EntryKind::Tree {
            stack.push(Task {
                tree: entry.object(),
                path,
                parents: inside,
                depth: task.depth.saturating_add(1),
            });
            return;
        }
        let pair = (u64::from(path) << 32) | u64::from(entry.content());
        if self.seen.insert(pair) {
            self.placed.push((
                entry.object(),
                Placed {
                    path: PathId(path),
                    commit: CommitId(commit),
                    link: entry.kind() == EntryKind::Link,
                },
            ));
        }
    }
}

/// The entry of a name, most likely at the cursor or behind it.
fn same_name(entries: &[Entry], cursor: &mut usize, name: u32) -> Option<Entry> {
    let from = (*cursor).min(entries.len());
    let (before, behind) = entries.split_at_checked(from)?;
    let place = match behind.iter().position(|entry| entry.name() == name) {
        Some(place) => from.saturating_add(place),
        None => before.iter().position(|entry| entry.name() == name)?,
    };
    *cursor = place.saturating_add(1);
    entries.get(place).copied()
}

/// A forest that was read whole.
pub(super) struct WholeForest<'a, K> {
    pub(super) graph: &'a Graph,
    pub(super) kinds: &'a K,
}

impl<K: Kinds> Forest for WholeForest<'_, K> {
    fn entries(&mut self, tree: u32) -> Option<Arc<[Entry]>> {
        if !self.kinds.is_there(tree) {
            self.problem(tree, "is missing");
            return None;
        }
        match self.kinds.kind(tree) {
            // Without a row it is broken, which was told when it was read.
            Some(ObjectKind::Tree) | None => Some(self.graph.entries(self.graph.row(tree)?).into()),
            Some(_) => {
                self.problem(tree, "is no tree, as a commit or a tree says that it is");
                None
            }
        }
    }

    fn names(&self) -> &[Box<[u8]>] {
        &self.graph.names
    }

    fn problem(&self, number: u32, words: &str) {
        self.kinds.problem(number, words);
    }
}
