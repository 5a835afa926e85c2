//! Kubernetes manifests: values that stand in clear in what is applied to a cluster.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::finder::{Finder, MAX_DEPTH, Place, is_plain};
use super::kustomize;
use super::tree::{Inside, Tree, item, key, trees};
use crate::audit::checks;
use crate::audit::finding::{Confidence, Hit};
use crate::audit::subject::Parsed;
use crate::audit::view::View;
use crate::document::Format;
use crate::document::tree::NodeId;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

pub(super) const VALUES: Place = Place {
    check: &checks::HELM_VALUES,
    words: "in the values of a Helm release",
    at_most: Confidence::Certain,
};
const SUBSTITUTE: Place = Place {
    check: &checks::SUBSTITUTION,
    words: "in `postBuild.substitute` of a Kustomization",
    at_most: Confidence::Certain,
};
const CONFIG_MAP: Place = Place {
    check: &checks::CONFIG_MAP_CREDENTIAL,
    words: "in a ConfigMap",
    at_most: Confidence::Certain,
};
const ENVIRONMENT: Place = Place {
    check: &checks::WORKLOAD_ENV,
    words: "in the environment of a workload",
    at_most: Confidence::Certain,
};
const COMMAND: Place = Place {
    check: &checks::WORKLOAD_ENV,
    words: "in the command line of a workload",
    at_most: Confidence::Likely,
};

/// What is known about the file that a manifest stands in.
#[derive(Clone, Copy)]
pub(super) struct File<'f> {
    /// The path in the repository.
    pub(super) path: &'f str,
    /// Its neighbours.
    pub(super) view: Option<&'f dyn View>,
    /// The name is that of a kustomization, which needs no `kind`.
    pub(super) is_kustomization: bool,
}

/// Looks at all documents of a text.
pub(super) fn documents(
    finder: &mut Finder<'_>,
    file: File<'_>,
    parsed: &Parsed<'_>,
    inside: Option<Inside<'_>>,
) {
    for (tree, root) in trees(parsed, inside) {
        finder.begin(&tree);
        if tree.is_sequence(root) {
            operations(finder, file, &tree, root, "", 0);
        } else {
            manifest(finder, file, &tree, root, "", None, 0);
        }
    }
}

/// Looks at a manifest. `of_list` is the kind that the list it stands in promises.
fn manifest(
    finder: &mut Finder<'_>,
    file: File<'_>,
    tree: &Tree<'_>,
    root: NodeId,
    path: &str,
    of_list: Option<&str>,
    depth: usize,
) {
    if !finder.may_go_on(depth) || !tree.is_mapping(root) {
        return;
    }
    let version = tree.text(root, "apiVersion").unwrap_or("");
    let kind = tree.text(root, "kind").or(of_list).unwrap_or("");
    if let Some(of_list) = kind.strip_suffix("List")
        && let Some(items) = tree.get(root, "items")
    {
        let of_list = Some(of_list).filter(|kind| !kind.is_empty());
        let items_path = key(path, "items");
        for (number, one) in tree.items(items) {
            let path = item(&items_path, number);
            manifest(finder, file, tree, one, &path, of_list, depth + 1);
        }
        return;
    }
    last_applied(finder, file, tree, root, path);
    let group = version.split('/').next().unwrap_or("");
    let at = |keys: &[&str]| {
        let node = tree.at(root, keys)?;
        let path = keys.iter().fold(path.to_owned(), |path, k| key(&path, k));
        Some((node, path))
    };
    match kind {
        // Whether it is sealed is a question for the creation rules.
        "Secret"
        | "SealedSecret"
        | "ExternalSecret"
        | "ClusterExternalSecret"
        | "CustomResourceDefinition" => {}
        "ConfigMap" => config_map(finder, tree, root, path),
        "HelmRelease" => {
            if let Some((values, path)) = at(&["spec", "values"]) {
                finder.values(tree, VALUES, values, &path);
            }
            if let Some((renderers, path)) = at(&["spec", "postRenderers"]) {
                workload(finder, file, tree, renderers, &path, 0);
            }
        }
        "HelmChart" | "HelmChartConfig" if group == "helm.cattle.io" => {
            if let Some((set, path)) = at(&["spec", "set"]) {
                finder.values(tree, VALUES, set, &path);
            }
            if let Some((content, path)) = at(&["spec", "valuesContent"]) {
                values_text(finder, tree, content, &path);
            }
        }
        "Application" | "ApplicationSet" if group == "argoproj.io" => {
            if let Some((spec, path)) = at(&["spec"]) {
                argo(finder, tree, spec, &path, 0);
            }
        }
        "Kustomization" if group == "kustomize.toolkit.fluxcd.io" => {
            if let Some((substitute, path)) = at(&["spec", "postBuild", "substitute"]) {
                finder.environment(tree, SUBSTITUTE, substitute, &path);
            }
            if let Some((patches, path)) = at(&["spec", "patches"]) {
                workload(finder, file, tree, patches, &path, 0);
            }
        }
        // Kustomize takes it without `apiVersion` as well.
        "Kustomization" | "Component" if matches!(group, "" | "kustomize.config.k8s.io") => {
            kustomize::kustomization(finder, file, tree, root, path);
            workload(finder, file, tree, root, path, 0);
        }
        "" if file.is_kustomization && tree.inside.is_none() => {
            kustomize::kustomization(finder, file, tree, root, path);
            workload(finder, file, tree, root, path, 0);
        }
        "" => {}
        _ => workload(finder, file, tree, root, path, 0),
    }
}

/// Looks at what `kubectl apply` remembers in an annotation.
fn last_applied(
    finder: &mut Finder<'_>,
    file: File<'_>,
    tree: &Tree<'_>,
    root: NodeId,
    path: &str,
) {
    let keys = ["metadata", "annotations", LAST_APPLIED];
    let Some(annotation) = tree.at(root, &keys) else {
        return;
    };
    let path = keys.iter().fold(path.to_owned(), |path, k| key(&path, k));
    inner(finder, tree, annotation, &path, |finder, parsed, inside| {
        for (tree, root) in trees(parsed, Some(inside.clone())) {
            finder.begin(&tree);
            if tree.text(root, "kind") == Some("Secret") {
                remembered_secret(finder, &tree, root);
            } else {
                manifest(finder, file, &tree, root, "", None, 0);
            }
        }
    });
}

/// Reports every value of a Secret that an annotation repeats.
fn remembered_secret(finder: &mut Finder<'_>, tree: &Tree<'_>, root: NodeId) {
    for field in ["data", "stringData"] {
        let Some(values) = tree.get(root, field) else {
            continue;
        };
        for (name, node) in tree.entries(values) {
            let Some(text) = tree.scalar(node) else {
                continue;
            };
            let decoded = (field == "data")
                .then(|| STANDARD.decode(text.trim()).ok())
                .flatten()
                .map(Zeroizing::new);
            let value = decoded.as_ref().map_or(text.as_bytes(), |d| d.as_slice());
            let is_text = std::str::from_utf8(value);
            if value.is_empty() || !is_plain(text) || is_text.is_ok_and(|text| !is_plain(text)) {
                continue;
            }
            let path = key(field, name);
            let shown = super::names::shown(&path);
            let message = format!("the last-applied annotation repeats `{shown}` in clear");
            let hit = Hit::new(&checks::LAST_APPLIED, tree.span(node, text, true), message);
            finder.take(hit.at(tree.full_path(&path)).of(value), true);
        }
    }
}

/// Parses a value that is a text with documents of its own.
fn inner<'t>(
    finder: &mut Finder<'_>,
    tree: &Tree<'t>,
    node: NodeId,
    path: &str,
    with: impl FnOnce(&mut Finder<'_>, &Parsed<'_>, &Inside<'t>),
) -> bool {
    let (Some(text), Some(inside)) = (tree.scalar(node), tree.inside(node, path)) else {
        return false;
    };
    if !finder.may_read(text.len()) {
        return false;
    }
    let format = match text.trim_start().as_bytes() {
        [b'{', ..] => Format::Json,
        _ => Format::Yaml,
    };
    match Parsed::new(text.as_bytes(), format) {
        Some(parsed) if parsed.error.is_none() => {
            with(finder, &parsed, &inside);
            true
        }
        _ => false,
    }
}

/// Looks at a text that holds the values of a chart. Returns whether it could be read.
fn values_text(finder: &mut Finder<'_>, tree: &Tree<'_>, node: NodeId, path: &str) {
    if !settings_text(finder, tree, VALUES, node, path) {
        finder.settings(tree, VALUES, node, path);
    }
}

/// Looks at a text that is YAML or JSON with settings. Returns whether it is.
fn settings_text(
    finder: &mut Finder<'_>,
    tree: &Tree<'_>,
    place: Place,
    node: NodeId,
    path: &str,
) -> bool {
    let mut found_any = false;
    inner(finder, tree, node, path, |finder, parsed, inside| {
        for (tree, root) in trees(parsed, Some(inside.clone())) {
            if tree.is_mapping(root) || tree.is_sequence(root) {
                finder.begin(&tree);
                found_any = true;
                finder.values(&tree, place, root, "");
            }
        }
    });
    found_any
}

/// Looks for the Helm parameters and values of an Argo CD application.
fn argo(finder: &mut Finder<'_>, tree: &Tree<'_>, node: NodeId, path: &str, depth: usize) {
    if !finder.may_go_on(depth) {
        return;
    }
    for (field, value) in tree.entries(node) {
        let path = key(path, field);
        if field != "helm" {
            argo(finder, tree, value, &path, depth + 1);
            continue;
        }
        for (field, value) in tree.entries(value) {
            let path = key(&path, field);
            match field {
                "values" => values_text(finder, tree, value, &path),
                "valuesObject" => finder.values(tree, VALUES, value, &path),
                "parameters" => finder.environment(tree, VALUES, value, &path),
                _ => {}
            }
        }
    }
    for (number, one) in tree.items(node) {
        argo(finder, tree, one, &item(path, number), depth + 1);
    }
}

fn config_map(finder: &mut Finder<'_>, tree: &Tree<'_>, root: NodeId, path: &str) {
    for (name, node) in tree.get(root, "data").iter().flat_map(|d| tree.entries(*d)) {
        let path = key(&key(path, "data"), name);
        let text = tree.scalar(node).unwrap_or("");
        let is_block = text.contains('\n');
        let text = text.trim();
        let is_json = name.ends_with(".json") || (text.starts_with('{') && text.ends_with('}'));
        let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        let place = CONFIG_MAP.at_most(Confidence::Likely);
        let is_read = (is_json || is_yaml) && settings_text(finder, tree, place, node, &path);
        if is_read {
            continue;
        }
        // One line is a value, unless its name is that of a file.
        let is_file = text.contains('\n')
            || name.starts_with('.')
            || ((is_block || name.contains('.')) && !super::names::is_credential(name));
        if is_file || is_json || is_yaml {
            finder.settings(tree, place, node, &path);
        } else {
            finder.named(tree, CONFIG_MAP, name, node, &path);
        }
    }
    let binary = tree.get(root, "binaryData");
    for (name, node) in binary.iter().flat_map(|d| tree.entries(*d)) {
        let decoded = tree
            .scalar(node)
            .and_then(|text| STANDARD.decode(text.trim()).ok())
            .map(Zeroizing::new);
        let Some(value) = decoded.as_ref().and_then(|d| std::str::from_utf8(d).ok()) else {
            continue;
        };
        if let Some(confidence) = super::finder::judge(name, value.trim_end()) {
            let path = key(&key(path, "binaryData"), name);
            let written = tree.scalar(node).unwrap_or("");
            let message = format!(
                "`{}` has its value in clear {}",
                super::names::shown(name),
                CONFIG_MAP.words
            );
            let hit = Hit::new(CONFIG_MAP.check, tree.span(node, written, true), message)
                .confidence(confidence)
                .of(value.as_bytes());
            finder.take(hit.at(tree.full_path(&path)), tree.inside.is_some());
        }
    }
}

/// Looks for environments and command lines of containers, and for manifests in patches, at any depth.
pub(super) fn workload(
    finder: &mut Finder<'_>,
    file: File<'_>,
    tree: &Tree<'_>,
    node: NodeId,
    path: &str,
    depth: usize,
) {
    if !finder.may_go_on(depth) || depth >= MAX_DEPTH {
        return;
    }
    for (field, value) in tree.entries(node) {
        let path = match field {
            "<<" => path.to_owned(),
            _ => key(path, field),
        };
        match field {
            "env" if tree.is_sequence(value) => finder.environment(tree, ENVIRONMENT, value, &path),
            "args" | "command" if tree.is_sequence(value) => {
                finder.command(tree, COMMAND, value, &path);
            }
            "patch" if tree.scalar(value).is_some() => patch(finder, file, tree, value, &path),
            "patch" if tree.is_sequence(value) => {
                operations(finder, file, tree, value, &path, depth + 1);
            }
            "patchesStrategicMerge" => {
                for (number, one) in tree.items(value) {
                    patch(finder, file, tree, one, &item(&path, number));
                }
            }
            _ => workload(finder, file, tree, value, &path, depth + 1),
        }
    }
    for (number, one) in tree.items(node) {
        workload(finder, file, tree, one, &item(path, number), depth + 1);
    }
}

/// Looks at a patch that is written into a kustomization.
fn patch(finder: &mut Finder<'_>, file: File<'_>, tree: &Tree<'_>, node: NodeId, path: &str) {
    let is_text = |text: &str| text.contains('\n') || text.trim_start().starts_with(['[', '{']);
    if !tree.scalar(node).is_some_and(is_text) {
        return;
    }
    inner(finder, tree, node, path, |finder, parsed, inside| {
        documents(finder, file, parsed, Some(inside.clone()));
    });
}

/// Looks at the operations of a JSON patch: what it puts into an environment or a command line, and
/// environments within what it puts anywhere.
fn operations(
    finder: &mut Finder<'_>,
    file: File<'_>,
    tree: &Tree<'_>,
    list: NodeId,
    path: &str,
    depth: usize,
) {
    for (number, one) in tree.items(list) {
        let (Some(pointer), Some(value)) = (tree.text(one, "path"), tree.get(one, "value")) else {
            continue;
        };
        if tree.get(one, "op").is_none() {
            continue;
        }
        let path = key(&item(path, number), "value");
        let mut names = pointer.rsplit('/');
        let last = names.next().unwrap_or("");
        let is_item = last == "-" || last.bytes().all(|byte| byte.is_ascii_digit());
        match if is_item { names.next() } else { Some(last) } {
            Some("env") if is_item => finder.variable(tree, ENVIRONMENT, value, &path),
            Some("env") => finder.environment(tree, ENVIRONMENT, value, &path),
            Some("args" | "command") => finder.command(tree, COMMAND, value, &path),
            _ => workload(finder, file, tree, value, &path, depth + 1),
        }
    }
}

const TEMPLATE: Place = Place {
    check: &checks::WORKLOAD_ENV,
    words: "in the environment of a workload",
    at_most: Confidence::Possible,
};

/// Looks at a text that is no YAML, such as a chart's template, by its lines: `- name: NAME` and
/// `value: ...` one after the other.
pub(super) fn template(finder: &mut Finder<'_>, text: &str, from: usize) {
    let rest = text.get(from..).unwrap_or("");
    let mut name: Option<&str> = None;
    for line in rest.lines() {
        let Some(set) = super::lines::setting(line) else {
            name = None;
            continue;
        };
        match (set.name, name.take()) {
            ("name", _) => name = Some(set.value),
            ("value", Some(name)) => {
                finder.line(TEMPLATE, text, name, set.value);
            }
            _ => {}
        }
    }
}
