//! The text of a configuration: places in it, and typed access to its nodes.
//!
//! Values are read as go-yaml reads them into SOPS' types: null is the empty value, any scalar is a
//! text, `<<` merges, aliases stand for their targets, and a key that comes twice is an error.

use std::collections::HashMap;

use crate::document::tree::{Document, NodeId, NodeKind, ScalarStyle};
use crate::error::{Error, Kind, Place, Result};
use crate::keys::Recipient;

use super::place::{Places, masked};
use super::suggest::{self, Known};

/// How many nodes may be visited: aliases can make a small text huge.
const BUDGET: usize = 100_000;

/// How deep `merge` and `<<` may nest: through aliases, deeper than the text itself.
const MAX_NESTING: usize = 100;

/// A scalar's value and the node it came from.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) value: String,
    pub(crate) node: NodeId,
}

/// An entry of a mapping, its value without aliases.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) key: NodeId,
    pub(crate) value: NodeId,
}

/// The entries of a mapping.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<Field>);

impl Fields {
    pub(crate) fn get(&self, name: &str) -> Option<&Field> {
        self.0.iter().find(|field| field.name == name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Field> {
        self.0.iter()
    }
}

/// A parsed configuration and what was found wrong with it so far.
pub(crate) struct Source<'a> {
    doc: &'a Document,
    text: &'a str,
    places: Places<'a>,
    budget: usize,
    nesting: usize,
    /// Recipients parsed so far: the same few stand in many rules.
    recipients: HashMap<String, Recipient>,
    pub(crate) errors: Vec<Error>,
    pub(crate) warnings: Vec<Error>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(doc: &'a Document, text: &'a str, name: &'a str) -> Self {
        Source {
            doc,
            text,
            places: Places::new(name, text),
            budget: BUDGET,
            nesting: 0,
            recipients: HashMap::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Records an error at a node.
    pub(crate) fn error(&mut self, node: NodeId, error: Error) {
        let place = self.place(node);
        self.errors.push(error.at(place));
    }

    /// Records a warning at a node.
    pub(crate) fn warn(&mut self, node: NodeId, warning: Error) {
        let place = self.place(node);
        self.warnings.push(warning.at(place));
    }

    /// Where a node starts.
    pub(crate) fn place(&self, node: NodeId) -> Place {
        self.places.at(self.doc.span(node).start)
    }

    /// Where a byte of a scalar's value stands. In a scalar that is not written verbatim, such as a
    /// folded one, where `part` first stands; else the scalar's start.
    pub(crate) fn place_in(&self, text: &Text, offset: usize, part: &str) -> Place {
        let span = self.doc.span(text.node);
        let quote = usize::from(matches!(
            self.doc.kind(text.node),
            NodeKind::Scalar(ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted)
        ));
        let start = span.start + quote;
        let verbatim = self.text.get(start..start + text.value.len()) == Some(text.value.as_str());
        let at = if verbatim {
            start + offset
        } else {
            let written = self.text.get(span.clone()).unwrap_or("");
            let found = written.find(part).filter(|_| !part.is_empty());
            span.start + found.unwrap_or(0)
        };
        self.places.at(at)
    }

    fn target(&self, node: NodeId) -> NodeId {
        self.doc.alias_target(node).unwrap_or(node)
    }

    /// Takes one node from the budget; `false` once it is used up.
    fn spend(&mut self, node: NodeId) -> bool {
        if self.budget > 1 {
            self.budget -= 1;
            return true;
        }
        if self.budget == 1 {
            self.budget = 0;
            self.error(
                node,
                Error::new(Kind::Config, "the configuration is too large").because(format!(
                    "aliases included, it has more than {BUDGET} values"
                )),
            );
        }
        false
    }

    /// Does something one level deeper, unless that is too deep.
    pub(crate) fn nested<T>(&mut self, at: NodeId, then: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.nesting == MAX_NESTING {
            let error = Error::new(Kind::Config, "the configuration is nested too deeply")
                .because(format!("merging stops after {MAX_NESTING} levels"));
            self.error(at, error);
            return None;
        }
        self.nesting += 1;
        let done = then(self);
        self.nesting -= 1;
        Some(done)
    }

    /// Null in all its spellings, which is the empty value of every type.
    pub(crate) fn is_null(&self, node: NodeId) -> bool {
        let node = self.target(node);
        match self.doc.tag(node) {
            Some(tag) => tag == "tag:yaml.org,2002:null",
            None => {
                self.doc.kind(node) == NodeKind::Scalar(ScalarStyle::Plain)
                    && matches!(
                        self.doc.scalar_text(node, self.text),
                        "" | "~" | "null" | "Null" | "NULL"
                    )
            }
        }
    }

    /// Whether an anchor is set at a node or below it.
    pub(crate) fn has_anchor(&self, node: NodeId) -> bool {
        self.doc
            .properties(node)
            .is_some_and(|p| p.anchor.is_some())
            || self.doc.children(node).any(|child| self.has_anchor(child))
    }

    /// The text of a scalar; `None` for null, and after an error for anything else.
    pub(crate) fn text(&mut self, field: &Field) -> Option<Text> {
        self.text_at(field.value, &field.name)
    }

    /// As [`Source::text`], with the empty text counting as absent.
    pub(crate) fn filled(&mut self, fields: &Fields, name: &str) -> Option<Text> {
        let text = self.text(fields.get(name)?)?;
        (!text.value.is_empty()).then_some(text)
    }

    /// The value of [`Source::filled`] alone.
    pub(crate) fn filled_value(&mut self, fields: &Fields, name: &str) -> Option<String> {
        self.filled(fields, name).map(|text| text.value)
    }

    pub(crate) fn text_at(&mut self, node: NodeId, name: &str) -> Option<Text> {
        let node = self.target(node);
        if !self.spend(node) || self.is_null(node) {
            return None;
        }
        if !matches!(self.doc.kind(node), NodeKind::Scalar(_)) {
            let error = wrong_type(name, "a text", self.describe(node));
            self.error(node, error);
            return None;
        }
        if self.doc.tag(node) == Some("tag:yaml.org,2002:binary") {
            let error = wrong_type(name, "a text", "base64").hint("write the text itself");
            self.error(node, error);
            return None;
        }
        let value = self.doc.scalar_text(node, self.text).to_owned();
        Some(Text { value, node })
    }

    /// A whole number; `None` if absent, null or, after an error, not one.
    pub(crate) fn integer(&mut self, fields: &Fields, name: &str) -> Option<(i64, NodeId)> {
        let field = fields.get(name)?;
        let text = self.text(field)?;
        let plain = self.doc.kind(text.node) == NodeKind::Scalar(ScalarStyle::Plain)
            || self.doc.tag(text.node) == Some("tag:yaml.org,2002:int");
        let number = if plain { integer(&text.value) } else { None };
        if number.is_none() {
            let error = Error::new(Kind::Config, format!("`{name}` must be a whole number"))
                .because(if plain {
                    "this is none".to_owned()
                } else {
                    "in quotes it is a text".to_owned()
                })
                .hint(format!("write `{name}: 2`, without quotes"));
            self.error(text.node, error);
        }
        number.map(|number| (number, text.node))
    }

    /// A truth value, in the spellings that go-yaml takes for a boolean setting.
    pub(crate) fn boolean(&mut self, fields: &Fields, name: &str) -> bool {
        let Some(text) = fields.get(name).and_then(|field| self.text(field)) else {
            return false;
        };
        let plain = self.doc.kind(text.node) == NodeKind::Scalar(ScalarStyle::Plain);
        match text.value.as_str() {
            "true" | "True" | "TRUE" if plain => return true,
            "false" | "False" | "FALSE" if plain => return false,
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return true,
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return false,
            _ => {}
        }
        let error = Error::new(Kind::Config, format!("`{name}` must be true or false"))
            .hint(format!("write `{name}: true`, without quotes"));
        self.error(text.node, error);
        false
    }

    /// The items of a list; `None` after an error, empty for null. Empty items are left out.
    pub(crate) fn items(&mut self, field: &Field) -> Option<Vec<NodeId>> {
        let (filled, empty): (Vec<_>, Vec<_>) = self
            .items_with_nulls(field)?
            .into_iter()
            .partition(|&item| !self.is_null(item));
        for item in empty {
            let warning = Error::new(
                Kind::Config,
                format!("an entry of `{}` is empty", field.name),
            );
            let warning = warning.because("`sops` ignores it");
            self.warn(item, warning.hint("remove it or fill it in"));
        }
        Some(filled)
    }

    /// As [`Source::items`], for lists in which SOPS refuses empty items.
    pub(crate) fn items_with_nulls(&mut self, field: &Field) -> Option<Vec<NodeId>> {
        let node = field.value;
        if !self.spend(node) {
            return None;
        }
        if self.is_null(node) {
            return Some(Vec::new());
        }
        if !matches!(self.doc.kind(node), NodeKind::Sequence { .. }) {
            let error = wrong_type(&field.name, "a list", self.describe(node)).hint(format!(
                "write `{}:` and each item on a line with `- `",
                field.name
            ));
            self.error(node, error);
            return None;
        }
        let doc = self.doc;
        Some(doc.children(node).map(|item| self.target(item)).collect())
    }

    /// Whether the node is a scalar other than null.
    pub(crate) fn is_scalar(&self, node: NodeId) -> bool {
        matches!(self.doc.kind(node), NodeKind::Scalar(_)) && !self.is_null(node)
    }

    /// The entries of a mapping, merged ones last; unknown keys become warnings. Null is a mapping
    /// without entries.
    pub(crate) fn fields(&mut self, node: NodeId, known: &Known) -> Option<Fields> {
        let fields = self.entries(node, known.what)?;
        for field in fields.iter().filter(|f| !known.keys.contains(&&*f.name)) {
            if known.is_root() && self.has_anchor(field.value) {
                continue; // A place for anchors, as many configurations have one.
            }
            self.warn(field.key, suggest::unknown_key(&field.name, known));
        }
        Some(fields)
    }

    /// The entries of a mapping with keys of any name.
    pub(crate) fn entries(&mut self, node: NodeId, what: &str) -> Option<Fields> {
        let node = self.target(node);
        if !self.spend(node) {
            return None;
        }
        if self.is_null(node) {
            return Some(Fields::default());
        }
        if !matches!(self.doc.kind(node), NodeKind::Mapping { .. }) {
            let error = wrong_type(what, "a mapping (`key: value`)", self.describe(node));
            self.error(node, error);
            return None;
        }
        let doc = self.doc;
        let mut own: Vec<Field> = Vec::new();
        let mut merged = Vec::new();
        for (key, value) in doc.entries(node) {
            let value = self.target(value);
            let name_node = self.target(key);
            if !matches!(doc.kind(name_node), NodeKind::Scalar(_)) {
                self.error(key, Error::new(Kind::Config, "a key must be a word"));
                continue;
            }
            let name = doc.scalar_text(name_node, self.text).to_owned();
            if name == "<<" && doc.kind(name_node) == NodeKind::Scalar(ScalarStyle::Plain) {
                merged.push((key, value));
            } else if let Some(first) = own.iter().find(|field| field.name == name) {
                let line = self.place(first.key).line;
                let error = Error::new(Kind::Config, format!("`{}` is given twice", masked(&name)))
                    .because(format!("line {line} has it already"))
                    .hint("keep one of the two; a list takes several values");
                self.error(key, error);
            } else {
                own.push(Field { name, key, value });
            }
        }
        for (key, value) in merged {
            self.merge(key, value, what, &mut own);
        }
        Some(Fields(own))
    }

    /// Adds the entries that `<<` names and that are not there yet.
    fn merge(&mut self, key: NodeId, value: NodeId, what: &str, own: &mut Vec<Field>) {
        let sources: Vec<NodeId> = match self.doc.kind(value) {
            NodeKind::Mapping { .. } => vec![value],
            NodeKind::Sequence { .. } => self.doc.children(value).collect(),
            _ => Vec::new(),
        };
        if sources.is_empty() {
            let error = Error::new(Kind::Config, "`<<` needs a mapping or a list of mappings");
            self.error(key, error);
        }
        for source in sources {
            let entries = self.nested(source, |deeper| deeper.entries(source, what));
            for field in entries.flatten().unwrap_or_default().0 {
                if !own.iter().any(|f| f.name == field.name) {
                    own.push(field);
                }
            }
        }
    }

    /// Parses a recipient.
    pub(crate) fn recipient(&mut self, text: &str) -> Result<Recipient> {
        if let Some(known) = self.recipients.get(text) {
            return Ok(known.clone());
        }
        let recipient = Recipient::parse(text)?;
        self.recipients.insert(text.to_owned(), recipient.clone());
        Ok(recipient)
    }

    /// Warns of every line that holds a private key, wherever it stands: comments, unused settings.
    pub(crate) fn warn_of_private_keys(&mut self) {
        let mut offset = 0;
        for line in self.text.split_inclusive('\n') {
            let upper = line.to_ascii_uppercase();
            let found = [
                "AGE-SECRET-KEY-1",
                "AGE-SECRET-KEY-PQ-1",
                "PRIVATE KEY-----",
            ]
            .into_iter()
            .find_map(|mark| upper.find(mark));
            if let Some(at) = found {
                let warning = Error::new(Kind::Config, "a private key stands in the configuration")
                    .at(self.places.at(offset + at))
                    .because("whoever sees it opens the files")
                    .hint("replace this key and everything it opens if the file was ever shared");
                self.warnings.push(warning);
            }
            offset += line.len();
        }
    }

    fn describe(&self, node: NodeId) -> &'static str {
        match self.doc.kind(node) {
            NodeKind::Mapping { .. } => "a mapping",
            NodeKind::Sequence { .. } => "a list",
            _ => "a single value",
        }
    }
}

fn wrong_type(name: &str, expected: &str, found: &str) -> Error {
    Error::new(Kind::Config, format!("{} must be {expected}", quoted(name)))
        .because(format!("this is {found}"))
}

/// A key in backticks; a description such as "a creation rule" as it is.
fn quoted(name: &str) -> String {
    if name.contains(' ') {
        name.to_owned()
    } else {
        format!("`{name}`")
    }
}

/// A YAML integer: decimal, `0x`, `0o`, `0b` or with a leading zero, `_` between digits; also a float
/// without a fraction. SOPS cuts a fraction off without a word.
fn integer(text: &str) -> Option<i64> {
    let text = text.replace('_', "");
    if let Some(whole) = text.strip_suffix(".0") {
        return whole.parse().ok();
    }
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text.as_str()),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if digits.starts_with(['-', '+']) {
        return None;
    }
    let magnitude = i64::from_str_radix(digits, radix).ok()?;
    Some(if negative { -magnitude } else { magnitude })
}
