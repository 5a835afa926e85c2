//! The second walk of sealing, over the skeleton: what sops will see.

use std::ops::Range;

use zeroize::Zeroizing;

use super::cipher::sealed_len;
use super::jobs::{Jobs, Plain};
use super::layout::Layout;
use super::stand_in::{Found, StandIn, self_check};
use super::trace::Trace;
use super::walk::{Place, Source, Visitor};
use crate::document::restyle::write_opened;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeId};
use crate::document::yaml::reader::line_end;
use crate::document::yaml::restyle::Surroundings;
use crate::error::{Kind, Result};

/// Meets the leaves of the skeleton. Checks that they are those of the source, and takes down what
/// is to be sealed under which key path.
pub(super) struct Filler<'f, 'd> {
    pub(super) document: &'f Document,
    pub(super) source: &'f Source<'f>,
    pub(super) around: Surroundings<'f>,
    /// The document that the skeleton was made of; its comments are the skeleton's, one by one.
    pub(super) original: &'d Document,
    pub(super) original_source: &'d Source<'d>,
    pub(super) stand_in: &'f StandIn,
    pub(super) sealed_comments: &'f [bool],
    pub(super) found: &'f [Found<'d>],
    pub(super) places: &'f [Range<usize>],
    pub(super) next: usize,
    pub(super) jobs: Jobs,
    /// Comments that the rule selects in the skeleton only: they have no stand-in yet.
    pub(super) moved: Vec<u32>,
    pub(super) layout: Layout,
    pub(super) layout_needed: bool,
    pub(super) number: usize,
    pub(super) trace: Trace,
    pub(super) scratch: Zeroizing<Vec<u8>>,
}

impl Filler<'_, '_> {
    /// Notes the source's spelling if opening would not give it back.
    fn note_spelling(&mut self, node: NodeId, found: &Found<'_>, place: &Place<'_>) {
        let Some(original_node) = found.node else {
            return;
        };
        let span = self.original.span(original_node);
        let source = self.original_source.text.as_bytes();
        let original = &source[span.clone()];
        let around = Surroundings {
            parent: place.parent,
            ..self.around
        };
        if !found.tag_dropped {
            for layout_kept in [false, true] {
                self.scratch.clear();
                let comment = write_opened(
                    self.source.format,
                    self.document,
                    node,
                    &around,
                    &found.value,
                    layout_kept,
                    &mut self.scratch,
                );
                if let Some(comment) = comment {
                    // The header's comment is opened for itself: here the source's counts.
                    let end = line_end(original, 0);
                    let text = original.get(comment.at..end).unwrap_or(&[]);
                    self.scratch
                        .splice(comment.at..comment.at, text.iter().copied());
                }
                let at_end = span.end == source.len() && !original.ends_with(b"\n");
                let opened: &[u8] = match self.scratch.strip_suffix(around.line_break.as_bytes()) {
                    Some(shorter) if at_end => shorter,
                    _ => &self.scratch,
                };
                if opened == original {
                    self.layout_needed |= layout_kept;
                    return;
                }
            }
        }
        self.layout_needed = true;
        let properties = self.original.properties(original_node);
        let start = properties.map_or(span.start, |p| p.span.start);
        self.layout.note(
            self.number,
            place.pointer(self.document, self.source),
            &source[start..span.end],
        );
    }
}

impl<'f> Visitor<'f> for Filler<'f, '_> {
    const CHECK_KEYS: bool = false;

    fn leaf(&mut self, node: NodeId, scalar: Scalar<'f>, place: &Place<'_>) -> Result<()> {
        let is_stand_in = scalar.canonical.starts_with(self.stand_in.mark());
        if !is_stand_in {
            self.trace.leaf(place.aad, place.selected, &scalar);
            return Ok(());
        }
        let (Some(found), Some(at)) = (self.found.get(self.next), self.places.get(self.next))
        else {
            return Err(self_check("a stand-in is met twice"));
        };
        let span = self.document.span(node);
        if !place.selected || at.start < span.start || at.end > span.end {
            return Err(self_check("a stand-in moved"));
        }
        self.trace.leaf(place.aad, true, &found.value);
        self.jobs
            .add(at.clone(), place.aad, Plain::Leaf(self.next))?;
        self.next += 1;
        self.note_spelling(node, found, place);
        Ok(())
    }

    fn comment(&mut self, number: u32, place: &Place<'_>) -> Result<()> {
        let comments = (self.document.comment(number), self.original.comment(number));
        let (Some(comment), Some(original)) = comments else {
            return Err(self_check("a comment was lost"));
        };
        if place.alias.is_some() {
            return Ok(());
        }
        let expected = self.sealed_comments.get(number as usize) == Some(&true);
        if !place.selected {
            return match expected {
                true => Err(self
                    .original_source
                    .error(
                        original.span.start,
                        Kind::Input,
                        "this comment would be left in plaintext",
                    )
                    .because("it is encrypted where it stands, but would belong elsewhere once the metadata follows")
                    .hint("move it above a key, or remove it")),
                false => Ok(()),
            };
        }
        let text = original.span.start + 1..original.span.end;
        if text.is_empty() {
            return Ok(());
        }
        if !expected {
            self.moved.push(number);
            return Ok(());
        }
        self.layout_needed |= !comment.own_line;
        let at = comment.span.start + 1..comment.span.end;
        if at.len() != sealed_len(text.len(), ScalarType::Comment) {
            return Err(self_check("the stand-in of a comment was lost"));
        }
        self.jobs.add(at, place.aad, Plain::Comment(text))
    }
}
