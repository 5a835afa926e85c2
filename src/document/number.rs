//! Numbers the way Go reads and prints them: SOPS leaves both to Go's `strconv`, so the value that
//! is hashed and the digits that are printed follow its rules and no other.

use std::fmt::Write as _;

/// An integer as go-yaml decodes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integer {
    /// Fits a signed 64-bit integer.
    Signed(i64),
    /// Above the signed range, yet within the unsigned one.
    Unsigned(u64),
}

/// Reads a YAML integer as go-yaml v3 does, once all `_` are removed: an optional sign, then
/// decimal, `0x`, `0o`, `0b` or leading-zero octal digits.
///
/// go-yaml also takes a sign behind the lower-case prefixes `0b` and `0o` (`0b-101` is -5).
pub fn parse_yaml_integer(text: &str) -> Option<Integer> {
    let (sign, magnitude) = split_sign(text);
    let (radix, digits) = split_radix(magnitude);
    if let Some(value) = unsigned_digits(digits, radix) {
        match signed(sign, value) {
            Some(value) => return Some(Integer::Signed(value)),
            None if sign.is_none() => return Some(Integer::Unsigned(value)),
            None => return None,
        }
    }
    let (radix, rest) = match text.as_bytes() {
        [b'0', b'b', ..] => (2, text.get(2..)?),
        [b'0', b'o', ..] => (8, text.get(2..)?),
        _ => return None,
    };
    let (sign, digits) = split_sign(rest);
    signed(sign, unsigned_digits(digits, radix)?).map(Integer::Signed)
}

/// Go's `strconv.Atoi`: an optional sign and decimal digits, within 64 bits.
pub fn parse_decimal(text: &str) -> Option<i64> {
    let (sign, digits) = split_sign(text);
    if digits.is_empty() {
        return None;
    }
    signed(sign, unsigned_digits(digits, 10)?)
}

fn split_sign(text: &str) -> (Option<u8>, &str) {
    match text.as_bytes().first() {
        Some(&sign @ (b'+' | b'-')) => (Some(sign), text.get(1..).unwrap_or("")),
        _ => (None, text),
    }
}

/// The base that a prefix announces. A lone `0` is an octal number without further digits.
fn split_radix(text: &str) -> (u32, &str) {
    let rest = |n| text.get(n..).unwrap_or("");
    match text.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, rest(2)),
        [b'0', b'o' | b'O', _, ..] => (8, rest(2)),
        [b'0', b'b' | b'B', _, ..] => (2, rest(2)),
        [b'0', _, ..] => (8, rest(1)),
        _ => (10, text),
    }
}

fn unsigned_digits(digits: &str, radix: u32) -> Option<u64> {
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

fn signed(sign: Option<u8>, magnitude: u64) -> Option<i64> {
    match sign {
        Some(b'-') => 0i64.checked_sub_unsigned(magnitude),
        _ => i64::try_from(magnitude).ok(),
    }
}

/// Whether the text has the shape that go-yaml calls a float: `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)`
/// and an optional decimal exponent.
pub fn has_yaml_float_shape(text: &str) -> bool {
    fn digits(bytes: &[u8]) -> (usize, &[u8]) {
        let n = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        (n, bytes.get(n..).unwrap_or(&[]))
    }
    let (whole, mut rest) = digits(split_sign(text).1.as_bytes());
    if let [b'.', after @ ..] = rest {
        let (fraction, after) = digits(after);
        if whole == 0 && fraction == 0 {
            return false;
        }
        rest = after;
    } else if whole == 0 {
        return false;
    }
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            !exponent.is_empty() && exponent.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

/// Go's `strconv.ParseFloat(text, 64)`: decimal and hexadecimal floats, `_` between digits, `inf`,
/// `infinity` and `nan` in any case. `None` when malformed or beyond the range of a 64-bit float.
pub fn parse_float(text: &str) -> Option<f64> {
    let (sign, body) = split_sign(text);
    let negative = sign == Some(b'-');
    if body.eq_ignore_ascii_case("inf") || body.eq_ignore_ascii_case("infinity") {
        return Some(if negative {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        });
    }
    if text.eq_ignore_ascii_case("nan") {
        return Some(f64::NAN);
    }
    if body.contains('_') {
        if !underscores_separate_digits(body) {
            return None;
        }
        return parse_float(&text.replace('_', ""));
    }
    let value = match body.as_bytes() {
        [b'0', b'x' | b'X', digits @ ..] => hex_float(digits)?,
        // Rust also knows words; Go's were handled above.
        bytes
            if bytes
                .first()
                .is_some_and(|b| b.is_ascii_digit() || *b == b'.') =>
        {
            body.parse::<f64>().ok()?
        }
        _ => return None,
    };
    let value = if negative { -value } else { value };
    value.is_finite().then_some(value)
}

/// Each `_` stands between two digits; a `0x` prefix counts as one.
fn underscores_separate_digits(body: &str) -> bool {
    let bytes = body.as_bytes();
    let hex = matches!(bytes, [b'0', b'x' | b'X', ..]);
    let digit = |i: usize| {
        bytes
            .get(i)
            .is_some_and(|b| b.is_ascii_digit() || hex && (b.is_ascii_hexdigit() || i == 1))
    };
    bytes
        .iter()
        .enumerate()
        .all(|(i, b)| *b != b'_' || i > 0 && digit(i - 1) && digit(i + 1))
}

/// `digits[.digits]p[+-]exponent`, rounded to nearest even.
fn hex_float(text: &[u8]) -> Option<f64> {
    let mut mantissa: u64 = 0;
    let mut sticky = false;
    let mut exponent: i64 = 0;
    let (mut seen_dot, mut seen_digit) = (false, false);
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        if *byte == b'.' && !seen_dot {
            seen_dot = true;
        } else if let Some(digit) = char::from(*byte).to_digit(16) {
            seen_digit = true;
            if mantissa >> 60 == 0 {
                mantissa = mantissa << 4 | u64::from(digit);
                exponent -= if seen_dot { 4 } else { 0 };
            } else {
                sticky |= digit != 0;
                exponent += if seen_dot { 0 } else { 4 };
            }
        } else {
            break;
        }
        rest = after;
    }
    let [b'p' | b'P', power @ ..] = rest else {
        return None;
    };
    let (sign, digits) = split_sign(std::str::from_utf8(power).ok()?);
    if !seen_digit || digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let power = digits.parse::<i64>().unwrap_or(100_000).min(100_000);
    exponent += if sign == Some(b'-') { -power } else { power };
    scale(mantissa, sticky, exponent)
}

/// `mantissa * 2^exponent`, where `sticky` says that non-zero digits below were dropped.
fn scale(mantissa: u64, sticky: bool, exponent: i64) -> Option<f64> {
    if mantissa == 0 {
        return Some(0.0);
    }
    // The lowest bit that the result can hold: 52 below the leading one, or that of subnormals.
    let top = exponent + 63 - i64::from(mantissa.leading_zeros());
    let lowest = (top - 52).max(-1074);
    let drop = lowest - exponent;
    let mut kept = mantissa;
    if drop > 0 {
        let drop = u32::try_from(drop).unwrap_or(u32::MAX);
        kept = mantissa.checked_shr(drop).unwrap_or(0);
        let half = 1u64.checked_shl(drop - 1).unwrap_or(0);
        let below = if drop < 64 {
            mantissa & ((1 << drop) - 1)
        } else {
            mantissa
        };
        let above_half = half != 0 && (below > half || below == half && (sticky || kept & 1 == 1));
        kept += u64::from(above_half);
    }
    let power = if drop > 0 { lowest } else { exponent };
    // Two exact steps, because 2^-1074 and 2^1071 are no powers that a normal float can hold.
    let first = power.clamp(-1000, 1000);
    Some(kept as f64 * power_of_two(first) * power_of_two(power - first))
}

/// 2^`exponent`, clamped to the normal range.
fn power_of_two(exponent: i64) -> f64 {
    let biased = u64::try_from(exponent.clamp(-1022, 1023) + 1023).unwrap_or(0);
    f64::from_bits(biased << 52)
}

/// Go's `FormatFloat(value, 'f', -1, 64)`: the shortest digits that read back, never an exponent.
/// The bytes that SOPS hashes and encrypts.
pub fn format_plain(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 {
            "+Inf".to_owned()
        } else {
            "-Inf".to_owned()
        }
    } else {
        finite(value)
    }
}

/// go-yaml's spelling: Go's `FormatFloat(value, 'g', -1, 64)`, and `.inf`, `-.inf`, `.nan`.
pub fn format_yaml(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 {
            ".inf".to_owned()
        } else {
            "-.inf".to_owned()
        };
    }
    match scientific(value) {
        (mantissa, exponent) if !(-4..6).contains(&exponent) => {
            exponent_form(&mantissa, exponent, 2)
        }
        _ => finite(value),
    }
}

/// The spelling of Go's `encoding/json`: an exponent only below 1e-6 and from 1e21 on. `None` for
/// infinities and NaN, which JSON cannot hold.
pub fn format_json(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let (mantissa, exponent) = scientific(value);
        return Some(exponent_form(&mantissa, exponent, 1));
    }
    Some(finite(value))
}

/// Shortest digits that read back, without an exponent.
fn finite(value: f64) -> String {
    let mut text = format!("{value}");
    if rounds_half_down(value) {
        lower_last_digit(&mut text);
    }
    text
}

/// Where two shortest forms are equally near, Rust takes the upper one and Go the even one. Whether
/// these differ: 1125899906842624.25 is `...4.3` for Rust and `...4.2` for Go.
fn rounds_half_down(value: f64) -> bool {
    let shortest = format!("{value:e}");
    let mantissa = shortest.split('e').next().unwrap_or("");
    let is_odd = mantissa.ends_with(['1', '3', '5', '7', '9']);
    // With fewer digits the other candidate is farther away than the next float.
    if !is_odd || mantissa.len() < "-1.23456789012345".len() {
        return false;
    }
    let decimals = mantissa.split('.').nth(1).map_or(0, str::len);
    let exact = format!("{value:.*e}", decimals + 30);
    let mut lower = mantissa.to_owned();
    lower_last_digit(&mut lower);
    let tail = exact
        .split('e')
        .next()
        .and_then(|digits| digits.strip_prefix(lower.as_str()));
    tail.and_then(|tail| tail.strip_prefix('5'))
        .is_some_and(|zeros| zeros.bytes().all(|b| b == b'0'))
}

/// Subtracts one from an odd last digit.
fn lower_last_digit(text: &mut String) {
    if let Some(digit) = text.pop() {
        text.push(
            char::from_digit(digit.to_digit(10).unwrap_or(1).saturating_sub(1), 10).unwrap_or('0'),
        );
    }
}

/// Shortest digits with one before the point, and the decimal exponent.
fn scientific(value: f64) -> (String, i32) {
    let mut mantissa = format!("{value:e}");
    let exponent = match mantissa.find('e') {
        Some(at) => mantissa
            .split_off(at)
            .get(1..)
            .and_then(|e| e.parse().ok())
            .unwrap_or(0),
        None => 0,
    };
    if rounds_half_down(value) {
        lower_last_digit(&mut mantissa);
    }
    (mantissa, exponent)
}

fn exponent_form(mantissa: &str, exponent: i32, width: usize) -> String {
    let mut out = mantissa.to_owned();
    let sign = if exponent < 0 { '-' } else { '+' };
    // Writing to a `String` cannot fail.
    let _ = write!(out, "e{sign}{:0width$}", exponent.unsigned_abs());
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn integers_take_every_base_and_a_sign_behind_a_prefix() {
        for (text, value) in [
            ("0", 0),
            ("00", 0),
            ("0777", 511),
            ("-0x1f", -31),
            ("+0b11", 3),
            ("0O17", 15),
            ("0b-101", -5),
            ("0o+7", 7),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(
                parse_yaml_integer(text),
                Some(Integer::Signed(value)),
                "{text}"
            );
        }
        for text in [
            "",
            "+",
            "0x",
            "0b",
            "08",
            "0B-1",
            "-0b-1",
            "--1",
            "1.0",
            "+18446744073709551615",
            "0x+1",
        ] {
            assert_eq!(parse_yaml_integer(text), None, "{text}");
        }
        assert_eq!(
            parse_yaml_integer("9223372036854775808"),
            Some(Integer::Unsigned(1 << 63))
        );
        assert_eq!(parse_yaml_integer("18446744073709551616"), None);
    }

    #[test]
    fn floats_follow_go() {
        for (text, bits) in [
            ("1.", 1.0f64),
            (".5e-1", 0.05),
            ("1_5", 15.0),
            ("0x1p-2", 0.25),
            ("0x_1.8P1", 3.0),
            ("-0", -0.0),
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000081p0", 1.0000000000000002),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("-iNfinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(
                parse_float(text).unwrap().to_bits(),
                bits.to_bits(),
                "{text}"
            );
        }
        for text in [
            "",
            ".",
            "1e",
            "_1",
            "1_",
            "1__5",
            "1e400",
            "0x1",
            "0x1.fffffffffffff8p1023",
            "+nan",
            "in",
            "e5",
        ] {
            assert_eq!(parse_float(text), None, "{text}");
        }
        assert!(parse_float("NaN").unwrap().is_nan());
    }

    #[test]
    fn each_printer_has_its_own_threshold_for_exponents() {
        assert_eq!(format_plain(1e21), "1000000000000000000000");
        assert_eq!(format_plain(-0.0), "-0");
        let half_way = |text: &str| format_plain(text.parse().unwrap());
        assert_eq!(half_way("1125899906842624.25"), "1125899906842624.2");
        assert_eq!(half_way("1125899906842624.75"), "1125899906842624.8");
        assert_eq!(half_way("-70368744177664.125"), "-70368744177664.12");
        assert_eq!(format_json(1e21).unwrap(), "1e+21");
        assert_eq!(format_json(1.5e-9).unwrap(), "1.5e-9");
        assert_eq!(format_json(1e20).unwrap(), "100000000000000000000");
        assert_eq!(format_json(f64::NAN), None);
        assert_eq!(format_yaml(1e-5), "1e-05");
        assert_eq!(format_yaml(6.02e23), "6.02e+23");
        assert_eq!(format_yaml(100_000.0), "100000");
        assert_eq!(format_yaml(1_000_000.0), "1e+06");
        assert_eq!(format_yaml(f64::NEG_INFINITY), "-.inf");
    }
}
