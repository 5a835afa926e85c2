//! One repository, or one plain folder: what there is to look at, and looking at it.

use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use super::assemble::{Assembler, Found, Origin};
use super::files::FileLook;
use super::finding::{CoveredFile, Hit, RepositoryReport, Unchecked};
use super::fingerprint::{self, Key};
use super::history::Past;
use super::policy::Rules;
use super::run::{Request, Scope, ran};
use super::sources::{
    Sources, is_configuration, more_rules, rules_of, selection_of, state_of, tree_of,
    tree_of_commit,
};
use super::state::{Entry, Place, State, Unread};
use super::subject::Subject;
use super::suppress::{self, Applied, PolicyFile};
use super::view::View;
use crate::error::{Error, Kind};
use crate::fsio::{Candidates, Why};
use crate::git::{Repository, worktree};
use crate::secret::SecretBuffer;

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
    /// Paths at which some version that was looked at has SOPS metadata.
    pub(super) once_sealed: foldhash::HashSet<String>,
}

/// Why a repository cannot be audited at all: one error, or all of a configuration's.
pub(super) struct Stop(pub(super) Vec<Error>);

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop(vec![error])
    }
}

impl From<Vec<Error>> for Stop {
    fn from(errors: Vec<Error>) -> Self {
        Stop(errors)
    }
}

impl Stop {
    /// What cannot be read of one repository does not keep the others from being looked at.
    pub(super) fn or_incomplete(self, number: usize, target: &Path) -> Result<Outcome> {
        if self.0.iter().any(|error| error.kind() != Kind::Incomplete) {
            return Err(self);
        }
        let mut outcome = Outcome::default();
        outcome.report.path = target.to_string_lossy().into_owned();
        outcome.unchecked = self
            .0
            .iter()
            .map(|error| Unchecked {
                repository: number,
                path: None,
                reason: error.to_string(),
            })
            .collect();
        Ok(outcome)
    }
}

type Result<T> = std::result::Result<T, Stop>;

/// What is looked at in which light.
pub(super) struct Audit<'a> {
    pub(super) number: usize,
    pub(super) request: &'a Request,
    pub(super) rules: Rules,
    pub(super) suppressions: Applied,
    pub(super) identity: String,
    pub(super) key: Key,
    /// What the state as a whole says of single files, by path.
    pub(super) remarks: foldhash::HashMap<String, Vec<Hit>>,
}

impl Audit<'_> {
    pub(super) fn assembler(&self) -> Assembler<'_> {
        Assembler {
            repository: self.number,
            identity: &self.identity,
            key: &self.key,
            suppressions: self.request.suppressions.then_some(&self.suppressions),
            ran: ran(self.request),
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
    let found = match (&request.git_dir, &request.work_tree) {
        (None, None) => Repository::discover(target)?,
        (git_dir, work_tree) => {
            Repository::of_variables(target, git_dir.as_deref(), work_tree.as_deref())?
        }
    };
    match found {
        Some(repository) => of_git(number, target, &repository, request),
        None if request.scope == Scope::Tree => of_folder(number, target, request),
        None => Err(Error::new(Kind::Usage, "this is not a Git repository")
            .in_file(target.to_string_lossy())
            .hint("leave `--staged`, `--history` and `--range` out to look at a plain folder")
            .into()),
    }
}

/// What paths of the report are below: the target, or the top of the repository that it is in.
fn base_of(target: &Path, repository: &Repository) -> PathBuf {
    let top = repository.work_tree().unwrap_or(repository.git_dir());
    let Ok(real) = target.canonicalize() else {
        return target.to_owned();
    };
    if real == top {
        return target.to_owned();
    }
    let Ok(below) = real.strip_prefix(top) else {
        return match repository.work_tree() {
            Some(top) => top.to_owned(),
            None => target.to_owned(),
        };
    };
    let depth = below.components().count();
    let mut named: Vec<Component<'_>> = target.components().collect();
    let cut = named.split_off(named.len().saturating_sub(depth));
    let is_name = |part: &Component<'_>| matches!(part, Component::Normal(_));
    if cut.len() == depth && cut.iter().all(is_name) {
        let folder: PathBuf = match named.as_slice() {
            [] => PathBuf::from("."),
            named => named.iter().collect(),
        };
        // Behind a link the folder above is another one.
        if folder.canonicalize().is_ok_and(|real| real == top) {
            return folder;
        }
    }
    let upwards = std::iter::repeat_n(Component::ParentDir, depth);
    let from = target.components();
    from.filter(|part| *part != Component::CurDir)
        .chain(upwards)
        .collect()
}

/// A folder in the work tree that somebody named. The folder that Git keeps the repository in stands for the
/// repository.
fn named_folder(target: &Path, repository: &Repository) -> Option<PathBuf> {
    let top = repository.work_tree()?;
    let real = target.canonicalize().ok()?;
    let is_repository = real == repository.git_dir() || real == repository.common_dir();
    (real != top && real.starts_with(top) && !is_repository).then_some(real)
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
    let head = repository.head()?;
    let index = match &request.index_file {
        Some(path) => repository.index_at(path),
        None => repository.index(),
    };
    let index = match index {
        Ok(index) => index,
        Err(error) => {
            reasons.push(error.to_string());
            None
        }
    };
    let sources = Sources {
        repository,
        store,
        head,
        references: OnceLock::new(),
        index,
    };
    let named = named_folder(target, repository);
    if let Some(folder) = &named
        && matches!(request.scope, Scope::Staged | Scope::Range { .. })
        && target != Path::new(".")
        && worktree::ignores(repository, folder)
    {
        return Err(Error::new(Kind::Usage, "Git ignores this folder")
            .in_file(target.to_string_lossy())
            .because("nothing of it is staged or committed")
            .hint("leave `--staged` and `--range` out to look at its files")
            .into());
    }
    let state = state_of(&sources, request, named.as_deref(), &mut reasons)?;
    let policy_state = match &request.policy_ref {
        Some(name) => Some(State::of_tree(&sources.store, tree_of(&sources, name)?)),
        None => None,
    };
    let policy_state = policy_state.as_ref().unwrap_or(&state);
    let head = &sources.head;
    let folder = repository.work_tree().unwrap_or(repository.git_dir());
    let mut audit = prepare(
        number,
        request,
        policy_state,
        repository.remote_url("origin"),
        folder,
        &mut outcome,
    )?;
    let selection = selection_of(&sources, &state, request, &mut reasons)?;
    if request.config.is_none() {
        let more = more_rules(&sources, &state, request, selection.as_deref());
        audit.rules = std::mem::take(&mut audit.rules).or(more);
    }
    outcome.report.head = head.commit.map(|oid| oid.to_string());
    outcome.report.branch = head.branch.clone();
    let base = base_of(target, repository);
    outcome.report.path = base.to_string_lossy().into_owned();
    outcome.report.root = repository.work_tree().map(Path::to_owned);

    // What is wrong with the rules themselves concerns a change only if it changes them.
    if selection.is_none() {
        audit.remark(&state);
    }
    let mut look_here = || {
        let selection = selection.as_deref();
        audit.look_here(&sources, &state, policy_state, selection, &mut outcome);
    };
    match &request.scope {
        Scope::Tree | Scope::Staged => look_here(),
        Scope::History | Scope::Range { .. } => {
            let past = Past::read(&audit, &sources, look_here)?;
            past.look_at(&audit, &sources, &state, &mut outcome);
        }
    }
    audit.settle_intent(&sources, &mut outcome);
    let changed = match request.scope {
        Scope::Staged => selection.as_deref(),
        _ => None,
    };
    audit.look_at_added(&sources, &state, changed, &mut outcome)?;
    audit.look_at_suppressions(policy_state, &mut outcome);
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
        return Err(error.clone().into());
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
    let mut audit = prepare(number, request, &state, None, &folder, &mut outcome)?;
    outcome.report.path = target.to_string_lossy().into_owned();
    outcome.report.root = Some(folder);
    audit.remark(&state);
    audit.look_at(&state, &audit.rules, None, Origin::Tree, &mut outcome);
    audit.look_at_broken(&mut outcome);
    audit.look_at_other_rules(&state, &state, &mut outcome);
    audit.look_at_suppressions(&state, &mut outcome);
    for error in &found.errors {
        let entry = audit.unchecked(error.file(), error.to_string());
        outcome.unchecked.push(entry);
    }
    audit.settle(&mut outcome);
    Ok(outcome)
}

/// Audits one text.
pub(super) fn of_text(
    folder: &Path,
    name: &str,
    bytes: &[u8],
    request: &Request,
) -> Result<Outcome> {
    let state = State::default();
    let mut outcome = Outcome::default();
    let audit = prepare(0, request, &state, None, folder, &mut outcome)?;
    outcome.report.path = "standard input".to_owned();
    let mut look = FileLook::default();
    audit.look_at_bytes(&state, &audit.rules, name, bytes, Origin::Tree, &mut look);
    audit.look_at_broken(&mut outcome);
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
    let name = suppress::FILE_NAME;
    let own = policy.read(name).map(|text| PolicyFile::read(name, &text));
    let suppressions = Applied::new(own.transpose()?, &request.now);
    let own = suppressions.policy();
    let name = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let identity = own.and_then(|own| own.repository.clone());
    let identity = identity.unwrap_or_else(|| fingerprint::repository_identity(remote, &name));
    let given = request.key.as_ref().map(|key| key.expose());
    let configured = own.and_then(|own| own.fingerprint_key.as_deref());
    let key = match &request.baseline {
        Some((_, _, baseline)) => {
            let given = [Key::given(given, None), Key::given(None, configured)];
            let given: Vec<Key> = given.into_iter().flatten().collect();
            baseline.key(&given, &identity)?
        }
        None => Key::choose(given, configured, &identity),
    };
    outcome.report.identity.clone_from(&identity);
    for (path, entry) in policy.files().filter(|(path, _)| is_policy(path)) {
        if let Err(why) = policy.bytes(entry) {
            let why = match why {
                Unread::ByName(why) => format!("a {why}, which is not followed"),
                Unread::Problem(why) => why,
            };
            outcome.unchecked.push(Unchecked {
                repository: number,
                path: Some(path.to_owned()),
                reason: format!("the configuration was not read: {why}"),
            });
        }
    }
    let rules = match &request.config {
        Some((path, text)) => {
            let path = path_below(path, folder);
            Rules::with_explicit(&path, text.clone(), &folder.to_string_lossy())
        }
        None => rules_of(policy),
    };
    Ok(Audit {
        number,
        request,
        rules,
        suppressions,
        identity,
        key,
        remarks: foldhash::HashMap::default(),
    })
}

/// The absolute path of a file that was named beside the repositories, as seen from one: below its top if it is
/// there. Links in it are followed where only that shows how the two lie to each other.
pub(super) fn path_below(path: &str, top: &Path) -> String {
    let named = Path::new(path);
    let real = named.parent().and_then(|folder| folder.canonicalize().ok());
    let real = real.zip(named.file_name());
    let real = real.map(|(folder, name)| folder.join(name));
    let ways: Vec<&Path> = std::iter::once(named).chain(real.as_deref()).collect();
    let below = ways.iter().find_map(|path| path.strip_prefix(top).ok());
    let is_above = |path: &&&Path| path.parent().is_some_and(|folder| top.starts_with(folder));
    let found = below.or_else(|| ways.iter().find(is_above).copied());
    found.unwrap_or(named).to_string_lossy().into_owned()
}

/// What decides over other files.
fn is_policy(path: &str) -> bool {
    is_configuration(path) || path == suppress::FILE_NAME
}

impl Audit<'_> {
    /// Looks at the state of a repository that the scope is about, and at the index beside it.
    fn look_here(
        &self,
        sources: &Sources<'_>,
        state: &State<'_>,
        policy: &State<'_>,
        selection: Option<&[String]>,
        outcome: &mut Outcome,
    ) {
        let differing = self.look_at(state, &self.rules, selection, Origin::Tree, outcome);
        let has_index = match self.request.scope {
            Scope::Tree | Scope::History => sources.repository.work_tree().is_some(),
            Scope::Staged => true,
            Scope::Range { .. } => false,
        };
        if has_index {
            let blobs = [differing, state.only_staged.clone()].concat();
            self.look_at_index(sources, &blobs, outcome);
        }
        self.look_at_broken(outcome);
        if selection.is_none() {
            self.look_at_other_rules(policy, state, outcome);
        }
    }

    /// What is to be said of the policy file: only where everything is looked at is an entry that
    /// suppresses nothing told.
    fn look_at_suppressions(&self, policy: &State<'_>, outcome: &mut Outcome) {
        let name = suppress::FILE_NAME;
        if !self.request.suppressions || self.suppressions.policy().is_none() {
            return;
        }
        let mut hits = self.suppressions.expired();
        hits.extend(self.suppressions.reasonless());
        if matches!(self.request.scope, Scope::Tree | Scope::History) {
            hits.extend(self.suppressions.unused(ran(self.request)));
        }
        let text = policy.read(name).unwrap_or_default();
        let subject = Subject::new(name, &text);
        let found = self.assembler().findings(&subject, hits, Origin::Tree);
        outcome.found.extend(found);
    }

    /// Suppressions that a range or the index adds; `changed` are the files that are staged.
    fn look_at_added(
        &self,
        sources: &Sources<'_>,
        state: &State<'_>,
        changed: Option<&[String]>,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let tree = match (&self.request.scope, sources.head.commit) {
            (Scope::Tree | Scope::History, _) => return Ok(()),
            (Scope::Range { from, .. }, _) => Some(tree_of(sources, from)?),
            (Scope::Staged, Some(head)) => Some(tree_of_commit(sources, head, "HEAD")?),
            (Scope::Staged, None) => None,
        };
        let is_marked = |path: &str| {
            let has_mark = |text: &SecretBuffer| memchr::memmem::find(text, b"secrets:").is_some();
            let text = state.get(path).and_then(|entry| state.bytes(entry).ok());
            path == suppress::FILE_NAME || text.as_ref().is_some_and(has_mark)
        };
        if let Some(changed) = changed
            && !changed.iter().any(|path| is_marked(path))
        {
            return Ok(());
        }
        let before = match tree {
            Some(tree) => State::of_tree(&sources.store, tree),
            None => State::default(),
        };
        for (path, entry) in state.files() {
            let old = before.get(path);
            if old.is_some_and(|old| old.place == entry.place) {
                continue;
            }
            let Ok(text) = state.bytes(entry) else {
                continue;
            };
            let old = old.and_then(|old| before.bytes(old).ok());
            let hits = suppress::added(path, old.as_deref(), &text);
            let subject = Subject::new(path, &text);
            // They are to be seen, whatever they suppress.
            let assembler = Assembler {
                suppressions: None,
                ..self.assembler()
            };
            outcome
                .found
                .extend(assembler.findings(&subject, hits, Origin::Tree));
        }
        Ok(())
    }

    /// Puts findings in order, and drops those that are told twice.
    fn settle(&self, outcome: &mut Outcome) {
        // The tree's findings come first, then the index', then the oldest of the history. Of two with
        // one identity the one that counts is kept.
        outcome
            .found
            .sort_by_key(|found| found.finding.suppressed.is_some());
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
