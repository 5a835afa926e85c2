//! The `version` of the block.

use super::read::RESTORE;
use crate::error::{Error, Kind, Result};

/// SOPS parses the version on every load (`blang/semver`; a leading `v` is fine, 1.x may be anything).
pub(super) fn check_version(version: &str) -> Result<()> {
    if version.is_empty() {
        return Err(Error::new(
            Kind::Input,
            "`version` of the `sops` block is empty or missing",
        )
        .because("SOPS refuses a file that does not say which version wrote it")
        .hint("add `version: 3.13.3` to the `sops` block"));
    }
    if version.starts_with("1.") || is_semver(version.strip_prefix('v').unwrap_or(version)) {
        return Ok(());
    }
    Err(Error::new(
        Kind::Input,
        "`version` of the `sops` block is not a semantic version",
    )
    .because("SOPS refuses such a file; expected three numbers, such as `3.13.3`")
    .hint(RESTORE))
}

fn is_semver(text: &str) -> bool {
    let is_number = |text: &str| {
        text.parse::<u64>().is_ok()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'))
    };
    let is_word = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let mut parts = text.splitn(3, '.');
    let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let (rest, build) = match rest.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (rest, None),
    };
    let (patch, pre) = match rest.split_once('-') {
        Some((patch, pre)) => (patch, Some(pre)),
        None => (rest, None),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    [major, minor, patch].into_iter().all(is_number)
        && pre.is_none_or(|pre| {
            pre.split('.')
                .all(|word| is_word(word) && (!is_digits(word) || is_number(word)))
        })
        && build.is_none_or(|build| build.split('.').all(is_word))
}
