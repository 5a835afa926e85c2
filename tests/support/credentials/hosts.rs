//! Each kind of credential in each way of writing it down.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Sample;
use super::kinds::KINDS;
use super::tokens::Dice;

/// How often each kind is made in each encoding.
const TIMES: u64 = 3;

/// The encodings.
pub const ENCODINGS: [&str; 6] = [
    "raw",
    "base64",
    "base64-twice",
    "secret-data",
    "json-escape",
    "block-scalar",
];

pub(super) fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut seed = 0;
    for kind in KINDS {
        for encoding in ENCODINGS {
            for number in 0..TIMES {
                seed += 1;
                let secret = (kind.make)(&mut Dice::new(seed));
                let (name, text, first) = host(encoding, &secret, number);
                let many = text.lines().skip(first - 1).count();
                let last = if matches!(encoding, "raw" | "block-scalar") {
                    first + secret.lines().count() - 1
                } else {
                    first
                };
                assert!(last < first + many, "{text}");
                samples.push(Sample {
                    path: format!("{}/{encoding}-{number}/{name}", kind.name),
                    bytes: text.into_bytes(),
                    kind: kind.name,
                    encoding,
                    lines: Some((first, last)),
                    checks: kind.checks,
                });
            }
        }
    }
    samples
}

/// A file that has the secret in this encoding: its name, its text and the first line of the secret.
fn host(encoding: &str, secret: &str, number: u64) -> (&'static str, String, usize) {
    let before = [
        "# Settings of the service",
        "# See the manual",
        "# Written by hand",
    ];
    let before = before[usize::try_from(number).unwrap() % 3];
    let once = STANDARD.encode(secret);
    match encoding {
        "raw" if secret.contains('\n') => (
            "notes.txt",
            format!("{before}\n\n{secret}\n\nThe end.\n"),
            3,
        ),
        "raw" => (
            "app.conf",
            format!("{before}\nregion = eu\n{secret}\nworkers = 4\n"),
            3,
        ),
        "base64" => (
            "app.toml",
            format!("{before}\nregion = \"eu\"\nblob = \"{once}\"\nworkers = 4\n"),
            3,
        ),
        "base64-twice" => (
            "app.toml",
            format!(
                "{before}\nregion = \"eu\"\nblob = \"{}\"\nworkers = 4\n",
                STANDARD.encode(once)
            ),
            3,
        ),
        "secret-data" => (
            "secret.yaml",
            format!(
                "{before}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ntype: Opaque\ndata:\n  settings: {once}\n"
            ),
            8,
        ),
        "json-escape" => {
            let text = serde_json::to_string(&format!("first\n{secret}\nlast")).unwrap();
            // As some encoders write a slash.
            let text = text.replace('/', "\\/");
            (
                "app.json",
                format!(
                    "{{\n  \"region\": \"eu\",\n  \"settings\": {text},\n  \"workers\": 4\n}}\n"
                ),
                3,
            )
        }
        "block-scalar" => {
            let lines: Vec<String> = secret.lines().map(|line| format!("    {line}")).collect();
            (
                "config.yaml",
                format!(
                    "{before}\nregion: eu\nfiles:\n  settings: |\n{}\n  other: none\n",
                    lines.join("\n")
                ),
                5,
            )
        }
        other => panic!("no encoding {other}"),
    }
}
