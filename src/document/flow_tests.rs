#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::document::json;
use crate::document::yaml::Stream;

const METADATA: &str = "\"sops\": {\"mac\": \"x, # }\", \"n\": [1, 2]}";

fn read(text: &str, format: Format) -> Document {
    match format {
        Format::Json => json::parse(text.as_bytes()),
        Format::Yaml => Stream::new(text.as_bytes())
            .and_then(|mut stream| stream.next_document())
            .map(Option::unwrap_or_default),
    }
    .unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

fn added(text: &str, format: Format) -> String {
    let insertion = insertion(&read(text, format), text, format).unwrap();
    let (head, tail) = text.split_at(insertion.offset);
    let Insertion { before, after, .. } = insertion;
    format!("{head}{before}{METADATA}{after}{tail}")
}

fn removed(text: &str, format: Format, name: &str) -> String {
    let document = read(text, format);
    let (key, _) = document
        .entries(document.root().unwrap())
        .filter(|&(key, _)| document.scalar_text(key, text) == name)
        .last()
        .unwrap_or_else(|| panic!("{name} is not in {text:?}"));
    let range = removal(&document, text, key).unwrap();
    format!("{}{}", &text[..range.start], &text[range.end..])
}

/// Keys and values of the root, as they are written.
fn members(text: &str, format: Format) -> Vec<(String, String)> {
    let document = read(text, format);
    let written = |id| text[document.span(id)].to_owned();
    document
        .entries(document.root().unwrap())
        .map(|(key, value)| (written(key), written(value)))
        .collect()
}

fn round_trip(text: &str, format: Format) -> String {
    let with = added(text, format);
    let mut expected = members(text, format);
    let (key, value) = METADATA.split_once(": ").unwrap();
    expected.push((key.to_owned(), value.to_owned()));
    assert_eq!(members(&with, format), expected, "{text:?} -> {with:?}");
    assert_eq!(removed(&with, format, "sops"), text, "by way of {with:?}");
    with.replace(METADATA, "S")
}

#[test]
fn members_are_added_in_the_style_of_the_file() {
    for (text, expected) in [
        ("{}", "{S}"),
        ("{ }\n", "{ S }\n"),
        ("{\n}\n", "{\n\tS\n}\n"),
        ("{\r\n\r\n  }", "{\r\n\r\n  \tS\r\n\r\n  }"),
        ("{\"a\":1}", "{\"a\":1,S}"),
        ("{\"a\": 1}", "{\"a\": 1, S}"),
        ("{ \"a\":1 }", "{ \"a\":1, S }"),
        ("{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2,S}"),
        ("{\"a\":1 ,  \"b\":2}", "{\"a\":1 ,  \"b\":2 ,  S}"),
        ("{\n\t\"a\": 1\n}\n", "{\n\t\"a\": 1,\n\tS\n}\n"),
        ("{\n  \"a\": 1}", "{\n  \"a\": 1,\n  S}"),
        ("{\"a\": 1\n}", "{\"a\": 1, S\n}"),
        (
            "{\r\n  \"a\": {},\r\n\r\n  \"b\": [\r\n  ]\r\n}",
            "{\r\n  \"a\": {},\r\n\r\n  \"b\": [\r\n  ],\r\n  S\r\n}",
        ),
        ("{\n\"a\": 1,\n\"b\": 2\n}", "{\n\"a\": 1,\n\"b\": 2,\nS\n}"),
        (
            "{ \"a\": 1\n, \"b\": 2\n}",
            "{ \"a\": 1\n, \"b\": 2\n, S\n}",
        ),
        (
            "{ \"a\": 1,\n  \"b\": 2 }",
            "{ \"a\": 1,\n  \"b\": 2,\n  S }",
        ),
        ("{\r\"a\": 1\r}", "{\r\"a\": 1,\rS\r}"),
    ] {
        assert_eq!(round_trip(text, Format::Json), expected, "{text:?}");
    }
}

#[test]
fn yaml_keeps_comments_and_trailing_commas() {
    for (text, expected) in [
        ("{a: 1}", "{a: 1, S}"),
        ("--- !!map {a: 1,} # end\n", "--- !!map {a: 1, S,} # end\n"),
        ("{a: 1 , }", "{a: 1 , S, }"),
        ("{a}", "{a,S}"),
        ("{a:}", "{a:,S}"),
        ("{a: }", "{a: ,S }"),
        ("{a: !!null }", "{a: !!null , S }"),
        ("{a: &x}", "{a: &x, S}"),
        ("{? a : 1, ? &x b : *x}", "{? a : 1, ? &x b : *x, S}"),
        ("{\n  a: 1,\n}\n", "{\n  a: 1,\n  S,\n}\n"),
        ("{\n  a: 1 # one\n}\n", "{\n  a: 1 # one\n  , S\n}\n"),
        ("{\n  a: 1, # one\n}\n", "{\n  a: 1, # one\n  S,\n}\n"),
        (
            "{\n  a: 1 # one\n  , # two\n\n  # three, }\n}\n",
            "{\n  a: 1 # one\n  , # two\n\n  # three, }\n  S,\n}\n",
        ),
        ("{\n  a: 1 # one\n  ,\n}", "{\n  a: 1 # one\n  ,\n  S,\n}"),
        ("{ # none\n}", "{ # none\n  S\n}"),
        ("{\n  # none\n\n}", "{\n  # none\n  S\n\n}"),
        (
            "# top\n{ a: 1, # one\n  b: 'x\n   y' }\n---\nc: 1\n",
            "# top\n{ a: 1, # one\n  b: 'x\n   y',\n  S }\n---\nc: 1\n",
        ),
    ] {
        assert_eq!(round_trip(text, Format::Yaml), expected, "{text:?}");
    }
}

#[test]
fn members_anywhere_can_be_removed() {
    for (text, expected) in [
        ("{\"s\":1}", "{}"),
        ("{\n\t\"s\": 1\n}", "{\n}"),
        ("{\"s\":1,\"b\":2}", "{\"b\":2}"),
        ("{ \"s\": 1, \"b\": 2 }", "{ \"b\": 2 }"),
        (
            "{\n  \"a\": 0,\n  \"s\": 1,\n  \"b\": 2\n}",
            "{\n  \"a\": 0,\n  \"b\": 2\n}",
        ),
        (
            "{\n  \"a\": 0\n, \"s\": 1\n, \"b\": 2\n}",
            "{\n  \"a\": 0\n, \"b\": 2\n}",
        ),
    ] {
        assert_eq!(removed(text, Format::Json, "s"), expected, "{text:?}");
    }
    for (text, expected) in [
        ("{ s: 1, }", "{ }"),
        ("{ # c\n s: 1 # d\n}", "{ # c\n # d\n}"),
        ("{? &x s : 1, b: 2}", "{b: 2}"),
        ("{a: 0, ? &x s : 1}", "{a: 0}"),
        ("{a:,s: 1}", "{a:}"),
        ("{a:,s: 1 }", "{a:, }"),
        ("{a: ,s: 1}", "{a: }"),
        ("{a: 0, !!str s: 1, b: 2}", "{a: 0, b: 2}"),
        (
            "{\n  # a\n  a: 0, # a\n  # s\n  s: 1, # s\n  b: 2\n}",
            "{\n  # a\n  a: 0, # a\n  # s\n  # s\n  b: 2\n}",
        ),
        ("{\n  a: 0, # a\n  s: 1\n}", "{\n  a: 0, # a\n}"),
    ] {
        assert_eq!(removed(text, Format::Yaml, "s"), expected, "{text:?}");
        read(expected, Format::Yaml);
    }
}

#[test]
fn layouts_are_detected() {
    let layout = |text: &str, format| {
        let layout = Layout::of(&read(text, format), text, format).unwrap();
        (
            layout.member_indent,
            layout.unit,
            layout.line_break,
            layout.multiline,
        )
    };
    let json = |text| layout(text, Format::Json);
    let is = |indent: &str, unit: &str, line_break, multiline| {
        (indent.to_owned(), unit.to_owned(), line_break, multiline)
    };
    assert_eq!(json("{}"), is("\t", "\t", "\n", false));
    assert_eq!(json("{\n}"), is("\t", "\t", "\n", true));
    assert_eq!(json("{\"a\":1}\r\n"), is("", "\t", "\r\n", false));
    assert_eq!(json("{\n\t\"a\":1\n}"), is("\t", "\t", "\n", true));
    assert_eq!(json("{\r\n    \"a\":1}"), is("    ", "    ", "\r\n", true));
    assert_eq!(json("{\n\"a\":1,\n\"b\":1\n}"), is("", "", "\n", true));
    assert_eq!(json("  {\n    \"a\":1\n  }"), is("    ", "  ", "\n", true));
    assert_eq!(json("{ \"a\":1\n, \"b\":1\n}"), is("", "\t", "\n", true));
    assert_eq!(
        layout("{a: 1, # x\n   b: 2}", Format::Yaml),
        is("   ", "   ", "\n", true)
    );
    assert_eq!(layout("{a: 1}", Format::Yaml), is("", "  ", "\n", false));
}

#[test]
fn other_roots_have_no_layout() {
    for text in ["a: 1\n", "[a]\n", "x\n", ""] {
        let document = read(text, Format::Yaml);
        assert_eq!(Layout::of(&document, text, Format::Yaml), None);
        assert_eq!(insertion(&document, text, Format::Yaml), None);
    }
    let text = "{a: {b: 1}}";
    let document = read(text, Format::Yaml);
    let inner = document
        .get(document.root().unwrap(), "a", text)
        .and_then(|a| document.children(a).next())
        .unwrap();
    assert_eq!(removal(&document, text, inner), None);
}

fn json_space() -> impl Strategy<Value = String> {
    "[ \n\t]{0,3}|\r\n|\n  "
}

fn yaml_space() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[ \n]{0,3}|\r\n|\n  ",
        1 => "( #[a-z,}{# ]{0,4}\n[ \n]{0,3}){1,2}",
    ]
}

fn json_object() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("1"),
        Just("\"x, }\""),
        Just("null"),
        Just("[ ]"),
        Just("{\n\"sops\" : [1,\"{\"]}"),
        Just("\"\\\"# \""),
    ];
    let member = (
        json_space(),
        "a|b|sops|# ,",
        json_space(),
        json_space(),
        value,
        json_space(),
    )
        .prop_map(|(s1, key, s2, s3, value, s4)| format!("{s1}\"{key}\"{s2}:{s3}{value}{s4}"));
    let object = prop_oneof![
        1 => json_space(),
        5 => prop::collection::vec(member, 1..4).prop_map(|m| m.join(",")),
    ];
    (json_space(), object, json_space()).prop_map(|(s1, o, s2)| format!("{s1}{{{o}}}{s2}"))
}

fn yaml_mapping() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(": 1"),
        Just(": x y"),
        Just(""),
        Just(":"),
        Just(": [ a, # c\n b ]"),
        Just(": {c: d,}"),
        Just(": &n 'x, #'"),
        Just(": !t"),
        Just(": \"x\n  y\""),
        Just(" : *k"),
        Just(": x#y"),
    ];
    let key = prop_oneof![Just(""), Just("!!str "), Just("? "), Just("? &m ")];
    let member = (yaml_space(), key, "[a-d]", value, yaml_space());
    (
        "|---|--- !!map|# c\n",
        prop::collection::vec(member, 0..4),
        prop_oneof![Just(None), yaml_space().prop_map(Some)],
        yaml_space(),
        " ?(#x)?\n?",
    )
        .prop_map(|(head, members, trailing, space, end)| {
            let mut out = format!("{head} {{");
            if members.is_empty() {
                out.push_str(&space);
            }
            for (i, (s1, property, key, value, s2)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                // The first key carries the anchor that the aliases name.
                let anchor = if i == 0 { "&k " } else { "" };
                let property = if i == 0 {
                    property.replace("&m ", "")
                } else {
                    (*property).to_owned()
                };
                let value = if i == 0 && value.contains('*') {
                    ": 1"
                } else {
                    value
                };
                out.push_str(&format!("{s1}{property}{anchor}{key}{i}{value}{s2}"));
            }
            if let (Some(space), false) = (trailing, members.is_empty()) {
                out.push(',');
                out.push_str(&space);
            }
            format!("{out}}}{end}")
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn json_comes_back_as_it_was(text in json_object()) {
        round_trip(&text, Format::Json);
    }

    #[test]
    fn yaml_comes_back_as_it_was(text in yaml_mapping()) {
        let parsed = Stream::new(text.as_bytes()).and_then(|mut s| s.next_document());
        prop_assume!(parsed.is_ok());
        round_trip(&text, Format::Yaml);
    }

    #[test]
    fn any_member_leaves_the_others(text in yaml_mapping()) {
        let parsed = Stream::new(text.as_bytes()).and_then(|mut s| s.next_document());
        prop_assume!(parsed.is_ok() && !text.contains('*'));
        let all = members(&text, Format::Yaml);
        for (i, (name, _)) in all.iter().enumerate() {
            let mut rest = all.clone();
            rest.remove(i);
            prop_assert_eq!(members(&removed(&text, Format::Yaml, name), Format::Yaml), rest);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[-{}\\[\\],:?#&*!a\" \n]{0,24}") {
        let braced = format!("{{{text}}}");
        let parsed = Stream::new(braced.as_bytes()).and_then(|mut s| s.next_document());
        if let Ok(Some(document)) = parsed {
            let at = insertion(&document, &braced, Format::Yaml).map(|i| i.offset);
            prop_assert!(at.is_none_or(|at| braced.is_char_boundary(at)));
            let root = document.root().unwrap();
            if matches!(document.kind(root), NodeKind::Mapping { .. }) {
                for (key, _) in document.entries(root) {
                    removal(&document, &braced, key);
                }
            }
        }
    }
}
