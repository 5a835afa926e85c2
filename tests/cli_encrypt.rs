//! `secrets encrypt` as users run it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/cli.rs"]
mod cli;

use std::fs;

use cli::{Folder, Run, SECRET, VALUE, recipient, with_recipients};

fn opened(folder: &Folder, name: &str) -> String {
    folder.run(&["decrypt", name]).exits(0).out
}

#[test]
fn one_file_goes_to_standard_output_and_stays() {
    let folder = Folder::new();
    folder.write("a.secret.yaml", SECRET);
    let before = folder.state();
    let run = folder.run(&["encrypt", "a.secret.yaml"]).exits(0).says(&[]);
    assert_eq!(run.err, "");
    assert!(run.out.starts_with("apiVersion: v1\nkind: Secret\nmetadata:\n  name: app   # keep\nstringData:\n  user: ENC[AES256_GCM,"));
    assert!(!run.out.contains(VALUE));
    assert_eq!(folder.state(), before);
}

#[test]
fn in_place_and_back_gives_the_same_bytes() {
    let folder = Folder::new();
    folder.write("a.secret.yaml", SECRET);
    folder
        .run(&["encrypt", "-i", "a.secret.yaml"])
        .exits(0)
        .prints("")
        .says(&["note: sealed 2 values in a.secret.yaml"]);
    assert_eq!(folder.plaintext_in(), [""; 0]);
    folder
        .run(&["decrypt", "a.secret.yaml"])
        .exits(0)
        .prints(SECRET);
}

#[test]
fn json_is_sealed_as_json() {
    let folder = Folder::new();
    let text = format!("{{\n  \"stringData\": {{\"password\": \"{VALUE}\"}}\n}}\n");
    folder.write("a.secret.json", &text);
    folder.run(&["encrypt", "-i", "a.secret.json"]).exits(0);
    let sealed: serde_json::Value = serde_json::from_str(&folder.read("a.secret.json")).unwrap();
    assert!(
        sealed["stringData"]["password"]
            .as_str()
            .unwrap()
            .starts_with("ENC[")
    );
    assert_eq!(opened(&folder, "a.secret.json"), text);
}

#[test]
fn a_sealed_file_is_left_untouched() {
    let folder = Folder::new();
    folder.write("a.secret.yaml", SECRET);
    folder.run(&["encrypt", "-i", "a.secret.yaml"]).exits(0);
    let sealed = folder.read("a.secret.yaml");
    let before = folder.state();
    folder
        .run(&["encrypt", "-i", "a.secret.yaml"])
        .exits(0)
        .says(&["a.secret.yaml is sealed already"]);
    folder
        .run(&["encrypt", "a.secret.yaml"])
        .exits(0)
        .prints(&sealed);
    folder
        .run(&["encrypt", "--check", "a.secret.yaml"])
        .exits(0)
        .prints("");
    let bob = recipient("bob");
    folder
        .run(&["encrypt", "-i", "--age", &bob, "a.secret.yaml"])
        .exits(0)
        .says(&["sealed already keep their recipients"]);
    assert_eq!(folder.state(), before);
}

#[test]
fn adding_to_a_file_that_was_also_edited_is_told() {
    let folder = Folder::new();
    folder.write("a.secret.yaml", SECRET);
    folder.run(&["encrypt", "-i", "a.secret.yaml"]).exits(0);
    let sealed = folder.read("a.secret.yaml");
    let added = sealed.replace("  user: ", "  pin: !!int 12\n  own: !own x\n  user: ");
    folder.write("a.secret.yaml", &added);
    let run = folder.run(&["encrypt", "-i", "a.secret.yaml"]).exits(0);
    assert!(!run.err.contains("warning"), "{}", run.err);
    // A tag that says what a text means goes, another one stays.
    let topped_up = folder.read("a.secret.yaml");
    assert!(topped_up.contains("  pin: ENC[") && topped_up.contains("  own: !own ENC["));

    let edited = added.replace("name: app", "name: other");
    folder.write("a.secret.yaml", &edited);
    folder
        .run(&["encrypt", "-i", "a.secret.yaml"])
        .exits(0)
        .says(&[
            "warning: more was changed in this sealed file than the values that were added",
            "a.secret.yaml",
            "hint: compare with version control",
        ]);
    folder.run(&["decrypt", "a.secret.yaml"]).exits(0);
}

#[test]
fn added_plaintext_is_sealed_with_the_data_key_of_the_file() {
    let folder = Folder::new();
    folder.write("a.secret.yaml", SECRET);
    folder.run(&["encrypt", "-i", "a.secret.yaml"]).exits(0);
    let sealed = folder.read("a.secret.yaml");
    let added = sealed.replace("  user: ", &format!("  added: {VALUE}2\n  user: "));
    folder.write("a.secret.yaml", &added);
    let before = folder.state();

    let path = "stringData.added";
    Run::of(folder.keyless(&["encrypt", "-i", "a.secret.yaml"]))
        .exits(2)
        .says(&[
            "error: this sealed file holds values in plaintext",
            "a.secret.yaml",
            path,
            "hint: ",
        ]);
    Run::of(folder.keyless(&["encrypt", "--check", "a.secret.yaml"]))
        .exits(1)
        .prints("a.secret.yaml\n")
        .says(&[path]);
    folder
        .run(&["encrypt", "--dry-run", "a.secret.yaml"])
        .exits(0)
        .prints("a.secret.yaml\n");
    assert_eq!(folder.state(), before);

    folder
        .run(&["encrypt", "-i", "a.secret.yaml"])
        .exits(0)
        .says(&[path, "sealed 1 value in a.secret.yaml"]);
    let topped_up = folder.read("a.secret.yaml");
    assert_eq!(folder.plaintext_in(), [""; 0]);
    for line in sealed
        .lines()
        .filter(|line| line.starts_with("  user: ENC") || line.contains("  password: "))
    {
        assert!(topped_up.contains(line));
    }
    assert_eq!(
        opened(&folder, "a.secret.yaml"),
        SECRET.replace("  user: ", &format!("  added: {VALUE}2\n  user: "))
    );
}

#[test]
fn several_files_and_folders_need_in_place() {
    let folder = Folder::new();
    folder.write("k/a.secret.yaml", SECRET);
    folder.write("k/b.secret.yaml", SECRET);
    let before = folder.state();
    folder
        .run(&["encrypt", "k/a.secret.yaml", "k/b.secret.yaml"])
        .exits(2)
        .says(&[
            "2 files cannot go to standard output",
            "hint: use `--in-place`",
        ]);
    folder
        .run(&["encrypt", "k"])
        .exits(2)
        .says(&["a folder cannot go to standard output"]);
    folder
        .run(&["encrypt", "k", "-o", "x"])
        .exits(2)
        .says(&["`--output` cannot take a folder"]);
    folder
        .run(&["encrypt", "k/*.yaml", "-o", "x"])
        .exits(2)
        .says(&["`--output` cannot take 2 files"]);
    folder
        .run(&["encrypt", "k/a.secret.yaml", "none"])
        .exits(2)
        .says(&["no such file or folder", "none"])
        .prints("");
    folder
        .run(&["encrypt", "-i", "-o", "x", "k/a.secret.yaml"])
        .exits(2)
        .says(&["cannot be used with"]);
    assert_eq!(folder.state(), before);
}

#[test]
fn in_a_folder_rules_decide_and_a_failing_file_does_not_stop_the_others() {
    let folder = Folder::new();
    for number in 0..150 {
        folder.write(&format!("k/{number}.secret.yaml"), SECRET);
    }
    folder.write("k/plain.yaml", "a: 1\n");
    folder.write("k/readme.md", "# no secret\n");
    folder.write("k/bad.secret.yaml", "a: [\n");
    let bad = folder.read("k/bad.secret.yaml");
    folder.run(&["encrypt", "-i", "."]).exits(2).says(&[
        "--> k/bad.secret.yaml:2:1",
        "note: sealed 300 values in 150 files, 1 failed",
    ]);
    assert_eq!(folder.plaintext_in(), [""; 0]);
    assert_eq!(folder.read("k/bad.secret.yaml"), bad);
    assert_eq!(folder.read("k/plain.yaml"), "a: 1\n");
    let before = folder.state();
    folder
        .run(&["encrypt", "-i", "k"])
        .exits(2)
        .says(&["150 files are sealed already, 1 failed"]);
    assert_eq!(folder.state(), before);
}

#[test]
fn a_covered_file_of_an_unsupported_format_is_an_error() {
    let folder = Folder::new();
    folder.write("k/app.env", &format!("A={VALUE}\n"));
    folder.write("k/a.secret.yaml", SECRET);
    folder.run(&["encrypt", "-i", "k"]).exits(2).says(&[
        "dotenv files are not supported yet",
        "k/app.env",
        "sealed 2 values in 1 file, 1 failed",
    ]);
    folder
        .run(&["encrypt", "k/app.env"])
        .exits(2)
        .says(&["dotenv", "k/app.env", "hint: use sops"])
        .prints("");
    folder.write("k/app.ini", "[a]\n");
    folder
        .run(&["encrypt", "k/app.ini"])
        .exits(2)
        .says(&["INI files are not supported yet"]);
    folder.write("k/blob", "x");
    folder
        .run(&["encrypt", "k/blob"])
        .exits(2)
        .says(&["does not end in .yaml, .yml or .json"]);
    assert_eq!(folder.plaintext_in(), ["repo/k/app.env"]);
}

#[test]
fn a_folder_without_covered_files_is_an_error() {
    let folder = Folder::new();
    folder.write("k/plain.yaml", "a: 1\n");
    let alice = recipient("alice");
    folder
        .run(&["encrypt", "-i", "k", "--age", &alice])
        .exits(2)
        .says(&["no creation rule is for any of these files", "hint: "]);
    folder.run(&["encrypt", "--check", "k"]).exits(2);
    assert_eq!(folder.read("k/plain.yaml"), "a: 1\n");
}

#[test]
fn a_named_file_without_a_rule_is_refused_with_what_was_tried() {
    let folder = Folder::new();
    folder.write("k/x.yaml", SECRET);
    let before = folder.state();
    folder.run(&["encrypt", "-i", "k/x.yaml"]).exits(2).prints("").says(&[
        "error: no creation rule matches this file",
        "--> k/x.yaml",
        ".sops.yaml looks for `\\.secret\\.(yaml|json)$` (line 2), `\\.env$` (line 5) in the path `k/x.yaml`",
        "hint: mend a `path_regex` in .sops.yaml or add a rule, or name recipients with `--age`",
    ]);
    assert_eq!(folder.state(), before);
    let bare = Folder::bare();
    bare.write("x.yaml", SECRET);
    bare.run(&["encrypt", "x.yaml"])
        .exits(2)
        .says(&["no configuration says for whom", "hint: add a .sops.yaml"]);
}

#[test]
fn flags_work_without_a_configuration() {
    let folder = Folder::bare();
    let both = format!("{},{}", recipient("alice"), recipient("bob"));
    for (flag, value, text, clear) in [
        ("--encrypted-regex", "^s", "s: one\nt: two\n", "t: two\n"),
        ("--unencrypted-regex", "^s", "s: one\nt: two\n", "s: one\n"),
        ("--encrypted-suffix", "_e", "s_e: one\nt: two\n", "t: two\n"),
        (
            "--unencrypted-suffix",
            "_u",
            "s_u: one\nt: two\n",
            "s_u: one\n",
        ),
        (
            "--encrypted-comment-regex",
            "enc",
            "# enc\ns: one\nt: two\n",
            "t: two\n",
        ),
        (
            "--unencrypted-comment-regex",
            "clear",
            "# clear\ns: one\nt: two\n",
            "s: one\n",
        ),
    ] {
        folder.write("x.yaml", text);
        let run = folder
            .run(&["encrypt", "--age", &both, flag, value, "x.yaml"])
            .exits(0);
        assert!(run.out.contains(clear), "{flag}: {}", run.out);
        assert!(run.out.contains("ENC["), "{flag}");
        let other = if clear.contains("one") { "two" } else { "one" };
        assert!(
            !run.out.contains(&format!(": {other}\n")),
            "{flag}: {}",
            run.out
        );
        assert_eq!(run.out.matches("recipient: age1").count(), 2);
        let name = flag.trim_start_matches("--").replace('-', "_");
        assert!(run.out.contains(&format!("{name}: ")), "{flag}");
    }
    folder.write("x.yaml", "s: one\n");
    let run = folder
        .run(&["encrypt", "--age", &both, "--mac-only-encrypted", "x.yaml"])
        .exits(0);
    assert!(run.out.contains("mac_only_encrypted: true"));
    folder
        .run(&[
            "encrypt",
            "--age",
            &both,
            "--encrypted-regex",
            "a",
            "--encrypted-suffix",
            "b",
            "x.yaml",
        ])
        .exits(2)
        .says(&["exclude each other"]);
    folder
        .run(&[
            "encrypt",
            "--age",
            &both,
            "--encrypted-regex",
            "(",
            "x.yaml",
        ])
        .exits(2)
        .says(&["no valid regular expression"]);
}

#[test]
fn a_threshold_of_the_command_line_counts_for_the_groups_of_the_rule() {
    let folder = Folder::bare();
    folder.write(
        ".sops.yaml",
        &with_recipients("creation_rules:\n  - key_groups:\n      - age: ['{alice}']\n      - age: ['{bob}']\n      - age: ['{bob}']\n"),
    );
    folder.write("x.yaml", "a: b\n");
    let run = folder
        .run(&[
            "encrypt",
            "--shamir-secret-sharing-threshold",
            "2",
            "x.yaml",
        ])
        .exits(0);
    assert!(run.out.contains("shamir_threshold: 2"));
    folder
        .run(&[
            "encrypt",
            "--shamir-secret-sharing-threshold",
            "4",
            "x.yaml",
        ])
        .exits(2)
        .says(&["the threshold cannot be 4", "there are 3 key groups"]);
}

#[test]
fn recipients_come_from_the_flag_then_the_variable_then_the_rule() {
    let folder = Folder::new();
    folder.write("a.secret.yaml", SECRET);
    let (alice, bob) = (recipient("alice"), recipient("bob"));
    let of = |run: Run| -> Vec<bool> {
        [&alice, &bob]
            .map(|key| run.out.contains(key.as_str()))
            .to_vec()
    };
    assert_eq!(of(folder.run(&["encrypt", "a.secret.yaml"])), [true, false]);
    let mut command = folder.secrets(&["encrypt", "a.secret.yaml"]);
    command.env("SOPS_AGE_RECIPIENTS", &bob);
    assert_eq!(of(Run::of(command).exits(0)), [false, true]);
    let mut command = folder.secrets(&["encrypt", "--age", &alice, "a.secret.yaml"]);
    command.env("SOPS_AGE_RECIPIENTS", &bob);
    assert_eq!(of(Run::of(command).exits(0)), [true, false]);
}

#[test]
fn a_private_key_in_place_of_a_recipient_is_not_repeated() {
    let folder = Folder::new();
    folder.write("a.secret.yaml", SECRET);
    let list = fs::read_to_string(cli::keys().join("identities.txt")).unwrap();
    let key = list
        .lines()
        .find(|line| line.starts_with("AGE-SECRET-KEY-1"))
        .unwrap();
    let run = folder
        .run(&["encrypt", "--age", key, "a.secret.yaml"])
        .exits(2)
        .prints("")
        .says(&["hint: it stands in `--age`"]);
    assert!(!run.err.contains(&key[..30]), "{}", run.err);
    folder
        .run(&["encrypt", "--age", ",", "a.secret.yaml"])
        .exits(2)
        .says(&["`--age` names no recipient"]);
}

#[test]
fn a_configuration_can_be_named() {
    let folder = Folder::new();
    folder.write("a.secret.yaml", SECRET);
    let config =
        with_recipients("creation_rules:\n  - age: {bob}\n    encrypted_regex: '^stringData$'\n");
    let other = folder.write("../other.yaml", &config);
    let other = other.to_str().unwrap();
    let run = folder
        .run(&["encrypt", "--config", other, "a.secret.yaml"])
        .exits(0);
    assert!(run.out.contains(&recipient("bob")));
    let mut command = folder.secrets(&["encrypt", "a.secret.yaml"]);
    command.env("SOPS_CONFIG", other);
    assert!(Run::of(command).exits(0).out.contains(&recipient("bob")));
    folder
        .run(&["encrypt", "--config", "none", "a.secret.yaml"])
        .exits(2)
        .says(&["cannot read the configuration", "none"]);
}

#[test]
fn a_broken_configuration_is_told_once_with_its_place() {
    let folder = Folder::new();
    folder.write(
        ".sops.yaml",
        "creation_rules:\n  - path_regex: '('\n    age: nonsense\n",
    );
    folder.write("a.secret.yaml", SECRET);
    folder.write("b.secret.yaml", SECRET);
    let before = folder.state();
    let run = folder
        .run(&["encrypt", "-i", "a.secret.yaml", "b.secret.yaml"])
        .exits(2)
        .says(&["--> .sops.yaml:2:"]);
    assert_eq!(
        run.err.matches("--> .sops.yaml:2:").count(),
        1,
        "{}",
        run.err
    );
    assert_eq!(folder.state(), before);
}

#[test]
fn standard_input_needs_a_name() {
    let folder = Folder::new();
    let mut command = folder.secrets(&["encrypt", "--filename", "a.secret.yaml"]);
    command.write_stdin(SECRET);
    let run = Run::of(command).exits(0);
    assert!(run.out.contains("ENC[") && !run.out.contains(VALUE));
    let mut command = folder.secrets(&[
        "encrypt",
        "-",
        "--filename-override",
        "a.secret.yaml",
        "-o",
        "a.secret.yaml",
    ]);
    command.write_stdin(SECRET);
    Run::of(command).exits(0).prints("");
    assert_eq!(opened(&folder, "a.secret.yaml"), SECRET);
    folder
        .run(&["encrypt", "-"])
        .exits(2)
        .says(&["standard input needs a name", "hint: add `--filename NAME`"]);
    folder
        .run(&["encrypt"])
        .exits(2)
        .says(&["no path is given"]);
    folder
        .run(&["encrypt", "-i", "-", "--filename", "a.secret.yaml"])
        .exits(2)
        .says(&["cannot be written in place"]);
    folder
        .run(&["encrypt", "-i", "-", "a.secret.yaml"])
        .exits(2)
        .says(&["cannot stand beside other paths"]);
    let mut command = folder.secrets(&["encrypt", "--check", "--filename", "b.secret.yaml"]);
    command.write_stdin(SECRET);
    Run::of(command).exits(1).prints("b.secret.yaml\n");
}

#[test]
fn an_output_file_may_be_the_input() {
    let folder = Folder::new();
    folder.write("a.secret.yaml", SECRET);
    folder
        .run(&["encrypt", "a.secret.yaml", "-o", "b.yaml"])
        .exits(0)
        .prints("");
    assert_eq!(folder.plaintext_in(), ["repo/a.secret.yaml"]);
    assert_eq!(opened(&folder, "b.yaml"), SECRET);
    folder
        .run(&["encrypt", "a.secret.yaml", "-o", "a.secret.yaml"])
        .exits(0);
    assert_eq!(folder.plaintext_in(), [""; 0]);
}

#[test]
fn check_and_dry_run_list_and_write_nothing() {
    let folder = Folder::new();
    folder.write("a.secret.yaml", SECRET);
    folder.write("k/b.secret.yaml", SECRET);
    let before = folder.state();
    let list = "a.secret.yaml\nk/b.secret.yaml\n";
    folder
        .run(&["encrypt", "--check", "."])
        .exits(1)
        .prints(list)
        .says(&["4 values in 2 files would be sealed"]);
    folder
        .run(&["encrypt", "--dry-run", "-i", "."])
        .exits(0)
        .prints(list);
    folder
        .run(&["encrypt", "--check", "-i", "a.secret.yaml"])
        .exits(1)
        .prints("a.secret.yaml\n");
    folder
        .run(&["encrypt", "--dry-run", "a.secret.yaml", "-o", "x"])
        .exits(0)
        .prints("a.secret.yaml\n");
    let run = folder.run(&["encrypt", "--quiet", "--check", "."]).exits(1);
    assert_eq!(run.err, "");
    assert_eq!(folder.state(), before);
    folder.run(&["encrypt", "-i", "."]).exits(0);
    folder
        .run(&["encrypt", "--check", "."])
        .exits(0)
        .prints("")
        .says(&["2 files are sealed already"]);
}

#[test]
fn checks_are_passed_over_one_by_one() {
    let folder = Folder::bare();
    let alice = recipient("alice");
    let base = ["encrypt", "--age", &alice, "x.yaml"];
    let with = |more: &[&str]| -> Run { folder.run(&[&base, more].concat()) };
    folder.write("x.yaml", "a: b\n");
    with(&["--encrypted-regex", "^none$"])
        .exits(2)
        .prints("")
        .says(&[
            "selects nothing in this file",
            "in plaintext",
            "--allow nothing-selected",
        ]);
    let run = with(&["--encrypted-regex", "^none$", "--allow", "nothing-selected"]).exits(0);
    assert!(run.out.starts_with("a: b\nsops:"));
    assert!(
        run.err
            .contains("warning: nothing in this file is encrypted"),
        "{}",
        run.err
    );

    folder.write("x.yaml", SECRET);
    with(&["--encrypted-regex", "^user$"])
        .exits(2)
        .prints("")
        .says(&["--allow plain-secret"]);
    with(&["--encrypted-regex", "^user$", "--allow", "plain-secret"]).exits(0);
    with(&[])
        .exits(2)
        .prints("")
        .says(&["--allow encrypted-metadata"]);
    with(&["--allow", "encrypted-metadata,nothing-selected"]).exits(0);
    with(&["--allow", "everything"])
        .exits(2)
        .says(&["possible values"]);
}

#[test]
fn written_out_aliases_are_told() {
    let folder = Folder::new();
    folder.write("a.secret.yaml", "x: &x pl41n-value\nstringData:\n  a: *x\n");
    let run = folder.run(&["encrypt", "a.secret.yaml"]).exits(0);
    assert!(
        run.err.contains("aliases were written out") && run.err.contains("stringData.a"),
        "{}",
        run.err
    );
}

#[test]
fn the_configuration_is_never_sealed() {
    let folder = Folder::bare();
    folder.write(
        ".sops.yaml",
        &with_recipients("creation_rules:\n  - age: {alice}\n"),
    );
    let config = folder.read(".sops.yaml");
    folder.write("a.yaml", &format!("a: {VALUE}\n"));
    folder
        .run(&["encrypt", "-i", "."])
        .exits(0)
        .says(&["sealed 1 value in 1 file"]);
    folder
        .run(&["encrypt", "-i", "*.yaml"])
        .exits(2)
        .says(&["the configuration itself is not encrypted"]);
    assert_eq!(folder.read(".sops.yaml"), config);
    let rules = folder.write("k/rules.yaml", &config);
    folder.write("k/a.yaml", "a: b\n");
    let rules = rules.to_str().unwrap();
    folder
        .run(&["encrypt", "-i", "--config", rules, "k"])
        .exits(0)
        .says(&["sealed 1 value in 1 file"]);
    assert_eq!(folder.read("k/rules.yaml"), config);
}

#[test]
fn the_rule_of_a_path_counts_from_any_working_directory() {
    let folder = Folder::bare();
    folder.write(
        "app/.sops.yaml",
        &with_recipients("creation_rules:\n  - path_regex: '^k8s/x\\.yaml$'\n    age: {alice}\n"),
    );
    folder.write("app/k8s/x.yaml", "a: b\n");
    folder.run(&["encrypt", "app/k8s/x.yaml"]).exits(0);
    let mut command = folder.secrets(&["encrypt", "x.yaml"]);
    command.current_dir(folder.path("app/k8s"));
    Run::of(command).exits(0);
}

#[test]
fn an_ignored_configuration_name_is_told() {
    let folder = Folder::bare();
    folder.write(".sops.yml", "creation_rules: []\n");
    folder.write("x.yaml", "a: b\n");
    folder.run(&["encrypt", "x.yaml"]).exits(2).says(&[
        "warning: the file is ignored",
        ".sops.yml",
        "rename it",
    ]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_stay_links_and_modes_are_kept() {
        let folder = Folder::new();
        let path = folder.write("real/a.txt", SECRET);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real/a.txt", folder.path("a.secret.yaml")).unwrap();
        folder.run(&["encrypt", "-i", "a.secret.yaml"]).exits(0);
        assert!(
            fs::symlink_metadata(folder.path("a.secret.yaml"))
                .unwrap()
                .is_symlink()
        );
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(folder.plaintext_in(), [""; 0]);
    }

    #[test]
    fn a_link_out_of_a_folder_is_left_out_and_told() {
        let folder = Folder::new();
        folder.write("outside/a.secret.yaml", SECRET);
        folder.write("k/b.secret.yaml", SECRET);
        symlink("../outside/a.secret.yaml", folder.path("k/a.secret.yaml")).unwrap();
        symlink("b.secret.yaml", folder.path("k/c.secret.yaml")).unwrap();
        folder.run(&["encrypt", "-i", "k"]).exits(0).says(&[
            "sealed 2 values in k/b.secret.yaml",
            "1 symbolic link was left out; name them",
        ]);
        assert_eq!(
            folder.plaintext_in(),
            ["repo/k/a.secret.yaml", "repo/outside/a.secret.yaml"]
        );
    }

    #[test]
    fn a_hard_link_that_still_holds_plaintext_is_told() {
        let folder = Folder::new();
        let path = folder.write("a.secret.yaml", SECRET);
        fs::hard_link(&path, folder.path("other")).unwrap();
        folder
            .run(&["encrypt", "-i", "a.secret.yaml"])
            .exits(0)
            .says(&["warning: a.secret.yaml: 1 hard link to the file still hold"]);
    }

    #[test]
    fn a_pipe_is_read_and_written() {
        let folder = Folder::new();
        let mut command = folder.secrets(&[
            "encrypt",
            "/dev/stdin",
            "--filename",
            "a.secret.yaml",
            "-o",
            "/dev/stdout",
        ]);
        command.write_stdin(SECRET);
        let run = Run::of(command).exits(0);
        assert!(run.out.contains("ENC[") && !run.out.contains(VALUE));
    }

    #[test]
    fn a_file_of_a_folder_that_cannot_be_read_is_an_error() {
        let folder = Folder::new();
        let path = folder.write("k/a.secret.yaml", SECRET);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        if fs::read(&path).is_ok() {
            return; // the superuser reads everything
        }
        folder
            .run(&["encrypt", "--check", "k"])
            .exits(2)
            .says(&["cannot read the file"]);
    }
}

#[test]
fn a_deep_document_fits_the_stack() {
    let folder = Folder::bare();
    let alice = recipient("alice");
    let deep = format!("{}1{}", "[".repeat(240), "]".repeat(240));
    for name in ["a.yaml", "b.yaml"] {
        folder.write(name, &format!("a: {deep}\n"));
    }
    folder.run(&["encrypt", "--age", &alice, "a.yaml"]).exits(0);
    folder
        .run(&["encrypt", "-i", "--age", &alice, "a.yaml", "b.yaml"])
        .exits(0);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::new();
    folder.write(
        "a.secret.yaml",
        &format!("{SECRET}  more: {}\n", "x".repeat(1 << 20)),
    );
    let program = env!("CARGO_BIN_EXE_secrets");
    let mut child = std::process::Command::new(program)
        .args(["encrypt", "a.secret.yaml"])
        .current_dir(folder.root())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
