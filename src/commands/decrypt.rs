//! `secrets decrypt`: opens sealed files.

use std::path::Path;

use memchr::memmem;
use secrets::fsio::Content;
use secrets::sops::file::{format_of, metadata_of, open_sealed};
use secrets::sops::open::Checks;
use secrets::{Error, Format, Kind};

use super::files::{self, Change, FileArgs, Report, Verb, Work};
use super::{Errors, Exit};
use crate::context::Context;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    files: FileArgs,
    /// Open files whose MAC does not match
    #[arg(long)]
    ignore_mac: bool,
}

/// Runs the command.
///
/// # Errors
/// See [`files::run`].
pub(crate) fn run(args: Args, context: &Context) -> Result<Exit, Errors> {
    let decrypt = Decrypt {
        checks: Checks {
            ignore_mac: args.ignore_mac,
        },
        context,
    };
    files::run(&args.files, &decrypt, context)
}

struct Decrypt<'c> {
    checks: Checks,
    context: &'c Context,
}

impl Work for Decrypt<'_> {
    const VERB: Verb = Verb {
        done: "opened",
        already: "not sealed",
        old: "the sealed content",
    };

    fn wants(&self, _path: &Path) -> Result<bool, Errors> {
        Ok(true)
    }

    fn change(&self, path: &Path, text: &[u8], named: bool) -> Result<Change, Errors> {
        let format = match format_of(path) {
            Ok(format) => format,
            Err(error) if named || is_sealed_elsehow(text) => return Err(error.into()),
            Err(_) => return Ok(Change::NotConcerned),
        };
        if !named && !is_sealed(text, format)? {
            return Ok(Change::NotConcerned);
        }
        let opened = open_sealed(text, format, &self.context.identities(), self.checks)?;
        let mut report = Report {
            values: opened.leaves,
            ..Report::default()
        };
        if let Some(warning) = clear_comments(&opened.clear_comments) {
            report.warnings.push(warning);
        }
        Ok(Change::New(opened.bytes, report))
    }

    fn nothing(&self) -> Result<&'static str, Error> {
        Ok("none of these files is sealed")
    }

    fn content(bytes: &[u8]) -> Content<'_> {
        Content::Plain(bytes)
    }
}

/// Whether a file of a folder is sealed. One that cannot be read and holds no ciphertext (a template,
/// say) is not.
fn is_sealed(text: &[u8], format: Format) -> Result<bool, Error> {
    match metadata_of(text, format) {
        Ok(metadata) => Ok(metadata.is_some()),
        Err(error) if memmem::find(text, b"ENC[").is_some() => Err(error),
        Err(_) => Ok(false),
    }
}

/// Whether a text looks sealed in a format that is not supported: dotenv, INI, or JSON around an opaque value.
fn is_sealed_elsehow(text: &[u8]) -> bool {
    let has = |what: &[u8]| memmem::find(text, what).is_some();
    has(b"ENC[AES256_GCM,")
        && (has(b"sops_mac=")
            || has(b"\n[sops]")
            || metadata_of(text, Format::Json).is_ok_and(|m| m.is_some()))
}

fn clear_comments(lines: &[usize]) -> Option<Error> {
    let lines: Vec<String> = match lines {
        [] => return None,
        lines => lines.iter().map(usize::to_string).collect(),
    };
    let error = Error::new(
        Kind::Input,
        "comments stand in plaintext where this file's comments are encrypted",
    );
    Some(error.because(format!("in line {}", lines.join(", "))))
}
