//! What keeps plaintext inside a process that fails.
//!
//! A core dump or a debugger of the same user would show decrypted values, and so would a panic
//! message built from them. None of this helps against the superuser.

use std::panic::PanicHookInfo;
use std::path::Path;

/// Hardens the process. Call it before anything is read.
///
/// - Core dumps are off (`RLIMIT_CORE` 0), for child processes as well.
/// - On Linux the process is not dumpable: no core dump to a handler either, and no debugger of the
///   same user. Files below `/proc/self` then belong to root; the process itself can still open
///   them, but a path there cannot be handed to another program, such as an editor.
/// - A panic says where it happened and nothing else.
///
/// What the system refuses is left as it is: a sandbox may forbid the calls and be the better
/// protection. Gives the names of the protections that could not be had.
pub(crate) fn harden() -> Vec<&'static str> {
    std::panic::set_hook(Box::new(|panic| {
        crate::ui::internal_error(&place(panic));
    }));
    let mut missing = Vec::new();
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        if setrlimit(Resource::Core, none).is_err() {
            missing.push("core dump limit");
        }
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() {
            missing.push("dump protection");
        }
    }
    missing
}

fn place(panic: &PanicHookInfo<'_>) -> String {
    match panic.location() {
        Some(location) => short(location.file(), location.line()),
        None => String::from("an unknown place"),
    }
}

/// `src/a.rs:1` of our own, and only `lib.rs:1` of others, whose path tells about the build machine.
fn short(file: &str, line: u32) -> String {
    let path = Path::new(file);
    let shown = if path.is_absolute() {
        path.file_name().map(Path::new)
    } else {
        None
    };
    format!("{}:{line}", shown.unwrap_or(path).display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_build_machine_are_not_told() {
        assert_eq!(short("src/sops/mac.rs", 7), "src/sops/mac.rs:7");
        assert_eq!(
            short("/home/builder/registry/age/src/lib.rs", 7),
            "lib.rs:7"
        );
    }

    /// Changes the whole test process, which no other test minds.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_hardened_process_leaves_no_dump() {
        use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
        assert_eq!(harden(), Vec::<&str>::new());
        // Tests that fail should say why.
        drop(std::panic::take_hook());
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
        assert_eq!(
            dumpable_behavior().ok(),
            Some(DumpableBehavior::NotDumpable)
        );
        // The way to process substitution, `<(command)`, stays open.
        let (reader, writer) = std::io::pipe().map_or((None, None), |(r, w)| (Some(r), Some(w)));
        drop(writer);
        let fd = reader.as_ref().map(std::os::fd::AsRawFd::as_raw_fd);
        let path = format!("/proc/self/fd/{}", fd.unwrap_or(-1));
        assert_eq!(std::fs::read(path).ok(), Some(Vec::new()));
    }
}
