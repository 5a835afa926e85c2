//! `secrets encrypt`: seals files.

use std::path::Path;

use secrets::fsio::Content;
use secrets::sops::config::{FILE_NAME, OTHER_NAME};
use secrets::sops::file::{Update, format_of, metadata_of, update_sealed};
use secrets::sops::selector::Selector;
use secrets::sops::top_up::plain_paths;
use secrets::{Error, Kind};
use zeroize::Zeroizing;

use super::files::{self, Change, FileArgs, Report, Verb, Work};
use super::sealing::{Sealing, SealingArgs};
use super::{Errors, Exit};
use crate::context::Context;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    sealing: SealingArgs,
}

/// Runs the command.
///
/// # Errors
/// See [`files::run`] and [`SealingArgs::read`].
pub(crate) fn run(args: Args, context: &Context) -> Result<Exit, Errors> {
    let encrypt = Encrypt {
        sealing: args.sealing.read(context)?,
        check: args.files.check,
        context,
    };
    let result = files::run(&args.files, &encrypt, context);
    encrypt.sealing.report_warnings(context);
    result
}

struct Encrypt<'c> {
    sealing: Sealing,
    check: bool,
    context: &'c Context,
}

impl Work for Encrypt<'_> {
    const VERB: Verb = Verb {
        done: "sealed",
        already: "sealed already",
        nothing: "no creation rule is for a file in there",
        old: "the plaintext",
    };

    /// What a creation rule is for; a rule without `path_regex` is not meant for the configuration.
    fn wants(&self, path: &Path) -> Result<bool, Errors> {
        let name = path.file_name().unwrap_or_default();
        if name == FILE_NAME || name == OTHER_NAME {
            return Ok(false);
        }
        self.sealing.is_ruled(path)
    }

    fn change(&self, path: &Path, text: &[u8], _named: bool) -> Result<Change, Errors> {
        let format = format_of(path)?;
        let Some(metadata) = metadata_of(text, format)? else {
            let policy = self.sealing.policy_for(path)?;
            let sealed = self.sealing.seal(text, format, &policy)?;
            let mut report = Report {
                values: sealed.leaves,
                ..Report::default()
            };
            if !sealed.expanded.is_empty() {
                let paths = sealed.expanded.join("`, `");
                report.notes.push(format!(
                    "aliases were written out, since their values are encrypted: `{paths}`"
                ));
            }
            if sealed.leaves == 0 {
                report
                    .warnings
                    .push(Error::new(Kind::Input, "nothing in this file is encrypted"));
            }
            return Ok(Change::New(Zeroizing::new(sealed.bytes), report));
        };
        if self.check {
            let selector = Selector::from_parts(metadata.selector_parts())?;
            let paths = plain_paths(text, format, &selector)?;
            return Ok(match paths.len() {
                0 => Change::Same,
                values => Change::Pending(Report {
                    values,
                    notes: vec![added(&paths)],
                    warnings: Vec::new(),
                }),
            });
        }
        let identities = || Ok(self.context.identities());
        match update_sealed(text, format, &metadata, identities, self.context.now())? {
            Update::Untouched => Ok(Change::Same),
            Update::ToppedUp(bytes, paths) => {
                let report = Report {
                    values: paths.len(),
                    notes: vec![added(&paths)],
                    warnings: Vec::new(),
                };
                Ok(Change::New(Zeroizing::new(bytes), report))
            }
        }
    }

    fn content(bytes: &[u8]) -> Content<'_> {
        Content::Sealed(bytes)
    }
}

fn added(paths: &[String]) -> String {
    format!("values were added in plaintext at `{}`", paths.join("`, `"))
}
