#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::audit::checks;
use crate::report::examples::{self, CONTEXT};
use serde_json::{Value, json};

fn read(report: &Report) -> Value {
    serde_json::from_str(&sarif(report, &CONTEXT)).unwrap()
}

fn strings<'a>(value: &'a Value, all: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => all.push(text),
        Value::Array(list) => list.iter().for_each(|one| strings(one, all)),
        Value::Object(map) => map.values().for_each(|one| strings(one, all)),
        _ => {}
    }
}

#[test]
fn each_repository_has_a_run_of_its_own_category() {
    let log = read(&examples::hostile());
    assert_eq!(log["version"], "2.1.0");
    let runs = log["runs"].as_array().unwrap();
    let ids: Vec<&Value> = runs
        .iter()
        .map(|run| &run["automationDetails"]["id"])
        .collect();
    assert_eq!(
        ids,
        [
            "secrets-audit/git.example/team/infra/",
            "secrets-audit/apps/"
        ]
    );
    assert_eq!(runs[1]["results"].as_array().unwrap().len(), 1);
    let provenance = &runs[0]["versionControlProvenance"][0];
    assert_eq!(
        provenance["repositoryUri"],
        "https://git.example/team/infra"
    );
    assert_eq!(provenance["branch"], "main");
    assert!(runs[1].get("versionControlProvenance").is_none());
}

#[test]
fn rules_are_those_that_are_used_and_results_point_at_theirs() {
    let log = read(&examples::hostile());
    for run in log["runs"].as_array().unwrap() {
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let mut used = vec![false; rules.len()];
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            used[index] = true;
        }
        assert!(used.iter().all(|used| *used));
    }
}

#[test]
fn every_result_has_what_github_requires_and_nothing_is_empty() {
    let log = read(&examples::hostile());
    let mut all = Vec::new();
    strings(&log, &mut all);
    assert!(all.iter().all(|text| !text.is_empty()));
    for run in log["runs"].as_array().unwrap() {
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
            for key in ["shortDescription", "fullDescription", "help"] {
                let text = rule[key]["text"].as_str().unwrap();
                assert!(text.chars().count() <= 1024);
            }
            assert!(rule["helpUri"].as_str().unwrap().ends_with(".md"));
            assert_eq!(rule["properties"]["tags"][0], "security");
            assert!(rule["properties"]["precision"].is_string());
        }
        for result in run["results"].as_array().unwrap() {
            let physical = &result["locations"][0]["physicalLocation"];
            let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
            assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
            assert!(!uri.starts_with('/') && !uri.contains(['"', '<', '\\', ':']));
            let number = |key: &str| physical["region"][key].as_u64().unwrap();
            assert!(number("startLine") >= 1 && number("startColumn") >= 1);
            assert!(
                (number("startLine"), number("startColumn"))
                    < (number("endLine"), number("endColumn"))
            );
            assert!(result["partialFingerprints"]["secretsAudit/v1"].is_string());
        }
    }
}

#[test]
fn levels_follow_the_finding_and_scores_the_check() {
    for (severity, expected) in Severity::ALL.into_iter().zip([
        ("note", None),
        ("note", Some("3.0")),
        ("warning", Some("5.5")),
        ("error", Some("8.0")),
        ("error", Some("9.5")),
    ]) {
        assert_eq!((level(severity), score(severity)), expected);
    }
    for check in checks::ALL {
        let known = ["sops", "credentials", "gitops", "leftovers", "suppressions"];
        assert!(known.contains(&family(check)));
    }
    assert_eq!(family(&checks::UNUSED_SUPPRESSION), "suppressions");
    assert_eq!(family(&checks::JWT), "credentials");
}

#[test]
fn what_is_only_possible_is_a_note() {
    let mut report = examples::clean();
    report.findings = vec![examples::finding(1, &checks::PLAIN_FILE)];
    assert_eq!(read(&report)["runs"][0]["results"][0]["level"], "error");
    report.findings[0].confidence = Confidence::Possible;
    assert_eq!(read(&report)["runs"][0]["results"][0]["level"], "note");
}

#[test]
fn what_was_not_looked_at_is_no_successful_run() {
    let log = read(&examples::hostile());
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notifications = invocation["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(notifications.len(), 2);
    assert_eq!(notifications[0]["message"]["text"], "the clone is shallow");
    assert!(notifications[1]["locations"][0]["physicalLocation"].is_object());
    assert_eq!(
        log["runs"][1]["invocations"][0]["executionSuccessful"],
        true
    );
    let nothing = read(&Report::default());
    assert_eq!(
        nothing["runs"][0]["invocations"][0]["executionSuccessful"],
        false
    );
}

#[test]
fn the_history_and_suppressions_are_told() {
    let log = read(&examples::hostile());
    let results = log["runs"][0]["results"].as_array().unwrap();
    let of = |id: &str| {
        results
            .iter()
            .find(|result| result["ruleId"] == id)
            .unwrap()
    };
    let old = of("SEC014");
    let commit = old["properties"]["commit"].as_str().unwrap();
    assert!(old["message"]["text"].as_str().unwrap().contains(commit));
    assert_eq!(of("SEC117")["suppressions"][0]["kind"], "inSource");
    assert_eq!(
        of("SEC120")["suppressions"][0],
        json!({"kind": "external", "status": "accepted"})
    );
    let suppressed = results
        .iter()
        .filter(|result| result.get("suppressions").is_some());
    assert_eq!(suppressed.count(), 2);
    assert_eq!(
        of("SEC105")["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        ".git"
    );
}

#[test]
fn what_is_too_much_is_cut_from_the_mild_end_and_said() {
    let mut report = examples::clean();
    report.findings = (0..5)
        .map(|number| examples::finding(number, &checks::SINGLE_RECIPIENT))
        .collect();
    report.findings[2] = examples::finding(2, &checks::PLAIN_FILE);
    report.findings[4] = examples::finding(4, &checks::JWT);
    let log: Value = serde_json::from_str(&sarif_up_to(&report, &CONTEXT, 3)).unwrap();
    let run = &log["runs"][0];
    let ids: Vec<&str> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["ruleId"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["SEC008", "SEC001", "SEC117"]);
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], true);
    let text = &invocation["toolExecutionNotifications"][0]["message"]["text"];
    assert!(text.as_str().unwrap().starts_with("2 results are left out"));
}
