//! The objects of a repository: packs, loose objects, alternates (gitrepository-layout(5), `objects`).
//!
//! `objects/info/alternates` is followed, the environment (`GIT_ALTERNATE_OBJECT_DIRECTORIES`) is not.
//! Multi-pack indexes are not needed: the index of each pack is still there.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::files;
use super::hash;
use super::inflate::{Flaw, Inflater};
use super::loose;
use super::objects::Object;
use super::oid::{HashKind, Oid};
use super::pack::{Pack, TOO_LARGE};
use crate::error::{Error, Kind, Result};

/// How often alternates may lead to further ones, as in Git.
const ALTERNATES_DEPTH: usize = 5;
/// Folders of objects in all.
const ALTERNATES_MAX: usize = 1000;
/// Files in `objects/pack`.
const PACK_FILES_MAX: usize = 200_000;
/// Open files. Most systems allow 1,024 at least.
const PACKS_MAX: usize = 400;

/// The objects of a repository. Clones share what was read.
#[derive(Clone, Debug, Default)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    hash: Option<HashKind>,
    folders: Vec<PathBuf>,
    packs: Vec<Arc<Pack>>,
    problems: Vec<String>,
    promisor: bool,
    inflaters: Mutex<Vec<(Inflater, Inflater)>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("folders", &self.folders)
            .field("packs", &self.packs.len())
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the objects in a folder and in its alternates. What cannot be opened is a problem.
    ///
    /// # Errors
    ///
    /// Fails if there is no such folder.
    pub(super) fn open(objects: &Path, hash: HashKind) -> Result<Store> {
        if !objects.is_dir() {
            return Err(
                Error::new(Kind::Incomplete, "the repository has no folder of objects")
                    .in_file(objects.to_string_lossy()),
            );
        }
        let mut inner = Inner {
            hash: Some(hash),
            ..Inner::default()
        };
        let mut seen = HashSet::new();
        add_folder(&mut inner, &mut seen, objects, 0);
        for folder in inner.folders.clone() {
            add_packs(&mut inner, &folder, hash);
        }
        Ok(Store {
            inner: Arc::new(inner),
        })
    }

    /// The hash that names objects.
    pub fn hash(&self) -> HashKind {
        self.inner.hash.unwrap_or(HashKind::Sha1)
    }

    /// An object of at most `limit` bytes; `None` if there is none of that name. Its name is checked
    /// against its content.
    ///
    /// # Errors
    ///
    /// Fails if it is there and cannot be read, or is larger.
    pub fn read(&self, oid: &Oid, limit: usize) -> Result<Option<Object>> {
        let (mut starter, mut inflater) = self
            .inner
            .inflaters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or_else(|| (Inflater::new(), Inflater::new()));
        let object = self.read_with(oid, limit, &mut starter, &mut inflater);
        self.inner
            .inflaters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((starter, inflater));
        object
    }

    fn read_with(
        &self,
        oid: &Oid,
        limit: usize,
        starter: &mut Inflater,
        inflater: &mut Inflater,
    ) -> Result<Option<Object>> {
        let mut failure = None;
        for pack in &self.inner.packs {
            let read = match pack.index.lookup(oid) {
                Ok(None) => continue,
                Ok(Some(offset)) => pack.read(offset, limit, inflater),
                Err(_) => Err("cannot be found in the pack index"),
            };
            match read.and_then(|object| self.checked(oid, object)) {
                Ok(object) => return Ok(Some(object)),
                Err(flaw) => failure = Some(broken(oid, flaw).in_file(pack.path.to_string_lossy())),
            }
        }
        for folder in &self.inner.folders {
            let Some(file) = loose::open(folder, oid, limit)? else {
                continue;
            };
            match loose::parse(&file, limit, starter, inflater)
                .and_then(|object| self.checked(oid, object))
            {
                Ok(object) => return Ok(Some(object)),
                Err(flaw) => failure = Some(loose::error(folder, oid, flaw)),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    fn checked(&self, oid: &Oid, object: Object) -> std::result::Result<Object, Flaw> {
        if hash::object_id(self.hash(), object.kind, &object.data).as_ref() == Some(oid) {
            Ok(object)
        } else {
            Err("is not what its name says")
        }
    }

    /// There is an object of that name.
    pub fn contains(&self, oid: &Oid) -> bool {
        self.inner
            .packs
            .iter()
            .any(|pack| matches!(pack.index.lookup(oid), Ok(Some(_))))
            || self
                .inner
                .folders
                .iter()
                .any(|folder| loose::contains(folder, oid))
    }

    /// The objects whose names start with 4 to 64 hexadecimal digits, at most two of them.
    pub fn abbreviated(&self, digits: &str) -> Vec<Oid> {
        let width = self.hash().len();
        let digits = digits.to_ascii_lowercase();
        if digits.len() < 4 || digits.len() > width.saturating_mul(2) {
            return Vec::new();
        }
        let mut low = digits.clone().into_bytes();
        low.resize(width.saturating_mul(2), b'0');
        let Some(low) = Oid::from_hex(&low) else {
            return Vec::new();
        };
        let accepts = |oid: &Oid| oid.to_string().starts_with(&digits);
        let mut found: Vec<Oid> = Vec::new();
        for pack in &self.inner.packs {
            let names = pack.index.names_from(low.as_bytes(), accepts, 2);
            found.extend(names.unwrap_or_default());
        }
        let first = low.as_bytes().first().copied().unwrap_or(0);
        for folder in &self.inner.folders {
            let mut names = Vec::new();
            loose::collect(folder, first, self.hash(), &mut names, &mut Vec::new());
            found.extend(names.into_iter().filter(accepts));
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(2);
        found
    }

    /// What could not be opened, in words, with file names.
    pub fn problems(&self) -> &[String] {
        &self.inner.problems
    }

    /// A pack came from a partial clone: objects may be missing on purpose.
    pub fn has_promisor_pack(&self) -> bool {
        self.inner.promisor
    }

    /// How many objects all packs have.
    pub(super) fn packed(&self) -> usize {
        self.inner.packs.iter().fold(0, |sum, pack| {
            sum.saturating_add(usize::try_from(pack.index.count()).unwrap_or(usize::MAX))
        })
    }

    pub(super) fn packs(&self) -> &[Arc<Pack>] {
        &self.inner.packs
    }

    pub(super) fn folders(&self) -> &[PathBuf] {
        &self.inner.folders
    }
}

fn broken(oid: &Oid, flaw: Flaw) -> Error {
    let error = Error::new(Kind::Incomplete, format!("the object {oid} {flaw}"));
    if flaw == TOO_LARGE {
        error.hint("large objects are not looked at; find out what it is with `git cat-file`")
    } else {
        error.hint("run `git fsck` to see what is broken")
    }
}

fn add_folder(inner: &mut Inner, seen: &mut HashSet<PathBuf>, objects: &Path, depth: usize) {
    let canonical = match objects.canonicalize() {
        Ok(path) if path.is_dir() => path,
        _ => {
            inner.problems.push(format!(
                "{}: the folder of alternate objects is missing",
                objects.display()
            ));
            return;
        }
    };
    if !seen.insert(canonical.clone()) {
        return;
    }
    if inner.folders.len() >= ALTERNATES_MAX {
        inner.problems.push(format!(
            "{}: there are more than {ALTERNATES_MAX} folders of alternate objects",
            objects.display()
        ));
        return;
    }
    inner.folders.push(canonical.clone());
    let list = canonical.join("info").join("alternates");
    let lines = match files::read(&list, files::CONFIG_MAX) {
        Ok(Some(lines)) => lines,
        Ok(None) => return,
        Err(error) => {
            inner.problems.push(error.to_string());
            return;
        }
    };
    for line in lines.split(|byte| *byte == b'\n') {
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if depth >= ALTERNATES_DEPTH {
            inner.problems.push(format!(
                "{}: alternates lead to alternates more than {ALTERNATES_DEPTH} times",
                list.display()
            ));
            return;
        }
        let line = unquoted(line);
        add_folder(
            inner,
            seen,
            &canonical.join(files::path_of(&line)),
            depth.saturating_add(1),
        );
    }
}

/// A line of `alternates`: as it is, or in double quotes with the escapes of C.
fn unquoted(line: &[u8]) -> Vec<u8> {
    let Some(inner) = line
        .strip_prefix(b"\"")
        .and_then(|line| line.strip_suffix(b"\""))
    else {
        return line.to_vec();
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'a') => out.push(7),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'v') => out.push(11),
            Some(digit @ b'0'..=b'3') => {
                let mut value = digit.wrapping_sub(b'0');
                for _ in 0..2 {
                    if let Some(next) = bytes.next_if(|byte| (b'0'..=b'7').contains(byte)) {
                        value = value.wrapping_mul(8).wrapping_add(next.wrapping_sub(b'0'));
                    }
                }
                out.push(value);
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

fn add_packs(inner: &mut Inner, objects: &Path, hash: HashKind) {
    let folder = objects.join("pack");
    let entries = match files::names_in(&folder, PACK_FILES_MAX) {
        Ok(entries) => entries,
        Err(error) => {
            inner.problems.push(error.to_string());
            return;
        }
    };
    let names: HashSet<&Path> = entries.iter().map(|(name, _)| name.as_path()).collect();
    for (name, _) in &entries {
        let path = folder.join(name);
        match name.extension().and_then(|extension| extension.to_str()) {
            Some("promisor") => inner.promisor = true,
            // Temporary files of a writer have other names.
            Some("idx") if !names.contains(name.with_extension("pack").as_path()) => {
                inner
                    .problems
                    .push(format!("{}: the pack index has no pack", path.display()));
            }
            Some("pack") => {
                if inner.packs.len() >= PACKS_MAX {
                    inner.problems.push(format!(
                        "{}: there are more than {PACKS_MAX} packs; run `git gc`",
                        path.display()
                    ));
                    continue;
                }
                match Pack::open(&path, hash) {
                    Ok(pack) => inner.packs.push(Arc::new(pack)),
                    Err(problem) => inner.problems.push(problem),
                }
            }
            _ => {}
        }
    }
}
