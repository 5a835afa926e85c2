//! The message authentication code of a file: SHA-512 over the values, sealed like a value.

use std::fmt;

use sha2::{Digest as _, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::cipher::{Cipher, CipherError};
use super::envelope::Envelope;
use super::iv::Iv;
use crate::document::scalar::ScalarType;

/// The characters of a MAC: 64 bytes in upper-case hexadecimal.
pub const MAC_LEN: usize = 128;

/// What the hash starts with under `mac_only_encrypted`, so that a MAC made with the setting never
/// equals one made without it: SHA-256 of `sops`.
const ONLY_ENCRYPTED_PREFIX: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b,
    0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// Hashes the canonical plaintext bytes of the leaves, in file order. Which leaves count (not
/// comments, not nulls, only sealed ones under `mac_only_encrypted`) is the caller's to decide.
#[derive(Clone)]
pub struct MacHasher(Sha512);

impl MacHasher {
    /// An empty hash, or one that starts with the prefix of `mac_only_encrypted`.
    pub fn new(mac_only_encrypted: bool) -> Self {
        let mut hash = Sha512::new();
        if mac_only_encrypted {
            hash.update(ONLY_ENCRYPTED_PREFIX);
        }
        MacHasher(hash)
    }

    /// Adds the bytes of one leaf. Values are joined without any separator, as SOPS does.
    pub fn update(&mut self, canonical: &[u8]) {
        self.0.update(canonical);
    }

    /// The MAC of all that was added.
    pub fn finish(self) -> Mac {
        let mut digest = self.0.finalize();
        let mut hex = Box::new([0; MAC_LEN]);
        for (pair, &byte) in hex.chunks_exact_mut(2).zip(digest.iter()) {
            for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                *digit = if nibble < 10 {
                    b'0' + nibble
                } else {
                    b'A' + nibble - 10
                };
            }
        }
        digest.as_mut_slice().zeroize();
        Mac(hex)
    }
}

impl fmt::Debug for MacHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacHasher(..)")
    }
}

/// A computed MAC. Treated as a secret: whoever knows it can test guesses of the values.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Mac(Box<[u8; MAC_LEN]>);

impl Mac {
    /// The MAC in upper-case hexadecimal, as SOPS seals it.
    pub fn expose_hex(&self) -> &str {
        // Always ASCII; the default is never used.
        std::str::from_utf8(self.0.as_slice()).unwrap_or_default()
    }

    /// Whether the file's own MAC, opened by [`open_mac`], is this one. SOPS compares the texts,
    /// so lower-case hexadecimal does not match.
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.0.as_slice().ct_eq(stored).into()
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(..)")
    }
}

/// Appends the sealed MAC to `out`. `last_modified` is the text of `lastmodified` in the metadata
/// in the form of [`last_modified::normalise`](super::last_modified::normalise).
///
/// # Errors
/// Those of [`Cipher::seal_into`]; none is possible for a MAC of this module.
pub fn seal_mac(
    cipher: &Cipher,
    out: &mut Vec<u8>,
    mac: &Mac,
    last_modified: &str,
    iv: &Iv,
) -> Result<(), CipherError> {
    cipher.seal_into(
        out,
        mac.0.as_slice(),
        last_modified.as_bytes(),
        ScalarType::Str,
        iv,
    )
}

/// Opens the `mac` of the metadata, or returns `None` if it is empty ("file has no MAC").
/// `last_modified` as for [`seal_mac`].
///
/// # Errors
/// [`CipherError::Malformed`] if it is no sealed value, [`CipherError::UnknownType`] if it is not
/// a string, and those of [`Cipher::open`].
pub fn open_mac(
    cipher: &Cipher,
    sealed: &[u8],
    last_modified: &str,
) -> Result<Option<Zeroizing<Vec<u8>>>, CipherError> {
    if sealed.is_empty() {
        return Ok(None);
    }
    let envelope = Envelope::parse(sealed).ok_or(CipherError::Malformed)?;
    match cipher.open(&envelope, last_modified.as_bytes())? {
        (ScalarType::Str, mac) => Ok(Some(mac)),
        _ => Err(CipherError::UnknownType),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use sha2::Sha256;

    use super::*;
    use crate::sops::data_key::DataKey;

    fn mac(only_encrypted: bool, values: &[&[u8]]) -> Mac {
        let mut hasher = MacHasher::new(only_encrypted);
        values.iter().for_each(|value| hasher.update(value));
        hasher.finish()
    }

    #[test]
    fn the_hash_is_sha512_in_upper_case() {
        // FIPS 180-2, appendix C.1.
        let abc = "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A\
                   2192992A274FC1A836BA3C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F";
        assert_eq!(mac(false, &[b"abc"]).expose_hex(), abc);
        assert_eq!(
            mac(false, &[b"a", b"", b"bc"]).expose_hex(),
            abc,
            "no separators"
        );
        assert!(mac(false, &[b"abc"]).matches(abc.as_bytes()));
        assert!(!mac(false, &[b"abc"]).matches(abc.to_lowercase().as_bytes()));
        assert!(!mac(false, &[b"abc"]).matches(b""));
        assert!(!mac(false, &[b"abd"]).matches(abc.as_bytes()));
    }

    #[test]
    fn the_prefix_of_mac_only_encrypted_is_the_hash_of_sops() {
        assert_eq!(
            ONLY_ENCRYPTED_PREFIX,
            <[u8; 32]>::from(Sha256::digest("sops"))
        );
        let prefixed = mac(false, &[&ONLY_ENCRYPTED_PREFIX, b"x"]);
        assert_eq!(mac(true, &[b"x"]).expose_hex(), prefixed.expose_hex());
        assert_ne!(
            mac(true, &[b"x"]).expose_hex(),
            mac(false, &[b"x"]).expose_hex()
        );
    }

    #[test]
    fn a_sealed_mac_opens_under_its_time_only() {
        let cipher = Cipher::new(&DataKey::generate().unwrap());
        let mac = mac(false, &[b"x"]);
        let mut text = Vec::new();
        seal_mac(&cipher, &mut text, &mac, "2024-05-01T10:00:00Z", &[1; 32]).unwrap();
        let opened = open_mac(&cipher, &text, "2024-05-01T10:00:00Z")
            .unwrap()
            .unwrap();
        assert!(mac.matches(&opened));
        let moved = open_mac(&cipher, &text, "2024-05-01T10:00:01Z");
        assert_eq!(moved, Err(CipherError::Authentication));
    }

    #[test]
    fn what_is_no_mac_is_told_apart() {
        let cipher = Cipher::new(&DataKey::generate().unwrap());
        assert_eq!(open_mac(&cipher, b"", "t"), Ok(None));
        assert_eq!(
            open_mac(&cipher, b"ABCDEF", "t"),
            Err(CipherError::Malformed)
        );
        let mut number = Vec::new();
        cipher
            .seal_into(&mut number, b"5", b"t", ScalarType::Int, &[1; 32])
            .unwrap();
        assert_eq!(
            open_mac(&cipher, &number, "t"),
            Err(CipherError::UnknownType)
        );
    }

    #[test]
    fn nothing_shows_in_debug() {
        assert_eq!(format!("{:?}", mac(false, &[b"abc"])), "Mac(..)");
        assert_eq!(format!("{:?}", MacHasher::new(true)), "MacHasher(..)");
    }
}
