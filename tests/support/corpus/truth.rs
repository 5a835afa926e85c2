//! What must be found, and how a report is compared with it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The checks that the corpus is about; findings of all others are left alone.
const POLICY: [&str; 16] = [
    "SEC001", "SEC002", "SEC003", "SEC004", "SEC005", "SEC006", "SEC007", "SEC008", "SEC009",
    "SEC010", "SEC011", "SEC012", "SEC013", "SEC014", "SEC015", "SEC016",
];

/// The key paths that a finding has to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// It is not about keys, or there is no saying which.
    Any,
    /// Exactly these: one finding for each, or one finding whose words name them all.
    Exactly(Vec<String>),
}

/// Something that is to be found.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    /// The check; several where more than one answer is right (a plain file that is both on another
    /// branch and in the history).
    pub(crate) checks: Vec<&'static str>,
    /// The path in the repository.
    pub(crate) path: String,
    /// The key paths.
    pub(crate) keys: Keys,
    /// It is a miss if it is not found; otherwise it may be found.
    pub(crate) required: bool,
    /// It need not be so sure or so bad that it decides the exit code.
    pub(crate) quiet: bool,
}

impl Expected {
    pub(crate) fn new(check: &'static str, path: &str) -> Self {
        Expected {
            checks: vec![check],
            path: path.to_owned(),
            keys: Keys::Any,
            required: true,
            quiet: false,
        }
    }

    pub(crate) fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    pub(crate) fn keys(mut self, keys: &[String]) -> Self {
        self.keys = Keys::Exactly(keys.to_vec());
        self
    }

    pub(crate) fn or(mut self, check: &'static str) -> Self {
        self.checks.push(check);
        self
    }

    pub(crate) fn optional(mut self) -> Self {
        self.required = false;
        self
    }
}

/// The comparison of a report with the truth.
#[derive(Debug, Default)]
pub(crate) struct Score {
    /// What was expected and found.
    pub(crate) hits: usize,
    /// What was expected and not found.
    pub(crate) misses: Vec<String>,
    /// What was found and not expected.
    pub(crate) extras: Vec<String>,
}

impl Score {
    /// Compares the findings of the policy checks with what was expected.
    pub(crate) fn of(findings: &[&Value], expected: &[Expected]) -> Self {
        let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or("").to_owned();
        let mut found: BTreeMap<(String, String), Vec<&Value>> = BTreeMap::new();
        let quiet: BTreeSet<(&str, &str)> = expected
            .iter()
            .filter(|want| want.quiet)
            .flat_map(|want| want.checks.iter().map(|check| (want.path.as_str(), *check)))
            .collect();
        for finding in findings {
            let (path, check) = (text(finding, "path"), text(finding, "check"));
            // What is only possible, or only worth knowing, is no alarm.
            let alarm = finding["severity"] != "info" && finding["confidence"] != "possible";
            let counts = alarm || quiet.contains(&(path.as_str(), check.as_str()));
            if counts && POLICY.contains(&check.as_str()) {
                found.entry((path, check)).or_default().push(finding);
            }
        }
        let mut score = Score::default();
        for want in expected {
            let here: Vec<&Value> = want
                .checks
                .iter()
                .filter_map(|check| found.remove(&(want.path.clone(), (*check).to_owned())))
                .flatten()
                .collect();
            if here.is_empty() {
                if want.required {
                    score.misses.push(format!(
                        "{} {} {:?}",
                        want.checks.join("|"),
                        want.path,
                        want.keys
                    ));
                }
                continue;
            }
            score.hits += 1;
            if let Keys::Exactly(keys) = &want.keys {
                score.compare_keys(want, &here, keys);
            }
        }
        for ((path, check), findings) in found {
            for finding in findings {
                let words = format!(
                    "{check} {path} {} {}",
                    finding["key_path"], finding["message"]
                );
                score.extras.push(words);
            }
        }
        score
    }

    fn compare_keys(&mut self, want: &Expected, findings: &[&Value], keys: &[String]) {
        let name = |key: &str| format!("{} {} {key}", want.checks.join("|"), want.path);
        let paths: BTreeSet<&str> = findings
            .iter()
            .filter_map(|f| f["key_path"].as_str())
            .collect();
        let words: String = findings
            .iter()
            .filter_map(|f| f["message"].as_str())
            .collect();
        // A finding about a whole file is at its first value and names the others; of many it names the first.
        let unnamed: Vec<&String> = keys
            .iter()
            .filter(|key| !paths.contains(key.as_str()) && !words.contains(&format!("`{key}`")))
            .collect();
        if !words.contains(&format!("{} more", unnamed.len())) {
            self.misses.extend(unnamed.iter().map(|key| name(key)));
        }
        let strange = paths
            .iter()
            .filter(|path| !keys.iter().any(|key| key == *path));
        self.extras.extend(strange.map(|path| name(path)));
    }

    /// Recall and precision are 1.
    #[track_caller]
    pub(crate) fn is_perfect(&self, what: &str) {
        assert!(
            self.misses.is_empty() && self.extras.is_empty(),
            "{what}: {} hits\nmissed {}:\n  {}\nfound though not there {}:\n  {}",
            self.hits,
            self.misses.len(),
            self.misses.join("\n  "),
            self.extras.len(),
            self.extras.join("\n  ")
        );
        assert!(self.hits > 0, "{what}: nothing was looked for");
    }
}
