//! The files of a work tree, against `git ls-files` and `git status`.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;

use secrets::git::{FileKind, worktree};

use crate::fixture::{Repo, rich};

fn listed(repo: &Repo) -> BTreeMap<String, (FileKind, bool)> {
    let repository = repo.open();
    let index = repository.index().unwrap();
    let listing = worktree::list(&repository, index.as_ref());
    assert_eq!(listing.problems, [""; 0]);
    assert!(listing.files.is_sorted());
    listing
        .files
        .into_iter()
        .map(|file| {
            (
                String::from_utf8_lossy(&file.path).into_owned(),
                (file.kind, file.tracked),
            )
        })
        .collect()
}

#[test]
fn tracked_and_addable_files_are_those_of_git() {
    let repo = rich(&[]);
    repo.write(".gitignore", "*.log\n/build/\n!keep.log\n");
    repo.write("a/.gitignore", "local\n");
    repo.write("x.log", "ignored");
    repo.write("keep.log", "kept");
    repo.write("build/out", "ignored");
    repo.write("a/local", "ignored");
    repo.write("a/b/local", "ignored");
    repo.write("local", "not ignored here");
    repo.write(".hidden/file", "hidden");
    repo.write(".ignore", "README\n");
    repo.write("build/tracked", "ignored and tracked");
    repo.git(&["add", "-f", "build/tracked"]);
    std::fs::create_dir_all(repo.path.join(".git/info")).unwrap();
    std::fs::write(repo.path.join(".git/info/exclude"), "excluded\n").unwrap();
    repo.write("excluded", "excluded");
    std::fs::remove_file(repo.path.join("empty")).unwrap();
    let files = listed(&repo);
    let tracked: Vec<String> = files
        .iter()
        .filter(|(_, (_, tracked))| *tracked)
        .map(|(path, _)| path.clone())
        .collect();
    let lines = |args: &[&str]| -> Vec<String> {
        let output = repo.git(args);
        let mut lines: Vec<String> = output
            .split(|byte| *byte == 0)
            .filter(|line| !line.is_empty())
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        lines.sort();
        lines
    };
    assert_eq!(tracked, lines(&["ls-files", "-z"]));
    let others: Vec<String> = files
        .iter()
        .filter(|(_, (_, tracked))| !*tracked)
        .map(|(path, _)| path.clone())
        .collect();
    assert_eq!(
        others,
        lines(&["ls-files", "-z", "-o", "--exclude-standard"])
    );
    assert_eq!(files["build/tracked"], (FileKind::Regular, true));
    assert_eq!(files["empty"], (FileKind::Missing, true));
    assert_eq!(files["a/link"], (FileKind::Link, true));
}

#[test]
fn links_lead_nowhere() {
    let repo = rich(&[]);
    let outside = repo.at("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret"), "x").unwrap();
    symlink(&outside, repo.path.join("linked-folder")).unwrap();
    // A tracked folder that was replaced by a link, ignored so that the walk does not see it.
    repo.write("was/secret", "x");
    repo.git(&["add", "was"]);
    std::fs::remove_dir_all(repo.path.join("was")).unwrap();
    symlink(&outside, repo.path.join("was")).unwrap();
    std::fs::write(repo.path.join(".git/info/exclude"), "was\n").unwrap();
    let files = listed(&repo);
    assert_eq!(files["linked-folder"], (FileKind::Link, false));
    assert_eq!(files["was/secret"], (FileKind::Missing, true));
    assert!(!files.contains_key("linked-folder/secret"));
}

#[test]
fn other_repositories_are_one_entry() {
    let repo = rich(&[]);
    let inner = repo.path.join("inner");
    std::fs::create_dir(&inner).unwrap();
    repo.git_in(&inner, &["init", "-q"]);
    std::fs::write(inner.join("theirs"), "x").unwrap();
    // Not a repository, whatever its name.
    repo.write("fake/.git/x", "x");
    repo.write("fake/mine", "x");
    let files = listed(&repo);
    assert_eq!(files["inner"], (FileKind::Submodule, false));
    assert!(!files.contains_key("inner/theirs"));
    assert_eq!(files["fake/mine"], (FileKind::Regular, false));
    assert!(!files.keys().any(|path| path.contains(".git/")));
    // The submodule is not checked out: its folder is empty.
    assert_eq!(files["sub"], (FileKind::Submodule, true));
    std::fs::remove_dir(repo.path.join("sub")).unwrap();
    assert_eq!(listed(&repo)["sub"], (FileKind::Missing, true));
}

#[test]
fn pipes_are_special() {
    let repo = rich(&[]);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        repo.path.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    assert_eq!(listed(&repo)["pipe"], (FileKind::Special, false));
}

#[test]
fn paths_that_lead_out_are_problems() {
    let repo = Repo::new(&[]);
    // Git does not make such an index: change the name in it.
    repo.write("xx/a", "x");
    repo.git(&["add", "xx/a"]);
    let path = repo.path.join(".git/index");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|it| it == b"xx/a").unwrap();
    bytes[at..at + 2].copy_from_slice(b"..");
    let end = bytes.len() - 20;
    bytes[end..].fill(0);
    std::fs::write(&path, bytes).unwrap();
    let repository = repo.open();
    let index = repository.index().unwrap();
    let listing = worktree::list(&repository, index.as_ref());
    assert_eq!(listing.problems.len(), 1);
    assert!(
        listing
            .files
            .iter()
            .all(|file| !file.path.starts_with(b".."))
    );
}
