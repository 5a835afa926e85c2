//! Edits of a source text by byte spans: everything outside the spans stays.

use std::ops::Range;

use zeroize::Zeroize;

/// Replacements of spans, gathered in any order and applied at once.
#[derive(Default)]
pub struct Edits {
    edits: Vec<Edit>,
    /// The new texts, one after the other; may hold secrets.
    texts: Vec<u8>,
    sorted: bool,
}

#[derive(Clone, Debug)]
struct Edit {
    span: Range<usize>,
    text: Range<usize>,
}

impl Drop for Edits {
    fn drop(&mut self) {
        self.texts.as_mut_slice().zeroize();
    }
}

impl Edits {
    /// No edits, with room for `texts` bytes of new text: secrets are not left behind by growth.
    pub fn with_capacity(texts: usize) -> Self {
        Edits {
            edits: Vec::new(),
            texts: Vec::with_capacity(texts),
            sorted: true,
        }
    }

    /// Nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Replaces `span` by what `write` appends.
    pub fn replace_with<E>(
        &mut self,
        span: Range<usize>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.texts.len();
        if let Err(error) = write(&mut self.texts) {
            self.texts.truncate(start);
            return Err(error);
        }
        self.sorted &= self
            .edits
            .last()
            .is_none_or(|last| last.span.end <= span.start);
        self.edits.push(Edit {
            span,
            text: start..self.texts.len(),
        });
        Ok(())
    }

    /// Replaces `span` by `text`.
    pub fn replace(&mut self, span: Range<usize>, text: &[u8]) {
        let _: Result<(), std::convert::Infallible> = self.replace_with(span, |out| {
            out.extend_from_slice(text);
            Ok(())
        });
    }

    /// Applies the edits to `source[range]` and appends the result to `out`. Of edits that
    /// overlap, the one that starts first (and of these the longest) wins.
    pub fn apply(&mut self, source: &[u8], range: Range<usize>, out: &mut Vec<u8>) {
        out.reserve(range.len() + self.texts.len());
        self.apply_with(source, range, out, |text, out| out.extend_from_slice(text));
    }

    /// As [`Edits::apply`]; `write` appends each new text.
    pub fn apply_with(
        &mut self,
        source: &[u8],
        range: Range<usize>,
        out: &mut Vec<u8>,
        mut write: impl FnMut(&[u8], &mut Vec<u8>),
    ) {
        if !self.sorted {
            self.edits.sort_by_key(|e| {
                (
                    e.span.start,
                    !e.span.is_empty(),
                    std::cmp::Reverse(e.span.end),
                )
            });
            self.sorted = true;
        }
        let mut done = range.start;
        for edit in self.edits.iter().take_while(|e| e.span.end <= range.end) {
            if edit.span.start < done && !(edit.span.start == done && edit.span.is_empty()) {
                continue;
            }
            out.extend_from_slice(source.get(done..edit.span.start).unwrap_or(&[]));
            write(&self.texts[edit.text.clone()], out);
            done = edit.span.end;
        }
        out.extend_from_slice(source.get(done..range.end).unwrap_or(&[]));
    }
}
