//! `.sops.yaml`: creation rules, destination rules and store settings (SOPS behaviour, 3.13).
//!
//! [`Config::load`] reads every key that SOPS knows and checks every rule, not only the one that is
//! used: a rule that SOPS would refuse for the first file that needs it is an error now, with its
//! place. [`find`] looks for the file, [`super::rules`] applies the rules.

mod decode;
pub mod find;
mod groups;
pub(crate) mod place;
#[cfg(test)]
mod refusals;
pub(crate) mod source;
pub(crate) mod suggest;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use self::place::Places;
use super::goregex::GoRegex;
use super::selector::Selector;
use crate::document::tree::Document;
use crate::document::yaml::{Stream, SyntaxError};
use crate::error::{Error, Kind, Place};
use crate::keys::Recipient;

/// The name of a configuration file.
pub const FILE_NAME: &str = ".sops.yaml";

/// The name that people give it instead, and that SOPS ignores.
pub const OTHER_NAME: &str = ".sops.yml";

/// Largest configuration, in bytes.
pub const MAX_SIZE: usize = 4 << 20;

/// A configuration file.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file, as it was found or named.
    pub path: PathBuf,
    /// The creation rules in their order; `None` without the key `creation_rules`, which SOPS treats
    /// as no configuration at all, while an empty list means that no rule matches.
    pub creation_rules: Option<Vec<CreationRule>>,
    /// The destination rules of `publish`.
    pub destination_rules: Vec<DestinationRule>,
    /// How files are written.
    pub stores: Stores,
    /// What is not wrong for SOPS but probably not meant, in the order of the text.
    pub warnings: Vec<Error>,
}

/// An entry of `creation_rules`, or the `recreation_rule` of a destination.
#[derive(Clone, Debug)]
pub struct CreationRule {
    /// Where the rule starts.
    pub place: Place,
    /// Which files it is for; `None` matches every file.
    pub path_regex: Option<PathRegex>,
    /// What is encrypted; `None` if the rule does not say, so that the default applies.
    pub selector: Option<Selector>,
    /// For whom: one group from the flat keys, or those of `key_groups`. Never empty, but the one
    /// group of a rule without any key is.
    pub groups: Vec<KeyGroup>,
    /// How many groups are needed to decrypt; 0 is all of them. Within `0, 2..=groups` if there are
    /// several groups, without effect if there is one.
    pub shamir_threshold: usize,
    /// The MAC covers encrypted values only.
    pub mac_only_encrypted: bool,
}

/// A `path_regex` and where it stands.
#[derive(Clone, Debug)]
pub struct PathRegex {
    /// The expression.
    pub regex: GoRegex,
    /// Where it starts.
    pub place: Place,
}

/// Keys of which any one opens the file, or the group's share of it.
#[derive(Clone, Debug)]
pub struct KeyGroup {
    /// Where the group, or the rule with flat keys, starts; `None` for one of the command line.
    pub place: Option<Place>,
    /// The age recipients, in SOPS' order.
    pub age: Vec<Recipient>,
    /// Keys of other kinds.
    pub others: Vec<ForeignKey>,
}

impl KeyGroup {
    /// There is no key of any kind.
    pub fn is_empty(&self) -> bool {
        self.age.is_empty() && self.others.is_empty()
    }
}

/// A key that is no age recipient.
#[derive(Clone, Debug)]
pub struct ForeignKey {
    /// The kind.
    pub kind: ForeignKind,
    /// Its settings by name, empty ones left out: `arn`, `role`, `context.NAME`, `aws_profile`,
    /// `resource_id`, `vaultUrl`, `key`, `version`; the whole key under the name of its kind where
    /// it is one text.
    pub fields: Vec<(String, String)>,
    /// Where it stands.
    pub place: Place,
}

/// Two keys are equal if they are the same key, wherever they stand.
impl PartialEq for ForeignKey {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.fields == other.fields
    }
}

impl Eq for ForeignKey {}

impl fmt::Display for ForeignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        for (number, (_, value)) in self.fields.iter().enumerate() {
            let separator = if number == 0 { " " } else { ", " };
            write!(f, "{separator}{}", place::masked(value))?;
        }
        Ok(())
    }
}

/// The kinds of keys besides age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ForeignKind {
    /// OpenPGP.
    Pgp,
    /// AWS KMS.
    Kms,
    /// Google Cloud KMS.
    GcpKms,
    /// Huawei Cloud KMS.
    HcKms,
    /// Azure Key Vault.
    AzureKeyVault,
    /// The transit engine of HashiCorp Vault.
    HcVault,
}

impl ForeignKind {
    /// The key in a key group and in the metadata of a file.
    pub fn name(self) -> &'static str {
        match self {
            ForeignKind::Pgp => "pgp",
            ForeignKind::Kms => "kms",
            ForeignKind::GcpKms => "gcp_kms",
            ForeignKind::HcKms => "hckms",
            ForeignKind::AzureKeyVault => "azure_keyvault",
            ForeignKind::HcVault => "hc_vault",
        }
    }
}

impl fmt::Display for ForeignKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An entry of `destination_rules`.
#[derive(Clone, Debug)]
pub struct DestinationRule {
    /// Where the rule starts.
    pub place: Place,
    /// Which files it is for, matched on the path as it was typed; `None` matches every file.
    pub path_regex: Option<PathRegex>,
    /// Where files go.
    pub destination: Option<Destination>,
    /// With what they are encrypted anew.
    pub recreation_rule: Option<CreationRule>,
    /// File name extensions are left off.
    pub omit_extensions: bool,
}

/// Where `publish` sends files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// `s3_bucket`, `s3_prefix`
    S3 {
        /// The bucket.
        bucket: String,
        /// What is put before the name.
        prefix: String,
    },
    /// `gcs_bucket`, `gcs_prefix`
    Gcs {
        /// The bucket.
        bucket: String,
        /// What is put before the name.
        prefix: String,
    },
    /// `vault_path` and the rest
    Vault {
        /// `vault_address`, empty for Vault's own default.
        address: String,
        /// `vault_path`
        path: String,
        /// `vault_kv_mount_name`, empty for the default.
        mount: String,
        /// `vault_kv_version`, 0 for the default.
        version: i64,
    },
}

/// The section `stores`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stores {
    /// Spaces per level in YAML; `None` for the default (4). 0 counts as absent.
    pub yaml_indent: Option<usize>,
    /// Spaces per level in JSON; -1, as the default, is a tab.
    pub json_indent: Option<i64>,
    /// The same for binary files, which become JSON.
    pub json_binary_indent: Option<i64>,
}

impl Config {
    /// Reads a configuration; `path` is what messages call it, and
    /// its directory is what rules are relative to.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the text, each of kind [`Kind::Config`] with
    /// its place: YAML that does not parse, values of the wrong type, keys given twice, invalid
    /// expressions, more than one selector or destination in a rule, invalid recipients, and
    /// thresholds that no set of groups can meet.
    pub fn load(path: &Path, bytes: &[u8]) -> Result<Self, Vec<Error>> {
        Self::load_as(path.display().to_string(), path, bytes)
    }

    /// As [`Config::load`], with another name for the file in messages.
    fn load_as(name: String, path: &Path, bytes: &[u8]) -> Result<Self, Vec<Error>> {
        let wrong = |error: Error| vec![error.in_file(name.clone())];
        if bytes.len() > MAX_SIZE {
            let limit = MAX_SIZE >> 20;
            let error = Error::new(Kind::Config, "the configuration is too large");
            return Err(wrong(
                error.because(format!("it has more than {limit} MiB")),
            ));
        }
        let text = String::from_utf8_lossy(bytes);
        let unreadable = |error: SyntaxError| {
            let mut shown = Error::new(Kind::Config, "the configuration is not valid YAML")
                .at(Places::new(&name, &text).at(error.offset))
                .because(error.what.clone());
            if let Some(hint) = error.hint {
                shown = shown.hint(hint);
            }
            vec![shown]
        };
        let mut stream = Stream::new(bytes).map_err(unreadable)?;
        let document = stream.next_document().map_err(unreadable)?;
        let document = document.unwrap_or_else(Document::new);
        let mut config = decode::decode(path, &name, stream.text(), &document)?;
        if let Ok(Some(next)) = stream.next_document() {
            let warning = Error::new(Kind::Config, "only the first document counts")
                .at(Places::new(&name, &text).at(next.extent().start))
                .because("`sops` ignores every document after the first `---`")
                .hint("put all rules into one document");
            config.warnings.push(warning);
        }
        Ok(config)
    }

    /// The creation rules; none without the key.
    pub fn rules(&self) -> &[CreationRule] {
        self.creation_rules.as_deref().unwrap_or_default()
    }
}
