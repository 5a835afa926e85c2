//! Private keys in armour: PEM of all kinds, OpenSSH, PuTTY, PGP.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::bytes::{goes_on, line, mentions, part};
use super::token::Token;
use crate::audit::checks;
use crate::audit::finding::{Confidence, Severity};

/// The longest armoured key that is read: an RSA key of 16,384 bits has 12 KiB.
const MAX_ARMOUR: usize = 32 << 10;

pub(super) static LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The armour around `PRIVATE KEY` at an offset: the whole span and the body.
struct Armour {
    label: String,
    span: std::ops::Range<usize>,
    body: std::ops::Range<usize>,
    /// It has its last line.
    closed: bool,
}

/// The key whose first line has `PRIVATE KEY` at an offset; `None` where that only names one.
pub(super) fn private_key(text: &[u8], at: usize) -> Option<Token> {
    let armour = armour(text, at)?;
    let body = part(text, armour.body.clone());
    let read = Body::read(body);
    if !armour.closed && read.base64.len() < 40 {
        // `-----BEGIN PRIVATE KEY-----` as a pattern, in a program.
        return None;
    }
    let kind = match armour.label.as_str() {
        "" => "PKCS #8",
        "ENCRYPTED" => "encrypted PKCS #8",
        "OPENSSH" => "OpenSSH",
        "PGP" => "PGP",
        other => other,
    };
    let article = if kind.starts_with(['O', 'R', 'E', 'e', 'A']) {
        "an"
    } else {
        "a"
    };
    let token = Token::new(
        &checks::PRIVATE_KEY,
        armour.span.clone(),
        format!("{article} {kind} private key"),
    );
    let decoded = Zeroizing::new(LENIENT.decode(&*read.base64).unwrap_or_default());
    let token = match structure(&armour.label, &decoded, read.encrypted) {
        Some(Structure::Open) => token,
        Some(Structure::Locked) => token.severity(Severity::Medium).saying("with a passphrase"),
        None if read.base64.len() >= 64 && read.encrypted => token
            .severity(Severity::Medium)
            .confidence(Confidence::Likely)
            .saying("with a passphrase"),
        // Without a body it is the picture of a key; dots and words stand for one in documentation.
        None if read.base64.is_empty() && read.other == 0 => return None,
        // The two lines as patterns in a program.
        None if read.base64.len() < 16 && body.contains(&b'(') && body.contains(&b'"') => {
            return None;
        }
        None => token
            .confidence(Confidence::Possible)
            .saying("that is not whole"),
    };
    let token = describe(token, &armour, &decoded);
    let token = google(token, text, &armour);
    Some(token.of(if read.base64.is_empty() {
        body
    } else {
        &read.base64
    }))
}

fn armour(text: &[u8], at: usize) -> Option<Armour> {
    let begin = b"-----BEGIN ";
    let before = part(text, at.saturating_sub(48)..at);
    let opening = memchr::memmem::rfind(before, begin)?;
    let label = part(before, opening.saturating_add(begin.len())..before.len());
    if label.contains(&b'\n') || label.contains(&b'-') || label.len() > 24 {
        return None;
    }
    let label = std::str::from_utf8(label).ok()?.trim().to_owned();
    if !label
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ')
    {
        return None;
    }
    let start = at.saturating_sub(before.len().saturating_sub(opening));
    let mut from = at.checked_add("PRIVATE KEY".len())?;
    if goes_on(text, from, b" BLOCK") {
        from = from.saturating_add(6);
    }
    if !goes_on(text, from, b"-----") {
        return None;
    }
    from = from.saturating_add(5);
    let rest = part(text, from..from.saturating_add(MAX_ARMOUR).min(text.len()));
    // The end of this one, not of one behind another beginning.
    let end = memchr::memmem::find(rest, b"-----END ");
    let next = memchr::memmem::find(rest, begin);
    match end {
        Some(end) if next.is_none_or(|next| next > end) => {
            let closing = from.saturating_add(end);
            let tail = part(
                text,
                closing.saturating_add(9)..closing.saturating_add(64).min(text.len()),
            );
            let dashes = memchr::memmem::find(tail, b"-----").map_or(0, |n| n.saturating_add(5));
            Some(Armour {
                label,
                span: start
                    ..closing
                        .saturating_add(9)
                        .saturating_add(dashes)
                        .min(text.len()),
                body: from..closing,
                closed: true,
            })
        }
        _ => {
            let last = next.unwrap_or(rest.len());
            let length = rest
                .get(..last)
                .unwrap_or_default()
                .iter()
                .position(|byte| !(byte.is_ascii_alphanumeric() || b"+/=\\ \t\r\n".contains(byte)))
                .unwrap_or(last);
            Some(Armour {
                label,
                span: start..from.saturating_add(length),
                body: from..from.saturating_add(length),
                closed: false,
            })
        }
    }
}

/// What stands between the two lines.
struct Body {
    base64: Zeroizing<Vec<u8>>,
    /// Bytes that are no base64, such as the dots of an example.
    other: usize,
    /// Headers say that a passphrase protects it.
    encrypted: bool,
}

impl Body {
    /// Indented, quoted, with `\n` in place of line breaks, with headers (`Proc-Type`, `Version`), with the checksum
    /// of PGP: the lines of base64 in it.
    fn read(text: &[u8]) -> Self {
        let mut body = Body {
            base64: Zeroizing::new(Vec::with_capacity(text.len())),
            other: 0,
            encrypted: mentions(text, 0..text.len().min(400), "ENCRYPTED"),
        };
        let mut lines: Vec<&[u8]> = Vec::new();
        for line in text.split(|byte| *byte == b'\n') {
            let mut rest = line;
            while let Some(at) = memchr::memchr(b'\\', rest) {
                lines.push(part(rest, 0..at));
                let escape = rest.get(at.saturating_add(1)).copied().unwrap_or(b' ');
                let skip = match escape {
                    b'n' | b'r' | b't' => 2,
                    // Two backslashes: an escape in an escape.
                    _ => 1,
                };
                rest = rest.get(at.saturating_add(skip)..).unwrap_or_default();
            }
            lines.push(rest);
        }
        for line in lines {
            let line = line.trim_ascii();
            let line = line.strip_prefix(b"#").unwrap_or(line);
            let trimmed = trim(line, b" \t\r\"',;`|>");
            // The checksum of PGP armour, or a header.
            if trimmed.is_empty() || (trimmed.len() == 5 && trimmed.starts_with(b"=")) {
                continue;
            }
            if trimmed.contains(&b':') {
                continue;
            }
            if trimmed
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
            {
                body.base64.extend_from_slice(trimmed);
            } else {
                // PEM on one line: blanks in place of line breaks.
                let words = trimmed.split(|byte| *byte == b' ');
                for word in words {
                    if word.len() >= 16
                        && word
                            .iter()
                            .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
                    {
                        body.base64.extend_from_slice(word);
                    } else {
                        body.other += word.len();
                    }
                }
            }
        }
        body
    }
}

fn trim<'t>(mut line: &'t [u8], what: &[u8]) -> &'t [u8] {
    while let [first, rest @ ..] = line
        && what.contains(first)
    {
        line = rest;
    }
    while let [rest @ .., last] = line
        && what.contains(last)
    {
        line = rest;
    }
    line
}

enum Structure {
    Open,
    Locked,
}

/// The key that the bytes are, by their own structure.
fn structure(label: &str, decoded: &[u8], encrypted: bool) -> Option<Structure> {
    if let Some(rest) = decoded.strip_prefix(b"openssh-key-v1\0") {
        // A length of four bytes, and the name of the cipher.
        let open = rest.get(4..8)? == b"none" && rest.get(..4)? == [0, 0, 0, 4];
        return (decoded.len() > 80).then_some(if open {
            Structure::Open
        } else {
            Structure::Locked
        });
    }
    if label == "PGP" {
        let tag = match decoded.first()? {
            byte if byte & 0xc0 == 0xc0 => byte & 0x3f,
            byte if byte & 0x80 == 0x80 => (byte >> 2) & 0x0f,
            _ => return None,
        };
        // Secret keys and secret subkeys, RFC 9580.
        return (matches!(tag, 5 | 7) && decoded.len() > 60).then_some(Structure::Open);
    }
    if encrypted && label != "ENCRYPTED" {
        // RFC 1421: ciphertext has no structure.
        return None;
    }
    let (length, head) = match decoded.get(..4)? {
        [0x30, short @ ..=0x7f, ..] => (usize::from(*short), 2),
        [0x30, 0x81, length, ..] => (usize::from(*length), 3),
        [0x30, 0x82, high, low] => (usize::from(*high) << 8 | usize::from(*low), 4),
        _ => return None,
    };
    // All private keys begin with a version; the encrypted form with the names of its algorithms.
    let inner = *decoded.get(head)?;
    let whole = decoded.len() >= head.checked_add(length)? && length >= 32;
    match (whole, inner) {
        (true, 0x02) => Some(Structure::Open),
        (true, 0x30) => Some(Structure::Locked),
        _ => None,
    }
}

/// Says whose key it is: the fingerprint of the public half of an OpenSSH key.
fn describe(token: Token, armour: &Armour, decoded: &[u8]) -> Token {
    if armour.label != "OPENSSH" {
        return token;
    }
    let fingerprint = || {
        // Magic, cipher, derivation, its options, the number of keys, the public key.
        let mut rest = decoded.strip_prefix(b"openssh-key-v1\0")?;
        for _ in 0..3 {
            rest = field(rest)?.1;
        }
        let (public, _) = field(rest.get(4..)?)?;
        let (kind, _) = field(public)?;
        let kind = std::str::from_utf8(kind).ok()?;
        let known = kind.len() < 50 && kind.bytes().all(|b| b.is_ascii_graphic());
        let digest =
            base64::engine::general_purpose::STANDARD_NO_PAD.encode(Sha256::digest(public));
        known.then(|| format!("({kind}, SHA256:{digest})"))
    };
    match fingerprint() {
        Some(fingerprint) => token.saying(&fingerprint),
        None => token,
    }
}

fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    bytes
        .get(4..)?
        .split_at_checked(usize::try_from(u32::from_be_bytes(length)).ok()?)
}

/// The private key inside the file of a service account of Google.
fn google(mut token: Token, text: &[u8], armour: &Armour) -> Token {
    let start = armour.span.start;
    let field = mentions(text, start.saturating_sub(30)..start, "private_key");
    let from = start.saturating_sub(2000);
    let to = armour.span.end.saturating_add(2000).min(text.len());
    if field && memchr::memmem::find(part(text, from..to), b"service_account").is_some() {
        token.check = &checks::GOOGLE_CREDENTIALS;
        token.message = match token.confidence {
            Confidence::Possible => "the key of a service account of Google that is not whole",
            _ => "the key of a service account of Google",
        }
        .to_owned();
    }
    token
}

impl Token {
    fn saying(mut self, more: &str) -> Self {
        self.message = format!("{} {more}", self.message);
        self
    }
}

/// `PuTTY-User-Key-File-`.
pub(super) fn putty(text: &[u8], at: usize) -> Option<Token> {
    let head = part(text, at..at.saturating_add(600).min(text.len()));
    let encryption = memchr::memmem::find(head, b"Encryption: ")?;
    let locked = !goes_on(head, encryption.saturating_add(12), b"none");
    let private = memchr::memmem::find(
        part(text, at..at.saturating_add(MAX_ARMOUR)),
        b"Private-Lines: ",
    )
    .or_else(|| memchr::memmem::find(text.get(at..)?, b"Private-Lines: "))?;
    let first = at.saturating_add(private);
    let after = line(text, first, 200).end;
    let mut end = after;
    for line in part(
        text,
        after..text.len().min(after.saturating_add(MAX_ARMOUR)),
    )
    .split(|byte| *byte == b'\n')
    {
        if line.contains(&b':') {
            break;
        }
        end = end.saturating_add(line.len()).saturating_add(1);
    }
    let end = end.min(text.len());
    let key = part(text, after..end).trim_ascii();
    if key.len() < 40 {
        return None;
    }
    let token = Token::new(&checks::PRIVATE_KEY, at..end, "a PuTTY private key").of(key);
    Some(if locked {
        token.severity(Severity::Medium).saying("with a passphrase")
    } else {
        token
    })
}
