//! The index and what is staged, against `git ls-files` and `git diff`.

use std::collections::BTreeSet;

use secrets::git::{Repository, staged};

use crate::fixture::{Repo, oid, rich};

type Row = (Vec<u8>, u32, String, u8);

fn rows(output: &[u8]) -> Vec<Row> {
    output
        .split(|byte| *byte == 0)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let tab = line.iter().position(|byte| *byte == b'\t').unwrap();
            let words: Vec<&str> = std::str::from_utf8(&line[..tab])
                .unwrap()
                .split(' ')
                .collect();
            (
                line[tab + 1..].to_vec(),
                u32::from_str_radix(words[0], 8).unwrap(),
                words[1].to_owned(),
                words[2].parse().unwrap(),
            )
        })
        .collect()
}

fn same_as_git(repo: &Repo) {
    let index = repo.open().index().unwrap().unwrap();
    let found: Vec<Row> = index
        .entries
        .iter()
        .map(|entry| {
            (
                entry.path.clone(),
                entry.mode,
                entry.oid.to_string(),
                entry.stage,
            )
        })
        .collect();
    assert_eq!(found, rows(&repo.git(&["ls-files", "-s", "-z"])));
    staged_as_git(repo);
}

/// Paths and blobs that are staged.
fn staged_as_git(repo: &Repo) {
    let repository = repo.open();
    let store = repository.store().unwrap();
    let index = repository.index().unwrap().unwrap();
    let found: BTreeSet<(Vec<u8>, String)> = staged::changes(&repository, &store, &index)
        .unwrap()
        .into_iter()
        .map(|change| (change.path, change.oid.to_string()))
        .collect();
    let args = [
        "diff",
        "--cached",
        "--raw",
        "-z",
        "--no-renames",
        "--abbrev=64",
        "--ita-invisible-in-index",
    ];
    let output = repo.git(&args);
    let mut fields = output.split(|byte| *byte == 0);
    let mut expected = BTreeSet::new();
    while let Some(line) = fields.next() {
        if line.is_empty() {
            continue;
        }
        let words: Vec<&str> = std::str::from_utf8(line).unwrap().split(' ').collect();
        let path = fields.next().unwrap().to_vec();
        // A change of the mode alone brings nothing in; conflicts have no blob here.
        if words[1] != "000000" && words[2] != words[3] {
            expected.insert((path, words[3].to_owned()));
        }
    }
    for row in rows(&repo.git(&["ls-files", "-u", "-z"])) {
        let head = repo.git(&[
            "ls-tree",
            "-z",
            "HEAD",
            std::str::from_utf8(&row.0).unwrap(),
        ]);
        if !String::from_utf8_lossy(&head).contains(&row.2) {
            expected.insert((row.0, row.2));
        }
    }
    assert_eq!(found, expected);
}

fn changed(options: &[&str]) -> Repo {
    let repo = rich(options);
    repo.write("a/b/new.txt", "new\n");
    repo.write("README", "changed\n");
    repo.write("other/x", "x");
    repo.git(&["add", "-A"]);
    repo.git(&["rm", "-q", "--cached", "many/3/file.txt"]);
    repo.write("a/b/new.txt", "changed again, not staged\n");
    repo
}

#[test]
fn indexes_of_all_versions_are_read() {
    for options in [&[][..], &["--object-format=sha256"]] {
        let repo = changed(options);
        for version in ["2", "4", "3"] {
            repo.git(&["update-index", "--index-version", version]);
            if version == "3" {
                repo.write("intended", "x");
                repo.git(&["add", "-N", "intended"]);
            }
            same_as_git(&repo);
        }
    }
}

#[test]
fn split_indexes_are_put_together() {
    let repo = rich(&[]);
    repo.git(&["config", "splitIndex.maxPercentChange", "100"]);
    for version in ["2", "4"] {
        repo.git(&["update-index", "--index-version", version]);
        repo.git(&["update-index", "--split-index"]);
        same_as_git(&repo);
        repo.write(format!("added-{version}"), "x");
        repo.write("README", format!("changed {version}\n"));
        repo.write("zzz", format!("last {version}"));
        repo.git(&["add", "-A"]);
        repo.git(&[
            "rm",
            "-q",
            "-f",
            "--cached",
            &format!("many/{version}/file.txt"),
        ]);
        let link = std::fs::read(repo.path.join(".git/index")).unwrap();
        assert!(link.windows(4).any(|bytes| bytes == b"link"));
        same_as_git(&repo);
        repo.git(&["update-index", "--no-split-index"]);
    }
}

#[test]
fn a_split_index_without_its_shared_index_is_refused() {
    let repo = rich(&[]);
    repo.git(&["update-index", "--split-index"]);
    for entry in std::fs::read_dir(repo.path.join(".git")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("sharedindex")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert!(repo.open().index().is_err());
}

#[test]
fn sparse_indexes_are_expanded() {
    let repo = rich(&[]);
    repo.git(&["rm", "-q", "--cached", "sub"]);
    repo.git(&["commit", "-q", "-m", "no submodule"]);
    repo.git(&[
        "sparse-checkout",
        "set",
        "--cone",
        "--sparse-index",
        "many/2",
    ]);
    let bytes = std::fs::read(repo.path.join(".git/index")).unwrap();
    assert!(bytes.windows(4).any(|bytes| bytes == b"sdir"));
    let index = repo.open().index().unwrap().unwrap();
    assert!(index.entries.iter().any(|entry| entry.skip_worktree));
    same_as_git(&repo);
}

#[test]
fn conflicts_have_all_their_stages() {
    let repo = rich(&[]);
    repo.write("README", "ours\n");
    repo.commit("ours");
    repo.git(&["checkout", "-q", "-b", "theirs", "HEAD~1"]);
    repo.write("README", "theirs\n");
    repo.commit("theirs");
    let merge = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        repo.git(&["merge", "-q", "main"]);
    }));
    assert!(merge.is_err());
    let index = repo.open().index().unwrap().unwrap();
    let stages: Vec<u8> = index
        .entries
        .iter()
        .filter(|entry| entry.path == b"README")
        .map(|entry| entry.stage)
        .collect();
    assert_eq!(stages, [1, 2, 3]);
    same_as_git(&repo);
}

#[test]
fn flags_are_read() {
    let repo = rich(&[]);
    repo.git(&["update-index", "--assume-unchanged", "README"]);
    repo.git(&["update-index", "--skip-worktree", "empty"]);
    repo.write("intended", "x");
    repo.git(&["add", "-N", "intended"]);
    let index = repo.open().index().unwrap().unwrap();
    for entry in &index.entries {
        let path = entry.path.as_slice();
        assert_eq!(entry.assume_valid, path == b"README");
        assert_eq!(entry.skip_worktree, path == b"empty");
        assert_eq!(entry.intent_to_add, path == b"intended");
    }
}

#[test]
fn without_a_checksum_or_a_head_everything_is_staged() {
    let repo = Repo::new(&[]);
    repo.git(&["config", "index.skipHash", "true"]);
    repo.write("a/b", "x");
    repo.write("c", "y");
    repo.git(&["add", "-A"]);
    // Older Git does not know the setting: leave the checksum out by hand.
    let path = repo.path.join(".git/index");
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len() - 20;
    bytes[end..].fill(0);
    std::fs::write(&path, bytes).unwrap();
    let repository = repo.open();
    let index = repository.index().unwrap().unwrap();
    let store = repository.store().unwrap();
    let changes = staged::changes(&repository, &store, &index).unwrap();
    assert_eq!(changes.len(), 2);
    assert!(changes.iter().all(|change| change.head.is_none()));
    let none = Repo::new(&[]);
    assert!(none.open().index().unwrap().is_none());
}

#[test]
fn what_head_has_is_told() {
    let repo = changed(&[]);
    let repository = repo.open();
    let store = repository.store().unwrap();
    let index = repository.index().unwrap().unwrap();
    let changes = staged::changes(&repository, &store, &index).unwrap();
    let change = |path: &[u8]| changes.iter().find(|it| it.path == path).unwrap();
    let before = oid(&repo.text(&["rev-parse", "HEAD:README"]));
    assert_eq!(change(b"README").head, Some(before));
    assert_eq!(change(b"a/b/new.txt").head, None);
}

#[test]
fn linked_worktrees_have_their_own_index() {
    let repo = rich(&[]);
    let linked = repo.at("linked");
    repo.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    std::fs::write(linked.join("theirs"), "x").unwrap();
    repo.git_in(&linked, &["add", "-A"]);
    let repository = Repository::discover(&linked).unwrap().unwrap();
    let index = repository.index().unwrap().unwrap();
    assert!(index.entries.iter().any(|entry| entry.path == b"theirs"));
    let store = repository.store().unwrap();
    let changes = staged::changes(&repository, &store, &index).unwrap();
    assert_eq!(changes.len(), 1);
}
