//! The flags of registries, which form groups by their order.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use secrets::secret::SecretBytes;
use secrets::{Error, Kind};

use crate::commands::inputs::Password;

/// A registry as the flags describe it.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    /// `--docker-server`
    pub(crate) server: Option<String>,
    /// `--docker-username`
    pub(crate) username: Option<String>,
    /// `--docker-email`
    pub(crate) email: Option<String>,
    /// One of `--docker-password...`
    pub(crate) password: Password,
}

/// The flags in their order.
#[derive(Debug)]
pub(crate) struct RegistryFlags(Vec<(usize, Flag)>);

#[derive(Clone, Debug)]
enum Flag {
    Server(String),
    Username(String),
    Email(String),
    Argument(SecretBytes),
    Stdin,
    File(PathBuf),
    Variable(String),
}

const SERVER: &str = "docker-server";
const USERNAME: &str = "docker-username";
const EMAIL: &str = "docker-email";
const PASSWORD: &str = "docker-password";
const STDIN: &str = "docker-password-stdin";
const FILE: &str = "docker-password-file";
const VARIABLE: &str = "docker-password-env";

impl RegistryFlags {
    /// The registries. With one `--docker-server` the order of the flags does not matter.
    ///
    /// # Errors
    /// `Kind::Usage` for a flag that belongs to no server or is given twice for one.
    pub(crate) fn registries(&self) -> Result<Vec<Registry>, Error> {
        let servers = self
            .0
            .iter()
            .filter(|(_, flag)| matches!(flag, Flag::Server(_)))
            .count();
        let mut registries: Vec<Registry> = Vec::new();
        if servers <= 1 && !self.0.is_empty() {
            registries.push(Registry::default());
        }
        for (_, flag) in &self.0 {
            if servers > 1 && matches!(flag, Flag::Server(_)) {
                registries.push(Registry::default());
            }
            let Some(registry) = registries.last_mut() else {
                return Err(Error::new(Kind::Usage, "a flag stands before the first of several `--docker-server`")
                    .because("every `--docker-server` starts a registry, and the flags behind it belong to it")
                    .hint("put `--docker-server` first"));
            };
            registry.set(flag.clone())?;
        }
        Ok(registries)
    }
}

impl Registry {
    fn set(&mut self, flag: Flag) -> Result<(), Error> {
        let (name, taken) = match flag {
            Flag::Server(text) => (SERVER, self.server.replace(text).is_some()),
            Flag::Username(text) => (USERNAME, self.username.replace(text).is_some()),
            Flag::Email(text) => (EMAIL, self.email.replace(text).is_some()),
            password => {
                let source = match password {
                    Flag::Argument(text) => Password::Argument(text),
                    Flag::File(path) => Password::File(path),
                    Flag::Variable(name) => Password::Variable(name),
                    _ => Password::Stdin,
                };
                let old = std::mem::replace(&mut self.password, source);
                (PASSWORD, !matches!(old, Password::Ask))
            }
        };
        if taken {
            return Err(Error::new(
                Kind::Usage,
                format!("`--{name}` is given twice for one registry"),
            )
            .hint("keep one of them, or start another registry with `--docker-server`"));
        }
        Ok(())
    }
}

impl clap::Args for RegistryFlags {
    fn augment_args(command: Command) -> Command {
        let text = |name: &'static str, value: &'static str, help: &'static str| {
            let arg = Arg::new(name).long(name).value_name(value).help(help);
            arg.action(ArgAction::Append).help_heading("Registries")
        };
        command
            .arg(text(SERVER, "SERVER", "Registry as image names start: HOST, HOST:PORT or HOST/PATH"))
            .arg(text(USERNAME, "USER", "User name for the registry"))
            .arg(text(EMAIL, "EMAIL", "Mail address of the user"))
            .arg(text(VARIABLE, "VARIABLE", "Read the password from an environment variable"))
            .arg(
                text(FILE, "FILE", "Read the password from a file; one line break at its end is dropped")
                    .value_parser(clap::value_parser!(PathBuf)),
            )
            .arg(
                Arg::new(STDIN)
                    .long(STDIN)
                    .action(ArgAction::SetTrue)
                    .help("Read the password from standard input; one line break at its end is dropped")
                    .help_heading("Registries"),
            )
            .arg(text(PASSWORD, "PASSWORD", "Password on the command line, where others can read it (not advised)"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for RegistryFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Vec::new();
        let mut texts = |name: &str, flag: fn(String) -> Flag| {
            let values = matches.get_many::<String>(name).into_iter().flatten();
            let places = matches.indices_of(name).into_iter().flatten();
            flags.extend(
                places
                    .zip(values)
                    .map(|(at, value)| (at, flag(value.clone()))),
            );
        };
        texts(SERVER, Flag::Server);
        texts(USERNAME, Flag::Username);
        texts(EMAIL, Flag::Email);
        texts(VARIABLE, Flag::Variable);
        texts(PASSWORD, |text| {
            Flag::Argument(SecretBytes::new(text.into_bytes()))
        });
        let files = matches.get_many::<PathBuf>(FILE).into_iter().flatten();
        let places = matches.indices_of(FILE).into_iter().flatten();
        flags.extend(
            places
                .zip(files)
                .map(|(at, path)| (at, Flag::File(path.clone()))),
        );
        if matches.value_source(STDIN) == Some(ValueSource::CommandLine)
            && let Some(at) = matches.index_of(STDIN)
        {
            flags.push((at, Flag::Stdin));
        }
        flags.sort_by_key(|(at, _)| *at);
        Ok(RegistryFlags(flags))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
