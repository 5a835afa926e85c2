//! Names and words out of looked-at texts, with what could be a secret masked: a key of a mapping can
//! be a credential as well as its value.

use std::ops::Range;

use foldhash::HashSet;

use super::checks::{self, Check};
use super::credentials;
use super::finding::Hit;
use super::places::{self, MASK};
use super::subject::{Parsed, Subject};
use super::suppress::is_about_suppressions;
use crate::document::tree::NodeKind;
use crate::sops::walk::key_text;

/// Key paths are not taken apart beyond so many bytes and parts: what is longer is no path of names.
const MAX_PATH: usize = 4096;
const MAX_PARTS: usize = 64;

/// Keys that are asked about for one finding.
const MAX_KEYS: usize = 64;

/// What names of one text must not be shown. Made once for all findings of the text.
#[derive(Debug, Default)]
pub(super) struct Masks {
    /// The parts, as [`parts`] gives them, of keys on which a finding stands.
    found: HashSet<String>,
}

/// A key path as it is shown, and the parts of the real one that it hides.
pub(super) struct Shown<'p> {
    pub(super) path: String,
    hidden: Vec<&'p str>,
}

impl Masks {
    pub(super) fn of(subject: &Subject<'_>, hits: &[Hit]) -> Self {
        let mut masks = Masks::default();
        if hits.iter().all(|hit| hit.span.is_empty()) {
            return masks;
        }
        let Some(parsed) = subject.parsed() else {
            return masks;
        };
        for hit in hits.iter().filter(|hit| !hit.span.is_empty()) {
            masks.add_keys(parsed, &hit.span);
        }
        masks
    }

    /// Takes note of the keys that a span overlaps, unless it goes on to their values: then it is about
    /// a collection.
    fn add_keys(&mut self, parsed: &Parsed<'_>, span: &Range<usize>) {
        let Some(document) = places::document_at(parsed, span.start) else {
            return;
        };
        let last = document.first_from(span.start.saturating_add(1));
        let nodes = (last.saturating_sub(1)..last.saturating_add(MAX_KEYS))
            .map_while(|number| document.id_at(number))
            .take_while(|&node| document.span(node).start < span.end);
        for node in nodes {
            let at = document.span(node);
            if !matches!(document.kind(node), NodeKind::Scalar(_)) || at.end <= span.start {
                continue;
            }
            let Some(end) = places::end_of_key(parsed.source.text, document, node) else {
                continue;
            };
            if span.start > at.start || span.end < end {
                let key = key_text(document, &parsed.source, node);
                self.found.extend(parts(key).map(str::to_owned));
            }
        }
    }

    /// A key path with its structure, each part that could be a secret masked.
    pub(super) fn key_path<'p>(&self, path: &'p str) -> Shown<'p> {
        let mut shown = Shown {
            path: String::with_capacity(path.len()),
            hidden: Vec::new(),
        };
        for (number, one) in path.split(ARROW).enumerate() {
            if number > 0 {
                shown.path.push_str(ARROW);
            }
            self.one_path(one, &mut shown);
        }
        shown
    }

    fn one_path<'p>(&self, path: &'p str, shown: &mut Shown<'p>) {
        let parts: Vec<&str> = parts(path).collect();
        if path.len() > MAX_PATH || parts.len() > MAX_PARTS {
            shown.path.push_str(MASK);
            shown.hidden.push(path);
            return;
        }
        // A token with dots is several parts.
        let token = if credentials::may_hold(path.as_bytes()) {
            token_in(path, &parts)
        } else {
            path.len()..path.len()
        };
        let mut from = 0;
        for part in parts {
            let start = offset(path, part);
            if start < from {
                continue;
            }
            shown.path.push_str(path.get(from..start).unwrap_or(""));
            from = start + part.len();
            if start >= token.start && start < token.end {
                let hidden = path.get(start..token.end).unwrap_or(part);
                shown.path.push_str(MASK);
                shown.hidden.push(hidden);
                from = token.end.max(from);
            } else if self.found.contains(part) || !places::is_name(part) {
                shown.path.push_str(MASK);
                shown.hidden.push(part);
            } else {
                shown.path.push_str(part);
            }
        }
        shown.path.push_str(path.get(from..).unwrap_or(""));
    }

    /// A message of a check about a place, without what the key path of the place hides, and without
    /// anything else that could be a secret: key paths stand in backticks.
    pub(super) fn message(
        &self,
        check: &Check,
        message: &str,
        place: Option<&Shown<'_>>,
    ) -> String {
        let hidden = place.map_or(&[][..], |place| &place.hidden);
        let mut text = message.to_owned();
        for part in hidden {
            // Shorter ones would be in half of the words.
            if part.len() >= 4 && text.contains(part) {
                text = text.replace(part, MASK);
            }
        }
        let mut masked = String::with_capacity(text.len());
        for (number, piece) in text.split('`').enumerate() {
            if number > 0 {
                masked.push('`');
            }
            let is_cut = || {
                let end = piece.strip_suffix('…');
                let last = end.and_then(|end| parts(end).last());
                last.is_some_and(|last| {
                    !last.is_empty() && hidden.iter().any(|hidden| hidden.starts_with(last))
                })
            };
            if number % 2 == 0 || !names_keys(check) {
                masked.push_str(&self.words(piece, |_| false));
            } else if is_cut() || piece.contains(char::REPLACEMENT_CHARACTER) {
                masked.push_str(MASK);
            } else {
                masked.push_str(&self.key_path(piece).path);
            }
        }
        masked
    }

    /// Free words of a looked-at text, such as the reason of a suppression.
    pub(super) fn text(&self, text: &str) -> String {
        self.words(text, places::has_token_run)
    }

    /// Words of the program that may quote a text: quotes of a path are left as they are.
    pub(super) fn quoted(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        for (number, piece) in text.split('`').enumerate() {
            if number > 0 {
                masked.push('`');
            }
            masked.push_str(&match number % 2 == 1 && !piece.contains('/') {
                true => self.key_path(piece).path,
                false => self.words(piece, |_| false),
            });
        }
        masked
    }

    /// The line of an excerpt, which is a name at most.
    pub(super) fn line(&self, line: String) -> String {
        let name = line.trim_start();
        let indent = line.len() - name.len();
        let name = name.trim_end_matches(MASK).trim_end();
        let name = name.trim_matches(['"', '\'', ':', '=', '-', ' ']);
        if self.key_path(name).hidden.is_empty() {
            return line;
        }
        format!("{}{MASK}", line.get(..indent).unwrap_or(""))
    }

    fn words(&self, text: &str, hides: impl Fn(&str) -> bool) -> String {
        let holds_one = credentials::may_hold(text.as_bytes());
        let mut masked = String::with_capacity(text.len());
        for word in text.split_inclusive([' ', '\t', '\n']) {
            let bare = word.trim_end();
            let is_secret = !bare.is_empty()
                && (self.found.contains(bare)
                    || hides(bare)
                    || (holds_one && credentials::may_hold(bare.as_bytes())));
            if is_secret {
                masked.push_str(MASK);
                masked.push_str(word.get(bare.len()..).unwrap_or(""));
            } else {
                masked.push_str(word);
            }
        }
        // A token can have blanks in it.
        match holds_one && credentials::may_hold(masked.as_bytes()) {
            true => MASK.to_owned(),
            false => masked,
        }
    }
}

/// Stands before the key path within a value that is a text of its own.
const ARROW: &str = " -> ";

/// The names of a key path: what is between its dots and positions.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split(['.', '['])
        .map(|part| match part.split_once(']') {
            // Empty, and still a part of the path.
            Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
            _ => part,
        })
}

/// Where a part stands in its path.
fn offset(path: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(path.as_ptr() as usize)
}

/// Where the credential stands in a path that holds one: its part, or from its first part to the end.
fn token_in(path: &str, parts: &[&str]) -> Range<usize> {
    let holds = |range: &Range<usize>| {
        let text = path.get(range.clone()).unwrap_or(path);
        credentials::may_hold(text.as_bytes())
    };
    let ranges = parts.iter().filter(|part| !part.is_empty()).map(|part| {
        let start = offset(path, part);
        start..start + part.len()
    });
    let ranges: Vec<_> = ranges.collect();
    if let Some(one) = ranges.iter().find(|range| holds(range)) {
        let rest = one.end..path.len();
        return match holds(&rest) {
            true => one.start..path.len(),
            false => one.clone(),
        };
    }
    let mut starts = ranges.iter().rev().map(|range| range.start);
    let start = starts.find(|start| holds(&(*start..path.len())));
    start.unwrap_or(0)..path.len()
}

/// What stands in backticks in the messages of a check are keys and key paths, and not paths of files
/// or expressions of rules.
fn names_keys(check: &Check) -> bool {
    ![
        &checks::SECRET_GENERATOR_FILE,
        &checks::PLAIN_TWIN,
        &checks::SELECTOR_DRIFT,
        &checks::MAC_DRIFT,
        &checks::RECIPIENT_DRIFT,
        &checks::THRESHOLD_DRIFT,
        &checks::SINGLE_RECIPIENT,
        &checks::UNANCHORED_SELECTOR,
        &checks::DEAD_RULE,
        &checks::SHADOWED_RULE,
        &checks::OVERLAPPING_RULES,
    ]
    .contains(&check)
        && !is_about_suppressions(check)
}

#[cfg(test)]
#[path = "masks_tests.rs"]
mod tests;
