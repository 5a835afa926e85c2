//! Sealing what was added in plaintext to a file that is already sealed: with the file's own data
//! key, every other ciphertext as it was.

use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::collect::{is_encryptable, tag_to_drop};
use super::documents::{for_each_document, metadata_node};
use super::envelope::{Envelope, looks_damaged};
use super::insertion::insertion;
use super::iv::IvSource;
use super::mac::{MacHasher, open_mac, seal_mac};
use super::metadata::{Metadata, Spans};
use super::plain_paths::{damaged, list_paths};
use super::sealed_file::ascii;
use super::selector::{Selector, Walk};
use super::walk::{Place, Source, Visitor, walk};
use crate::document::Format;
use crate::document::edit::Edits;
use crate::document::restyle::replace_sealed;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeId};
use crate::document::yaml::restyle::Surroundings;
use crate::error::{Error, Kind, Result};

/// Key paths of plain values at places that the file's own selector selects.
///
/// # Errors
/// The text cannot be read.
pub fn plain_paths(text: &[u8], format: Format, selector: &Selector) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for_each_document(text, format, |source, document, _, _| {
        let mut finder = Finder {
            document,
            source,
            paths: &mut paths,
        };
        walk(document, source, &mut Walk::new(selector), &mut finder)
    })?;
    Ok(paths)
}

struct Finder<'f> {
    document: &'f Document,
    source: &'f Source<'f>,
    paths: &'f mut Vec<String>,
}

impl Visitor<'_> for Finder<'_> {
    fn leaf(&mut self, node: NodeId, scalar: Scalar<'_>, place: &Place<'_>) -> Result<()> {
        if place.selected && is_plain(&scalar) {
            if looks_damaged(&scalar.canonical) {
                return Err(damaged(self.document, self.source, node, place));
            }
            self.paths.push(place.key_path(self.document, self.source));
        }
        Ok(())
    }
}

fn is_plain(scalar: &Scalar<'_>) -> bool {
    is_encryptable(scalar)
        && (scalar.ty != ScalarType::Str || Envelope::parse(&scalar.canonical).is_none())
}

/// The error for a sealed file with plain values that no identity is at hand to seal.
pub fn partly_plain(paths: &[String]) -> Error {
    Error::new(Kind::Input, "this sealed file holds values in plaintext")
        .because(format!("at {}", list_paths(paths)))
}

/// What a file needs to be topped up.
pub struct TopUp<'a> {
    /// The text's format.
    pub format: Format,
    /// The file's own metadata.
    pub metadata: &'a Metadata,
    /// The file's own selector.
    pub selector: &'a Selector,
    /// The cipher of its data key.
    pub cipher: &'a Cipher,
    /// Fresh nonces.
    pub ivs: &'a mut IvSource,
    /// The time to write into the metadata.
    pub now: &'a str,
}

/// A file whose plain values were sealed.
#[derive(Debug)]
pub struct ToppedUp {
    /// The whole text.
    pub bytes: Vec<u8>,
    /// Values that stay in clear were edited, or values removed, since the file was sealed: the new MAC
    /// covers what stands there now.
    pub edited: bool,
}

/// Seals the plain values at selected places. The MAC of what was sealed before must hold: it is
/// computed over the sealed values and compared before the new ones count.
///
/// # Errors
/// A sealed value or the MAC does not verify.
pub fn top_up(text: &[u8], request: TopUp<'_>) -> Result<ToppedUp> {
    let TopUp {
        format,
        metadata,
        selector,
        cipher,
        ivs,
        now,
    } = request;
    let mut before = MacHasher::new(metadata.mac_only_encrypted);
    let mut after = MacHasher::new(metadata.mac_only_encrypted);
    let mut documents = Vec::new();
    for_each_document(text, format, |source, document, _, end| {
        let start = document.extent().start;
        let mut filler = Filler {
            document,
            source,
            around: insertion(document, source, end).around(source.text),
            cipher,
            ivs,
            before: &mut before,
            after: &mut after,
            mac_only_encrypted: metadata.mac_only_encrypted,
            edits: Edits::default(),
            scratch: Zeroizing::new(Vec::new()),
        };
        walk(document, source, &mut Walk::new(selector), &mut filler)?;
        let spans = metadata_node(document, source).map(|n| Spans::find(document, n, source.text));
        documents.push((start..end, filler.edits, spans));
        Ok(())
    })?;
    let stored = open_mac(cipher, metadata.mac.as_bytes(), &metadata.last_modified)
        .ok()
        .flatten();
    // A value added in the clear part also changes the MAC; only the sealed part must be intact,
    // and each sealed value has proven itself. A lost value cannot be told from an edit in clear.
    let intact = stored.is_some_and(|s| before.finish().matches(&s));
    if !intact && metadata.mac_only_encrypted {
        return Err(Error::new(
            Kind::Crypto,
            "the MAC of this file does not match its sealed values",
        )
        .because("a sealed value was changed or removed, not only added")
        .hint("restore the file from version control and add the new values again"));
    }
    let mut mac = Vec::new();
    seal_mac(cipher, &mut mac, &after.finish(), now, &ivs.next_iv())?;
    let mac = ascii(mac);
    let mut out = Vec::with_capacity(text.len() + 4096);
    let mut done = 0;
    for (range, mut edits, spans) in documents {
        if let Some(spans) = spans {
            for (slot, value) in [(spans.mac, mac.as_str()), (spans.last_modified, now)] {
                if let Some(slot) = slot {
                    edits.replace(slot.span.clone(), slot.spelling(value).as_bytes());
                }
            }
        }
        done = range.end;
        edits.apply(text, range, &mut out);
    }
    out.extend_from_slice(&text[done..]);
    Ok(ToppedUp {
        bytes: out,
        edited: !intact,
    })
}

struct Filler<'f> {
    document: &'f Document,
    source: &'f Source<'f>,
    around: Surroundings<'f>,
    cipher: &'f Cipher,
    ivs: &'f mut IvSource,
    before: &'f mut MacHasher,
    after: &'f mut MacHasher,
    mac_only_encrypted: bool,
    edits: Edits,
    scratch: Zeroizing<Vec<u8>>,
}

impl Visitor<'_> for Filler<'_> {
    fn leaf(&mut self, node: NodeId, scalar: Scalar<'_>, place: &Place<'_>) -> Result<()> {
        if scalar.ty == ScalarType::Null {
            return Ok(());
        }
        if !place.selected || scalar.canonical.is_empty() {
            if !self.mac_only_encrypted || place.selected {
                self.before.update(&scalar.canonical);
                self.after.update(&scalar.canonical);
            }
            return Ok(());
        }
        let envelope = match scalar.ty {
            ScalarType::Str => Envelope::parse(&scalar.canonical),
            _ => None,
        };
        if let Some(envelope) = envelope {
            let opened = self
                .cipher
                .open_into(&envelope, place.aad.as_bytes(), &mut self.scratch);
            let ty = opened.map_err(|e| {
                let path = place.key_path(self.document, self.source);
                self.source
                    .error(self.document.span(node).start, Kind::Crypto, format!("a value cannot be opened at `{path}`"))
                    .because(e.to_string())
                    .hint("a sealed value opens only under the key path that it was sealed at: look for renamed or moved keys")
            })?;
            if ty == ScalarType::Comment {
                return Ok(());
            }
            let value = Scalar::from_decrypted(ty, &self.scratch)
                .map_err(|_| Error::new(Kind::Crypto, "an opened value is not of its type"))?;
            self.before.update(&value.canonical);
            self.after.update(&value.canonical);
            return Ok(());
        }
        if place.alias.is_some() {
            return Err(self
                .source
                .error(
                    self.document.span(node).start,
                    Kind::Input,
                    "an alias brings plaintext to an encrypted place",
                )
                .hint("write the value out instead of the alias"));
        }
        self.after.update(&scalar.canonical);
        let mut sealed = Vec::new();
        self.cipher.seal_into(
            &mut sealed,
            &scalar.canonical,
            place.aad.as_bytes(),
            scalar.ty,
            &self.ivs.next_iv(),
        )?;
        let around = Surroundings {
            parent: place.parent,
            ..self.around
        };
        let (document, format) = (self.document, self.source.format);
        if let Some(tag) = tag_to_drop(document, node, self.source.text) {
            self.edits.replace(tag, b"");
        }
        replace_sealed(format, document, node, &around, &sealed, &mut self.edits);
        Ok(())
    }
}
