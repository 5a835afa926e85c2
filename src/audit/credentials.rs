//! Credentials anywhere: recognised by their own shape, with checksums where the format has one.

use super::finding::Hit;
use super::subject::Subject;

/// Looks for credentials in a text.
pub fn check(_subject: &Subject<'_>, _hits: &mut Vec<Hit>) {}

/// A text without any of the literals of this family holds none of its credentials, unless
/// [`is_credential_file`] says that its name alone makes it one to look at.
pub fn may_hold(_bytes: &[u8]) -> bool {
    false
}

/// The path is that of a well-known credential file, to be looked at whatever it holds.
pub fn is_credential_file(_path: &str) -> bool {
    false
}
