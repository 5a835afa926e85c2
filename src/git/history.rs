//! The history: every object once, with the paths and first commits of blobs.
//!
//! A store is read in the order of its packs, each base of deltas inflated once: [`census`] numbers all
//! objects, [`family`] finds what stands on what, [`expand`] decodes, [`trees`] keeps trees and commits
//! in numbers, [`order`] and [`places`] walk them. What is kept for a repository of a million objects
//! is some hundred megabytes; blobs are never kept.

mod bits;
mod census;
mod expand;
mod family;
mod names;
mod order;
mod paths;
mod places;
mod problems;
mod trees;
mod visit;

use self::bits::Bits;
use self::census::{Census, index};
use self::expand::Pass;
use self::names::Names;
use self::paths::Paths;
use self::places::{Kinds, Walk};
use self::problems::Problems;
use self::trees::{Graph, Messages, Missing, Reader};
use super::objects::ObjectKind;
use super::oid::Oid;
use super::refs::References;
use super::repository::Repository;
use super::store::Store;
use crate::error::{Error, Kind, Result};

/// The largest tree, commit or tag in bytes.
const STRUCTURE_MAX: usize = 64 << 20;

/// A path of the history.
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
    /// Where it was, oldest first: commits that references lead to come before others. Empty for
    /// messages, and for blobs that no commit has.
    pub places: &'a [Placed],
}

/// A history.
#[derive(Debug)]
pub struct History {
    census: Census,
    store: Store,
    /// Of loose objects, in the order of their numbers.
    loose_kinds: Vec<Option<ObjectKind>>,
    /// The number of each commit.
    commits: Vec<u32>,
    reachable: Bits,
    paths: Paths,
    /// Where in `places` those of an object start, by number.
    starts: Vec<u32>,
    places: Vec<Placed>,
    /// Commits and tags that were kept, and their numbers.
    messages: Messages,
    kept: Bits,
    problems: Vec<String>,
}

impl History {
    /// Reads commits, tags and trees, and finds the places of all blobs.
    ///
    /// # Errors
    ///
    /// Fails if the range cannot be resolved or the references cannot be read.
    pub fn load(repository: &Repository, store: &Store, scope: Scope) -> Result<History> {
        match scope {
            Scope::Everything => everything(repository, store),
            Scope::Range { .. } => Err(Error::new(Kind::Incomplete, "ranges are not read yet")),
        }
    }

    /// The bytes of a path, with `/`.
    pub fn path(&self, id: PathId) -> &[u8] {
        self.paths.get(id.0)
    }

    /// How many paths there are, folders included; ids are below.
    pub fn paths(&self) -> usize {
        self.paths.len()
    }

    /// The name of a commit.
    pub fn commit_oid(&self, id: CommitId) -> Option<Oid> {
        self.census.oid(*self.commits.get(index(id.0))?)
    }

    /// A reference leads to the commit (not only a reflog, and not by chance in the store).
    pub fn is_reachable(&self, id: CommitId) -> bool {
        self.reachable.get(id.0)
    }

    /// How many objects the scope has.
    pub fn objects(&self) -> usize {
        self.census.len().saturating_sub(self.census.copies.count())
    }

    /// What could not be read, in words: missing and broken objects. Those of the store come beside.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    fn places_of(&self, number: u32) -> &[Placed] {
        let at = |place: usize| self.starts.get(place).map_or(0, |start| index(*start));
        let place = index(number);
        self.places
            .get(at(place)..at(place.saturating_add(1)))
            .unwrap_or_default()
    }
}

/// What the walk is told about the objects of a census.
struct Known<'a> {
    census: &'a Census,
    loose_kinds: &'a [Option<ObjectKind>],
    missing: &'a [Oid],
    problems: &'a Problems,
}

impl Kinds for Known<'_> {
    fn kind(&self, number: u32) -> Option<ObjectKind> {
        kind_of(self.census, self.loose_kinds, number)
    }

    fn is_there(&self, number: u32) -> bool {
        index(number) < self.census.len()
    }

    fn problem(&self, number: u32, words: &str) {
        self.problems.add(|| {
            let beyond = index(number).checked_sub(self.census.len());
            match beyond {
                None => format!("the object {} {words}", self.census.shown(number)),
                Some(place) => match self.missing.get(place) {
                    Some(oid) => format!("the object {oid} {words}"),
                    None => format!("an object {words}"),
                },
            }
        });
    }
}

fn kind_of(census: &Census, loose_kinds: &[Option<ObjectKind>], number: u32) -> Option<ObjectKind> {
    if let Some(place) = number.checked_sub(census.loose_from) {
        return loose_kinds.get(index(place)).copied().flatten();
    }
    let family = census
        .families
        .iter()
        .rev()
        .find(|family| family.first <= number)?;
    family.kind(number.checked_sub(family.first)?)
}

fn everything(repository: &Repository, store: &Store) -> Result<History> {
    let problems = Problems::default();
    let references = repository.references()?;
    let mut census = Census::take(store, &problems)
        .ok_or_else(|| Error::new(Kind::Incomplete, "the repository has too many objects"))?;
    resolve(&mut census, &problems);
    let (mut graph, loose_kinds) = read_structure(&census, store, &problems);
    let messages = std::mem::take(&mut graph.messages);
    let mut history = attribute(
        repository,
        store,
        census,
        &graph,
        loose_kinds,
        &references,
        problems,
    );
    for number in messages.numbers() {
        history.kept.set(number);
    }
    history.messages = messages;
    history.census.forget_names();
    Ok(history)
}

fn resolve(census: &mut Census, problems: &Problems) {
    let mut families = std::mem::take(&mut census.families);
    for family in &mut families {
        family.resolve(&|number| census.shown(number), problems);
    }
    census.families = families;
}

/// Reads all trees, commits and tags.
fn read_structure(
    census: &Census,
    store: &Store,
    problems: &Problems,
) -> (Graph, Vec<Option<ObjectKind>>) {
    let names = Names::new();
    let missing = Missing::default();
    let pass = Pass::new(census, STRUCTURE_MAX, problems, true);
    let threads = rayon::current_num_threads().max(1);
    let room = trees::room(census) / threads;
    let reader = || Reader::new(&pass, &names, &missing, room);
    let mut readers = pass.run(|kind| kind != ObjectKind::Blob, reader);
    let loose_kinds = visit::read_loose(store, &pass, &mut readers, reader);
    let mut graph = Graph::of(readers, census.len());
    graph.names = names.into_list();
    graph.missing = missing.into_list();
    (graph, loose_kinds)
}

fn attribute(
    repository: &Repository,
    store: &Store,
    census: Census,
    graph: &Graph,
    loose_kinds: Vec<Option<ObjectKind>>,
    references: &References,
    problems: Problems,
) -> History {
    let known = Known {
        census: &census,
        loose_kinds: &loose_kinds,
        missing: &graph.missing,
        problems: &problems,
    };
    let mut starts = Vec::new();
    let table: std::collections::HashMap<Oid, u32> = references
        .all()
        .iter()
        .map(|reference| &reference.oid)
        .chain(references.stashed())
        .chain(repository.shallow())
        .filter_map(|oid| Some((*oid, census.number(oid.as_bytes())?)))
        .collect();
    let kept = references
        .all()
        .iter()
        .map(|reference| (reference.oid, reference.is_kept()))
        .chain(references.stashed().iter().map(|oid| (*oid, true)));
    for (oid, is_kept) in kept {
        match table.get(&oid) {
            Some(number) => starts.extend(commit_behind(graph, &known, *number)),
            None if is_kept => problems.add(|| format!("the object {oid} is missing")),
            None => {}
        }
    }
    let reachable = order::reachable(graph, starts);
    let shallow: std::collections::HashSet<u32> = repository
        .shallow()
        .iter()
        .filter_map(|oid| table.get(oid).copied())
        .collect();
    let mut walk = Walk::new(graph, &known);
    for is_kept in [true, false] {
        for row in order::oldest_first(graph, &|row| reachable.get(row) == is_kept) {
            let Some(commit) = graph.commits.get(index(row)) else {
                continue;
            };
            if census.copies.get(commit.number) {
                continue;
            }
            if is_kept && !shallow.contains(&commit.number) {
                for parent in &commit.parents {
                    if !known.is_there(*parent) {
                        known.problem(*parent, "is missing");
                    } else if known
                        .kind(*parent)
                        .is_some_and(|kind| kind != ObjectKind::Commit)
                    {
                        known.problem(*parent, "is no commit, as its child says that it is");
                    }
                }
            }
            walk.commit(row, commit.tree, is_kept);
        }
    }
    if walk.is_cut {
        problems.add(|| "the history has too many paths: not all were followed".to_owned());
    }
    let Walk {
        paths, mut placed, ..
    } = walk;
    // Stable: the places of an object stay in the order in which they were found.
    placed.sort_by_key(|(number, _)| *number);
    let mut starts = vec![0_u32; census.len().saturating_add(1)];
    for (number, _) in &placed {
        if let Some(count) = starts.get_mut(index(*number).saturating_add(1)) {
            *count = count.saturating_add(1);
        }
    }
    let mut sum = 0_u32;
    for start in &mut starts {
        sum = sum.saturating_add(*start);
        *start = sum;
    }
    History {
        messages: Messages::default(),
        kept: Bits::new(census.len()),
        paths: paths.finish(&graph.names),
        commits: graph.commits.iter().map(|commit| commit.number).collect(),
        reachable,
        starts,
        places: placed.into_iter().map(|(_, placed)| placed).collect(),
        problems: problems.into_words(),
        store: store.clone(),
        loose_kinds,
        census,
    }
}

/// The commit that a tag, or a tag of a tag, is for.
fn commit_behind(graph: &Graph, known: &Known<'_>, mut number: u32) -> Option<u32> {
    // A loop of tags can only be in a broken store.
    for _ in 0..64 {
        if !known.is_there(number) {
            known.problem(number, "is missing");
            return None;
        }
        match known.kind(number)? {
            ObjectKind::Commit => return order::commit_row(graph, number),
            ObjectKind::Tag => number = graph.row(number)?,
            _ => return None,
        }
    }
    None
}
