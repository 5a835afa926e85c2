//! How a decrypted value is spelled in YAML: to the byte as SOPS does it (the emitter of go-yaml
//! v3.0.4), unless that would not read back as the value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::block_scalar;
use super::resolve::resolve;
use crate::document::number;
use crate::document::scalar::{Scalar, ScalarType};

/// What a scalar is an entry of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// The value of a key in a mapping.
    Mapping,
    /// An item of a sequence.
    Sequence,
}

/// The place of a scalar, as far as its spelling depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context<'a> {
    /// Spaces of one level; SOPS' default is 4. Outside of 2 to 9 the emitter takes 2.
    pub indent_unit: usize,
    /// What the scalar is in.
    pub parent: Parent,
    /// 0-based column of the mapping's keys or of the sequence's dashes.
    pub column: usize,
    /// Inside `[...]` or `{...}`: never a block scalar.
    pub in_flow: bool,
    /// The file's line break, `"\n"` or `"\r\n"`.
    pub line_break: &'a str,
}

impl Context<'_> {
    fn unit(&self) -> usize {
        if (2..=9).contains(&self.indent_unit) {
            self.indent_unit
        } else {
            2
        }
    }

    /// The indentation indicator that SOPS writes everywhere.
    pub(super) fn hint_without_lines(&self) -> usize {
        self.unit()
    }

    /// The column of a block scalar's lines: two after a dash, else the next multiple of the unit.
    pub fn content_column(&self) -> usize {
        match self.parent {
            Parent::Sequence => self.column + 2,
            Parent::Mapping => self.unit() * (self.column / self.unit() + 1),
        }
    }
}

/// Appends the spelling of `scalar` to `out`, without the line break that ends its last line.
///
/// SOPS behaviour, quirks included (`<<` becomes `!!merge <<`), with one exception: where its
/// emitter loses the value (a block scalar that starts with a space or break below a dash, or with
/// a tab anywhere), the indentation indicator is put right.
pub fn spell_like_sops(scalar: &Scalar<'_>, context: &Context<'_>, out: &mut Vec<u8>) {
    match scalar.ty {
        ScalarType::Null => out.extend_from_slice(b"null"),
        ScalarType::Bool => out.extend_from_slice(if *scalar.canonical == *b"True" {
            b"true"
        } else {
            b"false"
        }),
        ScalarType::Int | ScalarType::Time => out.extend_from_slice(&scalar.canonical),
        ScalarType::Float => match scalar.text().and_then(number::parse_float) {
            Some(value) => out.extend_from_slice(number::format_yaml(value).as_bytes()),
            None => out.extend_from_slice(&scalar.canonical),
        },
        ScalarType::Str | ScalarType::Bytes | ScalarType::Comment => match scalar.text() {
            Some(text) => string(text, context, out),
            None => binary(&scalar.canonical, context, out),
        },
    }
}

fn string(text: &str, context: &Context<'_>, out: &mut Vec<u8>) {
    if text == "<<" {
        out.extend_from_slice(b"!!merge <<");
        return;
    }
    let form = Form::of(text);
    if form.has_newline {
        // A final U+2028 ends the line for go-yaml, and nobody else.
        if context.in_flow || !form.literal || text.ends_with(['\u{2028}', '\u{2029}']) {
            double_quoted(text, out);
        } else {
            block_scalar::literal_like_go(text, context, out);
        }
    } else if !resolves_to_string(text) {
        double_quoted(text, out);
    } else if if context.in_flow {
        form.flow_plain
    } else {
        form.block_plain
    } {
        out.extend_from_slice(text.as_bytes());
    } else if form.single {
        single_quoted_like_go(text, context.content_column(), out);
    } else {
        double_quoted(text, out);
    }
}

/// Whether the emitter trusts the plain text to come back as a string, from old parsers as well.
fn resolves_to_string(text: &str) -> bool {
    let is_string = resolve(text, None, true).is_ok_and(|scalar| scalar.ty == ScalarType::Str);
    is_string && !is_old_bool(text) && !is_base_60(text)
}

/// The booleans of YAML 1.1 that later versions dropped.
fn is_old_bool(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
    )
}

/// YAML 1.1 numbers such as `1:30`, as go-yaml delimits them:
/// `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`.
fn is_base_60(text: &str) -> bool {
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if !text.contains(':') {
        return false;
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut groups = whole.strip_prefix(['-', '+']).unwrap_or(whole).split(':');
    let first = groups.next().unwrap_or("");
    first.starts_with(|c: char| c.is_ascii_digit())
        && is_digits(first)
        && is_digits(fraction)
        && groups.all(|group| match group.as_bytes() {
            [digit] => digit.is_ascii_digit(),
            [b'0'..=b'5', digit] => digit.is_ascii_digit(),
            _ => false,
        })
}

/// `!!binary` with base64: on one line up to 70 characters, else a block of such lines.
fn binary(bytes: &[u8], context: &Context<'_>, out: &mut Vec<u8>) {
    const LINE: usize = 70;
    let base64 = Zeroizing::new(STANDARD.encode(bytes));
    out.extend_from_slice(b"!!binary ");
    if base64.len() <= LINE || context.in_flow {
        out.extend_from_slice(base64.as_bytes());
        return;
    }
    out.push(b'|');
    for line in base64.as_bytes().chunks(LINE) {
        out.extend_from_slice(context.line_break.as_bytes());
        out.resize(out.len() + context.content_column(), b' ');
        out.extend_from_slice(line);
    }
}

/// The forms that go-yaml's emitter deems possible for a text.
#[derive(Clone, Copy, Debug)]
struct Form {
    block_plain: bool,
    flow_plain: bool,
    single: bool,
    literal: bool,
    has_newline: bool,
}

/// Bytes that need a second look when they are not first: blanks, breaks, what is not printable
/// ASCII, and the indicators `, ? [ ] { } : #`.
const NEEDS_A_LOOK: [bool; 256] = {
    let mut table = [true; 256];
    let mut i = 0x21;
    while i < 0x7f {
        table[i] = matches!(
            i as u8,
            b',' | b'?' | b'[' | b']' | b'{' | b'}' | b':' | b'#'
        );
        i += 1;
    }
    table
};

impl Form {
    fn of(text: &str) -> Form {
        let bytes = text.as_bytes();
        let mut form = Form {
            block_plain: true,
            flow_plain: true,
            single: true,
            literal: true,
            has_newline: false,
        };
        let next_is_blank = |at: usize| matches!(bytes.get(at), None | Some(b' ' | b'\t'));
        match bytes {
            [b'-', b'-', b'-', ..] | [b'.', b'.', b'.', ..] => form.never_plain(),
            [
                b'#' | b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
                | b'"' | b'%',
                ..,
            ]
            | [b'@' | b'`', ..] => form.never_plain(),
            [b'?' | b':', ..] if !next_is_blank(1) => form.flow_plain = false,
            [b'?' | b':' | b'-', ..] if next_is_blank(1) => form.never_plain(),
            _ => {}
        }
        // The usual secret ends here, after one pass.
        if !bytes.iter().any(|byte| NEEDS_A_LOOK[usize::from(*byte)]) {
            return form;
        }
        let mut previous = None;
        for (at, c) in text.char_indices() {
            form.look_at(previous, c, next_is_blank(at + c.len_utf8()));
            previous = Some(c);
        }
        if matches!(previous, Some(' ')) {
            form.never_plain();
            form.literal = false;
        }
        form
    }

    fn look_at(&mut self, previous: Option<char>, c: char, next_is_blank: bool) {
        let after_break = previous.is_some_and(is_break);
        match c {
            ',' | '?' | '[' | ']' | '{' | '}' => self.flow_plain = false,
            ':' if next_is_blank => self.never_plain(),
            ':' => self.flow_plain = false,
            '#' if previous.is_none_or(|p| matches!(p, ' ' | '\t') || is_break(p)) => {
                self.never_plain()
            }
            ' ' if previous.is_none() => self.never_plain(),
            ' ' if after_break => self.never_quoted(),
            '\t' => self.never_quoted(),
            c if !is_printable(c) => {
                self.never_quoted();
                self.literal = false;
            }
            _ => {}
        }
        if is_break(c) {
            self.never_plain();
            self.has_newline |= c == '\n';
            if previous == Some(' ') {
                self.never_quoted();
                self.literal = false;
            }
        }
    }

    fn never_plain(&mut self) {
        self.block_plain = false;
        self.flow_plain = false;
    }

    /// Neither plain nor in single quotes.
    fn never_quoted(&mut self) {
        self.never_plain();
        self.single = false;
    }
}

/// go-yaml's line breaks; YAML 1.2 knows only the first two.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What go-yaml's emitter leaves unescaped.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

/// What may stand unescaped in a file and is itself when read: no control characters but tab, no
/// byte order mark. More than [`is_printable`]: emoji are fine.
pub(super) fn is_readable(c: char) -> bool {
    c == '\t' || c >= '\u{10000}' || is_printable(c)
}

/// Appends `text` in double quotes, on one line, escaped as go-yaml does. Always possible.
pub fn double_quoted(text: &str, out: &mut Vec<u8>) {
    // go-yaml looks for the mark at the start of the text, whichever character it is about to print.
    let escape_all = text.starts_with('\u{feff}');
    out.reserve(text.len() + 2);
    out.push(b'"');
    for c in text.chars() {
        if !escape_all && is_printable(c) && !is_break(c) && !matches!(c, '"' | '\\') {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            escape(c, out);
        }
    }
    out.push(b'"');
}

fn escape(c: char, out: &mut Vec<u8>) {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            let code = u32::from(c);
            let text = match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
            out.extend_from_slice(text.as_bytes());
            return;
        }
    };
    out.push(b'\\');
    out.extend_from_slice(short.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Appends `text` in single quotes on one line, and returns whether it reads back as it is. If not,
/// `out` is as before.
pub fn single_quoted(text: &str, out: &mut Vec<u8>) -> bool {
    if text.chars().any(|c| is_break(c) || !is_readable(c)) {
        return false;
    }
    single_quoted_like_go(text, 0, out);
    true
}

/// With go-yaml's treatment of U+2028 and U+2029: both begin a line, which is then indented.
fn single_quoted_like_go(text: &str, column: usize, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'\'');
    let mut at_line_start = false;
    for c in text.chars() {
        if is_break(c) {
            at_line_start = true;
        } else if at_line_start {
            out.resize(out.len() + column, b' ');
            at_line_start = false;
        }
        if c == '\'' {
            out.push(b'\'');
        }
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    out.push(b'\'');
}

/// Whether `text` may stand without quotes, on one line, and is then read as this text. Says nothing
/// about the type it is read as: see [`resolve`]. Inside flow collections some texts are refused that
/// would do.
pub fn plain_possible(text: &str, in_flow: bool) -> bool {
    let form = Form::of(text);
    // The emitter escapes emoji, though they need no escape.
    let astral_only = || {
        let without = Zeroizing::new(
            text.chars()
                .map(|c| if c >= '\u{10000}' { 'x' } else { c })
                .collect::<String>(),
        );
        let form = Form::of(&without);
        if in_flow {
            form.flow_plain
        } else {
            form.block_plain
        }
    };
    !text.is_empty()
        && (if in_flow {
            form.flow_plain
        } else {
            form.block_plain
        } || astral_only())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn in_flow(text: &str) -> String {
        let context = Context {
            indent_unit: 4,
            parent: Parent::Sequence,
            column: 0,
            in_flow: true,
            line_break: "\n",
        };
        let mut out = Vec::new();
        spell_like_sops(&Scalar::string(text), &context, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn flow_collections_take_one_line_and_no_flow_indicators() {
        assert_eq!(in_flow("a b"), "a b");
        assert_eq!(in_flow("a,b"), "'a,b'");
        assert_eq!(in_flow("a:b"), "'a:b'");
        assert_eq!(in_flow("?x"), "'?x'");
        assert_eq!(in_flow("a\nb\n"), "\"a\\nb\\n\"");
    }

    #[test]
    fn single_quotes_hold_readable_lines() {
        let written = |text| {
            let mut out = b"k: ".to_vec();
            let done = single_quoted(text, &mut out);
            assert!(done || out == b"k: ");
            done.then(|| String::from_utf8(out).unwrap())
        };
        assert_eq!(written("it's\t😀 ").as_deref(), Some("k: 'it''s\t😀 '"));
        for text in ["a\nb", "a\rb", "\u{2028}", "\u{85}", "\0", "\u{feff}x"] {
            assert_eq!(written(text), None, "{text:?}");
        }
    }

    #[test]
    fn plain_text_keeps_its_distance_from_indicators() {
        for text in ["a", "a#b", "a:b", "-x", "12", "😀", "a,b"] {
            assert!(plain_possible(text, false), "{text}");
        }
        for text in [
            "",
            " a",
            "a ",
            "a: b",
            "a:",
            "a #b",
            "- a",
            "&a",
            "a\nb",
            "a\tb",
            "---",
            "\u{feff}a",
            "#",
        ] {
            assert!(!plain_possible(text, false), "{text:?}");
        }
        assert!(!plain_possible("a,b", true));
        assert!(plain_possible("a😀", true));
    }

    #[test]
    fn block_lines_use_the_files_line_break() {
        let context = Context {
            indent_unit: 2,
            parent: Parent::Mapping,
            column: 3,
            in_flow: false,
            line_break: "\r\n",
        };
        assert_eq!(context.content_column(), 4);
        let mut out = Vec::new();
        spell_like_sops(&Scalar::string(" a\nb\n"), &context, &mut out);
        assert_eq!(out, b"|1\r\n     a\r\n    b");
    }
}
