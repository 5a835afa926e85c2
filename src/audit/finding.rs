//! What an audit says: pure data, without any value of a secret.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use super::checks::Check;
use crate::secret::SecretBytes;

/// How bad it is if a finding is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; never decides the exit code.
    Info,
    /// Should be mended when somebody is there.
    Low,
    /// Weakens what protects secrets.
    Medium,
    /// A secret, or what leads to one, can be read.
    High,
    /// A secret can be read by everyone who can read the repository, and opens much.
    Critical,
}

impl Severity {
    /// All of them, mildest first.
    pub const ALL: [Severity; 5] = [
        Severity::Info,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];

    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How sure the check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// It may be one; a person has to look. Does not decide the exit code by default.
    Possible,
    /// The shape and the place speak for it.
    Likely,
    /// Structure, checksum or cryptography proves it.
    Certain,
}

impl Confidence {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Possible => "possible",
            Confidence::Likely => "likely",
            Confidence::Certain => "certain",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a check found in one text, before it is known where in which repository the text stands.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The check.
    pub check: &'static Check,
    /// How bad it is; the check's own unless it knows better here.
    pub severity: Severity,
    /// How sure it is; the check's own unless it knows better here.
    pub confidence: Confidence,
    /// The bytes of the text that it is about, as they stand there (a value with its encoding);
    /// empty at the start of the text if it is about all of it.
    pub span: Range<usize>,
    /// The key path, as in `data.password` or `list[2].name`, where the text has a structure.
    pub key_path: Option<String>,
    /// What the digest of the fingerprint covers: the secret itself, decoded, or nothing. Never shown.
    pub value: SecretBytes,
    /// What was found, in words, without capital, full stop, and without any part of a value.
    pub message: String,
    /// What to do; [`Check::fix`] if it says nothing else.
    pub fix: Option<String>,
}

impl Hit {
    /// A hit with the check's own severity, confidence and fix.
    pub fn new(check: &'static Check, span: Range<usize>, message: impl Into<String>) -> Self {
        Hit {
            check,
            severity: check.severity,
            confidence: check.confidence,
            span,
            key_path: None,
            value: SecretBytes::default(),
            message: message.into(),
            fix: None,
        }
    }

    /// Adds the key path.
    #[must_use]
    pub fn at(mut self, key_path: impl Into<String>) -> Self {
        self.key_path = Some(key_path.into());
        self
    }

    /// Adds the secret, for the fingerprint.
    #[must_use]
    pub fn of(mut self, value: &[u8]) -> Self {
        self.value = SecretBytes::copy_of(value);
        self
    }

    /// Sets how sure it is.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Sets how bad it is.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Where in a text: 1-based lines and columns, columns in characters, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Region {
    /// The first line.
    pub line: usize,
    /// The first column.
    pub column: usize,
    /// The last line.
    pub end_line: usize,
    /// The column after the last character.
    pub end_column: usize,
}

/// A finding with its place in a repository.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The check.
    pub check: &'static Check,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// The index of the repository in [`Report::repositories`].
    pub repository: usize,
    /// The path in the repository, with `/`; `None` for findings about the store or a message.
    pub path: Option<String>,
    /// Where in the text.
    pub region: Option<Region>,
    /// The key path.
    pub key_path: Option<String>,
    /// The first commit that has it, for findings of the history (hexadecimal).
    pub commit: Option<String>,
    /// Stable identity: 64 hexadecimal digits over check, repository, path, key path and the keyed
    /// digest of the value.
    pub fingerprint: String,
    /// What was found, in words.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// The line, values masked, for the excerpt of the plain report.
    pub excerpt: Option<String>,
    /// The sealed files that an identity opens, by repository and path; empty for other findings.
    pub opens: Vec<Opened>,
    /// Why it does not count, if it is suppressed.
    pub suppressed: Option<Suppressed>,
}

/// A sealed file that an identity opens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opened {
    /// The index of the repository in [`Report::repositories`].
    pub repository: usize,
    /// The path in the repository.
    pub path: String,
    /// Only older versions open: none of the tree does.
    pub past: bool,
}

/// Why a finding does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// What suppresses it.
    pub by: SuppressedBy,
    /// The reason that was given.
    pub reason: Option<String>,
}

/// What suppresses a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressedBy {
    /// A comment in the file.
    InFile,
    /// An entry of `.secrets-audit.yaml`.
    Policy,
    /// The baseline.
    Baseline,
}

/// Something that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unchecked {
    /// The index of the repository in [`Report::repositories`].
    pub repository: usize,
    /// The path, if it is about one.
    pub path: Option<String>,
    /// Why, in words.
    pub reason: String,
}

/// A repository, or a plain folder, and what was looked at.
#[derive(Clone, Debug, Default)]
pub struct RepositoryReport {
    /// The path as it was named; for a folder in a repository that of the repository's top. Paths of findings are below it.
    pub path: String,
    /// The top of the working tree, or the folder itself; `None` for bare repositories and texts.
    pub root: Option<PathBuf>,
    /// A name that is the same on every machine: host and path of `origin`, or the folder's name.
    pub identity: String,
    /// The commit at `HEAD`, if there is one (hexadecimal).
    pub head: Option<String>,
    /// The branch at `HEAD`, if it is on one.
    pub branch: Option<String>,
    /// Everything that was to be looked at was.
    pub complete: bool,
    /// Files (or index entries) looked at.
    pub files: usize,
    /// Git objects looked at.
    pub objects: usize,
    /// Files that a creation rule covers.
    pub covered: usize,
    /// Those of them that are sealed.
    pub sealed: usize,
    /// Files that were looked at by name only, and why: binary, LFS pointer, link, submodule.
    pub by_name_only: Vec<(String, usize)>,
}

/// A file that a creation rule covers: a test case of the JUnit report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CoveredFile {
    /// The index of the repository in [`Report::repositories`].
    pub repository: usize,
    /// The path in the repository.
    pub path: String,
    /// The rule, as `.sops.yaml:LINE`.
    pub rule: String,
}

/// What an audit found. Findings are in a stable order; suppressed ones are among them.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The repositories in the order in which they were named.
    pub repositories: Vec<RepositoryReport>,
    /// The findings: by repository, path, place, check.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub unchecked: Vec<Unchecked>,
    /// Covered files, by repository and path.
    pub covered: Vec<CoveredFile>,
    /// When the audit started and ended, RFC 3339 in UTC and seconds.
    pub started: String,
    /// See [`Report::started`].
    pub ended: String,
    /// There is no repository on purpose: the shard is empty. Otherwise a report without one is incomplete.
    pub nothing_to_do: bool,
}

impl Report {
    /// The findings that decide: not suppressed, at least `likely`, at least `fail_on`, never `info`.
    pub fn deciding(&self, fail_on: Severity) -> impl Iterator<Item = &Finding> {
        let least = fail_on.max(Severity::Low);
        self.findings.iter().filter(move |finding| {
            finding.suppressed.is_none()
                && finding.confidence >= Confidence::Likely
                && finding.severity >= least
        })
    }
}
