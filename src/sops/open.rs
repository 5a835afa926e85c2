//! Opening: ciphertext becomes its value in place, and the metadata is taken out.

use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::documents::{for_each_document, metadata_range, work_through};
use super::envelope::Envelope;
use super::insertion::{Scar, ends_with_break, insertion};
use super::layout::{LAYOUT_AAD, Layout, SCAR};
use super::mac::{MacHasher, open_mac};
use super::metadata::Metadata;
use super::opener::Opener;
use super::plain_paths::PlainPaths;
use super::printed::{Noted, Printed};
use super::selector::{Selector, Walk};
use super::trace::Trace;
use super::walk::{Place, Source, Visitor, walk};
use crate::document::Format;
use crate::document::edit::Edits;
use crate::document::scalar::Scalar;
use crate::document::tree::{Document, NodeId, NodeKind};
use crate::error::{Error, Kind, Result};
use crate::secret::SecretBuffer;

/// An opened file.
pub struct Opened {
    /// The plain text.
    pub bytes: SecretBuffer,
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
    let work = DocumentWork {
        format,
        selector,
        cipher,
        mac_only_encrypted: metadata.mac_only_encrypted,
        layout: layout.as_ref(),
        is_printed: printed.is_some(),
    };
    let mut attempt = work.open_all(text, metadata, checks, printed.as_mut())?;
    if let Some(bytes) = printed.and_then(|p| p.print(text)) {
        attempt.opened.bytes = bytes;
        return Ok(attempt.opened);
    }
    if layout.as_ref().is_some_and(|l| !l.is_empty()) && !work.reads_back(&attempt) {
        // The file was changed since the spellings were noted: its values count, not its looks.
        let none = Layout::default();
        let work = DocumentWork {
            layout: Some(&none),
            ..work
        };
        attempt = work.open_all(text, metadata, checks, None)?;
    }
    if !ends_with_break(text)
        && !ends_with_break(&attempt.opened.bytes)
        && !work.reads_back(&attempt)
    {
        // The final line break was lost after sealing, and the last block scalar needs one.
        let has_crlf = memchr::memmem::find(text, b"\r\n").is_some();
        let line_break: &[u8] = if has_crlf { b"\r\n" } else { b"\n" };
        attempt.opened.bytes.push(line_break);
    }
    Ok(attempt.opened)
}

struct Attempt {
    opened: Opened,
    /// What the leaves are, to compare the opened text with.
    traces: Vec<u64>,
}

fn read_layout(metadata: &Metadata, cipher: &Cipher) -> Option<Layout> {
    let envelope = Envelope::parse(metadata.layout.as_deref()?.as_bytes())?;
    let (_, notes) = cipher.open(&envelope, LAYOUT_AAD).ok()?;
    Layout::from_bytes(&notes)
}

/// What is the same for all documents of a file.
struct DocumentWork<'a> {
    format: Format,
    selector: &'a Selector,
    cipher: &'a Cipher,
    mac_only_encrypted: bool,
    layout: Option<&'a Layout>,
    /// The text looks as SOPS prints: note what is opened.
    is_printed: bool,
}

impl DocumentWork<'_> {
    fn open_all(
        &self,
        text: &[u8],
        metadata: &Metadata,
        checks: Checks,
        mut printed: Option<&mut Printed>,
    ) -> Result<Attempt> {
        let mut mac = MacHasher::new(self.mac_only_encrypted);
        let mut plain = PlainPaths::default();
        let mut traces = Vec::new();
        let mut opened = Opened {
            bytes: SecretBuffer::default(),
            leaves: 0,
            clear_comments: Vec::new(),
        };
        let end = work_through(
            text,
            self.format,
            |source, document, number, end| self.open(source, document, number, end),
            |document: OpenedDocument| {
                mac.update(&document.mac_input);
                plain.append(document.plain);
                opened.leaves += document.leaves;
                opened.clear_comments.extend(document.clear_comments);
                if let Some(printed) = printed.as_deref_mut() {
                    printed.note(traces.len(), document.printed);
                }
                traces.push(document.trace);
                if document.is_all {
                    opened.bytes = document.bytes;
                } else {
                    if traces.len() == 1 {
                        // Ciphertext is longer than what it holds.
                        opened.bytes = SecretBuffer::with_capacity(text.len() + 64);
                    }
                    opened.bytes.push(&document.bytes);
                }
                Ok(())
            },
        )?;
        opened.bytes.push(&text[end..]);
        if self.format == Format::Json && self.layout.is_none() && !opened.bytes.ends_with(b"\n") {
            // sops ends what it prints with a line break, its sealed files before 3.10 did not.
            opened.bytes.push(b"\n");
        }
        let source = std::str::from_utf8(text).unwrap_or("");
        plain.check(source)?;
        opened.clear_comments = lines_of(text, opened.clear_comments);
        if !checks.ignore_mac {
            check_mac(metadata, self.cipher, mac)?;
        }
        Ok(Attempt { opened, traces })
    }

    /// The opened text means what was decrypted.
    fn reads_back(&self, attempt: &Attempt) -> bool {
        let mut traces = Vec::new();
        let bytes = &attempt.opened.bytes;
        let read = for_each_document(bytes, self.format, |source, document, _, _| {
            let mut reader = Reader(Trace::default());
            walk(document, source, &mut Walk::new(self.selector), &mut reader)?;
            traces.push(reader.0.finish());
            Ok(())
        });
        read.is_ok() && traces == attempt.traces
    }

    fn open(
        &self,
        source: &Source<'_>,
        document: &Document,
        number: usize,
        end: usize,
    ) -> Result<OpenedDocument> {
        let start = document.extent().start;
        let mut opener = Opener {
            document,
            source,
            around: insertion(document, source, end).around(source.text),
            cipher: self.cipher,
            mac_input: SecretBuffer::with_capacity(end - start),
            mac_only_encrypted: self.mac_only_encrypted,
            layout: self.layout,
            number,
            edits: Edits::with_capacity(end - start),
            limit: metadata_range(document, source).map_or(usize::MAX, |r| r.start),
            plain: PlainPaths::default(),
            leaves: 0,
            clear_comments: Vec::new(),
            scratch: Zeroizing::new(Vec::new()),
            trace: Trace::default(),
            printed: self.is_printed.then(Vec::new),
        };
        walk(document, source, &mut Walk::new(self.selector), &mut opener)?;
        opener.restore_collections()?;
        remove_metadata(document, source, self.layout, number, &mut opener.edits);
        let mut bytes = Vec::new();
        opener
            .edits
            .apply(source.text.as_bytes(), start..end, &mut bytes);
        Ok(OpenedDocument {
            bytes: bytes.into(),
            is_all: start == 0 && end == source.text.len(),
            mac_input: opener.mac_input,
            plain: opener.plain,
            leaves: opener.leaves,
            clear_comments: opener.clear_comments,
            trace: opener.trace.finish(),
            printed: opener.printed.unwrap_or_default(),
        })
    }
}

/// What came of a document.
struct OpenedDocument {
    bytes: SecretBuffer,
    /// Nothing of the file is before or behind it.
    is_all: bool,
    mac_input: SecretBuffer,
    plain: PlainPaths,
    leaves: usize,
    clear_comments: Vec<usize>,
    trace: u64,
    printed: Vec<Noted>,
}

/// The lines that offsets are on.
fn lines_of(text: &[u8], mut offsets: Vec<usize>) -> Vec<usize> {
    offsets.sort_unstable();
    let (mut line, mut done) = (1, 0);
    for offset in &mut offsets {
        line += memchr::memchr_iter(b'\n', &text[done..*offset]).count();
        done = std::mem::replace(offset, line);
    }
    offsets
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

/// Notes what the leaves of a text are.
struct Reader(Trace);

impl<'d> Visitor<'d> for Reader {
    fn leaf(&mut self, _node: NodeId, scalar: Scalar<'d>, place: &Place<'_>) -> Result<()> {
        self.0.leaf(place.aad, true, &scalar);
        Ok(())
    }
}
