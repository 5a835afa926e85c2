//! JSON in the order in which it is told, one element of the outer lists per line: a report can be
//! read in a pager, searched line by line and compared with the last one.

use super::text::acts;

/// A JSON value that is about to be written.
pub(super) enum Json {
    Null,
    True,
    False,
    Number(usize),
    Text(String),
    List(Vec<Json>),
    /// Keys in the order in which they are written.
    Object(Vec<(&'static str, Json)>),
    /// A list with a line for each element.
    Lines(Vec<Json>),
}

impl Json {
    pub(super) fn text(text: impl Into<String>) -> Json {
        Json::Text(text.into())
    }

    pub(super) fn bool(value: bool) -> Json {
        if value { Json::True } else { Json::False }
    }

    /// The value, or null.
    pub(super) fn or_null<T>(value: Option<T>, make: impl FnOnce(T) -> Json) -> Json {
        value.map_or(Json::Null, make)
    }

    /// A text, or null.
    pub(super) fn optional(text: Option<&str>) -> Json {
        Json::or_null(text, Json::text)
    }

    /// The document, with a line break at the end.
    pub(super) fn document(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out.push('\n');
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::True => out.push_str("true"),
            Json::False => out.push_str("false"),
            Json::Number(number) => out.push_str(&number.to_string()),
            Json::Text(text) => quoted(out, text),
            Json::List(list) => {
                between(out, ('[', ']'), "", list, |out, one| one.write(out));
            }
            Json::Lines(list) if list.is_empty() => out.push_str("[]"),
            Json::Lines(list) => {
                between(out, ('[', ']'), "\n", list, |out, one| one.write(out));
            }
            Json::Object(entries) => {
                between(out, ('{', '}'), "", entries, |out, (key, value)| {
                    quoted(out, key);
                    out.push(':');
                    value.write(out);
                });
            }
        }
    }
}

/// Elements with commas between them, each behind `lead`.
fn between<T>(
    out: &mut String,
    (open, close): (char, char),
    lead: &str,
    elements: &[T],
    mut write: impl FnMut(&mut String, &T),
) {
    out.push(open);
    for (number, element) in elements.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        out.push_str(lead);
        write(out, element);
    }
    out.push_str(lead);
    out.push(close);
}

/// A string. What acts on a terminal is escaped, so that a report can be looked at.
fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if acts(char) => {
                let mut units = [0; 2];
                for unit in char.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => out.push(char),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_keep_their_order_and_lists_get_lines() {
        let json = Json::Object(vec![
            ("b", Json::Lines(vec![Json::Number(1), Json::Null])),
            ("a", Json::List(vec![Json::True, Json::text("x")])),
            ("c", Json::Lines(Vec::new())),
        ]);
        let expected = "{\"b\":[\n1,\nnull\n],\"a\":[true,\"x\"],\"c\":[]}\n";
        assert_eq!(json.document(), expected);
    }

    #[test]
    fn nothing_in_a_string_acts_on_a_terminal() {
        let text = Json::text("a\u{1b}[31m\u{202e}\u{e0041}\u{7f}").document();
        assert_eq!(text, "\"a\\u001b[31m\\u202e\\udb40\\udc41\\u007f\"\n");
    }

    proptest! {
        #[test]
        fn a_string_is_read_back_as_it_was(text in any::<String>()) {
            let written = Json::text(text.clone()).document();
            let read: String = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(read, text);
        }
    }
}
