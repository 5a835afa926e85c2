//! The creation rules for what is staged: those of the staged `.sops.yaml`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrets::fsio;
use secrets::secret::SecretBuffer;
use secrets::sops::config::find::{Origin, search_from};
use secrets::sops::config::{Config, FILE_NAME, MAX_SIZE, OTHER_NAME};
use secrets::sops::policy::SealPolicy;
use secrets::{Error, Kind};

use super::super::Errors;
use super::super::git_process::{Entry, Git, Head, Objects};
use super::super::sealing::Sealing;
use crate::context::Context;

/// How a staged file is to be sealed.
pub(super) struct Rule {
    pub(super) policy: SealPolicy,
    /// The rule has no `path_regex`: it is for every file.
    pub(super) is_for_all: bool,
}

/// The rules of the index.
pub(super) struct StagedRules<'r> {
    sealing: &'r Sealing,
    head: &'r Head,
    /// `--config` or `SOPS_CONFIG`, which the index has no part in.
    named: Option<Arc<Config>>,
    /// The configurations by folder.
    staged: BTreeMap<PathBuf, Entry>,
    loaded: HashMap<PathBuf, Result<Arc<Config>, Errors>>,
    /// The texts of the configurations.
    texts: HashMap<PathBuf, SecretBuffer>,
    /// The working directory from the top of the working tree.
    cwd: PathBuf,
    /// Folders whose configuration counted, or would have.
    folders: BTreeSet<PathBuf>,
    warnings: Vec<Error>,
}

impl<'r> StagedRules<'r> {
    /// # Errors
    /// Git fails, or a configuration is in conflict.
    pub(super) fn new(
        git: &Git,
        head: &'r Head,
        sealing: &'r Sealing,
        context: &Context,
    ) -> Result<Self, Errors> {
        let cwd = context.working_directory();
        let named = sealing.named_config(cwd)?;
        let (entries, unmerged) = match named {
            Some(_) => Default::default(),
            None => git.entries_named(FILE_NAME)?,
        };
        if let Some(path) = unmerged.first() {
            return Err(Error::new(Kind::Config, "the configuration is in conflict")
                .in_file(path.to_string_lossy())
                .because("the index has several versions of it")
                .hint("resolve the conflict and `git add` the file")
                .into());
        }
        let folder = |entry: &Entry| entry.path.parent().unwrap_or(Path::new("")).to_owned();
        let physical = cwd.canonicalize().unwrap_or_else(|_| cwd.to_owned());
        let cwd = [physical.as_path(), cwd]
            .into_iter()
            .find_map(|cwd| cwd.strip_prefix(&head.top).ok());
        Ok(StagedRules {
            sealing,
            head,
            named,
            staged: entries.into_iter().map(|e| (folder(&e), e)).collect(),
            loaded: HashMap::new(),
            texts: HashMap::new(),
            cwd: cwd.unwrap_or(Path::new("")).to_owned(),
            folders: BTreeSet::new(),
            warnings: Vec::new(),
        })
    }

    /// The rule for a path from the top; `None` if there is none, or if it is a configuration itself.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration, or the rule cannot be used.
    pub(super) fn rule_for(
        &mut self,
        path: &Path,
        objects: &mut Objects,
    ) -> Result<Option<Rule>, Errors> {
        let is = |name: &str| path.file_name().is_some_and(|own| own == name);
        if is(FILE_NAME) || is(OTHER_NAME) {
            return Ok(None);
        }
        let Some(config) = self.config_for(path, objects)? else {
            return Ok(None);
        };
        if self.head.top.join(&config.path) == self.head.top.join(path) {
            return Ok(None);
        }
        let decision = config.rule_for(path, &self.head.top);
        let Some(rule) = decision.rule.and_then(|index| config.rules().get(index)) else {
            return Ok(None);
        };
        Ok(Some(Rule {
            policy: self.sealing.policy_of(rule)?,
            is_for_all: rule.path_regex.is_none(),
        }))
    }

    /// What is odd about the configurations that were looked at, and which of the working tree do not count.
    pub(super) fn warnings(&mut self) -> Vec<Error> {
        let mut warnings = std::mem::take(&mut self.warnings);
        for folder in &self.folders {
            let path = folder.join(FILE_NAME);
            let file = self.head.top.join(&path);
            let Ok(in_tree) = fsio::read(&file, MAX_SIZE as u64) else {
                continue;
            };
            let what = match self.texts.get(folder) {
                Some(text) if same_lines(text, &in_tree) => None,
                Some(_) => Some("the configuration has changes that are not staged"),
                None if self.staged.contains_key(folder) => None,
                None => Some("the configuration is not staged"),
            };
            if let Some(what) = what {
                let warning = Error::new(Kind::Config, what)
                    .in_file(path.to_string_lossy())
                    .because("what is staged is sealed by the rules that are staged")
                    .hint("`git add` it if its rules are meant");
                warnings.push(warning);
            }
        }
        warnings
    }

    /// The nearest above the file, then above the working directory, in the index; then above the repository.
    fn config_for(
        &mut self,
        path: &Path,
        objects: &mut Objects,
    ) -> Result<Option<Arc<Config>>, Errors> {
        if self.named.is_some() {
            return Ok(self.named.clone());
        }
        let above: Vec<PathBuf> = path.ancestors().skip(1).map(Path::to_owned).collect();
        let above_cwd: Vec<PathBuf> = self.cwd.ancestors().map(Path::to_owned).collect();
        for folder in above.into_iter().chain(above_cwd) {
            let is_staged = self.staged.contains_key(&folder);
            self.folders.insert(folder.clone());
            if is_staged {
                return self.load(&folder, objects).map(Some);
            }
        }
        let Some(outside) = self.head.top.parent() else {
            return Ok(None);
        };
        let found = search_from(outside, Origin::File)?;
        match found.config {
            Some((path, _)) => Ok(Some(self.sealing.load_config(&path)?)),
            None => Ok(None),
        }
    }

    fn load(&mut self, folder: &Path, objects: &mut Objects) -> Result<Arc<Config>, Errors> {
        if let Some(loaded) = self.loaded.get(folder) {
            return loaded.clone();
        }
        let Some(entry) = self.staged.get(folder) else {
            return Err(missing(folder).into());
        };
        let loaded = if entry.mode.starts_with("100") {
            match objects.blob(entry.blob.as_bytes())? {
                Some(bytes) => {
                    let config = Config::load(&entry.path, &bytes);
                    self.texts.insert(folder.to_owned(), bytes);
                    config.map(Arc::new).map_err(Errors::from)
                }
                None => Err(missing(folder).into()),
            }
        } else {
            // A symbolic link: what it leads to need not be in the repository.
            self.sealing.load_config(&self.head.top.join(&entry.path))
        };
        if let Ok(config) = &loaded {
            self.warnings.extend(config.warnings.iter().cloned());
        }
        self.loaded.insert(folder.to_owned(), loaded.clone());
        loaded
    }
}

/// Git may check a file out with other line breaks.
fn same_lines(a: &[u8], b: &[u8]) -> bool {
    let a = a.iter().filter(|byte| **byte != b'\r');
    a.eq(b.iter().filter(|byte| **byte != b'\r'))
}

fn missing(folder: &Path) -> Error {
    Error::new(Kind::Incomplete, "the staged configuration is missing")
        .in_file(folder.join(FILE_NAME).to_string_lossy())
        .because("the repository does not have the object")
        .hint("`git fsck` shows what else is missing")
}
