//! dotenv and INI files.

use super::*;

const ENV: &str = include_str!("../../../../testdata/golden/3.13.3/app.env");
const SUFFIX: &str = include_str!("../../../../testdata/golden/3.13.3/app-suffix.env");
const INI: &str = include_str!("../../../../testdata/golden/3.13.3/app.ini");

const ALL: &str = "creation_rules: [{path_regex: '^s/', age: '{alice}'}]";

#[test]
fn sealed_files_are_sealed() {
    let rules = rules(ALL);
    for (path, text) in [
        ("s/app.env", ENV),
        ("s/app.ini", INI),
        ("x.env", ENV),
        ("x.ini", INI),
        ("x.env", SUFFIX),
    ] {
        let (verdict, hits) = look_at(path, text, &rules);
        assert_eq!(brief(&hits), Vec::<String>::new(), "{path}");
        assert!(verdict.sealed, "{path}");
        assert_eq!(verdict.recipients, [recipient("alice")]);
        assert_eq!(verdict.rule.is_some(), path.starts_with("s/"));
    }
}

#[test]
fn plain_files() {
    let rules = rules(ALL);
    let table: [(&str, &str, &[&str]); 7] = [
        ("s/a.env", "# x\nPASSWORD=x\nEMPTY=\n", &["SEC001 PASSWORD"]),
        ("s/a.env", "A_unencrypted=x\n", &[]),
        ("s/a.env", "# nothing\n\nA=\n", &[]),
        (
            "s/a.ini",
            "; x\n[db]\npassword = x\n",
            &["SEC001 db.password"],
        ),
        ("s/a.ini", "top = x\n", &["SEC001 DEFAULT.top"]),
        ("s/a.ini", "[x_unencrypted]\na = b\n[y]\n", &[]),
        ("a.env", "PASSWORD=x\n", &[]),
    ];
    for (path, text, expected) in table {
        let (verdict, hits) = look_at(path, text, &rules);
        assert_eq!(brief(&hits), expected, "{path} {text}");
        assert!(!verdict.sealed);
    }
}

#[test]
fn what_was_added_in_plaintext() {
    let rules = rules(ALL);
    let env = ENV.replace("EMPTY=\n", "EMPTY=\nADDED=x y\nrest of a value\n# note\n");
    let ini = INI.replace(
        "[empty]\n",
        "[empty]\nadded = \"x\"\nlong = \"\"\"a\nb\"\"\"\n",
    );
    for prefix in ["s/", ""] {
        let (verdict, hits) = look_at(&format!("{prefix}app.env"), &env, &rules);
        assert_eq!(brief(&hits), ["SEC002 ADDED", "SEC002", "SEC002?"]);
        assert_eq!(excerpt(&hits[0], &env), "x y");
        assert!(!verdict.sealed);
        let (verdict, hits) = look_at(&format!("{prefix}app.ini"), &ini, &rules);
        assert_eq!(brief(&hits), ["SEC002 empty.added", "SEC002 empty.long"]);
        assert_eq!(hits[1].value.expose(), b"a\nb");
        assert!(!verdict.sealed);
    }
}

#[test]
fn drift_and_broken_metadata() {
    let rules = rules(
        "creation_rules: [{path_regex: '^s/', encrypted_regex: PASS, mac_only_encrypted: true, age: '{bob}'}]",
    );
    for (path, text) in [("s/app.env", ENV), ("s/app.ini", INI)] {
        assert_eq!(
            found(path, text, &rules),
            ["SEC004 sops", "SEC005 sops", "SEC006 sops", "SEC006 sops"],
            "{path}"
        );
    }
    let broken = ENV.replace("sops_lastmodified=2026", "sops_lastmodified=soon");
    let (verdict, hits) = look_at("x.env", &broken, &Rules::default());
    assert_eq!(brief(&hits), ["SEC016 sops"]);
    assert!(!verdict.sealed);
    let huge = ENV.replace("sops_age__list_0", "sops_age__list_99999999999999999999");
    assert_eq!(found("x.env", &huge, &Rules::default()), ["SEC016 sops"]);
    let far = ENV.replace("sops_age__list_0", "sops_age__list_99999999");
    assert_eq!(
        found("x.env", &far, &Rules::default()),
        Vec::<String>::new()
    );
}
