//! The history: every object once, with the paths and first commits of blobs.
//!
//! A store is read in the order of its packs, each base of deltas inflated once: `census` numbers all
//! objects, `family` and `links` find what stands on what, `expand` decodes, `trees` keeps trees and commits
//! in numbers, `order` and `places` walk them. What is kept for a repository of a million objects
//! is some hundred megabytes; blobs are never kept.

mod bits;
mod census;
mod entry;
mod expand;
mod family;
mod links;
mod messages;
mod names;
mod order;
mod paths;
mod picked;
mod places;
mod problems;
mod range;
mod trees;
mod visit;
mod whole;

use self::census::index;
use self::paths::Paths;
use self::problems::Problems;
use self::whole::Whole;
use super::objects::{ObjectKind, message_in};
use super::oid::Oid;
use super::repository::Repository;
use super::store::Store;
use crate::error::Result;

/// The largest tree, commit or tag in bytes.
const STRUCTURE_MAX: usize = 64 << 20;

/// A path of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(pub u32);

/// A commit of the history, by age: those that references lead to come before others, and each after its parents.
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
    /// The content of a blob, whole, and the message of a commit or tag: what is before it are names, dates and a
    /// signature.
    pub data: &'a [u8],
    /// Where it was, oldest first: commits that references lead to come before others. Empty for
    /// messages, and for blobs that no commit has.
    pub places: &'a [Placed],
}

impl<'a> Item<'a> {
    /// An object of which `data` is the content, whole.
    fn of(kind: ObjectKind, oid: Oid, data: &'a [u8], places: &'a [Placed]) -> Self {
        let data = match kind {
            ObjectKind::Commit | ObjectKind::Tag => message_in(data),
            ObjectKind::Tree | ObjectKind::Blob => data,
        };
        Item {
            kind,
            oid,
            data,
            places,
        }
    }
}

/// What is done with objects, in parallel and in no order.
pub type Each<'e> = dyn Fn(Item<'_>) + Sync + 'e;

/// A history.
#[derive(Debug)]
pub struct History {
    objects: Objects,
    store: Store,
    /// The number of each commit, by its id.
    commits: Vec<u32>,
    /// How many of them, the first, references lead to.
    reachable: usize,
    paths: Paths,
    places: Places,
    problems: Vec<String>,
}

/// The objects of a history.
#[derive(Debug)]
enum Objects {
    /// All of the store, or many of them.
    Whole(Box<Whole>),
    /// A few: their names by number, and the numbers of those that are visited.
    Picked { oids: Vec<Oid>, visited: Vec<u32> },
}

impl History {
    /// Reads commits, tags and trees, and finds the places of all blobs.
    ///
    /// # Errors
    ///
    /// Fails if an end of the range is no commit that can be read, or the references cannot be read.
    pub fn load(repository: &Repository, store: &Store, scope: Scope) -> Result<History> {
        Self::load_while(repository, store, scope, None, || ())
    }

    /// As [`History::load`], with something to do for cores that would have to wait.
    ///
    /// Of a history of everything, gives commits and tags to `each` while it is at it; of others, [`History::visit`]
    /// does. Calls `meanwhile` once.
    ///
    /// # Errors
    ///
    /// As [`History::load`]; it may be that `meanwhile` was not called then.
    pub fn load_while(
        repository: &Repository,
        store: &Store,
        scope: Scope,
        each: Option<&Each<'_>>,
        meanwhile: impl FnOnce() + Send,
    ) -> Result<History> {
        let (from, to) = match scope {
            Scope::Everything => return whole::everything(repository, store, each, meanwhile),
            Scope::Range { from, to } => (from, to),
        };
        rayon::join(|| Self::range(repository, store, from, to), meanwhile).0
    }

    fn range(
        repository: &Repository,
        store: &Store,
        from: Option<Oid>,
        to: Oid,
    ) -> Result<History> {
        let problems = Problems::default();
        if let Some(from) = from
            && let Some(short) = picked::short(repository, store, from, to, &problems)?
        {
            return Ok(History::of_short(short, store, problems));
        }
        // What the first attempt found wrong is found again.
        whole::long_range(repository, store, from, to, Problems::default())
    }

    fn of_short(short: picked::Short, store: &Store, problems: Problems) -> History {
        let mut visited = short.commits.clone();
        visited.extend(short.placed.iter().map(|(number, _)| *number));
        visited.sort_unstable();
        visited.dedup();
        History {
            places: Places::of(&short.placed, short.oids.len()),
            objects: Objects::Picked {
                oids: short.oids,
                visited,
            },
            store: store.clone(),
            reachable: short.commits.len(),
            commits: short.commits,
            paths: short.paths,
            problems: problems.into_words(),
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
        let number = *self.commits.get(index(id.0))?;
        match &self.objects {
            Objects::Whole(whole) => whole.census.oid(number),
            Objects::Picked { oids, .. } => oids.get(index(number)).copied(),
        }
    }

    /// A reference or a stash leads to the commit (not only a reflog or `ORIG_HEAD`, and not by chance in
    /// the store), or it is one of the range.
    pub fn is_reachable(&self, id: CommitId) -> bool {
        index(id.0) < self.reachable
    }

    /// How many objects the scope has: for a range, the commits and the blobs that they brought in.
    pub fn objects(&self) -> usize {
        match &self.objects {
            Objects::Whole(whole) => match &whole.only {
                Some(only) => only.count(),
                None => whole
                    .census
                    .len()
                    .saturating_sub(whole.census.copies.count()),
            },
            Objects::Picked { visited, .. } => visited.len(),
        }
    }

    /// What could not be read, in words: missing and broken objects, and, of a history of everything,
    /// references. Those of the store come beside.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

/// The places of all blobs.
#[derive(Debug, Default)]
struct Places {
    /// Where in `places` those of an object start, by number.
    starts: Vec<u32>,
    places: Vec<Placed>,
}

impl Places {
    /// Of `count` objects.
    fn of(placed: &[(u32, Placed)], count: usize) -> Places {
        let mut starts = vec![0_u32; count.saturating_add(2)];
        for (number, _) in placed {
            if let Some(count) = starts.get_mut(index(*number).saturating_add(2)) {
                *count = count.saturating_add(1);
            }
        }
        let mut sum = 0_u32;
        for start in &mut starts {
            sum = sum.saturating_add(*start);
            *start = sum;
        }
        let nowhere = Placed {
            path: PathId(0),
            commit: CommitId(0),
            link: false,
        };
        let mut places = vec![nowhere; placed.len()];
        // The places of an object stay in the order in which they were found.
        for (number, found) in placed {
            if let Some(next) = starts.get_mut(index(*number).saturating_add(1))
                && let Some(place) = places.get_mut(index(*next))
            {
                *place = *found;
                *next = next.saturating_add(1);
            }
        }
        Places { starts, places }
    }

    fn of_object(&self, number: u32) -> &[Placed] {
        let at = |place: usize| self.starts.get(place).map_or(0, |start| index(*start));
        let place = index(number);
        self.places
            .get(at(place)..at(place.saturating_add(1)))
            .unwrap_or_default()
    }
}
