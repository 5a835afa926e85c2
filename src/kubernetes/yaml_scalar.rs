//! YAML scalars in the style `sigs.k8s.io/yaml` chooses for block mappings (YAML 1.1, folded at 80 columns).

use std::borrow::Cow;

use super::buffer::{column, push_char};
use crate::secret::SecretBuffer;

/// Longer keys are written as `? key`, as libyaml does.
const MAX_SIMPLE_KEY: usize = 128;

/// A blank behind this column becomes a line break, where the style allows it.
const WIDTH: usize = 80;

/// Writes `key: value` and a line break, the key at `indent` spaces.
pub(super) fn write_entry(out: &mut SecretBuffer, indent: usize, key: &str, value: &str) {
    write_key(out, indent, key);
    out.push(b" ");
    write_value(out, indent, value);
}

/// Writes `key:` without anything after it.
pub(super) fn write_key(out: &mut SecretBuffer, indent: usize, key: &str) {
    write_indent(out, indent);
    if key.len() > MAX_SIMPLE_KEY {
        out.push(b"? ");
        write_flow(out, key, Analysis::of(key).inline_style(key), None);
        out.push(b"\n");
        write_indent(out, indent);
    } else {
        write_flow(out, key, Analysis::of(key).inline_style(key), None);
    }
    out.push(b":");
}

fn write_value(out: &mut SecretBuffer, indent: usize, value: &str) {
    let analysis = Analysis::of(value);
    if value.contains('\n') && analysis.literal_allowed {
        write_literal(out, indent + 2, value);
    } else {
        write_flow(out, value, analysis.inline_style(value), Some(indent + 2));
        out.push(b"\n");
    }
}

fn write_indent(out: &mut SecretBuffer, indent: usize) {
    for _ in 0..indent {
        out.push(b" ");
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
}

/// Which styles can hold a text.
struct Analysis {
    plain_allowed: bool,
    single_allowed: bool,
    literal_allowed: bool,
}

impl Analysis {
    fn of(text: &str) -> Self {
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let mut special = false;
        let mut line_breaks = false;
        let mut space_before_break = false;
        let mut previous = None;
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            let blank_follows = rest.peek().is_none_or(|&next| is_blank(next));
            indicators |= match (previous, c) {
                (
                    None,
                    '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"'
                    | '%' | '@' | '`',
                ) => true,
                (None, '?' | '-') | (_, ':') => blank_follows,
                (Some(before), '#') => is_blank(before) || before == '\n',
                _ => false,
            };
            special |= !is_printable(c) || is_unusual_break(c);
            if c == '\n' {
                line_breaks = true;
                space_before_break |= previous == Some(' ');
            }
            previous = Some(c);
        }
        let edge_blank = text.starts_with([' ', '\n']) || text.ends_with([' ', '\n']);
        Analysis {
            plain_allowed: !(text.is_empty() || indicators || special || line_breaks || edge_blank),
            single_allowed: !(special || line_breaks),
            literal_allowed: !(special || space_before_break || text.ends_with(' ')),
        }
    }

    fn inline_style(&self, text: &str) -> Style {
        if is_other_type(text) || !self.single_allowed {
            Style::DoubleQuoted
        } else if self.plain_allowed {
            Style::Plain
        } else {
            Style::SingleQuoted
        }
    }
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// Line breaks other than LF: kubectl folds or mangles them, so they are always escaped here.
fn is_unusual_break(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What libyaml's port writes unescaped: nothing above the basic plane.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

/// Writes a scalar that is not a block; with an indentation, it may be folded.
fn write_flow(out: &mut SecretBuffer, text: &str, style: Style, fold: Option<usize>) {
    let quote: &[u8] = match style {
        Style::Plain => b"",
        Style::SingleQuoted => b"'",
        Style::DoubleQuoted => b"\"",
    };
    out.push(quote);
    let mut column = column(out);
    let mut rest = text.chars().peekable();
    let mut previous = None;
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        let inside = style == Style::Plain || (previous.is_some() && next.is_some());
        let before_blank = next == Some(' ');
        match fold {
            Some(indent)
                if c == ' '
                    && previous != Some(' ')
                    && column > WIDTH
                    && inside
                    && (style == Style::DoubleQuoted || !before_blank) =>
            {
                out.push(b"\n");
                write_indent(out, indent);
                column = indent;
                if before_blank {
                    out.push(b"\\");
                    column += 1;
                }
            }
            _ => column += write_char(out, c, style),
        }
        previous = Some(c);
    }
    out.push(quote);
}

/// Writes a character, escaped as the style needs it; returns the number of columns.
fn write_char(out: &mut SecretBuffer, c: char, style: Style) -> usize {
    match style {
        Style::DoubleQuoted => return write_escaped(out, c),
        Style::SingleQuoted if c == '\'' => out.push(b"''"),
        _ => push_char(out, c),
    }
    if style == Style::SingleQuoted && c == '\'' {
        2
    } else {
        1
    }
}

fn write_escaped(out: &mut SecretBuffer, c: char) -> usize {
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
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ if is_printable(c) => {
            push_char(out, c);
            return 1;
        }
        _ => {
            let code = u32::from(c);
            let escape = match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
            out.push_str(&escape);
            return escape.len();
        }
    };
    out.push(b"\\");
    push_char(out, short);
    2
}

/// Writes a literal block scalar, header included, ending with exactly one line break more than
/// the text where the chomping indicator says so.
fn write_literal(out: &mut SecretBuffer, indent: usize, text: &str) {
    out.push(b"|");
    if text.starts_with([' ', '\n']) {
        out.push(b"2");
    }
    if !text.ends_with('\n') {
        out.push(b"-");
    } else if text == "\n" || text.ends_with("\n\n") {
        out.push(b"+");
    }
    out.push(b"\n");
    for line in text.split_inclusive('\n') {
        if line != "\n" {
            write_indent(out, indent);
        }
        out.push_str(line);
    }
    if !text.ends_with('\n') {
        out.push(b"\n");
    }
}

/// Whether a YAML 1.1 reader would take the plain text for something other than a string.
pub(super) fn is_other_type(text: &str) -> bool {
    match text.as_bytes().first() {
        None => true,
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => {
            is_keyword(text)
        }
        Some(b'.') => is_keyword(text) || is_grouped_decimal(text),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            is_keyword(text) || is_timestamp(text) || is_number(text) || is_base_60(text)
        }
        // `<<` starts with no byte of the table, so go-yaml leaves it plain.
        Some(_) => false,
    }
}

fn is_keyword(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "true"
            | "True"
            | "TRUE"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "false"
            | "False"
            | "FALSE"
            | "off"
            | "Off"
            | "OFF"
            | "~"
            | "null"
            | "Null"
            | "NULL"
            | ".nan"
            | ".NaN"
            | ".NAN"
            | ".inf"
            | ".Inf"
            | ".INF"
            | "+.inf"
            | "+.Inf"
            | "+.INF"
            | "-.inf"
            | "-.Inf"
            | "-.INF"
    )
}

fn is_number(text: &str) -> bool {
    let plain = if text.contains('_') {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    };
    is_integer(&plain) || is_decimal(&plain)
}

/// Integers of Go's base 0 that fit 64 bits; larger hexadecimal ones are strings to go-yaml.
fn is_integer(text: &str) -> bool {
    let (negative, signed, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, true, text.get(1..)),
        Some(b'+') => (false, true, text.get(1..)),
        _ => (false, false, Some(text)),
    };
    let Some(digits) = digits else { return false };
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, digits.get(2..)),
        Some("0b" | "0B") => (2, digits.get(2..)),
        Some("0o" | "0O") => (8, digits.get(2..)),
        Some(_) if digits.starts_with('0') => (8, digits.get(1..)),
        _ => (10, Some(digits)),
    };
    let Some(digits) = digits.filter(|d| d.bytes().all(|b| b.is_ascii_alphanumeric())) else {
        return false;
    };
    let Ok(magnitude) = u64::from_str_radix(digits, radix) else {
        return false;
    };
    match (negative, signed) {
        (true, _) => magnitude <= i64::MIN.unsigned_abs(),
        (false, true) => magnitude <= i64::MAX.unsigned_abs(),
        (false, false) => true,
    }
}

/// Decimal floats `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` within the range of `f64`.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        ),
        None => (unsigned, None),
    };
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && all_digits(fraction),
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    mantissa_ok
        && exponent.is_none_or(|e| !e.is_empty() && all_digits(e))
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// A decimal whose digits may be separated by single underscores.
fn is_grouped_decimal(text: &str) -> bool {
    let (mut digit_before, mut separated) = (false, true);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        separated &= byte != b'_' || (digit_before && bytes.peek().is_some_and(u8::is_ascii_digit));
        digit_before = byte.is_ascii_digit();
    }
    separated && is_decimal(&text.replace('_', ""))
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let Some((first, rest)) = unsigned.split_once(':') else {
        return false;
    };
    let digits_or_underscore = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let (rest, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    first.starts_with(|c: char| c.is_ascii_digit())
        && digits_or_underscore(first)
        && digits_or_underscore(fraction)
        && rest.split(':').all(|part| match part.as_bytes() {
            [ones] => ones.is_ascii_digit(),
            [tens, ones] => (b'0'..=b'5').contains(tens) && ones.is_ascii_digit(),
            _ => false,
        })
}

/// The four timestamp layouts go-yaml knows, with their ranges.
fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) = split_date(text) else {
        return false;
    };
    let Some(time) = time else { return date };
    date && match time.strip_prefix(['T', 't']) {
        Some(clock) => is_clock(clock, true),
        None => time.starts_with(' ') && is_clock(time.trim_start_matches(' '), false),
    }
}

fn split_date(text: &str) -> Option<(bool, Option<&str>)> {
    let year: u32 = text
        .get(..4)
        .filter(|y| y.bytes().all(|b| b.is_ascii_digit()))?
        .parse()
        .ok()?;
    let rest = text.get(4..)?.strip_prefix('-')?;
    let (month, rest) = rest.split_once('-')?;
    let month = short_number(month, 12)?;
    let end = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let day = short_number(rest.get(..end)?, 31)?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let tail = rest.get(end..).filter(|t| !t.is_empty());
    Some((month >= 1 && (1..=days).contains(&day), tail))
}

fn short_number(digits: &str, max: u32) -> Option<u32> {
    let short = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|&n| short && n <= max)
}

fn is_clock(clock: &str, zone_required: bool) -> bool {
    let (clock, zone_ok) = if zone_required {
        match clock.strip_suffix('Z') {
            Some(clock) => (clock, true),
            None => match clock
                .len()
                .checked_sub(6)
                .and_then(|at| clock.split_at_checked(at))
            {
                Some((clock, zone)) => (clock, is_zone(zone)),
                None => return false,
            },
        }
    } else {
        (clock, true)
    };
    let (whole, fraction) = match clock.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (clock, None),
    };
    let mut parts = whole.split(':');
    let fields = [(23, parts.next()), (59, parts.next()), (59, parts.next())];
    zone_ok
        && parts.next().is_none()
        && fields
            .iter()
            .all(|&(max, part)| part.is_some_and(|p| short_number(p, max).is_some()))
        && fraction.is_none_or(|f| !f.is_empty() && f.bytes().all(|b| b.is_ascii_digit()))
}

fn is_zone(zone: &str) -> bool {
    let Some((hours, minutes)) = zone
        .strip_prefix(['+', '-'])
        .and_then(|z| z.split_once(':'))
    else {
        return false;
    };
    hours.len() == 2
        && minutes.len() == 2
        && short_number(hours, 24).is_some()
        && short_number(minutes, 60).is_some()
}
