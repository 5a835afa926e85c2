//! The index (gitformat-index(5)): versions 2 to 4, with cache tree and split index.

use std::path::Path;

use super::files;
use super::hash::is_sealed;
use super::oid::{HashKind, Oid};
use crate::error::{Error, Kind, Result};

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

/// A folder of the cache tree (extension `TREE`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheTree {
    /// The name in the folder above; empty at the top.
    pub name: Vec<u8>,
    /// How many entries it covers; `None` if it is out of date.
    pub entries: Option<usize>,
    /// The tree, if it is up to date.
    pub oid: Option<Oid>,
    /// The folders in it.
    pub children: Vec<CacheTree>,
}

/// Deepest folder of the cache tree.
const MAX_DEPTH: usize = 512;

/// Bytes of an entry before the object's name.
const STAT: usize = 40;

/// Reads an index; `git_dir` has its shared part, if it is split.
pub(super) fn read(path: &Path, git_dir: &Path, hash: HashKind) -> Result<Option<Index>> {
    let Some(bytes) = files::read(path, files::INDEX_MAX)? else {
        return Ok(None);
    };
    let damaged = |what: &str| damaged(path, what);
    let file = File::parse(&bytes, hash).map_err(damaged)?;
    let Some(link) = file.link else {
        let index = Index {
            entries: file.entries,
            cache_tree: file.cache_tree,
        };
        return Ok(Some(index));
    };
    let mut entries = file.entries;
    if !link.base.is_zero() {
        let path = git_dir.join(format!("sharedindex.{}", link.base));
        let Some(bytes) = files::read(&path, files::INDEX_MAX)? else {
            return Err(damaged("its shared part is missing"));
        };
        let shared = File::parse(&bytes, hash).map_err(|what| self::damaged(&path, what))?;
        entries = link.merge(shared.entries, entries).map_err(damaged)?;
    }
    entries.sort_by(|a, b| (&a.path, a.stage).cmp(&(&b.path, b.stage)));
    Ok(Some(Index {
        entries,
        cache_tree: file.cache_tree,
    }))
}

fn damaged(path: &Path, what: &str) -> Error {
    let error = Error::new(Kind::Incomplete, "the index cannot be read");
    let error = error.in_file(path.to_string_lossy()).because(what);
    error.hint("`git status` tells whether Git can read it; `git read-tree HEAD` writes it anew")
}

/// One index file.
struct File {
    entries: Vec<IndexEntry>,
    cache_tree: Option<CacheTree>,
    link: Option<Link>,
}

impl File {
    fn parse(bytes: &[u8], hash: HashKind) -> std::result::Result<Self, &'static str> {
        let end = bytes
            .len()
            .checked_sub(hash.len())
            .ok_or("it is too short")?;
        let trailer = bytes.get(end..).unwrap_or_default();
        // `index.skipHash` writes zeros.
        if trailer.iter().any(|byte| *byte != 0) && !is_sealed(hash, bytes) {
            return Err("its checksum does not match");
        }
        let mut reader = Reader {
            rest: bytes.get(..end).unwrap_or_default(),
        };
        if reader.take(4)? != b"DIRC" {
            return Err("it does not start as an index does");
        }
        let version = reader.number()?;
        if !(2..=4).contains(&version) {
            return Err("it has a version that this program does not know");
        }
        let count = reader.number()? as usize;
        if count > end / (STAT + hash.len()) {
            return Err("it has fewer entries than it says");
        }
        let mut entries: Vec<IndexEntry> = Vec::with_capacity(count);
        for _ in 0..count {
            let previous = entries.last().map_or(&[][..], |entry| &entry.path);
            let entry = reader.entry(version, hash, previous)?;
            if entry.mode & 0o170_000 == 0o040_000 {
                return Err(
                    "it is a sparse index, with folders in place of their files (`git config index.sparse false` writes it whole)",
                );
            }
            entries.push(entry);
        }
        let mut file = File {
            entries,
            cache_tree: None,
            link: None,
        };
        while !reader.rest.is_empty() {
            let name: [u8; 4] = reader
                .take(4)?
                .try_into()
                .map_err(|_| "an extension is cut off")?;
            let size = reader.number()? as usize;
            let data = reader.take(size)?;
            match &name {
                b"TREE" => file.cache_tree = Reader { rest: data }.cache_tree(hash).ok(),
                b"link" => file.link = Some(Link::parse(data, hash)?),
                b"sdir" => {}
                // Those whose name starts with a capital may be passed over.
                [first, ..] if first.is_ascii_uppercase() => {}
                _ => return Err("it has an extension that this program does not know"),
            }
        }
        Ok(file)
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> std::result::Result<&'a [u8], &'static str> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or("it is cut off")?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> std::result::Result<u32, &'static str> {
        let bytes = self.take(4)?.try_into().map_err(|_| "it is cut off")?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn short(&mut self) -> std::result::Result<u16, &'static str> {
        let bytes = self.take(2)?.try_into().map_err(|_| "it is cut off")?;
        Ok(u16::from_be_bytes(bytes))
    }

    fn oid(&mut self, hash: HashKind) -> std::result::Result<Oid, &'static str> {
        Oid::from_bytes(self.take(hash.len())?).ok_or("an object's name is damaged")
    }

    fn until(&mut self, end: u8) -> std::result::Result<&'a [u8], &'static str> {
        let at = memchr::memchr(end, self.rest).ok_or("a name is not ended")?;
        let text = self.take(at)?;
        self.take(1)?;
        Ok(text)
    }

    fn entry(
        &mut self,
        version: u32,
        hash: HashKind,
        previous: &[u8],
    ) -> std::result::Result<IndexEntry, &'static str> {
        let before = self.rest.len();
        let stat = self.take(STAT)?;
        let mode = stat.get(24..28).and_then(|bytes| bytes.try_into().ok());
        let mode = mode.map_or(0, u32::from_be_bytes);
        let oid = self.oid(hash)?;
        let flags = self.short()?;
        let extended = match flags & 0x4000 != 0 {
            true if version < 3 => return Err("an entry has flags that its version has not"),
            true => self.short()?,
            false => 0,
        };
        let path = if version == 4 {
            let dropped = self.offset()?;
            let kept = previous
                .len()
                .checked_sub(dropped)
                .ok_or("a name is damaged")?;
            let mut path = previous.get(..kept).unwrap_or_default().to_vec();
            path.extend_from_slice(self.until(0)?);
            path
        } else {
            let path = self.until(0)?.to_vec();
            let used = before - self.rest.len();
            // The zero byte is the first of the padding to a multiple of eight.
            self.take((8 - used % 8) % 8)?;
            path
        };
        Ok(IndexEntry {
            path,
            oid,
            mode,
            stage: ((flags >> 12) & 3) as u8,
            intent_to_add: extended & 0x2000 != 0,
            skip_worktree: extended & 0x4000 != 0,
            assume_valid: flags & 0x8000 != 0,
        })
    }

    /// A number as the offsets of deltas are written.
    fn offset(&mut self) -> std::result::Result<usize, &'static str> {
        let mut value: usize = 0;
        for step in 0..9 {
            let byte = self.take(1)?.first().copied().unwrap_or_default();
            if step > 0 {
                value = value.checked_add(1).ok_or("a number is too large")?;
            }
            value = value.checked_shl(7).ok_or("a number is too large")? | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a number is too large")
    }

    fn cache_tree(&mut self, hash: HashKind) -> std::result::Result<CacheTree, &'static str> {
        // The open folders, each with how many folders it still has to get.
        let mut open: Vec<(CacheTree, usize)> = Vec::new();
        loop {
            let name = self.until(0)?.to_vec();
            let parse = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<i64>().ok();
            let entries = parse(self.until(b' ')?).ok_or("the cache tree is damaged")?;
            let children = parse(self.until(b'\n')?).and_then(|n| usize::try_from(n).ok());
            let children = children.ok_or("the cache tree is damaged")?;
            let entries = usize::try_from(entries).ok();
            let oid = entries.map(|_| self.oid(hash)).transpose()?;
            let folder = CacheTree {
                name,
                entries,
                oid,
                children: Vec::new(),
            };
            open.push((folder, children));
            if open.len() > MAX_DEPTH {
                return Err("the cache tree is nested too deeply");
            }
            while let Some((_, 0)) = open.last() {
                let Some((done, _)) = open.pop() else { break };
                match open.last_mut() {
                    None => return Ok(done),
                    Some((above, left)) => {
                        above.children.push(done);
                        *left -= 1;
                    }
                }
            }
        }
    }
}

/// A split index (extension `link`): what it takes over from the shared one.
struct Link {
    base: Oid,
    deleted: Vec<bool>,
    replaced: Vec<bool>,
}

impl Link {
    fn parse(data: &[u8], hash: HashKind) -> std::result::Result<Self, &'static str> {
        let mut reader = Reader { rest: data };
        let base = reader.oid(hash)?;
        let (deleted, replaced) = match reader.rest.is_empty() {
            true => (Vec::new(), Vec::new()),
            false => (reader.bitmap()?, reader.bitmap()?),
        };
        Ok(Link {
            base,
            deleted,
            replaced,
        })
    }

    /// Replacements come first, in the order of what they replace, and without a name.
    fn merge(
        &self,
        shared: Vec<IndexEntry>,
        own: Vec<IndexEntry>,
    ) -> std::result::Result<Vec<IndexEntry>, &'static str> {
        let is = |bits: &[bool], number: usize| bits.get(number).copied().unwrap_or(false);
        let mut own = own.into_iter();
        let mut merged = Vec::with_capacity(shared.len());
        for (number, entry) in shared.into_iter().enumerate() {
            if is(&self.replaced, number) {
                let new = own.next().filter(|new| new.path.is_empty());
                let mut new = new.ok_or("its shared part does not fit")?;
                new.path = entry.path;
                if !is(&self.deleted, number) {
                    merged.push(new);
                }
            } else if !is(&self.deleted, number) {
                merged.push(entry);
            }
        }
        for entry in own {
            if entry.path.is_empty() {
                return Err("its shared part does not fit");
            }
            merged.push(entry);
        }
        Ok(merged)
    }
}

impl Reader<'_> {
    /// A bitmap in the compressed form that Git has from EWAH.
    fn bitmap(&mut self) -> std::result::Result<Vec<bool>, &'static str> {
        let size = self.number()? as usize;
        let words = self.number()? as usize;
        if size > files::INDEX_MAX as usize / STAT {
            return Err("a bitmap is too large");
        }
        let mut words = Reader {
            rest: self.take(words.checked_mul(8).ok_or("a bitmap is too large")?)?,
        };
        self.take(4)?;
        let mut bits: Vec<bool> = Vec::new();
        let word = |reader: &mut Reader<'_>| -> std::result::Result<u64, &'static str> {
            let bytes = reader
                .take(8)?
                .try_into()
                .map_err(|_| "a bitmap is cut off")?;
            Ok(u64::from_be_bytes(bytes))
        };
        while bits.len() < size && !words.rest.is_empty() {
            let run = word(&mut words)?;
            let length = ((run >> 1) & 0xffff_ffff) as usize;
            let length = length.saturating_mul(64).min(size - bits.len());
            bits.resize(bits.len() + length, run & 1 == 1);
            for _ in 0..run >> 33 {
                let literal = word(&mut words)?;
                bits.extend((0..64).map(|bit| literal >> bit & 1 == 1));
                if bits.len() >= size {
                    break;
                }
            }
        }
        bits.truncate(size);
        Ok(bits)
    }
}
