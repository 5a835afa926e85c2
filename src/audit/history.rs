//! The history: every object of the store, or what a range of commits brings.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::assemble::{Found, Origin};
use super::checks;
use super::finding::{CoveredFile, Hit};
use super::inspect::{Interest, Nature, Traits, look, nature};
use super::policy::{Rules, Verdict};
use super::repository::{Audit, Outcome, Sealed};
use super::run::Scope;
use super::sources::{Sources, resolve};
use super::state::{MAX_TEXT, Place, State};
use super::subject::Subject;
use super::view::View;
use crate::error::Result;
use crate::git::{History, Item, ObjectKind, Oid, PathId, Placed, Scope as Part};

/// Findings by fingerprint, each with the oldest commit that has it.
#[derive(Default)]
struct Oldest(BTreeMap<String, (u32, Found)>);

impl Oldest {
    /// Of those of no age, such as messages, the first by name is kept, so that every run tells the same.
    fn add(&mut self, age: u32, found: Found) {
        match self.0.entry(found.finding.fingerprint.clone()) {
            Entry::Vacant(slot) => {
                slot.insert((age, found));
            }
            Entry::Occupied(mut slot) => {
                let (known, other) = slot.get();
                if (age, &found.finding.commit) < (*known, &other.finding.commit) {
                    slot.insert((age, found));
                }
            }
        }
    }

    /// Of a file that is plain now its plain past is not told again.
    fn put_into(self, outcome: &mut Outcome) {
        let plain_now: foldhash::HashSet<String> = outcome
            .found
            .iter()
            .filter(|found| found.finding.check == &checks::PLAIN_FILE)
            .filter_map(|found| found.finding.path.clone())
            .collect();
        let past = self.0.into_values().map(|(_, found)| found);
        let past = past.filter(|found| {
            let finding = &found.finding;
            let path = finding.path.as_ref();
            let is_told = path.is_some_and(|path| plain_now.contains(path));
            !(finding.check == &checks::PLAIN_IN_HISTORY && is_told)
        });
        outcome.found.extend(past);
    }
}

/// What versions of files say beside findings.
#[derive(Default)]
struct Gathered {
    /// Files of the tree, or of the end of the range, and whether they are sealed.
    covered: Vec<(CoveredFile, bool)>,
    /// Paths and recipients.
    sealed: foldhash::HashSet<(String, Vec<String>)>,
    once_sealed: foldhash::HashSet<String>,
    /// By path why a version could not be judged, of the oldest that could not.
    unread: BTreeMap<String, (u32, String)>,
}

impl Gathered {
    fn put_into(self, audit: &Audit<'_>, outcome: &mut Outcome) {
        let known: foldhash::HashSet<String> =
            outcome.sealed.iter().map(|s| s.path.clone()).collect();
        let sealed = self.sealed.into_iter().map(|(path, recipients)| Sealed {
            past: !known.contains(&path),
            path,
            recipients,
        });
        outcome.sealed.extend(sealed);
        outcome.once_sealed.extend(self.once_sealed);
        for (path, (_, reason)) in self.unread {
            outcome.unchecked.push(audit.unchecked(Some(&path), reason));
        }
        // A bare repository, and a range that changes rules, have the files of the tree looked at already.
        let mut counted: foldhash::HashSet<String> =
            outcome.covered.iter().map(|f| f.path.clone()).collect();
        for (file, is_sealed) in self.covered {
            if !counted.insert(file.path.clone()) {
                continue;
            }
            outcome.report.covered += 1;
            outcome.report.sealed += usize::from(is_sealed);
            outcome.covered.push(file);
        }
    }
}

/// A history that was read, and what its messages have.
pub(super) struct Past {
    history: History,
    oldest: Mutex<Oldest>,
    /// Why it may not be all of it.
    reasons: Vec<String>,
}

impl Past {
    /// Reads the history, and calls `meanwhile` once while cores have nothing else to do.
    ///
    /// # Errors
    /// Nobody knows a revision of the range.
    pub(super) fn read(
        audit: &Audit<'_>,
        sources: &Sources<'_>,
        meanwhile: impl FnOnce() + Send,
    ) -> Result<Past> {
        let part = match &audit.request.scope {
            Scope::Range { from, to } => Part::Range {
                from: Some(resolve(sources, from)?),
                to: resolve(sources, to)?,
            },
            _ => Part::Everything,
        };
        let mut reasons = incomplete(sources);
        // A history of everything tells what is wrong with references by itself.
        if part != Part::Everything {
            reasons.extend(sources.references()?.problems().iter().cloned());
        }
        let oldest = Mutex::new(Oldest::default());
        let told = Told {
            audit,
            oldest: &oldest,
        };
        let history = History::load_while(
            sources.repository,
            &sources.store,
            part,
            Some(&|item| told.message(&item)),
            meanwhile,
        )?;
        Ok(Past {
            history,
            oldest,
            reasons,
        })
    }

    /// Looks at all blobs of the history. What the tree has already is not told again.
    pub(super) fn look_at(
        self,
        audit: &Audit<'_>,
        sources: &Sources<'_>,
        state: &State<'_>,
        outcome: &mut Outcome,
    ) {
        let Past {
            history,
            oldest,
            mut reasons,
        } = self;
        let told = Told {
            audit,
            oldest: &oldest,
        };
        let count = u32::try_from(history.paths()).unwrap_or(u32::MAX);
        let paths: Vec<PastPath> = (0..count)
            .into_par_iter()
            .with_min_len(1024)
            .map(|number| PastPath::of(history.path(PathId(number)), &audit.rules, state))
            .collect();
        let entries = sources.index.iter().flat_map(|index| &index.entries);
        let staged = entries.map(|entry| entry.oid).collect();
        let visitor = Visitor {
            told,
            state,
            staged: &staged,
            history: &history,
            paths: &paths,
            gathered: Mutex::default(),
        };
        let unvisited = history.visit(MAX_TEXT as usize, &|_, _| true, &|item| visitor.item(item));
        let gathered = visitor.gathered.into_inner();
        let gathered = gathered.unwrap_or_else(PoisonError::into_inner);
        reasons.extend(history.problems().iter().cloned());
        reasons.extend(unvisited);
        outcome.report.objects = history.objects();
        // It is large: whoever waits for the report need not wait for its memory to be given back.
        rayon::spawn(move || drop((history, paths)));
        let oldest = oldest.into_inner().unwrap_or_else(PoisonError::into_inner);
        oldest.put_into(outcome);
        gathered.put_into(audit, outcome);
        for reason in reasons {
            outcome.unchecked.push(audit.unchecked(None, reason));
        }
    }
}

/// Why the history here is not all of it.
fn incomplete(sources: &Sources<'_>) -> Vec<String> {
    let mut reasons = Vec::new();
    if sources.repository.is_shallow() {
        reasons.push(
            "the clone is shallow: its history ends early; run `git fetch --unshallow` (for a single-branch clone `git remote set-branches origin '*'` first), in GitLab CI set `GIT_DEPTH: 0`"
                .to_owned(),
        );
    }
    if sources.repository.is_partial() {
        reasons.push(
            "the clone is partial: objects are left out; make a full clone (without `--filter`)"
                .to_owned(),
        );
    }
    reasons
}

/// A path of the history.
struct PastPath {
    name: String,
    traits: Traits,
    /// What is there in the tree, or at the end of the range.
    end: Option<Oid>,
}

impl PastPath {
    fn of(bytes: &[u8], rules: &Rules, state: &State<'_>) -> Self {
        let name = String::from_utf8_lossy(bytes).into_owned();
        let end = match state.get(&name).map(|entry| &entry.place) {
            Some(Place::Blob(oid)) => Some(*oid),
            _ => None,
        };
        PastPath {
            traits: Traits::of(&name, rules),
            name,
            end,
        }
    }
}

struct Visitor<'v> {
    told: Told<'v>,
    /// The tree, or the end of the range.
    state: &'v State<'v>,
    /// What the index has.
    staged: &'v foldhash::HashSet<Oid>,
    history: &'v History,
    paths: &'v [PastPath],
    gathered: Mutex<Gathered>,
}

impl Visitor<'_> {
    fn item(&self, item: Item<'_>) {
        match item.kind {
            ObjectKind::Blob => self.blob(&item),
            _ => self.told.message(&item),
        }
    }

    fn blob(&self, item: &Item<'_>) {
        if nature(item.data) == Nature::LfsPointer {
            return;
        }
        let files = || {
            let files = item.places.iter().filter(|placed| !placed.link);
            files.filter_map(|placed| Some((placed, self.paths.get(placed.path.0 as usize)?)))
        };
        let mut forms = files().map(|(_, path)| path.traits.form);
        let asks_for_values = forms.any(|form| form.asks_for_values(item.data));
        let interest = Interest::of(item.data, asks_for_values);
        if item.places.is_empty() {
            // What is staged was looked at with the working tree.
            if self.staged.contains(&item.oid) {
                return;
            }
            let origin = Origin::Unreachable(item.oid);
            return self.told.without_path(item.data, interest, origin);
        }
        for (placed, path) in files() {
            self.placed(item, placed, path, interest);
        }
    }

    fn placed(&self, item: &Item<'_>, placed: &Placed, path: &PastPath, interest: Interest) {
        let PastPath { name, traits, end } = path;
        let subject = Subject::new(name, item.data);
        // The end of a range is what is going to be there: all checks count, as in a tree.
        let is_end = *end == Some(item.oid);
        let view: Option<&dyn View> = if is_end { Some(self.state) } else { None };
        let audit = self.told.audit;
        let looked = look(&subject, &audit.rules, view, *traits, interest);
        self.gather(name, placed, is_end, looked.verdict);
        let hits: Vec<Hit> = match is_end {
            true => looked.hits,
            false => looked.hits.into_iter().filter_map(of_the_past).collect(),
        };
        let origin = match self.history.commit_oid(placed.commit) {
            Some(commit) if self.history.is_reachable(placed.commit) => Origin::Commit(commit),
            Some(commit) => Origin::Lost(commit),
            None => Origin::Unreachable(item.oid),
        };
        self.told.keep(placed.commit.0, &subject, hits, origin);
    }

    fn gather(&self, path: &str, placed: &Placed, is_end: bool, verdict: Verdict) {
        let gathered = || self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rule) = verdict.rule.filter(|_| is_end) {
            let file = CoveredFile {
                repository: self.told.audit.number,
                path: path.to_owned(),
                rule,
            };
            gathered().covered.push((file, verdict.sealed));
        }
        if verdict.has_metadata {
            gathered().once_sealed.insert(path.to_owned());
        }
        if !verdict.recipients.is_empty() {
            let sealed = (path.to_owned(), verdict.recipients);
            gathered().sealed.insert(sealed);
        }
        // What could not be judged in any version may hold plaintext: the history is not proven.
        if let Some(why) = verdict.unchecked {
            let commit = self.history.commit_oid(placed.commit);
            let commit = commit.map_or_else(String::new, |oid| oid.to_string());
            let reason = (placed.commit.0, format!("{why} (in commit {commit})"));
            let mut gathered = gathered();
            let known = gathered.unread.entry(path.to_owned());
            let known = known.or_insert_with(|| reason.clone());
            if reason < *known {
                *known = reason;
            }
        }
    }
}

/// What is told of texts, whether they stand at a path or not.
#[derive(Clone, Copy)]
struct Told<'v> {
    audit: &'v Audit<'v>,
    oldest: &'v Mutex<Oldest>,
}

impl Told<'_> {
    fn message(&self, item: &Item<'_>) {
        let interest = Interest::of(item.data, false);
        if interest.credentials || interest.policy {
            self.without_path(item.data, interest, Origin::Message(item.oid, item.kind));
        }
    }

    /// A text that stands at no path: no rule covers it, and nothing stands beside it.
    fn without_path(&self, text: &[u8], interest: Interest, origin: Origin) {
        let subject = Subject::new("", text);
        let rules = &self.audit.rules;
        let looked = look(&subject, rules, None, Traits::default(), interest);
        self.keep(u32::MAX, &subject, looked.hits, origin);
    }

    fn keep(&self, age: u32, subject: &Subject<'_>, hits: Vec<Hit>, origin: Origin) {
        if hits.is_empty() {
            return;
        }
        let found = self.audit.assembler().findings(subject, hits, origin);
        let mut oldest = self.oldest.lock().unwrap_or_else(PoisonError::into_inner);
        for found in found {
            oldest.add(age, found);
        }
    }
}

/// What a hit in an old version means. Drift of old versions is nobody's concern: the rules of today
/// are not theirs.
fn of_the_past(mut hit: Hit) -> Option<Hit> {
    let drift = [
        &checks::SELECTOR_DRIFT,
        &checks::MAC_DRIFT,
        &checks::RECIPIENT_DRIFT,
        &checks::THRESHOLD_DRIFT,
        &checks::ENCRYPTED_METADATA,
        &checks::BROKEN_METADATA,
    ];
    if drift.contains(&hit.check) {
        return None;
    }
    if hit.check == &checks::PLAIN_FILE {
        hit.check = &checks::PLAIN_IN_HISTORY;
        hit.severity = checks::PLAIN_IN_HISTORY.severity;
        hit.fix = None;
    }
    Some(hit)
}
