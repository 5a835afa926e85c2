//! Parts of a text that can be read each for itself, on all cores.

use std::ops::Range;

use memchr::memmem;

use super::reader::{BOM, is_blankz};

/// A part of a text: whole documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its bytes. All but the first part begin with `---`.
    pub(crate) range: Range<usize>,
    /// The number of its first document, if the text is sound.
    pub(crate) first: usize,
    /// How many documents it has, if it is sound.
    pub(crate) documents: usize,
}

/// Divides a text into parts of at least `len` bytes, the last one excepted.
///
/// A line that starts with `---` starts a document wherever it stands, or is an error: in quotes, in
/// brackets, in a block scalar. A comment, directive or `...` before it may belong to either document,
/// so there no part ends.
pub(crate) fn parts(text: &str, len: usize) -> Vec<Part> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut part = Part {
        range: 0..0,
        first: 0,
        documents: 0,
    };
    let mut documents = usize::from(starts_bare(bytes));
    let marker = memmem::Finder::new("---");
    for at in marker.find_iter(bytes) {
        let starts_line = at == start_of(bytes) || at > 0 && bytes.get(at - 1) == Some(&b'\n');
        if !starts_line || !is_blankz(bytes, at + 3) {
            continue;
        }
        if at - part.range.start >= len && ends_content(&bytes[..at]) {
            part.range.end = at;
            part.documents = documents - part.first;
            let next = Part {
                range: at..at,
                first: documents,
                documents: 0,
            };
            parts.push(std::mem::replace(&mut part, next));
        }
        documents += 1;
    }
    part.range.end = bytes.len();
    part.documents = documents - part.first;
    parts.push(part);
    parts
}

fn start_of(bytes: &[u8]) -> usize {
    if bytes.starts_with(BOM) { BOM.len() } else { 0 }
}

/// The first document has no `---`: content comes first.
fn starts_bare(bytes: &[u8]) -> bool {
    let mut lines = bytes[start_of(bytes)..].split(|b| *b == b'\n');
    let content = lines.find(|line| !matches!(line.trim_ascii_start(), [] | [b'#' | b'%', ..]));
    content.is_some_and(|line| !(line.starts_with(b"---") && is_blankz(line, 3)))
}

/// The last line is content, and nothing but content.
fn ends_content(bytes: &[u8]) -> bool {
    let Some(line) = bytes.strip_suffix(b"\n") else {
        return false;
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let start = memchr::memrchr(b'\n', line).map_or(0, |at| at + 1);
    let line = &line[start..];
    let is_mark = line.starts_with(b"---") || line.starts_with(b"...") || line.starts_with(b"%");
    // YAML has more line breaks: a lone CR, and some beyond ASCII.
    let is_one_line = line.is_ascii() && !line.contains(&b'\r');
    is_one_line && !is_mark && !line.contains(&b'#') && !line.trim_ascii().is_empty()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::Stream;
    use super::*;

    /// Documents as they follow each other, each after its `---`.
    const PIECES: [&str; 22] = [
        "---\na: 1\n",
        "---\na: 1 # beside\n",
        "--- # above\na:\n  b: c\n",
        "---\n# head\na: 1\n# foot\n",
        "---\na: 1\n\n# far foot\n\n",
        "---\n  # indented\na: [1,\n  2]\n",
        "---\na: |\n  text\n",
        "---\na: |+\n  text\n\n",
        "---\na: >-\n  text # none\n  more\n",
        "---\na: 'quoted\n  text'\n",
        "---\na: plain\n  text\n",
        "--- {a: 1}\n",
        "--- |\n  text\n",
        "---\n",
        "---\na: 1\n...\n",
        "---\na: 1\n...\n# behind\n",
        "---\r\na: 1\r\n",
        "---\na: 1\n%TAG !x! tag:x,2000:\n",
        "---\na: \u{e9}\n",
        "---\na:\n- 1\n-\n",
        "---\na: ----\n----: 1\n",
        "---\na: &x 1\nb: *x\n",
    ];

    const STARTS: [&str; 5] = ["", "\u{feff}", "# comment\n", "%YAML 1.1\n", "bare: 1\n"];

    fn documents(mut stream: Stream<'_>, found: &mut Vec<String>) -> Result<(), String> {
        while let Some(document) = stream.next_document().map_err(|e| e.to_string())? {
            found.push(format!("{} {document:?}", stream.position()));
        }
        Ok(())
    }

    #[test]
    fn parts_hold_the_documents_of_the_whole() {
        let (mut compared, mut most) = (0, 0);
        for start in STARTS {
            for one in PIECES {
                for two in PIECES {
                    for three in PIECES {
                        let text = format!("{start}{one}{two}{three}");
                        let mut whole = Vec::new();
                        if documents(Stream::new(text.as_bytes()).unwrap(), &mut whole).is_err() {
                            continue;
                        }
                        let parts = parts(&text, 0);
                        let mut found = Vec::new();
                        for part in &parts {
                            assert_eq!(part.first, found.len(), "{text}");
                            let stream = Stream::of_part(&text, part.range.clone());
                            documents(stream, &mut found).expect(&text);
                            assert_eq!(found.len() - part.first, part.documents, "{text}");
                        }
                        assert_eq!(found, whole, "{text}");
                        compared += 1;
                        most = most.max(parts.len());
                    }
                }
            }
        }
        assert!(compared > 30_000, "{compared}");
        assert!(most >= 3, "{most}");
    }

    #[test]
    fn a_part_is_as_long_as_asked_for() {
        let text = "---\na: 1\n".repeat(100);
        let parts = parts(&text, 90);
        assert_eq!(parts.len(), 10);
        assert!(parts.iter().all(|p| p.range.len() == 90));
        assert_eq!(parts.last().map(|p| p.first), Some(90));
    }
}
