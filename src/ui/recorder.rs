//! A double of the terminal for tests of commands: keeps what is printed, gives prepared answers.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::Ui;
use super::prompt::Ask;

#[derive(Default)]
struct Tape {
    out: Vec<u8>,
    err: Vec<u8>,
    asked: Vec<String>,
    answers: VecDeque<String>,
    /// What the next write to standard output fails with.
    refusal: Option<io::ErrorKind>,
}

/// What a [`Ui`] printed and asked.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Tape>>);

impl Recorder {
    /// Without answers there is no terminal.
    pub(crate) fn new(answers: &[&str]) -> Self {
        let recorder = Recorder::default();
        recorder.with(|tape| tape.answers = answers.iter().map(|a| String::from(*a)).collect());
        recorder
    }

    /// A `Ui` that prints to this recorder, as if on a terminal without colours, or to a file.
    pub(crate) fn ui(&self, on_terminal: bool, quiet: bool) -> Ui {
        let out = Stream {
            to: self.clone(),
            is_err: false,
        };
        let err = Stream {
            to: self.clone(),
            is_err: true,
        };
        Ui {
            out: Box::new(out),
            err: Box::new(err),
            ask: Box::new(self.clone()),
            out_closed: false,
            err_is_terminal: on_terminal,
            quiet,
            progress: None,
        }
    }

    /// What went to standard output.
    pub(crate) fn out(&self) -> Vec<u8> {
        self.with(|tape| tape.out.clone())
    }

    /// What went to standard error, without styles but with what moves the cursor.
    pub(crate) fn err(&self) -> String {
        let text = self.with(|tape| String::from_utf8_lossy(&tape.err).into_owned());
        // Cursor movements would be stripped with the styles.
        let parts = text.split(super::CLEAR);
        let parts: Vec<_> = parts
            .map(|part| anstream::adapter::strip_str(part).to_string())
            .collect();
        parts.join("<clear>")
    }

    /// The prompts shown.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.with(|tape| tape.asked.clone())
    }

    /// Makes the next write to standard output fail.
    pub(crate) fn refuse_output(&self, with: io::ErrorKind) {
        self.with(|tape| tape.refusal = Some(with));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Tape) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, prompt: &str) -> io::Result<String> {
        self.with(|tape| {
            let answer = tape.answers.pop_front();
            let answer = answer.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?;
            tape.asked.push(prompt.to_owned());
            Ok(answer)
        })
    }
}

impl Ask for Recorder {
    fn hidden(&mut self, prompt: &str) -> io::Result<Zeroizing<String>> {
        self.answer(prompt).map(Zeroizing::new)
    }

    fn line(&mut self, prompt: &str) -> io::Result<String> {
        self.answer(prompt)
    }
}

struct Stream {
    to: Recorder,
    is_err: bool,
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.with(|tape| {
            if self.is_err {
                tape.err.extend_from_slice(bytes);
            } else if let Some(refusal) = tape.refusal.take() {
                return Err(refusal.into());
            } else {
                tape.out.extend_from_slice(bytes);
            }
            Ok(bytes.len())
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
