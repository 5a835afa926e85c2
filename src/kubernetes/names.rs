//! Names, keys and sizes the API server accepts in a Secret (Kubernetes validation of `core/v1`).

use std::collections::BTreeMap;

use crate::error::{Error, Kind, Result};

/// Largest sum of the decoded values of one Secret, in bytes (Kubernetes `MaxSecretSize`).
pub const MAX_SECRET_SIZE: usize = 1024 * 1024;
/// Largest sum of annotation keys and values of one object, in bytes.
pub const MAX_ANNOTATIONS_SIZE: usize = 256 * 1024;

const MAX_SUBDOMAIN: usize = 253;
const MAX_LABEL: usize = 63;
const MAX_DATA_KEY: usize = 253;

/// Checks the name of a Secret: a DNS-1123 subdomain of at most 253 characters.
///
/// # Errors
/// `Kind::Input` that cites the rule.
pub fn check_name(name: &str) -> Result<()> {
    let rule = "a Secret's name is a DNS-1123 subdomain: lower-case letters, digits, `-` and `.`, starting and ending \
                with a letter or digit, at most 253 characters";
    if is_subdomain(name) {
        Ok(())
    } else {
        Err(refused(
            "name",
            name,
            rule,
            suggestion(name, MAX_SUBDOMAIN, true),
        ))
    }
}

/// Checks the name of a namespace: a DNS-1123 label of at most 63 characters.
///
/// # Errors
/// `Kind::Input` that cites the rule.
pub fn check_namespace(namespace: &str) -> Result<()> {
    let rule = "a namespace is a DNS-1123 label: lower-case letters, digits and `-`, starting and ending with a \
                letter or digit, at most 63 characters";
    if is_label(namespace) {
        Ok(())
    } else {
        Err(refused(
            "namespace",
            namespace,
            rule,
            suggestion(namespace, MAX_LABEL, false),
        ))
    }
}

/// Checks a key of `data`: `[-._a-zA-Z0-9]+`, at most 253 characters, not `.` and not starting with `..`.
///
/// # Errors
/// `Kind::Input` that cites the rule.
pub fn check_data_key(key: &str) -> Result<()> {
    let rule = "a key consists of letters, digits, `-`, `_` and `.`, has at most 253 characters, is not `.` and does \
                not start with `..`";
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let fits = (1..=MAX_DATA_KEY).contains(&key.len()) && key.bytes().all(allowed);
    if fits && key != "." && !key.starts_with("..") {
        return Ok(());
    }
    let cleaned: String = key
        .chars()
        .map(|c| {
            if u8::try_from(c).is_ok_and(allowed) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let cleaned = cleaned
        .trim_start_matches('.')
        .get(..key.len().min(MAX_DATA_KEY))
        .unwrap_or_default()
        .to_owned();
    Err(refused(
        "data key",
        key,
        rule,
        (!cleaned.is_empty()).then_some(cleaned),
    ))
}

/// Checks the key of a label: an optional DNS-1123 subdomain and `/`, then at most 63 letters, digits, `-`, `_`
/// and `.` between a letter or digit at each end.
///
/// # Errors
/// `Kind::Input` that cites the rule.
pub fn check_label_key(key: &str) -> Result<()> {
    check_qualified("label key", key, key)
}

/// Checks the value of a label: empty, or as the name part of a label's key.
///
/// # Errors
/// `Kind::Input` that cites the rule.
pub fn check_label_value(value: &str) -> Result<()> {
    if value.is_empty() || is_qualified_name_part(value) {
        return Ok(());
    }
    let rule = "a label's value is empty, or at most 63 letters, digits, `-`, `_` and `.` that start and end with a \
                letter or digit";
    Err(refused("label value", value, rule, None).hint("put free text into an annotation instead"))
}

/// Checks the key of an annotation: as a label's key, but the prefix may have upper-case letters.
///
/// # Errors
/// `Kind::Input` that cites the rule.
pub fn check_annotation_key(key: &str) -> Result<()> {
    check_qualified("annotation key", key, &key.to_ascii_lowercase())
}

/// Checks all annotations: their keys, and their total size of at most 256 KiB.
///
/// # Errors
/// `Kind::Input` that cites the rule.
pub fn check_annotations(annotations: &BTreeMap<String, String>) -> Result<()> {
    annotations
        .keys()
        .try_for_each(|key| check_annotation_key(key))?;
    let size: usize = annotations
        .iter()
        .map(|(key, value)| key.len().saturating_add(value.len()))
        .sum();
    if size > MAX_ANNOTATIONS_SIZE {
        return Err(
            Error::new(Kind::Input, format!("the annotations have {size} bytes"))
                .because(format!(
                    "keys and values together may have {MAX_ANNOTATIONS_SIZE} bytes (256 KiB)"
                ))
                .hint("keep large values in the Secret's data or in a ConfigMap"),
        );
    }
    Ok(())
}

/// Checks the sum of the decoded values against [`MAX_SECRET_SIZE`]; keys do not count.
///
/// # Errors
/// `Kind::Input` that cites the rule.
pub fn check_data_size(sizes: impl IntoIterator<Item = usize>) -> Result<()> {
    let total = sizes.into_iter().fold(0_usize, usize::saturating_add);
    if total > MAX_SECRET_SIZE {
        return Err(Error::new(
            Kind::Input,
            format!("the values of the Secret have {total} bytes"),
        )
        .because(format!(
            "Kubernetes accepts at most {MAX_SECRET_SIZE} bytes (1 MiB) before base64"
        ))
        .hint("split the data into several Secrets"));
    }
    Ok(())
}

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=MAX_LABEL).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Unlike DNS itself, Kubernetes does not limit the labels of a subdomain to 63 characters.
fn is_subdomain(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text.len() <= MAX_SUBDOMAIN
        && text.split('.').all(|part| {
            !part.is_empty()
                && part.bytes().all(inner)
                && !part.starts_with('-')
                && !part.ends_with('-')
        })
}

fn is_qualified_name_part(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=MAX_LABEL).contains(&text.len())
        && text.bytes().all(inner)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
}

fn check_qualified(what: &str, shown: &str, key: &str) -> Result<()> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if prefix.is_none_or(is_subdomain) && is_qualified_name_part(name) {
        return Ok(());
    }
    let rule = "it is an optional DNS subdomain and `/`, then at most 63 letters, digits, `-`, `_` and `.` that start \
                and end with a letter or digit";
    Err(refused(what, shown, rule, None).hint("an example is `app.kubernetes.io/name`"))
}

fn refused(what: &str, text: &str, rule: &str, suggestion: Option<String>) -> Error {
    let error = Error::new(
        Kind::Input,
        format!("{} is not a valid {what}", quoted(text)),
    )
    .because(rule);
    match suggestion {
        Some(suggestion) => error.hint(format!("use `{suggestion}`")),
        None => error,
    }
}

/// The text in back quotes on one line, long texts cut.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 80;
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

fn suggestion(text: &str, max: usize, dots: bool) -> Option<String> {
    let mapped: String = text
        .chars()
        .map(|c| match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || (dots && c == '.') => {
                c
            }
            _ => '-',
        })
        .take(max)
        .collect();
    let mapped = mapped.trim_matches(['-', '.']);
    let valid = if dots {
        is_subdomain(mapped)
    } else {
        is_label(mapped)
    };
    valid.then(|| mapped.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn names_are_subdomains() {
        let long = "a".repeat(253);
        for name in ["a", "sops-age", "1234", "a.b.c", "x--y", long.as_str()] {
            check_name(name).unwrap();
        }
        let too_long = "a".repeat(254);
        for name in [
            "",
            "A",
            "a_b",
            "-a",
            "a-",
            "a..b",
            ".a",
            "a.",
            "a.-b",
            "ä",
            "a b",
            too_long.as_str(),
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_refused_name_comes_with_a_valid_one() {
        let error = check_name("Bad_Name").unwrap_err();
        assert_eq!(error.hints(), ["use `bad-name`"]);
        assert!(check_name("___").unwrap_err().hints().is_empty());
        assert_eq!(
            check_namespace("flux.system").unwrap_err().hints(),
            ["use `flux-system`"]
        );
    }

    #[test]
    fn namespaces_are_labels() {
        check_namespace(&"a".repeat(63)).unwrap();
        for namespace in ["", "a.b", "A", &"a".repeat(64)] {
            assert!(check_namespace(namespace).is_err(), "{namespace:?}");
        }
    }

    #[test]
    fn data_keys_follow_the_config_map_rule() {
        for key in [
            "a",
            ".dockerconfigjson",
            "age.agekey",
            "A_b-c.9",
            "...".trim_start_matches(".."),
            &"k".repeat(253),
        ] {
            if key != "." {
                check_data_key(key).unwrap();
            }
        }
        for key in [
            "",
            ".",
            "..",
            "..a",
            "a b",
            "a/b",
            "ü",
            "a\n",
            &"k".repeat(254),
        ] {
            assert!(check_data_key(key).is_err(), "{key:?}");
        }
        assert_eq!(
            check_data_key("a/b c").unwrap_err().hints(),
            ["use `a_b_c`"]
        );
    }

    #[test]
    fn labels_and_annotations_are_qualified() {
        for key in ["a", "app.kubernetes.io/name", "A_b.c-d", "x/Y"] {
            check_label_key(key).unwrap();
        }
        for key in [
            "",
            "/a",
            "a/",
            "a/b/c",
            "-a",
            "a-",
            "Upper.io/x",
            "a_b/c",
            &format!("a/{}", "n".repeat(64)),
        ] {
            assert!(check_label_key(key).is_err(), "{key:?}");
        }
        check_annotation_key("Upper.io/x").unwrap();
        assert!(check_annotation_key("a b").is_err());
        for value in ["", "a", "Enabled", &"v".repeat(63)] {
            check_label_value(value).unwrap();
        }
        for value in ["-a", "a b", "a:b", &"v".repeat(64)] {
            assert!(check_label_value(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn sizes_end_at_their_limits() {
        check_data_size([MAX_SECRET_SIZE]).unwrap();
        assert!(check_data_size([MAX_SECRET_SIZE, 1]).is_err());
        let annotations = |value: usize| BTreeMap::from([("abc".to_owned(), "v".repeat(value))]);
        check_annotations(&annotations(MAX_ANNOTATIONS_SIZE - 3)).unwrap();
        assert!(check_annotations(&annotations(MAX_ANNOTATIONS_SIZE - 2)).is_err());
    }
}
