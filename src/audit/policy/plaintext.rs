//! SEC001, SEC002 and SEC009: what the leaves of a file come to.

use std::ops::Range;

use super::super::checks::{
    BROKEN_METADATA, Check, ENCRYPTED_METADATA, PARTLY_ENCRYPTED, PLAIN_FILE,
};
use super::super::finding::{Confidence, Hit, Severity};
use super::leaves::{DocumentLeaves, Leaves, Plain, What};
use super::manifest::Shape;
use super::room::{MAX_HITS, NAMED_PATHS, Room, list, shown};
use super::rules::{Breadth, Ruled};
use crate::secret::SecretBuffer;

/// Names of files that a repository needs in plaintext, whatever folder they are in.
fn is_housekeeping(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let is_word = matches!(
        stem,
        "README" | "LICENSE" | "LICENCE" | "CHANGELOG" | "OWNERS" | "CODEOWNERS"
    );
    let ends = [
        ".md",
        ".gitkeep",
        ".gitignore",
        ".gitattributes",
        ".keep",
        ".pub",
    ];
    is_word || ends.iter().any(|end| name.ends_with(end))
}

/// What a file is, as far as it matters for [`confidence_of`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Kubernetes manifests, none of them a Secret.
    Manifests,
    /// Values of any kind.
    Values,
    /// Variables of an environment.
    Variables,
}

pub(super) fn confidence_of(name: &str, breadth: Breadth, kind: Kind) -> Confidence {
    if is_housekeeping(name) {
        return Confidence::Possible;
    }
    match (breadth, kind) {
        (Breadth::Secrets, _) => Confidence::Certain,
        (Breadth::Folder, Kind::Manifests) => Confidence::Possible,
        (Breadth::Folder, _) => Confidence::Certain,
        (Breadth::Everything, Kind::Variables) => Confidence::Likely,
        (Breadth::Everything, _) => Confidence::Possible,
    }
}

/// SEC001, or what is left of a sealed file without its metadata.
pub(super) fn plain_file(
    leaves: &Leaves,
    ruled: &Ruled<'_>,
    confidence: Confidence,
    room: &mut Room<'_>,
) {
    let Some(first) = leaves.plain.first() else {
        if leaves.sealed > 0 {
            let message = format!(
                "values are ciphertext, and the `sops` block that opens them is gone; the rule at {} covers the file",
                ruled.name()
            );
            room.push(Hit::new(&BROKEN_METADATA, 0..0, message));
        }
        return;
    };
    let paths: Vec<String> = leaves
        .plain
        .iter()
        .take(NAMED_PATHS)
        .map(|p| p.key_path.clone())
        .collect();
    let message = format!(
        "the rule at {} covers this file, and it is plain: {}",
        ruled.name(),
        list(&paths, leaves.plain_count)
    );
    room.push(whole(
        &PLAIN_FILE,
        first,
        leaves.plain.iter(),
        message,
        confidence,
    ));
}

/// A finding about a whole file, at the first of its plain values.
pub(super) fn whole<'p>(
    check: &'static Check,
    first: &Plain,
    all: impl Iterator<Item = &'p Plain>,
    message: String,
    confidence: Confidence,
) -> Hit {
    // All of them decide over the identity: a value that is added later is another finding.
    let mut values = SecretBuffer::default();
    for plain in all {
        values.push_str(&plain.key_path);
        values.push(&[0]);
        values.push(plain.value.expose());
        values.push(&[0]);
    }
    let hit = Hit::new(check, first.span.clone(), message).of(&values);
    let hit = match first.key_path.is_empty() {
        true => hit,
        false => hit.at(first.key_path.clone()),
    };
    // What may be meant to be plain shall not look like the worst there is.
    let severity = match confidence {
        Confidence::Possible => Severity::Medium,
        _ => hit.severity,
    };
    hit.confidence(confidence).severity(severity)
}

/// SEC002: every plain place of a sealed file. Gives whether there is none that matters.
pub(super) fn partly_encrypted(
    leaves: &Leaves,
    ruled: Option<&Ruled<'_>>,
    room: &mut Room<'_>,
) -> bool {
    let mut is_sealed = true;
    let name = ruled.map(Ruled::name);
    for plain in &leaves.plain {
        is_sealed &= plain.what == What::Comment;
        if room.is_full() {
            break;
        }
        room.push(partly(plain, name.as_deref(), leaves.sealed));
    }
    let rest = leaves.plain_count - leaves.plain.len().min(MAX_HITS);
    if room.is_full() {
        room.count(&PARTLY_ENCRYPTED, rest);
    }
    is_sealed
}

fn partly(plain: &Plain, rule: Option<&str>, sealed: usize) -> Hit {
    let path = shown(&plain.key_path);
    let wanted = match rule {
        Some(rule) if plain.by_rule => format!("the rule at {rule} selects it"),
        _ => "the file's own selector selects it".to_owned(),
    };
    let message = match plain.what {
        What::Damaged => format!(
            "the ciphertext at `{path}` is damaged: it begins as sealed values do, and is not whole"
        ),
        What::Comment => {
            let place = match path.is_empty() {
                true => "at the first level".to_owned(),
                false => format!("below `{path}`"),
            };
            format!("a comment {place} is in plaintext, where SOPS encrypts comments")
        }
        What::Value if sealed == 0 => {
            format!(
                "`{path}` is in plaintext, and {wanted}: the file has a `sops` block, and no value of it is encrypted"
            )
        }
        What::Value => format!("`{path}` is in plaintext, and {wanted}"),
    };
    let hit = Hit::new(&PARTLY_ENCRYPTED, plain.span.clone(), message).of(plain.value.expose());
    let hit = match plain.key_path.is_empty() {
        true => hit,
        false => hit.at(plain.key_path.clone()),
    };
    match plain.what {
        What::Value => hit,
        What::Damaged => hit.fix("restore the value from version control"),
        // Whoever wrote it after sealing mostly left a note; nobody encrypts it later.
        What::Comment => hit
            .confidence(Confidence::Possible)
            .severity(Severity::Medium)
            .fix("if the comment is a secret, open the file, and seal it again; then rotate what it says"),
    }
}

/// SEC009.
pub(super) fn encrypted_metadata(
    shape: &Shape,
    here: &DocumentLeaves,
    ruled: Option<&Ruled<'_>>,
    is_sealed: bool,
    room: &mut Room<'_>,
) {
    let mut push =
        |places: &[(String, Range<usize>)], count: usize, words: &dyn Fn(&str) -> Hit| {
            let Some((path, span)) = places.first() else {
                return;
            };
            let paths: Vec<String> = places.iter().map(|(path, _)| path.clone()).collect();
            let mut hit = words(&list(&paths, count));
            hit.span = span.clone();
            room.push(hit.at(path.clone()));
        };
    push(
        &here.sealed_metadata,
        here.sealed_metadata_count,
        &|paths| Hit::new(&ENCRYPTED_METADATA, 0..0, format!("encrypted: {paths}")),
    );
    let Some(ruled) = ruled.filter(|_| here.sealed_metadata.is_empty() && !shape.is_reference())
    else {
        return;
    };
    push(&here.rule_metadata, here.rule_metadata_count, &|paths| {
        let message = format!("the rule at {} would encrypt {paths}", ruled.name());
        let hit = Hit::new(&ENCRYPTED_METADATA, 0..0, message).severity(Severity::Medium);
        // If the file is sealed with another selector, that has a finding already.
        match ruled.terms.breadth {
            Breadth::Secrets if !is_sealed => hit.confidence(Confidence::Likely),
            _ => hit.confidence(Confidence::Possible),
        }
    });
}
