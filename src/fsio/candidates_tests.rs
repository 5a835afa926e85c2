#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

fn tree(files: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    root
}

/// Finds, and gives the paths below `root`.
fn find(root: &tempfile::TempDir, arguments: &[&str]) -> (Vec<String>, Candidates) {
    let arguments: Vec<PathBuf> = arguments.iter().map(|a| root.path().join(a)).collect();
    let candidates = Candidates::find(&arguments, true);
    (below(root, candidates.files.iter()), candidates)
}

fn below<'a>(root: &tempfile::TempDir, paths: impl Iterator<Item = &'a PathBuf>) -> Vec<String> {
    paths
        .map(|path| path.strip_prefix(root.path()).unwrap_or(path))
        .map(|path| path.to_string_lossy().into_owned())
        .collect()
}

fn skipped(root: &tempfile::TempDir, candidates: &Candidates) -> Vec<(String, Why)> {
    let paths = below(root, candidates.skipped.iter().map(|(path, _)| path));
    let reasons = candidates.skipped.iter().map(|(_, why)| *why);
    paths.into_iter().zip(reasons).collect()
}

#[test]
fn a_folder_gives_all_files_below_it_sorted() {
    let root = tree(&["d/b/2.yaml", "d/b/10.yaml", "d/a.yaml", "d/.hidden/x", "e"]);
    let (files, candidates) = find(&root, &["d"]);
    assert_eq!(
        files,
        ["d/.hidden/x", "d/a.yaml", "d/b/10.yaml", "d/b/2.yaml"]
    );
    assert!(candidates.errors.is_empty() && candidates.skipped.is_empty());
}

#[test]
fn files_that_only_a_folder_stands_for_are_told_apart() {
    let root = tree(&["d/a", "d/b", "d/sub/c", "e"]);
    let (files, candidates) = find(&root, &["d", "d/../d/b", "e", "d/s*"]);
    assert_eq!(files, ["d/a", "d/b", "d/sub/c", "e"]);
    assert_eq!(below(&root, candidates.below.iter()), ["d/a", "d/sub/c"]);
    let (_, candidates) = find(&root, &["d/*"]);
    assert_eq!(below(&root, candidates.below.iter()), ["d/sub/c"]);
}

#[test]
fn git_data_and_temporary_files_are_not_candidates() {
    let root = tree(&[
        ".git/config",
        "sub/.git",
        "sub/a",
        ".secrets-tmp-0123456789abcdef",
        "b",
    ]);
    let (files, candidates) = find(&root, &["."]);
    assert_eq!(files, ["b", "sub/a"]);
    assert!(candidates.skipped.is_empty());
}

#[test]
fn what_git_ignores_is_left_out_of_folders_and_told() {
    let root = tree(&[
        ".git/HEAD",
        ".gitignore",
        "a",
        "out/x",
        "deep/b.log",
        "deep/c",
    ]);
    fs::write(root.path().join(".gitignore"), "out/\n*.log\n").unwrap();
    let (files, candidates) = find(&root, &["."]);
    assert_eq!(files, [".gitignore", "a", "deep/c"]);
    assert_eq!(
        skipped(&root, &candidates),
        [
            (String::from("deep/b.log"), Why::Ignored),
            (String::from("out"), Why::Ignored)
        ]
    );
    let all = Candidates::find(&[root.path()], false);
    assert_eq!(
        below(&root, all.files.iter()),
        [".gitignore", "a", "deep/b.log", "deep/c", "out/x"]
    );
    assert!(all.skipped.is_empty());
}

#[test]
fn a_named_file_counts_though_git_ignores_it() {
    let root = tree(&[".git/HEAD", ".gitignore", "a.log", "b"]);
    fs::write(root.path().join(".gitignore"), "*.log\n").unwrap();
    let (files, candidates) = find(&root, &[".", "a.log"]);
    assert_eq!(files, [".gitignore", "a.log", "b"]);
    assert!(candidates.skipped.is_empty());
}

#[test]
fn a_file_named_twice_counts_once() {
    let root = tree(&["d/a", "d/b"]);
    let (files, _) = find(&root, &["d/b", "d", "d/../d/a", "d/a"]);
    assert_eq!(files, ["d/a", "d/b"]);
}

#[cfg(unix)]
#[test]
fn links_in_folders_are_told_and_not_followed() {
    use std::os::unix::fs::symlink;
    let root = tree(&["d/a", "outside/secret"]);
    symlink("../outside", root.path().join("d/out")).unwrap();
    symlink("a", root.path().join("d/same")).unwrap();
    symlink(".", root.path().join("d/round")).unwrap();
    let (files, candidates) = find(&root, &["d"]);
    assert_eq!(files, ["d/a"]);
    assert_eq!(
        skipped(&root, &candidates),
        ["d/out", "d/round", "d/same"].map(|path| (String::from(path), Why::Link))
    );
}

#[cfg(unix)]
#[test]
fn a_named_link_is_followed_and_counts_as_its_target() {
    use std::os::unix::fs::symlink;
    let root = tree(&["d/a", "b"]);
    symlink("b", root.path().join("to-file")).unwrap();
    symlink("d", root.path().join("to-folder")).unwrap();
    let (files, candidates) = find(&root, &["to-file", "b", "to-folder"]);
    assert_eq!(files, ["b", "to-folder/a"]);
    assert!(candidates.errors.is_empty() && candidates.skipped.is_empty());
}

#[cfg(unix)]
#[test]
fn a_socket_in_a_folder_is_told() {
    let root = tree(&["a"]);
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("s")).unwrap();
    let (files, candidates) = find(&root, &["."]);
    assert_eq!(files, ["a"]);
    assert_eq!(
        skipped(&root, &candidates),
        [(String::from("s"), Why::Special)]
    );
}

#[test]
fn a_missing_path_stops_no_other() {
    let root = tree(&["a"]);
    let (files, candidates) = find(&root, &["none", "a"]);
    assert_eq!(files, ["a"]);
    let [error] = candidates.errors.as_slice() else {
        panic!("{:?}", candidates.errors)
    };
    assert_eq!(error.kind(), Kind::Input);
    assert_eq!(error.message(), "no such file or folder");
    assert!(error.file().unwrap().ends_with("/none"));
}

#[test]
fn a_pattern_stands_for_what_it_matches() {
    let root = tree(&[
        "a.yaml",
        "b.yaml",
        "c.json",
        ".d.yaml",
        "s/e.yaml",
        "s/t/f.yaml",
    ]);
    for (pattern, expected) in [
        ("*.yaml", vec![".d.yaml", "a.yaml", "b.yaml"]),
        ("?.{yaml,json}", vec!["a.yaml", "b.yaml", "c.json"]),
        ("[ab].yaml", vec!["a.yaml", "b.yaml"]),
        ("*/*.yaml", vec!["s/e.yaml"]),
        ("s/**/*.yaml", vec!["s/e.yaml", "s/t/f.yaml"]),
        ("**/f.yaml", vec!["s/t/f.yaml"]),
        ("s*", vec!["s/e.yaml", "s/t/f.yaml"]),
        ("{s/e,a}.yaml", vec!["a.yaml", "s/e.yaml"]),
    ] {
        let (files, candidates) = find(&root, &[pattern]);
        assert_eq!(files, expected, "{pattern}");
        assert!(candidates.errors.is_empty(), "{pattern}");
    }
}

#[test]
fn a_file_whose_name_looks_like_a_pattern_is_itself() {
    let root = tree(&["[ab].yaml", "a.yaml"]);
    assert_eq!(find(&root, &["[ab].yaml"]).0, ["[ab].yaml"]);
}

#[test]
fn a_pattern_that_matches_nothing_is_an_error() {
    let root = tree(&["a.yaml"]);
    for pattern in ["*.json", "none/*.yaml", "a.yaml/*"] {
        let (files, candidates) = find(&root, &[pattern]);
        assert!(files.is_empty(), "{pattern}");
        let messages: Vec<_> = candidates.errors.iter().map(Error::message).collect();
        assert_eq!(messages, ["no file matches the pattern"], "{pattern}");
    }
    let (_, candidates) = find(&root, &["[a"]);
    assert_eq!(candidates.errors[0].message(), "the pattern is malformed");
    assert_eq!(candidates.errors[0].kind(), Kind::Usage);
}

#[test]
fn paths_are_shown_without_a_leading_dot() {
    assert_eq!(shown(Path::new("./a/b")), Path::new("a/b"));
    assert_eq!(shown(Path::new(".")), Path::new("."));
    assert_eq!(shown(Path::new("../a")), Path::new("../a"));
    assert_eq!(root_and_depth("*.yaml"), (PathBuf::from("."), Some(1)));
    assert_eq!(root_and_depth("a/b*/c"), (PathBuf::from("a"), Some(2)));
    assert_eq!(root_and_depth("/a/**/c"), (PathBuf::from("/a"), None));
    assert_eq!(root_and_depth("../*"), (PathBuf::from(".."), Some(1)));
}

#[test]
fn a_folder_that_cannot_be_read_is_an_incomplete_search() {
    let error = ignore::Error::WithPath {
        path: PathBuf::from("d/locked"),
        err: Box::new(ignore::Error::Io(io::Error::from_raw_os_error(13))),
    };
    let error = cannot_walk(Path::new("d"), &error);
    assert_eq!(error.kind(), Kind::Incomplete);
    assert_eq!(
        error.to_string(),
        "d/locked: cannot look into the folder: permission denied"
    );
}
