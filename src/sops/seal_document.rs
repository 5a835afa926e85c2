//! Sealing one document: two walks, with a skeleton between them.

use std::ops::Range;

use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::collect::{Allow, Collected, Collector, Selection};
use super::documents::{metadata_node, metadata_range};
use super::fill::Filler;
use super::insertion::{Insertion, Scar, ends_with_break, insertion};
use super::iv::IvSource;
use super::jobs::{Jobs, Secrets};
use super::layout::{Layout, SCAR};
use super::mac::MacHasher;
use super::reseal::Kept;
use super::selector::{Selector, Walk};
use super::stand_in::{StandIn, self_check};
use super::trace::Trace;
use super::walk::{Source, root_mapping, walk};
use crate::document::tree::{Document, NodeKind};
use crate::document::{Format, json, yaml};
use crate::error::{Kind, Result};
use crate::secret::SecretBuffer;

/// Times that a document is begun again because sealing moved comments to places that the rule selects.
const MAX_ATTEMPTS: usize = 8;

/// From this length on, in bytes, the MAC of the first document is computed beside the second walk.
const LONG: usize = 1 << 20;

/// A document with its ciphertext, and a block of one word for the metadata.
pub(super) struct SealedDocument {
    pub(super) bytes: Vec<u8>,
    pub(super) block: Range<usize>,
    pub(super) insertion: Insertion,
    pub(super) mac: MacPart,
    pub(super) layout: Layout,
    pub(super) layout_needed: bool,
    pub(super) leaves: usize,
    pub(super) expanded: Vec<String>,
}

/// What a document adds to the MAC.
pub(super) enum MacPart {
    /// Its values.
    Values(SecretBuffer),
    /// It is the first one, and this is the MAC so far.
    Start(Box<MacHasher>),
}

/// What is the same for all documents of a file.
pub(super) struct DocumentWork<'a> {
    pub(super) stand_in: StandIn,
    pub(super) format: Format,
    pub(super) selector: &'a Selector,
    pub(super) mac_only_encrypted: bool,
    pub(super) cipher: &'a Cipher,
    pub(super) allow: Allow,
    pub(super) kept: Option<&'a Kept>,
}

/// What becomes of an attempt.
enum Attempt {
    Sealed(Box<SealedDocument>),
    /// The rule selects these comments once the document is sealed.
    Moved(Vec<u32>),
}

/// A document with stand-ins in the place of its values, and a metadata block of one word.
struct Skeleton {
    bytes: Vec<u8>,
    block: Range<usize>,
    /// Where the stand-ins of the values are.
    places: Vec<Range<usize>>,
}

/// What the second walk says.
struct Checked {
    jobs: Jobs,
    moved: Vec<u32>,
    layout: Layout,
    layout_needed: bool,
}

impl DocumentWork<'_> {
    pub(super) fn seal(
        &self,
        source: &Source<'_>,
        document: &Document,
        number: usize,
        end: usize,
        ivs: &mut IvSource,
    ) -> Result<SealedDocument> {
        let start = document.extent().start;
        if let Some(node) = metadata_node(document, source) {
            return Err(source
                .error(document.span(node).start, Kind::Input, "this document has a top-level key `sops`")
                .because("sops keeps its metadata there, and the first document of the file has none")
                .hint("rename the key; if the documents were sealed one by one, open them first and seal the file as a whole"));
        }
        root_mapping(document, source)?;
        let insertion = insertion(document, source, end);
        // Where comments select, the metadata block behind the last of them counts: then the
        // first walk must see it as well.
        let comments_select = self.selector.kind().looks_at_comments();
        let mut moved = Vec::new();
        for _ in 0..MAX_ATTEMPTS {
            let attempt = if comments_select {
                let with = WithBlock::of(source, document, start..end, &insertion)?;
                let around = Part {
                    number,
                    original: &source.text.as_bytes()[start..end],
                    start: 0,
                    block: with.block.clone(),
                    end: with.text.len(),
                };
                let lines_before = source.text[..start].matches('\n').count();
                let source = Source {
                    text: with.text.as_str(),
                    lines_before,
                    ..*source
                };
                self.attempt(&source, &with.document, &around, &insertion, &moved, ivs)?
            } else {
                let part = Part {
                    number,
                    original: &source.text.as_bytes()[start..end],
                    start,
                    block: insertion.at..insertion.at,
                    end,
                };
                self.attempt(source, document, &part, &insertion, &moved, ivs)?
            };
            match attempt {
                Attempt::Sealed(mut sealed) => {
                    let keeps_looks = |root| {
                        document.children(root).next().is_some() && source.text.ends_with('\n')
                    };
                    sealed.layout_needed |=
                        self.format == Format::Json && !document.root().is_some_and(keeps_looks);
                    // Where comments select, the walk saw a mapping: that of the metadata.
                    let is_mapping = |root| matches!(document.kind(root), NodeKind::Mapping { .. });
                    sealed.layout_needed |= !document.root().is_some_and(is_mapping);
                    return Ok(*sealed);
                }
                Attempt::Moved(comments) => moved.extend(comments),
            }
        }
        Err(self_check("its comments do not come to rest"))
    }

    fn attempt(
        &self,
        source: &Source<'_>,
        document: &Document,
        part: &Part<'_>,
        insertion: &Insertion,
        moved_comments: &[u32],
        ivs: &mut IvSource,
    ) -> Result<Attempt> {
        let selection = Selection {
            comments_select: self.selector.kind().looks_at_comments(),
            mac_only_encrypted: self.mac_only_encrypted,
            moved_comments,
            len: part.end - part.start,
        };
        let around = insertion.around(source.text);
        let mut collector = Collector::new(document, source, &self.stand_in, around, selection);
        let mut selected = Walk::new(self.selector);
        walk(document, source, &mut selected, &mut collector)?;
        collector.manifests.check(source, self.allow)?;
        let mut layout = Layout::default();
        collector.settle_end(part.block.start, &mut layout, part.number);
        let mut collected = collector.finish();

        let mut skeleton = self.skeleton(source, part, insertion, &mut collected)?;
        let original = (document, source);
        let check = || self.check(&skeleton, original, part, insertion, &collected, layout);
        let (checked, mac) = if part.number == 0 && skeleton.bytes.len() >= LONG {
            let hash = || {
                let mut mac = MacHasher::new(self.mac_only_encrypted);
                mac.update(&collected.mac_input);
                MacPart::Start(Box::new(mac))
            };
            let (checked, mac) = rayon::join(check, hash);
            (checked?, mac)
        } else {
            let checked = check()?;
            let values = std::mem::take(&mut collected.mac_input);
            (checked, MacPart::Values(values))
        };
        if !checked.moved.is_empty() {
            return Ok(Attempt::Moved(checked.moved));
        }
        let secrets = Secrets {
            found: &collected.found,
            text: source.text,
            cipher: self.cipher,
            selector: self.selector,
            kept: self.kept.map(|kept| (kept, part.number)),
        };
        checked.jobs.seal_over(&mut skeleton.bytes, &secrets, ivs)?;
        Ok(Attempt::Sealed(Box::new(SealedDocument {
            bytes: skeleton.bytes,
            block: skeleton.block,
            insertion: insertion.clone(),
            mac,
            layout_needed: checked.layout_needed || !checked.layout.is_empty(),
            layout: checked.layout,
            leaves: skeleton.places.len(),
            expanded: collected.expanded,
        })))
    }

    fn skeleton(
        &self,
        source: &Source<'_>,
        part: &Part<'_>,
        insertion: &Insertion,
        collected: &mut Collected<'_>,
    ) -> Result<Skeleton> {
        let mut bytes = Vec::with_capacity(collected.skeleton_len(part.end - part.start)?);
        let mut places = Vec::with_capacity(collected.found.len());
        let text = source.text.as_bytes();
        let mut found = collected.found.iter();
        let mut lengthened = |text: &[u8], out: &mut Vec<u8>| {
            self.stand_in
                .write_lengthened(text, &mut found, &mut places, out);
        };
        let (head, tail) = (part.start..part.block.start, part.block.end..part.end);
        let edits = &mut collected.edits;
        edits.apply_with(text, head, &mut bytes, &mut lengthened);
        let block_at = bytes.len();
        insertion.write_stand_in(&mut bytes);
        let block = block_at..bytes.len();
        edits.apply_with(text, tail, &mut bytes, &mut lengthened);
        if places.len() != collected.found.len() {
            return Err(self_check("a stand-in was lost"));
        }
        Ok(Skeleton {
            bytes,
            block,
            places,
        })
    }

    /// Reads the skeleton as sops will read the sealed text, and walks over it.
    fn check(
        &self,
        skeleton: &Skeleton,
        (original, original_source): (&Document, &Source<'_>),
        part: &Part<'_>,
        insertion: &Insertion,
        collected: &Collected<'_>,
        layout: Layout,
    ) -> Result<Checked> {
        let text = std::str::from_utf8(&skeleton.bytes)
            .map_err(|_| self_check("the skeleton is not UTF-8"))?;
        let document = match self.format {
            Format::Yaml => yaml::Stream::in_place_of(text, original.extent()).next_document(),
            Format::Json => json::parse(&skeleton.bytes).map(Some),
        };
        let document = document
            .map_err(|e| self_check(&e.to_string()))?
            .ok_or_else(|| self_check("no document"))?;
        let source = Source {
            text,
            format: self.format,
            lines_before: 0,
        };
        let mut filler = Filler {
            document: &document,
            source: &source,
            around: insertion.around(text),
            original,
            original_source,
            stand_in: &self.stand_in,
            sealed_comments: &collected.sealed_comments,
            found: &collected.found,
            places: &skeleton.places,
            next: 0,
            jobs: Jobs::default(),
            moved: Vec::new(),
            layout,
            layout_needed: collected.layout_needed,
            number: part.number,
            trace: Trace::default(),
            scratch: Zeroizing::new(Vec::new()),
        };
        let mut selected = Walk::new(self.selector);
        walk(&document, &source, &mut selected, &mut filler)?;
        let same = filler.next == skeleton.places.len() && filler.trace.finish() == collected.trace;
        let mut checked = Checked {
            jobs: filler.jobs,
            moved: filler.moved,
            layout: filler.layout,
            layout_needed: filler.layout_needed,
        };
        if checked.moved.is_empty() && !same {
            let what = "the sealed text would not mean what its source means";
            return Err(self_check(what));
        }
        if let Some(removed) = metadata_range(&document, &source) {
            let is_null = original
                .root()
                .is_some_and(|root| matches!(original.kind(root), NodeKind::Scalar(_)));
            let scar = match is_null {
                // Nothing but the metadata and comments: the source is noted whole.
                true => Some(Scar::whole(&skeleton.bytes, &removed, part.original)),
                false => Scar::of(&skeleton.bytes, &skeleton.block, &removed),
            };
            if let Some(scar) = scar {
                checked
                    .layout
                    .note(part.number, SCAR.to_owned(), &scar.to_bytes());
            }
        }
        Ok(checked)
    }
}

/// The part of a text that holds a document.
struct Part<'a> {
    /// The document's number in its file.
    number: usize,
    /// The bytes of the file that are the document.
    original: &'a [u8],
    /// Where it starts, where the metadata goes or stands, and where it ends.
    start: usize,
    block: Range<usize>,
    end: usize,
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
            Format::Yaml => yaml::Stream::in_place_of(&text, document.extent()).next_document(),
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
