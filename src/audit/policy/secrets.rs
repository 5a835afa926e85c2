//! Kubernetes Secrets anywhere in a document: at its root, in lists, below any key, and one level deep
//! in texts that hold a manifest themselves.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine as _;
use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::super::benign;
use super::super::finding::Confidence;
use super::super::subject::Parsed;
use super::{escaped, merge, settings, text};
use crate::document::tree::{Document, NodeId, NodeKind, ScalarStyle};
use crate::sops::envelope::looks_sealed;
use crate::sops::walk::key_text;

/// The two fields of a Secret that hold values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// `data`: base64.
    Data,
    /// `stringData`: the value itself.
    StringData,
}

impl Field {
    pub(super) fn of(key: &str) -> Option<Self> {
        match key {
            "data" => Some(Field::Data),
            "stringData" => Some(Field::StringData),
            _ => None,
        }
    }

    /// The key.
    pub(super) fn name(self) -> &'static str {
        match self {
            Field::Data => "data",
            Field::StringData => "stringData",
        }
    }
}

/// A value of a Secret.
pub(super) struct Value {
    pub(super) key_path: String,
    pub(super) span: Range<usize>,
    pub(super) field: Field,
    pub(super) state: State,
    /// It is a setting beside the secrets: a port, a host in the cluster, a text put together from
    /// variables; or a sample that says so.
    pub(super) is_setting: bool,
    /// It is the name of a user.
    pub(super) is_user_name: bool,
    /// What a creation rule or the file's own selector says is looked up by this node of the document.
    pub(super) node: Option<NodeId>,
}

/// What a value of a Secret is.
pub(super) enum State {
    /// SOPS ciphertext.
    Sealed,
    /// No secret: empty, a reference, a placeholder, public, or another tool's ciphertext.
    Harmless,
    /// In plaintext: decoded.
    Plain(Zeroizing<Vec<u8>>),
}

/// A Secret.
pub(super) struct Secret {
    pub(super) values: Vec<Value>,
    /// How sure it is that this is a manifest that somebody applies.
    pub(super) confidence: Confidence,
}

/// The Secrets of a document.
pub(super) fn in_document(parsed: &Parsed<'_>, document: &Document) -> Vec<Secret> {
    let mut search = Search {
        parsed,
        document,
        secrets: Vec::new(),
        path: String::new(),
        looks_into_texts: true,
    };
    if let Some(root) = document.root() {
        search.node(root, None);
    }
    search.secrets
}

/// The Secrets of a document that is a text in another one.
pub(super) fn in_inner_document(parsed: &Parsed<'_>, document: &Document) -> Vec<Secret> {
    let mut search = Search {
        parsed,
        document,
        secrets: Vec::new(),
        path: String::new(),
        looks_into_texts: false,
    };
    if let Some(root) = document.root() {
        search.node(root, None);
    }
    search.secrets
}

struct Search<'s> {
    parsed: &'s Parsed<'s>,
    document: &'s Document,
    secrets: Vec<Secret>,
    path: String,
    looks_into_texts: bool,
}

impl Search<'_> {
    /// Aliases are not followed: what they stand for is met where it stands.
    fn node(&mut self, node: NodeId, item_kind: Option<&str>) {
        let (document, source) = (self.document, &self.parsed.source);
        match document.kind(node) {
            NodeKind::Mapping { .. } => {
                let kind = self.own_scalar(node, "kind");
                let items_of = match kind {
                    Some("SecretList") => Some("Secret"),
                    _ => None,
                };
                let is_secret = match kind {
                    Some(kind) => kind == "Secret",
                    None => item_kind == Some("Secret"),
                };
                let version = self.own_scalar(node, "apiVersion");
                if is_secret && version.is_none_or(|version| version == "v1") {
                    let is_whole = version.is_some() || item_kind.is_some();
                    self.secret(node, is_whole);
                    // What its values hold is theirs; but a Secret is no place for manifests.
                    return;
                }
                let length = self.path.len();
                for (key, value) in document.entries(node) {
                    let text = match document.kind(key) {
                        NodeKind::Mapping { .. } | NodeKind::Sequence { .. } => "?",
                        _ => key_text(document, source, key),
                    };
                    if !self.path.is_empty() {
                        self.path.push('.');
                    }
                    self.path.push_str(text);
                    let item_kind = items_of.filter(|_| text == "items");
                    self.node(value, item_kind);
                    self.path.truncate(length);
                }
            }
            NodeKind::Sequence { .. } => {
                let length = self.path.len();
                for (number, item) in document.children(node).enumerate() {
                    self.path.push_str(&format!("[{number}]"));
                    self.node(item, item_kind);
                    self.path.truncate(length);
                }
            }
            NodeKind::Scalar(style) if self.looks_into_texts => self.text(node, style),
            _ => {}
        }
    }

    fn own_scalar(&self, mapping: NodeId, key: &str) -> Option<&str> {
        let node = match self.parsed.get(self.document, mapping, key) {
            Some(node) => node,
            None => merge::get(self.parsed, self.document, mapping, key)?,
        };
        self.parsed.scalar(self.document, node)
    }

    fn secret(&mut self, node: NodeId, is_whole: bool) {
        let (document, source) = (self.document, &self.parsed.source);
        let mut values = Vec::new();
        for (key, value) in merge::entries(self.parsed, document, node) {
            let Some(field) = Field::of(key_text(document, source, key)) else {
                continue;
            };
            let map = document.alias_target(value).unwrap_or(value);
            if !matches!(document.kind(map), NodeKind::Mapping { .. }) {
                continue;
            }
            for (key, value) in merge::entries(self.parsed, document, map) {
                let target = document.alias_target(value).unwrap_or(value);
                let NodeKind::Scalar(style) = document.kind(target) else {
                    continue;
                };
                let text = document.scalar_text(target, source.text);
                let is_null = style == ScalarStyle::Plain
                    && matches!(text, "" | "~" | "null" | "Null" | "NULL");
                let state = match is_null {
                    true => State::Harmless,
                    false => judge(field, text),
                };
                let dot = if self.path.is_empty() { "" } else { "." };
                let name = key_text(document, source, key);
                values.push(Value {
                    key_path: format!("{}{dot}{}.{name}", self.path, field.name()),
                    span: document.span(value),
                    field,
                    is_setting: settings::is_setting(name, &state),
                    is_user_name: settings::is_user_name(name, &state),
                    state,
                    node: Some(target),
                });
            }
        }
        settings::settle_user_names(&mut values);
        if !values.is_empty() {
            let confidence = match is_whole {
                true => Confidence::Certain,
                false => Confidence::Likely,
            };
            self.secrets.push(Secret { values, confidence });
        }
    }

    /// A text that holds a manifest: in a ConfigMap, in values of a chart, in a script.
    fn text(&mut self, node: NodeId, style: ScalarStyle) {
        let text = self.document.scalar_text(node, self.parsed.source.text);
        // What `kubectl apply` keeps in an annotation has a check of its own.
        let is_annotation = self.path.ends_with("last-applied-configuration");
        if !names_secret(text.as_bytes()) || is_annotation || looks_sealed(text.as_bytes()) {
            return;
        }
        let outer = self.document.span(node);
        for mut secret in text::inner_secrets(text) {
            for value in &mut secret.values {
                value.key_path = match self.path.is_empty() {
                    true => std::mem::take(&mut value.key_path),
                    false => format!("{} > {}", self.path, value.key_path),
                };
                value.span = match style {
                    ScalarStyle::Literal => {
                        let source = self.parsed.source.text;
                        in_literal(source, &outer, text, &value.span).unwrap_or(outer.clone())
                    }
                    _ => outer.clone(),
                };
                value.node = Some(node);
            }
            // It may be an example in a description.
            secret.confidence = secret.confidence.min(Confidence::Likely);
            self.secrets.push(secret);
        }
    }
}

/// Where a part of a literal block scalar's text stands in the source.
fn in_literal(
    source: &str,
    outer: &Range<usize>,
    text: &str,
    inner: &Range<usize>,
) -> Option<Range<usize>> {
    let before = text.get(..inner.start)?;
    let line = before.matches('\n').count();
    let first = text.get(inner.clone())?.lines().next()?;
    let block = source.get(outer.clone())?;
    // The first line is the header.
    let (start, _) = block.match_indices('\n').nth(line)?;
    let start = start + 1;
    let length = block
        .get(start..)?
        .find('\n')
        .unwrap_or(block.len() - start);
    let at = block.get(start..start + length)?.rfind(first)?;
    let at = outer.start + start + at;
    Some(at..at + first.len())
}

/// The kind, wherever it stands.
pub(super) const WORD: &str = "Secret";

/// The text may have a Secret in it: the word stands near a `kind`, and there are fields that hold values.
/// References to Secrets name the kind as well, and are far more.
pub(super) fn names_secret(bytes: &[u8]) -> bool {
    (names_plain_secret(bytes) && may_have_fields(bytes)) || escaped::names_secret(bytes)
}

/// Whether one of the two fields of a Secret may stand in the text. `metadata` ends like them, and escapes may
/// hide them.
fn may_have_fields(bytes: &[u8]) -> bool {
    static END: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("ata"));
    let is_field = |at: usize| {
        let before = bytes.get(..at).unwrap_or_default();
        match before.split_last() {
            Some((b'd', [.., byte])) => !byte.is_ascii_alphanumeric(),
            Some((b'd', [])) => true,
            _ => before.ends_with(b"stringD"),
        }
    };
    END.find_iter(bytes).any(is_field) || memchr::memchr(b'\\', bytes).is_some()
}

/// As [`names_secret`], without escapes.
pub(super) fn names_plain_secret(bytes: &[u8]) -> bool {
    static FINDER: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(WORD));
    static KIND: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("kind"));
    /// Quotes, blanks, a tag and an anchor fit in between.
    const NEAR: usize = 64;
    FINDER.find_iter(bytes).any(|at| {
        let after = bytes.get(at + WORD.len()..).unwrap_or_default();
        let after = after.strip_prefix(b"List").unwrap_or(after);
        let before = bytes.get(at.saturating_sub(NEAR)..at).unwrap_or_default();
        let is_inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        !is_inside(after.first()) && !is_inside(before.last()) && KIND.find(before).is_some()
    })
}

/// What a value of a Secret is, by its text as it stands there.
pub(super) fn judge(field: Field, text: &str) -> State {
    let trimmed = text.trim();
    if trimmed.is_empty() || is_harmless(trimmed) {
        return State::Harmless;
    }
    if looks_sealed(trimmed.as_bytes()) {
        return State::Sealed;
    }
    let decoded = match field {
        Field::StringData => None,
        Field::Data => decode(trimmed),
    };
    let value = decoded.unwrap_or_else(|| Zeroizing::new(text.as_bytes().to_vec()));
    let harmless = std::str::from_utf8(&value).is_ok_and(|value| {
        let value = value.trim();
        value.is_empty() || is_harmless(value) || holds_only_public_keys(value)
    });
    match harmless {
        true => State::Harmless,
        false => State::Plain(value),
    }
}

/// A template, a reference, a placeholder, or ciphertext of another tool.
pub(super) fn is_harmless(text: &str) -> bool {
    let is_template = ["{{", "{%", "<%"].iter().any(|open| text.contains(open));
    is_template
        || benign::is_ciphertext(text)
        || benign::is_reference(text)
        || benign::is_placeholder(text)
}

/// Base64 as the API server reads it: line breaks do not count.
fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text: Cow<'_, str> = match text.contains(|c: char| c.is_ascii_whitespace()) {
        true => text.split_ascii_whitespace().collect(),
        false => text.into(),
    };
    let decoded = base64::engine::general_purpose::STANDARD.decode(text.as_bytes());
    decoded.ok().map(Zeroizing::new)
}

/// Certificates and public keys, and nothing else.
fn holds_only_public_keys(text: &str) -> bool {
    const LABELS: [&str; 6] = [
        "CERTIFICATE-----",
        "TRUSTED CERTIFICATE-----",
        "CERTIFICATE REQUEST-----",
        "X509 CRL-----",
        "PUBLIC KEY-----",
        "RSA PUBLIC KEY-----",
    ];
    if text.starts_with("-----BEGIN ") {
        let mut begins = text.split("-----BEGIN ").skip(1);
        return begins.all(|block| LABELS.iter().any(|label| block.starts_with(label)));
    }
    let is_key = |word: Option<&str>| {
        word.is_some_and(|word| word.starts_with("ssh-") || word.starts_with("ecdsa-sha2-"))
    };
    // `authorized_keys` and `known_hosts`: the kind of key comes first or after the host.
    text.lines().all(|line| {
        let mut words = line.split_ascii_whitespace();
        let (first, second, third) = (words.next(), words.next(), words.next());
        first.is_none_or(|word| word.starts_with('#'))
            || (is_key(first) && second.is_some())
            || (is_key(second) && third.is_some())
    })
}
