//! Opening: ciphertext becomes its value in place, and the metadata is taken out.

use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::documents::{for_each_document, metadata_range};
use super::envelope::Envelope;
use super::insertion::{Scar, ends_with_break, insertion};
use super::layout::{LAYOUT_AAD, Layout, SCAR};
use super::mac::{MacHasher, open_mac};
use super::metadata::Metadata;
use super::opener::{Opener, trace};
use super::plain_paths::PlainPaths;
use super::printed::Printed;
use super::selector::{Selector, Walk};
use super::walk::{Place, Source, Visitor, walk};
use crate::document::Format;
use crate::document::edit::Edits;
use crate::document::scalar::Scalar;
use crate::document::tree::{Document, NodeId, NodeKind};
use crate::error::{Error, Kind, Result};

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
