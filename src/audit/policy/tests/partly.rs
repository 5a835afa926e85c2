//! SEC002, SEC009 and SEC016: sealed files.

use super::super::super::finding::Severity;
use super::*;

#[test]
fn a_sealed_file_has_nothing_to_say() {
    let rules = rules(RULE);
    for path in [COVERED, "elsewhere.yaml", "elsewhere.yaml.txt"] {
        let (verdict, hits) = look_at(path, &sealed(), &rules);
        assert_eq!(brief(&hits), Vec::<String>::new(), "{path}");
        assert!(verdict.sealed, "{path}");
        assert_eq!(verdict.recipients, [recipient("alice")]);
        assert_eq!(verdict.rule.is_some(), path == COVERED);
        assert_eq!(verdict.unchecked, None);
    }
}

#[test]
fn what_was_added_in_plaintext_is_named_value_by_value() {
    let rules = rules(RULE);
    let text = sealed().replace(
        "stringData:\n",
        "stringData:\n  token: hunter2\n  empty: ''\n  nothing:\n  list: [1, true]\n",
    );
    let expected = [
        "SEC002 stringData.token",
        "SEC002 stringData.list[0]",
        "SEC002 stringData.list[1]",
    ];
    for path in [COVERED, "elsewhere.yaml"] {
        let (verdict, hits) = look_at(path, &text, &rules);
        assert_eq!(brief(&hits), expected, "{path}");
        assert_eq!(excerpt(&hits[0], &text), "hunter2");
        assert_eq!(hits[0].value.expose(), b"hunter2");
        assert!(!verdict.sealed);
    }
    let (_, hits) = look_at(COVERED, &text, &rules);
    assert!(
        hits[0]
            .message
            .contains("the rule at .sops.yaml:2 selects it")
    );
    let (_, hits) = look_at("elsewhere.yaml", &text, &rules);
    assert!(
        hits[0]
            .message
            .contains("the file's own selector selects it")
    );
}

#[test]
fn a_block_without_ciphertext_protects_nothing() {
    let block = &sealed()[sealed().find("sops:").unwrap()..];
    let text = format!("{SECRET}{block}");
    for path in [COVERED, "elsewhere.yaml"] {
        let (verdict, hits) = look_at(path, &text, &rules(RULE));
        assert_eq!(
            brief(&hits),
            ["SEC002 stringData.user", "SEC002 stringData.password"]
        );
        assert!(hits[0].message.contains("no value of it is encrypted"));
        assert!(!verdict.sealed);
    }
}

#[test]
fn the_rule_decides_even_if_the_file_says_otherwise() {
    let how = How {
        parts: SelectorParts {
            encrypted_regex: Some("^password$"),
            ..SelectorParts::default()
        },
        ..data_only()
    };
    let text = seal_with(SECRET, Format::Yaml, &how);
    let (verdict, hits) = look_at(COVERED, &text, &rules(RULE));
    assert_eq!(brief(&hits), ["SEC002 stringData.user", "SEC004 sops"]);
    assert!(!verdict.sealed);
    // Outside of every rule it is a value of a Secret that nothing selects, here a mere name.
    assert_eq!(
        found("x.yaml", &text, &rules(RULE)),
        ["SEC003 stringData.user?"]
    );
}

#[test]
fn later_documents_belong_to_the_file() {
    let two = format!("{}---\n{}", sealed(), SECRET.replace("user", "login"));
    for path in [COVERED, "x.yaml"] {
        assert_eq!(
            found(path, &two, &rules(RULE)),
            ["SEC002 stringData.login", "SEC002 stringData.password"],
            "{path}"
        );
    }
    // Flux opens each document by itself, so each may have a block of its own.
    let first = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n";
    let joined = format!("{first}---\n{}", sealed());
    let (verdict, hits) = look_at(COVERED, &joined, &rules(RULE));
    assert_eq!(brief(&hits), Vec::<String>::new());
    assert!(verdict.sealed);
}

#[test]
fn damaged_ciphertext_counts() {
    let text = sealed();
    let at = text.find("user: ENC[").unwrap();
    let end = at + text[at..].find(",tag:").unwrap();
    let line_end = at + text[at..].find('\n').unwrap();
    let text = format!("{}{}", &text[..end], &text[line_end..]);
    let (verdict, hits) = look_at(COVERED, &text, &rules(RULE));
    assert_eq!(brief(&hits), ["SEC002 stringData.user"]);
    assert!(hits[0].message.contains("damaged"));
    assert!(!verdict.sealed);
}

#[test]
fn comments_added_later_are_only_possible() {
    let sealed = sealed();
    let text = sealed.replace(
        "stringData:\n",
        "stringData:\n  # the old one was swordfish\n  # secrets: allow SEC012 not ours\n  #\n",
    );
    let text = text.replace("kind:", "# of the database\nkind:");
    for path in [COVERED, "x.yaml"] {
        let (verdict, hits) = look_at(path, &text, &rules(RULE));
        assert_eq!(brief(&hits), ["SEC002 stringData?"], "{path}");
        assert_eq!(excerpt(&hits[0], &text), "# the old one was swordfish");
        assert!(verdict.sealed);
    }
}

#[test]
fn thousands_of_places_are_counted() {
    let many: String = (0..5000).map(|n| format!("  k{n}: v\n")).collect();
    let text = sealed().replace("stringData:\n", &format!("stringData:\n{many}"));
    let hits = look_at(COVERED, &text, &rules(RULE)).1;
    assert_eq!(hits.len(), room::MAX_HITS + 1);
    assert_eq!(
        hits[1000].message,
        "4000 more places in this file are not listed"
    );
}

#[test]
fn encrypted_metadata_is_found_where_kubernetes_reads_it() {
    let all = How {
        parts: SelectorParts::default(),
        ..data_only()
    };
    let whole = |text: &str| seal_with(text, Format::Yaml, &all);
    let none = Rules::default();
    let nothing: &[&str] = &[];
    let table: &[(&str, String, &[&str])] = &[
        ("a Secret", whole(SECRET), &["SEC009 apiVersion"]),
        (
            "a list",
            whole("apiVersion: v1\nkind: List\nitems: [{kind: Secret, metadata: {name: a}}]\n"),
            &["SEC009 apiVersion"],
        ),
        (
            "values",
            whole("kind: StatefulSet\nmetadata: {a: b}\n"),
            nothing,
        ),
        (
            "a kubeconfig",
            whole("apiVersion: v1\nkind: Config\nusers: [a]\n"),
            nothing,
        ),
        ("as it should be", sealed(), nothing),
    ];
    for (name, text, expected) in table {
        let (verdict, hits) = look_at("x.yaml", text, &none);
        assert_eq!(brief(&hits), *expected, "{name}");
        assert!(verdict.sealed, "{name}");
    }
    let (_, hits) = look_at("x.yaml", &table[0].1, &none);
    assert_eq!(
        hits[0].message,
        "encrypted: `apiVersion`, `kind`, `metadata.name`"
    );
    let in_list = "apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n  metadata: {name: a}\n";
    let only_names = How {
        parts: SelectorParts {
            encrypted_regex: Some("^name$"),
            ..SelectorParts::default()
        },
        ..data_only()
    };
    let text = seal_with(in_list, Format::Yaml, &only_names);
    assert_eq!(
        found("x.yaml", &text, &none),
        ["SEC009 items[0].metadata.name"]
    );
}

#[test]
fn a_rule_that_would_encrypt_metadata_is_found_at_the_file() {
    let rule = "creation_rules: [{path_regex: 'secrets/', age: '{alice}'}]";
    let (_, hits) = look_at(COVERED, &sealed(), &rules(rule));
    assert_eq!(brief(&hits), ["SEC009 apiVersion?", "SEC004 sops"]);
    assert_eq!(hits[0].severity, Severity::Medium);
    assert!(hits[0].message.contains("would encrypt"));
    // What kind of Secret it is need not be encrypted either.
    let typed = sealed().replace("stringData:", "type: Opaque\nstringData:");
    assert_eq!(
        found(COVERED, &typed, &rules(rule)),
        ["SEC009 apiVersion?", "SEC004 sops"]
    );
    assert_eq!(
        found(COVERED, SECRET, &rules(rule)),
        ["SEC009 apiVersion", "SEC001 apiVersion"]
    );
}

#[test]
fn metadata_that_sops_does_not_write() {
    let sealed = sealed();
    let nothing: &[&str] = &[];
    let table: &[(&str, String, &[&str])] = &[
        (
            "no recipient",
            sealed.replace("recipient:", "x:").replace("age:", "ages:"),
            &["SEC016 sops"],
        ),
        (
            "a time that is none",
            sealed.replace("2026-11-22T10:00:00Z", "yesterday"),
            &["SEC016 sops"],
        ),
        (
            "two selectors",
            sealed.replace(
                "  encrypted_regex",
                "  encrypted_suffix: _x\n  encrypted_regex",
            ),
            &["SEC016 sops"],
        ),
        (
            "an expression that is none",
            sealed.replace("^(data|stringData)$", "^(data|stringData"),
            &["SEC016 sops"],
        ),
        (
            "a scalar",
            format!("{}sops: x\n", &sealed[..sealed.find("sops:").unwrap()]),
            &["SEC016 sops"],
        ),
        (
            "somebody else's key",
            "sops: {enabled: true}\n".to_owned(),
            nothing,
        ),
        (
            "somebody else's word",
            "sops: lastmodified\n".to_owned(),
            nothing,
        ),
    ];
    for (name, text, expected) in table {
        let (verdict, hits) = look_at("x.yaml", text, &Rules::default());
        assert_eq!(brief(&hits), *expected, "{name}");
        assert!(!verdict.sealed, "{name}");
    }
    // The rule still says what must be encrypted.
    let (_, text, _) = &table[0];
    let text = text.replace("stringData:\n", "stringData:\n  token: hunter2\n");
    assert_eq!(
        found(COVERED, &text, &rules(RULE)),
        ["SEC016 sops", "SEC002 stringData.token"]
    );
}

#[test]
fn a_sealed_file_that_does_not_parse_is_unchecked() {
    let text = format!("{}<<<<<<< HEAD\n=======\n>>>>>>> x\n", sealed());
    for path in [COVERED, "x.yaml"] {
        let (verdict, hits) = look_at(path, &text, &rules(RULE));
        assert_eq!(brief(&hits), Vec::<String>::new());
        assert!(verdict.unchecked.unwrap().contains("cannot be read"));
        assert!(!verdict.sealed);
    }
}

#[test]
fn json_is_sealed_as_yaml_is() {
    let plain = "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"stringData\": {\"a\": \"b\"}}";
    let text = seal_with(plain, Format::Json, &data_only());
    assert_eq!(
        found("x.json", &text, &Rules::default()),
        Vec::<String>::new()
    );
    let text = text.replacen("{\"a\"", "{\"new\": \"x\", \"a\"", 1);
    assert_eq!(
        found("x.json", &text, &Rules::default()),
        ["SEC002 stringData.new"]
    );
}
