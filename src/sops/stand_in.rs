//! What stands for ciphertext in the skeleton of a sealed text.

use std::ops::Range;

use memchr::memmem;

use super::cipher::sealed_len;
use super::iv::IvSource;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::NodeId;
use crate::error::{Error, Kind};

/// The text that stands for a sealed value. It starts with a number that no text holds by accident.
///
/// In edits it is short; in the skeleton it is as long as the sealed value will be, for where go-yaml
/// puts a comment depends on distances, and the ciphertext then goes over it.
pub(super) struct StandIn {
    text: String,
    finder: memmem::Finder<'static>,
}

impl StandIn {
    pub(super) fn new(ivs: &mut IvSource) -> Self {
        let iv = ivs.next_iv();
        let mut text = String::from("ENC[");
        for byte in &iv[..12] {
            text.push_str(&format!("{byte:02x}"));
        }
        text.push(']');
        let finder = memmem::Finder::new(&text).into_owned();
        StandIn { text, finder }
    }

    /// What every stand-in of a value starts with.
    pub(super) fn mark(&self) -> &[u8] {
        self.text.as_bytes().strip_suffix(b"]").unwrap_or_default()
    }

    /// The stand-in of a value, in edits.
    pub(super) fn short(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Appends the new text of an edit, with its stand-ins at the length that the values in `found`
    /// will have. Notes where they are in `out`.
    pub(super) fn write_lengthened<'f, 'd: 'f>(
        &self,
        text: &[u8],
        found: &mut impl Iterator<Item = &'f Found<'d>>,
        places: &mut Vec<Range<usize>>,
        out: &mut Vec<u8>,
    ) {
        let mut done = 0;
        for at in self.finder.find_iter(text) {
            let Some(found) = found.next() else { break };
            out.extend_from_slice(&text[done..at]);
            let start = out.len();
            let len = sealed_len(found.value.canonical.len(), found.value.ty);
            out.extend_from_slice(self.mark());
            out.resize(start + len - 1, b'x');
            out.push(b']');
            places.push(start..out.len());
            done = at + self.text.len();
        }
        out.extend_from_slice(&text[done..]);
    }

    /// Appends the stand-in of a comment's text, which is told by its place.
    pub(super) fn write_comment(text: &[u8], out: &mut Vec<u8>) {
        let end = out.len() + sealed_len(text.len(), ScalarType::Comment);
        out.extend_from_slice(b"ENC[");
        out.resize(end - 1, b'x');
        out.push(b']');
    }
}

/// A leaf of the source that is to be encrypted.
pub(super) struct Found<'d> {
    pub(super) value: Scalar<'d>,
    /// The scalar that the sealed one replaces; `None` inside an expanded alias.
    pub(super) node: Option<NodeId>,
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
