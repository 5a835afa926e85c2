//! A Secret and its manifest, byte for byte as kubectl 1.34 and later print it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::buffer::base64_of;
use super::names;
use super::yaml_scalar::{write_entry, write_key};
use crate::error::{Error, Kind, Result};
use crate::secret::{SecretBuffer, SecretBytes};

/// Type of a Secret with the credentials of container registries.
pub const TYPE_DOCKER_CONFIG_JSON: &str = "kubernetes.io/dockerconfigjson";
/// Type of a Secret with registry credentials in the old format.
pub const TYPE_DOCKER_CFG: &str = "kubernetes.io/dockercfg";
/// Type of a Secret with a certificate chain and its private key.
pub const TYPE_TLS: &str = "kubernetes.io/tls";
/// Type of a Secret with a user name and a password.
pub const TYPE_BASIC_AUTH: &str = "kubernetes.io/basic-auth";
/// Type of a Secret with an SSH private key.
pub const TYPE_SSH_AUTH: &str = "kubernetes.io/ssh-auth";
/// Type of a Secret with the token of a service account.
pub const TYPE_SERVICE_ACCOUNT_TOKEN: &str = "kubernetes.io/service-account-token";

/// A Secret of `v1`, its values not yet base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretManifest {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; not written when `None`.
    pub namespace: Option<String>,
    /// `metadata.labels`; not written when empty.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`; not written when empty.
    pub annotations: BTreeMap<String, String>,
    /// `type`; not written when `None` or empty, which the API server takes for `Opaque`.
    pub secret_type: Option<String>,
    /// `data`, decoded; not written when empty.
    pub data: BTreeMap<String, SecretBytes>,
    /// `immutable`; not written when `None`.
    pub immutable: Option<bool>,
}

impl SecretManifest {
    /// An empty Secret of a name and, where known, a namespace and a type.
    pub fn new(
        name: impl Into<String>,
        namespace: Option<&str>,
        secret_type: Option<&str>,
    ) -> Self {
        SecretManifest {
            name: name.into(),
            namespace: namespace.map(str::to_owned),
            secret_type: secret_type.map(str::to_owned),
            ..SecretManifest::default()
        }
    }

    /// Adds a value.
    ///
    /// # Errors
    /// `Kind::Input` when the key is not valid or already there.
    pub fn insert(&mut self, key: impl Into<String>, value: SecretBytes) -> Result<()> {
        let key = key.into();
        names::check_data_key(&key)?;
        if self.data.contains_key(&key) {
            return Err(
                Error::new(Kind::Input, format!("the key `{key}` is given twice"))
                    .hint("every key of a Secret holds one value: give one of them another name"),
            );
        }
        self.data.insert(key, value);
        Ok(())
    }

    /// Checks everything the API server checks when the Secret is created: names, keys, labels, annotations,
    /// sizes, and what the type requires of the data.
    ///
    /// # Errors
    /// `Kind::Input` with the first rule that is not met.
    pub fn check(&self) -> Result<()> {
        names::check_name(&self.name)?;
        if let Some(namespace) = &self.namespace {
            names::check_namespace(namespace)?;
        }
        for (key, value) in &self.labels {
            names::check_label_key(key)?;
            names::check_label_value(value)?;
        }
        names::check_annotations(&self.annotations)?;
        self.data
            .keys()
            .try_for_each(|key| names::check_data_key(key))?;
        names::check_data_size(self.data.values().map(|value| value.expose().len()))?;
        self.check_type()
    }

    /// [`check`](Self::check), then the Secret itself.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn checked(self) -> Result<Self> {
        self.check()?;
        Ok(self)
    }

    fn check_type(&self) -> Result<()> {
        let missing = |what: String| {
            let secret_type = self.secret_type.as_deref().unwrap_or_default();
            Err(Error::new(
                Kind::Input,
                format!("a Secret of type `{secret_type}` needs {what}"),
            )
            .because("the API server refuses it otherwise")
            .hint("add it, or leave the type out for a Secret without rules"))
        };
        let has = |key: &str| self.data.contains_key(key);
        match self.secret_type.as_deref() {
            Some(TYPE_DOCKER_CONFIG_JSON) => self.check_json_object(".dockerconfigjson"),
            Some(TYPE_DOCKER_CFG) => self.check_json_object(".dockercfg"),
            Some(TYPE_BASIC_AUTH) if !has("username") && !has("password") => {
                missing("the key `username` or `password`".to_owned())
            }
            Some(TYPE_SSH_AUTH)
                if self
                    .data
                    .get("ssh-privatekey")
                    .is_none_or(|key| key.expose().is_empty()) =>
            {
                missing("a non-empty key `ssh-privatekey`".to_owned())
            }
            Some(TYPE_TLS) if !has("tls.crt") || !has("tls.key") => {
                missing("the keys `tls.crt` and `tls.key`".to_owned())
            }
            Some(TYPE_SERVICE_ACCOUNT_TOKEN)
                if self
                    .annotations
                    .get("kubernetes.io/service-account.name")
                    .is_none_or(String::is_empty) =>
            {
                missing("the annotation `kubernetes.io/service-account.name`".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn check_json_object(&self, key: &str) -> Result<()> {
        let object = self
            .data
            .get(key)
            .map(|value| super::docker_file::is_json_object(value.expose()));
        match object {
            Some(true) => Ok(()),
            Some(false) => Err(Error::new(
                Kind::Input,
                format!("the value of `{key}` is not a JSON object"),
            )
            .hint("give the registry's name, user name and password, or a Docker config file")),
            None => Err(
                Error::new(Kind::Input, format!("the key `{key}` is missing"))
                    .because("the API server requires it for this type")
                    .hint(
                        "give the registry's name, user name and password, or a Docker config file",
                    ),
            ),
        }
    }

    /// The manifest as YAML with one line break at its end: keys sorted, two spaces of indentation, values base64
    /// on one line. Equals `kubectl create secret --dry-run=client -o yaml` of kubectl 1.34 and later.
    ///
    /// Control characters, which kubectl refuses or alters in labels and annotations, are escaped.
    pub fn to_yaml(&self) -> SecretBuffer {
        let values: usize = self
            .data
            .iter()
            .map(|(k, v)| k.len() * 2 + v.expose().len() / 3 * 4 + 16)
            .sum();
        let mut out = SecretBuffer::with_capacity(values + 1024);
        out.push(b"apiVersion: v1\n");
        if !self.data.is_empty() {
            out.push(b"data:\n");
            for (key, value) in in_yaml_order(&self.data) {
                write_entry(&mut out, 2, key, &base64_of(value.expose()));
            }
        }
        match self.immutable {
            Some(true) => out.push(b"immutable: true\n"),
            Some(false) => out.push(b"immutable: false\n"),
            None => {}
        }
        out.push(b"kind: Secret\nmetadata:\n");
        write_map(&mut out, "annotations", &self.annotations);
        write_map(&mut out, "labels", &self.labels);
        write_entry(&mut out, 2, "name", &self.name);
        if let Some(namespace) = self.namespace.as_deref().filter(|n| !n.is_empty()) {
            write_entry(&mut out, 2, "namespace", namespace);
        }
        if let Some(secret_type) = self.secret_type.as_deref().filter(|t| !t.is_empty()) {
            write_entry(&mut out, 0, "type", secret_type);
        }
        out
    }
}

fn write_map(out: &mut SecretBuffer, key: &str, map: &BTreeMap<String, String>) {
    if map.is_empty() {
        return;
    }
    write_key(out, 2, key);
    out.push(b"\n");
    for (key, value) in in_yaml_order(map) {
        write_entry(out, 4, key, value);
    }
}

/// The entries in go-yaml's order. Its comparison is not a total order for every set of keys, so the standard
/// sorts, which may panic on that, are out; insertion is fast here because the input is nearly sorted.
fn in_yaml_order<V>(map: &BTreeMap<String, V>) -> Vec<(&str, &V)> {
    let mut sorted: Vec<(&str, &V)> = Vec::with_capacity(map.len());
    for (key, value) in map {
        let at = sorted
            .iter()
            .rposition(|(before, _)| yaml_order(before, key).is_le())
            .map_or(0, |at| at + 1);
        sorted.insert(at, (key, value));
    }
    sorted
}

/// Letters after everything else, runs of digits by their number.
fn yaml_order(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some((at, (&x, &y))) = a.iter().zip(&b).enumerate().find(|(_, (x, y))| x != y) else {
        return a.len().cmp(&b.len());
    };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(&y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero after a non-zero digit belongs to that number: `10` and `1x` differ by more than `0` and `x`.
    let zero_inside_number = (x == '0' || y == '0')
        && a.iter()
            .take(at)
            .rev()
            .take_while(|c| c.is_ascii_digit())
            .any(|&c| c != '0');
    let number = |chars: &[char]| {
        let digits = chars.iter().skip(at).map_while(|c| c.to_digit(10));
        digits.fold(
            (i64::from(zero_inside_number), 0_usize),
            |(value, length), digit| {
                (
                    value.wrapping_mul(10).wrapping_add(i64::from(digit)),
                    length + 1,
                )
            },
        )
    };
    number(&a).cmp(&number(&b)).then(x.cmp(&y))
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
