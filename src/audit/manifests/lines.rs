//! Lines that set something: `KEY=value`, `key: value`, `export KEY=value`, `--key=value`.

use super::names::is_name_byte;

/// A line that gives a value to a name. Both are parts of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Assignment<'l> {
    pub(super) name: &'l str,
    /// Without quotes.
    pub(super) value: &'l str,
}

/// The value without the quotes around it, or without the comment after it.
pub(super) fn unquoted(value: &str) -> &str {
    // Behind a blank everything is a comment, behind the separator it is the value.
    if value.starts_with(' ') && value.trim_start().starts_with('#') {
        return "";
    }
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or(rest);
        }
    }
    let value = value.split(" #").next().unwrap_or(value);
    value.trim_end_matches([',', ';', ' '])
}

/// What a line of a settings file sets: `.env`, INI, properties, TOML, YAML and JSON over several lines.
pub(super) fn setting(line: &str) -> Option<Assignment<'_>> {
    let line = line.trim();
    if line.starts_with(['#', ';', '!']) || line.starts_with("//") {
        return None;
    }
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let line = line.strip_prefix("- ").unwrap_or(line).trim_start();
    let line = line.trim_start_matches(['"', '\'']);
    let end = line.bytes().position(|b| !is_name_byte(b))?;
    let (name, rest) = line.split_at_checked(end)?;
    let rest = rest.trim_start_matches(['"', '\'']).trim_start();
    let value = rest.strip_prefix([':', '='])?;
    // `a == b`, `a => b`, `a://b` and `a::b` set nothing.
    let sets = !value.starts_with(['=', '>', '/', ':', '~']);
    (sets && !name.is_empty()).then(|| Assignment {
        name,
        value: unquoted(value),
    })
}

/// The words of a shell line, without their quotes, as far as that can be told without running it.
pub(super) fn shell_words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ';', '&', '|', '(', ')']);
        if rest.is_empty() {
            return None;
        }
        let mut quote = None;
        let end = rest.char_indices().find(|&(_, c)| match (quote, c) {
            (Some(open), _) => {
                if open == c {
                    quote = None;
                }
                false
            }
            (None, '"' | '\'') => {
                quote = Some(c);
                false
            }
            (None, _) => matches!(c, ' ' | '\t' | ';' | '&' | '|' | '(' | ')'),
        });
        let (word, after) = rest
            .split_at_checked(end.map_or(rest.len(), |(at, _)| at))
            .unwrap_or((rest, ""));
        rest = after;
        Some(word)
    })
}

/// What a command line sets: variables before it or exported, and long options, with `=` or as the
/// next word.
pub(super) fn command_settings<'l>(
    words: impl Iterator<Item = &'l str>,
) -> impl Iterator<Item = Assignment<'l>> {
    let mut words = words.peekable();
    std::iter::from_fn(move || {
        loop {
            let word = words.next()?;
            if word.starts_with('#') {
                // The rest of the line is a comment.
                words.by_ref().for_each(drop);
                return None;
            }
            let bare = unquoted(word);
            let option = bare.strip_prefix("--");
            let name = option.unwrap_or(bare);
            if let Some((name, value)) = name.split_once('=') {
                if !name.is_empty() && name.bytes().all(is_name_byte) {
                    let value = unquoted(value);
                    return Some(Assignment { name, value });
                }
                continue;
            }
            if option.is_some()
                && let Some(next) = words.peek()
                && !next.starts_with('-')
            {
                let value = unquoted(next);
                return Some(Assignment { name, value });
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_from_lines_of_any_kind() {
        for (line, name, value) in [
            ("DB_PASSWORD=x1", "DB_PASSWORD", "x1"),
            ("export DB_PASSWORD=\"x 1\"", "DB_PASSWORD", "x 1"),
            ("  password: 'x1' # why", "password", "x1"),
            ("password: x1 # why", "password", "x1"),
            ("\"password\": \"x1\",", "password", "x1"),
            (
                "spring.datasource.password = x1",
                "spring.datasource.password",
                "x1",
            ),
            ("- token: x1", "token", "x1"),
            ("password: a:b=c", "password", "a:b=c"),
            ("password: # why", "password", ""),
            ("password=#x1", "password", "#x1"),
        ] {
            let read = setting(line);
            assert_eq!(read, Some(Assignment { name, value }), "{line}");
        }
        for line in [
            "# password: x",
            "// password: x",
            "; password = x",
            "password",
            "password == x",
            "the password is x",
            "https://example.org",
            "",
        ] {
            assert_eq!(setting(line), None, "{line}");
        }
    }

    #[test]
    fn settings_are_read_from_commands() {
        for (line, expected) in [
            ("export TOKEN=x1 && run", vec![("TOKEN", "x1")]),
            ("PGPASSWORD='x1' psql -h db", vec![("PGPASSWORD", "x1")]),
            (
                "run --password x1 --token=\"x2\"",
                vec![("password", "x1"), ("token", "x2")],
            ),
            ("run --verbose --password", vec![]),
            ("run # --password x1", vec![]),
            ("echo $TOKEN", vec![]),
        ] {
            let read: Vec<_> = command_settings(shell_words(line))
                .map(|a| (a.name, a.value))
                .collect();
            assert_eq!(read, expected, "{line}");
        }
    }
}
