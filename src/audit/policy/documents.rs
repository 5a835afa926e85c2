//! YAML and JSON files: sealed or not, and what of them is in plaintext.

use std::ops::Range;

use super::super::checks::BROKEN_METADATA;
use super::super::finding::{Confidence, Hit};
use super::super::subject::{Parsed, Subject};
use super::Verdict;
use super::drift::Drift;
use super::leaves::{DocumentLeaves, Leaves, Selectors};
use super::manifest::Shape;
use super::outside::{loose_secrets, outside_rules};
use super::plaintext::{Kind, confidence_of, encrypted_metadata, partly_encrypted, plain_file};
use super::room::Room;
use super::rules::{Cover, Ruled, Rules};
use super::secrets::{self, Secret};
use super::unselected::{self, File};
use crate::document::tree::{Document, NodeId, NodeKind};
use crate::sops::metadata::{METADATA_KEY, Metadata};
use crate::sops::selector::Selector;
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
    for (document, block) in documents.iter().zip(&blocks) {
        if let Block::Broken(why, span) = block {
            let message = format!("the `sops` block cannot be read: {why}");
            room.push(Hit::new(&BROKEN_METADATA, span.clone(), message).at("sops"));
        }
        if let Block::Read(own) = block
            && own.metadata.mac.is_empty()
        {
            let message = "the `sops` block has no MAC, without which nothing opens the file";
            let span = document.span(own.key);
            room.push(Hit::new(&BROKEN_METADATA, span, message).at("sops"));
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
    verdict.has_metadata = has_block;
    if has_block {
        verdict.sealed = partly_encrypted(&leaves, ruled, room)
            && !blocks
                .iter()
                .any(|block| matches!(block, Block::Broken(..)));
    } else if let Some(ruled) = ruled {
        let confidence = confidence(subject, ruled, &looked, is_secret);
        plain_file(&leaves, ruled, confidence, room);
    }
    if leaves.selected + leaves.sealed == 0 && parsed.error.is_none() {
        let file = File {
            name: subject.name(),
            ruled,
            own: first.map(|own| &own.selector),
            has_block,
        };
        let documents = looked
            .iter()
            .map(|(shape, here, _)| (Some(shape), &here.unselected));
        verdict.sealed &= !unselected::check(&file, documents, room);
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
    if let Some((second, _)) =
        entries.find(|(key, _)| key_text(document, source, *key) == METADATA_KEY)
    {
        let why = "the key `sops` stands twice, which sops refuses".to_owned();
        return Block::Broken(why, document.span(second));
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
