//! How keys, texts and flow collections are spelt.

use super::{Node, Writer};

impl Writer {
    /// A key on one line.
    pub(super) fn key(&mut self, key: &str) {
        let bare = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && key.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c))
            && !["true", "null", "false"].contains(&key.to_lowercase().as_str());
        if bare && !self.random.chance(if self.layout.wild { 15 } else { 2 }) {
            self.out.push_str(key);
        } else if single_possible(key) && self.random.chance(50) {
            self.out.push_str(&single(key));
        } else {
            let quoted = self.double(key, None);
            self.out.push_str(&quoted);
        }
    }

    /// A text after `key:` or `-`, with its line break, in a style that can hold it.
    pub(super) fn text(&mut self, text: &str, parent: usize) {
        let block = text.contains('\n') && block_possible(text) || self.layout.wild && block_possible(text) && self.random.chance(15);
        if block && self.random.chance(85) {
            self.block_scalar(text, parent);
            return;
        }
        let fold = (self.layout.wild && self.random.chance(20)).then_some(parent + 1);
        let spelt = if plain_possible(text, false) && self.random.chance(60) {
            match fold {
                Some(column) => self.fold(text, column),
                None => text.to_owned(),
            }
        } else {
            self.quoted(text, fold)
        };
        self.one_line(&format!(" {spelt}"));
    }

    fn quoted(&mut self, text: &str, fold: Option<usize>) -> String {
        if single_possible(text) && self.random.chance(50) {
            let spelt = single(text);
            return match fold {
                Some(column) => self.fold(&spelt, column),
                None => spelt,
            };
        }
        self.double(text, fold)
    }

    /// Breaks a text at some of its single blanks.
    fn fold(&mut self, text: &str, column: usize) -> String {
        let mut folded = String::new();
        let mut characters = text.chars().peekable();
        let mut before = ' ';
        while let Some(character) = characters.next() {
            let inner = character == ' '
                && !matches!(before, ' ' | '\t' | '\'' | '"')
                && characters.peek().is_some_and(|&c| !matches!(c, ' ' | '\t' | '#' | '-' | '?' | ':' | '\'' | '"' | '%' | '.'));
            if inner && self.random.chance(50) {
                folded.push('\n');
                if self.random.chance(20) {
                    folded.push('\n');
                }
                folded.extend(std::iter::repeat_n(' ', column + self.random.below(4)));
            } else {
                folded.push(character);
            }
            before = character;
        }
        folded
    }

    fn double(&mut self, text: &str, fold: Option<usize>) -> String {
        let mut quoted = String::from("\"");
        for character in text.chars() {
            match character {
                '"' => quoted.push_str("\\\""),
                '\\' => quoted.push_str("\\\\"),
                '\n' => quoted.push_str("\\n"),
                '\t' if self.random.chance(50) => quoted.push('\t'),
                '\t' => quoted.push_str("\\t"),
                '\u{7}' => quoted.push_str("\\a"),
                '\u{1b}' => quoted.push_str("\\e"),
                '\u{85}' if self.random.chance(50) => quoted.push_str("\\N"),
                '\u{a0}' if self.random.chance(50) => quoted.push_str("\\_"),
                '\u{2028}' if self.random.chance(50) => quoted.push_str("\\L"),
                c if !printable(c) || self.layout.wild && self.random.chance(3) => match u32::from(c) {
                    code @ 0..=0xff => quoted.push_str(&format!("\\x{code:02x}")),
                    code @ 0..=0xffff => quoted.push_str(&format!("\\u{code:04X}")),
                    code => quoted.push_str(&format!("\\U{code:08x}")),
                },
                c => quoted.push(c),
            }
            if let Some(column) = fold
                && self.random.chance(4)
                && quoted.chars().count() > 1
            {
                quoted.push_str("\\\n");
                quoted.extend(std::iter::repeat_n(' ', column));
                quoted.push_str("\\x20");
            }
        }
        quoted.push('"');
        quoted
    }

    /// ` |`, the indicators, the lines.
    fn block_scalar(&mut self, text: &str, parent: usize) {
        let step = self.step();
        let body = text.trim_end_matches('\n');
        let breaks = text.len() - body.len();
        self.out.push_str(if self.random.chance(75) { " |" } else { " >" });
        let first = text.split('\n').find(|line| !line.trim().is_empty()).unwrap_or(" ");
        let leading_blanks = text.split('\n').take_while(|line| line.trim().is_empty()).any(|line| !line.is_empty());
        let must = first.starts_with([' ', '\t']) || leading_blanks;
        let chomping = match breaks {
            _ if self.layout.wild && self.random.chance(25) => self.random.pick(&["", "-", "+"]),
            0 => "-",
            1 => "",
            _ => "+",
        };
        if must || self.random.chance(if self.layout.wild { 15 } else { 2 }) {
            if self.random.chance(50) {
                self.out.push_str(&format!("{step}{chomping}"));
            } else {
                self.out.push_str(&format!("{chomping}{step}"));
            }
        } else {
            self.out.push_str(chomping);
        }
        self.trailing();
        self.out.push('\n');
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() || self.layout.wild && self.random.chance(10) {
                self.pad(parent + step);
            }
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    /// A node in flow style, on one line or several; lines go on deeper than `parent`.
    pub(super) fn flow(&mut self, node: &Node, parent: usize) {
        let lines = self.random.chance(if self.layout.wild { 40 } else { 10 });
        match node {
            Node::Plain(text) if flow_plain(text) => self.out.push_str(text),
            Node::Plain(text) => {
                let quoted = self.double(text, None);
                self.out.push_str(&quoted);
            }
            Node::Text(text) if plain_possible(text, true) && self.random.chance(40) => self.out.push_str(text),
            Node::Text(text) => {
                let quoted = self.quoted(text, None);
                self.out.push_str(&quoted);
            }
            Node::Fragment(..) => self.out.push_str("[x, {y: z}]"),
            Node::List(items) => self.flow_collection(['[', ']'], items.len(), lines, parent, |writer, index| {
                writer.flow(&items[index], parent);
            }),
            Node::Map(entries) => self.flow_collection(['{', '}'], entries.len(), lines, parent, |writer, index| {
                let (key, value) = &entries[index];
                writer.key(key);
                let tight = writer.layout.wild && writer.out.ends_with(['"', '\'']) && writer.random.chance(30);
                writer.out.push_str(if tight { ":" } else { ": " });
                if !(writer.layout.wild && writer.random.chance(5)) {
                    let start = writer.out.len();
                    writer.flow(value, parent);
                    // `"k"::v` and `"k":-` do not read like `"k": :v`.
                    if tight && writer.out[start..].starts_with([':', '-', '?']) {
                        writer.out.insert(start, ' ');
                    }
                }
            }),
        }
    }

    fn flow_collection(
        &mut self,
        brackets: [char; 2],
        count: usize,
        lines: bool,
        parent: usize,
        mut entry: impl FnMut(&mut Self, usize),
    ) {
        self.out.push(brackets[0]);
        if !lines && self.random.chance(20) {
            self.out.push(' ');
        }
        for index in 0..count {
            if lines {
                self.flow_break(parent);
            }
            entry(self, index);
            if index + 1 < count {
                self.out.push(',');
                if !lines && !(self.layout.wild && self.random.chance(10) && !self.out.ends_with(":,")) {
                    self.out.push(' ');
                }
            } else if self.random.chance(if lines { 30 } else { 5 }) && !self.out.ends_with([':', ' ']) {
                self.out.push(',');
            }
        }
        if lines && count > 0 {
            self.flow_break(parent);
        }
        self.out.push(brackets[1]);
    }

    fn flow_break(&mut self, parent: usize) {
        self.trailing();
        self.out.push('\n');
        let column = parent + self.step();
        if self.random.chance(self.layout.comments / 2) {
            self.pad(column);
            let comment = super::words::comment(&mut self.random);
            self.out.push_str(&comment);
            self.out.push('\n');
        }
        self.pad(column);
    }
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Printable and no line break in go-yaml's dialect.
fn printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

fn single_possible(text: &str) -> bool {
    text.chars().all(|c| printable(c) || c == '\t')
}

fn block_possible(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| printable(c) || matches!(c, '\t' | '\n'))
}

fn plain_possible(text: &str, flow: bool) -> bool {
    text.starts_with(|c: char| c.is_alphanumeric() || "/_($.".contains(c))
        && !text.starts_with("...")
        && text.chars().all(printable)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !(flow && text.contains([',', '[', ']', '{', '}', ':', '?']))
}

fn flow_plain(text: &str) -> bool {
    !text.starts_with([':', '-']) && !text.contains([',', '[', ']', '{', '}', '?'])
}
