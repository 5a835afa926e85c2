//! Bech32 as age uses it (BIP 173 without its length limit).

use bech32::{Error, FromBase32, ToBase32, Variant, u5};
use zeroize::{Zeroize, Zeroizing};

/// Checks the checksum and returns the data bytes if the prefix before the last `1` is `prefix`.
///
/// The reason of a failure never quotes the text, which may be a private key.
pub(super) fn decode(text: &str, prefix: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    if text
        .rsplit_once('1')
        .is_none_or(|(found, _)| found != prefix)
    {
        return Err("its prefix is not the expected one");
    }
    let (_, mut data, variant) = bech32::decode(text).map_err(|error| match error {
        Error::MixedCase => "it mixes upper and lower case",
        Error::InvalidChar(_) => "it contains a character that no age key contains",
        Error::InvalidChecksum => "its checksum is wrong: a character was changed, lost or added",
        _ => "it is too short for an age key",
    })?;
    let bytes = Vec::<u8>::from_base32(&data).map(Zeroizing::new);
    data.fill(u5::default());
    if variant != Variant::Bech32 {
        return Err("its checksum is wrong: a character was changed, lost or added");
    }
    bytes.map_err(|_| "its last character leaves stray bits")
}

/// Encodes `bytes` in lower case.
pub(super) fn encode(prefix: &str, bytes: &[u8]) -> Option<String> {
    let mut data = bytes.to_base32();
    let text = bech32::encode(prefix, &data, Variant::Bech32).ok();
    data.fill(u5::default());
    text
}

/// Encodes `bytes` in upper case, as age spells private keys.
pub(super) fn encode_secret(prefix: &str, bytes: &[u8]) -> Option<Zeroizing<String>> {
    let mut text = encode(&prefix.to_ascii_lowercase(), bytes)?;
    let upper = Zeroizing::new(text.to_ascii_uppercase());
    text.zeroize();
    Some(upper)
}
