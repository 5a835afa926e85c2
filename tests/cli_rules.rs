//! `secrets rules` as users run it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/cli.rs"]
mod cli;

use std::process::Command;

use cli::{Folder, Run, recipient, with_recipients};
use serde_json::{Value, json};

const RULES: &str = "creation_rules:
  - path_regex: '^k8s/.*\\.yaml$'
    encrypted_regex: '^(data|stringData)$'
    age: '{alice},{bob}'
  - path_regex: '^k8s/prod/'
    age: {bob}
  - path_regex: '^none/'
    shamir_threshold: 2
    key_groups:
      - age: ['{alice}']
      - age: ['{bob}']
        pgp: [ABCD]
";

fn folder(rules: &str) -> Folder {
    let folder = Folder::bare();
    folder.write(".sops.yaml", &with_recipients(rules));
    folder
}

fn json_of(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap()
}

fn git(folder: &Folder, arguments: &[&str]) {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder.root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn explain_tells_rule_reasons_selector_and_recipients() {
    let folder = folder(RULES);
    let run = folder
        .run(&["rules", "explain", "k8s/prod/a.json"])
        .exits(0);
    let bob = recipient("bob");
    let expected = format!(
        "k8s/prod/a.json
  config    .sops.yaml (the nearest above the file)
  path      k8s/prod/a.json (relative to the configuration)
  not       rule 1 (line 2): path_regex `^k8s/.*\\.yaml$`
  matches   rule 2 (line 5): path_regex `^k8s/prod/`
  encrypts  all values but those below keys that end in `_unencrypted` (unencrypted_suffix, the default)
  for       {bob}
"
    );
    assert_eq!(run.out, expected);
    assert_eq!(run.err, "");
}

#[test]
fn explain_writes_json_for_each_path_in_order() {
    let folder = folder(RULES);
    let run = folder
        .run(&[
            "rules",
            "explain",
            "--format",
            "json",
            "k8s/a.yaml",
            "other.txt",
        ])
        .exits(1);
    let answer = json_of(&run);
    assert_eq!(answer["version"], 1);
    let (alice, bob) = (recipient("alice"), recipient("bob"));
    assert_eq!(
        answer["paths"][0],
        json!({
            "path": "k8s/a.yaml",
            "format": "yaml",
            "config": ".sops.yaml",
            "config_from": "file",
            "path_text": "k8s/a.yaml",
            "considered": [{"rule": 0, "line": 2, "path_regex": "^k8s/.*\\.yaml$", "matched": true}],
            "rule": 0,
            "line": 2,
            "path_regex": "^k8s/.*\\.yaml$",
            "selector": {"encrypted_regex": "^(data|stringData)$"},
            "selector_is_default": false,
            "recipients": [alice, bob],
            "groups": [{"age": [alice, bob], "others": []}],
            "threshold": null,
            "mac_only_encrypted": false,
            "problem": null,
        })
    );
    let second = &answer["paths"][1];
    assert_eq!(second["rule"], Value::Null);
    assert_eq!(second["selector"], Value::Null);
    assert_eq!(second["recipients"], json!([]));
    assert_eq!(second["considered"].as_array().unwrap().len(), 3);
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(second), keys(&answer["paths"][0]));
}

#[test]
fn explain_shows_groups_threshold_and_what_cannot_be_sealed() {
    let folder = folder(RULES);
    let run = folder.run(&["rules", "explain", "none/x.env"]).exits(0);
    for words in [
        "opens     with 2 of 2 key groups",
        "for       group 1: age1",
        "for       group 2: pgp ABCD",
        "problem   the rule needs keys of other kinds: pgp",
        "dotenv files are not supported yet",
    ] {
        assert!(run.out.contains(words), "no {words:?} in {}", run.out);
    }
    let run = folder
        .run(&["rules", "explain", "--format", "json", "none/x.env"])
        .exits(0);
    let answer = &json_of(&run)["paths"][0];
    assert_eq!(answer["threshold"], 2);
    assert_eq!(answer["groups"][1]["others"], json!(["pgp ABCD"]));
    assert!(
        answer["problem"]
            .as_str()
            .unwrap()
            .contains("keys of other kinds")
    );
    assert_eq!(answer["format"], Value::Null);
}

#[test]
fn explain_without_a_rule_or_a_configuration_is_a_no() {
    let folder = folder(RULES);
    let run = folder.run(&["rules", "explain", "x.yaml"]).exits(1);
    assert!(
        run.out.contains("rule      none: no path_regex matches"),
        "{}",
        run.out
    );
    let bare = Folder::bare();
    let run = bare.run(&["rules", "explain", "x.yaml"]).exits(1);
    assert!(
        run.out.contains("config    none: no .sops.yaml"),
        "{}",
        run.out
    );
    let run = bare
        .run(&["rules", "explain", "--format", "json", "x.yaml"])
        .exits(1);
    assert_eq!(json_of(&run)["paths"][0]["config"], Value::Null);
}

#[test]
fn explain_finds_or_takes_the_configuration() {
    let folder = folder(RULES);
    folder.write(
        "sub/.sops.yaml",
        &with_recipients("creation_rules:\n  - age: {bob}\n"),
    );
    let run = folder
        .run(&["rules", "explain", "--format", "json", "sub/deep/x.yaml"])
        .exits(0);
    assert_eq!(json_of(&run)["paths"][0]["config"], "sub/.sops.yaml");
    let run = folder
        .run(&[
            "rules",
            "explain",
            "--config",
            "sub/.sops.yaml",
            "k8s/a.yaml",
        ])
        .exits(0);
    assert!(
        run.out.contains("named by --config") && run.out.contains("absolute: it is not below"),
        "{}",
        run.out
    );
    assert!(run.out.contains("no path_regex, so it is for every file"));
    let mut command = folder.secrets(&["rules", "explain", "--format", "json", "k8s/a.yaml"]);
    command
        .env("SOPS_CONFIG", "sub/.sops.yaml")
        .env("SOPS_AGE_RECIPIENTS", recipient("alice"));
    let run = Run::of(command)
        .exits(0)
        .says(&["warning: SOPS_AGE_RECIPIENTS is set"]);
    assert_eq!(json_of(&run)["paths"][0]["config_from"], "environment");
    folder.write(".sops.yaml", "creation_rules: 3\n");
    folder
        .run(&["rules", "explain", "x.yaml"])
        .exits(2)
        .prints("")
        .says(&["--> .sops.yaml:1:"]);
}

#[test]
fn list_shows_files_of_git_and_idle_rules() {
    let folder = folder(RULES);
    git(&folder, &["init", "-q"]);
    folder.write(".gitignore", "ignored\n");
    for name in [
        "k8s/a.yaml",
        "k8s/prod/b.yaml",
        "k8s/ignored/c.yaml",
        "other.yaml",
    ] {
        folder.write(name, "a: 1\n");
    }
    folder.write("sub/.sops.yaml", "creation_rules: []\n");
    folder.write("sub/k8s/x.yaml", "a: 1\n");
    git(&folder, &["add", "k8s/a.yaml", "other.yaml"]);
    std::fs::remove_file(folder.path("other.yaml")).unwrap();
    let run = folder.run(&["rules", "list"]).exits(0);
    assert_eq!(
        run.out,
        ".sops.yaml: 3 rules, 3 files that Git tracks or would track
rule 1 (line 2), path_regex `^k8s/.*\\.yaml$`: 2 files
  k8s/a.yaml
  k8s/prod/b.yaml
rule 2 (line 5), path_regex `^k8s/prod/`: shadowed, all it matches goes to rule 1 (line 2)
rule 3 (line 7), path_regex `^none/`: dead, it matches none of the files
no rule: 1 file
another .sops.yaml: 1 file
"
    );
    let mut command = folder.secrets(&["rules", "list", "--format", "json"]);
    command.current_dir(folder.path("k8s"));
    let answer = json_of(&Run::of(command).exits(0));
    assert_eq!(answer["version"], 1);
    assert_eq!(answer["files_from"], "git");
    assert_eq!(
        answer["rules"][0]["files"],
        json!(["k8s/a.yaml", "k8s/prod/b.yaml"])
    );
    assert_eq!(answer["rules"][1]["state"], "shadowed");
    assert_eq!(answer["rules"][1]["by"], json!([0]));
    assert_eq!(answer["rules"][2]["state"], "dead");
    assert_eq!(answer["uncovered"], json!([".gitignore"]));
    assert_eq!(answer["elsewhere"], 1);
}

#[test]
fn list_walks_a_folder_without_git_and_tells_unreachable_rules() {
    let folder = folder("creation_rules:\n  - age: {alice}\n  - path_regex: x\n    age: {bob}\n");
    folder.write("x.yaml", "a: 1\n");
    let run = folder.run(&["rules", "list"]).exits(0);
    assert_eq!(
        run.out,
        ".sops.yaml: 2 rules, 1 file in its folder
rule 1 (line 2), every file: 1 file
  x.yaml
rule 2 (line 3), path_regex `x`: unreachable, rule 1 (line 2) is for every file
no rule: 0 files
"
    );
}

#[test]
fn list_needs_a_configuration() {
    let folder = Folder::bare();
    folder
        .run(&["rules", "list"])
        .exits(2)
        .prints("")
        .says(&["there is no .sops.yaml here or above", "hint: "]);
    folder
        .run(&["rules", "list", "--config", "none"])
        .exits(2)
        .says(&["cannot read the configuration"]);
}

#[cfg(unix)]
#[test]
fn names_do_not_act_on_the_terminal() {
    let folder = folder("creation_rules:\n  - age: {alice}\n");
    folder.write("a\u{1b}[2Jb.yaml", "a: 1\n");
    let run = folder.run(&["rules", "list"]).exits(0);
    assert!(run.out.contains("  a\\u{1b}[2Jb.yaml\n"), "{:?}", run.out);
    let run = folder
        .run(&["rules", "explain", "x\n  for  age1evil"])
        .exits(0);
    assert!(!run.out.contains("\n  for  age1evil"), "{}", run.out);
}
