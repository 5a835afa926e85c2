//! Existing Docker config files (`~/.docker/config.json`, podman's `auth.json`): which ones pull images.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};

/// Takes what Go's decoders take: padding or none, and stray bits at the end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Largest Docker config read, in bytes: more cannot be in a Secret anyway.
const MAX_CONFIG: usize = super::names::MAX_SECRET_SIZE;

pub(super) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// One registry of a config file, without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryEntry {
    /// The key below `auths`.
    pub server: String,
    /// The user name kubelet will send.
    pub username: String,
}

/// Checks that every entry of a Docker config holds a credential that kubelet and Flux can use, and lists them in
/// byte order of their servers.
///
/// The rules are kubelet's: `auth`, where present, replaces `username` and `password`; it is
/// `base64(username:password)`, split at the first `:`; helpers and identity tokens are ignored.
///
/// # Errors
/// `Kind::Input` when the file is not a JSON object, has no `auths`, refers to a credential store or helper, or an
/// entry's credential is missing, malformed or contradicts itself.
pub fn check(config: &[u8]) -> Result<Vec<RegistryEntry>> {
    let members = members(config)?;
    let auths = auths(&members)?;
    let has = |name: &str| {
        members
            .get(name)
            .is_some_and(|value| !matches!(value.get(), "\"\"" | "{}" | "null"))
    };
    let helper = ["credsStore", "credHelpers"]
        .into_iter()
        .find(|name| has(name));
    if auths.is_empty() {
        return Err(match helper {
            Some(helper) => kept_elsewhere("the Docker config holds no credential", helper),
            None => Error::new(Kind::Input, "`auths` of the Docker config is empty")
                .hint("log in first, or give the registry, user name and password"),
        });
    }
    auths
        .iter()
        .map(|(server, entry)| check_entry(server, entry, helper))
        .collect()
}

pub(super) fn is_json_object(json: &[u8]) -> bool {
    serde_json::from_slice::<Members<'_>>(json).is_ok()
}

pub(super) fn members(config: &[u8]) -> Result<Members<'_>> {
    if config.len() > MAX_CONFIG {
        return Err(Error::new(
            Kind::Input,
            format!("the Docker config has more than {MAX_CONFIG} bytes"),
        )
        .hint("is this the right file?"));
    }
    serde_json::from_slice(config).map_err(|e| {
        // The parser's own message may quote the input.
        Error::new(Kind::Input, "the Docker config is not a JSON object")
            .because(format!(
                "the JSON is wrong at line {}, column {}",
                e.line(),
                e.column()
            ))
            .hint("give the file that `docker login` or `podman login` writes")
    })
}

pub(super) fn auths<'a>(members: &Members<'a>) -> Result<Members<'a>> {
    let Some(auths) = members.get("auths") else {
        if let Some(helper) = ["credsStore", "credHelpers"]
            .into_iter()
            .find(|name| members.contains_key(*name))
        {
            return Err(kept_elsewhere(
                "the Docker config holds no credential",
                helper,
            ));
        }
        return Err(
            Error::new(Kind::Input, "the Docker config has no `auths`").hint(
                "give the file that `docker login` or `podman login` writes: `{\"auths\": {...}}`",
            ),
        );
    };
    serde_json::from_str(auths.get()).map_err(|_| {
        Error::new(
            Kind::Input,
            "`auths` of the Docker config is not a JSON object",
        )
        .hint("give the file that `docker login` or `podman login` writes: `{\"auths\": {...}}`")
    })
}

fn kept_elsewhere(message: impl Into<String>, helper: &str) -> Error {
    Error::new(Kind::Input, message)
        .because(format!("`{helper}` keeps it in a program of this machine, where the cluster cannot ask"))
        .hint("give the registry, user name and password, or log in with `podman login --authfile=FILE`")
}

fn check_entry(server: &str, entry: &RawValue, helper: Option<&str>) -> Result<RegistryEntry> {
    let wrong = |what: &str| {
        Error::new(
            Kind::Input,
            format!("the entry `{server}` of the Docker config {what}"),
        )
    };
    let Ok(fields) = serde_json::from_str::<Members<'_>>(entry.get()) else {
        return Err(
            wrong("is not a JSON object").hint("it needs `auth`, or `username` and `password`")
        );
    };
    let text = |name: &str| -> Result<Zeroizing<String>> {
        let raw = fields.get(name).map_or("\"\"", |value| value.get());
        let text: Option<String> = serde_json::from_str(raw).map_err(|_| {
            wrong(&format!("has a `{name}` that is not a string")).hint("write it in quotes")
        })?;
        Ok(Zeroizing::new(text.unwrap_or_default()))
    };
    let (username, password, auth) = (text("username")?, text("password")?, text("auth")?);
    let token = ["identitytoken", "registrytoken"]
        .into_iter()
        .find(|name| text(name).is_ok_and(|t| !t.is_empty()));

    let username = if auth.is_empty() {
        if username.is_empty() || password.is_empty() {
            return Err(no_credential(&wrong, token, helper));
        }
        username
    } else {
        let pair = decode_auth(&auth).ok_or_else(|| {
            wrong("has a malformed `auth`")
                .because("it must be base64 of `username:password`")
                .hint("log in again, or give the user name and password")
        })?;
        let (auth_user, auth_password) = pair.split_once(':').unwrap_or_default();
        if auth_user.is_empty() || auth_password.is_empty() {
            return Err(no_credential(&wrong, token, helper));
        }
        let contradicts = |field: &str, decoded: &str| !field.is_empty() && field != decoded;
        // A `:` in the user name also ends here: the decoded name stops before it.
        if contradicts(&username, auth_user) || contradicts(&password, auth_password) {
            let reason = if username.contains(':') {
                "a user name with `:` cannot be told from the password"
            } else {
                "readers use `auth` and ignore `username` and `password`"
            };
            return Err(
                wrong("contradicts itself: `auth` is not its `username` and `password`")
                    .because(reason)
                    .hint("log in again, or give the user name and password"),
            );
        }
        Zeroizing::new(auth_user.to_owned())
    };
    if username.contains(':') {
        return Err(wrong("has a user name with `:`")
            .because("readers split the credential at the first `:`")
            .hint("use an account or token whose user name has no `:`"));
    }
    Ok(RegistryEntry {
        server: server.to_owned(),
        username: username.to_string(),
    })
}

fn no_credential(
    wrong: &dyn Fn(&str) -> Error,
    token: Option<&str>,
    helper: Option<&str>,
) -> Error {
    match (token, helper) {
        (Some(token), _) => wrong(&format!("has only an `{token}`"))
            .because("kubelet cannot pull with it")
            .hint("use a user name and a token that works as a password"),
        (None, Some(helper)) => kept_elsewhere(wrong("holds no credential").message(), helper),
        (None, None) => wrong("holds no user name and password")
            .hint("it needs `auth`, or `username` and `password`"),
    }
}

/// The decoded `username:password`, if there is a `:` in it.
fn decode_auth(auth: &str) -> Option<Zeroizing<String>> {
    let joined: Zeroizing<Vec<u8>> = Zeroizing::new(
        auth.bytes()
            .filter(|b| !matches!(b, b'\r' | b'\n'))
            .collect(),
    );
    let decoded = Zeroizing::new(LENIENT.decode(&*joined).ok()?);
    let pair = std::str::from_utf8(&decoded)
        .ok()
        .filter(|pair| pair.contains(':'))?;
    Some(Zeroizing::new(pair.to_owned()))
}
