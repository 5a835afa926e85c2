//! What a leaf is: nothing to encrypt, plaintext, ciphertext, or ciphertext that lost a part.

use super::collect::is_encryptable;
use super::envelope::{looks_damaged, looks_sealed};
use crate::document::scalar::{Scalar, ScalarType};

/// What a leaf is in the eyes of SOPS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafState {
    /// Null or empty: never encrypted.
    Nothing,
    /// A value in plaintext.
    Plain,
    /// It begins as ciphertext does, and is not whole.
    Damaged,
    /// Ciphertext.
    Sealed,
}

/// What a leaf is.
pub fn leaf_state(scalar: &Scalar<'_>) -> LeafState {
    if !is_encryptable(scalar) {
        LeafState::Nothing
    } else if scalar.ty != ScalarType::Str {
        LeafState::Plain
    } else if looks_sealed(&scalar.canonical) {
        LeafState::Sealed
    } else if looks_damaged(&scalar.canonical) {
        LeafState::Damaged
    } else {
        LeafState::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states() {
        let sealed = "ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]";
        for (scalar, state) in [
            (Scalar::NULL, LeafState::Nothing),
            (Scalar::string(""), LeafState::Nothing),
            (Scalar::string("x"), LeafState::Plain),
            (Scalar::integer(0), LeafState::Plain),
            (Scalar::boolean(false), LeafState::Plain),
            (Scalar::string(sealed), LeafState::Sealed),
            (Scalar::string("ENC[AES256_GCM,data:a"), LeafState::Damaged),
        ] {
            assert_eq!(leaf_state(&scalar), state, "{scalar:?}");
        }
    }
}
