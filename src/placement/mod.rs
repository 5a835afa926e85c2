//! Where a new manifest belongs in a repository: in a folder that a creation rule covers, and in the
//! `resources` of the kustomization above it.

mod propose;

pub use propose::{Fit, Place, propose};

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::kubernetes::kustomization::{FILE_NAMES, Facts, Role, facts};

/// The largest kustomization that is read, in bytes.
const MAX_KUSTOMIZATION: u64 = 4 << 20;

/// The folder that holds `.git`, from `directory` (absolute) upwards.
pub fn repository_root(directory: &Path) -> Option<PathBuf> {
    let mut above = directory.ancestors();
    above
        .find(|folder| folder.join(".git").exists())
        .map(Path::to_owned)
}

/// A kustomization and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kustomization {
    /// Its path, as absolute as the search began.
    pub path: PathBuf,
    /// What it says.
    pub facts: Facts,
}

/// The nearest kustomization of kustomize at or above the folder of a file (absolute), up to the root of its
/// repository; outside of a repository only in the folder itself. Flux' objects are passed over, though
/// their files often have the same name.
///
/// # Errors
/// A file with such a name cannot be read, or is not YAML.
pub fn nearest_kustomization(file: &Path) -> Result<Option<Kustomization>> {
    let Some(folder) = file.parent() else {
        return Ok(None);
    };
    let root = repository_root(folder);
    for folder in folder.ancestors() {
        if let Some(found) = kustomization_in(folder)? {
            return Ok(Some(found));
        }
        if root.as_deref().is_none_or(|root| root == folder) {
            break;
        }
    }
    Ok(None)
}

/// The kustomization of kustomize in a folder.
fn kustomization_in(folder: &Path) -> Result<Option<Kustomization>> {
    for name in FILE_NAMES {
        let path = folder.join(name);
        if !path.is_file() {
            continue;
        }
        let text = fsio::read(&path, MAX_KUSTOMIZATION)?;
        let facts = facts(&text).map_err(|error| error.in_file(path.to_string_lossy()))?;
        if facts.role == Role::Kustomize {
            return Ok(Some(Kustomization { path, facts }));
        }
    }
    Ok(None)
}

/// How a kustomization names a file: relative to its folder, with `/`. Both paths are absolute.
///
/// # Errors
/// `Kind::Usage` if the file is not below the kustomization's folder: kustomize refuses to load it.
pub fn entry_for(kustomization: &Path, file: &Path) -> Result<String> {
    let folder = kustomization.parent().unwrap_or(kustomization);
    let below = clean(file);
    let below = below.strip_prefix(clean(folder)).map_err(|_| {
        Error::new(
            Kind::Usage,
            "the file is not below the folder of the kustomization",
        )
        .in_file(kustomization.to_string_lossy())
        .because("kustomize loads files of its own folder and the folders below only")
        .hint("name a kustomization in a folder above the file")
    })?;
    let parts: Vec<_> = below
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    Ok(parts.join("/"))
}

/// A path without `.` and, as far as its text allows, without `..`.
pub fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(out.components().next_back(), Some(Component::Normal(_))) =>
            {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// A path as seen from a folder; both are absolute and clean.
pub fn relative(path: &Path, from: &Path) -> PathBuf {
    for (steps, folder) in from.ancestors().enumerate() {
        if let Ok(rest) = path.strip_prefix(folder) {
            let mut out: PathBuf = std::iter::repeat_n("..", steps).collect();
            out.push(rest);
            return out;
        }
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use std::fs;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn flux_objects_are_passed_over_and_the_repository_is_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        write(root, "kustomization.yaml", "resources: []\n");
        write(root, "repo/.git/HEAD", "");
        write(
            root,
            "repo/a/kustomization.yml",
            "resources: [x]\nnamespace: n\n",
        );
        write(
            root,
            "repo/a/b/kustomization.yaml",
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n",
        );
        let found = nearest_kustomization(&root.join("repo/a/b/secrets/s.yaml"))
            .unwrap()
            .unwrap();
        assert_eq!(found.path, root.join("repo/a/kustomization.yml"));
        assert_eq!(found.facts.namespace.as_deref(), Some("n"));
        assert_eq!(
            nearest_kustomization(&root.join("repo/c/s.yaml")).unwrap(),
            None
        );
        assert_eq!(
            nearest_kustomization(&root.join("other/s.yaml")).unwrap(),
            None
        );
        write(root, "repo/c/Kustomization", "a: [\n");
        assert!(nearest_kustomization(&root.join("repo/c/s.yaml")).is_err());
    }

    #[test]
    fn entries_and_relative_paths() {
        let entry = |k: &str, f: &str| entry_for(Path::new(k), Path::new(f));
        assert_eq!(
            entry("/r/kustomization.yaml", "/r/a/../s/x.yaml").unwrap(),
            "s/x.yaml"
        );
        assert_eq!(
            entry("/r/a/kustomization.yaml", "/r/x.yaml")
                .unwrap_err()
                .kind(),
            Kind::Usage
        );
        assert_eq!(
            relative(Path::new("/a/b/c"), Path::new("/a/d/e")),
            Path::new("../../b/c")
        );
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a")), Path::new("b"));
        assert_eq!(clean(Path::new("/a/./b/../c")), Path::new("/a/c"));
    }
}
