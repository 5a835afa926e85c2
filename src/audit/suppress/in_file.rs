//! Suppressions that stand as comments in the file that they are about.

use std::ops::Range;

use super::comment::{self, Reach};
use crate::audit::checks::{Check, REASONLESS_SUPPRESSION, UNUSED_SUPPRESSION};
use crate::audit::finding::{Hit, Suppressed, SuppressedBy};
use crate::audit::places::{document_at, end_of_key};
use crate::audit::subject::{Parsed, Subject, is_binary};
use crate::document::Format;
use crate::document::tree::{Document, NodeId, NodeKind};

/// `allow-file` counts up to this line: a suppression of everything must be seen by who opens the file.
const FILE_LINES: usize = 10;

/// Most suppressions that count in one text; beyond that `allow-file` or the policy file is meant.
const MAX_COMMENTS: usize = 1000;

/// What starts comments, longest first where one is part of another.
const MARKS: [&str; 5] = ["<!--", "//", "#", ";", "--"];

/// The suppressions in one text.
#[derive(Clone, Debug, Default)]
pub struct InFile {
    allowed: Vec<Allowed>,
    /// Where lines end; empty if there is no suppression.
    breaks: Vec<usize>,
    /// The first one that is too many.
    too_many: Option<Range<usize>>,
}

/// One comment.
#[derive(Clone, Debug)]
struct Allowed {
    span: Range<usize>,
    place: AllowedFor,
    checks: Vec<(&'static Check, bool)>,
    wrong: Vec<(Range<usize>, String)>,
    reason: Option<String>,
}

/// What a comment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AllowedFor {
    /// Findings on a line.
    Line(usize),
    File,
    /// `allow-file` where it does not count.
    TooLate,
}

/// A comment as it was found.
struct Found {
    span: Range<usize>,
    /// Where the words start.
    words: usize,
    mark: &'static str,
    own_line: bool,
}

impl InFile {
    /// The suppressions of a text. JSON has no comments; in YAML only what the parser takes for a
    /// comment is one, unless the text does not parse.
    pub fn find(subject: &Subject<'_>) -> Self {
        let bytes = subject.bytes;
        let mut words = memchr::memmem::find_iter(bytes, comment::WORD).peekable();
        if words.peek().is_none() || subject.format() == Some(Format::Json) || is_binary(bytes) {
            return InFile::default();
        }
        let parsed = subject.parsed().filter(|parsed| parsed.error.is_none());
        let marks = match subject.format() {
            Some(Format::Yaml) => &["#"][..],
            _ => &MARKS[..],
        };
        let mut in_file = InFile {
            allowed: Vec::new(),
            breaks: memchr::memchr_iter(b'\n', bytes).collect(),
            too_many: None,
        };
        let mut end = 0;
        let mut found = Vec::new();
        for at in words {
            if at < end {
                continue; // In the reason of the one before.
            }
            let Some((start, mark)) = in_file.mark_before(bytes, at, marks) else {
                continue;
            };
            if parsed.is_some_and(|parsed| !is_comment(parsed, start)) {
                continue;
            }
            if found.len() == MAX_COMMENTS {
                in_file.too_many = Some(start..at);
                break;
            }
            let comment = in_file.comment(bytes, start, at, mark);
            end = comment.span.end;
            found.push(comment);
        }
        in_file.place(bytes, found);
        if in_file.allowed.is_empty() {
            return InFile::default();
        }
        in_file
    }

    /// Where the comment starts whose words start at a byte, and what starts it.
    fn mark_before(
        &self,
        bytes: &[u8],
        words: usize,
        marks: &[&'static str],
    ) -> Option<(usize, &'static str)> {
        let (start, _) = self.bounds(bytes, self.line_of(words));
        let before = bytes.get(start..words)?.trim_ascii_end();
        let mark = marks
            .iter()
            .find(|mark| before.ends_with(mark.as_bytes()))?;
        let last = *mark.as_bytes().last()?;
        // `##`, `///` and `;;` start comments as well.
        let run = match mark.len() {
            4 => 4,
            _ => before
                .iter()
                .rev()
                .take_while(|byte| **byte == last)
                .count(),
        };
        let head = without_bom(before.get(..before.len() - run)?);
        let is_mark = head.last().is_none_or(u8::is_ascii_whitespace);
        is_mark.then_some((start + before.len() - run, mark))
    }

    /// The comment that starts at a byte, with its words.
    fn comment(&self, bytes: &[u8], start: usize, words: usize, mark: &'static str) -> Found {
        let (line, end) = self.bounds(bytes, self.line_of(start));
        let head = without_bom(bytes.get(line..start).unwrap_or_default());
        let text = bytes.get(words..end).unwrap_or_default().trim_ascii_end();
        Found {
            span: start..words + text.len(),
            words,
            mark,
            own_line: head.iter().all(u8::is_ascii_whitespace),
        }
    }

    /// Reads comments and finds what they are for. From the last one to the first, so that lines of
    /// comments are walked over once.
    fn place(&mut self, bytes: &[u8], found: Vec<Found>) {
        let mut below: Option<(usize, &'static str, usize)> = None;
        for comment in found.into_iter().rev() {
            let text = bytes
                .get(comment.words..comment.span.end)
                .unwrap_or_default();
            let Some(words) = comment::read(&String::from_utf8_lossy(text)) else {
                continue;
            };
            let line = self.line_of(comment.span.start);
            let place = match words.reach {
                Reach::File if line <= FILE_LINES => AllowedFor::File,
                Reach::File => AllowedFor::TooLate,
                Reach::Line if !comment.own_line => AllowedFor::Line(line),
                Reach::Line => {
                    let mut next = line + 1;
                    while self.is_comment_line(bytes, next, comment.mark) {
                        match below {
                            Some((line, mark, target)) if line == next && mark == comment.mark => {
                                next = target;
                                break;
                            }
                            _ => next += 1,
                        }
                    }
                    below = Some((line, comment.mark, next));
                    AllowedFor::Line(next)
                }
            };
            let offset = |span: Range<usize>| span.start + comment.words..span.end + comment.words;
            self.allowed.push(Allowed {
                place,
                checks: words
                    .checks
                    .into_iter()
                    .map(|check| (check, false))
                    .collect(),
                wrong: words
                    .wrong
                    .into_iter()
                    .map(|(span, what)| (offset(span), what))
                    .collect(),
                reason: words.reason,
                span: comment.span,
            });
        }
        self.allowed.reverse();
    }

    fn is_comment_line(&self, bytes: &[u8], line: usize, mark: &str) -> bool {
        if line > self.breaks.len() + 1 {
            return false;
        }
        let (start, end) = self.bounds(bytes, line);
        let text = bytes.get(start..end).unwrap_or_default().trim_ascii_start();
        match text.strip_prefix(mark.as_bytes()) {
            // Not a PEM header.
            Some(rest) if mark == "--" => rest.first().is_none_or(u8::is_ascii_whitespace),
            Some(_) => true,
            None => false,
        }
    }

    /// The 1-based line of a byte.
    fn line_of(&self, offset: usize) -> usize {
        self.breaks.partition_point(|at| *at < offset) + 1
    }

    /// Start and end of a line.
    fn bounds(&self, bytes: &[u8], line: usize) -> (usize, usize) {
        let before = line.checked_sub(2).and_then(|index| self.breaks.get(index));
        let end = self.breaks.get(line.saturating_sub(1));
        let start = before.map_or(0, |at| at + 1);
        (start, end.copied().unwrap_or(bytes.len()))
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.allowed.is_empty()
    }

    /// What suppresses a finding of the text. Every suppression that matches counts as used.
    pub(super) fn suppress(&mut self, subject: &Subject<'_>, hit: &Hit) -> Option<Suppressed> {
        if self.allowed.is_empty() {
            return None;
        }
        let lines = self.lines_of(subject, hit.span.start);
        let mut found = None;
        for allowed in &mut self.allowed {
            let in_reach = match allowed.place {
                AllowedFor::Line(line) => lines.contains(&Some(line)),
                AllowedFor::File => true,
                AllowedFor::TooLate => false,
            };
            let Some(reason) = allowed.reason.as_ref().filter(|_| in_reach) else {
                continue;
            };
            for (check, used) in &mut allowed.checks {
                if *check == hit.check {
                    *used = true;
                    found.get_or_insert_with(|| Suppressed {
                        by: SuppressedBy::InFile,
                        reason: Some(reason.clone()),
                    });
                }
            }
        }
        found
    }

    /// The lines of a finding: where it starts, and where in YAML the value that has it and the key of
    /// this value start, since a comment cannot stand inside of a scalar.
    fn lines_of(&self, subject: &Subject<'_>, offset: usize) -> [Option<usize>; 3] {
        let parsed = subject.parsed().filter(|parsed| parsed.error.is_none());
        let entry = parsed.and_then(|parsed| {
            let document = document_at(parsed, offset)?;
            let (value, key) = entry_at(parsed.source.text, document, offset)?;
            Some((
                document.span(value).start,
                key.map(|key| document.span(key).start),
            ))
        });
        let line = |offset| self.line_of(offset);
        [
            Some(line(offset)),
            entry.map(|(value, _)| line(value)),
            entry.and_then(|(_, key)| key).map(line),
        ]
    }

    /// Suppressions that suppressed nothing, name no check, or stand where they do not count:
    /// [`UNUSED_SUPPRESSION`]. Those without reason, and those for a check that did not run (`ran`
    /// says so), are left out. Only of meaning after all findings of the text were asked for.
    pub fn unused(&self, ran: impl Fn(&Check) -> bool) -> Vec<Hit> {
        let mut hits = Vec::new();
        if let Some(span) = &self.too_many {
            let what = format!("only the first {MAX_COMMENTS} suppressions of a file count");
            hits.push(Hit::new(&UNUSED_SUPPRESSION, span.clone(), what));
        }
        for allowed in &self.allowed {
            let mut add = |span: &Range<usize>, what: String| {
                hits.push(allowed.hit(&UNUSED_SUPPRESSION, span.clone(), what));
            };
            for (span, what) in &allowed.wrong {
                add(span, what.clone());
            }
            if allowed.place == AllowedFor::TooLate {
                let what = format!("`allow-file` counts in the first {FILE_LINES} lines only");
                add(&allowed.span, what);
            } else if allowed.checks.is_empty() && allowed.wrong.is_empty() {
                add(&allowed.span, "the suppression names no check".to_owned());
            } else if allowed.reason.is_some() {
                for (check, used) in &allowed.checks {
                    if !used && ran(check) {
                        let what = format!("the suppression of {} suppresses nothing", check.id);
                        add(&allowed.span, what);
                    }
                }
            }
        }
        hits
    }

    /// Suppressions without a reason, which do not count: [`REASONLESS_SUPPRESSION`].
    pub fn reasonless(&self) -> Vec<Hit> {
        let reasonless =
            |allowed: &&Allowed| allowed.reason.is_none() && !allowed.checks.is_empty();
        let hit = |allowed: &Allowed| {
            let what = format!("the suppression of {} has no reason", allowed.ids());
            allowed.hit(&REASONLESS_SUPPRESSION, allowed.span.clone(), what)
        };
        self.allowed.iter().filter(reasonless).map(hit).collect()
    }

    /// For comparison with another version of the text: what each suppression that counts is for, with
    /// the text of its line, and its place.
    pub(super) fn claims(&self, bytes: &[u8]) -> Vec<(String, Hit)> {
        let counts = |allowed: &&Allowed| {
            allowed.reason.is_some()
                && !allowed.checks.is_empty()
                && allowed.place != AllowedFor::TooLate
        };
        let claim = |allowed: &Allowed| {
            let mut ids: Vec<&str> = allowed.checks.iter().map(|(check, _)| check.id).collect();
            ids.sort_unstable();
            let ids = ids.join(",");
            let (target, what) = match allowed.place {
                AllowedFor::Line(line) => {
                    let (start, end) = self.bounds(bytes, line.min(self.breaks.len() + 1));
                    let text = bytes.get(start..end).unwrap_or_default().trim_ascii();
                    (String::from_utf8_lossy(text), "on a line")
                }
                _ => ("".into(), "in the whole file"),
            };
            let is_new =
                format!("{ids} is suppressed {what}: the suppression or what it is for is new");
            let hit = allowed.hit(
                &crate::audit::checks::NEW_SUPPRESSION,
                allowed.span.clone(),
                is_new,
            );
            (format!("{ids}\n{what}\n{target}"), hit)
        };
        self.allowed.iter().filter(counts).map(claim).collect()
    }
}

impl Allowed {
    fn ids(&self) -> String {
        let ids: Vec<&str> = self.checks.iter().map(|(check, _)| check.id).collect();
        ids.join(", ")
    }

    /// A finding about the suppression. Its value keeps several of them in one file apart.
    fn hit(&self, check: &'static Check, span: Range<usize>, what: String) -> Hit {
        let reason = self.reason.as_deref().unwrap_or_default();
        let value = format!("{} {what} {reason}", self.ids());
        Hit::new(check, span, what).of(value.as_bytes())
    }
}

fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// The parser took what starts here for a comment. Comments between two documents belong to either.
fn is_comment(parsed: &Parsed<'_>, start: usize) -> bool {
    let documents = &parsed.documents;
    let after = documents.partition_point(|document| document.extent().start <= start);
    let near = documents
        .iter()
        .take(after + 1)
        .skip(after.saturating_sub(2));
    near.map(Document::comments).any(|comments| {
        let at = comments.partition_point(|comment| comment.span.end <= start);
        comments
            .get(at)
            .is_some_and(|comment| comment.span.start <= start)
    })
}

/// The scalar that has a byte, and its key.
fn entry_at(text: &str, document: &Document, offset: usize) -> Option<(NodeId, Option<NodeId>)> {
    let number = document
        .first_from(offset.saturating_add(1))
        .checked_sub(1)?;
    let node = document.id_at(number)?;
    let is_scalar = |node| matches!(document.kind(node), NodeKind::Scalar(_));
    if !is_scalar(node) || document.span(node).end < offset {
        return None;
    }
    let before = number
        .checked_sub(1)
        .and_then(|number| document.id_at(number));
    let key = before.filter(|&key| is_scalar(key) && end_of_key(text, document, key).is_some());
    Some((node, key))
}
