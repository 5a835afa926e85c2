//! One line that says how far long work is.

use std::time::{Duration, Instant};

use super::text::{printable, width};

/// Work that is done sooner shows no progress.
const PATIENCE: Duration = Duration::from_millis(300);

/// The time between two drawings.
const PACE: Duration = Duration::from_millis(100);

/// Columns of the line: the narrowest terminal in use, less one, so that it never wraps.
const COLUMNS: usize = 79;

/// Goes to the start of the line and empties it.
pub(crate) const CLEAR: &str = "\r\x1b[K";

/// When to draw.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    drawn: Option<Instant>,
}

impl Progress {
    pub(crate) fn starting(now: Instant) -> Self {
        Progress {
            started: now,
            drawn: None,
        }
    }

    /// Whether the line is on the screen.
    pub(crate) fn is_shown(&self) -> bool {
        self.drawn.is_some()
    }

    /// Takes note that the line was removed; it may come back at once.
    pub(crate) fn hide(&mut self) {
        self.drawn = None;
    }

    /// The line to draw at `now`, if it is time.
    pub(crate) fn draw(
        &mut self,
        now: Instant,
        what: &str,
        done: usize,
        of: usize,
    ) -> Option<String> {
        let patient = now.duration_since(self.started) < PATIENCE;
        let early = self
            .drawn
            .is_some_and(|last| now.duration_since(last) < PACE);
        if patient || early {
            return None;
        }
        self.drawn = Some(now);
        let counted = format!("{done}/{of} ");
        let mut line = format!("{CLEAR}{counted}");
        let mut room = COLUMNS.saturating_sub(counted.len());
        for char in printable(what).chars() {
            let size = width(char.encode_utf8(&mut [0; 4]));
            if size > room {
                break;
            }
            room -= size;
            line.push(char);
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_work_is_silent_and_long_work_is_paced() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut progress = Progress::starting(start);
        assert_eq!(progress.draw(after(299), "a", 1, 9), None);
        assert!(!progress.is_shown());
        assert_eq!(
            progress.draw(after(300), "a", 2, 9).as_deref(),
            Some("\r\x1b[K2/9 a")
        );
        assert!(progress.is_shown());
        assert_eq!(progress.draw(after(399), "b", 3, 9), None);
        assert_eq!(
            progress.draw(after(400), "b", 4, 9).as_deref(),
            Some("\r\x1b[K4/9 b")
        );
    }

    #[test]
    fn the_line_does_not_wrap() {
        let start = Instant::now();
        let mut progress = Progress::starting(start);
        let line = progress.draw(start + PATIENCE, &"日".repeat(200), 1, 2);
        let line = line.unwrap_or_default();
        let shown = line.strip_prefix(CLEAR).unwrap_or_default();
        assert!(
            width(shown) == COLUMNS || width(shown) == COLUMNS - 1,
            "{shown}"
        );
    }
}
