//! Comments as the scanner meets them: lines, gathered to groups that go to the token before or
//! after them. The rules are go-yaml's, since they decide under which path SOPS encrypts a comment.

use std::collections::VecDeque;
use std::ops::Range;

use super::reader::{at, is_blank, is_break, line_end};
use super::scanner::{Scanner, TokenKind};
use crate::document::tree::Comment;

/// go-yaml looks this many bytes ahead for the next comment.
const REACH: usize = 512;

/// What a group of comment lines is to the entry that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Above it.
    Head,
    /// On its line.
    Line,
    /// Below it.
    Foot,
}

/// Comment lines that stay together.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) role: Role,
    /// The first token at or after this byte takes the group.
    pub(super) anchor: usize,
    /// Numbers of the lines.
    pub(super) lines: Range<u32>,
    /// Where the search began that found the group.
    scan_from: usize,
    /// Where the search for it ended; `None` for a comment on a token's line.
    end: Option<usize>,
    start: usize,
    column: usize,
    line: usize,
}

/// The comments of a stream that no document has taken yet.
#[derive(Debug, Default)]
pub(super) struct Comments {
    /// The comments of the document that is being read.
    lines: Vec<Comment>,
    /// Per comment: a blank line follows, and the group goes on.
    gaps: Vec<bool>,
    /// Groups that no token has taken.
    pub(super) pending: VecDeque<Group>,
}

impl Comments {
    /// How many comments have been read and not been taken.
    pub(super) fn count(&self) -> usize {
        self.lines.len()
    }

    /// Takes the first `count` comments, those of a document that has ended.
    pub(super) fn take_lines(&mut self, count: usize) -> Vec<Comment> {
        let count = count.min(self.lines.len());
        let rest = self.lines.split_off(count);
        self.gaps.drain(..count);
        self.pending
            .retain(|group| group.lines.start as usize >= count);
        for group in &mut self.pending {
            group.lines.start -= count as u32;
            group.lines.end -= count as u32;
        }
        std::mem::replace(&mut self.lines, rest)
    }

    /// A blank line follows this comment within its group.
    pub(super) fn gap_after(&self, number: u32) -> bool {
        self.gaps.get(number as usize).copied().unwrap_or(false)
    }

    /// Where a block collection at `indent` ends, seen from `at`: before the comments in its own
    /// column, so that they go to what is outside of it.
    pub(super) fn block_end(&self, indent: isize, at: usize) -> usize {
        let mut found = at;
        let mut stop = at;
        for group in self.pending.iter().rev() {
            if group.end.is_none_or(|end| end < stop) {
                break;
            }
            if group.column as isize == indent + 1 {
                found = group.start;
            }
            stop = group.scan_from;
        }
        found
    }
}

impl Scanner<'_> {
    /// Reads the comment at `pos` up to the end of its line.
    fn comment_line(&mut self) {
        let end = line_end(self.text, self.pos);
        let own_line = self.text[self.line_start..self.pos]
            .iter()
            .all(|&b| is_blank(b));
        self.comments.lines.push(Comment {
            span: self.pos..end,
            own_line,
            lost: false,
            inline: false,
        });
        self.comments.gaps.push(false);
        if end == self.text.len() {
            // Nothing follows on a line of its own, so this column closes collections: go-yaml
            // counts it in characters.
            let comment = &self.text[self.pos..end];
            self.line_start += comment.iter().filter(|&&b| b & 0xC0 == 0x80).count();
        }
        self.pos = end;
    }

    /// Reads a comment on the line of the token that ends at `pos`.
    pub(super) fn line_comment(&mut self, anchor: usize) {
        let mut pos = self.pos;
        while is_blank(at(self.text, pos)) {
            pos += 1;
            if pos - self.pos >= REACH {
                return;
            }
        }
        if at(self.text, pos) != b'#' || self.breaks_before() > 0 {
            return;
        }
        self.pos = pos;
        let number = self.comments.lines.len() as u32;
        let group = Group {
            role: Role::Line,
            anchor,
            lines: number..number + 1,
            scan_from: 0,
            end: None,
            start: pos,
            column: self.column(),
            line: self.line,
        };
        self.comment_line();
        self.comments.pending.push_back(group);
    }

    /// A comment behind `k: &a` stands above the list whose first dash has just been read.
    pub(super) fn promote_line_comment(&mut self) {
        if self.recent[0].0 != TokenKind::BlockSequenceStart
            || self.recent[1].0 != TokenKind::BlockEntry
            || is_break(self.text, self.pos)
        {
            return;
        }
        let (line, pos) = (self.line, self.pos);
        if let Some(group) = self.comments.pending.back_mut()
            && group.role == Role::Line
        {
            group.role = Role::Head;
            if group.line + 1 == line {
                group.anchor = pos;
            }
        }
    }

    /// Reads the comment at `pos` and those that follow with nothing but blanks between them.
    /// `from`: offset and line where the search for a token began.
    pub(super) fn comment_lines(&mut self, from: (usize, usize)) {
        let text = self.text;
        let token = match self.recent {
            [before, (TokenKind::FlowEntry, _)] => before,
            [_, last] => last,
        };
        let next_indent = self.indent.max(0) as usize;
        let breaks = self.breaks_before();
        // Directly below the token: what stands there may belong to it.
        let foot_line = (from.1 > 0).then(|| {
            let beside = breaks == 0 && self.column() > 1;
            (self.line + 1 + usize::from(beside)).saturating_sub(breaks)
        });
        let mut run = Run {
            scan_from: from.0,
            anchor: token.1,
            open: None,
        };
        let mut no_gap_yet = breaks <= 1;
        let mut recent_gap = false;
        let (mut line, mut column) = (self.line, self.column());
        let mut ahead = 0;
        while ahead < REACH {
            let pos = self.pos + ahead;
            let byte = at(text, pos);
            column += 1;
            ahead += 1;
            if is_blank(byte) {
                continue;
            }
            let closes = self.flow_level > 0 && matches!(byte, b']' | b'}');
            let breaks_here = is_break(text, pos);
            let dedented = run
                .open
                .as_ref()
                .is_some_and(|group| group.column - 1 < next_indent);
            if closes || breaks_here || pos >= text.len() {
                if closes || !recent_gap {
                    let below = run.open.as_ref().is_some_and(|g| Some(g.line) == foot_line);
                    let foot =
                        closes || no_gap_yet && (below && token.0 != TokenKind::Value || dedented);
                    if foot {
                        if dedented && let Some(group) = &run.open {
                            run.anchor = group.start;
                        }
                        run.close(Role::Foot, pos, &mut self.comments);
                    } else if run.open.is_some()
                        && pos < text.len()
                        && let Some(gap) = self.comments.gaps.last_mut()
                    {
                        *gap = true;
                    }
                }
                if !breaks_here {
                    break;
                }
                no_gap_yet = false;
                recent_gap = true;
                column = 0;
                line += 1;
                continue;
            }
            let leaves = run
                .open
                .as_ref()
                .is_some_and(|group| column - 1 < next_indent && column != group.column);
            if leaves {
                run.close(Role::Foot, pos, &mut self.comments);
            }
            if byte != b'#' {
                break;
            }
            let number = self.comments.lines.len() as u32;
            let group = run.open.get_or_insert(Group {
                role: Role::Head,
                anchor: pos,
                lines: number..number,
                scan_from: 0,
                end: None,
                start: pos,
                column,
                line,
            });
            group.lines.end = number + 1;
            recent_gap = false;
            while self.pos < pos {
                if is_break(text, self.pos) {
                    self.skip_break();
                } else {
                    self.pos += 1;
                }
            }
            self.comment_line();
            // The break is stepped over unseen: of a CRLF the LF remains, and counts as a blank line.
            ahead = 1;
            column = 0;
            line = self.line;
        }
        if let Some(group) = &run.open {
            run.anchor = group.start;
            run.close(Role::Head, self.pos + ahead - 2, &mut self.comments);
        }
    }

    /// Line breaks directly before `pos`, blanks not counted.
    fn breaks_before(&self) -> usize {
        let text = self.text;
        let mut breaks = 0;
        let mut pos = self.pos;
        while let Some(before) = pos.checked_sub(1) {
            let len = match at(text, before) {
                b' ' | b'\t' => 0,
                b'\n' if before > 0 && at(text, before - 1) == b'\r' => 2,
                b'\n' | b'\r' => 1,
                0x85 if before > 0 && is_break(text, before - 1) => 2,
                0xA8 | 0xA9 if before > 1 && is_break(text, before - 2) => 3,
                _ => return breaks,
            };
            breaks += usize::from(len > 0);
            pos -= len.max(1);
        }
        breaks
    }
}

/// A run of comment lines that is being read.
struct Run {
    scan_from: usize,
    anchor: usize,
    open: Option<Group>,
}

impl Run {
    /// Ends the open group; the next one follows it without anything between them.
    fn close(&mut self, role: Role, end: usize, comments: &mut Comments) {
        let Some(group) = self.open.take() else {
            return;
        };
        comments.pending.push_back(Group {
            role,
            anchor: self.anchor,
            scan_from: self.scan_from,
            end: Some(end),
            ..group
        });
        self.scan_from = end;
        self.anchor = end;
    }
}
