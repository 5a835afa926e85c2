//! Sealing: a document's selected leaves become ciphertext in place, and its metadata is added.
//!
//! The sealed text is built twice. First as a skeleton in which every selected scalar is a
//! stand-in of the final shape; the skeleton is parsed again, and paths, comment places and the
//! values left in clear are taken from that parse, for that is what sops will see. Only then are
//! the stand-ins filled. The second parse also checks the first.

use memchr::memmem;
use zeroize::Zeroizing;

use super::cipher::Cipher;
pub use super::collect::Allow;
use super::collect::Collector;
use super::documents::{metadata_node, metadata_range, syntax_error};
use super::fill::Filler;
use super::insertion::{Insertion, Scar, ends_with_break, insertion};
use super::iv::IvSource;
use super::layout::{LAYOUT_AAD, Layout, SCAR};
use super::mac::{MacHasher, seal_mac};
use super::metadata::Metadata;
use super::open::{Checks, open};
use super::printed::{MAX_PRINTED, Printed};
use super::selector::{Selector, Walk};
use super::stand_in::{StandIn, Trace, self_check};
use super::walk::{Source, walk};
use crate::document::edit::Edits;
use crate::document::scalar::ScalarType;
use crate::document::tree::{Document, NodeKind};
use crate::document::{Format, json, yaml};
use crate::error::{Error, Kind, Result};

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
