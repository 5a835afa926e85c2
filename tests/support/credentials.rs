//! Fake credentials of every kind, in every encoding, among texts that only look like one: a corpus with
//! its truth, the same on every machine. Nothing here opens anything.
//!
//! Tokens are put together from parts, so that no file of this repository holds one.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "credentials/decoys.rs"]
pub mod decoys;
#[path = "credentials/files.rs"]
pub mod files;
#[path = "credentials/hosts.rs"]
pub mod hosts;
#[path = "credentials/kinds.rs"]
pub mod kinds;
#[path = "credentials/tokens.rs"]
pub mod tokens;

/// A file of the corpus.
#[derive(Clone, Debug)]
pub struct Sample {
    pub path: String,
    pub bytes: Vec<u8>,
    /// The kind of credential, or of decoy.
    pub kind: &'static str,
    /// How it is written, or `decoy`.
    pub encoding: &'static str,
    /// The first and the last line of the credential; `None` for a decoy.
    pub lines: Option<(usize, usize)>,
    /// The checks of which one has to find it.
    pub checks: &'static [&'static str],
}

/// All of them: each kind in each encoding, several times, and the decoys.
pub fn samples() -> Vec<Sample> {
    let mut samples = hosts::samples();
    samples.extend(files::samples());
    samples.extend(decoys::samples());
    samples
}
