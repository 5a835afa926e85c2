#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::audit::finding::Report;
use crate::audit::run::{Request, Scope, run_text};

/// Made for these tests, and of no account.
const DRAWN: &str = "q7Vb2Lw9XkT4mR8sZp3N";

fn report(name: &str, text: &str) -> Report {
    let request = Request::new(Vec::new(), Scope::Tree, "2026-11-22T08:00:00Z".to_owned());
    run_text(
        &request,
        std::path::Path::new("/repository"),
        name,
        text.as_bytes(),
    )
    .unwrap()
}

/// What a report says of each finding: `SEC105 data.…`.
fn said(report: &Report) -> Vec<String> {
    let line = |finding: &crate::audit::finding::Finding| {
        let path = finding.key_path.as_deref().unwrap_or("-");
        format!("{} {path}", finding.check.id)
    };
    report.findings.iter().map(line).collect()
}

#[test]
fn a_key_that_is_a_secret_is_nowhere_in_a_report() {
    let token = format!("glpat-{DRAWN}");
    let jwt_like = format!("a.{DRAWN}.{DRAWN}");
    for (name, text) in [
        ("a.yaml", format!("{token}: x\n")),
        (
            "a.yaml",
            format!("list:\n  - {token}: {{password: Xk29sLqP0vTz7m}}\n"),
        ),
        ("a.yaml", format!("? {token}\n: x\n")),
        ("a.yaml", format!("\"{token}\": |\n  {token}\n")),
        ("a.json", format!("{{\"a\": {{\"{token}\": 1}}}}")),
        (
            "a.yaml",
            format!("apiVersion: v1\nkind: Secret\nstringData:\n  {token}: Xk29sLqP0vTz7m\n"),
        ),
        (
            "a.yaml",
            format!("apiVersion: v1\nkind: Secret\nstringData:\n  {DRAWN}: Xk29sLqP0vTz7m\n"),
        ),
        (
            "a.yaml",
            format!("apiVersion: v1\nkind: Secret\nstringData:\n  {jwt_like}: Xk29sLqP0vTz7m\n"),
        ),
        (
            "a.yaml",
            format!(
                "apiVersion: v1\nkind: ConfigMap\ndata:\n  {token}: |\n    a=1\n    password=Xk29sLqP0vTz7m\n"
            ),
        ),
        (
            "a.yaml",
            format!(
                "apiVersion: v1\nkind: ConfigMap\ndata:\n  a.yaml: |\n    {token}:\n      password: Xk29sLqP0vTz7m\n"
            ),
        ),
        (
            "values.yaml",
            format!("{token}:\n  password_{DRAWN}: Xk29sLqP0vTz7m\n"),
        ),
        (
            "kustomization.yaml",
            format!("secretGenerator:\n  - literals: ['{token}=Xk29sLqP0vTz7m']\n"),
        ),
        (
            ".npmrc",
            format!("//r.example.org/:{DRAWN}_password=Xk29sLqP0vTz7m\n"),
        ),
        ("a.env", format!("{DRAWN}_PASSWORD=Xk29sLqP0vTz7m\n")),
        (
            "a.yaml",
            format!("password: {token} # secrets: allow SEC105 it is {token}, is it not\n"),
        ),
        (
            "Dockerfile",
            format!("ENV {DRAWN}_PASSWORD=Xk29sLqP0vTz7m\n"),
        ),
    ] {
        let report = report(name, &text);
        assert!(!report.findings.is_empty(), "{name}: {text}");
        let all = format!("{report:?}");
        assert!(!all.contains(DRAWN), "{name}: {text}\n{all}");
        assert!(!all.contains("Xk29sLqP0vTz7m"), "{name}: {text}\n{all}");
    }
}

#[test]
fn an_address_with_a_password_that_is_a_key_is_masked_with_all_of_its_dots() {
    let password = "hunter-twelve.x";
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  \"postgres://app:{password}@db.prod.svc/app\": {{password: Xk29sLqP0vTz7m}}\n"
    );
    let report = report("a.yaml", &text);
    let all = format!("{report:?}");
    assert!(!all.contains("hunter") && !all.contains("twelve"), "{all}");
    assert_eq!(
        said(&report).first().map(String::as_str),
        Some("SEC118 data.…")
    );
}

#[test]
fn the_structure_of_a_key_path_stays() {
    let token = format!("glpat-{DRAWN}");
    let masks = Masks::default();
    for (path, expected) in [
        ("data.password".to_owned(), "data.password"),
        (format!("data.{token}"), "data.…"),
        (format!("list[2].{token}.name"), "list[2].….name"),
        (format!("{token}[0]"), "…[0]"),
        (format!("{DRAWN} -> spec.{DRAWN}.a"), "… -> spec.….a"),
        (format!("a.{}", "long ".repeat(20)), "a.…"),
        ("a.b\u{1b}[31mc".to_owned(), "a.…[31mc"),
        (
            "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration -> data.a"
                .to_owned(),
            "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration -> data.a",
        ),
        ("a".repeat(5000), "…"),
        (String::new(), ""),
        ("..[3]..".to_owned(), "..[3].."),
    ] {
        assert_eq!(masks.key_path(&path).path, expected, "{path:?}");
    }
}

#[test]
fn fingerprints_and_suppressions_have_the_real_key_path() {
    let token = format!("glpat-{DRAWN}");
    let of = |key: &str| {
        let report = report("a.yaml", &format!("{key}:\n  token: {token}\n"));
        assert_eq!(report.findings.len(), 1);
        report.findings[0].fingerprint.clone()
    };
    assert_ne!(of(&format!("{DRAWN}1")), of(&format!("{DRAWN}2")));
}

#[test]
fn messages_keep_what_is_no_secret() {
    let masks = Masks::default();
    let recipient = "age1pq1sjtf80hh80cfhfyau00000000000000000000000000000000000000";
    for text in [
        format!("the age identity of the recipient {recipient}"),
        "`data.password` of a Secret is in plaintext, and no rule covers it".to_owned(),
        "it is plain: `data.a`, `data.b`, 3 more".to_owned(),
    ] {
        let said = masks.message(&checks::SECRET_OUTSIDE_RULES, &text, None);
        assert_eq!(said, text);
    }
    let list = format!("it is plain: `data.{DRAWN}`, `data.b`");
    let said = masks.message(&checks::PLAIN_FILE, &list, None);
    assert_eq!(said, "it is plain: `data.…`, `data.b`");
    // A name that was cut, or written in another way.
    let long = format!("correct horse battery staple {}", "x".repeat(80));
    let shown = masks.key_path(&long);
    let cut = format!("`{}…` has its value in clear", &long[..80]);
    let said = masks.message(&checks::HELM_VALUES, &cut, Some(&shown));
    assert_eq!(said, "`…` has its value in clear");
}

#[test]
fn reasons_of_what_was_not_looked_at_keep_paths() {
    let masks = Masks::default();
    let text = format!(
        "object {} of `a/{DRAWN}.yaml`: `{DRAWN}` is no key",
        "0123456789abcdef".repeat(2)
    );
    let expected = text.replace(&format!("`{DRAWN}`"), "`…`");
    assert_eq!(masks.quoted(&text), expected);
}

proptest::proptest! {
    #[test]
    fn any_path_and_message_will_do(path in "[a.\\[\\]2`… >-]{0,20}", text in "[a.\\[\\]2`… >-]{0,30}") {
        let masks = Masks::default();
        let shown = masks.key_path(&path);
        proptest::prop_assert_eq!(shown.path.matches('.').count(), path.matches('.').count());
        masks.message(&checks::HELM_VALUES, &text, Some(&shown));
        masks.quoted(&text);
        masks.text(&text);
        masks.line(text.clone());
    }
}
