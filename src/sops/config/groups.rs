//! The keys of a rule: flat ones, and key groups.

use super::source::{Field, Fields, Source, Text};
use super::suggest::{self, Known};
use super::{ForeignKey, ForeignKind, KeyGroup};
use crate::document::tree::NodeId;
use crate::error::{Error, Kind};
use crate::keys::Recipient;

/// The flat keys besides `age`, in SOPS' order.
const FLAT: [(&str, ForeignKind); 6] = [
    ("pgp", ForeignKind::Pgp),
    ("kms", ForeignKind::Kms),
    ("gcp_kms", ForeignKind::GcpKms),
    ("hckms", ForeignKind::HcKms),
    ("azure_keyvault", ForeignKind::AzureKeyVault),
    ("hc_vault_transit_uri", ForeignKind::HcVault),
];

/// The groups of a rule: those of `key_groups`, or one of the flat keys.
pub(super) fn of_rule(source: &mut Source<'_>, rule: NodeId, fields: &Fields) -> Vec<KeyGroup> {
    let listed = match fields.get("key_groups") {
        Some(field) => source.items(field).unwrap_or_default(),
        None => Vec::new(),
    };
    if listed.is_empty() {
        return vec![flat(source, rule, fields)];
    }
    for name in ["age"].into_iter().chain(FLAT.map(|(name, _)| name)) {
        if let Some(field) = fields.get(name) {
            let warning = Error::new(Kind::Config, format!("`{name}` has no effect"))
                .because("the rule has `key_groups`, and `sops` then takes keys from there only")
                .hint(format!("move `{name}` into a key group, or remove it"));
            source.warn(field.key, warning);
        }
    }
    let several = listed.len() > 1;
    let groups: Vec<_> = listed
        .into_iter()
        .filter_map(|node| group(source, node).map(|group| (node, group)))
        .collect();
    if several {
        for (node, _) in groups.iter().filter(|(_, group)| group.is_empty()) {
            let warning = Error::new(Kind::Config, "a key group is empty")
                .because("no file can be encrypted with it")
                .hint("fill it in or remove it");
            source.warn(*node, warning);
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// One group of a rule's flat keys. Repeated keys stay, as in SOPS.
fn flat(source: &mut Source<'_>, rule: NodeId, fields: &Fields) -> KeyGroup {
    let mut group = KeyGroup {
        place: Some(source.place(rule)),
        age: Vec::new(),
        others: Vec::new(),
    };
    if let Some(field) = fields.get("age") {
        let tolerant = source.is_scalar(field.value);
        for text in texts(source, field, Form::TextOrList) {
            recipients(source, &text, tolerant, &mut group.age);
        }
        let repeated = group
            .age
            .iter()
            .enumerate()
            .find(|(at, key)| group.age.iter().take(*at).any(|k| k.text() == key.text()));
        if let Some((_, recipient)) = repeated {
            let warning = Error::new(
                Kind::Config,
                format!("{} is listed twice", brief(recipient)),
            )
            .because("`sops` writes a stanza for each")
            .hint("remove one");
            source.warn(field.key, warning);
        }
    }
    let profile = source.filled_value(fields, "aws_profile");
    for (name, kind) in FLAT {
        let Some(field) = fields.get(name) else {
            continue;
        };
        let form = match kind {
            ForeignKind::HcKms => Form::List,
            _ => Form::TextOrList,
        };
        for text in texts(source, field, form) {
            for (offset, piece) in pieces(&text.value) {
                if !piece.is_empty() {
                    let place = source.place_in(&text, offset, piece);
                    let mut fields = single(kind, piece);
                    if kind == ForeignKind::Kms {
                        fields.extend(profile.iter().map(|p| ("aws_profile".into(), p.clone())));
                    }
                    group.others.push(ForeignKey {
                        kind,
                        fields,
                        place,
                    });
                }
            }
        }
    }
    group
}

/// The settings of a key that is given as one text.
fn single(kind: ForeignKind, text: &str) -> Vec<(String, String)> {
    match kind {
        ForeignKind::Kms => arn(text),
        ForeignKind::Pgp => vec![("pgp".into(), text.replace(' ', ""))],
        _ => vec![(kind.name().into(), text.to_owned())],
    }
}

/// An ARN, with the role to assume behind a `+`.
fn arn(text: &str) -> Vec<(String, String)> {
    let text = text.replace(' ', "");
    match text.find("+arn:") {
        Some(at) if at > 0 => {
            let (arn, role) = text.split_at(at);
            let role = role.trim_start_matches('+');
            vec![("arn".into(), arn.into()), ("role".into(), role.into())]
        }
        _ => vec![("arn".into(), text)],
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// A comma string or a list.
    TextOrList,
    /// A list only.
    List,
}

/// The texts of a list of keys; those of a comma string with its empty entries left out.
fn texts(source: &mut Source<'_>, field: &Field, form: Form) -> Vec<Text> {
    if form == Form::TextOrList && source.is_scalar(field.value) {
        return source.text(field).into_iter().collect();
    }
    let mut texts = Vec::new();
    let items = match form {
        Form::TextOrList => source.items_with_nulls(field),
        Form::List => source.items(field),
    };
    for item in items.unwrap_or_default() {
        if source.is_null(item) {
            let error = Error::new(
                Kind::Config,
                format!("an entry of `{}` is empty", field.name),
            )
            .hint("remove it or fill it in");
            source.error(item, error);
            continue;
        }
        texts.extend(source.text_at(item, &field.name));
    }
    texts
}

/// The parts of a comma string without the white space around them, and where they start.
fn pieces(text: &str) -> Vec<(usize, &str)> {
    let mut offset = 0;
    let mut pieces = Vec::new();
    for piece in text.split(',') {
        let lead = piece.len() - piece.trim_start().len();
        pieces.push((offset + lead, piece.trim()));
        offset += piece.len() + 1;
    }
    pieces
}

/// Parses the age recipients in a text. Like SOPS, takes empty entries as `tolerant` only in a comma
/// string that is the whole setting.
fn recipients(source: &mut Source<'_>, text: &Text, tolerant: bool, into: &mut Vec<Recipient>) {
    for (offset, piece) in pieces(&text.value) {
        if tolerant && piece.is_empty() {
            continue;
        }
        match source.recipient(piece) {
            Ok(recipient) => into.push(recipient),
            Err(error) => {
                let place = source.place_in(text, offset, piece);
                source.errors.push(error.at(place));
            }
        }
    }
}

/// A key group: first what it merges, then its own keys, each key once.
fn group(source: &mut Source<'_>, node: NodeId) -> Option<KeyGroup> {
    let fields = source.fields(node, &suggest::KEY_GROUP)?;
    let mut group = KeyGroup {
        place: Some(source.place(node)),
        age: Vec::new(),
        others: Vec::new(),
    };
    if let Some(field) = fields.get("merge") {
        for item in source.items(field).unwrap_or_default() {
            let merged = source.nested(item, |deeper| self::group(deeper, item));
            if let Some(merged) = merged.flatten() {
                group.age.extend(merged.age);
                group.others.extend(merged.others);
            }
        }
    }
    if let Some(field) = fields.get("age") {
        for text in texts_of_group(source, field) {
            recipients(source, &text, text.value.is_empty(), &mut group.age);
        }
    }
    for (name, kind) in [
        ("pgp", ForeignKind::Pgp),
        ("hc_vault", ForeignKind::HcVault),
    ] {
        if let Some(field) = fields.get(name) {
            for text in texts_of_group(source, field) {
                if !text.value.is_empty() {
                    group.others.push(ForeignKey {
                        kind,
                        fields: single(kind, &text.value),
                        place: source.place(text.node),
                    });
                }
            }
        }
    }
    for (kind, known) in [
        (ForeignKind::Kms, &suggest::KMS),
        (ForeignKind::GcpKms, &suggest::GCP_KMS),
        (ForeignKind::HcKms, &suggest::HCKMS),
        (ForeignKind::AzureKeyVault, &suggest::AZURE),
    ] {
        if let Some(field) = fields.get(kind.name()) {
            for item in source.items(field).unwrap_or_default() {
                group.others.extend(structured(source, item, kind, known));
            }
        }
    }
    let mut age: Vec<Recipient> = Vec::new();
    for recipient in group.age {
        if !age.iter().any(|known| known.text() == recipient.text()) {
            age.push(recipient);
        }
    }
    let mut others: Vec<ForeignKey> = Vec::new();
    for key in group.others {
        if !others.contains(&key) {
            others.push(key);
        }
    }
    Some(KeyGroup {
        age,
        others,
        ..group
    })
}

/// The texts of a list in a key group, where SOPS takes null for the empty text.
fn texts_of_group(source: &mut Source<'_>, field: &Field) -> Vec<Text> {
    let items = source.items(field).unwrap_or_default();
    items
        .into_iter()
        .filter_map(|item| source.text_at(item, &field.name))
        .collect()
}

/// A key that is a mapping.
fn structured(
    source: &mut Source<'_>,
    node: NodeId,
    kind: ForeignKind,
    known: &Known,
) -> Option<ForeignKey> {
    let place = source.place(node);
    let given = source.fields(node, known)?;
    let mut fields = Vec::new();
    for name in known.keys {
        if *name == "context" {
            let Some(field) = given.get(name) else {
                continue;
            };
            let context = source.entries(field.value, "context").unwrap_or_default();
            let mut pairs: Vec<_> = context
                .iter()
                .map(|entry| {
                    let value = source.text(entry).map(|text| text.value);
                    (format!("context.{}", entry.name), value.unwrap_or_default())
                })
                .collect();
            pairs.sort();
            fields.extend(pairs);
        } else if let Some(value) = source.filled_value(&given, name) {
            fields.push(((*name).to_owned(), value));
        }
    }
    Some(ForeignKey {
        kind,
        fields,
        place,
    })
}

/// A recipient for a message.
fn brief(recipient: &Recipient) -> String {
    let text = recipient.text();
    if text.chars().count() <= 80 {
        return format!("`{text}`");
    }
    format!("`{}...`", text.chars().take(24).collect::<String>())
}
