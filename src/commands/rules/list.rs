//! `secrets rules list`: which files each rule covers, and which rules cover none.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use secrets::fsio::Candidates;
use secrets::sops::config::find::Configs;
use secrets::sops::config::{Config, FILE_NAME};
use secrets::sops::rules::{Coverage, Idle};
use secrets::{Error, Kind};
use serde_json::{Value, json};

use super::super::files::plural;
use super::super::sealing::shown;
use super::super::{Errors, Exit};
use super::{AnswerFormat, Meaning, VERSION, path_regex, rule_name, write_json};
use crate::context::Context;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Use this configuration instead of the nearest .sops.yaml above the working directory (or SOPS_CONFIG)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write the answer in this format
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
}

/// Runs the command. Rules without files are part of the answer and no failure: a rule may be there
/// for files to come.
///
/// # Errors
/// There is no configuration, or something is wrong with it.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Errors> {
    let configs = context.configs(args.config.clone());
    // Any name will do: what counts is the folder.
    let found = configs.find(Path::new(FILE_NAME))?;
    let Some((path, _)) = found.config else {
        let error = Error::new(Kind::Config, "there is no .sops.yaml here or above");
        return Err(error
            .hint("change to a folder below one, or name it with `--config`")
            .into());
    };
    let config = configs.load(&path)?;
    for warning in found.warnings.iter().chain(&config.warnings) {
        context.ui().warn_of(warning);
    }
    let folder = match config.path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => configs.cwd(),
    };
    let (mut files, from_git, errors) = match git_files(folder) {
        Some(files) => (files, true, Vec::new()),
        None => walked_files(folder),
    };
    files.retain(|file| file.file_name() != Some(OsStr::new(FILE_NAME)));
    let all = files.len();
    if args.config.is_none() && context.variable("SOPS_CONFIG").is_none() {
        // A folder below may have a configuration of its own.
        files.retain(|file| governs(&path, &folder.join(file), &configs));
    }
    let absolute: Vec<PathBuf> = files.iter().map(|file| folder.join(file)).collect();
    let list = List {
        name: shown(&config.path, configs.cwd()),
        coverage: config.coverage(&absolute, configs.cwd()),
        config: &config,
        elsewhere: all.saturating_sub(files.len()),
        files,
        from_git,
    };
    match args.format {
        AnswerFormat::Json => write_json(&list.to_json(), context)?,
        AnswerFormat::Plain => context.ui().answer(&list.to_text())?,
    }
    Ok(context.report(&errors.into()))
}

fn governs(config: &Path, file: &Path, configs: &Configs) -> bool {
    match configs.find(file) {
        Ok(found) => found.config.is_some_and(|(path, _)| path == config),
        Err(_) => true,
    }
}

/// The files that Git tracks or would track, relative to the folder; `None` outside of a work tree or
/// without Git.
fn git_files(folder: &Path) -> Option<Vec<PathBuf>> {
    let output = Command::new("git")
        // A repository may be anybody's: its file system monitor is a program of its choice.
        .args(["-c", "core.fsmonitor=false", "ls-files", "-z"])
        .args(["--cached", "--others", "--exclude-standard"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let names = output.stdout.split(|byte| *byte == 0);
    let mut files: Vec<PathBuf> = names.filter(|name| !name.is_empty()).map(path_of).collect();
    files.sort();
    files.dedup();
    // Not what was deleted, and not submodules.
    files.retain(|file| {
        folder
            .join(file)
            .symlink_metadata()
            .is_ok_and(|meta| !meta.is_dir())
    });
    Some(files)
}

#[cfg(unix)]
fn path_of(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(name))
}

#[cfg(not(unix))]
fn path_of(name: &[u8]) -> PathBuf {
    PathBuf::from(&*String::from_utf8_lossy(name))
}

fn walked_files(folder: &Path) -> (Vec<PathBuf>, bool, Vec<Error>) {
    let found = Candidates::find(&[folder], true);
    let files = found.files.into_iter();
    let files = files.map(|file| file.strip_prefix(folder).unwrap_or(&file).to_owned());
    (files.collect(), false, found.errors)
}

struct List<'c> {
    name: String,
    config: &'c Config,
    /// Relative to the configuration's folder.
    files: Vec<PathBuf>,
    coverage: Coverage,
    from_git: bool,
    /// How many files have another configuration.
    elsewhere: usize,
}

impl List<'_> {
    fn names<'f>(&'f self, numbers: &'f [usize]) -> impl Iterator<Item = String> + 'f {
        let files = numbers.iter().filter_map(|number| self.files.get(*number));
        files.map(|file| file.display().to_string())
    }

    fn idle(&self, rule: usize) -> Option<&Idle> {
        let mut idle = self.coverage.idle.iter();
        idle.find(|(index, _)| *index == rule).map(|(_, why)| why)
    }

    fn covered(&self, rule: usize) -> &[usize] {
        self.coverage.covered.get(rule).map_or(&[], Vec::as_slice)
    }

    fn to_json(&self) -> Value {
        let rules = self.config.rules().iter().enumerate().map(|(index, rule)| {
            let mut map = Meaning::of(rule).to_json(rule);
            let files: Vec<String> = self.names(self.covered(index)).collect();
            let (state, by) = match self.idle(index) {
                None => ("used", Vec::new()),
                Some(Idle::MatchesNothing) => ("dead", Vec::new()),
                Some(Idle::Shadowed { by }) => ("shadowed", by.clone()),
                Some(Idle::Unreachable { by }) => ("unreachable", vec![*by]),
            };
            map.insert("rule".into(), index.into());
            map.insert("files".into(), files.into());
            map.insert("state".into(), state.into());
            map.insert("by".into(), by.into());
            Value::Object(map)
        });
        let rules: Vec<Value> = rules.collect();
        let uncovered: Vec<String> = self.names(&self.coverage.uncovered).collect();
        json!({
            "version": VERSION,
            "config": self.name,
            "files_from": if self.from_git { "git" } else { "folder" },
            "rules": rules,
            "uncovered": uncovered,
            "elsewhere": self.elsewhere,
        })
    }

    fn to_text(&self) -> Vec<String> {
        let from = if self.from_git {
            "that Git tracks or would track"
        } else {
            "in its folder"
        };
        let rules = self.config.rules();
        let mut out = vec![format!(
            "{}: {}, {} {from}",
            self.name,
            plural(rules.len(), "rule", "rules"),
            plural(self.files.len(), "file", "files"),
        )];
        for (index, rule) in rules.iter().enumerate() {
            let expression = match path_regex(rule) {
                Some(regex) => format!("path_regex `{regex}`"),
                None => "every file".to_owned(),
            };
            let files = self.covered(index);
            let count = match self.idle(index) {
                None => plural(files.len(), "file", "files"),
                Some(Idle::MatchesNothing) => "dead, it matches none of the files".to_owned(),
                Some(Idle::Shadowed { by }) => {
                    let by = by.iter().map(|by| self.rule_name(*by));
                    let by: Vec<String> = by.collect();
                    format!("shadowed, all it matches goes to {}", by.join(", "))
                }
                Some(Idle::Unreachable { by }) => {
                    format!("unreachable, {} is for every file", self.rule_name(*by))
                }
            };
            out.push(format!("{}, {expression}: {count}", rule_name(index, rule)));
            for name in self.names(files) {
                out.push(format!("  {name}"));
            }
        }
        out.push(format!(
            "no rule: {}",
            plural(self.coverage.uncovered.len(), "file", "files")
        ));
        if self.elsewhere > 0 {
            out.push(format!(
                "another .sops.yaml: {}",
                plural(self.elsewhere, "file", "files")
            ));
        }
        out
    }

    fn rule_name(&self, index: usize) -> String {
        let rule = self.config.rules().get(index);
        rule.map_or_else(String::new, |rule| rule_name(index, rule))
    }
}
