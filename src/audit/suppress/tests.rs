#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::audit::checks::{JWT, NEW_SUPPRESSION, PLAIN_FILE, SECRET_OUTSIDE_RULES};
use crate::audit::places::regions;
use crate::error::Kind;

const NOW: &str = "2027-01-31T12:00:00Z";
const PRINT: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn everything(_: &Check) -> bool {
    true
}

/// Findings about suppressions as `SEC901@LINE`.
fn ids(text: &str, hits: &[Hit]) -> Vec<String> {
    let spans: Vec<_> = hits.iter().map(|hit| hit.span.clone()).collect();
    let regions = regions(text.as_bytes(), &spans);
    let shown = |(hit, region): (&Hit, &crate::audit::finding::Region)| {
        format!("{}@{}", hit.check.id, region.line)
    };
    hits.iter().zip(&regions).map(shown).collect()
}

/// Looks for the value `v1` in a text, as a JWT, and says what suppresses it (in words) and what is
/// said about suppressions.
fn looked_at(path: &str, text: &str) -> (Option<String>, Vec<String>) {
    let subject = Subject::new(path, text.as_bytes());
    let at = text.find("v1").unwrap();
    let hit = Hit::new(&JWT, at..at + 2, "found");
    let mut in_file = InFile::find(&subject);
    let applied = Applied::new(None, NOW);
    let mut found = applied.apply(&subject, &mut in_file, &[(&hit, PRINT)]);
    let mut said = in_file.unused(everything);
    said.extend(in_file.reasonless());
    let reason = found.remove(0).map(|found| {
        assert_eq!(found.by, SuppressedBy::InFile);
        found.reason.unwrap()
    });
    (reason, ids(text, &said))
}

#[test]
fn comments_suppress_on_their_line_or_on_the_next_one_that_is_none() {
    let jwt = JWT.id;
    for (path, text) in [
        ("a.yaml", "a: v1 # secrets: allow ID why"),
        ("a.yaml", "a: 'v1'   #  secrets:allow id why\r\nb: x\r\n"),
        ("a.yaml", "\u{feff}# secrets: allow ID why\na: v1\n"),
        (
            "a.yaml",
            "a:\n  # secrets: allow ID why\n  # more\n  - v1\n",
        ),
        ("a.yaml", "a:\n  ## secrets: allow ID why\n  b: v1\n"),
        // In YAML the value and its key count as well.
        ("a.yaml", "# secrets: allow ID why\na: |\n  x\n  v1\n"),
        ("a.yaml", "a: | # secrets: allow ID why\n  x\n  v1\n"),
        ("a.yaml", "# secrets: allow ID why\na:\n  \"x\n  v1\"\n"),
        ("a.yaml", "# secrets: allow ID why\na: !!str\n  v1\n"),
        ("a.yaml", "b: 1\n---\na: v1 # secrets: allow ID why\n"),
        (
            "a.yaml",
            "b: 1\n# secrets: allow ID why\n---\n# secrets: allow ID why\na: v1\n",
        ),
        // YAML that cannot be parsed.
        ("a.yaml", "{{- if x }}\n# secrets: allow ID why\na: v1\n"),
        ("a.env", "A=v1 # secrets: allow ID why\n"),
        ("a.env", "# secrets: allow ID why\nA=v1\n"),
        ("a.go", "x := \"v1\" // secrets: allow ID why\n"),
        (
            "a.go",
            "\t/// secrets: allow ID why\n\t// more\n\tx := \"v1\"\n",
        ),
        ("a.ini", "; secrets: allow ID why\na = v1\n"),
        ("a.sql", "-- secrets: allow ID why\nv1\n"),
        ("a.key", "-- secrets: allow ID why\n-----BEGIN v1\n"),
        ("a.html", "<!-- secrets: allow ID why -->\n<p>v1\n"),
        ("a.html", "<p>v1 <!-- secrets: allow ID why -->\n"),
    ] {
        let text = text.replace("ID", jwt).replace("id", "jwt");
        let (reason, said) = looked_at(path, &text);
        assert_eq!(reason.as_deref(), Some("why"), "{text}");
        let between = text.contains("\n---\n#");
        assert_eq!(said.len(), usize::from(between), "{text}: {said:?}");
    }
}

#[test]
fn comments_elsewhere_suppress_nothing_and_are_told() {
    let jwt = JWT.id;
    for (path, text, said) in [
        ("a.yaml", "a: v1\n# secrets: allow ID why\n", "SEC901@2"),
        ("a.yaml", "# secrets: allow ID why\n\na: v1\n", "SEC901@1"),
        (
            "a.yaml",
            "b: 1 # secrets: allow ID why\na: v1\n",
            "SEC901@1",
        ),
        ("a.yaml", "a: v1 # secrets: allow SEC001 why\n", "SEC901@1"),
        ("a.yaml", "a: v1 # secrets: allow ID\n", "SEC903@1"),
        ("a.yaml", "a: v1 # secrets: allow\n", "SEC901@1"),
        ("a.yaml", "a: v1 # secrets: allow * why\n", "SEC901@1"),
        ("a.yaml", "a: v1 # secrets: allow SEC777 why\n", "SEC901@1"),
        ("a.yaml", "a: v1 # secrets: allow SEC901 why\n", "SEC901@1"),
        // No comments.
        ("a.yaml", "a: v1#secrets: allow ID why\n", ""),
        ("a.yaml", "a: \"v1 # secrets: allow ID why\"\n", ""),
        ("a.yaml", "a: |\n  v1 # secrets: allow ID why\n", ""),
        ("a.yaml", "a: |\n  # secrets: allow ID why\n  v1\n", ""),
        (
            "a.json",
            "{\"a\": \"v1\", \"b\": \" # secrets: allow ID why\"}\n",
            "",
        ),
        ("a.env", "A=v1#secrets: allow ID why\n", ""),
        ("a.env", "A=v1 secrets: allow ID why\n", ""),
        ("a.env", "A=v1 # about secrets: allow ID why\n", ""),
        ("a.bin", "\0 v1 # secrets: allow ID why\n", ""),
        ("a.yaml", "a: v1 // secrets: allow ID why\n", ""),
    ] {
        let text = text.replace("ID", jwt);
        let (reason, found) = looked_at(path, &text);
        assert_eq!(reason, None, "{text}");
        assert_eq!(found.join(" "), said, "{text}");
    }
}

#[test]
fn a_whole_file_is_allowed_in_its_first_lines_only() {
    let jwt = JWT.id;
    let above = |lines: usize| {
        let lines = "# x\n".repeat(lines);
        format!("{lines}# secrets: allow-file {jwt} why\nb: 1\na: v1\n")
    };
    assert_eq!(looked_at("a.yaml", &above(9)).0.unwrap(), "why");
    assert_eq!(
        looked_at("a.yaml", &above(10)),
        (None, vec!["SEC901@11".to_owned()])
    );
}

#[test]
fn each_check_of_a_comment_must_be_of_use_if_it_ran() {
    let jwt = JWT.id;
    let text = format!("a: v1 # secrets: allow SEC001, {jwt} why\n");
    assert_eq!(
        looked_at("a.yaml", &text),
        (Some("why".to_owned()), vec!["SEC901@1".to_owned()])
    );
    let subject = Subject::new("a.yaml", text.as_bytes());
    let in_file = InFile::find(&subject);
    assert_eq!(in_file.unused(|check| check.id != "SEC001").len(), 1);
    assert!(InFile::find(&Subject::new("a.yaml", b"a: v1\n")).is_empty());
}

#[test]
fn findings_about_suppressions_cannot_be_suppressed() {
    let text = format!("a: 1 # secrets: allow-file {} why\n", JWT.id);
    let subject = Subject::new("a.yaml", text.as_bytes());
    let mut in_file = InFile::find(&subject);
    let hits: Vec<Hit> = in_file.unused(everything);
    let applied = Applied::new(None, NOW);
    let found = applied.apply(&subject, &mut in_file, &[(&hits[0], PRINT)]);
    assert_eq!(found, [None]);
}

#[test]
fn there_is_an_end_to_suppressions() {
    let many = format!("# secrets: allow {} why\n", JWT.id).repeat(1001);
    let (reason, said) = looked_at("a.yaml", &format!("{many}a: v1\n"));
    assert_eq!(reason.as_deref(), Some("why"));
    assert_eq!(said, ["SEC901@1001"]);
    let names = format!(
        "a: v1 # secrets: allow {}{} why\n",
        "x,".repeat(999),
        JWT.id
    );
    let (reason, said) = looked_at("a.yaml", &names);
    assert_eq!((reason, said.len()), (None, 16));
}

/// A policy file with these entries.
fn policy(entries: &str) -> PolicyFile {
    let text = format!("version: 1\nsuppressions:\n{entries}");
    PolicyFile::read(FILE_NAME, text.as_bytes()).unwrap()
}

#[test]
fn entries_match_on_everything_that_they_name() {
    let entry =
        |rest: &str| format!("- {{check: jwt, path: 'k8s/**/*.yaml', reason: why{rest}}}\n");
    let print = format!(", fingerprint: {PRINT}");
    let other = format!(", fingerprint: {}", "0".repeat(64));
    for (rest, path, key_path, expected) in [
        ("", "k8s/a.yaml", None, true),
        ("", "k8s/a/b/c.yaml", Some("x"), true),
        ("", "x/k8s/a.yaml", None, false),
        ("", "k8s/a.yml", None, false),
        (", key_path: data.*", "k8s/a.yaml", Some("data.x"), true),
        (", key_path: data.*", "k8s/a.yaml", Some("x"), false),
        (", key_path: data.*", "k8s/a.yaml", None, false),
        (print.as_str(), "k8s/a.yaml", None, true),
        (other.as_str(), "k8s/a.yaml", None, false),
        // On the day it still counts.
        (", expires: 2027-01-31", "k8s/a.yaml", None, true),
        (", expires: '2027-01-30'", "k8s/a.yaml", None, false),
    ] {
        let applied = Applied::new(Some(policy(&entry(rest))), NOW);
        let subject = Subject::new(path, b"a: v1\n");
        let mut hit = Hit::new(&JWT, 3..5, "found");
        hit.key_path = key_path.map(str::to_owned);
        let other_check = Hit::new(&PLAIN_FILE, 0..0, "found");
        let mut in_file = InFile::find(&subject);
        let hits = [(&hit, PRINT), (&other_check, PRINT)];
        let found = applied.apply(&subject, &mut in_file, &hits);
        let by_policy = Suppressed {
            by: SuppressedBy::Policy,
            reason: Some("why".to_owned()),
        };
        assert_eq!(
            found,
            [expected.then_some(by_policy), None],
            "{rest} {path}"
        );
        let told = [applied.unused(everything), applied.expired()].concat();
        assert_eq!(told.is_empty(), expected, "{rest} {path}");
    }
}

#[test]
fn stars_stop_at_slashes() {
    let policy = policy(
        "- {check: jwt, path: 'k8s/*.yaml', reason: x}\n- {check: jwt, path: 'a/?.yaml', reason: x}\n",
    );
    assert_eq!(policy.for_path("k8s/a.yaml"), [0]);
    assert_eq!(policy.for_path("k8s/a/b.yaml"), [0; 0]);
    assert_eq!(policy.for_path("a/b.yaml"), [1]);
    assert_eq!(policy.for_path("K8s/a.yaml"), [0; 0]);
}

#[test]
fn entries_that_do_not_count_are_told_with_their_places() {
    let text = "version: 1\nsuppressions:\n- check: jwt\n  path: a\n- check: jwt\n  path: a\n  reason: ' - '\n- check: jwt\n  path: a\n  reason: x\n  expires: 2027-01-30\n- check: SEC001\n  path: a\n  reason: x\n";
    let policy = PolicyFile::read(FILE_NAME, text.as_bytes()).unwrap();
    let applied = Applied::new(Some(policy), NOW);
    let subject = Subject::new("a", b"v1");
    let hit = Hit::new(&JWT, 0..2, "found");
    let mut in_file = InFile::find(&subject);
    let found = applied.apply(&subject, &mut in_file, &[(&hit, PRINT)]);
    assert_eq!(found, [None]);
    assert_eq!(ids(text, &applied.reasonless()), ["SEC903@3", "SEC903@5"]);
    assert_eq!(ids(text, &applied.expired()), ["SEC902@11"]);
    assert_eq!(ids(text, &applied.unused(everything)), ["SEC901@12"]);
    assert_eq!(applied.unused(|check| check.id != "SEC001").len(), 0);
    // A clock that is none expires everything that can expire.
    let dated = self::policy("- {check: jwt, path: a, reason: x, expires: 9999-12-31}\n");
    assert_eq!(Applied::new(Some(dated), "").expired().len(), 1);
}

#[test]
fn policy_files_are_read_strictly() {
    let whole = format!(
        "version: 1\nfingerprint_key: some text\nrepository: host/group/name\nsuppressions:\n- check: {}\n  path: 'k8s/dev/*.yaml'\n  key_path: data.token\n  fingerprint: {PRINT}\n  reason: demo\n  expires: 2027-01-31\n",
        SECRET_OUTSIDE_RULES.id
    );
    let read = PolicyFile::read(FILE_NAME, whole.as_bytes()).unwrap();
    assert_eq!(read.fingerprint_key.as_deref(), Some("some text"));
    assert_eq!(read.repository.as_deref(), Some("host/group/name"));
    assert_eq!(read.entries.len(), 1);
    assert!(
        PolicyFile::read(FILE_NAME, b"version: 1\n")
            .unwrap()
            .entries
            .is_empty()
    );

    let entry = "version: 1\nsuppressions:\n- {check: jwt, path: a, reason: x";
    for (text, message) in [
        ("", ".secrets-audit.yaml: the policy file is empty"),
        (
            "a: [",
            ".secrets-audit.yaml:1:5: the policy file is not valid YAML",
        ),
        (
            "[]",
            ".secrets-audit.yaml:1:1: the policy file must be a mapping",
        ),
        (
            "suppressions: []\n",
            ".secrets-audit.yaml:1:1: the policy file has no version",
        ),
        (
            "version: 2\n",
            ".secrets-audit.yaml:1:10: this version of the policy file is unknown",
        ),
        (
            "version: '1'\n",
            ".secrets-audit.yaml:1:10: `version` must be a whole number",
        ),
        (
            "version: 1\nversion: 1\n",
            ".secrets-audit.yaml:2:1: `version` is given twice",
        ),
        (
            "version: 1\n---\nversion: 1\n",
            ".secrets-audit.yaml:2:1: the policy file has several documents",
        ),
        (
            "version: 1\nsupressions: []\n",
            ".secrets-audit.yaml:2:1: unknown key in the policy file",
        ),
        (
            "version: 1\nsuppressions: {}\n",
            ".secrets-audit.yaml:2:15: `suppressions` must be a list",
        ),
        (
            "version: 1\nsuppressions: [x]\n",
            ".secrets-audit.yaml:2:16: a suppression must be a mapping",
        ),
        (
            "version: 1\nsuppressions: [{path: a}]\n",
            ".secrets-audit.yaml:2:16: a suppression has no `check`",
        ),
        (
            "version: 1\nsuppressions: [{check: jwt}]\n",
            ".secrets-audit.yaml:2:16: a suppression has no `path`",
        ),
        (
            "version: 1\nsuppressions: [{check: '*', path: a}]\n",
            ".secrets-audit.yaml:2:24: no check has this id or name",
        ),
        (
            "version: 1\nsuppressions: [{check: SEC903, path: a}]\n",
            ".secrets-audit.yaml:2:24: SEC903 cannot be suppressed",
        ),
        (
            "version: 1\nsuppressions: [{check: jwt, path: '[a'}]\n",
            ".secrets-audit.yaml:2:35: `path` is not a pattern",
        ),
        (
            "version: 1\nsuppressions: [{check: jwt, path: /a}]\n",
            ".secrets-audit.yaml:2:35: `path` is not a pattern",
        ),
        (
            &format!("{entry}, key_path: a*}}\n"),
            ".secrets-audit.yaml:3:46: `key_path` is not a pattern",
        ),
        (
            &format!("{entry}, key_path: }}\n"),
            ".secrets-audit.yaml:3:36: `key_path` is empty",
        ),
        (
            &format!("{entry}, fingerprint: ''}}\n"),
            ".secrets-audit.yaml:3:36: `fingerprint` is empty",
        ),
        (
            &format!("{entry}, fingerprint: abc}}\n"),
            ".secrets-audit.yaml:3:49: `fingerprint` is not a fingerprint",
        ),
        (
            &format!("{entry}, expires: 2027-02-30}}\n"),
            ".secrets-audit.yaml:3:45: `expires` is not a date",
        ),
        (
            &format!("{entry}, until: 2027-02-30}}\n"),
            ".secrets-audit.yaml:3:36: unknown key in a suppression",
        ),
    ] {
        let errors = PolicyFile::read(FILE_NAME, text.as_bytes()).unwrap_err();
        let first = errors[0].to_string();
        assert!(first.starts_with(message), "{text:?}: {first}");
        assert_eq!(errors.len(), 1, "{text:?}: {errors:?}");
        assert_eq!(errors[0].kind(), Kind::Config);
    }
    let hints = PolicyFile::read(FILE_NAME, b"version: 1\nsupressions: []\n").unwrap_err();
    assert_eq!(hints[0].hints(), ["did you mean `suppressions`?"]);
    let many = format!(
        "version: 1\nsuppressions: [{}]\n",
        "{},".repeat(MAX_ENTRIES + 1)
    );
    assert_eq!(
        PolicyFile::read(FILE_NAME, many.as_bytes())
            .unwrap_err()
            .len(),
        1
    );
    assert_eq!(
        PolicyFile::read(FILE_NAME, &vec![b' '; MAX_SIZE + 1])
            .unwrap_err()
            .len(),
        1
    );
}

#[test]
fn suppressions_that_a_change_adds_are_shown() {
    let jwt = JWT.id;
    let of = |path: &str, old: Option<&str>, new: &str| {
        let (old, new) = (
            old.map(|old| old.replace("ID", jwt)),
            new.replace("ID", jwt),
        );
        let hits = added(path, old.as_deref().map(str::as_bytes), new.as_bytes());
        assert!(hits.iter().all(|hit| *hit.check == NEW_SUPPRESSION));
        ids(&new, &hits)
    };
    let with = "a: v1 # secrets: allow ID why\n";
    assert_eq!(of("a.yaml", None, with), ["SEC904@1"]);
    assert_eq!(of("a.yaml", Some("a: v1\n"), with), ["SEC904@1"]);
    assert_eq!(of("a.yaml", Some(with), "a: v1\n"), [""; 0]);
    assert_eq!(of("a.yaml", Some(with), &format!("b: 1\n{with}")), [""; 0]);
    assert_eq!(
        of("a.yaml", Some(with), &format!("{with}{with}")),
        ["SEC904@2"]
    );
    // The comment stays, and what it is for is replaced.
    let above = "# secrets: allow ID why\na: v1\n";
    assert_eq!(
        of("a.yaml", Some(above), &above.replace("v1", "v2")),
        ["SEC904@1"]
    );
    assert_eq!(
        of("a.yaml", Some(above), &above.replace("why", "because")),
        [""; 0]
    );
    assert_eq!(
        of("a.yaml", Some(above), &above.replace("allow", "allow-file")),
        ["SEC904@1"]
    );
    // Without a reason it does not count.
    assert_eq!(of("a.yaml", None, "a: v1 # secrets: allow ID\n"), [""; 0]);

    let entry =
        "version: 1\nsuppressions:\n- {check: ID, path: a, reason: x, expires: 2027-01-31}\n";
    assert_eq!(of(FILE_NAME, None, entry), ["SEC904@3"]);
    assert_eq!(
        of(FILE_NAME, Some(entry), &format!("# x\n{entry}")),
        [""; 0]
    );
    assert_eq!(
        of(FILE_NAME, Some(entry), &entry.replace("2027", "2028")),
        ["SEC904@3"]
    );
    assert_eq!(
        of(FILE_NAME, Some(entry), &entry.replace("path: a", "path: b")),
        ["SEC904@3"]
    );
    assert_eq!(of(FILE_NAME, Some("version: ["), entry), ["SEC904@3"]);
    assert_eq!(of(FILE_NAME, Some(entry), "version: ["), [""; 0]);
}

proptest::proptest! {
    #[test]
    fn any_text_will_do(
        text in "([a:|\"'\\n ]|- |# secrets: allow jwt x|// secrets: allow-file jwt|<!-- |---\n){0,20}",
        offset in 0_usize..200,
        name in proptest::prop_oneof![proptest::prelude::Just("a.yaml"), proptest::prelude::Just("a.env")],
    ) {
        let subject = Subject::new(name, text.as_bytes());
        let mut in_file = InFile::find(&subject);
        let hit = Hit::new(&JWT, offset..offset + 2, "found");
        Applied::new(None, NOW).apply(&subject, &mut in_file, &[(&hit, PRINT)]);
        for hit in [in_file.unused(everything), in_file.reasonless(), added(name, None, text.as_bytes())].concat() {
            proptest::prop_assert!(text.get(hit.span).is_some_and(|span| !span.is_empty()));
        }
    }
}
