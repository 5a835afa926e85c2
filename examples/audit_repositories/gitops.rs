//! What a Flux repository holds and how it grows: releases whose tags a bot raises, sealed Secrets that
//! people change, applications that come and go, and a few values that were committed in plaintext once.

use std::io::{Result, Write};
use std::path::Path;

use crate::generate::Random;
use crate::stream::Stream;

/// Applications of each namespace.
const APPS: usize = 14;

/// Namespaces.
const NAMESPACES: usize = 18;

/// Of a thousand commits, how many commit a Secret in plaintext that the next one seals.
const MISTAKES: usize = 1;

/// The configuration: every `*.sops.yaml` below `kubernetes` is sealed for two recipients.
pub(crate) const CONFIG: &str = "creation_rules:\n  - path_regex: '^kubernetes/.*\\.sops\\.yaml$'\n    encrypted_regex: '^(data|stringData)$'\n    age:\n      - age1kqrjgh0uxr5ll9evn36lp33qlg4hu8wj46qnq2qzu8gztsj8r93scjhs43\n      - age1fayuyj0q4waptca7tjg9asulgk7mdqer5a2dvu6kkrzk08frfvsshyhr4p\n";

const SYLLABLES: [&str; 16] = [
    "an", "be", "co", "da", "el", "fi", "ga", "ho", "in", "jo", "ka", "lu", "me", "no", "or", "pi",
];

fn name(number: usize) -> String {
    let pick = |n: usize| SYLLABLES.get(n % SYLLABLES.len()).copied().unwrap_or("x");
    [number, number / 16, number / 5, number * 7]
        .map(pick)
        .concat()
        + &format!("-{number}")
}

fn base64(random: &mut Random, length: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |_| {
        let index = random.below(64);
        char::from(ALPHABET.get(index).copied().unwrap_or(b'A'))
    };
    (0..length).map(digit).collect()
}

fn hexadecimal(random: &mut Random, digits: usize) -> String {
    let mut text = String::new();
    while text.len() < digits {
        text.push_str(&format!("{:016x}", random.next()));
    }
    text.truncate(digits);
    text
}

/// An application: what its files say now.
struct App {
    folder: String,
    name: String,
    tag: [usize; 3],
    digest: String,
    values: usize,
    sealed: bool,
    here: bool,
}

impl App {
    fn new(number: usize, random: &mut Random) -> Self {
        let name = name(number);
        App {
            folder: format!(
                "kubernetes/{}/{name}",
                self::name(1000 + number % NAMESPACES)
            ),
            name,
            tag: [random.below(9), random.below(30), random.below(30)],
            digest: hexadecimal(random, 64),
            values: random.between(20, 70),
            sealed: random.chance(45),
            here: false,
        }
    }

    fn release(&self) -> String {
        let App {
            name,
            tag: [a, b, c],
            digest,
            ..
        } = self;
        let mut text = format!(
            "---\n# yaml-language-server: $schema=https://schemas.example.invalid/helmrelease_v2.json\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: {name}\nspec:\n  interval: 30m\n  chart:\n    spec:\n      chart: app-template\n      version: 3.{b}.0\n  install:\n    remediation:\n      retries: 3\n  values:\n    controllers:\n      {name}:\n        annotations:\n          reloader.stakater.com/auto: \"true\"\n        containers:\n          app:\n            image:\n              repository: ghcr.io/example/{name}\n              tag: {a}.{b}.{c}@sha256:{digest}\n            envFrom:\n              - secretRef:\n                  name: {name}-secret\n            env:\n"
        );
        for number in 0..self.values {
            text.push_str(&format!(
                "              {}_{number}: \"{}\"\n",
                name.to_uppercase().replace('-', "_"),
                self::name(number * 31 + name.len())
            ));
        }
        text.push_str("            resources:\n              requests:\n                cpu: 10m\n              limits:\n                memory: 512Mi\n    service:\n      app:\n        controller: app\n        ports:\n          http:\n            port: 8080\n");
        text
    }

    fn kustomization(&self) -> String {
        let sealed = if self.sealed {
            "  - ./secret.sops.yaml\n"
        } else {
            ""
        };
        format!(
            "---\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - ./helmrelease.yaml\n{sealed}"
        )
    }

    fn flux(&self) -> String {
        let App { name, folder, .. } = self;
        format!(
            "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  namespace: flux-system\nspec:\n  interval: 1h\n  path: ./{folder}/app\n  prune: true\n  sourceRef:\n    kind: GitRepository\n    name: flux-system\n  decryption:\n    provider: sops\n    secretRef:\n      name: sops-age\n"
        )
    }

    fn secret(&self, random: &mut Random, sealed: bool) -> String {
        let name = &self.name;
        let mut text = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n    name: {name}-secret\nstringData:\n"
        );
        let upper = name.to_uppercase().replace('-', "_");
        for key in ["API_KEY", "PASSWORD", "DATABASE_URL"] {
            let value = base64(random, 43);
            if sealed {
                text.push_str(&format!(
                    "    {upper}_{key}: {}\n",
                    envelope(random, &value, "str")
                ));
            } else {
                text.push_str(&format!("    {upper}_{key}: {value}\n"));
            }
        }
        if sealed {
            let mac = base64(random, 171);
            text.push_str("sops:\n    age:\n");
            for recipient in CONFIG
                .lines()
                .filter_map(|line| line.trim().strip_prefix("- age1"))
            {
                text.push_str(&format!("        - recipient: age1{recipient}\n          enc: |\n            -----BEGIN AGE ENCRYPTED FILE-----\n            YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSB{}\n", base64(random, 21)));
                for _ in 0..3 {
                    text.push_str(&format!("            {}\n", base64(random, 64)));
                }
                text.push_str(&format!(
                    "            {}==\n            -----END AGE ENCRYPTED FILE-----\n",
                    base64(random, 54)
                ));
            }
            text.push_str(&format!(
                "    lastmodified: \"2024-01-01T00:00:00Z\"\n    mac: {}\n    encrypted_regex: ^(data|stringData)$\n    version: 3.8.1\n",
                envelope(random, &mac, "str")
            ));
        }
        text
    }

    fn add<W: Write>(&mut self, random: &mut Random, out: &mut Stream<W>) -> Result<()> {
        self.here = true;
        out.file(&format!("{}/ks.yaml", self.folder), &self.flux())?;
        out.file(
            &format!("{}/app/helmrelease.yaml", self.folder),
            &self.release(),
        )?;
        out.file(
            &format!("{}/app/kustomization.yaml", self.folder),
            &self.kustomization(),
        )?;
        if self.sealed {
            let text = self.secret(random, true);
            out.file(&format!("{}/app/secret.sops.yaml", self.folder), &text)?;
        }
        Ok(())
    }

    fn remove<W: Write>(&mut self, out: &mut Stream<W>) -> Result<()> {
        self.here = false;
        out.remove(&self.folder)
    }
}

fn envelope(random: &mut Random, data: &str, kind: &str) -> String {
    let (iv, tag) = (base64(random, 43), base64(random, 22));
    format!("ENC[AES256_GCM,data:{data}=,iv:{iv}=,tag:{tag}==,type:{kind}]")
}

fn readme(apps: &[App]) -> String {
    let mut text = "# Cluster\n\nWhat runs here:\n\n".to_owned();
    for app in apps.iter().filter(|app| app.here) {
        text.push_str(&format!("- `{}` {}.{}\n", app.name, app.tag[0], app.tag[1]));
    }
    text
}

/// A dashboard as a tool exports it: large, and most of it changes.
fn dashboard(random: &mut Random) -> String {
    let mut text = "{\n  \"panels\": [\n".to_owned();
    for panel in 0..random.between(40, 160) {
        text.push_str(&format!(
            "    {{\n      \"id\": {panel},\n      \"uid\": \"{}\",\n      \"title\": \"{} by {}\",\n      \"expr\": \"sum(rate({}_total[5m])) by (pod)\"\n    }},\n",
            hexadecimal(random, 32),
            name(random.below(9000)),
            name(random.below(9000)),
            name(random.below(9000)).replace('-', "_"),
        ));
    }
    text + "    {}\n  ]\n}\n"
}

/// A long history.
pub(crate) struct History {
    commits: usize,
    random: Random,
    apps: Vec<App>,
}

impl History {
    pub(crate) fn new(commits: usize) -> Self {
        let mut random = Random::new(4);
        let apps = (0..APPS * NAMESPACES)
            .map(|number| App::new(number, &mut random))
            .collect();
        History {
            commits,
            random,
            apps,
        }
    }

    /// Writes all of it: a main line, pull requests that are merged, and a tag each thousand commits.
    pub(crate) fn write<W: Write>(mut self, out: &mut Stream<W>) -> Result<()> {
        let mut head = out.commit("main", "Start", None, None)?;
        out.file(".sops.yaml", CONFIG)?;
        out.file("README.md", &readme(&self.apps))?;
        let half = self.apps.len() / 2;
        for app in self.apps.iter_mut().take(half) {
            app.add(&mut self.random, out)?;
        }
        let mut made = 1;
        while made < self.commits {
            if self.random.chance(1) && made + 2 <= self.commits {
                // The files of the pull request stay the same in the merge.
                let side = out.commit("renovate", "Raise a digest", Some(head), None)?;
                let file = self.raise(true);
                out.file(&file.0, &file.1)?;
                head = out.commit("main", "Merge pull request", Some(head), Some(side))?;
                out.file(&file.0, &file.1)?;
                made += 2;
            } else {
                made += self.step(&mut head, out)?;
            }
            if made % 1000 == 0 {
                out.tag(&format!("2024.{}", made / 1000), head)?;
            }
        }
        Ok(())
    }

    /// One change; returns how many commits it took.
    fn step<W: Write>(&mut self, head: &mut u64, out: &mut Stream<W>) -> Result<usize> {
        if self.random.below(1000) < MISTAKES {
            let number = self.random.below(self.apps.len());
            if let Some(app) = self
                .apps
                .get_mut(number)
                .filter(|app| app.here && app.sealed)
            {
                let path = format!("{}/app/secret.sops.yaml", app.folder);
                *head = out.commit(
                    "main",
                    &format!("Add the Secret of {}", app.name),
                    Some(*head),
                    None,
                )?;
                out.file(&path, &app.secret(&mut self.random, false))?;
                *head = out.commit("main", "Seal it", Some(*head), None)?;
                out.file(&path, &app.secret(&mut self.random, true))?;
                return Ok(2);
            }
        }
        let dice = self.random.below(100);
        let number = self.random.below(self.apps.len());
        let message = match dice {
            0..87 => self.renovation(&name(number)),
            _ => format!("feat: change {}", name(number)),
        };
        *head = out.commit("main", &message, Some(*head), None)?;
        match dice {
            0..70 => {
                let file = self.raise(true);
                out.file(&file.0, &file.1)?;
            }
            70..80 => {
                for _ in 0..2 {
                    let file = self.raise(false);
                    out.file(&file.0, &file.1)?;
                }
            }
            80..84 => {
                let text = dashboard(&mut self.random);
                out.file(
                    &format!("kubernetes/dashboards/{}.json", name(number % 60)),
                    &text,
                )?;
            }
            84..87 => out.file("README.md", &readme(&self.apps))?,
            _ => {
                if let Some(app) = self.apps.get_mut(number) {
                    match (app.here, dice) {
                        (false, _) => app.add(&mut self.random, out)?,
                        (true, 99) => app.remove(out)?,
                        (true, 87..97) if app.sealed => {
                            let path = format!("{}/app/secret.sops.yaml", app.folder);
                            out.file(&path, &app.secret(&mut self.random, true))?;
                        }
                        _ => {
                            app.values = self.random.between(20, 70);
                            out.file(
                                &format!("{}/app/helmrelease.yaml", app.folder),
                                &app.release(),
                            )?;
                        }
                    }
                }
            }
        }
        Ok(1)
    }

    /// What the bot writes: a table, digests, and as much as a signed commit has beside that.
    fn renovation(&mut self, name: &str) -> String {
        let mut digest = |digits| hexadecimal(&mut self.random, digits);
        let (old, new, signature) = (digest(64), digest(64), digest(560));
        format!(
            "chore(deps): update image ghcr.io/example/{name}\n\n| image | from | to |\n|---|---|---|\n| {name} | {old} | {new} |\n\nSigned: {signature}\n"
        )
    }

    /// Raises the version of an application that is there.
    fn raise(&mut self, digest: bool) -> (String, String) {
        let here: Vec<usize> = (0..self.apps.len())
            .filter(|n| self.apps.get(*n).is_some_and(|app| app.here))
            .collect();
        let number = here
            .get(self.random.below(here.len()))
            .copied()
            .unwrap_or(0);
        let new = hexadecimal(&mut self.random, 64);
        let Some(app) = self.apps.get_mut(number) else {
            return (String::new(), String::new());
        };
        app.tag[2] += 1;
        if digest {
            app.digest = new;
        }
        (
            format!("{}/app/helmrelease.yaml", app.folder),
            app.release(),
        )
    }
}

/// A repository with one commit of many files.
pub(crate) struct Tree {
    files: usize,
}

impl Tree {
    pub(crate) fn new(files: usize) -> Self {
        Tree { files }
    }

    fn file(number: usize) -> (String, String) {
        let mut random = Random::new(number as u64 + 77);
        let app = App::new(number, &mut random);
        let group = number / 100;
        match number % 10 {
            0 => (
                format!("kubernetes/apps/{group}/{}.sops.yaml", app.name),
                app.secret(&mut random, true),
            ),
            1..=6 => (
                format!("kubernetes/apps/{group}/{}.yaml", app.name),
                app.release(),
            ),
            7 => (
                format!("docs/{group}/{}.md", app.name),
                format!("# {}\n\n{}", app.name, readme(&[]).repeat(20)),
            ),
            8 => (
                format!("src/{group}/{}.ts", app.name.replace('-', "_")),
                source(number),
            ),
            _ => (
                format!("kubernetes/flux/{group}/{}.yaml", app.name),
                app.flux(),
            ),
        }
    }

    pub(crate) fn write<W: Write>(self, out: &mut Stream<W>) -> Result<()> {
        out.commit("main", "All files", None, None)?;
        out.file(".sops.yaml", CONFIG)?;
        for number in 1..self.files {
            let (path, text) = Tree::file(number);
            out.file(&path, &text)?;
        }
        Ok(())
    }

    /// Changes `count` files below `dir`; returns their paths.
    pub(crate) fn change(self, dir: &Path, count: usize) -> Result<Vec<String>> {
        let mut paths = Vec::new();
        for number in (1..self.files)
            .step_by((self.files / count).max(1))
            .take(count)
        {
            let (path, text) = Tree::file(number);
            let mark = if path.ends_with(".md") || path.ends_with(".ts") {
                ""
            } else {
                "# changed\n"
            };
            std::fs::write(dir.join(&path), format!("{mark}{text}"))?;
            paths.push(path);
        }
        Ok(paths)
    }
}

fn source(number: usize) -> String {
    let mut text = "import { connect } from \"./connect\";\n\n".to_owned();
    for line in 0..40 {
        text.push_str(&format!(
            "export async function {}(token: string, key = \"{}\") {{ return connect(token, key, {line}); }}\n",
            name(number + line).replace('-', "_"),
            name(line * 3)
        ));
    }
    text
}
