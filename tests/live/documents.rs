//! Whole files, sealed by one program and opened by the other.

use secrets::Format;
use secrets::document::scalar::Scalar;
use secrets::document::tree::NodeId;
use secrets::document::yaml::Stream;
use secrets::sops::selector::{Selector, Walk};
use secrets::sops::walk::{Place, Source, Visitor, walk};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::generate::{self, Kind, Sample};
use super::tools::{Bench, golden, on_all_cores, recipient, run};

/// How many generated files a full comparison uses.
const SAMPLES: usize = 2_400;

/// Generated files that must be compared in full, of 100: below this the comparison proves too little. SOPS refuses
/// 3 of 100, and cannot open 4 of 100 that it sealed itself, most of them under a comment regex.
const COMPARED_SHARE: usize = 90;

/// At most this share of the files (in percent) may open with a comment elsewhere than sops prints
/// it: where sops loses comments or prints a wrong indentation indicator, we do not.
const MOVED_SHARE: usize = 5;

const MOVED: &str = "a comment of sops' file stands elsewhere";

/// What a file showed. The text of `Differs` names the promise that broke.
enum Verdict {
    Agrees,
    BothRefuse,
    /// SOPS seals it, and we refuse it with a reason that this sample may be refused for.
    Stricter,
    /// SOPS cannot open what SOPS sealed; only our own way there and back was compared.
    SopsLost,
    /// We open SOPS' file to the same values and comments, but a comment stands elsewhere.
    Elsewhere(String),
    Differs(String),
}

/// Creation rules under which the samples are sealed, one folder each. `A` and `B` stand for recipients.
const RULES: &[&str] = &[
    "creation_rules:\n  - age: A\n",
    "creation_rules:\n  - encrypted_regex: '^(data|stringData)$'\n    age: ['A']\n",
    "creation_rules:\n  - encrypted_regex: '^(data|stringData)$'\n    mac_only_encrypted: true\n    age: A\n",
    "creation_rules:\n  - unencrypted_regex: '^(apiVersion|kind|metadata|name|type)$'\n    age: A,B\n",
    "creation_rules:\n  - encrypted_suffix: a\n    age: A\n",
    "creation_rules:\n  - unencrypted_suffix: _unencrypted\n    age: A\n",
    "creation_rules:\n  - encrypted_comment_regex: 'rotate|runbook'\n    age: A\n",
    "creation_rules:\n  - unencrypted_comment_regex: 'owner|日本'\n    age: A\n",
];

fn rule_folders(bench: &Bench) -> Vec<PathBuf> {
    let write = |(index, rule): (usize, &&str)| {
        let folder = bench.folder(&format!("rule-{index}"));
        let text = rule
            .replace('A', &recipient("alice"))
            .replace('B', &recipient("bob"));
        std::fs::write(folder.join(".sops.yaml"), text).unwrap();
        folder
    };
    RULES.iter().enumerate().map(write).collect()
}

#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn generated_files_go_both_ways() {
    let bench = Bench::new();
    let folders = rule_folders(&bench);
    let first: usize =
        std::env::var("SECRETS_LIVE_SEED").map_or(0, |seed| seed.parse().expect("a number"));
    let verdicts = on_all_cores(SAMPLES, |index| {
        let sample = generate::sample((first + index) as u64);
        let name = format!("{index:05}.{}", sample.extension());
        let verdict = compare(&bench, &folders[index % folders.len()], &name, &sample);
        (
            format!(
                "seed {} ({:?}, rule {})",
                sample.seed,
                sample.kind,
                index % folders.len()
            ),
            verdict,
        )
    });
    let agreed = report(&verdicts);
    assert!(
        agreed * 100 >= SAMPLES * COMPARED_SHARE,
        "only {agreed} of {SAMPLES} files were compared in full"
    );
}

#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn files_of_testdata_go_both_ways() {
    let bench = Bench::new();
    let folders = rule_folders(&bench);
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in [
        "testdata/golden/plain",
        "testdata/runbook",
        "testdata/documents",
    ] {
        plain_files(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut files,
        );
    }
    assert!(files.len() >= 25, "only {} files found", files.len());
    let count = files.len() * folders.len();
    let verdicts = on_all_cores(count, |index| {
        let (path, rule) = (&files[index / folders.len()], index % folders.len());
        let kind = if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            Kind::Json
        } else {
            Kind::Realistic
        };
        let text = std::fs::read_to_string(path).unwrap();
        let sample = Sample {
            seed: 0,
            kind,
            aliases: text.contains(": *"),
            text,
        };
        let name = format!("data-{index:05}.{}", sample.extension());
        (
            format!("{} (rule {rule})", path.display()),
            compare(&bench, &folders[rule], &name, &sample),
        )
    });
    report(&verdicts);
}

#[test]
#[ignore = "needs the real tools; run by .ci/run"]
fn sops_opens_golden_files_resealed_by_us() {
    let bench = Bench::new();
    let folder = rule_folders(&bench).remove(0);
    for version in [
        "3.8.1", "3.9.4", "3.10.2", "3.11.0", "3.12.2", "3.13.2", "3.13.3",
    ] {
        for name in ["comments.yaml", "types.yaml", "many.yaml", "settings.json"] {
            let opened = golden(version).join("opened").join(name);
            if !opened.is_file() {
                continue;
            }
            let target = folder.join(format!("golden-{version}-{name}"));
            std::fs::copy(&opened, &target).unwrap();
            run(bench.secrets(&folder).args(ENCRYPT).arg("-i").arg(&target))
                .expect("secrets encrypt -i");
            let sealed = std::fs::read_to_string(&target).unwrap();
            assert!(
                sealed.contains("ENC[AES256_GCM,"),
                "{version}/{name} was not sealed"
            );
            run(bench.sops(&folder).arg("decrypt").arg(&target)).expect("sops decrypt");
        }
    }
}

fn plain_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let known = path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "json");
        if path.is_dir() {
            plain_files(&path, files);
        } else if known
            && !std::fs::read_to_string(&path)
                .unwrap()
                .contains("ENC[AES256_GCM,")
        {
            files.push(path);
        }
    }
    files.sort();
}

/// Generated files need not make sense to Kubernetes, and rules need not select anything in them.
const ENCRYPT: [&str; 3] = [
    "encrypt",
    "--allow",
    "nothing-selected,plain-secret,encrypted-metadata",
];

/// Seals a file with both programs in `folder` and opens each result with both.
fn compare(bench: &Bench, folder: &Path, name: &str, sample: &Sample) -> Verdict {
    let source = folder.join(name);
    std::fs::write(&source, &sample.text).unwrap();
    let by_sops = run(bench.sops(folder).arg("encrypt").arg(name));
    let by_us = run(bench.secrets(folder).args(ENCRYPT).arg(name));
    match (by_sops.ok(), by_us.ok()) {
        (false, false) if by_us.code == Some(2) => return Verdict::BothRefuse,
        (false, false) => {
            return differs(
                "refused with another exit code than 2",
                &format!("{:?}\n{}", by_us.code, by_us.stderr),
            );
        }
        (false, true) => return differs("sealed what sops refuses", &by_sops.stderr),
        (true, false) if may_refuse(sample, &by_us.stderr) => return Verdict::Stricter,
        (true, false) => return differs("refused what sops seals", &by_us.stderr),
        (true, true) => {}
    }
    let sops_file = format!("sops-{name}");
    let our_file = format!("ours-{name}");
    std::fs::write(folder.join(&sops_file), &by_sops.stdout).unwrap();
    std::fs::write(folder.join(&our_file), &by_us.stdout).unwrap();

    let back = run(bench.secrets(folder).arg("decrypt").arg(&our_file));
    if !back.ok() {
        return differs("cannot open what it sealed", &back.stderr);
    }
    if back.stdout != sample.text.as_bytes() {
        return differs(
            "does not give its own source back",
            &first_difference(sample.text.as_bytes(), &back.stdout),
        );
    }
    let wanted = run(bench.sops(folder).arg("decrypt").arg(&sops_file));
    let read = run(bench.sops(folder).arg("decrypt").arg(&our_file));
    if !wanted.ok() {
        return Verdict::SopsLost;
    }
    if !read.ok() {
        return differs("sops cannot open what we sealed", &read.stderr);
    }
    let source = sample.text.as_bytes();
    let reads_well = match sample.kind {
        Kind::Json => json_data(&wanted.stdout) == json_data(&read.stdout),
        // Some comments make sops lose the value behind them, when it prints what it sealed itself.
        Kind::Realistic | Kind::Hostile => {
            same_data(&wanted.stdout, &read.stdout) || same_data(source, &read.stdout)
        }
    };
    if !reads_well {
        return differs(
            "sops reads other data in what we sealed",
            &first_difference(&wanted.stdout, &read.stdout),
        );
    }
    let opened = run(bench.secrets(folder).arg("decrypt").arg(&sops_file));
    if !opened.ok() {
        return differs("cannot open what sops sealed", &opened.stderr);
    }
    if opened.stdout != wanted.stdout {
        if matches!(sample.kind, Kind::Json) {
            if json_data(&opened.stdout) == json_data(&wanted.stdout) {
                return Verdict::SopsLost;
            }
        } else {
            let same = same_data(&opened.stdout, &wanted.stdout);
            if same && lost_comments(&wanted.stdout, &opened.stdout).is_empty() {
                return Verdict::Elsewhere(first_difference(&wanted.stdout, &opened.stdout));
            }
            // Some block scalars lose blanks, or all they hold, when sops prints them; ours do not.
            if !same && same_data(&opened.stdout, source) {
                return Verdict::SopsLost;
            }
        }
        return differs(
            "opens sops' file to other bytes than sops",
            &first_difference(&wanted.stdout, &opened.stdout),
        );
    }
    for file in [name, &sops_file, &our_file] {
        std::fs::remove_file(folder.join(file)).unwrap();
    }
    Verdict::Agrees
}

/// Aliases to sealed values cannot always be kept, in later documents SOPS overlooks mistakes that
/// we do not, and a block scalar that the end of the file cuts off changes under comment rules.
fn may_refuse(sample: &Sample, stderr: &str) -> bool {
    let reasons = [
        "is not base64",
        "without a line break",
        "would be left in plaintext",
    ];
    sample.aliases
        || sample.text.contains("refused")
        || reasons.iter().any(|reason| stderr.contains(reason))
}

/// JSON as sops printed it; a float of `-0` prints so that sops reads it as an integer.
fn json_data(printed: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(printed)
        .replace(": -0,", ": 0,")
        .replace(": -0\n", ": 0\n")
        .into_bytes()
}

/// The values that sops printed, a line each, without comments.
fn data(printed: &[u8]) -> Option<Vec<u8>> {
    let mut values = Values(Vec::new());
    let selector = Selector::default();
    let mut stream = Stream::new(printed).unwrap();
    loop {
        let document = match stream.next_document() {
            Ok(Some(document)) => document,
            Ok(None) => return Some(values.0),
            // sops prints some block scalars in a way that nobody reads.
            Err(_) => return None,
        };
        let source = Source {
            text: stream.text(),
            format: Format::Yaml,
            lines_before: 0,
        };
        let walked = walk(&document, &source, &mut Walk::new(&selector), &mut values);
        if let Err(error) = walked {
            values.0.extend_from_slice(error.message().as_bytes());
        }
    }
}

/// The comments that sops printed and we did not. sops itself loses some.
fn lost_comments(wanted: &[u8], opened: &[u8]) -> Vec<String> {
    let comments = |text: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(text);
        let comment = |line: &str| line.split_once('#').map(|(_, comment)| comment.to_owned());
        text.lines().filter_map(comment).collect()
    };
    let mut ours = comments(opened);
    let mut lost = comments(wanted);
    lost.retain(|comment| match ours.iter().position(|our| our == comment) {
        Some(at) => {
            ours.swap_remove(at);
            false
        }
        None => true,
    });
    lost
}

/// Both texts hold the same values. Where one cannot be read, what is printed is compared.
fn same_data(one: &[u8], other: &[u8]) -> bool {
    let same = match (data(one), data(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    };
    same || bare_text(one) == bare_text(other)
}

fn bare_text(printed: &[u8]) -> String {
    let lines = bare_lines(printed);
    let characters = lines.iter().flat_map(|line| line.chars());
    characters.filter(|c| !c.is_whitespace()).collect()
}

/// The lines without comments, without indentation indicators (sops prints wrong ones), and without
/// what sops makes of empty comments in lists.
fn bare_lines(printed: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(printed);
    let bare = |line: &str| {
        let line = line.split(" #").next().unwrap_or("").trim_end();
        let indicator = |c: char| c.is_ascii_digit();
        match line.rsplit_once('|') {
            Some((start, end)) if end.len() <= 2 => {
                format!("{start}|{}", end.replace(indicator, ""))
            }
            _ => line.to_owned(),
        }
    };
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let lines = lines.filter(|line| line.trim() != "- \"\"");
    lines.map(bare).collect()
}

struct Values(Vec<u8>);

impl Visitor<'_> for Values {
    fn leaf(&mut self, _: NodeId, value: Scalar<'_>, place: &Place<'_>) -> secrets::Result<()> {
        if value.canonical.as_ref() == b"-0" {
            // sops prints this float so that it reads it as an integer.
            self.0
                .extend_from_slice(format!("{} Int 0\n", place.aad).as_bytes());
            return Ok(());
        }
        let head = format!("{} {:?} ", place.aad, value.ty);
        self.0.extend_from_slice(head.as_bytes());
        self.0
            .extend_from_slice(&value.canonical.escape_ascii().collect::<Vec<_>>());
        self.0.push(b'\n');
        Ok(())
    }
}

fn differs(promise: &str, detail: &str) -> Verdict {
    Verdict::Differs(format!("{promise}: {}", detail.trim()))
}

/// The first line that differs, in both.
fn first_difference(wanted: &[u8], got: &[u8]) -> String {
    let (wanted, got) = (
        String::from_utf8_lossy(wanted),
        String::from_utf8_lossy(got),
    );
    let mut lines = wanted.split('\n').zip(got.split('\n')).enumerate();
    match lines.find(|(_, (wanted, got))| wanted != got) {
        Some((index, (wanted, got))) => {
            format!("line {}: wanted {wanted:?}, got {got:?}", index + 1)
        }
        None => format!(
            "wanted {} lines, got {}",
            wanted.lines().count(),
            got.lines().count()
        ),
    }
}

/// Prints the tally, fails on differences, and returns how many files were compared in full.
fn report(verdicts: &[(String, Verdict)]) -> usize {
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    let mut differences = Vec::new();
    let mut moved = Vec::new();
    for (name, verdict) in verdicts {
        let word = match verdict {
            Verdict::Agrees => "agree",
            Verdict::BothRefuse => "both refuse",
            Verdict::Stricter => "only we refuse, as we may",
            Verdict::SopsLost => "sops cannot open or print its own",
            Verdict::Elsewhere(what) => {
                moved.push(format!("{name}: {what}"));
                MOVED
            }
            Verdict::Differs(what) => {
                differences.push(format!("{name}: {what}"));
                "differ"
            }
        };
        *tally.entry(word).or_default() += 1;
    }
    eprintln!("{} files: {tally:?}", verdicts.len());
    assert!(
        moved.len() * 100 <= verdicts.len() * MOVED_SHARE,
        "comments stand elsewhere in {} files, the first of them:\n{}",
        moved.len(),
        moved[..moved.len().min(10)].join("\n")
    );
    let shown = differences
        .iter()
        .take(40)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        differences.is_empty(),
        "{} files differ, the first of them:\n{shown}",
        differences.len()
    );
    tally.get("agree").copied().unwrap_or(0) + tally.get(MOVED).copied().unwrap_or(0)
}
