//! What the writers of manifests need of a buffer for secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::secret::SecretBuffer;

pub(super) fn push_char(out: &mut SecretBuffer, c: char) {
    let mut utf8 = Zeroizing::new([0; 4]);
    out.push(c.encode_utf8(&mut *utf8).as_bytes());
}

/// Characters since the last line break.
pub(super) fn column(out: &SecretBuffer) -> usize {
    let line = out.rsplit(|&b| b == b'\n').next().unwrap_or_default();
    line.iter().filter(|&&b| b & 0xc0 != 0x80).count()
}

/// Standard, padded base64 of `bytes`.
pub(super) fn base64_of(bytes: &[u8]) -> Zeroizing<String> {
    // `encode` allocates its exact length once, so nothing is left behind.
    Zeroizing::new(STANDARD.encode(bytes))
}
