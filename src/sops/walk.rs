//! The walk over a document's leaves in the order, with the paths and with the selection of SOPS.

use foldhash::HashSet;

use super::selector::Walk;
use crate::document::place::place_of;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeId, NodeKind, ScalarStyle};
use crate::document::yaml::resolve::resolve;
use crate::document::{Format, json};
use crate::error::{Error, Kind, Result};

/// Nodes that aliases may add to one document. go-yaml starts to refuse documents made of
/// repetition at this size; no manifest comes near it.
pub const MAX_ALIAS_NODES: usize = 400_000;

/// The key under which SOPS keeps its metadata.
pub const METADATA_KEY: &str = "sops";

/// What the walk is over.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The text that the document was parsed from.
    pub text: &'a str,
    /// Its format, which decides what a scalar means.
    pub format: Format,
    /// Number of lines before `text` in its file, for messages.
    pub lines_before: usize,
}

impl Source<'_> {
    /// An error about a byte of the text.
    pub fn error(&self, offset: usize, kind: Kind, message: impl Into<String>) -> Error {
        let mut place = place_of(self.text, offset);
        place.line += self.lines_before;
        Error::new(kind, message).at(place)
    }

    /// What a scalar means.
    ///
    /// # Errors
    /// The value has no type that SOPS knows.
    pub fn scalar<'d>(&'d self, document: &'d Document, node: NodeId) -> Result<Scalar<'d>> {
        let NodeKind::Scalar(style) = document.kind(node) else {
            return Ok(Scalar {
                ty: ScalarType::Null,
                canonical: std::borrow::Cow::Borrowed(b""),
            });
        };
        let text = document.scalar_text(node, self.text);
        let value: Result<Scalar<'d>> = match self.format {
            Format::Json => {
                json::value(text, style == ScalarStyle::DoubleQuoted).map_err(Error::from)
            }
            Format::Yaml => {
                resolve(text, document.tag(node), style == ScalarStyle::Plain).map_err(Error::from)
            }
        };
        value.map_err(|e| {
            let place = self.error(document.span(node).start, Kind::Input, e.message());
            e.hints().iter().fold(place, |error, hint| error.hint(hint))
        })
    }
}

/// One step of the path to a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// The value of this key.
    Key(NodeId),
    /// The item with this number.
    Item(usize),
}

/// Where the walk is.
pub struct Place<'w> {
    /// The keys on the path, each followed by `:`: what SOPS authenticates a value with.
    pub aad: &'w str,
    /// The rule selects what is here.
    pub selected: bool,
    /// The outermost alias on the path.
    pub alias: Option<NodeId>,
    /// The path.
    pub segments: &'w [Segment],
    /// The collection that holds the leaf.
    pub parent: Option<NodeId>,
}

impl Place<'_> {
    /// The path as people write it: `data.password`, `list[2].name`.
    pub fn key_path(&self, document: &Document, source: &Source<'_>) -> String {
        let mut path = String::new();
        for segment in self.segments {
            match *segment {
                Segment::Key(key) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(any_key(document, source, key));
                }
                Segment::Item(number) => path.push_str(&format!("[{number}]")),
            }
        }
        path
    }

    /// The path as a JSON Pointer (RFC 6901).
    pub fn pointer(&self, document: &Document, source: &Source<'_>) -> String {
        let mut pointer = String::new();
        for segment in self.segments {
            pointer.push('/');
            match *segment {
                Segment::Key(key) => {
                    pointer.push_str(
                        &key_text(document, source, key)
                            .replace('~', "~0")
                            .replace('/', "~1"),
                    );
                }
                Segment::Item(number) => pointer.push_str(&number.to_string()),
            }
        }
        pointer
    }
}

/// What meets the leaves. Their values borrow from the document and its text.
pub trait Visitor<'d> {
    /// Look for keys that stand twice in a mapping. A text made of one that was walked has none.
    const CHECK_KEYS: bool = true;

    /// Walk over what sops refuses as well: lists and single values at the root, keys that are no
    /// strings, values without a type (taken for strings). For looking, not for sealing.
    const TOLERANT: bool = false;

    /// A scalar; null and empty ones too.
    ///
    /// # Errors
    /// Whatever the visitor cannot do; ends the walk.
    fn leaf(&mut self, node: NodeId, scalar: Scalar<'d>, place: &Place<'_>) -> Result<()>;

    /// A comment (its number in the document).
    ///
    /// # Errors
    /// As [`Visitor::leaf`].
    fn comment(&mut self, _number: u32, _place: &Place<'_>) -> Result<()> {
        Ok(())
    }

    /// An alias, before the walk goes into what it stands for. `false`: do not go there.
    ///
    /// # Errors
    /// As [`Visitor::leaf`].
    fn alias(&mut self, _alias: NodeId, _target: NodeId, _place: &Place<'_>) -> Result<bool> {
        Ok(true)
    }

    /// The walk comes back from what an alias stands for.
    ///
    /// # Errors
    /// As [`Visitor::leaf`].
    fn alias_end(&mut self, _alias: NodeId, _target: NodeId, _place: &Place<'_>) -> Result<()> {
        Ok(())
    }
}

/// Walks over a document. The value of a top-level key `sops` is passed over.
///
/// # Errors
/// A root that is a list or a scalar, keys that are no strings or stand twice, values without a
/// type, aliases that add more than [`MAX_ALIAS_NODES`]; and what the visitor returns.
pub fn walk<'d, V: Visitor<'d>>(
    document: &'d Document,
    source: &'d Source<'_>,
    selection: &mut Walk<'_>,
    visitor: &mut V,
) -> Result<()> {
    let mut walker = Walker {
        document,
        source,
        selection,
        visitor,
        aad: String::with_capacity(64),
        segments: Vec::with_capacity(8),
        alias: None,
        alias_nodes: 0,
    };
    if V::TOLERANT {
        let root = document.root();
        return match root.map(|root| document.alias_target(root).unwrap_or(root)) {
            Some(root) if matches!(document.kind(root), NodeKind::Mapping { .. }) => {
                walker.mapping(root, true)
            }
            Some(root) => walker.value(root, root),
            None => walker.root_comments(),
        };
    }
    match root_mapping(document, source)? {
        Some(root) => walker.mapping(root, true),
        None => walker.root_comments(),
    }
}

/// The mapping that a document is; `None` for an empty one.
///
/// # Errors
/// It is a list or a value.
pub(super) fn root_mapping(document: &Document, source: &Source<'_>) -> Result<Option<NodeId>> {
    let Some(root) = document.root() else {
        return Ok(None);
    };
    let root = match document.kind(root) {
        NodeKind::Alias => document.alias_target(root).unwrap_or(root),
        _ => root,
    };
    let what = match document.kind(root) {
        NodeKind::Mapping { .. } => return Ok(Some(root)),
        NodeKind::Sequence { .. } => ("the document is a list", "put the list under a key"),
        _ if source.scalar(document, root)?.ty == ScalarType::Null => return Ok(None),
        _ => (
            "the document is a single value",
            "put the value under a key",
        ),
    };
    Err(source
        .error(document.span(root).start, Kind::Input, what.0)
        .because("sops encrypts mappings only")
        .hint(what.1))
}

struct Walker<'d, 't, 'w, 's, V> {
    document: &'d Document,
    source: &'d Source<'t>,
    selection: &'w mut Walk<'s>,
    visitor: &'w mut V,
    aad: String,
    segments: Vec<Segment>,
    alias: Option<NodeId>,
    alias_nodes: usize,
}

impl<'d, V: Visitor<'d>> Walker<'d, '_, '_, '_, V> {
    fn root_comments(&mut self) -> Result<()> {
        self.selection.enter();
        let document = self.document;
        self.comments(
            document.comments_at(crate::document::tree::CommentPlace::Root),
            None,
        )?;
        self.selection.leave();
        Ok(())
    }

    fn value(&mut self, node: NodeId, parent: NodeId) -> Result<()> {
        if self.alias.is_some() {
            self.alias_nodes += 1;
            if self.alias_nodes > MAX_ALIAS_NODES {
                return Err(self
                    .source
                    .error(
                        self.alias.map_or(0, |a| self.document.span(a).start),
                        Kind::Input,
                        format!("aliases add more than {MAX_ALIAS_NODES} values to this document"),
                    )
                    .hint("write the values out, or remove the repetition"));
            }
        }
        match self.document.kind(node) {
            NodeKind::Scalar(_) => {
                let scalar = match self.source.scalar(self.document, node) {
                    Err(_) if V::TOLERANT => {
                        Scalar::string(self.document.scalar_text(node, self.source.text))
                    }
                    scalar => scalar?,
                };
                let selected = self.selection.selected();
                let place = Place {
                    aad: if self.aad.is_empty() { ":" } else { &self.aad },
                    selected,
                    alias: self.alias,
                    segments: &self.segments,
                    parent: Some(parent),
                };
                self.visitor.leaf(node, scalar, &place)
            }
            NodeKind::Mapping { .. } => self.mapping(node, false),
            NodeKind::Sequence { .. } => self.sequence(node),
            NodeKind::Alias => self.alias(node, parent),
        }
    }

    fn alias(&mut self, node: NodeId, parent: NodeId) -> Result<()> {
        let Some(target) = self.document.alias_target(node) else {
            return Ok(());
        };
        let place = Place {
            aad: if self.aad.is_empty() { ":" } else { &self.aad },
            selected: self.selection.selected(),
            alias: self.alias,
            segments: &self.segments,
            parent: Some(parent),
        };
        if !self.visitor.alias(node, target, &place)? {
            return Ok(());
        }
        let outer = self.alias;
        self.alias = outer.or(Some(node));
        self.value(target, parent)?;
        self.alias = outer;
        let place = Place {
            aad: if self.aad.is_empty() { ":" } else { &self.aad },
            selected: self.selection.selected(),
            alias: outer,
            segments: &self.segments,
            parent: Some(parent),
        };
        self.visitor.alias_end(node, target, &place)
    }

    fn comments(&mut self, numbers: &[u32], parent: Option<NodeId>) -> Result<()> {
        for &number in numbers {
            let Some(comment) = self.document.comment(number) else {
                continue;
            };
            let text = self
                .source
                .text
                .get(comment.span.start + 1..comment.span.end)
                .unwrap_or("");
            // An expression that matched a comment which sops does not see would leave a value in
            // clear that sops encrypts, or the other way round.
            let selected = match comment.lost {
                true => self.selection.selected(),
                false => self.selection.comment(text),
            };
            let place = Place {
                aad: if self.aad.is_empty() { ":" } else { &self.aad },
                selected,
                alias: self.alias,
                segments: &self.segments,
                parent,
            };
            self.visitor.comment(number, &place)?;
        }
        Ok(())
    }

    fn mapping(&mut self, node: NodeId, root: bool) -> Result<()> {
        let (document, source) = (self.document, self.source);
        self.selection.enter();
        let mut seen = Keys::default();
        let check_keys = V::CHECK_KEYS && source.format == Format::Yaml;
        for (key, value) in document.entries(node) {
            self.comments(document.comments_before(key), Some(node))?;
            let text = match V::TOLERANT {
                true => any_key(document, source, key),
                false => string_key(document, source, key)?,
            };
            if check_keys && !seen.insert(text, || document.entries(node).count()) {
                return Err(self
                    .source
                    .error(
                        document.span(key).start,
                        Kind::Input,
                        format!("the key `{}` stands twice in this mapping", shown(text)),
                    )
                    .hint("remove one of the two"));
            }
            if !(root && text == METADATA_KEY) {
                let aad_len = self.aad.len();
                self.aad.push_str(text);
                self.aad.push(':');
                self.segments.push(Segment::Key(key));
                self.selection.push_key(text);
                self.value(value, node)?;
                self.selection.pop_key();
                self.segments.pop();
                self.aad.truncate(aad_len);
            }
            self.selection.end_entry();
        }
        self.comments(document.comments_at_end(node), Some(node))?;
        self.selection.leave();
        Ok(())
    }

    fn sequence(&mut self, node: NodeId) -> Result<()> {
        let document = self.document;
        self.selection.enter();
        for (number, item) in document.children(node).enumerate() {
            self.comments(document.comments_before(item), Some(node))?;
            self.segments.push(Segment::Item(number));
            self.value(item, node)?;
            self.segments.pop();
            self.selection.end_entry();
        }
        self.comments(document.comments_at_end(node), Some(node))?;
        self.selection.leave();
        Ok(())
    }
}

/// The text of a key, which must be a string.
fn string_key<'a>(document: &'a Document, source: &'a Source<'_>, key: NodeId) -> Result<&'a str> {
    let offset = document.span(key).start;
    let node = match document.kind(key) {
        NodeKind::Alias => document.alias_target(key).unwrap_or(key),
        _ => key,
    };
    if !matches!(document.kind(node), NodeKind::Scalar(_)) {
        return Err(source
            .error(offset, Kind::Input, "a key is a list or a mapping")
            .because("sops reads keys that are strings only")
            .hint("write the key as one string"));
    }
    let is_string = source
        .scalar(document, node)
        .is_ok_and(|s| s.ty == ScalarType::Str);
    let text = document.scalar_text(node, source.text);
    if is_string {
        return Ok(text);
    }
    let shown = if text.is_empty() {
        "an empty key".to_owned()
    } else {
        format!("the key `{}`", shown(text))
    };
    Err(source
        .error(offset, Kind::Input, format!("{shown} is not a string"))
        .because("sops reads keys that are strings only")
        .hint("put the key in quotes"))
}

/// The text of a key of any kind; a list or a mapping has none that may be shown.
fn any_key<'a>(document: &'a Document, source: &'a Source<'_>, key: NodeId) -> &'a str {
    let node = document.alias_target(key).unwrap_or(key);
    match document.kind(node) {
        NodeKind::Scalar(_) => document.scalar_text(node, source.text),
        _ => "?",
    }
}

/// The text of a key node, aliases followed.
pub fn key_text<'a>(document: &'a Document, source: &'a Source<'_>, key: NodeId) -> &'a str {
    let node = document.alias_target(key).unwrap_or(key);
    document.scalar_text(node, source.text)
}

/// A key shortened for a message.
fn shown(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(60)
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The keys of one mapping: a short list is searched, a long one hashed.
#[derive(Default)]
struct Keys<'a> {
    few: Vec<&'a str>,
    many: HashSet<&'a str>,
}

impl<'a> Keys<'a> {
    fn insert(&mut self, key: &'a str, expected: impl FnOnce() -> usize) -> bool {
        const FEW: usize = 12;
        if self.few.len() < FEW {
            if self.few.contains(&key) {
                return false;
            }
            self.few.push(key);
            return true;
        }
        if self.many.is_empty() {
            self.many.reserve(expected());
            self.many.extend(self.few.iter().copied());
        }
        self.many.insert(key)
    }
}
