//! Where the configuration of a file is.
//!
//! `--config` and `SOPS_CONFIG` name it. Otherwise it is the nearest `.sops.yaml` above the file, and
//! if there is none, the nearest above the working directory, which is the only place where SOPS looks.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Config, FILE_NAME, MAX_SIZE, OTHER_NAME};
use crate::error::{Error, Kind, Result};

/// How many directories a search visits, as in SOPS.
pub const MAX_LEVELS: usize = 100;

/// What led to a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `--config`
    Flag,
    /// `SOPS_CONFIG`
    Environment,
    /// The directories above the file.
    File,
    /// The directories above the working directory.
    WorkingDirectory,
}

/// The outcome of a search.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The configuration and what led to it; `None` if there is none.
    pub config: Option<(PathBuf, Origin)>,
    /// Files that look like a configuration but are not used, as warnings.
    pub warnings: Vec<Error>,
}

/// Finds the configuration for a file.
///
/// `cwd` must be absolute. `file` may be relative to it and need not exist. `explicit` is `--config`,
/// `environment` is `SOPS_CONFIG`; an empty one counts as absent, as in SOPS. What they name is not
/// checked here.
///
/// # Errors
/// Of kind [`Kind::Io`] if a directory cannot be searched: its configuration may be the right one.
pub fn find_for(
    file: &Path,
    cwd: &Path,
    explicit: Option<&Path>,
    environment: Option<&OsStr>,
) -> Result<Found> {
    let named = [
        (explicit.map(Path::as_os_str), Origin::Flag),
        (environment, Origin::Environment),
    ];
    for (path, origin) in named {
        if let Some(path) = path.filter(|path| !path.is_empty()) {
            return Ok(Found {
                config: Some((cwd.join(path), origin)),
                warnings: Vec::new(),
            });
        }
    }
    let mut found = search_from(&physical_directory(&cwd.join(file)), Origin::File)?;
    if found.config.is_none() {
        let second = search_from(cwd, Origin::WorkingDirectory)?;
        found.config = second.config;
        for warning in second.warnings {
            if !found.warnings.contains(&warning) {
                found.warnings.push(warning);
            }
        }
    }
    Ok(found)
}

/// Walks up from a directory, [`MAX_LEVELS`] levels at most.
///
/// # Errors
/// Of kind [`Kind::Io`] if a directory cannot be searched.
pub fn search_from(directory: &Path, origin: Origin) -> Result<Found> {
    let mut found = Found::default();
    for directory in directory.ancestors().take(MAX_LEVELS) {
        let path = directory.join(FILE_NAME);
        if exists(&path)? {
            found.config = Some((path, origin));
            return Ok(found);
        }
        let other = directory.join(OTHER_NAME);
        if found.warnings.is_empty() && exists(&other)? {
            let warning = Error::new(Kind::Config, "the file is ignored")
                .in_file(other.display().to_string())
                .because(format!("a configuration is called {FILE_NAME}"))
                .hint(format!("rename it to {FILE_NAME}"));
            found.warnings.push(warning);
        }
    }
    Ok(found)
}

fn exists(path: &Path) -> Result<bool> {
    match std::fs::metadata(path) {
        Ok(_) => Ok(true),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(false),
            _ => Err(Error::new(Kind::Io, "cannot look for the configuration")
                .in_file(path.display().to_string())
                .because(error.to_string())
                .hint("name the configuration with `--config`")),
        },
    }
}

/// The directory of a file with symbolic links resolved, as far as it exists. `file` is absolute.
pub(crate) fn physical_directory(file: &Path) -> PathBuf {
    let directory = file.parent().unwrap_or(file);
    for existing in directory.ancestors() {
        if let Ok(physical) = existing.canonicalize() {
            let rest = directory.strip_prefix(existing).unwrap_or(Path::new(""));
            let mut path = physical;
            for component in rest.components() {
                match component {
                    std::path::Component::ParentDir => {
                        path.pop();
                    }
                    other => path.push(other),
                }
            }
            return path;
        }
    }
    directory.to_owned()
}

/// A configuration, or everything that is wrong with it.
pub type Loaded = std::result::Result<Arc<Config>, Arc<[Error]>>;

/// The configurations of many files, each searched and read once. May be shared between threads.
#[derive(Debug)]
pub struct Configs {
    cwd: PathBuf,
    explicit: Option<PathBuf>,
    environment: Option<std::ffi::OsString>,
    found: Mutex<HashMap<PathBuf, Found>>,
    loaded: Mutex<HashMap<PathBuf, Loaded>>,
}

impl Configs {
    /// A cache for one run; see [`find_for`] for the arguments.
    pub fn new(
        cwd: impl Into<PathBuf>,
        explicit: Option<PathBuf>,
        environment: Option<std::ffi::OsString>,
    ) -> Self {
        Configs {
            cwd: cwd.into(),
            explicit,
            environment,
            found: Mutex::default(),
            loaded: Mutex::default(),
        }
    }

    /// The working directory.
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// Where the configuration of a file is.
    ///
    /// # Errors
    /// See [`find_for`].
    pub fn find(&self, file: &Path) -> Result<Found> {
        let directory = self.cwd.join(file).parent().map(Path::to_owned);
        let directory = directory.unwrap_or_default();
        let known = |map: &HashMap<PathBuf, Found>| map.get(&directory).cloned();
        if let Some(found) = known(&self.found.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(found);
        }
        // Unlocked: a thread that searches the same directory at the same time finds the same.
        let explicit = self.explicit.as_deref();
        let found = find_for(file, &self.cwd, explicit, self.environment.as_deref())?;
        let mut map = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        map.insert(directory, found.clone());
        Ok(found)
    }

    /// The configuration for a file; `None` if there is none.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn for_file(&self, file: &Path) -> std::result::Result<Option<Arc<Config>>, Arc<[Error]>> {
        let found = self.find(file).map_err(|error| Arc::from([error]))?;
        found.config.map(|(path, _)| self.load(&path)).transpose()
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(&self, path: &Path) -> Loaded {
        // Locked while reading, so that many threads do not parse the same file.
        let mut map = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = map.get(path) {
            return loaded.clone();
        }
        let shown = path.strip_prefix(&self.cwd).unwrap_or(path);
        let loaded = read(path)
            .map_err(|error| vec![error.in_file(shown.display().to_string())])
            .and_then(|bytes| Config::load_as(shown.display().to_string(), path, &bytes))
            .map(Arc::new)
            .map_err(Arc::from);
        map.insert(path.to_owned(), loaded.clone());
        loaded
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    let limit = MAX_SIZE as u64 + 1;
    std::fs::File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|error| {
            Error::new(Kind::Config, "cannot read the configuration")
                .because(error.to_string())
                .hint("see `--config` and SOPS_CONFIG if another file is meant")
        })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use std::fs;

    fn tree(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "creation_rules: []\n").unwrap();
        }
        (dir, root)
    }

    fn find(root: &Path, cwd: &str, file: &str) -> Option<(String, Origin)> {
        let found = find_for(Path::new(file), &root.join(cwd), None, None).unwrap();
        found.config.map(|(path, origin)| {
            let path = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            (path, origin)
        })
    }

    #[test]
    fn the_nearest_above_the_file_then_above_the_working_directory() {
        let (_dir, root) = tree(&["a/.sops.yaml", "a/b/c/x", "d/.sops.yaml", "d/e/x", "f/x"]);
        let at = |path: &str, origin| Some((path.to_owned(), origin));
        assert_eq!(
            find(&root, "d/e", "../../a/b/c/x"),
            at("a/.sops.yaml", Origin::File)
        );
        assert_eq!(find(&root, "d/e", "x"), at("d/.sops.yaml", Origin::File));
        assert_eq!(
            find(&root, "d/e", "../../f/x"),
            at("d/.sops.yaml", Origin::WorkingDirectory)
        );
        assert_eq!(
            find(&root, "a", "b/new/dir/x"),
            at("a/.sops.yaml", Origin::File)
        );
        assert_eq!(find(&root, "f", "x"), None);
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_followed_to_the_directory() {
        let (_dir, root) = tree(&["a/.sops.yaml", "a/b/x", "d/.sops.yaml"]);
        std::os::unix::fs::symlink(root.join("a/b"), root.join("d/link")).unwrap();
        let found = find(&root, "d", "link/x").unwrap();
        assert_eq!(found, ("a/.sops.yaml".to_owned(), Origin::File));
        // `..` behind a link is the parent of its target.
        assert_eq!(find(&root, "d", "link/../x").unwrap().0, "a/.sops.yaml");
        std::os::unix::fs::symlink(root.join("gone"), root.join("a/b/.sops.yaml")).unwrap();
        assert_eq!(find(&root, "d", "link/x").unwrap().0, "a/.sops.yaml");
    }

    #[test]
    fn what_is_named_is_taken_unseen() {
        let (_dir, root) = tree(&["a/.sops.yaml", "a/x"]);
        let cwd = root.join("a");
        let found = |flag: Option<&str>, env: Option<&str>| {
            find_for(
                Path::new("x"),
                &cwd,
                flag.map(Path::new),
                env.map(OsStr::new),
            )
            .unwrap()
            .config
            .unwrap()
        };
        assert_eq!(found(Some("f"), Some("e")), (cwd.join("f"), Origin::Flag));
        assert_eq!(
            found(None, Some("/e")),
            (PathBuf::from("/e"), Origin::Environment)
        );
        assert_eq!(found(Some(""), Some("")).1, Origin::File);
    }

    #[test]
    fn the_other_name_only_warns() {
        let (_dir, root) = tree(&["a/.sops.yml", "a/b/.sops.yml", "a/b/x", ".sops.yaml"]);
        let found = find_for(Path::new("a/b/x"), &root, None, None).unwrap();
        assert_eq!(found.config.unwrap().0, root.join(".sops.yaml"));
        let [warning] = found.warnings.as_slice() else {
            panic!("{:?}", found.warnings)
        };
        assert_eq!(
            warning.file(),
            Some(root.join("a/b/.sops.yml").to_str().unwrap())
        );
        assert_eq!(warning.hints(), ["rename it to .sops.yaml"]);
    }

    #[test]
    fn a_search_ends_after_a_hundred_levels() {
        let deep: PathBuf = std::iter::repeat_n("d", MAX_LEVELS).collect();
        let (_dir, root) = tree(&[".sops.yaml"]);
        let start = root.join(&deep);
        assert!(search_from(&start, Origin::File).unwrap().config.is_none());
        assert!(
            search_from(start.parent().unwrap(), Origin::File)
                .unwrap()
                .config
                .is_some()
        );
    }

    #[test]
    fn the_cache_reads_once_and_keeps_errors() {
        let (_dir, root) = tree(&["a/.sops.yaml", "a/x", "a/y", "b/.sops.yaml", "b/x"]);
        fs::write(root.join("b/.sops.yaml"), "creation_rules: 1\n").unwrap();
        let configs = Configs::new(&root, None, None);
        let first = configs.for_file(Path::new("a/x")).unwrap().unwrap();
        fs::remove_file(root.join("a/.sops.yaml")).unwrap();
        let second = configs.for_file(Path::new("a/y")).unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        let errors = configs.for_file(Path::new("b/x")).unwrap_err();
        let place = Path::new("b").join(".sops.yaml");
        assert_eq!(
            errors[0].to_string(),
            format!(
                "{}:1:17: `creation_rules` must be a list: this is a single value",
                place.display()
            )
        );
    }

    #[test]
    fn a_configuration_that_cannot_be_read_is_an_error() {
        let (_dir, root) = tree(&["x"]);
        let configs = Configs::new(&root, Some("missing.yaml".into()), None);
        let errors = configs.for_file(Path::new("x")).unwrap_err();
        assert_eq!(errors[0].message(), "cannot read the configuration");
        assert_eq!(errors[0].file(), Some("missing.yaml"));
        assert!(errors[0].hints()[0].contains("--config"));
    }
}
