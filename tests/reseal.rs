//! Sealing again keeps what did not change, and no nonce ever stands for two plaintexts.
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

use std::collections::HashMap;

use generate::{Kind, Random, Sample};
use secrets::Format;
use secrets::document::scalar::{Scalar, ScalarType};
use secrets::document::tree::{Document, NodeId};
use secrets::document::{json, yaml};
use secrets::keys::{Identities, Recipient};
use secrets::sops::cipher::Cipher;
use secrets::sops::envelope::Envelope;
use secrets::sops::file::{Terms, metadata_of, open_sealed, seal_plain};
use secrets::sops::key_groups;
use secrets::sops::layout::LAYOUT_AAD;
use secrets::sops::open::Checks;
use secrets::sops::reseal::{Previous, Resealed, Reuse, WhyFresh, reseal};
use secrets::sops::seal::Allow;
use secrets::sops::selector::{Selector, SelectorParts, Walk};
use secrets::sops::walk::{Place, Source, Visitor, walk};

const BEFORE: &str = "2026-01-02T03:04:05Z";
const AFTER: &str = "2026-02-03T04:05:06Z";

fn selector(parts: SelectorParts<'_>) -> Selector {
    Selector::from_parts(parts).unwrap()
}

fn selectors() -> Vec<Selector> {
    let parts = [
        SelectorParts::default(),
        SelectorParts {
            encrypted_regex: Some("^(data|stringData)$"),
            ..SelectorParts::default()
        },
        SelectorParts {
            unencrypted_regex: Some("^(metadata|kind|apiVersion)$"),
            ..SelectorParts::default()
        },
        SelectorParts {
            encrypted_comment_regex: Some("secret|a"),
            ..SelectorParts::default()
        },
    ];
    parts.into_iter().map(selector).collect()
}

fn bob() -> Recipient {
    let plain = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/golden/plain/recipients.txt"
    );
    let text = std::fs::read_to_string(plain).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("bob "));
    Recipient::parse(line.unwrap()).unwrap()
}

/// How the files of a test are sealed.
#[derive(Clone)]
struct Way {
    selector: Selector,
    mac_only_encrypted: bool,
    groups: Vec<Vec<Recipient>>,
    threshold: usize,
}

impl Way {
    fn of(selector: &Selector) -> Self {
        Way {
            selector: selector.clone(),
            mac_only_encrypted: false,
            groups: vec![vec![keys::alice()]],
            threshold: 0,
        }
    }

    fn with<T>(&self, now: &str, use_terms: impl FnOnce(&Terms<'_>) -> T) -> T {
        let groups: Vec<&[Recipient]> = self.groups.iter().map(Vec::as_slice).collect();
        use_terms(&Terms {
            selector: &self.selector,
            mac_only_encrypted: self.mac_only_encrypted,
            groups: &groups,
            shamir_threshold: self.threshold,
            now,
            allow: Allow {
                nothing_selected: true,
                plain_secret: true,
                encrypted_metadata: true,
            },
        })
    }

    fn seal(&self, text: &str, format: Format) -> secrets::Result<Vec<u8>> {
        self.with(BEFORE, |terms| seal_plain(text.as_bytes(), format, terms))
            .map(|sealed| sealed.bytes)
    }

    fn reseal(
        &self,
        text: &str,
        format: Format,
        previous: &[u8],
        identities: &Identities,
    ) -> secrets::Result<Resealed> {
        self.reseal_at(AFTER, text, format, previous, identities)
    }

    fn reseal_at(
        &self,
        now: &str,
        text: &str,
        format: Format,
        previous: &[u8],
        identities: &Identities,
    ) -> secrets::Result<Resealed> {
        let previous = Previous {
            text: previous,
            identities,
        };
        self.with(now, |terms| {
            reseal(text.as_bytes(), format, terms, &previous)
        })
    }
}

/// A sealed value: its key path, type and plaintext, and the text that it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Value {
    aad: String,
    ty: ScalarType,
    plain: Vec<u8>,
}

/// Every ciphertext of a file with what it stands for: values, comments, the MAC, the notes on the layout.
fn ciphertexts(sealed: &[u8], format: Format, identities: &Identities) -> Vec<(Vec<u8>, Value)> {
    let metadata = metadata_of(sealed, format).unwrap().unwrap();
    let cipher = Cipher::new(&key_groups::unwrap(&metadata, identities).unwrap());
    let selector = Selector::from_parts(metadata.selector_parts()).unwrap();
    let mut reader = Reader {
        cipher: &cipher,
        comments: Vec::new(),
        found: Vec::new(),
    };
    reader.take(metadata.mac.as_bytes(), &metadata.last_modified);
    if let Some(layout) = &metadata.layout {
        let aad = std::str::from_utf8(LAYOUT_AAD).unwrap();
        reader.take(layout.as_bytes(), aad);
    }
    let text = std::str::from_utf8(sealed).unwrap();
    let mut each = |source: &Source<'_>, document: &Document| {
        let text = |comment: &secrets::document::tree::Comment| {
            source.text[comment.span.start + 1..comment.span.end].to_owned()
        };
        reader.comments = document.comments().iter().map(text).collect();
        walk(document, source, &mut Walk::new(&selector), &mut reader).unwrap();
    };
    let source = Source {
        text,
        format,
        lines_before: 0,
    };
    match format {
        Format::Json => each(&source, &json::parse(sealed).unwrap()),
        Format::Yaml => {
            let mut stream = yaml::Stream::new(sealed).unwrap();
            let source = Source {
                text: stream.text(),
                ..source
            };
            while let Some(document) = stream.next_document().unwrap() {
                each(&source, &document);
            }
        }
    }
    reader.found
}

struct Reader<'r> {
    cipher: &'r Cipher,
    comments: Vec<String>,
    found: Vec<(Vec<u8>, Value)>,
}

impl Reader<'_> {
    fn take(&mut self, text: &[u8], aad: &str) {
        if let Some(envelope) = Envelope::parse(text) {
            let (ty, plain) = self.cipher.open(&envelope, aad.as_bytes()).unwrap();
            let value = Value {
                aad: aad.to_owned(),
                ty,
                plain: plain.to_vec(),
            };
            self.found.push((text.to_vec(), value));
        }
    }
}

impl Visitor<'_> for Reader<'_> {
    fn leaf(&mut self, _: NodeId, scalar: Scalar<'_>, place: &Place<'_>) -> secrets::Result<()> {
        if place.selected {
            self.take(&scalar.canonical, place.aad);
        }
        Ok(())
    }

    fn comment(&mut self, number: u32, place: &Place<'_>) -> secrets::Result<()> {
        if place.selected && place.alias.is_none() {
            let text = std::mem::take(&mut self.comments[number as usize]);
            self.take(text.as_bytes(), place.aad);
        }
        Ok(())
    }
}

/// No nonce stands for two plaintexts, nor for one at two key paths; all files have one data key.
fn nonces_are_used_once(files: &[&[(Vec<u8>, Value)]]) -> Result<(), String> {
    let mut uses: HashMap<Vec<u8>, (&Value, &[u8])> = HashMap::new();
    for (text, value) in files.iter().copied().flatten() {
        let iv = Envelope::parse(text).unwrap().iv().to_vec();
        let (known, ciphertext) = *uses.entry(iv).or_insert((value, text));
        if known != value || ciphertext != text {
            return Err(format!("one nonce for {known:?} and {value:?}"));
        }
    }
    Ok(())
}

fn counts<T: std::hash::Hash + Eq>(items: impl Iterator<Item = T>) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}

/// How many items two lists have in common, counting repeated ones.
fn common<T: std::hash::Hash + Eq>(
    old: impl Iterator<Item = T>,
    new: impl Iterator<Item = T>,
) -> usize {
    let old = counts(old);
    counts(new)
        .into_iter()
        .map(|(item, count)| count.min(old.get(&item).copied().unwrap_or(0)))
        .sum()
}

/// An edit that a person could make, on text: of a character, a line, or several lines.
fn edit(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = random.below(lines.len().max(1));
    match random.below(6) {
        0 if !lines.is_empty() => {
            lines.remove(at);
        }
        1 if !lines.is_empty() => lines.insert(at, lines[at]),
        2 if !lines.is_empty() => {
            let other = random.below(lines.len());
            lines.swap(at, other);
        }
        3 => lines.insert(at.min(lines.len()), "zz-new: \"an added value\"\n"),
        _ => {
            let places: Vec<usize> = text
                .char_indices()
                .filter(|(_, c)| c.is_ascii_alphanumeric())
                .map(|(at, _)| at)
                .collect();
            if places.is_empty() {
                return text.to_owned();
            }
            let at = places[random.below(places.len())];
            let new = ["7", "x", "a1", ""][random.below(4)];
            return format!("{}{new}{}", &text[..at], &text[at + 1..]);
        }
    }
    lines.concat()
}

/// What is wrong with a file that was sealed, edited and sealed again; `None` if the edit makes no file that can be
/// sealed, else the number of ciphertexts that were kept.
fn check(sample: &Sample, way: &Way, identities: &Identities) -> Result<Option<usize>, String> {
    let format = match sample.kind {
        Kind::Json => Format::Json,
        _ => Format::Yaml,
    };
    let mut random = Random::new(sample.seed ^ 0x7365_616c);
    let Ok(first) = way.seal(&sample.text, format) else {
        return Ok(None);
    };
    let show = |e: secrets::Error| e.to_string();
    let same = way
        .reseal(&sample.text, format, &first, identities)
        .map_err(show)?;
    if same.reuse != Reuse::Unchanged || same.sealed.bytes != first {
        return Err("an unchanged file came back changed".into());
    }
    let mut versions = vec![(first.clone(), ciphertexts(&first, format, identities))];
    let mut text = sample.text.clone();
    let mut kept = 0;
    for day in 3..6 {
        let now = format!("2026-02-0{day}T04:05:06Z");
        let mut edited = text.clone();
        for _ in 0..random.between(1, 3) {
            edited = edit(&edited, &mut random);
        }
        match way
            .seal(&edited, format)
            .and_then(|sealed| open_sealed(&sealed, format, identities, Checks::default()))
        {
            Ok(opened) if *opened.bytes == *edited.as_bytes() => {}
            Ok(_) => return Err(format!("it does not come back\n--- edited\n{edited}")),
            Err(_) => continue,
        }
        let (previous, old) = versions.last().unwrap();
        let resealed = way
            .reseal_at(&now, &edited, format, previous, identities)
            .map_err(|e| format!("{e}\n--- edited\n{edited}"))?;
        let sealed = resealed.sealed.bytes;
        let opened = open_sealed(&sealed, format, identities, Checks::default()).map_err(show)?;
        if *opened.bytes != *edited.as_bytes() {
            return Err(format!("it opens to another text\n--- edited\n{edited}"));
        }
        let metadata = |text: &[u8]| metadata_of(text, format).unwrap().unwrap();
        let (before, after) = (metadata(previous), metadata(&sealed));
        if before.age != after.age {
            return Err("the stanzas changed".into());
        }
        let new = ciphertexts(&sealed, format, identities);
        let is_value = |c: &&(Vec<u8>, Value)| c.1.ty != ScalarType::Comment;
        let values = |all: &'static str| {
            let of = |c: &(Vec<u8>, Value)| all == "all" || is_value(&c);
            let shared = common(
                old.iter().filter(|c| of(c)).map(|c| &c.0),
                new.iter().filter(|c| of(c)).map(|c| &c.0),
            );
            let same = common(
                old.iter().filter(|c| of(c)).map(|c| &c.1),
                new.iter().filter(|c| of(c)).map(|c| &c.1),
            );
            (shared, same)
        };
        // A comment may belong elsewhere once the metadata follows, and be another one then.
        let (shared, same) = values("all");
        let (shared_values, same_values) = values("values");
        if shared > same || shared_values != same_values || shared * 10 < same * 9 {
            return Err(format!(
                "{shared} of {same}, {shared_values} of {same_values} values were kept\n--- before\n{text}\n--- edited\n{edited}"
            ));
        }
        if (before.mac == after.mac) != (before.last_modified == after.last_modified) {
            return Err("MAC and time belong together".into());
        }
        kept += shared;
        versions.push((sealed, new));
        text = edited;
    }
    let all: Vec<&[(Vec<u8>, Value)]> = versions.iter().map(|(_, c)| c.as_slice()).collect();
    nonces_are_used_once(&all)?;
    Ok((versions.len() > 1).then_some(kept))
}

#[test]
fn edited_documents_keep_the_ciphertext_of_what_did_not_change() {
    let count: u64 = std::env::var("RESEAL_SAMPLES")
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(600);
    let only: Option<u64> = std::env::var("RESEAL_SEED")
        .ok()
        .and_then(|v| v.parse().ok());
    let identities = keys::golden_identities();
    let selectors = selectors();
    let (mut resealed, mut kept) = (0, 0);
    let mut failed = Vec::new();
    for seed in only.map_or(0..count, |seed| seed..seed + 1) {
        let sample = generate::sample(seed);
        let mut way = Way::of(&selectors[seed as usize % selectors.len()]);
        way.mac_only_encrypted = seed % 5 == 0;
        match check(&sample, &way, &identities) {
            Ok(None) => {}
            Ok(Some(count)) => {
                resealed += 1;
                kept += count;
            }
            Err(e) => failed.push(format!("seed {seed}, {}: {e}", way.selector.kind().name())),
        }
    }
    println!(
        "{resealed} resealed, {kept} ciphertexts kept, {} failed",
        failed.len()
    );
    assert!(
        failed.is_empty(),
        "{} of {count} failed, the first:\n{}",
        failed.len(),
        failed[..failed.len().min(3)].join("\n\n")
    );
    if only.is_none() {
        assert!(
            resealed * 10 > count * 7,
            "only {resealed} of {count} were edited"
        );
        assert!(kept as u64 > count, "only {kept} ciphertexts were kept");
    }
}

/// A leaf by the line it stands on: what changed from one sealed text to another, by the lines of the second.
fn changed(old: &[u8], new: &[u8]) -> Vec<String> {
    let [old, new] = [old, new].map(|text| std::str::from_utf8(text).unwrap());
    let mut left: Vec<&str> = old.lines().collect();
    let mut changed = Vec::new();
    for line in new.lines() {
        match left.iter().position(|known| *known == line) {
            Some(at) => {
                left.remove(at);
            }
            None => {
                let start = line.find("ENC[").map_or(line, |at| &line[..at]);
                changed.push(start.trim().trim_end_matches(['"', '\'']).to_owned());
            }
        }
    }
    changed.retain(|line| !line.is_empty());
    changed
}

#[test]
fn a_review_shows_exactly_what_changed() {
    let identities = keys::golden_identities();
    let way = Way::of(&Selector::default());
    // The MAC and its time change with the values.
    const MAC: [&str; 2] = ["lastmodified: \"2026-02-03T04:05:06Z", "mac:"];
    for (old, new, expected) in [
        // Changed, added, removed and renamed values.
        ("a: one\nb: two\n", "a: one\nb: three\n", vec!["b:"]),
        ("a: one\n", "b: two\na: one\n", vec!["b:"]),
        ("a: one\nb: two\n", "b: two\n", vec![]),
        ("a: one\nb: two\n", "b: two\na: one\n", vec![]),
        ("a: one\n", "b: one\n", vec!["b:"]),
        // The type is a part of it, the spelling is not.
        ("a: \"5\"\nb: two\n", "a: 5\nb: two\n", vec!["a:"]),
        // Items of a list have one key path.
        (
            "l:\n- one\n- two\n",
            "l:\n- zero\n- one\n- two\n",
            vec!["-"],
        ),
        ("l:\n- one\n- two\n- one\n", "l:\n- two\n- one\n", vec![]),
        ("l:\n- one\n- one\n", "l:\n- one\n- one\n- one\n", vec!["-"]),
        (
            "l:\n- x: one\n  y: two\n",
            "l:\n- x: 1\n- x: one\n  y: two\n",
            vec!["- x:"],
        ),
        // Documents come and go.
        (
            "a: one\nn_unencrypted: 1\n---\na: one\nn_unencrypted: 2\n",
            "a: one\nn_unencrypted: 2\n",
            vec![],
        ),
        ("a: one\n", "a: two\n---\na: one\n", vec!["a:"]),
        // Comments.
        ("# note\na: one\n", "# other\na: one\n", vec!["#"]),
        ("# note\na: one\n", "# note\na: two\n", vec!["a:"]),
    ] {
        let first = way.seal(old, Format::Yaml).unwrap();
        let resealed = way.reseal(new, Format::Yaml, &first, &identities).unwrap();
        let mut lines = changed(&first, &resealed.sealed.bytes);
        lines.retain(|line| !MAC.contains(&line.as_str()) && line != "sops:" && line != "---");
        lines.dedup();
        // The second document's block is new as a whole, and not of interest.
        let is_block = |line: &String| line.starts_with("age:") || line.len() > 12;
        lines.retain(|line| !is_block(line) && !line.starts_with("- enc"));
        let (old, new) = (old.replace('\n', "|"), new.replace('\n', "|"));
        assert_eq!(lines, expected, "{old} -> {new}");
    }
}

#[test]
fn what_the_mac_does_not_cover_changes_nothing_but_itself() {
    let identities = keys::golden_identities();
    let parts = SelectorParts {
        encrypted_regex: Some("^data$"),
        ..SelectorParts::default()
    };
    let way = Way::of(&selector(parts));
    // `yes` needs a note on its spelling, which is encrypted as well.
    let old = "# first\ndata:\n  a: one\n  b: yes\nclear: x\n";
    let first = way.seal(old, Format::Yaml).unwrap();
    assert!(
        metadata_of(&first, Format::Yaml)
            .unwrap()
            .unwrap()
            .layout
            .is_some()
    );
    let new = old.replace("# first", "# second\n");
    let resealed = way.reseal(&new, Format::Yaml, &first, &identities).unwrap();
    assert_eq!(resealed.reuse, Reuse::Kept { values: 2 });
    assert_eq!(changed(&first, &resealed.sealed.bytes), ["# second"]);
    // The MAC covers this one.
    let new = old.replace("clear: x", "clear: z");
    let resealed = way.reseal(&new, Format::Yaml, &first, &identities).unwrap();
    let lines = changed(&first, &resealed.sealed.bytes);
    assert_eq!(
        lines,
        ["clear: z", "lastmodified: \"2026-02-03T04:05:06Z", "mac:"]
    );
}

#[test]
fn other_terms_get_a_new_data_key() {
    let identities = keys::golden_identities();
    let text = "a: one\nb_unencrypted: two\n";
    let alice_only = Way::of(&Selector::default());
    let mut both = alice_only.clone();
    both.groups = vec![vec![keys::alice(), bob()]];
    let mut turned = alice_only.clone();
    turned.groups = vec![vec![bob(), keys::alice()]];
    let mut groups = alice_only.clone();
    groups.groups = vec![vec![keys::alice()], vec![bob()], vec![keys::alice(), bob()]];
    groups.threshold = 2;
    let mut all_groups = groups.clone();
    all_groups.threshold = 0;
    let mut moved_groups = groups.clone();
    moved_groups.groups.rotate_left(1);
    let mut three = all_groups.clone();
    three.threshold = 3;
    let mut mac_only = alice_only.clone();
    mac_only.mac_only_encrypted = true;
    let suffix = SelectorParts {
        unencrypted_suffix: Some("_clear"),
        ..SelectorParts::default()
    };
    let mut other_selector = alice_only.clone();
    other_selector.selector = selector(suffix);
    let fresh = |why| Reuse::Nothing(why);
    for (number, (old, new, expected)) in [
        (&alice_only, &alice_only, Reuse::Unchanged),
        (&both, &turned, Reuse::Unchanged),
        (&groups, &moved_groups, Reuse::Unchanged),
        (&all_groups, &three, Reuse::Unchanged),
        (&alice_only, &both, fresh(WhyFresh::Recipients)),
        (&both, &alice_only, fresh(WhyFresh::Recipients)),
        (&both, &groups, fresh(WhyFresh::Recipients)),
        (&groups, &both, fresh(WhyFresh::Recipients)),
        (&groups, &all_groups, fresh(WhyFresh::Threshold)),
        (&alice_only, &mac_only, fresh(WhyFresh::MacScope)),
        (&alice_only, &other_selector, fresh(WhyFresh::Selector)),
    ]
    .into_iter()
    .enumerate()
    {
        let first = old.seal(text, Format::Yaml).unwrap();
        let resealed = new.reseal(text, Format::Yaml, &first, &identities).unwrap();
        assert_eq!(resealed.reuse, expected, "{number}");
        let key = |text: &[u8]| {
            let metadata = metadata_of(text, Format::Yaml).unwrap().unwrap();
            *key_groups::unwrap(&metadata, &identities).unwrap().bytes()
        };
        let same_key = key(&first) == key(&resealed.sealed.bytes);
        assert_eq!(same_key, expected == Reuse::Unchanged, "{number}");
        let opened = open_sealed(
            &resealed.sealed.bytes,
            Format::Yaml,
            &identities,
            Checks::default(),
        );
        assert_eq!(*opened.unwrap().bytes, *text.as_bytes());
        if let Reuse::Nothing(why) = expected {
            assert!(why.reason().is_some());
        }
    }
}

#[test]
fn what_cannot_be_trusted_is_not_used() {
    let identities = keys::golden_identities();
    let nobody = keys::identities(&[]);
    let way = Way::of(&Selector::default());
    let text = "a: one\nb: two\n";
    let first = String::from_utf8(way.seal(text, Format::Yaml).unwrap()).unwrap();
    let of = |start: &str| {
        let line = first.lines().find(|line| line.starts_with(start)).unwrap();
        line[start.len()..].to_owned()
    };
    let swapped = first.replace(&of("a: "), &of("b: "));
    let mac = of("    mac: ");
    let no_mac = first.replace(&mac, "\"\"");
    let removed = first.replace(&format!("b: {}\n", of("b: ")), "");
    let plain = first.replace(&of("b: "), "two");
    for (previous, identities, why) in [
        (text, &identities, WhyFresh::NotSealed),
        ("a: [", &identities, WhyFresh::NotSealed),
        ("sops: 1\n", &identities, WhyFresh::NotSealed),
        (&first, &nobody, WhyFresh::NoIdentity),
        (&swapped, &identities, WhyFresh::DoesNotVerify),
        (&no_mac, &identities, WhyFresh::DoesNotVerify),
        (&removed, &identities, WhyFresh::DoesNotVerify),
        (&plain, &identities, WhyFresh::DoesNotVerify),
    ] {
        let resealed = way
            .reseal(text, Format::Yaml, previous.as_bytes(), identities)
            .unwrap();
        assert_eq!(resealed.reuse, Reuse::Nothing(why), "{previous}");
    }
}

/// A writer that uses a nonce twice is not helped by using it a third time.
#[test]
fn nonces_that_were_used_twice_are_not_used_again() {
    let identities = keys::golden_identities();
    let way = Way::of(&Selector::default());
    let first = String::from_utf8(
        way.seal("a: one\nb: two\nc: three\n", Format::Yaml)
            .unwrap(),
    )
    .unwrap();
    let metadata = metadata_of(first.as_bytes(), Format::Yaml)
        .unwrap()
        .unwrap();
    let cipher = Cipher::new(&key_groups::unwrap(&metadata, &identities).unwrap());
    let found = ciphertexts(first.as_bytes(), Format::Yaml, &identities);
    let text_of = |aad: &str| {
        let (text, _) = found.iter().find(|(_, value)| value.aad == aad).unwrap();
        String::from_utf8(text.clone()).unwrap()
    };
    let (a, b, c) = (text_of("a:"), text_of("b:"), text_of("c:"));
    let iv = Envelope::parse(a.as_bytes())
        .unwrap()
        .reusable_iv()
        .unwrap();
    let mut bad = Vec::new();
    cipher
        .seal_into(&mut bad, b"two", b"b:", ScalarType::Str, &iv)
        .unwrap();
    let previous = first.replace(&b, std::str::from_utf8(&bad).unwrap());
    let resealed = way
        .reseal(
            "a: one\nb: two\nc: three\nd: 4\n",
            Format::Yaml,
            previous.as_bytes(),
            &identities,
        )
        .unwrap();
    assert_eq!(resealed.reuse, Reuse::Kept { values: 1 });
    let sealed = String::from_utf8(resealed.sealed.bytes).unwrap();
    assert!(sealed.contains(&c));
    assert!(
        !sealed.contains(std::str::from_utf8(Envelope::parse(a.as_bytes()).unwrap().iv()).unwrap())
    );
    let new = ciphertexts(sealed.as_bytes(), Format::Yaml, &identities);
    nonces_are_used_once(&[&new]).unwrap();
}

/// Files of sops are earlier versions like any other.
#[test]
fn files_of_sops_are_resealed() {
    let identities = keys::golden_identities();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden");
    let mut resealed = 0;
    for version in ["3.8.1", "3.9.4", "3.10.2", "3.11.0", "3.12.2", "3.13.3"] {
        for name in [
            "types.yaml",
            "comments.yaml",
            "many.yaml",
            "settings.json",
            "anchors.yaml",
        ] {
            let path = folder.join(version).join(name);
            let Ok(previous) = std::fs::read(&path) else {
                continue;
            };
            let format = if name.ends_with("json") {
                Format::Json
            } else {
                Format::Yaml
            };
            let Ok(Some(metadata)) = metadata_of(&previous, format) else {
                continue;
            };
            let mut way = Way::of(&Selector::from_parts(metadata.selector_parts()).unwrap());
            way.mac_only_encrypted = metadata.mac_only_encrypted;
            let group = |group: secrets::sops::metadata::GroupView<'_>| {
                let recipients = group
                    .age
                    .iter()
                    .map(|entry| Recipient::parse(&entry.recipient).unwrap());
                recipients.collect()
            };
            way.groups = metadata.groups().map(group).collect();
            let opened = open_sealed(&previous, format, &identities, Checks::default()).unwrap();
            let text = String::from_utf8(opened.bytes.to_vec()).unwrap();
            let shown = path.display();
            let same = way.reseal(&text, format, &previous, &identities).unwrap();
            if opened.clear_comments.is_empty() {
                assert_eq!(same.reuse, Reuse::Unchanged, "{shown}");
                assert_eq!(same.sealed.bytes, previous, "{shown}");
            }
            let edited = match format {
                Format::Json => text.replacen('{', "{\"zz_new\": \"value\",", 1),
                Format::Yaml => format!("zz_new: value\n{text}"),
            };
            let Ok(new) = way.reseal(&edited, format, &previous, &identities) else {
                println!("{shown} cannot be sealed");
                continue;
            };
            assert!(
                matches!(new.reuse, Reuse::Kept { values } if values > 0),
                "{shown}"
            );
            let opened = open_sealed(&new.sealed.bytes, format, &identities, Checks::default());
            assert_eq!(*opened.unwrap().bytes, *edited.as_bytes(), "{shown}");
            let old = ciphertexts(&previous, format, &identities);
            let now = ciphertexts(&new.sealed.bytes, format, &identities);
            nonces_are_used_once(&[&now]).unwrap();
            let shared = common(old.iter().map(|c| &c.0), now.iter().map(|c| &c.0));
            assert!(
                shared * 2 >= old.len(),
                "{shown}: {shared} of {}",
                old.len()
            );
            resealed += 1;
        }
    }
    assert!(resealed >= 15, "only {resealed} files");
}
