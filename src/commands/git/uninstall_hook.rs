//! `secrets git uninstall-hook`: removes the hook, and puts back the one that was there before.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use secrets::{Error, Kind, fsio};

use super::hook::{self, State};
use super::hooks_folder::{HooksFolder, named};
use crate::commands::{Errors, Exit};
use crate::context::Context;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository [default: the one of the working directory]
    #[arg(value_name = "REPO")]
    repository: Option<OsString>,

    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,

    /// Also remove it from a folder of hooks that other repositories share
    #[arg(long)]
    global_hooks: bool,

    /// Remove a hook of ours that somebody changed
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// See [`HooksFolder::of`]; [`Kind::Usage`] if our hook was changed by hand; [`Kind::Io`] if something
/// cannot be read or written.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Errors> {
    let folder = named(args.repository.as_deref(), context.working_directory());
    let hooks = HooksFolder::of(&folder, args.global_hooks)?;
    let (path, saved) = (hooks.pre_commit(), hooks.saved());
    let mut found = false;
    for path in [path, hooks.legacy()] {
        match State::of(&path)? {
            State::Absent | State::Foreign => continue,
            State::Changed if !args.force => {
                return Err(
                    Error::new(Kind::Usage, "the hook was changed since it was written")
                        .in_file(path.to_string_lossy())
                        .hint("give `--force` to remove it all the same")
                        .into(),
                );
            }
            State::Changed | State::Ours => {}
        }
        found = true;
        let shown = path.to_string_lossy().into_owned();
        let restores = fs::symlink_metadata(&saved).is_ok();
        let what = if restores {
            "the hook that was there before is put back"
        } else {
            "the hook is removed"
        };
        if !args.dry_run {
            take_out(&path, &saved, &hooks)?;
        }
        context.ui().note(&format!("{what}: {shown}"));
    }
    if !found {
        context.ui().note("there is no hook of ours here");
        if fs::symlink_metadata(&saved).is_ok() {
            context.ui().warning(&format!(
                "a hook that was kept when ours was installed is still there: {}",
                saved.to_string_lossy()
            ));
        }
    } else if args.dry_run {
        context.ui().note("nothing was done");
    }
    Ok(Exit::Done)
}

/// Removes our hook. The framework runs what it found when it was installed; if that is our hook, and
/// the one that we found is the framework's, neither is needed.
fn take_out(path: &Path, saved: &Path, hooks: &HooksFolder) -> Result<(), Error> {
    if fs::symlink_metadata(saved).is_err() {
        return fsio::remove(path);
    }
    if path == hooks.legacy() && hook::is_of_framework(saved) {
        fsio::remove(saved)?;
        return fsio::remove(path);
    }
    fsio::rename(saved, path)
}
