//! `config` files of a repository (git-config(1), "Syntax"). Includes are not followed.

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

    /// All lines in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}
