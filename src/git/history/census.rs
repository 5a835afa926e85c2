//! All objects of a store, numbered: those of each pack in the order of the pack, then loose ones.
//!
//! An object that is there several times has a number for each copy; [`Census::number`] gives the
//! first, and the others are marked as copies.

use foldhash::fast::RandomState;
use rayon::prelude::*;
use std::hash::BuildHasher;

use super::bits::Bits;
use super::family::Family;
use super::links::Link;
use super::problems::Problems;
use crate::git::files::WHOLE_MAX;
use crate::git::hash;
use crate::git::loose;
use crate::git::objects::ObjectKind;
use crate::git::oid::{HashKind, Oid};
use crate::git::store::Store;

/// No number.
pub(super) const NONE: u32 = u32::MAX;
/// Numbers have 30 bits: two bits of an entry of a tree say what it is.
pub(super) const NUMBERS_MAX: usize = (1 << 30) - 2;

/// All objects of a store.
#[derive(Debug)]
pub(super) struct Census {
    pub(super) hash: HashKind,
    /// Names by number, one behind the other.
    oids: Vec<u8>,
    pub(super) families: Vec<Family>,
    /// The number of the first loose object.
    pub(super) loose_from: u32,
    /// For each loose object the folder that it is in.
    pub(super) loose_folders: Vec<u32>,
    /// Copies of objects that have a lower number too.
    pub(super) copies: Bits,
    /// Objects of which there are copies, and the copies.
    pub(super) doubled: Bits,
    count: usize,
    table: Table,
}

impl Census {
    /// Counts all objects of a store, and reads packs into memory as far as they fit. Before
    /// [`Census::resolve`], numbers have names, and no more is known.
    pub(super) fn take(store: &Store, problems: &Problems) -> Option<Census> {
        let hash = store.hash();
        let mut oids = Vec::new();
        let mut families = Vec::new();
        let mut room = WHOLE_MAX;
        for pack in store.packs() {
            let keep = pack.source.len() <= room;
            if keep {
                room = room.saturating_sub(pack.source.len());
            }
            let (kept, contents) = rayon::join(
                || {
                    if keep {
                        pack.source.keep_whole()
                    } else {
                        Ok(())
                    }
                },
                || pack.index.contents(),
            );
            if let Err(error) = kept {
                problems.add(|| format!("{}: cannot be read: {error}", pack.path.display()));
                continue;
            }
            match contents {
                Ok(contents) => {
                    let first = number_of(oids.len() / hash.len());
                    families.push(Family::new(pack.clone(), first, contents, &mut oids));
                }
                Err(flaw) => problems.add(|| {
                    format!(
                        "{}: the pack index {flaw}",
                        pack.path.with_extension("idx").display()
                    )
                }),
            }
        }
        let loose_from = number_of(oids.len() / hash.len());
        let mut loose_folders = Vec::new();
        for (number, folder) in store.folders().iter().enumerate() {
            let mut odd = Vec::new();
            let folders = loose::folders(folder, &mut odd);
            odd.into_iter().for_each(|words| problems.add(|| words));
            let lists: Vec<(Vec<Oid>, Vec<String>)> = folders
                .into_par_iter()
                .map(|first| {
                    let (mut names, mut odd) = (Vec::new(), Vec::new());
                    loose::collect(folder, first, hash, &mut names, &mut odd);
                    (names, odd)
                })
                .collect();
            for (names, odd) in lists {
                for oid in names {
                    oids.extend_from_slice(oid.as_bytes());
                    loose_folders.push(number_of(number));
                }
                odd.into_iter().for_each(|words| problems.add(|| words));
            }
        }
        let count = oids.len() / hash.len();
        if count > NUMBERS_MAX {
            problems.add(|| format!("the repository has more than {NUMBERS_MAX} objects"));
            return None;
        }
        Some(Census {
            hash,
            oids,
            families,
            loose_from,
            loose_folders,
            copies: Bits::new(count),
            doubled: Bits::new(count),
            count,
            table: Table::default(),
        })
    }

    /// Finds which names are there several times, and what the entries of all packs are.
    pub(super) fn resolve(&mut self, problems: &Problems) {
        let mut families = std::mem::take(&mut self.families);
        let shown = |number| self.shown(number);
        let links = families.iter().map(|family| family.links(&shown, problems));
        let links: Vec<Vec<Link>> = links.collect();
        // Half of this takes one core.
        let ((table, pairs), ()) = rayon::join(
            || Table::of(&self.oids, self.hash.len()),
            || {
                for (family, links) in families.iter_mut().zip(&links) {
                    family.arrange(links, &shown, problems);
                }
            },
        );
        self.families = families;
        self.table = table;
        for (first, copy) in pairs {
            self.copies.set(copy);
            self.doubled.set(copy);
            self.doubled.set(first);
        }
    }

    /// How many numbers there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The bytes of a name; empty if there is no such number.
    pub(super) fn name(&self, number: u32) -> &[u8] {
        name(&self.oids, self.hash.len(), number).unwrap_or_default()
    }

    /// The name of a number.
    pub(super) fn oid(&self, number: u32) -> Option<Oid> {
        Oid::from_bytes(self.name(number))
    }

    /// Of an object that is there twice, each copy must be what the name says.
    pub(super) fn check_doubled(
        &self,
        number: u32,
        kind: ObjectKind,
        data: &[u8],
        problems: &Problems,
    ) -> bool {
        if !self.doubled.get(number) {
            return true;
        }
        let sound = hash::object_id(self.hash, kind, data) == self.oid(number);
        if !sound {
            problems.add(|| {
                let name = self.shown(number);
                format!("the object {name} is there twice, and not what its name says")
            });
        }
        sound
    }

    /// For words about an object.
    pub(super) fn shown(&self, number: u32) -> String {
        self.oid(number)
            .map(|oid| oid.to_string())
            .unwrap_or_default()
    }

    /// The number of a name.
    pub(super) fn number(&self, oid: &[u8]) -> Option<u32> {
        self.table.find(&self.oids, self.hash.len(), oid)
    }

    /// Frees what only [`Census::number`] needs.
    pub(super) fn forget_names(&mut self) {
        self.table = Table::default();
    }
}

pub(super) fn number_of(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(NONE)
}

pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn name(oids: &[u8], width: usize, number: u32) -> Option<&[u8]> {
    let start = index(number).checked_mul(width)?;
    oids.get(start..start.checked_add(width)?)
}

/// A hash table from names to numbers. Keyed, since names can be chosen to collide.
///
/// In equal parts, each with wrap-around, so that they can be filled in parallel. A slot has the number
/// in its low bits and bits of the hash above: small, since most of the time it is not in a cache.
#[derive(Debug, Default)]
struct Table {
    state: RandomState,
    slots: Vec<u32>,
    /// The length of a part, and how many there are: powers of two.
    part: usize,
    parts: usize,
    /// How many bits numbers have.
    bits: u32,
}

const EMPTY: u32 = u32::MAX;
const PARTS_MAX: usize = 16;

impl Table {
    /// The table, and (first, copy) of each name that is there more than once.
    fn of(oids: &[u8], width: usize) -> (Table, Vec<(u32, u32)>) {
        let state = RandomState::default();
        let hashes: Vec<u64> = oids
            .par_chunks_exact(width)
            .with_min_len(4096)
            .map(|oid| state.hash_one(oid))
            .collect();
        let parts = rayon::current_num_threads()
            .next_power_of_two()
            .min(PARTS_MAX);
        // Parts fill unevenly by a few per cent; at one and a half times the number none comes near to
        // full, except for very few objects.
        let part = (hashes.len() / parts)
            .saturating_mul(3)
            .div_ceil(2)
            .saturating_add(64)
            .next_power_of_two();
        let bits = usize::BITS.saturating_sub(hashes.len().leading_zeros());
        let mut table = Table {
            state,
            slots: Vec::new(),
            part,
            parts,
            bits,
        };
        let mut slots = vec![EMPTY; part.saturating_mul(parts)];
        let lists: Vec<Vec<(u32, u32)>> = slots
            .par_chunks_mut(part)
            .enumerate()
            .map(|(which, slots)| {
                let mut pairs = Vec::new();
                for (hash, number) in hashes.iter().zip(0_u32..) {
                    if table.part_of(*hash) == which {
                        table.insert(slots, *hash, number, oids, width, &mut pairs);
                    }
                }
                pairs
            })
            .collect();
        let mut pairs = lists.concat();
        pairs.sort_unstable();
        table.slots = slots;
        (table, pairs)
    }

    fn part_of(&self, hash: u64) -> usize {
        usize::try_from(hash >> 60).unwrap_or(0) & self.parts.wrapping_sub(1)
    }

    fn tag(&self, hash: u64) -> u32 {
        low(hash >> 28) & (u32::MAX << self.bits)
    }

    fn find(&self, oids: &[u8], width: usize, oid: &[u8]) -> Option<u32> {
        let hash = self.state.hash_one(oid);
        let start = self.part_of(hash).checked_mul(self.part)?;
        let slots = self.slots.get(start..start.checked_add(self.part)?)?;
        let tag = self.tag(hash);
        let mut at = place_of(hash, slots.len());
        for _ in 0..slots.len() {
            let slot = *slots.get(at)?;
            if slot == EMPTY {
                return None;
            }
            if (slot ^ tag) >> self.bits == 0 {
                let number = slot ^ tag;
                if is_name(oids, width, number, oid) {
                    return Some(number);
                }
            }
            at = next(at, slots.len());
        }
        None
    }

    fn insert(
        &self,
        slots: &mut [u32],
        hash: u64,
        number: u32,
        oids: &[u8],
        width: usize,
        pairs: &mut Vec<(u32, u32)>,
    ) {
        let length = slots.len();
        let tag = self.tag(hash);
        let mut at = place_of(hash, length);
        for _ in 0..length {
            let Some(slot) = slots.get_mut(at) else {
                return;
            };
            if *slot == EMPTY {
                *slot = tag | number;
                return;
            }
            if (*slot ^ tag) >> self.bits == 0 {
                let first = *slot ^ tag;
                if name(oids, width, first) == name(oids, width, number) {
                    pairs.push((first, number));
                    return;
                }
            }
            at = next(at, length);
        }
    }
}

/// Whether a number has a name. Names of 20 or 32 bytes are compared in two halves, which overlap: without a call.
#[inline]
fn is_name(oids: &[u8], width: usize, number: u32, oid: &[u8]) -> bool {
    let halves = |name: &[u8]| {
        let (first, last) = (name.first_chunk::<16>()?, name.last_chunk::<16>()?);
        Some((u128::from_le_bytes(*first), u128::from_le_bytes(*last)))
    };
    let known = name(oids, width, number).and_then(halves);
    oid.len() == width && known.is_some() && known == halves(oid)
}

fn low(value: u64) -> u32 {
    u32::try_from(value & 0xffff_ffff).unwrap_or(NONE)
}

fn next(at: usize, length: usize) -> usize {
    at.wrapping_add(1) & length.wrapping_sub(1)
}

fn place_of(hash: u64, length: usize) -> usize {
    usize::try_from(hash & 0xffff_ffff).unwrap_or(0) & length.wrapping_sub(1)
}
