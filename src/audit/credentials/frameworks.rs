//! Secrets of application frameworks, in their settings and sources.

use super::assigned::{name_around, stands_alone, value};
use super::bytes::{byte, is_drawn, mentions, part};
use super::token::Token;
use crate::audit::benign;
use crate::audit::checks;
use crate::audit::finding::Confidence;

const NAMES: &[(&str, &str)] = &[
    ("secret_key_base", "the secret key base of Rails"),
    ("SECRET_KEY_BASE", "the secret key base of Rails or Phoenix"),
    ("SECRET_KEY", "the secret key of Django or Flask"),
    ("APP_KEY", "the application key of Laravel"),
    ("APP_SECRET", "the application secret of Symfony"),
    ("NEXTAUTH_SECRET", "the secret of NextAuth"),
    ("JWT_SECRET", "a secret that signs JSON Web Tokens"),
    ("AUTH_KEY", "a key of WordPress"),
    ("SECURE_AUTH_KEY", "a key of WordPress"),
    ("LOGGED_IN_KEY", "a key of WordPress"),
    ("NONCE_KEY", "a key of WordPress"),
    ("AUTH_SALT", "a salt of WordPress"),
    ("SECURE_AUTH_SALT", "a salt of WordPress"),
    ("LOGGED_IN_SALT", "a salt of WordPress"),
    ("NONCE_SALT", "a salt of WordPress"),
    ("validationKey", "the machine key of ASP.NET"),
    ("decryptionKey", "the machine key of ASP.NET"),
];

/// How far behind its `apiVersion` a manifest is still known as one.
const MANIFEST: usize = 32 << 10;

/// The secret behind one of the names, which stands around an offset.
pub(super) fn at(text: &[u8], at: usize) -> Option<Token> {
    let name = name_around(text, at);
    if !stands_alone(text, &name) {
        return None;
    }
    let word = std::str::from_utf8(part(text, name.clone())).ok()?;
    let (known, what) = NAMES
        .iter()
        .filter(|(known, _)| {
            word == *known
                || word
                    .strip_suffix(known)
                    .is_some_and(|rest| rest.ends_with('_'))
        })
        .max_by_key(|(known, _)| known.len())?;
    // Many have a `SECRET_KEY` of their own: `AMPLITUDE_SECRET_KEY`.
    let is_of_another =
        word != *known && !["DJANGO", "FLASK"].iter().any(|owner| word.contains(owner));
    let what = match *known {
        "SECRET_KEY" if is_of_another => "a secret key",
        _ => what,
    };
    // WordPress has them only in `define('AUTH_KEY', '...')`.
    let wordpress = what.ends_with("WordPress");
    if wordpress && !mentions(text, name.start.saturating_sub(10)..name.start, "define") {
        return None;
    }
    let span = value(text, name.end)?;
    let secret = std::str::from_utf8(part(text, span.clone())).ok()?;
    if benign::is_reference(secret)
        || benign::is_placeholder(secret)
        || benign::is_ciphertext(secret)
    {
        return None;
    }
    let quoted = matches!(byte(text, span.end), b'"' | b'\'' | b'`');
    let code = !quoted && (secret.contains('(') || secret.contains('.'));
    if code || secret.len() < 12 {
        return None;
    }
    // In manifests, names and values of variables are what the checks of manifests look at.
    let before = part(text, name.start.saturating_sub(MANIFEST)..name.start);
    if memchr::memmem::find(before, b"apiVersion:").is_some() {
        return None;
    }
    let token = Token::new(&checks::FRAMEWORK_SECRET, span, what);
    let laravel = *known == "APP_KEY";
    if laravel && !secret.starts_with("base64:") {
        return None;
    }
    let insecure = secret.starts_with("django-insecure-");
    let drawn = is_drawn(secret.as_bytes())
        && (benign::is_random(secret) || wordpress || secret.len() >= 32);
    Some(if drawn && !insecure {
        token
    } else {
        token.confidence(Confidence::Possible)
    })
}
