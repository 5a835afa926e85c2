//! Changing one value of a sealed file: only its ciphertext, the MAC and the time change.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::documents::syntax_error;
use super::file::{Update, metadata_of, open_sealed, update_sealed};
use super::iv::IvSource;
use super::key_groups;
use super::metadata::Metadata;
use super::open::Checks;
use super::seal::{Allow, Sealing, seal};
use super::selector::Selector;
use crate::document::tree::{Document, NodeId, NodeKind};
use crate::document::yaml::spell;
use crate::document::{Format, json, yaml};
use crate::error::{Error, Kind, Result};
use crate::keys::Identities;

/// Changes the text at a path of keys in the first document of a sealed file.
///
/// `change` gets the opened value and gives the new one. The file keeps its data key, so recipients and all
/// other ciphertexts stay as they are; a file whose MAC covers encrypted values only is sealed anew
/// with that key, because a replaced value cannot be told from a lost one there.
///
/// # Errors
/// No identity opens the file, it does not verify, there is no text at the path, or `change` fails.
pub fn change_value(
    text: &[u8],
    format: Format,
    identities: &Arc<Identities>,
    path: &[&str],
    now: &str,
    change: impl FnOnce(&str) -> Result<Zeroizing<String>>,
) -> Result<Vec<u8>> {
    let opened = open_sealed(text, format, identities, Checks::default())?;
    let Some(metadata) = metadata_of(text, format)? else {
        return Err(
            Error::new(Kind::Input, "this file is not sealed").hint("`secrets encrypt` seals it")
        );
    };
    let old = value_at(&opened.bytes, format, path)?;
    let new = change(&old)?;
    if *new == *old {
        return Ok(text.to_vec());
    }
    if !metadata.mac_only_encrypted {
        let filled = with_value(text, format, path, &new)?;
        let update = update_sealed(
            &filled,
            format,
            &metadata,
            || Ok(Arc::clone(identities)),
            now,
        )?;
        if let Update::ToppedUp(file, _) = update
            && reads_as(&file.bytes, format, identities, path, &new)
        {
            return Ok(file.bytes);
        }
    }
    let plain = with_value(&opened.bytes, format, path, &new)?;
    let sealed = seal_again(&plain, format, &metadata, identities, now)?;
    if reads_as(&sealed, format, identities, path, &new) {
        return Ok(sealed);
    }
    Err(
        Error::new(Kind::Input, "the value cannot be changed in place")
            .because("the file would not read as intended afterwards")
            .hint("open the file with `secrets decrypt`, change it and seal it again"),
    )
}

/// The whole text with the data key and the recipients that the file has.
fn seal_again(
    plain: &[u8],
    format: Format,
    metadata: &Metadata,
    identities: &Identities,
    now: &str,
) -> Result<Vec<u8>> {
    let selector = Selector::from_parts(metadata.selector_parts())?;
    let cipher = Cipher::new(&key_groups::unwrap(metadata, identities)?);
    let mut ivs = IvSource::from_os()?;
    let metadata = Metadata {
        last_modified: now.to_owned(),
        version: super::file::SOPS_VERSION.to_owned(),
        layout: None,
        mac: String::new(),
        ..metadata.clone()
    };
    let allow = Allow::default();
    let sealing = Sealing {
        format,
        selector: &selector,
        metadata,
        cipher: &cipher,
        ivs: &mut ivs,
        allow,
    };
    Ok(seal(plain, sealing)?.bytes)
}

fn reads_as(
    sealed: &[u8],
    format: Format,
    identities: &Identities,
    path: &[&str],
    value: &str,
) -> bool {
    open_sealed(sealed, format, identities, Checks::default())
        .and_then(|opened| value_at(&opened.bytes, format, path))
        .is_ok_and(|read| *read == *value)
}

/// The text at a path of keys.
///
/// # Errors
/// The text cannot be read, or there is no scalar at the path.
pub fn value_at(text: &[u8], format: Format, path: &[&str]) -> Result<Zeroizing<String>> {
    let (document, source) = parse(text, format)?;
    let node = find(&document, source, path)?;
    Ok(Zeroizing::new(
        document.scalar_text(node, source).to_owned(),
    ))
}

fn with_value(
    text: &[u8],
    format: Format,
    path: &[&str],
    value: &str,
) -> Result<Zeroizing<Vec<u8>>> {
    let (document, source) = parse(text, format)?;
    let span = document.span(find(&document, source, path)?);
    let (head, old, tail) = (
        source.get(..span.start),
        source.get(span.clone()),
        source.get(span.end..),
    );
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + value.len() * 2 + 16));
    out.extend_from_slice(head.unwrap_or_default().as_bytes());
    if format == Format::Yaml && spell::plain_possible(value, false) && is_base64(value) {
        out.extend_from_slice(value.as_bytes());
    } else if format == Format::Json {
        json_string(value, &mut out);
    } else {
        spell::double_quoted(value, &mut out);
    }
    // A block scalar ends with the line break, which stays.
    let old = old.unwrap_or_default();
    out.extend_from_slice(
        old.get(old.trim_end_matches(['\r', '\n']).len()..)
            .unwrap_or_default()
            .as_bytes(),
    );
    out.extend_from_slice(tail.unwrap_or_default().as_bytes());
    Ok(out)
}

fn json_string(value: &str, out: &mut Vec<u8>) {
    // Texts can always be written as JSON.
    let quoted = Zeroizing::new(serde_json::to_vec(value).unwrap_or_default());
    out.extend_from_slice(&quoted);
}

/// Long enough, and of letters, to be read as nothing but a string.
fn is_base64(value: &str) -> bool {
    value.len() >= 8
        && value.starts_with(|c: char| c.is_ascii_alphabetic())
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}

fn parse(text: &[u8], format: Format) -> Result<(Document, &str)> {
    let syntax = |e| syntax_error(text, &e);
    let document = match format {
        Format::Yaml => yaml::Stream::new(text)
            .map_err(syntax)?
            .next_document()
            .map_err(syntax)?
            .unwrap_or_default(),
        Format::Json => json::parse(text).map_err(syntax)?,
    };
    Ok((document, std::str::from_utf8(text).unwrap_or("")))
}

fn find(document: &Document, source: &str, path: &[&str]) -> Result<NodeId> {
    let start = document.root();
    let node = path
        .iter()
        .fold(start, |node, key| document.get(node?, key, source));
    let plain = |node: &NodeId| {
        matches!(document.kind(*node), NodeKind::Scalar(_)) && document.properties(*node).is_none()
    };
    node.filter(plain).ok_or_else(|| {
        Error::new(
            Kind::Input,
            format!("there is no text at `{}`", path.join(".")),
        )
        .because("the key is missing, or its value has an anchor, a tag or is no text")
        .hint("check that this is the file you mean")
    })
}
