//! References, against `git for-each-ref` and `git rev-parse`.

use std::collections::BTreeSet;

use crate::fixture::{Repo, oid, rich};

#[test]
fn all_references_are_found_loose_and_packed() {
    let repo = rich(&[]);
    for packed in [false, true] {
        if packed {
            repo.git(&["pack-refs", "--all"]);
            repo.git(&["branch", "loose-again", "HEAD~1"]);
            repo.git(&["branch", "-f", "side", "HEAD~2"]);
        }
        let references = repo.open().references().unwrap();
        assert_eq!(references.problems(), [""; 0]);
        let expected: BTreeSet<(String, String)> = repo
            .text(&["for-each-ref", "--format=%(objectname) %(refname)"])
            .lines()
            .map(|line| line.split_once(' ').unwrap())
            .map(|(oid, name)| (name.to_owned(), oid.to_owned()))
            .collect();
        let found: BTreeSet<(String, String)> = references
            .all()
            .iter()
            .filter(|reference| reference.name.starts_with(b"refs/"))
            .map(|reference| {
                (
                    String::from_utf8(reference.name.clone()).unwrap(),
                    reference.oid.to_string(),
                )
            })
            .collect();
        assert_eq!(found, expected);
        assert_eq!(
            references.get(b"HEAD"),
            Some(oid(&repo.text(&["rev-parse", "HEAD"])))
        );
    }
}

#[test]
fn heads_are_on_a_branch_detached_or_unborn() {
    let repo = rich(&[]);
    let commit = repo.text(&["rev-parse", "HEAD"]);
    for packed in [false, true] {
        if packed {
            repo.git(&["pack-refs", "--all"]);
        }
        let repository = repo.open();
        let head = repository.head().unwrap();
        assert_eq!(head.branch.as_deref(), Some("main"));
        assert_eq!(head.commit, Some(oid(&commit)));
        assert_eq!(repository.references().unwrap().head(), &head);
    }
    repo.git(&["checkout", "-q", "--detach"]);
    let head = repo.open().head().unwrap();
    assert_eq!((head.branch, head.commit), (None, Some(oid(&commit))));
    let empty = Repo::new(&[]);
    let repository = empty.open();
    let head = repository.head().unwrap();
    assert_eq!((head.branch.as_deref(), head.commit), (Some("main"), None));
    assert!(repository.references().is_err() || repository.references().unwrap().all().is_empty());
}

#[test]
fn names_are_resolved_as_git_resolves_them() {
    let repo = rich(&[]);
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD~7"]);
    repo.git(&[
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/main",
    ]);
    let repository = repo.open();
    let store = repository.store().unwrap();
    let references = repository.references().unwrap();
    let short = repo.text(&["rev-parse", "--short=10", "HEAD~4"]);
    let names = [
        "HEAD",
        "@",
        "main",
        "heads/main",
        "refs/heads/main",
        "side",
        "v1",
        "v1-again",
        "light",
        "origin",
        "origin/main",
        "HEAD~3",
        "HEAD~",
        "HEAD^",
        "HEAD^^",
        "HEAD~1^2",
        "HEAD~1^2~2",
        "v1~1",
        "v1^{commit}",
        "v1-again^{}",
        "stash",
        "notes/commits",
        &short,
        "main^0",
    ];
    for name in names {
        let expected = repo.text(&["rev-parse", name]);
        assert_eq!(
            references.resolve(name, &store),
            Some(oid(&expected)),
            "{name}"
        );
    }
    for name in [
        "nothing",
        "HEAD~999",
        "HEAD^3",
        "",
        "v1^{tree}",
        "HEAD^{",
        "dead",
        "~",
    ] {
        assert_eq!(references.resolve(name, &store), None, "{name}");
    }
}

#[test]
fn other_worktrees_pseudo_references_and_logs_count() {
    let repo = rich(&[]);
    let linked = repo.at("linked");
    repo.git(&[
        "worktree",
        "add",
        "-q",
        "--detach",
        linked.to_str().unwrap(),
        "HEAD~6",
    ]);
    repo.git(&["update-ref", "ORIG_HEAD", "HEAD~2"]);
    repo.git(&["fetch", "-q", ".", "side", "v1"]);
    let references = repo.open().references().unwrap();
    let theirs = oid(&repo.text(&["rev-parse", "HEAD~6"]));
    assert_eq!(references.get(b"worktrees/linked/HEAD"), Some(theirs));
    assert_eq!(
        references.get(b"ORIG_HEAD"),
        Some(oid(&repo.text(&["rev-parse", "HEAD~2"])))
    );
    let fetched: BTreeSet<_> = references
        .all()
        .iter()
        .filter(|reference| reference.name.starts_with(b"FETCH_HEAD"))
        .map(|reference| reference.oid)
        .collect();
    assert_eq!(
        fetched,
        BTreeSet::from(["side", "v1"].map(|name| oid(&repo.text(&["rev-parse", name]))))
    );
    // From the linked one, the main one is another worktree.
    let repository = secrets::git::Repository::discover(&linked)
        .unwrap()
        .unwrap();
    let references = repository.references().unwrap();
    assert_eq!(references.get(b"HEAD"), Some(theirs));
    assert_eq!(
        references.get(b"main-worktree/HEAD"),
        Some(oid(&repo.text(&["rev-parse", "HEAD"])))
    );
    repo.write("logged", "logged");
    let gone = repo.commit("logged");
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let references = repo.open().references().unwrap();
    assert!(references.logged().contains(&oid(&gone)));
    assert_eq!(references.stashed().len(), 2);
}

#[test]
fn loops_and_broken_references_are_problems() {
    let repo = rich(&[]);
    let refs = repo.path.join(".git/refs/heads");
    for (name, text) in [
        ("loop-a", "ref: refs/heads/loop-b\n"),
        ("loop-b", "ref: refs/heads/loop-a\n"),
        ("broken", "words\n"),
        ("empty", ""),
        ("short", "0123\n"),
    ] {
        std::fs::write(refs.join(name), text).unwrap();
    }
    let references = repo.open().references().unwrap();
    assert_eq!(
        references.problems().len(),
        5,
        "{:?}",
        references.problems()
    );
    for head in [
        "ref: refs/heads/loop-a",
        "ref: ../../x",
        "ref: refs/../HEAD",
        "words",
        "",
    ] {
        std::fs::write(repo.path.join(".git/HEAD"), head).unwrap();
        assert!(repo.open().head().is_err(), "{head}");
    }
}
