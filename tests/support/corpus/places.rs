//! Where in a repository a cell can lie, and which audit has to see it there.

use crate::repository::{Place, Repository};

use super::cells::{Cell, Era, config};
use super::truth::{Expected, Keys};

/// Where the cells are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// Committed, packed, and in the worktree.
    Tracked,
    /// Committed though a `.gitignore` names it.
    IgnoredButTracked,
    /// In the worktree only.
    Untracked,
    /// In the worktree only, and a `.gitignore` names it.
    Ignored,
    /// In the index only: gone from the worktree, not in `HEAD`.
    IndexOnly,
    /// In the index over a sealed version in `HEAD` and in the worktree.
    StagedOverSealed,
    /// Committed, and sealed in the next commit.
    SealedLater,
    /// Committed, and removed in the next commit.
    RemovedLater,
    /// On another branch.
    OtherBranch,
    /// In a stash.
    Stashed,
    /// In a commit that only an annotated tag has.
    Tagged,
    /// In a commit that was amended away, and that no reference and no reflog has.
    Amended,
}

impl Where {
    pub(crate) const ALL: [Where; 12] = [
        Where::Tracked,
        Where::IgnoredButTracked,
        Where::Untracked,
        Where::Ignored,
        Where::IndexOnly,
        Where::StagedOverSealed,
        Where::SealedLater,
        Where::RemovedLater,
        Where::OtherBranch,
        Where::Stashed,
        Where::Tagged,
        Where::Amended,
    ];

    /// The folder.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Where::Tracked => "tracked",
            Where::IgnoredButTracked => "ignored-but-tracked",
            Where::Untracked => "untracked",
            Where::Ignored => "ignored",
            Where::IndexOnly => "index-only",
            Where::StagedOverSealed => "staged-over-sealed",
            Where::SealedLater => "sealed-later",
            Where::RemovedLater => "removed-later",
            Where::OtherBranch => "other-branch",
            Where::Stashed => "stashed",
            Where::Tagged => "tagged",
            Where::Amended => "amended",
        }
    }
}

/// Which audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Worktree and index.
    Tree,
    /// What the index changes.
    Staged,
    /// Every object.
    History,
}

/// Whether an audit has to see a place (`Some(true)`), may (`Some(false)`), or must not (`None`).
fn sees(mode: Mode, place: Where) -> Option<bool> {
    use Where as W;
    match (mode, place) {
        (_, W::Ignored) => None,
        (
            Mode::Tree,
            W::Tracked | W::IgnoredButTracked | W::Untracked | W::IndexOnly | W::StagedOverSealed,
        ) => Some(true),
        (Mode::Tree, _) => None,
        (Mode::Staged, W::IndexOnly | W::StagedOverSealed) => Some(true),
        (Mode::Staged, _) => None,
        // What is in no commit is not history; an audit of the history may look at it as well.
        (Mode::History, W::Untracked | W::IndexOnly | W::StagedOverSealed) => Some(false),
        (Mode::History, _) => Some(true),
    }
}

/// What an audit has to find in the repository of [`build`].
pub(crate) fn truth(cells: &[Cell], mode: Mode) -> Vec<Expected> {
    let mut truth = Vec::new();
    for place in Where::ALL {
        let all = cells
            .iter()
            .flat_map(|cell| cell.expected.iter().map(move |expected| (cell, expected)));
        for (cell, (expected, era)) in all {
            // What is the same when it is as it should be stays there.
            let stays =
                place == Where::SealedLater && cell.bytes == cell.sealed && mode != Mode::Staged;
            let required = match sees(mode, place) {
                Some(required) => required,
                None if stays => true,
                None => continue,
            };
            let mut expected = expected.clone();
            expected.path = format!("{}/{}", place.folder(), expected.path);
            let head = stays || matches!(place, Where::Tracked | Where::IgnoredButTracked);
            if mode == Mode::History {
                // A leak in an old version is one of the history, whatever it is called in a tree.
                if expected
                    .checks
                    .iter()
                    .any(|check| ["SEC001", "SEC002"].contains(check))
                {
                    expected = expected.or("SEC014");
                }
                if !head {
                    expected.keys = Keys::Any;
                }
                if !head && *era == Era::Now {
                    expected = expected.optional();
                }
            }
            // Whether the index changes such a file is the name's doing.
            let same = place == Where::StagedOverSealed && cell.bytes == cell.sealed;
            if !required || (same && mode == Mode::Staged) {
                expected = expected.optional();
            }
            truth.push(expected);
        }
    }
    if mode != Mode::Staged {
        // The rules for the files of sops have one recipient.
        truth.push(Expected::new("SEC008", ".sops.yaml").quiet());
    }
    truth
}

/// The covered files that cannot be read, for an audit of the worktree and the index.
pub(crate) fn unreadable(cells: &[Cell], mode: Mode) -> Vec<String> {
    let mut paths = Vec::new();
    for place in Where::ALL
        .into_iter()
        .filter(|place| sees(mode, *place) == Some(true))
    {
        let cells = cells.iter().filter(|cell| cell.unreadable);
        paths.extend(cells.map(|cell| format!("{}/{}", place.folder(), cell.path)));
    }
    paths.sort_unstable();
    paths
}

/// Makes one repository with all cells in all places.
pub(crate) fn build(place: &Place, cells: &[Cell]) -> Repository {
    let repository = place.repository("repo");
    let put = |place: Where| {
        for cell in cells {
            let path = format!("{}/{}", place.folder(), cell.path);
            repository.write(&path, cell.bytes_at(place.folder()));
        }
    };
    let seal = |place: Where| {
        for cell in cells {
            repository.write(&format!("{}/{}", place.folder(), cell.path), &cell.sealed);
        }
    };
    let clear = |place: Where| std::fs::remove_dir_all(repository.path(place.folder())).unwrap();
    let add = |place: Where| repository.git(&["add", "--force", "--", place.folder()]);
    let commit = |message: &str| repository.commit_index(message);

    repository.write(".sops.yaml", config());
    repository.write(".gitignore", "/ignored/\n/ignored-but-tracked/\n");
    repository.git(&["add", "--all"]);
    commit("Start");

    for away in [Where::SealedLater, Where::RemovedLater] {
        put(away);
        add(away);
        commit("Add it plain");
        if away == Where::SealedLater {
            seal(away);
        } else {
            clear(away);
        }
        add(away);
        commit("Mend it");
    }
    for (there, branch) in [
        (Where::OtherBranch, "other"),
        (Where::Tagged, "tagged"),
        (Where::Amended, "amended"),
    ] {
        repository.git(&["checkout", "--quiet", "-b", branch]);
        put(there);
        add(there);
        commit("Beside the main line");
        if there == Where::Tagged {
            repository.git(&["tag", "-a", "v1", "-m", "The first version"]);
        }
        repository.git(&["checkout", "--quiet", "main"]);
        if there != Where::OtherBranch {
            repository.git(&["branch", "--quiet", "-D", branch]);
        }
    }
    put(Where::Stashed);
    add(Where::Stashed);
    repository.git(&["stash", "--quiet"]);

    put(Where::Tracked);
    add(Where::Tracked);
    commit("Track it");
    // So far packed, also what nothing refers to; loose from here on.
    let stash = repository.git(&["rev-parse", "refs/stash"]);
    repository.git(&[
        "reflog",
        "expire",
        "--expire=now",
        "--expire-unreachable=now",
        "HEAD",
    ]);
    assert_eq!(repository.git(&["rev-parse", "refs/stash"]), stash);
    repository.git(&["repack", "--quiet", "-a", "-d", "-k"]);

    put(Where::IgnoredButTracked);
    add(Where::IgnoredButTracked);
    seal(Where::StagedOverSealed);
    add(Where::StagedOverSealed);
    commit("Track more");

    put(Where::StagedOverSealed);
    add(Where::StagedOverSealed);
    seal(Where::StagedOverSealed);
    put(Where::IndexOnly);
    add(Where::IndexOnly);
    clear(Where::IndexOnly);
    put(Where::Untracked);
    put(Where::Ignored);
    repository
}
