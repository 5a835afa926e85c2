//! Shamir's secret sharing over GF(2^8), byte by byte, in the layout of SOPS' key groups: a share
//! is one y per byte of the secret, then its x. (A file with a single group shares nothing: the
//! group holds the whole key.)
//!
//! The field is that of AES (x^8 + x^4 + x^3 + x + 1). Its operations neither branch on secrets
//! nor look them up in tables.

use rand::TryCryptoRng;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use super::iv::no_randomness;
use crate::error::{Error, Kind, Result};
use crate::secret::SecretBytes;

/// Splits `secret` into `parts` shares of which any `threshold` recover it. Share `i` (from zero)
/// has x = `i` + 1.
///
/// # Errors
/// [`Kind::Usage`] unless `2 <= threshold <= parts <= 255` and `secret` is not empty;
/// [`Kind::Io`] if the system has no randomness to give.
pub fn split(secret: &[u8], threshold: usize, parts: usize) -> Result<Vec<SecretBytes>> {
    split_from(&mut OsRng, secret, threshold, parts)
}

/// [`split`] with the coefficients from a generator. Prefer [`split`] outside tests: a buffered
/// generator keeps a copy of what it handed out.
///
/// # Errors
/// Those of [`split`].
pub fn split_from<R: TryCryptoRng + ?Sized>(
    rng: &mut R,
    secret: &[u8],
    threshold: usize,
    parts: usize,
) -> Result<Vec<SecretBytes>> {
    let refuse = |reason: String| {
        Err(Error::new(
            Kind::Usage,
            "cannot split the data key between the key groups",
        )
        .because(reason))
    };
    let Ok(count) = u8::try_from(parts) else {
        return refuse(format!(
            "{parts} groups are more than the 255 that are possible"
        ));
    };
    if threshold < 2 {
        return refuse(format!("a threshold of {threshold} is less than 2"));
    }
    if threshold > parts {
        return refuse(format!(
            "a threshold of {threshold} is more than the {parts} groups"
        ));
    }
    if secret.is_empty() {
        return refuse("the secret is empty".to_owned());
    }
    // One polynomial per byte of the secret, which is its constant term; the rest is random, the
    // highest coefficient included: one that is zero must be possible, or shares would leak.
    let mut random = Zeroizing::new(vec![0; secret.len() * (threshold - 1)]);
    rng.try_fill_bytes(&mut random).map_err(no_randomness)?;
    let share = |x: u8| {
        let mut share = Vec::with_capacity(secret.len() + 1);
        share.extend(secret.iter().zip(random.chunks_exact(threshold - 1)).map(
            |(&constant, coefficients)| {
                let sum = coefficients.iter().fold(0, |sum, &c| multiply(sum, x) ^ c);
                multiply(sum, x) ^ constant
            },
        ));
        share.push(x);
        SecretBytes::new(share)
    };
    Ok((1..=count).map(share).collect())
}

/// Recovers the secret from shares, in any order. Fewer shares than the threshold, or shares of
/// different secrets, give a wrong secret and no error: only the MAC and the values tell.
///
/// # Errors
/// [`Kind::Key`] for fewer than two shares, shares of different length or shorter than two bytes,
/// two shares with the same x, or one with x = 0, which no split makes and which would pass its
/// own bytes off as the secret.
pub fn combine(shares: &[&[u8]]) -> Result<SecretBytes> {
    let refuse = |reason: &str| {
        Err(
            Error::new(Kind::Key, "cannot recover the data key from the key groups")
                .because(reason),
        )
    };
    let mut points = Vec::with_capacity(shares.len());
    for share in shares {
        match share.split_last() {
            Some((&x, ys)) if !ys.is_empty() => points.push((x, ys)),
            _ => return refuse("a share is shorter than two bytes"),
        }
    }
    let len = match points.as_slice() {
        [] | [_] => return refuse("fewer than two shares"),
        [(_, ys), ..] => ys.len(),
    };
    if points.iter().any(|(_, ys)| ys.len() != len) {
        return refuse("the shares differ in length");
    }
    // x are public: they only number the groups.
    let mut seen = [false; 256];
    for &(x, _) in &points {
        match seen.get_mut(usize::from(x)) {
            Some(seen) if x != 0 && !*seen => *seen = true,
            _ if x == 0 => return refuse("a share is numbered zero"),
            _ => return refuse("two groups hold the same share"),
        }
    }
    let mut secret = vec![0; len];
    for &(x, ys) in &points {
        // Lagrange's basis polynomial of this share at zero; minus is plus in this field.
        let basis = points
            .iter()
            .filter(|&&(other, _)| other != x)
            .fold(1, |basis, &(other, _)| {
                multiply(basis, multiply(other, inverse(other ^ x)))
            });
        for (byte, &y) in secret.iter_mut().zip(ys) {
            *byte ^= multiply(y, basis);
        }
    }
    Ok(SecretBytes::new(secret))
}

/// The product in GF(2^8), in time that does not depend on the factors.
fn multiply(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0u8, |product, bit| {
        let carry = (product >> 7).wrapping_neg();
        let addend = (b >> bit & 1).wrapping_neg();
        (product << 1) ^ (carry & 0x1b) ^ (addend & a)
    })
}

/// The inverse, a^254; zero for zero.
fn inverse(a: u8) -> u8 {
    // 254 = 0b1111_1110: square and multiply.
    let odd = (0..6).fold(a, |power, _| multiply(multiply(power, power), a));
    multiply(odd, odd)
}

#[cfg(test)]
#[path = "shamir_tests.rs"]
mod tests;
