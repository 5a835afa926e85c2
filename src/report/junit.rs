//! JUnit XML: a suite for each repository, a case for each file that a creation rule covers, so that
//! the report also says what is in order.
//!
//! Findings that decide are failures: those on a covered file of that file's case, others of a case of
//! their own. What was not looked at is an error, and a covered file with such an error has no passed
//! case. GitLab drops cases of the same name, so names are unique.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::text::printable;
use super::{Context, count, incomplete};
use crate::audit::finding::{Finding, Report, RepositoryReport};

/// What GitLab reads of one file is 30 MB; some room is for what frames the cases.
const MOST_BYTES: usize = 29_000_000;

/// Findings that the text of one failure lists.
const MOST_LISTED: usize = 100;

/// The report as JUnit XML.
pub fn junit(report: &Report, context: &Context<'_>) -> String {
    junit_up_to(report, context, MOST_BYTES)
}

fn junit_up_to(report: &Report, context: &Context<'_>, most: usize) -> String {
    let nothing = [RepositoryReport::default()];
    let repositories = match report.repositories.as_slice() {
        [] => &nothing,
        all => all,
    };
    let mut suites: Vec<Suite> = (0..repositories.len())
        .map(|number| Suite::new(report, context, number))
        .collect();
    // What failed has the room before what passed.
    let mut room = most;
    for bad in [true, false] {
        for suite in &mut suites {
            suite.fit(bad, &mut room);
        }
    }
    let all = suites.iter().flat_map(|suite| &suite.cases);
    let (tests, failures, errors) = tally(all);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        out,
        "<testsuites name=\"secrets audit\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">"
    );
    for (suite, repository) in suites.iter().zip(repositories) {
        let (tests, failures, errors) = tally(&suite.cases);
        let name = match repository.path.as_str() {
            "" => "repository",
            path => path,
        };
        let _ = write!(
            out,
            "<testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\"",
            escaped(name)
        );
        if let Some(time) = report.started.strip_suffix('Z') {
            let _ = write!(out, " timestamp=\"{}\"", escaped(time));
        }
        out.push_str(">\n");
        for case in &suite.cases {
            out.push_str(&case.xml);
        }
        out.push_str("</testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn tally<'a>(cases: impl IntoIterator<Item = &'a Case>) -> (usize, usize, usize) {
    let mut tally = (0, 0, 0);
    for case in cases {
        tally.0 += 1;
        match case.outcome {
            Outcome::Passed => {}
            Outcome::Failed => tally.1 += 1,
            Outcome::Error => tally.2 += 1,
        }
    }
    tally
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Error,
}

struct Case {
    outcome: Outcome,
    xml: String,
}

struct Suite {
    cases: Vec<Case>,
    names: HashMap<String, usize>,
}

impl Suite {
    fn new(report: &Report, context: &Context<'_>, repository: usize) -> Self {
        let mut by_path: HashMap<&str, Vec<&Finding>> = HashMap::new();
        let deciding = report.deciding(context.fail_on);
        for finding in deciding.filter(|one| one.repository == repository) {
            if let Some(path) = &finding.path {
                by_path.entry(path).or_default().push(finding);
            }
        }
        let mut suite = Suite {
            cases: Vec::new(),
            names: HashMap::new(),
        };
        let open = incomplete(report);
        let open = open.iter().filter(|one| one.repository == repository);
        let mut reasons: HashMap<&str, &str> = HashMap::new();
        for one in open.clone() {
            reasons.insert(one.path.as_deref().unwrap_or_default(), &one.reason);
        }
        let mut covered: HashSet<&str> = HashSet::new();
        let mut told: HashSet<&str> = HashSet::new();
        for one in report
            .covered
            .iter()
            .filter(|one| one.repository == repository)
        {
            let path = one.path.as_str();
            covered.insert(path);
            let name = format!("{} {path}", one.rule);
            let outcome = match (by_path.get(path), reasons.get(path)) {
                (Some(findings), _) => Some(failure(findings)),
                (None, Some(reason)) => {
                    told.insert(path);
                    Some(error(reason))
                }
                (None, None) => None,
            };
            suite.push("covered files", &name, Some(path), outcome);
        }
        let others = report.deciding(context.fail_on).filter(|one| {
            let path = one.path.as_deref().unwrap_or_default();
            one.repository == repository && !covered.contains(path)
        });
        for finding in others {
            let path = finding.path.as_deref();
            let mut name = format!("{} {}", finding.check.id, path.unwrap_or("(no file)"));
            if let Some(key_path) = &finding.key_path {
                name.push(':');
                name.push_str(key_path);
            }
            suite.push("findings", &name, path, Some(failure(&[finding])));
        }
        for one in open {
            let path = one.path.as_deref();
            if path.is_some_and(|path| told.contains(path)) {
                continue;
            }
            let name = format!("not checked {}", path.unwrap_or("(repository)"));
            suite.push("not checked", &name, path, Some(error(&one.reason)));
        }
        suite
    }

    fn push(
        &mut self,
        class: &str,
        name: &str,
        file: Option<&str>,
        outcome: Option<(Outcome, String)>,
    ) {
        let mut name = escaped(name);
        let times = self.names.entry(format!("{class} {name}")).or_default();
        *times += 1;
        if *times > 1 {
            name.push_str(&format!(" ({times})"));
        }
        let mut xml = format!("<testcase classname=\"{class}\" name=\"{name}\"");
        if let Some(file) = file {
            let _ = write!(xml, " file=\"{}\"", escaped(file));
        }
        xml.push_str(" time=\"0\"");
        let (outcome, inner) = outcome.unwrap_or((Outcome::Passed, String::new()));
        match inner.is_empty() {
            true => xml.push_str("/>\n"),
            false => {
                let _ = writeln!(xml, ">{inner}</testcase>");
            }
        }
        self.cases.push(Case { outcome, xml });
    }

    /// Takes out the cases, bad or passed, for which there is no room, and says how many.
    fn fit(&mut self, bad: bool, room: &mut usize) {
        let mut left_out = 0;
        self.cases.retain(|case| {
            if (case.outcome != Outcome::Passed) != bad {
                return true;
            }
            match room.checked_sub(case.xml.len()) {
                Some(rest) => {
                    *room = rest;
                    true
                }
                None => {
                    left_out += 1;
                    false
                }
            }
        });
        if left_out > 0 {
            let what = match bad {
                true => "failed and erroneous cases are left out: the report would be too long",
                false => "passed cases are left out: the report would be too long",
            };
            let outcome = bad.then(|| error(&format!("{left_out} {what}")));
            self.push("left out", &format!("{left_out} {what}"), None, outcome);
        }
    }
}

fn failure(findings: &[&Finding]) -> (Outcome, String) {
    let mut ids: Vec<&str> = findings.iter().map(|one| one.check.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let message = match findings {
        [one] => format!("{}: {}", one.check.id, one.message),
        _ => count(findings.len(), "finding", "findings"),
    };
    let mut text = String::new();
    for finding in findings.iter().take(MOST_LISTED) {
        let id = finding.check.id;
        let _ = write!(
            text,
            "{}[{id}]: {}",
            finding.severity,
            printable(&finding.message)
        );
        if let Some(region) = finding.region {
            let _ = write!(text, ", line {}, column {}", region.line, region.column);
        }
        if let Some(key_path) = &finding.key_path {
            let _ = write!(text, ", key {}", printable(key_path));
        }
        if let Some(commit) = &finding.commit {
            let _ = write!(text, ", commit {}", printable(commit));
        }
        let _ = writeln!(text, "\n  to fix it: {}", printable(&finding.fix));
    }
    if findings.len() > MOST_LISTED {
        let _ = writeln!(text, "+{} more", findings.len() - MOST_LISTED);
    }
    let xml = format!(
        "<failure type=\"{}\" message=\"{}\">{}</failure>",
        ids.join(" "),
        escaped(&message),
        marked_up(&text)
    );
    (Outcome::Failed, xml)
}

fn error(reason: &str) -> (Outcome, String) {
    let reason = escaped(reason);
    let xml = format!("<error type=\"incomplete\" message=\"{reason}\">{reason}</error>");
    (Outcome::Error, xml)
}

/// A name for an attribute or a text: what acts on a terminal is shown, markup is escaped.
fn escaped(text: &str) -> String {
    marked_up(&printable(text))
}

/// Escapes markup, and drops what XML 1.0 cannot hold in any form.
fn marked_up(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            // Only `]]>` would need it.
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            '\u{fffe}' | '\u{ffff}' => {}
            _ if char.is_control() => {}
            _ => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::examples::{self, CONTEXT, EVIL};
    use super::*;
    use crate::audit::checks;

    fn write(report: &Report) -> String {
        junit(report, &CONTEXT)
    }

    fn attribute<'a>(line: &'a str, key: &str) -> &'a str {
        let start = line.find(&format!(" {key}=\"")).unwrap() + key.len() + 3;
        line[start..].split('"').next().unwrap()
    }

    #[test]
    fn a_sealed_file_passes_and_a_finding_on_it_fails_its_case() {
        let passed = write(&examples::clean());
        assert!(passed.contains(
            "<testcase classname=\"covered files\" name=\".sops.yaml:2 app/secret.yaml\" \
             file=\"app/secret.yaml\" time=\"0\"/>"
        ));
        let failed = write(&examples::hostile());
        let case = "name=\".sops.yaml:2 app/secret.yaml\" file=\"app/secret.yaml\" time=\"0\">\
                    <failure type=\"SEC001\"";
        assert!(failed.contains(case), "{failed}");
        assert!(!failed.contains("classname=\"findings\" name=\"SEC001"));
        assert!(failed.contains("classname=\"findings\" name=\"SEC014 app/2.yaml:data.password\""));
    }

    #[test]
    fn the_counts_are_those_of_the_cases() {
        for report in [examples::hostile(), examples::clean(), Report::default()] {
            let text = write(&report);
            let tag = |tag: &str| text.matches(&format!("<{tag} ")).count().to_string();
            let head = text.lines().nth(1).unwrap();
            assert_eq!(attribute(head, "tests"), tag("testcase"));
            assert_eq!(attribute(head, "failures"), tag("failure"));
            assert_eq!(attribute(head, "errors"), tag("error"));
        }
    }

    #[test]
    fn only_what_decides_fails() {
        let text = write(&examples::hostile());
        for absent in ["SEC008", "SEC117", "SEC120"] {
            assert!(!text.contains(absent));
        }
    }

    #[test]
    fn what_was_not_looked_at_is_an_error_and_never_passes() {
        let mut report = examples::hostile();
        report.findings.clear();
        let text = write(&report);
        assert_eq!(text.matches("<error ").count(), 2);
        let evil = text
            .lines()
            .find(|line| line.contains("name=\".sops.yaml:7 "))
            .unwrap();
        assert!(evil.contains("<error "));
        assert!(write(&Report::default()).contains("<error "));
    }

    #[test]
    fn no_name_is_markup_or_a_character_that_xml_does_not_have() {
        let text = write(&examples::hostile());
        assert!(!text.contains(EVIL) && !text.contains("<d>") && !text.contains("]]>"));
        assert!(text.contains("&lt;d&gt;&amp;]]&gt;"));
        assert!(text.contains("\u{1f511}ä"));
        assert!(text.chars().all(|char| char == '\n' || !char.is_control()));
        assert!(!text.contains(['\u{fffe}', '\u{202e}']));
    }

    #[test]
    fn names_are_unique() {
        let mut report = examples::clean();
        report.findings = vec![
            examples::finding(1, &checks::JWT),
            examples::finding(1, &checks::JWT),
        ];
        let text = write(&report);
        assert!(text.contains("name=\"SEC117 app/1.yaml:data.password\""));
        assert!(text.contains("name=\"SEC117 app/1.yaml:data.password (2)\""));
    }

    #[test]
    fn what_is_too_long_loses_what_passed_first_and_never_turns_green() {
        let mut report = examples::hostile();
        let covered = report.covered[0].clone();
        report.covered.extend((0..50).map(|number| {
            let mut one = covered.clone();
            one.path = format!("sealed/{number}.yaml");
            one
        }));
        let whole = write(&report);
        let bad = whole.matches("<failure ").count() + whole.matches("<error ").count();
        let short = junit_up_to(&report, &CONTEXT, 8000);
        assert!(short.len() < whole.len());
        assert_eq!(
            short.matches("<failure ").count() + short.matches("<error ").count(),
            bad
        );
        assert!(short.contains("passed cases are left out"));
        let shorter = junit_up_to(&report, &CONTEXT, 100);
        assert!(shorter.contains("<error type=\"incomplete\" message=\""));
        assert!(shorter.len() < 3000);
    }
}
