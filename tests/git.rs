//! The reading of Git repositories, compared with Git itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "git/fixture.rs"]
mod fixture;
#[path = "git/history.rs"]
mod history;
#[path = "git/hostile.rs"]
mod hostile;
#[path = "git/index.rs"]
mod index;
#[path = "git/packs.rs"]
mod packs;
#[path = "git/places.rs"]
mod places;
#[path = "git/ranges.rs"]
mod ranges;
#[path = "git/references.rs"]
mod references;
#[path = "git/store.rs"]
mod store;
#[path = "git/worktree.rs"]
mod worktree;
