//! `secrets demo`: the runbook's main job, on two repositories made for it.

mod leak;
mod trees;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use secrets::fsio::{Content, Replacement, io_error};
use secrets::keys::{CommandOutput, Environment, Identities, NoCallbacks, generate_x25519};
use secrets::kubernetes::docker::{self, RegistryCredential};
use secrets::secret::SecretBuffer;
use secrets::secret::SecretBytes;
use secrets::sops::config::find::Configs;
use secrets::sops::file::{Terms, format_of, open_sealed, seal_plain};
use secrets::sops::open::Checks;
use secrets::sops::policy::{Overrides, SealPolicy};
use secrets::sops::seal::Allow;
use secrets::{Error, Kind};

use super::{Errors, Exit};
use crate::context::Context;

/// What the runbook's configurations have in the place of a recipient.
const PLACEHOLDER: &str = "AGE_PUBLIC_KEY_HERE";
const REGISTRY: &str = "clusters/my-cluster/flux-system/secrets/blaster-dev-registry.yaml";
const DATABASE: &str = "k8s/dev/10-secret-db.enc.yaml";
const PROD_DATABASE: &str = "k8s/prod/10-secret-db.enc.yaml";
/// The folder's files and repositories.
const FLUX_CONFIG: &str = "flux-config";
const BLASTER: &str = "blaster";
const KEYS: &str = "keys.txt";

/// The arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to build the repositories: a new or an empty folder [default: a new one in the temporary folder]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// The folder is not empty or cannot be written, `git` is missing or fails.
pub(crate) fn run(args: Args, context: &Context) -> Result<Exit, Errors> {
    let folder = folder(args.directory.as_deref())?;
    let demo = Demo::prepare(folder, context)?;
    demo.commit_clear_part()?;
    let sealed = [
        demo.seal(FLUX_CONFIG, REGISTRY, &registry_secret()?)?,
        demo.seal(BLASTER, DATABASE, &database_secret("blaster-dev")?)?,
        demo.seal(BLASTER, PROD_DATABASE, &database_secret("blaster")?)?,
    ];
    for repository in [FLUX_CONFIG, BLASTER] {
        demo.git(repository, &["add", "--all"])?;
        demo.git(
            repository,
            &["commit", "--quiet", "-m", "Add sealed secrets"],
        )?;
    }
    demo.say(&format!(
        "{}: two Git repositories and an age identity made for this demo\n",
        demo.folder.display()
    ))?;
    for file in &sealed {
        demo.say(&file.diff())?;
    }
    for file in &sealed {
        demo.check_opens(file)?;
    }
    demo.say("committed, opened again: the same bytes as before sealing\n")?;
    for repository in [FLUX_CONFIG, BLASTER] {
        let stat = demo.git(repository, &["show", "--stat", "--format=%h %s"])?;
        demo.say(&format!("\n{repository}: {}", stat.trim_end()))?;
    }
    leak::play(&demo)?;
    demo.say(&demo.next_steps())?;
    Ok(Exit::Done)
}

/// The folder to build in: made if it does not exist, refused if it is not empty.
fn folder(named: Option<&Path>) -> Result<PathBuf, Error> {
    let Some(path) = named else {
        let made = tempfile::Builder::new().prefix("secrets-demo-").tempdir();
        let made = made.map_err(|e| io_error("make a folder in", &std::env::temp_dir(), &e))?;
        return Ok(made.keep());
    };
    match std::fs::read_dir(path) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(Error::new(Kind::Usage, "this folder is not empty")
                    .in_file(path.to_string_lossy())
                    .hint("name a new folder, or leave the name out"));
            }
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(path).map_err(|e| io_error("make the folder", path, &e))?;
        }
        Err(e) => return Err(io_error("read the folder", path, &e)),
    }
    std::path::absolute(path).map_err(|e| io_error("find the folder", path, &e))
}

struct Demo<'c> {
    folder: PathBuf,
    context: &'c Context,
    identity: SecretBytes,
    recipient: String,
}

/// A file that was sealed, and what it held.
struct SealedFile {
    repository: &'static str,
    path: &'static str,
    plain: SecretBuffer,
    sealed: Vec<u8>,
}

impl<'c> Demo<'c> {
    /// Makes the identity and the trees, with its recipient in the configurations.
    fn prepare(folder: PathBuf, context: &'c Context) -> Result<Self, Error> {
        let (identity, recipient) = generate_x25519(&mut rand::rng(), context.now())?;
        let keys = folder.join(KEYS);
        Replacement::create_new(&keys, Content::Plain(identity.expose())).commit()?;
        let trees = [(FLUX_CONFIG, trees::FLUX_CONFIG), (BLASTER, trees::BLASTER)];
        for (repository, files) in trees {
            for (path, text) in files {
                let path = folder.join(repository).join(path);
                let text = text.replace(PLACEHOLDER, &recipient);
                write(&path, text.as_bytes())?;
            }
        }
        Ok(Demo {
            folder,
            context,
            identity,
            recipient,
        })
    }

    fn commit_clear_part(&self) -> Result<(), Error> {
        for (repository, branch) in [(FLUX_CONFIG, "main"), (BLASTER, "develop")] {
            self.git(repository, &["init", "--quiet", "--initial-branch", branch])?;
            self.git(repository, &["add", "--all"])?;
            self.git(
                repository,
                &["commit", "--quiet", "-m", "Start from the runbook"],
            )?;
        }
        Ok(())
    }

    /// Seals a manifest from memory: its plaintext is never written.
    fn seal(
        &self,
        repository: &'static str,
        path: &'static str,
        plain: &SecretBuffer,
    ) -> Result<SealedFile, Errors> {
        let file = self.folder.join(repository).join(path);
        let configs = Configs::new(&self.folder, None, None);
        let config = configs.for_file(&file)?;
        let decision = config.as_ref().map(|c| c.rule_for(&file, &self.folder));
        let rule = config
            .as_ref()
            .zip(decision.and_then(|d| d.rule))
            .and_then(|(config, index)| config.rules().get(index));
        let Some(rule) = rule else {
            return Err(
                Error::new(Kind::Config, "no creation rule covers this file")
                    .in_file(file.to_string_lossy())
                    .into(),
            );
        };
        let policy = SealPolicy::from_rule(rule, &Overrides::default())?;
        let groups: Vec<_> = policy.groups.iter().map(|g| g.age.as_slice()).collect();
        let terms = Terms {
            selector: &policy.selector,
            mac_only_encrypted: policy.mac_only_encrypted,
            groups: &groups,
            shamir_threshold: policy.shamir_threshold,
            now: self.context.now(),
            allow: Allow::default(),
        };
        let sealed = seal_plain(plain, format_of(&file)?, &terms)?.bytes;
        make_parent(&file)?;
        Replacement::create_new(&file, Content::Sealed(&sealed)).commit()?;
        Ok(SealedFile {
            repository,
            path,
            plain: plain.clone(),
            sealed,
        })
    }

    /// Opens the committed file with the identity of the demo alone.
    fn check_opens(&self, file: &SealedFile) -> Result<(), Error> {
        let path = self.folder.join(file.repository).join(file.path);
        let text = secrets::fsio::read(&path, secrets::fsio::MAX_INPUT)?;
        let identities = Identities::load(OnlyKey::of(self), NoCallbacks);
        let opened = open_sealed(&text, format_of(&path)?, &identities, Checks::default())
            .map_err(|e| e.in_file(path.to_string_lossy()))?;
        if *opened.bytes != *file.plain {
            return Err(
                Error::new(Kind::Answer, "the file does not open to its source")
                    .in_file(path.to_string_lossy()),
            );
        }
        Ok(())
    }

    /// Runs git in a repository with nothing of the user's configuration.
    fn git(&self, repository: &str, arguments: &[&str]) -> Result<String, Error> {
        let failed = |reason: String| {
            Error::new(Kind::Io, format!("git {} failed", arguments.join(" "))).because(reason)
        };
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(self.folder.join(repository))
            .args([
                "-c",
                "user.name=secrets demo",
                "-c",
                "user.email=demo@example.invalid",
            ])
            .args([
                "-c",
                "commit.gpgsign=false",
                "-c",
                "core.hooksPath=/dev/null",
            ])
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env(
                "GIT_CONFIG_GLOBAL",
                if cfg!(windows) { "NUL" } else { "/dev/null" },
            )
            .stdin(Stdio::null());
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
            command.env_remove(variable);
        }
        let output = command.output().map_err(|e| {
            failed(e.to_string()).hint("install git: the demo makes real repositories")
        })?;
        if !output.status.success() {
            return Err(failed(
                String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            ));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn say(&self, text: &str) -> Result<(), Error> {
        let lines: Vec<&str> = text
            .strip_suffix('\n')
            .unwrap_or(text)
            .split('\n')
            .collect();
        self.context.ui().answer(&lines)
    }

    fn next_steps(&self) -> String {
        let folder = self.folder.display();
        format!(
            "
type next:
  cd {folder}
{path}  export SOPS_AGE_KEY_FILE=$PWD/{KEYS}        # recipient {recipient}
  secrets decrypt {FLUX_CONFIG}/{REGISTRY}
  secrets rules explain {BLASTER}/{DATABASE} {BLASTER}/k8s/dev/20-deployment.yaml
  secrets audit {FLUX_CONFIG} {BLASTER}
  cd {BLASTER} && secrets rules list
  sops decrypt {DATABASE}        # sops reads what secrets wrote
",
            recipient = self.recipient,
            path = path_to_here(),
        )
    }
}

/// The line to type if `secrets` would not be found: this program was built and not installed.
fn path_to_here() -> String {
    let here = std::env::current_exe().ok();
    let folder = here.as_deref().and_then(Path::parent);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path).any(|folder| folder.join("secrets").is_file());
    match folder {
        Some(folder) if !installed => format!("  export PATH=\"{}:$PATH\"\n", folder.display()),
        _ => String::new(),
    }
}

impl SealedFile {
    /// Line by line, what sealing changed: values masked, ciphertext and metadata shortened.
    fn diff(&self) -> String {
        let plain = String::from_utf8_lossy(&self.plain);
        let sealed = String::from_utf8_lossy(&self.sealed);
        let mut out = format!("sealed {}/{}\n", self.repository, self.path);
        let mut sealed_lines = sealed.lines();
        for line in plain.lines() {
            let new = sealed_lines.next().unwrap_or("");
            if new == line {
                out.push_str(&format!("    {line}\n"));
                continue;
            }
            let start = line.trim_start();
            if start.starts_with('#') {
                let indent = &line[..line.len() - start.len()];
                out.push_str(&format!("  - {indent}# (the comment)\n"));
            } else {
                let key = line.split_inclusive(':').next().unwrap_or("");
                out.push_str(&format!("  - {key} (the value)\n"));
            }
            let mut shown: String = new.chars().take(72).collect();
            if shown.len() < new.len() {
                shown.push('…');
            }
            out.push_str(&format!("  + {shown}\n"));
        }
        let added = sealed_lines.count();
        out.push_str(&format!("  + sops: (metadata, {added} lines)\n\n"));
        out
    }
}

/// The Secret that the runbook makes with kubectl, with a password nobody knows.
fn registry_secret() -> Result<SecretBuffer, Error> {
    let credential = RegistryCredential {
        server: "registry.reids.net.au".to_owned(),
        username: "blaster-dev".to_owned(),
        password: password(),
        email: Some("andrew@reids.net.au".to_owned()),
    };
    let manifest = docker::secret("blaster-dev-registry", Some("flux-system"), &[credential])?;
    Ok(manifest.to_yaml())
}

/// The app's database Secret, as a person would write it: comments and own quotes included.
fn database_secret(namespace: &str) -> Result<SecretBuffer, Error> {
    let password = password();
    let password = password.expose_text().unwrap_or_default();
    let text = format!(
        "# The database of Blaster.
apiVersion: v1
kind: Secret
metadata:
  name: blaster-db
  namespace: {namespace}
type: Opaque

stringData:
  POSTGRES_USER: blaster
  # rotated every quarter
  POSTGRES_PASSWORD: \"{password}\"
  DATABASE_URL: 'postgres://blaster:{password}@postgres:5432/blaster'
"
    );
    Ok(SecretBuffer::from(text.into_bytes()))
}

fn password() -> SecretBytes {
    use rand::Rng as _;
    let letters = rand::rng().sample_iter(rand::distr::Alphanumeric);
    SecretBytes::new(letters.take(32).collect())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    make_parent(path)?;
    std::fs::write(path, bytes).map_err(|e| io_error("write", path, &e))
}

fn make_parent(path: &Path) -> Result<(), Error> {
    match path.parent() {
        Some(parent) => {
            std::fs::create_dir_all(parent).map_err(|e| io_error("make the folder", parent, &e))
        }
        None => Ok(()),
    }
}

/// An environment that holds the demo's identity and nothing of the user's.
struct OnlyKey {
    folder: PathBuf,
    identity: std::ffi::OsString,
}

impl OnlyKey {
    fn of(demo: &Demo<'_>) -> Self {
        OnlyKey {
            folder: demo.folder.clone(),
            identity: demo.identity.expose_text().unwrap_or_default().into(),
        }
    }
}

impl Environment for OnlyKey {
    fn var(&self, name: &str) -> Option<std::ffi::OsString> {
        (name == "SOPS_AGE_KEY").then(|| self.identity.clone())
    }

    fn directory(&self) -> &Path {
        &self.folder
    }

    fn run(&self, _: &[String], _: &[(&str, &str)]) -> std::io::Result<CommandOutput> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}
