//! Texts that are worked through on all cores: everything is as in a short one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use secrets::document::Format;
use secrets::sops::file::{Terms, open_sealed, seal_plain};
use secrets::sops::open::{Checks, Opened};
use secrets::sops::seal::{Allow, Sealed};
use secrets::sops::selector::{Selector, SelectorParts};
use secrets::{Error, Kind};

#[path = "support/keys.rs"]
mod keys;

const DOCUMENTS: usize = 4000;

/// One of many documents: spellings that are noted, comments at either end, several shapes.
fn document(number: usize) -> String {
    let data = match number % 5 {
        0 => "data:\n  a: 0x1F # sixteen and fifteen\n  b: >-\n    folded\n    text\n",
        1 => "data: {a: 1, \"b\": 'two'}\n",
        2 => "# above\ndata:\n  # inside\n  - |\n    text\n\n  - *x\n",
        3 => "data:\n  a: \"\\x41\"\n...\n",
        _ => "data:\n  a: yes\n# below\n",
    };
    format!("---\nnumber: &x v{number}\n{data}")
}

fn text() -> String {
    (0..DOCUMENTS).map(document).collect()
}

fn seal(text: &str) -> Result<Sealed, Error> {
    let selector = Selector::from_parts(SelectorParts {
        encrypted_regex: Some("^data$"),
        ..SelectorParts::default()
    })
    .unwrap();
    let alice = [keys::alice()];
    let terms = Terms {
        selector: &selector,
        mac_only_encrypted: false,
        groups: &[&alice],
        shamir_threshold: 0,
        now: "2026-01-02T03:04:05Z",
        allow: Allow::default(),
    };
    seal_plain(text.as_bytes(), Format::Yaml, &terms)
}

fn open(text: &[u8]) -> Result<Opened, Error> {
    let identities = keys::golden_identities();
    open_sealed(text, Format::Yaml, &identities, Checks::default())
}

fn line(error: &Error) -> usize {
    error.place().expect("a place").line
}

#[test]
fn many_documents_come_back() {
    let text = text();
    assert!(text.len() > 3 * 64 * 1024, "parts are that long");
    let sealed = seal(&text).unwrap();
    let opened = open(&sealed.bytes).unwrap();
    assert!(*opened.bytes == *text.as_bytes());
    assert_eq!(sealed.expanded.len(), DOCUMENTS.div_ceil(5));
    let macs = memchr::memmem::find_iter(&sealed.bytes, b"mac: ENC[").count();
    assert_eq!(macs, DOCUMENTS);
}

#[test]
fn a_text_without_notes_on_its_layout_comes_back() {
    let text: String = (0..DOCUMENTS)
        .map(|n| format!("---\nnumber: v{n}\ndata:\n    a: text {n}\n    list:\n        - one\n        - two\n"))
        .collect();
    let sealed = seal(&text).unwrap();
    assert!(memchr::memmem::find(&sealed.bytes, b"secrets_layout").is_none());
    assert!(*open(&sealed.bytes).unwrap().bytes == *text.as_bytes());
}

#[test]
fn the_first_error_of_the_text_is_told() {
    let mut documents: Vec<String> = (0..DOCUMENTS).map(document).collect();
    documents[3000] = "---\ndata: 'never closed\n".to_owned();
    let error = seal(&documents.concat()).unwrap_err();
    let lines = documents[..3000].concat().lines().count();
    assert!(error.message().contains("quote"), "{error}");
    assert_eq!(line(&error), lines + 2, "{error}");

    // Work that fails before it, in another part or in the same one.
    for earlier in [1200, 2999] {
        let mut documents = documents.clone();
        documents[earlier] = "---\n- a list\n".to_owned();
        let error = seal(&documents.concat()).unwrap_err();
        assert_eq!(error.message(), "the document is a list");
        let lines = documents[..earlier].concat().lines().count();
        assert_eq!(line(&error), lines + 2, "{error}");
    }

    // Behind it: the syntax comes first.
    documents[3500] = "---\n- a list\n".to_owned();
    let error = seal(&documents.concat()).unwrap_err();
    assert!(error.message().contains("quote"), "{error}");
}

#[test]
fn documents_that_start_unmarked_or_oddly_are_counted() {
    // A comment that looks like a marker, a carriage return alone as a line break.
    for start in [
        "number: bare\ndata: 1\n",
        "# only\n\n",
        "a: 1\r---\rdata: 1\n",
    ] {
        let text = format!("{start}{}", text());
        let sealed = seal(&text).unwrap();
        assert!(
            *open(&sealed.bytes).unwrap().bytes == *text.as_bytes(),
            "{start}"
        );
    }
}

#[test]
fn plaintext_in_a_late_document_is_named_with_its_line() {
    let sealed = String::from_utf8(seal(&text()).unwrap().bytes).unwrap();
    let at = sealed.find("number: &x v3604\n").unwrap();
    let end = at + sealed[at..].find("a: ").unwrap();
    let value = end + sealed[end..].find('\n').unwrap();
    let changed = format!("{}a: plain{}", &sealed[..end], &sealed[value..]);
    let error = open(changed.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), Kind::Input, "{error}");
    assert!(error.message().ends_with("at `data.a`"), "{error}");
    assert_eq!(line(&error), sealed[..end].lines().count(), "{error}");
}

#[test]
fn a_document_that_is_missing_or_moved_breaks_the_mac() {
    let sealed = String::from_utf8(seal(&text()).unwrap().bytes).unwrap();
    let starts: Vec<usize> = sealed.match_indices("---\nnumber:").map(|m| m.0).collect();
    let (a, b, c) = (starts[2000], starts[2001], starts[2002]);
    let missing = format!("{}{}", &sealed[..a], &sealed[b..]);
    let swapped = [&sealed[..a], &sealed[b..c], &sealed[a..b], &sealed[c..]].concat();
    for text in [missing, swapped] {
        let error = open(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), Kind::Crypto, "{error}");
        assert!(error.message().contains("MAC"), "{error}");
    }
}

/// One mapping with more leaves than one core seals at a time.
#[test]
fn a_long_mapping_comes_back() {
    let entries: String = (0..20_000)
        .map(|n| format!("  key_{n}: value {n} {}\n", "x".repeat(n % 90)))
        .collect();
    let text = format!("data:\n{entries}kind: x\n");
    let sealed = seal(&text).unwrap();
    assert_eq!(sealed.leaves, 20_000);
    assert!(*open(&sealed.bytes).unwrap().bytes == *text.as_bytes());
    let ivs = memchr::memmem::find_iter(&sealed.bytes, b",iv:");
    let ivs: std::collections::HashSet<&[u8]> =
        ivs.map(|at| &sealed.bytes[at + 4..at + 48]).collect();
    assert_eq!(ivs.len(), 20_001, "a nonce for each value and the MAC");
}
