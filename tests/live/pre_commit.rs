//! The hooks of `.pre-commit-hooks.yaml` in a real `pre-commit`, in a real `git commit`.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

use crate::tools::{Bench, Run, recipient, run};

/// The value that must not be committed. Made for these tests.
const VALUE: &str = "q7Rk2Lm9Xw4TzB1c";

const FILE: &str = "k8s/app.yaml";

fn secret() -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\nstringData:\n  password: {VALUE}\n"
    )
}

/// A repository that takes hooks from this checkout, as `.pre-commit-config.yaml` of a user does.
struct Hooked {
    bench: Bench,
    work: PathBuf,
}

impl Hooked {
    fn new(hook: &str) -> Self {
        let bench = Bench::new();
        let (hooks, work) = (bench.folder("hooks"), bench.folder("work"));
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
        let manifest = fs::read_to_string(manifest).expect(".pre-commit-hooks.yaml is there");
        assert!(manifest.contains(&format!("id: {hook}")), "{manifest}");
        fs::write(hooks.join(".pre-commit-hooks.yaml"), manifest).unwrap();
        let hooked = Hooked { bench, work };
        for folder in [&hooks, &hooked.work] {
            hooked
                .git_in(folder, &["init", "--quiet", "--initial-branch=main"])
                .expect("git init");
        }
        hooked.git_in(&hooks, &["add", "--all"]).expect("git add");
        hooked
            .git_in(&hooks, &["commit", "--quiet", "-m", "Hooks"])
            .expect("git commit");
        hooked.git_in(&hooks, &["tag", "v1.0.0"]).expect("git tag");
        // The program is the one under test, not one that pre-commit builds from the sources.
        hooked.write(
            ".pre-commit-config.yaml",
            &format!("repos:\n  - repo: {}\n    rev: v1.0.0\n    hooks:\n      - id: {hook}\n        language: system\n", hooks.display()),
        );
        hooked.write(
            ".sops.yaml",
            &format!("creation_rules:\n  - path_regex: '^k8s/'\n    encrypted_regex: '^(data|stringData)$'\n    age: [{}, {}]\n", recipient("alice"), recipient("bob")),
        );
        hooked.git(&["add", "--all"]).expect("git add");
        hooked
            .git(&["commit", "--quiet", "-m", "Start"])
            .expect("git commit");
        let mut install = hooked.bench.tool("pre-commit", &hooked.work);
        hooked.with_environment(&mut install).arg("install");
        run(&mut install).expect("pre-commit install");
        hooked
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.work.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The program on the path, and nobody's configuration of git.
    fn with_environment<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let program = Path::new(env!("CARGO_BIN_EXE_secrets")).parent().unwrap();
        command
            .env(
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", program.display()),
            )
            .env("HOME", self.bench.folder("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", "Alice")
            .env("GIT_AUTHOR_EMAIL", "alice@example.invalid")
            .env("GIT_COMMITTER_NAME", "Alice")
            .env("GIT_COMMITTER_EMAIL", "alice@example.invalid")
    }

    fn git_in(&self, folder: &Path, arguments: &[&str]) -> Run {
        let mut command = Command::new("git");
        command.env_clear().current_dir(folder).args(arguments);
        run(self.with_environment(&mut command))
    }

    fn git(&self, arguments: &[&str]) -> Run {
        self.git_in(&self.work, arguments)
    }

    fn text_of(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.git(arguments).expect("git")).unwrap()
    }

    /// Everything that the repository ever had, as text.
    fn commits(&self) -> String {
        self.text_of(&["log", "--all", "--patch"])
    }
}

#[test]
#[ignore = "needs the real tools: .ci/run"]
fn pre_commit_refuses_a_plain_secret_and_lets_a_sealed_one_pass() {
    let hooked = Hooked::new("secrets-audit");
    hooked.write(FILE, &secret());
    hooked.git(&["add", "--all"]).expect("git add");
    let before = hooked.text_of(&["rev-parse", "HEAD"]);
    let refused = hooked.git(&["commit", "-m", "Add a Secret"]);
    let words = String::from_utf8_lossy(&refused.stdout).into_owned() + &refused.stderr;
    assert_eq!(refused.code, Some(1), "{words}");
    assert!(words.contains("SEC001") && words.contains(FILE), "{words}");
    assert!(!words.contains(VALUE), "{words}");
    assert_eq!(hooked.text_of(&["rev-parse", "HEAD"]), before);

    // Sealed in the worktree only: what would be committed is still plain.
    let mut seal = hooked.bench.secrets(&hooked.work);
    run(seal.args(["encrypt", "-i", FILE])).expect("secrets encrypt");
    let refused = hooked.git(&["commit", "-m", "Add a Secret"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);

    hooked.git(&["add", "--all"]).expect("git add");
    hooked
        .git(&["commit", "-m", "Add a sealed Secret"])
        .expect("git commit");
    assert!(!hooked.commits().contains(VALUE));
    assert!(hooked.commits().contains("ENC[AES256_GCM"));
}

#[test]
#[ignore = "needs the real tools: .ci/run"]
fn pre_commit_passes_commits_without_secrets() {
    let hooked = Hooked::new("secrets-audit");
    hooked.write("README.md", "# Nothing to hide\n");
    hooked.git(&["add", "--all"]).expect("git add");
    // Not staged, so not this commit's business.
    hooked.write(FILE, &secret());
    hooked
        .git(&["commit", "-m", "Add a README"])
        .expect("git commit");
}

#[test]
#[ignore = "needs the real tools: .ci/run"]
fn pre_commit_seals_what_is_staged() {
    let hooked = Hooked::new("secrets-seal");
    hooked.write(FILE, &secret());
    hooked.write("README.md", "# Staged\n");
    hooked.git(&["add", "--all"]).expect("git add");
    hooked.write("README.md", "# Not staged\n");
    // While unstaged changes are held back it only says what to do.
    let refused = hooked.git(&["commit", "-m", "Add a Secret"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    let words = String::from_utf8_lossy(&refused.stdout).into_owned() + &refused.stderr;
    assert!(words.contains("secrets encrypt --staged"), "{words}");
    assert!(!hooked.commits().contains(VALUE));
    let mut seal = hooked.bench.secrets(&hooked.work);
    run(seal.args(["encrypt", "--staged"])).expect("secrets encrypt --staged");
    let commit = hooked.git(&["commit", "-m", "Add a Secret"]);
    assert!(
        commit.ok(),
        "{}\n{}",
        String::from_utf8_lossy(&commit.stdout),
        commit.stderr
    );
    let committed = hooked.text_of(&["show", &format!("HEAD:{FILE}")]);
    assert!(
        committed.contains("ENC[AES256_GCM") && committed.contains("sops:"),
        "{committed}"
    );
    assert!(!hooked.commits().contains(VALUE));
    assert_eq!(hooked.text_of(&["show", "HEAD:README.md"]), "# Staged\n");
    assert_eq!(
        fs::read_to_string(hooked.work.join("README.md")).unwrap(),
        "# Not staged\n"
    );
    // What pre-commit held back is kept in its cache: it must not be the plaintext.
    assert_eq!(
        held_back(&hooked.bench.folder("home")),
        Vec::<PathBuf>::new()
    );
}

/// The files below a folder that hold the value.
fn held_back(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(held_back(&path));
        } else if String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).contains(VALUE) {
            found.push(path);
        }
    }
    found
}
