//! Annotated text for people, as the program's own errors look.
//!
//! ```text
//! critical[SEC002]: data.password is in plaintext
//!   --> infra/app/secret.yaml:12:13 (key data.password)
//!    |
//! 12 |   password: …
//!    |             ^
//!    = certain: The file has SOPS metadata, and a value ... is in plaintext.
//!    = docs/audit/SEC002.md
//! hint: run `secrets encrypt -i` on the file, then rotate the value
//! ```

use std::collections::HashMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::table::{table, thousands};
use super::text::{excerpt, printable};
use super::{Context, count, incomplete, paths};
use crate::audit::finding::{Finding, Report, RepositoryReport, Severity, Unchecked};
use crate::audit::run::SHOWN_PATHS;

/// What an excerpt ends with where it hides a value (see `audit::places`).
const MASK: char = '…';

/// How many opened files are listed one by one.
const MOST_OPENED: usize = 50;

/// How many of each repository are, if there are more.
const SOME_OPENED: usize = 10;

/// What the parts look like; all the same without colours.
struct Styles {
    error: Style,
    warning: Style,
    note: Style,
    hint: Style,
    frame: Style,
    strong: Style,
}

impl Styles {
    fn new(color: bool) -> Self {
        let style = |style: Style| if color { style } else { Style::new() };
        let bold = |color: AnsiColor| style(color.on_default().bold());
        Styles {
            error: bold(AnsiColor::Red),
            warning: bold(AnsiColor::Yellow),
            note: bold(AnsiColor::Green),
            hint: bold(AnsiColor::Cyan),
            frame: bold(AnsiColor::Blue),
            strong: style(Style::new().bold()),
        }
    }
}

/// The report as annotated text. Styles are ANSI sequences; all else that would act on a terminal is
/// shown and not sent.
pub fn plain(report: &Report, context: &Context<'_>, color: bool) -> String {
    let mut writer = Plain {
        out: String::new(),
        styles: Styles::new(color),
        report,
        context,
        told: HashMap::new(),
    };
    let open = incomplete(report);
    let several = report.repositories.len() > 1;
    for (number, repository) in report.repositories.iter().enumerate() {
        let of_it = |one: &&Finding| one.repository == number && one.suppressed.is_none();
        let findings: Vec<&Finding> = report.findings.iter().filter(of_it).collect();
        if several && !findings.is_empty() {
            writer.heading(repository);
        }
        let (remarks, findings): (Vec<&Finding>, Vec<&Finding>) = findings
            .into_iter()
            .partition(|finding| finding.severity == Severity::Info);
        for finding in findings {
            writer.finding(repository, finding);
        }
        for remark in &remarks {
            writer.remark(repository, remark);
        }
        if !remarks.is_empty() {
            writer.out.push('\n');
        }
    }
    for one in &open {
        writer.unchecked(one);
    }
    if !open.is_empty() {
        writer.out.push('\n');
    }
    writer.repositories();
    writer.summary(&open);
    writer.out
}

struct Plain<'a> {
    out: String,
    styles: Styles,
    report: &'a Report,
    context: &'a Context<'a>,
    /// For each check that was explained: the path and the hint that were shown last.
    told: HashMap<&'static str, (Option<&'a str>, &'a str)>,
}

impl<'a> Plain<'a> {
    fn heading(&mut self, repository: &RepositoryReport) {
        let strong = self.styles.strong;
        let mut heading = printable(&repository.path).into_owned();
        if !repository.identity.is_empty() && repository.identity != repository.path {
            let _ = write!(heading, " ({})", printable(&repository.identity));
        }
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(self.out, "{strong}{heading}{strong:#}\n");
    }

    fn finding(&mut self, repository: &RepositoryReport, finding: &'a Finding) {
        let Styles {
            error,
            warning,
            frame,
            strong,
            hint,
            ..
        } = self.styles;
        let check = finding.check;
        let label = match finding.severity {
            _ if self.context.decides(finding) => error,
            _ => warning,
        };
        let _ = writeln!(
            self.out,
            "{label}{}[{}]{label:#}{strong}: {}{strong:#}",
            finding.severity,
            check.id,
            printable(&finding.message)
        );
        let line = finding.excerpt.as_deref().zip(finding.region);
        let number = line.map(|(_, region)| region.line.to_string());
        let gutter = " ".repeat(number.as_ref().map_or(1, String::len));

        let mut place = printable(&paths::shown(repository, finding.path.as_deref())).into_owned();
        if let Some(region) = finding.region {
            let _ = write!(place, ":{}:{}", region.line, region.column);
        }
        let mut facts = Vec::new();
        if let Some(key_path) = &finding.key_path {
            facts.push(format!("key {}", printable(key_path)));
        }
        if let Some(commit) = &finding.commit {
            let short: String = commit.chars().take(12).collect();
            facts.push(format!("at commit {}", printable(&short)));
        }
        if !facts.is_empty() {
            let _ = write!(place, " ({})", facts.join(", "));
        }
        let _ = writeln!(self.out, "{gutter}{frame}-->{frame:#} {place}");

        if let Some(((text, region), number)) = line.zip(number) {
            let shown = match text.strip_suffix(MASK) {
                // The mask has neither the width nor always the place of what it stands for.
                Some(before) => {
                    let column = before.chars().count() + 1;
                    excerpt(text, column, Some(column + 1))
                }
                None => {
                    let end = (region.end_line == region.line).then_some(region.end_column);
                    excerpt(text, region.column, end)
                }
            };
            let carets = format!(
                "{}{label}{}{label:#}",
                " ".repeat(shown.before),
                "^".repeat(shown.carets)
            );
            let _ = writeln!(self.out, "{gutter} {frame}|{frame:#}");
            let _ = writeln!(self.out, "{frame}{number} |{frame:#} {}", shown.line);
            let _ = writeln!(self.out, "{gutter} {frame}|{frame:#} {carets}");
        }

        self.opens(finding, &gutter);

        // A check is explained once; its hint is repeated where somebody looks next.
        let before = self
            .told
            .insert(check.id, (finding.path.as_deref(), &finding.fix));
        let _ = match before {
            None => writeln!(
                self.out,
                "{gutter} {frame}={frame:#} {}: {}\n{gutter} {frame}={frame:#} {}",
                finding.confidence,
                check.explanation,
                self.context.page(check.id)
            ),
            Some(_) => writeln!(
                self.out,
                "{gutter} {frame}={frame:#} {}",
                finding.confidence
            ),
        };
        if before != Some((finding.path.as_deref(), finding.fix.as_str())) {
            let _ = writeln!(self.out, "{hint}hint{hint:#}: {}", printable(&finding.fix));
        }
        self.out.push('\n');
    }

    /// The files that an identity opens, if the message does not name all of them: each on a line, or of many those
    /// that come first in each repository.
    fn opens(&mut self, finding: &Finding, gutter: &str) {
        let frame = self.styles.frame;
        let opens = finding.opens.as_slice();
        if opens.len() <= SHOWN_PATHS {
            return;
        }
        let (report, all) = (self.report, opens.len() <= MOST_OPENED);
        let mut line = |text: String| {
            let _ = writeln!(self.out, "{gutter} {frame}={frame:#} {text}");
        };
        for of_one in opens.chunk_by(|a, b| a.repository == b.repository) {
            let most = if all { of_one.len() } else { SOME_OPENED };
            let number = of_one.first().map_or(0, |one| one.repository);
            let Some(repository) = report.repositories.get(number) else {
                continue;
            };
            for one in of_one.iter().take(most) {
                let shown = paths::shown(repository, Some(&one.path));
                let past = if one.past { " (in its history)" } else { "" };
                line(format!("opens {}{past}", printable(&shown)));
            }
            if of_one.len() > most {
                line(format!(
                    "opens {} more in {}: `--format json` lists them",
                    thousands(of_one.len() - most),
                    printable(&repository.path)
                ));
            }
        }
    }

    /// What is worth knowing and never decides has a line.
    fn remark(&mut self, repository: &RepositoryReport, finding: &Finding) {
        let note = self.styles.note;
        let mut place = printable(&paths::shown(repository, finding.path.as_deref())).into_owned();
        if let Some(region) = finding.region {
            let _ = write!(place, ":{}:{}", region.line, region.column);
        }
        let _ = writeln!(
            self.out,
            "{note}info[{}]{note:#}: {place}: {}",
            finding.check.id,
            printable(&finding.message)
        );
    }

    fn unchecked(&mut self, unchecked: &Unchecked) {
        let warning = self.styles.warning;
        let place = self
            .report
            .repositories
            .get(unchecked.repository)
            .map_or_else(String::new, |repository| {
                let shown = paths::shown(repository, unchecked.path.as_deref());
                format!("{}: ", printable(&shown))
            });
        let _ = writeln!(
            self.out,
            "{warning}incomplete{warning:#}: {place}{}",
            printable(&unchecked.reason)
        );
    }

    fn repositories(&mut self) {
        if self.report.repositories.is_empty() {
            return;
        }
        let rows: Vec<Vec<String>> = self
            .report
            .repositories
            .iter()
            .map(|one| {
                vec![
                    printable(&one.path).into_owned(),
                    thousands(one.files),
                    thousands(one.objects),
                    thousands(one.covered),
                    thousands(one.sealed),
                    by_name_only(one),
                ]
            })
            .collect();
        let heading = [
            "repository",
            "files",
            "objects",
            "covered",
            "sealed",
            "by name only",
        ];
        self.out.push_str(&table(&heading, &rows));
        self.out.push('\n');
    }

    fn summary(&mut self, open: &[Unchecked]) {
        let Styles {
            error,
            warning,
            note,
            ..
        } = self.styles;
        let findings = &self.report.findings;
        let shown = findings
            .iter()
            .filter(|one| one.suppressed.is_none())
            .count();
        let suppressed = findings.len() - shown;
        let deciding = self.report.deciding(self.context.fail_on).count();
        let mut rest = Vec::new();
        if shown > 0 {
            let shown = count(shown, "finding", "findings");
            rest.push(match deciding {
                0 => format!("{shown}, none deciding"),
                _ => format!("{shown}, {} deciding", thousands(deciding)),
            });
        }
        if suppressed > 0 {
            rest.push(format!("{} suppressed", thousands(suppressed)));
        }
        if !open.is_empty() {
            rest.push(format!("{} not checked", thousands(open.len())));
        }
        let (label, style) = match (deciding, open.is_empty()) {
            (1.., true) => ("not clean", error),
            (1.., false) => ("not clean and incomplete", error),
            (0, false) => ("incomplete", warning),
            (0, true) => ("clean", note),
        };
        let rest = match rest.is_empty() {
            true if self.report.nothing_to_do => {
                String::from("nothing to do, this shard has no repository")
            }
            true => String::from("no findings"),
            false => rest.join(", "),
        };
        let _ = writeln!(self.out, "{style}{label}{style:#}: {rest}");
    }
}

/// `3 (2 binary, 1 link)`
fn by_name_only(repository: &RepositoryReport) -> String {
    let kinds = repository
        .by_name_only
        .iter()
        .filter(|(_, number)| *number > 0);
    let all: usize = kinds.clone().map(|(_, number)| *number).sum();
    if all == 0 {
        return String::from("0");
    }
    let kinds: Vec<String> = kinds
        .map(|(why, number)| format!("{} {}", thousands(*number), printable(why)))
        .collect();
    format!("{} ({})", thousands(all), kinds.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::examples::{self, CONTEXT};
    use super::*;
    use crate::audit::checks;

    fn write(report: &Report) -> String {
        let context = Context {
            documentation: "docs/audit/",
            ..CONTEXT
        };
        plain(report, &context, false)
    }

    #[test]
    fn a_finding_shows_place_masked_line_reason_hint_and_page() {
        let mut report = examples::clean();
        report.findings = vec![examples::finding(1, &checks::PARTLY_ENCRYPTED)];
        report.findings[0].region.as_mut().unwrap().line = 12;
        report.findings[0].region.as_mut().unwrap().end_line = 12;
        let expected = "\
critical[SEC002]: data.password is in plaintext
  --> app/1.yaml:12:13 (key data.password)
   |
12 |   password: …
   |             ^
   = certain: The file has SOPS metadata, and a value that the creation rule (or the file's own selector) wants encrypted is in plaintext, or no value is encrypted at all.
   = docs/audit/SEC002.md
hint: run `secrets encrypt -i` on the file, then rotate the value

repository  files  objects  covered  sealed  by name only
.              12      340        1       1  3 (2 binary, 1 link)

not clean: 1 finding, 1 deciding
";
        assert_eq!(write(&report), expected);
    }

    #[test]
    fn the_caret_is_below_the_mask_or_below_the_span() {
        let mut report = examples::clean();
        report.findings = vec![examples::finding(1, &checks::PARTLY_ENCRYPTED)];
        let finding = &mut report.findings[0];
        // Deep indentation is shortened, so that the column is not that of the excerpt.
        finding.region.as_mut().unwrap().column = 70;
        assert!(write(&report).contains("\n4 |   password: …\n  |             ^\n"));
        report.findings[0].region.as_mut().unwrap().column = 3;
        report.findings[0].region.as_mut().unwrap().end_column = 7;
        report.findings[0].excerpt = Some(String::from("  data:"));
        assert!(write(&report).contains("\n4 |   data:\n  |   ^^^^\n"));
    }

    #[test]
    fn a_check_is_explained_once_and_its_hint_given_once_for_each_file() {
        let mut report = examples::clean();
        let mut same = examples::finding(1, &checks::PARTLY_ENCRYPTED);
        report.findings = vec![same.clone(), same.clone()];
        same.path = Some(String::from("app/2.yaml"));
        report.findings.push(same);
        let text = write(&report);
        assert_eq!(text.matches("docs/audit/SEC002.md").count(), 1);
        assert_eq!(text.matches("The file has SOPS metadata").count(), 1);
        assert_eq!(text.matches("= certain").count(), 3);
        assert_eq!(text.matches("hint: ").count(), 2);
    }

    #[test]
    fn nothing_in_a_report_acts_on_the_terminal() {
        let report = examples::hostile();
        let text = write(&report);
        assert!(
            text.chars()
                .all(|char| char == '\n' || !super::super::text::acts(char))
        );
        assert!(text.contains("\\u{1b}[31m"));
        // No name begins a line of its own, which could pass for one of ours.
        let hints = text
            .lines()
            .filter(|line| line.starts_with("hint: "))
            .count();
        assert!(hints <= report.findings.len());
        let color = plain(&report, &CONTEXT, true);
        assert_eq!(
            anstream::adapter::strip_str(&color).to_string(),
            plain(&report, &CONTEXT, false)
        );
        assert!(color.contains("\u{1b}[1m\u{1b}[31mcritical[SEC002]\u{1b}[0m"));
    }

    #[test]
    fn several_repositories_are_told_apart() {
        let text = write(&examples::hostile());
        assert!(text.contains("\n../apps (apps)\n\n"));
        assert!(text.contains("--> ../apps/app/5.yaml:2:8 (key data.password)"));
        assert!(text.contains("(key data.password, at commit 89abcdef0123)"));
    }

    #[test]
    fn what_was_not_looked_at_is_listed_and_in_the_summary() {
        let mut report = examples::hostile();
        let last = |text: &str| String::from(text.lines().last().unwrap());
        let text = write(&report);
        assert_eq!(
            text.lines()
                .filter(|line| line.starts_with("incomplete: "))
                .count(),
            2
        );
        assert_eq!(
            last(&text),
            "not clean and incomplete: 6 findings, 5 deciding, 2 suppressed, 2 not checked"
        );
        report.findings.clear();
        assert_eq!(last(&write(&report)), "incomplete: 2 not checked");
        assert_eq!(
            last(&write(&Report::default())),
            "incomplete: 1 not checked"
        );
        assert_eq!(last(&write(&examples::clean())), "clean: no findings");
    }

    #[test]
    fn what_does_not_decide_is_shown_and_leaves_it_clean() {
        let mut report = examples::clean();
        report.findings = vec![examples::finding(1, &checks::SINGLE_RECIPIENT)];
        let text = write(&report);
        assert!(text.starts_with("info[SEC008]: "));
        assert!(text.ends_with("clean: 1 finding, none deciding\n"));
        report.findings = vec![examples::finding(1, &checks::JWT)];
        let context = Context {
            fail_on: Severity::High,
            ..CONTEXT
        };
        let text = plain(&report, &context, false);
        assert!(text.ends_with("clean: 1 finding, none deciding\n"));
    }
}
