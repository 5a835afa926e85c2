//! SEC003: Secrets that no rule covers.

use base64::Engine as _;

use super::super::super::finding::{Confidence, Severity};
use super::*;

fn outside(path: &str, text: &str) -> Vec<String> {
    assert!(may_concern(text.as_bytes()) || found(path, text, &Rules::default()).is_empty());
    found(path, text, &Rules::default())
}

#[test]
fn every_shape_of_a_plain_secret_is_found() {
    let values = &["SEC003 stringData.user", "SEC003 stringData.password"];
    let crlf = SECRET.replace('\n', "\r\n");
    let bom = format!("\u{feff}{SECRET}");
    let two = format!("kind: ConfigMap\n---\n{SECRET}");
    let quoted = SECRET.replace("kind: Secret", "\"kind\":   'Secret'");
    let tagged = SECRET.replace("kind: Secret", "kind: !!str Secret");
    let late = format!("{}kind: Secret\n", SECRET.replace("kind: Secret\n", ""));
    let template = SECRET
        .replace("name: db", "name: {{ .Release.Name }}")
        .replace(
            "stringData",
            "{{- if .x }}\n  {{- toYaml .y | nindent 4 }}\nstringData",
        )
        + "{{- end }}\n";
    let jinja = format!("{{% if x %}}\n{SECRET}{{% endif %}}\n{{# done #}}\n");
    let table: &[(&str, &str, &[&str])] = &[
        ("a.yaml", SECRET, values),
        ("a.yml", &crlf, values),
        ("a.yaml", &bom, values),
        ("a.yaml", &two, values),
        ("a.yaml", &quoted, values),
        ("a.yaml", &tagged, values),
        ("a.yaml", &late, values),
        ("a.yaml", &template, values),
        ("a.yaml.tmpl", &template, values),
        ("a.yml.j2", &jinja, values),
        ("a.txt", SECRET, values),
        ("secret.yaml.bak", SECRET, values),
        (
            "a.yaml",
            "{apiVersion: v1, kind: Secret, data: {a: eA==}}\n",
            &["SEC003 data.a"],
        ),
        (
            "a.yaml",
            "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":{\"a\":\"eA==\"}}",
            &["SEC003 data.a"],
        ),
        (
            "a.json",
            "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":{\"a\":\"eA==\"}}",
            &["SEC003 data.a"],
        ),
        (
            "a.yaml",
            "? kind\n: Secret\n? apiVersion\n: v1\nstringData: {a: b}\n",
            &["SEC003 stringData.a"],
        ),
        (
            "list.yaml",
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  data: {a: eA==}\n- kind: ConfigMap\n  data: {b: c}\n",
            &["SEC003 items[0].data.a"],
        ),
        (
            "list.yaml",
            "apiVersion: v1\nkind: SecretList\nitems:\n- data: {a: eA==}\n",
            &["SEC003 items[0].data.a"],
        ),
        (
            "list.yaml",
            "- apiVersion: v1\n  kind: Secret\n  data: {a: eA==}\n",
            &["SEC003 [0].data.a"],
        ),
        (
            "values.yaml",
            "extraObjects:\n- apiVersion: v1\n  kind: Secret\n  stringData: {a: b}\n",
            &["SEC003 extraObjects[0].stringData.a"],
        ),
        (
            "anchor.yaml",
            "x: &x\n  a: b\napiVersion: v1\nkind: Secret\nstringData: *x\n",
            &["SEC003 stringData.a"],
        ),
        (
            "no-version.yaml",
            "kind: Secret\nstringData: {a: b}\n",
            &["SEC003 stringData.a"],
        ),
        (
            "block.yaml",
            "apiVersion: v1\nkind: Secret\ndata:\n  a: |\n    aGVs\n    bG8=\n",
            &["SEC003 data.a"],
        ),
        (
            "number.yaml",
            "apiVersion: v1\nkind: Secret\nstringData: {number: 543210}\n",
            &["SEC003 stringData.number"],
        ),
    ];
    for (path, text, expected) in table {
        assert_eq!(outside(path, text), *expected, "{path}\n{text}");
    }
}

#[test]
fn a_secret_in_a_text_of_another_document() {
    let indented = SECRET.replace('\n', "\n    ");
    let in_config_map = format!(
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  secret.yaml: |\n    {}\n",
        indented.trim_end()
    );
    let script = format!(
        "run: |\n    kubectl apply -f - <<EOF\n    {}\n    EOF\n",
        indented.trim_end()
    );
    let json =
        "values: '{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"stringData\":{\"a\":\"b\"}}'\n";
    let folded = format!("x: \"{}\"\n", SECRET.replace('\n', "\\n"));
    let table = [
        (&in_config_map, "data.secret.yaml > stringData.user", "root"),
        (&script, "run > stringData.user", "root"),
        (&json.to_owned(), "values > stringData.a", ""),
        (&folded, "x > stringData.user", ""),
    ];
    for (text, key_path, at) in table {
        let (_, hits) = look_at("a.yaml", text, &Rules::default());
        assert_eq!(hits[0].key_path.as_deref(), Some(key_path), "{text}");
        assert_eq!(hits[0].check.id, "SEC003");
        assert!(hits[0].confidence >= Confidence::Likely);
        if !at.is_empty() {
            assert_eq!(excerpt(&hits[0], text), at, "{text}");
            assert_eq!(hits.len(), 2);
        }
    }
    // A script by itself.
    let script = format!("#!/bin/sh\nkubectl apply -f - <<EOF\n{SECRET}EOF\n");
    let (_, hits) = look_at("apply.sh", &script, &Rules::default());
    assert_eq!(
        brief(&hits),
        ["SEC003 stringData.user", "SEC003 stringData.password"]
    );
    assert_eq!(excerpt(&hits[1], &script), "correct horse");
}

#[test]
fn what_looks_like_a_secret_and_is_none() {
    let pem = |label: &str| {
        let text = format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    let secret = |values: &str| format!("apiVersion: v1\nkind: Secret\n{values}\n");
    for text in [
        secret("type: kubernetes.io/service-account-token"),
        secret("data:"),
        secret("data: {}"),
        secret("data: {a: '', b: null, c: ~, d:}"),
        secret("stringData: {a: '{{ .Values.password }}'}"),
        secret("stringData:\n  a: {{ .Values.password }}\n  b: \"{{ .b }}\""),
        secret("stringData:\n  {{ .name }}: x{{ .b }}\n{{- range .x }}"),
        secret("stringData: {a: 'ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]'}"),
        secret(&format!("data: {{ca.crt: {}}}", pem("CERTIFICATE"))),
        secret("stringData: {identity.pub: ssh-ed25519 AAAAC3 me@host}"),
        secret("stringData: {known_hosts: 'github.com ssh-ed25519 AAAAC3'}"),
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {a: AgBy}}\n".into(),
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec: {data: [{secretKey: a}]}\n".into(),
        "apiVersion: example.com/v1\nkind: Secret\ndata: {a: b}\n".into(),
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  valuesFrom:\n  - kind: Secret\n    name: x\n  values: {persistence: {data: {a: b}}}\n".into(),
        "# kind: Secret\nkind: ConfigMap\ndata: {a: b}\n".into(),
        "metadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"stringData\":{\"a\":\"b\"}}\n".into(),
    ] {
        assert_eq!(outside("a.yaml", &text), Vec::<String>::new(), "{text}");
        assert_eq!(outside("a.yaml.tpl", &text), Vec::<String>::new(), "{text}");
    }
    let key = secret(&format!("data: {{tls.key: {}}}", pem("PRIVATE KEY")));
    assert_eq!(outside("a.yaml", &key), ["SEC003 data.tls.key"]);
}

#[test]
fn the_value_is_decoded_for_the_fingerprint() {
    let hits = |text: &str| look_at("a.yaml", text, &Rules::default()).1;
    let data = hits("apiVersion: v1\nkind: Secret\ndata: {a: aHVudGVyMg==}\n");
    assert_eq!(data[0].value.expose(), b"hunter2");
    let text = "apiVersion: v1\nkind: Secret\nstringData: {a: hunter2}\n";
    assert_eq!(hits(text)[0].value.expose(), b"hunter2");
    assert_eq!(excerpt(&hits(text)[0], text), "hunter2");
    assert_eq!(hits(text)[0].severity, Severity::High);
    assert_eq!(hits(text)[0].confidence, Confidence::Certain);
    assert_eq!(
        hits(text)[0].message,
        "`stringData.a` of a Secret is in plaintext, and no creation rule covers the file"
    );
    // Not base64: what stands there counts.
    let text = "apiVersion: v1\nkind: Secret\ndata: {a: not base64!}\n";
    assert_eq!(hits(text)[0].value.expose(), b"not base64!");
}

#[test]
fn a_rule_that_does_not_select_a_secret_leaves_it_in_plaintext() {
    let table = [
        (
            "encrypted_regex: '^password$'",
            vec!["SEC001 stringData.password", "SEC003 stringData.user"],
        ),
        (
            "encrypted_regex: '^spec$'",
            vec!["SEC003 stringData.user", "SEC003 stringData.password"],
        ),
        (
            "encrypted_suffix: '_x'",
            vec!["SEC003 stringData.user", "SEC003 stringData.password"],
        ),
        (
            "unencrypted_regex: '^stringData$'",
            vec![
                "SEC001 apiVersion",
                "SEC003 stringData.user",
                "SEC003 stringData.password",
            ],
        ),
        (
            "unencrypted_regex: '^(apiVersion|kind|metadata|user)$'",
            vec!["SEC001 stringData.password", "SEC003 stringData.user?"],
        ),
    ];
    for (selector, expected) in table {
        let rule = format!(
            "creation_rules:\n  - path_regex: secrets/\n    {selector}\n    age: '{{alice}}'\n"
        );
        let (_, hits) = look_at(COVERED, SECRET, &rules(&rule));
        let hits: Vec<Hit> = hits
            .into_iter()
            .filter(|hit| hit.check.id != "SEC009")
            .collect();
        assert_eq!(brief(&hits), expected, "{selector}");
        let last = hits.last().unwrap();
        assert!(
            last.message
                .contains("the rule at .sops.yaml:2 does not select it")
        );
    }
}

#[test]
fn documentation_is_only_possible() {
    let text = format!("# How to\n\n```yaml\n{SECRET}```\n");
    assert_eq!(
        outside("docs/README.md", &text),
        ["SEC003 stringData.user?", "SEC003 stringData.password?"]
    );
}

#[test]
fn what_the_windows_shell_writes() {
    for big in [false, true] {
        let mut bytes = if big {
            vec![0xFE, 0xFF]
        } else {
            vec![0xFF, 0xFE]
        };
        for unit in SECRET.encode_utf16() {
            bytes.extend(if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            });
        }
        for path in ["a.yaml", "a.txt"] {
            let (verdict, hits) = look_at_bytes(path, &bytes, &Rules::default());
            assert_eq!(
                brief(&hits),
                ["SEC003 stringData.user", "SEC003 stringData.password"]
            );
            let at = SECRET.find("root").unwrap() * 2 + 2;
            assert_eq!(hits[0].span, at..at + 8);
            assert_eq!(verdict.unchecked, None);
        }
    }
}

#[test]
fn may_concern_is_selective() {
    for text in [
        "kind: ExternalSecret\n",
        "kind: SecretStore\n",
        "secretKeyRef: {name: a}\nkind: Deployment\n",
        "sops is a tool",
        "kind of Secretary",
        "",
    ] {
        assert!(!may_concern(text.as_bytes()), "{text}");
    }
    for text in [
        "kind: Secret",
        "\"kind\":\"Secret\"",
        "kind: SecretList\n",
        "kind:   'Secret' # x",
    ] {
        let text = format!("{text}\ndata: {{a: Yg==}}");
        assert!(may_concern(text.as_bytes()), "{text}");
    }
}

#[test]
fn settings_beside_secrets_are_only_possible() {
    let text = "apiVersion: v1\nkind: Secret\nstringData:\n  port: '5432'\n  host: db.apps.svc\n  other: correct horse\n";
    let expected = [
        "SEC003 stringData.port?",
        "SEC003 stringData.host?",
        "SEC003 stringData.other",
    ];
    assert_eq!(outside("a.yaml", text), expected);
    assert_eq!(outside("a.yaml.tmpl", text), expected);
}

#[test]
fn what_no_parser_reads_is_read_line_by_line() {
    let broken = "x: [\n";
    let table: &[(&str, &[&str], &str)] = &[
        (
            "apiVersion: v1\nkind: Secret\nstringData:\n  a: b # note\n  c: \"d\"\ntype: Opaque\n",
            &["SEC003 stringData.a", "SEC003 stringData.c"],
            "b",
        ),
        (
            "stringData:\n  key: |\n    line one\n\n    line two\n  other: x\nkind: Secret\n",
            &["SEC003 stringData.key", "SEC003 stringData.other"],
            "|\n    line one\n\n    line two",
        ),
        (
            "items:\n- kind: ConfigMap\n  data:\n    a: b\n- kind: Secret\n  data:\n    c: eA==\n- kind: ConfigMap\n  data:\n    d: e\n",
            &["SEC003 data.c"],
            "eA==",
        ),
        (
            "- data:\n    c: eA==\n  kind: Secret # x\n",
            &["SEC003 data.c"],
            "eA==",
        ),
        (
            "{\n  // a comment\n  \"kind\": \"Secret\",\n  \"data\": {\n    \"a\": \"eA==\",\n  },\n}\n",
            &["SEC003 data.a"],
            "\"eA==\",",
        ),
        (
            "apiVersion: example.com/v1\nkind: Secret\ndata:\n  a: eA==\n",
            &[],
            "",
        ),
        (
            "kind: ConfigMap\ndata:\n  a: b\n---\nkind: Secret\n",
            &[],
            "",
        ),
        (
            "kind: Secret\ndata:\n  a: {{ .x }}\n  b:\n  # c: d\n",
            &[],
            "",
        ),
        (
            "volumes:\n  - kind: Secret\n    name: x\ndata:\n  a: b\n",
            &[],
            "",
        ),
    ];
    for (text, expected, at) in table {
        let text = format!("{text}{broken}");
        let (_, hits) = look_at("a.yaml", &text, &Rules::default());
        assert_eq!(brief(&hits), *expected, "{text}");
        if let Some(hit) = hits.first() {
            assert_eq!(excerpt(hit, &text), *at);
            assert_eq!(hit.confidence, Confidence::Likely);
        }
    }
}

/// What is found of a Secret with these values.
fn values(values: &str) -> Vec<String> {
    let text = format!("apiVersion: v1\nkind: Secret\nstringData:\n{values}");
    let found = outside("a.yaml", &text);
    // By its lines it is the same.
    let lines = outside("a.yaml.tmpl", &format!("{text}x: [\n"));
    assert_eq!(lines, found, "{text}");
    found
}

#[test]
fn a_user_name_alone_is_only_possible() {
    for beside in [
        "  password: op://vault/item/password\n",
        "  password: '{{ .password }}'\n",
        "  password: ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\n",
        "  password: changeme\n  type: git\n",
    ] {
        for key in ["username", "user", "login", "email", "smtp-username"] {
            let found = values(&format!("  {key}: zebra\n{beside}"));
            let certain = found.iter().any(|one| !one.ends_with('?'));
            let expected = format!("SEC003 stringData.{key}?");
            assert!(!certain && found[0] == expected, "{found:?}");
        }
    }
    for (text, expected) in [
        // Together they open something.
        (
            "  username: zebra\n  password: correct horse\n",
            &["SEC003 stringData.username", "SEC003 stringData.password"][..],
        ),
        // Nothing says what it is the name for.
        ("  username: zebra\n", &["SEC003 stringData.username"]),
        // What stands there is no name.
        (
            "  user: zebra:crossing\n  password: op://vault/item/password\n",
            &["SEC003 stringData.user"],
        ),
        (
            "  username: q7Vb2Lw9XkT4mR8sZp3N\n  password: op://vault/item/password\n",
            &["SEC003 stringData.username"],
        ),
        (
            "  pin: zebra\n  password: op://vault/item/password\n",
            &["SEC003 stringData.pin"],
        ),
    ] {
        assert_eq!(values(text), expected, "{text}");
    }
}

#[test]
fn plain_settings_are_only_possible() {
    for setting in [
        "url: https://git.example.org/team/charts",
        "url: ssh://git@git.example.org/team/charts",
        "url: git@git.zebra.org:team",
        "url: registry.zebra.org/charts",
        "baseUrl: https://git.example.org:8443/api/v3",
        "apiAddress: tcp://127.0.0.1:5705",
        "server: https://localhost:6443",
        "type: helm",
        "name: private-repo",
        "project: platform",
        "namespace: kube-system",
        "admin.passwordMtime: 2019-03-20T17:54:53Z",
    ] {
        let key = setting.split_once(':').unwrap().0;
        let expected = [format!("SEC003 stringData.{key}?")];
        assert_eq!(values(&format!("  {setting}\n")), expected, "{setting}");
    }
    for secret in [
        "url: https://zebra:crossing@git.example.org/charts",
        "url: https://0123abcd0123abcd@errors.example.org/1",
        "url: https://git.example.org/charts?key=zebra",
        "url: https://ping.example.org/9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
        "url: https://chat.example.org/services/T0BQ2M7XA/B0C9K1LZ3/zebra",
        "webhookUrl: https://chat.example.org/zebra",
        "url: zebra crossing",
        "server: zebra",
        "type: q7Vb2Lw9XkT4mR8sZp3N",
        "name: zebra crossing",
        "nickname: zebra",
        "passwordMtime: zebra",
    ] {
        let key = secret.split_once(':').unwrap().0;
        let expected = [format!("SEC003 stringData.{key}")];
        assert_eq!(values(&format!("  {secret}\n")), expected, "{secret}");
    }
}

#[test]
fn what_says_that_it_is_a_sample_is_only_possible() {
    let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let pem = |body: &str| {
        format!("|\n    -----BEGIN PRIVATE KEY-----\n    {body}\n    -----END PRIVATE KEY-----")
    };
    // Short documents are placeholders as a whole.
    let long = "zebra_crossing_".repeat(20);
    let json = |fields: &str| format!("{{{fields}, \"{long}\": true}}");
    let quoted = |fields: &str| format!("'{}'", json(fields));
    let salts = r#""verifier": {"salt": "example"}, "kid": "example", "alg": "oct""#;
    let key = r#""private_key": "-----BEGIN PRIVATE KEY-----\nA key\n-----END PRIVATE KEY-----\n""#;
    let none = Vec::<String>::new();
    for (expected, table) in [
        (
            none,
            vec![
                "my-username".to_owned(),
                "my-project".to_owned(),
                "yourpassword".to_owned(),
                "<myemail>@example.org".to_owned(),
                pem("..."),
            ],
        ),
        (
            vec!["SEC003 stringData.a?".to_owned()],
            vec![
                "hush! it's a parrot secret".to_owned(),
                "my-service-account-client-secret".to_owned(),
                "the-username-for-the-store".to_owned(),
                quoted(salts),
                encoded(&json(salts)),
                quoted(
                    r#""tenantId": "XXXX-XXXX", "clientSecret": "XXXXXX", "port": 5432, "user": "zebra""#,
                ),
                quoted(&format!(r#"{key}, "client_id": "client ID""#)),
            ],
        ),
        (
            vec!["SEC003 stringData.a".to_owned()],
            vec![
                "it is a long way to zebra crossing".to_owned(),
                "my-zebra-crossing".to_owned(),
                "the-zebra-Secret-9".to_owned(),
                pem("MC4CAQAwBQYDK2Vw"),
                quoted(r#""password": "example", "token": "correct horse""#),
                quoted(r#""password": "correct horse""#),
                quoted(r#""kid": "example", "k": "q7Vb2Lw9XkT4mR8sZp3N""#),
                quoted(r#""kid": "example", "pin": "zebra", "user": "zebra""#),
                quoted(r#""kid": "zebra""#),
                quoted(r#""password": "example", "a": "https://zebra:crossing@example.org""#),
                encoded(&json(r#""password": "correct horse", "token": "example""#)),
                quoted(r#""password": "example""#).replace("true", ""),
            ],
        ),
    ] {
        for value in table {
            assert_eq!(values(&format!("  a: {value}\n")), expected, "{value}");
        }
    }
}

#[test]
fn a_text_in_a_program_ends_where_its_quotes_do() {
    let table: &[(&str, &[&str])] = &[
        // The ConfigMap of another text.
        (
            "a(`\napiVersion: v1\nkind: Secret\ndata:\n  a: eA==\n`)\nb(`\napiVersion: v1\ndata:\n  b: x\nkind: ConfigMap\n`)\n",
            &["SEC003 data.a"],
        ),
        (
            "b(`\napiVersion: v1\nkind: ConfigMap\ndata:\n  b: x`, 1)\na(`\napiVersion: v1\nkind: Secret\nstringData:\n  a: zebra`, 2)\n",
            &["SEC003 stringData.a"],
        ),
        (
            "a = \"\"\"\napiVersion: v1\nkind: Secret\ndata:\n  a: eA==\n\"\"\"\nb = \"\"\"\ndata:\n  b: x\nkind: ConfigMap\n\"\"\"\n",
            &["SEC003 data.a"],
        ),
        (
            "\"a.yaml\": `apiVersion: v1\ndata:\n  a: eA==\nkind: Secret`,\n\"b.yaml\": `apiVersion: v1\ndata:\n  b: x\nkind: ConfigMap`,\n",
            &["SEC003 data.a"],
        ),
        // One manifest after the other without a line between them.
        (
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  b: x\napiVersion: v1\nkind: Secret\ndata:\n  a: eA==\napiVersion: v1\ndata:\n  c: x\nkind: ConfigMap\n",
            &["SEC003 data.a"],
        ),
        (
            "kind: Secret\ndata:\n  a: eA==\nkind: Secret\ndata:\n  b: eA==\n",
            &["SEC003 data.a", "SEC003 data.b"],
        ),
        // What stands behind the quotes is none of the value.
        (
            "{`\napiVersion: v1\nkind: Secret\ndata:\n  a: \"\"`, \"sum\", \"\"},\n",
            &[],
        ),
        (
            "{`\napiVersion: v1\nkind: Secret\nstringData:\n  a: zebra\n  b: 2`, \"sum\", \"\"},\n",
            &["SEC003 stringData.a", "SEC003 stringData.b?"],
        ),
        // No other kind: quotes in a value end nothing.
        (
            "apiVersion: v1\nkind: Secret\nstringData:\n  run: |\n    `\n    ls`\n  a: ze`bra\n  b: zebra\nx: `\n",
            &[
                "SEC003 stringData.run",
                "SEC003 stringData.a",
                "SEC003 stringData.b",
            ],
        ),
    ];
    for (text, expected) in table {
        let text = format!("package x\n{text}x: [\n");
        assert_eq!(outside("a.go", &text), *expected, "{text}");
    }
}

#[test]
fn merged_values_are_values() {
    let none: &[&str] = &[];
    let table: &[(&str, &[&str])] = &[
        (
            "kind: Secret\nstringData: {<<: {a: b}}\n",
            &["SEC003 stringData.a"],
        ),
        (
            "<<: {apiVersion: v1, kind: Secret}\nstringData: {a: b}\n",
            &["SEC003 stringData.a"],
        ),
        (
            "x: &x {kind: Secret}\ny: {<<: *x, stringData: {a: b}}\n",
            &["SEC003 y.stringData.a"],
        ),
        (
            "kind: Secret\n<<: {stringData: {a: b}}\n",
            &["SEC003 stringData.a"],
        ),
        (
            "kind: Secret\nstringData: {<<: [{a: b}, {<<: {c: d}}], e: f}\n",
            &[
                "SEC003 stringData.e",
                "SEC003 stringData.c",
                "SEC003 stringData.a",
            ],
        ),
        (
            "x: &x {a: b}\nkind: Secret\nstringData: {<<: *x}\n",
            &["SEC003 stringData.a"],
        ),
        (
            "<<: {kind: ConfigMap}\ny: Secret\nstringData: {a: b}\n",
            none,
        ),
        (
            "kind: Secret\nstringData: {'<<': b}\n",
            &["SEC003 stringData.<<"],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(outside("a.yaml", text), *expected, "{text}");
    }
    let mut bomb = String::from("a0: &a0 {x: y}\n");
    for level in 1..20 {
        let list = format!("*a{},", level - 1).repeat(9);
        bomb.push_str(&format!("a{level}: &a{level} {{<<: [{list}]}}\n"));
    }
    bomb.push_str("kind: Secret\nstringData: {<<: *a19, a: b}\n");
    let (verdict, _) = look_at("a.yaml", &bomb, &Rules::default());
    assert!(verdict.unchecked.unwrap().contains("aliases"));
}

#[test]
fn escapes_do_not_hide_the_kind() {
    let value = &["SEC003 stringData.a"];
    for (path, text) in [
        ("a.yaml", "kind: \"S\\u0065cret\"\nstringData: {a: b}\n"),
        ("a.yaml", "kind: \"\\x53ecret\"\nstringData: {a: b}\n"),
        ("a.yaml", "\"k\\U00000069nd\": Secret\nstringData: {a: b}\n"),
        (
            "a.json",
            "{\"\\u006bind\": \"Secret\", \"stringData\": {\"a\": \"b\"}}",
        ),
        (
            "a.json",
            "{\"\\u006b\\u0069\\u006e\\u0064\": \"\\u0053\\u0065\\u0063\\u0072\\u0065\\u0074\", \"stringData\": {\"a\": \"b\"}}",
        ),
    ] {
        assert_eq!(outside(path, text), value, "{text}");
    }
    for text in [
        "{\"kind\": \"Dashboard\", \"a\": \"\\u003cSecret\\u003e\"}",
        "char *x = \"\\x53\\x65\\x63\";",
        "\\u00",
        "\\x",
        "\\x5",
    ] {
        assert!(!may_concern(text.as_bytes()), "{text}");
    }
}

#[test]
fn a_text_with_a_kind_and_a_field_is_looked_at_and_a_reference_is_not() {
    for text in [
        "kind: Secret\ndata: {a: Yg==}",
        "{\"kind\":\"Secret\",\"data\":{\"a\":\"Yg==\"}}",
        "{kind: Secret,data: {a: Yg==}}",
        "data: {a: Yg==}\nkind: Secret",
        "\u{feff}data: {a: Yg==}\nkind: Secret",
        "kind: Secret\nstringData: {a: b}",
        "kind: SecretList\nitems: [{stringData: {a: b}}]",
        "kind: Secret\n\"d\\u0061ta\": {a: Yg==}",
        "kind: Secret\n? \"stringDa\\\n  ta\"\n: {a: b}",
        "metadata: {}\nx: &x {data: {a: Yg==}}\nkind: Secret\n<<: *x",
        "- kind: Secret\n  *d : {a: Yg==}\n- &d data",
    ] {
        assert!(may_concern(text.as_bytes()), "{text}");
    }
    for text in [
        "kind: HelmRelease\nspec: {valuesFrom: [{kind: Secret, name: a}]}",
        "kind: Secret\nmetadata: {name: a}",
        "kind: Kustomization\nmetadata: {}\nspec: {postBuild: {substituteFrom: [{kind: Secret, name: a}]}}",
        "kind: Secret\nmyStringdata: 1\nada: 1",
    ] {
        assert!(!may_concern(text.as_bytes()), "{text}");
    }
}

#[test]
fn what_to_do_depends_on_whether_a_rule_covers_the_file() {
    let other = rules(&RULE.replace("^(data|stringData)$", "^none$"));
    let (_, hits) = look_at(COVERED, SECRET, &other);
    assert!(
        hits[0]
            .message
            .ends_with("the rule at .sops.yaml:2 does not select it")
    );
    assert!(
        hits[0]
            .fix
            .as_deref()
            .unwrap()
            .starts_with("let the selector")
    );
    let (_, hits) = look_at("a.yaml", SECRET, &other);
    assert_eq!(hits[0].fix, None);
    assert!(hits[0].check.fix.starts_with("add a creation rule"));
}
