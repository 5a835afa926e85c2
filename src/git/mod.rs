//! Git repositories, read without Git: objects, index, references, history. Nothing is ever run, and
//! nothing is written.
//!
//! Formats as documented with Git: gitrepository-layout(5), gitformat-index(5), gitformat-pack(5),
//! gitformat-loose. Everything in a repository may be hostile: each read is bounded by a constant, and
//! what cannot be read is an error or a problem in words, never an empty answer.

mod delta;
mod files;
mod hash;
mod inflate;
mod loose;
mod oid;
mod pack;
mod pack_index;

pub mod history;
mod ignored;
pub mod index;
pub mod objects;
pub mod refs;
pub mod repository;
pub mod settings;
pub mod staged;
pub mod store;
pub mod worktree;

pub use history::{CommitId, History, Item, PathId, Placed, Scope};
pub use index::{Index, IndexEntry};
pub use objects::{Object, ObjectKind};
pub use oid::{HashKind, Oid};
pub use refs::{Head, References};
pub use repository::Repository;
pub use settings::Settings;
pub use staged::StagedChange;
pub use store::Store;
pub use worktree::{FileKind, Listed, Listing};
