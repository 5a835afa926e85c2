//! stub
use super::checks::{self, Check};
pub fn concerns(check: &Check) -> bool {
    check == &checks::AGE_IDENTITY || check == &checks::PRIVATE_KEY
}
pub fn recipient_of(_: &[u8]) -> Option<Vec<String>> {
    None
}
pub fn opened_by<'a>(
    _: &[String],
    _: impl Iterator<Item = (&'a str, &'a [String])>,
) -> Vec<&'a str> {
    Vec::new()
}
