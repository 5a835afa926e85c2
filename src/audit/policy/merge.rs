//! Entries that `<<` brings into a mapping: Kubernetes has them like the others.

use super::super::subject::Parsed;
use crate::document::tree::{Document, NodeId, NodeKind, ScalarStyle};
use crate::sops::walk::key_text;

/// Mappings that are merged into one, and into each other: more than anybody writes.
const MAX_MERGED: usize = 64;

/// The entries of a mapping, those merged into it behind its own.
pub(super) fn entries(
    parsed: &Parsed<'_>,
    document: &Document,
    mapping: NodeId,
) -> Vec<(NodeId, NodeId)> {
    let mut all = Vec::new();
    let mut left = MAX_MERGED;
    let mut mappings = vec![mapping];
    while let Some(mapping) = mappings.pop() {
        let start = all.len();
        all.extend(document.entries(mapping));
        let own = all.get(start..).unwrap_or_default();
        for (key, value) in own {
            if !is_merge(parsed, document, *key) {
                continue;
            }
            let value = document.alias_target(*value).unwrap_or(*value);
            let items: Vec<NodeId> = match document.kind(value) {
                NodeKind::Mapping { .. } => vec![value],
                NodeKind::Sequence { .. } => document.children(value).take(left).collect(),
                _ => Vec::new(),
            };
            for item in items {
                let item = document.alias_target(item).unwrap_or(item);
                if matches!(document.kind(item), NodeKind::Mapping { .. }) && left > 0 {
                    left -= 1;
                    mappings.push(item);
                }
            }
        }
    }
    all
}

/// The value of a key that is merged into a mapping.
pub(super) fn get(
    parsed: &Parsed<'_>,
    document: &Document,
    mapping: NodeId,
    key: &str,
) -> Option<NodeId> {
    let mut own = document.entries(mapping);
    if !own.any(|(key, _)| is_merge(parsed, document, key)) {
        return None;
    }
    let entries = entries(parsed, document, mapping);
    let mut values = entries
        .into_iter()
        .filter(|(name, _)| key_text(document, &parsed.source, *name) == key);
    let (_, value) = values.next()?;
    Some(document.alias_target(value).unwrap_or(value))
}

fn is_merge(parsed: &Parsed<'_>, document: &Document, key: NodeId) -> bool {
    matches!(document.kind(key), NodeKind::Scalar(ScalarStyle::Plain))
        && document.scalar_text(key, parsed.source.text) == "<<"
}
