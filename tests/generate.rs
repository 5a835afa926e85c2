//! The generators: what the comparison tests and the benchmarks take for granted about them.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "support/generate.rs"]
mod generate;

use generate::Kind;

#[test]
fn a_seed_gives_the_same_text_again() {
    for seed in 0..200 {
        assert_eq!(
            generate::sample(seed).text,
            generate::sample(seed).text,
            "seed {seed}"
        );
    }
    assert_ne!(generate::realistic(1).text, generate::realistic(2).text);
}

#[test]
fn five_hundred_seeds_show_every_feature() {
    let samples: Vec<_> = (0..500).map(generate::sample).collect();
    for kind in [Kind::Realistic, Kind::Hostile, Kind::Json] {
        assert!(
            samples.iter().filter(|sample| sample.kind == kind).count() >= 30,
            "{kind:?}"
        );
    }
    assert!(samples.iter().filter(|sample| sample.aliases).count() >= 10);
    let features = [
        "\n---",
        "\n...",
        "%YAML 1.1",
        "\r\n",
        "\u{feff}",
        " |\n",
        " |-",
        " |+",
        " >",
        "|2",
        "&a1",
        "*a1",
        "<<: ",
        "\n# ",
        " # ",
        "''",
        "\\u",
        "\\x",
        "? ",
        "[ ",
        "{}",
        "[]",
        "kind: List",
        "kind: HelmRelease",
        "kind: Secret",
        "env:\n",
        "🎉",
        "日本",
        "0644",
        "1:30",
        "\t",
        "!!binary",
        "!local",
    ];
    for feature in features {
        assert!(
            samples.iter().any(|sample| sample.text.contains(feature)),
            "no {feature:?}"
        );
    }
    assert!(
        samples.iter().any(|sample| !sample.text.ends_with('\n')),
        "every file ends in a line break"
    );
}

#[test]
fn large_files_have_the_size_asked_for() {
    let documents = generate::many_documents(1 << 20);
    assert!((1 << 20..(1 << 20) + 16_384).contains(&documents.len()));
    assert!(documents.matches("kind: Secret").count() > 100);
    let mapping = generate::single_mapping(1_000);
    assert_eq!(mapping.lines().count(), 1_000);
    assert_eq!(mapping.len(), 1_000 * 111);
}

#[test]
fn a_tree_holds_as_many_files_as_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    generate::tree_of_secrets(folder.path(), 150).unwrap();
    assert!(folder.path().join("apps/000/secret-000099.yaml").is_file());
    assert!(folder.path().join("apps/001/secret-000149.yaml").is_file());
    assert!(!folder.path().join("apps/001/secret-000150.yaml").exists());
}
