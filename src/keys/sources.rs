//! The places where SOPS looks for identities, in its order.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::environment::{Environment, Platform, read_bounded};
use super::identity::{self, Identity};
use super::words;
use crate::secret::SecretBytes;

const SSH_KEY_FILE: &str = "SOPS_AGE_SSH_PRIVATE_KEY_FILE";
const SSH_KEY_CMD: &str = "SOPS_AGE_SSH_PRIVATE_KEY_CMD";
const KEY: &str = "SOPS_AGE_KEY";
const KEY_FILE: &str = "SOPS_AGE_KEY_FILE";
const KEY_CMD: &str = "SOPS_AGE_KEY_CMD";
/// Tells both commands for which recipient the identity is wanted.
const RECIPIENT: &str = "SOPS_AGE_RECIPIENT";

/// One place and what is there.
pub(super) struct Source {
    /// What the user knows it by.
    pub(super) name: String,
    pub(super) content: Content,
}

pub(super) enum Content {
    /// A variable that is not set.
    NotSet,
    /// A file that is not there.
    NotFound,
    Identities(Vec<Identity>),
    /// It is there and not usable; says why.
    Failed(String),
    /// Not run before it is needed.
    Command(Command),
}

/// How identities are written down.
#[derive(Clone, Copy)]
enum Form {
    Lines,
    Words,
    Ssh,
}

impl Form {
    fn parse(self, content: &[u8], name: &str) -> Result<Vec<Identity>, String> {
        match self {
            Form::Lines => identity::parse_source(content, name, false),
            Form::Words => identity::parse_source(content, name, true),
            Form::Ssh => Ok(vec![identity::parse_ssh(content, name)?]),
        }
    }
}

/// Reads every source except the commands.
pub(super) fn collect(env: &dyn Environment) -> Vec<Source> {
    let mut sources = vec![
        file_variable(env, SSH_KEY_FILE, Form::Ssh),
        command_variable(env, SSH_KEY_CMD, Form::Ssh),
    ];
    match home(env) {
        Ok(home) => {
            let folder = home.join(".ssh");
            sources.extend(
                ["id_ed25519", "id_rsa"]
                    .map(|name| optional_file(env, &folder.join(name), Form::Ssh)),
            );
        }
        Err(reason) => sources.push(Source {
            name: "~/.ssh".into(),
            content: Content::Failed(reason),
        }),
    }
    sources.push(match env.var(KEY) {
        None => Source {
            name: KEY.into(),
            content: Content::NotSet,
        },
        Some(value) => {
            let value = SecretBytes::new(value.into_encoded_bytes());
            Source {
                name: KEY.into(),
                content: content(Form::Words.parse(value.expose(), KEY)),
            }
        }
    });
    sources.push(file_variable(env, KEY_FILE, Form::Lines));
    sources.push(command_variable(env, KEY_CMD, Form::Lines));
    match default_files(env) {
        Ok(paths) => sources.extend(
            paths
                .iter()
                .map(|path| optional_file(env, path, Form::Lines)),
        ),
        Err(reason) => sources.push(Source {
            name: "sops/age/keys.txt".into(),
            content: Content::Failed(reason),
        }),
    }
    sources
}

fn content(identities: Result<Vec<Identity>, String>) -> Content {
    identities.map_or_else(Content::Failed, Content::Identities)
}

/// A variable that names a file, which then must be there.
fn file_variable(env: &dyn Environment, name: &str, form: Form) -> Source {
    let Some(value) = env.var(name) else {
        return Source {
            name: name.into(),
            content: Content::NotSet,
        };
    };
    let failed = |reason: &str| Source {
        name: name.into(),
        content: Content::Failed(reason.into()),
    };
    if value.is_empty() {
        return failed("is set and empty");
    }
    // Shown nowhere, for this may be the key itself.
    if holds_private_key(&value) {
        return failed("holds a private key where the name of a file belongs");
    }
    let path = env.directory().join(&value);
    let name = format!("{name} ({})", path.display());
    let content = match read(&path) {
        Ok(bytes) => content(form.parse(bytes.expose(), &path.display().to_string())),
        Err(error) => Content::Failed(io_reason(&error)),
    };
    Source { name, content }
}

fn optional_file(env: &dyn Environment, path: &Path, form: Form) -> Source {
    let name = path.display().to_string();
    let content = match read(&env.directory().join(path)) {
        Ok(bytes) => content(form.parse(bytes.expose(), &name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Content::NotFound,
        Err(error) => Content::Failed(io_reason(&error)),
    };
    Source { name, content }
}

fn command_variable(env: &dyn Environment, name: &'static str, form: Form) -> Source {
    let content = match env.var(name) {
        None => Content::NotSet,
        Some(line) => match line
            .to_str()
            .ok_or("is not UTF-8 text")
            .and_then(words::split)
        {
            Ok(words) if words.is_empty() => Content::Failed("is set and empty".into()),
            Ok(words) => Content::Command(Command {
                name,
                words,
                form,
                runs: Mutex::default(),
            }),
            Err(reason) => Content::Failed(format!("cannot be split into words: {reason}")),
        },
    };
    Source {
        name: name.into(),
        content,
    }
}

fn holds_private_key(value: &OsStr) -> bool {
    let value = value.to_string_lossy().to_ascii_uppercase();
    ["AGE-SECRET-KEY-", "AGE-PLUGIN-", "PRIVATE KEY-----"]
        .iter()
        .any(|mark| value.contains(mark))
}

fn read(path: &Path) -> io::Result<SecretBytes> {
    read_bounded(File::open(path)?)
}

fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "not found".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "it is a folder".into(),
        _ => error.to_string(),
    }
}

/// The home folder by its variable only, as Go's `os.UserHomeDir` does.
fn home(env: &dyn Environment) -> Result<PathBuf, String> {
    let name = if env.platform() == Platform::Windows {
        "USERPROFILE"
    } else {
        "HOME"
    };
    set(env, name).ok_or_else(|| format!("{name} is not set"))
}

fn set(env: &dyn Environment, name: &str) -> Option<PathBuf> {
    env.var(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// `sops/age/keys.txt` under the configuration folder, found as Go's `os.UserConfigDir` finds it.
/// On macOS, SOPS looks under `$XDG_CONFIG_HOME` if that is set and else under `~/Library`; people
/// have it in either and in `~/.config`, so all are searched.
fn default_files(env: &dyn Environment) -> Result<Vec<PathBuf>, String> {
    let xdg = set(env, "XDG_CONFIG_HOME");
    let mut folders = match env.platform() {
        Platform::Windows => vec![set(env, "AppData").ok_or("AppData is not set")?],
        Platform::Unix => match xdg {
            Some(folder) if folder.is_absolute() => vec![folder],
            Some(_) => return Err("XDG_CONFIG_HOME is a relative path".into()),
            None => vec![home(env)?.join(".config")],
        },
        Platform::MacOs => {
            let home = home(env);
            let below = |folder| home.as_ref().map(|home| home.join(folder)).ok();
            let folders = [xdg, below("Library/Application Support"), below(".config")];
            folders.into_iter().flatten().collect()
        }
    };
    if let (true, Err(reason)) = (folders.is_empty(), home(env)) {
        return Err(reason);
    }
    let mut seen = Vec::new();
    folders.retain(|folder| {
        !seen.contains(folder) && {
            seen.push(folder.clone());
            true
        }
    });
    Ok(folders
        .iter()
        .map(|folder| folder.join("sops").join("age").join("keys.txt"))
        .collect())
}

/// A command that prints identities.
///
/// It runs when nothing else opens a file, and its identities are kept. SOPS runs it for every
/// recipient it tries; here it runs again only for a recipient it was not asked about and only if
/// what it printed so far opens nothing and depended on the recipient.
pub(super) struct Command {
    name: &'static str,
    words: Vec<String>,
    form: Form,
    runs: Mutex<Runs>,
}

#[derive(Default)]
struct Runs {
    asked: Vec<String>,
    outputs: Vec<[u8; 32]>,
    identities: Vec<Arc<Identity>>,
    /// Why the last run gave nothing.
    failure: Option<String>,
    /// Another recipient would make no difference.
    done: bool,
}

impl Command {
    fn runs(&self) -> MutexGuard<'_, Runs> {
        // Nothing panics while it is held; what was collected is usable in any case.
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it has printed so far.
    pub(super) fn identities(&self) -> Vec<Arc<Identity>> {
        self.runs().identities.clone()
    }

    /// `None` before the first run, then why the last one gave nothing, if so.
    pub(super) fn outcome(&self) -> Option<Option<String>> {
        let runs = self.runs();
        (!runs.asked.is_empty()).then(|| runs.failure.clone())
    }

    /// Runs it for a recipient, unless that makes no difference or another thread did meanwhile;
    /// whether there now are more identities than the `seen` first.
    pub(super) fn ask(&self, env: &dyn Environment, recipient: &str, seen: usize) -> bool {
        let mut runs = self.runs();
        if runs.identities.len() <= seen
            && !runs.done
            && !runs.asked.iter().any(|asked| asked == recipient)
        {
            self.run(&mut runs, env, recipient);
        }
        runs.identities.len() > seen
    }

    fn run(&self, runs: &mut Runs, env: &dyn Environment, recipient: &str) {
        runs.asked.push(recipient.to_owned());
        let output = match env.run(&self.words, &[(RECIPIENT, recipient)]) {
            Ok(output) => output,
            Err(error) => {
                runs.failure = Some(format!(
                    "`{}` cannot be run: {}",
                    self.program(),
                    io_reason(&error)
                ));
                runs.done = true;
                return;
            }
        };
        if let Some(failure) = output.failure {
            runs.failure = Some(format!("`{}` failed: {failure}", self.program()));
            return;
        }
        let digest = Sha256::digest(output.stdout.expose()).into();
        if runs.outputs.contains(&digest) {
            runs.done = true;
            return;
        }
        runs.outputs.push(digest);
        let locked = |found: &[Identity]| {
            matches!(self.form, Form::Ssh) && found.iter().any(Identity::is_locked)
        };
        runs.failure = match self.form.parse(output.stdout.expose(), self.name) {
            Ok(found) if locked(&found) => {
                Some("it printed an SSH key with a passphrase, which SOPS refuses here".into())
            }
            Ok(found) => {
                runs.identities.extend(found.into_iter().map(Arc::new));
                None
            }
            Err(reason) => Some(format!("its output is not usable: {reason}")),
        };
    }

    /// Its first word; the others may be secrets.
    fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }
}
