//! What stands for ciphertext in the skeleton of a sealed text.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::cipher::sealed_len;
use super::iv::IvSource;
use crate::document::scalar::{Scalar, ScalarType};
use crate::error::{Error, Kind};

/// The text that stands for a sealed value in the skeleton: as long as the sealed value will be,
/// for where go-yaml puts a comment depends on distances. Starts with a number that no text holds
/// by accident.
pub(super) struct StandIn {
    mark: String,
    /// Without comments distances do not matter, and short stand-ins save memory.
    pub(super) exact: bool,
}

impl StandIn {
    pub(super) fn new(ivs: &mut IvSource) -> Self {
        let iv = ivs.next_iv();
        let mut text = String::from("ENC[");
        for byte in &iv[..12] {
            text.push_str(&format!("{byte:02x}"));
        }
        StandIn {
            mark: text,
            exact: true,
        }
    }

    /// What every stand-in of a value starts with.
    pub(super) fn mark(&self) -> &[u8] {
        self.mark.as_bytes()
    }

    /// The length of the stand-in of a value.
    pub(super) fn len(&self, value: &Scalar<'_>) -> usize {
        match self.exact {
            true => sealed_len(value.canonical.len(), value.ty),
            false => self.mark.len() + 1,
        }
    }

    /// Appends the stand-in of a value.
    pub(super) fn write(&self, value: &Scalar<'_>, out: &mut Vec<u8>) {
        let end = out.len() + self.len(value);
        out.extend_from_slice(self.mark());
        out.resize(end - 1, b'x');
        out.push(b']');
    }

    /// Appends the stand-in of a comment's text, which is told by its place.
    pub(super) fn write_comment(text: &[u8], out: &mut Vec<u8>) {
        let end = out.len() + sealed_len(text.len(), ScalarType::Comment);
        out.extend_from_slice(b"ENC[");
        out.resize(end - 1, b'x');
        out.push(b']');
    }
}

/// A running digest of what a walk met, to compare the two parses by.
#[derive(Default)]
pub(super) struct Trace(DefaultHasher);

impl Trace {
    pub(super) fn leaf(&mut self, aad: &str, selected: bool, ty: ScalarType, canonical: &[u8]) {
        aad.hash(&mut self.0);
        selected.hash(&mut self.0);
        ty.hash(&mut self.0);
        canonical.hash(&mut self.0);
    }

    pub(super) fn finish(&self) -> u64 {
        self.0.finish()
    }
}

/// A leaf of the source that is to be encrypted.
pub(super) struct Found<'d> {
    pub(super) value: Scalar<'d>,
    /// The bytes of the source that the sealed scalar replaces, properties included; `None` inside
    /// an expanded alias.
    pub(super) region: Option<std::ops::Range<usize>>,
    /// The region that `region` shrinks to when the tag stays: the scalar alone.
    pub(super) span: std::ops::Range<usize>,
    /// A tag had to go.
    pub(super) tag_dropped: bool,
}

pub(super) fn self_check(what: &str) -> Error {
    Error::new(
        Kind::Input,
        "this file cannot be sealed without changing what it means",
    )
    .because(what.to_owned())
    .hint("the file was left as it was; please report its shape (not its values)")
}
