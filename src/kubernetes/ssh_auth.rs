//! SSH private keys: Secrets for Kubernetes (`kubernetes.io/ssh-auth`) and for Flux's Git sources.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::known_hosts::{algorithm, parse as parse_known_hosts, ssh_string};
use super::pem;
use super::secret::{SecretManifest, TYPE_SSH_AUTH};
use crate::error::{Error, Kind, Result};
use crate::secret::SecretBytes;

/// Whose keys the Secret has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SshLayout {
    /// Type `kubernetes.io/ssh-auth`: `ssh-privatekey`, and `ssh-publickey` and `known_hosts` where given.
    Kubernetes,
    /// No type: `identity`, `identity.pub`, `known_hosts` (required), `password`, as Flux's GitRepository reads them.
    Flux,
}

/// What goes into the Secret; every text is kept unchanged.
#[derive(Clone, Debug)]
pub struct SshKey {
    /// The private key: OpenSSH's own format, PKCS#8, PKCS#1 or SEC1 in PEM.
    pub private_key: SecretBytes,
    /// The public key on one line; derived from an OpenSSH key when not given.
    pub public_key: Option<String>,
    /// The keys of the hosts that may be connected to.
    pub known_hosts: Option<String>,
    /// The passphrase of the private key; only Flux reads one.
    pub password: Option<SecretBytes>,
}

/// The Secret of an SSH key.
///
/// # Errors
/// `Kind::Input` when the private key is not one, is encrypted without a password, does not belong to the public
/// key, or `known_hosts` does not parse or is missing for Flux; or as [`SecretManifest::check`].
pub fn secret(
    name: &str,
    namespace: Option<&str>,
    layout: SshLayout,
    key: SshKey,
) -> Result<SecretManifest> {
    let inspected = inspect(key.private_key.expose())?;
    if inspected.encrypted && (layout == SshLayout::Kubernetes || key.password.is_none()) {
        return Err(Error::new(
            Kind::Input,
            "the private key is encrypted with a passphrase",
        )
        .because("the cluster has nobody to type it")
        .hint("for Flux give the passphrase as `password`; otherwise use a key without one"));
    }
    if key.password.is_some() && layout == SshLayout::Kubernetes {
        return Err(Error::new(
            Kind::Input,
            "a Secret of type `kubernetes.io/ssh-auth` has no place for a passphrase",
        )
        .hint("use a key without a passphrase, or the layout for Flux"));
    }
    let public_key = match key.public_key {
        Some(line) => {
            let blob = public_blob(&line)?;
            if inspected
                .public_blob
                .as_ref()
                .is_some_and(|own| *own != blob)
            {
                return Err(Error::new(
                    Kind::Input,
                    "the public key does not belong to the private key",
                )
                .hint("leave it out: it is derived from the private key"));
            }
            Some(line)
        }
        None => inspected.public_blob.as_deref().and_then(public_line),
    };
    if let Some(text) = &key.known_hosts {
        parse_known_hosts(text)?;
    } else if layout == SshLayout::Flux {
        return Err(Error::new(Kind::Input, "known_hosts is missing")
            .because("Flux connects over SSH only to hosts whose key it knows")
            .hint("fill it with `ssh-keyscan HOST` and compare the fingerprint"));
    }

    let (secret_type, private_name, public_name) = match layout {
        SshLayout::Kubernetes => (Some(TYPE_SSH_AUTH), "ssh-privatekey", "ssh-publickey"),
        SshLayout::Flux => (None, "identity", "identity.pub"),
    };
    let mut secret = SecretManifest::new(name, namespace, secret_type);
    secret.insert(private_name, key.private_key)?;
    if let Some(line) = public_key {
        secret.insert(public_name, SecretBytes::new(line.into_bytes()))?;
    }
    if let Some(text) = key.known_hosts {
        secret.insert("known_hosts", SecretBytes::new(text.into_bytes()))?;
    }
    if let Some(password) = key.password {
        secret.insert("password", password)?;
    }
    secret.checked()
}

struct Inspected {
    encrypted: bool,
    /// Known for OpenSSH's own format only, which keeps it outside the encryption.
    public_blob: Option<Vec<u8>>,
}

fn inspect(text: &[u8]) -> Result<Inspected> {
    let no_key = || {
        Error::new(Kind::Input, "the file is not an SSH private key").hint(
            "give the private key itself, for example `~/.ssh/id_ed25519`, not the `.pub` file",
        )
    };
    let blocks = pem::blocks("the SSH private key", text)?;
    let [block] = blocks.as_slice() else {
        return Err(no_key());
    };
    match block.label.as_str() {
        "OPENSSH PRIVATE KEY" => inspect_openssh(&block.der).ok_or_else(|| {
            Error::new(Kind::Input, "the SSH private key is damaged")
                .hint("check it with `ssh-keygen -y -f FILE`")
        }),
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => Ok(Inspected {
            encrypted: block.encrypted,
            public_blob: None,
        }),
        "ENCRYPTED PRIVATE KEY" => Err(Error::new(
            Kind::Input,
            "the private key is in encrypted PKCS#8",
        )
        .because("Flux cannot read that format")
        .hint("convert a copy with `ssh-keygen -p -f COPY`")),
        _ => Err(no_key()),
    }
}

/// OpenSSH's `PROTOCOL.key`: magic, cipher, KDF and its options, the number of keys, the public key, the private
/// section.
fn inspect_openssh(der: &[u8]) -> Option<Inspected> {
    let rest = der.strip_prefix(b"openssh-key-v1\0")?;
    let (cipher, rest) = ssh_string(rest)?;
    let (_kdf, rest) = ssh_string(rest)?;
    let (_options, rest) = ssh_string(rest)?;
    let rest = rest.strip_prefix(&1_u32.to_be_bytes())?;
    let (blob, rest) = ssh_string(rest)?;
    algorithm(blob)?;
    let (private, _) = ssh_string(rest)?;
    (!private.is_empty()).then(|| Inspected {
        encrypted: cipher != b"none",
        public_blob: Some(blob.to_vec()),
    })
}

fn public_blob(line: &str) -> Result<Vec<u8>> {
    let mut fields = line.split_whitespace();
    let (key_type, blob) = (
        fields.next().unwrap_or_default(),
        fields.next().unwrap_or_default(),
    );
    STANDARD
        .decode(blob)
        .ok()
        .filter(|blob| algorithm(blob) == Some(key_type.as_bytes()))
        .ok_or_else(|| {
            Error::new(Kind::Input, "the public key is not an SSH public key")
                .hint("give the line of the `.pub` file: `KEY-TYPE BASE64 [COMMENT]`")
        })
}

fn public_line(blob: &[u8]) -> Option<String> {
    let algorithm = std::str::from_utf8(algorithm(blob)?).ok()?;
    Some(format!("{algorithm} {}\n", STANDARD.encode(blob)))
}

#[cfg(test)]
#[path = "ssh_auth_tests.rs"]
mod tests;
