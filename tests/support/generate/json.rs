//! JSON objects in several layouts.

use super::random::Random;
use super::words;

/// White space of one file.
struct Layout {
    indent: Option<&'static str>,
    colon: &'static str,
}

/// An object, with or without a final line break.
pub(super) fn object(random: &mut Random) -> String {
    let layout = Layout {
        indent: [None, Some("  "), Some("\t"), Some("    ")][random.below(4)],
        colon: random.pick(&[":", ": ", " : "]),
    };
    let mut out = String::new();
    members(random, &layout, 4, 0, &mut out);
    if random.chance(80) {
        out.push('\n');
    }
    out
}

fn members(random: &mut Random, layout: &Layout, depth: usize, level: usize, out: &mut String) {
    let mut keys: Vec<String> = Vec::new();
    for _ in 0..random.below(7) {
        let key = words::odd_key(random);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    out.push('{');
    for (index, key) in keys.iter().enumerate() {
        separate(layout, index, level + 1, out);
        string(random, key, out);
        out.push_str(layout.colon);
        value(random, layout, depth, level + 1, out);
    }
    close(layout, keys.is_empty(), level, '}', out);
}

fn value(random: &mut Random, layout: &Layout, depth: usize, level: usize, out: &mut String) {
    const NUMBERS: &[&str] = &[
        "0", "-0", "1", "-1", "42", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1.0", "1.50", "-0.0",
        "1e3", "1E+2", "1e-7", "6.02e23", "123456789.125", "100000000000000000000",
    ];
    match random.below(10) {
        0 | 1 if depth > 0 => members(random, layout, depth - 1, level, out),
        2 if depth > 0 => {
            let count = random.below(5);
            out.push('[');
            for index in 0..count {
                separate(layout, index, level + 1, out);
                value(random, layout, depth - 1, level + 1, out);
            }
            close(layout, count == 0, level, ']', out);
        }
        3 => out.push_str(random.pick(&["true", "false", "null"])),
        4 => out.push_str(random.pick(NUMBERS)),
        5 => {
            let text = words::lines(random);
            string(random, &text, out);
        }
        _ => {
            let text = words::text(random);
            string(random, &text, out);
        }
    }
}

fn separate(layout: &Layout, index: usize, level: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
    line(layout, level, out);
    if layout.indent.is_none() && index > 0 && layout.colon != ":" {
        out.push(' ');
    }
}

fn close(layout: &Layout, empty: bool, level: usize, bracket: char, out: &mut String) {
    if !empty {
        line(layout, level, out);
    }
    out.push(bracket);
}

fn line(layout: &Layout, level: usize, out: &mut String) {
    if let Some(indent) = layout.indent {
        out.push('\n');
        out.push_str(&indent.repeat(level));
    }
}

fn string(random: &mut Random, text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '/' if random.chance(10) => out.push_str("\\/"),
            c if c < ' ' || random.chance(2) || c == '\u{7f}' => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
