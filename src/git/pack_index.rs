//! Pack indexes, versions 1 and 2 (gitformat-pack(5), "pack-*.idx files have the following format").

use std::io;
use std::path::Path;

use super::files::Source;
use super::hash;
use super::oid::{HashKind, Oid};

/// What is wrong with an index, in words that complete "the pack index ...".
type Flaw = String;

/// So many names are read at once rather than one by one.
const TOGETHER: u32 = 512;
const MAGIC: [u8; 4] = [0xff, b't', b'O', b'c'];
/// 256 counts of 4 bytes.
const FANOUT: u64 = 1024;
/// The first bit of an offset in version 2: the rest is a position in the table of large offsets.
const LARGE: u32 = 0x8000_0000;

/// The index of a pack, read in pieces.
#[derive(Debug)]
pub(super) struct PackIndex {
    source: Source,
    hash: HashKind,
    version: u8,
    fanout: Vec<u32>,
    count: u32,
    large: u64,
}

/// The whole index.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The names, ascending, one behind the other.
    pub(super) oids: Vec<u8>,
    /// Where in the pack each is.
    pub(super) offsets: Vec<u64>,
    /// CRC-32 of each entry as it is in the pack; empty in version 1.
    pub(super) checksums: Vec<u32>,
}

impl PackIndex {
    /// Opens an index and checks that its parts add up; `None` if there is no such file.
    pub(super) fn open(path: &Path, hash: HashKind) -> Result<Option<PackIndex>, Flaw> {
        let Some(source) = Source::open(path).map_err(|error| error.message().to_owned())? else {
            return Ok(None);
        };
        let mut head = [0; 8];
        source.fill(&mut head, 0).map_err(|_| cut_off())?;
        let version = match head {
            [a, b, c, d, version @ ..] if [a, b, c, d] == MAGIC => {
                match u32::from_be_bytes(version) {
                    2 => 2,
                    other => return Err(format!("has the unknown version {other}")),
                }
            }
            _ => 1,
        };
        let start = if version == 2 { 8 } else { 0 };
        let mut fanout = [0; 1024];
        source.fill(&mut fanout, start).map_err(|_| cut_off())?;
        let fanout: Vec<u32> = words(&fanout).collect();
        if !fanout.is_sorted() {
            return Err("has a broken fan-out table".to_owned());
        }
        let count = fanout.last().copied().unwrap_or(0);
        let mut index = PackIndex {
            source,
            hash,
            version,
            fanout,
            count,
            large: 0,
        };
        // All below 2^32 * 64, so that nothing overflows.
        let fixed = index.end_of_fixed();
        let trailers = index.width() * 2;
        let rest = index
            .source
            .len()
            .checked_sub(fixed + trailers)
            .ok_or_else(cut_off)?;
        if rest % 8 != 0 || rest / 8 > u64::from(count) || (version == 1 && rest != 0) {
            return Err("has another length than its parts".to_owned());
        }
        index.large = rest / 8;
        Ok(Some(index))
    }

    fn width(&self) -> u64 {
        match self.hash {
            HashKind::Sha1 => 20,
            HashKind::Sha256 => 32,
        }
    }

    /// Where the names start.
    fn names_at(&self) -> u64 {
        if self.version == 1 {
            FANOUT
        } else {
            8 + FANOUT
        }
    }

    /// The bytes from one name to the next.
    fn stride(&self) -> u64 {
        if self.version == 1 {
            4 + self.width()
        } else {
            self.width()
        }
    }

    /// Where the tables of fixed size end.
    fn end_of_fixed(&self) -> u64 {
        let each = if self.version == 1 {
            self.stride()
        } else {
            self.stride() + 8
        };
        self.names_at() + each * u64::from(self.count)
    }

    /// How many objects the pack has.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The checksum that the pack must have.
    pub(super) fn pack_checksum(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.hash.len()];
        let at = self.source.len().saturating_sub(self.width() * 2);
        self.source.fill(&mut bytes, at)?;
        Ok(bytes)
    }

    fn name(&self, position: u32, into: &mut [u8]) -> io::Result<()> {
        let skip = if self.version == 1 { 4 } else { 0 };
        let at = self.names_at() + self.stride() * u64::from(position) + skip;
        self.source.fill(into, at)
    }

    fn offset(&self, position: u32) -> io::Result<u64> {
        let mut word = [0; 4];
        if self.version == 1 {
            let at = self.names_at() + self.stride() * u64::from(position);
            self.source.fill(&mut word, at)?;
            return Ok(u64::from(u32::from_be_bytes(word)));
        }
        let table = self.names_at() + (self.stride() + 4) * u64::from(self.count);
        self.source
            .fill(&mut word, table + 4 * u64::from(position))?;
        let word = u32::from_be_bytes(word);
        if word & LARGE == 0 {
            return Ok(u64::from(word));
        }
        let number = u64::from(word & !LARGE);
        if number >= self.large {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut long = [0; 8];
        self.source
            .fill(&mut long, self.end_of_fixed() + 8 * number)?;
        Ok(u64::from_be_bytes(long))
    }

    /// The first position in the bucket of `name` whose name is not below it, and the bucket's end.
    fn seek(&self, name: &[u8]) -> io::Result<(u32, u32)> {
        let first = usize::from(name.first().copied().unwrap_or(0));
        let end = self.fanout.get(first).copied().unwrap_or(0);
        let mut low = first
            .checked_sub(1)
            .and_then(|before| self.fanout.get(before).copied())
            .unwrap_or(0);
        let mut high = end;
        let mut buffer = [0; 32];
        let found = buffer.get_mut(..self.hash.len()).unwrap_or_default();
        while high.saturating_sub(low) > TOGETHER {
            let middle = low + (high - low) / 2;
            self.name(middle, found)?;
            if &*found < name {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let rows = usize::try_from(high.saturating_sub(low)).unwrap_or(0);
        let stride = usize::try_from(self.stride()).unwrap_or(0);
        let mut rest = vec![0; rows.saturating_mul(stride)];
        let at = self.names_at() + self.stride() * u64::from(low);
        self.source.fill(&mut rest, at)?;
        // An offset stands before each name of an old index.
        let skip = stride.saturating_sub(self.hash.len());
        let rows = rest.chunks_exact(stride.max(1));
        let below = rows.take_while(|row| row.get(skip..).is_some_and(|found| found < name));
        low = low.saturating_add(u32::try_from(below.count()).unwrap_or(0));
        Ok((low, end))
    }

    /// Where in the pack an object is.
    pub(super) fn lookup(&self, oid: &Oid) -> io::Result<Option<u64>> {
        if oid.kind() != self.hash {
            return Ok(None);
        }
        let (position, end) = self.seek(oid.as_bytes())?;
        if position >= end {
            return Ok(None);
        }
        let mut buffer = [0; 32];
        let found = buffer.get_mut(..self.hash.len()).unwrap_or_default();
        self.name(position, found)?;
        if found != oid.as_bytes() {
            return Ok(None);
        }
        self.offset(position).map(Some)
    }

    /// The names from `low` on that `accepts` takes, in order, until it refuses one; at most `limit`.
    pub(super) fn names_from(
        &self,
        low: &[u8],
        accepts: impl Fn(&Oid) -> bool,
        limit: usize,
    ) -> io::Result<Vec<Oid>> {
        let (mut position, end) = self.seek(low)?;
        let mut names = Vec::new();
        let mut buffer = [0; 32];
        let found = buffer.get_mut(..self.hash.len()).unwrap_or_default();
        while position < end && names.len() < limit {
            self.name(position, found)?;
            match Oid::from_bytes(found) {
                Some(oid) if accepts(&oid) => names.push(oid),
                _ => break,
            }
            position += 1;
        }
        Ok(names)
    }

    /// Reads all of it, and checks its checksum and order.
    pub(super) fn contents(&self) -> Result<Contents, Flaw> {
        let bytes = self
            .source
            .read_whole()
            .map_err(|error| format!("cannot be read: {}", error.kind()))?;
        if !hash::is_sealed(self.hash, &bytes) {
            return Err("does not have the checksum that it says".to_owned());
        }
        let width = self.hash.len();
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        let part = |from: u64, length: u64| {
            bytes
                .get(size(from)..size(from.saturating_add(length)))
                .ok_or_else(cut_off)
        };
        let count = u64::from(self.count);
        let mut contents = Contents::default();
        if self.version == 1 {
            let table = part(self.names_at(), self.stride() * count)?;
            for row in table.chunks_exact(size(self.stride())) {
                let (offset, name) = row.split_at_checked(4).ok_or_else(cut_off)?;
                contents.offsets.extend(words(offset).map(u64::from));
                contents.oids.extend_from_slice(name);
            }
        } else {
            let mut at = self.names_at();
            contents.oids = part(at, self.stride() * count)?.to_vec();
            at += self.stride() * count;
            contents.checksums = words(part(at, 4 * count)?).collect();
            at += 4 * count;
            let long = part(at + 4 * count, 8 * self.large)?;
            let long: Vec<u64> = long
                .chunks_exact(8)
                .filter_map(|chunk| chunk.try_into().ok().map(u64::from_be_bytes))
                .collect();
            contents.offsets.reserve_exact(size(count));
            for word in words(part(at, 4 * count)?) {
                contents.offsets.push(if word & LARGE == 0 {
                    u64::from(word)
                } else {
                    let number = usize::try_from(word & !LARGE).unwrap_or(usize::MAX);
                    *long
                        .get(number)
                        .ok_or_else(|| "names an offset that it does not have".to_owned())?
                });
            }
        }
        self.check_order(&contents.oids, width)?;
        Ok(contents)
    }

    fn check_order(&self, oids: &[u8], width: usize) -> Result<(), Flaw> {
        let broken = || "is not in order".to_owned();
        let mut counted = [0_u32; 256];
        let mut last: &[u8] = &[];
        for name in oids.chunks_exact(width) {
            if name <= last {
                return Err(broken());
            }
            last = name;
            let first = usize::from(name.first().copied().unwrap_or(0));
            if let Some(count) = counted.get_mut(first) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for (count, expected) in counted.iter().zip(&self.fanout) {
            sum += count;
            if sum != *expected {
                return Err(broken());
            }
        }
        Ok(())
    }
}

fn cut_off() -> Flaw {
    "is cut off".to_owned()
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes
        .chunks_exact(4)
        .filter_map(|chunk| chunk.try_into().ok().map(u32::from_be_bytes))
}
