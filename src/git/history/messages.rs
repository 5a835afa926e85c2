//! Commits and tags as they are.

use rayon::prelude::*;

use super::census::{index, number_of};
use crate::git::objects::ObjectKind;

/// Commits and tags as they are, so that they need not be decoded again to be looked at.
#[derive(Debug, Default)]
pub(super) struct Messages {
    blocks: Vec<Vec<u8>>,
    /// Number, kind, block, start and length.
    rows: Vec<(u32, ObjectKind, u32, u32, u32)>,
}

/// Messages in a block of memory, in bytes.
const MESSAGE_BLOCK: usize = 1 << 20;
/// All messages that are kept, in bytes. The others are decoded again.
pub(super) const MESSAGES_MAX: usize = 64 << 20;

impl Messages {
    pub(super) fn keep(&mut self, number: u32, kind: ObjectKind, data: &[u8]) {
        let fits = self
            .blocks
            .last()
            .is_some_and(|block| block.capacity().saturating_sub(block.len()) >= data.len());
        if !fits {
            self.blocks
                .push(Vec::with_capacity(MESSAGE_BLOCK.max(data.len())));
        }
        let place = number_of(self.blocks.len().saturating_sub(1));
        if let Some(block) = self.blocks.last_mut() {
            let start = number_of(block.len());
            block.extend_from_slice(data);
            self.rows
                .push((number, kind, place, start, number_of(data.len())));
        }
    }

    pub(super) fn add(&mut self, more: Messages) {
        let shift = number_of(self.blocks.len());
        self.blocks.extend(more.blocks);
        self.rows.extend(
            more.rows
                .into_iter()
                .map(|(number, kind, block, start, length)| {
                    (number, kind, block.saturating_add(shift), start, length)
                }),
        );
    }

    /// Number, kind and content of each, to be looked at in parallel.
    pub(super) fn all(&self) -> impl IndexedParallelIterator<Item = (u32, ObjectKind, &[u8])> {
        self.rows
            .par_iter()
            .map(|(number, kind, block, start, length)| {
                let start = index(*start);
                let data = self
                    .blocks
                    .get(index(*block))
                    .and_then(|block| block.get(start..start.saturating_add(index(*length))))
                    .unwrap_or_default();
                (*number, *kind, data)
            })
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.rows.iter().map(|row| row.0)
    }
}
