//! Packs (gitformat-pack(5)): one object at a time. [`super::history`] reads them whole.

use std::path::{Path, PathBuf};

use super::delta;
use super::files::Source;
use super::inflate::{CUT_OFF, Flaw, Inflater};
use super::objects::{Object, ObjectKind};
use super::oid::{HashKind, Oid};
use super::pack_index::PackIndex;

/// How many deltas may stand between an object and one that is whole. Git writes at most 4,095.
const CHAIN_MAX: usize = 10_000;
/// The longest header of an entry, in bytes: a size of 10 bytes and a name.
pub(super) const HEADER_MAX: usize = 10 + 32;
/// `PACK`, version, count.
const PACK_HEADER: u64 = 12;

/// A pack and its index.
#[derive(Debug)]
pub(super) struct Pack {
    /// The `.pack` file.
    pub(super) path: PathBuf,
    pub(super) source: Source,
    pub(super) index: PackIndex,
    pub(super) hash: HashKind,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// The object itself.
    Whole(ObjectKind),
    /// A delta for the entry at an offset.
    OffsetDelta(u64),
    /// A delta for an object.
    NamedDelta(Oid),
}

/// What stands before the stream of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryHeader {
    pub(super) kind: EntryKind,
    /// The size of what the stream holds.
    pub(super) size: u64,
    /// Where the stream starts, from the start of the entry.
    pub(super) length: usize,
}

/// Reads the header of the entry at `offset`, at the start of `bytes`.
pub(super) fn entry_header(bytes: &[u8], offset: u64, hash: HashKind) -> Result<EntryHeader, Flaw> {
    const BROKEN: Flaw = "has a broken header";
    let (&first, _) = bytes.split_first().ok_or(CUT_OFF)?;
    let mut size = u64::from(first & 0x0f);
    let mut length = 1_usize;
    let mut shift = 4_u32;
    let mut more = first & 0x80 != 0;
    while more {
        let byte = *bytes.get(length).ok_or(CUT_OFF)?;
        let bits = u64::from(byte & 0x7f);
        // The last group has room for 4 bits.
        if shift > 60 || (shift == 60 && bits > 0x0f) {
            return Err(BROKEN);
        }
        size |= bits << shift;
        shift += 7;
        length += 1;
        more = byte & 0x80 != 0;
    }
    let kind = match (first >> 4) & 7 {
        1 => EntryKind::Whole(ObjectKind::Commit),
        2 => EntryKind::Whole(ObjectKind::Tree),
        3 => EntryKind::Whole(ObjectKind::Blob),
        4 => EntryKind::Whole(ObjectKind::Tag),
        6 => {
            let mut back = 0_u64;
            let mut places = 0_u32;
            loop {
                let byte = *bytes.get(length).ok_or(CUT_OFF)?;
                length += 1;
                places += 1;
                back = back
                    .checked_mul(128)
                    .and_then(|back| back.checked_add(u64::from(byte & 0x7f)))
                    .ok_or(BROKEN)?;
                if byte & 0x80 == 0 {
                    break;
                }
                // Each continued group counts one more.
                back = back.checked_add(1).ok_or(BROKEN)?;
                if places > 9 {
                    return Err(BROKEN);
                }
            }
            let base = offset.checked_sub(back).ok_or(BROKEN)?;
            if back == 0 || base < PACK_HEADER {
                return Err(BROKEN);
            }
            EntryKind::OffsetDelta(base)
        }
        7 => {
            let name = bytes.get(length..).and_then(|rest| rest.get(..hash.len()));
            length += hash.len();
            EntryKind::NamedDelta(name.and_then(Oid::from_bytes).ok_or(CUT_OFF)?)
        }
        _ => return Err("has an unknown type"),
    };
    Ok(EntryHeader { kind, size, length })
}

impl Pack {
    /// Opens a pack with its index, and checks what can be checked without reading all of it.
    ///
    /// The error is in words that start with the name of the file.
    pub(super) fn open(path: &Path, hash: HashKind) -> Result<Pack, String> {
        let name = path.display();
        let index_path = path.with_extension("idx");
        let index = PackIndex::open(&index_path, hash)
            .map_err(|flaw| format!("{}: the pack index {flaw}", index_path.display()))?
            .ok_or_else(|| format!("{name}: the pack has no index"))?;
        let source = Source::open(path)
            .map_err(|error| error.to_string())?
            .ok_or_else(|| format!("{}: the pack index has no pack", index_path.display()))?;
        let flaw = |words: &str| format!("{name}: the pack {words}");
        let mut head = [0; 12];
        source.fill(&mut head, 0).map_err(|_| flaw(CUT_OFF))?;
        let [p, a, c, k, version @ .., n3, n2, n1, n0] = head;
        if [p, a, c, k] != *b"PACK" {
            return Err(flaw("does not start with PACK"));
        }
        let version = u32::from_be_bytes(version);
        if !(2..=3).contains(&version) {
            return Err(flaw(&format!("has the unknown version {version}")));
        }
        if u32::from_be_bytes([n3, n2, n1, n0]) != index.count() {
            return Err(flaw("has another number of objects than its index"));
        }
        let pack = Pack {
            path: path.to_owned(),
            source,
            index,
            hash,
        };
        let mut trailer = vec![0; hash.len()];
        if pack.end() < PACK_HEADER {
            return Err(flaw(CUT_OFF));
        }
        pack.source
            .fill(&mut trailer, pack.end())
            .map_err(|_| flaw(CUT_OFF))?;
        let expected = pack.index.pack_checksum().map_err(|_| flaw(CUT_OFF))?;
        if trailer != expected {
            return Err(flaw("has another checksum than its index says"));
        }
        Ok(pack)
    }

    /// Where the entries end.
    pub(super) fn end(&self) -> u64 {
        let trailer = u64::try_from(self.hash.len()).unwrap_or(0);
        self.source.len().saturating_sub(trailer)
    }

    /// Reads the object at an offset.
    pub(super) fn read(
        &self,
        offset: u64,
        limit: usize,
        inflater: &mut Inflater,
    ) -> Result<Object, Flaw> {
        let mut deltas = Vec::new();
        let mut at = offset;
        let mut stream = Vec::new();
        let (kind, mut data) = loop {
            let header = self.header(at)?;
            match header.kind {
                EntryKind::Whole(kind) => {
                    self.inflate(at, header, limit, inflater, &mut stream)?;
                    break (kind, std::mem::take(&mut stream));
                }
                EntryKind::OffsetDelta(base) => {
                    deltas.push((at, header));
                    at = base;
                }
                EntryKind::NamedDelta(base) => {
                    deltas.push((at, header));
                    at = self
                        .index
                        .lookup(&base)
                        .map_err(|_| "cannot be found in the pack index")?
                        .ok_or("is a delta for an object that is not in its pack")?;
                }
            }
            if deltas.len() > CHAIN_MAX {
                return Err("stands behind too many deltas");
            }
        };
        let mut target = Vec::new();
        for (at, header) in deltas.into_iter().rev() {
            self.inflate(at, header, limit, inflater, &mut stream)?;
            let sizes = delta::sizes(&stream)?;
            if usize::try_from(sizes.target).map_or(true, |size| size > limit) {
                return Err(TOO_LARGE);
            }
            delta::apply(&data, &stream, &mut target, |_| {})?;
            std::mem::swap(&mut data, &mut target);
        }
        Ok(Object { kind, data })
    }

    fn header(&self, at: u64) -> Result<EntryHeader, Flaw> {
        if at < PACK_HEADER || at >= self.end() {
            return Err("is outside of its pack");
        }
        let mut scratch = Vec::new();
        let bytes = self.entry(at, HEADER_MAX, &mut scratch)?;
        entry_header(bytes, at, self.hash)
    }

    /// Bytes from `at` on, never those of the trailer.
    fn entry<'a>(
        &'a self,
        at: u64,
        length: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Flaw> {
        let rest = usize::try_from(self.end().saturating_sub(at)).unwrap_or(usize::MAX);
        let bytes = self
            .source
            .piece(at, length.min(rest), scratch)
            .map_err(|_| "cannot be read")?;
        Ok(bytes.get(..bytes.len().min(rest)).unwrap_or(bytes))
    }

    fn inflate(
        &self,
        at: u64,
        header: EntryHeader,
        limit: usize,
        inflater: &mut Inflater,
        out: &mut Vec<u8>,
    ) -> Result<(), Flaw> {
        let size = usize::try_from(header.size).map_err(|_| TOO_LARGE)?;
        if size > limit {
            return Err(TOO_LARGE);
        }
        // What a stream of this size takes if it is not compressed at all; then twice as much.
        let mut length = size
            .saturating_add(size >> 10)
            .saturating_add(header.length)
            .saturating_add(128);
        let mut scratch = Vec::new();
        loop {
            let bytes = self.entry(at, length, &mut scratch)?;
            let seen = bytes.len();
            let stream = bytes.get(header.length..).unwrap_or_default();
            match inflater.whole(stream, size, out) {
                Ok(_) => return Ok(()),
                Err(CUT_OFF) if seen == length && length < limit => {
                    length = length.saturating_mul(2);
                }
                Err(flaw) => return Err(flaw),
            }
        }
    }
}

/// The object is larger than the caller wants.
pub(super) const TOO_LARGE: Flaw = "is larger than the limit";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn headers_give_kind_size_and_length() {
        let whole = entry_header(&[0xb5, 0x02, 0x78], 12, HashKind::Sha1).unwrap();
        assert_eq!(whole.kind, EntryKind::Whole(ObjectKind::Blob));
        assert_eq!((whole.size, whole.length), (0x25, 2));
        let delta = entry_header(&[0x61, 0x80, 0x00], 1000, HashKind::Sha1).unwrap();
        assert_eq!(delta.kind, EntryKind::OffsetDelta(1000 - 128));
        let mut named = vec![0x71];
        named.extend([7; 20]);
        let delta = entry_header(&named, 12, HashKind::Sha1).unwrap();
        assert_eq!(
            delta.kind,
            EntryKind::NamedDelta(Oid::from_bytes(&[7; 20]).unwrap())
        );
    }

    #[test]
    fn broken_headers_are_refused() {
        for (why, bytes) in [
            ("nothing", &[][..]),
            ("size cut off", &[0xb5][..]),
            ("size too long", &[0xb5; 12][..]),
            ("no type", &[0x05][..]),
            ("reserved type", &[0x55][..]),
            ("delta for itself", &[0x61, 0][..]),
            ("delta for the pack's header", &[0x61, 95][..]),
            ("delta for before the pack", &[0x61, 0xff, 0x7f][..]),
            (
                "offset too long",
                &[0x61, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255][..],
            ),
            ("name cut off", &[0x71, 1, 2, 3][..]),
        ] {
            assert!(entry_header(bytes, 100, HashKind::Sha1).is_err(), "{why}");
        }
    }
}
