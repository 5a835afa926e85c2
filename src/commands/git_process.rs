//! Git as a program: what is staged, objects, and the index. The only place that runs it on a user's repository.
//!
//! Names go both ways as bytes and end with a zero byte, so that line breaks and quotes in them do no
//! harm. Hooks and the file system monitor of the repository are off, nothing is fetched from elsewhere, and reading
//! takes no lock. Git gets ciphertext only: a plain text is read from it and never handed to it.

mod objects;

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use secrets::secret::SecretBuffer;
use secrets::{Error, Kind};

pub(crate) use self::objects::Objects;
use self::objects::read_secret;

/// What Git says of an index that another process writes.
const LOCKED: &str = "File exists";

/// Up to this length, in bytes, what is written to a pipe is there as a whole or not at all (POSIX' `PIPE_BUF` on Linux
/// and macOS is no less). Git takes the end of its input for the end of a list, so that half a name of a killed program
/// would be a name.
const WHOLE_WRITE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// A repository with a working tree, and the directory that Git is run in.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    directory: PathBuf,
    /// Variables that name a repository do not count: it is the one of the directory.
    only_here: bool,
}

/// Where the working tree is, and what was committed last.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// The top folder of the working tree.
    pub(crate) top: PathBuf,
    /// The tree of the last commit, or the empty one before the first.
    tree: String,
}

/// A path whose entry in the index is not that of the last commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The path from the top of the working tree.
    pub(crate) path: PathBuf,
    /// The mode in the index, such as `100644`.
    pub(crate) mode: String,
    /// The blob in the index.
    pub(crate) blob: String,
    /// The blob of the last commit, if it had a regular file there.
    pub(crate) before: Option<String>,
    /// There are several entries: a merge is not finished.
    pub(crate) unmerged: bool,
}

impl Change {
    /// The entry is a regular file: no symbolic link, no submodule, and not removed.
    pub(crate) fn is_file(&self) -> bool {
        is_file(&self.mode)
    }
}

/// An entry of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The path from the top of the working tree.
    pub(crate) path: PathBuf,
    /// The mode.
    pub(crate) mode: String,
    /// The object.
    pub(crate) blob: String,
}

impl Git {
    /// Git in a directory; which repository that is, variables such as `GIT_DIR` and `GIT_INDEX_FILE` say first, as
    /// in a hook.
    pub(crate) fn new(directory: &Path) -> Self {
        Git {
            directory: directory.to_owned(),
            only_here: false,
        }
    }

    /// Git in the top folder of a working tree, whatever the variables say.
    pub(crate) fn of_tree(top: &Path) -> Self {
        Git {
            directory: top.to_owned(),
            only_here: true,
        }
    }

    /// Where the working tree is, and what was committed last.
    ///
    /// # Errors
    /// Git cannot be run, or there is no working tree.
    pub(crate) fn head(&self) -> Result<Head, Error> {
        let mut command = self.reading();
        command.args(["rev-parse", "-q", "--show-toplevel", "--revs-only"]);
        command.arg("HEAD^{tree}");
        let out = self.output(&mut command, "find the working tree of a Git repository")?;
        let out = out.strip_suffix(b"\n").unwrap_or(&out);
        // The tree is in hexadecimal and stands last: the path may have lines.
        let is_oid = |line: &[u8]| line.len() >= 40 && line.iter().all(u8::is_ascii_hexdigit);
        let last = memchr_last_line(out).filter(|(_, line)| is_oid(line));
        let (top, tree) = match last {
            Some((top, tree)) => (top, oid(tree)),
            None => (out, self.empty_tree()?),
        };
        Ok(Head {
            top: path_of(top),
            tree,
        })
    }

    fn empty_tree(&self) -> Result<String, Error> {
        let mut command = self.reading();
        command.args(["hash-object", "-t", "tree", "--stdin"]);
        self.output(&mut command, "name the empty tree")
            .map(|out| oid(&out))
    }

    /// What is staged, in the order of the index. `paths` limit it, as Git understands them.
    ///
    /// # Errors
    /// Git fails.
    pub(crate) fn staged(&self, head: &Head, paths: &[PathBuf]) -> Result<Vec<Change>, Error> {
        let mut command = self.reading();
        command.args([
            "diff-index",
            "--cached",
            "--raw",
            "-z",
            "--no-renames",
            "--no-abbrev",
            "--ignore-submodules=none",
            "--ita-invisible-in-index",
        ]);
        command.arg(&head.tree).arg("--").args(paths);
        let out = self.output(&mut command, "compare the index with the last commit")?;
        let mut fields = out.split(|byte| *byte == 0);
        let mut changes: Vec<Change> = Vec::new();
        while let (Some(line), Some(path)) = (fields.next(), fields.next()) {
            let change = change_of(line, path).ok_or_else(|| unexpected("diff-index"))?;
            match changes.last_mut() {
                Some(last) if last.path == change.path => last.unmerged |= change.unmerged,
                _ => changes.push(change),
            }
        }
        Ok(changes)
    }

    /// The entries of the index whose file has a name, in any folder, and the paths of those where a merge is not
    /// finished.
    ///
    /// # Errors
    /// Git fails.
    pub(crate) fn entries_named(&self, name: &str) -> Result<(Vec<Entry>, Vec<PathBuf>), Error> {
        self.entries(&[OsString::from(format!(":(top,glob)**/{name}"))], None)
    }

    /// The entries of an index for patterns of paths.
    fn entries(
        &self,
        patterns: &[OsString],
        index: Option<&Path>,
    ) -> Result<(Vec<Entry>, Vec<PathBuf>), Error> {
        let mut command = self.reading();
        if let Some(index) = index {
            command.env("GIT_INDEX_FILE", index);
        }
        command.args(["ls-files", "-s", "-z", "--full-name", "--"]);
        let out = self.output(command.args(patterns), "read the index")?;
        let lines = out.split(|byte| *byte == 0).filter(|line| !line.is_empty());
        let (mut entries, mut unmerged) = (Vec::new(), Vec::new());
        for line in lines {
            let (stage, entry) = entry_of(line).ok_or_else(|| unexpected("ls-files"))?;
            match stage {
                b"0" => entries.push(entry),
                _ => unmerged.push(entry.path),
            }
        }
        Ok((entries, unmerged))
    }

    /// The first of the paths, as Git understands them, that stands for nothing: no file of the index, no change, and no
    /// folder.
    ///
    /// # Errors
    /// Git cannot be run.
    pub(crate) fn unknown<'p>(
        &self,
        head: &Head,
        paths: &'p [PathBuf],
    ) -> Result<Option<&'p Path>, Error> {
        if paths.is_empty() {
            return Ok(None);
        }
        let mut command = self.reading();
        command.args(["ls-files", "-z", "--error-unmatch", "--"]);
        if self.output(command.args(paths), "read the index").is_ok() {
            return Ok(None);
        }
        for path in paths {
            let pattern = path.as_os_str().to_owned();
            let is_known = self.directory.join(path).is_dir()
                || !self.entries(&[pattern], None)?.0.is_empty()
                || !self.staged(head, std::slice::from_ref(path))?.is_empty();
            if !is_known {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Starts to read objects.
    ///
    /// # Errors
    /// Git cannot be run.
    pub(crate) fn objects(&self) -> Result<Objects, Error> {
        let mut command = self.reading();
        command
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| cannot_run(&error))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(requests), Some(answers)) => Ok(Objects::new(child, requests, answers)),
            _ => Err(unexpected("cat-file")),
        }
    }

    /// A staged blob as Git would write it into the working tree: with the line breaks and filters that attributes and
    /// configuration ask for.
    ///
    /// # Errors
    /// Git fails, for instance because a filter does.
    pub(crate) fn as_in_tree(&self, path: &Path) -> Result<SecretBuffer, Error> {
        let mut name = OsString::from(":");
        name.push(path);
        let mut command = self.reading();
        command
            .args(["cat-file", "--filters"])
            .arg(name)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| cannot_run(&error))?;
        let out = child.stdout.take().map(read_secret);
        let status = child.wait().map_err(|error| cannot_run(&error))?;
        match out {
            Some(Ok(out)) if status.success() => Ok(out),
            _ => Err(failed("apply the filters of the file", &[])),
        }
    }

    /// Writes a blob, which must be ciphertext, and gives its name.
    ///
    /// # Errors
    /// Git fails, for instance because the disk is full.
    pub(crate) fn write_blob(&self, sealed: &[u8]) -> Result<String, Error> {
        let mut command = self.writing();
        command.args(["hash-object", "-w", "-t", "blob", "--stdin"]);
        let out = self.fed(&mut command, &[sealed], "write an object")?;
        let name = oid(&out);
        match name.len() {
            40 | 64 => Ok(name),
            _ => Err(unexpected("hash-object")),
        }
    }

    /// Puts entries into the index, all or none.
    ///
    /// # Errors
    /// Another process writes the index, or Git fails.
    pub(crate) fn update_index(&self, entries: &[Entry]) -> Result<(), Error> {
        self.update(entries, None)
    }

    /// Puts entries also into the index that `git commit PATH` keeps for the time after the commit: in a hook of it,
    /// `GIT_INDEX_FILE` names one that has these paths only. `before` are the blobs that are to be replaced; what
    /// the other index has instead of them stays.
    ///
    /// # Errors
    /// Git fails.
    pub(crate) fn update_index_after_commit(
        &self,
        entries: &[Entry],
        before: &[String],
    ) -> Result<(), Error> {
        let Some(index) = self.index_after_commit() else {
            return Ok(());
        };
        let patterns: Vec<OsString> = entries.iter().map(|entry| literal(&entry.path)).collect();
        let (found, _) = self.entries(&patterns, Some(&index))?;
        let is_old = |(entry, before): &(&Entry, &String)| {
            let mut same = found.iter().filter(|found| found.path == entry.path);
            same.any(|found| found.blob == **before)
        };
        let old = entries.iter().zip(before).filter(is_old);
        let old: Vec<Entry> = old.map(|(entry, _)| entry.clone()).collect();
        if old.is_empty() {
            return Ok(());
        }
        self.update(&old, Some(&index))
    }

    /// `index.lock`, which `git commit PATH` renames to `index` in the end.
    fn index_after_commit(&self) -> Option<PathBuf> {
        if self.only_here {
            return None;
        }
        let current = PathBuf::from(std::env::var_os("GIT_INDEX_FILE")?);
        let name = current.file_name()?.to_str()?;
        if !name.starts_with("next-index-") {
            return None;
        }
        let index = self.directory.join(current.with_file_name("index.lock"));
        index.is_file().then_some(index)
    }

    fn update(&self, entries: &[Entry], index: Option<&Path>) -> Result<(), Error> {
        let mut blocks: Vec<Vec<u8>> = Vec::new();
        for entry in entries {
            let start = format!("{} {} 0\t", entry.mode, entry.blob);
            let line = [start.as_bytes(), bytes_of(&entry.path), b"\0"].concat();
            match blocks.last_mut() {
                Some(block) if block.len() + line.len() <= WHOLE_WRITE => block.extend(line),
                _ => blocks.push(line),
            }
        }
        let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
        let mut command = self.writing();
        if let Some(index) = index {
            command.env("GIT_INDEX_FILE", index);
        }
        command.args(["update-index", "-z", "--index-info"]);
        self.fed(&mut command, &blocks, "update the index")
            .map(drop)
    }

    fn reading(&self) -> Command {
        let mut command = self.writing();
        command.env("GIT_OPTIONAL_LOCKS", "0");
        command
    }

    fn writing(&self) -> Command {
        let mut command = Command::new("git");
        command
            .args(["-c", "core.fsmonitor=false", "-c"])
            .arg(if cfg!(windows) {
                "core.hooksPath=NUL"
            } else {
                "core.hooksPath=/dev/null"
            })
            .env("LC_ALL", "C")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .current_dir(&self.directory);
        for variable in [
            "GIT_LITERAL_PATHSPECS",
            "GIT_GLOB_PATHSPECS",
            "GIT_NOGLOB_PATHSPECS",
            "GIT_ICASE_PATHSPECS",
        ] {
            command.env_remove(variable);
        }
        if self.only_here {
            for variable in [
                "GIT_DIR",
                "GIT_WORK_TREE",
                "GIT_INDEX_FILE",
                "GIT_COMMON_DIR",
                "GIT_OBJECT_DIRECTORY",
                "GIT_PREFIX",
            ] {
                command.env_remove(variable);
            }
        }
        command
    }

    /// Runs Git without input and gives its output.
    fn output(&self, command: &mut Command, action: &str) -> Result<Vec<u8>, Error> {
        let output = command.stdin(Stdio::null()).output();
        succeeded(output.map_err(|error| cannot_run(&error))?, action)
    }

    /// Runs Git with input and gives its output, which is short. The input is written block by block.
    fn fed(&self, command: &mut Command, input: &[&[u8]], action: &str) -> Result<Vec<u8>, Error> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| cannot_run(&error))?;
        if let Some(mut stdin) = child.stdin.take() {
            // If Git ends before it has read everything, it says why.
            let _ = input.iter().try_for_each(|block| stdin.write_all(block));
        }
        let output = child.wait_with_output();
        succeeded(output.map_err(|error| cannot_run(&error))?, action)
    }
}

fn is_file(mode: &str) -> bool {
    mode.starts_with("100")
}

/// A line of `diff-index --raw`: `:MODE MODE BLOB BLOB STATUS`.
fn change_of(line: &[u8], path: &[u8]) -> Option<Change> {
    let line = std::str::from_utf8(line).ok()?.strip_prefix(':')?;
    let mut words = line.split(' ');
    let (old_mode, mode) = (words.next()?, words.next()?);
    let (old, blob) = (words.next()?, words.next()?);
    let status = words.next()?;
    Some(Change {
        path: path_of(path),
        mode: mode.to_owned(),
        blob: blob.to_owned(),
        before: is_file(old_mode).then(|| old.to_owned()),
        unmerged: status == "U",
    })
}

/// A line of `ls-files -s`: `MODE BLOB STAGE<tab>PATH`.
fn entry_of(line: &[u8]) -> Option<(&[u8], Entry)> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let (head, path) = (line.get(..tab)?, line.get(tab + 1..)?);
    let mut words = head.split(|byte| *byte == b' ');
    let (mode, blob, stage) = (words.next()?, words.next()?, words.next()?);
    let entry = Entry {
        path: path_of(path),
        mode: std::str::from_utf8(mode).ok()?.to_owned(),
        blob: oid(blob),
    };
    Some((stage, entry))
}

fn memchr_last_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().rposition(|byte| *byte == b'\n')?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn oid(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// A pattern for one path from the top, whatever characters it has.
pub(crate) fn literal(path: &Path) -> OsString {
    let mut pattern = OsString::from(":(top,literal)");
    pattern.push(path);
    pattern
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// A path as Git writes it.
pub(crate) fn bytes_of(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

fn succeeded(output: Output, action: &str) -> Result<Vec<u8>, Error> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(failed(action, &output.stderr))
}

/// The error for a Git that says no.
fn failed(action: &str, stderr: &[u8]) -> Error {
    let stderr = String::from_utf8_lossy(stderr);
    if stderr.contains(".lock'") && stderr.contains(LOCKED) {
        return Error::new(Kind::Io, "the index is locked")
            .because("another Git process works on it, or one was killed")
            .hint("wait for it and run the command again; if no Git runs, remove `index.lock` in the Git folder");
    }
    let mut error = Error::new(Kind::Io, format!("git cannot {action}"));
    let line = stderr.lines().find(|line| !line.trim().is_empty());
    if let Some(line) = line {
        let line = line.trim().trim_start_matches("fatal: ");
        error = error.because(line.trim_start_matches("error: ").to_owned());
    }
    if stderr.contains("not a git repository") || stderr.contains("in a work tree") {
        error = error.hint("run it in the working tree of the repository");
    }
    error
}

fn cannot_run(error: &std::io::Error) -> Error {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => "install git, or add its folder to PATH",
        _ => "check that `git --version` works",
    };
    Error::new(Kind::Io, "git cannot be run")
        .because(error.to_string())
        .hint(hint)
}

fn unexpected(command: &str) -> Error {
    Error::new(
        Kind::Io,
        format!("git {command} answers in an unexpected way"),
    )
    .hint("check that `git fsck` finds the repository in order")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn lines_of_git_are_read() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let line = format!(":100644 100755 {one} {two} M");
        let change = change_of(line.as_bytes(), b"a\n\"b\".yaml").unwrap();
        assert_eq!(change.path, Path::new("a\n\"b\".yaml"));
        assert_eq!(change.mode, "100755");
        assert_eq!((change.before, change.blob), (Some(one), two.clone()));
        assert!(is_file(&change.mode) && !change.unmerged);

        let zero = "0".repeat(40);
        let line = format!(":000000 120000 {zero} {two} A");
        let change = change_of(line.as_bytes(), b"link").unwrap();
        assert_eq!(change.before, None);
        assert!(!change.is_file());
        let line = format!(":100644 000000 {two} {zero} U");
        assert!(change_of(line.as_bytes(), b"x").unwrap().unmerged);
        assert!(change_of(b":100644", b"x").is_none());
        assert!(change_of(b"", b"x").is_none());

        let line = format!("100644 {two} 0\ta\tb");
        let (stage, entry) = entry_of(line.as_bytes()).unwrap();
        assert_eq!((stage, entry.path.to_str()), (&b"0"[..], Some("a\tb")));
        assert!(entry_of(b"100644 11 0").is_none());
    }

    #[test]
    fn a_locked_index_is_told() {
        let error = failed(
            "update the index",
            b"fatal: Unable to create '/r/.git/index.lock': File exists.\n\nAnother git process seems to be running\n",
        );
        assert_eq!(error.message(), "the index is locked");
        let error = failed("update the index", b"\nfatal: no space left\n");
        assert_eq!(error.reason(), Some("no space left"));
    }
}
