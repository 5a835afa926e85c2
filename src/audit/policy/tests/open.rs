//! SEC015.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::super::open::{Opening, open_and_verify};
use super::*;
use crate::keys::{CommandOutput, Environment, Identities, NoCallbacks};

const IDENTITIES: &str = include_str!("../../../../testdata/keys/identities.txt");

struct Only(String);

impl Environment for Only {
    fn var(&self, name: &str) -> Option<OsString> {
        (name == "SOPS_AGE_KEY").then(|| OsString::from(&self.0))
    }

    fn directory(&self) -> &Path {
        Path::new("/nowhere")
    }

    fn run(&self, _: &[String], _: &[(&str, &str)]) -> io::Result<CommandOutput> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// The identity of somebody of the list.
fn identities(name: &str) -> Identities {
    let line = RECIPIENTS
        .lines()
        .position(|line| line.starts_with(name))
        .unwrap();
    let key = IDENTITIES.lines().nth(line).unwrap().to_owned();
    let identities = Identities::load(Only(key), NoCallbacks);
    assert!(identities.owns(recipient(name)));
    identities
}

fn open(path: &str, text: &str, who: &str) -> Opening {
    open_and_verify(&Subject::new(path, text.as_bytes()), &identities(who))
}

#[test]
fn what_opens_and_what_does_not() {
    let sealed = sealed();
    assert!(matches!(open("a.yaml", &sealed, "alice"), Opening::Opens));
    assert!(matches!(
        open("a.yaml", SECRET, "alice"),
        Opening::NotSealed
    ));
    assert!(matches!(
        open("a.yaml", "sops: {lastmodified: x}", "alice"),
        Opening::Unsupported(_)
    ));
    let Opening::NoIdentity(why) = open("a.yaml", &sealed, "bob") else {
        panic!("bob opens it");
    };
    assert!(why.contains(recipient("alice")), "{why}");
    let note = include_str!("../../../../testdata/golden/3.13.3/note.txt");
    assert!(matches!(open("note.txt", note, "alice"), Opening::Opens));
    let env = include_str!("../../../../testdata/golden/3.13.3/app.env");
    assert!(matches!(
        open("a.env", env, "alice"),
        Opening::Unsupported(_)
    ));
}

#[test]
fn edited_by_hand() {
    let sealed = sealed();
    let swapped = sealed.replace("user:", "admin:");
    let removed = {
        let at = sealed.find("  user:").unwrap();
        let end = at + sealed[at..].find('\n').unwrap() + 1;
        format!("{}{}", &sealed[..at], &sealed[end..])
    };
    let in_clear = sealed.replace("name: db", "name: bd");
    let added = sealed.replace("stringData:\n", "stringData:\n  token: hunter2\n");
    for (name, text) in [
        ("renamed", swapped),
        ("removed", removed),
        ("in clear", in_clear),
        ("added", added),
    ] {
        let Opening::Fails(hit) = open("a.yaml", &text, "alice") else {
            panic!("{name}");
        };
        assert_eq!(hit.check.id, "SEC015");
        assert!(!hit.message.contains("hunter2") && !hit.message.is_empty());
        assert!(hit.span.end <= text.len());
    }
    let broken = format!("{sealed}: [\n");
    assert!(matches!(
        open("a.yaml", &broken, "alice"),
        Opening::Unsupported(_)
    ));
}

#[test]
fn binary_files_of_any_content() {
    let blob = std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/3.13.3/blob.bin"),
    )
    .unwrap();
    let opening = open_and_verify(&Subject::new("blob.bin", &blob), &identities("alice"));
    assert!(
        !matches!(opening, Opening::Fails(_) | Opening::NotSealed),
        "{opening:?}"
    );
}
