//! Deltas (gitformat-pack(5), "Deltified representation").

use super::inflate::Flaw;

const BROKEN: Flaw = "has a broken delta";

/// The sizes at the start of a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// Of the object that it is applied to.
    pub(super) base: u64,
    /// Of the object that it makes.
    pub(super) target: u64,
    /// Where the instructions start.
    pub(super) length: usize,
}

/// A part of the target that was copied from the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copied {
    pub(super) target: usize,
    pub(super) base: usize,
    pub(super) length: usize,
}

/// Reads the sizes. `delta` may be cut off behind them.
pub(super) fn sizes(delta: &[u8]) -> Result<Sizes, Flaw> {
    let (base, first) = size(delta)?;
    let (target, second) = size(delta.get(first..).unwrap_or_default())?;
    Ok(Sizes {
        base,
        target,
        length: first.saturating_add(second),
    })
}

fn size(bytes: &[u8]) -> Result<(u64, usize), Flaw> {
    let mut value = 0_u64;
    // Nine groups of 7 bits: 63 bits.
    for (place, byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << place.saturating_mul(7);
        if byte & 0x80 == 0 {
            return Ok((value, place.saturating_add(1)));
        }
    }
    Err(BROKEN)
}

/// Replaces `out` by what `delta` makes of `base`. The caller has bounded the size of the target.
pub(super) fn apply(
    base: &[u8],
    delta: &[u8],
    out: &mut Vec<u8>,
    mut copied: impl FnMut(Copied),
) -> Result<(), Flaw> {
    let sizes = sizes(delta)?;
    let target = usize::try_from(sizes.target).map_err(|_| BROKEN)?;
    if usize::try_from(sizes.base) != Ok(base.len()) {
        return Err("is a delta for a base of another size");
    }
    // With room behind the target short pieces can be copied together with what is behind them.
    out.resize(target.checked_add(AT_ONCE).ok_or(BROKEN)?, 0);
    let mut made = 0;
    let mut rest = delta.get(sizes.length..).unwrap_or_default();
    while let Some((&instruction, more)) = rest.split_first() {
        rest = more;
        if instruction & 0x80 != 0 {
            let mut take = |flag: u8, shift: u32| -> Result<usize, Flaw> {
                if instruction & flag == 0 {
                    return Ok(0);
                }
                let (&byte, more) = rest.split_first().ok_or(BROKEN)?;
                rest = more;
                Ok(usize::from(byte) << shift)
            };
            let offset = take(1, 0)? | take(2, 8)? | take(4, 16)? | take(8, 24)?;
            let length = match take(16, 0)? | take(32, 8)? | take(64, 16)? {
                0 => 0x1_0000,
                length => length,
            };
            let from = base.get(offset..).ok_or(BROKEN)?;
            copied(Copied {
                target: made,
                base: offset,
                length,
            });
            made = put(from, length, out, made, target)?;
        } else if instruction != 0 {
            let length = usize::from(instruction);
            made = put(rest, length, out, made, target)?;
            rest = rest.get(length..).ok_or(BROKEN)?;
        } else {
            // Reserved.
            return Err(BROKEN);
        }
    }
    out.truncate(target);
    if made == target { Ok(()) } else { Err(BROKEN) }
}

/// What is copied at once where there is room for it, in bytes: most pieces are shorter, and to copy so many takes
/// less time than to ask how many.
const AT_ONCE: usize = 32;

/// Copies the first `length` bytes of `from` to `out` at `at`, and gives where they end: not behind `target`.
fn put(
    from: &[u8],
    length: usize,
    out: &mut [u8],
    at: usize,
    target: usize,
) -> Result<usize, Flaw> {
    let end = at
        .checked_add(length)
        .filter(|end| *end <= target && length <= from.len())
        .ok_or(BROKEN)?;
    let room = out.get_mut(at..).ok_or(BROKEN)?;
    if length <= AT_ONCE
        && let Some(piece) = from.first_chunk::<AT_ONCE>()
        && let Some(room) = room.first_chunk_mut::<AT_ONCE>()
    {
        *room = *piece;
    } else {
        let room = room.get_mut(..length).ok_or(BROKEN)?;
        room.copy_from_slice(from.get(..length).ok_or(BROKEN)?);
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn made(base: &[u8], delta: &[u8]) -> Result<Vec<u8>, Flaw> {
        let mut out = vec![b'?'; 3];
        apply(base, delta, &mut out, |_| {})?;
        Ok(out)
    }

    #[test]
    fn copies_and_inserts_follow_each_other() {
        // base 6, target 8: copy 2 from 4, insert "xyz", copy 3 from 0
        let delta = [6, 8, 0x91, 4, 2, 3, b'x', b'y', b'z', 0x90, 3];
        assert_eq!(made(b"abcdef", &delta).unwrap(), b"efxyzabc");
    }

    #[test]
    fn a_length_of_zero_is_64_kib() {
        let base = vec![7; 0x1_0000];
        let delta = [0x80, 0x80, 0x04, 0x80, 0x80, 0x04, 0x80];
        assert_eq!(made(&base, &delta).unwrap(), base);
    }

    #[test]
    fn broken_deltas_are_refused() {
        for (why, delta) in [
            ("base size", &[5, 1, 1, b'x'][..]),
            ("no size", &[0x80, 0x80][..]),
            ("copy past the base", &[6, 8, 0x91, 4, 4][..]),
            ("cut copy", &[6, 8, 0x91, 4][..]),
            ("cut insert", &[6, 8, 9, b'x'][..]),
            ("reserved", &[6, 0, 0][..]),
            ("too little", &[6, 8, 1, b'x'][..]),
            ("too much", &[6, 1, 2, b'x', b'y'][..]),
            ("too much copied", &[6, 1, 0x90, 2][..]),
        ] {
            assert!(made(b"abcdef", delta).is_err(), "{why}");
        }
    }
}
