//! Module under construction.

pub mod goregex;
pub mod rule_path;
pub mod selector;
