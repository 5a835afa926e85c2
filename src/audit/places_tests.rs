#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;

use super::*;

/// The region of one span as `line:column-line:column`.
fn region(text: &[u8], span: Range<usize>) -> String {
    let regions = regions(text, &[span]);
    let region = regions[0];
    format!(
        "{}:{}-{}:{}",
        region.line, region.column, region.end_line, region.end_column
    )
}

#[test]
fn lines_and_columns_count_from_one_and_in_characters() {
    let text = "a: 1\r\näö: xy\n\nlast".as_bytes();
    for (span, expected) in [
        (0..0, "1:1-1:1"),
        (0..1, "1:1-1:2"),
        (3..4, "1:4-1:5"),
        (6..8, "2:1-2:2"),
        (12..14, "2:5-2:7"),
        // With its line break, and with the blank line behind it.
        (12..15, "2:5-2:7"),
        (12..16, "2:5-2:7"),
        (3..6, "1:4-1:5"),
        // From line to line.
        (3..14, "1:4-2:7"),
        (16..20, "4:1-4:5"),
        (15..15, "3:1-3:1"),
        // In the middle of a character.
        (7..9, "2:1-2:2"),
        (6..7, "2:1-2:1"),
        // Out of the text, and nonsense.
        (19..99, "4:4-4:5"),
        (99..120, "4:5-4:5"),
    ] {
        assert_eq!(region(text, span.clone()), expected, "{span:?}");
    }
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = region(text, 14..12);
    assert_eq!(reversed, "2:7-2:7");
    assert_eq!(region(b"", 0..0), "1:1-1:1");
    assert_eq!(region(b"\n", 1..1), "2:1-2:1");
}

#[test]
fn a_bom_is_no_column_and_bytes_that_are_no_text_are_as_shown() {
    let text = "\u{feff}a: x\n\u{feff}b".as_bytes();
    assert_eq!(region(text, 0..0), "1:1-1:1");
    assert_eq!(region(text, 3..4), "1:1-1:2");
    assert_eq!(region(text, 6..7), "1:4-1:5");
    assert_eq!(region(text, 11..12), "2:2-2:3");
    // A truncated character of three bytes is shown as one replacement, lone bytes as one each.
    assert_eq!(region(b"\xe2\x82x", 2..3), "1:2-1:3");
    assert_eq!(region(b"\xff\xffx", 2..3), "1:3-1:4");
}

#[test]
fn a_long_line_with_many_spans_is_walked_once() {
    let text = "ä".repeat(200_000);
    let spans: Vec<Range<usize>> = (0..200_000).map(|n| n * 2..n * 2 + 2).collect();
    let regions = regions(text.as_bytes(), &spans);
    assert_eq!(regions.last().unwrap().end_column, 200_001);
}

/// The region as the definition has it, one span at a time.
fn slow(text: &[u8], span: &Range<usize>) -> Region {
    let place = |offset: usize| {
        let before = &text[..offset];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let start = before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |n| n + 1);
        let end = text[start..]
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(text.len(), |n| start + n);
        let mut widths = Vec::new();
        for chunk in text[start..end].utf8_chunks() {
            widths.extend(chunk.valid().chars().map(char::len_utf8));
            widths.extend((!chunk.invalid().is_empty()).then_some(chunk.invalid().len()));
        }
        let mut at = start;
        let mut column = 1;
        for width in widths {
            if at + width > offset {
                break;
            }
            at += width;
            column += 1;
        }
        (line, column)
    };
    let start = span.start.min(text.len());
    let end = span.end.clamp(start, text.len());
    let (line, column) = place(start);
    let (end_line, end_column) = place(before_break(text, start, end));
    Region {
        line,
        column,
        end_line,
        end_column,
    }
}

proptest! {
    #[test]
    fn all_spans_at_once_give_what_each_gives_alone(
        text in proptest::collection::vec(
            prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'a'), Just(0xc3), Just(0xa4), Just(0xe2), Just(0x82), Just(0xac)],
            0..40,
        ),
        spans in proptest::collection::vec((0_usize..45, 0_usize..45), 0..8),
    ) {
        let spans: Vec<Range<usize>> = spans.into_iter().map(|(a, b)| a..b).collect();
        let expected: Vec<Region> = spans.iter().map(|span| slow(&text, span)).collect();
        prop_assert_eq!(regions(&text, &spans), expected);
    }

    #[test]
    fn no_text_makes_an_excerpt_show_the_value(
        before in "[-:#=.'\"|>{}\\[\\]a \\n\t]{0,30}",
        after in "[-:#='\"|>{}\\[\\]a \\n]{0,30}",
        name in prop_oneof![Just("a.yaml"), Just("a.json"), Just("a.env")],
    ) {
        let text = format!("{before}Zq7{after}");
        let subject = Subject::new(name, text.as_bytes());
        for key_path in [None, Some("a")] {
            let shown = excerpt(&subject, &(before.len()..before.len() + 3), key_path);
            prop_assert!(!shown.unwrap_or_default().contains("Zq7"));
        }
    }
}

/// The excerpt for the first place of `value` in a text.
fn shown(path: &str, text: &str, value: &str) -> Option<String> {
    let subject = Subject::new(path, text.as_bytes());
    let start = text.find(value).unwrap();
    excerpt(&subject, &(start..start + value.len()), None)
}

#[test]
fn excerpts_of_yaml_and_json_keep_keys_and_nothing_else() {
    let yaml = "\u{feff}top: v0\na:\n  b: v1 # v2\n  - v3\n";
    assert_eq!(shown("a.yaml", yaml, "v0").unwrap(), "top: …");
    for (text, value, expected) in [
        ("a:\n  b: v1 # v2\n", "v1", "  b: …"),
        ("a:\n- b: v1\n- - 'c d' : v2\n", "v2", "- - 'c d' : …"),
        ("a: |\n  k: v1\n  l: v2\n", "v2", "  …"),
        ("a: |\n  k: v1\n  l: v2\n", "|", "a: …"),
        ("a: \"x\n  k: v1\"\n", "v1", "  …"),
        ("a: {b: v1, c: v2}\n", "v2", "a: …"),
        ("{b: v1}\n", "v1", "…"),
        ("a:\n  - v1\n", "v1", "  …"),
        ("a: 1\n---\nb: v1\n", "v1", "b: …"),
        ("&x a: v1\n", "v1", "…"),
        ("# k: v1\na: 1\n", "v1", "…"),
        ("a:\n  b:\n", "b:\n", "  …"),
        ("a:\n  b:\n    c: v1\n", "c: v1", "    …"),
        ("a:\r\n  b: v1\r\n", "v1", "  b: …"),
        // Finding and key are one.
        ("v1: x\n", "v1", "…"),
        // No YAML: nothing can be told from anything.
        ("a: v1\n  b: [\n", "v1", "a: …"),
    ] {
        assert_eq!(shown("a.yaml", text, value).unwrap(), expected, "{text}");
    }
    assert_eq!(
        shown("a.json", "{\n\t\"a\": \"v1\"\n}", "v1").unwrap(),
        "\t\"a\": …"
    );
    assert_eq!(shown("a.json", "{\"a\": \"v1\"}", "v1").unwrap(), "…");
}

#[test]
fn keys_that_may_be_tokens_or_data_are_masked() {
    let token = concat!("AKIA", "Q3EXAMPLE0000002");
    for key in [
        token.to_owned(),
        format!("x.{token}.y"),
        "a".repeat(65),
        "\"a\\u0007\"".to_owned(),
    ] {
        let text = format!("{key}: v1\n");
        let expected = if key.contains('\\') {
            format!("{key}: …")
        } else {
            "…".to_owned()
        };
        assert_eq!(shown("a.yaml", &text, "v1").unwrap(), expected);
    }
    let long = "SOME_LONG_NAME_OF_A_VARIABLE_2: v1\n";
    assert_eq!(
        shown("a.yaml", long, "v1").unwrap(),
        "SOME_LONG_NAME_OF_A_VARIABLE_2: …"
    );
}

#[test]
fn excerpts_of_other_texts_keep_the_name_before_the_value() {
    for (text, value, expected) in [
        ("A=1\nDB_PASSWORD=v1\n", "v1", "DB_PASSWORD= …"),
        ("  export TOKEN = 'v1'\n", "v1", "  export TOKEN = …"),
        ("ENV TOKEN=v1\n", "v1", "ENV TOKEN= …"),
        ("password: v1\n", "v1", "password: …"),
        ("\"password\": \"v1\"\n", "v1", "\"password\": …"),
        ("machine x login y password v1\n", "v1", "…"),
        ("curl -u me:v1 https://x\n", "v1", "…"),
        ("v1=x\n", "v1", "…"),
        ("v1\n", "v1", "…"),
        ("\t-----BEGIN v1\n", "v1", "\t…"),
        ("a = b\n\n= v1\n", "v1", "…"),
    ] {
        assert_eq!(shown("a.txt", text, value).unwrap(), expected, "{text}");
    }
    let deep = format!("{}k=v1", " ".repeat(100));
    let expected = format!("{}k= …", " ".repeat(40));
    assert_eq!(shown("a.txt", &deep, "v1").unwrap(), expected);
}

#[test]
fn findings_far_from_the_start_of_their_line_show_nothing_of_it() {
    let json = format!("{{\"a\": \"{}v1{}\"}}", "x".repeat(5000), "y".repeat(9000));
    assert_eq!(shown("a.json", &json, "v1").unwrap(), "…");
    let yaml = format!("a: v1{}\nb: 1\n", "y".repeat(9000));
    assert_eq!(shown("a.yaml", &yaml, "v1").unwrap(), "a: …");
    let yaml = format!("[{}a: v1]\n", "[], ".repeat(20));
    assert_eq!(shown("a.yaml", &yaml, "v1").unwrap(), "…");
}

#[test]
fn whole_texts_and_binary_ones_have_no_excerpt() {
    let subject = Subject::new("a.txt", b"k=v1");
    assert_eq!(excerpt(&subject, &(0..0), None), None);
    assert_eq!(excerpt(&subject, &(9..10), None), None);
    assert_eq!(excerpt(&subject, &(4..4), None).unwrap(), "k= …");
    let binary = Subject::new("a.bin", b"\0k=v1");
    assert_eq!(excerpt(&binary, &(3..5), None), None);
}
