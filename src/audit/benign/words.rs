//! Placeholders that are made of words.

use super::judge::is_random;
use super::names::words_of;

/// Words that say of themselves that they stand for something else, wherever they are in a value.
const ANYWHERE: &[&str] = &[
    "changeme",
    "changeit",
    "replaceme",
    "replace",
    "placeholder",
    "redacted",
    "dummy",
    "todo",
    "fixme",
    "example",
    "sample",
    "fake",
    "mock",
    "mocked",
    "insert",
    "your",
    "yours",
    "xxx",
    "xxxx",
    "xxxxx",
    "xxxxxx",
    "xxxxxxxx",
    "foobar",
    "foobarbaz",
    "test",
    "tests",
    "testing",
    "tester",
    "demo",
    "fill",
    "fillme",
    "unused",
    "invalid",
    "notasecret",
    "notreal",
    "removed",
    "masked",
    "hidden",
    "omitted",
    "stub",
    "encrypted",
    "tbd",
    "override",
    "overridden",
    "somewhere",
    "lorem",
    "ipsum",
    "bogus",
];

/// Neighbouring words that do together.
const TOGETHER: &[[&str; 2]] = &[
    ["change", "me"],
    ["change", "this"],
    ["change", "it"],
    ["set", "me"],
    ["set", "this"],
    ["key", "here"],
    ["token", "here"],
    ["secret", "here"],
    ["password", "here"],
    ["goes", "here"],
    ["foo", "bar"],
    ["not", "secret"],
    ["not", "used"],
    ["not", "real"],
    ["my", "password"],
    ["my", "secret"],
    ["my", "token"],
    ["some", "password"],
    ["some", "secret"],
    ["some", "token"],
    ["the", "password"],
    ["the", "secret"],
    ["a", "secret"],
    ["secret", "value"],
    ["secret", "name"],
    ["redis", "password"],
    ["api", "key"],
];

/// Whole values that nobody can take for a secret.
const WHOLE: &[&str] = &[
    "foo",
    "bar",
    "baz",
    "qux",
    "string",
    "value",
    "text",
    "key",
    "token",
    "secret",
    "apikey",
    "password",
    "passwd",
    "pass",
    "pwd",
    "username",
    "user",
    "name",
    "here",
    "credentials",
    "empty",
    "blank",
    "something",
    "anything",
    "whatever",
    "required",
    "optional",
    "inherit",
    "generated",
    "random",
    "temp",
    "tmp",
    "mypassword",
    "mysecret",
    "mytoken",
    "mypass",
    "secretpassword",
    "supersecret",
    "supersecretpassword",
    "akey",
    "abc",
    "abcd",
    "bearer",
    "basic",
    "plain",
    "plaintext",
    "external",
    "internal",
    "vault",
    "existing",
];

/// `yourpassword`, `mySecretKey`, `my-username`: whose it is, what it is, and nothing else.
fn says_whose_it_is(joined: &str) -> bool {
    const KINDS: &[&str] = &["super", "access", "client", "auth", "api"];
    // The longer before those that they begin with.
    const WHAT: &[&str] = &[
        "password", "passwd", "username", "user", "secret", "token", "project", "login", "email",
        "name", "key", "id",
    ];
    let mut rest = ["your", "my", "some", "the"]
        .iter()
        .find_map(|whose| joined.strip_prefix(whose))
        .unwrap_or_default();
    let mut says_what = false;
    while !rest.is_empty() {
        let part = |parts: &[&str]| parts.iter().find_map(|part| rest.strip_prefix(part));
        let (what, kind) = (part(WHAT), part(KINDS));
        says_what = what.is_some();
        match what.or(kind) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    says_what
}

/// Some word of the value says so, and the others are words as well: one that could have been drawn at random
/// makes it a secret again.
pub(super) fn stand_for_a_value(value: &str) -> bool {
    if value.len() > 200 || value.contains("://") {
        return false;
    }
    let words = words_of(value);
    let joined = words.concat();
    if WHOLE.contains(&joined.as_str())
        || ANYWHERE.contains(&joined.as_str())
        || says_whose_it_is(&joined)
    {
        return true;
    }
    let says_so = words.iter().any(|word| ANYWHERE.contains(&word.as_str()))
        || words
            .windows(2)
            .any(|two| TOGETHER.iter().any(|pair| two.iter().eq(pair.iter())))
        || [
            "changeme",
            "replaceme",
            "placeholder",
            "goeshere",
            "fillmein",
        ]
        .iter()
        .any(|part| joined.contains(part));
    says_so
        && !value
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(is_random)
}
