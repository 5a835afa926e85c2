//! What a Git repository has, and the states of it that an audit looks at.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::policy::Rules;
use super::run::{Request, Scope};
use super::state::{Entry, MAX_TEXT, Place, State, read_disk};
use super::view::View;
use crate::error::{Error, Kind, Result};
use crate::fsio::{Candidates, Why};
use crate::git::{
    FileKind, Head, Index, ObjectKind, Oid, References, Repository, Store, objects, staged,
    worktree,
};
use crate::sops::config::FILE_NAME;

/// What a repository has, as far as it can be read.
pub(super) struct Sources<'r> {
    pub(super) repository: &'r Repository,
    pub(super) store: Store,
    pub(super) head: Head,
    pub(super) references: OnceLock<References>,
    pub(super) index: Option<Index>,
}

impl Sources<'_> {
    /// All references, read when first asked for: looking at what is staged does without.
    ///
    /// # Errors
    /// There is no `HEAD`.
    pub(super) fn references(&self) -> Result<&References> {
        if let Some(references) = self.references.get() {
            return Ok(references);
        }
        let references = self.repository.references()?;
        Ok(self.references.get_or_init(|| references))
    }
}

/// The state that the scope is about. `named` is the folder in the work tree that somebody asked for.
pub(super) fn state_of<'r>(
    sources: &'r Sources<'_>,
    request: &Request,
    named: Option<&Path>,
    reasons: &mut Vec<String>,
) -> Result<State<'r>> {
    match &request.scope {
        Scope::Range { to, .. } => {
            let tree = tree_of(sources, to)?;
            Ok(State::of_tree(&sources.store, tree))
        }
        Scope::Staged => Ok(index_state(sources)),
        Scope::Tree | Scope::History => match sources.repository.work_tree() {
            Some(root) => Ok(worktree_state(sources, root, named, reasons)),
            None => match sources.head.commit {
                Some(commit) => {
                    let tree = tree_of_commit(sources, commit, "HEAD")?;
                    Ok(State::of_tree(&sources.store, tree))
                }
                None => Ok(State::default()),
            },
        },
    }
}

pub(super) fn index_state<'r>(sources: &'r Sources<'_>) -> State<'r> {
    let entries = sources.index.iter().flat_map(|index| &index.entries);
    let (mut files, mut only_staged) = (Vec::new(), Vec::new());
    for entry in entries {
        let place = match entry.mode & 0o170_000 {
            0o120_000 => Place::Nowhere("symbolic link"),
            0o160_000 => Place::Nowhere("submodule"),
            _ => Place::Blob(entry.oid),
        };
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        // Of a conflict our side stands for the file; the others are looked at beside it.
        if matches!(entry.stage, 1 | 3) {
            if let Place::Blob(oid) = place {
                only_staged.push((path, oid));
            }
            continue;
        }
        let entry = Entry {
            place,
            staged: None,
        };
        files.push((path, entry));
    }
    let mut state = State::new(files, Some(&sources.store));
    state.only_staged = only_staged;
    state
}

/// Configurations beside those of the state, whose rules count where these cover nothing: those that a
/// change brings under the policy of another revision; in the working tree, those that only the index
/// has; before a commit, those that are not staged.
///
/// `selection` is what is looked at; `None`: everything.
pub(super) fn more_rules(
    sources: &Sources<'_>,
    state: &State<'_>,
    request: &Request,
    selection: Option<&[String]>,
) -> Rules {
    let mut rules = Rules::default();
    if request.policy_ref.is_some() {
        rules = rules_of(state);
    }
    let mut texts = Vec::new();
    match request.scope {
        Scope::Tree | Scope::History => {
            let missing = state.only_staged.iter();
            for (path, oid) in missing.filter(|(path, _)| is_configuration(path)) {
                if let Ok(text) = state.blob(oid) {
                    texts.push((path.clone(), text.to_vec()));
                }
            }
        }
        Scope::Staged => {
            if let Some(root) = sources.repository.work_tree() {
                let paths = selection.unwrap_or(state.paths());
                texts = unstaged_configurations(root, state, paths);
            }
        }
        Scope::Range { .. } => {}
    }
    rules.or(Rules::new(texts))
}

/// The configurations that the folders of some paths have on disk and the index has not.
fn unstaged_configurations(
    root: &Path,
    state: &State<'_>,
    paths: &[String],
) -> Vec<(String, Vec<u8>)> {
    let mut folders = BTreeSet::from([""]);
    for path in paths {
        let mut folder = path.as_str();
        while let Some((above, _)) = folder.rsplit_once('/') {
            if !folders.insert(above) {
                break;
            }
            folder = above;
        }
    }
    let mut found = Vec::new();
    for folder in folders {
        let path = match folder {
            "" => FILE_NAME.to_owned(),
            folder => format!("{folder}/{FILE_NAME}"),
        };
        if state.get(&path).is_some() {
            continue;
        }
        if let Ok(text) = read_disk(&root.join(&path)) {
            found.push((path, text.to_vec()));
        }
    }
    found
}

fn worktree_state<'r>(
    sources: &'r Sources<'_>,
    root: &Path,
    named: Option<&Path>,
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
    if let Some(folder) = named
        && is_passed_over(sources.repository, root, folder, &files)
    {
        add_folder(root, folder, &mut files, reasons);
    }
    let mut state = State::new(files, Some(&sources.store));
    state.only_staged = only_staged;
    reasons.extend(listing.problems);
    state
}

/// Whether the listing leaves out what a folder holds, because Git ignores the folder or what is in it. Files
/// such as `.gitignore` and `.gitkeep` do not count.
fn is_passed_over(
    repository: &Repository,
    root: &Path,
    folder: &Path,
    files: &[(String, Entry)],
) -> bool {
    let below = |path: &str| Path::new(path).starts_with(folder.strip_prefix(root).unwrap_or(root));
    let is_mark = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        matches!(name, ".gitignore" | ".gitkeep" | ".keep")
    };
    let mut listed = files.iter().map(|(path, _)| path.as_str());
    !listed.any(|path| below(path) && !is_mark(path)) || worktree::ignores(repository, folder)
}

/// Adds what is in a folder, ignored or not.
fn add_folder(
    root: &Path,
    folder: &Path,
    files: &mut Vec<(String, Entry)>,
    reasons: &mut Vec<String>,
) {
    let known: foldhash::HashSet<String> = files.iter().map(|(path, _)| path.clone()).collect();
    let found = Candidates::find(&[folder], false);
    let regular = found.files.into_iter().map(|path| {
        let place = Place::Disk(path.clone());
        (path, place)
    });
    let others = found.skipped.into_iter().map(|(path, why)| {
        let place = Place::Nowhere(match why {
            Why::Link => "symbolic link",
            Why::Special => "pipe, socket or device",
            Why::Ignored => "ignored",
        });
        (path, place)
    });
    for (path, place) in regular.chain(others) {
        let name = path.strip_prefix(root).unwrap_or(&path);
        let name = name.to_string_lossy();
        let name = match cfg!(windows) {
            true => name.replace('\\', "/"),
            false => name.into_owned(),
        };
        if !known.contains(&name) {
            let staged = None;
            files.push((name, Entry { place, staged }));
        }
    }
    reasons.extend(found.errors.iter().map(ToString::to_string));
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
pub(super) fn selection_of(
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
        Scope::Range { from, .. } => changed_configurations(sources, from, state)?,
    };
    if changed.iter().any(|path| is_configuration(path)) {
        return Ok(None);
    }
    Ok(Some(match request.scope {
        Scope::Staged => changed,
        _ => Vec::new(),
    }))
}

/// The tree of a revision.
///
/// # Errors
/// Nobody knows the revision, or its objects are missing.
pub(super) fn tree_of(sources: &Sources<'_>, name: &str) -> Result<Oid> {
    tree_of_commit(sources, resolve(sources, name)?, name)
}

/// The tree of a commit, which messages call by a name.
///
/// # Errors
/// Its objects are missing.
pub(super) fn tree_of_commit(sources: &Sources<'_>, commit: Oid, name: &str) -> Result<Oid> {
    let missing = || {
        Error::new(
            Kind::Incomplete,
            format!("the commit of `{name}` is missing"),
        )
        .because("the clone is shallow or partial, or the repository is damaged")
        .hint("fetch it: `git fetch --unshallow`, in GitLab CI `GIT_DEPTH: 0`")
    };
    let object = sources.store.read(&commit, MAX_TEXT as usize)?;
    let object = object
        .filter(|object| object.kind == ObjectKind::Commit)
        .ok_or_else(missing)?;
    let commit = objects::Commit::parse(&object.data).ok_or_else(missing)?;
    Ok(commit.tree)
}

pub(super) fn resolve(sources: &Sources<'_>, name: &str) -> Result<Oid> {
    sources
        .references()?
        .resolve(name, &sources.store)
        .ok_or_else(|| {
            if let Some(form) = form_of_git(name) {
                return Error::new(
                    Kind::Usage,
                    format!("the revision `{name}` is written in a form that is not understood"),
                )
                .in_file(sources.repository.git_dir().to_string_lossy())
                .because(format!("of Git's forms, {form} is not read here"))
                .hint("write a branch, a tag or a commit, with `~N` or `^N` behind if need be")
                .hint(format!("`git rev-parse '{name}'` gives the commit"));
            }
            Error::new(Kind::Usage, format!("nobody knows the revision `{name}`"))
                .in_file(sources.repository.git_dir().to_string_lossy())
                .because("no branch, tag or commit here has that name")
                .hint("fetch it first: in GitLab CI set `GIT_DEPTH: 0`")
        })
}

/// Forms of revisions that Git knows and nobody here looks for (gitrevisions(7)).
fn form_of_git(name: &str) -> Option<&'static str> {
    let braces = name.split_once("@{").map(|(_, rest)| rest);
    match braces {
        Some(rest) if rest.starts_with(['u', 'U', 'p', 'P']) => {
            Some("the upstream of a branch (`@{upstream}`, `@{push}`)")
        }
        Some(_) => Some("what a reference was before (`@{N}`, `@{DATE}`)"),
        None if name.starts_with(":/") || name.contains("^{/") => {
            Some("the search in messages (`:/TEXT`)")
        }
        None if name.contains("^{") => Some("the kind in braces (`^{tree}`)"),
        None if name.contains(':') => Some("a path in a commit (`REVISION:PATH`)"),
        None => None,
    }
}

/// The configurations that a range changes.
///
/// # Errors
/// See [`tree_of`].
pub(super) fn changed_configurations(
    sources: &Sources<'_>,
    from: &str,
    state: &State<'_>,
) -> Result<Vec<String>> {
    let before = State::of_tree(&sources.store, tree_of(sources, from)?);
    let place = |state: &State<'_>, path: &str| state.get(path).map(|entry| entry.place.clone());
    let paths = before.files().chain(state.files()).map(|(path, _)| path);
    let changed =
        paths.filter(|path| is_configuration(path) && place(&before, path) != place(state, path));
    Ok(changed.map(str::to_owned).collect())
}

/// A file that holds creation rules.
pub(super) fn is_configuration(path: &str) -> bool {
    path.rsplit('/').next() == Some(FILE_NAME)
}

/// The configurations of a state.
pub(super) fn rules_of(state: &State<'_>) -> Rules {
    let paths = state.paths().iter();
    let configs = paths.filter(|path| is_configuration(path));
    let configs = configs.filter_map(|path| Some((path.clone(), state.read(path)?)));
    Rules::new(configs.collect())
}
