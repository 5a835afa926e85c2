//! Text from files and names made safe to print, and its width on a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Columns of a source line that an excerpt shows at most.
const EXCERPT: usize = 100;

/// `text` without characters that act on a terminal or on the reading order.
///
/// Control characters (line breaks too), escape sequences, and the invisible characters that reorder
/// or hide text are written as `\u{..}`. A file name can hold any of them.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
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

fn acts(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A source line for an excerpt, and the number of terminal columns before the character at the
/// 1-based `column`. A long line is cut around that character.
pub(crate) fn excerpt(line: &str, column: usize) -> (String, usize) {
    let at = column.saturating_sub(1);
    let cells: Vec<String> = line
        .trim_end_matches(['\r', '\n'])
        .chars()
        .map(cell)
        .collect();
    let width_to = |end: usize| -> usize { cells.iter().take(end).map(|cell| width(cell)).sum() };
    let mut start = 0;
    // Half of the room is for what comes before.
    while width_to(at).saturating_sub(width_to(start)) > EXCERPT / 2 && start < at.min(cells.len())
    {
        start += 1;
    }
    let mut shown = String::from(if start > 0 { "..." } else { "" });
    let before = width(&shown) + width_to(at).saturating_sub(width_to(start));
    let mut rest = cells.iter().skip(start).peekable();
    while let Some(cell) = rest.next_if(|cell| width(&shown) + width(cell) <= EXCERPT) {
        shown.push_str(cell);
    }
    if rest.peek().is_some() {
        shown.push_str("...");
    }
    (shown, before)
}

/// One character of a source line as it is shown.
fn cell(char: char) -> String {
    let mut shown = String::new();
    match char {
        '\t' => shown.push_str("    "),
        _ => push(&mut shown, char),
    }
    shown
}

/// Terminal columns of printable text: two for East Asian wide characters and emoji, none for
/// combining marks. Close enough to put a caret; no table of all of Unicode is worth that.
pub(crate) fn width(text: &str) -> usize {
    text.chars()
        .map(|char| match u32::from(char) {
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
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_caret_stands_below_its_character() {
        assert_eq!(
            excerpt("  password: x\r\n", 13),
            (String::from("  password: x"), 12)
        );
        assert_eq!(excerpt("\tkey: v", 2), (String::from("    key: v"), 4));
        assert_eq!(excerpt("日本: x", 5), (String::from("日本: x"), 6));
        assert_eq!(excerpt("e\u{301}: x", 5), (String::from("e\u{301}: x"), 3));
        assert_eq!(excerpt("\u{1b}: x", 4), (String::from("\\u{1b}: x"), 8));
        assert_eq!(excerpt("ab", 3), (String::from("ab"), 2));
        assert_eq!(excerpt("", 1), (String::new(), 0));
        assert_eq!(excerpt("ab", 0), (String::from("ab"), 0));
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let line = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
        let (shown, before) = excerpt(&line, 501);
        assert_eq!(shown.get(before..before + 4), Some("HERE"));
        assert!(shown.starts_with("...a") && shown.ends_with("b..."));
        assert!(width(&shown) <= EXCERPT + 3);
        let (shown, before) = excerpt(&line, 3);
        assert_eq!(before, 2);
        assert!(shown.starts_with("aaa") && shown.ends_with("a..."));
        let (shown, before) = excerpt("ab", 5000);
        assert!(before <= EXCERPT, "{shown} {before}");
    }
}
