//! JSON through the same tree as YAML: objects and arrays are flow collections, strings are
//! double-quoted scalars, everything else is a plain scalar.

use zeroize::Zeroizing;

use super::number;
use super::scalar::Scalar;
use super::tree::{Document, Extent, NodeId, NodeKind, ScalarStyle};
use super::yaml::{MAX_DEPTH, MAX_TEXT, SyntaxError};
use crate::error::{Error, Kind};

/// Why a JSON scalar has no value that SOPS could hash or encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The number is beyond the range of a 64-bit float; SOPS fails on it as well.
    #[error("the number is beyond the range of a 64-bit float")]
    NumberTooLarge,
    /// The text is no JSON number, `true`, `false` or `null`.
    #[error("the value is no JSON value")]
    Malformed,
}

impl From<ValueError> for Error {
    fn from(error: ValueError) -> Error {
        Error::new(Kind::Input, error.to_string()).hint("quote the value to make it a string")
    }
}

/// The value of a JSON scalar: `text` without quotes and escapes if `quoted`.
///
/// SOPS behaviour: a number that is written as an integer and fits 64 bits is an integer, every
/// other number a float (`1.0` and `9223372036854775808` too).
///
/// # Errors
/// See [`ValueError`].
pub fn value(text: &str, quoted: bool) -> Result<Scalar<'_>, ValueError> {
    if quoted {
        return Ok(Scalar::string(text));
    }
    let scalar = match text {
        "null" => return Ok(Scalar::NULL),
        "true" => return Ok(Scalar::boolean(true)),
        "false" => return Ok(Scalar::boolean(false)),
        _ if !is_number(text.as_bytes()) => return Err(ValueError::Malformed),
        _ => match number::parse_decimal(text) {
            Some(integer) => Scalar::integer(integer),
            None => Scalar::float(number::parse_float(text).ok_or(ValueError::NumberTooLarge)?),
        },
    };
    Ok(scalar.borrow_if_same(text.as_bytes()))
}

/// RFC 8259's `number`.
fn is_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> (usize, &[u8]) {
        let n = text.iter().take_while(|b| b.is_ascii_digit()).count();
        (n, text.get(n..).unwrap_or(&[]))
    }
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, mut rest) = digits(text);
    if whole == 0 || (whole > 1 && text.starts_with(b"0")) {
        return false;
    }
    if let [b'.', after @ ..] = rest {
        let (fraction, after) = digits(after);
        if fraction == 0 {
            return false;
        }
        rest = after;
    }
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            let (n, rest) = digits(exponent);
            n > 0 && rest.is_empty()
        }
        _ => false,
    }
}

/// Reads a JSON text whose top level is an object: what SOPS' JSON store reads, minus what it
/// would silently change (text after the object, bytes that are not UTF-8) and nesting deeper than
/// [`MAX_DEPTH`].
///
/// A key may stand twice. Lone surrogates in `\u` escapes become U+FFFD, as in Go.
///
/// # Errors
/// The place and the nature of the first offence, never the offending text.
pub fn parse(bytes: &[u8]) -> Result<Document, SyntaxError> {
    if bytes.len() > MAX_TEXT {
        let what = format!("the text is larger than {} MiB", MAX_TEXT >> 20);
        return Err(SyntaxError::new(0, what));
    }
    let text = decode(bytes)?;
    let mut parser = Parser {
        text,
        bytes,
        pos: 0,
        document: Document::new(),
        decoded: Zeroizing::new(Vec::new()),
        decoded_spans: Vec::new(),
    };
    parser.whitespace();
    let root = match parser.peek() {
        Some(b'{') => parser.value(1)?,
        found => return Err(not_an_object(parser.pos, found)),
    };
    parser.whitespace();
    if parser.pos < bytes.len() {
        return Err(match comment_hint(parser.peek()) {
            Some(hint) => parser.fail("text follows the object").hint(hint),
            None => parser
                .fail("text follows the object")
                .hint("sops would drop it: remove it, or give each object a file of its own"),
        });
    }
    let mut document = parser.document;
    document.set_root(root);
    document.set_decoded_values(std::mem::take(&mut *parser.decoded), parser.decoded_spans);
    document.set_extent(Extent {
        start: 0,
        content_end: bytes.len(),
        explicit_start: false,
        ..Extent::default()
    });
    Ok(document)
}

fn decode(bytes: &[u8]) -> Result<&str, SyntaxError> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(SyntaxError::new(0, "the text is UTF-16").hint("convert the file to UTF-8"));
    }
    if bytes.starts_with(super::yaml::reader::BOM) {
        return Err(
            SyntaxError::new(0, "the text starts with a byte order mark")
                .hint("sops refuses it in JSON: save the file as UTF-8 without one"),
        );
    }
    std::str::from_utf8(bytes).map_err(|e| {
        SyntaxError::new(e.valid_up_to(), "the text is not UTF-8").hint("convert the file to UTF-8")
    })
}

fn not_an_object(pos: usize, found: Option<u8>) -> SyntaxError {
    let error = |what: &str| SyntaxError::new(pos, what);
    match found {
        None => error("the text is empty").hint("a JSON document is an object: write at least {}"),
        Some(b'[') => error("the document is a list")
            .hint("sops encrypts objects only: put the list under a key"),
        Some(b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
            error("the document is a single value")
                .hint("sops encrypts objects only: put the value under a key")
        }
        Some(_) => error("`{` is missing here")
            .hint(comment_hint(found).unwrap_or("a JSON document is an object: {\"key\": value}")),
    }
}

fn comment_hint(found: Option<u8>) -> Option<&'static str> {
    matches!(found, Some(b'/' | b'#')).then_some("JSON has no comments: remove it")
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    document: Document,
    /// Never grows once the first byte is in it: growing would leave copies of secrets behind.
    decoded: Zeroizing<Vec<u8>>,
    decoded_spans: Vec<(u32, u32)>,
}

type Parsed<T = NodeId> = Result<T, SyntaxError>;

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    fn whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.pos += 1;
        }
    }

    fn fail(&self, what: &str) -> SyntaxError {
        SyntaxError::new(self.pos, what)
    }

    /// A value at nesting `depth`; the position is at its first byte.
    fn value(&mut self, depth: usize) -> Parsed {
        match self.peek() {
            Some(b'{' | b'[') if depth > MAX_DEPTH => Err(SyntaxError::new(
                self.pos,
                format!("collections are nested more than {MAX_DEPTH} deep"),
            )
            .hint("no manifest needs this: the file is damaged, or not meant to be read")),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Parsed {
        let open = self.pos;
        let id = self
            .document
            .push(NodeKind::Mapping { flow: true }, open..open);
        let mut previous = None;
        self.pos += 1;
        self.whitespace();
        if self.peek() != Some(b'}') {
            loop {
                let key = self.key(open, previous.is_some())?;
                self.document.link(id, previous, key);
                self.whitespace();
                if self.peek() != Some(b':') {
                    return Err(self.missing_colon(open));
                }
                self.pos += 1;
                self.whitespace();
                if self.peek().is_none() {
                    return Err(unclosed_object(open));
                }
                let value = self.value(depth + 1)?;
                self.document.link(id, Some(key), value);
                previous = Some(value);
                self.whitespace();
                match self.peek() {
                    Some(b',') => self.pos += 1,
                    Some(b'}') => break,
                    None => return Err(unclosed_object(open)),
                    found => return Err(self.missing_comma("`,` or `}` is missing here", found)),
                }
                self.whitespace();
            }
        }
        self.pos += 1;
        self.document.set_end(id, self.pos);
        Ok(id)
    }

    fn array(&mut self, depth: usize) -> Parsed {
        let open = self.pos;
        let unclosed =
            || SyntaxError::new(open, "this `[` is never closed").hint("add the missing `]`");
        let id = self
            .document
            .push(NodeKind::Sequence { flow: true }, open..open);
        let mut previous = None;
        self.pos += 1;
        self.whitespace();
        if self.peek() != Some(b']') {
            loop {
                match self.peek() {
                    None => return Err(unclosed()),
                    Some(b']') => {
                        return Err(self
                            .fail("a value is missing here")
                            .hint("remove the comma before it"));
                    }
                    Some(_) => {}
                }
                let item = self.value(depth + 1)?;
                self.document.link(id, previous, item);
                previous = Some(item);
                self.whitespace();
                match self.peek() {
                    Some(b',') => self.pos += 1,
                    Some(b']') => break,
                    None => return Err(unclosed()),
                    found => return Err(self.missing_comma("`,` or `]` is missing here", found)),
                }
                self.whitespace();
            }
        }
        self.pos += 1;
        self.document.set_end(id, self.pos);
        Ok(id)
    }

    fn key(&mut self, open: usize, after_comma: bool) -> Parsed {
        match self.peek() {
            Some(b'"') => self.string(),
            None => Err(unclosed_object(open)),
            found => {
                let error = self.fail("a key is missing here");
                Err(match found {
                    Some(b'}') if after_comma => error.hint("remove the comma before it"),
                    Some(b',') => error.hint("remove one comma"),
                    Some(b'{' | b'[' | b':' | b'}' | b']') => error,
                    _ => error.hint(
                        comment_hint(found)
                            .unwrap_or("JSON wants keys in double quotes: {\"key\": value}"),
                    ),
                })
            }
        }
    }

    fn missing_colon(&self, open: usize) -> SyntaxError {
        match self.peek() {
            None => unclosed_object(open),
            found => self
                .fail("`:` is missing here")
                .hint(comment_hint(found).unwrap_or("write \"key\": value")),
        }
    }

    fn missing_comma(&self, what: &str, found: Option<u8>) -> SyntaxError {
        let hint = match found {
            Some(b'}' | b']') => "a bracket before this place is not closed, or one is too many",
            _ => comment_hint(found).unwrap_or("put a comma between two entries"),
        };
        self.fail(what).hint(hint)
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Parsed {
        let start = self.pos;
        let rest = self.bytes.get(start..).unwrap_or(&[]);
        let len = rest
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_'))
            .count();
        let word = rest.get(..len).unwrap_or(&[]);
        if !matches!(word, b"true" | b"false" | b"null") && !is_number(word) {
            return Err(self.not_a_value(word));
        }
        self.pos += len;
        Ok(self
            .document
            .push(NodeKind::Scalar(ScalarStyle::Plain), start..self.pos))
    }

    fn not_a_value(&self, word: &[u8]) -> SyntaxError {
        let error = self.fail("a value is missing here");
        match (word.first(), self.peek()) {
            (Some(b'0'..=b'9' | b'+' | b'-' | b'.'), _) => self
                .fail("this is no JSON number")
                .hint("write it like 12, -0.5 or 1e9, or put it in double quotes"),
            (Some(_), _) => {
                let of_json = |w: &str| word.eq_ignore_ascii_case(w.as_bytes());
                let error = self.fail("this is no JSON value");
                if ["true", "false", "null"].into_iter().any(of_json) {
                    error.hint("true, false and null are written in lower case")
                } else if ["none", "nil", "undefined"].into_iter().any(of_json) {
                    error.hint("write null")
                } else {
                    error.hint("put text in double quotes")
                }
            }
            (None, Some(b'\'' | b'`')) => self
                .fail("this is no JSON value")
                .hint("put text in double quotes"),
            (None, Some(b',')) => error.hint("remove one comma, or write null"),
            (None, Some(b'}' | b']')) => error.hint("write null for a value that is not there"),
            (None, found) => match comment_hint(found) {
                Some(hint) => error.hint(hint),
                None => error,
            },
        }
    }

    /// A string with its quotes.
    fn string(&mut self) -> Parsed {
        let start = self.pos;
        self.pos += 1;
        self.skip_plain();
        if self.peek() == Some(b'\\') {
            return self.escaped_string(start);
        }
        self.close_string(start)
    }

    fn close_string(&mut self, start: usize) -> Parsed {
        match self.peek() {
            Some(b'"') => {
                self.pos += 1;
                Ok(self
                    .document
                    .push(NodeKind::Scalar(ScalarStyle::DoubleQuoted), start..self.pos))
            }
            None => Err(unclosed_string(start)),
            Some(b'\n' | b'\r') => Err(self
                .fail("a line break inside a string")
                .hint("close the string with `\"`, or write the break as \\n")),
            Some(b'\t') => Err(self.fail("a tab inside a string").hint("write it as \\t")),
            Some(_) => Err(self
                .fail("a control character inside a string")
                .hint("write it as an escape, e.g. \\u0007")),
        }
    }

    /// Passes over bytes that mean themselves.
    fn skip_plain(&mut self) {
        let rest = self.bytes.get(self.pos..).unwrap_or(&[]);
        self.pos += rest
            .iter()
            .position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F))
            .unwrap_or(rest.len());
    }

    /// The position is at the first backslash.
    fn escaped_string(&mut self, start: usize) -> Parsed {
        if self.decoded.is_empty() {
            // No escape is shorter than what it stands for.
            self.decoded.reserve_exact(self.bytes.len() - start);
        }
        let from = self.decoded.len();
        let mut copied = start + 1;
        while self.peek() == Some(b'\\') {
            self.take_plain(copied);
            self.escape(start)?;
            copied = self.pos;
            self.skip_plain();
        }
        self.take_plain(copied);
        let id = self.close_string(start)?;
        self.document
            .set_decoded(id, self.decoded_spans.len() as u32);
        self.decoded_spans
            .push((from as u32, self.decoded.len() as u32));
        Ok(id)
    }

    fn take_plain(&mut self, from: usize) {
        let plain = self.bytes.get(from..self.pos).unwrap_or(&[]);
        self.decoded.extend_from_slice(plain);
    }

    fn escape(&mut self, string: usize) -> Parsed<()> {
        let byte = match self.bytes.get(self.pos + 1) {
            Some(&byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => return self.unicode_escape(),
            None => return Err(unclosed_string(string)),
            Some(_) => {
                return Err(self
                    .fail("this escape is unknown to JSON")
                    .hint("write a backslash itself as \\\\"));
            }
        };
        self.decoded.push(byte);
        self.pos += 2;
        Ok(())
    }

    fn unicode_escape(&mut self) -> Parsed<()> {
        let Some(first) = self.code_unit(self.pos) else {
            return Err(self
                .fail("`\\u` wants four hexadecimal digits")
                .hint("write a backslash itself as \\\\"));
        };
        self.pos += 6;
        let mut units = [first, 0];
        let mut len = 1;
        if (0xD800..0xDC00).contains(&first)
            && let Some(second @ 0xDC00..=0xDFFF) = self.code_unit(self.pos)
        {
            self.pos += 6;
            units[1] = second;
            len = 2;
        }
        for c in char::decode_utf16(units.into_iter().take(len)) {
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            let mut buffer = Zeroizing::new([0; 4]);
            self.decoded
                .extend_from_slice(c.encode_utf8(&mut *buffer).as_bytes());
        }
        Ok(())
    }

    /// The code unit of `\uXXXX` at `pos`.
    fn code_unit(&self, pos: usize) -> Option<u16> {
        let digits = self.text.get(pos..pos + 6)?.strip_prefix("\\u")?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u16::from_str_radix(digits, 16).ok()
    }
}

fn unclosed_object(open: usize) -> SyntaxError {
    SyntaxError::new(open, "this `{` is never closed").hint("add the missing `}`")
}

fn unclosed_string(start: usize) -> SyntaxError {
    SyntaxError::new(start, "this string is never closed").hint("add the missing `\"`")
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
