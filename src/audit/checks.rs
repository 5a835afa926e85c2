//! The checks: what each is called, how bad it is, and what to do. Each has a page `docs/audit/ID.md`.

use super::finding::{Confidence, Severity};

/// A check. Its id never changes and is never used again.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    /// `SEC001`
    pub id: &'static str,
    /// The name in words with hyphens: `plain-file`.
    pub name: &'static str,
    /// What it finds, as a heading without full stop.
    pub title: &'static str,
    /// How bad it usually is.
    pub severity: Severity,
    /// How sure it usually is.
    pub confidence: Confidence,
    /// Why it matters, in full sentences.
    pub explanation: &'static str,
    /// What to do, without capital and full stop.
    pub fix: &'static str,
}

impl Check {
    /// The check of an id (`SEC001`, in any case) or of a name (`plain-file`).
    pub fn find(text: &str) -> Option<&'static Check> {
        let is = |check: &&&Check| check.id.eq_ignore_ascii_case(text) || check.name == text;
        ALL.iter().find(is).copied()
    }
}

/// A file that a creation rule covers is plain.
pub static PLAIN_FILE: Check = Check {
    id: "SEC001",
    name: "plain-file",
    title: "A file that a creation rule covers is plain",
    severity: Severity::Critical,
    confidence: Confidence::Certain,
    explanation: "A creation rule of .sops.yaml covers this file, so it is meant to be encrypted, and it has no SOPS metadata: whoever can read the repository can read its values.",
    fix: "run `secrets encrypt -i` on the file, then rotate what was readable",
};

/// A sealed file holds plaintext.
pub static PARTLY_ENCRYPTED: Check = Check {
    id: "SEC002",
    name: "partly-encrypted",
    title: "A sealed file holds plaintext",
    severity: Severity::Critical,
    confidence: Confidence::Certain,
    explanation: "The file has SOPS metadata, and a value that the creation rule (or the file's own selector) wants encrypted is in plaintext, or no value is encrypted at all.",
    fix: "run `secrets encrypt -i` on the file, then rotate the value",
};

/// A Kubernetes Secret stands in plaintext outside of every creation rule.
pub static SECRET_OUTSIDE_RULES: Check = Check {
    id: "SEC003",
    name: "secret-outside-rules",
    title: "A Kubernetes Secret stands in plaintext outside of every creation rule",
    severity: Severity::High,
    confidence: Confidence::Certain,
    explanation: "The manifest is a Secret with values in data or stringData that are not encrypted, and no creation rule has them encrypted: none covers the file, or the one that does selects something else. base64 is not encryption.",
    fix: "add a creation rule for the path, run `secrets encrypt -i` on the file, then rotate the values",
};

/// File and rule select differently.
pub static SELECTOR_DRIFT: Check = Check {
    id: "SEC004",
    name: "selector-drift",
    title: "File and rule select differently",
    severity: Severity::Medium,
    confidence: Confidence::Certain,
    explanation: "The file was sealed with another selector than the creation rule has now: other values than the rule wants may be encrypted or left in plaintext.",
    fix: "open the file and seal it again under the rule: `secrets decrypt -i`, then `secrets encrypt -i`",
};

/// File and rule differ in mac_only_encrypted.
pub static MAC_DRIFT: Check = Check {
    id: "SEC005",
    name: "mac-drift",
    title: "File and rule differ in mac_only_encrypted",
    severity: Severity::Low,
    confidence: Confidence::Certain,
    explanation: "The MAC of the file covers another set of values than the creation rule wants.",
    fix: "open the file and seal it again under the rule: `secrets decrypt -i`, then `secrets encrypt -i`",
};

/// File and rule have different recipients.
pub static RECIPIENT_DRIFT: Check = Check {
    id: "SEC006",
    name: "recipient-drift",
    title: "File and rule have different recipients",
    severity: Severity::High,
    confidence: Confidence::Certain,
    explanation: "The file can be opened by a key that the creation rule does not name, or cannot be opened by one that it names.",
    fix: "run `sops updatekeys` on the file; if a recipient was removed, rotate the values as well",
};

/// File and rule differ in key groups or threshold.
pub static THRESHOLD_DRIFT: Check = Check {
    id: "SEC007",
    name: "threshold-drift",
    title: "File and rule differ in key groups or threshold",
    severity: Severity::Medium,
    confidence: Confidence::Certain,
    explanation: "The number of key groups, or how many of them open the file, is not what the creation rule says.",
    fix: "run `sops updatekeys` on the file",
};

/// One key alone opens what this rule seals.
pub static SINGLE_RECIPIENT: Check = Check {
    id: "SEC008",
    name: "single-recipient",
    title: "One key alone opens what this rule seals",
    severity: Severity::Info,
    confidence: Confidence::Certain,
    explanation: "If that key is lost, every file under the rule is lost with it.",
    fix: "add a second recipient, such as an offline recovery key, to the rule",
};

/// apiVersion, kind or metadata is encrypted.
pub static ENCRYPTED_METADATA: Check = Check {
    id: "SEC009",
    name: "encrypted-metadata",
    title: "apiVersion, kind or metadata is encrypted",
    severity: Severity::High,
    confidence: Confidence::Certain,
    explanation: "Kubernetes, kustomize and Flux must be able to read these fields before anything is decrypted.",
    fix: "set `encrypted_regex: ^(data|stringData)$` in the rule, and seal the file again",
};

/// The selector matches parts of keys.
pub static UNANCHORED_SELECTOR: Check = Check {
    id: "SEC010",
    name: "unanchored-selector",
    title: "The selector matches parts of keys",
    severity: Severity::Low,
    confidence: Confidence::Certain,
    explanation: "The expression is not anchored with ^ and $, so it selects more keys than it names: `data` also matches `metadata`.",
    fix: "write `^(data|stringData)$`",
};

/// A creation rule covers no file.
pub static DEAD_RULE: Check = Check {
    id: "SEC011",
    name: "dead-rule",
    title: "A creation rule covers no file",
    severity: Severity::Info,
    confidence: Confidence::Certain,
    explanation: "The path_regex of the rule matches none of the files: it may be mistyped, and what it was meant for is then plain.",
    fix: "mend its path_regex, or remove the rule",
};

/// An earlier rule takes all files of a creation rule.
pub static SHADOWED_RULE: Check = Check {
    id: "SEC012",
    name: "shadowed-rule",
    title: "An earlier rule takes all files of a creation rule",
    severity: Severity::Low,
    confidence: Confidence::Certain,
    explanation: "The first rule that matches decides, so this one never does.",
    fix: "move the more specific rule up",
};

/// Several creation rules match the same file.
pub static OVERLAPPING_RULES: Check = Check {
    id: "SEC013",
    name: "overlapping-rules",
    title: "Several creation rules match the same file",
    severity: Severity::Info,
    confidence: Confidence::Certain,
    explanation: "The first of them decides. If the order changes, other recipients can open the file.",
    fix: "make the expressions exclude each other",
};

/// An older version of a covered file is plain.
pub static PLAIN_IN_HISTORY: Check = Check {
    id: "SEC014",
    name: "plain-in-history",
    title: "An older version of a covered file is plain",
    severity: Severity::High,
    confidence: Confidence::Certain,
    explanation: "Git keeps every version. Whoever can clone the repository can read the value, although the file is sealed now.",
    fix: "rotate the value; then rewrite the history if it must not be readable (git filter-repo), and let every clone be made anew",
};

/// A sealed file does not open.
pub static DOES_NOT_OPEN: Check = Check {
    id: "SEC015",
    name: "does-not-open",
    title: "A sealed file does not open",
    severity: Severity::High,
    confidence: Confidence::Certain,
    explanation: "An identity at hand belongs to the file, and a value or the MAC does not verify: the file was damaged or edited by hand, and Flux will refuse it.",
    fix: "restore the file from version control, and edit it with `sops` or seal it again",
};

/// The SOPS metadata cannot be read.
pub static BROKEN_METADATA: Check = Check {
    id: "SEC016",
    name: "broken-metadata",
    title: "The SOPS metadata cannot be read",
    severity: Severity::High,
    confidence: Confidence::Certain,
    explanation: "The file has a key `sops` whose content is not what SOPS writes, so neither sops nor Flux can open it.",
    fix: "restore the file from version control",
};

/// An age identity (secret key).
pub static AGE_IDENTITY: Check = Check {
    id: "SEC101",
    name: "age-identity",
    title: "An age identity (secret key)",
    severity: Severity::Critical,
    confidence: Confidence::Certain,
    explanation: "The identity opens every file that is sealed for its recipient, in every version that Git keeps.",
    fix: "take it out of the recipients of every rule, reseal the files, rotate all values that it opened, and make a new identity",
};

/// A private key.
pub static PRIVATE_KEY: Check = Check {
    id: "SEC102",
    name: "private-key",
    title: "A private key",
    severity: Severity::High,
    confidence: Confidence::Certain,
    explanation: "A private key in PEM, OpenSSH, PuTTY or PGP form.",
    fix: "replace the key pair, and keep the new private key in a sealed Secret",
};

/// Credentials for a container registry.
pub static DOCKER_AUTH: Check = Check {
    id: "SEC103",
    name: "docker-auth",
    title: "Credentials for a container registry",
    severity: Severity::High,
    confidence: Confidence::Certain,
    explanation: "A Docker configuration with user name and password, which are base64 and not encrypted.",
    fix: "revoke the token, and create the Secret with `secrets new-registry`",
};

/// A kubeconfig with credentials.
pub static KUBECONFIG: Check = Check {
    id: "SEC104",
    name: "kubeconfig",
    title: "A kubeconfig with credentials",
    severity: Severity::Critical,
    confidence: Confidence::Certain,
    explanation: "A token, password or client key that gives access to a cluster.",
    fix: "revoke the credential, and take the file out of the repository",
};

/// A GitLab token.
pub static GITLAB_TOKEN: Check = Check {
    id: "SEC105",
    name: "gitlab-token",
    title: "A GitLab token",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "The text has the prefix and the length of a token of GitLab.",
    fix: "revoke it in GitLab, and keep its successor in a sealed Secret or a masked variable",
};

/// A GitHub token.
pub static GITHUB_TOKEN: Check = Check {
    id: "SEC106",
    name: "github-token",
    title: "A GitHub token",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "The text has the prefix, the length and the checksum of a token of GitHub.",
    fix: "revoke it at GitHub, and keep its successor in a sealed Secret",
};

/// An AWS access key.
pub static AWS_KEY: Check = Check {
    id: "SEC107",
    name: "aws-key",
    title: "An AWS access key",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "An access key of AWS, with its secret where that stands near.",
    fix: "deactivate the key in IAM, and keep its successor in a sealed Secret",
};

/// Google credentials.
pub static GOOGLE_CREDENTIALS: Check = Check {
    id: "SEC108",
    name: "google-credentials",
    title: "Google credentials",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "A service account key, an OAuth client secret, an API key or a refresh token of Google.",
    fix: "delete the key in the Google Cloud console, and keep its successor in a sealed Secret",
};

/// A Clerk secret key.
pub static CLERK_KEY: Check = Check {
    id: "SEC109",
    name: "clerk-key",
    title: "A Clerk secret key",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "A secret key of Clerk's backend API.",
    fix: "rotate it in the Clerk dashboard, and keep its successor in a sealed Secret",
};

/// A Stripe key.
pub static STRIPE_KEY: Check = Check {
    id: "SEC110",
    name: "stripe-key",
    title: "A Stripe key",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "A secret or restricted key, or a webhook secret, of Stripe.",
    fix: "roll it in the Stripe dashboard, and keep its successor in a sealed Secret",
};

/// A Slack token or webhook.
pub static SLACK_TOKEN: Check = Check {
    id: "SEC111",
    name: "slack-token",
    title: "A Slack token or webhook",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "A token or an incoming webhook of Slack.",
    fix: "revoke it in Slack, and keep its successor in a sealed Secret",
};

/// An npm token.
pub static NPM_TOKEN: Check = Check {
    id: "SEC112",
    name: "npm-token",
    title: "An npm token",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "An access token of the npm registry.",
    fix: "revoke it with `npm token revoke`, and keep its successor in a sealed Secret",
};

/// A PyPI token.
pub static PYPI_TOKEN: Check = Check {
    id: "SEC113",
    name: "pypi-token",
    title: "A PyPI token",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "An API token of PyPI.",
    fix: "remove it in the account's settings, and keep its successor in a sealed Secret",
};

/// Cloudflare credentials.
pub static CLOUDFLARE_TOKEN: Check = Check {
    id: "SEC114",
    name: "cloudflare-token",
    title: "Cloudflare credentials",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "An API token, an Origin CA key or a tunnel token of Cloudflare.",
    fix: "roll it in the Cloudflare dashboard, and keep its successor in a sealed Secret",
};

/// A key of a language model provider.
pub static AI_KEY: Check = Check {
    id: "SEC115",
    name: "ai-key",
    title: "A key of a language model provider",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "An API key of OpenAI, Anthropic, Hugging Face or a similar provider.",
    fix: "revoke it in the provider's console, and keep its successor in a sealed Secret",
};

/// A token of a known provider.
pub static PROVIDER_TOKEN: Check = Check {
    id: "SEC116",
    name: "provider-token",
    title: "A token of a known provider",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "The text has the prefix and the length of a credential of a known service.",
    fix: "revoke it at the provider, and keep its successor in a sealed Secret",
};

/// A JSON Web Token.
pub static JWT: Check = Check {
    id: "SEC117",
    name: "jwt",
    title: "A JSON Web Token",
    severity: Severity::Medium,
    confidence: Confidence::Likely,
    explanation: "A signed token, which gives access until it expires.",
    fix: "end the session or rotate the signing key, and keep its successor in a sealed Secret",
};

/// Credentials in a URL or connection string.
pub static URL_CREDENTIALS: Check = Check {
    id: "SEC118",
    name: "url-credentials",
    title: "Credentials in a URL or connection string",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "User name and password of a service stand in clear in its address.",
    fix: "change the password, and take the address from a sealed Secret",
};

/// A credential file.
pub static CREDENTIAL_FILE: Check = Check {
    id: "SEC119",
    name: "credential-file",
    title: "A credential file",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "A file of a known tool that holds credentials, such as .npmrc, .pgpass, .netrc or .git-credentials.",
    fix: "revoke the credential, take the file out of the repository and add it to .gitignore",
};

/// An env file with secrets.
pub static ENV_FILE: Check = Check {
    id: "SEC120",
    name: "env-file",
    title: "An env file with secrets",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "A dotenv file, or a shell profile, that sets credentials in clear.",
    fix: "rotate the values, and keep them in a sealed Secret",
};

/// A password hash.
pub static PASSWORD_HASH: Check = Check {
    id: "SEC121",
    name: "password-hash",
    title: "A password hash",
    severity: Severity::Medium,
    confidence: Confidence::Likely,
    explanation: "A hash of a password can be attacked offline.",
    fix: "change the password, and keep the hash in a sealed Secret",
};

/// A framework's secret.
pub static FRAMEWORK_SECRET: Check = Check {
    id: "SEC122",
    name: "framework-secret",
    title: "A framework's secret",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "A key that signs sessions or encrypts data of an application framework.",
    fix: "rotate it, and keep its successor in a sealed Secret",
};

/// A database dump with credentials.
pub static DATABASE_DUMP: Check = Check {
    id: "SEC123",
    name: "database-dump",
    title: "A database dump with credentials",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "A dump, or the settings of a database client, with passwords or hashes of users.",
    fix: "change the passwords, and take the file out of the repository",
};

/// A Secret's values in its last-applied annotation.
pub static LAST_APPLIED: Check = Check {
    id: "SEC201",
    name: "last-applied",
    title: "A Secret's values in its last-applied annotation",
    severity: Severity::High,
    confidence: Confidence::Certain,
    explanation: "kubectl.kubernetes.io/last-applied-configuration repeats the whole manifest in clear.",
    fix: "remove the annotation, and rotate the values",
};

/// A literal of a secretGenerator.
pub static SECRET_GENERATOR_LITERAL: Check = Check {
    id: "SEC202",
    name: "secret-generator-literal",
    title: "A literal of a secretGenerator",
    severity: Severity::High,
    confidence: Confidence::Certain,
    explanation: "Kustomize makes a Secret of a value that stands in clear in the kustomization.",
    fix: "put the Secret into a sealed manifest instead",
};

/// A secretGenerator reads a plain file.
pub static SECRET_GENERATOR_FILE: Check = Check {
    id: "SEC203",
    name: "secret-generator-file",
    title: "A secretGenerator reads a plain file",
    severity: Severity::High,
    confidence: Confidence::Certain,
    explanation: "Kustomize makes a Secret of a file that stands in clear beside it.",
    fix: "seal the file (Flux decrypts generator sources), or use a sealed manifest",
};

/// A credential in the values of a HelmRelease.
pub static HELM_VALUES: Check = Check {
    id: "SEC204",
    name: "helm-values",
    title: "A credential in the values of a HelmRelease",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "Values of a chart stand in clear in the manifest.",
    fix: "take the value from a sealed Secret with `valuesFrom`",
};

/// A credential in postBuild.substitute.
pub static SUBSTITUTION: Check = Check {
    id: "SEC205",
    name: "substitution",
    title: "A credential in postBuild.substitute",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "Variables of a Flux Kustomization stand in clear in the manifest.",
    fix: "take it from a sealed Secret with `substituteFrom`",
};

/// A credential in a ConfigMap.
pub static CONFIG_MAP_CREDENTIAL: Check = Check {
    id: "SEC206",
    name: "config-map-credential",
    title: "A credential in a ConfigMap",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "A ConfigMap is not meant for secrets: it is readable by more people, and not sealed.",
    fix: "move the value to a sealed Secret",
};

/// A credential in the environment of a workload.
pub static WORKLOAD_ENV: Check = Check {
    id: "SEC207",
    name: "workload-env",
    title: "A credential in the environment of a workload",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "A container's env has a credential as a literal value.",
    fix: "take it from a sealed Secret with `valueFrom.secretKeyRef`",
};

/// A credential in the CI configuration.
pub static CI_VARIABLE: Check = Check {
    id: "SEC208",
    name: "ci-variable",
    title: "A credential in the CI configuration",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "A variable of .gitlab-ci.yml stands in clear in the repository.",
    fix: "make it a masked and protected variable of the project",
};

/// A credential in a Dockerfile.
pub static DOCKERFILE_ENV: Check = Check {
    id: "SEC209",
    name: "dockerfile-env",
    title: "A credential in a Dockerfile",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "ENV and ARG are kept in the image for everyone who can pull it.",
    fix: "use a build secret (`RUN --mount=type=secret`)",
};

/// A decrypted copy.
pub static DECRYPTED_COPY: Check = Check {
    id: "SEC301",
    name: "decrypted-copy",
    title: "A decrypted copy",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "The name says that the file is the decrypted form of a sealed one.",
    fix: "remove it, add the name to .gitignore, and rotate the values",
};

/// An editor's backup or swap file of a sealed file.
pub static EDITOR_LEFTOVER: Check = Check {
    id: "SEC302",
    name: "editor-leftover",
    title: "An editor's backup or swap file of a sealed file",
    severity: Severity::Medium,
    confidence: Confidence::Likely,
    explanation: "Editors keep the text that was being edited.",
    fix: "remove it, add the name to .gitignore, and rotate the values",
};

/// A plain twin of a sealed file.
pub static PLAIN_TWIN: Check = Check {
    id: "SEC303",
    name: "plain-twin",
    title: "A plain twin of a sealed file",
    severity: Severity::High,
    confidence: Confidence::Likely,
    explanation: "A file beside a sealed one has its name without the mark, the same keys, and its values in clear.",
    fix: "remove it, and rotate the values",
};

/// A suppression that suppresses nothing.
pub static UNUSED_SUPPRESSION: Check = Check {
    id: "SEC901",
    name: "unused-suppression",
    title: "A suppression that suppresses nothing",
    severity: Severity::Low,
    confidence: Confidence::Certain,
    explanation: "What it was for is gone; it would hide the next finding in that place.",
    fix: "remove it",
};

/// A suppression has expired.
pub static EXPIRED_SUPPRESSION: Check = Check {
    id: "SEC902",
    name: "expired-suppression",
    title: "A suppression has expired",
    severity: Severity::Medium,
    confidence: Confidence::Certain,
    explanation: "Its date has passed, so the finding counts again.",
    fix: "mend the finding, or set a new date",
};

/// A suppression without a reason.
pub static REASONLESS_SUPPRESSION: Check = Check {
    id: "SEC903",
    name: "reasonless-suppression",
    title: "A suppression without a reason",
    severity: Severity::Medium,
    confidence: Confidence::Certain,
    explanation: "Nobody can tell later whether it is still right. It does not count.",
    fix: "add the reason behind the check's id",
};

/// A suppression was added in this range.
pub static NEW_SUPPRESSION: Check = Check {
    id: "SEC904",
    name: "new-suppression",
    title: "A suppression was added in this range",
    severity: Severity::Info,
    confidence: Confidence::Certain,
    explanation: "A change that adds a leak and a suppression for it looks clean: somebody else should look at it.",
    fix: "review it",
};

/// All checks, by id.
pub static ALL: &[&Check] = &[
    &PLAIN_FILE,
    &PARTLY_ENCRYPTED,
    &SECRET_OUTSIDE_RULES,
    &SELECTOR_DRIFT,
    &MAC_DRIFT,
    &RECIPIENT_DRIFT,
    &THRESHOLD_DRIFT,
    &SINGLE_RECIPIENT,
    &ENCRYPTED_METADATA,
    &UNANCHORED_SELECTOR,
    &DEAD_RULE,
    &SHADOWED_RULE,
    &OVERLAPPING_RULES,
    &PLAIN_IN_HISTORY,
    &DOES_NOT_OPEN,
    &BROKEN_METADATA,
    &AGE_IDENTITY,
    &PRIVATE_KEY,
    &DOCKER_AUTH,
    &KUBECONFIG,
    &GITLAB_TOKEN,
    &GITHUB_TOKEN,
    &AWS_KEY,
    &GOOGLE_CREDENTIALS,
    &CLERK_KEY,
    &STRIPE_KEY,
    &SLACK_TOKEN,
    &NPM_TOKEN,
    &PYPI_TOKEN,
    &CLOUDFLARE_TOKEN,
    &AI_KEY,
    &PROVIDER_TOKEN,
    &JWT,
    &URL_CREDENTIALS,
    &CREDENTIAL_FILE,
    &ENV_FILE,
    &PASSWORD_HASH,
    &FRAMEWORK_SECRET,
    &DATABASE_DUMP,
    &LAST_APPLIED,
    &SECRET_GENERATOR_LITERAL,
    &SECRET_GENERATOR_FILE,
    &HELM_VALUES,
    &SUBSTITUTION,
    &CONFIG_MAP_CREDENTIAL,
    &WORKLOAD_ENV,
    &CI_VARIABLE,
    &DOCKERFILE_ENV,
    &DECRYPTED_COPY,
    &EDITOR_LEFTOVER,
    &PLAIN_TWIN,
    &UNUSED_SUPPRESSION,
    &EXPIRED_SUPPRESSION,
    &REASONLESS_SUPPRESSION,
    &NEW_SUPPRESSION,
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn ids_and_names_are_unique_and_in_order() {
        assert!(ALL.windows(2).all(|two| two[0].id < two[1].id));
        let mut names: Vec<&str> = ALL.iter().map(|check| check.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        assert_eq!(Check::find("sec001"), Some(&PLAIN_FILE));
        assert_eq!(Check::find("jwt"), Some(&JWT));
        assert_eq!(Check::find("SEC999"), None);
    }
}
