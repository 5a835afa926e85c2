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
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = (digit(*high)? << 4) | digit(*low)?;
        }
        Some(Oid { bytes, kind })
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

/// The value of a hexadecimal digit.
pub(super) fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(byte.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
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
