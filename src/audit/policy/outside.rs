//! SEC003: values of Secrets that nothing selects.

use super::super::checks::{PLAIN_FILE, SECRET_OUTSIDE_RULES};
use super::super::finding::{Confidence, Hit};
use super::leaves::DocumentLeaves;
use super::room::{Room, list, shown};
use super::rules::Ruled;
use super::secrets::{self, Field, Secret, State};
use super::text;
use crate::document::tree::NodeId;
use crate::sops::selector::{Selector, Walk};

/// The Secrets of a text that is no clean YAML.
pub(super) fn loose_secrets(text: &str, ruled: Option<&Ruled<'_>>, room: &mut Room<'_>) {
    let nothing = DocumentLeaves::default();
    for secret in text::secrets(text) {
        let selector = ruled.map(|ruled| &ruled.terms.selector);
        if let Some(ruled) = ruled
            && selects(&ruled.terms.selector, Field::Data)
        {
            plain_values(&secret, ruled, room);
            continue;
        }
        outside_rules(&secret, &nothing, ruled, selector, room);
    }
}

/// A covered file that cannot be read has a Secret in plaintext.
fn plain_values(secret: &Secret, ruled: &Ruled<'_>, room: &mut Room<'_>) {
    let is_plain = |value: &&secrets::Value| matches!(value.state, State::Plain(_));
    let plain: Vec<&secrets::Value> = secret.values.iter().filter(is_plain).collect();
    let Some(first) = plain.first() else {
        return;
    };
    let paths: Vec<String> = plain.iter().take(5).map(|v| v.key_path.clone()).collect();
    let message = format!(
        "the rule at {} covers this file, and a Secret in it is plain: {}",
        ruled.name(),
        list(&paths, plain.len())
    );
    let hit = Hit::new(&PLAIN_FILE, first.span.clone(), message).at(first.key_path.clone());
    room.push(hit.confidence(secret.confidence));
}

/// Whether a selector selects what stands directly below a field of a Secret.
fn selects(selector: &Selector, field: Field) -> bool {
    let mut walk = Walk::new(selector);
    walk.enter();
    walk.push_key(field.name());
    walk.selected()
}

/// SEC003: values of a Secret that nothing selects.
pub(super) fn outside_rules(
    secret: &Secret,
    here: &DocumentLeaves,
    ruled: Option<&Ruled<'_>>,
    selector: Option<&Selector>,
    room: &mut Room<'_>,
) {
    let is_selected = |value: &secrets::Value| {
        let index = value.node.map(NodeId::index);
        index.is_some_and(|index| here.selected.get(index).copied().unwrap_or(false))
    };
    let some_selected = secret.values.iter().any(is_selected);
    for value in secret.values.iter().filter(|value| !is_selected(value)) {
        let State::Plain(plain) = &value.state else {
            continue;
        };
        // Somebody may have named the keys of a Secret that need no encryption, by a suffix or
        // by what is encrypted beside them.
        let (confidence, why, fix) = match (selector, ruled) {
            (None, _) => (
                secret.confidence,
                "no creation rule covers the file".to_owned(),
                None,
            ),
            (Some(selector), ruled) => {
                let confidence = if selects(selector, value.field) {
                    Confidence::Possible
                } else if some_selected {
                    Confidence::Likely
                } else {
                    secret.confidence
                };
                let (why, fix) = match ruled {
                    Some(ruled) => (
                        format!("the rule at {} does not select it", ruled.name()),
                        "let the selector of the creation rule select it, run `secrets encrypt -i` on the file, then rotate the value",
                    ),
                    None => (
                        "the file's own selector does not select it".to_owned(),
                        "add a creation rule for the path whose selector selects it, seal the file anew, then rotate the value",
                    ),
                };
                (confidence.min(secret.confidence), why, Some(fix))
            }
        };
        let confidence = match value.is_setting {
            true => Confidence::Possible,
            false => confidence,
        };
        room.push(secret_hit(value, plain, confidence, &why, fix));
    }
}

fn secret_hit(
    value: &secrets::Value,
    plain: &[u8],
    confidence: Confidence,
    why: &str,
    fix: Option<&str>,
) -> Hit {
    let message = format!(
        "`{}` of a Secret is in plaintext, and {why}",
        shown(&value.key_path)
    );
    let hit = Hit::new(&SECRET_OUTSIDE_RULES, value.span.clone(), message);
    let hit = hit
        .at(value.key_path.clone())
        .of(plain)
        .confidence(confidence);
    match fix {
        Some(fix) => hit.fix(fix),
        None => hit,
    }
}
