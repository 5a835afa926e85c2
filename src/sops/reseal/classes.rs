//! Leaves that are the same: under one key path, of one type, with one value.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::ops::Range;

use foldhash::quality::RandomState;

use crate::document::scalar::ScalarType;
use crate::secret::SecretBuffer;

/// The number of a class.
pub(super) type Class = u32;

/// A leaf, as far as it can be the same as another.
#[derive(Clone, Copy)]
pub(super) struct Leaf<'l> {
    /// It is encrypted.
    pub(super) sealed: bool,
    /// The key path that it is authenticated with.
    pub(super) aad: &'l str,
    /// Its type.
    pub(super) ty: ScalarType,
    /// The bytes that are encrypted.
    pub(super) plain: &'l [u8],
}

/// Classes of leaves, told apart by comparing them whole: a hash only says where to look.
#[derive(Default)]
pub(super) struct Classes {
    first: HashMap<u64, Class, RandomState>,
    known: Vec<Known>,
    text: SecretBuffer,
    state: RandomState,
}

struct Known {
    sealed: bool,
    ty: ScalarType,
    aad: Range<usize>,
    plain: Range<usize>,
    /// The next class with the same hash.
    next: Option<Class>,
}

impl Classes {
    /// The class of a leaf, a new one if there is none.
    pub(super) fn intern(&mut self, leaf: &Leaf<'_>) -> Class {
        let hash = self.hash(leaf);
        let first = self.first.get(&hash).copied();
        if let Some(class) = self.among(first, leaf) {
            return class;
        }
        let start = self.text.len();
        self.text.push_str(leaf.aad);
        let middle = self.text.len();
        self.text.push(leaf.plain);
        self.known.push(Known {
            sealed: leaf.sealed,
            ty: leaf.ty,
            aad: start..middle,
            plain: middle..self.text.len(),
            next: first,
        });
        // More leaves than a `u32` counts do not fit into a text that can be read.
        let class = Class::try_from(self.known.len() - 1).unwrap_or(Class::MAX);
        self.first.insert(hash, class);
        class
    }

    /// The class of a leaf, if there is one.
    pub(super) fn find(&self, leaf: &Leaf<'_>) -> Option<Class> {
        self.among(self.first.get(&self.hash(leaf)).copied(), leaf)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// It is a class of encrypted values.
    pub(super) fn is_value(&self, class: Class) -> bool {
        let known = self.known.get(class as usize);
        known.is_some_and(|known| known.sealed && known.ty != ScalarType::Comment)
    }

    fn hash(&self, leaf: &Leaf<'_>) -> u64 {
        let mut hasher = self.state.build_hasher();
        leaf.sealed.hash(&mut hasher);
        leaf.ty.hash(&mut hasher);
        leaf.aad.hash(&mut hasher);
        leaf.plain.hash(&mut hasher);
        hasher.finish()
    }

    fn among(&self, mut next: Option<Class>, leaf: &Leaf<'_>) -> Option<Class> {
        while let Some(class) = next {
            let known = self.known.get(class as usize)?;
            let same = known.sealed == leaf.sealed
                && known.ty == leaf.ty
                && self.text.get(known.aad.clone()) == Some(leaf.aad.as_bytes())
                && self.text.get(known.plain.clone()) == Some(leaf.plain);
            if same {
                return Some(class);
            }
            next = known.next;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_the_same_only_if_all_of_them_is() {
        let leaf = Leaf {
            sealed: true,
            aad: "a:",
            ty: ScalarType::Str,
            plain: b"b",
        };
        let others = [
            Leaf {
                sealed: false,
                ..leaf
            },
            Leaf { aad: "a:b", ..leaf },
            Leaf {
                aad: "a:b",
                plain: b"",
                ..leaf
            },
            Leaf {
                ty: ScalarType::Int,
                ..leaf
            },
            Leaf {
                ty: ScalarType::Comment,
                ..leaf
            },
            Leaf {
                plain: b"bb",
                ..leaf
            },
        ];
        let mut classes = Classes::default();
        let class = classes.intern(&leaf);
        for (number, other) in others.iter().enumerate() {
            assert_eq!(classes.find(other), None, "{number}");
            let other = classes.intern(other);
            assert_ne!(other, class, "{number}");
        }
        assert_eq!(classes.intern(&leaf), class);
        assert_eq!(classes.find(&leaf), Some(class));
        assert_eq!(classes.len(), 1 + others.len());
        assert!(classes.is_value(class));
        assert!(!classes.is_value(class + 1));
        assert!(!classes.is_value(class + 5));
    }

    #[test]
    fn classes_with_one_hash_are_told_apart() {
        let mut classes = Classes::default();
        let leaf = |plain| Leaf {
            sealed: true,
            aad: "a:",
            ty: ScalarType::Str,
            plain,
        };
        let (one, two) = (classes.intern(&leaf(b"1")), classes.intern(&leaf(b"2")));
        // As if both had the hash of the second.
        if let Some(known) = classes.known.get_mut(two as usize) {
            known.next = Some(one);
        }
        let hash = classes.hash(&leaf(b"2"));
        let first = classes.first.get(&hash).copied();
        assert_eq!(classes.among(first, &leaf(b"1")), Some(one));
        assert_eq!(classes.among(first, &leaf(b"2")), Some(two));
        assert_eq!(classes.among(first, &leaf(b"3")), None);
    }
}
