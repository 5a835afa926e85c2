//! Hashes: names of objects, and checksums at the end of files.

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::objects::ObjectKind;
use super::oid::{HashKind, Oid};

/// The name of an object: the hash over `KIND SIZE`, a zero byte, and its content.
pub(super) fn object_id(hash: HashKind, kind: ObjectKind, data: &[u8]) -> Option<Oid> {
    let header = format!("{} {}\0", kind.name(), data.len());
    checksum(hash, &[header.as_bytes(), data])
}

/// The hash over pieces.
pub(super) fn checksum(hash: HashKind, pieces: &[&[u8]]) -> Option<Oid> {
    match hash {
        HashKind::Sha1 => {
            let mut state = Sha1::new();
            pieces.iter().for_each(|piece| state.update(piece));
            Oid::from_bytes(&state.finalize())
        }
        HashKind::Sha256 => {
            let mut state = Sha256::new();
            pieces.iter().for_each(|piece| state.update(piece));
            Oid::from_bytes(&state.finalize())
        }
    }
}

/// The last bytes of a file are the hash over the bytes before.
pub(super) fn is_sealed(hash: HashKind, file: &[u8]) -> bool {
    let Some(end) = file.len().checked_sub(hash.len()) else {
        return false;
    };
    match (file.get(..end), file.get(end..)) {
        (Some(content), Some(trailer)) => {
            checksum(hash, &[content]).is_some_and(|sum| sum.as_bytes() == trailer)
        }
        _ => false,
    }
}
