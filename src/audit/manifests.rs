//! GitOps-shaped leaks: values that stand in clear in manifests, kustomizations, Helm releases,
//! workloads, CI configurations and Dockerfiles.

use super::finding::Hit;
use super::subject::Subject;
use super::view::View;

/// Looks at a text. `view` is the state that it is part of, if there is one to ask.
pub fn check(_subject: &Subject<'_>, _view: Option<&dyn View>, _hits: &mut Vec<Hit>) {}

/// A text for which this is `false` has nothing that this family looks at.
pub fn may_concern(_path: &str, _bytes: &[u8]) -> bool {
    false
}
