//! Our own JSON, version 1: `docs/audit/json.md` describes it and promises what stays.

use super::incomplete;
use super::json_text::Json;
use crate::audit::finding::{Finding, Report, SuppressedBy};

/// The report as JSON, version 1.
pub fn json(report: &Report) -> String {
    let (suppressed, findings): (Vec<&Finding>, Vec<&Finding>) = report
        .findings
        .iter()
        .partition(|finding| finding.suppressed.is_some());
    let unchecked = incomplete(report);
    let repositories = report.repositories.iter().enumerate();
    let repositories = repositories.map(|(number, one)| {
        let open = unchecked.iter().any(|one| one.repository == number);
        Json::Object(vec![
            ("path", Json::text(one.path.as_str())),
            ("complete", Json::bool(one.complete && !open)),
            ("files", Json::Number(one.files)),
            ("objects", Json::Number(one.objects)),
            ("covered", Json::Number(one.covered)),
            ("sealed", Json::Number(one.sealed)),
        ])
    });
    let open = unchecked.iter().map(|one| {
        Json::Object(vec![
            ("repository", repository(report, one.repository)),
            ("path", Json::optional(one.path.as_deref())),
            ("reason", Json::text(one.reason.as_str())),
        ])
    });
    Json::Object(vec![
        ("version", Json::Number(1)),
        ("repositories", Json::Lines(repositories.collect())),
        ("findings", lines(report, &findings)),
        ("suppressed", lines(report, &suppressed)),
        ("unchecked", Json::Lines(open.collect())),
    ])
    .document()
}

fn lines(report: &Report, findings: &[&Finding]) -> Json {
    let lines = findings
        .iter()
        .map(|one| Json::Object(finding(report, one)));
    Json::Lines(lines.collect())
}

fn finding(report: &Report, finding: &Finding) -> Vec<(&'static str, Json)> {
    let region = finding.region;
    let mut entries = vec![
        ("check", Json::text(finding.check.id)),
        ("severity", Json::text(finding.severity.name())),
        ("confidence", Json::text(finding.confidence.name())),
        ("repository", repository(report, finding.repository)),
        ("path", Json::optional(finding.path.as_deref())),
        (
            "line",
            Json::or_null(region, |region| Json::Number(region.line)),
        ),
        (
            "column",
            Json::or_null(region, |region| Json::Number(region.column)),
        ),
        ("key_path", Json::optional(finding.key_path.as_deref())),
        ("commit", Json::optional(finding.commit.as_deref())),
        ("fingerprint", Json::text(finding.fingerprint.as_str())),
        ("message", Json::text(finding.message.as_str())),
        ("fix", Json::text(finding.fix.as_str())),
        ("opens", opens(report, finding)),
    ];
    if let Some(suppressed) = &finding.suppressed {
        let by = match suppressed.by {
            SuppressedBy::InFile => "in-file",
            SuppressedBy::Policy => "policy",
            SuppressedBy::Baseline => "baseline",
        };
        entries.push(("by", Json::text(by)));
        entries.push(("reason", Json::optional(suppressed.reason.as_deref())));
    }
    entries
}

fn opens(report: &Report, finding: &Finding) -> Json {
    let files = finding.opens.iter().map(|one| {
        Json::Object(vec![
            ("repository", repository(report, one.repository)),
            ("path", Json::text(one.path.as_str())),
            ("in_history", Json::bool(one.past)),
        ])
    });
    Json::List(files.collect())
}

fn repository(report: &Report, number: usize) -> Json {
    let one = report.repositories.get(number);
    Json::optional(one.map(|one| one.path.as_str()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::examples;
    use super::*;
    use serde_json::Value;

    fn read(report: &Report) -> Value {
        serde_json::from_str(&json(report)).unwrap()
    }

    fn keys(value: &Value) -> Vec<&str> {
        let mut keys: Vec<&str> = value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn the_keys_are_those_of_the_contract() {
        let report = read(&examples::hostile());
        assert_eq!(
            keys(&report),
            [
                "findings",
                "repositories",
                "suppressed",
                "unchecked",
                "version"
            ]
        );
        assert_eq!(report["version"], 1);
        assert_eq!(
            keys(&report["repositories"][0]),
            ["complete", "covered", "files", "objects", "path", "sealed"]
        );
        let of_a_finding = [
            "check",
            "column",
            "commit",
            "confidence",
            "fingerprint",
            "fix",
            "key_path",
            "line",
            "message",
            "opens",
            "path",
            "repository",
            "severity",
        ];
        for finding in report["findings"].as_array().unwrap() {
            assert_eq!(keys(finding), of_a_finding);
        }
        let mut of_a_suppressed = of_a_finding.to_vec();
        of_a_suppressed.extend(["by", "reason"]);
        of_a_suppressed.sort_unstable();
        assert_eq!(keys(&report["suppressed"][0]), of_a_suppressed);
        assert_eq!(
            keys(&report["unchecked"][0]),
            ["path", "reason", "repository"]
        );
    }

    #[test]
    fn names_are_as_they_are_and_absent_facts_are_null() {
        let hostile = examples::hostile();
        let report = read(&hostile);
        let findings = report["findings"].as_array().unwrap();
        let open: Vec<_> = hostile
            .findings
            .iter()
            .filter(|one| one.suppressed.is_none())
            .collect();
        assert_eq!(findings.len(), open.len());
        for (read, finding) in findings.iter().zip(open) {
            assert_eq!(read["path"].as_str(), finding.path.as_deref());
            assert_eq!(read["key_path"].as_str(), finding.key_path.as_deref());
            assert_eq!(read["severity"], finding.severity.name());
            let line = finding.region.map(|region| region.line as u64);
            assert_eq!(read["line"].as_u64(), line);
            assert_eq!(
                read["repository"],
                hostile.repositories[finding.repository].path
            );
        }
        assert!(
            findings
                .iter()
                .any(|one| one["path"].is_null() && one["line"].is_null())
        );
        assert_eq!(report["suppressed"][0]["by"], "in-file");
        assert!(report["suppressed"][1]["reason"].is_null());
    }

    #[test]
    fn a_repository_with_something_unchecked_is_not_complete() {
        let mut report = examples::clean();
        assert_eq!(read(&report)["repositories"][0]["complete"], true);
        report.unchecked = examples::hostile().unchecked;
        assert_eq!(read(&report)["repositories"][0]["complete"], false);
        assert!(
            !read(&Report::default())["unchecked"]
                .as_array()
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn each_finding_has_a_line() {
        let hostile = examples::hostile();
        let text = json(&hostile);
        let lines = text.lines().filter(|line| line.starts_with("{\"check\""));
        assert_eq!(lines.count(), hostile.findings.len());
    }
}
