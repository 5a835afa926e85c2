//! The YAML engine against libyaml, event by event, and the promises its spans make.
//!
//! libyaml is not the dialect to be read, go-yaml is; where the two are known to differ, the text
//! is let pass with a reason (`known_difference`). Everything else has to agree.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

#[path = "support/dialect_corpus.rs"]
mod corpus;
#[allow(clippy::nonminimal_bool)]
#[path = "support/generate.rs"]
mod generate;
#[path = "support/libyaml.rs"]
mod libyaml;

use std::collections::HashMap;

use generate::Random;
use secrets::document::tree::{Document, NodeId, NodeKind, ScalarStyle};
use secrets::document::yaml::Stream;

fn properties(anchor: Option<&str>, tag: Option<&str>) -> String {
    let mut line = String::new();
    if let Some(anchor) = anchor {
        line.push_str(&format!("&{anchor} "));
    }
    if let Some(tag) = tag {
        line.push_str(&format!("<{tag}> "));
    }
    line
}

/// Our events in the form of [`libyaml::events`].
fn events(bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut stream = Stream::new(bytes).map_err(|e| e.to_string())?;
    let text = stream.text();
    let mut lines = Vec::new();
    while let Some(document) = stream.next_document().map_err(|e| e.to_string())? {
        lines.push("+DOC".to_owned());
        match document.root() {
            Some(root) => node(&document, root, text, &mut lines),
            None => lines.push(":\"\"".to_owned()),
        }
        lines.push("-DOC".to_owned());
    }
    Ok(lines)
}

fn node(document: &Document, id: NodeId, text: &str, lines: &mut Vec<String>) {
    let properties = document.properties(id).map_or(String::new(), |p| {
        properties(p.anchor.as_deref(), p.tag.as_deref())
    });
    match document.kind(id) {
        NodeKind::Scalar(style) => {
            let mark = match style {
                ScalarStyle::Plain => ':',
                ScalarStyle::SingleQuoted => '\'',
                ScalarStyle::DoubleQuoted => '"',
                ScalarStyle::Literal => '|',
                ScalarStyle::Folded => '>',
            };
            lines.push(format!(
                "{mark}{properties}{:?}",
                document.scalar_text(id, text)
            ));
        }
        NodeKind::Alias => lines.push(text[document.span(id)].to_owned()),
        NodeKind::Sequence { flow } => {
            lines.push(format!("+SEQ{} {properties}", if flow { "[]" } else { "" }));
            for child in document.children(id) {
                node(document, child, text, lines);
            }
            lines.push("-SEQ".to_owned());
        }
        NodeKind::Mapping { flow } => {
            lines.push(format!("+MAP{} {properties}", if flow { "{}" } else { "" }));
            for child in document.children(id) {
                node(document, child, text, lines);
            }
            lines.push("-MAP".to_owned());
        }
    }
}

/// Why libyaml and go-yaml may take this text differently.
fn known_difference(text: &[u8], ours: &Result<Vec<String>, String>) -> Option<&'static str> {
    let has = |needle: &str| text.windows(needle.len()).any(|w| w == needle.as_bytes());
    let flow = has("[") || has("{");
    let refused = ours.as_ref().err().map_or("", String::as_str);
    if refused.contains("UTF-16") {
        return Some("UTF-16: go-yaml reads it, sops files are UTF-8");
    }
    if refused.contains("no anchor stands") || refused.contains("contains the alias") {
        return Some("libyaml does not look aliases up");
    }
    if refused.contains("byte order marks") {
        return Some("two byte order marks: go-yaml eats characters");
    }
    if refused.contains("only `%YAML 1.1`") {
        return Some("libyaml reads %YAML 1.2");
    }
    if refused.contains("a tag in `!<...>`") || refused.contains("a blank must follow a tag") {
        return Some("libyaml lets a tag end at a comma, and reads other characters in it");
    }
    if has("!") && (has(",") || has("[") || has("]")) {
        return Some("go-yaml: commas and brackets belong to a tag");
    }
    if has("\\/") {
        return Some("libyaml reads \\/");
    }
    if has("\\'") {
        return Some("go-yaml reads \\'");
    }
    if flow && has("?") {
        return Some("go-yaml: ? is an indicator everywhere in flow collections");
    }
    if flow && has(":") {
        return Some("go-yaml: : is an indicator at the start of a word in flow collections");
    }
    if has("\u{feff}") {
        return Some("go-yaml takes a later byte order mark for content");
    }
    if refused.contains("does not belong to the mapping above") && has(":") {
        return Some("libyaml reads a value without a key");
    }
    None
}

/// What a run of comparisons met.
#[derive(Default)]
struct Met {
    excused: HashMap<&'static str, usize>,
    differences: Vec<String>,
}

impl Met {
    fn check(&mut self, bytes: &[u8]) {
        check_spans(bytes);
        let ours = events(bytes);
        let theirs = libyaml::events(bytes);
        let same = match (&ours, &theirs) {
            (Ok(a), Ok(b)) => a == b,
            (Err(_), Err(_)) => true,
            _ => false,
        };
        if same {
            return;
        }
        match known_difference(bytes, &ours) {
            Some(reason) => *self.excused.entry(reason).or_default() += 1,
            None => self.differences.push(format!(
                "{:?}\n  ours:    {ours:?}\n  libyaml: {theirs:?}\n",
                String::from_utf8_lossy(bytes)
            )),
        }
    }

    /// Fails on a difference, or when more than `limit` texts had to be excused.
    fn finish(mut self, limit: usize) {
        self.differences.sort_by_key(String::len);
        self.differences.dedup();
        let shown = self
            .differences
            .iter()
            .take(12)
            .cloned()
            .collect::<String>();
        assert!(
            self.differences.is_empty(),
            "{} texts differ:\n{shown}",
            self.differences.len()
        );
        let excused: usize = self.excused.values().sum();
        assert!(excused <= limit, "too many excuses: {:?}", self.excused);
    }
}

/// Spans lie in order and inside each other; a scalar's span alone gives its value again.
fn check_spans(bytes: &[u8]) {
    let Ok(mut stream) = Stream::new(bytes) else {
        return;
    };
    let text = stream.text();
    let mut from = 0;
    while let Ok(Some(document)) = stream.next_document() {
        let extent = document.extent().clone();
        assert!(
            extent.start >= from && extent.content_end >= extent.start,
            "extents overlap"
        );
        from = extent.content_end;
        if let Some(root) = document.root() {
            let span = document.span(root);
            assert!(
                extent.start <= span.start && span.end <= extent.content_end,
                "root outside"
            );
            check_node(&document, root, text);
        }
        let mut placed = vec![0; document.comments().len()];
        count_comments(&document, &mut placed);
        assert!(
            placed.iter().all(|&n| n == 1),
            "a comment without a place: {text:?}"
        );
        for comment in document.comments() {
            assert!(
                text[comment.span.clone()].starts_with('#'),
                "no comment: {comment:?}"
            );
        }
    }
}

fn count_comments(document: &Document, placed: &mut [u32]) {
    use secrets::document::tree::CommentPlace;
    for &number in document.comments_at(CommentPlace::Root) {
        placed[number as usize] += 1;
    }
    let mut open: Vec<NodeId> = document.root().into_iter().collect();
    while let Some(id) = open.pop() {
        for &number in document
            .comments_before(id)
            .iter()
            .chain(document.comments_at_end(id))
        {
            placed[number as usize] += 1;
        }
        open.extend(document.children(id));
    }
}

fn check_node(document: &Document, id: NodeId, text: &str) {
    let span = document.span(id);
    match document.kind(id) {
        NodeKind::Scalar(style) => check_scalar(document, id, style, text),
        NodeKind::Alias => assert!(text[span].starts_with('*')),
        kind => {
            let mut from = span.start;
            for child in document.children(id) {
                let inner = document.span(child);
                let first = document
                    .properties(child)
                    .map_or(inner.start, |p| p.span.start);
                assert!(first >= from, "children overlap: {text:?}");
                assert!(inner.end <= span.end, "child outside its parent: {text:?}");
                from = inner.end;
                check_node(document, child, text);
            }
            if let NodeKind::Sequence { flow: true } = kind {
                assert!(
                    text[span].starts_with('[') && text[..document.span(id).end].ends_with(']')
                );
            }
        }
    }
}

fn check_scalar(document: &Document, id: NodeId, style: ScalarStyle, text: &str) {
    let span = document.span(id);
    let source = &text[span.clone()];
    let value = document.scalar_text(id, text);
    match style {
        ScalarStyle::SingleQuoted => assert!(source.starts_with('\'') && source.ends_with('\'')),
        ScalarStyle::DoubleQuoted => assert!(source.starts_with('"') && source.ends_with('"')),
        ScalarStyle::Literal => assert!(source.starts_with('|')),
        ScalarStyle::Folded => assert!(source.starts_with('>')),
        ScalarStyle::Plain => {
            assert_eq!(
                source.trim_matches([' ', '\n', '\r', '\t']),
                source,
                "blanks in the span"
            );
        }
    }
    if source.is_empty() || style == ScalarStyle::Literal || style == ScalarStyle::Folded {
        return;
    }
    let alone = if style != ScalarStyle::Plain {
        format!("[{source}]")
    } else if source.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
        && !source.contains(':')
    {
        format!(" {source}\n")
    } else {
        assert!(
            source.contains(':') || source == value,
            "span {span:?} of {text:?}"
        );
        return;
    };
    let again = Stream::new(alone.as_bytes())
        .unwrap()
        .next_document()
        .unwrap()
        .unwrap();
    let root = again.root().unwrap();
    let item = again.children(root).next().unwrap_or(root);
    assert_eq!(
        again.scalar_text(item, &alone),
        value,
        "span {span:?} of {text:?}"
    );
}

#[test]
fn agrees_with_libyaml_on_every_construct() {
    let mut met = Met::default();
    let corpus = corpus::documents();
    assert!(corpus.len() >= 250, "{} documents", corpus.len());
    let mut valid = 0;
    for text in &corpus {
        met.check(text.as_bytes());
        met.check(text.replace('\n', "\r\n").as_bytes());
        met.check(text.replace('\n', "\r").as_bytes());
        met.check(text.trim_end_matches('\n').as_bytes());
        met.check(format!("\u{feff}{text}").as_bytes());
        valid += usize::from(events(text.as_bytes()).is_ok());
    }
    assert!(
        valid * 2 > corpus.len() && valid < corpus.len() * 9 / 10,
        "{valid} are valid"
    );
    met.finish(corpus.len() / 4);
}

#[test]
fn known_differences_go_the_way_of_go_yaml() {
    let mut agreed = Vec::new();
    for (text, accepted) in corpus::DIFFERENCES {
        let (ours, theirs) = (events(text.as_bytes()), libyaml::events(text.as_bytes()));
        assert_eq!(ours.is_ok(), *accepted, "{text:?}: {ours:?}");
        if ours.is_ok() == theirs.is_ok() && ours.ok() == theirs.ok() {
            agreed.push(text);
        }
    }
    assert!(agreed.is_empty(), "libyaml agrees: {agreed:?}");
}

#[test]
fn agrees_with_libyaml_on_generated_documents() {
    let mut met = Met::default();
    for seed in 0..1500 {
        met.check(generate::realistic(seed).text.as_bytes());
        met.check(generate::hostile(seed).text.as_bytes());
    }
    met.finish(150);
}

#[test]
fn agrees_with_libyaml_on_mutated_documents() {
    let mut met = Met::default();
    let corpus = corpus::documents();
    let mut random = Random::new(20);
    for round in 0..20_000_u64 {
        let text = match round % 10 {
            0 => generate::hostile(round).text,
            1 => generate::realistic(round).text,
            _ => corpus[random.below(corpus.len())].clone(),
        };
        let bytes = mutate(&mut random, text.as_bytes());
        met.check(&bytes);
    }
    met.finish(1000);
}

/// One to four small damages: bytes and lines deleted, doubled, swapped or put in.
fn mutate(random: &mut Random, text: &[u8]) -> Vec<u8> {
    const PIECES: &[&str] = &[
        " ", "\t", "\n", "\r", "#", ":", "-", "?", ",", "[", "]", "{", "}", "&a ", "*a", "!", "|",
        ">", "'", "\"", "%", "@", "~", "0", "\\", "<", "---\n", "...\n", "\u{85}", "\u{2028}", "é",
        "- ", ": ", " #c\n", "\n\n", "\r\n",
    ];
    let mut bytes = text.to_vec();
    for _ in 0..random.between(1, 4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let line = bytes[..at]
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |i| i + 1);
        let line_end = bytes[at..]
            .iter()
            .position(|&b| b == b'\n')
            .map_or(bytes.len(), |i| at + i + 1);
        match random.below(7) {
            0 => drop(bytes.remove(at)),
            1 => bytes.insert(at, bytes[at]),
            2 => {
                let other = random.below(bytes.len());
                bytes.swap(at, other);
            }
            3 => drop(bytes.drain(line..line_end)),
            4 => {
                let copy = bytes[line..line_end].to_vec();
                bytes.splice(line..line, copy);
            }
            5 => bytes.insert(line, b' '),
            _ => drop(bytes.splice(at..at, random.pick(PIECES).bytes())),
        }
    }
    bytes
}

/// Cost must grow with the length of the text only.
#[test]
fn hostile_texts_cost_no_more_than_their_length() {
    let deep = "[".repeat(100_000);
    let texts = [
        ("open brackets", deep),
        ("dashes on one line", "- ".repeat(500_000)),
        ("explicit keys", "? a\n".repeat(1_000_000)),
        (
            "anchors",
            (0..100_000)
                .map(|i| format!("k{i}: &a{i} [*a{}]\n", i.max(1) - 1))
                .collect(),
        ),
        ("one anchor over and over", "- &a x\n- *a\n".repeat(200_000)),
        (
            "open anchors",
            (0..490)
                .map(|i| format!("{}k: &o{i}\n", " ".repeat(i)))
                .chain((0..20_000).map(|_| format!("{}- *none\n", " ".repeat(490))))
                .collect(),
        ),
        (
            "comment lines",
            format!("a: 1\n{}b: 2\n", "# c\n".repeat(500_000)),
        ),
        (
            "comment lines of all columns",
            format!(
                "a: 1\n{}b: 2\n",
                (0..100_000)
                    .map(|i| format!("{}# c\n", " ".repeat(97 - i % 97)))
                    .collect::<String>()
            ),
        ),
        ("comments behind items", "- a # c\n".repeat(200_000)),
        (
            "comments with gaps",
            "a:\n  # c\n\n".to_owned() + &"# c\n\n  # d\n\n".repeat(100_000),
        ),
        (
            "deep dedents",
            (0..2000)
                .map(|_| {
                    (0..200)
                        .map(|i| format!("{}k:\n", " ".repeat(i)))
                        .collect::<String>()
                        .replacen("k", "r", 1)
                })
                .enumerate()
                .map(|(n, t)| t.replacen('r', &format!("r{n}"), 1))
                .collect(),
        ),
        (
            "deep dedents under comments",
            (0..300)
                .map(|n| {
                    (0..200)
                        .map(|i| format!("{}k:\n", " ".repeat(i)))
                        .collect::<String>()
                        .replacen('k', &format!("r{n}"), 1)
                        + &(0..200)
                            .map(|i| format!("{}# c\n", " ".repeat(200 - i)))
                            .collect::<String>()
                })
                .collect(),
        ),
        (
            "flow mapping on one line",
            format!(
                "{{{}}}",
                (0..100_000)
                    .map(|i| format!("k{i}: v, "))
                    .collect::<String>()
            ),
        ),
        ("flow comments", format!("[{}]", "a, # c\n".repeat(200_000))),
        ("blank lines", "\n".repeat(5_000_000)),
        (
            "blanks before a comment",
            format!("a: 1{}# c\n", " ".repeat(1_000_000)),
        ),
        (
            "blank lines before comments",
            format!(
                "a: 1\n{}",
                format!("{}# c\n", "\n".repeat(1000)).repeat(2000)
            ),
        ),
        (
            "CRLF",
            "key: value # remark\r\n# next\r\n"
                .replace("key", "- key")
                .repeat(150_000),
        ),
        (
            "plain text over lines",
            format!("a:\n{}", "  word\n".repeat(500_000)),
        ),
        (
            "quoted text over lines",
            format!("a: \"{}\"", "word\n".repeat(500_000)),
        ),
        (
            "literal text",
            format!("a: |\n{}", "  word\n".repeat(500_000)),
        ),
        (
            "empty lines in a literal",
            format!("a: |\n  x\n{}  y", "\n".repeat(2_000_000)),
        ),
        ("long key", "k".repeat(3_000_000)),
        ("documents", "---\na: 1\n".repeat(100_000)),
        ("document ends", "...\n".repeat(500_000)),
        ("tags", "- !t x\n".repeat(300_000)),
        (
            "directives",
            (0..3000)
                .map(|i| format!("%TAG !t{i}! tag:x,2000:\n"))
                .collect::<String>()
                + "---\na: 1\n",
        ),
        (
            "line separators",
            format!("a: {}", "\u{2028}b".repeat(300_000)),
        ),
    ];
    for (name, text) in texts {
        let start = std::time::Instant::now();
        if let Ok(mut stream) = Stream::new(text.as_bytes()) {
            while let Ok(Some(_)) = stream.next_document() {}
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}: {} bytes, {seconds:.3} s", text.len());
        assert!(
            seconds < 10.0,
            "{name}: {} bytes took {seconds:.1} s",
            text.len()
        );
    }
}
