//! Tests: the example on a page is one that the check finds, as sure as the page says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;

use super::page;
use crate::audit::checks::{self, Check};
use crate::audit::run::{Request, Scope, run_text};

/// A rule that covers the file of [`EXAMPLES`] that is to be covered.
const RULES: &str = "creation_rules:\n  - path_regex: '\\.secret\\.yaml$'\n    encrypted_regex: ^(data|stringData)$\n    age: age1kqrjgh0uxr5ll9evn36lp33qlg4hu8wj46qnq2qzu8gztsj8r93scjhs43\n";

/// Examples of one file, with its path.
const EXAMPLES: &[(&str, &str)] = &[
    ("SEC001", "k8s/prod/db.secret.yaml"),
    ("SEC003", "k8s/prod/registry.yaml"),
    ("SEC118", "app.yaml"),
    ("SEC120", ".env"),
    ("SEC202", "kustomization.yaml"),
    ("SEC204", "release.yaml"),
    ("SEC205", "cluster.yaml"),
    ("SEC206", "config.yaml"),
    ("SEC207", "web.yaml"),
    ("SEC208", ".gitlab-ci.yml"),
    ("SEC209", "Dockerfile"),
    ("SEC901", "k8s/prod/db.yaml"),
    ("SEC903", "app.yaml"),
];

/// Checks of files beside each other, of sealed files, of rules or of the history.
const MORE_THAN_A_FILE: &[&str] = &[
    "SEC002", "SEC004", "SEC005", "SEC006", "SEC007", "SEC008", "SEC009", "SEC010", "SEC011",
    "SEC012", "SEC013", "SEC014", "SEC015", "SEC016", "SEC203", "SEC301", "SEC302", "SEC303",
    "SEC902", "SEC904",
];

/// Examples that leave the secret out: a page with a token would be a finding of every scanner.
const LEFT_OUT: &[&str] = &[
    "SEC101", "SEC102", "SEC103", "SEC104", "SEC105", "SEC106", "SEC107", "SEC108", "SEC109",
    "SEC110", "SEC111", "SEC112", "SEC113", "SEC114", "SEC115", "SEC116", "SEC117", "SEC119",
    "SEC121", "SEC122", "SEC123", "SEC201",
];

/// The first fenced block of the example.
fn example(check: &Check) -> String {
    let page = page(check);
    let (_, part) = page.split_once("\n## Example\n").unwrap();
    let (_, block) = part.split_once("\n```").unwrap();
    let (_, block) = block.split_once('\n').unwrap();
    let (block, _) = block.split_once("\n```").unwrap();
    format!("{block}\n")
}

fn confidence_of(check: &Check, path: &str, text: &str) -> Vec<String> {
    let config = (
        "/repository/.sops.yaml".to_owned(),
        RULES.as_bytes().to_vec(),
    );
    let request = Request {
        config: Some(config),
        ..Request::new(Vec::new(), Scope::Tree, "2026-11-22T08:00:00Z".to_owned())
    };
    let report = run_text(
        &request,
        std::path::Path::new("/repository"),
        path,
        text.as_bytes(),
    )
    .unwrap();
    assert!(report.unchecked.is_empty(), "{:?}", report.unchecked);
    let findings = report.findings.iter();
    let findings = findings.filter(|finding| finding.check.id == check.id);
    findings
        .map(|finding| finding.confidence.to_string())
        .collect()
}

#[test]
fn the_example_of_a_page_is_found_as_sure_as_the_page_says() {
    for (id, path) in EXAMPLES {
        let check = Check::find(id).unwrap();
        let text = example(check);
        let expected = [check.confidence.to_string()];
        assert_eq!(confidence_of(check, path, &text), expected, "{id}:\n{text}");
    }
}

#[test]
fn each_page_has_an_example_that_is_tested_or_cannot_be() {
    let mut known = HashSet::new();
    let tested = EXAMPLES.iter().map(|(id, _)| id);
    for id in tested.chain(MORE_THAN_A_FILE).chain(LEFT_OUT) {
        assert!(known.insert(*id), "{id} is named twice");
    }
    for check in checks::ALL {
        assert!(known.remove(check.id), "{} is not named", check.id);
    }
    assert!(known.is_empty(), "{known:?}");
    for check in LEFT_OUT.iter().map(|id| Check::find(id).unwrap()) {
        // Nothing to put it off with: if the example says all, it is to be tested.
        let text = example(check);
        let leaves_out = ["...", "(base64)", "base64 of", "--from-file"];
        assert!(
            leaves_out.iter().any(|mark| text.contains(mark)),
            "{}",
            check.id
        );
    }
}
