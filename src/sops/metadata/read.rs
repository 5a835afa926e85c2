//! Reading the block, as leniently as SOPS does (`mapstructure` with weakly typed input) and no more.

use super::super::last_modified;
use super::super::selector::DEFAULT_UNENCRYPTED_SUFFIX;
use super::version::check_version;
use super::{AgeEntry, Field, FieldValue, ForeignKey, ForeignKind, KeyGroup, LAYOUT_KEY};
use super::{METADATA_KEY, Metadata};
use crate::document::number::parse_float;
use crate::document::place::place_of;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeId, NodeKind, ScalarStyle};
use crate::document::yaml::resolve::resolve;
use crate::error::{Error, Kind, Result};

pub(super) const RESTORE: &str = "restore the `sops` block from version control";

impl Metadata {
    /// Reads the mapping below the key `sops` of a YAML or JSON document. Aliases are followed, keys
    /// that SOPS does not know are ignored, and the last of several equal keys counts.
    ///
    /// # Errors
    /// Wherever SOPS refuses the block, each with its place: a value of the wrong type, a
    /// `lastmodified` that is no RFC 3339 time, a `version` that is no semantic version, no keys at
    /// all, or more than one of the six settings that select values.
    pub fn read(document: &Document, node: NodeId, source: &str) -> Result<Metadata> {
        let reader = Reader { document, source };
        let Some(block) = reader.mapping(node) else {
            return Err(reader
                .error(node, "`sops` is not a mapping")
                .hint("rename the key, or restore the block that SOPS wrote"));
        };
        reader.keys_are_texts(block)?;
        let mut metadata = Metadata {
            age: reader.list(block, "age", Reader::age_entry)?,
            foreign: reader.foreign_lists(block)?,
            shamir_threshold: reader.threshold(block)?,
            last_modified: reader.text(block, "lastmodified")?,
            mac: reader.text(block, "mac")?,
            unencrypted_suffix: reader.setting(block, "unencrypted_suffix")?,
            encrypted_suffix: reader.setting(block, "encrypted_suffix")?,
            unencrypted_regex: reader.setting(block, "unencrypted_regex")?,
            encrypted_regex: reader.setting(block, "encrypted_regex")?,
            unencrypted_comment_regex: reader.setting(block, "unencrypted_comment_regex")?,
            encrypted_comment_regex: reader.setting(block, "encrypted_comment_regex")?,
            mac_only_encrypted: reader.flag(block, "mac_only_encrypted")?,
            version: reader.text(block, "version")?,
            layout: reader.setting(block, LAYOUT_KEY)?,
            key_groups: reader.list(block, "key_groups", Reader::key_group)?,
        };
        let place_of_key = |key| reader.get(block, key).unwrap_or(node);
        metadata.last_modified = last_modified::normalise(&metadata.last_modified)
            .map_err(|error| reader.locate(error, place_of_key("lastmodified")))?;
        metadata.settle_keys(|| {
            reader
                .error(node, "the `sops` block names no keys")
                .because("nothing can open the file without an entry in `age`")
                .hint(RESTORE)
        })?;
        reader.one_selector(block, &mut metadata)?;
        check_version(&metadata.version)
            .map_err(|error| reader.locate(error, place_of_key("version")))?;
        Ok(metadata)
    }

    /// Leaves the keys in one place: flat lists win over groups, and one group is flat lists.
    fn settle_keys(&mut self, none: impl FnOnce() -> Error) -> Result<()> {
        if !self.age.is_empty() || !self.foreign.is_empty() {
            self.key_groups.clear();
        } else if self.key_groups.is_empty() {
            return Err(none());
        } else if let [group] = self.key_groups.as_mut_slice() {
            self.age = std::mem::take(&mut group.age);
            self.foreign = std::mem::take(&mut group.foreign);
            // A single empty group stays: SOPS takes it for a file that nothing opens.
            if !self.age.is_empty() || !self.foreign.is_empty() {
                self.key_groups.clear();
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) document: &'a Document,
    pub(super) source: &'a str,
}

impl<'a> Reader<'a> {
    fn error(self, node: NodeId, message: impl Into<String>) -> Error {
        self.locate(Error::new(Kind::Input, message), node)
    }

    fn locate(self, error: Error, node: NodeId) -> Error {
        error.at(place_of(self.source, self.document.span(node).start))
    }

    fn follow(self, node: NodeId) -> NodeId {
        self.document.alias_target(node).unwrap_or(node)
    }

    pub(super) fn mapping(self, node: NodeId) -> Option<NodeId> {
        let node = self.follow(node);
        matches!(self.document.kind(node), NodeKind::Mapping { .. }).then_some(node)
    }

    /// SOPS refuses other keys anywhere in the block. Aliases lead to what is checked elsewhere.
    fn keys_are_texts(self, node: NodeId) -> Result<()> {
        let is_mapping = matches!(self.document.kind(node), NodeKind::Mapping { .. });
        for (number, child) in self.document.children(node).enumerate() {
            if !is_mapping || number % 2 == 1 {
                self.keys_are_texts(child)?;
            } else if self.value(child, "a key")?.ty != ScalarType::Str {
                return Err(self
                    .error(child, "a key of the `sops` block is not a text")
                    .hint("remove the entry, or put its key in quotes"));
            }
        }
        Ok(())
    }

    /// The value of a key: the last of that name, else the last that differs in case only.
    pub(super) fn get(self, mapping: NodeId, name: &str) -> Option<NodeId> {
        let mut found = None;
        let mut similar = None;
        for (key, value) in self.document.entries(mapping) {
            let key = self.document.scalar_text(self.follow(key), self.source);
            if key == name {
                found = Some(value);
            } else if key.eq_ignore_ascii_case(name) {
                similar = Some(value);
            }
        }
        found.or(similar)
    }

    /// The scalar as SOPS sees it; null for an absent key.
    fn scalar(self, mapping: NodeId, name: &str) -> Result<(Scalar<'a>, NodeId)> {
        match self.get(mapping, name) {
            Some(node) => Ok((self.value(node, name)?, node)),
            None => Ok((Scalar::NULL, mapping)),
        }
    }

    fn value(self, node: NodeId, name: &str) -> Result<Scalar<'a>> {
        let target = self.follow(node);
        let NodeKind::Scalar(style) = self.document.kind(target) else {
            return Err(self
                .error(node, format!("`{name}` of the `sops` block is not a text"))
                .hint(RESTORE));
        };
        let text = self.document.scalar_text(target, self.source);
        let plain = style == ScalarStyle::Plain;
        resolve(text, self.document.tag(target), plain)
            .map_err(|error| self.locate(Error::from(error), node))
    }

    /// A text; empty for null and absent keys. Numbers and booleans become texts as in SOPS.
    fn text(self, mapping: NodeId, name: &str) -> Result<String> {
        let (scalar, node) = self.scalar(mapping, name)?;
        self.text_of(&scalar, node, name)
    }

    fn text_of(self, scalar: &Scalar<'_>, node: NodeId, name: &str) -> Result<String> {
        match scalar.ty {
            ScalarType::Null => Ok(String::new()),
            ScalarType::Bool if *scalar.canonical == *b"True" => Ok("1".to_owned()),
            ScalarType::Bool => Ok("0".to_owned()),
            ScalarType::Time => Err(self
                .error(node, format!("`{name}` of the `sops` block is not quoted"))
                .because("YAML reads it as a date, and SOPS refuses the file")
                .hint("put the value in double quotes")),
            _ => scalar.text().map(str::to_owned).ok_or_else(|| {
                self.error(node, format!("`{name}` of the `sops` block is not UTF-8"))
                    .hint(RESTORE)
            }),
        }
    }

    fn setting(self, mapping: NodeId, name: &str) -> Result<Option<String>> {
        let text = self.text(mapping, name)?;
        Ok((!text.is_empty()).then_some(text))
    }

    fn flag(self, mapping: NodeId, name: &str) -> Result<bool> {
        let (scalar, node) = self.scalar(mapping, name)?;
        let text = scalar.text().unwrap_or("");
        match (scalar.ty, text) {
            (ScalarType::Null, _) => Ok(false),
            (ScalarType::Bool, _) => Ok(text == "True"),
            (ScalarType::Int | ScalarType::Float, _) => Ok(parse_float(text) != Some(0.0)),
            (ScalarType::Str, "1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            (ScalarType::Str, "0" | "f" | "F" | "false" | "FALSE" | "False" | "") => Ok(false),
            _ => Err(self
                .error(
                    node,
                    format!("`{name}` of the `sops` block is not a boolean"),
                )
                .because("expected `true` or `false`")
                .hint(RESTORE)),
        }
    }

    fn threshold(self, block: NodeId) -> Result<usize> {
        let (scalar, node) = self.scalar(block, "shamir_threshold")?;
        let text = scalar.text().unwrap_or("");
        let number = match scalar.ty {
            ScalarType::Null => Some(0),
            ScalarType::Bool => Some(usize::from(text == "True")),
            ScalarType::Int => text.parse().ok(),
            // Go drops the fraction; larger numbers of groups make no sense.
            ScalarType::Float => parse_float(text)
                .filter(|number| (0.0..=65535.0).contains(number))
                .map(|number| number as usize),
            ScalarType::Str if text.is_empty() => Some(0),
            ScalarType::Str => match resolve(text, None, true) {
                Ok(number) if number.ty == ScalarType::Int => {
                    number.text().and_then(|text| text.parse().ok())
                }
                _ => None,
            },
            _ => None,
        };
        number.ok_or_else(|| {
            self.error(node, "`shamir_threshold` is not a number of key groups")
                .because("expected 0 or more")
                .hint(RESTORE)
        })
    }

    /// A list; a mapping stands for a list of itself, or for none if it is empty.
    fn list<T>(
        self,
        mapping: NodeId,
        name: &str,
        item: impl Fn(Self, Option<NodeId>, NodeId) -> Result<T>,
    ) -> Result<Vec<T>> {
        let Some(node) = self.get(mapping, name) else {
            return Ok(Vec::new());
        };
        let target = self.follow(node);
        let one = |child: NodeId| {
            if let Some(entry) = self.mapping(child) {
                return item(self, Some(entry), child);
            }
            if self.is_null(child) {
                return item(self, None, child);
            }
            Err(self
                .error(child, format!("an entry of `{name}` is not a mapping"))
                .hint(RESTORE))
        };
        match self.document.kind(target) {
            NodeKind::Sequence { .. } => self.document.children(target).map(one).collect(),
            NodeKind::Mapping { .. } if self.document.children(target).next().is_none() => {
                Ok(Vec::new())
            }
            NodeKind::Mapping { .. } => Ok(vec![one(node)?]),
            _ if self.is_null(node) => Ok(Vec::new()),
            _ => Err(self
                .error(node, format!("`{name}` of the `sops` block is not a list"))
                .hint(RESTORE)),
        }
    }

    fn is_null(self, node: NodeId) -> bool {
        let node = self.follow(node);
        matches!(self.document.kind(node), NodeKind::Scalar(_))
            && self
                .value(node, "")
                .is_ok_and(|scalar| scalar.ty == ScalarType::Null)
    }

    fn age_entry(self, entry: Option<NodeId>, _: NodeId) -> Result<AgeEntry> {
        let Some(entry) = entry else {
            return Ok(AgeEntry::default());
        };
        Ok(AgeEntry {
            recipient: self.text(entry, "recipient")?,
            enc: self.text(entry, "enc")?,
        })
    }

    fn key_group(self, group: Option<NodeId>, _: NodeId) -> Result<KeyGroup> {
        let Some(group) = group else {
            return Ok(KeyGroup::default());
        };
        Ok(KeyGroup {
            age: self.list(group, "age", Reader::age_entry)?,
            foreign: self.foreign_lists(group)?,
        })
    }

    fn foreign_lists(self, mapping: NodeId) -> Result<Vec<ForeignKey>> {
        let mut keys = Vec::new();
        for kind in ForeignKind::ALL {
            let read = |reader: Self, entry, at| reader.foreign_key(kind, entry, at);
            keys.extend(self.list(mapping, kind.name(), read)?);
        }
        Ok(keys)
    }

    fn foreign_key(
        self,
        kind: ForeignKind,
        entry: Option<NodeId>,
        at: NodeId,
    ) -> Result<ForeignKey> {
        let mut fields = Vec::new();
        for field in kind.fields() {
            let name = field.name();
            let text = |reader: Self| entry.map_or(Ok(String::new()), |e| reader.text(e, name));
            let value = match field {
                Field::Text(_) => Some(FieldValue::Text(text(self)?)),
                Field::Time(_) => Some(FieldValue::Text(self.time(
                    &text(self)?,
                    kind,
                    entry,
                    at,
                )?)),
                Field::Optional(_) => Some(text(self)?)
                    .filter(|text| !text.is_empty())
                    .map(FieldValue::Text),
                Field::Map(_) => entry
                    .map_or(Ok(Vec::new()), |entry| self.map(entry, name))
                    .map(|map| (!map.is_empty()).then_some(FieldValue::Map(map)))?,
            };
            fields.extend(value.map(|value| (name.to_owned(), value)));
        }
        let key = ForeignKey { kind, fields };
        let is_named = key
            .field("key_id")
            .split_once(':')
            .is_some_and(|(region, id)| !region.trim().is_empty() && !id.trim().is_empty());
        if kind == ForeignKind::HuaweiKms && !is_named {
            return Err(self
                .error(
                    at,
                    "`key_id` of an entry of `hckms` is not `region:key-uuid`",
                )
                .hint(RESTORE));
        }
        Ok(key)
    }

    /// `created_at`, which SOPS parses and formats again.
    fn time(
        self,
        text: &str,
        kind: ForeignKind,
        entry: Option<NodeId>,
        at: NodeId,
    ) -> Result<String> {
        last_modified::normalise(text).map_err(|_| {
            let node = entry.and_then(|entry| self.get(entry, "created_at"));
            self.error(
                node.unwrap_or(at),
                format!(
                    "`created_at` of an entry of `{}` is not a time",
                    kind.name()
                ),
            )
            .because("expected RFC 3339, such as `2026-01-31T12:00:00Z`")
            .hint(RESTORE)
        })
    }

    fn map(self, mapping: NodeId, name: &str) -> Result<Vec<(String, Option<String>)>> {
        let Some(node) = self.get(mapping, name).filter(|node| !self.is_null(*node)) else {
            return Ok(Vec::new());
        };
        // A list of mappings counts as one mapping.
        let target = self.follow(node);
        let maps: Option<Vec<NodeId>> = match self.document.kind(target) {
            NodeKind::Sequence { .. } => {
                let items = self.document.children(target);
                items.map(|item| self.mapping(item)).collect()
            }
            _ => self.mapping(target).map(|map| vec![map]),
        };
        let Some(maps) = maps else {
            return Err(self
                .error(
                    node,
                    format!("`{name}` of the `sops` block is not a mapping"),
                )
                .hint(RESTORE));
        };
        let mut entries = std::collections::BTreeMap::new();
        for (key, value) in maps.iter().flat_map(|map| self.document.entries(*map)) {
            let key = self.document.scalar_text(self.follow(key), self.source);
            let scalar = self.value(value, name)?;
            let text = match scalar.ty {
                ScalarType::Null => None,
                _ => Some(self.text_of(&scalar, value, name)?),
            };
            entries.insert(key.to_owned(), text);
        }
        Ok(entries.into_iter().collect())
    }

    /// SOPS refuses two settings, and takes none for the default suffix.
    fn one_selector(self, block: NodeId, metadata: &mut Metadata) -> Result<()> {
        let settings = [
            ("unencrypted_suffix", &metadata.unencrypted_suffix),
            ("encrypted_suffix", &metadata.encrypted_suffix),
            ("unencrypted_regex", &metadata.unencrypted_regex),
            ("encrypted_regex", &metadata.encrypted_regex),
            (
                "unencrypted_comment_regex",
                &metadata.unencrypted_comment_regex,
            ),
            ("encrypted_comment_regex", &metadata.encrypted_comment_regex),
        ];
        let mut given = settings.iter().filter(|(_, value)| value.is_some());
        let Some((first, _)) = given.next() else {
            metadata.unencrypted_suffix = Some(DEFAULT_UNENCRYPTED_SUFFIX.to_owned());
            return Ok(());
        };
        let Some((second, _)) = given.next() else {
            return Ok(());
        };
        let message = format!("`{first}` and `{second}` exclude each other");
        Err(self
            .error(self.get(block, second).unwrap_or(block), message)
            .because(format!(
                "one setting of the `{METADATA_KEY}` block decides what is encrypted"
            ))
            .hint(RESTORE))
    }
}
