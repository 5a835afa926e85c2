//! One age file as it stands in a SOPS `enc` field: ASCII armor around the age v1 format
//! (<https://c2sp.org/age>).
//!
//! Reading goes through the age crate. Writing does not: its `Encryptor` adds a random "grease"
//! stanza to every file, which neither age nor SOPS writes and which would make `enc` blocks of
//! one recipient differ in length for no reason.

use std::io::Read;

use age_core::format::{FileKey, Stanza};
use age_core::primitives::hkdf;
use age_core::secrecy::ExposeSecret;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine};
use hkdf::hmac::{Hmac, Mac};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::secret::SecretBytes;

const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";
const COLUMNS: usize = 64;
const VERSION_LINE: &[u8] = b"age-encryption.org/v1\n";

/// The longest `enc` text that is read, in bytes. The longest in use, for a hybrid recipient, has
/// 2.5 KiB; reading time grows with the square of the length.
pub const MAX_ENC_LENGTH: usize = 32 * 1024;

/// The most stanzas an `enc` block may have. SOPS writes one, rage one more; each costs every
/// identity an attempt.
pub const MAX_STANZAS: usize = 32;

/// The longest payload: one chunk of the age format. SOPS wraps 32 or 33 bytes.
const MAX_PAYLOAD: usize = 64 * 1024;

/// Encrypts `payload` to one recipient; ends with a newline. Randomness is the system's.
pub(super) fn seal(recipient: &dyn age::Recipient, payload: &[u8]) -> Result<String> {
    let failed =
        |reason: &str| Error::new(Kind::Crypto, "cannot encrypt to the recipient").because(reason);
    if payload.is_empty() || payload.len() > MAX_PAYLOAD {
        return Err(failed("a data key of this length cannot be wrapped"));
    }
    let no_randomness = |_| failed("the system gives no random bytes");
    let file_key =
        FileKey::try_init_with_mut(|key| OsRng.try_fill_bytes(key)).map_err(no_randomness)?;
    let mut nonce = [0; 16];
    OsRng.try_fill_bytes(&mut nonce).map_err(no_randomness)?;
    let (stanzas, _labels) = recipient
        .wrap_file_key(&file_key)
        .map_err(|_| failed("the recipient's key does not take part in a key exchange"))?;

    let mut file = VERSION_LINE.to_vec();
    for stanza in &stanzas {
        write_stanza(&mut file, stanza);
    }
    file.extend_from_slice(b"---");
    let mac_key = Zeroizing::new(hkdf(&[], b"header", file_key.expose_secret()));
    let mut mac = Hmac::<Sha256>::new_from_slice(&*mac_key)
        .map_err(|_| failed("the header cannot be signed"))?;
    mac.update(&file);
    file.push(b' ');
    file.extend_from_slice(
        BASE64_STANDARD_NO_PAD
            .encode(mac.finalize().into_bytes())
            .as_bytes(),
    );
    file.push(b'\n');
    file.extend_from_slice(&nonce);
    file.extend_from_slice(&seal_only_chunk(&file_key, &nonce, payload)?);
    Ok(armor(&file))
}

/// The payload as the first and last chunk of age's STREAM: counter 0, last-chunk flag 1.
fn seal_only_chunk(file_key: &FileKey, nonce: &[u8], payload: &[u8]) -> Result<Vec<u8>> {
    use chacha20poly1305::aead::{Aead, KeyInit};

    let key = Zeroizing::new(hkdf(nonce, b"payload", file_key.expose_secret()));
    let mut chunk_nonce = [0; 12];
    chunk_nonce[11] = 1;
    chacha20poly1305::ChaCha20Poly1305::new((&*key).into())
        .encrypt((&chunk_nonce).into(), payload)
        .map_err(|_| Error::new(Kind::Crypto, "cannot encrypt the data key"))
}

fn write_stanza(file: &mut Vec<u8>, stanza: &Stanza) {
    file.extend_from_slice(b"-> ");
    file.extend_from_slice(stanza.tag.as_bytes());
    for argument in &stanza.args {
        file.push(b' ');
        file.extend_from_slice(argument.as_bytes());
    }
    file.push(b'\n');
    let body = BASE64_STANDARD_NO_PAD.encode(&stanza.body);
    for line in body.as_bytes().chunks(COLUMNS) {
        file.extend_from_slice(line);
        file.push(b'\n');
    }
    // The last line of a body is always shorter than the others, if need be empty.
    if body.len().is_multiple_of(COLUMNS) {
        file.push(b'\n');
    }
}

fn armor(file: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(file);
    let mut text =
        String::with_capacity(body.len() + body.len() / COLUMNS + BEGIN.len() + END.len() + 4);
    text.push_str(BEGIN);
    text.push('\n');
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(COLUMNS));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    text.push_str(END);
    text.push('\n');
    text
}

/// An `enc` block without its armor, its header not yet looked into.
pub(super) struct AgeFile(Vec<u8>);

impl AgeFile {
    /// Removes the armor. Accepts what age accepts: blank lines and spaces around it, CRLF inside.
    pub(super) fn parse(enc: &str) -> Result<Self> {
        if enc.len() > MAX_ENC_LENGTH {
            return Err(malformed(format!(
                "it is longer than {} KiB",
                MAX_ENC_LENGTH / 1024
            )));
        }
        let file = AgeFile(dearmor(enc).map_err(malformed)?);
        if file.stanzas() > MAX_STANZAS {
            return Err(malformed(format!("it has more than {MAX_STANZAS} stanzas")));
        }
        Ok(file)
    }

    /// An upper bound: a payload may look like a stanza, an unlucky one in 2^24.
    fn stanzas(&self) -> usize {
        memchr::memmem::find_iter(&self.0, b"\n-> ").count()
    }

    /// Tries the identities in order; `None` if the file is for none of them.
    pub(super) fn open(&self, identities: &[&dyn age::Identity]) -> Result<Option<SecretBytes>> {
        match decrypt(&self.0, identities) {
            Ok(payload) => Ok(Some(payload)),
            Err(age::DecryptError::NoMatchingKeys) => Ok(None),
            Err(error) => Err(malformed(reason(&error))),
        }
    }
}

/// Decrypts a file without armor.
pub(super) fn decrypt(
    file: &[u8],
    identities: &[&dyn age::Identity],
) -> std::result::Result<SecretBytes, age::DecryptError> {
    let mut reader = age::Decryptor::new_buffered(file)?.decrypt(identities.iter().copied())?;
    // The plaintext is shorter than the file, so it never moves to another allocation.
    let mut payload = Zeroizing::new(Vec::with_capacity(file.len()));
    reader.read_to_end(&mut payload)?;
    Ok(payload.into())
}

fn malformed(reason: impl Into<String>) -> Error {
    Error::new(Kind::Crypto, "an `enc` block cannot be used")
        .because(reason)
        .hint("restore the file's metadata from version control; `enc` must stay exactly as it was written")
}

/// Our own words: the age crate's are localized and carry Unicode isolates.
pub(super) fn reason(error: &age::DecryptError) -> &'static str {
    use age::DecryptError as E;
    match error {
        E::DecryptionFailed => "the key in its header does not decrypt: it was changed",
        E::ExcessiveWork { .. } => "its passphrase work factor is too high",
        E::InvalidHeader => "its header is not a valid age header",
        E::InvalidMac => "its header was changed: the MAC does not match",
        E::KeyDecryptionFailed => "the passphrase is wrong",
        E::NoMatchingKeys => "no identity matches",
        E::UnknownFormat => "it is of an age version newer than v1",
        E::Io(_) => "it is cut off or its payload was changed",
        _ => "it cannot be decrypted",
    }
}

/// Go age's `armor.Reader` limits white space around the armor to this many bytes.
const MAX_BLANKS: usize = 1024;

/// Removes the armor; the failure is a reason without the text in it.
pub(super) fn dearmor(text: &str) -> std::result::Result<Vec<u8>, &'static str> {
    let start = text.trim_start();
    let body = start.trim_end();
    if body.is_empty() {
        return Err("it is empty");
    }
    if text.len() - start.len() > MAX_BLANKS || start.len() - body.len() > MAX_BLANKS {
        return Err("there is too much white space around it");
    }
    let mut lines = body.lines();
    if lines.next() != Some(BEGIN) {
        return Err("it does not begin as an armored age file does");
    }
    let mut file = Vec::with_capacity(body.len() / 4 * 3);
    let mut last = false;
    for line in lines.by_ref() {
        if line == END {
            return if lines.next().is_none() {
                Ok(file)
            } else {
                Err("something follows its end")
            };
        }
        if last || line.is_empty() || line.len() > COLUMNS {
            return Err("its lines are not 64 columns wide");
        }
        BASE64_STANDARD
            .decode_vec(line, &mut file)
            .map_err(|_| "it is not base64 text")?;
        last = line.len() < COLUMNS || line.ends_with('=');
    }
    Err("its end is missing")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const ENC: &str = include_str!("../../testdata/keys/enc-x25519.age");
    const KEY: [u8; 32] = *b"0123456789abcdef0123456789abcdef";

    fn alice() -> age::x25519::Identity {
        let text = include_str!("../../testdata/keys/identities.txt");
        text.lines().nth(1).unwrap().parse().unwrap()
    }

    fn why(enc: &str) -> String {
        let error = AgeFile::parse(enc)
            .and_then(|file| file.open(&[&alice()]))
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Crypto);
        error.reason().unwrap().to_owned()
    }

    #[test]
    fn the_age_crate_reads_what_is_written_here() {
        let enc = seal(&alice().to_public(), &KEY).unwrap();
        let mut plain = Vec::new();
        let armored = age::armor::ArmoredReader::new(enc.as_bytes());
        let decryptor = age::Decryptor::new_buffered(armored).unwrap();
        decryptor
            .decrypt([&alice() as &dyn age::Identity].into_iter())
            .unwrap()
            .read_to_end(&mut plain)
            .unwrap();
        assert_eq!(plain, KEY);
    }

    #[test]
    fn an_enc_block_has_the_shape_sops_writes() {
        let enc = seal(&alice().to_public(), &KEY).unwrap();
        assert_eq!(enc.len(), ENC.len());
        let widths = |text: &str| text.lines().map(str::len).collect::<Vec<_>>();
        assert_eq!(widths(&enc), widths(ENC));
        assert!(enc.ends_with("FILE-----\n"));
    }

    #[test]
    fn every_body_length_gets_a_short_last_line() {
        for length in [0, 47, 48, 49, 96] {
            let mut file = Vec::new();
            write_stanza(
                &mut file,
                &Stanza {
                    tag: "x".into(),
                    args: vec![],
                    body: vec![7; length],
                },
            );
            assert!(
                age_core::format::read::age_stanza(&file).is_ok_and(|(rest, _)| rest.is_empty()),
                "{length}"
            );
        }
    }

    #[test]
    fn armor_is_read_as_age_reads_it() {
        let open = |enc: &str| AgeFile::parse(enc)?.open(&[&alice()]);
        let payload = open(ENC).unwrap().unwrap();
        assert_eq!(payload.expose().len(), 32);
        for enc in [
            format!("\n \t\n{ENC}\n\n"),
            ENC.replace('\n', "\r\n"),
            ENC.trim_end().to_owned(),
        ] {
            assert_eq!(open(&enc).unwrap().unwrap(), payload);
        }
    }

    #[test]
    fn damaged_armor_is_refused() {
        assert!(why("").contains("empty"));
        assert!(why("hello").contains("begin"));
        assert!(
            why(&ENC.replace("-----END AGE ENCRYPTED FILE-----\n", "")).contains("end is missing")
        );
        assert!(
            why(&format!("{ENC}more")).contains("64 columns")
                || why(&format!("{ENC}more")).contains("follows")
        );
        assert!(why(&ENC.replacen("\nYWdl", "\n\nYWdl", 1)).contains("64 columns"));
        assert!(why(&ENC.replacen("\nYWdl", "\nYW!l", 1)).contains("base64"));
        assert!(why(&format!("{}{ENC}", "\n".repeat(2000))).contains("white space"));
    }

    #[test]
    fn a_changed_file_is_refused_with_a_reason() {
        let file = dearmor(ENC).unwrap();
        let mut changed = file.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(why(&armor(&changed)).contains("payload"));
        let mac = memchr::memmem::find(&file, b"--- ").unwrap() + 5;
        let mut changed = file.clone();
        changed[mac] = if changed[mac] == b'A' { b'B' } else { b'A' };
        assert!(why(&armor(&changed)).contains("MAC"));
        assert!(why(&armor(&file[..60])).contains("cut off"));
        let v2 = String::from_utf8_lossy(&file[..21]).replace("v1", "v2") + "\n";
        assert!(
            why(&armor(v2.as_bytes())).contains("newer")
                || why(&armor(v2.as_bytes())).contains("cut off")
        );
    }

    #[test]
    fn hostile_blocks_end_within_bounds() {
        assert!(why(&"A".repeat(MAX_ENC_LENGTH + 1)).contains("longer"));
        let many = [VERSION_LINE, &b"-> X25519 a\n\n".repeat(MAX_STANZAS + 1)].concat();
        assert!(why(&armor(&many)).contains("stanzas"));
        // The slowest header within the bounds: one long body, parsed again for every line.
        let start = std::time::Instant::now();
        let body = [&b"A".repeat(64)[..], b"\n"].concat().repeat(360);
        let long = [VERSION_LINE, b"-> X25519 a\n", &body].concat();
        assert!(armor(&long).len() <= MAX_ENC_LENGTH);
        assert!(!why(&armor(&long)).is_empty());
        assert!(start.elapsed().as_secs() < 5);
    }

    #[test]
    fn a_payload_of_no_sensible_length_is_not_wrapped() {
        assert!(seal(&alice().to_public(), b"").is_err());
        assert!(seal(&alice().to_public(), &vec![0; MAX_PAYLOAD + 1]).is_err());
        assert!(seal(&alice().to_public(), &[0; 33]).is_ok());
    }

    #[test]
    fn somebody_elses_file_is_no_error() {
        let other = age::x25519::Identity::generate();
        let enc = seal(&other.to_public(), &KEY).unwrap();
        assert!(
            AgeFile::parse(&enc)
                .unwrap()
                .open(&[&alice()])
                .unwrap()
                .is_none()
        );
    }
}
