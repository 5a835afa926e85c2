//! Identities: the private keys that data keys are unwrapped with.

use std::fmt;

use age_core::format::{FileKey, Stanza};

use super::age_file::AgeFile;
use super::locked::{Callbacks, LockedFile, LockedSsh};
use super::{bech, hybrid, recipient, ssh, x25519};
use crate::error::{Error, Kind, Result};
use crate::secret::SecretBytes;

/// A private key, or a file of them that a passphrase opens.
pub struct Identity(Key);

enum Key {
    X25519 {
        key: age::x25519::Identity,
        recipient: String,
    },
    Hybrid {
        key: hybrid::Identity,
        recipient: String,
    },
    Ssh {
        key: Box<age::ssh::Identity>,
        recipient: String,
    },
    LockedSsh(LockedSsh),
    LockedFile(LockedFile),
    Plugin {
        name: String,
    },
}

impl Identity {
    /// Parses `AGE-SECRET-KEY-1...`, `AGE-SECRET-KEY-PQ-1...` or `AGE-PLUGIN-...`. A plugin identity
    /// is recognised but opens nothing, see [`Identity::unusable`].
    ///
    /// # Errors
    /// Of kind [`Kind::Key`]; never quotes the text.
    pub fn parse(text: &str) -> Result<Self> {
        parse_identity(text).map_err(|reason| unusable(reason, "an identity"))
    }

    /// Parses an SSH private key: OpenSSH form or, without passphrase, the old RSA PEM form. One
    /// with a passphrase asks for it when there is a file that it opens; `name` is what the user
    /// knows it by.
    ///
    /// # Errors
    /// Of kind [`Kind::Key`]; never quotes the file.
    pub fn parse_ssh(file: &[u8], name: &str) -> Result<Self> {
        parse_ssh(file, name).map_err(|reason| unusable(reason, name))
    }

    /// Parses an identity file: one identity per line, `#` comment lines, or all of that encrypted
    /// with a passphrase, which is asked for when first needed.
    ///
    /// # Errors
    /// Of kind [`Kind::Key`]; never quotes the file.
    pub fn parse_file(file: &[u8], name: &str) -> Result<Vec<Self>> {
        parse_source(file, name, false).map_err(|reason| unusable(reason, name))
    }

    /// The public key: `age1...`, `age1pq1...`, or `ssh-... BASE64` without a comment. `None` for an
    /// identity file that is still locked and for plugins.
    pub fn recipient(&self) -> Option<&str> {
        match &self.0 {
            Key::X25519 { recipient, .. }
            | Key::Hybrid { recipient, .. }
            | Key::Ssh { recipient, .. } => Some(recipient),
            Key::LockedSsh(key) => Some(key.recipient()),
            Key::LockedFile(_) | Key::Plugin { .. } => None,
        }
    }

    /// Whether using it may ask for a passphrase.
    pub fn is_locked(&self) -> bool {
        matches!(self.0, Key::LockedSsh(_) | Key::LockedFile(_))
    }

    /// Why it opens nothing: it needs a plugin, or unlocking it failed.
    pub fn unusable(&self) -> Option<String> {
        match &self.0 {
            Key::Plugin { name } => Some(format!(
                "needs age-plugin-{name}, and age plugins are not supported yet"
            )),
            Key::LockedSsh(key) => key.failure().map(str::to_owned),
            Key::LockedFile(file) => file.failure().map(str::to_owned),
            _ => None,
        }
    }

    /// The identities inside an unlocked identity file.
    pub(super) fn inside(&self) -> &[Identity] {
        match &self.0 {
            Key::LockedFile(file) => file.unlocked(),
            _ => &[],
        }
    }

    /// Unwraps the data key in an `enc` block; `None` if it is for somebody else.
    ///
    /// # Errors
    /// Of kind [`Kind::Crypto`] if the block is malformed, too long or was changed.
    pub fn unwrap(&self, enc: &str, callbacks: &dyn Callbacks) -> Result<Option<SecretBytes>> {
        AgeFile::parse(enc)?.open(&[&self.with(callbacks)])
    }

    /// The identity in the form the age crate takes.
    pub(super) fn with<'a>(&'a self, callbacks: &'a dyn Callbacks) -> impl age::Identity + 'a {
        Asking {
            identity: self,
            callbacks,
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("recipient", &self.recipient())
            .finish_non_exhaustive()
    }
}

struct Asking<'a> {
    identity: &'a Identity,
    callbacks: &'a dyn Callbacks,
}

impl age::Identity for Asking<'_> {
    fn unwrap_stanza(
        &self,
        stanza: &Stanza,
    ) -> Option<std::result::Result<FileKey, age::DecryptError>> {
        match &self.identity.0 {
            Key::X25519 { key, .. } => key.unwrap_stanza(stanza),
            Key::Hybrid { key, .. } => key.unwrap_stanza(stanza),
            Key::Ssh { key, .. } => key.unwrap_stanza(stanza),
            Key::LockedSsh(key) => key
                .for_stanza(stanza, self.callbacks)?
                .unwrap_stanza(stanza),
            Key::LockedFile(file) => file
                .for_stanza(stanza, self.callbacks)
                .iter()
                .find_map(|identity| identity.with(self.callbacks).unwrap_stanza(stanza)),
            Key::Plugin { .. } => None,
        }
    }
}

fn unusable(reason: String, name: &str) -> Error {
    Error::new(Kind::Key, format!("{name} is not usable")).because(reason)
}

fn parse_identity(text: &str) -> std::result::Result<Identity, String> {
    Ok(Identity(if text.starts_with("AGE-SECRET-KEY-PQ-1") {
        let key = hybrid::Identity::parse(text)?;
        let recipient = key.recipient().ok_or("it has no public key")?;
        Key::Hybrid { key, recipient }
    } else if text.starts_with("AGE-SECRET-KEY-1") {
        let key = x25519::parse_identity(text)?;
        let recipient = key.to_public().to_string();
        Key::X25519 { key, recipient }
    } else if text.starts_with("AGE-PLUGIN-") {
        Key::Plugin {
            name: plugin_name(text)?,
        }
    } else {
        return Err(describe(text).into());
    }))
}

fn plugin_name(text: &str) -> std::result::Result<String, &'static str> {
    let (prefix, _) = text.rsplit_once('1').ok_or("it is not a plugin identity")?;
    bech::decode(text, prefix)?;
    let name = prefix
        .strip_prefix("AGE-PLUGIN-")
        .and_then(|name| name.strip_suffix('-'))
        .unwrap_or_default();
    if !recipient::is_plugin_name(name) {
        return Err("the name of its plugin is not valid");
    }
    Ok(name.to_ascii_lowercase())
}

/// Why a text is no identity, for the usual mistakes.
fn describe(text: &str) -> &'static str {
    let trimmed = text.trim_start();
    if text.starts_with('\u{feff}') {
        "it begins with a byte order mark; save the file as UTF-8 without one"
    } else if trimmed.starts_with("-----BEGIN ") {
        "it is an SSH key; name its file in SOPS_AGE_SSH_PRIVATE_KEY_FILE"
    } else if trimmed.starts_with("age1") || trimmed.starts_with("ssh-") {
        "it is a recipient; the identity, AGE-SECRET-KEY-1..., belongs there"
    } else if trimmed.starts_with("age-secret-key-") {
        "an identity is written in upper case"
    } else if trimmed != text {
        "there are blanks before it"
    } else {
        "it is not an age identity"
    }
}

pub(super) fn parse_ssh(file: &[u8], name: &str) -> std::result::Result<Identity, String> {
    Ok(Identity(match ssh::parse_private(file)? {
        ssh::Private::Open(key, recipient) => Key::Ssh { key, recipient },
        ssh::Private::Locked(key, recipient) => {
            Key::LockedSsh(LockedSsh::new(key, recipient, name).ok_or("it is damaged")?)
        }
    }))
}

/// Parses the content of a source; a locked file counts as one identity.
pub(super) fn parse_source(
    content: &[u8],
    name: &str,
    many: bool,
) -> std::result::Result<Vec<Identity>, String> {
    if LockedFile::is_one(content) {
        return Ok(vec![Identity(Key::LockedFile(LockedFile::parse(
            content, name,
        )?))]);
    }
    parse_lines(content, many)
}

/// Parses lines of identities, several on a line if `many`. One bad line makes all of them unusable
/// (SOPS behaviour); the reason names the line and quotes nothing.
pub(super) fn parse_lines(
    content: &[u8],
    many: bool,
) -> std::result::Result<Vec<Identity>, String> {
    let text = std::str::from_utf8(content).map_err(|_| match content {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is UTF-16 text; save it as UTF-8",
        _ => "it is not a text file",
    })?;
    let mut identities = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let with_line = |reason: String| format!("line {}: {reason}", index + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if many {
            for word in line.split_whitespace() {
                identities.push(parse_identity(word).map_err(with_line)?);
            }
        } else {
            identities.push(parse_identity(line).map_err(with_line)?);
        }
    }
    Ok(identities)
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
