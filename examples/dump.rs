//! Prints the tree of a YAML file as the engine reads it, with spans, properties and the comments at each
//! node, for work on the engine: `cargo run --example dump -- FILE`.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]
use secrets::document::tree::{Document, NodeId, NodeKind};
use secrets::document::yaml::Stream;

fn show(d: &Document, id: NodeId, s: &str, depth: usize) {
    let pad = "  ".repeat(depth);
    for &c in d.comments_before(id) {
        println!("{pad}{}", &s[d.comment(c).unwrap().span.clone()]);
    }
    match d.kind(id) {
        NodeKind::Scalar(style) => println!(
            "{pad}{:?} {style:?} {:?} {:?}",
            d.scalar_text(id, s),
            d.span(id),
            d.properties(id).map(|p| (&p.anchor, &p.tag))
        ),
        NodeKind::Alias => println!("{pad}*{:?}", d.alias_target(id)),
        k => {
            println!(
                "{pad}{k:?} {:?} {:?}",
                d.span(id),
                d.properties(id).map(|p| (&p.anchor, &p.tag))
            );
            for c in d.children(id) {
                show(d, c, s, depth + 1);
            }
            for &c in d.comments_at_end(id) {
                println!("{pad}  END {}", &s[d.comment(c).unwrap().span.clone()]);
            }
        }
    }
}

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let mut stream = Stream::new(&bytes).unwrap();
    loop {
        match stream.next_document() {
            Ok(Some(d)) => {
                println!("=== {:?}", d.extent());
                if let Some(r) = d.root() {
                    show(&d, r, std::str::from_utf8(&bytes).unwrap(), 0)
                }
            }
            Ok(None) => break,
            Err(e) => {
                println!("ERROR {e}");
                break;
            }
        }
    }
}
