//! Source text to tree with byte spans, and back: knows no cryptography and no keys.

pub mod edit;
pub mod flow;
pub mod json;
pub mod json_spell;
pub mod number;
pub mod place;
pub mod restyle;
pub mod scalar;
pub mod time;
pub mod tree;
pub mod yaml;

#[cfg(test)]
mod scalar_table;

/// The formats whose documents have a tree with spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// YAML in go-yaml's dialect, one or several documents.
    Yaml,
    /// One JSON object.
    Json,
}
