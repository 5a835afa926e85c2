//! `secrets audit` where working tree, index and history differ: in conflicts, in sparse trees, with rules that are
//! not everywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/audited.rs"]
mod audited;
#[path = "support/cli.rs"]
mod cli;

use std::fs;

use audited::{audit, commit, findings, first, git, repository};
use cli::{Folder, SECRET};

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
