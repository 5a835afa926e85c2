//! Any bytes are YAML or refused, and every span lies in the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secrets::document::yaml::Stream;

fuzz_target!(|text: &[u8]| {
    let Ok(mut stream) = Stream::new(text) else {
        return;
    };
    while let Ok(Some(document)) = stream.next_document() {
        let Some(root) = document.root() else {
            continue;
        };
        let mut open = vec![root];
        while let Some(node) = open.pop() {
            assert!(text.get(document.span(node)).is_some());
            open.extend(document.children(node));
        }
    }
});
