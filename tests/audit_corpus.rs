//! The policy checks against a corpus whose truth is known by construction: what is there is found, and
//! nothing else is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/repository.rs"]
mod repository;

use std::sync::OnceLock;

use corpus::cells::{Cell, cells, config};
use corpus::places::{Mode, build, truth, unreadable};
use corpus::seal::{Seal, envelopes};
use corpus::shapes::VALUE;
use corpus::truth::{Expected, Score};
use repository::{Audit, Place, Repository};

/// The repository with all cells in all places: made once, audited several times.
fn everything() -> &'static (Place, Repository, Vec<Cell>) {
    static MADE: OnceLock<(Place, Repository, Vec<Cell>)> = OnceLock::new();
    MADE.get_or_init(|| {
        let (place, cells) = (Place::new(), cells());
        let repository = build(&place, &cells);
        (place, repository, cells)
    })
}

fn audit_json(place: &Place, repository: &Repository, arguments: &[&str]) -> Audit {
    let audit = place.audit(&repository.path, arguments);
    let report = audit.json.to_string() + &audit.stderr;
    for secret in [VALUE, "cTdSazJMbTlYdzRU"] {
        assert!(!report.contains(secret), "a value in a report");
    }
    audit
}

fn all_cells_are_found(mode: Mode, arguments: &[&str]) {
    let (place, repository, cells) = everything();
    let audit = audit_json(place, repository, arguments);
    let truth = truth(cells, mode);
    let mut findings = audit.findings();
    if mode == Mode::History {
        // What only the index has is in no tree of a commit: it may be reported as an object, too.
        findings.retain(|finding| !finding["path"].is_null());
    }
    let score = Score::of(&findings, &truth);
    println!(
        "{mode:?}: {} of {} found",
        score.hits,
        truth.iter().filter(|e| e.required).count()
    );
    score.is_perfect(&format!("{mode:?}"));
    let missing: Vec<String> = unreadable(cells, mode)
        .into_iter()
        .filter(|path| !audit.unchecked().contains(&path.as_str()))
        .collect();
    assert_eq!(missing, Vec::<String>::new(), "not said to be unchecked");
    assert!(!audit.complete());
    audit.exits(3);
}

#[test]
fn each_cell_is_judged_right_in_the_worktree_and_in_the_index() {
    all_cells_are_found(Mode::Tree, &[]);
}

#[test]
fn each_cell_is_judged_right_when_it_is_staged() {
    all_cells_are_found(Mode::Staged, &["--staged"]);
}

#[test]
fn each_cell_is_judged_right_in_the_history() {
    all_cells_are_found(Mode::History, &["--history"]);
}

#[test]
fn what_is_reported_as_unchecked_cannot_be_read() {
    let (place, repository, cells) = everything();
    let audit = audit_json(place, repository, &[]);
    let known = unreadable(cells, Mode::Tree);
    for path in audit.unchecked() {
        assert!(
            known.iter().any(|known| known == path),
            "{path}: {}",
            audit.json["unchecked"]
        );
    }
}

#[test]
fn the_corpus_has_every_shape_in_every_state() {
    let cells = cells();
    let count = |check: &str| {
        cells
            .iter()
            .filter(|c| c.expected.iter().any(|(e, _)| e.checks.contains(&check)))
            .count()
    };
    for check in [
        "SEC001", "SEC002", "SEC003", "SEC004", "SEC005", "SEC006", "SEC007", "SEC009", "SEC016",
    ] {
        assert!(count(check) > 0, "{check}");
    }
    assert!(cells.len() > 300, "{}", cells.len());
    let mut paths: Vec<&str> = cells.iter().map(|cell| cell.path.as_str()).collect();
    paths.sort_unstable();
    let all = paths.len();
    paths.dedup();
    assert_eq!(paths.len(), all, "a path twice");
}

const RULE: &str = "^k8s/.*\\.yaml$";

fn policy() -> Seal {
    Seal::with(Some(("encrypted_regex", "^(data|stringData)$")))
}

fn secret(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\nstringData:\n  password: {VALUE}\n"
    )
}

fn sealed(name: &str) -> String {
    policy().seal(&secret(name), secrets::Format::Yaml)
}

/// A repository with a rule for `k8s` and one sealed file.
fn small(place: &Place, name: &str) -> Repository {
    let repository = place.repository(name);
    repository.write(
        ".sops.yaml",
        format!("creation_rules:\n{}", policy().rule(RULE)),
    );
    repository.write("k8s/fine.yaml", sealed("fine"));
    repository.commit("Start");
    repository
}

#[track_caller]
fn finds(audit: &Audit, expected: &[Expected]) {
    let score = Score::of(&audit.findings(), expected);
    if expected.is_empty() {
        assert_eq!(score.extras, Vec::<String>::new());
    } else {
        score.is_perfect("");
    }
}

fn password() -> Vec<String> {
    vec!["stringData.password".to_owned()]
}

#[test]
fn a_sealed_repository_is_green_in_every_mode() {
    let place = Place::new();
    let repository = small(&place, "repo");
    for arguments in [&[][..], &["--staged"], &["--history"]] {
        let audit = audit_json(&place, &repository, arguments).exits(0);
        assert!(audit.complete(), "{}", audit.json);
        finds(&audit, &[]);
        assert_eq!(audit.checks(), Vec::<&str>::new());
    }
}

#[test]
fn the_summary_counts_what_was_looked_at() {
    let place = Place::new();
    let repository = small(&place, "repo");
    repository.write("k8s/plain.yaml", secret("plain"));
    let audit = audit_json(&place, &repository, &["--history"]).exits(1);
    let summary = &audit.json["repositories"][0];
    assert_eq!(audit.json["version"], 1);
    assert_eq!(summary["covered"], 2, "{summary}");
    assert_eq!(summary["sealed"], 1, "{summary}");
    // One commit, two trees, two blobs.
    assert_eq!(summary["objects"], 5, "{summary}");
    assert_eq!(summary["files"], 3, "{summary}");
}

#[test]
fn a_range_is_looked_at_and_nothing_before_it() {
    let place = Place::new();
    let repository = small(&place, "repo");
    repository.write("k8s/old.yaml", secret("old"));
    repository.commit("Add an old leak");
    repository.write("k8s/old.yaml", sealed("old"));
    let start = repository.commit("Seal it");
    repository.write("k8s/new.yaml", secret("new"));
    repository.write("apps/outside.yaml", secret("outside"));
    repository.commit("Add leaks");
    repository.write("k8s/new.yaml", sealed("new"));
    repository.remove("apps/outside.yaml");
    repository.commit("Mend them");
    let range = format!("{start}..HEAD");
    let audit = audit_json(&place, &repository, &["--range", &range]).exits(1);
    let new = Expected::new("SEC001", "k8s/new.yaml").or("SEC014");
    finds(
        &audit,
        &[
            new,
            Expected::new("SEC003", "apps/outside.yaml").keys(&password()),
        ],
    );
    for finding in audit.deciding() {
        assert!(finding["commit"].is_string(), "{finding}");
    }
    let clean = audit_json(&place, &repository, &["--range", "HEAD..HEAD"]).exits(0);
    finds(&clean, &[]);
}

#[test]
fn a_finding_of_the_history_names_the_first_commit_that_has_it() {
    let place = Place::new();
    let repository = small(&place, "repo");
    repository.write("k8s/old.yaml", secret("old"));
    let first = repository.commit("Add a leak");
    repository.write("README.md", "more");
    repository.commit("Something else");
    repository.write("k8s/old.yaml", sealed("old"));
    repository.commit("Seal it");
    let audit = audit_json(&place, &repository, &["--history"]).exits(1);
    let leak = audit
        .deciding()
        .into_iter()
        .find(|f| f["path"] == "k8s/old.yaml")
        .unwrap();
    assert_eq!(leak["check"], "SEC014");
    assert_eq!(leak["commit"].as_str(), Some(first.as_str()));
}

#[test]
fn several_repositories_give_one_report() {
    let place = Place::new();
    let (app, infra) = (small(&place, "app"), small(&place, "infra"));
    app.write("k8s/plain.yaml", secret("plain"));
    infra.write("clusters/outside.yaml", secret("outside"));
    let audit = audit_json(&place, &place.existing("."), &["app", "infra"]).exits(1);
    assert_eq!(audit.json["repositories"].as_array().unwrap().len(), 2);
    finds(
        &audit,
        &[
            Expected::new("SEC001", "k8s/plain.yaml").keys(&password()),
            Expected::new("SEC003", "clusters/outside.yaml").keys(&password()),
        ],
    );
    let of = |check: &str| {
        let finding = audit
            .findings()
            .into_iter()
            .find(|f| f["check"] == check)
            .unwrap();
        finding["repository"].as_str().unwrap().to_owned()
    };
    assert!(of("SEC001").contains("app") && of("SEC003").contains("infra"));
}

#[test]
fn the_nearest_configuration_above_a_file_counts() {
    let place = Place::new();
    let repository = small(&place, "repo");
    // Relative to its own folder, and instead of the one above.
    repository.write(
        "k8s/team/.sops.yaml",
        format!("creation_rules:\n{}", policy().rule("^only/")),
    );
    repository.write("k8s/team/only/plain.yaml", secret("plain"));
    repository.write("k8s/team/only/fine.yaml", sealed("fine"));
    repository.write("k8s/team/other/plain.yaml", secret("other"));
    let audit = audit_json(&place, &repository, &[]).exits(1);
    finds(
        &audit,
        &[
            Expected::new("SEC001", "k8s/team/only/plain.yaml").keys(&password()),
            Expected::new("SEC003", "k8s/team/other/plain.yaml").keys(&password()),
        ],
    );
}

#[test]
fn a_linked_worktree_a_bare_clone_and_a_borrowing_clone_have_the_same_history() {
    let place = Place::new();
    let repository = small(&place, "repo");
    repository.write("k8s/old.yaml", secret("old"));
    repository.commit("Add a leak");
    repository.write("k8s/old.yaml", sealed("old"));
    repository.commit("Seal it");
    let path = repository.path.to_str().unwrap().to_owned();
    repository.git(&["worktree", "add", "--quiet", "../linked", "HEAD"]);
    repository.git(&["clone", "--quiet", "--bare", &path, "../bare.git"]);
    repository.git(&["clone", "--quiet", "--shared", &path, "../borrowing"]);
    for name in ["linked", "bare.git", "borrowing"] {
        let audit = audit_json(&place, &place.existing(name), &["--history"]).exits(1);
        assert!(audit.complete(), "{name}: {}", audit.json);
        finds(
            &audit,
            &[Expected::new("SEC014", "k8s/old.yaml").or("SEC001")],
        );
    }
    // The worktree of the linked one is its own.
    let linked = place.existing("linked");
    linked.write("k8s/here.yaml", secret("here"));
    let audit = audit_json(&place, &linked, &[]).exits(1);
    finds(
        &audit,
        &[Expected::new("SEC001", "k8s/here.yaml").keys(&password())],
    );
    finds(&audit_json(&place, &repository, &[]).exits(0), &[]);
}

#[test]
fn a_plain_folder_is_looked_at_as_it_is() {
    let place = Place::new();
    let folder = place.existing("folder");
    folder.write(
        ".sops.yaml",
        format!("creation_rules:\n{}", policy().rule(RULE)),
    );
    folder.write("k8s/plain.yaml", secret("plain"));
    folder.write("k8s/fine.yaml", sealed("fine"));
    let audit = audit_json(&place, &folder, &[]).exits(1);
    finds(
        &audit,
        &[Expected::new("SEC001", "k8s/plain.yaml").keys(&password())],
    );
}

#[test]
fn a_submodule_is_counted_and_not_entered_in_silence() {
    let place = Place::new();
    let (outer, inner) = (small(&place, "outer"), small(&place, "inner"));
    inner.write("k8s/plain.yaml", secret("plain"));
    inner.commit("Add a leak");
    outer.git(&[
        "submodule",
        "--quiet",
        "add",
        inner.path.to_str().unwrap(),
        "sub",
    ]);
    outer.commit("Add a submodule");
    let audit = audit_json(&place, &outer, &[]);
    let found = audit
        .findings()
        .iter()
        .any(|f| f["path"] == "sub/k8s/plain.yaml");
    let output = place.command(&outer.path, &["audit"]).output().unwrap();
    let words = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(found || words.contains("submodule"), "{words}");
}

#[test]
fn damaged_ciphertext_does_not_open() {
    let place = Place::new();
    let repository = small(&place, "repo");
    let text = sealed("damaged");
    let range = envelopes(&text).remove(0);
    let digit = range.start + "ENC[AES256_GCM,data:".len();
    let other = if text.as_bytes()[digit] == b'A' {
        "B"
    } else {
        "A"
    };
    let mut damaged = text;
    damaged.replace_range(digit..=digit, other);
    repository.write("k8s/damaged.yaml", damaged);
    finds(&audit_json(&place, &repository, &[]).exits(0), &[]);
    let keys = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/golden/plain/identities.txt");
    let mut command = place.command(&repository.path, &["audit", "--open", "--format", "json"]);
    command.env("SOPS_AGE_KEY_FILE", keys);
    let audit = Audit::of(command).exits(1);
    finds(&audit, &[Expected::new("SEC015", "k8s/damaged.yaml")]);
}

#[test]
fn what_is_wrong_with_the_rules_themselves_is_found() {
    let data = "    encrypted_regex: '^(data|stringData)$'\n";
    let ages = |names: &[&str]| {
        let names: Vec<String> = names
            .iter()
            .map(|name| corpus::seal::recipient(name))
            .collect();
        format!("    age: {}\n", names.join(","))
    };
    let two = ages(&["alice", "bob"]);
    let rule = |regex: &str, rest: &str| format!("  - path_regex: '{regex}'\n{rest}");
    let fine = rule("^k8s/", &[data, &two].concat());
    for (what, rules, check) in [
        (
            "one recipient",
            rule("^k8s/", &[data, &ages(&["alice"])].concat()),
            "SEC008",
        ),
        (
            "not anchored",
            rule("^k8s/", &["    encrypted_regex: 'data'\n", &two].concat()),
            "SEC010",
        ),
        (
            "without files",
            [&fine[..], &rule("^nowhere/", &[data, &two].concat())].concat(),
            "SEC011",
        ),
        (
            "behind a wider one",
            [&fine[..], &rule("^k8s/fine", &[data, &two].concat())].concat(),
            "SEC012",
        ),
    ] {
        let place = Place::new();
        let repository = place.repository("repo");
        repository.write(".sops.yaml", format!("creation_rules:\n{rules}"));
        repository.write("k8s/plain.yaml", "a: 1\n");
        repository.write("k8s/fine.yaml", "a: 1\n");
        let audit = audit_json(&place, &repository, &[]);
        let found: Vec<&str> = audit
            .findings()
            .iter()
            .filter(|f| f["path"] == ".sops.yaml")
            .filter_map(|f| f["check"].as_str())
            .collect();
        assert!(found.contains(&check), "{what}: {found:?}");
        let others: Vec<&&str> = found
            .iter()
            .filter(|c| **c != check && **c != "SEC013")
            .collect();
        assert!(others.is_empty(), "{what}: {others:?}");
    }
    assert!(config().contains("golden"));
}
