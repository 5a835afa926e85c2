//! Errors and messages as text with styles. A stream that is no terminal drops the styles.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use secrets::Error;

use super::text::{excerpt, printable};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Green.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const FRAME: Style = AnsiColor::Blue.on_default().bold();
const STRONG: Style = Style::new().bold();

/// The weight of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warning,
    Note,
    Hint,
}

impl Level {
    fn label(self) -> (&'static str, Style) {
        match self {
            Level::Error => ("error", ERROR),
            Level::Warning => ("warning", WARNING),
            Level::Note => ("note", NOTE),
            Level::Hint => ("hint", HINT),
        }
    }
}

/// One line: `warning: ...`.
pub(crate) fn message(level: Level, text: &str) -> String {
    let (label, style) = level.label();
    let text = printable(text);
    match level {
        Level::Error => format!("{style}{label}{style:#}{STRONG}: {text}{STRONG:#}\n"),
        _ => format!("{style}{label}{style:#}: {text}\n"),
    }
}

/// An error (or a warning made of one) with place, excerpt, reason and hints:
///
/// ```text
/// error: the value is not a string
///   --> app/secret.yaml:12:13
///    |
/// 12 |   password: 12
///    |             ^
///    = numbers lose their zeros
/// hint: put it in quotes
/// ```
pub(crate) fn error(level: Level, error: &Error) -> String {
    let mut out = message(level, error.message());
    let file = error.file().map(printable);
    let place = error.place();
    let number = place
        .map(|place| place.line.to_string())
        .unwrap_or_default();
    let with_excerpt = place.is_some_and(|place| place.source_line.is_some());
    // The frame stands right of the line number, if there is one.
    let gutter = if with_excerpt {
        " ".repeat(number.len())
    } else {
        String::new()
    };
    // Writing to a string cannot fail, here and below.
    let indent = if with_excerpt { gutter.as_str() } else { " " };
    let arrow = format!("{indent}{FRAME}-->{FRAME:#}");
    let _ = match (&file, place) {
        (Some(file), Some(place)) => {
            writeln!(out, "{arrow} {file}:{}:{}", place.line, place.column)
        }
        (Some(file), None) => writeln!(out, "{arrow} {file}"),
        (None, Some(place)) => {
            writeln!(out, "{arrow} line {}, column {}", place.line, place.column)
        }
        (None, None) => Ok(()),
    };
    if let Some(place) = place
        && let Some(line) = &place.source_line
    {
        let (line, before) = excerpt(line, place.column);
        let before = " ".repeat(before);
        let (_, caret) = level.label();
        let _ = writeln!(out, "{gutter} {FRAME}|{FRAME:#}");
        let _ = writeln!(out, "{FRAME}{number} |{FRAME:#} {line}");
        let _ = writeln!(out, "{gutter} {FRAME}|{FRAME:#} {before}{caret}^{caret:#}");
    }
    if let Some(reason) = error.reason().filter(|reason| !reason.is_empty()) {
        let _ = writeln!(out, "{gutter} {FRAME}={FRAME:#} {}", printable(reason));
    }
    for hint in error.hints() {
        out.push_str(&message(Level::Hint, hint));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrets::Kind;
    use secrets::error::Place;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    fn place(line: usize, column: usize, source: Option<&str>) -> Place {
        Place {
            file: None,
            line,
            column,
            source_line: source.map(String::from),
        }
    }

    #[test]
    fn an_error_shows_message_place_line_reason_and_hints() {
        let full = Error::new(Kind::Input, "the value is not a string")
            .in_file("app/secret.yaml")
            .at(place(12, 13, Some("  password: 12")))
            .because("numbers lose their zeros")
            .hint("put it in quotes")
            .hint("or leave it open");
        let expected = "\
error: the value is not a string
  --> app/secret.yaml:12:13
   |
12 |   password: 12
   |             ^
   = numbers lose their zeros
hint: put it in quotes
hint: or leave it open
";
        assert_eq!(plain(&error(Level::Error, &full)), expected);
    }

    #[test]
    fn an_error_shows_no_more_than_it_knows() {
        let bare = Error::new(Kind::Usage, "nothing to do");
        assert_eq!(plain(&error(Level::Error, &bare)), "error: nothing to do\n");
        let filed = bare.clone().in_file("a.yaml").because("it is empty");
        assert_eq!(
            plain(&error(Level::Warning, &filed)),
            "warning: nothing to do\n --> a.yaml\n = it is empty\n"
        );
        let placed = bare.at(place(3, 4, None));
        assert_eq!(
            plain(&error(Level::Error, &placed)),
            "error: nothing to do\n --> line 3, column 4\n"
        );
    }

    #[test]
    fn nothing_in_an_error_acts_on_the_terminal() {
        let evil = "a\x1b]0;x\x07\nhint: run this";
        let all = Error::new(Kind::Input, evil)
            .in_file(evil)
            .at(place(1, 2, Some(evil)))
            .because(evil)
            .hint(evil);
        let text = plain(&error(Level::Error, &all));
        assert!(!text.contains('\x1b') && !text.contains('\x07'));
        assert_eq!(text.lines().count(), 7);
        assert_eq!(
            text.lines()
                .filter(|line| line.starts_with("hint: "))
                .count(),
            1
        );
        assert_eq!(text.matches("\\u{1b}").count(), 5);
    }

    #[test]
    fn styles_end_where_they_should() {
        let text = message(Level::Warning, "careful");
        assert!(text.contains("\x1b["));
        assert!(text.ends_with("\x1b[0m: careful\n"));
    }
}
