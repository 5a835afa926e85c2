//! Where to look: one pass for literals, one for long runs of characters.
//!
//! Most of what is looked at has nothing to find, so both passes go over a text at gigabytes a second and ask the
//! exact matchers only at a few places. The literals are for what may stand anywhere; tokens of providers begin
//! where a long run of letters and digits begins, and base64 is such a run as well.

use std::sync::LazyLock;

use aho_corasick::packed;

use super::bytes::{DOTTED, byte, is, part, run_back};
use super::shapes::SHAPES;
use super::token::Token;
use super::{addresses, age, documents, dumps, frameworks, hashes, jwt, peel, pem, vendors};

/// What to do at a literal.
#[derive(Clone, Copy)]
enum Find {
    /// Ask one matcher, there.
    One(fn(&[u8], usize) -> Option<Token>),
    /// The same, but only in texts: what it looks for has no meaning among binary data.
    Text(fn(&[u8], usize) -> Option<Token>),
    /// It may find several.
    Many(fn(&[u8], usize, &mut Vec<Token>)),
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
    ("\"auth", Find::Many(documents::docker)),
    ("client-key-data", Find::Once(1, documents::kubeconfig)),
    ("current-context", Find::Once(1, documents::kubeconfig)),
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
    ("AKIA", Find::One(vendors::aws)),
    ("ASIA", Find::One(vendors::aws)),
    ("secret_access_key", Find::Text(vendors::aws_secret)),
    ("SecretAccessKey", Find::Text(vendors::aws_secret)),
    ("secretAccessKey", Find::Text(vendors::aws_secret)),
    ("SECRET_ACCESS_KEY", Find::Text(vendors::aws_secret)),
    (".atlasv1.", Find::One(vendors::terraform)),
    ("AccountKey=", Find::Text(vendors::azure_key)),
    ("SharedAccessKey=", Find::Text(vendors::azure_key)),
    ("&sig=", Find::Text(vendors::azure_signature)),
    ("FlyV1 ", Find::Shape(0)),
    ("AstraCS:", Find::Shape(0)),
    ("sha256~", Find::Shape(0)),
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
    ("COOKIE_SECRET", Find::Text(frameworks::at)),
    ("SESSION_SECRET", Find::Text(frameworks::at)),
    ("_KEY'", Find::Text(frameworks::at)),
    ("_SALT'", Find::Text(frameworks::at)),
    ("tionKey=\"", Find::Text(frameworks::at)),
    ("IDENTIFIED", Find::Text(dumps::at)),
    ("identified by '", Find::Text(dumps::at)),
    ("PASSWORD '", Find::Text(dumps::at)),
    ("password '", Find::Text(dumps::at)),
    ("$$2y$$", Find::Text(hashes::at)),
    ("$$2b$$", Find::Text(hashes::at)),
    ("$$2a$$", Find::Text(hashes::at)),
];

/// Three bytes.
const SHORT: &[(&str, Find)] = &[
    ("://", Find::Text(url)),
    ("$1$", Find::Text(hashes::at)),
    ("$5$", Find::Text(hashes::at)),
    ("$6$", Find::Text(hashes::at)),
    ("$y$", Find::Text(hashes::at)),
    ("$7$", Find::Text(hashes::at)),
    ("7Q~", Find::One(entra)),
    ("8Q~", Find::One(entra)),
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
        let finds = table
            .iter()
            .map(|(literal, find)| match find {
                Find::Shape(_) => Find::Shape(
                    SHAPES
                        .iter()
                        .position(|shape| shape.prefix == *literal)
                        .unwrap_or_default(),
                ),
                find => *find,
            })
            .collect();
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

/// What a run may begin with, by its first byte.
type Heads = [Vec<(&'static [u8], Find)>; 256];

static HEADS: LazyLock<Heads> = LazyLock::new(|| {
    const MORE: &[(&str, Find)] = &[
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
        ("M", Find::One(vendors::discord)),
        ("N", Find::One(vendors::discord)),
        ("O", Find::One(vendors::discord)),
        ("pat", Find::One(vendors::airtable)),
        ("ops_eyJ", Find::One(vendors::one_password)),
        ("sk.eyJ", Find::One(vendors::mapbox)),
        ("key-", Find::Text(vendors::mailgun)),
        ("SK", Find::Text(vendors::twilio)),
        ("eyJ", Find::One(jwt::at)),
    ];
    let mut heads: Heads = std::array::from_fn(|_| Vec::new());
    let shapes = SHAPES
        .iter()
        .enumerate()
        .map(|(number, shape)| (shape.prefix, Find::Shape(number)));
    for (prefix, find) in MORE.iter().copied().chain(shapes) {
        if let Some(first) = prefix.as_bytes().first()
            && let Some(list) = heads.get_mut(usize::from(*first))
        {
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

/// Shorter runs have no token in them, and no base64 that is worth decoding.
const LEAST_RUN: usize = 20;

/// What is looked for in a text, and how.
pub(super) struct Scan<'t> {
    pub(super) text: &'t [u8],
    /// Among binary data only tokens and keys are looked for.
    pub(super) binary: bool,
    /// How many encodings have been taken off.
    pub(super) depth: u8,
    /// One is enough.
    pub(super) first: bool,
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
        each_run(self.text, LEAST_RUN, |start, end| {
            self.heads(start, end, &mut once, out);
            if !self.binary {
                blocks.add(start, end, out);
            }
            self.first && !out.is_empty()
        });
        blocks.finish(out);
    }

    fn ask(&self, find: Find, at: usize, once: &mut u32, out: &mut Vec<Token>) {
        match find {
            Find::One(matcher) => out.extend(matcher(self.text, at)),
            Find::Text(matcher) if !self.binary => out.extend(matcher(self.text, at)),
            Find::Many(matcher) if !self.binary => matcher(self.text, at, out),
            Find::Once(bit, matcher) if !self.binary => {
                if *once & (1 << bit) == 0 {
                    *once |= 1 << bit;
                    matcher(self.text, out);
                }
            }
            Find::Shape(number) => {
                out.extend(SHAPES.get(number).and_then(|shape| shape.at(self.text, at)));
            }
            _ => {}
        }
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
            }
            b'\\' => self.head(start.saturating_add(1), once, out),
            b'%' => self.head(start.saturating_add(2), once, out),
            _ => {}
        }
        if byte(text, start) == b'-' {
            let dashes = part(text, start..end)
                .iter()
                .take_while(|byte| **byte == b'-')
                .count();
            self.head(start.saturating_add(dashes), once, out);
        }
        let last = end.saturating_sub(LEAST_RUN);
        if start < last {
            for slash in memchr::memchr_iter(b'/', part(text, start..last)) {
                self.head(start.saturating_add(slash).saturating_add(1), once, out);
            }
        }
    }

    fn head(&self, at: usize, once: &mut u32, out: &mut Vec<Token>) {
        let Some(rest) = self.text.get(at..) else {
            return;
        };
        let Some(list) = rest
            .first()
            .and_then(|first| HEADS.get(usize::from(*first)))
        else {
            return;
        };
        for (prefix, find) in list {
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

/// Calls with every run of letters, digits, `+`, `/`, `_` and `-` of at least so many bytes, until it says to stop.
/// Looks at one byte in about twenty where there is none.
fn each_run(text: &[u8], least: usize, mut call: impl FnMut(usize, usize) -> bool) {
    use super::bytes::{Class, class, run};
    static RUN: Class = class(b"A-Za-z0-9+/_-");
    // The last byte of the next window that could be all of the class; what is before it has been looked at.
    let mut last = least.saturating_sub(1);
    'windows: while last < text.len() {
        let start = last.saturating_add(1).saturating_sub(least);
        for at in (start..=last).rev() {
            if !is(&RUN, byte(text, at)) {
                last = at.saturating_add(least);
                continue 'windows;
            }
        }
        let end = run(text, last, &RUN);
        if call(start, end) {
            return;
        }
        last = end.saturating_add(least);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn literals_fit_the_vector_search() {
        assert!(LONG.len() <= 64);
        assert!(LONG.iter().all(|(literal, _)| literal.len() >= 4));
        for (literal, find) in LONG {
            if matches!(find, Find::Shape(_)) {
                assert!(SHAPES.iter().any(|shape| shape.prefix == *literal));
            }
        }
    }

    #[test]
    fn runs_are_found_whole_and_none_is_missed() {
        let text = b"aaaa bbbbbbbb\ncccc/dd-+_:eeeeeeeeeeeeeee;ffff gggg";
        let mut found = Vec::new();
        each_run(text, 8, |start, end| {
            found.push(&text[start..end]);
            false
        });
        assert_eq!(found, [&b"bbbbbbbb"[..], b"cccc/dd-+_", b"eeeeeeeeeeeeeee"]);
    }
}
