//! Histories of which the store was read whole.

use std::collections::HashSet;

use rayon::prelude::*;

use super::bits::Bits;
use super::census::{Census, index, number_of};
use super::expand::Pass;
use super::messages::Messages;
use super::names::Names;
use super::places::{Kinds, Walk};
use super::problems::Problems;
use super::range::{self, WholeForest};
use super::trees::{self, Graph, Missing, Reader};
use super::{Each, History, Item, Objects, Paths, Places, STRUCTURE_MAX, order, visit};
use crate::error::{Error, Kind, Result};
use crate::git::objects::ObjectKind;
use crate::git::oid::Oid;
use crate::git::refs::{self, References};
use crate::git::repository::Repository;
use crate::git::store::Store;

/// How often a tag may be for a tag.
const TAGS_MAX: usize = 64;

/// All objects of a store.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) census: Census,
    /// Of loose objects, in the order of their numbers.
    pub(super) loose_kinds: Vec<Option<ObjectKind>>,
    /// Commits and tags have been given.
    pub(super) given: bool,
    /// The objects that are visited; `None`: all.
    pub(super) only: Option<Bits>,
}

impl Whole {
    pub(super) fn kind(&self, number: u32) -> Option<ObjectKind> {
        kind_of(&self.census, &self.loose_kinds, number)
    }

    /// Objects of that kind are given by a visit.
    pub(super) fn is_to_give(&self, kind: ObjectKind) -> bool {
        match kind {
            ObjectKind::Blob => true,
            ObjectKind::Commit | ObjectKind::Tag => !self.given,
            ObjectKind::Tree => false,
        }
    }

    /// The object is visited.
    pub(super) fn is_visited(&self, number: u32) -> bool {
        self.only.as_ref().is_none_or(|only| only.get(number))
    }
}

/// What walks are told about the objects of a census.
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

/// A store with all its structure read.
struct Loaded {
    census: Census,
    loose_kinds: Vec<Option<ObjectKind>>,
    graph: Graph,
}

fn read(store: &Store, each: Option<&Each<'_>>, problems: &Problems) -> Result<Loaded> {
    let mut census = Census::take(store, problems)
        .ok_or_else(|| Error::new(Kind::Incomplete, "the repository has too many objects"))?;
    census.resolve(problems);
    let (graph, loose_kinds) = structure(&census, store, each, problems);
    Ok(Loaded {
        census,
        loose_kinds,
        graph,
    })
}

/// Reads all trees, commits and tags.
fn structure(
    census: &Census,
    store: &Store,
    each: Option<&Each<'_>>,
    problems: &Problems,
) -> (Graph, Vec<Option<ObjectKind>>) {
    let names = Names::new();
    let missing = Missing::default();
    let pass = Pass::new(census, STRUCTURE_MAX, problems, true);
    let threads = rayon::current_num_threads().max(1);
    let room = trees::room(census) / threads;
    let reader = || Reader::new(&pass, &names, &missing, room, each);
    let mut readers = pass.run(|kind| kind != ObjectKind::Blob, reader);
    let loose_kinds = visit::read_loose(store, &pass, &mut readers, reader);
    let mut graph = Graph::of(readers, census.len());
    graph.names = names.into_list();
    graph.missing = missing.into_list();
    (graph, loose_kinds)
}

/// Every object of the store.
pub(super) fn everything(
    repository: &Repository,
    store: &Store,
    each: Option<&Each<'_>>,
    meanwhile: impl FnOnce() + Send,
) -> Result<History> {
    let problems = Problems::default();
    let (references, loaded) =
        rayon::join(|| repository.references(), || read(store, each, &problems));
    let (references, loaded) = (references?, loaded?);
    for words in references.problems() {
        problems.add(|| words.clone());
    }
    // The walk takes one thread, and messages stand at no place.
    let (located, ()) = rayon::join(
        || locate(repository, &references, &loaded, &problems),
        || {
            if let Some(each) = each {
                give_messages(&loaded, each);
            }
            meanwhile();
        },
    );
    Ok(loaded.finish(store, located, None, each.is_some(), problems))
}

/// Gives the messages that were kept.
fn give_messages(loaded: &Loaded, each: &Each<'_>) {
    let messages = loaded.graph.messages.par_iter().flat_map(Messages::all);
    messages.for_each(|(number, kind, data)| {
        if let Some(oid) = loaded.census.oid(number) {
            let places = &[];
            each(Item {
                kind,
                oid,
                data,
                places,
            });
        }
    });
}

/// Where things are.
struct Located {
    /// The numbers of commits, oldest first: those that count, then the others.
    commits: Vec<u32>,
    /// How many of them count.
    reachable: usize,
    places: Places,
    paths: Paths,
}

/// Which commits references lead to, and where all blobs were.
fn locate(
    repository: &Repository,
    references: &References,
    loaded: &Loaded,
    problems: &Problems,
) -> Located {
    let (census, graph) = (&loaded.census, &loaded.graph);
    let known = loaded.known(problems);
    let mut starts = Vec::new();
    let kept = references
        .all()
        .iter()
        .filter(|reference| reference.is_kept())
        .map(|reference| &reference.oid)
        .chain(references.stashed());
    for oid in kept {
        match census.number(oid.as_bytes()) {
            Some(number) => starts.extend(commit_behind(graph, &known, number)),
            None => problems.add(|| format!("the object {oid} is missing")),
        }
    }
    let reachable = order::reachable(graph, starts);
    let shallow = shallow_numbers(repository, census);
    let mut walk = Walk::new(graph, &known, census.len());
    let mut commits = Vec::with_capacity(graph.commits.len());
    let mut kept = 0;
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
            walk.commit(number_of(commits.len()), commit.tree, is_kept);
            commits.push(commit.number);
        }
        if is_kept {
            kept = commits.len();
        }
    }
    if walk.is_cut {
        problems.add(|| "the history has too many paths: not all were followed".to_owned());
    }
    let Walk { paths, placed, .. } = walk;
    let places = Places::of(&placed, census.len());
    Located {
        commits,
        reachable: kept,
        places,
        paths: paths.finish(&graph.names),
    }
}

/// The commits of a long range, and what they brought in.
pub(super) fn long_range(
    repository: &Repository,
    store: &Store,
    from: Option<Oid>,
    to: Oid,
    problems: Problems,
) -> Result<History> {
    let loaded = read(store, None, &problems)?;
    let (census, graph) = (&loaded.census, &loaded.graph);
    let row_of = |oid: Oid| {
        refs::commit_of(oid, store)
            .and_then(|oid| census.number(oid.as_bytes()))
            .and_then(|number| order::commit_row(graph, number))
            .ok_or_else(|| {
                Error::new(
                    Kind::Incomplete,
                    format!("{oid} is no commit that can be read"),
                )
            })
    };
    let inside = order::reachable(graph, [row_of(to)?]);
    let outside = match from {
        Some(from) => order::reachable(graph, [row_of(from)?]),
        None => Bits::new(graph.commits.len()),
    };
    let mut wanted = Bits::new(graph.commits.len());
    for (_, row) in graph.commits.iter().zip(0_u32..) {
        if inside.get(row) && !outside.get(row) {
            wanted.set(row);
        }
    }
    let shallow = shallow_numbers(repository, census);
    let known = loaded.known(&problems);
    let mut forest = WholeForest {
        graph,
        kinds: &known,
    };
    let brought = range::brought(
        &mut forest,
        graph,
        &wanted,
        &|number| shallow.contains(&number),
        census.len(),
        &problems,
    );
    let mut only = Bits::new(census.len());
    for (number, _) in &brought.placed {
        if known.is_there(*number) {
            only.set(*number);
        } else {
            known.problem(*number, "is missing");
        }
    }
    for number in &brought.commits {
        only.set(*number);
    }
    let located = Located {
        reachable: brought.commits.len(),
        commits: brought.commits,
        places: Places::of(&brought.placed, census.len()),
        paths: brought.paths.finish(&graph.names),
    };
    Ok(loaded.finish(store, located, Some(only), false, problems))
}

fn shallow_numbers(repository: &Repository, census: &Census) -> HashSet<u32> {
    repository
        .shallow()
        .iter()
        .filter_map(|oid| census.number(oid.as_bytes()))
        .collect()
}

impl Loaded {
    fn known<'a>(&'a self, problems: &'a Problems) -> Known<'a> {
        Known {
            census: &self.census,
            loose_kinds: &self.loose_kinds,
            missing: &self.graph.missing,
            problems,
        }
    }

    fn finish(
        self,
        store: &Store,
        located: Located,
        only: Option<Bits>,
        given: bool,
        problems: Problems,
    ) -> History {
        let Loaded {
            mut census,
            loose_kinds,
            graph,
        } = self;
        census.forget_names();
        // Giving back the memory of all trees takes a while.
        rayon::spawn(move || drop(graph));
        History {
            commits: located.commits,
            objects: Objects::Whole(Box::new(Whole {
                census,
                loose_kinds,
                given,
                only,
            })),
            store: store.clone(),
            reachable: located.reachable,
            paths: located.paths,
            places: located.places,
            problems: problems.into_words(),
        }
    }
}

/// The commit that an object is, or that a tag, or a tag of a tag, is for.
fn commit_behind(graph: &Graph, known: &Known<'_>, mut number: u32) -> Option<u32> {
    // A loop of tags can only be in a broken store.
    for _ in 0..TAGS_MAX {
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
