//! The rules themselves: SEC008 and SEC010 to SEC013.

use std::ops::Range;

use foldhash::HashMap;
use rayon::prelude::*;

use super::super::checks::{
    DEAD_RULE, OVERLAPPING_RULES, SHADOWED_RULE, SINGLE_RECIPIENT, UNANCHORED_SELECTOR,
};
use super::super::finding::{Hit, Severity};
use super::super::subject::Parsed;
use super::drift::setting;
use super::room::shown;
use super::rules::{Governing, Rules};
use crate::document::Format;
use crate::document::tree::NodeId;
use crate::sops::config::CreationRule;
use crate::sops::selector::SelectorKind;

/// Looks at the rules themselves, given the paths of all files: for each configuration its path and
/// what was found in its text.
pub fn check_rules(rules: &Rules, paths: &[String]) -> Vec<(String, Vec<Hit>)> {
    let usage = Usage::of(rules, paths);
    let configs = rules.configs().iter().zip(usage);
    let checked = configs.map(|(config, usage)| {
        let mut hits = Vec::new();
        let text = String::from_utf8_lossy(&config.text);
        let places = Places::of(&text, &config.text);
        for (number, rule) in config.rules().iter().enumerate() {
            single_recipient(config, number, rule, &places, &mut hits);
            unanchored(config, number, rule, &places, &mut hits);
            idle(config, number, rule, &usage, &places, &mut hits);
        }
        overlaps(config, &usage, paths, &places, &mut hits);
        (config.path.clone(), hits)
    });
    checked.filter(|(_, hits)| !hits.is_empty()).collect()
}

/// Which rules of a configuration match which files.
#[derive(Default)]
struct Usage {
    /// For each rule, how many files it is the first to match.
    covered: Vec<usize>,
    /// For each rule, the earlier ones that took files from it.
    taken_by: Vec<Vec<usize>>,
    /// Two rules that match the same file, the one that takes it first, and the first such file.
    pairs: HashMap<(usize, usize), usize>,
}

impl Usage {
    /// For each configuration.
    fn of(rules: &Rules, paths: &[String]) -> Vec<Usage> {
        let configs = rules.configs();
        let new = |config: &Governing| Usage {
            covered: vec![0; config.rules().len()],
            taken_by: vec![Vec::new(); config.rules().len()],
            pairs: HashMap::default(),
        };
        let mut usages: Vec<Usage> = configs.iter().map(new).collect();
        // Per file: its configuration, and the rules that match it.
        let matches: Vec<Option<(usize, Vec<usize>)>> = paths
            .par_iter()
            .with_min_len(256)
            .map(|path| {
                let config = rules.governing(path)?;
                let index = configs
                    .iter()
                    .position(|other| std::ptr::eq(other, config))?;
                let text = rules.rule_path(config, path);
                let all = config.rules().iter().enumerate();
                let matching = all.filter(|(_, rule)| rule.covers(&text));
                Some((index, matching.map(|(number, _)| number).collect()))
            })
            .collect();
        for (number, (index, matching)) in matches
            .into_iter()
            .enumerate()
            .filter_map(|(number, found)| Some((number, found?)))
        {
            let Some(usage) = usages.get_mut(index) else {
                continue;
            };
            let Some((&first, later)) = matching.split_first() else {
                continue;
            };
            if let Some(count) = usage.covered.get_mut(first) {
                *count += 1;
            }
            for &later in later {
                usage.pairs.entry((first, later)).or_insert(number);
                if let Some(takers) = usage.taken_by.get_mut(later)
                    && !takers.contains(&first)
                {
                    takers.push(first);
                }
            }
        }
        usages
    }
}

/// Where the rules stand in the text of their configuration.
struct Places<'t> {
    text: &'t str,
    parsed: Option<Parsed<'t>>,
}

impl<'t> Places<'t> {
    fn of(text: &'t str, bytes: &'t [u8]) -> Self {
        Places {
            text,
            parsed: Parsed::new(bytes, Format::Yaml),
        }
    }

    /// The first line of a rule.
    fn rule(&self, rule: &CreationRule) -> Range<usize> {
        let start = offset_of(self.text, rule.place.line, rule.place.column).unwrap_or(0);
        let rest = self.text.get(start..).unwrap_or("");
        let line = rest.lines().next().unwrap_or("");
        start..start + line.trim_end().len()
    }

    /// The value of a setting of a rule, or the rule's first line.
    fn setting(&self, rule: &CreationRule, name: &str) -> Range<usize> {
        let whole = self.rule(rule);
        self.find_setting(&whole, name).unwrap_or(whole)
    }

    fn find_setting(&self, rule: &Range<usize>, name: &str) -> Option<Range<usize>> {
        let parsed = self.parsed.as_ref()?;
        let document = parsed.documents.first()?;
        let list: NodeId = parsed.at(document, &["creation_rules"])?;
        let mut rules = document.children(list);
        let node = rules.find(|node| document.span(*node).start == rule.start)?;
        let value = parsed.get(document, node, name)?;
        Some(document.span(value))
    }
}

/// The byte at a line and a column, both from 1, columns in characters.
pub(super) fn offset_of(text: &str, line: usize, column: usize) -> Option<usize> {
    let start = match line.checked_sub(2) {
        None => text.len() - text.trim_start_matches('\u{feff}').len(),
        Some(breaks) => text.match_indices('\n').nth(breaks)?.0 + 1,
    };
    let rest = text.get(start..)?;
    let mut characters = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    Some(start + characters.nth(column.checked_sub(1)?)?)
}

/// What the fingerprint of a finding about a rule covers, and how it is called: not its number, which
/// changes when a rule is added before it.
fn identity(rule: &CreationRule) -> &str {
    let path_regex = rule.path_regex.as_ref();
    path_regex.map_or("", |path_regex| path_regex.regex.as_str())
}

fn named(rule: &CreationRule) -> String {
    match &rule.path_regex {
        Some(path_regex) => format!("the rule for `{}`", shown(path_regex.regex.as_str())),
        None => "the rule for every file".to_owned(),
    }
}

const KEY_PATH: &str = "creation_rules";

fn single_recipient(
    config: &Governing,
    number: usize,
    rule: &CreationRule,
    places: &Places<'_>,
    hits: &mut Vec<Hit>,
) {
    let groups = config
        .terms
        .get(number)
        .map(|terms| terms.groups.as_slice());
    if let Some([group]) = groups
        && let [key] = group.as_slice()
    {
        let message = format!("{} seals for {} alone", named(rule), key.shown());
        let hit = Hit::new(&SINGLE_RECIPIENT, places.rule(rule), message);
        hits.push(hit.at(KEY_PATH).of(identity(rule).as_bytes()));
    }
}

fn unanchored(
    config: &Governing,
    number: usize,
    rule: &CreationRule,
    places: &Places<'_>,
    hits: &mut Vec<Hit>,
) {
    let Some(selector) = config.terms.get(number).map(|terms| &terms.selector) else {
        return;
    };
    let looks_at_keys = matches!(
        selector.kind(),
        SelectorKind::EncryptedRegex | SelectorKind::UnencryptedRegex
    );
    let Some(regex) = selector.regex().filter(|_| looks_at_keys) else {
        return;
    };
    if regex.is_anchored_start() && regex.is_anchored_end() {
        return;
    }
    let span = places.setting(rule, selector.kind().name());
    let harmful: Vec<&str> = ["apiVersion", "kind", "metadata"]
        .into_iter()
        .filter(|key| regex.is_match(key))
        .collect();
    let is_harmful = selector.kind() == SelectorKind::EncryptedRegex && !harmful.is_empty();
    let (message, severity) = match is_harmful {
        true => (
            format!(
                "{} is not anchored, so it also encrypts {}",
                setting(selector),
                harmful
                    .iter()
                    .map(|key| format!("`{key}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            UNANCHORED_SELECTOR.severity,
        ),
        false => (
            format!(
                "{} is not anchored, so it matches longer keys as well",
                setting(selector)
            ),
            Severity::Info,
        ),
    };
    let hit = Hit::new(&UNANCHORED_SELECTOR, span, message).severity(severity);
    let identity = format!("{}\0{}", identity(rule), selector.value());
    hits.push(hit.at(KEY_PATH).of(identity.as_bytes()));
}

fn idle(
    config: &Governing,
    number: usize,
    rule: &CreationRule,
    usage: &Usage,
    places: &Places<'_>,
    hits: &mut Vec<Hit>,
) {
    if usage.covered.get(number).is_none_or(|count| *count > 0) {
        return;
    }
    let before = || config.rules().iter().take(number);
    let catch_all = before().find(|rule| rule.path_regex.is_none());
    let takers = usage
        .taken_by
        .get(number)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let (check, message) = if let Some(earlier) = catch_all {
        let message = format!(
            "{} is never used: the rule at {} has no path_regex, so it takes every file",
            named(rule),
            config.name_of(earlier)
        );
        (&SHADOWED_RULE, message)
    } else if takers.is_empty() {
        let message = format!("{} covers no file", named(rule));
        (&DEAD_RULE, message)
    } else {
        let mut takers: Vec<usize> = takers.to_vec();
        takers.sort_unstable();
        let names = takers
            .iter()
            .filter_map(|number| config.rules().get(*number));
        let names: Vec<String> = names.map(|rule| config.name_of(rule)).collect();
        let message = format!(
            "{} is never used: {} takes every file that it matches",
            named(rule),
            names.join(", ")
        );
        (&SHADOWED_RULE, message)
    };
    let hit = Hit::new(check, places.rule(rule), message);
    hits.push(hit.at(KEY_PATH).of(identity(rule).as_bytes()));
}

fn overlaps(
    config: &Governing,
    usage: &Usage,
    paths: &[String],
    places: &Places<'_>,
    hits: &mut Vec<Hit>,
) {
    let mut pairs: Vec<(&(usize, usize), &usize)> = usage.pairs.iter().collect();
    pairs.sort_unstable();
    for (&(first, later), example) in pairs {
        let (Some(earlier), Some(rule)) = (config.rules().get(first), config.rules().get(later))
        else {
            continue;
        };
        // A last rule for everything else is what it says, and one that is never used is SEC012.
        let is_idle = usage.covered.get(later).is_none_or(|count| *count == 0);
        if rule.path_regex.is_none() || is_idle || !differ(config, first, later) {
            continue;
        }
        let example = paths.get(*example).map_or("", String::as_str);
        let message = format!(
            "{} also matches files of the rule at {}, which comes first: `{}`",
            named(rule),
            config.name_of(earlier),
            shown(example)
        );
        let identity = format!("{}\0{}", identity(earlier), identity(rule));
        let hit = Hit::new(&OVERLAPPING_RULES, places.rule(rule), message);
        hits.push(hit.at(KEY_PATH).of(identity.as_bytes()));
    }
}

/// It matters which of the two rules a file gets.
fn differ(config: &Governing, one: usize, other: usize) -> bool {
    let terms = |number: usize| config.terms.get(number);
    let rule = |number: usize| config.rules().get(number);
    let (Some(a), Some(b)) = (terms(one), terms(other)) else {
        return false;
    };
    let settings =
        |number: usize| rule(number).map(|rule| (rule.shamir_threshold, rule.mac_only_encrypted));
    a.selector != b.selector || a.groups != b.groups || settings(one) != settings(other)
}
