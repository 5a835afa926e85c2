//! Hashes of passwords.

use super::bytes::{BASE64, CRYPT, DIGITS, byte, class, goes_on, is_drawn, line, part, run};
use super::token::Token;
use crate::audit::checks;

/// The hash that begins at an offset; each form has its own lengths.
pub(super) fn at(text: &[u8], at: usize) -> Option<Token> {
    let (end, what) = bcrypt(text, at)
        .map(|end| (end, "a bcrypt hash of a password"))
        .or_else(|| sha_crypt(text, at))
        .or_else(|| argon2(text, at).map(|end| (end, "an Argon2 hash of a password")))
        .or_else(|| django(text, at).map(|end| (end, "a PBKDF2 hash of a password")))
        .or_else(|| ldap(text, at).map(|end| (end, "a SHA hash of a password")))?;
    // More of the same behind it: something else.
    if super::bytes::is(&CRYPT, byte(text, end)) && byte(text, end) != b'.' {
        return None;
    }
    let line = line(text, at, 4000);
    let statement = part(text, line.start..at).trim_ascii_start();
    let dump = statement
        .get(..11)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"INSERT INTO"))
        || statement.starts_with(b"(")
            && super::bytes::mentions(
                text,
                line.start.saturating_sub(4000)..line.start,
                "INSERT INTO",
            );
    Some(if dump {
        Token::new(
            &checks::DATABASE_DUMP,
            at..end,
            format!("{what} in a dump of a database"),
        )
    } else {
        Token::new(&checks::PASSWORD_HASH, at..end, what)
    })
}

/// Goes over `$`, or the `$$` that compose files write for it.
fn dollar(text: &[u8], at: usize) -> Option<usize> {
    if goes_on(text, at, b"$$") {
        return at.checked_add(2);
    }
    (byte(text, at) == b'$').then(|| at.saturating_add(1))
}

fn bcrypt(text: &[u8], at: usize) -> Option<usize> {
    let kind = dollar(text, at)?;
    if byte(text, kind) != b'2'
        || !matches!(
            byte(text, kind.saturating_add(1)),
            b'a' | b'b' | b'y' | b'x'
        )
    {
        return None;
    }
    let cost = dollar(text, kind.saturating_add(2))?;
    let after = run(text, cost, &DIGITS);
    let body = dollar(text, after)?;
    let end = run(text, body, &CRYPT);
    let fits = after.saturating_sub(cost) == 2 && end.saturating_sub(body) >= 53;
    let end = body.saturating_add(53);
    (fits && is_drawn(part(text, body..end))).then_some(end)
}

/// `$1$`, `$5$`, `$6$`, `$apr1$`, `$y$`: a salt, and a hash of the length that belongs to it.
fn sha_crypt(text: &[u8], at: usize) -> Option<(usize, &'static str)> {
    const KINDS: [(&[u8], usize, &str); 7] = [
        (b"$1$", 22, "an MD5 hash of a password (crypt)"),
        (b"$apr1$", 22, "an MD5 hash of a password (htpasswd)"),
        (b"$5$", 43, "a SHA-256 hash of a password (crypt)"),
        (b"$6$", 86, "a SHA-512 hash of a password (crypt)"),
        (b"$y$", 43, "a yescrypt hash of a password"),
        (b"$gy$", 43, "a yescrypt hash of a password"),
        (b"$7$", 43, "a scrypt hash of a password"),
    ];
    let (prefix, length, what) = KINDS
        .into_iter()
        .find(|(prefix, ..)| goes_on(text, at, prefix))?;
    let mut salt = at.checked_add(prefix.len())?;
    if goes_on(text, salt, b"rounds=") || prefix == b"$y$" || prefix == b"$gy$" {
        let parameters = run(text, salt, const { &class(b"A-Za-z0-9=./") });
        if byte(text, parameters) != b'$' {
            return None;
        }
        salt = parameters.saturating_add(1);
    }
    let salt_end = run(text, salt, &CRYPT);
    let body = salt_end.checked_add(1)?;
    let end = run(text, body, &CRYPT);
    let fits = byte(text, salt_end) == b'$'
        && (1..=86).contains(&salt_end.saturating_sub(salt))
        && end.saturating_sub(body) >= length;
    let end = body.saturating_add(length);
    (fits && is_drawn(part(text, body..end))).then_some((end, what))
}

fn argon2(text: &[u8], at: usize) -> Option<usize> {
    let kind = ["$argon2id$", "$argon2i$", "$argon2d$"]
        .iter()
        .find(|prefix| goes_on(text, at, prefix.as_bytes()))?;
    let mut from = at.checked_add(kind.len())?;
    let mut parts = 0;
    let set = const { &class(b"A-Za-z0-9+/=,.-") };
    let mut end = from;
    while parts < 4 {
        end = run(text, from, set);
        parts += 1;
        if byte(text, end) != b'$' {
            break;
        }
        from = end.saturating_add(1);
    }
    let last = part(text, from..end);
    let fits = (3..=4).contains(&parts) && last.len() >= 20 && is_drawn(last);
    fits.then_some(end)
}

fn django(text: &[u8], at: usize) -> Option<usize> {
    let prefix = [
        "pbkdf2_sha256$",
        "pbkdf2_sha1$",
        "bcrypt_sha256$",
        "pbkdf2_sha512$",
    ]
    .iter()
    .find(|prefix| goes_on(text, at, prefix.as_bytes()))?;
    let rounds = at.checked_add(prefix.len())?;
    let salt = run(text, rounds, &DIGITS);
    let salt_end = run(text, salt.saturating_add(1), const { &class(b"A-Za-z0-9") });
    let body = salt_end.checked_add(1)?;
    let end = run(text, body, const { &class(b"A-Za-z0-9+/=") });
    let fits = salt > rounds
        && byte(text, salt) == b'$'
        && byte(text, salt_end) == b'$'
        && end.saturating_sub(body) >= 28;
    (fits && is_drawn(part(text, body..end))).then_some(end)
}

/// `{SHA}` and `{SSHA}` with base64.
fn ldap(text: &[u8], at: usize) -> Option<usize> {
    let (prefix, least) = [
        ("{SHA}", 27),
        ("{SSHA}", 30),
        ("{SSHA512}", 90),
        ("{SHA512}", 86),
        ("{SSHA256}", 46),
    ]
    .into_iter()
    .find(|(prefix, _)| goes_on(text, at, prefix.as_bytes()))?;
    let body = at.checked_add(prefix.len())?;
    let end = run(text, body, &BASE64);
    let padded = run(text, end, const { &class(b"=") });
    (end.saturating_sub(body) >= least && is_drawn(part(text, body..end))).then_some(padded)
}
