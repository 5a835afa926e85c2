//! The scanner's longer words: scalars in every style, tags and directives.

use super::SyntaxError;
use super::reader::{at, break_len, is_blank, is_blankz, is_break, line_end, push_break};
use super::scanner::{Scanner, Token, TokenKind, VERBATIM, is_word};
use crate::document::tree::ScalarStyle;

/// Bytes at which a plain scalar's fast loop stops: blanks, breaks, `:`, and what may start a
/// two- or three-byte break.
const PLAIN_STOP: [bool; 256] = {
    let mut table = [false; 256];
    let stops = [b' ', b'\t', b'\n', b'\r', b':', 0xC2, 0xE2, 0];
    let mut i = 0;
    while i < stops.len() {
        table[stops[i] as usize] = true;
        i += 1;
    }
    table
};

/// The same within a flow collection.
const PLAIN_STOP_FLOW: [bool; 256] = {
    let mut table = PLAIN_STOP;
    let stops = *b",?[]{}";
    let mut i = 0;
    while i < stops.len() {
        table[stops[i] as usize] = true;
        i += 1;
    }
    table
};

/// Bytes that end a run in double quotes.
const DOUBLE_STOP: [bool; 256] = {
    let mut table = [false; 256];
    let stops = [b' ', b'\t', b'\n', b'\r', b'"', b'\\', 0xC2, 0xE2, 0];
    let mut i = 0;
    while i < stops.len() {
        table[stops[i] as usize] = true;
        i += 1;
    }
    table
};

/// What stood between two words of a scalar that may span lines.
#[derive(Default)]
struct Gap {
    first_break: Option<usize>,
    /// Where the breaks after the first one start and how many there are.
    more: Vec<u8>,
}

impl Gap {
    /// YAML's line folding: one break is a blank, more are as many breaks less one.
    fn fold_into(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let Some(first) = self.first_break.take() else {
            return;
        };
        if break_len(text, first) == 3 {
            push_break(text, first, out);
            out.extend_from_slice(&self.more);
        } else if self.more.is_empty() {
            out.push(b' ');
        } else {
            out.extend_from_slice(&self.more);
        }
        self.more.clear();
    }
}

impl Scanner<'_> {
    pub(super) fn scan_plain(&mut self) -> Result<Token, SyntaxError> {
        let text = self.text;
        let start = self.pos;
        let stop = if self.flow_level > 0 {
            &PLAIN_STOP_FLOW
        } else {
            &PLAIN_STOP
        };
        let mut end = start;
        let mut decoded_from = None;
        let mut gap = Gap::default();
        let mut leading_blanks = false;
        loop {
            if self.column() == 0 && self.at_document_marker() || self.peek(0) == b'#' {
                break;
            }
            let word = self.pos;
            let word_end = plain_word_end(text, word, stop);
            if word_end > word {
                if leading_blanks {
                    let from = match decoded_from {
                        Some(from) => from,
                        None => {
                            self.reserve_decoded();
                            let from = self.decoded.len();
                            self.decoded.extend_from_slice(&text[start..end]);
                            from
                        }
                    };
                    decoded_from = Some(from);
                    gap.fold_into(text, &mut self.decoded);
                    leading_blanks = false;
                } else if decoded_from.is_some() {
                    self.decoded.extend_from_slice(&text[end..word]);
                }
                if decoded_from.is_some() {
                    self.decoded.extend_from_slice(&text[word..word_end]);
                }
                end = word_end;
                self.pos = word_end;
            }
            if !(is_blank(self.peek(0)) || is_break(text, self.pos)) {
                break;
            }
            while is_blank(self.peek(0)) || is_break(text, self.pos) {
                if is_blank(self.peek(0)) {
                    if leading_blanks
                        && (self.column() as isize) < self.indent + 1
                        && self.peek(0) == b'\t'
                    {
                        return Err(SyntaxError::new(self.pos, "a tab cannot indent")
                            .hint("indent with spaces"));
                    }
                    self.pos += 1;
                } else {
                    if leading_blanks {
                        push_break(text, self.pos, &mut gap.more);
                    } else {
                        gap.first_break = Some(self.pos);
                        leading_blanks = true;
                    }
                    self.skip_break();
                }
            }
            if self.flow_level == 0 && (self.column() as isize) < self.indent + 1 {
                break;
            }
        }
        if leading_blanks {
            self.simple_key_allowed = true;
        }
        let extra = decoded_from.map_or(VERBATIM, |from| self.keep_decoded(from));
        Ok(Token {
            extra,
            ..self.token(TokenKind::Scalar(ScalarStyle::Plain), start, end)
        })
    }

    pub(super) fn scan_quoted(&mut self, style: ScalarStyle) -> Result<Token, SyntaxError> {
        let text = self.text;
        let single = style == ScalarStyle::SingleQuoted;
        let quote = if single { b'\'' } else { b'"' };
        let start = self.pos;
        self.pos += 1;
        // Up to the first escape or break the value is the text itself.
        let mut decoded_from = None;
        let mut run = self.pos;
        loop {
            if self.column() == 0 && self.at_document_marker() {
                return Err(
                    SyntaxError::new(start, "the quoted text runs into the next document")
                        .hint("close the quote"),
                );
            }
            let byte = self.peek(0);
            if byte == 0 {
                return Err(
                    SyntaxError::new(start, "the quote is never closed").hint("close the quote")
                );
            }
            if byte == quote && !(single && self.peek(1) == quote) {
                break;
            }
            let special = byte == b'\\' && !single || byte == quote;
            if !special && !is_blank(byte) && !is_break(text, self.pos) {
                self.pos = quoted_run_end(text, self.pos, single);
                continue;
            }
            if special {
                self.flush(&mut decoded_from, start, run);
                if single {
                    self.decoded.push(b'\'');
                    self.pos += 2;
                } else if is_break(text, self.pos + 1) {
                    self.pos += 1;
                    self.skip_break();
                    self.fold_quoted(true)?;
                } else {
                    self.escape(start)?;
                }
                run = self.pos;
                continue;
            }
            // Blanks: they stay unless a break follows them.
            let blanks = self.pos;
            let mut after = blanks;
            while is_blank(at(text, after)) {
                after += 1;
            }
            if !is_break(text, after) {
                self.pos = after;
                continue;
            }
            self.flush(&mut decoded_from, start, run);
            self.pos = after;
            self.fold_quoted(false)?;
            run = self.pos;
        }
        let extra = match decoded_from {
            None => VERBATIM,
            Some(from) => {
                let end = self.pos;
                self.decoded.extend_from_slice(&text[run..end]);
                self.keep_decoded(from)
            }
        };
        self.pos += 1;
        Ok(Token {
            extra,
            ..self.token(TokenKind::Scalar(style), start, self.pos)
        })
    }

    /// Copies the verbatim run that ends here (blanks before a break are dropped by the caller's
    /// choice of `pos`).
    fn flush(&mut self, decoded_from: &mut Option<usize>, start: usize, run: usize) {
        let _ = start;
        if decoded_from.is_none() {
            self.reserve_decoded();
            *decoded_from = Some(self.decoded.len());
        }
        let text = self.text;
        self.decoded.extend_from_slice(&text[run..self.pos]);
    }

    /// Folds the breaks and blanks at `pos`. `escaped`: the first break was escaped away.
    fn fold_quoted(&mut self, escaped: bool) -> Result<(), SyntaxError> {
        let text = self.text;
        let mut gap = Gap::default();
        let mut broken = escaped;
        while is_blank(self.peek(0)) || is_break(text, self.pos) {
            if is_blank(self.peek(0)) {
                self.pos += 1;
                continue;
            }
            if !broken {
                gap.first_break = Some(self.pos);
                broken = true;
            } else {
                push_break(text, self.pos, &mut gap.more);
            }
            self.skip_break();
        }
        if gap.first_break.is_some() {
            gap.fold_into(text, &mut self.decoded);
        } else {
            self.decoded.extend_from_slice(&gap.more);
        }
        Ok(())
    }

    fn escape(&mut self, start: usize) -> Result<(), SyntaxError> {
        let at_escape = self.pos;
        let value: &[u8] = match self.peek(1) {
            b'0' => b"\0",
            b'a' => b"\x07",
            b'b' => b"\x08",
            b't' | b'\t' => b"\t",
            b'n' => b"\n",
            b'v' => b"\x0B",
            b'f' => b"\x0C",
            b'r' => b"\r",
            b'e' => b"\x1B",
            b' ' => b" ",
            b'"' => b"\"",
            b'\'' => b"'",
            b'\\' => b"\\",
            b'N' => "\u{85}".as_bytes(),
            b'_' => "\u{A0}".as_bytes(),
            b'L' => "\u{2028}".as_bytes(),
            b'P' => "\u{2029}".as_bytes(),
            b'x' => return self.escape_code(2),
            b'u' => return self.escape_code(4),
            b'U' => return self.escape_code(8),
            _ => {
                let _ = start;
                return Err(SyntaxError::new(
                    at_escape,
                    "this escape does not exist in double quotes",
                )
                .hint("write `\\\\` for a backslash, or use single quotes"));
            }
        };
        self.decoded.extend_from_slice(value);
        self.pos += 2;
        Ok(())
    }

    fn escape_code(&mut self, digits: usize) -> Result<(), SyntaxError> {
        let at_escape = self.pos;
        let code = self
            .text
            .get(self.pos + 2..self.pos + 2 + digits)
            .filter(|code| code.iter().all(u8::is_ascii_hexdigit))
            .and_then(|code| std::str::from_utf8(code).ok())
            .and_then(|code| u32::from_str_radix(code, 16).ok());
        let Some(code) = code else {
            return Err(SyntaxError::new(
                at_escape,
                format!("this escape needs {digits} hexadecimal digits"),
            ));
        };
        let Some(character) = char::from_u32(code) else {
            return Err(
                SyntaxError::new(at_escape, "this escape is not a Unicode character")
                    .hint("write characters above U+FFFF as \\UXXXXXXXX, not as two \\u escapes"),
            );
        };
        let mut buffer = [0; 4];
        self.decoded
            .extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        self.pos += 2 + digits;
        Ok(())
    }

    pub(super) fn scan_block_scalar(&mut self, style: ScalarStyle) -> Result<Token, SyntaxError> {
        let text = self.text;
        let start = self.pos;
        self.pos += 1;
        let mut chomping = 0_i8;
        let mut increment = 0_usize;
        for _ in 0..2 {
            match self.peek(0) {
                b'+' if chomping == 0 => chomping = 1,
                b'-' if chomping == 0 => chomping = -1,
                b'0' if increment == 0 => {
                    return Err(SyntaxError::new(
                        self.pos,
                        "an indentation indicator cannot be 0",
                    ));
                }
                digit @ b'1'..=b'9' if increment == 0 => increment = usize::from(digit - b'0'),
                _ => break,
            }
            self.pos += 1;
        }
        while is_blank(self.peek(0)) {
            self.pos += 1;
        }
        if self.peek(0) == b'#' {
            self.line_comment(start);
        }
        if self.pos < text.len() && !is_break(text, self.pos) {
            return Err(SyntaxError::new(
                self.pos,
                "only a comment may follow on the line of `|` or `>`",
            )
            .hint("start the text on the next line"));
        }
        if is_break(text, self.pos) {
            self.skip_break();
        }
        self.reserve_decoded();
        let from = self.decoded.len();
        let mut end = self.pos;
        let mut indent = if increment > 0 {
            self.indent.max(0) as usize + increment
        } else {
            0
        };
        let mut breaks = Vec::new();
        self.block_breaks(&mut indent, &mut breaks, &mut end)?;
        let folded = style == ScalarStyle::Folded;
        let mut leading_break: Option<usize> = None;
        let mut leading_blank = false;
        while self.column() == indent && self.pos < text.len() {
            let blank = is_blank(self.peek(0));
            let folds = folded
                && !leading_blank
                && !blank
                && leading_break.is_some_and(|b| break_len(text, b) > 0 && break_len(text, b) != 3);
            if folds {
                if breaks.is_empty() {
                    self.decoded.push(b' ');
                }
            } else if let Some(at_break) = leading_break {
                push_break(text, at_break, &mut self.decoded);
            }
            self.decoded.extend_from_slice(&breaks);
            breaks.clear();
            leading_blank = blank;
            let line_end = line_end(text, self.pos);
            self.decoded.extend_from_slice(&text[self.pos..line_end]);
            self.pos = line_end;
            if is_break(text, self.pos) {
                leading_break = Some(self.pos);
                self.skip_break();
            } else {
                leading_break = None;
            }
            self.block_breaks(&mut indent, &mut breaks, &mut end)?;
        }
        if chomping != -1
            && let Some(at_break) = leading_break
        {
            push_break(text, at_break, &mut self.decoded);
        }
        if chomping == 1 {
            self.decoded.extend_from_slice(&breaks);
        }
        let extra = self.keep_decoded(from);
        Ok(Token {
            extra,
            ..self.token(TokenKind::Scalar(style), start, end)
        })
    }

    /// Skips indentation and empty lines; finds the indentation when it is still 0.
    fn block_breaks(
        &mut self,
        indent: &mut usize,
        breaks: &mut Vec<u8>,
        end: &mut usize,
    ) -> Result<(), SyntaxError> {
        let text = self.text;
        *end = self.pos;
        let mut widest = 0;
        loop {
            while (*indent == 0 || self.column() < *indent) && self.peek(0) == b' ' {
                self.pos += 1;
            }
            widest = widest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && self.peek(0) == b'\t' {
                return Err(
                    SyntaxError::new(self.pos, "a tab cannot indent").hint("indent with spaces")
                );
            }
            if !is_break(text, self.pos) {
                break;
            }
            push_break(text, self.pos, breaks);
            self.skip_break();
            *end = self.pos;
        }
        if *indent == 0 {
            *indent = widest.max((self.indent + 1).max(1) as usize);
        }
        Ok(())
    }

    /// Where the tag at `pos` ends.
    pub(super) fn tag_end(&mut self) -> Result<usize, SyntaxError> {
        let text = self.text;
        let start = self.pos;
        let mut end = start + 1;
        if at(text, end) == b'<' {
            end = uri_end(text, end + 1)?;
            if at(text, end) != b'>' || end == start + 2 {
                return Err(
                    SyntaxError::new(start, "a tag in `!<...>` must be closed with `>`")
                        .hint("put the value in quotes if the `!` belongs to it"),
                );
            }
            end += 1;
        } else {
            while is_word(at(text, end)) {
                end += 1;
            }
            let with_handle = at(text, end) == b'!';
            let uri_start = if with_handle { end + 1 } else { end };
            end = uri_end(text, uri_start)?;
            if with_handle && end == uri_start {
                return Err(SyntaxError::new(start, "a tag is missing after its handle")
                    .hint("put the value in quotes if the `!` belongs to it"));
            }
        }
        if !is_blankz(text, end) {
            return Err(SyntaxError::new(end, "a blank must follow a tag")
                .hint("put the value in quotes if the `!` belongs to it"));
        }
        Ok(end)
    }

    /// `%YAML 1.1` or `%TAG handle prefix`, up to the end of the line.
    pub(super) fn scan_directive(&mut self) -> Result<Token, SyntaxError> {
        let text = self.text;
        let start = self.pos;
        let end = line_end(text, start);
        let line = &text[start..end];
        let line = match memchr::memchr_iter(b'#', line).find(|&i| i > 0 && is_blank(line[i - 1])) {
            Some(comment) => &line[..comment],
            None => line,
        };
        let mut words = line.split(|&b| is_blank(b)).filter(|w| !w.is_empty());
        let kind = match words.next() {
            Some(b"%YAML") => {
                if words.next() != Some(b"1.1") {
                    return Err(SyntaxError::new(
                        start,
                        "only `%YAML 1.1` is read by sops and Flux",
                    )
                    .hint("remove the directive"));
                }
                TokenKind::VersionDirective
            }
            Some(b"%TAG") => {
                let handle = words.next().unwrap_or(b"");
                let prefix = words.next().unwrap_or(b"");
                let handle_ok = handle == b"!"
                    || handle.len() >= 2
                        && handle.starts_with(b"!")
                        && handle.ends_with(b"!")
                        && handle[1..handle.len() - 1].iter().all(|&b| is_word(b));
                let prefix_ok =
                    !prefix.is_empty() && uri_end(prefix, 0).is_ok_and(|end| end == prefix.len());
                if !handle_ok || !prefix_ok {
                    return Err(SyntaxError::new(
                        start,
                        "`%TAG` needs a handle like `!e!` and a prefix",
                    ));
                }
                TokenKind::TagDirective
            }
            _ => {
                return Err(
                    SyntaxError::new(start, "this directive is unknown to sops and Flux")
                        .hint("put the value in quotes if the `%` belongs to it"),
                );
            }
        };
        if words.next().is_some() {
            return Err(SyntaxError::new(
                start,
                "only a comment may follow a directive on its line",
            ));
        }
        self.pos = end;
        self.skip_break();
        Ok(self.token(kind, start, start + line.len()))
    }
}

/// Where the characters end that a URI may hold.
fn uri_end(text: &[u8], mut pos: usize) -> Result<usize, SyntaxError> {
    loop {
        match at(text, pos) {
            b'%' => {
                if !(at(text, pos + 1).is_ascii_hexdigit() && at(text, pos + 2).is_ascii_hexdigit())
                {
                    return Err(SyntaxError::new(
                        pos,
                        "`%` in a tag needs two hexadecimal digits",
                    ));
                }
                pos += 3;
            }
            byte if is_word(byte) || b";/?:@&=+$,.!~*'()[]".contains(&byte) && byte != 0 => {
                pos += 1
            }
            _ => return Ok(pos),
        }
    }
}

/// Where a run without blanks ends: before a blank or break, before `: `, or (in a flow
/// collection) before a flow indicator.
#[inline]
fn plain_word_end(text: &[u8], mut pos: usize, stop: &[bool; 256]) -> usize {
    pos = skip_runs(text, pos, may_stop_plain);
    loop {
        let Some(&byte) = text.get(pos) else {
            return pos;
        };
        if !stop[byte as usize] {
            pos += 1;
            continue;
        }
        let ends = match byte {
            b':' => is_blankz(text, pos + 1),
            0xC2 | 0xE2 => is_break(text, pos),
            _ => true,
        };
        if ends {
            return pos;
        }
        pos += 1;
        pos = skip_runs(text, pos, may_stop_plain);
    }
}

/// Every byte of [`PLAIN_STOP_FLOW`], and some more. Without branches, for many bytes at once.
#[inline(always)]
fn may_stop_plain(b: u8) -> bool {
    // `[` and `{`, `]` and `}` differ in one bit.
    let bracket = (b & !0x20 == b'[') | (b & !0x20 == b']');
    (b <= b' ') | (b == b':') | (b == b',') | (b == b'?') | bracket | (b & !0x20 == 0xC2)
}

/// Every byte of [`DOUBLE_STOP`], and some more.
#[inline(always)]
fn may_stop_quoted(b: u8) -> bool {
    (b <= b' ') | (b == b'"') | (b == b'\'') | (b == b'\\') | (b & !0x20 == 0xC2)
}

/// Where a run of ordinary characters in quotes ends.
#[inline]
fn quoted_run_end(text: &[u8], mut pos: usize, single: bool) -> usize {
    pos = skip_runs(text, pos, may_stop_quoted);
    loop {
        let Some(&byte) = text.get(pos) else {
            return pos;
        };
        let stops = if single {
            byte == b'\'' || (byte != b'\\' && byte != b'"' && DOUBLE_STOP[byte as usize])
        } else {
            DOUBLE_STOP[byte as usize]
        };
        if stops && (!matches!(byte, 0xC2 | 0xE2) || is_break(text, pos)) {
            return pos;
        }
        pos += 1;
    }
}

/// Skips what holds no byte at which a scan may stop, as base64 does, many bytes at once.
#[inline(always)]
fn skip_runs(text: &[u8], mut pos: usize, may_stop: impl Fn(u8) -> bool) -> usize {
    const RUN: usize = 32;
    while let Some(run) = text.get(pos..pos + RUN)
        && !run.iter().fold(false, |stops, &b| stops | may_stop(b))
    {
        pos += RUN;
    }
    pos
}
