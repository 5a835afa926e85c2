//! GitLab's Code Quality report (`artifacts:reports:codequality`): the one that the merge request of
//! every tier shows.
//!
//! It has no place for a run that saw only a part, so what was not looked at is an entry of its own.

use sha2::{Digest, Sha256};

use super::json_text::Json;
use super::text::printable;
use super::{incomplete, paths};
use crate::audit::finding::{Confidence, Finding, Report, Severity, Unchecked};

/// The report as GitLab Code Quality.
pub fn code_quality(report: &Report) -> String {
    let findings = report.findings.iter();
    let findings = findings.filter(|finding| finding.suppressed.is_none());
    let mut entries: Vec<Json> = findings.map(|one| entry(report, one)).collect();
    let open = incomplete(report);
    entries.extend(open.iter().map(|one| not_checked(report, one)));
    Json::Lines(entries).document()
}

fn entry(report: &Report, finding: &Finding) -> Json {
    let mut description = format!("{}: {}", finding.check.title, printable(&finding.message));
    if let Some(commit) = &finding.commit {
        description.push_str(&format!(" (in the history, commit {})", printable(commit)));
    }
    // What a person has to look at first is no defect yet.
    let severity = match finding.confidence {
        Confidence::Possible => "info",
        _ => severity(finding.severity),
    };
    let line = finding.region.map_or(1, |region| region.line.max(1));
    written(
        description,
        finding.check.id,
        &finding.fingerprint,
        severity,
        paths::in_project(report, finding.repository, finding.path.as_deref()),
        line,
    )
}

fn not_checked(report: &Report, unchecked: &Unchecked) -> Json {
    let path = paths::in_project(report, unchecked.repository, unchecked.path.as_deref());
    // The same place and reason are the same entry in the next run: GitLab compares fingerprints.
    let mut digest = Sha256::new();
    for part in ["not checked", path.as_str(), unchecked.reason.as_str()] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    let fingerprint: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let description = format!("Not checked: {}", printable(&unchecked.reason));
    written(description, "incomplete", &fingerprint, "critical", path, 1)
}

fn written(
    description: String,
    check: &str,
    fingerprint: &str,
    severity: &str,
    path: String,
    line: usize,
) -> Json {
    Json::Object(vec![
        ("description", Json::text(description)),
        ("check_name", Json::text(check)),
        ("fingerprint", Json::text(fingerprint)),
        ("severity", Json::text(severity)),
        (
            "location",
            Json::Object(vec![
                ("path", Json::text(path)),
                ("lines", Json::Object(vec![("begin", Json::Number(line))])),
            ]),
        ),
    ])
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Info => "info",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::examples;
    use super::*;
    use serde_json::Value;

    fn read(report: &Report) -> Vec<Value> {
        serde_json::from_str(&code_quality(report)).unwrap()
    }

    #[test]
    fn each_entry_has_what_gitlab_reads() {
        let entries = read(&examples::hostile());
        let known = ["info", "minor", "major", "critical", "blocker"];
        for entry in &entries {
            for key in ["description", "check_name", "fingerprint"] {
                assert!(!entry[key].as_str().unwrap().is_empty());
            }
            assert!(known.contains(&entry["severity"].as_str().unwrap()));
            assert!(!entry["location"]["path"].as_str().unwrap().is_empty());
            assert!(entry["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
            assert!(
                !entry["description"]
                    .as_str()
                    .unwrap()
                    .contains(['\n', '\u{1b}'])
            );
        }
        let mut fingerprints: Vec<_> = entries.iter().map(|one| &one["fingerprint"]).collect();
        fingerprints.sort_by_key(|one| one.to_string());
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), entries.len());
    }

    #[test]
    fn suppressed_findings_are_no_entries_and_doubtful_ones_no_defects() {
        let mut report = examples::hostile();
        report.findings[0].confidence = Confidence::Possible;
        let entries = read(&report);
        let of = |id: &str| entries.iter().find(|one| one["check_name"] == id);
        assert!(of("SEC117").is_none() && of("SEC120").is_none());
        assert_eq!(of("SEC002").unwrap()["severity"], "info");
        assert_eq!(of("SEC001").unwrap()["severity"], "blocker");
    }

    #[test]
    fn what_was_not_looked_at_is_not_left_out() {
        let entries = read(&examples::hostile());
        let open = entries
            .iter()
            .filter(|one| one["check_name"] == "incomplete");
        assert_eq!(open.count(), 2);
        assert_eq!(code_quality(&examples::clean()), "[]\n");
        assert_eq!(read(&Report::default()).len(), 1);
    }
}
