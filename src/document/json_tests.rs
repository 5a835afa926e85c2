#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::document::scalar::ScalarType;

/// The tree in one line: strings in quotes (Rust's escapes), other scalars as type and value.
fn dump(document: &Document, text: &str, id: NodeId) -> String {
    match document.kind(id) {
        NodeKind::Mapping { flow } => {
            assert!(flow);
            let entries = document.entries(id).map(|(key, value)| {
                assert_eq!(
                    document.kind(key),
                    NodeKind::Scalar(ScalarStyle::DoubleQuoted)
                );
                let key = document.scalar_text(key, text);
                format!("{key:?}:{}", dump(document, text, value))
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        NodeKind::Sequence { flow } => {
            assert!(flow);
            let items = document.children(id).map(|item| dump(document, text, item));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        NodeKind::Scalar(style) => {
            let quoted = style == ScalarStyle::DoubleQuoted;
            let scalar = value(document.scalar_text(id, text), quoted).unwrap();
            match scalar.ty {
                ScalarType::Str => format!("{:?}", scalar.text().unwrap()),
                ty => format!("{}={}", ty.name(), scalar.text().unwrap()),
            }
        }
        NodeKind::Alias => panic!("JSON has no aliases"),
    }
}

fn tree(text: &str) -> String {
    let document = parse(text.as_bytes()).unwrap_or_else(|e| panic!("{text:?}: {e}"));
    dump(&document, text, document.root().unwrap())
}

#[test]
fn numbers_are_integers_when_they_fit() {
    for (text, ty, canonical) in [
        ("0", ScalarType::Int, "0"),
        ("-0", ScalarType::Int, "0"),
        ("9007199254740993", ScalarType::Int, "9007199254740993"),
        (
            "9223372036854775807",
            ScalarType::Int,
            "9223372036854775807",
        ),
        (
            "-9223372036854775808",
            ScalarType::Int,
            "-9223372036854775808",
        ),
        (
            "9223372036854775808",
            ScalarType::Float,
            "9223372036854776000",
        ),
        (
            "18446744073709551616",
            ScalarType::Float,
            "18446744073709552000",
        ),
        ("1.0", ScalarType::Float, "1"),
        ("-0.0", ScalarType::Float, "-0"),
        ("1.50", ScalarType::Float, "1.5"),
        ("1e2", ScalarType::Float, "100"),
        ("1E+21", ScalarType::Float, "1000000000000000000000"),
        ("5e-7", ScalarType::Float, "0.0000005"),
        ("1e-400", ScalarType::Float, "0"),
        ("true", ScalarType::Bool, "True"),
        ("false", ScalarType::Bool, "False"),
        ("null", ScalarType::Null, ""),
    ] {
        let scalar = value(text, false).unwrap();
        assert_eq!((scalar.ty, scalar.text()), (ty, Some(canonical)), "{text}");
        let quoted = value(text, true).unwrap();
        assert_eq!((quoted.ty, quoted.text()), (ScalarType::Str, Some(text)));
    }
}

#[test]
fn what_is_no_json_value_has_none() {
    assert_eq!(value("1e400", false), Err(ValueError::NumberTooLarge));
    assert_eq!(value("-1e400", false), Err(ValueError::NumberTooLarge));
    for text in [
        "", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "0x10", "1_0", "inf", "NaN", "True",
        "~", "1 ", "a",
    ] {
        assert_eq!(value(text, false), Err(ValueError::Malformed), "{text:?}");
    }
}

#[test]
fn trees_keep_order_and_duplicates() {
    for (text, expected) in [
        ("{}", "{}"),
        ("\n{ }\r\n\t ", "{}"),
        (
            r#"{"b":1,"a":[true,null,"x",{}],"b":1.50}"#,
            r#"{"b":int=1,"a":[bool=True,null=,"x",{}],"b":float=1.5}"#,
        ),
        (
            r#"{"":"","sops":{"mac":""}}"#,
            r#"{"":"","sops":{"mac":""}}"#,
        ),
        (
            "{\"a\" :\t[ ] ,\"b\": [[1 ] , 2]}",
            r#"{"a":[],"b":[[int=1],int=2]}"#,
        ),
        (
            "{\"é😀\": \"\u{7f}\u{2028}/\"}",
            "{\"é😀\":\"\\u{7f}\\u{2028}/\"}",
        ),
    ] {
        assert_eq!(tree(text), expected, "{text:?}");
    }
}

#[test]
fn escapes_are_decoded_like_go() {
    for (json, value) in [
        (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r"\u0041\u00e9\u00E9\u20ac", "Aéé€"),
        (r"\u0000", "\0"),
        (r"\ud83d\ude00", "😀"),
        (r"\ud83d", "\u{fffd}"),
        (r"\ude00x", "\u{fffd}x"),
        (r"\ud83dx", "\u{fffd}x"),
        (r"\ud83d\u0041", "\u{fffd}A"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"\ud83d\n", "\u{fffd}\n"),
        (r"é\n€", "é\n€"),
    ] {
        let text = format!("{{\"k\":\"{json}\",\"{json}\":1}}");
        let document = parse(text.as_bytes()).unwrap();
        let nodes: Vec<_> = document.children(document.root().unwrap()).collect();
        assert_eq!(document.scalar_text(nodes[1], &text), value);
        assert_eq!(document.scalar_text(nodes[2], &text), value);
        assert!(!document.is_verbatim(nodes[1]) && document.is_verbatim(nodes[0]));
        assert_eq!(&text[document.span(nodes[1])], format!("\"{json}\""));
    }
}

#[test]
fn spans_cover_quotes_and_brackets() {
    let text = " {\"a\" : [ 1, \"x\" ] , \"b\":{} }\n";
    let document = parse(text.as_bytes()).unwrap();
    let spans: Vec<_> = (0..document.len())
        .filter_map(|i| document.id_at(i))
        .map(|id| &text[document.span(id)])
        .collect();
    assert_eq!(
        spans,
        [
            text.trim(),
            "\"a\"",
            "[ 1, \"x\" ]",
            "1",
            "\"x\"",
            "\"b\"",
            "{}"
        ]
    );
    assert_eq!(document.extent().content_end, text.len());
}

#[test]
fn decoded_values_never_move() {
    let text = format!(
        "{{{}\"z\":1}}",
        r#""\u0041\n":"x\ud83d\ude00\\","#.repeat(2000)
    );
    let mut parser = Parser {
        text: &text,
        bytes: text.as_bytes(),
        pos: 0,
        document: Document::new(),
        decoded: Zeroizing::new(Vec::new()),
        decoded_spans: Vec::new(),
    };
    parser.value(1).unwrap();
    assert!(parser.decoded.len() > 10_000);
    // Growing would have doubled it.
    assert!(parser.decoded.capacity() < text.len() + 64);
}

#[test]
fn errors_name_the_place_and_the_way_out() {
    let cases: &[(&str, usize, &str, &str)] = &[
        ("", 0, "the text is empty", "an object"),
        (" \n", 2, "the text is empty", "an object"),
        ("\u{feff}{}", 0, "byte order mark", "without one"),
        ("[1]", 0, "the document is a list", "under a key"),
        ("\"x\"", 0, "a single value", "under a key"),
        ("12", 0, "a single value", "under a key"),
        ("// x\n{}", 0, "`{` is missing", "no comments"),
        ("a: 1", 0, "`{` is missing", "{\"key\": value}"),
        ("{} {}", 3, "text follows", "file of its own"),
        ("{}}", 2, "text follows", "remove it"),
        ("{} # x", 3, "text follows", "no comments"),
        (r#"{"a":1,}"#, 7, "a key is missing", "remove the comma"),
        (r#"{,"a":1}"#, 1, "a key is missing", "remove one comma"),
        (
            r#"{"a":1,,"b":2}"#,
            7,
            "a key is missing",
            "remove one comma",
        ),
        (r#"{'a':1}"#, 1, "a key is missing", "double quotes"),
        (r#"{a:1}"#, 1, "a key is missing", "double quotes"),
        (r#"{"a":1 // x"#, 7, "`,` or `}`", "no comments"),
        (r#"{ /* x */ "a":1}"#, 2, "a key is missing", "no comments"),
        (r#"{"a" 1}"#, 5, "`:` is missing", "\"key\": value"),
        (r#"{"a":1 "b":2}"#, 7, "`,` or `}`", "put a comma"),
        (r#"{"a":[1 2]}"#, 8, "`,` or `]`", "put a comma"),
        (r#"{"a":[1}"#, 7, "`,` or `]`", "not closed"),
        (r#"{"a":[1,]}"#, 8, "a value is missing", "remove the comma"),
        (r#"{"a":[,1]}"#, 6, "a value is missing", "remove one comma"),
        (r#"{"a":}"#, 5, "a value is missing", "write null"),
        (r#"{"a":'x'}"#, 5, "no JSON value", "double quotes"),
        (r#"{"a":x}"#, 5, "no JSON value", "double quotes"),
        (r#"{"a":True}"#, 5, "no JSON value", "lower case"),
        (r#"{"a":None}"#, 5, "no JSON value", "write null"),
        (r#"{"a":nul}"#, 5, "no JSON value", "double quotes"),
        (r#"{"a":01}"#, 5, "no JSON number", "double quotes"),
        (r#"{"a":+1}"#, 5, "no JSON number", "12, -0.5"),
        (r#"{"a":1.}"#, 5, "no JSON number", "12, -0.5"),
        (r#"{"a":1-2}"#, 5, "no JSON number", "double quotes"),
        (r#"{"a":{"b":1}"#, 0, "`{` is never closed", "missing `}`"),
        (r#"{"a":{"b":"#, 5, "`{` is never closed", "missing `}`"),
        (r#"{"a":[1,"#, 5, "`[` is never closed", "missing `]`"),
        (r#"{"a":"x"#, 5, "string is never closed", "missing `\"`"),
        (r#"{"a":"x\"#, 5, "string is never closed", "missing `\"`"),
        ("{\"a\":\"x\n\"}", 7, "a line break", "\\n"),
        ("{\"a\":\"x\t\"}", 7, "a tab", "\\t"),
        ("{\"a\":\"\\n\u{1}\"}", 8, "a control character", "\\u0007"),
        (r#"{"a":"\x"}"#, 6, "escape is unknown", "\\\\"),
        (r#"{"a":"\u00g0"}"#, 6, "four hexadecimal digits", "\\\\"),
        (r#"{"a":"\u12"}"#, 6, "four hexadecimal digits", "\\\\"),
        (r#"{"a":"\u+123"}"#, 6, "four hexadecimal digits", "\\\\"),
    ];
    for &(text, offset, what, hint) in cases {
        let error = parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.offset, offset, "{text:?}: {error}");
        assert!(error.what.contains(what), "{text:?}: {error}");
        let found = error.hint.unwrap_or_default();
        assert!(found.contains(hint), "{text:?}: {found}");
    }
    for bytes in [
        &b"\xff\xfe{}"[..],
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\xed\xa0\x80\"}",
    ] {
        assert!(parse(bytes).is_err());
    }
}

#[test]
fn nesting_ends_at_the_limit() {
    let nested = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n - 1), "]".repeat(n - 1));
    assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    let error = parse(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
    assert_eq!(error.offset, 5 + MAX_DEPTH - 1);
    assert!(parse("{\"a\":".repeat(200_000).as_bytes()).is_err());
    assert!(parse("[".repeat(200_000).as_bytes()).is_err());
}

fn arbitrary_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z \"\\\\/\n]{0,8}".prop_map(Value::from),
    ];
    let nested = leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            object(inner),
        ]
    });
    object(nested)
}

fn object(
    inner: impl Strategy<Value = serde_json::Value>,
) -> impl Strategy<Value = serde_json::Value> {
    prop::collection::btree_map("[a-c\"\n😀]{0,4}", inner, 0..6)
        .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect()))
}

/// Prints JSON with whitespace and escapes drawn from a seed.
pub(super) struct Printer {
    pub(super) seed: u64,
    pub(super) out: String,
}

impl Printer {
    fn draw(&mut self, n: u64) -> u64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % n
    }

    fn space(&mut self) {
        while self.draw(3) == 0 {
            let space = [" ", "\n", "\t", "\r\n", "  "][self.draw(5) as usize];
            self.out.push_str(space);
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            if c < ' ' || c == '"' || c == '\\' || self.draw(5) == 0 {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    self.out.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                self.out.push(c);
            }
        }
        self.out.push('"');
    }

    pub(super) fn value(&mut self, value: &serde_json::Value) {
        self.space();
        match value {
            serde_json::Value::String(text) => self.text(text),
            serde_json::Value::Array(items) => {
                self.out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        self.out.push(',');
                    }
                    self.value(item);
                }
                self.space();
                self.out.push(']');
            }
            serde_json::Value::Object(entries) => {
                self.out.push('{');
                for (i, (key, value)) in entries.iter().enumerate() {
                    if i > 0 {
                        self.out.push(',');
                    }
                    self.space();
                    self.text(key);
                    self.space();
                    self.out.push(':');
                    self.value(value);
                }
                self.space();
                self.out.push('}');
            }
            other => self.out.push_str(&other.to_string()),
        }
        self.space();
    }
}

fn expected(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "null=".to_owned(),
        serde_json::Value::Bool(true) => "bool=True".to_owned(),
        serde_json::Value::Bool(false) => "bool=False".to_owned(),
        serde_json::Value::String(text) => format!("{text:?}"),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => format!("int={integer}"),
            None => format!("float={}", number::format_plain(number.as_f64().unwrap())),
        },
        serde_json::Value::Array(items) => {
            let items: Vec<_> = items.iter().map(expected).collect();
            format!("[{}]", items.join(","))
        }
        serde_json::Value::Object(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{key:?}:{}", expected(value)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}

proptest! {
    #[test]
    fn any_object_is_read_back(value in arbitrary_json(), seed: u64) {
        let mut printer = Printer { seed, out: String::new() };
        printer.value(&value);
        prop_assert_eq!(tree(&printer.out), expected(&value));
    }

    #[test]
    fn damaged_text_is_read_or_refused(
        value in arbitrary_json(),
        seed: u64,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..4),
    ) {
        let mut printer = Printer { seed, out: String::new() };
        printer.value(&value);
        let mut bytes = printer.out.into_bytes();
        for (at, byte, how) in damage {
            let at = at.index(bytes.len() + 1);
            match how {
                0 => bytes.truncate(at.max(1)),
                1 if at < bytes.len() => bytes[at] = byte,
                2 => bytes.insert(at, b"{}[],:\"\\ue1 \n/'"[usize::from(byte) % 15]),
                _ if at < bytes.len() => { bytes.remove(at); }
                _ => {}
            }
        }
        // An independent reader agrees, up to lone surrogates and large numbers, which it refuses.
        let other = serde_json::from_slice::<serde_json::Value>(&bytes);
        let surrogates = bytes.windows(3).any(|w| matches!(w, [b'\\', b'u', b'd' | b'D']));
        let accepted = match &other {
            Ok(value) => value.is_object(),
            Err(e) => surrogates || e.to_string().starts_with("number out of range"),
        };
        let parsed = parse(&bytes);
        prop_assert!(parsed.is_err() || accepted);
        prop_assert!(parsed.is_ok() || !other.is_ok_and(|value| value.is_object()));
        match parsed {
            Ok(document) => {
                let text = std::str::from_utf8(&bytes).unwrap();
                for id in (0..document.len()).filter_map(|i| document.id_at(i)) {
                    prop_assert!(text.get(document.span(id)).is_some());
                }
            }
            Err(error) => prop_assert!(error.offset <= bytes.len()),
        }
    }
}
