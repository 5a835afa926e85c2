//! SEC001, and what of SEC016 has no metadata.

use super::super::super::finding::{Confidence, Severity};
use super::*;

#[test]
fn a_covered_plain_file_is_one_finding_that_names_its_values() {
    let rules = rules(RULE);
    let (verdict, hits) = look_at(COVERED, SECRET, &rules);
    assert_eq!(brief(&hits), ["SEC001 stringData.user"]);
    assert_eq!(excerpt(&hits[0], SECRET), "root");
    assert_eq!(
        hits[0].message,
        "the rule at .sops.yaml:2 covers this file, and it is plain: `stringData.user`, `stringData.password`"
    );
    assert_eq!(hits[0].severity, Severity::Critical);
    assert_eq!(hits[0].confidence, Confidence::Certain);
    assert_eq!(verdict.rule.as_deref(), Some(".sops.yaml:2"));
    assert!(!verdict.sealed);
    assert_eq!(verdict.unchecked, None);
}

#[test]
fn the_message_counts_what_it_does_not_name() {
    let mut text = String::from("kind: Secret\napiVersion: v1\ndata:\n");
    (0..2000).for_each(|number| text.push_str(&format!("  k{number}: eA==\n")));
    let hits = look_at(COVERED, &text, &rules(RULE)).1;
    assert_eq!(hits.len(), 1);
    assert!(
        hits[0].message.ends_with("`data.k49`, 1950 more"),
        "{}",
        hits[0].message
    );
}

#[test]
fn shapes_of_plain_files() {
    let rules = rules(RULE);
    let nothing: &[&str] = &[];
    let table: &[(&str, &str, &[&str])] = &[
        (
            "all of it is sealed or empty",
            "data: {a: '', b: ~, c: null}\n",
            nothing,
        ),
        (
            "a kustomization has nothing to select",
            "kind: Kustomization\nresources: [a]\n",
            nothing,
        ),
        ("no document", "# nothing\n", nothing),
        (
            "flow style",
            "{kind: Secret, data: {a: eA==}}\n",
            &["SEC001 data.a"],
        ),
        ("numbers", "data: {port: 5432}\n", &["SEC001 data.port"]),
        (
            "deep",
            "x: [{data: {a: [1]}}]\n",
            &["SEC001 x[0].data.a[0]"],
        ),
        (
            "a list at the root",
            "- data: {a: b}\n",
            &["SEC001 [0].data.a"],
        ),
        (
            "keys that are no strings",
            "data: {1: b}\n",
            &["SEC001 data.1"],
        ),
        (
            "a key that stands twice",
            "data: {a: b}\ndata: {a: b}\n",
            &["SEC001 data.a"],
        ),
        (
            "the second document",
            "a: b\n---\ndata: {a: b}\n",
            &["SEC001 data.a"],
        ),
        ("an alias", "a: &a x\ndata: {b: *a}\n", &["SEC001 data.b"]),
        (
            "a sops key of somebody else's",
            "sops: {enabled: true}\ndata: {a: b}\n",
            &["SEC001 data.a"],
        ),
        (
            "an ExternalSecret is no secret",
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec: {data: [{secretKey: a}]}\n",
            nothing,
        ),
        (
            "ciphertext without its block",
            "data: {a: 'ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]'}\n",
            &["SEC016"],
        ),
    ];
    for (name, text, expected) in table {
        let (verdict, hits) = look_at(COVERED, text, &rules);
        assert_eq!(brief(&hits), *expected, "{name}");
        assert_eq!(verdict.rule.as_deref(), Some(".sops.yaml:2"), "{name}");
        assert!(!verdict.sealed, "{name}");
        assert_eq!(verdict.unchecked, None, "{name}");
    }
    let json = "{\"kind\": \"Secret\", \"stringData\": {\"a\": \"b\"}}";
    let rules = super::rules(&RULE.replace("yaml$", "json$"));
    assert_eq!(
        found("secrets/a.json", json, &rules),
        ["SEC001 stringData.a"]
    );
}

#[test]
fn a_rule_without_selector_selects_everything() {
    let rule = "creation_rules: [{path_regex: 'secrets/', age: '{alice}'}]";
    let rules = rules(rule);
    let kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    assert_eq!(
        found("secrets/kustomization.yaml", kustomization, &rules),
        ["SEC001 apiVersion"]
    );
    assert_eq!(
        found("secrets/a.yaml", "a_unencrypted: b\n", &rules),
        Vec::<String>::new()
    );
}

#[test]
fn how_sure_it_is_depends_on_what_the_rule_says_about_the_file() {
    use Confidence::{Certain, Likely, Possible};
    let config_map = "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n";
    let values = "data: {a: b}\n";
    let table = [
        (
            "secrets/.*\\.yaml$",
            "secrets/a.yaml",
            config_map,
            Some(Certain),
        ),
        (
            "^clusters/.*\\.yaml$",
            "clusters/a.yaml",
            config_map,
            Some(Possible),
        ),
        (
            "^clusters/.*\\.yaml$",
            "clusters/a.yaml",
            values,
            Some(Certain),
        ),
        (
            "^clusters/.*\\.yaml$",
            "clusters/a.yaml",
            SECRET,
            Some(Certain),
        ),
        (
            "^clusters/values\\.yaml$",
            "clusters/values.yaml",
            config_map,
            Some(Certain),
        ),
        (".*.yaml", "a.yaml", config_map, Some(Possible)),
        (".*.yaml", "a.yaml", values, Some(Possible)),
        (".*.yaml", "a.yaml", SECRET, Some(Certain)),
        ("", "prod.env", "PASSWORD=x\n", Some(Likely)),
        ("", "main.go", "package main\n", None),
        ("secrets/", "secrets/main.key", "xyz\n", Some(Certain)),
        ("secrets/", "secrets/README.md", "xyz\n", Some(Possible)),
        ("secrets/", "secrets/.gitkeep", "\n", None),
    ];
    for (regex, path, text, expected) in table {
        let selector = match path.ends_with(".env") {
            true => "",
            false => "encrypted_regex: '^(data|stringData)$', ",
        };
        let rule =
            format!("creation_rules: [{{path_regex: '{regex}', {selector}age: '{{alice}}'}}]");
        let (verdict, hits) = look_at(path, text, &rules(&rule));
        let sure: Vec<Confidence> = hits.iter().map(|hit| hit.confidence).collect();
        assert_eq!(
            sure,
            expected.into_iter().collect::<Vec<_>>(),
            "{regex} {path}"
        );
        assert!(hits.iter().all(|hit| hit.check.id == "SEC001"));
        assert!(verdict.rule.is_some(), "{regex} {path}");
    }
}

#[test]
fn a_covered_file_that_does_not_parse_is_unchecked_and_searched() {
    let rules = rules(RULE);
    let broken = "a: [1\nb: {\n";
    let (verdict, hits) = look_at(COVERED, broken, &rules);
    assert_eq!(hits.len(), 0);
    let why = verdict.unchecked.unwrap();
    assert!(
        why.starts_with("line ") && why.contains("cannot be read"),
        "{why}"
    );
    let template = format!("{{{{- if .Values.db }}}}\n{SECRET}{{{{- end }}}}\n");
    let (verdict, hits) = look_at(COVERED, &template, &rules);
    assert_eq!(brief(&hits), ["SEC001 stringData.user"]);
    assert!(verdict.unchecked.is_some());
    // Documents before the error count as well.
    let text = format!("data: {{a: b}}\n---\n{broken}");
    let (verdict, hits) = look_at(COVERED, &text, &rules);
    assert_eq!(brief(&hits), ["SEC001 data.a"]);
    assert!(verdict.unchecked.is_some());
    let (verdict, hits) = look_at_bytes(COVERED, b"data:\n  a: \xff\n", &rules);
    assert_eq!(hits.len(), 0);
    assert!(verdict.unchecked.unwrap().contains("UTF-8"));
}

#[test]
fn alias_bombs_are_unchecked() {
    let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for level in 1..10 {
        let list = format!("*a{},", level - 1).repeat(9);
        text.push_str(&format!("a{level}: &a{level} [{list}]\n"));
    }
    let (verdict, _) = look_at(COVERED, &text, &rules(RULE));
    assert!(verdict.unchecked.unwrap().contains("aliases"));
}

#[test]
fn binary_files() {
    let rules = rules("creation_rules: [{path_regex: '^keys/', age: '{alice}'}]");
    let sealed = include_str!("../../../../testdata/golden/3.13.3/note.txt");
    let (verdict, hits) = look_at("keys/note.txt", sealed, &rules);
    assert!(verdict.sealed);
    assert_eq!(verdict.recipients, [recipient("alice"), recipient("bob")]);
    // Bob is not in the rule.
    assert_eq!(brief(&hits), ["SEC006 sops"]);
    let table: [(&[u8], &[&str]); 7] = [
        (b"\x00\xffbinary", &["SEC001"]),
        (b"plain text", &["SEC001"]),
        (b"", &[]),
        (b" \n", &[]),
        (b"age-encryption.org/v1\n-> X25519 abc\n", &[]),
        (b"{\"data\": \"x\"}", &["SEC001"]),
        (b"\0GITCRYPT\0\xff\xfe", &[]),
    ];
    for (bytes, expected) in table {
        let (verdict, hits) = look_at_bytes("keys/key", bytes, &rules);
        assert_eq!(brief(&hits), expected, "{bytes:?}");
        assert!(!verdict.sealed);
    }
    for name in ["keys/a.yaml", "keys/a.env"] {
        let (verdict, hits) = look_at_bytes(name, b"\0GITCRYPT\0\xff\xfe", &rules);
        assert_eq!((verdict.unchecked, hits.len()), (None, 0));
    }
    let partly = sealed.replacen("ENC[AES256_GCM", "no", 1);
    assert_eq!(
        found("keys/note.txt", &partly, &rules),
        ["SEC002 data", "SEC006 sops"]
    );
}
