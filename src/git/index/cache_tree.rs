//! The cache tree (extension `TREE`): folders of the index and the trees that are equal to them.

use super::Bytes;
use crate::git::oid::{HashKind, Oid};

/// Folders in folders.
const DEPTH_MAX: usize = 256;

/// A folder of the cache tree.
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

impl CacheTree {
    /// The folder of a name.
    pub fn child(&self, name: &[u8]) -> Option<&CacheTree> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Reads the extension; `None` if it is empty or broken.
pub(super) fn parse(content: &[u8], hash: HashKind) -> Option<CacheTree> {
    let mut bytes = Bytes { rest: content };
    let tree = folder(&mut bytes, hash, 0)?;
    bytes.rest.is_empty().then_some(tree)
}

fn folder(bytes: &mut Bytes<'_>, hash: HashKind, depth: usize) -> Option<CacheTree> {
    if depth > DEPTH_MAX {
        return None;
    }
    let name = bytes.until(0).ok()?.to_vec();
    let entries = number(bytes.until(b' ').ok()?)?;
    let folders = usize::try_from(number(bytes.until(b'\n').ok()?)?).ok()?;
    let entries = usize::try_from(entries).ok();
    let oid = match entries {
        Some(_) => Some(bytes.oid(hash).ok()?),
        None => None,
    };
    // Each takes 6 bytes at least.
    if folders > bytes.rest.len() / 6 {
        return None;
    }
    let mut children = Vec::with_capacity(folders);
    for _ in 0..folders {
        children.push(folder(bytes, hash, depth.saturating_add(1))?);
    }
    Some(CacheTree {
        name,
        entries,
        oid,
        children,
    })
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
