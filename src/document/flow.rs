//! Adds a last member to a root mapping in braces and takes it out again, byte for byte: JSON
//! objects and YAML's flow mappings, the latter with comments and trailing commas.

use std::ops::Range;

use super::Format;
use super::tree::{Document, NodeId, NodeKind};
use super::yaml::reader;

/// How a root mapping in braces is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The blanks before a member on a line of its own.
    pub member_indent: String,
    /// The blanks that one level adds; SOPS' tab (JSON) or two spaces if the text does not tell.
    pub unit: String,
    /// The text's line break: its first one, LF if it has none.
    pub line_break: &'static str,
    /// Members stand on lines of their own; otherwise a new member should stay on one line.
    pub multiline: bool,
    /// What stands before and after a comma between members.
    separator: [String; 2],
}

/// Where a new last member is written, and the text around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// The byte offset.
    pub offset: usize,
    /// What goes before the member: comma, line break, indentation.
    pub before: String,
    /// What goes after it: a comma if the mapping has a trailing one.
    pub after: String,
}

impl Layout {
    /// Detects the layout of a document's root; `None` unless that is a mapping in braces.
    pub fn of(document: &Document, text: &str, format: Format) -> Option<Layout> {
        Some(Root::of(document, text)?.layout(format))
    }
}

/// Where and how a last member is added; `None` unless the root is a mapping in braces. A member
/// added so and taken out by [`removal`] leaves the text as it was.
pub fn insertion(document: &Document, text: &str, format: Format) -> Option<Insertion> {
    let root = Root::of(document, text)?;
    let layout = root.layout(format);
    let own_line = || format!("{}{}", layout.line_break, layout.member_indent);
    let Some(last) = root.members.last() else {
        let gap = root.gap(root.open, root.close);
        if let Some(comment) = gap.last_comment() {
            return Some(Insertion::new(comment, own_line(), ""));
        }
        // The same space on both sides, so that its removal knows what was there.
        let unit = if layout.multiline { &layout.unit } else { "" };
        let before = format!("{}{unit}", root.slice(root.open, root.close));
        return Some(Insertion::new(root.open, before, ""));
    };
    let [before_comma, after_comma] = &layout.separator;
    let gap = root.gap(last.end, root.close);
    Some(match (gap.comma, gap.last_comment()) {
        (Some(comma), Some(comment)) if comment > comma => Insertion::new(comment, own_line(), ","),
        (Some(comma), _) => Insertion::new(comma + 1, after_comma.clone(), ","),
        (None, Some(comment)) => Insertion::new(comment, own_line() + ", ", ""),
        (None, None) => {
            let before_comma = match before_comma.as_str() {
                "" if last.bare => " ",
                _ if root.ends_with_colon(last) => "",
                layout => layout,
            };
            let before = format!("{before_comma},{after_comma}");
            Insertion::new(last.end, before, "")
        }
    })
}

/// The bytes to delete so that a member of the root disappears together with its comma; `None`
/// unless the root is a mapping in braces and `key` is one of its keys. Comments stay, save those
/// between the member and its comma.
pub fn removal(document: &Document, text: &str, key: NodeId) -> Option<Range<usize>> {
    let root = Root::of(document, text)?;
    let index = root.members.iter().position(|m| m.key == key)?;
    let member = root.members.get(index)?;
    let previous = index.checked_sub(1).and_then(|i| root.members.get(i));
    let gap_before = root.gap(previous.map_or(root.open, |p| p.end), member.start);
    let range = match root.members.get(index + 1) {
        Some(next) => {
            let gap_after = root.gap(member.end, next.start);
            let end = match (gap_after.comma, gap_after.comment_after) {
                (Some(comma), Some(_)) => root.after_blanks(comma + 1),
                _ => gap_after.end,
            };
            gap_before.end..end
        }
        None => {
            let trailing = root.gap(member.end, root.close).comma;
            let start = match (previous, gap_before.comma) {
                (Some(_), Some(comma)) if trailing.is_some() => {
                    gap_before.comment_after.unwrap_or(comma + 1)
                }
                // Without its comma, the colon at the end of `{a:,b}` would end a key.
                (Some(previous), Some(comma))
                    if root.ends_with_colon(previous) && member.end < root.close =>
                {
                    gap_before.comment_after.unwrap_or(comma + 1)
                }
                (Some(previous), _) => gap_before.last_comment().unwrap_or(previous.end),
                (None, _) => gap_before.last_comment().unwrap_or(root.open),
            };
            let end = trailing.map_or(member.end, |comma| comma + 1);
            let bytes = text.as_bytes();
            let kept = if gap_before.last_comment() == Some(start) {
                // A comment needs the line break behind it, unless another one follows.
                let break_follows = reader::is_break(bytes, root.after_blanks(end));
                (!break_follows).then(|| reader::break_len(bytes, start))
            } else {
                // So do a key's colon and a tag the blank.
                previous
                    .filter(|p| p.bare && p.end == start && end == root.close)
                    .map(|_| reader::break_len(bytes, start).max(1))
            };
            let start = start + kept.unwrap_or(0);
            start..end
        }
    };
    (range.start <= range.end).then_some(range)
}

impl Insertion {
    fn new(offset: usize, before: String, after: &str) -> Self {
        Insertion {
            offset,
            before,
            after: after.to_owned(),
        }
    }
}

struct Member {
    key: NodeId,
    /// Where the key's scalar starts; anchor, tag and `?` stand before it.
    start: usize,
    /// Where the value ends.
    end: usize,
    /// Ends with the key's colon or a tag, which a comma must not touch: in `a:,` the colon is
    /// part of the key. (The reverse holds for texts that end with a colon.)
    bare: bool,
    /// A blank precedes the value.
    spaced: bool,
}

struct Root<'a> {
    text: &'a str,
    start: usize,
    /// After the opening brace.
    open: usize,
    /// Before the closing brace.
    close: usize,
    members: Vec<Member>,
}

/// What stands between two members, or between a member and a brace.
#[derive(Default)]
struct Gap {
    comma: Option<usize>,
    /// The end of the last comment before the comma.
    comment_before: Option<usize>,
    /// The end of the last comment after the comma.
    comment_after: Option<usize>,
    /// Where the next thing starts.
    end: usize,
}

impl Gap {
    fn last_comment(&self) -> Option<usize> {
        self.comment_after.or(self.comment_before)
    }
}

impl<'a> Root<'a> {
    fn of(document: &Document, text: &'a str) -> Option<Root<'a>> {
        let root = document.root()?;
        let NodeKind::Mapping { flow: true } = document.kind(root) else {
            return None;
        };
        let span = document.span(root);
        text.get(span.clone())?
            .strip_prefix('{')?
            .strip_suffix('}')?;
        let members = document
            .entries(root)
            .map(|(key, value)| {
                let (key_span, span) = (document.span(key), document.span(value));
                let properties = document.properties(value);
                let value_start = properties.map_or(span.start, |p| p.span.start);
                let anchored = properties
                    .is_some_and(|p| p.tag_span.as_ref().is_none_or(|t| t.end < p.span.end));
                let before = text.get(..value_start).unwrap_or("");
                let bare = span.is_empty() && span.start > key_span.end && !anchored;
                Member {
                    key,
                    start: key_span.start,
                    end: span.end.max(key_span.end),
                    bare,
                    spaced: before.ends_with(' '),
                }
            })
            .collect();
        Some(Root {
            text,
            start: span.start,
            open: span.start + 1,
            close: span.end - 1,
            members,
        })
    }

    fn layout(&self, format: Format) -> Layout {
        let line_break = first_break(self.text);
        let own_line = |pos| format!("{line_break}{}", self.line_indent(pos));
        let broken = |from, to| contains_break(self.slice(from, to));
        let default_unit = match format {
            Format::Json => "\t",
            Format::Yaml => "  ",
        };
        let root_indent = self.line_indent(self.start);
        let Some(last) = self.members.last() else {
            let multiline = broken(self.open, self.close);
            return Layout {
                member_indent: format!("{}{default_unit}", self.line_indent(self.close)),
                unit: default_unit.to_owned(),
                line_break,
                multiline,
                separator: Default::default(),
            };
        };
        let before_last = self.members.iter().rev().nth(1);
        let gap = self.gap(before_last.map_or(self.open, |m| m.end), last.start);
        let (from, comma, to) = match (before_last, gap.comma) {
            (Some(previous), Some(comma)) => (previous.end, Some(comma), gap.end),
            _ => (self.open, None, gap.end),
        };
        let before_comma = match comma {
            Some(comma) if gap.comment_before.is_some() || broken(from, comma) => own_line(comma),
            Some(comma) => self.slice(from, comma).to_owned(),
            None => String::new(),
        };
        let after_comma = match comma {
            Some(comma) if broken(comma, to) => own_line(to),
            Some(comma) => self.slice(comma + 1, to).to_owned(),
            None if broken(from, to) => own_line(to),
            // A single member tells by the blank before it or before its value.
            None if to > from || last.spaced => " ".to_owned(),
            None => String::new(),
        };
        let multiline = broken(from, to);
        let member_indent = self.line_indent(to).to_owned();
        let unit = match member_indent.strip_prefix(root_indent) {
            Some(unit) if multiline && !(unit.is_empty() && contains_break(&before_comma)) => unit,
            _ => default_unit,
        };
        Layout {
            unit: unit.to_owned(),
            member_indent,
            line_break,
            multiline,
            separator: [before_comma, after_comma],
        }
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or("")
    }

    /// Reads blanks, breaks, comments and one comma from `from` on, up to `to` at most.
    fn gap(&self, from: usize, to: usize) -> Gap {
        let bytes = self.text.as_bytes();
        let mut gap = Gap::default();
        let mut pos = from;
        while pos < to {
            match reader::at(bytes, pos) {
                b' ' | b'\t' => pos += 1,
                b'#' => {
                    pos = reader::line_end(bytes, pos).min(to);
                    if gap.comma.is_some() {
                        gap.comment_after = Some(pos);
                    } else {
                        gap.comment_before = Some(pos);
                    }
                }
                b',' if gap.comma.is_none() => {
                    gap.comma = Some(pos);
                    pos += 1;
                }
                _ => match reader::break_len(bytes, pos) {
                    0 => break,
                    len => pos += len,
                },
            }
        }
        gap.end = pos;
        gap
    }

    /// A key or value in plain style whose text ends with a colon.
    fn ends_with_colon(&self, member: &Member) -> bool {
        !member.bare && self.slice(0, member.end).ends_with(':')
    }

    fn after_blanks(&self, mut pos: usize) -> usize {
        while reader::is_blank(reader::at(self.text.as_bytes(), pos)) {
            pos += 1;
        }
        pos
    }

    /// The blanks that start the line on which `pos` is.
    fn line_indent(&self, pos: usize) -> &'a str {
        let start = pos - reader::column(self.text.as_bytes(), pos);
        self.slice(start, self.after_blanks(start).min(pos))
    }
}

fn contains_break(text: &str) -> bool {
    text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
}

/// The first line break of a text, LF if it has none that JSON and YAML share.
fn first_break(text: &str) -> &'static str {
    let bytes = text.as_bytes();
    match memchr::memchr2(b'\n', b'\r', bytes) {
        Some(at) if bytes.get(at) == Some(&b'\r') => match bytes.get(at + 1) {
            Some(b'\n') => "\r\n",
            _ => "\r",
        },
        _ => "\n",
    }
}

#[cfg(test)]
#[path = "flow_tests.rs"]
mod tests;
