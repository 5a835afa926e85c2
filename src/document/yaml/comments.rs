//! Which collection a comment belongs to, and before which entry: SOPS' view of go-yaml's rules.
//!
//! SOPS flattens head, line and foot comments into one list, so only the place counts: the
//! collection's path is what a comment is encrypted under, and the entry after it is what comment
//! expressions select.

use super::reader::{break_len, is_blank};
use super::scanner::{RawComment, Token, TokenKind};
use crate::document::tree::{Comment, CommentPlace, Document, NodeId, NodeKind};

/// Gives every comment of a document its place.
pub(super) fn place(document: &mut Document, raw: &[RawComment], text: &[u8]) {
    if raw.is_empty() {
        return;
    }
    document.set_comments(
        raw.iter()
            .map(|c| Comment {
                span: c.start..c.end,
                own_line: c.own_line,
            })
            .collect(),
    );
    let places = {
        let places = Places::new(document, raw, text);
        match places {
            Some(places) => places.all(),
            None => vec![CommentPlace::Root; raw.len()],
        }
    };
    for (number, place) in places.into_iter().enumerate() {
        document.place_comment(number as u32, place);
    }
}

struct Places<'a> {
    document: &'a Document,
    raw: &'a [RawComment],
    text: &'a [u8],
    root: NodeId,
    parent: Vec<Option<NodeId>>,
    /// The key of a mapping's value; every other node is its own entry.
    key: Vec<Option<NodeId>>,
}

/// From where in a run of comments a foot comment may look for its group.
#[derive(Clone, Copy)]
enum Mark {
    Prior,
    Comment(usize),
}

impl<'a> Places<'a> {
    fn new(document: &'a Document, raw: &'a [RawComment], text: &'a [u8]) -> Option<Self> {
        let root = document.root()?;
        if !is_collection(document, root) {
            return None;
        }
        let mut parent = vec![None; document.len()];
        let mut key = vec![None; document.len()];
        for index in 0..document.len() {
            let id = document.id_at(index)?;
            let mapping = matches!(document.kind(id), NodeKind::Mapping { .. });
            let mut last_key = None;
            for child in document.children(id) {
                parent[child.index()] = Some(id);
                if mapping {
                    key[child.index()] = last_key;
                    last_key = if last_key.is_none() {
                        Some(child)
                    } else {
                        None
                    };
                }
            }
        }
        Some(Places {
            document,
            raw,
            text,
            root,
            parent,
            key,
        })
    }

    fn all(&self) -> Vec<CommentPlace> {
        let mut places = vec![CommentPlace::Root; self.raw.len()];
        let mut i = 0;
        while i < self.raw.len() {
            let comment = &self.raw[i];
            if !comment.own_line {
                places[i] = self.trailing(comment);
                i += 1;
            } else if comment.in_flow {
                places[i] = self.in_flow(comment);
                i += 1;
            } else {
                let mut end = i + 1;
                while end < self.raw.len()
                    && self.raw[end].own_line
                    && start_of(self.raw[end].previous) == start_of(comment.previous)
                {
                    end += 1;
                }
                self.run(i..end, &mut places);
                i = end;
            }
        }
        places
    }

    /// A comment on the line of a token.
    fn trailing(&self, comment: &RawComment) -> CommentPlace {
        let Some(previous) = comment.previous else {
            return self.head(comment);
        };
        match previous.kind {
            TokenKind::BlockEntry => match self.node_from(previous.end as usize) {
                Some(item)
                    if is_collection(self.document, item) && !self.starts_later(item, previous) =>
                {
                    self.first_in(item)
                }
                Some(item) => CommentPlace::Before(item),
                None => CommentPlace::EndOf(self.root),
            },
            TokenKind::FlowSequenceStart | TokenKind::FlowMappingStart => {
                match self.collection_at(previous) {
                    Some(collection) => self.first_in(collection),
                    None => CommentPlace::EndOf(self.root),
                }
            }
            TokenKind::FlowSequenceEnd | TokenKind::FlowMappingEnd => {
                match self.closed_by(previous) {
                    Some(flow) if self.key[flow.index()].is_some() => self.first_in(flow),
                    Some(flow) => self.before_entry(flow),
                    None => CommentPlace::EndOf(self.root),
                }
            }
            TokenKind::Anchor | TokenKind::Tag => match self.node_from(previous.end as usize) {
                Some(node) if is_collection(self.document, node) => self.first_in(node),
                Some(node) => self.before_entry(node),
                None => CommentPlace::EndOf(self.root),
            },
            _ => match self.node_of(previous) {
                Some(node) => self.before_entry(node),
                None => self.head(comment),
            },
        }
    }

    /// The item after a bare dash is not on a later dash: the dash's own item is empty otherwise.
    fn starts_later(&self, item: NodeId, dash: Token) -> bool {
        self.parent[item.index()].is_none_or(|p| self.document.span(p).start > dash.start as usize)
    }

    /// A comment on its own line inside brackets or braces.
    fn in_flow(&self, comment: &RawComment) -> CommentPlace {
        let next = comment.next;
        match next {
            Some(next)
                if !matches!(
                    next.kind,
                    TokenKind::FlowSequenceEnd | TokenKind::FlowMappingEnd
                ) =>
            {
                match self.node_from(next.start as usize) {
                    Some(node) => self.before_entry(node),
                    None => CommentPlace::EndOf(self.root),
                }
            }
            Some(next) => self
                .closed_by(next)
                .map_or(CommentPlace::EndOf(self.root), CommentPlace::EndOf),
            None => CommentPlace::EndOf(self.root),
        }
    }

    /// A run of comment lines between two tokens.
    fn run(&self, range: std::ops::Range<usize>, places: &mut [CommentPlace]) {
        let first = &self.raw[range.start];
        let indent = first.indent;
        let next_column = if first.next.is_some() {
            first.next_column as isize
        } else {
            -1
        };
        let mut mark = Mark::Prior;
        let mut group: Option<usize> = None;
        let breaks_before = self.breaks_between(first);
        let mut fresh = first.previous.is_some() && breaks_before == 1;
        let bare_value = first.previous.is_some_and(|p| p.kind == TokenKind::Value);
        let foot = |from: usize, to: usize, mark: Mark, places: &mut [CommentPlace]| {
            let place = self.foot(&range, mark);
            places[from..to].fill(place);
        };
        for i in range.clone() {
            let column = self.raw[i].column as isize;
            if let Some(start) = group
                && column < indent
                && column != self.raw[start].column as isize
            {
                foot(start, i, mark, places);
                mark = Mark::Comment(i);
                group = None;
            }
            let start = *group.get_or_insert(i);
            if self.gap_follows(i) {
                let group_column = self.raw[start].column as isize;
                let right_below = start == range.start && breaks_before == 1;
                if fresh && (right_below && !bare_value || group_column < indent) {
                    if group_column < indent {
                        mark = Mark::Comment(start);
                    }
                    foot(start, i + 1, mark, places);
                    mark = Mark::Comment(i + 1);
                    group = None;
                }
                fresh = false;
            }
        }
        let Some(start) = group else { return };
        let foots = first.next.is_some()
            && next_column < indent
            && next_column != self.raw[start].column as isize
            && first.previous.is_some();
        if foots {
            foot(start, range.end, mark, places);
        } else {
            let place = self.head(first);
            places[start..range.end].fill(place);
        }
    }

    fn foot(&self, run: &std::ops::Range<usize>, mark: Mark) -> CommentPlace {
        let first = &self.raw[run.start];
        let Mark::Comment(from) = mark else {
            return first
                .previous
                .and_then(|p| self.node_of(p))
                .map_or_else(|| self.head(first), |n| self.after_entry(n));
        };
        let next_column = if first.next.is_some() {
            first.next_column as isize
        } else {
            -1
        };
        let mut node = first.previous.and_then(|p| self.node_of(p));
        while let Some(current) = node {
            if matches!(
                self.document.kind(current),
                NodeKind::Mapping { flow: false }
            ) {
                let column =
                    super::reader::column(self.text, self.document.span(current).start) as isize;
                if column <= next_column {
                    break;
                }
                if self.raw[from.min(run.end)..run.end]
                    .iter()
                    .any(|c| c.column as isize == column)
                {
                    return CommentPlace::EndOf(current);
                }
            }
            node = self.parent[current.index()];
        }
        self.head(first)
    }

    /// Before the token that follows, in the outermost collection that opens there.
    fn head(&self, comment: &RawComment) -> CommentPlace {
        let Some(next) = comment.next else {
            return CommentPlace::EndOf(self.root);
        };
        match self.node_from(next.start as usize) {
            Some(node)
                if is_collection(self.document, node)
                    && self.document.span(node).start == next.start as usize =>
            {
                self.first_in(node)
            }
            Some(node) => self.before_entry(node),
            None => CommentPlace::EndOf(self.root),
        }
    }

    fn first_in(&self, collection: NodeId) -> CommentPlace {
        match self.document.children(collection).next() {
            Some(child) => CommentPlace::Before(child),
            None => CommentPlace::EndOf(collection),
        }
    }

    fn entry(&self, node: NodeId) -> NodeId {
        self.key[node.index()].unwrap_or(node)
    }

    fn before_entry(&self, node: NodeId) -> CommentPlace {
        if self.parent[node.index()].is_none() {
            return self.first_in(node);
        }
        CommentPlace::Before(self.entry(node))
    }

    fn after_entry(&self, node: NodeId) -> CommentPlace {
        let Some(parent) = self.parent[node.index()] else {
            return CommentPlace::EndOf(node);
        };
        let entry = self.entry(node);
        let width = if matches!(self.document.kind(parent), NodeKind::Mapping { .. }) {
            2
        } else {
            1
        };
        let next = self.document.siblings(entry).nth(width - 1);
        next.map_or(CommentPlace::EndOf(parent), CommentPlace::Before)
    }

    fn node_from(&self, offset: usize) -> Option<NodeId> {
        self.document.id_at(self.document.first_from(offset))
    }

    fn collection_at(&self, token: Token) -> Option<NodeId> {
        self.node_from(token.start as usize)
    }

    /// The collection whose closing bracket `token` is.
    fn closed_by(&self, token: Token) -> Option<NodeId> {
        let before = self
            .document
            .first_from(token.start as usize)
            .checked_sub(1)?;
        let mut node = self.document.id_at(before);
        while let Some(current) = node {
            if is_collection(self.document, current)
                && self.document.span(current).end == token.end as usize
            {
                return node;
            }
            node = self.parent[current.index()];
        }
        None
    }

    /// The node that a token stands for: the scalar, the closed collection, the key of a `:`, the
    /// item of a dash, the entry left of a comma.
    fn node_of(&self, token: Token) -> Option<NodeId> {
        let start = token.start as usize;
        match token.kind {
            TokenKind::FlowSequenceEnd | TokenKind::FlowMappingEnd => self.closed_by(token),
            TokenKind::BlockEntry => self.node_from(token.end as usize),
            TokenKind::Value | TokenKind::FlowEntry => {
                let mut node = self
                    .document
                    .id_at(self.document.first_from(start).checked_sub(1)?)?;
                while let Some(parent) = self.parent[node.index()] {
                    if self.document.span(parent).end > start
                        || self.document.span(parent).start >= start
                    {
                        break;
                    }
                    node = parent;
                }
                Some(node)
            }
            _ => {
                let mut index = self.document.first_from(start);
                while let Some(node) = self.document.id_at(index) {
                    if !is_collection(self.document, node)
                        || self.document.span(node).start != start
                    {
                        return Some(node);
                    }
                    index += 1;
                }
                None
            }
        }
    }

    /// Line breaks between the token before a run and its first comment.
    fn breaks_between(&self, comment: &RawComment) -> usize {
        let Some(previous) = comment.previous else {
            return 0;
        };
        let mut pos = (previous.end as usize).min(comment.start);
        // A block scalar ends behind its last break.
        let mut breaks = usize::from(pos > 0 && ends_line(self.text, pos));
        while pos < comment.start {
            let len = break_len(self.text, pos);
            breaks += usize::from(len > 0);
            pos += len.max(1);
        }
        breaks
    }

    /// A blank line, or the end of the text, follows the comment. go-yaml counts CRLF as two
    /// breaks here.
    fn gap_follows(&self, number: usize) -> bool {
        let end = self.raw[number].end;
        let len = break_len(self.text, end);
        if len == 0 || (len == 2 && self.text[end] == b'\r') {
            return true;
        }
        let mut pos = end + len;
        while self.text.get(pos).is_some_and(|&b| is_blank(b)) {
            pos += 1;
        }
        pos >= self.text.len() || break_len(self.text, pos) > 0
    }
}

fn ends_line(text: &[u8], pos: usize) -> bool {
    matches!(text.get(pos - 1), Some(b'\n' | b'\r'))
}

fn start_of(token: Option<Token>) -> Option<u32> {
    token.map(|t| t.start)
}

fn is_collection(document: &Document, id: NodeId) -> bool {
    matches!(
        document.kind(id),
        NodeKind::Mapping { .. } | NodeKind::Sequence { .. }
    )
}
