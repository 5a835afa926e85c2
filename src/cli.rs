//! The command line: names, help and value parsers. Each command's arguments stand in its file.

use clap::builder::Resettable;
use clap::{ArgMatches, Args, FromArgMatches, Parser, Subcommand};

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
    Encrypt(Deferred<commands::encrypt::Args>),
    /// Open sealed files
    ///
    /// One file goes to standard output; several files, and folders, need `--in-place`. In a folder
    /// every sealed file is opened, but what Git ignores is left out. Identities come from where SOPS
    /// looks for them: SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD, SOPS_AGE_SSH_PRIVATE_KEY_FILE,
    /// SOPS_AGE_SSH_PRIVATE_KEY_CMD, and the default places for age and SSH keys. Opened files are
    /// readable by their owner only.
    Decrypt(Deferred<commands::decrypt::Args>),
    /// Look for leaks: plaintext that rules cover, credentials anywhere, in tree, index and history
    ///
    /// Looks at everything that Git tracks or would add and at the index; at what is staged with
    /// `--staged`, at every object in the store with `--history`, at what commits bring with `--range`.
    /// Each repository is judged by its own .sops.yaml files. Exits with 1 if there are findings, and
    /// with 3 if something could not be looked at. Nothing is written and nothing is run.
    Audit(Deferred<commands::audit::Args>),
    /// Explain and list the creation rules of .sops.yaml
    #[command(subcommand)]
    Rules(commands::rules::Command),
    /// Install and remove the hook that audits a commit before it is made
    #[command(subcommand)]
    Git(commands::git::Command),
    /// Create a sealed docker-registry Secret
    NewRegistry(Deferred<commands::new_registry::Args>),
    /// Create a sealed Opaque Secret from literals, files or an env file
    NewGeneric(Deferred<commands::new_generic::Args>),
    /// Create a sealed TLS Secret
    NewTls(Deferred<commands::new_tls::Args>),
    /// Create a sealed Secret with a user name and a password
    NewBasicAuth(Deferred<commands::new_basic_auth::Args>),
    /// Create a sealed Secret with an SSH key
    NewSshAuth(Deferred<commands::new_ssh_auth::Args>),
    /// Create the Secret that holds Flux' age identities
    NewAgeKey(Deferred<commands::new_age_key::Args>),
    /// Build the runbook's two repositories and do its main job, with a key made for it
    Demo(Deferred<commands::demo::Args>),
}

/// Arguments that are described to the parser only if their command is the one to run: describing all
/// of them takes a good part of the time of a small job.
#[derive(Debug)]
pub(crate) struct Deferred<T>(pub(crate) T);

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(Deferred)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: clap::Command) -> clap::Command {
        command.defer(described::<T>)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        command.defer(T::augment_args_for_update)
    }
}

/// The command with its arguments. What it is for stands at the command, not at its arguments.
fn described<T: Args>(command: clap::Command) -> clap::Command {
    let about = Resettable::from(command.get_about().cloned());
    let long_about = Resettable::from(command.get_long_about().cloned());
    T::augment_args(command).about(about).long_about(long_about)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_says_what_it_is_for() {
        let mut cli = Cli::command();
        cli.build();
        for command in cli.get_subcommands() {
            let about = command.get_about().map(ToString::to_string);
            let about = about.unwrap_or_default();
            assert!(!about.is_empty() && !about.starts_with("The "), "{about}");
        }
        cli.debug_assert();
    }
}
