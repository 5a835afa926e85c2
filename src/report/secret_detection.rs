//! GitLab's secret detection report (`artifacts:reports:secret_detection`), schema 15.0.7: the oldest
//! that every supported GitLab takes, and the fields used here are the same in its successors.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::json_text::Json;
use super::text::printable;
use super::{Context, incomplete, paths};
use crate::audit::finding::{Finding, Report, Severity};

const SCHEMA: &str = "15.0.7";

/// What the schema lets `solution` hold, in characters.
const MOST_OF_A_SOLUTION: usize = 7000;

/// The report for GitLab's secret detection.
pub fn secret_detection(report: &Report, context: &Context<'_>) -> String {
    let mut seen = HashSet::new();
    let findings = report.findings.iter();
    // An id stands for one vulnerability: what is in the tree and in the history is the same.
    let findings: Vec<Json> = findings
        .filter(|finding| finding.suppressed.is_none())
        .map(|finding| (uuid(&finding.fingerprint), finding))
        .filter(|(id, _)| seen.insert(id.clone()))
        .map(|(id, finding)| vulnerability(report, context, id, finding))
        .collect();
    Json::Object(vec![
        ("version", Json::text(SCHEMA)),
        ("scan", scan(report, context)),
        ("vulnerabilities", Json::Lines(findings)),
    ])
    .document()
}

fn scan(report: &Report, context: &Context<'_>) -> Json {
    let open = incomplete(report);
    // GitLab does not take in the findings of a scan that failed. An incomplete one has findings, so
    // it is a success with messages; its exit code fails the job. Only a scan of nothing is a failure.
    let mut repositories = report.repositories.iter();
    let nothing = !repositories.any(|one| one.files > 0 || one.objects > 0);
    let failed = nothing && !open.is_empty() && report.findings.is_empty();
    let messages = open.iter().map(|one| {
        let mut place = report
            .repositories
            .get(one.repository)
            .map_or_else(String::new, |repository| {
                format!("{}: ", paths::shown(repository, one.path.as_deref()))
            });
        place.push_str(&one.reason);
        Json::Object(vec![
            ("level", Json::text(if failed { "fatal" } else { "warn" })),
            (
                "value",
                Json::text(format!("not checked: {}", printable(&place))),
            ),
        ])
    });
    let program = || {
        Json::Object(vec![
            ("id", Json::text("secrets-audit")),
            ("name", Json::text("secrets audit")),
            ("version", Json::text(context.program_version)),
            (
                "vendor",
                Json::Object(vec![("name", Json::text("secrets"))]),
            ),
        ])
    };
    let mut scan = vec![
        ("type", Json::text("secret_detection")),
        (
            "status",
            Json::text(if failed { "failure" } else { "success" }),
        ),
        ("start_time", Json::text(time(&report.started))),
        ("end_time", Json::text(time(&report.ended))),
        ("analyzer", program()),
        ("scanner", program()),
    ];
    if !open.is_empty() {
        scan.push(("messages", Json::Lines(messages.collect())));
    }
    Json::Object(scan)
}

fn vulnerability(report: &Report, context: &Context<'_>, id: String, finding: &Finding) -> Json {
    let check = finding.check;
    let mut description = format!("{}: {}", check.id, printable(&finding.message));
    if let Some(key_path) = &finding.key_path {
        description.push_str(&format!(" (key {})", printable(key_path)));
    }
    description.push_str(&format!(
        ". {} Confidence: {}.",
        check.explanation, finding.confidence
    ));
    let mut identifier = vec![
        ("type", Json::text("secrets_audit_check")),
        ("name", Json::text(format!("{} {}", check.id, check.name))),
        ("value", Json::text(check.id)),
    ];
    if let Some(address) = context.page_address(check.id) {
        identifier.push(("url", Json::text(address)));
    }
    let solution = printable(&finding.fix)
        .chars()
        .take(MOST_OF_A_SOLUTION)
        .collect::<String>();
    let mut vulnerability = vec![
        ("id", Json::Text(id)),
        // The same for all findings of the check: GitLab groups by it.
        ("name", Json::text(check.title)),
        ("description", Json::Text(description)),
        ("severity", Json::text(severity(finding.severity))),
    ];
    if !solution.is_empty() {
        vulnerability.push(("solution", Json::Text(solution)));
    }
    vulnerability.push(("identifiers", Json::List(vec![Json::Object(identifier)])));
    vulnerability.push(("location", location(report, finding)));
    Json::Object(vulnerability)
}

fn location(report: &Report, finding: &Finding) -> Json {
    let head = report.repositories.get(finding.repository);
    let head = head.and_then(|repository| repository.head.as_deref());
    let commit = finding.commit.as_deref().or(head);
    // The schema wants a commit. What is in none yet is in that of the all zeros, as Git says it.
    let zeros = "0".repeat(40);
    let commit = commit.filter(|commit| !commit.is_empty()).unwrap_or(&zeros);
    let mut location = Vec::new();
    if let Some(path) = &finding.path {
        let path = paths::in_project(report, finding.repository, Some(path));
        location.push(("file", Json::Text(path)));
        if let Some(region) = finding.region {
            let line = region.line.max(1);
            location.push(("start_line", Json::Number(line)));
            location.push(("end_line", Json::Number(region.end_line.max(line))));
        }
    }
    location.push(("commit", Json::Object(vec![("sha", Json::text(commit))])));
    Json::Object(location)
}

/// A UUID of version 8 (RFC 9562, section 5.8: made by a rule of one's own) from a fingerprint, so
/// that a finding has the same in every run.
fn uuid(fingerprint: &str) -> String {
    let digest: String = Sha256::digest(fingerprint.as_bytes())
        .iter()
        .take(16)
        .enumerate()
        .map(|(number, byte)| match number {
            6 => format!("{:02x}", byte & 0x0f | 0x80),
            8 => format!("{:02x}", byte & 0x3f | 0x80),
            _ => format!("{byte:02x}"),
        })
        .collect();
    let mut uuid = String::with_capacity(36);
    for (number, digit) in digest.chars().enumerate() {
        if matches!(number, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(digit);
    }
    uuid
}

/// RFC 3339 in UTC without its `Z`, as the schema wants it.
fn time(time: &str) -> String {
    let pattern = "dddd-dd-ddTdd:dd:dd";
    let text: String = time.chars().take(pattern.len()).collect();
    let fits = text.len() == pattern.len()
        && text
            .chars()
            .zip(pattern.chars())
            .all(|(char, wanted)| match wanted {
                'd' => char.is_ascii_digit(),
                _ => char == wanted,
            });
    if fits {
        text
    } else {
        String::from("1970-01-01T00:00:00")
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Info => "Info",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::examples::{self, CONTEXT};
    use super::*;
    use serde_json::Value;

    fn read(report: &Report) -> Value {
        serde_json::from_str(&secret_detection(report, &CONTEXT)).unwrap()
    }

    #[test]
    fn the_report_has_what_the_schema_requires() {
        let report = read(&examples::hostile());
        assert_eq!(report["version"], "15.0.7");
        let scan = &report["scan"];
        assert_eq!(scan["type"], "secret_detection");
        assert_eq!(scan["start_time"], "2026-11-22T08:00:00");
        assert_eq!(scan["end_time"], "2026-11-22T08:00:01");
        for who in ["analyzer", "scanner"] {
            for key in ["id", "name", "version"] {
                assert!(!scan[who][key].as_str().unwrap().is_empty());
            }
            assert!(scan[who]["vendor"]["name"].is_string());
        }
        for one in report["vulnerabilities"].as_array().unwrap() {
            assert_eq!(one["identifiers"].as_array().unwrap().len(), 1);
            assert!(one["name"].as_str().unwrap().len() <= 255);
            assert_eq!(one["location"]["commit"]["sha"].as_str().unwrap().len(), 40);
            assert!(one.get("raw_source_code_extract").is_none());
        }
    }

    #[test]
    fn the_commit_is_that_of_the_finding_else_head_else_none() {
        let hostile = examples::hostile();
        let report = read(&hostile);
        let of = |id: &str| {
            let all = report["vulnerabilities"].as_array().unwrap();
            let one = all.iter().find(|one| one["identifiers"][0]["value"] == id);
            one.unwrap()["location"]["commit"]["sha"].as_str().unwrap()
        };
        assert_eq!(Some(of("SEC014")), hostile.findings[1].commit.as_deref());
        assert_eq!(Some(of("SEC001")), hostile.repositories[0].head.as_deref());
        assert_eq!(of("SEC102"), "0".repeat(40));
    }

    #[test]
    fn an_id_is_a_uuid_that_depends_on_the_fingerprint_alone() {
        let one = uuid(&"1".repeat(64));
        let groups: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!(one.get(14..15), Some("8"));
        assert!(["8", "9", "a", "b"].contains(&one.get(19..20).unwrap()));
        assert_ne!(one, uuid(&"2".repeat(64)));

        let mut report = examples::hostile();
        report.findings[1].fingerprint = report.findings[0].fingerprint.clone();
        let before = read(&examples::hostile())["vulnerabilities"]
            .as_array()
            .unwrap()
            .len();
        let after = read(&report)["vulnerabilities"].as_array().unwrap().len();
        assert_eq!(after + 1, before);
    }

    #[test]
    fn an_incomplete_scan_has_messages_and_a_scan_of_nothing_fails() {
        let report = read(&examples::hostile());
        assert_eq!(report["scan"]["status"], "success");
        let messages = report["scan"]["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0]["level"], "warn");
        assert!(!messages[1]["value"].as_str().unwrap().contains('\n'));
        assert!(read(&examples::clean())["scan"].get("messages").is_none());
        let nothing = read(&Report::default());
        assert_eq!(nothing["scan"]["status"], "failure");
        assert_eq!(nothing["scan"]["messages"][0]["level"], "fatal");
        assert_eq!(nothing["scan"]["start_time"], "1970-01-01T00:00:00");
    }

    #[test]
    fn suppressed_findings_are_no_vulnerabilities() {
        let report = read(&examples::hostile());
        let all = report["vulnerabilities"].as_array().unwrap();
        assert!(
            all.iter()
                .all(|one| one["identifiers"][0]["value"] != "SEC117")
        );
    }
}
