//! The kinds of credentials, and the checks that have to find them.

use super::tokens::{self as t, ALNUM, DIGITS, Dice, HEX, LOWER, UPPER, URL};

/// A kind of credential.
pub struct Kind {
    pub name: &'static str,
    pub checks: &'static [&'static str],
    /// Makes one; several lines are possible.
    pub make: fn(&mut Dice) -> String,
}

const fn kind(
    name: &'static str,
    checks: &'static [&'static str],
    make: fn(&mut Dice) -> String,
) -> Kind {
    Kind { name, checks, make }
}

fn url(scheme: &str, user: &str, host: &str, dice: &mut Dice) -> String {
    format!("{scheme}://{user}:{}@{host}", t::password(dice))
}

const TOKEN: &[&str] = &["SEC116"];
const URLS: &[&str] = &["SEC118"];
const KEYS: &[&str] = &["SEC102"];

/// All kinds that are recognised wherever they stand.
pub const KINDS: &[Kind] = &[
    kind("age-identity", &["SEC101"], t::age),
    kind("pem-rsa", KEYS, |d| t::pem(d, "RSA PRIVATE KEY", 1192)),
    kind("pem-ec", KEYS, |d| t::pem(d, "EC PRIVATE KEY", 121)),
    kind("pem-pkcs8", KEYS, |d| t::pem(d, "PRIVATE KEY", 1218)),
    kind("openssh-key", KEYS, t::openssh),
    kind("putty-key", KEYS, t::putty),
    kind("pgp-key", KEYS, t::pgp),
    kind("docker-auth", &["SEC103"], t::docker),
    kind("kubeconfig", &["SEC104", "SEC102"], t::kubeconfig),
    kind("gitlab", &["SEC105"], t::gitlab),
    kind("gitlab-routable", &["SEC105"], t::gitlab_routable),
    kind("github", &["SEC106"], t::github),
    kind("github-fine", &["SEC106"], t::github_fine),
    kind("aws", &["SEC107"], t::aws_pair),
    kind("google-api", &["SEC108"], t::google_api),
    kind("google-client", &["SEC108"], t::google_client),
    kind("google-account", &["SEC108"], t::google_account),
    kind("clerk", &["SEC109", "SEC110"], t::clerk),
    kind("stripe", &["SEC110"], t::stripe),
    kind("slack", &["SEC111"], t::slack),
    kind("slack-hook", &["SEC111"], t::slack_hook),
    kind("npm", &["SEC112"], t::npm),
    kind("pypi", &["SEC113"], t::pypi),
    kind("cloudflare", &["SEC114", "SEC120"], t::cloudflare),
    kind("cloudflare-origin", &["SEC114"], t::cloudflare_origin),
    kind("openai", &["SEC115"], t::openai),
    kind("anthropic", &["SEC115"], t::anthropic),
    kind("jwt", &["SEC117"], t::jwt),
    kind("postgres-url", URLS, |d| {
        url("postgres", "blaster", "db.reids.net.au:5432/blaster", d)
    }),
    kind("mysql-url", URLS, |d| {
        url("mysql", "root", "10.0.0.7:3306/app", d)
    }),
    kind("mongodb-url", URLS, |d| {
        url("mongodb+srv", "app", "cluster0.reids.net.au/app", d)
    }),
    kind("redis-url", URLS, |d| {
        url("redis", "", "cache.reids.net.au:6379/0", d)
    }),
    kind("amqp-url", URLS, |d| {
        url("amqps", "worker", "queue.reids.net.au/jobs", d)
    }),
    kind("https-url", URLS, |d| {
        url(
            "https",
            "deploy",
            "gitlab.reids.net.au/games/blaster.git",
            d,
        )
    }),
    kind("sendgrid", TOKEN, |d| {
        ["S", "G.", &d.of(URL, 22), ".", &d.of(URL, 43)].concat()
    }),
    kind("digitalocean", TOKEN, |d| {
        ["dop", "_v1_", &d.of(HEX, 64)].concat()
    }),
    kind("hugging-face", &["SEC115", "SEC116"], |d| {
        [
            "h",
            "f_",
            &d.of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 34),
        ]
        .concat()
    }),
    kind("hashicorp-vault", TOKEN, |d| {
        ["hv", "s.", "CAES", &d.of(URL, 92)].concat()
    }),
    kind("terraform-cloud", TOKEN, |d| {
        [&d.of(ALNUM, 14), ".atlas", "v1.", &d.of(URL, 64)].concat()
    }),
    kind("grafana", TOKEN, |d| {
        ["gl", "sa_", &d.of(ALNUM, 32), "_", &d.of(HEX, 8)].concat()
    }),
    kind("linear", TOKEN, |d| {
        ["lin", "_api_", &d.of(ALNUM, 40)].concat()
    }),
    kind("doppler", TOKEN, |d| {
        ["dp.", "pt.", &d.of(ALNUM, 43)].concat()
    }),
    kind("databricks", TOKEN, |d| {
        ["da", "pi", &d.of(HEX, 32)].concat()
    }),
    kind("shopify", TOKEN, |d| {
        ["shp", "at_", &d.of(HEX, 32)].concat()
    }),
    kind("tailscale", TOKEN, |d| {
        ["ts", "key-auth-", &d.of(ALNUM, 17), "-", &d.of(ALNUM, 32)].concat()
    }),
    kind("docker-hub", &["SEC116", "SEC103"], |d| {
        ["dckr", "_pat_", &d.of(URL, 27)].concat()
    }),
    kind("rubygems", TOKEN, |d| {
        ["ruby", "gems_", &d.of(HEX, 48)].concat()
    }),
    kind("atlassian", TOKEN, |d| {
        [
            "ATA",
            "TT3xFfGF0",
            &d.of(URL, 171),
            "=",
            &d.of("0123456789ABCDEF", 8),
        ]
        .concat()
    }),
    kind("new-relic", TOKEN, |d| {
        ["NR", "AK-", &d.of(UPPER, 27)].concat()
    }),
    kind("telegram", TOKEN, |d| {
        [&d.of("123456789", 10), ":A", "A", &d.of(URL, 33)].concat()
    }),
    kind("discord-hook", TOKEN, |d| {
        [
            "https://dis",
            "cord.com/api/webhooks/",
            &d.of("123456789", 18),
            "/",
            &d.of(URL, 68),
        ]
        .concat()
    }),
    kind("supabase", TOKEN, |d| ["sb", "p_", &d.of(HEX, 40)].concat()),
    kind("planetscale", TOKEN, |d| {
        ["pscale", "_tkn_", &d.of(URL, 43)].concat()
    }),
    kind("fly", TOKEN, |d| ["fo", "1_", &d.of(URL, 43)].concat()),
    kind("postman", TOKEN, |d| {
        ["PM", "AK-", &d.of(HEX, 24), "-", &d.of(HEX, 34)].concat()
    }),
    kind("twilio", TOKEN, |d| {
        format!("TWILIO_API_KEY={}{}", "SK", d.of(HEX, 32))
    }),
    kind("azure-storage", &["SEC116", "SEC118"], |d| {
        format!(
            "DefaultEndpointsProtocol=https;AccountName=blaster{};Account{}={}==;EndpointSuffix=core.windows.net",
            d.of(DIGITS, 2),
            "Key",
            d.of(ALNUM, 86)
        )
    }),
    kind("pulumi", TOKEN, |d| ["pu", "l-", &d.of(HEX, 40)].concat()),
    kind("age-plugin", &["SEC101"], t::age_plugin),
    kind("sentry", TOKEN, |d| {
        [
            "sn",
            "trys_",
            "eyJpYXQiOjE",
            &d.of(ALNUM, 80),
            "_",
            &d.of(ALNUM, 43),
        ]
        .concat()
    }),
    kind("buildkite", TOKEN, |d| {
        ["bk", "ua_", &d.of(HEX, 40)].concat()
    }),
    kind("artifactory", TOKEN, |d| {
        ["AK", "Cp", &d.of(ALNUM, 69)].concat()
    }),
    kind("readme", TOKEN, |d| {
        ["rd", "me_", &d.of(LOWER, 70)].concat()
    }),
];
