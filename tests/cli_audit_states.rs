//! `secrets audit` where working tree, index and history differ: in conflicts, in sparse trees, with rules that are
//! not everywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/audited.rs"]
mod audited;
#[path = "support/cli.rs"]
mod cli;

use std::fs;

use audited::{audit, commit, findings, first, git, repository};
use cli::{Folder, Run, SECRET};
use serde_json::Value;

const PLAIN: &str = "SEC001 app.secret.yaml stringData.user";

#[test]
fn every_side_of_a_conflict_is_looked_at_before_a_commit() {
    for (ours, theirs) in [("plain", "sealed"), ("sealed", "plain")] {
        let folder = repository();
        let root = folder.root();
        let sealed = fs::read_to_string(root.join("app.secret.yaml")).unwrap();
        let text = |which| match which {
            "plain" => SECRET.to_owned(),
            _ => format!("{sealed}\n\n"),
        };
        git(&root, &["checkout", "--quiet", "-b", "theirs"]);
        folder.write("app.secret.yaml", &text(theirs));
        commit(&folder, "theirs");
        git(&root, &["checkout", "--quiet", "-b", "ours", "HEAD~1"]);
        folder.write("app.secret.yaml", &text(ours));
        commit(&folder, "ours");
        let merge = std::process::Command::new("git")
            .arg("-C")
            .arg(&root)
            .args(["-c", "user.name=a", "-c", "user.email=a@example.invalid"])
            .args(["merge", "--quiet", "theirs"])
            .output();
        assert!(!merge.unwrap().status.success());
        let report = audit(&folder, &["--staged"], 1);
        assert_eq!(findings(&report), [PLAIN], "{ours} {theirs}");
    }
}

#[test]
fn rules_that_are_not_staged_count_before_a_commit() {
    let folder = Folder::new();
    git(&folder.root(), &["init", "--quiet"]);
    folder.write("k8s/a.secret.yaml", SECRET);
    git(&folder.root(), &["add", "k8s"]);
    let report = audit(&folder, &["--staged"], 1);
    assert_eq!(
        findings(&report),
        ["SEC001 k8s/a.secret.yaml stringData.user"]
    );
    // Of two configurations the one that is staged is what is committed.
    git(&folder.root(), &["add", ".sops.yaml"]);
    folder.write(".sops.yaml", "creation_rules: []\n");
    let report = audit(&folder, &["--staged"], 1);
    assert_eq!(
        findings(&report),
        ["SEC001 k8s/a.secret.yaml stringData.user"]
    );
}

#[test]
fn rules_that_only_the_index_has_count() {
    let folder = repository();
    folder.write("app.secret.yaml", SECRET);
    fs::remove_file(folder.root().join(".sops.yaml")).unwrap();
    for arguments in [&[][..], &["--history"]] {
        let report = audit(&folder, arguments, 1);
        assert!(findings(&report).contains(&PLAIN.to_owned()), "{report}");
    }
}

#[test]
fn a_change_can_add_rules_to_those_of_a_protected_revision_and_take_none_away() {
    let folder = repository();
    let root = folder.root();
    let rules = fs::read_to_string(root.join(".sops.yaml")).unwrap();
    git(&root, &["branch", "protected"]);
    // A rule and a plain file that it covers, in one change.
    let more = rules.replace(
        "creation_rules:\n",
        "creation_rules:\n  - path_regex: ^extra/\n    age: RECIPIENT\n",
    );
    let recipient = rules
        .split_whitespace()
        .find(|word| word.starts_with("age1"))
        .unwrap();
    folder.write(".sops.yaml", &more.replace("RECIPIENT", recipient));
    folder.write("extra/values.yaml", "licence: Xk29sLqP0vTz7m\n");
    commit(&folder, "A rule");
    let arguments = ["--range", "protected..HEAD", "--policy-ref", "protected"];
    let report = audit(&folder, &arguments, 1);
    assert_eq!(findings(&report), ["SEC001 extra/values.yaml licence"]);
    // Rules that are taken away count as before.
    folder.write(".sops.yaml", "creation_rules: []\n");
    folder.write("app.secret.yaml", SECRET);
    commit(&folder, "No rules");
    let report = audit(&folder, &arguments, 1);
    assert!(findings(&report).contains(&PLAIN.to_owned()), "{report}");
}

#[test]
fn what_is_staged_is_not_told_again_as_lost() {
    let folder = repository();
    folder.write(
        "other.yaml",
        "kind: Secret\napiVersion: v1\nmetadata:\n  name: a\nstringData:\n  p: Xk29sLqP0vTz7m\n",
    );
    git(&folder.root(), &["add", "other.yaml"]);
    let report = audit(&folder, &["--history"], 1);
    assert_eq!(findings(&report), ["SEC003 other.yaml stringData.p"]);
    // Then it is: nothing else has it.
    git(&folder.root(), &["rm", "--quiet", "--force", "other.yaml"]);
    let report = audit(&folder, &["--history"], 1);
    assert_eq!(findings(&report), ["SEC003 - stringData.p"]);
    let fix = first(&report)["fix"].as_str().unwrap();
    assert!(fix.contains("git gc --prune=now"), "{fix}");
}

/// A rule over a folder, which says little about a ConfigMap in it.
fn broad() -> (Folder, String, String) {
    let folder = Folder::new();
    git(
        &folder.root(),
        &["init", "--quiet", "--initial-branch=main"],
    );
    let config = "creation_rules: [{path_regex: '^clusters/.*\\.yaml$', encrypted_regex: '^data$', age: '{alice}'}]";
    folder.write(".sops.yaml", &cli::with_recipients(config));
    let plain =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  licence: pl41n-value\n";
    folder.write("clusters/a/cm.yaml", plain);
    folder.run(&["encrypt", "-i", "clusters"]).exits(0);
    let sealed = folder.read("clusters/a/cm.yaml");
    (folder, plain.to_owned(), sealed)
}

#[test]
fn a_file_that_was_sealed_once_is_meant_to_be() {
    let (folder, plain, sealed) = broad();
    let path = "clusters/a/cm.yaml";
    let plain_file = ["SEC001 clusters/a/cm.yaml data.licence"];
    folder.write(path, &plain);
    folder.write("clusters/a/other.yaml", &plain);
    let start = commit(&folder, "Start");
    // Nothing says that it was ever sealed.
    let report = audit(&folder, &[], 0);
    assert_eq!(findings(&report).len(), 2);
    folder.write(path, &sealed);
    git(&folder.root(), &["add", path]);
    folder.write(path, &plain);
    // The index has it sealed.
    let report = audit(&folder, &[], 1);
    let all = report["findings"].as_array().unwrap();
    let decides = |f: &&Value| f["severity"] != "info" && f["confidence"] == "certain";
    let deciding: Vec<&Value> = all.iter().filter(decides).collect();
    assert_eq!(deciding.len(), 1);
    assert_eq!(deciding[0]["path"], path);
    assert_eq!(deciding[0]["severity"], "critical");
    let message = deciding[0]["message"].as_str().unwrap();
    assert!(message.ends_with("another version of the file is sealed, so it is meant to be"));
    // The working tree has it sealed, and the index has not.
    git(&folder.root(), &["add", path]);
    folder.write(path, &sealed);
    audit(&folder, &[], 1);
    let sealed_at = commit(&folder, "Seal");
    audit(&folder, &[], 0);
    // An older version is proven as well.
    let report = audit(&folder, &["--history"], 1);
    let history: Vec<String> = findings(&report);
    assert!(history.contains(&"SEC014 clusters/a/cm.yaml data.licence".to_owned()));
    // `HEAD` has it sealed.
    folder.write(path, &plain);
    audit(&folder, &[], 1);
    git(&folder.root(), &["add", path]);
    audit(&folder, &[], 1);
    assert_eq!(findings(&audit(&folder, &["--staged"], 1)), plain_file);
    let junit = Run::of(folder.keyless(&["audit", "--format", "junit"])).exits(1);
    assert!(junit.out.contains("<failure"), "{}", junit.out);
    let opened = commit(&folder, "Oops");
    let range = |from: &str, to: &str| format!("{from}..{to}");
    for (from, code) in [(&start, 1), (&sealed_at, 1), (&opened, 0)] {
        audit(&folder, &["--range", &range(from, "HEAD")], code);
    }
    audit(&folder, &["--history"], 1);
}

#[test]
fn a_file_is_counted_once() {
    let (folder, ..) = broad();
    let before = commit(&folder, "Start");
    let config = folder.read(".sops.yaml");
    folder.write(".sops.yaml", &format!("# changed\n{config}"));
    folder.write("README.md", "x\n");
    let sealed = folder.read("clusters/a/cm.yaml");
    folder.write("clusters/b/cm.yaml", &sealed);
    commit(&folder, "Change the rules");
    git(
        &folder.root(),
        &["clone", "--quiet", "--bare", ".", "bare.git"],
    );
    let counts = |report: &Value| {
        let repository = &report["repositories"][0];
        (
            repository["covered"].as_u64(),
            repository["sealed"].as_u64(),
        )
    };
    let range = format!("{before}..HEAD");
    assert_eq!(
        counts(&audit(&folder, &["--range", &range], 0)),
        (Some(2), Some(2))
    );
    for arguments in [&["bare.git"][..], &["--history", "bare.git"]] {
        assert_eq!(counts(&audit(&folder, arguments, 0)), (Some(2), Some(2)));
    }
}

#[test]
fn a_block_that_encrypts_nothing_is_not_sealed() {
    let folder = repository();
    folder.write("v.secret.yaml", "smtp:\n  licence: pl41n-value\n");
    let found = findings(&audit(&folder, &[], 1));
    assert_eq!(found, ["SEC001 v.secret.yaml smtp.licence"]);
    let arguments = [
        "encrypt",
        "-i",
        "--allow",
        "nothing-selected",
        "v.secret.yaml",
    ];
    folder.run(&arguments).exits(0);
    let report = audit(&folder, &[], 1);
    assert_eq!(findings(&report), ["SEC002 v.secret.yaml smtp.licence"]);
    assert_eq!(report["repositories"][0]["covered"], 2);
    assert_eq!(report["repositories"][0]["sealed"], 1);
}
