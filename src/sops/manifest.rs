//! What sealing must not do to a Kubernetes manifest: encrypt what the cluster's tools read, or leave
//! a Secret's values in clear. The items of a `List` are manifests as well.

use super::collect::Allow;
use super::walk::{Place, Segment, Source, key_text};
use crate::document::scalar::Scalar;
use crate::document::tree::{Document, NodeId};
use crate::error::{Error, Kind, Result};

/// The manifests of a document: itself, and what stands below `items`.
#[derive(Default)]
pub(super) struct Manifests {
    root: Manifest,
    /// Those with something to say, and the last one.
    items: Vec<(usize, Manifest)>,
}

#[derive(Default)]
struct Manifest {
    kind: Option<String>,
    has_api_version: bool,
    /// Where `apiVersion`, `kind` or `metadata` is encrypted: key path and offset.
    sealed_metadata: Option<(String, usize)>,
    /// Where `data` or `stringData` is in clear.
    clear_secret: Option<(String, usize)>,
}

impl Manifests {
    /// Takes note of a leaf.
    pub(super) fn note(
        &mut self,
        document: &Document,
        source: &Source<'_>,
        node: NodeId,
        scalar: &Scalar<'_>,
        place: &Place<'_>,
        sealed: bool,
    ) {
        let text = |key: NodeId| key_text(document, source, key);
        let (manifest, path) = match place.segments {
            [Segment::Key(key), Segment::Item(number), path @ ..] if text(*key) == "items" => {
                (self.item(*number), path)
            }
            path => (&mut self.root, path),
        };
        let [Segment::Key(first), deeper @ ..] = path else {
            return;
        };
        let offset = || document.span(place.alias.unwrap_or(node)).start;
        let (key, is_field) = (text(*first), deeper.is_empty());
        match key {
            "kind" if is_field => manifest.kind = scalar.text().map(str::to_owned),
            "apiVersion" if is_field => manifest.has_api_version = true,
            _ => {}
        }
        if sealed && matches!(key, "apiVersion" | "kind" | "metadata") {
            let at = || (place.key_path(document, source), offset());
            manifest.sealed_metadata.get_or_insert_with(at);
        }
        if !sealed && matches!(key, "data" | "stringData") && !scalar.canonical.is_empty() {
            let at = || (place.key_path(document, source), offset());
            manifest.clear_secret.get_or_insert_with(at);
        }
    }

    fn item(&mut self, number: usize) -> &mut Manifest {
        let is_done = |(last, manifest): &mut (usize, Manifest)| {
            let silent = manifest.sealed_metadata.is_none() && manifest.clear_secret.is_none();
            *last != number && silent
        };
        if self.items.last_mut().is_some_and(is_done) {
            self.items.pop();
        }
        if self.items.last().is_none_or(|(last, _)| *last != number) {
            self.items.push((number, Manifest::default()));
        }
        let index = self.items.len() - 1;
        &mut self.items[index].1
    }

    /// Refuses what breaks a manifest or leaves its secrets in clear.
    ///
    /// # Errors
    /// The first such place, unless `allow` passes over it.
    pub(super) fn check(&self, source: &Source<'_>, allow: Allow) -> Result<()> {
        let root = self
            .root
            .kind
            .as_deref()
            .filter(|_| self.root.has_api_version);
        let Some(root) = root else {
            return Ok(());
        };
        self.root.check(root, source, allow)?;
        // The items of a list of one kind need not say it.
        let Some(of_list) = root.strip_suffix("List") else {
            return Ok(());
        };
        for (_, item) in &self.items {
            let kind = item.kind.as_deref().unwrap_or(of_list);
            item.check(kind, source, allow)?;
        }
        Ok(())
    }
}

impl Manifest {
    fn check(&self, kind: &str, source: &Source<'_>, allow: Allow) -> Result<()> {
        if let Some((path, offset)) = &self.sealed_metadata
            && !allow.encrypted_metadata
        {
            let what = format!("`{path}` of this {kind} would be encrypted");
            let why = "Kubernetes, kustomize and Flux must be able to read `apiVersion`, `kind` and `metadata`";
            return Err(error(source, *offset, what, why, "encrypted-metadata"));
        }
        if let Some((path, offset)) = self.clear_secret.as_ref().filter(|_| kind == "Secret")
            && !allow.plain_secret
        {
            let what = format!("`{path}` of this Secret would stay in plaintext");
            let why = "the creation rule does not select it";
            return Err(error(source, *offset, what, why, "plain-secret"));
        }
        Ok(())
    }
}

fn error(source: &Source<'_>, offset: usize, what: String, why: &str, allow: &str) -> Error {
    source.error(offset, Kind::Input, what).because(why).hint(format!(
        "set `encrypted_regex: ^(data|stringData)$` in the creation rule, or insist with `--allow {allow}`"
    ))
}
