//! One repository, or one plain folder: what there is to look at, and looking at it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use sha1::{Digest, Sha1};

use super::assemble::{Assembler, Found, Origin};
use super::finding::{CoveredFile, RepositoryReport, Unchecked};
use super::fingerprint::{self, Key};
use super::history;
use super::inspect::{Interest, Nature, Traits, look, nature};
use super::policy::{self, Rules};
use super::run::{Request, Scope};
use super::state::{Entry, Place, State, Unread};
use super::subject::Subject;
use super::suppress::Suppressions;
use super::view::View;
use crate::error::{Error, Kind, Result};
use crate::fsio::{Candidates, Why};
use crate::git::{FileKind, Index, Oid, References, Repository, Store, staged, worktree};
use crate::keys::Identities;
use crate::sops::config::FILE_NAME;

/// The suppressions of a repository, beside its `.sops.yaml`.
pub const POLICY_FILE: &str = ".secrets-audit.yaml";

/// A sealed file, for the blast radius of identities.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Sealed {
    pub(super) path: String,
    pub(super) recipients: Vec<String>,
    /// Only in the history.
    pub(super) past: bool,
}

/// What came of a repository.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) report: RepositoryReport,
    pub(super) found: Vec<Found>,
    pub(super) unchecked: Vec<Unchecked>,
    pub(super) covered: Vec<CoveredFile>,
    pub(super) sealed: Vec<Sealed>,
}

/// What is looked at in which light.
pub(super) struct Audit<'a> {
    pub(super) number: usize,
    pub(super) request: &'a Request,
    pub(super) rules: Rules,
    pub(super) suppressions: Suppressions,
    pub(super) identity: String,
    pub(super) key: Key,
}

impl Audit<'_> {
    pub(super) fn assembler(&self) -> Assembler<'_> {
        Assembler {
            repository: self.number,
            identity: &self.identity,
            key: &self.key,
        }
    }

    pub(super) fn unchecked(&self, path: Option<&str>, reason: impl Into<String>) -> Unchecked {
        Unchecked {
            repository: self.number,
            path: path.map(str::to_owned),
            reason: reason.into(),
        }
    }
}

/// Audits what stands at a path.
///
/// # Errors
/// The path cannot be looked at at all, or a name such as a revision is not known there.
pub(super) fn audit(number: usize, target: &Path, request: &Request) -> Result<Outcome> {
    match Repository::discover(target)? {
        Some(repository) => of_git(number, target, &repository, request),
        None if request.scope == Scope::Tree => of_folder(number, target, request),
        None => Err(Error::new(Kind::Usage, "this is not a Git repository")
            .in_file(target.to_string_lossy())
            .hint("leave `--staged`, `--history` and `--range` out to look at a plain folder")),
    }
}

/// What a repository has, as far as it can be read.
pub(super) struct Sources<'r> {
    pub(super) repository: &'r Repository,
    pub(super) store: Store,
    pub(super) references: References,
    pub(super) index: Option<Index>,
}

fn of_git(
    number: usize,
    target: &Path,
    repository: &Repository,
    request: &Request,
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut reasons: Vec<String> = Vec::new();
    let store = repository.store()?;
    let references = repository.references()?;
    let index = match repository.index() {
        Ok(index) => index,
        Err(error) => {
            reasons.push(error.to_string());
            None
        }
    };
    let sources = Sources {
        repository,
        store,
        references,
        index,
    };
    let state = state_of(&sources, request, &mut reasons)?;
    let policy_state = match &request.policy_ref {
        Some(name) => Some(State::of_tree(
            &sources.store,
            history::tree_of(&sources, name)?,
        )),
        None => None,
    };
    let policy_state = policy_state.as_ref().unwrap_or(&state);
    let head = sources.references.head().clone();
    let folder = repository.work_tree().unwrap_or(repository.git_dir());
    let audit = prepare(
        number,
        request,
        policy_state,
        repository.remote_url("origin"),
        folder,
        &mut outcome,
    )?;
    outcome.report.head = head.commit.map(|oid| oid.to_string());
    outcome.report.branch = head.branch;
    outcome.report.path = target.to_string_lossy().into_owned();
    outcome.report.root = repository.work_tree().map(Path::to_owned);

    let selection = selection_of(&sources, &state, request, &mut reasons)?;
    let differing = audit.look_at(&state, &audit.rules, selection.as_deref(), Origin::Tree, &mut outcome);
    if repository.work_tree().is_some() && matches!(request.scope, Scope::Tree | Scope::History) {
        let blobs = [differing, state.only_staged.clone()].concat();
        audit.look_at_index(&sources, &blobs, &mut outcome);
    }
    audit.look_at_rules(policy_state, &state, &mut outcome);
    match &request.scope {
        Scope::Tree | Scope::Staged => {}
        Scope::History | Scope::Range { .. } => history::look_at(&audit, &sources, &state, &mut outcome)?,
    }
    let stored = sources.store.problems().iter().cloned();
    reasons.extend(stored);
    for (path, reason) in &state.problems {
        let entry = audit.unchecked(path.as_deref(), reason);
        outcome.unchecked.push(entry);
    }
    for reason in reasons {
        outcome.unchecked.push(audit.unchecked(None, reason));
    }
    audit.settle(&mut outcome);
    Ok(outcome)
}

/// Audits a folder that is no repository: everything in it.
fn of_folder(number: usize, target: &Path, request: &Request) -> Result<Outcome> {
    let found = Candidates::find(&[target], false);
    if let Some(error) = found.errors.iter().find(|e| e.kind() != Kind::Incomplete) {
        return Err(error.clone());
    }
    let name = |path: &Path| {
        let below = path.strip_prefix(target).unwrap_or(path);
        below.to_string_lossy().replace('\\', "/")
    };
    let entry = |place| Entry {
        place,
        staged: None,
    };
    let files = found.files.into_iter();
    let mut files: Vec<_> = files
        .map(|path| (name(&path), entry(Place::Disk(path))))
        .collect();
    for (path, why) in &found.skipped {
        let why = match why {
            Why::Link => "symbolic link",
            Why::Special => "pipe, socket or device",
            Why::Ignored => "ignored",
        };
        files.push((name(path), entry(Place::Nowhere(why))));
    }
    let state = State::new(files, None);
    let mut outcome = Outcome::default();
    let folder = target.canonicalize().unwrap_or_else(|_| target.to_owned());
    let audit = prepare(number, request, &state, None, &folder, &mut outcome)?;
    outcome.report.path = target.to_string_lossy().into_owned();
    audit.look_at(&state, &audit.rules, None, Origin::Tree, &mut outcome);
    audit.look_at_rules(&state, &state, &mut outcome);
    for error in &found.errors {
        let entry = audit.unchecked(error.file(), error.to_string());
        outcome.unchecked.push(entry);
    }
    audit.settle(&mut outcome);
    Ok(outcome)
}

/// Audits one text.
pub(super) fn of_text(name: &str, bytes: &[u8], request: &Request) -> Result<Outcome> {
    let state = State::default();
    let mut outcome = Outcome::default();
    let audit = prepare(0, request, &state, None, Path::new(""), &mut outcome)?;
    outcome.report.path = "standard input".to_owned();
    let mut look = FileLook::default();
    audit.look_at_bytes(&state, &audit.rules, name, bytes, Origin::Tree, &mut look);
    for (path, why) in audit.rules.broken() {
        let why = format!("the configuration is not valid: {why}");
        outcome.unchecked.push(audit.unchecked(Some(&path), why));
    }
    outcome.take(vec![look]);
    audit.settle(&mut outcome);
    Ok(outcome)
}

/// Reads the configurations.
fn prepare<'a>(
    number: usize,
    request: &'a Request,
    policy: &State<'_>,
    remote: Option<&str>,
    folder: &Path,
    outcome: &mut Outcome,
) -> Result<Audit<'a>> {
    let suppressions = match policy.read(POLICY_FILE) {
        Some(text) => Suppressions::from_policy(POLICY_FILE, &text, &request.now)?,
        None => Suppressions::none(&request.now),
    };
    let name = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let identity = suppressions
        .repository()
        .map_or_else(|| fingerprint::repository_identity(remote, &name), str::to_owned);
    let key = Key::choose(
        request.key.as_ref().map(|key| key.expose()),
        suppressions.fingerprint_key(),
        &identity,
    );
    outcome.report.identity.clone_from(&identity);
    let rules = match &request.config {
        Some((path, text)) => Rules::with_explicit(path, text),
        None => rules_of(policy),
    };
    Ok(Audit {
        number,
        request,
        rules,
        suppressions,
        identity,
        key,
    })
}

/// The configurations of a state.
fn rules_of(state: &State<'_>) -> Rules {
    let paths = state.paths().iter();
    let configs = paths.filter(|path| is_configuration(path));
    let configs = configs.filter_map(|path| Some((path.clone(), state.read(path)?)));
    Rules::new(configs.collect())
}

fn is_configuration(path: &str) -> bool {
    path.rsplit('/').next() == Some(FILE_NAME)
}

/// The state that the scope is about.
fn state_of<'r>(
    sources: &'r Sources<'_>,
    request: &Request,
    reasons: &mut Vec<String>,
) -> Result<State<'r>> {
    match &request.scope {
        Scope::Range { to, .. } => {
            let tree = history::tree_of(sources, to)?;
            Ok(State::of_tree(&sources.store, tree))
        }
        Scope::Staged => Ok(index_state(sources)),
        Scope::Tree | Scope::History => match sources.repository.work_tree() {
            Some(root) => Ok(worktree_state(sources, root, reasons)),
            None => match sources.references.head().commit {
                Some(commit) => {
                    let tree = history::tree_of(sources, &commit.to_string())?;
                    Ok(State::of_tree(&sources.store, tree))
                }
                None => Ok(State::default()),
            },
        },
    }
}

fn index_state<'r>(sources: &'r Sources<'_>) -> State<'r> {
    let entries = sources.index.iter().flat_map(|index| &index.entries);
    let files = entries.map(|entry| {
        let place = match entry.mode & 0o170_000 {
            0o120_000 => Place::Nowhere("symbolic link"),
            0o160_000 => Place::Nowhere("submodule"),
            _ => Place::Blob(entry.oid),
        };
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        (
            path,
            Entry {
                place,
                staged: None,
            },
        )
    });
    State::new(files.collect(), Some(&sources.store))
}

fn worktree_state<'r>(
    sources: &'r Sources<'_>,
    root: &Path,
    reasons: &mut Vec<String>,
) -> State<'r> {
    let listing = worktree::list(sources.repository, sources.index.as_ref());
    let mut staged = foldhash::HashMap::default();
    let mut only_staged = Vec::new();
    let name = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    for entry in sources.index.iter().flat_map(|index| &index.entries) {
        if entry.mode & 0o170_000 != 0o100_000 || entry.intent_to_add {
            continue;
        }
        if entry.stage == 0 {
            staged.insert(entry.path.as_slice(), entry.oid);
        } else {
            only_staged.push((name(&entry.path), entry.oid));
        }
    }
    let mut files = Vec::with_capacity(listing.files.len());
    for file in &listing.files {
        let staged = staged.get(file.path.as_slice()).copied();
        let place = match file.kind {
            FileKind::Regular => Some(Place::Disk(root.join(os_path(&file.path)))),
            FileKind::Link => Some(Place::Nowhere("symbolic link")),
            FileKind::Submodule => Some(Place::Nowhere("submodule")),
            FileKind::Special => Some(Place::Nowhere("pipe, socket or device")),
            FileKind::Missing => None,
        };
        if file.kind != FileKind::Regular {
            only_staged.extend(staged.map(|oid| (name(&file.path), oid)));
        }
        files.extend(place.map(|place| (name(&file.path), Entry { place, staged })));
    }
    let mut state = State::new(files, Some(&sources.store));
    state.only_staged = only_staged;
    reasons.extend(listing.problems);
    state
}

#[cfg(unix)]
fn os_path(path: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(path))
}

#[cfg(not(unix))]
fn os_path(path: &[u8]) -> PathBuf {
    PathBuf::from(&*String::from_utf8_lossy(path))
}

/// Which files of the state are looked at; `None` for all of them. A change of the rules concerns
/// every file.
fn selection_of(
    sources: &Sources<'_>,
    state: &State<'_>,
    request: &Request,
    reasons: &mut Vec<String>,
) -> Result<Option<Vec<String>>> {
    let changed: Vec<String> = match &request.scope {
        Scope::Tree | Scope::History => return Ok(None),
        Scope::Staged => {
            let Some(index) = &sources.index else {
                reasons.push("there is no index to look at".to_owned());
                return Ok(Some(Vec::new()));
            };
            let changes = staged::changes(sources.repository, &sources.store, index)?;
            let paths = changes.iter();
            paths
                .map(|change| String::from_utf8_lossy(&change.path).into_owned())
                .collect()
        }
        Scope::Range { from, .. } => history::changed_configurations(sources, from, state)?,
    };
    if changed.iter().any(|path| is_configuration(path)) {
        return Ok(None);
    }
    Ok(Some(match request.scope {
        Scope::Staged => changed,
        _ => Vec::new(),
    }))
}

/// What came of one file.
#[derive(Default)]
struct FileLook {
    found: Vec<Found>,
    unchecked: Option<Unchecked>,
    by_name: Option<&'static str>,
    covered: Option<CoveredFile>,
    is_sealed: bool,
    sealed: Option<Sealed>,
    /// The index has other bytes.
    staged: Option<(String, Oid)>,
}

impl Outcome {
    /// Adds what came of files. Gives those that the index has otherwise.
    fn take(&mut self, looks: Vec<FileLook>) -> Vec<(String, Oid)> {
        self.report.files += looks.len();
        let mut by_name: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut staged = Vec::new();
        for look in looks {
            self.found.extend(look.found);
            self.unchecked.extend(look.unchecked);
            self.report.covered += usize::from(look.covered.is_some());
            self.report.sealed += usize::from(look.covered.is_some() && look.is_sealed);
            self.covered.extend(look.covered);
            self.sealed.extend(look.sealed);
            staged.extend(look.staged);
            if let Some(why) = look.by_name {
                *by_name.entry(why).or_default() += 1;
            }
        }
        let counts = by_name.into_iter();
        let counts = counts.map(|(why, count)| (why.to_owned(), count));
        self.report.by_name_only.extend(counts);
        staged
    }
}

impl Audit<'_> {
    /// Looks at files of a state, on all cores. Gives those that the index has otherwise.
    fn look_at(
        &self,
        state: &State<'_>,
        rules: &Rules,
        selection: Option<&[String]>,
        origin: Origin,
        outcome: &mut Outcome,
    ) -> Vec<(String, Oid)> {
        let looks: Vec<FileLook> = match selection {
            None => {
                let (paths, entries) = state.parts();
                paths
                    .par_iter()
                    .zip(entries)
                    .map(|(path, entry)| self.look_at_file(state, rules, path, entry, origin))
                    .collect()
            }
            Some(paths) => paths
                .par_iter()
                .filter_map(|path| {
                    let entry = state.get(path)?;
                    Some(self.look_at_file(state, rules, path, entry, origin))
                })
                .collect(),
        };
        outcome.take(looks)
    }

    fn look_at_file(
        &self,
        state: &State<'_>,
        rules: &Rules,
        path: &str,
        entry: &Entry,
        origin: Origin,
    ) -> FileLook {
        let mut result = FileLook::default();
        let bytes = match state.bytes(entry) {
            Ok(bytes) => bytes,
            Err(Unread::ByName(why)) => {
                result.by_name = Some(why);
                return result;
            }
            Err(Unread::Problem(why)) => {
                result.unchecked = Some(self.unchecked(Some(path), why));
                return result;
            }
        };
        result.staged = entry
            .staged
            .filter(|oid| !is_blob(&bytes, oid))
            .map(|oid| (path.to_owned(), oid));
        self.look_at_bytes(state, rules, path, &bytes, origin, &mut result);
        result
    }

    fn look_at_bytes(
        &self,
        state: &State<'_>,
        rules: &Rules,
        path: &str,
        bytes: &[u8],
        origin: Origin,
        result: &mut FileLook,
    ) {
        let subject = Subject::new(path, bytes);
        let traits = Traits::of(path, rules);
        match nature(bytes) {
            Nature::Text => {}
            Nature::Binary => result.by_name = Some("binary"),
            Nature::LfsPointer => {
                result.by_name = Some("Git LFS pointer");
                if traits.covered {
                    let why = "a Git LFS pointer: its content is not in the repository";
                    result.unchecked = Some(self.unchecked(Some(path), why));
                }
                return;
            }
        }
        let interest = Interest::of(bytes);
        let mut looked = look(&subject, rules, Some(state), traits, interest);
        let verdict = looked.verdict;
        let has_metadata = verdict.sealed || !verdict.recipients.is_empty();
        if let Some(why) = verdict.unchecked {
            result.unchecked = Some(self.unchecked(Some(path), why));
        } else if has_metadata && let Some(identities) = &self.request.identities {
            self.open(&subject, identities, &mut looked.hits, result);
        }
        result.is_sealed = verdict.sealed;
        result.covered = verdict.rule.map(|rule| CoveredFile {
            repository: self.number,
            path: path.to_owned(),
            rule,
        });
        result.sealed = (!verdict.recipients.is_empty()).then(|| Sealed {
            path: path.to_owned(),
            recipients: verdict.recipients,
            past: false,
        });
        result.found = self.assembler().findings(&subject, looked.hits, origin);
        if self.request.suppressions {
            self.suppressions.apply(&subject, &mut result.found);
        }
    }

    /// `--open`: the file opens and its MAC holds.
    fn open(
        &self,
        subject: &Subject<'_>,
        identities: &Arc<Identities>,
        hits: &mut Vec<super::finding::Hit>,
        result: &mut FileLook,
    ) {
        use policy::open::{Opening, open_and_verify};
        let why = match open_and_verify(subject, identities) {
            Opening::Opens | Opening::NotSealed => return,
            Opening::Fails(hit) => {
                hits.push(hit);
                return;
            }
            Opening::NoIdentity(why) | Opening::Unsupported(why) => why,
        };
        result.unchecked = Some(self.unchecked(Some(subject.path), why));
    }

    /// Looks at what the index has and the working tree has not.
    fn look_at_index(
        &self,
        sources: &Sources<'_>,
        blobs: &[(String, Oid)],
        outcome: &mut Outcome,
    ) {
        if blobs.is_empty() {
            return;
        }
        let state = index_state(sources);
        let own;
        let rules = if self.request.policy_ref.is_none()
            && blobs.iter().any(|(path, _)| is_configuration(path))
        {
            own = rules_of(&state);
            &own
        } else {
            &self.rules
        };
        let looks: Vec<FileLook> = blobs
            .par_iter()
            .map(|(path, oid)| {
                let mut result = FileLook::default();
                match state.blob(oid) {
                    Ok(bytes) => self.look_at_bytes(
                        &state,
                        rules,
                        path,
                        &bytes,
                        Origin::Index,
                        &mut result,
                    ),
                    Err(Unread::ByName(_)) => {}
                    Err(Unread::Problem(why)) => {
                        result.unchecked = Some(self.unchecked(Some(path), why));
                    }
                }
                result
            })
            .collect();
        outcome.report.files += looks.len();
        for look in looks {
            outcome.found.extend(look.found);
            outcome.unchecked.extend(look.unchecked);
            outcome.sealed.extend(look.sealed);
        }
    }

    /// Looks at the configurations themselves, and at plain twins of sealed files.
    fn look_at_rules(&self, policy: &State<'_>, state: &State<'_>, outcome: &mut Outcome) {
        for (path, why) in self.rules.broken() {
            let why = format!("the configuration is not valid: {why}");
            outcome.unchecked.push(self.unchecked(Some(&path), why));
        }
        for (path, hits) in policy::check_rules(&self.rules, state.paths()) {
            let text = match &self.request.config {
                Some((_, text)) => Some(text.clone()),
                None => policy.read(&path),
            };
            let text = text.unwrap_or_default();
            let subject = Subject::new(&path, &text);
            let mut found = self.assembler().findings(&subject, hits, Origin::Tree);
            if self.request.suppressions {
                self.suppressions.apply(&subject, &mut found);
            }
            outcome.found.extend(found);
        }
    }

    /// Puts findings in order, drops those that are told twice, and tells what the suppressions say.
    fn settle(&self, outcome: &mut Outcome) {
        if self.request.suppressions {
            outcome.found.extend(self.suppressions.findings(&self.assembler()));
        }
        // The tree's findings come first, then the index', then the oldest of the history. Of two with
        // one identity the one that counts is kept.
        outcome.found.sort_by_key(|found| found.finding.suppressed.is_some());
        let mut seen = foldhash::HashSet::default();
        let is_new = |found: &Found| seen.insert(found.finding.fingerprint.clone());
        let is_new: Vec<bool> = outcome.found.iter().map(is_new).collect();
        let mut is_new = is_new.into_iter();
        outcome.found.retain(|_| is_new.next().unwrap_or(true));
        outcome.unchecked.sort();
        outcome.unchecked.dedup();
        outcome.report.complete = outcome.unchecked.is_empty();
    }
}

/// The object id of a blob is that of these bytes.
fn is_blob(bytes: &[u8], oid: &Oid) -> bool {
    let header = format!("blob {}\0", bytes.len());
    if oid.as_bytes().len() == 20 {
        let mut hash = Sha1::new();
        hash.update(header.as_bytes());
        hash.update(bytes);
        hash.finalize().as_slice() == oid.as_bytes()
    } else {
        let mut hash = sha2::Sha256::new();
        hash.update(header.as_bytes());
        hash.update(bytes);
        hash.finalize().as_slice() == oid.as_bytes()
    }
}
