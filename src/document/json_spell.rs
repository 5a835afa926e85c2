//! How SOPS spells values in JSON: Go's `encoding/json`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::number;
use super::scalar::{Scalar, ScalarType};

/// JSON has no spelling for infinities and NaN; SOPS fails on these as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("JSON cannot hold an infinite float or NaN")]
pub struct NotInJson;

/// Appends a value as SOPS prints it in JSON. A comment has no place there: it is printed as a string.
///
/// # Errors
/// For floats that JSON cannot hold; `out` is as before.
pub fn json_like_sops(scalar: &Scalar<'_>, out: &mut Vec<u8>) -> Result<(), NotInJson> {
    match scalar.ty {
        ScalarType::Null => out.extend_from_slice(b"null"),
        ScalarType::Bool => out.extend_from_slice(if *scalar.canonical == *b"True" {
            b"true"
        } else {
            b"false"
        }),
        ScalarType::Int => out.extend_from_slice(&scalar.canonical),
        ScalarType::Float => {
            let text = scalar
                .text()
                .and_then(number::parse_float)
                .and_then(number::format_json)
                .ok_or(NotInJson)?;
            out.extend_from_slice(text.as_bytes());
        }
        ScalarType::Bytes => {
            let base64 = Zeroizing::new(STANDARD.encode(&scalar.canonical));
            json_string_like_go(base64.as_bytes(), out);
        }
        ScalarType::Time | ScalarType::Str | ScalarType::Comment => {
            json_string_like_go(&scalar.canonical, out)
        }
    }
    Ok(())
}

/// Appends `text` as a JSON string the way Go does: `<`, `>`, `&`, U+2028 and U+2029 are escaped too,
/// and every byte that is not UTF-8 becomes `\ufffd`.
pub fn json_string_like_go(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            json_char(c, out);
        }
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
    out.push(b'"');
}

fn json_char(c: char, out: &mut Vec<u8>) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\u{8}' => out.extend_from_slice(b"\\b"),
        '\u{c}' => out.extend_from_slice(b"\\f"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
        }
        _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn spelled(ty: ScalarType, plaintext: &[u8]) -> String {
        let mut out = Vec::new();
        json_like_sops(&Scalar::from_decrypted(ty, plaintext).unwrap(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_escaped_like_go() {
        assert_eq!(
            spelled(
                ScalarType::Str,
                "<a> & \"\\\u{7f}\u{8}\u{1}\u{2028}é😀".as_bytes()
            ),
            "\"\\u003ca\\u003e \\u0026 \\\"\\\\\u{7f}\\b\\u0001\\u2028é😀\""
        );
        assert_eq!(
            spelled(ScalarType::Str, b"a\xe2\x28\xa1\xf0\x9f"),
            "\"a\\ufffd(\\ufffd\\ufffd\\ufffd\""
        );
    }

    #[test]
    fn other_types() {
        assert_eq!(spelled(ScalarType::Float, b"1.0"), "1");
        assert_eq!(spelled(ScalarType::Float, b"1e21"), "1e+21");
        assert_eq!(spelled(ScalarType::Bool, b"True"), "true");
        assert_eq!(spelled(ScalarType::Bytes, b"\xff"), "\"/w==\"");
        assert_eq!(
            spelled(ScalarType::Time, b"2001-12-14T00:00:00Z"),
            "\"2001-12-14T00:00:00Z\""
        );
        let mut out = Vec::new();
        assert_eq!(
            json_like_sops(&Scalar::float(f64::NAN), &mut out),
            Err(NotInJson)
        );
        assert!(out.is_empty());
    }
}
