//! What `encrypt` and `decrypt` have in common: from path arguments to texts, and back to files.

use std::collections::HashSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use secrets::fsio::{
    self, Batch, Candidates, Content, MAX_INPUT, Outcome, Replacement, Snapshot, Why,
};
use secrets::secret::SecretBuffer;
use secrets::{Error, Kind};

use super::{Errors, Exit};
use crate::context::Context;

/// Stack of a working thread, in bytes: documents nest up to 250 levels.
const STACK: usize = 16 * 1024 * 1024;

/// How many files are in memory at once.
const CHUNK: usize = 64;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct FileArgs {
    /// Files, folders or patterns; `-` is standard input
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write the result into the file that was read
    #[arg(long, short)]
    pub(crate) in_place: bool,
    /// Write the result into this file
    #[arg(long, short, value_name = "FILE", conflicts_with = "in_place")]
    output: Option<PathBuf>,
    /// Write nothing, list the files that would change, and exit with 1 if there are any
    #[arg(long)]
    pub(crate) check: bool,
    /// Write nothing, list the files that would change
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Take the input for a file of this name, which decides on format and rule
    #[arg(long, value_name = "NAME", visible_alias = "filename-override")]
    filename: Option<PathBuf>,
}

/// What a command makes of texts.
pub(crate) trait Work: Sync {
    /// The words for what is done.
    const VERB: Verb;

    /// Whether a file found in a folder is worth reading.
    fn wants(&self, path: &Path) -> Result<bool, Errors>;

    /// What becomes of a text. `named` is false for files found in folders.
    fn change(&self, path: &Path, text: &[u8], named: bool) -> Result<Change, Errors>;

    /// What to say of folders that hold no file for the command.
    ///
    /// # Errors
    /// That is a failure.
    fn nothing(&self) -> Result<&'static str, Error>;

    /// How the result is written.
    fn content(bytes: &[u8]) -> Content<'_>;
}

/// Words for what a command does.
pub(crate) struct Verb {
    /// As in "1 file was ...".
    pub(crate) done: &'static str,
    /// For files that it leaves alone.
    pub(crate) already: &'static str,
    /// What hard links keep.
    pub(crate) old: &'static str,
}

/// What becomes of a text.
pub(crate) enum Change {
    /// The command is not for this file of a folder.
    NotConcerned,
    /// It stays as it is.
    Same,
    /// It would change; into what was not asked for.
    Pending(Report),
    /// It changes.
    New(SecretBuffer, Report),
}

/// What there is to say about a change.
#[derive(Default)]
pub(crate) struct Report {
    /// How many values it concerns.
    pub(crate) values: usize,
    /// How many of them are as in an earlier version, and keep their ciphertext.
    pub(crate) kept: usize,
    /// What happened besides.
    pub(crate) notes: Vec<String>,
    /// What the reader should look at.
    pub(crate) warnings: Vec<Error>,
}

/// Does the work on everything that the arguments name.
///
/// # Errors
/// The arguments exclude each other or name nothing. What is wrong with single files is reported and
/// does not stop the others.
pub(crate) fn run<W: Work>(args: &FileArgs, work: &W, context: &Context) -> Result<Exit, Errors> {
    let is_dash = |path: &PathBuf| path.as_os_str() == "-";
    if args.paths.iter().all(is_dash) {
        return stdin(args, work, context);
    }
    if args.paths.iter().any(is_dash) {
        let error = Error::new(
            Kind::Usage,
            "standard input cannot stand beside other paths",
        );
        return Err(error
            .hint("run the command once for `-` and once for the files")
            .into());
    }
    let found = Candidates::find(&args.paths, true);
    let has_folder = args.paths.iter().any(|path| path.is_dir()) || !found.below.is_empty();
    let writes = !args.check && !args.dry_run;
    if args.filename.is_some() && (has_folder || found.files.len() > 1) {
        let error = Error::new(Kind::Usage, "`--filename` is for a single input");
        return Err(error
            .hint("leave it out: each of the files has a name")
            .into());
    }
    if writes && !args.in_place && (has_folder || found.files.len() > 1) {
        return Err(not_one(args, has_folder, found.files.len()).into());
    }
    if writes && !args.in_place {
        if !found.errors.is_empty() {
            return Err(found.errors.into());
        }
        return match found.files.first() {
            Some(path) => single(args, path, work, context),
            None => Ok(Exit::Done),
        };
    }
    many(args, &found, work, context)
}

fn not_one(args: &FileArgs, has_folder: bool, files: usize) -> Error {
    let what = if has_folder {
        "a folder".to_owned()
    } else {
        format!("{files} files")
    };
    match args.output {
        Some(_) => Error::new(Kind::Usage, format!("`--output` cannot take {what}"))
            .hint("use `--in-place`, or run the command once for each file"),
        None => Error::new(Kind::Usage, format!("{what} cannot go to standard output"))
            .hint("use `--in-place`; `--dry-run` lists what would change"),
    }
}

fn stdin<W: Work>(args: &FileArgs, work: &W, context: &Context) -> Result<Exit, Errors> {
    if args.paths.is_empty() && args.filename.is_none() {
        let error = Error::new(Kind::Usage, "no path is given");
        return Err(error
            .hint("name files, folders or patterns")
            .hint("standard input needs `--filename NAME`, which decides on format and rule")
            .into());
    }
    let Some(name) = &args.filename else {
        let error = Error::new(Kind::Usage, "standard input needs a name");
        return Err(error
            .hint("add `--filename NAME`, which decides on format and rule")
            .into());
    };
    if args.in_place {
        let error = Error::new(Kind::Usage, "standard input cannot be written in place");
        return Err(error.hint("use `--output FILE`").into());
    }
    if std::io::stdin().is_terminal() {
        context
            .ui()
            .note("reading from the terminal; end the input with Ctrl-D");
    }
    let text = fsio::read_stdin(MAX_INPUT)?;
    one(args, name, &text, work, context)
}

/// One file to standard output or into another file.
fn single<W: Work>(
    args: &FileArgs,
    path: &Path,
    work: &W,
    context: &Context,
) -> Result<Exit, Errors> {
    // Not only regular files: nothing is replaced, so `<(command)` will do.
    let text = fsio::read_stream(path, MAX_INPUT)?;
    one(
        args,
        args.filename.as_deref().unwrap_or(path),
        &text,
        work,
        context,
    )
}

fn one<W: Work>(
    args: &FileArgs,
    name: &Path,
    text: &[u8],
    work: &W,
    context: &Context,
) -> Result<Exit, Errors> {
    let change = work
        .change(name, text, true)
        .map_err(|errors| errors.in_file(name))?;
    let (bytes, report): (&[u8], _) = match &change {
        Change::NotConcerned | Change::Same => (text, None),
        Change::Pending(report) => (&[], Some(report)),
        Change::New(bytes, report) => (bytes, Some(report)),
    };
    if let Some(report) = report {
        tell(report, name, context);
    }
    if args.check || args.dry_run {
        if report.is_some() {
            list(name, context)?;
        }
        return Ok(match report {
            Some(_) if args.check => Exit::No,
            _ => Exit::Done,
        });
    }
    let Some(output) = &args.output else {
        context.ui().data(bytes)?;
        return Ok(Exit::Done);
    };
    if is_stream(output) {
        fsio::write_stream(output, bytes)?;
        return Ok(Exit::Done);
    }
    let outcome = Replacement::over(output, W::content(bytes)).commit()?;
    tell_outcome::<W>(output, outcome, context);
    Ok(Exit::Done)
}

/// A pipe or device, which cannot be replaced.
fn is_stream(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}

/// What became of a file, before it is written.
type Worked = Result<(Option<Snapshot>, Change), Errors>;

fn many<W: Work>(
    args: &FileArgs,
    found: &Candidates,
    work: &W,
    context: &Context,
) -> Result<Exit, Errors> {
    let mut told = Told::new(context);
    let mut count = Count::default();
    for error in &found.errors {
        told.error(error);
        count.failed += 1;
    }
    let writes = !args.check && !args.dry_run;
    let done = AtomicUsize::new(0);
    let read_and_change = |path: &PathBuf| -> Worked {
        let worked = change_file(path, !found.below.contains(path), args, work);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        let what = path.to_string_lossy();
        context.ui().progress(&what, done, found.files.len());
        worked.map_err(|errors| errors.in_file(path))
    };
    let pool = match found.files.len() {
        0 | 1 => None,
        _ => rayon::ThreadPoolBuilder::new()
            .stack_size(STACK)
            .build()
            .ok(),
    };
    if writes {
        // Also where nothing will be written: a killed `decrypt` leaves plaintext beside sealed files.
        let folders: HashSet<_> = found
            .files
            .iter()
            .filter_map(|path| path.parent())
            .collect();
        for folder in folders {
            let here = folder.as_os_str().is_empty();
            // Leftovers that cannot be removed are no reason not to work.
            let _ = fsio::sweep_stale(if here { Path::new(".") } else { folder });
        }
    }
    let mut batch = Batch::new();
    let mut values = Vec::new();
    for chunk in found.files.chunks(CHUNK) {
        let worked: Vec<Worked> = match &pool {
            Some(pool) => pool.install(|| chunk.par_iter().map(read_and_change).collect()),
            None => chunk.iter().map(read_and_change).collect(),
        };
        for (path, worked) in chunk.iter().zip(worked) {
            match worked {
                Err(errors) => {
                    count.failed += 1;
                    errors.iter().for_each(|error| told.error(error));
                }
                Ok((_, Change::NotConcerned)) => {}
                Ok((_, Change::Same)) => count.same += 1,
                Ok((snapshot, Change::New(bytes, report))) => {
                    tell(&report, path, context);
                    match snapshot.filter(|_| writes) {
                        Some(snapshot) => {
                            batch.add(Replacement::of(&snapshot, W::content(&bytes)));
                            values.push(report.values);
                        }
                        None => {
                            list(path, context)?;
                            count.changed(report.values);
                        }
                    }
                }
                Ok((_, Change::Pending(report))) => {
                    tell(&report, path, context);
                    list(path, context)?;
                    count.changed(report.values);
                }
            }
        }
    }
    for ((path, result), values) in batch.finish().into_iter().zip(values) {
        match result {
            Ok(outcome) => {
                count.changed(values);
                tell_outcome::<W>(&path, outcome, context);
            }
            Err(error) => {
                count.failed += 1;
                told.error(&error);
            }
        }
    }
    context.ui().end_progress();
    if count == Count::default() {
        match work.nothing() {
            Ok(text) => context.ui().note(text),
            Err(error) => told.error(&error),
        }
    }
    summary::<W>(&count, found, writes, context);
    left_out(found, work, context);
    if args.check && count.files > 0 {
        told.exit = told.exit.and(Exit::No);
    }
    Ok(told.exit)
}

fn change_file<W: Work>(path: &Path, named: bool, args: &FileArgs, work: &W) -> Worked {
    if !named && !work.wants(path)? {
        return Ok((None, Change::NotConcerned));
    }
    let snapshot = fsio::read_for_update(path, MAX_INPUT)?;
    let name = args.filename.as_deref().unwrap_or(path);
    let change = work.change(name, snapshot.bytes(), named)?;
    Ok((Some(snapshot), change))
}

/// Errors that were told: what is wrong with a configuration is so for many files.
pub(crate) struct Told<'c> {
    context: &'c Context,
    seen: HashSet<String>,
    /// The end of the work so far.
    pub(crate) exit: Exit,
}

impl<'c> Told<'c> {
    /// Nothing was told yet.
    pub(crate) fn new(context: &'c Context) -> Self {
        Told {
            context,
            seen: HashSet::new(),
            exit: Exit::Done,
        }
    }

    /// Tells an error, if it was not told yet.
    pub(crate) fn error(&mut self, error: &Error) {
        self.exit = self.exit.and(Exit::of(error.kind()));
        if self.seen.insert(error.to_string()) {
            self.context.ui().error(error);
        }
    }
}

#[derive(Default, PartialEq)]
struct Count {
    files: usize,
    values: usize,
    same: usize,
    failed: usize,
}

impl Count {
    fn changed(&mut self, values: usize) {
        self.files += 1;
        self.values += values;
    }
}

pub(crate) fn list(path: &Path, context: &Context) -> Result<(), Error> {
    context.ui().answer(&[path.to_string_lossy()])
}

pub(crate) fn tell(report: &Report, path: &Path, context: &Context) {
    let mut ui = context.ui();
    for note in &report.notes {
        ui.note(&format!("{}: {note}", path.display()));
    }
    for warning in &report.warnings {
        ui.warn_of(&warning.clone().in_file(path.to_string_lossy()));
    }
}

fn tell_outcome<W: Work>(path: &Path, outcome: Outcome, context: &Context) {
    if let Outcome::Replaced { other_names } = outcome
        && other_names > 0
    {
        let links = usize::try_from(other_names).unwrap_or(usize::MAX);
        let links = plural(links, "hard link", "hard links");
        let text = format!(
            "{}: {links} to the file still hold {}",
            path.display(),
            W::VERB.old
        );
        context.ui().warning(&text);
    }
}

fn summary<W: Work>(count: &Count, found: &Candidates, writes: bool, context: &Context) {
    let mut ui = context.ui();
    let verb = W::VERB;
    let mut parts = Vec::new();
    if count.files > 0 {
        let values = plural(count.values, "value", "values");
        let files = match (count.files, found.files.as_slice()) {
            (1, [path]) => path.display().to_string(),
            (files, _) => plural(files, "file", "files"),
        };
        let done = verb.done;
        parts.push(if writes {
            format!("{done} {values} in {files}")
        } else {
            format!("{values} in {files} would be {done}")
        });
    }
    if count.same > 0 {
        parts.push(match (count.same, found.files.as_slice()) {
            (1, [path]) => format!("{} is {}", path.display(), verb.already),
            (1, _) => format!("1 file is {}", verb.already),
            (files, _) => format!("{files} files are {}", verb.already),
        });
    }
    if count.failed > 0 && found.files.len() > 1 {
        parts.push(format!("{} failed", count.failed));
    }
    if !parts.is_empty() {
        ui.note(&parts.join(", "));
    }
}

/// Says what of folders was not looked at.
fn left_out<W: Work>(found: &Candidates, work: &W, context: &Context) {
    let of = |why| found.skipped.iter().filter(move |skipped| skipped.1 == why);
    let ignored = of(Why::Ignored).count();
    // What a link leads to is no loss if it was found on its own, or is not wanted.
    let real = |path: &PathBuf| path.canonicalize().ok();
    let mut links: Vec<&PathBuf> = of(Why::Link).map(|(path, _)| path).collect();
    links.retain(|path| path.is_file() && work.wants(path).unwrap_or(true));
    if !links.is_empty() {
        let known: HashSet<_> = found.files.iter().filter_map(real).collect();
        links.retain(|path| real(path).is_none_or(|real| !known.contains(&real)));
    }
    let ignored = (
        ignored,
        "path that Git ignores was",
        "paths that Git ignores were",
    );
    let links = (links.len(), "symbolic link was", "symbolic links were");
    for (count, one, many) in [ignored, links] {
        if count > 0 {
            let paths = plural(count, one, many);
            let text = format!("{paths} left out; name them to take them in");
            context.ui().note(&text);
        }
    }
}

/// `1 file`, `2 files`.
pub(crate) fn plural(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}
