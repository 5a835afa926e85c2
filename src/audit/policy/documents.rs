//! YAML and JSON files: sealed or not, and what of them is in plaintext.

use std::ops::Range;

use super::super::checks::{
    BROKEN_METADATA, Check, ENCRYPTED_METADATA, PARTLY_ENCRYPTED, PLAIN_FILE, SECRET_OUTSIDE_RULES,
};
use super::super::finding::{Confidence, Hit, Severity};
use super::super::subject::{Parsed, Subject};
use super::Verdict;
use super::drift::Drift;
use super::leaves::{DocumentLeaves, Leaves, Plain, Selectors, What};
use super::manifest::Shape;
use super::room::{Room, list, shown};
use super::rules::{Breadth, Cover, Ruled, Rules};
use super::secrets::{self, Field, Secret, State};
use super::text;
use crate::document::tree::{Document, NodeId, NodeKind};
use crate::sops::metadata::{METADATA_KEY, Metadata};
use crate::sops::selector::{Selector, Walk};
use crate::sops::walk::key_text;

/// The `sops` block of a document.
enum Block {
    None,
    Read(Box<OwnBlock>),
    /// It is there, and SOPS cannot read it: why, and where.
    Broken(String, Range<usize>),
}

struct OwnBlock {
    metadata: Metadata,
    selector: Selector,
    key: NodeId,
    value: NodeId,
}

/// How a file of documents came about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    /// A tree of values.
    Tree,
    /// SOPS took the file for binary: one value, for which no selector counts.
    Binary,
}

/// Looks at the documents of a file.
pub(super) fn check(
    subject: &Subject<'_>,
    parsed: &Parsed<'_>,
    store: Store,
    rules: &Rules,
    cover: &Cover<'_>,
    room: &mut Room<'_>,
) -> Verdict {
    let ruled = match cover {
        Cover::Rule(ruled) => Some(ruled),
        _ => None,
    };
    let mut verdict = Verdict {
        rule: ruled.map(Ruled::name),
        ..Verdict::default()
    };
    let documents = &parsed.documents;
    let is_ciphertext_there = memchr::memmem::find(subject.bytes, b"ENC[AES256_GCM,").is_some();
    let blocks: Vec<Block> = documents
        .iter()
        .map(|document| block_of(parsed, document, is_ciphertext_there))
        .collect();
    let first = blocks.iter().find_map(|block| match block {
        Block::Read(own) => Some(own),
        _ => None,
    });
    let has_block = blocks.iter().any(|block| !matches!(block, Block::None));
    for block in &blocks {
        if let Block::Broken(why, span) = block {
            let message = format!("the `sops` block cannot be read: {why}");
            room.push(Hit::new(&BROKEN_METADATA, span.clone(), message).at("sops"));
        }
    }
    let mut leaves = Leaves::default();
    let mut looked = Vec::new();
    for (document, block) in documents.iter().zip(&blocks) {
        let shape = Shape::of(parsed, document);
        let own = match block {
            Block::Read(own) => Some(&own.selector),
            Block::Broken(..) => None,
            Block::None => first.map(|own| &own.selector),
        };
        let rule = match ruled {
            Some(ruled) if store == Store::Binary => own.or(Some(&ruled.terms.selector)),
            Some(ruled) => Some(&ruled.terms.selector),
            None => None,
        };
        let selectors = match shape.is_reference() && own.is_none() {
            true => Selectors { rule: None, own },
            false => Selectors { rule, own },
        };
        match leaves.look(document, &parsed.source, &shape, selectors) {
            Ok(here) => looked.push((shape, here, own)),
            Err(error) => {
                let place = error.place().map_or(0, |place| place.line);
                verdict.unchecked = Some(format!("line {place}: {}", error.message()));
                break;
            }
        }
    }
    for (shape, here, own) in &looked {
        encrypted_metadata(shape, here, ruled, own.is_some(), room);
    }
    let found: Vec<Vec<Secret>> =
        match secrets::names_secret(subject.bytes) && parsed.error.is_none() {
            true => documents
                .iter()
                .map(|d| secrets::in_document(parsed, d))
                .collect(),
            false => Vec::new(),
        };
    let is_secret = found.iter().flatten().next().is_some();
    if has_block {
        verdict.sealed = partly_encrypted(&leaves, ruled, room)
            && !blocks
                .iter()
                .any(|block| matches!(block, Block::Broken(..)));
    } else if let Some(ruled) = ruled {
        let confidence = confidence(subject, ruled, &looked, is_secret);
        plain_file(&leaves, ruled, confidence, room);
    }
    for (secrets, (_, here, own)) in found.iter().zip(&looked) {
        let selector = ruled.map(|ruled| &ruled.terms.selector).or(*own);
        for secret in secrets {
            outside_rules(secret, here, ruled, selector, room);
        }
    }
    let mut seen: Vec<&Metadata> = Vec::new();
    for (document, block) in documents.iter().zip(&blocks) {
        // SOPS writes the same block into every document.
        let Block::Read(own) = block else { continue };
        if seen.contains(&&own.metadata) {
            continue;
        }
        seen.push(&own.metadata);
        let recipients = own.metadata.groups().flat_map(|group| group.age);
        for entry in recipients {
            if !verdict.recipients.contains(&entry.recipient) {
                verdict.recipients.push(entry.recipient.clone());
            }
        }
        if let Some(ruled) = ruled {
            let drift = Drift {
                metadata: &own.metadata,
                selector: (store == Store::Tree).then_some(&own.selector),
                same_leaves: !leaves.differs,
                block: document.span(own.key),
            };
            let place_of = |text: &str| find_scalar(parsed, document, own.value, text);
            drift.check(ruled, rules, place_of, room);
        }
    }
    unreadable(subject, parsed, ruled, &mut verdict, room);
    verdict
}

/// A file that stops being YAML or JSON somewhere.
fn unreadable(
    subject: &Subject<'_>,
    parsed: &Parsed<'_>,
    ruled: Option<&Ruled<'_>>,
    verdict: &mut Verdict,
    room: &mut Room<'_>,
) {
    let Some((offset, what)) = &parsed.error else {
        return;
    };
    if ruled.is_some() || super::may_be_sealed(subject.bytes) {
        let before = subject.bytes.get(..*offset).unwrap_or(subject.bytes);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let words = format!("line {line}: it cannot be read as YAML or JSON: {what}");
        verdict.unchecked.get_or_insert(words);
        verdict.sealed = false;
    }
    loose_secrets(parsed.source.text, ruled, room);
}

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

fn block_of(parsed: &Parsed<'_>, document: &Document, is_ciphertext_there: bool) -> Block {
    let source = &parsed.source;
    let Some(root) = document.root() else {
        return Block::None;
    };
    if !matches!(document.kind(root), NodeKind::Mapping { .. }) {
        return Block::None;
    }
    let mut entries = document.entries(root);
    let entry = entries.find(|(key, _)| key_text(document, source, *key) == METADATA_KEY);
    let Some((key, value)) = entry else {
        return Block::None;
    };
    // `sops` may be a key of somebody else's.
    let is_ours = is_ciphertext_there
        || ["mac", "lastmodified", "age", "pgp", "kms"]
            .iter()
            .any(|name| parsed.get(document, value, name).is_some());
    if !is_ours {
        return Block::None;
    }
    let read = Metadata::read(document, value, source.text).and_then(|metadata| {
        let selector = Selector::from_parts(metadata.selector_parts())?;
        Ok((metadata, selector))
    });
    match read {
        Ok((metadata, selector)) => Block::Read(Box::new(OwnBlock {
            metadata,
            selector,
            key,
            value,
        })),
        Err(error) => {
            let mut why = error.message().to_owned();
            if let Some(place) = error.place() {
                why = format!("{why} (line {})", place.line);
            }
            Block::Broken(why, document.span(key))
        }
    }
}

/// The place of a text below a node of the metadata.
fn find_scalar(
    parsed: &Parsed<'_>,
    document: &Document,
    node: NodeId,
    text: &str,
) -> Option<Range<usize>> {
    match document.kind(node) {
        NodeKind::Scalar(_) => {
            let is_it = parsed.scalar(document, node)?.trim().starts_with(text);
            is_it.then(|| document.span(node))
        }
        NodeKind::Mapping { .. } | NodeKind::Sequence { .. } => document
            .children(node)
            .find_map(|child| find_scalar(parsed, document, child, text)),
        NodeKind::Alias => None,
    }
}

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

/// How sure it is that a covered file was meant to be encrypted.
///
/// A rule says how to encrypt, and by its path also what. Where the path names secrets, or one file,
/// or the file is a Secret, there is no doubt. A rule over a folder of manifests covers a ConfigMap
/// there as well, and a rule over everything says nothing about a single file.
fn confidence(
    subject: &Subject<'_>,
    ruled: &Ruled<'_>,
    looked: &[(Shape, DocumentLeaves, Option<&Selector>)],
    is_secret: bool,
) -> Confidence {
    let only_manifests = !looked.is_empty() && looked.iter().all(|(shape, ..)| shape.is_typed);
    if is_secret {
        return Confidence::Certain;
    }
    let by_kind = match only_manifests {
        true => Kind::Manifests,
        false => Kind::Values,
    };
    confidence_of(subject.name(), ruled.terms.breadth, by_kind)
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
        .take(5)
        .map(|p| p.key_path.clone())
        .collect();
    let message = format!(
        "the rule at {} covers this file, and it is plain: {}",
        ruled.name(),
        list(&paths, leaves.plain_count)
    );
    let hit = Hit::new(&PLAIN_FILE, first.span.clone(), message);
    let hit = match first.key_path.is_empty() {
        true => hit,
        false => hit.at(first.key_path.clone()),
    };
    // What may be meant to be plain shall not look like the worst there is.
    let severity = match confidence {
        Confidence::Possible => Severity::Medium,
        _ => hit.severity,
    };
    room.push(hit.confidence(confidence).severity(severity));
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
    let rest = leaves.plain_count - leaves.plain.len().min(super::room::MAX_HITS);
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
fn encrypted_metadata(
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

/// Whether a selector selects what stands directly below a field of a Secret.
fn selects(selector: &Selector, field: Field) -> bool {
    let mut walk = Walk::new(selector);
    walk.enter();
    walk.push_key(field.name());
    walk.selected()
}

/// SEC003: values of a Secret that nothing selects.
fn outside_rules(
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
        let (confidence, why) = match (selector, ruled) {
            (None, _) => (
                secret.confidence,
                "no creation rule covers the file".to_owned(),
            ),
            (Some(selector), ruled) => {
                let confidence = if selects(selector, value.field) {
                    Confidence::Possible
                } else if some_selected {
                    Confidence::Likely
                } else {
                    secret.confidence
                };
                let why = match ruled {
                    Some(ruled) => format!("the rule at {} does not select it", ruled.name()),
                    None => "the file's own selector does not select it".to_owned(),
                };
                (confidence.min(secret.confidence), why)
            }
        };
        let confidence = match value.is_setting {
            true => Confidence::Possible,
            false => confidence,
        };
        room.push(secret_hit(value, plain, confidence, &why));
    }
}

fn secret_hit(value: &secrets::Value, plain: &[u8], confidence: Confidence, why: &str) -> Hit {
    let check: &'static Check = &SECRET_OUTSIDE_RULES;
    let message = format!(
        "`{}` of a Secret is in plaintext, and {why}",
        shown(&value.key_path)
    );
    let hit = Hit::new(check, value.span.clone(), message);
    hit.at(value.key_path.clone())
        .of(plain)
        .confidence(confidence)
}
