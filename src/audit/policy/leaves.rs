//! The leaves of a document: what is selected, and what of that is in plaintext.

use std::ops::Range;

use super::super::benign;
use super::manifest::Shape;
use super::room::MAX_HITS;
use crate::document::scalar::Scalar;
use crate::document::tree::{Document, NodeId};
use crate::error::{Kind, Result};
use crate::secret::SecretBytes;
use crate::sops::envelope::looks_sealed;
use crate::sops::leaf::{LeafState, leaf_state};
use crate::sops::selector::{Selector, Walk};
use crate::sops::walk::{Place, Source, Visitor, walk};

/// Aliases inside of what aliases stand for, over all documents of a file: a few of them make
/// millions of values.
const MAX_NESTED_ALIASES: usize = 50_000;

/// Something in plaintext that a selector selects.
pub(super) struct Plain {
    pub(super) key_path: String,
    pub(super) span: Range<usize>,
    pub(super) value: SecretBytes,
    pub(super) what: What,
    /// The rule selects it; otherwise only the file's own selector does.
    pub(super) by_rule: bool,
}

/// What is in plaintext.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Value,
    /// Ciphertext that lost a part.
    Damaged,
    Comment,
}

/// What is known of the documents of a file.
#[derive(Default)]
pub(super) struct Leaves {
    pub(super) plain: Vec<Plain>,
    /// How many there are, those that were not noted included.
    pub(super) plain_count: usize,
    /// How many leaves are ciphertext.
    pub(super) sealed: usize,
    /// How many a selector selects, sealed and empty ones included.
    pub(super) selected: usize,
    /// The rule and the file's own selector do not select the same leaves.
    pub(super) differs: bool,
    nested_aliases: usize,
}

/// What is known of one document.
#[derive(Default)]
pub(super) struct DocumentLeaves {
    /// For each node: a selector selects it.
    pub(super) selected: Vec<bool>,
    /// `apiVersion`, `kind` or `metadata` is ciphertext there.
    pub(super) sealed_metadata: Vec<(String, Range<usize>)>,
    pub(super) sealed_metadata_count: usize,
    /// The rule would make ciphertext of these.
    pub(super) rule_metadata: Vec<(String, Range<usize>)>,
    pub(super) rule_metadata_count: usize,
    /// Values that nothing selects, as long as nothing else of the file is selected either.
    pub(super) unselected: Unselected,
}

/// Values in plaintext that nothing selects.
#[derive(Default)]
pub(super) struct Unselected {
    /// The first of them.
    pub(super) values: Vec<Plain>,
    pub(super) count: usize,
}

impl Unselected {
    /// Notes a value, unless it says of itself that it is no secret.
    pub(super) fn note(&mut self, text: &str, plain: impl FnOnce() -> Plain) {
        let text = text.trim();
        let is_harmless = matches!(text, "true" | "false")
            || benign::is_ciphertext(text)
            || benign::is_reference(text)
            || benign::is_placeholder(text);
        if is_harmless {
            return;
        }
        self.count += 1;
        if self.values.len() <= MAX_HITS {
            self.values.push(plain());
        }
    }
}

/// Whose selectors look at a document.
#[derive(Clone, Copy)]
pub(super) struct Selectors<'s> {
    pub(super) rule: Option<&'s Selector>,
    pub(super) own: Option<&'s Selector>,
}

impl Leaves {
    /// Looks at a document.
    ///
    /// # Errors
    /// Aliases that add too much.
    pub(super) fn look(
        &mut self,
        document: &Document,
        source: &Source<'_>,
        shape: &Shape,
        selectors: Selectors<'_>,
    ) -> Result<DocumentLeaves> {
        let mut own = OwnSelection {
            source,
            document,
            selected: Vec::new(),
            comments: Vec::new(),
        };
        if let Some(selector) = selectors.own {
            walk(document, source, &mut Walk::new(selector), &mut own)?;
        }
        let OwnSelection {
            selected: own,
            comments,
            ..
        } = own;
        let default = Selector::default();
        let mut judge = Judge {
            document,
            source,
            shape,
            own: selectors.own.map(|_| own.as_slice()),
            is_covered: selectors.rule.is_some(),
            number: 0,
            leaves: self,
            here: DocumentLeaves {
                selected: vec![false; document.len()],
                ..DocumentLeaves::default()
            },
        };
        let selector = selectors.rule.or(selectors.own).unwrap_or(&default);
        walk(document, source, &mut Walk::new(selector), &mut judge)?;
        let here = judge.here;
        for (span, key_path) in comments {
            let text = source.text.get(span.clone()).unwrap_or("");
            self.note(|| Plain {
                key_path,
                value: SecretBytes::copy_of(text.as_bytes()),
                span,
                what: What::Comment,
                by_rule: false,
            });
        }
        Ok(here)
    }

    pub(super) fn note(&mut self, plain: impl FnOnce() -> Plain) {
        self.plain_count += 1;
        if self.plain.len() <= MAX_HITS {
            self.plain.push(plain());
        }
    }
}

/// What the file's own selector selects.
///
/// SOPS encrypts comments below selected keys when it seals a file. Ones that are added in plaintext
/// later are kept by `sops` with a warning, and passed over by `secrets encrypt`; what people write
/// there is mostly a note, sometimes the old password.
struct OwnSelection<'d> {
    document: &'d Document,
    source: &'d Source<'d>,
    /// For each leaf, in the order of the walk.
    selected: Vec<bool>,
    comments: Vec<(Range<usize>, String)>,
}

impl<'d> Visitor<'d> for OwnSelection<'_> {
    const CHECK_KEYS: bool = false;
    const TOLERANT: bool = true;

    fn leaf(&mut self, _: NodeId, _: Scalar<'d>, place: &Place<'_>) -> Result<()> {
        self.selected.push(place.selected);
        Ok(())
    }

    fn comment(&mut self, number: u32, place: &Place<'_>) -> Result<()> {
        let Some(comment) = self.document.comment(number) else {
            return Ok(());
        };
        let text = self.source.text.get(comment.span.clone()).unwrap_or("");
        let text = text.trim_start_matches('#').trim();
        let is_note = text.is_empty() || is_instruction(text) || looks_sealed(text.as_bytes());
        if place.selected && !comment.lost && place.alias.is_none() && !is_note {
            let path = place.key_path(self.document, self.source);
            self.comments.push((comment.span.clone(), path));
        }
        Ok(())
    }
}

/// The comment speaks to a program, such as `secrets: allow SEC012 reason`.
fn is_instruction(text: &str) -> bool {
    ["secrets:", "yaml-language-server:", "yamllint "]
        .iter()
        .any(|start| text.starts_with(start))
}

struct Judge<'j> {
    document: &'j Document,
    source: &'j Source<'j>,
    shape: &'j Shape,
    own: Option<&'j [bool]>,
    is_covered: bool,
    number: usize,
    leaves: &'j mut Leaves,
    here: DocumentLeaves,
}

impl<'d> Visitor<'d> for Judge<'_> {
    const CHECK_KEYS: bool = false;
    const TOLERANT: bool = true;

    fn leaf(&mut self, node: NodeId, scalar: Scalar<'d>, place: &Place<'_>) -> Result<()> {
        let own = self
            .own
            .and_then(|own| own.get(self.number))
            .is_some_and(|selected| *selected);
        self.number += 1;
        let rule = self.is_covered && place.selected;
        let state = leaf_state(&scalar);
        self.leaves.selected += usize::from(own || rule);
        if state == LeafState::Nothing {
            return Ok(());
        }
        if self.own.is_some() && self.is_covered && own != rule {
            self.leaves.differs = true;
        }
        if let Some(selected) = self.here.selected.get_mut(node.index()) {
            *selected |= own || rule;
        }
        let is_metadata = self
            .shape
            .is_metadata(self.document, self.source, place.segments);
        let span = self.document.span(place.alias.unwrap_or(node));
        let path = || place.key_path(self.document, self.source);
        let here = &mut self.here;
        if state == LeafState::Sealed {
            self.leaves.sealed += 1;
            if is_metadata {
                note_few(
                    &mut here.sealed_metadata,
                    &mut here.sealed_metadata_count,
                    || (path(), span),
                );
            }
            return Ok(());
        }
        let is_judged = self.is_covered || self.own.is_some();
        if !(own || rule) && is_judged && self.leaves.selected + self.leaves.sealed == 0 {
            let is_frame = is_metadata
                || self
                    .shape
                    .is_frame(self.document, self.source, place.segments);
            if !is_frame {
                let text = String::from_utf8_lossy(&scalar.canonical);
                here.unselected.note(&text, || Plain {
                    key_path: path(),
                    span,
                    value: SecretBytes::copy_of(&scalar.canonical),
                    what: What::Value,
                    by_rule: false,
                });
            }
            return Ok(());
        }
        let is_other_ciphertext =
            state == LeafState::Plain && benign::is_ciphertext(scalar.text().unwrap_or(""));
        if !(own || rule) || is_other_ciphertext {
            return Ok(());
        }
        let (document, source) = (self.document, self.source);
        if !own && self.own.is_some() && self.shape.is_frame(document, source, place.segments) {
            return Ok(());
        }
        if is_metadata && rule && !own {
            note_few(
                &mut here.rule_metadata,
                &mut here.rule_metadata_count,
                || (path(), span.clone()),
            );
            if self.own.is_some() {
                return Ok(());
            }
        }
        self.leaves.note(|| Plain {
            key_path: path(),
            span,
            value: SecretBytes::copy_of(&scalar.canonical),
            what: match state {
                LeafState::Damaged => What::Damaged,
                _ => What::Value,
            },
            by_rule: rule,
        });
        Ok(())
    }

    fn alias(&mut self, alias: NodeId, _: NodeId, place: &Place<'_>) -> Result<bool> {
        if place.alias.is_some() {
            self.leaves.nested_aliases += 1;
            if self.leaves.nested_aliases > MAX_NESTED_ALIASES {
                let offset = self.document.span(alias).start;
                let what = format!("more than {MAX_NESTED_ALIASES} aliases stand in aliases");
                return Err(self.source.error(offset, Kind::Input, what));
            }
        }
        Ok(true)
    }
}

/// Notes as many as a message names.
fn note_few<T>(few: &mut Vec<T>, count: &mut usize, one: impl FnOnce() -> T) {
    *count += 1;
    if few.len() < 5 {
        few.push(one());
    }
}
