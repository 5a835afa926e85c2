//! Where to look: one pass for literals, one for long runs of characters.
//!
//! Most of what is looked at has nothing to find, so both passes go over a text at gigabytes a second and ask the
//! exact matchers only at a few places. The literals are for what may stand anywhere; tokens of providers begin
//! where a long run of letters and digits begins, and base64 is such a run as well.

use std::cell::Cell;
use std::sync::LazyLock;

use aho_corasick::packed;

use super::bytes::{Class, DOTTED, byte, class, part, run, run_back};
use super::shapes::SHAPES;
use super::token::Token;
use super::{addresses, age, documents, dumps, frameworks, hashes, jwt, peel, pem, vendors};
use crate::audit::subject::is_binary;

/// What to do at a literal.
#[derive(Clone, Copy)]
enum Find {
    /// Ask one matcher, there.
    One(fn(&[u8], usize) -> Option<Token>),
    /// The same, but only in texts: what it looks for has no meaning among binary data.
    Text(fn(&[u8], usize) -> Option<Token>),
    /// It looks at all of the text, once; the number is its bit.
    Once(u8, fn(&[u8], &mut Vec<Token>)),
    /// The shape with this prefix.
    Shape(usize),
}

/// At least four bytes: the vector search compares as many bytes at once as its shortest literal has.
const LONG: &[(&str, Find)] = &[
    ("AGE-SECRET-KEY-", Find::One(age::identity)),
    ("AGE-PLUGIN-", Find::One(age::plugin)),
    ("PRIVATE KEY", Find::One(pem::private_key)),
    ("PuTTY-User-Key-File-", Find::One(pem::putty)),
    ("\"auth", Find::Once(2, documents::docker)),
    ("client-key-data", Find::Once(1, documents::kubeconfig)),
    // Every kubeconfig has them, and not all have a `current-context`.
    ("users", Find::Once(1, documents::kubeconfig)),
    ("AKIA", Find::One(vendors::aws)),
    ("ASIA", Find::One(vendors::aws)),
    ("assword=", Find::Text(connection_string)),
    ("ASSWORD=", Find::Text(connection_string)),
    ("Pwd=", Find::Text(connection_string)),
    ("pwd=", Find::Text(connection_string)),
    ("PWD=", Find::Text(connection_string)),
    ("$2a$", Find::Text(hashes::at)),
    ("$2b$", Find::Text(hashes::at)),
    ("$2y$", Find::Text(hashes::at)),
    ("$apr1$", Find::Text(hashes::at)),
    ("$argon2", Find::Text(hashes::at)),
    ("pbkdf2_sha", Find::Text(hashes::at)),
    ("{SHA", Find::Text(hashes::at)),
    ("{SSHA", Find::Text(hashes::at)),
    ("secret_key_base", Find::Text(frameworks::at)),
    ("SECRET_KEY", Find::Text(frameworks::at)),
    ("APP_KEY", Find::Text(frameworks::at)),
    ("APP_SECRET", Find::Text(frameworks::at)),
    ("NEXTAUTH_SECRET", Find::Text(frameworks::at)),
    ("JWT_SECRET", Find::Text(frameworks::at)),
    ("IDENTIFIED", Find::Text(dumps::at)),
    ("identified by '", Find::Text(dumps::at)),
    ("PASSWORD '", Find::Text(dumps::at)),
    ("password '", Find::Text(dumps::at)),
];

/// At least three bytes.
const SHORT: &[(&str, Find)] = &[
    ("CLOUDFLARE_", Find::Text(vendors::cloudflare_named)),
    ("CF_API_", Find::Text(vendors::cloudflare_named)),
    ("://", Find::Text(url)),
    ("$1$", Find::Text(hashes::at)),
    ("$5$", Find::Text(hashes::at)),
    ("$6$", Find::Text(hashes::at)),
    ("$y$", Find::Text(hashes::at)),
    ("$7$", Find::Text(hashes::at)),
    ("7Q~", Find::One(entra)),
    ("8Q~", Find::One(entra)),
    ("&sig=", Find::Text(signature)),
];

fn connection_string(text: &[u8], at: usize) -> Option<Token> {
    addresses::connection_string(text, at)
}

fn url(text: &[u8], at: usize) -> Option<Token> {
    if !addresses::may_have_userinfo(text, at) {
        return None;
    }
    addresses::url(text, at)
}

fn signature(text: &[u8], at: usize) -> Option<Token> {
    vendors::azure_signature(text, at.saturating_add(5))
}

fn entra(text: &[u8], at: usize) -> Option<Token> {
    vendors::entra(text, at.saturating_add(1))
}

/// A set of literals with its search.
struct Literals {
    finds: Vec<Find>,
    vector: Option<packed::Searcher>,
    /// Where the machine has no vectors.
    automaton: aho_corasick::AhoCorasick,
}

impl Literals {
    fn new(table: &[(&str, Find)]) -> Self {
        let literals = || table.iter().map(|(literal, _)| literal.as_bytes());
        let finds = table.iter().map(|(_, find)| *find).collect();
        let vector = packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostFirst)
            .builder()
            .extend(literals())
            .build();
        let automaton = aho_corasick::AhoCorasick::builder()
            .match_kind(aho_corasick::MatchKind::LeftmostFirst)
            .build(literals())
            .unwrap_or_else(|_| empty_automaton());
        Literals {
            finds,
            vector,
            automaton,
        }
    }

    /// Calls with every literal and its place, until the call says to stop.
    fn each(&self, text: &[u8], mut call: impl FnMut(Find, usize) -> bool) {
        let mut at = 0;
        while at < text.len() {
            let found = match &self.vector {
                Some(vector) => vector
                    .find_in(text, (at..text.len()).into())
                    .map(|found| (found.pattern().as_usize(), found.start(), found.end())),
                None => self
                    .automaton
                    .find(aho_corasick::Input::new(text).range(at..))
                    .map(|found| (found.pattern().as_usize(), found.start(), found.end())),
            };
            let Some((pattern, start, end)) = found else {
                return;
            };
            if let Some(find) = self.finds.get(pattern)
                && call(*find, start)
            {
                return;
            }
            at = end.max(start.saturating_add(1));
        }
    }
}

/// An automaton of nothing: literals as few and short as these always build one.
fn empty_automaton() -> aho_corasick::AhoCorasick {
    static EMPTY: LazyLock<Option<aho_corasick::AhoCorasick>> =
        LazyLock::new(|| aho_corasick::AhoCorasick::new(["\u{0}\u{1}never"]).ok());
    #[allow(clippy::expect_used)]
    EMPTY.clone().expect("one literal builds an automaton")
}

static LONG_LITERALS: LazyLock<Literals> = LazyLock::new(|| Literals::new(LONG));
static SHORT_LITERALS: LazyLock<Literals> = LazyLock::new(|| Literals::new(SHORT));

/// What a run may begin with, by its first two bytes: a bit for each two that begin something, and the list.
struct Heads {
    pairs: Vec<u64>,
    lists: foldhash::HashMap<[u8; 2], Vec<(&'static [u8], Find)>>,
}

impl Heads {
    fn of(&self, pair: [u8; 2]) -> &[(&'static [u8], Find)] {
        let number = usize::from(u16::from_be_bytes(pair));
        let bits = self.pairs.get(number / 64).copied().unwrap_or(0);
        if bits >> (number % 64) & 1 == 0 {
            return &[];
        }
        self.lists.get(&pair).map_or(&[], Vec::as_slice)
    }
}

static HEADS: LazyLock<Heads> = LazyLock::new(|| {
    const MORE: &[(&str, Find)] = &[
        ("glpat-", Find::One(vendors::gitlab)),
        ("gldt-", Find::One(vendors::gitlab)),
        ("glrt-", Find::One(vendors::gitlab)),
        ("glrtr-", Find::One(vendors::gitlab)),
        ("glcbt-", Find::One(vendors::gitlab)),
        ("glptt-", Find::One(vendors::gitlab)),
        ("ghp_", Find::One(vendors::github)),
        ("gho_", Find::One(vendors::github)),
        ("ghu_", Find::One(vendors::github)),
        ("ghs_", Find::One(vendors::github)),
        ("ghr_", Find::One(vendors::github)),
        ("github_pat_", Find::One(vendors::github)),
        ("sk_live_", Find::One(vendors::stripe_or_clerk)),
        ("sk_test_", Find::One(vendors::stripe_or_clerk)),
        ("rk_live_", Find::One(vendors::stripe_or_clerk)),
        ("rk_test_", Find::One(vendors::stripe_or_clerk)),
        ("xox", Find::One(vendors::slack)),
        ("xapp-", Find::One(vendors::slack)),
        ("hooks.slack.com/", Find::One(vendors::slack_webhook)),
        ("npm_", Find::One(vendors::npm)),
        ("pypi-", Find::One(vendors::pypi)),
        ("cfut_", Find::One(vendors::cloudflare)),
        ("cfat_", Find::One(vendors::cloudflare)),
        ("cfk_", Find::One(vendors::cloudflare)),
        ("v1.0-", Find::One(vendors::origin_ca)),
        ("sk-", Find::One(vendors::sk)),
        ("AA", Find::One(telegram)),
        ("discord.com/api/", Find::One(vendors::discord_webhook)),
        ("discordapp.com/api/", Find::One(vendors::discord_webhook)),
        // Two digits in base64.
        ("MD", Find::One(vendors::discord)),
        ("MT", Find::One(vendors::discord)),
        ("Mj", Find::One(vendors::discord)),
        ("Mz", Find::One(vendors::discord)),
        ("ND", Find::One(vendors::discord)),
        ("NT", Find::One(vendors::discord)),
        ("Nj", Find::One(vendors::discord)),
        ("Nz", Find::One(vendors::discord)),
        ("OD", Find::One(vendors::discord)),
        ("OT", Find::One(vendors::discord)),
        ("pat", Find::One(vendors::airtable)),
        ("ops_eyJ", Find::One(vendors::one_password)),
        ("sk.eyJ", Find::One(vendors::mapbox)),
        ("key-", Find::Text(vendors::mailgun)),
        ("SK", Find::Text(vendors::twilio)),
        ("eyJ", Find::One(jwt::at)),
    ];
    let mut heads = Heads {
        pairs: vec![0; 1024],
        lists: foldhash::HashMap::default(),
    };
    let shapes = SHAPES
        .iter()
        .enumerate()
        .map(|(number, shape)| (shape.prefix, Find::Shape(number)));
    for (prefix, find) in MORE.iter().copied().chain(shapes) {
        if let Some(pair) = prefix.as_bytes().first_chunk::<2>() {
            let number = usize::from(u16::from_be_bytes(*pair));
            if let Some(bits) = heads.pairs.get_mut(number / 64) {
                *bits |= 1 << (number % 64);
            }
            let list = heads.lists.entry(*pair).or_default();
            list.push((prefix.as_bytes(), find));
        }
    }
    heads
});

fn telegram(text: &[u8], at: usize) -> Option<Token> {
    vendors::telegram(
        text,
        at.checked_sub(1)
            .filter(|before| byte(text, *before) == b':')?,
    )
}

/// Shorter runs have no token in them, and no base64 that is worth decoding. Less than 23 would not be found: two
/// words of eight bytes can have seven before them.
const LEAST_RUN: usize = 23;

/// The shortest token in an address.
const LEAST_SEGMENT: usize = 20;

/// What is looked for in a text, and how. Among binary data only tokens and keys are looked for.
pub(super) struct Scan<'t> {
    pub(super) text: &'t [u8],
    /// How many encodings have been taken off.
    pub(super) depth: u8,
    /// One is enough.
    pub(super) first: bool,
    /// How many more bytes may be decoded.
    pub(super) budget: &'t Cell<usize>,
}

impl Scan<'_> {
    /// Puts everything that the matchers find behind `out`.
    pub(super) fn run(&self, out: &mut Vec<Token>) {
        let mut once = 0u32;
        for literals in [&*LONG_LITERALS, &*SHORT_LITERALS] {
            literals.each(self.text, |find, at| {
                self.ask(find, at, &mut once, out);
                self.first && !out.is_empty()
            });
            if self.first && !out.is_empty() {
                return;
            }
        }
        let mut blocks = peel::Blocks::new(self);
        each_run(self.text, |start, end| {
            self.heads(start, end, &mut once, out);
            blocks.add(start, end, out);
            self.first && !out.is_empty()
        });
        blocks.finish(out);
    }

    fn ask(&self, find: Find, at: usize, once: &mut u32, out: &mut Vec<Token>) {
        match find {
            Find::One(matcher) => out.extend(matcher(self.text, at)),
            Find::Text(matcher) => {
                if let Some(token) = matcher(self.text, at)
                    && !self.is_binary()
                {
                    out.push(token);
                }
            }
            Find::Once(bit, matcher) => {
                if *once & (1 << bit) == 0 && !self.is_binary() {
                    matcher(self.text, out);
                }
                *once |= 1 << bit;
            }
            Find::Shape(number) => {
                out.extend(SHAPES.get(number).and_then(|shape| shape.at(self.text, at)));
            }
        }
    }

    /// Whether the text has a NUL near its start, as Git tells binary data. Asked only when it matters.
    pub(super) fn is_binary(&self) -> bool {
        is_binary(self.text)
    }

    /// Looks at the places in a run where a token may begin: its start, the start of the dotted word that it ends,
    /// behind an escape, behind each `/`.
    fn heads(&self, start: usize, end: usize, once: &mut u32, out: &mut Vec<Token>) {
        let text = self.text;
        let before = start.checked_sub(1).map_or(0, |at| byte(text, at));
        self.head(start, once, out);
        match before {
            b'.' => {
                let word = run_back(text, start, &DOTTED, 64);
                if word < start {
                    self.head(word, once, out);
                }
                if text
                    .get(..start)
                    .is_some_and(|before| before.ends_with(b".atlasv1."))
                {
                    out.extend(vendors::terraform(text, start.saturating_sub(9)));
                }
            }
            b'\\' => self.head(start.saturating_add(1), once, out),
            b'%' => self.head(start.saturating_add(2), once, out),
            b'~' => self.head(start.saturating_sub(7), once, out),
            _ => {}
        }
        let length = end.saturating_sub(start);
        if matches!(length, 40 | 43 | 86) {
            self.named(start, end, before, out);
        }
        if byte(text, start) == b'-' {
            let dashes = part(text, start..end)
                .iter()
                .take_while(|byte| **byte == b'-')
                .count();
            self.head(start.saturating_add(dashes), once, out);
        }
        let whole = part(text, start..end);
        let mut from = 0;
        for slash in memchr::memchr_iter(b'/', whole) {
            // Only a long segment of a path can be a token.
            if from > 0 && slash.saturating_sub(from) >= LEAST_SEGMENT {
                self.head(start.saturating_add(from), once, out);
            }
            from = slash.saturating_add(1);
        }
        if from > 0 && whole.len().saturating_sub(from) >= LEAST_SEGMENT {
            self.head(start.saturating_add(from), once, out);
        }
    }

    /// Secrets that have no prefix, only a length and a name before them.
    fn named(&self, start: usize, end: usize, before: u8, out: &mut Vec<Token>) {
        if end.saturating_sub(start) == 40 {
            self.ask(Find::Text(vendors::aws_secret), start, &mut 0, out);
        } else if before == b'=' {
            self.ask(Find::Text(vendors::azure_key), start, &mut 0, out);
        }
    }

    fn head(&self, at: usize, once: &mut u32, out: &mut Vec<Token>) {
        let Some(rest) = self.text.get(at..) else {
            return;
        };
        let Some(pair) = rest.first_chunk::<2>() else {
            return;
        };
        for (prefix, find) in HEADS.of(*pair) {
            if rest.starts_with(prefix) {
                let before = out.len();
                self.ask(*find, at, once, out);
                if out.len() > before {
                    return;
                }
            }
        }
    }
}

/// How much is classified at once.
const CHUNK: usize = 64;

/// Calls with every run of letters, digits, `+`, `/`, `_` and `-` of at least [`LEAST_RUN`] bytes, until it says to
/// stop. Such a run has all of two neighbouring words of eight bytes, which are classified many at once.
fn each_run(text: &[u8], mut call: impl FnMut(usize, usize) -> bool) {
    let mut next = 0;
    // Whether the last word of the chunk before was all of the class.
    let mut carried = 0;
    for (number, chunk) in text.chunks(CHUNK).enumerate() {
        let words = match chunk.first_chunk::<CHUNK>() {
            Some(chunk) => words_in_run(chunk),
            None => {
                let mut padded = [0; CHUNK];
                for (to, from) in padded.iter_mut().zip(chunk) {
                    *to = *from;
                }
                words_in_run(&padded)
            }
        };
        // A bit for each word that has its predecessor in the class as well.
        let mut pairs = words & (words << 1 | carried);
        carried = words >> 7;
        while pairs != 0 {
            let word = usize::try_from(pairs.trailing_zeros()).unwrap_or_default();
            pairs &= pairs - 1;
            let at = number
                .saturating_mul(CHUNK)
                .saturating_add(word.saturating_mul(8));
            if at < next {
                continue;
            }
            // Both words are in the run: what is left to see is before the first and behind the second.
            let first = at.saturating_sub(8).max(next);
            let start = run_back(text, first, &RUN, first.saturating_sub(next));
            let end = run_end(text, at.saturating_add(8).min(text.len()));
            next = end;
            if end.saturating_sub(start) >= LEAST_RUN && call(start, end) {
                return;
            }
        }
    }
}

static RUN: Class = class(b"A-Za-z0-9+/_-");

/// A bit for each eight bytes that are all letters, digits, `+`, `/`, `_` or `-`. Written so that compilers use vectors.
fn words_in_run(chunk: &[u8; CHUNK]) -> u8 {
    let inside = chunk.map(|byte| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let digit = byte.wrapping_sub(b'/') < 11;
        let sign = (byte == b'+') | (byte == b'-') | (byte == b'_');
        u8::from(letter | digit | sign)
    });
    let mut words = 0;
    for (number, word) in inside.as_chunks::<8>().0.iter().enumerate() {
        words |= u8::from(u64::from_le_bytes(*word) == 0x0101_0101_0101_0101) << number;
    }
    words
}

/// The end of the run around a byte of it, eight bytes at a time.
fn run_end(text: &[u8], mut at: usize) -> usize {
    while let Some(word) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        if !all_in_run(u64::from_le_bytes(*word)) {
            break;
        }
        at = at.saturating_add(8);
    }
    run(text, at, &RUN)
}

/// Whether all eight bytes are letters, digits, `+`, `/`, `_` or `-`.
fn all_in_run(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    // No byte reaches beyond its own eight bits, since all are below 0x80.
    let low = word & !HIGH;
    let within = |bytes: u64, least: u64, most: u64| {
        (bytes + (0x80 - least) * ONES) & !(bytes + (0x7f - most) * ONES)
    };
    let letters = within(low | (0x20 * ONES), 0x61, 0x7a);
    let digits = within(low, 0x2f, 0x39);
    let signs = within(low, 0x2b, 0x2b) | within(low, 0x2d, 0x2d) | within(low, 0x5f, 0x5f);
    (letters | digits | signs) & !word & HIGH == HIGH
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::audit::credentials::bytes::is;

    #[test]
    fn literals_fit_the_vector_search() {
        // From 33 on the search takes twice as long.
        assert!(LONG.len() <= 32);
        assert!(LONG.iter().all(|(literal, _)| literal.len() >= 4));
    }

    #[test]
    fn runs_are_found_whole_and_none_is_missed() {
        for before in 0..40 {
            for length in [22, 23, 24, 40, 100] {
                let run = "aZ09+/_-".repeat(20);
                let text = format!("{}{}.{}, b", ".".repeat(before), &run[..length], &run[..23]);
                let mut found = Vec::new();
                each_run(text.as_bytes(), |start, end| {
                    found.push(start..end);
                    false
                });
                let second = before + length + 1;
                let mut expected = vec![before..before + length, second..second + 23];
                if length < LEAST_RUN {
                    expected.remove(0);
                }
                assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn words_are_classified_by_every_byte() {
        for byte in 0..=255u8 {
            for at in 0..CHUNK {
                let mut chunk = [b'a'; CHUNK];
                chunk[at] = byte;
                let expected = if is(&RUN, byte) {
                    0xff
                } else {
                    !(1u8 << (at / 8))
                };
                assert_eq!(words_in_run(&chunk), expected, "{byte}");
                if let Some(word) = chunk.first_chunk::<8>() {
                    let all = all_in_run(u64::from_le_bytes(*word));
                    assert_eq!(all, at >= 8 || is(&RUN, byte), "{byte}");
                }
            }
        }
    }
}
