//! stub
use crate::error::Place;
/// stub
pub fn place_of(source: &str, offset: usize) -> Place {
    let before = &source.as_bytes()[..offset.min(source.len())];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let start = before
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |i| i + 1);
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    Place {
        file: None,
        line,
        column,
        source_line: None,
    }
}
