//! How a secret can lie in a file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrets::Format;

use super::seal::Seal;

/// A value that nobody takes for a placeholder. Made for these tests.
pub(crate) const VALUE: &str = "q7Rk2Lm9Xw4TzB1c";

/// What stands in the name of every object: a place puts its own name there, so that the bytes of a
/// shape differ from place to place, and a MAC that is not looked at is the only thing that suffers.
pub(crate) const NAME: &str = "cell-name";

/// A file before it is sealed.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) extension: &'static str,
    pub(crate) text: String,
    /// The folder, of which the creation rule is.
    pub(crate) rule: &'static str,
    /// The key paths that the rule selects, in the order of the text.
    pub(crate) leaves: Vec<String>,
    /// Those of them that belong to a Secret: to be found without a rule, too.
    pub(crate) of_secret: Vec<String>,
    /// A text of the sealed file, what can be put behind it, and the key path of that.
    pub(crate) addition: Option<(&'static str, &'static str, &'static str)>,
    /// The file has `apiVersion`, `kind` and `metadata`.
    pub(crate) manifest: bool,
}

impl Shape {
    fn new(
        name: &'static str,
        rule: &'static str,
        text: impl Into<String>,
        leaves: &[&str],
    ) -> Self {
        let text = text.into().replace("VALUE", VALUE);
        let text = text.replace("BASE64", &STANDARD.encode(VALUE));
        let leaves: Vec<String> = leaves.iter().map(|leaf| (*leaf).to_owned()).collect();
        Shape {
            name,
            extension: "yaml",
            manifest: text.contains("apiVersion"),
            of_secret: if text.contains("Secret") {
                leaves.clone()
            } else {
                Vec::new()
            },
            text,
            rule,
            leaves,
            addition: None,
        }
    }

    fn json(mut self) -> Self {
        self.extension = "json";
        self
    }

    fn of_secret(mut self, leaves: &[&str]) -> Self {
        self.of_secret = leaves.iter().map(|leaf| (*leaf).to_owned()).collect();
        self
    }

    fn adding(mut self, behind: &'static str, text: &'static str, key: &'static str) -> Self {
        self.addition = Some((behind, text, key));
        self
    }

    pub(crate) fn format(&self) -> Format {
        if self.extension == "json" {
            Format::Json
        } else {
            Format::Yaml
        }
    }
}

/// The rules, by the folder that each is for.
pub(crate) fn rules() -> Vec<(&'static str, Seal)> {
    let data = Some(("encrypted_regex", "^(data|stringData)$"));
    let groups = Seal {
        groups: vec![vec!["alice"], vec!["bob"], vec!["carol"]],
        threshold: 2,
        ..Seal::with(data)
    };
    let mac_only = Seal {
        mac_only: true,
        ..Seal::with(data)
    };
    vec![
        ("data", Seal::with(data)),
        (
            "three",
            Seal::with(data).for_whom(&["alice", "bob", "carol"]),
        ),
        ("groups", groups),
        ("mac-only", mac_only),
        ("all", Seal::with(None)),
        (
            "regex",
            Seal::with(Some(("encrypted_regex", "^(password|tokens)$"))),
        ),
        ("suffix", Seal::with(Some(("encrypted_suffix", "_enc")))),
        (
            "clear-regex",
            Seal::with(Some(("unencrypted_regex", "^(visible|replicas)$"))),
        ),
        (
            "clear-suffix",
            Seal::with(Some(("unencrypted_suffix", "_clear"))),
        ),
        (
            "comment",
            Seal::with(Some(("encrypted_comment_regex", "sops:enc"))),
        ),
        (
            "clear-comment",
            Seal::with(Some(("unencrypted_comment_regex", "sops:clear"))),
        ),
        // Sealed by sops itself, for Alice alone.
        ("golden", Seal::with(None).for_whom(&["alice"])),
        ("golden-data", Seal::with(data).for_whom(&["alice"])),
    ]
}

const HEAD: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: cell-name\n";
const OTHER: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: cell-name\n";
const DATA: &str = "data:\n  password: BASE64\n  token: BASE64\n";
const STRINGS: &str = "stringData:\n  user: VALUE\n  password: VALUE\n";
const STRING_KEYS: [&str; 2] = ["stringData.user", "stringData.password"];

/// Every shape.
pub(crate) fn shapes() -> Vec<Shape> {
    let mut shapes = secrets_of_kubernetes();
    shapes.extend(other_layouts());
    shapes.extend(streams());
    shapes.extend(values());
    shapes
}

fn secrets_of_kubernetes() -> Vec<Shape> {
    let auths = format!(
        "{{\"auths\":{{\"registry.example.invalid\":{{\"auth\":\"{}\"}}}}}}",
        STANDARD.encode(format!("robot:{VALUE}"))
    );
    let identity = ["AGE-SECRET", "-KEY-1", &"Q".repeat(58)].concat();
    vec![
        Shape::new("data", "data", [HEAD, DATA].concat(), &["data.password", "data.token"])
            .adding("\ndata:\n", "  added: cTdSazJMbTlYdzQ=\n", "data.added"),
        Shape::new("string-data", "data", [HEAD, STRINGS].concat(), &STRING_KEYS)
            .adding("stringData:\n", "  added: q7Rk2Lm9Xw4\n", "stringData.added"),
        Shape::new("both", "data", [HEAD, DATA, STRINGS].concat(), &["data.password", "data.token", STRING_KEYS[0], STRING_KEYS[1]])
            .adding("stringData:\n", "  added: q7Rk2Lm9Xw4\n", "stringData.added"),
        Shape::new("kind-last", "data", "data:\n  password: BASE64\nmetadata:\n  name: cell-name\nkind: Secret\napiVersion: v1\n", &["data.password"])
            .adding("data:\n", "  added: cTdSazJMbTlYdzQ=\n", "data.added"),
        Shape::new("docker", "data", format!("{HEAD}type: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {}\n", STANDARD.encode(auths)), &["data..dockerconfigjson"]),
        Shape::new("sops-age", "data", format!("{HEAD}stringData:\n  age.agekey: |\n    # created: 2026-01-02T03:04:05Z\n    {identity}\n"), &["stringData.age.agekey"]),
        Shape::new("three", "three", [HEAD, STRINGS].concat(), &STRING_KEYS)
            .adding("stringData:\n", "  added: q7Rk2Lm9Xw4\n", "stringData.added"),
        Shape::new("groups", "groups", [HEAD, DATA].concat(), &["data.password", "data.token"])
            .adding("\ndata:\n", "  added: cTdSazJMbTlYdzQ=\n", "data.added"),
        Shape::new("mac-only", "mac-only", [HEAD, STRINGS].concat(), &STRING_KEYS)
            .adding("stringData:\n", "  added: q7Rk2Lm9Xw4\n", "stringData.added"),
        // A manifest of another kind whose data the rule selects as well.
        Shape::new("config-map", "data", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cell-name\ndata:\n  password: VALUE\n", &["data.password"]),
    ]
}

fn other_layouts() -> Vec<Shape> {
    vec![
        Shape::new("flow", "data", "{apiVersion: v1, kind: Secret, metadata: {name: cell-name}, stringData: {user: \"VALUE\", password: \"VALUE\"}}\n", &STRING_KEYS),
        Shape::new("json-in-yaml", "data", "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Secret\",\n  \"metadata\": {\"name\": \"cell-name\"},\n  \"stringData\": {\n    \"user\": \"VALUE\",\n    \"password\": \"VALUE\"\n  }\n}\n", &STRING_KEYS),
        Shape::new("json", "data", "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Secret\",\n  \"metadata\": {\"name\": \"cell-name\"},\n  \"data\": {\n    \"password\": \"BASE64\",\n    \"token\": \"BASE64\"\n  }\n}\n", &["data.password", "data.token"])
            .json()
            .adding("\"data\": {\n", "    \"added\": \"cTdSazJMbTlYdzQ=\",\n", "data.added"),
        Shape::new("json-one-line", "data", "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"cell-name\"},\"stringData\":{\"password\":\"VALUE\"}}", &["stringData.password"]).json(),
        Shape::new("quoted-keys", "data", "\"apiVersion\": \"v1\"\n'kind': 'Secret'\n\"metadata\":\n  \"name\": \"cell-name\"\n\"stringData\":\n  \"user\": \"VALUE\"\n  'password': 'VALUE'\n", &STRING_KEYS),
        Shape::new("block-scalars", "data", format!("{HEAD}stringData:\n  config.yaml: |\n    password: VALUE\n    user: VALUE\n  folded: >-\n    VALUE\n    VALUE\n"), &["stringData.config.yaml", "stringData.folded"]),
        Shape::new("aliases", "data", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: &name cell-name\nstringData:\n  user: *name\n  password: VALUE\n", &STRING_KEYS),
        Shape::new("crlf", "data", [HEAD, STRINGS].concat().replace('\n', "\r\n"), &STRING_KEYS)
            .adding("stringData:\r\n", "  added: q7Rk2Lm9Xw4\r\n", "stringData.added"),
        Shape::new("bom", "data", ["\u{feff}", HEAD, STRINGS].concat(), &STRING_KEYS)
            .adding("stringData:\n", "  added: q7Rk2Lm9Xw4\n", "stringData.added"),
        Shape::new("comments", "data", format!("# made by hand\n{HEAD}# below\nstringData: # beside\n  user: VALUE # who\n  password: 'VALUE'\n"), &STRING_KEYS),
        Shape::new("deep", "data", "apiVersion: v1\nkind: SecretList\nmetadata:\n  name: cell-name\nitems:\n  - metadata:\n      name: a\n    data:\n      password: BASE64\n  - metadata:\n      name: b\n    stringData:\n      token: VALUE\n", &["items[0].data.password", "items[1].stringData.token"]),
        Shape::new("list", "data", "apiVersion: v1\nkind: List\nmetadata:\n  name: cell-name\nitems:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata:\n      name: a\n    data:\n      colour: blue\n  - apiVersion: v1\n    kind: Secret\n    metadata:\n      name: b\n    data:\n      password: BASE64\n", &["items[0].data.colour", "items[1].data.password"])
            .of_secret(&["items[1].data.password"]),
    ]
}

fn streams() -> Vec<Shape> {
    let stream = |documents: &[&str]| documents.concat();
    let secret = [HEAD, STRINGS].concat();
    let first = stream(&["---\n", &secret, "---\n", OTHER, "---\n", OTHER]);
    let middle = stream(&[OTHER, "---\n", &secret, "---\n", OTHER]);
    let last = stream(&[
        "# two\n---\n",
        OTHER,
        "---\n",
        OTHER,
        "---\n# three\n",
        &secret,
    ]);
    let two = stream(&[&secret, "---\n", HEAD, DATA]);
    vec![
        Shape::new("first-document", "data", first, &STRING_KEYS),
        Shape::new("middle-document", "data", middle, &STRING_KEYS),
        Shape::new("last-document", "data", last, &STRING_KEYS).adding(
            "stringData:\n",
            "  added: q7Rk2Lm9Xw4\n",
            "stringData.added",
        ),
        Shape::new(
            "two-secrets",
            "data",
            two,
            &[
                STRING_KEYS[0],
                STRING_KEYS[1],
                "data.password",
                "data.token",
            ],
        ),
    ]
}

fn values() -> Vec<Shape> {
    let plain = "# cell-name\nreplicas: 3\nvisible: here\npassword: VALUE\nnested:\n  password: VALUE\n  host: db\n  tokens:\n    - VALUE\n    - VALUE\nempty: \"\"\nnothing: null\n";
    let all = [
        "replicas",
        "visible",
        "password",
        "nested.password",
        "nested.host",
        "nested.tokens[0]",
        "nested.tokens[1]",
    ];
    let hidden = [
        "password",
        "nested.password",
        "nested.host",
        "nested.tokens[0]",
        "nested.tokens[1]",
    ];
    let chosen = [
        "password",
        "nested.password",
        "nested.tokens[0]",
        "nested.tokens[1]",
    ];
    vec![
        Shape::new("values", "all", plain, &all),
        Shape::new("values", "regex", plain, &chosen)
            .adding("nested:\n", "  password: q7Rk2Lm9Xw4\n", "nested.password")
            .without_addition(),
        Shape::new("values", "clear-regex", plain, &hidden)
            .adding("nested:\n", "  added: q7Rk2Lm9Xw4\n", "nested.added"),
        Shape::new("values", "suffix", "# cell-name\nhost: db\npassword_enc: VALUE\nnested:\n  port: 5432\n  token_enc: VALUE\n  keys_enc:\n    first: VALUE\n", &["password_enc", "nested.token_enc", "nested.keys_enc.first"])
            .adding("nested:\n", "  added_enc: q7Rk2Lm9Xw4\n", "nested.added_enc"),
        Shape::new("values", "clear-suffix", "# cell-name\nhost_clear: db\npassword: VALUE\nnested_clear:\n  port: 5432\nnested:\n  token: VALUE\n  port_clear: 1\n", &["password", "nested.token"])
            .adding("nested:\n", "  added: q7Rk2Lm9Xw4\n", "nested.added"),
        Shape::new("values", "comment", "# cell-name\nhost: db\n# sops:enc\npassword: VALUE\nuser: admin\nnested:\n  # sops:enc\n  token: VALUE\n", &["password", "nested.token"]),
        Shape::new("values", "clear-comment", "# cell-name\npassword: VALUE\n# sops:clear\nhost: db\nnested:\n  token: VALUE\n", &["password", "nested.token"]),
        Shape::new("settings", "all", "{\n  \"user\": \"VALUE\",\n  \"port\": 5432,\n  \"tls\": true,\n  \"list\": [\"VALUE\", {\"deep\": \"VALUE\"}],\n  \"open_unencrypted\": \"here\"\n}\n", &["user", "port", "tls", "list[0]", "list[1].deep"]).json(),
    ]
}

impl Shape {
    fn without_addition(mut self) -> Self {
        self.addition = None;
        self
    }
}
