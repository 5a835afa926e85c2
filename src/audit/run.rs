//! An audit of one or several repositories, as one report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::assemble::{Assembler, Found, Origin};
use super::baseline::Baseline;
use super::blast;
use super::checks::{self, Check};
use super::finding::{Finding, Hit, Opened, Report, Severity, Unchecked};
use super::fingerprint::Key;
use super::masks::Masks;
use super::repository::{Outcome, Sealed, audit, of_text, path_below};
use super::subject::Subject;
use crate::error::Error;
use crate::keys::Identities;
use crate::secret::SecretBytes;

/// How many paths a message names before it counts.
pub(crate) const SHOWN_PATHS: usize = 5;

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything that Git tracks or would add, and the index. All of a plain folder; the tree at
    /// `HEAD` of a bare repository.
    Tree,
    /// What the index changes against `HEAD`, as whole blobs.
    Staged,
    /// The tree and every object in the store.
    History,
    /// What the commits bring that `to` has and `from` has not, messages included.
    Range {
        /// A revision.
        from: String,
        /// A revision.
        to: String,
    },
}

/// What to audit, and how.
pub struct Request {
    /// Repositories or plain folders.
    pub targets: Vec<PathBuf>,
    /// What is looked at.
    pub scope: Scope,
    /// A configuration for all files, instead of the `.sops.yaml` files: its absolute path and its text.
    pub config: Option<(String, Vec<u8>)>,
    /// Open every sealed file of the tree with these, and verify it.
    pub identities: Option<Arc<Identities>>,
    /// Suppressions count.
    pub suppressions: bool,
    /// Known findings: the absolute path and the text of the file, and what it says.
    pub baseline: Option<(String, Vec<u8>, Baseline)>,
    /// The revision that `.sops.yaml` and `.secrets-audit.yaml` are read from, instead of what is
    /// looked at.
    pub policy_ref: Option<String>,
    /// The index of the one repository, if it is not its own: `GIT_INDEX_FILE` in a hook.
    pub index_file: Option<PathBuf>,
    /// `GIT_DIR`: the one repository, whatever the target is in.
    pub git_dir: Option<PathBuf>,
    /// `GIT_WORK_TREE`: where the files of the one repository are.
    pub work_tree: Option<PathBuf>,
    /// What fingerprints are keyed with, if the environment says.
    pub key: Option<SecretBytes>,
    /// When the audit starts, RFC 3339 in UTC and seconds.
    pub now: String,
}

impl Request {
    /// An audit of these targets with everything else as it is without options.
    pub fn new(targets: Vec<PathBuf>, scope: Scope, now: String) -> Self {
        Request {
            targets,
            scope,
            config: None,
            identities: None,
            suppressions: true,
            baseline: None,
            policy_ref: None,
            index_file: None,
            git_dir: None,
            work_tree: None,
            key: None,
            now,
        }
    }
}

/// Audits one text under a name, with the configuration of the request. The name is absolute or relative to
/// `folder`, which is absolute and as the shell names it.
///
/// # Errors
/// See [`run`].
pub fn run_text(
    request: &Request,
    folder: &Path,
    name: &str,
    bytes: &[u8],
) -> Result<Report, Vec<Error>> {
    let outcome = of_text(folder, name, bytes, request).map_err(|stop| stop.0)?;
    Ok(report_of(vec![outcome], request))
}

/// Runs an audit.
///
/// # Errors
/// What cannot be looked at at all: a target that is not there, a revision that nobody knows, a
/// `.secrets-audit.yaml` that is not valid. What could not be looked at within a repository is in
/// [`Report::unchecked`].
pub fn run(request: &Request) -> Result<Report, Vec<Error>> {
    let targets = request.targets.iter().enumerate();
    let outcomes = targets.map(|(number, target)| match audit(number, target, request) {
        Err(stop) => stop.or_incomplete(number, target),
        outcome => outcome,
    });
    let outcomes: Result<Vec<Outcome>, _> = outcomes.collect();
    Ok(report_of(outcomes.map_err(|stop| stop.0)?, request))
}

fn report_of(outcomes: Vec<Outcome>, request: &Request) -> Report {
    let mut report = Report {
        started: request.now.clone(),
        ended: request.now.clone(),
        nothing_to_do: outcomes.is_empty(),
        ..Report::default()
    };
    let mut found = Vec::new();
    let mut sealed: Vec<(usize, Sealed)> = Vec::new();
    for (number, outcome) in outcomes.into_iter().enumerate() {
        report.repositories.push(outcome.report);
        report
            .unchecked
            .extend(outcome.unchecked.into_iter().map(masked));
        report.covered.extend(outcome.covered);
        sealed.extend(outcome.sealed.into_iter().map(|file| (number, file)));
        found.extend(outcome.found);
    }
    measure_blast_radius(&mut found, &sealed, &report);
    report.findings = found.into_iter().map(|found| found.finding).collect();
    if let Some((name, text, baseline)) = &request.baseline {
        baseline.apply(&mut report.findings);
        let everything = matches!(request.scope, Scope::Tree | Scope::History);
        if everything
            && report
                .repositories
                .iter()
                .all(|repository| repository.complete)
        {
            let hits = baseline.unused(ran(request));
            let root = report.repositories.first().and_then(|it| it.root.as_ref());
            let name = root.map_or(name.clone(), |root| path_below(name, root));
            report.findings.extend(about_baseline(&name, text, hits));
        }
    }
    let place = |finding: &Finding| {
        (
            finding.repository,
            finding.path.clone(),
            finding.region,
            finding.check.id,
            finding.key_path.clone(),
            finding.fingerprint.clone(),
        )
    };
    report.findings.sort_by_cached_key(place);
    report.covered.sort();
    report.covered.dedup();
    report.unchecked.sort();
    report.unchecked.dedup();
    report
}

/// What says why something was not looked at can quote what is wrong in it.
fn masked(mut unchecked: Unchecked) -> Unchecked {
    unchecked.reason = Masks::default().quoted(&unchecked.reason);
    unchecked
}

/// Which checks look at everything in this audit: the others do not prove a suppression unused.
pub(super) fn ran(request: &Request) -> fn(&Check) -> bool {
    match (&request.scope, request.identities.is_some()) {
        (Scope::History, true) => |_| true,
        (Scope::History, false) => |check| check != &checks::DOES_NOT_OPEN,
        (_, true) => |check| check != &checks::PLAIN_IN_HISTORY,
        (_, false) => |check| check != &checks::PLAIN_IN_HISTORY && check != &checks::DOES_NOT_OPEN,
    }
}

/// Findings about the baseline itself, which is a file of no repository.
fn about_baseline(name: &str, text: &[u8], hits: Vec<Hit>) -> Vec<Finding> {
    let assembler = Assembler {
        repository: 0,
        identity: "",
        key: &Key::of(b""),
        suppressions: None,
        ran: |_| true,
    };
    let subject = Subject::new(name, text);
    let found = assembler.findings(&subject, hits, Origin::Tree);
    found.into_iter().map(|found| found.finding).collect()
}

/// Says of each identity that was found which sealed files it opens, in all repositories.
fn measure_blast_radius(found: &mut [Found], sealed: &[(usize, Sealed)], report: &Report) {
    for found in found.iter_mut().filter(|f| !f.identity.expose().is_empty()) {
        let Some(recipients) = blast::recipient_of(found.identity.expose()) else {
            continue;
        };
        let mut opened: BTreeMap<(usize, &str), bool> = BTreeMap::new();
        for (repository, file) in sealed {
            let opens = blast::opened_by(
                &recipients,
                std::iter::once((file.path.as_str(), file.recipients.as_slice())),
            );
            if !opens.is_empty() {
                let past = opened.entry((*repository, &file.path)).or_insert(true);
                *past &= file.past;
            }
        }
        if opened.is_empty() {
            continue;
        }
        let opens = opened.iter().map(|((repository, path), past)| Opened {
            repository: *repository,
            path: (*path).to_owned(),
            past: *past,
        });
        found.finding.opens = opens.collect();
        let name = |(repository, path): (usize, &str), past: bool| {
            let repository = report.repositories.get(repository);
            let repository = repository.map_or("", |repository| repository.path.as_str());
            let path = match report.repositories.len() {
                1 => path.to_owned(),
                _ => format!("{repository}/{path}"),
            };
            if past {
                format!("{path} (in its history)")
            } else {
                path
            }
        };
        let mut names: Vec<String> = opened
            .iter()
            .take(SHOWN_PATHS)
            .map(|(at, past)| name(*at, *past))
            .collect();
        if opened.len() > SHOWN_PATHS {
            names.push(format!("{} more", opened.len() - SHOWN_PATHS));
        }
        let files = match opened.len() {
            1 => "1 sealed file".to_owned(),
            count => format!("{count} sealed files"),
        };
        let message = &mut found.finding.message;
        message.push_str(&format!("; it opens {files}: {}", names.join(", ")));
        found.finding.severity = Severity::Critical;
    }
}
