//! YAML in go-yaml v3's dialect, which is what `sops`, Flux and kustomize read: YAML 1.1's grammar
//! as libyaml implements it. Every token knows its bytes.

pub mod block_scalar;
mod comments;
pub mod emit;
mod parser;
pub(crate) mod parts;
mod placing;
pub mod reader;
pub mod resolve;
pub mod restyle;
mod scalars;
mod scanner;
pub mod spell;

use std::fmt;

pub use parser::Stream;

/// Deepest nesting of collections. go-yaml stops at 10,000; no manifest comes near, and a lower
/// limit keeps recursion over the tree well inside a thread's stack.
pub const MAX_DEPTH: usize = 250;

/// Largest text: offsets are 32 bits wide, and a file of secrets this large is a mistake.
pub const MAX_TEXT: usize = 1 << 30;

/// A text that is not YAML in go-yaml's dialect, or not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Byte offset of the place.
    pub offset: usize,
    /// What is wrong.
    pub what: String,
    /// How to mend it, when that is known.
    pub hint: Option<&'static str>,
}

impl SyntaxError {
    pub(crate) fn new(offset: usize, what: impl Into<String>) -> Self {
        SyntaxError {
            offset,
            what: what.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.what)
    }
}

impl std::error::Error for SyntaxError {}
