//! What the commands that create Secrets share: their flags, where the manifest goes, and writing it
//! sealed.

mod place;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrets::error::Place as Line;
use secrets::fsio::{self, Content, Replacement, Snapshot};
use secrets::kubernetes::kustomization::{self, Role, add_resource};
use secrets::kubernetes::{SecretManifest, names};
use secrets::placement::{self, Kustomization};
use secrets::secret::SecretBytes;
use secrets::sops::change::value_at;
use secrets::sops::file::format_of;
use secrets::sops::policy::SealPolicy;
use secrets::sops::selector::{Selector, SelectorParts};
use secrets::{Error, Format, Kind};

use super::sealing::{Sealing, SealingArgs, shown};
use super::{Errors, Exit};
use crate::context::Context;
use place::{proposed, rule_of, with_rule_to_add};

/// What is sealed of a Secret if neither a rule nor a flag says it.
const SECRET_VALUES: &str = "^(data|stringData)$";

/// The largest kustomization that is edited, in bytes.
const MAX_KUSTOMIZATION: u64 = 4 << 20;

/// The flags.
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// Namespace of the Secret
    #[arg(long, short, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// Write the sealed manifest here (- is standard output) instead of the place that the rules propose
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long)]
    pub(crate) replace: bool,
    /// Add a label; may be given several times
    #[arg(long = "label", short, value_name = "KEY=VALUE")]
    pub(crate) labels: Vec<String>,
    /// Add an annotation; may be given several times
    #[arg(long = "annotation", value_name = "KEY=VALUE")]
    pub(crate) annotations: Vec<String>,
    /// Forbid changes of the Secret in the cluster
    #[arg(long)]
    pub(crate) immutable: bool,
    /// Add the file to `resources` of this kustomization, or of the nearest one above the file
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) kustomization: Option<Option<PathBuf>>,
    /// Say what would be written and where, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) sealing: SealingArgs,
}

/// Where a manifest goes and how it is sealed: settled before anything secret is read.
pub(crate) struct Plan<'p> {
    args: &'p NewArgs,
    context: &'p Context,
    sealing: Sealing,
    policy: SealPolicy,
    /// Where the rule stands, if one decides.
    rule: Option<Line>,
    /// As the user would name it; `None` for standard output.
    target: Option<PathBuf>,
    old: Option<Snapshot>,
    edit: Option<Edit>,
    /// The nearest kustomization that would list the file, and the entry it lacks.
    unlisted: Option<(PathBuf, String)>,
}

/// A kustomization, and what it becomes; `None` if the file is listed already.
struct Edit {
    snapshot: Snapshot,
    entry: String,
    edited: Option<Vec<u8>>,
}

impl<'p> Plan<'p> {
    /// Decides on the place and the policy.
    ///
    /// # Errors
    /// An invalid name; a place that no rule covers, that is taken or a folder; no place or several to propose; a
    /// kustomization that cannot list the file.
    pub(crate) fn new(name: &str, args: &'p NewArgs, context: &'p Context) -> Result<Self, Errors> {
        names::check_name(name)?;
        if let Some(namespace) = &args.namespace {
            names::check_namespace(namespace)?;
        }
        for (key, value) in &pairs("--label", &args.labels)? {
            names::check_label_key(key)?;
            names::check_label_value(value)?;
        }
        names::check_annotations(&pairs("--annotation", &args.annotations)?)?;
        let cwd = context.working_directory();
        let sealing = args.sealing.read(context)?;
        let to_stdout = args.output.as_deref() == Some(Path::new("-"));
        if to_stdout && args.kustomization.is_some() {
            return Err(
                Error::new(Kind::Usage, "standard output cannot be in a kustomization")
                    .hint("name a file with `-o`, or leave `--kustomization` out")
                    .into(),
            );
        }
        let place = match args.output.as_deref().filter(|_| !to_stdout) {
            Some(path) => Some(path.to_owned()),
            None => proposed(name, args, context, &sealing, to_stdout)?,
        };
        let (mut policy, rule) = match &place {
            Some(path) => {
                check_target(path, cwd)?;
                let policy = sealing
                    .policy_for(path)
                    .map_err(|errors| with_rule_to_add(errors, path, args, context))?;
                (policy, rule_of(path, args, context)?)
            }
            // Only recipients of the command line say how to seal for standard output.
            None => (sealing.policy_for(Path::new("manifest.yaml"))?, None),
        };
        if rule.is_none() && policy.selector == Selector::default() {
            let parts = SelectorParts {
                encrypted_regex: Some(SECRET_VALUES),
                ..SelectorParts::default()
            };
            policy.selector = Selector::from_parts(parts)?;
        }
        let target = place.filter(|_| !to_stdout);
        let old = match &target {
            Some(path) => existing(path, cwd, args.replace)?,
            None => None,
        };
        let mut plan = Plan {
            args,
            context,
            sealing,
            policy,
            rule,
            target,
            old,
            edit: None,
            unlisted: None,
        };
        plan.find_kustomization()?;
        plan.sealing.report_warnings(context);
        Ok(plan)
    }

    /// The groups of recipients that the manifest is sealed to, and how many of them open it.
    pub(crate) fn policy(&self) -> &SealPolicy {
        &self.policy
    }

    fn find_kustomization(&mut self) -> Result<(), Errors> {
        let Some(target) = self.target.as_deref() else {
            return Ok(());
        };
        let cwd = self.context.working_directory();
        let absolute = placement::clean(&cwd.join(target));
        let (path, wanted) = match &self.args.kustomization {
            Some(Some(path)) => (Some(path.clone()), true),
            asked => {
                let nearest = match placement::nearest_kustomization(&absolute) {
                    // Without the flag nothing is edited, so a damaged file there is not in the way.
                    Err(_) if asked.is_none() => None,
                    nearest => nearest?,
                };
                if let Some(nearest) = &nearest {
                    self.check_namespace(nearest);
                }
                let path = nearest.map(|n| placement::relative(&n.path, cwd));
                (path, asked.is_some())
            }
        };
        let Some(path) = path else {
            if wanted {
                return Err(Error::new(Kind::Usage, "there is no kustomization to add the file to")
                    .because("no kustomization.yaml of kustomize is in the folder of the file or above, within the repository")
                    .hint("name one with `--kustomization=FILE`, or leave the flag out")
                    .into());
            }
            return Ok(());
        };
        let entry = placement::entry_for(&placement::clean(&cwd.join(&path)), &absolute)?;
        let snapshot = fsio::read_for_update(&cwd.join(&path), MAX_KUSTOMIZATION)
            .map_err(|e| e.in_file(path.to_string_lossy()))?;
        if wanted {
            let edited = add_resource(snapshot.bytes(), &entry)
                .map_err(|e| e.in_file(path.to_string_lossy()))?;
            self.edit = Some(Edit {
                snapshot,
                entry,
                edited,
            });
        } else if let Ok(facts) = kustomization::facts(snapshot.bytes())
            && facts.role == Role::Kustomize
            && !kustomization::lists(&facts, &entry)
        {
            self.unlisted = Some((path, entry));
        }
        Ok(())
    }

    fn check_namespace(&self, nearest: &Kustomization) {
        if let (Some(given), Some(set)) = (&self.args.namespace, &nearest.facts.namespace)
            && given != set
        {
            let path = shown(&nearest.path, self.context.working_directory());
            self.context.ui().warning(&format!(
                "{path} puts everything into the namespace `{set}`, not `{given}`"
            ));
        }
    }

    /// Seals the Secret and writes it, then the kustomization. The labels, annotations and `immutable` of the
    /// flags are added here.
    ///
    /// # Errors
    /// What Kubernetes would refuse, what [`Sealing::seal`] refuses, a value that would stay in plaintext, and
    /// what the system refuses to write.
    pub(crate) fn finish(self, secret: SecretManifest) -> Result<Exit, Errors> {
        self.finish_with(secret, None)
    }

    /// As [`Plan::finish`], with another hint at what to do next.
    pub(crate) fn finish_with(
        self,
        mut secret: SecretManifest,
        next: Option<&str>,
    ) -> Result<Exit, Errors> {
        secret.labels = pairs("--label", &self.args.labels)?;
        secret.annotations = pairs("--annotation", &self.args.annotations)?;
        secret.namespace.clone_from(&self.args.namespace);
        secret.immutable = self.args.immutable.then_some(true);
        secret.check()?;
        if self.args.dry_run {
            return self.preview(&secret);
        }
        let name = self
            .target
            .as_deref()
            .unwrap_or(Path::new("standard output"));
        let sealed = self
            .sealing
            .seal(&secret.to_yaml(), Format::Yaml, &self.policy);
        let sealed = sealed.map_err(|e| e.in_file(name.to_string_lossy()))?.bytes;
        check_sealed(&sealed, &secret).map_err(|e| e.in_file(name.to_string_lossy()))?;
        let Some(target) = &self.target else {
            self.context.ui().data(&sealed)?;
            return Ok(Exit::Done);
        };
        self.write(target, &sealed)?;
        if let Some(Edit {
            snapshot,
            edited: Some(edited),
            ..
        }) = &self.edit
        {
            let done = Replacement::of(snapshot, Content::Sealed(edited)).commit();
            done.map_err(|e| {
                e.hint(format!(
                    "{} is written; only its entry is missing",
                    target.display()
                ))
            })?;
        }
        self.tell(target, next);
        Ok(Exit::Done)
    }

    fn write(&self, target: &Path, sealed: &[u8]) -> Result<(), Error> {
        let path = self.context.working_directory().join(target);
        if let Some(snapshot) = &self.old {
            return Replacement::of(snapshot, Content::Sealed(sealed))
                .commit()
                .map(drop);
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
            std::fs::create_dir_all(folder)
                .map_err(|e| fsio::io_error("create the folder", folder, &e))?;
        }
        Replacement::create_new(&path, Content::Sealed(sealed))
            .commit()
            .map(drop)
    }

    fn preview(&self, secret: &SecretManifest) -> Result<Exit, Errors> {
        let mut text = match &self.target {
            Some(target) if self.old.is_some() => format!("# would replace {}\n", target.display()),
            Some(target) => format!("# would write {}\n", target.display()),
            None => String::from("# would write to standard output\n"),
        };
        text.push_str(&format!("# {}\n", self.how()));
        for group in &self.policy.groups {
            for recipient in &group.age {
                text.push_str(&format!("#   {}\n", recipient.text()));
            }
        }
        match &self.edit {
            Some(Edit {
                snapshot,
                entry,
                edited: Some(_),
            }) => {
                let path = shown(snapshot.path(), self.context.working_directory());
                text.push_str(&format!("# would add {entry} to {path}\n"));
            }
            Some(Edit { snapshot, .. }) => {
                let path = shown(snapshot.path(), self.context.working_directory());
                text.push_str(&format!("# {path} lists the file already\n"));
            }
            None => {}
        }
        let mut masked = secret.clone();
        for value in masked.data.values_mut() {
            *value = SecretBytes::default();
        }
        let manifest = masked.to_yaml();
        for line in String::from_utf8_lossy(&manifest).lines() {
            match line
                .strip_suffix(": \"\"")
                .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
            {
                Some(key) => text.push_str(&format!("{key}: ENC[...]\n")),
                None => text.push_str(&format!("{line}\n")),
            }
        }
        self.context.ui().data(text.as_bytes())?;
        Ok(Exit::Done)
    }

    /// "sealed for 2 recipients, as .sops.yaml says in line 3"
    fn how(&self) -> String {
        let count: usize = self.policy.groups.iter().map(|group| group.age.len()).sum();
        let recipients = if count == 1 {
            "1 recipient".to_owned()
        } else {
            format!("{count} recipients")
        };
        match &self.rule {
            Some(place) => {
                let file = place.file.as_deref().unwrap_or(".sops.yaml");
                format!(
                    "sealed for {recipients}, by the rule at {file}:{}",
                    place.line
                )
            }
            None => format!("sealed for {recipients} of the command line"),
        }
    }

    fn tell(&self, target: &Path, next: Option<&str>) {
        let path = target.display().to_string();
        let cwd = self.context.working_directory();
        let mut ui = self.context.ui();
        ui.note(&format!("wrote {path}, {}", self.how()));
        if let Some(next) = next {
            ui.hint(next);
            return;
        }
        let mut files = word(&path).into_owned();
        match (&self.edit, &self.unlisted) {
            (Some(Edit { snapshot, edited: Some(_), .. }), _) => {
                let kustomization = shown(snapshot.path(), cwd);
                ui.note(&format!("added it to `resources` of {kustomization}"));
                files.push_str(&format!(" {}", word(&kustomization)));
            }
            (Some(Edit { snapshot, .. }), _) => {
                ui.note(&format!("{} lists it already", shown(snapshot.path(), cwd)));
            }
            (None, Some((kustomization, entry))) => ui.hint(&format!(
                "Flux applies it once {} lists `{entry}` in `resources` (`--kustomization` does that)",
                kustomization.display()
            )),
            (None, None) => {}
        }
        let reconcile = match self.args.namespace.as_deref() {
            Some("flux-system") => "flux-system",
            _ => "NAME",
        };
        ui.hint(&format!(
            "next: git add {files}, commit and push, then flux reconcile kustomization {reconcile} --with-source"
        ));
    }
}

/// Quotes for the shell where a path needs them.
fn word(path: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "/._-+@,:".contains(c);
    if path.chars().all(plain) {
        Cow::Borrowed(path)
    } else {
        format!("'{}'", path.replace('\'', "'\\''")).into()
    }
}

/// The flags that are `KEY=VALUE`.
fn pairs(what: &str, flags: &[String]) -> Result<BTreeMap<String, String>, Error> {
    let mut map = BTreeMap::new();
    for flag in flags {
        let pair = flag.split_once('=').filter(|(key, _)| !key.is_empty());
        let (key, value) = pair.ok_or_else(|| {
            Error::new(
                Kind::Usage,
                format!("`{what} {flag}` is not a key with a value"),
            )
            .hint(format!("write `{what} KEY=VALUE`"))
        })?;
        if map.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(
                Error::new(Kind::Usage, format!("`{what}` gives `{key}` twice"))
                    .hint("keep one of them"),
            );
        }
    }
    Ok(map)
}

/// Refuses names that are no place for a manifest.
fn check_target(path: &Path, cwd: &Path) -> Result<(), Error> {
    let name = path.to_string_lossy();
    if matches!(&*name, "yaml" | "json" | "name") {
        return Err(Error::new(
            Kind::Usage,
            format!("`-o {name}` names a file, not a format"),
        )
        .hint("give the path of the sealed manifest, or `-o -` for standard output"));
    }
    if cwd.join(path).is_dir() {
        return Err(Error::new(Kind::Usage, "expected a file, found a folder")
            .in_file(name)
            .hint("name the file in it too"));
    }
    match format_of(path) {
        Ok(Format::Yaml) => Ok(()),
        _ => Err(Error::new(Kind::Usage, "a manifest is written as YAML")
            .in_file(name)
            .because("the name of the file does not end in .yaml or .yml")
            .hint("give it such a name")),
    }
}

/// What is at the place already.
fn existing(path: &Path, cwd: &Path, replace: bool) -> Result<Option<Snapshot>, Error> {
    let full = cwd.join(path);
    if std::fs::symlink_metadata(&full).is_err() {
        return Ok(None);
    }
    if !replace {
        return Err(Error::new(Kind::Usage, "the file exists already")
            .in_file(path.to_string_lossy())
            .hint("overwrite it with `--replace`, or name another one with `-o`"));
    }
    fsio::read_for_update(&full, fsio::MAX_INPUT)
        .map(Some)
        .map_err(|e| e.in_file(path.to_string_lossy()))
}

/// The proof that no value of `data` is in plaintext, whatever rule or flag said.
fn check_sealed(sealed: &[u8], secret: &SecretManifest) -> Result<(), Error> {
    for (key, value) in &secret.data {
        let is_sealed = value_at(sealed, Format::Yaml, &["data", key])
            .is_ok_and(|text| text.starts_with("ENC["));
        if !is_sealed && !value.expose().is_empty() {
            return Err(Error::new(
                Kind::Config,
                format!("the value of `{key}` would stay in plaintext"),
            )
            .because(
                "the selector of the creation rule, or of the command line, does not select it",
            )
            .hint(format!(
                "give the rule `encrypted_regex: '{SECRET_VALUES}'`"
            )));
        }
    }
    Ok(())
}
