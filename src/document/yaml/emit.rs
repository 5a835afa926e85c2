//! A whole tree as YAML text, the way SOPS prints one: its YAML store over go-yaml v3.0.4's emitter.
//!
//! Values are simple; comments are not. The emitter keeps one slot for each kind of comment and empties
//! it at fixed points, so a comment that a collection brings may come out lines later, or be displaced
//! by the next one. What SOPS prints is the reference, hence the slots are kept here too.

use std::borrow::Cow;

use zeroize::Zeroize;

use super::spell::{Context, Parent, is_break, spell_like_sops};
use crate::document::scalar::Scalar;

/// Longest key, in bytes, that is written without `?`.
const SIMPLE_KEY: usize = 128;

/// A value as SOPS holds it.
#[derive(Debug)]
pub enum Emitted<'a> {
    /// A mapping: [`Item::Comment`] and [`Item::Entry`].
    Mapping(Vec<Item<'a>>),
    /// A list: [`Item::Comment`] and [`Item::Element`].
    Sequence(Vec<Item<'a>>),
    /// A scalar.
    Scalar(Scalar<'a>),
}

/// What a collection holds.
#[derive(Debug)]
pub enum Item<'a> {
    /// One comment.
    Comment {
        /// What follows the `#`.
        text: Cow<'a, [u8]>,
        /// It stands on the line of the next value.
        inline: bool,
    },
    /// A key with its value.
    Entry(Cow<'a, str>, Emitted<'a>),
    /// An item of a list.
    Element(Emitted<'a>),
}

impl Drop for Item<'_> {
    fn drop(&mut self) {
        if let Item::Comment {
            text: Cow::Owned(text),
            ..
        } = self
        {
            text.zeroize();
        }
    }
}

impl Drop for Emitted<'_> {
    fn drop(&mut self) {
        if let Emitted::Scalar(Scalar {
            canonical: Cow::Owned(bytes),
            ..
        }) = self
        {
            bytes.zeroize();
        }
    }
}

/// What becomes of comments that SOPS loses when it prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Displaced {
    /// They are lost.
    Drop,
    /// They are written together with those that displace them.
    Keep,
}

/// Appends the documents to `out`, parted by `---`, with `indent` spaces to a level (what is not 2 to 9
/// counts as 2). Returns how many comments SOPS would lose here, or make part of a value.
///
/// SOPS behaviour but for [`Displaced::Keep`] and the exception of [`spell_like_sops`].
pub fn emit(
    documents: &[Emitted<'_>],
    indent: usize,
    displaced: Displaced,
    out: &mut Vec<u8>,
) -> usize {
    let mut emitter = Emitter {
        out,
        unit: if (2..=9).contains(&indent) { indent } else { 2 },
        column: 0,
        indent: None,
        after_blank: true,
        in_indentation: true,
        foot_at: None,
        head: Vec::new(),
        line: Vec::new(),
        foot: Vec::new(),
        tail: Vec::new(),
        key_line: Vec::new(),
        displaced,
        lost: 0,
    };
    for (number, document) in documents.iter().enumerate() {
        emitter.document(document, number == 0);
    }
    emitter.finish()
}

/// Lines of comments.
type Lines<'t> = Vec<&'t [u8]>;

/// The comments that a collection's items bring, sorted by where they are written.
struct Parts<'t, 'a> {
    /// Before the first item: the collection's own.
    head: Lines<'t>,
    items: Vec<Part<'t, 'a>>,
    /// After the last item.
    foot: Lines<'t>,
}

struct Part<'t, 'a> {
    key: Option<&'t str>,
    value: &'t Emitted<'a>,
    head: Lines<'t>,
    line: Lines<'t>,
}

impl<'t, 'a> Parts<'t, 'a> {
    fn of(items: &'t [Item<'a>]) -> Self {
        let mut parts = Parts {
            head: Vec::new(),
            items: Vec::with_capacity(items.len()),
            foot: Vec::new(),
        };
        let (mut above, mut beside): (Lines<'t>, Lines<'t>) = (Vec::new(), Vec::new());
        for item in items {
            let (key, value) = match item {
                Item::Comment { text, inline } => {
                    if *inline { &mut beside } else { &mut above }.push(text);
                    continue;
                }
                Item::Entry(key, value) => (Some(&**key), value),
                Item::Element(value) => (None, value),
            };
            let mut head = std::mem::take(&mut above);
            if parts.items.is_empty() {
                parts.head = std::mem::take(&mut head);
            }
            parts.items.push(Part {
                key,
                value,
                head,
                line: std::mem::take(&mut beside),
            });
        }
        above.append(&mut beside);
        if parts.items.is_empty() {
            parts.head = above;
        } else {
            parts.foot = above;
        }
        parts
    }
}

/// What a collection stands in, which decides how far its content is indented.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Root,
    Mapping,
    Sequence,
}

/// Where comments wait until the emitter comes to a point where it writes them.
#[derive(Clone, Copy)]
enum Slot {
    Head,
    Line,
    Foot,
    Tail,
    KeyLine,
}

struct Emitter<'o, 't> {
    out: &'o mut Vec<u8>,
    unit: usize,
    column: usize,
    indent: Option<usize>,
    /// The last thing written parts words: nothing more is needed before the next.
    after_blank: bool,
    /// Nothing but blanks and the dashes of lists stands on this line.
    in_indentation: bool,
    /// A blank line comes before the next line at this column: comments below an entry end there.
    foot_at: Option<usize>,
    head: Lines<'t>,
    line: Lines<'t>,
    foot: Lines<'t>,
    tail: Lines<'t>,
    key_line: Lines<'t>,
    displaced: Displaced,
    lost: usize,
}

impl<'t> Emitter<'_, 't> {
    /// Puts comments into a slot; what still waits there is displaced.
    fn put(&mut self, slot: Slot, mut lines: Lines<'t>) {
        if lines.is_empty() {
            return;
        }
        let slot = match slot {
            Slot::Head => &mut self.head,
            Slot::Line => &mut self.line,
            Slot::Foot => &mut self.foot,
            Slot::Tail => &mut self.tail,
            Slot::KeyLine => &mut self.key_line,
        };
        self.lost += slot.len();
        match self.displaced {
            Displaced::Drop => *slot = lines,
            Displaced::Keep => slot.append(&mut lines),
        }
    }

    /// Ends the text; the number of displaced comments.
    fn finish(mut self) -> usize {
        let mut rest = std::mem::take(&mut self.key_line);
        for slot in [
            &mut self.line,
            &mut self.foot,
            &mut self.tail,
            &mut self.head,
        ] {
            rest.append(slot);
        }
        self.lost += rest.len();
        if self.displaced == Displaced::Keep && !rest.is_empty() {
            self.start_line();
            self.comment(&rest);
        }
        self.lost
    }

    fn document(&mut self, document: &'t Emitted<'_>, first: bool) {
        if !first {
            self.start_line();
            self.word(b"---");
            self.start_line();
        }
        if !self.head.is_empty() {
            // Left over from the document before.
            self.write_head();
            self.line_break();
        }
        match document {
            Emitted::Mapping(items) | Emitted::Sequence(items) => {
                let mut parts = Parts::of(items);
                self.put(Slot::Head, std::mem::take(&mut parts.head));
                self.write_head();
                self.write_line();
                self.write_foot();
                let is_mapping = matches!(document, Emitted::Mapping(_));
                let ends = (Vec::new(), Vec::new());
                self.collection(is_mapping, parts, Within::Root, ends);
            }
            // SOPS has no such documents.
            Emitted::Scalar(scalar) => {
                self.write_head();
                self.scalar(scalar, Parent::Mapping);
                self.write_line();
                self.write_foot();
            }
        }
        self.foot_at = Some(0);
        self.write_foot();
        self.foot_at = None;
        self.start_line();
    }

    /// `ends`: the line and foot comments that come with the collection's end.
    fn collection(
        &mut self,
        is_mapping: bool,
        parts: Parts<'t, '_>,
        within: Within,
        ends: (Lines<'t>, Lines<'t>),
    ) {
        if parts.items.is_empty() {
            self.empty(is_mapping, within, ends);
            return;
        }
        let outer = self.indent;
        self.indent = Some(match outer {
            None => 0,
            Some(indent) => self.deeper(indent, within),
        });
        let (line, foot) = ends;
        if is_mapping {
            self.entries(parts, line, foot);
        } else {
            self.elements(parts);
            self.put(Slot::Line, line);
            self.put(Slot::Foot, foot);
        }
        self.indent = outer;
    }

    /// In a list the dash makes up the indentation; else columns are multiples of the unit.
    fn deeper(&self, indent: usize, within: Within) -> usize {
        if within == Within::Sequence {
            indent + 2
        } else {
            self.unit * (indent / self.unit + 1)
        }
    }

    /// `{}` or `[]`. Comments above what is not there go into the braces, and past the brackets.
    fn empty(&mut self, is_mapping: bool, within: Within, ends: (Lines<'t>, Lines<'t>)) {
        let (line, foot) = ends;
        self.put(Slot::Line, line);
        self.put(Slot::Foot, foot);
        self.word(if is_mapping { b"{" } else { b"[" });
        self.after_blank = true;
        let outer = self.indent;
        if is_mapping {
            self.indent = Some(match outer {
                None => self.unit,
                Some(indent) => self.deeper(indent, within),
            });
            self.write_head();
            self.indent = outer;
        }
        self.close(if is_mapping { b'}' } else { b']' });
        self.write_line();
        self.write_foot();
    }

    fn entries(&mut self, parts: Parts<'t, '_>, line: Lines<'t>, foot: Lines<'t>) {
        for part in parts.items {
            self.put(Slot::Head, part.head);
            self.write_head();
            self.start_line();
            // Comments that an end before has left: they go behind this key if nothing else does.
            let left = std::mem::take(&mut self.line);
            self.put(Slot::KeyLine, left);
            let key = Scalar::string(part.key.unwrap_or(""));
            let is_simple = is_simple_key(part.key.unwrap_or(""));
            if !is_simple {
                self.indicator(b'?');
            }
            self.scalar(&key, Parent::Mapping);
            match part.value {
                Emitted::Scalar(scalar) => {
                    self.put(Slot::Line, part.line);
                    self.colon(is_simple);
                    if self.line.is_empty() {
                        self.line = std::mem::take(&mut self.key_line);
                    }
                    self.scalar(scalar, Parent::Mapping);
                    self.write_line();
                    self.write_foot();
                }
                Emitted::Mapping(items) | Emitted::Sequence(items) => {
                    let mut inner = Parts::of(items);
                    self.put(Slot::Head, std::mem::take(&mut inner.head));
                    self.colon(is_simple);
                    let beside = std::mem::take(&mut self.key_line);
                    self.write_beside(&beside);
                    self.write_line();
                    self.write_foot();
                    let is_mapping = matches!(part.value, Emitted::Mapping(_));
                    let ends = (part.line, Vec::new());
                    self.collection(is_mapping, inner, Within::Mapping, ends);
                }
            }
        }
        self.put(Slot::Tail, parts.foot);
        self.put(Slot::Line, line);
        self.put(Slot::Foot, foot);
        self.write_head();
    }

    fn elements(&mut self, parts: Parts<'t, '_>) {
        let mut foot = Some(parts.foot);
        let last = parts.items.len().saturating_sub(1);
        for (number, part) in parts.items.into_iter().enumerate() {
            let below = if number == last {
                foot.take().unwrap_or_default()
            } else {
                Vec::new()
            };
            let mut above = part.head;
            match part.value {
                Emitted::Scalar(scalar) => {
                    self.put(Slot::Head, above);
                    self.put(Slot::Line, part.line);
                    self.put(Slot::Foot, below);
                    self.dash();
                    self.scalar(scalar, Parent::Sequence);
                    self.write_line();
                    self.write_foot();
                }
                Emitted::Mapping(items) | Emitted::Sequence(items) => {
                    let mut inner = Parts::of(items);
                    above.append(&mut inner.head);
                    self.put(Slot::Head, above);
                    self.dash();
                    self.write_line();
                    self.write_foot();
                    let is_mapping = matches!(part.value, Emitted::Mapping(_));
                    let ends = (part.line, below);
                    self.collection(is_mapping, inner, Within::Sequence, ends);
                }
            }
        }
    }

    fn dash(&mut self) {
        self.write_head();
        self.start_line();
        self.indicator(b'-');
    }

    fn colon(&mut self, is_simple: bool) {
        if is_simple {
            self.close(b':');
        } else {
            self.start_line();
            self.indicator(b':');
        }
    }

    /// `-`, `?` or the `:` of a long key: the content may begin on its line.
    fn indicator(&mut self, indicator: u8) {
        let in_indentation = self.in_indentation;
        self.word(&[indicator]);
        self.in_indentation = in_indentation;
    }

    fn word(&mut self, word: &[u8]) {
        self.blank();
        self.out.extend_from_slice(word);
        self.column += word.len();
        self.after_blank = false;
        self.in_indentation = false;
    }

    /// A character that needs no blank before it.
    fn close(&mut self, c: u8) {
        self.after_blank = true;
        self.word(&[c]);
    }

    fn blank(&mut self) {
        if !self.after_blank {
            self.out.push(b' ');
            self.column += 1;
        }
    }

    fn line_break(&mut self) {
        self.out.push(b'\n');
        self.column = 0;
        self.in_indentation = true;
    }

    /// Goes to the indentation, on this line if nothing hinders.
    fn start_line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.in_indentation
            || self.column > indent
            || self.column == indent && !self.after_blank
        {
            self.line_break();
        }
        if self.foot_at == Some(indent) {
            self.line_break();
        }
        let blanks = indent.saturating_sub(self.column);
        self.out.resize(self.out.len() + blanks, b' ');
        self.column += blanks;
        self.after_blank = true;
        self.foot_at = None;
    }

    fn scalar(&mut self, scalar: &Scalar<'_>, parent: Parent) {
        self.blank();
        let start = self.out.len();
        let context = Context {
            indent_unit: self.unit,
            parent,
            column: self.indent.unwrap_or(0),
            in_flow: false,
            line_break: "\n",
        };
        spell_like_sops(scalar, &context, self.out);
        let is_block = [b"|".as_slice(), b"!!binary |"]
            .iter()
            .any(|header| self.out.get(start..).is_some_and(|o| o.starts_with(header)));
        if is_block && !self.line.is_empty() {
            self.comment_on_header(start, context.content_column());
        }
        let written = self.out.get(start..).unwrap_or_default();
        let text = String::from_utf8_lossy(written);
        self.column = match text.rfind(is_break) {
            Some(at) => text.get(at..).unwrap_or("").chars().skip(1).count(),
            None => self.column + text.chars().count(),
        };
        if let Cow::Owned(mut text) = text {
            text.zeroize();
        }
        self.in_indentation = false;
        self.after_blank = false;
        if is_block {
            self.after_blank = true;
            if scalar.canonical.ends_with(b"\n") {
                self.line_break();
            }
        }
    }

    /// A comment beside a block scalar stands behind its header. Further lines become its content.
    fn comment_on_header(&mut self, start: usize, indent: usize) {
        let header = self
            .out
            .get(start..)
            .and_then(|text| text.iter().position(|b| *b == b'\n'));
        let mut body = match header {
            Some(len) => self.out.split_off(start + len),
            None => Vec::new(),
        };
        self.after_blank = false;
        self.in_indentation = false;
        self.lost += self.line.len().saturating_sub(1);
        if self.displaced == Displaced::Keep {
            let mut below = self.line.split_off(1);
            below.append(&mut self.foot);
            self.foot = below;
        }
        let outer = self.indent.replace(indent);
        self.write_line();
        self.indent = outer;
        let rest = body.strip_prefix(b"\n").unwrap_or(&body);
        self.out.extend_from_slice(rest);
        body.zeroize();
    }

    fn write_head(&mut self) {
        let tail = std::mem::take(&mut self.tail);
        if !tail.is_empty() {
            self.start_line();
            self.comment(&tail);
            self.foot_at = Some(self.indent.unwrap_or(0));
        }
        let head = std::mem::take(&mut self.head);
        if !head.is_empty() {
            self.start_line();
            self.comment(&head);
        }
    }

    fn write_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.write_beside(&line);
    }

    fn write_beside(&mut self, lines: &[&[u8]]) {
        if !lines.is_empty() {
            self.blank();
            self.comment(lines);
        }
    }

    fn write_foot(&mut self) {
        let foot = std::mem::take(&mut self.foot);
        if !foot.is_empty() {
            self.start_line();
            self.comment(&foot);
            self.foot_at = Some(self.indent.unwrap_or(0));
        }
    }

    /// Lines of comments up to the break of the last one. A break in a comment begins another.
    fn comment(&mut self, comments: &[&[u8]]) {
        for (number, text) in comments.iter().enumerate() {
            if number > 0 {
                self.start_line();
            }
            self.out.push(b'#');
            self.column += 1;
            self.in_indentation = false;
            let mut text = String::from_utf8_lossy(text);
            self.comment_text(&text);
            if self.column > 0 {
                self.line_break();
            }
            if let Cow::Owned(text) = &mut text {
                text.zeroize();
            }
        }
        self.after_blank = true;
    }

    fn comment_text(&mut self, text: &str) {
        for c in text.chars() {
            if c == '\n' {
                self.line_break();
                continue;
            }
            if !is_break(c) && self.column == 0 {
                self.start_line();
                if c != '#' {
                    self.out.extend_from_slice(b"# ");
                }
            }
            self.out
                .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            self.column += 1;
            self.in_indentation = false;
            if is_break(c) {
                self.column = 0;
                self.in_indentation = true;
            }
        }
    }
}

/// A key that is followed by its `:` on the same line.
fn is_simple_key(key: &str) -> bool {
    key.len() <= SIMPLE_KEY && !key.contains(is_break)
}

#[cfg(test)]
#[path = "emit_tests.rs"]
mod tests;
