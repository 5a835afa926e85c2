//! The objects of a repository: packs, loose objects, alternates.

use super::objects::Object;
use super::oid::Oid;
use crate::error::Result;

/// The objects of a repository.
#[derive(Clone, Debug, Default)]
pub struct Store {
    problems: Vec<String>,
}

impl Store {
    /// An object of at most `limit` bytes; `None` if there is none of that name.
    ///
    /// # Errors
    ///
    /// Fails if it is there and cannot be read, or is larger.
    pub fn read(&self, oid: &Oid, limit: usize) -> Result<Option<Object>> {
        let _ = (oid, limit);
        Ok(None)
    }

    /// There is an object of that name.
    pub fn contains(&self, oid: &Oid) -> bool {
        let _ = oid;
        false
    }

    /// What could not be read, in words, with file names.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}
