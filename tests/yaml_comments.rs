//! Where comments belong: the path that each is encrypted under, and the entry that follows it.
//!
//! The expectations are what SOPS 3.13.3 makes of the same texts, with two exceptions: comments that
//! it loses stay (directly behind an opening bracket, and in a document of nothing else), and a
//! comment below `---` is of the document that starts there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use secrets::document::Format;
use secrets::document::scalar::Scalar;
use secrets::document::tree::{Document, NodeId};
use secrets::document::yaml::Stream;
use secrets::sops::selector::{Selector, Walk};
use secrets::sops::walk::{Place, Source, Visitor, walk};

struct Recorder<'a> {
    document: &'a Document,
    text: &'a str,
    lines: &'a mut Vec<String>,
}

impl Visitor<'_> for Recorder<'_> {
    fn leaf(&mut self, _: NodeId, _: Scalar<'_>, place: &Place<'_>) -> secrets::Result<()> {
        self.lines.push(place.aad.to_owned());
        Ok(())
    }

    fn comment(&mut self, number: u32, place: &Place<'_>) -> secrets::Result<()> {
        let span = self.document.comment(number).unwrap().span.clone();
        self.lines
            .push(format!("{} {}", place.aad, &self.text[span]));
        Ok(())
    }
}

/// Leaves and comments in SOPS' order: a leaf is its path, a comment its path and text.
fn stream(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut stream = Stream::new(text.as_bytes()).unwrap();
    let mut first = true;
    while let Some(document) = stream.next_document().unwrap() {
        if !std::mem::take(&mut first) {
            lines.push("---".to_owned());
        }
        let source = Source {
            text,
            format: Format::Yaml,
            lines_before: 0,
        };
        let mut recorder = Recorder {
            document: &document,
            text,
            lines: &mut lines,
        };
        let selector = Selector::default();
        walk(&document, &source, &mut Walk::new(&selector), &mut recorder).unwrap();
    }
    lines
}

#[test]
fn comments_belong_where_sops_puts_them() {
    let mut wrong = Vec::new();
    for (name, text, expected) in CASES {
        let found = stream(text);
        if found != *expected {
            wrong.push(format!(
                "{name}\n  expected {expected:?}\n  found    {found:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const CASES: &[(&str, &str, &[&str])] = &[
    (
        "trailing comments behind values",
        "apiVersion: v1\nkind: Secret\ndata: # c1\n  a: b # c2\n  c: d # c3\ntype: Opaque # c4\n",
        &[
            "apiVersion:",
            "kind:",
            ": # c1",
            "data: # c2",
            "data:a:",
            "data: # c3",
            "data:c:",
            ": # c4",
            "type:",
        ],
    ),
    (
        "a comment line above each entry",
        "apiVersion: v1\nkind: Secret\n# c1\ndata:\n  # c2\n  a: b\n  # c3\n  c: d\n# c4\ntype: Opaque\n",
        &[
            "apiVersion:",
            "kind:",
            ": # c1",
            "data: # c2",
            "data:a:",
            "data: # c3",
            "data:c:",
            ": # c4",
            "type:",
        ],
    ),
    (
        "below the last entry of data, in its column",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n  # c1\ntype: Opaque\n",
        &["apiVersion:", "kind:", "data:a:", "data: # c1", "type:"],
    ),
    (
        "below the last entry of data, dedented",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n# c1\ntype: Opaque\n",
        &["apiVersion:", "kind:", "data:a:", ": # c1", "type:"],
    ),
    (
        "below the last entry with a blank line after",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n  # c1\n\ntype: Opaque\n",
        &["apiVersion:", "kind:", "data:a:", "data: # c1", "type:"],
    ),
    (
        "dedented below the last entry with a blank line after",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n# c1\n\ntype: Opaque\n",
        &["apiVersion:", "kind:", "data:a:", ": # c1", "type:"],
    ),
    (
        "between blank lines behind data",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n\n# c1\n\ntype: Opaque\n",
        &["apiVersion:", "kind:", "data:a:", ": # c1", "type:"],
    ),
    (
        "indented between blank lines behind data",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n\n  # c1\n\ntype: Opaque\n",
        &["apiVersion:", "kind:", "data:a:", "data: # c1", "type:"],
    ),
    (
        "deeper than the entries",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n    # c1\n  c: d\n      # c2\ntype: Opaque\n",
        &[
            "apiVersion:",
            "kind:",
            "data:a:",
            "data: # c1",
            "data:c:",
            "data: # c2",
            "type:",
        ],
    ),
    (
        "from deep to shallow",
        "apiVersion: v1\nkind: Secret\nstringData:\n  a: b\n  # c1\n# c2\ntype: Opaque\n",
        &[
            "apiVersion:",
            "kind:",
            "stringData:a:",
            "stringData: # c1",
            ": # c2",
            "type:",
        ],
    ),
    (
        "from deep to shallow at the end",
        "apiVersion: v1\nkind: Secret\nstringData:\n  a: b\n  # c1\n# c2\n",
        &[
            "apiVersion:",
            "kind:",
            "stringData:a:",
            "stringData: # c1",
            ": # c2",
        ],
    ),
    (
        "at the end in the column of data",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n  # c1\n",
        &["apiVersion:", "kind:", "data:a:", "data: # c1"],
    ),
    (
        "at the end dedented",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n# c1\n",
        &["apiVersion:", "kind:", "data:a:", ": # c1"],
    ),
    (
        "at the end behind a blank line",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n\n# c1\n",
        &["apiVersion:", "kind:", "data:a:", ": # c1"],
    ),
    (
        "at the end without a final break",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n# c1",
        &["apiVersion:", "kind:", "data:a:", "data: # c1"],
    ),
    (
        "with a sops key behind",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n# c1\nsops:\n  mac: x\n",
        &["apiVersion:", "kind:", "data:a:", ": # c1"],
    ),
    (
        "indented, with a sops key behind",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n  # c1\nsops:\n  mac: x\n",
        &["apiVersion:", "kind:", "data:a:", "data: # c1"],
    ),
    (
        "blank line, then a sops key",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: b\n# c1\n\nsops:\n  mac: x\n",
        &["apiVersion:", "kind:", "data:a:", ": # c1"],
    ),
    (
        "below a bare key",
        "apiVersion: v1\nkind: Secret\ndata:\n  # c1\n  # c2\n\n  a: b\n",
        &[
            "apiVersion:",
            "kind:",
            "data: # c1",
            "data: # c2",
            "data:a:",
        ],
    ),
    (
        "below a bare key with a value on the next line",
        "a:\n  # c1\n  b\nc: d\n",
        &[": # c1", "a:", "c:"],
    ),
    (
        "below a bare key, dedented",
        "apiVersion: v1\nkind: Secret\ndata:\n# c1\n  a: b\n",
        &["apiVersion:", "kind:", "data: # c1", "data:a:"],
    ),
    (
        "below a null key",
        "apiVersion: v1\nkind: Secret\ndata:\n# c1\ntype: Opaque\n",
        &["apiVersion:", "kind:", "data:", ": # c1", "type:"],
    ),
    (
        "before the first key",
        "# c1\n# c2\napiVersion: v1\n",
        &[": # c1", ": # c2", "apiVersion:"],
    ),
    (
        "before the first key, with a gap",
        "# c1\n\n# c2\napiVersion: v1\n",
        &[": # c1", ": # c2", "apiVersion:"],
    ),
    (
        "before the marker",
        "# c1\n---\n# c2\napiVersion: v1\n",
        &[": # c1", ": # c2", "apiVersion:"],
    ),
    (
        "directly below the marker, with a gap",
        "---\n# c1\n\napiVersion: v1\nkind: x\n",
        &[": # c1", "apiVersion:", "kind:"],
    ),
    (
        "beside the marker",
        "--- # c1\napiVersion: v1\n",
        &[": # c1", "apiVersion:"],
    ),
    (
        "between two documents",
        "a: b\n# c1\n---\n# c2\nc: d\n# c3\n",
        &["a:", ": # c1", "---", ": # c2", "c:", ": # c3"],
    ),
    (
        "behind a document end",
        "a: b\n...\n# c1\n---\nc: d\n",
        &["a:", "---", ": # c1", "c:"],
    ),
    (
        "behind the last document end",
        "a: b\n...\n# c1\n",
        &["a:", ": # c1"],
    ),
    (
        "a list of scalars",
        "a:\n  # c1\n  - b # c2\n  # c3\n  - c\n  # c4\nd: e\n",
        &["a: # c1", "a: # c2", "a:", "a: # c3", "a:", "a: # c4", "d:"],
    ),
    (
        "a list at its key's column",
        "a:\n# c1\n- b # c2\n# c3\n- c\n# c4\nd: e\n",
        &["a: # c1", "a: # c2", "a:", "a: # c3", "a:", ": # c4", "d:"],
    ),
    (
        "a list of mappings",
        "a:\n  # c1\n  - b: c # c2\n    # c3\n    d: e\n    # c4\n  # c5\n  - f: g\n# c6\nh: i\n",
        &[
            "a: # c1", "a: # c2", "a:b:", "a: # c3", "a:d:", "a: # c4", "a: # c5", "a:f:",
            ": # c6", "h:",
        ],
    ),
    (
        "behind a bare dash",
        "a:\n  - # c1\n    b: c\n  - # c2\n    - d\n  - # c3\n    e\n",
        &["a: # c1", "a:b:", "a: # c2", "a:", "a: # c3", "a:"],
    ),
    (
        "below a bare dash",
        "a:\n  -\n    # c1\n    b: c\n  -\n    # c2\n    d\n",
        &["a: # c1", "a:b:", "a: # c2", "a:"],
    ),
    (
        "a list in a list",
        "a:\n  # c1\n  - - b # c2\n    # c3\n    - c\n  # c4\n  - - d\n",
        &["a: # c1", "a: # c2", "a:", "a: # c3", "a:", "a: # c4", "a:"],
    ),
    (
        "flow mapping",
        "a: { # c1\n  b: c, # c2\n  # c3\n  d: e # c4\n  # c5\n} # c6\nf: g\n",
        &[
            "a: # c6", "a: # c2", "a: # c1", "a:b:", "a: # c3", "a: # c4", "a:d:", "a: # c5", "f:",
        ],
    ),
    (
        "flow sequence",
        "a: [ # c1\n  b, # c2\n  # c3\n  c # c4\n  # c5\n] # c6\nf: g\n",
        &[
            "a: # c6", "a: # c2", "a: # c1", "a:", "a: # c3", "a: # c4", "a:", "a: # c5", "f:",
        ],
    ),
    (
        "flow behind a value",
        "a: {b: c} # c1\nd: [e] # c2\nf: g\n",
        &["a: # c1", "a:b:", "d: # c2", "d:", "f:"],
    ),
    (
        "a flow item",
        "a:\n  - {b: c} # c1\n  # c2\n  - [d] # c3\n",
        &["a: # c1", "a:b:", "a: # c2", "a: # c3", "a:"],
    ),
    (
        "the root in braces",
        "{ # c1\n  a: b, # c2\n  # c3\n} # c4\n",
        &[": # c4", ": # c2", ": # c1", "a:", ": # c3"],
    ),
    (
        "behind a block header",
        "a: | # c1\n  text\n  # text\n# c2\nb: c\n",
        &[": # c1", "a:", ": # c2", "b:"],
    ),
    (
        "below a block scalar",
        "a:\n  b: |\n    text\n  # c1\n  c: d\n# c2\ne: f\n",
        &["a:b:", "a: # c1", "a:c:", ": # c2", "e:"],
    ),
    (
        "behind an anchor and a tag",
        "a: &x # c1\n  b: c\nd: !t # c2\n  e: f\ng: &y # c3\n  - h\n",
        &["a: # c1", "a:b:", "d: # c2", "d:e:", "g: # c3", "g:"],
    ),
    (
        "an explicit key",
        "? a # c1\n# c2\n: b # c3\n? c\n: # c4\n  d: e\n",
        &[": # c1", ": # c2", ": # c3", "a:", ": # c4", "c:d:"],
    ),
    (
        "in several quoted lines",
        "a: \"b\n  c\" # c1\n# c2\nd: e\n",
        &[": # c1", "a:", ": # c2", "d:"],
    ),
    (
        "nested mappings that close at once",
        "a:\n  b:\n    c:\n      d: e\n      # c1\n    # c2\n  # c3\n# c4\nf: g\n",
        &[
            "a:b:c:d:",
            "a:b:c: # c1",
            "a:b: # c2",
            "a: # c3",
            ": # c4",
            "f:",
        ],
    ),
    (
        "nested mappings that close at the end",
        "a:\n  b:\n    c: d\n    # c1\n  # c2\n# c3\n",
        &["a:b:c:", "a:b: # c1", "a: # c2", ": # c3"],
    ),
    (
        "between columns",
        "a:\n    b:\n        c: d\n      # c1\n   # c2\n # c3\ne: f\n",
        &["a:b:c:", "a:b: # c1", ": # c2", ": # c3", "e:"],
    ),
    (
        "CRLF",
        "apiVersion: v1\r\nkind: Secret\r\ndata:\r\n  # c1\r\n  a: b # c2\r\n  # c3\r\n# c4\r\ntype: Opaque\r\n# c5\r\n",
        &[
            "apiVersion:",
            "kind:",
            "data: # c1",
            "data: # c2",
            "data:a:",
            "data: # c3",
            ": # c4",
            "type:",
            ": # c5",
        ],
    ),
    (
        "CRLF in a list",
        "a:\r\n  # c1\r\n  - b\r\n  # c2\r\n  - c # c3\r\n# c4\r\nd: e\r\n",
        &["a: # c1", "a:", "a: # c2", "a: # c3", "a:", ": # c4", "d:"],
    ),
    (
        "empty comments",
        "#\na: b #\n#\n#\nc: d\n",
        &[": #", ": #", "a:", ": #", ": #", "c:"],
    ),
    (
        "an empty mapping",
        "data: {} # c1\n# c2\ntype: x\n",
        &["data: # c1", ": # c2", "type:"],
    ),
    ("only comments", "# c1\n# c2\n", &[]),
    (
        "a document of nothing but comments",
        "a: b\n---\n# c1\n",
        &["a:", "---", ": # c1"],
    ),
];
