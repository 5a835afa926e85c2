//! Names of objects: SHA-1 (20 bytes) or SHA-256 (32 bytes).

use std::fmt;

/// The length of the longest name in bytes.
const LONGEST: usize = 32;

/// Which hash a repository names its objects by (`extensions.objectFormat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashKind {
    /// 20 bytes.
    Sha1,
    /// 32 bytes.
    Sha256,
}

impl HashKind {
    /// The length of a name in bytes.
    pub fn len(self) -> usize {
        match self {
            HashKind::Sha1 => 20,
            HashKind::Sha256 => LONGEST,
        }
    }

    /// Always false; for symmetry with [`HashKind::len`].
    pub fn is_empty(self) -> bool {
        false
    }
}

/// The name of an object. Orders as its bytes; displays as lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid {
    bytes: [u8; LONGEST],
    kind: HashKind,
}

impl Oid {
    /// A name from its 20 or 32 bytes; `None` for other lengths.
    pub fn from_bytes(bytes: &[u8]) -> Option<Oid> {
        let kind = match bytes.len() {
            20 => HashKind::Sha1,
            LONGEST => HashKind::Sha256,
            _ => return None,
        };
        let mut own = [0; LONGEST];
        own.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Oid { bytes: own, kind })
    }

    /// A name from 40 or 64 hexadecimal digits of either case; `None` for anything else.
    pub fn from_hex(hex: impl AsRef<[u8]>) -> Option<Oid> {
        let hex = hex.as_ref();
        let kind = match hex.len() {
            40 => HashKind::Sha1,
            64 => HashKind::Sha256,
            _ => return None,
        };
        let mut bytes = [0; LONGEST];
        let value = |byte: u8| DIGITS.get(usize::from(byte)).copied().unwrap_or(16);
        let mut wrong = 0;
        for (byte, pair) in bytes.iter_mut().zip(hex.as_chunks::<2>().0) {
            let [high, low] = *pair;
            let (high, low) = (value(high), value(low));
            wrong |= high | low;
            *byte = (high << 4) | (low & 15);
        }
        (wrong < 16).then_some(Oid { bytes, kind })
    }

    /// The name that a blob of these bytes has.
    pub fn of_blob(hash: HashKind, data: &[u8]) -> Option<Oid> {
        super::hash::object_id(hash, super::objects::ObjectKind::Blob, data)
    }

    /// The 20 or 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.kind.len()).unwrap_or(&self.bytes)
    }

    /// Which hash it is.
    pub fn kind(&self) -> HashKind {
        self.kind
    }

    /// The name of zeros, which stands for "none" in reflogs and index entries.
    pub fn is_zero(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }
}

/// The values of digits by byte, and 16 for other bytes.
const DIGITS: [u8; 256] = {
    let mut digits = [16; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        digits[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};

/// The value of a hexadecimal digit.
pub(super) fn digit(byte: u8) -> Option<u8> {
    DIGITS
        .get(usize::from(byte))
        .copied()
        .filter(|value| *value < 16)
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.as_bytes() {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn names_are_read_and_shown_in_hexadecimal() {
        for length in [40, 64] {
            let hex: String = "0123456789abcdef".chars().cycle().take(length).collect();
            let oid = Oid::from_hex(&hex).unwrap();
            assert_eq!(oid.to_string(), hex);
            assert_eq!(Oid::from_hex(hex.to_uppercase()), Some(oid));
            assert_eq!(Oid::from_bytes(oid.as_bytes()), Some(oid));
            assert!(!oid.is_zero());
            for at in 0..length {
                for wrong in ["g", "/", ":", "@", "G", "`", "\0"] {
                    let mut other = hex.clone();
                    other.replace_range(at..=at, wrong);
                    assert_eq!(Oid::from_hex(&other), None, "{other}");
                }
            }
        }
        assert_eq!(Oid::from_hex("0".repeat(39)), None);
        assert!(Oid::from_hex("0".repeat(40)).unwrap().is_zero());
        assert_eq!(Oid::from_bytes(&[0; 21]), None);
    }
}
