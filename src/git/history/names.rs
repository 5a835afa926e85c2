//! The names in trees, each once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;
use std::hash::BuildHasher;

use super::census::{NONE, index};

/// The longest name in bytes. File systems stop at 255; a path at 4,096.
pub(super) const NAME_MAX: usize = 4096;
/// All names together, in bytes.
const BYTES_MAX: usize = 256 << 20;
/// A power of two.
const SHARDS: usize = 64;

type Shard = Mutex<HashMap<Box<[u8]>, u32, RandomState>>;

/// The names in trees.
#[derive(Debug)]
pub(super) struct Names {
    state: RandomState,
    shards: Vec<Shard>,
    next: AtomicU32,
    bytes: AtomicUsize,
}

impl Names {
    pub(super) fn new() -> Self {
        let state = RandomState::default();
        Names {
            shards: (0..SHARDS)
                .map(|_| Mutex::new(HashMap::with_hasher(state.clone())))
                .collect(),
            state,
            next: AtomicU32::new(0),
            bytes: AtomicUsize::new(0),
        }
    }

    fn number(&self, name: &[u8]) -> Option<u32> {
        let hash = self.state.hash_one(name);
        let shard = usize::try_from(hash >> 48).unwrap_or(0) & (SHARDS - 1);
        let mut shard = self
            .shards
            .get(shard)?
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = shard.get(name) {
            return Some(*number);
        }
        let before = self.bytes.fetch_add(name.len(), Ordering::Relaxed);
        if before.saturating_add(name.len()) > BYTES_MAX {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        shard.insert(name.into(), number);
        Some(number)
    }

    /// The names by number.
    pub(super) fn into_list(self) -> Vec<Box<[u8]>> {
        let count = index(self.next.into_inner());
        let mut list = vec![Box::<[u8]>::default(); count];
        for shard in self.shards {
            let shard = shard.into_inner().unwrap_or_else(PoisonError::into_inner);
            for (name, number) in shard {
                if let Some(place) = list.get_mut(index(number)) {
                    *place = name;
                }
            }
        }
        list
    }
}

/// The names that one thread knows already.
#[derive(Debug)]
pub(super) struct KnownNames<'a> {
    all: &'a Names,
    known: HashMap<Box<[u8]>, u32, RandomState>,
}

impl<'a> KnownNames<'a> {
    pub(super) fn new(all: &'a Names) -> Self {
        KnownNames {
            all,
            known: HashMap::with_hasher(all.state.clone()),
        }
    }

    /// The number of a name; `None` if it is too long, or names are too many.
    pub(super) fn number(&mut self, name: &[u8]) -> Option<u32> {
        if let Some(number) = self.known.get(name) {
            return Some(*number);
        }
        if name.len() > NAME_MAX {
            return None;
        }
        let number = self.all.number(name).filter(|number| *number != NONE)?;
        self.known.insert(name.into(), number);
        Some(number)
    }
}
