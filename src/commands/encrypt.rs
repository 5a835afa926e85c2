//! `secrets encrypt`: seals files.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use secrets::fsio::Content;
use secrets::secret::SecretBuffer;
use secrets::sops::file::{Update, format_of, metadata_of, update_sealed};
use secrets::sops::metadata::Metadata;
use secrets::sops::reseal::{Previous, Reuse};
use secrets::sops::seal::Sealed;
use secrets::sops::selector::Selector;
use secrets::sops::top_up::plain_paths;
use secrets::{Error, Format, Kind};

use super::encrypt_staged::{self, Staged};
use super::files::{self, Change, FileArgs, Report, Verb, Work, plural};
use super::git_process::Git;
use super::sealing::{Sealing, SealingArgs};
use super::versions::Versions;
use super::{Errors, Exit};
use crate::context::Context;

/// How many key paths a note names before it counts.
const SHOWN_PATHS: usize = 20;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    files: FileArgs,
    /// Seal what is staged: blobs in the index that a rule covers and that hold plaintext
    ///
    /// The rules are those of the staged .sops.yaml. A file of the working tree that is as it was staged is sealed
    /// as well; one that was changed since is left alone, whatever it holds. PATH limits it, as for other
    /// Git commands; one that stands for nothing is an error. Under the framework pre-commit (variable PRE_COMMIT) it only checks: unstaged changes that are set aside
    /// do not fit to sealed files. The plain blob stays in the object store of this clone until `git gc` drops it; it is not
    /// pushed.
    #[arg(long, conflicts_with_all = ["in_place", "output", "filename"])]
    staged: bool,
    /// Seal with a new data key, also if there is a sealed version of the file in Git
    ///
    /// Otherwise the sealed version in the index or in the last commit gives the data key, its stanzas and the
    /// ciphertext of each value that did not change, so that a review shows what did. That takes an identity that
    /// opens it without a question: no passphrase is asked for and no command is run for that. Use this
    /// when somebody knows the data key who must not read the new values.
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    sealing: SealingArgs,
}

/// Runs the command.
///
/// # Errors
/// See [`files::run`] and [`SealingArgs::read`].
pub(crate) fn run(args: Args, context: &Context) -> Result<Exit, Errors> {
    let sealing = args.sealing.read(context)?;
    if args.staged {
        let git = Git::new(context.working_directory());
        let staged = Staged {
            git: &git,
            paths: &args.files.paths,
            check: args.files.check,
            dry_run: args.files.dry_run,
            fresh: args.fresh,
        };
        return encrypt_staged::run(&staged, sealing, context);
    }
    let writes = args.files.in_place && !args.files.check && !args.files.dry_run;
    let encrypt = Encrypt {
        sealing,
        check: args.files.check,
        met_sealed: AtomicBool::new(false),
        versions: (writes && !args.fresh).then(|| Versions::new(context)),
        context,
    };
    let result = files::run(&args.files, &encrypt, context);
    encrypt.sealing.report_warnings(context);
    if encrypt.sealing.is_overridden() && encrypt.met_sealed.load(Ordering::Relaxed) {
        let text = "files that are sealed already keep their recipients and settings";
        context.ui().note(text);
    }
    result
}

struct Encrypt<'c> {
    sealing: Sealing,
    check: bool,
    /// A file was sealed already.
    met_sealed: AtomicBool,
    /// Where earlier versions are, if they are of use.
    versions: Option<Versions<'c>>,
    context: &'c Context,
}

impl Work for Encrypt<'_> {
    const VERB: Verb = Verb {
        done: "sealed",
        already: "sealed already",
        old: "the plaintext",
    };

    /// What a creation rule is for; a rule without `path_regex` is not meant for the configuration.
    fn wants(&self, path: &Path) -> Result<bool, Errors> {
        if self.sealing.is_configuration(path)? {
            return Ok(false);
        }
        self.sealing.is_ruled(path)
    }

    fn change(&self, path: &Path, text: &[u8], _named: bool) -> Result<Change, Errors> {
        // A pattern finds it as well, and a rule without `path_regex` is for it.
        if self.sealing.is_configuration(path)? {
            let error = Error::new(Kind::Input, "the configuration itself is not encrypted");
            return Err(error
                .because("nothing could read the creation rules any more")
                .hint("leave it out")
                .into());
        }
        let format = format_of(path)?;
        let Some(metadata) = metadata_of(text, format)? else {
            let policy = self.sealing.policy_for(path)?;
            let version = self.versions.as_ref().and_then(|v| v.of(path, format));
            let previous = version.as_ref().map(|version| Previous {
                text: &version.text,
                identities: &version.identities,
            });
            let sealing = &self.sealing;
            let (sealed, reuse) = sealing.seal_again(text, format, &policy, previous.as_ref())?;
            let mut report = report_of(&sealed, reuse);
            if sealed.leaves == 0 {
                report
                    .warnings
                    .push(Error::new(Kind::Input, "nothing in this file is encrypted"));
            }
            return Ok(Change::New(SecretBuffer::from(sealed.bytes), report));
        };
        self.met_sealed.store(true, Ordering::Relaxed);
        Ok(update(text, format, &metadata, self.check, self.context)?)
    }

    /// Whoever encrypts a folder, or checks it, relies on rules that find something there.
    fn nothing(&self) -> Result<&'static str, Error> {
        Err(
            Error::new(Kind::Config, "no creation rule is for any of these files")
                .because(
                    "what is encrypted in a folder is decided by the creation rules of .sops.yaml",
                )
                .hint("`secrets rules list` shows which files each rule covers")
                .hint("name the files themselves to encrypt them with `--age`"),
        )
    }

    fn content(bytes: &[u8]) -> Content<'_> {
        Content::Sealed(bytes)
    }
}

/// What there is to say about a plain text that was sealed.
pub(super) fn report_of(sealed: &Sealed, reuse: Reuse) -> Report {
    let mut report = Report {
        values: sealed.leaves,
        kept: match reuse {
            Reuse::Unchanged => sealed.leaves,
            Reuse::Kept { values } => values,
            Reuse::Nothing(_) => 0,
        },
        ..Report::default()
    };
    if !sealed.expanded.is_empty() {
        let paths = sealed.expanded.join("`, `");
        report.notes.push(format!(
            "aliases were written out, since their values are encrypted: `{paths}`"
        ));
    }
    let of_git = match reuse {
        Reuse::Unchanged => {
            Some("nothing changed: it is the sealed version in Git again".to_owned())
        }
        Reuse::Kept { values: 0 } => None,
        Reuse::Kept { values } => {
            let values = plural(
                values,
                "value is as it was and keeps its ciphertext",
                "values are as they were and keep their ciphertext",
            );
            Some(values)
        }
        Reuse::Nothing(why) => why
            .reason()
            .map(|reason| format!("sealed with a new data key: {reason}")),
    };
    report.notes.extend(of_git);
    report
}

/// Seals what was added in plaintext to a sealed text.
///
/// # Errors
/// See [`update_sealed`].
pub(super) fn update(
    text: &[u8],
    format: Format,
    metadata: &Metadata,
    check: bool,
    context: &Context,
) -> Result<Change, Error> {
    if check {
        let selector = Selector::from_parts(metadata.selector_parts())?;
        let paths = plain_paths(text, format, &selector)?;
        return Ok(match paths.len() {
            0 => Change::Same,
            values => Change::Pending(Report {
                values,
                notes: vec![added(&paths)],
                ..Report::default()
            }),
        });
    }
    let identities = || Ok(context.identities());
    match update_sealed(text, format, metadata, identities, context.now())? {
        Update::Untouched => Ok(Change::Same),
        Update::ToppedUp(file, paths) => {
            let report = Report {
                values: paths.len(),
                notes: vec![added(&paths)],
                warnings: file.edited.then(edited).into_iter().collect(),
                ..Report::default()
            };
            Ok(Change::New(SecretBuffer::from(file.bytes), report))
        }
    }
}

/// What to look at when the MAC did not hold before values were added.
fn edited() -> Error {
    Error::new(
        Kind::Input,
        "more was changed in this sealed file than the values that were added",
    )
    .because("its MAC did not match: a value in clear was edited, or a sealed one removed, and the new MAC covers what stands there now")
    .hint("compare with version control before you commit")
}

fn added(paths: &[String]) -> String {
    let shown = paths.get(..SHOWN_PATHS).unwrap_or(paths);
    let more = match paths.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = shown.join("`, `");
    format!("values were added in plaintext at `{shown}`{more}")
}
