//! The leaks: how each is planted, and the check that has to turn red.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{DATABASE, REGISTRY, Runbook, VALUE, alice_identity, data, recipient};
use crate::credentials::tokens::{self, Dice};
use crate::repository::Repository;

/// A leak.
pub(crate) struct Plant {
    pub(crate) name: &'static str,
    pub(crate) plant: fn(&Runbook),
    pub(crate) arguments: &'static [&'static str],
    /// The check that must turn red.
    pub(crate) red: &'static str,
    /// Checks that may turn red as well, since the leak is two things at once.
    pub(crate) also: &'static [&'static str],
    /// The file with the leak; empty if it has none, or several.
    pub(crate) path: &'static str,
}

const fn plant(
    name: &'static str,
    red: &'static str,
    path: &'static str,
    plant: fn(&Runbook),
) -> Plant {
    Plant {
        name,
        plant,
        arguments: &[],
        red,
        also: &[],
        path,
    }
}

impl Plant {
    const fn also(mut self, also: &'static [&'static str]) -> Self {
        self.also = also;
        self
    }

    const fn with(mut self, arguments: &'static [&'static str]) -> Self {
        self.arguments = arguments;
        self
    }
}

fn put(repository: &Repository, path: &str, text: &str) {
    repository.write(path, text.replace("VALUE", VALUE));
}

fn edit(repository: &Repository, path: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(repository.path(path)).unwrap();
    assert!(text.contains(from), "{path}: no {from}");
    repository.write(path, text.replacen(from, &to.replace("VALUE", VALUE), 1));
}

fn dice() -> Dice {
    Dice::new(42)
}

fn plain_database() -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: blaster-db\n  namespace: blaster-dev\nstringData:\n  POSTGRES_USER: blaster\n  POSTGRES_PASSWORD: {VALUE}\n"
    )
}

fn registry() -> String {
    let auth = STANDARD.encode(format!("blaster-dev:{VALUE}"));
    let auths = format!(
        "{{\"auths\":{{\"registry.reids.net.au\":{{\"username\":\"blaster-dev\",\"password\":\"{VALUE}\",\"auth\":\"{auth}\"}}}}}}"
    );
    let template =
        std::fs::read_to_string(data().join("runbook/templates/blaster-dev-registry.yaml"))
            .unwrap();
    let line = template
        .lines()
        .find(|line| line.contains(".dockerconfigjson:"))
        .unwrap();
    template.replace(
        line,
        &format!("  .dockerconfigjson: {}", STANDARD.encode(auths)),
    )
}

/// The database's Secret in plaintext, committed, then sealed as it was.
fn committed_plain(runbook: &Runbook) {
    let sealed = std::fs::read(runbook.blaster.path(DATABASE)).unwrap();
    put(&runbook.blaster, DATABASE, &plain_database());
    runbook.blaster.commit("Change the password");
    runbook.blaster.write(DATABASE, sealed);
    runbook.blaster.commit("Seal it");
}

const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: db\nspec:\n  interval: 30m\n  chart:\n    spec:\n      chart: postgresql\n      sourceRef:\n        kind: HelmRepository\n        name: charts\n  values:\n    auth:\n      username: blaster\n      password: VALUE\n";
const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\ndata:\n  LOG_LEVEL: info\n  DB_PASSWORD: VALUE\n";
const SECRETS: &[&str] = &["SEC003"];

pub(crate) const PLANTS: &[Plant] = &[
    plant("the registry's Secret is plain", "SEC001", REGISTRY, |r| put(&r.flux, REGISTRY, &registry())).also(&["SEC103"]),
    plant("the database's Secret is plain", "SEC001", DATABASE, |r| put(&r.blaster, DATABASE, &plain_database())),
    plant("a value was added to a sealed file", "SEC002", DATABASE, |r| edit(&r.blaster, DATABASE, "stringData:\n", "stringData:\n    EXTRA: VALUE\n")),
    plant("a sealed value was replaced", "SEC002", DATABASE, |r| {
        let text = std::fs::read_to_string(r.blaster.path(DATABASE)).unwrap();
        let line = text.lines().find(|line| line.contains("POSTGRES_USER:")).unwrap();
        edit(&r.blaster, DATABASE, line, "    POSTGRES_USER: VALUE");
    }),
    plant("a Secret outside of the rules", "SEC003", "k8s/dev/secret.yaml", |r| put(&r.blaster, "k8s/dev/secret.yaml", &plain_database())),
    plant("a Secret in JSON outside of the rules", "SEC003", "k8s/secret.json", |r| put(&r.blaster, "k8s/secret.json", "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"a\"},\"stringData\":{\"password\":\"VALUE\"}}")),
    plant("the age identity is committed", "SEC101", "age.agekey", |r| put(&r.flux, "age.agekey", &format!("# created: 2026-01-01\n{}\n", alice_identity()))),
    plant("the age identity is in a sops-age Secret", "SEC101", "clusters/sops-age.yaml", |r| {
        let key = STANDARD.encode(alice_identity() + "\n");
        put(&r.flux, "clusters/sops-age.yaml", &format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: sops-age\n  namespace: flux-system\ndata:\n  age.agekey: {key}\n"));
    }).also(SECRETS),
    plant("a private key", "SEC102", "deploy/identity", |r| put(&r.flux, "deploy/identity", &std::fs::read_to_string(data().join("keys/ssh_ed25519")).unwrap())),
    plant("a docker configuration", "SEC103", ".docker/config.json", |r| put(&r.blaster, ".docker/config.json", &tokens::docker(&mut dice()))).also(&["SEC119"]),
    plant("a kubeconfig", "SEC104", "kubeconfig", |r| put(&r.flux, "kubeconfig", &(tokens::kubeconfig(&mut dice()) + "\n"))).also(&["SEC102", "SEC119"]),
    plant("a GitLab token in a script", "SEC105", "bootstrap.sh", |r| put(&r.flux, "bootstrap.sh", &format!("#!/bin/sh\nGITLAB_TOKEN={} flux bootstrap gitlab\n", tokens::gitlab(&mut dice())))),
    plant("a GitHub token in a README", "SEC106", "README.md", |r| put(&r.flux, "README.md", &format!("# Cluster\n\nUse {} to bootstrap.\n", tokens::github(&mut dice())))),
    plant("a connection string in a README", "SEC118", "README.md", |r| put(&r.blaster, "README.md", "psql postgres://blaster:VALUE@db.reids.net.au/blaster\n")),
    plant("an env file", "SEC120", ".env", |r| put(&r.blaster, ".env", "NODE_ENV=development\nDB_PASSWORD=VALUE\n")).also(&["SEC119"]),
    plant("the registry's credential in .npmrc", "SEC119", ".npmrc", |r| put(&r.blaster, ".npmrc", "//registry.reids.net.au/:_authToken=VALUE\n")).also(&["SEC112"]),
    plant("a password in the values of a release", "SEC204", "clusters/my-cluster/apps/db.yaml", |r| put(&r.flux, "clusters/my-cluster/apps/db.yaml", RELEASE)),
    plant("a password in postBuild.substitute", "SEC205", "clusters/my-cluster/blaster/dev/kustomization.yaml", |r| {
        edit(&r.flux, "clusters/my-cluster/blaster/dev/kustomization.yaml", "  decryption:\n", "  postBuild:\n    substitute:\n      DB_PASSWORD: VALUE\n  decryption:\n");
    }),
    plant("a password in a ConfigMap", "SEC206", "k8s/dev/config.yaml", |r| put(&r.blaster, "k8s/dev/config.yaml", CONFIG_MAP)),
    plant("a literal in the environment of a workload", "SEC207", "k8s/dev/20-deployment.yaml", |r| {
        edit(&r.blaster, "k8s/dev/20-deployment.yaml", "            - name: NODE_ENV\n", "            - name: DB_PASSWORD\n              value: VALUE\n            - name: NODE_ENV\n");
    }),
    plant("a variable of the CI", "SEC208", ".gitlab-ci.yml", |r| put(&r.blaster, ".gitlab-ci.yml", "variables:\n  DEPLOY_TOKEN: VALUE\nbuild:\n  script:\n    - make\n")),
    plant("an ENV of a Dockerfile", "SEC209", "Dockerfile", |r| put(&r.blaster, "Dockerfile", "FROM node:22\nENV DB_PASSWORD=VALUE\nCMD [\"node\", \".\"]\n")),
    plant("a last-applied annotation", "SEC201", "k8s/dev/dump.yaml", |r| {
        let applied = "{\\\"apiVersion\\\":\\\"v1\\\",\\\"kind\\\":\\\"Secret\\\",\\\"metadata\\\":{\\\"name\\\":\\\"a\\\"},\\\"stringData\\\":{\\\"password\\\":\\\"VALUE\\\"}}";
        put(&r.blaster, "k8s/dev/dump.yaml", &format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: \"{applied}\"\n"));
    }),
    plant("a literal of a secretGenerator", "SEC202", "k8s/dev/kustomization.yaml", |r| {
        edit(&r.blaster, "k8s/dev/kustomization.yaml", "resources:\n", "secretGenerator:\n  - name: app\n    literals:\n      - password=VALUE\nresources:\n");
    }),
    plant("a plain file of a secretGenerator", "SEC203", "", |r| {
        edit(&r.blaster, "k8s/dev/kustomization.yaml", "resources:\n", "secretGenerator:\n  - name: app\n    envs:\n      - app.properties\nresources:\n");
        put(&r.blaster, "k8s/dev/app.properties", "password=VALUE\n");
    }).also(&["SEC119", "SEC120"]),
    plant("a decrypted copy", "SEC301", "k8s/dev/10-secret-db.dec.yaml", |r| put(&r.blaster, "k8s/dev/10-secret-db.dec.yaml", &plain_database())).also(&["SEC003", "SEC303"]),
    plant("an editor's swap file", "SEC302", "k8s/dev/.10-secret-db.enc.yaml.swp", |r| put(&r.blaster, "k8s/dev/.10-secret-db.enc.yaml.swp", &format!("b0VIM 9.1\0\0\0\0{}", plain_database()))).also(&["SEC003"]),
    plant("an editor's backup", "SEC302", "k8s/dev/10-secret-db.enc.yaml~", |r| put(&r.blaster, "k8s/dev/10-secret-db.enc.yaml~", &plain_database())).also(&["SEC003"]),
    plant("a plain twin", "SEC303", "k8s/dev/10-secret-db.yaml", |r| put(&r.blaster, "k8s/dev/10-secret-db.yaml", &plain_database())).also(SECRETS),
    plant("a recipient was removed from the rule", "SEC006", "", |r| {
        // Bob is named now, Alice is not: she still opens the files.
        let (alice, bob) = (recipient("alice"), recipient("bob"));
        edit(&r.blaster, ".sops.yaml", &alice, &bob);
    }),
    plant("a recipient was added to the rule", "SEC006", REGISTRY, |r| {
        let alice = recipient("alice");
        edit(&r.flux, ".sops.yaml", &alice, &format!("{alice}', '{}", recipient("carol")));
    }),
    plant("the rule selects other keys than the file", "SEC004", DATABASE, |r| {
        edit(&r.blaster, DATABASE, "encrypted_regex: ^(data|stringData)$", "encrypted_regex: ^(data|stringData|password)$");
    }),
    plant("the selector is not anchored", "SEC010", "", |r| {
        edit(&r.blaster, ".sops.yaml", "^(data|stringData)$", "(data|stringData)");
    }).also(&["SEC004", "SEC009"]),
    plant("the metadata lost its MAC", "SEC016", DATABASE, |r| edit(&r.blaster, DATABASE, "    mac: ENC", "    mic: ENC")),
    plant("it was plain in the history", "SEC014", DATABASE, committed_plain).with(&["--history"]),
    plant("it is plain in the index only", "SEC001", DATABASE, |r| {
        let sealed = std::fs::read(r.blaster.path(DATABASE)).unwrap();
        put(&r.blaster, DATABASE, &plain_database());
        r.blaster.git(&["add", DATABASE]);
        r.blaster.write(DATABASE, sealed);
    }),
    plant("it is staged", "SEC001", DATABASE, |r| {
        put(&r.blaster, DATABASE, &plain_database());
        r.blaster.git(&["add", DATABASE]);
    }).with(&["--staged"]),
    plant("it is in a stash", "SEC014", DATABASE, |r| {
        put(&r.blaster, DATABASE, &plain_database());
        r.blaster.git(&["stash", "--quiet"]);
    }).with(&["--history"]).also(&["SEC001"]),
    plant("a token in a commit message", "SEC105", "", |r| {
        r.blaster.commit(&format!("Use {} for the registry", tokens::gitlab(&mut dice())));
    }).with(&["--history"]),
    plant("a token in the message of a tag", "SEC106", "", |r| {
        r.blaster.git(&["tag", "-a", "v1", "-m", &format!("Made with {}", tokens::github(&mut dice()))]);
    }).with(&["--history"]),
    plant("it was amended away", "SEC014", DATABASE, |r| {
        let sealed = std::fs::read(r.blaster.path(DATABASE)).unwrap();
        put(&r.blaster, DATABASE, &plain_database());
        r.blaster.commit("A mistake");
        r.blaster.write(DATABASE, sealed);
        r.blaster.git(&["add", "--all"]);
        r.blaster.git(&["commit", "--quiet", "--amend", "--allow-empty", "-m", "No mistake"]);
        r.blaster.git(&["reflog", "expire", "--expire=now", "--all"]);
    }).with(&["--history"]).also(&["SEC001"]),
    plant("ignored, but tracked", "SEC120", ".env.local", |r| {
        put(&r.blaster, ".gitignore", ".env*\n");
        put(&r.blaster, ".env.local", "DB_PASSWORD=VALUE\n");
        r.blaster.commit("Oops");
    }).also(&["SEC119"]),
];
