//! Docker config JSON built from registry credentials, as `kubectl create secret docker-registry` writes it.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::buffer::{base64_of, push_char};
use super::docker_file;
use super::secret::{SecretManifest, TYPE_DOCKER_CONFIG_JSON};
use crate::error::{Error, Kind, Result};
use crate::secret::{SecretBuffer, SecretBytes};

/// The server kubectl assumes when none is given: Docker Hub.
pub const DEFAULT_SERVER: &str = "https://index.docker.io/v1/";

/// The key of the Secret that holds the Docker config.
pub const DOCKER_CONFIG_KEY: &str = ".dockerconfigjson";

/// What a registry needs to let somebody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryCredential {
    /// The registry, written verbatim as the key below `auths` (see [`super::registry_server`]).
    pub server: String,
    /// User name; must not contain `:`.
    pub username: String,
    /// Password or token, UTF-8.
    pub password: SecretBytes,
    /// Mail address; left out when `None` or empty.
    pub email: Option<String>,
}

impl RegistryCredential {
    /// Checks that kubelet and Flux can use the credential.
    ///
    /// # Errors
    /// `Kind::Input` for an empty server, user name or password, a `:` in the user name (the readers split
    /// `auth` at the first one), or a password that is not UTF-8 (JSON cannot hold it).
    pub fn check(&self) -> Result<()> {
        self.password_text().map(drop)
    }

    fn password_text(&self) -> Result<&str> {
        let server = if self.server.is_empty() {
            "the registry"
        } else {
            &self.server
        };
        let refused = |message: String| Err(Error::new(Kind::Input, message));
        if self.server.is_empty() {
            return refused("the registry server is empty".to_owned()).map_err(|e| {
                e.hint(
                    "name the registry as image names do, for example `registry.example.com:5050`",
                )
            });
        }
        if self.username.is_empty() {
            return refused(format!("the user name for {server} is empty"))
                .map_err(|e| e.hint("give a user name"));
        }
        if self.username.contains(':') {
            return refused(format!("the user name for {server} contains `:`")).map_err(|e| {
                e.because("readers split the credential at the first `:`, so the rest would count as password")
                    .hint("use an account or token whose user name has no `:`")
            });
        }
        match self.password.expose_text() {
            Some("") => refused(format!("the password for {server} is empty"))
                .map_err(|e| e.hint("give a password")),
            Some(text) => Ok(text),
            None => refused(format!("the password for {server} is not UTF-8")).map_err(|e| {
                e.because("JSON cannot hold it")
                    .hint("check that the input is text, not a file")
            }),
        }
    }

    fn write_json(&self, out: &mut SecretBuffer) -> Result<()> {
        let password = self.password_text()?;
        let pair = Zeroizing::new([self.username.as_bytes(), b":", password.as_bytes()].concat());
        out.push(b"{\"username\":");
        write_json_string(out, &self.username);
        out.push(b",\"password\":");
        write_json_string(out, password);
        if let Some(email) = self.email.as_deref().filter(|email| !email.is_empty()) {
            out.push(b",\"email\":");
            write_json_string(out, email);
        }
        out.push(b",\"auth\":\"");
        out.push_str(&base64_of(&pair));
        out.push(b"\"}");
        Ok(())
    }
}

/// The Docker config JSON of one or more registries: compact, servers in byte order, no line break at the end.
///
/// # Errors
/// `Kind::Input` when there is no credential, one is unusable, or a server is named twice.
pub fn build(credentials: &[RegistryCredential]) -> Result<SecretBytes> {
    let sorted = by_server(credentials)?;
    let mut out = SecretBuffer::with_capacity(1024);
    out.push(b"{\"auths\":{");
    for (index, (server, credential)) in sorted.into_iter().enumerate() {
        start_member(&mut out, index, server);
        credential.write_json(&mut out)?;
    }
    out.push(b"}}");
    Ok(out.into())
}

/// Adds credentials to an existing Docker config JSON, replacing the entries of the same servers. Everything else
/// keeps its text, apart from blanks between tokens; members come out in byte order.
///
/// # Errors
/// As [`build`] and [`docker_file::check`].
pub fn merge(existing: &[u8], credentials: &[RegistryCredential]) -> Result<SecretBytes> {
    let new = by_server(credentials)?;
    let old = docker_file::members(existing)?;
    let old_auths = docker_file::auths(&old)?;
    let mut servers: BTreeMap<&str, Option<&RegistryCredential>> = old_auths
        .keys()
        .map(|server| (server.as_str(), None))
        .collect();
    servers.extend(
        new.into_iter()
            .map(|(server, credential)| (server, Some(credential))),
    );

    let mut out = SecretBuffer::with_capacity(existing.len() + 1024);
    out.push(b"{");
    for (index, (name, text)) in old.iter().enumerate() {
        start_member(&mut out, index, name);
        if name != "auths" {
            write_compact(&mut out, text.get());
            continue;
        }
        out.push(b"{");
        for (index, (&server, credential)) in servers.iter().enumerate() {
            start_member(&mut out, index, server);
            match (credential, old_auths.get(server)) {
                (Some(credential), _) => credential.write_json(&mut out)?,
                (None, Some(text)) => write_compact(&mut out, text.get()),
                (None, None) => out.push(b"{}"),
            }
        }
        out.push(b"}");
    }
    out.push(b"}");
    let merged = SecretBytes::from(out);
    docker_file::check(merged.expose())?;
    Ok(merged)
}

/// The Secret `kubectl create secret docker-registry` makes, for one or more registries.
///
/// # Errors
/// As [`build`] and [`SecretManifest::check`].
pub fn secret(
    name: &str,
    namespace: Option<&str>,
    credentials: &[RegistryCredential],
) -> Result<SecretManifest> {
    of_config(name, namespace, build(credentials)?)
}

/// The Secret of an existing config file, whose bytes are kept unchanged.
///
/// # Errors
/// As [`docker_file::check`] and [`SecretManifest::check`].
pub fn secret_from_file(
    name: &str,
    namespace: Option<&str>,
    config: SecretBytes,
) -> Result<SecretManifest> {
    docker_file::check(config.expose())?;
    of_config(name, namespace, config)
}

fn of_config(name: &str, namespace: Option<&str>, config: SecretBytes) -> Result<SecretManifest> {
    let mut secret = SecretManifest::new(name, namespace, Some(TYPE_DOCKER_CONFIG_JSON));
    secret.insert(DOCKER_CONFIG_KEY, config)?;
    secret.checked()
}

fn by_server(credentials: &[RegistryCredential]) -> Result<BTreeMap<&str, &RegistryCredential>> {
    if credentials.is_empty() {
        return Err(Error::new(Kind::Input, "no registry is given")
            .hint("give a server, a user name and a password"));
    }
    let mut sorted = BTreeMap::new();
    for credential in credentials {
        credential.check()?;
        if sorted
            .insert(credential.server.as_str(), credential)
            .is_some()
        {
            return Err(Error::new(
                Kind::Input,
                format!("the registry {} is given twice", credential.server),
            )
            .hint("a Docker config holds one credential a server"));
        }
    }
    Ok(sorted)
}

fn start_member(out: &mut SecretBuffer, index: usize, name: &str) {
    if index > 0 {
        out.push(b",");
    }
    write_json_string(out, name);
    out.push(b":");
}

/// Copies JSON text that is known to be valid, without the blanks between its tokens.
fn write_compact(out: &mut SecretBuffer, json: &str) {
    let (mut in_string, mut escaped) = (false, false);
    for &byte in json.as_bytes() {
        if in_string || !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            out.push(&[byte]);
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
    }
}

/// A JSON string as Go's `encoding/json` writes it, which also escapes what HTML would interpret.
fn write_json_string(out: &mut SecretBuffer, text: &str) {
    out.push(b"\"");
    for c in text.chars() {
        match c {
            '"' => out.push(b"\\\""),
            '\\' => out.push(b"\\\\"),
            '\n' => out.push(b"\\n"),
            '\r' => out.push(b"\\r"),
            '\t' => out.push(b"\\t"),
            '\u{8}' => out.push(b"\\b"),
            '\u{c}' => out.push(b"\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => push_char(out, c),
        }
    }
    out.push(b"\"");
}

#[cfg(test)]
#[path = "docker_tests.rs"]
mod tests;
