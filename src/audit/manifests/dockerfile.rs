//! Dockerfiles: `ENV` and `ARG` stay in the image, `RUN` in its history.

use super::finder::{Finder, Place};
use super::lines;
use crate::audit::checks;
use crate::audit::finding::Confidence;

const VARIABLE: Place = Place {
    check: &checks::DOCKERFILE_ENV,
    words: "in a Dockerfile",
    at_most: Confidence::Certain,
};
const RUN: Place = Place {
    check: &checks::DOCKERFILE_ENV,
    words: "in a command of a Dockerfile",
    at_most: Confidence::Possible,
};

/// The path is that of a Dockerfile.
pub(super) fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ["Dockerfile", "Containerfile"].iter().any(|stem| {
        name.strip_prefix(stem)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
    }) || [".dockerfile", ".Dockerfile", ".containerfile"]
        .iter()
        .any(|suffix| name.ends_with(suffix))
}

/// Looks at the instructions of a Dockerfile.
pub(super) fn check(finder: &mut Finder<'_>, text: &str) {
    let escape = escape_of(text);
    let mut instruction = Instruction::Other;
    let mut goes_on = false;
    // `ENV NAME the value` is the old form with one name.
    let mut expects_value: Option<&str> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with('#') || (goes_on && trimmed.is_empty()) {
            continue;
        }
        let (body, continues) = match trimmed.strip_suffix(escape) {
            Some(body) => (body.trim_end(), true),
            None => (trimmed, false),
        };
        let body = if goes_on {
            body
        } else {
            expects_value = None;
            let (word, rest) = body.split_once([' ', '\t']).unwrap_or((body, ""));
            instruction = Instruction::of(word);
            rest.trim_start()
        };
        match instruction {
            Instruction::Variables => variables(finder, text, body, !goes_on, &mut expects_value),
            Instruction::Run => {
                for set in lines::command_settings(lines::shell_words(body)) {
                    finder.line(RUN, text, set.name, set.value);
                }
            }
            Instruction::Other => {}
        }
        goes_on = continues;
    }
}

#[derive(Clone, Copy)]
enum Instruction {
    Variables,
    Run,
    Other,
}

impl Instruction {
    fn of(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "ENV" | "ARG" => Instruction::Variables,
            "RUN" | "CMD" | "ENTRYPOINT" => Instruction::Run,
            _ => Instruction::Other,
        }
    }
}

/// The character that continues a line: a backslash, unless a directive at the top says a backtick.
fn escape_of(text: &str) -> char {
    for line in text.lines() {
        let Some(directive) = line.trim().strip_prefix('#') else {
            break;
        };
        let Some((name, value)) = directive.split_once('=') else {
            break;
        };
        if name.trim().eq_ignore_ascii_case("escape") && value.trim() == "`" {
            return '`';
        }
    }
    '\\'
}

fn variables<'l>(
    finder: &mut Finder<'_>,
    text: &str,
    body: &'l str,
    is_first: bool,
    expects_value: &mut Option<&'l str>,
) {
    if let Some(name) = expects_value.take() {
        return finder.line(VARIABLE, text, name, lines::unquoted(body));
    }
    for (number, word) in lines::shell_words(body).enumerate() {
        match word.split_once('=') {
            Some((name, value)) => finder.line(VARIABLE, text, name, lines::unquoted(value)),
            None if is_first && number == 0 => {
                let value = body.get(word.len()..).unwrap_or("").trim();
                if value.is_empty() {
                    *expects_value = Some(word);
                } else {
                    finder.line(VARIABLE, text, word, lines::unquoted(value));
                }
                return;
            }
            None => {}
        }
    }
}
