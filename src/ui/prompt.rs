//! Questions to the person at the terminal.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};

use zeroize::Zeroizing;

/// What can ask. Its methods fail with [`io::ErrorKind::NotConnected`] if there is nobody to ask.
pub(crate) trait Ask: Send {
    /// Shows `prompt` and reads a line without echo.
    fn hidden(&mut self, prompt: &str) -> io::Result<Zeroizing<String>>;
    /// Shows `prompt` and reads a line.
    fn line(&mut self, prompt: &str) -> io::Result<String>;
}

/// The terminal that controls the process, also when input and output are piped.
pub(crate) struct Terminal;

#[cfg(unix)]
const INPUT: &str = "/dev/tty";
#[cfg(unix)]
const OUTPUT: &str = "/dev/tty";
#[cfg(windows)]
const INPUT: &str = "CONIN$";
#[cfg(windows)]
const OUTPUT: &str = "CONOUT$";

impl Terminal {
    fn open() -> io::Result<(File, File)> {
        let open = |name| File::options().read(true).write(true).open(name);
        match (open(INPUT), open(OUTPUT)) {
            (Ok(input), Ok(output)) => Ok((input, output)),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Ask for Terminal {
    fn hidden(&mut self, prompt: &str) -> io::Result<Zeroizing<String>> {
        Terminal::open()?;
        rpassword::prompt_password(prompt).map(Zeroizing::new)
    }

    fn line(&mut self, prompt: &str) -> io::Result<String> {
        let (input, mut output) = Terminal::open()?;
        output.write_all(prompt.as_bytes())?;
        output.flush()?;
        let mut line = String::new();
        if BufReader::new(input).read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }
}
