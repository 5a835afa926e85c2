//! A parser for Go's regular expressions that yields the intermediate form of `regex-syntax`.
//!
//! Groups are kept on an explicit stack, so an expression cannot exhaust the call stack. Captures
//! are not wanted, so every group is a plain one.

use regex_syntax::hir::{Class, ClassUnicode, Hir, Look};

use super::class;
use super::node::{Node, Quantity};
use super::{GoRegexError, GoRegexReason as Reason};

/// The largest count in `{n,m}`, also multiplied over nested repetitions.
const MAX_REPEAT: u32 = 1000;

/// The flags that `(?...)` switches. Greediness does not change whether a text matches.
#[derive(Clone, Copy, Default)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_newline: bool,
}

/// A group whose end is not yet reached; the bottom one is the whole expression.
struct Group {
    /// Where its parenthesis is, in bytes.
    offset: usize,
    capture: bool,
    flags_outside: Flags,
    /// The alternatives before the one being read.
    alternatives: Vec<Node>,
    /// What the alternative being read consists of so far.
    items: Vec<Node>,
}

impl Group {
    fn new(offset: usize, capture: bool, flags_outside: Flags) -> Self {
        Group {
            offset,
            capture,
            flags_outside,
            alternatives: Vec::new(),
            items: Vec::new(),
        }
    }

    fn end_alternative(&mut self) {
        let node = Node::concat(std::mem::take(&mut self.items));
        self.alternatives.push(node);
    }

    fn finish(mut self) -> Node {
        self.end_alternative();
        let node = Node::alternation(self.alternatives);
        if self.capture {
            Node::capture(node)
        } else {
            node
        }
    }
}

/// Parses an expression.
pub(super) fn parse(expr: &str) -> Result<Node, GoRegexError> {
    Parser {
        expr,
        position: 0,
        flags: Flags::default(),
        open: Vec::new(),
        group: Group::new(0, false, Flags::default()),
        repeated: false,
    }
    .run()
}

struct Parser<'e> {
    expr: &'e str,
    /// Where the unread part starts, in bytes.
    position: usize,
    flags: Flags,
    /// The groups around `group`, outermost first.
    open: Vec<Group>,
    group: Group,
    /// Whether a repetition operator was just read: Go refuses `a**`.
    repeated: bool,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Node, GoRegexError> {
        while let Some(next) = self.peek() {
            let repeated = std::mem::replace(&mut self.repeated, false);
            match next {
                '*' | '+' | '?' | '{' => self.repetition(next, repeated)?,
                '(' => self.open_group()?,
                ')' => self.close_group()?,
                '|' => {
                    self.bump();
                    self.group.end_alternative();
                }
                '[' => self.brackets()?,
                '\\' => self.escape_outside()?,
                '^' | '$' | '.' => self.single(next)?,
                _ => {
                    self.bump();
                    self.literal(next)?;
                }
            }
        }
        if !self.open.is_empty() {
            return Err(error(self.group.offset, Reason::MissingParenthesis));
        }
        let node = self.group.finish();
        node.check(0)?;
        Ok(node)
    }

    // Reading characters.

    fn rest(&self) -> &str {
        self.expr.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    fn eat(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.position += prefix.len();
        }
        found
    }

    // Adding nodes.

    fn push(&mut self, offset: usize, node: Node) -> Result<(), GoRegexError> {
        node.check(offset)?;
        self.group.items.push(node);
        Ok(())
    }

    fn push_class(&mut self, offset: usize, class: ClassUnicode) -> Result<(), GoRegexError> {
        self.push(offset, Node::class(class))
    }

    fn literal(&mut self, letter: char) -> Result<(), GoRegexError> {
        self.code_point(self.position, u32::from(letter))
    }

    /// A code point on its own. A surrogate, which only `\x{...}` can name, is in no text.
    fn code_point(&mut self, offset: usize, code: u32) -> Result<(), GoRegexError> {
        let mut class = ClassUnicode::empty();
        class::add_range(&mut class, code, code);
        if self.flags.fold_case {
            class::fold(&mut class);
        }
        self.push(
            offset,
            Node::literal(Hir::class(Class::Unicode(class)), self.flags.fold_case),
        )
    }

    fn single(&mut self, operator: char) -> Result<(), GoRegexError> {
        let offset = self.position;
        self.bump();
        let look = match (operator, self.flags.multi_line) {
            ('^', false) => Look::Start,
            ('^', true) => Look::StartLF,
            ('$', false) => Look::End,
            ('$', true) => Look::EndLF,
            _ => {
                let mut class = ClassUnicode::empty();
                if !self.flags.dot_newline {
                    class::add_range(&mut class, 0xA, 0xA);
                }
                class.negate();
                return self.push_class(offset, class);
            }
        };
        self.push(offset, Node::look(look))
    }

    // Repetition.

    fn repetition(&mut self, operator: char, repeated: bool) -> Result<(), GoRegexError> {
        let offset = self.position;
        let quantity = match operator {
            '*' => Quantity::Star,
            '+' => Quantity::Plus,
            '?' => Quantity::Quest,
            _ => match self.counts() {
                Some(counts) => counts?,
                None => {
                    // What does not read as counts is an ordinary brace.
                    self.bump();
                    return self.literal('{');
                }
            },
        };
        if operator != '{' {
            self.bump();
        }
        self.eat("?");
        if repeated {
            return Err(error(offset, Reason::NestedRepetition));
        }
        let Some(node) = self.group.items.pop() else {
            return Err(error(offset, Reason::NothingToRepeat));
        };
        let node = node.repeat(quantity);
        if quantity.multiplies() && node.copies() > MAX_REPEAT {
            return Err(error(offset, Reason::RepeatSize));
        }
        self.repeated = true;
        self.push(offset, node)
    }

    /// Reads `{n}`, `{n,}` or `{n,m}`; `None`, and nothing read, if the brace starts none of these.
    fn counts(&mut self) -> Option<Result<Quantity, GoRegexError>> {
        let offset = self.position;
        let rest = self.rest();
        let inner = rest.strip_prefix('{')?;
        let (minimum, after) = integer(inner)?;
        let (maximum, after) = match after.strip_prefix(',') {
            None => (Some(minimum), after),
            Some(after) if after.starts_with('}') => (None, after),
            Some(after) => {
                let (maximum, after) = integer(after)?;
                (Some(maximum), after)
            }
        };
        let after = after.strip_prefix('}')?;
        self.position += rest.len() - after.len();
        if minimum > MAX_REPEAT
            || maximum.is_some_and(|maximum| maximum > MAX_REPEAT || maximum < minimum)
        {
            return Some(Err(error(offset, Reason::RepeatSize)));
        }
        Some(Ok(Quantity::Counts(minimum, maximum)))
    }

    // Groups.

    fn open_group(&mut self) -> Result<(), GoRegexError> {
        let offset = self.position;
        if !self.rest().starts_with("(?") {
            self.bump();
            self.enter(offset, true);
            return Ok(());
        }
        if self.eat("(?P<") || self.eat("(?<") {
            let name = self.rest().split_once('>').map(|(name, _)| name.to_owned());
            let valid = |name: &String| {
                !name.is_empty() && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
            };
            let Some(name) = name.filter(valid) else {
                return Err(error(offset, Reason::GroupName));
            };
            self.position += name.len() + 1;
            self.enter(offset, true);
            return Ok(());
        }
        self.position += "(?".len();
        self.flags_group(offset)
    }

    /// `(?flags)` and `(?flags:`, after the question mark.
    fn flags_group(&mut self, offset: usize) -> Result<(), GoRegexError> {
        let mut flags = self.flags;
        let mut on = true;
        let mut seen_since_minus = false;
        loop {
            let Some(next) = self.bump() else {
                return Err(error(offset, Reason::GroupSyntax));
            };
            match next {
                'i' => flags.fold_case = on,
                'm' => flags.multi_line = on,
                's' => flags.dot_newline = on,
                'U' => {}
                '-' if on => {
                    on = false;
                    seen_since_minus = false;
                    continue;
                }
                ':' | ')' if on || seen_since_minus => {
                    if next == ':' {
                        self.enter(offset, false);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => return Err(error(offset, Reason::GroupSyntax)),
            }
            seen_since_minus = true;
        }
    }

    fn enter(&mut self, offset: usize, capture: bool) {
        let outer = std::mem::replace(&mut self.group, Group::new(offset, capture, self.flags));
        self.open.push(outer);
    }

    fn close_group(&mut self) -> Result<(), GoRegexError> {
        let offset = self.position;
        let Some(outer) = self.open.pop() else {
            return Err(error(offset, Reason::UnexpectedParenthesis));
        };
        self.bump();
        let inner = std::mem::replace(&mut self.group, outer);
        self.flags = inner.flags_outside;
        let offset = inner.offset;
        let node = inner.finish();
        self.push(offset, node)
    }

    // Escapes.

    fn escape_outside(&mut self) -> Result<(), GoRegexError> {
        let offset = self.position;
        let mut after = self.rest().chars().skip(1);
        let look = match after.next() {
            Some('A') => Look::Start,
            Some('z') => Look::End,
            Some('b') => Look::WordAscii,
            Some('B') => Look::WordAsciiNegate,
            Some('Q') => return self.quoted(),
            _ => {
                return match self.escaped_class()? {
                    Some(class) => self.push_class(offset, class),
                    None => {
                        let code = self.escaped_code_point()?;
                        self.code_point(offset, code)
                    }
                };
            }
        };
        self.position += 2;
        self.push(offset, Node::look(look))
    }

    /// `\Q...\E`: everything between is literal; without `\E`, to the end.
    fn quoted(&mut self) -> Result<(), GoRegexError> {
        self.position += r"\Q".len();
        let rest = self.rest();
        let (quoted, length) = match rest.split_once(r"\E") {
            Some((quoted, _)) => (quoted.to_owned(), quoted.len() + r"\E".len()),
            None => (rest.to_owned(), rest.len()),
        };
        self.position += length;
        quoted.chars().try_for_each(|letter| self.literal(letter))
    }

    /// `\d` and its kin, `\p{...}` and `\P{...}`; `None`, and nothing read, for another escape.
    fn escaped_class(&mut self) -> Result<Option<ClassUnicode>, GoRegexError> {
        let offset = self.position;
        let mut after = self.rest().strip_prefix('\\').unwrap_or_default().chars();
        let Some(letter) = after.next() else {
            return Ok(None);
        };
        if !matches!(letter, 'p' | 'P') {
            let class = class::perl(letter, self.flags.fold_case);
            if class.is_some() {
                self.position += 2;
            }
            return Ok(class);
        }
        let after = after.as_str();
        let unknown = || error(offset, Reason::ClassName);
        let (name, length) = match after.strip_prefix('{') {
            Some(braced) => {
                let (name, _) = braced.split_once('}').ok_or_else(unknown)?;
                (name, name.len() + 2)
            }
            None => {
                let length = after.chars().next().ok_or_else(unknown)?.len_utf8();
                (after.get(..length).unwrap_or_default(), length)
            }
        };
        let bare = name.strip_prefix('^');
        let negated = (letter == 'P') != bare.is_some();
        let class = class::unicode(bare.unwrap_or(name), self.flags.fold_case, negated)
            .ok_or_else(unknown)?;
        self.position += 2 + length;
        Ok(Some(class))
    }

    /// An escape that stands for one code point.
    fn escaped_code_point(&mut self) -> Result<u32, GoRegexError> {
        let offset = self.position;
        self.bump();
        let invalid = || error(offset, Reason::Escape);
        let letter = self
            .bump()
            .ok_or_else(|| error(offset, Reason::TrailingBackslash))?;
        Ok(match letter {
            'a' => 0x07,
            'f' => 0x0C,
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'v' => 0x0B,
            'x' => self.hexadecimal().ok_or_else(invalid)?,
            '0'..='7' => {
                let mut code = letter.to_digit(8).unwrap_or_default();
                let mut digits = 1;
                while digits < 3
                    && let Some(digit) = self.peek().and_then(|c| c.to_digit(8))
                {
                    self.bump();
                    code = code * 8 + digit;
                    digits += 1;
                }
                // A digit other than 0 on its own would be a back-reference.
                if digits == 1 && letter != '0' {
                    return Err(invalid());
                }
                code
            }
            _ if letter.is_ascii() && !letter.is_ascii_alphanumeric() => u32::from(letter),
            _ => return Err(invalid()),
        })
    }

    /// The two digits, or the digits in braces, after `\x`.
    fn hexadecimal(&mut self) -> Option<u32> {
        if !self.eat("{") {
            let high = self.bump()?.to_digit(16)?;
            return Some(high * 16 + self.bump()?.to_digit(16)?);
        }
        let mut code = self.bump()?.to_digit(16)?;
        loop {
            match self.bump()? {
                '}' => return Some(code),
                digit => code = code * 16 + digit.to_digit(16)?,
            }
            if code > u32::from(char::MAX) {
                return None;
            }
        }
    }

    // Bracketed classes.

    fn brackets(&mut self) -> Result<(), GoRegexError> {
        let offset = self.position;
        self.bump();
        let negated = self.eat("^");
        let mut class = ClassUnicode::empty();
        let mut listed = ClassUnicode::empty();
        let mut first = true;
        while first || self.peek() != Some(']') {
            first = false;
            if let Some(named) = self.posix_class()? {
                class.union(&named);
            } else if self.rest().starts_with('\\')
                && let Some(escaped) = self.escaped_class()?
            {
                class.union(&escaped);
            } else {
                let (low, high) = self.range(offset)?;
                class::add_range(&mut listed, low, high);
            }
        }
        self.bump();
        // The named classes are folded already, each in its own way.
        if self.flags.fold_case {
            class::fold(&mut listed);
        }
        class.union(&listed);
        if negated {
            class.negate();
        }
        self.push_class(offset, class)
    }

    /// `[:name:]`; `None`, and nothing read, if there is no such form here.
    fn posix_class(&mut self) -> Result<Option<ClassUnicode>, GoRegexError> {
        let Some((name, _)) = self
            .rest()
            .strip_prefix("[:")
            .and_then(|rest| rest.split_once(":]"))
        else {
            return Ok(None);
        };
        let class = class::posix(name, self.flags.fold_case);
        let length = name.len() + "[::]".len();
        let class = class.ok_or_else(|| error(self.position, Reason::ClassName))?;
        self.position += length;
        Ok(Some(class))
    }

    /// One code point or a range of them. `class_offset` is where the bracket opened.
    fn range(&mut self, class_offset: usize) -> Result<(u32, u32), GoRegexError> {
        let offset = self.position;
        let low = self.class_code_point(class_offset)?;
        let rest = self.rest();
        if rest.len() < 2 || !rest.starts_with('-') || rest.starts_with("-]") {
            return Ok((low, low));
        }
        self.bump();
        let high = self.class_code_point(class_offset)?;
        if high < low {
            return Err(error(offset, Reason::ClassRange));
        }
        Ok((low, high))
    }

    fn class_code_point(&mut self, class_offset: usize) -> Result<u32, GoRegexError> {
        match self.peek() {
            None => Err(error(class_offset, Reason::MissingBracket)),
            Some('\\') => self.escaped_code_point(),
            Some(letter) => {
                self.bump();
                Ok(u32::from(letter))
            }
        }
    }
}

/// A decimal number without leading zeros and what follows it. Too large a number saturates.
fn integer(text: &str) -> Option<(u32, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, after) = text.split_at_checked(length)?;
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    let number = digits.bytes().fold(0u32, |number, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u32::from(digit - b'0'))
    });
    Some((number, after))
}

fn error(offset: usize, reason: Reason) -> GoRegexError {
    GoRegexError { offset, reason }
}
