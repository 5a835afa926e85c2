//! Entries of trees in 8 bytes.

use super::census::NONE;
use crate::git::objects::EntryKind;

/// An entry of a tree: name, kind and object in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Entry(u64);

const OBJECT: u64 = (1 << 30) - 1;

impl Entry {
    pub(super) fn new(name: u32, kind: EntryKind, object: u32) -> Self {
        let kind = match kind {
            EntryKind::Tree => 0,
            EntryKind::File => 1,
            EntryKind::Link => 2,
            EntryKind::Submodule => 3,
        };
        Entry((u64::from(name) << 32) | (kind << 30) | (u64::from(object) & OBJECT))
    }

    pub(super) fn name(self) -> u32 {
        u32::try_from(self.0 >> 32).unwrap_or(NONE)
    }

    pub(super) fn kind(self) -> EntryKind {
        match (self.0 >> 30) & 3 {
            0 => EntryKind::Tree,
            1 => EntryKind::File,
            2 => EntryKind::Link,
            _ => EntryKind::Submodule,
        }
    }

    /// Kind and object.
    pub(super) fn content(self) -> u32 {
        u32::try_from(self.0 & 0xffff_ffff).unwrap_or(NONE)
    }

    pub(super) fn object(self) -> u32 {
        u32::try_from(self.0 & OBJECT).unwrap_or(NONE)
    }
}
