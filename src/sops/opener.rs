//! The walk of opening: ciphertext becomes its value in place.

use std::ops::Range;

use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::emission::Part;
use super::envelope::{Envelope, looks_damaged, looks_sealed};
use super::layout::Layout;
use super::plain_paths::{PlainPaths, damaged};
use super::printed::Noted;
use super::trace::Trace;
use super::walk::{Place, Source, Visitor, key_text};
use crate::document::edit::Edits;
use crate::document::restyle::write_opened;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeId, NodeKind, ScalarStyle};
use crate::document::yaml::reader::{break_len, column, line_end};
use crate::document::yaml::restyle::Surroundings;
use crate::document::yaml::spell::double_quoted;
use crate::error::{Error, Kind, Result};
use crate::secret::SecretBuffer;

pub(super) struct Opener<'o> {
    pub(super) document: &'o Document,
    pub(super) source: &'o Source<'o>,
    pub(super) around: Surroundings<'o>,
    pub(super) cipher: &'o Cipher,
    pub(super) mac_input: SecretBuffer,
    pub(super) mac_only_encrypted: bool,
    pub(super) layout: Option<&'o Layout>,
    pub(super) number: usize,
    pub(super) edits: Edits,
    /// Where the metadata begins, with the line break that was put before it: edits end here.
    pub(super) limit: usize,
    pub(super) plain: PlainPaths,
    pub(super) leaves: usize,
    /// Where comments stand in clear that should not.
    pub(super) clear_comments: Vec<usize>,
    pub(super) scratch: Zeroizing<Vec<u8>>,
    pub(super) trace: Trace,
    /// Takes note of what is opened, in a text that SOPS printed.
    pub(super) printed: Option<Vec<Noted>>,
}

impl Opener<'_> {
    fn error(&self, node: NodeId, kind: Kind, message: &str, place: &Place<'_>) -> Error {
        let path = place.key_path(self.document, self.source);
        self.source.error(
            self.document.span(node).start,
            kind,
            format!("{message} at `{path}`"),
        )
    }

    /// The bytes from a node's properties to its end: what a noted spelling replaces.
    fn region(&self, node: NodeId) -> Range<usize> {
        let span = self.document.span(node);
        self.document
            .properties(node)
            .map_or(span.start, |p| p.span.start)..span.end
    }

    /// Replaces a span. A block scalar's reaches over the line break before the metadata, which
    /// goes with the metadata if the source had no final newline.
    fn replace(&mut self, span: Range<usize>, text: &[u8]) {
        if span.end > self.limit && span.start < self.limit {
            let line_break = self.around.line_break.as_bytes();
            let text = text.strip_suffix(line_break).unwrap_or(text);
            self.edits.replace(span.start..self.limit, text);
        } else {
            self.edits.replace(span, text);
        }
    }

    fn open_scalar(&mut self, node: NodeId, around: &Surroundings<'_>, value: &Scalar<'_>) {
        let mut text = Zeroizing::new(Vec::with_capacity(value.canonical.len() * 2 + 64));
        let (format, kept) = (self.source.format, self.layout.is_some());
        let comment = write_opened(format, self.document, node, around, value, kept, &mut text);
        let span = self.document.span(node);
        if let Some(comment) = comment {
            let (before, after) = text.split_at(comment.at.min(text.len()));
            self.replace(span.start..comment.source.start, before);
            self.replace(comment.source.end..span.end, after);
            return;
        }
        let plain = NodeKind::Scalar(ScalarStyle::Plain);
        if self.document.kind(node) == plain && line_end(&text, 0) < text.len() {
            self.open_lines(span, value, &mut text);
            return;
        }
        self.replace(span, &text);
    }

    /// Puts a value of several lines in a plain place. A comment behind the place must not become
    /// a part of the last line.
    fn open_lines(&mut self, span: Range<usize>, value: &Scalar<'_>, text: &mut Vec<u8>) {
        let bytes = self.source.text.as_bytes();
        let end = line_end(bytes, span.end);
        let behind = &bytes[span.end..end];
        let Some(hash) = behind.iter().position(|b| *b == b'#') else {
            self.replace(span, text);
            return;
        };
        if self.layout.is_some() {
            text.clear();
            double_quoted(value.text().unwrap_or_default(), text);
            self.replace(span, text);
        } else if looks_sealed(&behind[hash + 1..]) {
            // Opened for itself, it goes above.
            self.replace(span, text);
        } else {
            let header = line_end(text, 0);
            text.splice(header..header, behind.iter().copied());
            self.replace(span.start..end, text);
        }
    }

    /// A comment that sops sealed as a list item becomes a comment line again.
    fn comment_item(&mut self, node: NodeId) {
        let bytes = self.source.text.as_bytes();
        let span = self.document.span(node);
        let before = &bytes[..span.start];
        let dash = before
            .iter()
            .rposition(|b| !matches!(b, b' ' | b'\t'))
            .unwrap_or(span.start);
        if before.get(dash) != Some(&b'-') {
            return;
        }
        let indent = column(bytes, dash);
        let mut text = Zeroizing::new(Vec::new());
        comment_lines(&self.scratch, indent, self.around.line_break, &mut text);
        self.edits.replace(dash..span.end, &text);
    }

    /// Puts back what noted spellings stand for on nodes that are no leaves: expanded aliases.
    pub(super) fn restore_collections(&mut self) -> Result<()> {
        let Some(layout) = self.layout.filter(|l| !l.is_empty()) else {
            return Ok(());
        };
        let Some(root) = self.document.root() else {
            return Ok(());
        };
        let mut stack = vec![(root, String::new())];
        while let Some((node, pointer)) = stack.pop() {
            let is_mapping = matches!(self.document.kind(node), NodeKind::Mapping { .. });
            if !is_mapping && !matches!(self.document.kind(node), NodeKind::Sequence { .. }) {
                continue;
            }
            if !pointer.is_empty()
                && let Some(spelling) = layout.spelling(self.number, &pointer)
            {
                let region = self.region(node);
                self.replace(region, spelling);
                continue;
            }
            if is_mapping {
                for (key, value) in self.document.entries(node) {
                    let key = key_text(self.document, self.source, key);
                    let key = key.replace('~', "~0").replace('/', "~1");
                    stack.push((value, format!("{pointer}/{key}")));
                }
            } else {
                for (number, item) in self.document.children(node).enumerate() {
                    stack.push((item, format!("{pointer}/{number}")));
                }
            }
        }
        Ok(())
    }
}

/// Appends a comment's text as lines of `#`; a break in it cannot smuggle in content.
fn comment_lines(text: &[u8], indent: usize, line_break: &str, out: &mut Vec<u8>) {
    let mut rest = text;
    loop {
        let end = line_end(rest, 0);
        out.push(b'#');
        out.extend_from_slice(&rest[..end]);
        let len = break_len(rest, end);
        if len == 0 {
            return;
        }
        out.extend_from_slice(line_break.as_bytes());
        out.resize(out.len() + indent, b' ');
        rest = &rest[end + len..];
    }
}

impl Visitor<'_> for Opener<'_> {
    fn leaf(&mut self, node: NodeId, scalar: Scalar<'_>, place: &Place<'_>) -> Result<()> {
        if scalar.ty == ScalarType::Null {
            return Ok(());
        }
        let sealed = place.selected && !scalar.canonical.is_empty();
        if !sealed {
            if !self.mac_only_encrypted || place.selected {
                self.mac_input.push(&scalar.canonical);
            }
            self.trace.leaf(place.aad, true, &scalar);
            // A spelling noted for a value in clear: a block scalar at the end of the text.
            if let Some(spelling) = self
                .layout
                .filter(|l| !l.is_empty())
                .and_then(|l| l.spelling(self.number, &place.pointer(self.document, self.source)))
                && place.alias.is_none()
            {
                let region = self.region(node);
                self.replace(region, spelling);
            }
            return Ok(());
        }
        let envelope = match scalar.ty {
            ScalarType::Str => Envelope::parse(&scalar.canonical),
            _ => None,
        };
        let Some(envelope) = envelope else {
            if looks_damaged(&scalar.canonical) {
                return Err(damaged(self.document, self.source, node, place));
            }
            let path = place.key_path(self.document, self.source);
            self.plain.add(path, self.document.span(node).start);
            return Ok(());
        };
        let mut plain = std::mem::take(&mut *self.scratch);
        let opened = self
            .cipher
            .open_into(&envelope, place.aad.as_bytes(), &mut plain);
        *self.scratch = plain;
        let ty = opened.map_err(|e| {
            self.error(node, Kind::Crypto, "a value cannot be opened", place)
                .because(e.to_string())
                .hint("a sealed value opens only under the key path that it was sealed at: look for renamed or moved keys")
        })?;
        self.leaves += 1;
        if ty == ScalarType::Comment {
            if let Some(printed) = &mut self.printed {
                printed.push(Noted::new(Part::Leaf(node), ty, &self.scratch));
            }
            self.comment_item(node);
            return Ok(());
        }
        let plain = std::mem::take(&mut self.scratch);
        let value = Scalar::from_decrypted(ty, &plain).map_err(|_| {
            self.error(
                node,
                Kind::Crypto,
                "an opened value is not of its type",
                place,
            )
            .because(format!("it says `type:{}`", ty.name()))
        })?;
        self.mac_input.push(&value.canonical);
        self.trace.leaf(place.aad, true, &value);
        if let Some(printed) = &mut self.printed {
            printed.push(Noted::new(Part::Leaf(node), ty, &value.canonical));
        }
        if place.alias.is_none() {
            let noted = self.layout.filter(|l| !l.is_empty());
            let noted = noted
                .and_then(|l| l.spelling(self.number, &place.pointer(self.document, self.source)));
            if let Some(spelling) = noted {
                let region = self.region(node);
                self.replace(region, spelling);
            } else {
                let around = Surroundings {
                    parent: place.parent,
                    ..self.around
                };
                self.open_scalar(node, &around, &value);
            }
        }
        drop(value);
        self.scratch = plain;
        Ok(())
    }

    fn comment(&mut self, number: u32, place: &Place<'_>) -> Result<()> {
        let Some(comment) = self.document.comment(number) else {
            return Ok(());
        };
        if !place.selected || place.alias.is_some() {
            return Ok(());
        }
        let bytes = self.source.text.as_bytes();
        let span = comment.span.start + 1..comment.span.end;
        let text = &bytes[span.clone()];
        if text.is_empty() {
            return Ok(());
        }
        let envelope = if looks_sealed(text) {
            Envelope::parse(text)
        } else {
            None
        };
        let mut plain = std::mem::take(&mut *self.scratch);
        let opened = envelope.map(|e| self.cipher.open_into(&e, place.aad.as_bytes(), &mut plain));
        *self.scratch = plain;
        if !matches!(opened, Some(Ok(_))) {
            // sops warns and keeps the comment, for files of its early versions have such ones.
            self.clear_comments.push(comment.span.start);
            return Ok(());
        }
        self.leaves += 1;
        if let Some(printed) = &mut self.printed {
            let part = Part::Comment(number);
            printed.push(Noted::new(part, ScalarType::Comment, &self.scratch));
        }
        let line_break = self.around.line_break;
        let indent = column(bytes, comment.span.start);
        let mut text = Zeroizing::new(Vec::new());
        if comment.own_line || self.layout.is_some() {
            comment_lines(&self.scratch, indent, line_break, &mut text);
            self.edits.replace(comment.span.clone(), &text);
            return Ok(());
        }
        // sops prints an encrypted comment that stood beside a value on a line above it.
        let line_start = comment.span.start - indent;
        let line_indent = bytes[line_start..]
            .iter()
            .take_while(|b| **b == b' ')
            .count();
        text.resize(line_indent, b' ');
        comment_lines(&self.scratch, line_indent, line_break, &mut text);
        text.extend_from_slice(line_break.as_bytes());
        self.edits.replace(line_start..line_start, &text);
        let blanks = bytes[..comment.span.start]
            .iter()
            .rev()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        self.edits
            .replace(comment.span.start - blanks..comment.span.end, b"");
        Ok(())
    }
}
