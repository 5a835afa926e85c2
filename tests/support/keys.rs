//! The test keys as identities, without looking at this machine's own.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use secrets::keys::{CommandOutput, Environment, Identities, NoCallbacks, Recipient};

struct Fixed {
    variables: HashMap<String, OsString>,
    directory: PathBuf,
}

impl Environment for Fixed {
    fn var(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).cloned()
    }

    fn directory(&self) -> &Path {
        &self.directory
    }

    fn run(&self, _: &[String], _: &[(&str, &str)]) -> io::Result<CommandOutput> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Identities from these variables alone.
pub(crate) fn identities(variables: &[(&str, &str)]) -> Identities {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let variables = variables
        .iter()
        .map(|(k, v)| ((*k).to_owned(), OsString::from(v)))
        .collect();
    Identities::load(
        Fixed {
            variables,
            directory,
        },
        NoCallbacks,
    )
}

/// All golden identities: three X25519, one post-quantum, one SSH.
pub(crate) fn golden_identities() -> Identities {
    let plain = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/plain");
    let keys = std::fs::read_to_string(plain.join("identities.txt")).unwrap()
        + &std::fs::read_to_string(plain.join("identity-pq.txt")).unwrap();
    identities(&[
        ("SOPS_AGE_KEY", &keys),
        (
            "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
            plain.join("ssh_ed25519").to_str().unwrap(),
        ),
    ])
}

/// Alice's recipient, the first of the golden ones.
pub(crate) fn alice() -> Recipient {
    let plain = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/plain/recipients.txt");
    let text = std::fs::read_to_string(plain).unwrap();
    let word = text
        .split_whitespace()
        .find(|w| w.starts_with("age1"))
        .expect("a recipient");
    Recipient::parse(word).unwrap()
}
