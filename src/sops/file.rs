//! Whole files: which format, sealed or not, seal, open, top up.

use std::path::Path;

use super::cipher::Cipher;
use super::data_key::DataKey;
use super::documents::{metadata_node, syntax_error};
use super::iv::IvSource;
use super::key_groups;
use super::metadata::Metadata;
use super::open::{Checks, Opened, open};
use super::reseal::Kept;
use super::seal::{Allow, Sealed, Sealing, seal_keeping};
use super::selector::{Selector, SelectorKind};
use super::top_up::{TopUp, ToppedUp, partly_plain, plain_paths, top_up};
use super::walk::Source;
use crate::document::{Format, json, yaml};
use crate::error::{Error, Kind, Result};
use crate::keys::Identities;
use crate::keys::Recipient;

/// The version of SOPS whose format this program writes.
pub const SOPS_VERSION: &str = "3.13.3";

/// The format that SOPS takes a file for by its name (case-sensitive suffix).
///
/// # Errors
/// dotenv, INI and everything that SOPS would encrypt as one opaque value: not read yet.
pub fn format_of(path: &Path) -> Result<Format> {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy())
        .unwrap_or_default();
    if name.ends_with(".yaml") || name.ends_with(".yml") {
        return Ok(Format::Yaml);
    }
    if name.ends_with(".json") {
        return Ok(Format::Json);
    }
    let kind = if name.ends_with(".env") {
        "dotenv files are not supported yet"
    } else if name.ends_with(".ini") {
        "INI files are not supported yet"
    } else {
        "the name does not end in .yaml, .yml or .json"
    };
    Err(Error::new(Kind::Input, kind)
        .because("YAML and JSON are the formats that this version reads and writes")
        .hint("use sops for this file, or name the format with `--filename` when reading from standard input"))
}

/// For whom and how a file is sealed.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Which leaves are encrypted.
    pub selector: &'a Selector,
    /// The MAC covers encrypted values only.
    pub mac_only_encrypted: bool,
    /// The key groups.
    pub groups: &'a [&'a [Recipient]],
    /// How many groups open the file; 0 for all.
    pub shamir_threshold: usize,
    /// The time of sealing, RFC 3339 in seconds.
    pub now: &'a str,
    /// Checks to pass over.
    pub allow: Allow,
}

/// Whether a text is sealed, by the top-level key `sops` of its first document, as SOPS does.
///
/// # Errors
/// The first document cannot be read, or its metadata is not what SOPS writes.
pub fn metadata_of(text: &[u8], format: Format) -> Result<Option<Metadata>> {
    // A text without the word needs no parse.
    if memchr::memmem::find(text, b"sops").is_none() {
        return Ok(None);
    }
    let text = match format {
        Format::Yaml => first_document(text),
        Format::Json => text,
    };
    let syntax = |e| syntax_error(text, &e);
    let document = match format {
        Format::Yaml => yaml::Stream::new(text)
            .map_err(syntax)?
            .next_document()
            .map_err(syntax)?,
        Format::Json => Some(json::parse(text).map_err(syntax)?),
    };
    let source = Source {
        text: std::str::from_utf8(text).unwrap_or(""),
        format,
        lines_before: 0,
    };
    match document
        .as_ref()
        .and_then(|d| metadata_node(d, &source).map(|n| (d, n)))
    {
        Some((document, node)) => Metadata::read(document, node, source.text).map(Some),
        None => Ok(None),
    }
}

/// The start of a YAML text, with all of its first document. A line that starts with `---` always ends a
/// document, except for the first such line, and one that is longer, such as `----`.
fn first_document(text: &[u8]) -> &[u8] {
    let is_marker =
        |at: &usize| matches!(text.get(at + 4), None | Some(b' ' | b'\t' | b'\r' | b'\n'));
    let second = memchr::memmem::find_iter(text, b"\n---")
        .filter(is_marker)
        .nth(1);
    second.map_or(text, |at| text.get(..=at).unwrap_or(text))
}

/// Seals a plain text with a fresh data key.
///
/// # Errors
/// See [`seal`](super::seal::seal) and [`key_groups::wrap`].
pub fn seal_plain(text: &[u8], format: Format, terms: &Terms<'_>) -> Result<Sealed> {
    let data_key = DataKey::generate()?;
    let mut metadata = Metadata {
        last_modified: terms.now.to_owned(),
        version: SOPS_VERSION.to_owned(),
        mac_only_encrypted: terms.mac_only_encrypted,
        ..Metadata::default()
    };
    let value = Some(terms.selector.value().to_owned());
    match terms.selector.kind() {
        SelectorKind::UnencryptedSuffix => metadata.unencrypted_suffix = value,
        SelectorKind::EncryptedSuffix => metadata.encrypted_suffix = value,
        SelectorKind::UnencryptedRegex => metadata.unencrypted_regex = value,
        SelectorKind::EncryptedRegex => metadata.encrypted_regex = value,
        SelectorKind::UnencryptedCommentRegex => metadata.unencrypted_comment_regex = value,
        SelectorKind::EncryptedCommentRegex => metadata.encrypted_comment_regex = value,
    }
    key_groups::wrap(
        &mut metadata,
        &data_key,
        terms.groups,
        terms.shamir_threshold,
    )?;
    let cipher = Cipher::new(&data_key);
    seal_with(text, format, terms, metadata, &cipher, None)
}

/// Seals a plain text with a data key that the metadata has for its recipients.
pub(super) fn seal_with(
    text: &[u8],
    format: Format,
    terms: &Terms<'_>,
    metadata: Metadata,
    cipher: &Cipher,
    kept: Option<&Kept>,
) -> Result<Sealed> {
    let mut ivs = IvSource::from_os()?;
    let sealing = Sealing {
        format,
        selector: terms.selector,
        metadata,
        cipher,
        ivs: &mut ivs,
        allow: terms.allow,
    };
    seal_keeping(text, sealing, kept)
}

/// Opens a sealed text.
///
/// # Errors
/// The text is not sealed, no identity opens it, or it does not verify.
pub fn open_sealed(
    text: &[u8],
    format: Format,
    identities: &Identities,
    checks: Checks,
) -> Result<Opened> {
    let Some(metadata) = metadata_of(text, format)? else {
        return Err(Error::new(Kind::Input, "this file is not sealed")
            .because("it has no top-level key `sops`")
            .hint("`secrets encrypt` seals it"));
    };
    let selector = Selector::from_parts(metadata.selector_parts())?;
    let cipher = Cipher::new(&key_groups::unwrap(&metadata, identities)?);
    open(text, format, &metadata, &selector, &cipher, checks)
}

/// What became of a file that is already sealed.
#[derive(Debug)]
pub enum Update {
    /// All of it is sealed: nothing to do.
    Untouched,
    /// Values were in plaintext; these key paths are sealed now.
    ToppedUp(ToppedUp, Vec<String>),
}

/// Seals what was added in plaintext to a sealed text.
///
/// # Errors
/// Values are in plaintext and no identity opens the file: the error names their key paths.
pub fn update_sealed(
    text: &[u8],
    format: Format,
    metadata: &Metadata,
    identities: impl FnOnce() -> Result<std::sync::Arc<Identities>>,
    now: &str,
) -> Result<Update> {
    let selector = Selector::from_parts(metadata.selector_parts())?;
    let paths = plain_paths(text, format, &selector)?;
    if paths.is_empty() {
        return Ok(Update::Untouched);
    }
    let data_key = key_groups::unwrap(metadata, identities()?.as_ref()).map_err(|e| {
        let mut error = partly_plain(&paths)
            .hint("provide an identity that opens the file, to seal them with its data key");
        for hint in e.hints() {
            error = error.hint(hint.clone());
        }
        error
    })?;
    let cipher = Cipher::new(&data_key);
    let mut ivs = IvSource::from_os()?;
    let request = TopUp {
        format,
        metadata,
        selector: &selector,
        cipher: &cipher,
        ivs: &mut ivs,
        now,
    };
    Ok(Update::ToppedUp(top_up(text, request)?, paths))
}
