//! The runbook's two repositories with a recipient and sealed files, as its tests have them.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::repository::{Audit, Place, Repository};

#[path = "runbook/plants.rs"]
pub(crate) mod plants;

/// The value in every planted leak, which no report may hold. Made for these tests.
pub(crate) const VALUE: &str = "q7Rk2Lm9Xw4TzB1c";

pub(crate) const REGISTRY: &str =
    "clusters/my-cluster/flux-system/secrets/blaster-dev-registry.yaml";
pub(crate) const DATABASE: &str = "k8s/dev/10-secret-db.enc.yaml";

/// A test recipient.
pub(crate) fn recipient(name: &str) -> String {
    let text = std::fs::read_to_string(data().join("golden/plain/recipients.txt")).unwrap();
    let found = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.unwrap().to_owned()
}

/// The identity that opens the runbook's files. Worthless: it is in `testdata`.
pub(crate) fn alice_identity() -> String {
    let text = std::fs::read_to_string(data().join("golden/plain/identities.txt")).unwrap();
    let mut lines = text.lines().filter(|line| line.starts_with("AGE-SECRET"));
    lines.next().unwrap().to_owned()
}

pub(crate) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// Both repositories, committed.
pub(crate) struct Runbook {
    place: Place,
    pub(crate) flux: Repository,
    pub(crate) blaster: Repository,
}

impl Runbook {
    /// Made once with git, then copied.
    pub(crate) fn new() -> Self {
        static MADE: OnceLock<Place> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let place = Place::new();
            for name in ["flux-config", "blaster"] {
                let repository = place.repository(name);
                copy(&data().join("runbook").join(name), &repository.path);
                repository.commit("Start from the runbook");
            }
            place
        });
        let place = Place::new();
        for name in ["flux-config", "blaster"] {
            place.copy_of(made, name);
        }
        let (flux, blaster) = (place.existing("flux-config"), place.existing("blaster"));
        Runbook {
            place,
            flux,
            blaster,
        }
    }

    /// Audits both in one run.
    pub(crate) fn audit(&self, arguments: &[&str]) -> Audit {
        let arguments = [arguments, &["flux-config", "blaster"]].concat();
        self.place.audit(self.place.path(), &arguments)
    }
}

/// Copies a tree, with Alice in the place of the runbook's placeholder.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            std::fs::write(
                target,
                text.replace("AGE_PUBLIC_KEY_HERE", &recipient("alice")),
            )
            .unwrap();
        }
    }
}
