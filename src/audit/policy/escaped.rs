//! The kind of a Secret with escapes for some of its letters: JSON and YAML read it all the same.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::secrets;

/// A key, what stands between it and its value, and the value, each letter an escape of ten bytes.
const NEAR: usize = 192;

/// The text may name the kind Secret with escapes in it. Escapes of letters are what nobody writes, and
/// those of punctuation, of which JSON can be full, cost a look at their digits.
pub(super) fn names_secret(bytes: &[u8]) -> bool {
    static STARTS: LazyLock<[Finder<'_>; 3]> =
        LazyLock::new(|| ["\\u00", "\\x", "\\U000000"].map(Finder::new));
    let Some(first) = memchr::memchr(b'\\', bytes) else {
        return false;
    };
    STARTS.iter().any(|start| {
        let width = start.needle().len();
        let mut looked = 0;
        let rest = bytes.get(first..).unwrap_or_default();
        start.find_iter(rest).any(|at| {
            let at = first + at;
            let is_letter = letter(bytes, at + width).is_some();
            if !is_letter || at < looked {
                return false;
            }
            // The next one is looked at again, with what comes before it, when it is farther on.
            looked = at + NEAR / 2;
            let from = at.saturating_sub(NEAR);
            let to = (at + 2 * NEAR).min(bytes.len());
            bytes
                .get(from..to)
                .is_some_and(|near| secrets::names_plain_secret(&without_escapes(near)))
        })
    })
}

/// The letter that two hexadecimal digits stand for.
fn letter(bytes: &[u8], at: usize) -> Option<u8> {
    let digits = bytes.get(at..at.checked_add(2)?)?;
    let digits = std::str::from_utf8(digits).ok()?;
    let byte = u8::from_str_radix(digits, 16).ok()?;
    byte.is_ascii_alphabetic().then_some(byte)
}

/// The text with letters for the escapes of letters.
fn without_escapes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let start = ["\\u00", "\\x", "\\U000000"]
            .into_iter()
            .find(|start| rest.starts_with(start.as_bytes()));
        match start.and_then(|start| Some((start.len(), letter(rest, start.len())?))) {
            Some((width, letter)) => {
                out.push(letter);
                rest = rest.get(width + 2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}
