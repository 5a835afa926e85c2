//! Lines of source texts as excerpts show them.

pub(crate) use secrets::report::text::{printable, width};

/// Columns of a source line that an excerpt shows at most.
const EXCERPT: usize = 100;

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
    match char {
        '\t' => String::from("    "),
        _ => printable(char.encode_utf8(&mut [0; 4])).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
