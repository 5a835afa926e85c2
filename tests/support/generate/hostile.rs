//! Valid YAML that a careless reader gets wrong.

use super::kubernetes::map;
use super::layout::Node;
use super::random::Random;
use super::words;

/// Text after `key:` or `-`, and the lines below it, relative to the parent's column plus a step.
const FRAGMENTS: &[(&str, &[&str])] = &[
    ("", &[]),
    (" ", &[]),
    (" # only a remark", &[]),
    (" !!null", &[]),
    (" !!str", &[]),
    (" ! 12", &[]),
    (" !!int \"12\"", &[]),
    (" !!float 1", &[]),
    (" !!bool \"true\"", &[]),
    (" !!binary aGVsbG8=", &[]),
    (" !!binary |", &["aGVs", "bG8="]),
    (" !!timestamp \"2024-02-29\"", &[]),
    (" !!str 0644", &[]),
    (" !!map {a: b}", &[]),
    (" !!seq [a, b]", &[]),
    (" !<tag:yaml.org,2002:str> x", &[]),
    (" !local\u{20}", &["tagged on the next line"]),
    ("", &["plain on the next line"]),
    ("", &["plain on the next line", "and the one after", "", "and after a gap"]),
    ("", &["\"quoted on the next line\""]),
    (" first", &["second", " third", "", "fourth"]),
    (" first # remark ends it", &[]),
    (" \"first", &["second\\", "third \\", "  fourth\""]),
    (" \"a", &["", "", "b\""]),
    (" \" leading", &["trailing \""]),
    (" 'it''s", &["  folded", "", "twice'"]),
    (" '", &["'"]),
    (" \"", &["\""]),
    (" \"\\x41\\u00e9\\U0001F389\\0\\a\\b\\e\\f\\r\\v\\N\\_\\L\\P\\ \\t\"", &[]),
    (" |", &["# text, not a remark", "- text", "a: b"]),
    (" |", &["", "", "text"]),
    (" |", &["text", "", ""]),
    (" |-", &["text", "", ""]),
    (" |+", &["text", "", ""]),
    (" |2-", &["  more"]),
    (" >", &["folded", "words", "", "new paragraph", "  kept", "  kept too", "", "end"]),
    (" >-", &["a", "", "", "b", ""]),
    (" >+", &["a", "  b", "c", ""]),
    (" >1", &[" one more", "back"]),
    (" | # remark on the header", &["text"]),
    (" |", &["text", "\ttab first on a later line"]),
    (" |", &["%not a directive"]),
    (" |", &["--- not a start"]),
    (" |", &["... not an end"]),
    ("", &["- - - deep", "    - er", "  - up", "- out"]),
    ("", &["-", "  a: 1", "- b: 2", "  c: 3", "-", "- []", "- {}"]),
    ("", &["- # remark", "  x", "- # remark", "  - y"]),
    ("", &["-   a: 1", "    b:", "    - c"]),
    ("", &["? a", ": b", "? c", "? d", ": - e"]),
    ("", &["? \"explicit\"", ":", "  deep: 1"]),
    ("", &["? |", "  block key", ": v"]),
    ("", &["? long plain", ": # remark", "  v"]),
    ("", &["\"a\" : 1", "'b'  : 2", "c   :   3"]),
    ("", &["a:", "  b:", "    c:", "    d:", "e:"]),
    ("", &["a: # one", "  # two", "  b: # three", "    # four", "    c # five", "  # six", "# seven"]),
    ("", &["# before", "- a", "# between", "", "- b # beside", "  # deeper", "# after"]),
    (" {a: , b: , ? c : d}", &[]),
    (" {a, b: c, \"d\"}", &[]),
    (" [a, [b, {c: d}], ]", &[]),
    (" [a: b, c: d]", &[]),
    (" [", &["a, # one", "# two", "b", "]"]),
    (" { a: 1,", &["b: [ 2,", "     3 ],", "c: { d:", "  4 } }"]),
    (" {\"a\":1, 'b':2, \"c\":[3]}", &[]),
    (" [\"a\",'b',c,\"d,e\",'f]g']", &[]),
    (" [plain words, more words , http://x/y, -1, -x]", &[]),
    (" [multi", &["line plain, \"multi", "line quoted\"]"]),
    (" []", &[]),
    (" {}", &[]),
    (" [ ]", &[]),
    (" {", &["}"]),
    (" [[], {}, [[]], [{}]]", &[]),
    (" [null, ~, \"\"]", &[]),
    (" ---x", &[]),
    (" ...x", &[]),
    (" a:b:c", &[]),
    (" a#b#c", &[]),
    (" :x", &[]),
    (" ?x", &[]),
    (" -x", &[]),
    (" x,y[z]{w}", &[]),
    (" \u{a0}", &[]),
    (" a\tb", &[]),
    (" x \t # remark", &[]),
    (" x\u{85}", &[]),
    (" a\u{2028}", &["b"]),
    (" \"a\u{2029} b\"", &[]),
    (" <<", &[]),
    (" =", &[]),
    (" 0x_1F", &[]),
    (" 1__0", &[]),
    (" 0o17", &[]),
    (" 0b1111_0000", &[]),
    (" -0x1f", &[]),
    (" +.inf", &[]),
    (" +0", &[]),
    (" -0", &[]),
    (" 00", &[]),
    (" 1e5", &[]),
    (" 1.e5", &[]),
    (" 1_000.5", &[]),
    (" 99999999999999999999", &[]),
    (" 2024-02-29T12:34:56.123456789Z", &[]),
    (" 2024-02-29 12:34:56.5", &[]),
    (" 2024-02-30", &[]),
    (" 0000-01-01", &[]),
];

/// Values that SOPS refuses, though YAML 1.2 or a person would take them; both programs have to.
const REFUSED: &[(&str, &[&str])] = &[
    (" 18446744073709551615", &[]),
    (" {u: http://x/?q=1}", &[]),
    (" [a ? b]", &[]),
    (" {x: :x}", &[]),
    (" \"\\/\"", &[]),
    (" \"\\ud83d\\ude00\"", &[]),
    (" |", &["\ttab first"]),
    ("", &["-\tx"]),
    (" @x", &[]),
    (" `x`", &[]),
    (" %x", &[]),
    (" *unknown", &[]),
    (" !!int abc", &[]),
    (" a: b", &[]),
    (" [a, b", &[]),
    (" \"open", &[]),
    ("", &["1: integer key"]),
    ("", &["true: truth key"]),
    ("", &["~: null key"]),
    ("", &["2024-01-01: date key"]),
    ("", &["a: 1", " b: 2"]),
    ("", &["- a", "b: 1"]),
    ("", &["a: 1", "a: 2"]),
];

/// A mapping of odd keys to odd values; 7 in 100 hold a value that SOPS refuses.
pub(super) fn document(random: &mut Random) -> Node {
    if random.chance(3) {
        return map::<String>([]);
    }
    let document = entries(random, 4);
    if let Node::Map(mut entries) = document {
        if random.chance(7) {
            let (head, lines) = REFUSED[random.below(REFUSED.len())];
            entries.push(("refused".to_owned(), Node::Fragment(head, lines)));
        }
        return Node::Map(entries);
    }
    document
}

fn entries(random: &mut Random, depth: usize) -> Node {
    let count = if random.chance(4) { 0 } else { random.between(1, 6) };
    let entries: Vec<_> = (0..count).map(|_| (words::odd_key(random), node(random, depth))).collect();
    map(entries)
}

fn node(random: &mut Random, depth: usize) -> Node {
    match random.below(10) {
        0 | 1 if depth > 0 => entries(random, depth - 1),
        2 if depth > 0 => {
            let count = if random.chance(5) { 0 } else { random.between(1, 5) };
            Node::List((0..count).map(|_| node(random, depth - 1)).collect())
        }
        3 | 4 => {
            let (head, lines) = FRAGMENTS[random.below(FRAGMENTS.len())];
            Node::Fragment(head, lines)
        }
        5 => Node::Plain(words::plain(random)),
        6 => Node::Text(words::lines(random)),
        _ => Node::Text(words::text(random)),
    }
}
