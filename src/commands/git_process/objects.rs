//! Objects of a repository, one after another from one Git.

use std::io::{Read, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};

use secrets::fsio::MAX_INPUT;
use secrets::secret::SecretBuffer;
use secrets::{Error, Kind};

use super::unexpected;

/// The longest line with which Git announces an object, in bytes.
const MAX_HEADER: usize = 64 * 1024;

/// A running Git that hands out objects.
pub(crate) struct Objects {
    child: Child,
    requests: Option<ChildStdin>,
    answers: ChildStdout,
}

impl Objects {
    /// A process of `git cat-file --batch` with its pipes.
    pub(super) fn new(child: Child, requests: ChildStdin, answers: ChildStdout) -> Self {
        Objects {
            child,
            requests: Some(requests),
            answers,
        }
    }

    /// The bytes of a blob, by its name or by `:path` and `HEAD:path`; `None` if there is none, or something other than
    /// a blob. After an error no further object can be read.
    ///
    /// # Errors
    /// It is larger than any text that is read, or Git fails.
    pub(crate) fn blob(&mut self, name: &[u8]) -> Result<Option<SecretBuffer>, Error> {
        let io = |_| unexpected("cat-file");
        if name.contains(&b'\n') {
            // Older Git cannot be asked for it in this way.
            return Ok(None);
        }
        if let Some(requests) = &mut self.requests {
            requests.write_all(&[name, b"\n"].concat()).map_err(io)?;
            requests.flush().map_err(io)?;
        }
        let header = self.header()?;
        let words: Vec<&[u8]> = header.split(|byte| *byte == b' ').collect();
        let (ty, size) = match words.as_slice() {
            [.., b"missing"] | [.., b"ambiguous"] => return Ok(None),
            [_, ty, size] => (*ty, std::str::from_utf8(size).ok()),
            _ => return Err(unexpected("cat-file")),
        };
        let size: u64 = size
            .and_then(|size| size.parse().ok())
            .ok_or_else(|| unexpected("cat-file"))?;
        if size > MAX_INPUT {
            let limit = MAX_INPUT >> 20;
            return Err(Error::new(Kind::Input, "the staged file is too large")
                .because(format!("it has more than {limit} MiB")));
        }
        let size = usize::try_from(size).map_err(|_| unexpected("cat-file"))?;
        // With the line break behind it.
        let mut bytes = SecretBuffer::zeroed(size + 1);
        self.answers.read_exact(&mut bytes).map_err(io)?;
        bytes.truncate(size);
        Ok((ty == b"blob").then_some(bytes))
    }

    /// A line, read byte by byte: what follows may be plaintext, and must not stay in a buffer.
    fn header(&mut self) -> Result<Vec<u8>, Error> {
        let mut line = Vec::new();
        let mut byte = [0];
        while line.len() < MAX_HEADER {
            let read = self.answers.read_exact(&mut byte);
            read.map_err(|_| unexpected("cat-file"))?;
            if byte == *b"\n" {
                return Ok(line);
            }
            line.extend_from_slice(&byte);
        }
        Err(unexpected("cat-file"))
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It ends when there is nothing to ask for, but not if nobody reads an answer.
        drop(self.requests.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads everything into memory that is wiped, also when it grows.
pub(super) fn read_secret(mut source: impl Read) -> std::io::Result<SecretBuffer> {
    const STEP: usize = 64 * 1024;
    let mut all = SecretBuffer::with_capacity(STEP);
    let mut step = SecretBuffer::zeroed(STEP);
    loop {
        let read = source.read(&mut step)?;
        if read == 0 {
            return Ok(all);
        }
        all.push(step.get(..read).unwrap_or_default());
        if all.len() as u64 > MAX_INPUT {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
    }
}
