//! The files of a state, looked at on all cores.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::HashMap;
use rayon::prelude::*;

use super::assemble::{Found, Origin};
use super::finding::{CoveredFile, Hit, Unchecked};
use super::inspect::{Interest, Nature, Traits, look, nature};
use super::leftovers;
use super::policy::{self, Rules};
use super::repository::{Audit, Outcome, Sealed};
use super::sources::{Sources, index_state, is_configuration, rules_of};
use super::state::{Entry, State, Unread};
use super::subject::Subject;
use super::view::View;
use crate::git::Oid;
use crate::keys::Identities;

/// What came of one file.
#[derive(Default)]
pub(super) struct FileLook {
    found: Vec<Found>,
    unchecked: Option<Unchecked>,
    by_name: Option<&'static str>,
    covered: Option<CoveredFile>,
    is_sealed: bool,
    sealed: Option<Sealed>,
    /// Its path, if it has SOPS metadata.
    once_sealed: Option<String>,
    /// The index has other bytes.
    staged: Option<(String, Oid)>,
}

impl Outcome {
    /// Adds what came of files. Gives those that the index has otherwise.
    pub(super) fn take(&mut self, looks: Vec<FileLook>) -> Vec<(String, Oid)> {
        self.report.files += looks.len();
        let mut by_name: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut staged = Vec::new();
        for look in looks {
            self.found.extend(look.found);
            self.unchecked.extend(look.unchecked);
            self.report.covered += usize::from(look.covered.is_some());
            self.report.sealed += usize::from(look.covered.is_some() && look.is_sealed);
            self.covered.extend(look.covered);
            self.sealed.extend(look.sealed);
            self.once_sealed.extend(look.once_sealed);
            staged.extend(look.staged);
            if let Some(why) = look.by_name {
                *by_name.entry(why).or_default() += 1;
            }
        }
        let counts = by_name.into_iter();
        let counts = counts.map(|(why, count)| (why.to_owned(), count));
        self.report.by_name_only.extend(counts);
        staged
    }
}

impl Audit<'_> {
    /// Looks at files of a state, on all cores. Gives those that the index has otherwise.
    pub(super) fn look_at(
        &self,
        state: &State<'_>,
        rules: &Rules,
        selection: Option<&[String]>,
        origin: Origin,
        outcome: &mut Outcome,
    ) -> Vec<(String, Oid)> {
        let looks: Vec<FileLook> = match selection {
            None => {
                let (paths, entries) = state.parts();
                paths
                    .par_iter()
                    .zip(entries)
                    .map(|(path, entry)| self.look_at_file(state, rules, path, entry, origin))
                    .collect()
            }
            Some(paths) => paths
                .par_iter()
                .filter_map(|path| {
                    let entry = state.get(path)?;
                    Some(self.look_at_file(state, rules, path, entry, origin))
                })
                .collect(),
        };
        outcome.take(looks)
    }

    fn look_at_file(
        &self,
        state: &State<'_>,
        rules: &Rules,
        path: &str,
        entry: &Entry,
        origin: Origin,
    ) -> FileLook {
        let mut result = FileLook::default();
        let bytes = match state.bytes(entry) {
            Ok(bytes) => bytes,
            Err(Unread::ByName(why)) => {
                result.by_name = Some(why);
                return result;
            }
            Err(Unread::Problem(why)) => {
                result.unchecked = Some(self.unchecked(Some(path), why));
                return result;
            }
        };
        result.staged = entry
            .staged
            .filter(|oid| Oid::of_blob(oid.kind(), &bytes).as_ref() != Some(oid))
            .map(|oid| (path.to_owned(), oid));
        self.look_at_bytes(state, rules, path, &bytes, origin, &mut result);
        result
    }

    pub(super) fn look_at_bytes(
        &self,
        state: &State<'_>,
        rules: &Rules,
        path: &str,
        bytes: &[u8],
        origin: Origin,
        result: &mut FileLook,
    ) {
        let subject = Subject::new(path, bytes);
        let traits = Traits::of(path, rules);
        match nature(bytes) {
            Nature::Text => {}
            Nature::Binary => result.by_name = Some("binary"),
            Nature::LfsPointer => {
                result.by_name = Some("Git LFS pointer");
                if traits.covered {
                    let why = "a Git LFS pointer: its content is not in the repository";
                    result.unchecked = Some(self.unchecked(Some(path), why));
                }
                return;
            }
        }
        let interest = Interest::of(bytes, traits.form.asks_for_values(bytes));
        let mut looked = look(&subject, rules, Some(state), traits, interest);
        let verdict = looked.verdict;
        if origin == Origin::Tree
            && let Some(remarks) = self.remarks.get(path)
        {
            looked.hits.extend(remarks.iter().cloned());
        }
        let has_metadata = verdict.sealed || !verdict.recipients.is_empty();
        if let Some(why) = verdict.unchecked {
            result.unchecked = Some(self.unchecked(Some(path), why));
        } else if has_metadata && let Some(identities) = &self.request.identities {
            self.open(&subject, identities, &mut looked.hits, result);
        }
        result.is_sealed = verdict.sealed;
        result.once_sealed = verdict.has_metadata.then(|| path.to_owned());
        result.covered = verdict.rule.map(|rule| CoveredFile {
            repository: self.number,
            path: path.to_owned(),
            rule,
        });
        result.sealed = (!verdict.recipients.is_empty()).then(|| Sealed {
            path: path.to_owned(),
            recipients: verdict.recipients,
            past: false,
        });
        result.found = self.assembler().findings(&subject, looked.hits, origin);
    }

    /// `--open`: the file opens and its MAC holds.
    fn open(
        &self,
        subject: &Subject<'_>,
        identities: &Arc<Identities>,
        hits: &mut Vec<Hit>,
        result: &mut FileLook,
    ) {
        use policy::{Opening, open_and_verify};
        let why = match open_and_verify(subject, identities) {
            Opening::Opens | Opening::NotSealed => return,
            Opening::Fails(hit) => {
                hits.push(hit);
                return;
            }
            Opening::NoIdentity(why) | Opening::Unsupported(why) => why,
        };
        result.unchecked = Some(self.unchecked(Some(subject.path), why));
    }

    /// Looks at what the index has and the working tree has not.
    pub(super) fn look_at_index(
        &self,
        sources: &Sources<'_>,
        blobs: &[(String, Oid)],
        outcome: &mut Outcome,
    ) {
        if blobs.is_empty() {
            return;
        }
        let state = index_state(sources);
        let own;
        let rules = if self.request.policy_ref.is_none()
            && blobs.iter().any(|(path, _)| is_configuration(path))
        {
            own = rules_of(&state);
            &own
        } else {
            &self.rules
        };
        let looks: Vec<FileLook> = blobs
            .par_iter()
            .map(|(path, oid)| {
                let mut result = FileLook::default();
                match state.blob(oid) {
                    Ok(bytes) => {
                        self.look_at_bytes(&state, rules, path, &bytes, Origin::Index, &mut result)
                    }
                    Err(Unread::ByName(_)) => {}
                    Err(Unread::Problem(why)) => {
                        result.unchecked = Some(self.unchecked(Some(path), why));
                    }
                }
                result
            })
            .collect();
        outcome.report.files += looks.len();
        for look in looks {
            outcome.found.extend(look.found);
            outcome.unchecked.extend(look.unchecked);
            outcome.sealed.extend(look.sealed);
            outcome.once_sealed.extend(look.once_sealed);
        }
    }

    /// Configurations that leave it open what they cover.
    pub(super) fn look_at_broken(&self, outcome: &mut Outcome) {
        for (path, why) in self.rules.broken() {
            let why = format!("the configuration is not valid: {why}");
            outcome.unchecked.push(self.unchecked(Some(&path), why));
        }
    }

    /// What is found by looking at a state as a whole, by path: plain twins of sealed files, and what is
    /// wrong with the configurations. It is told with what is found in these files.
    pub(super) fn remark(&mut self, state: &State<'_>) {
        let mut remarks: HashMap<String, Vec<Hit>> = HashMap::default();
        if self.request.config.is_none() && self.request.policy_ref.is_none() {
            remarks.extend(policy::check_rules(&self.rules, state.paths()));
        }
        for (path, hit) in leftovers::twins(state) {
            remarks.entry(path).or_default().push(hit);
        }
        self.remarks = remarks;
    }

    /// Looks at configurations that are no files of the state.
    pub(super) fn look_at_other_rules(
        &self,
        policy: &State<'_>,
        state: &State<'_>,
        outcome: &mut Outcome,
    ) {
        let text = |path: &str| match &self.request.config {
            Some((_, text)) => Some(text.clone()),
            None => self
                .request
                .policy_ref
                .as_ref()
                .and_then(|_| policy.read(path)),
        };
        for (path, hits) in policy::check_rules(&self.rules, state.paths()) {
            if let Some(text) = text(&path) {
                let subject = Subject::new(&path, &text);
                let found = self.assembler().findings(&subject, hits, Origin::Tree);
                outcome.found.extend(found);
            }
        }
    }
}
