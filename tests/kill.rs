//! Killed at any moment, the program leaves every file whole: the old one or the new one.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/generate.rs"]
mod generate;
#[path = "support/sandbox.rs"]
mod sandbox;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use generate::Random;
use sandbox::{ALICE, SENTINEL, Sandbox, holds};

const FILES: usize = 150;
const ROUNDS: usize = 40;
const TEMP_PREFIX: &str = ".secrets-tmp-";

/// Writes the tree and gives its files.
fn write_tree(sandbox: &Sandbox) -> BTreeMap<PathBuf, Vec<u8>> {
    let rule =
        format!("creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    age: {ALICE}\n");
    sandbox.write(".sops.yaml", rule);
    (0..FILES)
        .map(|n| {
            let text = format!(
                "# the secret number {n}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: s{n}\nstringData:\n  password: \"{SENTINEL}-{n}\"\n  long: |\n    {}\n",
                format!("{SENTINEL} ").repeat(200 + n)
            );
            let path = sandbox.write(&format!("apps/{}/secret-{n}.yaml", n % 5), &text);
            (path, text.into_bytes())
        })
        .collect()
}

/// What lies in the tree beside the files that belong there.
fn others(sandbox: &Sandbox, files: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<PathBuf> {
    let tree = sandbox.tree().into_keys();
    tree.filter(|path| !files.contains_key(path) && !path.ends_with(".sops.yaml"))
        .collect()
}

fn is_temp(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    name.starts_with(TEMP_PREFIX)
}

/// How far a run is: files whose content is another one, and temporary files.
fn progress(folder: &Path, before: &BTreeMap<PathBuf, Vec<u8>>) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let Ok(entry) = entry else { continue };
        let path = entry.path();
        match (entry.metadata(), before.get(&path)) {
            (Ok(meta), Some(old)) => count += usize::from(meta.len() != old.len() as u64),
            (Ok(meta), None) if meta.is_dir() => count += progress(&path, before),
            _ => count += 1,
        }
    }
    count
}

/// Starts a run and kills it once it is so far, or a little later.
fn kill_at(
    sandbox: &Sandbox,
    verb: &str,
    old: &BTreeMap<PathBuf, Vec<u8>>,
    target: usize,
    spin: u64,
) -> bool {
    let mut command = sandbox.command(&[verb, "-i", "apps"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let apps = sandbox.work().join("apps");
    while child.try_wait().unwrap().is_none() && progress(&apps, old) < target {}
    for _ in 0..spin {
        std::hint::spin_loop();
    }
    let _ = child.kill();
    !child.wait().unwrap().success()
}

struct Seen {
    killed: usize,
    mixed: usize,
    temps: usize,
}

/// Kills many runs over the same tree. `whole` looks at a file that is no longer the old one.
fn rounds(
    sandbox: &Sandbox,
    verb: &str,
    old: &BTreeMap<PathBuf, Vec<u8>>,
    mut after_round: impl FnMut(&[PathBuf], &[PathBuf]),
) -> Seen {
    let mut random = Random::new(7);
    let mut seen = Seen {
        killed: 0,
        mixed: 0,
        temps: 0,
    };
    for round in 0..ROUNDS {
        for (path, bytes) in old {
            std::fs::write(path, bytes).unwrap();
        }
        // From the first temporary file to the last rename: a batch holds up to 128 of them.
        let target = round * (FILES + 10) / ROUNDS;
        let killed = kill_at(
            sandbox,
            verb,
            old,
            target,
            random.between(0, 200_000) as u64,
        );
        let changed: Vec<PathBuf> = old
            .iter()
            .filter(|(path, bytes)| std::fs::read(path).unwrap() != **bytes)
            .map(|(path, _)| path.clone())
            .collect();
        let temps = others(sandbox, old);
        assert!(temps.iter().all(|path| is_temp(path)), "{temps:?}");
        seen.killed += usize::from(killed);
        seen.mixed += usize::from(!changed.is_empty() && changed.len() < FILES);
        seen.temps += usize::from(!temps.is_empty());
        after_round(&changed, &temps);
    }
    seen
}

/// The sealed files are whole if the program opens them, which verifies their MAC.
fn assert_opens(sandbox: &Sandbox, plain: &BTreeMap<PathBuf, Vec<u8>>, sealed: &[PathBuf]) {
    for path in sealed {
        let output = sandbox.done(&["decrypt", path.to_str().unwrap()]);
        assert!(output.stdout == plain[path], "{}", path.display());
    }
}

#[test]
fn a_killed_encrypt_leaves_whole_files_and_no_plaintext() {
    let sandbox = Sandbox::new();
    let plain = write_tree(&sandbox);
    let mut opened = 0;
    let seen = rounds(&sandbox, "encrypt", &plain, |changed, temps| {
        for path in temps {
            let bytes = std::fs::read(path).unwrap();
            assert!(!holds(&bytes, SENTINEL), "plaintext in {}", path.display());
        }
        for path in changed {
            let bytes = std::fs::read(path).unwrap();
            assert!(!holds(&bytes, SENTINEL), "{} is neither", path.display());
        }
        // A few of each round, since each is a run of its own.
        let some: Vec<_> = changed.iter().step_by(40).cloned().collect();
        opened += some.len();
        assert_opens(&sandbox, &plain, &some);
    });
    assert!(
        seen.killed > ROUNDS / 2,
        "only {} runs were killed",
        seen.killed
    );
    assert!(
        seen.temps > 0,
        "no run was killed while it had temporary files"
    );
    assert!(
        opened > 0,
        "no run was killed after a rename ({} mixed)",
        seen.mixed
    );
    // The next run completes the work and clears up.
    sandbox.done(&["encrypt", "-i", "apps"]);
    assert_eq!(others(&sandbox, &plain), Vec::<PathBuf>::new());
    sandbox.done(&["decrypt", "-i", "apps"]);
    for (path, bytes) in &plain {
        assert!(std::fs::read(path).unwrap() == *bytes, "{}", path.display());
    }
}

#[test]
fn a_killed_decrypt_leaves_whole_files_and_plaintext_for_the_owner_only() {
    let sandbox = Sandbox::new();
    let plain = write_tree(&sandbox);
    sandbox.done(&["encrypt", "-i", "apps"]);
    let sealed: BTreeMap<PathBuf, Vec<u8>> = plain
        .keys()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    let mut swept = 0;
    let seen = rounds(&sandbox, "decrypt", &sealed, |changed, temps| {
        for path in temps {
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} is open to others", path.display());
        }
        for path in changed {
            assert!(
                std::fs::read(path).unwrap() == plain[path],
                "{} is neither",
                path.display()
            );
        }
        if changed.is_empty() && !temps.is_empty() {
            // Whoever encrypts again to be sure has nothing to write, and still loses the plaintext.
            sandbox.done(&["encrypt", "-i", "apps"]);
            assert_eq!(others(&sandbox, &sealed), Vec::<PathBuf>::new());
            swept += 1;
        }
    });
    assert!(swept > 0, "no run was killed before its first rename");
    assert!(
        seen.killed > ROUNDS / 2,
        "only {} runs were killed",
        seen.killed
    );
    assert!(
        seen.temps > 0,
        "no run was killed while it had temporary files"
    );
    sandbox.done(&["decrypt", "-i", "apps"]);
    assert_eq!(others(&sandbox, &plain), Vec::<PathBuf>::new());
    for (path, bytes) in &plain {
        assert!(std::fs::read(path).unwrap() == *bytes, "{}", path.display());
    }
}
