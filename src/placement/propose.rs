//! The path for a new manifest, from the creation rules and the folders that exist.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{clean, kustomization_in, repository_root};
use crate::fsio::Candidates;
use crate::sops::config::Config;

/// The endings that are tried, the plain one first.
const ENDINGS: [&str; 4] = [".yaml", ".enc.yaml", ".sops.yaml", ".secret.yaml"];

/// How a folder fits the namespace of the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Its kustomization puts everything into another namespace.
    Elsewhere,
    /// Nothing speaks for it or against it.
    Open,
    /// A part of its path is the end of the namespace's name: `dev` for `blaster-dev`.
    Partly,
    /// A part of its path is the namespace.
    Above,
    /// It is the folder of the namespace, by its name or by the `namespace` of its kustomization.
    Exact,
}

/// How usual the folder is for a sealed file; the best comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Custom {
    /// Files that rules cover are there, or it is called `secrets`.
    Established,
    /// It exists.
    Exists,
    /// A folder `secrets` would have to be made.
    New,
}

/// A place that a creation rule covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file to be, absolute.
    pub path: PathBuf,
    /// How well the namespace fits.
    pub fit: Fit,
}

/// The best places for a manifest called `name`, sorted; several if none is better than the others, none if no
/// rule covers a place in a folder of the repository.
///
/// Looked at are the folders of the repository below the configuration's (outside of a repository: below
/// `cwd`, which is absolute), without what Git ignores.
pub fn propose(config: &Config, cwd: &Path, name: &str, namespace: Option<&str>) -> Vec<Place> {
    let home = cwd.join(&config.path);
    let home = clean(home.parent().unwrap_or(cwd));
    let top = match repository_root(cwd) {
        Some(root) if home.starts_with(&root) => home,
        Some(root) => root,
        None => cwd.to_owned(),
    };
    let found = Candidates::find(&[&top], true);
    // Folders, and whether a rule covers a file in them.
    let mut folders: BTreeMap<&Path, bool> = BTreeMap::new();
    folders.insert(&top, false);
    for file in &found.files {
        let covered = is_yaml(file) && covers(config, file, cwd);
        for (level, folder) in file
            .ancestors()
            .skip(1)
            .take_while(|f| f.starts_with(&top))
            .enumerate()
        {
            *folders.entry(folder).or_default() |= level == 0 && covered;
        }
    }
    let mut places: BTreeMap<(Reverse<Fit>, Custom), BTreeSet<PathBuf>> = BTreeMap::new();
    for (folder, has_covered) in &folders {
        let hidden = folder.strip_prefix(&top).is_ok_and(|below| {
            below
                .components()
                .any(|part| part.as_os_str().to_string_lossy().starts_with('.'))
        });
        if hidden {
            continue;
        }
        let (path, custom) = if let Some(path) = file_in(config, folder, name, cwd) {
            let established = *has_covered || folder.ends_with("secrets");
            (
                path,
                if established {
                    Custom::Established
                } else {
                    Custom::Exists
                },
            )
        } else if let Some(path) = file_in(config, &folder.join("secrets"), name, cwd) {
            if folders.contains_key(folder.join("secrets").as_path()) {
                continue;
            }
            (path, Custom::New)
        } else {
            continue;
        };
        let fit = fit(path.parent().unwrap_or(folder), &top, namespace);
        places
            .entry((Reverse(fit), custom))
            .or_default()
            .insert(path);
    }
    let Some(((fit, _), best)) = places.into_iter().next() else {
        return Vec::new();
    };
    best.into_iter()
        .map(|path| Place { path, fit: fit.0 })
        .collect()
}

fn is_yaml(file: &Path) -> bool {
    file.extension().is_some_and(|e| e == "yaml" || e == "yml")
}

fn covers(config: &Config, file: &Path, cwd: &Path) -> bool {
    config.rule_for(file, cwd).rule.is_some()
}

fn file_in(config: &Config, folder: &Path, name: &str, cwd: &Path) -> Option<PathBuf> {
    let mut paths = ENDINGS
        .iter()
        .map(|ending| folder.join(format!("{name}{ending}")));
    paths.find(|path| covers(config, path, cwd))
}

fn fit(folder: &Path, top: &Path, namespace: Option<&str>) -> Fit {
    let Some(namespace) = namespace else {
        return Fit::Open;
    };
    // The kustomization that would list the file decides over names of folders.
    let above = folder.ancestors().take_while(|f| f.starts_with(top));
    let kustomization = above
        .filter_map(|f| kustomization_in(f).ok().flatten())
        .next();
    match kustomization.and_then(|k| k.facts.namespace) {
        Some(set) if set == namespace => return Fit::Exact,
        Some(_) => return Fit::Elsewhere,
        None => {}
    }
    let below = folder.strip_prefix(top).unwrap_or(folder);
    let mut parts: Vec<_> = below
        .components()
        .map(|c| c.as_os_str().to_string_lossy().into_owned())
        .collect();
    if parts.last().is_some_and(|last| last == "secrets") {
        parts.pop();
    }
    let is_end = |part: &String| {
        namespace
            .strip_suffix(part.as_str())
            .is_some_and(|rest| rest.ends_with('-'))
    };
    match parts.last() {
        Some(last) if last == namespace => Fit::Exact,
        _ if parts.iter().any(|part| part == namespace) => Fit::Above,
        _ if parts.iter().any(is_end) => Fit::Partly,
        _ => Fit::Open,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use std::fs;

    fn proposed(
        rules: &str,
        files: &[(&str, &str)],
        name: &str,
        namespace: Option<&str>,
    ) -> Vec<(String, Fit)> {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir(root.join(".git")).unwrap();
        for (file, text) in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let config = Config::load(&root.join(".sops.yaml"), rules.as_bytes()).unwrap();
        let places = propose(&config, &root, name, namespace).into_iter();
        let short = |path: PathBuf| {
            path.strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        };
        places.map(|place| (short(place.path), place.fit)).collect()
    }

    const INFRA: &str = "creation_rules:\n  - path_regex: 'clusters/c/.*/secrets/.*\\.yaml$'\n";

    #[test]
    fn the_folder_of_the_namespace_wins() {
        let files = [
            ("clusters/c/flux-system/secrets/a.yaml", ""),
            ("clusters/c/apps/secrets/b.yaml", ""),
        ];
        assert_eq!(
            proposed(INFRA, &files, "x", Some("flux-system")),
            [(
                "clusters/c/flux-system/secrets/x.yaml".to_owned(),
                Fit::Exact
            )]
        );
        assert_eq!(proposed(INFRA, &files, "x", None).len(), 2);
        assert_eq!(proposed(INFRA, &files, "x", Some("other")).len(), 2);
    }

    #[test]
    fn a_folder_secrets_may_be_new() {
        let files = [
            ("clusters/c/flux-system/gotk.yaml", ""),
            ("clusters/c/apps/secrets/b.yaml", ""),
        ];
        assert_eq!(
            proposed(INFRA, &files, "x", Some("flux-system")),
            [(
                "clusters/c/flux-system/secrets/x.yaml".to_owned(),
                Fit::Exact
            )]
        );
    }

    #[test]
    fn endings_and_kustomizations_count() {
        let rules = "creation_rules:\n  - path_regex: 'k8s/(dev|prod)/.*\\.enc\\.yaml$'\n";
        let files = [
            (
                "k8s/dev/kustomization.yaml",
                "namespace: blaster-dev\nresources: []\n",
            ),
            (
                "k8s/prod/kustomization.yaml",
                "namespace: blaster\nresources: []\n",
            ),
        ];
        assert_eq!(
            proposed(rules, &files, "x", Some("blaster")),
            [("k8s/prod/x.enc.yaml".to_owned(), Fit::Exact)]
        );
        assert_eq!(proposed(rules, &files, "x", None).len(), 2);
        assert!(
            proposed(rules, &files, "x", Some("zzz"))
                .iter()
                .all(|(_, fit)| *fit == Fit::Elsewhere)
        );
        let files = [("k8s/dev/a.yaml", ""), ("k8s/prod/a.yaml", "")];
        assert_eq!(
            proposed(rules, &files, "x", Some("blaster-dev")),
            [("k8s/dev/x.enc.yaml".to_owned(), Fit::Partly)]
        );
    }

    #[test]
    fn no_folder_no_place() {
        assert_eq!(
            proposed(INFRA, &[("README.md", "")], "x", Some("flux-system")),
            []
        );
    }
}
