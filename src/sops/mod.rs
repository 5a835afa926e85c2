//! Module under construction.

pub mod goregex;
