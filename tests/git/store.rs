//! Single objects, against `git cat-file`.

use std::path::Path;

use secrets::git::Repository;

use crate::fixture::{LIMIT, Repo, all_objects, oid, rich, versions};

fn same_as_git(repo: &Repo, folder: &Path) {
    let repository = Repository::discover(folder).unwrap().unwrap();
    let store = repository.store().unwrap();
    assert_eq!(store.problems(), [""; 0]);
    let all = all_objects(repo, folder);
    assert!(all.len() > 100);
    for (name, (kind, data)) in &all {
        let object = store.read(&oid(name), LIMIT).unwrap().unwrap();
        assert_eq!((object.kind, &object.data), (*kind, data), "{name}");
        assert!(store.contains(&oid(name)));
    }
    let absent = oid(&"1".repeat(repository.hash().len() * 2));
    assert!(store.read(&absent, LIMIT).unwrap().is_none());
    assert!(!store.contains(&absent));
}

#[test]
fn loose_objects_are_read() {
    let repo = rich(&[]);
    same_as_git(&repo, &repo.path);
}

#[test]
fn packs_with_deltas_by_offset_are_read() {
    let repo = rich(&[]);
    repo.git(&["repack", "-q", "-adf", "--depth=40", "--window=40", "-k"]);
    same_as_git(&repo, &repo.path);
}

#[test]
fn packs_with_deltas_by_name_are_read() {
    let repo = rich(&[]);
    repo.git(&["config", "repack.useDeltaBaseOffset", "false"]);
    repo.git(&["repack", "-q", "-adf", "--depth=40", "--window=40"]);
    same_as_git(&repo, &repo.path);
}

#[test]
fn pack_indexes_of_version_1_are_read() {
    let repo = rich(&[]);
    repo.git(&["config", "pack.indexVersion", "1"]);
    repo.git(&["repack", "-q", "-adf"]);
    same_as_git(&repo, &repo.path);
}

#[test]
fn repositories_of_sha256_are_read() {
    let repo = rich(&["--object-format=sha256"]);
    same_as_git(&repo, &repo.path);
    repo.git(&["repack", "-q", "-adf"]);
    same_as_git(&repo, &repo.path);
}

#[test]
fn alternates_are_followed_and_may_loop() {
    let repo = rich(&[]);
    repo.git(&["repack", "-q", "-adf"]);
    let shared = repo.at("shared");
    let other = repo.at("other");
    repo.git(&["clone", "-q", "--shared", ".", shared.to_str().unwrap()]);
    repo.git_in(
        &shared,
        &["clone", "-q", "--shared", ".", other.to_str().unwrap()],
    );
    // A loop, and a relative path.
    std::fs::write(
        repo.path.join(".git/objects/info/alternates"),
        "../../../other/.git/objects\n",
    )
    .unwrap();
    same_as_git(&repo, &other);
}

#[test]
fn a_missing_alternate_is_a_problem() {
    let repo = rich(&[]);
    std::fs::write(
        repo.path.join(".git/objects/info/alternates"),
        "# words\n/nowhere/objects\n",
    )
    .unwrap();
    let store = repo.open().store().unwrap();
    assert_eq!(store.problems().len(), 1);
    assert!(store.problems()[0].contains("/nowhere/objects"));
}

#[test]
fn abbreviations_are_found_in_packs_and_among_loose_objects() {
    let repo = Repo::new(&[]);
    for text in versions(40) {
        repo.write("a", text);
        repo.commit("a");
    }
    repo.git(&["repack", "-q", "-ad"]);
    repo.write("b", "loose\n");
    repo.commit("b");
    let store = repo.open().store().unwrap();
    for name in all_objects(&repo, &repo.path).keys() {
        assert_eq!(store.abbreviated(&name[..12]), [oid(name)]);
        assert!(store.abbreviated(&name[..3]).is_empty());
    }
}

#[test]
fn objects_larger_than_the_limit_are_refused() {
    let repo = Repo::new(&[]);
    repo.write("a", vec![b'x'; 5000]);
    repo.commit("a");
    let name = repo.text(&["rev-parse", "HEAD:a"]);
    for packed in [false, true] {
        if packed {
            repo.git(&["repack", "-q", "-ad"]);
        }
        let store = repo.open().store().unwrap();
        assert!(store.read(&oid(&name), 5000).unwrap().is_some());
        let error = store.read(&oid(&name), 4999).unwrap_err();
        assert!(error.to_string().contains("larger"), "{error}");
    }
}

#[test]
fn packs_and_indexes_without_each_other_are_problems() {
    let repo = rich(&[]);
    repo.git(&["repack", "-q", "-ad"]);
    let folder = repo.path.join(".git/objects/pack");
    let find = |extension: &str| {
        std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|it| it == extension))
            .unwrap()
    };
    for extension in ["idx", "pack"] {
        let path = find(extension);
        let aside = repo.at("aside");
        std::fs::rename(&path, &aside).unwrap();
        let store = repo.open().store().unwrap();
        assert_eq!(store.problems().len(), 1, "{extension}");
        std::fs::rename(&aside, &path).unwrap();
    }
    // Another pack under the name of this one.
    let pack = find("pack");
    let other = rich(&[]);
    other.write("one", "more");
    other.commit("more");
    other.git(&["repack", "-q", "-ad"]);
    let theirs = std::fs::read_dir(other.path.join(".git/objects/pack"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|it| it == "pack"))
        .unwrap();
    std::fs::remove_file(&pack).unwrap();
    std::fs::copy(theirs, &pack).unwrap();
    assert_eq!(repo.open().store().unwrap().problems().len(), 1);
}
