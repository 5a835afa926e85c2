//! The data key: the one symmetric key of a file, sealed to every recipient.

use std::fmt;

use rand::TryCryptoRng;
use rand::rngs::OsRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::iv::no_randomness;
use crate::error::{Error, Kind, Result};

/// The length of a data key, in bytes.
pub const DATA_KEY_LEN: usize = 32;

/// 32 secret bytes, wiped when dropped. On the heap, so that moving the key leaves no copy behind.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey(Box<[u8; DATA_KEY_LEN]>);

impl DataKey {
    /// A new key from the operating system.
    ///
    /// # Errors
    /// [`Kind::Io`] if the system has no randomness to give.
    pub fn generate() -> Result<Self> {
        Self::generate_from(&mut OsRng)
    }

    /// A new key from a generator. Prefer [`DataKey::generate`] outside tests: a buffered generator
    /// keeps a copy of what it handed out.
    ///
    /// # Errors
    /// [`Kind::Io`] if the generator fails.
    pub fn generate_from<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self> {
        let mut key = DataKey(Box::new([0; DATA_KEY_LEN]));
        rng.try_fill_bytes(key.0.as_mut_slice())
            .map_err(no_randomness)?;
        Ok(key)
    }

    /// The key that a recipient's envelope or a set of shares held.
    ///
    /// # Errors
    /// [`Kind::Key`] unless `bytes` has 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.len() != DATA_KEY_LEN {
            return Err(Error::new(Kind::Key, "data key has the wrong length")
                .because(format!("{} bytes instead of {DATA_KEY_LEN}", bytes.len()))
                .hint("a file with several key groups holds a share of the key in each group: check `shamir_threshold`"));
        }
        let mut key = DataKey(Box::new([0; DATA_KEY_LEN]));
        key.0.copy_from_slice(bytes);
        Ok(key)
    }

    /// The bytes, for the cipher and for sealing the key to recipients.
    pub fn bytes(&self) -> &[u8; DATA_KEY_LEN] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn keys_differ_and_do_not_show() {
        let (a, b) = (DataKey::generate().unwrap(), DataKey::generate().unwrap());
        assert_ne!(a.bytes(), b.bytes());
        assert_ne!(a.bytes(), &[0; 32]);
        assert_eq!(format!("{a:?}"), "DataKey(..)");
    }

    #[test]
    fn a_seeded_generator_repeats() {
        let draw = |seed| DataKey::generate_from(&mut StdRng::seed_from_u64(seed)).unwrap();
        assert_eq!(draw(1).bytes(), draw(1).bytes());
        assert_ne!(draw(1).bytes(), draw(2).bytes());
    }

    #[test]
    fn only_32_bytes_are_a_key() {
        assert_eq!(DataKey::from_bytes(&[9; 32]).unwrap().bytes(), &[9; 32]);
        for len in [0, 16, 24, 31, 33, 64] {
            let error = DataKey::from_bytes(&vec![0; len]).unwrap_err();
            assert_eq!(error.kind(), Kind::Key, "{len}");
        }
    }

    #[test]
    fn zeroizing_wipes_the_key() {
        let mut key = DataKey::from_bytes(&[9; 32]).unwrap();
        key.zeroize();
        assert_eq!(key.bytes(), &[0; 32]);
    }
}
