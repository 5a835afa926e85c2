//! Whatever a text holds, all checks get to its end, and what tells quickly that there is nothing to find is right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secrets::audit::policy::Rules;
use secrets::audit::subject::Subject;
use secrets::audit::{credentials, leftovers, manifests, policy};

const PATHS: [&str; 8] = [
    "k8s/dev/a.yaml",
    "a.json",
    "notes.md",
    ".gitlab-ci.yml",
    "kustomization.yaml",
    "Dockerfile",
    ".env",
    "a.yaml.bak",
];

fuzz_target!(|input: (u8, &[u8])| {
    let (which, text) = input;
    let path = PATHS[usize::from(which) % PATHS.len()];
    let subject = Subject::new(path, text);
    let mut hits = Vec::new();
    policy::check(&subject, &Rules::default(), &mut hits);
    leftovers::check(&subject, None, &mut hits);
    let inside = hits.iter().all(|hit| hit.span.end <= text.len());
    assert!(inside, "{path}: a place outside of the text");

    let mut hits = Vec::new();
    credentials::check(&subject, &mut hits);
    assert!(
        hits.is_empty() || credentials::may_hold(text) || credentials::is_credential_file(path),
        "{path}: a credential that was not expected: {hits:?}"
    );

    let mut hits = Vec::new();
    manifests::check(&subject, None, &mut hits);
    assert!(
        hits.is_empty() || path == "Dockerfile" || manifests::has_values(text),
        "{path}: a value that was not expected: {hits:?}"
    );
});
