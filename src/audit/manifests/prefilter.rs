//! Tells from the bytes of a YAML or JSON text whether some name in it is that of a credential and has
//! a value: most texts need no parse.
//!
//! Wherever a stem of [`super::names`] stands, the name around it and what follows decide. In doubt the
//! answer is yes.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::packed;
use memchr::memmem::Finder;

use super::lines;
use super::names::{MAX_NAME, SHORT_STEMS, STEMS, is_name_byte};
use super::remembered::{is_credential, may_be_credential, may_be_in_flow};
use crate::audit::benign;

/// Keys below which everything may be one, whatever it is called.
const MARKS: &[&str] = &[
    "secretGenerator",
    "last-applied-configuration",
    "binaryData",
];

/// Searches for stems, each with the number of its first patterns that are marks; without one, nobody can say what is
/// in a text.
static SEARCHES: LazyLock<[(usize, Option<packed::Searcher>); 2]> = LazyLock::new(|| {
    let with_marks = packed::Searcher::new(MARKS.iter().chain(STEMS));
    [
        (MARKS.len(), with_marks),
        (0, packed::Searcher::new(SHORT_STEMS)),
    ]
});

/// The name has one of the stems.
pub(super) fn has_stem(name: &str) -> bool {
    let has = |searcher: &packed::Searcher| searcher.find(name).is_some();
    SEARCHES
        .iter()
        .any(|(_, searcher)| searcher.as_ref().is_none_or(has))
}

/// Bytes of lines that may be looked at in any text, besides a few times its own.
const ROOM: usize = 1 << 20;

/// Some name may be that of a credential with a value in clear.
pub(super) fn has_candidate(bytes: &[u8]) -> bool {
    let text = Text {
        bytes,
        has_sealed_secret: &OnceCell::new(),
    };
    // Names are looked at with their lines. On lines without an end that would take forever, and a
    // parse takes less.
    let mut room = bytes.len().saturating_mul(8).saturating_add(ROOM);
    SEARCHES.iter().any(|(marks, searcher)| {
        searcher
            .as_ref()
            .is_none_or(|searcher| text.has_candidate(searcher, *marks, &mut room))
    })
}

fn name_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| is_name_byte(**b)).count()
}

/// The line is a comment, in YAML and in whatever a value holds: no other kind of break and no escape in it begins
/// another line.
fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let text = line.get(indent_of(line)..).unwrap_or(&[]);
    let goes_on = |b: &u8| !b.is_ascii() || matches!(b, b'\r' | b'\\');
    text.starts_with(b"#") && !text.iter().any(goes_on)
}

/// How many blanks a line begins with.
fn indent_of(line: &[u8]) -> usize {
    line.iter().take_while(|b| **b == b' ').count()
}

/// A line without the marks of the items that begin in it, and how many bytes these take.
fn without_marks(line: &[u8]) -> (usize, &[u8]) {
    let mut column = indent_of(line);
    loop {
        let rest = line.get(column..).unwrap_or(&[]);
        match rest {
            [b'-', b' ', after @ ..] => column += 2 + indent_of(after),
            _ => return (column, rest.trim_ascii_end()),
        }
    }
}

/// What follows the key `value` at the start of a line's text.
fn after_value_key(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    let rest = text.strip_prefix(b"value")?;
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    rest.trim_ascii_start().strip_prefix(b":")
}

/// The line ends with a key `name`, and with an anchor or a tag after it.
fn ends_with_name(line: &[u8]) -> bool {
    let unquoted = |text: &'_ [u8]| {
        let quotes = text
            .iter()
            .rev()
            .take_while(|b| matches!(b, b'"' | b'\'' | b'\\'));
        text.len() - quotes.count()
    };
    let mut line = line.trim_ascii_end();
    line = line.get(..unquoted(line)).unwrap_or(&[]).trim_ascii_end();
    while !line.ends_with(b":") {
        // One property, or two.
        let Some(blank) = memchr::memrchr(b' ', line) else {
            return false;
        };
        if !matches!(line.get(blank + 1), Some(b'&' | b'!')) {
            return false;
        }
        line = line.get(..blank).unwrap_or(&[]).trim_ascii_end();
    }
    let line = line.strip_suffix(b":").unwrap_or(line).trim_ascii_end();
    line.get(..unquoted(line)).unwrap_or(&[]).ends_with(b"name")
}

#[derive(Clone, Copy)]
struct Text<'a> {
    bytes: &'a [u8],
    /// There is a SealedSecret in it, once somebody asked.
    has_sealed_secret: &'a OnceCell<bool>,
}

impl<'a> Text<'a> {
    /// Around what `searcher` finds there may be a credential. The first `marks` of its patterns say so themselves.
    fn has_candidate(self, searcher: &packed::Searcher, marks: usize, room: &mut usize) -> bool {
        let (mut from, mut line) = (0, 0..0);
        while let Some(found) = searcher.find_in(self.bytes, (from..self.bytes.len()).into()) {
            if found.pattern().as_usize() < marks {
                return true;
            }
            if !line.contains(&found.start()) {
                line = self.line_of(found.start());
            }
            match room.checked_sub(line.len()) {
                Some(left) => *room = left,
                None => return true,
            }
            if is_comment(self.bytes.get(line.clone()).unwrap_or(&[])) {
                from = line.end;
                continue;
            }
            let end = found.end() + name_length(self.from(found.end()));
            if self.is_candidate(found.start(), end) {
                return true;
            }
            from = end;
        }
        false
    }

    fn byte(self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn before(self, at: usize) -> &'a [u8] {
        self.bytes.get(..at).unwrap_or(&[])
    }

    fn from(self, at: usize) -> &'a [u8] {
        self.bytes.get(at..).unwrap_or(&[])
    }

    fn start_of_line(self, at: usize) -> usize {
        memchr::memrchr(b'\n', self.before(at)).map_or(0, |line| line + 1)
    }

    fn line_of(self, at: usize) -> Range<usize> {
        let rest = self.from(at);
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        self.start_of_line(at)..at + end
    }

    /// How far from the start of its line a byte is.
    fn column(self, at: usize) -> usize {
        at - self.start_of_line(at)
    }

    /// A name with a stem at `stem` ends at `end`: whether it may have a value.
    fn is_candidate(self, stem: usize, end: usize) -> bool {
        let before = self.before(stem);
        let names = before.iter().rev().take(MAX_NAME);
        let start = stem - names.take_while(|b| is_name_byte(**b)).count();
        // `--name` and `-name` of a command, `.name` of a path.
        let name = self.bytes.get(start..end).unwrap_or(&[]);
        let name = std::str::from_utf8(name).unwrap_or("");
        let is_option = name.starts_with("--");
        let name = name.trim_start_matches(['-', '.']);
        let is_credential = || is_credential(name);
        let quotes = self.from(end);
        let quotes = quotes
            .iter()
            .take_while(|b| matches!(b, b'"' | b'\'' | b'\\'));
        let at = end + quotes.count();
        let spaces = self.from(at).iter();
        let after = at + spaces.take_while(|b| matches!(b, b' ' | b'\t')).count();
        match self.byte(after) {
            Some(separator @ (b':' | b'=')) => {
                let next = self.byte(after + 1);
                let is_host = separator == b':'
                    && at == end
                    && next.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'/');
                !is_host && is_credential() && self.may_have_value(name, start, after + 1)
            }
            // The text goes on: no name, unless it is an option and its value.
            Some(byte)
                if after > at && !matches!(byte, b'\n' | b'\r' | b'#' | b',' | b'}' | b']') =>
            {
                is_option && byte != b'-' && is_credential()
            }
            // An option, with its value in the next line, or behind a comma.
            _ if is_option => self.has_next_item(after) && is_credential(),
            // The value of a `name`.
            _ => is_credential() && self.is_in_pair(name, start, after),
        }
    }

    /// What comes after an option that ends at `at` may be its value: the next item of a sequence, and
    /// not an option as well.
    fn has_next_item(self, at: usize) -> bool {
        let rest = self.from(at);
        if !matches!(rest.first(), None | Some(b'\n' | b'\r' | b'#')) {
            return true;
        }
        let mut lines = rest.split(|b| *b == b'\n').skip(1).map(<[u8]>::trim_ascii);
        let next = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
        let Some(item) = next.and_then(|line| line.strip_prefix(b"-")) else {
            return false;
        };
        let blank = |b: &&u8| matches!(**b, b' ' | b'\t' | b'"' | b'\'');
        let skip = item.iter().take_while(blank).count();
        item.get(skip) != Some(&b'-')
    }

    /// The word is the value of a key `name`, and beside it there is a key `value` that may hold a
    /// credential.
    fn is_in_pair(self, name: &str, start: usize, end: usize) -> bool {
        if self.is_in_two_lines(start) {
            return true;
        }
        let line_start = self.start_of_line(start);
        let line = self.bytes.get(line_start..start).unwrap_or(&[]);
        // The name of an anchor or an alias.
        if matches!(line, [.., b'&' | b'*']) {
            return false;
        }
        let rest = self.from(end);
        if !matches!(
            rest.first(),
            None | Some(b'\n' | b'\r' | b'#' | b',' | b'}' | b']')
        ) {
            return false;
        }
        let line_end = end + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let has_value = || memchr::memmem::find(self.bytes, b"value").is_some();
        if line
            .iter()
            .all(|b| matches!(b, b'"' | b'\'' | b' ' | b'\t'))
        {
            // The word stands alone in its line: the key is in the one before it.
            let before = self.before(line_start.saturating_sub(1));
            let before = before.rsplit(|b| *b == b'\n').next().unwrap_or(&[]);
            return memchr::memmem::find(before, b"name").is_some() && has_value();
        }
        if !ends_with_name(line) {
            return false;
        }
        if memchr::memchr2(b'{', b'"', line).is_some() {
            return has_value();
        }
        let (column, text) = without_marks(line);
        if !text.starts_with(b"name") {
            return has_value();
        }
        let is_item = column > indent_of(line);
        // Below: the keys of the same mapping stand in the same column.
        let mut at = line_end + 1;
        for line in self.from(at).split(|b| *b == b'\n') {
            let indent = indent_of(line);
            let text = line.get(indent..).unwrap_or(&[]).trim_ascii_end();
            let passes_over = text.is_empty() || text.starts_with(b"#") || indent > column;
            if !passes_over && indent < column {
                break;
            }
            if !passes_over && let Some(value) = after_value_key(text) {
                let from = at + indent + (text.len() - value.len());
                return self.may_have_value(name, at + indent, from);
            }
            at += line.len() + 1;
        }
        // Above, if the item does not begin with the name.
        let mut at = line_start;
        while at > 0 && !is_item {
            let start = self.start_of_line(at - 1);
            let line = self.bytes.get(start..at - 1).unwrap_or(&[]);
            let (inner, text) = without_marks(line);
            let is_first = inner > indent_of(line);
            if inner == column
                && let Some(value) = after_value_key(text)
            {
                let from = start + inner + (text.len() - value.len());
                return self.may_have_value(name, start + inner, from);
            }
            let is_outside = inner < column && !text.is_empty() && !text.starts_with(b"#");
            if is_outside || (inner == column && is_first) {
                break;
            }
            at = start;
        }
        false
    }

    /// The line sets a `name`, and the next one a `value`: what no parser reads is read so, whatever the columns are.
    fn is_in_two_lines(self, at: usize) -> bool {
        let mut rest = self.from(self.start_of_line(at)).split(|b| *b == b'\n');
        let (Some(first), Some(second)) = (rest.next(), rest.next()) else {
            return false;
        };
        let set = |line| lines::setting(std::str::from_utf8(line).ok()?);
        memchr::memmem::find(second, b"value").is_some()
            && set(second).is_some_and(|second| {
                second.name == "value"
                    && set(first).is_some_and(|first| {
                        first.name == "name" && may_be_credential(first.value, second.value)
                    })
            })
    }

    /// The key that starts at `start` has a value after `from` that could be a credential.
    fn may_have_value(self, name: &str, start: usize, from: usize) -> bool {
        let rest = self.from(from);
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or(&[]).trim_ascii();
        let below = rest.get(end + 1..).unwrap_or(&[]);
        let Ok(line) = std::str::from_utf8(line) else {
            return true;
        };
        // An anchor, unless it is the start of a value in a text of lines. Who stands for it elsewhere is an alias,
        // which may be a credential as it is.
        let line = match line.strip_prefix('&') {
            Some(_) if may_be_credential(name, lines::unquoted(line)) => return true,
            Some(anchor) => anchor.split_once(' ').map_or("", |(_, rest)| rest.trim()),
            None => line,
        };
        if line.is_empty() || line.starts_with('#') {
            return self.may_hold_below(start, below);
        }
        // Values that are more than they look like.
        if line.starts_with(['|', '>', '&', '*', '!', '{', '[', '\\']) {
            let is_template = line.starts_with("{{") && line.contains("}}");
            let is_empty = ["{}", "[]"].iter().any(|empty| {
                let after = line.strip_prefix(empty);
                after.is_some_and(|after| {
                    after.is_empty() || after.starts_with([' ', ',', '}', ']'])
                })
            });
            return !is_template && !is_empty;
        }
        let value = match line.as_bytes().first() {
            Some(quote @ (b'"' | b'\'')) => {
                let inner = line.get(1..).unwrap_or("");
                let Some((value, after)) = inner.split_once(char::from(*quote)) else {
                    return true;
                };
                if value.contains('\\') || after.starts_with('\'') {
                    return true;
                }
                value
            }
            _ if self.goes_on(start, below) => return true,
            _ => line.split(" #").next().unwrap_or(line).trim_end(),
        };
        if value.is_empty() {
            return false;
        }
        match value.contains([',', '}', ' ', '"', '\'']) {
            true => may_be_in_flow(value),
            false => !self.is_of_sealed_secret(value) && may_be_credential(name, value),
        }
    }

    /// The value is one of a SealedSecret, and there is one in the text. The long base64 of such files is what they are.
    fn is_of_sealed_secret(self, value: &str) -> bool {
        static KIND: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("SealedSecret"));
        let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        benign::is_long_as_sealed_secret(value.as_bytes())
            && value.bytes().all(is_base64)
            && *self
                .has_sealed_secret
                .get_or_init(|| KIND.find(self.bytes).is_some())
    }

    /// What stands below a key without a value is a value, or a mapping with a key `value`.
    fn may_hold_below(self, start: usize, below: &[u8]) -> bool {
        let column = self.column(start);
        let mut is_first = true;
        for line in below.split(|b| *b == b'\n') {
            let text = line.trim_ascii();
            if text.is_empty() || text.starts_with(b"#") {
                continue;
            }
            let indent = indent_of(line);
            // The items of a sequence may stand as far to the left as its key, and in flow style
            // everything may stand anywhere.
            let is_inside = match text.first() {
                Some(b'-') => indent + 2 >= column,
                Some(b'}' | b']' | b'"' | b'\'') => true,
                _ => indent > column,
            };
            if !is_inside {
                return false;
            }
            let is_entry = memchr::memmem::find(text, b": ").is_some()
                || text.ends_with(b":")
                || text.starts_with(b"}")
                || text.starts_with(b"]");
            if is_first && !is_entry {
                return true;
            }
            is_first = false;
            let mut keys = memchr::memmem::find_iter(text, b"value");
            if keys.any(|at| {
                let rest = text.get(at + 5..).unwrap_or(&[]).trim_ascii_start();
                matches!(rest, [b':' | b'"' | b'\'' | b'\\', ..])
            }) {
                return true;
            }
        }
        false
    }

    /// A plain value goes on in the next line: it is indented deeper than the key.
    fn goes_on(self, start: usize, below: &[u8]) -> bool {
        let indent = indent_of(below);
        let next = below.get(indent..).unwrap_or(&[]);
        let is_blank = matches!(next.first(), None | Some(b'\n' | b'\r' | b'#'));
        !is_blank && indent > self.column(start)
    }
}
