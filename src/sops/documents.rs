//! The documents of a file: reading them, and finding their metadata.

use std::ops::Range;

use rayon::prelude::*;

use super::insertion::removal;
use super::walk::{METADATA_KEY, Source, key_text};
use crate::document::place::place_of;
use crate::document::tree::{Document, NodeId, NodeKind};
use crate::document::yaml::parts::{Part, parts};
use crate::document::{Format, json, yaml};
use crate::error::{Error, Kind, Result};

/// The documents of a text, one at a time.
pub(super) fn for_each_document(
    text: &[u8],
    format: Format,
    mut each: impl FnMut(&Source<'_>, &Document, usize, usize) -> Result<()>,
) -> Result<()> {
    match format {
        Format::Yaml => {
            let mut stream = yaml::Stream::new(text).map_err(|e| syntax_error(text, &e))?;
            let source = Source {
                text: stream.text(),
                format,
                lines_before: 0,
            };
            each_of(&mut stream, &source, 0, each)
        }
        Format::Json => {
            let document = json::parse(text).map_err(|e| syntax_error(text, &e))?;
            let source = Source {
                text: std::str::from_utf8(text).unwrap_or(""),
                format,
                lines_before: 0,
            };
            each(&source, &document, 0, text.len())
        }
    }
}

/// The documents that are left in a stream; `number` is that of the first one.
fn each_of(
    stream: &mut yaml::Stream<'_>,
    source: &Source<'_>,
    mut number: usize,
    mut each: impl FnMut(&Source<'_>, &Document, usize, usize) -> Result<()>,
) -> Result<()> {
    let syntax = |e| syntax_error(source.text.as_bytes(), &e);
    while let Some(document) = stream.next_document().map_err(syntax)? {
        each(source, &document, number, stream.position())?;
        number += 1;
    }
    Ok(())
}

/// Texts up to this length are worked through on one core: starting the others takes longer.
const SHORT: usize = 128 * 1024;

/// How much of a long text one core works on at a time, in bytes.
const PART: usize = 64 * 1024;

/// How many parts are in memory at once.
const GROUP: usize = 32;

/// Does `work` on the documents of a text, on all cores if it is long, and hands what comes of it
/// to `take`, in the order of the text. Gives the end of the last document, 0 if there is none.
///
/// `work` gets a document, its number and its end.
///
/// # Errors
/// The first one in the order of the text.
pub(super) fn work_through<T: Send>(
    text: &[u8],
    format: Format,
    work: impl Fn(&Source<'_>, &Document, usize, usize) -> Result<T> + Sync,
    mut take: impl FnMut(T) -> Result<()> + Send,
) -> Result<usize> {
    if format == Format::Json || text.len() <= SHORT {
        let mut last = 0;
        for_each_document(text, format, |source, document, number, end| {
            last = end;
            take(work(source, document, number, end)?)
        })?;
        return Ok(last);
    }
    let valid = yaml::reader::validate(text).map_err(|e| syntax_error(text, &e))?;
    let source = Source {
        text: valid,
        format,
        lines_before: 0,
    };
    let parts = parts(valid, PART);
    let mut last = 0;
    let mut waiting: &[Part] = &[];
    let mut worked: Vec<Worked<T>> = Vec::new();
    for group in parts.chunks(GROUP).chain([&[][..]]) {
        let (now, taken) = rayon::join(
            || {
                let parts = group.par_iter();
                let work_on = |part| work_on_part(&source, part, &work);
                parts.map(work_on).collect::<Vec<_>>()
            },
            || -> Result<Option<&Part>> {
                for (part, worked) in waiting.iter().zip(worked.drain(..)) {
                    let Some(worked) = worked else {
                        return Ok(Some(part));
                    };
                    for result in worked.results {
                        take(result?)?;
                    }
                    last = worked.end;
                }
                Ok(None)
            },
        );
        if let Some(part) = taken? {
            // What is wrong there, if anything is, shows when the rest is read as a whole.
            let rest = part.range.start..valid.len();
            let mut stream = yaml::Stream::of_part(valid, rest);
            each_of(
                &mut stream,
                &source,
                part.first,
                |source, document, number, end| {
                    last = end;
                    take(work(source, document, number, end)?)
                },
            )?;
            return Ok(last);
        }
        worked = now;
        waiting = group;
    }
    Ok(last)
}

/// What came of the documents of a part; `None` if it is not sound.
type Worked<T> = Option<PartResults<T>>;

struct PartResults<T> {
    results: Vec<Result<T>>,
    end: usize,
}

/// Works on the documents of a part, up to the first error.
fn work_on_part<T>(
    source: &Source<'_>,
    part: &Part,
    work: impl Fn(&Source<'_>, &Document, usize, usize) -> Result<T>,
) -> Worked<T> {
    let mut stream = yaml::Stream::of_part(source.text, part.range.clone());
    let mut results = Vec::new();
    while let Some(document) = stream.next_document().ok()? {
        let number = part.first + results.len();
        let result = work(source, &document, number, stream.position());
        let failed = result.is_err();
        results.push(result);
        if failed {
            break;
        }
    }
    let failed = results.last().is_some_and(Result::is_err);
    let is_sound = failed || results.len() == part.documents;
    is_sound.then(|| PartResults {
        results,
        end: stream.position(),
    })
}

/// The entry of a document's metadata.
pub(super) fn metadata_entry(document: &Document, source: &Source<'_>) -> Option<(NodeId, NodeId)> {
    let root = document.root()?;
    if !matches!(document.kind(root), NodeKind::Mapping { .. }) {
        return None;
    }
    document
        .entries(root)
        .find(|(key, _)| key_text(document, source, *key) == METADATA_KEY)
}

pub(super) fn metadata_range(document: &Document, source: &Source<'_>) -> Option<Range<usize>> {
    let (key, value) = metadata_entry(document, source)?;
    Some(removal(document, source, key, value))
}

/// The node of a document's metadata block.
pub fn metadata_node(document: &Document, source: &Source<'_>) -> Option<NodeId> {
    metadata_entry(document, source).map(|(_, value)| value)
}

/// An error of the YAML or JSON reader, with its place.
pub(crate) fn syntax_error(text: &[u8], error: &yaml::SyntaxError) -> Error {
    let lossy = String::from_utf8_lossy(text);
    let mut out = Error::new(Kind::Input, error.what.clone());
    if let Ok(text) = std::str::from_utf8(text) {
        out = out.at(place_of(text, error.offset));
    } else {
        // The offset counts the original bytes; the readable part before it is what can be shown.
        let valid = std::str::from_utf8(&text[..error.offset.min(text.len())]).map_or(0, str::len);
        out = out.at(place_of(&lossy, valid));
    }
    match error.hint {
        Some(hint) => out.hint(hint),
        None => out,
    }
}
