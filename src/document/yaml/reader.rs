//! What counts as a character, a blank and a line break: go-yaml's reader, which is YAML 1.1's.

use super::{MAX_TEXT, SyntaxError};

/// From this length on a text is checked on two cores.
const LONG: usize = 1 << 20;

/// Refuses what is larger than [`MAX_TEXT`], and what go-yaml's reader refuses: text that is not UTF-8, control characters, U+FFFE/F.
///
/// # Errors
/// The offset of the first offending byte.
pub fn validate(bytes: &[u8]) -> Result<&str, SyntaxError> {
    if bytes.len() > MAX_TEXT {
        let what = format!("the text is larger than {} MiB", MAX_TEXT >> 20);
        return Err(SyntaxError::new(0, what));
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(SyntaxError::new(0, "the text is UTF-16").hint("convert the file to UTF-8"));
    }
    // Both look at every byte, and neither needs the other.
    let (text, characters) = match bytes.len() {
        0..LONG => (std::str::from_utf8(bytes), check_characters(bytes)),
        _ => rayon::join(|| std::str::from_utf8(bytes), || check_characters(bytes)),
    };
    let text = text.map_err(|e| {
        SyntaxError::new(e.valid_up_to(), "the text is not UTF-8").hint("convert the file to UTF-8")
    })?;
    if bytes
        .strip_prefix(BOM)
        .is_some_and(|rest| rest.starts_with(BOM))
    {
        return Err(
            SyntaxError::new(3, "the text starts with two byte order marks")
                .hint("remove the second one, which is invisible"),
        );
    }
    characters?;
    Ok(text)
}

fn check_characters(bytes: &[u8]) -> Result<(), SyntaxError> {
    for (number, chunk) in bytes.chunks(64).enumerate() {
        let mut suspicious = false;
        for &b in chunk {
            suspicious |= (b < 0x20 && b != b'\t' && b != b'\n' && b != b'\r')
                | (b == 0x7F)
                | (b == 0xC2)
                | (b == 0xEF);
        }
        if suspicious {
            check_chunk(bytes, number * 64, chunk.len())?;
        }
    }
    Ok(())
}

fn check_chunk(bytes: &[u8], start: usize, len: usize) -> Result<(), SyntaxError> {
    for offset in start..start + len {
        let at = |i: usize| bytes.get(offset + i).copied().unwrap_or(0);
        let refused = match at(0) {
            b'\t' | b'\n' | b'\r' => false,
            0..=0x1F | 0x7F => true,
            0xC2 => (0x80..=0x9F).contains(&at(1)) && at(1) != 0x85,
            0xEF => at(1) == 0xBF && at(2) >= 0xBE,
            _ => false,
        };
        if refused {
            let what = if at(0) == 0 {
                "the text holds a NUL byte"
            } else {
                "the text holds a control character"
            };
            return Err(SyntaxError::new(offset, what)
                .hint("YAML does not allow it in the open: write it as an escape in double quotes, e.g. \"\\x07\""));
        }
    }
    Ok(())
}

/// The byte at `pos`, 0 at the end (a text never holds NUL once it is validated).
#[inline(always)]
pub(crate) fn at(bytes: &[u8], pos: usize) -> u8 {
    match bytes.get(pos) {
        Some(&b) => b,
        None => 0,
    }
}

/// The length of the line break at `pos`: CRLF, LF, CR, U+0085, U+2028, U+2029; 0 if there is none.
#[inline(always)]
pub(crate) fn break_len(bytes: &[u8], pos: usize) -> usize {
    match at(bytes, pos) {
        b'\n' => 1,
        b'\r' => 1 + usize::from(at(bytes, pos + 1) == b'\n'),
        0xC2 if at(bytes, pos + 1) == 0x85 => 2,
        0xE2 if at(bytes, pos + 1) == 0x80 && matches!(at(bytes, pos + 2), 0xA8 | 0xA9) => 3,
        _ => 0,
    }
}

#[inline(always)]
pub(crate) fn is_break(bytes: &[u8], pos: usize) -> bool {
    break_len(bytes, pos) > 0
}

#[inline(always)]
pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// A blank, a line break or the end of the text.
#[inline(always)]
pub(crate) fn is_blankz(bytes: &[u8], pos: usize) -> bool {
    let b = at(bytes, pos);
    b == b' '
        || b == b'\t'
        || b == b'\n'
        || b == b'\r'
        || (b == 0 && pos >= bytes.len())
        || is_break(bytes, pos)
}

/// Where the line that `pos` is on ends (the offset of its break, or of the end of the text).
pub(crate) fn line_end(bytes: &[u8], pos: usize) -> usize {
    let rest = bytes.get(pos..).unwrap_or(&[]);
    let mut end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    let mut from = 0;
    while let Some(found) = memchr::memchr2(0xC2, 0xE2, &rest[from..end]) {
        if is_break(rest, from + found) {
            end = from + found;
            break;
        }
        from += found + 1;
    }
    pos + end
}

/// Appends the value of the break at `pos` (LF for all but U+2028/9) and returns its length.
pub(crate) fn push_break(bytes: &[u8], pos: usize, out: &mut Vec<u8>) -> usize {
    let len = break_len(bytes, pos);
    if len == 3 {
        out.extend_from_slice(&bytes[pos..pos + 3]);
    } else if len > 0 {
        out.push(b'\n');
    }
    len
}

/// The 0-based column of `pos` in bytes, from the last line break.
pub fn column(bytes: &[u8], pos: usize) -> usize {
    let mut start = pos;
    while start > 0 && !ends_with_break(&bytes[..start]) {
        start -= 1;
    }
    let mut column = pos - start;
    if start == 0 && bytes.starts_with(BOM) && column >= BOM.len() {
        column -= BOM.len();
    }
    column
}

fn ends_with_break(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [.., b'\n' | b'\r'] | [.., 0xC2, 0x85] | [.., 0xE2, 0x80, 0xA8 | 0xA9]
    )
}

/// UTF-8's byte order mark.
pub const BOM: &[u8] = &[0xEF, 0xBB, 0xBF];
