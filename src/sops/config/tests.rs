#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use super::*;
use crate::sops::selector::SelectorKind;

const LIST: &str = include_str!("../../../testdata/keys/recipients.txt");
const IDENTITIES: &str = include_str!("../../../testdata/keys/identities.txt");

/// Replaces `{alice}` and the like by recipients.
fn fill(text: &str) -> String {
    let mut text = text.to_owned();
    for line in LIST.lines().filter(|line| !line.starts_with('#')) {
        let (name, recipient) = line.split_once(' ').unwrap();
        text = text.replace(&format!("{{{name}}}"), recipient);
    }
    text
}

fn load(text: &str) -> std::result::Result<Config, Vec<Error>> {
    Config::load(Path::new("repo/.sops.yaml"), fill(text).as_bytes())
}

fn rule(text: &str) -> CreationRule {
    let config = load(text).unwrap();
    let rules = config.creation_rules.unwrap();
    rules.into_iter().next().unwrap()
}

fn warnings(text: &str) -> Vec<Error> {
    load(text).unwrap().warnings
}

/// The place as `line:column`, with the source line.
fn at(error: &Error) -> (String, String) {
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

/// Text, place, message, a part of the reason, a part of a hint.
type Refusal = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

fn check(error: &Error, (text, place, message, reason, hint): Refusal) {
    assert_eq!(error.kind(), Kind::Config);
    assert_eq!(error.message(), message, "{text}");
    let (found, line) = at(error);
    assert_eq!(found, place, "{text}");
    let number: usize = place.split_once(':').unwrap().0.parse().unwrap();
    assert_eq!(
        line,
        fill(text).lines().nth(number - 1).unwrap_or(""),
        "{text}"
    );
    let reason_found = error.reason().unwrap_or("");
    assert!(reason_found.contains(reason), "{text}: {reason_found}");
    assert!(
        !reason.is_empty() || reason_found.is_empty(),
        "{text}: {reason_found}"
    );
    let hints = error.hints().join("\n");
    assert!(hints.contains(hint), "{text}: {hints}");
    assert!(!hint.is_empty() || hints.is_empty(), "{text}: {hints}");
}

#[test]
fn refusals() {
    let table: &[Refusal] = &[
        (
            "creation_rules:\n  - age: [\n",
            "3:1",
            "the configuration is not valid YAML",
            " ",
            "close what is open",
        ),
        (
            "- a\n",
            "1:1",
            "the configuration must be a mapping (`key: value`)",
            "a list",
            "",
        ),
        (
            "creation_rules: x\n",
            "1:17",
            "`creation_rules` must be a list",
            "a single value",
            "`- `",
        ),
        (
            "creation_rules:\n  - x\n",
            "2:5",
            "a creation rule must be a mapping (`key: value`)",
            "a single value",
            "",
        ),
        (
            "creation_rules:\n  - pgp: x\n    pgp: y\n",
            "3:5",
            "`pgp` is given twice",
            "line 2",
            "keep one",
        ),
        (
            "creation_rules:\n  - path_regex: [a]\n",
            "2:17",
            "`path_regex` must be a text",
            "a list",
            "",
        ),
        (
            "creation_rules:\n  - path_regex: '*.yaml'\n",
            "2:18",
            "`path_regex` is not a valid expression",
            "repetition of nothing",
            "`.*\\.yaml$`",
        ),
        (
            "creation_rules:\n  - path_regex: a(b\n",
            "2:18",
            "`path_regex` is not a valid expression",
            "missing closing `)`",
            "RE2",
        ),
        (
            "creation_rules:\n  - path_regex: ä(?!x)\n",
            "2:18",
            "`path_regex` is not a valid expression",
            "`(?`",
            "no look-around",
        ),
        (
            "creation_rules:\n  - encrypted_regex: '['\n",
            "2:23",
            "`encrypted_regex` is not a valid expression",
            "missing closing `]`",
            "RE2",
        ),
        (
            "creation_rules:\n  - unencrypted_regex: '\\u'\n",
            "2:25",
            "`unencrypted_regex` is not a valid expression",
            "escape",
            "the character itself",
        ),
        (
            "creation_rules:\n  - encrypted_comment_regex: 'a**'\n",
            "2:33",
            "`encrypted_comment_regex` is not a valid expression",
            "repetition",
            "RE2",
        ),
        (
            "creation_rules:\n  - unencrypted_comment_regex: ')'\n",
            "2:33",
            "`unencrypted_comment_regex` is not a valid expression",
            "unexpected `)`",
            "RE2",
        ),
        (
            "destination_rules:\n  - path_regex: '('\n",
            "2:18",
            "`path_regex` is not a valid expression",
            "missing closing `)`",
            "RE2",
        ),
        (
            "destination_rules:\n  - recreation_rule:\n      encrypted_regex: '('\n",
            "3:25",
            "`encrypted_regex` is not a valid expression",
            "missing closing `)`",
            "RE2",
        ),
        (
            "creation_rules:\n  - encrypted_regex: a\n    encrypted_suffix: b\n",
            "3:5",
            "`encrypted_regex` and `encrypted_suffix` exclude each other",
            "one setting",
            "keep one",
        ),
        (
            "creation_rules:\n  - age: AGE_PUBLIC_KEY_HERE\n",
            "2:10",
            "`AGE_PUBLIC_KEY_HERE` is a placeholder, not a recipient",
            "",
            "age-keygen -y",
        ),
        (
            "creation_rules:\n  - age: ['{alice}', 'age1nonsense']\n",
            "2:78",
            "the recipient `age1nonsense` is not usable",
            " ",
            "age-keygen -y",
        ),
        (
            "creation_rules:\n  - age: '{alice}, zzz'\n",
            "2:75",
            "`zzz` is not a recipient",
            "begins with",
            "age-keygen",
        ),
        (
            "creation_rules:\n  - age: >-\n      {alice},\n      zzz\n",
            "4:7",
            "`zzz` is not a recipient",
            "begins with",
            "age-keygen",
        ),
        (
            "creation_rules:\n  - age: ['{alice},']\n",
            "2:75",
            "a recipient is empty",
            "",
            "remove it",
        ),
        (
            "creation_rules:\n  - age: ['{alice}', ~]\n",
            "2:77",
            "an entry of `age` is empty",
            "",
            "remove it",
        ),
        (
            "creation_rules:\n  - age: {a: b}\n",
            "2:10",
            "`age` must be a list",
            "a mapping",
            "`- `",
        ),
        (
            "creation_rules:\n  - hckms: 'r:u'\n",
            "2:12",
            "`hckms` must be a list",
            "a single value",
            "`- `",
        ),
        (
            "creation_rules:\n  - key_groups: [{age: x}]\n",
            "2:24",
            "`age` must be a list",
            "a single value",
            "`- `",
        ),
        (
            "creation_rules:\n  - key_groups:\n      - merge: [{age: [zzz]}]\n",
            "3:24",
            "`zzz` is not a recipient",
            "begins with",
            "age-keygen",
        ),
        (
            "creation_rules:\n  - shamir_threshold: two\n",
            "2:23",
            "`shamir_threshold` must be a whole number",
            "none",
            "write `shamir_threshold: 2`",
        ),
        (
            "creation_rules:\n  - shamir_threshold: '2'\n",
            "2:23",
            "`shamir_threshold` must be a whole number",
            "in quotes",
            "without quotes",
        ),
        (
            "creation_rules:\n  - shamir_threshold: -1\n",
            "2:23",
            "`shamir_threshold` cannot be -1",
            "counts",
            "",
        ),
        (
            "creation_rules:\n  - shamir_threshold: 1\n    key_groups: [{age: ['{alice}']}, {age: ['{bob}']}]\n",
            "2:23",
            "`shamir_threshold` cannot be 1",
            "no threshold",
            "one group",
        ),
        (
            "creation_rules:\n  - shamir_threshold: 3\n    key_groups: [{age: ['{alice}']}, {age: ['{bob}']}]\n",
            "2:23",
            "`shamir_threshold` cannot be 3",
            "2 key groups",
            "",
        ),
        (
            "creation_rules:\n  - mac_only_encrypted: maybe\n",
            "2:25",
            "`mac_only_encrypted` must be true or false",
            "",
            "without quotes",
        ),
        (
            "creation_rules:\n  - <<: x\n",
            "2:5",
            "`<<` needs a mapping or a list of mappings",
            "",
            "",
        ),
        (
            "creation_rules:\n  - [a]: x\n",
            "2:5",
            "a key must be a word",
            "",
            "",
        ),
        (
            "stores: {yaml: {indent: -2}}\n",
            "1:25",
            "`indent` cannot be -2 in YAML",
            "spaces",
            "2 or 4",
        ),
        (
            "destination_rules:\n  - s3_bucket: a\n    gcs_bucket: b\n",
            "3:17",
            "`s3_bucket` and `gcs_bucket` exclude each other",
            "one destination",
            "each destination",
        ),
    ];
    for refusal in table {
        let errors = load(refusal.0).expect_err(refusal.0);
        assert_eq!(errors.len(), 1, "{}: {errors:?}", refusal.0);
        check(&errors[0], *refusal);
    }
}

#[test]
fn warned_of() {
    let table: &[Refusal] = &[
        (
            "creation_rules:\n  - age: '{alice}'\n    encrypted-regex: x\n",
            "3:5",
            "unknown key `encrypted-regex` in a creation rule",
            "ignores",
            "did you mean `encrypted_regex`?",
        ),
        (
            "creation_rule: []\n",
            "1:1",
            "unknown key `creation_rule` in the configuration",
            "ignores",
            "did you mean `creation_rules`?",
        ),
        (
            "creation_rules:\n  - key_groups: [{age: ['{alice}'], encrypted_regex: x}]\n",
            "2:92",
            "unknown key `encrypted_regex` in a key group",
            "ignores",
            "belongs in a creation rule",
        ),
        (
            "creation_rules:\n  - age: '{alice}'\n    key_groups: [{age: ['{bob}']}]\n",
            "2:5",
            "`age` has no effect",
            "`key_groups`",
            "key group",
        ),
        (
            "creation_rules:\n  - path_regex: x\n",
            "2:5",
            "the rule names no recipient",
            "command line",
            "age",
        ),
        (
            "creation_rules:\n  - age: '{alice},{alice}'\n",
            "2:5",
            "`{alice}` is listed twice",
            "stanza",
            "remove one",
        ),
        (
            "creation_rules:\n  - age: '{alice}'\n    shamir_threshold: 2\n",
            "3:23",
            "`shamir_threshold` has no effect",
            "one key group",
            "key_groups",
        ),
        (
            "creation_rules:\n  - key_groups: [{age: ['{alice}']}, {}]\n",
            "2:93",
            "a key group is empty",
            "encrypted",
            "fill it in",
        ),
        (
            "stores: {}\n---\ncreation_rules: []\n",
            "2:1",
            "only the first document counts",
            "ignores",
            "one document",
        ),
    ];
    for &(text, place, message, reason, hint) in table {
        let warnings = warnings(text);
        assert_eq!(warnings.len(), 1, "{text}: {warnings:?}");
        let found = (warnings[0].message(), at(&warnings[0]).0);
        assert_eq!(found, (&*fill(message), place.to_owned()), "{text}");
        assert!(warnings[0].reason().unwrap().contains(reason), "{text}");
        assert!(warnings[0].hints().join("\n").contains(hint), "{text}");
    }
}

#[test]
fn all_errors_are_found_in_the_order_of_the_text() {
    let errors = load(
        "stores: {yaml: {indent: x}}\ncreation_rules:\n  - path_regex: '('\n    age: zzz\n  \
         - &bad\n    encrypted_regex: '['\n  - *bad\n",
    )
    .unwrap_err();
    let places: Vec<String> = errors.iter().map(|error| at(error).0).collect();
    assert_eq!(places, ["1:25", "3:18", "4:10", "6:23"]);
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
