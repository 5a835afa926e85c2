//! Where a repository is: work tree, `.git`, common directory (gitrepository-layout(5)).

use std::path::{Path, PathBuf};

use super::index::Index;
use super::oid::HashKind;
use super::refs::References;
use super::settings::Settings;
use super::store::Store;
use crate::error::Result;

/// A repository on disk.
#[derive(Clone, Debug)]
pub struct Repository {
    git_dir: PathBuf,
    common_dir: PathBuf,
    work_tree: Option<PathBuf>,
    settings: Settings,
    hash: HashKind,
}

impl Repository {
    /// The repository that `path` is in: a work tree or a path inside of one, a `.git` folder, a bare
    /// repository. `None` if there is none upwards.
    ///
    /// # Errors
    ///
    /// Fails if there is one that cannot be read: unknown format or extension, broken `.git` file.
    pub fn discover(path: &Path) -> Result<Option<Repository>> {
        let _ = path;
        Ok(None)
    }

    /// The folder with `HEAD` and `index`: `.git`, or `.git/worktrees/NAME` of a linked worktree.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The folder with `objects` and `refs`.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The top of the work tree; `None` for a bare repository.
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// There is no work tree.
    pub fn is_bare(&self) -> bool {
        self.work_tree.is_none()
    }

    /// Commits are missing on purpose (`shallow` names some).
    pub fn is_shallow(&self) -> bool {
        false
    }

    /// Objects may be missing on purpose (promisor remotes or packs).
    pub fn is_partial(&self) -> bool {
        false
    }

    /// The settings of the repository; those of the user and the system are not read.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The URL of a remote.
    pub fn remote_url(&self, remote: &str) -> Option<&str> {
        self.settings.get_in("remote", Some(remote), "url")
    }

    /// The hash that names objects.
    pub fn hash(&self) -> HashKind {
        self.hash
    }

    /// The index; `None` if there is no such file.
    ///
    /// # Errors
    ///
    /// Fails if the index cannot be read whole.
    pub fn index(&self) -> Result<Option<Index>> {
        Ok(None)
    }

    /// All references of all worktrees.
    ///
    /// # Errors
    ///
    /// Fails if they cannot be read.
    pub fn references(&self) -> Result<References> {
        Ok(References::default())
    }

    /// The objects.
    ///
    /// # Errors
    ///
    /// Fails if there is no folder of objects that can be read.
    pub fn store(&self) -> Result<Store> {
        Ok(Store::default())
    }
}
