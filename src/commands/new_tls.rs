//! `secrets new-tls`: a certificate with its private key.

use std::path::PathBuf;

use secrets::kubernetes::key_pair;

use super::inputs::Inputs;
use super::new_secret::{NewArgs, Plan};
use super::{Errors, Exit};
use crate::context::Context;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the Secret
    name: String,
    /// Certificate in PEM, the server's own first, then the intermediate ones (- is standard input)
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// Private key in PEM, without passphrase (- is standard input)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    new: NewArgs,
}

/// Runs the command.
///
/// # Errors
/// See [`Plan::new`], [`Plan::finish`] and [`key_pair::secret`].
pub(crate) fn run(args: Args, context: &Context) -> Result<Exit, Errors> {
    let plan = Plan::new(&args.name, &args.new, context)?;
    let inputs = Inputs::new(context);
    let (certificates, key) = (inputs.file(&args.cert)?, inputs.file(&args.key)?);
    let namespace = args.new.namespace.as_deref();
    plan.finish(key_pair::secret(
        &args.name,
        namespace,
        certificates.expose(),
        key,
    )?)
}
