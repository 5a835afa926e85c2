//! Sealed texts as SOPS prints them. Such a text opens to what `sops decrypt` prints: a new print of
//! the opened tree. SOPS moves comments whenever it prints, so they say nothing about who wrote the
//! text; everything else does.

use std::borrow::Cow;
use std::collections::HashMap;

use zeroize::Zeroizing;

use super::documents::metadata_entry;
use super::emission::{Content, Part, tree_of};
use super::walk::Source;
use crate::document::Format;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeId, NodeKind};
use crate::document::yaml::Stream;
use crate::document::yaml::emit::{Displaced, Emitted, emit};
use crate::document::yaml::reader::column;
use crate::secret::SecretBuffer;

/// Longer texts are not compared with what SOPS would print, but opened in place: the comparison
/// takes the memory of a second text and its trees. Flux reads files up to 5 MiB.
pub(super) const MAX_PRINTED: usize = 5 << 20;

/// What a part is once it is opened: type and plaintext.
type Plain = (ScalarType, Zeroizing<Vec<u8>>);

/// A part of a document, and what it is once it is opened.
pub(super) struct Noted(Part, Plain);

impl Noted {
    pub(super) fn new(part: Part, ty: ScalarType, plain: &[u8]) -> Self {
        Noted(part, (ty, Zeroizing::new(plain.to_vec())))
    }
}

/// A sealed text that is, comments aside, what SOPS would print for it.
pub(super) struct Printed {
    documents: Vec<Document>,
    /// Spaces of one level.
    indent: usize,
    opened: HashMap<(usize, Part), Plain>,
}

impl Printed {
    /// `None` if SOPS would print the text in another way.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        // SOPS prints neither, and they are cheap to find.
        if text.len() > MAX_PRINTED || text.contains(&b'\r') || !text.ends_with(b"\n") {
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
        let bare = without_comments(stream.text(), &documents);
        let mut trees = Vec::with_capacity(documents.len());
        for document in &documents {
            let tree = tree_of(document, &source, |part| match part {
                Part::Comment(_) => Content::Absent,
                Part::Leaf(node) if is_negative_zero(document, &source, node) => {
                    Content::Value(Scalar::float(-0.0))
                }
                _ => Content::Unchanged,
            });
            trees.push(tree.ok()?);
        }
        let mut out = Zeroizing::new(Vec::with_capacity(text.len() + 64));
        emit(&trees, indent, Displaced::Drop, &mut out);
        drop(trees);
        (*out == *bare).then(|| Printed {
            documents,
            indent,
            opened: HashMap::new(),
        })
    }

    /// Notes what the values and comments of a document are once they are opened.
    pub(super) fn note(&mut self, document: usize, noted: Vec<Noted>) {
        let noted = noted.into_iter();
        self.opened
            .extend(noted.map(|Noted(part, plain)| ((document, part), plain)));
    }

    /// The opened text, without the metadata, with the comments that SOPS loses as well.
    pub(super) fn print(mut self, text: &[u8]) -> Option<SecretBuffer> {
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
        emit(&trees, self.indent, Displaced::Keep, &mut out);
        Some(std::mem::take(&mut *out).into())
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

/// SOPS prints a float so, and reads it back as the integer 0.
fn is_negative_zero(document: &Document, source: &Source<'_>, node: NodeId) -> bool {
    source.text.get(document.span(node)) == Some("-0")
}

/// The text without comments, and without what SOPS puts there because of them: a blank line behind
/// comments, a line break behind a dash or brace.
fn without_comments(text: &str, documents: &[Document]) -> Zeroizing<Vec<u8>> {
    let mut bare = Bare {
        out: Zeroizing::new(Vec::with_capacity(text.len())),
        after_comment: false,
        unfinished: None,
    };
    let mut comments = documents.iter().flat_map(Document::comments).peekable();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let comment = comments.next_if(|c| c.span.start < end);
        match comment {
            None => bare.line(line.as_bytes()),
            Some(comment) if comment.own_line => bare.after_comment = true,
            Some(comment) => {
                let content = line.get(..comment.span.start - start).unwrap_or(line);
                bare.commented(content.trim_end_matches(' '));
            }
        }
        start = end;
    }
    bare.out
}

struct Bare {
    out: Zeroizing<Vec<u8>>,
    /// Comments stood on the lines directly above.
    after_comment: bool,
    /// The length of the line above, if its content goes on here.
    unfinished: Option<usize>,
}

impl Bare {
    fn line(&mut self, line: &[u8]) {
        let after_comment = std::mem::take(&mut self.after_comment);
        if after_comment && line == b"\n" {
            return;
        }
        let mut rest = line;
        if let Some(len) = self.unfinished.take() {
            self.out.pop();
            rest = line.get(len..).unwrap_or(line);
        } else if after_comment && line.starts_with(b"}") && self.out.ends_with(b"{\n") {
            self.out.pop();
        }
        self.out.extend_from_slice(rest);
    }

    /// A line without the comment at its end.
    fn commented(&mut self, content: &str) {
        self.line(content.as_bytes());
        self.out.push(b'\n');
        let is_open = content
            .bytes()
            .all(|b| matches!(b, b' ' | b'-' | b'?' | b':'));
        self.unfinished = is_open.then_some(content.len());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const METADATA: &str = "sops:\n    version: 3.13.3\n";

    fn is_printed(text: &str) -> bool {
        Printed::of(format!("{text}{METADATA}").as_bytes()).is_some()
    }

    #[test]
    fn comments_may_stand_anywhere() {
        for text in [
            "a: 1\n",
            "# top\na: 1 # beside\n  # below\n\nb:\n    - \"y\"\n",
            "a: {\n    # inside\n}\n",
            "a:\n    - # behind the dash\n      b: 1\n",
            "a: | # note\n    x # no comment\n",
            "a: -0\n",
        ] {
            assert!(is_printed(text), "{text}");
        }
    }

    #[test]
    fn everything_else_is_as_sops_writes_it() {
        for text in [
            "a: 'x'\n",
            "a: y\n",
            "a: 1\n\nb: 2\n",
            "\n# top\na: 1\n",
            "a:\n  b: 1\n",
            "a:\n- 1\n",
            "a: [1]\n",
            "a: 1 \n",
            "a: 1\r\n",
            "a: &x 1\nb: *x\n",
        ] {
            assert!(!is_printed(text), "{text}");
        }
        assert!(Printed::of(b"a: 1\n").is_none());
        assert!(Printed::of(b"a: 1\nsops: {}\n").is_none());
        assert!(Printed::of(b"a: [\n").is_none());
    }
}
