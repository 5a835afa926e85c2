//! Everything that is refused or warned of, with its place, its reason and its way out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::tests::{at, fill, load, warnings};
use super::*;

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
            "creation_rules:\n  - path_regex: !!binary eA==\n",
            "2:26",
            "`path_regex` must be a text",
            "base64",
            "the text itself",
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
            "creation_rules:\n  - shamir_threshold: 2.5\n",
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
            "creation_rules:\n  - ~\n",
            "2:5",
            "an entry of `creation_rules` is empty",
            "ignores",
            "remove it",
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
