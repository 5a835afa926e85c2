//! What looks like a credential and is none: whoever reports these is switched off.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Sample;
use super::tokens::{self as t, ALNUM, DIGITS, Dice, HEX, URL};

fn lines(count: usize, mut line: impl FnMut(usize) -> String) -> String {
    (0..count).map(|number| line(number) + "\n").collect()
}

fn armour(label: &str, dice: &mut Dice, length: usize) -> String {
    t::pem(dice, label, length) + "\n"
}

fn base64(dice: &mut Dice, length: usize) -> String {
    dice.of(&[ALNUM, "+/"].concat(), length)
}

fn sops(dice: &mut Dice) -> String {
    let envelope = |dice: &mut Dice| {
        format!(
            "ENC[AES256_GCM,data:{}=,iv:{}=,tag:{}==,type:str]",
            base64(dice, 43),
            base64(dice, 43),
            base64(dice, 22)
        )
    };
    let (a, b, mac) = (envelope(dice), envelope(dice), envelope(dice));
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n    name: app\nstringData:\n    password: {a}\n    token: {b}\nsops:\n    age:\n        - recipient: age1kqrjgh0uxr5ll9evn36lp33qlg4hu8wj46qnq2qzu8gztsj8r93scjhs43\n          enc: |\n            -----BEGIN AGE ENCRYPTED FILE-----\n            {}\n            {}\n            -----END AGE ENCRYPTED FILE-----\n    lastmodified: \"2026-01-02T03:04:05Z\"\n    mac: {mac}\n    encrypted_regex: ^(data|stringData)$\n    version: 3.13.3\n",
        base64(dice, 64),
        base64(dice, 64)
    )
}

/// Name, path and text of each.
fn decoys(dice: &mut Dice) -> Vec<(&'static str, &'static str, String)> {
    let mut all = Vec::new();
    let mut add = |kind, path, text| all.push((kind, path, text));
    add("placeholder", ".env.example", "DB_PASSWORD=changeme\nAPI_TOKEN=<your token>\nSECRET_KEY=REPLACE-ME\nJWT_SECRET=xxxxxxxxxxxxxxxx\nSTRIPE_KEY=sk_live_...\n".to_owned());
    add("placeholder", "docs/setup.md", "Set `password: your-password-here` and `token: \"${TOKEN}\"`.\nexport GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n".to_owned());
    add("placeholder", "values.yaml", "auth:\n  password: \"\"\n  existingSecret: app-auth\n  token: null\n  secretName: app-tls\n".to_owned());
    add("placeholder", "README.md", "postgres://user:password@localhost:5432/db\nhttps://user:pass@example.com/\nmysql://root:root@127.0.0.1/test\n".to_owned());
    add("template", "templates/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Release.Name }}\nstringData:\n  password: {{ .Values.password | quote }}\n  url: postgres://app:{{ .Values.password }}@db/app\n".to_owned());
    add("template", "compose.yaml", "services:\n  db:\n    image: postgres:17\n    environment:\n      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?}\n      POSTGRES_PASSWORD_FILE: /run/secrets/db\n".to_owned());
    add("template", ".gitlab-ci.yml", "deploy:\n  script:\n    - docker login -u \"$CI_REGISTRY_USER\" -p \"$CI_REGISTRY_PASSWORD\" \"$CI_REGISTRY\"\n  variables:\n    TOKEN: $DEPLOY_TOKEN\n".to_owned());
    add("template", "ansible/vars.yml", "db_password: \"{{ lookup('env', 'DB_PASSWORD') }}\"\napi_token: \"{{ vault_api_token }}\"\n".to_owned());
    add(
        "reference",
        "op.env",
        "DB_PASSWORD=op://home/database/password\nAPI_TOKEN=op://home/api/credential\n".to_owned(),
    );
    add("reference", "refs.yaml", "database:\n  password: ref+vault://secret/app#/password\n  token: vault:secret/data/app#token\n  other: ref+sops://secrets.yaml#/a\n".to_owned());
    add("reference", "workload.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: app\nspec:\n  containers:\n    - name: app\n      image: app:1\n      env:\n        - name: DB_PASSWORD\n          valueFrom:\n            secretKeyRef:\n              name: app\n              key: password\n        - name: TOKEN_FILE\n          value: /var/run/secrets/token\n        - name: PASSWORD_MIN_LENGTH\n          value: \"12\"\n".to_owned());
    add("external-secret", "external.yaml", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: app\nspec:\n  secretStoreRef:\n    kind: ClusterSecretStore\n    name: onepassword\n  target:\n    name: app\n    template:\n      data:\n        PASSWORD: \"{{ .password }}\"\n  dataFrom:\n    - extract:\n        key: app\n".to_owned());
    let sealed = lines(4, |n| format!("    KEY_{n}: AgB{}==", base64(dice, 400)));
    add(
        "sealed-secret",
        "sealed.yaml",
        format!(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: app\nspec:\n  encryptedData:\n{sealed}"
        ),
    );
    let sealed_again = sops(dice);
    add("sops", "secret.sops.yaml", sealed_again);
    let digits = lines(8, |_| dice.of(HEX, 80));
    add(
        "ansible-vault",
        "group_vars/vault.yml",
        format!("$ANSIBLE_VAULT;1.1;AES256\n{digits}"),
    );
    let digits = lines(3, |_| format!("  {}", dice.of(HEX, 80)));
    add(
        "ansible-vault",
        "host_vars/web.yml",
        format!("db_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n{digits}"),
    );
    let age = base64(dice, 64);
    add(
        "age-file",
        "backup.age.txt",
        format!(
            "-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+{age}\n-----END AGE ENCRYPTED FILE-----\n"
        ),
    );
    add(
        "pgp-message",
        "note.asc",
        format!(
            "-----BEGIN PGP MESSAGE-----\n\n{}\n=aB3d\n-----END PGP MESSAGE-----\n",
            base64(dice, 64)
        ),
    );
    add(
        "certificate",
        "tls/ca.crt",
        armour("CERTIFICATE", dice, 800),
    );
    add(
        "certificate",
        "tls/bundle.pem",
        armour("CERTIFICATE", dice, 700) + &armour("CERTIFICATE", dice, 900),
    );
    let encoded = STANDARD.encode(armour("CERTIFICATE", dice, 800));
    add(
        "certificate",
        "webhook.yaml",
        format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata:\n  name: app\nwebhooks:\n  - name: a.reids.net.au\n    clientConfig:\n      caBundle: {encoded}\n"
        ),
    );
    add(
        "public-key",
        "deploy.pub",
        format!(
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{} robot\n",
            base64(dice, 43)
        ),
    );
    add(
        "public-key",
        "keys/release.pem",
        armour("PUBLIC KEY", dice, 294),
    );
    add(
        "public-key",
        "keys/release.asc",
        format!(
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{}\n=aB3d\n-----END PGP PUBLIC KEY BLOCK-----\n",
            base64(dice, 64)
        ),
    );
    add("public-key", ".sops.yaml", "creation_rules:\n  - path_regex: '^secrets/.*\\.yaml$'\n    encrypted_regex: '^(data|stringData)$'\n    age:\n      - age1kqrjgh0uxr5ll9evn36lp33qlg4hu8wj46qnq2qzu8gztsj8r93scjhs43\n      - age1fayuyj0q4waptca7tjg9asulgk7mdqer5a2dvu6kkrzk08frfvsshyhr4p\n".to_owned());
    add(
        "public-key",
        "known_hosts",
        format!(
            "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{}\n",
            base64(dice, 43)
        ),
    );
    add(
        "uuid",
        "ids.yaml",
        lines(20, |n| {
            format!(
                "tunnel_{n}: {}-{}-4{}-a{}-{}",
                dice.of(HEX, 8),
                dice.of(HEX, 4),
                dice.of(HEX, 3),
                dice.of(HEX, 3),
                dice.of(HEX, 12)
            )
        }),
    );
    add(
        "git-sha",
        ".github/workflows/ci.yaml",
        lines(10, |n| {
            format!(
                "      - uses: actions/tool-{n}@{} # v{n}.0.0",
                dice.of(HEX, 40)
            )
        }),
    );
    add(
        "digest",
        "images.yaml",
        lines(10, |n| {
            format!(
                "  - image: ghcr.io/example/app-{n}:1.{n}.0@sha256:{}",
                dice.of(HEX, 64)
            )
        }),
    );
    add(
        "digest",
        "SHA256SUMS",
        lines(10, |n| format!("{}  file-{n}.tar.gz", dice.of(HEX, 64))),
    );
    let integrity = lines(40, |n| {
        format!(
            "    \"node_modules/pkg-{n}\": {{\n      \"version\": \"1.0.{n}\",\n      \"resolved\": \"https://registry.npmjs.org/pkg-{n}/-/pkg-{n}-1.0.{n}.tgz\",\n      \"integrity\": \"sha512-{}==\"\n    }},",
            base64(dice, 86)
        )
    });
    add(
        "lockfile",
        "package-lock.json",
        format!(
            "{{\n  \"name\": \"app\",\n  \"packages\": {{\n{integrity}    \"\": {{}}\n  }}\n}}\n"
        ),
    );
    add(
        "lockfile",
        "go.sum",
        lines(40, |n| {
            format!("example.com/mod{n} v1.0.{n} h1:{}=", base64(dice, 43))
        }),
    );
    add(
        "lockfile",
        "Cargo.lock",
        lines(20, |n| {
            format!(
                "[[package]]\nname = \"c{n}\"\nversion = \"0.1.{n}\"\nchecksum = \"{}\"\n",
                dice.of(HEX, 64)
            )
        }),
    );
    add(
        "lockfile",
        "yarn.lock",
        lines(20, |n| {
            format!(
                "pkg{n}@^1.0.0:\n  version \"1.0.{n}\"\n  resolved \"https://registry.yarnpkg.com/pkg{n}/-/pkg{n}-1.0.{n}.tgz#{}\"\n  integrity sha512-{}==\n",
                dice.of(HEX, 40),
                base64(dice, 86)
            )
        }),
    );
    add(
        "lockfile",
        "poetry.lock",
        lines(20, |n| {
            format!(
                "    {{file = \"p{n}-1.0-py3-none-any.whl\", hash = \"sha256:{}\"}},",
                dice.of(HEX, 64)
            )
        }),
    );
    let minified: String = (0..400)
        .map(|n| {
            format!(
                "var {}=\"{}\",{}=function(e,t){{return e+t*{n}}};",
                dice.of("abcdefgh", 3),
                dice.of(URL, 24),
                dice.of("ijklmnop", 3)
            )
        })
        .collect();
    add("minified", "static/app.min.js", minified + "\n");
    add(
        "minified",
        "static/app.js.map",
        format!(
            "{{\"version\":3,\"mappings\":\"{}\"}}\n",
            lines(1, |_| dice.of(&[ALNUM, ",;"].concat(), 4000)).trim_end()
        ),
    );
    add(
        "image",
        "logo.svg",
        format!(
            "<svg><image href=\"data:image/png;base64,iVBORw0KGgo{}\"/></svg>\n",
            base64(dice, 3000)
        ),
    );
    add(
        "image",
        "dashboard.json",
        format!(
            "{{\n  \"title\": \"App\",\n  \"uid\": \"{}\",\n  \"graphTooltip\": 1,\n  \"logo\": \"data:image/png;base64,iVBORw0KGgo{}\"\n}}\n",
            dice.of(ALNUM, 9),
            base64(dice, 2000)
        ),
    );
    add("code", "src/auth.ts", "export function login(password: string, token = getToken()) {\n  const secret = process.env.SECRET;\n  if (password === \"\") throw new Error(\"password is required\");\n  return sign({ token, secret });\n}\n".to_owned());
    add("code", "src/auth.py", "def login(password, token=None):\n    api_key = os.environ['API_KEY']\n    secret_key = get_secret_key()\n    password = input('password: ')\n    return Client(token=token or api_key, password=password)\n".to_owned());
    add("code", "src/config.rs", "pub struct Config {\n    pub password: SecretString,\n    pub api_token: Option<String>,\n}\nconst TOKEN_HEADER: &str = \"X-Auth-Token\";\nconst PASSWORD_FIELD: &str = \"password\";\n".to_owned());
    add("code", "main.tf", "variable \"db_password\" {\n  type      = string\n  sensitive = true\n}\nresource \"x\" \"y\" {\n  password = var.db_password\n  token    = data.vault_generic_secret.app.data[\"token\"]\n}\n".to_owned());
    add("code", "Dockerfile", "FROM node:22\nARG NPM_TOKEN\nENV NODE_ENV=production\nRUN --mount=type=secret,id=npm npm ci\n".to_owned());
    add("schema", "crd.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  versions:\n    - schema:\n        openAPIV3Schema:\n          properties:\n            password:\n              description: The password to authenticate with.\n              type: string\n            tokenSecretRef:\n              type: object\n".to_owned());
    add("locale", "locales/en.json", "{\n  \"password\": \"Password\",\n  \"passwordForgotten\": \"Forgot your password?\",\n  \"apiKey\": \"API key\",\n  \"token.invalid\": \"The token is invalid\"\n}\n".to_owned());
    add(
        "numbers",
        "data.csv",
        lines(40, |n| {
            format!("{n},{},{}", dice.of(DIGITS, 12), dice.of(DIGITS, 16))
        }),
    );
    add("url", "links.md", "[a](https://example.com/a@b/c:d)\nhttps://medium.com/@user/post-1234\nssh://git@github.com/a/b.git\ngit@github.com:a/b.git\nhttp://localhost:8080/\n".to_owned());
    add(
        "jwt-like",
        "versions.txt",
        lines(10, |n| {
            format!(
                "eyJ.{n}.example {}.{}.{}",
                dice.of(ALNUM, 8),
                dice.of(ALNUM, 8),
                dice.of(ALNUM, 8)
            )
        }),
    );
    add(
        "published",
        "docs/aws.md",
        [
            "The keys of the manual: AK",
            "IAIOSFODNN7",
            "EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCY",
            "EXAMPLEKEY\n",
        ]
        .concat(),
    );
    all
}

pub(super) fn samples() -> Vec<Sample> {
    let decoys = decoys(&mut Dice::new(1 << 30));
    let sample =
        |(number, (kind, path, text)): (usize, (&'static str, &'static str, String))| Sample {
            path: format!("decoys/{number:02}-{kind}/{path}"),
            bytes: text.into_bytes(),
            kind,
            encoding: "decoy",
            lines: None,
            checks: &[],
        };
    decoys.into_iter().enumerate().map(sample).collect()
}
