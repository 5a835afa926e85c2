//! Where the values of an existing block stand, to be replaced in place.

use std::ops::Range;

use super::LAYOUT_KEY;
use super::read::Reader;
use crate::document::tree::{Document, NodeId, NodeKind, ScalarStyle};

/// Where the values stand that change when a document is sealed again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    /// `mac`
    pub mac: Option<Slot>,
    /// `lastmodified`
    pub last_modified: Option<Slot>,
    /// `version`
    pub version: Option<Slot>,
    /// `secrets_layout`
    pub layout: Option<Slot>,
    /// The whole list `age`, flow or block.
    pub age: Option<Range<usize>>,
    /// The whole list `key_groups`, flow or block.
    pub key_groups: Option<Range<usize>>,
}

impl Spans {
    /// Finds the values in the block that [`Metadata::read`](super::Metadata::read) reads. An alias is replaced itself, its
    /// anchor is left alone.
    pub fn find(document: &Document, node: NodeId, source: &str) -> Spans {
        let reader = Reader { document, source };
        let Some(block) = reader.mapping(node) else {
            return Spans::default();
        };
        let slot = |key| {
            reader
                .get(block, key)
                .and_then(|id| reader.slot(block, key, id))
        };
        let span = |key| reader.get(block, key).map(|id| document.span(id));
        Spans {
            mac: slot("mac"),
            last_modified: slot("lastmodified"),
            version: slot("version"),
            layout: slot(LAYOUT_KEY),
            age: span("age"),
            key_groups: span("key_groups"),
        }
    }
}

/// A scalar of an existing block, to be replaced in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The bytes to replace: quotes and block header included, the final line break not.
    pub span: Range<usize>,
    quote: Option<char>,
    space_before: bool,
}

impl Slot {
    /// The bytes to put in the span's place for `text`: an `ENC[...]` text, an RFC 3339 time, or
    /// another text without quotes, backslashes and breaks. Keeps the quotes that are there, but
    /// for those around a block-style `mac`, which Flux would not recognise.
    pub fn spelling(&self, text: &str) -> String {
        let space = if self.space_before { " " } else { "" };
        match self.quote {
            Some(quote) => format!("{space}{quote}{text}{quote}"),
            None => format!("{space}{text}"),
        }
    }
}

impl Reader<'_> {
    fn slot(self, block: NodeId, key: &str, node: NodeId) -> Option<Slot> {
        let mut span = self.document.span(node);
        let old = self.source.get(span.clone())?;
        span.end -= old.len() - old.trim_end().len();
        let in_flow = matches!(self.document.kind(block), NodeKind::Mapping { flow: true });
        let quote = match self.document.kind(node) {
            NodeKind::Mapping { .. } | NodeKind::Sequence { .. } => return None,
            // Flux looks for the bytes `mac: ENC[`.
            _ if key == "mac" && !in_flow => None,
            NodeKind::Scalar(ScalarStyle::SingleQuoted) => Some('\''),
            NodeKind::Scalar(ScalarStyle::DoubleQuoted) => Some('"'),
            // `ENC[..,..]` has no plain form in flow style, and a plain time is no text.
            _ => (in_flow || key == "lastmodified").then_some('"'),
        };
        let before = self.source.get(..span.start)?;
        let space_before = span.is_empty() && !before.ends_with([' ', '\t']);
        if span.is_empty() {
            let after = self.source.get(span.end..)?;
            let blanks = after.len() - after.trim_start_matches([' ', '\t']).len();
            if !after.trim_start_matches([' ', '\t']).starts_with('#') {
                span.end += blanks;
            }
        }
        Some(Slot {
            span,
            quote,
            space_before,
        })
    }
}
