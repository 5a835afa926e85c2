#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::super::{Content, MAX_INPUT, TEMP_PREFIX, read_for_update};
use super::*;
use std::fs;
use std::path::Path;

const REPLACED: Outcome = Outcome::Replaced { other_names: 0 };

fn files(folder: &Path, count: usize, per_folder: usize) -> Vec<PathBuf> {
    (0..count)
        .map(|number| {
            let below = folder.join(format!("d{}", number / per_folder));
            fs::create_dir_all(&below).unwrap();
            let path = below.join(format!("{number}.yaml"));
            fs::write(&path, format!("old {number}")).unwrap();
            path
        })
        .collect()
}

fn strays(folder: &Path) -> usize {
    walk(folder)
        .iter()
        .filter(|path| path.to_string_lossy().contains(TEMP_PREFIX))
        .count()
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .build()
        .map(|entry| entry.unwrap().into_path())
        .collect()
}

#[test]
fn every_file_is_replaced_and_told_in_order() {
    let folder = tempfile::tempdir().unwrap();
    for (count, per_folder) in [(3, 3), (BATCH_FILES * 2 + 5, 50), (BATCH_FILES, 1)] {
        let paths = files(folder.path(), count, per_folder);
        let mut batch = Batch::new();
        for path in &paths {
            let read = read_for_update(path, MAX_INPUT).unwrap();
            let new = format!("new of {}", path.display());
            batch.add(Replacement::of(&read, Content::Sealed(new.as_bytes())));
        }
        let results = batch.finish();
        let expected: Vec<_> = paths.iter().map(|p| (p.clone(), Ok(REPLACED))).collect();
        assert_eq!(results, expected);
        for path in &paths {
            let text = fs::read_to_string(path).unwrap();
            assert_eq!(text, format!("new of {}", path.display()));
        }
        assert_eq!(strays(folder.path()), 0);
    }
}

#[test]
fn no_file_is_replaced_before_the_flush_and_few_wait_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let paths = files(folder.path(), BATCH_FILES + 1, 1000);
    let mut batch = Batch::new();
    for (number, path) in paths.iter().enumerate() {
        assert!(strays(folder.path()) < BATCH_FILES);
        batch.add(Replacement::over(path, Content::Sealed(b"new")));
        let done = number >= BATCH_FILES - 1;
        let first = fs::read(&paths[0]).unwrap();
        assert_eq!(first == b"new", done, "{number}");
    }
    assert_eq!(strays(folder.path()), 1);
    drop(batch);
    assert_eq!(
        fs::read(&paths[BATCH_FILES]).unwrap(),
        format!("old {BATCH_FILES}").as_bytes()
    );
    assert_eq!(strays(folder.path()), 0);
}

#[test]
fn a_failing_file_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let paths = files(folder.path(), 10, 5);
    let snapshots: Vec<_> = paths
        .iter()
        .map(|path| read_for_update(path, MAX_INPUT).unwrap())
        .collect();
    let mut batch = Batch::new();
    batch.add(Replacement::over(folder.path(), Content::Sealed(b"new")));
    for snapshot in &snapshots {
        batch.add(Replacement::of(snapshot, Content::Sealed(b"new")));
    }
    batch.add(Replacement::of(
        &snapshots[0],
        Content::Sealed(snapshots[0].bytes()),
    ));
    // One changes while it waits.
    fs::write(&paths[7], "other").unwrap();
    let results = batch.finish();
    let told: Vec<_> = results.iter().map(|(_, result)| result.is_ok()).collect();
    let mut expected = vec![true; 12];
    expected[0] = false;
    expected[8] = false;
    assert_eq!(told, expected);
    assert_eq!(results[11].1, Ok(Outcome::Unchanged));
    assert_eq!(fs::read(&paths[7]).unwrap(), b"other");
    assert_eq!(fs::read(&paths[9]).unwrap(), b"new");
    assert_eq!(strays(folder.path()), 0);
}

#[test]
fn the_same_file_twice_is_replaced_once() {
    let folder = tempfile::tempdir().unwrap();
    let paths = files(folder.path(), 1, 1);
    let read = read_for_update(&paths[0], MAX_INPUT).unwrap();
    let mut batch = Batch::new();
    batch.add(Replacement::of(&read, Content::Sealed(b"one")));
    batch.add(Replacement::of(&read, Content::Sealed(b"two")));
    let results = batch.finish();
    assert_eq!(results[0].1, Ok(REPLACED));
    assert!(results[1].1.is_err());
    assert_eq!(fs::read(&paths[0]).unwrap(), b"one");
}

/// The part of the next test that is killed: replaces files for ever and says how far it is.
#[test]
#[ignore = "runs until it is killed, see a_killed_run_leaves_whole_files"]
#[allow(clippy::print_stdout)]
fn replace_until_killed() {
    let Some(folder) = std::env::var_os(KILLED) else {
        return;
    };
    let paths = files(Path::new(&folder), 2 * BATCH_FILES, 100);
    for round in 1.. {
        let mut batch = Batch::new();
        for path in &paths {
            let new = format!("{round:05} ").repeat(500);
            batch.add(Replacement::over(path, Content::Sealed(new.as_bytes())));
            println!("added");
        }
        assert!(batch.finish().iter().all(|(_, result)| result.is_ok()));
    }
}

const KILLED: &str = "FSIO_TEST_KILLED";

#[cfg(unix)]
#[test]
fn a_killed_run_leaves_whole_files() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let mut swept = 0;
    for steps in [1, BATCH_FILES, 2 * BATCH_FILES, 3 * BATCH_FILES + 7] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["fsio::batch::tests::replace_until_killed", "--exact"])
            .args(["--ignored", "--nocapture"])
            .env(KILLED, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let added = lines
            .map_while(|line| line.ok())
            .filter(|line| line.ends_with("added"));
        assert_eq!(added.take(steps).count(), steps);
        child.kill().unwrap();
        child.wait().unwrap();
        for path in walk(folder.path()).iter().filter(|path| path.is_dir()) {
            swept += super::super::sweep_stale(path).unwrap().len();
        }
        assert_eq!(strays(folder.path()), 0);
        let left: Vec<_> = walk(folder.path())
            .into_iter()
            .filter(|path| path.is_file())
            .collect();
        assert_eq!(left.len(), 2 * BATCH_FILES);
        for path in left {
            let text = fs::read_to_string(&path).unwrap();
            let whole = text.starts_with("old ") || text == text[..6].repeat(500);
            assert!(whole, "{} after {steps}", path.display());
        }
    }
    assert!(swept > 0, "no run was killed in the middle");
}

/// Not run by default, since its result depends on the disk. With `--ignored --nocapture` it compares
/// flushing 1,000 files one by one and together.
#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout)]
fn one_by_one_against_together() {
    let place = std::env::var_os("FSIO_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    for per_folder in [1000, 20, 1] {
        let folder = tempfile::tempdir_in(&place).unwrap();
        let paths = files(folder.path(), 1000, per_folder);
        let start = std::time::Instant::now();
        for path in &paths {
            let one = Replacement::over(path, Content::Sealed(&[b'x'; 3000]));
            one.commit().unwrap();
        }
        let singly = start.elapsed();
        let start = std::time::Instant::now();
        let mut batch = Batch::new();
        for path in &paths {
            batch.add(Replacement::over(path, Content::Sealed(&[b'y'; 3000])));
        }
        assert!(batch.finish().iter().all(|(_, result)| result.is_ok()));
        println!(
            "{per_folder} a folder: {singly:?} singly, {:?} together",
            start.elapsed()
        );
    }
}
