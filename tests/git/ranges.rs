//! Ranges, against `git rev-list` and `git diff-tree`.

use std::collections::BTreeSet;
use std::path::Path;

use secrets::git::{ObjectKind, Scope};

use crate::fixture::{Repo, oid, rich, see};

/// Paths and blobs that the commits of a range have and none of their parents has there.
fn brought(
    repo: &Repo,
    folder: &Path,
    range: &[&str],
) -> (BTreeSet<String>, BTreeSet<(Vec<u8>, String)>) {
    let mut args = vec!["rev-list"];
    args.extend(range);
    let commits: BTreeSet<String> = repo.text(&args).lines().map(str::to_owned).collect();
    let mut all = BTreeSet::new();
    for commit in &commits {
        let output = repo.git_in(
            folder,
            &[
                "diff-tree",
                "-r",
                "-c",
                "-z",
                "--root",
                "--no-renames",
                "--no-commit-id",
                commit,
            ],
        );
        let mut fields = output.split(|byte| *byte == 0);
        while let Some(line) = fields.next() {
            if line.is_empty() {
                continue;
            }
            let words: Vec<&str> = std::str::from_utf8(line).unwrap().split(' ').collect();
            let parents = line.iter().take_while(|byte| **byte == b':').count();
            let mode = words[parents];
            let blob = words[parents * 2 + 1];
            let path = fields.next().unwrap().to_vec();
            if mode != "000000" && mode != "160000" {
                all.insert((path, blob.to_owned()));
            }
        }
    }
    (commits, all)
}

fn same_as_git(repo: &Repo, from: Option<&str>, to: &str) {
    let not = from.map(|from| format!("^{from}"));
    let mut range = vec![to];
    range.extend(not.as_deref());
    let (commits, pairs) = brought(repo, &repo.path, &range);
    let resolve = |name: &str| oid(&repo.text(&["rev-parse", name]));
    let scope = Scope::Range {
        from: from.map(resolve),
        to: resolve(to),
    };
    let seen = see(&repo.open(), scope).unwrap();
    assert_eq!(seen.problems, [""; 0]);
    let found: BTreeSet<_> = seen
        .places
        .iter()
        .map(|place| (place.0.clone(), place.1.clone()))
        .collect();
    assert_eq!(found, pairs, "{range:?}");
    let messages: BTreeSet<String> = seen
        .objects
        .iter()
        .filter(|(_, (kind, _))| *kind == ObjectKind::Commit)
        .map(|(name, _)| name.clone())
        .collect();
    assert_eq!(messages, commits, "{range:?}");
    assert_eq!(seen.count, seen.objects.len());
    assert_eq!(seen.unplaced, BTreeSet::new());
}

#[test]
fn ranges_give_what_their_commits_brought_in() {
    let repo = rich(&[]);
    for packed in [false, true] {
        if packed {
            repo.git(&["repack", "-q", "-adfk"]);
        }
        for (from, to) in [
            (Some("HEAD~1"), "HEAD"),
            (Some("HEAD~6"), "HEAD"),
            (Some("HEAD~30"), "HEAD~10"),
            (Some("side"), "HEAD"),
            (Some("HEAD"), "side"),
            (Some("HEAD"), "HEAD"),
            (Some("HEAD"), "HEAD~3"),
            (Some("v1"), "HEAD"),
            (None, "HEAD"),
            (None, "side"),
        ] {
            same_as_git(&repo, from, to);
        }
    }
}

#[test]
fn long_ranges_are_the_same_as_short_ones() {
    let repo = Repo::new(&[]);
    let mut stream = Vec::new();
    for number in 0..2100 {
        let content = format!("content {}", number / 3);
        stream.extend(
            format!(
                "commit refs/heads/main\nmark :{}\ncommitter C <c@d> {} +0000\ndata 1\nx\n{}M 100644 inline f/{}\ndata {}\n{content}\n",
                number + 1,
                1_600_000_000 + number,
                if number == 0 { String::new() } else { format!("from :{number}\n") },
                number % 50,
                content.len(),
            )
            .into_bytes(),
        );
    }
    repo.feed(&["fast-import", "--quiet"], &stream);
    let name = |what: &str| oid(&repo.text(&["rev-parse", what]));
    let long = Scope::Range {
        from: Some(name("main~2050")),
        to: name("main"),
    };
    let seen = see(&repo.open(), long).unwrap();
    assert_eq!(seen.problems, [""; 0]);
    let commits = seen
        .objects
        .values()
        .filter(|(kind, _)| *kind == ObjectKind::Commit);
    assert_eq!(commits.count(), 2050);
    let whole = see(
        &repo.open(),
        Scope::Range {
            from: None,
            to: name("main"),
        },
    )
    .unwrap();
    assert_eq!(whole.count, 2100 + 700);
    assert!(whole.places.len() > seen.places.len());
    assert!(whole.places.len() >= 2050);
}

#[test]
fn ends_that_are_no_commits_are_refused() {
    let repo = rich(&[]);
    let head = oid(&repo.text(&["rev-parse", "HEAD"]));
    let blob = oid(&repo.text(&["rev-parse", "HEAD:README"]));
    let absent = oid(&"1".repeat(40));
    for bad in [blob, absent] {
        for scope in [
            Scope::Range {
                from: Some(bad),
                to: head,
            },
            Scope::Range {
                from: Some(head),
                to: bad,
            },
            Scope::Range {
                from: None,
                to: bad,
            },
        ] {
            assert!(see(&repo.open(), scope).is_err());
        }
    }
}

#[test]
fn a_range_that_reaches_the_end_of_a_shallow_clone_is_a_problem() {
    let repo = rich(&[]);
    let shallow = repo.at("shallow");
    let url = format!("file://{}", repo.path.display());
    repo.git(&[
        "clone",
        "-q",
        "--depth=3",
        "--no-single-branch",
        &url,
        shallow.to_str().unwrap(),
    ]);
    let repository = secrets::git::Repository::discover(&shallow)
        .unwrap()
        .unwrap();
    let store = repository.store().unwrap();
    let references = repository.references().unwrap();
    let name = |what: &str| references.resolve(what, &store).unwrap();
    let inside = Scope::Range {
        from: Some(name("HEAD~1")),
        to: name("HEAD"),
    };
    let seen = see(&repository, inside).unwrap();
    assert_eq!(seen.problems, [""; 0]);
    let whole = Scope::Range {
        from: None,
        to: name("HEAD"),
    };
    assert!(!see(&repository, whole).unwrap().problems.is_empty());
}
