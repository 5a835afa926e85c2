//! Files: read into wiped memory, replace whole, find by argument.
//!
//! Everything the crate does to the file system goes through here, so that three rules hold
//! everywhere:
//!
//! - **Whole or not at all.** A file is replaced by renaming a finished temporary file over it. Killing
//!   the process at any moment leaves each file as it was or as it was to become. What may stay
//!   behind is a temporary file, which [`sweep_stale`] removes on the next run in that folder.
//! - **Nobody else's work is lost.** A file that changed since it was read is not replaced.
//! - **No plaintext next to a sealed file.** Sealing writes ciphertext only, also in its temporary
//!   files. Opening in place must write plaintext; its temporary file is private (`0600`) from its
//!   first byte on.

mod batch;
mod candidates;
mod names;
mod platform;
mod read;
mod replace;
mod stale;

pub use batch::{BATCH_BYTES, BATCH_FILES, Batch};
pub use candidates::{Candidates, Why};
pub use names::{add_name, remove, rename};
pub use read::{MAX_INPUT, Snapshot, read, read_for_update, read_stdin, read_stream};
pub use replace::{Content, Outcome, Replacement, write_stream};
pub use stale::{TEMP_PREFIX, sweep_stale};

use std::io;
use std::path::Path;

use crate::error::{Error, Kind};

/// The error for a refusal by the operating system.
///
/// `action` completes "cannot ...", for instance `read the file`. `path` is named as the user gave it.
pub fn io_error(action: &str, path: &Path, error: &io::Error) -> Error {
    let refusal = Error::new(Kind::Io, format!("cannot {action}"))
        .in_file(path.to_string_lossy())
        .because(reason(error));
    match hint(error.kind()) {
        Some(hint) => refusal.hint(hint),
        None => refusal,
    }
}

/// The system's words without their number: `No such file (os error 2)` is `no such file`.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::from("unknown reason"),
    }
}

fn hint(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        io::ErrorKind::NotFound => "check the path and the folder it is relative to",
        io::ErrorKind::PermissionDenied => {
            "check the permissions of the file and of the folders above it"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room on the file system and run the command again; the old file is intact"
        }
        io::ErrorKind::ReadOnlyFilesystem => "run the command where the folder can be written",
        io::ErrorKind::ResourceBusy => {
            "a file that is mounted on its own cannot be replaced; mount its folder instead"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_refusal_is_told_without_numbers_and_capitals() {
        let error = io_error(
            "read the file",
            Path::new("a.yaml"),
            &io::Error::from_raw_os_error(2),
        );
        assert_eq!(
            error.to_string(),
            "a.yaml: cannot read the file: no such file or directory"
        );
        assert_eq!(error.kind(), Kind::Io);
        assert_eq!(
            error.hints(),
            ["check the path and the folder it is relative to"]
        );
    }
}
