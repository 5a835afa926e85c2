//! SEC001 and SEC002 of files in which nothing is selected.

use super::super::super::finding::{Confidence, Severity};
use super::*;

const VALUES: &str = "smtp:\n  licence: Xk29sLqP0vTz7m\n  tls: true\n";
const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\nspec: {values: {licence: Xk29}}\n";

fn rule(regex: &str) -> String {
    format!(
        "creation_rules: [{{path_regex: '{regex}', encrypted_regex: '^(data|stringData)$', age: '{{alice}}'}}]"
    )
}

#[test]
fn a_covered_file_in_which_nothing_is_selected_is_plain() {
    let (verdict, hits) = look_at(COVERED, VALUES, &rules(RULE));
    assert_eq!(brief(&hits), ["SEC001 smtp.licence"]);
    assert_eq!(
        hits[0].message,
        "this file is covered and plain, and `encrypted_regex: ^(data|stringData)$` of the rule at .sops.yaml:2 selects nothing in it, so that sealing would encrypt nothing: `smtp.licence`"
    );
    assert_eq!(hits[0].severity, Severity::Critical);
    assert_eq!(excerpt(&hits[0], VALUES), "Xk29sLqP0vTz7m");
    assert!(!verdict.sealed && !verdict.has_metadata);
    // A value that comes later makes it another finding.
    let more = format!("{VALUES}other: 1\n");
    let later = &look_at(COVERED, &more, &rules(RULE)).1[0];
    assert!(later.value.expose() != hits[0].value.expose());
}

#[test]
fn how_sure_it_is() {
    use Confidence::{Certain, Possible};
    let config_map =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nbinaryData: {a: eA==}\n";
    let space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n";
    let kustomization =
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n";
    let external = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec: {a: b}\n";
    let table = [
        ("secrets/", "secrets/values.yaml", VALUES, Some(Certain)),
        (
            "secrets/",
            "secrets/app.env",
            "LICENCE=Xk29\n",
            Some(Certain),
        ),
        (
            "secrets/",
            "secrets/app.ini",
            "[a]\nb = Xk29\n",
            Some(Certain),
        ),
        (
            "secrets/",
            "secrets/values.json",
            "{\"a\": \"b\"}",
            Some(Certain),
        ),
        (
            "^apps/values\\.yaml$",
            "apps/values.yaml",
            VALUES,
            Some(Certain),
        ),
        ("^apps/hr\\.yaml$", "apps/hr.yaml", RELEASE, Some(Certain)),
        ("\\.enc\\.yaml$", "apps/hr.enc.yaml", RELEASE, Some(Certain)),
        ("secrets/", "secrets/hr.yaml", RELEASE, Some(Possible)),
        ("secrets/", "secrets/cm.yaml", config_map, Some(Possible)),
        ("secrets/", "secrets/README.yaml", VALUES, Some(Possible)),
        (
            "^clusters/.*\\.yaml$",
            "clusters/values.yaml",
            VALUES,
            Some(Possible),
        ),
        ("^clusters/.*\\.yaml$", "clusters/hr.yaml", RELEASE, None),
        ("", "values.yaml", VALUES, None),
        ("", "app.env", "LICENCE=Xk29\n", None),
        ("secrets/", "secrets/ns.yaml", space, None),
        (
            "secrets/",
            "secrets/kustomization.yaml",
            kustomization,
            None,
        ),
        (
            "secrets/",
            "secrets/kustomization.yaml",
            "resources: [a.yaml]\n",
            None,
        ),
        ("secrets/", "secrets/x.yaml", external, None),
        ("secrets/", "secrets/x.yaml", "# nothing\n", None),
        ("secrets/", "secrets/x.yaml", "", None),
        (
            "secrets/",
            "secrets/x.yaml",
            "a: ''\nb: ~\nc: {}\nd: []\n",
            None,
        ),
        (
            "secrets/",
            "secrets/x.yaml",
            "a: true\nb: ${NAME}\nc: changeme\n",
            None,
        ),
        ("secrets/", "secrets/x.yaml", "a: b\ndata: {a: ''}\n", None),
        ("secrets/", "secrets/app.env", "# nothing\nA=\n", None),
    ];
    for (regex, path, text, expected) in table {
        let (_, hits) = look_at(path, text, &rules(&rule(regex)));
        let sure: Vec<Confidence> = hits.iter().map(|hit| hit.confidence).collect();
        assert_eq!(
            sure,
            expected.into_iter().collect::<Vec<_>>(),
            "{regex} {path} {text}"
        );
        assert!(hits.iter().all(|hit| hit.check.id == "SEC001"), "{path}");
        assert!(
            hits.iter()
                .all(|hit| hit.confidence == Certain || hit.severity == Severity::Medium)
        );
    }
    // What of a Secret nothing selects has a check of its own.
    let other = rules(&rule("secrets/").replace("^(data|stringData)$", "^none$"));
    assert_eq!(
        found(COVERED, SECRET, &other),
        ["SEC003 stringData.user", "SEC003 stringData.password"]
    );
}

#[test]
fn what_is_exempted_value_by_value_is_meant_to_be_plain() {
    let quiet: &[&str] = &[];
    for (setting, text, expected) in [
        ("unencrypted_suffix: _plain", "a_plain: b\n", quiet),
        ("unencrypted_comment_regex: plain", "# plain\na: b\n", quiet),
        ("unencrypted_regex: .", "a: b\n", &["SEC001 a"]),
        ("encrypted_suffix: _secret", "a: b\n", &["SEC001 a"]),
        ("encrypted_comment_regex: seal", "a: b\n", &["SEC001 a"]),
    ] {
        let rule =
            format!("creation_rules: [{{path_regex: 'secrets/', {setting}, age: '{{alice}}'}}]");
        assert_eq!(found(COVERED, text, &rules(&rule)), expected, "{setting}");
    }
}

#[test]
fn a_block_below_which_nothing_is_selected_protects_nothing() {
    for (text, key) in [
        (VALUES, "smtp.licence"),
        (RELEASE, "spec.values.licence"),
        ("{\"a\": 1}", "a"),
    ] {
        let format = match text.starts_with('{') {
            true => Format::Json,
            false => Format::Yaml,
        };
        let text = seal_with(text, format, &data_only());
        for path in [COVERED, "x.yaml"] {
            let (verdict, hits) = look_at(path, &text, &rules(RULE));
            assert_eq!(brief(&hits), [format!("SEC002 {key}")], "{path}");
            assert!(hits[0].message.contains("no value of it is encrypted"));
            assert_eq!(hits[0].severity, Severity::Critical);
            assert!(verdict.has_metadata && !verdict.sealed, "{path}");
        }
    }
    let secret = How {
        parts: SelectorParts {
            encrypted_regex: Some("^none$"),
            ..SelectorParts::default()
        },
        ..data_only()
    };
    let text = seal_with(SECRET, Format::Yaml, &secret);
    let (verdict, hits) = look_at("x.yaml", &text, &Rules::default());
    assert_eq!(
        brief(&hits),
        [
            "SEC002 stringData.user",
            "SEC003 stringData.user",
            "SEC003 stringData.password"
        ]
    );
    assert!(!verdict.sealed);
    // One value that is encrypted, or nothing that could be.
    for text in ["data: {a: b}\nc: d\n", "data: {a: ''}\nc: d\n", "a: ''\n"] {
        let text = seal_with(text, Format::Yaml, &data_only());
        let (verdict, hits) = look_at(COVERED, &text, &rules(RULE));
        assert_eq!((brief(&hits), verdict.sealed), (Vec::new(), true), "{text}");
    }
    let env = include_str!("../../../../testdata/golden/3.13.3/app.env");
    let metadata: String = env
        .lines()
        .filter(|line| line.starts_with("sops_"))
        .map(|line| format!("{line}\n"))
        .collect();
    let metadata = metadata.replace(
        "sops_unencrypted_suffix=_unencrypted",
        "sops_encrypted_regex=^none$",
    );
    let (verdict, hits) = look_at(
        "x.env",
        &format!("LICENCE=Xk29\n{metadata}"),
        &Rules::default(),
    );
    assert_eq!(brief(&hits), ["SEC002 LICENCE"]);
    assert!(verdict.has_metadata && !verdict.sealed);
}
