#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! Everything that looks like a credential here is made when the test runs.

mod files;
mod keys;
mod places;
mod tokens;

use super::bytes::{Class, is};
use super::*;
use crate::audit::finding::Confidence;

/// Bytes of a class that could have been drawn at random, the same for one seed.
pub(super) fn drawn(class: &Class, length: usize, seed: u64) -> String {
    let all: Vec<u8> = (33..127u8).filter(|byte| is(class, *byte)).collect();
    let letters: Vec<u8> = all
        .iter()
        .copied()
        .filter(u8::is_ascii_alphanumeric)
        .collect();
    let mut state = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(0x1234_5678_9abc_def1);
    let mut out = String::new();
    for at in 0..length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let mut byte = letters[(state >> 33) as usize % letters.len()];
        // Some of each kind, so that no draw looks like a word.
        if at % 5 == 1 && is(class, b'7') {
            byte = b'2' + (state % 8) as u8;
        }
        if !is(class, byte) {
            byte = letters[at % letters.len()];
        }
        out.push(char::from(byte));
    }
    out
}

/// The hits in a text; that the prefilter lets it through is part of every such test.
pub(super) fn hits(path: &str, text: impl AsRef<[u8]>) -> Vec<Hit> {
    let text = text.as_ref();
    let subject = Subject::new(path, text);
    let mut hits = Vec::new();
    check(&subject, &mut hits);
    assert!(
        hits.is_empty() || may_hold(text) || is_credential_file(path),
        "{path} would not have been looked at"
    );
    for hit in &hits {
        let value = hit.value.expose_text().unwrap_or("\u{0}");
        for part in [&hit.message, hit.fix.as_ref().unwrap_or(&String::new())] {
            assert!(
                value.len() < 6 || !part.contains(value),
                "{part} says too much"
            );
        }
        assert!(hit.span.end <= text.len());
    }
    hits
}

/// The only hit in a text: check, confidence, and what it stands on.
#[track_caller]
pub(super) fn only(path: &str, text: &str) -> (&'static str, Confidence, String) {
    let hits = hits(path, text);
    let shown: Vec<_> = hits
        .iter()
        .map(|hit| (hit.check.id, &hit.message))
        .collect();
    assert_eq!(hits.len(), 1, "{path}: {shown:?}");
    let hit = &hits[0];
    (
        hit.check.id,
        hit.confidence,
        text[hit.span.clone()].to_owned(),
    )
}

#[track_caller]
pub(super) fn none(path: &str, text: &str) {
    let hits = hits(path, text);
    let shown: Vec<_> = hits
        .iter()
        .map(|hit| (hit.check.id, &hit.message))
        .collect();
    assert!(hits.is_empty(), "{path}: {shown:?} in {text}");
}
