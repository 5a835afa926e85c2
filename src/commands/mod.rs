//! One file per verb: its arguments, and how they become calls into the library.
//!
//! Data goes to standard output, words to standard error, both through [`crate::ui`].

pub(crate) mod audit;
pub(crate) mod decrypt;
pub(crate) mod demo;
pub(crate) mod encrypt;
mod encrypt_staged;
mod files;
pub(crate) mod git;
mod git_process;
mod inputs;
pub(crate) mod new_age_key;
pub(crate) mod new_basic_auth;
pub(crate) mod new_generic;
pub(crate) mod new_registry;
mod new_secret;
pub(crate) mod new_ssh_auth;
pub(crate) mod new_tls;
pub(crate) mod rules;
pub(crate) mod sealing;
mod versions;

use std::path::Path;
use std::sync::Arc;

use secrets::{Error, Kind};

use crate::cli::Command;
use crate::context::Context;

/// Runs a command.
///
/// # Errors
/// What stopped it. Errors that did not stop it are reported on the way and are in the exit.
pub(crate) fn run(command: Command, context: &Context) -> Result<Exit, Errors> {
    match command {
        Command::Encrypt(args) => encrypt::run(args.0, context),
        Command::Decrypt(args) => decrypt::run(args.0, context),
        Command::Audit(args) => audit::run(args.0, context),
        Command::Rules(command) => rules::run(command, context),
        Command::Git(command) => git::run(command, context),
        Command::NewRegistry(args) => new_registry::run(args.0, context),
        Command::NewGeneric(args) => new_generic::run(args.0, context),
        Command::NewTls(args) => new_tls::run(args.0, context),
        Command::NewBasicAuth(args) => new_basic_auth::run(args.0, context),
        Command::NewSshAuth(args) => new_ssh_auth::run(args.0, context),
        Command::NewAgeKey(args) => new_age_key::run(args.0, context),
        Command::Demo(args) => demo::run(args.0, context),
    }
}

/// How a command ended. Of several ends the one that comes later here decides: the input has to be
/// mended before an incomplete answer is worth a look, and that before the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Everything was done.
    Done,
    /// The answer is "no", or there are findings.
    No,
    /// Something could not be checked.
    Incomplete,
    /// A usage, configuration or input error.
    Failed,
}

impl Exit {
    /// The end for a kind of error.
    pub(crate) fn of(kind: Kind) -> Self {
        match kind.exit_code() {
            1 => Exit::No,
            3 => Exit::Incomplete,
            _ => Exit::Failed,
        }
    }

    /// The end of two pieces of work.
    #[must_use]
    pub(crate) fn and(self, other: Exit) -> Self {
        self.max(other)
    }

    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Failed => 2,
            Exit::Incomplete => 3,
        }
    }
}

/// One or more errors that stopped something. A configuration can have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Errors(Vec<Error>);

impl Errors {
    /// The errors in their order.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Error> {
        self.0.iter()
    }

    /// Names the file in errors that name none.
    #[must_use]
    pub(crate) fn in_file(self, file: &Path) -> Self {
        let name = file.to_string_lossy();
        let named = self.0.into_iter().map(|error| error.in_file(&*name));
        Errors(named.collect())
    }
}

impl From<Error> for Errors {
    fn from(error: Error) -> Self {
        Errors(vec![error])
    }
}

impl From<Vec<Error>> for Errors {
    fn from(errors: Vec<Error>) -> Self {
        Errors(errors)
    }
}

impl From<Arc<[Error]>> for Errors {
    fn from(errors: Arc<[Error]>) -> Self {
        Errors(errors.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_decide_over_incomplete_work_and_that_over_answers() {
        let order = [Exit::Done, Exit::No, Exit::Incomplete, Exit::Failed];
        for (index, first) in order.iter().enumerate() {
            for second in order.iter().skip(index) {
                assert_eq!(first.and(*second), *second);
                assert_eq!(second.and(*first), *second);
            }
        }
        assert_eq!(order.map(Exit::code), [0, 1, 3, 2]);
        assert_eq!(Exit::of(Kind::Answer), Exit::No);
        assert_eq!(Exit::of(Kind::Incomplete), Exit::Incomplete);
        assert_eq!(Exit::of(Kind::Io), Exit::Failed);
    }
}
