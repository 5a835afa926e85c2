//! Values that only say where a secret comes from.

use super::bare;
use super::judge::{is_random, is_wordlike};
use super::names::words_of;

/// The value only says where a secret comes from: `op://`, `vault:`, `ref+`, `${VARIABLE}`, a template.
pub fn is_reference(value: &str) -> bool {
    let value = bare(value);
    is_address(value)
        || is_variable(value)
        || is_key_of_secret(value)
        || is_path(value)
        || is_expression(value)
        || has_template(value)
}

/// The schemes of stores of secrets, and what tools write in front of such an address.
fn is_address(value: &str) -> bool {
    const STARTS: &[&str] = &[
        "op://",
        "vault:",
        "vault://",
        "hashivault://",
        "ref+",
        "secretref+",
        "arn:aws:",
        "arn:aws-cn:",
        "arn:aws-us-gov:",
        "akv:",
        "akvs:",
        "azkv://",
        "azurekeyvault://",
        "env:",
        "env://",
        "file:",
        "file://",
        "awssm:",
        "awsssm:",
        "awskms:",
        "awskms://",
        "gcpkms://",
        "gcpsm:",
        "gcp-sm:",
        "sm:",
        "sm://",
        "gsm:",
        "ssm:",
        "ssm://",
        "secretsmanager:",
        "secret:",
        "secret://",
        "secrets://",
        "keyring:",
        "keyring://",
        "keychain:",
        "bw://",
        "bws:",
        "bws://",
        "bitwarden:",
        "bitwarden://",
        "doppler:",
        "doppler://",
        "infisical:",
        "infisical://",
        "pass://",
        "gopass://",
        "lastpass://",
        "keeper://",
        "kpxc://",
        "conjur:",
        "chamber://",
        "sops://",
        "k8s:",
        "k8s://",
        "kubernetes://",
        "kms://",
        "cmd:",
        "exec:",
        "!vault",
        "!ref",
        "!env",
        "!secret",
        "!getatt",
        "!sub",
        "!encrypted",
        "!reference",
        "@secret",
        "@microsoft.keyvault(",
        "@azure.keyvault(",
        "{{resolve:",
        "resolve:ssm",
        "valuefrom:",
        "from_secret",
        "secretkeyref",
        "secretref:",
        "docker-secret:",
        "!!binary |",
    ];
    let value_starts = |start: &&str| {
        let head = value.as_bytes().get(..start.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
    };
    let cloud = value.starts_with("projects/") && value.contains("/secrets/");
    let azure = value.starts_with("https://") && value.contains(".vault.azure.net/");
    let field = value.split_once('#').is_some_and(|(path, field)| {
        path.contains('/') && is_words(path) && !field.is_empty() && is_words(field)
    });
    STARTS.iter().any(value_starts) || cloud || azure || field
}

/// `$VARIABLE`, `%VARIABLE%`, `@VARIABLE@`, `__VARIABLE__`, and nothing else.
fn is_variable(value: &str) -> bool {
    let identifier = |name: &str| {
        let constant = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        let plain = |b: u8| b.is_ascii_lowercase() || b == b'_';
        name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
            && (name.bytes().all(constant) || name.bytes().all(plain))
    };
    let around = |mark: &str| {
        value
            .strip_prefix(mark)
            .and_then(|rest| rest.strip_suffix(mark))
            .is_some_and(identifier)
    };
    value
        .strip_prefix("$$")
        .or_else(|| value.strip_prefix("$env:"))
        .or_else(|| value.strip_prefix('$'))
        .is_some_and(identifier)
        || around("%")
        || around("@")
        || around("@@")
        || around("__")
}

/// `$dex.github.clientSecret`, `$secret-name:password`: Argo CD looks these up in a Secret. A password may
/// begin with `$` as well: only words count, and the last says what is there.
fn is_key_of_secret(value: &str) -> bool {
    const WHAT: [&str; 8] = [
        "secret",
        "password",
        "token",
        "key",
        "id",
        "username",
        "user",
        "credentials",
    ];
    /// What is a word with an S instead of the `$`.
    const CUT: [&str; 5] = ["ecret", "uper", "ecure", "erver", "ervice"];
    let Some(name) = value.strip_prefix('$') else {
        return false;
    };
    let parts: Vec<&str> = name.split(['.', '-', ':']).collect();
    let is_word = |part: &&str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.bytes().all(|byte| byte.is_ascii_alphabetic())
            && words_of(part)
                .iter()
                .all(|word| word.len() <= 4 || is_wordlike(word))
    };
    let last = parts.last().copied().unwrap_or_default();
    parts.len() >= 2
        && parts.iter().all(is_word)
        && !CUT.iter().any(|cut| name.starts_with(cut))
        && words_of(last)
            .last()
            .is_some_and(|word| WHAT.contains(&word.as_str()))
}

/// A path of a file: `/run/secrets/db`, `./key.pem`, `~/.ssh/id`, `C:\keys\x`; not base64 that begins with `/`.
fn is_path(value: &str) -> bool {
    let rooted = ["/", "./", "../", "~/", "\\\\"]
        .iter()
        .any(|start| value.starts_with(start));
    let drive = matches!(value.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    (rooted || drive)
        && value.len() > 1
        && !value.contains(['\n', '='])
        && !value.split(['/', '\\', '.', '-', '_']).any(is_random)
}

/// Code instead of a value: `process.env.TOKEN`, `os.environ["X"]`, `getenv('X')`, `var.password`.
fn is_expression(value: &str) -> bool {
    const STARTS: &[&str] = &[
        "process.env",
        "os.environ",
        "os.getenv",
        "System.getenv",
        "getenv(",
        "env(",
        "ENV[",
        "ENV.fetch",
        "Environment.",
        "secrets.",
        "vars.",
        "var.",
        "local.",
        "data.",
        "module.",
        "each.",
        "self.",
        "this.",
        "config.",
        "settings.",
        "lookup(",
        "random_password.",
        "import.meta.env",
        "Deno.env",
        "std::env",
        "fromEnv(",
        "base64decode(",
        "builtins.",
        "module.exports",
        "context.",
        "inputs.",
        "params.",
        "steps.",
        "github.",
        "env.",
    ];
    let code = STARTS.iter().any(|start| value.starts_with(start));
    let call = value.ends_with(')')
        && value
            .split_once('(')
            .is_some_and(|(name, _)| name.len() >= 2 && is_words(name));
    (code || call)
        && !value
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(is_random)
}

/// A template in it, and nothing beside it that could be a secret.
fn has_template(value: &str) -> bool {
    const PAIRS: [(&str, &str); 15] = [
        ("{{", "}}"),
        ("${", "}"),
        ("$(", ")"),
        ("$[", "]"),
        ("<%", "%>"),
        ("{%", "%}"),
        ("%{", "}"),
        ("%(", ")s"),
        ("#{", "}"),
        ("<<", ">>"),
        ("[[", "]]"),
        ("((", "))"),
        ("<path:", ">"),
        ("$__env{", "}"),
        ("$__file{", "}"),
    ];
    let mut rest = value;
    let mut outside = String::new();
    let mut found = false;
    while !rest.is_empty() {
        let next = PAIRS
            .iter()
            .filter_map(|(open, close)| rest.find(open).map(|at| (at, *open, *close)))
            .min_by_key(|(at, ..)| *at);
        let Some((at, open, close)) = next else { break };
        let inside = rest
            .get(at.saturating_add(open.len())..)
            .unwrap_or_default();
        let Some(length) = inside.find(close) else {
            break;
        };
        found = true;
        outside.push_str(rest.get(..at).unwrap_or_default());
        outside.push(' ');
        rest = inside
            .get(length.saturating_add(close.len())..)
            .unwrap_or_default();
    }
    outside.push_str(rest);
    found
        && !outside
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| is_random(word) || word.len() > 40)
}

/// Letters, digits and what joins the parts of names, without anything drawn at random.
fn is_words(text: &str) -> bool {
    let joins = |c: char| matches!(c, '-' | '_' | '.' | '/' | ':');
    text.chars().all(|c| c.is_ascii_alphanumeric() || joins(c)) && !text.split(joins).any(is_random)
}
