//! Reading whole files into memory that is wiped.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{io_error, platform};
use crate::error::{Error, Kind, Result};
use crate::secret::SecretBuffer;

/// The largest input in bytes: 512 MiB.
///
/// A document is in memory several times over (text, tree, result). The files this program is for
/// end far below: Kubernetes objects stop at about 1.5 MiB, the request limit of etcd. The limit
/// turns a wrong path (a disk image, a database dump) into an error instead of a machine that
/// swaps plaintext.
pub const MAX_INPUT: u64 = 512 * 1024 * 1024;

/// The first buffer for an input of unknown length, in bytes.
const FIRST_BUFFER: usize = 64 * 1024;

/// Reads a regular file of at most `limit` bytes.
///
/// Symbolic links are followed. The buffer has the size of the file, so no half-filled copies are
/// left behind in memory.
///
/// # Errors
///
/// [`Kind::Io`] if the system refuses, [`Kind::Input`] if the path names something other than a
/// regular file or the file is larger than `limit`.
pub fn read(path: &Path, limit: u64) -> Result<SecretBuffer> {
    let file = open_regular(path)?;
    read_open(&file, path, limit)
}

/// Reads a file of any kind, for instance a named pipe or `/dev/fd/63`, to its end.
///
/// # Errors
///
/// As [`read`], except that only a folder is refused for its kind.
pub fn read_stream(path: &Path, limit: u64) -> Result<SecretBuffer> {
    let fail = |error| io_error("read the file", path, &error);
    let file = File::open(path).map_err(fail)?;
    if file.metadata().map_err(fail)?.is_dir() {
        return Err(not_regular(path, "a folder"));
    }
    read_open(&file, path, limit)
}

/// Reads standard input, of at most `limit` bytes, to its end.
///
/// # Errors
///
/// [`Kind::Io`] if the system refuses, [`Kind::Input`] if there is more than `limit`.
pub fn read_stdin(limit: u64) -> Result<SecretBuffer> {
    let name = Path::new("standard input");
    collect(io::stdin().lock(), FIRST_BUFFER, limit, name)
}

/// A file as it was read: what a replacement is compared with.
#[derive(Debug)]
pub struct Snapshot {
    path: PathBuf,
    bytes: SecretBuffer,
}

impl Snapshot {
    /// The path as the user named it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        digest(&self.bytes)
    }
}

/// Reads a regular file that is going to be replaced (see [`super::Replacement::of`]).
///
/// # Errors
///
/// As [`read`].
pub fn read_for_update(path: &Path, limit: u64) -> Result<Snapshot> {
    Ok(Snapshot {
        path: path.to_owned(),
        bytes: read(path, limit)?,
    })
}

pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(super) fn open_regular(path: &Path) -> Result<File> {
    let fail = |error| io_error("read the file", path, &error);
    // Opening comes first and looking second, so that nothing can be swapped in between; and it
    // must not wait, because opening a pipe would.
    let file = platform::open_without_waiting(path).map_err(fail)?;
    let kind = file.metadata().map_err(fail)?.file_type();
    if kind.is_dir() {
        return Err(not_regular(path, "a folder"));
    }
    if !kind.is_file() {
        return Err(not_regular(path, "a pipe, socket or device"));
    }
    Ok(file)
}

pub(super) fn not_regular(path: &Path, what: &str) -> Error {
    Error::new(
        Kind::Input,
        format!("expected a regular file, found {what}"),
    )
    .in_file(path.to_string_lossy())
    .hint("name a file")
}

pub(super) fn read_open(file: &File, path: &Path, limit: u64) -> Result<SecretBuffer> {
    let size = file
        .metadata()
        .map_err(|error| io_error("read the file", path, &error))?
        .len();
    if size > limit {
        return Err(too_large(path, limit));
    }
    // One byte more, so that the end of the file is seen without growing. Files in /proc say 0.
    let first = match usize::try_from(size) {
        Ok(0) | Err(_) => FIRST_BUFFER,
        Ok(size) => size.saturating_add(1),
    };
    collect(file, first, limit, path)
}

/// Reads to the end. A buffer that is outgrown is wiped, which `Read::read_to_end` does not do.
fn collect(mut from: impl Read, first: usize, limit: u64, path: &Path) -> Result<SecretBuffer> {
    let mut buffer = SecretBuffer::zeroed(first);
    let mut filled = 0_usize;
    loop {
        if filled == buffer.len() {
            let mut larger = SecretBuffer::zeroed(buffer.len().saturating_mul(2));
            if let Some(start) = larger.get_mut(..filled) {
                start.copy_from_slice(&buffer);
            }
            buffer = larger;
        }
        let free = buffer.get_mut(filled..).unwrap_or_default();
        match from.read(free) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io_error("read the file", path, &error)),
        }
        if u64::try_from(filled).is_ok_and(|filled| filled > limit) {
            return Err(too_large(path, limit));
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}

fn too_large(path: &Path, limit: u64) -> Error {
    let limit = match limit {
        mib if mib >= 1 << 20 && mib % (1 << 20) == 0 => format!("{} MiB", mib >> 20),
        bytes => format!("{bytes} bytes"),
    };
    Error::new(Kind::Input, format!("input is larger than {limit}"))
        .in_file(path.to_string_lossy())
        .hint("check that this is the file you mean, or split it")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::fs;

    /// Gives its bytes in pieces of at most 7, with an interruption first.
    struct Dribble<'a>(&'a [u8], bool);

    impl Read for Dribble<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if !std::mem::replace(&mut self.1, true) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = self.0.len().min(into.len()).min(7);
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn a_file_is_read_into_one_buffer_of_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, vec![b'x'; 5000]).unwrap();
        let bytes = read(&path, MAX_INPUT).unwrap();
        assert_eq!(*bytes, vec![b'x'; 5000]);
        assert_eq!(bytes.capacity(), 5001);
    }

    #[test]
    fn the_limit_is_the_last_size_that_passes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"12345678").unwrap();
        assert_eq!(*read(&path, 8).unwrap(), *b"12345678");
        let error = read(&path, 7).unwrap_err();
        assert_eq!(error.kind(), Kind::Input);
        assert_eq!(error.message(), "input is larger than 7 bytes");
        assert!(error.file().unwrap().ends_with("/a"));
        assert_eq!(
            too_large(&path, MAX_INPUT).message(),
            "input is larger than 512 MiB"
        );
    }

    #[test]
    fn a_stream_grows_its_buffer_and_keeps_to_the_limit() {
        let text: Vec<u8> = (0..=255).cycle().take(3000).collect();
        let name = Path::new("-");
        assert_eq!(
            *collect(Dribble(&text, false), 2, 3000, name).unwrap(),
            text
        );
        let error = collect(Dribble(&text, false), 2, 2999, name).unwrap_err();
        assert_eq!(error.kind(), Kind::Input);
        assert_eq!(*collect(io::empty(), 2, 0, name).unwrap(), *b"");
    }

    #[test]
    fn only_regular_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(folder.path(), MAX_INPUT).unwrap_err();
        assert_eq!(error.message(), "expected a regular file, found a folder");
        let error = read_stream(folder.path(), MAX_INPUT).unwrap_err();
        assert_eq!(error.message(), "expected a regular file, found a folder");
        let error = read(&folder.path().join("none"), MAX_INPUT).unwrap_err();
        assert_eq!(error.kind(), Kind::Io);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_refused_without_waiting_and_read_on_request() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = io::pipe().unwrap();
        let path = PathBuf::from(format!("/proc/self/fd/{}", reader.as_raw_fd()));
        let error = read(&path, MAX_INPUT).unwrap_err();
        assert_eq!(
            error.message(),
            "expected a regular file, found a pipe, socket or device"
        );
        writer.write_all(b"through a pipe").unwrap();
        drop(writer);
        assert_eq!(*read_stream(&path, MAX_INPUT).unwrap(), *b"through a pipe");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_hides_its_size_is_read() {
        let bytes = read(Path::new("/proc/self/status"), MAX_INPUT).unwrap();
        assert!(bytes.starts_with(b"Name:"));
    }
}
