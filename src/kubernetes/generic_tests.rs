#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

fn env(text: &[u8]) -> Result<Vec<(String, String)>> {
    let mut values = Values::new();
    values.add_env_file(text, &|name| {
        (name == "FROM_ENV").then(|| Zeroizing::new("here".to_owned()))
    })?;
    Ok(values
        .into_data()
        .into_iter()
        .map(|(k, v)| (k, v.expose_text().unwrap().to_owned()))
        .collect())
}

/// Checked against kubectl 1.34.
#[test]
fn env_files_are_read_as_kubectl_reads_them() {
    let text = "\u{feff}  # comment\nA=1\n\tB= 2 \nC=\"q\" # x\r\n\nD==\nFROM_ENV\nMISSING\n.e-x_y=\u{a0}\n\u{a0}Z=z";
    let pairs = env(text.as_bytes()).unwrap();
    let expected = [
        (".e-x_y", "\u{a0}"),
        ("A", "1"),
        ("B", " 2 "),
        ("C", "\"q\" # x"),
        ("D", "="),
        ("FROM_ENV", "here"),
        ("MISSING", ""),
        ("Z", "z"),
    ];
    assert_eq!(pairs, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
}

#[test]
fn wrong_env_lines_are_refused_at_their_line_without_their_text() {
    for line in [
        "A =hunter2",
        "export A=hunter2",
        "1A=hunter2",
        "=hunter2",
        "..a=hunter2",
        "hunter2 x",
        ".=hunter2",
        "A\u{e9}=hunter2",
    ] {
        let error = env(format!("OK=1\n{line}\n").as_bytes()).unwrap_err();
        assert_eq!(error.place().unwrap().line, 2, "{line}");
        assert!(
            !format!("{error} {:?}", error.hints()).contains("hunter2"),
            "{line}"
        );
    }
    assert!(env(b"A=1\nA=2").is_err());
    assert_eq!(env(b"A=1\nB=\xff").unwrap_err().place().unwrap().line, 2);
}

#[test]
fn literals_split_at_the_first_equals_sign() {
    let mut values = Values::new();
    values.add_literal("a=b=c").unwrap();
    values.add_literal("b=").unwrap();
    for wrong in ["=hunter2", "hunter2", "a=hunter2", "x y=hunter2", ""] {
        let error = values.add_literal(wrong).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
    let secret = values.into_secret("x", None, None).unwrap();
    assert_eq!(secret.data["a"].expose(), b"b=c");
    assert_eq!(secret.data["b"].expose(), b"");
}

#[test]
fn a_file_source_names_its_key_or_its_file() {
    assert_eq!(
        file_source("dir/app.env").unwrap(),
        ("app.env", "dir/app.env")
    );
    assert_eq!(
        file_source("key=dir/app.env").unwrap(),
        ("key", "dir/app.env")
    );
    for wrong in ["=a", "a=", "a=b=c", "dir/a b", "", "/"] {
        assert!(file_source(wrong).is_err(), "{wrong}");
    }
}
