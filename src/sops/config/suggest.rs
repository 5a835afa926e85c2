//! The keys that SOPS knows, and what somebody meant who wrote another one.

use super::place::masked;
use crate::error::{Error, Kind};

/// The keys of one kind of mapping.
#[derive(Debug)]
pub(crate) struct Known {
    /// What the mapping is, with its article.
    pub(crate) what: &'static str,
    pub(crate) keys: &'static [&'static str],
}

impl Known {
    pub(crate) fn is_root(&self) -> bool {
        self.what == ROOT.what
    }
}

pub(crate) const ROOT: Known = Known {
    what: "the configuration",
    keys: &["creation_rules", "destination_rules", "stores"],
};
pub(crate) const CREATION_RULE: Known = Known {
    what: "a creation rule",
    keys: &[
        "path_regex",
        "age",
        "pgp",
        "kms",
        "aws_profile",
        "gcp_kms",
        "hckms",
        "azure_keyvault",
        "hc_vault_transit_uri",
        "key_groups",
        "shamir_threshold",
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "unencrypted_comment_regex",
        "encrypted_comment_regex",
        "mac_only_encrypted",
    ],
};
pub(crate) const KEY_GROUP: Known = Known {
    what: "a key group",
    keys: &[
        "merge",
        "age",
        "pgp",
        "kms",
        "gcp_kms",
        "hckms",
        "azure_keyvault",
        "hc_vault",
    ],
};
pub(crate) const KMS: Known = Known {
    what: "a kms key",
    keys: &["arn", "role", "context", "aws_profile"],
};
pub(crate) const GCP_KMS: Known = Known {
    what: "a gcp_kms key",
    keys: &["resource_id"],
};
pub(crate) const HCKMS: Known = Known {
    what: "an hckms key",
    keys: &["key_id"],
};
pub(crate) const AZURE: Known = Known {
    what: "an azure_keyvault key",
    keys: &["vaultUrl", "key", "version"],
};
pub(crate) const DESTINATION_RULE: Known = Known {
    what: "a destination rule",
    keys: &[
        "path_regex",
        "s3_bucket",
        "s3_prefix",
        "gcs_bucket",
        "gcs_prefix",
        "vault_path",
        "vault_address",
        "vault_kv_mount_name",
        "vault_kv_version",
        "recreation_rule",
        "omit_extensions",
    ],
};
pub(crate) const STORES: Known = Known {
    what: "the stores section",
    keys: &["dotenv", "ini", "json", "json_binary", "yaml"],
};
pub(crate) const INDENT: Known = Known {
    what: "a store with an indent",
    keys: &["indent"],
};
pub(crate) const NOTHING: Known = Known {
    what: "a store without settings",
    keys: &[],
};

/// What people write for a key, too far from it for the edit distance.
const ALIASES: &[(&str, &str)] = &[
    ("recipients", "age"),
    ("age_recipients", "age"),
    ("hc_vault", "hc_vault_transit_uri"),
    ("hc_vault_transit_uri", "hc_vault"),
    ("vault", "hc_vault_transit_uri"),
    ("vault", "hc_vault"),
    ("azure_kv", "azure_keyvault"),
    ("path", "path_regex"),
    ("regex", "path_regex"),
    ("threshold", "shamir_threshold"),
    ("shamir_secret_sharing_threshold", "shamir_threshold"),
    ("rules", "creation_rules"),
];

/// The warning about a key that SOPS ignores.
pub(crate) fn unknown_key(name: &str, known: &Known) -> Error {
    let shown: String = masked(name).chars().take(60).collect();
    let warning = Error::new(
        Kind::Config,
        format!("unknown key `{shown}` in {}", known.what),
    )
    .because("`sops` ignores it");
    if let Some(meant) = nearest(name, known.keys) {
        return warning.hint(format!("did you mean `{meant}`?"));
    }
    let home = [&ROOT, &CREATION_RULE, &KEY_GROUP, &DESTINATION_RULE]
        .into_iter()
        .find(|other| other.keys.contains(&name));
    match home {
        Some(home) => warning.hint(format!("`{name}` belongs in {}", home.what)),
        None if known.keys.is_empty() => warning.hint("remove it"),
        None => warning.hint(format!("known here: {}", known.keys.join(", "))),
    }
}

/// The key that was probably meant.
pub(crate) fn nearest(name: &str, keys: &'static [&'static str]) -> Option<&'static str> {
    let name = name
        .trim()
        .to_ascii_lowercase()
        .replace(['-', ' ', '.'], "_");
    let alias = ALIASES
        .iter()
        .find(|(alias, key)| *alias == name && keys.contains(key))
        .map(|(_, key)| *key);
    let near = || {
        keys.iter()
            .map(|key| (distance(&name, &key.to_ascii_lowercase()), *key))
            .filter(|(distance, key)| *distance <= (key.len() / 3).min(3))
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, key)| key)
    };
    alias.or_else(near)
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let a: Vec<char> = a.chars().take(LONGEST).collect();
    let b: Vec<char> = b.chars().take(LONGEST).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let cell = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let change = cell(&last, j) + usize::from(x != y);
            let mut best = change.min(cell(&last, j + 1) + 1).min(cell(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(&y) && b.get(j - 1) == Some(&x);
            if swapped {
                best = best.min(cell(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    cell(&last, b.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("age", "age", 0),
            ("", "age", 3),
            ("agee", "age", 1),
            ("aeg", "age", 1),
            ("encrypted_regx", "encrypted_regex", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn nearest_keys() {
        let rule = CREATION_RULE.keys;
        for (name, meant) in [
            ("encrypted-regex", Some("encrypted_regex")),
            ("encrypted_regx", Some("encrypted_regex")),
            ("encryptedRegex", Some("encrypted_regex")),
            ("Age", Some("age")),
            ("key_group", Some("key_groups")),
            ("keygroups", Some("key_groups")),
            ("shamir_treshold", Some("shamir_threshold")),
            ("recipients", Some("age")),
            ("path", Some("path_regex")),
            ("hc_vault", Some("hc_vault_transit_uri")),
            ("description", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, rule), meant, "{name}");
        }
        assert_eq!(
            nearest("hc_vault_transit_uri", KEY_GROUP.keys),
            Some("hc_vault")
        );
        assert_eq!(nearest("creation_rule", ROOT.keys), Some("creation_rules"));
    }

    #[test]
    fn a_key_from_elsewhere_is_sent_home() {
        let warning = unknown_key("encrypted_regex", &ROOT);
        assert_eq!(
            warning.hints(),
            ["`encrypted_regex` belongs in a creation rule"]
        );
        let warning = unknown_key("zzz", &GCP_KMS);
        assert_eq!(warning.hints(), ["known here: resource_id"]);
    }
}
