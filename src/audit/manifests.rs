//! GitOps-shaped leaks: values that stand in clear in manifests, kustomizations, Helm releases,
//! workloads, CI configurations and Dockerfiles.
//!
//! Names and places decide, in parsed documents. What a name and a value are worth is said by
//! [`super::benign`].

mod dockerfile;
mod finder;
mod kubernetes;
mod kustomize;
mod lines;
mod names;
mod pipelines;
mod prefilter;
mod remembered;
pub(super) mod sources;
#[cfg(test)]
mod tests;
mod tree;

use finder::Finder;
use tree::Tree;

use super::finding::Hit;
use super::subject::{Parsed, Subject};
use super::view::View;
use crate::document::Format;

/// The most that an environment file or a kustomization without `kind` is called.
const KUSTOMIZATIONS: [&str; 3] = [
    "kustomization.yaml",
    "kustomization.yml",
    BARE_KUSTOMIZATION,
];
const BARE_KUSTOMIZATION: &str = "Kustomization";

/// Looks at a text. `view` is the state that it is part of, if there is one to ask.
pub fn check(subject: &Subject<'_>, view: Option<&dyn View>, hits: &mut Vec<Hit>) {
    let mut finder = Finder::new(hits, subject.bytes.len());
    if dockerfile::is_dockerfile(subject.path) {
        if let Some(text) = subject.text() {
            dockerfile::check(&mut finder, text);
        }
        return;
    }
    // Kustomize reads what to SOPS is of no format: a file of this name, and a patch that is a list.
    let is_list = || {
        subject.format() == Some(Format::Json) && subject.bytes.trim_ascii_start().starts_with(b"[")
    };
    let own = (subject.name() == BARE_KUSTOMIZATION || is_list())
        .then(|| Parsed::new(subject.bytes, Format::Yaml))
        .flatten();
    let Some(parsed) = own.as_ref().or_else(|| subject.parsed()) else {
        return;
    };
    let kind = pipelines::kind_of(subject.path);
    let is_manifest = |tree: &Tree<'_>| {
        let root = tree.document.root();
        root.is_some_and(|root| {
            tree.get(root, "apiVersion").is_some() && tree.get(root, "kind").is_some()
        })
    };
    let mut is_other = false;
    for (tree, root) in tree::trees(parsed, None) {
        if let Some(kind) = kind
            && !is_manifest(&tree)
        {
            finder.begin(&tree);
            pipelines::check(&mut finder, kind, &tree, root);
            is_other = true;
        }
    }
    if is_other {
        return;
    }
    let file = kubernetes::File {
        path: subject.path,
        view,
        is_kustomization: KUSTOMIZATIONS.contains(&subject.name()),
    };
    kubernetes::documents(&mut finder, file, parsed, None);
    if let Some((at, _)) = parsed.error {
        let ends = parsed.documents.iter().map(|d| d.extent().content_end);
        let read = ends.max().unwrap_or(0).min(at);
        kubernetes::template(&mut finder, parsed.source.text, read);
    }
}

/// What a path says about the values in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// They are nobody's concern here.
    #[default]
    Other,
    /// It is read whatever it holds.
    Dockerfile,
    /// YAML or JSON.
    Document {
        /// It is JSON.
        is_json: bool,
        /// The path tells what it is, not a key `kind`.
        of_any_kind: bool,
    },
}

impl Form {
    /// Of a path.
    pub fn of(path: &str) -> Self {
        if dockerfile::is_dockerfile(path) {
            return Form::Dockerfile;
        }
        let is_json = path.ends_with(".json");
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_yaml = path.ends_with(".yaml") || path.ends_with(".yml");
        if !is_json && !is_yaml && name != BARE_KUSTOMIZATION {
            return Form::Other;
        }
        let is_known = || KUSTOMIZATIONS.contains(&name) || pipelines::kind_of(path).is_some();
        Form::Document {
            is_json,
            of_any_kind: !is_json && is_known(),
        }
    }

    /// Whether values count in a text, so that [`has_values`] is to be asked.
    pub fn asks_for_values(self, bytes: &[u8]) -> bool {
        let has = |key: &str| memchr::memmem::find(bytes, key.as_bytes()).is_some();
        match self {
            Form::Other | Form::Dockerfile => false,
            Form::Document {
                of_any_kind: true, ..
            } => true,
            Form::Document { is_json, .. } => {
                let has_kind = has(if is_json { "\"kind\"" } else { "kind" });
                // A patch is a list of operations.
                has_kind || has("\"op\"") || has("'op'") || has("op:")
            }
        }
    }

    /// Whether this family looks at a text at all. `has_values` is what [`has_values`] says of it.
    pub fn concerns(self, bytes: &[u8], has_values: bool) -> bool {
        self == Form::Dockerfile || (has_values && self.asks_for_values(bytes))
    }
}

/// A YAML or JSON text for which this is `false` has no value that counts.
pub fn has_values(bytes: &[u8]) -> bool {
    prefilter::has_candidate(bytes)
}
