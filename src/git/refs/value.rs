//! What references say, and what `HEAD` leads to.

use std::path::Path;

use super::{Head, SYMBOLIC_MAX};
use crate::error::{Error, Kind, Result};
use crate::git::files;
use crate::git::oid::{HashKind, Oid};

/// What a reference says.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Direct(Oid),
    Symbolic(Vec<u8>),
}

/// Reads `HEAD`, and only what it leads to.
pub(in crate::git) fn head(git_dir: &Path, common_dir: &Path, hash: HashKind) -> Result<Head> {
    let path = git_dir.join("HEAD");
    let fail = || {
        Error::new(Kind::Incomplete, "HEAD names neither a branch nor a commit")
            .in_file(path.to_string_lossy())
    };
    let mut value = loose_value(&path, hash)?.ok_or_else(fail)?;
    let branch = match &value {
        Value::Symbolic(target) => Some(branch_name(target)),
        Value::Direct(_) => None,
    };
    for _ in 0..SYMBOLIC_MAX {
        let name = match value {
            Value::Direct(oid) => {
                return Ok(Head {
                    branch,
                    commit: Some(oid),
                });
            }
            Value::Symbolic(name) => name,
        };
        if !is_sound(&name) {
            return Err(fail());
        }
        let file = files::path_of(&name);
        let own = if git_dir == common_dir {
            None
        } else {
            loose_value(&git_dir.join(&file), hash)?
        };
        let found = match own {
            Some(value) => Some(value),
            None => loose_value(&common_dir.join(&file), hash)?,
        };
        value = match found {
            Some(value) => value,
            None => {
                let path = common_dir.join("packed-refs");
                let commit = match files::read(&path, files::LIST_MAX)? {
                    Some(text) => packed(&text, hash)
                        .find_map(|line| match line {
                            Ok((oid, packed)) => (packed == name).then_some(Ok(oid)),
                            Err(()) => Some(Err(())),
                        })
                        .transpose()
                        .map_err(|()| {
                            Error::new(Kind::Incomplete, "a line is no reference")
                                .in_file(path.to_string_lossy())
                        })?,
                    None => None,
                };
                return Ok(Head { branch, commit });
            }
        };
    }
    Err(fail())
}

/// A name below `refs` that leads nowhere else.
fn is_sound(name: &[u8]) -> bool {
    name.starts_with(b"refs/")
        && name
            .split(|byte| *byte == b'/')
            .all(|part| !part.is_empty() && part != b"." && part != b"..")
}

pub(super) fn branch_name(target: &[u8]) -> String {
    String::from_utf8_lossy(target.strip_prefix(b"refs/heads/").unwrap_or(target)).into_owned()
}

/// The value of a loose reference; `None` if there is no such file.
pub(super) fn loose_value(path: &Path, hash: HashKind) -> Result<Option<Value>> {
    // Old references to other references are symbolic links.
    if let Ok(target) = std::fs::read_link(path) {
        let target = files::bytes_of(&target);
        if target.starts_with(b"refs/") {
            return Ok(Some(Value::Symbolic(target)));
        }
    }
    // A folder is where references of longer names are.
    if path.is_dir() {
        return Ok(None);
    }
    let Some(text) = files::read_line(path)? else {
        return Ok(None);
    };
    value(&text, hash).map(Some).ok_or_else(|| {
        Error::new(Kind::Incomplete, "the reference names nothing").in_file(path.to_string_lossy())
    })
}

pub(super) fn value(text: &[u8], hash: HashKind) -> Option<Value> {
    if let Some(target) = text.strip_prefix(b"ref:") {
        let target = target.trim_ascii();
        return (!target.is_empty()).then(|| Value::Symbolic(target.to_vec()));
    }
    let digits = hash.len().saturating_mul(2);
    let (hex, rest) = text.split_at_checked(digits)?;
    if rest.first().is_some_and(|byte| !byte.is_ascii_whitespace()) {
        return None;
    }
    Oid::from_hex(hex).map(Value::Direct)
}

/// The lines of `packed-refs`.
pub(super) fn packed(
    text: &[u8],
    hash: HashKind,
) -> impl Iterator<Item = std::result::Result<(Oid, &[u8]), ()>> {
    let digits = hash.len().saturating_mul(2);
    text.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        // `^` gives what the tag above is for.
        .filter(|line| !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b"^"))
        .map(move |line| {
            let (hex, name) = line.split_at_checked(digits).ok_or(())?;
            let name = name
                .strip_prefix(b" ")
                .filter(|name| !name.is_empty())
                .ok_or(())?;
            Ok((Oid::from_hex(hex).ok_or(())?, name))
        })
}
