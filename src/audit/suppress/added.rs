//! Suppressions that a change adds.

use std::collections::HashMap;

use super::{FILE_NAME, InFile, PolicyFile};
use crate::audit::checks::{Check, NEW_SUPPRESSION};
use crate::audit::finding::Hit;
use crate::audit::subject::Subject;

/// The suppressions in the new version of a file that the old one does not have:
/// [`NEW_SUPPRESSION`], with their place in the new version. One that now stands for another line, or
/// for another text of its line, is new as well; one with another reason only is not. In the policy
/// file, entries with any other change are new. `old` is `None` if there was no such file.
pub fn added(path: &str, old: Option<&[u8]>, new: &[u8]) -> Vec<Hit> {
    let claims = |bytes: &[u8]| {
        if path == FILE_NAME {
            return policy_claims(bytes);
        }
        let subject = Subject::new(path, bytes);
        InFile::find(&subject).claims(bytes)
    };
    let new = claims(new);
    if new.is_empty() {
        return Vec::new();
    }
    let mut known: HashMap<String, usize> = HashMap::new();
    for (claim, _) in old.map(claims).unwrap_or_default() {
        *known.entry(claim).or_default() += 1;
    }
    let is_new = |(claim, hit): (String, Hit)| match known.get_mut(&claim) {
        Some(count) if *count > 0 => {
            *count -= 1;
            None
        }
        _ => Some(hit),
    };
    new.into_iter().filter_map(is_new).collect()
}

/// A policy file that cannot be read suppresses nothing.
fn policy_claims(bytes: &[u8]) -> Vec<(String, Hit)> {
    const CHECK: &Check = &NEW_SUPPRESSION;
    let Ok(policy) = PolicyFile::read(FILE_NAME, bytes) else {
        return Vec::new();
    };
    let entries = policy.entries.iter().filter(|entry| entry.reason.is_some());
    let claim = |entry: &super::Entry| {
        let hit = entry.hit(CHECK, entry.span.clone(), "is new");
        (entry.claim(), hit)
    };
    entries.map(claim).collect()
}
