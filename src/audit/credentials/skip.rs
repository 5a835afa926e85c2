//! Regions of a text that are ciphertext or public by design: nothing in them is a finding.

use std::ops::Range;

/// The regions of a text, in order.
pub(super) struct Regions(Vec<Range<usize>>);

impl Regions {
    /// SOPS ciphertext, armour of age and PGP messages, public keys and certificates.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut regions = Vec::new();
        for start in memchr::memmem::find_iter(text, b"ENC[AES256_GCM,") {
            let rest = text.get(start..).unwrap_or_default();
            if let Some(length) = memchr::memchr(b']', rest) {
                regions.push(start..start.saturating_add(length));
            }
        }
        const ARMOUR: [&[u8]; 7] = [
            b"AGE ENCRYPTED FILE-----",
            b"PGP MESSAGE-----",
            b"PGP PUBLIC KEY BLOCK-----",
            b"PGP SIGNATURE-----",
            b"CERTIFICATE-----",
            b"PUBLIC KEY-----",
            b"CERTIFICATE REQUEST-----",
        ];
        for start in memchr::memmem::find_iter(text, b"-----BEGIN ") {
            let rest = text.get(start..).unwrap_or_default();
            let label = rest.get(11..).unwrap_or_default();
            let label = label.get(..60).unwrap_or(label);
            let first = memchr::memmem::find(label, b"-----").map_or(0, |n| n.saturating_add(5));
            let label = label.get(..first).unwrap_or_default();
            if ARMOUR.iter().any(|end| label.ends_with(end))
                && let Some(length) = memchr::memmem::find(rest, b"-----END ")
            {
                regions.push(start..start.saturating_add(length));
            }
        }
        regions.sort_by_key(|region| region.start);
        Regions(regions)
    }

    /// Whether a byte is in one of them.
    pub(super) fn has(&self, at: usize) -> bool {
        let after = self.0.partition_point(|region| region.start <= at);
        // They do not nest, but SOPS ciphertext may stand inside of armour.
        let from = after.saturating_sub(2);
        self.0
            .get(from..after)
            .is_some_and(|near| near.iter().any(|region| region.contains(&at)))
    }
}
