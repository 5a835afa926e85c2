//! Which rule covers what, and SEC008 and SEC010 to SEC013.

use super::super::super::finding::Severity;
use super::*;

#[test]
fn the_nearest_configuration_governs() {
    let rules = rules_at(&[
        (
            ".sops.yaml",
            "creation_rules:\n  - path_regex: ^a/x\n    age: '{alice}'\n  - path_regex: \\.yaml$\n    age: '{alice}'\n",
        ),
        (
            "a/b/.sops.yaml",
            "creation_rules:\n\n  - path_regex: ^x\n    age: '{bob}'\n",
        ),
        ("none/.sops.yaml", "stores: {}\n"),
        ("empty/.sops.yaml", ""),
    ]);
    for (path, expected) in [
        ("a/x", Some(".sops.yaml:2")),
        ("a/x.yaml", Some(".sops.yaml:2")),
        ("b/a/x.yaml", Some(".sops.yaml:4")),
        ("a/b/x", Some("a/b/.sops.yaml:3")),
        ("a/b/x.yaml", Some("a/b/.sops.yaml:3")),
        ("a/b/c/x", None),
        ("a/b/c.yaml", None),
        ("a/bb/c.yaml", Some(".sops.yaml:4")),
        // A configuration without rules governs, and covers nothing.
        ("none/c.yaml", None),
        ("empty/deep/c.yaml", None),
        (".sops.yaml", None),
        ("c/.sops.yaml", None),
        ("other", None),
        ("", None),
        ("./a/../a//x", Some(".sops.yaml:2")),
    ] {
        assert_eq!(rules.covering(path).as_deref(), expected, "{path}");
    }
}

#[test]
fn an_explicit_configuration_governs_everything() {
    let text = with_recipients("creation_rules: [{path_regex: '^(/repo/)?a/x', age: '{alice}'}]");
    for (config, path, covered) in [
        ("conf/sops.yaml", "a/x", true),
        ("conf/sops.yaml", "conf/a/x", true),
        ("conf/sops.yaml", "b/a/x", false),
        ("sops.yaml", "a/x", true),
        ("sops.yaml", "sops.yaml", false),
        ("/elsewhere/sops.yaml", "a/x", true),
        ("/repo/sops.yaml", "a/x", true),
        ("/sops.yaml", "a/x", true),
    ] {
        let rules = Rules::with_explicit(config, text.clone().into_bytes(), "/repo");
        let expected = covered.then(|| format!("{config}:1"));
        assert_eq!(rules.covering(path), expected, "{config} {path}");
    }
}

#[test]
fn below_a_broken_configuration_nothing_is_known() {
    let configs = vec![
        (".sops.yaml".to_owned(), with_recipients(RULE).into_bytes()),
        (
            "a/.sops.yaml".to_owned(),
            b"creation_rules:\n  - path_regex: '('\n".to_vec(),
        ),
    ];
    let rules = Rules::new(configs);
    let broken = rules.broken();
    assert_eq!(broken[0].0, "a/.sops.yaml");
    assert!(
        broken[0]
            .1
            .starts_with("line 2: `path_regex` is not a valid expression"),
        "{broken:?}"
    );
    assert_eq!(rules.covering("a/secrets/x.yaml"), None);
    let (verdict, hits) = look_at("a/secrets/x.yaml", SECRET, &rules);
    let why = verdict.unchecked.unwrap();
    assert!(
        why.contains("a/.sops.yaml") && why.contains("path_regex"),
        "{why}"
    );
    assert_eq!(
        brief(&hits),
        ["SEC003 stringData.user", "SEC003 stringData.password"]
    );
    let (verdict, hits) = look_at("a/secrets/x.yaml", &sealed(), &rules);
    assert!(verdict.unchecked.is_some() && verdict.sealed && hits.is_empty());
    assert!(
        look_at("b/secrets/x.yaml", &sealed(), &rules)
            .0
            .unchecked
            .is_none()
    );
}

/// The hits in one configuration, with what they stand on.
fn checked(text: &str, paths: &[&str]) -> Vec<String> {
    let text = with_recipients(text);
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let found = check_rules(&rules(&text), &paths);
    let hits = found.iter().flat_map(|(path, hits)| {
        assert_eq!(path, ".sops.yaml");
        hits
    });
    hits.map(|hit| {
        format!(
            "{} {} {}",
            hit.check.id,
            hit.severity,
            &text[hit.span.clone()]
        )
    })
    .collect()
}

#[test]
fn one_key_alone() {
    let config = "creation_rules:\n  - path_regex: a\n    age: {alice}\n  - path_regex: b\n    age: '{alice},{bob}'\n  - path_regex: c\n    key_groups: [{age: ['{alice}']}, {age: ['{bob}']}]\n  - path_regex: d\n    pgp: AA\n";
    assert_eq!(
        checked(config, &["a", "b", "c", "d"]),
        ["SEC008 info path_regex: a", "SEC008 info path_regex: d"]
    );
}

#[test]
fn unanchored_selectors() {
    let table = [
        ("encrypted_regex: ^(data|stringData)$", None),
        (
            "encrypted_regex: (data|stringData)",
            Some("low (data|stringData)"),
        ),
        ("encrypted_regex: data$", Some("low data$")),
        ("encrypted_regex: ^data", Some("info ^data")),
        (
            "encrypted_regex: ^data|stringData$",
            Some("info ^data|stringData$"),
        ),
        ("encrypted_regex: password", Some("info password")),
        ("unencrypted_regex: ^(apiVersion|kind|metadata)$", None),
        (
            "unencrypted_regex: (apiVersion|kind|metadata)",
            Some("info (apiVersion|kind|metadata)"),
        ),
        ("encrypted_suffix: data", None),
        ("encrypted_comment_regex: sops", None),
        ("mac_only_encrypted: true", None),
    ];
    for (selector, expected) in table {
        let config = format!(
            "# top\ncreation_rules:\n  - path_regex: a\n    {selector}\n    age: '{{alice}},{{bob}}'\n"
        );
        let expected: Vec<String> = expected.iter().map(|hit| format!("SEC010 {hit}")).collect();
        assert_eq!(checked(&config, &["a"]), expected, "{selector}");
    }
}

#[test]
fn dead_shadowed_and_overlapping_rules() {
    let two = "age: '{alice},{bob}'";
    let other = "age: '{alice},{carol}'";
    type Row<'r> = (&'r [(&'r str, &'r str)], &'r [&'r str]);
    let table: &[Row<'_>] = &[
        (&[("^a/", two), ("^b/", two)], &[]),
        (
            &[("^a/", two), ("^never/", two)],
            &["SEC011 info path_regex: ^never/"],
        ),
        (
            &[("^a/", two), ("^a/b", two)],
            &["SEC012 low path_regex: ^a/b"],
        ),
        (
            &[("", two), ("^a/b", two)],
            &["SEC012 low path_regex: ^a/b"],
        ),
        // The same keys and the same selector: it does not matter which one it is.
        (&[("^a/b", two), ("^a/", two)], &[]),
        (
            &[("^a/b", two), ("^a/", other)],
            &["SEC013 info path_regex: ^a/"],
        ),
        (&[("^a/b", two), ("", other)], &[]),
    ];
    for (rules, expected) in table {
        let mut config = String::from("creation_rules:\n");
        for (regex, keys) in *rules {
            match regex.is_empty() {
                true => config.push_str(&format!("  - {keys}\n")),
                false => config.push_str(&format!("  - path_regex: {regex}\n    {keys}\n")),
            }
        }
        assert_eq!(
            checked(&config, &["a/b", "a/c", "b/x", "z"]),
            *expected,
            "{config}"
        );
    }
}

#[test]
fn hits_in_the_rules_say_which_and_why() {
    let config = with_recipients(
        "creation_rules:\n  - path_regex: ^a/b\n    age: '{alice},{bob}'\n  - path_regex: ^a/\n    age: '{alice},{carol}'\n  - path_regex: ^a/b$\n    age: '{alice},{bob}'\n",
    );
    let paths = ["a/b".to_owned(), "a/c".to_owned()];
    let found = check_rules(&rules(&config), &paths);
    let messages: Vec<&str> = found[0].1.iter().map(|hit| hit.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "the rule for `^a/b$` is never used: .sops.yaml:2 takes every file that it matches",
            "the rule for `^a/` also matches files of the rule at .sops.yaml:2, which comes first: `a/b`",
        ]
    );
    assert!(found[0].1.iter().all(|hit| hit.severity <= Severity::Low));
}

#[test]
fn many_paths_take_little_time() {
    let rules = rules(RULE);
    let paths: Vec<String> = (0..100_000)
        .map(|n| format!("apps/{}/secrets/{n}.yaml", n % 97))
        .collect();
    let start = std::time::Instant::now();
    assert!(paths.iter().all(|path| rules.covering(path).is_some()));
    assert!(check_rules(&rules, &paths)[0].1.len() == 1);
    // Loose: it is an unoptimised build on a busy machine.
    assert!(start.elapsed().as_secs() < 20);
}
