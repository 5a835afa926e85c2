//! Errors that users read: what failed, where, why, and what to do about it.

use std::fmt;

/// The result of everything that can fail in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, as far as the exit code is concerned (see `docs/exit-codes.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The command line cannot be acted on. Exit code 2.
    Usage,
    /// A configuration file or a creation rule is wrong. Exit code 2.
    Config,
    /// An input file is not what it must be. Exit code 2.
    Input,
    /// No identity opens the file, or a recipient or identity is unusable. Exit code 2.
    Key,
    /// A ciphertext or a MAC does not verify. Exit code 2.
    Crypto,
    /// The operating system refused to read or write. Exit code 2.
    Io,
    /// The answer to the question asked is "no". Exit code 1.
    Answer,
    /// Something could not be checked. Exit code 3.
    Incomplete,
}

impl Kind {
    /// The exit code of a native command that ends with this kind.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Answer => 1,
            Kind::Incomplete => 3,
            _ => 2,
        }
    }
}

/// A place in a text: 1-based line and column (columns count characters).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it; `None` until somebody who knows the name adds it.
    pub file: Option<String>,
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
    /// The line itself, values masked, for the excerpt below the message.
    pub source_line: Option<String>,
}

/// An error with its place, its reason and its way out. Never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    message: String,
    file: Option<String>,
    place: Option<Box<Place>>,
    reason: Option<String>,
    hints: Vec<String>,
}

impl Error {
    /// An error of a kind with the sentence that says what failed (no capital, no full stop).
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: message.into(),
            file: None,
            place: None,
            reason: None,
            hints: Vec::new(),
        }
    }

    /// Adds the place in a text.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(Box::new(place));
        self
    }

    /// Names the file, unless a name is already known.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        if self.file.is_none() {
            self.file = Some(file.into());
        }
        self
    }

    /// Adds why it failed.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The kind, which decides the exit code.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What failed.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Why, when that is known.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The file it is about.
    pub fn file(&self) -> Option<&str> {
        self.place
            .as_ref()
            .and_then(|p| p.file.as_deref())
            .or(self.file.as_deref())
    }

    /// Where in the file.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_deref()
    }

    /// What to do about it.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file(), &self.place) {
            (Some(file), Some(place)) => write!(f, "{file}:{}:{}: ", place.line, place.column)?,
            (Some(file), None) => write!(f, "{file}: ")?,
            (None, Some(place)) => write!(f, "{}:{}: ", place.line, place.column)?,
            (None, None) => {}
        }
        f.write_str(&self.message)?;
        if let Some(reason) = &self.reason {
            write!(f, ": {reason}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
