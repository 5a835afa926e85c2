//! `secrets decrypt` as users run it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/cli.rs"]
mod cli;

use cli::{Folder, Run, SECRET, VALUE};

/// A repository with sealed files of these names.
fn sealed(names: &[&str]) -> Folder {
    let folder = Folder::new();
    for name in names {
        folder.write(name, SECRET);
    }
    let arguments = [&["encrypt", "-i"], names].concat();
    folder.run(&arguments).exits(0);
    assert_eq!(folder.plaintext_in(), [""; 0]);
    folder
}

#[test]
fn comments_that_stand_in_clear_are_told_with_their_lines() {
    let folder = Folder::new();
    let source = format!("# top\n{SECRET}  # one\n  # two\n  last: x\n");
    folder.write("a.secret.yaml", &source);
    folder.run(&["encrypt", "-i", "a.secret.yaml"]).exits(0);
    let sealed = folder.read("a.secret.yaml");
    let lines = sealed.lines().map(|line| match line.trim_start() {
        comment if comment.starts_with("#ENC[") => "  # in clear\n".to_owned(),
        _ => format!("{line}\n"),
    });
    let lines: Vec<String> = lines.collect();
    let clear = |line: &&usize| lines[**line - 1] == "  # in clear\n";
    let numbers: Vec<String> = (1..=lines.len())
        .collect::<Vec<_>>()
        .iter()
        .filter(clear)
        .map(usize::to_string)
        .collect();
    assert_eq!(numbers.len(), 2);
    folder.write("a.secret.yaml", &lines.concat());
    folder.run(&["decrypt", "a.secret.yaml"]).exits(0).says(&[
        "warning: comments stand in plaintext where this file's comments are encrypted",
        &format!("in line {}", numbers.join(", ")),
    ]);
}

#[test]
fn one_file_goes_to_standard_output_and_stays() {
    let folder = sealed(&["a.secret.yaml"]);
    let before = folder.state();
    let run = folder
        .run(&["decrypt", "a.secret.yaml"])
        .exits(0)
        .prints(SECRET);
    assert_eq!(run.err, "");
    assert_eq!(folder.state(), before);
}

#[test]
fn many_files_need_in_place() {
    let folder = sealed(&["k/a.secret.yaml", "k/b.secret.yaml"]);
    let before = folder.state();
    folder
        .run(&["decrypt", "k/a.secret.yaml", "k/b.secret.yaml"])
        .exits(2)
        .prints("")
        .says(&["2 files cannot go to standard output"]);
    folder
        .run(&["decrypt", "k"])
        .exits(2)
        .prints("")
        .says(&["a folder cannot go to standard output"]);
    folder
        .run(&["decrypt", "none", "k/a.secret.yaml"])
        .exits(2)
        .prints("")
        .says(&["no such file or folder"]);
    assert_eq!(folder.state(), before);
    folder
        .run(&["decrypt", "-i", "k/*"])
        .exits(0)
        .prints("")
        .says(&["opened 4 values in 2 files"]);
    assert_eq!(folder.read("k/a.secret.yaml"), SECRET);
    assert_eq!(folder.read("k/b.secret.yaml"), SECRET);
}

#[test]
fn in_a_folder_the_sealed_files_are_opened_and_a_failing_one_does_not_stop_the_others() {
    let folder = sealed(&["k/a.secret.yaml", "k/b.secret.yaml", "k/c.secret.yaml"]);
    folder.write("k/template.yaml", "{{ if sops }}\na: [\n");
    folder.write("k/plain.yaml", "a: 1 # about sops\n");
    folder.write("k/notes.txt", "sops ENC[AES256_GCM,\n");
    let broken = folder
        .read("k/b.secret.yaml")
        .replace("name: app", "name: changed");
    folder.write("k/b.secret.yaml", &broken);
    folder.run(&["decrypt", "-i", "."]).exits(2).says(&[
        "MAC",
        "--> k/b.secret.yaml",
        "opened 4 values in 2 files, 1 failed",
    ]);
    assert_eq!(folder.read("k/a.secret.yaml"), SECRET);
    assert_eq!(folder.read("k/c.secret.yaml"), SECRET);
    assert_eq!(folder.read("k/b.secret.yaml"), broken);
    let before = folder.state();
    folder
        .run(&["decrypt", "-i", "k/plain.yaml"])
        .exits(2)
        .says(&[
            "this file is not sealed",
            "--> k/plain.yaml",
            "hint: `secrets encrypt` seals it",
        ]);
    assert_eq!(folder.state(), before);
}

#[test]
fn a_folder_without_sealed_files_is_no_failure() {
    let folder = Folder::new();
    folder.write("k/plain.yaml", "a: 1\n");
    folder
        .run(&["decrypt", "-i", "k"])
        .exits(0)
        .says(&["none of these files is sealed"]);
}

#[test]
fn sealed_files_of_other_formats_are_not_passed_over() {
    let folder = sealed(&["k/a.secret.yaml"]);
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/3.13.3");
    for name in ["app.env", "app.ini", "blob.bin"] {
        std::fs::copy(golden.join(name), folder.path("k").join(name)).unwrap();
    }
    folder.run(&["decrypt", "-i", "k"]).exits(2).says(&[
        "--> k/app.env",
        "--> k/app.ini",
        "--> k/blob.bin",
        "opened 2 values in 1 file, 3 failed",
    ]);
    folder
        .run(&["decrypt", "k/app.env"])
        .exits(2)
        .prints("")
        .says(&["dotenv files are not supported yet", "hint: "]);
}

#[test]
fn without_an_identity_the_places_that_were_searched_are_told() {
    let folder = sealed(&["a.secret.yaml"]);
    let before = folder.state();
    Run::of(folder.keyless(&["decrypt", "-i", "a.secret.yaml"]))
        .exits(2)
        .prints("")
        .says(&[
            "no identity opens the file",
            "--> a.secret.yaml",
            "SOPS_AGE_KEY_FILE",
            "hint: ",
        ]);
    assert_eq!(folder.state(), before);
}

#[test]
fn a_changed_file_opens_only_without_its_mac() {
    let folder = sealed(&["a.secret.yaml"]);
    let changed = folder
        .read("a.secret.yaml")
        .replace("name: app", "name: other");
    folder.write("a.secret.yaml", &changed);
    folder
        .run(&["decrypt", "a.secret.yaml"])
        .exits(2)
        .prints("")
        .says(&["MAC"]);
    folder
        .run(&["decrypt", "--ignore-mac", "a.secret.yaml"])
        .exits(0)
        .prints(&SECRET.replace("name: app", "name: other"));
}

#[test]
fn plaintext_in_an_encrypted_place_is_refused_with_its_place() {
    let folder = sealed(&["a.secret.yaml"]);
    let text = folder
        .read("a.secret.yaml")
        .replace("stringData:\n", &format!("stringData:\n  new: {VALUE}\n"));
    folder.write("a.secret.yaml", &text);
    folder
        .run(&["decrypt", "a.secret.yaml"])
        .exits(2)
        .prints("")
        .says(&["in plaintext", "a.secret.yaml:6:8"]);
}

#[test]
fn standard_input_needs_a_name() {
    let folder = sealed(&["a.secret.yaml"]);
    let text = folder.read("a.secret.yaml");
    for arguments in [
        &["decrypt", "--filename", "x.yaml"][..],
        &["decrypt", "-", "--filename", "x.yaml"],
    ] {
        let mut command = folder.secrets(arguments);
        command.write_stdin(text.clone());
        Run::of(command).exits(0).prints(SECRET);
    }
    folder
        .run(&["decrypt", "-"])
        .exits(2)
        .says(&["standard input needs a name"]);
    folder
        .run(&["decrypt", "-i", "--filename", "x.yaml"])
        .exits(2)
        .says(&["cannot be written in place"]);
}

#[test]
fn check_and_dry_run_list_and_write_nothing() {
    let folder = sealed(&["k/a.secret.yaml", "k/b.secret.yaml"]);
    folder.write("k/plain.yaml", "a: 1\n");
    let before = folder.state();
    let list = "k/a.secret.yaml\nk/b.secret.yaml\n";
    folder
        .run(&["decrypt", "--check", "k"])
        .exits(1)
        .prints(list)
        .says(&["4 values in 2 files would be opened"]);
    folder
        .run(&["decrypt", "--dry-run", "-i", "k"])
        .exits(0)
        .prints(list);
    folder
        .run(&["decrypt", "--dry-run", "k/a.secret.yaml"])
        .exits(0)
        .prints("k/a.secret.yaml\n");
    Run::of(folder.keyless(&["decrypt", "--check", "k"]))
        .exits(2)
        .prints("");
    assert_eq!(folder.state(), before);
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn opened_files_are_for_their_owner_only() {
        let folder = sealed(&["a.secret.yaml"]);
        let mode = |name: &str| fs::metadata(folder.path(name)).unwrap().mode() & 0o777;
        folder
            .run(&["decrypt", "a.secret.yaml", "-o", "new.yaml"])
            .exits(0)
            .prints("");
        assert_eq!(mode("new.yaml"), 0o600);
        fs::set_permissions(folder.path("new.yaml"), fs::Permissions::from_mode(0o644)).unwrap();
        folder.write("new.yaml", "old\n");
        folder
            .run(&["decrypt", "a.secret.yaml", "-o", "new.yaml"])
            .exits(0);
        assert_eq!(
            (mode("new.yaml"), folder.read("new.yaml")),
            (0o600, SECRET.to_owned())
        );
        fs::set_permissions(
            folder.path("a.secret.yaml"),
            fs::Permissions::from_mode(0o644),
        )
        .unwrap();
        folder.run(&["decrypt", "-i", "a.secret.yaml"]).exits(0);
        assert_eq!(
            (mode("a.secret.yaml"), folder.read("a.secret.yaml")),
            (0o600, SECRET.to_owned())
        );
        assert_eq!(
            folder.plaintext_in(),
            ["repo/a.secret.yaml", "repo/new.yaml"]
        );
    }

    #[test]
    fn links_stay_links() {
        let folder = sealed(&["real/a.secret.yaml"]);
        symlink("real/a.secret.yaml", folder.path("link.yaml")).unwrap();
        folder.run(&["decrypt", "-i", "link.yaml"]).exits(0);
        assert!(
            fs::symlink_metadata(folder.path("link.yaml"))
                .unwrap()
                .is_symlink()
        );
        assert_eq!(folder.read("real/a.secret.yaml"), SECRET);
    }

    #[test]
    fn what_git_ignores_is_left_out_of_folders_and_told() {
        let folder = sealed(&["k/a.secret.yaml", "k/vendor/b.secret.yaml"]);
        fs::create_dir(folder.path(".git")).unwrap();
        folder.write(".gitignore", "vendor\n");
        folder
            .run(&["decrypt", "-i", "k"])
            .exits(0)
            .says(&["1 path that Git ignores was left out"]);
        assert_eq!(folder.plaintext_in(), ["repo/k/a.secret.yaml"]);
        folder
            .run(&["decrypt", "-i", "k/vendor/b.secret.yaml"])
            .exits(0);
        assert_eq!(folder.read("k/vendor/b.secret.yaml"), SECRET);
    }

    #[test]
    fn an_output_that_cannot_be_written_leaves_all_as_it_was() {
        let folder = sealed(&["a.secret.yaml"]);
        let before = folder.state();
        folder
            .run(&["decrypt", "a.secret.yaml", "-o", "none/x.yaml"])
            .exits(2)
            .prints("")
            .says(&["none/x.yaml", "hint: "]);
        folder
            .run(&["decrypt", "a.secret.yaml", "-o", "."])
            .exits(2)
            .says(&["a folder"]);
        assert_eq!(folder.state(), before);
    }
}
