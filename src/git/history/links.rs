//! What the entries of a pack stand on, turned round: what stands on each.

use super::census::{NONE, index, number_of};
use crate::git::objects::ObjectKind;

/// What an entry is, or stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Whole(ObjectKind),
    Base(u32),
    Broken,
}

/// What stands on each entry: the first, and the next beside each.
#[derive(Debug, Default)]
pub(super) struct Children {
    pub(super) first: Vec<u32>,
    pub(super) next: Vec<u32>,
}

impl Children {
    fn none(count: usize) -> Self {
        Children {
            first: vec![NONE; count],
            next: vec![NONE; count],
        }
    }

    fn prepend(&mut self, base: u32, child: u32) {
        let Some(first) = self.first.get_mut(index(base)) else {
            return;
        };
        let next = std::mem::replace(first, child);
        if let Some(sibling) = self.next.get_mut(index(child)) {
            *sibling = next;
        }
    }

    /// The heaviest child last. `order` has bases before what stands on them.
    pub(super) fn of(links: &[Link], order: &[u32]) -> Self {
        let mut weights = vec![1_u32; links.len()];
        let mut heaviest = vec![NONE; links.len()];
        for rank in order.iter().rev() {
            let Some(base) = base_of(links, *rank) else {
                continue;
            };
            let weight = weights.get(index(*rank)).copied().unwrap_or(1);
            if let Some(sum) = weights.get_mut(index(base)) {
                *sum = sum.saturating_add(weight);
            }
            if let Some(child) = heaviest.get_mut(index(base)) {
                let known = weights.get(index(*child)).copied().unwrap_or(0);
                if *child == NONE || weight > known {
                    *child = *rank;
                }
            }
        }
        let mut children = Children::none(links.len());
        for (base, heaviest) in (0..).zip(&heaviest) {
            if *heaviest != NONE {
                children.prepend(base, *heaviest);
            }
        }
        for rank in order.iter().rev() {
            if let Some(base) = base_of(links, *rank)
                && heaviest.get(index(base)) != Some(rank)
            {
                children.prepend(base, *rank);
            }
        }
        children
    }
}

fn base_of(links: &[Link], rank: u32) -> Option<u32> {
    match links.get(index(rank)) {
        Some(Link::Base(base)) => Some(*base),
        _ => None,
    }
}

/// The ranks of whole objects.
pub(super) fn roots_of(links: &[Link]) -> Vec<u32> {
    let ranks = links.iter().zip(0_u32..);
    ranks
        .filter(|(link, _)| matches!(link, Link::Whole(_)))
        .map(|(_, rank)| rank)
        .collect()
}

/// An order in which bases come before what stands on them.
pub(super) fn order_of(links: &[Link], roots: &[u32]) -> Vec<u32> {
    let ranks = 0..number_of(links.len());
    // Only bases by name may come later.
    let is_in_order = ranks
        .clone()
        .all(|rank| base_of(links, rank).is_none_or(|base| base < rank));
    if is_in_order {
        return ranks.collect();
    }
    let mut children = Children::none(links.len());
    for rank in ranks {
        if let Some(base) = base_of(links, rank) {
            children.prepend(base, rank);
        }
    }
    let mut order = roots.to_vec();
    let mut at = 0;
    while let Some(rank) = order.get(at) {
        let mut child = children.first.get(index(*rank)).copied().unwrap_or(NONE);
        while child != NONE {
            order.push(child);
            child = children.next.get(index(child)).copied().unwrap_or(NONE);
        }
        at = at.saturating_add(1);
    }
    order
}

/// The kind of each entry, which is that of its base; `None` where there is none.
pub(super) fn kinds_of(links: &[Link], order: &[u32]) -> Vec<Option<ObjectKind>> {
    let mut kinds = vec![None; links.len()];
    for rank in order {
        let kind = match links.get(index(*rank)) {
            Some(Link::Whole(kind)) => Some(*kind),
            Some(Link::Base(base)) => kinds.get(index(*base)).copied().flatten(),
            _ => None,
        };
        if let Some(place) = kinds.get_mut(index(*rank)) {
            *place = kind;
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_come_before_what_stands_on_them_and_the_heaviest_child_last() {
        let blob = Link::Whole(ObjectKind::Blob);
        // 5 <- 0 <- 4 <- 3, 5 <- 2, and 1 that nobody can read with 6 on it.
        let links = [
            Link::Base(5),
            Link::Broken,
            Link::Base(5),
            Link::Base(4),
            Link::Base(0),
            blob,
            Link::Base(1),
        ];
        let roots = roots_of(&links);
        assert_eq!(roots, [5]);
        let order = order_of(&links, &roots);
        let place = |rank| order.iter().position(|other| *other == rank);
        for (base, child) in [(5, 0), (5, 2), (0, 4), (4, 3)] {
            assert!(place(base) < place(child), "{base} {child}");
        }
        let kinds = kinds_of(&links, &order);
        let is_known: Vec<bool> = kinds.iter().map(Option::is_some).collect();
        assert_eq!(is_known, [true, false, true, true, true, true, false]);
        let children = Children::of(&links, &order);
        assert_eq!(
            (children.first.get(5), children.next.get(2)),
            (Some(&2), Some(&0))
        );
    }
}
