//! A name and its value together.

use super::names::{Promise, promise, words_of};
use super::{bare, is_ciphertext, is_placeholder, is_public, is_reference};
use crate::audit::finding::Confidence;

/// How sure it is that the value under such a name is a credential; `None` if it is none.
///
/// Never [`Confidence::Certain`]: that takes a structure or a checksum. A name that promises nothing
/// gives `None` whatever the value.
pub fn judge(name: &str, value: &str) -> Option<Confidence> {
    let promise = promise(name)?;
    let value = bare(value);
    if value.is_empty() || is_ciphertext(value) || is_public(value) {
        return None;
    }
    if let Some(password) = password_in(value) {
        return judge_password(password);
    }
    if promise == Promise::Address || is_address_without_password(value) {
        return None;
    }
    if is_reference(value) || is_placeholder(value) || repeats_name(name, value) {
        return None;
    }
    let value = without_scheme(value);
    if value.starts_with("-----BEGIN ") {
        return value.contains("PRIVATE KEY").then_some(Confidence::Likely);
    }
    match promise {
        Promise::Password => judge_password(value),
        Promise::Strong => judge_made_by_machine(value, true),
        Promise::Weak => judge_made_by_machine(value, false),
        Promise::Address => None,
    }
}

/// A password that a person may have chosen.
pub(in crate::audit) fn judge_password(value: &str) -> Option<Confidence> {
    let value = bare(value);
    if value.is_empty()
        || is_ciphertext(value)
        || is_reference(value)
        || is_placeholder(value)
        || is_setting(value)
        || names_an_object(value)
    {
        return None;
    }
    let length = value.chars().count();
    if value.contains(char::is_whitespace) {
        return (length >= 8).then_some(Confidence::Possible);
    }
    if length < 4 {
        return None;
    }
    if length < 8 || COMMON.iter().any(|word| value.eq_ignore_ascii_case(word)) {
        return Some(Confidence::Possible);
    }
    let several_words = words_of(value).len() > 1 && is_resource_name(value);
    let mixed = classes(value) >= 2 || length >= 12 || !is_wordlike(value);
    let likely = is_random(value) || (mixed && !several_words);
    Some(if likely {
        Confidence::Likely
    } else {
        Confidence::Possible
    })
}

/// A key or token: long and without words. Under a weak name, words name an object.
fn judge_made_by_machine(value: &str, strong: bool) -> Option<Confidence> {
    let length = value.chars().count();
    if is_setting(value) || names_an_object(value) || value.contains(' ') {
        return None;
    }
    if is_random(value) {
        return Some(Confidence::Likely);
    }
    if is_resource_name(value) || is_domain(value) || length < 6 {
        return None;
    }
    let mixed =
        classes(value) >= 3 || (classes(value) >= 2 && value.bytes().any(|b| b.is_ascii_digit()));
    match (mixed, length) {
        (true, 12..) if strong => Some(Confidence::Likely),
        (true, 16..) => Some(Confidence::Likely),
        (true, _) => Some(Confidence::Possible),
        (false, 8..) if strong => Some(Confidence::Possible),
        _ => None,
    }
}

/// What every list of default passwords begins with, and the defaults of databases.
const COMMON: &[&str] = &[
    "postgres",
    "mysql",
    "mariadb",
    "root",
    "admin",
    "administrator",
    "guest",
    "rabbitmq",
    "mongodb",
    "redis",
    "minioadmin",
    "prom-operator",
    "grafana",
    "keycloak",
    "elastic",
    "letmein",
    "welcome",
    "welcome1",
    "qwerty",
    "qwertyuiop",
    "12345678",
    "123456789",
    "1234567890",
    "password1",
    "password123",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "iloveyou",
    "admin123",
    "adminadmin",
    "rootroot",
    "sonarqube",
    "vagrant",
    "raspberry",
    "wordpress",
    "superuser",
    "postgresql",
    "admin1234",
    "pass1234",
    "test1234",
    "secret123",
    "password1234",
];

/// The password in `scheme://user:password@host` or `key=value;Password=...`.
pub(in crate::audit) fn password_in(value: &str) -> Option<&str> {
    if let Some((_, rest)) = value.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // The last @ ends it: passwords with @ in them are not rare.
        let (userinfo, _) = authority.rsplit_once('@')?;
        return userinfo.split_once(':').map(|(_, password)| password);
    }
    let lower = value.to_ascii_lowercase();
    if lower.contains(';') || lower.contains("host=") || lower.contains("dbname=") {
        for key in ["password=", "pwd=", "accountkey=", "sharedaccesskey="] {
            if let Some(at) = lower.find(key) {
                let rest = value.get(at.saturating_add(key.len())..)?;
                return rest.split([';', ' ', '"', '&']).next();
            }
        }
        return None;
    }
    // The form of Go's MySQL driver: user:password@tcp(host)/name.
    let (userinfo, host) = value.rsplit_once('@')?;
    let driver = ["tcp(", "unix(", "tcp6("]
        .iter()
        .any(|start| host.starts_with(start));
    let (_, password) = userinfo.split_once(':')?;
    driver.then_some(password)
}

/// A URL, or a host with a port, without credentials.
fn is_address_without_password(value: &str) -> bool {
    let scheme = value.split_once("://").is_some_and(|(scheme, _)| {
        scheme.len() <= 20
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    });
    // What stands in a query may be a secret; it has no name that promises one here.
    scheme
        || value.starts_with("mailto:")
        || value.starts_with("urn:")
        || value.starts_with("spiffe:")
}

/// `Bearer`, `Basic`, `Token` in front of the value of a header.
fn without_scheme(value: &str) -> &str {
    for scheme in ["Bearer ", "bearer ", "Basic ", "basic ", "Token ", "token "] {
        if let Some(rest) = value.strip_prefix(scheme) {
            return rest.trim_start();
        }
    }
    value
}

/// Numbers, durations, sizes, versions, dates, addresses of mail: settings, not secrets.
fn is_setting(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if digits == value.len() {
        return value.len() < 6;
    }
    let number_and_unit = {
        let rest = value.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        rest.len() < value.len()
            && [
                "s", "m", "h", "d", "w", "y", "ms", "us", "ns", "min", "Mi", "Gi", "Ki", "MB",
                "GB", "kb", "days", "hours", "%",
            ]
            .contains(&rest)
    };
    let numeric = |c: char| {
        c.is_ascii_digit() || matches!(c, '.' | '-' | ':' | 'T' | 'Z' | '+' | '/' | ' ' | 'v')
    };
    let dated = digits >= 1
        && value.len() <= 35
        && value.chars().all(numeric)
        && value.contains(['.', '-', ':', '/']);
    let mail = value.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && is_domain(host)
            && user
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
    });
    number_and_unit || dated || mail
}

/// Lower-case labels with dots between and a top-level domain of letters.
pub(super) fn is_domain(value: &str) -> bool {
    let host = value.split([':', '/']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    labels.len() >= 2
        && labels.iter().all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
        && labels
            .last()
            .is_some_and(|tld| tld.len() >= 2 && tld.bytes().all(|b| b.is_ascii_alphabetic()))
        && !labels.iter().any(|label| is_random(label))
}

/// Words with `-`, `_`, `.`, `/` or humps between them, or one word: what names an object, a key or a variable.
fn is_resource_name(value: &str) -> bool {
    value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':'))
        && value.split(['-', '_', '.', '/', ':']).all(|part| {
            let words = words_of(part);
            words.iter().all(|word| {
                let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
                word.len().saturating_sub(stem.len()) <= 4
                    && (stem.len() <= 3 || is_wordlike(stem))
                    && stem.bytes().all(|byte| byte.is_ascii_alphabetic())
            }) && words.len() <= 4
        })
        && !is_random(value)
}

/// A resource name that has a word for what holds secrets in it: `my-app-secret`, `DB_PASSWORD`, `tls.key`.
fn names_an_object(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "secret",
        "secrets",
        "password",
        "passwords",
        "passwd",
        "token",
        "tokens",
        "key",
        "keys",
        "credentials",
        "creds",
        "credential",
        "auth",
        "tls",
        "cert",
        "certs",
        "apikey",
        "config",
        "env",
        "ref",
        "vars",
    ];
    let words = words_of(value);
    words.len() >= 2
        && words.iter().any(|word| WORDS.contains(&word.as_str()))
        && is_resource_name(value)
}

/// The value says no more than the name: `password: password`, `POSTGRES_PASSWORD: postgres_password`.
fn repeats_name(name: &str, value: &str) -> bool {
    let name = words_of(name).concat();
    let value = words_of(value).concat();
    !value.is_empty() && (name == value || (value.len() >= 5 && name.ends_with(&value)))
}

/// How many of lower case, upper case, digits and others there are.
fn classes(value: &str) -> usize {
    let any = |test: fn(char) -> bool| usize::from(value.chars().any(test));
    any(|c| c.is_lowercase())
        + any(|c| c.is_uppercase())
        + any(|c| c.is_ascii_digit())
        + any(|c| !c.is_alphanumeric())
}

/// Letters that could be said: vowels among them, and no more than four consonants in a row.
pub(in crate::audit) fn is_wordlike(value: &str) -> bool {
    let mut vowels = 0usize;
    let mut run = 0usize;
    let mut longest = 0usize;
    for c in value.chars() {
        if !c.is_alphabetic() {
            return false;
        }
        if matches!(c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y') {
            vowels += 1;
            run = 0;
        } else {
            run += 1;
            longest = longest.max(run);
        }
    }
    let length = value.chars().count();
    length > 0
        && longest <= 4
        && vowels.saturating_mul(6) >= length
        && vowels.saturating_mul(4) <= length.saturating_mul(3)
}

/// Long enough, and mixed as only chance mixes: no words, no counting.
pub(in crate::audit) fn is_random(value: &str) -> bool {
    let length = value.len();
    if !(12..=4096).contains(&length) || !value.bytes().all(|b| b.is_ascii_graphic()) {
        return false;
    }
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0
        && letters == length
        && words_of(value)
            .iter()
            .all(|word| is_wordlike(word) && word.len() >= 3)
    {
        return false;
    }
    let entropy = entropy(value.as_bytes());
    let turns = turns(value.as_bytes());
    let hexadecimal = value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if hexadecimal {
        let letters = value.bytes().any(|b| b.is_ascii_alphabetic());
        return length >= 16 && letters && digits > 0 && entropy >= 2.8;
    }
    // Where the kind of character changes: in words and names seldom, in what chance made all the time.
    let restless = turns.saturating_mul(100) >= length.saturating_mul(30);
    let unsayable = letters == length
        && !is_wordlike(value)
        && turns.saturating_mul(100) >= length.saturating_mul(20);
    entropy >= 3.0 && ((restless && (digits > 0 || length >= 20)) || (unsayable && length >= 16))
}

/// How often the kind of character (lower case, upper case, digit, other) changes.
fn turns(bytes: &[u8]) -> usize {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    bytes
        .iter()
        .zip(bytes.iter().skip(1))
        .filter(|(a, b)| {
            let (a, b) = (kind(**a), kind(**b));
            // A separator and a capital letter begin words.
            a != b && a != 3 && b != 3
        })
        .count()
}

/// Shannon's entropy in bits for each byte.
pub(in crate::audit) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count = count.saturating_add(1);
        }
    }
    let total = bytes.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum()
}
