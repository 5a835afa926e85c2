//! Bounded reads of a repository's files. Pipes, sockets and devices are never waited for.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rayon::prelude::*;

use crate::error::{Error, Kind, Result};
use crate::fsio::io_error;

/// `HEAD`, `.git` files, `commondir`, loose references, in bytes: one line each, a path at most.
pub(super) const LINE_MAX: u64 = 64 << 10;
/// `config`, in bytes: they are written by hand.
pub(super) const CONFIG_MAX: u64 = 4 << 20;
/// `packed-refs`, `shallow` and each reflog, in bytes: millions of references fit.
pub(super) const LIST_MAX: u64 = 256 << 20;
/// The index, in bytes: some millions of entries fit.
pub(super) const INDEX_MAX: u64 = 1 << 30;
/// A pack is read into memory whole up to this size in bytes, and entry by entry above it.
pub(super) const WHOLE_MAX: u64 = 256 << 20;

/// What a file is read in, by each core, in bytes.
const STRIPE: usize = 4 << 20;

/// Opens a regular file; `None` if there is none.
///
/// Opening comes first and looking second, so that nothing can be swapped in between; and it does
/// not wait, because opening a pipe would.
pub(super) fn open(path: &Path) -> Result<Option<File>> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    }
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(cannot_read(path, &error)),
    };
    let metadata = file.metadata().map_err(|error| cannot_read(path, &error))?;
    if !metadata.is_file() {
        return Err(
            Error::new(Kind::Incomplete, "expected a regular file").in_file(path.to_string_lossy())
        );
    }
    Ok(Some(file))
}

/// Reads a regular file of at most `limit` bytes; `None` if there is none.
pub(super) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let Some(file) = open(path)? else {
        return Ok(None);
    };
    let fail = |error| cannot_read(path, &error);
    let size = file.metadata().map_err(fail)?.len();
    if size > limit {
        return Err(too_large(path, limit));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1));
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(too_large(path, limit));
    }
    Ok(Some(bytes))
}

/// Reads a file of one line: without the end of the line.
pub(super) fn read_line(path: &Path) -> Result<Option<Vec<u8>>> {
    Ok(read(path, LINE_MAX)?.map(|mut bytes| {
        let end = bytes.iter().rposition(|byte| !byte.is_ascii_whitespace());
        bytes.truncate(end.map_or(0, |end| end.saturating_add(1)));
        bytes
    }))
}

/// There is nothing at the path (or a part of it is no folder).
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

pub(super) fn cannot_read(path: &Path, error: &io::Error) -> Error {
    io_error("read the file", path, error)
}

fn too_large(path: &Path, limit: u64) -> Error {
    Error::new(
        Kind::Incomplete,
        format!("the file is larger than {limit} bytes"),
    )
    .in_file(path.to_string_lossy())
}

/// A path from the bytes that Git writes.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}

/// The bytes of a path, with `/`.
pub(super) fn bytes_of(path: &Path) -> Vec<u8> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        path.as_os_str().as_bytes().to_vec()
    }
    #[cfg(not(unix))]
    {
        path.to_string_lossy().replace('\\', "/").into_bytes()
    }
}

/// The names in a folder, sorted; none if there is no such folder. At most `limit`.
pub(super) fn names_in(folder: &Path, limit: usize) -> Result<Vec<(PathBuf, std::fs::FileType)>> {
    let fail = |error: io::Error| io_error("read the folder", folder, &error);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(fail)?;
        if names.len() >= limit {
            return Err(Error::new(
                Kind::Incomplete,
                format!("the folder has more than {limit} entries"),
            )
            .in_file(folder.to_string_lossy()));
        }
        let kind = entry.file_type().map_err(fail)?;
        names.push((PathBuf::from(entry.file_name()), kind));
    }
    names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    Ok(names)
}

/// A file that is read in pieces, or, once somebody wants it all, whole.
#[derive(Debug)]
pub(super) struct Source {
    file: File,
    length: u64,
    whole: OnceLock<Vec<u8>>,
}

impl Source {
    /// Opens a regular file.
    pub(super) fn open(path: &Path) -> Result<Option<Source>> {
        let Some(file) = open(path)? else {
            return Ok(None);
        };
        let length = file
            .metadata()
            .map_err(|error| cannot_read(path, &error))?
            .len();
        Ok(Some(Source {
            file,
            length,
            whole: OnceLock::new(),
        }))
    }

    /// The length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// Reads all of it, on all cores.
    pub(super) fn read_whole(&self) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.length).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let mut bytes = vec![0; length];
        bytes
            .par_chunks_mut(STRIPE)
            .enumerate()
            .try_for_each(|(number, stripe)| {
                let offset = number.saturating_mul(STRIPE);
                let offset = u64::try_from(offset).unwrap_or(u64::MAX);
                read_exact_at(&self.file, stripe, offset)
            })?;
        Ok(bytes)
    }

    /// Keeps all of it in memory from now on.
    pub(super) fn keep_whole(&self) -> io::Result<()> {
        if self.whole.get().is_none() {
            let bytes = self.read_whole()?;
            let _ = self.whole.set(bytes);
        }
        Ok(())
    }

    /// Up to `length` bytes from `offset` on, fewer at the end of the file. `scratch` holds them if
    /// the file is not in memory. What is in memory may come with more bytes behind.
    pub(super) fn piece<'a>(
        &'a self,
        offset: u64,
        length: usize,
        scratch: &'a mut Vec<u8>,
    ) -> io::Result<&'a [u8]> {
        if let Some(whole) = self.whole.get() {
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            return Ok(whole.get(offset..).unwrap_or_default());
        }
        let rest = self.length.saturating_sub(offset);
        let length = length.min(usize::try_from(rest).unwrap_or(usize::MAX));
        scratch.clear();
        scratch.resize(length, 0);
        read_exact_at(&self.file, scratch, offset)?;
        Ok(scratch)
    }

    /// Fills `into` from `offset` on.
    pub(super) fn fill(&self, into: &mut [u8], offset: u64) -> io::Result<()> {
        read_exact_at(&self.file, into, offset)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut into: &mut [u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !into.is_empty() {
        match file.seek_read(into, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                into = into.get_mut(count..).unwrap_or_default();
                offset = offset.saturating_add(u64::try_from(count).unwrap_or(0));
            }
        }
    }
    Ok(())
}
