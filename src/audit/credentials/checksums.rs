//! Checksums that formats of tokens have in themselves.

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A CRC-32 in digits of an alphabet, most significant first, padded with its zero.
fn digits(mut number: u32, alphabet: &[u8], width: usize) -> Vec<u8> {
    let base = u32::try_from(alphabet.len()).unwrap_or(62).max(2);
    let mut out = vec![b'0'; width];
    for slot in out.iter_mut().rev() {
        let digit = usize::try_from(number % base).unwrap_or_default();
        *slot = alphabet.get(digit).copied().unwrap_or(b'0');
        number /= base;
    }
    out
}

/// GitHub (2021) and npm: the last six characters are the CRC-32 of those before, in base 62.
pub(super) fn base62_holds(body: &[u8]) -> bool {
    let Some((random, sum)) = body
        .len()
        .checked_sub(6)
        .and_then(|at| body.split_at_checked(at))
    else {
        return false;
    };
    !random.is_empty() && digits(crc32fast::hash(random), BASE62, 6) == sum
}

/// GitLab's routable tokens: the last seven characters are the CRC-32 of everything before, prefix included, in
/// base 36.
pub(super) fn base36_holds(token: &[u8]) -> bool {
    let Some((before, sum)) = token
        .len()
        .checked_sub(7)
        .and_then(|at| token.split_at_checked(at))
    else {
        return false;
    };
    digits(crc32fast::hash(before), BASE36, 7) == sum
}

/// What a token of GitHub or npm ends with.
#[cfg(test)]
pub(super) fn base62_sum(random: &str) -> String {
    String::from_utf8(digits(crc32fast::hash(random.as_bytes()), BASE62, 6)).unwrap_or_default()
}

/// What a routable token of GitLab ends with.
#[cfg(test)]
pub(super) fn base36_sum(before: &str) -> String {
    String::from_utf8(digits(crc32fast::hash(before.as_bytes()), BASE36, 7)).unwrap_or_default()
}
