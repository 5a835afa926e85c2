//! What Git ignores (gitignore(5)): `.gitignore` in each folder, `info/exclude`, and the user's own list.
//!
//! The files are read here and not by the library that matches: a repository may put a pipe in their
//! place, and reading one never ends.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::{HashMap, HashMapExt};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::files;

type Patterns = Arc<[Arc<Gitignore>]>;

/// The patterns of one repository, each file read when it is first needed.
pub(super) struct Ignored {
    top: PathBuf,
    /// For each folder the patterns that count in it, its own first.
    folders: Mutex<HashMap<OsString, Patterns>>,
    exclude: Option<Gitignore>,
    global: Gitignore,
    problems: Mutex<Vec<String>>,
}

impl Ignored {
    /// The patterns for the work tree below `top`.
    pub(super) fn new(top: &Path, common_dir: &Path) -> Self {
        let problems = Mutex::default();
        let exclude = read(top, &common_dir.join("info").join("exclude"), &problems);
        // The user's own file and settings, which no repository decides over.
        let (global, _) = GitignoreBuilder::new(top).build_global();
        Ignored {
            top: top.to_owned(),
            folders: Mutex::new(HashMap::new()),
            exclude,
            global,
            problems,
        }
    }

    /// Whether a path is ignored; the folders above it are not.
    pub(super) fn is_ignored(&self, path: &Path, is_dir: bool) -> bool {
        let folder = path.parent().unwrap_or(&self.top);
        for patterns in self.patterns_in(folder).iter() {
            match patterns.matched(path, is_dir) {
                Match::None => {}
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        for patterns in self.exclude.iter().chain([&self.global]) {
            match patterns.matched(path, is_dir) {
                Match::None => {}
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        false
    }

    /// What could not be read. Its patterns do not count: looking at too much is better than too little.
    pub(super) fn problems(&self) -> Vec<String> {
        std::mem::take(&mut *self.problems.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn patterns_in(&self, folder: &Path) -> Patterns {
        let lock = || self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(folder.as_os_str()) {
            return Arc::clone(known);
        }
        // The walk comes from above, so that what is above is known already.
        let above = match folder.parent() {
            Some(above) if folder != self.top => self.patterns_in(above),
            _ => Arc::default(),
        };
        let own = read(folder, &folder.join(".gitignore"), &self.problems);
        let patterns = match own {
            Some(own) => std::iter::once(Arc::new(own))
                .chain(above.iter().cloned())
                .collect(),
            None => above,
        };
        lock().insert(folder.as_os_str().to_owned(), Arc::clone(&patterns));
        patterns
    }
}

/// Reads patterns that count below `root`. Git does not follow a link in the place of the file.
fn read(root: &Path, path: &Path, problems: &Mutex<Vec<String>>) -> Option<Gitignore> {
    let tell = |what: String| {
        let mut problems = problems.lock().unwrap_or_else(PoisonError::into_inner);
        problems.push(what);
    };
    let meta = path.symlink_metadata().ok()?;
    if !meta.is_file() {
        tell(format!("{} is no regular file", path.display()));
        return None;
    }
    let text = match files::read(path, files::CONFIG_MAX) {
        Ok(text) => text?,
        Err(error) => {
            tell(error.to_string());
            return None;
        }
    };
    let mut builder = GitignoreBuilder::new(root);
    let text = String::from_utf8_lossy(&text);
    for line in text.trim_start_matches('\u{feff}').lines() {
        // A pattern that means nothing to the library means nothing to Git either.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|patterns| !patterns.is_empty())
}
