//! What the program refuses: with a message that says what, where, why and what to do, with every
//! file as it was, and without a word of any value.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/sandbox.rs"]
mod sandbox;

use sandbox::{ALICE, Refusal, SENTINEL, Sandbox, golden, refused};

const MANIFEST: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData:
  first: S3ntinel-1
  second: S3ntinel-2
";

const DATA: &str = "^(data|stringData)$";

fn seal_text(name: &str, text: impl AsRef<[u8]>, message: &str, at: &str, hint: &str) {
    let sandbox = Sandbox::new();
    sandbox.write(name, text);
    let place = format!("{name}{at}");
    let want = Refusal {
        message,
        place: &place,
        hint,
    };
    let command = sandbox.command(&["encrypt", "-i", "--age", ALICE, name]);
    refused(&sandbox, command, &want);
}

#[test]
fn yaml_that_cannot_be_sealed() {
    let s = SENTINEL;
    let deep = format!("a: {}{s}{}\n", "[".repeat(5000), "]".repeat(5000));
    let steps: String = (0..3000)
        .map(|n| format!("{}a:\n", " ".repeat(n)))
        .collect();
    let mut bomb = format!("a: &a [{}]\n", [s; 9].join(", "));
    for (name, of) in ('b'..='j').zip('a'..='i') {
        let items = vec![format!("*{of}"); 9].join(", ");
        bomb.push_str(&format!("{name}: &{name} [{items}]\n"));
    }
    let utf16: Vec<u8> = format!("\u{feff}a: {s}\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let latin1 = [b"a: ", s.as_bytes(), b"\nb: ", s.as_bytes(), b"\xe9\n"].concat();
    let nul = [b"a: ", s.as_bytes(), b"\nb: x\0y\n"].concat();
    let cases: Vec<(Vec<u8>, &str, &str, &str)> = vec![
        (
            format!("a: {s}\n b: {s}\n").into(),
            "a second `:` cannot stand on this line",
            ":2:3",
            "quotes",
        ),
        (
            format!("a: \"{s}\n").into(),
            "the quote is never closed",
            ":1:4",
            "close the quote",
        ),
        (
            format!("a:\n\tb: {s}\n").into(),
            "a tab cannot indent",
            ":2:1",
            "spaces",
        ),
        (
            deep.into(),
            "nested more than 250 deep",
            ":1:253",
            "damaged",
        ),
        (
            steps.into(),
            "nested more than 250 deep",
            ":251:251",
            "damaged",
        ),
        (
            bomb.into(),
            "aliases add more than 400000 values",
            ":6:24",
            "write the values out",
        ),
        (
            utf16,
            "the text is UTF-16",
            ":1:1",
            "convert the file to UTF-8",
        ),
        (
            latin1,
            "the text is not UTF-8",
            ":2:12",
            "convert the file to UTF-8",
        ),
        (nul, "the text holds a NUL byte", ":2:5", "escape"),
        (
            format!("a: \"{s}\x01\"\n").into(),
            "a control character",
            ":1:13",
            "escape",
        ),
        (
            format!("a: {s}\nb: 1\na: {s}\n").into(),
            "the key `a` stands twice",
            ":3:1",
            "remove one",
        ),
        (
            format!("- {s}\n").into(),
            "the document is a list",
            ":1:1",
            "under a key",
        ),
        (
            format!("{s}\n").into(),
            "the document is a single value",
            ":1:1",
            "under a key",
        ),
        (
            format!("a: {s}\n1: {s}\n").into(),
            "the key `1` is not a string",
            ":2:1",
            "quotes",
        ),
        (
            format!("a: {s}\n~: {s}\n").into(),
            "the key `~` is not a string",
            ":2:1",
            "quotes",
        ),
        (
            format!("? [a]\n: {s}\n").into(),
            "a key is a list or a mapping",
            ":1:3",
            "one string",
        ),
        (
            b"".to_vec(),
            "the text holds no document",
            ":1:1",
            "at least one key",
        ),
        (
            format!("# only {s}\n").into(),
            "the text holds no document",
            ":1:1",
            "at least one key",
        ),
        (
            format!("a: {s}\nb: 18446744073709551615\n").into(),
            "above 9223372036854775807",
            ":2:4",
            "quote the value",
        ),
        (
            b"a: &a\n  b: *a\n".to_vec(),
            "this alias' anchor contains the alias",
            ":2:6",
            "write the value out",
        ),
        // A password without its quotes is an alias, an anchor or a tag: its name is not shown.
        (
            format!("a: *{s}\n").into(),
            "no anchor stands before this alias",
            ":1:4",
            "quotes if the `*`",
        ),
        (
            format!("b: x\na: &{s}\n").into(),
            "an anchor without a value",
            ":2:4",
            "quotes if the `&`",
        ),
        (
            format!("b: x\na: !{s}\n").into(),
            "a tag without a value",
            ":2:4",
            "quotes if the `!`",
        ),
        (
            format!("b: x\na: !!{s}\n").into(),
            "a tag without a value",
            ":2:4",
            "quotes if the `!`",
        ),
        (
            format!("a: !{s}!{s} x\n").into(),
            "the tag's handle is not declared",
            ":1:4",
            "quotes if the `!`",
        ),
        (
            format!("a: @{s}\n").into(),
            "`@` cannot start a value here",
            ":1:4",
            "quotes",
        ),
        (
            format!("a: %{s}\n").into(),
            "`%` cannot start a value here",
            ":1:4",
            "quotes",
        ),
        (
            format!("a: ? {s}\n").into(),
            "a key cannot start here",
            ":1:4",
            "quotes if the `?`",
        ),
        (
            format!("a: \"\\{s}\"\n").into(),
            "this escape does not exist",
            ":1:5",
            "backslash",
        ),
        (
            format!("a: |{s}\n").into(),
            "only a comment may follow",
            ":1:5",
            "next line",
        ),
        (
            format!("a: {s}\n---\nsops: {s}\n").into(),
            "a top-level key `sops`",
            ":3:7",
            "rename the key",
        ),
        (
            format!("a: {s}\nsops: []\n").into(),
            "`sops` is not a mapping",
            ":2:7",
            "rename the key",
        ),
        (
            format!("a: !!binary {s}%\n").into(),
            "not base64",
            ":1:13",
            "remove the tag",
        ),
        (
            format!("a: !!int {s}\n").into(),
            "does not fit its tag !!int",
            ":1:10",
            "remove the tag",
        ),
        (
            format!("%YAML 1.2\n---\na: {s}\n").into(),
            "only `%YAML 1.1`",
            ":1:1",
            "remove the directive",
        ),
    ];
    for (text, message, at, hint) in cases {
        seal_text("secret.yaml", text, message, at, hint);
    }
}

#[test]
fn json_that_cannot_be_sealed() {
    let s = SENTINEL;
    let deep = format!("{{\"a\":{}\"{s}\"{}}}", "[".repeat(5000), "]".repeat(5000));
    let cases: Vec<(Vec<u8>, &str, &str, &str)> = vec![
        (b"".to_vec(), "the text is empty", ":1:1", "at least {}"),
        (
            format!("{{\"a\": \"{s}\", }}").into(),
            "a key is missing",
            ":1:19",
            "remove the comma",
        ),
        (
            format!("[\"{s}\"]").into(),
            "the document is a list",
            ":1:1",
            "under a key",
        ),
        (
            format!("\"{s}\"").into(),
            "the document is a single value",
            ":1:1",
            "under a key",
        ),
        (
            format!("{{\"a\":\"{s}\"}} x").into(),
            "text follows the object",
            ":1:18",
            "a file of its own",
        ),
        (
            format!("{{\"a\":\"{s}\",\"b\":1e999}}").into(),
            "beyond the range",
            ":1:21",
            "quote the value",
        ),
        (
            deep.into(),
            "nested more than 250 deep",
            ":1:255",
            "damaged",
        ),
        (
            b"{\"a\": \"S3ntinel\xff\"}".to_vec(),
            "not UTF-8",
            ":1:16",
            "convert",
        ),
    ];
    for (text, message, at, hint) in cases {
        seal_text("secret.json", text, message, at, hint);
    }
}

#[test]
fn other_formats_and_other_files() {
    for (name, message) in [
        ("app.env", "dotenv files are not supported yet"),
        ("app.ini", "INI files are not supported yet"),
        ("key.bin", "does not end in .yaml, .yml or .json"),
        ("SECRET", "does not end in .yaml, .yml or .json"),
    ] {
        seal_text(name, format!("A={SENTINEL}\n"), message, "", "use sops");
    }
    let sandbox = Sandbox::new();
    let want = Refusal {
        message: "no such file or folder",
        place: "gone.yaml",
        hint: "check the path",
    };
    for verb in ["encrypt", "decrypt"] {
        refused(&sandbox, sandbox.command(&[verb, "gone.yaml"]), &want);
    }
}

/// Bounded memory: the address space of the program is smaller than the file.
#[test]
#[cfg(target_os = "linux")]
fn a_huge_file_is_refused_before_it_is_read() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("huge.yaml", format!("a: {SENTINEL}\n"));
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_len(40 << 30).unwrap();
    for arguments in [
        ["encrypt", "-i"],
        ["decrypt", "-i"],
        ["encrypt", "--dry-run"],
    ] {
        let mut command = sandbox.command(&arguments);
        command.args(["--filename", "huge.yaml", "huge.yaml"]);
        if arguments[0] == "encrypt" {
            command.args(["--age", ALICE]);
        }
        let want = Refusal {
            message: "input is larger than 512 MiB",
            place: "huge.yaml",
            hint: "split it",
        };
        let start = std::time::Instant::now();
        refused(&sandbox, command, &want);
        assert!(start.elapsed().as_secs() < 20, "it was read");
    }
}

#[test]
fn what_would_stay_in_plaintext_unless_allowed() {
    let other = format!("plain: {SENTINEL}\n");
    let leak = format!("secret: &a {SENTINEL}\nopen: *a\n");
    let aliased =
        format!("x: &d {{pw: {SENTINEL}}}\napiVersion: v1\nkind: Secret\ndata: *d\nsecret: x\n");
    let merged = format!(
        "x: &d {{pw: {SENTINEL}}}\napiVersion: v1\nkind: Secret\ndata:\n  <<: *d\nsecret: x\n"
    );
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  data: {{a: b}}\n- data: {{pw: {SENTINEL}}}\n  apiVersion: v1\n  kind: Secret\n  secret: x\n"
    );
    let secret_list = format!(
        "items:\n- data: {{pw: {SENTINEL}}}\n- secret: x\nkind: SecretList\napiVersion: v1\n"
    );
    let list_metadata = format!(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {{secret: {SENTINEL}}}\n"
    );
    let cases = [
        (
            list.as_str(),
            "^secret$",
            "`items[1].data.pw` of this Secret would stay in plaintext",
            ":7:14",
            "plain-secret",
        ),
        (
            secret_list.as_str(),
            "^secret$",
            "`items[0].data.pw` of this Secret would stay in plaintext",
            ":2:14",
            "plain-secret",
        ),
        (
            list_metadata.as_str(),
            "^secret$",
            "`items[0].metadata.secret` of this Secret would be encrypted",
            ":6:22",
            "encrypted-metadata",
        ),
        (
            other.as_str(),
            "^secret$",
            "selects nothing in this file",
            "",
            "nothing-selected",
        ),
        (
            MANIFEST,
            "^name$",
            "`stringData.first` of this Secret would stay in plaintext",
            ":5:10",
            "plain-secret",
        ),
        (
            aliased.as_str(),
            "^secret$",
            "of this Secret would stay in plaintext",
            ":4:7",
            "plain-secret",
        ),
        (
            merged.as_str(),
            "^secret$",
            "of this Secret would stay in plaintext",
            ":5:7",
            "plain-secret",
        ),
        (
            MANIFEST,
            "",
            "`apiVersion` of this Secret would be encrypted",
            ":1:13",
            "encrypted-metadata",
        ),
        (
            leak.as_str(),
            "^secret$",
            "repeat an encrypted value in plaintext at `open`",
            ":2:7",
            "",
        ),
    ];
    for (text, regex, message, at, check) in cases {
        let sandbox = Sandbox::new();
        sandbox.write("secret.yaml", text);
        let mut arguments = vec!["encrypt", "-i", "--age", ALICE, "secret.yaml"];
        if !regex.is_empty() {
            arguments.extend(["--encrypted-regex", regex]);
        }
        if message.contains("`stringData.first`") {
            // Another check would be first.
            arguments.extend(["--allow", "nothing-selected,encrypted-metadata"]);
        }
        let place = format!("secret.yaml{at}");
        let want = Refusal {
            message,
            place: &place,
            hint: check,
        };
        refused(&sandbox, sandbox.command(&arguments), &want);
        if !check.is_empty() {
            arguments.extend(["--allow", check]);
            sandbox.done(&arguments);
            assert!(sandbox.read("secret.yaml").contains("\nsops:\n"));
            sandbox.done(&["decrypt", "-i", "secret.yaml"]);
            assert_eq!(sandbox.read("secret.yaml"), text);
        }
    }
}

#[test]
fn recipients_and_expressions_of_flags() {
    let private = std::fs::read_to_string(golden("identities.txt")).unwrap();
    let private = private
        .lines()
        .find(|line| line.starts_with("AGE-SECRET-KEY-"))
        .unwrap();
    let cases: &[(&[&str], &str, &str)] = &[
        (
            &["--age", "age1REPLACE_ME"],
            "the recipient `age1REPLACE_ME` is not usable",
            "copy the recipient again",
        ),
        (
            &["--age", "<age public key>"],
            "is not a recipient",
            "age-keygen -y",
        ),
        (
            &["--age", private],
            "a private key stands where a recipient belongs",
            "put the public key there",
        ),
        (&["--age", ","], "`--age` names no recipient", "age1"),
        (
            &["--age", ALICE, "--encrypted-regex", "("],
            "`encrypted_regex` is no valid regular expression",
            "RE2",
        ),
        (
            &["--age", ALICE, "--unencrypted-regex", "(?=a)"],
            "`unencrypted_regex` is no valid",
            "RE2",
        ),
        (
            &["--age", ALICE, "--encrypted-comment-regex", "["],
            "`encrypted_comment_regex` is no valid",
            "RE2",
        ),
        (
            &[
                "--age",
                ALICE,
                "--encrypted-regex",
                "a",
                "--encrypted-suffix",
                "b",
            ],
            "exclude each other",
            "keep one",
        ),
        (
            &[
                "--age",
                ALICE,
                "--unencrypted-regex",
                "a",
                "--encrypted-comment-regex",
                "b",
            ],
            "exclude each other",
            "keep one",
        ),
    ];
    for (flags, message, hint) in cases {
        let sandbox = Sandbox::new();
        sandbox.write("secret.yaml", MANIFEST);
        let mut command = sandbox.command(&["encrypt", "-i", "secret.yaml"]);
        command.args(*flags);
        let want = Refusal {
            message,
            place: "",
            hint,
        };
        refused(&sandbox, command, &want);
    }
}

#[test]
fn configurations() {
    let rule = format!("age: {ALICE}\n");
    let private = std::fs::read_to_string(golden("identities.txt")).unwrap();
    let private = private.lines().find(|l| l.starts_with("AGE-")).unwrap();
    let cases = [
        (
            format!("creation_rules:\n  - path_regex: (\n    {rule}"),
            "`path_regex` is not a valid expression",
            ":2:17",
            "RE2",
        ),
        (
            format!("creation_rules:\n  - encrypted_regex: (\n    {rule}"),
            "`encrypted_regex` is not a valid expression",
            ":2:22",
            "RE2",
        ),
        (
            format!("creation_rules:\n  - encrypted_regex: a\n    encrypted_suffix: b\n    {rule}"),
            "exclude each other",
            ":3:5",
            "keep one",
        ),
        (
            "creation_rules:\n  - age: age1REPLACE_ME\n".into(),
            "`age1REPLACE_ME` is not usable",
            ":2:10",
            "copy the recipient",
        ),
        (
            format!("creation_rules:\n  - age: {private}\n"),
            "a private key stands where a recipient belongs",
            ":2:10",
            "public key",
        ),
        (
            "creation_rules: 5\n".into(),
            "`creation_rules` must be a list",
            ":1:17",
            "each item",
        ),
        (
            "broken: [\n".into(),
            "the configuration is not valid YAML",
            ":2:1",
            "too early",
        ),
        (
            "creation_rules:\n  - kms: arn:aws:kms:x\n".into(),
            "keys of other kinds: kms",
            ":2:10",
            "age recipients",
        ),
    ];
    for (config, message, at, hint) in cases {
        let sandbox = Sandbox::new();
        sandbox.write(".sops.yaml", &config);
        sandbox.write("secret.yaml", MANIFEST);
        let place = format!(".sops.yaml{at}");
        let want = Refusal {
            message,
            place: &place,
            hint,
        };
        refused(
            &sandbox,
            sandbox.command(&["encrypt", "-i", "secret.yaml"]),
            &want,
        );
        refused(&sandbox, sandbox.command(&["encrypt", "-i", "."]), &want);
    }
    for (config, message, hint) in [
        (None, "no configuration says for whom", "--age"),
        (Some(""), "no creation rule matches", "creation_rules"),
        (
            Some(
                "creation_rules:\n  - path_regex: nope$\n    age: age1kqrjgh0uxr5ll9evn36lp33qlg4hu8wj46qnq2qzu8gztsj8r93scjhs43\n",
            ),
            "no creation rule matches",
            "path_regex",
        ),
    ] {
        let sandbox = Sandbox::new();
        if let Some(config) = config {
            sandbox.write(".sops.yaml", config);
        }
        sandbox.write("secret.yaml", MANIFEST);
        let want = Refusal {
            message,
            place: "secret.yaml",
            hint,
        };
        refused(
            &sandbox,
            sandbox.command(&["encrypt", "-i", "secret.yaml"]),
            &want,
        );
    }
}

#[test]
fn command_lines() {
    let cases: &[(&[&str], &str, &str)] = &[
        (
            &["."],
            "a folder cannot go to standard output",
            "--in-place",
        ),
        (
            &["a.yaml", "b.yaml"],
            "2 files cannot go to standard output",
            "--in-place",
        ),
        (
            &["-o", "out.yaml", "."],
            "`--output` cannot take a folder",
            "--in-place",
        ),
        (&[], "no path is given", "name files"),
        (&["-"], "standard input needs a name", "--filename"),
        (
            &["-i", "--filename", "a.yaml", "-"],
            "standard input cannot be written in place",
            "--output",
        ),
        (&["-", "a.yaml"], "cannot stand beside other paths", "once"),
        (
            &["-i", "--filename", "x.yaml", "."],
            "`--filename` is for a single input",
            "leave it out",
        ),
    ];
    for verb in ["encrypt", "decrypt"] {
        for (arguments, message, hint) in cases {
            let sandbox = Sandbox::new();
            sandbox.write("a.yaml", MANIFEST);
            sandbox.write("b.yaml", MANIFEST);
            let mut command = sandbox.command(&[verb]);
            command.args(*arguments);
            let want = Refusal {
                message,
                place: "",
                hint,
            };
            refused(&sandbox, command, &want);
        }
        let sandbox = Sandbox::new();
        sandbox.write("a.yaml", MANIFEST);
        let before = sandbox.tree();
        let output = sandbox.run(&[verb, "-i", "-o", "out.yaml", "a.yaml"]);
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.contains("'--in-place' cannot be used with '--output"),
            "{stderr}"
        );
        assert!(before == sandbox.tree());
    }
}

fn sealed_manifest(sandbox: &Sandbox) -> String {
    sandbox.write("plain.yaml", MANIFEST);
    let arguments = [
        "encrypt",
        "--age",
        ALICE,
        "--encrypted-regex",
        DATA,
        "plain.yaml",
    ];
    let sealed = String::from_utf8(sandbox.done(&arguments).stdout).unwrap();
    std::fs::remove_file(sandbox.work().join("plain.yaml")).unwrap();
    sealed
}

/// The line that begins with `start`, blanks aside.
fn line<'a>(text: &'a str, start: &str) -> &'a str {
    text.split_inclusive('\n')
        .find(|line| line.trim_start().starts_with(start))
        .unwrap()
}

#[test]
fn sealed_files_that_were_tampered_with() {
    let sandbox = Sandbox::new();
    let sealed = sealed_manifest(&sandbox);
    let first = line(&sealed, "first:").to_owned();
    let second = line(&sealed, "second:").to_owned();
    let time = line(&sealed, "lastmodified:").to_owned();
    let tag = first.find("tag:").unwrap() + 4;
    let flipped = if first.as_bytes()[tag] == b'A' {
        "B"
    } else {
        "A"
    };
    let mut tampered = first.clone();
    tampered.replace_range(tag..=tag, flipped);
    let swapped = sealed
        .replace(&first, "FIRST\n")
        .replace(&second, &second.replace("second", "\u{1}"))
        .replace("FIRST\n", &second.replace("second", "first"))
        .replace(
            &second.replace("second", "\u{1}"),
            &first.replace("first", "second"),
        );
    let is_not_this = "a value cannot be opened at `stringData.first`";
    let mac = "the MAC of this file does not match its values";
    let cases: Vec<(String, &str, &str, &str)> = vec![
        (
            sealed.replace(&first, &tampered),
            is_not_this,
            ":5:10",
            "key path",
        ),
        (swapped, is_not_this, ":5:10", "key path"),
        (
            sealed.replace("  first:", "  third:"),
            "opened at `stringData.third`",
            ":5:10",
            "renamed or moved",
        ),
        (sealed.replace(&second, ""), mac, "", "--ignore-mac"),
        (
            sealed.replace("name: db", "name: xy"),
            mac,
            "",
            "--ignore-mac",
        ),
        (
            sealed.replace("kind: Secret", &format!("kind: Secret\nnote: {SENTINEL}")),
            mac,
            "",
            "--ignore-mac",
        ),
        (
            sealed.replace(line(&sealed, "mac:"), ""),
            "this file has no MAC",
            "",
            "version control",
        ),
        (
            sealed.replace(&time, &format!("  lastmodified: {SENTINEL}\n")),
            "`lastmodified` is not a time",
            ":19:17",
            "version control",
        ),
        (
            sealed.replace(&time, ""),
            "`lastmodified` is empty or missing",
            ":8:3",
            "version control",
        ),
        (
            sealed.replace(&time, "  lastmodified: \"2020-01-01T00:00:00Z\"\n"),
            "the MAC of this file cannot be opened",
            "",
            "belong together",
        ),
        (
            sealed.replace("-----BEGIN AGE", "-----BEGIN AGX"),
            "an `enc` block cannot be used",
            "",
            "version control",
        ),
        (
            sealed[..sealed.find("lastmodified").unwrap()]
                .trim_end()
                .to_owned()
                + "\n",
            "`lastmodified` is empty or missing",
            ":8:3",
            "version control",
        ),
        (
            sealed.replace(",type:str]\n  second", "\n  second"),
            "the ciphertext is damaged at `stringData.first`",
            ":5:10",
            "version control",
        ),
        (
            sealed.replace(&second, &format!("{second}  third: {SENTINEL}\n")),
            "must be encrypted is in plaintext at `stringData.third`",
            ":7:10",
            "secrets encrypt",
        ),
    ];
    for (text, message, at, hint) in cases {
        assert_ne!(text, sealed, "{message}");
        sandbox.write("secret.yaml", text);
        let place = format!("secret.yaml{at}");
        let want = Refusal {
            message,
            place: &place,
            hint,
        };
        refused(
            &sandbox,
            sandbox.command(&["decrypt", "-i", "secret.yaml"]),
            &want,
        );
        refused(
            &sandbox,
            sandbox.command(&["decrypt", "secret.yaml"]),
            &want,
        );
        refused(&sandbox, sandbox.command(&["decrypt", "-i", "."]), &want);
    }
}

#[test]
fn ignoring_the_mac_opens_what_only_the_mac_protects() {
    let sandbox = Sandbox::new();
    let sealed = sealed_manifest(&sandbox);
    let second = line(&sealed, "second:");
    sandbox.write("secret.yaml", sealed.replace(second, ""));
    sandbox.done(&["decrypt", "-i", "--ignore-mac", "secret.yaml"]);
    assert_eq!(
        sandbox.read("secret.yaml"),
        MANIFEST.replace(line(MANIFEST, "second:"), "")
    );
}

#[test]
fn damaged_ciphertext_is_not_sealed_again() {
    let sandbox = Sandbox::new();
    let sealed = sealed_manifest(&sandbox);
    sandbox.write(
        "secret.yaml",
        sealed.replace(",type:str]\n  second", "\n  second"),
    );
    let want = Refusal {
        message: "the ciphertext is damaged at `stringData.first`",
        place: "secret.yaml:5:10",
        hint: "version control",
    };
    refused(
        &sandbox,
        sandbox.command(&["encrypt", "-i", "secret.yaml"]),
        &want,
    );
    refused(
        &sandbox,
        sandbox.command(&["encrypt", "--check", "secret.yaml"]),
        &want,
    );
}

#[test]
fn identities_that_do_not_open_the_file() {
    let sandbox = Sandbox::new();
    sandbox.write("secret.yaml", sealed_manifest(&sandbox));
    let pq = golden("identity-pq.txt");
    let cases = [
        (None, "name your identity file in SOPS_AGE_KEY_FILE"),
        (
            Some(("SOPS_AGE_KEY_FILE", "/gone/keys.txt")),
            "/gone/keys.txt): not found",
        ),
        (
            Some(("SOPS_AGE_KEY_FILE", pq.to_str().unwrap())),
            "ask a recipient of the file to add yours",
        ),
        (
            Some(("SOPS_AGE_KEY", SENTINEL)),
            "it is not an age identity",
        ),
    ];
    for (variable, hint) in cases {
        for arguments in [["decrypt", "-i", "secret.yaml"], ["decrypt", "-i", "."]] {
            let mut command = sandbox.bare(&arguments);
            command.envs(variable);
            let want = Refusal {
                message: "no identity opens the file",
                place: "secret.yaml",
                hint,
            };
            let stderr = refused(&sandbox, command, &want);
            assert!(stderr.contains(ALICE), "for whom it is: {stderr}");
        }
    }
}

#[test]
fn partly_plain_files_name_their_key_paths_without_an_identity() {
    let sandbox = Sandbox::new();
    let sealed = sealed_manifest(&sandbox);
    let second = line(&sealed, "second:");
    let added = format!("{second}  third: {SENTINEL}\n  fourth: {SENTINEL}\n");
    sandbox.write("secret.yaml", sealed.replace(second, &added));
    let want = Refusal {
        message: "this sealed file holds values in plaintext",
        place: "secret.yaml",
        hint: "provide an identity",
    };
    let stderr = refused(
        &sandbox,
        sandbox.bare(&["encrypt", "-i", "secret.yaml"]),
        &want,
    );
    assert!(
        stderr.contains("`stringData.third`, `stringData.fourth`"),
        "{stderr}"
    );
    // The question needs no identity, and its answer is "no".
    let before = sandbox.tree();
    let output = sandbox
        .bare(&["encrypt", "--check", "secret.yaml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "secret.yaml\n");
    assert!(before == sandbox.tree());
    // With one, it is done.
    sandbox.done(&["encrypt", "-i", "secret.yaml"]);
    sandbox.done(&["encrypt", "--check", "secret.yaml"]);
    assert!(!sandbox.read("secret.yaml").contains(SENTINEL));
}

#[test]
fn a_bad_file_of_a_folder_does_not_stop_the_others() {
    let sandbox = Sandbox::new();
    sandbox.write(
        ".sops.yaml",
        format!("creation_rules:\n  - encrypted_regex: {DATA}\n    age: {ALICE}\n"),
    );
    sandbox.write("a.yaml", MANIFEST);
    sandbox.write("b.yaml", format!("a: \"{SENTINEL}\n"));
    sandbox.write("c.yaml", MANIFEST);
    let output = sandbox.run(&["encrypt", "-i", "."]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("the quote is never closed"), "{stderr}");
    for name in ["a.yaml", "c.yaml"] {
        assert!(!sandbox.read(name).contains(SENTINEL));
    }
    assert!(sandbox.read("b.yaml").contains(SENTINEL));
}

/// Nothing that a run leaves behind holds what it sealed.
#[test]
fn no_plaintext_is_left_anywhere() {
    let sandbox = Sandbox::new();
    sandbox.write("apps/secret.yaml", MANIFEST);
    let flags = [
        "encrypt",
        "-i",
        "--age",
        ALICE,
        "--encrypted-regex",
        DATA,
        "apps/secret.yaml",
    ];
    sandbox.done(&flags);
    for (path, (bytes, _)) in sandbox.tree() {
        assert!(!sandbox::holds(&bytes, SENTINEL), "{}", path.display());
    }
    assert_eq!(sandbox.tree().len(), 1, "stray files");
    // Nor does opening to standard output leave anything but what it prints.
    let output = sandbox.done(&["decrypt", "apps/secret.yaml"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), MANIFEST);
    assert!(!sandbox::holds(&output.stderr, SENTINEL));
    for (path, (bytes, _)) in sandbox.tree() {
        assert!(!sandbox::holds(&bytes, SENTINEL), "{}", path.display());
    }
    assert_eq!(sandbox.tree().len(), 1, "stray files");
}

/// What stands for an encrypted value elsewhere would be written out there, directly or inside of a larger part.
#[test]
fn aliases_that_would_repeat_a_secret_in_plaintext() {
    let s = SENTINEL;
    let sandbox = Sandbox::new();
    for (text, at) in [
        (format!("b: &x {s}\na_unencrypted: *x\n"), ":2:16"),
        // The outer alias stands for an inner one that was written out and encrypted.
        (
            format!("x_unencrypted: &v {s}\na: &m\n  b: *v\nc_unencrypted: *m\n"),
            ":4:16",
        ),
    ] {
        sandbox.write("alias.yaml", &text);
        let want = Refusal {
            message: "this alias would repeat an encrypted value in plaintext",
            place: &format!("alias.yaml{at}"),
            hint: "let the rule select both places",
        };
        let command = sandbox.command(&["encrypt", "-i", "--age", ALICE, "alias.yaml"]);
        refused(&sandbox, command, &want);
    }
}
