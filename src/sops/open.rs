//! Opening: ciphertext becomes its value in place, and the metadata is taken out.

use std::ops::Range;

use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::emission::Part;
use super::envelope::{Envelope, looks_damaged, looks_sealed};
use super::insertion::{Scar, ends_with_break, insertion, removal};
use super::layout::{LAYOUT_AAD, Layout, SCAR};
use super::mac::{MacHasher, open_mac};
use super::metadata::Metadata;
use super::printed::Printed;
use super::seal::{opened_text, syntax_error};
use super::selector::{Selector, Walk};
use super::walk::{METADATA_KEY, Place, Source, Visitor, key_text, walk};
use crate::document::edit::Edits;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeId, NodeKind, ScalarStyle};
use crate::document::yaml::reader::{break_len, column, line_end};
use crate::document::yaml::restyle::Surroundings;
use crate::document::yaml::spell::double_quoted;
use crate::document::{Format, json, yaml};
use crate::error::{Error, Kind, Result};

/// How many key paths an error names before it counts.
const SHOWN_PATHS: usize = 5;

/// An opened file.
pub struct Opened {
    /// The plain text.
    pub bytes: Zeroizing<Vec<u8>>,
    /// How many leaves were ciphertext.
    pub leaves: usize,
    /// Lines of comments that stand in clear where comments are encrypted.
    pub clear_comments: Vec<usize>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("leaves", &self.leaves)
            .finish_non_exhaustive()
    }
}

/// What of a sealed file is checked while it is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// Do not compare the MAC.
    pub ignore_mac: bool,
}

/// Opens a sealed text with its metadata and the cipher of its data key.
///
/// # Errors
/// Plaintext where ciphertext must be, ciphertext that does not verify, a MAC that does not match.
pub fn open(
    text: &[u8],
    format: Format,
    metadata: &Metadata,
    selector: &Selector,
    cipher: &Cipher,
    checks: Checks,
) -> Result<Opened> {
    let layout = read_layout(metadata, cipher);
    let mut printed = match (format, &layout) {
        (Format::Yaml, None) => Printed::of(text),
        _ => None,
    };
    let mut opened = open_with(
        text,
        format,
        metadata,
        selector,
        cipher,
        checks,
        layout.as_ref(),
        printed.as_mut(),
    )?;
    if let Some(bytes) = printed.and_then(|p| p.print(text)) {
        opened.opened.bytes = bytes;
        return Ok(opened.opened);
    }
    if layout.as_ref().is_some_and(|l| !l.is_empty()) && !reads_back(&opened, format, selector) {
        // The file was changed since the spellings were noted: its values count, not its looks.
        let none = Layout::new();
        opened = open_with(
            text,
            format,
            metadata,
            selector,
            cipher,
            checks,
            Some(&none),
            None,
        )?;
    }
    if !ends_with_break(text)
        && !ends_with_break(&opened.opened.bytes)
        && !reads_back(&opened, format, selector)
    {
        // The final line break was lost after sealing, and the last block scalar needs one.
        let has_crlf = memchr::memmem::find(text, b"\r\n").is_some();
        let line_break: &[u8] = if has_crlf { b"\r\n" } else { b"\n" };
        opened.opened.bytes.extend_from_slice(line_break);
    }
    Ok(opened.opened)
}

struct Attempt {
    opened: Opened,
    /// What the leaves are, to compare the opened text with.
    leaves_trace: Vec<u8>,
}

fn read_layout(metadata: &Metadata, cipher: &Cipher) -> Option<Layout> {
    let envelope = Envelope::parse(metadata.layout.as_deref()?.as_bytes())?;
    let (_, notes) = cipher.open(&envelope, LAYOUT_AAD).ok()?;
    Layout::from_bytes(&notes)
}

/// The documents of a text, one at a time.
pub(super) fn for_each_document(
    text: &[u8],
    format: Format,
    mut each: impl FnMut(&Source<'_>, &Document, usize, usize) -> Result<()>,
) -> Result<usize> {
    match format {
        Format::Yaml => {
            let mut stream = yaml::Stream::new(text).map_err(|e| syntax_error(text, &e))?;
            let mut number = 0;
            while let Some(document) = stream.next_document().map_err(|e| syntax_error(text, &e))? {
                let end = stream.position();
                let source = Source {
                    text: stream.text(),
                    format,
                    lines_before: 0,
                };
                each(&source, &document, number, end)?;
                number += 1;
            }
            Ok(number)
        }
        Format::Json => {
            let document = json::parse(text).map_err(|e| syntax_error(text, &e))?;
            let source = Source {
                text: std::str::from_utf8(text).unwrap_or(""),
                format,
                lines_before: 0,
            };
            each(&source, &document, 0, text.len())?;
            Ok(1)
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn open_with(
    text: &[u8],
    format: Format,
    metadata: &Metadata,
    selector: &Selector,
    cipher: &Cipher,
    checks: Checks,
    layout: Option<&Layout>,
    mut printed: Option<&mut Printed>,
) -> Result<Attempt> {
    let mut mac = MacHasher::new(metadata.mac_only_encrypted);
    // Ciphertext is longer than what it holds: the opened text is never longer by much.
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + 64));
    let mut leaves = 0;
    let mut clear_comments = Vec::new();
    let mut plain = PlainPaths::default();
    let mut done = 0;
    let mut leaves_trace = Vec::new();
    for_each_document(text, format, |source, document, number, end| {
        let start = document.extent().start;
        let around = insertion(document, source, end).around(source.text);
        let mut opener = Opener {
            document,
            source,
            around,
            cipher,
            mac: &mut mac,
            mac_only_encrypted: metadata.mac_only_encrypted,
            layout,
            number,
            edits: Edits::with_capacity(end - start),
            limit: metadata_range(document, source).map_or(usize::MAX, |r| r.start),
            plain: &mut plain,
            leaves: 0,
            clear_comments: &mut clear_comments,
            scratch: Zeroizing::new(Vec::new()),
            trace: &mut leaves_trace,
            printed: printed.as_deref_mut(),
        };
        walk(document, source, &mut Walk::new(selector), &mut opener)?;
        opener.restore_collections()?;
        let Opener {
            mut edits,
            leaves: found,
            ..
        } = opener;
        leaves += found;
        remove_metadata(document, source, layout, number, &mut edits);
        edits.apply(text, start..end, &mut out);
        done = end;
        Ok(())
    })?;
    out.extend_from_slice(&text[done..]);
    if format == Format::Json && layout.is_none() && !out.ends_with(b"\n") {
        // sops ends what it prints with a line break, its sealed files before 3.10 did not.
        out.push(b'\n');
    }
    plain.check()?;
    if !checks.ignore_mac {
        check_mac(metadata, cipher, mac)?;
    }
    Ok(Attempt {
        opened: Opened {
            bytes: out,
            leaves,
            clear_comments,
        },
        leaves_trace,
    })
}

fn check_mac(metadata: &Metadata, cipher: &Cipher, mac: MacHasher) -> Result<()> {
    let stored =
        open_mac(cipher, metadata.mac.as_bytes(), &metadata.last_modified).map_err(|e| {
            Error::new(Kind::Crypto, "the MAC of this file cannot be opened")
                .because(e.to_string())
                .hint("`lastmodified` and `mac` belong together: restore both from version control")
        })?;
    let Some(stored) = stored else {
        return Err(Error::new(Kind::Crypto, "this file has no MAC")
            .because("nothing proves that its values are complete and unchanged")
            .hint("restore the file from version control, or open it with `--ignore-mac`"));
    };
    if !mac.finish().matches(&stored) {
        return Err(Error::new(
            Kind::Crypto,
            "the MAC of this file does not match its values",
        )
        .because("a value was changed, added or removed without the data key")
        .hint("compare with version control; `--ignore-mac` opens the file as it is"));
    }
    Ok(())
}

/// The entry of a document's metadata.
pub(super) fn metadata_entry(document: &Document, source: &Source<'_>) -> Option<(NodeId, NodeId)> {
    let root = document.root()?;
    if !matches!(document.kind(root), NodeKind::Mapping { .. }) {
        return None;
    }
    document
        .entries(root)
        .find(|(key, _)| key_text(document, source, *key) == METADATA_KEY)
}

pub(super) fn metadata_range(document: &Document, source: &Source<'_>) -> Option<Range<usize>> {
    let (key, value) = metadata_entry(document, source)?;
    Some(removal(document, source, key, value))
}

/// Takes the top-level key `sops` out of a document.
fn remove_metadata(
    document: &Document,
    source: &Source<'_>,
    layout: Option<&Layout>,
    number: usize,
    edits: &mut Edits,
) {
    let Some(root) = document.root() else { return };
    let Some(range) = metadata_range(document, source) else {
        return;
    };
    let scar = layout.and_then(|l| Scar::from_bytes(l.spelling(number, SCAR)?));
    if let Some(scar) = scar {
        let (range, text) = scar.heal(&range, source.text.len());
        edits.replace(range, text);
        return;
    }
    let entries = document.entries(root).count();
    if entries == 1 && source.format == Format::Json && layout.is_none() {
        edits.replace(document.span(root), b"{}");
        return;
    }
    let braces = matches!(document.kind(root), NodeKind::Mapping { flow: true });
    if entries > 1 || braces || layout.is_some() {
        edits.replace(range, b"");
    } else {
        // What sops prints for a document without entries.
        edits.replace(range, b"{}\n");
    }
}

/// The opened text means what was decrypted.
fn reads_back(attempt: &Attempt, format: Format, selector: &Selector) -> bool {
    let mut reader = Reader { trace: Vec::new() };
    let read = for_each_document(&attempt.opened.bytes, format, |source, document, _, _| {
        walk(document, source, &mut Walk::new(selector), &mut reader)
    });
    read.is_ok() && reader.trace == attempt.leaves_trace
}

/// Notes what the leaves of a text are.
struct Reader {
    trace: Vec<u8>,
}

impl Visitor for Reader {
    fn leaf(&mut self, _node: NodeId, scalar: Scalar<'_>, place: &Place<'_>) -> Result<()> {
        trace(&mut self.trace, &scalar, place);
        Ok(())
    }
}

/// Folds a leaf into a short digest of all leaves: secrets are not kept.
fn trace(trace: &mut Vec<u8>, scalar: &Scalar<'_>, place: &Place<'_>) {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    if scalar.ty == ScalarType::Null {
        return;
    }
    let mut hasher = DefaultHasher::new();
    trace.hash(&mut hasher);
    place.aad.hash(&mut hasher);
    scalar.ty.hash(&mut hasher);
    scalar.canonical.hash(&mut hasher);
    *trace = hasher.finish().to_le_bytes().to_vec();
}

/// Key paths of values that stand in clear where the rule wants ciphertext.
#[derive(Default)]
pub(super) struct PlainPaths {
    pub(super) paths: Vec<String>,
    first: Option<Error>,
}

impl PlainPaths {
    pub(super) fn add(&mut self, path: String, at: impl FnOnce() -> Error) {
        if self.first.is_none() {
            self.first = Some(at());
        }
        self.paths.push(path);
    }

    /// An error that names the paths, if there are any.
    pub(super) fn check(self) -> Result<()> {
        let Some(first) = self.first else {
            return Ok(());
        };
        Err(first
            .because(format!("plaintext at {}", list_paths(&self.paths)))
            .hint("`secrets encrypt -i` seals what was added in plaintext"))
    }
}

/// The first key paths, and how many more there are.
pub(super) fn list_paths(paths: &[String]) -> String {
    let mut list: Vec<String> = paths
        .iter()
        .take(SHOWN_PATHS)
        .map(|p| format!("`{p}`"))
        .collect();
    if paths.len() > SHOWN_PATHS {
        list.push(format!("{} more", paths.len() - SHOWN_PATHS));
    }
    list.join(", ")
}

/// The error for ciphertext that lost a part: sealed as it stands, its value would be lost.
pub(super) fn damaged(
    document: &Document,
    source: &Source<'_>,
    node: NodeId,
    place: &Place<'_>,
) -> Error {
    let path = place.key_path(document, source);
    let offset = document.span(node).start;
    source
        .error(
            offset,
            Kind::Crypto,
            format!("the ciphertext is damaged at `{path}`"),
        )
        .because("it begins as sealed values do, and is not whole")
        .hint("restore the value from version control")
}

struct Opener<'o> {
    document: &'o Document,
    source: &'o Source<'o>,
    around: Surroundings<'o>,
    cipher: &'o Cipher,
    mac: &'o mut MacHasher,
    mac_only_encrypted: bool,
    layout: Option<&'o Layout>,
    number: usize,
    edits: Edits,
    /// Where the metadata begins, with the line break that was put before it: edits end here.
    limit: usize,
    plain: &'o mut PlainPaths,
    leaves: usize,
    clear_comments: &'o mut Vec<usize>,
    scratch: Zeroizing<Vec<u8>>,
    trace: &'o mut Vec<u8>,
    /// Takes note of what is opened, in a text that SOPS printed.
    printed: Option<&'o mut Printed>,
}

impl Opener<'_> {
    fn error(&self, node: NodeId, kind: Kind, message: &str, place: &Place<'_>) -> Error {
        let path = place.key_path(self.document, self.source);
        self.source.error(
            self.document.span(node).start,
            kind,
            format!("{message} at `{path}`"),
        )
    }

    /// The bytes from a node's properties to its end: what a noted spelling replaces.
    fn region(&self, node: NodeId) -> Range<usize> {
        let span = self.document.span(node);
        self.document
            .properties(node)
            .map_or(span.start, |p| p.span.start)..span.end
    }

    /// Replaces a span. A block scalar's reaches over the line break before the metadata, which
    /// goes with the metadata if the source had no final newline.
    fn replace(&mut self, span: Range<usize>, text: &[u8]) {
        if span.end > self.limit && span.start < self.limit {
            let line_break = self.around.line_break.as_bytes();
            let text = text.strip_suffix(line_break).unwrap_or(text);
            self.edits.replace(span.start..self.limit, text);
        } else {
            self.edits.replace(span, text);
        }
    }

    fn open_scalar(&mut self, node: NodeId, around: &Surroundings<'_>, value: &Scalar<'_>) {
        let mut text = Zeroizing::new(Vec::with_capacity(value.canonical.len() * 2 + 64));
        let (format, kept) = (self.source.format, self.layout.is_some());
        let comment = opened_text(format, self.document, node, around, value, kept, &mut text);
        let span = self.document.span(node);
        if let Some(comment) = comment {
            let (before, after) = text.split_at(comment.at.min(text.len()));
            self.replace(span.start..comment.source.start, before);
            self.replace(comment.source.end..span.end, after);
            return;
        }
        let plain = NodeKind::Scalar(ScalarStyle::Plain);
        if self.document.kind(node) == plain && line_end(&text, 0) < text.len() {
            self.open_lines(span, value, &mut text);
            return;
        }
        self.replace(span, &text);
    }

    /// Puts a value of several lines in a plain place. A comment behind the place must not become
    /// a part of the last line.
    fn open_lines(&mut self, span: Range<usize>, value: &Scalar<'_>, text: &mut Vec<u8>) {
        let bytes = self.source.text.as_bytes();
        let end = line_end(bytes, span.end);
        let behind = &bytes[span.end..end];
        let Some(hash) = behind.iter().position(|b| *b == b'#') else {
            self.replace(span, text);
            return;
        };
        if self.layout.is_some() {
            text.clear();
            double_quoted(value.text().unwrap_or_default(), text);
            self.replace(span, text);
        } else if looks_sealed(&behind[hash + 1..]) {
            // Opened for itself, it goes above.
            self.replace(span, text);
        } else {
            let header = line_end(text, 0);
            text.splice(header..header, behind.iter().copied());
            self.replace(span.start..end, text);
        }
    }

    /// A comment that sops sealed as a list item becomes a comment line again.
    fn comment_item(&mut self, node: NodeId) {
        let bytes = self.source.text.as_bytes();
        let span = self.document.span(node);
        let before = &bytes[..span.start];
        let dash = before
            .iter()
            .rposition(|b| !matches!(b, b' ' | b'\t'))
            .unwrap_or(span.start);
        if before.get(dash) != Some(&b'-') {
            return;
        }
        let indent = column(bytes, dash);
        let mut text = Zeroizing::new(Vec::new());
        comment_lines(&self.scratch, indent, self.around.line_break, &mut text);
        self.edits.replace(dash..span.end, &text);
    }

    /// Puts back what noted spellings stand for on nodes that are no leaves: expanded aliases.
    fn restore_collections(&mut self) -> Result<()> {
        let Some(layout) = self.layout.filter(|l| !l.is_empty()) else {
            return Ok(());
        };
        let Some(root) = self.document.root() else {
            return Ok(());
        };
        let mut stack = vec![(root, String::new())];
        while let Some((node, pointer)) = stack.pop() {
            let is_mapping = matches!(self.document.kind(node), NodeKind::Mapping { .. });
            if !is_mapping && !matches!(self.document.kind(node), NodeKind::Sequence { .. }) {
                continue;
            }
            if !pointer.is_empty()
                && let Some(spelling) = layout.spelling(self.number, &pointer)
            {
                let region = self.region(node);
                self.replace(region, spelling);
                continue;
            }
            if is_mapping {
                for (key, value) in self.document.entries(node) {
                    let key = key_text(self.document, self.source, key);
                    let key = key.replace('~', "~0").replace('/', "~1");
                    stack.push((value, format!("{pointer}/{key}")));
                }
            } else {
                for (number, item) in self.document.children(node).enumerate() {
                    stack.push((item, format!("{pointer}/{number}")));
                }
            }
        }
        Ok(())
    }
}

/// Appends a comment's text as lines of `#`; a break in it cannot smuggle in content.
fn comment_lines(text: &[u8], indent: usize, line_break: &str, out: &mut Vec<u8>) {
    let mut rest = text;
    loop {
        let end = line_end(rest, 0);
        out.push(b'#');
        out.extend_from_slice(&rest[..end]);
        let len = break_len(rest, end);
        if len == 0 {
            return;
        }
        out.extend_from_slice(line_break.as_bytes());
        out.resize(out.len() + indent, b' ');
        rest = &rest[end + len..];
    }
}

impl Visitor for Opener<'_> {
    fn leaf(&mut self, node: NodeId, scalar: Scalar<'_>, place: &Place<'_>) -> Result<()> {
        if scalar.ty == ScalarType::Null {
            return Ok(());
        }
        let sealed = place.selected && !scalar.canonical.is_empty();
        if !sealed {
            if !self.mac_only_encrypted || place.selected {
                self.mac.update(&scalar.canonical);
            }
            trace(self.trace, &scalar, place);
            // A spelling noted for a value in clear: a block scalar at the end of the text.
            if let Some(spelling) = self
                .layout
                .filter(|l| !l.is_empty())
                .and_then(|l| l.spelling(self.number, &place.pointer(self.document, self.source)))
                && place.alias.is_none()
            {
                let region = self.region(node);
                self.replace(region, spelling);
            }
            return Ok(());
        }
        let envelope = match scalar.ty {
            ScalarType::Str => Envelope::parse(&scalar.canonical),
            _ => None,
        };
        let Some(envelope) = envelope else {
            if looks_damaged(&scalar.canonical) {
                return Err(damaged(self.document, self.source, node, place));
            }
            let path = place.key_path(self.document, self.source);
            let error = self.error(
                node,
                Kind::Input,
                "a value that must be encrypted is in plaintext",
                place,
            );
            self.plain.add(path, || error);
            return Ok(());
        };
        let mut plain = std::mem::take(&mut *self.scratch);
        let opened = self
            .cipher
            .open_into(&envelope, place.aad.as_bytes(), &mut plain);
        *self.scratch = plain;
        let ty = opened.map_err(|e| {
            self.error(node, Kind::Crypto, "a value cannot be opened", place)
                .because(e.to_string())
                .hint("a sealed value opens only under the key path that it was sealed at: look for renamed or moved keys")
        })?;
        self.leaves += 1;
        if ty == ScalarType::Comment {
            if let Some(printed) = &mut self.printed {
                printed.note(self.number, Part::Leaf(node), ty, &self.scratch);
            }
            self.comment_item(node);
            return Ok(());
        }
        let plain = std::mem::take(&mut self.scratch);
        let value = Scalar::from_decrypted(ty, &plain).map_err(|_| {
            self.error(
                node,
                Kind::Crypto,
                "an opened value is not of its type",
                place,
            )
            .because(format!("it says `type:{}`", ty.name()))
        })?;
        self.mac.update(&value.canonical);
        trace(self.trace, &value, place);
        if let Some(printed) = &mut self.printed {
            printed.note(self.number, Part::Leaf(node), ty, &value.canonical);
        }
        if place.alias.is_none() {
            let noted = self.layout.filter(|l| !l.is_empty());
            let noted = noted
                .and_then(|l| l.spelling(self.number, &place.pointer(self.document, self.source)));
            if let Some(spelling) = noted {
                let region = self.region(node);
                self.replace(region, spelling);
            } else {
                let around = Surroundings {
                    parent: place.parent,
                    ..self.around
                };
                self.open_scalar(node, &around, &value);
            }
        }
        drop(value);
        self.scratch = plain;
        Ok(())
    }

    fn comment(&mut self, number: u32, place: &Place<'_>) -> Result<()> {
        let Some(comment) = self.document.comment(number) else {
            return Ok(());
        };
        if !place.selected || place.alias.is_some() {
            return Ok(());
        }
        let bytes = self.source.text.as_bytes();
        let span = comment.span.start + 1..comment.span.end;
        let text = &bytes[span.clone()];
        if text.is_empty() {
            return Ok(());
        }
        let envelope = if looks_sealed(text) {
            Envelope::parse(text)
        } else {
            None
        };
        let mut plain = std::mem::take(&mut *self.scratch);
        let opened = envelope.map(|e| self.cipher.open_into(&e, place.aad.as_bytes(), &mut plain));
        *self.scratch = plain;
        if !matches!(opened, Some(Ok(_))) {
            // sops warns and keeps the comment, for files of its early versions have such ones.
            let line = crate::document::place::place_of(self.source.text, comment.span.start).line;
            self.clear_comments.push(line);
            return Ok(());
        }
        self.leaves += 1;
        if let Some(printed) = &mut self.printed {
            let part = Part::Comment(number);
            printed.note(self.number, part, ScalarType::Comment, &self.scratch);
        }
        let line_break = self.around.line_break;
        let indent = column(bytes, comment.span.start);
        let mut text = Zeroizing::new(Vec::new());
        if comment.own_line || self.layout.is_some() {
            comment_lines(&self.scratch, indent, line_break, &mut text);
            self.edits.replace(comment.span.clone(), &text);
            return Ok(());
        }
        // sops prints an encrypted comment that stood beside a value on a line above it.
        let line_start = comment.span.start - indent;
        let line_indent = bytes[line_start..]
            .iter()
            .take_while(|b| **b == b' ')
            .count();
        text.resize(line_indent, b' ');
        comment_lines(&self.scratch, line_indent, line_break, &mut text);
        text.extend_from_slice(line_break.as_bytes());
        self.edits.replace(line_start..line_start, &text);
        let blanks = bytes[..comment.span.start]
            .iter()
            .rev()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        self.edits
            .replace(comment.span.start - blanks..comment.span.end, b"");
        Ok(())
    }
}

/// The node of a document's metadata block.
pub fn metadata_node(document: &Document, source: &Source<'_>) -> Option<NodeId> {
    metadata_entry(document, source).map(|(_, value)| value)
}
