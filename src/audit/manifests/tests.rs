//! Both directions: what is found, and what is none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
