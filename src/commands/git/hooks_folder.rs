//! Where Git looks for the hooks of a repository.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use secrets::{Error, Kind, Result};

/// The folder of the hooks.
#[derive(Debug)]
pub(crate) struct HooksFolder {
    /// The folder; it need not exist.
    pub(crate) path: PathBuf,
    /// It is part of the work tree, so what is in it is meant to be committed.
    pub(crate) is_tracked: bool,
}

impl HooksFolder {
    /// Asks Git for the hooks of the repository that a folder is in. All worktrees of a repository
    /// have the same hooks, unless `core.hooksPath` is relative.
    ///
    /// # Errors
    /// [`Kind::Usage`] if there is no repository or no work tree, if hooks are switched off, are
    /// another program's, or are shared with other repositories and `shared` does not allow that;
    /// [`Kind::Io`] if Git cannot be run.
    pub(crate) fn of(folder: &Path, shared: bool) -> Result<Self> {
        // A relative path is relative to the top, where Git runs hooks.
        let top = PathBuf::from(ask(folder, "--show-toplevel", &[])?);
        let path = ask(&top, "--git-path", &["hooks"])?;
        let common = ask(&top, "--git-common-dir", &[])?;
        let (path, common) = (top.join(path), top.join(common));
        let shown = path.to_string_lossy().into_owned();
        if path.exists() && !path.is_dir() {
            let error = Error::new(Kind::Usage, "hooks are switched off in this repository");
            return Err(error
                .in_file(shown)
                .because("core.hooksPath names no folder")
                .hint("remove the setting: `git config --unset core.hooksPath`"));
        }
        if path.ends_with(".husky/_") {
            let error = Error::new(Kind::Usage, "the hooks of this repository are husky's");
            return Err(error
                .in_file(shown)
                .because("husky writes them anew whenever it is installed")
                .hint("add the line `secrets audit --staged` to .husky/pre-commit"));
        }
        let (real, real_top) = (real(&path), real(&top));
        let in_git = real.starts_with(self::real(&common));
        let is_tracked = !in_git && real.starts_with(&real_top);
        if !in_git && !is_tracked && !shared {
            let error = Error::new(Kind::Usage, "the hooks of this repository are shared");
            return Err(error
                .in_file(shown)
                .because("core.hooksPath leads out of the repository, so others may use them as well")
                .hint("give `--global-hooks` if the hook is to run in all of them")
                .hint("or give this repository its own: `git config --local core.hooksPath .git/hooks`"));
        }
        Ok(HooksFolder { path, is_tracked })
    }

    /// The hook that runs before a commit.
    pub(crate) fn pre_commit(&self) -> PathBuf {
        self.path.join("pre-commit")
    }

    /// Where a hook that was there before is kept.
    pub(crate) fn saved(&self) -> PathBuf {
        self.path.join(super::hook::SAVED)
    }

    /// Where the pre-commit framework keeps a hook that was there before its own.
    pub(crate) fn legacy(&self) -> PathBuf {
        self.path.join("pre-commit.legacy")
    }
}

/// Where a path leads, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    for existing in path.ancestors() {
        if let Ok(mut real) = existing.canonicalize() {
            real.extend(rest.iter().rev());
            return real;
        }
        rest.extend(existing.file_name());
    }
    path.to_owned()
}

/// What Git says about a repository, in one line.
fn ask(folder: &Path, question: &str, more: &[&str]) -> Result<OsString> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["rev-parse", question])
        .args(more)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Error::new(Kind::Io, "cannot run `git`")
                .because(error.to_string())
                .hint("install Git, or add it to PATH")
        })?;
    let mut line = output.stdout;
    while line
        .last()
        .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
    {
        line.pop();
    }
    if output.status.success() && !line.is_empty() {
        return Ok(text(line));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().find_map(|line| line.strip_prefix("fatal: "));
    Err(Error::new(Kind::Usage, "there is no work tree of Git here")
        .in_file(folder.to_string_lossy())
        .because(said.unwrap_or("Git does not know it").to_owned())
        .hint("run the command in a clone, or name one"))
}

#[cfg(unix)]
fn text(bytes: Vec<u8>) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes)
}

#[cfg(not(unix))]
fn text(bytes: Vec<u8>) -> OsString {
    OsString::from(String::from_utf8_lossy(&bytes).into_owned())
}

/// The repository that a command is about: as named, or the working directory.
pub(crate) fn named(argument: Option<&OsStr>, working_directory: &Path) -> PathBuf {
    working_directory.join(argument.unwrap_or_default())
}
