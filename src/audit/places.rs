//! Places of findings: lines and columns, and the line of the text with its values masked.

use std::ops::Range;

use super::finding::Region;
use super::subject::{Parsed, Subject, is_binary};
use crate::document::tree::{Document, NodeId, NodeKind};

/// Stands for whatever an excerpt must not show.
pub(super) const MASK: &str = "…";

/// Deepest indentation that an excerpt shows, in characters.
const MAX_INDENT: usize = 40;

/// Longest key that an excerpt shows, in bytes: longer ones are more likely data than names.
const MAX_KEY: usize = 64;

/// A run of so many letters and digits, with both of them in it, is no word but a token or a digest.
const TOKEN_RUN: usize = 16;

/// Longest part of a line that is looked at on each side of a finding, in bytes: longer lines are data.
const MAX_LINE: usize = 4096;

/// How many collections may start on a line before its first key is given up.
const MAX_COLLECTIONS: usize = 16;

/// The regions of spans, in the order of the spans. Lines end with `\n`; columns count characters, an
/// offset in the middle of one counts as its start, what is not UTF-8 counts as the replacement
/// characters that would be shown for it, and a BOM counts as nothing. A span that ends with a line
/// break ends before it. Spans that reach out of the text are cut.
///
/// Takes time linear in the length of the text, for all spans together, plus the sorting of these.
pub fn regions(text: &[u8], spans: &[Range<usize>]) -> Vec<Region> {
    let mut offsets = Vec::with_capacity(spans.len().saturating_mul(2));
    for (number, span) in spans.iter().enumerate() {
        let start = span.start.min(text.len());
        let end = span.end.clamp(start, text.len());
        offsets.push((start, number, false));
        offsets.push((before_break(text, start, end), number, true));
    }
    offsets.sort_unstable();
    let none = Region {
        line: 1,
        column: 1,
        end_line: 1,
        end_column: 1,
    };
    let mut regions = vec![none; spans.len()];
    let mut wanted = offsets.into_iter().peekable();
    let (mut line, mut start) = (1, 0);
    while let Some(&(first, _, _)) = wanted.peek() {
        let rest = text.get(start..first).unwrap_or_default();
        line += memchr::memchr_iter(b'\n', rest).count();
        start += memchr::memrchr(b'\n', rest).map_or(0, |at| at + 1);
        let after = text.get(start..).unwrap_or_default();
        let length = memchr::memchr(b'\n', after).unwrap_or(after.len());
        let mut columns = Columns::new(after.get(..length).unwrap_or_default(), start == 0);
        while let Some((offset, number, is_end)) =
            wanted.next_if(|&(offset, _, _)| offset <= start + length)
        {
            let column = columns.at(offset - start);
            if let Some(region) = regions.get_mut(number) {
                if is_end {
                    (region.end_line, region.end_column) = (line, column);
                } else {
                    (region.line, region.column) = (line, column);
                }
            }
        }
    }
    regions
}

/// The end of a span without the line breaks at its end.
fn before_break(text: &[u8], start: usize, end: usize) -> usize {
    let span = text.get(start..end).unwrap_or_default();
    let trimmed = span.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r'));
    trimmed.map_or(start, |last| start + last + 1)
}

/// Finds columns in a line, for offsets that do not decrease.
struct Columns<'a> {
    rest: std::str::Utf8Chunks<'a>,
    /// The piece at hand: text, then bytes that are none.
    text: std::str::Chars<'a>,
    invalid: usize,
    /// Where the next character starts, and its column.
    offset: usize,
    column: usize,
    /// The column of the character before that.
    last: usize,
    skip_bom: bool,
}

impl<'a> Columns<'a> {
    fn new(line: &'a [u8], is_first: bool) -> Self {
        Columns {
            rest: line.utf8_chunks(),
            text: "".chars(),
            invalid: 0,
            offset: 0,
            column: 1,
            last: 1,
            skip_bom: is_first,
        }
    }

    fn at(&mut self, offset: usize) -> usize {
        while self.offset < offset {
            let (length, width) = match self.text.next() {
                Some('\u{feff}') if self.skip_bom && self.offset == 0 => (3, 0),
                Some(c) => (c.len_utf8(), 1),
                None if self.invalid > 0 => (std::mem::take(&mut self.invalid), 1),
                None => match self.rest.next() {
                    Some(chunk) => {
                        self.text = chunk.valid().chars();
                        self.invalid = chunk.invalid().len();
                        continue;
                    }
                    None => break,
                },
            };
            self.offset += length;
            self.last = self.column;
            self.column += width;
        }
        // In the middle of a character its own column counts.
        if self.offset > offset {
            self.last
        } else {
            self.column
        }
    }
}

/// The line on which a span starts, as a report may show it: indentation and, if the line is one of a
/// name and its value and the span does not touch the name, the name; everything else is masked. A
/// name that could itself be a token is masked as well. `None` for a finding about the whole text
/// (an empty span at its start) and for binary texts.
///
/// In YAML and JSON only what the parser took for a key counts as a name, so that lines inside of
/// scalars show nothing. Elsewhere it is what stands before the first `=` or `:` of the line, if the
/// span starts behind that, and only for findings without a key path of another structure.
pub fn excerpt(
    subject: &Subject<'_>,
    span: &Range<usize>,
    key_path: Option<&str>,
) -> Option<String> {
    let bytes = subject.bytes;
    let before = bytes.get(..span.start)?;
    if (span.start == 0 && span.end == 0) || is_binary(bytes) {
        return None;
    }
    let near = span.start.saturating_sub(MAX_LINE);
    let start = match memchr::memrchr(b'\n', before.get(near..)?) {
        Some(at) => near + at + 1,
        None if near == 0 => 0,
        None => return Some(MASK.to_owned()),
    };
    let end = bytes.len().min(span.start.saturating_add(MAX_LINE));
    let rest = bytes.get(start..end)?;
    let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest.get(..length)?;
    if memchr::memchr(0, line).is_some() {
        return None;
    }
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let start = start + (length - line.len());
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let indent = line.iter().take_while(|byte| blank(byte)).count();
    let content = line.get(indent..)?.trim_ascii_end();
    let shown_indent: String = line
        .iter()
        .take(indent.min(MAX_INDENT))
        .map(|&byte| char::from(byte))
        .collect();
    if content.is_empty() {
        return Some(shown_indent);
    }
    let name = match subject.parsed() {
        Some(parsed) if parsed.error.is_none() => {
            key_on_line(parsed, start + indent, start + line.len())
        }
        // Not to be told apart from a line inside of a scalar.
        _ if key_path.is_some() && subject.format().is_some() => None,
        _ => name_before(content, span.start.saturating_sub(start + indent))
            .map(|length| start + indent..start + indent + length),
    };
    let name = name.filter(|name| name.end <= span.start || name.start >= span.end);
    let shown = name.and_then(|name| {
        let text = std::str::from_utf8(bytes.get(start + indent..name.end)?).ok()?;
        is_name(text).then_some((text, name.end))
    });
    Some(match shown {
        Some((text, end)) if end >= start + indent + content.len() => {
            format!("{shown_indent}{text}")
        }
        Some((text, _)) => format!("{shown_indent}{text} {MASK}"),
        None => format!("{shown_indent}{MASK}"),
    })
}

/// The bytes of the key, with its colon, that comes first on a line (`- ` before it or not).
fn key_on_line(parsed: &Parsed<'_>, start: usize, end: usize) -> Option<Range<usize>> {
    let text = parsed.source.text;
    let document = document_at(parsed, start)?;
    let first = document.first_from(start);
    let key = (first..first.saturating_add(MAX_COLLECTIONS))
        .map_while(|number| document.id_at(number))
        .take_while(|&node| document.span(node).start < end)
        .find(|&node| matches!(document.kind(node), NodeKind::Scalar(_)))?;
    let span = document.span(key);
    let before = text.get(start..span.start)?;
    let only_marks = before.split(' ').all(|part| matches!(part, "" | "-" | "?"));
    let colon = end_of_key(text, document, key)?;
    (only_marks && colon <= end).then_some(span.start..colon)
}

/// The offset behind the colon that makes a scalar a key; `None` if it is none.
pub(super) fn end_of_key(text: &str, document: &Document, node: NodeId) -> Option<usize> {
    let span = document.span(node);
    let rest = text.get(span.end..)?;
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    rest.get(blanks..)?
        .starts_with(':')
        .then_some(span.end + blanks + 1)
}

/// The document that has a byte.
pub(super) fn document_at<'p>(parsed: &'p Parsed<'_>, offset: usize) -> Option<&'p Document> {
    let after = parsed
        .documents
        .partition_point(|document| document.extent().start <= offset);
    parsed.documents.get(after.checked_sub(1)?)
}

/// The length of `name=`, `name:`, `export NAME=` and the like at the start of a line, if it ends at or
/// before `value`.
fn name_before(line: &[u8], value: usize) -> Option<usize> {
    let word = |from: usize| {
        let rest = line.get(from..).unwrap_or_default();
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-\"'".contains(byte);
        rest.iter().take_while(|byte| is_word(byte)).count()
    };
    let blanks = |from: usize| {
        let rest = line.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| **byte == b' ').count()
    };
    const BEFORE: [&[u8]; 8] = [
        b"export ", b"set ", b"ENV ", b"ARG ", b"env ", b"arg ", b"const ", b"- ",
    ];
    let found = BEFORE.iter().find(|before| line.starts_with(before));
    let mut at = found.map_or(0, |before| before.len());
    at += blanks(at);
    let length = word(at);
    at += length;
    at += blanks(at);
    let separator = matches!(line.get(at), Some(b'=' | b':'));
    (length > 0 && separator && at < value).then_some(at + 1)
}

/// The text can be shown: short, printable, and without a part that looks like a token.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= MAX_KEY && !text.chars().any(char::is_control) && !has_token_run(text)
}

/// The text has a part that looks like a token.
pub(super) fn has_token_run(text: &str) -> bool {
    let runs = text.split(|c: char| !c.is_ascii_alphanumeric());
    runs.into_iter().any(|run| {
        run.len() >= TOKEN_RUN
            && run.bytes().any(|byte| byte.is_ascii_digit())
            && run.bytes().any(|byte| byte.is_ascii_alphabetic())
    })
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
