//! What a sealed file says of itself against what its rule says now.

use std::ops::Range;

use super::super::checks::{MAC_DRIFT, RECIPIENT_DRIFT, SELECTOR_DRIFT, THRESHOLD_DRIFT};
use super::super::finding::{Hit, Severity};
use super::keys::{Key, keys_of_group};
use super::room::Room;
use super::rules::{Ruled, Rules};
use crate::sops::metadata::Metadata;
use crate::sops::selector::Selector;

/// What is compared.
pub(super) struct Drift<'d> {
    pub(super) metadata: &'d Metadata,
    /// The file's own selector; `None` where SOPS keeps none: in files that it takes for binary.
    pub(super) selector: Option<&'d Selector>,
    /// The two selectors select the same values of this file.
    pub(super) same_leaves: bool,
    /// Where the metadata stands.
    pub(super) block: Range<usize>,
}

impl Drift<'_> {
    /// Compares with a rule. `place_of` finds a text of the metadata.
    pub(super) fn check(
        &self,
        ruled: &Ruled<'_>,
        rules: &Rules,
        place_of: impl Fn(&str) -> Option<Range<usize>>,
        room: &mut Room<'_>,
    ) {
        let name = ruled.name();
        let block = || self.block.clone();
        if let Some(own) = self.selector
            && *own != ruled.terms.selector
        {
            let wanted = &ruled.terms.selector;
            let mut message = format!(
                "the file was sealed with {}, and the rule at {name} says {}",
                setting(own),
                setting(wanted)
            );
            let mut severity = SELECTOR_DRIFT.severity;
            if self.same_leaves {
                message.push_str("; today both select the same values of this file");
                severity = Severity::Low;
            }
            let span = place_of(own.value()).unwrap_or_else(block);
            let hit = Hit::new(&SELECTOR_DRIFT, span, message).severity(severity);
            room.push(hit.at("sops"));
        }
        if self.metadata.mac_only_encrypted != ruled.rule.mac_only_encrypted {
            let (file, rule) = match ruled.rule.mac_only_encrypted {
                true => ("all values", "encrypted values only"),
                false => ("encrypted values only", "all values"),
            };
            let message =
                format!("the MAC of the file covers {file}, and the rule at {name} wants {rule}");
            room.push(Hit::new(&MAC_DRIFT, block(), message).at("sops"));
        }
        let file: Vec<Vec<Key>> = self.metadata.groups().map(|g| keys_of_group(&g)).collect();
        let rule = &ruled.terms.groups;
        // A rule without keys leaves them to the command line.
        if rule.iter().all(Vec::is_empty) {
            return;
        }
        let has = |groups: &[Vec<Key>], key: &Key| groups.iter().any(|group| group.contains(key));
        let mut same_keys = true;
        let mut reported: Vec<&Key> = Vec::new();
        for key in file.iter().flatten().filter(|key| !has(rule, key)) {
            same_keys = false;
            if reported.contains(&key) {
                continue;
            }
            reported.push(key);
            let mut message = format!(
                "{} can open the file, and the rule at {name} does not name it",
                key.shown()
            );
            if !rules.names(key) {
                message.push_str("; it is unknown: no creation rule of this repository names it");
            }
            let span = place_of(key.identity()).unwrap_or_else(block);
            let hit = Hit::new(&RECIPIENT_DRIFT, span, message);
            room.push(hit.at("sops").of(key.identity().as_bytes()));
        }
        for key in rule.iter().flatten().filter(|key| !has(&file, key)) {
            same_keys = false;
            let message = format!(
                "{} is named by the rule at {name} and cannot open the file",
                key.shown()
            );
            let hit = Hit::new(&RECIPIENT_DRIFT, block(), message)
                .severity(Severity::Medium)
                .fix("run `sops updatekeys` on the file");
            room.push(hit.at("sops").of(key.identity().as_bytes()));
        }
        self.threshold(&file, ruled, same_keys, room);
    }

    fn threshold(
        &self,
        file: &[Vec<Key>],
        ruled: &Ruled<'_>,
        same_keys: bool,
        room: &mut Room<'_>,
    ) {
        let (name, rule) = (ruled.name(), &ruled.terms.groups);
        let needed = |groups: usize, threshold: usize| match (groups, threshold) {
            (0 | 1, _) => 1,
            (groups, 0) => groups,
            (_, threshold) => threshold,
        };
        let is = needed(file.len(), self.metadata.shamir_threshold);
        let wanted = needed(rule.len(), ruled.rule.shamir_threshold);
        let message = if file.len() != rule.len() {
            format!(
                "the file has {}, and the rule at {name} has {}",
                groups(file.len()),
                groups(rule.len())
            )
        } else if is != wanted {
            format!(
                "{is} of {} open the file, and the rule at {name} wants {wanted}",
                groups(file.len())
            )
        } else if same_keys && sorted(file) != sorted(rule) {
            format!("the keys of the file are in other key groups than the rule at {name} says")
        } else {
            return;
        };
        room.push(Hit::new(&THRESHOLD_DRIFT, self.block.clone(), message).at("sops"));
    }
}

fn groups(count: usize) -> String {
    match count {
        1 => "1 key group".to_owned(),
        count => format!("{count} key groups"),
    }
}

fn sorted(groups: &[Vec<Key>]) -> Vec<&Vec<Key>> {
    let mut groups: Vec<&Vec<Key>> = groups.iter().collect();
    groups.sort();
    groups
}

/// `encrypted_regex: ^data$`
pub(super) fn setting(selector: &Selector) -> String {
    let value: String = selector.value().chars().take(200).collect();
    format!("`{}: {value}`", selector.kind().name())
}
