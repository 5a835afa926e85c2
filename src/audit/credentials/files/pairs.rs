//! Names and values of a text, whatever the format writes around them.

use std::ops::Range;

use crate::audit::credentials::assigned;
use crate::audit::credentials::bytes::{byte, class, is, part};

/// A name, and where its value stands.
pub(super) struct Pair<'t> {
    pub(super) name: &'t str,
    pub(super) value: &'t str,
    pub(super) span: Range<usize>,
}

/// The pairs on each line that is no comment.
pub(super) fn of(text: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    let mut lines = Vec::new();
    let mut start = 0usize;
    for line in text.split(|byte| *byte == b'\n') {
        lines.push(start..start.saturating_add(line.len()));
        start = start.saturating_add(line.len()).saturating_add(1);
    }
    lines
        .into_iter()
        .filter(move |line| !is_comment(part(text, line.clone())))
        .flat_map(move |line| on_line(text, line))
}

fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    line.starts_with(b"#")
        || line.starts_with(b"// ")
        || line.starts_with(b"<!--")
        || line.starts_with(b";")
}

/// The pairs of one line: those of JSON may be many.
fn on_line(text: &[u8], line: Range<usize>) -> Vec<Pair<'_>> {
    const MANY: usize = 4096;
    let name_byte = const { &class(b"A-Za-z0-9_./@:-") };
    let mut pairs = Vec::new();
    let mut at = line.start;
    while at < line.end && pairs.len() < MANY {
        if !is(name_byte, byte(text, at)) {
            at = at.saturating_add(1);
            continue;
        }
        let mut end = at;
        while end < line.end && is(name_byte, byte(text, end)) {
            end = end.saturating_add(1);
        }
        // `key:` has its colon among the bytes of names, for the sake of `//registry.npmjs.org/:_authToken`.
        let mut name_end = end;
        if let Some(colon) = part(text, at..end).iter().rposition(|byte| *byte == b':') {
            let colon = at.saturating_add(colon);
            if byte(text, end) != b'=' {
                name_end = colon;
            }
        }
        match assigned::value(text, name_end).filter(|span| span.end <= line.end) {
            Some(span) if name_end > at => {
                if let (Ok(name), Ok(value)) = (
                    std::str::from_utf8(part(text, at..name_end)),
                    std::str::from_utf8(part(text, span.clone())),
                ) {
                    pairs.push(Pair {
                        name,
                        value,
                        span: span.clone(),
                    });
                }
                at = span.end.max(end).saturating_add(1);
            }
            _ => at = end.saturating_add(1),
        }
    }
    pairs
}
