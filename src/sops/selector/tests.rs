#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;

use super::*;

fn parts<'a>(kind: &str, value: &'a str) -> SelectorParts<'a> {
    let mut parts = SelectorParts::default();
    *match kind {
        "unencrypted_suffix" => &mut parts.unencrypted_suffix,
        "encrypted_suffix" => &mut parts.encrypted_suffix,
        "unencrypted_regex" => &mut parts.unencrypted_regex,
        "encrypted_regex" => &mut parts.encrypted_regex,
        "unencrypted_comment_regex" => &mut parts.unencrypted_comment_regex,
        "encrypted_comment_regex" => &mut parts.encrypted_comment_regex,
        _ => panic!("{kind}"),
    } = Some(value);
    parts
}

fn selector(kind: &str, value: &str) -> Selector {
    Selector::from_parts(parts(kind, value)).unwrap()
}

/// Walks `{"m":[[key,node],comment]}`, `{"s":[node,comment]}`, `{"v":text}`, `{"c":comment}`.
fn encrypted(walk: &mut Walk<'_>, node: &Value, out: &mut Vec<String>) {
    let mut note = |selected: bool, text: &Value| {
        if selected {
            out.push(text.as_str().unwrap().to_owned());
        }
    };
    if let Some(text) = node.get("v") {
        note(walk.selected(), text);
    } else if let Some(text) = node.get("c") {
        note(walk.comment(text.as_str().unwrap()), text);
    } else {
        walk.enter();
        for entry in node.get("m").or(node.get("s")).unwrap().as_array().unwrap() {
            let (key, value) = match entry.as_array() {
                Some(pair) => (pair[0].as_str(), &pair[1]),
                None => (None, entry),
            };
            key.iter().for_each(|key| walk.push_key(key));
            encrypted(walk, value, out);
            key.iter().for_each(|_| walk.pop_key());
            if value.get("c").is_none() {
                walk.end_entry();
            }
        }
        walk.leave();
    }
}

fn check(file: &str) -> usize {
    let mut cases = 0;
    for line in file.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let selector = selector(
            case["rule"].as_str().unwrap(),
            case["value"].as_str().unwrap(),
        );
        let mut out = Vec::new();
        encrypted(&mut Walk::new(&selector), &case["document"], &mut out);
        assert_eq!(
            serde_json::to_value(out).unwrap(),
            case["encrypted"],
            "{line}"
        );
        cases += 1;
    }
    cases
}

/// What the tree walk of SOPS 3.13.3 encrypts in documents of every shape.
#[test]
fn decides_like_sops() {
    assert!(check(include_str!("../../../testdata/rules/selection.jsonl")) >= 200);
}

#[test]
fn default_rule_is_the_suffix() {
    let selector = Selector::from_parts(SelectorParts {
        encrypted_regex: Some(""),
        ..Default::default()
    })
    .unwrap();
    assert_eq!(selector, Selector::default());
    assert_eq!(
        (selector.kind().name(), selector.value()),
        ("unencrypted_suffix", "_unencrypted")
    );
    let mut walk = Walk::new(&selector);
    walk.enter();
    assert!(walk.comment(" at the root"));
    walk.push_key("notes_unencrypted");
    walk.enter();
    walk.push_key("below");
    assert!(!walk.selected());
}

#[test]
fn two_rules_are_one_too_many() {
    let parts = SelectorParts {
        encrypted_regex: Some("a"),
        unencrypted_suffix: Some("b"),
        ..Default::default()
    };
    let error = Selector::from_parts(parts).unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert_eq!(
        error.message(),
        "`unencrypted_suffix` and `encrypted_regex` exclude each other"
    );
}

#[test]
fn an_invalid_expression_names_its_setting() {
    for kind in [
        "unencrypted_regex",
        "encrypted_regex",
        "unencrypted_comment_regex",
        "encrypted_comment_regex",
    ] {
        let error = Selector::from_parts(parts(kind, "data(")).unwrap_err();
        assert_eq!(
            error.message(),
            format!("`{kind}` is no valid regular expression")
        );
        assert_eq!(
            error.reason(),
            Some("`data(`: missing closing `)` at byte 4")
        );
        assert!(!error.hints().is_empty());
    }
    // A suffix is no expression.
    assert_eq!(selector("encrypted_suffix", "data(").value(), "data(");
}

#[test]
fn a_remembered_verdict_is_the_same_verdict() {
    let selector = selector("encrypted_regex", "^data$");
    let mut walk = Walk::new(&selector);
    walk.enter();
    for _ in 0..2 {
        for (key, expected) in [("data", true), ("metadata", false)] {
            walk.push_key(key);
            assert_eq!(walk.selected(), expected);
            walk.pop_key();
        }
    }
    for number in 0..2 * REMEMBERED_KEYS {
        walk.push_key(&number.to_string());
        walk.pop_key();
    }
    assert!(walk.verdicts.len() <= REMEMBERED_KEYS);
}

#[test]
fn a_comment_that_turns_encryption_on_stays_readable() {
    let selector = selector("encrypted_comment_regex", "sops:enc");
    let mut walk = Walk::new(&selector);
    walk.enter();
    assert!(!walk.comment(" before"));
    assert!(!walk.comment(" sops:enc"));
    assert!(walk.comment(" after"));
    assert!(walk.comment(" sops:enc again"));
    walk.push_key("list");
    walk.enter();
    assert!(walk.comment(" inside"));
    walk.end_entry();
    assert!(
        walk.selected(),
        "the comment of the container is still active"
    );
    walk.leave();
    walk.pop_key();
    walk.end_entry();
    assert!(!walk.selected());
}

#[test]
fn tells_when_a_ciphertext_would_exempt_itself() {
    assert!(
        selector("unencrypted_comment_regex", "ENC")
            .exempts_encrypted_comment("ENC[AES256_GCM,data:x]")
    );
    assert!(
        !selector("unencrypted_comment_regex", "plain")
            .exempts_encrypted_comment("ENC[AES256_GCM,data:x]")
    );
    assert!(
        !selector("encrypted_comment_regex", "ENC")
            .exempts_encrypted_comment("ENC[AES256_GCM,data:x]")
    );
}
