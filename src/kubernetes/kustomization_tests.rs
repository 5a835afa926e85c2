#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn added(text: &str, entry: &str) -> String {
    let edited = add_resource(text.as_bytes(), entry)
        .unwrap()
        .expect("not listed yet");
    assert_eq!(
        add_resource(&edited, entry).unwrap(),
        None,
        "a second time changes nothing"
    );
    String::from_utf8(edited).unwrap()
}

#[test]
fn an_entry_goes_below_the_last_one_in_its_style() {
    for (before, after) in [
        (
            "resources:\n  - a.yaml\n",
            "resources:\n  - a.yaml\n  - x.yaml\n",
        ),
        ("resources:\n- a.yaml\n", "resources:\n- a.yaml\n- x.yaml\n"),
        (
            "resources:\n  -   a.yaml\npatches: []\n",
            "resources:\n  -   a.yaml\n  -   x.yaml\npatches: []\n",
        ),
        (
            "resources:\r\n  - ./a.yaml\r\n",
            "resources:\r\n  - ./a.yaml\r\n  - ./x.yaml\r\n",
        ),
        (
            "resources:\n  - a.yaml",
            "resources:\n  - a.yaml\n  - x.yaml",
        ),
        (
            "resources:\n  - a.yaml # why\n  # - b.yaml\n\nk: v\n",
            "resources:\n  - a.yaml # why\n  - x.yaml\n  # - b.yaml\n\nk: v\n",
        ),
        (
            "resources:\n  - 'a.yaml'\n",
            "resources:\n  - 'a.yaml'\n  - 'x.yaml'\n",
        ),
        (
            "resources:\n  - \"./a.yaml\"\n",
            "resources:\n  - \"./a.yaml\"\n  - \"./x.yaml\"\n",
        ),
        (
            "resources:\n  - ./a.yaml\n  - https://example.com/b?ref=v1\n",
            "resources:\n  - ./a.yaml\n  - https://example.com/b?ref=v1\n  - ./x.yaml\n",
        ),
        (
            "resources:\n  - &a a.yaml\n  - *a\n",
            "resources:\n  - &a a.yaml\n  - *a\n  - x.yaml\n",
        ),
        (
            "resources:\n  - >-\n    a.yaml\nk: v\n",
            "resources:\n  - >-\n    a.yaml\n  - x.yaml\nk: v\n",
        ),
        (
            "  resources:\n    - a.yaml\n",
            "  resources:\n    - a.yaml\n    - x.yaml\n",
        ),
        (
            "---\nresources:\n  - a.yaml\n...\n",
            "---\nresources:\n  - a.yaml\n  - x.yaml\n...\n",
        ),
        (
            "\u{feff}resources:\n- a.yaml\n",
            "\u{feff}resources:\n- a.yaml\n- x.yaml\n",
        ),
    ] {
        assert_eq!(added(before, "x.yaml"), after);
    }
}

#[test]
fn brackets_stay_brackets() {
    for (before, after) in [
        ("resources: [a, b]\n", "resources: [a, b, x.yaml]\n"),
        ("resources: [a,b] # c\n", "resources: [a,b,x.yaml] # c\n"),
        ("resources: [ a ]\n", "resources: [ a, x.yaml ]\n"),
        ("resources: [a,]\n", "resources: [a, x.yaml,]\n"),
        ("resources: []\nk: v\n", "resources: [x.yaml]\nk: v\n"),
        (
            "resources: [\n  a,\n  b\n]\n",
            "resources: [\n  a,\n  b,\n  x.yaml\n]\n",
        ),
        ("resources: ['./a']", "resources: ['./a', './x.yaml']"),
        (
            "{\"kind\": \"Kustomization\", \"resources\": [\"a\"]}",
            "{\"kind\": \"Kustomization\", \"resources\": [\"a\", \"x.yaml\"]}",
        ),
    ] {
        assert_eq!(added(before, "x.yaml"), after);
    }
}

#[test]
fn a_missing_or_empty_list_is_made() {
    for (before, after) in [
        ("", "resources:\n  - x.yaml\n"),
        ("# nothing yet\n", "# nothing yet\nresources:\n  - x.yaml\n"),
        (
            "kind: Kustomization\n",
            "kind: Kustomization\nresources:\n  - x.yaml\n",
        ),
        (
            "kind: Kustomization",
            "kind: Kustomization\nresources:\n  - x.yaml",
        ),
        (
            "kind: Kustomization\r\n",
            "kind: Kustomization\r\nresources:\r\n  - x.yaml\r\n",
        ),
        (
            "components:\n- ../c\n",
            "components:\n- ../c\nresources:\n- x.yaml\n",
        ),
        ("resources:\nk: v\n", "resources:\n  - x.yaml\nk: v\n"),
        (
            "resources: # none\nk: v\n",
            "resources: # none\n  - x.yaml\nk: v\n",
        ),
        (
            "resources: null # none\nk: v\n",
            "resources: # none\n  - x.yaml\nk: v\n",
        ),
        ("resources: ~", "resources:\n  - x.yaml"),
        (
            "kind: Kustomization\n...\n",
            "kind: Kustomization\nresources:\n  - x.yaml\n...\n",
        ),
        (
            "patches:\n  - patch: |\n      a\n\n# end\n",
            "patches:\n  - patch: |\n      a\n\n# end\nresources:\n  - x.yaml\n",
        ),
    ] {
        assert_eq!(added(before, "x.yaml"), after, "{before:?}");
    }
}

#[test]
fn an_entry_in_any_spelling_counts() {
    for listed in [
        "s/x.yaml",
        "./s/x.yaml",
        "\"./s/x.yaml\"",
        "'s/x.yaml'",
        "a/../s/x.yaml",
        "s//x.yaml",
    ] {
        for text in [
            format!("resources:\n  - b\n  - {listed}\n"),
            format!("resources: [{listed}]\n"),
        ] {
            assert_eq!(
                add_resource(text.as_bytes(), "s/x.yaml").unwrap(),
                None,
                "{text}"
            );
        }
    }
    let text = "x: &f s/x.yaml\nresources:\n  - *f\n";
    assert_eq!(add_resource(text.as_bytes(), "s/x.yaml").unwrap(), None);
}

#[test]
fn the_neighbours_decide_on_the_prefix() {
    let text = "resources:\n  - a.yaml\n  - ./s/b.yaml\n  - c.yaml\n";
    assert!(added(text, "s/x.yaml").ends_with("c.yaml\n  - ./s/x.yaml\n"));
    assert!(added(text, "x.yaml").ends_with("c.yaml\n  - x.yaml\n"));
    assert!(added("resources:\n  - ./a\n", "../x.yaml").ends_with("  - ../x.yaml\n"));
}

#[test]
fn what_is_no_plain_text_is_quoted() {
    assert_eq!(
        added("resources: [a]\n", "a, b.yaml"),
        "resources: [a, \"a, b.yaml\"]\n"
    );
    assert_eq!(
        added("resources:\n- a\n", "x #1.yaml"),
        "resources:\n- a\n- \"x #1.yaml\"\n"
    );
    assert_eq!(
        added("resources:\n- a\n", "12"),
        "resources:\n- a\n- \"12\"\n"
    );
}

#[test]
fn roles_go_by_the_api_group() {
    let role = |text: &str| facts(text.as_bytes()).unwrap().role;
    assert_eq!(
        role("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"),
        Role::Kustomize
    );
    assert_eq!(
        role("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"),
        Role::Kustomize
    );
    assert_eq!(role("namespace: a\n"), Role::Kustomize);
    assert_eq!(
        role("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"),
        Role::Flux
    );
    assert_eq!(role("apiVersion: v1\nkind: List\n"), Role::Other);
    assert_eq!(role("- a\n"), Role::Other);
}

#[test]
fn what_cannot_be_edited_safely_is_refused() {
    for (text, message) in [
        (
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n",
            "this is a Kustomization of Flux, not of kustomize",
        ),
        ("apiVersion: v1\nkind: Pod\n", "this is not a kustomization"),
        ("resources: a.yaml\n", "cannot add the file to `resources`"),
        (
            "resources: &r\n  - a\nbases: *r\n",
            "cannot add the file to `resources`",
        ),
        (
            "bases: &r\n  - a\nresources: *r\n",
            "cannot add the file to `resources`",
        ),
        (
            "{kind: Kustomization}\n",
            "cannot add the file to `resources`",
        ),
        (
            "resources: []\n---\nresources: []\n",
            "the kustomization has several documents",
        ),
    ] {
        let error = add_resource(text.as_bytes(), "x.yaml").unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (Kind::Input, message),
            "{text}"
        );
        assert!(!error.hints().is_empty());
    }
}
