//! Where a document's metadata block goes, in which shape, and how it is taken out again.

use std::ops::Range;

use super::metadata::{BlockStyle, JsonStyle, Metadata};
use super::walk::{METADATA_KEY, Source};
use crate::document::Format;
use crate::document::flow;
use crate::document::tree::{Document, NodeId, NodeKind};
use crate::document::yaml::reader::{break_len, column, line_end};
use crate::document::yaml::restyle::Surroundings;

/// SOPS' indentation, for a document that shows none of its own.
const SOPS_INDENT: usize = 4;

/// The shape of a metadata block.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// Lines of a block mapping.
    Block {
        column: usize,
        break_before: bool,
        break_after: bool,
    },
    /// A member of a YAML mapping in braces.
    Flow { before: String, after: String },
    /// A member of a JSON object.
    Json {
        before: String,
        after: String,
        member_indent: String,
        unit: String,
    },
}

/// Where a metadata block is written.
#[derive(Clone, Debug)]
pub struct Insertion {
    /// The byte offset in the source text.
    pub at: usize,
    shape: Shape,
    indent_unit: usize,
    line_break: &'static str,
}

/// Finds the place for the metadata of a document whose text ends at `end`.
pub fn insertion(document: &Document, source: &Source<'_>, end: usize) -> Insertion {
    let text = source.text;
    let bytes = text.as_bytes();
    let line_break = line_break_of(bytes);
    let indent_unit = indent_unit(document, text);
    if let Some(place) = flow::insertion(document, text, source.format) {
        let shape = match source.format {
            Format::Yaml => Shape::Flow {
                before: place.before,
                after: place.after,
            },
            Format::Json => {
                let layout = flow::Layout::of(document, text, source.format);
                let (member_indent, unit) = layout.map_or_else(Default::default, |l| {
                    if l.multiline {
                        (l.member_indent, l.unit)
                    } else {
                        (String::new(), String::new())
                    }
                });
                Shape::Json {
                    before: place.before,
                    after: place.after,
                    member_indent,
                    unit,
                }
            }
        };
        return Insertion {
            at: place.offset,
            shape,
            indent_unit,
            line_break,
        };
    }
    let at = before_blanks(document, bytes, document.extent().content_end.min(end));
    let column = match document.root() {
        Some(root) if matches!(document.kind(root), NodeKind::Mapping { .. }) => {
            column(bytes, document.span(root).start)
        }
        _ => 0,
    };
    let ends_line = at == 0 || ends_with_break(&bytes[..at]);
    let shape = Shape::Block {
        column,
        break_before: !ends_line,
        break_after: ends_line,
    };
    Insertion {
        at,
        shape,
        indent_unit,
        line_break,
    }
}

/// The end of a text without a last line of blanks alone, which is nothing: with a line break behind
/// it, it would be an empty line, and those count in a block scalar.
fn before_blanks(document: &Document, bytes: &[u8], end: usize) -> usize {
    if end < bytes.len() || document.open_ended(end).is_some() {
        return end;
    }
    let text = &bytes[..end];
    let blanks = text.iter().rev().take_while(|b| matches!(b, b' ' | b'\t'));
    let start = end - blanks.count();
    let is_line = start == 0 || ends_with_break(&bytes[..start]);
    if is_line { start } else { end }
}

impl Insertion {
    /// The layout around the scalars of this document in `text`.
    pub fn around<'a>(&self, text: &'a str) -> Surroundings<'a> {
        Surroundings {
            text,
            parent: None,
            indent_unit: self.indent_unit,
            line_break: self.line_break,
        }
    }

    /// Blocks for both are the same bytes.
    pub fn same_shape(&self, other: &Insertion) -> bool {
        self.shape == other.shape
            && self.indent_unit == other.indent_unit
            && self.line_break == other.line_break
    }

    /// Writes a block of one word, for the skeleton.
    pub fn write_stand_in(&self, out: &mut Vec<u8>) {
        self.write(out, |out| match self.shape {
            Shape::Block { column, .. } => {
                out.resize(out.len() + column, b' ');
                out.extend_from_slice(b"sops: 0");
            }
            _ => out.extend_from_slice(b"\"sops\": 0"),
        });
    }

    /// Writes the metadata in this shape.
    pub fn write_metadata(&self, metadata: &Metadata, out: &mut Vec<u8>) {
        self.write(out, |out| match &self.shape {
            Shape::Block { column, .. } => {
                let style = BlockStyle {
                    column: *column,
                    indent: self.indent_unit,
                    line_break: self.line_break,
                };
                metadata.write_yaml(&style, out);
            }
            Shape::Flow { .. } => {
                out.extend_from_slice(b"\"sops\": ");
                metadata.write_flow(out);
            }
            Shape::Json {
                member_indent,
                unit,
                ..
            } => {
                let style = JsonStyle {
                    member_indent,
                    unit,
                    line_break: self.line_break,
                };
                metadata.write_json(&style, out);
            }
        });
    }

    fn write(&self, out: &mut Vec<u8>, block: impl FnOnce(&mut Vec<u8>)) {
        match &self.shape {
            Shape::Block {
                break_before,
                break_after,
                ..
            } => {
                if *break_before {
                    out.extend_from_slice(self.line_break.as_bytes());
                }
                block(out);
                while out.ends_with(self.line_break.as_bytes()) {
                    out.truncate(out.len() - self.line_break.len());
                }
                if *break_after {
                    out.extend_from_slice(self.line_break.as_bytes());
                }
            }
            Shape::Flow { before, after } | Shape::Json { before, after, .. } => {
                out.extend_from_slice(before.as_bytes());
                block(out);
                out.extend_from_slice(after.as_bytes());
            }
        }
    }
}

/// The bytes of a document's metadata member, so that removing them gives back the text that it
/// was inserted into. `key` and `value` are its nodes.
pub fn removal(
    document: &Document,
    source: &Source<'_>,
    key: NodeId,
    value: NodeId,
) -> Range<usize> {
    if let Some(range) = flow::removal(document, source.text, key) {
        return range;
    }
    let bytes = source.text.as_bytes();
    let key_start = document
        .properties(key)
        .map_or(document.span(key).start, |p| p.span.start);
    let start = key_start - column(bytes, key_start);
    let mut end = document.span(value).end.max(document.span(key).end);
    if !ends_with_break(&bytes[..end]) {
        end = line_end(bytes, end);
        end += break_len(bytes, end);
    }
    // A text without final newline got one before the block only.
    if end == bytes.len() && !ends_with_break(bytes) && start > 0 {
        return start - last_break_len(&bytes[..start])..end;
    }
    start..end
}

/// Bytes around a removed block that are not as they were: an insertion may have to set itself off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scar {
    before: usize,
    after: usize,
    text: Vec<u8>,
}

impl Scar {
    /// Compares the text without its block (`text` less `removed`) with the one that the block was
    /// written into (`text` less `inserted`); `None` if they are the same.
    pub fn of(text: &[u8], inserted: &Range<usize>, removed: &Range<usize>) -> Option<Scar> {
        let start = inserted.start.min(removed.start);
        let end = inserted.end.max(removed.end);
        let source = [&text[start..inserted.start], &text[inserted.end..end]].concat();
        let opened = [&text[start..removed.start], &text[removed.end..end]].concat();
        (source != opened).then(|| Scar {
            before: removed.start - start,
            after: end - removed.end,
            text: source,
        })
    }

    /// The whole of `text`, which was `source` before its block was put in.
    pub fn whole(text: &[u8], removed: &Range<usize>, source: &[u8]) -> Scar {
        Scar {
            before: removed.start,
            after: text.len() - removed.end,
            text: source.to_vec(),
        }
    }

    /// As layout notes keep it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{}:{}:", self.before, self.after).into_bytes();
        bytes.extend_from_slice(&self.text);
        bytes
    }

    /// Reads what [`Scar::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Scar> {
        let mut fields = bytes.splitn(3, |b| *b == b':');
        let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse().ok();
        let (before, after) = (number()?, number()?);
        Some(Scar {
            before,
            after,
            text: fields.next()?.to_vec(),
        })
    }

    /// The bytes to replace when `removed` is taken out, and by what.
    pub fn heal(&self, removed: &Range<usize>, len: usize) -> (Range<usize>, &[u8]) {
        let start = removed.start.saturating_sub(self.before);
        (start..(removed.end + self.after).min(len), &self.text)
    }
}

fn last_break_len(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r\n") {
        2
    } else {
        (1..=3)
            .find(|len| bytes.len() >= *len && break_len(bytes, bytes.len() - len) == *len)
            .unwrap_or(0)
    }
}

pub(super) fn ends_with_break(bytes: &[u8]) -> bool {
    last_break_len(bytes) > 0
}

/// The file's line break: its first one.
pub(super) fn line_break_of(bytes: &[u8]) -> &'static str {
    let end = line_end(bytes, 0);
    if bytes[end..].starts_with(b"\r\n") {
        "\r\n"
    } else {
        "\n"
    }
}

/// The file's own indentation: how far its first nested block collection is set off.
fn indent_unit(document: &Document, text: &str) -> usize {
    let Some(root) = document.root() else {
        return SOPS_INDENT;
    };
    if !matches!(document.kind(root), NodeKind::Mapping { flow: false }) {
        return SOPS_INDENT;
    }
    let bytes = text.as_bytes();
    let outer = column(bytes, document.span(root).start);
    // The metadata block itself, if there is one, was written with the file's indentation.
    let metadata = document.get(root, METADATA_KEY, text);
    let values = metadata
        .into_iter()
        .chain(document.entries(root).map(|(_, value)| value));
    for value in values {
        if matches!(document.kind(value), NodeKind::Mapping { flow: false }) {
            let inner = column(bytes, document.span(value).start);
            if (outer + 2..=outer + 9).contains(&inner) {
                return inner - outer;
            }
        }
    }
    SOPS_INDENT
}
