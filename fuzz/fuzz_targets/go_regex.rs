//! Any expression compiles or is refused, and one that compiles can be matched.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secrets::sops::goregex::GoRegex;

fuzz_target!(|input: (&str, &str)| {
    let (expression, text) = input;
    if let Ok(regex) = GoRegex::compile(expression) {
        let _ = regex.is_match(text);
        assert_eq!(regex.as_str(), expression);
    }
});
