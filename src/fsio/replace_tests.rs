#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::super::{Batch, MAX_INPUT, TEMP_PREFIX, read_for_update};
use super::*;

fn snapshot(path: &Path) -> Snapshot {
    read_for_update(path, MAX_INPUT).unwrap()
}

fn seal(path: &Path, new: &str) -> Result<Outcome> {
    Replacement::of(&snapshot(path), Content::Sealed(new.as_bytes())).commit()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const REPLACED: Outcome = Outcome::Replaced { other_names: 0 };

#[test]
fn a_file_is_replaced_and_nothing_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    fs::write(&path, "old").unwrap();
    assert_eq!(seal(&path, "new content").unwrap(), REPLACED);
    assert_eq!(fs::read(&path).unwrap(), b"new content");
    assert_eq!(names(folder.path()), ["a.yaml"]);
}

#[test]
fn readers_of_the_old_file_keep_it_whole() {
    use std::io::Read;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "old and whole").unwrap();
    let mut reader = File::open(&path).unwrap();
    seal(&path, "new").unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "old and whole");
}

#[test]
fn the_same_content_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "same").unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    let before = fs::metadata(&path).unwrap();
    assert_eq!(seal(&path, "same").unwrap(), Outcome::Unchanged);
    let over = Replacement::over(&path, Content::Sealed(b"same")).commit();
    assert_eq!(over.unwrap(), Outcome::Unchanged);
    let after = fs::metadata(&path).unwrap();
    assert_eq!(after.modified().unwrap(), long_ago);
    assert_eq!(platform::identity(&after), platform::identity(&before));
    assert_eq!(seal(&path, "else").unwrap(), REPLACED);
    assert_ne!(fs::metadata(&path).unwrap().modified().unwrap(), long_ago);
}

#[test]
fn a_file_that_changed_since_it_was_read_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    // Same length, and in place: neither size nor inode tells.
    for other in ["new", "longer"] {
        fs::write(&path, "old").unwrap();
        let read = snapshot(&path);
        fs::write(&path, other).unwrap();
        let error = Replacement::of(&read, Content::Sealed(b"ours"))
            .commit()
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Io);
        assert_eq!(
            error.message(),
            "the file changed since it was read and was not replaced"
        );
        assert_eq!(error.hints(), ["run the command again"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), other);
        assert_eq!(names(folder.path()), ["a"]);
    }
}

#[test]
fn a_file_that_is_gone_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "old").unwrap();
    let read = snapshot(&path);
    fs::remove_file(&path).unwrap();
    let error = Replacement::of(&read, Content::Sealed(b"ours"))
        .commit()
        .unwrap_err();
    assert_eq!(error.reason(), Some("it is gone"));
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_file_that_another_run_is_replacing_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "old").unwrap();
    let other = File::open(&path).unwrap();
    other.lock().unwrap();
    let error = seal(&path, "new").unwrap_err();
    assert_eq!(error.message(), "another process has locked the file");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    drop(other);
    seal(&path, "new").unwrap();
}

#[test]
fn create_new_keeps_its_hands_off_what_exists() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let first = Replacement::create_new(&path, Content::Sealed(b"one")).commit();
    assert_eq!(first.unwrap(), Outcome::Created);
    let error = Replacement::create_new(&path, Content::Sealed(b"two"))
        .commit()
        .unwrap_err();
    assert_eq!(error.message(), "the file exists already");
    assert_eq!(fs::read(&path).unwrap(), b"one");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn create_new_also_sees_a_file_that_appears_late() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let prepared = Replacement::create_new(&path, Content::Sealed(b"ours")).prepare();
    let prepared = prepared.unwrap().unwrap();
    let temp = prepared.create_temp().unwrap();
    let staged = prepared.stage(temp).unwrap();
    fs::write(&path, "theirs").unwrap();
    let error = staged.publish().map(|done| done.outcome).unwrap_err();
    assert_eq!(error.message(), "the file exists already");
    assert_eq!(fs::read(&path).unwrap(), b"theirs");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn writing_over_creates_or_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let write = |text: &'static str| Replacement::over(&path, Content::Sealed(text.as_bytes()));
    assert_eq!(write("one").commit().unwrap(), Outcome::Created);
    assert_eq!(write("two").commit().unwrap(), REPLACED);
    assert_eq!(fs::read(&path).unwrap(), b"two");
}

#[test]
fn a_missing_folder_and_a_folder_are_clear_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/a");
    let error = Replacement::over(&path, Content::Sealed(b"x"))
        .commit()
        .unwrap_err();
    assert_eq!(error.message(), "cannot create the file");
    assert!(
        error
            .hints()
            .iter()
            .any(|hint| hint == "create its folder first")
    );
    let error = Replacement::over(folder.path(), Content::Sealed(b"x"))
        .commit()
        .unwrap_err();
    assert_eq!(error.message(), "expected a regular file, found a folder");
    let slash = folder.path().join("b/");
    let error = Replacement::over(&slash, Content::Sealed(b"x"))
        .commit()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
}

#[test]
fn leftovers_of_a_killed_run_are_swept_when_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "old").unwrap();
    let stray = folder.path().join(format!("{TEMP_PREFIX}0123456789abcdef"));
    fs::write(&stray, "stray").unwrap();
    seal(&path, "new").unwrap();
    assert_eq!(names(folder.path()), ["a"]);

    fs::write(&stray, "stray").unwrap();
    let mut batch = Batch::new();
    batch.add(Replacement::over(&path, Content::Sealed(b"newer")));
    assert_eq!(batch.finish().len(), 1);
    assert_eq!(names(folder.path()), ["a"]);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn file_with_mode(folder: &Path, mode: u32) -> PathBuf {
        let path = folder.join("a");
        let _ = fs::remove_file(&path);
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn sealing_keeps_the_mode() {
        let folder = tempfile::tempdir().unwrap();
        for expected in [0o600, 0o640, 0o644, 0o755, 0o666, 0o444] {
            let path = file_with_mode(folder.path(), expected);
            seal(&path, "new").unwrap();
            assert_eq!(mode(&path), expected, "{expected:o}");
        }
    }

    #[test]
    fn opening_in_place_takes_the_file_from_others() {
        let folder = tempfile::tempdir().unwrap();
        for (before, after) in [
            (0o644, 0o600),
            (0o666, 0o600),
            (0o600, 0o600),
            (0o400, 0o400),
            (0o755, 0o700),
        ] {
            let path = file_with_mode(folder.path(), before);
            let read = snapshot(&path);
            Replacement::of(&read, Content::Plain(b"open"))
                .commit()
                .unwrap();
            assert_eq!(mode(&path), after, "{before:o}");
        }
    }

    #[test]
    fn a_new_file_is_private_only_if_it_is_plain() {
        let folder = tempfile::tempdir().unwrap();
        let usual = folder.path().join("usual");
        fs::write(&usual, "x").unwrap();
        let sealed = folder.path().join("sealed");
        Replacement::over(&sealed, Content::Sealed(b"x"))
            .commit()
            .unwrap();
        assert_eq!(mode(&sealed), mode(&usual));
        let plain = folder.path().join("plain");
        Replacement::create_new(&plain, Content::Plain(b"x"))
            .commit()
            .unwrap();
        assert_eq!(mode(&plain), 0o600);
    }

    #[test]
    fn plaintext_over_an_open_file_with_the_same_bytes_closes_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_with_mode(folder.path(), 0o644);
        let write = || {
            Replacement::over(&path, Content::Plain(b"old"))
                .commit()
                .unwrap()
        };
        assert_eq!(write(), REPLACED);
        assert_eq!(mode(&path), 0o600);
        assert_eq!(write(), Outcome::Unchanged);
    }

    #[test]
    fn plaintext_is_private_before_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let replacement = Replacement::create_new(&path, Content::Plain(b"x"));
        let temp = replacement
            .prepare()
            .unwrap()
            .unwrap()
            .create_temp()
            .unwrap();
        assert_eq!(mode(temp.path()), 0o600);
        assert_eq!(fs::read(temp.path()).unwrap(), b"");
    }

    #[test]
    fn the_owner_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_with_mode(folder.path(), 0o640);
        let root = rustix::process::geteuid().is_root();
        if root {
            std::os::unix::fs::chown(&path, Some(1234), Some(5678)).unwrap();
        }
        let before = fs::metadata(&path).unwrap();
        seal(&path, "new").unwrap();
        let after = fs::metadata(&path).unwrap();
        assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
        assert_eq!(mode(&path), 0o640);
        assert_eq!(after.uid() == 1234, root);
    }

    #[test]
    fn an_owner_that_cannot_be_kept_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_with_mode(folder.path(), 0o640);
        let ours = File::open(&path).unwrap();
        let theirs = fs::metadata("/").unwrap();
        let refuse = |_, _| Err(io::Error::from_raw_os_error(1));
        let mut asked = None;
        let same = ours.metadata().unwrap();
        platform::keep_owner_with(&ours, &same, refuse).unwrap();
        // Another owner than ours: as root, give our file away first.
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(1234), None).unwrap();
        }
        let refused = platform::keep_owner_with(&ours, &theirs, |uid, gid| {
            asked = uid;
            refuse(uid, gid)
        });
        assert_eq!(asked, Some(0));
        let error = cannot_keep_owner(&path, &refused.unwrap_err());
        assert_eq!(error.reason(), Some("operation not permitted"));
        assert_eq!(
            error.message(),
            "replacing the file would change its owner or group"
        );
    }

    #[test]
    fn a_link_stays_and_its_target_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        fs::create_dir(&real).unwrap();
        let path = file_with_mode(&real, 0o640);
        let link = folder.path().join("link");
        symlink("real/a", &link).unwrap();
        let second = folder.path().join("second");
        symlink("link", &second).unwrap();
        seal(&second, "new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o640);
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("real/a"));
        assert_eq!(fs::read_link(&second).unwrap(), Path::new("link"));
        assert_eq!(names(&real), ["a"]);
    }

    #[test]
    fn links_to_nothing_and_to_themselves_are_clear_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("link");
        for (target, message) in [
            ("none", "the symbolic link leads to nothing"),
            ("link", "the symbolic link leads back to itself"),
        ] {
            symlink(target, &path).unwrap();
            let error = Replacement::over(&path, Content::Sealed(b"x"))
                .commit()
                .unwrap_err();
            assert_eq!(error.message(), message);
            assert_eq!(
                error.reason(),
                Some(format!("it leads to {target}").as_str())
            );
            let error = Replacement::create_new(&path, Content::Sealed(b"x")).commit();
            assert_eq!(error.unwrap_err().message(), "the file exists already");
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let null = Path::new("/dev/null");
        let error = Replacement::over(null, Content::Sealed(b"x"))
            .commit()
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Input);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pipes_are_written_to_and_files_are_not() {
        use std::io::Read;
        use std::os::fd::AsRawFd;
        let (mut reader, writer) = io::pipe().unwrap();
        let pipe = PathBuf::from(format!("/proc/self/fd/{}", writer.as_raw_fd()));
        write_stream(&pipe, b"data").unwrap();
        drop(writer);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "data");

        let folder = tempfile::tempdir().unwrap();
        let path = file_with_mode(folder.path(), 0o600);
        assert_eq!(write_stream(&path, b"x").unwrap_err().kind(), Kind::Input);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let none = folder.path().join("none");
        assert_eq!(write_stream(&none, b"x").unwrap_err().kind(), Kind::Io);
        assert!(!none.exists());
    }

    #[test]
    fn other_names_of_the_old_content_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_with_mode(folder.path(), 0o600);
        fs::hard_link(&path, folder.path().join("b")).unwrap();
        assert_eq!(
            seal(&path, "new").unwrap(),
            Outcome::Replaced { other_names: 1 }
        );
        assert_eq!(fs::read(folder.path().join("b")).unwrap(), b"old");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn user_attributes_stay() {
        use rustix::fs::{XattrFlags, fgetxattr, fsetxattr};
        let folder = tempfile::tempdir().unwrap();
        let path = file_with_mode(folder.path(), 0o600);
        let file = File::options().write(true).open(&path).unwrap();
        let set = fsetxattr(&file, "user.note", b"kept", XattrFlags::empty());
        seal(&path, "new").unwrap();
        let mut value = [0_u8; 4];
        let got = fgetxattr(File::open(&path).unwrap(), "user.note", &mut value);
        assert_eq!(got.is_ok(), set.is_ok());
        assert_eq!(&value == b"kept", set.is_ok());
    }
}

#[cfg(unix)]
#[test]
fn a_program_can_be_run_from_the_first_moment_on() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hook");
    let write = |text: &'static str| {
        let replacement = Replacement::over(&path, Content::Sealed(text.as_bytes()));
        replacement.executable().commit().unwrap()
    };
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(write("x"), Outcome::Created);
    assert_eq!(mode() & 0o100, 0o100);
    assert_eq!(mode() >> 2 & 0o111, mode() & 0o111);
    assert_eq!(write("x"), Outcome::Unchanged);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(write("x"), REPLACED);
    assert_eq!(mode(), 0o750);
}
