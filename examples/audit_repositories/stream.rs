//! A `git fast-import` stream: thousands of commits in a second.

use std::error::Error;
use std::io::{BufWriter, Result, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// The time of the first commit.
const EPOCH: u64 = 1_600_000_000;

/// Seconds between two commits.
const PACE: u64 = 3600;

/// What is written to `git fast-import`.
pub(crate) struct Stream<W> {
    out: W,
    commits: u64,
}

impl<W: Write> Stream<W> {
    /// Starts a commit on a branch; `merged` is a mark that becomes its second parent. Returns its mark.
    pub(crate) fn commit(
        &mut self,
        branch: &str,
        message: &str,
        from: Option<u64>,
        merged: Option<u64>,
    ) -> Result<u64> {
        self.commits += 1;
        let (mark, time) = (self.commits, EPOCH + self.commits * PACE);
        writeln!(self.out, "commit refs/heads/{branch}\nmark :{mark}")?;
        writeln!(
            self.out,
            "committer Renovate <bot@example.invalid> {time} +0000"
        )?;
        writeln!(self.out, "data {}\n{message}", message.len())?;
        if let Some(from) = from {
            writeln!(self.out, "from :{from}")?;
        }
        if let Some(merged) = merged {
            writeln!(self.out, "merge :{merged}")?;
        }
        Ok(mark)
    }

    /// A file of the commit.
    pub(crate) fn file(&mut self, path: &str, text: &str) -> Result<()> {
        writeln!(
            self.out,
            "M 100644 inline {path}\ndata {}\n{text}",
            text.len()
        )
    }

    /// A file that the commit removes.
    pub(crate) fn remove(&mut self, path: &str) -> Result<()> {
        writeln!(self.out, "D {path}")
    }

    /// An annotated tag on a commit.
    pub(crate) fn tag(&mut self, name: &str, mark: u64) -> Result<()> {
        let time = EPOCH + self.commits * PACE;
        writeln!(self.out, "tag {name}\nfrom :{mark}")?;
        writeln!(
            self.out,
            "tagger Renovate <bot@example.invalid> {time} +0000"
        )?;
        writeln!(self.out, "data {}\n{name}", name.len())
    }
}

/// Makes a repository of what `write` writes.
pub(crate) fn import(
    dir: &Path,
    write: impl FnOnce(&mut Stream<&mut dyn Write>) -> Result<()>,
) -> std::result::Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(dir)?;
    git(dir, &["init", "--quiet", "--initial-branch=main"])?;
    let mut child = command(dir, &["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()?;
    let mut input = BufWriter::with_capacity(1 << 20, child.stdin.take().ok_or("no input")?);
    let mut stream = Stream {
        out: &mut input as &mut dyn Write,
        commits: 0,
    };
    write(&mut stream)?;
    drop(input);
    if !child.wait()?.success() {
        return Err("git fast-import failed".into());
    }
    Ok(())
}

/// Runs git in a repository.
pub(crate) fn git(dir: &Path, arguments: &[&str]) -> std::result::Result<(), Box<dyn Error>> {
    if command(dir, arguments).status()?.success() {
        Ok(())
    } else {
        Err(format!("git {} failed", arguments.join(" ")).into())
    }
}

/// Git with nobody's configuration.
fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(dir)
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    command
}
