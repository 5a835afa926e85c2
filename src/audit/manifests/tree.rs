//! Documents, and documents that stand as text in a value of another one.

use std::ops::Range;

use crate::audit::subject::Parsed;
use crate::document::scalar::ScalarType;
use crate::document::tree::{Document, NodeId, NodeKind};
use crate::sops::walk::key_text;

/// Documents inside of documents inside of a document: a manifest in an annotation may hold the
/// values of a chart as text. No deeper.
const MAX_LEVEL: usize = 2;

/// A document of the text itself, or of a text that is a value in it.
pub(super) struct Tree<'t> {
    pub(super) parsed: &'t Parsed<'t>,
    pub(super) document: &'t Document,
    pub(super) inside: Option<Inside<'t>>,
}

/// The documents of a text that have something in them, each with its root. `inside` is the value that the
/// text is, if it is one.
pub(super) fn trees<'t>(
    parsed: &'t Parsed<'t>,
    inside: Option<Inside<'t>>,
) -> impl Iterator<Item = (Tree<'t>, NodeId)> {
    parsed.documents.iter().filter_map(move |document| {
        let inside = inside.clone();
        let tree = Tree {
            parsed,
            document,
            inside,
        };
        Some((tree, document.root()?))
    })
}

/// The value that a document stands in.
#[derive(Clone)]
pub(super) struct Inside<'t> {
    /// The whole text.
    text: &'t str,
    /// Where the value stands in it.
    span: Range<usize>,
    /// The value's key path.
    path: String,
    level: usize,
}

impl Inside<'_> {
    /// Where a part of the value stands in the whole text: exactly if it is written as it is, or else
    /// the whole value.
    fn locate(&self, part: &str) -> Range<usize> {
        locate(self.text, self.span.clone(), part)
    }
}

/// Where a part of a value stands in the text.
fn locate(text: &str, span: Range<usize>, part: &str) -> Range<usize> {
    let written = text.get(span.clone()).unwrap_or("");
    match memchr::memmem::find(written.as_bytes(), part.as_bytes()) {
        Some(at) if !part.is_empty() => span.start + at..span.start + at + part.len(),
        _ => span,
    }
}

impl<'t> Tree<'t> {
    /// What an alias stands for, or the node itself.
    pub(super) fn target(&self, node: NodeId) -> NodeId {
        self.document.alias_target(node).unwrap_or(node)
    }

    /// What a node is, aliases followed.
    pub(super) fn kind(&self, node: NodeId) -> NodeKind {
        self.document.kind(self.target(node))
    }

    /// The node is a mapping.
    pub(super) fn is_mapping(&self, node: NodeId) -> bool {
        matches!(self.kind(node), NodeKind::Mapping { .. })
    }

    /// The node is a sequence.
    pub(super) fn is_sequence(&self, node: NodeId) -> bool {
        matches!(self.kind(node), NodeKind::Sequence { .. })
    }

    /// The text of a scalar.
    pub(super) fn scalar(&self, node: NodeId) -> Option<&'t str> {
        self.parsed.scalar(self.document, node)
    }

    /// The text of a scalar that is a string or a number, and not empty.
    pub(super) fn value(&self, node: NodeId) -> Option<&'t str> {
        let node = self.target(node);
        let text = self.scalar(node).filter(|text| !text.is_empty())?;
        let scalar = self.parsed.source.scalar(self.document, node);
        let is_no_value = scalar.is_ok_and(|s| matches!(s.ty, ScalarType::Null | ScalarType::Bool));
        (!is_no_value).then_some(text)
    }

    /// The value of a key of a mapping.
    pub(super) fn get(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        self.parsed.get(self.document, mapping, key)
    }

    /// The text under a key of a mapping.
    pub(super) fn text(&self, mapping: NodeId, key: &str) -> Option<&'t str> {
        self.get(mapping, key).and_then(|node| self.scalar(node))
    }

    /// The value at a path of keys.
    pub(super) fn at(&self, mapping: NodeId, keys: &[&str]) -> Option<NodeId> {
        keys.iter()
            .try_fold(mapping, |node, key| self.get(node, key))
    }

    /// The keys and values of a mapping; nothing for other nodes.
    pub(super) fn entries(
        &self,
        node: NodeId,
    ) -> impl Iterator<Item = (&'t str, NodeId)> + use<'t> {
        let (parsed, document) = (self.parsed, self.document);
        let node = self.target(node);
        let is_mapping = matches!(document.kind(node), NodeKind::Mapping { .. });
        let entries = is_mapping.then(|| document.entries(node));
        entries
            .into_iter()
            .flatten()
            .map(move |(key, value)| (key_text(document, &parsed.source, key), value))
    }

    /// The numbered items of a sequence; nothing for other nodes.
    pub(super) fn items(&self, node: NodeId) -> impl Iterator<Item = (usize, NodeId)> + use<'t> {
        let document = self.document;
        let node = self.target(node);
        let is_sequence = matches!(document.kind(node), NodeKind::Sequence { .. });
        let items = is_sequence.then(|| document.children(node));
        items.into_iter().flatten().enumerate()
    }

    /// The place of a value for documents in it; `None` if that would be too deep.
    pub(super) fn inside(&self, node: NodeId, path: &str) -> Option<Inside<'t>> {
        let node = self.target(node);
        match &self.inside {
            None => Some(Inside {
                text: self.parsed.source.text,
                span: self.document.span(node),
                path: path.to_owned(),
                level: 1,
            }),
            Some(outer) => (outer.level < MAX_LEVEL).then(|| Inside {
                text: outer.text,
                span: outer.span.clone(),
                path: self.full_path(path),
                level: outer.level + 1,
            }),
        }
    }

    /// A key path, with that of the value which the document stands in.
    pub(super) fn full_path(&self, path: &str) -> String {
        match &self.inside {
            None => path.to_owned(),
            Some(inside) => format!("{} -> {path}", inside.path),
        }
    }

    /// Where a node, or the part of its value, stands in the whole text.
    pub(super) fn span(&self, node: NodeId, part: &str, whole: bool) -> Range<usize> {
        let node = self.target(node);
        match &self.inside {
            Some(inside) => inside.locate(part),
            None if whole => self.document.span(node),
            None => locate(self.parsed.source.text, self.document.span(node), part),
        }
    }
}

/// The key path of a key below a path.
pub(super) fn key(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// The key path of an item below a path.
pub(super) fn item(path: &str, number: usize) -> String {
    format!("{path}[{number}]")
}
