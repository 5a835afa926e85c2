//! Shapes in states of sealing, and what has to be found in each.

use std::path::Path;

use super::seal::{Seal, envelopes, unseal};
use super::shapes::{NAME, Shape, VALUE, rules, shapes};
use super::truth::Expected;

/// A file with its truth.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// Below the folder of a place.
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
    /// The same file as it should be.
    pub(crate) sealed: Vec<u8>,
    /// Checks, and the key paths that they have to name.
    pub(crate) expected: Vec<(Expected, Era)>,
    /// It is covered and cannot be read: the audit is not complete.
    pub(crate) unreadable: bool,
}

/// When a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// It is plaintext: it counts in every version of the file.
    Leak,
    /// It is about how the file is sealed now: old versions may be as they are.
    Now,
}

impl Cell {
    fn new(path: String, bytes: impl Into<Vec<u8>>, sealed: impl Into<Vec<u8>>) -> Self {
        Cell {
            path,
            bytes: bytes.into(),
            sealed: sealed.into(),
            expected: Vec::new(),
            unreadable: false,
        }
    }

    fn finds(mut self, check: &'static str, keys: &[String]) -> Self {
        let expected = Expected::new(check, &self.path).keys(keys);
        self.expected.push((expected, Era::Leak));
        self
    }

    fn now(mut self, check: &'static str) -> Self {
        self.expected
            .push((Expected::new(check, &self.path), Era::Now));
        self
    }

    fn with(mut self, expected: Expected, era: Era) -> Self {
        self.expected.push((expected, era));
        self
    }

    /// The bytes with the name of a place in them, if they are text with a name.
    pub(crate) fn bytes_at(&self, place: &str) -> Vec<u8> {
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => text.replace(NAME, &format!("in-{place}")).into_bytes(),
            Err(_) => self.bytes.clone(),
        }
    }
}

/// The configuration for all cells: a rule for each folder below a place.
pub(crate) fn config() -> String {
    let mut text = "creation_rules:\n".to_owned();
    for (folder, seal) in rules() {
        text.push_str(&seal.rule(&format!("^[^/]+/{folder}/")));
    }
    text
}

/// All cells.
pub(crate) fn cells() -> Vec<Cell> {
    let rules = rules();
    let mut cells = Vec::new();
    for shape in shapes() {
        let (_, seal) = rules
            .iter()
            .find(|(folder, _)| *folder == shape.rule)
            .unwrap();
        states_of(&shape, seal, &mut cells);
    }
    cells.extend(templates());
    cells.extend(nothing_to_seal());
    cells.extend(made_by_sops());
    cells.extend(unreadable());
    cells
}

fn states_of(shape: &Shape, seal: &Seal, cells: &mut Vec<Cell>) {
    let sealed = seal.seal(&shape.text, shape.format());
    let count = envelopes(&sealed).len();
    assert_eq!(
        count,
        shape.leaves.len(),
        "{} in {}:\n{sealed}",
        shape.name,
        shape.rule
    );
    let path = |state: &str| format!("{}/{}-{state}.{}", shape.rule, shape.name, shape.extension);
    let cell = |state: &str, text: &str| Cell::new(path(state), text, sealed.as_str());
    let outside = |state: &str, text: &str| {
        let path = format!(
            "outside/{}-{}-{state}.{}",
            shape.rule, shape.name, shape.extension
        );
        Cell::new(path, text, sealed.as_str())
    };
    let last = count - 1;
    let mut plain = Expected::new("SEC001", &path("plain")).keys(&shape.leaves);
    if shape.name == "config-map" {
        // A rule over a folder of manifests covers what is no Secret as well: that is not for sure.
        plain = plain.quiet();
    }
    cells.push(cell("plain", &shape.text).with(plain, Era::Leak));
    cells.push(cell("sealed", &sealed));
    cells.push(
        cell("first-leaf-plain", &unseal(&sealed, VALUE, |n| n == 0))
            .finds("SEC002", &shape.leaves[..1]),
    );
    if last > 0 {
        cells.push(
            cell("last-leaf-plain", &unseal(&sealed, VALUE, |n| n == last))
                .finds("SEC002", &shape.leaves[last..]),
        );
    }
    cells.push(
        cell("nothing-encrypted", &unseal(&sealed, VALUE, |_| true)).finds("SEC002", &shape.leaves),
    );
    if let Some((behind, text, key)) = shape.addition {
        assert!(sealed.contains(behind), "{sealed}");
        let added = sealed.replacen(behind, &[behind, text].concat(), 1);
        cells.push(cell("leaf-added", &added).finds("SEC002", &[key.to_owned()]));
    }
    let cut = cut_first_envelope(&sealed);
    let damaged = Expected::new("SEC002", &path("cut-ciphertext"))
        .or("SEC015")
        .or("SEC016");
    cells.push(cell("cut-ciphertext", &cut).with(damaged, Era::Leak));
    let broken = Expected::new("SEC016", &path("no-mac"));
    cells.push(
        cell(
            "no-mac",
            &sealed
                .replace("mac: ENC", "mic: ENC")
                .replace("\"mac\": ", "\"mic\": "),
        )
        .with(broken, Era::Now),
    );
    let other = Seal {
        mac_only: !seal.mac_only,
        ..seal.clone()
    };
    cells.push(cell("other-mac", &other.seal(&shape.text, shape.format())).now("SEC005"));
    if seal.groups.len() == 1 {
        let unknown = seal.for_whom(&["alice", "bob", "carol", "ssh"]);
        cells.push(
            cell(
                "unknown-recipient",
                &unknown.seal(&shape.text, shape.format()),
            )
            .now("SEC006"),
        );
        let missing = seal.for_whom(&["alice"]);
        cells.push(
            cell(
                "missing-recipient",
                &missing.seal(&shape.text, shape.format()),
            )
            .now("SEC006"),
        );
    } else {
        let all = Seal {
            threshold: 3,
            ..seal.clone()
        };
        cells.push(cell("other-threshold", &all.seal(&shape.text, shape.format())).now("SEC007"));
    }
    if shape.rule == "data" {
        let same = Seal::with(Some(("encrypted_regex", "^(stringData|data)$")));
        cells.push(cell("other-selector", &same.seal(&shape.text, shape.format())).now("SEC004"));
        let everything = Seal::with(None);
        if shape.manifest && shape.name != "aliases" {
            cells.push(
                cell(
                    "encrypted-metadata",
                    &everything.seal(&shape.text, shape.format()),
                )
                .now("SEC004")
                .now("SEC009"),
            );
        }
        if shape.name == "both" {
            let narrow = Seal::with(Some(("encrypted_regex", "^data$")));
            let cell = cell("narrow-selector", &narrow.seal(&shape.text, shape.format()));
            cells.push(cell.now("SEC004").finds("SEC002", &shape.leaves[2..]));
        }
        cells.push(outside("sealed", &sealed));
    }
    let plain = outside("plain", &shape.text);
    cells.push(if shape.of_secret.is_empty() {
        plain
    } else {
        plain.finds("SEC003", &shape.of_secret)
    });
}

/// Takes the end of the first encrypted value away, as an editor or a merge does.
fn cut_first_envelope(text: &str) -> String {
    let range = envelopes(text).into_iter().next().unwrap();
    let cut = text[range.clone()].find(",iv:").unwrap();
    [&text[..range.start + cut], &text[range.end..]].concat()
}

/// Helm templates of Secrets, outside of every rule.
fn templates() -> Vec<Cell> {
    let head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ include \"app.fullname\" . }}\n  labels:\n    {{- include \"app.labels\" . | nindent 4 }}\n";
    let template = |name: &str, rest: &str| {
        let text = format!("{head}{rest}").replace("VALUE", VALUE);
        Cell::new(format!("outside/templates/{name}.yaml"), text.clone(), text)
    };
    let literal = |cell: Cell| {
        let expected = Expected::new("SEC003", &cell.path);
        cell.with(expected, Era::Leak)
    };
    vec![
        template(
            "references",
            "stringData:\n  password: {{ .Values.password | quote }}\n  token: \"{{ .Values.token }}\"\n",
        ),
        template(
            "encoded",
            "data:\n  password: {{ .Values.password | b64enc }}\n",
        ),
        literal(template(
            "literal",
            "stringData:\n  password: VALUE\n  token: {{ .Values.token }}\n",
        )),
        literal(template(
            "guarded",
            "{{- if .Values.enabled }}\nstringData:\n  password: \"VALUE\"\n{{- end }}\n",
        )),
    ]
}

/// Manifests in which a rule that covers them selects nothing, and others that only look like Secrets.
fn nothing_to_seal() -> Vec<Cell> {
    let cell = |path: &str, text: &str| Cell::new(path.to_owned(), text, text);
    vec![
        cell(
            "data/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - secret.yaml\n",
        ),
        cell("data/empty.yaml", ""),
        cell("data/only-comments.yaml", "# nothing\n"),
        cell(
            "outside/external.yaml",
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: cell-name\nspec:\n  data:\n    - secretKey: password\n      remoteRef:\n        key: app\n        property: password\n  target:\n    template:\n      data:\n        PASSWORD: \"{{ .password }}\"\n",
        ),
        cell(
            "outside/sealed.yaml",
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: cell-name\nspec:\n  encryptedData:\n    password: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq1mQd5hH2sV7nT0cJcLpUxu0qDtY4fTgq\n",
        ),
        cell(
            "outside/release.yaml",
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: cell-name\nspec:\n  valuesFrom:\n    - kind: Secret\n      name: app-values\n  values:\n    persistence:\n      data:\n        size: 1Gi\n",
        ),
        cell(
            "outside/empty-secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: cell-name\n  annotations:\n    kubernetes.io/service-account.name: app\ntype: kubernetes.io/service-account-token\n",
        ),
        cell(
            "outside/empty-data.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: cell-name\ndata: {}\nstringData:\n",
        ),
        cell(
            "outside/roles.yaml",
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: cell-name\nrules:\n  - apiGroups: [\"\"]\n    resources: [\"secrets\"]\n    resourceNames: [\"password\"]\n    verbs: [\"get\"]\n",
        ),
        cell(
            "outside/readme.md",
            "```yaml\nkind: Secret\nstringData:\n  password: in the documentation\n```\n",
        ),
    ]
}

/// Files that `sops` 3.13.3 sealed: nothing is wrong with them. And their plain sources.
fn made_by_sops() -> Vec<Cell> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden");
    let sealed = |name: &str| std::fs::read(golden.join("3.13.3").join(name)).unwrap();
    let plain = |name: &str| std::fs::read(golden.join("plain").join(name)).unwrap();
    let mut cells = Vec::new();
    for name in [
        "types.yaml",
        "comments.yaml",
        "comments-in-lists.yaml",
        "anchors.yaml",
        "settings.json",
        "app.env",
        "app.ini",
        "blob.bin",
    ] {
        cells.push(Cell::new(
            format!("golden/{name}"),
            sealed(name),
            sealed(name),
        ));
        let path = format!("golden/plain/{name}");
        let expected = Expected::new("SEC001", &path);
        cells.push(Cell::new(path, plain(name), sealed(name)).with(expected, Era::Leak));
    }
    for name in ["comments-data.yaml", "many.yaml"] {
        cells.push(Cell::new(
            format!("golden-data/{name}"),
            sealed(name),
            sealed(name),
        ));
    }
    // The rule wants one recipient, the file has two.
    let path = "golden/note.txt".to_owned();
    cells.push(Cell::new(path, sealed("note.txt"), sealed("note.txt")).now("SEC006"));
    let text = String::from_utf8(sealed("app.env")).unwrap();
    let text = text.replacen("\nsops_age", &format!("\nADDED={VALUE}\nsops_age"), 1);
    let path = "golden/added.env".to_owned();
    let expected = Expected::new("SEC002", &path);
    cells.push(Cell::new(path, text, sealed("app.env")).with(expected, Era::Leak));
    let text = String::from_utf8(sealed("app.ini")).unwrap();
    let text = text.replacen("[empty]", &format!("[empty]\nadded = {VALUE}"), 1);
    let path = "golden/added.ini".to_owned();
    let expected = Expected::new("SEC002", &path);
    cells.push(Cell::new(path, text, sealed("app.ini")).with(expected, Era::Leak));
    cells
}

/// Covered files that cannot be read, so that nobody can say that they are sealed.
fn unreadable() -> Vec<Cell> {
    let fine = "{}\n";
    let cell = |path: &str, bytes: &[u8]| {
        let mut cell = Cell::new(path.to_owned(), bytes, fine);
        // What can be read of it may be judged.
        for check in ["SEC001", "SEC016"] {
            let expected = Expected::new(check, path).optional();
            cell.expected.push((expected, Era::Leak));
        }
        cell.unreadable = true;
        cell
    };
    vec![
        cell(
            "data/broken-flow.yaml",
            b"apiVersion: v1\nkind: Secret\nstringData: {password: [\n",
        ),
        cell(
            "data/broken-indent.yaml",
            b"apiVersion: v1\nkind: Secret\nstringData:\n   password: a\n  user: b\n",
        ),
        cell(
            "data/broken-tab.yaml",
            b"apiVersion: v1\nkind: Secret\nstringData:\n\tpassword: a\n",
        ),
        cell(
            "data/broken-last-document.yaml",
            b"a: 1\n---\nkind: \"Secret\nstringData:\n  b: c\n",
        ),
        cell(
            "data/broken.json",
            b"{\"kind\": \"Secret\", \"data\": {\"password\": \"YQ==\"",
        ),
        cell(
            "data/latin1.yaml",
            b"apiVersion: v1\nkind: Secret\nstringData:\n  password: caf\xe9\n",
        ),
    ]
}
