//! Module under construction.

pub mod goregex;
pub mod selector;
