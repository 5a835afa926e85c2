//! The place of a new manifest by the rules, and the rule that is missing.

use std::path::{Path, PathBuf};

use secrets::error::Place as Line;
use secrets::placement::{self, Fit};
use secrets::sops::config::Config;
use secrets::{Error, Kind};

use super::{NewArgs, SECRET_VALUES, word};
use crate::commands::Errors;
use crate::commands::sealing::{Sealing, shown};
use crate::context::Context;

/// How many places an error lists.
const SHOWN_PLACES: usize = 8;

/// The place that the rules propose, relative to the working directory; `None` if there is no
/// configuration and it does not matter, because the manifest goes to standard output.
pub(super) fn proposed(
    name: &str,
    args: &NewArgs,
    context: &Context,
    sealing: &Sealing,
    to_stdout: bool,
) -> Result<Option<PathBuf>, Errors> {
    let cwd = context.working_directory();
    let configs = context.configs(args.sealing.config.clone());
    let config = configs.for_file(&cwd.join("manifest.yaml"))?;
    let Some(config) = config else {
        if to_stdout && sealing.policy_for(Path::new("manifest.yaml")).is_ok() {
            return Ok(None);
        }
        return Err(Error::new(
            Kind::Config,
            "no configuration says where the Secret belongs",
        )
        .because("there is no .sops.yaml in this folder or above")
        .hint(format!(
            "add a .sops.yaml: `creation_rules: [{}]`",
            rule_text("secrets/", &[])
        ))
        .hint("or name the file with `-o` and recipients with `--age`")
        .into());
    };
    let namespace = args.namespace.as_deref();
    let places = placement::propose(&config, cwd, name, namespace);
    let listed = places
        .iter()
        .map(|place| placement::relative(&place.path, cwd));
    let listed: Vec<PathBuf> = listed.collect();
    match (listed.as_slice(), places.first().map(|place| place.fit)) {
        ([only], Some(fit)) if fit > Fit::Elsewhere => {
            if !to_stdout {
                context
                    .ui()
                    .note(&format!("the rules propose {}", only.display()));
            }
            Ok(Some(only.clone()))
        }
        ([], _) => {
            if to_stdout && sealing.policy_for(Path::new("manifest.yaml")).is_ok() {
                return Ok(None);
            }
            let config_path = shown(&config.path, cwd);
            let folder = match namespace {
                Some(namespace) => format!("{namespace}/secrets/"),
                None => "secrets/".to_owned(),
            };
            Err(Error::new(
                Kind::Config,
                "no creation rule covers a place for the Secret",
            )
            .because(format!(
                "no folder of the repository has a path that a rule of {config_path} matches"
            ))
            .hint(format!(
                "name the file with `-o`, or add a rule to {config_path}: `- {}`",
                rule_text(&folder, &recipients(&config))
            ))
            .into())
        }
        (several, fit) => {
            let reason = match fit {
                Some(Fit::Elsewhere) => {
                    "the kustomizations there put everything into other namespaces"
                }
                _ => {
                    "the rules cover several folders, and none fits the namespace better than the others"
                }
            };
            let error =
                Error::new(Kind::Usage, "the place of the Secret is not clear").because(reason);
            let error = several
                .iter()
                .take(SHOWN_PLACES)
                .fold(error, |error, path| {
                    error.hint(format!(
                        "name it with `-o {}`",
                        word(&path.to_string_lossy())
                    ))
                });
            Err(error.into())
        }
    }
}

/// Where the rule for a file stands.
pub(super) fn rule_of(
    path: &Path,
    args: &NewArgs,
    context: &Context,
) -> Result<Option<Line>, Errors> {
    let configs = context.configs(args.sealing.config.clone());
    let Some(config) = configs.for_file(path)? else {
        return Ok(None);
    };
    let decision = config.rule_for(path, context.working_directory());
    Ok(decision
        .rule
        .and_then(|index| config.rules().get(index))
        .map(|rule| rule.place.clone()))
}

/// Says which rule would cover the place.
pub(super) fn with_rule_to_add(
    errors: Errors,
    path: &Path,
    args: &NewArgs,
    context: &Context,
) -> Errors {
    let cwd = context.working_directory();
    if !matches!(rule_of(path, args, context), Ok(None)) {
        return errors;
    }
    let configs = context.configs(args.sealing.config.clone());
    let config = configs.for_file(path).ok().flatten();
    let (home, known) = match &config {
        Some(config) => (cwd.join(&config.path), recipients(config)),
        None => (cwd.join(".sops.yaml"), Vec::new()),
    };
    let home = placement::clean(home.parent().unwrap_or(cwd));
    let folder = placement::clean(&cwd.join(path));
    let folder = placement::relative(folder.parent().unwrap_or(cwd), &home)
        .display()
        .to_string();
    if folder.starts_with("..") {
        return errors;
    }
    let folder = if folder.is_empty() {
        folder
    } else {
        format!("{folder}/")
    };
    let rule = rule_text(&folder, &known);
    let hint = match config {
        Some(config) => format!(
            "the rule to add to {}: `- {rule}`",
            shown(&config.path, cwd)
        ),
        None => format!("a .sops.yaml that covers it: `creation_rules: [{rule}]`"),
    };
    let errors: Vec<Error> = errors
        .iter()
        .map(|error| error.clone().hint(hint.clone()))
        .collect();
    errors.into()
}

/// A rule on one line, as YAML, for the files of a folder.
fn rule_text(folder: &str, recipients: &[String]) -> String {
    let mut regex = String::new();
    for c in folder.chars() {
        if ".+*?()|[]{}^$\\".contains(c) {
            regex.push('\\');
        }
        regex.push(c);
    }
    let regex = regex.replace('\'', "''");
    let recipients = if recipients.is_empty() {
        "age1...".to_owned()
    } else {
        recipients.join(", ")
    };
    format!(
        "{{path_regex: '{regex}.*\\.yaml$', encrypted_regex: '{SECRET_VALUES}', age: [{recipients}]}}"
    )
}

/// The recipients of the first rule that has some.
fn recipients(config: &Config) -> Vec<String> {
    let groups = config
        .rules()
        .iter()
        .map(|rule| rule.groups.iter().flat_map(|group| &group.age));
    let mut texts = groups.map(|age| {
        age.map(|recipient| recipient.text().to_owned())
            .collect::<Vec<_>>()
    });
    texts.find(|texts| !texts.is_empty()).unwrap_or_default()
}
