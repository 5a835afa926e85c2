//! YAML in go-yaml v3's dialect.

pub mod block_scalar;
pub mod resolve;
pub mod spell;
