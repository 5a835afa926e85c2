//! Recipients: the public keys that data keys are wrapped to.

use std::fmt;

use super::{age_file, bech, hybrid, ssh, x25519};
use crate::error::{Error, Kind, Result};

/// The kind of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecipientKind {
    /// `age1...`, the classic kind.
    X25519,
    /// `age1pq1...`, ML-KEM-768 with X25519; read by SOPS 3.12 and newer.
    Hybrid,
    /// `ssh-ed25519 ...`; read by SOPS 3.10 and newer.
    SshEd25519,
    /// `ssh-rsa ...`; read by SOPS 3.10 and newer.
    SshRsa,
    /// `age1NAME1...`, the business of a plugin binary.
    Plugin,
}

/// A public key that data keys are wrapped to.
#[derive(Clone)]
pub struct Recipient {
    text: String,
    key: Key,
}

#[derive(Clone)]
enum Key {
    X25519(age::x25519::Recipient),
    Hybrid(Box<hybrid::Recipient>),
    Ssh(Box<age::ssh::Recipient>),
    Plugin { name: String },
}

/// What a message quotes of an unusable recipient, in characters.
const EXCERPT: usize = 24;

impl Recipient {
    /// Parses a recipient as SOPS does (white space around it is dropped, the kind is decided by
    /// the prefix in lower case) and checks its checksum and that it is a usable key.
    ///
    /// # Errors
    /// Of kind [`Kind::Config`], with the reason. Never quotes a private key.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        refuse_what_is_no_recipient(text)?;
        let unusable = |reason: String| unusable(text, reason);
        let key = if text.starts_with("age1pq1") {
            Key::Hybrid(Box::new(
                hybrid::Recipient::parse(text).map_err(|reason| unusable(reason.into()))?,
            ))
        } else if text.starts_with("age1") && text.matches('1').count() > 1 {
            Key::Plugin {
                name: plugin_name(text).map_err(unusable)?,
            }
        } else if text.starts_with("age1") {
            Key::X25519(x25519::parse_recipient(text).map_err(|reason| unusable(reason.into()))?)
        } else if text.starts_with("ssh-") {
            Key::Ssh(Box::new(ssh::parse_public(text).map_err(unusable)?))
        } else {
            return Err(unknown(text));
        };
        Ok(Recipient {
            text: text.to_owned(),
            key,
        })
    }

    /// The text as it was given, an SSH key with its comment.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The kind of key.
    pub fn kind(&self) -> RecipientKind {
        match &self.key {
            Key::X25519(_) => RecipientKind::X25519,
            Key::Hybrid(_) => RecipientKind::Hybrid,
            Key::Ssh(key) => match **key {
                age::ssh::Recipient::SshRsa(..) => RecipientKind::SshRsa,
                age::ssh::Recipient::SshEd25519(..) => RecipientKind::SshEd25519,
            },
            Key::Plugin { .. } => RecipientKind::Plugin,
        }
    }

    /// Wraps a data key (32 bytes) or a share of one (33 bytes) and returns one armored age file,
    /// as it stands in `enc`: lines of 64 columns and a final newline. The randomness is the
    /// operating system's. For several recipients SOPS writes several files.
    ///
    /// # Errors
    /// Of kind [`Kind::Key`] for a plugin recipient, of kind [`Kind::Crypto`] if the system gives no
    /// random bytes or the length is not one that can be wrapped.
    pub fn wrap(&self, payload: &[u8]) -> Result<String> {
        match &self.key {
            Key::X25519(key) => age_file::seal(key, payload),
            Key::Hybrid(key) => age_file::seal(&**key, payload),
            Key::Ssh(key) => age_file::seal(&**key, payload),
            Key::Plugin { name } => Err(Error::new(
                Kind::Key,
                format!("cannot encrypt to the recipient {}", shorten(&self.text)),
            )
            .because(format!(
                "it needs age-plugin-{name}, and age plugins are not supported yet"
            ))
            .hint("use an age1, age1pq1 or SSH recipient, or let `sops` encrypt this file")),
        }
    }
}

/// Two recipients are equal if they are the same key: the comment of an SSH key does not count.
impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        same_key(&self.text, &other.text)
    }
}

impl Eq for Recipient {}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recipient").field(&self.text).finish()
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether two texts are the same recipient, without parsing keys: white space around them and the
/// comment of an SSH key do not count.
pub fn same_key(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim(), b.trim());
    a == b || ssh::without_comment(a).is_some_and(|a| ssh::without_comment(b) == Some(a))
}

/// A recipient for a message: whole if it fits on a line, else its beginning.
pub fn shorten(recipient: &str) -> String {
    const FITS: usize = 100;
    if recipient.chars().count() <= FITS {
        return recipient.to_owned();
    }
    let start: String = recipient.chars().take(EXCERPT).collect();
    format!("{start}...")
}

/// The name of the binary after `age-plugin-`.
fn plugin_name(text: &str) -> std::result::Result<String, String> {
    let (prefix, _) = text.rsplit_once('1').ok_or("it is not an age recipient")?;
    bech::decode(text, prefix)?;
    let name = prefix.strip_prefix("age1").unwrap_or_default();
    if !is_plugin_name(name) {
        return Err("the name of its plugin is not valid".into());
    }
    Ok(name.to_owned())
}

/// The characters age allows in the name of a plugin; no path separator among them.
pub(super) fn is_plugin_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
}

fn unusable(text: &str, reason: String) -> Error {
    Error::new(
        Kind::Config,
        format!("the recipient {} is not usable", excerpt(text)),
    )
    .because(reason)
    .hint("copy the recipient again from its owner (`age-keygen -y FILE` prints it)")
}

fn excerpt(text: &str) -> String {
    let mut start: String = text
        .chars()
        .take(EXCERPT)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    if text.chars().nth(EXCERPT).is_some() {
        start.push_str("...");
    }
    format!("`{start}`")
}

fn unknown(text: &str) -> Error {
    let error = Error::new(
        Kind::Config,
        format!("{} is not a recipient", excerpt(text)),
    )
    .because("a recipient begins with age1, age1pq1, ssh-ed25519 or ssh-rsa");
    let hex = text.strip_prefix("0x").unwrap_or(text);
    if hex.len() >= 16 && hex.bytes().all(|b| b.is_ascii_hexdigit() || b == b' ') {
        error.hint("a PGP fingerprint belongs under `pgp`")
    } else if text.starts_with("arn:") {
        error.hint("an AWS key belongs under `kms`")
    } else if text.to_ascii_lowercase().starts_with("age1") {
        error.hint("a recipient is written in lower case")
    } else {
        error.hint("`age-keygen -y FILE` prints the recipient of an identity")
    }
}

/// Texts that deserve better than "unknown": private keys, placeholders, lists.
fn refuse_what_is_no_recipient(text: &str) -> Result<()> {
    let upper = text.to_ascii_uppercase();
    if ["SECRET-KEY", "PRIVATE KEY", "AGE-PLUGIN-"]
        .iter()
        .any(|mark| upper.contains(mark))
    {
        return Err(Error::new(Kind::Config, "a private key stands where a recipient belongs")
            .because("a recipient is a public key; this one is not shown, because whoever sees it opens the files")
            .hint("put the public key there: `age-keygen -y FILE` prints it")
            .hint("if the file was ever committed or shared, replace this key and everything it opens"));
    }
    if text.is_empty() {
        return Err(
            Error::new(Kind::Config, "a recipient is empty").hint("remove it or fill it in")
        );
    }
    if upper.contains("PUBLIC_KEY_HERE") || upper.contains("PUBLIC-KEY-HERE") {
        return Err(Error::new(
            Kind::Config,
            format!("{} is a placeholder, not a recipient", excerpt(text)),
        )
        .hint("put your public key there: `age-keygen -y FILE` prints it"));
    }
    if text.starts_with("age1") && text.contains([',', ' ', '\n', '\t']) {
        return Err(unusable(text, "it is more than one word".into())
            .hint("give every recipient an entry of its own"));
    }
    if text.contains(['\n', '\r']) {
        return Err(unusable(text, "it is more than one line".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const LIST: &str = include_str!("../../testdata/keys/recipients.txt");
    const SSH: &str = include_str!("../../testdata/keys/ssh_ed25519.pub");
    const SSH_RSA: &str = include_str!("../../testdata/keys/ssh_rsa.pub");

    fn listed(name: &str) -> &'static str {
        LIST.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .unwrap()
    }

    fn refused(text: &str) -> Error {
        let error = Recipient::parse(text).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(!error.hints().is_empty(), "{error}");
        error
    }

    #[test]
    fn every_kind_is_recognised_and_keeps_its_text() {
        let plugin = bech::encode("age1yubikey", &[2; 33]).unwrap();
        for (text, kind) in [
            (listed("alice"), RecipientKind::X25519),
            (listed("pq"), RecipientKind::Hybrid),
            (SSH.trim(), RecipientKind::SshEd25519),
            (SSH_RSA.trim(), RecipientKind::SshRsa),
            (plugin.as_str(), RecipientKind::Plugin),
        ] {
            let recipient = Recipient::parse(&format!(" {text}\n")).unwrap();
            assert_eq!((recipient.text(), recipient.kind()), (text, kind));
        }
    }

    #[test]
    fn the_comment_of_an_ssh_key_does_not_make_another_key() {
        let bare = Recipient::parse(listed("ssh")).unwrap();
        assert_eq!(bare, Recipient::parse(SSH).unwrap());
        assert_ne!(bare, Recipient::parse(SSH_RSA).unwrap());
        assert_ne!(
            Recipient::parse(listed("alice")).unwrap(),
            Recipient::parse(listed("bob")).unwrap()
        );
    }

    #[test]
    fn a_mistyped_recipient_is_refused_with_the_reason() {
        for (text, reason) in [
            (listed("alice").replace("kqrj", "kqrr"), "checksum"),
            (listed("alice").replace("kqrj", "kQrj"), "case"),
            (listed("pq").replacen("qnf", "qnn", 1), "checksum"),
            (listed("pq")[..1000].to_owned(), "checksum"),
            (bech::encode("age1pq", &[2; 33]).unwrap(), "length"),
            (
                bech::encode("age1yubikey", &[2; 33])
                    .unwrap()
                    .replace("yubi", "yuby"),
                "checksum",
            ),
            (
                bech::encode("age1a/b", &[2; 33]).unwrap(),
                "name of its plugin",
            ),
            (
                format!("{},{}", listed("alice"), listed("bob")),
                "more than one word",
            ),
            ("ssh-ed25519 AAAA".into(), "cut off"),
            ("ssh-dss AAAA".into(), "ssh-dss"),
            ("age-key".into(), "begins with"),
            ("ecdsa-sha2-nistp256 AAAA".into(), "begins with"),
            (listed("alice").to_uppercase(), "begins with"),
        ] {
            let error = refused(&text);
            assert!(error.reason().unwrap().contains(reason), "{error}");
        }
    }

    #[test]
    fn what_belongs_elsewhere_is_sent_there() {
        assert!(refused("85D77543B3D624B63CEA9E6DBC17301B491B3F21").hints()[0].contains("pgp"));
        assert!(refused("arn:aws:kms:eu-west-1:1:key/x").hints()[0].contains("kms"));
        assert!(
            refused("AGE_PUBLIC_KEY_HERE")
                .message()
                .contains("placeholder")
        );
        assert!(refused("").message().contains("empty"));
    }

    #[test]
    fn a_private_key_is_never_quoted() {
        let identities = include_str!("../../testdata/keys/identities.txt");
        let identity = identities.lines().nth(1).unwrap();
        let ssh = include_str!("../../testdata/keys/ssh_ed25519");
        for text in [
            identity.to_owned(),
            identity.to_lowercase(),
            format!("x{identity}"),
            ssh.to_owned(),
        ] {
            let error = refused(&text);
            let words = format!("{error:?}");
            assert!(error.message().contains("private key"), "{error}");
            assert!(
                !words.contains(&identity[20..40])
                    && !words.to_uppercase().contains(&identity[20..40])
            );
        }
    }

    #[test]
    fn a_plugin_recipient_says_that_it_cannot_be_wrapped_to() {
        let recipient = Recipient::parse(&bech::encode("age1yubikey", &[2; 33]).unwrap()).unwrap();
        let error = recipient.wrap(&[0; 32]).unwrap_err();
        assert_eq!(error.kind(), Kind::Key);
        assert!(error.reason().unwrap().contains("age-plugin-yubikey"));
    }
}
