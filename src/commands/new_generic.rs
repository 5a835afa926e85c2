//! `secrets new-generic`

use secrets::{Error, Kind};

use super::{Errors, Exit};
use crate::context::Context;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
///
/// # Errors
/// Always, so far.
pub(crate) fn run(_args: Args, _context: &Context) -> Result<Exit, Errors> {
    Err(Error::new(Kind::Usage, "`new-generic` is not there yet").into())
}
