//! The nonces that a new version takes over from the old one.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::super::cipher::Cipher;
use super::super::collect::is_encryptable;
use super::super::documents::for_each_document;
use super::super::envelope::Envelope;
use super::super::iv::Iv;
use super::super::layout::LAYOUT_AAD;
use super::super::mac::{Mac, open_mac};
use super::super::metadata::Metadata;
use super::super::selector::{Selector, Walk};
use super::super::walk::{Place, Source, Visitor, walk};
use super::classes::{Class, Classes, Leaf};
use super::matching::matching;
use crate::document::Format;
use crate::document::scalar::{Scalar, ScalarType};
use crate::document::tree::{Document, NodeId};
use crate::error::{Error, Result};

/// Nonces of an old version, each for the leaf of the new one that is the same: key path, type and value.
#[derive(Default)]
pub(in super::super) struct Kept {
    classes: Classes,
    /// By document of the new version and class, in order. Behind those of the leaves that were met there stand those
    /// of the old document that are left: a comment can belong elsewhere once the metadata follows.
    ivs: HashMap<(usize, Class), Vec<Option<Iv>>, RandomState>,
    values: usize,
    same_values: bool,
    mac: Option<KeptMac>,
    notes: Option<(Zeroizing<Vec<u8>>, Iv)>,
}

struct KeptMac {
    text: Zeroizing<Vec<u8>>,
    last_modified: String,
    iv: Iv,
}

impl Kept {
    /// What `new`, which is plain, may keep of `old`, which is sealed with the cipher. A text that cannot be
    /// walked over keeps nothing.
    pub(super) fn between(
        old: &[u8],
        new: &[u8],
        format: Format,
        metadata: &Metadata,
        selector: &Selector,
        cipher: &Cipher,
    ) -> Self {
        let mut classes = Classes::default();
        let olds = old_leaves(old, format, selector, cipher, &mut classes);
        let news = new_leaves(new, format, selector, &mut classes);
        let (Ok(mut olds), Ok(news)) = (olds, news) else {
            return Kept::default();
        };
        let mut mac = kept_mac(metadata, cipher);
        let mut notes = kept_notes(metadata, cipher);
        drop_shared(&mut olds, &mut mac, &mut notes);

        let old_classes: Vec<Class> = olds.iter().map(|old| old.class).collect();
        let new_classes: Vec<Class> = news.iter().map(|(_, class)| *class).collect();
        let of_new = matching(&old_classes, &new_classes, classes.len());
        let mut kept = Kept {
            same_values: old_classes == new_classes,
            mac,
            notes,
            ..Kept::default()
        };
        for (place, old) in news.into_iter().zip(of_new) {
            let iv = old.and_then(|old| olds.get_mut(old)?.iv.take());
            kept.values += usize::from(iv.is_some() && classes.is_value(place.1));
            kept.ivs.entry(place).or_default().push(iv);
        }
        for left in olds.into_iter().filter(|old| old.iv.is_some()) {
            let place = (left.document, left.class);
            kept.ivs.entry(place).or_default().push(left.iv);
        }
        kept.classes = classes;
        kept
    }

    /// All leaves are those of the old version, in the same order.
    pub(super) fn same_values(&self) -> bool {
        self.same_values
    }

    /// How many values, without comments, keep their nonces.
    pub(super) fn values(&self) -> usize {
        self.values
    }

    /// The nonces for the leaves of a document, in its order; `None` for those that are new.
    pub(in super::super) fn ivs<'l>(
        &self,
        document: usize,
        leaves: impl Iterator<Item = Result<(&'l str, ScalarType, &'l [u8])>>,
    ) -> Result<Vec<Option<Iv>>> {
        let mut met: HashMap<Class, usize, RandomState> = HashMap::default();
        leaves
            .map(|leaf| {
                let (aad, ty, plain) = leaf?;
                let leaf = Leaf {
                    sealed: true,
                    aad,
                    ty,
                    plain,
                };
                let Some(class) = self.classes.find(&leaf) else {
                    return Ok(None);
                };
                let met = met.entry(class).or_default();
                let ivs = self.ivs.get(&(document, class));
                let iv = ivs.and_then(|ivs| ivs.get(*met).copied()).flatten();
                *met += 1;
                Ok(iv)
            })
            .collect()
    }

    /// The nonce for a MAC, if it is the old one at the old time.
    pub(in super::super) fn mac_iv(&self, mac: &Mac, last_modified: &str) -> Option<Iv> {
        let old = self.mac.as_ref()?;
        (old.last_modified == last_modified && mac.matches(&old.text)).then_some(old.iv)
    }

    /// The nonce for the notes on the layout, if they are the old ones.
    pub(in super::super) fn notes_iv(&self, notes: &[u8]) -> Option<Iv> {
        let (old, iv) = self.notes.as_ref()?;
        bool::from(old.as_slice().ct_eq(notes)).then_some(*iv)
    }
}

fn kept_mac(metadata: &Metadata, cipher: &Cipher) -> Option<KeptMac> {
    let sealed = metadata.mac.as_bytes();
    let text = open_mac(cipher, sealed, &metadata.last_modified).ok()??;
    Some(KeptMac {
        text,
        last_modified: metadata.last_modified.clone(),
        iv: Envelope::parse(sealed)?.reusable_iv()?,
    })
}

fn kept_notes(metadata: &Metadata, cipher: &Cipher) -> Option<(Zeroizing<Vec<u8>>, Iv)> {
    let envelope = Envelope::parse(metadata.layout.as_deref()?.as_bytes())?;
    let (ty, notes) = cipher.open(&envelope, LAYOUT_AAD).ok()?;
    (ty == ScalarType::Str).then_some(())?;
    Some((notes, envelope.reusable_iv()?))
}

/// An old leaf.
struct Old {
    document: usize,
    class: Class,
    /// `None` if it is in clear, or has a nonce that SOPS would not write.
    iv: Option<Iv>,
}

/// Forgets nonces that stand for several plaintexts already: whoever wrote the file did it wrong, and they must not
/// be used once more.
fn drop_shared(
    olds: &mut [Old],
    mac: &mut Option<KeptMac>,
    notes: &mut Option<(Zeroizing<Vec<u8>>, Iv)>,
) {
    /// What a nonce stands for.
    #[derive(Clone, Copy, PartialEq)]
    enum Use {
        Leaf(Class),
        Mac,
        Notes,
        Several,
    }
    let mut uses: HashMap<Iv, Use, RandomState> = HashMap::default();
    let leaves = olds
        .iter()
        .filter_map(|old| Some((old.iv?, Use::Leaf(old.class))));
    let mac_use = mac.iter().map(|mac| (mac.iv, Use::Mac));
    let notes_use = notes.iter().map(|notes| (notes.1, Use::Notes));
    for (iv, this) in leaves.chain(mac_use).chain(notes_use) {
        let known = uses.entry(iv).or_insert(this);
        if *known != this {
            *known = Use::Several;
        }
    }
    let is_shared = |iv: &Iv| uses.get(iv) == Some(&Use::Several);
    for old in olds {
        old.iv = old.iv.filter(|iv| !is_shared(iv));
    }
    mac.take_if(|mac| is_shared(&mac.iv));
    notes.take_if(|notes| is_shared(&notes.1));
}

/// The leaves of a sealed text.
fn old_leaves(
    text: &[u8],
    format: Format,
    selector: &Selector,
    cipher: &Cipher,
    classes: &mut Classes,
) -> Result<Vec<Old>> {
    let mut leaves = Vec::new();
    for_each_document(text, format, |source, document, number, _| {
        let mut reader = SealedReader {
            document,
            source,
            number,
            cipher,
            classes,
            leaves: &mut leaves,
            scratch: Zeroizing::new(Vec::new()),
        };
        walk(document, source, &mut Walk::new(selector), &mut reader)
    })?;
    Ok(leaves)
}

struct SealedReader<'r> {
    document: &'r Document,
    source: &'r Source<'r>,
    number: usize,
    cipher: &'r Cipher,
    classes: &'r mut Classes,
    leaves: &'r mut Vec<Old>,
    scratch: Zeroizing<Vec<u8>>,
}

impl SealedReader<'_> {
    /// Takes in what a sealed value holds; as it was encrypted, which need not be how it is written today.
    fn sealed(&mut self, envelope: &Envelope<'_>, aad: &str) -> Result<()> {
        let opened = self
            .cipher
            .open_into(envelope, aad.as_bytes(), &mut self.scratch);
        let ty = opened.map_err(Error::from)?;
        let class = self.classes.intern(&Leaf {
            sealed: true,
            aad,
            ty,
            plain: &self.scratch,
        });
        self.leaves.push(Old {
            document: self.number,
            class,
            iv: envelope.reusable_iv(),
        });
        Ok(())
    }
}

impl Visitor<'_> for SealedReader<'_> {
    const CHECK_KEYS: bool = false;

    fn leaf(&mut self, _node: NodeId, scalar: Scalar<'_>, place: &Place<'_>) -> Result<()> {
        if scalar.ty == ScalarType::Null {
            return Ok(());
        }
        if place.selected
            && scalar.ty == ScalarType::Str
            && let Some(envelope) = Envelope::parse(&scalar.canonical)
        {
            return self.sealed(&envelope, place.aad);
        }
        let class = self.classes.intern(&Leaf {
            sealed: false,
            aad: place.aad,
            ty: scalar.ty,
            plain: &scalar.canonical,
        });
        self.leaves.push(Old {
            document: self.number,
            class,
            iv: None,
        });
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
        let text = bytes.get(comment.span.start + 1..comment.span.end);
        match text.and_then(Envelope::parse) {
            Some(envelope) => self.sealed(&envelope, place.aad),
            None => Ok(()),
        }
    }
}

/// The leaves of a plain text, each with the number of its document.
fn new_leaves(
    text: &[u8],
    format: Format,
    selector: &Selector,
    classes: &mut Classes,
) -> Result<Vec<(usize, Class)>> {
    let mut leaves = Vec::new();
    for_each_document(text, format, |source, document, number, _| {
        let mut reader = PlainReader {
            document,
            source,
            number,
            classes,
            leaves: &mut leaves,
        };
        walk(document, source, &mut Walk::new(selector), &mut reader)
    })?;
    Ok(leaves)
}

struct PlainReader<'r> {
    document: &'r Document,
    source: &'r Source<'r>,
    number: usize,
    classes: &'r mut Classes,
    leaves: &'r mut Vec<(usize, Class)>,
}

impl PlainReader<'_> {
    fn take(&mut self, leaf: &Leaf<'_>) {
        let class = self.classes.intern(leaf);
        self.leaves.push((self.number, class));
    }
}

impl Visitor<'_> for PlainReader<'_> {
    fn leaf(&mut self, _node: NodeId, scalar: Scalar<'_>, place: &Place<'_>) -> Result<()> {
        if scalar.ty != ScalarType::Null {
            self.take(&Leaf {
                sealed: place.selected && is_encryptable(&scalar),
                aad: place.aad,
                ty: scalar.ty,
                plain: &scalar.canonical,
            });
        }
        Ok(())
    }

    fn comment(&mut self, number: u32, place: &Place<'_>) -> Result<()> {
        let Some(comment) = self.document.comment(number) else {
            return Ok(());
        };
        let bytes = self.source.text.as_bytes();
        let text = bytes.get(comment.span.start + 1..comment.span.end);
        let text = text.filter(|text| !text.is_empty());
        if let Some(plain) = text.filter(|_| place.selected && place.alias.is_none()) {
            self.take(&Leaf {
                sealed: true,
                aad: place.aad,
                ty: ScalarType::Comment,
                plain,
            });
        }
        Ok(())
    }
}
