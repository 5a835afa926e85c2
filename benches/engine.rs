//! Speed of the engine on the two large files of `docs/performance.md`.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/support/generate.rs"]
mod generate;
#[path = "../tests/support/keys.rs"]
mod keys;

use divan::Bencher;
use divan::counter::BytesCount;
use secrets::Format;
use secrets::document::yaml::Stream;
use secrets::sops::file::{Terms, open_sealed, seal_plain};
use secrets::sops::open::Checks;
use secrets::sops::seal::Allow;
use secrets::sops::selector::{Selector, SelectorParts};

const SIZE: usize = 20_000_000;
const KEYS: usize = 180_000;

fn main() {
    divan::main();
}

fn file(name: &str) -> String {
    match name {
        "many documents" => generate::many_documents(SIZE),
        _ => generate::single_mapping(KEYS),
    }
}

#[divan::bench(args = ["many documents", "single mapping"], sample_count = 10)]
fn parse(bencher: Bencher<'_, '_>, name: &str) {
    let text = file(name);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut stream = Stream::new(text.as_bytes()).unwrap();
        let mut nodes = 0;
        while let Some(document) = stream.next_document().unwrap() {
            nodes += document.len();
        }
        nodes
    });
}

fn seal(text: &str, selector: &Selector) -> Vec<u8> {
    let alice = [keys::alice()];
    let terms = Terms {
        selector,
        mac_only_encrypted: false,
        groups: &[&alice],
        shamir_threshold: 0,
        now: "2026-01-02T03:04:05Z",
        allow: Allow::default(),
    };
    seal_plain(text.as_bytes(), Format::Yaml, &terms)
        .unwrap()
        .bytes
}

fn selector(name: &str) -> Selector {
    let data = SelectorParts {
        encrypted_regex: Some("^(data|stringData)$"),
        ..SelectorParts::default()
    };
    let parts = if name == "many documents" {
        data
    } else {
        SelectorParts::default()
    };
    Selector::from_parts(parts).unwrap()
}

#[divan::bench(args = ["many documents", "single mapping"], sample_count = 5)]
fn seal_file(bencher: Bencher<'_, '_>, name: &str) {
    let text = file(name);
    let selector = selector(name);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| seal(&text, &selector));
}

#[divan::bench(args = ["many documents", "single mapping"], sample_count = 5)]
fn open_file(bencher: Bencher<'_, '_>, name: &str) {
    let sealed = seal(&file(name), &selector(name));
    let identities = keys::golden_identities();
    bencher
        .counter(BytesCount::of_slice(&sealed))
        .bench(|| open_sealed(&sealed, Format::Yaml, &identities, Checks::default()).unwrap());
}
