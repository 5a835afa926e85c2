//! What is no finding.

use super::*;

#[test]
fn references_names_and_placeholders_are_none() {
    for values in [
        "existingSecret: db",
        "auth: {existingSecret: db, secretKeys: {adminPasswordKey: password}}",
        "passwordKey: password",
        "secretName: db-tls",
        "secret: grafana-admin",
        "tokenSecretRef: {name: a, key: token}",
        "password: ${DB_PASSWORD}",
        "password: \"{{ .db }}\"",
        "password: changeme",
        "password: \"\"",
        "password:",
        "password: null",
        "password: true",
        "password: op://vault/db/password",
        "password: ref+vault://db#password",
        "password: ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]",
        "env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}]",
        "env: {DB_PASSWORD: {valueFrom: {secretKeyRef: {name: db, key: password}}}}",
        "env: {DB_PASSWORD_FILE: /run/secrets/q7Vb2Lw9XkT4mR8sZp3N}",
        "args: [--token-ttl=24h, --without-password, --password-file=/a]",
        "image: {tag: v1, digest: q7Vb2Lw9XkT4mR8sZp3N}",
        "config: |\n        # password: q7Vb2Lw9XkT4mR8sZp3N\n        token_url: https://example.org",
    ] {
        let text = format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n      {values}\n"
        );
        assert_eq!(found("a.yaml", &text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn other_kinds_are_none() {
    for text in [
        "kind: Secret\napiVersion: v1\nstringData: {password: @}\n",
        "kind: SealedSecret\napiVersion: bitnami.com/v1alpha1\nspec: {encryptedData: {password: @}}\n",
        "kind: ExternalSecret\napiVersion: external-secrets.io/v1\nspec: {data: [{secretKey: @, remoteRef: {key: @}}]}\n",
        "kind: HelmRelease\napiVersion: helm.toolkit.fluxcd.io/v2\nspec: {chart: {password: @}}\n",
        "kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1\nspec: {password: @}\n",
        "password: @\n",
        "- password: @\n",
        "password\n",
        "",
        "--- \n...\n",
        "kind: [ConfigMap]\napiVersion: {}\ndata: @\n",
        "kind: ConfigMap\napiVersion: v1\ndata: [password, @]\n",
        "kind: List\napiVersion: v1\nitems: {password: @}\n",
    ] {
        assert_eq!(found("a.yaml", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn values_of_sealed_secrets_need_no_parse() {
    let value = format!("AgB{}", "x7".repeat(400));
    let text = |kind: &str| {
        format!(
            "kind: {kind}\nspec:\n  encryptedData:\n    password: {value}\n    token: {value}==\n"
        )
    };
    assert!(!has_values(text("SealedSecret").as_bytes()));
    assert!(has_values(text("ConfigMap").as_bytes()));
    let beside = format!(
        "{}---\npassword: q7Vb2Lw9XkT4mR8sZp3N\n",
        text("SealedSecret")
    );
    assert!(has_values(beside.as_bytes()));
    let short = text("SealedSecret").replace(&value, &value[..200]);
    assert!(has_values(short.as_bytes()));
}

#[test]
fn ci_references_are_none() {
    for text in [
        "variables:\n  DB_PASSWORD: $VAULT_PASSWORD\n  API_TOKEN: ${TOKEN}\n",
        "build:\n  script:\n    - export TOKEN=$(get-token)\n    - docker login -p $CI_JOB_TOKEN\n    - run --password \"$PASSWORD\" --token-ttl 24h\n",
        "build:\n  secrets:\n    DATABASE_PASSWORD:\n      vault: production/db/password@ops\n",
    ] {
        assert_eq!(
            found(".gitlab-ci.yml", text),
            Vec::<String>::new(),
            "{text}"
        );
    }
    let text = "env:\n  API_TOKEN: ${{ secrets.API_TOKEN }}\njobs:\n  a:\n    permissions: {id-token: write}\n    steps:\n      - with: {token: \"${{ secrets.X }}\", github-token: \"${{ github.token }}\"}\n";
    assert_eq!(found(".github/workflows/a.yml", text), Vec::<String>::new());
}

#[test]
fn aliases_that_grow_without_bounds_end() {
    let mut text = "kind: HelmRelease\napiVersion: helm.toolkit.fluxcd.io/v2\nspec:\n  values:\n    a0: &a0 {password: x}\n".to_owned();
    for n in 1..40 {
        let before = n - 1;
        text.push_str(&format!(
            "    a{n}: &a{n} [*a{before}, *a{before}, *a{before}]\n"
        ));
    }
    let started = std::time::Instant::now();
    found("a.yaml", &text);
    // A long text with an alias for every few bytes of it.
    let mut text =
        "kind: HelmRelease\napiVersion: helm.toolkit.fluxcd.io/v2\nspec:\n  values:\n    a: &a |\n"
            .to_owned();
    text.push_str(&"      key: value\n".repeat(5_000));
    text.push_str("    b:\n");
    text.push_str(&"    - *a\n".repeat(5_000));
    text.push_str("    password: @\n");
    assert_eq!(
        found("a.yaml", &text),
        ["SEC204 likely spec.values.password"]
    );
    assert!(started.elapsed().as_secs() < 30);
}

#[test]
fn texts_that_are_no_yaml_are_passed_over() {
    for text in [
        "\u{feff}",
        "{",
        "a: b: c",
        "kind: ConfigMap\n\tdata: x",
        "kind: \"a",
        "][",
    ] {
        found("a.yaml", text);
        found("a.json", text);
        found("kustomization.yaml", text);
    }
    let mut hits = Vec::new();
    check(&Subject::new("a.yaml", b"kind: \xff\xfe"), None, &mut hits);
    check(&Subject::new("Dockerfile", b"ENV \xff"), None, &mut hits);
    assert!(hits.is_empty());
}
