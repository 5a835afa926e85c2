//! Where a repository is found, and which are refused.

use std::path::Path;

use secrets::git::Repository;

use crate::fixture::{Repo, rich};

fn found(path: &Path) -> Repository {
    Repository::discover(path).unwrap().unwrap()
}

#[test]
fn a_repository_is_found_from_everywhere_in_it() {
    let repo = rich(&[]);
    for inside in ["", "a", "a/b/c", "a/b/c/deep.yaml", ".git", ".git/objects"] {
        let repository = found(&repo.path.join(inside));
        assert_eq!(
            repository.work_tree(),
            Some(repo.path.as_path()),
            "{inside}"
        );
        assert_eq!(repository.git_dir(), repo.path.join(".git"));
        assert!(!repository.is_bare());
    }
    assert!(Repository::discover(repo.dir.path()).unwrap().is_none());
    assert!(Repository::discover(&repo.path.join("nothing")).is_err());
}

#[test]
fn bare_repositories_have_no_work_tree() {
    let repo = rich(&[]);
    let bare = repo.at("bare.git");
    repo.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    for inside in ["", "objects", "refs/heads"] {
        let repository = found(&bare.join(inside));
        assert!(repository.is_bare());
        assert_eq!(repository.git_dir(), bare);
    }
}

#[test]
fn linked_worktrees_share_objects_and_settings() {
    let repo = rich(&[]);
    repo.git(&["remote", "add", "origin", "https://example.invalid/a.git"]);
    let linked = repo.at("linked");
    repo.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    for path in [
        linked.clone(),
        linked.join("a/b"),
        repo.path.join(".git/worktrees/linked"),
    ] {
        let repository = found(&path);
        assert_eq!(repository.work_tree(), Some(linked.as_path()));
        assert_eq!(repository.common_dir(), repo.path.join(".git"));
        assert_eq!(
            repository.git_dir(),
            repo.path.join(".git/worktrees/linked")
        );
        assert_eq!(
            repository.remote_url("origin"),
            Some("https://example.invalid/a.git")
        );
        let head = repository.head().unwrap();
        assert_eq!(head.branch.as_deref(), Some("linked"));
    }
}

#[test]
fn submodules_are_repositories_of_their_own() {
    let inner = rich(&[]);
    let repo = rich(&[]);
    let url = format!("file://{}", inner.path.display());
    repo.git(&["rm", "-q", "--cached", "sub"]);
    repo.git(&["submodule", "--quiet", "add", &url, "mods/inner"]);
    repo.commit("submodule");
    let repository = found(&repo.path.join("mods/inner/a"));
    assert_eq!(
        repository.work_tree(),
        Some(repo.path.join("mods/inner").as_path())
    );
    assert_eq!(
        repository.git_dir(),
        repo.path.join(".git/modules/mods/inner")
    );
    // From its own folder too.
    let again = found(&repo.path.join(".git/modules/mods/inner"));
    assert_eq!(again.work_tree(), repository.work_tree());
}

#[test]
fn settings_are_read() {
    let repo = rich(&[]);
    repo.git(&["config", "core.hooksPath", "my hooks"]);
    repo.git(&["config", "remote.Other.url", "ssh://x"]);
    let repository = found(&repo.path);
    assert_eq!(
        repository.settings().get("core", "hooksPath"),
        Some("my hooks")
    );
    assert_eq!(repository.remote_url("Other"), Some("ssh://x"));
    assert_eq!(repository.remote_url("other"), None);
}

fn refused(repo: &Repo, words: &str) {
    let error = Repository::discover(&repo.path).unwrap_err();
    assert_eq!(error.kind(), secrets::Kind::Incomplete, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn unknown_formats_and_extensions_are_refused() {
    for (version, name, value, words) in [
        ("2", "core.x", "y", "format version 2"),
        ("x", "core.x", "y", "is no number"),
        ("1", "extensions.refStorage", "reftable", "reftable"),
        ("1", "extensions.soon", "true", "extension `soon`"),
        ("1", "extensions.objectFormat", "sha512", "sha512"),
    ] {
        let repo = Repo::new(&[]);
        let config = repo.path.join(".git/config");
        repo.git(&["config", name, value]);
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(
            &config,
            text + &format!("[core]\nrepositoryformatversion = {version}\n"),
        )
        .unwrap();
        refused(&repo, words);
    }
}

#[test]
fn broken_places_are_refused_and_never_waited_for() {
    let repo = rich(&[]);
    let other = repo.at("other");
    std::fs::create_dir(&other).unwrap();
    let dot_git = other.join(".git");
    for text in [
        "",
        "words",
        "gitdir:",
        "gitdir: ",
        "gitdir: nowhere",
        "gitdir: .git",
        "gitdir: .",
        "gitdir: /dev/null",
        "gitdir: /dev/zero",
    ] {
        std::fs::write(&dot_git, text).unwrap();
        assert!(Repository::discover(&other).is_err(), "{text:?}");
    }
    std::fs::remove_file(&dot_git).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &dot_git,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    assert!(Repository::discover(&other).is_err());
    // A pipe in the place of each file that is read.
    for name in [
        "HEAD",
        "config",
        "shallow",
        "packed-refs",
        "index",
        "refs/heads/main",
    ] {
        let repo = rich(&[]);
        let path = repo.path.join(".git").join(name);
        let _ = std::fs::remove_file(&path);
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        let failed = match Repository::discover(&repo.path) {
            Err(_) => true,
            Ok(repository) => {
                let repository = repository.unwrap();
                repository.index().is_err()
                    || repository.head().is_err()
                    || repository
                        .references()
                        .map_or(true, |it| !it.problems().is_empty())
            }
        };
        assert!(failed, "{name}");
    }
}

#[test]
fn a_work_tree_elsewhere_is_refused() {
    let repo = rich(&[]);
    let other = repo.at("other");
    std::fs::create_dir(&other).unwrap();
    repo.git(&["config", "core.worktree", other.to_str().unwrap()]);
    refused(&repo, "core.worktree");
    let repository = found(&repo.path.join(".git/objects"));
    let _ = repository;
}
