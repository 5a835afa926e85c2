//! `secrets git`: the hook that audits a commit before it is made.

mod hook;
mod hooks_folder;
pub(crate) mod install_hook;
pub(crate) mod uninstall_hook;

use super::{Errors, Exit};
use crate::context::Context;

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Write a pre-commit hook that audits what is staged
    ///
    /// The hook runs `secrets audit --staged` before each commit and stops the commit if there are
    /// findings, or if something could not be checked. A hook that is there already stays and runs
    /// first. Git says where hooks are: core.hooksPath and linked worktrees count.
    InstallHook(install_hook::Args),
    /// Remove the pre-commit hook, and put back the one that was there before
    UninstallHook(uninstall_hook::Args),
}

/// Runs a command.
///
/// # Errors
/// See [`install_hook::run`] and [`uninstall_hook::run`].
pub(crate) fn run(command: Command, context: &Context) -> Result<Exit, Errors> {
    match command {
        Command::InstallHook(args) => install_hook::run(&args, context),
        Command::UninstallHook(args) => uninstall_hook::run(&args, context),
    }
}
