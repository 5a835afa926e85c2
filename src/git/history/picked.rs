//! Short ranges: commits and trees are read one by one.

use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::bits::Bits;
use super::census::{index, number_of};
use super::entry::Entry;
use super::names::NAME_MAX;
use super::paths::Paths;
use super::problems::Problems;
use super::range::{Forest, brought};
use super::trees::{CommitRow, Graph};
use super::{Placed, STRUCTURE_MAX};
use crate::error::{Error, Kind, Result};
use crate::git::objects::{Commit, EntryKind, Object, ObjectKind, tree_entries};
use crate::git::oid::Oid;
use crate::git::refs;
use crate::git::repository::Repository;
use crate::git::store::Store;

/// Commits of a range that is read object by object.
const SHORT: usize = 2000;
/// Commits that are looked at after all that are left are known to be outside: clocks may be wrong.
const SLOP: usize = 100;
/// Trees that are kept, in entries.
const TREES_KEPT: usize = 4 << 20;

/// Objects that are read one by one, numbered as they come.
pub(super) struct Picked<'a> {
    store: &'a Store,
    problems: &'a Problems,
    numbers: HashMap<Oid, u32, RandomState>,
    pub(super) oids: Vec<Oid>,
    name_numbers: HashMap<Box<[u8]>, u32, RandomState>,
    names: Vec<Box<[u8]>>,
    trees: HashMap<u32, Option<Arc<[Entry]>>, RandomState>,
    kept: usize,
}

impl<'a> Picked<'a> {
    pub(super) fn new(store: &'a Store, problems: &'a Problems) -> Self {
        Picked {
            store,
            problems,
            numbers: HashMap::with_hasher(RandomState::default()),
            oids: Vec::new(),
            name_numbers: HashMap::with_hasher(RandomState::default()),
            names: Vec::new(),
            trees: HashMap::with_hasher(RandomState::default()),
            kept: 0,
        }
    }

    fn number(&mut self, oid: Oid) -> u32 {
        let next = number_of(self.oids.len());
        let oids = &mut self.oids;
        *self.numbers.entry(oid).or_insert_with(|| {
            oids.push(oid);
            next
        })
    }

    fn name(&mut self, name: &[u8]) -> u32 {
        if let Some(number) = self.name_numbers.get(name) {
            return *number;
        }
        let number = number_of(self.names.len());
        self.names.push(name.into());
        self.name_numbers.insert(name.into(), number);
        number
    }

    /// An object of a kind; `None`, and a problem, if it is none.
    fn read(&self, number: u32, kind: ObjectKind) -> Option<Object> {
        let oid = self.oids.get(index(number))?;
        match self.store.read(oid, STRUCTURE_MAX) {
            Ok(Some(object)) if object.kind == kind => return Some(object),
            Ok(Some(_)) => self.problem(
                number,
                if kind == ObjectKind::Tree {
                    "is no tree, as a commit or a tree says that it is"
                } else {
                    "is no commit, as its child says that it is"
                },
            ),
            Ok(None) => self.problem(number, "is missing"),
            Err(error) => self.problems.add(|| error.to_string()),
        }
        None
    }

    fn commit(&mut self, number: u32) -> Option<CommitRow> {
        let object = self.read(number, ObjectKind::Commit)?;
        let Some(commit) = Commit::parse(&object.data) else {
            self.problem(number, "is not a commit that can be read");
            return None;
        };
        Some(CommitRow {
            number,
            tree: self.number(commit.tree),
            time: commit.time,
            parents: commit
                .parents
                .into_iter()
                .map(|parent| self.number(parent))
                .collect(),
        })
    }

    fn tree(&mut self, number: u32) -> Option<Arc<[Entry]>> {
        let object = self.read(number, ObjectKind::Tree)?;
        let mut entries = Vec::new();
        for entry in tree_entries(&object.data, self.store.hash()) {
            match entry {
                Ok(entry) if entry.name.len() <= NAME_MAX => {
                    let name = self.name(entry.name);
                    let object = match entry.oid() {
                        Some(oid) if entry.kind() != EntryKind::Submodule => self.number(oid),
                        _ => 0,
                    };
                    entries.push(Entry::new(name, entry.kind(), object));
                }
                _ => {
                    // What could be read of it still counts.
                    self.problem(number, "is not a tree that can be read");
                    break;
                }
            }
        }
        Some(entries.into())
    }
}

impl Forest for Picked<'_> {
    fn entries(&mut self, tree: u32) -> Option<Arc<[Entry]>> {
        if let Some(entries) = self.trees.get(&tree) {
            return entries.clone();
        }
        let entries = self.tree(tree);
        let count = entries.as_ref().map_or(0, |entries| entries.len());
        self.kept = self.kept.saturating_add(count);
        if self.kept > TREES_KEPT {
            self.trees.clear();
            self.kept = count;
        }
        self.trees.insert(tree, entries.clone());
        entries
    }

    fn names(&self) -> &[Box<[u8]>] {
        &self.names
    }

    fn problem(&self, number: u32, words: &str) {
        let oid = self.oids.get(index(number));
        self.problems.add(|| match oid {
            Some(oid) => format!("the object {oid} {words}"),
            None => format!("an object {words}"),
        });
    }
}

/// What is known about a commit while both ends are walked from.
#[derive(Clone, Copy)]
struct State {
    /// `from` reaches it.
    is_outside: bool,
    /// Its parents are to be looked at, again perhaps.
    is_queued: bool,
}

/// The commits of a short range and what they brought in.
pub(super) struct Short {
    pub(super) oids: Vec<Oid>,
    /// Numbers, oldest first.
    pub(super) commits: Vec<u32>,
    pub(super) placed: Vec<(u32, Placed)>,
    pub(super) paths: Paths,
}

/// Reads a short range; `None` if it is a long one.
pub(super) fn short(
    repository: &Repository,
    store: &Store,
    from: Oid,
    to: Oid,
    problems: &Problems,
) -> Result<Option<Short>> {
    let mut picked = Picked::new(store, problems);
    let Some((graph, wanted)) = picked.paint(from, to, repository)? else {
        return Ok(None);
    };
    let shallow: Vec<u32> = repository
        .shallow()
        .iter()
        .filter_map(|oid| picked.numbers.get(oid).copied())
        .collect();
    let brought = brought(
        &mut picked,
        &graph,
        &wanted,
        &|number| shallow.contains(&number),
        store.packed(),
        problems,
    );
    Ok(Some(Short {
        paths: brought.paths.finish(&picked.names),
        oids: picked.oids,
        commits: brought.commits,
        placed: brought.placed,
    }))
}

impl Picked<'_> {
    /// Walks from both ends, newest commits first, until all that is left is reachable from `from`.
    fn paint(
        &mut self,
        from: Oid,
        to: Oid,
        repository: &Repository,
    ) -> Result<Option<(Graph, Bits)>> {
        let mut rows: HashMap<u32, CommitRow> = HashMap::new();
        let mut states: HashMap<u32, State> = HashMap::new();
        let mut queue: BinaryHeap<(i64, u32)> = BinaryHeap::new();
        let shallow = repository.shallow();
        for (oid, is_outside) in [(from, true), (to, false)] {
            let oid = refs::commit_of(oid, self.store).ok_or_else(|| {
                Error::new(
                    Kind::Incomplete,
                    format!("{oid} is no commit that can be read"),
                )
                .hint("fetch it first; a shallow clone may not have it")
            })?;
            let number = self.number(oid);
            let row = self.commit(number).ok_or_else(|| {
                Error::new(Kind::Incomplete, format!("the commit {oid} cannot be read"))
            })?;
            // If both ends are the same, it is outside.
            states.entry(number).or_insert_with(|| {
                queue.push((row.time, number));
                State {
                    is_outside,
                    is_queued: true,
                }
            });
            rows.insert(number, row);
        }
        // Commits of the range: all that were found, and those whose parents were not looked at yet.
        let mut inside = states.values().filter(|state| !state.is_outside).count();
        let mut waiting = inside;
        let mut slop = SLOP;
        while let Some((_, number)) = queue.pop() {
            let Some(state) = states.get_mut(&number) else {
                continue;
            };
            state.is_queued = false;
            let is_outside = state.is_outside;
            if !is_outside {
                waiting = waiting.saturating_sub(1);
                slop = SLOP;
            } else if waiting == 0 {
                slop = slop.saturating_sub(1);
                if slop == 0 {
                    break;
                }
            }
            let ends = |oid: Option<&Oid>| oid.is_some_and(|oid| shallow.contains(oid));
            if ends(self.oids.get(index(number))) {
                continue;
            }
            let parents = rows
                .get(&number)
                .map(|row| row.parents.clone())
                .unwrap_or_default();
            for parent in parents {
                if let Some(state) = states.get_mut(&parent) {
                    if is_outside && !state.is_outside {
                        // It was taken for a part of the range, and so were those behind it.
                        state.is_outside = true;
                        inside = inside.saturating_sub(1);
                        if state.is_queued {
                            waiting = waiting.saturating_sub(1);
                        } else if let Some(row) = rows.get(&parent) {
                            state.is_queued = true;
                            queue.push((row.time, parent));
                        }
                    }
                    continue;
                }
                let oid = self.oids.get(index(parent));
                if is_outside && !oid.is_some_and(|oid| self.store.contains(oid)) {
                    // What is outside may be missing.
                    continue;
                }
                let Some(row) = self.commit(parent) else {
                    continue;
                };
                queue.push((row.time, parent));
                rows.insert(parent, row);
                states.insert(
                    parent,
                    State {
                        is_outside,
                        is_queued: true,
                    },
                );
                if !is_outside {
                    inside = inside.saturating_add(1);
                    waiting = waiting.saturating_add(1);
                    if inside > SHORT {
                        return Ok(None);
                    }
                }
            }
        }
        let graph = Graph::of_commits(rows.into_values().collect());
        let mut wanted = Bits::new(graph.commits.len());
        for (commit, row) in graph.commits.iter().zip(0_u32..) {
            if states
                .get(&commit.number)
                .is_some_and(|state| !state.is_outside)
            {
                wanted.set(row);
            }
        }
        Ok(Some((graph, wanted)))
    }
}
