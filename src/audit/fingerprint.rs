//! What makes two findings the same one: keyed digests, so that a report says nothing about a value.
//!
//! A fingerprint covers the check, the repository, the path, the key path and the value. It does not
//! cover lines, times and commits: a finding that moves stays the same finding. The same value that
//! stands twice at the same key path (or, without key paths, twice in the same file) has the same
//! fingerprint twice; it is one finding at several places.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What is digested, so that no digest of one kind is ever one of another kind.
const KEY_DOMAIN: &[u8] = b"secrets audit: fingerprint key, version 1";
const KEY_ID_DOMAIN: &[u8] = b"secrets audit: key id, version 1";
const VALUE_DOMAIN: &[u8] = b"secrets audit: value, version 1";
const FINDING_DOMAIN: &[u8] = b"secrets audit: finding, version 1";

/// The key of the digests. Whoever has it can test guesses of weak values against fingerprints.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// The key of a text, whichever source it comes from: the same text is the same key everywhere.
    pub fn of(text: &[u8]) -> Self {
        Key(Zeroizing::new(keyed(KEY_DOMAIN, &[text])))
    }

    /// The key of a run: `SECRETS_AUDIT_KEY` (`environment`), else `fingerprint_key` of
    /// `.secrets-audit.yaml` (`configured`), else the repository's identity, which is no secret.
    /// Empty texts count as absent; blanks and line breaks around one are no part of it.
    pub fn choose(environment: Option<&[u8]>, configured: Option<&str>, identity: &str) -> Self {
        Self::given(environment, configured).unwrap_or_else(|| Key::of(identity.as_bytes()))
    }

    /// As [`Key::choose`], but `None` if there is nothing but the identity.
    pub fn given(environment: Option<&[u8]>, configured: Option<&str>) -> Option<Self> {
        let texts = [environment, configured.map(str::as_bytes)];
        let mut filled = texts.into_iter().flatten().map(<[u8]>::trim_ascii);
        filled.find(|text| !text.is_empty()).map(Key::of)
    }

    /// 16 hexadecimal digits that tell keys apart.
    pub fn id(&self) -> String {
        let digest = keyed(&*self.0, &[KEY_ID_DOMAIN]);
        hex(digest.get(..8).unwrap_or_default())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// The identity of a finding, 64 hexadecimal digits. `check` is the id, `value` the secret itself,
/// decoded, or nothing.
pub fn fingerprint(
    key: &Key,
    check: &str,
    repository_identity: &str,
    path: Option<&str>,
    key_path: Option<&str>,
    value: &[u8],
) -> String {
    let value = Zeroizing::new(keyed(&*key.0, &[VALUE_DOMAIN, value]));
    let part = |text: Option<&str>| match text {
        Some(text) => [&[1], text.as_bytes()].concat(),
        None => vec![0],
    };
    hex(&keyed(
        &*key.0,
        &[
            FINDING_DOMAIN,
            check.as_bytes(),
            repository_identity.as_bytes(),
            &part(path),
            &part(key_path),
            &*value,
        ],
    ))
}

/// HMAC-SHA256 over the parts, each with its length before it.
fn keyed(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of every length, so there is no error to handle.
    let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(key) else {
        return [0; 32];
    };
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| {
        DIGITS
            .get(usize::from(nibble))
            .map_or('0', |&d| char::from(d))
    };
    let pair = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    bytes.iter().flat_map(pair).collect()
}

/// The name of a repository that is the same in every clone: `host/group/name` of its remote, without
/// scheme, user, password, port and `.git`, the host in lower case. A remote that is a folder gives
/// the last part of its path; without a remote it is the name of the repository's own folder.
///
/// Ports are left off because the same repository is cloned through several of them.
pub fn repository_identity(remote_url: Option<&str>, folder_name: &str) -> String {
    remote_url
        .and_then(remote_identity)
        .unwrap_or_else(|| folder_name.to_owned())
}

fn remote_identity(url: &str) -> Option<String> {
    let url = url.trim();
    if let Some((scheme, rest)) = url.split_once("://") {
        let known = scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        if !known || scheme.is_empty() {
            return None;
        }
        if scheme.eq_ignore_ascii_case("file") {
            return folder(rest);
        }
        // The last `@`: a password with an `@` or a `/` must not become part of a name.
        let rest = rest.rsplit('@').next().unwrap_or("");
        let rest = rest.split(['?', '#']).next().unwrap_or("");
        let (host, path) = rest.split_once(['/', '\\'])?;
        return join(without_port(host), path);
    }
    if url.contains("::") && !url.contains('[') {
        return None; // A remote helper, `name::address`: the address can be anything.
    }
    let Some((host, path)) = split_scp(url) else {
        return folder(url);
    };
    let host = host.rsplit('@').next().unwrap_or("");
    join(without_port(host), path)
}

/// `user@host:path`, unless it is a path: with a `/` before the colon, or a drive before it.
fn split_scp(url: &str) -> Option<(&str, &str)> {
    let colon = match url.find(']') {
        Some(bracket) => bracket + url.get(bracket..)?.find(':')?,
        None => url.find(':')?,
    };
    let (host, path) = (url.get(..colon)?, url.get(colon + 1..)?);
    let drive = host.len() == 1 && path.starts_with(['/', '\\']);
    (!host.contains(['/', '\\']) && !drive).then_some((host, path))
}

/// `host`, `host:22`, `[::1]:22`, `[host:22]`
fn without_port(host: &str) -> &str {
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.split(']').next().unwrap_or("");
        return if inner.matches(':').count() == 1 {
            without_port(inner)
        } else {
            inner
        };
    }
    host.split(':').next().unwrap_or("")
}

fn join(host: &str, path: &str) -> Option<String> {
    let host = host.trim_end_matches('.').to_lowercase();
    let path = parts(path).collect::<Vec<_>>().join("/");
    let path = without_git(&path);
    (!host.is_empty() && !path.is_empty()).then(|| format!("{host}/{path}"))
}

fn folder(path: &str) -> Option<String> {
    let name = parts(path).filter(|part| *part != ".git").last()?;
    let name = without_git(name);
    (!name.is_empty() && name != "..").then(|| name.to_owned())
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split(['/', '\\'])
        .filter(|part| !part.is_empty() && *part != ".")
}

fn without_git(path: &str) -> &str {
    path.strip_suffix(".git").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::HashSet;

    use super::*;

    /// Computed by hand, from the definition, with Python's `hmac`.
    const KNOWN: &str = "0b659d413e6c9a2f00e021c40cf40e4a5e42f9f90c0f5d88d09c1d472cd58f02";

    fn of(key: &Key, check: &str, path: Option<&str>, key_path: Option<&str>, v: &[u8]) -> String {
        fingerprint(key, check, "host/group/app", path, key_path, v)
    }

    #[test]
    fn a_fingerprint_never_changes() {
        let print = fingerprint(
            &Key::of(b"key"),
            "SEC012",
            "host/group/app",
            Some("a/b.yaml"),
            Some("data.token"),
            b"value",
        );
        assert_eq!(print, KNOWN);
    }

    #[test]
    fn every_part_counts_and_none_runs_into_the_next() {
        let key = Key::of(b"key");
        let prints = [
            of(&key, "SEC001", Some("a"), Some("b"), b"v"),
            of(&key, "SEC002", Some("a"), Some("b"), b"v"),
            of(&key, "SEC001", Some("ab"), Some(""), b"v"),
            of(&key, "SEC001", Some("ab"), None, b"v"),
            of(&key, "SEC001", Some(""), Some("ab"), b"v"),
            of(&key, "SEC001", None, Some("ab"), b"v"),
            of(&key, "SEC001", Some("a"), Some("b"), b""),
            of(&key, "SEC001", Some("a"), Some("b"), b"w"),
            of(&Key::of(b"other"), "SEC001", Some("a"), Some("b"), b"v"),
            fingerprint(&key, "SEC001", "host/group/ap", Some("a"), Some("b"), b"v"),
        ];
        let different: HashSet<&String> = prints.iter().collect();
        assert_eq!(different.len(), prints.len());
        for print in &prints {
            assert_eq!(print.len(), 64);
            assert!(print.bytes().all(|b| b.is_ascii_hexdigit()));
        }
    }

    #[test]
    fn the_environment_comes_before_the_configuration_and_that_before_the_identity() {
        let id = |environment: Option<&[u8]>, configured| {
            Key::choose(environment, configured, "host/group/app").id()
        };
        let of = |text: &[u8]| Key::of(text).id();
        assert_eq!(id(Some(b"env"), Some("file")), of(b"env"));
        assert_eq!(id(Some(b" env\n"), None), of(b"env"));
        assert_eq!(id(Some(b"\n"), Some("file")), of(b"file"));
        assert_eq!(id(None, Some("file")), of(b"file"));
        assert_eq!(id(None, Some(" ")), of(b"host/group/app"));
        assert_eq!(id(None, None), of(b"host/group/app"));
        assert_eq!(of(b"env").len(), 16);
        assert!(Key::given(None, Some("")).is_none());
        assert_eq!(format!("{:?}", Key::of(b"env")), "Key(..)");
    }

    #[test]
    fn clones_of_one_repository_have_one_identity() {
        for url in [
            "https://gitlab.example.com/group/sub/app.git",
            "https://gitlab.example.com/group/sub/app",
            "https://gitlab.example.com/group/sub/app.git/",
            "https://GitLab.Example.com:443/group/sub/app.git",
            "https://gitlab-ci-token:t0ken@gitlab.example.com/group/sub/app.git",
            "https://user:p@ss/word@gitlab.example.com/group/sub/app.git",
            "https://gitlab.example.com/group/sub/app.git?private_token=x#y",
            "http://gitlab.example.com:8080//group/sub/app.git",
            "ssh://git@gitlab.example.com/group/sub/app.git",
            "ssh://git@gitlab.example.com:22/group/sub/app.git",
            "ssh://git@gitlab.example.com.:2222/group/sub/app.git",
            "git+ssh://git@gitlab.example.com/group/sub/app.git",
            "git@gitlab.example.com:group/sub/app.git",
            "git@gitlab.example.com:/group/sub/app.git",
            "gitlab.example.com:group/sub/app",
            "git@[gitlab.example.com:22]:group/sub/app.git",
            " git@gitlab.example.com:group/./sub/app.git\n",
        ] {
            let identity = repository_identity(Some(url), "folder");
            assert_eq!(identity, "gitlab.example.com/group/sub/app", "{url}");
        }
        for (url, expected) in [
            ("/srv/git/group/app.git", "app"),
            ("/home/me/app/.git", "app"),
            ("../app", "app"),
            ("file:///srv/git/app.git", "app"),
            (r"C:\repos\app.git", "app"),
            ("C:/repos/app.git", "app"),
            ("./a:b/app", "app"),
            ("ssh://git@[::1]:22/group/app.git", "::1/group/app"),
            ("git@[::1]:group/app.git", "::1/group/app"),
            ("git@host:~me/app.git", "host/~me/app"),
            // Nothing that can be named.
            ("", "folder"),
            ("..", "folder"),
            ("https://host", "folder"),
            ("https://host/", "folder"),
            ("https:///app", "folder"),
            ("https://user:t0ken@", "folder"),
            ("ext::sh -c t0ken", "folder"),
            ("codecommit::eu-west-1://app", "folder"),
        ] {
            assert_eq!(repository_identity(Some(url), "folder"), expected, "{url}");
        }
        assert_eq!(repository_identity(None, "folder"), "folder");
    }

    proptest::proptest! {
        #[test]
        fn a_password_never_becomes_part_of_a_name(
            user in "[a-z]{1,5}",
            password in "[a-z:@/.]{0,8}Zq7[a-z:@/.?#]{0,8}",
        ) {
            let url = format!("https://{user}:{password}@host/group/app.git");
            proptest::prop_assert_eq!(repository_identity(Some(&url), "folder"), "host/group/app");
        }

        #[test]
        fn any_text_will_do(url in "[a-z:@/.\\[\\]#? ~\\\\+-]{0,30}") {
            repository_identity(Some(&url), "folder");
        }
    }
}
