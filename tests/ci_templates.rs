//! The templates for CI and for the pre-commit framework: they are YAML, and their scripts do what they say,
//! with the variables that GitLab sets and a stand-in for the program.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use secrets::Format;
use secrets::audit::subject::Parsed;
use secrets::document::tree::NodeId;

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The texts of a list below keys.
fn list(parsed: &Parsed<'_>, keys: &[&str]) -> Vec<String> {
    let document = &parsed.documents[0];
    let node = parsed.at(document, keys).unwrap();
    let text = |node: NodeId| parsed.scalar(document, node).unwrap().to_owned();
    document.children(node).map(text).collect()
}

fn value<'p>(parsed: &'p Parsed<'_>, keys: &[&str]) -> Option<&'p str> {
    let document = &parsed.documents[0];
    parsed.scalar(document, parsed.at(document, keys)?)
}

/// Runs the script of a job as a runner does, and gives what the stand-in was called with.
fn run(job: &str, variables: &[(&str, &str)], folder: &Path) -> (Output, Vec<String>) {
    let source = text("templates/gitlab-ci.yml");
    let parsed = Parsed::new(source.as_bytes(), Format::Yaml).unwrap();
    let mut script = list(&parsed, &[".secrets-audit", "before_script"]);
    script.extend(list(&parsed, &[job, "script"]));
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let program = bin.join("secrets");
    let stand_in = "#!/bin/sh\nfor argument; do printf '%s|' \"$argument\"; done >> \"$LOG\"\necho >> \"$LOG\"\n[ \"$1\" != audit ] || exit \"${CODE:-0}\"\n";
    fs::write(&program, stand_in).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let log = folder.join("log");
    let _ = fs::remove_file(&log);
    let output = Command::new("sh")
        .args(["-e", "-c", &script.join("\n")])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("LOG", &log)
        .env("SECRETS_AUDIT_ARGUMENTS", "--fail-on medium")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let log = fs::read_to_string(log).unwrap_or_default();
    (output, log.lines().map(str::to_owned).collect())
}

const REPORTS: &str = "--report|gitlab-codequality=gl-code-quality-report.json|--report|junit=secrets-audit.xml|--report|gitlab-secret-detection=gl-secret-detection-report.json|--report|sarif=secrets-audit.sarif|--fail-on|medium|";

#[test]
fn a_merge_request_is_audited_from_its_base_with_the_policy_of_its_target() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "0123456789"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release/1 x"),
    ];
    let (output, log) = run("secrets-audit:merge-request", &variables, folder.path());
    assert!(output.status.success(), "{output:?}");
    let expected =
        format!("audit|--range|0123456789..HEAD|--policy-ref|origin/release/1 x|{REPORTS}");
    assert_eq!(log, ["--version|", &expected]);
    for code in ["1", "2", "3"] {
        let variables = [variables[0], variables[1], ("CODE", code)];
        let (output, _) = run("secrets-audit:merge-request", &variables, folder.path());
        assert_eq!(output.status.code().unwrap().to_string(), code);
    }
}

#[test]
fn the_default_branch_is_audited_with_its_history() {
    let folder = tempfile::tempdir().unwrap();
    let (output, log) = run("secrets-audit", &[], folder.path());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(log, ["--version|", &format!("audit|--history|{REPORTS}")]);
}

#[test]
fn each_repository_of_a_list_is_audited_by_one_of_the_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let mut urls = vec![String::new()];
    for name in ["a", "b.git", "c d", "e"] {
        let path = folder.path().join("origins").join(name.replace(' ', "%20"));
        let init = Command::new("git")
            .args(["init", "-q", "--bare"])
            .arg(&path)
            .status();
        assert!(init.unwrap().success());
        urls.push(format!(
            "  file://{} ",
            path.display().to_string().replace('%', "%25")
        ));
    }
    let urls = urls.join("\r\n");
    let job = |node: &str, nodes: &str, urls: &str| {
        let variables = [
            ("CI_NODE_INDEX", node),
            ("CI_NODE_TOTAL", nodes),
            ("CI_JOB_TOKEN", "t0ken"),
            ("CI_SERVER_HOST", "gitlab.example.com"),
            ("SECRETS_AUDIT_REPOSITORIES", urls),
        ];
        run("secrets-audit:repositories", &variables, folder.path())
    };
    let mut found = BTreeSet::new();
    for (node, count) in [("1", 2), ("2", 1), ("3", 1)] {
        let (output, log) = job(node, "3", &urls);
        assert!(output.status.success(), "{output:?}");
        let audit = log.last().unwrap();
        assert!(
            audit.starts_with(&format!("audit|--history|{REPORTS}/")),
            "{audit}"
        );
        assert!(!audit.contains("t0ken"));
        let paths: Vec<&str> = audit
            .split('|')
            .filter(|part| part.starts_with('/'))
            .collect();
        assert_eq!(paths.len(), count);
        for path in paths {
            assert!(Path::new(path).join("HEAD").exists(), "{path}");
            found.insert(Path::new(path).file_name().unwrap().to_owned());
        }
    }
    assert_eq!(found.len(), 4);
    // A job without a share does nothing, and does not audit its own folder instead.
    let (output, log) = job("5", "5", &urls);
    assert!(output.status.success());
    assert_eq!(log, ["--version|"]);
    // A clone that fails is no audit.
    let (output, log) = job("1", "1", "file:///nowhere/x.git");
    assert!(!output.status.success());
    assert_eq!(log, ["--version|"]);
}

#[test]
fn the_jobs_see_whole_histories_and_fail_as_the_audit_does() {
    let source = text("templates/gitlab-ci.yml");
    assert!(
        !source
            .lines()
            .any(|line| line.trim_start().starts_with("allow_failure:"))
    );
    let parsed = Parsed::new(source.as_bytes(), Format::Yaml).unwrap();
    assert_eq!(parsed.error, None);
    let at = |keys: &[&str]| value(&parsed, keys);
    assert_eq!(at(&[".secrets-audit", "variables", "GIT_DEPTH"]), Some("0"));
    assert_eq!(
        at(&["variables", "SECRETS_VERSION"]),
        Some(env!("CARGO_PKG_VERSION"))
    );
    for job in [
        "secrets-audit:merge-request",
        "secrets-audit",
        "secrets-audit:repositories",
    ] {
        assert_eq!(at(&[job, "extends"]), Some(".secrets-audit"));
    }
}

#[test]
fn the_hooks_of_the_framework_look_at_the_index_and_at_no_list_of_files() {
    let source = text(".pre-commit-hooks.yaml");
    let parsed = Parsed::new(source.as_bytes(), Format::Yaml).unwrap();
    let document = &parsed.documents[0];
    let hooks = document.children(document.root().unwrap());
    let of = |hook, key| {
        parsed
            .scalar(document, parsed.get(document, hook, key).unwrap())
            .unwrap()
    };
    let shown = |hook| {
        [
            of(hook, "id"),
            of(hook, "entry"),
            of(hook, "pass_filenames"),
            of(hook, "always_run"),
        ]
    };
    let hooks: Vec<[&str; 4]> = hooks.map(shown).collect();
    assert_eq!(
        hooks,
        [
            ["secrets-audit", "secrets audit --staged", "false", "true"],
            ["secrets-seal", "secrets encrypt --staged", "false", "true"],
        ]
    );
}
