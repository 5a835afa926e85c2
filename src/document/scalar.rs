//! The value of a scalar as SOPS sees it: a type and the bytes that are hashed and encrypted.

use std::borrow::Cow;

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

/// A scalar's value: `canonical` holds the bytes that SOPS hashes into the MAC and encrypts
/// (`True`, `420`, `2001-12-14T00:00:00Z`, or the text itself).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar<'a> {
    /// The type.
    pub ty: ScalarType,
    /// The bytes for MAC and encryption; empty for null.
    pub canonical: Cow<'a, [u8]>,
}
