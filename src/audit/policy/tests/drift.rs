//! SEC004 to SEC007: the file and its rule.

use super::super::super::finding::Severity;
use super::*;

fn rule_with(settings: &str) -> Rules {
    rules(&format!(
        "creation_rules:\n  - path_regex: secrets/\n{}",
        settings
            .lines()
            .map(|line| format!("    {line}\n"))
            .collect::<String>()
    ))
}

const DATA: &str = "encrypted_regex: ^(data|stringData)$\n";

#[test]
fn selectors_differ() {
    let table = [
        ("encrypted_regex: ^(data|stringData)$", None),
        // The same values today.
        ("encrypted_regex: ^(stringData|data)$", Some(Severity::Low)),
        (
            "unencrypted_regex: ^(apiVersion|kind|metadata)$",
            Some(Severity::Low),
        ),
        ("encrypted_regex: ^(data|password)$", Some(Severity::Medium)),
        ("", Some(Severity::Medium)),
    ];
    for (selector, expected) in table {
        let rules = rule_with(&format!("{selector}\nage: '{{alice}}'"));
        let hits = look_at(COVERED, &sealed(), &rules).1;
        let drift = hits.iter().find(|hit| hit.check.id == "SEC004");
        assert_eq!(drift.map(|hit| hit.severity), expected, "{selector}");
        if let Some(hit) = drift {
            assert!(
                hit.message
                    .contains("sealed with `encrypted_regex: ^(data|stringData)$`")
            );
            assert_eq!(excerpt(hit, &sealed()), "^(data|stringData)$");
        }
    }
    // Defaults count on both sides.
    let how = How {
        parts: SelectorParts::default(),
        ..data_only()
    };
    let text = seal_with("a: b\n", Format::Yaml, &how);
    for (setting, expected) in [
        ("", 0),
        ("unencrypted_suffix: _unencrypted\n", 0),
        ("unencrypted_suffix: _x\n", 1),
    ] {
        let rules = rule_with(&format!("{setting}age: '{{alice}}'"));
        assert_eq!(found(COVERED, &text, &rules).len(), expected, "{setting}");
    }
}

#[test]
fn macs_differ() {
    for file in [false, true] {
        let how = How {
            mac_only_encrypted: file,
            ..data_only()
        };
        let text = seal_with(SECRET, Format::Yaml, &how);
        for rule in [false, true] {
            let rules = rule_with(&format!(
                "{DATA}mac_only_encrypted: {rule}\nage: '{{alice}}'"
            ));
            let expected: &[&str] = if file == rule { &[] } else { &["SEC005 sops"] };
            assert_eq!(found(COVERED, &text, &rules), expected);
        }
    }
}

#[test]
fn recipients_differ() {
    let seal = |recipients: &[&str]| {
        let how = How {
            recipients,
            ..data_only()
        };
        seal_with(SECRET, Format::Yaml, &how)
    };
    let look = |text: &str, age: &str| {
        let rules = rule_with(&format!("{DATA}age: '{age}'"));
        look_at(COVERED, text, &rules).1
    };
    assert_eq!(look(&seal(&["alice bob"]), "{bob},{alice}").len(), 0);
    assert_eq!(look(&seal(&["ssh"]), "{ssh} somebody@laptop").len(), 0);

    let text = seal(&["alice bob"]);
    let hits = look(&text, "{alice}");
    assert_eq!(brief(&hits), ["SEC006 sops"]);
    assert_eq!(hits[0].severity, Severity::High);
    assert!(hits[0].message.contains(recipient("bob")));
    assert!(hits[0].message.contains("it is unknown"));
    assert_eq!(excerpt(&hits[0], &text), recipient("bob"));

    let hits = look(&seal(&["alice"]), "{alice},{carol}");
    assert_eq!(brief(&hits), ["SEC006 sops"]);
    assert_eq!(hits[0].severity, Severity::Medium);
    assert!(hits[0].message.contains(recipient("carol")));
    assert!(hits[0].message.contains("cannot open the file"));

    // Another rule knows her.
    let rules = rules_at(&[
        (".sops.yaml", RULE),
        ("x/.sops.yaml", "creation_rules: [{age: '{bob}'}]"),
    ]);
    let hits = look_at(COVERED, &text, &rules).1;
    assert!(!hits[0].message.contains("unknown"));
    // A rule without keys says nothing about them.
    assert_eq!(
        found(COVERED, &text, &rule_with(DATA)),
        Vec::<String>::new()
    );
}

#[test]
fn key_groups_and_thresholds_differ() {
    let how = How {
        recipients: &["alice", "bob", "carol"],
        threshold: 2,
        ..data_only()
    };
    let text = seal_with(SECRET, Format::Yaml, &how);
    let table = [
        (
            "[{age: ['{alice}']}, {age: ['{bob}']}, {age: ['{carol}']}]",
            2,
            None,
        ),
        (
            "[{age: ['{carol}']}, {age: ['{bob}']}, {age: ['{alice}']}]",
            2,
            None,
        ),
        (
            "[{age: ['{alice}']}, {age: ['{bob}']}, {age: ['{carol}']}]",
            3,
            Some("2 of 3 key groups open the file, and the rule at .sops.yaml:2 wants 3"),
        ),
        (
            "[{age: ['{alice}']}, {age: ['{bob}']}, {age: ['{carol}']}]",
            0,
            Some("2 of 3 key groups open the file, and the rule at .sops.yaml:2 wants 3"),
        ),
        (
            "[{age: ['{alice}', '{bob}']}, {age: ['{carol}']}]",
            2,
            Some("the file has 3 key groups, and the rule at .sops.yaml:2 has 2 key groups"),
        ),
    ];
    for (groups, threshold, expected) in table {
        let rules = rule_with(&format!(
            "{DATA}shamir_threshold: {threshold}\nkey_groups: {groups}"
        ));
        let hits = look_at(COVERED, &text, &rules).1;
        let messages: Vec<&str> = hits.iter().map(|hit| hit.message.as_str()).collect();
        assert_eq!(
            messages,
            expected.into_iter().collect::<Vec<_>>(),
            "{groups}"
        );
        assert!(hits.iter().all(|hit| hit.check.id == "SEC007"));
    }
    let how = How {
        recipients: &["alice bob", "carol"],
        ..data_only()
    };
    let text = seal_with(SECRET, Format::Yaml, &how);
    let rules = rule_with(&format!(
        "{DATA}key_groups: [{{age: ['{{alice}}']}}, {{age: ['{{bob}}', '{{carol}}']}}]"
    ));
    let hits = look_at(COVERED, &text, &rules).1;
    assert_eq!(brief(&hits), ["SEC007 sops"]);
    assert!(hits[0].message.contains("in other key groups"));
}

#[test]
fn keys_of_other_kinds_are_compared_by_what_identifies_them() {
    let entries = "  pgp:
      - created_at: \"2026-01-01T00:00:00Z\"
        enc: x
        fp: FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4
  kms:
      - arn: arn:aws:kms:us-east-1:1:key/a
        created_at: \"2026-01-01T00:00:00Z\"
        enc: x
        aws_profile: \"\"
  azure_kv:
      - vault_url: https://v.vault.azure.net
        name: k
        version: abc
        created_at: \"2026-01-01T00:00:00Z\"
        enc: x
  hc_vault:
      - vault_address: https://vault:8200
        engine_path: transit
        key_name: k
        created_at: \"2026-01-01T00:00:00Z\"
        enc: x
  gcp_kms:
      - resource_id: projects/p/k
        created_at: \"2026-01-01T00:00:00Z\"
        enc: x
";
    let text = sealed().replace("sops:\n", &format!("sops:\n{entries}"));
    let all = "age: '{alice}'
pgp: fbc7b9e2a4f9289ac0c1d4843d16cee4a27381b4
kms: arn:aws:kms:us-east-1:1:key/a
azure_keyvault: https://v.vault.azure.net/keys/k/other
hc_vault_transit_uri: https://vault:8200/v1/transit/keys/k
gcp_kms: projects/p/k
";
    let grouped = "key_groups:
  - age: ['{alice}']
    pgp: [FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4]
    kms: [{arn: 'arn:aws:kms:us-east-1:1:key/a'}]
    azure_keyvault: [{vaultUrl: 'https://v.vault.azure.net/', key: k, version: ''}]
    hc_vault: ['https://vault:8200/v1/transit/keys/k']
    gcp_kms: [{resource_id: projects/p/k}]
";
    for keys in [all, grouped] {
        let rules = rule_with(&format!("{DATA}{keys}"));
        assert_eq!(
            found(COVERED, &text, &rules),
            Vec::<String>::new(),
            "{keys}"
        );
    }
    for line in all.lines().skip(1) {
        let keys = all.replace(&format!("{line}\n"), "");
        let hits = look_at(COVERED, &text, &rule_with(&format!("{DATA}{keys}"))).1;
        assert_eq!(brief(&hits), ["SEC006 sops"], "{line}");
        assert!(
            hits[0].message.contains("does not name it"),
            "{}",
            hits[0].message
        );
    }
}
