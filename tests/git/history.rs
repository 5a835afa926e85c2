//! Whole histories, against `git cat-file` and `git ls-tree`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Mutex;

use secrets::git::{History, ObjectKind, Repository, Scope};

use crate::fixture::{LIMIT, Repo, all_objects, given, oid, rich, see, versions};

type Tree = HashSet<(Vec<u8>, String)>;

/// Paths and blobs of a commit.
fn blobs(repo: &Repo, folder: &Path, commit: &str) -> Tree {
    let output = repo.git_in(folder, &["ls-tree", "-r", "-z", "--full-tree", commit]);
    output
        .split(|byte| *byte == 0)
        .filter(|line| !line.is_empty())
        .filter_map(|line| {
            let tab = line.iter().position(|byte| *byte == b'\t')?;
            let words = std::str::from_utf8(&line[..tab]).unwrap();
            let mut words = words.split(' ').skip(1);
            (words.next() == Some("blob"))
                .then(|| (line[tab + 1..].to_vec(), words.next().unwrap().to_owned()))
        })
        .collect()
}

fn commits(repo: &Repo, folder: &Path, what: &[&str]) -> BTreeMap<String, Vec<String>> {
    let mut args = vec!["rev-list", "--parents"];
    args.extend(what);
    String::from_utf8(repo.git_in(folder, &args))
        .unwrap()
        .lines()
        .map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            (words.next().unwrap(), words.collect())
        })
        .collect()
}

/// Everything is given once, as it is, and each blob has its paths with a commit that has it first.
fn same_as_git(repo: &Repo, folder: &Path) {
    let repository = Repository::discover(folder).unwrap().unwrap();
    let seen = see(&repository, Scope::Everything).unwrap();
    assert_eq!(seen.problems, [""; 0]);
    let all = all_objects(repo, folder);
    assert_eq!(seen.count, all.len());
    let expected: BTreeMap<_, _> = all
        .into_iter()
        .filter(|(_, (kind, _))| *kind != ObjectKind::Tree)
        .map(|(name, (kind, data))| (name, (kind, given(kind, &data))))
        .collect();
    assert!(seen.objects == expected, "other objects");
    // Who asks for nothing while it is read gets all of it later.
    let history = History::load(&repository, &repository.store().unwrap(), Scope::Everything);
    let later = Mutex::new(BTreeMap::new());
    history.unwrap().visit(LIMIT, &|_, _| true, &|item| {
        let object = (item.kind, item.data.to_vec());
        later.lock().unwrap().insert(item.oid.to_string(), object);
    });
    assert!(later.into_inner().unwrap() == expected, "other objects");

    let reachable = commits(repo, folder, &["--all", "HEAD"]);
    let trees: BTreeMap<&String, Tree> = reachable
        .keys()
        .map(|commit| (commit, blobs(repo, folder, commit)))
        .collect();
    let pairs: BTreeSet<_> = trees.values().flatten().cloned().collect();
    let found: BTreeSet<_> = seen
        .places
        .iter()
        .filter(|place| place.4)
        .map(|place| (place.0.clone(), place.1.clone()))
        .collect();
    // By age: each after its parents, and those that references lead to first.
    let ages: BTreeMap<&String, usize> = seen.commits.iter().map(|it| &it.0).zip(0..).collect();
    for (commit, parents) in &reachable {
        let later = parents.iter().find(|parent| ages[parent] > ages[commit]);
        assert_eq!(later, None, "{commit}");
    }
    assert!(seen.commits.is_sorted_by_key(|it| !it.1));
    // Stashes below the last one are in a reflog only; they count as reachable.
    let stashed = commits(repo, folder, &["--reflog", "HEAD"]);
    for pair in found.difference(&pairs) {
        assert!(
            stashed
                .keys()
                .any(|commit| blobs(repo, folder, commit).contains(pair)),
            "{pair:?}"
        );
    }
    assert_eq!(pairs.difference(&found).next(), None);
    let places: BTreeSet<_> = seen.places.iter().map(|it| (&it.0, &it.1)).collect();
    assert_eq!(places.len(), seen.places.len(), "a path is given twice");
    for (path, blob, commit, _, _) in seen.places.iter().filter(|place| place.4) {
        let pair = (path.clone(), blob.clone());
        let Some(parents) = reachable.get(commit) else {
            continue;
        };
        assert!(trees[commit].contains(&pair));
        // Not in any ancestor.
        let mut stack: Vec<&String> = parents.iter().collect();
        let mut looked = HashSet::new();
        while let Some(commit) = stack.pop() {
            if looked.insert(commit) {
                assert!(!trees[commit].contains(&pair), "{pair:?} is older");
                stack.extend(&reachable[commit]);
            }
        }
    }
}

#[test]
fn loose_histories_are_read() {
    let repo = rich(&[]);
    same_as_git(&repo, &repo.path);
}

#[test]
fn packed_histories_are_read() {
    let repo = rich(&[]);
    repo.git(&["repack", "-q", "-adfk", "--depth=40", "--window=40"]);
    same_as_git(&repo, &repo.path);
    repo.git(&["pack-refs", "--all"]);
    same_as_git(&repo, &repo.path);
}

#[test]
fn histories_with_deltas_by_name_are_read() {
    let repo = rich(&[]);
    repo.git(&["config", "repack.useDeltaBaseOffset", "false"]);
    repo.git(&["repack", "-q", "-adfk", "--depth=40", "--window=40"]);
    same_as_git(&repo, &repo.path);
}

#[test]
fn histories_with_old_pack_indexes_are_read() {
    let repo = rich(&[]);
    repo.git(&["config", "pack.indexVersion", "1"]);
    repo.git(&["repack", "-q", "-adfk"]);
    same_as_git(&repo, &repo.path);
}

#[test]
fn histories_of_sha256_are_read() {
    let repo = rich(&["--object-format=sha256"]);
    repo.git(&["repack", "-q", "-adfk"]);
    repo.write("more", "loose");
    repo.commit("more");
    same_as_git(&repo, &repo.path);
}

#[test]
fn objects_that_are_there_several_times_are_given_once() {
    let repo = rich(&[]);
    // Loose, in one pack, and in another one.
    repo.git(&["repack", "-q", "-a"]);
    let pack = std::fs::read_dir(repo.path.join(".git/objects/pack"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|it| it == "pack"))
        .unwrap();
    std::fs::write(pack.with_extension("keep"), "").unwrap();
    for text in versions(5) {
        repo.write("later", text);
        repo.commit("later");
    }
    repo.git(&["config", "repack.packKeptObjects", "true"]);
    repo.git(&["repack", "-q", "-af"]);
    let packs = std::fs::read_dir(repo.path.join(".git/objects/pack")).unwrap();
    assert!(packs.count() > 4);
    same_as_git(&repo, &repo.path);
}

#[test]
fn alternates_linked_worktrees_and_bare_clones_are_read() {
    let repo = rich(&[]);
    repo.git(&["repack", "-q", "-adfk"]);
    let shared = repo.at("shared");
    repo.git(&["clone", "-q", "--shared", ".", shared.to_str().unwrap()]);
    std::fs::write(shared.join("mine"), "mine").unwrap();
    repo.git_in(&shared, &["add", "-A"]);
    repo.git_in(&shared, &["commit", "-q", "-m", "mine"]);
    same_as_git(&repo, &shared);
    let linked = repo.at("linked");
    repo.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "HEAD~2"]);
    std::fs::write(linked.join("theirs"), "theirs").unwrap();
    repo.git_in(&linked, &["add", "-A"]);
    repo.git_in(&linked, &["commit", "-q", "-m", "theirs"]);
    same_as_git(&repo, &linked);
    same_as_git(&repo, &repo.path);
    let bare = repo.at("bare.git");
    repo.git(&["clone", "-q", "--mirror", ".", bare.to_str().unwrap()]);
    same_as_git(&repo, &bare);
}

#[test]
fn unreachable_commits_give_places_that_are_not_reachable() {
    let repo = rich(&[]);
    let seen = see(&repo.open(), Scope::Everything).unwrap();
    let place = seen
        .places
        .iter()
        .find(|place| place.0 == b"force-pushed")
        .unwrap();
    assert!(!place.4);
    let reachable = seen.places.iter().find(|place| place.0 == b"README");
    assert!(reachable.unwrap().4);
    // Both stashes are kept by references.
    let dangling = repo.feed(&["hash-object", "--stdin"], b"dangling\n");
    let dangling = String::from_utf8(dangling).unwrap();
    assert_eq!(
        seen.unplaced,
        BTreeSet::from([dangling.trim_end().to_owned()])
    );
    for text in ["stashed once\n", "stashed twice\n"] {
        let blob = repo.feed(&["hash-object", "--stdin"], text.as_bytes());
        let blob = String::from_utf8(blob).unwrap();
        let place = seen.places.iter().find(|place| place.1 == blob.trim_end());
        assert!(place.unwrap().4, "{text}");
    }
}

#[test]
fn links_are_told_from_files() {
    let repo = rich(&[]);
    let seen = see(&repo.open(), Scope::Everything).unwrap();
    let links: Vec<_> = seen.places.iter().filter(|place| place.3).collect();
    assert_eq!(links.len(), 1);
    assert_eq!(links[0].0, b"a/link");
}

#[test]
fn a_missing_object_is_a_problem() {
    for (what, name) in [
        ("blob", "HEAD:README"),
        ("tree", "HEAD:a"),
        ("commit", "HEAD~3"),
    ] {
        let repo = rich(&[]);
        let name = repo.text(&["rev-parse", name]);
        let path = repo
            .path
            .join(".git/objects")
            .join(&name[..2])
            .join(&name[2..]);
        std::fs::remove_file(path).unwrap();
        let seen = see(&repo.open(), Scope::Everything).unwrap();
        assert_eq!(
            seen.problems,
            [format!("the object {name} is missing")],
            "{what}"
        );
    }
}

#[test]
fn a_shallow_clone_is_known_and_no_problem_of_the_store() {
    let repo = rich(&[]);
    let shallow = repo.at("shallow");
    let url = format!("file://{}", repo.path.display());
    repo.git(&["clone", "-q", "--depth=3", &url, shallow.to_str().unwrap()]);
    let repository = Repository::discover(&shallow).unwrap().unwrap();
    assert!(repository.is_shallow());
    assert!(!repository.is_partial());
    assert!(!repo.open().is_shallow());
    let seen = see(&repository, Scope::Everything).unwrap();
    assert_eq!(seen.problems, [""; 0]);
}

#[test]
fn a_partial_clone_is_known_and_its_missing_blobs_are_problems() {
    let repo = rich(&[]);
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let partial = repo.at("partial");
    let url = format!("file://{}", repo.path.display());
    repo.git(&[
        "clone",
        "-q",
        "--filter=blob:none",
        "--no-checkout",
        &url,
        partial.to_str().unwrap(),
    ]);
    let repository = Repository::discover(&partial).unwrap().unwrap();
    assert!(repository.is_partial());
    assert!(!repo.open().is_partial());
    let seen = see(&repository, Scope::Everything).unwrap();
    assert!(seen.problems.len() > 10);
    assert!(seen.problems.iter().all(|it| it.ends_with("is missing")));
}

#[test]
fn objects_over_the_limit_are_problems_unless_they_are_not_wanted() {
    let repo = Repo::new(&[]);
    repo.write("big", vec![b'x'; 100_000]);
    repo.write("small", "small");
    repo.commit("big");
    let name = oid(&repo.text(&["rev-parse", "HEAD:big"]));
    for packed in [false, true] {
        if packed {
            repo.git(&["repack", "-q", "-ad"]);
        }
        let repository = repo.open();
        let store = repository.store().unwrap();
        let history = secrets::git::History::load(&repository, &store, Scope::Everything).unwrap();
        let problems = history.visit(50_000, &|_, _| true, &|item| assert_ne!(item.oid, name));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(&name.to_string()));
        let problems = history.visit(50_000, &|_, size| size < 50_000, &|_| {});
        assert_eq!(problems, [""; 0]);
    }
}
