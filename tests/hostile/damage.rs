//! Damaged and missing objects, packs, indexes and references.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::hostile::{audit, files, loose, overwrite, sealed, secret, sound};
use crate::repository::{Place, Repository};

/// Neither a success nor a plain "findings": something could not be looked at, or nothing could be.
const NOT_GREEN: &[i32] = &[2, 3];

fn history(what: &str, place: &Place, repository: &Repository, codes: &[i32]) {
    audit(what, place, &repository.path, &["--history"]).exits(what, codes);
}

#[test]
fn the_sound_repository_is_green() {
    let (place, repository) = sound();
    for arguments in [&["--history"][..], &["--staged"], &[]] {
        audit("sound", &place, &repository.path, arguments).exits("sound", &[0]);
    }
}

fn the_pack(repository: &Repository, extension: &str) -> std::path::PathBuf {
    let mut found = files(&repository.path(".git/objects/pack"), extension);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[test]
fn a_pack_with_a_changed_byte_is_never_green() {
    let (place, repository) = sound();
    let pack = the_pack(&repository, "pack");
    let bytes = fs::read(&pack).unwrap();
    // The head, and places all over the objects; what is behind them is a checksum.
    let end = bytes.len() - 20;
    let places = (0..12).chain((12..end).step_by((end / 40).max(1)));
    for place_of_byte in places {
        let mut damaged = bytes.clone();
        damaged[place_of_byte] ^= 0x21;
        overwrite(&pack, &damaged);
        history(
            &format!("pack byte {place_of_byte} of {end}"),
            &place,
            &repository,
            NOT_GREEN,
        );
    }
}

#[test]
fn a_pack_that_ends_early_is_never_green() {
    let (place, repository) = sound();
    let pack = the_pack(&repository, "pack");
    let bytes = fs::read(&pack).unwrap();
    for length in [
        0,
        4,
        11,
        12,
        13,
        40,
        bytes.len() / 2,
        bytes.len() - 21,
        bytes.len() - 20,
        bytes.len() - 1,
    ] {
        overwrite(&pack, &bytes[..length]);
        history(&format!("pack of {length}"), &place, &repository, NOT_GREEN);
    }
    fs::remove_file(&pack).unwrap();
    history("no pack", &place, &repository, NOT_GREEN);
}

#[test]
fn a_damaged_index_of_a_pack_is_never_green() {
    let (place, repository) = sound();
    let index = the_pack(&repository, "idx");
    let bytes = fs::read(&index).unwrap();
    let end = bytes.len() - 40;
    for place_of_byte in (0..8).chain((8..end).step_by((end / 40).max(1))) {
        let mut damaged = bytes.clone();
        damaged[place_of_byte] ^= 0x80;
        overwrite(&index, &damaged);
        // Whoever reads packs without their index sees nothing wrong; then all of it was looked at.
        let what = format!("idx byte {place_of_byte} of {end}");
        let answer = audit(
            &what,
            &place,
            &repository.path,
            &["--history", "--format", "json"],
        );
        if answer.code == 0 {
            assert!(
                answer.stdout.contains("\"complete\":true")
                    || answer.stdout.contains("\"complete\": true"),
                "{what}"
            );
        }
    }
    for length in [0, 7, 8, 1032, bytes.len() / 2, bytes.len() - 1] {
        overwrite(&index, &bytes[..length]);
        let what = format!("idx of {length}");
        audit(&what, &place, &repository.path, &["--history"]);
    }
}

#[test]
fn a_leak_in_a_pack_is_seen_whatever_its_index_says() {
    let (place, repository) = sound();
    repository.write("k8s/leak.yaml", secret("leak"));
    repository.commit("Leak");
    repository.write("k8s/leak.yaml", sealed("leak"));
    repository.commit("Seal it");
    repository.git(&["repack", "--quiet", "-a", "-d", "-f"]);
    let index = the_pack(&repository, "idx");
    let bytes = fs::read(&index).unwrap();
    let end = bytes.len() - 40;
    for place_of_byte in (8..end).step_by((end / 25).max(1)) {
        let mut damaged = bytes.clone();
        damaged[place_of_byte] ^= 0x80;
        overwrite(&index, &damaged);
        history(
            &format!("idx byte {place_of_byte}"),
            &place,
            &repository,
            &[1, 2, 3],
        );
    }
}

#[test]
fn a_damaged_loose_object_is_never_green() {
    let (place, repository) = sound();
    for (name, revision) in [
        ("blob", "HEAD:k8s/loose.yaml"),
        ("tree", "HEAD^{tree}"),
        ("commit", "HEAD"),
    ] {
        let id = repository.git(&["rev-parse", revision]);
        let path = loose(&repository, &id);
        let bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        let mut flipped = bytes.clone();
        flipped[middle] ^= 0x10;
        for (what, damaged) in [
            ("flipped", flipped),
            ("cut", bytes[..middle].to_vec()),
            ("empty", Vec::new()),
            ("garbage", b"not zlib".to_vec()),
        ] {
            overwrite(&path, &damaged);
            history(&format!("{what} {name}"), &place, &repository, NOT_GREEN);
        }
        fs::remove_file(&path).unwrap();
        history(&format!("missing {name}"), &place, &repository, &[3]);
        overwrite(&path, &bytes);
    }
    history("mended", &place, &repository, &[0]);
}

fn zlib(parts: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for part in parts {
        encoder.write_all(&part).unwrap();
    }
    encoder.finish().unwrap()
}

fn put_loose(repository: &Repository, bytes: &[u8]) {
    let path = loose(repository, &"ab".repeat(20));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    overwrite(&path, bytes);
}

/// A stream of so many megabytes of one letter behind a head. It is not deflated as a whole: between two flushes the
/// same megabyte gives the same bytes.
fn bomb(head: &[u8], megabytes: usize) -> Vec<u8> {
    let megabyte = vec![b'a'; 1 << 20];
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(head).unwrap();
    let mut ends = Vec::new();
    for _ in 0..2 {
        encoder.write_all(&megabyte).unwrap();
        encoder.flush().unwrap();
        ends.push(encoder.get_ref().len());
    }
    let mut bytes = encoder.get_ref()[..ends[1]].to_vec();
    let again = bytes[ends[0]..].to_vec();
    for _ in 2..megabytes {
        bytes.extend(&again);
    }
    bytes
}

#[test]
fn objects_that_lie_about_their_size_are_not_believed() {
    let (place, repository) = sound();
    for (what, bytes) in [
        (
            "a bomb of a gigabyte that says ten bytes",
            bomb(b"blob 10\0", 1024),
        ),
        (
            "ten bytes that say exabytes",
            zlib([b"blob 9223372036854775807\0aaaaaaaaaa".to_vec()]),
        ),
        (
            "more than a number holds",
            zlib([b"blob 99999999999999999999999\0a".to_vec()]),
        ),
        ("a negative size", zlib([b"blob -1\0a".to_vec()])),
        ("no size", zlib([b"blob \0a".to_vec()])),
        ("no end of the head", bomb(b"blob ", 4)),
        ("no kind that is known", zlib([b"blub 1\0a".to_vec()])),
        (
            "a tree without ends",
            zlib([b"tree 12\x00100644 aaaaaa".to_vec()]),
        ),
        (
            "a tree with a mode only",
            zlib([b"tree 6\x00100644".to_vec()]),
        ),
        ("a commit of zeros", zlib([b"commit 4\0\0\0\0\0".to_vec()])),
    ] {
        put_loose(&repository, &bytes);
        history(what, &place, &repository, NOT_GREEN);
    }
}

#[test]
fn trees_that_git_would_not_write_are_no_harm() {
    let (place, repository) = sound();
    let blob = repository.blob(secret("evil").as_bytes());
    let id: Vec<u8> = (0..20)
        .map(|n| u8::from_str_radix(&blob[2 * n..2 * n + 2], 16).unwrap())
        .collect();
    let entry = |mode: &str, name: &[u8]| [mode.as_bytes(), b" ", name, b"\0", &id].concat();
    let mut trees = Vec::new();
    for name in [
        &b".."[..],
        b".",
        b".git",
        b"",
        b"a/b",
        b"../../escape.yaml",
        b"\xff\xfe",
        b"a\nb\x1b[31m.yaml",
    ] {
        trees.push(entry("100644", name));
    }
    for mode in [
        "40000",
        "160000",
        "120000",
        "100755",
        "0",
        "99999999999",
        "1006440",
        "abc",
    ] {
        trees.push(entry(mode, b"k8s.yaml"));
    }
    for tree in trees {
        let file = place.path().join("tmp/tree");
        fs::write(&file, &tree).unwrap();
        let file = file.to_str().unwrap();
        let id = repository.git(&["hash-object", "-w", "--literally", "-t", "tree", file]);
        let commit = repository.git(&["commit-tree", &id, "-m", "Evil"]);
        repository.git(&["update-ref", "refs/heads/evil", &commit]);
        fs::remove_file(file).unwrap();
        // The blob is a plain Secret outside of the rules, wherever it is.
        history(
            &String::from_utf8_lossy(&tree),
            &place,
            &repository,
            &[1, 2, 3],
        );
    }
}

#[test]
fn a_damaged_index_is_never_green() {
    let (place, repository) = sound();
    let path = repository.path(".git/index");
    let bytes = fs::read(&path).unwrap();
    let mut cases: Vec<(String, Vec<u8>)> = Vec::new();
    for length in [
        0,
        3,
        11,
        12,
        60,
        bytes.len() / 2,
        bytes.len() - 20,
        bytes.len() - 1,
    ] {
        cases.push((format!("of {length}"), bytes[..length].to_vec()));
    }
    for place_of_byte in (0..12).chain((12..bytes.len()).step_by((bytes.len() / 30).max(1))) {
        let mut damaged = bytes.clone();
        damaged[place_of_byte] ^= 0x11;
        cases.push((format!("byte {place_of_byte}"), damaged));
    }
    let mut many = bytes.clone();
    many[8..12].copy_from_slice(&[0xff; 4]);
    cases.push(("four billion entries".to_owned(), many));
    for (what, damaged) in cases {
        overwrite(&path, &damaged);
        for arguments in [&[][..], &["--staged"]] {
            let what = format!("index {what}");
            audit(&what, &place, &repository.path, arguments).exits(&what, NOT_GREEN);
        }
    }
}

#[test]
fn what_is_missing_is_said_and_never_green() {
    let (place, repository) = sound();
    let blob = repository.git(&["rev-parse", "HEAD:k8s/loose.yaml"]);
    fs::remove_file(loose(&repository, &blob)).unwrap();
    history("a missing blob", &place, &repository, &[3]);
    // It was to be committed: the index has it, and the worktree's file is something else.
    repository.write("k8s/loose.yaml", sealed("other"));
    audit("missing in the index", &place, &repository.path, &[])
        .exits("missing in the index", &[3]);
}

#[test]
fn references_to_nowhere_are_never_green() {
    for (what, file, text) in [
        (
            "a branch",
            ".git/refs/heads/gone",
            format!("{}\n", "ab".repeat(20)),
        ),
        (
            "garbage",
            ".git/refs/heads/garbage",
            "not an id\n".to_owned(),
        ),
        (
            "packed references",
            ".git/packed-refs",
            format!(
                "# pack-refs with: peeled fully-peeled sorted \n{} refs/heads/x\n",
                "cd".repeat(20)
            ),
        ),
        (
            "garbage in packed references",
            ".git/packed-refs",
            "zzzz refs/heads/x\n\0\0\0".to_owned(),
        ),
        (
            "a loop",
            ".git/refs/heads/a",
            "ref: refs/heads/a\n".to_owned(),
        ),
        ("HEAD", ".git/HEAD", format!("{}\n", "ef".repeat(20))),
        ("garbage in HEAD", ".git/HEAD", "\0\0\0\0".to_owned()),
        ("an empty HEAD", ".git/HEAD", String::new()),
        (
            "HEAD out of the references",
            ".git/HEAD",
            "ref: ../../../etc/passwd\n".to_owned(),
        ),
        ("a loop at HEAD", ".git/HEAD", "ref: HEAD\n".to_owned()),
    ] {
        let (place, repository) = sound();
        repository.write(file, text);
        history(what, &place, &repository, NOT_GREEN);
    }
}

#[test]
fn shallow_and_partial_clones_cannot_prove_a_history() {
    let (place, repository) = sound();
    let url = format!("file://{}", repository.path.display());
    repository.git(&["config", "uploadpack.allowFilter", "true"]);
    repository.git(&["clone", "--quiet", "--depth", "1", &url, "../shallow"]);
    repository.git(&[
        "clone",
        "--quiet",
        "--filter=blob:none",
        "--no-checkout",
        &url,
        "../partial",
    ]);
    repository.git(&[
        "clone",
        "--quiet",
        "--filter=blob:limit=10",
        &url,
        "../limited",
    ]);
    for name in ["shallow", "partial", "limited"] {
        let clone = place.existing(name);
        let answer = audit(name, &place, &clone.path, &["--history"]).exits(name, &[3]);
        let words = answer.stdout + &answer.stderr;
        let word = if name == "shallow" {
            "shallow"
        } else {
            "partial"
        };
        assert!(words.contains(word), "{name}: {words}");
    }
    // The files are all there.
    audit("shallow", &place, &place.existing("shallow").path, &[]).exits("shallow", &[0]);
    audit(
        "shallow",
        &place,
        &place.existing("shallow").path,
        &["--staged"],
    )
    .exits("shallow", &[0]);
}

#[test]
fn alternates_that_lead_nowhere_or_round_in_circles_are_no_harm() {
    let objects = |path: &Path| path.join(".git/objects").to_str().unwrap().to_owned();
    let (place, repository) = sound();
    place.copy_of(&sound().0, "repo");
    let other = place.repository("other");
    let itself = objects(&repository.path);
    other.write(".git/objects/info/alternates", format!("{itself}\n"));
    for (what, text, codes) in [
        ("itself", format!("{itself}\n"), &[0, 2, 3][..]),
        (
            "a circle",
            format!("{}\n", objects(&other.path)),
            &[0, 2, 3],
        ),
        ("nowhere", "/nonexistent/objects\n".to_owned(), NOT_GREEN),
        ("a file", "/etc/passwd\n".to_owned(), NOT_GREEN),
        ("garbage", "\0\u{1}\n\n\"unfinished\n".to_owned(), NOT_GREEN),
    ] {
        repository.write(".git/objects/info/alternates", text);
        history(&format!("alternates: {what}"), &place, &repository, codes);
    }
}

#[test]
fn garbage_in_files_that_only_make_git_faster_is_no_harm() {
    let (place, repository) = sound();
    for file in [
        "info/commit-graph",
        "pack/multi-pack-index",
        "info/packs",
        "info/commit-graphs/commit-graph-chain",
        "pack/tmp_pack_abc",
        "pack/pack-zz.bitmap",
        "pack/pack-zz.rev",
        "pack/garbage.txt",
        "zz/file",
        "aa/short",
    ] {
        repository.write(&format!(".git/objects/{file}"), "MIDXgarbage\0\0\0\u{1}");
    }
    audit("garbage", &place, &repository.path, &["--history"]);
    // An index without its pack: objects are missing, or git was just at it.
    repository.write(".git/objects/pack/pack-00.idx", "\u{0}tOcgarbage");
    audit(
        "an index without a pack",
        &place,
        &repository.path,
        &["--history"],
    );
}

#[test]
fn replacements_and_grafts_hide_nothing() {
    let (place, repository) = sound();
    repository.write("k8s/leak.yaml", secret("leak"));
    let leak = repository.commit("Leak");
    let bad = repository.git(&["rev-parse", "HEAD:k8s/leak.yaml"]);
    repository.write("k8s/leak.yaml", sealed("leak"));
    let good = repository.commit("Seal it");
    let blob = repository.git(&["rev-parse", "HEAD:k8s/leak.yaml"]);
    repository.git(&["replace", &bad, &blob]);
    history("a replaced blob", &place, &repository, &[1]);
    repository.git(&["replace", "-d", &bad]);
    repository.git(&["replace", &leak, &good]);
    history("a replaced commit", &place, &repository, &[1]);
    repository.git(&["replace", "-d", &leak]);
    repository.write(".git/info/grafts", format!("{good}\n"));
    history("a graft", &place, &repository, &[1, 3]);
}
