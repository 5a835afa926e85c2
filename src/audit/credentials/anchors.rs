//! Where to look: one pass for literals, one for long runs of characters.
//!
//! Most of what is looked at has nothing to find, so both passes go over a text at gigabytes a second and ask the
//! exact matchers only at a few places. The literals are for what may stand anywhere; tokens of providers begin
//! where a long run of letters and digits begins, and base64 is such a run as well.

use std::cell::Cell;
use std::sync::LazyLock;

use aho_corasick::packed;

use super::bytes::{DOTTED, byte, part, run_back};
use super::runs::each_run;
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

/// A literal, and what to do at it.
struct Literal {
    text: &'static str,
    /// Where the part of it begins that is looked for. The vector search compares the first bytes of that part:
    /// they are to be rare, for what is only like them takes longer than the search.
    from: usize,
    find: Find,
}

const fn literal(text: &'static str, find: Find) -> Literal {
    rare(text, 0, find)
}

const fn rare(text: &'static str, from: usize, find: Find) -> Literal {
    Literal { text, from, find }
}

/// What is looked for has at least four bytes: the vector search compares as many at once as the shortest has.
const LONG: &[Literal] = &[
    literal("AGE-SECRET-KEY-", Find::One(age::identity)),
    literal("AGE-PLUGIN-", Find::One(age::plugin)),
    literal("PRIVATE KEY", Find::One(pem::private_key)),
    literal("PuTTY-User-Key-File-", Find::One(pem::putty)),
    literal("\"auth", Find::Once(2, documents::docker)),
    rare("client-key-data", 8, Find::Once(1, documents::kubeconfig)),
    // Every kubeconfig has them, and not all have a `current-context`.
    rare("users", 1, Find::Once(1, documents::kubeconfig)),
    literal("AKIA", Find::One(vendors::aws)),
    literal("ASIA", Find::One(vendors::aws)),
    rare("assword=", 4, Find::Text(connection_string)),
    rare("ASSWORD=", 4, Find::Text(connection_string)),
    literal("Pwd=", Find::Text(connection_string)),
    literal("pwd=", Find::Text(connection_string)),
    literal("PWD=", Find::Text(connection_string)),
    literal("$2a$", Find::Text(hashes::at)),
    literal("$2b$", Find::Text(hashes::at)),
    literal("$2y$", Find::Text(hashes::at)),
    literal("$apr1$", Find::Text(hashes::at)),
    literal("$argon2", Find::Text(hashes::at)),
    literal("pbkdf2_sha", Find::Text(hashes::at)),
    literal("{SHA", Find::Text(hashes::at)),
    literal("{SSHA", Find::Text(hashes::at)),
    rare("secret_key_base", 10, Find::Text(frameworks::at)),
    rare("SECRET_KEY", 5, Find::Text(frameworks::at)),
    rare("APP_KEY", 2, Find::Text(frameworks::at)),
    rare("APP_SECRET", 2, Find::Text(frameworks::at)),
    literal("NEXTAUTH_SECRET", Find::Text(frameworks::at)),
    literal("JWT_SECRET", Find::Text(frameworks::at)),
    literal("IDENTIFIED", Find::Text(dumps::at)),
    rare("identified by '", 9, Find::Text(dumps::at)),
    rare("PASSWORD '", 5, Find::Text(dumps::at)),
    rare("password '", 5, Find::Text(dumps::at)),
];

/// At least three bytes.
const SHORT: &[Literal] = &[
    literal("CLOUDFLARE_", Find::Text(vendors::cloudflare_named)),
    literal("CF_API_", Find::Text(vendors::cloudflare_named)),
    literal("://", Find::Text(url)),
    literal("$1$", Find::Text(hashes::at)),
    literal("$5$", Find::Text(hashes::at)),
    literal("$6$", Find::Text(hashes::at)),
    literal("$y$", Find::Text(hashes::at)),
    literal("$7$", Find::Text(hashes::at)),
    literal("7Q~", Find::One(entra)),
    literal("8Q~", Find::One(entra)),
    literal("&sig=", Find::Text(signature)),
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
    table: &'static [Literal],
    vector: Option<packed::Searcher>,
    /// Where the machine has no vectors.
    automaton: aho_corasick::AhoCorasick,
}

impl Literals {
    fn new(table: &'static [Literal]) -> Self {
        let parts = || {
            let part = |literal: &Literal| literal.text.get(literal.from..);
            table
                .iter()
                .map(move |literal| part(literal).unwrap_or(literal.text))
        };
        let vector = packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostFirst)
            .builder()
            .extend(parts())
            .build();
        let automaton = aho_corasick::AhoCorasick::builder()
            .match_kind(aho_corasick::MatchKind::LeftmostFirst)
            .build(parts())
            .unwrap_or_else(|_| empty_automaton());
        Literals {
            table,
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
                    .map(|found| (found.pattern().as_usize(), found.start())),
                None => self
                    .automaton
                    .find(aho_corasick::Input::new(text).range(at..))
                    .map(|found| (found.pattern().as_usize(), found.start())),
            };
            let Some((pattern, found)) = found else {
                return;
            };
            at = found.saturating_add(1);
            let Some(literal) = self.table.get(pattern) else {
                continue;
            };
            let start = found.checked_sub(literal.from);
            let Some(start) = start.filter(|start| is_at(text, *start, literal)) else {
                continue;
            };
            if call(literal.find, start) {
                return;
            }
            at = start.saturating_add(literal.text.len());
        }
    }
}

/// The part before the one that was found is there as well.
fn is_at(text: &[u8], start: usize, literal: &Literal) -> bool {
    let before = literal.text.get(..literal.from).unwrap_or_default();
    part(text, start..start.saturating_add(literal.from)) == before.as_bytes()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn literals_fit_the_vector_search() {
        // From 33 on the search takes twice as long.
        assert!(LONG.len() <= 32);
        let length = |literal: &Literal| literal.text[literal.from..].len();
        assert!(LONG.iter().all(|literal| length(literal) >= 4));
        assert!(SHORT.iter().all(|literal| length(literal) >= 3));
    }

    #[test]
    fn every_literal_is_found_at_its_start() {
        for (literals, table) in [(&*LONG_LITERALS, LONG), (&*SHORT_LITERALS, SHORT)] {
            for literal in table {
                let rare = &literal.text[literal.from..];
                // Behind itself, and behind what only looks like it.
                for text in [
                    format!("{rare}{0}{0}", literal.text),
                    format!("..{rare} {0}, {0}", literal.text),
                ] {
                    let mut found = Vec::new();
                    literals.each(text.as_bytes(), |_, at| {
                        found.push(at);
                        false
                    });
                    let expected: Vec<usize> =
                        text.match_indices(literal.text).map(|(at, _)| at).collect();
                    assert_eq!(found, expected, "{text}");
                }
            }
        }
    }
}
