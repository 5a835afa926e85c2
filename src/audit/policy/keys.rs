//! Which key is which, in a rule and in the metadata of a file.

use crate::sops::config::{CreationRule, ForeignKey as RuleKey, ForeignKind as RuleKind};
use crate::sops::metadata::{ForeignKey, ForeignKind, GroupView};

/// A key by its kind and by what identifies it. Two are equal if they are the same key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    kind: &'static str,
    identity: String,
}

impl Key {
    /// An age recipient: of an SSH key without its comment.
    pub(super) fn age(recipient: &str) -> Self {
        let text = recipient.trim();
        let mut words = text.split_ascii_whitespace();
        let identity = match (words.next(), words.next()) {
            (Some(kind), Some(key)) if kind.starts_with("ssh-") => format!("{kind} {key}"),
            _ => text.to_owned(),
        };
        Key {
            kind: "age",
            identity,
        }
    }

    fn of_rule(key: &RuleKey) -> Self {
        let field = |name: &str| {
            let found = key.fields.iter().find(|(field, _)| field == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        // A key that is given as one text has it under the name of its kind.
        let whole = field(key.kind.name());
        let (kind, identity) = match key.kind {
            RuleKind::Pgp => (ForeignKind::Pgp, whole.to_owned()),
            RuleKind::Kms => (ForeignKind::AwsKms, field("arn").to_owned()),
            RuleKind::GcpKms => (
                ForeignKind::GcpKms,
                format!("{whole}{}", field("resource_id")),
            ),
            RuleKind::HcKms => (
                ForeignKind::HuaweiKms,
                format!("{whole}{}", field("key_id")),
            ),
            RuleKind::AzureKeyVault if !whole.is_empty() => {
                (ForeignKind::AzureKeyVault, whole.to_owned())
            }
            RuleKind::AzureKeyVault => (
                ForeignKind::AzureKeyVault,
                azure(field("vaultUrl"), field("key")),
            ),
            RuleKind::HcVault => (ForeignKind::HashiCorpVault, whole.to_owned()),
        };
        Key::foreign(kind, identity)
    }

    fn of_file(key: &ForeignKey) -> Self {
        let identity = match key.kind {
            ForeignKind::AzureKeyVault => azure(key.field("vault_url"), key.field("name")),
            ForeignKind::HashiCorpVault => format!(
                "{}/v1/{}/keys/{}",
                key.field("vault_address").trim_end_matches('/'),
                key.field("engine_path"),
                key.field("key_name")
            ),
            _ => key.identity(),
        };
        Key::foreign(key.kind, identity)
    }

    fn foreign(kind: ForeignKind, identity: String) -> Self {
        let identity = match kind {
            ForeignKind::Pgp => {
                let text: String = identity.split_ascii_whitespace().collect();
                let text = text.strip_prefix("0x").unwrap_or(&text);
                text.to_ascii_uppercase()
            }
            // The version at the end is the service's business: without one SOPS takes the latest.
            ForeignKind::AzureKeyVault => {
                let parts: Vec<&str> = identity.trim_end_matches('/').split('/').collect();
                let keys = parts.iter().position(|part| *part == "keys");
                let named = keys.and_then(|at| parts.get(..at + 2));
                named.map_or_else(|| identity.clone(), |parts| parts.join("/"))
            }
            _ => identity.trim().to_owned(),
        };
        Key {
            kind: kind.title(),
            identity,
        }
    }

    /// The key for a message: public, and shortened if it is long.
    pub(super) fn shown(&self) -> String {
        let identity = crate::keys::shorten(&self.identity);
        match self.kind {
            "age" => format!("the recipient {identity}"),
            kind => format!("the {kind} key {identity}"),
        }
    }

    /// What identifies it.
    pub(super) fn identity(&self) -> &str {
        &self.identity
    }
}

fn azure(vault_url: &str, key: &str) -> String {
    format!("{}/keys/{key}", vault_url.trim_end_matches('/'))
}

/// The keys of a rule, group by group, each key once.
pub(super) fn keys_of_rule(rule: &CreationRule) -> Vec<Vec<Key>> {
    let groups = rule.groups.iter().map(|group| {
        let age = group.age.iter().map(|recipient| Key::age(recipient.text()));
        each_once(age.chain(group.others.iter().map(Key::of_rule)))
    });
    groups.collect()
}

/// The keys of a group of a file, each key once.
pub(super) fn keys_of_group(group: &GroupView<'_>) -> Vec<Key> {
    let age = group.age.iter().map(|entry| Key::age(&entry.recipient));
    each_once(age.chain(group.foreign.iter().map(Key::of_file)))
}

fn each_once(keys: impl Iterator<Item = Key>) -> Vec<Key> {
    let mut keys: Vec<Key> = keys.collect();
    keys.sort();
    keys.dedup();
    keys
}
