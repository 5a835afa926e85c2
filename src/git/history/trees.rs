//! Trees, commits and tags of a store in a compact form.
//!
//! An entry of a tree is 8 bytes: the number of its name, what it is, and the number of its object.
//! Most trees are deltas: entries that were copied from the base are taken over without looking at
//! their names again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::census::{Census, NONE, index, number_of};
use super::entry::Entry;
use super::expand::{Base, Looker, Pass};
use super::messages::Messages;
use super::names::{KnownNames, Names};
use super::{Each, Item};
use crate::git::delta::Copied;
use crate::git::objects::{Commit, EntryKind, ObjectKind, Tag, first_entry, message_in};
use crate::git::oid::Oid;

/// Entries in a block of memory.
const BLOCK: usize = 1 << 15;
/// Entries of all trees in any repository, and one more for each so many bytes of packs.
const ENTRIES_LEAST: usize = 16 << 20;
const BYTES_PER_ENTRY: u64 = 4;
/// Objects that are not there, each with a number.
const MISSING_MAX: usize = 4 << 20;

/// Objects that trees and commits name and that are not in the store.
#[derive(Debug, Default)]
pub(super) struct Missing {
    inner: Mutex<(HashMap<Oid, u32>, Vec<Oid>)>,
}

impl Missing {
    /// A number behind those of the census.
    fn number(&self, census: &Census, oid: &[u8]) -> u32 {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(oid) = Oid::from_bytes(oid) else {
            return number_of(census.len());
        };
        if let Some(number) = inner.0.get(&oid) {
            return *number;
        }
        let place = inner.1.len();
        if place < MISSING_MAX {
            inner.1.push(oid);
        }
        let number = number_of(census.len().saturating_add(place));
        if place < MISSING_MAX {
            inner.0.insert(oid, number);
        }
        number
    }

    pub(super) fn into_list(self) -> Vec<Oid> {
        self.inner
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .1
    }
}

/// Where the entries of a tree are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TreeAt {
    block: u32,
    start: u32,
    length: u32,
}

/// What a commit says, in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommitRow {
    pub(super) number: u32,
    pub(super) tree: u32,
    pub(super) time: i64,
    pub(super) parents: Vec<u32>,
}

/// What one thread has read.
pub(super) struct Reader<'a> {
    pass: &'a Pass<'a>,
    names: KnownNames<'a>,
    missing: &'a Missing,
    building: Vec<Entry>,
    room: usize,
    pub(super) blocks: Vec<Vec<Entry>>,
    pub(super) trees: Vec<(u32, TreeAt)>,
    pub(super) commits: Vec<CommitRow>,
    pub(super) tags: Vec<(u32, u32)>,
    /// Who is given messages that there is no room for; without one, none are kept.
    each: Option<&'a Each<'a>>,
    messages: Messages,
}

/// What deltas need to know about a tree.
#[derive(Default)]
pub(super) struct TreeNote {
    at: TreeAt,
    /// Where each entry starts in the tree, and where the last one ends.
    starts: Vec<u32>,
}

/// How many entries each of `threads` may hold.
pub(super) fn room(census: &Census) -> usize {
    let packed = census.families.iter().fold(0_u64, |sum, family| {
        sum.saturating_add(family.pack.source.len())
    });
    ENTRIES_LEAST.saturating_add(usize::try_from(packed / BYTES_PER_ENTRY).unwrap_or(usize::MAX))
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        pass: &'a Pass<'a>,
        names: &'a Names,
        missing: &'a Missing,
        room: usize,
        each: Option<&'a Each<'a>>,
    ) -> Self {
        Reader {
            pass,
            names: KnownNames::new(names),
            missing,
            building: Vec::new(),
            room,
            blocks: Vec::new(),
            trees: Vec::new(),
            commits: Vec::new(),
            tags: Vec::new(),
            each,
            messages: Messages::default(),
        }
    }

    fn entries(&self, at: TreeAt) -> &[Entry] {
        entries(&self.blocks, at)
    }

    /// The number of an object, in the store or not.
    fn number(&self, oid: &[u8]) -> u32 {
        self.pass
            .census
            .number(oid)
            .unwrap_or_else(|| self.missing.number(self.pass.census, oid))
    }

    fn tree(
        &mut self,
        number: u32,
        data: &[u8],
        base: Option<Base<'_, TreeNote>>,
        is_base: bool,
    ) -> TreeNote {
        let mut building = std::mem::take(&mut self.building);
        building.clear();
        // Few entries are shorter than 28 bytes.
        let mut starts = Vec::with_capacity(if is_base { data.len() / 28 + 2 } else { 0 });
        let keep = is_base.then_some(&mut starts);
        let sound = match base {
            Some(base) => self.take_over(data, base, &mut building, keep),
            None => self.parse(data, &mut building, keep),
        };
        let at = self.store(&building);
        self.building = building;
        match (sound, at) {
            (true, Some(at)) => {
                self.trees.push((number, at));
                TreeNote { at, starts }
            }
            (sound, at) => {
                self.pass.problem(
                    number,
                    if at.is_none() {
                        "is left out: the repository has too many entries in trees"
                    } else {
                        "is not a tree that can be read"
                    },
                );
                // What could be read of it still counts.
                if let Some(at) = at.filter(|_| !sound) {
                    self.trees.push((number, at));
                }
                TreeNote::default()
            }
        }
    }

    fn parse(
        &mut self,
        data: &[u8],
        building: &mut Vec<Entry>,
        mut starts: Option<&mut Vec<u32>>,
    ) -> bool {
        let mut at = 0;
        while at < data.len() {
            if let Some(starts) = starts.as_deref_mut() {
                starts.push(number_of(at));
            }
            let Some(length) = self.one(data.get(at..).unwrap_or_default(), building) else {
                return false;
            };
            at = at.saturating_add(length);
        }
        if let Some(starts) = starts {
            starts.push(number_of(at));
        }
        true
    }

    /// The entry at the start of `data`.
    fn one(&mut self, data: &[u8], building: &mut Vec<Entry>) -> Option<usize> {
        let (entry, length) = first_entry(data, self.pass.census.hash.len())?;
        let name = self.names.number(entry.name)?;
        let kind = entry.kind();
        let object = if kind == EntryKind::Submodule {
            0
        } else {
            self.number(entry.oid)
        };
        building.push(Entry::new(name, kind, object));
        Some(length)
    }

    /// As `parse`, with whole entries of the base wherever they were copied.
    fn take_over(
        &mut self,
        data: &[u8],
        base: Base<'_, TreeNote>,
        building: &mut Vec<Entry>,
        mut starts: Option<&mut Vec<u32>>,
    ) -> bool {
        let mut parts = base.copied.iter().peekable();
        let mut at = 0_usize;
        while at < data.len() {
            while parts.next_if(|part| end_of(part) <= at).is_some() {}
            if let Some(part) = parts.peek().filter(|part| part.target <= at) {
                let taken = self.copy(part, at, base.note, building, starts.as_deref_mut());
                if taken > 0 {
                    at = at.saturating_add(taken);
                    continue;
                }
            }
            if let Some(starts) = starts.as_deref_mut() {
                starts.push(number_of(at));
            }
            let Some(length) = self.one(data.get(at..).unwrap_or_default(), building) else {
                return false;
            };
            at = at.saturating_add(length);
        }
        if let Some(starts) = starts {
            starts.push(number_of(at));
        }
        true
    }

    /// The entries of the base from `at` of the target on that were copied whole; their length.
    fn copy(
        &self,
        part: &Copied,
        at: usize,
        base: &TreeNote,
        building: &mut Vec<Entry>,
        starts: Option<&mut Vec<u32>>,
    ) -> usize {
        let inside = at.saturating_sub(part.target);
        let from = number_of(part.base.saturating_add(inside));
        let to = number_of(part.base.saturating_add(part.length));
        let Ok(first) = base.starts.binary_search(&from) else {
            return 0;
        };
        let rest = base.starts.get(first..).unwrap_or_default();
        // Where the last whole entry ends: at the start of another one, or the end of all.
        let count = rest.partition_point(|start| *start <= to).saturating_sub(1);
        let Some(end) = rest.get(count).filter(|_| count > 0) else {
            return 0;
        };
        let known = self.entries(base.at);
        let Some(known) = known.get(first..first.saturating_add(count)) else {
            return 0;
        };
        building.extend_from_slice(known);
        if let Some(starts) = starts {
            let shift = number_of(at);
            starts.extend(
                rest.iter()
                    .take(count)
                    .map(|start| start.wrapping_sub(from).wrapping_add(shift)),
            );
        }
        index(end.saturating_sub(from))
    }

    /// Puts entries into a block.
    fn store(&mut self, entries: &[Entry]) -> Option<TreeAt> {
        self.room = self.room.checked_sub(entries.len())?;
        let fits = self
            .blocks
            .last()
            .is_some_and(|block| block.capacity().saturating_sub(block.len()) >= entries.len());
        if !fits {
            self.blocks
                .push(Vec::with_capacity(BLOCK.max(entries.len())));
        }
        let place = number_of(self.blocks.len().saturating_sub(1));
        let block = self.blocks.last_mut()?;
        let start = number_of(block.len());
        block.extend_from_slice(entries);
        Some(TreeAt {
            block: place,
            start,
            length: number_of(entries.len()),
        })
    }

    fn commit(&mut self, number: u32, data: &[u8]) {
        let Some(commit) = Commit::parse(data) else {
            self.pass
                .problem(number, "is not a commit that can be read");
            return;
        };
        let row = CommitRow {
            number,
            tree: self.number(commit.tree.as_bytes()),
            time: commit.time,
            parents: commit
                .parents
                .iter()
                .map(|parent| self.number(parent.as_bytes()))
                .collect(),
        };
        self.commits.push(row);
    }
}

fn end_of(part: &Copied) -> usize {
    part.target.saturating_add(part.length)
}

fn entries(blocks: &[Vec<Entry>], at: TreeAt) -> &[Entry] {
    let start = index(at.start);
    blocks
        .get(index(at.block))
        .and_then(|block| block.get(start..start.saturating_add(index(at.length))))
        .unwrap_or_default()
}

impl Looker for Reader<'_> {
    type Note = TreeNote;

    fn may_want(&self, _number: u32, _kind: ObjectKind) -> bool {
        true
    }

    fn wants(&mut self, _number: u32, _kind: ObjectKind, _size: u64) -> bool {
        true
    }

    fn look(
        &mut self,
        number: u32,
        kind: ObjectKind,
        data: &[u8],
        base: Option<Base<'_, TreeNote>>,
        is_base: bool,
    ) -> TreeNote {
        let problems = self.pass.problems;
        let census = self.pass.census;
        let sound = census.check_doubled(number, kind, data, problems);
        let is_known = sound && census.copies.get(number);
        // A copy that is sound says nothing new.
        if is_known && !is_base {
            return TreeNote::default();
        }
        if matches!(kind, ObjectKind::Commit | ObjectKind::Tag)
            && !is_known
            && let Some(each) = self.each
            && !self.messages.keep(number, kind, message_in(data))
            && let Some(oid) = census.oid(number)
        {
            each(Item::of(kind, oid, data, &[]));
        }
        match kind {
            ObjectKind::Tree => return self.tree(number, data, base, is_base),
            ObjectKind::Commit => self.commit(number, data),
            ObjectKind::Tag => match Tag::parse(data) {
                Some(tag) => {
                    let target = self.number(tag.target.as_bytes());
                    self.tags.push((number, target));
                }
                None => self.pass.problem(number, "is not a tag that can be read"),
            },
            ObjectKind::Blob => {}
        }
        TreeNote::default()
    }
}

/// All trees, commits and tags.
#[derive(Debug, Default)]
pub(super) struct Graph {
    blocks: Vec<Vec<Entry>>,
    trees: Vec<TreeAt>,
    pub(super) commits: Vec<CommitRow>,
    /// By number of object: the position in `trees`, in `commits`, or the number of a tag's target.
    rows: Vec<u32>,
    pub(super) names: Vec<Box<[u8]>>,
    pub(super) missing: Vec<Oid>,
    /// Of each thread.
    pub(super) messages: Vec<Messages>,
}

impl Graph {
    /// Puts together what the threads have read.
    pub(super) fn of(readers: Vec<Reader<'_>>, count: usize) -> Graph {
        let mut graph = Graph {
            rows: vec![NONE; count],
            ..Graph::default()
        };
        let trees = readers.iter().map(|reader| reader.trees.len()).sum();
        graph.trees.reserve_exact(trees);
        for reader in readers {
            let shift = number_of(graph.blocks.len());
            graph.blocks.extend(reader.blocks);
            for (number, at) in reader.trees {
                let row = number_of(graph.trees.len());
                graph.trees.push(TreeAt {
                    block: at.block.saturating_add(shift),
                    ..at
                });
                graph.set_row(number, row);
            }
            graph.commits.extend(reader.commits);
            graph.messages.push(reader.messages);
            for (number, target) in reader.tags {
                graph.set_row(number, target);
            }
        }
        graph.sort_commits();
        graph
    }

    /// Commits alone.
    pub(super) fn of_commits(commits: Vec<CommitRow>) -> Graph {
        let count = commits.iter().map(|commit| index(commit.number)).max();
        let mut graph = Graph {
            rows: vec![NONE; count.map_or(0, |last| last.saturating_add(1))],
            commits,
            ..Graph::default()
        };
        graph.sort_commits();
        graph
    }

    fn sort_commits(&mut self) {
        self.commits
            .par_sort_unstable_by_key(|commit| commit.number);
        for position in 0..self.commits.len() {
            if let Some(commit) = self.commits.get(position) {
                self.set_row(commit.number, number_of(position));
            }
        }
    }

    fn set_row(&mut self, number: u32, row: u32) {
        if let Some(place) = self.rows.get_mut(index(number)) {
            *place = row;
        }
    }

    /// The row of an object of a known kind.
    pub(super) fn row(&self, number: u32) -> Option<u32> {
        self.rows
            .get(index(number))
            .copied()
            .filter(|row| *row != NONE)
    }

    pub(super) fn entries(&self, tree: u32) -> &[Entry] {
        self.trees
            .get(index(tree))
            .map(|at| entries(&self.blocks, *at))
            .unwrap_or_default()
    }

    pub(super) fn tree_count(&self) -> usize {
        self.trees.len()
    }
}
