//! What looks like a secret and is none, and which names promise one.
//!
//! The rules are about whole values of configurations: [`is_ciphertext`], [`is_reference`] and
//! [`is_placeholder`] each know one reason why a value gives nothing away, [`is_credential_name`]
//! knows the names, and [`judge`] joins them.

mod judge;
mod names;
mod references;
mod words;

pub use judge::judge;
pub use names::is_credential_name;
pub use references::is_reference;

pub(super) use judge::{is_random, is_wordlike, judge_password, password_in};
pub(super) use names::words_of;

/// The value is ciphertext of a tool that is made for repositories: SOPS, SealedSecrets, ansible-vault,
/// age or PGP armour, hiera-eyaml, Jasypt, Spring Cloud Config, Vault's transit engine, AWS KMS.
///
/// The long base64 of a SealedSecret says nothing by itself: who knows the kind of the manifest decides.
pub fn is_ciphertext(value: &str) -> bool {
    let value = bare(value);
    const STARTS: [&str; 12] = [
        "ENC[AES256_GCM,",
        "ENC[PKCS7,",
        "ENC[GPG,",
        "$ANSIBLE_VAULT;",
        "-----BEGIN AGE ENCRYPTED FILE-----",
        "-----BEGIN PGP MESSAGE-----",
        "-----BEGIN PKCS7-----",
        "age-encryption.org/v1",
        "vault:v1:",
        "{cipher}",
        // The same armour and header in base64, as the data of a Secret has them.
        "LS0tLS1CRUdJTiBBR0UgRU5DUllQVEVE",
        "YWdlLWVuY3J5cHRpb24ub3JnL3Yx",
    ];
    let jasypt = |value: &str| value.starts_with("ENC(") && value.ends_with(')');
    // What KMS gives back begins with its version and the length of the key's name.
    let kms = |value: &str| value.starts_with("AQICAH") && value.len() > 100;
    STARTS.iter().any(|start| value.starts_with(start)) || jasypt(value) || kms(value)
}

/// The base64 is as that of a SealedSecret: the length of its session key, 512 bytes, then that and the ciphertext. Who
/// asks knows what else speaks for one.
pub(super) fn is_long_as_sealed_secret(base64: &[u8]) -> bool {
    base64.len() > 700 && matches!(base64, [b'A', b'g', b'A'..=b'D', ..])
}

/// The value stands for one: `changeme`, `REPLACE-ME`, `<password>`, `xxxx`, `example`, and the samples of
/// the providers' own documentation.
pub fn is_placeholder(value: &str) -> bool {
    let value = bare(value);
    value.is_empty()
        || is_nothing(value)
        || is_bracketed(value)
        || is_hollow(value)
        || is_monotonous(value)
        || is_sample(value)
        || words::stand_for_a_value(value)
}

/// The value is public by design: a public key, a certificate, a recipient.
pub fn is_public(value: &str) -> bool {
    let value = bare(value);
    const STARTS: [&str; 22] = [
        "-----BEGIN CERTIFICATE",
        "-----BEGIN TRUSTED CERTIFICATE",
        "-----BEGIN X509 CERTIFICATE",
        "-----BEGIN PUBLIC KEY",
        "-----BEGIN RSA PUBLIC KEY",
        "-----BEGIN EC PARAMETERS-----\n-----BEGIN PUBLIC",
        "-----BEGIN PGP PUBLIC KEY",
        "-----BEGIN SSH SIGNATURE",
        "-----BEGIN PGP SIGNATURE",
        "-----BEGIN X509 CRL",
        "-----BEGIN DH PARAMETERS",
        "---- BEGIN SSH2 PUBLIC KEY",
        "ssh-rsa AAAA",
        "ssh-ed25519 AAAA",
        "ssh-dss AAAA",
        "ecdsa-sha2-nistp",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "pk_live_",
        "pk_test_",
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t",
        "LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0",
    ];
    let recipient = |value: &str| {
        value.starts_with("age1") && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let digest = |value: &str| {
        [
            "sha256:", "sha512:", "sha256-", "sha384-", "sha512-", "SHA256:",
        ]
        .iter()
        .any(|start| value.starts_with(start))
    };
    STARTS.iter().any(|start| value.starts_with(start)) || recipient(value) || digest(value)
}

/// A value without the blanks and the pair of quotes around it.
pub(super) fn bare(value: &str) -> &str {
    let value = value.trim();
    for quote in ['"', '\'', '`'] {
        if let Some(inner) = value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
        {
            return inner.trim();
        }
    }
    value
}

/// Words that configurations have for "no value" and for switches.
fn is_nothing(value: &str) -> bool {
    const WORDS: [&str; 22] = [
        "null",
        "nil",
        "none",
        "undefined",
        "n/a",
        "na",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "~",
        "-",
        "[]",
        "{}",
        "()",
        "auto",
        "default",
        "enabled",
        "disabled",
        "unset",
    ];
    WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// `<password>`, `[your token]`, `{password}`, `[[ x ]]`, `(redacted)`: one pair of brackets around all of it.
fn is_bracketed(value: &str) -> bool {
    [('<', '>'), ('[', ']'), ('{', '}'), ('(', ')'), ('«', '»')]
        .iter()
        .any(|&(open, close)| {
            value
                .strip_prefix(open)
                .and_then(|rest| rest.strip_suffix(close))
                .is_some_and(|inner| {
                    inner.len() <= 200
                        && !inner.contains(['\n', '"', ','])
                        && !inner.split([' ', '-', '_', '/', '.']).any(is_random)
                })
        })
}

/// `<me>@example.org`, and a PEM block with nothing but dots or a placeholder in it.
fn is_hollow(value: &str) -> bool {
    const LONGEST: usize = 200;
    if let Some((user, host)) = value.split_once('@')
        && user.starts_with('<')
    {
        return is_bracketed(user) && judge::is_domain(host);
    }
    let body = || {
        let (label, rest) = value.strip_prefix("-----BEGIN ")?.split_once("-----")?;
        let (body, end) = rest.split_once("-----END ")?;
        (end.strip_suffix("-----")? == label && body.len() <= LONGEST).then_some(body.trim())
    };
    // Base64 of one letter is a key in tests, and looks like one.
    body().is_some_and(|body| {
        !body.chars().any(char::is_alphanumeric)
            || is_bracketed(body)
            || words::stand_for_a_value(body)
    })
}

/// One or two characters over and over, apart from what separates them: `xxxx-xxxx`, `********`, `0000`,
/// `...`, `abababab`; or a run up or down the alphabet or the digits of at least ten: `0123456789abcdef`.
fn is_monotonous(value: &str) -> bool {
    let separators = ['-', '_', '.', ':', '/', ' ', '='];
    let bytes: Vec<u8> = value
        .bytes()
        .filter(|byte| !separators.contains(&char::from(*byte)))
        .map(|byte| byte.to_ascii_lowercase())
        .collect();
    let Some(first) = bytes.first() else {
        return value.len() >= 2;
    };
    if bytes.iter().all(|byte| byte == first) {
        return bytes.len() >= 3 || !first.is_ascii_alphanumeric();
    }
    // Dots of any script: `••••••`, `……`.
    let mut characters = value.chars();
    if let Some(one) = characters.next()
        && !one.is_alphanumeric()
        && characters.all(|other| other == one)
    {
        return true;
    }
    let pairs = bytes.len() >= 8 && bytes.iter().skip(2).zip(&bytes).all(|(a, b)| a == b);
    pairs || has_run(&bytes)
}

/// Nine tenths of at least ten characters follow each other in the alphabet, among the digits, or as
/// hexadecimal digits.
fn has_run(bytes: &[u8]) -> bool {
    let follows = |(a, b): (&u8, &u8)| {
        *b == a.wrapping_add(1)
            || (*a == b'9' && (*b == b'0' || *b == b'a'))
            || (*a == b'f' && *b == b'0')
            || (*a == b'z' && (*b == b'a' || *b == b'0'))
            || *a == b.wrapping_add(1)
    };
    let steps = bytes
        .iter()
        .zip(bytes.iter().skip(1))
        .filter(|(a, b)| follows((a, b)))
        .count();
    bytes.len() >= 10 && steps.saturating_add(1).saturating_mul(10) >= bytes.len().saturating_mul(9)
}

/// What the documentation of providers and standards uses everywhere.
fn is_sample(value: &str) -> bool {
    // Assembled, so that no scanner takes this file for a leak.
    const SAMPLES: [&str; 8] = [
        concat!("AKIA", "IOSFODNN7EXAMPLE"),
        concat!("ASIA", "IOSFODNN7EXAMPLE"),
        concat!("AKIA", "I44QH8DHBEXAMPLE"),
        concat!("wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY"),
        concat!("wJalrXUtnFEMI/K7MDENG+", "bPxRfiCYEXAMPLEKEY"),
        concat!("AGE-SECRET-KEY-1", "QQQQ"),
        concat!("sk_test_", "4eC39HqLyjWDarjtT1zdp7dc"),
        concat!("sk_test_", "BQokikJOvBiI2HlWgH4olfQ2"),
    ];
    // The token on the front page of jwt.io, old and new: subject 1234567890, John Doe.
    const JWT_SAMPLE: &str = concat!("eyJzdWIiOiIxMjM0NTY3ODkw", "IiwibmFtZSI6IkpvaG4gRG9lI");
    SAMPLES.iter().any(|sample| value.starts_with(sample))
        || value.contains(JWT_SAMPLE)
        || (value.len() == 20 && value.ends_with("EXAMPLE"))
        || (value.len() == 40 && value.ends_with("EXAMPLEKEY"))
}

#[cfg(test)]
mod tests;
