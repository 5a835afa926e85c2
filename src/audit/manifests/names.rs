//! Names: which can be those of credentials, and which only say where one is.

use crate::audit::benign;

/// One of these, or of [`SHORT_STEMS`], is in every name that this family takes for that of a credential: all lower
/// case, all upper case, or with a capital first, which is left out where enough is left. Names of addresses
/// (`DATABASE_URL`) are not among them: a password in a URL is found wherever it stands. None is shorter than four
/// bytes: the vector search compares as many at once as the shortest has, and what it then has to look at takes
/// most of its time.
pub(super) const STEMS: &[&str] = &[
    "pass", "Pass", "PASS", "pword", "ootpw", "indpw", "ecret", "ECRET", "oken", "OKEN", "cred",
    "Cred", "CRED", "asic", "ASIC", "salt", "Salt", "SALT", "tsig", "Tsig", "TSIG", "conn", "Conn",
    "CONN",
];

/// Stems of three bytes, which are looked for by themselves.
pub(super) const SHORT_STEMS: &[&str] = &[
    "key", "Key", "KEY", "pwd", "Pwd", "PWD", "_pw", "_PW", "psk", "Psk", "PSK", "dsn", "Dsn",
    "DSN",
];

/// The longest name that counts.
pub(super) const MAX_NAME: usize = 128;

/// A byte of a name.
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The name is that of a credential. [`super::prefilter`] finds every such name in a text.
pub(super) fn is_credential(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.bytes().all(is_name_byte)
        && super::prefilter::has_stem(name)
        && benign::is_credential_name(name)
}

/// The name says that its value is where a credential is: a Secret, a file, a variable.
pub(super) fn names_a_place(name: &str) -> bool {
    const ENDS: &[&str] = &[
        "Ref", "_ref", "Refs", "From", "Name", "_name", "File", "_file", "_FILE", "Path", "_path",
    ];
    name.starts_with("existing") || ENDS.iter().any(|end| name.ends_with(end))
}

/// A key of a mapping for a message.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let clean = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    let mut short: String = text.chars().take(LONGEST).map(clean).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_points_at_a_secret_is_none_of_a_credential() {
        for name in [
            "existingSecret",
            "existing_password",
            "tokenSecretRef",
            "passwordSecretName",
            "DB_PASSWORD_FILE",
            "secretKeyRef",
            "valueFrom",
        ] {
            assert!(names_a_place(name), "{name}");
        }
        for name in ["password", "DB_PASSWORD", "apiToken", "clientSecret"] {
            assert!(!names_a_place(name), "{name}");
        }
    }
}
