//! Running the program and the real tools, each with nothing of the caller's environment.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use assert_cmd::Command;
use tempfile::TempDir;

/// Longest time one run of a tool may take; a hang is a failure with a name.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run answered.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn ok(&self) -> bool {
        self.code == Some(0)
    }

    /// Standard output of a run that has to succeed.
    pub(crate) fn expect(self, what: &str) -> Vec<u8> {
        assert!(self.ok(), "{what}: exit {:?}\n{}", self.code, self.stderr);
        self.stdout
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Run {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A temporary folder with a home in it, and the test identities of `testdata/golden`.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        Bench { folder }
    }

    /// An existing folder below the bench.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// The program under test, in `directory`, with alice's identity.
    pub(crate) fn secrets(&self, directory: &Path) -> Command {
        self.command(Path::new(env!("CARGO_BIN_EXE_secrets")), directory)
    }

    /// A tool of `SECRETS_TOOLS`, in `directory`, with alice's identity.
    ///
    /// # Panics
    /// The variable is not set or the tool is not there.
    pub(crate) fn tool(&self, name: &str, directory: &Path) -> Command {
        let tools = std::env::var_os("SECRETS_TOOLS")
            .expect("SECRETS_TOOLS names the folder of the real tools: run .ci/run");
        let path = Path::new(&tools).join("bin").join(name);
        assert!(
            path.is_file(),
            "{name} is missing below SECRETS_TOOLS: run .ci/run"
        );
        self.command(&path, directory)
    }

    pub(crate) fn sops(&self, directory: &Path) -> Command {
        self.tool("sops", directory)
    }

    fn command(&self, program: &Path, directory: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(directory)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.folder.path().join("home"))
            .env("TMPDIR", self.folder.path())
            .env("SOPS_AGE_KEY", identity(0))
            .env("SOPS_DISABLE_VERSION_CHECK", "1")
            .timeout(PATIENCE);
        command
    }
}

/// Runs to the end, whatever the exit code.
pub(crate) fn run(command: &mut Command) -> Run {
    command.output().expect("the program starts").into()
}

/// A file below `testdata/golden`.
pub(crate) fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/golden")
        .join(path)
}

/// The test recipient called `name`: alice, bob, carol, ssh or pq.
pub(crate) fn recipient(name: &str) -> String {
    let text = std::fs::read_to_string(golden("plain/recipients.txt")).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.expect("a recipient of that name").to_owned()
}

/// The test identities in order: alice, bob, carol.
pub(crate) fn identity(index: usize) -> String {
    let text = std::fs::read_to_string(golden("plain/identities.txt")).unwrap();
    text.lines()
        .filter(|line| line.starts_with("AGE-SECRET-KEY-"))
        .nth(index)
        .unwrap()
        .to_owned()
}

/// `task` for each number below `count`, on all cores; the answers in order.
pub(crate) fn on_all_cores<T: Send>(count: usize, task: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let mut answers: Vec<(usize, T)> = std::thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return done;
                }
                done.push((index, task(index)));
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
