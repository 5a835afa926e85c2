//! Files of a commit by their paths, of which only the folders above them are read.

use std::collections::hash_map::Entry;

use foldhash::HashMap;

use super::state::MAX_TEXT;
use crate::git::objects::{EntryKind, tree_entries};
use crate::git::{ObjectKind, Oid, Store};
use crate::secret::SecretBuffer;

type Folder = HashMap<Vec<u8>, (EntryKind, Oid)>;

/// Looks paths up in a tree without reading all of it.
pub(super) struct Trees<'s> {
    store: &'s Store,
    /// The entries of the folders that were read.
    folders: HashMap<Oid, Folder>,
}

impl<'s> Trees<'s> {
    pub(super) fn new(store: &'s Store) -> Self {
        Trees {
            store,
            folders: HashMap::default(),
        }
    }

    /// The file at a path below a tree, if there is one.
    pub(super) fn blob(&mut self, root: Oid, path: &str) -> Result<Option<Oid>, String> {
        let mut at = (EntryKind::Tree, root);
        for name in path.split('/') {
            if at.0 != EntryKind::Tree {
                return Ok(None);
            }
            match self.folder(at.1)?.get(name.as_bytes()) {
                Some(entry) => at = *entry,
                None => return Ok(None),
            }
        }
        Ok((at.0 == EntryKind::File).then_some(at.1))
    }

    fn folder(&mut self, oid: Oid) -> Result<&Folder, String> {
        match self.folders.entry(oid) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let tree = read(self.store, &oid, ObjectKind::Tree)?;
                let mut folder = Folder::default();
                for entry in tree_entries(&tree, oid.kind()) {
                    let entry = entry.map_err(|_| format!("the tree {oid} is damaged"))?;
                    if let Some(child) = entry.oid() {
                        folder.insert(entry.name.to_vec(), (entry.kind(), child));
                    }
                }
                Ok(new.insert(folder))
            }
        }
    }
}

/// An object of the kind that it has to be, or why there is none.
pub(super) fn read(store: &Store, oid: &Oid, kind: ObjectKind) -> Result<SecretBuffer, String> {
    match store.read(oid, MAX_TEXT as usize) {
        Ok(Some(object)) if object.kind == kind => Ok(SecretBuffer::from(object.data)),
        Ok(_) => Err(format!("the {} {oid} is missing", kind.name())),
        Err(error) => Err(error.to_string()),
    }
}
