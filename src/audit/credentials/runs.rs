//! Long runs of letters, digits and the signs of base64, 64 bytes at a time: tokens begin where one begins.

/// Shorter runs have no token in them, and no base64 that is worth decoding.
const LEAST_RUN: usize = 23;

/// How much is classified at once: as many bytes as a number has bits.
const CHUNK: usize = 64;

/// Calls with every run of letters, digits, `+`, `/`, `_` and `-` of at least [`LEAST_RUN`] bytes, until it says to
/// stop.
pub(super) fn each_run(text: &[u8], mut call: impl FnMut(usize, usize) -> bool) {
    // How long the run is that ends where the chunk begins.
    let mut open = 0_usize;
    let mut base = 0;
    for chunk in text.chunks(CHUNK) {
        let inside = match chunk.first_chunk::<CHUNK>() {
            Some(chunk) => in_run(chunk),
            None => {
                let mut padded = [0; CHUNK];
                for (to, from) in padded.iter_mut().zip(chunk) {
                    *to = *from;
                }
                in_run(&padded)
            }
        };
        let first = inside.trailing_ones();
        let end = base + count(first);
        let start = base.saturating_sub(open);
        if first == u64::BITS {
            open = open.saturating_add(CHUNK);
            base += CHUNK;
            continue;
        }
        if end - start >= LEAST_RUN && call(start, end) {
            return;
        }
        let last = inside.leading_ones();
        let whole = inside & (u64::MAX << first) & (u64::MAX >> last);
        let mut starts = starts_of_runs(whole);
        while starts != 0 {
            let at = starts.trailing_zeros();
            let length = (whole >> at).trailing_ones();
            let start = base + count(at);
            if call(start, start + count(length)) {
                return;
            }
            // Every place of the run behind which there is enough of it is marked.
            starts &= u64::MAX << (at + length);
        }
        open = count(last);
        base += CHUNK;
    }
    // The text ends with a run, and a chunk.
    if open >= LEAST_RUN {
        call(text.len().saturating_sub(open), text.len());
    }
}

fn count(bits: u32) -> usize {
    usize::try_from(bits).unwrap_or_default()
}

/// A bit for each from which on at least [`LEAST_RUN`] are set.
fn starts_of_runs(bits: u64) -> u64 {
    let of_2 = bits & bits >> 1;
    let of_4 = of_2 & of_2 >> 2;
    let of_8 = of_4 & of_4 >> 4;
    let of_16 = of_8 & of_8 >> 8;
    of_16 & of_16 >> (LEAST_RUN - 16)
}

/// A bit for each letter, digit, `+`, `/`, `_` and `-`. Written so that compilers use vectors.
fn in_run(chunk: &[u8; CHUNK]) -> u64 {
    let inside = chunk.map(|byte| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let digit = byte.wrapping_sub(b'/') < 11;
        let sign = (byte == b'+') | (byte == b'-') | (byte == b'_');
        u8::from(letter | digit | sign)
    });
    let mut bits = 0;
    for (number, word) in inside.as_chunks::<8>().0.iter().enumerate() {
        // Brings the lowest bit of each byte into the highest byte, the first one lowest.
        let gathered = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= gathered << (8 * number);
    }
    bits
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::audit::credentials::bytes::{class, is};

    #[test]
    fn runs_are_found_whole_and_none_is_missed() {
        let class = class(b"A-Za-z0-9+/_-");
        let mut seed = 1_u32;
        let mut draw = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            usize::try_from((seed >> 16) % below).unwrap()
        };
        for _ in 0..2000 {
            let mut text = Vec::new();
            for _ in 0..draw(8) {
                text.extend(b"aZ09+/_-".iter().cycle().take(draw(150)));
                text.extend(b". \n".iter().cycle().take(draw(70)));
            }
            let mut expected = Vec::new();
            let mut start = 0;
            for run in text.split(|byte| !is(&class, *byte)) {
                if run.len() >= LEAST_RUN {
                    expected.push(start..start + run.len());
                }
                start += run.len() + 1;
            }
            let mut found = Vec::new();
            each_run(&text, |start, end| {
                found.push(start..end);
                false
            });
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn every_byte_is_classified() {
        let class = class(b"A-Za-z0-9+/_-");
        for byte in 0..=255u8 {
            for at in 0..CHUNK {
                let mut chunk = [b'a'; CHUNK];
                chunk[at] = byte;
                let expected = !(u64::from(!is(&class, byte)) << at);
                assert_eq!(in_run(&chunk), expected, "{byte}");
            }
        }
    }
}
