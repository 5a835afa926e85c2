//! A growing byte buffer that leaves no copy of its content behind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::secret::SecretBytes;

/// Like `Vec<u8>`, but wipes the old allocation whenever it grows.
pub(super) struct SecretBuffer(Zeroizing<Vec<u8>>);

impl SecretBuffer {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        SecretBuffer(Zeroizing::new(Vec::with_capacity(capacity)))
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let needed = self.0.len().saturating_add(bytes.len());
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.saturating_mul(2)));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn push_str(&mut self, text: &str) {
        self.push(text.as_bytes());
    }

    pub(super) fn push_char(&mut self, c: char) {
        let mut utf8 = Zeroizing::new([0; 4]);
        self.push(c.encode_utf8(&mut *utf8).as_bytes());
    }

    /// Characters since the last line break.
    pub(super) fn column(&self) -> usize {
        let line = self.0.rsplit(|&b| b == b'\n').next().unwrap_or_default();
        line.iter().filter(|&&b| b & 0xc0 != 0x80).count()
    }

    pub(super) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    pub(super) fn into_secret(self) -> SecretBytes {
        SecretBytes::from(self.0)
    }
}

/// Standard, padded base64 of `bytes`.
pub(super) fn base64_of(bytes: &[u8]) -> Zeroizing<String> {
    // `encode` allocates its exact length once, so nothing is left behind.
    Zeroizing::new(STANDARD.encode(bytes))
}
