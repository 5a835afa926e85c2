//! Bytes that must not outlive their use or show up in a log.

use std::fmt;
use std::ops::{Deref, DerefMut};

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing, zeroize_bytes};

/// Secret bytes: wiped when dropped, and silent in `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes ownership of `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        SecretBytes(bytes)
    }

    /// Copies `bytes`.
    pub fn copy_of(bytes: &[u8]) -> Self {
        SecretBytes(bytes.to_vec())
    }

    /// The bytes, for the one place that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, if they are UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl From<Zeroizing<Vec<u8>>> for SecretBytes {
    fn from(mut bytes: Zeroizing<Vec<u8>>) -> Self {
        SecretBytes(std::mem::take(&mut *bytes))
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

/// Secret bytes that are gathered: they grow and never shrink. What was written is wiped when the
/// buffer is dropped, and the old memory whenever it moves to a larger one; memory that was reserved
/// and not used is not touched.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretBuffer(Vec<u8>);

impl SecretBuffer {
    /// An empty buffer with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        SecretBuffer(Vec::with_capacity(capacity))
    }

    /// A buffer of `len` zeros, to be written over.
    pub fn zeroed(len: usize) -> Self {
        SecretBuffer(vec![0; len])
    }

    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let needed = self.0.len().saturating_add(bytes.len());
        if needed > self.0.capacity() {
            let mut larger = Self::with_capacity(needed.saturating_mul(2));
            larger.0.extend_from_slice(&self.0);
            *self = larger;
        }
        self.0.extend_from_slice(bytes);
    }

    /// Appends text.
    pub fn push_str(&mut self, text: &str) {
        self.push(text.as_bytes());
    }

    /// How much fits in without moving.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Drops and wipes what is behind the first `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        zeroize_bytes(self.0.get_mut(len..).unwrap_or_default());
        self.0.truncate(len);
    }
}

impl From<Vec<u8>> for SecretBuffer {
    fn from(bytes: Vec<u8>) -> Self {
        SecretBuffer(bytes)
    }
}

impl From<SecretBuffer> for SecretBytes {
    fn from(mut buffer: SecretBuffer) -> Self {
        SecretBytes(std::mem::take(&mut buffer.0))
    }
}

impl AsRef<[u8]> for SecretBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for SecretBuffer {
    fn drop(&mut self) {
        zeroize_bytes(&mut self.0);
    }
}

impl Deref for SecretBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for SecretBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl fmt::Debug for SecretBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBuffer(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_buffer_grows_and_keeps_its_bytes() {
        let mut buffer = SecretBuffer::with_capacity(2);
        buffer.push(b"a");
        buffer.push_str("bcd");
        buffer.push(b"");
        assert_eq!(*buffer, *b"abcd");
        buffer.truncate(9);
        buffer.truncate(3);
        assert_eq!(*buffer, *b"abc");
        buffer[0] = b'x';
        assert_eq!(SecretBytes::from(buffer).expose(), b"xbc");
    }

    #[test]
    fn secrets_do_not_show_themselves() {
        let buffer = SecretBuffer::from(b"S3ntinel".to_vec());
        assert_eq!(format!("{buffer:?}"), "SecretBuffer(..)");
        assert_eq!(
            format!("{:?}", SecretBytes::from(buffer)),
            "SecretBytes(..)"
        );
    }
}
