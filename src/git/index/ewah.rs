//! Compressed bitmaps (gitformat-index(5), "Split index"; the format is that of EWAH in Git).

use super::{Bytes, cut_off};

/// The positions of the bits that are set, below `limit`, ascending.
pub(super) fn positions(
    bytes: &mut Bytes<'_>,
    limit: usize,
) -> std::result::Result<Vec<usize>, String> {
    let broken = || "has a broken bitmap".to_owned();
    let bits = usize::try_from(bytes.u32()?).map_err(|_| cut_off())?;
    let words = usize::try_from(bytes.u32()?).map_err(|_| cut_off())?;
    let content = bytes.take(words.checked_mul(8).ok_or_else(cut_off)?)?;
    // Where the last marker is: only writers need it.
    bytes.u32()?;
    let mut words = content
        .chunks_exact(8)
        .filter_map(|chunk| chunk.try_into().ok().map(u64::from_be_bytes));
    let mut set = Vec::new();
    let mut at = 0_usize;
    while let Some(marker) = words.next() {
        // A bit, how many words are full of it, and how many words follow as they are.
        let run = usize::try_from((marker >> 1) & 0xffff_ffff).map_err(|_| broken())?;
        let literals = marker >> 33;
        let end = at.saturating_add(run.saturating_mul(64));
        if marker & 1 == 1 {
            if end.min(bits) > limit {
                return Err(broken());
            }
            set.extend(at..end.min(bits));
        }
        at = end;
        for _ in 0..literals {
            let word = words.next().ok_or_else(broken)?;
            for bit in 0..64 {
                if word & (1 << bit) != 0 {
                    set.push(at.saturating_add(bit));
                }
            }
            at = at.saturating_add(64);
        }
    }
    if set.last().is_some_and(|last| *last >= limit) {
        return Err(broken());
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn bitmap(bits: u32, words: &[u64]) -> Vec<u8> {
        let mut bytes = bits.to_be_bytes().to_vec();
        bytes.extend(u32::try_from(words.len()).unwrap().to_be_bytes());
        words
            .iter()
            .for_each(|word| bytes.extend(word.to_be_bytes()));
        bytes.extend([0; 4]);
        bytes
    }

    #[test]
    fn runs_and_literals_follow_each_other() {
        // one word of ones, one literal; then one word of zeros, one literal
        let one = 1 | (1 << 1) | (1 << 33);
        let zero = (1 << 1) | (1 << 33);
        let bytes = bitmap(256, &[one, 0b101, zero, 0b10]);
        let mut bytes = Bytes { rest: &bytes };
        let set = positions(&mut bytes, 300).unwrap();
        assert_eq!(set.len(), 64 + 3);
        assert_eq!(&set[64..], [64, 66, 193]);
        assert!(bytes.rest.is_empty());
    }

    #[test]
    fn broken_bitmaps_are_refused() {
        let endless = 1 | (0xffff_ffff << 1);
        for (why, bits, words, limit) in [
            ("ones past the limit", u32::MAX, &[endless][..], 10),
            ("literal past the limit", 64, &[1 << 33, 1 << 20][..], 10),
            ("literals cut off", 64, &[2 << 33, 1][..], 10),
        ] {
            let bytes = bitmap(bits, words);
            assert!(
                positions(&mut Bytes { rest: &bytes }, limit).is_err(),
                "{why}"
            );
        }
    }
}
