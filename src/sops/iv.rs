//! Nonces: one per sealed value, from a generator per file.

use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _, TryRngCore as _};
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};

/// The length of the nonces that SOPS writes, in bytes.
pub const IV_LEN: usize = 32;

/// A nonce as SOPS writes it.
pub type Iv = [u8; IV_LEN];

/// Draws nonces from a ChaCha generator that the operating system seeds once: a system call per
/// value would cost more than sealing it. For nonces only; keys come from the system itself.
pub struct IvSource(StdRng);

impl IvSource {
    /// A source seeded by the operating system.
    ///
    /// # Errors
    /// [`Kind::Io`] if the system has no randomness to give.
    pub fn from_os() -> Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        fill_from_os(seed.as_mut_slice())?;
        Ok(Self::from_seed(*seed))
    }

    /// A source that repeats itself for the same seed. **For tests**: two files with the same key
    /// and the same seed would share their nonces, which breaks GCM.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        IvSource(StdRng::from_seed(seed))
    }

    /// A source of its own for a part of the work, seeded from this one.
    #[must_use]
    pub fn split(&mut self) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        self.0.fill_bytes(seed.as_mut_slice());
        Self::from_seed(*seed)
    }

    /// The next nonce.
    pub fn next_iv(&mut self) -> Iv {
        let mut iv = [0; IV_LEN];
        self.0.fill_bytes(&mut iv);
        iv
    }
}

impl std::fmt::Debug for IvSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IvSource(..)")
    }
}

/// Fills `out` with the operating system's randomness.
pub(super) fn fill_from_os(out: &mut [u8]) -> Result<()> {
    rand::rngs::OsRng.try_fill_bytes(out).map_err(no_randomness)
}

/// The error of a random generator that failed.
pub(super) fn no_randomness(cause: impl std::fmt::Display) -> Error {
    Error::new(
        Kind::Io,
        "cannot read random bytes from the operating system",
    )
    .because(cause.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nonces_do_not_repeat() {
        let mut source = IvSource::from_os().unwrap();
        let seen: HashSet<Iv> = (0..1000).map(|_| source.next_iv()).collect();
        assert_eq!(seen.len(), 1000);
        assert_ne!(
            IvSource::from_os().unwrap().next_iv(),
            IvSource::from_os().unwrap().next_iv()
        );
    }

    #[test]
    fn parts_have_their_own_nonces() {
        let mut source = IvSource::from_seed([7; 32]);
        let (mut one, mut two) = (source.split(), source.split());
        let seen = [
            source.next_iv(),
            one.next_iv(),
            two.next_iv(),
            one.next_iv(),
        ];
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 4);
    }

    #[test]
    fn a_seed_repeats() {
        let draw = |seed| {
            let mut source = IvSource::from_seed([seed; 32]);
            [source.next_iv(), source.next_iv()]
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
