//! SSH keys as age recipients and identities: `ssh-ed25519` and `ssh-rsa`.
//!
//! The age crate's SSH parser panics on an RSA number that is a run of zero bytes, so the SSH wire
//! format (RFC 4251, section 5) is checked here before it sees a key.

use age::ssh::{EncryptedKey, Identity, ParseRecipientKeyError, UnsupportedKey};
use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

/// The longest private key file that is read, in bytes; RSA with 16384 bits has 13 KB.
pub(super) const MAX_KEY_FILE: usize = 64 * 1024;

const ED25519: &str = "ssh-ed25519";
const RSA: &str = "ssh-rsa";

/// The text of a public key without its comment; `None` for what is no SSH key.
pub(super) fn without_comment(text: &str) -> Option<String> {
    let mut words = text.split_ascii_whitespace();
    let (kind, blob) = (words.next()?, words.next()?);
    kind.starts_with("ssh-").then(|| format!("{kind} {blob}"))
}

/// Parses a line of an `authorized_keys` file without options.
pub(super) fn parse_public(line: &str) -> Result<age::ssh::Recipient, String> {
    let text = without_comment(line).ok_or("it is not an SSH public key")?;
    let (kind, blob) = text.split_once(' ').ok_or("it is not an SSH public key")?;
    if kind != ED25519 && kind != RSA {
        return Err(unsupported_type(kind));
    }
    let blob = BASE64_STANDARD
        .decode(blob)
        .map_err(|_| "its second word is not base64 text")?;
    if !is_public_blob(&blob, Some(kind)) {
        return Err("it is not a valid SSH public key: cut off or changed".into());
    }
    let recipient: age::ssh::Recipient = text.parse().map_err(|e| recipient_reason(&e))?;
    match &recipient {
        // Everybody knows the shared secret with such a key.
        age::ssh::Recipient::SshEd25519(_, point) if point.is_small_order() => {
            Err("it is a point that no private key belongs to".into())
        }
        _ => Ok(recipient),
    }
}

fn recipient_reason(error: &ParseRecipientKeyError) -> String {
    match error {
        ParseRecipientKeyError::RsaModulusTooLarge => {
            "it is an RSA key of more than 4096 bits".into()
        }
        ParseRecipientKeyError::RsaModulusTooSmall => {
            "it is an RSA key of less than 2048 bits, which is weak".into()
        }
        ParseRecipientKeyError::Unsupported(kind) => unsupported_type(kind),
        _ => "it is not a valid SSH public key: cut off or changed".into(),
    }
}

fn unsupported_type(kind: &str) -> String {
    // The type comes out of the key and may be anything.
    let kind: String = kind
        .chars()
        .filter(char::is_ascii_graphic)
        .take(40)
        .collect();
    if kind.starts_with("sk-") {
        return format!("its type is {kind}: a hardware key cannot decrypt for age");
    }
    format!("its type is {kind}: age takes ssh-ed25519 and ssh-rsa")
}

/// A private key.
pub(super) enum Private {
    /// Ready to use, with its public key.
    Open(Box<Identity>, String),
    /// Encrypted with a passphrase, with its public key.
    Locked(Box<EncryptedKey>, String),
}

/// Parses a private key file; a failure is a reason without any of the file in it.
pub(super) fn parse_private(file: &[u8]) -> Result<Private, String> {
    if file.len() > MAX_KEY_FILE {
        return Err(format!("it is longer than {} KiB", MAX_KEY_FILE / 1024));
    }
    let text = std::str::from_utf8(file).map_err(|_| "it is not a text file")?;
    let Some(start) = text.find("-----BEGIN ") else {
        let public = text.trim_start().starts_with("ssh-");
        return Err(if public {
            "it is a public key"
        } else {
            "it is not an SSH private key"
        }
        .into());
    };
    let pem = text.get(start..).unwrap_or_default();
    if pem.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") {
        check_openssh(pem).ok_or("it is damaged")?;
    } else if !pem.starts_with("-----BEGIN RSA PRIVATE KEY-----") {
        return Err("it is not in the OpenSSH form; `ssh-keygen -p -f FILE` converts it".into());
    }
    match Identity::from_buffer(pem.as_bytes(), None).map_err(|_| "it is damaged")? {
        Identity::Unsupported(kind) => Err(match kind {
            UnsupportedKey::EncryptedPem => {
                "it is encrypted in the old PEM form; `ssh-keygen -p -f FILE` converts it".into()
            }
            UnsupportedKey::EncryptedSsh(_) => {
                "it is encrypted with a cipher that is not supported".into()
            }
            UnsupportedKey::Hardware(kind) | UnsupportedKey::Type(kind) => unsupported_type(&kind),
        }),
        identity => {
            let public = age::ssh::Recipient::try_from(identity.clone())
                .map_err(|e| recipient_reason(&e))?;
            Ok(match identity {
                Identity::Encrypted(key) => Private::Locked(Box::new(key), public.to_string()),
                open => Private::Open(Box::new(open), public.to_string()),
            })
        }
    }
}

/// Checks the numbers in an OpenSSH private key (OpenSSH's `PROTOCOL.key`) as far as it is readable
/// without a passphrase.
fn check_openssh(pem: &str) -> Option<()> {
    let body = pem
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with("-----END "));
    let base64 = Zeroizing::new(
        body.flat_map(|line| line.trim().bytes())
            .collect::<Vec<u8>>(),
    );
    let file = Zeroizing::new(BASE64_STANDARD.decode(&*base64).ok()?);
    let mut rest = file.strip_prefix(b"openssh-key-v1\0")?;
    let cipher = string(&mut rest)?;
    let (_kdf, _options) = (string(&mut rest)?, string(&mut rest)?);
    rest = rest.get(4..)?;
    let public = string(&mut rest)?;
    if !is_public_blob(public, None) {
        return None;
    }
    if cipher == b"none" {
        let mut private = string(&mut rest)?.get(8..)?;
        if string(&mut private)? == RSA.as_bytes() {
            (0..6).try_for_each(|_| mpint(&mut private))?;
        }
    }
    Some(())
}

/// Whether the wire form of a public key is well-formed; of other types than RSA and Ed25519, only
/// that it has a type.
fn is_public_blob(mut blob: &[u8], expected: Option<&str>) -> bool {
    let Some(kind) = string(&mut blob) else {
        return false;
    };
    if expected.is_some_and(|expected| expected.as_bytes() != kind) {
        return false;
    }
    let read = match kind {
        b"ssh-rsa" => mpint(&mut blob).and_then(|()| mpint(&mut blob)),
        b"ssh-ed25519" => string(&mut blob).filter(|key| key.len() == 32).map(drop),
        _ => return true,
    };
    read.is_some() && blob.is_empty()
}

/// Takes an SSH `string` off the front.
fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_first_chunk::<4>()?;
    let (value, tail) =
        tail.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    *rest = tail;
    Some(value)
}

/// Takes an SSH `mpint` off the front; `None` for the zeros the age crate panics on.
fn mpint(rest: &mut &[u8]) -> Option<()> {
    let number = string(rest)?;
    number.iter().any(|byte| *byte != 0).then_some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const ED25519_KEY: &str = include_str!("../../testdata/keys/ssh_ed25519");
    const ED25519_PUB: &str = include_str!("../../testdata/keys/ssh_ed25519.pub");
    const LOCKED_KEY: &str = include_str!("../../testdata/keys/ssh_ed25519_locked");
    const LOCKED_PUB: &str = include_str!("../../testdata/keys/ssh_ed25519_locked.pub");
    const RSA_KEY: &str = include_str!("../../testdata/keys/ssh_rsa");
    const RSA_PUB: &str = include_str!("../../testdata/keys/ssh_rsa.pub");
    const PEM_KEY: &str = include_str!("../../testdata/keys/ssh_rsa_pem");
    const PEM_PUB: &str = include_str!("../../testdata/keys/ssh_rsa_pem.pub");

    fn wire(parts: &[&[u8]]) -> Vec<u8> {
        parts
            .iter()
            .flat_map(|part| [&(part.len() as u32).to_be_bytes()[..], part].concat())
            .collect()
    }

    fn public(kind: &str, blob: &[u8]) -> Result<age::ssh::Recipient, String> {
        parse_public(&format!("{kind} {}", BASE64_STANDARD.encode(blob)))
    }

    fn problem(file: &str) -> String {
        parse_private(file.as_bytes()).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_private_key_says_its_public_key() {
        for (key, public) in [
            (ED25519_KEY, ED25519_PUB),
            (RSA_KEY, RSA_PUB),
            (PEM_KEY, PEM_PUB),
        ] {
            let Private::Open(_, text) = parse_private(key.as_bytes()).unwrap() else {
                panic!("locked")
            };
            assert_eq!(text, without_comment(public).unwrap());
            assert_eq!(text, parse_public(public).unwrap().to_string());
        }
        let Private::Locked(_, text) = parse_private(LOCKED_KEY.as_bytes()).unwrap() else {
            panic!("open")
        };
        assert_eq!(text, without_comment(LOCKED_PUB).unwrap());
    }

    #[test]
    fn text_around_a_private_key_and_crlf_do_no_harm() {
        let file = format!("\n# mine\n{}", ED25519_KEY.replace('\n', "\r\n"));
        assert!(parse_private(file.as_bytes()).is_ok());
        assert!(parse_private(ED25519_KEY.trim_end().as_bytes()).is_ok());
    }

    #[test]
    fn a_public_key_is_read_with_any_blanks_and_comment() {
        let bare = without_comment(ED25519_PUB).unwrap();
        for text in [
            &bare,
            &format!("{}\t a  comment, with words", bare.replace(' ', "  ")),
        ] {
            assert_eq!(parse_public(text).unwrap().to_string(), bare);
        }
    }

    #[test]
    fn zero_numbers_are_refused_and_do_not_panic() {
        for number in [&[0][..], &[0, 0, 0], &[]] {
            assert!(public(RSA, &wire(&[b"ssh-rsa", number, &[1; 256]])).is_err());
            assert!(public(RSA, &wire(&[b"ssh-rsa", &[1, 0, 1], number])).is_err());
        }
        let file = |private: &[u8]| {
            let blob = wire(&[b"ssh-rsa", &[1, 0, 1], &[1; 256]]);
            let head = wire(&[b"none", b"none", b""]);
            let tail = wire(&[&blob, private]);
            let bytes = [b"openssh-key-v1\0", &head[..], &[0, 0, 0, 1], &tail].concat();
            let mut pem = String::from("-----BEGIN OPENSSH PRIVATE KEY-----\n");
            for line in BASE64_STANDARD.encode(bytes).as_bytes().chunks(70) {
                pem.push_str(std::str::from_utf8(line).unwrap());
                pem.push('\n');
            }
            pem + "-----END OPENSSH PRIVATE KEY-----\n"
        };
        let zero = wire(&[b"ssh-rsa", &[0], &[0], &[0], &[0], &[0], &[0], b""]);
        assert_eq!(
            problem(&file(&[&[0; 8][..], &zero].concat())),
            "it is damaged"
        );
    }

    #[test]
    fn unusable_public_keys_are_refused_with_a_reason() {
        let reason = |result: Result<age::ssh::Recipient, String>| result.map(|_| ()).unwrap_err();
        let ed = |key: &[u8]| wire(&[b"ssh-ed25519", key]);
        assert!(reason(public(ED25519, &ed(&[1; 31]))).contains("cut off"));
        assert!(reason(public(ED25519, &[&ed(&[1; 32])[..], b"x"].concat())).contains("cut off"));
        assert!(reason(public(RSA, &ed(&[1; 32]))).contains("cut off"));
        // The neutral element: y = 1.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert!(reason(public(ED25519, &ed(&neutral))).contains("point"));
        let rsa = |bytes: usize| wire(&[b"ssh-rsa", &[1, 0, 1], &vec![0x71; bytes]]);
        assert!(reason(public(RSA, &rsa(128))).contains("2048"));
        assert!(reason(public(RSA, &rsa(1024))).contains("4096"));
        assert!(reason(parse_public("ssh-dss AAAA")).contains("ssh-dss"));
        assert!(reason(parse_public("ssh-ed25519 !!")).contains("base64"));
        assert!(reason(parse_public("ssh-ed25519")).contains("not an SSH public key"));
    }

    #[test]
    fn unusable_private_keys_are_refused_with_a_reason() {
        assert!(problem("").contains("not an SSH private key"));
        assert!(problem(ED25519_PUB).contains("public key"));
        assert!(
            problem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
                .contains("ssh-keygen -p")
        );
        let encrypted = PEM_KEY.replacen(
            '\n',
            "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
            1,
        );
        assert!(problem(&encrypted).contains("old PEM"));
        assert!(problem(&ED25519_KEY.replacen('b', "c", 5)).contains("damaged"));
        assert!(problem(&ED25519_KEY[..200]).contains("damaged"));
        assert!(problem(&"x".repeat(MAX_KEY_FILE + 1)).contains("longer"));
        assert!(parse_private(&[0xff]).is_err());
    }
}
