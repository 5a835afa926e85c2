//! The structures of well-known files.

use std::ops::Range;

use super::{Kind, pairs};
use crate::audit::benign;
use crate::audit::checks;
use crate::audit::credentials::addresses;
use crate::audit::credentials::bytes::{CRYPT, is, is_drawn, part};
use crate::audit::credentials::frameworks;
use crate::audit::credentials::hashes as password_hashes;
use crate::audit::credentials::token::Token;
use crate::audit::finding::Confidence;

fn token(kind: &Kind, span: Range<usize>, name: &str, confidence: Confidence) -> Token {
    let message = if name.is_empty() {
        kind.what.to_owned()
    } else {
        format!("{} with a value for `{}`", kind.what, printable(name))
    };
    Token::new(kind.check, span, message).confidence(confidence)
}

/// A name for a message: short, and without anything that a terminal would obey.
fn printable(name: &str) -> String {
    let shown = name.chars().filter(|c| !c.is_control() && *c != '`');
    shown.take(60).collect()
}

/// Lines with their offsets.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0usize;
    text.split(|byte| *byte == b'\n').map(move |line| {
        let at = start;
        start = start.saturating_add(line.len()).saturating_add(1);
        (at, line.strip_suffix(b"\r").unwrap_or(line))
    })
}

/// `NAME=value` and `export NAME=value`, also `set -x NAME value`.
pub(super) fn env(kind: &Kind, text: &[u8], out: &mut Vec<Token>) {
    for (at, line) in lines(text) {
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        if let Some((name, value, offset)) = assignment(line)
            && let Some(confidence) = benign::judge(name, value)
        {
            let start = at.saturating_add(offset);
            out.push(token(
                kind,
                start..start.saturating_add(value.len()),
                name,
                confidence,
            ));
        }
    }
}

/// The name and the value of a line, and where the value begins.
fn assignment(line: &str) -> Option<(&str, &str, usize)> {
    let trimmed = line.trim_start();
    let trimmed = ["export ", "set -gx ", "set -x ", "declare -x ", "setenv "]
        .iter()
        .find_map(|word| trimmed.strip_prefix(word))
        .unwrap_or(trimmed)
        .trim_start();
    let end =
        trimmed.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')))?;
    let (name, rest) = trimmed.split_at_checked(end)?;
    let rest = rest.trim_start();
    let value = rest
        .strip_prefix('=')
        .or_else(|| (line.contains("set -") || line.contains("setenv ")).then_some(rest))?
        .trim();
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => {
            let inner = value.get(1..)?;
            inner.get(..inner.find(quote)?)?
        }
        // A comment behind it.
        _ => value.split(" #").next()?.trim_end(),
    };
    let offset = (value.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
    (!name.is_empty() && !value.is_empty()).then_some((name, value, offset))
}

/// As [`pairs`], and the keys of sessions.
pub(super) fn constants(kind: &Kind, text: &[u8], out: &mut Vec<Token>) {
    pairs(kind, text, out);
    for end in ["_KEY'", "_SALT'", "_KEY\"", "_SALT\"", "tionKey=\""] {
        for at in memchr::memmem::find_iter(text, end.as_bytes()) {
            out.extend(frameworks::at(text, at));
        }
    }
}

/// Names that say what they are only in their file.
fn is_name_of(kind: &Kind, name: &str) -> Option<&'static str> {
    let last = name
        .rsplit([':', '/', '.'])
        .next()
        .unwrap_or(name)
        .to_ascii_lowercase();
    match last.as_str() {
        "_authtoken" | "npmauthtoken" | "npmauthident" => Some("access_token"),
        "_auth" if kind.what.contains("npm") => Some("basic_auth"),
        "_password" => Some("password"),
        "cleartextpassword" | "imap_pass" | "smtp_pass" | "pass" => Some("password"),
        "proxy_auth" => Some("password"),
        "key" if kind.what.contains("s3") => Some("secret_key"),
        "master" | "oauth_token" | "access" | "refresh_token" | "accesstoken" | "refreshtoken" => {
            Some("access_token")
        }
        _ => None,
    }
}

/// INI, properties, JSON, YAML, `define('NAME', 'value')`, `<add key="..." value="..."/>`.
pub(super) fn pairs(kind: &Kind, text: &[u8], out: &mut Vec<Token>) {
    let mut key: Option<String> = None;
    for pair in pairs::of(text) {
        let name = match pair.name {
            // NuGet: the name is the value of `key`.
            "key" | "name" => {
                key = Some(pair.value.to_owned());
                if is_name_of(kind, pair.name).is_none() {
                    continue;
                }
                pair.name.to_owned()
            }
            "value" => match key.take() {
                Some(key) => key,
                None => continue,
            },
            other => other.to_owned(),
        };
        let judged = match is_name_of(kind, &name) {
            Some(known) => benign::judge(known, pair.value),
            None => benign::judge(simple(&name), pair.value),
        };
        if let Some(confidence) = judged {
            out.push(token(kind, pair.span, &name, confidence));
        }
    }
}

/// `//registry.npmjs.org/:_password` without the registry.
fn simple(name: &str) -> &str {
    name.rsplit([':', '/']).next().unwrap_or(name)
}

/// `<password>value</password>`, `<Pass encoding="base64">value</Pass>`.
pub(super) fn xml(kind: &Kind, text: &[u8], out: &mut Vec<Token>) {
    for open in memchr::memchr_iter(b'<', text) {
        let inside = part(
            text,
            open.saturating_add(1)..open.saturating_add(120).min(text.len()),
        );
        let Some(close) = memchr::memchr(b'>', inside) else {
            continue;
        };
        let tag = part(inside, 0..close);
        let name = tag.split(|byte| *byte == b' ').next().unwrap_or_default();
        let Ok(name) = std::str::from_utf8(name) else {
            continue;
        };
        let password = [
            "pass",
            "password",
            "passphrase",
            "privatekey",
            "secret",
            "token",
            "master",
        ]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known));
        if !password || tag.ends_with(b"/") {
            continue;
        }
        let start = open.saturating_add(close).saturating_add(2);
        let rest = part(text, start..start.saturating_add(4096).min(text.len()));
        let Some(length) = memchr::memchr(b'<', rest) else {
            continue;
        };
        let Ok(value) = std::str::from_utf8(part(rest, 0..length)) else {
            continue;
        };
        let judged = if memchr::memmem::find(tag, b"base64").is_some() {
            super::super::pem_lenient(value.as_bytes())
                .and_then(|bytes| benign::judge_password(std::str::from_utf8(&bytes).ok()?))
        } else {
            benign::judge_password(value)
        };
        if let Some(confidence) = judged {
            out.push(token(
                kind,
                start..start.saturating_add(length),
                name,
                confidence,
            ));
        }
    }
}

/// `password value`, wherever it stands among words.
pub(super) fn netrc(kind: &Kind, text: &[u8], out: &mut Vec<Token>) {
    let mut before = "";
    for (at, line) in lines(text) {
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        if line.trim_start().starts_with('#') {
            continue;
        }
        for word in line.split_whitespace() {
            let bare = word.trim_matches(['"', '\'', ',', ';']);
            let promised = matches!(
                before.trim_end_matches('=').to_ascii_lowercase().as_str(),
                "password" | "passwd" | "pass" | "account_password"
            );
            if promised && let Some(confidence) = benign::judge_password(bare) {
                let offset = (bare.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
                let start = at.saturating_add(offset);
                out.push(token(
                    kind,
                    start..start.saturating_add(bare.len()),
                    before,
                    confidence,
                ));
            }
            before = word;
        }
    }
}

/// Five fields; `\:` is a colon in one.
pub(super) fn pgpass(kind: &Kind, text: &[u8], out: &mut Vec<Token>) {
    for (at, line) in lines(text) {
        if line.starts_with(b"#") {
            continue;
        }
        let mut colons = Vec::new();
        let mut escaped = false;
        for (offset, byte) in line.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b':' => colons.push(offset),
                _ => {}
            }
        }
        let [_, _, _, last, ..] = colons.as_slice() else {
            continue;
        };
        let start = last.saturating_add(1);
        if let Ok(password) = std::str::from_utf8(part(line, start..line.len()))
            && let Some(confidence) = benign::judge_password(password)
        {
            let span = at.saturating_add(start)..at.saturating_add(line.len());
            out.push(token(kind, span, "", confidence));
        }
    }
}

/// `https://user:password@host`, or `id:secret`.
pub(super) fn urls(kind: &Kind, text: &[u8], out: &mut Vec<Token>) {
    for (at, line) in lines(text) {
        if let Some(scheme) = memchr::memmem::find(line, b"://") {
            if let Some(found) = addresses::url(text, at.saturating_add(scheme)) {
                let confidence = found.confidence;
                let value = found.secret(text).to_vec();
                out.push(token(kind, found.span, "", confidence).of(&value));
            }
        } else if kind.what.contains("s3fs")
            && let Some(colon) = memchr::memrchr(b':', line)
            && let Ok(secret) = std::str::from_utf8(part(line, colon.saturating_add(1)..line.len()))
            && let Some(confidence) = benign::judge("secret_key", secret)
        {
            let start = at.saturating_add(colon).saturating_add(1);
            out.push(token(
                kind,
                start..start.saturating_add(secret.len()),
                "",
                confidence,
            ));
        }
    }
}

/// `user:hash`: the forms that stand anywhere, and those that only a password file tells from words: DES and `{SHA}`.
pub(super) fn hashes(kind: &Kind, text: &[u8], out: &mut Vec<Token>) {
    for (at, line) in lines(text) {
        if line.starts_with(b"#") {
            continue;
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let start = at.saturating_add(colon).saturating_add(1);
        let field = part(line, colon.saturating_add(1)..line.len());
        let field = field.split(|byte| *byte == b':').next().unwrap_or_default();
        if let Some(found) = password_hashes::at(text, start) {
            out.push(
                Token::new(
                    &checks::PASSWORD_HASH,
                    found.span,
                    format!("{} in {}", found.message, kind.what),
                )
                .confidence(Confidence::Certain),
            );
        } else if field.len() == 13 && field.iter().all(|byte| is(&CRYPT, *byte)) && is_drawn(field)
        {
            let span = start..start.saturating_add(field.len());
            out.push(Token::new(
                &checks::PASSWORD_HASH,
                span,
                format!("a DES hash of a password in {}", kind.what),
            ));
        }
    }
}

/// All of the file is the secret.
pub(super) fn whole(kind: &Kind, text: &[u8], out: &mut Vec<Token>) {
    let secret = text.trim_ascii();
    let start = text.len().saturating_sub(text.trim_ascii_start().len());
    let single = (16..=512).contains(&secret.len()) && secret.iter().all(u8::is_ascii_graphic);
    if single && is_drawn(secret) && !benign::is_reference(&String::from_utf8_lossy(secret)) {
        let span = start..start.saturating_add(secret.len());
        out.push(token(kind, span, "", Confidence::Likely));
    }
}

/// Variables that were set, and passwords among the arguments of commands.
pub(super) fn history(kind: &Kind, text: &[u8], out: &mut Vec<Token>) {
    for (at, line) in lines(text) {
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        let mut words = line.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let value = if let Some((name, value)) = word.split_once('=') {
                let name = name.trim_start_matches('-');
                benign::judge(name, value).map(|confidence| (value, confidence))
            } else if matches!(
                word,
                "--password" | "--token" | "--api-key" | "--secret" | "--passwd"
            ) {
                let name = word.trim_start_matches('-');
                words
                    .peek()
                    .and_then(|value| Some((*value, benign::judge(name, value)?)))
            } else if word == "-u" && line.contains("curl") {
                words.peek().and_then(|pair| {
                    let (_, password) = pair.split_once(':')?;
                    Some((password, benign::judge_password(password)?))
                })
            } else if let Some(value) = word.strip_prefix("-p")
                && (line.contains("mysql") || line.contains("sshpass"))
            {
                benign::judge_password(value).map(|confidence| (value, confidence))
            } else {
                None
            };
            if let Some((value, confidence)) = value {
                let value = benign::bare(value);
                let offset = (value.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
                let start = at.saturating_add(offset);
                out.push(token(
                    kind,
                    start..start.saturating_add(value.len()),
                    "",
                    confidence,
                ));
            }
        }
    }
}

/// Nothing in it can be read here, and everything in it is a credential.
pub(super) fn opaque(kind: &Kind, text: &[u8], out: &mut Vec<Token>) {
    if text.len() > 16 {
        out.push(token(kind, 0..0, "", Confidence::Likely).of(text));
    }
}
