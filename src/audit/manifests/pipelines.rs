//! CI configurations, compose files and files of chart values: environments outside of manifests.

use super::finder::{Finder, Place};
use super::kubernetes::VALUES;
use super::tree::{Tree, item, key};
use crate::audit::checks;
use crate::audit::finding::Confidence;
use crate::document::tree::NodeId;

const VARIABLE: Place = Place {
    check: &checks::CI_VARIABLE,
    words: "in a variable of the CI configuration",
    at_most: Confidence::Certain,
};
const SCRIPT: Place = Place {
    check: &checks::CI_VARIABLE,
    words: "in a script of the CI configuration",
    at_most: Confidence::Likely,
};
const WORKFLOW: Place = Place {
    check: &checks::CI_VARIABLE,
    words: "in a GitHub workflow",
    at_most: Confidence::Certain,
};
const WORKFLOW_SCRIPT: Place = Place {
    check: &checks::CI_VARIABLE,
    words: "in a script of a GitHub workflow",
    at_most: Confidence::Likely,
};
const SERVICE: Place = Place {
    check: &checks::WORKLOAD_ENV,
    words: "in the environment of a compose service",
    at_most: Confidence::Certain,
};
const SERVICE_COMMAND: Place = Place {
    check: &checks::WORKLOAD_ENV,
    words: "in the command line of a compose service",
    at_most: Confidence::Likely,
};
const VALUES_FILE: Place = Place {
    words: "in a file of chart values",
    at_most: Confidence::Possible,
    ..VALUES
};

/// A kind of YAML file that its path tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    GitLab,
    Workflow,
    Compose,
    Values,
}

/// What a path promises, in the working tree or in history.
pub(super) fn kind_of(path: &str) -> Option<Kind> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name
        .strip_suffix(".yml")
        .or_else(|| name.strip_suffix(".yaml"))?;
    let has_folder = |wanted: &str| format!("/{folder}/").contains(wanted);
    if stem == ".gitlab-ci"
        || stem.ends_with(".gitlab-ci")
        || has_folder("/.gitlab/ci/")
        || has_folder("/.gitlab-ci/")
    {
        return Some(Kind::GitLab);
    }
    if has_folder("/.github/workflows/") || has_folder("/.forgejo/workflows/") {
        return Some(Kind::Workflow);
    }
    let composes = |stem: &str| stem == "compose" || stem.starts_with("compose.");
    if composes(stem)
        || stem.strip_prefix("docker-").is_some_and(composes)
        || stem.starts_with("docker-compose")
    {
        return Some(Kind::Compose);
    }
    stem.contains("values").then_some(Kind::Values)
}

/// Looks at a document of such a file.
pub(super) fn check(finder: &mut Finder<'_>, kind: Kind, tree: &Tree<'_>, root: NodeId) {
    match kind {
        Kind::Values => finder.values(tree, VALUES_FILE, root, ""),
        _ => part(finder, kind, tree, root, "", 0),
    }
}

fn part(
    finder: &mut Finder<'_>,
    kind: Kind,
    tree: &Tree<'_>,
    node: NodeId,
    path: &str,
    depth: usize,
) {
    if !finder.may_go_on(depth) {
        return;
    }
    for (field, value) in tree.entries(node) {
        let path = match field {
            "<<" => path.to_owned(),
            _ => key(path, field),
        };
        match (kind, field) {
            (Kind::GitLab, "variables") => finder.environment(tree, VARIABLE, value, &path),
            (Kind::GitLab, "matrix") => {
                for (number, one) in tree.items(value) {
                    finder.environment(tree, VARIABLE, one, &item(&path, number));
                }
            }
            (Kind::GitLab, "script" | "before_script" | "after_script") => {
                scripts(finder, SCRIPT, tree, value, &path, depth);
            }
            (Kind::Workflow, "env" | "with") => finder.environment(tree, WORKFLOW, value, &path),
            (Kind::Workflow, "run") => finder.script(tree, WORKFLOW_SCRIPT, value, &path),
            (Kind::Compose, "environment") => finder.environment(tree, SERVICE, value, &path),
            (Kind::Compose, "command" | "entrypoint") => {
                finder.command(tree, SERVICE_COMMAND, value, &path);
            }
            _ => part(finder, kind, tree, value, &path, depth + 1),
        }
    }
    for (number, one) in tree.items(node) {
        part(finder, kind, tree, one, &item(path, number), depth + 1);
    }
}

/// A script is a text, or a list of texts and lists.
fn scripts(
    finder: &mut Finder<'_>,
    place: Place,
    tree: &Tree<'_>,
    node: NodeId,
    path: &str,
    depth: usize,
) {
    if !finder.may_go_on(depth) {
        return;
    }
    finder.script(tree, place, node, path);
    for (number, one) in tree.items(node) {
        scripts(finder, place, tree, one, &item(path, number), depth + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_the_kind_of_a_file() {
        for (path, kind) in [
            (".gitlab-ci.yml", Some(Kind::GitLab)),
            ("infra/.gitlab-ci.yaml", Some(Kind::GitLab)),
            ("ci/build.gitlab-ci.yml", Some(Kind::GitLab)),
            (".gitlab/ci/build.yml", Some(Kind::GitLab)),
            (".gitlab-ci/build.yml", Some(Kind::GitLab)),
            (".github/workflows/build.yaml", Some(Kind::Workflow)),
            ("docker-compose.yml", Some(Kind::Compose)),
            ("docker-compose-dev.yml", Some(Kind::Compose)),
            ("deploy/compose.prod.yaml", Some(Kind::Compose)),
            ("chart/values.yaml", Some(Kind::Values)),
            ("chart/values-prod.yaml", Some(Kind::Values)),
            ("apps/release.yaml", None),
            ("composer.yaml", None),
            (".gitlab-ci.json", None),
        ] {
            assert_eq!(kind_of(path), kind, "{path}");
        }
    }
}
