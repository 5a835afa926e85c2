//! What a command sees of the process it runs in: terminal, clock, variables, directory, identities.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use secrets::keys::{
    Callbacks, CommandOutput, Environment, Identities, NoCallbacks, ProcessEnvironment,
};
use secrets::secret::SecretBytes;
use secrets::sops::config::find::Configs;

use crate::commands::{Errors, Exit};
use crate::ui::Ui;

/// The hint for those who cannot be asked for a passphrase.
const NO_TERMINAL: &str = "run the command in a terminal, or name an identity without a passphrase";

/// The world around a command. May be shared between threads.
pub(crate) struct Context {
    ui: Arc<Mutex<Ui>>,
    working_directory: PathBuf,
    now: String,
    identities: OnceLock<Arc<Identities>>,
    quiet_identities: OnceLock<Arc<Identities>>,
}

impl Context {
    /// The process as it is now. `quiet` silences notes, hints and progress.
    pub(crate) fn from_process(quiet: bool) -> Self {
        Context {
            ui: Arc::new(Mutex::new(Ui::new(quiet))),
            working_directory: working_directory(),
            now: rfc3339(SystemTime::now()),
            identities: OnceLock::new(),
            quiet_identities: OnceLock::new(),
        }
    }

    /// The face of the program, for one statement: do not hold it while working.
    pub(crate) fn ui(&self) -> MutexGuard<'_, Ui> {
        self.ui.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The working directory as the shell names it (`$PWD`, if that is the same directory): rules
    /// are matched against paths as they are named.
    pub(crate) fn working_directory(&self) -> &Path {
        &self.working_directory
    }

    /// The time at which the command started, RFC 3339 in UTC and seconds.
    pub(crate) fn now(&self) -> &str {
        &self.now
    }

    /// An environment variable; an empty one counts as not set, as in SOPS.
    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name).filter(|value| !value.is_empty())
    }

    /// A cache of configurations. `explicit` is `--config`.
    pub(crate) fn configs(&self, explicit: Option<PathBuf>) -> Configs {
        Configs::new(
            self.working_directory(),
            explicit,
            self.variable("SOPS_CONFIG"),
        )
    }

    /// The identities of the user, collected when first needed. Asks for passphrases on the terminal.
    pub(crate) fn identities(&self) -> Arc<Identities> {
        let load = || {
            let asking = Asking {
                ui: Arc::clone(&self.ui),
            };
            Arc::new(Identities::load(ProcessEnvironment::from_process(), asking))
        };
        Arc::clone(self.identities.get_or_init(load))
    }

    /// The identities of the user that are there without a question: no passphrase is asked for, and no command
    /// is run.
    pub(crate) fn quiet_identities(&self) -> Arc<Identities> {
        let load = || {
            let environment = Quiet(ProcessEnvironment::from_process());
            Arc::new(Identities::load(environment, NoCallbacks))
        };
        Arc::clone(self.quiet_identities.get_or_init(load))
    }

    /// Says what failed and gives the exit code for it.
    pub(crate) fn report(&self, errors: &Errors) -> Exit {
        let mut exit = Exit::Done;
        for error in errors.iter() {
            self.ui().error(error);
            exit = exit.and(Exit::of(error.kind()));
        }
        exit
    }
}

/// This process, but no command is run.
struct Quiet(ProcessEnvironment);

impl Environment for Quiet {
    fn var(&self, name: &str) -> Option<OsString> {
        self.0.var(name)
    }

    fn directory(&self) -> &Path {
        self.0.directory()
    }

    fn run(&self, _: &[String], _: &[(&str, &str)]) -> io::Result<CommandOutput> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

/// Asks for passphrases on the terminal.
struct Asking {
    ui: Arc<Mutex<Ui>>,
}

impl Callbacks for Asking {
    fn passphrase(&self, what: &str) -> Option<SecretBytes> {
        let mut ui = self.ui.lock().unwrap_or_else(PoisonError::into_inner);
        match ui.passphrase(&format!("passphrase of {what}"), NO_TERMINAL) {
            Ok(mut text) => Some(SecretBytes::new(std::mem::take(&mut *text).into_bytes())),
            Err(error) => {
                ui.warn_of(&error);
                None
            }
        }
    }
}

fn working_directory() -> PathBuf {
    let physical = std::env::current_dir().unwrap_or_default();
    let named = std::env::var_os("PWD").map(PathBuf::from);
    match named {
        Some(named) if is_clean(&named) && is_same_directory(&named, &physical) => named,
        _ => physical,
    }
}

/// Absolute and without `.` and `..`, as POSIX wants `$PWD` to be.
fn is_clean(path: &Path) -> bool {
    let text = path.to_string_lossy();
    path.is_absolute() && !text.split('/').any(|part| part == "." || part == "..")
}

#[cfg(unix)]
fn is_same_directory(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (std::fs::metadata(a), std::fs::metadata(b)) {
        (Ok(a), Ok(b)) => a.dev() == b.dev() && a.ino() == b.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same_directory(_: &Path, _: &Path) -> bool {
    false
}

/// `2026-01-31T23:59:59Z`. A clock before 1970 counts as 1970.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (year, month, day) = date(seconds / 86_400);
    let rest = seconds % 86_400;
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a day since 1970 in the Gregorian calendar.
fn date(day: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    // Whole 400-year cycles, which have 146097 days each.
    let mut year = 1970 + day / 146_097 * 400;
    let mut rest = day % 146_097;
    loop {
        let days = if is_leap(year) { 366 } else { 365 };
        if rest < days {
            break;
        }
        rest -= days;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if rest < days {
            break;
        }
        rest -= days;
        month += 1;
    }
    (year, month, rest + 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_in_utc_and_seconds() {
        // Expected values from `date --utc --date=@N`.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (68_169_599, "1972-02-28T23:59:59Z"),
            (68_169_600, "1972-02-29T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn only_a_clean_absolute_pwd_counts() {
        assert!(is_clean(Path::new("/a/b")));
        assert!(!is_clean(Path::new("a/b")));
        assert!(!is_clean(Path::new("/a/../b")));
        assert!(!is_clean(Path::new("/a/./b")));
    }
}
