//! The entries of a pack as families: a whole object and all deltas that stand on it.

use std::sync::Arc;

use rayon::prelude::*;

use super::census::{NONE, NUMBERS_MAX, index, number_of};
use super::links::{Children, Link, kinds_of, order_of, roots_of};
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
    /// Of each entry, once [`Family::arrange`] was called.
    kinds: Vec<Option<ObjectKind>>,
    /// Whole objects, in order.
    pub(super) roots: Vec<u32>,
    children: Children,
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
        let (mut offsets, order) = sorted(&contents.offsets);
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
            children: Children::default(),
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
        self.children
            .first
            .get(index(rank))
            .copied()
            .unwrap_or(NONE)
    }

    /// The next delta that stands on the same entry. The last one has most descendants: so its base
    /// can be let go first, and few bases are held at any time.
    pub(super) fn next_sibling(&self, rank: u32) -> u32 {
        self.children.next.get(index(rank)).copied().unwrap_or(NONE)
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

    /// Reads all headers, on all cores: what each entry is, or stands on.
    pub(super) fn links(
        &self,
        shown: &(dyn Fn(u32) -> String + Sync),
        problems: &Problems,
    ) -> Vec<Link> {
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
        links
    }

    /// From links to kinds, roots and children, which takes one core or two.
    pub(super) fn arrange(
        &mut self,
        links: &[Link],
        shown: &(dyn Fn(u32) -> String + Sync),
        problems: &Problems,
    ) {
        self.roots = roots_of(links);
        let order = order_of(links, &self.roots);
        (self.kinds, self.children) =
            rayon::join(|| kinds_of(links, &order), || Children::of(links, &order));
        for ((kind, link), rank) in self.kinds.iter().zip(links).zip(0_u32..) {
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
}

/// Offsets in their order, and the position that each had before.
fn sorted(offsets: &[u64]) -> (Vec<u64>, Vec<u32>) {
    // Offset and position as one number are sorted faster than a pair, and as a small one faster still.
    const POSITION: u64 = (1 << 30) - 1;
    let most = offsets.iter().copied().max().unwrap_or(0);
    if most >> 34 == 0 && offsets.len() <= NUMBERS_MAX {
        let both = offsets.iter().zip(0_u64..);
        let mut both: Vec<u64> = both.map(|(offset, at)| *offset << 30 | at).collect();
        both.par_sort_unstable();
        let position = |both: &u64| u32::try_from(both & POSITION).unwrap_or(NONE);
        let offset = |both: &u64| both >> 30;
        return rayon::join(
            || both.iter().map(offset).collect(),
            || both.iter().map(position).collect(),
        );
    }
    let mut both: Vec<(u64, u32)> = offsets.iter().copied().zip(0..).collect();
    both.par_sort_unstable();
    both.into_iter().unzip()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_sorted_whatever_their_size() {
        for large in [9, (1 << 34) - 1, 1 << 34, u64::MAX] {
            let (offsets, positions) = sorted(&[12, large, 3, 8]);
            let mut expected = vec![(3, 2), (8, 3), (12, 0), (large, 1)];
            expected.sort_unstable();
            assert!(offsets.into_iter().zip(positions).eq(expected), "{large}");
        }
    }
}
