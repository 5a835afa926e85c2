//! Split indexes (extension `link`): a shared index, and what changed since.

use super::{Bytes, IndexEntry, cut_off, ewah};
use crate::git::oid::{HashKind, Oid};

/// What the extension says.
#[derive(Debug)]
pub(super) struct Link {
    /// The checksum of the shared index; `None` if there is none.
    pub(super) base: Option<Oid>,
    bitmaps: Vec<u8>,
}

pub(super) fn parse(content: &[u8], hash: HashKind) -> Result<Link, String> {
    let mut bytes = Bytes { rest: content };
    let base = bytes.oid(hash)?;
    Ok(Link {
        base: (!base.is_zero()).then_some(base),
        bitmaps: bytes.rest.to_vec(),
    })
}

/// The entries of both. Those of `own` without a name come first: they take the places that the second
/// bitmap names. Others are added, or replace those of the same name and stage.
pub(super) fn merge(
    mut shared: Vec<IndexEntry>,
    own: Vec<IndexEntry>,
    link: &Link,
) -> Result<Vec<IndexEntry>, String> {
    let broken = || "has a broken link to its shared index".to_owned();
    let mut deleted = Vec::new();
    let mut replaced = Vec::new();
    if !link.bitmaps.is_empty() {
        let mut bytes = Bytes {
            rest: &link.bitmaps,
        };
        deleted = ewah::positions(&mut bytes, shared.len())?;
        replaced = ewah::positions(&mut bytes, shared.len())?;
        if !bytes.rest.is_empty() {
            return Err(cut_off());
        }
    }
    let mut own = own.into_iter().peekable();
    for position in replaced {
        let mut entry = own.next().ok_or_else(broken)?;
        let place = shared.get_mut(position).ok_or_else(broken)?;
        if !entry.path.is_empty() {
            return Err(broken());
        }
        entry.path = std::mem::take(&mut place.path);
        *place = entry;
    }
    let mut deleted = deleted.into_iter().peekable();
    let mut kept = Vec::with_capacity(shared.len());
    for (position, entry) in shared.into_iter().enumerate() {
        if deleted.next_if_eq(&position).is_none() {
            kept.push(entry);
        }
    }
    let mut all = Vec::with_capacity(kept.len());
    let mut kept = kept.into_iter().peekable();
    for entry in own {
        if entry.path.is_empty() {
            return Err(broken());
        }
        let key = |entry: &IndexEntry| (entry.path.clone(), entry.stage);
        let this = key(&entry);
        while let Some(before) = kept.next_if(|other| key(other) < this) {
            all.push(before);
        }
        let _ = kept.next_if(|other| key(other) == this);
        // A path that is no conflict any more has no stages.
        while kept
            .next_if(|other| other.path == entry.path && entry.stage == 0)
            .is_some()
        {}
        all.push(entry);
    }
    all.extend(kept);
    Ok(all)
}
