//! SEC001 and SEC002 of files in which nothing is selected: sealing them encrypts nothing.

use super::super::checks::{Check, PARTLY_ENCRYPTED, PLAIN_FILE};
use super::super::finding::Confidence;
use super::drift::setting;
use super::leaves::Unselected;
use super::manifest::Shape;
use super::plaintext::{Kind, confidence_of, whole};
use super::room::{NAMED_PATHS, Room, list};
use super::rules::{Breadth, Ruled};
use crate::sops::selector::{Selector, SelectorKind};

/// A file in which nothing is selected.
pub(super) struct File<'f> {
    pub(super) name: &'f str,
    pub(super) ruled: Option<&'f Ruled<'f>>,
    /// The selector of its `sops` block.
    pub(super) own: Option<&'f Selector>,
    pub(super) has_block: bool,
}

/// Looks at the documents of a file with what stands in them. Gives whether there is a finding.
pub(super) fn check<'f>(
    file: &File<'_>,
    documents: impl IntoIterator<Item = (Option<&'f Shape>, &'f Unselected)>,
    room: &mut Room<'_>,
) -> bool {
    let selector = file.ruled.map(|ruled| &ruled.terms.selector).or(file.own);
    let Some(selector) = selector.filter(|selector| !is_marked_by_hand(selector)) else {
        return false;
    };
    let mut sure = None;
    let mut found: Vec<&Unselected> = Vec::new();
    for (shape, here) in documents.into_iter().filter(|(_, here)| here.count > 0) {
        if let Some(confidence) = file.confidence(shape) {
            sure = sure.max(Some(confidence));
            found.push(here);
        }
    }
    let values = || found.iter().flat_map(|here| &here.values);
    let (Some(confidence), Some(first)) = (sure, values().next()) else {
        return false;
    };
    let paths: Vec<String> = values()
        .take(NAMED_PATHS)
        .map(|plain| plain.key_path.clone())
        .collect();
    let count = found.iter().map(|here| here.count).sum();
    let (check, message, fix) = file.words(selector, &list(&paths, count));
    room.push(whole(check, first, values(), message, confidence).fix(fix));
    true
}

/// Each value of the file was exempted where it stands, by its name or the comment above it.
fn is_marked_by_hand(selector: &Selector) -> bool {
    matches!(
        selector.kind(),
        SelectorKind::UnencryptedSuffix | SelectorKind::UnencryptedCommentRegex
    )
}

impl File<'_> {
    /// How sure it is that a document was meant to be encrypted; `None` if it surely was not.
    ///
    /// A manifest has its secrets where rules for manifests look, so that most of those that a rule
    /// over a folder covers have nothing to select. A `sops` block was put there to protect something.
    fn confidence(&self, shape: Option<&Shape>) -> Option<Confidence> {
        let is_typed = shape.is_some_and(|shape| shape.is_typed);
        let is_kustomization = self.name.to_ascii_lowercase().starts_with("kustomiz")
            || shape.is_some_and(Shape::is_kustomization);
        if shape.is_some_and(Shape::is_reference) || is_kustomization && !self.has_block {
            return None;
        }
        let Some(ruled) = self.ruled.filter(|_| !self.has_block) else {
            return Some(match is_kustomization {
                true => Confidence::Possible,
                false => Confidence::Certain,
            });
        };
        // What of a Secret nothing selects is SEC003.
        if shape.is_some_and(Shape::is_secret) {
            return None;
        }
        match (ruled.terms.breadth, is_typed) {
            (Breadth::Everything, _) | (Breadth::Folder, true) => None,
            (Breadth::Folder, false) => Some(Confidence::Possible),
            (Breadth::Secrets, true) if !ruled.is_for_one_file() && !is_named_sealed(self.name) => {
                Some(Confidence::Possible)
            }
            (Breadth::Secrets, _) => Some(confidence_of(self.name, Breadth::Secrets, Kind::Values)),
        }
    }

    fn words(&self, selector: &Selector, paths: &str) -> (&'static Check, String, String) {
        let setting = setting(selector);
        let whose = match self.ruled {
            Some(ruled) => format!("{setting} of the rule at {}", ruled.name()),
            None => format!("its own {setting}"),
        };
        if self.has_block {
            let message = format!(
                "the file has a `sops` block, and no value of it is encrypted, because {whose} selects nothing in it: {paths}"
            );
            let fix = "take the `sops` block out, mend the selector of the creation rule, and run `secrets encrypt -i`; then rotate what was readable";
            return (&PARTLY_ENCRYPTED, message, fix.to_owned());
        }
        let message = format!(
            "this file is covered and plain, and {whose} selects nothing in it, so that sealing would encrypt nothing: {paths}"
        );
        let fix = "mend the selector of the creation rule and run `secrets encrypt -i`, then rotate what was readable; or let no rule cover the file";
        (&PLAIN_FILE, message, fix.to_owned())
    }
}

/// The name says that the file is sealed: `app.enc.yaml`.
fn is_named_sealed(name: &str) -> bool {
    name.split('.').any(|part| {
        ["enc", "encrypted", "sops", "sealed", "secret", "secrets"]
            .iter()
            .any(|word| part.eq_ignore_ascii_case(word))
    })
}
