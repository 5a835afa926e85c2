//! The only place that prints, and the only one that asks.
//!
//! Data goes to standard output, byte for byte. Words go to standard error: `error:`, `warning:`,
//! `note:` and `hint:` lines without capital and full stop, coloured on a terminal only. The
//! environment decides as usual: `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM=dumb`.

mod progress;
mod prompt;
mod render;
mod text;

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use secrets::{Error, Kind, Result};
use zeroize::Zeroizing;

use progress::{CLEAR, Progress};
use prompt::{Ask, Terminal};
use render::Level;
use text::printable;

/// How often a new passphrase may differ from its repetition.
const NEW_PASSPHRASE_ATTEMPTS: usize = 3;

/// The face of the program.
pub(crate) struct Ui {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    ask: Box<dyn Ask>,
    /// Nobody reads standard output any more.
    out_closed: bool,
    err_is_terminal: bool,
    quiet: bool,
    progress: Option<Progress>,
}

impl Ui {
    /// Standard output and standard error. `quiet` silences notes and progress; errors and warnings
    /// are never silenced.
    pub(crate) fn new(quiet: bool) -> Self {
        Ui {
            out: unbuffered_stdout(),
            err: Box::new(anstream::stderr()),
            ask: Box::new(Terminal),
            out_closed: false,
            err_is_terminal: io::stderr().is_terminal(),
            quiet,
            progress: None,
        }
    }

    /// Writes data to standard output, unchanged and at once: give it whole, not in small pieces.
    ///
    /// A reader that has gone away (`| head`) is no error; see [`Ui::is_closed`].
    ///
    /// # Errors
    ///
    /// [`Kind::Io`] if the system refuses, for instance because the disk is full.
    pub(crate) fn data(&mut self, bytes: &[u8]) -> Result<()> {
        self.clear_progress();
        if self.out_closed {
            return Ok(());
        }
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.out_closed = true;
                Ok(())
            }
            Err(error) => {
                let name = std::path::Path::new("standard output");
                Err(match error.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::new(
                        Kind::Io,
                        "cannot write the output",
                    )
                    .in_file(name.to_string_lossy())
                    .because("no space is left where standard output goes")
                    .hint(
                        "make room there and run the command again; what was written is not whole",
                    ),
                    _ => secrets::fsio::io_error("write the output", name, &error),
                })
            }
            Ok(()) => Ok(()),
        }
    }

    /// Writes an answer in words to standard output, a line each. Names in it may come from anywhere:
    /// what acts on a terminal, line breaks included, is shown and not sent.
    ///
    /// # Errors
    ///
    /// As [`Ui::data`].
    pub(crate) fn answer<T: AsRef<str>>(&mut self, lines: &[T]) -> Result<()> {
        let mut text = String::new();
        for line in lines {
            text.push_str(&printable(line.as_ref()));
            text.push('\n');
        }
        self.data(text.as_bytes())
    }

    /// Whether the reader of standard output has gone away, so that more data is wasted work.
    pub(crate) fn is_closed(&self) -> bool {
        self.out_closed
    }

    /// Whether a person reads standard output, as far as colours are concerned.
    pub(crate) fn out_has_colours(&self) -> bool {
        anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
    }

    /// Says what failed.
    pub(crate) fn error(&mut self, error: &Error) {
        self.words(&render::error(Level::Error, error));
    }

    /// Says what failed but does not stop the work.
    pub(crate) fn warn_of(&mut self, error: &Error) {
        self.words(&render::error(Level::Warning, error));
    }

    /// Says what the reader should know before going on.
    pub(crate) fn warning(&mut self, text: &str) {
        self.words(&render::message(Level::Warning, text));
    }

    /// Says what happened.
    pub(crate) fn note(&mut self, text: &str) {
        if !self.quiet {
            self.words(&render::message(Level::Note, text));
        }
    }

    /// Says what to do next.
    pub(crate) fn hint(&mut self, text: &str) {
        if !self.quiet {
            self.words(&render::message(Level::Hint, text));
        }
    }

    /// Says how far the work is: `done` of `of`, and what is being done. Shown if standard error is a
    /// terminal and the work takes its time.
    pub(crate) fn progress(&mut self, what: &str, done: usize, of: usize) {
        self.progress_at(Instant::now(), what, done, of);
    }

    /// Ends the work that [`Ui::progress`] was about.
    pub(crate) fn end_progress(&mut self) {
        self.clear_progress();
        self.progress = None;
    }

    /// Asks for a passphrase, without echo, on the terminal, also if input and output are piped.
    /// `instead` is the hint for those without a terminal.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`] if there is no terminal, [`Kind::Io`] if it fails or the question is refused.
    pub(crate) fn passphrase(&mut self, prompt: &str, instead: &str) -> Result<Zeroizing<String>> {
        self.clear_progress();
        let prompt = format!("{}: ", printable(prompt));
        let answer = self.ask.hidden(&prompt);
        answer.map_err(|error| cannot_ask("ask for a passphrase", &error, instead))
    }

    /// Asks for a new passphrase, twice, until both are the same and not empty.
    ///
    /// # Errors
    ///
    /// As [`Ui::passphrase`]; [`Kind::Input`] after three attempts.
    pub(crate) fn new_passphrase(
        &mut self,
        prompt: &str,
        instead: &str,
    ) -> Result<Zeroizing<String>> {
        for _ in 0..NEW_PASSPHRASE_ATTEMPTS {
            let first = self.passphrase(prompt, instead)?;
            if first.is_empty() {
                self.warning("the passphrase is empty, try again");
                continue;
            }
            if *first == *self.passphrase("again", instead)? {
                return Ok(first);
            }
            self.warning("the passphrases differ, try again");
        }
        Err(Error::new(Kind::Input, "no passphrase was agreed on").hint("run the command again"))
    }

    /// Asks a question for yes or no, on the terminal. An empty answer is no.
    ///
    /// # Errors
    ///
    /// As [`Ui::passphrase`].
    pub(crate) fn confirm(&mut self, question: &str, instead: &str) -> Result<bool> {
        self.clear_progress();
        let prompt = format!("{} [y/N] ", printable(question));
        loop {
            let answer = self.ask.line(&prompt);
            let answer = answer.map_err(|error| cannot_ask("ask a question", &error, instead))?;
            match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "" | "n" | "no" => return Ok(false),
                _ => self.warning("answer `y` or `n`"),
            }
        }
    }

    fn progress_at(&mut self, now: Instant, what: &str, done: usize, of: usize) {
        if !self.err_is_terminal || self.quiet {
            return;
        }
        let progress = self.progress.get_or_insert_with(|| Progress::starting(now));
        if let Some(line) = progress.draw(now, what, done, of) {
            self.raw(&line);
        }
    }

    fn clear_progress(&mut self) {
        if self.progress.as_ref().is_some_and(Progress::is_shown) {
            self.raw(CLEAR);
            if let Some(progress) = &mut self.progress {
                progress.hide();
            }
        }
    }

    fn words(&mut self, text: &str) {
        self.clear_progress();
        self.raw(text);
    }

    fn raw(&mut self, text: &str) {
        // There is nowhere left to say that standard error is gone.
        let _ = self.err.write_all(text.as_bytes());
        let _ = self.err.flush();
    }
}

/// Says, in a panic, where it happened, and nothing of what was being worked on.
pub(crate) fn internal_error(place: &str) {
    let mut err = anstream::stderr();
    let text = render::message(
        Level::Error,
        &format!("internal error at {}", printable(place)),
    );
    let hint = render::message(Level::Hint, "please report this, with the command you ran");
    // There is nowhere left to say that standard error is gone.
    let _ = err.write_all(text.as_bytes());
    let _ = err.write_all(hint.as_bytes());
}

/// Standard output without the buffer of std, in which plaintext would stay.
fn unbuffered_stdout() -> Box<dyn Write + Send> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        if let Ok(fd) = io::stdout().as_fd().try_clone_to_owned() {
            return Box::new(std::fs::File::from(fd));
        }
    }
    Box::new(io::stdout())
}

fn cannot_ask(action: &str, error: &io::Error, instead: &str) -> Error {
    match error.kind() {
        io::ErrorKind::NotConnected => {
            Error::new(Kind::Usage, format!("cannot {action} without a terminal")).hint(instead)
        }
        io::ErrorKind::UnexpectedEof | io::ErrorKind::Interrupted => {
            Error::new(Kind::Io, "the question was not answered").hint(instead)
        }
        _ => Error::new(Kind::Io, format!("cannot {action}"))
            .because(error.to_string())
            .hint(instead),
    }
}

#[cfg(test)]
pub(crate) use recorder::Recorder;

#[cfg(test)]
#[path = "ui/recorder.rs"]
mod recorder;

#[cfg(test)]
#[path = "ui/tests.rs"]
mod tests;
