//! The words of a suppression in a comment: `secrets: allow SEC012,SEC013 reason text`.

use std::ops::Range;

use super::is_about_suppressions;
use crate::audit::checks::{ALL, Check};
use crate::sops::config::suggest::distance;

/// What a comment with a suppression starts with.
pub(super) const WORD: &str = "secrets:";

/// Longest reason that is kept, in characters.
const MAX_REASON: usize = 300;

/// Most wrong names that are told of one comment.
const MAX_WRONG: usize = 16;

/// How far a suppression reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// `allow`: one line.
    Line,
    /// `allow-file`: the file.
    File,
}

/// The words of a suppression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) reach: Reach,
    pub(super) checks: Vec<&'static Check>,
    /// Names that are no checks, or not such as can be suppressed: where, and what is wrong.
    pub(super) wrong: Vec<(Range<usize>, String)>,
    pub(super) reason: Option<String>,
}

/// Reads the text of a comment from [`WORD`] on; `None` if it is no suppression. Places are relative
/// to the text.
pub(super) fn read(text: &str) -> Option<Words> {
    let rest = text.strip_prefix(WORD)?;
    let (reach, ids) = split_word(rest);
    let reach = match reach {
        "allow" => Reach::Line,
        "allow-file" => Reach::File,
        _ => return None,
    };
    let mut words = Words {
        reach,
        checks: Vec::new(),
        wrong: Vec::new(),
        reason: None,
    };
    let mut rest = without_end(ids).trim_start();
    // `A,B`, `A, B` and `A ,B` are lists; the first word without a comma around it ends them.
    loop {
        let end = rest
            .find(|c: char| c == ',' || c == ':' || c.is_whitespace())
            .unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        if !name.is_empty() {
            let start = position(text, name);
            words.add(name, start..start + name.len());
        }
        let tail = tail.trim_start();
        match tail.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => {
                rest = tail;
                break;
            }
        }
    }
    let reason = rest.trim_start_matches([':', '-', '\u{2013}', '\u{2014}', ' ', '\t']);
    let reason = reason.trim_end();
    if reason.chars().any(char::is_alphanumeric) {
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        words.reason = Some(reason.chars().take(MAX_REASON).map(clean).collect());
    }
    Some(words)
}

/// Where a part of a text starts in it.
fn position(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// The first word and what follows it.
fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches([' ', '\t']);
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// Without the mark that ends a comment.
fn without_end(text: &str) -> &str {
    let text = text.trim_end();
    let text = text.strip_suffix("-->").unwrap_or(text);
    text.strip_suffix("*/").unwrap_or(text)
}

impl Words {
    fn add(&mut self, name: &str, span: Range<usize>) {
        if self.wrong.len() == MAX_WRONG {
            return;
        }
        match Check::find(name) {
            Some(check) if is_about_suppressions(check) => {
                self.wrong
                    .push((span, format!("{} cannot be suppressed", check.id)));
            }
            Some(check) if self.checks.contains(&check) => {}
            Some(check) => self.checks.push(check),
            None if name == "*" => {
                let what = "a suppression names its checks; `*` is none";
                self.wrong.push((span, what.to_owned()));
            }
            None => self.wrong.push((span, unknown(name))),
        }
    }
}

/// What to say about a name that no check has. The name itself could be anything, so it is not said.
pub(super) fn unknown(name: &str) -> String {
    let near = |check: &&&Check| distance(name, check.name) <= check.name.len().min(9) / 3;
    match ALL.iter().find(near) {
        Some(check) => format!("no check has this name; did you mean `{}`?", check.name),
        None => "no check has this id or name".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// Ids, what is wrong, reason.
    fn shown(text: &str) -> (String, usize, Option<String>) {
        let words = read(text).unwrap();
        let ids: Vec<&str> = words.checks.iter().map(|check| check.id).collect();
        (ids.join(" "), words.wrong.len(), words.reason)
    }

    #[test]
    fn ids_come_first_and_the_rest_is_the_reason() {
        for (text, ids, wrong, reason) in [
            ("secrets: allow SEC001 demo data", "SEC001", 0, "demo data"),
            ("secrets:allow sec001: demo", "SEC001", 0, "demo"),
            (
                "secrets:  allow   plain-file  \u{2013} demo ",
                "SEC001",
                0,
                "demo",
            ),
            (
                "secrets: allow SEC001,SEC002 a, b",
                "SEC001 SEC002",
                0,
                "a, b",
            ),
            (
                "secrets: allow SEC001, SEC002 ,plain-file x",
                "SEC001 SEC002",
                0,
                "x",
            ),
            ("secrets: allow SEC001 demo -->", "SEC001", 0, "demo"),
            ("secrets: allow SEC001 demo */", "SEC001", 0, "demo"),
            ("secrets: allow SEC001", "SEC001", 0, ""),
            ("secrets: allow SEC001 -->", "SEC001", 0, ""),
            ("secrets: allow SEC001 - .", "SEC001", 0, ""),
            ("secrets: allow", "", 0, ""),
            ("secrets: allow * because", "", 1, "because"),
            ("secrets: allow SEC001,SEC777 x", "SEC001", 1, "x"),
            ("secrets: allow SEC901 x", "", 1, "x"),
            ("secrets: allow demo data", "", 1, "data"),
            ("secrets: allow-file SEC001 x", "SEC001", 0, "x"),
        ] {
            let reason = (!reason.is_empty()).then(|| reason.to_owned());
            assert_eq!(shown(text), (ids.to_owned(), wrong, reason), "{text}");
        }
        assert_eq!(
            read("secrets: allow-file SEC001 x").unwrap().reach,
            Reach::File
        );
        for text in [
            "",
            "secrets: allowed here",
            "secrets: none",
            "secrets allow SEC001",
            "Secrets: allow SEC001",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn wrong_names_are_pointed_at_and_not_repeated() {
        let text = "secrets: allow SEC001, hunter2 x";
        let (span, what) = read(text).unwrap().wrong.remove(0);
        assert_eq!(&text[span], "hunter2");
        assert!(!what.contains("hunter2"), "{what}");
        let (_, what) = read("secrets: allow plain-fil x").unwrap().wrong.remove(0);
        assert!(what.ends_with("did you mean `plain-file`?"), "{what}");
    }

    proptest::proptest! {
        #[test]
        fn any_text_will_do(text in "[aS1,* :\u{e4}\u{a0}-]{0,20}") {
            let text = format!("secrets: allow {text}");
            for (span, _) in read(&text).unwrap().wrong {
                proptest::prop_assert!(text.get(span).is_some());
            }
        }
    }
}
