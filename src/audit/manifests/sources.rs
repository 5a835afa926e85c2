//! Files that others read: where they are, whether they are sealed, and what they give away.

use super::finder::{is_plain, judge};
use super::lines;
use crate::audit::finding::Confidence;
use crate::document::Format;
use crate::sops::file::metadata_of;

/// The path that a file names, relative to its own folder; `None` if it leads out of the repository
/// or is no path.
pub(super) fn resolve(from: &str, named: &str) -> Option<String> {
    if named.is_empty() || named.starts_with('/') || named.contains("://") {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in named.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The format of a YAML or JSON file by its name.
pub(in crate::audit) fn format_of(path: &str) -> Option<Format> {
    if path.ends_with(".yaml") || path.ends_with(".yml") {
        Some(Format::Yaml)
    } else if path.ends_with(".json") {
        Some(Format::Json)
    } else {
        None
    }
}

/// The file has SOPS metadata, whatever its format.
pub(in crate::audit) fn is_sealed(path: &str, bytes: &[u8]) -> bool {
    let has = |what: &str| memchr::memmem::find(bytes, what.as_bytes()).is_some();
    if !has("ENC[AES256_GCM,") {
        return false;
    }
    match format_of(path) {
        Some(format) => metadata_of(bytes, format).is_ok_and(|metadata| metadata.is_some()),
        // dotenv, INI, and JSON around a text of any other kind.
        None => has("sops_version=") || has("[sops]") || has("\"sops\"") || has("\nsops:"),
    }
}

/// The text holds a private key in PEM or one of the forms that look like it.
pub(in crate::audit) fn has_private_key(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"PRIVATE KEY-----").is_some()
        || memchr::memmem::find(bytes, b"AGE-SECRET-KEY-").is_some()
}

/// How sure it is that a file of settings, all of which are secret, gives one away.
pub(super) fn plain_settings(bytes: &[u8]) -> Option<Confidence> {
    let text = std::str::from_utf8(bytes).ok()?;
    if is_sealed("", bytes) {
        return None;
    }
    let mut set = text.lines().filter_map(lines::setting);
    set.any(|set| is_plain(set.value))
        .then_some(Confidence::Certain)
}

/// How sure it is that a file, all of which is secret, gives something away.
pub(super) fn plain_file(path: &str, bytes: &[u8]) -> Option<Confidence> {
    if is_sealed(path, bytes) || bytes.starts_with(b"age-encryption.org/v1") {
        return None;
    }
    if has_private_key(bytes) {
        return Some(Confidence::Certain);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return (!bytes.is_empty()).then_some(Confidence::Possible);
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    if is_public_file(name, text) || !is_plain(text.trim()) {
        // A reference somewhere in a longer text says nothing about the rest of it.
        return has_credential(text).then_some(Confidence::Certain);
    }
    let is_one_line = !text.trim().contains('\n');
    if is_one_line || has_credential(text) {
        return Some(Confidence::Certain);
    }
    Some(Confidence::Likely)
}

/// Some line gives a credential away by its name.
pub(in crate::audit) fn has_credential(text: &str) -> bool {
    let mut set = text.lines().filter_map(lines::setting);
    set.any(|set| judge(set.name, set.value).is_some_and(|c| c >= Confidence::Likely))
}

/// Public keys, certificates, and lists of known hosts.
fn is_public_file(name: &str, text: &str) -> bool {
    let mut parts = text.split("-----BEGIN ").skip(1).peekable();
    let is_pem = parts.peek().is_some();
    let only_public = parts.all(|part| {
        [
            "CERTIFICATE-----",
            "PUBLIC KEY-----",
            "CERTIFICATE REQUEST-----",
            "X509 CRL-----",
        ]
        .iter()
        .any(|label| part.starts_with(label))
    });
    let ssh = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"];
    name.ends_with(".pub")
        || name.contains("known_hosts")
        || (is_pem && only_public)
        || ssh
            .iter()
            .any(|prefix| text.trim_start().starts_with(prefix))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn paths_stay_inside_the_repository() {
        for (from, named, expected) in [
            ("apps/db/kustomization.yaml", "a.env", Some("apps/db/a.env")),
            (
                "apps/db/kustomization.yaml",
                "./x/../a.env",
                Some("apps/db/a.env"),
            ),
            ("apps/db/kustomization.yaml", "../a.env", Some("apps/a.env")),
            ("kustomization.yaml", "a.env", Some("a.env")),
            ("kustomization.yaml", "../a.env", None),
            ("apps/kustomization.yaml", "../../a.env", None),
            ("kustomization.yaml", "/etc/passwd", None),
            ("kustomization.yaml", "https://example.org/a", None),
        ] {
            assert_eq!(resolve(from, named).as_deref(), expected, "{from} {named}");
        }
    }

    #[test]
    fn public_files_give_nothing_away() {
        for (name, text) in [
            ("id.pub", "whatever\nelse\n"),
            ("known_hosts", "github.com ssh-ed25519 AAAA\n"),
            ("key", "ssh-ed25519 AAAA\n"),
            (
                "tls.crt",
                "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
            ),
            ("empty", " \n"),
        ] {
            assert_eq!(plain_file(name, text.as_bytes()), None, "{name}");
        }
        let key = concat!(
            "-----BEGIN PRIV",
            "ATE KEY-----\nMC\n-----END PRIV",
            "ATE KEY-----\n"
        );
        assert_eq!(
            plain_file("tls.key", key.as_bytes()),
            Some(Confidence::Certain)
        );
    }
}
