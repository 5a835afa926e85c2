//! Text to tokens. Indentation becomes block start and end tokens here, and a `:` turns what came
//! before it on the line into a key.

use std::collections::VecDeque;

use zeroize::Zeroize;

use super::comments::Comments;
use super::reader::{at, break_len, is_blank, is_blankz, is_break};
use super::{MAX_DEPTH, SyntaxError};
use crate::document::tree::ScalarStyle;

/// A key without `?` may be this long, in characters (YAML 1.1, libyaml).
const MAX_SIMPLE_KEY: usize = 1024;

/// Tokens that are read ahead of the one in hand: the comments between them may belong to it.
const LOOKAHEAD: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    StreamEnd,
    VersionDirective,
    TagDirective,
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias,
    Anchor,
    Tag,
    Scalar(ScalarStyle),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: u32,
    pub(super) end: u32,
    /// Scalars: number of the decoded value, or `VERBATIM`.
    pub(super) extra: u32,
}

pub(super) const VERBATIM: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token: usize,
    start: usize,
    line: usize,
    column: usize,
}

pub(super) struct Scanner<'a> {
    pub(super) text: &'a [u8],
    pub(super) pos: usize,
    pub(super) line: usize,
    pub(super) line_start: usize,
    tokens: VecDeque<Token>,
    taken: usize,
    pub(super) indent: isize,
    indents: Vec<isize>,
    pub(super) flow_level: usize,
    pub(super) simple_key_allowed: bool,
    keys: Vec<SimpleKey>,
    /// No level below this one has a possible key: the head of the queue is checked in O(1).
    lowest_key: usize,
    /// The last two tokens in the order of the text.
    pub(super) recent: [(TokenKind, usize); 2],
    pub(super) comments: Comments,
    pub(super) decoded: Vec<u8>,
    pub(super) decoded_spans: Vec<(u32, u32)>,
    ended: bool,
}

impl Drop for Scanner<'_> {
    fn drop(&mut self) {
        self.wipe_decoded();
    }
}

impl<'a> Scanner<'a> {
    /// `text` must have passed [`super::reader::validate`].
    pub(super) fn new(text: &'a str) -> Self {
        let has_bom = text.as_bytes().starts_with(super::reader::BOM);
        Self::starting_at(text, if has_bom { super::reader::BOM.len() } else { 0 })
    }

    /// A scanner for what is behind `start`, the start of a line.
    pub(super) fn starting_at(text: &'a str, start: usize) -> Self {
        let text = text.as_bytes();
        Scanner {
            text,
            pos: start,
            line: 0,
            line_start: start,
            tokens: VecDeque::with_capacity(16),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            flow_level: 0,
            simple_key_allowed: true,
            keys: vec![SimpleKey::default()],
            lowest_key: 0,
            recent: [(TokenKind::StreamEnd, start); 2],
            comments: Comments::default(),
            decoded: Vec::new(),
            decoded_spans: Vec::new(),
            ended: false,
        }
    }

    #[inline]
    pub(super) fn column(&self) -> usize {
        self.pos - self.line_start
    }

    #[inline(always)]
    pub(super) fn peek(&self, ahead: usize) -> u8 {
        at(self.text, self.pos + ahead)
    }

    /// Reads on until the next token is certain.
    #[inline(never)]
    pub(super) fn fill(&mut self) -> Result<(), SyntaxError> {
        while self.needs_more()? {
            self.fetch()?;
        }
        Ok(())
    }

    /// The next token, which stays in the queue; certain after [`Scanner::fill`].
    #[inline]
    pub(super) fn front(&self) -> Token {
        match self.tokens.front() {
            Some(token) => *token,
            None => self.token(TokenKind::StreamEnd, self.text.len(), self.text.len()),
        }
    }

    /// Takes the next token off the queue.
    #[inline]
    pub(super) fn take(&mut self) {
        if self.tokens.pop_front().is_some() {
            self.taken += 1;
        }
    }

    /// The decoded values collected since the last call.
    pub(super) fn take_decoded(&mut self) -> (Vec<u8>, Vec<(u32, u32)>) {
        let decoded = self.decoded.clone();
        self.wipe_decoded();
        (decoded, std::mem::take(&mut self.decoded_spans))
    }

    /// Wipes what was used; spare capacity was never written.
    fn wipe_decoded(&mut self) {
        self.decoded.as_mut_slice().zeroize();
        self.decoded.clear();
    }

    fn needs_more(&mut self) -> Result<bool, SyntaxError> {
        if self.ended {
            return Ok(false);
        }
        if self.tokens.len() <= LOOKAHEAD && !self.at_boundary() {
            return Ok(true);
        }
        // A key is a key only once its ':' is seen: the queue's head waits while it may be one.
        while self.lowest_key < self.keys.len() {
            let level = self.lowest_key;
            if !self.keys[level].possible {
                self.lowest_key += 1;
                continue;
            }
            if self.keys[level].token != self.taken {
                return Ok(false);
            }
            return self.key_is_valid(level);
        }
        self.lowest_key = self.keys.len().saturating_sub(1);
        Ok(false)
    }

    /// The queue's end is the end of a document: what follows is read once this has been taken.
    fn at_boundary(&self) -> bool {
        matches!(
            self.tokens.back().map(|t| t.kind),
            Some(TokenKind::DocumentStart | TokenKind::DocumentEnd)
        )
    }

    #[inline]
    fn key_is_valid(&mut self, level: usize) -> Result<bool, SyntaxError> {
        let key = self.keys[level];
        if !key.possible {
            return Ok(false);
        }
        let too_long = self.pos - key.start > MAX_SIMPLE_KEY && {
            let chars = self.text[key.start..self.pos]
                .iter()
                .filter(|b| (**b as i8) >= -0x40)
                .count();
            chars > MAX_SIMPLE_KEY
        };
        if key.line < self.line || too_long {
            if key.required {
                return Err(key_error(key.start));
            }
            self.keys[level].possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    fn save_key(&mut self) -> Result<(), SyntaxError> {
        if self.simple_key_allowed {
            let required = self.flow_level == 0 && self.indent == self.column() as isize;
            self.remove_key()?;
            let level = self.keys.len() - 1;
            self.keys[level] = SimpleKey {
                possible: true,
                required,
                token: self.taken + self.tokens.len(),
                start: self.pos,
                line: self.line,
                column: self.column(),
            };
            self.lowest_key = self.lowest_key.min(level);
        }
        Ok(())
    }

    fn remove_key(&mut self) -> Result<(), SyntaxError> {
        if let Some(key) = self.keys.last_mut() {
            if key.possible && key.required {
                return Err(key_error(key.start));
            }
            key.possible = false;
        }
        Ok(())
    }

    #[inline]
    pub(super) fn token(&self, kind: TokenKind, start: usize, end: usize) -> Token {
        Token {
            kind,
            start: start as u32,
            end: end as u32,
            extra: VERBATIM,
        }
    }

    /// Queues a token.
    #[inline]
    fn push(&mut self, token: Token) {
        self.recent = [self.recent[1], (token.kind, token.start as usize)];
        self.tokens.push_back(token);
    }

    /// Queues a token that the indentation implies.
    fn push_implied(&mut self, kind: TokenKind, at: usize, number: Option<usize>) {
        let token = self.token(kind, at, at);
        match number {
            Some(number) => self.tokens.insert(
                number.saturating_sub(self.taken).min(self.tokens.len()),
                token,
            ),
            None => self.push(token),
        }
    }

    fn roll_indent(
        &mut self,
        column: usize,
        kind: TokenKind,
        at: usize,
        number: Option<usize>,
    ) -> Result<(), SyntaxError> {
        if self.flow_level > 0 || self.indent >= column as isize {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column as isize;
        self.check_depth(at)?;
        self.push_implied(kind, at, number);
        Ok(())
    }

    fn check_depth(&self, at: usize) -> Result<(), SyntaxError> {
        if self.indents.len() + self.flow_level > MAX_DEPTH {
            return Err(SyntaxError::new(
                at,
                format!("collections are nested more than {MAX_DEPTH} deep"),
            )
            .hint("no manifest needs this: the file is damaged, or not meant to be read"));
        }
        Ok(())
    }

    /// Closes the block collections that `column` is not part of. `scan_from`: where the search
    /// for the next token began.
    fn unroll_indent(&mut self, column: isize, scan_from: usize) {
        if self.flow_level > 0 {
            return;
        }
        let mut at = scan_from.saturating_sub(1);
        while self.indent > column {
            at = self.comments.block_end(self.indent, at);
            self.push_implied(TokenKind::BlockEnd, at, None);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    pub(super) fn skip_break(&mut self) {
        self.pos += break_len(self.text, self.pos);
        self.line += 1;
        self.line_start = self.pos;
    }

    fn skip_to_token(&mut self) {
        let from = (self.pos, self.line);
        loop {
            let tabs = self.flow_level > 0 || !self.simple_key_allowed;
            while self.peek(0) == b' ' || (tabs && self.peek(0) == b'\t') {
                self.pos += 1;
            }
            if !self.comments.pending.is_empty() {
                self.promote_line_comment();
            }
            if self.peek(0) == b'#' {
                self.comment_lines(from);
            }
            if !is_break(self.text, self.pos) {
                return;
            }
            self.skip_break();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    fn fetch(&mut self) -> Result<(), SyntaxError> {
        let scan_from = self.pos;
        self.skip_to_token();
        self.unroll_indent(self.column() as isize, scan_from);
        if self.pos >= self.text.len() {
            return self.fetch_stream_end();
        }
        let byte = self.peek(0);
        if self.column() == 0 {
            if byte == b'%' {
                return self.fetch_directive();
            }
            if self.at_document_marker() {
                let kind = if byte == b'-' {
                    TokenKind::DocumentStart
                } else {
                    TokenKind::DocumentEnd
                };
                return self.fetch_document_marker(kind);
            }
        }
        // A comment behind `:` or `,` belongs to the token before it.
        let behind = match byte {
            b':' if self.flow_level == 0 => self.recent[1].1,
            b',' if self.flow_level > 0 => self.recent[1].1,
            _ => self.pos,
        };
        self.fetch_token(byte)?;
        if matches!(self.peek(0), b' ' | b'\t' | b'#') && self.recent[1].0 != TokenKind::BlockEntry
        {
            self.line_comment(behind);
        }
        Ok(())
    }

    #[inline]
    fn fetch_token(&mut self, byte: u8) -> Result<(), SyntaxError> {
        match byte {
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if is_blankz(self.text, self.pos + 1) => self.fetch_block_entry(),
            b'?' if self.flow_level > 0 || is_blankz(self.text, self.pos + 1) => self.fetch_key(),
            b':' if self.flow_level > 0 || is_blankz(self.text, self.pos + 1) => self.fetch_value(),
            b'*' => self.fetch_name(TokenKind::Alias),
            b'&' => self.fetch_name(TokenKind::Anchor),
            b'!' => self.fetch_tag(),
            b'|' if self.flow_level == 0 => self.fetch_block_scalar(ScalarStyle::Literal),
            b'>' if self.flow_level == 0 => self.fetch_block_scalar(ScalarStyle::Folded),
            b'\'' => self.fetch_quoted(ScalarStyle::SingleQuoted),
            b'"' => self.fetch_quoted(ScalarStyle::DoubleQuoted),
            b'\t' => {
                Err(SyntaxError::new(self.pos, "a tab cannot indent").hint("indent with spaces"))
            }
            b'|' | b'>' | b'%' | b'@' | b'`' | b'#' => Err(self.cannot_start(byte)),
            _ => self.fetch_plain(),
        }
    }

    fn cannot_start(&self, byte: u8) -> SyntaxError {
        SyntaxError::new(
            self.pos,
            format!("`{}` cannot start a value here", byte as char),
        )
        .hint("put the value in quotes")
    }

    /// `---` or `...` at the start of a line, followed by a blank or a break.
    pub(super) fn at_document_marker(&self) -> bool {
        let marker = self.text.get(self.pos..self.pos + 3);
        (marker == Some(b"---") || marker == Some(b"...")) && is_blankz(self.text, self.pos + 3)
    }

    fn fetch_stream_end(&mut self) -> Result<(), SyntaxError> {
        self.unroll_indent(-1, self.pos);
        self.remove_key()?;
        self.simple_key_allowed = false;
        let token = self.token(TokenKind::StreamEnd, self.text.len(), self.text.len());
        self.push(token);
        self.ended = true;
        Ok(())
    }

    fn fetch_document_marker(&mut self, kind: TokenKind) -> Result<(), SyntaxError> {
        self.unroll_indent(-1, self.pos);
        self.remove_key()?;
        self.simple_key_allowed = false;
        let token = self.token(kind, self.pos, self.pos + 3);
        self.pos += 3;
        self.push(token);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), SyntaxError> {
        self.unroll_indent(-1, self.pos);
        self.remove_key()?;
        self.simple_key_allowed = false;
        let token = self.scan_directive()?;
        self.push(token);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind) -> Result<(), SyntaxError> {
        self.save_key()?;
        self.keys.push(SimpleKey::default());
        self.flow_level += 1;
        self.check_depth(self.pos)?;
        self.simple_key_allowed = true;
        self.push_one(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind) -> Result<(), SyntaxError> {
        self.remove_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            self.keys.pop();
        }
        self.simple_key_allowed = false;
        self.push_one(kind);
        Ok(())
    }

    fn push_one(&mut self, kind: TokenKind) {
        let token = self.token(kind, self.pos, self.pos + 1);
        self.push(token);
        self.pos += 1;
    }

    fn fetch_flow_entry(&mut self) -> Result<(), SyntaxError> {
        self.remove_key()?;
        self.simple_key_allowed = true;
        self.push_one(TokenKind::FlowEntry);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), SyntaxError> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(SyntaxError::new(self.pos, "a list item cannot start here")
                    .hint("start the list on a line of its own"));
            }
            self.roll_indent(self.column(), TokenKind::BlockSequenceStart, self.pos, None)?;
        }
        self.remove_key()?;
        self.simple_key_allowed = true;
        self.push_one(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), SyntaxError> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(SyntaxError::new(self.pos, "a key cannot start here")
                    .hint("put the value in quotes if the `?` belongs to it"));
            }
            self.roll_indent(self.column(), TokenKind::BlockMappingStart, self.pos, None)?;
        }
        self.remove_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_one(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), SyntaxError> {
        let level = self.keys.len() - 1;
        if self.key_is_valid(level)? {
            let key = self.keys[level];
            self.push_implied(TokenKind::Key, key.start, Some(key.token));
            self.roll_indent(
                key.column,
                TokenKind::BlockMappingStart,
                key.start,
                Some(key.token),
            )?;
            self.keys[level].possible = false;
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return Err(SyntaxError::new(
                        self.pos,
                        "a second `:` cannot stand on this line",
                    )
                    .hint("put the value in quotes if the `:` belongs to it"));
                }
                self.roll_indent(self.column(), TokenKind::BlockMappingStart, self.pos, None)?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.push_one(TokenKind::Value);
        Ok(())
    }

    fn fetch_name(&mut self, kind: TokenKind) -> Result<(), SyntaxError> {
        self.save_key()?;
        self.simple_key_allowed = false;
        let start = self.pos;
        let mut end = start + 1;
        while is_word(at(self.text, end)) {
            end += 1;
        }
        let after = at(self.text, end);
        let ends_well = is_blankz(self.text, end)
            || matches!(after, b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if end == start + 1 || !ends_well {
            let what = if kind == TokenKind::Alias {
                "an alias"
            } else {
                "an anchor"
            };
            return Err(SyntaxError::new(
                start,
                format!("the name of {what} may hold letters, digits, `-` and `_` only"),
            )
            .hint("put the value in quotes if `*` or `&` belongs to it"));
        }
        let token = self.token(kind, start, end);
        self.push(token);
        self.pos = end;
        Ok(())
    }

    fn fetch_tag(&mut self) -> Result<(), SyntaxError> {
        self.save_key()?;
        self.simple_key_allowed = false;
        let start = self.pos;
        let end = self.tag_end()?;
        let token = self.token(TokenKind::Tag, start, end);
        self.push(token);
        self.pos = end;
        Ok(())
    }

    fn fetch_block_scalar(&mut self, style: ScalarStyle) -> Result<(), SyntaxError> {
        self.remove_key()?;
        self.simple_key_allowed = true;
        let token = self.scan_block_scalar(style)?;
        self.push(token);
        Ok(())
    }

    fn fetch_quoted(&mut self, style: ScalarStyle) -> Result<(), SyntaxError> {
        self.save_key()?;
        self.simple_key_allowed = false;
        let token = self.scan_quoted(style)?;
        self.push(token);
        Ok(())
    }

    fn fetch_plain(&mut self) -> Result<(), SyntaxError> {
        let byte = self.peek(0);
        let next = self.peek(1);
        let starts = match byte {
            b'-' => !is_blank(next),
            b'?' | b':' => self.flow_level == 0 && !is_blankz(self.text, self.pos + 1),
            _ => true,
        };
        if !starts {
            return Err(self.cannot_start(byte));
        }
        self.save_key()?;
        self.simple_key_allowed = false;
        let token = self.scan_plain()?;
        self.push(token);
        Ok(())
    }

    /// Stores a value that is not a slice of the text; `from` is where it starts in `decoded`.
    pub(super) fn keep_decoded(&mut self, from: usize) -> u32 {
        self.decoded_spans
            .push((from as u32, self.decoded.len() as u32));
        (self.decoded_spans.len() - 1) as u32
    }

    /// Room for a decoded value, reserved once for the rest of the text: growing would leave
    /// copies of secrets behind. Escapes can lengthen a text by half at the most.
    pub(super) fn reserve_decoded(&mut self) {
        if self.decoded.capacity() == 0 {
            let rest = self.text.len() - self.pos;
            self.decoded.reserve_exact(rest + rest / 2 + 16);
        }
    }
}

fn key_error(offset: usize) -> SyntaxError {
    SyntaxError::new(offset, "a key must be followed by `:`")
        .hint("add the `:`, or indent the line if it continues the value above")
}

/// Letters, digits, `-`, `_`: what anchors and tag handles are made of.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}
