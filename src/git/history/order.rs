//! Which commits references lead to, and commits from the oldest to the newest.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::bits::Bits;
use super::census::{index, number_of};
use super::trees::Graph;

/// The commits that `starts` lead to, as positions in [`Graph::commits`].
pub(super) fn reachable(graph: &Graph, starts: impl IntoIterator<Item = u32>) -> Bits {
    let mut seen = Bits::new(graph.commits.len());
    let mut stack: Vec<u32> = starts.into_iter().filter(|row| seen.set(*row)).collect();
    while let Some(row) = stack.pop() {
        let Some(commit) = graph.commits.get(index(row)) else {
            continue;
        };
        for parent in &commit.parents {
            if let Some(parent) = commit_row(graph, *parent)
                && seen.set(parent)
            {
                stack.push(parent);
            }
        }
    }
    seen
}

/// The position of a commit; `None` if the object is none.
pub(super) fn commit_row(graph: &Graph, number: u32) -> Option<u32> {
    let row = graph.row(number)?;
    let commit = graph.commits.get(index(row))?;
    (commit.number == number).then_some(row)
}

/// The commits of a set, each after its parents, and by time among those that may come next. Commits
/// of a loop, which only a broken store has, come last by time.
pub(super) fn oldest_first(graph: &Graph, among: &dyn Fn(u32) -> bool) -> Vec<u32> {
    let count = graph.commits.len();
    let rows = || (0..number_of(count)).filter(|row| among(*row));
    // Children of each commit, in one list.
    let mut starts = vec![0_u32; count.saturating_add(2)];
    let mut waits = vec![0_u32; count];
    let edges = |row: u32| {
        graph
            .commits
            .get(index(row))
            .into_iter()
            .flat_map(|commit| &commit.parents)
            .filter_map(|parent| commit_row(graph, *parent))
            .filter(|parent| among(*parent))
    };
    for row in rows() {
        for parent in edges(row) {
            add(&mut starts, index(parent).saturating_add(2));
            add(&mut waits, index(row));
        }
    }
    let mut sum = 0_u32;
    for start in &mut starts {
        sum = sum.saturating_add(*start);
        *start = sum;
    }
    let mut children = vec![0_u32; index(sum)];
    for row in rows() {
        for parent in edges(row) {
            let place = index(parent).saturating_add(1);
            if let Some(start) = starts.get_mut(place) {
                if let Some(child) = children.get_mut(index(*start)) {
                    *child = row;
                }
                *start = start.saturating_add(1);
            }
        }
    }
    let time = |row: u32| {
        graph
            .commits
            .get(index(row))
            .map_or(0, |commit| commit.time)
    };
    let mut heap: BinaryHeap<Reverse<(i64, u32)>> = rows()
        .filter(|row| waits.get(index(*row)) == Some(&0))
        .map(|row| Reverse((time(row), row)))
        .collect();
    let mut order = Vec::with_capacity(count);
    let mut done = Bits::new(count);
    while let Some(Reverse((_, row))) = heap.pop() {
        order.push(row);
        done.set(row);
        let from = starts.get(index(row)).copied().unwrap_or(0);
        let to = starts
            .get(index(row).saturating_add(1))
            .copied()
            .unwrap_or(0);
        for child in children.get(index(from)..index(to)).unwrap_or_default() {
            if let Some(wait) = waits.get_mut(index(*child)) {
                *wait = wait.saturating_sub(1);
                if *wait == 0 {
                    heap.push(Reverse((time(*child), *child)));
                }
            }
        }
    }
    let mut rest: Vec<u32> = rows().filter(|row| !done.get(*row)).collect();
    rest.sort_unstable_by_key(|row| (time(*row), *row));
    order.extend(rest);
    order
}

fn add(counts: &mut [u32], at: usize) {
    if let Some(count) = counts.get_mut(at) {
        *count = count.saturating_add(1);
    }
}
