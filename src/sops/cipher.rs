//! Sealing and opening single values: AES-256-GCM with SOPS' 32-byte nonce.
//!
//! The additional data is the value's key path as SOPS spells it (`a:b:`), or `lastmodified` for
//! the MAC; this module takes it as bytes. The type is *not* authenticated: who opens a value has
//! to check that the plaintext reads as that type.

use std::fmt;

use aes::Aes256;
use aes_gcm::aead::AeadInPlace;
use aes_gcm::aead::consts::U32;
use aes_gcm::{AesGcm, KeyInit};
use base64::Engine as _;
use zeroize::{Zeroize, Zeroizing};

use super::data_key::DataKey;
use super::envelope::{BASE64, Envelope, HEAD, IV_MARK, TAG_MARK, TAIL, TYPE_MARK, type_name};
use super::gcm;
use super::iv::{IV_LEN, Iv};
use crate::document::scalar::ScalarType;
use crate::error::{Error, Kind};

/// The length of an authentication tag, in bytes.
pub(super) const TAG_LEN: usize = 16;

/// The characters of a nonce and of a tag in base64.
const IV_TEXT_LEN: usize = IV_LEN.div_ceil(3) * 4;
const TAG_TEXT_LEN: usize = TAG_LEN.div_ceil(3) * 4;

/// A field of a sealed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The ciphertext.
    Data,
    /// The nonce.
    Iv,
    /// The authentication tag.
    Tag,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Data => "data",
            Part::Iv => "iv",
            Part::Tag => "tag",
        })
    }
}

/// Why a value cannot be sealed or opened. Holds nothing of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CipherError {
    /// The text is not `ENC[AES256_GCM,...]`.
    #[error("not a sealed value: expected `ENC[AES256_GCM,data:..,iv:..,tag:..,type:..]`")]
    Malformed,
    /// A field is not standard base64 with padding.
    #[error("`{0}` is not base64")]
    Base64(Part),
    /// The nonce decodes to nothing.
    #[error("`iv` is empty")]
    EmptyIv,
    /// The type after `type:` is none that SOPS knows, or not the one required here.
    #[error("`type` is none of those possible here")]
    UnknownType,
    /// Wrong key, wrong additional data (the value was moved or its key renamed) or tampering.
    #[error("the value does not belong to this key and this place, or was changed")]
    Authentication,
    /// The empty text is never sealed: SOPS leaves it alone and reads it back as itself.
    #[error("an empty value is never sealed")]
    EmptyPlaintext,
    /// Null is never sealed, and SOPS never writes `bytes`.
    #[error("a value of this type is never sealed")]
    Unsealable,
    /// Beyond the 64 GiB that GCM can seal under one nonce.
    #[error("the value is too long")]
    TooLong,
}

impl From<CipherError> for Error {
    fn from(cause: CipherError) -> Self {
        match cause {
            CipherError::EmptyPlaintext | CipherError::Unsealable | CipherError::TooLong => {
                Error::new(Kind::Crypto, "cannot seal the value").because(cause.to_string())
            }
            CipherError::Authentication => Error::new(Kind::Crypto, "cannot open the value")
                .because(cause.to_string())
                .hint("restore the file from version control if it was edited or merged by hand"),
            _ => Error::new(Kind::Crypto, "cannot open the value").because(cause.to_string()),
        }
    }
}

/// The length of the sealed text of a plaintext of `len` bytes and a type that is sealed.
pub fn sealed_len(len: usize, ty: ScalarType) -> usize {
    let marks = HEAD.len() + IV_MARK.len() + TAG_MARK.len() + TYPE_MARK.len() + TAIL.len();
    let data = len.div_ceil(3) * 4;
    marks + data + IV_TEXT_LEN + TAG_TEXT_LEN + type_name(ty).map_or(0, str::len)
}

/// A data key made ready for use; make one per file. `&Cipher` can be shared between threads.
pub struct Cipher {
    gcm: AesGcm<Aes256, U32>,
    aes: Aes256,
}

impl Cipher {
    /// Expands the key.
    pub fn new(key: &DataKey) -> Self {
        let aes = Aes256::new(key.bytes().into());
        Cipher {
            gcm: AesGcm::from(aes.clone()),
            aes,
        }
    }

    /// Appends the sealed text of `plaintext` to `out`. Allocates only if `out` lacks room for the
    /// text and, for a moment, the plaintext.
    ///
    /// `iv` must be fresh, or the one of the same plaintext under the same `aad`. An empty
    /// plaintext is the caller's to leave alone, as SOPS does with `""` and an empty comment.
    ///
    /// # Errors
    /// [`CipherError::EmptyPlaintext`]; [`CipherError::Unsealable`] for null and bytes;
    /// [`CipherError::TooLong`]. `out` is as it was then.
    pub fn seal_into(
        &self,
        out: &mut Vec<u8>,
        plaintext: &[u8],
        aad: &[u8],
        ty: ScalarType,
        iv: &Iv,
    ) -> Result<(), CipherError> {
        let start = out.len();
        let end = start + sealed_len(plaintext.len(), ty);
        out.reserve(end - start + plaintext.len());
        out.resize(end, 0);
        // Encrypting in place behind the text needs no buffer and leaves no plaintext: what stays
        // in the spare capacity is ciphertext.
        out.extend_from_slice(plaintext);
        let (text, body) = out.split_at_mut(end);
        let sealed = match text.get_mut(start..) {
            Some(text) => self.seal_body(text, body, aad, ty, iv),
            None => Err(CipherError::TooLong),
        };
        out.truncate(if sealed.is_ok() { end } else { start });
        sealed
    }

    /// Writes the sealed text of `plaintext` over `out`, which has the length that [`sealed_len`]
    /// says. `scratch` holds ciphertext afterwards.
    ///
    /// # Errors
    /// As [`Cipher::seal_into`], and [`CipherError::TooLong`] if `out` has another length.
    pub(super) fn seal_over(
        &self,
        out: &mut [u8],
        scratch: &mut Vec<u8>,
        plaintext: &[u8],
        aad: &[u8],
        ty: ScalarType,
        iv: &Iv,
    ) -> Result<(), CipherError> {
        scratch.clear();
        scratch.extend_from_slice(plaintext);
        self.seal_body(out, scratch, aad, ty, iv)
    }

    /// Encrypts `body` where it stands and writes its sealed text over `text`.
    fn seal_body(
        &self,
        text: &mut [u8],
        body: &mut [u8],
        aad: &[u8],
        ty: ScalarType,
        iv: &Iv,
    ) -> Result<(), CipherError> {
        if body.is_empty() {
            return Err(CipherError::EmptyPlaintext);
        }
        let name = match ty {
            ScalarType::Bytes => None,
            ty => type_name(ty),
        };
        let sealed = match name {
            None => Err(CipherError::Unsealable),
            Some(name) => match self.gcm.encrypt_in_place_detached(iv.into(), aad, body) {
                Ok(tag) => write_sealed(text, body, iv, &tag, name),
                Err(_) => Err(CipherError::TooLong),
            },
        };
        if sealed.is_err() {
            body.zeroize();
        }
        sealed
    }

    /// Opens a sealed value into a buffer of its own.
    ///
    /// # Errors
    /// Those of [`Cipher::open_into`].
    pub fn open(
        &self,
        envelope: &Envelope<'_>,
        aad: &[u8],
    ) -> Result<(ScalarType, Zeroizing<Vec<u8>>), CipherError> {
        let mut plaintext = Zeroizing::new(Vec::new());
        let ty = self.open_into(envelope, aad, &mut plaintext)?;
        Ok((ty, plaintext))
    }

    /// Opens a sealed value into `out`, whose former contents are wiped first. The plaintext may
    /// be empty, and is not checked against its type. Nonces of any length are accepted, as SOPS
    /// does; those of 32 bytes take the fast way.
    ///
    /// # Errors
    /// [`CipherError::UnknownType`], [`CipherError::Base64`], [`CipherError::EmptyIv`] or
    /// [`CipherError::Authentication`]; `out` is empty then.
    pub fn open_into(
        &self,
        envelope: &Envelope<'_>,
        aad: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<ScalarType, CipherError> {
        out.zeroize();
        let opened = self.open_at(envelope, aad, out);
        if opened.is_err() {
            out.clear();
        }
        opened
    }

    fn open_at(
        &self,
        envelope: &Envelope<'_>,
        aad: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<ScalarType, CipherError> {
        let ty = envelope.ty()?;
        envelope.append_body(out)?;
        let (body, tag) = out
            .split_last_chunk_mut::<TAG_LEN>()
            .ok_or(CipherError::Authentication)?;
        envelope.with_nonce(|nonce| match <&Iv>::try_from(nonce) {
            Ok(iv) => self
                .gcm
                .decrypt_in_place_detached(iv.into(), aad, body, (&*tag).into())
                .map_err(|_| CipherError::Authentication),
            Err(_) if nonce.is_empty() => Err(CipherError::EmptyIv),
            Err(_) => gcm::open_in_place(&self.aes, nonce, aad, body, tag)
                .map_err(|_| CipherError::Authentication),
        })?;
        let len = body.len();
        out.truncate(len);
        Ok(ty)
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(..)")
    }
}

/// Fills a slice of exactly the right length with `ENC[...]`.
fn write_sealed(
    mut text: &mut [u8],
    body: &[u8],
    iv: &Iv,
    tag: &[u8],
    type_name: &str,
) -> Result<(), CipherError> {
    put(&mut text, HEAD)?;
    encode(&mut text, body)?;
    put(&mut text, IV_MARK)?;
    encode(&mut text, iv)?;
    put(&mut text, TAG_MARK)?;
    encode(&mut text, tag)?;
    put(&mut text, TYPE_MARK)?;
    put(&mut text, type_name.as_bytes())?;
    put(&mut text, TAIL)?;
    match text {
        [] => Ok(()),
        _ => Err(CipherError::TooLong),
    }
}

fn put(out: &mut &mut [u8], bytes: &[u8]) -> Result<(), CipherError> {
    let (head, rest) = std::mem::take(out)
        .split_at_mut_checked(bytes.len())
        .ok_or(CipherError::TooLong)?;
    head.copy_from_slice(bytes);
    *out = rest;
    Ok(())
}

fn encode(out: &mut &mut [u8], bytes: &[u8]) -> Result<(), CipherError> {
    let len = base64::encoded_len(bytes.len(), true).ok_or(CipherError::TooLong)?;
    let (head, rest) = std::mem::take(out)
        .split_at_mut_checked(len)
        .ok_or(CipherError::TooLong)?;
    BASE64
        .encode_slice(bytes, head)
        .map_err(|_| CipherError::TooLong)?;
    *out = rest;
    Ok(())
}

#[cfg(test)]
#[path = "cipher_tests.rs"]
mod tests;
