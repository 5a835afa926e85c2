//! The creation rules against the files: what must be sealed is, for whom it must be, and no more.

pub mod open;

use super::finding::Hit;
use super::subject::Subject;

/// The configurations of a repository.
#[derive(Debug, Default)]
pub struct Rules {}

impl Rules {
    /// Reads the configurations: path in the repository and text of every `.sops.yaml`.
    pub fn new(_configs: Vec<(String, Vec<u8>)>) -> Self {
        Rules::default()
    }

    /// One configuration for all files.
    pub fn with_explicit(_path: &str, _text: &[u8]) -> Self {
        Rules::default()
    }

    /// The rule that covers a path, as `.sops.yaml:LINE`, whatever the file holds.
    pub fn covering(&self, _path: &str) -> Option<String> {
        None
    }

    /// Configurations with errors, which leave it open what they cover: path and why, in words.
    pub fn broken(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// What the policy has to say about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The rule that covers it, as `.sops.yaml:LINE`.
    pub rule: Option<String>,
    /// It has SOPS metadata and nothing that must be encrypted is in plaintext.
    pub sealed: bool,
    /// The age recipients of its metadata.
    pub recipients: Vec<String>,
    /// Why it could not be checked, if it could not.
    pub unchecked: Option<String>,
}

/// Looks at a file under the rules.
pub fn check(_subject: &Subject<'_>, _rules: &Rules, _hits: &mut Vec<Hit>) -> Verdict {
    Verdict::default()
}

/// Looks at the rules themselves, given the paths of all files: for each configuration its path and
/// what was found in its text.
pub fn check_rules(_rules: &Rules, _paths: &[String]) -> Vec<(String, Vec<Hit>)> {
    Vec::new()
}

/// A text for which this is `false` is neither a Kubernetes Secret nor sealed; if no rule covers its
/// path, this family has nothing to say about it.
pub fn may_concern(_bytes: &[u8]) -> bool {
    false
}
