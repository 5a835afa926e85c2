//! Room for what is found in one file: a hostile one must not fill the memory.

use super::super::checks::Check;
use super::super::finding::{Confidence, Hit};

/// How many hits of this family one file may have; what is beyond is counted.
pub(super) const MAX_HITS: usize = 1000;

/// Longest key path that is kept, in bytes.
const MAX_KEY_PATH: usize = 1024;

/// Takes hits up to a limit.
pub(super) struct Room<'h> {
    hits: &'h mut Vec<Hit>,
    left: usize,
    over: Vec<(&'static Check, usize)>,
}

impl<'h> Room<'h> {
    pub(super) fn new(hits: &'h mut Vec<Hit>) -> Self {
        Room {
            hits,
            left: MAX_HITS,
            over: Vec::new(),
        }
    }

    /// There is room for another one: what does not fit need not be made.
    pub(super) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Takes a hit.
    pub(super) fn push(&mut self, mut hit: Hit) {
        if self.left == 0 {
            self.count(hit.check, 1);
            return;
        }
        self.left -= 1;
        if let Some(path) = &mut hit.key_path {
            shorten(path);
        }
        self.hits.push(hit);
    }

    /// How many there are: where those start that come next.
    pub(super) fn mark(&self) -> usize {
        self.hits.len()
    }

    /// Makes the hits since a mark at most this sure.
    pub(super) fn weaken(&mut self, since: usize, most: Confidence) {
        for hit in self.hits.get_mut(since..).unwrap_or_default() {
            hit.confidence = hit.confidence.min(most);
        }
    }

    /// Moves the hits since a mark to where they stand in another text.
    pub(super) fn move_spans(&mut self, since: usize, place: impl Fn(usize) -> usize) {
        for hit in self.hits.get_mut(since..).unwrap_or_default() {
            hit.span = place(hit.span.start)..place(hit.span.end);
        }
    }

    /// Counts hits that were not made.
    pub(super) fn count(&mut self, check: &'static Check, count: usize) {
        match self.over.iter_mut().find(|(of, _)| *of == check) {
            Some((_, sum)) => *sum += count,
            None if count > 0 => self.over.push((check, count)),
            None => {}
        }
    }

    /// Says how many there were beyond the limit.
    pub(super) fn close(self) {
        for (check, count) in self.over {
            let message = format!("{count} more places in this file are not listed");
            self.hits.push(Hit::new(check, 0..0, message));
        }
    }
}

fn shorten(path: &mut String) {
    if path.len() > MAX_KEY_PATH {
        let mut end = MAX_KEY_PATH;
        while !path.is_char_boundary(end) {
            end -= 1;
        }
        path.truncate(end);
        path.push('…');
    }
}

/// A key path for a message: without control characters, on one line.
pub(super) fn shown(path: &str) -> String {
    const FITS: usize = 120;
    let visible = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    let mut text: String = path.chars().take(FITS).map(visible).collect();
    if path.chars().nth(FITS).is_some() {
        text.push('…');
    }
    text
}

/// How many key paths a finding about a whole file names before it counts.
pub(super) const NAMED_PATHS: usize = 50;

/// The first key paths, and how many more there are.
pub(super) fn list(paths: &[String], count: usize) -> String {
    let first = paths.iter().take(NAMED_PATHS);
    let mut words: Vec<String> = first.map(|path| format!("`{}`", shown(path))).collect();
    if count > words.len() {
        words.push(format!("{} more", count - words.len()));
    }
    words.join(", ")
}
