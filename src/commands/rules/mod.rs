//! `secrets rules`: what the creation rules of `.sops.yaml` decide, and why.

pub(crate) mod explain;
pub(crate) mod list;

use secrets::sops::config::CreationRule;
use secrets::sops::policy::{Overrides, SealPolicy};
use secrets::sops::selector::Selector;
use secrets::{Error, Kind};
use serde_json::{Map, Value, json};

use super::{Errors, Exit};
use crate::context::Context;

/// The version of the JSON that these commands write. Keys may be added within a version.
const VERSION: u32 = 1;

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Tell which rule a path gets, why, and what it means
    ///
    /// Exits with 1 if a path has no rule. In the JSON rules count from 0, and `recipients` holds the
    /// age recipients of all key groups.
    Explain(explain::Args),
    /// Tell which files each rule covers, and which rules cover none
    ///
    /// Looks at the files that Git tracks or would track below the folder of the configuration, and at
    /// all files there outside of Git. A rule that covers no file is dead (it matches none), shadowed
    /// (earlier rules take all that it matches) or unreachable (an earlier rule is for every file); the
    /// exit code is 0 all the same, since a rule may wait for its files.
    List(list::Args),
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AnswerFormat {
    /// For people
    #[default]
    Plain,
    /// For programs
    Json,
}

/// Runs a command.
///
/// # Errors
/// See [`explain::run`] and [`list::run`].
pub(crate) fn run(command: Command, context: &Context) -> Result<Exit, Errors> {
    match command {
        Command::Explain(args) => explain::run(&args, context),
        Command::List(args) => list::run(&args, context),
    }
}

/// What a rule means for a file it is for.
struct Meaning {
    selector: Selector,
    /// No rule says what is encrypted, so SOPS' default applies.
    is_default: bool,
    /// How many groups it takes to open the file; `None` for one group.
    threshold: Option<usize>,
    /// Why this program cannot seal by this rule.
    problem: Option<Error>,
}

impl Meaning {
    fn of(rule: &CreationRule) -> Self {
        let policy = SealPolicy::from_rule(rule, &Overrides::default());
        let threshold = match (rule.groups.len(), rule.shamir_threshold) {
            (0 | 1, _) => None,
            (groups, 0) => Some(groups),
            (_, threshold) => Some(threshold),
        };
        Meaning {
            selector: rule.selector.clone().unwrap_or_default(),
            is_default: rule.selector.is_none(),
            threshold,
            problem: policy.err(),
        }
    }

    /// The keys that both commands write for a rule.
    fn to_json(&self, rule: &CreationRule) -> Map<String, Value> {
        let recipients = rule.groups.iter().flat_map(|group| &group.age);
        let recipients: Vec<&str> = recipients.map(|recipient| recipient.text()).collect();
        let groups = rule.groups.iter().map(|group| {
            let age: Vec<&str> = group.age.iter().map(|key| key.text()).collect();
            let others: Vec<String> = group.others.iter().map(ToString::to_string).collect();
            json!({ "age": age, "others": others })
        });
        let mut map = Map::new();
        map.insert("line".into(), rule.place.line.into());
        map.insert("path_regex".into(), path_regex(rule).into());
        map.insert(
            "selector".into(),
            json!({ self.selector.kind().name(): self.selector.value() }),
        );
        map.insert("selector_is_default".into(), self.is_default.into());
        map.insert("recipients".into(), recipients.into());
        map.insert("groups".into(), groups.collect());
        map.insert("threshold".into(), self.threshold.into());
        map.insert("mac_only_encrypted".into(), rule.mac_only_encrypted.into());
        let problem = self.problem.as_ref().map(ToString::to_string);
        map.insert("problem".into(), problem.into());
        map
    }
}

fn path_regex(rule: &CreationRule) -> Option<&str> {
    rule.path_regex.as_ref().map(|path| path.regex.as_str())
}

/// `rule 2 (line 14)`: people count from 1.
fn rule_name(index: usize, rule: &CreationRule) -> String {
    format!(
        "rule {} (line {})",
        index.saturating_add(1),
        rule.place.line
    )
}

fn write_json(value: &Value, context: &Context) -> Result<(), Error> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| {
        Error::new(Kind::Io, "cannot write the answer").because(error.to_string())
    })?;
    text.push('\n');
    context.ui().data(text.as_bytes())
}
