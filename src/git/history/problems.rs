//! Problems of many objects: the first ones in words, all of them counted.

use std::sync::{Mutex, PoisonError};

/// How many are told in words. More say the same again.
const TOLD_MAX: usize = 200;

/// Problems that several threads find.
#[derive(Debug, Default)]
pub(super) struct Problems {
    inner: Mutex<(Vec<String>, usize)>,
}

impl Problems {
    /// Adds one; its words are made only if they are told.
    pub(super) fn add(&self, words: impl FnOnce() -> String) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.0.len() < TOLD_MAX {
            let words = words();
            inner.0.push(words);
        } else {
            inner.1 = inner.1.saturating_add(1);
        }
    }

    /// All of them, sorted, with a last line about those that are not told.
    pub(super) fn into_words(self) -> Vec<String> {
        let (mut told, untold) = self
            .inner
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        told.sort_unstable();
        told.dedup();
        if untold > 0 {
            told.push(format!("{untold} more problems of this kind"));
        }
        told
    }
}
