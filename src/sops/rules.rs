//! Which creation rule a file gets, why, and which rules no file gets.

use std::path::Path;

use super::config::find::physical_directory;
use super::config::{Config, CreationRule, DestinationRule};
use super::rule_path::{PathStyle, RulePath};
use super::selector::{Selector, SelectorKind};

/// The rule for a file, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The index of the rule in [`Config::rules`]; `None` if none matches.
    pub rule: Option<usize>,
    /// What expressions were matched against, with `/` on every platform.
    pub path_text: String,
    /// Every rule that was looked at, in order; the last one matched if any did.
    pub considered: Vec<(usize, Why)>,
}

/// Why a rule is for a file, or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It has no `path_regex`, so it is for every file.
    NoPathRegex,
    /// Its `path_regex` matches.
    Matches {
        /// The expression.
        regex: String,
    },
    /// Its `path_regex` does not match.
    DoesNotMatch {
        /// The expression.
        regex: String,
    },
}

impl Why {
    /// The rule is for the file.
    pub fn matched(&self) -> bool {
        !matches!(self, Why::DoesNotMatch { .. })
    }
}

impl CreationRule {
    /// Whether the rule is for a path, and why.
    pub fn judge(&self, path: &RulePath) -> Why {
        let Some(path_regex) = &self.path_regex else {
            return Why::NoPathRegex;
        };
        let regex = path_regex.regex.as_str().to_owned();
        if self.covers(path) {
            Why::Matches { regex }
        } else {
            Why::DoesNotMatch { regex }
        }
    }

    /// Whether the rule is for a path.
    pub fn covers(&self, path: &RulePath) -> bool {
        self.path_regex
            .as_ref()
            .is_none_or(|r| path.candidates().any(|text| r.regex.is_match(text)))
    }
}

impl Config {
    /// What the rules are matched against for a file.
    ///
    /// `cwd` is absolute; `file` may be relative to it. The path is taken as it is named, as in SOPS.
    /// If it is not below the configuration's directory that way, but is once symbolic links are
    /// resolved, it counts as relative too; SOPS then matches its absolute path.
    pub fn path_for(&self, file: &Path, cwd: &Path) -> RulePath {
        let directory = cwd.join(&self.path);
        let directory = directory.parent().unwrap_or(cwd);
        let text = |directory: &Path, file: &Path| {
            let [cwd, directory, file] = [cwd, directory, file].map(|path| path.to_string_lossy());
            RulePath::new(PathStyle::NATIVE, &cwd, &directory, &file)
        };
        let named = text(directory, file);
        if !Path::new(named.as_str()).is_absolute() {
            return named;
        }
        let Ok(directory) = directory.canonicalize() else {
            return named;
        };
        let file = cwd.join(file);
        let Some(name) = file.file_name() else {
            return named;
        };
        let physical = text(&directory, &physical_directory(&file).join(name));
        if Path::new(physical.as_str()).is_absolute() {
            named
        } else {
            physical
        }
    }

    /// The first rule that is for a file; see [`Config::path_for`] for the arguments.
    pub fn rule_for(&self, file: &Path, cwd: &Path) -> Decision {
        let path = self.path_for(file, cwd);
        let mut considered = Vec::new();
        let mut rule = None;
        for (index, candidate) in self.rules().iter().enumerate() {
            let why = candidate.judge(&path);
            let matched = why.matched();
            considered.push((index, why));
            if matched {
                rule = Some(index);
                break;
            }
        }
        Decision {
            rule,
            path_text: path.as_str().to_owned(),
            considered,
        }
    }

    /// The first destination rule for a path as it was typed.
    pub fn destination_for(&self, typed: &str) -> Option<&DestinationRule> {
        self.destination_rules.iter().find(|rule| {
            rule.path_regex
                .as_ref()
                .is_none_or(|path_regex| path_regex.regex.is_match(typed))
        })
    }

    /// Which rule gets which of some files, and which rules get none.
    pub fn coverage<P: AsRef<Path>>(&self, files: &[P], cwd: &Path) -> Coverage {
        let rules = self.rules();
        let mut covered = vec![Vec::new(); rules.len()];
        let mut taken_by = vec![Vec::new(); rules.len()];
        let mut uncovered = Vec::new();
        for (number, file) in files.iter().enumerate() {
            let path = self.path_for(file.as_ref(), cwd);
            let mut first = None;
            for (index, _) in rules.iter().enumerate().filter(|(_, r)| r.covers(&path)) {
                match first {
                    None => {
                        first = Some(index);
                        if let Some(files) = covered.get_mut(index) {
                            files.push(number);
                        }
                    }
                    Some(first) => {
                        if let Some(takers) = taken_by.get_mut(index)
                            && !takers.contains(&first)
                        {
                            takers.push(first);
                        }
                    }
                }
            }
            if first.is_none() {
                uncovered.push(number);
            }
        }
        let catch_all = rules.iter().position(|rule| rule.path_regex.is_none());
        let idle = covered
            .iter()
            .zip(taken_by)
            .enumerate()
            .filter(|(_, (files, _))| files.is_empty())
            .map(|(index, (_, mut by))| {
                by.sort_unstable();
                let reason = match catch_all {
                    Some(by) if by < index => Idle::Unreachable { by },
                    _ if by.is_empty() => Idle::MatchesNothing,
                    _ => Idle::Shadowed { by },
                };
                (index, reason)
            })
            .collect();
        Coverage {
            covered,
            uncovered,
            idle,
        }
    }
}

/// Which rule gets which files. Files are given by their position in the list, rules by their index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The files of each rule.
    pub covered: Vec<Vec<usize>>,
    /// Files that no rule is for.
    pub uncovered: Vec<usize>,
    /// Rules that get no file, and why.
    pub idle: Vec<(usize, Idle)>,
}

/// Why a rule gets no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idle {
    /// It matches none of the files.
    MatchesNothing,
    /// It matches some, but earlier rules take all of them.
    Shadowed {
        /// The earlier rules.
        by: Vec<usize>,
    },
    /// An earlier rule has no `path_regex` and takes every file there can be.
    Unreachable {
        /// The earlier rule.
        by: usize,
    },
}

/// What a selector encrypts, as a phrase for people: "values below keys that match `^data$`".
pub fn describe_selector(selector: &Selector) -> String {
    let value = selector.value();
    match selector.kind() {
        SelectorKind::EncryptedRegex => format!("values below keys that match `{value}`"),
        SelectorKind::UnencryptedRegex => {
            format!("all values but those below keys that match `{value}`")
        }
        SelectorKind::EncryptedSuffix => format!("values below keys that end in `{value}`"),
        SelectorKind::UnencryptedSuffix => {
            format!("all values but those below keys that end in `{value}`")
        }
        SelectorKind::EncryptedCommentRegex => {
            format!("values below a comment that matches `{value}`")
        }
        SelectorKind::UnencryptedCommentRegex => {
            format!("all values but those below a comment that matches `{value}`")
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn config(path: &str, expressions: &[&str]) -> Config {
        let mut text = String::from("creation_rules:\n");
        for expression in expressions {
            text.push_str(&format!("  - path_regex: '{expression}'\n"));
        }
        Config::load(Path::new(path), text.as_bytes()).unwrap()
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        let config = config(
            "/repo/.sops.yaml",
            &["^a/", "secret", "\\.yaml$", "", "never"],
        );
        let cwd = Path::new("/repo/sub");
        let rule = |file: &str| config.rule_for(Path::new(file), cwd).rule;
        assert_eq!(rule("../a/secret.yaml"), Some(0));
        assert_eq!(rule("a/secret.yaml"), Some(1));
        assert_eq!(rule("x.yaml"), Some(2));
        assert_eq!(rule("x.json"), Some(3));
        assert_eq!(rule("/elsewhere/x.yaml"), Some(2));
        let decision = config.rule_for(Path::new("b/../secret.txt"), cwd);
        let regex = |text: &str| text.to_owned();
        assert_eq!(
            decision,
            Decision {
                rule: Some(1),
                path_text: "sub/secret.txt".into(),
                considered: vec![
                    (
                        0,
                        Why::DoesNotMatch {
                            regex: regex("^a/")
                        }
                    ),
                    (
                        1,
                        Why::Matches {
                            regex: regex("secret")
                        }
                    ),
                ],
            }
        );
        let last = config.rule_for(Path::new("x"), cwd).considered.pop();
        assert_eq!(last, Some((3, Why::NoPathRegex)));
    }

    #[test]
    fn no_rule_matches() {
        let config = config("/repo/.sops.yaml", &["^a/"]);
        let decision = config.rule_for(Path::new("/elsewhere/a/x"), Path::new("/repo"));
        assert_eq!(decision.rule, None);
        assert_eq!(decision.path_text, "/elsewhere/a/x");
        assert!(!decision.considered.iter().any(|(_, why)| why.matched()));
    }

    #[test]
    fn a_configuration_named_relative_to_the_working_directory() {
        let config = config("conf/.sops.yaml", &["^x$"]);
        let cwd = Path::new("/repo");
        assert_eq!(config.rule_for(Path::new("conf/x"), cwd).rule, Some(0));
        assert_eq!(config.rule_for(Path::new("x"), cwd).path_text, "/repo/x");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_the_directory_counts_as_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("repo/in")).unwrap();
        std::os::unix::fs::symlink(root.join("repo"), root.join("link")).unwrap();
        std::os::unix::fs::symlink(root.join("repo/in"), root.join("repo/alias")).unwrap();
        let path = root.join("repo/.sops.yaml");
        let config = config(path.to_str().unwrap(), &["^in/x$", "^alias/x$"]);
        let rule = |file: &str| config.rule_for(Path::new(file), &root).rule;
        assert_eq!(rule("repo/in/x"), Some(0));
        assert_eq!(rule("link/in/x"), Some(0));
        // Below the directory the name counts, not what it points to: SOPS behaviour.
        assert_eq!(rule("repo/alias/x"), Some(1));
    }

    #[test]
    fn coverage_names_idle_rules() {
        let config = config(
            "/repo/.sops.yaml",
            &[
                "^a/",
                "^b/",
                "secret",
                "^a/secret|^b/",
                "^c/",
                "",
                "^d/",
                "^a/",
            ],
        );
        let files = ["a/secret", "b/1", "b/2", "d/x", "e/secret"];
        let coverage = config.coverage(&files, Path::new("/repo"));
        assert_eq!(
            coverage.covered,
            [
                vec![0],
                vec![1, 2],
                vec![4],
                vec![],
                vec![],
                vec![3],
                vec![],
                vec![]
            ]
        );
        assert_eq!(
            coverage.idle,
            [
                (3, Idle::Shadowed { by: vec![0, 1] }),
                (4, Idle::MatchesNothing),
                (6, Idle::Unreachable { by: 5 }),
                (7, Idle::Unreachable { by: 5 }),
            ]
        );
        assert!(coverage.uncovered.is_empty());
        let config = self::config("/repo/.sops.yaml", &["^a/"]);
        let coverage = config.coverage(&files, Path::new("/repo"));
        assert_eq!(coverage.uncovered, [1, 2, 3, 4]);
    }

    #[test]
    fn destinations_are_chosen_by_the_path_as_typed() {
        let text =
            "destination_rules:\n  - path_regex: ^a\n    s3_bucket: one\n  - s3_bucket: two\n";
        let config = Config::load(Path::new("/r/.sops.yaml"), text.as_bytes()).unwrap();
        assert_eq!(config.destination_for("a/x").unwrap().place.line, 2);
        assert_eq!(config.destination_for("./a/x").unwrap().place.line, 4);
    }
}
