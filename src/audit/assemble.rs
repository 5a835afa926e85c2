//! From hits in a text to findings in a repository: places, excerpts, fingerprints.

use super::checks::{self, Check};
use super::finding::{Finding, Hit, Region, Suppressed};
use super::fingerprint::{self, Key};
use super::masks::Masks;
use super::places;
use super::subject::Subject;
use super::suppress::{Applied, InFile};
use crate::git::{ObjectKind, Oid};
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
    /// A commit to which no reference leads any more.
    Lost(Oid),
    /// The object store: no reference leads to this object.
    Unreachable(Oid),
    /// The message of a commit or tag.
    Message(Oid, ObjectKind),
}

/// A finding, and what only the end of the audit needs.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) finding: Finding,
    /// The secret, for the blast radius of identities; empty for other findings.
    pub(super) identity: SecretBytes,
}

/// What findings of one repository have in common.
pub(super) struct Assembler<'a> {
    pub(super) repository: usize,
    pub(super) identity: &'a str,
    pub(super) key: &'a Key,
    /// The suppressions, unless none count.
    pub(super) suppressions: Option<&'a Applied>,
    /// Which checks look at everything that they could look at in this audit.
    pub(super) ran: fn(&Check) -> bool,
}

impl Assembler<'_> {
    /// The findings of a text, in the order of the hits, and those about its suppressions.
    pub(super) fn findings(
        &self,
        subject: &Subject<'_>,
        mut hits: Vec<Hit>,
        origin: Origin,
    ) -> Vec<Found> {
        let mut fingerprints: Vec<String> = Vec::with_capacity(hits.len());
        fingerprints.extend(
            hits.iter()
                .map(|hit| self.fingerprint(subject, hit, origin)),
        );
        let mut suppressed: Vec<Option<Suppressed>> = vec![None; hits.len()];
        if let Some(applied) = self.suppressions {
            let mut in_file = InFile::find(subject);
            let pairs = hits.iter().zip(fingerprints.iter().map(String::as_str));
            let pairs: Vec<(&Hit, &str)> = pairs.collect();
            suppressed = applied.apply(subject, &mut in_file, &pairs);
            // What an old version says of itself is nobody's concern.
            if matches!(origin, Origin::Tree | Origin::Index) {
                let about = in_file
                    .reasonless()
                    .into_iter()
                    .chain(in_file.unused(self.ran));
                for hit in about {
                    fingerprints.push(self.fingerprint(subject, &hit, origin));
                    suppressed.push(None);
                    hits.push(hit);
                }
            }
        }
        if hits.is_empty() {
            return Vec::new();
        }
        let spans: Vec<_> = hits.iter().map(|hit| hit.span.clone()).collect();
        let regions = places::regions(subject.bytes, &spans);
        let masks = Masks::of(subject, &hits);
        let parts = hits.into_iter().zip(regions);
        let parts = parts.zip(fingerprints.into_iter().zip(suppressed));
        parts
            .map(|((hit, region), (fingerprint, suppressed))| {
                let mut found = self.finding(subject, &masks, hit, region, origin);
                found.finding.fingerprint = fingerprint;
                found.finding.suppressed = suppressed.map(|suppressed| Suppressed {
                    reason: suppressed.reason.map(|reason| masks.text(&reason)),
                    ..suppressed
                });
                found
            })
            .collect()
    }

    fn fingerprint(&self, subject: &Subject<'_>, hit: &Hit, origin: Origin) -> String {
        fingerprint::fingerprint(
            self.key,
            hit.check.id,
            self.identity,
            path_of(subject, origin),
            hit.key_path.as_deref(),
            hit.value.expose(),
        )
    }

    /// Whatever comes out of the text is masked here, so that no report can forget it. What decides
    /// (fingerprints, suppressions) has the names as they are.
    fn finding(
        &self,
        subject: &Subject<'_>,
        masks: &Masks,
        hit: Hit,
        region: Region,
        origin: Origin,
    ) -> Found {
        let shown = hit.key_path.as_deref().map(|path| masks.key_path(path));
        let message = masks.message(hit.check, &hit.message, shown.as_ref());
        let (commit, message) = match origin {
            Origin::Tree => (None, message),
            Origin::Index => (None, format!("{message} (in the index)")),
            Origin::Commit(oid) => (Some(oid.to_string()), message),
            Origin::Lost(oid) => {
                let what = "in a commit that no reference leads to";
                (Some(oid.to_string()), format!("{message} ({what})"))
            }
            Origin::Unreachable(oid) => {
                let what = "in the object store, in no commit";
                (None, format!("{message} ({what}: object {oid})"))
            }
            Origin::Message(oid, ObjectKind::Commit) => (
                Some(oid.to_string()),
                format!("{message} (in the message of a commit)"),
            ),
            Origin::Message(oid, kind) => (
                None,
                format!("{message} (in the message of the {} {oid})", kind.name()),
            ),
        };
        let fix = step_of(hit.check, origin).map_or_else(
            || hit.fix.unwrap_or_else(|| hit.check.fix.to_owned()),
            str::to_owned,
        );
        let excerpt = places::excerpt(subject, &hit.span, hit.key_path.as_deref())
            .map(|line| masks.line(line));
        let key_path = shown.map(|shown| shown.path);
        // The value of a private key is its body alone; what opens files is all of it.
        let identity = if hit.check == &checks::AGE_IDENTITY {
            hit.value
        } else if hit.check == &checks::PRIVATE_KEY {
            SecretBytes::copy_of(subject.bytes.get(hit.span.clone()).unwrap_or_default())
        } else {
            SecretBytes::default()
        };
        Found {
            finding: Finding {
                check: hit.check,
                severity: hit.severity,
                confidence: hit.confidence,
                repository: self.repository,
                path: path_of(subject, origin).map(str::to_owned),
                region: Some(region),
                key_path,
                commit,
                fingerprint: String::new(),
                message,
                fix,
                excerpt,
                opens: Vec::new(),
                suppressed: None,
            },
            identity,
        }
    }
}

/// What mends what creation rules ask for, where no file can be sealed.
fn step_of(check: &Check, origin: Origin) -> Option<&'static str> {
    let is_policy = [
        &checks::PLAIN_FILE,
        &checks::PARTLY_ENCRYPTED,
        &checks::SECRET_OUTSIDE_RULES,
    ]
    .contains(&check);
    if !is_policy {
        return None;
    }
    match origin {
        Origin::Index if check != &checks::SECRET_OUTSIDE_RULES => Some(
            "run `secrets encrypt --staged`, or `git add` the file if the working tree has it sealed; then rotate the value if it was pushed",
        ),
        Origin::Unreachable(_) => Some(
            "once nothing leads to it, `git gc --prune=now` removes it (after `git reflog expire --expire-unreachable=now --all`); rotate the value if others can fetch from here",
        ),
        _ => None,
    }
}

/// Messages and lost objects have no path.
fn path_of<'s>(subject: &Subject<'s>, origin: Origin) -> Option<&'s str> {
    match origin {
        Origin::Message(..) | Origin::Unreachable(_) => None,
        _ => Some(subject.path),
    }
}
