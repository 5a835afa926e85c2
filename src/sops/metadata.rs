//! The `sops` block of a document: who can open it, what is sealed, and what proves it.
//!
//! Shape and rules are SOPS' (3.13.3, `stores/stores.go`), including every older shape since 3.8:
//! keys in any order, empty lists, `null`, and booleans and numbers as strings.

mod read;
mod spans;
#[cfg(test)]
mod tests;
mod version;
mod write;

use super::selector::SelectorParts;

pub use spans::{Slot, Spans};
pub use write::{BlockStyle, JsonStyle};

/// The top-level key of the block.
pub const METADATA_KEY: &str = "sops";

/// The key of our own text in the block; SOPS ignores it, and drops it when it writes the file.
pub const LAYOUT_KEY: &str = "secrets_layout";

/// The `sops` block.
///
/// As SOPS does, [`Metadata::read`] leaves exactly one of the six selector settings set, and keys in
/// one place: either in the flat lists or in two or more key groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The flat list of age recipients.
    pub age: Vec<AgeEntry>,
    /// Key groups, between which the data key is split; empty if the lists are flat.
    pub key_groups: Vec<KeyGroup>,
    /// The flat lists of keys that are not age's.
    pub foreign: Vec<ForeignKey>,
    /// How many groups open the file; 0 for all of them.
    pub shamir_threshold: usize,
    /// `lastmodified` in the form that [`last_modified::normalise`] gives it.
    ///
    /// [`last_modified::normalise`]: super::last_modified::normalise
    pub last_modified: String,
    /// The sealed MAC (`ENC[...]`); may be empty, and opens nothing then.
    pub mac: String,
    /// Keys with this suffix stay in plaintext.
    pub unencrypted_suffix: Option<String>,
    /// Only keys with this suffix are encrypted.
    pub encrypted_suffix: Option<String>,
    /// Keys that match stay in plaintext.
    pub unencrypted_regex: Option<String>,
    /// Only keys that match are encrypted.
    pub encrypted_regex: Option<String>,
    /// Values below a matching comment stay in plaintext.
    pub unencrypted_comment_regex: Option<String>,
    /// Only values below a matching comment are encrypted.
    pub encrypted_comment_regex: Option<String>,
    /// The MAC covers encrypted values only.
    pub mac_only_encrypted: bool,
    /// The version of SOPS that wrote the block, a semantic version.
    pub version: String,
    /// What this program keeps under `secrets_layout` (`ENC[...]`).
    pub layout: Option<String>,
}

/// The data key, or a group's share of it, encrypted to one age recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgeEntry {
    /// The recipient: `age1...` or an SSH public key.
    pub recipient: String,
    /// An armored age file.
    pub enc: String,
}

/// One group of keys, each of which opens the group's share of the data key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyGroup {
    /// The group's age recipients.
    pub age: Vec<AgeEntry>,
    /// The group's other keys.
    pub foreign: Vec<ForeignKey>,
}

/// A service that keeps master keys and that this program does not talk to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ForeignKind {
    /// `azure_kv`
    AzureKeyVault,
    /// `gcp_kms`
    GcpKms,
    /// `hc_vault`
    HashiCorpVault,
    /// `hckms`
    HuaweiKms,
    /// `kms`
    AwsKms,
    /// `pgp`
    Pgp,
}

/// How a field of a foreign key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    /// A text, written even if empty.
    Text(&'static str),
    /// An RFC 3339 time.
    Time(&'static str),
    /// A text, left out if empty.
    Optional(&'static str),
    /// A map from text to text or null, left out if empty.
    Map(&'static str),
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Field::Text(name) | Field::Time(name) | Field::Optional(name) | Field::Map(name) => {
                name
            }
        }
    }
}

impl ForeignKind {
    /// All kinds, in the order of their names, which is the order they are written in.
    pub const ALL: [ForeignKind; 6] = [
        ForeignKind::AzureKeyVault,
        ForeignKind::GcpKms,
        ForeignKind::HashiCorpVault,
        ForeignKind::HuaweiKms,
        ForeignKind::AwsKms,
        ForeignKind::Pgp,
    ];

    /// The key of the list in the block.
    pub fn name(self) -> &'static str {
        match self {
            ForeignKind::AzureKeyVault => "azure_kv",
            ForeignKind::GcpKms => "gcp_kms",
            ForeignKind::HashiCorpVault => "hc_vault",
            ForeignKind::HuaweiKms => "hckms",
            ForeignKind::AwsKms => "kms",
            ForeignKind::Pgp => "pgp",
        }
    }

    /// The name for messages.
    pub fn title(self) -> &'static str {
        match self {
            ForeignKind::AzureKeyVault => "Azure Key Vault",
            ForeignKind::GcpKms => "GCP KMS",
            ForeignKind::HashiCorpVault => "HashiCorp Vault",
            ForeignKind::HuaweiKms => "HuaweiCloud KMS",
            ForeignKind::AwsKms => "AWS KMS",
            ForeignKind::Pgp => "PGP",
        }
    }

    /// The fields, sorted by name.
    fn fields(self) -> &'static [Field] {
        use Field::{Map, Optional, Text, Time};
        match self {
            ForeignKind::AzureKeyVault => &[
                Time("created_at"),
                Text("enc"),
                Text("name"),
                Text("vault_url"),
                Text("version"),
            ],
            ForeignKind::GcpKms => &[Time("created_at"), Text("enc"), Text("resource_id")],
            ForeignKind::HashiCorpVault => &[
                Time("created_at"),
                Text("enc"),
                Text("engine_path"),
                Text("key_name"),
                Text("vault_address"),
            ],
            ForeignKind::HuaweiKms => &[Time("created_at"), Text("enc"), Text("key_id")],
            ForeignKind::AwsKms => &[
                Text("arn"),
                Text("aws_profile"),
                Map("context"),
                Time("created_at"),
                Text("enc"),
                Optional("role"),
            ],
            ForeignKind::Pgp => &[Time("created_at"), Text("enc"), Text("fp")],
        }
    }

    /// The fields that tell one key from another, most telling first.
    fn identifying(self) -> &'static [&'static str] {
        match self {
            ForeignKind::AzureKeyVault => &["vault_url", "name", "version"],
            ForeignKind::GcpKms => &["resource_id"],
            ForeignKind::HashiCorpVault => &["vault_address", "engine_path", "key_name"],
            ForeignKind::HuaweiKms => &["key_id"],
            ForeignKind::AwsKms => &["arn"],
            ForeignKind::Pgp => &["fp"],
        }
    }
}

/// A key that is not age's. This program cannot use it, but keeps it when it writes the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Which list it is in.
    pub kind: ForeignKind,
    /// Fields by name, sorted, without those that SOPS would leave out.
    pub fields: Vec<(String, FieldValue)>,
}

/// The value of a field of a foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// A text.
    Text(String),
    /// An AWS encryption context, sorted by key.
    Map(Vec<(String, Option<String>)>),
}

impl ForeignKey {
    /// A text field; empty if there is none of this name.
    pub fn field(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find_map(|(field, value)| match value {
                FieldValue::Text(text) if field == name => Some(text.as_str()),
                _ => None,
            })
            .unwrap_or("")
    }

    /// What identifies the key to its owner, such as an ARN or a fingerprint: never its `enc`.
    pub fn identity(&self) -> String {
        let parts = self.kind.identifying().iter().map(|name| self.field(name));
        let parts: Vec<&str> = parts.filter(|text| !text.is_empty()).collect();
        parts.join(" ")
    }
}

/// A key group as both shapes of the block have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupView<'a> {
    /// The group's age recipients.
    pub age: &'a [AgeEntry],
    /// The group's other keys.
    pub foreign: &'a [ForeignKey],
}

impl GroupView<'_> {
    /// The group has no keys.
    pub fn is_empty(&self) -> bool {
        self.age.is_empty() && self.foreign.is_empty()
    }
}

impl Metadata {
    /// The key groups: flat lists are one group. Each group's age keys are in the file's order.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = GroupView<'_>> {
        let flat = !self.has_groups();
        let count = if flat { 1 } else { self.key_groups.len() };
        (0..count).map(move |number| match self.key_groups.get(number) {
            Some(group) if !flat => GroupView {
                age: &group.age,
                foreign: &group.foreign,
            },
            _ => GroupView {
                age: &self.age,
                foreign: &self.foreign,
            },
        })
    }

    /// The keys are in groups: flat lists win over groups, as in SOPS.
    fn has_groups(&self) -> bool {
        !self.key_groups.is_empty() && self.age.is_empty() && self.foreign.is_empty()
    }

    /// The settings that decide what is encrypted, for [`Selector::from_parts`].
    ///
    /// [`Selector::from_parts`]: super::selector::Selector::from_parts
    pub fn selector_parts(&self) -> SelectorParts<'_> {
        SelectorParts {
            unencrypted_suffix: self.unencrypted_suffix.as_deref(),
            encrypted_suffix: self.encrypted_suffix.as_deref(),
            unencrypted_regex: self.unencrypted_regex.as_deref(),
            encrypted_regex: self.encrypted_regex.as_deref(),
            unencrypted_comment_regex: self.unencrypted_comment_regex.as_deref(),
            encrypted_comment_regex: self.encrypted_comment_regex.as_deref(),
        }
    }
}
