//! Writing the block to the byte as SOPS 3.13.3 does: keys sorted, what is empty left out.

use super::{FieldValue, ForeignKey, ForeignKind, GroupView, LAYOUT_KEY, METADATA_KEY, Metadata};
use crate::document::json_spell::json_string_like_go;
use crate::document::scalar::Scalar;
use crate::document::yaml::spell::{Context, Parent, double_quoted, spell_like_sops};

/// How a block-style YAML file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockStyle<'a> {
    /// 0-based column of the key `sops`.
    pub column: usize,
    /// Spaces of one level; SOPS' default is 4. Outside of 2 to 9 its emitter takes 2.
    pub indent: usize,
    /// `"\n"` or `"\r\n"`.
    pub line_break: &'a str,
}

impl Default for BlockStyle<'_> {
    /// What SOPS writes.
    fn default() -> Self {
        BlockStyle {
            column: 0,
            indent: 4,
            line_break: "\n",
        }
    }
}

/// How a JSON file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonStyle<'a> {
    /// The white space before `"sops"` on its line.
    pub member_indent: &'a str,
    /// The white space of one level: a tab, as SOPS writes it, or spaces. Empty for one line.
    pub unit: &'a str,
    /// `"\n"` or `"\r\n"`.
    pub line_break: &'a str,
}

impl Default for JsonStyle<'_> {
    /// What SOPS writes.
    fn default() -> Self {
        JsonStyle {
            member_indent: "\t",
            unit: "\t",
            line_break: "\n",
        }
    }
}

enum Value<'a> {
    Null,
    True,
    Number(usize),
    Text(&'a str),
    List(Vec<Value<'a>>),
    Map(Vec<(&'a str, Value<'a>)>),
}

impl Metadata {
    /// Appends the block to a block-style YAML document: from the line of `sops:`, indentation
    /// included, to the line break after its last line.
    pub fn write_yaml(&self, style: &BlockStyle<'_>, out: &mut Vec<u8>) {
        let yaml = Yaml {
            unit: if (2..=9).contains(&style.indent) {
                style.indent
            } else {
                2
            },
            line_break: style.line_break,
        };
        let start = out.len();
        out.extend_from_slice(METADATA_KEY.as_bytes());
        out.push(b':');
        yaml.line_break(out);
        yaml.map(&self.entries(), yaml.deeper(0), true, out);
        if style.column > 0 {
            indent_lines(style.column, start, out);
        }
    }

    /// Appends the block's mapping, without its key, on one line: JSON that is YAML as well, with one
    /// space after each colon and comma. For YAML documents whose root is in flow style.
    pub fn write_flow(&self, out: &mut Vec<u8>) {
        flow(&Value::Map(self.entries()), out);
    }

    /// Appends the block as a JSON member: from `"sops"` to the brace that closes its object. The
    /// white space and comma around it are the caller's. Always has `"mac": "ENC[` with one space,
    /// the bytes by which Flux tells an encrypted file.
    pub fn write_json(&self, style: &JsonStyle<'_>, out: &mut Vec<u8>) {
        json_string_like_go(METADATA_KEY.as_bytes(), out);
        let block = Value::Map(self.entries());
        if style.unit.is_empty() {
            out.push(b':');
            compact_json(&block, out);
        } else {
            out.extend_from_slice(b": ");
            json(&block, style, 0, out);
        }
    }

    /// The block's entries, sorted by key.
    fn entries(&self) -> Vec<(&str, Value<'_>)> {
        let mut entries = Vec::new();
        if self.has_groups() && self.key_groups.len() > 1 {
            let groups = self.groups().map(|group| Value::Map(group_entries(group)));
            entries.push(("key_groups", Value::List(groups.collect())));
        } else {
            for group in self.groups().take(1) {
                entries.extend(lists(group));
            }
        }
        entries.push(("lastmodified", Value::Text(&self.last_modified)));
        entries.push(("mac", Value::Text(&self.mac)));
        entries.push(("version", Value::Text(&self.version)));
        let optional = [
            ("unencrypted_suffix", &self.unencrypted_suffix),
            ("encrypted_suffix", &self.encrypted_suffix),
            ("unencrypted_regex", &self.unencrypted_regex),
            ("encrypted_regex", &self.encrypted_regex),
            ("unencrypted_comment_regex", &self.unencrypted_comment_regex),
            ("encrypted_comment_regex", &self.encrypted_comment_regex),
            (LAYOUT_KEY, &self.layout),
        ];
        entries.extend(optional.into_iter().filter_map(|(key, text)| {
            let text = text.as_deref().filter(|text| !text.is_empty())?;
            Some((key, Value::Text(text)))
        }));
        if self.mac_only_encrypted {
            entries.push(("mac_only_encrypted", Value::True));
        }
        if self.shamir_threshold > 0 {
            entries.push(("shamir_threshold", Value::Number(self.shamir_threshold)));
        }
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries
    }
}

/// The lists of a group that have entries.
fn lists(group: GroupView<'_>) -> Vec<(&str, Value<'_>)> {
    let mut entries = Vec::new();
    if !group.age.is_empty() {
        let list = group.age.iter().map(|entry| {
            Value::Map(vec![
                ("enc", Value::Text(&entry.enc)),
                ("recipient", Value::Text(&entry.recipient)),
            ])
        });
        entries.push(("age", Value::List(list.collect())));
    }
    for kind in ForeignKind::ALL {
        let keys = group.foreign.iter().filter(|key| key.kind == kind);
        let list: Vec<_> = keys.map(foreign_entry).collect();
        if !list.is_empty() {
            entries.push((kind.name(), Value::List(list)));
        }
    }
    entries
}

/// In groups, SOPS writes these two lists even if they are empty.
fn group_entries(group: GroupView<'_>) -> Vec<(&str, Value<'_>)> {
    let mut entries = lists(group);
    for name in ["age", ForeignKind::HashiCorpVault.name()] {
        if !entries.iter().any(|(key, _)| *key == name) {
            entries.push((name, Value::List(Vec::new())));
        }
    }
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

fn foreign_entry(key: &ForeignKey) -> Value<'_> {
    let fields = key.fields.iter().map(|(name, value)| {
        let value = match value {
            FieldValue::Text(text) => Value::Text(text),
            FieldValue::Map(map) => {
                let entries = map.iter().map(|(key, value)| {
                    let value = value.as_deref().map_or(Value::Null, Value::Text);
                    (key.as_str(), value)
                });
                Value::Map(entries.collect())
            }
        };
        (name.as_str(), value)
    });
    Value::Map(fields.collect())
}

#[derive(Clone, Copy)]
struct Yaml<'a> {
    unit: usize,
    line_break: &'a str,
}

impl Yaml<'_> {
    /// The next multiple of the unit, where everything but the entries of a list item begins.
    fn deeper(self, column: usize) -> usize {
        self.unit * (column / self.unit + 1)
    }

    fn line_break(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.line_break.as_bytes());
    }

    /// The first line's indentation is there already if it follows a dash.
    fn map(self, entries: &[(&str, Value<'_>)], column: usize, indent: bool, out: &mut Vec<u8>) {
        for (number, (key, value)) in entries.iter().enumerate() {
            if indent || number > 0 {
                out.resize(out.len() + column, b' ');
            }
            // A key is one line.
            if key.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
                double_quoted(key, out);
            } else {
                self.text(key, column, out);
            }
            out.push(b':');
            self.value(value, column, out);
        }
    }

    fn value(self, value: &Value<'_>, column: usize, out: &mut Vec<u8>) {
        let inner = self.deeper(column);
        match value {
            Value::List(items) if items.is_empty() => out.extend_from_slice(b" []"),
            Value::List(items) => {
                self.line_break(out);
                for item in items {
                    out.resize(out.len() + inner, b' ');
                    out.extend_from_slice(b"- ");
                    match item {
                        Value::Map(entries) => self.map(entries, inner + 2, false, out),
                        other => self.value(other, inner, out),
                    }
                }
                return;
            }
            Value::Map(entries) => {
                self.line_break(out);
                return self.map(entries, inner, true, out);
            }
            Value::Null => out.extend_from_slice(b" null"),
            Value::True => out.extend_from_slice(b" true"),
            Value::Number(number) => {
                out.push(b' ');
                out.extend_from_slice(number.to_string().as_bytes());
            }
            Value::Text(text) => {
                out.push(b' ');
                self.text(text, column, out);
            }
        }
        // A literal block that keeps its final breaks ends with one already.
        self.line_break(out);
    }

    fn text(self, text: &str, column: usize, out: &mut Vec<u8>) {
        let context = Context {
            indent_unit: self.unit,
            parent: Parent::Mapping,
            column,
            in_flow: false,
            line_break: self.line_break,
        };
        spell_like_sops(&Scalar::string(text), &context, out);
    }
}

/// Puts spaces before each line from `start` that is not empty. In literal blocks, go-yaml begins a
/// line after U+2028 and U+2029 as well.
fn indent_lines(spaces: usize, start: usize, out: &mut Vec<u8>) {
    let written = out.split_off(start);
    for line in String::from_utf8_lossy(&written).split_inclusive(['\n', '\u{2028}', '\u{2029}']) {
        if !line.starts_with(['\r', '\n', '\u{2028}', '\u{2029}']) {
            out.resize(out.len() + spaces, b' ');
        }
        out.extend_from_slice(line.as_bytes());
    }
}

/// A JSON scalar as Go writes it, or nothing for a collection.
fn json_scalar(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::True => out.extend_from_slice(b"true"),
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Text(text) => json_string_like_go(text.as_bytes(), out),
        Value::List(_) | Value::Map(_) => {}
    }
}

fn json(value: &Value<'_>, style: &JsonStyle<'_>, depth: usize, out: &mut Vec<u8>) {
    let new_line = |depth: usize, out: &mut Vec<u8>| {
        out.extend_from_slice(style.line_break.as_bytes());
        out.extend_from_slice(style.member_indent.as_bytes());
        for _ in 0..depth {
            out.extend_from_slice(style.unit.as_bytes());
        }
    };
    match value {
        Value::List(items) if items.is_empty() => out.extend_from_slice(b"[]"),
        Value::List(items) => {
            for (number, item) in items.iter().enumerate() {
                out.push(if number == 0 { b'[' } else { b',' });
                new_line(depth + 1, out);
                json(item, style, depth + 1, out);
            }
            new_line(depth, out);
            out.push(b']');
        }
        Value::Map(entries) => {
            for (number, (key, value)) in entries.iter().enumerate() {
                out.push(if number == 0 { b'{' } else { b',' });
                new_line(depth + 1, out);
                json_string_like_go(key.as_bytes(), out);
                out.extend_from_slice(b": ");
                json(value, style, depth + 1, out);
            }
            new_line(depth, out);
            out.push(b'}');
        }
        scalar => json_scalar(scalar, out),
    }
}

fn compact_json(value: &Value<'_>, out: &mut Vec<u8>) {
    let separator = |number: usize| if number == 0 { &b""[..] } else { b"," };
    match value {
        Value::List(items) => {
            out.push(b'[');
            for (number, item) in items.iter().enumerate() {
                out.extend_from_slice(separator(number));
                compact_json(item, out);
            }
            out.push(b']');
        }
        Value::Map(entries) => {
            out.push(b'{');
            for (number, (key, value)) in entries.iter().enumerate() {
                out.extend_from_slice(separator(number));
                json_string_like_go(key.as_bytes(), out);
                out.extend_from_slice(if *key == "mac" { &b": "[..] } else { b":" });
                compact_json(value, out);
            }
            out.push(b'}');
        }
        scalar => json_scalar(scalar, out),
    }
}

fn flow(value: &Value<'_>, out: &mut Vec<u8>) {
    let separator = |number: usize| if number == 0 { &b""[..] } else { b", " };
    match value {
        Value::List(items) => {
            out.push(b'[');
            for (number, item) in items.iter().enumerate() {
                out.extend_from_slice(separator(number));
                flow(item, out);
            }
            out.push(b']');
        }
        Value::Map(entries) => {
            out.push(b'{');
            for (number, (key, value)) in entries.iter().enumerate() {
                out.extend_from_slice(separator(number));
                string_for_both(key, out);
                out.extend_from_slice(b": ");
                flow(value, out);
            }
            out.push(b'}');
        }
        Value::Text(text) => string_for_both(text, out),
        scalar => json_scalar(scalar, out),
    }
}

/// A JSON string that YAML reads as the same text: what YAML forbids or folds is escaped as well.
fn string_for_both(text: &str, out: &mut Vec<u8>) {
    let is_plain = |c: char| {
        !matches!(
            c,
            '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
    };
    if text.chars().all(is_plain) {
        return json_string_like_go(text.as_bytes(), out);
    }
    let start = out.len();
    json_string_like_go(text.as_bytes(), out);
    let written = out.split_off(start);
    for c in String::from_utf8_lossy(&written).chars() {
        if is_plain(c) {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
        }
    }
}
