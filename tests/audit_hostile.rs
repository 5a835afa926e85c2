//! Repositories that somebody made to break the audit: it never crashes, hangs, runs or writes anything, and is
//! never green.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/corpus.rs"]
mod corpus;
#[path = "hostile/damage.rs"]
mod damage;
#[path = "hostile/files.rs"]
mod files;
#[path = "support/hostile.rs"]
mod hostile;
#[path = "support/repository.rs"]
mod repository;
#[path = "hostile/tricks.rs"]
mod tricks;
