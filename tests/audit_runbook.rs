//! The runbook's repositories: green as they should be, and red with the right check, and no other, as soon
//! as one leak is planted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/credentials.rs"]
mod credentials;
#[path = "support/repository.rs"]
mod repository;
#[path = "support/runbook.rs"]
mod runbook;

use runbook::plants::{PLANTS, Plant};
use runbook::{Runbook, VALUE};

#[test]
fn the_repositories_are_green_as_they_should_be() {
    let runbook = Runbook::new();
    for arguments in [&[][..], &["--staged"], &["--history"]] {
        let audit = runbook.audit(arguments);
        assert_eq!(
            audit.checks(),
            Vec::<&str>::new(),
            "{:#}",
            audit.json["findings"]
        );
        assert!(audit.complete(), "{:#}", audit.json);
        assert_eq!(audit.unchecked(), Vec::<&str>::new());
        let audit = audit.exits(0);
        let repositories = audit.json["repositories"].as_array().unwrap();
        assert_eq!(repositories.len(), 2);
        if !arguments.contains(&"--staged") {
            let covered: u64 = repositories
                .iter()
                .map(|r| r["covered"].as_u64().unwrap())
                .sum();
            let sealed: u64 = repositories
                .iter()
                .map(|r| r["sealed"].as_u64().unwrap())
                .sum();
            assert_eq!((covered, sealed), (3, 3));
        }
    }
}

#[test]
fn each_leak_changes_the_repositories_and_is_one_of_its_kind() {
    let state = |runbook: &Runbook| {
        let of = |repository: &repository::Repository| {
            repository.git(&["status", "--porcelain"])
                + &repository.git(&["cat-file", "--batch-all-objects", "--batch-check"])
        };
        (of(&runbook.flux), of(&runbook.blaster))
    };
    let clean = state(&Runbook::new());
    for plant in PLANTS {
        let runbook = Runbook::new();
        (plant.plant)(&runbook);
        assert!(state(&runbook) != clean, "{}", plant.name);
    }
    let mut names: Vec<&str> = PLANTS.iter().map(|plant| plant.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), PLANTS.len());
}

#[test]
fn each_planted_leak_alone_turns_its_check_red() {
    assert!(PLANTS.len() >= 30, "{}", PLANTS.len());
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let half = PLANTS.len() / 2;
        let (first, second) = PLANTS.split_at(half);
        let check = |plants: &'static [Plant]| plants.iter().filter_map(judge).collect::<Vec<_>>();
        let other = scope.spawn(move || check(second));
        let mut wrong = check(first);
        wrong.extend(other.join().unwrap());
        wrong
    });
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        PLANTS.len(),
        wrong.join("\n")
    );
}

/// What is wrong with the answer to a planted leak.
fn judge(plant: &Plant) -> Option<String> {
    let runbook = Runbook::new();
    (plant.plant)(&runbook);
    let audit = runbook.audit(plant.arguments);
    let found = audit.checks();
    let text = audit.json.to_string() + &audit.stderr;
    let right = found.contains(&plant.red)
        && found
            .iter()
            .all(|check| *check == plant.red || plant.also.contains(check))
        && audit.code == 1
        && audit.complete()
        && !text.contains(VALUE);
    // Where it was planted, and nowhere else.
    let elsewhere = audit.deciding().into_iter().any(|finding| {
        let path = finding["path"].as_str().unwrap_or(plant.path);
        !plant.path.is_empty() && path != plant.path
    });
    (!right || elsewhere).then(|| {
        let words: Vec<String> = audit
            .deciding()
            .iter()
            .map(|f| {
                format!(
                    "    {} {} {} {}",
                    f["check"], f["path"], f["key_path"], f["message"]
                )
            })
            .collect();
        format!(
            "  {}: exit {}, wanted {} at {}, found {found:?}\n{}",
            plant.name,
            audit.code,
            plant.red,
            plant.path,
            words.join("\n")
        )
    })
}

#[test]
fn a_leaked_identity_names_the_files_of_both_repositories_that_it_opens() {
    let runbook = Runbook::new();
    runbook
        .blaster
        .write("notes.txt", format!("{}\n", runbook::alice_identity()));
    let audit = runbook.audit(&[]).exits(1);
    let leak = audit
        .deciding()
        .into_iter()
        .find(|f| f["check"] == "SEC101")
        .unwrap();
    let text = leak.to_string();
    for file in [
        "blaster-dev-registry.yaml",
        "k8s/dev/10-secret-db.enc.yaml",
        "k8s/prod/10-secret-db.enc.yaml",
    ] {
        assert!(
            text.contains(file) || text.contains("3 files"),
            "{file}: {text}"
        );
    }
}
