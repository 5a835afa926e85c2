//! What a YAML scalar means to SOPS: go-yaml v3's tag resolution, then SOPS' own types.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::document::number::{self, Integer};
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::time::Timestamp;
use crate::error::{Error, Kind};

/// Why a scalar has no value that SOPS could hash or encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Go-yaml reads it as an unsigned integer, a type that SOPS does not know.
    #[error("the integer is above 9223372036854775807")]
    IntegerTooLarge,
    /// Go can read, but not print, an offset of 24 hours.
    #[error("the time has an offset of 24 hours or more")]
    TimeOffset,
    /// The text is no value of the type that its tag names.
    #[error("the value does not fit its tag !!{0}")]
    TagMismatch(&'static str),
    /// The text behind `!!binary` is not padded standard base64.
    #[error("the value of a !!binary is not base64")]
    Base64,
}

impl From<ResolveError> for Error {
    fn from(error: ResolveError) -> Error {
        let hint = match error {
            ResolveError::IntegerTooLarge | ResolveError::TimeOffset => {
                "quote the value to make it a string"
            }
            ResolveError::TagMismatch(_) => "correct the value, or remove the tag",
            ResolveError::Base64 => "write standard base64 with its padding, or remove the tag",
        };
        Error::new(Kind::Input, error.to_string()).hint(hint)
    }
}

/// The value of a scalar whose text (quotes, escapes and folding undone) is `text`.
///
/// `tag` is the tag as written or resolved: short (`!!int`), long (`tag:yaml.org,2002:int`), `!`,
/// or anything else, which makes a string. `plain` is false for quoted and block scalars.
///
/// # Errors
/// See [`ResolveError`]; SOPS fails on all of these in the first document of a file.
#[inline]
pub fn resolve<'a>(
    text: &'a str,
    tag: Option<&str>,
    plain: bool,
) -> Result<Scalar<'a>, ResolveError> {
    match tag {
        None | Some("" | "!") if !plain || is_surely_string(text) => Ok(Scalar::string(text)),
        None | Some("" | "!") => untagged(text, true),
        Some(tag) => tagged(text, tag),
    }
}

/// Whether a scalar in the source already means `value`, so that it may stay as it is.
pub fn means(text: &str, tag: Option<&str>, plain: bool, value: &Scalar<'_>) -> bool {
    resolve(text, tag, plain).is_ok_and(|read| read == *value)
}

/// First bytes of everything that may be other than a string: signs, digits, the point, and the
/// initials of the words in [`word`].
const MAY_BE_SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let starts = b"+-.0123456789nNtTfF~";
    let mut i = 0;
    while i < starts.len() {
        table[starts[i] as usize] = true;
        i += 1;
    }
    table
};

#[inline]
fn is_surely_string(text: &str) -> bool {
    text.as_bytes()
        .first()
        .is_some_and(|byte| !MAY_BE_SPECIAL[usize::from(*byte)])
}

/// The words that mean something without a tag.
fn word(text: &str) -> Option<Scalar<'static>> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::NULL,
        "true" | "True" | "TRUE" => Scalar::boolean(true),
        "false" | "False" | "FALSE" => Scalar::boolean(false),
        ".nan" | ".NaN" | ".NAN" => float_word(b"NaN"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => float_word(b"+Inf"),
        "-.inf" | "-.Inf" | "-.INF" => float_word(b"-Inf"),
        _ => return None,
    })
}

fn float_word(canonical: &'static [u8]) -> Scalar<'static> {
    Scalar {
        ty: ScalarType::Float,
        canonical: Cow::Borrowed(canonical),
    }
}

/// go-yaml's order: words, floats that start with a point, times, integers, other floats.
fn untagged(text: &str, with_times: bool) -> Result<Scalar<'_>, ResolveError> {
    // No word is longer; most strings are.
    if text.len() <= 5
        && let Some(scalar) = word(text)
    {
        return Ok(scalar);
    }
    match text.as_bytes().first() {
        Some(b'.') => Ok(number::parse_float(text).map_or(Scalar::string(text), Scalar::float)),
        Some(b'+' | b'-' | b'0'..=b'9') => number_or_time(text, with_times),
        _ => Ok(Scalar::string(text)),
    }
    .map(|scalar| scalar.borrow_if_same(text.as_bytes()))
}

fn number_or_time(text: &str, with_times: bool) -> Result<Scalar<'_>, ResolveError> {
    if with_times && let Some(time) = Timestamp::parse_yaml(text) {
        let canonical = time.canonical().ok_or(ResolveError::TimeOffset)?;
        return Ok(Scalar {
            ty: ScalarType::Time,
            canonical: Cow::Owned(canonical.into_bytes()),
        });
    }
    let joined;
    let digits = if text.contains('_') {
        joined = Zeroizing::new(text.replace('_', ""));
        joined.as_str()
    } else {
        text
    };
    match number::parse_yaml_integer(digits) {
        Some(Integer::Signed(value)) => return Ok(Scalar::integer(value)),
        Some(Integer::Unsigned(_)) => return Err(ResolveError::IntegerTooLarge),
        None => {}
    }
    if number::has_yaml_float_shape(digits)
        && let Some(value) = number::parse_float(digits)
    {
        return Ok(Scalar::float(value));
    }
    Ok(Scalar::string(text))
}

fn tagged<'a>(text: &'a str, tag: &str) -> Result<Scalar<'a>, ResolveError> {
    let Some(name) = tag
        .strip_prefix("tag:yaml.org,2002:")
        .or_else(|| tag.strip_prefix("!!"))
    else {
        return Ok(Scalar::string(text));
    };
    let (ty, name) = match name {
        "int" => (ScalarType::Int, "int"),
        "float" => (ScalarType::Float, "float"),
        "bool" => (ScalarType::Bool, "bool"),
        "null" => (ScalarType::Null, "null"),
        "timestamp" => (ScalarType::Time, "timestamp"),
        "binary" => return binary(text),
        _ => return Ok(Scalar::string(text)),
    };
    match untagged(text, ty == ScalarType::Time) {
        Ok(scalar) if scalar.ty == ty => Ok(scalar),
        Ok(scalar) if scalar.ty == ScalarType::Int && ty == ScalarType::Float => {
            // An integer beyond 2^53 loses digits on the way, as it does in go-yaml.
            let value = scalar
                .text()
                .and_then(number::parse_float)
                .ok_or(ResolveError::TagMismatch(name))?;
            Ok(Scalar::float(value))
        }
        Err(error) if matches!(ty, ScalarType::Int | ScalarType::Time) => Err(error),
        _ => Err(ResolveError::TagMismatch(name)),
    }
}

/// Go's `base64.StdEncoding`: padding is a must, line breaks are skipped, and the bits that padding
/// leaves over may be anything.
fn binary(text: &str) -> Result<Scalar<'_>, ResolveError> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let joined;
    let base64 = if text.contains(['\r', '\n']) {
        joined = Zeroizing::new(text.replace(['\r', '\n'], ""));
        joined.as_str()
    } else {
        text
    };
    let bytes = LENIENT.decode(base64).map_err(|_| ResolveError::Base64)?;
    Ok(Scalar {
        ty: ScalarType::Str,
        canonical: Cow::Owned(bytes),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn strings_are_borrowed() {
        for text in ["hello", "no", "0o8", "1:30", "nothing", "12"] {
            assert!(
                matches!(
                    resolve(text, None, true).unwrap().canonical,
                    Cow::Borrowed(_)
                ),
                "{text}"
            );
        }
    }

    #[test]
    fn the_first_byte_of_every_word_is_in_the_table() {
        for text in [
            "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", ".nan", "+.inf", "-.INF",
        ] {
            assert!(!is_surely_string(text), "{text}");
            assert_ne!(
                resolve(text, None, true).unwrap().ty,
                ScalarType::Str,
                "{text}"
            );
        }
        assert_eq!(resolve("", None, true).unwrap(), Scalar::NULL);
        assert_eq!(resolve("", None, false).unwrap(), Scalar::string(""));
    }

    #[test]
    fn a_sources_own_spelling_may_stay() {
        assert!(means("0x10", None, true, &Scalar::integer(16)));
        assert!(!means("0x10", None, false, &Scalar::integer(16)));
    }

    #[test]
    fn errors_say_what_to_do_and_hold_no_value() {
        let error = Error::from(resolve("18446744073709551615", None, true).unwrap_err());
        assert_eq!(error.message(), "the integer is above 9223372036854775807");
        assert_eq!(error.hints(), ["quote the value to make it a string"]);
    }
}
