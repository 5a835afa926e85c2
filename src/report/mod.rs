//! Findings as texts: one file per format, each a pure function from [`Report`] to text.
//!
//! Paths and key paths come from the audited repositories and may hold anything; every format
//! escapes them in its own way. No format has a value of a secret to show: a [`Report`] holds none.

mod code_quality;
mod github;
mod json;
mod json_text;
mod junit;
mod paths;
mod plain;
mod sarif;
mod secret_detection;
mod table;
pub mod text;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod pages;

use std::fmt;
use std::str::FromStr;

pub use code_quality::code_quality;
pub use github::github;
pub use json::json;
pub use junit::junit;
pub use plain::plain;
pub use sarif::sarif;
pub use secret_detection::secret_detection;

use crate::audit::finding::{Confidence, Finding, Report, Severity, Unchecked};
use crate::error::{Error, Kind};

/// What a report needs to know beside what was found.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The version of the program, as in `0.1.0`.
    pub program_version: &'a str,
    /// The least severity that decides.
    pub fail_on: Severity,
    /// Where the pages of the checks are, with `/` at the end: `docs/audit/`, or an address.
    pub documentation: &'a str,
}

impl Context<'_> {
    /// The page of a check.
    fn page(&self, id: &str) -> String {
        format!("{}{id}.md", self.documentation)
    }

    /// The page of a check as an address, if the documentation has one.
    fn page_address(&self, id: &str) -> Option<String> {
        let absolute = self.documentation.starts_with("https://");
        absolute.then(|| self.page(id))
    }

    /// Whether a finding decides the exit code; agrees with [`Report::deciding`].
    fn decides(&self, finding: &Finding) -> bool {
        finding.suppressed.is_none()
            && finding.confidence >= Confidence::Likely
            && finding.severity >= self.fail_on.max(Severity::Low)
    }
}

/// A format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Annotated text for people.
    Plain,
    /// Our own, with a stability promise: `docs/audit/json.md`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// GitLab's Code Quality report.
    CodeQuality,
    /// GitLab's secret detection report, schema 15.0.7.
    SecretDetection,
    /// JUnit XML.
    Junit,
    /// Workflow commands that GitHub turns into annotations.
    Github,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 7] = [
        Format::Plain,
        Format::Json,
        Format::Sarif,
        Format::CodeQuality,
        Format::SecretDetection,
        Format::Junit,
        Format::Github,
    ];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Plain => "plain",
            Format::Json => "json",
            Format::Sarif => "sarif",
            Format::CodeQuality => "gitlab-codequality",
            Format::SecretDetection => "gitlab-secret-detection",
            Format::Junit => "junit",
            Format::Github => "github",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Format::ALL.into_iter().find(|one| one.name() == text);
        found.ok_or_else(|| {
            let names = Format::ALL.map(Format::name).join(", ");
            Error::new(Kind::Usage, "there is no report format of this name")
                .hint(format!("the formats are: {names}"))
        })
    }
}

/// The report in a format; [`Format::Plain`] without colours. Ends with a line break.
pub fn write(format: Format, report: &Report, context: &Context<'_>) -> String {
    match format {
        Format::Plain => plain(report, context, false),
        Format::Json => json(report),
        Format::Sarif => sarif(report, context),
        Format::CodeQuality => code_quality(report),
        Format::SecretDetection => secret_detection(report, context),
        Format::Junit => junit(report, context),
        Format::Github => github(report, context),
    }
}

/// What keeps the report from being complete: what was recorded, and a line for each repository
/// that is not complete without a record of why.
fn incomplete(report: &Report) -> Vec<Unchecked> {
    let mut all = report.unchecked.clone();
    for (repository, one) in report.repositories.iter().enumerate() {
        let recorded = |unchecked: &Unchecked| unchecked.repository == repository;
        if !one.complete && !report.unchecked.iter().any(recorded) {
            all.push(Unchecked {
                repository,
                path: None,
                reason: String::from("not everything was looked at"),
            });
        }
    }
    if report.repositories.is_empty() && !report.nothing_to_do {
        all.push(Unchecked {
            repository: 0,
            path: None,
            reason: String::from("no repository was looked at"),
        });
    }
    all
}

/// `1 finding`, `2 findings`.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn each_format_has_a_name_that_leads_back_to_it() {
        for format in Format::ALL {
            assert_eq!(format.name().parse::<Format>().unwrap(), format);
        }
        let error = "yaml".parse::<Format>().unwrap_err();
        assert!(error.hints().iter().any(|hint| hint.contains("sarif")));
    }

    #[test]
    fn what_decides_is_what_the_report_says_decides() {
        let report = examples::hostile();
        for fail_on in Severity::ALL {
            let context = Context {
                fail_on,
                ..examples::CONTEXT
            };
            let here = report.findings.iter().filter(|one| context.decides(one));
            assert_eq!(here.count(), report.deciding(fail_on).count());
        }
    }

    #[test]
    fn a_repository_that_is_not_complete_is_never_left_without_a_reason() {
        let mut report = examples::hostile();
        report.unchecked.clear();
        report.repositories[1].complete = false;
        let reasons = incomplete(&report);
        assert_eq!(reasons.len(), 1);
        assert_eq!(reasons[0].repository, 1);
        assert_eq!(incomplete(&Report::default()).len(), 1);
    }

    #[test]
    fn every_format_ends_with_a_line_break_and_gives_the_same_text_twice() {
        let reports = [Report::default(), examples::hostile(), examples::clean()];
        for report in &reports {
            for format in Format::ALL {
                let text = write(format, report, &examples::CONTEXT);
                assert!(text.is_empty() || text.ends_with('\n'), "{format}");
                assert_eq!(text, write(format, report, &examples::CONTEXT));
            }
        }
    }
}
