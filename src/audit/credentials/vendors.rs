//! Tokens that take more than a prefix and a length: checksums, several parts, several owners of one prefix.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::assigned;
use super::bytes::{
    ALNUM, BASE32, BASE64, BASE64_ANY, DIGITS, HEX, HEX_ANY, LOWER, UPPER, WORD, begins, byte,
    class, goes_on, is, is_drawn, mentions, part, run, run_back,
};
use super::checksums::{base36_holds, base62_holds};
use super::token::Token;
use crate::audit::benign;
use crate::audit::checks;
use crate::audit::finding::{Confidence, Severity};

/// GitLab: `glpat-`, `gldt-`, `glrt-`, `glrtr-`, `glcbt-`, `glptt-`: classic (a fixed length) or routable (a payload,
/// its length and a checksum).
pub(super) fn gitlab(text: &[u8], at: usize) -> Option<Token> {
    const KINDS: [(&str, &str); 6] = [
        (
            "glpat-",
            "a personal, group or project access token of GitLab",
        ),
        ("gldt-", "a deploy token of GitLab"),
        ("glrt-", "a runner token of GitLab"),
        ("glrtr-", "a runner registration token of GitLab"),
        ("glcbt-", "a CI job token of GitLab"),
        ("glptt-", "a pipeline trigger token of GitLab"),
    ];
    let (prefix, what) = KINDS
        .into_iter()
        .find(|(prefix, _)| goes_on(text, at, prefix.as_bytes()))?;
    if at
        .checked_sub(1)
        .is_some_and(|before| is(&ALNUM, byte(text, before)))
        && !begins(text, at)
    {
        return None;
    }
    let start = at.saturating_add(prefix.len());
    let end = run(text, start, &WORD);
    let body = part(text, start..end);
    if body.len() < 20 || !is_drawn(body) {
        return None;
    }
    let token = |end: usize| Token::new(&checks::GITLAB_TOKEN, at..end, what);
    // .LL and the checksum, or .VV.LL and the checksum.
    if byte(text, end) == b'.' {
        let mut last = run(text, end.saturating_add(1), &LOWER);
        if byte(text, last) == b'.' && last == end.saturating_add(3) {
            last = run(text, last.saturating_add(1), &LOWER);
        }
        if matches!(last.saturating_sub(end), 10 | 13) {
            let whole = part(text, at..last);
            let routed = token(last);
            return Some(if base36_holds(whole) {
                routed.confidence(Confidence::Certain)
            } else {
                routed.confidence(Confidence::Possible)
            });
        }
    }
    let usual = match prefix {
        "glpat-" | "gldt-" | "glrtr-" => body.len() == 20,
        "glrt-" => (20..=40).contains(&body.len()),
        "glptt-" => body.len() == 40 && body.iter().all(u8::is_ascii_hexdigit),
        _ => (21..=80).contains(&body.len()),
    };
    Some(token(end).confidence(if usual {
        Confidence::Likely
    } else {
        Confidence::Possible
    }))
}

/// GitHub: `ghp_` and its kin with a checksum, and `github_pat_`.
pub(super) fn github(text: &[u8], at: usize) -> Option<Token> {
    const KINDS: [(&str, &str); 5] = [
        ("ghp_", "a personal access token of GitHub"),
        ("gho_", "an OAuth token of GitHub"),
        ("ghu_", "a user token of a GitHub app"),
        ("ghs_", "an installation token of a GitHub app"),
        ("ghr_", "a refresh token of GitHub"),
    ];
    if at
        .checked_sub(1)
        .is_some_and(|before| is(&ALNUM, byte(text, before)))
        && !begins(text, at)
    {
        return None;
    }
    let fine = "github_pat_";
    if goes_on(text, at, fine.as_bytes()) {
        let start = at.saturating_add(fine.len());
        let end = run(text, start, const { &class(b"A-Za-z0-9_") });
        let body = part(text, start..end);
        if body.len() < 50 || !is_drawn(body) {
            return None;
        }
        // Which part of it the checksum covers is not published; each way proves it.
        let last = body.rsplit(|byte| *byte == b'_').next().unwrap_or_default();
        let holds = base62_holds(body) || base62_holds(last) || base62_holds(part(text, at..end));
        let confidence = match (holds, body.len()) {
            (true, _) => Confidence::Certain,
            (false, 82) => Confidence::Likely,
            _ => Confidence::Possible,
        };
        return Some(
            Token::new(
                &checks::GITHUB_TOKEN,
                at..end,
                "a fine-grained personal access token of GitHub",
            )
            .confidence(confidence),
        );
    }
    let (prefix, what) = KINDS
        .into_iter()
        .find(|(prefix, _)| goes_on(text, at, prefix.as_bytes()))?;
    let start = at.saturating_add(prefix.len());
    let end = run(text, start, &ALNUM);
    let body = part(text, start..end);
    let token = |end: usize| Token::new(&checks::GITHUB_TOKEN, at..end, what);
    if body.len() == 36 && is_drawn(body) {
        return Some(if base62_holds(body) {
            token(end).confidence(Confidence::Certain)
        } else {
            token(end)
                .confidence(Confidence::Possible)
                .note("whose checksum does not hold")
        });
    }
    // Installation tokens of 2026: the number of the app, and a JWT.
    let digits = body.iter().all(u8::is_ascii_digit) && !body.is_empty();
    if digits && byte(text, end) == b'_' && goes_on(text, end.saturating_add(1), b"eyJ") {
        let end = run(text, end, const { &class(b"A-Za-z0-9_.-") });
        return (end.saturating_sub(start) > 60).then(|| token(end).confidence(Confidence::Likely));
    }
    None
}

impl Token {
    fn note(mut self, note: &str) -> Self {
        self.message = format!("{} {note}", self.message);
        self
    }
}

/// AWS: the id of an access key, and its secret where one stands near.
pub(super) fn aws(text: &[u8], at: usize) -> Option<Token> {
    let end = run(text, at, &UPPER);
    let body = part(text, at.saturating_add(4)..end);
    let clean = !is(&WORD, byte(text, end)) && body.iter().all(|byte| is(&BASE32, *byte));
    if end.saturating_sub(at) != 20 || !clean || !begins(text, at) || !is_drawn(body) {
        return None;
    }
    let from = at.saturating_sub(300);
    let to = end.saturating_add(300).min(text.len());
    let mut token = Token::new(&checks::AWS_KEY, at..end, "the id of an access key of AWS");
    if aws_secret_in(text, from..to).is_some() {
        token = token.note("with its secret near it");
    } else {
        // Without the secret it opens nothing.
        token = token.severity(Severity::Medium);
    }
    Some(token)
}

/// A secret access key: 40 characters of base64 on their own.
pub(super) fn aws_secret_in(
    text: &[u8],
    range: std::ops::Range<usize>,
) -> Option<std::ops::Range<usize>> {
    let mut at = range.start;
    while at < range.end {
        let end = run(text, at, &BASE64);
        let body = part(text, at..end);
        if body.len() == 40
            && byte(text, end) != b'='
            && is_drawn(body)
            && body.iter().any(u8::is_ascii_uppercase)
            && body.iter().any(u8::is_ascii_lowercase)
            && body.iter().any(u8::is_ascii_digit)
        {
            return Some(at..end);
        }
        at = end.saturating_add(1);
    }
    None
}

/// Forty characters with one of the names that AWS gives its secrets right before them.
pub(super) fn aws_secret(text: &[u8], at: usize) -> Option<Token> {
    let name = name_before(text, at)?.to_ascii_lowercase();
    let known = ["secretaccesskey", "secretkey", "secretacceskey"];
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let aws = name.ends_with("secretaccesskey")
        || (name.starts_with("aws") && known.iter().any(|known| name.ends_with(known)));
    if !aws {
        return None;
    }
    let span = aws_secret_in(text, at..at.saturating_add(40))?;
    (span.start == at).then(|| Token::new(&checks::AWS_KEY, span, "a secret access key of AWS"))
}

/// The name that the value at an offset is given to: `NAME=`, `"name": "`, `name = '`.
fn name_before(text: &[u8], at: usize) -> Option<&str> {
    let between = const { &class(b" :=\"'>\t\\") };
    let end = run_back(text, at, between, 12);
    let start = run_back(text, end, const { &class(b"A-Za-z0-9_.-") }, 48);
    let assigned = part(text, end..at)
        .iter()
        .any(|byte| matches!(byte, b':' | b'=' | b'>'));
    (assigned && start < end)
        .then(|| std::str::from_utf8(part(text, start..end)).ok())
        .flatten()
}

/// `sk_live_`, `sk_test_`, `rk_live_`, `rk_test_`: Stripe, Clerk and WorkOS share them. Stripe's bodies have 24
/// characters, or begin with 51 and have about 100; Clerk's have 40 to 50.
pub(super) fn stripe_or_clerk(text: &[u8], at: usize) -> Option<Token> {
    let start = at.checked_add(8)?;
    let live = goes_on(text, at.saturating_add(3), b"live_");
    if !(live || goes_on(text, at.saturating_add(3), b"test_")) || !begins(text, at) {
        return None;
    }
    let end = run(text, start, &ALNUM);
    let body = part(text, start..end);
    if !(16..=120).contains(&body.len()) || is(&WORD, byte(text, end)) || !is_drawn(body) {
        return None;
    }
    // The keys that everybody has from Stripe's documentation.
    let whole = std::str::from_utf8(part(text, at..end)).ok()?;
    if benign::is_placeholder(whole) {
        return None;
    }
    let near = at.saturating_sub(120)..at;
    let span = at..end;
    let named = mentions(text, near.clone(), "clerk") && !mentions(text, near, "stripe");
    let (check, what) = if body.starts_with(b"a2V5X") {
        (&checks::PROVIDER_TOKEN, "an API key of WorkOS")
    } else if byte(text, at) == b's'
        && (named || ((40..=50).contains(&body.len()) && !body.starts_with(b"51")))
    {
        (&checks::CLERK_KEY, "a secret key of Clerk")
    } else if byte(text, at) == b'r' {
        (&checks::STRIPE_KEY, "a restricted key of Stripe")
    } else {
        (&checks::STRIPE_KEY, "a secret key of Stripe")
    };
    let token = Token::new(check, span, what);
    Some(if live {
        token
    } else {
        token.note("for tests").severity(Severity::Medium)
    })
}

/// Slack: `xoxb-` and its kin, `xapp-`.
pub(super) fn slack(text: &[u8], at: usize) -> Option<Token> {
    let what = match part(text, at..at.saturating_add(5)) {
        b"xoxb-" => "a bot token of Slack",
        b"xoxp-" => "a user token of Slack",
        b"xoxa-" | b"xoxr-" | b"xoxs-" | b"xoxo-" | b"xoxc-" | b"xoxe-" | b"xoxe." => {
            "a token of Slack"
        }
        b"xapp-" => "an app token of Slack",
        _ => return None,
    };
    let start = at.checked_add(5)?;
    let end = run(text, start, const { &class(b"A-Za-z0-9.-") });
    let body = part(text, start..end);
    let digits = body.iter().filter(|byte| byte.is_ascii_digit()).count();
    if !(18..=260).contains(&body.len())
        || digits < 8
        || !begins(text, at)
        || !is_slack_drawn(body)
        || is_slack_sample(body)
    {
        return None;
    }
    Some(Token::new(&checks::SLACK_TOKEN, at..end, what))
}

/// The numbers in tokens of Slack may be anything; the last part is drawn.
fn is_slack_drawn(body: &[u8]) -> bool {
    let last = body.rsplit(|byte| *byte == b'-').next().unwrap_or_default();
    last.len() >= 10 && is_drawn(last)
}

/// All numbers of it, two or more, are counted up or of one digit, as in manuals.
fn is_slack_sample(body: &[u8]) -> bool {
    let numbers = body
        .split(|byte| *byte == b'-')
        .filter(|part| part.len() >= 8 && part.iter().all(u8::is_ascii_digit))
        .map(|part| std::str::from_utf8(part).is_ok_and(benign::is_placeholder));
    let (mut all, mut samples) = (0usize, 0usize);
    for is_sample in numbers {
        all += 1;
        samples += usize::from(is_sample);
    }
    all >= 2 && samples == all
}

/// `hooks.slack.com/services/T.../B.../...`.
pub(super) fn slack_webhook(text: &[u8], at: usize) -> Option<Token> {
    let rest = at.saturating_add("hooks.slack.com/".len());
    let end = run(text, rest, const { &class(b"A-Za-z0-9/") });
    let path = part(text, rest..end);
    let mut parts = path.split(|byte| *byte == b'/');
    let kind = parts.next()?;
    let secret = parts.next_back()?;
    let known = matches!(kind, b"services" | b"workflows" | b"triggers");
    (known && parts.count() >= 1 && secret.len() >= 20 && is_drawn(secret)).then(|| {
        Token::new(
            &checks::SLACK_TOKEN,
            at..end,
            "an incoming webhook of Slack",
        )
    })
}

/// `npm_` with a checksum.
pub(super) fn npm(text: &[u8], at: usize) -> Option<Token> {
    let start = at.checked_add(4)?;
    let end = run(text, start, &ALNUM);
    let body = part(text, start..end);
    if body.len() != 36 || is(&WORD, byte(text, end)) || !begins(text, at) || !is_drawn(body) {
        return None;
    }
    let token = Token::new(&checks::NPM_TOKEN, at..end, "an access token of npm");
    Some(if base62_holds(body) {
        token.confidence(Confidence::Certain)
    } else {
        token
            .confidence(Confidence::Possible)
            .note("whose checksum does not hold")
    })
}

/// `pypi-`: a macaroon whose location is the index, with a signature at its end.
pub(super) fn pypi(text: &[u8], at: usize) -> Option<Token> {
    let start = at.checked_add(5)?;
    let end = run(text, start, &WORD);
    let body = part(text, start..end);
    if !(50..=2000).contains(&body.len()) || !begins(text, at) {
        return None;
    }
    let decoded = URL_SAFE_NO_PAD.decode(body).ok()?;
    // Version 2, field 1, and the location with its length.
    let location = decoded.get(2..)?;
    let length = usize::from(*location.first()?);
    let host = location.get(1..)?.get(..length)?;
    if !decoded.starts_with(&[2, 1]) || !host.ends_with(b"pypi.org") {
        return None;
    }
    let signed = decoded
        .len()
        .checked_sub(34)
        .and_then(|at| decoded.get(at..))
        .is_some_and(|tail| tail.starts_with(&[6, 32]));
    Some(
        Token::new(&checks::PYPI_TOKEN, at..end, "an API token of PyPI").confidence(if signed {
            Confidence::Certain
        } else {
            Confidence::Likely
        }),
    )
}

/// `cfut_`, `cfat_`, `cfk_`: 40 characters and a checksum of 8, whose making is not published.
pub(super) fn cloudflare(text: &[u8], at: usize) -> Option<Token> {
    let (prefix, what) = [
        ("cfut_", "a user API token of Cloudflare"),
        ("cfat_", "an account API token of Cloudflare"),
        ("cfk_", "a global API key of Cloudflare"),
    ]
    .into_iter()
    .find(|(prefix, _)| goes_on(text, at, prefix.as_bytes()))?;
    let start = at.saturating_add(prefix.len());
    let end = run(text, start, &ALNUM);
    let body = part(text, start..end);
    let (random, sum) = body.split_at_checked(40)?;
    if sum.len() != 8
        || !sum.iter().all(|byte| is(&HEX, *byte))
        || !begins(text, at)
        || !is_drawn(random)
    {
        return None;
    }
    Some(Token::new(&checks::CLOUDFLARE_TOKEN, at..end, what))
}

/// A variable such as `CLOUDFLARE_API_TOKEN` with an API token of 40 characters, or a global key of 37: these have
/// no prefix.
pub(super) fn cloudflare_named(text: &[u8], at: usize) -> Option<Token> {
    let name = assigned::name_around(text, at);
    let words = part(text, name.clone());
    let is_credential = words.ends_with(b"TOKEN") || words.ends_with(b"KEY");
    let value = assigned::value(text, name.end)?;
    let body = part(text, value.clone());
    let fits = matches!(body.len(), 37 | 40)
        && body
            .iter()
            .all(|byte| is(const { &class(b"A-Za-z0-9_-") }, *byte));
    (is_credential && fits && is_drawn(body)).then(|| {
        Token::new(
            &checks::CLOUDFLARE_TOKEN,
            value,
            "an API token of Cloudflare",
        )
    })
}

/// `v1.0-` with 24 and 146 hexadecimal digits.
pub(super) fn origin_ca(text: &[u8], at: usize) -> Option<Token> {
    let start = at.checked_add(5)?;
    let middle = run(text, start, &HEX);
    let end = run(text, middle.saturating_add(1), &HEX);
    let fits = middle.saturating_sub(start) == 24
        && byte(text, middle) == b'-'
        && end.saturating_sub(middle) == 147
        && is_drawn(part(text, middle.saturating_add(1)..end));
    fits.then(|| {
        Token::new(
            &checks::CLOUDFLARE_TOKEN,
            at..end,
            "an Origin CA key of Cloudflare",
        )
    })
}

/// `sk-`: Anthropic, OpenAI, OpenRouter, and those who follow them.
pub(super) fn sk(text: &[u8], at: usize) -> Option<Token> {
    if !begins(text, at) {
        return None;
    }
    let start = at.checked_add(3)?;
    let end = run(text, start, &WORD);
    let body = part(text, start..end);
    if !(32..=260).contains(&body.len()) || !is_drawn(body) {
        return None;
    }
    let token = |what: &'static str| Token::new(&checks::AI_KEY, at..end, what);
    let marked = memchr::memmem::find(body, b"T3BlbkFJ").is_some();
    let plain = |body: &[u8]| body.iter().all(|byte| is(&ALNUM, *byte));
    if body.starts_with(b"ant-") {
        return (body.len() >= 80).then(|| token("an API key of Anthropic"));
    }
    if let Some(rest) = body.strip_prefix(b"or-v1-") {
        return (rest.len() == 64 && rest.iter().all(|byte| is(&HEX, *byte)))
            .then(|| token("an API key of OpenRouter"));
    }
    if marked {
        return Some(token("an API key of OpenAI"));
    }
    if body.starts_with(b"proj-") || body.starts_with(b"svcacct-") || body.starts_with(b"admin-") {
        return (body.len() >= 60)
            .then(|| token("an API key of OpenAI").confidence(Confidence::Possible));
    }
    if body.starts_with(b"lf-") {
        return (body.len() == 39).then(|| token("a secret key of Langfuse"));
    }
    if body.starts_with(b"api-") {
        return (body.len() >= 100).then(|| token("an API key of MiniMax"));
    }
    let hexadecimal = body.iter().all(|byte| is(&HEX, *byte)) && body.len() == 32;
    (plain(body) && (hexadecimal || body.len() == 48))
        .then(|| token("an API key in the form of OpenAI's").confidence(Confidence::Possible))
}

/// `....atlasv1....`: HCP Terraform.
pub(super) fn terraform(text: &[u8], at: usize) -> Option<Token> {
    let start = run_back(text, at, &ALNUM, 15);
    let body = at.saturating_add(".atlasv1.".len());
    let end = run(text, body, const { &class(b"A-Za-z0-9_=-") });
    let fits = at.saturating_sub(start) == 14 && (60..=72).contains(&end.saturating_sub(body));
    (fits && is_drawn(part(text, body..end))).then(|| {
        Token::new(
            &checks::PROVIDER_TOKEN,
            start..end,
            "an API token of HCP Terraform",
        )
    })
}

/// `digits:AA...`: a bot of Telegram.
pub(super) fn telegram(text: &[u8], at: usize) -> Option<Token> {
    let start = run_back(text, at, &DIGITS, 12);
    let body = at.checked_add(1)?;
    let end = run(text, body, &WORD);
    let digits = at.saturating_sub(start);
    let fits = (8..=10).contains(&digits) && end.saturating_sub(body) == 35;
    let before = start.checked_sub(1).map_or(0, |before| byte(text, before));
    // In addresses: /bot123456789:AA...
    let bounded = !is(&WORD, before) || goes_on(text, start.saturating_sub(3), b"bot");
    (fits && bounded && is_drawn(part(text, body..end))).then(|| {
        Token::new(
            &checks::PROVIDER_TOKEN,
            start..end,
            "a bot token of Telegram",
        )
    })
}

/// `...Q~...`: client secrets of Entra ID: three characters, a digit, the mark, and 31 to 34 more.
pub(super) fn entra(text: &[u8], at: usize) -> Option<Token> {
    let set = const { class(b"A-Za-z0-9_.~-") };
    let start = at.checked_sub(4)?;
    let before = start.checked_sub(1).map_or(0, |before| byte(text, before));
    let body = at.checked_add(2)?;
    let end = run(text, body, &set);
    let head = part(text, start..at);
    let fits = head.iter().all(|byte| is(&set, *byte))
        && head.last().is_some_and(u8::is_ascii_digit)
        && !is(&set, before)
        && (31..=34).contains(&end.saturating_sub(body));
    (fits && is_drawn(part(text, body..end))).then(|| {
        Token::new(
            &checks::PROVIDER_TOKEN,
            start..end,
            "a client secret of Microsoft Entra ID",
        )
    })
}

/// `discord.com/api/webhooks/ID/TOKEN`.
pub(super) fn discord_webhook(text: &[u8], at: usize) -> Option<Token> {
    let path = memchr::memmem::find(part(text, at..at.saturating_add(40)), b"/webhooks/")?;
    let start = at.saturating_add(path).saturating_add(10);
    let id = run(text, start, &DIGITS);
    let end = run(text, id.saturating_add(1), &WORD);
    let fits = (17..=20).contains(&id.saturating_sub(start))
        && byte(text, id) == b'/'
        && end.saturating_sub(id) > 60
        && is_drawn(part(text, id.saturating_add(1)..end));
    fits.then(|| {
        Token::new(&checks::PROVIDER_TOKEN, at..end, "a webhook of Discord")
            .severity(Severity::Medium)
    })
}

/// A bot of Discord: the base64 of its number, a time, and a signature, with dots between.
pub(super) fn discord(text: &[u8], at: usize) -> Option<Token> {
    let first = run(text, at, &WORD);
    let second = run(text, first.saturating_add(1), &WORD);
    let third = run(text, second.saturating_add(1), &WORD);
    let lengths = (
        first.saturating_sub(at),
        second.saturating_sub(first),
        third.saturating_sub(second),
    );
    let fits = matches!(lengths, (23..=28, 7, 28..=39))
        && byte(text, first) == b'.'
        && byte(text, second) == b'.'
        && begins(text, at);
    if !fits {
        return None;
    }
    let id = STANDARD_NO_PAD.decode(part(text, at..first)).ok()?;
    let number = (17..=20).contains(&id.len()) && id.iter().all(u8::is_ascii_digit);
    number.then(|| Token::new(&checks::PROVIDER_TOKEN, at..third, "a bot token of Discord"))
}

/// `pat` + 14 `.` 64 hexadecimal digits: Airtable.
pub(super) fn airtable(text: &[u8], at: usize) -> Option<Token> {
    let start = at.checked_add(3)?;
    let dot = run(text, start, &ALNUM);
    let end = run(text, dot.saturating_add(1), &HEX);
    let fits =
        dot.saturating_sub(start) == 14 && byte(text, dot) == b'.' && end.saturating_sub(dot) == 65;
    (fits && begins(text, at) && is_drawn(part(text, dot.saturating_add(1)..end))).then(|| {
        Token::new(
            &checks::PROVIDER_TOKEN,
            at..end,
            "a personal access token of Airtable",
        )
    })
}

/// `ops_eyJ`: a service account of 1Password. The rest is JSON in base64, which may be cut off.
pub(super) fn one_password(text: &[u8], at: usize) -> Option<Token> {
    let start = at.saturating_add(4);
    let end = run(text, start, &BASE64_ANY);
    let fits = end.saturating_sub(at) >= 250 && begins(text, at);
    (fits && is_text_in_base64(part(text, start..end))).then(|| {
        Token::new(
            &checks::PROVIDER_TOKEN,
            at..end,
            "a service account token of 1Password",
        )
    })
}

/// Base64 of either alphabet, with nine tenths of a text in it: somebody may have changed a letter.
fn is_text_in_base64(body: &[u8]) -> bool {
    let length = body.iter().take_while(|byte| **byte != b'=').count();
    let body = part(body, 0..length / 4 * 4);
    let decoded = match body.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        true => URL_SAFE_NO_PAD.decode(body),
        false => STANDARD_NO_PAD.decode(body),
    };
    let Ok(decoded) = decoded.map(zeroize::Zeroizing::new) else {
        return false;
    };
    let printed = decoded.iter().filter(|byte| (b' '..=b'~').contains(byte));
    printed.count().saturating_mul(10) >= decoded.len().saturating_mul(9)
}

/// `sk.eyJ`: Mapbox; `pk.` is public.
pub(super) fn mapbox(text: &[u8], at: usize) -> Option<Token> {
    let dot = run(text, at.saturating_add(3), &WORD);
    let end = run(text, dot.saturating_add(1), &WORD);
    let fits =
        dot.saturating_sub(at) >= 40 && byte(text, dot) == b'.' && end.saturating_sub(dot) == 23;
    (fits && begins(text, at))
        .then(|| Token::new(&checks::PROVIDER_TOKEN, at..end, "a secret token of Mapbox"))
}

/// Behind `AccountKey=` and `SharedAccessKey=`: 64 or 32 bytes in base64.
pub(super) fn azure_key(text: &[u8], start: usize) -> Option<Token> {
    let name = name_before(text, start)?;
    if !name.ends_with("AccountKey") && !name.ends_with("SharedAccessKey") {
        return None;
    }
    let end = run(text, start, &BASE64);
    let padded = run(text, end, const { &class(b"=") });
    let length = padded.saturating_sub(start);
    (matches!(length, 44 | 88) && is_drawn(part(text, start..end))).then(|| {
        Token::new(
            &checks::PROVIDER_TOKEN,
            start..padded,
            "an account key of Azure",
        )
    })
}

/// Behind `&sig=` in the address of a shared access signature.
pub(super) fn azure_signature(text: &[u8], start: usize) -> Option<Token> {
    if !text.get(..start)?.ends_with(b"&sig=") {
        return None;
    }
    let end = run(text, start, const { &class(b"A-Za-z0-9%+/=") });
    let near = start.saturating_sub(300)..end.saturating_add(200).min(text.len());
    let fits = (40..=80).contains(&end.saturating_sub(start))
        && mentions(text, near.clone(), "se=")
        && (mentions(text, near.clone(), "sv=") || mentions(text, near, "sr="));
    (fits && is_drawn(part(text, start..end))).then(|| {
        Token::new(
            &checks::PROVIDER_TOKEN,
            start..end,
            "a shared access signature of Azure",
        )
    })
}

/// `key-` and 32 hexadecimal digits near its name: Mailgun.
pub(super) fn mailgun(text: &[u8], at: usize) -> Option<Token> {
    let start = at.checked_add(4)?;
    let end = run(text, start, &HEX_ANY);
    let near = at.saturating_sub(120)..end.saturating_add(120).min(text.len());
    let fits = end.saturating_sub(start) == 32 && !is(&WORD, byte(text, end)) && begins(text, at);
    (fits && is_drawn(part(text, start..end)) && mentions(text, near, "mailgun"))
        .then(|| Token::new(&checks::PROVIDER_TOKEN, at..end, "an API key of Mailgun"))
}

/// `SK` and 32 hexadecimal digits near its name: Twilio.
pub(super) fn twilio(text: &[u8], at: usize) -> Option<Token> {
    let start = at.checked_add(2)?;
    let end = run(text, start, &HEX);
    let near = at.saturating_sub(120)..end.saturating_add(120).min(text.len());
    let fits = end.saturating_sub(start) == 32 && !is(&WORD, byte(text, end)) && begins(text, at);
    (fits && is_drawn(part(text, start..end)) && mentions(text, near, "twilio")).then(|| {
        let token = Token::new(&checks::PROVIDER_TOKEN, at..end, "an API key of Twilio");
        // The name right before it says so; farther away it may be of something else.
        let named = at.saturating_sub(40)..at;
        match mentions(text, named, "twilio") {
            true => token,
            false => token.confidence(Confidence::Possible),
        }
    })
}
