//! Sealed texts as SOPS prints them. Such a text opens to what `sops decrypt` prints: a new print of
//! the opened tree, for SOPS moves comments when it prints.

use std::borrow::Cow;
use std::collections::HashMap;

use zeroize::Zeroizing;

use super::emission::{Content, Part, tree_of};
use super::open::metadata_entry;
use super::walk::Source;
use crate::document::Format;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeKind};
use crate::document::yaml::Stream;
use crate::document::yaml::emit::{Emitted, emit};
use crate::document::yaml::reader::column;

/// A sealed text that is, byte for byte, what SOPS would print for it.
pub(super) struct Printed {
    documents: Vec<Document>,
    /// Spaces of one level.
    indent: usize,
    opened: HashMap<(usize, Part), (ScalarType, Zeroizing<Vec<u8>>)>,
}

impl Printed {
    /// `None` if SOPS would print the text in another way, or lose comments of it.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        // SOPS prints neither, and they are cheap to find.
        if text.contains(&b'\r') || !text.ends_with(b"\n") {
            return None;
        }
        let mut stream = Stream::new(text).ok()?;
        let mut documents = Vec::new();
        while let Some(document) = stream.next_document().ok()? {
            if document.has_aliases() {
                return None;
            }
            documents.push(document);
        }
        let source = source_of(stream.text());
        let indent = documents.iter().find_map(|d| indent_of(d, &source))?;
        let mut trees = Vec::with_capacity(documents.len());
        for document in &documents {
            trees.push(tree_of(document, &source, |_| Content::Unchanged).ok()?);
        }
        let mut out = Zeroizing::new(Vec::with_capacity(text.len() + 64));
        let lost = emit(&trees, indent, &mut out);
        drop(trees);
        (lost == 0 && *out == text).then(|| Printed {
            documents,
            indent,
            opened: HashMap::new(),
        })
    }

    /// Notes what a value or comment of a document is once it is opened.
    pub(super) fn note(&mut self, document: usize, part: Part, ty: ScalarType, plain: &[u8]) {
        let plain = Zeroizing::new(plain.to_vec());
        self.opened.insert((document, part), (ty, plain));
    }

    /// The opened text, without the metadata. `None` if SOPS would lose comments.
    pub(super) fn print(mut self, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let source = source_of(std::str::from_utf8(text).ok()?);
        let mut trees: Vec<Emitted<'_>> = Vec::with_capacity(self.documents.len());
        for (number, document) in self.documents.iter().enumerate() {
            let metadata = metadata_entry(document, &source).map(|(key, _)| Part::Entry(key));
            let opened = &mut self.opened;
            let tree = tree_of(document, &source, |part| {
                if metadata == Some(part) {
                    return Content::Absent;
                }
                match opened.remove(&(number, part)) {
                    None => Content::Unchanged,
                    Some((ScalarType::Comment, text)) => Content::Comment(text),
                    Some((ty, mut plain)) => Content::Value(Scalar {
                        ty,
                        canonical: Cow::Owned(std::mem::take(&mut *plain)),
                    }),
                }
            });
            trees.push(tree.ok()?);
        }
        // Ciphertext is longer than what it holds, indentation of its lines included as a rule.
        let mut out = Zeroizing::new(Vec::with_capacity(text.len() * 2));
        let lost = emit(&trees, self.indent, &mut out);
        (lost == 0).then_some(out)
    }
}

fn source_of(text: &str) -> Source<'_> {
    Source {
        text,
        format: Format::Yaml,
        lines_before: 0,
    }
}

/// The indentation of the metadata, which SOPS wrote with its own unit.
fn indent_of(document: &Document, source: &Source<'_>) -> Option<usize> {
    let (_, metadata) = metadata_entry(document, source)?;
    let is_block = matches!(document.kind(metadata), NodeKind::Mapping { flow: false });
    let first = document.children(metadata).next().filter(|_| is_block)?;
    Some(column(source.text.as_bytes(), document.span(first).start))
}
