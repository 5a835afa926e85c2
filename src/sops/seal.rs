//! Sealing: a document's selected leaves become ciphertext in place, and its metadata is added.
//!
//! The sealed text is built twice. First as a skeleton in which every selected scalar is a
//! stand-in of the final shape; the skeleton is parsed again, and paths, comment places and the
//! values left in clear are taken from that parse, for that is what sops will see. Only then are
//! the stand-ins filled. The second parse also checks the first.

use std::sync::{Mutex, PoisonError};

use super::cipher::Cipher;
pub use super::collect::Allow;
use super::documents::work_through;
use super::iv::IvSource;
use super::layout::Layout;
use super::mac::MacHasher;
use super::metadata::Metadata;
use super::reseal::Kept;
use super::seal_document::{DocumentWork, MacPart, SealedDocument};
use super::sealed_file::SealedFile;
use super::selector::Selector;
use super::stand_in::StandIn;
use crate::document::Format;
use crate::document::place::place_of;
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
pub fn seal(text: &[u8], sealing: Sealing<'_>) -> Result<Sealed> {
    seal_keeping(text, sealing, None)
}

/// As [`seal`]; `kept` is what keeps the ciphertext of an earlier version with the same data key.
pub(super) fn seal_keeping(
    text: &[u8],
    sealing: Sealing<'_>,
    kept: Option<&Kept>,
) -> Result<Sealed> {
    let Sealing {
        format,
        selector,
        metadata,
        cipher,
        ivs,
        allow,
    } = sealing;
    let work = DocumentWork {
        stand_in: StandIn::new(ivs),
        format,
        selector,
        mac_only_encrypted: metadata.mac_only_encrypted,
        cipher,
        allow,
        kept,
    };
    let mut gathered = Gathered {
        mac: MacHasher::new(metadata.mac_only_encrypted),
        file: SealedFile::new(text.len(), metadata, cipher, ivs)?,
        layout: Layout::default(),
        layout_needed: false,
        leaves: 0,
        expanded: Vec::new(),
    };
    let parts = Mutex::new(&mut *ivs);
    let end = work_through(
        text,
        format,
        |source, document, number, end| {
            let mut ivs = parts.lock().unwrap_or_else(PoisonError::into_inner).split();
            work.seal(source, document, number, end, &mut ivs)
        },
        |document| gathered.add(document),
    )?;
    if gathered.file.is_empty() {
        return Err(Error::new(Kind::Input, "the text holds no document")
            .at(place_of(std::str::from_utf8(text).unwrap_or(""), 0))
            .because("it is empty, or holds comments only")
            .hint("write at least one key with its value"));
    }
    if gathered.leaves == 0 && !allow.nothing_selected {
        return Err(nothing_selected(selector));
    }
    gathered.file.end(&text[end..]);
    gathered.finish(text, &work, ivs)
}

fn nothing_selected(selector: &Selector) -> Error {
    let selector = format!("{}: {}", selector.kind().name(), selector.value());
    Error::new(
        Kind::Input,
        format!("`{selector}` selects nothing in this file"),
    )
    .because("it would be written as it is, in plaintext")
    .hint("mend the selector in the creation rule, or insist with `--allow nothing-selected`")
}

/// What the sealed documents of a file come to.
struct Gathered {
    mac: MacHasher,
    file: SealedFile,
    layout: Layout,
    layout_needed: bool,
    leaves: usize,
    expanded: Vec<String>,
}

impl Gathered {
    fn add(&mut self, mut document: SealedDocument) -> Result<()> {
        match document.mac {
            MacPart::Values(values) => self.mac.update(&values),
            MacPart::Start(mac) => self.mac = *mac,
        }
        self.layout.append(document.layout);
        self.layout_needed |= document.layout_needed;
        self.leaves += document.leaves;
        self.expanded.append(&mut document.expanded);
        self.file
            .add(document.bytes, document.block, document.insertion)
    }

    fn finish(self, source: &[u8], work: &DocumentWork<'_>, ivs: &mut IvSource) -> Result<Sealed> {
        let mut file = self.file;
        let kept = work.kept;
        file.write_mac(work.cipher, &self.mac.finish(), kept, ivs)?;
        if self.layout_needed {
            file.write_layout(work.cipher, &self.layout, kept, ivs)?;
        } else if let Some(opened) =
            file.opens_as_printed(work.format, work.selector, work.cipher)?
            && *opened != *source
        {
            // It looks as SOPS prints, and would be opened so, but its source does not.
            file.write_layout(work.cipher, &Layout::default(), kept, ivs)?;
        }
        Ok(Sealed {
            bytes: file.into_bytes(),
            leaves: self.leaves,
            expanded: self.expanded,
        })
    }
}
