//! dotenv and INI files: lines of keys and values, with the metadata of SOPS among them.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};

use super::super::checks::BROKEN_METADATA;
use super::super::finding::Hit;
use super::super::subject::Subject;
use super::Verdict;
use super::drift::Drift;
use super::leaves::{Leaves, Plain, Unselected, What};
use super::outside::loose_secrets;
use super::plaintext::{self, confidence_of, partly_encrypted, plain_file};
use super::room::Room;
use super::rules::{Cover, Ruled, Rules};
use super::unselected;
use crate::document::json;
use crate::document::scalar::Scalar;
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::secret::SecretBytes;
use crate::sops::envelope::looks_sealed;
use crate::sops::leaf::{LeafState, leaf_state};
use crate::sops::metadata::Metadata;
use crate::sops::selector::{Selector, Walk};

/// How the values of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `NAME=value`
    Dotenv,
    /// `name = value` below `[section]`
    Ini,
}

impl Kind {
    /// The kind that SOPS takes a file for by its name.
    pub(super) fn of(name: &str) -> Option<Self> {
        if name.ends_with(".env") {
            Some(Kind::Dotenv)
        } else if name.ends_with(".ini") {
            Some(Kind::Ini)
        } else {
            None
        }
    }
}

/// The section of keys that stand before the first one of an INI file.
const DEFAULT_SECTION: &str = "DEFAULT";

/// Most entries of the metadata that are read: a hundred recipients have a few hundred.
const MAX_METADATA: usize = 10_000;

struct Entry<'t> {
    section: Option<&'t str>,
    key: &'t str,
    value: &'t str,
    span: Range<usize>,
    is_comment: bool,
}

#[derive(Default)]
struct File<'t> {
    entries: Vec<Entry<'t>>,
    metadata: Vec<Entry<'t>>,
}

/// Looks at a file.
pub(super) fn check(
    subject: &Subject<'_>,
    kind: Kind,
    rules: &Rules,
    cover: &Cover<'_>,
    room: &mut Room<'_>,
) -> Verdict {
    let Some(text) = subject.text() else {
        return super::other::not_utf8(subject, cover, room);
    };
    let ruled = match cover {
        Cover::Rule(ruled) => Some(ruled),
        _ => None,
    };
    let mut verdict = Verdict {
        rule: ruled.map(Ruled::name),
        ..Verdict::default()
    };
    let file = match kind {
        Kind::Dotenv => dotenv(text),
        Kind::Ini => ini(text),
    };
    let block = file.metadata.first().map(|entry| entry.span.clone());
    let metadata = block.as_ref().map(|_| read(&file));
    let own = match &metadata {
        Some(Ok((_, selector))) => Some(selector),
        _ => None,
    };
    let (leaves, clear) = look(&file, ruled, own);
    let is_unselected = leaves.selected + leaves.sealed == 0 && {
        let file = unselected::File {
            name: subject.name(),
            ruled,
            own,
            has_block: block.is_some(),
        };
        unselected::check(&file, [(None, &clear)], room)
    };
    verdict.has_metadata = block.is_some();
    if let Some(block) = block {
        verdict.sealed = partly_encrypted(&leaves, ruled, room) && !is_unselected;
        match &metadata {
            Some(Ok((metadata, selector))) => {
                for entry in metadata.groups().flat_map(|group| group.age) {
                    if !verdict.recipients.contains(&entry.recipient) {
                        verdict.recipients.push(entry.recipient.clone());
                    }
                }
                if let Some(ruled) = ruled {
                    let drift = Drift {
                        metadata,
                        selector: Some(selector),
                        same_leaves: !leaves.differs,
                        block,
                    };
                    let place_of = |text: &str| {
                        let mut entries = file.metadata.iter();
                        let entry = entries.find(|entry| entry.value.starts_with(text))?;
                        Some(entry.span.clone())
                    };
                    drift.check(ruled, rules, place_of, room);
                }
            }
            Some(Err(error)) => {
                verdict.sealed = false;
                let message = format!("the metadata of SOPS cannot be read: {}", error.message());
                room.push(Hit::new(&BROKEN_METADATA, block, message).at("sops"));
            }
            None => {}
        }
        return verdict;
    }
    match ruled {
        Some(ruled) => {
            let kind = match kind {
                Kind::Dotenv => plaintext::Kind::Variables,
                Kind::Ini => plaintext::Kind::Values,
            };
            let confidence = confidence_of(subject.name(), ruled.terms.breadth, kind);
            plain_file(&leaves, ruled, confidence, room);
        }
        None => loose_secrets(text, None, room),
    }
    verdict
}

fn look(
    file: &File<'_>,
    ruled: Option<&Ruled<'_>>,
    own: Option<&Selector>,
) -> (Leaves, Unselected) {
    let selected_by = |selector: Option<&Selector>| match selector {
        Some(selector) => selection(file, selector),
        None => vec![false; file.entries.len()],
    };
    let by_own = selected_by(own);
    let by_rule = selected_by(ruled.map(|ruled| &ruled.terms.selector));
    let mut leaves = Leaves::default();
    let mut clear = Unselected::default();
    let is_judged = own.is_some() || ruled.is_some();
    for (entry, (own_selects, rule_selects)) in
        file.entries.iter().zip(by_own.into_iter().zip(by_rule))
    {
        let state = match entry.is_comment {
            true => LeafState::Nothing,
            false => leaf_state(&Scalar::string(entry.value)),
        };
        let is_selected = own_selects || rule_selects;
        leaves.selected += usize::from(is_selected && !entry.is_comment);
        let what = match state {
            LeafState::Sealed => {
                leaves.sealed += 1;
                continue;
            }
            LeafState::Plain => What::Value,
            LeafState::Damaged => What::Damaged,
            LeafState::Nothing if entry.is_comment && own_selects => {
                let text = entry.value.trim();
                if text.is_empty() || looks_sealed(text.as_bytes()) {
                    continue;
                }
                What::Comment
            }
            LeafState::Nothing => continue,
        };
        if own.is_some() && ruled.is_some() && own_selects != rule_selects {
            leaves.differs = true;
        }
        let plain = || Plain {
            key_path: match entry.section {
                Some(section) => format!("{section}.{}", entry.key),
                None => entry.key.to_owned(),
            },
            span: entry.span.clone(),
            value: SecretBytes::copy_of(entry.value.as_bytes()),
            what,
            by_rule: rule_selects,
        };
        if is_selected {
            leaves.note(plain);
        } else if is_judged && leaves.selected + leaves.sealed == 0 {
            clear.note(entry.value, plain);
        }
    }
    (leaves, clear)
}

/// For each entry: the selector selects it.
fn selection(file: &File<'_>, selector: &Selector) -> Vec<bool> {
    let mut walk = Walk::new(selector);
    walk.enter();
    let mut section = None;
    let mut selected = Vec::with_capacity(file.entries.len());
    for entry in &file.entries {
        if entry.section != section {
            if section.is_some() {
                walk.leave();
                walk.pop_key();
                walk.end_entry();
            }
            section = entry.section;
            walk.push_key(section.unwrap_or(DEFAULT_SECTION));
            walk.enter();
        }
        if entry.is_comment {
            selected.push(walk.comment(entry.value));
            continue;
        }
        walk.push_key(entry.key);
        selected.push(walk.selected());
        walk.pop_key();
        walk.end_entry();
    }
    selected
}

fn dotenv(text: &str) -> File<'_> {
    let mut file = File::default();
    for (start, line) in lines(text) {
        if line.trim().is_empty() {
            continue;
        }
        let (key, value, is_comment) = match (line.strip_prefix('#'), line.split_once('=')) {
            (Some(comment), _) => ("", comment, true),
            (None, Some((key, value))) => (key, value, false),
            // SOPS refuses the file; what stands there may be the rest of a value.
            (None, None) => ("", line, false),
        };
        let end = start + line.len();
        let entry = Entry {
            section: None,
            key,
            value,
            span: end - value.len()..end,
            is_comment,
        };
        match key.strip_prefix("sops_") {
            Some(key) => file.metadata.push(Entry { key, ..entry }),
            None => file.entries.push(entry),
        }
    }
    file
}

fn ini(text: &str) -> File<'_> {
    let mut file = File::default();
    let mut section = DEFAULT_SECTION;
    let mut open_until = 0;
    for (start, line) in lines(text) {
        let trimmed = line.trim();
        if start < open_until || trimmed.is_empty() {
            continue;
        }
        let offset = start + (line.len() - line.trim_start().len());
        let name = trimmed
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'));
        if let Some((name, _)) = name {
            section = name.trim();
            continue;
        }
        let comment = trimmed.strip_prefix(['#', ';']);
        let is_comment = comment.is_some();
        let (key, mut value) = match (comment, trimmed.split_once(['=', ':'])) {
            (Some(comment), _) => ("", comment.trim_start()),
            (None, Some((key, value))) => (key.trim(), value.trim_start()),
            (None, None) => ("", trimmed),
        };
        let at = offset + trimmed.len() - value.len();
        if let Some(rest) = value.strip_prefix("\"\"\"").filter(|_| !is_comment) {
            // The value goes on until three quotes.
            let body = at + 3;
            let length = text.get(body..).and_then(|rest| rest.find("\"\"\""));
            let end = length.map_or(at + 3 + rest.len(), |length| body + length);
            value = text.get(body..end).unwrap_or(rest);
            open_until = end;
        }
        let entry = Entry {
            section: Some(section),
            key,
            value: unquoted(value),
            span: at..at + value.len(),
            is_comment,
        };
        match section {
            "sops" if !is_comment => file.metadata.push(entry),
            "sops" => {}
            _ => file.entries.push(entry),
        }
    }
    file
}

fn unquoted(text: &str) -> &str {
    for quote in ['"', '\'', '`'] {
        let inner = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    text
}

/// Lines without their ends, and where they start.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        (at, line.trim_end_matches(['\n', '\r']))
    })
}

/// The metadata of a flat file: SOPS joins the keys of nested maps and the numbers of list items into
/// one name (`age__list_0__map_recipient`).
fn read(file: &File<'_>) -> Result<(Metadata, Selector)> {
    let too_much = || Error::new(ErrorKind::Input, "it has too many entries");
    if file.metadata.len() > MAX_METADATA {
        return Err(too_much());
    }
    let mut root = Tree::default();
    for entry in &file.metadata {
        let value = entry.value.replace("\\n", "\n");
        root.insert(entry.key, value).ok_or_else(too_much)?;
    }
    let text = root.into_json().to_string();
    let broken = || Error::new(ErrorKind::Input, "it has no form that SOPS writes");
    let document = json::parse(text.as_bytes()).map_err(|_| broken())?;
    let node = document.root().ok_or_else(broken)?;
    let metadata = Metadata::read(&document, node, &text)?;
    let selector = Selector::from_parts(metadata.selector_parts())?;
    Ok((metadata, selector))
}

/// A tree that is put together from joined names.
#[derive(Default)]
struct Tree {
    value: Option<String>,
    map: BTreeMap<String, Tree>,
    list: BTreeMap<usize, Tree>,
}

impl Tree {
    /// `None` if the name has more parts than metadata has levels.
    fn insert(&mut self, name: &str, value: String) -> Option<()> {
        const LEVELS: usize = 8;
        let mut node = self;
        let (first, mut rest) = next_part(name);
        node = node.map.entry(first.to_owned()).or_default();
        for _ in 0..LEVELS {
            if let Some(after) = rest.strip_prefix("__map_") {
                let (key, after) = next_part(after);
                node = node.map.entry(key.to_owned()).or_default();
                rest = after;
            } else if let Some(after) = rest.strip_prefix("__list_") {
                let (number, after) = next_part(after);
                node = node.list.entry(number.parse().ok()?).or_default();
                rest = after;
            } else {
                node.value = Some(value);
                return Some(());
            }
        }
        None
    }

    fn into_json(self) -> Value {
        if let Some(value) = self.value {
            return Value::String(value);
        }
        if !self.list.is_empty() {
            return Value::Array(self.list.into_values().map(Tree::into_json).collect());
        }
        let entries = self
            .map
            .into_iter()
            .map(|(key, tree)| (key, tree.into_json()));
        Value::Object(Map::from_iter(entries))
    }
}

/// The text up to the next joint, and what is from there on.
fn next_part(name: &str) -> (&str, &str) {
    let joint = ["__map_", "__list_"]
        .iter()
        .filter_map(|joint| name.find(joint))
        .min();
    name.split_at(joint.unwrap_or(name.len()))
}
