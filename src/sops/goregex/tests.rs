#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use regex_syntax::hir::ClassUnicode;

use super::*;

fn reason(expr: &str) -> (usize, GoRegexReason) {
    let error = GoRegex::compile(expr).unwrap_err();
    (error.offset, error.reason)
}

fn is_match(expr: &str, text: &str) -> bool {
    GoRegex::compile(expr).unwrap().is_match(text)
}

#[test]
fn names_the_reason_and_its_place() {
    use GoRegexReason::*;
    let cases = [
        (r"ab\p{Alphabetic}", 2, ClassName),
        (r"a[[:foo:]]", 2, ClassName),
        (r"x[z-a]", 2, ClassRange),
        (r"é\1", 2, Escape),
        (r"[a\d-\w\q]", 7, Escape),
        (r"a(?P<é>b)", 1, GroupName),
        (r"a(?=b)", 1, GroupSyntax),
        (r"ab[c", 2, MissingBracket),
        (r"a(b(c)", 1, MissingParenthesis),
        (r"a*{2}", 2, NestedRepetition),
        (r"a|*", 2, NothingToRepeat),
        (r"a(b{40}){26}", 8, RepeatSize),
        (r"a{2,1}", 1, RepeatSize),
        (r"a\", 1, TrailingBackslash),
        (r"a)b", 1, UnexpectedParenthesis),
    ];
    for (expr, offset, expected) in cases {
        assert_eq!(reason(expr), (offset, expected), "{expr}");
    }
}

#[test]
fn an_error_reads_as_a_clause() {
    let error = GoRegex::compile("a(?=b)").unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid or unsupported syntax after `(?` at byte 1"
    );
}

#[test]
fn line_ends_and_control_characters() {
    assert!(!is_match("a$", "a\n"));
    assert!(is_match("(?m)a$", "a\nb"));
    assert!(is_match("(?m)^b", "a\nb"));
    assert!(!is_match("(?m)a\\z", "a\nb"));
    assert!(!is_match("^.$", "\n"));
    assert!(is_match("(?s)^.$", "\n"));
    assert!(is_match("[^a]", "\n"));
    assert!(!is_match(r"\s", "\u{B}"));
    assert!(is_match("[[:space:]]", "\u{B}"));
    assert!(is_match("a\tb\n", "a\tb\n"));
    assert!(is_match(r"^[\a\f\t\n\r\v]{6}$", "\u{7}\u{C}\t\n\r\u{B}"));
}

#[test]
fn a_code_point_is_never_split() {
    assert!(!is_match(r"\B", "aéb"));
    assert!(is_match(r"^\B$", ""));
    assert!(!is_match(r"^..$", "é"));
}

#[test]
fn tells_anchors() {
    for (expr, start, end) in [
        (r"^a$", true, true),
        (r"\Aa|^b", true, false),
        (r"a\z", false, true),
        (r"^a|b$", false, false),
        (r"(?m)^a$", false, false),
        (r"a", false, false),
    ] {
        let regex = GoRegex::compile(expr).unwrap();
        assert_eq!(
            (regex.is_anchored_start(), regex.is_anchored_end()),
            (start, end),
            "{expr}"
        );
        assert_eq!(regex.as_str(), expr);
    }
}

#[test]
fn nests_as_deep_as_go() {
    let groups = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert!(is_match(&groups(999), "a"));
    assert_eq!(reason(&groups(1000)).1, GoRegexReason::TooDeep);
    let stars = |n: usize| format!("{}a{}", "(?:b".repeat(n), ")*".repeat(n));
    assert!(is_match(&stars(499), "a"));
    assert_eq!(reason(&stars(501)).1, GoRegexReason::TooDeep);
    // Groups that do not capture leave no trace.
    assert!(is_match(
        &format!("{}a{}", "(?:".repeat(20_000), ")".repeat(20_000)),
        "a"
    ));
}

#[test]
fn limits_are_named() {
    let large = format!("(?:{}){{1000}}", "a*".repeat(3000));
    assert_eq!(
        reason(&large).1,
        GoRegexReason::TooLarge { limit: 3_355_443 }
    );
    let error = GoRegex::compile_within(r"\pL{200}", 1 << 20).unwrap_err();
    assert_eq!(error.reason, GoRegexReason::EngineLimit { bytes: 1 << 20 });
    assert_eq!(
        error.reason.to_string(),
        "needs more than 1 MiB when compiled"
    );
    assert!(is_match(r"^\pL{200}$", &"é".repeat(200)));
}

/// The tables and the folding of Unicode 15.0, counted and summed by Go.
#[test]
fn classes_hold_what_they_hold_in_go() {
    let frozen = include_str!("../../../testdata/rules/unicode.tsv");
    let mut checked = 0;
    for line in frozen.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, how, count, sum] = fields[..] else {
            panic!("bad row {line}")
        };
        let code_points: Vec<u64> = match how {
            "orbits" => {
                let orbits = ('\0'..='\u{1F000}')
                    .map(orbit)
                    .filter(|orbit| orbit.len() > 1);
                orbits.flat_map(|orbit| orbit_sum(&orbit)).collect()
            }
            _ => members(&class::unicode(name, how == "fold", false).expect(name))
                .map(u64::from)
                .collect(),
        };
        assert_eq!(code_points.len().to_string(), count, "{name} {how}");
        assert_eq!(
            code_points.iter().sum::<u64>().to_string(),
            sum,
            "{name} {how}"
        );
        checked += 1;
    }
    assert!(checked > 300);
}

fn members(class: &ClassUnicode) -> impl Iterator<Item = u32> {
    class
        .ranges()
        .iter()
        .flat_map(|range| range.start()..=range.end())
        .map(u32::from)
}

/// A letter followed by its folded class; the letter alone if nothing else folds to it.
fn orbit(letter: char) -> Vec<u32> {
    let mut class = ClassUnicode::empty();
    class::add_range(&mut class, letter.into(), letter.into());
    class::fold(&mut class);
    let folded: Vec<u32> = members(&class).collect();
    if folded.len() == 1 {
        folded
    } else {
        [vec![letter.into()], folded].concat()
    }
}

/// The letter times the sum of its folded class, as one item of the frozen sum.
fn orbit_sum(orbit: &[u32]) -> Option<u64> {
    let (letter, folded) = orbit.split_first()?;
    Some(u64::from(*letter) * folded.iter().map(|&c| u64::from(c)).sum::<u64>())
}
