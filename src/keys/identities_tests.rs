#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::super::age_file::seal;
use super::super::environment::{CommandOutput, Platform};
use super::super::recipient::Recipient;
use super::*;

const IDENTITIES: &str = include_str!("../../testdata/keys/identities.txt");
const PQ: &str = include_str!("../../testdata/keys/identity-pq.txt");
const RECIPIENTS: &str = include_str!("../../testdata/keys/recipients.txt");
const SSH: &str = include_str!("../../testdata/keys/ssh_ed25519");
const SSH_PUB: &str = include_str!("../../testdata/keys/ssh_ed25519.pub");
const LOCKED: &str = include_str!("../../testdata/keys/ssh_ed25519_locked");
const LOCKED_PUB: &str = include_str!("../../testdata/keys/ssh_ed25519_locked.pub");
const RSA: &str = include_str!("../../testdata/keys/ssh_rsa");
const RSA_PUB: &str = include_str!("../../testdata/keys/ssh_rsa.pub");

fn identity(name: &str) -> &'static str {
    let line = RECIPIENTS
        .lines()
        .position(|line| line.starts_with(name))
        .unwrap();
    IDENTITIES.lines().nth(line).unwrap()
}

fn recipient(name: &str) -> &'static str {
    RECIPIENTS
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap()
}

fn wrap(recipient: &str, key: u8) -> String {
    Recipient::parse(recipient)
        .unwrap()
        .wrap(&[key; 32])
        .unwrap()
}

fn lock(content: &str) -> String {
    let mut scrypt = age::scrypt::Recipient::new("passphrase".to_owned().into());
    scrypt.set_work_factor(2);
    seal(&scrypt, content.as_bytes()).unwrap()
}

/// Runs of commands: the words and the recipient they were told.
type Log = Arc<Mutex<Vec<(Vec<String>, String)>>>;

/// A folder as home and working directory, variables, and commands that print what a map says.
struct Fake {
    folder: tempfile::TempDir,
    vars: HashMap<String, OsString>,
    platform: Platform,
    /// Output by program, or by program and recipient; `None` fails.
    prints: HashMap<String, Option<String>>,
    log: Log,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vars = HashMap::from([("HOME".to_owned(), folder.path().into())]);
        let (log, asked) = (Log::default(), Arc::default());
        Fake {
            folder,
            vars,
            platform: Platform::Unix,
            prints: HashMap::new(),
            log,
            asked,
        }
    }

    fn var(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.vars.insert(name.into(), value.into());
        self
    }

    fn file(self, path: &str, content: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    fn prints(mut self, command: &str, output: Option<&str>) -> Self {
        self.prints
            .insert(command.into(), output.map(str::to_owned));
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn load(self) -> (Identities, Log, Arc<Mutex<Vec<String>>>) {
        let (log, asked) = (self.log.clone(), self.asked.clone());
        let user = User(self.asked.clone());
        (Identities::load(self, user), log, asked)
    }
}

impl Environment for Fake {
    fn var(&self, name: &str) -> Option<OsString> {
        self.vars.get(name).cloned()
    }

    fn directory(&self) -> &Path {
        self.folder.path()
    }

    fn platform(&self) -> Platform {
        self.platform
    }

    fn run(&self, words: &[String], variables: &[(&str, &str)]) -> io::Result<CommandOutput> {
        let [("SOPS_AGE_RECIPIENT", recipient)] = variables else {
            panic!("{variables:?}")
        };
        self.log
            .lock()
            .unwrap()
            .push((words.to_vec(), (*recipient).to_owned()));
        let by_recipient = self.prints.get(&format!("{} {recipient}", words[0]));
        let output = by_recipient
            .or_else(|| self.prints.get(&words[0]))
            .ok_or(io::ErrorKind::NotFound)?;
        let failure = output.is_none().then(|| "exit status: 1".to_owned());
        let stdout = SecretBytes::copy_of(output.as_deref().unwrap_or_default().as_bytes());
        Ok(CommandOutput { failure, stdout })
    }
}

/// Knows one passphrase.
struct User(Arc<Mutex<Vec<String>>>);

impl Callbacks for User {
    fn passphrase(&self, what: &str) -> Option<SecretBytes> {
        self.0.lock().unwrap().push(what.to_owned());
        Some(SecretBytes::copy_of(b"passphrase"))
    }
}

fn state(identities: &Identities, source: &str) -> (SourceState, String) {
    let report = identities.report();
    let report = report
        .iter()
        .find(|report| report.source.starts_with(source))
        .unwrap();
    (report.state, report.detail.clone())
}

#[test]
fn the_set_is_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Identities>();
}

#[test]
fn every_source_is_found_and_they_add_up() {
    let env = Fake::new()
        .file("mine", LOCKED)
        .var("SOPS_AGE_SSH_PRIVATE_KEY_FILE", "mine")
        .file(".ssh/id_ed25519", SSH)
        .file(".ssh/id_rsa", RSA)
        .var(
            "SOPS_AGE_KEY",
            format!("# two on a line\n{} {}", identity("alice"), PQ.trim()),
        )
        .file("folder/keys.txt", identity("bob"))
        .var("SOPS_AGE_KEY_FILE", "folder/keys.txt")
        .file(".config/sops/age/keys.txt", identity("carol"));
    let (identities, _, asked) = env.load();
    let expected = [LOCKED_PUB, SSH_PUB, RSA_PUB].map(str::trim).into_iter();
    let expected = expected.chain(["alice", "pq", "bob", "carol"].map(recipient));
    let found = identities.recipients();
    assert_eq!(found.len(), 7);
    for (found, expected) in found.iter().zip(expected) {
        assert!(same_key(found, expected), "{found}");
        assert!(identities.owns(expected));
        assert_eq!(
            identities
                .unwrap(expected, &wrap(expected, 9))
                .unwrap()
                .unwrap()
                .expose(),
            [9; 32]
        );
    }
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn the_report_names_every_source_in_the_order_of_sops() {
    let env = Fake::new();
    let path = |path: &str| env.path(path).display().to_string();
    let expected = [
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE: not set".to_owned(),
        "SOPS_AGE_SSH_PRIVATE_KEY_CMD: not set".to_owned(),
        format!("{}: not found", path(".ssh/id_ed25519")),
        format!("{}: not found", path(".ssh/id_rsa")),
        "SOPS_AGE_KEY: not set".to_owned(),
        "SOPS_AGE_KEY_FILE: not set".to_owned(),
        "SOPS_AGE_KEY_CMD: not set".to_owned(),
        format!("{}: not found", path(".config/sops/age/keys.txt")),
    ];
    let (identities, ..) = env.load();
    let report: Vec<String> = identities
        .report()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(report, expected);
    let enc = wrap(recipient("alice"), 1);
    assert!(
        identities
            .unwrap(recipient("alice"), &enc)
            .unwrap()
            .is_none()
    );
}

#[test]
fn the_default_file_is_where_the_platform_has_it() {
    let found = |platform, vars: &[(&str, &str)], file: &str| {
        let mut env = Fake::new().file(file, identity("alice"));
        env.platform = platform;
        for (name, value) in vars {
            let value = env.path(value);
            env.vars.insert((*name).into(), value.into());
        }
        env.load().0.owns(recipient("alice"))
    };
    let unix = Platform::Unix;
    assert!(found(unix, &[], ".config/sops/age/keys.txt"));
    assert!(found(
        unix,
        &[("XDG_CONFIG_HOME", "xdg")],
        "xdg/sops/age/keys.txt"
    ));
    assert!(!found(
        unix,
        &[("XDG_CONFIG_HOME", "xdg")],
        ".config/sops/age/keys.txt"
    ));
    assert!(!found(
        unix,
        &[],
        "Library/Application Support/sops/age/keys.txt"
    ));
    for (vars, file) in [
        (&[][..], "Library/Application Support/sops/age/keys.txt"),
        (&[], ".config/sops/age/keys.txt"),
        (&[("XDG_CONFIG_HOME", "xdg")], "xdg/sops/age/keys.txt"),
        (
            &[("XDG_CONFIG_HOME", "xdg")],
            "Library/Application Support/sops/age/keys.txt",
        ),
    ] {
        assert!(found(Platform::MacOs, vars, file), "{file}");
    }
    let windows = [("AppData", "Roaming"), ("USERPROFILE", "me")];
    assert!(found(
        Platform::Windows,
        &windows,
        "Roaming/sops/age/keys.txt"
    ));
    assert!(!found(
        Platform::Windows,
        &windows[1..],
        ".config/sops/age/keys.txt"
    ));
}

#[test]
fn a_missing_home_and_a_relative_configuration_folder_are_reported() {
    let mut env = Fake::new();
    env.vars.clear();
    let (identities, ..) = env.load();
    assert_eq!(
        state(&identities, "~/.ssh"),
        (SourceState::Failed, "HOME is not set".into())
    );
    assert_eq!(state(&identities, "sops/age").0, SourceState::Failed);
    let (identities, ..) = Fake::new().var("XDG_CONFIG_HOME", "relative").load();
    assert!(state(&identities, "sops/age").1.contains("relative"));
}

#[test]
fn a_broken_source_spoils_nothing_and_is_reported() {
    let env = Fake::new()
        .var("SOPS_AGE_KEY", "nonsense")
        .var("SOPS_AGE_KEY_FILE", "missing.txt")
        .var("SOPS_AGE_KEY_CMD", "'open")
        .var("SOPS_AGE_SSH_PRIVATE_KEY_FILE", ".")
        .file(".ssh/id_rsa", "garbage")
        .file(".config/sops/age/keys.txt", identity("carol"));
    let (identities, ..) = env.load();
    let enc = wrap(recipient("carol"), 1);
    assert!(
        identities
            .unwrap(recipient("carol"), &enc)
            .unwrap()
            .is_some()
    );
    for (source, reason) in [
        ("SOPS_AGE_KEY", "line 1: it is not an age identity"),
        ("SOPS_AGE_KEY_FILE", "not found"),
        (
            "SOPS_AGE_KEY_CMD",
            "cannot be split into words: a quote is not closed",
        ),
    ] {
        let reports = identities.report();
        let report = reports
            .iter()
            .find(|report| report.source.split(' ').next() == Some(source))
            .unwrap();
        assert_eq!(
            (report.state, report.detail.as_str()),
            (SourceState::Failed, reason)
        );
    }
    assert_eq!(
        state(&identities, "SOPS_AGE_SSH_PRIVATE_KEY_FILE").0,
        SourceState::Failed
    );
}

#[test]
fn a_key_in_the_place_of_a_path_is_not_shown() {
    let (identities, ..) = Fake::new()
        .var("SOPS_AGE_KEY_FILE", identity("alice"))
        .load();
    let shown = format!("{identities:?} {:?}", identities.explain(&[]));
    assert!(shown.contains("private key where the name of a file belongs"));
    assert!(!shown.contains(&identity("alice")[20..40]));
}

#[test]
fn a_command_runs_only_when_needed_and_once() {
    let env = Fake::new()
        .var("SOPS_AGE_KEY", identity("alice"))
        .var("SOPS_AGE_KEY_CMD", "get 'the key' --secret")
        .prints("get", Some(identity("bob")));
    let (identities, log, _) = env.load();
    let (alice, bob) = (wrap(recipient("alice"), 1), wrap(recipient("bob"), 2));
    let both = [
        Wrapped {
            recipient: recipient("bob"),
            enc: &bob,
        },
        Wrapped {
            recipient: recipient("alice"),
            enc: &alice,
        },
    ];
    assert_eq!(identities.unwrap_any(&both).unwrap().unwrap().0, 1);
    assert!(log.lock().unwrap().is_empty());
    assert_eq!(
        state(&identities, "SOPS_AGE_KEY_CMD").0,
        SourceState::NotRun
    );
    for _ in 0..3 {
        assert_eq!(
            identities
                .unwrap(recipient("bob"), &bob)
                .unwrap()
                .unwrap()
                .expose(),
            [2; 32]
        );
    }
    let words = ["get", "the key", "--secret"].map(str::to_owned).to_vec();
    assert_eq!(*log.lock().unwrap(), [(words, recipient("bob").to_owned())]);
    assert!(identities.owns(recipient("bob")));
}

#[test]
fn a_command_that_ignores_the_recipient_is_not_asked_for_each() {
    let env = Fake::new()
        .var("SOPS_AGE_KEY_CMD", "get")
        .prints("get", Some(identity("alice")));
    let (identities, log, _) = env.load();
    for name in ["bob", "carol", "pq"] {
        let enc = wrap(recipient(name), 1);
        assert!(identities.unwrap(recipient(name), &enc).unwrap().is_none());
    }
    assert_eq!(log.lock().unwrap().len(), 2);
}

#[test]
fn a_command_that_heeds_the_recipient_is_asked_for_each() {
    let by_recipient = |name: &str| format!("get {}", recipient(name));
    let env = Fake::new()
        .var("SOPS_AGE_KEY_CMD", "get")
        .prints("get", None)
        .prints(&by_recipient("bob"), Some(identity("bob")))
        .prints(&by_recipient("carol"), Some(identity("carol")));
    let (identities, log, _) = env.load();
    let encs = ["alice", "bob", "carol"].map(|name| (recipient(name), wrap(recipient(name), 3)));
    let all = encs
        .each_ref()
        .map(|(recipient, enc)| Wrapped { recipient, enc });
    assert_eq!(identities.unwrap_any(&all).unwrap().unwrap().0, 1);
    assert_eq!(identities.unwrap_any(&all[2..]).unwrap().unwrap().0, 0);
    assert!(identities.unwrap_any(&all[..1]).unwrap().is_none());
    assert_eq!(log.lock().unwrap().len(), 3);
}

#[test]
fn a_command_that_fails_is_reported_without_its_arguments() {
    let env = Fake::new()
        .var("SOPS_AGE_KEY_CMD", "get --token s3cr3t")
        .prints("get", None)
        .var("SOPS_AGE_SSH_PRIVATE_KEY_CMD", "absent s3cr3t");
    let (identities, log, _) = env.load();
    for name in ["alice", "bob"] {
        let enc = wrap(recipient(name), 1);
        assert!(identities.unwrap(recipient(name), &enc).unwrap().is_none());
    }
    // One that cannot be started is not tried again.
    assert_eq!(log.lock().unwrap().len(), 3);
    assert_eq!(
        state(&identities, "SOPS_AGE_KEY_CMD"),
        (SourceState::Failed, "`get` failed: exit status: 1".into())
    );
    let shown = format!("{:?}", identities.explain(&[]));
    assert!(
        shown.contains("`absent` cannot be run: not found") && !shown.contains("s3cr3t"),
        "{shown}"
    );
}

#[test]
fn an_ssh_key_of_a_command_must_be_open() {
    let env = Fake::new()
        .var("SOPS_AGE_SSH_PRIVATE_KEY_CMD", "get")
        .prints("get", Some(LOCKED));
    let (identities, _, asked) = env.load();
    assert!(
        identities
            .unwrap(LOCKED_PUB, &wrap(LOCKED_PUB, 1))
            .unwrap()
            .is_none()
    );
    assert!(asked.lock().unwrap().is_empty());
    assert!(
        state(&identities, "SOPS_AGE_SSH_PRIVATE_KEY_CMD")
            .1
            .contains("passphrase")
    );
    let env = Fake::new()
        .var("SOPS_AGE_SSH_PRIVATE_KEY_CMD", "get")
        .prints("get", Some(SSH));
    assert!(
        env.load()
            .0
            .unwrap(SSH_PUB, &wrap(SSH_PUB, 1))
            .unwrap()
            .is_some()
    );
}

#[test]
fn nobody_is_asked_while_something_else_opens() {
    let env = Fake::new()
        .file(".ssh/id_ed25519", LOCKED)
        .var("SOPS_AGE_KEY_FILE", "keys.age")
        .file("keys.age", &lock(identity("bob")))
        .var("SOPS_AGE_KEY_CMD", "get")
        .prints("get", Some(identity("carol")));
    let (identities, _, asked) = env.load();
    let encs =
        [LOCKED_PUB.trim(), recipient("bob"), recipient("carol")].map(|to| (to, wrap(to, 1)));
    let all = encs
        .each_ref()
        .map(|(recipient, enc)| Wrapped { recipient, enc });
    assert_eq!(identities.unwrap_any(&all).unwrap().unwrap().0, 2);
    assert!(asked.lock().unwrap().is_empty());
    // Bob's file is asked for although nobody can know that bob is in it.
    assert_eq!(identities.unwrap_any(&all[1..2]).unwrap().unwrap().0, 0);
    assert_eq!(identities.unwrap_any(&all[..1]).unwrap().unwrap().0, 0);
    let asked = asked.lock().unwrap();
    assert!(
        asked[0].starts_with("identity file ") && asked[1].starts_with("SSH key "),
        "{asked:?}"
    );
    assert_eq!(asked.len(), 2);
    assert!(identities.owns(recipient("bob")));
}

#[test]
fn the_passphrase_is_asked_once_by_many_threads() {
    use rayon::prelude::*;
    let env = Fake::new().var("SOPS_AGE_KEY", lock(identity("alice")));
    let (identities, _, asked) = env.load();
    let enc = wrap(recipient("alice"), 7);
    let opened = (0..64)
        .into_par_iter()
        .filter(|_| identities.unwrap("?", &enc).unwrap().is_some())
        .count();
    assert_eq!((opened, asked.lock().unwrap().len()), (64, 1));
}

#[test]
fn a_thread_that_waited_for_a_command_uses_its_output() {
    use rayon::prelude::*;
    let enc = wrap(recipient("alice"), 7);
    for _ in 0..50 {
        let env = Fake::new()
            .var("SOPS_AGE_KEY_CMD", "get")
            .prints("get", Some(identity("alice")));
        let (identities, log, _) = env.load();
        let open = |_| {
            identities
                .unwrap(recipient("alice"), &enc)
                .unwrap()
                .is_some()
        };
        assert!((0..4).into_par_iter().with_max_len(1).all(open));
        assert_eq!(log.lock().unwrap().len(), 1);
    }
}

#[test]
fn a_wrong_recipient_text_does_not_keep_a_block_closed() {
    let (identities, ..) = Fake::new().var("SOPS_AGE_KEY", IDENTITIES).load();
    let enc = wrap(recipient("alice"), 1);
    for text in ["", "age1unknown", recipient("bob")] {
        assert!(identities.unwrap(text, &enc).unwrap().is_some());
    }
}

#[test]
fn a_damaged_block_is_an_error_only_if_no_other_opens() {
    let (identities, ..) = Fake::new().var("SOPS_AGE_KEY", IDENTITIES).load();
    let good = wrap(recipient("bob"), 1);
    let bad = wrap(recipient("alice"), 1).replace("BEGIN", "BEGUN");
    let bad = Wrapped {
        recipient: recipient("alice"),
        enc: &bad,
    };
    let good = Wrapped {
        recipient: recipient("bob"),
        enc: &good,
    };
    assert_eq!(identities.unwrap_any(&[bad, good]).unwrap().unwrap().0, 1);
    let error = identities.unwrap_any(&[bad]).unwrap_err();
    assert_eq!(error.kind(), Kind::Crypto);
    assert!(
        error
            .hints()
            .iter()
            .any(|hint| hint.contains(recipient("alice")))
    );
}

#[test]
fn the_explanation_says_whose_the_file_is_and_what_was_found() {
    let env = Fake::new()
        .var("SOPS_AGE_KEY", identity("alice"))
        .var("SOPS_AGE_KEY_FILE", "x");
    let (identities, ..) = env.load();
    let error = identities.explain(&[recipient("bob"), recipient("pq")]);
    assert_eq!(error.kind(), Kind::Key);
    let reason = error.reason().unwrap();
    assert!(reason.contains(recipient("bob")) && reason.contains("age1pq1") && reason.len() < 200);
    let hints = error.hints().join("\n");
    assert!(hints.contains(&format!("SOPS_AGE_KEY: {}", recipient("alice"))));
    assert!(
        hints.contains("x): not found")
            && hints.contains("not set: SOPS_AGE_SSH_PRIVATE_KEY_FILE, ")
    );
    assert!(!hints.contains(&identity("alice")[20..40]));
}
