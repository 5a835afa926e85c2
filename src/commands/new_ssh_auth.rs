//! `secrets new-ssh-auth`: an SSH key.

use std::path::{Path, PathBuf};

use secrets::kubernetes::ssh_auth::{self, SshKey, SshLayout};
use secrets::{Error, Kind};

use super::inputs::{Inputs, PasswordArgs};
use super::new_secret::{NewArgs, Plan};
use super::{Errors, Exit};
use crate::context::Context;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the Secret
    name: String,
    /// Private key (- is standard input)
    #[arg(long, value_name = "FILE")]
    ssh_privatekey: PathBuf,
    /// Public key; taken from an OpenSSH private key if not given
    #[arg(long, value_name = "FILE")]
    ssh_publickey: Option<PathBuf>,
    /// Keys of the hosts to connect to, as `ssh-keyscan` prints them; Flux needs them
    #[arg(long, value_name = "FILE")]
    known_hosts: Option<PathBuf>,
    /// Whose keys the Secret has
    #[arg(long, value_enum, default_value_t = Layout::Flux)]
    layout: Layout,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    new: NewArgs,
}

/// Who reads the Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Layout {
    /// Flux' Git sources: identity, identity.pub, known_hosts, password
    Flux,
    /// Kubernetes' type ssh-auth: ssh-privatekey, ssh-publickey
    Kubernetes,
}

/// Runs the command.
///
/// # Errors
/// See [`Plan::new`], [`Plan::finish`] and [`ssh_auth::secret`].
pub(crate) fn run(args: Args, context: &Context) -> Result<Exit, Errors> {
    let plan = Plan::new(&args.name, &args.new, context)?;
    let inputs = Inputs::new(context);
    let text = |path: &Path| {
        let bytes = inputs.file(path)?;
        bytes.expose_text().map(str::to_owned).ok_or_else(|| {
            Error::new(Kind::Input, "the file is not text")
                .in_file(path.to_string_lossy())
                .hint("check that this is the file you mean")
        })
    };
    let key = SshKey {
        private_key: inputs.file(&args.ssh_privatekey)?,
        public_key: args.ssh_publickey.as_deref().map(text).transpose()?,
        known_hosts: args.known_hosts.as_deref().map(text).transpose()?,
        password: match args.password.source() {
            Some(source) => {
                Some(inputs.password(&source, "the passphrase of the key", "--password")?)
            }
            None => None,
        },
    };
    let layout = match args.layout {
        Layout::Flux => SshLayout::Flux,
        Layout::Kubernetes => SshLayout::Kubernetes,
    };
    plan.finish(ssh_auth::secret(
        &args.name,
        args.new.namespace.as_deref(),
        layout,
        key,
    )?)
}
