//! The configurations of a repository, and which rule covers which path. Nothing here touches the
//! file system: a path of a commit from last year is matched as one of today.

use std::path::Path;

use foldhash::{HashMap, HashSet};

use super::keys::{Key, keys_of_rule};
use crate::sops::config::{Config, CreationRule, FILE_NAME};
use crate::sops::rule_path::{PathStyle, RulePath};
use crate::sops::selector::Selector;

/// The configurations of a repository.
#[derive(Debug, Default)]
pub struct Rules {
    configs: Vec<Governing>,
    /// The configuration in each folder that has one.
    by_folder: HashMap<String, usize>,
    /// Files are relative to this absolute path, and one configuration governs all of them.
    root: Option<String>,
    /// Every key that any rule names.
    known: HashSet<Key>,
    /// These are asked where no rule covers a path.
    also: Option<Box<Rules>>,
}

/// A configuration that governs a folder and what is below it.
#[derive(Debug)]
pub(super) struct Governing {
    /// The path in the repository.
    pub(super) path: String,
    folder: String,
    pub(super) text: Vec<u8>,
    state: Result<Config, String>,
    /// For each rule what follows from it.
    pub(super) terms: Vec<Terms>,
}

/// What follows from a rule.
#[derive(Debug)]
pub(super) struct Terms {
    /// What it encrypts: its selector, or the default one.
    pub(super) selector: Selector,
    /// Its keys, group by group.
    pub(super) groups: Vec<Vec<Key>>,
    pub(super) breadth: Breadth,
}

/// How much a rule says about a file that it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Breadth {
    /// Its expression names secrets (`secret`, `sops`, `.enc.`) or one file.
    Secrets,
    /// It names a folder or some files.
    Folder,
    /// It covers every file, or every file of a type.
    Everything,
}

/// What the configurations say of a path.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cover<'r> {
    /// No rule covers it.
    Nothing,
    /// A rule does.
    Rule(Ruled<'r>),
    /// The configuration cannot be read: its path, and why.
    Broken(&'r str, &'r str),
}

/// A rule and where it is from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ruled<'r> {
    pub(super) config: &'r Governing,
    pub(super) rule: &'r CreationRule,
    pub(super) terms: &'r Terms,
}

impl Ruled<'_> {
    /// `.sops.yaml:3`
    pub(super) fn name(&self) -> String {
        self.config.name_of(self.rule)
    }

    /// The rule is for one file: its expression ends in a folder and a whole name.
    pub(super) fn is_for_one_file(&self) -> bool {
        let regex = self.rule.path_regex.as_ref();
        regex.is_some_and(|path_regex| {
            let text = path_regex.regex.as_str();
            let name = text.rsplit(['/', '^']).next().unwrap_or_default();
            is_one_file(text)
                && name.len() < text.len()
                && name.contains('.')
                && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        })
    }
}

impl Governing {
    fn new(path: String, text: Vec<u8>) -> Self {
        let state = Config::load(Path::new(&path), &text).map_err(|errors| in_words(&errors));
        let rules = state.as_ref().map(Config::rules).unwrap_or_default();
        let terms = rules.iter().map(terms).collect();
        let folder = match path.rsplit_once('/') {
            Some((folder, _)) => folder.to_owned(),
            None => String::new(),
        };
        Governing {
            path,
            folder,
            text,
            state,
            terms,
        }
    }

    /// The rules; none if it is broken.
    pub(super) fn rules(&self) -> &[CreationRule] {
        self.state.as_ref().map(Config::rules).unwrap_or_default()
    }

    /// `.sops.yaml:3`
    pub(super) fn name_of(&self, rule: &CreationRule) -> String {
        format!("{}:{}", self.path, rule.place.line)
    }
}

/// The first error and its place: what a reader needs to find it.
fn in_words(errors: &[crate::error::Error]) -> String {
    let Some(first) = errors.first() else {
        return "it cannot be read".to_owned();
    };
    let mut words = match first.place() {
        Some(place) => format!("line {}: {}", place.line, first.message()),
        None => first.message().to_owned(),
    };
    if let Some(reason) = first.reason() {
        words.push_str(&format!(" ({reason})"));
    }
    if errors.len() > 1 {
        words.push_str(&format!(", and {} more", errors.len() - 1));
    }
    words
}

fn terms(rule: &CreationRule) -> Terms {
    Terms {
        selector: rule.selector.clone().unwrap_or_default(),
        groups: keys_of_rule(rule),
        breadth: breadth(rule),
    }
}

/// Words in an expression that say: here are secrets.
const SECRET_WORDS: [&str; 12] = [
    "secret", "sops", "enc", "cred", "priv", "pass", "token", "vault", "key", "cert", ".env", "tls",
];

fn breadth(rule: &CreationRule) -> Breadth {
    let Some(path_regex) = &rule.path_regex else {
        return Breadth::Everything;
    };
    // Names that say nothing: an expression that matches them does not look at names.
    let probes = ["q/q/q.yaml", "q/q/q.yml", "q/q/q.json", "q/q/q.txt"];
    if probes.iter().any(|path| path_regex.regex.is_match(path)) {
        return Breadth::Everything;
    }
    let words = path_regex.regex.as_str().to_ascii_lowercase();
    if is_one_file(&words) || SECRET_WORDS.iter().any(|word| words.contains(word)) {
        Breadth::Secrets
    } else {
        Breadth::Folder
    }
}

/// Nothing in the expression stands for more than one text.
fn is_one_file(expression: &str) -> bool {
    !expression.contains(['*', '+', '[', '{'])
}

impl Rules {
    /// Reads the configurations: path in the repository and text of every `.sops.yaml`.
    pub fn new(configs: Vec<(String, Vec<u8>)>) -> Self {
        let mut rules = Rules::default();
        for (path, text) in configs {
            rules.add(path, text);
        }
        rules
    }

    /// One configuration for every file, as with `--config FILE`.
    ///
    /// `path` is that of the configuration, absolute or relative to `root`, the absolute path of the
    /// repository: a rule is matched against the path relative to the configuration's folder, or
    /// against the absolute path of a file that is not below it, as in SOPS.
    pub fn with_explicit(path: &str, text: Vec<u8>, root: &str) -> Self {
        let mut rules = Rules {
            root: Some(root.to_owned()),
            ..Rules::default()
        };
        rules.add(path.to_owned(), text);
        rules
    }

    /// With further configurations, whose rules cover what these leave open: rules can be added where
    /// nobody may take any away.
    pub fn or(mut self, other: Rules) -> Self {
        if other.configs.is_empty() && other.also.is_none() {
            return self;
        }
        self.also = Some(Box::new(match self.also.take() {
            Some(also) => also.or(other),
            None => other,
        }));
        self
    }

    fn add(&mut self, path: String, text: Vec<u8>) {
        let config = Governing::new(path, text);
        let keys = config.terms.iter().flat_map(|terms| &terms.groups);
        self.known.extend(keys.flatten().cloned());
        self.by_folder
            .insert(config.folder.clone(), self.configs.len());
        self.configs.push(config);
    }

    /// The rule that covers a path, as `.sops.yaml:LINE`, whatever the file holds.
    #[cfg(test)]
    pub(super) fn covering(&self, path: &str) -> Option<String> {
        match self.cover(path) {
            Cover::Rule(ruled) => Some(ruled.name()),
            _ => None,
        }
    }

    /// Whether a rule covers a path.
    pub fn covers(&self, path: &str) -> bool {
        matches!(self.cover(path), Cover::Rule(_))
    }

    /// Configurations with errors, which leave it open what they cover: path and why, in words.
    pub fn broken(&self) -> Vec<(String, String)> {
        let broken = self.configs.iter().filter_map(|config| {
            let why = config.state.as_ref().err()?;
            Some((config.path.clone(), why.clone()))
        });
        let also = self.also.iter().flat_map(|also| also.broken());
        broken.chain(also).collect()
    }

    /// Whether some rule of some configuration names the key.
    pub(super) fn names(&self, key: &Key) -> bool {
        self.known.contains(key) || self.also.as_ref().is_some_and(|also| also.names(key))
    }

    pub(super) fn configs(&self) -> &[Governing] {
        &self.configs
    }

    pub(super) fn cover(&self, path: &str) -> Cover<'_> {
        match (self.cover_alone(path), &self.also) {
            (Cover::Nothing, Some(also)) => also.cover(path),
            (cover, _) => cover,
        }
    }

    fn cover_alone(&self, path: &str) -> Cover<'_> {
        let Some(config) = self.governing(path) else {
            return Cover::Nothing;
        };
        if let Err(why) = &config.state {
            return Cover::Broken(&config.path, why);
        }
        let text = self.rule_path(config, path);
        let mut rules = config.rules().iter().zip(&config.terms);
        match rules.find(|(rule, _)| rule.covers(&text)) {
            Some((rule, terms)) => Cover::Rule(Ruled {
                config,
                rule,
                terms,
            }),
            None => Cover::Nothing,
        }
    }

    /// The configuration that is asked about a path: the nearest one above it. None for the
    /// configurations themselves.
    pub(super) fn governing(&self, path: &str) -> Option<&Governing> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name == FILE_NAME {
            return None;
        }
        if self.root.is_some() {
            return self.configs.first().filter(|config| config.path != path);
        }
        let mut folder = path;
        loop {
            folder = folder.rfind('/').map_or("", |at| &folder[..at]);
            if let Some(&number) = self.by_folder.get(folder) {
                return self.configs.get(number);
            }
            if folder.is_empty() {
                return None;
            }
        }
    }

    /// What the rules of a configuration are matched against.
    pub(super) fn rule_path(&self, config: &Governing, path: &str) -> RulePath {
        let style = PathStyle::NATIVE;
        if let Some(root) = &self.root {
            let folder = match config.folder.as_str() {
                "" if config.path.starts_with('/') => "/",
                "" => ".",
                folder => folder,
            };
            return RulePath::new(style, root, folder, path);
        }
        let below = match config.folder.as_str() {
            "" => Some(path),
            folder => path
                .strip_prefix(folder)
                .and_then(|rest| rest.strip_prefix('/')),
        };
        match below {
            Some(path) if is_tidy(path) => RulePath::relative(style, path),
            _ => RulePath::new(
                style,
                "/repository",
                &format!("/repository/{}", config.folder),
                &format!("/repository/{path}"),
            ),
        }
    }
}

/// There is nothing in the path that SOPS would take out of it.
fn is_tidy(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}
