//! `secrets rules`: what the creation rules of `.sops.yaml` decide, and why.

use secrets::{Error, Kind};

use super::{Errors, Exit};
use crate::context::Context;

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Tell which rule a path gets and why
    Explain,
    /// Tell which files each rule covers
    List,
}

/// Runs a command.
///
/// # Errors
/// Always, so far.
pub(crate) fn run(_command: Command, _context: &Context) -> Result<Exit, Errors> {
    Err(Error::new(Kind::Usage, "`rules` is not there yet").into())
}
