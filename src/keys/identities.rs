//! Everything a user has to open files with.

use std::fmt;

use super::age_file::AgeFile;
use super::environment::Environment;
use super::identity::Identity;
use super::locked::Callbacks;
use super::recipient::{same_key, shorten};
use super::sources::{self, Command, Content, Source};
use crate::error::{Error, Kind, Result};
use crate::secret::SecretBytes;

/// A data key as it stands in a file's metadata: wrapped to one recipient.
#[derive(Clone, Copy, Debug)]
pub struct Wrapped<'a> {
    /// The recipient as written in the file.
    pub recipient: &'a str,
    /// The armored age file.
    pub enc: &'a str,
}

/// The identities of all sources.
///
/// Files and variables are read at once; a command runs, and a passphrase is asked for, only when
/// what needs neither opens nothing. Whatever was unlocked stays so. May be used by several threads.
pub struct Identities {
    env: Box<dyn Environment>,
    callbacks: Box<dyn Callbacks>,
    sources: Vec<Source>,
}

/// What became of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceState {
    /// The variable is not set.
    NotSet,
    /// The file does not exist, or there is no identity in it.
    NotFound,
    /// A command that was not needed so far.
    NotRun,
    /// There are identities.
    Found,
    /// It could not be read, run or parsed.
    Failed,
}

/// What became of a source, for people: never holds a private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceReport {
    /// A variable, a variable with the path in it, or a path.
    pub source: String,
    /// What became of it.
    pub state: SourceState,
    /// The same in words, with the recipients of the identities or the reason.
    pub detail: String,
}

impl fmt::Display for SourceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.detail)
    }
}

impl Identities {
    /// Collects the identities from where SOPS does. Never fails: a source that is not usable is
    /// remembered for the [report](Identities::report) (SOPS behaviour).
    pub fn load(env: impl Environment + 'static, callbacks: impl Callbacks + 'static) -> Self {
        let sources = sources::collect(&env);
        Identities {
            env: Box::new(env),
            callbacks: Box::new(callbacks),
            sources,
        }
    }

    /// Unwraps one `enc` block; `None` if no identity opens it.
    ///
    /// # Errors
    /// Of kind [`Kind::Crypto`] if the block is malformed or was changed.
    pub fn unwrap(&self, recipient: &str, enc: &str) -> Result<Option<SecretBytes>> {
        Ok(self
            .unwrap_any(&[Wrapped { recipient, enc }])?
            .map(|(_, payload)| payload))
    }

    /// Unwraps whichever block of a key group needs the least: one whose recipient is ours, then any
    /// with what is at hand, then with the output of commands, then with passphrases. Returns its
    /// index and the data key or share; `None` if no identity opens any.
    ///
    /// # Errors
    /// Of kind [`Kind::Crypto`] if nothing opens and a block is malformed or was changed.
    pub fn unwrap_any(&self, wrapped: &[Wrapped<'_>]) -> Result<Option<(usize, SecretBytes)>> {
        let mut attempt = Attempt {
            wrapped,
            callbacks: &*self.callbacks,
            error: None,
        };
        let (mut locked, ready): (Vec<&Identity>, Vec<_>) =
            self.at_hand().partition(|identity| identity.is_locked());
        if let Some(opened) = attempt.with(&ready) {
            return Ok(Some(opened));
        }
        let printed = match self.try_commands(&mut attempt) {
            Outcome::Opened(index, payload) => return Ok(Some((index, payload))),
            Outcome::Closed(printed) => printed,
        };
        locked.extend(
            printed
                .iter()
                .map(|identity| &**identity)
                .filter(|identity| identity.is_locked()),
        );
        match attempt.with(&locked) {
            Some(opened) => Ok(Some(opened)),
            None => attempt.error.map_or(Ok(None), Err),
        }
    }

    fn try_commands(&self, attempt: &mut Attempt<'_>) -> Outcome {
        let mut printed = Vec::new();
        for command in self.commands() {
            loop {
                let identities = command.identities();
                let ready: Vec<_> = identities
                    .iter()
                    .map(|i| &**i)
                    .filter(|i| !i.is_locked())
                    .collect();
                if let Some((index, payload)) = attempt.with(&ready) {
                    return Outcome::Opened(index, payload);
                }
                let more = |wrapped: &Wrapped<'_>| {
                    command.ask(&*self.env, wrapped.recipient, identities.len())
                };
                if !attempt.wrapped.iter().any(more) {
                    printed.extend(identities);
                    break;
                }
            }
        }
        Outcome::Closed(printed)
    }

    /// Whether an identity for this recipient is known, without running or asking anything.
    pub fn owns(&self, recipient: &str) -> bool {
        self.recipients().iter().any(|own| same_key(own, recipient))
    }

    /// The public keys of all identities that are known without running or asking anything.
    pub fn recipients(&self) -> Vec<String> {
        let printed: Vec<_> = self.commands().flat_map(Command::identities).collect();
        let all = self
            .at_hand()
            .chain(printed.iter().map(|identity| &**identity));
        all.flat_map(recipients_of).map(str::to_owned).collect()
    }

    /// What became of every source so far, in SOPS's order.
    pub fn report(&self) -> Vec<SourceReport> {
        self.sources.iter().map(report).collect()
    }

    /// The error for a file that nothing opens: for whom it is, where was looked, what was found.
    /// `recipients` are those of the file.
    pub fn explain(&self, recipients: &[&str]) -> Error {
        let wanted: Vec<String> = recipients
            .iter()
            .map(|recipient| shorten(recipient))
            .collect();
        let mut error =
            Error::new(Kind::Key, "no identity opens the file").because(if wanted.is_empty() {
                "it is encrypted to no age recipient".to_owned()
            } else {
                format!("it is encrypted to {}", wanted.join(", "))
            });
        let reports = self.report();
        let found = |state| reports.iter().filter(move |report| report.state == state);
        for report in found(SourceState::Found).chain(found(SourceState::Failed)) {
            error = error.hint(report.to_string());
        }
        for (state, words) in [
            (SourceState::NotFound, "no identity in"),
            (SourceState::NotSet, "not set:"),
        ] {
            let names: Vec<&str> = found(state).map(|report| report.source.as_str()).collect();
            if !names.is_empty() {
                error = error.hint(format!("{words} {}", names.join(", ")));
            }
        }
        if found(SourceState::Found).next().is_some() {
            error.hint("ask a recipient of the file to add yours, or name another identity in SOPS_AGE_KEY_FILE")
        } else {
            error.hint("name your identity file in SOPS_AGE_KEY_FILE")
        }
    }

    /// The identities of files and variables.
    fn at_hand(&self) -> impl Iterator<Item = &Identity> {
        self.sources
            .iter()
            .flat_map(|source| match &source.content {
                Content::Identities(identities) => identities.as_slice(),
                _ => &[],
            })
    }

    fn commands(&self) -> impl Iterator<Item = &Command> {
        self.sources
            .iter()
            .filter_map(|source| match &source.content {
                Content::Command(command) => Some(command),
                _ => None,
            })
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identities").field(&self.report()).finish()
    }
}

enum Outcome {
    Opened(usize, SecretBytes),
    /// All that the commands printed.
    Closed(Vec<std::sync::Arc<Identity>>),
}

/// The search for an identity that opens one of several blocks.
struct Attempt<'a> {
    wrapped: &'a [Wrapped<'a>],
    callbacks: &'a dyn Callbacks,
    /// The first thing that was wrong with a block.
    error: Option<Error>,
}

impl Attempt<'_> {
    fn with(&mut self, identities: &[&Identity]) -> Option<(usize, SecretBytes)> {
        for (index, wrapped) in self.wrapped.iter().enumerate() {
            let is_owner = |i: &&&Identity| {
                i.recipient()
                    .is_some_and(|own| same_key(own, wrapped.recipient))
            };
            let owners: Vec<&Identity> = identities.iter().filter(is_owner).copied().collect();
            if let Some(payload) = self.open(index, &owners) {
                return Some((index, payload));
            }
        }
        (0..self.wrapped.len()).find_map(|index| Some((index, self.open(index, identities)?)))
    }

    fn open(&mut self, index: usize, identities: &[&Identity]) -> Option<SecretBytes> {
        let wrapped = self.wrapped.get(index).filter(|_| !identities.is_empty())?;
        let asking: Vec<_> = identities
            .iter()
            .map(|identity| identity.with(self.callbacks))
            .collect();
        let asking: Vec<&dyn age::Identity> = asking
            .iter()
            .map(|identity| identity as &dyn age::Identity)
            .collect();
        match AgeFile::parse(wrapped.enc).and_then(|file| file.open(&asking)) {
            Ok(payload) => payload,
            Err(error) => {
                let recipient = shorten(wrapped.recipient);
                self.error
                    .get_or_insert_with(|| error.hint(format!("it is the block for {recipient}")));
                None
            }
        }
    }
}

/// The recipients of an identity, or of the unlocked identities in it.
fn recipients_of(identity: &Identity) -> impl Iterator<Item = &str> {
    identity
        .recipient()
        .into_iter()
        .chain(identity.inside().iter().filter_map(Identity::recipient))
}

fn report(source: &Source) -> SourceReport {
    let (state, detail) = match &source.content {
        Content::NotSet => (SourceState::NotSet, "not set".to_owned()),
        Content::NotFound => (SourceState::NotFound, "not found".to_owned()),
        Content::Failed(reason) => (SourceState::Failed, reason.clone()),
        Content::Identities(identities) => describe(&identities.iter().collect::<Vec<_>>()),
        Content::Command(command) => {
            let printed = command.identities();
            match command.outcome() {
                None => (SourceState::NotRun, "not needed so far".to_owned()),
                Some(Some(failure)) if printed.is_empty() => (SourceState::Failed, failure),
                Some(_) => describe(
                    &printed
                        .iter()
                        .map(|identity| &**identity)
                        .collect::<Vec<_>>(),
                ),
            }
        }
    };
    SourceReport {
        source: source.name.clone(),
        state,
        detail,
    }
}

fn describe(identities: &[&Identity]) -> (SourceState, String) {
    let words: Vec<String> = identities
        .iter()
        .map(|identity| {
            let recipients: Vec<String> = recipients_of(identity).map(shorten).collect();
            let name = match recipients.as_slice() {
                [] if identity.is_locked() => "a locked identity file".to_owned(),
                [] => "a plugin identity".to_owned(),
                recipients => recipients.join(", "),
            };
            match identity.unusable() {
                Some(reason) => format!("{name} ({reason})"),
                None => name,
            }
        })
        .collect();
    let state = match identities {
        [] => return (SourceState::NotFound, "no identity in it".to_owned()),
        some if some.iter().all(|identity| identity.unusable().is_some()) => SourceState::Failed,
        _ => SourceState::Found,
    };
    (state, words.join(", "))
}

#[cfg(test)]
#[path = "identities_tests.rs"]
mod tests;
