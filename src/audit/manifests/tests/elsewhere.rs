//! Kustomizations, CI configurations, compose files, values and Dockerfiles.

use super::*;

#[test]
fn literals_of_a_secret_generator_are_secret_whatever_they_are_called() {
    let text = "secretGenerator:\n- name: a\n  literals:\n  - user=anna\n  - 'token=x=y'\n  - empty=\n  - set=${SET}\n  - mark=changeme\n  - \"quoted=\\\"abc1\\\"\"\n";
    let expected = [
        "SEC202 certain secretGenerator[0].literals[0]",
        "SEC202 certain secretGenerator[0].literals[1]",
        "SEC202 certain secretGenerator[0].literals[5]",
    ];
    assert_eq!(found("kustomization.yaml", text), expected);
    let with_kind =
        format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{text}");
    assert_eq!(found("other.yaml", &with_kind), expected);
    assert!(found("other.yaml", text).is_empty(), "no kustomization");
    assert_eq!(found("apps/Kustomization", text), expected);
    for kind in ["Kustomization", "Component"] {
        let text = format!("kind: {kind}\n{text}");
        for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
            assert_eq!(found(name, &text), expected, "{name}");
        }
    }
}

#[test]
fn what_a_json_patch_adds_to_an_environment_is_found() {
    const ENV: &str = "/spec/template/spec/containers/0/env";
    let operations = [
        (format!("- {{op: add, path: {ENV}/-, value: {{name: DB_PASSWORD, value: @}}}}\n"), "[0].value.value"),
        (
            format!("- op: add\n  path: {ENV}/-\n  value:\n    name: DB_PASSWORD\n    value: @\n"),
            "[0].value.value",
        ),
        (
            format!("- op: remove\n  path: /x\n- op: replace\n  path: {ENV}/0\n  value: {{name: DB_PASSWORD, value: @}}\n"),
            "[1].value.value",
        ),
        (
            format!("- op: add\n  path: {ENV}\n  value:\n  - name: DB_PASSWORD\n    value: @\n"),
            "[0].value[0].value",
        ),
        (
            "- op: add\n  path: /spec/template/spec/containers/-\n  value:\n    env:\n    - name: DB_PASSWORD\n      value: @\n".to_owned(),
            "[0].value.env[0].value",
        ),
        (
            "- op: add\n  path: /spec/template/spec/containers/0/args/-\n  value: --db-password=@\n".to_owned(),
            "[0].value -> db-password",
        ),
        (
            format!("[{{\"op\": \"add\", \"path\": \"{ENV}/-\", \"value\": {{\"name\": \"DB_PASSWORD\", \"value\": \"@\"}}}}]"),
            "[0].value.value",
        ),
    ];
    for (patch, path) in operations {
        let expected = |before: &str| [format!("SEC207 likely {before}{path}")];
        assert_eq!(found("patches/env.yaml", &patch), expected(""), "{patch}");
        if patch.starts_with("[{") {
            assert_eq!(found("patches/env.json", &patch), expected(""), "{patch}");
        }
        let block = patch.replace('\n', "\n      ");
        for (field, at) in [
            ("patches", "patches[0].patch"),
            ("patchesJson6902", "patchesJson6902[0].patch"),
        ] {
            let text = format!("{field}:\n  - patch: |\n      {block}\n");
            assert_eq!(
                found("kustomization.yaml", &text),
                expected(&format!("{at} -> ")),
                "{text}"
            );
        }
        let flux = format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n  patches:\n  - patch: |\n      {block}\n"
        );
        assert_eq!(
            found("a.yaml", &flux),
            expected("spec.patches[0].patch -> "),
            "{flux}"
        );
    }
    let release = format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  postRenderers:\n  - kustomize:\n      patchesJson6902:\n      - patch:\n        - {{op: add, path: {ENV}/-, value: {{name: DB_PASSWORD, value: @}}}}\n"
    );
    assert_eq!(
        found("a.yaml", &release),
        ["SEC207 likely spec.postRenderers[0].kustomize.patchesJson6902[0].patch[0].value.value"]
    );
    let no_patch = "- {path: /env/-, value: {name: DB_PASSWORD, value: @}}\n";
    assert!(found("a.yaml", no_patch).is_empty());
}

#[test]
fn a_file_of_one_line_in_a_config_map_is_read_like_others() {
    for (data, expected) in [
        (
            "app.properties: |\n    password=@\n",
            "data.app.properties -> password",
        ),
        (
            "app.properties: |\n    spring.datasource.password=@\n",
            "data.app.properties -> spring.datasource.password",
        ),
        (
            "app.properties: password=@\n",
            "data.app.properties -> password",
        ),
        (
            "settings: |\n    password: @\n",
            "data.settings -> password",
        ),
        ("password: |\n    @\n", "data.password"),
        ("app.password: @\n", "data.app.password"),
    ] {
        let text = format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  {data}");
        assert_eq!(
            found("a.yaml", &text),
            [format!("SEC206 likely {expected}")],
            "{text}"
        );
    }
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n    config: |\n      password=@\n";
    assert_eq!(
        found("a.yaml", release),
        ["SEC204 likely spec.values.config -> password"]
    );
}

#[test]
fn literals_of_a_config_map_generator_are_judged() {
    let text = "configMapGenerator:\n- name: a\n  literals:\n  - LEVEL=debug\n  - DB_PASSWORD=@\n";
    assert_eq!(
        found("kustomization.yaml", text),
        ["SEC206 likely configMapGenerator[0].literals[1]"]
    );
}

#[test]
fn files_that_a_secret_generator_reads_must_be_sealed() {
    const SEALED: &str = "password: ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\nsops:\n  lastmodified: \"2026-01-01T00:00:00Z\"\n  mac: ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\n  version: 3.10.0\n  age:\n  - recipient: age1x\n    enc: x\n";
    let env = format!("# c\nDB_PASSWORD={DRAWN}\n");
    let config = format!("a: 1\nlog: x\npassword: {DRAWN}\n");
    let view = Files::of(&[
        ("apps/plain.env", &env),
        ("apps/empty.env", "# nothing\nA=\nB=${B}\n"),
        (
            "apps/sealed.env",
            "A=ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\nsops_version=3.10.0\n",
        ),
        ("apps/sealed.yaml", SEALED),
        ("apps/config.yaml", &config),
        ("apps/prose.txt", "two lines\nof text\n"),
        ("apps/word.txt", "hunter22\n"),
        ("apps/id.pub", "ssh-ed25519 AAAA\n"),
        ("outside.env", &env),
    ]);
    for (generator, expected) in [
        ("envs: [plain.env]", vec!["SEC203 certain envs[0]"]),
        (
            "envs: [./plain.env, sealed.env]",
            vec!["SEC203 certain envs[0]"],
        ),
        ("env: plain.env", vec!["SEC203 certain env"]),
        ("envs: [../outside.env]", vec!["SEC203 certain envs[0]"]),
        ("envs: [../../outside.env]", vec![]),
        ("envs: [empty.env, sealed.env, missing.env]", vec![]),
        ("files: [config.yaml]", vec!["SEC203 certain files[0]"]),
        ("files: [key=config.yaml]", vec!["SEC203 certain files[0]"]),
        ("files: [word.txt]", vec!["SEC203 certain files[0]"]),
        ("files: [prose.txt]", vec!["SEC203 likely files[0]"]),
        ("files: [sealed.yaml, id.pub, missing.yaml]", vec![]),
    ] {
        let text = format!("secretGenerator:\n- name: a\n  {generator}\n");
        let expected: Vec<String> = (expected.iter())
            .map(|e| {
                let (head, field) = e.rsplit_once(' ').unwrap();
                format!("{head} secretGenerator[0].{field}")
            })
            .collect();
        let read = found_with("apps/kustomization.yaml", &text, Some(&view));
        assert_eq!(read, expected, "{text}");
        assert!(
            found("apps/kustomization.yaml", &text).is_empty(),
            "nobody to ask"
        );
    }
}

#[test]
fn gitlab_variables_and_scripts_are_found() {
    for (text, expected) in [
        (
            "variables:\n  DB_PASSWORD: @\n",
            "SEC208 likely variables.DB_PASSWORD",
        ),
        (
            "variables:\n  DB_PASSWORD:\n    value: @\n    description: the password\n",
            "SEC208 likely variables.DB_PASSWORD.value",
        ),
        (
            "build:\n  variables: {API_TOKEN: @}\n",
            "SEC208 likely build.variables.API_TOKEN",
        ),
        (
            "workflow:\n  rules:\n    - if: $CI\n      variables:\n        API_TOKEN: @\n",
            "SEC208 likely workflow.rules[0].variables.API_TOKEN",
        ),
        (
            "build:\n  parallel:\n    matrix:\n      - API_TOKEN: [@, $OTHER]\n",
            "SEC208 likely build.parallel.matrix[0].API_TOKEN[0]",
        ),
        (
            "build:\n  script:\n    - export API_TOKEN=@\n",
            "SEC208 likely build.script[0] -> API_TOKEN",
        ),
        (
            "build:\n  before_script:\n    - |\n      run --password '@'\n",
            "SEC208 likely build.before_script[0] -> password",
        ),
        (
            ".base: &base\n  API_TOKEN: @\nbuild:\n  variables:\n    <<: *base\n    X: y\n",
            "SEC208 likely build.variables.API_TOKEN",
        ),
    ] {
        assert_eq!(found(".gitlab-ci.yml", text), [expected], "{text}");
        assert!(found("other.yml", text).is_empty(), "{text}");
    }
}

#[test]
fn workflows_of_github_are_found() {
    for (text, expected) in [
        ("env:\n  API_TOKEN: @\n", "SEC208 likely env.API_TOKEN"),
        (
            "jobs:\n  a:\n    steps:\n      - uses: x/y@v1\n        with:\n          password: q7Vb2Lw9XkT4mR8sZp3N\n",
            "SEC208 likely jobs.a.steps[0].with.password",
        ),
        (
            "jobs:\n  a:\n    steps:\n      - run: export API_TOKEN=@\n",
            "SEC208 likely jobs.a.steps[0].run -> API_TOKEN",
        ),
    ] {
        assert_eq!(
            found(".github/workflows/a.yaml", text),
            [expected],
            "{text}"
        );
    }
}

#[test]
fn compose_files_and_values_are_found() {
    for (text, expected) in [
        (
            "services:\n  db:\n    environment:\n      DB_PASSWORD: @\n",
            "SEC207 likely services.db.environment.DB_PASSWORD",
        ),
        (
            "services:\n  db:\n    environment:\n      - DB_PASSWORD=@\n",
            "SEC207 likely services.db.environment[0]",
        ),
        (
            "services:\n  db:\n    command: run --password=@\n",
            "SEC207 likely services.db.command -> password",
        ),
    ] {
        assert_eq!(found("docker-compose.yml", text), [expected], "{text}");
    }
    assert_eq!(
        found("chart/values.yaml", "auth:\n  password: @\n"),
        ["SEC204 possible auth.password"]
    );
}

#[test]
fn dockerfiles_are_read_as_docker_reads_them() {
    for (text, expected) in [
        ("FROM a\nENV DB_PASSWORD=@\n", vec!["SEC209 likely -"]),
        ("env DB_PASSWORD=\"@\" A=1\n", vec!["SEC209 likely -"]),
        ("ENV DB_PASSWORD @\n", vec!["SEC209 likely -"]),
        (
            "ENV A=1 \\\n  # why\n  DB_PASSWORD=@ \\\n  B=2\n",
            vec!["SEC209 likely -"],
        ),
        (
            "# escape=`\nENV A=1 `\n  DB_PASSWORD=@\n",
            vec!["SEC209 likely -"],
        ),
        ("ARG API_TOKEN=@\n", vec!["SEC209 likely -"]),
        ("RUN run --password @\n", vec!["SEC209 possible -"]),
        ("ARG API_TOKEN\nENV API_TOKEN=$API_TOKEN B=${C}\n", vec![]),
        ("# ENV DB_PASSWORD=@\n", vec![]),
        ("LABEL password=@\n", vec![]),
        ("RUN --mount=type=secret,id=token run\n", vec![]),
        ("ENV\nENV A\nARG\n\\\n", vec![]),
    ] {
        for path in [
            "Dockerfile",
            "app/Dockerfile.dev",
            "x.dockerfile",
            "Containerfile",
        ] {
            assert_eq!(found(path, text), expected, "{path}: {text}");
        }
    }
}
