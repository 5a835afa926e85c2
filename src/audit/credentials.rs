//! Credentials anywhere: recognised by their own shape, with checksums where the format has one.
//!
//! [`check`] looks at a text in two ways. `anchors` finds the places where a credential can begin, by literals and
//! by long `runs`, and the matchers of the other rooms say whether there is one: `shapes` and `vendors` for tokens,
//! `age` and `pem` for keys, `documents`, `addresses`, `jwt`, `hashes`, `frameworks`, `dumps`. `peel` takes base64
//! off and begins again. `files` knows files that are credentials by their name. What two of them found in one
//! place is reported once, by the one that says more.

mod addresses;
mod age;
mod anchors;
mod assigned;
mod bytes;
mod checksums;
mod documents;
mod dumps;
mod escapes;
mod files;
mod frameworks;
mod hashes;
mod jwt;
mod peel;
mod pem;
mod runs;
mod shapes;
mod skip;
mod token;
mod vendors;

use std::cell::Cell;

use self::anchors::Scan;
use self::documents::lenient as pem_lenient;
use self::token::Token;
use super::finding::Hit;
use super::subject::Subject;

/// How many bytes are decoded and unpacked out of one text: more than values of Secrets and releases of Helm have,
/// and less than nested archives could grow to.
const BUDGET: usize = 64 << 20;

/// Looks for credentials in a text.
pub fn check(subject: &Subject<'_>, hits: &mut Vec<Hit>) {
    let wide = Wide::decode(subject.bytes);
    let text = wide
        .as_ref()
        .map_or(subject.bytes, |wide| wide.text.as_bytes());
    let mut tokens = Vec::new();
    Scan {
        text,
        depth: 0,
        first: false,
        budget: &Cell::new(BUDGET),
    }
    .run(&mut tokens);
    files::check(subject.path, text, &mut tokens);
    if wide.is_none() && escapes::has(text) {
        escapes::check(subject, &mut tokens);
    }
    if tokens.is_empty() {
        return;
    }
    let skipped = skip::Regions::of(text);
    tokens.retain(|token| !skipped.has(token.span.start));
    for token in distinct(tokens, text) {
        let mut hit = token.into_hit(text);
        if let Some(wide) = &wide {
            hit.span = wide.at(hit.span.start)..wide.at(hit.span.end);
        } else if let Some(parsed) = subject.parsed() {
            hit.key_path = parsed.key_path_at(hit.span.start);
        }
        hits.push(hit);
    }
}

/// A text for which this is `false` has none of the credentials that [`check`] finds, unless
/// [`is_credential_file`] says that its name alone makes it one to look at.
pub fn may_hold(bytes: &[u8]) -> bool {
    if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return true;
    }
    holds_one(bytes) || escapes::may_hold(bytes)
}

/// There is a credential in the text as it stands.
fn holds_one(text: &[u8]) -> bool {
    let mut tokens = Vec::new();
    Scan {
        text,
        depth: 0,
        first: true,
        budget: &Cell::new(BUDGET),
    }
    .run(&mut tokens);
    !tokens.is_empty()
}

/// The path is that of a well-known credential file, to be looked at whatever it holds.
pub fn is_credential_file(path: &str) -> bool {
    files::kind(path).is_some()
}

/// One for each place: of those that overlap the one that says more, of those with one value the first.
fn distinct(mut tokens: Vec<Token>, text: &[u8]) -> Vec<Token> {
    tokens.sort_by_key(|token| (token.span.start, std::cmp::Reverse(token.span.end)));
    let mut kept: Vec<Token> = Vec::new();
    let mut together: Vec<Token> = Vec::new();
    let mut end = 0usize;
    for token in tokens {
        // A registry's password stands beside its base64, both in one object.
        let beside = token.check.id == "SEC103"
            && token.span.start < end.saturating_add(SAME_OBJECT)
            && together.iter().all(|other| other.check.id == "SEC103");
        if token.span.start >= end && !beside {
            settle(&mut together, text, &mut kept);
        }
        end = end.max(token.span.end);
        together.push(token);
    }
    settle(&mut together, text, &mut kept);
    kept.sort_by_key(|token| (token.span.start, token.span.end));
    kept
}

/// How far apart two spellings of one secret stand in one object.
const SAME_OBJECT: usize = 2048;

/// Of so many in one place, the first are enough to say what is wrong with it.
const MANY_TOGETHER: usize = 256;

/// Keeps those that say most of the ones in one place.
fn settle(together: &mut Vec<Token>, text: &[u8], kept: &mut Vec<Token>) {
    let mut tokens = std::mem::take(together);
    tokens.sort_by_key(|token| {
        (
            token.rank(),
            std::cmp::Reverse(token.confidence),
            token.span.start,
            std::cmp::Reverse(token.span.end),
        )
    });
    let mut best: Vec<Token> = Vec::new();
    for token in tokens {
        let said = |other: &Token| {
            let overlap = token.span.start < other.span.end && other.span.start < token.span.end;
            let (mine, theirs) = (token.secret(text), other.secret(text));
            // Several secrets can be in one block of base64, each a finding of its own.
            let encoded =
                token.value.is_some() && other.value.is_some() && token.span == other.span;
            match (overlap, encoded) {
                (true, true) => other.check.id == "SEC104" || contains(theirs, mine),
                (true, false) => true,
                (false, _) => token.check.id == "SEC103" && mine == theirs,
            }
        };
        if best.len() < MANY_TOGETHER && !best.iter().any(said) {
            best.push(token);
        }
    }
    kept.append(&mut best);
}

fn contains(outer: &[u8], inner: &[u8]) -> bool {
    !inner.is_empty() && memchr::memmem::find(outer, inner).is_some()
}

/// UTF-16 with a byte order mark, as UTF-8.
struct Wide {
    text: String,
}

impl Wide {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (rest, big) = match bytes {
            [0xff, 0xfe, rest @ ..] => (rest, false),
            [0xfe, 0xff, rest @ ..] => (rest, true),
            _ => return None,
        };
        let units = rest.chunks_exact(2).map(|pair| {
            let pair = [
                pair.first().copied().unwrap_or_default(),
                pair.get(1).copied().unwrap_or_default(),
            ];
            if big {
                u16::from_be_bytes(pair)
            } else {
                u16::from_le_bytes(pair)
            }
        });
        let text = char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        Some(Wide { text })
    }

    /// The byte of the file at which a byte of the text stands.
    fn at(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        before
            .chars()
            .map(char::len_utf16)
            .sum::<usize>()
            .saturating_mul(2)
            .saturating_add(2)
    }
}

#[cfg(test)]
mod tests;
