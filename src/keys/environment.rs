//! What the search for identities sees of the process it runs in.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::secret::SecretBytes;

/// The longest identity file or command output that is read, in bytes: age's own limit.
pub const MAX_IDENTITY_FILE: u64 = 16 * 1024 * 1024;

/// The family of operating systems, which decides where the default key file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Linux and everything with XDG folders.
    Unix,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl Platform {
    /// The platform this program was built for.
    pub fn current() -> Self {
        if cfg!(target_os = "macos") {
            Platform::MacOs
        } else if cfg!(windows) {
            Platform::Windows
        } else {
            Platform::Unix
        }
    }
}

/// What a command gave.
#[derive(Clone, Debug)]
pub struct CommandOutput {
    /// `None` if it ended well, else how it ended, such as `exit status: 1`.
    pub failure: Option<String>,
    /// Its standard output.
    pub stdout: SecretBytes,
}

/// The process around the search for identities: variables, working directory, commands.
pub trait Environment: Send + Sync {
    /// The value of an environment variable, `None` if it is not set.
    fn var(&self, name: &str) -> Option<OsString>;

    /// The folder that relative paths are relative to.
    fn directory(&self) -> &Path;

    /// The platform whose folders are searched.
    fn platform(&self) -> Platform {
        Platform::current()
    }

    /// Runs a program (`words[0]`, never empty) without a shell, with variables added to its
    /// environment, and waits for its end.
    ///
    /// # Errors
    /// If it cannot be started or writes more than [`MAX_IDENTITY_FILE`].
    fn run(&self, words: &[String], variables: &[(&str, &str)]) -> io::Result<CommandOutput>;
}

/// The environment of this very process.
#[derive(Clone, Debug)]
pub struct ProcessEnvironment {
    directory: PathBuf,
}

impl ProcessEnvironment {
    /// The process as it is now.
    pub fn from_process() -> Self {
        // Without a working directory, relative paths fail when they are opened.
        ProcessEnvironment {
            directory: std::env::current_dir().unwrap_or_default(),
        }
    }
}

impl Environment for ProcessEnvironment {
    fn var(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    fn directory(&self) -> &Path {
        &self.directory
    }

    /// What the command writes to standard error goes to ours, so that its questions and complaints
    /// are seen; it gets no standard input.
    fn run(&self, words: &[String], variables: &[(&str, &str)]) -> io::Result<CommandOutput> {
        let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut child = Command::new(program)
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child
            .stdout
            .take()
            .map_or_else(|| Ok(SecretBytes::default()), read_bounded);
        if output.is_err() {
            // It may have ended by itself meanwhile, which is as good.
            let _ = child.kill();
        }
        let status = child.wait()?;
        Ok(CommandOutput {
            failure: (!status.success()).then(|| status.to_string()),
            stdout: output?,
        })
    }
}

/// Reads everything, up to [`MAX_IDENTITY_FILE`].
pub(super) fn read_bounded(source: impl Read) -> io::Result<SecretBytes> {
    // Large enough for every usual file, so that growing leaves no copies.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
    source.take(MAX_IDENTITY_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_IDENTITY_FILE {
        let limit = format!("more than {} MiB", MAX_IDENTITY_FILE / 1024 / 1024);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, limit));
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn reading_ends_at_the_limit() {
        assert_eq!(
            read_bounded(io::repeat(0)).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        assert_eq!(read_bounded(&b"abc"[..]).unwrap().expose(), b"abc");
    }

    #[cfg(unix)]
    #[test]
    fn a_command_gets_its_variables_and_gives_its_output() {
        let env = ProcessEnvironment::from_process();
        let words = |script: &str| ["sh", "-c", script].map(str::to_owned);
        let output = env
            .run(&words("printf %s \"$X\"; cat"), &[("X", "y z")])
            .unwrap();
        assert_eq!(
            (output.stdout.expose(), output.failure),
            (&b"y z"[..], None)
        );
        let output = env.run(&words("echo a; exit 3"), &[]).unwrap();
        assert_eq!(
            (
                output.stdout.expose(),
                output.failure.unwrap().contains('3')
            ),
            (&b"a\n"[..], true)
        );
        assert!(env.run(&words("cat /dev/zero"), &[]).is_err());
        assert!(env.run(&["./no such program".to_owned()], &[]).is_err());
        assert!(env.run(&[], &[]).is_err());
    }
}
