//! Names of files: a second one, another one, none. The content is never touched.

use std::fs;
use std::io;
use std::path::Path;

use super::{io_error, platform};
use crate::error::Result;

/// Gives a file a second name next to its own, which must not exist yet: a hard link; for a symbolic
/// link another one to the same place; where the file system has no links, a copy with the same mode.
///
/// # Errors
///
/// [`crate::Kind::Io`] if the system refuses, or the name exists.
pub fn add_name(path: &Path, second: &Path) -> Result<()> {
    let fail = |error: io::Error| io_error("keep the file under another name", second, &error);
    let meta = fs::symlink_metadata(path).map_err(fail)?;
    if fs::symlink_metadata(second).is_ok() {
        return Err(fail(io::Error::from(io::ErrorKind::AlreadyExists)));
    }
    if meta.is_symlink() {
        return symlink(path, second).map_err(fail);
    }
    if fs::hard_link(path, second).is_ok() {
        return Ok(());
    }
    fs::copy(path, second).map(|_| ()).map_err(fail)
}

/// Moves a file to another name in the same folder, over what is there, and returns when it is on disk.
///
/// # Errors
///
/// [`crate::Kind::Io`] if the system refuses.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    let fail = |error: io::Error| io_error("rename the file", from, &error);
    fs::rename(from, to).map_err(fail)?;
    match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            platform::sync_folder(folder).map_err(fail)
        }
        _ => Ok(()),
    }
}

/// Removes a file, or a symbolic link and not what it leads to.
///
/// # Errors
///
/// [`crate::Kind::Io`] if the system refuses.
pub fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|error| io_error("remove the file", path, &error))
}

#[cfg(unix)]
fn symlink(path: &Path, second: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(fs::read_link(path)?, second)
}

#[cfg(not(unix))]
fn symlink(path: &Path, second: &Path) -> io::Result<()> {
    fs::copy(path, second).map(|_| ())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_second_name_keeps_content_mode_and_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "x").unwrap();
        add_name(&at("a"), &at("b")).unwrap();
        rename(&at("b"), &at("c")).unwrap();
        assert_eq!(fs::read(at("c")).unwrap(), b"x");
        add_name(&at("a"), &at("c")).unwrap_err();
        add_name(&at("none"), &at("d")).unwrap_err();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("a", at("link")).unwrap();
            add_name(&at("link"), &at("second")).unwrap();
            assert_eq!(fs::read_link(at("second")).unwrap(), Path::new("a"));
            remove(&at("second")).unwrap();
            assert!(at("a").exists());
        }
        remove(&at("c")).unwrap();
        remove(&at("c")).unwrap_err();
    }
}
