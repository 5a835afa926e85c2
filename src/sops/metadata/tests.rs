#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

mod refused;
mod round_trip;

use super::*;
use crate::document::tree::Document;
use crate::document::yaml::Stream;
use crate::error::Error;
use crate::sops::selector::{Selector, SelectorKind};

const MAC: &str = "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]";

fn document(source: &str) -> Document {
    let mut stream = Stream::new(source.as_bytes()).unwrap();
    stream.next_document().unwrap().unwrap()
}

fn read(source: &str) -> Result<Metadata, Error> {
    let document = document(source);
    let block = document.get(document.root().unwrap(), "sops", source);
    Metadata::read(&document, block.unwrap(), source)
}

fn spans(source: &str) -> Spans {
    let document = document(source);
    let block = document.get(document.root().unwrap(), "sops", source);
    Spans::find(&document, block.unwrap(), source)
}

fn yaml(metadata: &Metadata, style: &BlockStyle<'_>) -> String {
    let mut out = Vec::new();
    metadata.write_yaml(style, &mut out);
    String::from_utf8(out).unwrap()
}

fn json(metadata: &Metadata, style: &JsonStyle<'_>) -> String {
    let mut out = Vec::new();
    metadata.write_json(style, &mut out);
    String::from_utf8(out).unwrap()
}

fn flow(metadata: &Metadata) -> String {
    let mut out = Vec::new();
    metadata.write_flow(&mut out);
    String::from_utf8(out).unwrap()
}

/// A block with one recipient and nothing special.
fn sample() -> Metadata {
    Metadata {
        age: vec![AgeEntry {
            recipient: "age1a".to_owned(),
            enc: "-----BEGIN\nabca\n-----END\n".to_owned(),
        }],
        last_modified: "2026-11-22T11:02:36Z".to_owned(),
        mac: MAC.to_owned(),
        unencrypted_suffix: Some("_unencrypted".to_owned()),
        version: "3.13.3".to_owned(),
        ..Metadata::default()
    }
}

fn golden(version: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join(version))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            matches!(
                path.extension().and_then(|e| e.to_str()),
                Some("yaml" | "json")
            )
        })
        .collect();
    files.sort();
    assert!(files.len() >= 15, "{version}");
    files
}

#[test]
fn blocks_of_3_13_come_back_to_the_byte() {
    let mut count = 0;
    for version in ["3.13.2", "3.13.3"] {
        for path in golden(version) {
            let source = std::fs::read_to_string(&path).unwrap();
            let metadata = read(&source).unwrap();
            if path.extension().unwrap() == "json" {
                let written = json(&metadata, &JsonStyle::default());
                assert!(
                    source.ends_with(&format!("\n\t{written}\n}}\n")),
                    "{path:?}\n{written}"
                );
            } else {
                let written = format!("\n{}", yaml(&metadata, &BlockStyle::default()));
                let blocks = source.matches("\nsops:\n").count();
                assert_eq!(
                    source.matches(&written).count(),
                    blocks,
                    "{path:?}\n{written}"
                );
                assert!(source.ends_with(&written), "{path:?}\n{written}");
            }
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}

/// Only ciphertexts, times and versions differ between what the versions wrote for a case.
#[test]
fn older_blocks_have_the_same_model() {
    fn normal(metadata: &Metadata) -> Metadata {
        let mut metadata = metadata.clone();
        let groups = metadata
            .key_groups
            .iter_mut()
            .flat_map(|g| g.age.iter_mut());
        for entry in groups.chain(metadata.age.iter_mut()) {
            assert!(
                entry
                    .enc
                    .starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n")
                    && entry.enc.ends_with("\n-----END AGE ENCRYPTED FILE-----\n"),
            );
            entry.enc.clear();
        }
        assert!(metadata.mac.starts_with("ENC["));
        metadata.mac.clear();
        metadata.last_modified.clear();
        metadata.version.clear();
        metadata
    }
    let newest = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/3.13.3");
    let mut compared = 0;
    for version in ["3.8.1", "3.9.4", "3.10.2", "3.11.0", "3.12.2", "3.13.2"] {
        for path in golden(version) {
            let source = std::fs::read_to_string(&path).unwrap();
            let metadata = read(&source).unwrap();
            assert_eq!(metadata.version, version);
            let Ok(reference) = std::fs::read_to_string(newest.join(path.file_name().unwrap()))
            else {
                continue;
            };
            assert_eq!(
                normal(&metadata),
                normal(&read(&reference).unwrap()),
                "{path:?}"
            );
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}

fn foreign(kind: ForeignKind, fields: &[(&str, &str)]) -> ForeignKey {
    let text =
        |(name, text): &(&str, &str)| ((*name).to_owned(), FieldValue::Text((*text).to_owned()));
    ForeignKey {
        kind,
        fields: fields.iter().map(text).collect(),
    }
}

/// The file holds what go-yaml v3.0.4 emits with `SetIndent(1..=9)`.
#[test]
fn every_indent_is_laid_out_as_go_yaml_does() {
    let mut flat = sample();
    flat.age.push(AgeEntry {
        recipient: "age1b".to_owned(),
        enc: "-----BEGIN\nabcb\n-----END\n".to_owned(),
    });
    let mut groups = flat.clone();
    flat.unencrypted_suffix = None;
    flat.encrypted_regex = Some("^(data|stringData)$".to_owned());
    let created = ("created_at", "2026-11-22T11:02:36Z");
    flat.foreign.push(foreign(
        ForeignKind::Pgp,
        &[
            created,
            ("enc", "-----BEGIN\n\nabc=\n-----END"),
            ("fp", "ABC"),
        ],
    ));
    let mut aws = foreign(
        ForeignKind::AwsKms,
        &[
            ("arn", "arn:x"),
            ("aws_profile", ""),
            created,
            ("enc", "AQ=="),
        ],
    );
    let context = [("k", "v"), ("y", "1")].map(|(k, v)| (k.to_owned(), Some(v.to_owned())));
    aws.fields
        .insert(2, ("context".to_owned(), FieldValue::Map(context.into())));
    groups.shamir_threshold = 2;
    groups.key_groups = vec![
        KeyGroup {
            age: std::mem::take(&mut groups.age),
            foreign: Vec::new(),
        },
        KeyGroup {
            age: Vec::new(),
            foreign: vec![aws],
        },
    ];
    let expected = include_str!("../../../testdata/metadata/indents.txt");
    let mut count = 0;
    for case in expected.split("=== ").skip(1) {
        let (head, text) = case.split_once('\n').unwrap();
        let (grouped, indent) = head.split_once(' ').unwrap();
        let metadata = if grouped == "true" { &groups } else { &flat };
        let mut style = BlockStyle {
            indent: indent.parse().unwrap(),
            ..BlockStyle::default()
        };
        assert_eq!(yaml(metadata, &style), text, "indent {indent}");
        assert_eq!(read(text).unwrap(), *metadata, "indent {indent}");
        style.line_break = "\r\n";
        assert_eq!(yaml(metadata, &style), text.replace('\n', "\r\n"));
        style.line_break = "\n";
        style.column = 3;
        let moved: String = text
            .split_inclusive('\n')
            .map(|line| {
                if line == "\n" {
                    line.to_owned()
                } else {
                    format!("   {line}")
                }
            })
            .collect();
        assert_eq!(yaml(metadata, &style), moved);
        count += 1;
    }
    assert_eq!(count, 18);
}

#[test]
fn json_is_laid_out_as_asked() {
    let metadata = sample();
    let enc = r"-----BEGIN\nabca\n-----END\n";
    assert_eq!(
        json(
            &metadata,
            &JsonStyle {
                member_indent: "  ",
                unit: "  ",
                line_break: "\r\n"
            }
        ),
        format!(
            "\"sops\": {{\n    \"age\": [\n      {{\n        \"enc\": \"{enc}\",\n        \"recipient\": \"age1a\"\n      }}\n    ],\n    \"lastmodified\": \"2026-11-22T11:02:36Z\",\n    \"mac\": \"{MAC}\",\n    \"unencrypted_suffix\": \"_unencrypted\",\n    \"version\": \"3.13.3\"\n  }}"
        )
        .replace('\n', "\r\n")
    );
    let one_line = JsonStyle {
        member_indent: "",
        unit: "",
        line_break: "\n",
    };
    assert_eq!(
        json(&metadata, &one_line),
        format!(
            "\"sops\":{{\"age\":[{{\"enc\":\"{enc}\",\"recipient\":\"age1a\"}}],\"lastmodified\":\"2026-11-22T11:02:36Z\",\"mac\": \"{MAC}\",\"unencrypted_suffix\":\"_unencrypted\",\"version\":\"3.13.3\"}}"
        )
    );
    assert_eq!(
        flow(&metadata),
        format!(
            "{{\"age\": [{{\"enc\": \"{enc}\", \"recipient\": \"age1a\"}}], \"lastmodified\": \"2026-11-22T11:02:36Z\", \"mac\": \"{MAC}\", \"unencrypted_suffix\": \"_unencrypted\", \"version\": \"3.13.3\"}}"
        )
    );
}

/// Expected spellings are go-yaml's.
#[test]
fn settings_are_spelled_as_go_yaml_does() {
    for (text, expected) in [
        ("^(data|stringData)$", "^(data|stringData)$"),
        ("*x", "'*x'"),
        ("a: b", "'a: b'"),
        ("yes", "\"yes\""),
        ("12", "\"12\""),
        ("😀", "\"\\U0001F600\""),
        ("a #b", "'a #b'"),
    ] {
        let mut metadata = sample();
        metadata.unencrypted_suffix = None;
        metadata.encrypted_regex = Some(text.to_owned());
        let written = yaml(&metadata, &BlockStyle::default());
        assert!(
            written.contains(&format!("\n    encrypted_regex: {expected}\n")),
            "{written}"
        );
    }
}

#[test]
fn our_own_text_stands_in_sorted_position() {
    let mut metadata = sample();
    metadata.layout = Some(MAC.to_owned());
    metadata.mac_only_encrypted = true;
    let written = yaml(&metadata, &BlockStyle::default());
    let keys: Vec<&str> = written
        .lines()
        .filter(|line| line.starts_with("    ") && !line.starts_with("     "))
        .map(|line| line.trim_start().split(':').next().unwrap())
        .collect();
    assert_eq!(
        keys,
        [
            "age",
            "lastmodified",
            "mac",
            "mac_only_encrypted",
            "secrets_layout",
            "unencrypted_suffix",
            "version"
        ]
    );
    assert_eq!(read(&written).unwrap(), metadata);
}

const TAIL: &str = "lastmodified: '2026-11-22T11:02:36Z', mac: x, version: 3.13.3";

#[test]
fn weakly_typed_values_are_read_as_sops_reads_them() {
    let with = |more: &str| read(&format!("sops: {{{TAIL}, {more}}}\n"));
    let age = "age: [{recipient: a, enc: b}]";
    for (more, threshold) in [
        ("shamir_threshold: 2", 2),
        ("shamir_threshold: '2'", 2),
        ("shamir_threshold: '0x2'", 2),
        ("shamir_threshold: 2.9", 2),
        ("shamir_threshold: true", 1),
        ("shamir_threshold: ''", 0),
        ("shamir_threshold: null", 0),
        ("Shamir_Threshold: 3", 3),
    ] {
        let metadata = with(&format!("{age}, {more}")).unwrap();
        assert_eq!(metadata.shamir_threshold, threshold, "{more}");
    }
    for (value, expected) in [
        ("true", true),
        ("'true'", true),
        ("\"1\"", true),
        ("2", true),
        ("0", false),
        ("''", false),
        ("null", false),
        ("F", false),
    ] {
        let metadata = with(&format!("{age}, mac_only_encrypted: {value}")).unwrap();
        assert_eq!(metadata.mac_only_encrypted, expected, "{value}");
    }
    // A number is a text, an empty mapping no list, and any other mapping a list of itself.
    let metadata =
        with("kms: {}, pgp: null, unencrypted_suffix: 12, age: {recipient: 1.50, enc: true}");
    let metadata = metadata.unwrap();
    assert_eq!(metadata.unencrypted_suffix.as_deref(), Some("12"));
    assert_eq!(metadata.age.first().unwrap().recipient, "1.5");
    assert_eq!(metadata.age.first().unwrap().enc, "1");
    assert!(metadata.foreign.is_empty());
}

#[test]
fn aliases_are_followed() {
    let source = format!(
        "x: &e {{recipient: a, enc: b}}\nm: &m {MAC}\nsops:\n  age: [*e]\n  mac: *m\n  lastmodified: \"2026-11-22T11:02:36Z\"\n  version: 3.13.3\n"
    );
    let metadata = read(&source).unwrap();
    assert_eq!(metadata.age.first().unwrap().recipient, "a");
    assert_eq!(metadata.mac, MAC);
    let whole = "b: &s {age: [{recipient: a}], lastmodified: '2026-11-22T11:02:36Z', version: 3.8.1}\nsops: *s\n";
    assert_eq!(read(whole).unwrap().version, "3.8.1");
}

#[test]
fn both_shapes_have_groups() {
    let mut metadata = sample();
    assert_eq!(metadata.groups().len(), 1);
    assert_eq!(metadata.groups().next().unwrap().age, metadata.age);
    let group = KeyGroup {
        age: std::mem::take(&mut metadata.age),
        foreign: Vec::new(),
    };
    metadata.key_groups = vec![group.clone(), KeyGroup::default(), group];
    let sizes: Vec<usize> = metadata.groups().map(|group| group.age.len()).collect();
    assert_eq!(sizes, [1, 0, 1]);
    assert!(metadata.groups().nth(1).unwrap().is_empty());
    // One group is written, and read, as flat lists; flat lists win over groups.
    let one = format!(
        "sops: {{{TAIL}, key_groups: [{{age: [{{recipient: a, enc: b}}], hc_vault: []}}]}}\n"
    );
    assert_eq!(read(&one).unwrap().age.len(), 1);
    assert!(read(&one).unwrap().key_groups.is_empty());
    let both = format!(
        "sops: {{{TAIL}, age: [{{recipient: a}}], key_groups: [{{age: []}}, {{age: []}}]}}\n"
    );
    assert!(read(&both).unwrap().key_groups.is_empty());
}

#[test]
fn the_default_selector_is_sops() {
    let metadata = read(&format!(
        "sops: {{{TAIL}, age: [{{}}], encrypted_regex: ''}}\n"
    ))
    .unwrap();
    let selector = Selector::from_parts(metadata.selector_parts()).unwrap();
    assert_eq!(selector.kind(), SelectorKind::UnencryptedSuffix);
    assert_eq!(selector.value(), "_unencrypted");
}

#[test]
fn keys_of_other_services_are_named_and_kept() {
    let block = "sops:\n    azure_kv:\n        - created_at: \"2026-11-22T11:02:36Z\"\n          enc: x\n          name: key\n          vault_url: https://v\n          version: \"1\"\n    hc_vault:\n        - created_at: \"2026-11-22T11:02:36Z\"\n          enc: vault:v1:x\n          engine_path: transit\n          key_name: k\n          vault_address: https://v:8200\n    kms:\n        - arn: arn:aws:kms:x\n          aws_profile: \"\"\n          context:\n            a: b\n            n: null\n          created_at: \"2026-11-22T11:02:36Z\"\n          enc: x\n          role: r\n    lastmodified: \"2026-11-22T11:02:36Z\"\n    mac: \"\"\n    unencrypted_suffix: _unencrypted\n    version: 3.13.3\n";
    // `n` is a key that YAML 1.1 reads as a boolean.
    let block = block.replace("            n: null", "            \"n\": null");
    let metadata = read(&block).unwrap();
    let names: Vec<String> = metadata
        .foreign
        .iter()
        .map(|key| format!("{} {}", key.kind.title(), key.identity()))
        .collect();
    assert_eq!(
        names,
        [
            "Azure Key Vault https://v key 1",
            "HashiCorp Vault https://v:8200 transit k",
            "AWS KMS arn:aws:kms:x"
        ]
    );
    assert_eq!(yaml(&metadata, &BlockStyle::default()), block);
}

/// Replaces every slot of the block, from the last to the first.
fn replaced(source: &str, time: &str, mac: &str) -> String {
    let spans = spans(source);
    let mut slots = vec![
        (spans.mac.unwrap(), mac),
        (spans.last_modified.unwrap(), time),
    ];
    slots.sort_by_key(|(slot, _)| std::cmp::Reverse(slot.span.start));
    let mut text = source.to_owned();
    for (slot, value) in slots {
        text.replace_range(slot.span.clone(), &slot.spelling(value));
    }
    text
}

#[test]
fn values_are_replaced_in_place() {
    let time = "2027-01-01T00:00:00Z";
    for (before, after) in [
        ("mac: ENC[x] # c", format!("mac: {MAC} # c")),
        ("mac: \"ENC[x]\"", format!("mac: {MAC}")),
        ("mac: &m 'ENC[x]'", format!("mac: &m {MAC}")),
        ("mac: |-\n    ENC[x]", format!("mac: {MAC}")),
        ("mac:", format!("mac: {MAC}")),
        ("mac: ", format!("mac: {MAC}")),
        ("mac: # c", format!("mac: {MAC} # c")),
        ("mac: *x", format!("mac: {MAC}")),
    ] {
        let source = |mac: &str, time: &str| {
            format!(
                "x: &x y\nsops:\n  age:\n  - recipient: a\n    enc: b\n  {mac}\n  lastmodified: '{time}' # t\n  version: 3.13.3\n"
            )
        };
        let changed = replaced(&source(before, "2026-11-22T11:02:36Z"), time, MAC);
        assert_eq!(changed, source(&after, time), "{before}");
        assert_eq!(read(&changed).unwrap().mac, MAC);
    }
    let flow = |mac: &str, time: &str| {
        format!(
            "{{\"sops\": {{\"age\": [{{}}], \"mac\": {mac}, \"lastmodified\": \"{time}\", \"version\": \"3.8.1\"}}}}\n"
        )
    };
    for mac in ["\"ENC[x]\"", "", "null"] {
        let changed = replaced(&flow(mac, "2026-11-22T11:02:36Z"), time, MAC);
        assert_eq!(read(&changed).unwrap().mac, MAC, "{mac:?}");
        assert!(changed.contains("\"mac\": \"ENC["), "{changed}");
    }
    for path in golden("3.9.4").into_iter().chain(golden("3.13.3")) {
        let source = std::fs::read_to_string(path).unwrap();
        let old = read(&source).unwrap();
        assert_eq!(replaced(&source, &old.last_modified, &old.mac), source);
    }
}
