//! The paths of a history, as a tree of names.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::census::{NONE, index, number_of};

/// The longest path in bytes.
const PATH_MAX: u32 = 16 << 10;
/// Paths, folders included: in any history, for each object, and at most. Trees can be nested so that a
/// few objects have billions of paths; real histories have fewer paths than objects.
const PATHS_LEAST: usize = 256 << 10;
const PATHS_PER_OBJECT: usize = 8;
const PATHS_MAX: usize = 4 << 20;
/// All paths together, in bytes.
const BYTES_MAX: usize = 384 << 20;

/// The top.
pub(super) const ROOT: u32 = 0;

/// A path could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is longer than [`PATH_MAX`].
    TooLong,
    /// There are too many.
    TooMany,
}

/// Paths while they are found.
#[derive(Debug)]
pub(super) struct PathTree {
    /// Parent and name of each path.
    nodes: Vec<(u32, u32)>,
    lengths: Vec<u32>,
    children: HashMap<u64, u32, RandomState>,
    bytes: usize,
    most: usize,
}

impl PathTree {
    /// Of a history of so many objects.
    pub(super) fn new(objects: usize) -> Self {
        PathTree {
            most: objects
                .saturating_mul(PATHS_PER_OBJECT)
                .clamp(PATHS_LEAST, PATHS_MAX),
            nodes: vec![(NONE, NONE)],
            lengths: vec![0],
            children: HashMap::with_hasher(RandomState::default()),
            bytes: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The path of a name in a folder.
    pub(super) fn child(
        &mut self,
        folder: u32,
        name: u32,
        names: &[Box<[u8]>],
    ) -> Result<u32, Refused> {
        let key = (u64::from(folder) << 32) | u64::from(name);
        if let Some(node) = self.children.get(&key) {
            return Ok(*node);
        }
        let own = names.get(index(name)).map_or(0, |name| name.len());
        let above = self.lengths.get(index(folder)).copied().unwrap_or(0);
        let slash = u32::from(folder != ROOT);
        let length = above.saturating_add(slash).saturating_add(number_of(own));
        if length > PATH_MAX {
            return Err(Refused::TooLong);
        }
        let bytes = self.bytes.saturating_add(index(length));
        if self.nodes.len() >= self.most || bytes > BYTES_MAX {
            return Err(Refused::TooMany);
        }
        self.bytes = bytes;
        let node = number_of(self.nodes.len());
        self.nodes.push((folder, name));
        self.lengths.push(length);
        self.children.insert(key, node);
        Ok(node)
    }

    /// The paths in words.
    pub(super) fn finish(self, names: &[Box<[u8]>]) -> Paths {
        let mut paths = Paths {
            text: Vec::with_capacity(self.bytes),
            ends: Vec::with_capacity(self.nodes.len()),
        };
        for (folder, name) in &self.nodes {
            let (start, end) = paths.range(*folder);
            // Folders come before what is in them.
            paths.text.extend_from_within(start..end);
            if end > start {
                paths.text.push(b'/');
            }
            let name = names.get(index(*name)).map_or(&[][..], |name| name);
            paths.text.extend_from_slice(name);
            paths.ends.push(paths.text.len());
        }
        paths
    }
}

/// All paths of a history, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Paths {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Paths {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn range(&self, path: u32) -> (usize, usize) {
        let place = index(path);
        let end = self.ends.get(place).copied().unwrap_or(0);
        let start = place
            .checked_sub(1)
            .and_then(|before| self.ends.get(before).copied())
            .unwrap_or(0);
        (start.min(end), end)
    }

    pub(super) fn get(&self, path: u32) -> &[u8] {
        let (start, end) = self.range(path);
        self.text.get(start..end).unwrap_or_default()
    }
}
