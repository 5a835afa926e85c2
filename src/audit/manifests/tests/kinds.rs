//! Manifests, kind by kind.

use super::*;

const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n";

#[test]
fn helm_values_are_found_in_every_shape() {
    for (values, expected) in [
        (
            "  values:\n    auth:\n      password: @\n",
            "SEC204 likely spec.values.auth.password",
        ),
        (
            "  values: {db: {password: \"@\"}}\n",
            "SEC204 likely spec.values.db.password",
        ),
        (
            "  values:\n    password: >-\n      @\n",
            "SEC204 likely spec.values.password",
        ),
        (
            "  values:\n    password:\n      @\n",
            "SEC204 likely spec.values.password",
        ),
        (
            "  values:\n    tokens:\n      apiToken:\n      - @\n",
            "SEC204 likely spec.values.tokens.apiToken[0]",
        ),
        (
            "  values:\n    env:\n      - name: DB_PASSWORD\n        value: @\n",
            "SEC204 likely spec.values.env[0].value",
        ),
        (
            "  values:\n    env:\n      - value: @\n        name: DB_PASSWORD\n",
            "SEC204 likely spec.values.env[0].value",
        ),
        (
            "  values:\n    env:\n    - {name: DB_PASSWORD, value: @}\n",
            "SEC204 likely spec.values.env[0].value",
        ),
        (
            "  values:\n    env:\n      DB_PASSWORD:\n        value: @\n",
            "SEC204 likely spec.values.env.DB_PASSWORD.value",
        ),
        (
            "  values:\n    args:\n      - --api-token=@\n",
            "SEC204 likely spec.values.args[0] -> api-token",
        ),
        (
            "  values:\n    args:\n      - --api-token\n      - @\n",
            "SEC204 likely spec.values.args[1]",
        ),
        (
            "  values:\n    config: |\n      [db]\n      password = @\n",
            "SEC204 likely spec.values.config -> password",
        ),
        (
            "  values:\n    a: &a\n      password: @\n    b: *a\n",
            "SEC204 likely spec.values.a.password",
        ),
    ] {
        let text = format!("{RELEASE}{values}");
        assert_eq!(found("a.yaml", &text), [expected], "{text}");
    }
}

#[test]
fn json_and_several_documents_are_read() {
    let json = "{\"apiVersion\":\"helm.toolkit.fluxcd.io/v2\",\"kind\":\"HelmRelease\",\
                \"spec\":{\"values\":{\"password\":\"@\"}}}";
    assert_eq!(
        found("a.json", json),
        ["SEC204 likely spec.values.password"]
    );
    assert_eq!(
        found("a.yaml", json),
        ["SEC204 likely spec.values.password"]
    );
    let two =
        format!("kind: Namespace\napiVersion: v1\n---\n{RELEASE}  values:\n    password: @\n");
    assert_eq!(found("a.yml", &two), ["SEC204 likely spec.values.password"]);
    let list = "kind: List\napiVersion: v1\nitems:\n- kind: ConfigMap\n  apiVersion: v1\n  data: {password: @}\n";
    assert_eq!(
        found("a.yaml", list),
        ["SEC206 likely items[0].data.password"]
    );
    let list = "kind: ConfigMapList\napiVersion: v1\nitems:\n- data: {password: @}\n";
    assert_eq!(
        found("a.yaml", list),
        ["SEC206 likely items[0].data.password"]
    );
}

#[test]
fn argo_applications_and_charts_of_k3s_have_values() {
    let argo = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n";
    let k3s = "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nspec:\n";
    for (text, expected) in [
        (
            format!(
                "{argo}  source:\n    helm:\n      values: |\n        auth:\n          password: @\n"
            ),
            "SEC204 likely spec.source.helm.values -> auth.password",
        ),
        (
            format!("{argo}  source:\n    helm:\n      valuesObject:\n        password: @\n"),
            "SEC204 likely spec.source.helm.valuesObject.password",
        ),
        (
            format!(
                "{argo}  sources:\n  - helm:\n      parameters:\n      - name: auth.password\n        value: @\n"
            ),
            "SEC204 likely spec.sources[0].helm.parameters[0].value",
        ),
        (
            format!("{k3s}  valuesContent: |-\n    password: @\n"),
            "SEC204 likely spec.valuesContent -> password",
        ),
        (
            format!("{k3s}  set:\n    password: @\n"),
            "SEC204 likely spec.set.password",
        ),
    ] {
        assert_eq!(found("a.yaml", &text), [expected], "{text}");
    }
}

#[test]
fn substitutions_and_config_maps_are_found() {
    for (text, expected) in [
        (
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n  postBuild:\n    substitute:\n      DB_PASSWORD: @\n",
            "SEC205 likely spec.postBuild.substitute.DB_PASSWORD",
        ),
        (
            "kind: ConfigMap\napiVersion: v1\ndata:\n  DB_PASSWORD: @\n",
            "SEC206 likely data.DB_PASSWORD",
        ),
        (
            "kind: ConfigMap\napiVersion: v1\ndata:\n  application.properties: |\n    a=1\n    db.password=@\n",
            "SEC206 likely data.application.properties -> db.password",
        ),
        (
            "kind: ConfigMap\napiVersion: v1\ndata:\n  config.json: '{\"db\": {\"password\": \"@\"}}'\n",
            "SEC206 likely data.config.json -> db.password",
        ),
        (
            "kind: ConfigMap\napiVersion: v1\ndata:\n  c.yaml: |\n    db:\n      password: @\n",
            "SEC206 likely data.c.yaml -> db.password",
        ),
        (
            "kind: ConfigMap\napiVersion: v1\ndata:\n  .env: DB_PASSWORD=@\n",
            "SEC206 likely data..env -> DB_PASSWORD",
        ),
        (
            "kind: ConfigMap\napiVersion: v1\nbinaryData:\n  password: cTdWYjJMdzlYa1Q0bVI4c1pwM04=\n",
            "SEC206 likely binaryData.password",
        ),
    ] {
        assert_eq!(found("a.yaml", text), [expected], "{text}");
    }
}

#[test]
fn environments_of_workloads_are_found() {
    let env = "env:\n        - name: DB_PASSWORD\n          value: @\n";
    for (head, expected) in [
        (
            "kind: Pod\napiVersion: v1\nspec:\n  containers:\n      - ",
            "SEC207 likely spec.containers[0].env[0].value",
        ),
        (
            "kind: Deployment\napiVersion: apps/v1\nspec:\n  template:\n    spec:\n      initContainers:\n      - ",
            "SEC207 likely spec.template.spec.initContainers[0].env[0].value",
        ),
        (
            "kind: Workflow\napiVersion: argoproj.io/v1alpha1\nspec:\n  templates:\n      - ",
            "SEC207 likely spec.templates[0].env[0].value",
        ),
    ] {
        let text = format!("{head}{env}");
        assert_eq!(found("a.yaml", &text), [expected], "{text}");
    }
    let pod = "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - ";
    for (rest, expected) in [
        (
            "args: [run, --password=@]\n",
            "SEC207 likely spec.containers[0].args[1] -> password",
        ),
        (
            "command: [run, --password, @]\n",
            "SEC207 likely spec.containers[0].command[2]",
        ),
        (
            "command: [sh, -c, 'PGPASSWORD=@ psql']\n",
            "SEC207 likely spec.containers[0].command[2] -> PGPASSWORD",
        ),
    ] {
        let text = format!("{pod}{rest}");
        assert_eq!(found("a.yaml", &text), [expected], "{text}");
    }
}

#[test]
fn a_template_is_looked_at_by_its_lines() {
    let text = "apiVersion: apps/v1\nkind: Deployment\n{{- if .Values.x }}\nspec:\n  env:\n    - name: DB_PASSWORD\n      value: @\n    - name: API_TOKEN\n      value: {{ .Values.token }}\n{{- end }}\n";
    assert_eq!(found("templates/a.yaml", text), ["SEC207 possible -"]);
}

#[test]
fn what_kubectl_remembers_is_read() {
    let secret = |annotation: &str| {
        format!(
            "kind: Secret\napiVersion: v1\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: {annotation}\ndata:\n  password: ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]\n"
        )
    };
    const AT: &str = "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration ->";
    for (annotation, expected) in [
        (
            r#"'{"apiVersion":"v1","kind":"Secret","data":{"password":"cTdWYjI="}}'"#,
            vec!["SEC201 certain A data.password"],
        ),
        (
            r#""{\"kind\":\"Secret\",\"stringData\":{\"user\":\"anna\",\"password\":\"hunter2\"}}""#,
            vec![
                "SEC201 certain A stringData.user",
                "SEC201 certain A stringData.password",
            ],
        ),
        (
            "|\n      {\"kind\":\"Secret\",\"data\":{\"password\":\"cTdWYjI=\"}}",
            vec!["SEC201 certain A data.password"],
        ),
        (
            r#"'{"kind":"ConfigMap","data":{"password":"@"}}'"#,
            vec!["SEC206 likely A data.password"],
        ),
        (r#"'{"kind":"Secret","data":{"password":""}}'"#, vec![]),
        (r#"'{"kind":"Secret"}'"#, vec![]),
        (
            r#"'{"kind":"Secret","data":{"password":"ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]"}}'"#,
            vec![],
        ),
        ("ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]", vec![]),
        ("not json", vec![]),
    ] {
        let expected: Vec<String> = expected
            .iter()
            .map(|e| e.replace(" A ", &format!(" {AT} ")))
            .collect();
        assert_eq!(
            found("a.yaml", &secret(annotation)),
            expected,
            "{annotation}"
        );
    }
    let list = "kind: List\napiVersion: v1\nitems:\n- kind: Secret\n  metadata:\n    annotations:\n      kubectl.kubernetes.io/last-applied-configuration: '{\"kind\":\"Secret\",\"data\":{\"a\":\"cTdWYjI=\"}}'\n";
    assert_eq!(
        found("a.yaml", list),
        [format!("SEC201 certain items[0].{AT} data.a")]
    );
}

#[test]
fn patches_in_kustomizations_are_manifests() {
    let text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches:\n- patch: |\n    apiVersion: helm.toolkit.fluxcd.io/v2\n    kind: HelmRelease\n    metadata: {name: x}\n    spec:\n      values:\n        password: @\n";
    assert_eq!(
        found("a.yaml", text),
        ["SEC204 likely patches[0].patch -> spec.values.password"]
    );
}

#[test]
fn names_and_values_are_paired_however_they_are_written() {
    let pod = "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - env:\n";
    for env in [
        "    - name: DB_PASSWORD\n      # why\n\n      value: @\n",
        "    - value: @\n      # why\n      name: DB_PASSWORD\n",
        "    -   name: DB_PASSWORD\n        value: @\n",
        "    - name: \"DB_PASSWORD\"\n      value: \"@\"\n",
        "    - name: 'DB_PASSWORD' # why\n      value: '@'\n",
        "    - name: &n DB_PASSWORD\n      value: @\n",
        "    - name:\n        DB_PASSWORD\n      value: @\n",
        "    - name: >-\n        DB_PASSWORD\n      value: @\n",
        "    - \"name\": DB_PASSWORD\n      \"value\": @\n",
        "    - {name: DB_PASSWORD, value: @}\n",
        "    - {\"value\":\"@\",\"name\":\"DB_PASSWORD\"}\n",
        "    - {\n        name: DB_PASSWORD,\n        value: @\n      }\n",
        "    - name: A\n      value: b\n    - name: DB_PASSWORD\n      extra: {a: b}\n      value: |-\n        @\n",
        "    - name: DB_PASSWORD\n      value:\n        @\n",
        "    - name: DB_PASSWORD\n      value: !!str @\n",
        "    - name: DB_PASSWORD\r\n      value: @\r\n",
    ] {
        let text = format!("{pod}{env}");
        let read = found("a.yaml", &text);
        assert_eq!(read.len(), 1, "{read:?}\n{text}");
    }
}
