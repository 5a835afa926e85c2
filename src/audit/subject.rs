//! One text that is looked at: its path, its bytes and, if it is YAML or JSON, its documents.

use std::cell::OnceCell;

use crate::document::tree::{Document, NodeId, NodeKind};
use crate::document::{Format, json, yaml};
use crate::sops::walk::{Source, key_text};

/// How far into a text a NUL makes it binary, in bytes, as Git decides it.
const SNIFFED: usize = 8000;

/// Whether a text is binary, as Git decides it.
pub fn is_binary(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes.get(..SNIFFED).unwrap_or(bytes)).is_some()
}

/// A text and its path. Documents are parsed when first asked for.
pub struct Subject<'a> {
    /// The path in the repository, with `/`; what is not UTF-8 in it is replaced.
    pub path: &'a str,
    /// The whole text.
    pub bytes: &'a [u8],
    parsed: OnceCell<Option<Parsed<'a>>>,
}

/// The documents of a YAML or JSON text.
pub struct Parsed<'a> {
    /// What the documents point into.
    pub source: Source<'a>,
    /// The documents that could be read: all of them, or those before [`Parsed::error`].
    pub documents: Vec<Document>,
    /// The byte at which the text stops being YAML or JSON, and what is wrong there, in words
    /// without any part of the text.
    pub error: Option<(usize, String)>,
}

impl<'a> Subject<'a> {
    /// A text at a path.
    pub fn new(path: &'a str, bytes: &'a [u8]) -> Self {
        Subject {
            path,
            bytes,
            parsed: OnceCell::new(),
        }
    }

    /// The file name.
    pub fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// The format that the name promises, as SOPS decides it.
    pub fn format(&self) -> Option<Format> {
        let name = self.name();
        if name.ends_with(".yaml") || name.ends_with(".yml") {
            Some(Format::Yaml)
        } else if name.ends_with(".json") {
            Some(Format::Json)
        } else {
            None
        }
    }

    /// The text, if it is UTF-8.
    pub fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes).ok()
    }

    /// The documents, if the name promises YAML or JSON and the text is UTF-8.
    pub fn parsed(&self) -> Option<&Parsed<'a>> {
        let parse = || Parsed::new(self.bytes, self.format()?);
        self.parsed.get_or_init(parse).as_ref()
    }
}

impl<'a> Parsed<'a> {
    /// Parses a text as far as it goes; `None` if it is not UTF-8.
    pub fn new(bytes: &'a [u8], format: Format) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let source = Source {
            text,
            format,
            lines_before: 0,
        };
        let mut parsed = Parsed {
            source,
            documents: Vec::new(),
            error: None,
        };
        let failed = |e: yaml::SyntaxError| Some((e.offset, e.what));
        match format {
            Format::Json => match json::parse(bytes) {
                Ok(document) => parsed.documents.push(document),
                Err(error) => parsed.error = failed(error),
            },
            Format::Yaml => match yaml::Stream::new(bytes) {
                Ok(mut stream) => loop {
                    match stream.next_document() {
                        Ok(Some(document)) => parsed.documents.push(document),
                        Ok(None) => break,
                        Err(error) => {
                            parsed.error = failed(error);
                            break;
                        }
                    }
                },
                Err(error) => parsed.error = failed(error),
            },
        }
        Some(parsed)
    }

    /// The text of a scalar (aliases followed); `None` for collections.
    pub fn scalar<'s>(&'s self, document: &'s Document, node: NodeId) -> Option<&'s str> {
        let node = document.alias_target(node).unwrap_or(node);
        match document.kind(node) {
            NodeKind::Scalar(_) => Some(document.scalar_text(node, self.source.text)),
            _ => None,
        }
    }

    /// The value of a key of a mapping, aliases followed.
    pub fn get(&self, document: &Document, mapping: NodeId, key: &str) -> Option<NodeId> {
        let mapping = document.alias_target(mapping).unwrap_or(mapping);
        let value = document.get(mapping, key, self.source.text)?;
        Some(document.alias_target(value).unwrap_or(value))
    }

    /// The value at a path of keys, from the root.
    pub fn at(&self, document: &Document, keys: &[&str]) -> Option<NodeId> {
        let root = document.root()?;
        keys.iter()
            .try_fold(root, |node, key| self.get(document, node, key))
    }

    /// The key path of the innermost value that covers a byte, with the document that has it:
    /// `data.password`, `list[2].name`. `None` outside of every value.
    pub fn key_path_at(&self, offset: usize) -> Option<String> {
        let document = self
            .documents
            .iter()
            .rev()
            .find(|document| document.extent().start <= offset)?;
        let mut path = String::new();
        let mut node = document.root()?;
        loop {
            let next = match document.kind(node) {
                NodeKind::Mapping { .. } => document
                    .entries(node)
                    .filter(|(key, _)| document.span(*key).start <= offset)
                    .last()
                    .map(|(key, value)| {
                        if !path.is_empty() {
                            path.push('.');
                        }
                        path.push_str(key_text(document, &self.source, key));
                        value
                    }),
                NodeKind::Sequence { .. } => document
                    .children(node)
                    .enumerate()
                    .filter(|(_, item)| document.span(*item).start <= offset)
                    .last()
                    .map(|(number, item)| {
                        path.push_str(&format!("[{number}]"));
                        item
                    }),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        (!path.is_empty()).then_some(path)
    }
}
