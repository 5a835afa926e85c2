//! The data key between recipients: wrapped for each, and split between key groups.

use super::data_key::DataKey;
use super::metadata::{AgeEntry, KeyGroup, Metadata};
use super::shamir;
use crate::error::{Error, Kind, Result};
use crate::keys::Recipient;
use crate::keys::{Identities, Wrapped};

/// Wraps the data key and puts the stanzas into the metadata. One group has the whole key; of
/// several, each has a share, and `threshold` of them (0: all) make the key.
///
/// # Errors
/// No group, an empty group, a threshold that cannot be met, a recipient that cannot be wrapped to.
pub fn wrap(
    metadata: &mut Metadata,
    data_key: &DataKey,
    groups: &[&[Recipient]],
    threshold: usize,
) -> Result<()> {
    if groups.iter().any(|g| g.is_empty()) {
        return Err(Error::new(Kind::Config, "a key group has no recipient")
            .hint("add a recipient to the group"));
    }
    let entries = |group: &[Recipient], payload: &[u8]| -> Result<Vec<AgeEntry>> {
        group
            .iter()
            .map(|r| {
                Ok(AgeEntry {
                    recipient: r.text().to_owned(),
                    enc: r.wrap(payload)?,
                })
            })
            .collect()
    };
    match groups {
        [] => Err(Error::new(Kind::Config, "there is no recipient")
            .hint("name one in the creation rule, or with `--age`")),
        [group] => {
            metadata.age = entries(group, data_key.bytes())?;
            Ok(())
        }
        _ => {
            let threshold = if threshold == 0 {
                groups.len()
            } else {
                threshold
            };
            let shares = shamir::split(data_key.bytes(), threshold, groups.len())?;
            metadata.shamir_threshold = threshold;
            metadata.key_groups = groups
                .iter()
                .zip(&shares)
                .map(|(group, share)| {
                    Ok(KeyGroup {
                        age: entries(group, share.expose())?,
                        foreign: Vec::new(),
                    })
                })
                .collect::<Result<_>>()?;
            Ok(())
        }
    }
}

/// Unwraps the data key with whatever identities open.
///
/// # Errors
/// Too few groups open ([`Kind::Key`]): the error says for whom the file is and where was looked.
pub fn unwrap(metadata: &Metadata, identities: &Identities) -> Result<DataKey> {
    let groups: Vec<_> = metadata.groups().collect();
    let needed = match (groups.len(), metadata.shamir_threshold) {
        (0 | 1, _) => 1,
        (groups, 0) => groups,
        (_, threshold) => threshold,
    };
    let mut parts = Vec::new();
    for group in &groups {
        let wrapped: Vec<Wrapped<'_>> = group
            .age
            .iter()
            .map(|e| Wrapped {
                recipient: &e.recipient,
                enc: &e.enc,
            })
            .collect();
        if let Some((_, part)) = identities.unwrap_any(&wrapped)? {
            parts.push(part);
        }
        if parts.len() == needed {
            break;
        }
    }
    if parts.len() < needed {
        let recipients: Vec<&str> = groups
            .iter()
            .flat_map(|g| g.age.iter())
            .map(|e| e.recipient.as_str())
            .collect();
        let mut error = identities.explain(&recipients);
        if groups.len() > 1 {
            error = error.hint(format!(
                "{needed} key groups are needed, {} could be opened",
                parts.len()
            ));
        }
        let foreign: Vec<&str> = groups
            .iter()
            .flat_map(|g| g.foreign.iter())
            .map(|f| f.kind.title())
            .collect();
        if !foreign.is_empty() {
            error = error.hint(format!(
                "the file also has keys that only sops opens: {}",
                foreign.join(", ")
            ));
        }
        return Err(error);
    }
    if let ([part], true) = (parts.as_slice(), groups.len() <= 1) {
        return DataKey::from_bytes(part.expose());
    }
    let shares: Vec<&[u8]> = parts.iter().map(|p| p.expose()).collect();
    DataKey::from_bytes(shamir::combine(&shares)?.expose())
}
