//! A digest of what a walk met, to compare two texts by. Secrets are not kept.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use foldhash::quality::{FixedState, FoldHasher};

use crate::document::scalar::{Scalar, ScalarType};

/// A running digest of the leaves. It finds mistakes, not forgeries: those are for the MAC.
pub(super) struct Trace(FoldHasher<'static>);

impl Default for Trace {
    fn default() -> Self {
        Trace(FixedState::default().build_hasher())
    }
}

impl Trace {
    /// Takes in a leaf: the key path, its value, and whether it is selected.
    pub(super) fn leaf(&mut self, aad: &str, selected: bool, value: &Scalar<'_>) {
        if value.ty == ScalarType::Null {
            return;
        }
        aad.hash(&mut self.0);
        selected.hash(&mut self.0);
        value.ty.hash(&mut self.0);
        value.canonical.hash(&mut self.0);
    }

    /// The digest so far.
    pub(super) fn finish(&self) -> u64 {
        self.0.finish()
    }
}
