//! Tells from the bytes of a YAML or JSON text whether some name in it is that of a credential and has
//! a value: most texts need no parse.
//!
//! Wherever a stem of [`names::STEMS`] stands, the name around it and what follows decide. In doubt the
//! answer is yes.

use std::sync::LazyLock;

use aho_corasick::packed;

use super::names::{self, MAX_NAME, STEMS, is_name_byte};
use crate::audit::benign;

static STEM: LazyLock<Option<packed::Searcher>> = LazyLock::new(|| packed::Searcher::new(STEMS));

/// Some name may be that of a credential with a value in clear.
pub(super) fn has_candidate(bytes: &[u8]) -> bool {
    let Some(searcher) = STEM.as_ref() else {
        return true;
    };
    let mut text = Text {
        bytes,
        has_value_key: None,
    };
    let mut from = 0;
    while let Some(found) = searcher.find_in(bytes, (from..bytes.len()).into()) {
        let end = text.end_of_name(found.end());
        if text.is_candidate(found.start(), end) {
            return true;
        }
        from = end;
    }
    false
}

struct Text<'a> {
    bytes: &'a [u8],
    /// There is a key `value` in the text.
    has_value_key: Option<bool>,
}

impl Text<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn end_of_name(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or(&[]);
        from + rest.iter().take_while(|b| is_name_byte(**b)).count()
    }

    fn start_of_name(&self, from: usize) -> usize {
        let before = self.bytes.get(..from).unwrap_or(&[]);
        from - before
            .iter()
            .rev()
            .take(MAX_NAME)
            .take_while(|b| is_name_byte(**b))
            .count()
    }

    /// A name with a stem at `stem` ends at `end`: whether it may have a value.
    fn is_candidate(&mut self, stem: usize, end: usize) -> bool {
        let mut at = end;
        while let Some(b'"' | b'\'' | b'\\') = self.byte(at) {
            at += 1;
        }
        let spaces = self.bytes.get(at..).unwrap_or(&[]);
        let after = at
            + spaces
                .iter()
                .take_while(|b| matches!(b, b' ' | b'\t'))
                .count();
        let start = self.start_of_name(stem);
        match self.byte(after) {
            Some(b':') => {
                let next = self.byte(after + 1);
                let is_key =
                    at > end || !next.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'/');
                is_key && self.is_credential(start, end) && self.may_have_value(start, after + 1)
            }
            Some(b'=') => self.is_credential(start, end) && self.may_have_value(start, after + 1),
            // The text goes on: no name, unless it is an option and its value.
            Some(byte)
                if after > at && !matches!(byte, b'\n' | b'\r' | b'#' | b',' | b'}' | b']') =>
            {
                self.is_option(start) && self.is_credential(start, end)
            }
            // The value of a `name`, or an option.
            _ => {
                self.is_credential(start, end)
                    && (self.is_option(start) || (self.follows_name(start) && self.has_value_key()))
            }
        }
    }

    fn is_credential(&self, start: usize, end: usize) -> bool {
        let name = self.bytes.get(start..end).unwrap_or(&[]);
        let name = std::str::from_utf8(name).unwrap_or("");
        // `--name` and `-name` of a command, `...` and `.` of a path.
        let name = name.trim_start_matches(['-', '.']);
        names::is_credential(name)
    }

    fn is_option(&self, start: usize) -> bool {
        self.bytes.get(start..start + 2) == Some(b"--")
    }

    /// Before the word there is `name:`, with or without quotes.
    fn follows_name(&self, start: usize) -> bool {
        let before = self
            .bytes
            .get(start.saturating_sub(24)..start)
            .unwrap_or(&[]);
        let before = before.trim_ascii_end();
        let before = match before {
            [rest @ .., b'"' | b'\''] => rest.trim_ascii_end(),
            _ => before,
        };
        // An anchor, a tag or a block scalar: in doubt it is.
        let Some(before) = before.strip_suffix(b":") else {
            return memchr::memmem::find(before, b"name").is_some();
        };
        let before = before.trim_ascii_end();
        let before = match before {
            [rest @ .., b'"' | b'\''] => rest,
            _ => before,
        };
        before.ends_with(b"name")
    }

    fn has_value_key(&mut self) -> bool {
        let bytes = self.bytes;
        *self.has_value_key.get_or_insert_with(|| {
            memchr::memmem::find_iter(bytes, b"value").any(|at| {
                let rest = bytes.get(at + 5..).unwrap_or(&[]).trim_ascii_start();
                matches!(rest, [b':' | b'"' | b'\'' | b'\\', ..])
            })
        })
    }

    /// The key that starts at `start` has a value after `from` that could be a credential.
    fn may_have_value(&mut self, start: usize, from: usize) -> bool {
        let rest = self.bytes.get(from..).unwrap_or(&[]);
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or(&[]).trim_ascii();
        let below = rest.get(end..).unwrap_or(&[]);
        let Ok(line) = std::str::from_utf8(line) else {
            return true;
        };
        if line.is_empty() || line.starts_with('#') {
            return self.may_hold_below(below);
        }
        // Values that are more than they look like.
        if line.starts_with(['|', '>', '&', '*', '!', '{', '[', '\\']) {
            return !line.starts_with("{{") && !line.starts_with("{}") && !line.starts_with("[]");
        }
        let value = match line.as_bytes().first() {
            Some(quote @ (b'"' | b'\'')) => {
                let inner = line.get(1..).unwrap_or("");
                let Some((value, _)) = inner.split_once(char::from(*quote)) else {
                    return true;
                };
                if value.contains('\\')
                    || inner
                        .get(value.len() + 1..)
                        .is_some_and(|r| r.starts_with('\''))
                {
                    return true;
                }
                value
            }
            _ => {
                let value = line.split(" #").next().unwrap_or(line).trim_end();
                if self.goes_on(start, below) {
                    return true;
                }
                value
            }
        };
        if value.is_empty() || benign::is_reference(value) {
            return false;
        }
        value.contains([',', '}', ' ', '"', '\'']) || self.judged(start, from, value)
    }

    fn judged(&self, start: usize, from: usize, value: &str) -> bool {
        let name = self.bytes.get(start..from).unwrap_or(&[]);
        let end = name.iter().take_while(|b| is_name_byte(**b)).count();
        let name = std::str::from_utf8(name.get(..end).unwrap_or(&[])).unwrap_or("");
        super::finder::judge(name.trim_start_matches(['-', '.']), value).is_some()
    }

    /// The line after a key without a value is a value, or has a key `value` somewhere below.
    fn may_hold_below(&mut self, below: &[u8]) -> bool {
        let next = below
            .split(|b| *b == b'\n')
            .map(<[u8]>::trim_ascii)
            .find(|line| !line.is_empty() && !line.starts_with(b"#"));
        let Some(next) = next else {
            return false;
        };
        let is_entry = memchr::memmem::find(next, b": ").is_some() || next.ends_with(b":");
        if !is_entry {
            // A key's sibling, or the end of what it stands in, has a colon; a value has none.
            return !next.starts_with(b"---");
        }
        self.has_value_key()
    }

    /// A plain value goes on in the next line: it is indented deeper than the key.
    fn goes_on(&self, start: usize, below: &[u8]) -> bool {
        let before = self.bytes.get(..start).unwrap_or(&[]);
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let column = start - line_start;
        let below = below.strip_prefix(b"\n").unwrap_or(below);
        let indent = below.iter().take_while(|b| **b == b' ').count();
        let next = below.get(indent..).unwrap_or(&[]);
        let is_blank = matches!(next.first(), None | Some(b'\n' | b'\r' | b'#'));
        // A quote before the key is one column more.
        !is_blank && indent > column
    }
}
