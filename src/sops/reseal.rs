//! Sealing again: what did not change keeps its ciphertext, so that a review shows what did.
//!
//! The data key, the recipients' stanzas, and the nonce of each leaf whose key path, type and value are
//! those of the previous version are taken over. With the same key, nonce, additional data and plaintext
//! comes the same ciphertext: nobody learns more than that the value is the one it was. Everything
//! else gets a fresh nonce. A nonce is never used for two plaintexts, nor for one at two key paths.

mod classes;
mod kept;
mod matching;

use super::cipher::Cipher;
use super::data_key::DataKey;
use super::file::{Terms, metadata_of, seal_plain, seal_with};
use super::key_groups;
use super::metadata::{GroupView, Metadata};
use super::open::{Checks, Opened, open};
use super::seal::Sealed;
use super::selector::Selector;
use crate::document::Format;
use crate::error::Result;
use crate::keys::{Identities, Recipient, same_key};

pub(super) use kept::Kept;

/// The version of a file before this one.
#[derive(Clone, Copy, Debug)]
pub struct Previous<'a> {
    /// The sealed text.
    pub text: &'a [u8],
    /// What may open it. Nothing is asked for that these identities do not ask for by themselves.
    pub identities: &'a Identities,
}

/// A file that was sealed again.
#[derive(Debug)]
pub struct Resealed {
    /// The sealed file.
    pub sealed: Sealed,
    /// What it has of the previous version.
    pub reuse: Reuse,
}

/// What a sealed file has of its previous version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// Everything: the text opens to the same bytes, and is the previous one byte for byte.
    Unchanged,
    /// The data key and the ciphertext of this many values.
    Kept {
        /// How many values kept their ciphertext. Comments are not counted.
        values: usize,
    },
    /// Nothing, for this reason.
    Nothing(WhyFresh),
}

/// Why nothing of a previous version is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyFresh {
    /// It is not sealed, or cannot be read.
    NotSealed,
    /// It is sealed for others than the rule names. Who is no recipient any more knows the data key.
    Recipients,
    /// It takes another number of key groups to open it.
    Threshold,
    /// The rule selects other values by now.
    Selector,
    /// Its MAC covers other values than the rule says.
    MacScope,
    /// No identity opens it.
    NoIdentity,
    /// A value or its MAC does not verify.
    DoesNotVerify,
}

impl WhyFresh {
    /// What to tell about it, as in "sealed with a new data key: ..."; `None` if there was nothing to use.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            WhyFresh::NotSealed | WhyFresh::NoIdentity => None,
            WhyFresh::Recipients => {
                Some("the previous version is for other recipients than the rule names")
            }
            WhyFresh::Threshold => Some("the rule has another threshold than the previous version"),
            WhyFresh::Selector => Some("the rule selects other values than the previous version"),
            WhyFresh::MacScope => {
                Some("the rule has another `mac_only_encrypted` than the previous version")
            }
            WhyFresh::DoesNotVerify => Some("the previous version does not verify"),
        }
    }
}

/// Seals a plain text, with as much of its previous version as did not change.
///
/// The previous version is used only if it is sealed on the same terms (recipients, key groups and threshold,
/// selector, scope of the MAC), opens, and verifies. Otherwise the text is sealed as by [`seal_plain`], with a
/// new data key.
///
/// # Errors
/// See [`seal_plain`].
pub fn reseal(
    text: &[u8],
    format: Format,
    terms: &Terms<'_>,
    previous: &Previous<'_>,
) -> Result<Resealed> {
    let reusable = match Reusable::of(previous, format, terms) {
        Ok(reusable) => reusable,
        Err(why) => {
            return Ok(Resealed {
                sealed: seal_plain(text, format, terms)?,
                reuse: Reuse::Nothing(why),
            });
        }
    };
    let Reusable {
        metadata,
        data_key,
        opened,
    } = reusable;
    // Comments that stand in clear where they should not are sealed now.
    if *opened.bytes == *text && opened.clear_comments.is_empty() {
        return Ok(Resealed {
            sealed: Sealed {
                bytes: previous.text.to_vec(),
                leaves: opened.leaves,
                expanded: Vec::new(),
            },
            reuse: Reuse::Unchanged,
        });
    }
    drop(opened);
    let cipher = Cipher::new(&data_key);
    drop(data_key);
    let kept = Kept::between(
        previous.text,
        text,
        format,
        &metadata,
        terms.selector,
        &cipher,
    );
    let last_modified = match kept.same_values() {
        // The MAC vouches for the values, at this time.
        true => metadata.last_modified.clone(),
        false => terms.now.to_owned(),
    };
    let metadata = Metadata {
        last_modified,
        mac: String::new(),
        layout: None,
        version: super::file::SOPS_VERSION.to_owned(),
        ..metadata
    };
    let sealed = seal_with(text, format, terms, metadata, &cipher, Some(&kept))?;
    Ok(Resealed {
        sealed,
        reuse: Reuse::Kept {
            values: kept.values(),
        },
    })
}

/// A previous version that is on the right terms and was opened.
struct Reusable {
    metadata: Metadata,
    data_key: DataKey,
    opened: Opened,
}

impl Reusable {
    fn of(
        previous: &Previous<'_>,
        format: Format,
        terms: &Terms<'_>,
    ) -> std::result::Result<Self, WhyFresh> {
        let Previous { text, identities } = previous;
        let metadata = metadata_of(text, format).ok().flatten();
        let metadata = metadata.ok_or(WhyFresh::NotSealed)?;
        agree(&metadata, terms)?;
        let data_key = key_groups::unwrap(&metadata, identities);
        let data_key = data_key.map_err(|_| WhyFresh::NoIdentity)?;
        let cipher = Cipher::new(&data_key);
        let checks = Checks::default();
        let opened = open(text, format, &metadata, terms.selector, &cipher, checks)
            .map_err(|_| WhyFresh::DoesNotVerify)?;
        Ok(Reusable {
            metadata,
            data_key,
            opened,
        })
    }
}

/// Whether a file is sealed on the terms of its rule.
fn agree(metadata: &Metadata, terms: &Terms<'_>) -> std::result::Result<(), WhyFresh> {
    let groups: Vec<GroupView<'_>> = metadata.groups().collect();
    let mut wanted: Vec<&[Recipient]> = terms.groups.to_vec();
    for group in &groups {
        let same = wanted.iter().position(|wanted| same_group(group, wanted));
        wanted.swap_remove(same.ok_or(WhyFresh::Recipients)?);
    }
    if !wanted.is_empty() {
        return Err(WhyFresh::Recipients);
    }
    let needed = |threshold| match (groups.len(), threshold) {
        (0 | 1, _) => 1,
        (groups, 0) => groups,
        (_, threshold) => threshold,
    };
    if needed(metadata.shamir_threshold) != needed(terms.shamir_threshold) {
        return Err(WhyFresh::Threshold);
    }
    match Selector::from_parts(metadata.selector_parts()) {
        Ok(selector) if selector == *terms.selector => {}
        _ => return Err(WhyFresh::Selector),
    }
    if metadata.mac_only_encrypted != terms.mac_only_encrypted {
        return Err(WhyFresh::MacScope);
    }
    Ok(())
}

/// Whether a group of a file has the recipients of a group of the rule, in any order, and no others.
fn same_group(group: &GroupView<'_>, wanted: &[Recipient]) -> bool {
    let is_in_file = |recipient: &Recipient| {
        let mut entries = group.age.iter();
        entries.any(|entry| same_key(&entry.recipient, recipient.text()))
    };
    let is_wanted = |recipient: &str| wanted.iter().any(|w| same_key(recipient, w.text()));
    group.foreign.is_empty()
        && wanted.iter().all(is_in_file)
        && group.age.iter().all(|entry| is_wanted(&entry.recipient))
}
