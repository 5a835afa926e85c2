//! `.secrets-audit.yaml`: what is allowed in a repository, read strictly.

use std::ops::Range;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::comment::unknown;
use super::date::Date;
use super::is_about_suppressions;
use super::key_path::KeyPathPattern;
use crate::audit::checks::Check;
use crate::audit::finding::Hit;
use crate::document::tree::{Document, NodeId};
use crate::document::yaml::{Stream, SyntaxError};
use crate::error::{Error, Kind};
use crate::sops::config::place::Places;
use crate::sops::config::source::{Fields, Source, Text};
use crate::sops::config::suggest::nearest;

/// Largest policy file, in bytes.
pub const MAX_SIZE: usize = 1 << 20;

/// Most entries: beyond that a baseline is the better tool.
pub const MAX_ENTRIES: usize = 2000;

/// Longest glob, in bytes.
const MAX_GLOB: usize = 1024;

const ROOT: &[&str] = &["version", "fingerprint_key", "repository", "suppressions"];
const ENTRY: &[&str] = &[
    "check",
    "path",
    "key_path",
    "fingerprint",
    "reason",
    "expires",
];

/// A policy file.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// The key of fingerprints, see [`crate::audit::fingerprint::Key::choose`].
    pub fingerprint_key: Option<String>,
    /// The identity of the repository, where its remote does not say it.
    pub repository: Option<String>,
    /// The suppressions in their order.
    pub entries: Vec<Entry>,
    globs: GlobSet,
}

/// A suppression.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The check.
    pub check: &'static Check,
    /// The glob for paths: `*` and `?` stop at `/`, `**` does not.
    pub path: String,
    key_path: Option<KeyPathPattern>,
    fingerprint: Option<String>,
    /// Why; without one the entry does not count.
    pub reason: Option<String>,
    /// The last day on which it counts.
    pub expires: Option<Date>,
    /// Where the check is named.
    pub span: Range<usize>,
    /// Where the date is, or as [`Entry::span`].
    pub expires_span: Range<usize>,
}

impl Entry {
    /// It is for this finding, of a text at a path that its glob matches.
    pub(super) fn matches(&self, hit: &Hit, fingerprint: &str) -> bool {
        let key_path = hit.key_path.as_deref();
        let matches = |pattern: &KeyPathPattern| key_path.is_some_and(|path| pattern.matches(path));
        self.check == hit.check
            && self.key_path.as_ref().is_none_or(matches)
            && self
                .fingerprint
                .as_ref()
                .is_none_or(|own| own == fingerprint)
    }

    /// A finding about the entry. Its value keeps several of them in one file apart.
    pub(super) fn hit(&self, check: &'static Check, span: Range<usize>, what: &str) -> Hit {
        let message = format!(
            "the suppression of {} for `{}` {what}",
            self.check.id, self.path
        );
        Hit::new(check, span, message).of(self.claim().as_bytes())
    }

    /// Everything that decides what it suppresses.
    pub(super) fn claim(&self) -> String {
        format!(
            "{}\n{}\n{:?}\n{:?}\n{:?}",
            self.check.id, self.path, self.key_path, self.fingerprint, self.expires
        )
    }
}

impl PolicyFile {
    /// Reads a policy file; `name` is what messages call it.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the text, of kind [`Kind::Config`] and with
    /// its place: YAML that does not parse, unknown keys, wrong types, unknown checks, globs and dates
    /// that are none. An entry without a reason is no error but does not count.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Vec<Error>> {
        if bytes.len() > MAX_SIZE {
            let error = Error::new(Kind::Config, "the policy file is too large").in_file(name);
            let limit = format!("it has more than {} MiB", MAX_SIZE >> 20);
            return Err(vec![error.because(limit)]);
        }
        let lossy = String::from_utf8_lossy(bytes);
        let unreadable = |error: SyntaxError| {
            let shown = Error::new(Kind::Config, "the policy file is not valid YAML")
                .at(Places::new(name, &lossy).at(error.offset))
                .because(error.what);
            match error.hint {
                Some(hint) => vec![shown.hint(hint)],
                None => vec![shown],
            }
        };
        let mut stream = Stream::new(bytes).map_err(unreadable)?;
        let document = stream.next_document().map_err(unreadable)?;
        let document = document.unwrap_or_else(Document::new);
        if let Some(next) = stream.next_document().map_err(unreadable)? {
            let place = Places::new(name, &lossy).at(next.extent().start);
            let error = Error::new(Kind::Config, "the policy file has several documents");
            let error = error.at(place).hint("put everything into one");
            return Err(vec![error]);
        }
        let mut reader = Reader {
            source: Source::new(&document, stream.text(), name),
            document: &document,
        };
        let policy = reader.policy(name);
        let mut errors = reader.source.errors;
        errors.sort_by_key(|error| error.place().map(|place| (place.line, place.column)));
        errors.dedup();
        match policy {
            Some(policy) if errors.is_empty() => Ok(policy),
            _ => Err(errors),
        }
    }

    /// The numbers of the entries whose glob matches a path.
    pub(super) fn for_path(&self, path: &str) -> Vec<usize> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        self.globs.matches(path)
    }
}

struct Reader<'a> {
    source: Source<'a>,
    document: &'a Document,
}

impl Reader<'_> {
    fn policy(&mut self, name: &str) -> Option<PolicyFile> {
        let Some(root) = self.document.root() else {
            let error = Error::new(Kind::Config, "the policy file is empty").in_file(name);
            self.source.errors.push(error.hint("write `version: 1`"));
            return None;
        };
        let fields = self.fields(root, "the policy file", ROOT)?;
        self.version(root, &fields);
        let fingerprint_key = self.source.filled_value(&fields, "fingerprint_key");
        let repository = self.source.filled_value(&fields, "repository");
        let items = match fields.get("suppressions") {
            Some(field) => self.source.items_with_nulls(field).unwrap_or_default(),
            None => Vec::new(),
        };
        if let Some(&item) = items.get(MAX_ENTRIES) {
            let error = Error::new(Kind::Config, "there are too many suppressions")
                .because(format!("at most {MAX_ENTRIES} are read"))
                .hint("keep the findings of an old repository in a baseline");
            self.source.error(item, error);
            return None;
        }
        let mut globs = GlobSetBuilder::new();
        let mut entries = Vec::with_capacity(items.len());
        for item in items {
            entries.extend(self.entry(item, &mut globs));
        }
        let globs = match globs.build() {
            Ok(globs) => globs,
            Err(error) => {
                let what = Error::new(Kind::Config, "the paths are too much together");
                self.source
                    .error(root, what.because(error.kind().to_string()));
                return None;
            }
        };
        Some(PolicyFile {
            fingerprint_key,
            repository,
            entries,
            globs,
        })
    }

    fn version(&mut self, root: NodeId, fields: &Fields) {
        let has = fields.get("version").is_some();
        match self.source.integer(fields, "version") {
            Some((1, _)) => {}
            Some((_, node)) => {
                let error = Error::new(Kind::Config, "this version of the policy file is unknown")
                    .because("version 1 is the only one")
                    .hint("use a newer `secrets`, or write `version: 1`");
                self.source.error(node, error);
            }
            None if has && !self.source.errors.is_empty() => {}
            None => {
                let error = Error::new(Kind::Config, "the policy file has no version");
                self.source.error(root, error.hint("write `version: 1`"));
            }
        }
    }

    /// The entries of a mapping; unknown keys are errors.
    fn fields(
        &mut self,
        node: NodeId,
        what: &str,
        known: &'static [&'static str],
    ) -> Option<Fields> {
        let fields = self.source.entries(node, what)?;
        for field in fields.iter() {
            if known.contains(&field.name.as_str()) {
                continue;
            }
            let error = Error::new(Kind::Config, format!("unknown key in {what}"));
            let hint = match nearest(&field.name, known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.source.error(field.key, error.hint(hint));
        }
        Some(fields)
    }

    fn entry(&mut self, node: NodeId, globs: &mut GlobSetBuilder) -> Option<Entry> {
        let fields = self.fields(node, "a suppression", ENTRY)?;
        let check = self.required(node, &fields, "check");
        let found = check.as_ref().and_then(|text| self.check(text));
        let path = self.required(node, &fields, "path");
        let glob = path.as_ref().and_then(|text| self.glob(text));
        let key_path = self.key_path(&fields);
        let fingerprint = self.fingerprint(&fields);
        let expires = self.expires(&fields);
        let reason = self.source.filled_value(&fields, "reason");
        let reason = reason.filter(|text| text.chars().any(char::is_alphanumeric));
        let (check, span) = (found?, self.document.span(check?.node));
        globs.add(glob?);
        Some(Entry {
            check,
            path: path?.value,
            key_path,
            fingerprint,
            reason,
            expires_span: expires
                .as_ref()
                .map_or(span.clone(), |(_, node)| self.document.span(*node)),
            expires: expires.map(|(date, _)| date),
            span,
        })
    }

    fn required(&mut self, node: NodeId, fields: &Fields, name: &str) -> Option<Text> {
        let before = self.source.errors.len();
        let text = self.source.filled(fields, name);
        if text.is_none() && self.source.errors.len() == before {
            let error = Error::new(Kind::Config, format!("a suppression has no `{name}`"));
            let hint = match name {
                "check" => "name the check by its id, as in `check: SEC206`",
                _ => "say for which files it is, as in `path: 'k8s/dev/*.yaml'`",
            };
            self.source.error(node, error.hint(hint));
        }
        text
    }

    /// A text that narrows the suppression: an empty one would widen it without a word.
    fn optional(&mut self, fields: &Fields, name: &str) -> Option<Text> {
        let field = fields.get(name)?;
        let before = self.source.errors.len();
        let text = self.source.filled(fields, name);
        if text.is_none() && self.source.errors.len() == before {
            let error = Error::new(Kind::Config, format!("`{name}` is empty"));
            self.source
                .error(field.key, error.hint("fill it in or remove it"));
        }
        text
    }

    fn check(&mut self, text: &Text) -> Option<&'static Check> {
        let error = match Check::find(&text.value) {
            Some(check) if is_about_suppressions(check) => {
                Error::new(Kind::Config, format!("{} cannot be suppressed", check.id))
                    .because("it is about suppressions")
            }
            Some(check) => return Some(check),
            None => Error::new(Kind::Config, unknown(&text.value))
                .hint("docs/audit has the list of checks"),
        };
        self.source.error(text.node, error);
        None
    }

    fn glob(&mut self, text: &Text) -> Option<globset::Glob> {
        let value = text.value.as_str();
        let wrong = |reason: &str, hint: &str| {
            let error = Error::new(Kind::Config, "`path` is not a pattern for paths");
            Err(error.because(reason.to_owned()).hint(hint.to_owned()))
        };
        let glob = if value.len() > MAX_GLOB {
            wrong("it is too long", "write several suppressions")
        } else if value.starts_with('/') || value.starts_with("./") || value.starts_with("../") {
            wrong(
                "paths are relative to the root of the repository",
                "write it as `git ls-files` does",
            )
        } else {
            let glob = GlobBuilder::new(value)
                .literal_separator(true)
                .backslash_escape(true)
                .build();
            glob.or_else(|error| {
                wrong(
                    &error.kind().to_string(),
                    "`*` and `?` stand for parts of a name, `**` for any folders",
                )
            })
        };
        match glob {
            Ok(glob) => Some(glob),
            Err(error) => {
                self.source.error(text.node, error);
                None
            }
        }
    }

    fn key_path(&mut self, fields: &Fields) -> Option<KeyPathPattern> {
        let text = self.optional(fields, "key_path")?;
        match KeyPathPattern::parse(&text.value) {
            Ok(pattern) => Some(pattern),
            Err(reason) => {
                let error = Error::new(Kind::Config, "`key_path` is not a pattern for key paths");
                self.source.error(text.node, error.because(reason));
                None
            }
        }
    }

    fn fingerprint(&mut self, fields: &Fields) -> Option<String> {
        let text = self.optional(fields, "fingerprint")?;
        let value = text.value.to_ascii_lowercase();
        if value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(value);
        }
        let error = Error::new(Kind::Config, "`fingerprint` is not a fingerprint")
            .because("a fingerprint has 64 hexadecimal digits")
            .hint("copy it from `secrets audit --format json`");
        self.source.error(text.node, error);
        None
    }

    fn expires(&mut self, fields: &Fields) -> Option<(Date, NodeId)> {
        let text = self.optional(fields, "expires")?;
        let date = Date::parse(&text.value);
        if date.is_none() {
            let error = Error::new(Kind::Config, "`expires` is not a date")
                .hint("write year, month and day, as in `expires: 2027-01-31`");
            self.source.error(text.node, error);
        }
        Some((date?, text.node))
    }
}
