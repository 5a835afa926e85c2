//! The SOPS model: what is sealed, with which key, and what proves it.

pub mod cipher;
pub mod config;
pub mod data_key;
pub mod envelope;
mod gcm;
pub mod goregex;
pub mod iv;
pub mod last_modified;
pub mod mac;
pub mod policy;
pub mod rule_path;
pub mod rules;
pub mod selector;
pub mod shamir;
