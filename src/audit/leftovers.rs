//! Files that should not be there: decrypted copies, editor leftovers, plain twins of sealed files.

use super::finding::Hit;
use super::subject::Subject;
use super::view::View;

/// Looks at a file; `view` has its neighbours.
pub fn check(_subject: &Subject<'_>, _view: Option<&dyn View>, _hits: &mut Vec<Hit>) {}

/// The path is one to look at, whatever it holds.
pub fn is_suspicious(_path: &str) -> bool {
    false
}
