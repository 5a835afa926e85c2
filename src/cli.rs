//! The command line: names, help and value parsers. Each command's arguments stand in its file.

use clap::{Parser, Subcommand};

use crate::commands;

/// Keeps a GitOps team's secrets sealed
///
/// Reads and writes SOPS files: only the values that a creation rule of `.sops.yaml` selects become
/// ciphertext, every other byte of a file stays as it is. `sops` and Flux read what it writes.
#[derive(Debug, Parser)]
#[command(
    name = "secrets",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// Say nothing but errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Seal files: encrypt what the creation rules select
    Encrypt(commands::encrypt::Args),
    /// Open sealed files
    Decrypt(commands::decrypt::Args),
    /// Explain and list the creation rules of .sops.yaml
    #[command(subcommand)]
    Rules(commands::rules::Command),
    /// Create a sealed docker-registry Secret
    NewRegistry(commands::new_registry::Args),
    /// Create a sealed Opaque Secret from literals, files or an env file
    NewGeneric(commands::new_generic::Args),
    /// Create a sealed TLS Secret
    NewTls(commands::new_tls::Args),
    /// Create a sealed Secret with a user name and a password
    NewBasicAuth(commands::new_basic_auth::Args),
    /// Create a sealed Secret with an SSH key
    NewSshAuth(commands::new_ssh_auth::Args),
    /// Create the Secret that holds Flux' age identities
    NewAgeKey(commands::new_age_key::Args),
    /// Build the runbook's two repositories and do its main job, with a key made for it
    Demo(commands::demo::Args),
}
