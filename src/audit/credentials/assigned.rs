//! Names with values: what stands behind the name of a key, a variable or a constant.

use std::ops::Range;

use super::bytes::{byte, class, is, part, run, run_back};

/// The value that is given to a name that ends at `at`: behind `:`, `=`, `=>`, or the comma of `define('X', 'y')`;
/// without its quotes. Quotes may be escaped, as in JSON within JSON. `None` if there is none on the line.
pub(super) fn value(text: &[u8], at: usize) -> Option<Range<usize>> {
    let blank = const { &class(b" \t") };
    // What closes the name: "name", ['name'], \"name\".
    let closed = run(text, at, const { &class(b"\"'\\]`") });
    let mut from = run(text, closed, blank);
    match byte(text, from) {
        b':' | b'=' => from = from.saturating_add(1),
        b',' if closed > at => from = from.saturating_add(1),
        _ => return None,
    }
    if matches!(byte(text, from), b'=' | b'>') {
        from = from.saturating_add(1);
    }
    let from = run(text, from, blank);
    let escaped = run(text, from, const { &class(b"\\") });
    let quote = byte(text, escaped);
    if matches!(quote, b'"' | b'\'' | b'`') {
        let start = escaped.saturating_add(1);
        let rest = part(text, start..start.saturating_add(16 << 10).min(text.len()));
        let mut length = None;
        let mut at = 0;
        while let Some(byte) = rest.get(at) {
            match byte {
                // Inside of escaped quotes, a backslash ends the value.
                b'\\' if escaped > from => {
                    length = Some(at);
                    break;
                }
                b'\\' if quote != b'\'' => at = at.saturating_add(1),
                b'\n' => break,
                other if *other == quote => {
                    length = Some(at);
                    break;
                }
                _ => {}
            }
            at = at.saturating_add(1);
        }
        return Some(start..start.saturating_add(length?));
    }
    let rest = part(text, from..text.len().min(from.saturating_add(16 << 10)));
    // `${VARIABLE}` is one value, the brace that closes a mapping is none of it.
    let mut open = false;
    let length = rest
        .iter()
        .position(|byte| {
            open |= *byte == b'{';
            *byte <= b' ' || b",;]#\"'<>".contains(byte) || (*byte == b'}' && !open)
        })
        .unwrap_or(rest.len());
    (length > 0).then(|| from..from.saturating_add(length))
}

/// The identifier around an offset.
pub(super) fn name_around(text: &[u8], at: usize) -> Range<usize> {
    let word = const { &class(b"A-Za-z0-9_") };
    run_back(text, at, word, 64)..run(text, at, word)
}

/// Whether a name stands on its own: neither side goes on with a letter, a digit, `_` or `-`.
pub(super) fn stands_alone(text: &[u8], name: &Range<usize>) -> bool {
    let before = name.start.checked_sub(1).map_or(0, |at| byte(text, at));
    let word = const { &class(b"A-Za-z0-9_-") };
    !is(word, before) && !is(word, byte(text, name.end))
}
