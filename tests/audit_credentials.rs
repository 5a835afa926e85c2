//! The credential checks against a corpus of fake credentials: how many are found, kind by kind, and that
//! nothing harmless is reported. `benches/compare-audit recall` has the same figures beside gitleaks and kingfisher.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

#[path = "support/credentials.rs"]
mod credentials;
#[path = "support/repository.rs"]
mod repository;

use std::collections::{BTreeMap, HashMap};

use credentials::{Sample, samples};
use repository::Place;
use serde_json::Value;

/// Of all credentials, how many have to be found, in percent; of each kind, too.
const RECALL: usize = 97;
const RECALL_OF_A_KIND: usize = 80;

/// The findings by path.
type ByPath<'a> = HashMap<&'a str, Vec<&'a Value>>;

/// Found by a check that is meant for it, on one of its lines, and sure enough to decide.
fn is_found(sample: &Sample, findings: &ByPath<'_>) -> bool {
    let Some((first, last)) = sample.lines else {
        return false;
    };
    let here = findings.get(sample.path.as_str()).into_iter().flatten();
    here.into_iter().any(|finding| {
        let line = usize::try_from(finding["line"].as_u64().unwrap_or(1)).unwrap();
        let check = finding["check"].as_str().unwrap();
        sample.checks.contains(&check) && (first..=last).contains(&line)
    })
}

#[test]
fn credentials_are_found_in_every_encoding_and_harmless_texts_are_left_alone() {
    let place = Place::new();
    let samples = samples();
    let folder = place.existing("files");
    for sample in &samples {
        folder.write(&sample.path, &sample.bytes);
    }
    let audit = place.audit(&folder.path, &[]);
    assert_eq!(audit.code, 1, "{}", audit.stderr);
    let mut findings = ByPath::new();
    for finding in audit.deciding() {
        findings
            .entry(finding["path"].as_str().unwrap_or(""))
            .or_default()
            .push(finding);
    }

    let mut tally: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    let mut missed = Vec::new();
    let mut harmless = Vec::new();
    for sample in &samples {
        if sample.lines.is_none() {
            for finding in findings.get(sample.path.as_str()).into_iter().flatten() {
                harmless.push(format!(
                    "{} {}: {}",
                    finding["check"], sample.path, finding["message"]
                ));
            }
            continue;
        }
        let found = is_found(sample, &findings);
        if !found {
            missed.push(sample.path.as_str());
        }
        for key in [
            ("kind", sample.kind),
            ("encoding", sample.encoding),
            ("all", "all"),
        ] {
            let (of, hits) = tally.entry(key).or_default();
            *of += 1;
            *hits += usize::from(found);
        }
    }
    for ((group, name), (of, hits)) in &tally {
        println!("{group:>8} {name:<20} {hits:>5} of {of:>5}");
    }
    println!("harmless files: {} findings", harmless.len());
    assert!(
        harmless.is_empty(),
        "harmless:\n  {}",
        harmless.join("\n  ")
    );
    for ((group, name), (of, hits)) in &tally {
        let least = if *group == "kind" {
            RECALL_OF_A_KIND
        } else {
            RECALL
        };
        assert!(
            hits * 100 >= of * least,
            "{group} {name}: {hits} of {of}\nmissed:\n  {}",
            missed.join("\n  ")
        );
    }
}

#[test]
fn no_value_is_in_a_report() {
    let place = Place::new();
    let folder = place.existing("files");
    let mut dice = credentials::tokens::Dice::new(7);
    let token = credentials::tokens::github(&mut dice);
    let password = credentials::tokens::password(&mut dice);
    folder.write("app.conf", format!("token {token}\n"));
    folder.write(".env", format!("DB_PASSWORD={password}\n"));
    for format in [
        "plain",
        "json",
        "sarif",
        "gitlab-codequality",
        "gitlab-secret-detection",
        "junit",
        "github",
    ] {
        let output = place
            .command(&folder.path, &["audit", "--format", format])
            .output()
            .unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        // A prefix that everybody's token has is no part of the secret; eight characters behind it are.
        for part in [&token[4..12], &token[30..], &password[..6], &password[14..]] {
            assert!(!text.contains(part), "{format}");
        }
    }
}
