//! User names with passwords: Secrets of type `kubernetes.io/basic-auth`.

use super::secret::{SecretManifest, TYPE_BASIC_AUTH};
use crate::error::{Error, Kind, Result};
use crate::secret::SecretBytes;

/// A Secret with `username` and `password`, which also opens Git and Helm repositories for Flux.
///
/// # Errors
/// `Kind::Input` when either is empty, or a control character would end up in a header (a line break at the end of
/// a password read from a file is the usual accident); or as [`SecretManifest::check`].
pub fn basic_auth(
    name: &str,
    namespace: Option<&str>,
    username: &str,
    password: SecretBytes,
) -> Result<SecretManifest> {
    let values = [
        ("user name", username.as_bytes()),
        ("password", password.expose()),
    ];
    for (what, value) in values {
        if value.is_empty() {
            return Err(Error::new(Kind::Input, format!("the {what} is empty"))
                .hint(format!("give a {what}")));
        }
        if value.iter().any(u8::is_ascii_control) {
            return Err(Error::new(
                Kind::Input,
                format!("the {what} contains a control character"),
            )
            .because("it would be sent as part of the credential")
            .hint("remove the line break at its end"));
        }
    }
    if username.contains(':') {
        return Err(Error::new(Kind::Input, "the user name contains `:`")
            .because("RFC 7617 separates user name and password by the first `:`")
            .hint("use a user name without `:`"));
    }
    let mut secret = SecretManifest::new(name, namespace, Some(TYPE_BASIC_AUTH));
    secret.insert("username", SecretBytes::copy_of(username.as_bytes()))?;
    secret.insert("password", password)?;
    secret.checked()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn both_halves_are_needed_and_clean() {
        let with = |user: &str, password: &str| {
            basic_auth("git", None, user, SecretBytes::copy_of(password.as_bytes()))
        };
        let secret = with("me", "p:w").unwrap();
        assert_eq!(
            std::str::from_utf8(&secret.to_yaml()).unwrap(),
            "apiVersion: v1\ndata:\n  password: cDp3\n  username: bWU=\nkind: Secret\nmetadata:\n  name: git\n\
             type: kubernetes.io/basic-auth\n"
        );
        for (user, password) in [
            ("", "p"),
            ("u", ""),
            ("u:v", "p"),
            ("u", "p\n"),
            ("u\t", "p"),
        ] {
            assert!(with(user, password).is_err(), "{user:?} {password:?}");
        }
    }
}
