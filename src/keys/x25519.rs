//! The classic age key: `age1...` and `AGE-SECRET-KEY-1...`.

use curve25519_dalek::montgomery::MontgomeryPoint;
use rand::CryptoRng;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::Zeroizing;

use super::bech;
use crate::error::{Error, Kind, Result};
use crate::secret::SecretBytes;

const RECIPIENT_PREFIX: &str = "age";
const IDENTITY_PREFIX: &str = "AGE-SECRET-KEY-";

/// Parses `age1...`; the failure is a reason without the text in it.
pub(super) fn parse_recipient(
    text: &str,
) -> std::result::Result<age::x25519::Recipient, &'static str> {
    let bytes = bech::decode(text, RECIPIENT_PREFIX)?;
    let point: [u8; 32] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| "it has not the length of an age key")?;
    if is_low_order(point) {
        return Err("it is a point that no private key belongs to");
    }
    text.parse()
}

/// The order of the point divides 8: a key exchange with it gives zero, which everybody knows, whatever
/// the private key.
pub(super) fn is_low_order(point: [u8; 32]) -> bool {
    let eight = [true, false, false, false];
    MontgomeryPoint(point)
        .mul_bits_be(eight.into_iter())
        .to_bytes()
        == [0; 32]
}

/// Parses `AGE-SECRET-KEY-1...`; the failure is a reason without the text in it.
pub(super) fn parse_identity(
    text: &str,
) -> std::result::Result<age::x25519::Identity, &'static str> {
    let bytes = bech::decode(text, IDENTITY_PREFIX)?;
    if bytes.len() != 32 {
        return Err("it has not the length of an age key");
    }
    text.parse()
}

/// Makes an identity and returns the text of its file, as `age-keygen` writes it, with its recipient.
///
/// `created` is the time for the first comment line, RFC 3339 with the local offset by custom.
///
/// # Errors
/// Only if `created` is not a single line.
pub fn generate_x25519(rng: &mut impl CryptoRng, created: &str) -> Result<(SecretBytes, String)> {
    let failed = |reason: &str| Error::new(Kind::Usage, "cannot make an identity").because(reason);
    if created.contains(['\n', '\r']) {
        return Err(failed("the creation time is more than one line"));
    }
    let mut secret = Zeroizing::new([0; 32]);
    rng.fill_bytes(&mut *secret);
    let public = x25519(*secret, X25519_BASEPOINT_BYTES);
    let recipient =
        bech::encode(RECIPIENT_PREFIX, &public).ok_or_else(|| failed("it cannot be encoded"))?;
    let identity = bech::encode_secret(IDENTITY_PREFIX, &*secret)
        .ok_or_else(|| failed("it cannot be encoded"))?;
    let lines = [
        "# created: ",
        created,
        "\n# public key: ",
        &recipient,
        "\n",
        &identity,
        "\n",
    ];
    // Sized up front, so that no copy of the key is left behind by growing.
    let mut text = Vec::with_capacity(lines.iter().map(|part| part.len()).sum());
    for part in lines {
        text.extend_from_slice(part.as_bytes());
    }
    Ok((SecretBytes::new(text), recipient))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const ALICE: &str = "age1kqrjgh0uxr5ll9evn36lp33qlg4hu8wj46qnq2qzu8gztsj8r93scjhs43";

    #[test]
    fn the_test_identities_have_the_listed_recipients() {
        let identities = include_str!("../../testdata/keys/identities.txt");
        let recipients = include_str!("../../testdata/keys/recipients.txt");
        for (identity, recipient) in identities.lines().skip(1).zip(recipients.lines().skip(1)) {
            let public = parse_identity(identity).unwrap().to_public().to_string();
            assert_eq!(Some(public.as_str()), recipient.split(' ').nth(1));
        }
    }

    #[test]
    fn a_wrong_recipient_is_refused_with_its_reason() {
        let reason = |text: &str| parse_recipient(text).unwrap_err();
        assert!(reason(&ALICE.replace("kqrj", "kqrq")).contains("checksum"));
        assert!(reason(&ALICE.replace("kqrj", "KQRJ")).contains("upper and lower"));
        assert!(reason(&ALICE.to_uppercase()).contains("prefix"));
        assert!(reason(&ALICE[..ALICE.len() - 1]).contains("checksum"));
        assert!(reason(&ALICE.replace("kqrj", "kbrj")).contains("character"));
        assert!(reason("age1qqq").contains("short"));
        assert!(reason(&bech::encode("age", &[9; 31]).unwrap()).contains("length"));
        assert!(parse_recipient(ALICE).is_ok());
    }

    #[test]
    fn a_point_of_low_order_is_refused() {
        let mut one = [0; 32];
        one[0] = 1;
        // Of order 8, and the same with the bit that is not looked at.
        let mut eighth: [u8; 32] = [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
            0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
            0x5f, 0x49, 0xb8, 0x00,
        ];
        let plain = eighth;
        eighth[31] |= 0x80;
        // p - 1, of order 4 on the curve's twin; p and p + 1, which are 0 and 1 written otherwise.
        let of_p = |low| {
            let mut point = [0xff; 32];
            point[0] = low;
            point[31] = 0x7f;
            point
        };
        for point in [
            [0; 32],
            one,
            plain,
            eighth,
            of_p(0xec),
            of_p(0xed),
            of_p(0xee),
        ] {
            assert_eq!(x25519([0x77; 32], point), [0; 32]);
            assert!(
                parse_recipient(&bech::encode("age", &point).unwrap())
                    .unwrap_err()
                    .contains("point")
            );
        }
    }

    #[test]
    fn a_bech32m_checksum_is_refused() {
        use bech32::ToBase32;
        let text = bech32::encode("age", [9; 32].to_base32(), bech32::Variant::Bech32m).unwrap();
        assert!(parse_recipient(&text).unwrap_err().contains("checksum"));
    }

    #[test]
    fn a_new_identity_reads_back_and_says_its_recipient() {
        let (file, recipient) =
            generate_x25519(&mut rand::rng(), "2024-01-02T03:04:05+01:00").unwrap();
        let text = file.expose_text().unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "# created: 2024-01-02T03:04:05+01:00");
        assert_eq!(lines[1], format!("# public key: {recipient}"));
        assert_eq!(
            parse_identity(lines[2]).unwrap().to_public().to_string(),
            recipient
        );
        assert_eq!(lines.len(), 3);
        assert!(text.ends_with('\n'));
        assert!(generate_x25519(&mut rand::rng(), "a\nb").is_err());
    }
}
