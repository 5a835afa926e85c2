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
// There is one, on the way from parsing to running.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Command {
    /// Seal files: encrypt what the creation rules select
    ///
    /// One file goes to standard output; several files, and folders, need `--in-place`. In a folder the
    /// creation rules decide which files are sealed, and what Git ignores is left out. A sealed file
    /// stays as it is, unless values were added to it in plaintext: these are sealed with the data key
    /// of the file, which takes an identity that opens it.
    Encrypt(commands::encrypt::Args),
    /// Open sealed files
    ///
    /// One file goes to standard output; several files, and folders, need `--in-place`. In a folder
    /// every sealed file is opened, but what Git ignores is left out. Identities come from where SOPS
    /// looks for them: SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD, SOPS_AGE_SSH_PRIVATE_KEY_FILE,
    /// SOPS_AGE_SSH_PRIVATE_KEY_CMD, and the default places for age and SSH keys. Opened files are
    /// readable by their owner only.
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
