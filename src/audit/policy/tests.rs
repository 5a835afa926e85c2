//! What each check finds, and what it does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod drift;
mod flat;
mod golden;
mod hostile;
mod open;
mod partly;
mod plain;
mod rules;
mod secrets;
mod unselected;

use super::*;
use crate::document::Format;
use crate::keys::Recipient;
use crate::sops::file::{Terms, seal_plain};
use crate::sops::seal::Allow;
use crate::sops::selector::{Selector, SelectorParts};

const RECIPIENTS: &str = include_str!("../../../testdata/keys/recipients.txt");

/// A Secret as the tests seal it.
const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata:
  name: db
stringData:
  user: root
  password: correct horse
";

/// The rule of the runbook.
const RULE: &str = "\
creation_rules:
  - path_regex: 'secrets/.*\\.yaml$'
    encrypted_regex: '^(data|stringData)$'
    age: ['{alice}']
";

const COVERED: &str = "apps/secrets/db.yaml";

fn recipient(name: &str) -> &'static str {
    let mut lines = RECIPIENTS.lines();
    lines
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap()
}

fn with_recipients(text: &str) -> String {
    let names = ["alice", "bob", "carol", "ssh"];
    names.iter().fold(text.to_owned(), |text, name| {
        text.replace(&format!("{{{name}}}"), recipient(name))
    })
}

fn rules(text: &str) -> Rules {
    rules_at(&[(".sops.yaml", text)])
}

fn rules_at(configs: &[(&str, &str)]) -> Rules {
    let configs = configs.iter();
    let rules = Rules::new(
        configs
            .map(|(path, text)| ((*path).to_owned(), with_recipients(text).into_bytes()))
            .collect(),
    );
    assert_eq!(rules.broken(), []);
    rules
}

fn look_at(path: &str, text: &str, rules: &Rules) -> (Verdict, Vec<Hit>) {
    look_at_bytes(path, text.as_bytes(), rules)
}

fn look_at_bytes(path: &str, bytes: &[u8], rules: &Rules) -> (Verdict, Vec<Hit>) {
    let mut hits = Vec::new();
    let verdict = check(&Subject::new(path, bytes), rules, &mut hits);
    for hit in &hits {
        assert!(hit.span.end <= bytes.len(), "{hit:?}");
        assert!(hit.span.start <= hit.span.end, "{hit:?}");
    }
    (verdict, hits)
}

/// `SEC003 data.password` for each hit, `?` behind it if it is only possible.
fn brief(hits: &[Hit]) -> Vec<String> {
    let one = |hit: &Hit| {
        let path = hit
            .key_path
            .as_deref()
            .map_or(String::new(), |p| format!(" {p}"));
        let doubt = match hit.confidence {
            super::super::finding::Confidence::Possible => "?",
            _ => "",
        };
        format!("{}{path}{doubt}", hit.check.id)
    };
    hits.iter().map(one).collect()
}

fn found(path: &str, text: &str, rules: &Rules) -> Vec<String> {
    let (verdict, hits) = look_at(path, text, rules);
    assert_eq!(verdict.unchecked, None, "{path}");
    brief(&hits)
}

/// The text that a hit is about.
fn excerpt<'t>(hit: &Hit, text: &'t str) -> &'t str {
    &text[hit.span.clone()]
}

/// How a text is sealed.
struct How<'h> {
    parts: SelectorParts<'h>,
    recipients: &'h [&'h str],
    mac_only_encrypted: bool,
    threshold: usize,
}

fn data_only() -> How<'static> {
    How {
        parts: SelectorParts {
            encrypted_regex: Some("^(data|stringData)$"),
            ..SelectorParts::default()
        },
        recipients: &["alice"],
        mac_only_encrypted: false,
        threshold: 0,
    }
}

/// Seals a text; each word of a recipient is a group.
fn seal_with(text: &str, format: Format, how: &How<'_>) -> String {
    let selector = Selector::from_parts(how.parts).unwrap();
    let parse = |name: &str| Recipient::parse(recipient(name)).unwrap();
    let groups: Vec<Vec<Recipient>> = how
        .recipients
        .iter()
        .map(|group| group.split(' ').map(parse).collect())
        .collect();
    let groups: Vec<&[Recipient]> = groups.iter().map(Vec::as_slice).collect();
    let terms = Terms {
        selector: &selector,
        mac_only_encrypted: how.mac_only_encrypted,
        groups: &groups,
        shamir_threshold: how.threshold,
        now: "2026-11-22T10:00:00Z",
        allow: Allow {
            nothing_selected: true,
            plain_secret: true,
            encrypted_metadata: true,
        },
    };
    let sealed = seal_plain(text.as_bytes(), format, &terms).unwrap();
    String::from_utf8(sealed.bytes).unwrap()
}

fn sealed() -> String {
    seal_with(SECRET, Format::Yaml, &data_only())
}

#[test]
fn what_nobody_covers_and_what_holds_no_secret_is_passed_over() {
    let rules = rules(RULE);
    for (path, text) in [
        (
            "apps/app.yaml",
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: b\n",
        ),
        ("README.md", "# Secret things of a kind\n"),
        ("x.json", "{\"kind\": \"Deployment\"}"),
        ("app.env", "PASSWORD=x\n"),
        (".sops.yaml", RULE),
    ] {
        let (verdict, hits) = look_at(path, text, &rules);
        assert_eq!((verdict, hits.len()), (Verdict::default(), 0), "{path}");
    }
}

#[test]
fn nothing_of_a_value_is_in_a_message() {
    let text = SECRET.replace("root", "zebra-crossing");
    let partly = sealed().replace("metadata:\n", "stringData2: zebra-crossing\nmetadata:\n");
    let broken = format!("{text}  x: {{{{ if\n");
    let rules = rules(RULE);
    for text in [&text, &partly, &broken] {
        for path in [COVERED, "b.yaml", "b.txt", "secrets/x.env"] {
            for hit in look_at(path, text, &rules).1 {
                let words = format!("{hit:?}");
                assert!(
                    !words.contains("zebra") && !words.contains("horse"),
                    "{words}"
                );
            }
        }
    }
}
