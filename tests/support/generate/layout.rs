//! From a tree to YAML text: the layout is chosen per file, or per node in a wild one.

use super::random::Random;
use super::words;

#[path = "spelling.rs"]
mod spelling;

/// A tree whose spelling is still open.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// Stands without quotes.
    Plain(String),
    /// Any text; the writer quotes it or makes a block of it.
    Text(String),
    /// Keys are unique.
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
    /// Text right after `key:` or `-`, and lines that follow deeper than the parent; each ends without a break.
    Fragment(&'static str, &'static [&'static str]),
}

/// The habits of a file. Percentages are chances per place.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    wild: bool,
    indent: usize,
    indentless: bool,
    comments: usize,
    blanks: usize,
    flow: usize,
    anchors: usize,
    tags: usize,
    crlf: bool,
    mark: bool,
    final_newline: bool,
    start: usize,
}

impl Layout {
    /// One author, one formatter.
    pub(super) fn consistent(random: &mut Random) -> Self {
        Layout {
            wild: false,
            indent: if random.chance(70) { 2 } else { random.between(1, 8) },
            indentless: random.chance(40),
            comments: [0, 5, 15, 35][random.below(4)],
            blanks: [0, 0, 10, 25][random.below(4)],
            flow: [0, 0, 5, 15][random.below(4)],
            anchors: if random.chance(8) { 15 } else { 0 },
            tags: 0,
            crlf: random.chance(6),
            mark: random.chance(3),
            final_newline: random.chance(90),
            start: 30,
        }
    }

    /// Every place decides for itself.
    pub(super) fn wild(random: &mut Random) -> Self {
        Layout {
            wild: true,
            indent: 2,
            indentless: false,
            comments: [0, 5, 20, 45][random.below(4)],
            blanks: [0, 10, 25][random.below(3)],
            flow: [5, 25, 50][random.below(3)],
            anchors: if random.chance(25) { 15 } else { 0 },
            tags: [0, 0, 10][random.below(3)],
            crlf: random.chance(10),
            mark: random.chance(6),
            final_newline: random.chance(75),
            start: 60,
        }
    }
}

/// Writes documents one after the other.
pub(super) struct Writer {
    random: Random,
    layout: Layout,
    out: String,
    /// Anchors of this document that are complete; true for mappings.
    anchors: Vec<(String, bool)>,
    next_anchor: usize,
    aliases: bool,
}

impl Writer {
    pub(super) fn new(random: Random, layout: Layout) -> Self {
        Writer { random, layout, out: String::new(), anchors: Vec::new(), next_anchor: 0, aliases: false }
    }

    pub(super) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Appends a document; `index` counts from 0.
    pub(super) fn document(&mut self, root: &Node, index: usize) {
        self.anchors.clear();
        let mut ended = index == 0;
        if index > 0 && self.random.chance(10) {
            self.out.push_str("...\n");
            ended = true;
        }
        if self.random.chance(self.layout.comments) {
            self.between(0);
        }
        let directive = ended && self.random.chance(self.layout.start / 10);
        if directive {
            self.out.push_str(self.random.pick(&["%YAML 1.1\n", "%TAG !e! tag:example.com,2000:\n", "%YAML 1.1 # as it was\n"]));
        }
        let start = directive || index > 0 || self.random.chance(self.layout.start);
        if start {
            self.out.push_str("---");
            self.trailing();
            self.out.push('\n');
        }
        match root {
            Node::Map(entries) if !entries.is_empty() && !self.random.chance(self.layout.flow / 6) => {
                let column = if self.layout.wild && self.random.chance(5) { self.random.between(1, 4) } else { 0 };
                self.block_map(entries, column, false);
            }
            other => {
                self.flow(other, 0);
                self.trailing();
                self.out.push('\n');
            }
        }
        if self.random.chance(self.layout.comments) {
            self.between(0);
        }
    }

    /// The text, and whether it holds aliases.
    pub(super) fn finish(mut self) -> (String, bool) {
        if self.random.chance(3) {
            self.out.push_str("...\n");
        }
        if !self.layout.final_newline {
            while self.out.ends_with('\n') {
                self.out.pop();
            }
        }
        if self.layout.crlf {
            self.out = self.out.replace('\n', "\r\n");
        }
        if self.layout.mark {
            self.out.insert(0, '\u{feff}');
        }
        (self.out, self.aliases)
    }

    /// Blank lines and comment lines before an entry at `column`.
    fn between(&mut self, column: usize) {
        if self.random.chance(self.layout.blanks) {
            self.blank_lines();
        }
        if !self.random.chance(self.layout.comments) {
            return;
        }
        for _ in 0..self.random.between(1, 3) {
            let at = if self.layout.wild && self.random.chance(30) { self.random.below(10) } else { column };
            self.pad(at);
            let comment = words::comment(&mut self.random);
            self.out.push_str(&comment);
            self.out.push('\n');
        }
        if self.random.chance(self.layout.blanks) {
            self.blank_lines();
        }
    }

    fn blank_lines(&mut self) {
        for _ in 0..self.random.between(1, 2) {
            if self.layout.wild && self.random.chance(10) {
                self.pad(2);
            }
            self.out.push('\n');
        }
    }

    /// A comment at the end of a line, perhaps.
    fn trailing(&mut self) {
        if self.random.chance(self.layout.comments) {
            let gap = if self.random.chance(80) { 1 } else { self.random.between(2, 8) };
            self.pad(gap);
            let comment = words::comment(&mut self.random);
            self.out.push_str(&comment);
        } else if self.layout.wild && self.random.chance(3) {
            self.pad(1);
        }
    }

    fn pad(&mut self, columns: usize) {
        self.out.extend(std::iter::repeat_n(' ', columns));
    }

    fn step(&mut self) -> usize {
        if self.layout.wild { self.random.between(1, 5) } else { self.layout.indent }
    }

    /// Entries at `column`; the first one goes on where the line stands when `inline`.
    fn block_map(&mut self, entries: &[(String, Node)], column: usize, inline: bool) {
        let mut inline = inline;
        if let Some(base) = self.map_to_merge() {
            self.start_entry(column, inline);
            inline = false;
            self.out.push_str(&base);
            self.trailing();
            self.out.push('\n');
        }
        for (key, value) in entries {
            self.start_entry(column, inline);
            if !inline && self.layout.wild && self.random.chance(4) {
                self.out.push_str("? ");
                self.key(key);
                self.out.push('\n');
                self.pad(column);
                self.out.push(':');
            } else {
                self.key(key);
                if self.layout.wild && self.random.chance(4) {
                    self.out.push(' ');
                }
                self.out.push(':');
            }
            inline = false;
            self.value(value, column, true);
        }
    }

    fn start_entry(&mut self, column: usize, inline: bool) {
        if !inline {
            self.between(column);
            self.pad(column);
        }
    }

    fn map_to_merge(&mut self) -> Option<String> {
        let maps: Vec<&String> = self.anchors.iter().filter(|(_, map)| *map).map(|(name, _)| name).collect();
        if maps.is_empty() || !self.random.chance(self.layout.anchors) {
            return None;
        }
        self.aliases = true;
        let first = maps[self.random.below(maps.len())];
        Some(if self.random.chance(25) { format!("<<: [*{first}]") } else { format!("<<: *{first}") })
    }

    fn block_list(&mut self, items: &[Node], column: usize, inline: bool) {
        let mut inline = inline;
        for item in items {
            self.start_entry(column, inline);
            inline = false;
            self.out.push('-');
            self.value(item, column, false);
        }
    }

    /// What follows `key:` or `-`, up to and with the line break. `parent` is the column of the collection around.
    fn value(&mut self, node: &Node, parent: usize, after_key: bool) {
        if !self.anchors.is_empty() && self.random.chance(self.layout.anchors / 2) {
            let (name, _) = self.anchors[self.random.below(self.anchors.len())].clone();
            self.aliases = true;
            self.out.push_str(&format!(" *{name}"));
            self.trailing();
            self.out.push('\n');
            return;
        }
        let anchor = self.random.chance(self.layout.anchors).then(|| {
            self.next_anchor += 1;
            format!("a{}", self.next_anchor)
        });
        let tag = self.tag(node);
        let decorated = anchor.is_some() || tag.is_some();
        for part in [tag, anchor.as_ref().map(|name| format!("&{name}"))].into_iter().flatten() {
            self.out.push(' ');
            self.out.push_str(&part);
        }
        self.content(node, parent, after_key, decorated);
        if let Some(name) = anchor {
            self.anchors.push((name, matches!(node, Node::Map(_))));
        }
    }

    fn tag(&mut self, node: &Node) -> Option<String> {
        if !self.random.chance(self.layout.tags) {
            return None;
        }
        let choices: &[&str] = match node {
            Node::Text(_) => &["!!str", "!local", "!", "!<tag:example.com,2000:x>"],
            Node::Plain(_) => &["!!str", "!local"],
            Node::Map(_) => &["!!map", "!local"],
            Node::List(_) => &["!!seq", "!local"],
            Node::Fragment(..) => return None,
        };
        Some(self.random.pick(choices).to_owned())
    }

    fn content(&mut self, node: &Node, parent: usize, after_key: bool, decorated: bool) {
        match node {
            Node::Fragment(head, lines) => {
                let column = parent + self.step();
                self.out.push_str(head);
                self.out.push('\n');
                for line in *lines {
                    if !line.is_empty() {
                        self.pad(column);
                    }
                    self.out.push_str(line);
                    self.out.push('\n');
                }
            }
            Node::Plain(text) => self.one_line(&format!(" {text}")),
            Node::Text(text) => self.text(text, parent),
            Node::Map(entries) if !entries.is_empty() && !self.random.chance(self.layout.flow) => {
                if !after_key && !decorated && self.random.chance(85) {
                    let gap = if self.layout.wild { self.random.between(1, 4) } else { 1 };
                    self.pad(gap);
                    self.block_map(entries, parent + 1 + gap, true);
                } else {
                    self.one_line("");
                    let column = parent + self.step();
                    self.block_map(entries, column, false);
                }
            }
            Node::List(items) if !items.is_empty() && !self.random.chance(self.layout.flow) => {
                if !after_key && !decorated && self.random.chance(70) {
                    self.pad(1);
                    self.block_list(items, parent + 2, true);
                } else {
                    self.one_line("");
                    let indentless = if self.layout.wild { self.random.chance(30) } else { self.layout.indentless };
                    let column = if after_key && indentless { parent } else { parent + self.step() };
                    self.block_list(items, column, false);
                }
            }
            collection => {
                self.out.push(' ');
                self.flow(collection, parent);
                self.one_line("");
            }
        }
    }

    fn one_line(&mut self, text: &str) {
        self.out.push_str(text);
        self.trailing();
        self.out.push('\n');
    }
}
