//! Secret values from standard input, files, variables and the terminal.

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use secrets::fsio;
use secrets::kubernetes::names::MAX_SECRET_SIZE;
use secrets::secret::SecretBytes;
use secrets::{Error, Kind};

use crate::context::Context;

/// Where a password comes from.
#[derive(Debug, Default)]
pub(crate) enum Password {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
    /// The environment variable of this name.
    Variable(String),
    /// The command line, where others can read it.
    Argument(SecretBytes),
    /// The terminal.
    #[default]
    Ask,
}

/// The flags of a command with one password.
#[derive(Debug, Default, clap::Args)]
#[group(id = "password_source", multiple = false)]
pub(crate) struct PasswordArgs {
    /// Read the password from standard input; one line break at its end is dropped
    #[arg(long)]
    password_stdin: bool,
    /// Read the password from a file; one line break at its end is dropped
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Read the password from an environment variable
    #[arg(long, value_name = "VARIABLE")]
    password_env: Option<String>,
}

impl PasswordArgs {
    /// The source that was named.
    pub(crate) fn source(&self) -> Option<Password> {
        if self.password_stdin {
            return Some(Password::Stdin);
        }
        let file = self.password_file.clone().map(Password::File);
        file.or_else(|| self.password_env.clone().map(Password::Variable))
    }
}

/// Reads secret inputs; standard input once.
pub(crate) struct Inputs<'c> {
    context: &'c Context,
    stdin_used: Cell<bool>,
}

impl<'c> Inputs<'c> {
    /// Nothing is read yet.
    pub(crate) fn new(context: &'c Context) -> Self {
        Inputs {
            context,
            stdin_used: Cell::new(false),
        }
    }

    /// A file of any kind as it is; `-` is standard input.
    ///
    /// # Errors
    /// The system refuses, there is more than a Secret can hold, or standard input is used twice.
    pub(crate) fn file(&self, path: &Path) -> Result<SecretBytes, Error> {
        if path == Path::new("-") {
            return self.stdin();
        }
        fsio::read_stream(path, MAX_SECRET_SIZE as u64).map(SecretBytes::from)
    }

    fn stdin(&self) -> Result<SecretBytes, Error> {
        if self.stdin_used.replace(true) {
            return Err(Error::new(Kind::Usage, "standard input is named twice")
                .hint("use a file for one of them"));
        }
        if std::io::stdin().is_terminal() {
            return Err(Error::new(
                Kind::Usage,
                "standard input is a terminal, which would show what is typed",
            )
            .hint("pipe the value in, or leave the flag out to be asked without echo"));
        }
        fsio::read_stdin(MAX_SECRET_SIZE as u64).map(SecretBytes::from)
    }

    /// A password. `what` names it in questions and errors ("the password for registry.example.com"), `flag` is
    /// the beginning of the names of its flags (`--docker-password`).
    ///
    /// # Errors
    /// It is empty, a variable is not set, nobody can be asked, or as [`Inputs::file`].
    pub(crate) fn password(
        &self,
        source: &Password,
        what: &str,
        flag: &str,
    ) -> Result<SecretBytes, Error> {
        let password = match source {
            Password::Stdin => without_line_break(&self.stdin()?),
            Password::File(path) => without_line_break(&self.file(path)?),
            Password::Variable(name) => variable(name, flag)?,
            Password::Argument(password) => {
                self.context.ui().warning(&format!(
                    "`{flag}` shows the password to everybody who can list processes, and leaves it in the history of the shell: prefer `{flag}-stdin`"
                ));
                password.clone()
            }
            Password::Ask => {
                let instead = format!("use `{flag}-stdin`, `{flag}-file` or `{flag}-env`");
                let mut answer = self.context.ui().passphrase(what, &instead)?;
                SecretBytes::new(std::mem::take(&mut *answer).into_bytes())
            }
        };
        if password.expose().is_empty() {
            return Err(Error::new(Kind::Input, format!("{what} is empty")).hint("give a password"));
        }
        if password.expose().contains(&b'\n') {
            self.context.ui().warning(&format!(
                "{what} has more than one line: is this the right input?"
            ));
        }
        Ok(password)
    }
}

/// Drops exactly one `\n` or `\r\n` at the end.
fn without_line_break(bytes: &SecretBytes) -> SecretBytes {
    let bytes = bytes.expose();
    let text = bytes
        .strip_suffix(b"\n")
        .map_or(bytes, |text| text.strip_suffix(b"\r").unwrap_or(text));
    SecretBytes::copy_of(text)
}

/// The name is not shown: it may be the password, given by mistake.
fn variable(name: &str, flag: &str) -> Result<SecretBytes, Error> {
    let value = if name.is_empty() || name.contains(['=', '\0']) {
        None
    } else {
        std::env::var_os(name)
    };
    let Some(value) = value else {
        return Err(Error::new(
            Kind::Usage,
            format!("the variable that `{flag}-env` names is not set"),
        )
        .hint("give the name of an environment variable, not the password, and export it"));
    };
    Ok(SecretBytes::new(value.into_encoded_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_break_goes() {
        for (given, kept) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a\r", "a\r"),
            ("\n", ""),
            (" a \n", " a "),
        ] {
            assert_eq!(
                without_line_break(&SecretBytes::copy_of(given.as_bytes())).expose(),
                kept.as_bytes()
            );
        }
    }
}
