//! `secrets git install-hook`: writes a pre-commit hook.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use secrets::fsio::{self, Content, Replacement};
use secrets::{Error, Kind};

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

    /// Let the hook seal what a creation rule covers before it looks
    #[arg(long)]
    fix: bool,

    /// Print the hook and where it would go, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Also write into a folder of hooks that other repositories share
    #[arg(long)]
    global_hooks: bool,

    /// Write over a hook of ours that somebody changed
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// See [`HooksFolder::of`]; [`Kind::Usage`] if our hook was changed by hand, or a hook is there and
/// another one was kept before; [`Kind::Io`] if something cannot be read or written.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Errors> {
    let folder = named(args.repository.as_deref(), context.working_directory());
    let hooks = HooksFolder::of(&folder, args.global_hooks)?;
    let program = std::env::current_exe().ok();
    let program = program.as_deref().and_then(Path::to_str);
    // A path of this machine is nothing to commit.
    let program = program.filter(|_| !hooks.is_tracked);
    let program = program.map(|path| {
        if cfg!(windows) {
            path.replace('\\', "/")
        } else {
            path.to_owned()
        }
    });
    let text = hook::text(program.as_deref(), args.fix);
    let (path, saved) = (hooks.pre_commit(), hooks.saved());
    if args.dry_run {
        context.ui().data(text.as_bytes())?;
        context
            .ui()
            .note(&format!("the hook would be {}", path.to_string_lossy()));
        if State::of(&path)? == State::Foreign {
            context
                .ui()
                .note("the hook that is there would stay, and run first");
        }
        return Ok(Exit::Done);
    }
    let state = State::of(&path)?;
    match state {
        State::Ours | State::Absent => {}
        State::Changed if args.force => {}
        State::Changed => {
            return Err(
                Error::new(Kind::Usage, "the hook was changed since it was written")
                    .in_file(path.to_string_lossy())
                    .hint("give `--force` to write over it")
                    .into(),
            );
        }
        State::Foreign => keep(&path, &saved)?,
    }
    if !hooks.path.exists() {
        let made = fs::create_dir_all(&hooks.path);
        made.map_err(|error| fsio::io_error("create the folder", &hooks.path, &error))?;
    }
    if state == State::Foreign {
        // Beside it first, so that there is a hook at every moment, and a link is not followed.
        let new = hooks.path.join("pre-commit.secrets-new");
        Replacement::over(&new, Content::Sealed(text.as_bytes()))
            .executable()
            .commit()?;
        fsio::rename(&new, &path)?;
        let kept = match is_executable(&saved) {
            true => "the hook that was there stays, and runs first",
            false => {
                "the hook that was there stays; it is not executable, so Git did not run it, and neither does this one"
            }
        };
        context
            .ui()
            .note(&format!("{kept}: {}", saved.to_string_lossy()));
    } else {
        let outcome = Replacement::over(&path, Content::Sealed(text.as_bytes()))
            .executable()
            .commit()?;
        if outcome == fsio::Outcome::Unchanged {
            context.ui().note(&format!(
                "the hook is installed already: {}",
                path.to_string_lossy()
            ));
            return Ok(Exit::Done);
        }
    }
    context.ui().note(&format!(
        "the hook is installed: {}",
        path.to_string_lossy()
    ));
    if hooks.is_tracked {
        context.ui().hint(
            "this folder is part of the repository: commit the hook for everybody to have it",
        );
    }
    Ok(Exit::Done)
}

/// Whether Git would run a hook.
fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    {
        path.exists()
    }
}

/// Gives a hook that is not ours its second name.
fn keep(path: &Path, saved: &Path) -> Result<(), Error> {
    if fs::symlink_metadata(saved).is_err() {
        return fsio::add_name(path, saved);
    }
    // An installation that ended before its time, or the same hook written again.
    let bytes = |path| fs::read(path).ok();
    if bytes(path).is_some() && bytes(path) == bytes(saved) {
        return Ok(());
    }
    let error = Error::new(
        Kind::Usage,
        "there is a hook that is not ours, and another was kept before",
    );
    Err(error
        .in_file(path.to_string_lossy())
        .because(format!("{} exists", saved.to_string_lossy()))
        .hint("keep the one that is needed under the name `pre-commit`, and remove the other"))
}
