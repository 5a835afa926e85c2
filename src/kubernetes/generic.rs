//! Values from literals, files and env files, by the rules of `kubectl create secret generic`.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::names;
use super::secret::SecretManifest;
use crate::error::{Error, Kind, Place, Result};
use crate::secret::SecretBytes;

/// Collects the values of a Secret; a key given twice is an error, wherever it comes from.
#[derive(Clone, Debug, Default)]
pub struct Values(SecretManifest);

impl Values {
    /// No values yet.
    pub fn new() -> Self {
        Values::default()
    }

    /// Adds the value of a key.
    ///
    /// # Errors
    /// `Kind::Input` when the key is not valid or already there.
    pub fn add(&mut self, key: &str, value: SecretBytes) -> Result<()> {
        self.0.insert(key, value)
    }

    /// Adds `key=value`, split at the first `=`; nothing is unquoted.
    ///
    /// # Errors
    /// `Kind::Input` without a key or `=`, or as [`add`](Self::add). The value is never quoted.
    pub fn add_literal(&mut self, literal: &str) -> Result<()> {
        match literal.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                self.add(key, SecretBytes::copy_of(value.as_bytes()))
            }
            _ => Err(Error::new(Kind::Input, "a literal has no key").hint("write `KEY=VALUE`")),
        }
    }

    /// Adds every line of an env file (`kubectl --from-env-file`): blanks before the name are dropped, lines that
    /// then are empty or start with `#` skipped; nothing is unquoted, and blanks after `=` and at the end belong to
    /// the value. A line without `=` takes the value `environment` gives, or an empty one.
    ///
    /// # Errors
    /// `Kind::Input` with the line, for a name that is not an environment variable's, a name given twice, or a line
    /// that is not UTF-8.
    pub fn add_env_file(
        &mut self,
        text: &[u8],
        environment: &dyn Fn(&str) -> Option<Zeroizing<String>>,
    ) -> Result<()> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        for (index, line) in text.split(|&b| b == b'\n').enumerate() {
            let place = || Place {
                file: None,
                line: index + 1,
                column: 1,
                source_line: None,
            };
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let line = std::str::from_utf8(line).map_err(|_| {
                Error::new(Kind::Input, "the env file is not UTF-8")
                    .at(place())
                    .hint("save it as UTF-8")
            })?;
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = match line.split_once('=') {
                Some((name, value)) => (name, SecretBytes::copy_of(value.as_bytes())),
                None => (line, environment_value(line, environment)),
            };
            check_variable(name).map_err(|e| e.at(place()))?;
            self.add(name, value).map_err(|e| e.at(place()))?;
        }
        Ok(())
    }

    /// The values, by key.
    pub fn into_data(self) -> BTreeMap<String, SecretBytes> {
        self.0.data
    }

    /// The Secret `kubectl create secret generic` makes; `secret_type` is written only when given.
    ///
    /// # Errors
    /// As [`SecretManifest::check`].
    pub fn into_secret(
        self,
        name: &str,
        namespace: Option<&str>,
        secret_type: Option<&str>,
    ) -> Result<SecretManifest> {
        SecretManifest {
            data: self.into_data(),
            ..SecretManifest::new(name, namespace, secret_type)
        }
        .checked()
    }
}

fn environment_value(
    name: &str,
    environment: &dyn Fn(&str) -> Option<Zeroizing<String>>,
) -> SecretBytes {
    environment(name)
        .map(|value| SecretBytes::copy_of(value.as_bytes()))
        .unwrap_or_default()
}

/// Splits `[KEY=]PATH` as `kubectl --from-file` does; without a key it is the last part of the path.
///
/// # Errors
/// `Kind::Usage` for an empty key or path or more than one `=`, `Kind::Input` for a key that is not valid.
pub fn file_source(source: &str) -> Result<(&str, &str)> {
    let usage = |message: &str| {
        Err(Error::new(Kind::Usage, format!("{message} in `{source}`"))
            .hint("write `KEY=PATH`, or only `PATH`"))
    };
    let (key, path) = match source.split_once('=') {
        None => (
            source
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default(),
            source,
        ),
        Some((_, path)) if path.contains('=') => return usage("there is more than one `=`"),
        Some(("", _)) => return usage("the key is missing"),
        Some((_, "")) => return usage("the path is missing"),
        Some(pair) => pair,
    };
    names::check_data_key(key)?;
    Ok((key, path))
}

/// Kubernetes `IsEnvVarName`: `[-._a-zA-Z][-._a-zA-Z0-9]*`, not `.` and not starting with `..`. The name is not
/// shown, because a line that is no assignment may well be part of a value.
fn check_variable(name: &str) -> Result<()> {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let starts_well = name
        .bytes()
        .next()
        .is_some_and(|b| inner(b) && !b.is_ascii_digit());
    if starts_well && name.bytes().all(inner) && name != "." && !name.starts_with("..") {
        return Ok(());
    }
    Err(Error::new(Kind::Input, "the line does not start with the name of a variable")
        .because("names consist of letters, digits, `-`, `_` and `.`, do not start with a digit, and touch the `=`")
        .hint("write `NAME=VALUE` without `export`, quotes or blanks before the `=`; values have one line"))
}

#[cfg(test)]
#[path = "generic_tests.rs"]
mod tests;
