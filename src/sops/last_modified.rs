//! The time in `lastmodified`, in the form that authenticates the MAC.
//!
//! SOPS parses the text and formats it again as RFC 3339 in whole seconds, keeping the offset;
//! both with Go's `time` package, whose parser takes more than RFC 3339 allows.

use crate::error::{Error, Kind, Result};

/// Brings a `lastmodified` into SOPS' form: the fraction is dropped, the offset stays, a zero
/// offset becomes `Z`. Accepts what Go's `time.Parse(time.RFC3339, ..)` accepts, such as a
/// one-digit hour, a comma before the fraction and offsets up to `24:60`.
///
/// # Errors
/// [`Kind::Input`] if SOPS could not parse it either.
pub fn normalise(text: &str) -> Result<String> {
    reformat(text.as_bytes()).ok_or_else(|| {
        let message = match text {
            "" => "`lastmodified` is empty or missing",
            _ => "`lastmodified` is not a time",
        };
        Error::new(Kind::Input, message)
            .because("expected RFC 3339, such as `2026-01-31T12:00:00Z`")
            .hint("restore `lastmodified` from version control: the MAC is bound to it")
    })
}

fn reformat(text: &[u8]) -> Option<String> {
    let mut rest = text;
    let year = digits::<4>(&mut rest)?;
    literal(&mut rest, b'-')?;
    let month = digits::<2>(&mut rest)?;
    literal(&mut rest, b'-')?;
    let day = digits::<2>(&mut rest)?;
    literal(&mut rest, b'T')?;
    // Go takes a one-digit hour, but minutes and seconds have two digits.
    let hour = digits::<2>(&mut rest).or_else(|| digits::<1>(&mut rest))?;
    literal(&mut rest, b':')?;
    let minute = digits::<2>(&mut rest)?;
    literal(&mut rest, b':')?;
    let second = digits::<2>(&mut rest)?;
    if let [b'.' | b',', fraction @ ..] = rest
        && fraction.first().is_some_and(u8::is_ascii_digit)
    {
        let end = fraction.iter().position(|byte| !byte.is_ascii_digit())?;
        rest = fraction.get(end..)?;
    }
    let offset = offset(rest)?;
    if !(1..=12).contains(&month)
        || !(1..=days_in(year, month)).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{offset}"
    ))
}

/// The offset at the text's end, formatted again.
fn offset(text: &[u8]) -> Option<String> {
    let (&sign, mut rest) = text.split_first()?;
    if sign == b'Z' {
        return rest.is_empty().then(|| "Z".to_owned());
    }
    let sign = matches!(sign, b'+' | b'-').then_some(char::from(sign))?;
    let hours = digits::<2>(&mut rest)?;
    literal(&mut rest, b':')?;
    let minutes = digits::<2>(&mut rest)?;
    if !rest.is_empty() || hours > 24 || minutes > 60 {
        return None;
    }
    Some(match hours * 60 + minutes {
        0 => "Z".to_owned(),
        total => format!("{sign}{:02}:{:02}", total / 60, total % 60),
    })
}

/// Takes exactly `N` digits off the front, or nothing.
fn digits<const N: usize>(rest: &mut &[u8]) -> Option<u32> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    let number = head.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u32::from(byte - b'0'))
    })?;
    *rest = tail;
    Some(number)
}

/// Takes one byte off the front.
fn literal(rest: &mut &[u8], expected: u8) -> Option<()> {
    *rest = rest.strip_prefix(&[expected])?;
    Some(())
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    /// Expected values are those of Go 1.26 `time.Parse` and `Format` with `time.RFC3339`.
    #[test]
    fn times_come_out_as_go_formats_them() {
        for (text, expected) in [
            ("2024-05-01T10:20:30Z", "2024-05-01T10:20:30Z"),
            ("2024-05-01T10:20:30+00:00", "2024-05-01T10:20:30Z"),
            ("2024-05-01T10:20:30-00:00", "2024-05-01T10:20:30Z"),
            ("2024-05-01T10:20:30.999999999Z", "2024-05-01T10:20:30Z"),
            (
                "2024-05-01T10:20:30.1234567890123+02:00",
                "2024-05-01T10:20:30+02:00",
            ),
            (
                "2100-08-14T18:31:55,413504-05:30",
                "2100-08-14T18:31:55-05:30",
            ),
            ("2024-05-01T1:20:30Z", "2024-05-01T01:20:30Z"),
            ("2000-02-29T00:00:00-00:01", "2000-02-29T00:00:00-00:01"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59+24:00", "9999-12-31T23:59:59+24:00"),
            ("2024-05-01T10:20:30+24:60", "2024-05-01T10:20:30+25:00"),
            ("2024-05-01T10:20:30-23:60", "2024-05-01T10:20:30-24:00"),
        ] {
            assert_eq!(normalise(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_go_cannot_parse_is_an_error() {
        for text in [
            "",
            "2024-05-01",
            "2024-05-01T10:20:30",
            "2024-05-01 10:20:30Z",
            "2024-05-01t10:20:30Z",
            "2024-05-01T10:20:30z",
            "2024-05-01T10:20:30.Z",
            "2024-05-01T10:20:30.5",
            "2024-05-01T10:20Z",
            "2024-05-01T10:20:60Z",
            "2024-05-01T24:00:00Z",
            "2024-05-01T10:60:00Z",
            "2024-5-01T10:20:30Z",
            "2024-05-1T10:20:30Z",
            "2024-05-01T10:2:30Z",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2024-04-31T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-05-01T10:20:30+25:00",
            "2024-05-01T10:20:30+01:61",
            "2024-05-01T10:20:30+0200",
            "2024-05-01T10:20:30+02",
            "2024-05-01T10:20:30Zz",
            " 2024-05-01T10:20:30Z",
            "2024-05-01T10:20:30Z\n",
        ] {
            assert_eq!(
                normalise(text).map_err(|e| e.kind()),
                Err(Kind::Input),
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_form_is_a_fixed_point(text in "[0-9]{4}-0[1-9]-[0-2][1-8]T[01]?[0-9]:[0-5][0-9]:[0-5][0-9]([.,][0-9]{1,12})?(Z|[+-][01][0-9]:[0-5][0-9])") {
            let once = normalise(&text).unwrap();
            prop_assert_eq!(normalise(&once).unwrap(), once);
        }

        #[test]
        fn arbitrary_text_does_not_panic(text in ".{0,40}") {
            let _ = normalise(&text);
        }
    }
}
