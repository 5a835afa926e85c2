//! How a scalar's place in the text takes a sealed value, and how it takes the opened one back.

use std::ops::Range;

use super::block_scalar::{folded, literal};
use super::reader::{break_len, column, line_end};
use super::resolve::means;
use super::spell::{
    Context, Parent, double_quoted, plain_possible, single_quoted, spell_like_sops,
};
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeId, NodeKind, ScalarStyle};

/// The layout of the text around a scalar.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The text that the document was parsed from.
    pub text: &'a str,
    /// The collection that holds the scalar.
    pub parent: Option<NodeId>,
    /// Spaces of one level.
    pub indent_unit: usize,
    /// The file's line break.
    pub line_break: &'a str,
}

impl Surroundings<'_> {
    fn in_flow(&self, document: &Document) -> bool {
        self.parent.is_some_and(|p| {
            matches!(
                document.kind(p),
                NodeKind::Mapping { flow: true } | NodeKind::Sequence { flow: true }
            )
        })
    }

    fn context<'c>(&'c self, document: &Document) -> Context<'c> {
        let parent = self
            .parent
            .map(|p| (document.kind(p), document.span(p).start));
        Context {
            indent_unit: self.indent_unit,
            parent: match parent {
                Some((NodeKind::Sequence { .. }, _)) => Parent::Sequence,
                _ => Parent::Mapping,
            },
            column: parent.map_or(0, |(_, start)| column(self.text.as_bytes(), start)),
            in_flow: self.in_flow(document),
            line_break: self.line_break,
        }
    }
}

/// The parts of a block scalar's source.
struct Block<'a> {
    /// `|-`, `>2+`: without the comment.
    header: &'a str,
    /// Where the header's line ends, its break excluded.
    header_end: usize,
    /// The first line with content: its start and its indentation.
    first_line: Option<(usize, usize)>,
    /// Where the empty lines at the end begin.
    tail: usize,
    end: usize,
}

impl<'a> Block<'a> {
    fn of(text: &'a str, span: &Range<usize>) -> Block<'a> {
        let bytes = text.as_bytes();
        let header_end = line_end(bytes, span.start).min(span.end);
        let line = &text[span.start..header_end];
        let header_len = line
            .bytes()
            .position(|b| b == b' ' || b == b'\t' || b == b'#')
            .unwrap_or(line.len());
        let mut pos = header_end + break_len(bytes, header_end);
        let mut first_line = None;
        let mut tail = pos.min(span.end);
        while pos < span.end {
            let end = line_end(bytes, pos).min(span.end);
            let next = (end + break_len(bytes, end)).min(span.end);
            let indent = bytes[pos..end].iter().take_while(|b| **b == b' ').count();
            if pos + indent < end {
                if first_line.is_none() {
                    first_line = Some((pos, indent));
                }
                tail = next;
            }
            if next == pos {
                break;
            }
            pos = next;
        }
        Block {
            header: &line[..header_len],
            header_end,
            first_line,
            tail,
            end: span.end,
        }
    }

    fn keeps(&self) -> bool {
        self.header.contains('+')
    }
}

/// Appends the text that replaces the scalar's span when its value becomes `sealed`, and returns
/// where in `out` the sealed text lies. Quotes and block style stay; inside brackets a plain
/// scalar gets the quotes that `ENC[...]` needs there.
pub fn write_sealed(
    document: &Document,
    node: NodeId,
    around: &Surroundings<'_>,
    sealed: &[u8],
    out: &mut Vec<u8>,
) -> Range<usize> {
    let NodeKind::Scalar(style) = document.kind(node) else {
        return out.len()..out.len();
    };
    let quote: &[u8] = match style {
        ScalarStyle::Plain if around.in_flow(document) => b"\"",
        ScalarStyle::DoubleQuoted => b"\"",
        ScalarStyle::SingleQuoted => b"'",
        ScalarStyle::Literal | ScalarStyle::Folded => {
            return write_sealed_block(document, node, around, sealed, out);
        }
        ScalarStyle::Plain => b"",
    };
    out.extend_from_slice(quote);
    let start = out.len();
    out.extend_from_slice(sealed);
    let end = out.len();
    out.extend_from_slice(quote);
    start..end
}

fn write_sealed_block(
    document: &Document,
    node: NodeId,
    around: &Surroundings<'_>,
    sealed: &[u8],
    out: &mut Vec<u8>,
) -> Range<usize> {
    let bytes = around.text.as_bytes();
    let span = document.span(node);
    let block = Block::of(around.text, &span);
    let Some((first, mut indent)) = block.first_line else {
        // Only empty lines: there is no indentation to keep, so the block becomes a plain scalar.
        let start = out.len();
        out.extend_from_slice(sealed);
        let end = out.len();
        out.extend_from_slice(&bytes[block.header_end..span.end]);
        return start..end;
    };
    if let Some(digit) = block.header.bytes().find(u8::is_ascii_digit) {
        let column = around
            .parent
            .map_or(0, |p| column(bytes, document.span(p).start));
        indent = indent.min(column + usize::from(digit - b'0'));
    }
    out.extend_from_slice(&bytes[span.start..block.header_end]);
    let line_break =
        &bytes[block.header_end..block.header_end + break_len(bytes, block.header_end)];
    out.extend_from_slice(line_break);
    let _ = first;
    out.resize(out.len() + indent, b' ');
    let start = out.len();
    out.extend_from_slice(sealed);
    let end = out.len();
    // The break that ends the last line, if there is one, and the empty lines below it.
    if block.tail > 0 && is_after_break(bytes, block.tail) {
        out.extend_from_slice(line_break);
    }
    out.extend_from_slice(&bytes[block.tail..block.end]);
    start..end
}

fn is_after_break(bytes: &[u8], pos: usize) -> bool {
    pos > 0 && (0..pos.min(3)).any(|back| break_len(bytes, pos - 1 - back) == back + 1)
}

/// Appends the text that replaces a sealed scalar's span once its value is known. With
/// `layout_kept` the sealed file has the layout of its source: a plain place takes a plain value
/// wherever that reads back; otherwise a plain place takes what sops would print.
pub fn write_opened(
    document: &Document,
    node: NodeId,
    around: &Surroundings<'_>,
    value: &Scalar<'_>,
    layout_kept: bool,
    out: &mut Vec<u8>,
) {
    let NodeKind::Scalar(style) = document.kind(node) else {
        return;
    };
    let is_string = matches!(value.ty, ScalarType::Str | ScalarType::Bytes);
    let text = if is_string { value.text() } else { None };
    match (style, text) {
        (ScalarStyle::Plain, Some(text)) if layout_kept => {
            let tag = document.tag(node);
            if plain_possible(text, around.in_flow(document)) && means(text, tag, true, value) {
                out.extend_from_slice(text.as_bytes());
                return;
            }
        }
        (ScalarStyle::DoubleQuoted, Some(text)) => return double_quoted(text, out),
        (ScalarStyle::SingleQuoted, Some(text)) => {
            if !single_quoted(text, out) {
                double_quoted(text, out);
            }
            return;
        }
        (ScalarStyle::Literal | ScalarStyle::Folded, Some(text)) => {
            if write_opened_block(document, node, around, text, out) {
                return;
            }
        }
        _ => {}
    }
    spell_like_sops(value, &around.context(document), out);
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        // The span of a block scalar reaches behind its last break.
        let span = document.span(node);
        if is_after_break(around.text.as_bytes(), span.end) {
            out.extend_from_slice(around.line_break.as_bytes());
        }
    }
}

fn write_opened_block(
    document: &Document,
    node: NodeId,
    around: &Surroundings<'_>,
    text: &str,
    out: &mut Vec<u8>,
) -> bool {
    let bytes = around.text.as_bytes();
    let span = document.span(node);
    let block = Block::of(around.text, &span);
    let Some((_, indent)) = block.first_line else {
        return false;
    };
    let line_break =
        &around.text[block.header_end..block.header_end + break_len(bytes, block.header_end)];
    let start = out.len();
    let at_end_of_text = !is_after_break(bytes, block.tail);
    // At the very end of a text without final newline a clipped block has no newline either.
    let with_break;
    let text = if at_end_of_text && !block.header.contains('-') && !text.ends_with('\n') {
        with_break = zeroize::Zeroizing::new(format!("{text}\n"));
        with_break.as_str()
    } else {
        text
    };
    let write = if matches!(document.kind(node), NodeKind::Scalar(ScalarStyle::Literal)) {
        literal
    } else {
        folded
    };
    let header_len = block.header.len();
    let header = block.header;
    if !write(text, header, indent, line_break, out) {
        out.truncate(start);
        return false;
    }
    // A comment on the header's line stays.
    let rest = &bytes[span.start + header_len..block.header_end];
    if !rest.is_empty() {
        let at = start + header_len;
        out.splice(at..at, rest.iter().copied());
    }
    if !at_end_of_text {
        out.extend_from_slice(line_break.as_bytes());
    }
    if !block.keeps() {
        out.extend_from_slice(&bytes[block.tail..block.end]);
    }
    true
}
