//! The baseline: findings that an old repository starts with, so that only new ones count.
//!
//! A JSON file, sorted, one finding a line, without times and line numbers: two branches that change it
//! in different places merge. It has to match on every machine, so it says which fingerprint key it
//! was made with: one that stands in it, one that was given and must be given again, or the identity of
//! the repository.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::checks::{Check, UNUSED_SUPPRESSION};
use super::finding::{Finding, Hit, Severity, Suppressed, SuppressedBy};
use super::fingerprint::{Key, hex};
use super::suppress::is_about_suppressions;
use crate::document::json;
use crate::document::place::place_of;
use crate::document::tree::{Document, NodeId, NodeKind, ScalarStyle};
use crate::error::{Error, Kind, Result};

/// Largest baseline, in bytes: some 300,000 findings.
pub const MAX_SIZE: usize = 64 << 20;

/// The keys of the file.
const ROOT: [&str; 4] = ["version", "fingerprint_key", "key_id", "findings"];
const ENTRY: [&str; 3] = ["fingerprint", "check", "path"];

/// With which key a baseline was made.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// The text stands in the baseline itself: it matches wherever the baseline is.
    Here(String),
    /// A key that was given (`SECRETS_AUDIT_KEY`, `fingerprint_key`), by its id.
    Given(String),
    /// The identity of each repository.
    Repository,
}

impl KeySource {
    /// A new key of 32 random bytes, which will stand in the baseline.
    pub fn random(bytes: &[u8; 32]) -> Self {
        KeySource::Here(hex(bytes))
    }

    /// The key that was given.
    pub fn of(key: &Key) -> Self {
        KeySource::Given(key.id())
    }
}

/// A baseline.
#[derive(Debug)]
pub struct Baseline {
    /// With which key its fingerprints were made.
    pub key: KeySource,
    entries: Vec<Entry>,
    by_fingerprint: HashMap<String, usize>,
    used: Vec<AtomicBool>,
}

#[derive(Debug)]
struct Entry {
    fingerprint: String,
    check: String,
    path: Option<String>,
    span: Range<usize>,
}

impl Baseline {
    /// Reads a baseline; `name` is what messages call it.
    ///
    /// # Errors
    /// [`Kind::Input`] with the place: no JSON, unknown or missing keys, another version, fingerprints
    /// that are none, or more than [`MAX_SIZE`] bytes. A baseline with a mistake must not let findings
    /// through, nor lose those that it has.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_SIZE {
            let limit = format!("it has more than {} MiB", MAX_SIZE >> 20);
            let error = Error::new(Kind::Input, "the baseline is too large").in_file(name);
            return Err(error.because(limit));
        }
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let at = |offset: usize, what: &str| {
            let mut place = place_of(text, offset);
            place.file = Some(name.to_owned());
            let error = Error::new(Kind::Input, format!("the baseline cannot be used: {what}"));
            let hint = "write it anew with `secrets audit --write-baseline`, or mend the line";
            error.at(place).hint(hint)
        };
        let document = json::parse(bytes).map_err(|error| at(error.offset, &error.what))?;
        let reader = Reader {
            document: &document,
            text,
        };
        reader
            .baseline()
            .map_err(|(offset, what)| at(offset, &what))
    }

    /// The key that fingerprints must be made with so that this baseline matches them. `given` are the
    /// keys at hand, `identity` is that of the repository.
    ///
    /// # Errors
    /// [`Kind::Config`] if the baseline was made with a key that is not at hand: nothing would match.
    pub fn key(&self, given: &[Key], identity: &str) -> Result<Key> {
        let known = match &self.key {
            KeySource::Here(text) => Some(Key::of(text.as_bytes())),
            KeySource::Given(id) => given.iter().find(|key| key.id() == *id).cloned(),
            KeySource::Repository => Some(Key::of(identity.as_bytes())),
        };
        known.ok_or_else(|| {
            Error::new(
                Kind::Config,
                "the baseline was made with another fingerprint key",
            )
            .because("no finding would match it")
            .hint("set SECRETS_AUDIT_KEY to the key that it was made with")
            .hint("or write it anew without one: it then matches on every machine")
        })
    }

    /// Suppresses the findings that are in the baseline, unless something else does already; an entry
    /// for one of these is in use all the same. Findings about suppressions stay.
    pub fn apply(&self, findings: &mut [Finding]) {
        for finding in findings {
            if is_about_suppressions(finding.check) {
                continue;
            }
            let Some(&number) = self.by_fingerprint.get(&finding.fingerprint) else {
                continue;
            };
            if let Some(used) = self.used.get(number) {
                used.store(true, Ordering::Relaxed);
            }
            finding.suppressed.get_or_insert(Suppressed {
                by: SuppressedBy::Baseline,
                reason: None,
            });
        }
    }

    /// Entries that matched no finding, with their place in the baseline. Only of meaning after a
    /// complete run over everything that the baseline was made of.
    pub fn unused(&self, ran: impl Fn(&Check) -> bool) -> Vec<Hit> {
        let unused = |(entry, used): &(&Entry, &AtomicBool)| {
            !used.load(Ordering::Relaxed) && Check::find(&entry.check).is_none_or(&ran)
        };
        let hit = |(entry, _): (&Entry, &AtomicBool)| {
            let message = match &entry.path {
                Some(path) => format!("{} in `{path}` is gone from there", entry.check),
                None => format!("a finding of {} is gone", entry.check),
            };
            Hit::new(&UNUSED_SUPPRESSION, entry.span.clone(), message)
                .severity(Severity::Info)
                .of(entry.fingerprint.as_bytes())
                .fix("write the baseline anew with `secrets audit --write-baseline`")
        };
        let entries = self.entries.iter().zip(&self.used);
        entries.filter(unused).map(hit).collect()
    }

    /// The text of a baseline of findings whose fingerprints were made with a key. What comments and
    /// the policy file suppress is left out, what an older baseline suppresses stays in; findings about
    /// suppressions are left out.
    pub fn of(findings: &[Finding], key: &KeySource) -> String {
        let wanted = |finding: &&Finding| {
            let by = finding.suppressed.as_ref().map(|suppressed| suppressed.by);
            matches!(by, None | Some(SuppressedBy::Baseline))
                && !is_about_suppressions(finding.check)
        };
        let lines: BTreeSet<(&str, &str, &str)> = findings
            .iter()
            .filter(wanted)
            .map(|finding| {
                let path = finding.path.as_deref().unwrap_or("");
                (path, finding.check.id, finding.fingerprint.as_str())
            })
            .collect();
        let mut text = "{\n\"version\": 1,\n".to_owned();
        match key {
            KeySource::Here(key) => text.push_str(&format!("\"fingerprint_key\": \"{key}\",\n")),
            KeySource::Given(id) => text.push_str(&format!("\"key_id\": \"{id}\",\n")),
            KeySource::Repository => {}
        }
        text.push_str("\"findings\": [");
        for (number, (path, check, fingerprint)) in lines.into_iter().enumerate() {
            text.push_str(if number == 0 { "\n" } else { ",\n" });
            let path = Some(path).filter(|path| !path.is_empty());
            text.push_str(&format!(
                "{{\"path\": {}, \"check\": \"{check}\", \"fingerprint\": \"{fingerprint}\"}}",
                Value::from(path)
            ));
        }
        text.push_str("\n]\n}\n");
        text
    }
}

type Wrong = (usize, String);

struct Reader<'a> {
    document: &'a Document,
    text: &'a str,
}

impl Reader<'_> {
    fn baseline(&self) -> std::result::Result<Baseline, Wrong> {
        let Some(root) = self.document.root() else {
            return Err((0, "it is empty".to_owned()));
        };
        let [version, here, id, findings] = self.members(root, ROOT, "the baseline")?;
        match version {
            Some(node) if self.raw(node) == "1" => {}
            Some(node) => return Err(self.wrong(node, "its version is not 1")),
            None => return Err(self.wrong(root, "it has no `version`")),
        }
        let here = here.map(|node| self.string(node)).transpose()?;
        let given = id.map(|node| self.string(node)).transpose()?;
        let key = match (here, given, id) {
            (Some(_), Some(_), Some(id)) => {
                return Err(self.wrong(id, "it has both `fingerprint_key` and `key_id`"));
            }
            (Some(""), ..) => return Err(self.wrong(root, "its `fingerprint_key` is empty")),
            (Some(text), ..) => KeySource::Here(text.to_owned()),
            (None, Some(id), _) => KeySource::Given(id.to_owned()),
            (None, None, _) => KeySource::Repository,
        };
        let Some(findings) = findings else {
            return Err(self.wrong(root, "it has no `findings`"));
        };
        if !matches!(self.document.kind(findings), NodeKind::Sequence { .. }) {
            return Err(self.wrong(findings, "`findings` must be a list"));
        }
        let mut entries = Vec::new();
        let mut by_fingerprint = HashMap::new();
        for node in self.document.children(findings) {
            let entry = self.entry(node)?;
            // A merge may bring an entry twice.
            by_fingerprint
                .entry(entry.fingerprint.clone())
                .or_insert_with(|| {
                    entries.push(entry);
                    entries.len() - 1
                });
        }
        Ok(Baseline {
            key,
            used: entries.iter().map(|_| AtomicBool::new(false)).collect(),
            entries,
            by_fingerprint,
        })
    }

    fn entry(&self, node: NodeId) -> std::result::Result<Entry, Wrong> {
        let [fingerprint, check, path] = self.members(node, ENTRY, "a finding")?;
        let missing = |name: &str| self.wrong(node, &format!("a finding has no `{name}`"));
        let fingerprint = fingerprint.ok_or_else(|| missing("fingerprint"))?;
        let digits = self.string(fingerprint)?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() != 64 || !digits.bytes().all(is_digit) {
            let what = "a fingerprint has 64 hexadecimal digits in lower case";
            return Err(self.wrong(fingerprint, what));
        }
        let check = check.ok_or_else(|| missing("check"))?;
        let id = self.string(check)?;
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if id.is_empty() || id.len() > 64 || !id.bytes().all(is_id) {
            return Err(self.wrong(check, "`check` must be the id of a check"));
        }
        let path = match path {
            Some(path) if self.raw(path) == "null" => None,
            Some(path) => Some(self.string(path)?.to_owned()),
            None => return Err(missing("path")),
        };
        Ok(Entry {
            fingerprint: digits.to_owned(),
            check: id.to_owned(),
            path,
            span: self.document.span(node),
        })
    }

    /// The values of an object by name; other names, and names given twice, are errors.
    fn members<const N: usize>(
        &self,
        node: NodeId,
        names: [&str; N],
        what: &str,
    ) -> std::result::Result<[Option<NodeId>; N], Wrong> {
        if !matches!(self.document.kind(node), NodeKind::Mapping { .. }) {
            return Err(self.wrong(node, &format!("{what} must be an object")));
        }
        let mut found = [None; N];
        for (key, value) in self.document.entries(node) {
            let name = self.document.scalar_text(key, self.text);
            let place = names.iter().position(|known| *known == name);
            match place.and_then(|place| found.get_mut(place)) {
                Some(place @ None) => *place = Some(value),
                Some(_) => return Err(self.wrong(key, "a key is given twice")),
                None => {
                    let what = format!("unknown key in {what}; known: {}", names.join(", "));
                    return Err(self.wrong(key, &what));
                }
            }
        }
        Ok(found)
    }

    fn string(&self, node: NodeId) -> std::result::Result<&str, Wrong> {
        match self.document.kind(node) {
            NodeKind::Scalar(ScalarStyle::DoubleQuoted) => {
                Ok(self.document.scalar_text(node, self.text))
            }
            _ => Err(self.wrong(node, "a text is wanted here")),
        }
    }

    /// The source of a value.
    fn raw(&self, node: NodeId) -> &str {
        self.text.get(self.document.span(node)).unwrap_or_default()
    }

    fn wrong(&self, node: NodeId, what: &str) -> Wrong {
        (self.document.span(node).start, what.to_owned())
    }
}

#[cfg(test)]
#[path = "baseline_tests.rs"]
mod tests;
