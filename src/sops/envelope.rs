//! The text of a sealed value: `ENC[AES256_GCM,data:B64,iv:B64,tag:B64,type:T]`.
//!
//! Reading follows what SOPS' reader accepts, which is wider than what it writes: the text is
//! anchored at its start only, every field is greedy, none of them spans a line, and bytes after
//! the last `]` of the first line are ignored.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::cipher::{CipherError, Part};
use super::iv::{IV_LEN, Iv};
use crate::document::scalar::ScalarType;

pub(super) const HEAD: &[u8] = b"ENC[AES256_GCM,data:";
pub(super) const IV_MARK: &[u8] = b",iv:";
pub(super) const TAG_MARK: &[u8] = b",tag:";
pub(super) const TYPE_MARK: &[u8] = b",type:";
pub(super) const TAIL: &[u8] = b"]";

/// Standard alphabet, padding required, stray bits in the last symbol tolerated: the decoder of
/// Go's `base64.StdEncoding`.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The fields of a sealed value, still in base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'a> {
    data: &'a [u8],
    iv: &'a [u8],
    tag: &'a [u8],
    type_name: &'a [u8],
}

/// Whether SOPS would take `text` for a sealed value: exactly when [`Envelope::parse`] succeeds.
/// Linear in the first line, without allocation; other texts mostly fail on the first byte.
pub fn looks_sealed(text: &[u8]) -> bool {
    Envelope::parse(text).is_some()
}

/// Whether `text` begins as a sealed value does and is none: ciphertext that lost a part.
pub fn looks_damaged(text: &[u8]) -> bool {
    text.starts_with(b"ENC[AES256_") && !looks_sealed(text)
}

impl<'a> Envelope<'a> {
    /// Splits a sealed value into its fields, or `None` if SOPS' reader would not take it for one.
    /// The fields are non-empty but unchecked: base64 and type may still be wrong.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let rest = text.strip_prefix(HEAD)?;
        let line = memchr::memchr(b'\n', rest).map_or(Some(rest), |end| rest.get(..end))?;
        let line = line.get(..memchr::memrchr(b']', line)?)?;
        // Greedy fields from left to right are the last possible markers from right to left.
        let (rest, type_name) = split_at_last(line, TYPE_MARK)?;
        let (rest, tag) = split_at_last(rest, TAG_MARK)?;
        let (data, iv) = split_at_last(rest, IV_MARK)?;
        (!data.is_empty()).then_some(Envelope {
            data,
            iv,
            tag,
            type_name,
        })
    }

    /// The ciphertext in base64.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The nonce in base64.
    pub fn iv(&self) -> &'a [u8] {
        self.iv
    }

    /// The authentication tag in base64.
    pub fn tag(&self) -> &'a [u8] {
        self.tag
    }

    /// The text after `type:`. It is **not** authenticated by the ciphertext.
    pub fn type_name(&self) -> &'a [u8] {
        self.type_name
    }

    /// The type of the plaintext.
    ///
    /// # Errors
    /// [`CipherError::UnknownType`] for a name that SOPS does not know.
    pub fn ty(&self) -> Result<ScalarType, CipherError> {
        ScalarType::from_name(self.type_name).ok_or(CipherError::UnknownType)
    }

    /// The nonce if it has the length that SOPS writes, so that a value sealed again under the
    /// same path can keep it; `None` for other lengths and for text that is not base64.
    pub fn reusable_iv(&self) -> Option<Iv> {
        // The decoder wants room for its estimate, which may exceed the result by a few bytes.
        let mut room = [0; IV_LEN + 4];
        let len = decode(self.iv, &mut room)?;
        room.get(..len)?.try_into().ok()
    }

    /// Appends the decoded ciphertext and tag to `out`: SOPS joins the two before it takes the
    /// last 16 bytes as the tag.
    pub(super) fn append_body(&self, out: &mut Vec<u8>) -> Result<(), CipherError> {
        append_decoded(self.data, out).ok_or(CipherError::Base64(Part::Data))?;
        append_decoded(self.tag, out).ok_or(CipherError::Base64(Part::Tag))
    }

    /// Calls `f` with the decoded nonce, without a heap allocation for the usual length.
    pub(super) fn with_nonce<T>(
        &self,
        f: impl FnOnce(&[u8]) -> Result<T, CipherError>,
    ) -> Result<T, CipherError> {
        let mut room = [0; IV_LEN + 4];
        if let Some(nonce) = decode(self.iv, &mut room).and_then(|len| room.get(..len)) {
            return f(nonce);
        }
        let mut nonce = Vec::new();
        append_decoded(self.iv, &mut nonce).ok_or(CipherError::Base64(Part::Iv))?;
        f(&nonce)
    }
}

impl fmt::Debug for Envelope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Envelope(..)")
    }
}

/// The name after `type:`; `None` for null, which is never sealed.
pub fn type_name(ty: ScalarType) -> Option<&'static str> {
    (ty != ScalarType::Null).then(|| ty.name())
}

/// Splits at the last `marker` (which starts with a comma) that leaves something after it.
fn split_at_last<'a>(text: &'a [u8], marker: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut head = text;
    loop {
        let comma = memchr::memrchr(b',', head)?;
        head = head.get(..comma)?;
        match text.get(comma..)?.strip_prefix(marker) {
            Some(field) if !field.is_empty() => return Some((head, field)),
            _ => {}
        }
    }
}

/// Decodes into `out` and returns the length; `None` if it is not base64 or does not fit.
fn decode(text: &[u8], out: &mut [u8]) -> Option<usize> {
    BASE64.decode_slice(text, out).ok()
}

/// Decodes onto the end of `out`; on failure `out` holds undefined bytes past its old end.
fn append_decoded(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    // Go's decoder skips CR and LF, and `.` in the reader's expression matches CR.
    if memchr::memchr(b'\r', text).is_some() {
        let filtered: Vec<u8> = text.iter().copied().filter(|&byte| byte != b'\r').collect();
        return append_decoded(&filtered, out);
    }
    let start = out.len();
    out.resize(
        start.checked_add(base64::decoded_len_estimate(text.len()))?,
        0,
    );
    let len = decode(text, out.get_mut(start..)?)?;
    out.truncate(start + len);
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    fn fields(text: &[u8]) -> Option<[&[u8]; 4]> {
        Envelope::parse(text).map(|e| [e.data(), e.iv(), e.tag(), e.type_name()])
    }

    /// The reader's expression, as SOPS documents it, on bytes.
    fn by_regex(text: &[u8]) -> Option<[&[u8]; 4]> {
        let re = regex::bytes::Regex::new(
            r"(?-u)^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]",
        )
        .unwrap();
        re.captures(text)
            .map(|c| [1, 2, 3, 4].map(|i| c.get(i).unwrap().as_bytes()))
    }

    #[test]
    fn the_written_form_splits_into_its_fields() {
        let text = b"ENC[AES256_GCM,data:YQ==,iv:aXY=,tag:dGFn,type:int]";
        assert_eq!(
            fields(text),
            Some([b"YQ==".as_slice(), b"aXY=", b"dGFn", b"int"])
        );
        assert_eq!(Envelope::parse(text).unwrap().ty(), Ok(ScalarType::Int));
    }

    #[test]
    fn the_reader_is_as_wide_as_that_of_sops() {
        for accepted in [
            "ENC[AES256_GCM,data:a,iv:b,tag:c,type:str] trailing",
            "ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\nsecond line",
            "ENC[AES256_GCM,data:a,iv:b,iv:c,tag:d,tag:,type:e]]",
            "ENC[AES256_GCM,data:,iv:,iv:b,tag:c,type:str]",
            "ENC[AES256_GCM,data:\r,iv:b,tag:c,type:str]",
        ] {
            assert!(looks_sealed(accepted.as_bytes()), "{accepted:?}");
        }
        for refused in [
            "",
            "ENC[",
            " ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]",
            "ENC[AES256_GCM,data:a,iv:b,tag:c,type:str",
            "ENC[AES256_GCM,data:a,iv:b,tag:c,type:]",
            "ENC[AES256_GCM,data:,iv:b,tag:c,type:str]",
            "ENC[AES256_GCM,data:a,iv:,tag:c,type:str]",
            "ENC[AES256_GCM,data:a,tag:c,iv:b,type:str]",
            "ENC[AES256_GCM,data:a,iv:b\n,tag:c,type:str]",
            "ENC[AES128_GCM,data:a,iv:b,tag:c,type:str]",
            "enc[aes256_gcm,data:a,iv:b,tag:c,type:str]",
        ] {
            assert!(!looks_sealed(refused.as_bytes()), "{refused:?}");
        }
    }

    #[test]
    fn greedy_fields_take_the_last_marker_that_works() {
        let text = b"ENC[AES256_GCM,data:a,iv:b,iv:c,tag:d,type:e,type:f] ] x";
        assert_eq!(
            fields(text),
            Some([b"a,iv:b".as_slice(), b"c", b"d,type:e", b"f] "])
        );
    }

    #[test]
    fn names_and_types_are_inverse() {
        for name in ["str", "int", "float", "bool", "time", "bytes", "comment"] {
            assert_eq!(
                ScalarType::from_name(name.as_bytes()).and_then(type_name),
                Some(name)
            );
        }
        for unknown in ["", "Str", "null", "string", "str "] {
            assert_eq!(ScalarType::from_name(unknown.as_bytes()), None);
        }
        assert_eq!(type_name(ScalarType::Null), None);
    }

    #[test]
    fn base64_is_decoded_as_go_does() {
        let decoded = |text: &[u8]| {
            let mut out = Vec::new();
            append_decoded(text, &mut out).map(|()| out)
        };
        assert_eq!(decoded(b"YWI="), Some(b"ab".to_vec()));
        assert_eq!(decoded(b"YR=="), Some(b"a".to_vec()), "stray bits");
        assert_eq!(
            decoded(b"\rY\rQ=\r=\r"),
            Some(b"a".to_vec()),
            "carriage returns"
        );
        assert_eq!(decoded(b"\r"), Some(Vec::new()));
        for bad in ["YQ", "YQ=", "YQ==YQ==", "YQ= =", "Y-_=", "=", "YWJj="] {
            assert_eq!(decoded(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn only_an_iv_of_the_written_length_is_reusable() {
        let iv = |len| {
            let iv = BASE64.encode(vec![7; len]);
            let text = format!("ENC[AES256_GCM,data:a,iv:{iv},tag:c,type:str]");
            Envelope::parse(text.as_bytes()).unwrap().reusable_iv()
        };
        assert_eq!(iv(32), Some([7; 32]));
        for len in [1, 12, 31, 33, 34, 35, 64] {
            assert_eq!(iv(len), None, "{len}");
        }
    }

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::sample::select(vec![
                &b"ENC[AES256_GCM,data:"[..],
                b",iv:",
                b",tag:",
                b",type:",
                b"]",
                b"\n",
                b"\r",
                b",",
                b"a",
                b"\xff",
                b"YQ==",
            ])
            .prop_map(<[u8]>::to_vec),
            prop::collection::vec(any::<u8>(), 0..3),
        ]
    }

    proptest! {
        #[test]
        fn agrees_with_the_expression(pieces in prop::collection::vec(piece(), 0..14), head in any::<bool>()) {
            let mut text = if head { HEAD.to_vec() } else { Vec::new() };
            text.extend(pieces.concat());
            prop_assert_eq!(fields(&text), by_regex(&text));
        }

        #[test]
        fn agrees_on_nearly_right_texts(p in prop::collection::vec(piece(), 5), q in prop::collection::vec(piece(), 5)) {
            let mut text = Vec::new();
            for (mark, (p, q)) in [HEAD, IV_MARK, TAG_MARK, TYPE_MARK, TAIL].iter().zip(p.iter().zip(&q)) {
                text.extend_from_slice(mark);
                text.extend_from_slice(p);
                text.extend_from_slice(q);
            }
            prop_assert_eq!(fields(&text), by_regex(&text));
        }
    }
}
