//! Encodings taken off: base64, twice, and gzip in it.

use std::io::Read;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::anchors::Scan;
use super::bytes::{BASE64, byte, is, part, run};
use super::token::Token;
use crate::audit::benign;

/// The longest block that is decoded: Secrets have at most 1 MiB.
const MAX_BLOCK: usize = 4 << 20;

/// The longest text that is unpacked: values of Helm releases, many times over.
const MAX_UNPACKED: u64 = 8 << 20;

/// How many encodings are taken off: base64 of base64 of gzip is what Helm stores.
const MAX_DEPTH: u8 = 3;

/// What makes a block of base64 worth decoding.
const INSIDE: &[&str] = &[
    "AGE-SECRET-KEY-",
    "AGE-PLUGIN-",
    "PRIVATE KEY",
    "\"auth",
    "client-key-data",
    "glpat-",
    "gldt-",
    "glrt-",
    "glptt-",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "AKIA",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "whsec_",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "npm_",
    "pypi-AgE",
    "cfut_",
    "cfat_",
    "cfk_",
    "sk-ant-",
    "sk-proj-",
    "T3BlbkFJ",
    "hvs.",
    "glsa_",
    "dop_v1_",
    "tskey-",
    "SG.",
    "GOCSPX-",
    "AIza",
    "dckr_pat_",
    "postgres://",
    "postgresql://",
    "mysql://",
    "mongodb://",
    "mongodb+srv://",
    "redis://",
    "rediss://",
    "amqp://",
    "https://",
    "hooks.slack.com",
    "_access_key",
    "ops_eyJ",
    "eyJhbGciOi",
    "eyJhIjoi",
];

/// These are looked for through two layers as well.
const INSIDE_TWICE: &[&str] = &["AGE-SECRET-KEY-", "PRIVATE KEY", "\"auths"];

/// How a literal looks inside of base64, at each of the three places that it can have there, and how far into its
/// group of four characters each form begins.
fn forms(literal: &[u8]) -> impl Iterator<Item = (Vec<u8>, usize)> + '_ {
    (0..3usize).map(move |shift| {
        let mut bytes = vec![0; shift];
        bytes.extend_from_slice(literal);
        let encoded = STANDARD_NO_PAD.encode(&bytes);
        // Characters that have bits of what is before or behind it are not the same everywhere.
        let skip = [0, 2, 3].get(shift).copied().unwrap_or_default();
        let whole = bytes.len().saturating_mul(8) / 6;
        let form = encoded.get(skip..whole).unwrap_or_default();
        (form.as_bytes().to_vec(), skip)
    })
}

struct Forms {
    automaton: Option<AhoCorasick>,
    skips: Vec<usize>,
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let mut all: Vec<(Vec<u8>, usize)> = INSIDE
        .iter()
        .flat_map(|literal| forms(literal.as_bytes()))
        .collect();
    for literal in INSIDE_TWICE {
        for (form, _) in forms(literal.as_bytes()) {
            all.extend(forms(&form));
        }
    }
    // The first bytes of gzip, in base64 once and twice.
    all.push((b"H4sI".to_vec(), 0));
    all.push((b"SDRzS".to_vec(), 0));
    all.retain(|(form, _)| form.len() >= 4);
    Forms {
        automaton: AhoCorasick::builder()
            .kind(Some(aho_corasick::AhoCorasickKind::DFA))
            .build(all.iter().map(|(form, _)| form))
            .ok(),
        skips: all.iter().map(|(_, skip)| *skip).collect(),
    }
});

/// Gathers runs of base64 that stand on lines below each other, and decodes those with something in them.
pub(super) struct Blocks<'s, 't> {
    scan: &'s Scan<'t>,
    block: Range<usize>,
    lines: usize,
}

impl<'s, 't> Blocks<'s, 't> {
    pub(super) fn new(scan: &'s Scan<'t>) -> Self {
        Blocks {
            scan,
            block: 0..0,
            lines: 0,
        }
    }

    /// The next long run of letters and digits.
    pub(super) fn add(&mut self, start: usize, end: usize, out: &mut Vec<Token>) {
        if self.scan.depth >= MAX_DEPTH {
            return;
        }
        // With `-` or `_` it is a name. No early end: so it is done with vectors.
        let (mut name, mut upper, mut lower) = (0u8, 0u8, 0u8);
        for byte in part(self.scan.text, start..end) {
            name |= u8::from((*byte == b'-') | (*byte == b'_'));
            upper |= u8::from(byte.wrapping_sub(b'A') < 26);
            lower |= u8::from(byte.wrapping_sub(b'a') < 26);
        }
        if name != 0 || upper == 0 || lower == 0 {
            return;
        }
        let gap = part(self.scan.text, self.block.end..start);
        let joins = self.lines > 0
            && gap.len() <= 64
            && gap.iter().all(u8::is_ascii_whitespace)
            && memchr::memchr_iter(b'\n', gap).count() == 1;
        if joins {
            self.block.end = end;
            self.lines += 1;
        } else {
            self.finish(out);
            self.block = start..end;
            self.lines = 1;
        }
    }

    /// Decodes what was gathered.
    pub(super) fn finish(&mut self, out: &mut Vec<Token>) {
        let block = std::mem::take(&mut self.block);
        let lines = std::mem::take(&mut self.lines);
        if lines > 0 && block.len() <= MAX_BLOCK {
            self.decode(block, lines, out);
        }
    }

    fn decode(&self, block: Range<usize>, lines: usize, out: &mut Vec<Token>) {
        let text = self.scan.text;
        if benign::is_long_as_sealed_secret(part(text, block.clone())) {
            return;
        }
        let Some(automaton) = &FORMS.automaton else {
            return;
        };
        let joined: Zeroizing<Vec<u8>>;
        let mut block = block;
        let encoded = if lines == 1 {
            part(text, block.clone())
        } else {
            block.end = last_line(text, block.end);
            joined = Zeroizing::new(
                part(text, block.clone())
                    .iter()
                    .copied()
                    .filter(|byte| is(&BASE64, *byte))
                    .collect(),
            );
            &joined
        };
        // Each way to divide it into groups of four that a form speaks for.
        let mut tried = [false; 4];
        for found in automaton.find_overlapping_iter_or_none(encoded) {
            let skip = FORMS.skips.get(found.0).copied().unwrap_or_default();
            let offset = (found.1.wrapping_sub(skip)) % 4;
            match tried.get_mut(offset) {
                Some(tried) if !*tried => *tried = true,
                _ => continue,
            }
            let Some(bytes) = decoded(encoded.get(offset..).unwrap_or_default()) else {
                continue;
            };
            if !self.spend(bytes.len()) || self.scan.is_binary() {
                return;
            }
            self.look_inside(&bytes, &block, out);
        }
        // As a whole it may be a text, whatever it holds.
        if matches!(tried, [false, ..])
            && begins_as_text(encoded)
            && let Some(bytes) = decoded(encoded)
            && self.spend(bytes.len())
            && !self.scan.is_binary()
        {
            self.look_inside(&bytes, &block, out);
        }
    }

    /// Takes from what may still be decoded; `false` if that is not enough.
    fn spend(&self, bytes: usize) -> bool {
        let left = self.scan.budget.get().checked_sub(bytes);
        self.scan.budget.set(left.unwrap_or(0));
        left.is_some()
    }

    fn look_inside(&self, bytes: &[u8], block: &Range<usize>, out: &mut Vec<Token>) {
        let unpacked;
        let text = if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut buffer = Zeroizing::new(Vec::new());
            let mut reader = flate2::read::GzDecoder::new(bytes).take(MAX_UNPACKED);
            // What can be read of a damaged one is looked at.
            let _ = reader.read_to_end(&mut buffer);
            if !self.spend(buffer.len()) {
                return;
            }
            unpacked = buffer;
            &unpacked[..]
        } else {
            bytes
        };
        let mut inside = Vec::new();
        Scan {
            text,
            depth: self.scan.depth.saturating_add(1),
            first: self.scan.first,
            budget: self.scan.budget,
        }
        .run(&mut inside);
        let padded = run(
            self.scan.text,
            block.end,
            const { &super::bytes::class(b"=") },
        );
        for mut token in inside {
            token.value = Some(Zeroizing::new(token.secret(text).to_vec()));
            token.span = block.start..padded;
            if self.scan.depth == 0 {
                token.message.push_str(", in base64");
            }
            out.push(token);
        }
    }
}

/// What it decodes to begins as a text does: hashes, keys and ciphertext do not.
fn begins_as_text(encoded: &[u8]) -> bool {
    const BEGINNING: usize = 64;
    let beginning = encoded.get(..BEGINNING).unwrap_or(encoded);
    let is_text = |text: &str| {
        let printable = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
        text.chars().all(printable)
    };
    decoded(beginning).is_some_and(|bytes| match std::str::from_utf8(&bytes) {
        Ok(text) => is_text(text),
        // A character may be cut in two at the end.
        Err(error) => {
            let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
            error.error_len().is_none() && std::str::from_utf8(whole).is_ok_and(is_text)
        }
    })
}

/// Short last lines of a block are no long runs.
fn last_line(text: &[u8], end: usize) -> usize {
    let mut at = end;
    while matches!(byte(text, at), b'\r' | b' ' | b'\t') {
        at = at.saturating_add(1);
    }
    if byte(text, at) != b'\n' {
        return end;
    }
    at = at.saturating_add(1);
    while matches!(byte(text, at), b' ' | b'\t') {
        at = at.saturating_add(1);
    }
    let last = run(text, at, &BASE64);
    match byte(text, last) {
        b'\n' | b'\r' | b'=' | 0 if last > at => last,
        _ => end,
    }
}

/// The bytes behind base64 whose end may be cut off.
fn decoded(encoded: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let whole = match encoded.len() % 4 {
        1 => encoded.len().saturating_sub(1),
        _ => encoded.len(),
    };
    super::pem::LENIENT
        .decode(encoded.get(..whole)?)
        .ok()
        .map(Zeroizing::new)
}

/// Overlapping matches as pattern and start.
trait Overlapping {
    fn find_overlapping_iter_or_none(&self, text: &[u8]) -> Vec<(usize, usize)>;
}

impl Overlapping for AhoCorasick {
    fn find_overlapping_iter_or_none(&self, text: &[u8]) -> Vec<(usize, usize)> {
        // A few decide; hostile blocks have no end of them.
        const ENOUGH: usize = 64;
        self.try_find_overlapping_iter(text)
            .map(|found| {
                found
                    .take(ENOUGH)
                    .map(|found| (found.pattern().as_usize(), found.start()))
                    .collect()
            })
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn forms_stand_in_every_encoding_of_a_text_with_the_literal() {
        for literal in INSIDE {
            for before in 0..6 {
                let text = format!("{}{literal}~~", "?".repeat(before));
                let encoded = STANDARD_NO_PAD.encode(&text);
                let found = forms(literal.as_bytes()).any(|(form, _)| {
                    encoded
                        .as_bytes()
                        .windows(form.len())
                        .any(|window| window == form)
                });
                assert!(found, "{literal} behind {before}");
            }
        }
    }
}
