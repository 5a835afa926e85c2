//! Files that hold credentials by their name, each read by its own structure.
//!
//! A name alone is no finding: an `.npmrc` without a token, or one that takes it from a variable, is none.

mod formats;
mod pairs;

use std::sync::LazyLock;

use super::documents;
use super::token::Token;
use crate::audit::checks::{self, Check};
use crate::audit::subject::is_binary;

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Variables of a shell: `NAME=value`, `export NAME=value`.
    Env,
    /// Names with values: INI, properties, JSON, YAML, XML attributes, `define('NAME', 'value')`.
    Pairs,
    /// The elements of XML: `<password>value</password>`.
    Xml,
    /// Words after words: `machine host login name password value`.
    Netrc,
    /// `host:port:database:user:password`.
    PgPass,
    /// A URL with user name and password on each line.
    Urls,
    /// `user:hash` on each line.
    Hashes,
    /// One secret is all of the file.
    Whole,
    /// The commands that somebody typed.
    History,
    /// [`Format::Pairs`], with the constants of WordPress and ASP.NET that sign sessions.
    Constants,
    /// The users of a kubeconfig.
    Kubeconfig,
    /// Binary or encrypted with a key that everybody has: the file is the finding.
    Opaque,
}

/// What a well-known file is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) format: Format,
    pub(super) check: &'static Check,
    /// In words, for the message: "the npm configuration".
    pub(super) what: &'static str,
}

/// The end of a path and what it is. A path ends with one if the characters before are none or a `/`; one that
/// begins with `*` ends the name.
const FILES: &[(&str, Format, &str)] = &[
    (".npmrc", Format::Pairs, "a configuration of npm"),
    (".yarnrc.yml", Format::Pairs, "a configuration of Yarn"),
    (".yarnrc", Format::Pairs, "a configuration of Yarn"),
    (".pypirc", Format::Pairs, "a configuration of PyPI"),
    ("pip.conf", Format::Urls, "a configuration of pip"),
    (".pgpass", Format::PgPass, "the password file of PostgreSQL"),
    (
        "pgpass.conf",
        Format::PgPass,
        "the password file of PostgreSQL",
    ),
    (
        ".pg_service.conf",
        Format::Pairs,
        "the service file of PostgreSQL",
    ),
    (".netrc", Format::Netrc, "a .netrc file"),
    ("_netrc", Format::Netrc, "a .netrc file"),
    (
        ".git-credentials",
        Format::Urls,
        "the credential store of Git",
    ),
    (
        ".aws/credentials",
        Format::Pairs,
        "the credentials of the AWS CLI",
    ),
    (
        ".aws/config",
        Format::Pairs,
        "the configuration of the AWS CLI",
    ),
    (
        "gcloud/credentials.db",
        Format::Opaque,
        "the credentials of gcloud",
    ),
    (
        "gcloud/access_tokens.db",
        Format::Opaque,
        "the access tokens of gcloud",
    ),
    (
        "application_default_credentials.json",
        Format::Pairs,
        "the default credentials of gcloud",
    ),
    (
        ".azure/accesstokens.json",
        Format::Pairs,
        "the tokens of the Azure CLI",
    ),
    (
        ".azure/msal_token_cache.json",
        Format::Pairs,
        "the tokens of the Azure CLI",
    ),
    (
        ".azure/service_principal_entries.json",
        Format::Pairs,
        "the service principals of the Azure CLI",
    ),
    (
        ".docker/config.json",
        Format::Pairs,
        "a configuration of Docker",
    ),
    ("kubeconfig", Format::Kubeconfig, "a kubeconfig"),
    ("*.kubeconfig", Format::Kubeconfig, "a kubeconfig"),
    (".kube/config", Format::Kubeconfig, "a kubeconfig"),
    (".dockercfg", Format::Pairs, "a configuration of Docker"),
    (
        ".terraformrc",
        Format::Pairs,
        "a configuration of Terraform",
    ),
    (
        "terraform.rc",
        Format::Pairs,
        "a configuration of Terraform",
    ),
    (
        "credentials.tfrc.json",
        Format::Pairs,
        "the credentials of Terraform",
    ),
    ("terraform.tfstate", Format::Pairs, "a state of Terraform"),
    (
        "terraform.tfstate.backup",
        Format::Pairs,
        "a state of Terraform",
    ),
    ("*.tfstate", Format::Pairs, "a state of Terraform"),
    ("*.tfvars", Format::Pairs, "the variables of Terraform"),
    ("*.tfvars.json", Format::Pairs, "the variables of Terraform"),
    (".my.cnf", Format::Pairs, "a configuration of MySQL"),
    (
        ".mylogin.cnf",
        Format::Opaque,
        "a login file of MySQL, which anybody can decode",
    ),
    (".s3cfg", Format::Pairs, "a configuration of s3cmd"),
    (".boto", Format::Pairs, "a configuration of boto"),
    (".passwd-s3fs", Format::Urls, "the password file of s3fs"),
    ("rclone.conf", Format::Pairs, "a configuration of rclone"),
    (".htpasswd", Format::Hashes, "an .htpasswd file"),
    ("*.htpasswd", Format::Hashes, "an .htpasswd file"),
    ("etc/shadow", Format::Hashes, "a shadow file"),
    (
        ".gem/credentials",
        Format::Pairs,
        "the credentials of RubyGems",
    ),
    (
        ".cargo/credentials",
        Format::Pairs,
        "the credentials of Cargo",
    ),
    (
        ".cargo/credentials.toml",
        Format::Pairs,
        "the credentials of Cargo",
    ),
    (
        ".composer/auth.json",
        Format::Pairs,
        "the credentials of Composer",
    ),
    ("auth.json", Format::Pairs, "the credentials of Composer"),
    ("nuget.config", Format::Pairs, "a configuration of NuGet"),
    (".m2/settings.xml", Format::Xml, "the settings of Maven"),
    (
        ".m2/settings-security.xml",
        Format::Xml,
        "the security settings of Maven",
    ),
    (
        "gradle.properties",
        Format::Pairs,
        "the properties of Gradle",
    ),
    (".bash_history", Format::History, "a history of a shell"),
    (".zsh_history", Format::History, "a history of a shell"),
    (".sh_history", Format::History, "a history of a shell"),
    (".psql_history", Format::History, "a history of psql"),
    (".mysql_history", Format::History, "a history of mysql"),
    (".python_history", Format::History, "a history of Python"),
    (".vault-token", Format::Whole, "a token of HashiCorp Vault"),
    ("sitemanager.xml", Format::Xml, "the sites of FileZilla"),
    ("recentservers.xml", Format::Xml, "the servers of FileZilla"),
    ("filezilla.xml", Format::Xml, "the settings of FileZilla"),
    (".ftpconfig", Format::Pairs, "the FTP settings of an editor"),
    (
        "sftp-config.json",
        Format::Pairs,
        "the SFTP settings of an editor",
    ),
    (
        ".vscode/sftp.json",
        Format::Pairs,
        "the SFTP settings of an editor",
    ),
    (
        ".vscode/ftp-sync.json",
        Format::Pairs,
        "the FTP settings of an editor",
    ),
    (
        ".remote-sync.json",
        Format::Pairs,
        "the sync settings of an editor",
    ),
    (
        "deployment-config.json",
        Format::Pairs,
        "the deployment settings of an editor",
    ),
    ("webservers.xml", Format::Pairs, "the servers of an editor"),
    ("winscp.ini", Format::Pairs, "the sessions of WinSCP"),
    (".esmtprc", Format::Netrc, "a configuration of esmtp"),
    (".msmtprc", Format::Netrc, "a configuration of msmtp"),
    (
        ".fetchmailrc",
        Format::Netrc,
        "a configuration of fetchmail",
    ),
    (".muttrc", Format::Pairs, "a configuration of Mutt"),
    (".irssi/config", Format::Pairs, "a configuration of irssi"),
    (
        "wp-config.php",
        Format::Constants,
        "the configuration of WordPress",
    ),
    (
        "web.config",
        Format::Constants,
        "a configuration of ASP.NET",
    ),
    (
        "machine.config",
        Format::Constants,
        "a configuration of ASP.NET",
    ),
    (
        "config/database.yml",
        Format::Pairs,
        "the database settings of Rails",
    ),
    (
        "config/master.key",
        Format::Whole,
        "the master key of Rails",
    ),
    (
        "credentials/production.key",
        Format::Whole,
        "a credentials key of Rails",
    ),
    (
        "credentials/staging.key",
        Format::Whole,
        "a credentials key of Rails",
    ),
    (
        "credentials/development.key",
        Format::Whole,
        "a credentials key of Rails",
    ),
    ("config/secrets.yml", Format::Pairs, "the secrets of Rails"),
    (
        "credentials-config.json",
        Format::Opaque,
        "the credentials of DBeaver, which anybody can decode",
    ),
    (
        "datasources.local.xml",
        Format::Xml,
        "the data sources of an editor",
    ),
    (
        "robomongo.json",
        Format::Pairs,
        "the connections of Robo 3T",
    ),
    ("robo3t.json", Format::Pairs, "the connections of Robo 3T"),
    (".hub", Format::Pairs, "the settings of hub"),
    ("gh/hosts.yml", Format::Pairs, "the hosts of the GitHub CLI"),
    (
        "glab-cli/config.yml",
        Format::Pairs,
        "the settings of the GitLab CLI",
    ),
    (".s3curl", Format::Pairs, "a configuration of s3curl"),
    (
        ".dbshell",
        Format::History,
        "a history of the MongoDB shell",
    ),
    (".tugboat", Format::Pairs, "the settings of tugboat"),
    ("doctl/config.yaml", Format::Pairs, "the settings of doctl"),
    (
        ".databrickscfg",
        Format::Pairs,
        "a configuration of Databricks",
    ),
    (
        ".snowsql/config",
        Format::Pairs,
        "a configuration of SnowSQL",
    ),
    (
        ".config/hcloud/cli.toml",
        Format::Pairs,
        "a configuration of hcloud",
    ),
];

/// The file names in [`FILES`].
static NAMES: LazyLock<foldhash::HashSet<&'static str>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|(end, ..)| end.rsplit('/').next().unwrap_or(end))
        .collect()
});

/// The ends of names in [`FILES`].
static SUFFIXES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    FILES
        .iter()
        .filter_map(|(end, ..)| end.strip_prefix('*'))
        .collect()
});

/// Shell profiles.
const PROFILES: &[&str] = &[
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_aliases",
    ".zshrc",
    ".zprofile",
    ".zshenv",
    ".zlogin",
    ".profile",
    ".kshrc",
    ".cshrc",
    ".tcshrc",
    "config.fish",
];

/// What the file at a path is, if it is a well-known one.
pub(super) fn kind(path: &str) -> Option<Kind> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if let Some(kind) = env_kind(name) {
        return Some(kind);
    }
    let lower_name = name.to_ascii_lowercase();
    let known = NAMES.contains(lower_name.as_str())
        || SUFFIXES.iter().any(|suffix| lower_name.ends_with(suffix));
    if !known {
        return None;
    }
    let lower = path.to_ascii_lowercase();
    let (end, format, what) = FILES.iter().find(|(end, ..)| match end.strip_prefix('*') {
        Some(suffix) => lower.ends_with(suffix),
        None => lower
            .strip_suffix(end)
            .is_some_and(|before| before.is_empty() || before.ends_with('/')),
    })?;
    let check = match format {
        Format::Kubeconfig => &checks::KUBECONFIG,
        Format::Hashes => &checks::PASSWORD_HASH,
        Format::Whole if end.ends_with(".key") => &checks::FRAMEWORK_SECRET,
        _ if what.contains("DBeaver") || what.contains("Robo") || what.contains("data sources") => {
            &checks::DATABASE_DUMP
        }
        _ => &checks::CREDENTIAL_FILE,
    };
    Some(Kind {
        format: *format,
        check,
        what,
    })
}

/// `.env` and its kin; not the examples that are meant to be committed.
fn env_kind(name: &str) -> Option<Kind> {
    let env = Kind {
        format: Format::Env,
        check: &checks::ENV_FILE,
        what: "an env file",
    };
    if PROFILES.contains(&name) {
        return Some(Kind {
            what: "a shell profile",
            ..env
        });
    }
    let is_env = name == ".env"
        || name == ".envrc"
        || name == ".flaskenv"
        || name.starts_with(".env.")
        || name.starts_with(".env-")
        || name.starts_with(".env_")
        || name.ends_with(".env");
    if !is_env {
        return None;
    }
    let example = name.split(['.', '-', '_']).any(|part| {
        [
            "example", "sample", "template", "tmpl", "tpl", "dist", "default", "defaults",
            "schema", "j2", "md",
        ]
        .iter()
        .any(|word| part.eq_ignore_ascii_case(word))
    });
    (!example).then_some(env)
}

/// Looks at a well-known file by its structure; binary ones have none.
pub(super) fn check(path: &str, text: &[u8], out: &mut Vec<Token>) {
    let Some(kind) = kind(path) else {
        return;
    };
    if kind.format != Format::Opaque && is_binary(text) {
        return;
    }
    match kind.format {
        Format::Env => formats::env(&kind, text, out),
        Format::Pairs => formats::pairs(&kind, text, out),
        Format::Xml => formats::xml(&kind, text, out),
        Format::Netrc => formats::netrc(&kind, text, out),
        Format::PgPass => formats::pgpass(&kind, text, out),
        Format::Urls => formats::urls(&kind, text, out),
        Format::Hashes => formats::hashes(&kind, text, out),
        Format::Whole => formats::whole(&kind, text, out),
        Format::History => formats::history(&kind, text, out),
        Format::Kubeconfig => documents::named_kubeconfig(text, out),
        Format::Opaque => formats::opaque(&kind, text, out),
        Format::Constants => formats::constants(&kind, text, out),
    }
}
