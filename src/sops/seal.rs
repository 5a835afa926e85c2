//! Sealing: a document's selected leaves become ciphertext in place, and its metadata is added.
//!
//! The sealed text is built twice. First as a skeleton in which every selected scalar is a
//! stand-in of the final shape; the skeleton is parsed again, and paths, comment places and the
//! values left in clear are taken from that parse, for that is what sops will see. Only then are
//! the stand-ins filled. The second parse also checks the first.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use memchr::memmem;
use zeroize::Zeroizing;

use super::cipher::{Cipher, sealed_len};
use super::collect::Collector;
use super::insertion::{Insertion, Scar, ends_with_break, insertion};
use super::iv::IvSource;
use super::layout::{LAYOUT_AAD, Layout, SCAR};
use super::mac::{MacHasher, seal_mac};
use super::metadata::Metadata;
use super::open::{Checks, metadata_node, metadata_range, open};
use super::printed::{MAX_PRINTED, Printed};
use super::selector::{Selector, Walk};
use super::walk::{Place, Source, Visitor, walk};
use crate::document::edit::Edits;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeId, NodeKind};
use crate::document::yaml::reader::line_end;
use crate::document::yaml::restyle::{HeaderComment, Surroundings, write_opened};
use crate::document::{Format, json, json_spell, yaml};
use crate::error::{Error, Kind, Result};

/// Checks that a caller insists on passing over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// The selector may select nothing.
    pub nothing_selected: bool,
    /// `data` and `stringData` of a Kubernetes Secret may stay in clear.
    pub plain_secret: bool,
    /// `apiVersion`, `kind` and `metadata` of a manifest may be encrypted.
    pub encrypted_metadata: bool,
}

/// What sealing needs besides the text.
pub struct Sealing<'a> {
    /// The text's format.
    pub format: Format,
    /// Which leaves are encrypted.
    pub selector: &'a Selector,
    /// The metadata to write; its MAC and layout notes are filled in.
    pub metadata: Metadata,
    /// The cipher of the file's data key.
    pub cipher: &'a Cipher,
    /// Fresh nonces.
    pub ivs: &'a mut IvSource,
    /// Checks to pass over.
    pub allow: Allow,
}

/// A sealed file.
#[derive(Debug)]
pub struct Sealed {
    /// The whole text.
    pub bytes: Vec<u8>,
    /// How many leaves are encrypted.
    pub leaves: usize,
    /// Key paths of aliases that were expanded because what they stand for is encrypted.
    pub expanded: Vec<String>,
}

/// The text that stands for a sealed value in the skeleton: as long as the sealed value will be,
/// for where go-yaml puts a comment depends on distances. Starts with a number that no text holds
/// by accident.
pub(super) struct StandIn {
    mark: String,
    /// Without comments distances do not matter, and short stand-ins save memory.
    exact: bool,
}

impl StandIn {
    fn new(ivs: &mut IvSource) -> Self {
        let iv = ivs.next_iv();
        let mut text = String::from("ENC[");
        for byte in &iv[..12] {
            text.push_str(&format!("{byte:02x}"));
        }
        StandIn {
            mark: text,
            exact: true,
        }
    }

    /// What every stand-in of a value starts with.
    fn mark(&self) -> &[u8] {
        self.mark.as_bytes()
    }

    /// The length of the stand-in of a value.
    fn len(&self, value: &Scalar<'_>) -> usize {
        match self.exact {
            true => sealed_len(value.canonical.len(), value.ty),
            false => self.mark.len() + 1,
        }
    }

    /// Appends the stand-in of a value.
    pub(super) fn write(&self, value: &Scalar<'_>, out: &mut Vec<u8>) {
        let end = out.len() + self.len(value);
        out.extend_from_slice(self.mark());
        out.resize(end - 1, b'x');
        out.push(b']');
    }

    /// Appends the stand-in of a comment's text, which is told by its place.
    pub(super) fn write_comment(text: &[u8], out: &mut Vec<u8>) {
        let end = out.len() + sealed_len(text.len(), ScalarType::Comment);
        out.extend_from_slice(b"ENC[");
        out.resize(end - 1, b'x');
        out.push(b']');
    }
}

/// Seals a plain text.
///
/// # Errors
/// The text is not of its format or holds what sops cannot encrypt; a check of [`Allow`] fails.
/// Errors have a place, but not the file's name.
pub fn seal(text: &[u8], mut sealing: Sealing<'_>) -> Result<Sealed> {
    let mac = MacHasher::new(sealing.metadata.mac_only_encrypted);
    let stand_in = StandIn::new(sealing.ivs);
    let mut sealer = Sealer {
        mac,
        stand_in,
        out: Vec::with_capacity(text.len() * 2),
        insertions: Vec::new(),
        layout: Layout::new(),
        layout_needed: false,
        leaves: 0,
        expanded: Vec::new(),
    };
    match sealing.format {
        Format::Yaml => {
            let mut stream = yaml::Stream::new(text).map_err(|e| syntax_error(text, &e))?;
            let mut number = 0;
            let mut end = 0;
            while let Some(document) = stream.next_document().map_err(|e| syntax_error(text, &e))? {
                end = stream.position();
                sealer.document(stream.text(), &document, end, number, &mut sealing)?;
                number += 1;
            }
            if number == 0 {
                return Err(Error::new(Kind::Input, "the text holds no document")
                    .at(crate::document::place::place_of(stream.text(), 0))
                    .because("it is empty, or holds comments only")
                    .hint("write at least one key with its value"));
            }
            sealer.out.extend_from_slice(&text[end..]);
        }
        Format::Json => {
            let document = json::parse(text).map_err(|e| syntax_error(text, &e))?;
            let root = document.root().map(|root| document.children(root).count());
            sealer.layout_needed = !text.ends_with(b"\n") || root == Some(0);
            let source = std::str::from_utf8(text).unwrap_or("");
            sealer.document(source, &document, text.len(), 0, &mut sealing)?;
        }
    }
    if sealer.leaves == 0 && !sealing.allow.nothing_selected {
        let selector = format!(
            "{}: {}",
            sealing.selector.kind().name(),
            sealing.selector.value()
        );
        return Err(Error::new(
            Kind::Input,
            format!("`{selector}` selects nothing in this file"),
        )
        .because("it would be written as it is, in plaintext")
        .hint(
            "mend the selector in the creation rule, or insist with `--allow nothing-selected`",
        ));
    }
    sealer.finish(text, sealing)
}

/// An error of the YAML or JSON reader, with its place.
pub(crate) fn syntax_error(text: &[u8], error: &yaml::SyntaxError) -> Error {
    let lossy = String::from_utf8_lossy(text);
    let mut out = Error::new(Kind::Input, error.what.clone());
    if let Ok(text) = std::str::from_utf8(text) {
        out = out.at(crate::document::place::place_of(text, error.offset));
    } else {
        // The offset counts the original bytes; the readable part before it is what can be shown.
        let valid = std::str::from_utf8(&text[..error.offset.min(text.len())]).map_or(0, str::len);
        out = out.at(crate::document::place::place_of(&lossy, valid));
    }
    match error.hint {
        Some(hint) => out.hint(hint),
        None => out,
    }
}

struct Sealer {
    mac: MacHasher,
    stand_in: StandIn,
    out: Vec<u8>,
    insertions: Vec<(usize, Insertion)>,
    layout: Layout,
    layout_needed: bool,
    leaves: usize,
    expanded: Vec<String>,
}

impl Sealer {
    fn document(
        &mut self,
        text: &str,
        document: &Document,
        end: usize,
        number: usize,
        sealing: &mut Sealing<'_>,
    ) -> Result<()> {
        let source = Source {
            text,
            format: sealing.format,
            lines_before: 0,
        };
        let start = document.extent().start;
        if let Some(node) = metadata_node(document, &source) {
            return Err(source
                .error(document.span(node).start, Kind::Input, "this document has a top-level key `sops`")
                .because("sops keeps its metadata there, and the first document of the file has none")
                .hint("rename the key; if the documents were sealed one by one, open them first and seal the file as a whole"));
        }
        let insertion = insertion(document, &source, end);
        let source_text = &text.as_bytes()[start..end];
        self.stand_in.exact = !document.comments().is_empty();
        // Where comments select, the metadata block behind the last of them counts: then the
        // first walk must see it as well.
        let comments_select = sealing.selector.kind().looks_at_comments();
        let with_block = if comments_select {
            Some(WithBlock::of(&source, document, start..end, &insertion)?)
        } else {
            None
        };
        let (text, document, range, after) = match &with_block {
            None => (text, document, start..insertion.at, insertion.at..end),
            Some(w) => (
                w.text.as_str(),
                &w.document,
                0..w.block.start,
                w.block.end..w.text.len(),
            ),
        };
        let lines_before = match &with_block {
            Some(_) => source.text[..start].matches('\n').count(),
            None => 0,
        };
        let source = Source {
            text,
            format: sealing.format,
            lines_before,
        };
        let around = insertion.around(text);
        let mut collector =
            Collector::new(document, &source, &self.stand_in, around, comments_select);
        let mut selection = Walk::new(sealing.selector);
        walk(document, &source, &mut selection, &mut collector)?;
        collector.check_manifest(sealing.allow)?;
        collector.settle_end(range.end, &mut self.layout, number);
        let mut collected = collector.finish();
        self.layout_needed |= collected.layout_needed || !self.layout.is_empty();

        // The skeleton: the document alone, with stand-ins and a metadata block of one word.
        let mut skeleton = Zeroizing::new(Vec::with_capacity((end - start) * 2 + 64));
        collected.edits.apply(text.as_bytes(), range, &mut skeleton);
        let block_at = skeleton.len();
        insertion.write_stand_in(&mut skeleton);
        let block_end = skeleton.len();
        skeleton.extend_from_slice(&text.as_bytes()[after]);

        let skeleton_text =
            std::str::from_utf8(&skeleton).map_err(|_| self_check("the skeleton is not UTF-8"))?;
        let again = match sealing.format {
            Format::Yaml => yaml::Stream::of_valid(skeleton_text).next_document(),
            Format::Json => json::parse(&skeleton).map(Some),
        };
        let again = again
            .map_err(|e| self_check(&e.to_string()))?
            .ok_or_else(|| self_check("no document"))?;
        let skeleton_source = Source {
            text: skeleton_text,
            format: sealing.format,
            lines_before: 0,
        };
        if let Some(removed) = metadata_range(&again, &skeleton_source) {
            let is_null = document
                .root()
                .is_some_and(|root| matches!(document.kind(root), NodeKind::Scalar(_)));
            let scar = match is_null {
                // Nothing but the metadata and comments: the source is noted whole.
                true => Some(Scar::whole(&skeleton, &removed, source_text)),
                false => Scar::of(&skeleton, &(block_at..block_end), &removed),
            };
            if let Some(scar) = scar {
                self.layout.note(number, SCAR.to_owned(), &scar.to_bytes());
                self.layout_needed = true;
            }
        }
        let places: Vec<usize> = memmem::find_iter(&skeleton, self.stand_in.mark()).collect();
        if places.len() != collected.found.len() {
            return Err(self_check("a stand-in was lost"));
        }
        let mut filler = Filler {
            document: &again,
            source: &skeleton_source,
            original: &source,
            around: insertion.around(skeleton_text),
            stand_in: &self.stand_in,
            commented: document,
            sealed_comments: &collected.sealed_comments,
            found: &collected.found,
            places: &places,
            next: 0,
            mac: &mut self.mac,
            mac_only_encrypted: sealing.metadata.mac_only_encrypted,
            selector: sealing.selector,
            cipher: sealing.cipher,
            ivs: sealing.ivs,
            edits: Edits::with_capacity(places.len() * 260),
            layout: &mut self.layout,
            layout_needed: false,
            number,
            trace: Trace::default(),
            scratch: Zeroizing::new(Vec::new()),
        };
        walk(
            &again,
            &skeleton_source,
            &mut Walk::new(sealing.selector),
            &mut filler,
        )?;
        let Filler {
            mut edits,
            next,
            trace,
            layout_needed,
            ..
        } = filler;
        if next != places.len() || trace.finish() != collected.trace {
            return Err(self_check(
                "the sealed text would not mean what its source means",
            ));
        }
        self.layout_needed |= layout_needed;
        self.leaves += places.len();
        self.expanded.append(&mut collected.expanded);
        edits.apply(&skeleton, 0..block_at, &mut self.out);
        self.insertions.push((self.out.len(), insertion));
        edits.apply_rest(&skeleton, block_end..skeleton.len(), &mut self.out);
        Ok(())
    }

    fn finish(self, source: &[u8], mut sealing: Sealing<'_>) -> Result<Sealed> {
        let mut text = Vec::new();
        seal_mac(
            sealing.cipher,
            &mut text,
            &self.mac.finish(),
            &sealing.metadata.last_modified,
            &sealing.ivs.next_iv(),
        )?;
        sealing.metadata.mac = ascii(text);
        if self.layout_needed {
            sealing.write_layout(&self.layout)?;
        } else if sealing.format == Format::Yaml && self.out.len() <= MAX_PRINTED {
            let sealed = insert_blocks(self.out.clone(), &self.insertions, &sealing.metadata);
            if opens_as_printed(&sealed, &sealing)?.is_some_and(|opened| *opened != source) {
                // It looks as SOPS prints, and would be opened so, but its source does not.
                sealing.write_layout(&Layout::new())?;
            }
        }
        Ok(Sealed {
            bytes: insert_blocks(self.out, &self.insertions, &sealing.metadata),
            leaves: self.leaves,
            expanded: self.expanded,
        })
    }
}

impl Sealing<'_> {
    fn write_layout(&mut self, layout: &Layout) -> Result<()> {
        let mut text = Vec::new();
        let iv = self.ivs.next_iv();
        let notes = layout.to_bytes();
        self.cipher
            .seal_into(&mut text, &notes, LAYOUT_AAD, ScalarType::Str, &iv)?;
        self.metadata.layout = Some(ascii(text));
        Ok(())
    }
}

/// What a sealed text opens to, if it looks as SOPS would have printed it.
fn opens_as_printed(sealed: &[u8], sealing: &Sealing<'_>) -> Result<Option<Zeroizing<Vec<u8>>>> {
    if Printed::of(sealed).is_none() {
        return Ok(None);
    }
    let Sealing {
        metadata,
        selector,
        cipher,
        ..
    } = sealing;
    open(
        sealed,
        Format::Yaml,
        metadata,
        selector,
        cipher,
        Checks::default(),
    )
    .map(|opened| Some(opened.bytes))
}

/// Writes the metadata into every document. Blocks of the same shape are rendered once.
fn insert_blocks(
    mut out: Vec<u8>,
    insertions: &[(usize, Insertion)],
    metadata: &Metadata,
) -> Vec<u8> {
    if let [(at, insertion)] = insertions {
        let mut block = Vec::new();
        insertion.write_metadata(metadata, &mut block);
        out.splice(*at..*at, block);
        return out;
    }
    let mut rendered: Vec<(&Insertion, Vec<u8>)> = Vec::new();
    let mut sealed = Vec::new();
    let mut done = 0;
    if let Some((at, insertion)) = insertions.first() {
        // The notes may be long, and only the first block is read.
        let mut block = Vec::new();
        insertion.write_metadata(metadata, &mut block);
        sealed.reserve(out.len() + insertions.len() * (block.len() + 8));
        sealed.extend_from_slice(&out[..*at]);
        sealed.extend_from_slice(&block);
        done = *at;
    }
    let metadata = &Metadata {
        layout: None,
        ..metadata.clone()
    };
    for (at, insertion) in insertions.iter().skip(1) {
        let known = rendered
            .iter()
            .position(|(known, _)| known.same_shape(insertion));
        let index = known.unwrap_or_else(|| {
            let mut block = Vec::new();
            insertion.write_metadata(metadata, &mut block);
            rendered.push((insertion, block));
            rendered.len() - 1
        });
        sealed.extend_from_slice(&out[done..*at]);
        sealed.extend_from_slice(&rendered[index].1);
        done = *at;
    }
    sealed.extend_from_slice(&out[done..]);
    sealed
}

pub(super) fn ascii(text: Vec<u8>) -> String {
    String::from_utf8(text).unwrap_or_default()
}

pub(super) fn self_check(what: &str) -> Error {
    Error::new(
        Kind::Input,
        "this file cannot be sealed without changing what it means",
    )
    .because(what.to_owned())
    .hint("the file was left as it was; please report its shape (not its values)")
}

/// A document on its own, with a stand-in of its metadata block.
struct WithBlock {
    text: Zeroizing<String>,
    document: Document,
    block: std::ops::Range<usize>,
}

impl WithBlock {
    fn of(
        source: &Source<'_>,
        document: &Document,
        range: std::ops::Range<usize>,
        insertion: &Insertion,
    ) -> Result<Self> {
        if let Some(node) = document.open_ended(insertion.at)
            && !ends_with_break(&source.text.as_bytes()[..insertion.at])
        {
            let offset = document.span(node).start;
            return Err(source
                .error(
                    offset,
                    Kind::Input,
                    "the text ends in this block scalar, without a line break",
                )
                .because("where comments select, the metadata behind it would change its value")
                .hint("end the file with a line break"));
        }
        let bytes = source.text.as_bytes();
        let mut text = Vec::with_capacity(range.len() + 64);
        text.extend_from_slice(&bytes[range.start..insertion.at]);
        let start = text.len();
        insertion.write_stand_in(&mut text);
        let block = start..text.len();
        text.extend_from_slice(&bytes[insertion.at..range.end]);
        let text = String::from_utf8(text).map_err(|_| self_check("the document is not UTF-8"))?;
        let text = Zeroizing::new(text);
        let document = match source.format {
            Format::Yaml => yaml::Stream::of_valid(&text).next_document(),
            Format::Json => json::parse(text.as_bytes()).map(Some),
        };
        let document = document
            .map_err(|e| self_check(&e.to_string()))?
            .ok_or_else(|| self_check("no document"))?;
        Ok(WithBlock {
            text,
            document,
            block,
        })
    }
}

/// A running digest of what a walk met, to compare the two parses by.
#[derive(Default)]
pub(super) struct Trace(DefaultHasher);

impl Trace {
    pub(super) fn leaf(&mut self, aad: &str, selected: bool, ty: ScalarType, canonical: &[u8]) {
        aad.hash(&mut self.0);
        selected.hash(&mut self.0);
        ty.hash(&mut self.0);
        canonical.hash(&mut self.0);
    }

    pub(super) fn finish(&self) -> u64 {
        self.0.finish()
    }
}

/// A leaf of the source that is to be encrypted.
pub(super) struct Found<'d> {
    pub(super) value: Scalar<'d>,
    /// The bytes of the source that the sealed scalar replaces, properties included; `None` inside
    /// an expanded alias.
    pub(super) region: Option<std::ops::Range<usize>>,
    /// The region that `region` shrinks to when the tag stays: the scalar alone.
    pub(super) span: std::ops::Range<usize>,
    /// A tag had to go.
    pub(super) tag_dropped: bool,
}

/// Meets the leaves of the skeleton and fills the stand-ins.
struct Filler<'f> {
    document: &'f Document,
    source: &'f Source<'f>,
    original: &'f Source<'f>,
    around: Surroundings<'f>,
    stand_in: &'f StandIn,
    /// The document whose comments the skeleton's stand for, one by one.
    commented: &'f Document,
    sealed_comments: &'f [bool],
    found: &'f [Found<'f>],
    places: &'f [usize],
    next: usize,
    mac: &'f mut MacHasher,
    mac_only_encrypted: bool,
    selector: &'f Selector,
    cipher: &'f Cipher,
    ivs: &'f mut IvSource,
    edits: Edits,
    layout: &'f mut Layout,
    layout_needed: bool,
    number: usize,
    trace: Trace,
    scratch: Zeroizing<Vec<u8>>,
}

impl Filler<'_> {
    /// Notes the source's spelling if opening would not give it back.
    fn note_spelling(&mut self, node: NodeId, found: &Found<'_>, place: &Place<'_>) {
        let Some(region) = &found.region else { return };
        let source = self.original.text.as_bytes();
        let original = &source[found.span.clone()];
        let around = Surroundings {
            parent: place.parent,
            ..self.around
        };
        if !found.tag_dropped {
            for layout_kept in [false, true] {
                self.scratch.clear();
                let comment = opened_text(
                    self.source.format,
                    self.document,
                    node,
                    &around,
                    &found.value,
                    layout_kept,
                    &mut self.scratch,
                );
                if let Some(comment) = comment {
                    // The header's comment is opened for itself: here the source's counts.
                    let end = line_end(original, 0);
                    let text = original.get(comment.at..end).unwrap_or(&[]);
                    self.scratch
                        .splice(comment.at..comment.at, text.iter().copied());
                }
                let at_end = found.span.end == source.len() && !original.ends_with(b"\n");
                let opened: &[u8] = match self.scratch.strip_suffix(around.line_break.as_bytes()) {
                    Some(shorter) if at_end => shorter,
                    _ => &self.scratch,
                };
                if opened == original {
                    self.layout_needed |= layout_kept;
                    return;
                }
            }
        }
        self.layout_needed = true;
        self.layout.note(
            self.number,
            place.pointer(self.document, self.source),
            &source[region.clone()],
        );
    }
}

/// Appends what opening a sealed scalar writes.
pub(super) fn opened_text(
    format: Format,
    document: &Document,
    node: NodeId,
    around: &Surroundings<'_>,
    value: &Scalar<'_>,
    layout_kept: bool,
    out: &mut Vec<u8>,
) -> Option<HeaderComment> {
    match format {
        Format::Yaml => write_opened(document, node, around, value, layout_kept, out),
        Format::Json => {
            let start = out.len();
            if json_spell::json_like_sops(value, out).is_err() {
                out.truncate(start);
                json_spell::json_string_like_go(&value.canonical, out);
            }
            None
        }
    }
}

impl Visitor for Filler<'_> {
    fn leaf(&mut self, node: NodeId, scalar: Scalar<'_>, place: &Place<'_>) -> Result<()> {
        if scalar.ty == ScalarType::Null {
            return Ok(());
        }
        let is_stand_in = scalar.canonical.starts_with(self.stand_in.mark());
        if !is_stand_in {
            self.trace
                .leaf(place.aad, place.selected, scalar.ty, &scalar.canonical);
            if !self.mac_only_encrypted || place.selected {
                self.mac.update(&scalar.canonical);
            }
            return Ok(());
        }
        let (Some(found), Some(&at)) = (self.found.get(self.next), self.places.get(self.next))
        else {
            return Err(self_check("a stand-in is met twice"));
        };
        self.next += 1;
        if !place.selected {
            return Err(self_check("a stand-in moved out of the selected place"));
        }
        self.trace
            .leaf(place.aad, true, found.value.ty, &found.value.canonical);
        self.mac.update(&found.value.canonical);
        let iv = self.ivs.next_iv();
        let (cipher, value) = (self.cipher, &found.value);
        let stand_in_len = self.stand_in.len(value);
        self.edits.replace_with(at..at + stand_in_len, |out| {
            cipher.seal_into(out, &value.canonical, place.aad.as_bytes(), value.ty, &iv)
        })?;
        self.note_spelling(node, found, place);
        Ok(())
    }

    fn comment(&mut self, number: u32, place: &Place<'_>) -> Result<()> {
        let comments = (
            self.document.comment(number),
            self.commented.comment(number),
        );
        let (Some(comment), Some(original)) = comments else {
            return Err(self_check("a comment was lost"));
        };
        if place.alias.is_some() {
            return Ok(());
        }
        let expected = self.sealed_comments.get(number as usize) == Some(&true);
        if !place.selected {
            return match expected {
                true => Err(self
                    .original
                    .error(
                        original.span.start,
                        Kind::Input,
                        "this comment would be left in plaintext",
                    )
                    .because("it is encrypted where it stands, but would belong elsewhere once the metadata follows")
                    .hint("move it above a key, or remove it")),
                false => Ok(()),
            };
        }
        let span = comment.span.start + 1..comment.span.end;
        let text = &self.original.text.as_bytes()[original.span.start + 1..original.span.end];
        if text.is_empty() {
            return Ok(());
        }
        self.layout_needed |= !comment.own_line;
        let iv = self.ivs.next_iv();
        let (cipher, selector) = (self.cipher, self.selector);
        self.edits.replace_with(span, |out| {
            let start = out.len();
            cipher.seal_into(out, text, place.aad.as_bytes(), ScalarType::Comment, &iv)?;
            let sealed = std::str::from_utf8(&out[start..]).unwrap_or("");
            if selector.exempts_encrypted_comment(sealed) {
                return Err(Error::new(
                    Kind::Config,
                    "an encrypted comment would match `unencrypted_comment_regex`",
                )
                .hint("make the expression one that ciphertext cannot match"));
            }
            Ok::<(), Error>(())
        })
    }
}
