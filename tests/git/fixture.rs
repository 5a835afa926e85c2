//! Repositories that Git makes in temporary folders, and what Git says about them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use secrets::git::{CommitId, History, Item, ObjectKind, Oid, Repository, Scope, Store};

/// The largest object in tests.
pub(crate) const LIMIT: usize = 64 << 20;

/// A repository in a temporary folder.
pub(crate) struct Repo {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) path: PathBuf,
    clock: AtomicU64,
}

impl Repo {
    /// An empty one, in `work` of its folder.
    pub(crate) fn new(options: &[&str]) -> Repo {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap().join("work");
        std::fs::create_dir(&path).unwrap();
        let repo = Repo {
            dir,
            path,
            clock: AtomicU64::new(1_700_000_000),
        };
        let mut all = vec!["init", "-q", "-b", "main"];
        all.extend(options);
        repo.git(&all);
        repo
    }

    /// Another repository in the same folder.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path.parent().unwrap().join(name)
    }

    fn command(&self, folder: &Path, args: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new("git");
        let time = self.clock.fetch_add(60, Ordering::Relaxed);
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.dir.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "A")
            .env("GIT_AUTHOR_EMAIL", "a@example.invalid")
            .env("GIT_COMMITTER_NAME", "C")
            .env("GIT_COMMITTER_EMAIL", "c@example.invalid")
            .env("GIT_AUTHOR_DATE", format!("{time} +0000"))
            .env("GIT_COMMITTER_DATE", format!("{time} +0000"))
            .args(["-c", "protocol.file.allow=always", "-c", "gc.auto=0"])
            .args(args);
        command
    }

    /// Runs Git; its output.
    pub(crate) fn git(&self, args: &[impl AsRef<OsStr>]) -> Vec<u8> {
        self.git_in(&self.path, args)
    }

    /// Runs Git in another folder.
    pub(crate) fn git_in(&self, folder: &Path, args: &[impl AsRef<OsStr>]) -> Vec<u8> {
        let shown: Vec<_> = args.iter().map(|arg| arg.as_ref().to_owned()).collect();
        let output = self.command(folder, args).output().unwrap();
        assert!(
            output.status.success(),
            "git {shown:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    /// Runs Git; its output as text without the last line end.
    pub(crate) fn text(&self, args: &[impl AsRef<OsStr>]) -> String {
        String::from_utf8(self.git(args))
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// Runs Git with an input.
    pub(crate) fn feed(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        feed(self.command(&self.path, args), input)
    }

    pub(crate) fn write(&self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) {
        let path = self.path.join(name.as_ref());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Adds everything and commits.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.text(&["rev-parse", "HEAD"])
    }

    pub(crate) fn open(&self) -> Repository {
        Repository::discover(&self.path).unwrap().unwrap()
    }
}

fn feed(mut command: Command, input: &[u8]) -> Vec<u8> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Lines that change from version to version, so that deltas come about.
pub(crate) fn versions(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|version| {
        (0..120)
            .map(|line| match (line + version) % 17 {
                0 => format!("line {line} of version {version}\n"),
                _ => format!("line {line} stays as it is, whatever comes\n"),
            })
            .collect()
    })
}

/// A repository with a bit of everything: folders, modes, links, odd names, merges, tags, notes,
/// stashes, a submodule's commit, a force-pushed commit, a dangling blob.
pub(crate) fn rich(options: &[&str]) -> Repo {
    // Git is run some hundred times: once for all tests, which get copies.
    static MADE: Mutex<BTreeMap<String, Repo>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let model = made
        .entry(options.concat())
        .or_insert_with(|| make_rich(options));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap().join("work");
    let copied = Command::new("cp")
        .arg("-a")
        .arg(&model.path)
        .arg(&path)
        .status()
        .unwrap();
    assert!(copied.success());
    let clock = AtomicU64::new(model.clock.load(Ordering::Relaxed));
    Repo { dir, path, clock }
}

fn make_rich(options: &[&str]) -> Repo {
    let repo = Repo::new(options);
    repo.write("README", "first\n");
    repo.write("a/b/c/deep.yaml", "deep: true\n");
    repo.write("a.b", "sorts between a and a/\n");
    repo.write("a/same", "first\n");
    repo.commit("root\n\nwith a body");
    for (number, text) in versions(30).enumerate() {
        repo.write("a/b/big.txt", &text);
        repo.write(format!("many/{}/file.txt", number % 7), &text);
        repo.commit(&format!("version {number}"));
    }
    std::os::unix::fs::symlink("../README", repo.path.join("a/link")).unwrap();
    std::fs::write(
        repo.path
            .join(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(
                b"bad \xff\xfe name",
            )),
        "x",
    )
    .unwrap();
    repo.write("new\nline", "y");
    repo.write("empty", "");
    repo.commit("odd names");
    let head = repo.text(&["rev-parse", "HEAD"]);
    repo.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        "160000",
        &head,
        "sub",
    ]);
    repo.git(&["commit", "-q", "-m", "a submodule"]);
    repo.git(&["checkout", "-q", "-b", "side", "HEAD~5"]);
    repo.write("side/file", "side\n");
    repo.write("a/b/big.txt", "other\n");
    repo.commit("side");
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "-s", "ours", "-m", "merged", "side"]);
    repo.git(&["rm", "-q", "a.b"]);
    repo.git(&["mv", "a/same", "a/moved"]);
    repo.git(&["commit", "-q", "-m", "removed and moved"]);
    repo.git(&["tag", "-a", "v1", "-m", "tag words", "HEAD~3"]);
    repo.git(&["tag", "-a", "v1-again", "-m", "tag of a tag", "v1"]);
    repo.git(&["tag", "light", "HEAD~4"]);
    repo.git(&["tag", "blob-tag", "HEAD:README"]);
    repo.git(&["notes", "add", "-m", "a note", "HEAD"]);
    repo.write("README", "stashed once\n");
    repo.git(&["stash", "-q"]);
    repo.write("README", "stashed twice\n");
    repo.git(&["stash", "-q"]);
    repo.write("force-pushed", "gone\n");
    repo.commit("force-pushed");
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.write("only-unreachable", "lost\n");
    repo.commit("lost");
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.git(&[
        "reflog",
        "expire",
        "--expire=now",
        "HEAD",
        "refs/heads/main",
    ]);
    repo.feed(&["hash-object", "-w", "--stdin"], b"dangling\n");
    repo
}

/// Kind and content of each object, as `git cat-file` gives them.
pub(crate) fn all_objects(repo: &Repo, folder: &Path) -> BTreeMap<String, (ObjectKind, Vec<u8>)> {
    let output = repo.git_in(
        folder,
        &["cat-file", "--batch-all-objects", "--batch", "--unordered"],
    );
    let mut rest = output.as_slice();
    let mut all = BTreeMap::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let header = std::str::from_utf8(&rest[..end]).unwrap();
        let mut words = header.split(' ');
        let oid = words.next().unwrap().to_owned();
        let kind = ObjectKind::from_name(words.next().unwrap().as_bytes()).unwrap();
        let size: usize = words.next().unwrap().parse().unwrap();
        let data = rest[end + 1..end + 1 + size].to_vec();
        rest = &rest[end + 2 + size..];
        all.insert(oid, (kind, data));
    }
    all
}

/// What of an object is given: of commits and tags what is behind the first empty line.
pub(crate) fn given(kind: ObjectKind, data: &[u8]) -> Vec<u8> {
    let is_message = matches!(kind, ObjectKind::Commit | ObjectKind::Tag);
    let head = data.windows(2).position(|two| two == b"\n\n");
    let start = head.filter(|_| is_message).map_or(0, |head| head + 2);
    data[start..].to_vec()
}

/// What a history gives, and everything that was said to be wrong.
pub(crate) struct Seen {
    pub(crate) objects: BTreeMap<String, (ObjectKind, Vec<u8>)>,
    /// Path, blob, first commit, link, reachable.
    pub(crate) places: BTreeSet<(Vec<u8>, String, String, bool, bool)>,
    pub(crate) unplaced: BTreeSet<String>,
    pub(crate) problems: Vec<String>,
    pub(crate) count: usize,
    /// Commits by their ids, and whether a reference leads to them.
    pub(crate) commits: Vec<(String, bool)>,
}

pub(crate) fn see(repository: &Repository, scope: Scope) -> secrets::Result<Seen> {
    let store = repository.store()?;
    see_in(repository, &store, scope)
}

pub(crate) fn see_in(
    repository: &Repository,
    store: &Store,
    scope: Scope,
) -> secrets::Result<Seen> {
    let early = Mutex::new(Vec::new());
    let keep = |item: Item<'_>| {
        let object = (item.oid.to_string(), (item.kind, item.data.to_vec()));
        assert!(item.places.is_empty());
        early.lock().unwrap().push(object);
    };
    let history = History::load_while(repository, store, scope, Some(&keep), || ())?;
    let early = early.into_inner().unwrap();
    let count = early.len();
    let objects: BTreeMap<_, _> = early.into_iter().collect();
    assert_eq!(objects.len(), count, "some come twice");
    let seen = Mutex::new(Seen {
        objects,
        places: BTreeSet::new(),
        unplaced: BTreeSet::new(),
        problems: Vec::new(),
        count: history.objects(),
        commits: (0..)
            .map(CommitId)
            .map_while(|id| {
                Some((
                    history.commit_oid(id)?.to_string(),
                    history.is_reachable(id),
                ))
            })
            .collect(),
    });
    let late = history.visit(LIMIT, &|_, _| true, &|item: Item<'_>| {
        let mut seen = seen.lock().unwrap();
        for placed in item.places {
            seen.places.insert((
                history.path(placed.path).to_vec(),
                item.oid.to_string(),
                history.commit_oid(placed.commit).unwrap().to_string(),
                placed.link,
                history.is_reachable(placed.commit),
            ));
        }
        if item.kind == ObjectKind::Blob && item.places.is_empty() {
            seen.unplaced.insert(item.oid.to_string());
        }
        let before = seen
            .objects
            .insert(item.oid.to_string(), (item.kind, item.data.to_vec()));
        assert!(before.is_none(), "{} comes twice", item.oid);
    });
    let mut seen = seen.into_inner().unwrap();
    seen.problems.extend(store.problems().iter().cloned());
    seen.problems.extend(history.problems().iter().cloned());
    seen.problems.extend(late);
    Ok(seen)
}

pub(crate) fn oid(hex: &str) -> Oid {
    Oid::from_hex(hex).unwrap()
}
