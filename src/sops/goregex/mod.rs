//! Go's regular expressions, which `.sops.yaml` and the metadata of SOPS files are written in.
//!
//! [`GoRegex`] accepts what `regexp.Compile` of Go 1.26 accepts, refuses what it refuses, and gives
//! the same answer for every text. The expression is parsed here and handed to the engine of the
//! `regex` crate in its intermediate form, so no construct can be read differently on the way.
//!
//! Go 1.26 carries Unicode 15.0, and so do the classes and the case folding here. It takes the same group
//! name twice, and knows no script whose name is more than one word (`Old_Italic`); so does this module.
//!
//! Known differences, none of which a rule for paths, keys or comments meets:
//! - Go factors common prefixes out of alternatives before it counts nesting and size. Here they are
//!   counted without, so an expression within a few levels of Go's limit of 1000 may be judged
//!   differently.
//! - A surrogate such as `\x{D800}` matches nothing here. In Go it matches U+FFFD, but only right after
//!   `^` and in expressions without branches.
//! - Go compiles expressions that this engine needs more than [`ENGINE_LIMIT`] bytes for; they are
//!   refused with [`GoRegexReason::EngineLimit`].

mod class;
mod names;
mod node;
mod parse;

use std::cell::RefCell;
use std::fmt;

use regex_automata::meta;
use regex_syntax::hir::Look;

use node::Node;

/// How many bytes a compiled expression may take: what Go's own limit on instructions amounts to.
pub const ENGINE_LIMIT: usize = 128 << 20;

/// How many expressions each thread remembers, and how large they are at most, in bytes.
const RECENT_MAX: usize = 16;
const RECENT_SIZE: usize = 256 << 10;

thread_local! {
    static RECENT: RefCell<Vec<GoRegex>> = const { RefCell::new(Vec::new()) };
}

/// A compiled expression.
#[derive(Clone)]
pub struct GoRegex {
    expr: String,
    regex: meta::Regex,
    anchored_start: bool,
    anchored_end: bool,
}

impl GoRegex {
    /// Compiles an expression as Go's `regexp.Compile` does.
    ///
    /// # Errors
    /// What Go refuses, and what the engine has no room for ([`ENGINE_LIMIT`]).
    pub fn compile(expr: &str) -> Result<Self, GoRegexError> {
        // Thousands of files name the same few expressions.
        RECENT.with_borrow_mut(|recent| {
            if let Some(known) = recent.iter().find(|known| known.expr == expr) {
                return Ok(known.clone());
            }
            let made = Self::compile_within(expr, ENGINE_LIMIT)?;
            if made.regex.memory_usage() <= RECENT_SIZE {
                if recent.len() >= RECENT_MAX {
                    recent.remove(0);
                }
                recent.push(made.clone());
            }
            Ok(made)
        })
    }

    fn compile_within(expr: &str, limit: usize) -> Result<Self, GoRegexError> {
        let node = parse::parse(expr)?;
        let look = node.hir().properties();
        let anchored_start = look.look_set_prefix().contains(Look::Start);
        let anchored_end = look.look_set_suffix().contains(Look::End);
        Ok(GoRegex {
            expr: expr.to_owned(),
            regex: build(&node, limit)?,
            anchored_start,
            anchored_end,
        })
    }

    /// Whether the expression matches anywhere in the text, like Go's `MatchString`.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The expression as it was given.
    pub fn as_str(&self) -> &str {
        &self.expr
    }

    /// Whether every match starts where the text starts.
    pub fn is_anchored_start(&self) -> bool {
        self.anchored_start
    }

    /// Whether every match ends where the text ends.
    pub fn is_anchored_end(&self) -> bool {
        self.anchored_end
    }
}

impl fmt::Debug for GoRegex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GoRegex").field(&self.expr).finish()
    }
}

impl PartialEq for GoRegex {
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr
    }
}

impl Eq for GoRegex {}

/// The engine's compiler recurses: beyond this height it gets a stack of its own.
const SHALLOW: u32 = 32;
/// Room for 1000 levels in an unoptimised build, several times over.
const DEEP_STACK: usize = 64 << 20;

fn build(node: &Node, limit: usize) -> Result<meta::Regex, GoRegexError> {
    let hir = node.hir();
    let compile = || {
        // What is matched is short: building the whole automaton would cost more than it saves.
        let config = meta::Config::new().nfa_size_limit(Some(limit)).dfa(false);
        meta::Builder::new()
            .configure(config)
            .build_from_hir(hir)
            .ok()
    };
    let regex = if node.height() <= SHALLOW {
        compile()
    } else {
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .stack_size(DEEP_STACK)
                .spawn_scoped(scope, compile);
            thread.ok()?.join().ok()?
        })
    };
    regex.ok_or(GoRegexError {
        offset: 0,
        reason: GoRegexReason::EngineLimit { bytes: limit },
    })
}

/// Why an expression is refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoRegexError {
    /// Where in the expression the offending construct starts, in bytes.
    pub offset: usize,
    /// What is wrong with it.
    pub reason: GoRegexReason,
}

impl fmt::Display for GoRegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.reason, self.offset)
    }
}

impl std::error::Error for GoRegexError {}

/// What is wrong with an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GoRegexReason {
    /// `\p{...}` or `[:...:]` with a name that Go does not know.
    ClassName,
    /// `[z-a]`.
    ClassRange,
    /// An escape that Go does not have, back-references included.
    Escape,
    /// A name of a group with other characters than ASCII letters, digits and `_`.
    GroupName,
    /// `(?` followed by what Go does not support, such as look-around.
    GroupSyntax,
    /// `[` without its `]`.
    MissingBracket,
    /// `(` without its `)`.
    MissingParenthesis,
    /// `a**`.
    NestedRepetition,
    /// `*` with nothing before it.
    NothingToRepeat,
    /// A count above 1000, by itself or multiplied over nested repetitions, or `{2,1}`.
    RepeatSize,
    /// A backslash at the very end.
    TrailingBackslash,
    /// `)` without its `(`.
    UnexpectedParenthesis,
    /// More than 1000 levels of nesting.
    TooDeep,
    /// More instructions than Go allows.
    TooLarge {
        /// How many it allows.
        limit: u64,
    },
    /// More memory than the engine is given.
    EngineLimit {
        /// How much it is given.
        bytes: usize,
    },
}

impl fmt::Display for GoRegexReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GoRegexReason::ClassName => "unknown name of a character class",
            GoRegexReason::ClassRange => "character range that ends before it starts",
            GoRegexReason::Escape => "invalid escape sequence",
            GoRegexReason::GroupName => "invalid name of a group",
            GoRegexReason::GroupSyntax => "invalid or unsupported syntax after `(?`",
            GoRegexReason::MissingBracket => "missing closing `]`",
            GoRegexReason::MissingParenthesis => "missing closing `)`",
            GoRegexReason::NestedRepetition => "repetition of a repetition",
            GoRegexReason::NothingToRepeat => "repetition of nothing",
            GoRegexReason::RepeatSize => {
                "invalid repeat count (at most 1000, nested counts multiplied)"
            }
            GoRegexReason::TrailingBackslash => "backslash at the end",
            GoRegexReason::UnexpectedParenthesis => "unexpected `)`",
            GoRegexReason::TooDeep => "nested more than 1000 levels deep",
            GoRegexReason::TooLarge { limit } => {
                return write!(f, "larger than {limit} instructions");
            }
            GoRegexReason::EngineLimit { bytes } => {
                return write!(f, "needs more than {} MiB when compiled", bytes >> 20);
            }
        })
    }
}

#[cfg(test)]
mod tests;
