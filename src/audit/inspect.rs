//! One text under all families of checks.

use super::finding::Hit;
use super::manifests::Form;
use super::policy::{self, Rules, Verdict};
use super::subject::{Subject, is_binary};
use super::view::View;
use super::{credentials, leftovers, manifests};

/// How a Git LFS pointer begins.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1";

/// What a path alone says about a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traits {
    /// A creation rule covers it.
    pub(super) covered: bool,
    /// It has the name of a credential file.
    pub(super) credential_file: bool,
    /// It has the name of a leftover.
    pub(super) suspicious: bool,
    /// What it says about values.
    pub(super) form: Form,
}

impl Traits {
    pub(super) fn of(path: &str, rules: &Rules) -> Self {
        Traits {
            covered: rules.covers(path),
            credential_file: credentials::is_credential_file(path),
            suspicious: leftovers::is_suspicious(path),
            form: Form::of(path),
        }
    }
}

/// What a text is, as far as looking at it is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    Text,
    Binary,
    LfsPointer,
}

pub(super) fn nature(bytes: &[u8]) -> Nature {
    if bytes.starts_with(LFS_POINTER) {
        return Nature::LfsPointer;
    }
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if !utf16 && is_binary(bytes) {
        return Nature::Binary;
    }
    Nature::Text
}

/// What the content alone says about a text, whatever its path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Interest {
    pub(super) policy: bool,
    pub(super) credentials: bool,
    pub(super) values: bool,
}

impl Interest {
    /// `asks_for_values`: at some path of it, its values count.
    pub(super) fn of(bytes: &[u8], asks_for_values: bool) -> Self {
        Interest {
            policy: policy::may_concern(bytes),
            credentials: credentials::may_hold(bytes),
            values: asks_for_values && manifests::has_values(bytes),
        }
    }
}

/// What was found in a text.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) hits: Vec<Hit>,
    pub(super) verdict: Verdict,
}

/// Looks at a text. `view` is the state that it is part of.
pub(super) fn look(
    subject: &Subject<'_>,
    rules: &Rules,
    view: Option<&dyn View>,
    traits: Traits,
    interest: Interest,
) -> Look {
    let mut look = Look::default();
    if traits.covered || interest.policy {
        look.verdict = policy::check(subject, rules, &mut look.hits);
    }
    if traits.credential_file || interest.credentials {
        credentials::check(subject, &mut look.hits);
    }
    if traits.form.concerns(subject.bytes, interest.values) {
        manifests::check(subject, view, &mut look.hits);
    }
    if traits.suspicious {
        leftovers::check(subject, view, &mut look.hits);
    }
    look
}
