//! `secrets audit`: looks for what leaked, and for what the rules should have sealed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Parser;
use secrets::audit::baseline::{self, Baseline, KeySource};
use secrets::audit::checks;
use secrets::audit::finding::{Confidence, Finding, Report, Severity};
use secrets::audit::fingerprint::Key;
use secrets::audit::run::{Request, Scope, run as audit, run_text};
use secrets::audit::state::MAX_TEXT;
use secrets::fsio::{self, Content, Replacement};
use secrets::git::Repository;
use secrets::report::{self, Format};
use secrets::secret::SecretBytes;
use secrets::{Error, Kind};

use super::encrypt_staged::{self, Staged};
use super::files::plural;
use super::git_process::{self, Git};
use super::sealing::SealingArgs;
use super::{Errors, Exit};
use crate::cli::Cli;
use crate::context::Context;

/// Stack of a working thread, in bytes: documents nest up to 250 levels.
const STACK: usize = 16 * 1024 * 1024;

/// What fingerprints are keyed with.
const KEY_VARIABLE: &str = "SECRETS_AUDIT_KEY";

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Repositories or plain folders; `-` is one text on standard input [default: the repository of the working directory, or
    /// of GIT_DIR]
    #[arg(value_name = "REPO")]
    targets: Vec<PathBuf>,
    /// Look at what the index changes against HEAD: for a pre-commit hook
    #[arg(long, group = "scope")]
    staged: bool,
    /// Look at the tree and at every object in the store: all branches, tags, stashes, messages and
    /// unreachable objects
    #[arg(long, group = "scope")]
    history: bool,
    /// Look at what commits bring that B has and A has not: for merge requests
    #[arg(long, group = "scope", value_name = "A..B", value_parser = range)]
    range: Option<(String, String)>,
    /// Open every sealed file of the tree with the identities at hand, and verify its MAC
    #[arg(long, conflicts_with_all = ["staged", "range"])]
    open: bool,
    /// Seal the files where SEC001 or SEC002 decides, then look again; print the steps for the rest
    #[arg(long, conflicts_with_all = ["history", "range"])]
    fix: bool,
    /// Use this configuration for all files, instead of the .sops.yaml files of the repositories
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read .sops.yaml and .secrets-audit.yaml from this revision, such as a protected branch
    #[arg(long, value_name = "REF")]
    policy_ref: Option<String>,
    /// Write the report to standard output in this format
    #[arg(long, value_name = "FORMAT", default_value = "plain", value_parser = format)]
    format: Format,
    /// Write the report to a file as well; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = destination)]
    report: Vec<(Format, PathBuf)>,
    /// The mildest severity that makes the exit code 1: low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = severity)]
    fail_on: Severity,
    /// Count suppressed findings as well
    #[arg(long)]
    no_suppressions: bool,
    /// Findings that are known: those in this file do not count
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all findings into this file, as a baseline
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
    /// Look at every N-th repository only, starting with the I-th [default: CI_NODE_INDEX/CI_NODE_TOTAL]
    #[arg(long, value_name = "I/N", num_args = 0..=1, default_missing_value = "", value_parser = shard)]
    shard: Option<Shard>,
    /// With `-`: take the text for a file of this name, which decides on format and rule
    #[arg(long, value_name = "NAME")]
    filename: Option<PathBuf>,
}

/// Which repositories a job looks at.
#[derive(Clone, Copy, Debug)]
enum Shard {
    /// What GitLab says in CI_NODE_INDEX and CI_NODE_TOTAL.
    OfJob,
    /// The I-th of N, counted from 1.
    Of(usize, usize),
}

/// Runs the command.
///
/// # Errors
/// Something cannot be looked at at all, or a report cannot be written. Findings and what could not be
/// checked are in the report and in the exit.
pub(crate) fn run(args: Args, context: &Context) -> Result<Exit, Errors> {
    check_usage(&args)?;
    let given = fingerprint_key(&args, context);
    let mut report = look(&args, given.clone(), context)?;
    if args.fix {
        fix(&args, &report, context)?;
        report = look(&args, given.clone(), context)?;
    }
    let rendering = report::Context {
        program_version: env!("CARGO_PKG_VERSION"),
        fail_on: args.fail_on,
        documentation: "docs/audit/",
    };
    for (format, path) in &args.report {
        let text = report::write(*format, &report, &rendering);
        Replacement::over(path, Content::Sealed(text.as_bytes())).commit()?;
    }
    if let Some(path) = &args.write_baseline {
        let key = given.as_ref().map_or(KeySource::Repository, |key| {
            match context.variable(KEY_VARIABLE) {
                Some(_) => KeySource::of(&Key::of(key.expose())),
                None => KeySource::Here(key.expose_text().unwrap_or_default().to_owned()),
            }
        });
        let text = Baseline::of(&report.findings, &key);
        Replacement::over(path, Content::Sealed(text.as_bytes())).commit()?;
        let count = plural(report.findings.len(), "finding", "findings");
        context
            .ui()
            .note(&format!("wrote {count} to {}", path.display()));
    }
    let text = match args.format {
        Format::Plain => report::plain(&report, &rendering, context.ui().out_has_colours()),
        format => report::write(format, &report, &rendering),
    };
    context.ui().data(text.as_bytes())?;
    Ok(exit(&report, args.fail_on, args.write_baseline.is_some()))
}

/// Options that would have no effect.
fn check_usage(args: &Args) -> Result<(), Error> {
    let is_text = |target: &PathBuf| target.as_os_str() == "-";
    let has_text = args.targets.iter().any(is_text);
    let usage = |message: &str, hint: &str| Err(Error::new(Kind::Usage, message).hint(hint));
    if has_text && args.targets.len() > 1 {
        return usage(
            "`-` is one text and stands alone",
            "run the command once for `-` and once for the repositories",
        );
    }
    if has_text && args.fix {
        return usage(
            "`--fix` has no file to seal with `-`",
            "`secrets encrypt - --filename NAME` seals standard input",
        );
    }
    if has_text && args.policy_ref.is_some() {
        return usage(
            "`--policy-ref` has no repository to read from with `-`",
            "leave it out; `--config FILE` names a configuration",
        );
    }
    if has_text && args.shard.is_some() {
        return usage(
            "`--shard` has no repositories to share with `-`",
            "leave it out",
        );
    }
    if !has_text && args.filename.is_some() {
        return usage(
            "`--filename` is for a text on standard input",
            "write `secrets audit - --filename NAME < FILE`, or leave `--filename` out",
        );
    }
    Ok(())
}

fn exit(report: &Report, fail_on: Severity, adopted: bool) -> Exit {
    if report.nothing_to_do {
        return Exit::Done;
    }
    let incomplete =
        !report.unchecked.is_empty() || report.repositories.iter().any(|r| !r.complete);
    let answer = match report.deciding(fail_on).next() {
        Some(_) if !adopted => Exit::No,
        _ => Exit::Done,
    };
    match incomplete {
        true => answer.and(Exit::Incomplete),
        false => answer,
    }
}

/// What fingerprints are keyed with: what the environment says, and for a new baseline a key that will
/// stand in it, so that it matches wherever it is read.
fn fingerprint_key(args: &Args, context: &Context) -> Option<SecretBytes> {
    let given = context.variable(KEY_VARIABLE);
    match given {
        Some(given) => Some(SecretBytes::new(given.into_encoded_bytes())),
        None => args.write_baseline.as_ref().map(|_| {
            let KeySource::Here(text) = KeySource::random(&rand::random()) else {
                return SecretBytes::default();
            };
            SecretBytes::new(text.into_bytes())
        }),
    }
}

fn look(args: &Args, key: Option<SecretBytes>, context: &Context) -> Result<Report, Errors> {
    let request = request(args, key, context)?;
    if let [target] = args.targets.as_slice()
        && target.as_os_str() == "-"
    {
        return text(args, request, context);
    }
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build();
    let report = match pool {
        Ok(pool) => pool.install(|| audit(&request)),
        Err(_) => audit(&request),
    };
    let mut report = report?;
    report.ended = crate::context::rfc3339(std::time::SystemTime::now());
    Ok(report)
}

/// Looks at standard input.
fn text(args: &Args, mut request: Request, context: &Context) -> Result<Report, Errors> {
    if request.scope != Scope::Tree {
        let error = Error::new(Kind::Usage, "`-` is one text, without index and history");
        return Err(error
            .hint("leave `--staged`, `--history` and `--range` out")
            .into());
    }
    let text = fsio::read_stdin(MAX_TEXT)?;
    let name = args
        .filename
        .clone()
        .unwrap_or_else(|| PathBuf::from("stdin"));
    let file = secrets::placement::clean(&context.working_directory().join(&name));
    let mut shown = name.to_string_lossy().into_owned();
    let mut folder = context.working_directory().to_owned();
    if request.config.is_none()
        && let Some((path, _)) = context.configs(None).find(&file)?.config
    {
        let config = read_config(&path, context)?;
        let above = Path::new(&config.0).parent();
        if let Some((above, below)) =
            above.and_then(|above| Some((above, file.strip_prefix(above).ok()?)))
        {
            shown = below.to_string_lossy().into_owned();
            folder = above.to_owned();
        }
        request.config = Some(config);
    }
    Ok(run_text(&request, &folder, &shown, &text)?)
}

fn request(args: &Args, key: Option<SecretBytes>, context: &Context) -> Result<Request, Errors> {
    let scope = match (&args.range, args.staged, args.history) {
        (Some((from, to)), ..) => Scope::Range {
            from: from.clone(),
            to: to.clone(),
        },
        (None, true, _) => Scope::Staged,
        (None, false, true) => Scope::History,
        (None, false, false) => Scope::Tree,
    };
    let baseline = match &args.baseline {
        Some(path) => {
            let text = fsio::read(path, baseline::MAX_SIZE as u64)?;
            let name = path.to_string_lossy().into_owned();
            let baseline = Baseline::read(&name, &text)?;
            Some((absolute(path, context), text.to_vec(), baseline))
        }
        None => None,
    };
    let config = args.config.as_deref();
    let config = config.map(|path| read_config(path, context)).transpose()?;
    let variable = |name: &str| {
        let value = context.variable(name).filter(|_| args.targets.is_empty());
        value.map(PathBuf::from)
    };
    Ok(Request {
        targets: targets(args, context)?,
        scope,
        config,
        identities: args.open.then(|| context.identities()),
        suppressions: !args.no_suppressions,
        baseline,
        policy_ref: args.policy_ref.clone(),
        index_file: index_file(args, context),
        git_dir: variable("GIT_DIR"),
        work_tree: variable("GIT_WORK_TREE"),
        key,
        now: context.now().to_owned(),
    })
}

/// In a hook Git names the index that is going to be committed.
fn index_file(args: &Args, context: &Context) -> Option<PathBuf> {
    let path = context
        .variable("GIT_INDEX_FILE")
        .filter(|_| args.staged && is_here(args, context))?;
    Some(context.working_directory().join(path))
}

/// The audit is about the repository that Git's variables are about: nobody named one, or it is this folder's.
fn is_here(args: &Args, context: &Context) -> bool {
    let cwd = context.working_directory();
    if args.targets.is_empty() {
        return true;
    }
    if args.targets != [PathBuf::from(".")] {
        return false;
    }
    match context.variable("GIT_DIR") {
        None => context.variable("GIT_WORK_TREE").is_none(),
        Some(path) => {
            let named = cwd.join(path).canonicalize().ok();
            let own = Repository::discover(cwd).ok().flatten();
            own.is_some_and(|own| named.as_deref() == Some(own.git_dir()))
        }
    }
}

fn read_config(path: &Path, context: &Context) -> Result<(String, Vec<u8>), Error> {
    let limit = secrets::sops::config::MAX_SIZE as u64;
    let text = fsio::read(path, limit)?;
    Ok((absolute(path, context), text.to_vec()))
}

/// The path from the root, as the shell names it: rules are matched against paths as they are named.
fn absolute(path: &Path, context: &Context) -> String {
    let joined = context.working_directory().join(path);
    let named = secrets::placement::clean(&joined);
    // Behind a link `..` is not what it looks like.
    let (real, is_same) = match (joined.canonicalize(), named.canonicalize()) {
        (Ok(real), Ok(named)) => (real.clone(), real == named),
        _ => (joined, true),
    };
    let path = if is_same { named } else { real };
    path.to_string_lossy().into_owned()
}

/// The repositories of this shard.
fn targets(args: &Args, context: &Context) -> Result<Vec<PathBuf>, Errors> {
    let mut targets = args.targets.clone();
    if targets.is_empty() {
        targets.push(PathBuf::from("."));
    }
    for target in targets.iter().filter(|target| target.as_os_str() != "-") {
        let meta = std::fs::metadata(target)
            .map_err(|e| fsio::io_error("look at the path", target, &e))?;
        if !meta.is_dir() {
            let error = Error::new(Kind::Usage, "this is not a folder");
            let error = error.in_file(target.to_string_lossy());
            let hint = "name a repository or a folder; `-` with `--filename` looks at one text";
            return Err(error.hint(hint).into());
        }
    }
    let (index, total) = match args.shard {
        None => return Ok(targets),
        Some(Shard::Of(index, total)) => (index, total),
        Some(Shard::OfJob) => {
            let read = |name: &str| {
                let value = context.variable(name)?;
                value.to_str()?.parse::<usize>().ok()
            };
            match (read("CI_NODE_INDEX"), read("CI_NODE_TOTAL")) {
                (Some(index), Some(total)) if (1..=total).contains(&index) => (index, total),
                _ => {
                    let error = Error::new(Kind::Usage, "`--shard` has nothing to go by");
                    let error =
                        error.because("CI_NODE_INDEX and CI_NODE_TOTAL are not set to numbers");
                    let hint = "use `parallel:` in the job, or write `--shard 1/4`";
                    return Err(error.hint(hint).into());
                }
            }
        }
    };
    let of_shard = targets.into_iter().enumerate();
    let of_shard = of_shard.filter(|(number, _)| number % total == index - 1);
    let of_shard: Vec<PathBuf> = of_shard.map(|(_, target)| target).collect();
    if of_shard.is_empty() {
        context
            .ui()
            .note(&format!("shard {index} of {total} has no repository"));
    }
    Ok(of_shard)
}

/// How many files a note names before it counts.
const SHOWN_FILES: usize = 20;

/// Seals what can be sealed, as `secrets encrypt` does: files with a finding that decides, and that sealing mends.
fn fix(args: &Args, report: &Report, context: &Context) -> Result<(), Errors> {
    let is_plain =
        |f: &&Finding| [&checks::PLAIN_FILE, &checks::PARTLY_ENCRYPTED].contains(&f.check);
    let place = |f: &Finding| Some((f.repository, f.path.clone()?));
    let deciding = report.deciding(args.fail_on).filter(is_plain);
    let mut files: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (repository, path) in deciding.filter_map(place) {
        files.entry(repository).or_default().insert(path);
    }
    let mut left: BTreeMap<(usize, String), &str> = BTreeMap::new();
    for finding in report.findings.iter().filter(is_plain) {
        let Some((repository, path)) = place(finding) else {
            continue;
        };
        let is_taken = files.get(&repository).is_some_and(|f| f.contains(&path));
        let why = match finding.suppressed {
            Some(_) => "suppressed",
            None if finding.confidence == Confidence::Possible => "only possible",
            None => "milder than `--fail-on`",
        };
        if !is_taken {
            left.entry((repository, path)).or_insert(why);
        }
    }
    let mut of_disk = Vec::new();
    for (number, paths) in files {
        let root = report
            .repositories
            .get(number)
            .and_then(|r| r.root.as_deref());
        let Some(root) = root else {
            let paths = paths
                .into_iter()
                .map(|path| ((number, path), "no working tree"));
            left.extend(paths);
            continue;
        };
        if args.staged {
            seal_staged(args, root, &paths, context)?;
        } else {
            of_disk.extend(paths.iter().map(|path| root.join(path)));
        }
    }
    if !of_disk.is_empty() {
        seal_files(args, of_disk, context)?;
    }
    let named = left.iter().take(SHOWN_FILES).map(|((number, path), why)| {
        let folder = report
            .repositories
            .get(*number)
            .map_or("", |r| r.path.as_str());
        format!("{} ({why})", Path::new(folder).join(path).display())
    });
    let named: Vec<String> = named.collect();
    if !named.is_empty() {
        let more = match left.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let files = plural(left.len(), "plain file", "plain files");
        let named = named.join(", ");
        context
            .ui()
            .note(&format!("{files} stayed as they are: {named}{more}"));
    }
    Ok(())
}

/// Seals files of the index of one repository.
fn seal_staged(
    args: &Args,
    top: &Path,
    paths: &BTreeSet<String>,
    context: &Context,
) -> Result<(), Errors> {
    let git = match is_here(args, context) {
        true => Git::new(context.working_directory()),
        false => Git::of_tree(top),
    };
    let mut sealing = SealingArgs::default();
    sealing.config.clone_from(&args.config);
    let paths: Vec<PathBuf> = paths
        .iter()
        .map(|path| git_process::literal(Path::new(path)).into())
        .collect();
    let staged = Staged {
        git: &git,
        paths: &paths,
        check: false,
        dry_run: false,
        fresh: false,
    };
    // What could not be sealed is told there, and found again here.
    encrypt_staged::run(&staged, sealing.read(context)?, context).map(drop)
}

/// Seals files in place.
fn seal_files(args: &Args, files: Vec<PathBuf>, context: &Context) -> Result<(), Errors> {
    let mut words: Vec<OsString> = ["secrets", "encrypt", "--in-place"]
        .map(OsString::from)
        .to_vec();
    words.extend(
        args.config
            .iter()
            .flat_map(|path| ["--config".into(), path.clone().into_os_string()]),
    );
    words.push("--".into());
    words.extend(files.into_iter().map(PathBuf::into_os_string));
    let cli = Cli::try_parse_from(words).map_err(|error| {
        Error::new(Kind::Usage, "the files cannot be sealed").because(error.to_string())
    })?;
    // What could not be sealed is told there, and found again here.
    super::run(cli.command, context).map(drop)
}

fn range(text: &str) -> Result<(String, String), String> {
    match text.split_once("..") {
        Some((from, to)) if !from.is_empty() && !to.starts_with('.') => {
            let to = if to.is_empty() { "HEAD" } else { to };
            Ok((from.to_owned(), to.to_owned()))
        }
        _ => Err("write two revisions as `origin/main..HEAD`".to_owned()),
    }
}

fn format(text: &str) -> Result<Format, String> {
    let names = Format::ALL.map(Format::name).join(", ");
    Format::from_str(text).map_err(|_| format!("the formats are {names}"))
}

fn destination(text: &str) -> Result<(Format, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !path.is_empty() => Ok((format(name)?, PathBuf::from(path))),
        _ => Err("write it as `sarif=audit.sarif`".to_owned()),
    }
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::ALL
        .into_iter()
        .filter(|severity| *severity != Severity::Info)
        .find(|severity| severity.name() == text)
        .ok_or_else(|| "the severities are low, medium, high and critical".to_owned())
}

fn shard(text: &str) -> Result<Shard, String> {
    if text.is_empty() {
        return Ok(Shard::OfJob);
    }
    let parsed = text.split_once('/').and_then(|(index, total)| {
        let (index, total) = (index.parse().ok()?, total.parse().ok()?);
        (1..=total)
            .contains(&index)
            .then_some(Shard::Of(index, total))
    });
    parsed.ok_or_else(|| "write it as `1/4`".to_owned())
}
