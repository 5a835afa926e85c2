//! A parsed piece of an expression together with what Go's limits are counted on.

use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, ClassUnicode, Hir, Look, Repetition};

use super::{GoRegexError, GoRegexReason};

/// How high Go lets the tree of an expression grow.
const MAX_HEIGHT: u32 = 1000;
/// How many instructions Go lets an expression compile to: 128 MiB of 40 bytes each.
const MAX_INSTRUCTIONS: u64 = (128 << 20) / 40;

/// How often something is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    Star,
    Plus,
    Quest,
    /// At least, and at most unless unbounded.
    Counts(u32, Option<u32>),
}

impl Quantity {
    /// Whether Go counts nested repetitions when it meets this one.
    pub(super) fn multiplies(self) -> bool {
        matches!(self, Quantity::Counts(min, max) if min >= 2 || max.is_some_and(|max| max >= 2))
    }

    /// The repetition of `regex-syntax` without its operand.
    fn of(self, sub: Hir) -> Hir {
        let (min, max) = match self {
            Quantity::Star => (0, None),
            Quantity::Plus => (1, None),
            Quantity::Quest => (0, Some(1)),
            Quantity::Counts(min, max) => (min, max),
        };
        Hir::repetition(Repetition {
            min,
            max,
            greedy: true,
            sub: Box::new(sub),
        })
    }
}

/// What Go's parser would have made of the piece, as far as its height depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Letters in a row, which Go keeps in one node if all of them are folded or none is.
    Literal {
        fold_case: bool,
        single: bool,
    },
    /// A class; adjacent alternatives of this shape become one.
    Class,
    Concat,
    Alternation,
    Other,
}

/// A piece of an expression.
pub(super) struct Node {
    hir: Hir,
    shape: Shape,
    height: u32,
    /// Go's estimate of the instructions.
    size: u64,
    /// The largest product of nested counts.
    copies: u32,
}

impl Node {
    fn leaf(hir: Hir, shape: Shape) -> Self {
        Node {
            hir,
            shape,
            height: 1,
            size: 1,
            copies: 1,
        }
    }

    /// One letter, as the class of what it matches.
    pub(super) fn literal(hir: Hir, fold_case: bool) -> Self {
        Node::leaf(
            hir,
            Shape::Literal {
                fold_case,
                single: true,
            },
        )
    }

    pub(super) fn class(class: ClassUnicode) -> Self {
        let hir = beyond_ascii(&class).unwrap_or_else(|| Hir::class(Class::Unicode(class)));
        Node::leaf(hir, Shape::Class)
    }

    pub(super) fn look(look: Look) -> Self {
        Node::leaf(Hir::look(look), Shape::Other)
    }

    /// A capturing group, which counts for Go although nothing is captured here.
    pub(super) fn capture(inner: Node) -> Self {
        Node {
            shape: Shape::Other,
            height: inner.height.saturating_add(1),
            size: inner.size.saturating_add(2),
            ..inner
        }
    }

    pub(super) fn repeat(self, quantity: Quantity) -> Self {
        let size = match quantity {
            Quantity::Star | Quantity::Counts(0, None) => self.size.saturating_add(2),
            Quantity::Plus | Quantity::Quest => self.size.saturating_add(1),
            Quantity::Counts(min, None) => {
                u64::from(min).saturating_mul(self.size).saturating_add(1)
            }
            Quantity::Counts(min, Some(max)) => u64::from(max)
                .saturating_mul(self.size)
                .saturating_add(u64::from(max - min.min(max))),
        };
        let copies = match quantity {
            Quantity::Counts(_, Some(0)) => 1,
            Quantity::Counts(min, max) => self.copies.saturating_mul(max.unwrap_or(min).max(1)),
            _ => self.copies,
        };
        Node {
            hir: quantity.of(self.hir),
            shape: Shape::Other,
            height: self.height.saturating_add(1),
            size: size.max(1),
            copies,
        }
    }

    /// Pieces one after the other.
    pub(super) fn concat(items: Vec<Node>) -> Self {
        Node::join(items, Shape::Concat)
    }

    /// Pieces of which one is to match.
    pub(super) fn alternation(items: Vec<Node>) -> Self {
        Node::join(items, Shape::Alternation)
    }

    fn join(mut items: Vec<Node>, shape: Shape) -> Self {
        if items.len() < 2 {
            return items
                .pop()
                .unwrap_or_else(|| Node::leaf(Hir::empty(), Shape::Other));
        }
        let mut children = 0u32;
        let mut tallest = 0;
        let mut size = 0u64;
        let mut copies = 1;
        let mut previous: Option<Shape> = None;
        for item in &items {
            let merged = previous.and_then(|previous| merge(shape, previous, item.shape));
            // A nested node of the same kind is dissolved.
            let nested = item.shape == shape;
            tallest = tallest.max(if nested {
                item.height.saturating_sub(1)
            } else {
                item.height
            });
            children = children.saturating_add(if merged.is_some() {
                0
            } else {
                1 + u32::from(nested)
            });
            size = size
                .saturating_add(item.size)
                .saturating_add(u64::from(shape == Shape::Alternation));
            copies = copies.max(item.copies);
            previous = Some(merged.unwrap_or(item.shape));
        }
        let (height, joined) = match previous {
            Some(only) if children == 1 => (1, only),
            _ => (1 + tallest, shape),
        };
        let hirs = items.into_iter().map(|item| item.hir).collect();
        let hir = if shape == Shape::Alternation {
            Hir::alternation(hirs)
        } else {
            Hir::concat(hirs)
        };
        Node {
            hir,
            shape: joined,
            height,
            size,
            copies,
        }
    }

    pub(super) fn copies(&self) -> u32 {
        self.copies
    }

    /// Refuses a piece that is beyond Go's limits. `offset` is where it starts.
    pub(super) fn check(&self, offset: usize) -> Result<(), GoRegexError> {
        if self.height > MAX_HEIGHT {
            return Err(GoRegexError {
                offset,
                reason: GoRegexReason::TooDeep,
            });
        }
        if self.size > MAX_INSTRUCTIONS {
            return Err(GoRegexError {
                offset,
                reason: GoRegexReason::TooLarge {
                    limit: MAX_INSTRUCTIONS,
                },
            });
        }
        Ok(())
    }

    /// The height of Go's tree, which the height of the intermediate form does not exceed.
    pub(super) fn height(&self) -> u32 {
        self.height
    }

    pub(super) fn hir(&self) -> &Hir {
        &self.hir
    }
}

/// A class that holds every character beyond ASCII, as `.` and `[^/]` do, in bytes. What is matched is
/// UTF-8, so any lead byte with its followers is such a character; the engine takes a hundred times
/// as long to find that out from the class.
fn beyond_ascii(class: &ClassUnicode) -> Option<Hir> {
    let last = class.ranges().last()?;
    if last.start() > '\u{80}' || last.end() != char::MAX {
        return None;
    }
    let bytes = |low, high| {
        Hir::class(Class::Bytes(ClassBytes::new([ClassBytesRange::new(
            low, high,
        )])))
    };
    let ascii = class.ranges().iter().filter_map(|range| {
        let end = u32::from(range.end()).min(0x7F);
        let (low, high) = (u8::try_from(range.start()).ok()?, u8::try_from(end).ok()?);
        (low <= high).then(|| ClassBytesRange::new(low, high))
    });
    let mut branches = vec![Hir::class(Class::Bytes(ClassBytes::new(ascii)))];
    for (low, high, followers) in [(0xC2, 0xDF, 1), (0xE0, 0xEF, 2), (0xF0, 0xF4, 3)] {
        let mut character = vec![bytes(low, high)];
        character.extend((0..followers).map(|_| bytes(0x80, 0xBF)));
        branches.push(Hir::concat(character));
    }
    Some(Hir::alternation(branches))
}

/// The shape of two neighbours that Go keeps in one node; `None` if it keeps them apart.
fn merge(parent: Shape, left: Shape, right: Shape) -> Option<Shape> {
    let one = |shape| matches!(shape, Shape::Class | Shape::Literal { single: true, .. });
    match (parent, left, right) {
        (
            Shape::Concat,
            Shape::Literal { fold_case, .. },
            Shape::Literal {
                fold_case: other, ..
            },
        ) if fold_case == other => Some(Shape::Literal {
            fold_case,
            single: false,
        }),
        (Shape::Alternation, left, right) if one(left) && one(right) => Some(Shape::Class),
        _ => None,
    }
}
