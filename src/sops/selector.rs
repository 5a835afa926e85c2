//! Which values and comments of a document SOPS encrypts (SOPS behaviour, `sops.go` of 3.13.3).
//!
//! One of six rules decides. Suffix and regex rules look at every mapping key on the way to a value;
//! sequence indexes are no keys, and a match on one key covers everything below it. Comment rules look
//! at the comments that are active for a value: those since the last entry of its container and those
//! active for any container around it.
//!
//! Where this is stricter than SOPS: an invalid expression is an error. SOPS takes it for one that
//! matches nothing, so a mistyped `encrypted_regex` leaves the whole file in plaintext.

use foldhash::HashMap;

use super::goregex::{GoRegex, GoRegexError};
use crate::error::{Error, Kind, Result};

/// The suffix of keys that stay in plaintext when no rule is given.
pub const DEFAULT_UNENCRYPTED_SUFFIX: &str = "_unencrypted";

/// How many verdicts on keys a walk remembers: more distinct keys than a manifest has.
const REMEMBERED_KEYS: usize = 4096;

/// Up to this number of keys, matching takes less time than remembering.
const FEW_KEYS: usize = 64;

/// The six settings as a creation rule or a metadata block gives them. Empty text counts as absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelectorParts<'a> {
    /// Values below a key with this suffix stay in plaintext.
    pub unencrypted_suffix: Option<&'a str>,
    /// Only values below a key with this suffix are encrypted.
    pub encrypted_suffix: Option<&'a str>,
    /// Values below a key that matches stay in plaintext.
    pub unencrypted_regex: Option<&'a str>,
    /// Only values below a key that matches are encrypted.
    pub encrypted_regex: Option<&'a str>,
    /// Values with an active comment that matches stay in plaintext.
    pub unencrypted_comment_regex: Option<&'a str>,
    /// Only values with an active comment that matches are encrypted.
    pub encrypted_comment_regex: Option<&'a str>,
}

/// The name of a setting, and what kind of rule it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectorKind {
    /// `unencrypted_suffix`
    UnencryptedSuffix,
    /// `encrypted_suffix`
    EncryptedSuffix,
    /// `unencrypted_regex`
    UnencryptedRegex,
    /// `encrypted_regex`
    EncryptedRegex,
    /// `unencrypted_comment_regex`
    UnencryptedCommentRegex,
    /// `encrypted_comment_regex`
    EncryptedCommentRegex,
}

impl SelectorKind {
    /// The key in `.sops.yaml` and in the metadata block.
    pub fn name(self) -> &'static str {
        match self {
            SelectorKind::UnencryptedSuffix => "unencrypted_suffix",
            SelectorKind::EncryptedSuffix => "encrypted_suffix",
            SelectorKind::UnencryptedRegex => "unencrypted_regex",
            SelectorKind::EncryptedRegex => "encrypted_regex",
            SelectorKind::UnencryptedCommentRegex => "unencrypted_comment_regex",
            SelectorKind::EncryptedCommentRegex => "encrypted_comment_regex",
        }
    }

    /// Whether comments decide, not keys.
    pub fn looks_at_comments(self) -> bool {
        matches!(
            self,
            SelectorKind::UnencryptedCommentRegex | SelectorKind::EncryptedCommentRegex
        )
    }

    /// Whether a match selects; otherwise a match exempts.
    pub fn match_selects(self) -> bool {
        matches!(
            self,
            SelectorKind::EncryptedSuffix
                | SelectorKind::EncryptedRegex
                | SelectorKind::EncryptedCommentRegex
        )
    }
}

/// The rule that decides what of a document is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    kind: SelectorKind,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Suffix(String),
    Regex(GoRegex),
}

impl Test {
    fn matches(&self, text: &str) -> bool {
        match self {
            Test::Suffix(suffix) => text.ends_with(suffix),
            Test::Regex(regex) => regex.is_match(text),
        }
    }
}

impl Default for Selector {
    fn default() -> Self {
        let test = Test::Suffix(DEFAULT_UNENCRYPTED_SUFFIX.to_owned());
        Selector {
            kind: SelectorKind::UnencryptedSuffix,
            test,
        }
    }
}

impl Selector {
    /// Makes the rule of the settings, or the default one if none is given.
    ///
    /// # Errors
    /// More than one setting, or an expression that Go does not accept ([`Kind::Config`]).
    pub fn from_parts(parts: SelectorParts<'_>) -> Result<Self> {
        let settings = [
            (SelectorKind::UnencryptedSuffix, parts.unencrypted_suffix),
            (SelectorKind::EncryptedSuffix, parts.encrypted_suffix),
            (SelectorKind::UnencryptedRegex, parts.unencrypted_regex),
            (SelectorKind::EncryptedRegex, parts.encrypted_regex),
            (
                SelectorKind::UnencryptedCommentRegex,
                parts.unencrypted_comment_regex,
            ),
            (
                SelectorKind::EncryptedCommentRegex,
                parts.encrypted_comment_regex,
            ),
        ];
        let mut given = settings.into_iter().filter_map(|(kind, value)| {
            value
                .filter(|value| !value.is_empty())
                .map(|value| (kind, value))
        });
        let Some((kind, value)) = given.next() else {
            return Ok(Selector::default());
        };
        if let Some((other, _)) = given.next() {
            return Err(Error::new(
                Kind::Config,
                format!(
                    "`{}` and `{}` exclude each other",
                    kind.name(),
                    other.name()
                ),
            )
            .because("one setting decides which values are encrypted")
            .hint("keep one of the two"));
        }
        let test = match kind {
            SelectorKind::UnencryptedSuffix | SelectorKind::EncryptedSuffix => {
                Test::Suffix(value.to_owned())
            }
            _ => Test::Regex(GoRegex::compile(value).map_err(|error| invalid(kind, value, error))?),
        };
        Ok(Selector { kind, test })
    }

    /// Which setting the rule comes from.
    pub fn kind(&self) -> SelectorKind {
        self.kind
    }

    /// The suffix or the expression, as it was given.
    pub fn value(&self) -> &str {
        match &self.test {
            Test::Suffix(suffix) => suffix,
            Test::Regex(regex) => regex.as_str(),
        }
    }

    /// The compiled expression; `None` for a suffix.
    pub fn regex(&self) -> Option<&GoRegex> {
        match &self.test {
            Test::Suffix(_) => None,
            Test::Regex(regex) => Some(regex),
        }
    }

    /// Whether a comment, once encrypted to `ciphertext`, would exempt itself when the file is read:
    /// SOPS then refuses to encrypt, for the file could not be decrypted. Only with
    /// `unencrypted_comment_regex`.
    pub fn exempts_encrypted_comment(&self, ciphertext: &str) -> bool {
        self.kind == SelectorKind::UnencryptedCommentRegex && self.test.matches(ciphertext)
    }
}

fn invalid(kind: SelectorKind, value: &str, error: GoRegexError) -> Error {
    Error::new(
        Kind::Config,
        format!("`{}` is no valid regular expression", kind.name()),
    )
    .because(format!("`{value}`: {error}"))
    .hint("write it in the syntax of Go's regexp package (RE2)")
}

/// The state of a depth-first walk over a document.
///
/// ```text
/// enter()                       at the start of a mapping or sequence, the root included
///   comment(text)               for each comment, in document order
///   push_key(key)               in mappings only
///     selected()                for a scalar, or enter() ... leave() for a container
///   pop_key()
///   end_entry()                 after each entry, nulls and containers included
/// leave()
/// ```
///
/// A comment that trails an entry on its line comes before that entry, as SOPS stores it. Nulls are
/// never encrypted, whatever [`Walk::selected`] says.
#[derive(Debug)]
pub struct Walk<'s> {
    selector: &'s Selector,
    /// For each key on the path, whether it or one above it matches.
    keys: Vec<bool>,
    containers: Vec<Comments>,
    verdicts: HashMap<String, bool>,
    asked: usize,
}

/// The active comments of one container.
#[derive(Clone, Copy, Debug, Default)]
struct Comments {
    /// Whether a comment matched that is active for a container around this one.
    outside: bool,
    /// Whether one of its own matched since its last entry.
    own: bool,
}

impl Comments {
    fn matched(self) -> bool {
        self.outside || self.own
    }
}

impl<'s> Walk<'s> {
    /// A walk that stands before the root of a document.
    pub fn new(selector: &'s Selector) -> Self {
        Walk {
            selector,
            keys: Vec::with_capacity(8),
            containers: Vec::with_capacity(8),
            verdicts: HashMap::default(),
            asked: 0,
        }
    }

    /// Enters a mapping or a sequence.
    pub fn enter(&mut self) {
        let outside = self.comment_matched();
        self.containers.push(Comments {
            outside,
            own: false,
        });
    }

    /// Leaves the innermost container.
    pub fn leave(&mut self) {
        self.containers.pop();
    }

    /// Goes to the value of a mapping key. The key is its text, unquoted.
    pub fn push_key(&mut self, key: &str) {
        let matched =
            !self.selector.kind.looks_at_comments() && (self.key_matched() || self.verdict(key));
        self.keys.push(matched);
    }

    /// Goes back from the value of the last key.
    pub fn pop_key(&mut self) {
        self.keys.pop();
    }

    /// Takes in a comment and tells whether the comment itself is selected. The text is all that
    /// follows the `#`.
    pub fn comment(&mut self, text: &str) -> bool {
        let kind = self.selector.kind;
        if !kind.looks_at_comments() {
            return self.selected();
        }
        // A comment that turns encryption on stays readable; one that turns it off is not encrypted.
        let before = self.selected();
        if !self.comment_matched() {
            let matched = self.selector.test.matches(text);
            if let Some(container) = self.containers.last_mut() {
                container.own = matched;
            }
        }
        if kind.match_selects() {
            before
        } else {
            self.selected()
        }
    }

    /// Forgets the comments before the entry that just ended.
    pub fn end_entry(&mut self) {
        if let Some(container) = self.containers.last_mut() {
            container.own = false;
        }
    }

    /// Whether a value at this place is selected.
    pub fn selected(&self) -> bool {
        let kind = self.selector.kind;
        let matched = if kind.looks_at_comments() {
            self.comment_matched()
        } else {
            self.key_matched()
        };
        matched == kind.match_selects()
    }

    fn key_matched(&self) -> bool {
        self.keys.last().is_some_and(|&matched| matched)
    }

    fn comment_matched(&self) -> bool {
        self.containers
            .last()
            .is_some_and(|comments| comments.matched())
    }

    /// What the rule says of a key. Large files repeat their keys, so verdicts are remembered.
    fn verdict(&mut self, key: &str) -> bool {
        let Test::Regex(regex) = &self.selector.test else {
            return self.selector.test.matches(key);
        };
        self.asked += 1;
        if self.asked <= FEW_KEYS {
            return regex.is_match(key);
        }
        if let Some(&matched) = self.verdicts.get(key) {
            return matched;
        }
        let matched = regex.is_match(key);
        if self.verdicts.len() < REMEMBERED_KEYS {
            self.verdicts.insert(key.to_owned(), matched);
        }
        matched
    }
}

#[cfg(test)]
mod tests;
