//! Files whose names promise neither YAML nor JSON: for SOPS they are binary, one value each, unless
//! somebody told it otherwise.

use super::super::benign;
use super::super::checks::PLAIN_FILE;
use super::super::finding::{Confidence, Hit};
use super::super::subject::{Parsed, Subject};
use super::documents::{self, Store};
use super::outside::loose_secrets;
use super::plaintext::{Kind, confidence_of};
use super::room::Room;
use super::rules::{Breadth, Cover, Ruled, Rules};
use super::secrets::{State, names_secret};
use super::{Verdict, may_be_sealed, text};
use crate::document::tree::NodeKind;
use crate::document::{Format, tree::Document};
use crate::sops::metadata::METADATA_KEY;
use crate::sops::walk::key_text;

/// Endings of documentation, where Secrets are examples.
const DOCUMENTATION: [&str; 7] = [".md", ".mdx", ".markdown", ".rst", ".adoc", ".html", ".tex"];

/// Looks at a file of any kind.
pub(super) fn check(
    subject: &Subject<'_>,
    rules: &Rules,
    cover: &Cover<'_>,
    room: &mut Room<'_>,
) -> Verdict {
    if let Some((parsed, store)) = sealed(subject) {
        return documents::check(subject, &parsed, store, rules, cover, room);
    }
    let Cover::Rule(ruled) = cover else {
        let before = room.mark();
        match subject.text() {
            Some(text) => loose_secrets(text, None, room),
            None => return not_utf8(subject, cover, room),
        }
        let name = subject.name().to_ascii_lowercase();
        if DOCUMENTATION.iter().any(|end| name.ends_with(end)) {
            room.weaken(before, Confidence::Possible);
        }
        return Verdict::default();
    };
    plain(subject, ruled, room);
    Verdict {
        rule: Some(ruled.name()),
        ..Verdict::default()
    }
}

/// The documents of a file that SOPS sealed, whatever it is called.
pub(super) fn sealed<'a>(subject: &Subject<'a>) -> Option<(Parsed<'a>, Store)> {
    if !may_be_sealed(subject.bytes) {
        return None;
    }
    let parsed = Parsed::new(subject.bytes, sniffed(subject.bytes))?;
    let has_block = |document: &Document| parsed.at(document, &[METADATA_KEY]).is_some();
    if parsed.error.is_some() || !parsed.documents.iter().any(has_block) {
        return None;
    }
    let store = match parsed.documents.as_slice() {
        [document] if is_envelope(&parsed, document) => Store::Binary,
        _ => Store::Tree,
    };
    Some((parsed, store))
}

/// The format of a text by its first character.
pub(super) fn sniffed(bytes: &[u8]) -> Format {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Format::Json,
        _ => Format::Yaml,
    }
}

/// `{"data": "ENC[...]", "sops": {...}}`
fn is_envelope(parsed: &Parsed<'_>, document: &Document) -> bool {
    let Some(root) = document.root() else {
        return false;
    };
    let is_part = |key| {
        matches!(
            key_text(document, &parsed.source, key),
            "data" | METADATA_KEY
        )
    };
    matches!(document.kind(root), NodeKind::Mapping { .. })
        && document.entries(root).all(|(key, _)| is_part(key))
        && parsed
            .at(document, &["data"])
            .is_some_and(|data| matches!(document.kind(data), NodeKind::Scalar(_)))
}

/// A covered file that is not sealed.
fn plain(subject: &Subject<'_>, ruled: &Ruled<'_>, room: &mut Room<'_>) {
    let bytes = subject.bytes;
    let is_empty = bytes.iter().all(u8::is_ascii_whitespace);
    if is_empty || is_other_ciphertext(subject) {
        return;
    }
    let has_secret = names_secret(bytes)
        && subject.text().is_some_and(|text| {
            let secrets = text::secrets(text);
            let mut values = secrets.iter().flat_map(|secret| &secret.values);
            values.any(|value| matches!(value.state, State::Plain(_)))
        });
    let confidence = match ruled.terms.breadth {
        _ if has_secret => Confidence::Certain,
        // A rule over everything covers the sources of the programs beside it as well.
        Breadth::Everything => return,
        breadth => confidence_of(subject.name(), breadth, Kind::Values),
    };
    let message = format!(
        "the rule at {} covers this file, and all of it is plain",
        ruled.name()
    );
    room.push(Hit::new(&PLAIN_FILE, 0..0, message).confidence(confidence));
}

/// Another tool encrypted all of it.
fn is_other_ciphertext(subject: &Subject<'_>) -> bool {
    const STARTS: [&[u8]; 3] = [
        b"age-encryption.org/v1",
        b"\0GITCRYPT\0",
        b"version https://git-lfs.github.com/spec/",
    ];
    STARTS.iter().any(|start| subject.bytes.starts_with(start))
        || subject
            .text()
            .is_some_and(|text| benign::is_ciphertext(text.trim()))
}

/// The text starts with the mark of UTF-16, as the Windows shell writes it.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF")
}

/// A text that is not UTF-8: what is in it is looked for if it is UTF-16.
pub(super) fn not_utf8(subject: &Subject<'_>, cover: &Cover<'_>, room: &mut Room<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let ruled = match cover {
        Cover::Rule(ruled) => Some(ruled),
        _ => None,
    };
    if is_other_ciphertext(subject) {
        verdict.rule = ruled.map(Ruled::name);
        return verdict;
    }
    let before = room.mark();
    if let Some(text) = decode_utf16(subject.bytes) {
        loose_secrets(&text, ruled, room);
        room.move_spans(before, |offset| {
            let units = text.get(..offset).map_or(0, |t| t.encode_utf16().count());
            (units * 2 + 2).min(subject.bytes.len())
        });
    }
    if let Some(ruled) = ruled {
        verdict.rule = Some(ruled.name());
        verdict.unchecked =
            Some("it is not UTF-8, so it cannot be read as YAML or JSON".to_owned());
    }
    verdict
}

fn decode_utf16(bytes: &[u8]) -> Option<String> {
    if !is_utf16(bytes) {
        return None;
    }
    let is_little = bytes.first() == Some(&0xFF);
    let units = bytes.get(2..)?.chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        match is_little {
            true => u16::from_le_bytes(pair),
            false => u16::from_be_bytes(pair),
        }
    });
    String::from_utf16(&units.collect::<Vec<u16>>()).ok()
}
