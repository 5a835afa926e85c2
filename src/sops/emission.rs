//! A document as the tree that SOPS makes of it, ready to be printed.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::walk::{MAX_ALIAS_NODES, Source, key_text};
use crate::document::scalar::Scalar;
use crate::document::tree::{CommentPlace, Document, NodeId, NodeKind};
use crate::document::yaml::emit::{Emitted, Item};
use crate::error::{Error, Kind, Result};

/// What can be opened or left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// A scalar that is no key.
    Leaf(NodeId),
    /// An entry of a mapping, by its key: only [`Content::Absent`] counts.
    Entry(NodeId),
    /// A comment, by its number.
    Comment(u32),
}

/// What stands for a [`Part`] in the tree.
#[derive(Debug)]
pub(super) enum Content<'a> {
    /// What it is in the document.
    Unchanged,
    /// A value.
    Value(Scalar<'a>),
    /// A comment, without its `#`; SOPS prints a decrypted one on a line of its own.
    Comment(Zeroizing<Vec<u8>>),
    /// Nothing.
    Absent,
}

/// The tree of a document. `open` says what stands for its parts, null scalars included. Aliases are
/// written out; comments inside of what they stand for are repeated.
///
/// # Errors
/// Scalars without a type, documents that are lists, and aliases that add more than
/// [`MAX_ALIAS_NODES`].
pub(super) fn tree_of<'a>(
    document: &'a Document,
    source: &'a Source<'a>,
    open: impl FnMut(Part) -> Content<'a>,
) -> Result<Emitted<'a>> {
    let mut builder = Builder {
        document,
        source,
        open,
        in_alias: false,
        alias_nodes: 0,
    };
    let root = document.root();
    let root = root.map(|r| document.alias_target(r).unwrap_or(r));
    match root.map(|r| (r, document.kind(r))) {
        Some((root, NodeKind::Mapping { .. })) => builder.value(root),
        Some((root, NodeKind::Sequence { .. })) => Err(source.error(
            document.span(root).start,
            Kind::Input,
            "the document is a list",
        )),
        _ => {
            let mut items = Vec::new();
            builder.comments(document.comments_at(CommentPlace::Root), &mut items);
            Ok(Emitted::Mapping(items))
        }
    }
}

struct Builder<'a, F> {
    document: &'a Document,
    source: &'a Source<'a>,
    open: F,
    in_alias: bool,
    alias_nodes: usize,
}

impl<'a, F: FnMut(Part) -> Content<'a>> Builder<'a, F> {
    fn value(&mut self, node: NodeId) -> Result<Emitted<'a>> {
        let document = self.document;
        if self.in_alias {
            self.alias_nodes += 1;
            if self.alias_nodes > MAX_ALIAS_NODES {
                return Err(self.too_many(node));
            }
        }
        match document.kind(node) {
            NodeKind::Scalar(_) => {
                let scalar = match (self.open)(Part::Leaf(node)) {
                    Content::Value(scalar) => scalar,
                    _ => self.source.scalar(document, node)?,
                };
                Ok(Emitted::Scalar(scalar))
            }
            NodeKind::Mapping { .. } => {
                let mut items = Vec::new();
                for (key, value) in document.entries(node) {
                    self.comments(document.comments_before(key), &mut items);
                    if matches!((self.open)(Part::Entry(key)), Content::Absent) {
                        continue;
                    }
                    let text = Cow::Borrowed(key_text(document, self.source, key));
                    items.push(Item::Entry(text, self.value(value)?));
                }
                self.comments(document.comments_at_end(node), &mut items);
                Ok(Emitted::Mapping(items))
            }
            NodeKind::Sequence { .. } => {
                let mut items = Vec::new();
                for item in document.children(node) {
                    self.comments(document.comments_before(item), &mut items);
                    self.element(item, &mut items)?;
                }
                self.comments(document.comments_at_end(node), &mut items);
                Ok(Emitted::Sequence(items))
            }
            NodeKind::Alias => {
                let Some(target) = document.alias_target(node) else {
                    return Ok(Emitted::Scalar(Scalar::NULL));
                };
                let outer = std::mem::replace(&mut self.in_alias, true);
                let value = self.value(target);
                self.in_alias = outer;
                value
            }
        }
    }

    /// An item of a list, which may turn out to be a comment that SOPS sealed.
    fn element(&mut self, item: NodeId, items: &mut Vec<Item<'a>>) -> Result<()> {
        if matches!(self.document.kind(item), NodeKind::Scalar(_)) {
            match (self.open)(Part::Leaf(item)) {
                Content::Unchanged => {
                    let scalar = self.source.scalar(self.document, item)?;
                    items.push(Item::Element(Emitted::Scalar(scalar)));
                }
                Content::Value(scalar) => items.push(Item::Element(Emitted::Scalar(scalar))),
                Content::Comment(text) => items.push(comment(text)),
                Content::Absent => {}
            }
            return Ok(());
        }
        let value = self.value(item)?;
        items.push(Item::Element(value));
        Ok(())
    }

    fn comments(&mut self, numbers: &[u32], items: &mut Vec<Item<'a>>) {
        for &number in numbers {
            let Some(found) = self.document.comment(number) else {
                continue;
            };
            match (self.open)(Part::Comment(number)) {
                Content::Comment(text) => items.push(comment(text)),
                Content::Absent => {}
                Content::Unchanged | Content::Value(_) => {
                    let span = found.span.start + 1..found.span.end;
                    let text = self.source.text.as_bytes().get(span).unwrap_or_default();
                    items.push(Item::Comment {
                        text: Cow::Borrowed(text),
                        inline: found.inline,
                    });
                }
            }
        }
    }

    fn too_many(&self, node: NodeId) -> Error {
        self.source.error(
            self.document.span(node).start,
            Kind::Input,
            format!("aliases add more than {MAX_ALIAS_NODES} values to this document"),
        )
    }
}

fn comment<'a>(mut text: Zeroizing<Vec<u8>>) -> Item<'a> {
    Item::Comment {
        text: Cow::Owned(std::mem::take(&mut *text)),
        inline: false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::document::Format;
    use crate::document::yaml::Stream;
    use crate::document::yaml::emit::{Displaced, emit};

    /// Loads and prints `text` with two spaces to a level.
    fn printed(text: &str) -> String {
        let mut stream = Stream::new(text.as_bytes()).unwrap();
        let source = Source {
            text,
            format: Format::Yaml,
            lines_before: 0,
        };
        let mut documents = Vec::new();
        while let Some(document) = stream.next_document().unwrap() {
            documents.push(document);
        }
        let trees: Vec<_> = documents
            .iter()
            .map(|d| tree_of(d, &source, |_| Content::Unchanged).unwrap())
            .collect();
        let mut out = Vec::new();
        emit(&trees, 2, Displaced::Drop, &mut out);
        String::from_utf8(out).unwrap()
    }

    // The expected texts are what the YAML store of sops 3.13.3 prints.

    #[test]
    fn comments_above_beside_and_below_entries() {
        assert_eq!(
            printed(
                r#"# top

# first
a: 1 # beside
# below

b:
  - x # item
  - y
  # foot of the list
c: 2
"#
            ),
            r#"# top
# first
a: 1 # beside
# below
b:
  - x # item
  - "y"
  # foot of the list
c: 2
"#
        );
    }

    #[test]
    fn comments_of_nested_lists() {
        assert_eq!(
            printed(
                r#"a:
  # head of list
  - # head of map
    k: 1
  # between
  - - 1
    # inner foot
    - 2
b: []
c: {}
"#
            ),
            r#"a:
  # head of map
  - k: 1
  # between
  - - 1
    # inner foot
    - 2
b: []
c: {}
"#
        );
    }

    #[test]
    fn long_keys_and_keys_of_several_lines() {
        assert_eq!(
            printed(
                r#"? "two\nlines"
: 1
? kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
: {a: 1}
"#
            ),
            r#"? |-
  two
  lines
: 1
? kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
: a: 1
"#
        );
    }

    #[test]
    fn scalars_and_block_scalars() {
        assert_eq!(
            printed(
                r#"a: | # note
  one
  two
b: |+
  x

"<<": {x: 1}
n: ~
e: ""
z: -0
"#
            ),
            r#"a: | # note
  one
  two
b: |+
  x

!!merge <<:
  x: 1
"n": null
e: ""
z: 0
"#
        );
    }

    #[test]
    fn comments_behind_keys_go_above_them() {
        assert_eq!(
            printed(
                r#"a: # behind the key
  - x
b: # behind b
  c: 1
"#
            ),
            r#"# behind the key
a:
  - x
# behind b
b:
  c: 1
"#
        );
    }

    #[test]
    fn documents_are_parted_by_markers() {
        assert_eq!(
            printed(
                r#"a: 1
---
# none here
---
b:
  - c: 1
  # foot
"#
            ),
            r#"a: 1
---
# none here
{}
---
b:
  - c: 1
# foot
"#
        );
    }

    #[test]
    fn comments_below_nested_values() {
        assert_eq!(
            printed(
                r#"a:
  - b: 1
  - # of nothing
    c: 2
  # foot 1
  # foot 2
d:
  e:
    - f
    # deep foot
g: 3
"#
            ),
            r#"a:
  - b: 1
  # of nothing
  - c: 2
    # foot 1
    # foot 2
d:
  e:
    - f
    # deep foot
g: 3
"#
        );
    }

    #[test]
    fn comments_beside_collections() {
        assert_eq!(
            printed(
                r#"l: [] # beside brackets
m: {} # beside braces
n: [a, b] # behind
"#
            ),
            r#"l: []
# beside brackets
m: {
  # beside braces
}
"n":
  # behind
  - a
  - b
"#
        );
    }

    #[test]
    fn opened_parts_stand_in_their_places() {
        let text = "a: x # beside\nl:\n  - c\n  - d\nsops: {}\n";
        let document = Stream::new(text.as_bytes())
            .unwrap()
            .next_document()
            .unwrap()
            .unwrap();
        let source = Source {
            text,
            format: Format::Yaml,
            lines_before: 0,
        };
        let tree = tree_of(&document, &source, |part| match part {
            Part::Comment(_) => Content::Comment(Zeroizing::new(b" opened".to_vec())),
            Part::Entry(key) if key_text(&document, &source, key) == "sops" => Content::Absent,
            Part::Leaf(node) => match document.scalar_text(node, text) {
                "x" => Content::Value(Scalar::integer(7)),
                "c" => Content::Comment(Zeroizing::new(b"was an item".to_vec())),
                _ => Content::Unchanged,
            },
            Part::Entry(_) => Content::Unchanged,
        });
        let mut out = Vec::new();
        emit(&[tree.unwrap()], 4, Displaced::Drop, &mut out);
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out, "# opened\na: 7\nl:\n    #was an item\n    - d\n");
    }

    #[test]
    fn lists_have_no_tree() {
        let text = "- a\n";
        let document = Stream::new(text.as_bytes()).unwrap().next_document();
        let document = document.unwrap().unwrap();
        let source = Source {
            text,
            format: Format::Yaml,
            lines_before: 0,
        };
        assert!(tree_of(&document, &source, |_| Content::Unchanged).is_err());
    }
}
