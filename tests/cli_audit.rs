//! `secrets audit` as a person and a pipeline run it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/audited.rs"]
mod audited;
#[path = "support/cli.rs"]
mod cli;

use std::fs;
use std::path::Path;
use std::process::Command;

use audited::{audit, commit, findings, first, git, repository};
use cli::{Folder, Run, SECRET, VALUE};
use serde_json::Value;

#[test]
fn a_repository_as_it_should_be_is_green_and_nothing_is_written() {
    let folder = repository();
    let before = folder.state();
    let report = audit(&folder, &[], 0);
    assert_eq!(report["version"], 1);
    let repository = &report["repositories"][0];
    assert_eq!(repository["complete"], true);
    assert_eq!(repository["covered"], 1);
    assert_eq!(repository["sealed"], 1);
    assert_eq!(repository["files"], 2);
    assert_eq!(findings(&report), Vec::<String>::new());
    let report = audit(&folder, &["--history"], 0);
    assert!(report["repositories"][0]["objects"].as_u64().unwrap() >= 4);
    audit(&folder, &["--staged"], 0);
    audit(&folder, &["--range", "HEAD..HEAD"], 0);
    assert!(before == folder.state());
}

#[test]
fn a_plain_file_under_a_rule_is_found_with_its_place() {
    let folder = repository();
    folder.write("k8s/db.secret.yaml", SECRET);
    let report = audit(&folder, &[], 1);
    assert_eq!(
        findings(&report),
        ["SEC001 k8s/db.secret.yaml stringData.user"]
    );
    let finding = first(&report);
    assert_eq!(finding["severity"], "critical");
    assert_eq!(finding["confidence"], "certain");
    assert_eq!(finding["line"], 6);
    assert_eq!(finding["commit"], Value::Null);
    assert_eq!(finding["repository"], ".");
    assert_eq!(finding["fingerprint"].as_str().unwrap().len(), 64);
    let plain = Run::of(folder.keyless(&["audit"])).exits(1);
    assert!(plain.out.contains("critical[SEC001]"), "{}", plain.out);
    assert!(plain.out.contains("k8s/db.secret.yaml:6"), "{}", plain.out);
    assert!(!plain.out.contains(VALUE), "{}", plain.out);
}

#[test]
fn what_only_the_index_has_is_found() {
    let folder = repository();
    let sealed = fs::read(folder.path("app.secret.yaml")).unwrap();
    folder.write("app.secret.yaml", SECRET);
    git(&folder.root(), &["add", "app.secret.yaml"]);
    fs::write(folder.path("app.secret.yaml"), sealed).unwrap();
    assert_eq!(findings(&audit(&folder, &[], 1)).len(), 1);
    assert_eq!(findings(&audit(&folder, &["--staged"], 1)).len(), 1);
    folder.write("b.secret.yaml", SECRET);
    git(&folder.root(), &["reset", "--quiet", "--hard"]);
    git(&folder.root(), &["add", "b.secret.yaml"]);
    fs::remove_file(folder.path("b.secret.yaml")).unwrap();
    let found = findings(&audit(&folder, &["--staged"], 1));
    assert_eq!(found, ["SEC001 b.secret.yaml stringData.user"]);
    assert_eq!(findings(&audit(&folder, &[], 1)), found);
}

#[test]
fn a_value_added_to_a_sealed_file_is_found_when_staged() {
    let folder = repository();
    let path = folder.path("app.secret.yaml");
    let sealed = fs::read_to_string(&path).unwrap();
    let added = sealed.replace("stringData:\n", "stringData:\n  added: pl41n-value\n");
    fs::write(&path, added).unwrap();
    git(&folder.root(), &["add", "app.secret.yaml"]);
    let found = findings(&audit(&folder, &["--staged"], 1));
    assert_eq!(found, ["SEC002 app.secret.yaml stringData.added"]);
}

#[test]
fn an_older_plain_version_is_found_in_the_history() {
    let folder = repository();
    folder.write("db.secret.yaml", SECRET);
    let plain = commit(&folder, "Add in plaintext");
    folder.run(&["encrypt", "-i", "db.secret.yaml"]).exits(0);
    let sealed = commit(&folder, "Seal");
    audit(&folder, &[], 0);
    let report = audit(&folder, &["--history"], 1);
    assert_eq!(findings(&report), ["SEC014 db.secret.yaml stringData.user"]);
    assert_eq!(first(&report)["commit"], plain.as_str());
    // A range that brings both is told of it; a later one is not.
    let range = format!("{plain}~1..{sealed}");
    assert_eq!(findings(&audit(&folder, &["--range", &range], 1)).len(), 1);
    audit(&folder, &["--range", &format!("{plain}..{sealed}")], 0);
    // The end of a range is judged as a tree.
    let report = audit(&folder, &["--range", &format!("{plain}~1..{plain}")], 1);
    assert_eq!(findings(&report), ["SEC001 db.secret.yaml stringData.user"]);
}

#[test]
fn a_value_of_many_versions_is_told_with_the_commit_that_brought_it() {
    let folder = repository();
    let before = git(&folder.root(), &["rev-parse", "HEAD"]);
    let mut commits = Vec::new();
    for number in 0..6 {
        folder.write(
            "other/s.yaml",
            &SECRET.replace("name: ", &format!("name: v{number}-")),
        );
        commits.push(commit(&folder, "Change"));
    }
    fs::remove_file(folder.path("other/s.yaml")).unwrap();
    let last = commit(&folder, "Remove");
    let (range, later) = (
        format!("{before}..{last}"),
        format!("{}..{last}", commits[2]),
    );
    for _ in 0..2 {
        let report = audit(&folder, &["--history"], 1);
        assert_eq!(first(&report)["commit"], commits[0].as_str());
        let report = audit(&folder, &["--range", &range], 1);
        assert_eq!(first(&report)["commit"], commits[0].as_str());
        let report = audit(&folder, &["--range", &later], 1);
        assert_eq!(first(&report)["commit"], commits[3].as_str());
        git(&folder.root(), &["gc", "--quiet"]);
    }
}

#[test]
fn stashes_lost_commits_and_messages_belong_to_the_history() {
    let folder = repository();
    folder.write("s.secret.yaml", SECRET);
    git(&folder.root(), &["stash", "--quiet", "--include-untracked"]);
    let found = findings(&audit(&folder, &["--history"], 1));
    assert_eq!(found, ["SEC014 s.secret.yaml stringData.user"]);
    git(&folder.root(), &["stash", "drop", "--quiet"]);
    git(
        &folder.root(),
        &["reflog", "expire", "--expire=all", "--all"],
    );
    let report = audit(&folder, &["--history"], 1);
    assert_eq!(findings(&report), found);
    let message = first(&report)["message"].as_str().unwrap();
    assert!(message.contains("no reference leads to"), "{message}");
    // A blob that no commit has.
    folder.write("lost.yaml", &SECRET.replace("admin", "another"));
    let lost = git(&folder.root(), &["hash-object", "-w", "lost.yaml"]);
    fs::remove_file(folder.path("lost.yaml")).unwrap();
    let report = audit(&folder, &["--history"], 1);
    let all = report["findings"].as_array().unwrap().iter();
    let of_lost = all.filter(|f| f["message"].as_str().unwrap().contains(&lost));
    assert!(of_lost.count() > 0, "{report:#}");
}

#[test]
fn a_shallow_clone_is_no_proof_of_the_history() {
    let folder = repository();
    commit_more(&folder);
    let url = format!("file://{}", folder.root().display());
    git(
        &folder.root(),
        &["clone", "--quiet", "--depth=1", &url, "shallow"],
    );
    let report = audit(&folder, &["--history", "shallow"], 3);
    assert_eq!(report["repositories"][0]["complete"], false);
    let reason = report["unchecked"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("shallow"), "{reason}");
    audit(&folder, &["shallow"], 0);
}

fn commit_more(folder: &Folder) {
    folder.write("README.md", "more\n");
    commit(folder, "More");
}

#[test]
fn a_configuration_that_is_not_valid_is_never_green() {
    let folder = repository();
    folder.write(".sops.yaml", "creation_rules:\n  - path_regex: '('\n");
    let report = audit(&folder, &[], 3);
    assert_eq!(report["unchecked"][0]["path"], ".sops.yaml");
}

#[test]
fn a_covered_file_that_cannot_be_parsed_is_never_green() {
    let folder = repository();
    folder.write("x.secret.yaml", "a: [1\nb: }\n");
    let report = audit(&folder, &[], 3);
    assert_eq!(report["unchecked"][0]["path"], "x.secret.yaml");
}

#[test]
fn known_findings_of_a_baseline_do_not_count_and_new_ones_do() {
    let folder = repository();
    folder.write("old.secret.yaml", SECRET);
    audit(&folder, &["--write-baseline", "known.json"], 0);
    let text = fs::read_to_string(folder.path("known.json")).unwrap();
    assert!(!text.contains(VALUE) && text.contains("SEC001"), "{text}");
    let report = audit(&folder, &["--baseline", "known.json"], 0);
    assert_eq!(findings(&report), Vec::<String>::new());
    assert_eq!(report["suppressed"][0]["by"], "baseline");
    // A line that moves is the same finding; another value is not.
    folder.write("old.secret.yaml", &format!("# moved\n{SECRET}"));
    audit(&folder, &["--baseline", "known.json"], 0);
    folder.write("new.secret.yaml", SECRET);
    let report = audit(&folder, &["--baseline", "known.json"], 1);
    assert_eq!(
        findings(&report),
        ["SEC001 new.secret.yaml stringData.user"]
    );
}

#[test]
fn suppressions_need_a_reason_and_a_use() {
    let folder = repository();
    let allowed = SECRET.replace(
        "  user: admin",
        "  # secrets: allow SEC003 a test account\n  user: admin",
    );
    let allowed = allowed.replace("  password: \"pl41n-value\"\n", "");
    folder.write("outside.yaml", &allowed);
    let report = audit(&folder, &[], 0);
    assert_eq!(report["suppressed"][0]["reason"], "a test account");
    assert_eq!(report["suppressed"][0]["check"], "SEC003");
    audit(&folder, &["--no-suppressions"], 1);
    folder.write("outside.yaml", &allowed.replace(" a test account", ""));
    let found = findings(&audit(&folder, &[], 1));
    assert!(found.iter().any(|f| f.starts_with("SEC903")), "{found:?}");
    assert!(found.iter().any(|f| f.starts_with("SEC003")), "{found:?}");
    folder.write(
        "outside.yaml",
        "# secrets: allow SEC003 nothing here\na: b\n",
    );
    let found = findings(&audit(&folder, &[], 1));
    assert_eq!(found, ["SEC901 outside.yaml -"]);
}

#[test]
fn a_policy_from_a_protected_branch_is_not_loosened_by_the_change() {
    let folder = repository();
    folder.write("outside.yaml", SECRET);
    folder.write(
        ".secrets-audit.yaml",
        "version: 1\nsuppressions:\n  - check: SEC003\n    path: outside.yaml\n    reason: trust me\n",
    );
    audit(&folder, &[], 0);
    audit(&folder, &["--policy-ref", "main"], 1);
    git(&folder.root(), &["switch", "--quiet", "-c", "change"]);
    commit(&folder, "Add a leak and its excuse");
    let report = audit(&folder, &["--range", "main..change"], 0);
    let checks: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    assert_eq!(checks, ["SEC904"]);
    audit(
        &folder,
        &["--range", "main..change", "--policy-ref", "main"],
        1,
    );
}

#[test]
fn several_repositories_have_one_report_and_shards_share_them() {
    let folder = repository();
    for name in ["a", "b", "c"] {
        let path = folder.path(name);
        fs::create_dir(&path).unwrap();
        git(&path, &["init", "--quiet"]);
    }
    fs::copy(folder.path(".sops.yaml"), folder.path("b/.sops.yaml")).unwrap();
    folder.write("b/x.secret.yaml", SECRET);
    let report = audit(&folder, &["a", "b", "c"], 1);
    assert_eq!(report["repositories"].as_array().unwrap().len(), 3);
    assert_eq!(first(&report)["repository"], "b");
    audit(&folder, &["a", "b", "c", "--shard", "1/2"], 0);
    audit(&folder, &["a", "b", "c", "--shard", "2/2"], 1);
    let mut command = folder.keyless(&["audit", "a", "b", "c", "--shard"]);
    command.env("CI_NODE_INDEX", "2").env("CI_NODE_TOTAL", "2");
    Run::of(command).exits(1);
    Run::of(folder.keyless(&["audit", "a", "--shard"]))
        .exits(2)
        .says(&["CI_NODE_INDEX", "hint: "]);
}

#[test]
fn standard_input_is_judged_by_its_name() {
    let folder = repository();
    let run = |name: &str, text: &str| {
        let mut command = folder.keyless(&["audit", "-", "--filename", name, "--format", "json"]);
        let output = command.write_stdin(text).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), findings(&report))
    };
    assert_eq!(
        run("k8s/x.secret.yaml", SECRET),
        (
            1,
            vec!["SEC001 k8s/x.secret.yaml stringData.user".to_owned()]
        )
    );
    let (code, found) = run("other.yaml", SECRET);
    assert_eq!(code, 1);
    assert!(found[0].starts_with("SEC003 other.yaml"), "{found:?}");
    assert_eq!(run("x.yaml", "a: b\n"), (0, Vec::new()));
}

#[test]
fn a_plain_folder_is_looked_at_whole() {
    let folder = Folder::new();
    folder.write("x.secret.yaml", SECRET);
    let found = findings(&audit(&folder, &[], 1));
    assert_eq!(found, ["SEC001 x.secret.yaml stringData.user"]);
    Run::of(folder.keyless(&["audit", "--history"]))
        .exits(2)
        .says(&["not a Git repository", "hint: "]);
}

#[test]
fn fixing_seals_what_a_rule_covers() {
    let folder = repository();
    folder.write("x.secret.yaml", SECRET);
    folder.write("outside.yaml", SECRET);
    let run = Run::of(folder.keyless(&["audit", "--fix"])).exits(1);
    assert!(!run.out.contains("SEC001"), "{}", run.out);
    assert!(run.out.contains("SEC003"), "{}", run.out);
    assert!(
        fs::read_to_string(folder.path("x.secret.yaml"))
            .unwrap()
            .contains("ENC[")
    );
    fs::remove_file(folder.path("outside.yaml")).unwrap();
    folder.write("y.secret.yaml", SECRET);
    git(&folder.root(), &["add", "."]);
    Run::of(folder.keyless(&["audit", "--staged", "--fix"])).exits(0);
    let staged = git(&folder.root(), &["show", ":y.secret.yaml"]);
    assert!(staged.contains("ENC[") && !staged.contains(VALUE));
}

#[test]
fn opening_proves_the_mac() {
    let folder = repository();
    let open = |folder: &Folder| folder.run(&["audit", "--open"]);
    open(&folder).exits(0);
    // Without an identity nothing is proven.
    Run::of(folder.keyless(&["audit", "--open"])).exits(3);
    let path = folder.path("app.secret.yaml");
    let edited = fs::read_to_string(&path)
        .unwrap()
        .replace("name: app ", "name: other ");
    fs::write(&path, edited).unwrap();
    audit(&folder, &[], 0);
    let run = open(&folder).exits(1);
    assert!(run.out.contains("SEC015"), "{}", run.out);
}

#[test]
fn a_found_identity_is_told_with_what_it_opens() {
    let folder = repository();
    let identities = fs::read_to_string(cli::keys().join("identities.txt")).unwrap();
    folder.write("keys.txt", &identities);
    let report = audit(&folder, &[], 1);
    let all = report["findings"].as_array().unwrap();
    let opens = |finding: &&Value| {
        let message = finding["message"].as_str().unwrap();
        finding["check"] == "SEC101" && message.contains("opens 1 sealed file: app.secret.yaml")
    };
    assert_eq!(all.iter().filter(opens).count(), 1, "{report:#}");
    let text = report.to_string();
    assert!(!text.contains("AGE-SECRET-KEY-1"), "{text}");
}

#[test]
fn reports_are_written_beside_each_other() {
    let folder = repository();
    folder.write("x.secret.yaml", SECRET);
    let arguments = [
        "audit",
        "--report",
        "json=a.json",
        "--report",
        "sarif=a.sarif",
        "--report",
        "gitlab-codequality=q.json",
        "--report",
        "gitlab-secret-detection=s.json",
        "--report",
        "junit=j.xml",
        "--report",
        "github=g.txt",
    ];
    Run::of(folder.keyless(&arguments)).exits(1);
    for name in ["a.json", "a.sarif", "q.json", "s.json"] {
        let text = fs::read_to_string(folder.path(name)).unwrap();
        serde_json::from_str::<Value>(&text).unwrap();
        assert!(text.contains("SEC001") && !text.contains(VALUE), "{name}");
    }
    assert!(
        fs::read_to_string(folder.path("j.xml"))
            .unwrap()
            .contains("<testcase")
    );
    assert!(
        fs::read_to_string(folder.path("g.txt"))
            .unwrap()
            .starts_with("::error ")
    );
}

#[test]
fn the_severity_that_decides_can_be_set() {
    let folder = repository();
    folder.write(
        ".gitlab-ci.yml",
        "variables:\n  DB_PASSWORD: q8Zr2vX7LwP0sKd9Tn4M\n",
    );
    let found = findings(&audit(&folder, &[], 1));
    assert_eq!(found, ["SEC208 .gitlab-ci.yml variables.DB_PASSWORD"]);
    audit(&folder, &["--fail-on", "critical"], 0);
    Run::of(folder.keyless(&["audit", "--fail-on", "info"])).exits(2);
}

#[test]
fn what_cannot_be_asked_is_said() {
    let folder = repository();
    let table: &[(&[&str], &str)] = &[
        (&["audit", "app.secret.yaml"], "not a folder"),
        (&["audit", "nowhere"], "nowhere"),
        (&["audit", "--range", "nobody..HEAD"], "`nobody`"),
        (&["audit", "--range", "HEAD"], "origin/main..HEAD"),
        (&["audit", "--policy-ref", "nobody"], "`nobody`"),
        (&["audit", "--format", "xml"], "plain, json, sarif"),
        (&["audit", "--report", "json"], "sarif=audit.sarif"),
        (&["audit", "--staged", "--history"], "--history"),
        (&["audit", "--baseline", "missing.json"], "missing.json"),
    ];
    for (arguments, word) in table {
        Run::of(folder.keyless(arguments)).exits(2).says(&[word]);
    }
}

#[test]
fn a_key_that_is_a_token_is_in_no_report_and_can_be_suppressed_by_its_name() {
    let drawn = "q7Vb2Lw9XkT4mR8sZp3N";
    let token = format!("glpat-{drawn}");
    let folder = repository();
    folder.write("a.yaml", &format!("{token}: x\n"));
    folder.write(
        "b.yaml",
        &format!("apiVersion: v1\nkind: Secret\nstringData:\n  {drawn}: pl41n-value\n"),
    );
    let mut arguments = vec!["audit"];
    for report in [
        "json=out/a.json",
        "sarif=out/a.sarif",
        "gitlab-codequality=out/q.json",
        "gitlab-secret-detection=out/s.json",
        "junit=out/j.xml",
        "github=out/g.txt",
    ] {
        arguments.extend(["--report", report]);
    }
    fs::create_dir(folder.path("out")).unwrap();
    let run = Run::of(folder.keyless(&arguments));
    assert_eq!(run.code, 1, "{run:?}");
    let mut texts = vec![run.out.clone(), run.err.clone()];
    for entry in fs::read_dir(folder.path("out")).unwrap() {
        texts.push(fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    assert_eq!(texts.len(), 8);
    for text in texts {
        assert!(!text.contains(drawn), "{text}");
    }
    fs::remove_dir_all(folder.path("out")).unwrap();
    let found = findings(&audit(&folder, &[], 1));
    assert_eq!(found, ["SEC105 a.yaml …", "SEC003 b.yaml stringData.…"]);
    folder.write(
        ".secrets-audit.yaml",
        &format!(
            "version: 1\nsuppressions:\n  - {{check: SEC105, path: a.yaml, key_path: {token}, reason: one}}\n  - {{check: SEC003, path: b.yaml, key_path: stringData.{drawn}, reason: two}}\n"
        ),
    );
    let report = audit(&folder, &[], 1);
    let found = findings(&report);
    // The entry itself has the token.
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("SEC105 .secrets-audit.yaml"),
        "{found:?}"
    );
    assert!(!report.to_string().contains(drawn));
}

/// A rule that counts from the folder of the configuration.
const ANCHORED: &str = "creation_rules:\n  - path_regex: ^k8s/.*\\.enc\\.yaml$\n    encrypted_regex: ^data$\n    age: {alice}\n";

const PLAIN: &str = "data:\n  a: pl41n-value\n";

/// A repository with a rule for `k8s/`, in the folder `infra` of the working directory.
fn infra() -> Folder {
    let folder = Folder::bare();
    folder.write("infra/.sops.yaml", &cli::with_recipients(ANCHORED));
    git(&folder.path("infra"), &["init", "--quiet"]);
    folder
}

/// The program in a folder below the working directory.
fn at(folder: &Folder, below: &str, arguments: &[&str]) -> assert_cmd::Command {
    let mut command = folder.keyless(arguments);
    command.current_dir(folder.path(below));
    command
}

#[test]
fn standard_input_is_judged_by_rules_that_count_from_their_folder() {
    let folder = infra();
    folder.write("infra/k8s/v.enc.yaml", PLAIN);
    let central = folder.write("central.yaml", &cli::with_recipients(ANCHORED));
    let central = central.to_str().unwrap();
    let absolute = folder.path("infra/k8s/v.enc.yaml");
    let absolute = absolute.to_str().unwrap();
    let run = |below: &str, more: &[&str], text: &'static str| {
        let arguments = [&["audit", "-", "--format", "json"], more].concat();
        let mut command = at(&folder, below, &arguments);
        let output = command.write_stdin(text).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), findings(&report).len())
    };
    let cases: &[(&str, &[&str], i32)] = &[
        ("infra", &["--filename", "k8s/v.enc.yaml"], 1),
        ("infra/k8s", &["--filename", "v.enc.yaml"], 1),
        (".", &["--filename", "infra/k8s/v.enc.yaml"], 1),
        (".", &["--filename", absolute], 1),
        (
            "infra/k8s",
            &["--filename", "v.enc.yaml", "--config", "../.sops.yaml"],
            1,
        ),
        (
            ".",
            &["--filename", "k8s/v.enc.yaml", "--config", "central.yaml"],
            1,
        ),
        (
            "infra",
            &["--filename", "k8s/v.enc.yaml", "--config", central],
            0,
        ),
        ("infra", &["--filename", "v.enc.yaml"], 0),
    ];
    for (below, more, code) in cases {
        let found = run(below, more, PLAIN);
        assert_eq!(found, (*code, usize::try_from(*code).unwrap()), "{more:?}");
        let broken = if *code == 1 { 3 } else { 0 };
        assert_eq!(run(below, more, "a: [\n").0, broken, "{more:?}");
    }
}

#[test]
fn a_configuration_is_named_from_the_working_directory() {
    let folder = infra();
    fs::rename(
        folder.path("infra/.sops.yaml"),
        folder.path("infra/other.yaml"),
    )
    .unwrap();
    folder.write("infra/k8s/v.enc.yaml", PLAIN);
    // Two rules, so that there is something to say of the configuration itself.
    let twice = ANCHORED.replace("^k8s", "^infra/k8s");
    let rule = twice.strip_prefix("creation_rules:\n").unwrap();
    folder.write(
        "central.yaml",
        &cli::with_recipients(&format!("{twice}{rule}")),
    );
    let central = folder.path("central.yaml");
    let central = central.to_str().unwrap();
    for (below, config, target) in [
        (".", "infra/other.yaml", "infra"),
        ("infra", "other.yaml", "."),
        ("infra", "./k8s/../other.yaml", "k8s"),
        ("infra/k8s", "../other.yaml", "."),
        (".", "central.yaml", "infra"),
        (".", central, "infra"),
        ("infra/k8s", "../../central.yaml", ".."),
    ] {
        let arguments = ["audit", "--config", config, target];
        let run = Run::of(at(&folder, below, &arguments)).exits(1);
        assert!(
            run.out.contains("critical[SEC001]"),
            "{config}: {}",
            run.out
        );
        for line in run.out.lines().filter(|line| line.contains("--> ")) {
            let place = line.split_once("--> ").unwrap().1;
            let path = place.split(':').next().unwrap();
            assert!(folder.path(below).join(path).is_file(), "{config}: {line}");
        }
        assert_eq!(
            run.out.contains("SEC012"),
            config.contains("central"),
            "{}",
            run.out
        );
    }
}

#[cfg(unix)]
#[test]
fn a_configuration_behind_a_link_counts_from_where_it_was_named() {
    let folder = infra();
    folder.write("infra/k8s/v.enc.yaml", PLAIN);
    fs::remove_file(folder.path("infra/.sops.yaml")).unwrap();
    folder.write("shared/all.yaml", &cli::with_recipients(ANCHORED));
    let link = folder.path("infra/linked.yaml");
    std::os::unix::fs::symlink(folder.path("shared/all.yaml"), link).unwrap();
    std::os::unix::fs::symlink(folder.path("infra"), folder.path("link")).unwrap();
    audit(&folder, &["--config", "infra/linked.yaml", "infra"], 1);
    audit(&folder, &["--config", "link/linked.yaml", "link"], 1);
    audit(&folder, &["--config", "link/linked.yaml", "infra"], 1);
}

#[test]
fn places_are_told_from_the_top_of_the_repository() {
    let folder = infra();
    folder.write("infra/k8s/v.enc.yaml", PLAIN);
    for (below, target, place) in [
        (".", "infra/k8s", "infra/k8s/v.enc.yaml"),
        (".", "infra/k8s/", "infra/k8s/v.enc.yaml"),
        (".", "infra/.git", "infra/k8s/v.enc.yaml"),
        ("infra", "k8s", "k8s/v.enc.yaml"),
        ("infra", "./k8s", "k8s/v.enc.yaml"),
        ("infra/k8s", ".", "../k8s/v.enc.yaml"),
        ("infra/k8s", "../k8s", "../k8s/v.enc.yaml"),
    ] {
        let arguments = ["audit", target, "--format", "github"];
        let run = Run::of(at(&folder, below, &arguments)).exits(1);
        let place_in_project = place.trim_start_matches("../");
        let file = format!("file={place_in_project},");
        assert!(run.out.contains(&file), "{target}: {}", run.out);
        let run = Run::of(at(&folder, below, &["audit", target])).exits(1);
        let place = format!("--> {place}:2:6");
        assert!(run.out.contains(&place), "{target}: {}", run.out);
    }
}

#[test]
fn a_folder_that_git_ignores_is_looked_at_if_it_is_named() {
    let folder = infra();
    let root = folder.path("infra");
    let report = |target: &str, code| {
        let run = Run::of(at(&folder, "infra", &["audit", "--format", "json", target]));
        assert_eq!(run.code, code, "{target}: {run:?}");
        findings(&serde_json::from_str(&run.out).unwrap())
    };
    folder.write("infra/k8s/out/v.enc.yaml", PLAIN);
    let secret = SECRET.replace("  user: admin\n", "");
    folder.write("infra/k8s/out/deep/app.yaml", &secret);
    folder.write("infra/k8s/kept.yaml", "a: b\n");
    let expected = [
        "SEC003 k8s/out/deep/app.yaml stringData.password",
        "SEC001 k8s/out/v.enc.yaml data.a",
    ];
    for patterns in [
        "out/\n",
        "/k8s/out\n",
        "/k8s/out/*\n!.gitkeep\n",
        "*.yaml\n!.sops.yaml\n",
    ] {
        folder.write("infra/.gitignore", patterns);
        folder.write("infra/k8s/out/.gitkeep", "");
        assert_eq!(report(".", 0), Vec::<String>::new(), "{patterns}");
        assert_eq!(report("k8s/out", 1), expected, "{patterns}");
        assert_eq!(report("k8s/out/deep", 1), [expected[0]], "{patterns}");
        let run = Run::of(at(&folder, "infra/k8s/out", &["audit"])).exits(1);
        assert!(
            run.out.contains("--> ../../k8s/out/v.enc.yaml:2"),
            "{}",
            run.out
        );
    }
    // One file of it is tracked all the same.
    folder.write("infra/.gitignore", "out/\n");
    folder.write("infra/k8s/out/tracked.yaml", "a: b\n");
    git(
        &root,
        &[
            "add",
            "--force",
            "k8s/out/tracked.yaml",
            ".sops.yaml",
            ".gitignore",
        ],
    );
    assert_eq!(report("k8s/out", 1), expected);
    for scope in [&["--staged"][..], &["--range", "HEAD..HEAD"]] {
        let arguments = [&["audit", "k8s/out"], scope].concat();
        git(&root, &["commit", "--quiet", "--allow-empty", "-m", "Some"]);
        Run::of(at(&folder, "infra", &arguments))
            .exits(2)
            .says(&["Git ignores this folder", "hint: "]);
    }
    Run::of(at(&folder, "infra/k8s/out", &["audit", "--staged"])).exits(0);
}

#[test]
fn an_empty_shard_is_done_in_every_format() {
    let folder = infra();
    for format in [
        "plain",
        "json",
        "sarif",
        "junit",
        "github",
        "gitlab-codequality",
        "gitlab-secret-detection",
    ] {
        let arguments = ["audit", "infra", "--shard", "4/4", "--format", format];
        let run = Run::of(folder.keyless(&arguments)).exits(0);
        for word in [
            "incomplete",
            "not checked",
            "was looked at",
            "failure\"",
            ":false",
        ] {
            assert!(!run.out.contains(word), "{format}: {}", run.out);
        }
        assert_eq!(
            run.out.contains("this shard has no repository"),
            format == "plain"
        );
    }
}

#[test]
fn every_file_that_an_identity_opens_is_told() {
    let folder = repository();
    let identities = fs::read_to_string(cli::keys().join("identities.txt")).unwrap();
    let sealed = fs::read_to_string(folder.path("app.secret.yaml")).unwrap();
    for number in 0..7 {
        folder.write(&format!("n{number}.secret.yaml"), &sealed);
    }
    commit(&folder, "Add");
    fs::remove_file(folder.path("n6.secret.yaml")).unwrap();
    commit(&folder, "Remove");
    folder.write("keys.txt", &identities);
    let report = audit(&folder, &["--history"], 1);
    let all = report["findings"].as_array().unwrap();
    let opens = |finding: &Value| finding["opens"].as_array().unwrap().clone();
    let opens: Vec<Value> = all.iter().map(opens).find(|all| !all.is_empty()).unwrap();
    assert_eq!(opens.len(), 8, "{opens:?}");
    assert_eq!(opens[0]["path"], "app.secret.yaml");
    assert_eq!(opens[0]["repository"], ".");
    assert_eq!(opens[0]["in_history"], false);
    assert_eq!(opens[7]["path"], "n6.secret.yaml");
    assert_eq!(opens[7]["in_history"], true);
    let run = Run::of(folder.keyless(&["audit", "--history"])).exits(1);
    assert!(run.out.contains("= opens n5.secret.yaml\n"), "{}", run.out);
    assert!(
        run.out
            .contains("= opens n6.secret.yaml (in its history)\n"),
        "{}",
        run.out
    );
    for number in 7..60 {
        folder.write(&format!("n{number}.secret.yaml"), &sealed);
    }
    let run = Run::of(folder.keyless(&["audit"])).exits(1);
    assert_eq!(run.out.matches("= opens n").count(), 9, "{}", run.out);
    assert!(
        run.out.contains("= opens 50 more in .: `--format json`"),
        "{}",
        run.out
    );
}

#[test]
fn the_variables_of_git_say_which_repository_is_meant() {
    let folder = infra();
    folder.write("infra/k8s/v.enc.yaml", PLAIN);
    git(&folder.path("infra"), &["add", "--all"]);
    fs::create_dir(folder.path("elsewhere")).unwrap();
    let (git_dir, work_tree) = (folder.path("infra/.git"), folder.path("infra"));
    let run = |below: &str, variables: &[(&str, &Path)], arguments: &[&str]| {
        let arguments = [&["audit", "--format", "json"], arguments].concat();
        let mut command = at(&folder, below, &arguments);
        command.envs(variables.iter().copied());
        let output = command.output().unwrap();
        let code = output.status.code().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (code, report)
    };
    let both = [("GIT_DIR", &*git_dir), ("GIT_WORK_TREE", &*work_tree)];
    for scope in [&[][..], &["--staged"], &["--history"]] {
        let (code, report) = run("elsewhere", &both, scope);
        assert_eq!(code, 1, "{scope:?} {report}");
        assert_eq!(findings(&report), ["SEC001 k8s/v.enc.yaml data.a"]);
        let path = Path::new(report["repositories"][0]["path"].as_str().unwrap());
        assert!(path.join("k8s/v.enc.yaml").is_file(), "{path:?}");
    }
    // Git takes the working directory for the work tree.
    let alone = [("GIT_DIR", Path::new(".git"))];
    assert_eq!(run("infra", &alone, &[]).0, 1);
    // The dotfiles of a home: files here, repository there.
    folder.write("files/k8s/w.enc.yaml", PLAIN);
    folder.write("files/.sops.yaml", &cli::with_recipients(ANCHORED));
    let files = folder.path("files");
    let (code, report) = run("files", &[("GIT_DIR", &*git_dir)], &[]);
    assert_eq!((code, findings(&report).len()), (1, 2), "{report}");
    let (_, report) = run("infra", &[("GIT_WORK_TREE", &*files)], &[]);
    assert!(findings(&report).contains(&"SEC001 k8s/w.enc.yaml data.a".to_owned()));
    // Who names a repository means it.
    git(&folder.path("elsewhere"), &["init", "--quiet"]);
    folder.write("elsewhere/README.md", "nothing\n");
    git(&folder.path("elsewhere"), &["add", "--all"]);
    for target in [".", "../elsewhere"] {
        assert_eq!(run("elsewhere", &both, &[target]).0, 0, "{target}");
        assert_eq!(
            run("elsewhere", &both, &[target, "--staged"]).0,
            0,
            "{target}"
        );
    }
    assert_eq!(run("infra", &[("GIT_DIR", &*files)], &[]).0, 2);
}

#[test]
fn a_hook_of_a_linked_worktree_is_about_that_worktree() {
    let folder = infra();
    let root = folder.path("infra");
    git(&root, &["add", ".sops.yaml"]);
    git(&root, &["commit", "--quiet", "-m", "Start"]);
    git(&root, &["worktree", "add", "--quiet", "../linked"]);
    folder.write("linked/k8s/v.enc.yaml", PLAIN);
    git(&folder.path("linked"), &["add", "--all"]);
    let program = env!("CARGO_BIN_EXE_secrets");
    for arguments in ["", "--staged", "--staged .", "."] {
        let hook =
            format!("#!/bin/sh\n'{program}' audit --format json {arguments} >\"$OUT\"\nexit 1\n");
        let hook = folder.write("infra/.git/hooks/pre-commit", &hook);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        }
        for paths in [&[][..], &["k8s/v.enc.yaml"]] {
            let out = folder.path("out.json");
            let status = Command::new("git")
                .current_dir(folder.path("linked"))
                .args(["-c", "user.name=a", "-c", "user.email=a@example.invalid"])
                .args(["commit", "--quiet", "-m", "x"])
                .args(paths)
                .env("OUT", &out)
                .output()
                .unwrap();
            assert!(!status.status.success());
            let report: Value = serde_json::from_slice(&fs::read(out).unwrap()).unwrap();
            let expected = ["SEC001 k8s/v.enc.yaml data.a"];
            assert_eq!(findings(&report), expected, "{arguments} {paths:?}");
        }
    }
}

#[test]
fn fixing_what_is_staged_stays_in_the_audited_repositories() {
    let folder = infra();
    folder.write("infra/k8s/v.enc.yaml", PLAIN);
    folder.write("here/.sops.yaml", &cli::with_recipients(ANCHORED));
    folder.write("here/k8s/own.enc.yaml", PLAIN);
    git(&folder.path("here"), &["init", "--quiet"]);
    for name in ["infra", "here"] {
        git(&folder.path(name), &["add", "--all"]);
    }
    fs::create_dir(folder.path("nowhere")).unwrap();
    for (below, target) in [
        ("here", "../infra"),
        ("nowhere", "../infra"),
        (".", "infra"),
    ] {
        folder.write("infra/k8s/v.enc.yaml", PLAIN);
        git(&folder.path("infra"), &["add", "--all"]);
        let arguments = ["audit", "--fix", "--staged", target];
        Run::of(at(&folder, below, &arguments)).exits(0);
        let staged = git(&folder.path("infra"), &["show", ":k8s/v.enc.yaml"]);
        assert!(staged.contains("ENC["), "{below}: {staged}");
        assert!(folder.read("infra/k8s/v.enc.yaml").contains("ENC["));
        let other = git(&folder.path("here"), &["show", ":k8s/own.enc.yaml"]);
        assert_eq!(format!("{other}\n"), PLAIN);
        assert_eq!(folder.read("here/k8s/own.enc.yaml"), PLAIN);
    }
    // In a hook of another repository, too.
    folder.write("infra/k8s/v.enc.yaml", PLAIN);
    git(&folder.path("infra"), &["add", "--all"]);
    let mut command = at(&folder, "here", &["audit", "--fix", "--staged", "../infra"]);
    command
        .env("GIT_DIR", folder.path("here/.git"))
        .env("GIT_INDEX_FILE", folder.path("here/.git/index"));
    Run::of(command).exits(0);
    let other = git(&folder.path("here"), &["show", ":k8s/own.enc.yaml"]);
    assert_eq!(format!("{other}\n"), PLAIN);
    // Both at once.
    folder.write("infra/k8s/v.enc.yaml", PLAIN);
    git(&folder.path("infra"), &["add", "--all"]);
    Run::of(at(
        &folder,
        "here",
        &["audit", "--fix", "--staged", ".", "../infra"],
    ))
    .exits(0);
    for (name, path) in [("infra", ":k8s/v.enc.yaml"), ("here", ":k8s/own.enc.yaml")] {
        assert!(git(&folder.path(name), &["show", path]).contains("ENC["));
    }
}

#[test]
fn fixing_leaves_what_does_not_decide() {
    let write = |folder: &Folder| {
        folder.write("infra/k8s/known.enc.yaml", PLAIN);
        folder.write(
            "infra/k8s/comment.enc.yaml",
            &PLAIN.replace("  a:", "  # secrets: allow SEC001 a sample\n  a:"),
        );
        folder.write("infra/k8s/policy.enc.yaml", PLAIN);
        folder.write(
            "infra/.secrets-audit.yaml",
            "version: 1\nsuppressions:\n  - check: SEC001\n    path: k8s/policy.enc.yaml\n    reason: a sample\n",
        );
    };
    let names = ["known", "comment", "policy"].map(|name| format!("infra/k8s/{name}.enc.yaml"));
    for staged in [false, true] {
        let folder = infra();
        write(&folder);
        let before = names.clone().map(|name| folder.read(&name));
        audit(&folder, &["infra", "--write-baseline", "known.json"], 0);
        folder.write("infra/k8s/new.enc.yaml", PLAIN);
        git(&folder.path("infra"), &["add", "--all"]);
        let mut arguments = vec!["audit", "infra", "--fix", "--baseline", "known.json"];
        arguments.extend(staged.then_some("--staged"));
        let run = Run::of(folder.keyless(&arguments));
        assert!(
            folder.read("infra/k8s/new.enc.yaml").contains("ENC["),
            "{run:?}"
        );
        for (name, before) in names.iter().zip(before) {
            assert_eq!(folder.read(name), before, "{run:?}");
            let left = format!("{name} (suppressed)");
            assert!(run.err.contains(&left), "{run:?}");
            let index = name.replace("infra/", ":");
            let index = git(&folder.path("infra"), &["show", &index]);
            assert_eq!(format!("{index}\n"), before);
        }
        assert!(
            run.err.contains("3 plain files stayed as they are"),
            "{run:?}"
        );
    }
}

#[test]
fn options_without_effect_are_refused() {
    let folder = repository();
    let table: &[(&[&str], &[&str])] = &[
        (
            &["audit", "--filename", "x.yaml"],
            &["--filename", "audit - --filename"],
        ),
        (
            &["audit", ".", "--filename", "x.yaml"],
            &["--filename", "audit - --filename"],
        ),
        (&["audit", "-", "--fix"], &["--fix", "secrets encrypt -"]),
        (&["audit", "-", "--policy-ref", "main"], &["--policy-ref"]),
        (&["audit", "-", "--shard", "2/2"], &["--shard"]),
        (&["audit", "-", "."], &["`-` is one text and stands alone"]),
        (&["audit", ".", "-"], &["`-` is one text and stands alone"]),
        (
            &["audit", "--range", "@{u}..HEAD"],
            &[
                "`@{u}`",
                "form that is not understood",
                "git rev-parse '@{u}'",
            ],
        ),
        (
            &["audit", "--range", "HEAD@{1}..HEAD"],
            &["`HEAD@{1}`", "form that is not understood", "git rev-parse"],
        ),
    ];
    for (arguments, words) in table {
        let mut command = folder.keyless(arguments);
        command.write_stdin("a: b\n");
        Run::of(command).exits(2).says(words);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_told_without_a_file_that_is_not_there() {
    let folder = repository();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_secrets"))
        .current_dir(folder.root())
        .arg("audit")
        .stdout(full)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("standard output") && said.contains("hint: make room"),
        "{said}"
    );
    assert!(!said.contains("the old file is intact"), "{said}");
}
