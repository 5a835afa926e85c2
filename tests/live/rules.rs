//! Which creation rule applies: decided by SOPS itself for every pair of expression and path.

use super::tools::{Bench, on_all_cores, recipient, run};

/// Expressions that a configuration may hold, and some that it may not.
const EXPRESSIONS: &[&str] = &[
    r"clusters/my-cluster/.*/secrets/.*\.yaml$",
    r"k8s/(dev|prod)/.*\.enc\.yaml$",
    r"^k8s/",
    r"^/k8s/",
    r"\.yaml$",
    r"\.ya?ml\z",
    r"(?i)SECRETS",
    r"(?i)straße",
    r"(?i)k8s",
    r"^\w+/",
    r"\bdev\b",
    r"\d{2}-",
    r"\s",
    r"\S+ \S+",
    r"[[:alpha:]]+_[[:digit:]]+",
    r"[[:word:]]{40}",
    r"[^/]+/[^/]+/[^/]+/[^/]+$",
    r"\pL\pL\pL/ü",
    r"\p{Greek}",
    r"\p{Lu}",
    r"\P{L}+\.yaml",
    r"日本",
    r"[日-語]",
    r"^.{11}$",
    r"(?s)a.b",
    r"a.b",
    r"\x{e9}",
    r"\xe9",
    r"\Qa+b\E",
    r"\Q.enc.\E",
    r"a\+b",
    r"(?P<env>dev|prod)",
    r"(?<env>dev|prod)",
    r"(?U)k.*/",
    r"(?:dev|prod)/10",
    r"[a-c]{2,3}",
    r"x{1000}",
    r"x{1001}",
    r"x{,2}",
    r"",
    r"^$",
    r"*.yaml",
    r"(",
    r")",
    r"[",
    r"a**",
    r"(?=dev)",
    r"(?!dev)",
    r"(dev)\1",
    r"\Z",
    r"\C",
    r"\/dev\/",
    r"\-",
    r"\_",
    r"\é",
    r"[\d\-_]",
    r"[[:foo:]]",
    r"\p{Foo}",
    r"(?x) dev ",
    r"[a&&b]",
    r"[a--b]",
    r"[[a]]",
    r"\<dev",
    r"\b{start}dev",
    r"\u00e9",
    r"(?i)ſecrets",
];

/// Paths below the folder of the configuration.
const PATHS: &[&str] = &[
    "clusters/my-cluster/flux-system/secrets/blaster-dev-registry.yaml",
    "clusters/my-cluster/secrets/x.yaml",
    "k8s/dev/10-secret-db.enc.yaml",
    "k8s/prod/10-secret-db.yml",
    "K8S/Dev/SECRETS.yaml",
    "deep/down/k8s/dev/x.yaml",
    "with blank/a+b.yaml",
    "straße/über/größe.yaml",
    "日本語/秘密.yaml",
    "Ωmega/café.yaml",
    "a_1/٣٤.yaml",
    "ab[a]/{x}.yaml",
];

/// What a program says: the index of the rule, or no.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Rule(u64),
    Refused,
}

#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn rule_decisions_agree_with_sops() {
    let bench = Bench::new();
    let (alice, bob) = (recipient("alice"), recipient("bob"));
    for (index, expression) in EXPRESSIONS.iter().enumerate() {
        let folder = bench.folder(&format!("expression-{index}"));
        let quoted = expression.replace('\'', "''");
        let config = format!(
            "creation_rules:\n  - path_regex: '{quoted}'\n    age: {alice}\n  - age: {bob}\n"
        );
        std::fs::write(folder.join(".sops.yaml"), config).unwrap();
        for path in PATHS {
            let file = folder.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "a: 1\n").unwrap();
        }
    }
    let count = EXPRESSIONS.len() * PATHS.len();
    assert!(count >= 500, "only {count} pairs");
    let answers = on_all_cores(count, |index| {
        let (expression, path) = (EXPRESSIONS[index / PATHS.len()], PATHS[index % PATHS.len()]);
        let folder = bench.folder(&format!("expression-{}", index / PATHS.len()));
        let sealed = run(bench.sops(&folder).args(["encrypt", path]));
        let theirs = match String::from_utf8_lossy(&sealed.stdout) {
            _ if !sealed.ok() => Decision::Refused,
            text if text.contains(&alice) => Decision::Rule(0),
            text if text.contains(&bob) => Decision::Rule(1),
            text => panic!("sops used neither recipient for {expression} and {path}:\n{text}"),
        };
        let explained = run(bench
            .secrets(&folder)
            .args(["rules", "explain", path, "--format", "json"]));
        let ours = if explained.ok() {
            let answer: serde_json::Value =
                serde_json::from_slice(&explained.stdout).expect("JSON");
            assert_eq!(answer["version"], 1);
            assert_eq!(answer["paths"].as_array().map(Vec::len), Some(1));
            let rule = answer["paths"][0]["rule"]
                .as_u64()
                .expect("the index of a rule");
            let wanted = if rule == 0 { &alice } else { &bob };
            assert!(
                answer["paths"][0]["recipients"]
                    .to_string()
                    .contains(wanted.as_str()),
                "recipients of rule {rule}"
            );
            Decision::Rule(rule)
        } else {
            assert_eq!(
                explained.code,
                Some(2),
                "{expression}: a bad expression is a configuration error\n{}",
                explained.stderr
            );
            Decision::Refused
        };
        (expression, path, theirs, ours)
    });
    let tally = |wanted: Decision| {
        answers
            .iter()
            .filter(|(_, _, theirs, _)| *theirs == wanted)
            .count()
    };
    let (first, second, refused) = (
        tally(Decision::Rule(0)),
        tally(Decision::Rule(1)),
        tally(Decision::Refused),
    );
    eprintln!("{count} pairs: {first} first rule, {second} second rule, {refused} refused");
    assert!(
        first >= 100 && second >= 100 && refused >= 50,
        "the pairs are lopsided"
    );
    let different: Vec<_> = answers
        .iter()
        .filter(|(_, _, theirs, ours)| theirs != ours)
        .collect();
    assert!(
        different.is_empty(),
        "{} of {count} differ (expression, path, sops, we): {different:#?}",
        different.len()
    );
}
