//! Source text to tree with byte spans, and back: knows no cryptography and no keys.

pub mod json_spell;
pub mod number;
pub mod place;
pub mod scalar;
pub mod time;
pub mod tree;
pub mod yaml;

#[cfg(test)]
mod scalar_table;
