//! Any bytes are JSON or refused, and every span lies in the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secrets::document::json;

fuzz_target!(|text: &[u8]| {
    let Ok(document) = json::parse(text) else {
        return;
    };
    let mut open = Vec::from_iter(document.root());
    while let Some(node) = open.pop() {
        assert!(text.get(document.span(node)).is_some());
        open.extend(document.children(node));
    }
});
