//! The engine against an adversary: damaged files, leaking spellings, notes from elsewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/generate.rs"]
mod generate;
#[path = "support/keys.rs"]
mod keys;
#[path = "support/leaves.rs"]
mod leaves;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use generate::{Kind, Random, Sample};
use leaves::{Leaf, leaves};
use secrets::Format;
use secrets::sops::cipher::Cipher;
use secrets::sops::data_key::DataKey;
use secrets::sops::envelope::Envelope;
use secrets::sops::file::{Update, metadata_of, update_sealed};
use secrets::sops::iv::IvSource;
use secrets::sops::metadata::Metadata;
use secrets::sops::open::{Checks, open};
use secrets::sops::seal::{Allow, Sealing, seal};
use secrets::sops::selector::{Selector, SelectorParts};

const NOW: &str = "2026-01-02T03:04:05Z";
const SENTINEL: &str = "S3ntinel";

/// Samples per property; more with `PROPERTY_SAMPLES`.
fn samples(usual: u64) -> u64 {
    let wanted = std::env::var("PROPERTY_SAMPLES").ok();
    wanted.and_then(|v| v.parse().ok()).unwrap_or(usual)
}

/// A data key, and metadata that holds it wrapped: wrapping takes most of the time of sealing.
struct Key {
    data_key: DataKey,
    metadata: Metadata,
}

impl Key {
    fn new() -> Self {
        let mut metadata = Metadata {
            last_modified: NOW.into(),
            version: "3.13.3".into(),
            ..Metadata::default()
        };
        let data_key = DataKey::generate().unwrap();
        let alice = [keys::alice()];
        secrets::sops::key_groups::wrap(&mut metadata, &data_key, &[&alice], 0).unwrap();
        Key { data_key, metadata }
    }
}

/// A selector with the metadata that names it.
struct Rule {
    selector: Selector,
    metadata: Metadata,
}

fn rule(number: u64, key: &Key) -> Rule {
    let mut metadata = key.metadata.clone();
    match number % 5 {
        0 => metadata.unencrypted_suffix = Some("_unencrypted".into()),
        1 => metadata.encrypted_regex = Some("^(data|stringData)$".into()),
        2 => metadata.unencrypted_regex = Some("^(metadata|kind|apiVersion|spec)$".into()),
        3 => metadata.encrypted_regex = Some("a|e".into()),
        _ => metadata.encrypted_comment_regex = Some("secret|a".into()),
    }
    Rule {
        selector: Selector::from_parts(metadata.selector_parts()).unwrap(),
        metadata,
    }
}

fn seal_with(text: &str, format: Format, rule: &Rule, key: &Key, iv: u64) -> Option<String> {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&iv.to_le_bytes());
    let sealing = Sealing {
        format,
        selector: &rule.selector,
        metadata: rule.metadata.clone(),
        cipher: &Cipher::new(&key.data_key),
        ivs: &mut IvSource::from_seed(seed),
        allow: Allow {
            nothing_selected: false,
            plain_secret: true,
            encrypted_metadata: true,
        },
    };
    let sealed = seal(text.as_bytes(), sealing).ok()?;
    Some(String::from_utf8(sealed.bytes).unwrap())
}

/// Opens as the program does, but with a known data key.
fn open_with(text: &[u8], format: Format, key: &Key) -> Option<Vec<u8>> {
    let metadata = metadata_of(text, format).ok()??;
    let selector = Selector::from_parts(metadata.selector_parts()).ok()?;
    let cipher = Cipher::new(&key.data_key);
    let opened = open(
        text,
        format,
        &metadata,
        &selector,
        &cipher,
        Checks::default(),
    );
    opened.ok().map(|opened| opened.bytes.to_vec())
}

fn format_of(sample: &Sample) -> Format {
    match sample.kind {
        Kind::Json => Format::Json,
        _ => Format::Yaml,
    }
}

fn secret_leaves(text: &[u8], format: Format, selector: &Selector) -> Option<Vec<Leaf>> {
    let mut all = leaves(text, format, selector)?;
    all.retain(|leaf| leaf.selected && leaf.has_value);
    // A document without values leaves no trace in the MAC: it can be lost.
    all.iter_mut().for_each(|leaf| leaf.document = 0);
    // `type:` is authenticated neither by SOPS' ciphertext nor by its MAC: who can write to the
    // file can make the number 1 the text "1".
    Some(without_types(all))
}

fn without_types(mut leaves: Vec<Leaf>) -> Vec<Leaf> {
    leaves.iter_mut().for_each(|leaf| leaf.value.0 = "");
    leaves
}

fn char_floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn place(random: &mut Random, text: &str) -> usize {
    char_floor(text, random.below(text.len() + 1))
}

fn line_of(random: &mut Random, text: &str) -> Range<usize> {
    let at = place(random, text);
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n + 1);
    start..end
}

fn envelopes(text: &str) -> Vec<Range<usize>> {
    let starts = text.match_indices("ENC[AES256_GCM,");
    let ends = starts.filter_map(|(at, _)| text[at..].find(']').map(|end| at..at + end + 1));
    ends.collect()
}

/// Damage as people, merges and attackers do it.
fn mutate(random: &mut Random, text: &str, other: &str) -> Vec<u8> {
    let mut out = text.to_owned();
    for _ in 0..random.between(1, 3) {
        match random.below(10) {
            0 => {
                let mut bytes = out.into_bytes();
                let at = random.below(bytes.len().max(1));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
                match String::from_utf8(bytes) {
                    Ok(text) => out = text,
                    Err(bad) => return bad.into_bytes(),
                }
            }
            1 => {
                let line = line_of(random, &out);
                out.replace_range(line, "");
            }
            2 => {
                let line = line_of(random, &out);
                let copy = out[line.clone()].to_owned();
                let at = line_of(random, &out).start;
                out.insert_str(at, &copy);
                if random.chance(50) && at > line.start {
                    out.replace_range(line, "");
                }
            }
            3 => {
                let line = line_of(random, other);
                let at = line_of(random, &out).start;
                out.insert_str(at, &other[line]);
            }
            4 | 5 => {
                // Ciphertext in another place.
                let all = envelopes(&out);
                if all.len() > 1 {
                    let (a, b) = (random.below(all.len()), random.below(all.len()));
                    let (a, b) = (all[a.min(b)].clone(), all[a.max(b)].clone());
                    let (first, second) = (out[a.clone()].to_owned(), out[b.clone()].to_owned());
                    out.replace_range(b, &first);
                    if random.chance(70) {
                        out.replace_range(a, &second);
                    }
                }
            }
            6 => {
                let at = place(random, &out);
                let what = [
                    "\n", " ", "  ", "- ", "#", "\"", "'", "&a ", "*a", "!!str ", "|", "{", "}",
                    "[", ",", ": ", "~", "\t", "---\n", "...\n", "\r\n", "\u{feff}", "\u{2028}",
                    "\0", "null", "<<: *a\n",
                ];
                out.insert_str(at, what[random.below(what.len())]);
            }
            7 => {
                let at = place(random, &out);
                out.truncate(at);
            }
            8 => {
                let from = place(random, &out);
                let to = char_floor(&out, (from + random.below(40)).min(out.len()));
                out.replace_range(from..to, "");
            }
            _ => {
                // Not `bytes`, which JSON shows in base64: nothing but the value authenticates a type.
                let types = [
                    "type:str",
                    "type:int",
                    "type:float",
                    "type:bool",
                    "type:comment",
                    "type:time",
                ];
                let from = types[random.below(types.len())];
                let to = types[random.below(types.len())];
                out = out.replacen(from, to, 1);
            }
        }
    }
    out.into_bytes()
}

#[test]
fn damaged_files_never_open_to_other_values() {
    let key = Key::new();
    let (mut opened, mut refused) = (0, 0);
    let mut other = String::from("a: b\n");
    for seed in 0..samples(300) {
        let sample = generate::sample(seed);
        let format = format_of(&sample);
        // Comments are no part of the MAC, so rules that look at them are left out.
        let rule = rule(seed % 4, &key);
        let Some(sealed) = seal_with(&sample.text, format, &rule, &key, seed) else {
            continue;
        };
        let wanted = secret_leaves(sample.text.as_bytes(), format, &rule.selector).unwrap();
        let mut random = Random::new(seed);
        for _ in 0..30 {
            let damaged = mutate(&mut random, &sealed, &other);
            let run = || open_with(&damaged, format, &key);
            let shown = || String::from_utf8_lossy(&damaged).into_owned();
            let Ok(result) = catch_unwind(AssertUnwindSafe(run)) else {
                panic!("seed {seed} panics:\n{}", shown());
            };
            let Some(result) = result else {
                refused += 1;
                continue;
            };
            opened += 1;
            let got = secret_leaves(&result, format, &rule.selector);
            let first = got.iter().flatten().zip(&wanted).find(|(a, b)| a != b);
            assert!(
                got.as_ref() == Some(&wanted),
                "seed {seed} opens to other values: {first:?}\n--- damaged\n{}\n--- opened\n{}",
                shown(),
                String::from_utf8_lossy(&result)
            );
        }
        other = sealed;
    }
    assert!(
        refused > opened && opened > 100,
        "{opened} opened, {refused} refused"
    );
}

/// Puts the sentinel into letters and digits within `span`.
fn inject(random: &mut Random, text: &str, span: &Range<usize>) -> Option<String> {
    let inside = &text[span.clone()];
    let mut runs = Vec::new();
    let mut start = None;
    for (at, byte) in inside.bytes().chain([b' ']).enumerate() {
        match (byte.is_ascii_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                if at - from >= 3 {
                    runs.push(span.start + from..span.start + at);
                }
                start = None;
            }
            _ => {}
        }
    }
    if runs.is_empty() {
        return None;
    }
    let run = runs[random.below(runs.len())].clone();
    let mut out = text.to_owned();
    out.insert_str(run.end, SENTINEL);
    Some(out)
}

/// The sentinel in base64, whatever stands before it.
fn base64_forms() -> Vec<String> {
    (0..3)
        .map(|shift| {
            let bytes = [vec![b'x'; shift], SENTINEL.as_bytes().to_vec()].concat();
            let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&bytes);
            // Only the characters that hold nothing but bytes of the sentinel.
            let from = (shift * 8).div_ceil(6);
            text[from..bytes.len() * 8 / 6].to_owned()
        })
        .collect()
}

#[test]
fn no_selected_value_or_comment_is_in_what_was_sealed() {
    let key = Key::new();
    let forms = base64_forms();
    let (mut checked, mut comments) = (0, 0);
    for seed in 0..samples(700) {
        let sample = generate::sample(seed);
        let format = format_of(&sample);
        let rule = rule(seed, &key);
        let mut random = Random::new(seed);
        let mut text = sample.text.clone();
        let mut injected = 0;
        for _ in 0..6 {
            let Some(spans) = leaves::selected_spans(text.as_bytes(), format, &rule.selector)
            else {
                break;
            };
            // Where comments select, the one at the end belongs to the metadata behind it.
            let spans: Vec<_> = spans
                .into_iter()
                .filter(|(_, is_comment)| !is_comment || !rule.selector.kind().looks_at_comments())
                .collect();
            if spans.is_empty() {
                break;
            }
            let (span, is_comment) = &spans[random.below(spans.len())];
            let Some(candidate) = inject(&mut random, &text, span) else {
                continue;
            };
            // In a number, a tag or an escape the text may have changed its meaning.
            let all = leaves(candidate.as_bytes(), format, &rule.selector);
            let places = leaves::selected_spans(candidate.as_bytes(), format, &rule.selector);
            let hidden = places.is_some_and(|places| {
                let mut rest = candidate.clone().into_bytes();
                for (span, _) in &places {
                    rest[span.clone()].fill(b' ');
                }
                !rest
                    .windows(SENTINEL.len())
                    .any(|w| w == SENTINEL.as_bytes())
            });
            if all.is_some() && hidden {
                text = candidate;
                injected += 1;
                comments += usize::from(*is_comment);
            }
        }
        if injected == 0 {
            continue;
        }
        let Some(sealed) = seal_with(&text, format, &rule, &key, seed) else {
            continue;
        };
        checked += 1;
        for form in forms.iter().map(String::as_str).chain([SENTINEL]) {
            assert!(
                !sealed.contains(form),
                "seed {seed}: {form}\n--- source\n{text}\n--- sealed\n{sealed}"
            );
        }
        assert_eq!(
            open_with(sealed.as_bytes(), format, &key).as_deref(),
            Some(text.as_bytes()),
            "seed {seed}"
        );
    }
    assert!(
        checked > 200 && comments > 20,
        "{checked} checked, {comments} comments"
    );
}

/// A place before an entry of a block mapping whose value is ciphertext: where, and how deep.
fn entry_places(sealed: &str) -> Vec<(usize, String)> {
    let mut places = Vec::new();
    let mut at = 0;
    for line in sealed.split_inclusive('\n') {
        let content = line.trim_start_matches(' ');
        let indent = &line[..line.len() - content.len()];
        let key_end = content.find(": ENC[AES256_GCM,");
        if let Some(end) = key_end
            && content[..end]
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && line.trim_end().ends_with("type:str]")
        {
            places.push((at, indent.to_owned()));
        }
        if line.starts_with("sops:") {
            break;
        }
        at += line.len();
    }
    places
}

#[test]
fn what_is_added_in_plaintext_is_sealed_and_nothing_else_changes() {
    let key = Key::new();
    let identities = std::sync::Arc::new(keys::golden_identities());
    let mut topped = 0;
    for seed in 0..samples(400) {
        let sample = generate::sample(seed);
        let format = format_of(&sample);
        let rule = rule(seed % 4, &key);
        let Some(sealed) = seal_with(&sample.text, format, &rule, &key, seed) else {
            continue;
        };
        let update = |text: &str| {
            let metadata = metadata_of(text.as_bytes(), format).unwrap().unwrap();
            let identities = || Ok(identities.clone());
            update_sealed(
                text.as_bytes(),
                format,
                &metadata,
                identities,
                "2026-02-02T03:04:05Z",
            )
        };
        assert!(
            matches!(update(&sealed), Ok(Update::Untouched)),
            "seed {seed}:\n{sealed}"
        );
        let places = entry_places(&sealed);
        if places.is_empty() || format == Format::Json {
            continue;
        }
        let mut random = Random::new(seed);
        let (at, indent) = &places[random.below(places.len())];
        let value = [
            "plain",
            "'it''s'",
            "\"two\\nlines\"",
            "0x1F",
            "true",
            "1.50",
            "2020-01-01",
            "[a, b]",
            "{data: x}",
        ];
        let line_break = if sealed.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        let line = format!(
            "{indent}zzdata: {}{line_break}",
            value[random.below(value.len())]
        );
        let mut added = sealed.clone();
        added.insert_str(*at, &line);
        if leaves(added.as_bytes(), format, &rule.selector).is_none() {
            // Between the two lines of an explicit key nothing can stand.
            continue;
        }
        let (text, paths) = match update(&added) {
            Ok(Update::ToppedUp(file, paths)) => (String::from_utf8(file.bytes).unwrap(), paths),
            // The new key is one that the rule leaves in clear.
            Ok(Update::Untouched) => continue,
            Err(error) => panic!("seed {seed}: {error}\n{added}"),
        };
        assert!(
            !paths.is_empty() && paths.iter().all(|p| p.contains("zzdata")),
            "{paths:?}"
        );
        // Every old ciphertext but the MAC stands there, in the old order.
        let metadata = metadata_of(sealed.as_bytes(), format).unwrap().unwrap();
        let mut new = envelopes(&text).into_iter();
        for old in envelopes(&sealed) {
            let old = &sealed[old];
            if old == metadata.mac {
                continue;
            }
            assert!(
                new.any(|range| text[range] == *old),
                "seed {seed}: {old} is gone"
            );
        }
        let opened = open_with(text.as_bytes(), format, &key);
        let opened = opened.unwrap_or_else(|| panic!("seed {seed} does not open:\n{text}"));
        let all = |text: &[u8]| leaves(text, format, &rule.selector).unwrap();
        let got: Vec<Leaf> = all(&opened);
        let old: Vec<Leaf> = got
            .iter()
            .filter(|leaf| !leaf.pointer.contains("/zzdata"))
            .cloned()
            .collect();
        assert!(old == all(sample.text.as_bytes()), "seed {seed}:\n{text}");
        let added: Vec<&Leaf> = got
            .iter()
            .filter(|l| l.pointer.contains("/zzdata"))
            .collect();
        let only: String = format!("zzdata: {}", line.split_once(": ").unwrap().1);
        let wanted = leaves(only.as_bytes(), format, &rule.selector).unwrap();
        assert!(
            added
                .iter()
                .map(|l| &l.value)
                .eq(wanted.iter().map(|l| &l.value)),
            "seed {seed}: {line}\n{}",
            String::from_utf8_lossy(&opened)
        );
        assert!(matches!(update(&text), Ok(Update::Untouched)));
        topped += 1;
        if let Ok(folder) = std::env::var("PROPERTY_KEEP") {
            let name = std::path::Path::new(&folder).join(format!("{seed}.yaml"));
            std::fs::write(&name, &text).unwrap();
            std::fs::write(name.with_extension("opened"), &opened).unwrap();
        }
    }
    assert!(topped > 50, "{topped}");
}

/// Another version of a text: lines gone and values longer.
fn edited(random: &mut Random, sample: &Sample, format: Format, selector: &Selector) -> String {
    let mut text = sample.text.clone();
    for _ in 0..random.between(1, 4) {
        if random.chance(40) {
            let line = line_of(random, &text);
            text.replace_range(line, "");
        } else if let Some(spans) = leaves::selected_spans(text.as_bytes(), format, selector)
            && !spans.is_empty()
        {
            let span = spans[random.below(spans.len())].0.clone();
            if let Some(changed) = inject(random, &text, &span) {
                text = changed;
            }
        }
    }
    text
}

#[test]
fn notes_from_elsewhere_change_no_value() {
    let key = Key::new();
    let (mut moved, mut other_notes) = (0, Vec::<String>::new());
    for seed in 0..samples(700) {
        let sample = generate::sample(seed);
        let format = format_of(&sample);
        let rule = rule(seed, &key);
        let mut random = Random::new(seed);
        let old = edited(&mut random, &sample, format, &rule.selector);
        let mut notes = |text: &str| {
            let sealed = seal_with(text, format, &rule, &key, random.next())?;
            let metadata = metadata_of(sealed.as_bytes(), format).unwrap().unwrap();
            Some((sealed, metadata.layout))
        };
        let Some((sealed, Some(own))) = notes(&sample.text) else {
            continue;
        };
        let older = notes(&old).and_then(|(_, layout)| layout);
        let from = other_notes
            .iter()
            .rev()
            .take(8)
            .cloned()
            .chain(older.clone());
        for note in from {
            let text = sealed.replace(&own, &note);
            let opened = open_with(text.as_bytes(), format, &key);
            let opened = opened.unwrap_or_else(|| panic!("seed {seed} does not open:\n{text}"));
            // SOPS prints the float 1e3 as 1000 and -0.0 as -0: without notes so do we.
            let all = |text: &[u8]| leaves(text, format, &rule.selector).map(without_types);
            let bare = sealed.replace(&own, "");
            let bare = open_with(bare.as_bytes(), format, &key);
            let bare = bare.unwrap_or_else(|| panic!("seed {seed} needs its notes:\n{sealed}"));
            let got = all(&opened);
            assert!(
                got == all(sample.text.as_bytes()) || got == all(&bare),
                "seed {seed}: other values\n--- source\n{}\n--- opened\n{}\n--- older\n{old}",
                sample.text,
                String::from_utf8_lossy(&opened)
            );
            moved += 1;
        }
        other_notes.extend(older);
        other_notes.push(own);
    }
    assert!(moved > 200, "{moved}");
}

/// Not a value that is sealed: only its shape is.
#[test]
fn envelopes_of_these_tests_are_envelopes() {
    let key = Key::new();
    let sealed = seal_with("a: b\n", Format::Yaml, &rule(0, &key), &key, 1).unwrap();
    let ranges = envelopes(&sealed);
    assert_eq!(ranges.len(), 2, "the value and the MAC:\n{sealed}");
    for range in ranges {
        assert!(Envelope::parse(sealed[range].as_bytes()).is_some());
    }
    assert_eq!(SelectorParts::default().encrypted_regex, None);
}
