//! Loose objects: `objects/ab/cdef...`, a zlib stream of `KIND SIZE`, a zero byte, and the content.

use std::path::{Path, PathBuf};

use super::files;
use super::inflate::{BROKEN_STREAM, Flaw, Inflater};
use super::objects::{Object, ObjectKind};
use super::oid::{HashKind, Oid, digit};
use super::pack::TOO_LARGE;
use crate::error::{Error, Kind, Result};

/// `commit `, 20 digits, and the zero byte fit.
const HEADER_MAX: usize = 32;
/// Entries in one of the 256 folders. Git packs at 6,700 loose objects in all.
const FOLDER_MAX: usize = 4_000_000;

/// Where the object would be.
pub(super) fn path(objects: &Path, oid: &Oid) -> PathBuf {
    let hex = oid.to_string();
    let (folder, file) = hex.split_at_checked(2).unwrap_or((&hex, ""));
    objects.join(folder).join(file)
}

/// There is a file for the object.
pub(super) fn contains(objects: &Path, oid: &Oid) -> bool {
    std::fs::metadata(path(objects, oid)).is_ok_and(|metadata| metadata.is_file())
}

/// The object's file, as it is compressed; `None` if there is none.
pub(super) fn open(objects: &Path, oid: &Oid, limit: usize) -> Result<Option<Vec<u8>>> {
    // What cannot be compressed grows by less than a thousandth.
    let most = limit.saturating_add(limit >> 8).saturating_add(1024);
    files::read(&path(objects, oid), u64::try_from(most).unwrap_or(u64::MAX))
}

/// The kind and the size of an object, and how long its header is.
pub(super) fn header(
    file: &[u8],
    inflater: &mut Inflater,
) -> std::result::Result<(ObjectKind, u64, usize), Flaw> {
    let mut buffer = [0; HEADER_MAX];
    let start = inflater.start(file, &mut buffer)?;
    let broken = "has a broken header";
    let end = memchr::memchr(0, start).ok_or(broken)?;
    let text = start.get(..end).ok_or(broken)?;
    let blank = memchr::memchr(b' ', text).ok_or(broken)?;
    let (kind, size) = text.split_at_checked(blank).ok_or(broken)?;
    let kind = ObjectKind::from_name(kind).ok_or("has an unknown type")?;
    let size = size.get(1..).unwrap_or_default();
    if size.is_empty() || size.len() > 19 || !size.iter().all(u8::is_ascii_digit) {
        return Err(broken);
    }
    let size = std::str::from_utf8(size)
        .ok()
        .and_then(|size| size.parse().ok())
        .ok_or(broken)?;
    Ok((kind, size, end.saturating_add(1)))
}

/// The object in a file.
pub(super) fn parse(
    file: &[u8],
    limit: usize,
    starter: &mut Inflater,
    inflater: &mut Inflater,
) -> std::result::Result<Object, Flaw> {
    let (kind, size, length) = header(file, starter)?;
    let size = usize::try_from(size).map_err(|_| TOO_LARGE)?;
    if size > limit {
        return Err(TOO_LARGE);
    }
    let mut data = Vec::new();
    let used = inflater.whole(file, size.saturating_add(length), &mut data)?;
    if used != file.len() {
        return Err(BROKEN_STREAM);
    }
    data.drain(..length.min(data.len()));
    Ok(Object { kind, data })
}

/// The first bytes of the object's file; empty if there is none.
pub(super) fn start(objects: &Path, oid: &Oid) -> Result<Vec<u8>> {
    use std::io::Read;
    let path = path(objects, oid);
    let mut bytes = Vec::new();
    if let Some(file) = files::open(&path)? {
        file.take(256)
            .read_to_end(&mut bytes)
            .map_err(|error| files::cannot_read(&path, &error))?;
    }
    Ok(bytes)
}

/// The first bytes of names for which there is a folder.
pub(super) fn folders(objects: &Path, problems: &mut Vec<String>) -> Vec<u8> {
    let names = match files::names_in(objects, FOLDER_MAX) {
        Ok(names) => names,
        Err(error) => {
            problems.push(error.to_string());
            return Vec::new();
        }
    };
    names
        .into_iter()
        .filter_map(|(name, _)| match files::bytes_of(&name).as_slice() {
            [
                high @ (b'0'..=b'9' | b'a'..=b'f'),
                low @ (b'0'..=b'9' | b'a'..=b'f'),
            ] => Some((digit(*high)? << 4) | digit(*low)?),
            _ => None,
        })
        .collect()
}

/// The names that start with the byte `first`.
pub(super) fn collect(
    objects: &Path,
    first: u8,
    hash: HashKind,
    into: &mut Vec<Oid>,
    problems: &mut Vec<String>,
) {
    let folder = objects.join(format!("{first:02x}"));
    let entries = match files::names_in(&folder, FOLDER_MAX) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(error.to_string());
            return;
        }
    };
    for (name, _) in entries {
        let hex = files::bytes_of(&name);
        if hex.len() != hash.len().saturating_mul(2).saturating_sub(2) {
            // `tmp_obj_...` of a writer that was killed; Git does not look at these either.
            continue;
        }
        let lower = hex
            .iter()
            .all(|byte| digit(*byte).is_some() && !byte.is_ascii_uppercase());
        let mut whole = format!("{first:02x}").into_bytes();
        whole.extend_from_slice(&hex);
        match Oid::from_hex(&whole) {
            Some(oid) if lower => into.push(oid),
            _ => {}
        }
    }
}

/// The error for a loose object.
pub(super) fn error(objects: &Path, oid: &Oid, flaw: Flaw) -> Error {
    Error::new(Kind::Incomplete, format!("the object {flaw}"))
        .in_file(path(objects, oid).to_string_lossy())
}
