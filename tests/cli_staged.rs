//! `secrets encrypt --staged` in repositories of the real Git, alone and in a hook of `git commit`.
#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/cli.rs"]
mod cli;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cli::{Folder, Run, SECRET, VALUE, keys, with_recipients};

const NAME: &str = "app.secret.yaml";

/// A repository of the real Git.
struct Repository(Folder);

impl Repository {
    /// With a committed configuration.
    fn new() -> Self {
        let repository = Repository(Folder::new());
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.git(&["add", ".sops.yaml"]);
        repository.git(&["commit", "--quiet", "-m", "Configure"]);
        repository
    }

    /// With a sealed Secret committed.
    fn with_secret() -> Self {
        let repository = Repository::new();
        repository.stage(NAME, SECRET);
        repository.seal().exits(0);
        repository.git(&["commit", "--quiet", "-m", "Add"]);
        repository
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        self.environment(&mut command);
        command.current_dir(self.0.root()).args(arguments);
        command
    }

    fn environment(&self, command: &mut Command) {
        command
            .env_clear()
            .env("HOME", self.0.root().join("../home"))
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("SOPS_AGE_KEY_FILE", keys().join("identities.txt"));
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "A");
            command.env(format!("GIT_{who}_EMAIL"), "a@example.invalid");
        }
    }

    #[track_caller]
    fn git(&self, arguments: &[&str]) -> Vec<u8> {
        self.succeeds(self.command(arguments))
    }

    #[track_caller]
    fn succeeds(&self, mut command: Command) -> Vec<u8> {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
        output.stdout
    }

    fn git_text(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.git(arguments)).unwrap()
    }

    fn stage(&self, name: &str, text: &str) {
        self.0.write(name, text);
        self.git(&["add", "--", name]);
    }

    fn seal(&self) -> Run {
        self.0.run(&["encrypt", "--staged"])
    }

    fn staged(&self, name: &str) -> String {
        self.git_text(&["cat-file", "blob", &format!(":{name}")])
    }

    fn status(&self) -> String {
        self.git_text(&["status", "--porcelain", "--untracked-files=no"])
    }

    /// The staged file is sealed and opens to a text.
    #[track_caller]
    fn opens(&self, name: &str, text: &str) {
        let sealed = self.staged(name);
        assert!(sealed.contains("ENC[AES256_GCM,"), "{sealed}");
        assert!(!sealed.contains(VALUE), "{sealed}");
        assert_eq!(self.open(&sealed), text);
    }

    fn open(&self, sealed: &str) -> String {
        let path = self.0.root().join("../home/sealed.yaml");
        fs::write(&path, sealed).unwrap();
        self.0
            .run(&["decrypt", path.to_str().unwrap()])
            .exits(0)
            .out
    }

    /// A hook that seals what is staged.
    fn hook(&self, arguments: &str) {
        let program = env!("CARGO_BIN_EXE_secrets");
        let hook = self.0.write(
            ".git/hooks/pre-commit",
            &format!("#!/bin/sh\nexec '{program}' encrypt --staged {arguments}\n"),
        );
        fs::set_permissions(hook, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn commit(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(&["commit", "--quiet", "-m", "Change"]);
        command.args(arguments).output().unwrap()
    }
}

/// The lines of a text that another one does not have at the same place.
fn changed_lines(old: &str, new: &str) -> Vec<String> {
    let old: Vec<&str> = old.lines().collect();
    let is_new = |line: &&str| !old.contains(line);
    let names = |line: &str| line.trim().split(':').next().unwrap().to_owned();
    new.lines().filter(is_new).map(names).collect()
}

#[test]
fn a_staged_secret_and_its_file_are_sealed() {
    let repository = Repository::new();
    repository.stage(NAME, SECRET);
    let run = repository.seal().exits(0);
    run.says(&[
        "sealed 2 values in the index, in app.secret.yaml",
        "git commit",
    ]);
    repository.opens(NAME, SECRET);
    assert_eq!(repository.0.read(NAME), repository.staged(NAME));
    assert_eq!(repository.status(), "A  app.secret.yaml\n");
    // Again: nothing to do.
    let before = repository.0.state();
    let run = repository.seal().exits(0);
    run.says(&["1 staged file is sealed already"]);
    assert!(before == repository.0.state());
}

#[test]
fn before_the_first_commit_and_in_sha256_repositories() {
    for format in ["sha1", "sha256"] {
        let repository = Repository(Folder::new());
        let format = format!("--object-format={format}");
        repository.git(&["init", "--quiet", &format]);
        repository.git(&["add", "."]);
        repository.stage(NAME, SECRET);
        repository.seal().exits(0);
        repository.opens(NAME, SECRET);
    }
}

#[test]
fn what_was_changed_after_staging_is_left_alone() {
    let repository = Repository::new();
    repository.stage(NAME, SECRET);
    let changed = SECRET.replace("admin", "root");
    repository.0.write(NAME, &changed);
    let run = repository.seal().exits(0);
    run.says(&[
        "left alone",
        "differs from what was staged",
        "`secrets encrypt -i app.secret.yaml`",
    ]);
    repository.opens(NAME, SECRET);
    assert_eq!(repository.0.read(NAME), changed);
    assert_eq!(repository.status(), "AM app.secret.yaml\n");
}

#[test]
fn what_was_removed_after_staging_stays_removed() {
    let repository = Repository::new();
    repository.stage(NAME, SECRET);
    fs::remove_file(repository.0.path(NAME)).unwrap();
    repository.seal().exits(0);
    repository.opens(NAME, SECRET);
    assert_eq!(repository.status(), "AD app.secret.yaml\n");
}

#[test]
fn a_file_that_git_is_told_not_to_look_at_is_compared_all_the_same() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let repository = Repository::new();
        repository.stage(NAME, SECRET);
        repository.git(&["update-index", flag, NAME]);
        let changed = SECRET.replace("admin", "root");
        repository.0.write(NAME, &changed);
        repository.seal().exits(0);
        repository.opens(NAME, SECRET);
        assert_eq!(repository.0.read(NAME), changed, "{flag}");
    }
}

#[test]
fn the_mode_stays() {
    let repository = Repository::new();
    let path = repository.0.write(NAME, SECRET);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    repository.git(&["add", NAME]);
    repository.seal().exits(0);
    assert!(
        repository
            .git_text(&["ls-files", "-s", NAME])
            .starts_with("100755 ")
    );
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o755
    );
    assert_eq!(repository.status(), "A  app.secret.yaml\n");
}

#[test]
fn line_breaks_of_the_working_tree_stay() {
    for setting in ["autocrlf", "attribute"] {
        let repository = Repository::new();
        match setting {
            "autocrlf" => repository.git(&["config", "core.autocrlf", "true"]),
            _ => {
                repository
                    .0
                    .write(".gitattributes", "*.yaml text eol=crlf\n");
                repository.git(&["add", ".gitattributes"])
            }
        };
        let crlf = SECRET.replace('\n', "\r\n");
        repository.stage(NAME, &crlf);
        assert_eq!(repository.staged(NAME), SECRET);
        let run = repository.seal().exits(0);
        assert!(!run.err.contains("left alone"), "{}", run.err);
        repository.opens(NAME, SECRET);
        let in_tree = repository.0.read(NAME);
        assert_eq!(in_tree, repository.staged(NAME).replace('\n', "\r\n"));
        assert!(
            repository
                .status()
                .lines()
                .all(|line| !line.starts_with("AM"))
        );
    }
}

#[test]
fn a_filter_is_undone_for_comparing_and_applied_to_what_is_sealed() {
    let repository = Repository::new();
    repository
        .0
        .write(".gitattributes", "*.secret.yaml filter=rot\n");
    let rot = "tr a-zA-Z n-za-mN-ZA-M";
    repository.git(&["config", "filter.rot.clean", rot]);
    repository.git(&["config", "filter.rot.smudge", rot]);
    let rot13 = |text: &str| -> String {
        let turn = |c: char| match c {
            'a'..='m' | 'A'..='M' => char::from(c as u8 + 13),
            'n'..='z' | 'N'..='Z' => char::from(c as u8 - 13),
            c => c,
        };
        text.chars().map(turn).collect()
    };
    repository.stage(NAME, &rot13(SECRET));
    assert_eq!(repository.staged(NAME), SECRET);
    repository.seal().exits(0);
    repository.opens(NAME, SECRET);
    assert_eq!(rot13(&repository.0.read(NAME)), repository.staged(NAME));
    assert_eq!(repository.status(), "A  app.secret.yaml\n");
}

#[test]
fn odd_names_are_names() {
    let repository = Repository::new();
    let names: [&[u8]; 6] = [
        b"a\n b.secret.yaml",
        b"\"q'\\.secret.yaml",
        b"-x.secret.yaml",
        b":(top).secret.yaml",
        b"[ab]*.secret.yaml",
        b"\xff\xfe.secret.yaml",
    ];
    for name in names {
        let path = repository.0.root().join(OsStr::from_bytes(name));
        fs::write(path, SECRET).unwrap();
    }
    repository.git(&["add", "--all"]);
    repository.seal().exits(0).says(&["in 6 staged files"]);
    assert_eq!(repository.0.plaintext_in(), Vec::<String>::new());
    let entries = repository.git(&["ls-files", "-s", "-z"]);
    assert_eq!(entries.split(|b| *b == 0).count(), 8);
    for entry in entries.split(|b| *b == 0).filter(|entry| !entry.is_empty()) {
        let oid = std::str::from_utf8(&entry[7..47]).unwrap();
        let is_config = entry.ends_with(b".sops.yaml");
        assert_eq!(
            repository
                .git_text(&["cat-file", "blob", oid])
                .contains("ENC["),
            !is_config
        );
    }
}

#[test]
fn links_and_submodules_are_passed_over() {
    let repository = Repository::new();
    symlink("elsewhere", repository.0.path("link.secret.yaml")).unwrap();
    repository.git(&["add", "link.secret.yaml"]);
    let head = repository.git_text(&["rev-parse", "HEAD"]);
    let entry = format!("160000,{},module.secret.yaml", head.trim());
    repository.git(&["update-index", "--add", "--cacheinfo", &entry]);
    repository.0.write("planned.secret.yaml", SECRET);
    repository.git(&["add", "--intent-to-add", "planned.secret.yaml"]);
    let before = repository.git(&["ls-files", "-s"]);
    let run = repository.seal().exits(0);
    run.says(&["2 links and submodules were passed over"]);
    assert_eq!(repository.git(&["ls-files", "-s"]), before);
}

#[test]
fn a_link_in_the_working_tree_is_not_followed() {
    let repository = Repository::new();
    repository.stage("folder/a.secret.yaml", SECRET);
    repository.stage("b.secret.yaml", SECRET);
    fs::rename(repository.0.path("folder"), repository.0.path("../outside")).unwrap();
    symlink("../outside", repository.0.path("folder")).unwrap();
    fs::rename(
        repository.0.path("b.secret.yaml"),
        repository.0.path("../outside/b"),
    )
    .unwrap();
    symlink("../outside/b", repository.0.path("b.secret.yaml")).unwrap();
    repository.seal().exits(0).says(&["in 2 staged files"]);
    for file in ["../outside/a.secret.yaml", "../outside/b"] {
        assert_eq!(repository.0.read(file), SECRET);
    }
}

#[test]
fn a_conflict_is_refused() {
    let repository = Repository::with_secret();
    repository.git(&["checkout", "--quiet", "-b", "other"]);
    repository.0.write(NAME, "kind: A\n");
    repository.git(&["commit", "--quiet", "-a", "-m", "A"]);
    repository.git(&["checkout", "--quiet", "main"]);
    repository.0.write(NAME, "kind: B\n");
    repository.git(&["commit", "--quiet", "-a", "-m", "B"]);
    let merge = repository.command(&["merge", "other"]).output().unwrap();
    assert!(!merge.status.success());
    repository.stage("b.secret.yaml", SECRET);
    let run = repository.seal().exits(2);
    run.says(&["this path is in conflict", "1 failed"]);
    repository.opens("b.secret.yaml", SECRET);
}

#[test]
fn a_locked_index_is_told() {
    let repository = Repository::new();
    repository.stage(NAME, SECRET);
    repository.0.write(".git/index.lock", "");
    let run = repository.seal().exits(2);
    run.says(&["the index is locked", "index.lock"]);
    assert_eq!(repository.staged(NAME), SECRET);
    assert_eq!(repository.0.read(NAME), SECRET);
}

#[test]
fn checking_and_trying_change_nothing() {
    let repository = Repository::with_secret();
    repository.stage("b.secret.yaml", SECRET);
    let before = repository.0.state();
    for (flag, code) in [("--check", 1), ("--dry-run", 0)] {
        let run = repository.0.run(&["encrypt", "--staged", flag]).exits(code);
        let run = run.prints("b.secret.yaml\n");
        run.says(&["2 values in b.secret.yaml would be sealed in the index"]);
        assert!(before == repository.0.state(), "{flag}");
    }
    repository.seal().exits(0);
    let run = repository.0.run(&["encrypt", "--staged", "--check"]);
    run.exits(0).prints("");
}

#[test]
fn what_was_added_in_plaintext_is_sealed_with_the_data_key() {
    let repository = Repository::with_secret();
    let sealed = repository.staged(NAME);
    let added = sealed.replace("stringData:\n", "stringData:\n  token: pl41n-value\n");
    repository.stage(NAME, &added);
    let run = Run::of(repository.0.keyless(&["encrypt", "--staged"])).exits(2);
    run.says(&["`stringData.token`", "holds values in plaintext"]);
    assert_eq!(repository.staged(NAME), added);
    let run = repository
        .0
        .run(&["encrypt", "--staged", "--check"])
        .exits(1);
    run.says(&["`stringData.token`"]);
    repository.seal().exits(0);
    let now = repository.staged(NAME);
    assert_eq!(
        changed_lines(&sealed, &now).first().map(String::as_str),
        Some("token")
    );
    assert_eq!(repository.0.read(NAME), now);
    let plain = SECRET.replace("stringData:\n", "stringData:\n  token: pl41n-value\n");
    repository.opens(NAME, &plain);
}

#[test]
fn a_review_shows_what_changed() {
    let repository = Repository::with_secret();
    let sealed = repository.staged(NAME);
    let changed = SECRET.replace("user: admin", "user: root");
    repository.stage(NAME, &changed);
    let run = repository.seal().exits(0);
    run.says(&["1 value is as it was and keeps its ciphertext"]);
    repository.opens(NAME, &changed);
    let lines = changed_lines(&sealed, &repository.staged(NAME));
    assert!(
        lines
            .iter()
            .all(|line| ["user", "mac", "lastmodified"].contains(&line.as_str())),
        "{lines:?}"
    );
    assert!(lines.contains(&"user".to_owned()));

    // Back to what was committed: nothing is left to commit.
    repository.stage(NAME, SECRET);
    let run = repository.seal().exits(0);
    run.says(&["nothing changed"]);
    assert_eq!(repository.staged(NAME), sealed);
    assert_eq!(repository.status(), "");

    // A new data key if that is wanted, or nothing opens the old version.
    for (command, said) in [
        (
            repository.0.secrets(&["encrypt", "--staged", "--fresh"]),
            None,
        ),
        (repository.0.keyless(&["encrypt", "--staged"]), None),
        (
            repository
                .0
                .secrets(&["encrypt", "--staged", "--age", &cli::recipient("bob")]),
            Some("sealed with a new data key: the previous version is for other recipients"),
        ),
    ] {
        repository.stage(NAME, SECRET);
        let run = Run::of(command).exits(0);
        run.says(said.as_slice());
        let lines = changed_lines(&sealed, &repository.staged(NAME));
        assert!(lines.contains(&"password".to_owned()), "{lines:?}");
    }
}

#[test]
fn rules_are_those_that_are_staged() {
    let repository = Repository::new();
    repository.stage("a.other.yaml", SECRET);
    let config = repository.0.read(".sops.yaml");
    let wider = config.replace("secret", "(secret|other)");
    repository.0.write(".sops.yaml", &wider);
    let run = repository.seal().exits(0);
    run.says(&[
        "no creation rule is for what is staged",
        "has changes that are not staged",
    ]);
    assert_eq!(repository.staged("a.other.yaml"), SECRET);
    repository.git(&["add", ".sops.yaml"]);
    repository.0.write(".sops.yaml", "not: valid\n");
    repository.seal().exits(0).says(&["in a.other.yaml"]);
    repository.opens("a.other.yaml", SECRET);

    // One in a folder is nearer; it counts once it is staged.
    let folder = config.replace("secret", "x");
    repository.0.write("folder/.sops.yaml", &folder);
    repository.stage("folder/b.secret.yaml", SECRET);
    repository.git(&["add", "folder/.sops.yaml"]);
    repository.seal().exits(0);
    assert_eq!(repository.staged("folder/b.secret.yaml"), SECRET);
    repository.git(&["rm", "--cached", "--quiet", "folder/.sops.yaml"]);
    repository
        .seal()
        .exits(0)
        .says(&["the configuration is not staged"]);
    repository.opens("folder/b.secret.yaml", SECRET);
}

#[test]
fn a_configuration_can_be_named() {
    let repository = Repository::new();
    repository.stage("a.other.yaml", SECRET);
    let config = repository.0.read(".sops.yaml").replace("secret", "other");
    repository.0.write("../home/rules.yaml", &config);
    repository
        .0
        .run(&["encrypt", "--staged", "--config", "../home/rules.yaml"])
        .exits(0);
    repository.opens("a.other.yaml", SECRET);
}

#[test]
fn a_broken_staged_configuration_is_an_error() {
    let repository = Repository::new();
    repository.stage(".sops.yaml", "creation_rules: 1\n");
    repository.stage(NAME, SECRET);
    let run = repository.seal().exits(2);
    run.says(&["`creation_rules` must be a list", ".sops.yaml:1:17"]);
    assert_eq!(repository.staged(NAME), SECRET);
}

#[test]
fn a_rule_for_every_file_does_not_stop_other_files() {
    let repository = Repository::new();
    let config = "creation_rules:\n  - encrypted_regex: '^(data|stringData)$'\n    age: {alice}\n";
    repository.stage(".sops.yaml", &with_recipients(config));
    repository.stage("README.md", "# Title\n");
    repository.stage("deployment.yaml", "kind: Deployment\nspec: {}\n");
    repository.stage("empty.yaml", "");
    repository.stage(NAME, SECRET);
    let run = repository.seal().exits(0);
    run.says(&[
        "in app.secret.yaml",
        "neither YAML nor JSON",
        "1 staged file stays as staged",
    ]);
    assert_eq!(
        repository.staged("deployment.yaml"),
        "kind: Deployment\nspec: {}\n"
    );
    // A path that a rule names is another matter.
    let repository = Repository::new();
    repository.stage("a.env", "A=pl41n-value\n");
    repository
        .seal()
        .exits(2)
        .says(&["dotenv files are not supported yet"]);
}

#[test]
fn what_cannot_be_sealed_stops_only_itself() {
    let repository = Repository::new();
    repository.stage("a.secret.yaml", "a: [\n");
    repository.stage(
        "b.secret.yaml",
        "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n",
    );
    repository.stage("c.secret.yaml", SECRET);
    let run = repository.seal().exits(2);
    run.says(&["a.secret.yaml", "stored with Git LFS", "2 failed"]);
    repository.opens("c.secret.yaml", SECRET);
}

#[test]
fn from_a_subfolder_and_limited_to_paths() {
    let repository = Repository::new();
    for name in ["a/x.secret.yaml", "b/y.secret.yaml", "z.secret.yaml"] {
        repository.stage(name, SECRET);
    }
    let mut command = repository.0.secrets(&["encrypt", "--staged", "."]);
    command.current_dir(repository.0.path("a"));
    let run = Run::of(command).exits(0);
    run.says(&["in x.secret.yaml"]);
    repository.opens("a/x.secret.yaml", SECRET);
    assert_eq!(repository.staged("z.secret.yaml"), SECRET);
    repository
        .0
        .run(&["encrypt", "--staged", "z.secret.yaml"])
        .exits(0);
    repository.opens("z.secret.yaml", SECRET);
    assert_eq!(repository.staged("b/y.secret.yaml"), SECRET);
    let mut command = repository.0.secrets(&["encrypt", "--staged"]);
    command.current_dir(repository.0.path("a"));
    let run = Run::of(command).exits(0);
    run.says(&["b/y.secret.yaml"]);
    assert_eq!(
        repository.0.read("b/y.secret.yaml"),
        repository.staged("b/y.secret.yaml")
    );
}

#[test]
fn in_a_linked_working_tree_and_by_variables() {
    let repository = Repository::new();
    let other = repository.0.path("../other");
    let other_text = other.to_str().unwrap().to_owned();
    repository.git(&["worktree", "add", "--quiet", &other_text]);
    fs::write(other.join(NAME), SECRET).unwrap();
    repository.git(&["-C", &other_text, "add", NAME]);
    let mut command = repository.0.secrets(&["encrypt", "--staged"]);
    command.current_dir(&other);
    Run::of(command).exits(0);
    let sealed = fs::read_to_string(other.join(NAME)).unwrap();
    assert_eq!(repository.open(&sealed), SECRET);
    assert_eq!(
        repository.git_text(&["-C", &other_text, "status", "--porcelain"]),
        "A  app.secret.yaml\n"
    );

    repository.stage(NAME, SECRET);
    let mut command = repository.0.secrets(&["encrypt", "--staged"]);
    command
        .current_dir(repository.0.path("../home"))
        .env("GIT_DIR", repository.0.path(".git"))
        .env("GIT_WORK_TREE", repository.0.root());
    Run::of(command).exits(0);
    repository.opens(NAME, SECRET);
    assert_eq!(repository.0.read(NAME), repository.staged(NAME));
}

#[test]
fn without_a_repository_or_git() {
    let folder = Folder::new();
    let run = folder.run(&["encrypt", "--staged"]).exits(2);
    run.says(&["not a git repository", "working tree of the repository"]);
    let mut command = folder.secrets(&["encrypt", "--staged"]);
    command.env("PATH", "");
    Run::of(command)
        .exits(2)
        .says(&["git cannot be run", "install git"]);
    for flag in ["--in-place", "--output=x", "--filename=x.yaml"] {
        let run = folder.run(&["encrypt", "--staged", flag]);
        run.exits(2).says(&["cannot be used with"]);
    }
}

/// What `git commit` did is in the commit, in the index and in the file.
#[track_caller]
fn is_committed(repository: &Repository, plain: &str) {
    let committed = repository.git_text(&["cat-file", "blob", &format!("HEAD:{NAME}")]);
    assert!(committed.contains("ENC[") && !committed.contains(VALUE));
    assert_eq!(repository.open(&committed), plain);
    assert_eq!(repository.staged(NAME), committed);
    assert_eq!(repository.0.read(NAME), committed);
    assert_eq!(repository.status(), "");
}

#[test]
fn a_hook_seals_whatever_is_committed() {
    let repository = Repository::new();
    repository.hook("");
    repository.stage(NAME, SECRET);
    let output = repository.commit(&[]);
    assert!(output.status.success(), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hint"));
    is_committed(&repository, SECRET);

    // With the index that `commit -a` makes.
    let changed = SECRET.replace("admin", "root");
    repository.0.write(NAME, &changed);
    assert!(repository.commit(&["-a"]).status.success());
    is_committed(&repository, &changed);

    // With the index of the named paths only; what else is staged stays so.
    repository.stage("other.txt", "text\n");
    repository.0.write(NAME, SECRET);
    let output = repository.commit(&["--", NAME]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(repository.status(), "A  other.txt\n");
    assert!(repository.commit(&[]).status.success());
    is_committed(&repository, SECRET);
    let shown = repository.git_text(&["show", "--stat", "--format=%s", "HEAD"]);
    assert!(
        shown.contains("other.txt") && !shown.contains(NAME),
        "{shown}"
    );
}

#[test]
fn a_hook_that_checks_refuses_the_commit() {
    let repository = Repository::new();
    repository.hook("--check");
    repository.stage(NAME, SECRET);
    let output = repository.commit(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(repository.git_text(&["log", "--format=%s"]), "Configure\n");
    repository.seal().exits(0);
    assert!(repository.commit(&[]).status.success());
    is_committed(&repository, SECRET);
}

/// The framework sets unstaged changes aside and cannot put them back into sealed files.
#[test]
fn under_pre_commit_it_only_checks() {
    let repository = Repository::new();
    repository.stage(NAME, SECRET);
    let mut command = repository.0.secrets(&["encrypt", "--staged"]);
    command.env("PRE_COMMIT", "1");
    let run = Run::of(command).exits(1).prints("app.secret.yaml\n");
    run.says(&["nothing was sealed", "run `secrets encrypt --staged`"]);
    assert_eq!(repository.staged(NAME), SECRET);
    assert_eq!(repository.0.read(NAME), SECRET);
    repository.seal().exits(0);
    let mut command = repository.0.secrets(&["encrypt", "--staged"]);
    command.env("PRE_COMMIT", "1");
    Run::of(command).exits(0).prints("");
}

#[test]
fn hooks_and_monitors_of_the_repository_do_not_run() {
    let repository = Repository::new();
    for hook in ["post-index-change", "fsmonitor-watchman"] {
        let path = repository
            .0
            .write(&format!(".git/hooks/{hook}"), "#!/bin/sh\ntouch ../ran\n");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    repository.stage(NAME, SECRET);
    repository.git(&["config", "core.fsmonitor", ".git/hooks/fsmonitor-watchman"]);
    let ran: PathBuf = repository.0.path("../ran");
    let _ = fs::remove_file(&ran);
    repository.seal().exits(0);
    assert!(!Path::new(&ran).exists());
}

/// Whatever is killed, every blob is the plain or a sealed one, and so is every file; and it can be done again.
#[test]
#[cfg(target_os = "linux")]
fn killed_at_any_moment_it_loses_nothing() {
    const FILES: usize = 60;
    let names: Vec<String> = (0..FILES)
        .map(|number| format!("{}/{number}.secret.yaml", "folder".repeat(12)))
        .collect();
    let repository = Repository::new();
    let (mut killed, mut between) = (0, 0);
    for round in 0..24 {
        for name in &names {
            repository.0.write(name, SECRET);
        }
        repository.git(&["add", "*.secret.yaml"]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_secrets"));
        repository.environment(&mut command);
        let mut child = command
            .current_dir(repository.0.root())
            .args(["encrypt", "--staged"])
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20 + round * 25));
        let _ = child.kill();
        killed += usize::from(!child.wait().unwrap().success());
        // Git goes on for a moment with what it was given.
        for _ in 0..200 {
            if !repository.0.path(".git/index.lock").exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let listed = repository.git_text(&["ls-files"]);
        assert_eq!(listed.lines().count(), FILES + 1, "{listed}");
        let mut sealed = 0;
        for name in &names {
            let staged = repository.staged(name);
            let file = repository.0.read(name);
            for text in [&staged, &file] {
                if text != SECRET {
                    assert!(text.contains("ENC[") && text.contains("sops:"), "{text}");
                }
            }
            // The index comes first.
            assert!(file == SECRET || file == staged);
            sealed += usize::from(staged != SECRET) + usize::from(file != SECRET);
        }
        between += usize::from(sealed > 0 && sealed < 2 * FILES);
        if round % 8 == 7 {
            repository.seal().exits(0);
            for name in &names {
                assert_ne!(repository.staged(name), SECRET);
            }
            repository.opens(&names[0], SECRET);
            let status = repository.git_text(&["status", "--porcelain"]);
            assert!(!status.contains("??"), "{status}");
        }
    }
    assert!(
        killed >= 6,
        "only {killed} runs were killed, {between} in between"
    );
}

#[test]
fn plain_files_are_sealed_as_far_as_they_changed() {
    let repository = Repository::with_secret();
    let sealed = repository.0.read(NAME);
    let decrypt = || {
        repository.0.run(&["decrypt", "-i", NAME]).exits(0);
        assert_eq!(repository.0.read(NAME), SECRET);
    };
    let encrypt = |arguments: &[&str]| {
        let arguments = [&["encrypt", "-i", NAME], arguments].concat();
        repository.0.run(&arguments).exits(0)
    };
    decrypt();
    encrypt(&[]).says(&["nothing changed: it is the sealed version in Git again"]);
    assert_eq!(repository.0.read(NAME), sealed);

    decrypt();
    let changed = SECRET.replace("user: admin", "user: root");
    repository.0.write(NAME, &changed);
    encrypt(&[]).says(&["1 value is as it was"]);
    let lines = changed_lines(&sealed, &repository.0.read(NAME));
    assert!(!lines.contains(&"password".to_owned()) && lines.contains(&"user".to_owned()));
    assert_eq!(repository.open(&repository.0.read(NAME)), changed);

    // What is staged is nearer than what is committed; and what is committed will do.
    repository.git(&["add", NAME]);
    let staged = repository.0.read(NAME);
    repository.0.write(NAME, &changed);
    encrypt(&[]);
    assert_eq!(repository.0.read(NAME), staged);
    repository.stage(NAME, SECRET);
    encrypt(&[]);
    assert_eq!(repository.0.read(NAME), sealed);

    decrypt();
    encrypt(&["--fresh"]);
    assert!(changed_lines(&sealed, &repository.0.read(NAME)).contains(&"password".to_owned()));
    // Nothing is run or asked for to find a key, and without Git it is as it was.
    for (name, value) in [
        ("SOPS_AGE_KEY_CMD", "touch ran"),
        ("PATH", ""),
        // It is the repository that the file is in that counts.
        ("GIT_DIR", "/nowhere"),
    ] {
        repository.0.write(NAME, SECRET);
        let mut command = match name {
            "SOPS_AGE_KEY_CMD" => repository.0.keyless(&["encrypt", "-i", NAME]),
            _ => repository.0.secrets(&["encrypt", "-i", NAME]),
        };
        command.env(name, value);
        Run::of(command).exits(0);
        let same = repository.0.read(NAME) == sealed;
        assert_eq!(same, name == "GIT_DIR", "{name}");
        assert!(!repository.0.path("ran").exists());
    }
}

#[test]
fn earlier_versions_are_found_in_every_kind_of_index_and_tree() {
    for kind in ["version 2", "version 4", "split", "linked", "folder"] {
        let repository = Repository::with_secret();
        let mut top = repository.0.root();
        let mut name = NAME;
        match kind {
            "version 4" => drop(repository.git(&["update-index", "--index-version", "4"])),
            "split" => drop(repository.git(&["update-index", "--split-index"])),
            "linked" => {
                top = repository.0.path("../linked");
                repository.git(&["worktree", "add", "--quiet", top.to_str().unwrap()]);
            }
            "folder" => {
                fs::create_dir(repository.0.path("folder")).unwrap();
                repository.git(&["mv", NAME, "folder/app.secret.yaml"]);
                top = repository.0.path("folder");
                name = "../folder/app.secret.yaml";
            }
            _ => {}
        }
        let sealed = fs::read_to_string(top.join(NAME)).unwrap();
        let changed = SECRET.replace("user: admin", "user: root");
        fs::write(top.join(NAME), &changed).unwrap();
        let mut command = repository.0.secrets(&["encrypt", "-i", name]);
        command.current_dir(&top);
        Run::of(command).exits(0).says(&["1 value is as it was"]);
        let lines = changed_lines(&sealed, &fs::read_to_string(top.join(NAME)).unwrap());
        assert!(!lines.contains(&"password".to_owned()), "{kind}: {lines:?}");
    }
}

#[test]
fn a_path_that_nothing_has_is_an_error() {
    let repository = Repository::with_secret();
    repository.stage("k8s/b.secret.yaml", SECRET);
    repository.0.write("untracked.secret.yaml", SECRET);
    fs::create_dir(repository.0.path("empty")).unwrap();
    let run = |arguments: &[&str]| {
        let arguments = [&["encrypt", "--staged"], arguments].concat();
        repository.0.run(&arguments)
    };
    for arguments in [
        &["b.secret.yaml"][..],
        &["--check", "b.secret.yaml"],
        &["k8s/b.secret.yaml", "b.secret.yaml"],
        &["*.yml", "k8s", "b.secret.yaml"],
    ] {
        run(arguments).exits(2).says(&[".y", "hint: "]);
        assert_eq!(repository.staged("k8s/b.secret.yaml"), SECRET);
    }
    run(&["untracked.secret.yaml"])
        .exits(2)
        .says(&["untracked.secret.yaml", "git add"]);
    for known in [NAME, "empty", ".sops.yaml"] {
        run(&[known]).exits(0).says(&["nothing is staged"]);
    }
    repository.git(&["rm", "--quiet", NAME]);
    run(&[NAME]).exits(0);
    run(&["--check", "k8s"]).exits(1);
    run(&["k8s/*.yaml"]).exits(0);
    repository.opens("k8s/b.secret.yaml", SECRET);
}

#[test]
fn the_summary_says_how_many_values_changed() {
    let repository = Repository::with_secret();
    let before = repository.staged(NAME);
    repository.stage(NAME, SECRET);
    let run = repository.seal().exits(0);
    let said = "sealed 2 values, none of them changed, in the index";
    assert!(run.err.contains(said), "{}", run.err);
    assert_eq!(repository.staged(NAME), before);
    repository.stage(NAME, &SECRET.replace("admin", "root"));
    let run = repository.seal().exits(0);
    let said = "sealed 2 values, 1 of them changed, in the index";
    assert!(run.err.contains(said), "{}", run.err);
}
