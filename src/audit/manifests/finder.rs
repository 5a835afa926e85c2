//! What makes a hit of a name and a value, and the walk over values of any shape.

use foldhash::HashSet;

use super::lines::{self, Assignment};
use super::names;
use super::tree::{Tree, item, key};
use crate::audit::benign;
use crate::audit::checks::Check;
use crate::audit::finding::{Confidence, Hit};
use crate::document::tree::NodeId;

/// Nodes that aliases may add to what is looked at in one text. No manifest comes near it.
const MAX_ALIAS_NODES: usize = 50_000;

/// Deepest nesting that is followed, aliases included.
pub(super) const MAX_DEPTH: usize = crate::document::yaml::MAX_DEPTH;

/// Which check a value belongs to, where it stands in words, and how sure the place can make it.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) check: &'static Check,
    pub(super) words: &'static str,
    pub(super) at_most: Confidence,
}

impl Place {
    pub(super) fn at_most(self, at_most: Confidence) -> Self {
        Place {
            at_most: self.at_most.min(at_most),
            ..self
        }
    }
}

/// Collects what is found in one text.
pub(super) struct Finder<'h> {
    hits: &'h mut Vec<Hit>,
    nodes_left: usize,
    /// Bytes of values that may still be read as texts of their own.
    bytes_left: usize,
    /// Values that were reported: an anchor is met again at each of its aliases.
    seen: HashSet<(usize, usize, String)>,
}

impl<'h> Finder<'h> {
    /// `size` is that of the whole text: values of it are read as texts of their own a few times, with
    /// texts in them, and not once for each alias of a long one.
    pub(super) fn new(hits: &'h mut Vec<Hit>, size: usize) -> Self {
        Finder {
            hits,
            bytes_left: size.saturating_mul(4).saturating_add(64 << 10),
            nodes_left: MAX_ALIAS_NODES,
            seen: HashSet::default(),
        }
    }

    /// Takes note of a document: all of its own nodes may be looked at, by more than one walk.
    pub(super) fn begin(&mut self, tree: &Tree<'_>) {
        let own = tree.document.len().saturating_mul(2);
        self.nodes_left = self.nodes_left.saturating_add(own);
    }

    /// Whether one more node may be looked at.
    pub(super) fn may_go_on(&mut self, depth: usize) -> bool {
        self.nodes_left = self.nodes_left.saturating_sub(1);
        self.nodes_left > 0 && depth < MAX_DEPTH
    }

    /// Whether a value of this size may be read as a text of its own.
    pub(super) fn may_read(&mut self, size: usize) -> bool {
        let left = self.bytes_left.checked_sub(size);
        self.bytes_left = left.unwrap_or(0);
        left.is_some()
    }

    /// Takes a hit, unless the same value was reported at another alias of it.
    pub(super) fn take(&mut self, hit: Hit, inside: bool) {
        let path = hit.key_path.clone().filter(|_| inside).unwrap_or_default();
        if self.seen.insert((hit.span.start, hit.span.end, path)) {
            self.hits.push(hit);
        }
    }

    /// Reports a scalar if it is a credential by the name that it has.
    pub(super) fn named(
        &mut self,
        tree: &Tree<'_>,
        place: Place,
        name: &str,
        node: NodeId,
        path: &str,
    ) {
        let Some(value) = tree.value(node) else {
            return;
        };
        if let Some(confidence) = judge(name, value) {
            let hit = hit(place, confidence, name, value, tree.span(node, value, true));
            self.take(hit.at(tree.full_path(path)), tree.inside.is_some());
        }
    }

    /// Reports a part of a text without structure if it is a credential by the name that it has.
    pub(super) fn line(&mut self, place: Place, text: &str, name: &str, value: &str) {
        let Some(confidence) = judge(name, value) else {
            return;
        };
        // `value` is a part of `text`: where it stands is told by where both are in memory.
        let start = (value.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let span = start..(start + value.len()).min(text.len());
        self.take(hit(place, confidence, name, value, span), true);
    }

    /// Reports what a part of a scalar's text sets.
    fn assigned(
        &mut self,
        tree: &Tree<'_>,
        place: Place,
        set: Assignment<'_>,
        node: NodeId,
        path: &str,
    ) {
        if let Some(confidence) = judge(set.name, set.value) {
            let span = tree.span(node, set.value, false);
            let hit = hit(place, confidence, set.name, set.value, span);
            let path = format!("{} -> {}", tree.full_path(path), names::shown(set.name));
            self.take(hit.at(path), true);
        }
    }

    /// Looks at the lines of a settings file that is a scalar.
    pub(super) fn settings(&mut self, tree: &Tree<'_>, place: Place, node: NodeId, path: &str) {
        let place = place.at_most(Confidence::Likely);
        let text = tree.scalar(node).unwrap_or("");
        if !self.may_read(text.len()) {
            return;
        }
        for line in text.lines() {
            if let Some(set) = lines::setting(line) {
                self.assigned(tree, place, set, node, path);
            }
        }
    }

    /// Looks at the lines of a shell script that is a scalar.
    pub(super) fn script(&mut self, tree: &Tree<'_>, place: Place, node: NodeId, path: &str) {
        let place = place.at_most(Confidence::Likely);
        let text = tree.scalar(node).unwrap_or("");
        if !self.may_read(text.len()) {
            return;
        }
        for line in text.lines() {
            for set in lines::command_settings(lines::shell_words(line)) {
                self.assigned(tree, place, set, node, path);
            }
        }
    }

    /// Looks at a command line that is a sequence of words, or a text.
    pub(super) fn command(&mut self, tree: &Tree<'_>, place: Place, node: NodeId, path: &str) {
        let place = place.at_most(Confidence::Likely);
        if !tree.is_sequence(node) {
            return self.script(tree, place, node, path);
        }
        let mut before: Option<&str> = None;
        for (number, word) in tree.items(node) {
            let Some(text) = tree.scalar(word) else {
                before = None;
                continue;
            };
            let path = item(path, number);
            let option = before.take();
            if text.contains(['\n', ' ']) {
                self.script(tree, place, word, &path);
            } else if let Some((name, value)) = text.split_once('=') {
                let name = name.trim_start_matches('-');
                let set = Assignment { name, value };
                self.assigned(tree, place, set, word, &path);
            } else if let Some(name) = text.strip_prefix("--") {
                before = Some(name);
            } else if let Some(name) = option {
                self.named(tree, place, name, word, &path);
            }
        }
    }

    /// Looks at an environment: a mapping of names to values, a sequence of `name` and `value`, or a
    /// sequence of `NAME=value`.
    pub(super) fn environment(&mut self, tree: &Tree<'_>, place: Place, node: NodeId, path: &str) {
        for (name, value) in tree.entries(node) {
            let path = key(path, name);
            if names::is_credential(name) {
                // `NAME: {value: ..., description: ...}`
                let inner = tree.get(value, "value");
                let path = inner.map_or_else(|| path.clone(), |_| key(&path, "value"));
                self.named(tree, place, name, inner.unwrap_or(value), &path);
                for (number, one) in tree.items(value) {
                    self.named(tree, place, name, one, &item(&path, number));
                }
            }
            if name == "<<" {
                self.environment(tree, place, value, path.trim_end_matches(".<<"));
            }
        }
        for (number, one) in tree.items(node) {
            let path = item(path, number);
            self.pair(tree, place, one, &path);
            if let Some((name, value)) = tree.scalar(one).and_then(|text| text.split_once('=')) {
                let set = Assignment { name, value };
                if let Some(confidence) = judge(name, value) {
                    let span = tree.span(one, value, false);
                    let hit = hit(place, confidence, set.name, value, span);
                    self.take(hit.at(tree.full_path(&path)), true);
                }
            }
        }
    }

    /// Looks at one variable of an environment.
    pub(super) fn variable(&mut self, tree: &Tree<'_>, place: Place, node: NodeId, path: &str) {
        self.pair(tree, place, node, path);
    }

    /// Looks at a mapping with `name` and `value`. Returns whether it is one.
    fn pair(&mut self, tree: &Tree<'_>, place: Place, node: NodeId, path: &str) -> bool {
        let (Some(name), Some(value)) = (tree.text(node, "name"), tree.get(node, "value")) else {
            return false;
        };
        if names::is_credential(name) {
            self.named(tree, place, name, value, &key(path, "value"));
        }
        true
    }

    /// Looks at values of any shape: those of a chart.
    pub(super) fn values(&mut self, tree: &Tree<'_>, place: Place, node: NodeId, path: &str) {
        self.any(tree, place, node, path, None, 0);
    }

    fn any(
        &mut self,
        tree: &Tree<'_>,
        place: Place,
        node: NodeId,
        path: &str,
        name: Option<&str>,
        depth: usize,
    ) {
        if !self.may_go_on(depth) {
            return;
        }
        if tree.is_mapping(node) {
            let is_pair = self.pair(tree, place, node, path);
            for (field, value) in tree.entries(node) {
                if names::names_a_place(field) || (is_pair && field == "value") {
                    continue;
                }
                let path = match field {
                    "<<" => path.to_owned(),
                    _ => key(path, field),
                };
                match field {
                    "command" | "args" | "entrypoint" if !tree.is_mapping(value) => {
                        self.command(tree, place, value, &path);
                    }
                    // The value of a credential in one more layer.
                    "value" => self.any(tree, place, value, &path, name, depth + 1),
                    _ => self.any(tree, place, value, &path, Some(field), depth + 1),
                }
            }
        } else if tree.is_sequence(node) {
            for (number, one) in tree.items(node) {
                self.any(tree, place, one, &item(path, number), name, depth + 1);
            }
        } else if tree
            .scalar(node)
            .is_some_and(|text| text.trim_end().contains('\n'))
        {
            self.settings(tree, place, node, path);
        } else if let Some(name) = name
            && names::is_credential(name)
        {
            self.named(tree, place, name, node, path);
        } else if tree.scalar(node).is_some_and(|text| text.contains('\n')) {
            self.settings(tree, place, node, path);
        }
    }
}

/// How sure it is that a value is a credential by its name.
pub(super) fn judge(name: &str, value: &str) -> Option<Confidence> {
    names::is_credential(name)
        .then(|| benign::judge(name, value))
        .flatten()
}

/// The value stands for itself: it is not empty, no ciphertext, reference or placeholder.
pub(super) fn is_plain(value: &str) -> bool {
    let value = value.trim();
    !value.is_empty()
        && !benign::is_ciphertext(value)
        && !benign::is_reference(value)
        && !benign::is_placeholder(value)
}

fn hit(
    place: Place,
    confidence: Confidence,
    name: &str,
    value: &str,
    span: std::ops::Range<usize>,
) -> Hit {
    let message = format!(
        "`{}` has its value in clear {}",
        names::shown(name),
        place.words
    );
    Hit::new(place.check, span, message)
        .confidence(confidence.min(place.at_most))
        .of(value.as_bytes())
}
