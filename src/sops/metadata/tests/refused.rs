use super::*;
use crate::error::Kind;

#[test]
fn what_sops_refuses_is_an_error_with_a_place() {
    let block = |replace: &str, by: &str| {
        let good = "a: 1\nsops:\n  age:\n    - recipient: age1a\n      enc: x\n  kms:\n    - arn: a\n      created_at: \"2026-11-22T11:02:36Z\"\n      enc: x\n  lastmodified: \"2026-11-22T11:02:36Z\"\n  mac: ENC[x]\n  shamir_threshold: 2\n  mac_only_encrypted: true\n  encrypted_regex: ^x$\n  version: 3.13.3\n";
        assert!(good.contains(replace), "{replace}");
        good.replace(replace, by)
    };
    assert!(read(&block("a: 1", "a: 1")).is_ok());
    for (replace, by, line, message) in [
        (
            "lastmodified: \"2026-11-22T11:02:36Z\"",
            "lastmodified: 2026-11-22T11:02:36Z",
            10,
            "`lastmodified` of the `sops` block is not quoted",
        ),
        (
            "lastmodified: \"2026-11-22T11:02:36Z\"",
            "lastmodified: yesterday",
            10,
            "`lastmodified` is not a time",
        ),
        (
            "  lastmodified: \"2026-11-22T11:02:36Z\"\n",
            "",
            3,
            "`lastmodified` is empty or missing",
        ),
        (
            "created_at: \"2026-11-22T11:02:36Z\"",
            "created_at: x",
            8,
            "`created_at` of an entry of `kms` is not a time",
        ),
        (
            "version: 3.13.3",
            "version:",
            15,
            "`version` of the `sops` block is empty or missing",
        ),
        (
            "  version: 3.13.3\n",
            "",
            3,
            "`version` of the `sops` block is empty or missing",
        ),
        (
            "version: 3.13.3",
            "version: 3.13",
            15,
            "`version` of the `sops` block is not a semantic version",
        ),
        (
            "encrypted_regex: ^x$",
            "encrypted_regex: ^x$\n  unencrypted_suffix: _u",
            15,
            "`unencrypted_suffix` and `encrypted_regex` exclude each other",
        ),
        (
            "shamir_threshold: 2",
            "shamir_threshold: -1",
            12,
            "`shamir_threshold` is not a number of key groups",
        ),
        (
            "shamir_threshold: 2",
            "shamir_threshold: two",
            12,
            "`shamir_threshold` is not a number of key groups",
        ),
        (
            "mac_only_encrypted: true",
            "mac_only_encrypted: yes",
            13,
            "`mac_only_encrypted` of the `sops` block is not a boolean",
        ),
        (
            "mac: ENC[x]",
            "mac: ENC[x]\n  1: x",
            12,
            "a key of the `sops` block is not a text",
        ),
        (
            "  kms:\n    - arn: a",
            "  hckms:\n    - key_id: \"r:\"",
            7,
            "`key_id` of an entry of `hckms` is not `region:key-uuid`",
        ),
        (
            "mac: ENC[x]",
            "mac: [x]",
            11,
            "`mac` of the `sops` block is not a text",
        ),
        (
            "- recipient: age1a\n      enc: x",
            "- age1a",
            4,
            "an entry of `age` is not a mapping",
        ),
    ] {
        let error = read(&block(replace, by)).unwrap_err();
        assert_eq!(error.kind(), Kind::Input, "{by}");
        assert_eq!(error.message(), message, "{by}");
        let place = error.place().unwrap();
        let expected = if message.contains("exclude") {
            14
        } else {
            line
        };
        assert_eq!(place.line, expected, "{by}");
        assert!(!error.hints().is_empty(), "{by}");
    }
    for source in ["sops: 1\n", "sops: []\n", "sops:\n"] {
        assert_eq!(
            read(source).unwrap_err().message(),
            "`sops` is not a mapping"
        );
    }
    for keys in ["", ", age: []", ", key_groups: []", ", kms: null"] {
        let error = read(&format!("sops: {{{TAIL}{keys}}}\n")).unwrap_err();
        assert_eq!(error.message(), "the `sops` block names no keys");
    }
    let error = read(&format!("sops: {{{TAIL}, age: a}}\n")).unwrap_err();
    assert_eq!(error.message(), "`age` of the `sops` block is not a list");
}

/// Verdicts of `blang/semver` 3.5.1, as SOPS calls it.
#[test]
fn versions_are_judged_as_sops_judges_them() {
    let verdict = |version: &str| {
        read(&format!(
            "sops: {{age: [{{}}], lastmodified: '2026-11-22T11:02:36Z', version: '{version}'}}\n"
        ))
        .is_ok()
    };
    for version in [
        "3.13.3",
        "v3.7.1",
        "1.0",
        "1.x",
        "0.0.0",
        "3.8.0-alpha.1",
        "3.8.0+b-1.0",
        "3.8.0-a+b",
        "99.0.0",
        "3.8.0-0a",
        "3.8.0-x-y",
    ] {
        assert!(verdict(version), "{version}");
    }
    for version in [
        "3",
        "3.8",
        "03.8.1",
        "3.8.01",
        "3.8.1.2",
        "3.8.x",
        "3.8.1-",
        "3.8.1+",
        "3.8.1-01",
        "3.8.1-a..b",
        " 3.8.1",
        "vv3.8.1",
        "+3.8.1",
        "3.8.1-ä",
    ] {
        assert!(!verdict(version), "{version}");
    }
}
