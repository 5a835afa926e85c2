//! Identities behind a passphrase: each asks once per run, and what it was told is kept.

use std::sync::OnceLock;

use age::secrecy::SecretString;
use age_core::format::Stanza;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine};
use sha2::{Digest, Sha256};

use super::age_file::{self, dearmor};
use super::identity::{self, Identity};
use crate::secret::SecretBytes;

/// The highest scrypt work factor, as a power of two, that an identity file may ask for: age's own
/// limit, 4 GiB of memory and some ten seconds. age writes 18.
pub const MAX_WORK_FACTOR: u8 = 22;

/// What the search for identities asks the user.
pub trait Callbacks: Send + Sync {
    /// Asks for the passphrase of `what`, such as "SSH key /home/me/.ssh/id_ed25519"; `None` if
    /// nobody can be asked or nobody answers.
    fn passphrase(&self, what: &str) -> Option<SecretBytes>;
}

/// For programs without a user: what needs a passphrase stays closed.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCallbacks;

impl Callbacks for NoCallbacks {
    fn passphrase(&self, _what: &str) -> Option<SecretBytes> {
        None
    }
}

fn ask(callbacks: &dyn Callbacks, what: &str) -> Result<SecretString, String> {
    let passphrase = callbacks
        .passphrase(what)
        .ok_or("no passphrase was given")?;
    let text = passphrase
        .expose_text()
        .ok_or("the passphrase is not UTF-8 text")?;
    if text.is_empty() {
        return Err("no passphrase was given".into());
    }
    Ok(SecretString::from(text))
}

/// An SSH private key with a passphrase.
pub(super) struct LockedSsh {
    key: Box<age::ssh::EncryptedKey>,
    recipient: String,
    /// Stanza type and key tag of the files it opens: asking can wait until there is one.
    stanza: (String, String),
    what: String,
    unlocked: OnceLock<Result<age::ssh::Identity, String>>,
}

impl LockedSsh {
    pub(super) fn new(
        key: Box<age::ssh::EncryptedKey>,
        recipient: String,
        name: &str,
    ) -> Option<Self> {
        let (kind, blob) = recipient.split_once(' ')?;
        let hash = Sha256::digest(BASE64_STANDARD.decode(blob).ok()?);
        let stanza = (
            kind.to_owned(),
            BASE64_STANDARD_NO_PAD.encode(hash.get(..4)?),
        );
        Some(LockedSsh {
            key,
            recipient,
            stanza,
            what: format!("SSH key {name}"),
            unlocked: OnceLock::new(),
        })
    }

    pub(super) fn recipient(&self) -> &str {
        &self.recipient
    }

    /// The key, asking for the passphrase if the stanza is its own and nobody was asked before.
    pub(super) fn for_stanza(
        &self,
        stanza: &Stanza,
        callbacks: &dyn Callbacks,
    ) -> Option<&age::ssh::Identity> {
        if stanza.tag != self.stanza.0 || stanza.args.first() != Some(&self.stanza.1) {
            return None;
        }
        let unlocked = self.unlocked.get_or_init(|| {
            let passphrase = ask(callbacks, &self.what)?;
            let key = self
                .key
                .decrypt(passphrase)
                .map_err(|_| "the passphrase is wrong")?;
            Ok(age::ssh::Identity::from(key))
        });
        unlocked.as_ref().ok()
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.unlocked.get()?.as_ref().err().map(String::as_str)
    }
}

/// An age identity file encrypted with a passphrase.
pub(super) struct LockedFile {
    /// The age file without armor.
    file: Vec<u8>,
    what: String,
    unlocked: OnceLock<Result<Vec<Identity>, String>>,
}

impl LockedFile {
    /// Whether a source is such a file rather than a list of identities (SOPS behaviour).
    pub(super) fn is_one(content: &[u8]) -> bool {
        content.starts_with(b"age-encryption") || content.starts_with(b"-----BEGIN AGE")
    }

    pub(super) fn parse(content: &[u8], name: &str) -> Result<Self, String> {
        let file = if content.starts_with(b"-----BEGIN") {
            dearmor(std::str::from_utf8(content).map_err(|_| "it is not base64 text")?)?
        } else {
            content.to_vec()
        };
        let decryptor =
            age::Decryptor::new_buffered(file.as_slice()).map_err(|e| age_file::reason(&e))?;
        if !decryptor.is_scrypt() {
            return Err("it is encrypted, but not with a passphrase".into());
        }
        drop(decryptor);
        Ok(LockedFile {
            file,
            what: format!("identity file {name}"),
            unlocked: OnceLock::new(),
        })
    }

    /// The identities in it, asking for the passphrase if nobody was asked before.
    pub(super) fn for_stanza(&self, stanza: &Stanza, callbacks: &dyn Callbacks) -> &[Identity] {
        // Identity files hold native identities, which never open SSH stanzas.
        if stanza.tag.starts_with("ssh-") || stanza.tag.ends_with("-grease") {
            return &[];
        }
        let unlocked = self.unlocked.get_or_init(|| self.unlock(callbacks));
        unlocked.as_deref().unwrap_or_default()
    }

    fn unlock(&self, callbacks: &dyn Callbacks) -> Result<Vec<Identity>, String> {
        let mut scrypt = age::scrypt::Identity::new(ask(callbacks, &self.what)?);
        scrypt.set_max_work_factor(MAX_WORK_FACTOR);
        let content = age_file::decrypt(&self.file, &[&scrypt]).map_err(|error| match error {
            age::DecryptError::DecryptionFailed => "the passphrase is wrong".to_owned(),
            age::DecryptError::ExcessiveWork { required, .. } => {
                format!(
                    "its work factor is {required}, and the highest allowed is {MAX_WORK_FACTOR}"
                )
            }
            error => age_file::reason(&error).to_owned(),
        })?;
        identity::parse_lines(content.expose(), false)
    }

    /// What is inside, if it has been opened.
    pub(super) fn unlocked(&self) -> &[Identity] {
        self.unlocked
            .get()
            .and_then(|result| result.as_deref().ok())
            .unwrap_or_default()
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.unlocked.get()?.as_ref().err().map(String::as_str)
    }
}
