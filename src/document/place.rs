//! Where in a YAML or JSON text something is, for messages: without showing a value.

use crate::error::Place;

/// Stands for whatever an excerpt must not show.
const MASK: &str = "…";

/// The place of a byte offset in a YAML or JSON text: 1-based line and column (in characters), and
/// the line with everything but its indentation, key and colon masked. A line that has no key, or
/// that continues a scalar from a line above, is masked whole.
///
/// Takes time linear in the length of the text before the offset: meant for error messages.
pub fn place_of(source: &str, offset: usize) -> Place {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    let (before, after) = source.split_at(offset);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = after.find('\n').map_or(source.len(), |at| offset + at);
    let line = source.get(start..end).unwrap_or("");
    let head = source.get(start..offset).unwrap_or("");
    Place {
        file: None,
        line: before.matches('\n').count() + 1,
        column: head.trim_start_matches('\u{feff}').chars().count() + 1,
        source_line: Some(masked(
            line.trim_end(),
            starts_outside_scalars(source, start),
        )),
    }
}

/// The line as an excerpt may show it.
fn masked(line: &str, structural: bool) -> String {
    let text = line.trim_start_matches([' ', '\t', '\u{feff}']);
    let mut key_start = line.len() - text.len();
    while let Some(rest) = line.get(key_start..)
        && let Some(item) = rest.strip_prefix("- ")
    {
        key_start += rest.len() - item.trim_start_matches(' ').len();
    }
    let rest = line.get(key_start..).unwrap_or("");
    let key = match key_length(rest) {
        Some(length) if structural => rest.get(..length).unwrap_or(""),
        _ => "",
    };
    if key.is_empty() {
        let indent = line.get(..line.len() - text.len()).unwrap_or("");
        let mask = if text.is_empty() { "" } else { MASK };
        return format!("{indent}{mask}");
    }
    let shown = line.get(..key_start + key.len()).unwrap_or("");
    if shown.len() == line.len() {
        shown.to_owned()
    } else {
        format!("{shown} {MASK}")
    }
}

/// The length of a key with its colon at the start of `text`.
fn key_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let end = match bytes.first()? {
        quote @ (b'"' | b'\'') => {
            let close = close_of_quote(text, 0, *quote)?;
            close + text.get(close..)?.find(':')?
        }
        b'{' | b'[' | b'#' | b'|' | b'>' | b'%' | b'@' | b'`' | b'&' | b'*' | b'!' => return None,
        _ => {
            let end = (0..bytes.len()).find(|&at| ends_key(bytes, at))?;
            // `NAME=a: b` is more likely a dotenv line than a key.
            if text.get(..end)?.contains(['=', '#', '"', '\'']) {
                return None;
            }
            end
        }
    };
    let between = match bytes.first()? {
        b'"' | b'\'' => {
            let close = close_of_quote(text, 0, *bytes.first()?)?;
            text.get(close..end)?
        }
        _ => "",
    };
    between.trim().is_empty().then_some(end + 1)
}

/// There is a colon at `at` that ends a plain key.
fn ends_key(bytes: &[u8], at: usize) -> bool {
    bytes.get(at) == Some(&b':') && is_blank_or_end(bytes, at + 1)
}

fn is_blank_or_end(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at), None | Some(b' ' | b'\t' | b'\r' | b'\n'))
}

/// The offset after the quote that closes the one at `open`; `None` if nothing closes it.
fn close_of_quote(text: &str, open: usize, quote: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = open + 1;
    loop {
        match bytes.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            byte if *byte == quote => {
                if quote == b'\'' && bytes.get(at + 1) == Some(&quote) {
                    at += 2;
                } else {
                    return Some(at + 1);
                }
            }
            _ => at += 1,
        }
    }
}

/// Whether the line that starts at `line_start` begins outside of scalars that began above it. In
/// doubt (the text may not even be YAML) the answer is no.
fn starts_outside_scalars(source: &str, line_start: usize) -> bool {
    let bytes = source.as_bytes();
    // Lines indented deeper than this continue a block scalar or a plain one.
    let mut inside: Option<usize> = None;
    let mut flow_depth = 0_usize;
    let mut at = 0;
    while at <= line_start {
        let line_end = source
            .get(at..)
            .and_then(|rest| rest.find('\n'))
            .map_or(source.len(), |length| at + length);
        let line = source.get(at..line_end).unwrap_or("");
        let indent = line.len() - line.trim_start_matches(' ').len();
        let blank = line.trim().is_empty();
        if let Some(parent) = inside
            && (blank || indent >= parent)
        {
            if at == line_start {
                return false;
            }
            at = line_end + 1;
            continue;
        }
        if at == line_start {
            return true;
        }
        if matches!(line.get(..4).unwrap_or(line).trim_end(), "---" | "...") {
            flow_depth = 0;
        }
        let (next, continues) = scan_line(bytes, source, at + indent, line_end, &mut flow_depth);
        inside = continues.map(|column| (column - at).max(1));
        match next {
            Some(next) if next > line_end => {
                // A quoted scalar ended on a later line; go on behind it.
                let mut from = next;
                loop {
                    let end = source
                        .get(from..)
                        .and_then(|rest| rest.find('\n'))
                        .map_or(source.len(), |length| from + length);
                    if end >= line_start {
                        return from <= line_start && end + 1 == line_start;
                    }
                    match scan_line(bytes, source, from, end, &mut flow_depth).0 {
                        Some(next) if next > end => from = next,
                        Some(_) => {
                            at = end + 1;
                            break;
                        }
                        None => return false,
                    }
                }
            }
            Some(_) => at = line_end + 1,
            None => return false,
        }
    }
    false
}

/// Scans a line's tokens from `at`. Returns where the scan ended (behind `line_end` if a quoted
/// scalar goes on below; `None` if it never ends), and the offset whose column deeper lines must
/// reach to continue the line's last scalar.
fn scan_line(
    bytes: &[u8],
    source: &str,
    mut at: usize,
    line_end: usize,
    flow_depth: &mut usize,
) -> (Option<usize>, Option<usize>) {
    let mut parent = None;
    let mut node = at;
    while at < line_end {
        let Some(&byte) = bytes.get(at) else { break };
        match byte {
            b' ' | b'\t' | b'\r' => at += 1,
            b'#' => break,
            b'"' | b'\'' => {
                let Some(close) = close_of_quote(source, at, byte) else {
                    return (None, None);
                };
                if close > line_end {
                    return (Some(close), None);
                }
                at = close;
            }
            b'{' | b'[' => {
                *flow_depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                *flow_depth = flow_depth.saturating_sub(1);
                at += 1;
            }
            b',' => at += 1,
            b'-' | b'?' if is_blank_or_end(bytes, at + 1) => {
                parent = Some(at + 1);
                at += 1;
                while at < line_end && bytes.get(at) == Some(&b' ') {
                    at += 1;
                }
                node = at;
            }
            b':' => {
                parent = Some(node + 1);
                at += 1;
            }
            b'&' | b'!' | b'*' => {
                while at < line_end && !is_blank_or_end(bytes, at) {
                    at += 1;
                }
            }
            b'|' | b'>' if *flow_depth == 0 => return (Some(line_end), parent.or(Some(at))),
            _ => {
                let start = at;
                while at < line_end
                    && !ends_key(bytes, at)
                    && !(bytes.get(at) == Some(&b'#')
                        && at > start
                        && is_blank_or_end(bytes, at - 1))
                    && !(*flow_depth > 0
                        && matches!(bytes.get(at), Some(b',' | b'[' | b']' | b'{' | b'}')))
                {
                    at += 1;
                }
                if at >= line_end && *flow_depth == 0 {
                    return (Some(line_end), parent);
                }
            }
        }
    }
    (Some(line_end), None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// Every line of the text as the excerpt of an error on it.
    fn shown(source: &str) -> Vec<String> {
        let mut at = 0;
        source
            .split_inclusive('\n')
            .map(|line| {
                let place = place_of(source, at);
                at += line.len();
                place.source_line.unwrap()
            })
            .collect()
    }

    #[test]
    fn lines_and_columns_are_counted_in_characters() {
        let source = "a: 1\näö: x\n";
        let place = place_of(source, source.find('x').unwrap());
        assert_eq!((place.line, place.column), (2, 5));
        assert_eq!(place_of(source, 0).column, 1);
        assert_eq!(place_of(source, 999).line, 3);
        let inside_of_a_character = source.find('ö').unwrap() + 1;
        assert_eq!(place_of(source, inside_of_a_character).column, 2);
        assert_eq!(place_of("\u{feff}a: 1", 3).column, 1);
    }

    #[test]
    fn values_are_masked_and_keys_are_not() {
        assert_eq!(
            shown(
                "a: x\r\nb:\n- c: x\n- - 'd e': x\n\"f\\\"\": \n  \"g\":\"x\"\nh: # x\n- x\n# x: y\n\n{i: x}\n"
            ),
            [
                "a: …",
                "b:",
                "- c: …",
                "- - 'd e': …",
                "\"f\\\"\":",
                "  \"g\": …",
                "h: …",
                "…",
                "…",
                "",
                "…"
            ]
        );
    }

    #[test]
    fn lines_inside_scalars_show_nothing() {
        assert_eq!(
            shown(
                "a: |-\n  user: x\n\n    deep: x\nb: >2 # c\n    k: x\nc:\n  - |\n   k: x\n  - d: |\n      k: x\n    e: x\n"
            ),
            [
                "a: …",
                "  …",
                "",
                "    …",
                "b: …",
                "    …",
                "c:",
                "  …",
                "   …",
                "  - d: …",
                "      …",
                "    e: …"
            ]
        );
        assert_eq!(
            shown("a: \"x\nk: x\ny\" # z\nb: 'x''\nk: x'\nc: x\n  k: y\nd: it's\ne: x\n"),
            ["a: …", "…", "…", "b: …", "…", "c: …", "  …", "d: …", "e: …"]
        );
    }

    #[test]
    fn json_members_keep_their_keys() {
        assert_eq!(
            shown(
                "{\n\t\"a\": \"x\",\n\t\"b\": [\n\t\t\"x\",\n\t\t1\n\t],\n\t\"c\": {\n\t\t\"d\": true\n\t}\n}\n"
            ),
            [
                "…",
                "\t\"a\": …",
                "\t\"b\": …",
                "\t\t…",
                "\t\t…",
                "\t…",
                "\t\"c\": …",
                "\t\t\"d\": …",
                "\t…",
                "…"
            ]
        );
    }

    #[test]
    fn what_is_no_yaml_is_masked() {
        assert_eq!(
            shown("NAME=a: b\nx\ny: 'z\nk: v\n"),
            ["…", "…", "y: …", "…"]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_and_offset_will_do(source in "[-:#'\"|>{}\\[\\]a \\n\u{e4}]{0,60}", offset in 0_usize..80) {
            let place = place_of(&source, offset);
            proptest::prop_assert!(place.line >= 1 && place.column >= 1);
        }
    }
}
