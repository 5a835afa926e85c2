//! Places in a configuration, and its lines without the private keys that somebody pasted there.

use crate::error::Place;

/// What stands where a private key was.
const MASK: &str = "(hidden)";

/// How the first line of a private key in PEM form ends.
const PEM_END: &str = "PRIVATE KEY-----";

/// Finds places in a configuration.
pub(crate) struct Places<'a> {
    name: &'a str,
    text: &'a str,
    /// Where the breaks between lines are.
    breaks: Vec<usize>,
    has_pem: bool,
}

impl<'a> Places<'a> {
    pub(crate) fn new(name: &'a str, text: &'a str) -> Self {
        Places {
            name,
            text,
            breaks: memchr::memchr_iter(b'\n', text.as_bytes()).collect(),
            has_pem: text.contains(PEM_END),
        }
    }

    /// A place with its line, private keys in it hidden.
    pub(crate) fn at(&self, offset: usize) -> Place {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let (before, after) = self.text.split_at(offset);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = after.find('\n').map_or(self.text.len(), |at| offset + at);
        let line = self
            .text
            .get(start..end)
            .unwrap_or("")
            .trim_end_matches('\r');
        let column = before
            .get(start..)
            .unwrap_or("")
            .trim_start_matches('\u{feff}');
        Place {
            file: Some(self.name.to_owned()),
            line: self.breaks.partition_point(|&at| at < offset) + 1,
            column: column.chars().count() + 1,
            source_line: Some(if self.has_pem && in_private_key(before) {
                MASK.to_owned()
            } else {
                masked(line.trim_start_matches('\u{feff}'))
            }),
        }
    }
}

/// Whether the text before a place opens a PEM block of a private key that it does not close.
fn in_private_key(before: &str) -> bool {
    let line = before.rfind('\n').unwrap_or(0);
    let before = before.get(..line).unwrap_or("");
    before.rfind(PEM_END).is_some_and(|at| {
        let line = before.get(..at).and_then(|text| text.rfind("-----"));
        line.is_some_and(|at| {
            before
                .get(at..)
                .is_some_and(|text| text.starts_with("-----BEGIN"))
        })
    })
}

/// A line with its private keys hidden.
pub(crate) fn masked(line: &str) -> String {
    const MARKS: [&str; 3] = ["AGE-SECRET-KEY-", "AGE-PLUGIN-", "PRIVATE KEY"];
    // ASCII case only, so that offsets stay the same.
    let upper = line.to_ascii_uppercase();
    let mut out = String::with_capacity(line.len());
    let mut from = 0;
    let next = |from: usize| {
        let found = |mark| Some((upper.get(from..)?.find(mark)? + from, mark));
        MARKS.into_iter().filter_map(found).min()
    };
    while let Some((at, mark)) = next(from) {
        let key = at + mark.len();
        out.push_str(line.get(from..key).unwrap_or(""));
        out.push_str(MASK);
        let rest = upper.get(key..).unwrap_or("");
        let is_key = |c: char| c.is_ascii_alphanumeric() || c == '-';
        from = match mark {
            "PRIVATE KEY" => line.len(),
            _ => key + rest.find(|c| !is_key(c)).unwrap_or(rest.len()),
        };
    }
    out.push_str(line.get(from..).unwrap_or(""));
    out
}
