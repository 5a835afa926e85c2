//! User names and passwords in URLs and connection strings.

use super::bytes::{byte, class, line, part, run_back};
use super::token::Token;
use crate::audit::benign;
use crate::audit::checks;
use crate::audit::finding::Confidence;

/// The longest user name with password that is looked for.
const MAX_USERINFO: usize = 600;

/// The credentials in the URL whose `://` stands at an offset.
pub(super) fn url(text: &[u8], at: usize) -> Option<Token> {
    let start = at.checked_add(3)?;
    let rest = part(
        text,
        start..start.saturating_add(MAX_USERINFO).min(text.len()),
    );
    let length = rest
        .iter()
        .position(|byte| *byte <= b' ' || *byte >= 0x7f || b"/?#\"'`<>\\,|".contains(byte))
        .unwrap_or(rest.len());
    let authority = part(rest, 0..length);
    // Passwords with an @ in them are not rare: the last one ends it.
    let end = memchr::memrchr(b'@', authority)?;
    let colon = memchr::memchr(b':', part(authority, 0..end))?;
    let user = std::str::from_utf8(part(authority, 0..colon)).ok()?;
    let password = std::str::from_utf8(part(authority, colon.saturating_add(1)..end)).ok()?;
    let host = std::str::from_utf8(part(authority, end.saturating_add(1)..authority.len())).ok()?;
    let scheme_start = run_back(text, at, const { &class(b"A-Za-z0-9+.-") }, 24);
    let scheme = std::str::from_utf8(part(text, scheme_start..at)).ok()?;
    if scheme.is_empty() || host.is_empty() || user.contains(['{', '}', '$']) && password.len() < 8
    {
        return None;
    }
    let plain = percent_decoded(password);
    let judged = benign::judge_password(&plain)?;
    let host_name = host
        .split(':')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let sample_host = [
        "example.com",
        "example.org",
        "example.net",
        "example",
        "test",
        "invalid",
        "host",
        "hostname",
    ]
    .iter()
    .any(|sample| host_name == *sample || host_name.ends_with(&format!(".{sample}")));
    let sample_user = [
        "user", "username", "usr", "foo", "myuser", "someuser", "alice", "bob",
    ]
    .contains(&user);
    let here = host_name == "localhost" || host_name.starts_with("127.") || host_name == "[";
    let weak = user.eq_ignore_ascii_case(&plain)
        || (sample_user && plain.len() < 12)
        || sample_host
        || (here && plain.len() < 12);
    let confidence = if weak { Confidence::Possible } else { judged };
    let span = start.saturating_add(colon).saturating_add(1)..start.saturating_add(end);
    Some(
        Token::new(
            &checks::URL_CREDENTIALS,
            span,
            "user name and password in an address",
        )
        .of(plain.as_bytes())
        .confidence(confidence),
    )
}

/// Percent signs resolved, as far as they can be.
fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at.saturating_add(1)..at.saturating_add(3));
        let decoded = digits
            .filter(|_| *byte == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match decoded {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// The password of a connection string (ADO.NET, ODBC, JDBC, libpq) whose `Password=` or `Pwd=` ends before `at`:
/// there are other parts of such a string beside it.
pub(super) fn connection_string(text: &[u8], at: usize) -> Option<Token> {
    let equals = memchr::memchr(b'=', part(text, at..at.saturating_add(12)))?.saturating_add(at);
    let name_start = run_back(text, equals, const { &class(b"A-Za-z_") }, 30);
    let name = std::str::from_utf8(part(text, name_start..equals)).ok()?;
    let known = ["password", "pwd", "userpassword", "user_password", "passwd"];
    if !known.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return None;
    }
    let line = line(text, at, 400);
    let quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`' | b'>' | b'<');
    let from = part(text, line.start..name_start)
        .iter()
        .rposition(quote)
        .map_or(line.start, |n| {
            line.start.saturating_add(n).saturating_add(1)
        });
    let to = part(text, equals..line.end)
        .iter()
        .position(quote)
        .map_or(line.end, |n| equals.saturating_add(n));
    let whole = std::str::from_utf8(part(text, from..to)).ok()?;
    let lower = whole.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let ado = lower.contains(';')
        && has(&[
            "server=",
            "data source=",
            "host=",
            "user id=",
            "uid=",
            "username=",
            "user=",
            "database=",
            "initial catalog=",
            "driver=",
            "endpoint=",
        ]);
    let jdbc = lower.contains("jdbc:") && has(&["&", "?", ";"]);
    let libpq = lower.contains(' ') && has(&["host=", "dbname="]) && has(&["user=", "dbname="]);
    let ends: &[u8] = if ado {
        b";"
    } else if jdbc {
        b"&;"
    } else if libpq {
        b" "
    } else {
        return None;
    };
    let start = equals.saturating_add(1);
    let length = part(text, start..to)
        .iter()
        .position(|byte| ends.contains(byte))
        .unwrap_or(to.saturating_sub(start));
    let end = start.saturating_add(length);
    let value = std::str::from_utf8(part(text, start..end)).ok()?;
    let confidence = benign::judge_password(value)?;
    Some(
        Token::new(
            &checks::URL_CREDENTIALS,
            start..end,
            "a password in a connection string",
        )
        .confidence(confidence),
    )
}

/// Whether a URL has something like credentials in it, cheaply.
pub(super) fn may_have_userinfo(text: &[u8], at: usize) -> bool {
    let start = at.saturating_add(3);
    let mut colon = false;
    for offset in start..start.saturating_add(MAX_USERINFO) {
        match byte(text, offset) {
            b':' => colon = true,
            b'@' => return colon,
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`' => return false,
            other if other <= b' ' => return false,
            _ => {}
        }
    }
    false
}
