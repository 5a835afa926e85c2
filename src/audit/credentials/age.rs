//! Identities of age.

use super::bytes::{UPPER, class, part, run};
use super::token::Token;
use crate::audit::checks;
use crate::audit::finding::{Confidence, Severity};
use crate::keys::Identity;

/// `AGE-SECRET-KEY-1...` and `AGE-SECRET-KEY-PQ-1...`; certain when its checksum holds.
pub(super) fn identity(text: &[u8], at: usize) -> Option<Token> {
    let prefix = "AGE-SECRET-KEY-".len();
    let mut start = at.checked_add(prefix)?;
    if part(text, start..start.saturating_add(3)) == b"PQ-" {
        start = start.saturating_add(3);
    }
    let end = run(text, start, &UPPER);
    let body = part(text, start..end);
    let word = std::str::from_utf8(part(text, at..end)).ok()?;
    if !body.starts_with(b"1") || body.len() < 40 {
        return None;
    }
    let token = |message: String| Token::new(&checks::AGE_IDENTITY, at..end, message);
    match Identity::parse(word) {
        Ok(identity) => {
            let recipient = identity.recipient().unwrap_or_default();
            Some(token(format!(
                "the age identity of the recipient {}",
                crate::keys::shorten(recipient)
            )))
        }
        Err(_) => {
            let bech32 =
                |byte: &u8| byte.is_ascii_digit() || b"ACDEFGHJKLMNPQRSTUVWXYZ".contains(byte);
            let mut seen: Vec<u8> = body.to_vec();
            seen.sort_unstable();
            seen.dedup();
            (seen.len() >= 12 && body.iter().all(bech32)).then(|| {
                token("an age identity whose checksum does not hold".to_owned())
                    .confidence(Confidence::Possible)
            })
        }
    }
}

/// `AGE-PLUGIN-NAME-1...`: what it opens depends on the plugin, mostly on hardware as well.
pub(super) fn plugin(text: &[u8], at: usize) -> Option<Token> {
    let end = run(text, at, const { &class(b"A-Z0-9-") });
    let word = std::str::from_utf8(part(text, at..end)).ok()?;
    Identity::parse(word).ok()?;
    let (name, _) = word.strip_prefix("AGE-PLUGIN-")?.rsplit_once("-1")?;
    Some(
        Token::new(
            &checks::AGE_IDENTITY,
            at..end,
            format!("an identity of age-plugin-{}", name.to_ascii_lowercase()),
        )
        .severity(Severity::Medium),
    )
}
