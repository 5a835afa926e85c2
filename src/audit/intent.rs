//! What a broad rule leaves in doubt, another version settles: a file that was sealed once is meant to be.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashSet};

use super::assemble::Found;
use super::checks;
use super::finding::{Confidence, Unchecked};
use super::policy;
use super::repository::{Audit, Outcome};
use super::run::Scope;
use super::sources::{Sources, tree_of, tree_of_commit};
use super::trees::{Trees, read};
use crate::git::{ObjectKind, Oid};

impl Audit<'_> {
    /// Makes findings about plain files certain where a sealed version stands at the same path: among
    /// what was looked at, in the index, or in the commit that is compared with.
    pub(super) fn settle_intent(&self, sources: &Sources<'_>, outcome: &mut Outcome) {
        let in_doubt: BTreeSet<String> = outcome
            .found
            .iter()
            .filter(|found| is_in_doubt(found))
            .filter_map(|found| found.finding.path.clone())
            .collect();
        let unknown = in_doubt
            .iter()
            .filter(|path| !outcome.once_sealed.contains(*path));
        let unknown: HashSet<&str> = unknown.map(String::as_str).collect();
        let sealed = self.sealed_before(sources, &unknown, &mut outcome.unchecked);
        outcome.once_sealed.extend(sealed);
        for found in outcome.found.iter_mut().filter(|found| is_in_doubt(found)) {
            let finding = &mut found.finding;
            let path = finding.path.as_deref().unwrap_or_default();
            if outcome.once_sealed.contains(path) {
                finding.confidence = Confidence::Certain;
                finding.severity = finding.check.severity;
                finding
                    .message
                    .push_str("; another version of the file is sealed, so it is meant to be");
            }
        }
    }

    /// Those of the paths that are sealed in the index, or in the commit that is compared with.
    fn sealed_before(
        &self,
        sources: &Sources<'_>,
        paths: &HashSet<&str>,
        unchecked: &mut Vec<Unchecked>,
    ) -> Vec<String> {
        if paths.is_empty() {
            return Vec::new();
        }
        let before = match (&self.request.scope, sources.head.commit) {
            (Scope::Range { from, .. }, _) => tree_of(sources, from).map(Some),
            (_, Some(head)) => tree_of_commit(sources, head, "HEAD").map(Some),
            (_, None) => Ok(None),
        };
        let before = before.unwrap_or_else(|error| {
            unchecked.push(self.unchecked(None, error.to_string()));
            None
        });
        let mut staged: HashMap<&str, Oid> = HashMap::default();
        if matches!(self.request.scope, Scope::Tree | Scope::History) {
            let entries = sources.index.iter().flat_map(|index| &index.entries);
            for entry in entries.filter(|entry| !entry.intent_to_add) {
                let path = std::str::from_utf8(&entry.path).unwrap_or_default();
                if let Some(path) = paths.get(path) {
                    staged.insert(path, entry.oid);
                }
            }
        }
        let mut trees = Trees::new(&sources.store);
        let mut is_sealed = |path: &str| -> Result<bool, String> {
            let before = match before {
                Some(root) => trees.blob(root, path)?,
                None => None,
            };
            let versions = [staged.get(path).copied(), before];
            for oid in versions.into_iter().flatten() {
                let blob = read(&sources.store, &oid, ObjectKind::Blob)?;
                if policy::has_metadata(path, &blob) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let mut sealed = Vec::new();
        for path in paths {
            match is_sealed(path) {
                Ok(true) => sealed.push((*path).to_owned()),
                Ok(false) => {}
                Err(why) => {
                    let why = format!("whether it was sealed before is unknown: {why}");
                    unchecked.push(self.unchecked(Some(path), why));
                }
            }
        }
        sealed
    }
}

/// Whether the file is meant to be encrypted is all that is open.
fn is_in_doubt(found: &Found) -> bool {
    let check = found.finding.check;
    (check == &checks::PLAIN_FILE || check == &checks::PLAIN_IN_HISTORY)
        && found.finding.confidence == Confidence::Possible
}
