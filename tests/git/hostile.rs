//! Broken and hostile repositories: never a panic, never silently less.

use std::path::{Path, PathBuf};

use secrets::git::{Repository, Scope, staged};

use crate::fixture::{LIMIT, Repo, Seen, given, oid, rich, see, versions};

/// A small repository with everything in a pack.
fn packed() -> Repo {
    let repo = Repo::new(&[]);
    for text in versions(4) {
        repo.write("a/b", &text[..600]);
        repo.write("c", &text[600..900]);
        repo.commit("words");
    }
    repo.git(&["tag", "-a", "v1", "-m", "tag"]);
    repo.git(&["repack", "-q", "-adf"]);
    repo.git(&["pack-refs", "--all"]);
    repo
}

fn file_of(repo: &Repo, extension: &str) -> PathBuf {
    std::fs::read_dir(repo.path.join(".git/objects/pack"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|it| it == extension))
        .unwrap()
}

fn replace(path: &Path, bytes: &[u8]) {
    let _ = std::fs::remove_file(path);
    std::fs::write(path, bytes).unwrap();
}

/// Either everything is there as it was, or something is said.
fn nothing_is_silent(repo: &Repo, before: &Seen, what: &str) {
    let repository = Repository::discover(&repo.path).unwrap().unwrap();
    let Ok(seen) = see(&repository, Scope::Everything) else {
        return;
    };
    if seen.problems.is_empty() {
        assert!(seen.objects == before.objects, "{what}: other objects");
        assert!(seen.places == before.places, "{what}: other places");
    }
    let store = repository.store().unwrap();
    for (name, (kind, data)) in &before.objects {
        // The index of a pack may have lost the name.
        if let Ok(Some(object)) = store.read(&oid(name), LIMIT) {
            assert!(given(*kind, &object.data) == *data, "{what}: {name}");
        }
    }
}

fn broken_everywhere(repo: &Repo, path: &Path, step: usize) {
    let before = see(&repo.open(), Scope::Everything).unwrap();
    assert_eq!(before.problems, [""; 0]);
    let bytes = std::fs::read(path).unwrap();
    let mut at = 0;
    while at < bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut other = bytes.clone();
            other[at] ^= flip;
            replace(path, &other);
            nothing_is_silent(repo, &before, &format!("byte {at} ^ {flip:#x}"));
        }
        replace(path, &bytes[..at]);
        nothing_is_silent(repo, &before, &format!("cut at {at}"));
        at += step;
    }
    let mut longer = bytes.clone();
    longer.extend([0; 20]);
    replace(path, &longer);
    nothing_is_silent(repo, &before, "longer");
    replace(path, &bytes);
    assert_eq!(
        see(&repo.open(), Scope::Everything).unwrap().problems,
        [""; 0]
    );
}

#[test]
fn broken_packs_are_never_silent() {
    let repo = packed();
    broken_everywhere(&repo, &file_of(&repo, "pack"), 11);
}

#[test]
fn broken_packs_of_old_indexes_are_never_silent() {
    let repo = packed();
    repo.git(&["config", "pack.indexVersion", "1"]);
    repo.git(&["config", "repack.useDeltaBaseOffset", "false"]);
    repo.git(&["repack", "-q", "-adf"]);
    broken_everywhere(&repo, &file_of(&repo, "pack"), 11);
}

#[test]
fn broken_pack_indexes_are_never_silent() {
    let repo = packed();
    broken_everywhere(&repo, &file_of(&repo, "idx"), 13);
}

#[test]
fn broken_loose_objects_are_never_silent() {
    let repo = packed();
    repo.write(
        "loose",
        "loose words that are long enough to be compressed, loose words\n",
    );
    repo.commit("loose");
    for name in ["HEAD", "HEAD^{tree}", "HEAD:loose"] {
        let name = repo.text(&["rev-parse", name]);
        let path = repo
            .path
            .join(".git/objects")
            .join(&name[..2])
            .join(&name[2..]);
        broken_everywhere(&repo, &path, 3);
    }
}

#[test]
fn broken_indexes_are_errors() {
    let repo = rich(&[]);
    repo.write("new", "new");
    repo.git(&["add", "-A"]);
    for (version, split) in [("2", false), ("4", false), ("2", true)] {
        repo.git(&["update-index", "--index-version", version]);
        if split {
            repo.git(&["update-index", "--split-index"]);
            repo.write("README", "changed");
            repo.git(&["add", "-A"]);
        }
        let path = repo.path.join(".git/index");
        let bytes = std::fs::read(&path).unwrap();
        let repository = repo.open();
        let before = repository.index().unwrap().unwrap();
        let end = bytes.len() - 20;
        for at in (0..bytes.len()).step_by(7) {
            let mut other = bytes.clone();
            other[at] ^= 0x41;
            replace(&path, &other);
            assert!(repository.index().is_err(), "byte {at}");
            replace(&path, &bytes[..at]);
            assert!(repository.index().is_err(), "cut at {at}");
            // Without a checksum anything may be in it, but nothing may panic.
            other[end..].fill(0);
            replace(&path, &other);
            if let Ok(Some(index)) = repository.index() {
                let store = repository.store().unwrap();
                let _ = staged::changes(&repository, &store, &index);
                let _ = secrets::git::worktree::list(&repository, Some(&index));
            }
        }
        replace(&path, &bytes);
        assert_eq!(repository.index().unwrap().unwrap().entries, before.entries);
    }
}

#[test]
fn an_object_under_the_name_of_another_one_is_told() {
    let repo = packed();
    repo.write("x", "one");
    repo.commit("x");
    let path = |name: &str| {
        let name = repo.text(&["rev-parse", name]);
        repo.path
            .join(".git/objects")
            .join(&name[..2])
            .join(&name[2..])
    };
    let blob = oid(&repo.text(&["rev-parse", "HEAD:x"]));
    let other = std::fs::read(path("HEAD")).unwrap();
    replace(&path("HEAD:x"), &other);
    let store = repo.open().store().unwrap();
    assert!(store.read(&blob, LIMIT).is_err());
    let seen = see(&repo.open(), Scope::Everything).unwrap();
    assert!(!seen.problems.is_empty());
}

/// A zlib stream of zero bytes.
fn zeros(prefix: &[u8], count: usize) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, prefix).unwrap();
    std::io::Write::write_all(&mut encoder, &vec![0; count]).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn bombs_do_not_go_off() {
    let repo = packed();
    // More than it says, less than it says, and more than anybody wants.
    for (number, (said, count)) in [
        (5_usize, 4 << 20),
        (usize::MAX >> 1, 1000),
        (100 << 20, 1 << 20),
        (0, 1),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("{number:040x}");
        let folder = repo.path.join(".git/objects").join(&name[..2]);
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(&name[2..]);
        let bomb = zeros(format!("blob {said}\0").as_bytes(), count);
        std::fs::write(&path, bomb).unwrap();
        let store = repo.open().store().unwrap();
        assert!(store.read(&oid(&name), LIMIT).is_err(), "{said}");
        let seen = see(&repo.open(), Scope::Everything).unwrap();
        assert_eq!(seen.problems.len(), 1, "{:?}", seen.problems);
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn trees_with_billions_of_paths_are_bounded() {
    let repo = Repo::new(&[]);
    repo.write("seed", "x");
    repo.commit("seed");
    let blob = repo.text(&["rev-parse", "HEAD:seed"]);
    let mut below = format!("100644 blob {blob}\tf\n");
    for _ in 0..40 {
        let tree = repo.feed(&["mktree"], below.as_bytes());
        let tree = String::from_utf8(tree).unwrap();
        let tree = tree.trim_end();
        below = (0..10)
            .map(|number| format!("040000 tree {tree}\td{number}\n"))
            .collect();
    }
    let tree = repo.feed(&["mktree"], below.as_bytes());
    let tree = String::from_utf8(tree).unwrap();
    let commit = repo.text(&["commit-tree", "-m", "bomb", "-p", "HEAD", tree.trim_end()]);
    repo.git(&["update-ref", "refs/heads/main", &commit]);
    let repository = repo.open();
    let store = repository.store().unwrap();
    for scope in [
        Scope::Everything,
        Scope::Range {
            from: Some(oid(&repo.text(&["rev-parse", "HEAD~1"]))),
            to: oid(&commit),
        },
    ] {
        let history = secrets::git::History::load(&repository, &store, scope).unwrap();
        assert!(!history.problems().is_empty());
    }
}

#[test]
fn deep_trees_and_long_chains_are_read() {
    let repo = Repo::new(&[]);
    repo.write("seed", "x");
    repo.commit("seed");
    let blob = repo.text(&["rev-parse", "HEAD:seed"]);
    let mut below = format!("100644 blob {blob}\tf\n");
    let mut tree = String::new();
    for _ in 0..300 {
        tree = String::from_utf8(repo.feed(&["mktree"], below.as_bytes())).unwrap();
        below = format!("040000 tree {}\td\n", tree.trim_end());
    }
    let commit = repo.text(&["commit-tree", "-m", "deep", tree.trim_end()]);
    repo.git(&["update-ref", "refs/heads/deep", &commit]);
    let seen = see(&repo.open(), Scope::Everything).unwrap();
    assert_eq!(seen.problems, [""; 0]);
    let deepest = seen.places.iter().map(|place| place.0.len()).max();
    assert_eq!(deepest, Some(299 * 2 + 1));
}
