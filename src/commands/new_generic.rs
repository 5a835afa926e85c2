//! `secrets new-generic`: a Secret from literals, files and env files.

use std::path::{Path, PathBuf};

use secrets::fsio;
use secrets::kubernetes::generic::{Values, file_source};
use secrets::{Error, Kind};
use zeroize::Zeroizing;

use super::inputs::Inputs;
use super::new_secret::{NewArgs, Plan};
use super::{Errors, Exit};
use crate::context::Context;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the Secret
    name: String,
    /// Add a value from the command line, where others can read it
    #[arg(long, value_name = "KEY=VALUE")]
    from_literal: Vec<Literal>,
    /// Add a file, or each file of a folder; the key is the name of the file unless given, - is standard input
    #[arg(long, value_name = "[KEY=]PATH")]
    from_file: Vec<String>,
    /// Add every NAME=VALUE line of a file
    #[arg(long, value_name = "FILE")]
    from_env_file: Vec<PathBuf>,
    /// Type of the Secret; Opaque if not given
    #[arg(long = "type", value_name = "TYPE")]
    secret_type: Option<String>,
    #[command(flatten)]
    new: NewArgs,
}

/// A value of the command line: silent in `Debug`.
#[derive(Clone)]
struct Literal(Zeroizing<String>);

impl std::str::FromStr for Literal {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Literal(Zeroizing::new(text.to_owned())))
    }
}

impl std::fmt::Debug for Literal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Literal(..)")
    }
}

/// Runs the command.
///
/// # Errors
/// See [`Plan::new`], [`Plan::finish`] and [`Values`].
pub(crate) fn run(args: Args, context: &Context) -> Result<Exit, Errors> {
    if args.from_literal.is_empty() && args.from_file.is_empty() && args.from_env_file.is_empty() {
        return Err(Error::new(Kind::Usage, "no value is given")
            .hint("use `--from-file`, `--from-env-file` or `--from-literal`")
            .into());
    }
    let plan = Plan::new(&args.name, &args.new, context)?;
    let inputs = Inputs::new(context);
    let mut values = Values::new();
    if !args.from_literal.is_empty() {
        context.ui().warning(
            "`--from-literal` shows the value to everybody who can list processes, and leaves it in the history of the shell: prefer `--from-file KEY=-`",
        );
    }
    for literal in &args.from_literal {
        values.add_literal(&literal.0)?;
    }
    for source in &args.from_file {
        add_files(&mut values, source, &inputs)?;
    }
    for path in &args.from_env_file {
        let text = inputs.file(path)?;
        let environment = |name: &str| std::env::var(name).ok().map(Zeroizing::new);
        let added = values.add_env_file(text.expose(), &environment);
        added.map_err(|e| e.in_file(path.to_string_lossy()))?;
    }
    let namespace = args.new.namespace.as_deref();
    plan.finish(values.into_secret(&args.name, namespace, args.secret_type.as_deref())?)
}

fn add_files(values: &mut Values, source: &str, inputs: &Inputs<'_>) -> Result<(), Error> {
    if source == "-" {
        return Err(
            Error::new(Kind::Usage, "standard input has no name").hint("write `--from-file KEY=-`")
        );
    }
    let folder = Path::new(source);
    if !source.contains('=') && folder.is_dir() {
        let fail = |e: &std::io::Error| fsio::io_error("read the folder", folder, e);
        let entries = std::fs::read_dir(folder).map_err(|e| fail(&e))?;
        let entries: Result<Vec<_>, _> = entries.collect();
        let mut paths: Vec<PathBuf> = entries
            .map_err(|e| fail(&e))?
            .iter()
            .map(std::fs::DirEntry::path)
            .collect();
        paths.sort();
        // As kubectl: regular files only, folders below are passed over.
        for path in paths
            .iter()
            .filter(|path| std::fs::symlink_metadata(path).is_ok_and(|m| m.is_file()))
        {
            let key = path.file_name().unwrap_or_default().to_string_lossy();
            values.add(&key, inputs.file(path)?)?;
        }
        return Ok(());
    }
    let (key, path) = file_source(source)?;
    values.add(key, inputs.file(Path::new(path))?)
}
