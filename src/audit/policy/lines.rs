//! Secrets in texts that no parser reads: line by line, by indentation.

use foldhash::HashMap;

use super::super::finding::Confidence;
use super::secrets::{Field, Secret, Value, judge};
use super::settings;

/// A line of the form `key: value`.
#[derive(Clone, Copy)]
struct Line<'t> {
    /// Where it starts in the text.
    start: usize,
    text: &'t str,
    /// The column of the key: a dash before it counts as indentation.
    column: usize,
    /// It has a dash before the key.
    is_item: bool,
    key: &'t str,
    value: &'t str,
    edge: Edge,
}

/// What the quotes around a text in the source of a program say of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Nothing,
    /// The text begins with it.
    Begins,
    /// The text, or what stands before one, ends with it.
    Ends,
}

/// The Secrets that the lines of a text spell out.
pub(super) fn secrets(text: &str) -> Vec<Secret> {
    let lines = lines_of(text);
    let mut found = Vec::new();
    // For each column the line up to which a mapping was looked at: a kind that is repeated in it
    // starts nothing new.
    let mut done: HashMap<usize, usize> = HashMap::default();
    for (number, line) in lines.iter().enumerate() {
        let is_kind = line.key == "kind" && unquoted(line.value) == "Secret";
        if is_kind && done.get(&line.column).is_none_or(|end| number >= *end) {
            let Some((first, last)) = mapping_around(&lines, number) else {
                continue;
            };
            // Nothing is of two Secrets.
            let before = done.insert(line.column, last);
            let first = before.map_or(first, |before| first.max(before));
            let entries = lines.get(first..last).unwrap_or_default();
            found.extend(secret_of(text, entries, line.column));
        }
    }
    found
}

/// The lines that may be entries of mappings, and those that may be parts of values.
fn lines_of(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        lines.push(line_of(start, line.trim_end_matches(['\n', '\r'])));
        start += line.len();
    }
    lines
}

fn line_of(start: usize, line: &str) -> Line<'_> {
    let (text, edge) = within_quotes(line);
    let start = start + (text.as_ptr() as usize - line.as_ptr() as usize);
    let indented = text.trim_start_matches([' ', '\t']);
    let mut column = text.len() - indented.len();
    let mut rest = indented;
    let mut is_item = false;
    while let Some(after) = rest.strip_prefix("- ") {
        let after = after.trim_start_matches(' ');
        column += rest.len() - after.len();
        rest = after;
        is_item = true;
    }
    let (key, value) = match rest.split_once(':') {
        Some((key, value)) if value.is_empty() || value.starts_with([' ', '\t']) => {
            (unquoted(key.trim()), value.trim())
        }
        _ => ("", ""),
    };
    Line {
        start,
        text,
        column,
        is_item,
        key,
        value,
        edge,
    }
}

/// The part of a line that is in the quotes of Go, JavaScript or Python around a manifest, or all of it: from
/// where a manifest begins behind them, or up to where code goes on behind them.
fn within_quotes(line: &str) -> (&str, Edge) {
    const BEGINNINGS: [&str; 5] = ["apiVersion:", "kind:", "data:", "stringData:", "metadata:"];
    const LONG: [&str; 2] = ["\"\"\"", "'''"];
    let is_code = |after: &str| {
        let mut after = after.chars();
        after.next().is_none_or(|c| ",;)]}+".contains(c))
            && after.next().is_none_or(|c| !c.is_alphanumeric())
    };
    let parts = |at: usize, length: usize| {
        let before = line.get(..at).unwrap_or(line);
        (before, line.get(at + length..).unwrap_or(""))
    };
    if let Some(at) = line.rfind('`') {
        let (before, content) = parts(at, 1);
        let is_open =
            before.is_empty() || before.ends_with([' ', '\t', '(', '{', '[', ',', '=', ':']);
        if is_open && BEGINNINGS.iter().any(|word| content.starts_with(word)) {
            return (content, Edge::Begins);
        }
    }
    if let Some(at) = line.find('`') {
        let (before, after) = parts(at, 1);
        if is_code(after.trim_end()) {
            return (before, Edge::Ends);
        }
    }
    let trimmed = line.trim();
    for quotes in LONG {
        let closes = trimmed.strip_prefix(quotes).is_some_and(is_code);
        let opens = trimmed
            .strip_suffix(quotes)
            .is_some_and(|before| before.ends_with([' ', '(', ',', '=']));
        if closes || opens {
            return (parts(line.find(quotes).unwrap_or(0), 0).0, Edge::Ends);
        }
    }
    (line, Edge::Nothing)
}

impl Line<'_> {
    /// An item of a list begins here, with its first key at this column.
    fn starts_item_at(&self, column: usize) -> bool {
        self.is_item && self.column == column
    }

    /// Blank, a comment, or a template's own line: it says nothing about indentation.
    fn says_nothing(&self) -> bool {
        let text = self.text.trim_start();
        text.is_empty()
            || text.starts_with('#')
            || (self.key.is_empty()
                && super::text::OPENINGS
                    .iter()
                    .any(|(open, _)| text.starts_with(open)))
    }
}

/// The lines of the mapping that a line with a `kind` is in. Where another `kind` stands in the same column, what
/// is between them is divided.
fn mapping_around(lines: &[Line<'_>], number: usize) -> Option<(usize, usize)> {
    let column = lines.get(number)?.column;
    // Upwards and downwards to where the mapping ends.
    let is_outside = |line: &Line<'_>| !line.says_nothing() && line.column < column;
    let is_key = |line: &Line<'_>, key: &str| line.column == column && line.key == key;
    let is_version = |line: &Line<'_>| is_key(line, "apiVersion");
    let mut first = number;
    while first > 0 && !lines.get(first)?.starts_item_at(column) {
        let line = lines.get(first - 1)?;
        if is_outside(line) {
            break;
        }
        if is_key(line, "kind") {
            first = beginning(lines, first, number, is_version);
            break;
        }
        first -= 1;
    }
    let mut last = number + 1;
    while let Some(line) = lines.get(last) {
        if is_outside(line) || line.starts_item_at(column) {
            break;
        }
        if is_key(line, "kind") {
            last = end(lines, first, number, last, is_version);
            break;
        }
        last += 1;
    }
    Some((first, last))
}

/// Between the `kind` of another document before line `from` and ours: where ours begins. Without anything that
/// says so, all of it may be ours.
fn beginning(
    lines: &[Line<'_>],
    from: usize,
    number: usize,
    is_version: impl Fn(&Line<'_>) -> bool,
) -> usize {
    let is_version = |at: &usize| lines.get(*at).is_some_and(&is_version);
    let edge = (from..=number).rev().find(|at| is_edge(lines, *at));
    let version = || (from..number).rev().find(is_version);
    edge.or_else(version).unwrap_or(from)
}

/// Between our `kind` and that of another document at line `to`: where ours ends.
fn end(
    lines: &[Line<'_>],
    first: usize,
    number: usize,
    to: usize,
    is_version: impl Fn(&Line<'_>) -> bool,
) -> usize {
    let is_version = |at: &usize| lines.get(*at).is_some_and(&is_version);
    let edge = (number + 1..=to).find(|at| is_edge(lines, *at));
    // One may be ours.
    let ours = usize::from(!(first..number).any(|at| is_version(&at)));
    let version = || (number + 1..to).filter(is_version).nth(ours);
    edge.or_else(version).unwrap_or(to)
}

/// A text of its own begins with a line.
fn is_edge(lines: &[Line<'_>], at: usize) -> bool {
    let is = |at: usize, edge: Edge| lines.get(at).is_some_and(|line| line.edge == edge);
    is(at, Edge::Begins)
        || at
            .checked_sub(1)
            .is_some_and(|before| is(before, Edge::Ends))
}

fn secret_of(text: &str, entries: &[Line<'_>], column: usize) -> Option<Secret> {
    let is_entry = |line: &&Line<'_>| line.column == column && !line.key.is_empty();
    let version = entries
        .iter()
        .filter(is_entry)
        .find(|line| line.key == "apiVersion")
        .map(|line| unquoted(line.value));
    if version.is_some_and(|version| version != "v1") {
        return None;
    }
    let mut values = Vec::new();
    for (at, line) in entries.iter().enumerate() {
        if line.column != column {
            continue;
        }
        if let Some(field) = Field::of(line.key)
            && matches!(without_comment(line.value), "" | "{")
        {
            values_below(text, entries.get(at + 1..)?, column, field, &mut values);
        }
    }
    settings::settle_user_names(&mut values);
    (!values.is_empty()).then_some(Secret {
        values,
        confidence: Confidence::Likely,
    })
}

fn values_below(
    text: &str,
    lines: &[Line<'_>],
    column: usize,
    field: Field,
    values: &mut Vec<Value>,
) {
    let mut inner = None;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        if line.says_nothing() {
            continue;
        }
        if line.column <= column {
            return;
        }
        let inner = *inner.get_or_insert(line.column);
        if line.column != inner || line.key.is_empty() {
            continue;
        }
        let value = without_comment(line.value);
        let mut end = line.start + line.text.len();
        let mut start = line.start + (line.value.as_ptr() as usize - line.text.as_ptr() as usize);
        let block;
        let judged = if value.starts_with(['|', '>']) {
            let first = at;
            while let Some(next) = lines.get(at)
                && (next.text.trim().is_empty() || indent(next) > inner)
            {
                end = next.start + next.text.len();
                at += 1;
            }
            let below = lines.get(first..at).unwrap_or_default();
            block = below
                .iter()
                .map(|l| l.text.trim())
                .collect::<Vec<_>>()
                .join("\n");
            block.as_str()
        } else {
            end = start + value.len();
            unquoted(value)
        };
        if text.get(start..end).is_none() {
            start = line.start;
            end = line.start + line.text.len();
        }
        let state = judge(field, judged);
        values.push(Value {
            key_path: format!("{}.{}", field.name(), line.key),
            span: start..end,
            field,
            is_setting: settings::is_setting(line.key, &state),
            is_user_name: settings::is_user_name(line.key, &state),
            state,
            node: None,
        });
    }
}

fn indent(line: &Line<'_>) -> usize {
    line.text.len() - line.text.trim_start().len()
}

fn unquoted(text: &str) -> &str {
    let text = without_comment(text);
    // JSON.
    let text = text.strip_suffix(',').unwrap_or(text);
    for quote in ['"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    text
}

/// The text before a comment that follows it.
fn without_comment(text: &str) -> &str {
    let text = text.trim();
    if text.starts_with(['"', '\'']) {
        let quote = text.get(..1).unwrap_or("");
        let end = text.get(1..).and_then(|rest| rest.find(quote));
        return match end {
            Some(end)
                if text
                    .get(end + 2..)
                    .is_some_and(|t| t.trim_start().starts_with('#')) =>
            {
                text.get(..end + 2).unwrap_or(text)
            }
            _ => text,
        };
    }
    if text.starts_with('#') {
        return "";
    }
    text.find(" #")
        .map_or(text, |at| text.get(..at).unwrap_or(text).trim_end())
}
