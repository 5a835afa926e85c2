//! The program against the real tools: what one writes the other has to read.
//!
//! `.ci/run` installs the tools, names their folder in `SECRETS_TOOLS` and runs these with `--ignored`.
//! A tool that is missing is a failure, never a skip.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise, and the tallies are for the log"
)]

#[path = "live/documents.rs"]
mod documents;
#[path = "support/generate.rs"]
mod generate;
#[path = "live/keys.rs"]
mod keys;
#[path = "live/pre_commit.rs"]
mod pre_commit;
#[path = "live/reseal.rs"]
mod reseal;
#[path = "live/rops.rs"]
mod rops;
#[path = "live/rules.rs"]
mod rules;
#[path = "live/tools.rs"]
mod tools;
