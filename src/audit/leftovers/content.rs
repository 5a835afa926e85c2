//! What files hold: whether one is another one opened, and whether it holds secrets in clear.

use std::collections::BTreeMap;

use crate::audit::benign;
use crate::audit::finding::Confidence;
use crate::audit::manifests::sources::{format_of, has_credential, has_private_key};
use crate::audit::subject::Parsed;
use crate::document::Format;
use crate::document::tree::{Document, NodeId, NodeKind};
use crate::document::yaml::MAX_DEPTH;
use crate::sops::walk::key_text;

/// Leaves of a file that are looked at.
const MAX_LEAVES: usize = 100_000;

/// How alike a sealed and a plain file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// Other keys.
    None,
    /// Their formats have no keys to compare.
    Unknown,
    /// Most of what is sealed in the one is in clear in the other.
    Most,
    /// The same keys, and all that is sealed in the one is in clear in the other.
    Same,
}

/// What a leaf holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaf {
    Sealed,
    /// A value that could be a secret.
    Clear,
    /// Nothing, a reference or a placeholder.
    Nothing,
}

/// The leaves of a file by document and key path.
pub(super) struct Leaves(BTreeMap<(usize, String), Leaf>);

impl Leaves {
    /// How alike a sealed file and one that may be its opened form are.
    pub(super) fn likeness(sealed_path: &str, sealed: &[u8], path: &str, bytes: &[u8]) -> Likeness {
        let (Some(sealed), Some(plain)) =
            (Leaves::of(sealed_path, sealed), Leaves::of(path, bytes))
        else {
            // A vim swap file, or a sealed file of any other kind.
            let is_text = bytes.starts_with(b"b0VIM");
            let hides = !has_private_key(bytes) && !is_text;
            return if hides {
                Likeness::None
            } else {
                Likeness::Unknown
            };
        };
        let places: Vec<_> = (sealed.0.iter())
            .filter(|(_, leaf)| **leaf == Leaf::Sealed)
            .map(|(place, _)| place)
            .collect();
        let in_clear = places
            .iter()
            .filter(|place| plain.0.get(**place) == Some(&Leaf::Clear))
            .count();
        if in_clear == 0 {
            return Likeness::None;
        }
        let same_keys = sealed.0.keys().eq(plain.0.keys());
        if same_keys && in_clear == places.len() {
            Likeness::Same
        } else if in_clear * 2 > places.len() {
            Likeness::Most
        } else {
            Likeness::None
        }
    }

    /// The leaves of a file; `None` if it has no structure that can be read.
    fn of(path: &str, bytes: &[u8]) -> Option<Self> {
        let mut leaves = Leaves(BTreeMap::new());
        match format_of(path) {
            Some(format) => leaves.read_documents(bytes, format)?,
            None if is_dotenv(path) => leaves.read_lines(bytes)?,
            None => return None,
        }
        Some(leaves)
    }

    fn read_documents(&mut self, bytes: &[u8], format: Format) -> Option<()> {
        let parsed = Parsed::new(bytes, format)?;
        if parsed.error.is_some() {
            return None;
        }
        for (number, document) in parsed.documents.iter().enumerate() {
            let root = document.root()?;
            self.read_node(&parsed, document, number, root, String::new(), 0);
        }
        Some(())
    }

    fn read_node(
        &mut self,
        parsed: &Parsed<'_>,
        document: &Document,
        number: usize,
        node: NodeId,
        path: String,
        depth: usize,
    ) {
        if depth > MAX_DEPTH || self.0.len() >= MAX_LEAVES {
            return;
        }
        match document.kind(node) {
            NodeKind::Mapping { .. } => {
                for (key, value) in document.entries(node) {
                    let key = key_text(document, &parsed.source, key);
                    if depth == 0 && key == "sops" {
                        continue;
                    }
                    let path = format!("{path}.{key}");
                    self.read_node(parsed, document, number, value, path, depth + 1);
                }
            }
            NodeKind::Sequence { .. } => {
                for (item, value) in document.children(node).enumerate() {
                    let path = format!("{path}[{item}]");
                    self.read_node(parsed, document, number, value, path, depth + 1);
                }
            }
            NodeKind::Scalar(_) => {
                let text = document.scalar_text(node, parsed.source.text);
                self.0.insert((number, path), Leaf::of(text));
            }
            NodeKind::Alias => {
                self.0.insert((number, path), Leaf::Nothing);
            }
        }
    }

    fn read_lines(&mut self, bytes: &[u8]) -> Option<()> {
        for line in std::str::from_utf8(bytes).ok()?.lines() {
            let line = line.trim();
            if let Some((name, value)) = line.split_once('=')
                && !line.starts_with('#')
                && !name.starts_with("sops_")
            {
                let name = name.strip_prefix("export ").unwrap_or(name).trim();
                self.0.insert((0, name.to_owned()), Leaf::of(value));
            }
        }
        Some(())
    }
}

impl Leaf {
    fn of(text: &str) -> Self {
        if text.starts_with("ENC[AES256_GCM,") {
            Leaf::Sealed
        } else if benign::is_reference(text) || benign::is_placeholder(text) {
            Leaf::Nothing
        } else {
            Leaf::Clear
        }
    }
}

fn is_dotenv(path: &str) -> bool {
    let name = super::marks::name_of(path);
    name.ends_with(".env") || name.starts_with(".env")
}

/// The file, whose name without its mark is `original`, holds secrets in clear: a Kubernetes Secret, a
/// private key, or settings whose names are those of credentials.
pub(super) fn gives_away(original: &str, bytes: &[u8]) -> bool {
    if has_private_key(bytes) {
        return true;
    }
    if bytes.starts_with(b"b0VIM") {
        let has = |what: &[u8]| memchr::memmem::find(bytes, what).is_some();
        return has(b"kind: Secret") && !has(b"ENC[AES256_GCM,");
    }
    let format = format_of(original).or_else(|| match original.ends_with(".enc") {
        true => format_of(original.trim_end_matches(".enc")),
        false => None,
    });
    if let Some(format) = format
        && let Some(parsed) = Parsed::new(bytes, format)
        && parsed.error.is_none()
    {
        return parsed.documents.iter().any(|document| {
            document.root().is_some_and(|root| {
                is_plain_secret(&parsed, document, root)
                    || leaf_gives_away(&parsed, document, root, None, 0)
            })
        });
    }
    std::str::from_utf8(bytes).is_ok_and(has_credential)
}

/// A Secret, or a list with one, with a value in clear.
fn is_plain_secret(parsed: &Parsed<'_>, document: &Document, root: NodeId) -> bool {
    let items = parsed.get(document, root, "items");
    let mut items = items.iter().flat_map(|items| document.children(*items));
    let is_secret = |node: NodeId| {
        let kind = parsed.get(document, node, "kind");
        kind.and_then(|kind| parsed.scalar(document, kind)) == Some("Secret")
            && ["data", "stringData"].iter().any(|field| {
                let values = parsed.get(document, node, field);
                values.is_some_and(|values| {
                    matches!(document.kind(values), NodeKind::Mapping { .. })
                        && document.entries(values).any(|(_, value)| {
                            let text = parsed.scalar(document, value).unwrap_or("");
                            Leaf::of(text) == Leaf::Clear
                        })
                })
            })
    };
    is_secret(root) || items.any(is_secret)
}

/// Some leaf is a credential by its name.
fn leaf_gives_away(
    parsed: &Parsed<'_>,
    document: &Document,
    node: NodeId,
    name: Option<&str>,
    depth: usize,
) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match document.kind(node) {
        NodeKind::Mapping { .. } => document.entries(node).any(|(key, value)| {
            let key = key_text(document, &parsed.source, key);
            leaf_gives_away(parsed, document, value, Some(key), depth + 1)
        }),
        NodeKind::Sequence { .. } => document
            .children(node)
            .any(|item| leaf_gives_away(parsed, document, item, name, depth + 1)),
        NodeKind::Scalar(_) => name.is_some_and(|name| {
            let text = document.scalar_text(node, parsed.source.text);
            benign::judge(name, text).is_some_and(|sure| sure >= Confidence::Likely)
        }),
        NodeKind::Alias => false,
    }
}
