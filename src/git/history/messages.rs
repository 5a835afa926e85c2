//! Messages of commits and tags, kept until a core has nothing better to do than to look at them.

use rayon::prelude::*;

use super::census::{index, number_of};
use crate::git::objects::ObjectKind;

/// All messages that are kept, in bytes. Real histories have a tenth of that.
const MESSAGES_MAX: usize = 64 << 20;

/// Messages that one thread has read.
#[derive(Debug, Default)]
pub(super) struct Messages {
    text: Vec<u8>,
    /// Number, kind, start and length.
    rows: Vec<(u32, ObjectKind, u32, u32)>,
}

impl Messages {
    /// Keeps a message; `false` if there is no room for it.
    pub(super) fn keep(&mut self, number: u32, kind: ObjectKind, message: &[u8]) -> bool {
        let start = self.text.len();
        let room = MESSAGES_MAX / rayon::current_num_threads().max(1);
        if start.saturating_add(message.len()) > room {
            return false;
        }
        self.text.extend_from_slice(message);
        let row = (number, kind, number_of(start), number_of(message.len()));
        self.rows.push(row);
        true
    }

    /// Number, kind and message of each, to be looked at in parallel.
    pub(super) fn all(&self) -> impl IndexedParallelIterator<Item = (u32, ObjectKind, &[u8])> {
        self.rows.par_iter().map(|(number, kind, start, length)| {
            let start = index(*start);
            let message = self.text.get(start..start.saturating_add(index(*length)));
            (*number, *kind, message.unwrap_or_default())
        })
    }
}
