//! Zlib streams (RFC 1950) of a known size.
//!
//! Never more than the declared size is produced, and it is the caller who bounds the declared size.

use flate2::{Decompress, FlushDecompress, Status};

/// What is wrong with an object, in words that complete "the object ...".
pub(super) type Flaw = &'static str;

pub(super) const BROKEN_STREAM: Flaw = "has a broken zlib stream";
pub(super) const OTHER_SIZE: Flaw = "has another size than it says";
pub(super) const CUT_OFF: Flaw = "is cut off";

/// Room behind the output, in bytes: with it the decoder stays on its fast path to the end.
const SLACK: usize = 300;

/// The header and the trailer of a stream, in bytes.
const HEADER: usize = 2;
const TRAILER: usize = 4;

/// A decoder that is used again and again.
pub(super) struct Inflater {
    stream: Decompress,
    bare: Decompress,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Inflater {
            stream: Decompress::new(true),
            bare: Decompress::new(false),
        }
    }

    /// As [`Inflater::whole`], without a look at the checksum at the end of the stream: for streams that
    /// were checked by another one.
    pub(super) fn checked(
        &mut self,
        input: &[u8],
        size: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, Flaw> {
        let (header, body) = input.split_at_checked(HEADER).ok_or(CUT_OFF)?;
        let &[method, flags] = header else {
            return Err(BROKEN_STREAM);
        };
        // Deflate, a window of at most 32 KiB, no dictionary, a sum that 31 divides.
        let sum = u16::from_be_bytes([method, flags]);
        if method & 0x0f != 8 || method >> 4 > 7 || flags & 0x20 != 0 || sum % 31 != 0 {
            return Err(BROKEN_STREAM);
        }
        self.bare.reset(false);
        let used = run(&mut self.bare, body, size, out)?;
        Ok(used.saturating_add(HEADER).saturating_add(TRAILER))
    }

    /// Replaces `out` by the `size` bytes that the stream at the start of `input` holds; bytes behind
    /// the stream are left alone. Gives the length of the stream.
    pub(super) fn whole(
        &mut self,
        input: &[u8],
        size: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, Flaw> {
        self.stream.reset(true);
        run(&mut self.stream, input, size, out)
    }

    /// The first bytes of the stream, at most as many as `out` has room for.
    pub(super) fn start<'a>(&mut self, input: &[u8], out: &'a mut [u8]) -> Result<&'a [u8], Flaw> {
        self.stream.reset(true);
        self.stream
            .decompress(input, out, FlushDecompress::None)
            .map_err(|_| BROKEN_STREAM)?;
        let length = usize::try_from(self.stream.total_out()).unwrap_or(0);
        out.get(..length).ok_or(BROKEN_STREAM)
    }
}

fn run(
    stream: &mut Decompress,
    input: &[u8],
    size: usize,
    out: &mut Vec<u8>,
) -> Result<usize, Flaw> {
    out.clear();
    out.reserve(size.saturating_add(SLACK));
    let status = stream
        .decompress_vec(input, out, FlushDecompress::Finish)
        .map_err(|_| BROKEN_STREAM)?;
    if status != Status::StreamEnd {
        // Either the output is full, or the input is at its end.
        return Err(if out.len() > size {
            OTHER_SIZE
        } else {
            CUT_OFF
        });
    }
    if out.len() != size {
        return Err(OTHER_SIZE);
    }
    usize::try_from(stream.total_in()).map_err(|_| BROKEN_STREAM)
}
