//! What stands in a Secret and gives little away by its looks and its key: settings, names of users, and
//! samples that say that they are some. None of it is hidden; it is only possible.

use base64::Engine as _;
use zeroize::Zeroizing;

use super::super::benign;
use super::super::subject::Parsed;
use super::secrets::{State, Value, is_harmless};
use crate::document::Format;
use crate::document::tree::NodeKind;
use crate::sops::walk::key_text;

/// A value, by its looks and its key, is a setting or a sample.
pub(super) fn is_setting(key: &str, state: &State) -> bool {
    let Some(text) = plain_text(state) else {
        return false;
    };
    let is_port = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_host = ["localhost", ".svc", ".svc.cluster.local"]
        .iter()
        .any(|end| text.ends_with(end))
        && !text.contains(['@', '=', ' ']);
    // `postgres://${USER}:${PASSWORD}@host`: the secret is elsewhere.
    let is_composed = text.contains("${") && text.contains('}');
    is_composed
        || ((is_port || is_host || is_named_setting(key, text)) && !benign::is_credential_name(key))
        || is_sample_sentence(text)
        || is_sample_name(text)
        || is_sample_document(text)
}

/// A value is the name of a user, by its looks and its key.
pub(super) fn is_user_name(key: &str, state: &State) -> bool {
    const LONGEST: usize = 64;
    let Some(text) = plain_text(state) else {
        return false;
    };
    let is_one = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@');
    matches!(
        last_word(key).as_str(),
        "username" | "user" | "login" | "email"
    ) && text.len() <= LONGEST
        && text.chars().all(is_one)
        && !text.split(['.', '@']).any(benign::is_random)
        && !benign::is_random(text)
}

/// Makes the user names of a Secret settings if all that it has beside them gives nothing away: one opens
/// nothing without a password.
pub(super) fn settle_user_names(values: &mut [Value]) {
    let gives_away = |value: &Value| {
        matches!(value.state, State::Plain(_)) && !value.is_user_name && !value.is_setting
    };
    let is_held_back = |value: &Value| !matches!(value.state, State::Plain(_));
    if values.iter().any(gives_away) || !values.iter().any(is_held_back) {
        return;
    }
    for value in values {
        value.is_setting |= value.is_user_name;
    }
}

fn plain_text(state: &State) -> Option<&str> {
    match state {
        State::Plain(value) => std::str::from_utf8(value).ok().map(str::trim),
        _ => None,
    }
}

fn last_word(key: &str) -> String {
    benign::words_of(key).pop().unwrap_or_default()
}

/// `url`, `type`, `namespace`, `passwordMtime`, with a value that is what the key says.
fn is_named_setting(key: &str, text: &str) -> bool {
    let is_date = || {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte))
            && text.contains('-')
    };
    match last_word(key).as_str() {
        // The address of a webhook is its key.
        "url" | "uri" | "server" | "address" | "endpoint" => {
            !key.to_ascii_lowercase().contains("hook") && is_plain_address(text)
        }
        "mtime" => is_date(),
        _ if matches!(key, "type" | "name" | "project" | "namespace") => {
            text.split(['-', '.', '/']).all(is_plain_word)
        }
        _ => false,
    }
}

/// An address made of words, without a user (but for `git`), a query or anything that could be a key.
fn is_plain_address(text: &str) -> bool {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, text),
    };
    let rest_of_git = rest.strip_prefix("git@");
    let rest = rest_of_git.unwrap_or(rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let is_port = |part: &str| part.len() <= 5 && part.bytes().all(|byte| byte.is_ascii_digit());
    let host = match host.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        _ => host,
    };
    let is_address = scheme.is_some() || rest_of_git.is_some() || host.contains('.');
    let is_word = |part: &str| is_plain_word(part) || is_octet(part);
    is_address
        && scheme.is_none_or(|scheme| scheme.bytes().all(|b| b.is_ascii_lowercase() || b == b'+'))
        && !host.is_empty()
        // `git@host:owner/name`
        && host.split(['.', '-', ':']).all(is_word)
        && path
            .split('/')
            .all(|part| part.is_empty() || part.split(['-', '_', '.']).all(is_plain_word))
}

fn is_octet(part: &str) -> bool {
    part.parse::<u8>().is_ok()
}

/// A word that can be said, or a short one, with few digits behind it.
fn is_plain_word(part: &str) -> bool {
    let stem = part.trim_end_matches(|c: char| c.is_ascii_digit());
    part == "k8s"
        || (part.len() - stem.len() <= 2
            && !stem.is_empty()
            && stem.bytes().all(|byte| byte.is_ascii_alphabetic())
            && benign::words_of(stem)
                .iter()
                .all(|word| word.len() <= 3 || benign::is_wordlike(word)))
}

/// `shhh! it's a webhook secret`
fn is_sample_sentence(text: &str) -> bool {
    if text.len() > 200 || text.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let words = benign::words_of(text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let says_so =
        |three: &[&str]| matches!(three, ["it", "s", "a" | "an"] | ["this", "is", "a" | "an"]);
    words.len() >= 4
        && words.windows(3).any(says_so)
        && matches!(
            words.last().copied(),
            Some("secret" | "password" | "token" | "key")
        )
}

/// `my-service-principal-client-id`, `the-username-for-the-store`
fn is_sample_name(text: &str) -> bool {
    const WHAT: [&str; 8] = [
        "username",
        "user",
        "password",
        "secret",
        "token",
        "key",
        "id",
        "credentials",
    ];
    let parts: Vec<&str> = text.split(['-', '_']).collect();
    let is_word = |part: &&str| {
        part.bytes().all(|byte| byte.is_ascii_lowercase()) && benign::is_wordlike(part)
    };
    parts.len() >= 3
        && text.len() <= 200
        && matches!(parts.first(), Some(&("my" | "your" | "the" | "some")))
        && parts.iter().all(is_word)
        && parts.iter().any(|part| WHAT.contains(part))
}

/// A JSON document, or one in base64, that has placeholders where its credentials would be, or hardly
/// anything but placeholders.
fn is_sample_document(text: &str) -> bool {
    /// Real ones are short; samples are as well.
    const LONGEST: usize = 64 << 10;
    if text.len() > LONGEST {
        return false;
    }
    if text.starts_with('{') {
        return has_placeholders_only(text);
    }
    // A brace, and a quote, a blank or a break behind it.
    if !["ey", "ew"].iter().any(|start| text.starts_with(start)) {
        return false;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(text);
    decoded
        .ok()
        .map(Zeroizing::new)
        .and_then(|bytes| std::str::from_utf8(&bytes).ok().map(has_placeholders_only))
        .unwrap_or(false)
}

fn has_placeholders_only(text: &str) -> bool {
    let Some(parsed) = Parsed::new(text.as_bytes(), Format::Json) else {
        return false;
    };
    let [document] = parsed.documents.as_slice() else {
        return false;
    };
    if parsed.error.is_some() {
        return false;
    }
    let source = &parsed.source;
    let (mut leaves, mut samples, mut named) = (0usize, 0usize, 0usize);
    let mut open: Vec<(_, &str)> = document.root().map(|root| (root, "")).into_iter().collect();
    while let Some((node, key)) = open.pop() {
        match document.kind(node) {
            NodeKind::Mapping { .. } => {
                for (key, value) in document.entries(node) {
                    open.push((value, key_text(document, source, key)));
                }
            }
            NodeKind::Sequence { .. } => open.extend(document.children(node).map(|n| (n, key))),
            NodeKind::Scalar(_) => {
                let value = document.scalar_text(node, source.text).trim();
                if matches!(value, "" | "true" | "false" | "null") {
                    continue;
                }
                leaves += 1;
                let is_credential = benign::is_credential_name(key);
                if is_harmless(value) {
                    samples += 1;
                    named += usize::from(is_credential);
                } else if is_credential || may_be_secret(value) {
                    return false;
                }
            }
            _ => return false,
        }
    }
    named > 0 || (samples >= 2 && samples * 3 >= leaves * 2)
}

/// A value may be a secret whatever its name.
fn may_be_secret(value: &str) -> bool {
    value.contains("-----BEGIN ")
        || benign::password_in(value).is_some()
        || benign::is_random(value) && !value.contains("://")
        || value
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(benign::is_random)
}
