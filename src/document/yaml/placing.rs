//! Which collection a comment belongs to, and before which entry: SOPS' view of go-yaml's rules.
//!
//! go-yaml hands comments to nodes as their head, line or foot while it parses; SOPS flattens them
//! into one list per collection. So only the place counts: the collection's path is what a comment
//! is encrypted under, and the entry after it is what comment expressions select.

use foldhash::HashMap;

use super::comments::{Comments, Role};
use super::reader::column;
use super::scanner::{Token, TokenKind};
use crate::document::tree::{CommentPlace, Document, NodeId, NodeKind};

/// Numbers of comments in their order.
type Numbers = Vec<u32>;

/// The comments of a node, an event or a document.
#[derive(Debug, Default)]
struct Note {
    head: Numbers,
    line: Numbers,
    foot: Numbers,
}

impl Note {
    fn is_empty(&self) -> bool {
        self.head.is_empty() && self.line.is_empty() && self.foot.is_empty()
    }
}

/// Hands the comments of one document to its nodes while they are parsed.
#[derive(Debug, Default)]
pub(super) struct Placing {
    /// Comments that wait for the next event.
    waiting: Note,
    /// Comments above a dash behind which a collection starts.
    stem: Numbers,
    notes: Vec<(NodeId, Note)>,
    note_of: HashMap<NodeId, usize>,
    /// The last node of the text that has a note: later ones need no look-up.
    newest: Option<NodeId>,
    document: Note,
}

impl Placing {
    /// Takes the groups that `token` is reached by.
    #[cold]
    pub(super) fn meet(&mut self, token: Token, comments: &mut Comments) {
        while let Some(group) = comments.pending.front() {
            if group.anchor > token.start as usize
                || group.role == Role::Head && token.kind == TokenKind::BlockEnd
            {
                return;
            }
            let list = match group.role {
                Role::Head => &mut self.waiting.head,
                Role::Line => &mut self.waiting.line,
                Role::Foot => &mut self.waiting.foot,
            };
            list.extend(group.lines.clone());
            comments.pending.pop_front();
        }
    }

    /// A bare document starts: what a blank line parts from its first entry is the document's.
    pub(super) fn start_bare(&mut self, comments: &Comments) {
        let head = &mut self.waiting.head;
        let split = head.iter().rposition(|&n| comments.gap_after(n));
        let rest = head.split_off(split.map_or(0, |last| last + 1));
        self.document.head = std::mem::replace(head, rest);
    }

    /// A later document starts: go-yaml gives what is directly below `...` or `---` to the document
    /// before; it is of this one.
    pub(super) fn start_marked(&mut self) {
        let foot = std::mem::take(&mut self.waiting.foot);
        self.document.head.extend(foot);
    }

    /// The document ends.
    pub(super) fn end_document(&mut self) {
        let mut event = std::mem::take(&mut self.waiting);
        self.stem.clear();
        if event.foot.is_empty() {
            event.foot = event.head;
        }
        self.document.foot = event.foot;
    }

    /// The stream ends behind the document: what still comes is at its foot too.
    pub(super) fn end_stream(&mut self) {
        let event = std::mem::take(&mut self.waiting);
        for list in [event.foot, event.head, event.line] {
            self.document.foot.extend(list);
        }
    }

    /// A scalar, an alias or a flow collection takes what waits.
    #[inline]
    pub(super) fn give(&mut self, node: NodeId) {
        self.stem.clear();
        if !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            *self.note(node) = waiting;
        }
    }

    /// A block collection starts.
    #[inline]
    pub(super) fn give_stem(&mut self, node: NodeId) {
        if !self.stem.is_empty() {
            let stem = std::mem::take(&mut self.stem);
            self.note(node).head = stem;
        }
    }

    /// How many comments wait above the dash in hand.
    #[inline]
    pub(super) fn above(&self) -> usize {
        self.waiting.head.len()
    }

    /// The first `above` comments stood above a dash behind which a collection starts.
    pub(super) fn split_stem(&mut self, above: usize) {
        let rest = self
            .waiting
            .head
            .split_off(above.min(self.waiting.head.len()));
        self.stem = std::mem::replace(&mut self.waiting.head, rest);
    }

    /// A mapping or a flow sequence ends and takes what waits; a block mapping's foot is its last
    /// entry's.
    #[inline]
    pub(super) fn end_collection(&mut self, node: NodeId, last_key: Option<NodeId>) {
        if self.waiting.is_empty() && self.newest < Some(node) {
            return;
        }
        self.stem.clear();
        let event = std::mem::take(&mut self.waiting);
        if self.note_of.contains_key(&node) || !event.is_empty() {
            let foot = {
                let note = self.note(node);
                note.line = event.line;
                note.foot = event.foot;
                if last_key.is_some() {
                    std::mem::take(&mut note.foot)
                } else {
                    Numbers::new()
                }
            };
            if let Some(key) = last_key
                && !foot.is_empty()
            {
                self.note(key).foot = foot;
            }
        }
    }

    /// A key of a block mapping has been read: what is at its foot stands below the entry before.
    #[inline]
    pub(super) fn key_done(&mut self, key: NodeId, previous_key: Option<NodeId>) {
        if self.newest < Some(key) {
            return;
        }
        if let Some(previous) = previous_key
            && let Some(&at) = self.note_of.get(&key)
            && let Some((_, note)) = self.notes.get_mut(at)
            && !note.foot.is_empty()
        {
            let foot = std::mem::take(&mut note.foot);
            self.note(previous).foot = foot;
        }
    }

    /// An entry has been read.
    #[inline]
    pub(super) fn entry_done(&mut self, key: NodeId, value: NodeId) {
        if self.newest < Some(value) {
            return;
        }
        if let Some(&at) = self.note_of.get(&value)
            && let Some((_, note)) = self.notes.get_mut(at)
            && !note.foot.is_empty()
        {
            let foot = std::mem::take(&mut note.foot);
            let of_key = self.note(key);
            if of_key.foot.is_empty() {
                of_key.foot = foot;
            } else if let Some(&at) = self.note_of.get(&value)
                && let Some((_, note)) = self.notes.get_mut(at)
            {
                note.foot = foot;
            }
        }
    }

    fn note(&mut self, node: NodeId) -> &mut Note {
        let next = self.notes.len();
        let at = *self.note_of.entry(node).or_insert(next);
        if at == next {
            self.notes.push((node, Note::default()));
            self.newest = self.newest.max(Some(node));
        }
        // `at` is in range: it is an older index, or the one pushed just now.
        &mut self.notes[at].1
    }

    /// Gives every comment of the document its place.
    pub(super) fn place(self, document: &mut Document, text: &[u8]) {
        let count = document.comments().len();
        if count == 0 {
            return;
        }
        let tree = Tree::new(document, text);
        let mut places: Vec<(u8, CommentPlace, Numbers)> = Vec::new();
        let start = tree.start();
        let end = tree.root.map_or(CommentPlace::Root, CommentPlace::EndOf);
        places.push((2, start, self.document.head));
        places.push((7, end, self.document.foot));
        let mut inline = Numbers::new();
        for (node, note) in self.notes {
            if tree.keeps_beside(node) {
                inline.extend(&note.line);
            }
            tree.flatten(node, note, &mut places);
        }
        places.sort_by_key(|(rank, _, _)| *rank);
        let mut of_comment = vec![None; count];
        let mut order = Vec::with_capacity(count);
        for (_, place, numbers) in places {
            for number in numbers {
                if let Some(known @ None) = of_comment.get_mut(number as usize) {
                    *known = Some(place);
                    order.push(number);
                }
            }
        }
        // What go-yaml loses.
        let mut lost = Vec::new();
        for number in 0..count as u32 {
            if let Some(known @ None) = of_comment.get_mut(number as usize) {
                *known = Some(tree.by_indentation(number));
                order.push(number);
                lost.push(number);
            }
        }
        let placed = order.into_iter().filter_map(|number| {
            let place = (*of_comment.get(number as usize)?)?;
            Some((place, number))
        });
        document.place_comments(placed.collect());
        for number in inline {
            document.set_inline(number);
        }
        for number in lost {
            document.set_lost(number);
        }
    }
}

/// The document's nodes with the way up.
struct Tree<'a> {
    document: &'a Document,
    text: &'a [u8],
    /// The root, if it is a collection.
    root: Option<NodeId>,
    parent: Vec<Option<NodeId>>,
    /// The key of a mapping's value; every other node is its own entry.
    key: Vec<Option<NodeId>>,
}

impl<'a> Tree<'a> {
    fn new(document: &'a Document, text: &'a [u8]) -> Self {
        let mut parent = vec![None; document.len()];
        let mut key = vec![None; document.len()];
        for id in (0..document.len()).filter_map(|index| document.id_at(index)) {
            match document.kind(id) {
                NodeKind::Mapping { .. } => {
                    for (k, v) in document.entries(id) {
                        parent[k.index()] = Some(id);
                        parent[v.index()] = Some(id);
                        key[v.index()] = Some(k);
                    }
                }
                NodeKind::Sequence { .. } => {
                    for item in document.children(id) {
                        parent[item.index()] = Some(id);
                    }
                }
                _ => {}
            }
        }
        Tree {
            document,
            text,
            root: document.root().filter(|&r| is_collection(document, r)),
            parent,
            key,
        }
    }

    /// Where the document's first comments go.
    fn start(&self) -> CommentPlace {
        self.root.map_or(CommentPlace::Root, |r| self.first_in(r))
    }

    /// Adds the places of a node's comments with their rank among those of the same place.
    fn flatten(&self, node: NodeId, note: Note, places: &mut Vec<(u8, CommentPlace, Numbers)>) {
        let collection = is_collection(self.document, node);
        let Some(parent) = self.parent[node.index()] else {
            let (start, end) = if collection {
                (self.first_in(node), CommentPlace::EndOf(node))
            } else {
                (CommentPlace::Root, CommentPlace::Root)
            };
            places.push((3, start, note.head));
            places.push((3, start, note.line));
            places.push((6, end, note.foot));
            return;
        };
        let in_mapping = matches!(self.document.kind(parent), NodeKind::Mapping { .. });
        match self.key[node.index()] {
            Some(_) if collection => {
                let start = self.first_in(node);
                places.push((3, start, note.head));
                places.push((3, start, note.line));
                places.push((6, CommentPlace::EndOf(node), note.foot));
            }
            Some(key) => {
                places.push((5, CommentPlace::Before(key), note.head));
                places.push((5, CommentPlace::Before(key), note.line));
                places.push((0, self.after(parent, node), note.foot));
            }
            None => {
                let last = if in_mapping {
                    self.document.siblings(node).next().unwrap_or(node)
                } else {
                    node
                };
                places.push((4, CommentPlace::Before(node), note.head));
                places.push((4, CommentPlace::Before(node), note.line));
                places.push((1, self.after(parent, last), note.foot));
            }
        }
    }

    /// SOPS keeps a comment on the node's line where it is: beside list items and beside scalars that
    /// are values.
    fn keeps_beside(&self, node: NodeId) -> bool {
        if self.key[node.index()].is_some() {
            return !is_collection(self.document, node);
        }
        self.parent[node.index()]
            .is_some_and(|p| matches!(self.document.kind(p), NodeKind::Sequence { .. }))
    }

    /// The place behind a collection's child.
    fn after(&self, parent: NodeId, child: NodeId) -> CommentPlace {
        match self.document.siblings(child).next() {
            Some(next) => CommentPlace::Before(next),
            None => CommentPlace::EndOf(parent),
        }
    }

    fn first_in(&self, collection: NodeId) -> CommentPlace {
        match self.document.children(collection).next() {
            Some(child) => CommentPlace::Before(child),
            None => CommentPlace::EndOf(collection),
        }
    }

    /// The place of a comment that go-yaml loses: where its column puts it, so that one among
    /// secrets is encrypted with them.
    fn by_indentation(&self, number: u32) -> CommentPlace {
        let Some(comment) = self.document.comment(number) else {
            return self.start();
        };
        let start = comment.span.start;
        let own_line = comment.own_line;
        let at = column(self.text, start);
        let next = self.document.first_from(start);
        let mut node = next.checked_sub(1).and_then(|i| self.document.id_at(i));
        while let Some(current) = node {
            if is_collection(self.document, current) {
                let span = self.document.span(current);
                let flow = matches!(
                    self.document.kind(current),
                    NodeKind::Mapping { flow: true } | NodeKind::Sequence { flow: true }
                );
                let holds = if flow {
                    start < span.end
                } else {
                    !own_line || column(self.text, span.start) <= at
                };
                if holds {
                    return self.within(current, next);
                }
            }
            node = self.parent[current.index()];
        }
        self.start()
    }

    /// The place in `collection` before the node with this index.
    fn within(&self, collection: NodeId, next: usize) -> CommentPlace {
        let mut node = self.document.id_at(next);
        while let Some(current) = node {
            let parent = self.parent[current.index()];
            if parent == Some(collection) {
                return CommentPlace::Before(self.key[current.index()].unwrap_or(current));
            }
            node = parent;
        }
        CommentPlace::EndOf(collection)
    }
}

fn is_collection(document: &Document, id: NodeId) -> bool {
    matches!(
        document.kind(id),
        NodeKind::Mapping { .. } | NodeKind::Sequence { .. }
    )
}
