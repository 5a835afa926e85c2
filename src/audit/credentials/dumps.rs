//! Passwords in statements of SQL.

use super::bytes::{HEX_ANY, goes_on, line, mentions, part, run};
use super::token::Token;
use crate::audit::benign;
use crate::audit::checks;
use crate::audit::finding::{Confidence, Severity};

/// `IDENTIFIED BY '...'`, `IDENTIFIED WITH plugin AS '...'`, `ROLE name PASSWORD '...'`: the quoted text that comes
/// next on the line.
pub(super) fn at(text: &[u8], at: usize) -> Option<Token> {
    let line = line(text, at, 400);
    let mut from = at;
    // What the anchor has of letters and blanks, up to the quote.
    let quote = loop {
        match text.get(from)? {
            b'\'' | b'"' if from < line.end => break from,
            byte if byte.is_ascii_alphanumeric() || b" _`".contains(byte) => {
                from = from.saturating_add(1)
            }
            _ => return None,
        }
    };
    if quote.saturating_sub(at) > 80 {
        return None;
    }
    // In lower case it may be a sentence.
    let identified = goes_on(text, at, b"IDENTIFIED");
    let before = at.saturating_sub(200)..at;
    let statement = [
        "create user",
        "alter user",
        "create role",
        "alter role",
        "grant ",
        "set password",
        "with login",
    ];
    if !identified
        && !statement
            .iter()
            .any(|words| mentions(text, before.clone(), words))
    {
        return None;
    }
    let start = quote.saturating_add(1);
    let mark = *text.get(quote)?;
    let end = start.saturating_add(memchr::memchr(mark, part(text, start..line.end))?);
    let value = std::str::from_utf8(part(text, start..end)).ok()?;
    let hash = is_hash(value);
    let token = Token::new(
        &checks::DATABASE_DUMP,
        start..end,
        if hash {
            "the hash of a database user's password"
        } else {
            "the password of a database user"
        },
    );
    if hash {
        return Some(token.severity(Severity::Medium));
    }
    Some(token.confidence(benign::judge_password(value)?.min(Confidence::Likely)))
}

/// The forms of MySQL (41 characters) and PostgreSQL (MD5, SCRAM).
fn is_hash(value: &str) -> bool {
    let digits = |text: &str| run(text.as_bytes(), 0, &HEX_ANY) == text.len();
    value
        .strip_prefix('*')
        .is_some_and(|rest| rest.len() == 40 && digits(rest))
        || value
            .strip_prefix("md5")
            .is_some_and(|rest| rest.len() == 32 && digits(rest))
        || value.starts_with("SCRAM-SHA-256$")
}
