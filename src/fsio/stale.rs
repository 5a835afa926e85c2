//! Temporary files next to their targets, and how those of a killed run are found again.
//!
//! A temporary file is locked (`flock`) by the run that makes it until it is renamed or removed. The
//! system drops the lock with the process, however that ends, so: a temporary file that can be
//! locked belongs to nobody. Unlike a process id in the name, this also holds between containers
//! that share a volume. Where files cannot be locked, nothing is ever taken for stale.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{io_error, platform};
use crate::error::{Error, Kind, Result};

/// How the names of temporary files begin. Hidden, and without an extension, so that no tool
/// takes one for a manifest.
pub const TEMP_PREFIX: &str = ".secrets-tmp-";

/// Letters and digits after the prefix.
const TEMP_RANDOM: usize = 16;

/// How often a new temporary file may be lost to another run that sweeps at that moment.
const TEMP_ATTEMPTS: usize = 8;

/// Whether `name` is one that [`create_temp`] gives.
pub(super) fn is_temp_name(name: &std::ffi::OsStr) -> bool {
    name.to_str()
        .and_then(|name| name.strip_prefix(TEMP_PREFIX))
        .is_some_and(|rest| {
            rest.len() == TEMP_RANDOM && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Makes a locked temporary file in `folder`, with mode `0600` or the usual one of new files.
pub(super) fn create_temp(folder: &Path, private: bool) -> io::Result<NamedTempFile> {
    for _ in 0..TEMP_ATTEMPTS {
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMP_PREFIX).rand_bytes(TEMP_RANDOM);
        #[cfg(unix)]
        builder.permissions(platform::new_file_mode(private));
        #[cfg(not(unix))]
        let _ = private;
        let temp = builder.tempfile_in(folder)?;
        // Between making and locking, a sweeping run can take the file for stale. Then it either
        // holds the lock or has removed the name.
        match temp.as_file().try_lock() {
            Err(fs::TryLockError::WouldBlock) => continue,
            Err(fs::TryLockError::Error(_)) => return Ok(temp),
            Ok(()) if platform::links(&temp.as_file().metadata()?) == 0 => continue,
            Ok(()) => return Ok(temp),
        }
    }
    Err(io::Error::other("temporary files vanish as they are made"))
}

/// Removes the temporary files of runs that ended before their time, directly in `folder`.
///
/// Gives the paths removed. Files of running processes, and files that cannot be opened or locked,
/// stay.
///
/// # Errors
///
/// [`Kind::Io`] if the folder cannot be read or a stale file cannot be removed.
pub fn sweep_stale(folder: &Path) -> Result<Vec<PathBuf>> {
    let fail = |error| io_error("look for temporary files in the folder", folder, &error);
    let mut removed = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if !is_temp_name(&entry.file_name()) {
            continue;
        }
        let path = entry.path();
        let Ok(file) = platform::open_for_lock(&path) else {
            continue;
        };
        if !file.metadata().is_ok_and(|meta| meta.is_file()) || file.try_lock().is_err() {
            continue;
        }
        // Its run may have finished between opening and locking: then the name is gone.
        if !still_names(&path, &file) {
            continue;
        }
        match fs::remove_file(&path) {
            Ok(()) => removed.push(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(io_error("remove a stale temporary file", &path, &error));
            }
        }
    }
    Ok(removed)
}

/// Whether `path` still names the open `file`.
pub(super) fn still_names(path: &Path, file: &File) -> bool {
    match (fs::symlink_metadata(path), file.metadata()) {
        (Ok(named), Ok(open)) => platform::identity(&named) == platform::identity(&open),
        _ => false,
    }
}

/// The open file that `path` names, locked against other runs of this program.
///
/// The lock only covers comparing and renaming. Where files cannot be locked, the comparison has
/// to do.
pub(super) fn lock_target(path: &Path) -> Result<File> {
    for _ in 0..TEMP_ATTEMPTS {
        let file = super::read::open_regular(path)?;
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => return Err(busy(path)),
            Err(fs::TryLockError::Error(_)) => return Ok(file),
            // Renamed over between opening and locking: lock the new one.
            Ok(()) if !still_names(path, &file) => {}
            Ok(()) => return Ok(file),
        }
    }
    Err(busy(path))
}

fn busy(path: &Path) -> Error {
    Error::new(Kind::Io, "another process has locked the file")
        .in_file(path.to_string_lossy())
        .hint("wait for it to finish and run the command again")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn stale_in(folder: &Path) -> PathBuf {
        let path = create_temp(folder, true).unwrap().into_temp_path();
        path.keep().unwrap()
    }

    #[test]
    fn a_temporary_file_of_a_gone_run_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let stale = stale_in(folder.path());
        assert!(stale.exists());
        assert_eq!(
            sweep_stale(folder.path()).unwrap(),
            std::slice::from_ref(&stale)
        );
        assert!(!stale.exists());
    }

    #[test]
    fn a_temporary_file_in_use_stays() {
        let folder = tempfile::tempdir().unwrap();
        let temp = create_temp(folder.path(), true).unwrap();
        assert!(sweep_stale(folder.path()).unwrap().is_empty());
        assert!(temp.path().exists());
    }

    #[test]
    fn only_names_that_we_give_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let others = [
            ".secrets-tmp-",
            ".secrets-tmp-short",
            ".secrets-tmp-0123456789abcde.",
            ".secrets-tmp-0123456789abcdef0",
            "secrets-tmp-0123456789abcdef",
        ];
        for name in others {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join(".secrets-tmp-0123456789abcdef")).unwrap();
        assert!(sweep_stale(folder.path()).unwrap().is_empty());
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            others.len() + 1
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_with_the_name_of_a_temporary_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let precious = folder.path().join("precious");
        fs::write(&precious, "x").unwrap();
        let link = folder.path().join(".secrets-tmp-0123456789abcdef");
        std::os::unix::fs::symlink(&precious, &link).unwrap();
        assert!(sweep_stale(folder.path()).unwrap().is_empty());
        assert!(precious.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_read_only_temporary_file_is_removed_too() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let stale = stale_in(folder.path());
        fs::set_permissions(&stale, fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(sweep_stale(folder.path()).unwrap(), [stale]);
    }

    #[test]
    fn a_locked_target_is_reported_as_busy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "x").unwrap();
        let first = lock_target(&path).unwrap();
        let error = lock_target(&path).unwrap_err();
        assert_eq!(error.message(), "another process has locked the file");
        drop(first);
        lock_target(&path).unwrap();
    }
}
