//! Suppressions: what somebody looked at and allows, with the reason.
//!
//! They stand as comments in the file itself ([`InFile`]) or as entries of `.secrets-audit.yaml`
//! ([`PolicyFile`]). [`Applied`] matches them with findings and remembers which were of use, so that
//! those that are not become findings themselves. Findings about suppressions cannot be suppressed.

mod added;
mod comment;
mod date;
mod in_file;
mod key_path;
mod policy_file;

use std::sync::atomic::{AtomicBool, Ordering};

use super::checks::{Check, EXPIRED_SUPPRESSION, REASONLESS_SUPPRESSION, UNUSED_SUPPRESSION};
use super::finding::{Hit, Suppressed, SuppressedBy};
use super::subject::Subject;

pub use added::added;
pub use date::Date;
pub use in_file::InFile;
pub use policy_file::{Entry, MAX_ENTRIES, MAX_SIZE, PolicyFile};

/// The name of the policy file at the root of a repository.
pub const FILE_NAME: &str = ".secrets-audit.yaml";

/// The check is about suppressions, so no suppression is for it.
pub fn is_about_suppressions(check: &Check) -> bool {
    check.id.starts_with("SEC9")
}

/// The suppressions of one repository at work. May be shared between threads.
#[derive(Debug)]
pub struct Applied {
    policy: Option<PolicyFile>,
    used: Vec<AtomicBool>,
    today: Option<Date>,
}

impl Applied {
    /// Suppressions of a policy file, if there is one, and of comments. `now` is the time in RFC 3339
    /// and UTC; if it is none, every entry with a date counts as expired.
    pub fn new(policy: Option<PolicyFile>, now: &str) -> Self {
        let count = policy.as_ref().map_or(0, |policy| policy.entries.len());
        Applied {
            policy,
            used: (0..count).map(|_| AtomicBool::new(false)).collect(),
            today: now.get(..10).and_then(Date::parse),
        }
    }

    /// The policy file.
    pub fn policy(&self) -> Option<&PolicyFile> {
        self.policy.as_ref()
    }

    /// For each finding of one text, with its fingerprint, what suppresses it. A comment comes before
    /// an entry of the policy file; everything that matches counts as used.
    pub fn apply(
        &self,
        subject: &Subject<'_>,
        in_file: &mut InFile,
        findings: &[(&Hit, &str)],
    ) -> Vec<Option<Suppressed>> {
        let candidates = match &self.policy {
            Some(policy) if !findings.is_empty() => policy.for_path(subject.path),
            _ => Vec::new(),
        };
        let suppressed = |(hit, fingerprint): &(&Hit, &str)| {
            if is_about_suppressions(hit.check) {
                return None;
            }
            let by_comment = in_file.suppress(subject, hit);
            let by_policy = self.suppress(&candidates, hit, fingerprint);
            by_comment.or(by_policy)
        };
        findings.iter().map(suppressed).collect()
    }

    fn suppress(&self, candidates: &[usize], hit: &Hit, fingerprint: &str) -> Option<Suppressed> {
        let entries = &self.policy.as_ref()?.entries;
        let mut found = None;
        for &number in candidates {
            let Some(entry) = entries.get(number) else {
                continue;
            };
            if !entry.matches(hit, fingerprint) || self.is_expired(entry) {
                continue;
            }
            let Some(reason) = &entry.reason else {
                continue;
            };
            if let Some(used) = self.used.get(number) {
                used.store(true, Ordering::Relaxed);
            }
            found.get_or_insert(Suppressed {
                by: SuppressedBy::Policy,
                reason: Some(reason.clone()),
            });
        }
        found
    }

    /// On its date an entry still counts.
    fn is_expired(&self, entry: &Entry) -> bool {
        match (entry.expires, self.today) {
            (Some(expires), Some(today)) => expires < today,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// Entries of the policy file that suppressed nothing: [`UNUSED_SUPPRESSION`], with their place in
    /// the policy file. Those that are expired, without reason, or for a check that did not run
    /// (`ran` says so) are left out. Only of meaning after everything was looked at.
    pub fn unused(&self, ran: impl Fn(&Check) -> bool) -> Vec<Hit> {
        let unused = |(number, entry): &(usize, &Entry)| {
            let used = self.used.get(*number);
            entry.reason.is_some()
                && !self.is_expired(entry)
                && ran(entry.check)
                && !used.is_some_and(|used| used.load(Ordering::Relaxed))
        };
        let hit = |(_, entry): (usize, &Entry)| {
            entry.hit(
                &UNUSED_SUPPRESSION,
                entry.span.clone(),
                "suppresses nothing",
            )
        };
        self.entries().enumerate().filter(unused).map(hit).collect()
    }

    /// Entries of the policy file whose date has passed: [`EXPIRED_SUPPRESSION`].
    pub fn expired(&self) -> Vec<Hit> {
        let expired = self.entries().filter(|entry| self.is_expired(entry));
        let hit = |entry: &Entry| {
            let date = entry.expires.map(|date| date.to_string());
            let what = format!("has expired on {}", date.unwrap_or_default());
            entry.hit(&EXPIRED_SUPPRESSION, entry.expires_span.clone(), &what)
        };
        expired.map(hit).collect()
    }

    /// Entries of the policy file without a reason: [`REASONLESS_SUPPRESSION`].
    pub fn reasonless(&self) -> Vec<Hit> {
        let reasonless = self.entries().filter(|entry| entry.reason.is_none());
        let hit =
            |entry: &Entry| entry.hit(&REASONLESS_SUPPRESSION, entry.span.clone(), "has no reason");
        reasonless.map(hit).collect()
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.policy.iter().flat_map(|policy| &policy.entries)
    }
}

#[cfg(test)]
#[path = "suppress/tests.rs"]
mod tests;
