//! What Git has of a file: its sealed version in the index or in the last commit.
//!
//! It is looked for only where it can be of use, for starting Git takes as long as sealing a Secret: the file is in
//! a working tree, the index names it, and there is an identity that needs no question.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use secrets::Format;
use secrets::fsio;
use secrets::keys::Identities;
use secrets::secret::SecretBuffer;
use secrets::sops::file::metadata_of;

use super::git_process::{Git, Objects, bytes_of};
use crate::context::Context;

/// The largest index that is searched for a path, in bytes: some million files. Of a larger one Git knows.
const MAX_INDEX: u64 = 256 << 20;

/// Looks for sealed versions of files. May be shared between threads.
pub(crate) struct Versions<'c> {
    context: &'c Context,
    trees: Mutex<HashMap<PathBuf, Tree>>,
}

/// A working tree.
#[derive(Default)]
struct Tree {
    /// Its index; `None` if there is none, so that it has no version of anything.
    index: Option<Index>,
    /// Git, once something was asked for; `Err` if it does not answer.
    objects: Option<Result<Objects, ()>>,
}

/// What can be told of an index without reading it as one.
enum Index {
    /// It has the paths as they are.
    Bytes(Vec<u8>),
    /// Paths are shortened, or stand elsewhere.
    Unclear,
}

/// A sealed version of a file, and what may open it.
pub(crate) struct Version {
    pub(crate) text: SecretBuffer,
    pub(crate) identities: Arc<Identities>,
}

impl<'c> Versions<'c> {
    /// Nothing was looked for yet.
    pub(crate) fn new(context: &'c Context) -> Self {
        Versions {
            context,
            trees: Mutex::default(),
        }
    }

    /// The sealed version of a file in the index, else in the last commit. Whatever is in the way of finding it is
    /// no failure: then there is none.
    pub(crate) fn of(&self, file: &Path, format: Format) -> Option<Version> {
        let file = self.context.working_directory().join(file);
        let (top, path) = in_tree(&file)?;
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        let tree = trees.entry(top.clone()).or_insert_with(|| Tree {
            index: read_index(&top),
            objects: None,
        });
        if !tree.index.as_ref()?.may_name(bytes_of(&path)) {
            return None;
        }
        let identities = self.context.quiet_identities();
        if identities.recipients().is_empty() {
            return None;
        }
        let start = || Git::of_tree(&top).objects().map_err(drop);
        let objects = tree.objects.get_or_insert_with(start);
        for start in [&b":"[..], b"HEAD:"] {
            let name = [start, bytes_of(&path)].concat();
            let Ok(running) = objects else { return None };
            match running.blob(&name) {
                Ok(Some(text)) if metadata_of(&text, format).is_ok_and(|m| m.is_some()) => {
                    return Some(Version { text, identities });
                }
                Ok(_) => {}
                Err(_) => *objects = Err(()),
            }
        }
        None
    }
}

/// The top of the working tree that a file is in, and the path from there.
fn in_tree(file: &Path) -> Option<(PathBuf, PathBuf)> {
    let folder = file.parent()?.canonicalize().ok()?;
    let top = folder
        .ancestors()
        .find(|folder| fs::symlink_metadata(folder.join(".git")).is_ok())?;
    let path = folder.strip_prefix(top).ok()?.join(file.file_name()?);
    Some((top.to_owned(), path))
}

fn read_index(top: &Path) -> Option<Index> {
    let git = top.join(".git");
    let folder = match fs::metadata(&git).ok()?.is_dir() {
        true => git,
        false => {
            // A linked working tree, or a submodule.
            let text = fsio::read(&git, 64 * 1024).ok()?;
            let text = std::str::from_utf8(&text).ok()?;
            top.join(
                text.strip_prefix("gitdir: ")?
                    .trim_end_matches(['\n', '\r']),
            )
        }
    };
    let index = folder.join("index");
    if fs::metadata(&index).ok()?.len() > MAX_INDEX {
        return Some(Index::Unclear);
    }
    let bytes = fs::read(&index).ok()?;
    // Versions 2 and 3 write paths out, unless the index is split in two.
    let plain = matches!(bytes.get(..8), Some(b"DIRC\0\0\0\x02" | b"DIRC\0\0\0\x03"));
    let elsewhere = memchr::memmem::find(&bytes, b"link").is_some();
    Some(match plain && !elsewhere {
        true => Index::Bytes(bytes),
        false => Index::Unclear,
    })
}

impl Index {
    fn may_name(&self, path: &[u8]) -> bool {
        match self {
            Index::Bytes(bytes) => memchr::memmem::find(bytes, path).is_some(),
            Index::Unclear => true,
        }
    }
}
