//! Hostile files: their names, their kinds, what is in them.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use crate::hostile::{audit, config, fifo, os, sealed, secret, sound};
use crate::repository::Place;

#[test]
fn names_are_shown_so_that_no_terminal_and_no_log_obeys_them() {
    let (place, repository) = sound();
    let names: [&[u8]; 7] = [
        b"line\nbreak.yaml",
        b"\x1b[31mred\x1b]0;title\x07.yaml",
        b"not-\xff\xfe-utf8.yaml",
        b"return\r.yaml",
        b"::error file=x::forged.yaml",
        b"bidi-\xe2\x80\xae-lmay.yaml",
        b" lead and trail .yaml",
    ];
    for name in names {
        let path = repository.path.join("k8s").join(os(name));
        fs::write(path, secret("evil")).unwrap();
    }
    repository.git(&["add", "--all"]);
    for format in [
        "plain",
        "json",
        "sarif",
        "gitlab-codequality",
        "gitlab-secret-detection",
        "junit",
        "github",
    ] {
        for arguments in [&["--format", format][..], &["--staged", "--format", format]] {
            let answer = audit(format, &place, &repository.path, arguments).exits(format, &[1]);
            if format == "json" {
                let report: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
                let findings = report["findings"].as_array().unwrap();
                // `.` in an expression does not match the end of a line: that one is outside of the rules.
                let plain = findings
                    .iter()
                    .filter(|f| f["check"] == "SEC001" || f["check"] == "SEC003")
                    .count();
                assert!(plain >= names.len(), "{plain}");
            } else if format == "github" {
                for line in answer
                    .stdout
                    .lines()
                    .filter(|line| line.starts_with("::error"))
                {
                    assert!(!line.starts_with("::error file=x::forged"), "{line}");
                }
            }
            assert!(
                !answer.stdout.contains('\u{202e}') || format != "plain",
                "{}",
                answer.stdout
            );
        }
    }
    repository.commit("Evil");
    audit("history", &place, &repository.path, &["--history"]).exits("history", &[1]);
}

#[test]
fn links_are_not_followed_out_of_the_tree_nor_round_in_circles() {
    let (place, repository) = sound();
    let outside = place.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("plain.yaml"), secret("outside")).unwrap();
    fs::write(outside.join(".env"), "DB_PASSWORD=q7Rk2Lm9Xw4TzB1c\n").unwrap();
    fifo(&outside.join("fifo.yaml"));
    for (name, target) in [
        ("k8s/outside.yaml", outside.join("plain.yaml")),
        ("k8s/folder", outside.clone()),
        ("k8s/fifo.yaml", outside.join("fifo.yaml")),
        ("k8s/zero.yaml", "/dev/zero".into()),
        ("k8s/passwd.yaml", "/etc/passwd".into()),
        ("k8s/nowhere.yaml", "nowhere".into()),
        ("k8s/itself.yaml", "itself.yaml".into()),
        ("k8s/up", "..".into()),
        ("k8s/root", "/".into()),
    ] {
        symlink(target, repository.path(name)).unwrap();
    }
    let answer =
        audit("untracked links", &place, &repository.path, &[]).exits("untracked links", &[0]);
    assert!(!(answer.stdout + &answer.stderr).contains(".env"));
    repository.git(&["add", "--all"]);
    audit("tracked links", &place, &repository.path, &[]).exits("tracked links", &[0]);
    audit("tracked links", &place, &repository.path, &["--staged"]).exits("tracked links", &[0]);
    repository.commit("Links");
    audit("committed links", &place, &repository.path, &["--history"])
        .exits("committed links", &[0]);
}

#[test]
fn a_configuration_that_is_a_link_or_a_fifo_covers_nothing_in_silence() {
    let (place, repository) = sound();
    let outside = place.path().join("outside.yaml");
    fs::write(&outside, config()).unwrap();
    repository.remove(".sops.yaml");
    symlink(&outside, repository.path(".sops.yaml")).unwrap();
    repository.write("k8s/plain.yaml", secret("plain"));
    audit("a link", &place, &repository.path, &[]).exits("a link", &[1, 2, 3]);
    fifo(&repository.path(".sops.yaml"));
    audit("a FIFO", &place, &repository.path, &[]).exits("a FIFO", &[1, 2, 3]);
    repository.remove(".sops.yaml");
    fs::create_dir(repository.path(".sops.yaml")).unwrap();
    audit("a folder", &place, &repository.path, &[]).exits("a folder", &[1, 2, 3]);
}

#[test]
fn a_worktree_full_of_fifos_and_sockets_is_walked_without_opening_them() {
    let (place, repository) = sound();
    for number in 0..50 {
        fifo(&repository.path(&format!("k8s/fifo-{number}.yaml")));
    }
    for name in [
        ".env",
        ".npmrc",
        ".gitignore",
        ".secrets-audit.yaml",
        "k8s/.sops.yaml",
        ".gitattributes",
    ] {
        fifo(&repository.path(name));
    }
    let _listener = UnixListener::bind(repository.path("k8s/socket.yaml")).unwrap();
    audit("FIFOs", &place, &repository.path, &[]);
    audit("FIFOs", &place, &repository.path, &["--staged"]);
    audit("FIFOs", &place, &repository.path, &["--history"]);
    // One that took the place of a tracked file.
    fifo(&repository.path("k8s/0.yaml"));
    audit("a FIFO for a file", &place, &repository.path, &[]);
}

#[test]
fn documents_made_to_explode_take_bounded_time_and_are_never_green() {
    let mut laughs = "apiVersion: v1\nkind: Secret\nstringData:\n  a0: &a0 ha\n".to_owned();
    for level in 1..40 {
        let many = format!("*a{}, ", level - 1).repeat(10);
        laughs.push_str(&format!("  a{level}: &a{level} [{many}]\n"));
    }
    let merges: String = (1..2000)
        .map(|n| format!("m{n}: &m{n}\n  <<: [*m{0}, *m{0}]\n  k{n}: v\n", n - 1))
        .collect();
    let keys: String = (0..200_000).map(|n| format!("  key{n}: {n}\n")).collect();
    let cases = [
        ("aliases", "yaml", laughs),
        (
            "merges",
            "yaml",
            format!("kind: Secret\nm0: &m0\n  k: v\n{merges}"),
        ),
        (
            "nested lists",
            "yaml",
            format!("kind: Secret\nstringData: {}", "[".repeat(200_000)),
        ),
        (
            "nested mappings",
            "yaml",
            format!("kind: Secret\nstringData: {}", "{a: ".repeat(100_000)),
        ),
        (
            "nested blocks",
            "yaml",
            (0..3000).map(|n| " ".repeat(n) + "a:\n").collect(),
        ),
        ("nested sequences", "yaml", "- ".repeat(100_000) + "a"),
        ("nested json", "json", "[".repeat(500_000)),
        ("nested objects", "json", "{\"a\":".repeat(200_000)),
        (
            "many keys",
            "yaml",
            format!("kind: Secret\nstringData:\n{keys}"),
        ),
        (
            "many documents",
            "yaml",
            "---\nkind: Secret\nstringData: {a: b}\n".repeat(20_000),
        ),
        (
            "an anchor without end",
            "yaml",
            format!("kind: Secret\nstringData: &{} a", "a".repeat(1 << 20)),
        ),
        (
            "a key without end",
            "yaml",
            format!(
                "kind: Secret\nstringData:\n  ? {}\n  : a",
                "a".repeat(1 << 20)
            ),
        ),
        (
            "quotes without end",
            "yaml",
            format!(
                "kind: Secret\nstringData:\n  a: \"{}",
                "\\\"".repeat(1 << 20)
            ),
        ),
        (
            "tags",
            "yaml",
            format!("kind: Secret\nstringData:\n  a: {}x", "!t ".repeat(50_000)),
        ),
        ("zeros", "yaml", "\0".repeat(1 << 20)),
        (
            "escapes",
            "json",
            format!("{{\"stringData\": \"{}\"}}", "\\ud800".repeat(100_000)),
        ),
    ];
    for (what, extension, text) in cases {
        let (place, repository) = sound();
        repository.write(&format!("k8s/bomb.{extension}"), &text);
        audit(what, &place, &repository.path, &[]).exits(what, &[1, 3]);
        // Outside of the rules it is nobody's promise, but it ends as well.
        repository.write(&format!("other/bomb.{extension}"), &text);
        repository.git(&["add", "--all"]);
        audit(what, &place, &repository.path, &["--staged"]).exits(what, &[1, 3]);
    }
}

#[test]
fn sealed_files_made_to_explode_take_bounded_time_and_are_never_green() {
    let text = sealed("bomb");
    let block = text.split("sops:\n").nth(1).unwrap();
    let recipient = block
        .lines()
        .position(|line| line.contains("- recipient") || line.contains("- enc"))
        .unwrap();
    let stanza: Vec<&str> = block
        .lines()
        .skip(recipient)
        .take_while(|line| line.starts_with("     ") || line.contains("- "))
        .collect();
    let many = format!("{}\n", stanza.join("\n")).repeat(5000);
    let cases = [
        (
            "many stanzas",
            text.replacen("    age:\n", &format!("    age:\n{many}"), 1),
        ),
        (
            "an expression that backtracks",
            text.replace("^(data|stringData)$", "(a*)*(a*)*(a*)*(a*)*b{1000}"),
        ),
        (
            "an expression without end",
            text.replace("^(data|stringData)$", &"(".repeat(100_000)),
        ),
        ("metadata twice", format!("{text}sops: {{}}\n")),
        (
            "a threshold beyond numbers",
            text.replace(
                "\n  mac: ",
                "\n  shamir_threshold: 99999999999999999999\n  mac: ",
            ),
        ),
        (
            "a value that is no envelope",
            text.replace(",type:str]", ",type:str"),
        ),
        (
            "an envelope without end",
            text.replacen(
                "ENC[AES256_GCM,data:",
                &format!("ENC[AES256_GCM,data:{}", "A".repeat(4 << 20)),
                1,
            ),
        ),
    ];
    for (what, text) in cases {
        let (place, repository) = sound();
        repository.write("k8s/bomb.yaml", text);
        // These are sealed all the same.
        let codes: &[i32] = if ["an envelope without end", "many stanzas"].contains(&what) {
            &[0, 1, 3]
        } else {
            &[1, 3]
        };
        audit(what, &place, &repository.path, &[]).exits(what, codes);
    }
}

#[test]
fn rules_made_to_explode_are_never_green() {
    for (what, text) in [
        ("a regex that explodes", "creation_rules:\n  - path_regex: '((a{0,1000}){0,1000}){0,1000}'\n    age: age1x\n".to_owned()),
        ("no YAML", "creation_rules: [".to_owned()),
        ("aliases", "a: &a [x]\ncreation_rules: [*a, *a, *a]\n".to_owned()),
        ("no rule", "creation_rules: 5\n".to_owned()),
        ("many rules", format!("creation_rules:\n{}", "  - path_regex: 'a.*b.*c$'\n    age: age1kqrjgh0uxr5ll9evn36lp33qlg4hu8wj46qnq2qzu8gztsj8r93scjhs43\n".repeat(3000))),
    ] {
        let (place, repository) = sound();
        repository.write(".sops.yaml", text);
        // Many rules are only many; all others leave it open what they cover.
        let codes: &[i32] = if what == "many rules" { &[0, 1] } else { &[1, 2, 3] };
        audit(what, &place, &repository.path, &[]).exits(what, codes);
    }
}

/// Without optimisation the same is seen of a sixteenth.
const MEGABYTE: usize = if cfg!(debug_assertions) {
    1 << 16
} else {
    1 << 20
};

#[test]
fn huge_files_take_bounded_time() {
    let place = Place::new();
    let repository = place.repository("repo");
    repository.write(".sops.yaml", config());
    repository.write("line.txt", "a".repeat(100 * MEGABYTE));
    repository.write("tokens.txt", "ghp_".repeat(MEGABYTE));
    repository.write(
        "begin.txt",
        ["-----BE", "GIN PRIVATE KEY-----\n"]
            .concat()
            .repeat(1 << 18),
    );
    repository.write("base64.txt", "QUFB".repeat(MEGABYTE));
    repository.write("at.txt", "a://b:c@".repeat(MEGABYTE / 2));
    // Names everywhere on one line.
    let names = r#"{"t": "a Secret", "token": 1},"#.repeat(MEGABYTE);
    repository.write("names.json", format!("[{names}1]"));
    audit("huge", &place, &repository.path, &[]);
    // A covered file too large to be read is no green one.
    for name in [
        "line.txt",
        "tokens.txt",
        "begin.txt",
        "base64.txt",
        "at.txt",
        "names.json",
    ] {
        fs::remove_file(repository.path(name)).unwrap();
    }
    repository.write(
        "k8s/line.json",
        format!(
            "{{\"stringData\": {{\"a\": \"{}\"}}}}",
            "a".repeat(100 * MEGABYTE)
        ),
    );
    audit("huge and covered", &place, &repository.path, &[]).exits("huge and covered", &[1, 3]);
}
