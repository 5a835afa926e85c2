//! Text from files and names made safe to show, and its width on a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Columns of a source line that an excerpt shows at most.
const EXCERPT: usize = 100;

/// `text` without characters that act on a terminal or on the reading order.
///
/// Control characters (line breaks too), escape sequences, and the invisible characters that reorder
/// or hide text are written as `\u{..}`. A file name can hold any of them.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        push(&mut safe, char);
    }
    Cow::Owned(safe)
}

fn push(safe: &mut String, char: char) {
    if acts(char) {
        // Writing to a string cannot fail.
        let _ = write!(safe, "\\u{{{:x}}}", u32::from(char));
    } else {
        safe.push(char);
    }
}

/// Whether a character acts on a terminal or on the reading order, or hides.
pub(super) fn acts(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Terminal columns of printable text: two for East Asian wide characters and emoji, none for
/// combining marks. Close enough to put a caret; no table of all of Unicode is worth that.
pub fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(char: char) -> usize {
    match u32::from(char) {
        0x300..=0x36f | 0x1ab0..=0x1aff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// A source line as an excerpt shows it, with what is below it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The line, safe to show; cut around the span if it is long.
    pub(super) line: String,
    /// Terminal columns before the span.
    pub(super) before: usize,
    /// Terminal columns of the span, at least one.
    pub(super) carets: usize,
}

/// The excerpt for the characters from the 1-based column `start` up to, and without, `end`;
/// `None` if the span goes on in the next line.
pub(super) fn excerpt(line: &str, start: usize, end: Option<usize>) -> Excerpt {
    let line = line.lines().next().unwrap_or_default();
    let start = start.saturating_sub(1);
    let length = end.map(|end| end.saturating_sub(1).saturating_sub(start));
    // What comes before the span gets half of the room: go back from the span as far as it reaches.
    let head: Vec<char> = line.chars().take(start).collect();
    let mut room = EXCERPT / 2;
    let mut from = head.len();
    for char in head.iter().rev() {
        let width = cell_width(*char);
        if width > room {
            break;
        }
        room -= width;
        from -= 1;
    }
    let mut shown = String::from(if from > 0 { "..." } else { "" });
    for char in head.iter().skip(from) {
        cell(&mut shown, *char);
    }
    let before = width(&shown);
    let mut carets = 0;
    let mut columns = before;
    for (number, char) in line.chars().skip(head.len()).enumerate() {
        let width = cell_width(char);
        if columns + width > EXCERPT {
            shown.push_str("...");
            break;
        }
        columns += width;
        cell(&mut shown, char);
        if length.is_none_or(|length| number < length) {
            carets += width;
        }
    }
    Excerpt {
        line: shown,
        before,
        carets: carets.max(1),
    }
}

/// One character of a source line as it is shown.
fn cell(shown: &mut String, char: char) {
    match char {
        '\t' => shown.push_str("    "),
        _ => push(shown, char),
    }
}

fn cell_width(char: char) -> usize {
    match char {
        '\t' => 4,
        _ if acts(char) => {
            let digits = (32 - u32::from(char).leading_zeros()).div_ceil(4).max(1);
            // `\u{` and `}`
            usize::try_from(digits).unwrap_or(8) + 4
        }
        _ => char_width(char),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str, start: usize, end: usize) -> (String, usize, usize) {
        let excerpt = excerpt(line, start, Some(end));
        (excerpt.line, excerpt.before, excerpt.carets)
    }

    #[test]
    fn what_acts_on_a_terminal_is_shown_and_not_sent() {
        assert_eq!(printable("plain, ä, 日本"), "plain, ä, 日本");
        assert_eq!(printable("a\x1b[31mb"), "a\\u{1b}[31mb");
        assert_eq!(printable("a\nerror: b\r"), "a\\u{a}error: b\\u{d}");
        assert_eq!(printable("\u{9b}2J\u{7f}\0"), "\\u{9b}2J\\u{7f}\\u{0}");
        assert_eq!(
            printable("a\u{202e}b\u{200b}\u{2066}"),
            "a\\u{202e}b\\u{200b}\\u{2066}"
        );
    }

    #[test]
    fn the_width_of_a_cell_is_that_of_what_it_shows() {
        for char in [
            '\0',
            '\u{1b}',
            '\u{9b}',
            '\u{202e}',
            '\u{e0001}',
            '\t',
            'a',
            '日',
        ] {
            let mut shown = String::new();
            cell(&mut shown, char);
            assert_eq!(cell_width(char), width(&shown), "{char:?}");
        }
    }

    #[test]
    fn the_carets_stand_below_the_span() {
        let line = |text: &str| String::from(text);
        assert_eq!(at("  key: ***\r\n", 8, 11), (line("  key: ***"), 7, 3));
        assert_eq!(at("\tkey: v", 2, 5), (line("    key: v"), 4, 3));
        assert_eq!(at("日本: 日x", 5, 6), (line("日本: 日x"), 6, 2));
        assert_eq!(at("e\u{301}: x", 5, 6), (line("e\u{301}: x"), 3, 1));
        assert_eq!(at("\u{1b}: \u{1b}", 4, 5), (line("\\u{1b}: \\u{1b}"), 8, 6));
        assert_eq!(at("ab", 3, 3), (line("ab"), 2, 1));
        assert_eq!(at("", 1, 1), (String::new(), 0, 1));
        assert_eq!(at("ab", 0, 0), (line("ab"), 0, 1));
        assert_eq!(at("ab", 9, 2), (line("ab"), 2, 1));
        assert_eq!(excerpt("a: b\nc", 4, None).carets, 1);
        assert_eq!(excerpt("a: b c", 4, None).carets, 3);
    }

    #[test]
    fn a_long_line_is_cut_around_the_span() {
        let text = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
        let (shown, before, carets) = at(&text, 501, 505);
        assert_eq!(shown.get(before..before + carets), Some("HERE"));
        assert!(shown.starts_with("...a") && shown.ends_with("b..."));
        assert!(width(&shown) <= EXCERPT + 3);
        let (shown, before, carets) = at(&text, 3, 900);
        assert_eq!((before, carets), (2, EXCERPT - 2));
        assert!(shown.starts_with("aaa") && shown.ends_with("a..."));
        let (shown, before, _) = at("ab", 5000, 6000);
        assert!(before <= EXCERPT, "{shown} {before}");
    }
}
