//! Replacing many files with few flushes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::replace::{Outcome, Published, Replacement, Staged};
use super::{platform, stale};
use crate::error::Result;

/// How many files wait for one flush. Each is an open file, of which a process may have 256 (macOS)
/// or 1024 (Linux) by default.
pub const BATCH_FILES: usize = 128;

/// How many written bytes wait for one flush: 64 MiB. More would only move the wait to the end.
pub const BATCH_BYTES: u64 = 64 * 1024 * 1024;

/// Up to this many files or folders are flushed one by one. Flushing the whole file system also waits
/// for what other programs wrote, so it has to save something.
const FLUSH_SINGLY: usize = 4;

/// Many replacements, as safe as [`Replacement::commit`] each, and faster.
///
/// New contents are written to temporary files, flushed together (`syncfs` on Linux, one by one
/// elsewhere), renamed, and the folders flushed together. Memory holds no contents. Leftovers of
/// killed runs are removed from every folder written to. Dropping a batch without [`Batch::finish`]
/// drops what was not written yet.
#[must_use = "a batch is written by finishing it"]
#[derive(Default)]
pub struct Batch {
    results: Vec<(PathBuf, Option<Result<Outcome>>)>,
    staged: Vec<(usize, Staged)>,
    bytes: u64,
    swept: BTreeSet<PathBuf>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Batch::default()
    }

    /// Adds a file. It is written now or later; what went wrong is told by [`Batch::finish`].
    pub fn add(&mut self, replacement: Replacement<'_>) {
        let index = self.results.len();
        self.results.push((replacement.path().to_owned(), None));
        match self.stage(replacement) {
            Ok(Some(staged)) => {
                let size = staged.file().metadata().map_or(0, |meta| meta.len());
                self.bytes = self.bytes.saturating_add(size);
                self.staged.push((index, staged));
            }
            Ok(None) => self.settle(index, Ok(Outcome::Unchanged)),
            Err(error) => self.settle(index, Err(error)),
        }
        if self.staged.len() >= BATCH_FILES || self.bytes >= BATCH_BYTES {
            self.flush();
        }
    }

    /// Writes what is left. Gives the result of each file, in the order of adding.
    ///
    /// A failing file does not stop the others. The errors are those of [`Replacement::commit`].
    pub fn finish(mut self) -> Vec<(PathBuf, Result<Outcome>)> {
        self.flush();
        std::mem::take(&mut self.results)
            .into_iter()
            .filter_map(|(path, result)| result.map(|result| (path, result)))
            .collect()
    }

    fn stage(&mut self, replacement: Replacement<'_>) -> Result<Option<Staged>> {
        let Some(prepared) = replacement.prepare()? else {
            return Ok(None);
        };
        if !self.swept.contains(&prepared.folder) {
            // Leftovers are no reason not to write.
            let _ = stale::sweep_stale(&prepared.folder);
            self.swept.insert(prepared.folder.clone());
        }
        let temp = match prepared.create_temp() {
            Err(error) if platform::too_many_open(&error) && !self.staged.is_empty() => {
                self.flush();
                prepared.create_temp()
            }
            other => other,
        };
        let temp = temp.map_err(|error| prepared.cannot_create(&error))?;
        prepared.stage(temp).map(Some)
    }

    fn settle(&mut self, index: usize, result: Result<Outcome>) {
        if let Some((_, slot)) = self.results.get_mut(index) {
            *slot = Some(result);
        }
    }

    fn flush(&mut self) {
        self.bytes = 0;
        let staged = std::mem::take(&mut self.staged);
        let mut published = Vec::with_capacity(staged.len());
        let together = sync_together(staged.iter().map(|(_, staged)| staged.file()));
        for (index, staged) in staged {
            let done = if together { Ok(()) } else { staged.sync() };
            match done.and_then(|()| staged.publish()) {
                Ok(done) => published.push((index, done)),
                Err(error) => self.settle(index, Err(error)),
            }
        }
        let mut folders: BTreeMap<PathBuf, Vec<(usize, Published)>> = BTreeMap::new();
        for (index, done) in published {
            let folder = done.folder.clone();
            folders.entry(folder).or_default().push((index, done));
        }
        let opened: Vec<_> = folders.keys().flat_map(File::open).collect();
        let together = opened.len() == folders.len() && sync_together(opened.iter());
        drop(opened);
        for (folder, files) in folders {
            let flushed = if together {
                Ok(())
            } else {
                platform::sync_folder(&folder)
            };
            self.settle_folder(files, &flushed);
        }
    }

    fn settle_folder(&mut self, files: Vec<(usize, Published)>, flushed: &io::Result<()>) {
        for (index, done) in files {
            let result = match flushed {
                Ok(()) => Ok(done.outcome),
                Err(error) => Err(done.not_flushed(error)),
            };
            self.settle(index, result);
        }
    }
}

/// Flushes every file system that holds one of `files`; `false` if each must be flushed on its own.
fn sync_together<'a>(files: impl ExactSizeIterator<Item = &'a File>) -> bool {
    if files.len() <= FLUSH_SINGLY {
        return false;
    }
    let mut done = BTreeSet::new();
    for file in files {
        let Some((device, _)) = file.metadata().ok().as_ref().and_then(platform::identity) else {
            return false;
        };
        // On failure, flushing each finds the file that failed.
        if done.insert(device) && platform::sync_filesystem(file).is_err() {
            return false;
        }
    }
    true
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
