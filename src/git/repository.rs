//! Where a repository is: work tree, `.git`, common directory (gitrepository-layout(5)).

use std::path::{Path, PathBuf};

use super::files;
use super::index::{self, Index};
use super::oid::{HashKind, Oid};
use super::refs::{self, Head, References};
use super::settings::{Settings, flag};
use super::store::Store;
use crate::error::{Error, Kind, Result};

/// How many `.git` files may lead to `.git` files.
const GIT_FILES_MAX: usize = 5;
/// Folders upwards.
const UPWARDS_MAX: usize = 1000;

/// Extensions that change nothing for a reader.
const HARMLESS: [&str; 6] = [
    "noop",
    "noop-v1",
    "preciousobjects",
    "partialclone",
    "worktreeconfig",
    "relativeworktrees",
];

/// A repository on disk.
#[derive(Clone, Debug)]
pub struct Repository {
    git_dir: PathBuf,
    common_dir: PathBuf,
    work_tree: Option<PathBuf>,
    settings: Settings,
    hash: HashKind,
    shallow: Vec<Oid>,
    promisor_pack: bool,
}

impl Repository {
    /// The repository that `path` is in: a work tree or a path inside of one, a `.git` folder, a bare
    /// repository. `None` if there is none upwards.
    ///
    /// # Errors
    ///
    /// Fails with [`Kind::Io`] if the path is not there, and with [`Kind::Incomplete`] if there is a
    /// repository that cannot be read: unknown format or extension, broken `.git` file or config.
    pub fn discover(path: &Path) -> Result<Option<Repository>> {
        let start = path
            .canonicalize()
            .map_err(|error| crate::fsio::io_error("find the path", path, &error))?;
        for folder in start.ancestors().take(UPWARDS_MAX) {
            let dot_git = folder.join(".git");
            if let Some(git_dir) = git_dir_at(&dot_git)? {
                return open(git_dir, Some(folder.to_owned())).map(Some);
            }
            if is_git_dir(folder) {
                return open(folder.to_owned(), None).map(Some);
            }
        }
        Ok(None)
    }

    /// The repository that Git's variables name for a command in `directory`: `GIT_DIR` says which it is, and
    /// `GIT_WORK_TREE` where its files are (git(1)). `None` if there is no `GIT_DIR` and nothing upwards.
    ///
    /// # Errors
    ///
    /// As [`Repository::discover`], and [`Kind::Usage`] if `git_dir` is no repository.
    pub fn of_variables(
        directory: &Path,
        git_dir: Option<&Path>,
        work_tree: Option<&Path>,
    ) -> Result<Option<Repository>> {
        let real = |path: &Path| {
            let path = directory.join(path);
            path.canonicalize()
                .map_err(|error| crate::fsio::io_error("find the path", &path, &error))
        };
        let found = match git_dir {
            None => Repository::discover(directory)?,
            Some(path) => {
                let path = directory.join(path);
                let Some(git_dir) = git_dir_at(&path)? else {
                    return Err(Error::new(Kind::Usage, "GIT_DIR names no Git repository")
                        .in_file(path.to_string_lossy())
                        .hint("unset the variable, or name the repository as an argument"));
                };
                let mut repository = open(git_dir, None)?;
                let linked = repository.git_dir != repository.common_dir;
                let settings = &repository.settings;
                let is_bare = !linked && settings.flag("core", "bare") == Some(true);
                let is_said = !linked && settings.get("core", "worktree").is_some();
                // Without a word about the work tree, Git takes the folder that it is run in.
                if !is_bare && !is_said {
                    repository.work_tree = Some(real(Path::new(""))?);
                }
                Some(repository)
            }
        };
        let Some(mut repository) = found else {
            return Ok(None);
        };
        if let Some(path) = work_tree {
            repository.work_tree = Some(real(path)?);
        }
        Ok(Some(repository))
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
        !self.shallow.is_empty()
    }

    /// The commits whose parents are missing on purpose.
    pub fn shallow(&self) -> &[Oid] {
        &self.shallow
    }

    /// Objects may be missing on purpose: `extensions.partialClone`, a promisor remote, or a pack
    /// from one.
    pub fn is_partial(&self) -> bool {
        self.promisor_pack
            || self.settings.get("extensions", "partialclone").is_some()
            || self.settings.entries().iter().any(|entry| {
                entry.section == "remote"
                    && entry.name == "promisor"
                    && entry
                        .value
                        .as_deref()
                        .is_none_or(|value| flag(value) != Some(false))
            })
    }

    /// The settings of the repository; those of the user and the system are not read.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The URL of a remote.
    pub fn remote_url(&self, remote: &str) -> Option<&str> {
        // The first one is fetched from.
        self.settings
            .entries()
            .iter()
            .find(|entry| {
                entry.section == "remote"
                    && entry.name == "url"
                    && entry.subsection.as_deref() == Some(remote)
            })
            .and_then(|entry| entry.value.as_deref())
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
        self.index_at(&self.git_dir.join("index"))
    }

    /// The index in another file, as Git's commands and hooks get it in `GIT_INDEX_FILE`.
    ///
    /// # Errors
    ///
    /// As [`Repository::index`].
    pub fn index_at(&self, path: &Path) -> Result<Option<Index>> {
        index::read(self, path)
    }

    /// `HEAD` of this worktree, without a look at all other references.
    ///
    /// # Errors
    ///
    /// Fails if `HEAD`, or what it leads to, cannot be read.
    pub fn head(&self) -> Result<Head> {
        refs::head(&self.git_dir, &self.common_dir, self.hash)
    }

    /// All references of all worktrees.
    ///
    /// # Errors
    ///
    /// Fails if there is no `HEAD`. What else cannot be read is among [`References::problems`].
    pub fn references(&self) -> Result<References> {
        refs::read(&self.git_dir, &self.common_dir, self.hash)
    }

    /// The objects.
    ///
    /// # Errors
    ///
    /// Fails if there is no folder of objects that can be read.
    pub fn store(&self) -> Result<Store> {
        Store::open(&self.common_dir.join("objects"), self.hash)
    }
}

fn incomplete(path: &Path, message: impl Into<String>) -> Error {
    Error::new(Kind::Incomplete, message).in_file(path.to_string_lossy())
}

/// The `.git` folder that `dot_git` is or leads to; `None` if there is neither.
pub(super) fn git_dir_at(dot_git: &Path) -> Result<Option<PathBuf>> {
    let mut at = dot_git.to_owned();
    for step in 0..GIT_FILES_MAX {
        match std::fs::metadata(&at) {
            Ok(metadata) if metadata.is_dir() => {
                if is_git_dir(&at) {
                    return Ok(Some(at));
                }
                if step == 0 {
                    // Git goes on upwards past a folder of that name that is no repository.
                    return Ok(None);
                }
                return Err(incomplete(
                    &at,
                    "a .git file leads to what is no repository",
                ));
            }
            Ok(metadata) if metadata.is_file() => {
                let text = files::read_line(&at)?.unwrap_or_default();
                let target = text
                    .strip_prefix(b"gitdir:")
                    .map(|rest| rest.trim_ascii_start())
                    .filter(|rest| !rest.is_empty())
                    .ok_or_else(|| incomplete(&at, "the .git file does not say `gitdir: PATH`"))?;
                let folder = at.parent().unwrap_or(Path::new("/")).to_owned();
                at = folder.join(files::path_of(target));
            }
            Ok(_) => {
                return Err(incomplete(&at, "expected a folder or a regular file"));
            }
            Err(error) if files::is_absent(&error) && step == 0 => return Ok(None),
            Err(error) => return Err(files::cannot_read(&at, &error)),
        }
    }
    Err(incomplete(dot_git, "the .git file leads to .git files"))
}

/// What makes a folder a repository for Git: `HEAD`, objects and references, here or in the common
/// directory.
fn is_git_dir(folder: &Path) -> bool {
    let head = folder.join("HEAD");
    if !std::fs::symlink_metadata(head).is_ok_and(|metadata| !metadata.is_dir()) {
        return false;
    }
    let common = folder.join("commondir");
    if std::fs::metadata(&common).is_ok_and(|metadata| metadata.is_file()) {
        return true;
    }
    folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

fn open(git_dir: PathBuf, found_in: Option<PathBuf>) -> Result<Repository> {
    let git_dir = git_dir
        .canonicalize()
        .map_err(|error| files::cannot_read(&git_dir, &error))?;
    let common_dir = match files::read_line(&git_dir.join("commondir"))? {
        Some(path) if !path.is_empty() => {
            let path = git_dir.join(files::path_of(&path));
            path.canonicalize()
                .map_err(|error| files::cannot_read(&path, &error))?
        }
        _ => git_dir.clone(),
    };
    let mut settings = Settings::default();
    add_settings(&mut settings, &common_dir.join("config"))?;
    if settings.flag("extensions", "worktreeconfig") == Some(true) {
        add_settings(&mut settings, &git_dir.join("config.worktree"))?;
    }
    let hash = hash_of(&settings, &common_dir)?;
    let work_tree = work_tree_of(&settings, &git_dir, &common_dir, found_in)?;
    let shallow = read_shallow(&common_dir, hash)?;
    let promisor_pack =
        std::fs::read_dir(common_dir.join("objects").join("pack")).is_ok_and(|entries| {
            entries.flatten().any(|entry| {
                Path::new(&entry.file_name())
                    .extension()
                    .is_some_and(|extension| extension == "promisor")
            })
        });
    Ok(Repository {
        git_dir,
        common_dir,
        work_tree,
        settings,
        hash,
        shallow,
        promisor_pack,
    })
}

fn add_settings(settings: &mut Settings, path: &Path) -> Result<()> {
    let Some(text) = files::read(path, files::CONFIG_MAX)? else {
        return Ok(());
    };
    settings
        .add(&text)
        .map_err(|line| incomplete(path, format!("line {line} is no setting that Git knows")))
}

fn hash_of(settings: &Settings, common_dir: &Path) -> Result<HashKind> {
    let config = common_dir.join("config");
    let version = settings
        .get("core", "repositoryformatversion")
        .unwrap_or("0")
        .parse::<u32>()
        .map_err(|_| incomplete(&config, "core.repositoryFormatVersion is no number"))?;
    if version > 1 {
        return Err(incomplete(
            &config,
            format!("the repository has the unknown format version {version}"),
        ));
    }
    let mut hash = HashKind::Sha1;
    for entry in settings.entries() {
        if entry.section != "extensions" || entry.subsection.is_some() {
            continue;
        }
        let value = entry.value.as_deref().unwrap_or_default();
        match entry.name.as_str() {
            "objectformat" => {
                hash = match value {
                    "sha1" => HashKind::Sha1,
                    "sha256" => HashKind::Sha256,
                    other => {
                        return Err(incomplete(
                            &config,
                            format!("the repository has the unknown object format `{other}`"),
                        ));
                    }
                }
            }
            "refstorage" if value == "files" => {}
            "refstorage" => {
                return Err(incomplete(
                    &config,
                    format!("references are kept as `{value}`, which is not read"),
                )
                .hint("`git refs migrate --ref-format=files` converts them"));
            }
            "compatobjectformat" => {}
            name if HARMLESS.contains(&name) => {}
            // Git ignores what it does not know in repositories of version 0.
            _ if version == 0 => {}
            name => {
                return Err(incomplete(
                    &config,
                    format!("the repository needs the unknown extension `{name}`"),
                ));
            }
        }
    }
    Ok(hash)
}

/// The work tree: where `.git` was found, or what `core.worktree` says for a folder of another place.
fn work_tree_of(
    settings: &Settings,
    git_dir: &Path,
    common_dir: &Path,
    found_in: Option<PathBuf>,
) -> Result<Option<PathBuf>> {
    let linked = git_dir != common_dir;
    let named = settings
        .get("core", "worktree")
        .filter(|_| !linked)
        .map(|path| git_dir.join(path));
    if let Some(found) = found_in {
        if let Some(named) = named {
            // Git would look there and not here; whoever asks for this folder must not get a report
            // about another one.
            if named.canonicalize().ok().as_deref() != Some(found.as_path()) {
                return Err(incomplete(
                    &found,
                    "core.worktree of the repository names another folder",
                )
                .hint("name the folder that core.worktree says"));
            }
        }
        if !linked && settings.flag("core", "bare") == Some(true) {
            return Ok(None);
        }
        return Ok(Some(found));
    }
    if linked {
        // `gitdir` names the `.git` file of the linked worktree.
        let Some(file) = files::read_line(&git_dir.join("gitdir"))? else {
            return Ok(None);
        };
        let file = git_dir.join(files::path_of(&file));
        return Ok(file
            .parent()
            .filter(|folder| folder.is_dir())
            .map(Path::to_owned));
    }
    if let Some(named) = named {
        return named
            .canonicalize()
            .map(Some)
            .map_err(|error| files::cannot_read(&named, &error));
    }
    if settings.flag("core", "bare") == Some(true) {
        return Ok(None);
    }
    if git_dir.file_name().is_some_and(|name| name == ".git") {
        return Ok(git_dir.parent().map(Path::to_owned));
    }
    Ok(None)
}

fn read_shallow(common_dir: &Path, hash: HashKind) -> Result<Vec<Oid>> {
    let path = common_dir.join("shallow");
    let Some(text) = files::read(&path, files::LIST_MAX)? else {
        return Ok(Vec::new());
    };
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            Oid::from_hex(line.trim_ascii_end())
                .filter(|oid| oid.kind() == hash)
                .ok_or_else(|| incomplete(&path, "a line names no commit"))
        })
        .collect()
}
