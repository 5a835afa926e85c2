//! The creation rules against the files: what must be sealed is, for whom it must be, and no more.

mod documents;
mod drift;
mod escaped;
mod flat;
mod keys;
mod leaves;
mod lines;
mod manifest;
mod merge;
mod open;
mod other;
mod outside;
mod plaintext;
mod room;
mod rule_checks;
mod rules;
mod secrets;
mod settings;
#[cfg(test)]
mod tests;
mod text;
mod unselected;

use std::sync::LazyLock;

use aho_corasick::packed;
use memchr::memmem::Finder;

use self::documents::Store;
use self::room::Room;
use self::rules::Cover;
use super::finding::Hit;
use super::subject::Subject;

pub use open::{Opening, open_and_verify};
pub use rule_checks::check_rules;
pub use rules::Rules;

/// What the policy has to say about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The rule that covers it, as `.sops.yaml:LINE`.
    pub rule: Option<String>,
    /// It has SOPS metadata and ciphertext, and nothing that must be encrypted is in plaintext.
    pub sealed: bool,
    /// It has SOPS metadata, whatever they are worth.
    pub has_metadata: bool,
    /// The age recipients of its metadata.
    pub recipients: Vec<String>,
    /// Why it could not be checked, if it could not.
    pub unchecked: Option<String>,
}

/// Looks at a file under the rules.
pub fn check(subject: &Subject<'_>, rules: &Rules, hits: &mut Vec<Hit>) -> Verdict {
    let cover = rules.cover(subject.path);
    let is_covered = matches!(cover, Cover::Rule(_));
    let mut verdict = Verdict::default();
    if is_covered || may_concern(subject.bytes) {
        let mut room = Room::new(hits);
        verdict = look(subject, rules, &cover, &mut room);
        room.close();
    }
    if let Cover::Broken(path, why) = cover {
        let words = format!(
            "{path} cannot be read, so that nobody knows which rule covers this file: {why}"
        );
        verdict.unchecked.get_or_insert(words);
    }
    verdict
}

/// The text has SOPS metadata: somebody sealed what stood at this path.
pub fn has_metadata(path: &str, bytes: &[u8]) -> bool {
    may_be_sealed(bytes)
        && check(
            &Subject::new(path, bytes),
            &Rules::default(),
            &mut Vec::new(),
        )
        .has_metadata
}

fn look(subject: &Subject<'_>, rules: &Rules, cover: &Cover<'_>, room: &mut Room<'_>) -> Verdict {
    if subject.format().is_some() {
        return match subject.parsed() {
            Some(parsed) => documents::check(subject, parsed, Store::Tree, rules, cover, room),
            None => other::not_utf8(subject, cover, room),
        };
    }
    match flat::Kind::of(subject.name()) {
        Some(kind) => flat::check(subject, kind, rules, cover, room),
        None => other::check(subject, rules, cover, room),
    }
}

/// A text for which this is `false` is neither a Kubernetes Secret nor sealed; if no rule covers its
/// path, this family has nothing to say about it.
pub fn may_concern(bytes: &[u8]) -> bool {
    const MARKS: [&str; 3] = [CIPHERTEXT, TIME, secrets::WORD];
    static ANY: LazyLock<Option<packed::Searcher>> = LazyLock::new(|| packed::Searcher::new(MARKS));
    // One pass for what most texts have none of.
    let has_any = |searcher: &packed::Searcher| searcher.find(bytes).is_some();
    if !ANY.as_ref().is_none_or(has_any) {
        return other::is_utf16(bytes) || escaped::names_secret(bytes);
    }
    may_be_sealed(bytes) || secrets::names_secret(bytes) || other::is_utf16(bytes)
}

const CIPHERTEXT: &str = "ENC[AES256_";
const TIME: &str = "lastmodified";

/// The text may have a `sops` block.
fn may_be_sealed(bytes: &[u8]) -> bool {
    static MARKS: LazyLock<[Finder<'_>; 2]> = LazyLock::new(|| [CIPHERTEXT, TIME].map(Finder::new));
    static NAME: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("sops"));
    MARKS.iter().any(|mark| mark.find(bytes).is_some()) && NAME.find(bytes).is_some()
}
