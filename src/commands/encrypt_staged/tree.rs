//! What the working tree has at a staged path.

use std::fs;
use std::io;
use std::path::Path;

use secrets::fsio::{self, MAX_INPUT, Snapshot};
use secrets::sops::file::{format_of, metadata_of};
use secrets::sops::selector::Selector;
use secrets::sops::top_up::plain_paths;
use secrets::{Error, Format};

use super::super::git_process::Git;

/// What the working tree has at a staged path.
pub(super) enum InTree {
    /// No file.
    Absent,
    /// The bytes that are staged.
    AsStaged(Snapshot),
    /// What Git makes of the staged bytes when it checks them out, with other line breaks for instance.
    AsCheckedOut(Snapshot),
    /// Something else, which is somebody's work.
    Changed {
        /// There is, or may be, plaintext in it.
        is_plain: bool,
    },
    /// It cannot be told.
    Unreadable(Error),
}

impl InTree {
    /// Compares the file with what is staged. Bytes are compared and not times, so that no setting of Git
    /// can make a changed file look like an unchanged one.
    pub(super) fn of(git: &Git, top: &Path, path: &Path, staged: &[u8]) -> Self {
        let file = top.join(path);
        match is_file_of_tree(top, path) {
            Ok(true) => {}
            Ok(false) => return InTree::Absent,
            Err(error) => {
                return InTree::Unreadable(fsio::io_error("look at the file", &file, &error));
            }
        }
        let snapshot = match fsio::read_for_update(&file, MAX_INPUT) {
            Ok(snapshot) => snapshot,
            Err(error) => return InTree::Unreadable(error),
        };
        if snapshot.bytes() == staged {
            return InTree::AsStaged(snapshot);
        }
        // A filter that fails leaves it undecided: then the file stays.
        match git.as_in_tree(path) {
            Ok(checked_out) if *checked_out == *snapshot.bytes() => InTree::AsCheckedOut(snapshot),
            _ => InTree::Changed {
                is_plain: may_be_plain(path, snapshot.bytes()),
            },
        }
    }
}

/// Whether a path leads to a regular file without symbolic links on the way: behind one it is no path of the
/// repository.
fn is_file_of_tree(top: &Path, path: &Path) -> io::Result<bool> {
    let mut at = top.to_owned();
    let mut components = path.components().peekable();
    while let Some(component) = components.next() {
        at.push(component);
        let kind = match fs::symlink_metadata(&at) {
            Ok(meta) => meta.file_type(),
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(false),
                    _ => Err(error),
                };
            }
        };
        let wanted = match components.peek() {
            Some(_) => kind.is_dir(),
            None => kind.is_file(),
        };
        if !wanted {
            return Ok(false);
        }
    }
    Ok(true)
}

fn may_be_plain(path: &Path, text: &[u8]) -> bool {
    let Ok(format) = format_of(path) else {
        return true;
    };
    !is_sealed(text, format).unwrap_or(false)
}

/// Whether all of a text that its own metadata select is sealed.
fn is_sealed(text: &[u8], format: Format) -> Result<bool, Error> {
    let Some(metadata) = metadata_of(text, format)? else {
        return Ok(false);
    };
    let selector = Selector::from_parts(metadata.selector_parts())?;
    Ok(plain_paths(text, format, &selector)?.is_empty())
}
