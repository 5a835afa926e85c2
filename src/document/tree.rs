//! A document as an arena of nodes that point into the source text.
//!
//! Nodes are numbered in the order in which they start in the text. Every node knows its byte
//! span, so an edit never has to touch anything else.

use std::borrow::Cow;
use std::ops::Range;

use zeroize::Zeroize;

/// The number of a node within its [`Document`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The position in the arena.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarStyle {
    /// Without quotes, possibly over several lines, possibly empty.
    Plain,
    /// `'...'`
    SingleQuoted,
    /// `"..."`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// A scalar in a style.
    Scalar(ScalarStyle),
    /// A mapping: its children alternate between key and value.
    Mapping {
        /// Written with braces.
        flow: bool,
    },
    /// A sequence.
    Sequence {
        /// Written with brackets.
        flow: bool,
    },
    /// An alias; its target is in [`Document::alias_target`].
    Alias,
}

const NONE: u32 = u32::MAX;
const COMMENTS_BEFORE: u8 = 1;
const COMMENTS_AT_END: u8 = 2;

#[derive(Clone, Debug)]
struct Node {
    start: u32,
    end: u32,
    first_child: u32,
    next: u32,
    /// Index into `decoded` (scalars whose value is not a slice of the source) or alias target.
    extra: u32,
    /// Index into `properties`.
    properties: u32,
    kind: NodeKind,
    flags: u8,
}

/// The anchor and tag written before a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    /// The anchor's name, without `&`.
    pub anchor: Option<String>,
    /// The tag with its handle resolved: `tag:yaml.org,2002:int`, `!custom`, `!`.
    pub tag: Option<String>,
    /// The bytes from the first property to the end of the last one.
    pub span: Range<usize>,
    /// The bytes of the tag alone.
    pub tag_span: Option<Range<usize>>,
}

/// A comment and the place that SOPS gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to the end of the line, break excluded.
    pub span: Range<usize>,
    /// The comment stands on a line of its own.
    pub own_line: bool,
    /// SOPS keeps the comment on the line of the value that follows it in SOPS' order.
    pub inline: bool,
    /// go-yaml, and with it SOPS, loses the comment: no expression sees it.
    pub lost: bool,
}

/// A comment's place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommentPlace {
    /// Directly before a mapping's key or a sequence's item.
    Before(NodeId),
    /// At the end of a collection.
    EndOf(NodeId),
    /// In a document that has no collection at its root.
    Root,
}

/// Where a document stands in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The first byte that belongs to this document (comments and directives before it included).
    pub start: usize,
    /// Where its content ends: the `...`, `---` or directive that follows, or the end of the text.
    pub content_end: usize,
    /// The document has `---`.
    pub explicit_start: bool,
    /// What is before it.
    pub follows: Follows,
}

/// What is before a document: comments at its start are placed by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Follows {
    /// It is the first of its file.
    #[default]
    Nothing,
    /// A document.
    Document,
    /// A document that ends with `...`.
    EndMark,
}

/// One document: an arena of nodes over a source text.
#[derive(Debug, Default)]
pub struct Document {
    nodes: Vec<Node>,
    root: Option<NodeId>,
    /// Values that are not slices of the source; may hold secrets.
    decoded: Vec<u8>,
    decoded_spans: Vec<(u32, u32)>,
    properties: Vec<Properties>,
    comments: Vec<Comment>,
    /// The places that have comments, in order, each with where its own end in `placed`.
    comment_places: Vec<(CommentPlace, usize)>,
    /// The numbers of the comments, place by place.
    placed: Vec<u32>,
    extent: Extent,
    has_aliases: bool,
}

impl Drop for Document {
    fn drop(&mut self) {
        // The length only: wiping spare capacity would touch pages that were never used.
        self.decoded.as_mut_slice().zeroize();
    }
}

impl Document {
    /// An empty document.
    pub fn new() -> Self {
        Document::default()
    }

    /// An empty document with room for `nodes`.
    pub(crate) fn with_capacity(nodes: usize) -> Self {
        let mut document = Document::default();
        document.nodes.reserve(nodes);
        document
    }

    /// The root node; `None` for an empty document.
    pub fn root(&self) -> Option<NodeId> {
        self.root
    }

    /// Where the document stands in its file.
    pub fn extent(&self) -> &Extent {
        &self.extent
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// There are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What a node is.
    pub fn kind(&self, id: NodeId) -> NodeKind {
        self.nodes[id.index()].kind
    }

    /// The node's bytes without its properties: quotes, block header and brackets included.
    pub fn span(&self, id: NodeId) -> Range<usize> {
        let node = &self.nodes[id.index()];
        node.start as usize..node.end as usize
    }

    /// Anchor and tag.
    pub fn properties(&self, id: NodeId) -> Option<&Properties> {
        self.properties
            .get(self.nodes[id.index()].properties as usize)
    }

    /// Some node is an alias.
    pub fn has_aliases(&self) -> bool {
        self.has_aliases
    }

    /// The node's tag with its handle resolved.
    pub fn tag(&self, id: NodeId) -> Option<&str> {
        self.properties(id).and_then(|p| p.tag.as_deref())
    }

    /// The node that an alias stands for.
    pub fn alias_target(&self, id: NodeId) -> Option<NodeId> {
        let node = &self.nodes[id.index()];
        (node.kind == NodeKind::Alias && node.extra != NONE).then_some(NodeId(node.extra))
    }

    /// The value of a scalar: escapes, folding and indentation resolved. `source` must be the
    /// text that the document was parsed from.
    pub fn scalar_text<'a>(&'a self, id: NodeId, source: &'a str) -> &'a str {
        let node = &self.nodes[id.index()];
        if let Some(&(start, end)) = self.decoded_spans.get(node.extra as usize) {
            return self
                .decoded
                .get(start as usize..end as usize)
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
                .unwrap_or("");
        }
        let span = self.span(id);
        match node.kind {
            NodeKind::Scalar(ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) => source
                .get(span.start + 1..span.end.saturating_sub(1))
                .unwrap_or(""),
            _ => source.get(span).unwrap_or(""),
        }
    }

    /// Children: items of a sequence, or keys and values in turn.
    pub fn children(&self, id: NodeId) -> Children<'_> {
        Children {
            document: self,
            next: self.nodes[id.index()].first_child,
        }
    }

    /// The nodes after this one in its collection.
    pub fn siblings(&self, id: NodeId) -> Children<'_> {
        Children {
            document: self,
            next: self.nodes[id.index()].next,
        }
    }

    /// Key and value of each entry of a mapping.
    pub fn entries(&self, id: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        let mut children = self.children(id);
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    /// The value of a key in a mapping.
    pub fn get<'a>(&'a self, mapping: NodeId, key: &str, source: &'a str) -> Option<NodeId> {
        if !matches!(self.kind(mapping), NodeKind::Mapping { .. }) {
            return None;
        }
        self.entries(mapping)
            .find(|&(k, _)| self.scalar_text(k, source) == key)
            .map(|(_, v)| v)
    }

    /// All comments in the order of the text.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// A comment by its number.
    pub fn comment(&self, number: u32) -> Option<&Comment> {
        self.comments.get(number as usize)
    }

    /// The comments directly before a key or an item, in SOPS' order.
    pub fn comments_before(&self, id: NodeId) -> &[u32] {
        if self.nodes[id.index()].flags & COMMENTS_BEFORE == 0 {
            return &[];
        }
        self.comments_at(CommentPlace::Before(id))
    }

    /// The comments at the end of a collection, in SOPS' order.
    pub fn comments_at_end(&self, id: NodeId) -> &[u32] {
        if self.nodes[id.index()].flags & COMMENTS_AT_END == 0 {
            return &[];
        }
        self.comments_at(CommentPlace::EndOf(id))
    }

    /// The comments at a place.
    pub fn comments_at(&self, place: CommentPlace) -> &[u32] {
        let find = |at: &(CommentPlace, usize)| at.0.cmp(&place);
        let Ok(index) = self.comment_places.binary_search_by(find) else {
            return &[];
        };
        let before = index
            .checked_sub(1)
            .and_then(|i| self.comment_places.get(i));
        let start = before.map_or(0, |(_, end)| *end);
        let end = self
            .comment_places
            .get(index)
            .map_or(start, |(_, end)| *end);
        self.placed.get(start..end).unwrap_or(&[])
    }

    /// The block scalar that reaches up to `end`, if one does.
    pub fn open_ended(&self, end: usize) -> Option<NodeId> {
        let last = NodeId(self.nodes.len().checked_sub(1)? as u32);
        let block = matches!(
            self.kind(last),
            NodeKind::Scalar(ScalarStyle::Literal | ScalarStyle::Folded)
        );
        (block && self.span(last).end == end).then_some(last)
    }

    /// A scalar's whole source is its value: nothing was unescaped, folded or unindented.
    pub fn is_verbatim(&self, id: NodeId) -> bool {
        self.nodes[id.index()].extra == NONE
    }

    // Building. The parsers of this crate are the only callers.

    pub(crate) fn push(&mut self, kind: NodeKind, span: Range<usize>) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node {
            start: span.start as u32,
            end: span.end as u32,
            first_child: NONE,
            next: NONE,
            extra: NONE,
            properties: NONE,
            kind,
            flags: 0,
        });
        id
    }

    pub(crate) fn link(&mut self, parent: NodeId, previous: Option<NodeId>, child: NodeId) {
        match previous {
            Some(previous) => self.nodes[previous.index()].next = child.0,
            None => self.nodes[parent.index()].first_child = child.0,
        }
    }

    pub(crate) fn set_root(&mut self, root: NodeId) {
        self.root = Some(root);
    }

    pub(crate) fn set_end(&mut self, id: NodeId, end: usize) {
        self.nodes[id.index()].end = end as u32;
    }

    pub(crate) fn set_extent(&mut self, extent: Extent) {
        self.extent = extent;
    }

    pub(crate) fn set_properties(&mut self, id: NodeId, properties: Properties) {
        self.nodes[id.index()].properties = self.properties.len() as u32;
        self.properties.push(properties);
    }

    pub(crate) fn set_alias_target(&mut self, id: NodeId, target: NodeId) {
        self.nodes[id.index()].extra = target.0;
        self.has_aliases = true;
    }

    pub(crate) fn set_decoded(&mut self, id: NodeId, number: u32) {
        self.nodes[id.index()].extra = number;
    }

    pub(crate) fn set_decoded_values(&mut self, decoded: Vec<u8>, spans: Vec<(u32, u32)>) {
        self.decoded = decoded;
        self.decoded_spans = spans;
    }

    pub(crate) fn set_comments(&mut self, comments: Vec<Comment>) {
        self.comments = comments;
    }

    pub(crate) fn set_lost(&mut self, number: u32) {
        if let Some(comment) = self.comments.get_mut(number as usize) {
            comment.lost = true;
        }
    }

    pub(crate) fn set_inline(&mut self, number: u32) {
        if let Some(comment) = self.comments.get_mut(number as usize) {
            comment.inline = true;
        }
    }

    /// Gives comments their places. Those of the same place are in SOPS' order.
    pub(crate) fn place_comments(&mut self, mut comments: Vec<(CommentPlace, u32)>) {
        comments.sort_by_key(|(place, _)| *place);
        for (place, number) in comments {
            match place {
                CommentPlace::Before(id) => self.nodes[id.index()].flags |= COMMENTS_BEFORE,
                CommentPlace::EndOf(id) => self.nodes[id.index()].flags |= COMMENTS_AT_END,
                CommentPlace::Root => {}
            }
            self.placed.push(number);
            let end = self.placed.len();
            match self.comment_places.last_mut() {
                Some(last) if last.0 == place => last.1 = end,
                _ => self.comment_places.push((place, end)),
            }
        }
    }

    pub(crate) fn id_at(&self, index: usize) -> Option<NodeId> {
        (index < self.nodes.len()).then_some(NodeId(index as u32))
    }

    /// The first node (in the order of the text) that starts at or after `offset`.
    pub(crate) fn first_from(&self, offset: usize) -> usize {
        self.nodes.partition_point(|n| (n.start as usize) < offset)
    }
}

/// Iterates over the children of a node.
#[derive(Debug)]
pub struct Children<'a> {
    document: &'a Document,
    next: u32,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.next == NONE {
            return None;
        }
        let id = NodeId(self.next);
        self.next = self.document.nodes[id.index()].next;
        Some(id)
    }
}

/// A text that is borrowed when it can be.
pub type Text<'a> = Cow<'a, str>;
