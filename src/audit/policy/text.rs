//! Texts that are no clean YAML: templates, scripts, files without end. What of them can be read is
//! read as YAML, the rest line by line.

use std::borrow::Cow;
use std::ops::Range;

use super::super::finding::Confidence;
use super::super::subject::Parsed;
use super::lines;
use super::secrets::{Secret, in_document, in_inner_document, names_secret};
use crate::document::Format;

/// The Secrets of a text of any kind; their nodes mean nothing.
pub(super) fn secrets(text: &str) -> Vec<Secret> {
    collect(text, true)
}

/// The Secrets of a text that stands in a document.
pub(super) fn inner_secrets(text: &str) -> Vec<Secret> {
    collect(text, false)
}

fn collect(text: &str, looks_into_texts: bool) -> Vec<Secret> {
    let mut found = Vec::new();
    for range in chunks(text) {
        let chunk = text.get(range.clone()).unwrap_or("");
        if !names_secret(chunk.as_bytes()) {
            continue;
        }
        for mut secret in in_chunk(chunk, looks_into_texts) {
            for value in &mut secret.values {
                value.span = value.span.start + range.start..value.span.end + range.start;
                value.node = None;
            }
            found.push(secret);
        }
    }
    found
}

/// What stands between lines that start with `---`.
fn chunks(text: &str) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices("\n---") {
        chunks.push(start..at + 1);
        start = at + 1;
    }
    chunks.push(start..text.len());
    chunks
}

fn in_chunk(chunk: &str, looks_into_texts: bool) -> Vec<Secret> {
    let blanked = without_templates(chunk);
    let is_template = matches!(blanked, Cow::Owned(_));
    let format = match chunk.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => [Format::Json, Format::Yaml],
        _ => [Format::Yaml, Format::Json],
    };
    for format in format {
        let Some(parsed) = Parsed::new(blanked.as_bytes(), format) else {
            continue;
        };
        if parsed.error.is_some() {
            continue;
        }
        let find = match looks_into_texts {
            true => in_document,
            false => in_inner_document,
        };
        let documents = parsed.documents.iter();
        let mut found: Vec<Secret> = documents
            .flat_map(|document| find(&parsed, document))
            .collect();
        if found.is_empty() {
            break;
        }
        for secret in &mut found {
            // What a template would have put there.
            secret.values.retain(|value| {
                let text = chunk.get(value.span.clone()).unwrap_or("");
                !is_template || !OPENINGS.iter().any(|(open, _)| text.contains(open))
            });
            if is_template {
                secret.confidence = secret.confidence.min(Confidence::Likely);
            }
        }
        found.retain(|secret| !secret.values.is_empty());
        return found;
    }
    lines::secrets(chunk)
}

/// How template languages mark what they replace.
pub(super) const OPENINGS: [(&str, &str); 4] =
    [("{{", "}}"), ("{%", "%}"), ("{#", "#}"), ("<%", "%>")];

/// The text with letters where templates have expressions, and blanks where they have lines of their
/// own: as long as before, byte for byte, and mostly YAML.
fn without_templates(text: &str) -> Cow<'_, str> {
    let Some(first) = next_opening(text, 0) else {
        return Cow::Borrowed(text);
    };
    let mut out = text.as_bytes().to_vec();
    let mut next = Some(first);
    while let Some((start, close)) = next {
        let Some(length) = text.get(start..).and_then(|rest| rest.find(close)) else {
            break;
        };
        let end = start + length + close.len();
        let line_start = text
            .get(..start)
            .and_then(|t| t.rfind('\n'))
            .map_or(0, |at| at + 1);
        let before = out.get(line_start..start).unwrap_or_default();
        let after = text.get(end..).unwrap_or("");
        let after = after.split('\n').next().unwrap_or("");
        let stands_alone = before.iter().all(u8::is_ascii_whitespace)
            && (after.trim().is_empty()
                || OPENINGS.iter().any(|(o, _)| after.trim().starts_with(o)));
        let filler = if stands_alone { b' ' } else { b'x' };
        for byte in out.get_mut(start..end).unwrap_or_default() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = filler;
            }
        }
        next = next_opening(text, end);
    }
    match String::from_utf8(out) {
        Ok(text) => Cow::Owned(text),
        Err(_) => Cow::Borrowed(text),
    }
}

fn next_opening(text: &str, from: usize) -> Option<(usize, &'static str)> {
    let rest = text.get(from..)?;
    // All openings have `{` or `<` first: most texts have few of them.
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'{', b'<', rest.get(at..)?.as_bytes())?;
        let here = rest.get(at..)?;
        if let Some((_, close)) = OPENINGS.iter().find(|(open, _)| here.starts_with(open)) {
            return Some((from + at, close));
        }
        at += 1;
    }
}
