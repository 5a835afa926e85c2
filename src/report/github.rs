//! GitHub's workflow commands: lines on standard output that a step turns into annotations.
//!
//! A step shows ten of a kind and drops the rest in silence, so ten are given, the worst first, and a
//! notice says how many there are. What was not looked at has the first of the ten.

use std::cmp::Reverse;

use super::text::printable;
use super::{Context, count, incomplete, paths};
use crate::audit::finding::{Finding, Report, Severity};

/// Annotations that a step shows.
const MOST: usize = 10;

/// The report as annotations.
pub fn github(report: &Report, context: &Context<'_>) -> String {
    let mut out = String::new();
    let open = incomplete(report);
    let mut room = MOST;
    if let Some(first) = open.first() {
        let place = report.repositories.get(first.repository);
        let place = place.map_or_else(String::new, |repository| {
            format!(" ({})", paths::shown(repository, first.path.as_deref()))
        });
        let rest = match open.len() {
            1 => String::new(),
            all => format!("; and {} more", all - 1),
        };
        let text = format!("not checked: {}{place}{rest}", first.reason);
        command(
            &mut out,
            "error",
            &[("title", "The audit is incomplete")],
            &text,
        );
        room -= 1;
    }
    let mut findings: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.suppressed.is_none())
        .collect();
    findings.sort_by_key(|one| {
        let weight = (context.decides(one), one.severity, one.confidence);
        Reverse(weight)
    });
    for finding in findings.iter().take(room) {
        annotation(&mut out, report, context, finding);
    }
    let left = findings.len().saturating_sub(room);
    if left > 0 {
        let text = format!(
            "+{} in the log and in the other reports",
            count(left, "more finding", "more findings")
        );
        command(&mut out, "notice", &[("title", "secrets audit")], &text);
    }
    out
}

fn annotation(out: &mut String, report: &Report, context: &Context<'_>, finding: &Finding) {
    let kind = match finding.severity {
        _ if context.decides(finding) => "error",
        Severity::Info | Severity::Low => "notice",
        _ => "warning",
    };
    let path = finding
        .path
        .as_deref()
        .map(|path| paths::in_project(report, finding.repository, Some(path)));
    let mut properties = Vec::new();
    let numbers;
    if let Some(path) = &path {
        properties.push(("file", path.as_str()));
        if let Some(region) = finding.region {
            let line = region.line.max(1);
            let end_line = region.end_line.max(line);
            let column = region.column.max(1);
            let end_column = region.end_column.max(column);
            numbers = [line, end_line, column, end_column].map(|number| number.to_string());
            let [line_text, end_line_text, column, end_column] = &numbers;
            properties.push(("line", line_text));
            properties.push(("endLine", end_line_text));
            // Columns are for one line only.
            if line == end_line {
                properties.push(("col", column));
                properties.push(("endColumn", end_column));
            }
        }
    }
    let title = format!("{} {}", finding.check.id, finding.check.title);
    properties.push(("title", &title));
    let commit = finding.commit.as_ref();
    let commit = commit.map_or_else(String::new, |commit| {
        format!(" (in the history, commit {commit})")
    });
    let text = format!("{}{commit}; to fix it: {}", finding.message, finding.fix);
    command(out, kind, &properties, &text);
}

/// `::error file=a.yaml,line=1::text`
fn command(out: &mut String, kind: &str, properties: &[(&str, &str)], text: &str) {
    out.push_str("::");
    out.push_str(kind);
    for (number, (key, value)) in properties.iter().enumerate() {
        out.push(if number == 0 { ' ' } else { ',' });
        out.push_str(key);
        out.push('=');
        let value = printable(value).replace('%', "%25");
        out.push_str(&value.replace(':', "%3A").replace(',', "%2C"));
    }
    out.push_str("::");
    // Line breaks, which would begin another command, are not sent at all.
    out.push_str(&printable(text).replace('%', "%25"));
    out.push('\n');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::examples::{self, CONTEXT};
    use super::*;
    use crate::audit::checks;

    #[test]
    fn no_name_can_begin_a_command_or_a_property_of_its_own() {
        let text = github(&examples::hostile(), &CONTEXT);
        assert!(!text.contains(['\r', '\u{1b}', '\u{202e}', '\0']));
        for line in text.lines() {
            let (head, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
            assert!(!message.is_empty());
            let (kind, properties) = head.split_once(' ').unwrap();
            assert!(["error", "warning", "notice"].contains(&kind));
            for property in properties.split(',') {
                let (key, value) = property.split_once('=').unwrap();
                let known = ["file", "line", "endLine", "col", "endColumn", "title"];
                assert!(known.contains(&key), "{line}");
                assert!(!value.contains(':'));
            }
        }
        assert!(text.contains("]]>%2541%2C%3A;"));
    }

    #[test]
    fn an_annotation_has_its_place_and_columns_only_within_a_line() {
        let text = github(&examples::hostile(), &CONTEXT);
        let of = |id: &str| text.lines().find(|line| line.contains(id)).unwrap();
        assert!(of("SEC001").contains(",line=1,endLine=1,col=1,endColumn=1,title=SEC001 "));
        assert!(of("SEC102").contains("file=apps/app/5.yaml,line=2,endLine=9,title="));
        assert!(of("SEC105").starts_with("::error title=SEC105"));
        assert!(of("SEC008").starts_with("::notice "));
        assert!(!text.contains("SEC117") && !text.contains("SEC120"));
    }

    #[test]
    fn the_ten_worst_are_given_and_the_rest_is_counted() {
        let mut report = examples::clean();
        report.findings = (0..12)
            .map(|number| examples::finding(number, &checks::SINGLE_RECIPIENT))
            .collect();
        report.findings.push(examples::finding(12, &checks::JWT));
        report
            .findings
            .push(examples::finding(13, &checks::PLAIN_FILE));
        let text = github(&report, &CONTEXT);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 11);
        assert!(lines[0].contains("SEC001") && lines[1].contains("SEC117"));
        assert!(lines[10].starts_with("::notice title=secrets audit::+4 more findings"));
    }

    #[test]
    fn what_was_not_looked_at_comes_first() {
        let text = github(&examples::hostile(), &CONTEXT);
        let first = text.lines().next().unwrap();
        assert!(first.starts_with("::error title=The audit is incomplete::not checked: the clone"));
        assert!(first.ends_with("; and 1 more"));
        assert_eq!(github(&examples::clean(), &CONTEXT), "");
    }
}
