//! `secrets git install-hook` and `uninstall-hook` with the real Git, and the hook in real commits. The
//! hook runs a stand-in for the program, which writes down how it was called.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/cli.rs"]
mod cli;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cli::{Folder, Run};

const FOREIGN: &str = "#!/bin/sh\necho foreign >> \"$LOG\"\nexit \"${FOREIGN_CODE:-0}\"\n";

/// A repository with one file staged, and a stand-in in `bin`, both next to each other.
struct Repository(Folder);

impl Repository {
    fn new() -> Self {
        let repository = Repository(Folder::bare());
        repository.git(&["init", "-q", "-b", "main"]);
        let stand_in = "#!/bin/sh\ncase $* in *--check) exit \"${CHECK_CODE:-1}\";; esac\necho \"$*\" >> \"$LOG\"\ncase $1 in audit) exit \"${AUDIT_CODE:-0}\";; *) exit \"${SEAL_CODE:-0}\";; esac\n";
        program(&repository.beside("bin/secrets"), stand_in);
        repository
    }

    /// A path next to the repository.
    fn beside(&self, name: &str) -> PathBuf {
        self.0.root().parent().unwrap().join(name)
    }

    fn hook(&self) -> PathBuf {
        self.0.path(".git/hooks/pre-commit")
    }

    fn saved(&self) -> PathBuf {
        self.0.path(".git/hooks/pre-commit.secrets-saved")
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new("git");
        let bin = self.beside("bin");
        command
            .current_dir(folder)
            .env_clear()
            .env("HOME", self.beside("home"))
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("LOG", self.beside("log"))
            .args(["-c", "user.name=A", "-c", "user.email=a@example.invalid"]);
        command
    }

    fn git(&self, arguments: &[&str]) {
        let root = self.0.root();
        let output = self.command(&root).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    /// Commits a change in a work tree, and says what ran.
    fn commit_in(&self, folder: &Path, environment: &[(&str, &str)]) -> (Output, Vec<String>) {
        let _ = fs::remove_file(self.beside("log"));
        fs::write(folder.join("a"), format!("{environment:?}{folder:?}")).unwrap();
        let add = self.command(folder).args(["add", "a"]).status().unwrap();
        assert!(add.success());
        let mut commit = self.command(folder);
        commit.args(["commit", "-q", "--allow-empty", "-m", "x"]);
        commit.envs(environment.iter().copied());
        let output = commit.output().unwrap();
        let log = fs::read_to_string(self.beside("log")).unwrap_or_default();
        (output, log.lines().map(str::to_owned).collect())
    }

    /// As [`Repository::commit_in`], with only whether it was made and what ran.
    fn commit(&self, environment: &[(&str, &str)]) -> (bool, Vec<String>) {
        let (output, log) = self.commit_in(&self.0.root(), environment);
        (output.status.success(), log)
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let arguments = [&["git"], arguments].concat();
        Run::of(self.0.keyless(&arguments))
    }
}

fn program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

const AUDIT: &str = "audit --staged";
const SEAL: &str = "encrypt --staged";

#[test]
fn the_hook_decides_over_the_commit() {
    let repository = Repository::new();
    let installed = repository.run(&["install-hook"]).exits(0);
    installed.says(&["note: the hook is installed: ", ".git/hooks/pre-commit"]);
    assert_eq!(mode(&repository.hook()) & 0o100, 0o100);
    assert_eq!(repository.commit(&[]), (true, vec![AUDIT.to_owned()]));
    let root = repository.0.root();
    for (code, words) in [
        ("1", &["secrets encrypt --staged", "git commit"][..]),
        ("2", &["could not be checked"]),
        ("3", &["could not be checked"]),
    ] {
        let (output, log) = repository.commit_in(&root, &[("AUDIT_CODE", code)]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{code}");
        assert_eq!(log, [AUDIT]);
        for word in words {
            assert!(said.contains(word), "{said}");
        }
    }
}

#[test]
fn the_commands_are_told_only_if_they_help() {
    let repository = Repository::new();
    repository.run(&["install-hook"]).exits(0);
    let environment = [("AUDIT_CODE", "1"), ("CHECK_CODE", "0")];
    let (output, _) = repository.commit_in(&repository.0.root(), &environment);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("sealing does not help here"), "{said}");
    assert!(!said.contains("encrypt --staged"), "{said}");
}

#[test]
fn a_commit_of_named_files_is_told_to_stage_them() {
    let repository = Repository::new();
    repository.run(&["install-hook"]).exits(0);
    assert!(repository.commit(&[]).0);
    repository.0.write("a", "changed");
    let root = repository.0.root();
    for (arguments, expected) in [(["commit", "a"], true), (["commit", "-a"], false)] {
        let mut commit = repository.command(&root);
        let output = commit
            .args(arguments)
            .args(["-m", "x"])
            .env("AUDIT_CODE", "1")
            .output();
        let said = String::from_utf8(output.unwrap().stderr).unwrap();
        assert_eq!(said.contains("git add PATH"), expected, "{said}");
        assert_eq!(said.contains("git add -u"), !expected, "{said}");
        assert!(said.contains("secrets encrypt --staged"), "{said}");
    }
}

#[test]
fn with_fix_it_seals_before_it_looks() {
    let repository = Repository::new();
    repository.run(&["install-hook", "--fix"]).exits(0);
    let both = vec![SEAL.to_owned(), AUDIT.to_owned()];
    assert_eq!(repository.commit(&[]), (true, both.clone()));
    assert_eq!(repository.commit(&[("AUDIT_CODE", "1")]), (false, both));
    let failed = repository.commit(&[("SEAL_CODE", "2")]);
    assert_eq!(failed, (false, vec![SEAL.to_owned()]));
    // Without the flag again.
    repository.run(&["install-hook"]).exits(0);
    assert_eq!(repository.commit(&[]), (true, vec![AUDIT.to_owned()]));
}

#[test]
fn without_the_program_in_path_the_installed_one_is_used_and_without_any_nothing_passes() {
    let repository = Repository::new();
    repository.run(&["install-hook"]).exits(0);
    let hook = fs::read_to_string(repository.hook()).unwrap();
    assert!(hook.contains(&format!("'{}'", env!("CARGO_BIN_EXE_secrets"))));
    fs::remove_file(repository.beside("bin/secrets")).unwrap();
    let hook = hook.replace(env!("CARGO_BIN_EXE_secrets"), "/nowhere/secrets");
    program(&repository.hook(), &hook);
    if ["/usr/local/bin", "/usr/bin"]
        .iter()
        .all(|folder| !Path::new(folder).join("secrets").exists())
    {
        let (output, _) = repository.commit_in(&repository.0.root(), &[]);
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("nothing was checked"), "{said}");
    }
    program(
        &repository.beside("home/.cargo/bin/secrets"),
        "#!/bin/sh\necho home \"$*\" >> \"$LOG\"\n",
    );
    assert_eq!(
        repository.commit(&[]),
        (true, vec![format!("home {AUDIT}")])
    );
}

#[test]
fn a_hook_that_is_there_runs_first_and_comes_back_as_it_was() {
    let repository = Repository::new();
    program(&repository.hook(), FOREIGN);
    fs::set_permissions(repository.hook(), fs::Permissions::from_mode(0o751)).unwrap();
    repository
        .run(&["install-hook"])
        .exits(0)
        .says(&["runs first"]);
    assert_eq!(repository.commit(&[]).1, ["foreign", AUDIT]);
    assert_eq!(
        repository.commit(&[("FOREIGN_CODE", "1")]),
        (false, vec!["foreign".to_owned()])
    );
    // Again, and with other arguments: it is kept once.
    repository
        .run(&["install-hook"])
        .exits(0)
        .says(&["installed already"]);
    repository.run(&["install-hook", "--fix"]).exits(0);
    assert_eq!(repository.commit(&[]).1, ["foreign", SEAL, AUDIT]);
    repository
        .run(&["uninstall-hook"])
        .exits(0)
        .says(&["put back"]);
    assert_eq!(fs::read_to_string(repository.hook()).unwrap(), FOREIGN);
    assert_eq!(mode(&repository.hook()), 0o751);
    assert!(!repository.saved().exists());
    assert_eq!(repository.commit(&[]).1, ["foreign"]);
}

#[test]
fn a_hook_that_git_would_not_run_is_not_run() {
    let repository = Repository::new();
    program(&repository.hook(), FOREIGN);
    fs::set_permissions(repository.hook(), fs::Permissions::from_mode(0o644)).unwrap();
    repository.run(&["install-hook"]).exits(0);
    assert_eq!(repository.commit(&[]).1, [AUDIT]);
    repository.run(&["uninstall-hook"]).exits(0);
    assert_eq!(mode(&repository.hook()), 0o644);
}

#[test]
fn a_hook_that_is_a_link_stays_one_and_what_it_leads_to_is_not_touched() {
    let repository = Repository::new();
    let script = repository.0.path("scripts/check");
    program(&script, FOREIGN);
    fs::create_dir_all(repository.hook().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("../../scripts/check", repository.hook()).unwrap();
    repository.run(&["install-hook"]).exits(0);
    assert_eq!(fs::read_to_string(&script).unwrap(), FOREIGN);
    assert_eq!(repository.commit(&[]).1, ["foreign", AUDIT]);
    repository.run(&["uninstall-hook"]).exits(0);
    assert_eq!(
        fs::read_link(repository.hook()).unwrap(),
        Path::new("../../scripts/check")
    );
}

#[test]
fn uninstalling_leaves_what_is_not_ours() {
    let repository = Repository::new();
    repository
        .run(&["uninstall-hook"])
        .exits(0)
        .says(&["no hook of ours"]);
    program(&repository.hook(), FOREIGN);
    repository
        .run(&["uninstall-hook"])
        .exits(0)
        .says(&["no hook of ours"]);
    assert_eq!(fs::read_to_string(repository.hook()).unwrap(), FOREIGN);
    fs::remove_file(repository.hook()).unwrap();
    repository.run(&["install-hook"]).exits(0);
    repository
        .run(&["uninstall-hook", "--dry-run"])
        .exits(0)
        .says(&["nothing was done"]);
    assert!(repository.hook().exists());
    repository
        .run(&["uninstall-hook"])
        .exits(0)
        .says(&["the hook is removed"]);
    assert!(!repository.hook().exists());
}

#[test]
fn a_hook_of_ours_that_was_changed_is_not_lost_without_force() {
    let repository = Repository::new();
    repository.run(&["install-hook"]).exits(0);
    let changed = format!(
        "{}echo mine\n",
        fs::read_to_string(repository.hook()).unwrap()
    );
    fs::write(repository.hook(), &changed).unwrap();
    for verb in ["install-hook", "uninstall-hook"] {
        repository
            .run(&[verb])
            .exits(2)
            .says(&["was changed", "--force"]);
        assert_eq!(fs::read_to_string(repository.hook()).unwrap(), changed);
        repository.run(&[verb, "--force"]).exits(0);
        assert_ne!(
            fs::read_to_string(repository.hook()).unwrap_or_default(),
            changed
        );
        fs::write(repository.hook(), &changed).unwrap();
    }
}

#[test]
fn two_hooks_that_are_not_ours_are_left_to_their_owner() {
    let repository = Repository::new();
    program(&repository.hook(), FOREIGN);
    repository.run(&["install-hook"]).exits(0);
    // Somebody writes over ours.
    program(&repository.hook(), "#!/bin/sh\n");
    repository
        .run(&["install-hook"])
        .exits(2)
        .says(&["another was kept before"]);
    assert_eq!(
        fs::read_to_string(repository.hook()).unwrap(),
        "#!/bin/sh\n"
    );
    assert_eq!(fs::read_to_string(repository.saved()).unwrap(), FOREIGN);
    repository
        .run(&["uninstall-hook"])
        .exits(0)
        .says(&["is still there"]);
    // The kept one written again is the kept one.
    program(&repository.hook(), FOREIGN);
    repository.run(&["install-hook"]).exits(0);
    assert_eq!(repository.commit(&[]).1, ["foreign", AUDIT]);
}

#[test]
fn a_dry_run_prints_the_hook_and_writes_nothing() {
    let repository = Repository::new();
    program(&repository.hook(), FOREIGN);
    let before = repository.0.state();
    let run = repository
        .run(&["install-hook", "--fix", "--dry-run"])
        .exits(0);
    let run = run.says(&["would be", "run first"]);
    assert!(run.out.starts_with("#!/bin/sh\n# secrets-hook: 1 "));
    assert!(run.out.contains(SEAL) && run.out.contains(AUDIT));
    assert_eq!(repository.0.state(), before);
}

#[test]
fn linked_worktrees_share_the_hook() {
    let repository = Repository::new();
    repository.git(&["commit", "-q", "--allow-empty", "-m", "first"]);
    let tree = repository.beside("tree");
    repository.git(&["worktree", "add", "-q", "-b", "b", tree.to_str().unwrap()]);
    repository
        .run(&["install-hook", tree.to_str().unwrap()])
        .exits(0);
    assert!(repository.hook().exists());
    let (output, log) = repository.commit_in(&tree, &[]);
    assert!(output.status.success());
    assert_eq!(log, [AUDIT]);
    assert!(!repository.commit(&[("AUDIT_CODE", "1")]).0);
}

#[test]
fn a_relative_hooks_path_is_relative_to_the_top_and_part_of_the_repository() {
    let repository = Repository::new();
    repository.git(&["config", "core.hooksPath", ".githooks"]);
    fs::create_dir_all(repository.0.path("deep/er")).unwrap();
    repository
        .run(&["install-hook", "deep/er"])
        .exits(0)
        .says(&["commit the hook"]);
    let hook = repository.0.path(".githooks/pre-commit");
    let text = fs::read_to_string(&hook).unwrap();
    // No path of this machine is committed.
    assert!(!text.contains(env!("CARGO_BIN_EXE_secrets")));
    assert_eq!(repository.commit(&[]), (true, vec![AUDIT.to_owned()]));
    assert!(!repository.hook().exists());
    repository.run(&["uninstall-hook"]).exits(0);
    assert!(!hook.exists());
}

#[test]
fn hooks_that_others_share_need_a_word() {
    let repository = Repository::new();
    let shared = repository.beside("shared");
    repository.git(&["config", "core.hooksPath", shared.to_str().unwrap()]);
    repository
        .run(&["install-hook"])
        .exits(2)
        .says(&["are shared", "--global-hooks"]);
    assert!(!shared.exists());
    repository.run(&["install-hook", "--global-hooks"]).exits(0);
    assert_eq!(repository.commit(&[]), (true, vec![AUDIT.to_owned()]));
    repository
        .run(&["uninstall-hook"])
        .exits(2)
        .says(&["are shared"]);
    repository
        .run(&["uninstall-hook", "--global-hooks"])
        .exits(0);
    assert!(!shared.join("pre-commit").exists());
    // A link out of the repository is out of it.
    std::os::unix::fs::symlink(&shared, repository.0.path("link")).unwrap();
    repository.git(&["config", "core.hooksPath", "link"]);
    repository
        .run(&["install-hook"])
        .exits(2)
        .says(&["are shared"]);
}

#[test]
fn hooks_that_are_switched_off_or_huskys_are_told() {
    let repository = Repository::new();
    repository.git(&["config", "core.hooksPath", "/dev/null"]);
    repository
        .run(&["install-hook"])
        .exits(2)
        .says(&["switched off"]);
    repository.git(&["config", "core.hooksPath", ".husky/_"]);
    repository
        .run(&["install-hook"])
        .exits(2)
        .says(&[".husky/pre-commit"]);
}

#[test]
fn outside_of_a_work_tree_there_are_no_hooks() {
    let folder = Folder::bare();
    let run = |arguments: &[&str]| Run::of(folder.keyless(arguments)).exits(2);
    run(&["git", "install-hook"]).says(&["no work tree", "not a git repository"]);
    let init = Command::new("git")
        .current_dir(folder.root())
        .args(["init", "-q", "--bare"])
        .status();
    assert!(init.unwrap().success());
    run(&["git", "install-hook"]).says(&["no work tree"]);
    run(&["git", "install-hook", "nowhere"]).says(&["no work tree"]);
}

#[test]
fn the_framework_and_the_hook_run_each_other_once() {
    // As the framework's script behaves: what was there before runs first, and it refuses to be that.
    let framework = "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n[ -z \"$PRE_COMMIT_RUNNING_LEGACY\" ] || exit 9\necho framework >> \"$LOG\"\nlegacy=.git/hooks/pre-commit.legacy\nif [ -x $legacy ]; then PRE_COMMIT_RUNNING_LEGACY=1 $legacy || exit; fi\n";
    let repository = Repository::new();
    program(&repository.hook(), framework);
    repository.run(&["install-hook"]).exits(0);
    assert_eq!(
        repository.commit(&[]),
        (true, vec!["framework".to_owned(), AUDIT.to_owned()])
    );
    // `pre-commit install` once more moves our hook away.
    let legacy = repository.0.path(".git/hooks/pre-commit.legacy");
    fs::rename(repository.hook(), &legacy).unwrap();
    program(&repository.hook(), framework);
    assert_eq!(
        repository.commit(&[]),
        (true, vec!["framework".to_owned(), AUDIT.to_owned()])
    );
    assert!(!repository.commit(&[("AUDIT_CODE", "1")]).0);
    repository.run(&["uninstall-hook"]).exits(0);
    assert_eq!(repository.commit(&[]), (true, vec!["framework".to_owned()]));
    assert!(!legacy.exists() && !repository.saved().exists());
}
