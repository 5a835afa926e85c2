//! What a document is to Kubernetes.

use super::super::subject::Parsed;
use crate::document::tree::{Document, NodeKind};
use crate::sops::envelope::looks_sealed;
use crate::sops::walk::{Segment, Source, key_text};

/// Kinds that say where a secret comes from, or hold it encrypted by another tool: what stands below
/// `data` in them is no secret.
const REFERENCE_KINDS: [&str; 16] = [
    "AzureKeyVaultSecret",
    "BitwardenSecret",
    "ClusterExternalSecret",
    "ClusterSecretStore",
    "DopplerSecret",
    "ExternalSecret",
    "GCPSecret",
    "InfisicalSecret",
    "OnePasswordItem",
    "PushSecret",
    "SealedSecret",
    "SecretProviderClass",
    "SecretStore",
    "VaultDynamicSecret",
    "VaultPKISecret",
    "VaultStaticSecret",
];

/// What the first level of a document shows.
#[derive(Default)]
pub(super) struct Shape {
    /// It has `apiVersion` and `kind`.
    pub(super) is_typed: bool,
    /// Its metadata must be readable: it is an object, or a list of some.
    is_object: bool,
    has_items: bool,
    kind: Option<String>,
}

impl Shape {
    pub(super) fn of(parsed: &Parsed<'_>, document: &Document) -> Self {
        let scalar = |key: &str| {
            let node = parsed.at(document, &[key])?;
            parsed.scalar(document, node)
        };
        let is_there = |key: &str| parsed.at(document, &[key]).is_some();
        let is_list = parsed
            .at(document, &["items"])
            .is_some_and(|node| matches!(document.kind(node), NodeKind::Sequence { .. }));
        let kind = scalar("kind");
        let is_typed = kind.is_some() && scalar("apiVersion").is_some();
        let lists =
            kind.is_some_and(|kind| kind.ends_with("List") || looks_sealed(kind.as_bytes()));
        Shape {
            is_typed,
            // A kubeconfig and other files of programs have a kind and no metadata; to encrypt all
            // of them is no mistake.
            is_object: is_typed && (is_there("metadata") || is_list),
            has_items: is_typed && is_list && lists,
            kind: kind.map(str::to_owned),
        }
    }

    /// It says where a secret comes from, and is none.
    pub(super) fn is_reference(&self) -> bool {
        let kind = self.kind.as_deref();
        self.is_typed && kind.is_some_and(|kind| REFERENCE_KINDS.contains(&kind))
    }

    /// It says what belongs together, and is read by programs that know nothing of SOPS.
    pub(super) fn is_kustomization(&self) -> bool {
        matches!(self.kind.as_deref(), Some("Kustomization" | "Component"))
    }

    /// It is a Secret.
    pub(super) fn is_secret(&self) -> bool {
        self.kind.as_deref() == Some("Secret")
    }

    /// The place is in `apiVersion`, `kind` or `metadata` of an object.
    pub(super) fn is_metadata(
        &self,
        document: &Document,
        source: &Source<'_>,
        segments: &[Segment],
    ) -> bool {
        let key = self.field(document, source, segments);
        matches!(key, Some("apiVersion" | "kind" | "metadata"))
    }

    /// The place is a field of a Secret that says what it is, and holds no value.
    pub(super) fn is_frame(
        &self,
        document: &Document,
        source: &Source<'_>,
        segments: &[Segment],
    ) -> bool {
        self.is_secret()
            && matches!(
                self.field(document, source, segments),
                Some("type" | "immutable")
            )
    }

    /// The field of an object that a place is in.
    fn field<'d>(
        &self,
        document: &'d Document,
        source: &'d Source<'_>,
        segments: &[Segment],
    ) -> Option<&'d str> {
        if !self.is_object {
            return None;
        }
        let text = |key| key_text(document, source, key);
        match segments {
            [Segment::Key(items), Segment::Item(_), Segment::Key(key), ..]
                if self.has_items && text(*items) == "items" =>
            {
                Some(text(*key))
            }
            [Segment::Key(key), ..] => Some(text(*key)),
            _ => None,
        }
    }
}
