//! Both directions: what is found, and what is none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use super::*;

const DRAWN: &str = "q7Vb2Lw9XkT4mR8sZp3N";
const ENC: &str = "ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]";
const SECRET: &str =
    "kind: Secret\napiVersion: v1\nstringData:\n  user: anna\n  password: hunter2\n";

/// The same Secret, sealed (in form only).
fn sealed() -> String {
    format!(
        "kind: Secret\napiVersion: v1\nstringData:\n  user: {ENC}\n  password: {ENC}\nsops:\n  lastmodified: \"2026-01-01T00:00:00Z\"\n  mac: {ENC}\n  version: 3.10.0\n  age:\n  - recipient: age1x\n    enc: x\n"
    )
}

struct Files {
    files: BTreeMap<String, Vec<u8>>,
    paths: Vec<String>,
}

impl Files {
    fn of(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
        let files: BTreeMap<_, _> = files.iter().map(owned).collect();
        let paths = files.keys().cloned().collect();
        Files { files, paths }
    }
}

impl View for Files {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files.get(path).cloned()
    }

    fn paths(&self) -> &[String] {
        &self.paths
    }
}

fn found(path: &str, text: &str, beside: &[(&str, &str)]) -> Vec<String> {
    let view = Files::of(beside);
    let mut hits = Vec::new();
    check(&Subject::new(path, text.as_bytes()), Some(&view), &mut hits);
    assert!(hits.is_empty() || is_suspicious(path), "{path}");
    let line = |hit: &Hit| format!("{} {}", hit.check.id, hit.confidence);
    hits.iter().map(line).collect()
}

#[test]
fn names_tell_leftovers() {
    for (path, original) in [
        ("a/secrets.yaml.dec", "a/secrets.yaml"),
        ("a/secret.dec.yaml", "a/secret.yaml"),
        ("secret.decrypted.yaml", "secret.yaml"),
        ("secret.yaml.decrypted", "secret.yaml"),
        ("secret.yaml.decrypted~1a2b", "secret.yaml"),
        ("secret.plain.json", "secret.json"),
        ("secret.unencrypted.yaml", "secret.yaml"),
        (".env.clear", ".env"),
        (".secret.yaml.swp", "secret.yaml"),
        ("a/.secret.yaml.swo", "a/secret.yaml"),
        ("secret.yaml~", "secret.yaml"),
        ("#secret.yaml#", "secret.yaml"),
        (".#secret.yaml", "secret.yaml"),
        ("secret.yaml.bak", "secret.yaml"),
        ("secret.yaml.orig", "secret.yaml"),
        ("secret.yaml.save", "secret.yaml"),
        ("secret.yaml.tmp", "secret.yaml"),
    ] {
        let mark = marks::of(path).unwrap_or_else(|| panic!("{path}"));
        assert_eq!(mark.original, original, "{path}");
    }
    for path in [
        "secret.yaml",
        "secret.enc.yaml",
        "decrypted/secret.yaml",
        "dec",
        "dec.yaml",
        "plain.go",
        "code.plain.ts",
        "decode.yaml",
        "a.swpx",
        "~",
        ".bak",
        "explain.yaml",
        "README.md",
    ] {
        assert_eq!(marks::of(path), None, "{path}");
    }
}

#[test]
fn decrypted_copies_are_found() {
    let sealed = sealed();
    let beside = [("secret.yaml", sealed.as_str())];
    let with_mark = [("secret.enc.yaml", sealed.as_str())];
    let one_more = format!("{SECRET}  more: x1\n");
    let values = format!("db:\n  password: {DRAWN}\n");
    let other = "a: 1\nb: two\n";
    for (path, text, beside, expected) in [
        (
            "secret.yaml.dec",
            SECRET,
            &beside[..],
            vec!["SEC301 certain"],
        ),
        ("secret.dec.yaml", SECRET, &beside, vec!["SEC301 certain"]),
        (
            "secret.decrypted.yaml",
            SECRET,
            &with_mark,
            vec!["SEC301 certain"],
        ),
        ("secret.dec.yaml", &one_more, &beside, vec!["SEC301 likely"]),
        ("secret.dec.yaml", SECRET, &[], vec!["SEC301 likely"]),
        ("values.dec.yaml", &values, &[], vec!["SEC301 likely"]),
        ("values.dec.yaml", other, &[], vec!["SEC301 possible"]),
        ("secret.dec.yaml", &sealed, &beside, vec![]),
        ("secret.dec.yaml", "\n", &beside, vec![]),
        ("secret.yaml", SECRET, &with_mark, vec![]),
    ] {
        assert_eq!(found(path, text, beside), expected, "{path}\n{text}");
    }
}

#[test]
fn what_editors_left_is_found() {
    let sealed = sealed();
    let beside = [("secret.yaml", sealed.as_str())];
    let swap = format!("b0VIM 9.0\0\0\0{SECRET}");
    let swap_of_sealed = format!("b0VIM 9.0\0\0\0{sealed}");
    let values = format!("DB_PASSWORD={DRAWN}\n");
    for (path, text, beside, expected) in [
        ("secret.yaml~", SECRET, &beside[..], vec!["SEC302 certain"]),
        ("#secret.yaml#", SECRET, &[], vec!["SEC302 likely"]),
        (".secret.yaml.swp", &swap, &beside, vec!["SEC302 likely"]),
        (".secret.yaml.swp", &swap, &[], vec!["SEC302 likely"]),
        (
            ".secret.yaml.swp",
            &swap_of_sealed,
            &beside,
            vec!["SEC302 possible"],
        ),
        (".env.bak", &values, &[], vec!["SEC302 likely"]),
        ("secret.yaml.orig", &sealed, &beside, vec![]),
        ("main.rs.orig", "fn main() {}\n", &[], vec![]),
        ("notes.txt~", "some words\n", &[], vec![]),
        ("app.yaml.bak", "kind: Service\n", &[], vec![]),
    ] {
        assert_eq!(found(path, text, beside), expected, "{path}\n{text}");
    }
}

#[test]
fn plain_twins_are_found() {
    let sealed = sealed();
    let references =
        "kind: Secret\napiVersion: v1\nstringData:\n  user: ${USER}\n  password: changeme\n";
    let half = "kind: Secret\napiVersion: v1\nstringData:\n  user: anna\n";
    let dotenv = format!("A={ENC}\nB={ENC}\nsops_version=3.10.0\n");
    for (files, expected) in [
        (
            vec![("a/x.enc.yaml", sealed.as_str()), ("a/x.yaml", SECRET)],
            vec!["a/x.yaml SEC303 certain"],
        ),
        (
            vec![("x.sops.yaml", &sealed), ("x.yaml", SECRET)],
            vec!["x.yaml SEC303 certain"],
        ),
        (
            vec![("x-enc.yaml", &sealed), ("x.yaml", SECRET)],
            vec!["x.yaml SEC303 certain"],
        ),
        (
            vec![("secrets.x.yaml", &sealed), ("x.yaml", SECRET)],
            vec!["x.yaml SEC303 certain"],
        ),
        (vec![("x.yaml.enc", &sealed), ("x.yaml", SECRET)], vec![]),
        (
            vec![(".enc.env", &dotenv), (".env", "A=abc1\nB=abc2\n")],
            vec![],
        ),
        (
            vec![("app.enc.env", &dotenv), ("app.env", "A=abc1\nB=abc2\n")],
            vec!["app.env SEC303 certain"],
        ),
        (vec![("x.sops.yaml", &sealed), ("x.yaml", half)], vec![]),
        (
            vec![("x.sops.yaml", &sealed), ("x.yaml", references)],
            vec![],
        ),
        (vec![("x.sops.yaml", &sealed), ("x.yaml", &sealed)], vec![]),
        (vec![("x.sops.yaml", SECRET), ("x.yaml", SECRET)], vec![]),
        (vec![("x.sops.yaml", &sealed), ("y.yaml", SECRET)], vec![]),
        (vec![("a/x.sops.yaml", &sealed), ("x.yaml", SECRET)], vec![]),
        (vec![("x.sops.yaml", &sealed)], vec![]),
    ] {
        let view = Files::of(&files);
        let line =
            |(path, hit): &(String, Hit)| format!("{path} {} {}", hit.check.id, hit.confidence);
        let read: Vec<_> = twins(&view).iter().map(line).collect();
        assert_eq!(read, expected, "{:?}", view.paths);
    }
}

#[test]
fn without_neighbours_the_content_decides() {
    let mut hits = Vec::new();
    check(
        &Subject::new("secret.dec.yaml", SECRET.as_bytes()),
        None,
        &mut hits,
    );
    assert_eq!(hits.len(), 1);
    assert!(!hits[0].message.contains("hunter2"));
}
