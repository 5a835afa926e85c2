//! Points in time the way Go reads and prints them, as far as SOPS and go-yaml v3 use them.

use std::fmt::Write as _;

/// A point in time, kept as it is written: local date and time, and the offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
    /// Minutes east of UTC.
    offset: i16,
}

/// What a layout asks for beyond the order of the fields.
struct Layout {
    /// Month, day, minute and second need two digits (the hour never does).
    two_digits: bool,
    /// Between date and time; `b' '` stands for any number of spaces.
    separator: u8,
    zone: bool,
}

impl Timestamp {
    /// Reads a plain YAML scalar as go-yaml v3 does: `2001-1-2`, `2001-1-2 3:4:5.6`, and
    /// `2001-1-2T3:4:5.6Z` with `t` for `T` or an offset `+01:00` for `Z`. A comma may stand for
    /// the point; the year has four digits.
    pub fn parse_yaml(text: &str) -> Option<Timestamp> {
        let bytes = text.as_bytes();
        if !matches!(bytes, [a, b, c, d, b'-', ..] if [a, b, c, d].iter().all(|b| b.is_ascii_digit()))
        {
            return None;
        }
        let mut cursor = Cursor(bytes);
        let date = cursor.date(false)?;
        let (separator, zone) = match cursor.0.first() {
            None => return date.checked(),
            Some(b' ') => (b' ', false),
            Some(&separator @ (b'T' | b't')) => (separator, true),
            Some(_) => return None,
        };
        cursor
            .time(
                date,
                &Layout {
                    two_digits: false,
                    separator,
                    zone,
                },
            )?
            .checked()
    }

    /// Reads the plaintext of a value of type `time` as SOPS does (Go's `time.Time.UnmarshalText`):
    /// RFC 3339, and as lenient as Go: an hour of one digit, a comma for the point, offsets up to
    /// 24 hours and 60 minutes.
    pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
        let mut cursor = Cursor(text.as_bytes());
        let date = cursor.date(true)?;
        cursor
            .time(
                date,
                &Layout {
                    two_digits: true,
                    separator: b'T',
                    zone: true,
                },
            )?
            .checked()
    }

    /// RFC 3339 with trimmed nanoseconds (Go's `time.Time.MarshalText`): the bytes that SOPS hashes
    /// and encrypts, and its spelling in YAML. `None` when the offset is 24 hours or more, which
    /// Go refuses.
    pub fn canonical(&self) -> Option<String> {
        let offset = self.offset.unsigned_abs();
        if offset >= 24 * 60 {
            return None;
        }
        let Timestamp {
            year,
            month,
            day,
            hour,
            minute,
            second,
            nanosecond,
            ..
        } = self;
        let mut out = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if *nanosecond != 0 {
            let digits = format!("{nanosecond:09}");
            out.push('.');
            out.push_str(digits.trim_end_matches('0'));
        }
        if offset == 0 {
            out.push('Z');
        } else {
            let sign = if self.offset < 0 { '-' } else { '+' };
            // Writing to a `String` cannot fail.
            let _ = write!(out, "{sign}{:02}:{:02}", offset / 60, offset % 60);
        }
        Some(out)
    }

    fn checked(self) -> Option<Timestamp> {
        let leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        let days = match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let real = (1..=days).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60;
        real.then_some(self)
    }
}

/// The bytes still to be read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.byte()? == byte).then_some(())
    }

    fn digit(&mut self) -> Option<u8> {
        let digit = self.0.first().filter(|b| b.is_ascii_digit())? - b'0';
        self.byte()?;
        Some(digit)
    }

    /// One or two digits, or exactly two.
    fn number(&mut self, two_digits: bool) -> Option<u8> {
        let first = self.digit()?;
        match self.digit() {
            Some(second) => Some(first * 10 + second),
            None if two_digits => None,
            None => Some(first),
        }
    }

    fn date(&mut self, two_digits: bool) -> Option<Timestamp> {
        let year = u16::from(self.number(true)?) * 100 + u16::from(self.number(true)?);
        self.expect(b'-')?;
        let month = self.number(two_digits)?;
        self.expect(b'-')?;
        let day = self.number(two_digits)?;
        Some(Timestamp {
            year,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            offset: 0,
        })
    }

    fn time(&mut self, date: Timestamp, layout: &Layout) -> Option<Timestamp> {
        self.expect(layout.separator)?;
        if layout.separator == b' ' {
            while self.0.first() == Some(&b' ') {
                self.byte()?;
            }
        }
        let hour = self.number(false)?;
        self.expect(b':')?;
        let minute = self.number(layout.two_digits)?;
        self.expect(b':')?;
        let second = self.number(layout.two_digits)?;
        let nanosecond = self.fraction();
        let offset = if layout.zone { self.zone()? } else { 0 };
        self.0.is_empty().then_some(Timestamp {
            hour,
            minute,
            second,
            nanosecond,
            offset,
            ..date
        })
    }

    /// An optional fraction of a second; digits beyond nanoseconds are dropped.
    fn fraction(&mut self) -> u32 {
        if !matches!(self.0, [b'.' | b',', digit, ..] if digit.is_ascii_digit()) {
            return 0;
        }
        self.byte();
        let (mut value, mut scale) = (0, 100_000_000);
        while let Some(digit) = self.digit() {
            value += u32::from(digit) * scale;
            scale /= 10;
        }
        value
    }

    /// `Z` or an offset, in minutes. Go allows 24 hours and 60 minutes here.
    fn zone(&mut self) -> Option<i16> {
        let sign = match self.byte()? {
            b'Z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.number(true)?;
        self.expect(b':')?;
        let minutes = self.number(true)?;
        (hours <= 24 && minutes <= 60)
            .then_some(sign * (i16::from(hours) * 60 + i16::from(minutes)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn yaml_layouts() {
        for (text, canonical) in [
            ("2001-12-14", "2001-12-14T00:00:00Z"),
            ("2001-1-2", "2001-01-02T00:00:00Z"),
            ("0000-02-29", "0000-02-29T00:00:00Z"),
            (
                "2001-12-14t21:59:43.10-05:00",
                "2001-12-14T21:59:43.1-05:00",
            ),
            (
                "2001-1-1T1:2:3,123456789999Z",
                "2001-01-01T01:02:03.123456789Z",
            ),
            ("2001-12-14   1:2:3", "2001-12-14T01:02:03Z"),
            ("2001-12-14T00:00:00-00:00", "2001-12-14T00:00:00Z"),
            ("2001-12-14T00:00:00+01:60", "2001-12-14T00:00:00+02:00"),
        ] {
            assert_eq!(
                Timestamp::parse_yaml(text).unwrap().canonical().unwrap(),
                canonical,
                "{text}"
            );
        }
        for text in [
            "2001-02-29",
            "1900-2-29",
            "2001-13-1",
            "2001-1-",
            "20011-1-1",
            "201-1-1",
            "2001-12-14T21:59:43",
            "2001-12-14 21:59:43 -5",
            "2001-12-14 1:2:3Z",
            "2001-12-14T1:2Z",
            "2001-12-14T24:00:00Z",
            "2001-12-14T00:00:60Z",
            "2001-12-14T00:00:00z",
            "2001-12-14T00:00:00+25:00",
            "2001-12-14 ",
            "2001-001-1",
        ] {
            assert_eq!(Timestamp::parse_yaml(text), None, "{text}");
        }
    }

    #[test]
    fn rfc3339_is_as_lenient_as_go() {
        for (text, canonical) in [
            ("2001-12-14T1:02:03Z", "2001-12-14T01:02:03Z"),
            ("2001-12-14T01:02:03,5+01:00", "2001-12-14T01:02:03.5+01:00"),
        ] {
            assert_eq!(
                Timestamp::parse_rfc3339(text).unwrap().canonical().unwrap(),
                canonical,
                "{text}"
            );
        }
        for text in [
            "2001-12-14",
            "2001-1-14T01:02:03Z",
            "2001-12-14t01:02:03Z",
            "2001-12-14 01:02:03Z",
            "2001-12-14T01:2:03Z",
            "",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn go_cannot_print_an_offset_of_a_day() {
        let time = Timestamp::parse_yaml("2001-12-14T00:00:00+23:60").unwrap();
        assert_eq!(time.canonical(), None);
    }
}
