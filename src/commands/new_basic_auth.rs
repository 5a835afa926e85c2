//! `secrets new-basic-auth`: a user name and a password.

use secrets::kubernetes::credentials::basic_auth;
use secrets::secret::SecretBytes;

use super::inputs::{Inputs, Password, PasswordArgs};
use super::new_secret::{NewArgs, Plan};
use super::{Errors, Exit};
use crate::context::Context;

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without a password flag the password is asked for, without echo. Flux reads such a Secret for Git \
and Helm repositories over HTTPS.")]
pub(crate) struct Args {
    /// Name of the Secret
    name: String,
    /// User name
    #[arg(long, value_name = "USER")]
    username: String,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    new: NewArgs,
}

/// Runs the command.
///
/// # Errors
/// See [`Plan::new`], [`Plan::finish`] and [`basic_auth`].
pub(crate) fn run(args: Args, context: &Context) -> Result<Exit, Errors> {
    let plan = Plan::new(&args.name, &args.new, context)?;
    let password = match args.password.source().unwrap_or_default() {
        Password::Ask if args.new.dry_run => SecretBytes::copy_of(b"not asked"),
        source => {
            let what = format!("the password of {}", args.username);
            Inputs::new(context).password(&source, &what, "--password")?
        }
    };
    plan.finish(basic_auth(
        &args.name,
        args.new.namespace.as_deref(),
        &args.username,
        password,
    )?)
}
