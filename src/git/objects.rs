//! Objects: kinds, and what trees, commits and tags say (gitformat-pack(5) names the kinds; the texts
//! are those of `git cat-file`).

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::oid::{HashKind, Oid};

/// The kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A commit.
    Commit,
    /// A tree.
    Tree,
    /// A blob.
    Blob,
    /// An annotated tag.
    Tag,
}

impl ObjectKind {
    /// The word that Git has for it.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Commit => "commit",
            ObjectKind::Tree => "tree",
            ObjectKind::Blob => "blob",
            ObjectKind::Tag => "tag",
        }
    }

    /// The kind of a word.
    pub fn from_name(name: &[u8]) -> Option<ObjectKind> {
        Some(match name {
            b"commit" => ObjectKind::Commit,
            b"tree" => ObjectKind::Tree,
            b"blob" => ObjectKind::Blob,
            b"tag" => ObjectKind::Tag,
            _ => return None,
        })
    }
}

/// An object, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The kind.
    pub kind: ObjectKind,
    /// The content.
    pub data: Vec<u8>,
}

/// What is at an entry of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A folder.
    Tree,
    /// A file.
    File,
    /// A symbolic link; the blob is its target.
    Link,
    /// A submodule; the commit is in another repository.
    Submodule,
}

impl EntryKind {
    /// The kind of a mode, as Git takes it: by the type bits, and what is unknown is a file.
    pub fn of_mode(mode: u32) -> EntryKind {
        match mode & 0o170_000 {
            0o040_000 => EntryKind::Tree,
            0o120_000 => EntryKind::Link,
            0o160_000 => EntryKind::Submodule,
            _ => EntryKind::File,
        }
    }
}

/// An entry of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeEntry<'a> {
    /// `0o40000`, `0o100644`, ...
    pub mode: u32,
    /// The name, without `/` in sound trees.
    pub name: &'a [u8],
    /// The bytes of the object's name.
    pub oid: &'a [u8],
}

impl TreeEntry<'_> {
    /// What it is.
    pub fn kind(&self) -> EntryKind {
        EntryKind::of_mode(self.mode)
    }

    /// The name of the object.
    pub fn oid(&self) -> Option<Oid> {
        Oid::from_bytes(self.oid)
    }
}

/// The entries of a tree.
#[derive(Clone, Debug)]
pub struct TreeEntries<'a> {
    rest: &'a [u8],
    width: usize,
}

/// The entries of a tree; an `Err` with the reason ends it where it is broken.
pub fn tree_entries(data: &[u8], hash: HashKind) -> TreeEntries<'_> {
    TreeEntries {
        rest: data,
        width: hash.len(),
    }
}

/// The entry at the start of `data`, and its length in bytes.
pub(super) fn first_entry(data: &[u8], width: usize) -> Option<(TreeEntry<'_>, usize)> {
    let mut mode = 0_u32;
    let mut at = 0_usize;
    loop {
        let byte = *data.get(at)?;
        at = at.saturating_add(1);
        match byte {
            b'0'..=b'7' if at <= 7 => {
                mode = (mode << 3) | u32::from(byte.wrapping_sub(b'0'));
            }
            b' ' if at > 1 => break,
            _ => return None,
        }
    }
    let rest = data.get(at..)?;
    let end = memchr::memchr(0, rest)?;
    let name = rest.get(..end)?;
    let oid = rest.get(end.checked_add(1)?..)?.get(..width)?;
    if name.is_empty() {
        return None;
    }
    let length = at
        .saturating_add(end)
        .saturating_add(1)
        .saturating_add(width);
    Some((TreeEntry { mode, name, oid }, length))
}

impl<'a> Iterator for TreeEntries<'a> {
    type Item = Result<TreeEntry<'a>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match first_entry(self.rest, self.width) {
            Some((entry, length)) => {
                self.rest = self.rest.get(length..).unwrap_or_default();
                Some(Ok(entry))
            }
            None => {
                self.rest = &[];
                Some(Err("is not a tree that can be read"))
            }
        }
    }
}

/// What a commit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The tree.
    pub tree: Oid,
    /// The parents, first parent first.
    pub parents: Vec<Oid>,
    /// When it was committed, in seconds since 1970; 0 if that cannot be read.
    pub time: i64,
}

impl Commit {
    /// What `data` says; `None` if it names no tree, or a parent cannot be read.
    pub fn parse(data: &[u8]) -> Option<Commit> {
        let mut lines = Lines { data, at: 0 };
        let tree = Oid::from_hex(lines.next()?.strip_prefix(b"tree ")?)?;
        let mut parents = Vec::new();
        let mut time = None;
        let mut at_parents = true;
        for line in lines.by_ref() {
            match line.strip_prefix(b"parent ") {
                Some(parent) if at_parents => parents.push(Oid::from_hex(parent)?),
                _ => at_parents = false,
            }
            if time.is_none() {
                time = line.strip_prefix(b"committer ").map(time_of);
            }
        }
        Some(Commit {
            tree,
            parents,
            time: time.unwrap_or(0),
        })
    }
}

/// The seconds at the end of `Name <address> SECONDS ZONE`.
fn time_of(line: &[u8]) -> i64 {
    let end = memchr::memrchr(b'>', line).map_or(0, |at| at.saturating_add(1));
    line.get(end..)
        .unwrap_or_default()
        .split(|byte| *byte == b' ')
        .find(|word| !word.is_empty())
        .and_then(|word| std::str::from_utf8(word).ok())
        .and_then(|word| word.parse().ok())
        .unwrap_or(0)
}

/// The lines up to the first empty one, which is skipped too.
struct Lines<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.data.get(self.at..)?;
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.at = self
            .at
            .saturating_add(end)
            .saturating_add(1)
            .min(self.data.len());
        rest.get(..end).filter(|line| !line.is_empty())
    }
}

/// The message in a commit or a tag: what is behind the first empty line, or all of it if there is none.
pub(super) fn message_in(data: &[u8]) -> &[u8] {
    static END: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\n\n"));
    let head = END.find(data);
    head.and_then(|at| data.get(at.saturating_add(2)..))
        .unwrap_or(data)
}

/// What an annotated tag says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// What is tagged.
    pub target: Oid,
    /// Its kind, as the tag says.
    pub kind: Option<ObjectKind>,
}

impl Tag {
    /// What `data` says; `None` if it names no object.
    pub fn parse(data: &[u8]) -> Option<Tag> {
        let mut lines = Lines { data, at: 0 };
        let target = Oid::from_hex(lines.next()?.strip_prefix(b"object ")?)?;
        let mut kind = None;
        for line in lines.by_ref() {
            if let Some(word) = line.strip_prefix(b"type ") {
                kind = ObjectKind::from_name(word);
            }
        }
        Some(Tag { target, kind })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const A: &str = "0123456789012345678901234567890123456789";

    #[test]
    fn commits_give_tree_parents_time_and_message() {
        let text = format!(
            "tree {A}\nparent {A}\nparent {A}\nauthor A <a@b> 1 +0000\ncommitter C > D <c@d> 1700000000 +0100\n\
             gpgsig -----BEGIN\n x\n \n y\n\nparent none\n"
        );
        let commit = Commit::parse(text.as_bytes()).unwrap();
        assert_eq!(commit.parents.len(), 2);
        assert_eq!(commit.time, 1_700_000_000);
        assert_eq!(message_in(text.as_bytes()), b"parent none\n");
        assert!(Commit::parse(b"tree 12\n").is_none());
        assert!(Commit::parse(format!("tree {A}\nparent 1\n").as_bytes()).is_none());
        let bare = Commit::parse(format!("tree {A}").as_bytes()).unwrap();
        assert_eq!(bare.time, 0);
    }

    #[test]
    fn tags_give_target_and_message() {
        let text = format!("object {A}\ntype commit\ntag v1\ntagger A <a@b> 1 +0000\n\nwords\n");
        let tag = Tag::parse(text.as_bytes()).unwrap();
        assert_eq!(tag.kind, Some(ObjectKind::Commit));
        assert_eq!(message_in(text.as_bytes()), b"words\n");
    }

    #[test]
    fn trees_give_entries_until_they_break() {
        let mut data = b"100644 a b\0".to_vec();
        data.extend([1; 20]);
        data.extend(b"40000 c\0");
        data.extend([2; 20]);
        let entries: Vec<_> = tree_entries(&data, HashKind::Sha1)
            .map(Result::unwrap)
            .collect();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].name, b"a b");
        assert_eq!(entries[1].kind(), EntryKind::Tree);
        for cut in 1..data.len() {
            let whole = cut == 31;
            let ok = tree_entries(&data[..cut], HashKind::Sha1).all(|entry| entry.is_ok());
            assert_eq!(ok, whole, "{cut}");
        }
    }
}
