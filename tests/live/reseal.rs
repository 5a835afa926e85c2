//! Files that were sealed again, with parts of an earlier version: sops opens them as if they were sealed afresh.

use std::path::Path;

use secrets::Format;
use secrets::keys::{Identities, NoCallbacks, ProcessEnvironment, Recipient};
use secrets::sops::file::{Terms, seal_plain};
use secrets::sops::reseal::{Previous, Reuse, reseal};
use secrets::sops::seal::Allow;
use secrets::sops::selector::{Selector, SelectorParts};

use super::generate::{self, Kind, Random, Sample};
use super::tools::{Bench, golden, on_all_cores, recipient, run};

const SAMPLES: usize = 300;

/// A value of the text becomes another one, and an entry is added.
fn edited(sample: &Sample) -> String {
    let text = &sample.text;
    let mut random = Random::new(sample.seed ^ 0x6c69_7665);
    let is_letter = |(_, c): &(usize, char)| c.is_ascii_lowercase();
    let places: Vec<usize> = text
        .char_indices()
        .filter(is_letter)
        .map(|(at, _)| at)
        .collect();
    if places.is_empty() {
        return text.clone();
    }
    let at = places[random.below(places.len())];
    format!("{}x{}", &text[..at], &text[at + 1..])
}

enum Verdict {
    Resealed { kept: usize },
    Skipped,
    Differs(String),
}

fn compare(bench: &Bench, folder: &Path, index: usize, identities: &Identities) -> Verdict {
    let sample = generate::sample(7_000 + index as u64);
    let format = match sample.kind {
        Kind::Json => Format::Json,
        _ => Format::Yaml,
    };
    let parts = [
        SelectorParts::default(),
        SelectorParts {
            encrypted_regex: Some("^(data|stringData)$"),
            ..SelectorParts::default()
        },
    ];
    let selector = Selector::from_parts(parts[index % 2]).unwrap();
    let alice = [Recipient::parse(&recipient("alice")).unwrap()];
    let groups: [&[Recipient]; 1] = [&alice];
    let terms = Terms {
        selector: &selector,
        mac_only_encrypted: index.is_multiple_of(3),
        groups: &groups,
        shamir_threshold: 0,
        now: "2026-01-02T03:04:05Z",
        allow: Allow {
            nothing_selected: true,
            plain_secret: true,
            encrypted_metadata: true,
        },
    };
    let later = Terms {
        now: "2026-02-03T04:05:06Z",
        ..terms
    };
    let new = edited(&sample);
    let seal = |text: &str| seal_plain(text.as_bytes(), format, &terms).map(|s| s.bytes);
    let (Ok(first), Ok(fresh)) = (seal(&sample.text), seal(&new)) else {
        return Verdict::Skipped;
    };
    let previous = Previous {
        text: &first,
        identities,
    };
    let again = match reseal(new.as_bytes(), format, &later, &previous) {
        Ok(again) => again,
        Err(error) => return Verdict::Differs(error.to_string()),
    };
    let open = |name: &str, bytes: &[u8]| {
        let path = folder.join(format!("{index}-{name}.{}", sample.extension()));
        std::fs::write(&path, bytes).unwrap();
        run(bench.sops(folder).arg("decrypt").arg(&path))
    };
    let (fresh, opened) = (open("fresh", &fresh), open("again", &again.sealed.bytes));
    if !fresh.ok() {
        // A defect of sops, with which sealing again has nothing to do.
        return Verdict::Skipped;
    }
    if !opened.ok() || opened.stdout != fresh.stdout {
        return Verdict::Differs(format!("{}\n{new}", opened.stderr));
    }
    match again.reuse {
        Reuse::Kept { values } => Verdict::Resealed { kept: values },
        _ => Verdict::Skipped,
    }
}

#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn sops_opens_what_was_sealed_again() {
    let bench = Bench::new();
    let folder = bench.folder("reseal");
    let keys = golden("plain/identities.txt");
    let identities = Identities::load(OnlyGolden::at(&keys), NoCallbacks);
    let verdicts = on_all_cores(SAMPLES, |index| {
        compare(&bench, &folder, index, &identities)
    });
    let (mut resealed, mut kept) = (0, 0);
    for (index, verdict) in verdicts.iter().enumerate() {
        match verdict {
            Verdict::Resealed { kept: values } => {
                resealed += 1;
                kept += values;
            }
            Verdict::Skipped => {}
            Verdict::Differs(what) => panic!("sample {index}: {what}"),
        }
    }
    eprintln!("{resealed} of {SAMPLES} files sealed again, {kept} values kept");
    assert!(resealed * 10 > SAMPLES * 8, "only {resealed}");
    assert!(kept > resealed, "only {kept}");
}

/// The golden identities and nothing of this machine.
struct OnlyGolden {
    file: std::ffi::OsString,
    process: ProcessEnvironment,
}

impl OnlyGolden {
    fn at(file: &Path) -> Self {
        OnlyGolden {
            file: file.into(),
            process: ProcessEnvironment::from_process(),
        }
    }
}

impl secrets::keys::Environment for OnlyGolden {
    fn var(&self, name: &str) -> Option<std::ffi::OsString> {
        (name == "SOPS_AGE_KEY_FILE").then(|| self.file.clone())
    }

    fn directory(&self) -> &Path {
        self.process.directory()
    }

    fn run(
        &self,
        _: &[String],
        _: &[(&str, &str)],
    ) -> std::io::Result<secrets::keys::CommandOutput> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}
