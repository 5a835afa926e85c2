//! `secrets rules explain`: which rule a path gets, and why.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrets::Format;
use secrets::sops::config::find::{Configs, Origin};
use secrets::sops::config::{Config, CreationRule};
use secrets::sops::file::format_of;
use secrets::sops::rules::{Decision, Why, describe_selector};
use serde_json::{Map, Value, json};

use super::super::sealing::shown;
use super::super::{Errors, Exit};
use super::{AnswerFormat, Meaning, VERSION, path_regex, rule_name, write_json};
use crate::context::Context;

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files, which need not exist
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Use this configuration instead of the nearest .sops.yaml above the file (or SOPS_CONFIG)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write the answer in this format
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
}

/// Runs the command; the answer is "no" if a path has no rule.
///
/// # Errors
/// Everything that is wrong with a configuration.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Errors> {
    let configs = context.configs(args.config.clone());
    let mut answers = Vec::new();
    for path in &args.paths {
        answers.push(Answer::find(path, &configs, context)?);
    }
    if context.variable("SOPS_AGE_RECIPIENTS").is_some() {
        let text = "SOPS_AGE_RECIPIENTS is set and replaces the keys of every rule";
        context.ui().warning(text);
    }
    match args.format {
        AnswerFormat::Json => {
            let paths: Vec<Value> = answers
                .iter()
                .map(|answer| answer.to_json(&configs))
                .collect();
            write_json(&json!({ "version": VERSION, "paths": paths }), context)?;
        }
        AnswerFormat::Plain => {
            let texts: Vec<Vec<String>> = answers
                .iter()
                .map(|answer| answer.to_text(&configs))
                .collect();
            context.ui().answer(&texts.join(&String::new()))?;
        }
    }
    let all = answers.iter().all(|answer| answer.rule().is_some());
    Ok(if all { Exit::Done } else { Exit::No })
}

/// What there is to say about a path.
struct Answer<'p> {
    path: &'p Path,
    found: Option<(Arc<Config>, Origin, Decision)>,
}

impl<'p> Answer<'p> {
    fn find(path: &'p Path, configs: &Configs, context: &Context) -> Result<Self, Errors> {
        if path.is_dir() {
            let text =
                "this is a folder, and rules are for files: `secrets rules list` shows which";
            context.ui().warning(&format!("{}: {text}", path.display()));
        }
        let found = configs.find(path)?;
        for warning in &found.warnings {
            context.ui().warn_of(warning);
        }
        let Some((config, origin)) = found.config else {
            return Ok(Answer { path, found: None });
        };
        let config = configs.load(&config)?;
        let decision = config.rule_for(path, configs.cwd());
        Ok(Answer {
            path,
            found: Some((config, origin, decision)),
        })
    }

    fn rule(&self) -> Option<(usize, &CreationRule)> {
        let (config, _, decision) = self.found.as_ref()?;
        let index = decision.rule?;
        config.rules().get(index).map(|rule| (index, rule))
    }

    fn to_json(&self, configs: &Configs) -> Value {
        let mut map = Map::new();
        map.insert("path".into(), self.path.to_string_lossy().into());
        let format = match format_of(self.path) {
            Ok(Format::Yaml) => Some("yaml"),
            Ok(Format::Json) => Some("json"),
            Err(_) => None,
        };
        map.insert("format".into(), format.into());
        let (mut config_name, mut origin_name, mut path_text) = (None, None, None);
        let mut considered = Vec::new();
        if let Some((config, origin, decision)) = &self.found {
            config_name = Some(shown(&config.path, configs.cwd()));
            origin_name = Some(match origin {
                Origin::Flag => "flag",
                Origin::Environment => "environment",
                Origin::File => "file",
                Origin::WorkingDirectory => "working-directory",
            });
            path_text = Some(decision.path_text.as_str());
            for (index, why) in &decision.considered {
                let rule = config.rules().get(*index);
                considered.push(json!({
                    "rule": index,
                    "line": rule.map(|rule| rule.place.line),
                    "path_regex": rule.and_then(path_regex),
                    "matched": why.matched(),
                }));
            }
        }
        map.insert("config".into(), config_name.into());
        map.insert("config_from".into(), origin_name.into());
        map.insert("path_text".into(), path_text.into());
        map.insert("considered".into(), considered.into());
        let rule = self.rule();
        map.insert("rule".into(), rule.map(|(index, _)| index).into());
        match rule {
            Some((_, rule)) => map.append(&mut Meaning::of(rule).to_json(rule)),
            None => {
                for key in [
                    "line",
                    "path_regex",
                    "selector",
                    "selector_is_default",
                    "threshold",
                    "mac_only_encrypted",
                    "problem",
                ] {
                    map.insert(key.into(), Value::Null);
                }
                for key in ["recipients", "groups"] {
                    map.insert(key.into(), Value::Array(Vec::new()));
                }
            }
        }
        Value::Object(map)
    }

    fn to_text(&self, configs: &Configs) -> Vec<String> {
        let mut out = vec![self.path.display().to_string()];
        let Some((config, origin, decision)) = &self.found else {
            line(
                &mut out,
                "config",
                "none: no .sops.yaml in the file's folder or above, nor above the working directory",
            );
            return out;
        };
        let from = match origin {
            Origin::Flag => "named by --config",
            Origin::Environment => "named by SOPS_CONFIG",
            Origin::File => "the nearest above the file",
            Origin::WorkingDirectory => {
                "the nearest above the working directory; there is none above the file"
            }
        };
        line(
            &mut out,
            "config",
            &format!("{} ({from})", shown(&config.path, configs.cwd())),
        );
        let absolute = Path::new(&decision.path_text).is_absolute();
        let relative = if absolute {
            "absolute: it is not below the configuration's folder"
        } else {
            "relative to the configuration"
        };
        line(
            &mut out,
            "path",
            &format!("{} ({relative})", decision.path_text),
        );
        for (index, why) in &decision.considered {
            let Some(rule) = config.rules().get(*index) else {
                continue;
            };
            let name = rule_name(*index, rule);
            let text = match why {
                Why::NoPathRegex => format!("{name}: no path_regex, so it is for every file"),
                Why::Matches { regex } => format!("{name}: path_regex `{regex}`"),
                Why::DoesNotMatch { regex } => {
                    format!("{name}: path_regex `{regex}`")
                }
            };
            line(
                &mut out,
                if why.matched() { "matches" } else { "not" },
                &text,
            );
        }
        match self.rule() {
            Some((_, rule)) => describe(rule, &mut out),
            None if config.creation_rules.is_none() => line(
                &mut out,
                "rule",
                "none: the configuration has no creation_rules",
            ),
            None => line(&mut out, "rule", "none: no path_regex matches"),
        }
        if let Err(error) = format_of(self.path) {
            line(
                &mut out,
                "note",
                &format!("not readable by this version: {}", error.message()),
            );
        }
        out
    }
}

fn describe(rule: &CreationRule, out: &mut Vec<String>) {
    let meaning = Meaning::of(rule);
    let mut selected = describe_selector(&meaning.selector);
    let setting = meaning.selector.kind().name();
    selected.push_str(&match meaning.is_default {
        true => format!(" ({setting}, the default)"),
        false => format!(" ({setting})"),
    });
    line(out, "encrypts", &selected);
    if rule.mac_only_encrypted {
        line(
            out,
            "mac",
            "covers encrypted values only (mac_only_encrypted)",
        );
    }
    if let Some(threshold) = meaning.threshold {
        line(
            out,
            "opens",
            &format!("with {threshold} of {} key groups", rule.groups.len()),
        );
    }
    for (number, group) in rule.groups.iter().enumerate() {
        let ages = group.age.iter().map(ToString::to_string);
        let keys = ages.chain(group.others.iter().map(ToString::to_string));
        for key in keys {
            match rule.groups.len() {
                1 => line(out, "for", &key),
                _ => line(
                    out,
                    "for",
                    &format!("group {}: {key}", number.saturating_add(1)),
                ),
            }
        }
    }
    if let Some(problem) = meaning.problem {
        line(out, "problem", problem.message());
    }
}

fn line(out: &mut Vec<String>, label: &str, text: &str) {
    out.push(format!("  {label:<8}  {text}"));
}
