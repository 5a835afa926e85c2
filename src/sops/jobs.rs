//! Ciphertext in the place of stand-ins, on all cores.

use std::ops::Range;

use rayon::prelude::*;

use super::cipher::Cipher;
use super::iv::{Iv, IvSource};
use super::reseal::Kept;
use super::selector::Selector;
use super::stand_in::{Found, self_check};
use crate::document::scalar::ScalarType;
use crate::error::{Error, Kind, Result};

/// Values that one core seals at a time.
const CHUNK: usize = 512;

/// What goes over a stand-in.
pub(super) enum Plain {
    /// The leaf with this number among those that were found.
    Leaf(usize),
    /// A comment's text, by its place in the source.
    Comment(Range<usize>),
}

/// A stand-in in the skeleton and what goes over it. There are as many as values: the numbers are
/// small on purpose.
struct Job {
    at: (u32, u32),
    /// The key path, in [`Jobs::aads`].
    aad: (u32, u32),
    /// The number of a leaf, or the end of a comment's text.
    plain: u32,
    /// Where a comment's text starts; 0 for a leaf, for no comment's text does.
    comment: u32,
}

/// Everything that is to be sealed in a document.
#[derive(Default)]
pub(super) struct Jobs {
    jobs: Vec<Job>,
    aads: String,
}

/// What is sealed, and how.
pub(super) struct Secrets<'a> {
    /// The leaves.
    pub(super) found: &'a [Found<'a>],
    /// The source, for comments.
    pub(super) text: &'a str,
    pub(super) cipher: &'a Cipher,
    pub(super) selector: &'a Selector,
    /// What keeps its nonce, and the number of the document.
    pub(super) kept: Option<(&'a Kept, usize)>,
}

impl Secrets<'_> {
    /// What goes over a stand-in.
    fn plain(&self, job: &Job) -> Result<(&[u8], ScalarType)> {
        if job.comment == 0 {
            let found = self.found.get(job.plain as usize);
            let value = &found.ok_or_else(overlap)?.value;
            return Ok((&value.canonical, value.ty));
        }
        let text = self.text.get(job.comment as usize..job.plain as usize);
        Ok((text.ok_or_else(overlap)?.as_bytes(), ScalarType::Comment))
    }
}

impl Jobs {
    /// Takes down that `plain` goes over `at` in the skeleton, sealed with the key path `aad`.
    pub(super) fn add(&mut self, at: Range<usize>, aad: &str, plain: Plain) -> Result<()> {
        // The items of a list have the same path.
        let last = self.jobs.last().map(|job| job.aad);
        let aad = match last.filter(|last| self.aad(*last) == aad) {
            Some(last) => last,
            None => {
                let start = self.aads.len();
                self.aads.push_str(aad);
                (narrow(start)?, narrow(self.aads.len())?)
            }
        };
        let (plain, comment) = match plain {
            Plain::Leaf(number) => (number, 0),
            Plain::Comment(text) => (text.end, text.start),
        };
        self.jobs.push(Job {
            at: (narrow(at.start)?, narrow(at.end)?),
            aad,
            plain: narrow(plain)?,
            comment: narrow(comment)?,
        });
        Ok(())
    }

    fn aad(&self, (start, end): (u32, u32)) -> &str {
        self.aads
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// Seals everything, each over its stand-in.
    ///
    /// # Errors
    /// A comment that would not be opened again, see [`Selector::exempts_encrypted_comment`].
    pub(super) fn seal_over(
        mut self,
        skeleton: &mut [u8],
        secrets: &Secrets<'_>,
        ivs: &mut IvSource,
    ) -> Result<()> {
        // A comment beside a value is met before it.
        if !self.jobs.is_sorted_by_key(|job| job.at) {
            self.jobs.sort_unstable_by_key(|job| job.at);
        }
        let kept = match secrets.kept {
            Some((kept, document)) => kept.ivs(document, self.leaves(secrets))?,
            None => Vec::new(),
        };
        if self.jobs.len() <= CHUNK {
            return self.seal_chunk((&self.jobs, &kept), skeleton, 0, secrets, ivs);
        }
        let mut chunks = Vec::with_capacity(self.jobs.len() / CHUNK + 1);
        let (mut rest, mut done) = (skeleton, 0);
        let kept_chunks = kept.chunks(CHUNK).chain(std::iter::repeat(&[][..]));
        for (jobs, kept) in self.jobs.chunks(CHUNK).zip(kept_chunks) {
            let end = jobs.last().map_or(done, |job| job.at.1 as usize);
            let (chunk, behind) = rest
                .split_at_mut_checked(end.saturating_sub(done))
                .ok_or_else(overlap)?;
            chunks.push(((jobs, kept), chunk, done, ivs.split()));
            (rest, done) = (behind, end);
        }
        chunks
            .into_par_iter()
            .try_for_each(|(jobs, chunk, start, mut ivs)| {
                self.seal_chunk(jobs, chunk, start, secrets, &mut ivs)
            })
    }

    /// What is to be sealed, with its key path.
    fn leaves<'l>(
        &'l self,
        secrets: &'l Secrets<'_>,
    ) -> impl Iterator<Item = Result<(&'l str, ScalarType, &'l [u8])>> {
        self.jobs.iter().map(|job| {
            let (plain, ty) = secrets.plain(job)?;
            Ok((self.aad(job.aad), ty, plain))
        })
    }

    /// Seals jobs in a part of the skeleton that starts at `start`. A nonce that is kept is used again; jobs
    /// without one get a fresh one.
    fn seal_chunk(
        &self,
        (jobs, kept): (&[Job], &[Option<Iv>]),
        chunk: &mut [u8],
        start: usize,
        secrets: &Secrets<'_>,
        ivs: &mut IvSource,
    ) -> Result<()> {
        let mut scratch = Vec::new();
        let mut done = start;
        for (number, job) in jobs.iter().enumerate() {
            let (from, to) = (job.at.0 as usize, job.at.1 as usize);
            if from < done {
                return Err(overlap());
            }
            done = to;
            let out = chunk
                .get_mut(from - start..to - start)
                .ok_or_else(overlap)?;
            let (plain, ty) = secrets.plain(job)?;
            let aad = self.aad(job.aad).as_bytes();
            let kept = kept.get(number).copied().flatten();
            let iv = kept.unwrap_or_else(|| ivs.next_iv());
            secrets
                .cipher
                .seal_over(out, &mut scratch, plain, aad, ty, &iv)?;
            if ty == ScalarType::Comment {
                let sealed = std::str::from_utf8(out).unwrap_or_default();
                if secrets.selector.exempts_encrypted_comment(sealed) {
                    return Err(Error::new(
                        Kind::Config,
                        "an encrypted comment would match `unencrypted_comment_regex`",
                    )
                    .hint("make the expression one that ciphertext cannot match"));
                }
            }
        }
        Ok(())
    }
}

fn overlap() -> Error {
    self_check("two stand-ins overlap")
}

fn narrow(number: usize) -> Result<u32> {
    u32::try_from(number).map_err(|_| self_check("the sealed text would be too large"))
}
