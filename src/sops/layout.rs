//! The source's own spellings, kept inside a sealed file.
//!
//! sops gives a sealed value one spelling when it decrypts: its emitter's. A source may spell the
//! same value in another way (`yes`, `0x1F`, a folded text, an alias), and that spelling is gone
//! once the value is ciphertext. Where it would be lost, sealing notes it under the metadata key
//! `secrets_layout`, encrypted with the data key like a value. sops and Flux pass over that key;
//! when sops rewrites the file it drops the key, and with it spellings that no longer hold.
//!
//! The presence of the key also says that the file has its source's layout, not sops': comments
//! and plain scalars then open where and as they stand.

use std::collections::HashMap;

use zeroize::Zeroizing;

/// The version of the notes that this program writes and reads.
const VERSION: &[u8] = b"1;";

/// What the notes are authenticated with, beside the data key.
pub const LAYOUT_AAD: &[u8] = b"secrets_layout:";

/// The place of the notes on what was around the metadata block; no JSON Pointer looks so.
pub const SCAR: &str = "sops";

/// Source spellings by place: the document's number and the node's JSON Pointer.
#[derive(Default)]
pub struct Layout {
    spellings: HashMap<(usize, String), Zeroizing<Vec<u8>>>,
    order: Vec<(usize, String)>,
}

impl Layout {
    /// Notes the source text of a node, from its properties to its end.
    pub fn note(&mut self, document: usize, pointer: String, source: &[u8]) {
        let place = (document, pointer);
        if self
            .spellings
            .insert(place.clone(), Zeroizing::new(source.to_vec()))
            .is_none()
        {
            self.order.push(place);
        }
    }

    /// Adds the notes on another document.
    pub fn append(&mut self, other: Layout) {
        self.order.extend(other.order);
        self.spellings.extend(other.spellings);
    }

    /// The source text of a node.
    pub fn spelling(&self, document: usize, pointer: &str) -> Option<&[u8]> {
        if self.spellings.is_empty() {
            return None;
        }
        self.spellings
            .get(&(document, pointer.to_owned()))
            .map(|s| s.as_slice())
    }

    /// No spelling is noted.
    pub fn is_empty(&self) -> bool {
        self.spellings.is_empty()
    }

    /// The notes as bytes to be sealed: `1;` and then, for each place, three fields as
    /// `length:bytes` (document number, pointer, source text).
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let size: usize = self
            .spellings
            .iter()
            .map(|((_, p), s)| p.len() + s.len() + 64)
            .sum();
        let mut out = Zeroizing::new(Vec::with_capacity(size + VERSION.len()));
        out.extend_from_slice(VERSION);
        for place in &self.order {
            let Some(spelling) = self.spellings.get(place) else {
                continue;
            };
            field(place.0.to_string().as_bytes(), &mut out);
            field(place.1.as_bytes(), &mut out);
            field(spelling, &mut out);
        }
        out
    }

    /// Reads the notes. Notes of another version or in another form are no notes: the file then
    /// opens as one that sops wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Layout> {
        let mut rest = bytes.strip_prefix(VERSION)?;
        let mut layout = Layout::default();
        while !rest.is_empty() {
            let document = std::str::from_utf8(take_field(&mut rest)?)
                .ok()?
                .parse()
                .ok()?;
            let pointer = std::str::from_utf8(take_field(&mut rest)?).ok()?.to_owned();
            let spelling = take_field(&mut rest)?;
            layout.note(document, pointer, spelling);
        }
        Some(layout)
    }
}

fn field(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes.len().to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(bytes);
}

fn take_field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let colon = rest.iter().take(12).position(|b| *b == b':')?;
    let len: usize = std::str::from_utf8(&rest[..colon]).ok()?.parse().ok()?;
    let end = colon.checked_add(1)?.checked_add(len)?;
    let field = rest.get(colon + 1..end)?;
    *rest = &rest[end..];
    Some(field)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn notes_come_back() {
        let mut layout = Layout::default();
        layout.note(0, "/data/a~1b".to_owned(), b"yes");
        layout.note(12, "/list/0".to_owned(), b">\n  two\n  lines:\n");
        let read = Layout::from_bytes(&layout.to_bytes()).unwrap();
        assert_eq!(read.spelling(0, "/data/a~1b"), Some(&b"yes"[..]));
        assert_eq!(
            read.spelling(12, "/list/0"),
            Some(&b">\n  two\n  lines:\n"[..])
        );
        assert_eq!(read.spelling(0, "/list/0"), None);
    }

    #[test]
    fn damaged_notes_are_no_notes() {
        let mut layout = Layout::default();
        layout.note(0, "/a".to_owned(), b"yes");
        let bytes = layout.to_bytes();
        for end in 2..bytes.len() {
            let read = Layout::from_bytes(&bytes[..end]);
            assert!(end == 2 || read.is_none(), "{end}");
        }
        assert!(Layout::from_bytes(b"2;").is_none());
        assert!(Layout::from_bytes(b"1;99999999999999999999:x").is_none());
    }
}
