//! The documents of a file: reading them, and finding their metadata.

use std::ops::Range;

use super::insertion::removal;
use super::walk::{METADATA_KEY, Source, key_text};
use crate::document::place::place_of;
use crate::document::tree::{Document, NodeId, NodeKind};
use crate::document::{Format, json, yaml};
use crate::error::{Error, Kind, Result};

/// The documents of a text, one at a time.
pub(super) fn for_each_document(
    text: &[u8],
    format: Format,
    mut each: impl FnMut(&Source<'_>, &Document, usize, usize) -> Result<()>,
) -> Result<usize> {
    match format {
        Format::Yaml => {
            let mut stream = yaml::Stream::new(text).map_err(|e| syntax_error(text, &e))?;
            let mut number = 0;
            while let Some(document) = stream.next_document().map_err(|e| syntax_error(text, &e))? {
                let end = stream.position();
                let source = Source {
                    text: stream.text(),
                    format,
                    lines_before: 0,
                };
                each(&source, &document, number, end)?;
                number += 1;
            }
            Ok(number)
        }
        Format::Json => {
            let document = json::parse(text).map_err(|e| syntax_error(text, &e))?;
            let source = Source {
                text: std::str::from_utf8(text).unwrap_or(""),
                format,
                lines_before: 0,
            };
            each(&source, &document, 0, text.len())?;
            Ok(1)
        }
    }
}

/// The entry of a document's metadata.
pub(super) fn metadata_entry(document: &Document, source: &Source<'_>) -> Option<(NodeId, NodeId)> {
    let root = document.root()?;
    if !matches!(document.kind(root), NodeKind::Mapping { .. }) {
        return None;
    }
    document
        .entries(root)
        .find(|(key, _)| key_text(document, source, *key) == METADATA_KEY)
}

pub(super) fn metadata_range(document: &Document, source: &Source<'_>) -> Option<Range<usize>> {
    let (key, value) = metadata_entry(document, source)?;
    Some(removal(document, source, key, value))
}

/// The node of a document's metadata block.
pub fn metadata_node(document: &Document, source: &Source<'_>) -> Option<NodeId> {
    metadata_entry(document, source).map(|(_, value)| value)
}

/// An error of the YAML or JSON reader, with its place.
pub(crate) fn syntax_error(text: &[u8], error: &yaml::SyntaxError) -> Error {
    let lossy = String::from_utf8_lossy(text);
    let mut out = Error::new(Kind::Input, error.what.clone());
    if let Ok(text) = std::str::from_utf8(text) {
        out = out.at(place_of(text, error.offset));
    } else {
        // The offset counts the original bytes; the readable part before it is what can be shown.
        let valid = std::str::from_utf8(&text[..error.offset.min(text.len())]).map_or(0, str::len);
        out = out.at(place_of(&lossy, valid));
    }
    match error.hint {
        Some(hint) => out.hint(hint),
        None => out,
    }
}
