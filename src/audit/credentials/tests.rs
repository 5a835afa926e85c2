#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::bytes::{Class, is};

/// Bytes of a class that could have been drawn at random, the same for one seed.
pub(super) fn drawn(class: &Class, length: usize, seed: u64) -> String {
    let all: Vec<u8> = (33..127u8).filter(|byte| is(class, *byte)).collect();
    let letters: Vec<u8> = all
        .iter()
        .copied()
        .filter(u8::is_ascii_alphanumeric)
        .collect();
    let mut state = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(0x1234_5678_9abc_def1);
    let mut out = String::new();
    for at in 0..length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let mut byte = letters[(state >> 33) as usize % letters.len()];
        // Some of each kind, so that no draw looks like a word.
        if at % 5 == 1 && is(class, b'7') {
            byte = b'2' + (state % 8) as u8;
        }
        if !is(class, byte) {
            byte = letters[at % letters.len()];
        }
        out.push(char::from(byte));
    }
    out
}
