//! Documents with a structure of their own: Docker configurations and kubeconfigs, also within other texts.

use std::ops::Range;

use zeroize::Zeroizing;

use super::assigned::{stands_alone, value};
use super::bytes::{byte, goes_on, is_drawn, part};
use super::pem_lenient;
use super::token::Token;
use crate::audit::benign;
use crate::audit::checks;
use crate::audit::finding::Confidence;

/// The longest `auths` object that is read.
const MAX_OBJECT: usize = 64 << 10;

/// The text may be, or have in it, a document that this room knows. Whether it is one can depend on where it
/// begins and ends.
pub(super) fn may_be(text: &[u8]) -> bool {
    let has = |mark: &str| memchr::memmem::find(text, mark.as_bytes()).is_some();
    has("\"auth") || has("client-key-data") || is_kubeconfig(text)
}

/// At each `"auth` and `"auths`: the user names and passwords of registries, in base64 or beside it.
pub(super) fn docker(text: &[u8], out: &mut Vec<Token>) {
    let mut end = 0usize;
    for at in memchr::memmem::find_iter(text, b"\"auth") {
        if !goes_on(text, at, b"\"auths") {
            auth(text, at, out);
        } else if at >= end {
            end = passwords_of_auths(text, at, out);
        }
    }
}

fn auth(text: &[u8], at: usize, out: &mut Vec<Token>) {
    let name = at.saturating_add(1)..at.saturating_add(5);
    if !matches!(byte(text, name.end), b'"' | b'\\') {
        return;
    }
    let Some(span) = value(text, name.end) else {
        return;
    };
    let Some(decoded) = pem_lenient(part(text, span.clone())) else {
        return;
    };
    let Ok(pair) = std::str::from_utf8(&decoded) else {
        return;
    };
    let Some((user, password)) = pair.trim().split_once(':') else {
        return;
    };
    let printable = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    if printable(user) && printable(password) {
        registry(span, user, password, out);
    }
}

/// A password is one here whatever it looks like, if it does not only stand for one.
fn registry(span: Range<usize>, user: &str, password: &str, out: &mut Vec<Token>) {
    if benign::is_reference(password)
        || benign::is_ciphertext(password)
        || benign::is_placeholder(password)
    {
        return;
    }
    let sample = ["user", "username", "test", "foo"].contains(&user) && password.len() < 10;
    let weak = sample || benign::judge_password(password).is_none();
    out.push(
        Token::new(
            &checks::DOCKER_AUTH,
            span,
            "user name and password of a container registry",
        )
        .of(password.as_bytes())
        .confidence(if weak {
            Confidence::Possible
        } else {
            Confidence::Certain
        }),
    );
}

/// Returns where the object ends.
fn passwords_of_auths(text: &[u8], at: usize, out: &mut Vec<Token>) -> usize {
    let rest = part(text, at..at.saturating_add(MAX_OBJECT).min(text.len()));
    let Some(open) = memchr::memchr(b'{', rest).filter(|open| *open < 40) else {
        return at;
    };
    let mut depth = 0usize;
    let mut end = rest.len();
    for (offset, byte) in rest.iter().enumerate().skip(open) {
        match byte {
            b'{' => depth = depth.saturating_add(1),
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    end = offset;
                    break;
                }
            }
            _ => {}
        }
    }
    let object = part(rest, 0..end);
    for name in ["password", "identitytoken", "registrytoken"] {
        for found in memchr::memmem::find_iter(object, name.as_bytes()) {
            let start = at.saturating_add(found);
            let range = start..start.saturating_add(name.len());
            let quoted = start
                .checked_sub(1)
                .is_some_and(|before| byte(text, before) == b'"');
            if !quoted || !stands_alone(text, &range) {
                continue;
            }
            if let Some(span) = value(text, range.end)
                && let Ok(password) = std::str::from_utf8(part(text, span.clone()))
            {
                registry(span, "", password, out);
            }
        }
    }
    at.saturating_add(end)
}

/// Whether the text has a document of the kind Config of the client: in YAML or JSON.
fn is_kubeconfig(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"kind").any(|at| {
        value(text, at.saturating_add(4)).is_some_and(|span| part(text, span) == b"Config")
    }) && memchr::memmem::find(text, b"users").is_some()
}

/// The credentials of a kubeconfig: client keys, tokens and passwords of its users.
pub(super) fn kubeconfig(text: &[u8], out: &mut Vec<Token>) {
    users_of(text, is_kubeconfig(text), out);
}

/// As [`kubeconfig`], in a file that has the name of one.
pub(super) fn named_kubeconfig(text: &[u8], out: &mut Vec<Token>) {
    let has_users = memchr::memmem::find(text, b"users").is_some();
    users_of(text, has_users, out);
}

fn users_of(text: &[u8], config: bool, out: &mut Vec<Token>) {
    for (name, what) in [
        ("client-key-data", "the client key of a kubeconfig"),
        ("token", "the token of a kubeconfig"),
        ("password", "the password of a kubeconfig"),
        ("access-token", "the access token of a kubeconfig"),
        ("refresh-token", "the refresh token of a kubeconfig"),
        ("id-token", "the id token of a kubeconfig"),
    ] {
        if !config && name != "client-key-data" {
            continue;
        }
        for start in memchr::memmem::find_iter(text, name.as_bytes()) {
            let range = start..start.saturating_add(name.len());
            if !stands_alone(text, &range) {
                continue;
            }
            let Some(span) = value(text, range.end) else {
                continue;
            };
            let raw = part(text, span.clone());
            let Ok(shown) = std::str::from_utf8(raw) else {
                continue;
            };
            if benign::is_reference(shown)
                || benign::is_placeholder(shown)
                || benign::is_ciphertext(shown)
            {
                continue;
            }
            let token = Token::new(&checks::KUBECONFIG, span, what);
            if name == "client-key-data" {
                if let Some(decoded) = pem_lenient(raw)
                    && memchr::memmem::find(&decoded, b"PRIVATE KEY").is_some()
                {
                    out.push(token.of(&decoded));
                }
            } else if name == "password" {
                if benign::judge_password(shown) == Some(Confidence::Likely) {
                    out.push(token);
                } else if shown.len() >= 3 {
                    out.push(token.confidence(Confidence::Possible));
                }
            } else if shown.len() >= 16 && is_drawn(raw) {
                out.push(token);
            } else if shown.len() >= 8 {
                out.push(token.confidence(Confidence::Possible));
            }
        }
    }
}

/// The text behind base64, if it is one.
pub(super) fn lenient(encoded: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    use base64::Engine as _;
    let clean: Zeroizing<Vec<u8>> = Zeroizing::new(
        encoded
            .iter()
            .filter(|byte| !byte.is_ascii_whitespace())
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                other => *other,
            })
            .collect(),
    );
    if clean.len() < 4 {
        return None;
    }
    super::pem::LENIENT.decode(&*clean).ok().map(Zeroizing::new)
}
