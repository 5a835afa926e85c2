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
    /// The indentation of the first line with content.
    first_line: Option<usize>,
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
                    first_line = Some(indent);
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

/// The bytes that change when the scalar is sealed: all but the first line of a block scalar.
pub fn sealed_span(document: &Document, node: NodeId, text: &str) -> Range<usize> {
    let span = document.span(node);
    match document.kind(node) {
        NodeKind::Scalar(ScalarStyle::Literal | ScalarStyle::Folded) => {
            line_end(text.as_bytes(), span.start).min(span.end)..span.end
        }
        _ => span,
    }
}

/// Appends the text that replaces [`sealed_span`] when the scalar's value becomes `sealed`. Quotes
/// and block style stay; inside brackets a plain scalar gets the quotes that `ENC[...]` needs there.
pub fn write_sealed(
    document: &Document,
    node: NodeId,
    around: &Surroundings<'_>,
    sealed: &[u8],
    out: &mut Vec<u8>,
) {
    let NodeKind::Scalar(style) = document.kind(node) else {
        return;
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
    out.extend_from_slice(sealed);
    out.extend_from_slice(quote);
}

fn write_sealed_block(
    document: &Document,
    node: NodeId,
    around: &Surroundings<'_>,
    sealed: &[u8],
    out: &mut Vec<u8>,
) {
    let bytes = around.text.as_bytes();
    let span = document.span(node);
    let block = Block::of(around.text, &span);
    let parent_column = || {
        around
            .parent
            .map_or(0, |p| column(bytes, document.span(p).start))
    };
    let digit = block.header.bytes().find(u8::is_ascii_digit);
    let indent = match (digit, block.first_line) {
        (Some(digit), _) => parent_column() + usize::from(digit - b'0'),
        (None, Some(indent)) => indent,
        // Empty lines show no indentation: any below the parent's will do.
        (None, None) => parent_column() + 2,
    };
    let line_break =
        &bytes[block.header_end..block.header_end + break_len(bytes, block.header_end)];
    out.extend_from_slice(line_break);
    out.resize(out.len() + indent, b' ');
    out.extend_from_slice(sealed);
    // The break that ends the last line, if there is one, and the empty lines below it.
    if block.tail > 0 && is_after_break(bytes, block.tail) {
        out.extend_from_slice(line_break);
    }
    out.extend_from_slice(&bytes[block.tail..block.end]);
}

fn is_after_break(bytes: &[u8], pos: usize) -> bool {
    pos > 0 && (0..pos.min(3)).any(|back| break_len(bytes, pos - 1 - back) == back + 1)
}

/// A comment on the header's line of a block scalar: it lies inside the scalar's span, but it is
/// not the scalar's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderComment {
    /// Its bytes in the source, blanks before it included.
    pub source: Range<usize>,
    /// Where among the bytes that were appended it belongs.
    pub at: usize,
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
) -> Option<HeaderComment> {
    let NodeKind::Scalar(style) = document.kind(node) else {
        return None;
    };
    let is_string = matches!(value.ty, ScalarType::Str | ScalarType::Bytes);
    let text = if is_string { value.text() } else { None };
    match (style, text) {
        (ScalarStyle::Plain, Some(text)) if layout_kept => {
            let tag = document.tag(node);
            if plain_possible(text, around.in_flow(document)) && means(text, tag, true, value) {
                out.extend_from_slice(text.as_bytes());
                return None;
            }
        }
        (ScalarStyle::DoubleQuoted, Some(text)) => {
            double_quoted(text, out);
            return None;
        }
        (ScalarStyle::SingleQuoted, Some(text)) => {
            if !single_quoted(text, out) {
                double_quoted(text, out);
            }
            return None;
        }
        (ScalarStyle::Literal | ScalarStyle::Folded, text) => {
            return write_opened_block(document, node, around, value, text, out);
        }
        _ => {}
    }
    spell_like_sops(value, &around.context(document), out);
    None
}

fn write_opened_block(
    document: &Document,
    node: NodeId,
    around: &Surroundings<'_>,
    value: &Scalar<'_>,
    text: Option<&str>,
    out: &mut Vec<u8>,
) -> Option<HeaderComment> {
    let bytes = around.text.as_bytes();
    let span = document.span(node);
    let block = Block::of(around.text, &span);
    let start = out.len();
    let at_end_of_text = !is_after_break(bytes, block.tail);
    let line_break = if at_end_of_text {
        around.line_break
    } else {
        &around.text[block.header_end..block.header_end + break_len(bytes, block.header_end)]
    };
    let kept = text.is_some_and(|text| {
        let Some(indent) = block.first_line else {
            return false;
        };
        // At the very end of a text without final newline a clipped block has no newline either.
        let clipped = at_end_of_text && !block.header.contains('-') && !text.ends_with('\n');
        let with_break = clipped.then(|| zeroize::Zeroizing::new(format!("{text}\n")));
        let text = with_break.as_ref().map_or(text, |t| t.as_str());
        let write = match document.kind(node) {
            NodeKind::Scalar(ScalarStyle::Literal) => literal,
            _ => folded,
        };
        write(text, block.header, indent, line_break, out)
    });
    if !kept {
        spell_like_sops(value, &around.context(document), out);
    }
    let header_end = out[start..]
        .iter()
        .position(|b| matches!(b, b'\n' | b'\r'))
        .unwrap_or(out.len() - start);
    if !at_end_of_text {
        out.extend_from_slice(line_break.as_bytes());
    }
    // Blanks deeper than the value's indentation would be part of it.
    let limit = if kept {
        block.first_line.unwrap_or(0)
    } else {
        0
    };
    let tail = &bytes[block.tail..block.end];
    let is_blank = tail
        .split(|b| matches!(b, b'\n' | b'\r'))
        .all(|line| line.len() <= limit);
    if (!kept || !block.keeps()) && is_blank {
        out.extend_from_slice(tail);
    }
    let source = span.start + block.header.len()..block.header_end;
    (!source.is_empty()).then_some(HeaderComment {
        source,
        at: header_end,
    })
}
