#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use std::time::Duration;

#[test]
fn data_is_written_byte_for_byte() {
    let recorder = Recorder::default();
    let all: Vec<u8> = (0..=255).collect();
    recorder.ui(true, true).data(&all).unwrap();
    assert_eq!(recorder.out(), all);
    assert_eq!(recorder.err(), "");
}

#[test]
fn an_answer_has_a_line_for_each_line_and_no_more() {
    let recorder = Recorder::default();
    let lines = ["a", "b\nc\x1b[2J"];
    recorder.ui(true, true).answer(&lines).unwrap();
    assert_eq!(recorder.out(), b"a\nb\\u{a}c\\u{1b}[2J\n");
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let recorder = Recorder::default();
    let mut ui = recorder.ui(false, false);
    recorder.refuse_output(io::ErrorKind::BrokenPipe);
    ui.data(b"first").unwrap();
    assert!(ui.is_closed());
    ui.data(b"second").unwrap();
    assert_eq!(recorder.out(), b"");
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_of_the_system_is_no_error() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut ui = Recorder::default().ui(false, false);
    ui.out = Box::new(writer);
    ui.data(b"data").unwrap();
    assert!(ui.is_closed());
}

#[test]
fn a_full_disk_is_an_error() {
    let recorder = Recorder::default();
    let mut ui = recorder.ui(false, false);
    recorder.refuse_output(io::ErrorKind::StorageFull);
    let error = ui.data(b"data").unwrap_err();
    assert_eq!(error.kind(), Kind::Io);
    assert_eq!(error.file(), Some("standard output"));
    assert!(!ui.is_closed());
}

#[test]
fn quiet_keeps_errors_and_warnings() {
    for (quiet, expected) in [
        (
            false,
            "error: a\nwarning: b\nwarning: c\nnote: d\nhint: e\n",
        ),
        (true, "error: a\nwarning: b\nwarning: c\n"),
    ] {
        let recorder = Recorder::default();
        let mut ui = recorder.ui(false, quiet);
        ui.error(&Error::new(Kind::Input, "a"));
        ui.warn_of(&Error::new(Kind::Input, "b"));
        ui.warning("c");
        ui.note("d");
        ui.hint("e");
        assert_eq!(recorder.err(), expected);
        assert_eq!(recorder.out(), b"");
    }
}

#[test]
fn messages_cannot_move_the_cursor() {
    let recorder = Recorder::default();
    recorder.ui(true, false).note("file \x1b[2J\r\n is sealed");
    assert_eq!(
        recorder.err(),
        "note: file \\u{1b}[2J\\u{d}\\u{a} is sealed\n"
    );
}

#[test]
fn progress_gives_way_to_messages() {
    let start = Instant::now();
    let recorder = Recorder::default();
    let mut ui = recorder.ui(true, false);
    ui.progress_at(start, "a.yaml", 1, 3);
    ui.note("early");
    ui.progress_at(start + Duration::from_millis(500), "b.yaml", 2, 3);
    ui.note("late");
    ui.progress_at(start + Duration::from_millis(510), "c.yaml", 3, 3);
    ui.end_progress();
    ui.note("end");
    assert_eq!(
        recorder.err(),
        "note: early\n<clear>2/3 b.yaml<clear>note: late\n<clear>3/3 c.yaml<clear>note: end\n"
    );
}

#[test]
fn progress_is_for_terminals_that_want_it() {
    let start = Instant::now();
    for (on_terminal, quiet) in [(false, false), (true, true)] {
        let recorder = Recorder::default();
        let mut ui = recorder.ui(on_terminal, quiet);
        ui.progress_at(start, "a", 1, 2);
        ui.progress_at(start + Duration::from_secs(1), "a", 2, 2);
        assert_eq!(recorder.err(), "");
    }
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let mut ui = Recorder::default().ui(false, false);
    let error = ui.passphrase("passphrase", "set THE_VARIABLE").unwrap_err();
    assert_eq!(
        error.message(),
        "cannot ask for a passphrase without a terminal"
    );
    assert_eq!(error.hints(), ["set THE_VARIABLE"]);
    assert_eq!(error.kind(), Kind::Usage);
    let error = ui.confirm("go on?", "add --yes").unwrap_err();
    assert_eq!(error.message(), "cannot ask a question without a terminal");
}

#[test]
fn answers_are_read_and_prompts_made_safe() {
    let recorder = Recorder::new(&["secret words", "maybe\n", "YES\n", "\n"]);
    let mut ui = recorder.ui(true, false);
    let answer = ui.passphrase("passphrase of a\x1b[2J", "").unwrap();
    assert_eq!(*answer, "secret words");
    assert!(ui.confirm("go on?", "").unwrap());
    assert!(!ui.confirm("go on?", "").unwrap());
    assert_eq!(
        recorder.asked(),
        [
            "passphrase of a\\u{1b}[2J: ",
            "go on? [y/N] ",
            "go on? [y/N] ",
            "go on? [y/N] "
        ]
    );
    assert_eq!(recorder.err(), "warning: answer `y` or `n`\n");
    assert!(!recorder.err().contains("secret"));
}

#[test]
fn a_new_passphrase_is_asked_until_it_is_agreed_on() {
    let recorder = Recorder::new(&["", "a", "b", "c", "c"]);
    let answer = recorder
        .ui(true, false)
        .new_passphrase("new passphrase", "");
    assert_eq!(*answer.unwrap(), "c");
    let recorder = Recorder::new(&["a", "b", "a", "b", "a", "b", "a", "a"]);
    let error = recorder
        .ui(true, false)
        .new_passphrase("new passphrase", "");
    assert_eq!(error.unwrap_err().kind(), Kind::Input);
}
