#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use super::*;
use crate::sops::selector::SelectorKind;

const LIST: &str = include_str!("../../../testdata/keys/recipients.txt");
const IDENTITIES: &str = include_str!("../../../testdata/keys/identities.txt");

/// Replaces `{alice}` and the like by recipients.
pub(super) fn fill(text: &str) -> String {
    let mut text = text.to_owned();
    for line in LIST.lines().filter(|line| !line.starts_with('#')) {
        let (name, recipient) = line.split_once(' ').unwrap();
        text = text.replace(&format!("{{{name}}}"), recipient);
    }
    text
}

pub(super) fn load(text: &str) -> std::result::Result<Config, Vec<Error>> {
    Config::load(Path::new("repo/.sops.yaml"), fill(text).as_bytes())
}

pub(super) fn rule(text: &str) -> CreationRule {
    let config = load(text).unwrap();
    let rules = config.creation_rules.unwrap();
    rules.into_iter().next().unwrap()
}

pub(super) fn warnings(text: &str) -> Vec<Error> {
    load(text).unwrap().warnings
}

/// The place as `line:column`, with the source line.
pub(super) fn at(error: &Error) -> (String, String) {
    let place = error.place().unwrap();
    assert_eq!(place.file.as_deref(), Some("repo/.sops.yaml"));
    let line = place.source_line.clone().unwrap();
    (format!("{}:{}", place.line, place.column), line)
}

fn names(group: &KeyGroup) -> Vec<&str> {
    let name = |text: &str| {
        let line = LIST.lines().find(|line| line.ends_with(text)).unwrap();
        line.split_once(' ').unwrap().0
    };
    group.age.iter().map(|key| name(key.text())).collect()
}

#[test]
fn the_rule_of_the_runbook() {
    let config = load(
        "creation_rules:\n  - path_regex: 'clusters/my-cluster/.*/secrets/.*\\.yaml$'\n    \
         encrypted_regex: '^(data|stringData)$'\n    age: ['{alice}']\n",
    )
    .unwrap();
    assert!(config.warnings.is_empty());
    let [rule] = config.rules() else { panic!() };
    let path_regex = rule.path_regex.as_ref().unwrap();
    assert_eq!(
        path_regex.regex.as_str(),
        "clusters/my-cluster/.*/secrets/.*\\.yaml$"
    );
    assert_eq!((path_regex.place.line, path_regex.place.column), (2, 17));
    let selector = rule.selector.as_ref().unwrap();
    assert_eq!(selector.kind(), SelectorKind::EncryptedRegex);
    assert_eq!(names(&rule.groups[0]), ["alice"]);
    assert_eq!((rule.place.line, rule.place.column), (2, 5));
    assert!(!rule.mac_only_encrypted);
}

#[test]
fn flat_keys_in_all_forms() {
    for age in [
        "'{alice},{bob}'",
        "' {alice} , {bob} , '",
        "['{alice}', '{bob}']",
        "['{alice},{bob}']",
        "[' {alice}', '{bob} ']",
        "\n      - {alice}\n      - {bob}",
        ">-\n      {alice},\n      {bob}",
        "|\n      {alice},\n      {bob},\n",
    ] {
        let rule = rule(&format!("creation_rules:\n  - age: {age}\n"));
        assert_eq!(rule.groups.len(), 1, "{age}");
        assert_eq!(names(&rule.groups[0]), ["alice", "bob"], "{age}");
    }
    for age in ["''", "", "~", "[]"] {
        assert!(rule(&format!("creation_rules:\n  - age: {age}\n")).groups[0].is_empty());
    }
}

#[test]
fn flat_keys_of_every_kind_are_kept() {
    let rule = rule(
        "creation_rules:\n  - age: {alice}\n    pgp: AB CD, EF\n    kms: 'arn:aws:kms:x:key/1+arn:aws:iam::role/r, arn:b'\n    \
         aws_profile: ops\n    gcp_kms: [projects/p]\n    hckms: ['r:u']\n    \
         azure_keyvault: https://v/keys/k/1\n    hc_vault_transit_uri: https://v:8200/v1/t/keys/k\n",
    );
    let shown: Vec<String> = rule.groups[0]
        .others
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        shown,
        [
            "pgp ABCD",
            "pgp EF",
            "kms arn:aws:kms:x:key/1, arn:aws:iam::role/r, ops",
            "kms arn:b, ops",
            "gcp_kms projects/p",
            "hckms r:u",
            "azure_keyvault https://v/keys/k/1",
            "hc_vault https://v:8200/v1/t/keys/k",
        ]
    );
    assert_eq!(
        (
            rule.groups[0].others[1].place.line,
            rule.groups[0].others[1].place.column
        ),
        (3, 17)
    );
}

#[test]
fn key_groups_merge_first_and_keep_each_key_once() {
    let rule = rule(
        "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: ['{carol}', '{alice}']\n        \
         merge:\n          - age: ['{bob}']\n            merge: [{age: ['{alice}']}]\n          - pgp: [AA]\n        \
         pgp: [AA, 'B B']\n      - age: ['{bob},{bob}']\n        kms: [{arn: a, role: r, context: {k: v, b: ~}, aws_profile: p}]\n        \
         gcp_kms: [{resource_id: g}]\n        hckms: [{key_id: 'r:u'}]\n        \
         azure_keyvault: [{vaultUrl: u, key: k, version: v}]\n        hc_vault: [https://h]\n",
    );
    assert_eq!(rule.shamir_threshold, 2);
    assert_eq!(names(&rule.groups[0]), ["alice", "bob", "carol"]);
    let shown: Vec<String> = rule.groups[0]
        .others
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(shown, ["pgp AA", "pgp BB"]);
    assert_eq!(names(&rule.groups[1]), ["bob"]);
    assert_eq!(
        rule.groups[1]
            .others
            .iter()
            .map(|k| k.kind.name())
            .collect::<Vec<_>>(),
        ["hc_vault", "kms", "gcp_kms", "hckms", "azure_keyvault"]
    );
    let fields: Vec<&str> = rule.groups[1].others[1]
        .fields
        .iter()
        .map(|(name, _)| &**name)
        .collect();
    assert_eq!(
        fields,
        ["arn", "role", "context.b", "context.k", "aws_profile"]
    );
}

#[test]
fn anchors_aliases_and_merge_keys() {
    let text = "keys:\n  - &alice {alice}\n  - &bob {bob}\ncreation_rules:\n  - &base\n    path_regex: a\n    \
                encrypted_regex: ^x$\n    age: [*alice]\n  - <<: *base\n    path_regex: b\n    age: [*alice, *bob]\n";
    let config = load(text).unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let rule = &config.rules()[1];
    assert_eq!(rule.path_regex.as_ref().unwrap().regex.as_str(), "b");
    assert_eq!(rule.selector.as_ref().unwrap().value(), "^x$");
    assert_eq!(names(&rule.groups[0]), ["alice", "bob"]);
}

#[test]
fn spellings_of_settings() {
    for (text, expected) in [
        ("true", true),
        ("TRUE", true),
        ("yes", true),
        ("'yes'", true),
        ("ON", true),
        ("y", true),
        ("false", false),
        ("No", false),
        ("off", false),
        ("~", false),
    ] {
        let rule = rule(&format!(
            "creation_rules:\n  - mac_only_encrypted: {text}\n"
        ));
        assert_eq!(rule.mac_only_encrypted, expected, "{text}");
    }
    for (text, expected) in [
        ("2", 2),
        ("0x2", 2),
        ("0o10", 8),
        ("010", 8),
        ("0b11", 3),
        ("1_0", 10),
        ("+2", 2),
        ("2.0", 2),
        ("!!int '2'", 2),
        ("0", 0),
        ("~", 0),
    ] {
        let rule = rule(&format!("creation_rules:\n  - shamir_threshold: {text}\n"));
        assert_eq!(rule.shamir_threshold, expected, "{text}");
    }
}

#[test]
fn nothing_and_an_empty_list_differ() {
    for text in [
        "",
        "# only a comment\n",
        "---\n",
        "stores: {}\n",
        "creation_rules:\n",
    ] {
        assert!(load(text).unwrap().creation_rules.is_none(), "{text:?}");
    }
    assert!(
        load("creation_rules: []\n")
            .unwrap()
            .creation_rules
            .unwrap()
            .is_empty()
    );
}

#[test]
fn stores_and_destinations() {
    let config = load(
        "stores:\n  yaml: {indent: 2}\n  json: {indent: -1}\n  json_binary: {indent: 0}\n  dotenv: {}\n  ini:\n\
         destination_rules:\n  - path_regex: ^a\n    s3_bucket: b\n    s3_prefix: p/\n    omit_extensions: yes\n  \
         - path_regex: ''\n    vault_path: v\n    vault_kv_version: 1\n    recreation_rule:\n      age: {bob}\n      mac_only_encrypted: true\n",
    )
    .unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert_eq!(
        config.stores,
        Stores {
            yaml_indent: Some(2),
            json_indent: Some(-1),
            json_binary_indent: Some(0)
        }
    );
    let [first, second] = config.destination_rules.as_slice() else {
        panic!()
    };
    assert!(first.omit_extensions && first.recreation_rule.is_none());
    let (bucket, prefix) = ("b".to_owned(), "p/".to_owned());
    assert_eq!(first.destination, Some(Destination::S3 { bucket, prefix }));
    assert!(second.path_regex.is_none());
    assert!(
        matches!(&second.destination, Some(Destination::Vault { version: 1, path, .. }) if path == "v")
    );
    assert!(second.recreation_rule.as_ref().unwrap().mac_only_encrypted);
}

#[test]
fn every_selector() {
    for kind in [
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "unencrypted_comment_regex",
        "encrypted_comment_regex",
    ] {
        let rule = rule(&format!(
            "creation_rules:\n  - {kind}: x\n    unencrypted_regex2: y\n"
        ));
        assert_eq!(rule.selector.unwrap().kind().name(), kind);
        let empty = self::rule(&format!("creation_rules:\n  - {kind}: ''\n"));
        assert_eq!(empty.selector, None);
    }
}

#[test]
fn a_private_key_is_never_shown() {
    let key = IDENTITIES
        .lines()
        .find(|l| l.starts_with("AGE-SECRET-KEY-"))
        .unwrap();
    let secret = key.strip_prefix("AGE-SECRET-KEY-").unwrap();
    let pem = "-----BEGIN OPENSSH PRIVATE KEY-----";
    for text in [
        format!("creation_rules:\n  - age: {key}\n"),
        format!("creation_rules:\n  - age: {}\n", key.to_lowercase()),
        format!("creation_rules:\n  - age: ['{{alice}}', zzz, {key}]\n"),
        format!("creation_rules:\n  - pgp: {key}\n    encrypted_regex: ( # {key}\n"),
        format!("creation_rules:\n  - {key}: x\n    {key}: y\n"),
        format!("creation_rules:\n  - age: \"{pem}\\n{secret}\"\n"),
        format!("creation_rules:\n  - age: |\n      {pem}\n      {secret}\n"),
        format!("creation_rules:\n  - age: {pem}\n {secret}: [\n"),
        format!("# {key}\n{key}: 1\n"),
        format!("creation_rules:\n  - pgp: {key}\n"),
        format!("creation_rules: [ {key}\n"),
    ] {
        let shown = match load(&text) {
            Ok(config) => {
                assert!(
                    config
                        .warnings
                        .iter()
                        .any(|w| w.message().contains("private key")),
                    "{text}"
                );
                let keys = config.rules().iter().flat_map(|rule| &rule.groups);
                let keys: String = keys
                    .flat_map(|g| &g.others)
                    .map(ToString::to_string)
                    .collect();
                format!("{:?}{keys}", config.warnings)
            }
            Err(errors) => format!("{errors:?}"),
        };
        assert!(!shown.to_uppercase().contains(secret), "{text}");
    }
}

#[test]
fn aliases_cannot_make_it_endless() {
    let mut text = String::from("keys:\n  - &g0 {age: ['{alice}', '{bob}']}\n");
    for level in 1..40 {
        let below = level - 1;
        text.push_str(&format!(
            "  - &g{level} {{merge: [*g{below}, *g{below}]}}\n"
        ));
    }
    text.push_str("creation_rules:\n  - key_groups: [*g39]\n");
    let errors = load(&text).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].message(), "the configuration is too large");
    for link in ["merge: [*g", "<<: [*g"] {
        let mut text = String::from("keys:\n  - &g0 {age: ['{alice}']}\n");
        for level in 1..20_000 {
            text.push_str(&format!("  - &g{level} {{{link}{}]}}\n", level - 1));
        }
        text.push_str("creation_rules:\n  - key_groups: [*g19999]\n");
        let errors = load(&text).unwrap_err();
        assert_eq!(errors.len(), 1, "{link}");
        assert_eq!(
            errors[0].message(),
            "the configuration is nested too deeply"
        );
    }
    let large = vec![b'#'; MAX_SIZE + 1];
    let errors = Config::load(Path::new("c"), &large).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "c: the configuration is too large: it has more than 4 MiB"
    );
}

#[test]
fn columns_count_characters_behind_a_byte_order_mark() {
    let errors = load("\u{feff}creation_rules: x\r\n").unwrap_err();
    assert_eq!(at(&errors[0]), ("1:17".into(), "creation_rules: x".into()));
}
