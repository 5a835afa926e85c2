//! Kustomizations: generators of Secrets and ConfigMaps.

use super::finder::{Finder, Place, is_plain};
use super::kubernetes::{File, VALUES};
use super::lines::unquoted;
use super::sources;
use super::tree::{Tree, item, key};
use crate::audit::checks;
use crate::audit::finding::{Confidence, Hit};
use crate::document::tree::NodeId;

const CONFIG_MAP_LITERAL: Place = Place {
    check: &checks::CONFIG_MAP_CREDENTIAL,
    words: "in a literal of a configMapGenerator",
    at_most: Confidence::Certain,
};

/// Looks at the generators of a kustomization.
pub(super) fn kustomization(
    finder: &mut Finder<'_>,
    file: File<'_>,
    tree: &Tree<'_>,
    root: NodeId,
    path: &str,
) {
    for (field, value) in tree.entries(root) {
        let path = key(path, field);
        match field {
            "secretGenerator" => {
                for (number, generator) in tree.items(value) {
                    secret_generator(finder, file, tree, generator, &item(&path, number));
                }
            }
            "configMapGenerator" => {
                for (number, generator) in tree.items(value) {
                    let path = key(&item(&path, number), "literals");
                    if let Some(literals) = tree.get(generator, "literals") {
                        finder.environment(tree, CONFIG_MAP_LITERAL, literals, &path);
                    }
                }
            }
            "helmCharts" | "helmChartInflationGenerator" => {
                for (number, chart) in tree.items(value) {
                    let path = key(&item(&path, number), "valuesInline");
                    if let Some(values) = tree.get(chart, "valuesInline") {
                        finder.values(tree, VALUES, values, &path);
                    }
                }
            }
            _ => {}
        }
    }
}

fn secret_generator(
    finder: &mut Finder<'_>,
    file: File<'_>,
    tree: &Tree<'_>,
    generator: NodeId,
    path: &str,
) {
    let literals = tree.get(generator, "literals");
    for (number, literal) in literals.iter().flat_map(|l| tree.items(*l)) {
        let Some((name, value)) = tree.scalar(literal).and_then(|text| text.split_once('=')) else {
            continue;
        };
        let value = unquoted_literal(value);
        if is_plain(value) {
            let path = item(&key(path, "literals"), number);
            let name = super::names::shown(name);
            let message =
                format!("`{name}` has its value in clear in a literal of a secretGenerator");
            let span = tree.span(literal, value, false);
            let hit = Hit::new(&checks::SECRET_GENERATOR_LITERAL, span, message);
            finder.take(hit.at(tree.full_path(&path)).of(value.as_bytes()), true);
        }
    }
    let Some(view) = file.view else {
        return;
    };
    for (field, is_env) in [("envs", true), ("env", true), ("files", false)] {
        let Some(named) = tree.get(generator, field) else {
            continue;
        };
        let path = key(path, field);
        if tree.scalar(named).is_some() {
            source(finder, (file, view), tree, named, &path, is_env);
        }
        for (number, one) in tree.items(named) {
            source(
                finder,
                (file, view),
                tree,
                one,
                &item(&path, number),
                is_env,
            );
        }
    }
}

/// Kustomize takes off quotes that are around the whole value of a literal.
fn unquoted_literal(value: &str) -> &str {
    match value.as_bytes() {
        [b'"', .., b'"'] | [b'\'', .., b'\''] => unquoted(value),
        _ => value,
    }
}

/// Looks at a file that a generator makes a Secret of.
fn source(
    finder: &mut Finder<'_>,
    (file, view): (File<'_>, &dyn crate::audit::view::View),
    tree: &Tree<'_>,
    node: NodeId,
    path: &str,
    is_env: bool,
) {
    let Some(named) = tree.scalar(node) else {
        return;
    };
    let named = match named.split_once('=') {
        Some((_, named)) if !is_env => named,
        _ => named,
    };
    let Some(source) = sources::resolve(file.path, named) else {
        return;
    };
    let Some(bytes) = view.read(&source).map(zeroize::Zeroizing::new) else {
        return;
    };
    let judged = match is_env {
        true => sources::plain_settings(&bytes),
        false => sources::plain_file(&source, &bytes),
    };
    if let Some(confidence) = judged {
        let shown = super::names::shown(&source);
        let message = format!("the secretGenerator reads `{shown}`, which is not sealed");
        let span = tree.span(node, named, false);
        let hit = Hit::new(&checks::SECRET_GENERATOR_FILE, span, message)
            .confidence(confidence)
            .at(tree.full_path(path))
            .of(&bytes);
        finder.take(hit, true);
    }
}
