//! The SOPS model: what is sealed, with which key, and what proves it.

pub mod change;
pub mod cipher;
mod collect;
pub mod config;
pub mod data_key;
pub mod emission;
pub mod envelope;
pub mod file;
mod gcm;
pub mod goregex;
pub mod insertion;
pub mod iv;
pub mod key_groups;
pub mod last_modified;
pub mod layout;
pub mod mac;
pub mod metadata;
pub mod open;
pub mod policy;
mod printed;
pub mod rule_path;
pub mod rules;
pub mod seal;
pub mod selector;
pub mod shamir;
pub mod top_up;
pub mod walk;
