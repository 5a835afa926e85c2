//! Bytes of a text: classes of characters, runs of them, and what stands before a token.

/// A set of bytes.
pub(super) type Class = [bool; 256];

/// The class of the letters and ranges that `spec` lists, as in `A-Za-z0-9_`. A `-` at the end is one.
pub(super) const fn class(spec: &[u8]) -> Class {
    let mut set = [false; 256];
    let mut at = 0;
    while at < spec.len() {
        if at + 2 < spec.len() && spec[at + 1] == b'-' {
            let mut byte = spec[at];
            while byte <= spec[at + 2] {
                set[byte as usize] = true;
                byte += 1;
            }
            at += 3;
        } else {
            set[spec[at] as usize] = true;
            at += 1;
        }
    }
    set
}

pub(super) static ALNUM: Class = class(b"A-Za-z0-9");
/// base64url and the words of programs.
pub(super) static WORD: Class = class(b"A-Za-z0-9_-");
pub(super) static DOTTED: Class = class(b"A-Za-z0-9_.-");
pub(super) static BASE64: Class = class(b"A-Za-z0-9+/");
pub(super) static BASE64_ANY: Class = class(b"A-Za-z0-9+/=_-");
pub(super) static HEX: Class = class(b"0-9a-f");
pub(super) static HEX_ANY: Class = class(b"0-9a-fA-F");
pub(super) static LOWER: Class = class(b"a-z0-9");
pub(super) static UPPER: Class = class(b"A-Z0-9");
pub(super) static BASE32: Class = class(b"A-Z2-7");
pub(super) static DIGITS: Class = class(b"0-9");
/// What hashes of crypt(3) are written with.
pub(super) static CRYPT: Class = class(b"./A-Za-z0-9");

/// Whether a byte is of a class.
pub(super) fn is(class: &Class, byte: u8) -> bool {
    class.get(usize::from(byte)).copied().unwrap_or(false)
}

/// The end of the run of a class that begins at `at`.
pub(super) fn run(text: &[u8], at: usize, class: &Class) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|byte| !is(class, *byte))
        .unwrap_or(rest.len());
    at.saturating_add(length)
}

/// The start of the run of a class that ends before `at`, at most `most` bytes back.
pub(super) fn run_back(text: &[u8], at: usize, class: &Class, most: usize) -> usize {
    let before = text.get(at.saturating_sub(most)..at).unwrap_or_default();
    let length = before
        .iter()
        .rev()
        .position(|byte| !is(class, *byte))
        .unwrap_or(before.len());
    at.saturating_sub(length)
}

/// A part of a text; empty where there is none.
pub(super) fn part(text: &[u8], range: std::ops::Range<usize>) -> &[u8] {
    text.get(range).unwrap_or_default()
}

/// The byte at an offset; 0 outside.
pub(super) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// Whether a text goes on with a literal.
pub(super) fn goes_on(text: &[u8], at: usize, literal: &[u8]) -> bool {
    text.get(at..).is_some_and(|rest| rest.starts_with(literal))
}

/// Whether a token can begin here: no letter or digit, `_` or `-` before it, apart from the letter of an
/// escape (`\n`) and the digits of a percent sign (`%3D`).
pub(super) fn begins(text: &[u8], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map_or(0, |at| byte(text, at));
    !is(&WORD, before(1))
        || (before(2) == b'\\' && matches!(before(1), b'n' | b'r' | b't'))
        || (before(3) == b'%' && is(&HEX_ANY, before(2)) && is(&HEX_ANY, before(1)))
    // Options of programs have no blank before their values: `-pTOKEN` is not seen, `--token-` is no value.
}

/// The line around an offset, without its end, at most `most` bytes in each direction.
pub(super) fn line(text: &[u8], at: usize, most: usize) -> std::ops::Range<usize> {
    let from = at.saturating_sub(most);
    let to = at.saturating_add(most).min(text.len());
    let start = memchr::memrchr(b'\n', part(text, from..at)).map_or(from, |n| from + n + 1);
    let end = memchr::memchr(b'\n', part(text, at..to)).map_or(to, |n| at + n);
    start..end.max(start)
}

/// Whether a part of a text has a word, in whatever case, within a range.
pub(super) fn mentions(text: &[u8], range: std::ops::Range<usize>, word: &str) -> bool {
    part(text, range)
        .windows(word.len().max(1))
        .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether the body of a token could have been drawn at random: not one letter over and over, no words that say
/// that it is a sample, many different characters, and not only lower-case words.
pub(super) fn is_drawn(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else {
        return false;
    };
    const SAMPLES: [&str; 22] = [
        "example",
        "xxxx",
        "your",
        "placeholder",
        "redacted",
        "changeme",
        "replace",
        "insert",
        "dummy",
        "sample",
        "0000000",
        "1234567",
        "abcdefg",
        "secret_",
        "-token",
        "_token",
        "password",
        "fakefake",
        "deadbeef",
        "notreal",
        "test_test",
        "abcabc",
    ];
    let lower = text.to_ascii_lowercase();
    if SAMPLES.iter().any(|sample| lower.contains(sample))
        || super::super::benign::is_placeholder(text)
    {
        return false;
    }
    let mut seen = [false; 256];
    let mut different = 0usize;
    for byte in body {
        if let Some(seen) = seen.get_mut(usize::from(*byte))
            && !*seen
        {
            *seen = true;
            different += 1;
        }
    }
    let digits = body.iter().any(u8::is_ascii_digit);
    let cases = body.iter().any(u8::is_ascii_uppercase) && body.iter().any(u8::is_ascii_lowercase);
    let wanted = if body.iter().all(u8::is_ascii_hexdigit) {
        6
    } else {
        8
    };
    different >= wanted.min(body.len().saturating_mul(2) / 3) && (digits || cases)
}
