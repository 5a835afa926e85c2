//! The value of a scalar as SOPS sees it: a type and the bytes that are hashed and encrypted.

use std::borrow::Cow;

use zeroize::Zeroize;

use super::number;
use super::time::Timestamp;

/// The type that SOPS gives a scalar; the name after `type:` in `ENC[...]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarType {
    /// `null` in all its spellings: never encrypted, leaves no trace in the MAC.
    Null,
    /// A string (`str`).
    Str,
    /// A 64-bit signed integer (`int`).
    Int,
    /// A 64-bit float (`float`).
    Float,
    /// A boolean (`bool`).
    Bool,
    /// A point in time (`time`).
    Time,
    /// Bytes (`bytes`): read, never written.
    Bytes,
    /// A comment (`comment`): never in the MAC.
    Comment,
}

impl ScalarType {
    /// The name after `type:` in `ENC[...]`; `null` has none there.
    pub fn name(self) -> &'static str {
        match self {
            ScalarType::Null => "null",
            ScalarType::Str => "str",
            ScalarType::Int => "int",
            ScalarType::Float => "float",
            ScalarType::Bool => "bool",
            ScalarType::Time => "time",
            ScalarType::Bytes => "bytes",
            ScalarType::Comment => "comment",
        }
    }

    /// The type of that name in `ENC[...]`; names are case-sensitive.
    pub fn from_name(name: &[u8]) -> Option<ScalarType> {
        Some(match name {
            b"str" => ScalarType::Str,
            b"int" => ScalarType::Int,
            b"float" => ScalarType::Float,
            b"bool" => ScalarType::Bool,
            b"time" => ScalarType::Time,
            b"bytes" => ScalarType::Bytes,
            b"comment" => ScalarType::Comment,
            _ => return None,
        })
    }
}

/// A scalar's value: `canonical` holds the bytes that SOPS hashes into the MAC and encrypts
/// (`True`, `420`, `2001-12-14T00:00:00Z`, or the text itself).
///
/// Two scalars are equal when SOPS cannot tell them apart: `1.50` and `1.5`, but not `-0.0` and `0.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar<'a> {
    /// The type.
    pub ty: ScalarType,
    /// The bytes for MAC and encryption; empty for null.
    pub canonical: Cow<'a, [u8]>,
}

/// A decrypted plaintext is not of the type that its `ENC[...]` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the decrypted value is not of type {}", .0.name())]
pub struct NotOfType(pub ScalarType);

impl<'a> Scalar<'a> {
    /// The value of `null`.
    pub const NULL: Scalar<'static> = Scalar {
        ty: ScalarType::Null,
        canonical: Cow::Borrowed(&[]),
    };

    /// A string.
    #[inline]
    pub fn string(text: &'a str) -> Scalar<'a> {
        Scalar {
            ty: ScalarType::Str,
            canonical: Cow::Borrowed(text.as_bytes()),
        }
    }

    /// A boolean.
    pub fn boolean(value: bool) -> Scalar<'a> {
        let text: &[u8] = if value { b"True" } else { b"False" };
        Scalar {
            ty: ScalarType::Bool,
            canonical: Cow::Borrowed(text),
        }
    }

    /// An integer.
    pub fn integer(value: i64) -> Scalar<'a> {
        Scalar {
            ty: ScalarType::Int,
            canonical: Cow::Owned(value.to_string().into_bytes()),
        }
    }

    /// A float.
    pub fn float(value: f64) -> Scalar<'a> {
        Scalar {
            ty: ScalarType::Float,
            canonical: Cow::Owned(number::format_plain(value).into_bytes()),
        }
    }

    /// What SOPS makes of a decrypted plaintext (`aes.Cipher.Decrypt`), in canonical form again.
    /// Plaintexts that already are canonical are borrowed.
    ///
    /// # Errors
    /// When the plaintext is not a value of `ty`, or `ty` is [`ScalarType::Null`].
    pub fn from_decrypted(ty: ScalarType, plaintext: &'a [u8]) -> Result<Scalar<'a>, NotOfType> {
        let not_of_type = NotOfType(ty);
        let text = || std::str::from_utf8(plaintext).map_err(|_| not_of_type);
        let scalar = match ty {
            ScalarType::Str | ScalarType::Bytes | ScalarType::Comment => Scalar {
                ty,
                canonical: Cow::Borrowed(plaintext),
            },
            ScalarType::Int => Scalar::integer(number::parse_decimal(text()?).ok_or(not_of_type)?),
            ScalarType::Float => Scalar::float(number::parse_float(text()?).ok_or(not_of_type)?),
            ScalarType::Bool => Scalar::boolean(parse_bool(plaintext).ok_or(not_of_type)?),
            ScalarType::Time => {
                let time = Timestamp::parse_rfc3339(text()?)
                    .and_then(|t| t.canonical())
                    .ok_or(not_of_type)?;
                Scalar {
                    ty,
                    canonical: Cow::Owned(time.into_bytes()),
                }
            }
            ScalarType::Null => return Err(not_of_type),
        };
        Ok(scalar.borrow_if_same(plaintext))
    }

    /// Whether SOPS would read this very value from `spelling`, were that the decrypted plaintext.
    /// If so, a number or a time may be encrypted the way its author spelled it, and the MAC still
    /// matches (`1.50` for 1.5, `+12` for 12).
    pub fn may_be_encrypted_as(&self, spelling: &[u8]) -> bool {
        Scalar::from_decrypted(self.ty, spelling).is_ok_and(|read| read == *self)
    }

    /// The canonical bytes as text; `None` if they are not UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.canonical).ok()
    }

    /// Borrows `source` instead of keeping an equal copy.
    pub(crate) fn borrow_if_same<'b>(mut self, source: &'b [u8]) -> Scalar<'b>
    where
        'a: 'b,
    {
        if *self.canonical == *source {
            self.zeroize();
            return Scalar {
                ty: self.ty,
                canonical: Cow::Borrowed(source),
            };
        }
        self
    }
}

/// Wipes the bytes if they are the scalar's own; borrowed ones are their owner's affair.
impl Zeroize for Scalar<'_> {
    fn zeroize(&mut self) {
        if let Cow::Owned(bytes) = &mut self.canonical {
            bytes.zeroize();
        }
    }
}

/// Go's `strconv.ParseBool`.
fn parse_bool(text: &[u8]) -> Option<bool> {
    match text {
        b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True" => Some(true),
        b"0" | b"f" | b"F" | b"false" | b"FALSE" | b"False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn opened(ty: ScalarType, plaintext: &str) -> Option<String> {
        let scalar = Scalar::from_decrypted(ty, plaintext.as_bytes()).ok()?;
        Some(scalar.text().unwrap().to_owned())
    }

    #[test]
    fn decrypted_values_become_canonical() {
        assert_eq!(opened(ScalarType::Int, "+0012").as_deref(), Some("12"));
        assert_eq!(opened(ScalarType::Float, "1.50").as_deref(), Some("1.5"));
        assert_eq!(opened(ScalarType::Float, "inf").as_deref(), Some("+Inf"));
        assert_eq!(opened(ScalarType::Bool, "t").as_deref(), Some("True"));
        assert_eq!(
            opened(ScalarType::Time, "2001-12-14T1:00:00,50+00:00").as_deref(),
            Some("2001-12-14T01:00:00.5Z")
        );
        assert_eq!(opened(ScalarType::Int, "0x10"), None);
        assert_eq!(opened(ScalarType::Int, "1_0"), None);
        assert_eq!(opened(ScalarType::Bool, "yes"), None);
        assert_eq!(opened(ScalarType::Null, ""), None);
    }

    #[test]
    fn canonical_plaintexts_are_not_copied() {
        for (ty, text) in [
            (ScalarType::Str, "x"),
            (ScalarType::Int, "-5"),
            (ScalarType::Float, "1.5"),
            (ScalarType::Bool, "True"),
        ] {
            let scalar = Scalar::from_decrypted(ty, text.as_bytes()).unwrap();
            assert!(matches!(scalar.canonical, Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn strings_need_not_be_text() {
        let scalar = Scalar::from_decrypted(ScalarType::Str, b"\xff").unwrap();
        assert_eq!(scalar.text(), None);
        assert_eq!(&*scalar.canonical, b"\xff");
    }

    #[test]
    fn spellings_survive_when_sops_reads_the_same_value() {
        assert!(Scalar::float(1.5).may_be_encrypted_as(b"1.50"));
        assert!(Scalar::integer(12).may_be_encrypted_as(b"+12"));
        assert!(!Scalar::integer(10).may_be_encrypted_as(b"012"));
        assert!(!Scalar::float(f64::INFINITY).may_be_encrypted_as(b".inf"));
    }

    #[test]
    fn names_round_trip() {
        for ty in [
            ScalarType::Str,
            ScalarType::Int,
            ScalarType::Float,
            ScalarType::Bool,
            ScalarType::Time,
            ScalarType::Bytes,
            ScalarType::Comment,
        ] {
            assert_eq!(ScalarType::from_name(ty.name().as_bytes()), Some(ty));
        }
        assert_eq!(ScalarType::from_name(b"null"), None);
    }
}
