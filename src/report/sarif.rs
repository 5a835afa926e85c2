//! SARIF 2.1.0 (OASIS), with what GitHub's code scanning asks for beyond the standard: a location
//! with a region for each result, help for each rule, and no empty strings.
//!
//! There is a run for each repository, under a category of its own. `primaryLocationLineHash` is left
//! to GitHub's upload, which computes it: a line is no identity.

#[cfg(test)]
mod tests;

use super::json_text::Json;
use super::text::printable;
use super::{Context, count, incomplete, paths};
use crate::audit::checks::Check;
use crate::audit::finding::{
    Confidence, Finding, Region, Report, RepositoryReport, Severity, SuppressedBy, Unchecked,
};

/// What GitHub takes of one run.
const MOST_RESULTS: usize = 25_000;

/// The root of the repository, by the name that readers of SARIF know it.
const ROOT: &str = "%SRCROOT%";

/// The report as SARIF.
pub fn sarif(report: &Report, context: &Context<'_>) -> String {
    sarif_up_to(report, context, MOST_RESULTS)
}

fn sarif_up_to(report: &Report, context: &Context<'_>, most: usize) -> String {
    let unchecked = incomplete(report);
    // A log without runs says nothing, and the schema allows it: an audit of nothing is a run.
    let nothing = [RepositoryReport::default()];
    let repositories = match report.repositories.as_slice() {
        [] => &nothing,
        all => all,
    };
    let runs = repositories.iter().enumerate().map(|(number, repository)| {
        Run {
            number,
            repository,
            report,
            context,
            unchecked: &unchecked,
        }
        .write(most)
    });
    Json::Object(vec![
        (
            "$schema",
            Json::text("https://json.schemastore.org/sarif-2.1.0.json"),
        ),
        ("version", Json::text("2.1.0")),
        ("runs", Json::Lines(runs.collect())),
    ])
    .document()
}

struct Run<'a> {
    number: usize,
    repository: &'a RepositoryReport,
    report: &'a Report,
    context: &'a Context<'a>,
    unchecked: &'a [Unchecked],
}

impl Run<'_> {
    fn write(&self, most: usize) -> Json {
        let all = self.report.findings.iter();
        let all: Vec<&Finding> = all.filter(|one| one.repository == self.number).collect();
        let cut = all.len().saturating_sub(most);
        let findings = worst(all, most);
        let mut rules: Vec<&'static Check> = findings.iter().map(|one| one.check).collect();
        rules.sort_unstable_by_key(|check| check.id);
        rules.dedup_by_key(|check| check.id);
        let results = findings
            .iter()
            .map(|one| self.result(one, &rules))
            .collect();
        let rules = rules.iter().map(|check| self.rule(check)).collect();
        let name = match self.repository.identity.as_str() {
            "" => "repository",
            identity => identity,
        };
        let mut run = vec![
            ("tool", self.tool(rules)),
            (
                "automationDetails",
                Json::Object(vec![(
                    "id",
                    Json::text(format!("secrets-audit/{}/", printable(name))),
                )]),
            ),
            ("invocations", Json::List(vec![self.invocation(cut)])),
            ("columnKind", Json::text("unicodeCodePoints")),
        ];
        if let Some(provenance) = self.provenance() {
            run.push(("versionControlProvenance", Json::List(vec![provenance])));
        }
        run.push(("results", Json::Lines(results)));
        Json::Object(run)
    }

    fn tool(&self, rules: Vec<Json>) -> Json {
        let mut driver = vec![
            ("name", Json::text("secrets audit")),
            ("semanticVersion", Json::text(self.context.program_version)),
        ];
        if let Some(address) = self.context.page_address("README") {
            driver.push(("informationUri", Json::text(address)));
        }
        driver.push(("rules", Json::Lines(rules)));
        Json::Object(vec![("driver", Json::Object(driver))])
    }

    fn rule(&self, check: &Check) -> Json {
        let message = |text: &str| Json::Object(vec![("text", Json::text(text))]);
        let page = self.context.page(check.id);
        let address = self.context.page_address(check.id);
        let link = match &address {
            Some(address) => format!("[{}]({address})", check.id),
            None => format!("`{page}`"),
        };
        let mut properties = vec![
            (
                "tags",
                Json::List(vec![Json::text("security"), Json::text(family(check))]),
            ),
            ("precision", Json::text(precision(check.confidence))),
        ];
        // A score of its own would make a remark a vulnerability.
        if let Some(score) = score(check.severity) {
            properties.push(("security-severity", Json::text(score)));
        }
        let mut rule = vec![
            ("id", Json::text(check.id)),
            ("name", Json::text(check.name)),
            ("shortDescription", message(check.title)),
            ("fullDescription", message(check.explanation)),
            (
                "help",
                Json::Object(vec![
                    (
                        "text",
                        Json::text(format!("To fix it: {}. See {page}", check.fix)),
                    ),
                    (
                        "markdown",
                        Json::text(format!(
                            "{}\n\nTo fix it: {}.\n\nMore: {link}",
                            check.explanation, check.fix
                        )),
                    ),
                ]),
            ),
        ];
        if let Some(address) = address {
            rule.push(("helpUri", Json::text(address)));
        }
        rule.push((
            "defaultConfiguration",
            Json::Object(vec![("level", Json::text(level(check.severity)))]),
        ));
        rule.push(("properties", Json::Object(properties)));
        Json::Object(rule)
    }

    fn result(&self, finding: &Finding, rules: &[&'static Check]) -> Json {
        let index = rules.iter().position(|check| check.id == finding.check.id);
        let mut message = printable(&finding.message).into_owned();
        if message.is_empty() {
            message.push_str(finding.check.title);
        }
        if let Some(commit) = &finding.commit {
            message.push_str(&format!(" (in the history, commit {})", printable(commit)));
        }
        if !finding.fix.is_empty() {
            message.push_str(&format!("; to fix it: {}", printable(&finding.fix)));
        }
        let mut properties = vec![
            ("severity", Json::text(finding.severity.name())),
            ("confidence", Json::text(finding.confidence.name())),
        ];
        if let Some(commit) = &finding.commit {
            properties.push(("commit", Json::text(commit.as_str())));
        }
        let mut result = vec![("ruleId", Json::text(finding.check.id))];
        if let Some(index) = index {
            result.push(("ruleIndex", Json::Number(index)));
        }
        let level = match finding.confidence {
            // It is for somebody to look at, and fails nothing.
            Confidence::Possible => "note",
            _ => level(finding.severity),
        };
        result.push(("level", Json::text(level)));
        result.push(("message", Json::Object(vec![("text", Json::text(message))])));
        result.push(("locations", Json::List(vec![location(finding)])));
        if !finding.fingerprint.is_empty() {
            result.push((
                "partialFingerprints",
                Json::Object(vec![(
                    "secretsAudit/v1",
                    Json::text(finding.fingerprint.as_str()),
                )]),
            ));
        }
        if let Some(suppressed) = &finding.suppressed {
            let kind = match suppressed.by {
                SuppressedBy::InFile => "inSource",
                SuppressedBy::Policy | SuppressedBy::Baseline => "external",
            };
            let mut suppression = vec![
                ("kind", Json::text(kind)),
                ("status", Json::text("accepted")),
            ];
            if let Some(reason) = suppressed.reason.as_deref().filter(|one| !one.is_empty()) {
                suppression.push(("justification", Json::text(printable(reason))));
            }
            result.push(("suppressions", Json::List(vec![Json::Object(suppression)])));
        }
        result.push(("properties", Json::Object(properties)));
        Json::Object(result)
    }

    fn invocation(&self, cut: usize) -> Json {
        let unchecked = self.unchecked.iter();
        let unchecked = unchecked.filter(|one| one.repository == self.number);
        let mut notifications: Vec<Json> = unchecked
            .map(|one| {
                let mut text = printable(&one.reason).into_owned();
                if text.is_empty() {
                    text.push_str("not checked");
                }
                notification("error", text, one.path.as_deref())
            })
            .collect();
        let complete = notifications.is_empty();
        if cut > 0 {
            let all = count(cut, "result is", "results are");
            let text = format!("{all} left out, the mildest: a run may not have more");
            notifications.push(notification("warning", text, None));
        }
        let mut invocation = vec![("executionSuccessful", Json::bool(complete))];
        for (key, time) in [
            ("startTimeUtc", &self.report.started),
            ("endTimeUtc", &self.report.ended),
        ] {
            if !time.is_empty() {
                invocation.push((key, Json::text(time.as_str())));
            }
        }
        if !notifications.is_empty() {
            invocation.push(("toolExecutionNotifications", Json::List(notifications)));
        }
        Json::Object(invocation)
    }

    fn provenance(&self) -> Option<Json> {
        let address = paths::address(&self.repository.identity)?;
        let head = self.repository.head.as_deref()?;
        let mut provenance = vec![
            ("repositoryUri", Json::text(address)),
            ("revisionId", Json::text(head)),
            (
                "mappedTo",
                Json::Object(vec![("uriBaseId", Json::text(ROOT))]),
            ),
        ];
        if let Some(branch) = self
            .repository
            .branch
            .as_deref()
            .filter(|one| !one.is_empty())
        {
            provenance.push(("branch", Json::text(printable(branch))));
        }
        Some(Json::Object(provenance))
    }
}

/// The findings that fit: those that count before those that are suppressed, the worst first; what
/// is left stays in its order.
fn worst(all: Vec<&Finding>, most: usize) -> Vec<&Finding> {
    if all.len() <= most {
        return all;
    }
    let mut numbered: Vec<(usize, &Finding)> = all.into_iter().enumerate().collect();
    numbered.sort_by_key(|(number, one)| {
        let weight = std::cmp::Reverse((one.severity, one.confidence));
        (one.suppressed.is_some(), weight, *number)
    });
    numbered.truncate(most);
    numbered.sort_unstable_by_key(|(number, _)| *number);
    numbered.into_iter().map(|(_, one)| one).collect()
}

fn location(finding: &Finding) -> Json {
    // What is about a message or the store has no file; GitHub wants one all the same.
    let path = finding.path.as_deref().filter(|path| !path.is_empty());
    let uri = path.map_or_else(|| String::from(".git"), paths::uri);
    let mut location = vec![(
        "physicalLocation",
        Json::Object(vec![
            ("artifactLocation", artifact(uri)),
            ("region", region(finding.region)),
        ]),
    )];
    if let Some(key_path) = finding.key_path.as_deref().filter(|one| !one.is_empty()) {
        location.push((
            "logicalLocations",
            Json::List(vec![Json::Object(vec![(
                "fullyQualifiedName",
                Json::text(printable(key_path)),
            )])]),
        ));
    }
    Json::Object(location)
}

fn artifact(uri: String) -> Json {
    Json::Object(vec![
        ("uri", Json::Text(uri)),
        ("uriBaseId", Json::text(ROOT)),
    ])
}

/// A region with all four numbers, and at least one character in it: an empty one is not shown.
fn region(region: Option<Region>) -> Json {
    let region = region.unwrap_or(Region {
        line: 1,
        column: 1,
        end_line: 1,
        end_column: 2,
    });
    let line = region.line.max(1);
    let column = region.column.max(1);
    let end_line = region.end_line.max(line);
    let end_column = match end_line == line {
        true => region.end_column.max(column.saturating_add(1)),
        false => region.end_column.max(1),
    };
    Json::Object(vec![
        ("startLine", Json::Number(line)),
        ("startColumn", Json::Number(column)),
        ("endLine", Json::Number(end_line)),
        ("endColumn", Json::Number(end_column)),
    ])
}

fn notification(level: &str, text: String, path: Option<&str>) -> Json {
    let mut notification = vec![
        ("level", Json::text(level)),
        ("message", Json::Object(vec![("text", Json::text(text))])),
    ];
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        let artifact = artifact(paths::uri(path));
        let physical = Json::Object(vec![("artifactLocation", artifact)]);
        let location = Json::Object(vec![("physicalLocation", physical)]);
        notification.push(("locations", Json::List(vec![location])));
    }
    Json::Object(notification)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// GitHub's scale: over 9 is critical, from 7 high, from 4 medium, below low.
fn score(severity: Severity) -> Option<&'static str> {
    match severity {
        Severity::Critical => Some("9.5"),
        Severity::High => Some("8.0"),
        Severity::Medium => Some("5.5"),
        Severity::Low => Some("3.0"),
        Severity::Info => None,
    }
}

fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "very-high",
        Confidence::Likely => "high",
        Confidence::Possible => "medium",
    }
}

/// The family of a check, from the hundreds of its id.
fn family(check: &Check) -> &'static str {
    match check.id.get(3..4) {
        Some("0") => "sops",
        Some("1") => "credentials",
        Some("2") => "gitops",
        Some("3") => "leftovers",
        _ => "suppressions",
    }
}
