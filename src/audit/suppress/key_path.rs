//! Patterns for key paths: `data.token`, `data.*`, `list[*].name`.

/// Longest pattern, in bytes.
const MAX_LENGTH: usize = 1024;

/// A key path in which `*` stands for one whole segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyPathPattern {
    text: String,
    has_star: bool,
}

impl KeyPathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, in words: it is empty or too long, or a `*` is part of a segment.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("it is empty");
        }
        if text.len() > MAX_LENGTH {
            return Err("it is too long");
        }
        if segments(text).any(|segment| segment.contains('*') && !is_star(segment)) {
            return Err("`*` stands for a whole segment, as in `data.*` and `list[*].name`");
        }
        Ok(KeyPathPattern {
            text: text.to_owned(),
            has_star: text.contains('*'),
        })
    }

    /// The pattern stands for this key path.
    pub(super) fn matches(&self, key_path: &str) -> bool {
        if !self.has_star {
            return self.text == key_path;
        }
        let mut wanted = segments(&self.text);
        let mut found = segments(key_path);
        loop {
            match (wanted.next(), found.next()) {
                (None, None) => return true,
                (Some("*"), Some(segment)) if !segment.starts_with('[') => {}
                (Some("[*]"), Some(segment)) if segment.starts_with('[') => {}
                (Some(wanted), Some(segment)) if wanted == segment => {}
                _ => return false,
            }
        }
    }
}

fn is_star(segment: &str) -> bool {
    segment == "*" || segment == "[*]"
}

/// Keys, and positions with their brackets.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let text = rest?;
        let inner = text.strip_prefix('[').map_or(0, |_| 1);
        let end = text.get(inner..)?.find(['.', '[']).map(|at| at + inner);
        match end {
            Some(end) => {
                let (segment, tail) = text.split_at(end);
                rest = Some(tail.strip_prefix('.').unwrap_or(tail));
                Some(segment)
            }
            None => {
                rest = None;
                Some(text)
            }
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn stars_stand_for_whole_segments() {
        for (pattern, path, expected) in [
            ("data.token", "data.token", true),
            ("data.token", "data.tokens", false),
            ("data.token", "Data.token", false),
            ("data.tls.crt", "data.tls.crt", true),
            ("data.*", "data.token", true),
            ("data.*", "data.tls.crt", false),
            ("data.*", "data", false),
            ("data.*", "data[0]", false),
            ("*.token", "data.token", true),
            ("*", "token", true),
            ("list[2].name", "list[2].name", true),
            ("list[*].name", "list[2].name", true),
            ("list[*].name", "list.x.name", false),
            ("list[*][*]", "list[2][3]", true),
            ("list[*]", "list[2].name", false),
            ("[*].name", "[0].name", true),
        ] {
            let pattern = KeyPathPattern::parse(pattern).unwrap();
            assert_eq!(pattern.matches(path), expected, "{pattern:?} {path}");
        }
        for pattern in ["", "data.to*", "a.**", "list[1*]", &"x".repeat(1025)] {
            KeyPathPattern::parse(pattern).unwrap_err();
        }
    }

    proptest::proptest! {
        #[test]
        fn any_pattern_and_path_will_do(pattern in "[a.*\\[\\]\u{e4}]{0,12}", path in "[a.*\\[\\]\u{e4}]{0,12}") {
            if let Ok(pattern) = KeyPathPattern::parse(&pattern) {
                pattern.matches(&path);
                proptest::prop_assert!(pattern.has_star || pattern.matches(&pattern.text));
            }
        }
    }
}
