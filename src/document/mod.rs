//! Source text to tree with byte spans, and back: knows no cryptography and no keys.

pub mod scalar;
pub mod tree;
pub mod yaml;
