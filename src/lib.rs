//! The library behind `secrets`: SOPS files read and written with every other byte left as it was.
//!
//! Data flows downwards only: `sops` and `keys` know no terminal, `document` knows no keys, and
//! only the binary's `ui` prints.

#![forbid(unsafe_code)]

pub mod audit;
pub mod document;
pub mod error;
pub mod fsio;
pub mod git;
pub mod keys;
pub mod kubernetes;
pub mod placement;
pub mod report;
pub mod secret;
pub mod sops;

pub use document::Format;
pub use error::{Error, Kind, Result};
