//! Tricks with `.git`: programs to run, files that block, ways out of the repository.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::hostile::{audit, fifo, sealed, secret, sound};
use crate::repository::Place;

const MODES: [&[&str]; 4] = [
    &[],
    &["--staged"],
    &["--history"],
    &["--range", "HEAD~1..HEAD"],
];

#[test]
fn no_program_that_a_repository_names_is_ever_run() {
    let (place, repository) = sound();
    let script = place.path().join("evil.sh");
    let mark = place.path().join("tmp/ran");
    fs::write(
        &script,
        format!("#!/bin/sh\necho \"$0 $*\" >>{}\ncat\n", mark.display()),
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let evil = script.display();
    repository.write(
        "included",
        format!("[core]\n\tfsmonitor = {evil}\n[alias]\n\tstatus = !{evil}\n"),
    );
    repository.write(
        ".gitattributes",
        "* filter=evil diff=evil merge=evil text\n",
    );
    repository.write("k8s/new.yaml", sealed("new"));
    repository.git(&["add", "--all"]);
    // Written last: git itself would run some of it.
    let hooks = repository.path(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in [
        "post-index-change",
        "fsmonitor-watchman",
        "pre-commit",
        "reference-transaction",
        "post-checkout",
        "pre-auto-gc",
    ] {
        fs::copy(&script, hooks.join(hook)).unwrap();
    }
    let mut settings = fs::read_to_string(repository.path(".git/config")).unwrap();
    settings.push_str(&format!(
        "[core]\n\tfsmonitor = {evil}\n\thooksPath = {}\n\tsshCommand = {evil}\n\tpager = {evil}\n\teditor = {evil}\n\tgitProxy = {evil}\n\taskPass = {evil}\n\talternateRefsCommand = {evil}\n[filter \"evil\"]\n\tclean = {evil}\n\tsmudge = {evil}\n\tprocess = {evil}\n\trequired = true\n[diff]\n\texternal = {evil}\n[diff \"evil\"]\n\tcommand = {evil}\n\ttextconv = {evil}\n[merge \"evil\"]\n\tdriver = {evil}\n[alias]\n\tstatus = !{evil}\n\tlog = !{evil}\n\tcat-file = !{evil}\n\tls-files = !{evil}\n[gpg]\n\tprogram = {evil}\n[credential]\n\thelper = !{evil}\n[uploadpack]\n\tpackObjectsHook = {evil}\n[include]\n\tpath = ../included\n[remote \"origin\"]\n\turl = ext::{evil}\n\tpromisor = false\n\tuploadpack = {evil}\n",
        hooks.display()
    ));
    repository.write(".git/config", settings);
    for mode in MODES {
        audit("programs", &place, &repository.path, mode).exits("programs", &[0]);
        assert!(
            !mark.exists(),
            "{mode:?}: {}",
            fs::read_to_string(&mark).unwrap()
        );
    }
}

#[test]
fn the_environment_of_git_does_not_lead_it_elsewhere() {
    let (place, repository) = sound();
    let other = place.repository("other");
    other.write("plain.yaml", secret("other"));
    other.commit("Leak");
    repository.write("k8s/plain.yaml", secret("plain"));
    repository.git(&["add", "--all"]);
    for (name, value) in [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
        ("GIT_CONFIG_VALUE_0", "/bin/false"),
        ("GIT_EXTERNAL_DIFF", "/bin/false"),
        ("GIT_PAGER", "/bin/false"),
        ("GIT_SSH", "/bin/false"),
    ] {
        let mut command = place.command(&repository.path, &["audit", "--staged"]);
        let output = command.env(name, value).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
    }
}

/// Files of `.git`, any of which may be a FIFO: opening it would wait for ever.
const FILES: [&str; 16] = [
    "HEAD",
    "config",
    "index",
    "packed-refs",
    "shallow",
    "commondir",
    "config.worktree",
    "info/exclude",
    "info/grafts",
    "info/attributes",
    "info/sparse-checkout",
    "objects/info/alternates",
    "refs/heads/fifo",
    "refs/stash",
    "logs/HEAD",
    "objects/pack/pack-1111111111111111111111111111111111111111.pack",
];

#[test]
fn no_fifo_in_a_git_folder_makes_it_wait() {
    for file in FILES {
        let (place, repository) = sound();
        fifo(&repository.path(".git").join(file));
        for mode in MODES {
            let answer = audit(file, &place, &repository.path, mode);
            if ["HEAD", "index"].contains(&file) && mode.is_empty() {
                answer.exits(file, &[2, 3]);
            }
        }
    }
    let (place, repository) = sound();
    fs::create_dir_all(repository.path(".git/objects/ab")).unwrap();
    fifo(&repository.path(".git/objects/ab").join("c".repeat(38)));
    audit("an object", &place, &repository.path, &["--history"]).exits("an object", &[2, 3]);
}

#[test]
fn folders_and_links_in_the_place_of_files_of_git_are_no_harm() {
    for file in FILES {
        let (place, repository) = sound();
        let path = repository.path(".git").join(file);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(&path).unwrap();
        for mode in MODES {
            audit(&format!("folder {file}"), &place, &repository.path, mode);
        }
        fs::remove_dir(&path).unwrap();
        symlink("/dev/zero", &path).unwrap();
        for mode in MODES {
            audit(&format!("link {file}"), &place, &repository.path, mode);
        }
    }
}

#[test]
fn a_git_file_that_points_in_circles_or_nowhere_is_an_error() {
    let place = Place::new();
    for (name, text) in [
        ("itself", "gitdir: .git\n"),
        ("this", "gitdir: .\n"),
        ("next", "gitdir: ../other/.git\n"),
        ("other", "gitdir: ../next/.git\n"),
        ("nowhere", "gitdir: /nonexistent\n"),
        ("root", "gitdir: /\n"),
        ("nothing", ""),
        ("garbage", "\u{0}\u{1}\u{2}"),
        ("no-path", "gitdir:\n"),
        ("long", &format!("gitdir: {}\n", "a/".repeat(100_000))),
    ] {
        let folder = place.existing(name);
        folder.write(".git", text);
        folder.write("plain.yaml", secret("plain"));
        for mode in [&[][..], &["--staged"], &["--history"]] {
            // It says what is wrong, or looks at the folder as it is and finds the Secret.
            audit(name, &place, &folder.path, mode).exits(name, &[1, 2, 3]);
        }
    }
    let folder = place.existing("fifo");
    folder.write("plain.yaml", secret("plain"));
    fifo(&folder.path(".git"));
    audit("a FIFO", &place, &folder.path, &[]).exits("a FIFO", &[1, 2, 3]);
}

#[test]
fn common_folders_and_worktrees_that_lie_are_no_harm() {
    let (place, repository) = sound();
    repository.git(&["worktree", "add", "--quiet", "../linked", "HEAD"]);
    let linked = place.existing("linked");
    audit("linked", &place, &linked.path, &["--history"]).exits("linked", &[0]);
    let private = repository.path(".git/worktrees/linked");
    for text in [
        "commondir",
        "/",
        "../../..",
        "/etc",
        "",
        "\u{0}",
        "../worktrees/linked",
    ] {
        fs::write(private.join("commondir"), text).unwrap();
        for mode in [&[][..], &["--staged"], &["--history"]] {
            audit(&format!("commondir {text:?}"), &place, &linked.path, mode)
                .exits(text, &[1, 2, 3]);
        }
    }
}

#[test]
fn submodules_with_evil_folders_are_not_entered() {
    let (place, repository) = sound();
    let outside = place.repository("outside");
    outside.write("plain.yaml", secret("outside"));
    outside.commit("Leak");
    let commit = repository.git(&["rev-parse", "HEAD"]);
    for (name, gitdir) in [
        ("sub", "../../outside/.git"),
        ("deep", "/etc"),
        ("loop", "../.git"),
        ("self", ".git"),
    ] {
        repository.write(&format!("{name}/.git"), format!("gitdir: {gitdir}\n"));
        repository.git(&[
            "update-index",
            "--add",
            "--cacheinfo",
            &format!("160000,{commit},{name}"),
        ]);
    }
    repository.write(".gitmodules", "[submodule \"../../outside\"]\n\tpath = ../outside\n\turl = ext::/bin/false\n\tupdate = !touch ran\n[submodule \"sub\"]\n\tpath = sub\n\turl = --upload-pack=touch\n");
    repository.git(&["update-index", "--add", ".gitmodules"]);
    for mode in [&[][..], &["--staged"], &["--history"]] {
        let answer = audit("submodules", &place, &repository.path, mode);
        assert!(!answer.stdout.contains("plain.yaml"), "{}", answer.stdout);
    }
}

#[test]
fn settings_that_say_the_files_are_elsewhere_are_no_way_out() {
    let (place, repository) = sound();
    let outside = place.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("plain.yaml"), secret("outside")).unwrap();
    let settings = fs::read_to_string(repository.path(".git/config")).unwrap();
    for extra in [
        "[core]\n\tworktree = ../../outside\n",
        "[core]\n\tworktree = /\n",
        "[core]\n\tbare = true\n",
        "[core]\n\tsparseCheckout = true\n\tuntrackedCache = true\n\tsplitIndex = true\n",
        "[core]\n\trepositoryformatversion = 99\n",
        "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tunknown = 1\n",
        "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n",
        "[core]\n\trepositoryformatversion = 1\n[extensions]\n\trefStorage = reftable\n",
        "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = origin\n",
        "[include]\n\tpath = config\n",
        "[core\n\tbroken",
        "\u{0}\u{0}",
    ] {
        repository.write(".git/config", format!("{settings}{extra}"));
        for mode in [&[][..], &["--staged"], &["--history"]] {
            audit(extra, &place, &repository.path, mode);
        }
    }
    // Objects in a way that is not understood are not called looked at.
    for (name, flag) in [
        ("sha256", "--object-format=sha256"),
        ("reftable", "--ref-format=reftable"),
    ] {
        let folder = place.path().join(name);
        let made = repository
            .command(&["init", "--quiet", flag, folder.to_str().unwrap()])
            .output();
        // An older git has no such format.
        if made.is_ok_and(|output| output.status.success()) {
            let other = place.existing(name);
            other.write("plain.yaml", secret("plain"));
            other.commit("Leak");
            audit(name, &place, &other.path, &["--history"]).exits(name, &[1, 2, 3]);
        }
    }
}

#[test]
fn marks_in_the_index_hide_nothing() {
    let (place, repository) = sound();
    repository.write("k8s/leak.yaml", secret("leak"));
    repository.git(&["add", "--all"]);
    for mark in ["--assume-unchanged", "--skip-worktree"] {
        repository.git(&["update-index", mark, "k8s/leak.yaml"]);
        repository.remove("k8s/leak.yaml");
        for mode in [&[][..], &["--staged"]] {
            audit(mark, &place, &repository.path, mode).exits(mark, &[1]);
        }
        repository.write("k8s/leak.yaml", sealed("leak"));
        audit(mark, &place, &repository.path, &[]).exits(mark, &[1]);
    }
    // Intended to be added: nothing is in the index yet, but the file is there.
    let (place, repository) = sound();
    repository.write("k8s/leak.yaml", secret("leak"));
    repository.git(&["add", "--intent-to-add", "k8s/leak.yaml"]);
    audit("intended", &place, &repository.path, &[]).exits("intended", &[1]);
    // The other versions of an index.
    for version in ["2", "3", "4"] {
        repository.git(&["update-index", "--index-version", version]);
        audit(version, &place, &repository.path, &[]).exits(version, &[1]);
    }
    // Three versions of a file in a conflict.
    let (place, repository) = sound();
    repository.git(&["checkout", "--quiet", "-b", "side"]);
    repository.write("k8s/0.yaml", secret("side"));
    repository.commit("Side");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.write("k8s/0.yaml", sealed("main"));
    repository.commit("Main");
    let merge = repository
        .command(&["merge", "--quiet", "side"])
        .output()
        .unwrap();
    assert!(!merge.status.success());
    repository.write("k8s/0.yaml", sealed("mine"));
    audit("a conflict", &place, &repository.path, &[]).exits("a conflict", &[1, 3]);
    // Nothing of it can be committed before it is resolved.
    audit("a conflict", &place, &repository.path, &["--staged"]);
}

#[test]
fn an_empty_repository_and_an_empty_folder_are_no_harm() {
    let place = Place::new();
    let repository = place.repository("repo");
    fs::create_dir(place.path().join("folder")).unwrap();
    for mode in [&[][..], &["--staged"], &["--history"]] {
        audit("empty", &place, &repository.path, mode);
    }
    audit("folder", &place, &place.path().join("folder"), &[]);
    for missing in ["nowhere", "/dev/null", ""] {
        audit("missing", &place, place.path(), &[missing]).exits("missing", &[2, 3]);
    }
}
