//! Strings that are not written as they are: in JSON, and between the double quotes of YAML. An address can have its
//! slashes escaped, and a key its line breaks.

use std::cell::Cell;
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
    static ALL: LazyLock<[Finder<'_>; 3]> =
        LazyLock::new(|| [":\\/\\/", "\\u00", "\\n"].map(Finder::new));
    memchr::memchr(b'\\', text).is_some_and(|first| {
        let rest = text.get(first.saturating_sub(1)..).unwrap_or(text);
        ALL.iter().any(|finder| finder.find(rest).is_some())
    })
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
/// taken out of all of the text, as if it were one string.
pub(super) fn may_hold(text: &[u8]) -> bool {
    if !has(text) {
        return false;
    }
    let text = unescaped(text);
    documents::may_be(&text) || holds_one(&text)
}

/// Everything as it would be in a double-quoted string of YAML, which has the escapes of JSON too. A NUL is a blank, so
/// that one string makes nothing else binary.
fn unescaped(text: &[u8]) -> Zeroizing<Vec<u8>> {
    // Escapes are longer than what they stand for, but for a separator of lines or paragraphs (`\L`).
    let mut out = Zeroizing::new(Vec::with_capacity(text.len().saturating_mul(3) / 2));
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
            [b'\\', escape, after @ ..] => escape_of(*escape, after, &mut out),
            _ => &[],
        };
    }
    out.extend_from_slice(rest);
    out
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
            assert_eq!(
                unescaped(text.as_bytes()).as_slice(),
                expected.as_bytes(),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_found_in_strings_is_expected_in_the_text() {
        let key = format!(
            "-----BEGIN RSA PRIVATE KEY-----\\n{}\\n-----END RSA PRIVATE KEY-----\\n",
            "QUJD".repeat(80)
        );
        for (string, holds) in [
            (key.as_str(), true),
            (
                r"postgres:\/\/app:Kq7wZr2vX9\u0040db.example.com\/app",
                true,
            ),
            (r"x\nghp\u005f0123", false),
            (r#"{\n\"auths\": {}}"#, true),
            (r"kind: Config\nusers:\n- user: {password: a}\n", true),
            (r"kind: Other\nusers:\n- user: {}\n", false),
            (r"first\nsecond https:\/\/example.com\/", false),
        ] {
            let text = format!("{{\"a\": \"b\", \"c\": \"{string}\"}}");
            assert_eq!(super::super::may_hold(text.as_bytes()), holds, "{string}");
        }
    }
}
