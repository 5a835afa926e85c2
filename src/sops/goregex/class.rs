//! Character classes as Go's `regexp/syntax` understands them.
//!
//! Go 1.26 carries the tables of Unicode 15.0, `regex-syntax` those of a later edition. Both agree
//! on every code point that Unicode 15.0 assigns, so tables and case folding are cut down to these.
//! What else differs between the two editions is listed in [`MOVED`] and [`FOLDED_LATER`].

use std::sync::LazyLock;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::names::{self, Query};

/// The code points that Unicode 15.0 assigns, private use included: the `Assigned` class of Go.
static ASSIGNED: LazyLock<ClassUnicode> = LazyLock::new(|| {
    let mut class = table("age=15.0");
    let mut unassigned = table("gc=Cn");
    unassigned.negate();
    class.intersect(&unassigned);
    class
});

/// Pairs that fold into each other since Unicode 15.1 only.
const FOLDED_LATER: [(char, char); 3] = [
    ('\u{390}', '\u{1FD3}'),
    ('\u{3B0}', '\u{1FE3}'),
    ('\u{FB05}', '\u{FB06}'),
];

/// Code points that Unicode 15.0 has in other tables than the edition of `regex-syntax`:
/// the code point, the tables it was in, the tables it is in now.
const MOVED: &[(char, &[&str], &[&str])] = &[('\u{1171E}', &["Mn"], &["Mc"])];

/// The classes of `\d`, `\s` and `\w`: ASCII, and `\s` without the vertical tab.
const PERL: [(char, &[(char, char)]); 3] = [
    ('d', &[('0', '9')]),
    ('s', &[('\t', '\n'), ('\u{C}', '\r'), (' ', ' ')]),
    ('w', &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
];

/// The named classes inside brackets: ASCII.
const POSIX: [(&str, &[(char, char)]); 14] = [
    ("alnum", &[('0', '9'), ('A', 'Z'), ('a', 'z')]),
    ("alpha", &[('A', 'Z'), ('a', 'z')]),
    ("ascii", &[('\0', '\u{7F}')]),
    ("blank", &[('\t', '\t'), (' ', ' ')]),
    ("cntrl", &[('\0', '\u{1F}'), ('\u{7F}', '\u{7F}')]),
    ("digit", &[('0', '9')]),
    ("graph", &[('!', '~')]),
    ("lower", &[('a', 'z')]),
    ("print", &[(' ', '~')]),
    ("punct", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
    ("space", &[('\t', '\r'), (' ', ' ')]),
    ("upper", &[('A', 'Z')]),
    ("word", &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
    ("xdigit", &[('0', '9'), ('A', 'F'), ('a', 'f')]),
];

/// `\d`, `\D`, `\s`, `\S`, `\w` or `\W`; `None` for any other letter.
pub(super) fn perl(letter: char, fold_case: bool) -> Option<ClassUnicode> {
    let (_, ranges) = PERL
        .iter()
        .find(|(name, _)| *name == letter.to_ascii_lowercase())?;
    Some(group(ranges, fold_case, letter.is_ascii_uppercase()))
}

/// The class that `name` means between `[:` and `:]`; `None` if it names none.
pub(super) fn posix(name: &str, fold_case: bool) -> Option<ClassUnicode> {
    let bare = name.strip_prefix('^');
    let (_, ranges) = POSIX
        .iter()
        .find(|(known, _)| *known == bare.unwrap_or(name))?;
    Some(group(ranges, fold_case, bare.is_some()))
}

/// Folding comes before negation: `(?i)\W` excludes the Kelvin sign, for it folds to `k`.
fn group(ranges: &[(char, char)], fold_case: bool, negated: bool) -> ClassUnicode {
    let mut class = ClassUnicode::new(
        ranges
            .iter()
            .map(|&(low, high)| ClassUnicodeRange::new(low, high)),
    );
    if fold_case {
        fold(&mut class);
    }
    if negated {
        class.negate();
    }
    class
}

/// The class of `\p{name}`, or of `\P{name}` when negated; `None` for a name Go does not know.
pub(super) fn unicode(name: &str, fold_case: bool, negated: bool) -> Option<ClassUnicode> {
    let query = names::query(name)?;
    let mut class = match query {
        Query::Any => ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)]),
        Query::Ascii => ClassUnicode::new([ClassUnicodeRange::new('\0', '\u{7F}')]),
        Query::Assigned => ASSIGNED.clone(),
        Query::Category(category) => of_unicode_15(category, &format!("gc={category}")),
        Query::Script(script) => of_unicode_15(script, &format!("sc={script}")),
    };
    // Go has no folding for cased letters, which would add U+0345.
    if fold_case && query != Query::Category("LC") {
        fold(&mut class);
    }
    if negated {
        class.negate();
    }
    Some(class)
}

/// A table as it was in Unicode 15.0.
fn of_unicode_15(name: &str, query: &str) -> ClassUnicode {
    let mut class = table(query);
    if matches!(name, "C" | "Cn") {
        // What later editions assign was still unassigned.
        let mut unassigned = ASSIGNED.clone();
        unassigned.negate();
        class.union(&unassigned);
    } else {
        class.intersect(&ASSIGNED);
    }
    for (moved, from, to) in MOVED {
        let one = ClassUnicode::new([ClassUnicodeRange::new(*moved, *moved)]);
        if from.contains(&name) {
            class.union(&one);
        } else if to.contains(&name) {
            class.difference(&one);
        }
    }
    class
}

/// A table of `regex-syntax`; empty if it knows none of that name, which the tests rule out.
fn table(query: &str) -> ClassUnicode {
    let hir = regex_syntax::Parser::new().parse(&format!(r"\p{{{query}}}"));
    match hir.map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => class,
        // A table with a single code point comes as its text.
        Ok(HirKind::Literal(literal)) => {
            let text = str::from_utf8(&literal.0).unwrap_or_default();
            ClassUnicode::new(text.chars().map(|c| ClassUnicodeRange::new(c, c)))
        }
        _ => ClassUnicode::empty(),
    }
}

/// Adds a range of code points; surrogates are dropped, for no text holds them.
pub(super) fn add_range(class: &mut ClassUnicode, low: u32, high: u32) {
    let low = if (0xD800..=0xDFFF).contains(&low) {
        0xE000
    } else {
        low
    };
    let high = if (0xD800..=0xDFFF).contains(&high) {
        0xD7FF
    } else {
        high
    };
    if let (Some(low), Some(high)) = (char::from_u32(low), char::from_u32(high))
        && low <= high
    {
        class.push(ClassUnicodeRange::new(low, high));
    }
}

/// Adds everything that is the same letter in another case, by the simple folding of Unicode 15.0.
pub(super) fn fold(class: &mut ClassUnicode) {
    let mut folded = class.clone();
    if folded.try_case_fold_simple().is_err() || folded == *class {
        return;
    }
    folded.clone_from(class);
    folded.intersect(&ASSIGNED);
    if folded.try_case_fold_simple().is_err() {
        return;
    }
    folded.intersect(&ASSIGNED);
    for (one, other) in FOLDED_LATER {
        for letter in [one, other] {
            if !contains(class, letter) {
                folded.difference(&ClassUnicode::new([ClassUnicodeRange::new(letter, letter)]));
            }
        }
    }
    class.union(&folded);
}

fn contains(class: &ClassUnicode, wanted: char) -> bool {
    class
        .ranges()
        .iter()
        .any(|range| range.start() <= wanted && wanted <= range.end())
}
