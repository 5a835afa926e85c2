//! What lies in a GitOps repository.

use super::layout::Node;
use super::random::Random;
use super::words;

/// One document of a kind that occurs there.
pub(super) fn document(random: &mut Random) -> Node {
    match random.below(10) {
        0..=3 => secret(random),
        4 => config_map(random),
        5 => helm_release(random),
        6 => flux_kustomization(random),
        7 => kustomization(random),
        8 => deployment(random),
        _ => list(random),
    }
}

/// A mapping; later entries of a key already taken are dropped.
pub(super) fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Node)>) -> Node {
    let mut kept: Vec<(String, Node)> = Vec::new();
    for (key, value) in entries {
        let key = key.into();
        if key != "sops" && kept.iter().all(|(name, _)| *name != key) {
            kept.push((key, value));
        }
    }
    Node::Map(kept)
}

fn plain(text: impl Into<String>) -> Node {
    Node::Plain(text.into())
}

fn head(random: &mut Random, version: &str, kind: &str) -> Vec<(String, Node)> {
    let mut metadata = vec![("name", plain(words::name(random)))];
    if random.chance(60) {
        metadata.push(("namespace", plain("blaster-dev")));
    }
    if random.chance(30) {
        let labels = (0..random.between(1, 3)).map(|_| (format!("example.com/{}", words::name(random)), scalar(random)));
        metadata.push(("labels", map(labels.collect::<Vec<_>>())));
    }
    if random.chance(20) {
        metadata.push(("annotations", map([("note", Node::Text(words::tame_text(random)))])));
    }
    vec![
        ("apiVersion".to_owned(), plain(version)),
        ("kind".to_owned(), plain(kind)),
        ("metadata".to_owned(), map(metadata)),
    ]
}

fn scalar(random: &mut Random) -> Node {
    match random.below(4) {
        0 => plain(words::plain(random)),
        1 => Node::Text(words::text(random)),
        _ => Node::Text(words::tame_text(random)),
    }
}

fn string_data(random: &mut Random, most: usize) -> Node {
    let entries: Vec<(String, Node)> = (0..random.between(1, most))
        .map(|_| {
            let value = match random.below(5) {
                0 => Node::Text(words::lines(random)),
                1 => plain(words::plain(random)),
                2 => Node::Text(words::text(random)),
                _ => Node::Text(words::tame_text(random)),
            };
            (words::data_key(random), value)
        })
        .collect();
    map(entries)
}

fn secret(random: &mut Random) -> Node {
    let mut entries = head(random, "v1", "Secret");
    if random.chance(60) {
        let kinds = ["Opaque", "kubernetes.io/dockerconfigjson", "kubernetes.io/tls", "kubernetes.io/basic-auth"];
        entries.push(("type".to_owned(), plain(random.pick(&kinds))));
    }
    if random.chance(60) {
        let data: Vec<_> = (0..random.between(1, 5)).map(|_| (words::data_key(random), plain(words::base64_text(random, 900)))).collect();
        entries.push(("data".to_owned(), map(data)));
    }
    if random.chance(70) {
        entries.push(("stringData".to_owned(), string_data(random, 6)));
    }
    if random.chance(10) {
        entries.push(("immutable".to_owned(), plain("true")));
    }
    map(entries)
}

fn config_map(random: &mut Random) -> Node {
    let mut entries = head(random, "v1", "ConfigMap");
    entries.push(("data".to_owned(), if random.chance(5) { map::<String>([]) } else { string_data(random, 8) }));
    map(entries)
}

fn helm_release(random: &mut Random) -> Node {
    let mut entries = head(random, "helm.toolkit.fluxcd.io/v2", "HelmRelease");
    let values = tree(random, 4);
    entries.push((
        "spec".to_owned(),
        map([
            ("interval", plain("10m")),
            ("chart", map([("spec", map([("chart", plain(words::name(random))), ("version", Node::Text(">=1.2.0 <2.0.0".to_owned()))]))])),
            ("values", values),
        ]),
    ));
    map(entries)
}

/// A nested mapping as Helm values are.
fn tree(random: &mut Random, depth: usize) -> Node {
    let entries: Vec<_> = (0..random.between(1, 5))
        .map(|_| {
            let value = match random.below(8) {
                0 | 1 if depth > 0 => tree(random, depth - 1),
                2 if depth > 0 => Node::List((0..random.below(4)).map(|_| tree(random, depth - 1)).collect()),
                3 => Node::List((0..random.below(5)).map(|_| scalar(random)).collect()),
                4 => Node::Text(words::lines(random)),
                5 => plain(words::plain(random)),
                _ => scalar(random),
            };
            (words::name(random).replace('-', "_"), value)
        })
        .collect();
    map(entries)
}

fn flux_kustomization(random: &mut Random) -> Node {
    let mut entries = head(random, "kustomize.toolkit.fluxcd.io/v1", "Kustomization");
    entries.push((
        "spec".to_owned(),
        map([
            ("interval", plain("1m")),
            ("path", plain("./k8s/dev")),
            ("prune", plain("true")),
            ("sourceRef", map([("kind", plain("GitRepository")), ("name", plain(words::name(random)))])),
            ("decryption", map([("provider", plain("sops")), ("secretRef", map([("name", plain("sops-age"))]))])),
            ("postBuild", map([("substitute", string_data(random, 3))])),
        ]),
    ));
    map(entries)
}

fn kustomization(random: &mut Random) -> Node {
    let resources = (0..random.between(1, 6)).map(|_| plain(format!("./{}.yaml", words::name(random)))).collect();
    map([
        ("apiVersion", plain("kustomize.config.k8s.io/v1beta1")),
        ("kind", plain("Kustomization")),
        ("resources", Node::List(resources)),
        ("namePrefix", Node::Text("dev-".to_owned())),
    ])
}

fn deployment(random: &mut Random) -> Node {
    let mut entries = head(random, "apps/v1", "Deployment");
    let container = map([
        ("name", plain("app")),
        ("image", plain(format!("registry.example.com/games/blaster:dev-20240229.{}", random.below(99)))),
        ("env", Node::List((0..random.between(1, 6)).map(|_| variable(random)).collect())),
        ("ports", Node::List(vec![map([("containerPort", plain("3000"))])])),
        ("command", Node::List(vec![plain("sh"), Node::Text("-c".to_owned()), Node::Text(words::lines(random))])),
    ]);
    entries.push((
        "spec".to_owned(),
        map([
            ("replicas", plain("2")),
            ("template", map([("spec", map([("containers", Node::List(vec![container]))]))])),
        ]),
    ));
    map(entries)
}

fn variable(random: &mut Random) -> Node {
    let name = plain(words::name(random).replace('-', "_").to_uppercase());
    if random.chance(30) {
        let reference = map([("name", plain(words::name(random))), ("key", plain(words::data_key(random)))]);
        map([("name", name), ("valueFrom", map([("secretKeyRef", reference)]))])
    } else {
        map([("name", name), ("value", scalar(random))])
    }
}

fn list(random: &mut Random) -> Node {
    let items = (0..random.between(1, 4)).map(|_| if random.chance(70) { secret(random) } else { config_map(random) }).collect();
    map([("apiVersion", plain("v1")), ("kind", plain("List")), ("items", Node::List(items))])
}
