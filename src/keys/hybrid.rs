//! The post-quantum hybrid age key: `age1pq1...` and `AGE-SECRET-KEY-PQ-1...`, stanza
//! `mlkem768x25519`.
//!
//! HPKE (RFC 9180) in base mode with HKDF-SHA256 and ChaCha20-Poly1305 over the KEM
//! MLKEM768-X25519 (X-Wing, draft-connolly-cfrg-xwing-kem): the key is a 32-byte seed, the shared
//! secret a SHA3-256 over both shared secrets.

use std::collections::HashSet;

use age_core::format::{FileKey, Stanza};
use age_core::secrecy::ExposeSecret;
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use ml_kem::kem::{Decapsulate, DecapsulationKey, EncapsulationKey};
use ml_kem::{
    EncapsulateDeterministic, Encoded, EncodedSizeUser, KemCore, MlKem768, MlKem768Params,
};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;
use sha3::digest::{ExtendableOutput, Update, XofReader};
use sha3::{Digest, Sha3_256, Shake256};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::Zeroizing;

use super::bech;
use super::x25519::is_low_order;

const STANZA_TAG: &str = "mlkem768x25519";
const RECIPIENT_PREFIX: &str = "age1pq";
const IDENTITY_PREFIX: &str = "AGE-SECRET-KEY-PQ-";

const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
/// `"HPKE"`, then KEM MLKEM768-X25519, KDF HKDF-SHA256, AEAD ChaCha20-Poly1305.
const SUITE_ID: &[u8] = b"HPKE\x64\x7a\x00\x01\x00\x03";
const XWING_LABEL: &[u8] = br"\.//^\";

const MLKEM_KEY_LENGTH: usize = 1184;
const MLKEM_CIPHERTEXT_LENGTH: usize = 1088;
const X25519_LENGTH: usize = 32;
/// A wrapped file key: 16 bytes and the tag.
const BODY_LENGTH: usize = 32;

/// A hybrid public key that passed the checks of FIPS 203, section 7.2.
#[derive(Clone)]
pub(super) struct Recipient {
    mlkem: EncapsulationKey<MlKem768Params>,
    x25519: [u8; X25519_LENGTH],
}

impl Recipient {
    /// Parses `age1pq1...`; the failure is a reason without the text in it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let bytes = bech::decode(text, RECIPIENT_PREFIX)?;
        let (mlkem, x25519) = bytes
            .split_at_checked(MLKEM_KEY_LENGTH)
            .ok_or(WRONG_LENGTH)?;
        let x25519: [u8; X25519_LENGTH] = x25519.try_into().map_err(|_| WRONG_LENGTH)?;
        if is_low_order(x25519) || !is_canonical(mlkem) {
            return Err("it is not a valid post-quantum key");
        }
        let mlkem = Encoded::<EncapsulationKey<MlKem768Params>>::try_from(mlkem)
            .map_err(|_| WRONG_LENGTH)?;
        Ok(Recipient {
            mlkem: EncapsulationKey::from_bytes(&mlkem),
            x25519,
        })
    }

    /// The shared secret and its encapsulation (X-Wing, section 5.4).
    fn encapsulate(&self) -> Option<(Zeroizing<[u8; 32]>, Vec<u8>)> {
        let mut random = Zeroizing::new([0; 32]);
        OsRng.try_fill_bytes(&mut *random).ok()?;
        let (ciphertext, mlkem_secret) = self
            .mlkem
            .encapsulate_deterministic(&(*random).into())
            .ok()?;
        let mlkem_secret = Zeroizing::new(mlkem_secret.0);
        OsRng.try_fill_bytes(&mut *random).ok()?;
        let share = x25519(*random, X25519_BASEPOINT_BYTES);
        let x25519_secret = Zeroizing::new(x25519(*random, self.x25519));
        let mut encapsulation = ciphertext.to_vec();
        encapsulation.extend_from_slice(&share);
        Some((
            combine(&mlkem_secret, &x25519_secret, &share, &self.x25519),
            encapsulation,
        ))
    }
}

impl age::Recipient for Recipient {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), age::EncryptError> {
        let sealed = self.encapsulate().and_then(|(shared, encapsulation)| {
            let (cipher, nonce) = key_schedule(&shared)?;
            Some((
                encapsulation,
                cipher
                    .encrypt(&nonce, file_key.expose_secret().as_slice())
                    .ok()?,
            ))
        });
        let (encapsulation, body) =
            sealed.ok_or_else(|| std::io::Error::other("no random bytes"))?;
        let args = vec![BASE64_STANDARD_NO_PAD.encode(encapsulation)];
        let stanza = Stanza {
            tag: STANZA_TAG.to_owned(),
            args,
            body,
        };
        Ok((vec![stanza], HashSet::from(["postquantum".to_owned()])))
    }
}

/// A hybrid private key: the seed that both keys come from.
pub(super) struct Identity {
    seed: Zeroizing<[u8; 32]>,
}

impl Identity {
    /// Parses `AGE-SECRET-KEY-PQ-1...`; the failure is a reason without the text in it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let bytes = bech::decode(text, IDENTITY_PREFIX)?;
        let seed = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| WRONG_LENGTH)?;
        Ok(Identity {
            seed: Zeroizing::new(seed),
        })
    }

    /// The public key, `age1pq1...`.
    pub(super) fn recipient(&self) -> Option<String> {
        let (_, mlkem, secret) = self.expand();
        let mut bytes = mlkem.as_bytes().to_vec();
        bytes.extend_from_slice(&x25519(*secret, X25519_BASEPOINT_BYTES));
        bech::encode(RECIPIENT_PREFIX, &bytes)
    }

    /// Both private keys (X-Wing, section 5.2).
    fn expand(
        &self,
    ) -> (
        DecapsulationKey<MlKem768Params>,
        EncapsulationKey<MlKem768Params>,
        Zeroizing<[u8; 32]>,
    ) {
        let mut expanded = Shake256::default().chain(*self.seed).finalize_xof();
        let mut next = || {
            let mut part = Zeroizing::new([0; 32]);
            expanded.read(&mut *part);
            part
        };
        let (d, z, x25519_secret) = (next(), next(), next());
        let (private, public) = MlKem768::generate_deterministic(&(*d).into(), &(*z).into());
        (private, public, x25519_secret)
    }

    /// The shared secret of an encapsulation; a foreign one gives a useless secret, not `None`.
    fn decapsulate(&self, encapsulation: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let (ciphertext, share) = encapsulation.split_at_checked(MLKEM_CIPHERTEXT_LENGTH)?;
        let share: [u8; X25519_LENGTH] = share.try_into().ok()?;
        let (mlkem, _, secret) = self.expand();
        let mlkem_secret = Zeroizing::new(mlkem.decapsulate(&ciphertext.try_into().ok()?).ok()?.0);
        let x25519_secret = Zeroizing::new(x25519(*secret, share));
        if *x25519_secret == [0; 32] {
            return None;
        }
        let public = x25519(*secret, X25519_BASEPOINT_BYTES);
        Some(combine(&mlkem_secret, &x25519_secret, &share, &public))
    }
}

impl age::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        if stanza.tag != STANZA_TAG {
            return None;
        }
        let encapsulation = match stanza.args.as_slice() {
            [argument] if stanza.body.len() == BODY_LENGTH => {
                BASE64_STANDARD_NO_PAD.decode(argument).ok()
            }
            _ => None,
        };
        let Some(shared) = encapsulation.and_then(|bytes| self.decapsulate(&bytes)) else {
            return Some(Err(age::DecryptError::InvalidHeader));
        };
        let (cipher, nonce) = key_schedule(&shared)?;
        let file_key = Zeroizing::new(cipher.decrypt(&nonce, stanza.body.as_slice()).ok()?);
        let file_key: Box<[u8; 16]> = Box::new(file_key.as_slice().try_into().ok()?);
        Some(Ok(FileKey::new(file_key)))
    }
}

const WRONG_LENGTH: &str = "it has not the length of a post-quantum age key";

/// The X-Wing combiner (section 5.3).
fn combine(
    mlkem: &[u8; 32],
    x25519: &[u8; 32],
    share: &[u8; 32],
    public: &[u8; 32],
) -> Zeroizing<[u8; 32]> {
    let hash = Sha3_256::new()
        .chain(mlkem)
        .chain(x25519)
        .chain(share)
        .chain(public)
        .chain(XWING_LABEL);
    Zeroizing::new(Digest::finalize(hash).into())
}

/// The HPKE key schedule in base mode (RFC 9180, section 5.1) for a context of one message.
fn key_schedule(shared: &[u8; 32]) -> Option<(ChaCha20Poly1305, Nonce)> {
    let extract = |salt: &[u8], label: &[u8], secret: &[u8]| {
        let input = Zeroizing::new([b"HPKE-v1", SUITE_ID, label, secret].concat());
        Hkdf::<Sha256>::extract(Some(salt), &input)
    };
    let context = [
        &[0],
        &*extract(b"", b"psk_id_hash", b"").0,
        &*extract(b"", b"info_hash", INFO).0,
    ]
    .concat();
    let (_, secret) = extract(shared, b"secret", b"");
    let mut key = Zeroizing::new([0; 32]);
    let mut nonce = [0; 12];
    let label = |length: u8, label: &[u8]| {
        [
            &[0, length],
            b"HPKE-v1".as_slice(),
            SUITE_ID,
            label,
            &context,
        ]
        .concat()
    };
    secret.expand(&label(32, b"key"), &mut *key).ok()?;
    secret.expand(&label(12, b"base_nonce"), &mut nonce).ok()?;
    Some((ChaCha20Poly1305::new(Key::from_slice(&*key)), nonce.into()))
}

/// The modulus check of FIPS 203, section 7.2: twelve-bit coefficients below 3329.
fn is_canonical(mlkem: &[u8]) -> bool {
    let coefficients = mlkem.get(..MLKEM_KEY_LENGTH - 32).unwrap_or_default();
    coefficients.chunks_exact(3).all(|bytes| match *bytes {
        [a, b, c] => {
            let low = u16::from(a) | u16::from(b & 0x0f) << 8;
            let high = u16::from(b >> 4) | u16::from(c) << 4;
            low < 3329 && high < 3329
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::age_file::{AgeFile, seal};
    use super::*;

    const IDENTITY: &str = include_str!("../../testdata/keys/identity-pq.txt");
    const ENC: &str = include_str!("../../testdata/keys/enc-pq.age");
    /// What age 1.3.1 prints for `ENC`.
    const DATA_KEY: &str = "5f3b4233cf079cac8327c9168db18ceeef5f5769330a1eeed339a64003777d47";

    fn recipient_text() -> &'static str {
        let list = include_str!("../../testdata/keys/recipients.txt");
        list.lines()
            .find_map(|line| line.strip_prefix("pq "))
            .unwrap()
    }

    fn open(enc: &str, identity: &Identity) -> crate::Result<Option<crate::secret::SecretBytes>> {
        AgeFile::parse(enc)?.open(&[identity])
    }

    #[test]
    fn opens_what_sops_wrote() {
        let key = open(ENC, &Identity::parse(IDENTITY.trim()).unwrap())
            .unwrap()
            .unwrap();
        let hex: String = key
            .expose()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, DATA_KEY);
    }

    #[test]
    fn an_identity_says_its_recipient() {
        assert_eq!(
            Identity::parse(IDENTITY.trim())
                .unwrap()
                .recipient()
                .unwrap(),
            recipient_text()
        );
    }

    #[test]
    fn round_trip_in_the_shape_sops_writes() {
        let enc = seal(&Recipient::parse(recipient_text()).unwrap(), &[7; 32]).unwrap();
        assert_eq!(enc.len(), ENC.len());
        let mine = Identity::parse(IDENTITY.trim()).unwrap();
        assert_eq!(open(&enc, &mine).unwrap().unwrap().expose(), [7; 32]);
        let other = Identity {
            seed: Zeroizing::new([3; 32]),
        };
        assert!(open(&enc, &other).unwrap().is_none());
    }

    #[test]
    fn a_malformed_stanza_is_an_error() {
        use age::Identity as _;
        let identity = Identity::parse(IDENTITY.trim()).unwrap();
        let stanza = |args: Vec<String>, body: usize| Stanza {
            tag: STANZA_TAG.into(),
            args,
            body: vec![0; body],
        };
        let base64 = |length: usize| BASE64_STANDARD_NO_PAD.encode(vec![1; length]);
        assert!(
            identity
                .unwrap_stanza(&stanza(vec![base64(1120)], 32))
                .is_none()
        );
        for bad in [
            stanza(vec![], 32),
            stanza(vec![base64(1120), "x".into()], 32),
            stanza(vec![base64(1119)], 32),
            stanza(vec![base64(1121)], 32),
            stanza(vec![base64(1120)], 31),
            stanza(vec!["=".into()], 32),
            stanza(vec![BASE64_STANDARD_NO_PAD.encode([0; 1120])], 32),
        ] {
            assert!(matches!(
                identity.unwrap_stanza(&bad),
                Some(Err(age::DecryptError::InvalidHeader))
            ));
        }
    }

    #[test]
    fn an_invalid_public_key_is_refused() {
        let bytes = bech::decode(recipient_text(), "age1pq").unwrap();
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = bytes.to_vec();
            change(&mut bytes);
            Recipient::parse(&bech::encode("age1pq", &bytes).unwrap()).map(|_| ())
        };
        assert!(with(&|_| ()).is_ok());
        assert!(with(&|bytes| bytes[..2].fill(0xff)).is_err());
        assert!(with(&|bytes| bytes[MLKEM_KEY_LENGTH..].fill(0)).is_err());
        assert_eq!(with(&|bytes| bytes.truncate(1215)), Err(WRONG_LENGTH));
        assert_eq!(with(&|bytes| bytes.push(0)), Err(WRONG_LENGTH));
    }
}
