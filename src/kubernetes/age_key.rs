//! age identities as the decryption Secret of Flux's kustomize-controller (usually named `sops-age`).

use bech32::{FromBase32 as _, Variant, u5};
use zeroize::Zeroizing;

use super::secret::SecretManifest;
use crate::error::{Error, Kind, Place, Result};
use crate::secret::SecretBytes;

/// The ending by which kustomize-controller finds identities; other keys it ignores without a word.
pub const KEY_ENDING: &str = ".agekey";

/// How many identities a file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdentityCount {
    /// X25519 identities (`AGE-SECRET-KEY-1...`).
    pub x25519: usize,
    /// Hybrid post-quantum identities (`AGE-SECRET-KEY-PQ-1...`), which Flux reads since 2.9.
    pub post_quantum: usize,
}

/// The decryption Secret with one identity file below `<stem>.agekey`, its text unchanged.
///
/// # Errors
/// As [`check`] and [`SecretManifest::check`].
pub fn secret(
    name: &str,
    namespace: Option<&str>,
    stem: &str,
    identities: SecretBytes,
) -> Result<SecretManifest> {
    check(identities.expose())?;
    let mut secret = SecretManifest::new(name, namespace, None);
    secret.insert(
        format!(
            "{}{KEY_ENDING}",
            stem.strip_suffix(KEY_ENDING).unwrap_or(stem)
        ),
        identities,
    )?;
    secret.checked()
}

/// Checks that kustomize-controller accepts every line of an identity file: one bad line makes it refuse all.
///
/// # Errors
/// `Kind::Key` with the line: an SSH key, a plugin's identity, an encrypted file, a recipient, blanks around an
/// identity, a damaged identity; or a file without any.
pub fn check(text: &[u8]) -> Result<IdentityCount> {
    let refused = |message: &str| Error::new(Kind::Key, message);
    if text.starts_with(b"age-encryption.org/v1") {
        return Err(encrypted());
    }
    let text = std::str::from_utf8(text).map_err(|_| {
        refused("the identity file is not text").hint("give the file that `age-keygen` writes")
    })?;
    let mut count = IdentityCount::default();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = Place {
            file: None,
            line: index + 1,
            column: 1,
            source_line: None,
        };
        match check_line(line).map_err(|e| e.at(place))? {
            Identity::X25519 => count.x25519 += 1,
            Identity::PostQuantum => count.post_quantum += 1,
        }
    }
    if count == IdentityCount::default() {
        return Err(refused("the identity file holds no identity")
            .hint("give the file that `age-keygen` writes"));
    }
    Ok(count)
}

enum Identity {
    X25519,
    PostQuantum,
}

fn check_line(line: &str) -> Result<Identity> {
    let refused = |message: &str| Error::new(Kind::Key, message);
    if line.trim() != line {
        return Err(refused("the line has blanks around it")
            .because("Flux does not trim lines, and one bad line makes it refuse all identities")
            .hint("remove the blanks at both ends of the line"));
    }
    if line.starts_with("-----BEGIN AGE ENCRYPTED FILE")
        || line.starts_with("age-encryption.org/v1")
    {
        return Err(encrypted());
    }
    if line.starts_with("-----BEGIN") || line.starts_with("ssh-") {
        return Err(refused("an SSH key is not an identity for Flux")
            .because("kustomize-controller reads `AGE-SECRET-KEY-` lines only")
            .hint("make a key with `age-keygen`, add its recipient to the files, and give Flux that one"));
    }
    if line.starts_with("AGE-PLUGIN-") {
        return Err(refused("a plugin's identity is of no use to Flux")
            .because("the plugin's program is not in kustomize-controller's image")
            .hint("make a key with `age-keygen`, add its recipient to the files, and give Flux that one"));
    }
    if line.starts_with("age1") {
        return Err(refused("the line is a recipient, not an identity")
            .because("a recipient encrypts, only the identity decrypts")
            .hint("give the file with `AGE-SECRET-KEY-1...` that `age-keygen` wrote"));
    }
    let damaged = || {
        refused("the line is not an age identity")
            .because("it is incomplete or mistyped, so its checksum or length is wrong")
            .hint("copy the whole `AGE-SECRET-KEY-1...` line")
    };
    if line.bytes().any(|b| b.is_ascii_lowercase()) {
        return Err(damaged());
    }
    let (prefix, mut data, variant) = bech32::decode(line).map_err(|_| damaged())?;
    let key = Vec::<u8>::from_base32(&data).map(Zeroizing::new);
    data.fill(u5::default());
    std::hint::black_box(&data);
    let key = key.map_err(|_| damaged())?;
    if variant != Variant::Bech32 || key.len() != 32 {
        return Err(damaged());
    }
    match prefix.as_str() {
        "age-secret-key-" => Ok(Identity::X25519),
        "age-secret-key-pq-" => Ok(Identity::PostQuantum),
        _ => Err(damaged()),
    }
}

fn encrypted() -> Error {
    Error::new(
        Kind::Key,
        "the identity file is encrypted with a passphrase",
    )
    .because("Flux cannot ask for it")
    .hint("decrypt it with `age -d` and pass the result on through a pipe")
}

#[cfg(test)]
#[path = "age_key_tests.rs"]
mod tests;
