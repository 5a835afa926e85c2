//! The entries of a pack as families: a whole object and all deltas that stand on it.

use std::sync::Arc;

use rayon::prelude::*;

use super::census::{NONE, index, number_of};
use super::problems::Problems;
use crate::git::inflate::{CUT_OFF, Flaw};
use crate::git::objects::ObjectKind;
use crate::git::oid::HashKind;
use crate::git::pack::{EntryHeader, EntryKind, HEADER_MAX, Pack, entry_header};
use crate::git::pack_index::Contents;

/// Entries that a thread takes at once.
const BATCH: usize = 4096;

/// A pack, by rank: the position of an entry in the pack.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) pack: Arc<Pack>,
    /// The number of the entry of rank 0.
    pub(super) first: u32,
    /// Where each entry starts, and where the last ends.
    offsets: Vec<u64>,
    /// CRC-32 of each entry; empty if the index has none.
    checksums: Vec<u32>,
    /// Of each entry, once [`Family::resolve`] was called.
    kinds: Vec<Option<ObjectKind>>,
    /// Whole objects, in order.
    pub(super) roots: Vec<u32>,
    first_child: Vec<u32>,
    next_sibling: Vec<u32>,
}

impl Family {
    /// Puts the contents of an index into the order of the pack. Adds the names to `oids`.
    pub(super) fn new(
        pack: Arc<Pack>,
        first: u32,
        contents: Contents,
        oids: &mut Vec<u8>,
    ) -> Family {
        let width = pack.hash.len();
        // Offset and position as one number, which is sorted faster than a pair.
        let mut order: Vec<u128> = contents
            .offsets
            .iter()
            .zip(0_u32..)
            .map(|(offset, position)| u128::from(*offset) << 32 | u128::from(position))
            .collect();
        order.par_sort_unstable();
        let order: Vec<u32> = order.iter().map(|both| position_of(*both)).collect();
        let offset = |position: &u32| contents.offsets.get(index(*position)).copied();
        let mut offsets: Vec<u64> = order.iter().filter_map(offset).collect();
        offsets.push(pack.end());
        let from = oids.len();
        oids.resize(from.saturating_add(contents.oids.len()), 0);
        let names = oids.get_mut(from..).unwrap_or_default();
        // The order of the index is another one: each name comes from anywhere.
        let (checksums, ()) = rayon::join(
            || {
                let of = |position: &u32| contents.checksums.get(index(*position));
                order.iter().filter_map(of).copied().collect()
            },
            || {
                let names = names.par_chunks_exact_mut(width).with_min_len(BATCH);
                names.zip(&order).for_each(|(name, position)| {
                    let start = index(*position).saturating_mul(width);
                    if let Some(from) = contents.oids.get(start..start.saturating_add(width)) {
                        name.copy_from_slice(from);
                    }
                });
            },
        );
        Family {
            pack,
            first,
            offsets,
            checksums,
            kinds: Vec::new(),
            roots: Vec::new(),
            first_child: Vec::new(),
            next_sibling: Vec::new(),
        }
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The number of an entry.
    pub(super) fn number(&self, rank: u32) -> u32 {
        self.first.saturating_add(rank)
    }

    /// What an entry is; `None` if that cannot be known.
    pub(super) fn kind(&self, rank: u32) -> Option<ObjectKind> {
        self.kinds.get(index(rank)).copied().flatten()
    }

    /// The first delta that stands on an entry.
    pub(super) fn first_child(&self, rank: u32) -> u32 {
        self.first_child.get(index(rank)).copied().unwrap_or(NONE)
    }

    /// The next delta that stands on the same entry. The last one has most descendants: so its base
    /// can be let go first, and few bases are held at any time.
    pub(super) fn next_sibling(&self, rank: u32) -> u32 {
        self.next_sibling.get(index(rank)).copied().unwrap_or(NONE)
    }

    /// The bytes of an entry, header included, and how many they are: more may follow.
    pub(super) fn entry<'a>(
        &'a self,
        rank: u32,
        scratch: &'a mut Vec<u8>,
    ) -> Result<(&'a [u8], usize), Flaw> {
        let (start, length) = self.span(rank)?;
        let bytes = self
            .pack
            .source
            .piece(start, length, scratch)
            .map_err(|_| "cannot be read")?;
        if bytes.len() < length {
            return Err(CUT_OFF);
        }
        Ok((bytes, length))
    }

    fn span(&self, rank: u32) -> Result<(u64, usize), Flaw> {
        let rank = index(rank);
        let start = self.offsets.get(rank).copied().unwrap_or(u64::MAX);
        let end = self.offsets.get(rank.saturating_add(1)).copied();
        let length = end
            .and_then(|end| end.checked_sub(start))
            .and_then(|length| usize::try_from(length).ok())
            .filter(|length| *length > 0 && start >= 12)
            .ok_or("has no room in its pack")?;
        Ok((start, length))
    }

    /// Checks an entry against its checksum, and reads its header.
    pub(super) fn checked_header(&self, rank: u32, entry: &[u8]) -> Result<EntryHeader, Flaw> {
        if let Some(checksum) = self.checksums.get(index(rank))
            && crc32fast::hash(entry) != *checksum
        {
            return Err("does not have the checksum that the pack index says");
        }
        let offset = self.offsets.get(index(rank)).copied().unwrap_or(0);
        entry_header(entry, offset, self.pack.hash)
    }

    /// Each entry is checked against a checksum.
    pub(super) fn has_checksums(&self) -> bool {
        self.checksums.len() == self.len()
    }

    /// Reads all headers: finds the kind of each entry, and what stands on what.
    pub(super) fn resolve(&mut self, shown: &(dyn Fn(u32) -> String + Sync), problems: &Problems) {
        let hash = self.pack.hash;
        let buckets = Buckets::of(&self.offsets);
        let count = self.len();
        let mut links = vec![Link::Broken; count];
        links
            .par_chunks_mut(BATCH)
            .enumerate()
            .for_each(|(batch, links)| {
                let from = number_of(batch.saturating_mul(BATCH));
                let mut scratch = Vec::new();
                for (link, rank) in links.iter_mut().zip(from..) {
                    match self.link(rank, hash, &buckets, &mut scratch) {
                        Ok(found) => *link = found,
                        Err(flaw) => problems
                            .add(|| format!("the object {} {flaw}", shown(self.number(rank)))),
                    }
                }
            });
        self.arrange(&links);
        for ((kind, link), rank) in self.kinds.iter().zip(&links).zip(0_u32..) {
            if kind.is_none() && matches!(link, Link::Base(_)) {
                let number = self.number(rank);
                problems.add(|| {
                    format!(
                        "the object {} is a delta for a broken object",
                        shown(number)
                    )
                });
            }
        }
    }

    fn link(
        &self,
        rank: u32,
        hash: HashKind,
        buckets: &Buckets,
        scratch: &mut Vec<u8>,
    ) -> Result<Link, Flaw> {
        let (start, length) = self.span(rank)?;
        let bytes = self
            .pack
            .source
            .piece(start, length.min(HEADER_MAX), scratch)
            .map_err(|_| "cannot be read")?;
        let bytes = bytes.get(..length.min(bytes.len())).unwrap_or(bytes);
        let no_base = "is a delta for an object that is not in its pack";
        let base = match entry_header(bytes, start, hash)?.kind {
            EntryKind::Whole(kind) => return Ok(Link::Whole(kind)),
            EntryKind::OffsetDelta(base) => base,
            EntryKind::NamedDelta(base) => self
                .pack
                .index
                .lookup(&base)
                .map_err(|_| "cannot be found in the pack index")?
                .ok_or(no_base)?,
        };
        let rank = buckets.rank(&self.offsets, base).ok_or(no_base)?;
        Ok(Link::Base(rank))
    }

    /// From links to kinds, roots and children.
    fn arrange(&mut self, links: &[Link]) {
        let count = links.len();
        let base_of = |rank: u32| match links.get(index(rank)) {
            Some(Link::Base(base)) => Some(*base),
            _ => None,
        };
        self.kinds = vec![None; count];
        self.first_child = vec![NONE; count];
        self.next_sibling = vec![NONE; count];
        let ranks = 0..number_of(count);
        // Bases by name may come later; then the order has to be found first.
        let in_order = ranks
            .clone()
            .all(|rank| base_of(rank).is_none_or(|base| base < rank));
        self.roots = ranks
            .clone()
            .filter(|rank| matches!(links.get(index(*rank)), Some(Link::Whole(_))))
            .collect();
        let order: Vec<u32> = if in_order {
            ranks.clone().collect()
        } else {
            for rank in ranks.clone() {
                if let Some(base) = base_of(rank) {
                    self.prepend(base, rank);
                }
            }
            let mut order = self.roots.clone();
            let mut at = 0;
            while let Some(rank) = order.get(at) {
                let mut child = self.first_child(*rank);
                while child != NONE {
                    order.push(child);
                    child = self.next_sibling(child);
                }
                at = at.saturating_add(1);
            }
            self.first_child.fill(NONE);
            self.next_sibling.fill(NONE);
            order
        };
        for rank in &order {
            let kind = match links.get(index(*rank)) {
                Some(Link::Whole(kind)) => Some(*kind),
                Some(Link::Base(base)) => self.kind(*base),
                _ => None,
            };
            if let Some(place) = self.kinds.get_mut(index(*rank)) {
                *place = kind;
            }
        }
        let mut weights = vec![1_u32; count];
        let mut heaviest = vec![NONE; count];
        for rank in order.iter().rev() {
            let Some(base) = base_of(*rank) else { continue };
            let weight = weights.get(index(*rank)).copied().unwrap_or(1);
            if let Some(sum) = weights.get_mut(index(base)) {
                *sum = sum.saturating_add(weight);
            }
            if let Some(child) = heaviest.get_mut(index(base)) {
                let known = weights_of(&weights, *child);
                if *child == NONE || weight > known {
                    *child = *rank;
                }
            }
        }
        for (base, heaviest) in ranks.zip(&heaviest) {
            if *heaviest != NONE {
                self.prepend(base, *heaviest);
            }
        }
        for rank in order.iter().rev() {
            if let Some(base) = base_of(*rank)
                && heaviest.get(index(base)) != Some(rank)
            {
                self.prepend(base, *rank);
            }
        }
    }

    fn prepend(&mut self, base: u32, child: u32) {
        let Some(first) = self.first_child.get_mut(index(base)) else {
            return;
        };
        let next = std::mem::replace(first, child);
        if let Some(sibling) = self.next_sibling.get_mut(index(child)) {
            *sibling = next;
        }
    }
}

/// The low half of offset and position.
fn position_of(both: u128) -> u32 {
    u32::try_from(both & u128::from(u32::MAX)).unwrap_or(NONE)
}

fn weights_of(weights: &[u32], rank: u32) -> u32 {
    weights.get(index(rank)).copied().unwrap_or(0)
}

/// What an entry is, or stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Whole(ObjectKind),
    Base(u32),
    Broken,
}

/// Finds entries by offset: for each stretch of the pack the first rank in it.
struct Buckets {
    shift: u32,
    first: Vec<u32>,
}

impl Buckets {
    fn of(offsets: &[u64]) -> Buckets {
        let end = offsets.last().copied().unwrap_or(0);
        let count = u64::try_from(offsets.len()).unwrap_or(u64::MAX).max(1);
        // About as many stretches as entries.
        let mut shift = 4;
        while shift < 48 && end >> shift > count {
            shift += 1;
        }
        let stretches = usize::try_from(end >> shift).unwrap_or(0).saturating_add(2);
        let mut first = Vec::with_capacity(stretches);
        for (offset, rank) in offsets.iter().zip(0_u32..) {
            let stretch = usize::try_from(offset >> shift).unwrap_or(usize::MAX);
            while first.len() <= stretch.min(stretches) {
                first.push(rank);
            }
        }
        Buckets { shift, first }
    }

    fn rank(&self, offsets: &[u64], offset: u64) -> Option<u32> {
        let stretch = usize::try_from(offset >> self.shift).ok()?;
        let from = index(*self.first.get(stretch)?);
        let to = self
            .first
            .get(stretch.checked_add(1)?)
            .map_or(offsets.len(), |rank| index(*rank));
        // The last offset is the end of the pack, not an entry.
        let to = to.min(offsets.len().saturating_sub(1));
        let stretch = offsets.get(from..to)?;
        let place = stretch.binary_search(&offset).ok()?;
        Some(number_of(from.checked_add(place)?))
    }
}
