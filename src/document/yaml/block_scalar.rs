//! Literal (`|`) and folded (`>`) block scalars.

use super::spell::{Context, is_break, is_readable};

/// Appends `text` as a literal block scalar the way go-yaml's emitter does, with an indentation
/// indicator that is right wherever a wrong one would lose the value.
pub(super) fn literal_like_go(text: &str, context: &Context<'_>, out: &mut Vec<u8>) {
    let column = context.content_column();
    out.reserve(text.len() + 8);
    out.push(b'|');
    if text.starts_with([' ', '\t']) || text.starts_with(is_break) {
        // SOPS writes its unit, whatever the real distance; without a line to measure it does no harm.
        let distance = if text.chars().all(is_break) {
            context.hint_without_lines()
        } else {
            column - context.column
        };
        out.extend_from_slice(distance.to_string().as_bytes());
    }
    let mut ends = text.chars().rev();
    match (ends.next().is_some_and(is_break), ends.next()) {
        (false, _) => out.push(b'-'),
        (true, None) => out.push(b'+'),
        (true, Some(c)) if is_break(c) => out.push(b'+'),
        _ => {}
    }
    out.extend_from_slice(context.line_break.as_bytes());
    let mut at_line_start = true;
    for c in text.strip_suffix('\n').unwrap_or(text).chars() {
        if is_break(c) {
            at_line_start = true;
        } else if at_line_start {
            out.resize(out.len() + column, b' ');
            at_line_start = false;
        }
        if c == '\n' {
            out.extend_from_slice(context.line_break.as_bytes());
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// A block scalar's header without its comment: `|`, `|-`, `|2+`, `>-1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    has_indentation: bool,
    /// `-`, `+`, or neither.
    chomping: Option<u8>,
}

impl Header {
    fn parse(header: &str, style: u8) -> Option<Header> {
        let indicators = header.as_bytes().strip_prefix(&[style])?;
        let (has_indentation, chomping) = match indicators {
            [] => (false, None),
            [c @ (b'-' | b'+')] => (false, Some(*c)),
            [b'1'..=b'9'] => (true, None),
            [b'1'..=b'9', c @ (b'-' | b'+')] | [c @ (b'-' | b'+'), b'1'..=b'9'] => (true, Some(*c)),
            _ => return None,
        };
        Some(Header {
            has_indentation,
            chomping,
        })
    }

    /// Whether a block with this header can hold `text`.
    fn holds(self, text: &str) -> bool {
        let lines = text.trim_end_matches('\n');
        let newlines = text.len() - lines.len();
        let end_fits = match self.chomping {
            Some(b'-') => newlines == 0,
            Some(_) => newlines > 0,
            None => newlines == 1 && !lines.is_empty(),
        };
        let start_fits =
            self.has_indentation || !lines.trim_start_matches('\n').starts_with([' ', '\t']);
        let is_clean = text
            .chars()
            .all(|c| c == '\n' || is_readable(c) && !is_break(c));
        !text.is_empty() && end_fits && start_fits && is_clean
    }
}

/// Appends `header` and the lines of `text`, indented by `indent` spaces, without the line break
/// that ends the last line. Returns false and leaves `out` alone when a reader would not get exactly
/// `text` from that, because of chomping, of leading blanks without an indentation indicator, or of
/// characters that need an escape.
///
/// `header` has no comment. An indentation indicator in it must be `indent` less the column of the
/// parent (the mapping's keys or the sequence's dashes); this cannot be checked here.
pub fn literal(
    text: &str,
    header: &str,
    indent: usize,
    line_break: &str,
    out: &mut Vec<u8>,
) -> bool {
    if indent == 0 || !Header::parse(header, b'|').is_some_and(|header| header.holds(text)) {
        return false;
    }
    out.extend_from_slice(header.as_bytes());
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        push_line(line, indent, line_break, out);
    }
    true
}

/// As [`literal`], for folded scalars. Lines are not wrapped again: every line of `text` stays one.
pub fn folded(
    text: &str,
    header: &str,
    indent: usize,
    line_break: &str,
    out: &mut Vec<u8>,
) -> bool {
    if indent == 0 || !Header::parse(header, b'>').is_some_and(|header| header.holds(text)) {
        return false;
    }
    out.extend_from_slice(header.as_bytes());
    let is_flush = |line: &str| !line.is_empty() && !line.starts_with([' ', '\t']);
    // The last line with text, and whether empty lines followed it.
    let mut flush_above = false;
    let body = text.trim_end_matches('\n');
    for line in body.split('\n').filter(|_| !body.is_empty()) {
        // Between two lines that are not indented further, one break reads as a space.
        if flush_above && is_flush(line) {
            out.extend_from_slice(line_break.as_bytes());
        }
        push_line(line, indent, line_break, out);
        if !line.is_empty() {
            flush_above = is_flush(line);
        }
    }
    // The last break is not written, and the first of a text of breaks alone has no line to end.
    let trailing = text.len() - body.len();
    for _ in 1..trailing {
        out.extend_from_slice(line_break.as_bytes());
    }
    if body.is_empty() {
        out.extend_from_slice(line_break.as_bytes());
    }
    true
}

fn push_line(line: &str, indent: usize, line_break: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(line_break.as_bytes());
    if !line.is_empty() {
        out.resize(out.len() + indent, b' ');
        out.extend_from_slice(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn written(text: &str, header: &str) -> Option<String> {
        let mut out = Vec::new();
        let write = if header.starts_with('|') {
            literal
        } else {
            folded
        };
        let done = write(text, header, 2, "\n", &mut out);
        assert!(done || out.is_empty());
        done.then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn chomping_has_to_fit_the_end() {
        assert_eq!(written("a\nb", "|-").as_deref(), Some("|-\n  a\n  b"));
        assert_eq!(written("a\n", "|").as_deref(), Some("|\n  a"));
        assert_eq!(written("a\n\n", "|+").as_deref(), Some("|+\n  a\n"));
        assert_eq!(written("\n", "|+").as_deref(), Some("|+\n"));
        for (text, header) in [
            ("a", "|"),
            ("a", "|+"),
            ("a\n", "|-"),
            ("a\n\n", "|"),
            ("\n", "|"),
            ("", "|-"),
            ("", "|+"),
        ] {
            assert_eq!(written(text, header), None, "{text:?} {header}");
        }
    }

    #[test]
    fn leading_blanks_need_an_indicator() {
        assert_eq!(written(" a", "|-"), None);
        assert_eq!(written("\n\ta", "|-"), None);
        assert_eq!(written("\n\na", "|-").as_deref(), Some("|-\n\n\n  a"));
        assert_eq!(written(" a", "|2-").as_deref(), Some("|2-\n   a"));
        assert_eq!(written(" a", "|-2").as_deref(), Some("|-2\n   a"));
        assert_eq!(written("a\n b", "|-").as_deref(), Some("|-\n  a\n   b"));
    }

    #[test]
    fn headers_of_the_other_style_and_broken_ones_are_refused() {
        for header in ["", "|0", "|10", "|--", "|2 ", "| #c", "-"] {
            assert!(
                !literal("a\n", header, 2, "\n", &mut Vec::new()),
                "{header}"
            );
        }
        assert!(!literal("a\n", ">", 2, "\n", &mut Vec::new()));
        assert!(!folded("a\n", "|", 2, "\n", &mut Vec::new()));
        assert!(!literal("a\n", "|", 0, "\n", &mut Vec::new()));
    }

    #[test]
    fn what_needs_an_escape_is_refused() {
        for text in ["a\rb", "a\u{85}", "a\u{2028}b", "\u{feff}", "a\0", "\u{7f}"] {
            assert_eq!(written(text, "|-"), None, "{text:?}");
        }
        assert_eq!(written("😀\n", "|").as_deref(), Some("|\n  😀"));
    }

    #[test]
    fn folding_doubles_breaks_between_flush_lines_only() {
        assert_eq!(written("a\nb\n", ">").as_deref(), Some(">\n  a\n\n  b"));
        assert_eq!(written("a\n\nb\n", ">").as_deref(), Some(">\n  a\n\n\n  b"));
        assert_eq!(
            written("a\n b\nc\n", ">").as_deref(),
            Some(">\n  a\n   b\n  c")
        );
        assert_eq!(written("\na\n", ">").as_deref(), Some(">\n\n  a"));
        assert_eq!(written("a\n\n\n", ">+").as_deref(), Some(">+\n  a\n\n"));
        assert_eq!(written("\n\n", ">+").as_deref(), Some(">+\n\n"));
    }

    #[test]
    fn the_files_line_break_is_kept() {
        let mut out = Vec::new();
        assert!(literal("a\nb\n", "|", 1, "\r\n", &mut out));
        assert_eq!(out, b"|\r\n a\r\n b");
    }
}
