//! The files of a repository as one state of it has them: the working tree, the index, a commit.

/// Reads other files of the state that a text is part of.
pub trait View: Sync {
    /// The bytes of the file at a path (with `/`, relative to the repository); `None` if there is no
    /// such regular file, or it cannot be read or is too large.
    fn read(&self, path: &str) -> Option<Vec<u8>>;

    /// The paths of all files, sorted.
    fn paths(&self) -> &[String];
}
