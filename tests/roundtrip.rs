//! Opening what was sealed gives the source back, byte for byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

#[path = "support/generate.rs"]
mod generate;
#[path = "support/keys.rs"]
mod keys;

use generate::{Kind, Sample};
use secrets::Format;
use secrets::keys::Identities;
use secrets::sops::file::{Terms, open_sealed, seal_plain};
use secrets::sops::open::Checks;
use secrets::sops::seal::Allow;
use secrets::sops::selector::{Selector, SelectorParts};

const INSIST: Allow = Allow {
    nothing_selected: true,
    plain_secret: true,
    encrypted_metadata: true,
};

fn selectors() -> Vec<Selector> {
    let parts = [
        SelectorParts::default(),
        SelectorParts {
            encrypted_regex: Some("^(data|stringData)$"),
            ..SelectorParts::default()
        },
        SelectorParts {
            unencrypted_regex: Some("^(metadata|kind|apiVersion|spec)$"),
            ..SelectorParts::default()
        },
        SelectorParts {
            encrypted_comment_regex: Some("secret|a"),
            ..SelectorParts::default()
        },
    ];
    parts
        .into_iter()
        .map(|p| Selector::from_parts(p).unwrap())
        .collect()
}

fn roundtrip(
    text: &[u8],
    format: Format,
    selector: &Selector,
    identities: &Identities,
) -> Result<bool, String> {
    let alice = [keys::alice()];
    let terms = Terms {
        selector,
        mac_only_encrypted: false,
        groups: &[&alice],
        shamir_threshold: 0,
        now: "2026-01-02T03:04:05Z",
        allow: INSIST,
    };
    let sealed = match seal_plain(text, format, &terms) {
        Ok(sealed) => sealed,
        Err(e) if e.message().contains("cannot be sealed without") => {
            return Err(format!("self-check: {e}"));
        }
        Err(_) => return Ok(false),
    };
    let show = |opened: &[u8]| {
        format!(
            "--- source\n{}\n--- sealed\n{}\n--- opened\n{}",
            String::from_utf8_lossy(text),
            String::from_utf8_lossy(&sealed.bytes),
            String::from_utf8_lossy(opened)
        )
    };
    match open_sealed(&sealed.bytes, format, identities, Checks::default()) {
        Ok(opened) if *opened.bytes == *text => Ok(true),
        Ok(opened) => {
            let at = opened
                .bytes
                .iter()
                .zip(text)
                .position(|(a, b)| a != b)
                .unwrap_or(opened.bytes.len().min(text.len()));
            let near = |b: &[u8]| {
                String::from_utf8_lossy(&b[at.saturating_sub(60)..(at + 60).min(b.len())])
                    .into_owned()
            };
            Err(format!(
                "differs at byte {at}: {:?} instead of {:?}\n{}",
                near(&opened.bytes),
                near(text),
                show(&opened.bytes)
            ))
        }
        Err(e) => Err(format!("{e}\n{}", show(b""))),
    }
}

#[test]
fn opening_what_was_sealed_gives_the_source_back() {
    let count: u64 = std::env::var("ROUNDTRIP_SAMPLES")
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(1500);
    let identities = keys::golden_identities();
    let selectors = selectors();
    let (mut sealed, mut refused) = (0, 0);
    let mut failed = Vec::new();
    let only: Option<u64> = std::env::var("ROUNDTRIP_SEED")
        .ok()
        .and_then(|v| v.parse().ok());
    for seed in only.map_or(0..count, |s| s..s + 1) {
        let Sample { kind, text, .. } = generate::sample(seed);
        let format = if kind == Kind::Json {
            Format::Json
        } else {
            Format::Yaml
        };
        let selector = &selectors[seed as usize % selectors.len()];
        match roundtrip(text.as_bytes(), format, selector, &identities) {
            Ok(true) => sealed += 1,
            Ok(false) => refused += 1,
            Err(e) if only.is_some() => panic!("{e}\n{text}"),
            Err(e) => failed.push(format!("seed {seed}, {}: {e}", selector.kind().name())),
        }
    }
    println!(
        "{sealed} sealed, {refused} refused, {} failed",
        failed.len()
    );
    assert!(
        failed.is_empty(),
        "{} of {count} failed, the first:\n{}",
        failed.len(),
        failed[..failed.len().min(3)].join("\n\n")
    );
    assert!(
        sealed * 10 > count * 9,
        "only {sealed} of {count} were sealed"
    );
}

/// Shapes that once were lost or refused, with the selector that showed it.
#[test]
fn odd_ends_and_aliases_come_back() {
    let identities = keys::golden_identities();
    let selectors = selectors();
    for (selector, text) in [
        // The properties of a last block scalar in clear.
        (1, "a: &a1 |\n    --- not a start"),
        (1, "a: !!str |4\n        x"),
        (2, "spec: ! |+\n  x"),
        // A last line of blanks, which is no part of the scalar above it.
        (0, "a: |1+\n "),
        (1, "a: |1+\n "),
        (0, "a: |+4        # note\n\n    "),
        (1, "    a: |+ # note\n\n  "),
        (3, "# a secret\na:\n  b: |\n    x\n  "),
        // A comment in braces, in a later document.
        (3, "- x\n"),
        // An empty document where comments select.
        (3, "---\n---\n{a: x, b: y}\n"),
        (3, "# a secret\n---\na: x\n"),
        (
            3,
            "a: 1\n---\n{\n     # a secret\n     b: 'y',\n  c: z, ## see\n  'd ': \"w\", # rotate\n   }\n",
        ),
    ] {
        let result = roundtrip(
            text.as_bytes(),
            Format::Yaml,
            &selectors[selector],
            &identities,
        );
        assert_eq!(result, Ok(text != "- x\n"), "{text:?}");
    }
}
