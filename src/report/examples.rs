//! Reports for the tests: what a repository can hold at worst, and one with nothing to report.

use super::Context;
use crate::audit::checks;
use crate::audit::finding::{
    CoveredFile, Finding, Region, Report, RepositoryReport, Severity, Suppressed, SuppressedBy,
    Unchecked,
};

pub(super) const CONTEXT: Context<'static> = Context {
    program_version: "0.1.0",
    fail_on: Severity::Low,
    documentation: "https://docs.example.invalid/audit/",
};

/// A name with everything that some format gives a meaning to.
pub(super) const EVIL: &str =
    "a\"b'c\\<d>&]]>%41,:;\u{1b}[31m\r\n::error::x\u{202e}\u{0}\u{fffe}\u{1f511}ä\t#?.yaml";

pub(super) fn finding(number: usize, check: &'static checks::Check) -> Finding {
    Finding {
        check,
        severity: check.severity,
        confidence: check.confidence,
        repository: 0,
        path: Some(format!("app/{number}.yaml")),
        region: Some(Region {
            line: 4,
            column: 13,
            end_line: 4,
            end_column: 21,
        }),
        key_path: Some(String::from("data.password")),
        commit: None,
        fingerprint: format!("{number:064x}"),
        message: String::from("data.password is in plaintext"),
        fix: String::from(check.fix),
        excerpt: Some(String::from("  password: …")),
        opens: Vec::new(),
        suppressed: None,
    }
}

pub(super) fn clean() -> Report {
    Report {
        repositories: vec![RepositoryReport {
            path: String::from("."),
            identity: String::from("infra"),
            complete: true,
            files: 12,
            objects: 340,
            covered: 1,
            sealed: 1,
            by_name_only: vec![(String::from("binary"), 2), (String::from("link"), 1)],
            ..RepositoryReport::default()
        }],
        covered: vec![CoveredFile {
            repository: 0,
            path: String::from("app/secret.yaml"),
            rule: String::from(".sops.yaml:2"),
        }],
        started: String::from("2026-11-22T08:00:00Z"),
        ended: String::from("2026-11-22T08:00:01Z"),
        ..Report::default()
    }
}

/// Two repositories; the first has hostile names, suppressions and things that were not looked at.
pub(super) fn hostile() -> Report {
    let mut report = clean();
    let infra = &mut report.repositories[0];
    infra.path = String::from("infra\u{1b}]0;x\u{7}");
    infra.identity = String::from("git.example/team/infra");
    infra.head = Some("0123456789abcdef".repeat(2) + "01234567");
    infra.branch = Some(String::from("main"));
    report.repositories.push(RepositoryReport {
        path: String::from("../apps"),
        identity: String::from("apps"),
        complete: true,
        files: 3,
        ..RepositoryReport::default()
    });
    let evil = Finding {
        path: Some(String::from(EVIL)),
        key_path: Some(format!("data.{EVIL}")),
        message: format!("{EVIL} is in plaintext"),
        fix: format!("mend {EVIL}"),
        excerpt: Some(format!("{EVIL}: …")),
        ..finding(1, &checks::PARTLY_ENCRYPTED)
    };
    let in_history = Finding {
        region: None,
        excerpt: None,
        commit: Some("89abcdef01234567".repeat(2) + "89abcdef"),
        ..finding(2, &checks::PLAIN_IN_HISTORY)
    };
    let in_a_message = Finding {
        path: None,
        region: None,
        key_path: None,
        excerpt: None,
        commit: in_history.commit.clone(),
        ..finding(3, &checks::GITLAB_TOKEN)
    };
    let empty_span = Finding {
        region: Some(Region {
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
        }),
        key_path: None,
        excerpt: None,
        path: Some(String::from("app/secret.yaml")),
        ..finding(4, &checks::PLAIN_FILE)
    };
    let many_lines = Finding {
        region: Some(Region {
            line: 2,
            column: 8,
            end_line: 9,
            end_column: 3,
        }),
        repository: 1,
        ..finding(5, &checks::PRIVATE_KEY)
    };
    let allowed = Finding {
        suppressed: Some(Suppressed {
            by: SuppressedBy::InFile,
            reason: Some(format!("for tests {EVIL}")),
        }),
        ..finding(6, &checks::JWT)
    };
    let old = Finding {
        suppressed: Some(Suppressed {
            by: SuppressedBy::Baseline,
            reason: None,
        }),
        ..finding(7, &checks::ENV_FILE)
    };
    report.findings = vec![
        evil,
        in_history,
        in_a_message,
        empty_span,
        finding(8, &checks::SINGLE_RECIPIENT),
        allowed,
        old,
        many_lines,
    ];
    report.unchecked = vec![
        Unchecked {
            repository: 0,
            path: None,
            reason: String::from("the clone is shallow"),
        },
        Unchecked {
            repository: 0,
            path: Some(String::from(EVIL)),
            reason: format!("cannot be parsed: {EVIL}"),
        },
    ];
    report.covered.push(CoveredFile {
        repository: 0,
        path: String::from(EVIL),
        rule: String::from(".sops.yaml:7"),
    });
    report
}
