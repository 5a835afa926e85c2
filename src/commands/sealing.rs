//! For whom and how files are sealed: the flags of `encrypt` and of the commands that create Secrets.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use secrets::error::Place;
use secrets::keys::Recipient;
use secrets::sops::config::find::{Configs, Origin};
use secrets::sops::config::{Config, CreationRule, FILE_NAME, OTHER_NAME};
use secrets::sops::file::{Terms, seal_plain};
use secrets::sops::policy::{Overrides, SealPolicy};
use secrets::sops::reseal::{Previous, Reuse, WhyFresh, reseal};
use secrets::sops::rules::{Decision, Why};
use secrets::sops::seal::{Allow, Sealed};
use secrets::sops::selector::{Selector, SelectorParts};
use secrets::{Error, Format, Kind};

use super::Errors;
use crate::context::Context;

/// How many expressions an error lists before it counts.
const SHOWN_RULES: usize = 8;

/// The flags.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Sealing")]
pub(crate) struct SealingArgs {
    /// Use this configuration instead of the nearest .sops.yaml above the file (or SOPS_CONFIG)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Encrypt for these recipients, comma-separated, instead of the rule's keys (or SOPS_AGE_RECIPIENTS)
    #[arg(long, value_name = "RECIPIENT,...")]
    age: Vec<String>,
    /// Encrypt only values below keys that match
    #[arg(long, value_name = "REGEX")]
    encrypted_regex: Option<String>,
    /// Encrypt all values but those below keys that match
    #[arg(long, value_name = "REGEX")]
    unencrypted_regex: Option<String>,
    /// Encrypt only values below keys that end so
    #[arg(long, value_name = "SUFFIX")]
    encrypted_suffix: Option<String>,
    /// Encrypt all values but those below keys that end so
    #[arg(long, value_name = "SUFFIX")]
    unencrypted_suffix: Option<String>,
    /// Encrypt only values below comments that match
    #[arg(long, value_name = "REGEX")]
    encrypted_comment_regex: Option<String>,
    /// Encrypt all values but those below comments that match
    #[arg(long, value_name = "REGEX")]
    unencrypted_comment_regex: Option<String>,
    /// Let the MAC cover encrypted values only
    #[arg(long)]
    mac_only_encrypted: bool,
    /// Need this many key groups to open the file
    #[arg(long, value_name = "NUMBER")]
    shamir_secret_sharing_threshold: Option<usize>,
    /// Pass over these checks, comma-separated
    #[arg(long, value_name = "CHECK,...", value_delimiter = ',')]
    allow: Vec<Check>,
}

/// The checks that `--allow` passes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Check {
    /// The selector may select nothing in a file
    NothingSelected,
    /// Values of data and stringData of a Kubernetes Secret may stay in plaintext
    PlainSecret,
    /// apiVersion, kind and metadata of a manifest may be encrypted
    EncryptedMetadata,
}

impl SealingArgs {
    /// What the flags and the environment say.
    ///
    /// # Errors
    /// Recipients and expressions that are not valid, selectors that exclude each other.
    pub(crate) fn read(&self, context: &Context) -> Result<Sealing, Errors> {
        let parts = SelectorParts {
            unencrypted_suffix: self.unencrypted_suffix.as_deref(),
            encrypted_suffix: self.encrypted_suffix.as_deref(),
            unencrypted_regex: self.unencrypted_regex.as_deref(),
            encrypted_regex: self.encrypted_regex.as_deref(),
            unencrypted_comment_regex: self.unencrypted_comment_regex.as_deref(),
            encrypted_comment_regex: self.encrypted_comment_regex.as_deref(),
        };
        let selector = (parts != SelectorParts::default())
            .then(|| Selector::from_parts(parts))
            .transpose()?;
        let allows = |check| self.allow.contains(&check);
        Ok(Sealing {
            overridden: selector.is_some()
                || !self.age.is_empty()
                || self.mac_only_encrypted
                || self.shamir_secret_sharing_threshold.is_some(),
            overrides: Overrides {
                selector,
                mac_only_encrypted: self.mac_only_encrypted,
                recipients: self.recipients(context)?,
                shamir_threshold: self.shamir_secret_sharing_threshold.unwrap_or(0),
            },
            allow: Allow {
                nothing_selected: allows(Check::NothingSelected),
                plain_secret: allows(Check::PlainSecret),
                encrypted_metadata: allows(Check::EncryptedMetadata),
            },
            configs: context.configs(self.config.clone()),
            now: context.now().to_owned(),
            warnings: Mutex::default(),
        })
    }

    /// Parsed here and not by clap, whose messages quote the value: it may be a private key.
    fn recipients(&self, context: &Context) -> Result<Vec<Recipient>, Error> {
        let variable = "SOPS_AGE_RECIPIENTS";
        let (source, texts) = match context.variable(variable) {
            Some(value) if self.age.is_empty() => {
                (variable, vec![value.to_string_lossy().into_owned()])
            }
            _ => ("--age", self.age.clone()),
        };
        let mut recipients: Vec<Recipient> = Vec::new();
        let words = texts.iter().flat_map(|text| text.split(','));
        for word in words.map(str::trim).filter(|word| !word.is_empty()) {
            let recipient = Recipient::parse(word)
                .map_err(|error| error.hint(format!("it stands in `{source}`")))?;
            if !recipients.contains(&recipient) {
                recipients.push(recipient);
            }
        }
        if recipients.is_empty() && !texts.is_empty() {
            return Err(
                Error::new(Kind::Usage, format!("`{source}` names no recipient"))
                    .hint("write recipients as `age1...,age1...`"),
            );
        }
        Ok(recipients)
    }
}

/// For whom and how files are sealed. May be shared between threads.
#[derive(Debug)]
pub(crate) struct Sealing {
    overrides: Overrides,
    overridden: bool,
    allow: Allow,
    configs: Configs,
    now: String,
    warnings: Mutex<Vec<Error>>,
}

impl Sealing {
    /// Flags say how to seal, which has no effect on files that are sealed already.
    pub(crate) fn is_overridden(&self) -> bool {
        self.overridden
    }

    /// How a file is to be sealed; it need not exist.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration; no rule matches and no recipients are given;
    /// what [`SealPolicy::from_rule`] refuses.
    pub(crate) fn policy_for(&self, file: &Path) -> Result<SealPolicy, Errors> {
        self.covered(file)?
            .ok_or_else(|| Errors::from(self.no_rule(file)))
    }

    /// As [`Sealing::policy_for`], but `None` if no rule matches and no recipients are given.
    fn covered(&self, file: &Path) -> Result<Option<SealPolicy>, Errors> {
        if let Some((config, decision)) = self.decision(file)?
            && let Some(rule) = decision.rule.and_then(|index| config.rules().get(index))
        {
            return Ok(Some(self.policy_of(rule)?));
        }
        if self.overrides.recipients.is_empty() {
            return Ok(None);
        }
        Ok(Some(SealPolicy::from_recipients(&self.overrides)?))
    }

    /// How a file that a creation rule is for is to be sealed.
    ///
    /// # Errors
    /// What [`SealPolicy::from_rule`] refuses.
    pub(crate) fn policy_of(&self, rule: &CreationRule) -> Result<SealPolicy, Error> {
        SealPolicy::from_rule(rule, &self.overrides)
    }

    /// The configuration that `--config` or `SOPS_CONFIG` names, if one of them does.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn named_config(&self, folder: &Path) -> Result<Option<Arc<Config>>, Errors> {
        match self.configs.find(&folder.join(FILE_NAME))?.config {
            Some((path, Origin::Flag | Origin::Environment)) => self.load_config(&path).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn load_config(&self, path: &Path) -> Result<Arc<Config>, Errors> {
        let config = self.configs.load(path)?;
        self.note_warnings(&config.warnings);
        Ok(config)
    }

    /// As these flags, but a selector may select nothing.
    #[must_use]
    pub(crate) fn selecting_nothing(mut self) -> Self {
        self.allow.nothing_selected = true;
        self
    }

    /// Whether a creation rule is for a file.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub(crate) fn is_ruled(&self, file: &Path) -> Result<bool, Errors> {
        let decision = self.decision(file)?;
        Ok(decision.is_some_and(|(_, decision)| decision.rule.is_some()))
    }

    /// Whether a file is a configuration: the one for itself, whatever its name, or one by its name.
    ///
    /// # Errors
    /// Of kind [`Kind::Io`] if a directory cannot be searched.
    pub(crate) fn is_configuration(&self, file: &Path) -> Result<bool, Error> {
        let name = file.file_name();
        if name.is_some_and(|name| name == FILE_NAME || name == OTHER_NAME) {
            return Ok(true);
        }
        let Some((config, _)) = self.configs.find(file)?.config else {
            return Ok(false);
        };
        let real = |path: &Path| self.configs.cwd().join(path).canonicalize().ok();
        Ok(config.file_name() == name && real(&config) == real(file))
    }

    /// Says what is odd about the configurations that were looked at.
    pub(crate) fn report_warnings(&self, context: &Context) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        for warning in warnings.drain(..) {
            context.ui().warn_of(&warning);
        }
    }

    /// Seals a plain text.
    ///
    /// # Errors
    /// See [`seal_plain`].
    pub(crate) fn seal(
        &self,
        text: &[u8],
        format: Format,
        policy: &SealPolicy,
    ) -> Result<Sealed, Error> {
        self.seal_again(text, format, policy, None)
            .map(|(sealed, _)| sealed)
    }

    /// Seals a plain text, with what did not change since a previous version; see [`reseal`].
    ///
    /// # Errors
    /// See [`seal_plain`].
    pub(crate) fn seal_again(
        &self,
        text: &[u8],
        format: Format,
        policy: &SealPolicy,
        previous: Option<&Previous<'_>>,
    ) -> Result<(Sealed, Reuse), Error> {
        let groups: Vec<&[Recipient]> = policy.groups.iter().map(|g| g.age.as_slice()).collect();
        let terms = Terms {
            selector: &policy.selector,
            mac_only_encrypted: policy.mac_only_encrypted,
            groups: &groups,
            shamir_threshold: policy.shamir_threshold,
            now: &self.now,
            allow: self.allow,
        };
        match previous {
            Some(previous) => {
                let resealed = reseal(text, format, &terms, previous)?;
                Ok((resealed.sealed, resealed.reuse))
            }
            None => {
                let nothing = Reuse::Nothing(WhyFresh::NotSealed);
                Ok((seal_plain(text, format, &terms)?, nothing))
            }
        }
    }

    fn decision(&self, file: &Path) -> Result<Option<(Arc<Config>, Decision)>, Errors> {
        let found = self.configs.find(file)?;
        self.note_warnings(&found.warnings);
        let Some((path, _)) = found.config else {
            return Ok(None);
        };
        let config = self.configs.load(&path)?;
        self.note_warnings(&config.warnings);
        let decision = config.rule_for(file, self.configs.cwd());
        Ok(Some((config, decision)))
    }

    fn note_warnings(&self, found: &[Error]) {
        if found.is_empty() {
            return;
        }
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        for warning in found {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
    }

    fn no_rule(&self, file: &Path) -> Error {
        match self.decision(file) {
            Ok(Some((config, decision))) => no_rule(&config, &decision, file, self.configs.cwd()),
            _ => Error::new(
                Kind::Config,
                "no configuration says for whom to encrypt this file",
            )
            .in_file(file.to_string_lossy())
            .because(
                "there is no .sops.yaml in its folder or above, nor above the working directory",
            )
            .hint("add a .sops.yaml with a creation rule, or name recipients with `--age`"),
        }
    }
}

/// The error for a file that no rule of its configuration is for.
pub(crate) fn no_rule(config: &Config, decision: &Decision, file: &Path, cwd: &Path) -> Error {
    let name = shown(&config.path, cwd);
    let error = Error::new(Kind::Config, "no creation rule matches this file")
        .in_file(file.to_string_lossy());
    if config.creation_rules.is_none() {
        return error
            .because(format!("{name} has no `creation_rules`"))
            .hint(format!(
                "add `creation_rules` to {name}, or name recipients with `--age`"
            ));
    }
    if config.rules().is_empty() {
        return error
            .because(format!("the list `creation_rules` of {name} is empty"))
            .hint(format!(
                "add a rule to {name}, or name recipients with `--age`"
            ));
    }
    let tried = decision
        .considered
        .iter()
        .filter_map(|(index, why)| match why {
            Why::DoesNotMatch { regex } => {
                let place: Option<&Place> = config.rules().get(*index).map(|rule| &rule.place);
                let line = place.map_or(0, |place| place.line);
                Some(format!("`{regex}` (line {line})"))
            }
            _ => None,
        });
    let tried: Vec<String> = tried.collect();
    let mut listed = tried.get(..SHOWN_RULES).unwrap_or(&tried).join(", ");
    if let Some(more) = tried
        .len()
        .checked_sub(SHOWN_RULES)
        .filter(|more| *more > 0)
    {
        listed.push_str(&format!(" and {more} more"));
    }
    error
        .because(format!(
            "{name} looks for {listed} in the path `{}`",
            decision.path_text
        ))
        .hint(format!(
            "mend a `path_regex` in {name} or add a rule, or name recipients with `--age`"
        ))
}

/// A path as short as it can be told: relative to the working directory if it is below it.
pub(crate) fn shown(path: &Path, cwd: &Path) -> String {
    path.strip_prefix(cwd).unwrap_or(path).display().to_string()
}
