//! Which leaf of a new version is which of the old one.
//!
//! Heckel's way to compare two sequences, in linear time: what occurs once in both is the same;
//! then the neighbours of what is the same, in both directions; what is left is taken in order. The last step
//! and the steps to the neighbours matter only for leaves that occur several times, such as the items of a
//! list, which have one key path: of two equal ones the one in the same surroundings is taken.

use super::classes::Class;

/// For each leaf of the new version the number of the same leaf of the old one, which is no other
/// leaf's. Both are given as the classes of their leaves, of which there are `classes`.
pub(super) fn matching(old: &[Class], new: &[Class], classes: usize) -> Vec<Option<usize>> {
    let mut matches = Matches {
        old,
        new,
        of_new: vec![None; new.len()],
        taken: vec![false; old.len()],
    };
    matches.unique(classes);
    matches.neighbours();
    matches.rest(classes);
    matches.of_new
}

struct Matches<'m> {
    old: &'m [Class],
    new: &'m [Class],
    of_new: Vec<Option<usize>>,
    taken: Vec<bool>,
}

/// How often a class occurs, and where it did last.
#[derive(Clone, Copy, Default)]
struct Occurrence {
    count: usize,
    at: usize,
}

impl Matches<'_> {
    /// Matches two leaves if they are of one class and have no match.
    fn join(&mut self, old: usize, new: usize) -> bool {
        let class = self.old.get(old);
        if class.is_none() || class != self.new.get(new) {
            return false;
        }
        match (self.taken.get_mut(old), self.of_new.get_mut(new)) {
            (Some(taken @ false), Some(of_new @ None)) => {
                *taken = true;
                *of_new = Some(old);
                true
            }
            _ => false,
        }
    }

    fn unique(&mut self, classes: usize) {
        let old = occurrences(self.old, classes);
        let new = occurrences(self.new, classes);
        for (old, new) in old.iter().zip(&new) {
            if old.count == 1 && new.count == 1 {
                self.join(old.at, new.at);
            }
        }
    }

    fn neighbours(&mut self) {
        // The beginnings are neighbours of what is before them, which is the same, and so are the ends.
        self.join(0, 0);
        for new in 0..self.new.len() {
            if let Some(Some(old)) = self.of_new.get(new).copied() {
                self.join(old + 1, new + 1);
            }
        }
        if let (Some(old), Some(new)) =
            (self.old.len().checked_sub(1), self.new.len().checked_sub(1))
        {
            self.join(old, new);
        }
        for new in (1..self.new.len()).rev() {
            if let Some(Some(old)) = self.of_new.get(new).copied()
                && let Some(before) = old.checked_sub(1)
            {
                self.join(before, new - 1);
            }
        }
    }

    fn rest(&mut self, classes: usize) {
        // The old leaves without a match, class by class, the first one on top.
        let mut left: Vec<Vec<usize>> = vec![Vec::new(); classes];
        for (at, class) in self.old.iter().enumerate().rev() {
            if self.taken.get(at) == Some(&false)
                && let Some(left) = left.get_mut(*class as usize)
            {
                left.push(at);
            }
        }
        for new in 0..self.new.len() {
            if self.of_new.get(new) == Some(&None)
                && let Some(class) = self.new.get(new)
                && let Some(old) = left.get_mut(*class as usize).and_then(Vec::pop)
            {
                self.join(old, new);
            }
        }
    }
}

fn occurrences(leaves: &[Class], classes: usize) -> Vec<Occurrence> {
    let mut occurrences = vec![Occurrence::default(); classes];
    for (at, class) in leaves.iter().enumerate() {
        if let Some(occurrence) = occurrences.get_mut(*class as usize) {
            occurrence.count += 1;
            occurrence.at = at;
        }
    }
    occurrences
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matched(old: &str, new: &str) -> String {
        let classes = |text: &str| -> Vec<Class> { text.bytes().map(|b| b.into()).collect() };
        let of_new = matching(&classes(old), &classes(new), 256);
        let shown = |old: &Option<usize>| old.map_or("-".to_owned(), |old| old.to_string());
        of_new.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn equal_leaves_are_told_apart_by_their_surroundings() {
        for (old, new, expected) in [
            ("abc", "abc", "0 1 2"),
            ("abc", "acb", "0 2 1"),
            ("abc", "xabc", "- 0 1 2"),
            // Items of a list with one value: the one that is left is the one that was there.
            ("aba", "ba", "1 2"),
            ("aba", "ab", "0 1"),
            ("aab", "ab", "0 2"),
            ("aaa", "xaaa", "- 0 1 2"),
            ("aaa", "aaxa", "0 1 - 2"),
            ("aaa", "aa", "0 1"),
            ("aa", "aaa", "0 1 -"),
            // Two documents with one value between their names; the first one goes.
            ("1p2p", "2p", "2 3"),
            ("1p2p", "1p", "0 1"),
            ("1p2p", "2p1p", "2 3 0 1"),
            ("p", "xpp", "- - 0"),
            ("", "a", "-"),
            ("a", "", ""),
        ] {
            assert_eq!(matched(old, new), expected, "{old} -> {new}");
        }
    }

    proptest! {
        #[test]
        fn as_many_as_possible_are_matched_and_none_twice(old in prop::collection::vec(0u32..6, 0..40), new in prop::collection::vec(0u32..6, 0..40)) {
            let of_new = matching(&old, &new, 6);
            let mut taken = std::collections::HashSet::new();
            for (class, old_at) in new.iter().zip(&of_new) {
                if let Some(at) = old_at {
                    prop_assert_eq!(old.get(*at), Some(class));
                    prop_assert!(taken.insert(*at));
                }
            }
            for class in 0..6 {
                let count = |leaves: &[u32]| leaves.iter().filter(|c| **c == class).count();
                let matched = new.iter().zip(&of_new).filter(|(c, at)| **c == class && at.is_some()).count();
                prop_assert_eq!(matched, count(&old).min(count(&new)));
            }
        }
    }
}
