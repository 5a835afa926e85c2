#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::audit::checks::{JWT, PLAIN_FILE};
use crate::audit::finding::{Confidence, Severity};

fn finding(check: &'static Check, path: Option<&str>, print: char) -> Finding {
    Finding {
        check,
        severity: Severity::High,
        confidence: Confidence::Certain,
        repository: 0,
        path: path.map(str::to_owned),
        region: None,
        key_path: None,
        commit: None,
        fingerprint: print.to_string().repeat(64),
        message: String::new(),
        fix: String::new(),
        excerpt: None,
        opens: Vec::new(),
        suppressed: None,
    }
}

fn by(finding: &Finding) -> Option<SuppressedBy> {
    finding.suppressed.as_ref().map(|suppressed| suppressed.by)
}

#[test]
fn a_baseline_is_sorted_one_finding_a_line_and_matches_what_it_was_made_of() {
    let mut allowed = finding(&JWT, Some("x"), 'd');
    allowed.suppressed = Some(Suppressed {
        by: SuppressedBy::InFile,
        reason: None,
    });
    let mut findings = [
        finding(&JWT, Some("b \"x\".yaml"), 'b'),
        finding(&PLAIN_FILE, Some("a.yaml"), 'c'),
        finding(&JWT, None, 'a'),
        finding(&JWT, None, 'a'),
        finding(&UNUSED_SUPPRESSION, Some("a.yaml"), 'e'),
        allowed,
    ];
    let text = Baseline::of(&findings, &KeySource::Repository);
    let line = |path: &str, id: &str, print: &str| {
        let print = print.repeat(64);
        format!("{{\"path\": {path}, \"check\": \"{id}\", \"fingerprint\": \"{print}\"}}")
    };
    let expected = format!(
        "{{\n\"version\": 1,\n\"findings\": [\n{},\n{},\n{}\n]\n}}\n",
        line("null", JWT.id, "a"),
        line("\"a.yaml\"", "SEC001", "c"),
        line("\"b \\\"x\\\".yaml\"", JWT.id, "b"),
    );
    assert_eq!(text, expected);
    let baseline = Baseline::read("b.json", text.as_bytes()).unwrap();
    assert_eq!(baseline.unused(|_| true).len(), 3);
    assert_eq!(baseline.unused(|check| check.id != "SEC001").len(), 2);
    baseline.apply(&mut findings);
    let expected = [
        Some(SuppressedBy::Baseline),
        Some(SuppressedBy::Baseline),
        Some(SuppressedBy::Baseline),
        Some(SuppressedBy::Baseline),
        None,
        Some(SuppressedBy::InFile),
    ];
    assert_eq!(findings.each_ref().map(by), expected);
    assert_eq!(baseline.unused(|_| true).len(), 0);
    // Written again from what it suppressed it is the same.
    assert_eq!(Baseline::of(&findings, &KeySource::Repository), text);
}

#[test]
fn what_is_gone_is_told_with_its_line() {
    let text = Baseline::of(
        &[finding(&JWT, Some("a"), 'a'), finding(&JWT, Some("b"), 'b')],
        &KeySource::Repository,
    );
    let baseline = Baseline::read("b.json", text.as_bytes()).unwrap();
    baseline.apply(&mut [finding(&JWT, Some("a"), 'a')]);
    let unused = baseline.unused(|_| true);
    assert_eq!(unused.len(), 1);
    assert_eq!(unused[0].severity, Severity::Info);
    assert!(text[unused[0].span.clone()].contains("\"b\""));
}

#[test]
fn a_finding_about_suppressions_is_never_taken_off() {
    let print = "e".repeat(64);
    let text = format!(
        "{{\"version\":1,\"findings\":[{{\"fingerprint\":\"{print}\",\"check\":\"SEC903\",\"path\":null}}]}}"
    );
    let baseline = Baseline::read("b.json", text.as_bytes()).unwrap();
    let mut findings = [finding(&UNUSED_SUPPRESSION, None, 'e')];
    baseline.apply(&mut findings);
    assert_eq!(by(&findings[0]), None);
}

#[test]
fn the_key_is_the_one_that_it_was_made_with() {
    let made = |source: &KeySource| {
        let text = Baseline::of(&[], source);
        Baseline::read("b.json", text.as_bytes()).unwrap()
    };
    let given = [Key::of(b"one"), Key::of(b"two")];
    let id = |source: &KeySource| made(source).key(&given, "host/x").map(|key| key.id());
    let here = KeySource::random(&[7; 32]);
    let text = "07".repeat(32);
    assert_eq!(id(&here).unwrap(), Key::of(text.as_bytes()).id());
    assert_eq!(id(&KeySource::of(&given[1])).unwrap(), given[1].id());
    assert_eq!(id(&KeySource::Repository).unwrap(), Key::of(b"host/x").id());
    let error = id(&KeySource::of(&Key::of(b"three"))).unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
}

#[test]
fn a_baseline_is_read_strictly() {
    let print = "a".repeat(64);
    let entry = format!("{{\"version\":1,\"findings\":[{{\"fingerprint\":\"{print}\"");
    for (text, message) in [
        ("", "1:1: "),
        ("[]", "1:1: "),
        (
            "{\"findings\":[]}",
            "1:1: the baseline cannot be used: it has no `version`",
        ),
        (
            "{\"version\":2,\"findings\":[]}",
            "1:12: the baseline cannot be used: its version",
        ),
        (
            "{\"version\":\"1\",\"findings\":[]}",
            "1:12: the baseline cannot be used: its version",
        ),
        (
            "{\"version\":1}",
            "1:1: the baseline cannot be used: it has no `findings`",
        ),
        (
            "{\"version\":1,\"findings\":{}}",
            "1:25: the baseline cannot be used: `findings`",
        ),
        (
            "{\"version\":1,\"version\":1,\"findings\":[]}",
            "1:14: the baseline cannot be used: a key is given twice",
        ),
        (
            "{\"version\":1,\"x\":1,\"findings\":[]}",
            "1:14: the baseline cannot be used: unknown key",
        ),
        (
            "{\"version\":1,\"fingerprint_key\":\"\",\"findings\":[]}",
            "1:1: ",
        ),
        (
            "{\"version\":1,\"fingerprint_key\":\"a\",\"key_id\":\"b\",\"findings\":[]}",
            "1:45: ",
        ),
        (
            "{\"version\":1,\"findings\":[1]}",
            "1:26: the baseline cannot be used: a finding must be",
        ),
        (
            "{\"version\":1,\"findings\":[{\"fingerprint\":\"AA\"}]}",
            "1:41: the baseline cannot be used: a fingerprint has",
        ),
        (
            &format!("{entry}}}]}}"),
            "1:26: the baseline cannot be used: a finding has no `check`",
        ),
        (
            &format!("{entry},\"check\":\"a b\"}}]}}"),
            "1:116: the baseline cannot be used: `check`",
        ),
        (
            &format!("{entry},\"check\":\"SEC001\"}}]}}"),
            "1:26: the baseline cannot be used: a finding has no `path`",
        ),
        (
            &format!("{entry},\"check\":\"SEC001\",\"path\":1}}]}}"),
            "1:132: the baseline cannot be used: a text",
        ),
        (
            &format!("{entry},\"check\":\"SEC001\",\"path\":null,\"line\":1}}]}}"),
            "1:137: the baseline cannot be used: unknown key",
        ),
    ] {
        let error = Baseline::read("b.json", text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), Kind::Input);
        let shown = error.to_string();
        assert!(
            shown.starts_with(&format!("b.json:{message}")),
            "{text}: {shown}"
        );
    }
    // A check that this version does not know is no mistake: a newer one may have written it.
    let newer = format!("{entry},\"check\":\"SEC777\",\"path\":null}}]}}");
    assert_eq!(
        Baseline::read("b.json", newer.as_bytes())
            .unwrap()
            .entries
            .len(),
        1
    );
}
