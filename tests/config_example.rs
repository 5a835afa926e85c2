//! The configuration that users start from does what its comments say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;

use secrets::sops::config::Config;
use secrets::sops::policy::{Overrides, SealPolicy};

const EXAMPLE: &str = include_str!("../.sops.yaml.example");

fn example() -> Config {
    Config::load(Path::new("/repo/.sops.yaml"), EXAMPLE.as_bytes()).unwrap()
}

#[test]
fn it_loads_without_a_warning() {
    let config = example();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert_eq!(config.stores.yaml_indent, Some(2));
}

#[test]
fn files_get_the_rules_that_the_comments_name() {
    let config = example();
    let data = "^(data|stringData)$";
    for (file, rule, recipients, selected) in [
        (
            "clusters/my-cluster/flux-system/secrets/blaster-dev-registry.yaml",
            Some(0),
            3,
            data,
        ),
        ("clusters/my-cluster/secrets/x.yaml", None, 0, ""),
        ("clusters/my-cluster/blaster/dev/source.yaml", None, 0, ""),
        ("k8s/prod/blaster.secret.yaml", Some(1), 2, data),
        ("k8s/dev/blaster.secret.yaml", Some(2), 3, data),
        ("k8s/dev/deep/blaster.secret.yaml", Some(2), 3, data),
        ("k8s/dev/deployment.yaml", None, 0, ""),
        ("secrets.env", Some(3), 2, "_unencrypted"),
        ("app/secrets.env", Some(3), 2, "_unencrypted"),
    ] {
        let decision = config.rule_for(Path::new(file), Path::new("/repo"));
        assert_eq!(decision.rule, rule, "{file}");
        assert_eq!(decision.path_text, file);
        let Some(rule) = rule else { continue };
        let rule = config.rules().get(rule).unwrap();
        let policy = SealPolicy::from_rule(rule, &Overrides::default()).unwrap();
        assert_eq!(policy.groups.len(), 1, "{file}");
        assert_eq!(
            policy.groups.first().unwrap().age.len(),
            recipients,
            "{file}"
        );
        assert_eq!(policy.selector.value(), selected, "{file}");
    }
}
