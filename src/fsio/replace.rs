//! Replacing one file: whole, with its mode and owner, and only if nobody changed it meanwhile.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::read::{self, Snapshot};
use super::{io_error, platform, stale};
use crate::error::{Error, Kind, Result};

/// What is written, which decides who may read it.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// Nothing secret in the clear. Keeps the mode of the old file; a new one gets the usual mode.
    Sealed(&'a [u8]),
    /// Secrets in the clear. A new file gets mode `0600`; an old one keeps what its mode allowed the
    /// owner and loses what it allowed anybody else (`0644` becomes `0600`, `0400` stays).
    Plain(&'a [u8]),
}

impl<'a> Content<'a> {
    fn bytes(self) -> &'a [u8] {
        match self {
            Content::Sealed(bytes) | Content::Plain(bytes) => bytes,
        }
    }

    fn is_private(self) -> bool {
        matches!(self, Content::Plain(_))
    }
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There was none, now there is.
    Created,
    /// The old file was replaced.
    Replaced {
        /// Hard links that still name the old content, which after sealing is plaintext: worth a
        /// warning unless 0.
        other_names: u64,
    },
    /// The content was the same already; the file was not touched.
    Unchanged,
}

#[derive(Clone, Copy)]
enum Expected<'a> {
    /// Exactly what was read.
    Read(&'a Snapshot),
    /// No file.
    None,
    /// Whatever there is.
    Any,
}

/// New content for a file.
///
/// The temporary file is made in the folder of the target, so that the rename stays on one file
/// system. A symbolic link stays, and the file it leads to is replaced. Owner and group are kept;
/// if the process may not do that, the file is not replaced, because its owner would lose it (or a
/// group gain it) without a word. Extended attributes are kept best effort. A read-only file is
/// replaced if its folder allows it, as `sed -i` does.
pub struct Replacement<'a> {
    path: &'a Path,
    expected: Expected<'a>,
    content: Content<'a>,
    executable: bool,
}

impl<'a> Replacement<'a> {
    /// Replaces a file that was read, unless it changed since.
    pub fn of(snapshot: &'a Snapshot, content: Content<'a>) -> Self {
        Replacement {
            path: snapshot.path(),
            expected: Expected::Read(snapshot),
            content,
            executable: false,
        }
    }

    /// Writes a file, over whatever regular file is there.
    pub fn over(path: &'a Path, content: Content<'a>) -> Self {
        Replacement {
            path,
            expected: Expected::Any,
            content,
            executable: false,
        }
    }

    /// Writes a file that must not exist yet (`--no-clobber`).
    pub fn create_new(path: &'a Path, content: Content<'a>) -> Self {
        Replacement {
            path,
            expected: Expected::None,
            content,
            executable: false,
        }
    }

    /// Makes it a program: who may read the file may run it, from the first moment on.
    #[must_use]
    pub fn executable(mut self) -> Self {
        self.executable = true;
        self
    }

    /// Does it, and returns when it is on disk.
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] if the system refuses, the file changed since it was read, it exists although it
    /// must not, or its owner cannot be kept; [`Kind::Input`] if the path leads to something other
    /// than a regular file. The old file is intact, except when only the final flush of the folder
    /// failed, which the message says.
    pub fn commit(self) -> Result<Outcome> {
        let Some(prepared) = self.prepare()? else {
            return Ok(Outcome::Unchanged);
        };
        // Leftovers are no reason not to write.
        let _ = stale::sweep_stale(&prepared.folder);
        let temp = prepared
            .create_temp()
            .map_err(|error| prepared.cannot_create(&error))?;
        let staged = prepared.stage(temp)?;
        staged.sync()?;
        let published = staged.publish()?;
        platform::sync_folder(&published.folder).map_err(|error| published.not_flushed(&error))?;
        Ok(published.outcome)
    }

    pub(super) fn path(&self) -> &'a Path {
        self.path
    }

    /// Looks at the target; `None` if it has this content already.
    pub(super) fn prepare(self) -> Result<Option<Prepared<'a>>> {
        if let Expected::Read(snapshot) = self.expected
            && snapshot.bytes() == self.content.bytes()
        {
            return Ok(None);
        }
        if matches!(self.expected, Expected::None) && fs::symlink_metadata(self.path).is_ok() {
            return Err(exists(self.path));
        }
        let (target, old) = resolve(self.path)?;
        if matches!(self.expected, Expected::Any)
            && has_content(&target, old.as_ref(), self.content)
            && !(self.executable && old.as_ref().is_some_and(platform::lacks_execution))
        {
            return Ok(None);
        }
        if matches!(self.expected, Expected::Read(_)) && old.is_none() {
            return Err(changed(self.path, "it is gone"));
        }
        let folder = match target.parent() {
            Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
            Some(folder) => folder.to_owned(),
            None => return Err(read::not_regular(self.path, "a folder")),
        };
        Ok(Some(Prepared {
            path: self.path,
            expected: self.expected,
            content: self.content,
            executable: self.executable,
            target,
            folder,
            old,
        }))
    }
}

/// Writes to a pipe or device, such as `/dev/stdout` or `/dev/fd/63`, which cannot be replaced.
///
/// Waits for a reader of a named pipe, as the shell does. Nothing is made that does not exist.
///
/// # Errors
///
/// [`Kind::Io`] if the system refuses; [`Kind::Input`] for a regular file, which would not be replaced
/// whole, and for a folder.
pub fn write_stream(path: &Path, bytes: &[u8]) -> Result<()> {
    let fail = |error| io_error("write to the file", path, &error);
    let kind = fs::metadata(path).map_err(fail)?.file_type();
    if kind.is_file() || kind.is_dir() {
        return Err(Error::new(Kind::Input, "expected a pipe or device")
            .in_file(path.to_string_lossy())
            .hint("name a pipe or device"));
    }
    let mut stream = File::options().write(true).open(path).map_err(fail)?;
    stream.write_all(bytes).map_err(fail)
}

/// A replacement whose target is known.
pub(super) struct Prepared<'a> {
    path: &'a Path,
    expected: Expected<'a>,
    content: Content<'a>,
    executable: bool,
    target: PathBuf,
    pub(super) folder: PathBuf,
    old: Option<Metadata>,
}

impl Prepared<'_> {
    pub(super) fn create_temp(&self) -> io::Result<NamedTempFile> {
        let private = self.content.is_private() || self.old.is_some();
        stale::create_temp(&self.folder, private)
    }

    pub(super) fn cannot_create(&self, error: &io::Error) -> Error {
        if error.kind() == io::ErrorKind::NotFound {
            return io_error("create the file", self.path, error).hint("create its folder first");
        }
        io_error("create a temporary file next to the file", self.path, error)
            .hint("a file is replaced by renaming, so its folder must be writable")
    }

    /// Writes the content. The target is not touched yet.
    pub(super) fn stage(self, mut temp: NamedTempFile) -> Result<Staged> {
        let fail = |error| io_error("write the new content of the file", self.path, &error);
        let private = self.content.is_private();
        temp.as_file_mut()
            .write_all(self.content.bytes())
            .map_err(fail)?;
        if let Some(old) = &self.old {
            if let Ok(from) = File::open(&self.target) {
                platform::copy_attributes(&from, temp.as_file(), private);
            }
            platform::keep_owner(temp.as_file(), old)
                .map_err(|error| cannot_keep_owner(self.path, &error))?;
            // Last, since a change of the owner clears some bits.
            platform::keep_mode(temp.as_file(), old, private).map_err(fail)?;
        }
        if self.executable {
            platform::allow_execution(temp.as_file()).map_err(fail)?;
        }
        Ok(Staged {
            path: self.path.to_owned(),
            check: match self.expected {
                Expected::Read(snapshot) => Check::Digest(snapshot.digest()),
                Expected::None => Check::Absent,
                Expected::Any => Check::Nothing,
            },
            outcome: match &self.old {
                None => Outcome::Created,
                Some(old) => Outcome::Replaced {
                    other_names: platform::links(old).saturating_sub(1),
                },
            },
            target: self.target,
            folder: self.folder,
            temp,
        })
    }
}

enum Check {
    /// The target has the content with this SHA-256 digest.
    Digest([u8; 32]),
    Absent,
    Nothing,
}

/// A finished temporary file that waits for its rename.
pub(super) struct Staged {
    path: PathBuf,
    target: PathBuf,
    folder: PathBuf,
    check: Check,
    outcome: Outcome,
    temp: NamedTempFile,
}

impl Staged {
    pub(super) fn file(&self) -> &File {
        self.temp.as_file()
    }

    /// Flushes the content, without which a rename can outlive it in a power cut.
    pub(super) fn sync(&self) -> Result<()> {
        self.file()
            .sync_all()
            .map_err(|error| io_error("flush the new content of the file", &self.path, &error))
    }

    /// Puts the new content in place.
    pub(super) fn publish(self) -> Result<Published> {
        // Held until the rename is done. Programs that know no locks can still write in the moment
        // between comparing and renaming; no system offers a rename that compares.
        let _lock = match &self.check {
            Check::Digest(expected) => Some(self.lock_unchanged(expected)?),
            Check::Absent | Check::Nothing => None,
        };
        let persisted = match &self.check {
            Check::Absent => self.temp.persist_noclobber(&self.target),
            _ => self.temp.persist(&self.target),
        };
        match persisted {
            Ok(_) => Ok(Published {
                path: self.path,
                folder: self.folder,
                outcome: self.outcome,
            }),
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(exists(&self.path))
            }
            Err(refused) => Err(io_error("replace the file", &self.path, &refused.error)),
        }
    }

    fn lock_unchanged(&self, expected: &[u8; 32]) -> Result<File> {
        let file = match stale::lock_target(&self.target) {
            Err(_) if fs::symlink_metadata(&self.target).is_err() => {
                return Err(changed(&self.path, "it is gone"));
            }
            other => other?,
        };
        // The content is compared and not the time of change: clocks of file systems tick in
        // milliseconds, and a program that wrote the same bytes has lost nothing.
        let now = read::read_open(&file, &self.target, read::MAX_INPUT)?;
        if read::digest(&now) != *expected {
            return Err(changed(&self.path, "another program wrote to it"));
        }
        Ok(file)
    }
}

/// A replaced file whose name may not be flushed yet.
pub(super) struct Published {
    path: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) outcome: Outcome,
}

impl Published {
    pub(super) fn not_flushed(&self, error: &io::Error) -> Error {
        let action = "flush the folder of the file, which has its new content already";
        io_error(action, &self.path, error)
    }
}

/// Where a path leads, and what is there.
fn resolve(path: &Path) -> Result<(PathBuf, Option<Metadata>)> {
    let fail = |error| io_error("look at the file", path, &error);
    let old = match fs::symlink_metadata(path) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if path.file_name().is_none() || path.as_os_str().to_string_lossy().ends_with('/') {
                return Err(read::not_regular(path, "the name of a folder"));
            }
            return Ok((path.to_owned(), None));
        }
        Err(error) => return Err(fail(error)),
    };
    let (target, old) = if old.is_symlink() {
        let target = fs::canonicalize(path).map_err(|error| bad_link(path, &error))?;
        let old = fs::metadata(&target).map_err(fail)?;
        (target, old)
    } else {
        (path.to_owned(), old)
    };
    if old.is_dir() {
        return Err(read::not_regular(path, "a folder"));
    }
    if !old.is_file() {
        return Err(read::not_regular(path, "a pipe, socket or device"));
    }
    Ok((target, Some(old)))
}

fn bad_link(path: &Path, error: &io::Error) -> Error {
    let leads = fs::read_link(path)
        .map(|target| format!("it leads to {}", target.to_string_lossy()))
        .unwrap_or_default();
    let (message, hint) = match error.kind() {
        io::ErrorKind::NotFound => (
            "the symbolic link leads to nothing",
            "create the file it leads to, or remove the link",
        ),
        // Its kind has no stable name in std yet.
        _ if is_loop(error) => (
            "the symbolic link leads back to itself",
            "remove the link, or point it at a file",
        ),
        _ => return io_error("follow the symbolic link", path, error),
    };
    Error::new(Kind::Io, message)
        .in_file(path.to_string_lossy())
        .because(leads)
        .hint(hint)
}

#[cfg(unix)]
fn is_loop(error: &io::Error) -> bool {
    rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::LOOP)
}

#[cfg(not(unix))]
fn is_loop(_error: &io::Error) -> bool {
    false
}

/// Whether the target has the content already, and for plaintext is closed to others already.
fn has_content(target: &Path, old: Option<&Metadata>, content: Content<'_>) -> bool {
    let Some(old) = old else { return false };
    let size = u64::try_from(content.bytes().len()).unwrap_or(u64::MAX);
    if old.len() != size || (content.is_private() && platform::is_open_to_others(old)) {
        return false;
    }
    read::read(target, size).is_ok_and(|bytes| *bytes == *content.bytes())
}

fn changed(path: &Path, how: &str) -> Error {
    Error::new(
        Kind::Io,
        "the file changed since it was read and was not replaced",
    )
    .in_file(path.to_string_lossy())
    .because(how)
    .hint("run the command again")
}

fn exists(path: &Path) -> Error {
    Error::new(Kind::Io, "the file exists already")
        .in_file(path.to_string_lossy())
        .hint("name another file, or remove this one first")
}

fn cannot_keep_owner(path: &Path, error: &io::Error) -> Error {
    Error::new(
        Kind::Io,
        "replacing the file would change its owner or group",
    )
    .in_file(path.to_string_lossy())
    .because(super::reason(error))
    .hint("run the command as the owner of the file, or write the result to another file")
}

#[cfg(test)]
#[path = "replace_tests.rs"]
mod tests;
