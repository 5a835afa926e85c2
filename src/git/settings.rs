//! `config` files of a repository (git-config(1), "Syntax"). Includes are not followed: they are about
//! the user's machine, and nothing that is read here may depend on it.

/// Lines in all files of a repository.
const ENTRIES_MAX: usize = 1_000_000;

/// The settings of a repository. Later lines win, as in Git.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    entries: Vec<Entry>,
}

/// One line: `[section "subsection"] name = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Lower case.
    pub section: String,
    /// As written; case matters.
    pub subsection: Option<String>,
    /// Lower case.
    pub name: String,
    /// `None` for a name without `=`, which means true.
    pub value: Option<String>,
}

impl Settings {
    /// The last value of `section.name`, any case; a name without `=` gives `true`.
    pub fn get(&self, section: &str, name: &str) -> Option<&str> {
        self.get_in(section, None, name)
    }

    /// The last value of `section.subsection.name`.
    pub fn get_in(&self, section: &str, subsection: Option<&str>, name: &str) -> Option<&str> {
        self.entries
            .iter()
            .rev()
            .find(|entry| {
                entry.section.eq_ignore_ascii_case(section)
                    && entry.subsection.as_deref() == subsection
                    && entry.name.eq_ignore_ascii_case(name)
            })
            .map(|entry| entry.value.as_deref().unwrap_or("true"))
    }

    /// The last value of `section.name` as a boolean; `None` if there is none, or another word.
    pub fn flag(&self, section: &str, name: &str) -> Option<bool> {
        flag(self.get(section, name)?)
    }

    /// All lines in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Adds the lines of a file.
    ///
    /// # Errors
    ///
    /// The 1-based number of the line that cannot be understood.
    pub fn add(&mut self, text: &[u8]) -> Result<(), usize> {
        let mut reader = Reader {
            bytes: text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text),
            at: 0,
            line: 1,
        };
        let mut section: Option<(String, Option<String>)> = None;
        loop {
            reader.skip_blank();
            let line = reader.line;
            match reader.peek() {
                None => return Ok(()),
                Some(b'#' | b';') => reader.skip_line(),
                Some(b'[') => section = Some(reader.section().ok_or(line)?),
                Some(byte) if byte.is_ascii_alphabetic() => {
                    let (section, subsection) = section.clone().ok_or(line)?;
                    let (name, value) = reader.entry().ok_or(line)?;
                    if self.entries.len() >= ENTRIES_MAX {
                        return Err(line);
                    }
                    self.entries.push(Entry {
                        section,
                        subsection,
                        name,
                        value,
                    });
                }
                Some(_) => return Err(line),
            }
        }
    }
}

/// A boolean of git-config(1).
pub(super) fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" | "" => Some(false),
        number => number.parse::<i64>().ok().map(|number| number != 0),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        match self.bytes.get(self.at) {
            // A line may end with CR LF.
            Some(b'\r') if self.bytes.get(self.at.saturating_add(1)) == Some(&b'\n') => Some(b'\n'),
            byte => byte.copied(),
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        let length = if byte == b'\n' && self.bytes.get(self.at) == Some(&b'\r') {
            2
        } else {
            1
        };
        self.at = self.at.saturating_add(length);
        if byte == b'\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(byte)
    }

    fn skip_blank(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.next();
        }
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|byte| byte != b'\n') {}
    }

    /// `[section]`, `[section "subsection"]`, or the old `[section.subsection]`.
    fn section(&mut self) -> Option<(String, Option<String>)> {
        self.next();
        let mut name = Vec::new();
        loop {
            match self.next()? {
                b']' => {
                    let name = String::from_utf8(name).ok()?.to_ascii_lowercase();
                    return Some(match name.split_once('.') {
                        Some((section, rest)) => (section.to_owned(), Some(rest.to_owned())),
                        None => (name, None),
                    });
                }
                byte @ (b'-' | b'.') => name.push(byte),
                byte if byte.is_ascii_alphanumeric() => name.push(byte),
                b' ' | b'\t' => break,
                _ => return None,
            }
        }
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.next();
        }
        if self.next()? != b'"' {
            return None;
        }
        let mut subsection = Vec::new();
        loop {
            match self.next()? {
                b'"' => break,
                b'\n' => return None,
                b'\\' => match self.next()? {
                    b'\n' => return None,
                    byte => subsection.push(byte),
                },
                byte => subsection.push(byte),
            }
        }
        if self.next()? != b']' {
            return None;
        }
        Some((
            String::from_utf8(name).ok()?.to_ascii_lowercase(),
            Some(String::from_utf8_lossy(&subsection).into_owned()),
        ))
    }

    fn entry(&mut self) -> Option<(String, Option<String>)> {
        let mut name = String::new();
        while let Some(byte) = self.peek() {
            if !(byte.is_ascii_alphanumeric() || byte == b'-') {
                break;
            }
            name.push(char::from(byte.to_ascii_lowercase()));
            self.next();
        }
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.next();
        }
        match self.peek() {
            None | Some(b'\n') => {
                self.next();
                Some((name, None))
            }
            Some(b'#' | b';') => {
                self.skip_line();
                Some((name, None))
            }
            Some(b'=') => {
                self.next();
                let value = self.value()?;
                Some((name, Some(String::from_utf8_lossy(&value).into_owned())))
            }
            Some(_) => None,
        }
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        // Blanks at the end count only if something follows them.
        let mut solid = 0;
        let mut quoted = false;
        loop {
            match self.next() {
                None if quoted => return None,
                None => break,
                Some(b'\n') if quoted => return None,
                Some(b'\n') => break,
                Some(b'#' | b';') if !quoted => {
                    self.skip_line();
                    break;
                }
                Some(b'"') => {
                    quoted = !quoted;
                    solid = value.len();
                }
                Some(b'\\') => {
                    match self.next()? {
                        b'\n' => continue,
                        b't' => value.push(b'\t'),
                        b'b' => value.push(8),
                        b'n' => value.push(b'\n'),
                        byte @ (b'\\' | b'"') => value.push(byte),
                        _ => return None,
                    }
                    solid = value.len();
                }
                Some(byte) if !quoted && (byte == b' ' || byte == b'\t') => {
                    if !value.is_empty() {
                        value.push(byte);
                    }
                }
                Some(byte) => {
                    value.push(byte);
                    solid = value.len();
                }
            }
        }
        value.truncate(solid);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn settings(text: &str) -> Settings {
        let mut settings = Settings::default();
        settings.add(text.as_bytes()).unwrap();
        settings
    }

    #[test]
    fn lines_are_read_as_git_reads_them() {
        let s = settings(
            "\u{feff}# comment\n[Core]\n\tBare = true ; why\n\thooksPath=\"a b \"  \n\tempty =\n\tname\n\
             [remote \"Or\\\"igin\"]\r\n url = x y  # z\r\n[a.B] c = one\\\n two\n[core] bare = no\n",
        );
        assert_eq!(s.get("core", "bare"), Some("no"));
        assert_eq!(s.flag("core", "bare"), Some(false));
        assert_eq!(s.get("CORE", "hookspath"), Some("a b "));
        assert_eq!(s.get("core", "empty"), Some(""));
        assert_eq!(s.get("core", "name"), Some("true"));
        assert_eq!(s.get_in("remote", Some("Or\"igin"), "url"), Some("x y"));
        assert_eq!(s.get_in("remote", Some("origin"), "url"), None);
        assert_eq!(s.get_in("a", Some("b"), "c"), Some("one two"));
    }

    #[test]
    fn what_is_no_config_names_its_line() {
        for (text, line) in [
            ("a = b\n", 1),
            ("[a]\n= b\n", 2),
            ("[a\n", 1),
            ("[a \"b]\n", 1),
            ("[a]\n\nb = \"c\n", 3),
            ("[a]\nb c\n", 2),
            ("[a]\nb = \\x\n", 2),
        ] {
            assert_eq!(
                Settings::default().add(text.as_bytes()),
                Err(line),
                "{text:?}"
            );
        }
    }
}
