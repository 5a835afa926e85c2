//! Opening sealed files with the identities at hand: SEC015.

use super::super::checks::DOES_NOT_OPEN;
use super::super::finding::Hit;
use super::super::subject::Subject;
use super::documents::Store;
use super::{flat, may_be_sealed, other};
use crate::document::Format;
use crate::error::{Error, Kind};
use crate::keys::Identities;
use crate::sops::file::{metadata_of, open_sealed};
use crate::sops::open::Checks;

/// What became of opening a file.
#[derive(Debug)]
pub enum Opening {
    /// Every value opens, and the MAC holds.
    Opens,
    /// An identity belongs to the file, and a value or the MAC does not verify.
    Fails(Hit),
    /// No identity at hand opens it: why, in words.
    NoIdentity(String),
    /// It has no SOPS metadata.
    NotSealed,
    /// It is sealed in a form that cannot be opened here: why, in words.
    Unsupported(String),
}

/// Opens a sealed file in memory and verifies its MAC. Nothing of the plaintext is kept.
pub fn open_and_verify(subject: &Subject<'_>, identities: &Identities) -> Opening {
    let bytes = subject.bytes;
    if !may_be_sealed(bytes) {
        return Opening::NotSealed;
    }
    let (format, store) = match subject.format() {
        Some(format) => (format, Store::Tree),
        None if flat::Kind::of(subject.name()).is_some() => {
            return match memchr::memmem::find(bytes, b"sops_mac=").is_some()
                || memchr::memmem::find(bytes, b"[sops]").is_some()
            {
                true => {
                    Opening::Unsupported("dotenv and INI files cannot be opened yet".to_owned())
                }
                false => Opening::NotSealed,
            };
        }
        None => match other::sealed(subject) {
            Some((_, store)) => (other::sniffed(bytes), store),
            None => return Opening::NotSealed,
        },
    };
    match metadata_of(bytes, format) {
        Ok(Some(_)) => {}
        Ok(None) => return Opening::NotSealed,
        Err(error) => return Opening::Unsupported(in_words(&error)),
    }
    let error = match open_sealed(bytes, format, identities, Checks::default()) {
        Ok(_) => return Opening::Opens,
        Err(error) => error,
    };
    match error.kind() {
        Kind::Key => Opening::NoIdentity(in_words(&error)),
        Kind::Crypto => Opening::Fails(hit(subject, &error)),
        // Bytes of a binary file need not be a text that JSON can hold.
        _ if store == Store::Binary => Opening::Unsupported(in_words(&error)),
        Kind::Input if reads(bytes, format) => Opening::Fails(hit(subject, &error)),
        _ => Opening::Unsupported(in_words(&error)),
    }
}

fn reads(bytes: &[u8], format: Format) -> bool {
    super::super::subject::Parsed::new(bytes, format).is_some_and(|parsed| parsed.error.is_none())
}

fn hit(subject: &Subject<'_>, error: &Error) -> Hit {
    let offset = error.place().and_then(|place| {
        let text = subject.text()?;
        super::rule_checks::offset_of(text, place.line, place.column)
    });
    let start = offset.unwrap_or(0);
    let end = subject
        .text()
        .and_then(|text| text.get(start..)?.find('\n'))
        .map_or(start, |length| start + length);
    let span = if offset.is_some() { start..end } else { 0..0 };
    Hit::new(&DOES_NOT_OPEN, span, in_words(error))
}

/// Message and reason: neither has any part of a value.
fn in_words(error: &Error) -> String {
    match error.reason() {
        Some(reason) => format!("{} ({reason})", error.message()),
        None => error.message().to_owned(),
    }
}
