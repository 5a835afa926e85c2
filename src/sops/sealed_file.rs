//! A sealed file while it is put together: the documents with their metadata blocks. Its MAC is known
//! last, but not its length: until then another MAC holds the place.

use std::ops::Range;

use memchr::memmem;

use super::cipher::Cipher;
use super::insertion::Insertion;
use super::iv::{Iv, IvSource};
use super::layout::{LAYOUT_AAD, Layout};
use super::mac::{Mac, MacHasher, seal_mac};
use super::metadata::Metadata;
use super::open::{Checks, open};
use super::printed::{MAX_PRINTED, Printed};
use super::reseal::Kept;
use super::selector::Selector;
use super::stand_in::self_check;
use crate::document::Format;
use crate::document::scalar::ScalarType;
use crate::error::Result;
use crate::secret::SecretBuffer;

pub(super) struct SealedFile {
    bytes: Vec<u8>,
    /// How long it may become, in bytes.
    expected: usize,
    metadata: Metadata,
    /// Where the MAC stands, once for each document.
    macs: Vec<usize>,
    /// The first document's block. The notes on the layout may be long, and only this one is read.
    first: Option<(Range<usize>, Insertion)>,
    /// Blocks that were written: those of the same shape are the same bytes.
    rendered: Vec<Block>,
}

struct Block {
    insertion: Insertion,
    bytes: Vec<u8>,
    /// Where the MAC stands in it.
    mac: usize,
}

impl SealedFile {
    /// A file without documents, made of a text of `len` bytes. The metadata has no MAC and no layout
    /// notes yet.
    pub(super) fn new(
        len: usize,
        mut metadata: Metadata,
        cipher: &Cipher,
        ivs: &mut IvSource,
    ) -> Result<Self> {
        let none = MacHasher::new(false).finish();
        metadata.mac = sealed_mac(cipher, &none, &metadata.last_modified, &ivs.next_iv())?;
        metadata.layout = None;
        Ok(SealedFile {
            bytes: Vec::new(),
            expected: len.saturating_mul(2),
            metadata,
            macs: Vec::new(),
            first: None,
            rendered: Vec::new(),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Adds a document, whose metadata goes over `place`.
    pub(super) fn add(
        &mut self,
        document: Vec<u8>,
        place: Range<usize>,
        insertion: Insertion,
    ) -> Result<()> {
        let block = self.render(&insertion)?;
        let (bytes, mac) = (&self.rendered[block].bytes, self.rendered[block].mac);
        let at = self.bytes.len() + place.start;
        if self.bytes.is_empty() {
            // As a rule the only one: its text is not copied.
            self.bytes = document;
            self.bytes.splice(place, bytes.iter().copied());
        } else {
            if self.macs.len() == 1 {
                // Room for all of them, used as it comes: growing would copy.
                self.bytes.reserve(self.expected);
            }
            self.bytes.extend_from_slice(&document[..place.start]);
            self.bytes.extend_from_slice(bytes);
            self.bytes.extend_from_slice(&document[place.end..]);
        }
        self.macs.push(at + mac);
        if self.first.is_none() {
            self.first = Some((at..at + bytes.len(), insertion));
        }
        Ok(())
    }

    fn render(&mut self, insertion: &Insertion) -> Result<usize> {
        let known = |block: &Block| block.insertion.same_shape(insertion);
        if let Some(index) = self.rendered.iter().position(known) {
            return Ok(index);
        }
        let mut bytes = Vec::new();
        insertion.write_metadata(&self.metadata, &mut bytes);
        let mac = memmem::find(&bytes, self.metadata.mac.as_bytes())
            .ok_or_else(|| self_check("its metadata has no MAC"))?;
        self.rendered.push(Block {
            insertion: insertion.clone(),
            bytes,
            mac,
        });
        Ok(self.rendered.len() - 1)
    }

    /// Adds what stands behind the last document.
    pub(super) fn end(&mut self, rest: &[u8]) {
        self.bytes.extend_from_slice(rest);
    }

    /// Puts the MAC in its place.
    pub(super) fn write_mac(
        &mut self,
        cipher: &Cipher,
        mac: &Mac,
        kept: Option<&Kept>,
        ivs: &mut IvSource,
    ) -> Result<()> {
        let last_modified = &self.metadata.last_modified;
        let iv = kept.and_then(|kept| kept.mac_iv(mac, last_modified));
        let iv = iv.unwrap_or_else(|| ivs.next_iv());
        let mac = sealed_mac(cipher, mac, last_modified, &iv)?;
        for &at in &self.macs {
            match self.bytes.get_mut(at..at + mac.len()) {
                Some(place) if mac.len() == self.metadata.mac.len() => {
                    place.copy_from_slice(mac.as_bytes());
                }
                _ => return Err(self_check("its MAC has no place")),
            }
        }
        self.metadata.mac = mac;
        Ok(())
    }

    /// Puts notes on the layout into the first document. The MAC is in its place.
    pub(super) fn write_layout(
        &mut self,
        cipher: &Cipher,
        layout: &Layout,
        kept: Option<&Kept>,
        ivs: &mut IvSource,
    ) -> Result<()> {
        let mut notes = Vec::new();
        let (plain, ty) = (layout.to_bytes(), ScalarType::Str);
        let iv = kept.and_then(|kept| kept.notes_iv(&plain));
        let iv = iv.unwrap_or_else(|| ivs.next_iv());
        cipher.seal_into(&mut notes, &plain, LAYOUT_AAD, ty, &iv)?;
        self.metadata.layout = Some(ascii(notes));
        if let Some((range, insertion)) = self.first.take() {
            let mut block = Vec::new();
            insertion.write_metadata(&self.metadata, &mut block);
            self.bytes.splice(range, block);
        }
        Ok(())
    }

    /// What the file opens to, if it looks as SOPS would have printed it.
    pub(super) fn opens_as_printed(
        &self,
        format: Format,
        selector: &Selector,
        cipher: &Cipher,
    ) -> Result<Option<SecretBuffer>> {
        let bytes = &self.bytes;
        if format != Format::Yaml || bytes.len() > MAX_PRINTED || Printed::of(bytes).is_none() {
            return Ok(None);
        }
        let checks = Checks::default();
        let opened = open(bytes, format, &self.metadata, selector, cipher, checks)?;
        Ok(Some(opened.bytes))
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn sealed_mac(cipher: &Cipher, mac: &Mac, last_modified: &str, iv: &Iv) -> Result<String> {
    let mut text = Vec::new();
    seal_mac(cipher, &mut text, mac, last_modified, iv)?;
    Ok(ascii(text))
}

/// Sealed values are ASCII.
pub(super) fn ascii(text: Vec<u8>) -> String {
    String::from_utf8(text).unwrap_or_default()
}
