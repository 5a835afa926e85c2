//! Strings that are not written as they are: in JSON, and between the double quotes of YAML. An address can have its
//! slashes escaped, and a key its line breaks.

use std::cell::Cell;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::anchors::Scan;
use super::bytes::part;
use super::token::Token;
use super::{BUDGET, documents, holds_one};
use crate::audit::subject::Subject;
use crate::document::tree::{NodeKind, ScalarStyle};

/// There may be strings whose escapes matter.
pub(super) fn has(text: &[u8]) -> bool {
    strings_with_escapes(text).any(|string| matters(part(text, string)))
}

/// A string has escapes that matter.
fn matters(string: &[u8]) -> bool {
    static ALL: LazyLock<[Finder<'_>; 3]> =
        LazyLock::new(|| [":\\/\\/", "\\u00", "\\n"].map(Finder::new));
    ALL.iter().any(|finder| finder.find(string).is_some())
}

/// Looks into strings that are not written as they are.
pub(super) fn check(subject: &Subject<'_>, tokens: &mut Vec<Token>) {
    let Some(parsed) = subject.parsed() else {
        return;
    };
    let budget = Cell::new(BUDGET);
    for document in &parsed.documents {
        let Some(root) = document.root() else {
            continue;
        };
        let mut nodes = vec![root];
        while let Some(node) = nodes.pop() {
            nodes.extend(document.children(node));
            let quoted = NodeKind::Scalar(ScalarStyle::DoubleQuoted);
            if document.kind(node) != quoted || document.is_verbatim(node) {
                continue;
            }
            let text = document.scalar_text(node, parsed.source.text).as_bytes();
            let mut inside = Vec::new();
            Scan {
                text,
                depth: 0,
                first: false,
                budget: &budget,
            }
            .run(&mut inside);
            for mut token in inside {
                token.value = Some(Zeroizing::new(token.secret(text).to_vec()));
                token.span = document.span(node);
                tokens.push(token);
            }
        }
    }
}

/// A text for which this is `false` has nothing that [`check`] finds. Nothing is parsed: the escapes are
/// taken out of what may be a string with some, and all of these are looked at as if they were one.
pub(super) fn may_hold(text: &[u8]) -> bool {
    if !has(text) {
        return false;
    }
    let strings = || strings_with_escapes(text);
    // Escapes are longer than what they stand for, but for a separator of lines or paragraphs (`\L`). With room for all
    // of it nothing is left behind where it grows.
    let room = strings().map(|string| string.len() * 3 / 2 + 2).sum();
    let mut plain = Zeroizing::new(Vec::with_capacity(room));
    let mut end = 0;
    for string in strings() {
        // One that was cut in two is not one that ends here.
        if string.start > end {
            plain.push(b'\n');
        }
        end = string.end;
        unescape(part(text, string), &mut plain);
    }
    documents::may_be(&plain) || holds_one(&plain)
}

/// Parts of a text in which all its double-quoted strings with escapes are, whole, with their quotes. Where a
/// quote is none, as in a comment, parts begin and end elsewhere; a string may then be in two that follow each other.
///
/// Before its first escape a string has one quote, the one that opens it, and so it is the last before this escape.
/// Behind it the first quote without a backslash closes it.
fn strings_with_escapes(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..)?;
        let escape = memchr::memchr(b'\\', rest)?;
        let open = memchr::memrchr(b'"', part(rest, 0..escape));
        // What ended the part before may have opened a string.
        let start = open.unwrap_or(if from == 0 { escape } else { 0 });
        let mut at = escape;
        let end = loop {
            at += memchr::memchr2(b'\\', b'"', rest.get(at..)?)?;
            if rest.get(at) == Some(&b'"') {
                break at + 1;
            }
            at += 2;
        };
        let found = from + start..from + end;
        from = found.end;
        Some(found)
    })
}

/// Puts a text behind `out` as it would be in a double-quoted string of YAML, which has the escapes of JSON too. A NUL
/// is a blank, so that one string makes nothing else binary.
fn unescape(text: &[u8], out: &mut Zeroizing<Vec<u8>>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'\\', b'\n', rest) {
        out.extend_from_slice(part(rest, 0..at));
        let after = part(rest, at..rest.len());
        rest = match after {
            [b'\n', after @ ..] => {
                out.push(b' ');
                after.trim_ascii_start()
            }
            [b'\\', b'\n', after @ ..] | [b'\\', b'\r', b'\n', after @ ..] => {
                after.trim_ascii_start()
            }
            [b'\\', escape, after @ ..] => escape_of(*escape, after, out),
            _ => &[],
        };
    }
    out.extend_from_slice(rest);
}

/// Puts what an escape stands for behind `out`; gives what comes after it.
fn escape_of<'t>(escape: u8, after: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    let digits = match escape {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        _ => 0,
    };
    if digits > 0 {
        let number = after
            .get(..digits)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(number) = number else {
            out.push(b'\\');
            out.push(escape);
            return after;
        };
        // Half of a pair is no character; no token has one.
        let c = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
        let c = if c == '\0' { ' ' } else { c };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        return after.get(digits..).unwrap_or_default();
    }
    match escape {
        b'n' | b'N' => out.push(b'\n'),
        b'r' => out.push(b'\r'),
        b't' => out.push(b'\t'),
        b'0' | b'a' | b'b' | b'e' | b'f' | b'v' | b'_' | b'L' | b'P' => out.push(b' '),
        other => out.push(other),
    }
    after
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    #[test]
    fn escapes_are_those_of_json_and_yaml() {
        for (text, expected) in [
            (r#"a\nb\tc\/d\\e\"f"#, "a\nb\tc/d\\e\"f"),
            (r"\u0041\x42\U00000043\u0000|", "ABC |"),
            (r"\u00e4\ud83d\u00", "\u{e4}\u{fffd}\\u00"),
            ("one\n  two\\\n  three\\\r\n four", "one twothreefour"),
            ("end\\", "end"),
        ] {
            let mut out = Zeroizing::new(Vec::new());
            unescape(text.as_bytes(), &mut out);
            assert_eq!(out.as_slice(), expected.as_bytes(), "{text}");
        }
    }

    #[test]
    fn strings_with_escapes_are_found_whole() {
        for (text, expected) in [
            (r#"{"a": "b", "c": "d\ne", "f": "g"}"#, &[r#""d\ne""#][..]),
            (r#"a: "b\"c\\" # "x" \"#, &[r#""b\"c\\""#]),
            (
                "a: \"one\n  two\\\n  three\"\nb: \"c\"",
                &["\"one\n  two\\\n  three\""],
            ),
            // A quote that opens nothing: the string is in two parts that follow each other.
            (r#"a: 5" \d+ "b: "c\nd" e"#, &[r#"" \d+ ""#, r#""c\nd""#]),
            (r#"a: x\ny "c\nd\te" f"#, &[r#"\ny ""#, r#"c\nd\te""#]),
            (r#"a: \" "b\nc""#, &[r#"\" ""#, r#"b\nc""#]),
            (r#"a: "b\"#, &[]),
            ("\\", &[]),
            ("\"\\\"", &[]),
            ("a: \"b\"", &[]),
        ] {
            let parts = strings_with_escapes(text.as_bytes());
            let parts: Vec<&str> = parts.map(|range| &text[range]).collect();
            assert_eq!(parts, expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn whatever_stands_before_a_string_it_is_found_whole(
            before in vec(select(&["\"", "\\", "\\n", "a", "\n", "'", " ", "# ", "- ", "k: ", "k: \"", "\\\""][..]), 0..12),
            inside in vec(select(&["\\n", "a", "\n ", "\n\n ", "'", "\\\"", "\\\\", "\\\n"][..]), 0..8),
        ) {
            let text = format!("{}\n- \"{}\\t\"\n", before.concat(), inside.concat());
            let parts: Vec<Range<usize>> = strings_with_escapes(text.as_bytes()).collect();
            let subject = Subject::new("a.yaml", text.as_bytes());
            let documents = subject.parsed().map(|parsed| &parsed.documents);
            for document in documents.into_iter().flatten() {
                let mut nodes: Vec<_> = document.root().into_iter().collect();
                while let Some(node) = nodes.pop() {
                    nodes.extend(document.children(node));
                    let quoted = NodeKind::Scalar(ScalarStyle::DoubleQuoted);
                    let mut left = document.span(node);
                    if document.kind(node) != quoted || !text[left.clone()].contains('\\') {
                        continue;
                    }
                    for part in &parts {
                        if part.contains(&left.start) {
                            left.start = part.end;
                        }
                    }
                    prop_assert!(left.start >= left.end, "{text:?}: {left:?} in {parts:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_found_in_strings_is_expected_in_the_text() {
        let key = format!(
            "-----BEGIN RSA PRIVATE KEY-----\\n{}\\n-----END RSA PRIVATE KEY-----\\n",
            "QUJD".repeat(80)
        );
        let putty = format!(
            "PuTTY-User-Key-File-3: ssh-ed25519\\nEncryption: none\\nPrivate-Lines: 1\\n{}",
            "QUJD".repeat(10)
        );
        for (string, holds) in [
            (key.as_str(), true),
            (
                r"postgres:\/\/app:Kq7wZr2vX9\u0040db.example.com\/app",
                true,
            ),
            (r"x\nghp\u005f0123", false),
            (putty.as_str(), true),
            (r#"{\n\"auths\": {}}"#, true),
            (r"kind: Config\nusers:\n- user: {password: a}\n", true),
            (r"kind: Other\nusers:\n- user: {}\n", false),
            (r"first\nsecond https:\/\/example.com\/", false),
        ] {
            let text = format!("{{\"a\": \"b\", \"c\": \"{string}\"}}");
            assert_eq!(super::super::may_hold(text.as_bytes()), holds, "{string}");
            // Quotes and escapes that are none go before.
            for before in [
                "# 5\" \\d\n",
                "# \\\"\n",
                "# it's \" \" \" \\\n",
                "a: 'b\"\\'\n",
            ] {
                let text = format!("{before}c: \"{string}\"\n");
                assert_eq!(super::super::may_hold(text.as_bytes()), holds, "{text}");
            }
        }
    }
}
