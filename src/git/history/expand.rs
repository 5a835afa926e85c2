//! Decodes families of entries: each base is inflated once, and held only as long as a delta needs it.
//!
//! What bounds it on a hostile pack: an object is at most `limit` bytes, the bases that a thread holds
//! at most [`held_max`], and all objects of a pass together at most [`work_max`]. Reaching one is a problem for each
//! object that is left out.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::census::{Census, NONE, index};
use super::family::Family;
use super::problems::Problems;
use crate::git::delta::{self, Copied};
use crate::git::inflate::{Flaw, Inflater, OTHER_SIZE};
use crate::git::objects::ObjectKind;
use crate::git::pack::{EntryKind, TOO_LARGE};

/// The bases that all threads hold, and what each may hold at least, in bytes. With the heaviest child
/// last, only bases at forks are held, and each fork halves what is left: real packs stay far below.
const HELD_MAX: usize = 1 << 30;
const HELD_LEAST: usize = 128 << 20;
/// What a pass may expand to at least, in bytes.
const WORK_LEAST: u64 = 4 << 30;
/// How often its own size a pack may expand to. Kernel histories reach about a hundred times.
const WORK_RATIO: u64 = 512;
/// Roots that a thread takes at once.
const ROOTS: usize = 16;

/// Looks at decoded objects.
pub(super) trait Looker {
    /// What it keeps about a base for the deltas that stand on it.
    type Note;

    /// Whether it may want an object at all. If not, and nothing stands on it, it is left alone.
    fn may_want(&self, number: u32, kind: ObjectKind) -> bool;

    /// Whether to decode an object of that size in bytes, if nothing stands on it.
    fn wants(&mut self, number: u32, kind: ObjectKind, size: u64) -> bool;

    /// An object, whole. `base` is what it was made from, if it was. `is_base`: deltas stand on it.
    fn look(
        &mut self,
        number: u32,
        kind: ObjectKind,
        data: &[u8],
        base: Option<Base<'_, Self::Note>>,
        is_base: bool,
    ) -> Self::Note;
}

/// What an object was made from.
pub(super) struct Base<'a, N> {
    pub(super) note: &'a N,
    /// Which parts of it were copied, in the order of the target.
    pub(super) copied: &'a [Copied],
}

/// The bases that a thread may hold, in bytes.
fn held_max() -> usize {
    (HELD_MAX / rayon::current_num_threads().max(1)).max(HELD_LEAST)
}

/// The most bytes that a pass may expand to.
pub(super) fn work_max(census: &Census) -> u64 {
    let packed = census.families.iter().fold(0_u64, |sum, family| {
        sum.saturating_add(family.pack.source.len())
    });
    packed.saturating_mul(WORK_RATIO).max(WORK_LEAST)
}

/// One pass over a store.
pub(super) struct Pass<'a> {
    pub(super) census: &'a Census,
    /// The largest object in bytes.
    pub(super) limit: usize,
    pub(super) problems: &'a Problems,
    /// Bytes that may still be made.
    pub(super) work: AtomicU64,
    /// Copied parts are told.
    pub(super) with_copied: bool,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        census: &'a Census,
        limit: usize,
        problems: &'a Problems,
        with_copied: bool,
    ) -> Self {
        Pass {
            census,
            limit,
            problems,
            work: AtomicU64::new(work_max(census)),
            with_copied,
        }
    }

    /// Decodes all families whose kind `takes` takes, on all cores, each with a looker of its own.
    pub(super) fn run<L: Looker + Send>(
        &self,
        takes: impl Fn(ObjectKind) -> bool + Sync,
        looker: impl Fn() -> L + Sync,
    ) -> Vec<L> {
        let jobs: Vec<(&Family, &[u32])> = self
            .census
            .families
            .iter()
            .flat_map(|family| family.roots.chunks(ROOTS).map(move |roots| (family, roots)))
            .collect();
        let next = AtomicUsize::new(0);
        let threads = rayon::current_num_threads().max(1);
        let done = std::sync::Mutex::new(Vec::new());
        rayon::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|_| {
                    let mut worker = Worker::new(self, looker());
                    while let Some((family, roots)) = jobs.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        for root in *roots {
                            if family.kind(*root).is_some_and(&takes) {
                                worker.expand(family, *root);
                            }
                        }
                    }
                    done.lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .push(worker.looker);
                });
            }
        });
        done.into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes the bytes of an object from what may still be made.
    pub(super) fn allow(&self, size: usize) -> Result<(), Flaw> {
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        self.work
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(size)
            })
            .map(|_| ())
            .map_err(|_| "is left out: the repository expands to too much")
    }

    pub(super) fn problem(&self, number: u32, flaw: Flaw) {
        self.problems.add(|| {
            let name = self.census.shown(number);
            if flaw == TOO_LARGE {
                format!("the object {name} is larger than {} bytes", self.limit)
            } else {
                format!("the object {name} {flaw}")
            }
        });
    }
}

/// A base that deltas still need.
struct Held<N> {
    rank: u32,
    data: Vec<u8>,
    note: N,
    next: u32,
}

/// An object and what was noted about it; `None` if nobody wants it.
type Made<N> = Result<Option<(Vec<u8>, N)>, Flaw>;

struct Worker<'p, 'a, L: Looker> {
    pass: &'p Pass<'a>,
    looker: L,
    inflater: Inflater,
    stream: Vec<u8>,
    scratch: Vec<u8>,
    copied: Vec<Copied>,
    spare: Vec<Vec<u8>>,
    held: usize,
    held_max: usize,
}

impl<'p, 'a, L: Looker> Worker<'p, 'a, L> {
    fn new(pass: &'p Pass<'a>, looker: L) -> Self {
        Worker {
            pass,
            looker,
            inflater: Inflater::new(),
            stream: Vec::new(),
            scratch: Vec::new(),
            copied: Vec::new(),
            spare: Vec::new(),
            held: 0,
            held_max: held_max(),
        }
    }

    fn expand(&mut self, family: &Family, root: u32) {
        let mut stack = Vec::new();
        let held = self.whole(family, root);
        self.keep(family, root, held, &mut stack);
        while let Some(mut base) = stack.pop() {
            let rank = base.next;
            if rank == NONE {
                self.release(base);
                continue;
            }
            base.next = family.next_sibling(rank);
            let made = self.delta(family, rank, &base);
            // After its last delta a base is not needed any more.
            if base.next == NONE {
                self.release(base);
            } else {
                stack.push(base);
            }
            self.keep(family, rank, made, &mut stack);
        }
    }

    /// Holds what was made if deltas stand on it.
    fn keep(
        &mut self,
        family: &Family,
        rank: u32,
        made: Made<L::Note>,
        stack: &mut Vec<Held<L::Note>>,
    ) {
        match made {
            Ok(Some((data, note))) => {
                let next = family.first_child(rank);
                self.held = self.held.saturating_add(data.len());
                let held = Held {
                    rank,
                    data,
                    note,
                    next,
                };
                if next == NONE {
                    self.release(held);
                } else if self.held > self.held_max {
                    self.fail_deltas(family, rank, "is left out: its pack needs too much memory");
                    self.release(held);
                } else {
                    stack.push(held);
                }
            }
            Ok(None) => {}
            Err(flaw) => {
                self.pass.problem(family.number(rank), flaw);
                self.fail_deltas(family, rank, "is a delta for an object that cannot be read");
            }
        }
    }

    fn release(&mut self, held: Held<L::Note>) {
        self.held = self.held.saturating_sub(held.data.len());
        // A few large buffers are not worth keeping.
        if held.data.capacity() <= 4 << 20 && self.spare.len() < 64 {
            self.spare.push(held.data);
        }
    }

    /// Each object that stands on `rank` is a problem.
    fn fail_deltas(&self, family: &Family, rank: u32, flaw: Flaw) {
        let mut stack = vec![family.first_child(rank)];
        while let Some(rank) = stack.pop() {
            if rank == NONE {
                continue;
            }
            self.pass.problem(family.number(rank), flaw);
            stack.push(family.next_sibling(rank));
            stack.push(family.first_child(rank));
        }
    }

    /// Inflates the stream of an entry into `into`.
    fn inflate(
        &mut self,
        family: &Family,
        rank: u32,
        into: &mut Vec<u8>,
        wanted: impl FnOnce(&mut L, u64) -> bool,
    ) -> Result<bool, Flaw> {
        let (bytes, length) = family.entry(rank, &mut self.scratch)?;
        let header = family.checked_header(rank, bytes.get(..length).unwrap_or(bytes))?;
        if matches!(header.kind, EntryKind::Whole(_)) && !wanted(&mut self.looker, header.size) {
            return Ok(false);
        }
        let size = usize::try_from(header.size).map_err(|_| TOO_LARGE)?;
        if size > self.pass.limit {
            return Err(TOO_LARGE);
        }
        self.pass.allow(size)?;
        let stream = bytes.get(header.length..).unwrap_or_default();
        // The checksum of the index covers the stream; without one, the stream's own has to do.
        let used = if family.has_checksums() {
            self.inflater.checked(stream, size, into)?
        } else {
            self.inflater.whole(stream, size, into)?
        };
        if used.checked_add(header.length) != Some(length) {
            return Err(OTHER_SIZE);
        }
        Ok(true)
    }

    fn whole(&mut self, family: &Family, rank: u32) -> Made<L::Note> {
        let number = family.number(rank);
        let Some(kind) = family.kind(rank) else {
            return Ok(None);
        };
        let is_base = family.first_child(rank) != NONE;
        if !is_base && !self.looker.may_want(number, kind) {
            return Ok(None);
        }
        let mut data = self.spare.pop().unwrap_or_default();
        let done = self.inflate(family, rank, &mut data, |looker, size| {
            is_base || looker.wants(number, kind, size)
        })?;
        if !done {
            self.spare.push(data);
            return Ok(None);
        }
        let note = self.looker.look(number, kind, &data, None, is_base);
        Ok(Some((data, note)))
    }

    fn delta(&mut self, family: &Family, rank: u32, base: &Held<L::Note>) -> Made<L::Note> {
        let number = family.number(rank);
        let Some(kind) = family.kind(rank) else {
            return Ok(None);
        };
        let is_base = family.first_child(rank) != NONE;
        if !is_base && !self.looker.may_want(number, kind) {
            return Ok(None);
        }
        let mut stream = std::mem::take(&mut self.stream);
        let inflated = self.inflate(family, rank, &mut stream, |_, _| true);
        self.stream = stream;
        inflated?;
        let sizes = delta::sizes(&self.stream)?;
        if !is_base && !self.looker.wants(number, kind, sizes.target) {
            return Ok(None);
        }
        let size = usize::try_from(sizes.target).map_err(|_| TOO_LARGE)?;
        if size > self.pass.limit {
            return Err(TOO_LARGE);
        }
        self.pass.allow(size)?;
        let mut data = self.spare.pop().unwrap_or_default();
        self.copied.clear();
        if self.pass.with_copied {
            let copied = &mut self.copied;
            delta::apply(&base.data, &self.stream, &mut data, |part| {
                copied.push(part)
            })?;
        } else {
            delta::apply(&base.data, &self.stream, &mut data, |_| {})?;
        }
        debug_assert!(index(base.rank) < family.len());
        let base = Base {
            note: &base.note,
            copied: &self.copied,
        };
        let note = self.looker.look(number, kind, &data, Some(base), is_base);
        Ok(Some((data, note)))
    }
}
