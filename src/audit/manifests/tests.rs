//! Both directions: what is found, and what is none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod elsewhere;
mod kinds;
mod quiet;

use std::collections::BTreeMap;

use super::*;

/// A value that looks drawn at random; made for these tests.
const DRAWN: &str = "q7Vb2Lw9XkT4mR8sZp3N";

/// A state with a few files.
#[derive(Default)]
struct Files {
    files: BTreeMap<String, Vec<u8>>,
    paths: Vec<String>,
}

impl Files {
    fn of(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
        let files: BTreeMap<_, _> = files.iter().map(owned).collect();
        let paths = files.keys().cloned().collect();
        Files { files, paths }
    }
}

impl View for Files {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files.get(path).cloned()
    }

    fn paths(&self) -> &[String] {
        &self.paths
    }
}

/// What is found in a text whose `@` is [`DRAWN`]: `SEC204 likely spec.values.password`. What the
/// quick test says must agree.
fn found_with(path: &str, text: &str, view: Option<&dyn View>) -> Vec<String> {
    let text = text.replace('@', DRAWN);
    let mut hits = Vec::new();
    check(&Subject::new(path, text.as_bytes()), view, &mut hits);
    assert!(
        hits.is_empty() || Form::of(path).concerns(text.as_bytes(), has_values(text.as_bytes())),
        "the quick test passes over {path}:\n{text}"
    );
    let line = |hit: &Hit| {
        assert!(text.get(hit.span.clone()).is_some(), "{path}: {hit:?}");
        assert!(!hit.message.contains(DRAWN), "{}", hit.message);
        let path = hit.key_path.as_deref().unwrap_or("-");
        format!("{} {} {path}", hit.check.id, hit.confidence)
    };
    hits.iter().map(line).collect()
}

fn found(path: &str, text: &str) -> Vec<String> {
    found_with(path, text, None)
}

/// The text under each hit.
fn spans(path: &str, text: &str) -> Vec<String> {
    let text = text.replace('@', DRAWN);
    let mut hits = Vec::new();
    check(&Subject::new(path, text.as_bytes()), None, &mut hits);
    hits.iter()
        .map(|hit| text.get(hit.span.clone()).unwrap().to_owned())
        .collect()
}

/// [`found`] asks the quick test as well.
#[test]
fn the_quick_test_passes_over_nothing() {
    let release = "kind: HelmRelease\napiVersion: helm.toolkit.fluxcd.io/v2\nspec:\n  values:\n";
    let template = "{{- if .Values.on }}\nkind: Pod\nspec:\n  env:\n";
    for text in [
        format!("{release}    x: {{dbPassword: @, y: \"{{{{ .z }}}}\"}}\n"),
        format!("{template}  - name: DB_PASSWORD\n      value: @\n"),
        format!("{template}  - name: DB_PASSWORD\n\r\r    value: @\n"),
        format!("{template}  - name: DB_PASSWORD\n    value: {{{{ @\n"),
        // Lines of a comment and more, behind another kind of break.
        format!("{release}    # x\r    dbPassword: @\n"),
        format!("{release}    # x\u{2028}    dbPassword: @\n"),
        format!("{release}    env: \"A=1\n      # x\\nDB_PASSWORD=@\"\n"),
        // An anchor, and a value that looks like one.
        format!("{release}    dbPassword: &a @\n"),
        format!("{release}    dbPassword: &a\n      @\n"),
        format!("{release}    env: |\n      A=1\n      DB_PASSWORD=&@ x\n"),
    ] {
        assert_eq!(found("a.yaml", &text).len(), 1, "{text}");
    }
    let comment = format!("{template}  - name: DB_PASSWORD\n    value: # @\n");
    assert!(found("a.yaml", &comment).is_empty());
    for harmless in [
        format!("{release}    # dbPassword: @\n"),
        format!("{release}    env: |\n      A=1\n      # DB_PASSWORD=@\n"),
        format!("{release}    dbPassword: &a \"{{{{ .b }}}}\"\n"),
    ] {
        let text = harmless.replace('@', DRAWN);
        assert!(found("a.yaml", &harmless).is_empty(), "{text}");
        assert!(!has_values(text.as_bytes()), "{text}");
    }
    // A password is one whatever else of the address is a reference.
    let address =
        format!("{release}    dbPassword: postgres://app:{DRAWN}@db.${{ZONE}}.example/a\n");
    let mut hits = Vec::new();
    check(&Subject::new("a.yaml", address.as_bytes()), None, &mut hits);
    assert_eq!(hits.len(), 1);
    assert!(has_values(address.as_bytes()));
}

#[test]
fn a_hit_is_about_the_value_as_it_is_written() {
    let release = "kind: HelmRelease\napiVersion: helm.toolkit.fluxcd.io/v2\nspec:\n  values:\n";
    for (text, expected) in [
        (
            format!("{release}    password: \"@\"\n"),
            format!("\"{DRAWN}\""),
        ),
        (
            format!("{release}    password: @ # why\n"),
            DRAWN.to_owned(),
        ),
        (
            format!("{release}    conf: |\n      a=1\n      password=@\n"),
            DRAWN.to_owned(),
        ),
        (
            format!("{release}    args: [--password=@]\n"),
            DRAWN.to_owned(),
        ),
    ] {
        assert_eq!(spans("a.yaml", &text), [expected], "{text}");
    }
}

#[test]
fn the_value_is_what_the_fingerprint_covers() {
    let text = format!("kind: ConfigMap\napiVersion: v1\ndata:\n  password: \"{DRAWN}\"\n");
    let mut hits = Vec::new();
    check(&Subject::new("a.yaml", text.as_bytes()), None, &mut hits);
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].value.expose(), DRAWN.as_bytes());
}
