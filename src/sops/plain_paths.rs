//! Values that stand in plaintext, or as damaged ciphertext, where a rule wants ciphertext.

use super::walk::{Place, Source};
use crate::document::place::place_of;
use crate::document::tree::{Document, NodeId};
use crate::error::{Error, Kind, Result};

/// How many key paths an error names before it counts.
const SHOWN_PATHS: usize = 5;

/// Key paths of values that stand in clear where the rule wants ciphertext.
#[derive(Default)]
pub(super) struct PlainPaths {
    pub(super) paths: Vec<String>,
    /// The offset of the first one: its place in the text is looked for once it is told.
    first: Option<usize>,
}

impl PlainPaths {
    pub(super) fn add(&mut self, path: String, offset: usize) {
        self.first.get_or_insert(offset);
        self.paths.push(path);
    }

    /// Adds those of a later document.
    pub(super) fn append(&mut self, mut later: PlainPaths) {
        self.first = self.first.take().or(later.first);
        self.paths.append(&mut later.paths);
    }

    /// An error that names the paths, if there are any.
    pub(super) fn check(self, text: &str) -> Result<()> {
        let (Some(offset), Some(path)) = (self.first, self.paths.first()) else {
            return Ok(());
        };
        let what = format!("a value that must be encrypted is in plaintext at `{path}`");
        Err(Error::new(Kind::Input, what)
            .at(place_of(text, offset))
            .because(format!("plaintext at {}", list_paths(&self.paths)))
            .hint("`secrets encrypt -i` seals what was added in plaintext"))
    }
}

/// The first key paths, and how many more there are.
pub(super) fn list_paths(paths: &[String]) -> String {
    let mut list: Vec<String> = paths
        .iter()
        .take(SHOWN_PATHS)
        .map(|p| format!("`{p}`"))
        .collect();
    if paths.len() > SHOWN_PATHS {
        list.push(format!("{} more", paths.len() - SHOWN_PATHS));
    }
    list.join(", ")
}

/// The error for ciphertext that lost a part: sealed as it stands, its value would be lost.
pub(super) fn damaged(
    document: &Document,
    source: &Source<'_>,
    node: NodeId,
    place: &Place<'_>,
) -> Error {
    let path = place.key_path(document, source);
    let offset = document.span(node).start;
    source
        .error(
            offset,
            Kind::Crypto,
            format!("the ciphertext is damaged at `{path}`"),
        )
        .because("it begins as sealed values do, and is not whole")
        .hint("restore the value from version control")
}
