//! How a file is to be sealed: what is encrypted, for whom, and how many groups it takes.

use super::config::{CreationRule, KeyGroup};
use super::selector::Selector;
use crate::error::{Error, Kind, Place, Result};
use crate::keys::Recipient;

/// What the command line says; it has precedence over the rule, setting by setting.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// What is encrypted.
    pub selector: Option<Selector>,
    /// The MAC covers encrypted values only; cannot be switched off for a rule that says so.
    pub mac_only_encrypted: bool,
    /// Recipients in the place of all keys of the rule.
    pub recipients: Vec<Recipient>,
    /// How many groups are needed; 0 leaves it to the rule.
    pub shamir_threshold: usize,
}

/// Everything that decides how a file is sealed, checked.
#[derive(Clone, Debug)]
pub struct SealPolicy {
    /// What is encrypted.
    pub selector: Selector,
    /// The MAC covers encrypted values only.
    pub mac_only_encrypted: bool,
    /// For whom: at least one group, each with at least one age recipient and no other key.
    pub groups: Vec<KeyGroup>,
    /// How many groups are needed: as written, with 0 for all; without effect for one group.
    pub shamir_threshold: usize,
}

impl SealPolicy {
    /// The policy of a creation rule.
    ///
    /// # Errors
    /// Of kind [`Kind::Config`]: no recipient, an empty key group, a threshold that the groups cannot
    /// meet, keys that this program cannot wrap for, and a selector of the command line beside another
    /// one of the rule.
    pub fn from_rule(rule: &CreationRule, overrides: &Overrides) -> Result<Self> {
        let selector = match (&overrides.selector, &rule.selector) {
            (Some(given), Some(ruled)) if given.kind() != ruled.kind() => {
                return Err(two_selectors(given, ruled, &rule.place));
            }
            (Some(selector), _) | (None, Some(selector)) => selector.clone(),
            (None, None) => Selector::default(),
        };
        let groups = if overrides.recipients.is_empty() {
            rule.groups.clone()
        } else {
            vec![group_of(overrides.recipients.clone())]
        };
        let threshold = match overrides.shamir_threshold {
            0 => rule.shamir_threshold,
            threshold => threshold,
        };
        let policy = SealPolicy {
            selector,
            mac_only_encrypted: overrides.mac_only_encrypted || rule.mac_only_encrypted,
            groups,
            shamir_threshold: threshold,
        };
        policy.check(Some(&rule.place))?;
        Ok(policy)
    }

    /// The policy without a configuration: recipients from the command line in one group.
    ///
    /// # Errors
    /// Of kind [`Kind::Config`] if there is no recipient.
    pub fn from_recipients(overrides: &Overrides) -> Result<Self> {
        if overrides.recipients.is_empty() {
            return Err(Error::new(Kind::Config, "there is no recipient")
                .because("no configuration was found, and the command line names none")
                .hint("add a .sops.yaml, or name a recipient with `--age`"));
        }
        let policy = SealPolicy {
            selector: overrides.selector.clone().unwrap_or_default(),
            mac_only_encrypted: overrides.mac_only_encrypted,
            groups: vec![group_of(overrides.recipients.clone())],
            shamir_threshold: overrides.shamir_threshold,
        };
        policy.check(None)?;
        Ok(policy)
    }

    /// How many groups it takes to decrypt, for as many groups as there are; `None` for one group,
    /// whose keys wrap the data key itself.
    pub fn shares_needed(&self) -> Option<usize> {
        match (self.groups.len(), self.shamir_threshold) {
            (0 | 1, _) => None,
            (groups, 0) => Some(groups),
            (_, threshold) => Some(threshold),
        }
    }

    /// What SOPS checks when it wraps the data key, before anything is encrypted.
    fn check(&self, rule: Option<&Place>) -> Result<()> {
        let at = |error: Error, place: Option<&Place>| match place {
            Some(place) => error.at(place.clone()),
            None => error,
        };
        let count = self.groups.len();
        if self.groups.iter().all(KeyGroup::is_empty) {
            let error = Error::new(Kind::Config, "the rule names no recipient")
                .hint("add `age:` with a list of recipients to the rule, or use `--age`");
            return Err(at(error, rule));
        }
        if let Some(empty) = self.groups.iter().find(|group| group.is_empty()) {
            let error = Error::new(Kind::Config, "empty key group provided")
                .because(
                    "every key group gets a share of the data key, and nobody could open this one",
                )
                .hint("fill it in or remove it");
            return Err(at(error, empty.place.as_ref()));
        }
        if count > 1 && self.shamir_threshold != 0 && !(2..=count).contains(&self.shamir_threshold)
        {
            let threshold = self.shamir_threshold;
            let error = Error::new(Kind::Config, format!("the threshold cannot be {threshold}"))
                .because(format!("there are {count} key groups"))
                .hint(format!("use 2 to {count}, or 0 for all of them"));
            return Err(at(error, rule));
        }
        let foreign: Vec<_> = self.groups.iter().flat_map(|group| &group.others).collect();
        if let Some(first) = foreign.first() {
            let mut kinds: Vec<&str> = foreign.iter().map(|key| key.kind.name()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            let kinds = kinds.join(", ");
            let error = Error::new(
                Kind::Config,
                format!("the rule needs keys of other kinds: {kinds}"),
            )
            .because("this program wraps data keys for age recipients only")
            .hint("let `sops` encrypt this file, or replace these keys by age recipients");
            return Err(at(error, Some(&first.place)));
        }
        Ok(())
    }
}

fn group_of(age: Vec<Recipient>) -> KeyGroup {
    KeyGroup {
        place: None,
        age,
        others: Vec::new(),
    }
}

fn two_selectors(given: &Selector, ruled: &Selector, place: &Place) -> Error {
    let (given, ruled) = (given.kind().name(), ruled.kind().name());
    Error::new(
        Kind::Config,
        format!("`{given}` from the command line and `{ruled}` of the rule exclude each other"),
    )
    .at(place.clone())
    .because("one setting decides which values are encrypted")
    .hint(format!(
        "leave it to the rule, or give `{ruled}` another value"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::path::Path;

    use super::*;
    use crate::sops::config::Config;
    use crate::sops::selector::SelectorParts;

    const LIST: &str = include_str!("../../testdata/keys/recipients.txt");

    fn recipient(name: &str) -> &'static str {
        LIST.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .unwrap()
    }

    fn rule(text: &str) -> CreationRule {
        let text = text
            .replace("{alice}", recipient("alice"))
            .replace("{bob}", recipient("bob"));
        let text = format!("creation_rules:\n  - path_regex: x\n{text}");
        let config = Config::load(Path::new("c"), text.as_bytes()).unwrap();
        config.creation_rules.unwrap().remove(0)
    }

    fn suffix(value: &str) -> Selector {
        let parts = SelectorParts {
            encrypted_suffix: Some(value),
            ..SelectorParts::default()
        };
        Selector::from_parts(parts).unwrap()
    }

    #[test]
    fn a_rule_and_its_defaults() {
        let policy = SealPolicy::from_rule(&rule("    age: {alice}\n"), &Overrides::default());
        let policy = policy.unwrap();
        assert_eq!(policy.selector, Selector::default());
        assert_eq!(policy.groups[0].age[0].text(), recipient("alice"));
        assert_eq!(policy.shares_needed(), None);
        assert!(!policy.mac_only_encrypted);
    }

    #[test]
    fn the_command_line_has_precedence_setting_by_setting() {
        let rule =
            rule("    age: {alice}\n    encrypted_suffix: _a\n    mac_only_encrypted: true\n");
        let overrides = Overrides {
            selector: Some(suffix("_b")),
            recipients: vec![Recipient::parse(recipient("bob")).unwrap()],
            ..Overrides::default()
        };
        let policy = SealPolicy::from_rule(&rule, &overrides).unwrap();
        assert_eq!(policy.selector.value(), "_b");
        assert!(policy.mac_only_encrypted);
        assert_eq!(policy.groups.len(), 1);
        assert_eq!(policy.groups[0].age[0].text(), recipient("bob"));
        let alone = SealPolicy::from_recipients(&overrides).unwrap();
        assert_eq!(alone.selector.value(), "_b");
        assert!(!alone.mac_only_encrypted);
    }

    #[test]
    fn thresholds() {
        let groups = "    key_groups: [{age: ['{alice}']}, {age: ['{bob}']}, {age: ['{bob}']}]\n";
        for (threshold, needed) in [(0, Some(3)), (2, Some(2)), (3, Some(3))] {
            let rule = rule(&format!("{groups}    shamir_threshold: {threshold}\n"));
            let policy = SealPolicy::from_rule(&rule, &Overrides::default()).unwrap();
            assert_eq!(policy.shamir_threshold, threshold);
            assert_eq!(policy.shares_needed(), needed);
        }
        for threshold in [1, 4] {
            let overrides = Overrides {
                shamir_threshold: threshold,
                ..Overrides::default()
            };
            let error = SealPolicy::from_rule(&rule(groups), &overrides).unwrap_err();
            assert_eq!(
                error.message(),
                format!("the threshold cannot be {threshold}")
            );
            assert_eq!(error.reason(), Some("there are 3 key groups"));
            assert_eq!(error.hints(), ["use 2 to 3, or 0 for all of them"]);
            assert_eq!(error.place().unwrap().line, 2);
        }
    }

    #[test]
    fn refusals() {
        let table = [
            (
                "    encrypted_suffix: x\n",
                "2:5",
                "the rule names no recipient",
                "--age",
            ),
            (
                "    key_groups:\n      - age: ['{alice}']\n      - age: []\n",
                "5:9",
                "empty key group provided",
                "fill it in",
            ),
            (
                "    age: {alice}\n    pgp: AA\n    kms: arn:b\n",
                "4:10",
                "the rule needs keys of other kinds: kms, pgp",
                "let `sops` encrypt",
            ),
        ];
        for (text, place, message, hint) in table {
            let error = SealPolicy::from_rule(&rule(text), &Overrides::default()).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            assert_eq!(error.message(), message);
            let found = error.place().unwrap();
            assert_eq!(format!("{}:{}", found.line, found.column), place, "{text}");
            assert_eq!(found.file.as_deref(), Some("c"));
            assert!(found.source_line.is_some());
            assert!(error.hints()[0].contains(hint), "{text}");
        }
        let rule = rule("    age: {alice}\n    encrypted_regex: x\n");
        let overrides = Overrides {
            selector: Some(suffix("_b")),
            ..Overrides::default()
        };
        let error = SealPolicy::from_rule(&rule, &overrides).unwrap_err();
        assert_eq!(
            error.message(),
            "`encrypted_suffix` from the command line and `encrypted_regex` of the rule exclude each other"
        );
        assert_eq!(error.place().unwrap().line, 2);
        let error = SealPolicy::from_recipients(&Overrides::default()).unwrap_err();
        assert_eq!(error.message(), "there is no recipient");
        assert!(error.place().is_none());
        assert!(error.hints()[0].contains("--age"));
    }
}
