//! The second walk of sealing: the stand-ins of the skeleton become ciphertext.

use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::iv::IvSource;
use super::layout::Layout;
use super::mac::MacHasher;
use super::selector::Selector;
use super::stand_in::{Found, StandIn, Trace, self_check};
use super::walk::{Place, Source, Visitor};
use crate::document::edit::Edits;
use crate::document::restyle::write_opened;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeId};
use crate::document::yaml::reader::line_end;
use crate::document::yaml::restyle::Surroundings;
use crate::error::{Error, Kind, Result};

/// Meets the leaves of the skeleton and fills the stand-ins.
pub(super) struct Filler<'f> {
    pub(super) document: &'f Document,
    pub(super) source: &'f Source<'f>,
    pub(super) original: &'f Source<'f>,
    pub(super) around: Surroundings<'f>,
    pub(super) stand_in: &'f StandIn,
    /// The document whose comments the skeleton's stand for, one by one.
    pub(super) commented: &'f Document,
    pub(super) sealed_comments: &'f [bool],
    pub(super) found: &'f [Found<'f>],
    pub(super) places: &'f [usize],
    pub(super) next: usize,
    pub(super) mac: &'f mut MacHasher,
    pub(super) mac_only_encrypted: bool,
    pub(super) selector: &'f Selector,
    pub(super) cipher: &'f Cipher,
    pub(super) ivs: &'f mut IvSource,
    pub(super) edits: Edits,
    pub(super) layout: &'f mut Layout,
    pub(super) layout_needed: bool,
    pub(super) number: usize,
    pub(super) trace: Trace,
    pub(super) scratch: Zeroizing<Vec<u8>>,
}

impl Filler<'_> {
    /// Notes the source's spelling if opening would not give it back.
    fn note_spelling(&mut self, node: NodeId, found: &Found<'_>, place: &Place<'_>) {
        let Some(region) = &found.region else { return };
        let source = self.original.text.as_bytes();
        let original = &source[found.span.clone()];
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
                let at_end = found.span.end == source.len() && !original.ends_with(b"\n");
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
        self.layout.note(
            self.number,
            place.pointer(self.document, self.source),
            &source[region.clone()],
        );
    }
}

impl Visitor for Filler<'_> {
    fn leaf(&mut self, node: NodeId, scalar: Scalar<'_>, place: &Place<'_>) -> Result<()> {
        if scalar.ty == ScalarType::Null {
            return Ok(());
        }
        let is_stand_in = scalar.canonical.starts_with(self.stand_in.mark());
        if !is_stand_in {
            self.trace
                .leaf(place.aad, place.selected, scalar.ty, &scalar.canonical);
            if !self.mac_only_encrypted || place.selected {
                self.mac.update(&scalar.canonical);
            }
            return Ok(());
        }
        let (Some(found), Some(&at)) = (self.found.get(self.next), self.places.get(self.next))
        else {
            return Err(self_check("a stand-in is met twice"));
        };
        self.next += 1;
        if !place.selected {
            return Err(self_check("a stand-in moved out of the selected place"));
        }
        self.trace
            .leaf(place.aad, true, found.value.ty, &found.value.canonical);
        self.mac.update(&found.value.canonical);
        let iv = self.ivs.next_iv();
        let (cipher, value) = (self.cipher, &found.value);
        let stand_in_len = self.stand_in.len(value);
        self.edits.replace_with(at..at + stand_in_len, |out| {
            cipher.seal_into(out, &value.canonical, place.aad.as_bytes(), value.ty, &iv)
        })?;
        self.note_spelling(node, found, place);
        Ok(())
    }

    fn comment(&mut self, number: u32, place: &Place<'_>) -> Result<()> {
        let comments = (
            self.document.comment(number),
            self.commented.comment(number),
        );
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
                    .original
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
        let span = comment.span.start + 1..comment.span.end;
        let text = &self.original.text.as_bytes()[original.span.start + 1..original.span.end];
        if text.is_empty() {
            return Ok(());
        }
        self.layout_needed |= !comment.own_line;
        let iv = self.ivs.next_iv();
        let (cipher, selector) = (self.cipher, self.selector);
        self.edits.replace_with(span, |out| {
            let start = out.len();
            cipher.seal_into(out, text, place.aad.as_bytes(), ScalarType::Comment, &iv)?;
            let sealed = std::str::from_utf8(&out[start..]).unwrap_or("");
            if selector.exempts_encrypted_comment(sealed) {
                return Err(Error::new(
                    Kind::Config,
                    "an encrypted comment would match `unencrypted_comment_regex`",
                )
                .hint("make the expression one that ciphertext cannot match"));
            }
            Ok::<(), Error>(())
        })
    }
}
