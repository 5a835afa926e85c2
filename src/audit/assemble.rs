//! From hits in a text to findings in a repository: places, excerpts, fingerprints.

use super::finding::{Finding, Hit, Region};
use super::fingerprint::{self, Key};
use super::places;
use super::subject::Subject;
use crate::git::Oid;
use crate::secret::SecretBytes;

/// Where a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The working tree, a folder, standard input, or the tree that a bare repository has at `HEAD`.
    Tree,
    /// The index, where it differs from the working tree.
    Index,
    /// A commit, the first that has this version.
    Commit(Oid),
    /// The object store: no reference leads to this object.
    Unreachable(Oid),
    /// The message of a commit or tag.
    Message(Oid, &'static str),
}

/// A finding, and what only the end of the audit needs.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) finding: Finding,
    pub(super) origin: Origin,
    /// The secret, for the blast radius of identities; empty for other findings.
    pub(super) identity: SecretBytes,
}

/// What findings of one repository have in common.
pub(super) struct Assembler<'a> {
    pub(super) repository: usize,
    pub(super) identity: &'a str,
    pub(super) key: &'a Key,
}

impl Assembler<'_> {
    /// The findings of a text, in the order of the hits.
    pub(super) fn findings(
        &self,
        subject: &Subject<'_>,
        hits: Vec<Hit>,
        origin: Origin,
    ) -> Vec<Found> {
        if hits.is_empty() {
            return Vec::new();
        }
        let spans: Vec<_> = hits.iter().map(|hit| hit.span.clone()).collect();
        let regions = places::regions(subject.bytes, &spans);
        let placed = hits.into_iter().zip(regions);
        placed
            .map(|(hit, region)| self.finding(subject, hit, region, origin))
            .collect()
    }

    fn finding(&self, subject: &Subject<'_>, hit: Hit, region: Region, origin: Origin) -> Found {
        let path = match origin {
            Origin::Message(..) | Origin::Unreachable(_) => None,
            _ => Some(subject.path.to_owned()),
        };
        let fingerprint = fingerprint::fingerprint(
            self.key,
            hit.check.id,
            self.identity,
            path.as_deref(),
            hit.key_path.as_deref(),
            hit.value.expose(),
        );
        let (commit, message) = match origin {
            Origin::Tree => (None, hit.message),
            Origin::Index => (None, format!("{} (in the index)", hit.message)),
            Origin::Commit(oid) => (Some(oid.to_string()), hit.message),
            Origin::Unreachable(oid) => {
                let what = "in the object store, where no reference leads to it";
                (None, format!("{} ({what}: object {oid})", hit.message))
            }
            Origin::Message(oid, what) => (
                Some(oid.to_string()),
                format!("{} (in the message of a {what})", hit.message),
            ),
        };
        let excerpt = places::excerpt(subject, &hit.span, hit.key_path.as_deref());
        let identity = if super::blast::concerns(hit.check) {
            hit.value
        } else {
            SecretBytes::default()
        };
        Found {
            finding: Finding {
                check: hit.check,
                severity: hit.severity,
                confidence: hit.confidence,
                repository: self.repository,
                path,
                region: Some(region),
                key_path: hit.key_path,
                commit,
                fingerprint,
                message,
                fix: hit.fix.unwrap_or_else(|| hit.check.fix.to_owned()),
                excerpt,
                suppressed: None,
            },
            origin,
            identity,
        }
    }
}
