//! The index (gitformat-index(5)): versions 2 to 4, with cache tree, split index and sparse index.

mod cache_tree;
mod ewah;
mod sparse;
mod split;

use std::path::Path;

use super::files::{self, INDEX_MAX};
use super::hash;
use super::oid::{HashKind, Oid};
use super::repository::Repository;
use crate::error::{Error, Kind, Result};

pub use cache_tree::CacheTree;

/// The longest path in bytes. No system checks out one of more than 4,096.
const PATH_MAX: usize = 16 << 10;
/// All paths together, in bytes: version 4 repeats them at no cost.
const PATHS_MAX: usize = 512 << 20;
/// `DIRC`, version, count.
const HEADER: usize = 12;
/// Times, device, inode, mode, owner, group, size.
const FIXED: usize = 40;

/// The index.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// By path, then stage.
    pub entries: Vec<IndexEntry>,
    /// The trees that are known to be equal to a part of the entries.
    pub cache_tree: Option<CacheTree>,
}

/// An entry of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// With `/`, relative to the top.
    pub path: Vec<u8>,
    /// The blob, or the commit of a submodule.
    pub oid: Oid,
    /// As in trees: `0o100644`, `0o100755`, `0o120000`, `0o160000`.
    pub mode: u32,
    /// 0, or 1 to 3 in a conflict.
    pub stage: u8,
    /// `git add --intent-to-add`.
    pub intent_to_add: bool,
    /// Left out of the work tree by a sparse checkout.
    pub skip_worktree: bool,
    /// `git update-index --assume-unchanged`.
    pub assume_valid: bool,
}

/// An index file by itself.
#[derive(Debug, Default)]
struct Parsed {
    entries: Vec<IndexEntry>,
    cache_tree: Option<CacheTree>,
    link: Option<split::Link>,
    is_sparse: bool,
}

/// Reads an index of a repository, its own or another file.
pub(super) fn read(repository: &Repository, path: &Path) -> Result<Option<Index>> {
    let git_dir = repository.git_dir();
    let hash = repository.hash();
    let Some(bytes) = files::read(path, INDEX_MAX)? else {
        return Ok(None);
    };
    let fail = |reason: String| broken(path, reason);
    let mut parsed = parse(&bytes, hash).map_err(fail)?;
    drop(bytes);
    if let Some(link) = parsed.link.take()
        && let Some(base) = link.base
    {
        let shared = git_dir.join(format!("sharedindex.{base}"));
        let bytes = files::read(&shared, INDEX_MAX)?
            .ok_or_else(|| fail(format!("needs {}, which is missing", shared.display())))?;
        if !bytes.ends_with(base.as_bytes()) {
            return Err(broken(&shared, "is not what its name says"));
        }
        let other = parse(&bytes, hash).map_err(|reason| broken(&shared, reason))?;
        if other.link.is_some() {
            return Err(broken(&shared, "is split itself"));
        }
        parsed.is_sparse |= other.is_sparse;
        parsed.entries = split::merge(other.entries, parsed.entries, &link).map_err(fail)?;
    }
    if parsed.is_sparse {
        parsed.entries = sparse::expand(parsed.entries, &repository.store()?)?;
        // It counts folders as one entry each.
        parsed.cache_tree = None;
    }
    let mut last: Option<(&[u8], u8)> = None;
    for entry in &parsed.entries {
        let this = (entry.path.as_slice(), entry.stage);
        if entry.path.is_empty() || last.is_some_and(|last| last >= this) {
            return Err(fail("is not in order".to_owned()));
        }
        last = Some(this);
    }
    Ok(Some(Index {
        entries: parsed.entries,
        cache_tree: parsed.cache_tree,
    }))
}

fn broken(path: &Path, reason: impl Into<String>) -> Error {
    Error::new(Kind::Incomplete, format!("the index {}", reason.into()))
        .in_file(path.to_string_lossy())
}

fn cut_off() -> String {
    "is cut off".to_owned()
}

/// Takes pieces from the front.
struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> std::result::Result<&'a [u8], String> {
        let (piece, rest) = self.rest.split_at_checked(length).ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(piece)
    }

    fn u32(&mut self) -> std::result::Result<u32, String> {
        let piece = self.take(4)?.try_into().map_err(|_| cut_off())?;
        Ok(u32::from_be_bytes(piece))
    }

    fn u16(&mut self) -> std::result::Result<u16, String> {
        let piece = self.take(2)?.try_into().map_err(|_| cut_off())?;
        Ok(u16::from_be_bytes(piece))
    }

    /// Up to a byte, which is skipped.
    fn until(&mut self, end: u8) -> std::result::Result<&'a [u8], String> {
        let at = memchr::memchr(end, self.rest).ok_or_else(cut_off)?;
        let piece = self.take(at)?;
        self.take(1)?;
        Ok(piece)
    }

    fn oid(&mut self, hash: HashKind) -> std::result::Result<Oid, String> {
        Oid::from_bytes(self.take(hash.len())?).ok_or_else(cut_off)
    }
}

fn parse(bytes: &[u8], hash: HashKind) -> std::result::Result<Parsed, String> {
    let end = bytes.len().checked_sub(hash.len()).ok_or_else(cut_off)?;
    let (content, trailer) = bytes.split_at_checked(end).ok_or_else(cut_off)?;
    // `index.skipHash` leaves zeros.
    if trailer.iter().any(|byte| *byte != 0) && !hash::is_sealed(hash, bytes) {
        return Err("does not have the checksum that it says".to_owned());
    }
    let mut bytes = Bytes { rest: content };
    let mut header = Bytes {
        rest: bytes.take(HEADER)?,
    };
    if header.take(4)? != b"DIRC" {
        return Err("does not start with DIRC".to_owned());
    }
    let version = header.u32()?;
    if !(2..=4).contains(&version) {
        return Err(format!("has the unknown version {version}"));
    }
    let count = usize::try_from(header.u32()?).map_err(|_| cut_off())?;
    let least = FIXED.saturating_add(hash.len()).saturating_add(3);
    if count > content.len() / least {
        return Err(cut_off());
    }
    let mut parsed = Parsed::default();
    parsed.entries.reserve_exact(count);
    let mut name = Vec::new();
    let mut room = PATHS_MAX;
    for _ in 0..count {
        let entry = entry(&mut bytes, version, hash, &mut name)?;
        room = room
            .checked_sub(entry.path.len())
            .ok_or_else(|| format!("has paths of more than {PATHS_MAX} bytes"))?;
        parsed.entries.push(entry);
    }
    while !bytes.rest.is_empty() {
        extension(&mut bytes, hash, &mut parsed)?;
    }
    Ok(parsed)
}

fn entry(
    bytes: &mut Bytes<'_>,
    version: u32,
    hash: HashKind,
    name: &mut Vec<u8>,
) -> std::result::Result<IndexEntry, String> {
    let before = bytes.rest.len();
    let mut fixed = Bytes {
        rest: bytes.take(FIXED)?,
    };
    fixed.take(24)?;
    let mode = fixed.u32()?;
    let oid = bytes.oid(hash)?;
    let flags = bytes.u16()?;
    let more = if flags & 0x4000 == 0 {
        0
    } else if version == 2 {
        return Err("has an entry with flags that its version does not have".to_owned());
    } else {
        bytes.u16()?
    };
    if more & 0x9fff != 0 {
        return Err("has an entry with unknown flags".to_owned());
    }
    let keep = if version == 4 {
        let drop = offset(bytes)?;
        name.len()
            .checked_sub(drop)
            .ok_or_else(|| "has an entry with a broken name".to_owned())?
    } else {
        0
    };
    name.truncate(keep);
    let rest = bytes.until(0)?;
    if keep.saturating_add(rest.len()) > PATH_MAX {
        return Err(format!("has a path of more than {PATH_MAX} bytes"));
    }
    name.extend_from_slice(rest);
    let said = usize::from(flags & 0x0fff);
    if said < 0x0fff && said != name.len() {
        return Err("has an entry with a broken name".to_owned());
    }
    if version < 4 {
        // Up to 8 zero bytes fill the entry to a multiple of 8.
        let used = before.saturating_sub(bytes.rest.len());
        let fill = used.next_multiple_of(8).saturating_sub(used);
        if bytes.take(fill)?.iter().any(|byte| *byte != 0) {
            return Err("has an entry with a broken name".to_owned());
        }
    }
    Ok(IndexEntry {
        path: name.clone(),
        oid,
        mode,
        stage: u8::try_from((flags >> 12) & 3).unwrap_or(0),
        intent_to_add: more & 0x2000 != 0,
        skip_worktree: more & 0x4000 != 0,
        assume_valid: flags & 0x8000 != 0,
    })
}

/// A number in groups of 7 bits, as in the offsets of deltas.
fn offset(bytes: &mut Bytes<'_>) -> std::result::Result<usize, String> {
    let mut value = 0_usize;
    for _ in 0..5 {
        let byte = bytes.take(1)?.first().copied().unwrap_or(0);
        value = (value << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
        value = value.saturating_add(1);
    }
    Err("has an entry with a broken name".to_owned())
}

fn extension(
    bytes: &mut Bytes<'_>,
    hash: HashKind,
    parsed: &mut Parsed,
) -> std::result::Result<(), String> {
    let name = bytes.take(4)?;
    let length = usize::try_from(bytes.u32()?).map_err(|_| cut_off())?;
    let content = bytes.take(length)?;
    match name {
        // A cache tree that cannot be read is none: it only saves work.
        b"TREE" => parsed.cache_tree = cache_tree::parse(content, hash),
        b"link" => parsed.link = Some(split::parse(content, hash)?),
        b"sdir" => parsed.is_sparse = true,
        [first, ..] if first.is_ascii_uppercase() => {}
        _ => {
            return Err(format!(
                "needs the unknown extension `{}`",
                name.escape_ascii()
            ));
        }
    }
    Ok(())
}
