//! The first walk of sealing: what is to be encrypted, and what stands in its place meanwhile.

use std::collections::HashSet;
use std::ops::Range;

use zeroize::Zeroizing;

use super::cipher::sealed_len;
use super::layout::Layout;
use super::manifest::Manifests;
use super::stand_in::{Found, StandIn};
use super::trace::Trace;
use super::walk::{Place, Source, Visitor, key_text};
use crate::document::edit::Edits;
use crate::document::restyle::replace_sealed;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeId, NodeKind, ScalarStyle};
use crate::document::yaml::MAX_TEXT;
use crate::document::yaml::restyle::Surroundings;
use crate::document::yaml::spell::double_quoted;
use crate::error::{Error, Kind, Result};
use crate::secret::SecretBuffer;

/// Checks that a caller insists on passing over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// The selector may select nothing.
    pub nothing_selected: bool,
    /// `data` and `stringData` of a Kubernetes Secret may stay in clear.
    pub plain_secret: bool,
    /// `apiVersion`, `kind` and `metadata` of a manifest may be encrypted.
    pub encrypted_metadata: bool,
}

/// What the first walk found.
pub(super) struct Collected<'d> {
    pub(super) edits: Edits,
    pub(super) found: Vec<Found<'d>>,
    pub(super) expanded: Vec<String>,
    /// For each comment of the document: it has a stand-in.
    pub(super) sealed_comments: Vec<bool>,
    pub(super) layout_needed: bool,
    pub(super) trace: u64,
    /// What the MAC is computed over.
    pub(super) mac_input: SecretBuffer,
}

impl Collected<'_> {
    /// How long the skeleton of a text of `len` bytes is, or a little less.
    ///
    /// # Errors
    /// Longer than any text that can be read again.
    pub(super) fn skeleton_len(&self, len: usize) -> Result<usize> {
        let sealed = |found: &Found<'_>| sealed_len(found.value.canonical.len(), found.value.ty);
        let values: usize = self.found.iter().map(sealed).sum();
        let plain: usize = self.found.iter().map(|f| f.value.canonical.len()).sum();
        let len = len.saturating_sub(plain) + values + 64;
        if len <= MAX_TEXT {
            return Ok(len);
        }
        let limit = MAX_TEXT >> 20;
        Err(Error::new(
            Kind::Input,
            format!("the sealed document would be larger than {limit} MiB"),
        )
        .because("encryption adds about 130 bytes to each value")
        .hint("split the document"))
    }
}

/// An alias whose expansion is being collected.
struct Expansion {
    alias: NodeId,
    /// The aliases inside of what it stands for that the walk is in.
    inner: Vec<NodeId>,
    /// For each scalar below, in order: it is to be encrypted.
    sealed: Vec<bool>,
    found: usize,
}

/// The last scalar of the document, if it stays in clear.
struct LastClear {
    node: NodeId,
    pointer: String,
    ends_with_newline: bool,
}

/// What of the terms of sealing the first walk needs to know.
#[derive(Clone, Copy)]
pub(super) struct Selection<'d> {
    pub(super) comments_select: bool,
    pub(super) mac_only_encrypted: bool,
    /// How long the document is, in bytes.
    pub(super) len: usize,
    /// Comments that are encrypted wherever they stand: in the sealed text the rule selects them.
    pub(super) moved_comments: &'d [u32],
}

pub(super) struct Collector<'d> {
    document: &'d Document,
    source: &'d Source<'d>,
    stand_in: &'d StandIn,
    around: Surroundings<'d>,
    comments_select: bool,
    moved_comments: &'d [u32],
    edits: Edits,
    found: Vec<Found<'d>>,
    /// Scalars and aliases that are encrypted where they stand, kept only if the document has anchors.
    sealed_nodes: HashSet<NodeId>,
    expansion: Option<Expansion>,
    expanded: Vec<String>,
    sealed_comments: Vec<bool>,
    expanded_notes: Vec<(String, std::ops::Range<usize>)>,
    layout_needed: bool,
    trace: Trace,
    mac_only_encrypted: bool,
    mac_input: SecretBuffer,
    /// What there is to say about Kubernetes manifests.
    pub(super) manifests: Manifests,
    last_clear: Option<LastClear>,
}

impl<'d> Collector<'d> {
    pub(super) fn new(
        document: &'d Document,
        source: &'d Source<'d>,
        stand_in: &'d StandIn,
        around: Surroundings<'d>,
        selection: Selection<'d>,
    ) -> Self {
        let Selection {
            comments_select,
            mac_only_encrypted,
            moved_comments,
            len,
        } = selection;
        Collector {
            document,
            source,
            stand_in,
            around,
            comments_select,
            moved_comments,
            edits: Edits::default(),
            found: Vec::new(),
            sealed_nodes: HashSet::new(),
            expansion: None,
            expanded: Vec::new(),
            sealed_comments: vec![false; document.comments().len()],
            expanded_notes: Vec::new(),
            layout_needed: false,
            trace: Trace::default(),
            mac_only_encrypted,
            mac_input: SecretBuffer::with_capacity(len),
            manifests: Manifests::default(),
            last_clear: None,
        }
    }

    /// A block scalar in clear that ends the text without a newline would gain one from the block
    /// behind it: its chomping indicator keeps the value as it is.
    pub(super) fn settle_end(&mut self, at: usize, layout: &mut Layout, number: usize) {
        for (pointer, region) in self.expanded_notes.drain(..) {
            layout.note(number, pointer, &self.source.text.as_bytes()[region]);
        }
        let root = self.document.root();
        let is_mapping = |root| matches!(self.document.kind(root), NodeKind::Mapping { .. });
        if !root.is_some_and(is_mapping) {
            self.layout_needed = true;
        }
        if let Some(root) = root.filter(|root| !is_mapping(*root)) {
            // `null` or `~` in place of a mapping: the metadata becomes the mapping.
            self.edits.replace(self.document.span(root), b"");
        }
        let Some(last) = self.last_clear.take() else {
            return;
        };
        let NodeKind::Scalar(ScalarStyle::Literal | ScalarStyle::Folded) =
            self.document.kind(last.node)
        else {
            return;
        };
        let span = self.document.span(last.node);
        let text = self.source.text.as_bytes();
        if span.end != at || last.ends_with_newline || text[..span.end].ends_with(b"\n") {
            return;
        }
        let header_len = text[span.start..]
            .iter()
            .take_while(|b| b"|>+-123456789".contains(b))
            .count();
        let header = &text[span.start..span.start + header_len];
        if header.contains(&b'-') {
            return;
        }
        let mut chomped: Vec<u8> = header.iter().copied().filter(|b| *b != b'+').collect();
        chomped.push(b'-');
        let properties = self.document.properties(last.node);
        let start = properties.map_or(span.start, |p| p.span.start);
        layout.note(number, last.pointer, &text[start..span.end]);
        self.edits
            .replace(span.start..span.start + header_len, &chomped);
    }

    pub(super) fn finish(self) -> Collected<'d> {
        Collected {
            edits: self.edits,
            found: self.found,
            expanded: self.expanded,
            sealed_comments: self.sealed_comments,
            layout_needed: self.layout_needed,
            trace: self.trace.finish(),
            mac_input: self.mac_input,
        }
    }

    fn seal(&mut self, node: NodeId, value: Scalar<'d>, place: &Place<'_>) {
        let tag = tag_to_drop(self.document, node, self.source.text);
        let tag_dropped = tag.is_some();
        if let Some(tag) = tag {
            self.edits.replace(tag, b"");
        }
        let around = Surroundings {
            parent: place.parent,
            ..self.around
        };
        replace_sealed(
            self.source.format,
            self.document,
            node,
            &around,
            self.stand_in.short(),
            &mut self.edits,
        );
        self.found.push(Found {
            value,
            node: Some(node),
            tag_dropped,
        });
    }

    /// Refuses a value that is all anchor or tag: it has none to encrypt, and what stands there, which
    /// may be meant for a password without its quotes, would stay in clear.
    fn check_properties(&self, node: NodeId, scalar: &Scalar<'_>) -> Result<()> {
        if !scalar.canonical.is_empty() && scalar.ty != ScalarType::Null
            || !self.document.span(node).is_empty()
        {
            return Ok(());
        }
        let Some(properties) = self.document.properties(node) else {
            return Ok(());
        };
        let is_core = |tag: &String| {
            matches!(
                tag.strip_prefix("tag:yaml.org,2002:"),
                Some("str" | "int" | "float" | "bool" | "null" | "timestamp" | "binary" | "merge")
            ) || tag == "!"
        };
        let (what, sign) = match (&properties.anchor, &properties.tag) {
            (_, Some(tag)) if !is_core(tag) => ("a tag", '!'),
            (Some(_), _) => ("an anchor", '&'),
            _ => return Ok(()),
        };
        let error = self.source.error(
            properties.span.start,
            Kind::Input,
            format!("{what} without a value stands where the rule encrypts"),
        );
        Err(error
            .because("there is nothing to encrypt, and the text would stay in plaintext")
            .hint(format!(
                "put the value in quotes if the `{sign}` belongs to it; write `null` behind it if it is meant to be empty"
            )))
    }

    /// Writes what an alias stands for in braces and brackets, with stand-ins.
    fn write_expansion(
        &self,
        node: NodeId,
        sealed: &mut std::slice::Iter<'_, bool>,
        out: &mut Vec<u8>,
    ) {
        let document = self.document;
        match document.kind(node) {
            NodeKind::Alias => {
                if let Some(target) = document.alias_target(node) {
                    self.write_expansion(target, sealed, out);
                }
            }
            NodeKind::Mapping { .. } => {
                out.push(b'{');
                for (number, (key, value)) in document.entries(node).enumerate() {
                    if number > 0 {
                        out.extend_from_slice(b", ");
                    }
                    let text = key_text(document, self.source, key);
                    let merge =
                        text == "<<" && document.kind(key) == NodeKind::Scalar(ScalarStyle::Plain);
                    if merge {
                        out.extend_from_slice(b"<<")
                    } else {
                        double_quoted(text, out)
                    }
                    out.extend_from_slice(b": ");
                    self.write_expansion(value, sealed, out);
                }
                out.push(b'}');
            }
            NodeKind::Sequence { .. } => {
                out.push(b'[');
                for (number, item) in document.children(node).enumerate() {
                    if number > 0 {
                        out.extend_from_slice(b", ");
                    }
                    self.write_expansion(item, sealed, out);
                }
                out.push(b']');
            }
            NodeKind::Scalar(_) => {
                let is_sealed = sealed.next().copied().unwrap_or(false);
                if is_sealed {
                    out.push(b'"');
                    out.extend_from_slice(self.stand_in.short());
                    out.push(b'"');
                    return;
                }
                let Ok(value) = self.source.scalar(document, node) else {
                    return;
                };
                match (value.ty, value.text()) {
                    (ScalarType::Str, Some(text)) => double_quoted(text, out),
                    _ => {
                        let context = crate::document::yaml::spell::Context {
                            indent_unit: 4,
                            parent: crate::document::yaml::spell::Parent::Mapping,
                            column: 0,
                            in_flow: true,
                            line_break: "\n",
                        };
                        crate::document::yaml::spell::spell_like_sops(&value, &context, out);
                    }
                }
            }
        }
    }
}

/// A tag that says what the text means cannot stay before ciphertext: its bytes, with the blanks behind.
pub(super) fn tag_to_drop(document: &Document, node: NodeId, text: &str) -> Option<Range<usize>> {
    let properties = document.properties(node)?;
    let (tag, span) = (properties.tag.as_ref()?, properties.tag_span.clone()?);
    let core = tag.strip_prefix("tag:yaml.org,2002:");
    let says_more = matches!(
        core,
        Some("int" | "float" | "bool" | "null" | "timestamp" | "binary" | "merge")
    );
    let behind = text.as_bytes().get(span.end..).unwrap_or(&[]);
    let blanks = behind
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    says_more.then_some(span.start..span.end + blanks)
}

pub(super) fn is_encryptable(scalar: &Scalar<'_>) -> bool {
    scalar.ty != ScalarType::Null && !scalar.canonical.is_empty()
}

impl<'d> Visitor<'d> for Collector<'d> {
    fn leaf(&mut self, node: NodeId, scalar: Scalar<'d>, place: &Place<'_>) -> Result<()> {
        let seal = place.selected && is_encryptable(&scalar);
        self.manifests
            .note(self.document, self.source, node, &scalar, place, seal);
        if place.selected {
            self.check_properties(node, &scalar)?;
        }
        self.trace.leaf(place.aad, place.selected, &scalar);
        if scalar.ty != ScalarType::Null && (place.selected || !self.mac_only_encrypted) {
            self.mac_input.push(&scalar.canonical);
        }
        if let Some(expansion) = &mut self.expansion {
            expansion.sealed.push(seal);
            if seal {
                self.found.push(Found {
                    value: scalar,
                    node: None,
                    tag_dropped: false,
                });
            } else if is_encryptable(&scalar)
                && (self.sealed_nodes.contains(&node)
                    || expansion
                        .inner
                        .iter()
                        .any(|alias| self.sealed_nodes.contains(alias)))
            {
                let alias = expansion.alias;
                return Err(self
                    .source
                    .error(
                        self.document.span(alias).start,
                        Kind::Input,
                        format!("this alias would repeat an encrypted value in plaintext at `{}`", place.key_path(self.document, self.source)),
                    )
                    .because("sops writes out aliases, and the rule selects the anchor's place but not this one")
                    .hint("let the rule select both places, or write the value out in a place that it selects"));
            }
            return Ok(());
        }
        if !seal {
            self.last_clear = match self.document.kind(node) {
                NodeKind::Scalar(ScalarStyle::Literal | ScalarStyle::Folded)
                    if self.document.span(node).end == self.source.text.len() =>
                {
                    Some(LastClear {
                        node,
                        pointer: place.pointer(self.document, self.source),
                        ends_with_newline: scalar.canonical.ends_with(b"\n"),
                    })
                }
                _ => None,
            };
            return Ok(());
        }
        self.last_clear = None;
        if self.document.has_aliases() {
            self.sealed_nodes.insert(node);
        }
        self.seal(node, scalar, place);
        Ok(())
    }

    fn comment(&mut self, number: u32, place: &Place<'_>) -> Result<()> {
        let Some(comment) = self.document.comment(number) else {
            return Ok(());
        };
        let span = comment.span.start + 1..comment.span.end;
        let selected = place.selected || self.moved_comments.contains(&number);
        if !selected || place.alias.is_some() || span.is_empty() {
            return Ok(());
        }
        let text = &self.source.text.as_bytes()[span.clone()];
        let mut stand_in = Vec::new();
        StandIn::write_comment(text, &mut stand_in);
        self.edits.replace(span, &stand_in);
        if let Some(sealed) = self.sealed_comments.get_mut(number as usize) {
            *sealed = true;
        }
        Ok(())
    }

    fn alias(&mut self, alias: NodeId, _target: NodeId, _place: &Place<'_>) -> Result<bool> {
        match &mut self.expansion {
            Some(expansion) => expansion.inner.push(alias),
            None => {
                self.expansion = Some(Expansion {
                    alias,
                    inner: Vec::new(),
                    sealed: Vec::new(),
                    found: self.found.len(),
                });
            }
        }
        Ok(true)
    }

    fn alias_end(&mut self, alias: NodeId, target: NodeId, place: &Place<'_>) -> Result<()> {
        let Some(mut expansion) = self.expansion.take() else {
            return Ok(());
        };
        if expansion.inner.pop().is_some() {
            self.expansion = Some(expansion);
            return Ok(());
        }
        if self.found.len() == expansion.found {
            return Ok(());
        }
        if self.comments_select {
            // Written out in braces the values would lose the comments that select them.
            return Err(self
                .source
                .error(
                    self.document.span(alias).start,
                    Kind::Input,
                    "this alias stands for values that a comment expression selects",
                )
                .hint("write the values out instead of the alias"));
        }
        let mut text = Zeroizing::new(Vec::new());
        let in_flow = place.parent.is_some_and(|p| {
            matches!(
                self.document.kind(p),
                NodeKind::Mapping { flow: true } | NodeKind::Sequence { flow: true }
            )
        });
        if matches!(self.document.kind(target), NodeKind::Scalar(_)) && !in_flow {
            text.extend_from_slice(self.stand_in.short());
        } else {
            let mut sealed = expansion.sealed.iter();
            self.write_expansion(target, &mut sealed, &mut text);
        }
        self.sealed_nodes.insert(alias);
        let span = self.document.span(alias);
        self.edits.replace(span.clone(), &text);
        self.expanded_notes
            .push((place.pointer(self.document, self.source), span));
        self.expanded
            .push(place.key_path(self.document, self.source));
        Ok(())
    }
}
