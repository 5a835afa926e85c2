//! Splitting a command line into words, without a shell.

/// Splits as SOPS does: blanks separate, single quotes keep everything, double quotes keep
/// everything but backslashes, a backslash keeps the next character, a `#` at the beginning of a
/// word starts a comment up to the end of the line. Nothing is expanded.
pub(super) fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '#' if word.is_none() => {
                chars.by_ref().find(|c| *c == '\n');
            }
            '\\' => {
                let next = chars.next().ok_or("it ends with a backslash")?;
                word.get_or_insert_default().push(next);
            }
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or("a quote is not closed")? {
                        end if end == c => break,
                        '\\' if c == '"' => word.push(chars.next().ok_or("a quote is not closed")?),
                        other => word.push(other),
                    }
                }
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::split;

    #[test]
    fn words_are_split_as_sops_splits_them() {
        for (line, words) in [
            ("", &[][..]),
            ("  op  read\t'op://a b/c'\n", &["op", "read", "op://a b/c"]),
            (r#"a "b \"c\" $HOME" d\ e"#, &["a", r#"b "c" $HOME"#, "d e"]),
            (r"'a\b' c'd'e", &[r"a\b", "cde"]),
            ("a '' \"\" b", &["a", "", "", "b"]),
            ("a b#c #d e\nf", &["a", "b#c", "f"]),
            (
                "~/bin/x *.txt; y | z",
                &["~/bin/x", "*.txt;", "y", "|", "z"],
            ),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
    }

    #[test]
    fn an_unfinished_word_is_an_error() {
        for line in ["'a", "\"a", "\"a\\", "a\\"] {
            assert!(split(line).is_err(), "{line}");
        }
    }
}
