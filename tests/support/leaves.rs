//! What a text means: its leaves, wherever and however they are spelled.
#![allow(dead_code, clippy::unwrap_used)]

use std::ops::Range;

use secrets::Format;
use secrets::document::scalar::{Scalar, ScalarType};
use secrets::document::tree::{Document, NodeId};
use secrets::document::{json, yaml};
use secrets::sops::selector::{Selector, Walk};
use secrets::sops::walk::{Place, Source, Visitor, walk};

/// A scalar, null and empty ones too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) document: usize,
    /// JSON Pointer.
    pub(crate) pointer: String,
    pub(crate) selected: bool,
    /// There is something to encrypt.
    pub(crate) has_value: bool,
    /// Type and canonical text.
    pub(crate) value: (&'static str, Vec<u8>),
}

struct Finder<'f> {
    document: &'f Document,
    source: &'f Source<'f>,
    number: usize,
    leaves: Vec<Leaf>,
    spans: Vec<(Range<usize>, bool)>,
}

impl Visitor<'_> for Finder<'_> {
    fn leaf(&mut self, node: NodeId, scalar: Scalar<'_>, place: &Place<'_>) -> secrets::Result<()> {
        let has_value = scalar.ty != ScalarType::Null && !scalar.canonical.is_empty();
        if place.selected && has_value && place.alias.is_none() {
            let mut span = self.document.span(node);
            // A comment behind the header of a block scalar is no part of the value.
            for comment in self.document.comments() {
                if span.contains(&comment.span.start) {
                    span.start = comment.span.end;
                }
            }
            self.spans.push((span, false));
        }
        self.leaves.push(Leaf {
            document: self.number,
            pointer: place.pointer(self.document, self.source),
            selected: place.selected,
            has_value,
            value: (scalar.ty.name(), scalar.canonical.to_vec()),
        });
        Ok(())
    }

    fn comment(&mut self, number: u32, place: &Place<'_>) -> secrets::Result<()> {
        if let Some(comment) = self.document.comment(number)
            && place.selected
            && place.alias.is_none()
        {
            self.spans.push((comment.span.clone(), true));
        }
        Ok(())
    }
}

type Found = (Vec<Leaf>, Vec<(Range<usize>, bool)>);

fn find(text: &[u8], format: Format, selector: &Selector) -> Option<Found> {
    let mut found = (Vec::new(), Vec::new());
    let mut each = |source: &Source<'_>, document: &Document, number: usize| {
        let mut finder = Finder {
            document,
            source,
            number,
            leaves: Vec::new(),
            spans: Vec::new(),
        };
        walk(document, source, &mut Walk::new(selector), &mut finder).ok()?;
        found.0.append(&mut finder.leaves);
        found.1.append(&mut finder.spans);
        Some(())
    };
    let text = std::str::from_utf8(text).ok()?;
    let source = Source {
        text,
        format,
        lines_before: 0,
    };
    match format {
        Format::Json => each(&source, &json::parse(text.as_bytes()).ok()?, 0)?,
        _ => {
            let mut stream = yaml::Stream::new(text.as_bytes()).ok()?;
            let mut number = 0;
            while let Some(document) = stream.next_document().ok()? {
                each(&source, &document, number)?;
                number += 1;
            }
        }
    }
    found.1.sort_by_key(|(span, _)| span.start);
    found.1.dedup();
    Some(found)
}

/// The leaves of a text in their order; `None` if it cannot be read.
pub(crate) fn leaves(text: &[u8], format: Format, selector: &Selector) -> Option<Vec<Leaf>> {
    find(text, format, selector).map(|found| found.0)
}

/// Where selected values and comments stand, in order; `true` for comments.
pub(crate) fn selected_spans(
    text: &[u8],
    format: Format,
    selector: &Selector,
) -> Option<Vec<(Range<usize>, bool)>> {
    find(text, format, selector).map(|found| found.1)
}
