//! Tokens that a prefix, an alphabet and a length tell apart from everything else.
//!
//! Prefixes and lengths are facts that the providers publish for scanners, or that the scanners gitleaks and
//! betterleaks have in their rules (read in November 2026). Prefixes stand alone here: no token is in this file.

use super::bytes::{
    ALNUM, BASE64_ANY, Class, DOTTED, HEX, HEX_ANY, LOWER, UPPER, WORD, begins, class, goes_on, is,
    is_drawn, part, run,
};
use super::token::Token;
use crate::audit::checks::{self, Check};
use crate::audit::finding::{Confidence, Severity};

/// A prefix, and what follows it.
pub(super) struct Shape {
    pub(super) prefix: &'static str,
    class: &'static Class,
    least: usize,
    most: usize,
    check: &'static Check,
    what: &'static str,
    confidence: Confidence,
    severity: Severity,
    /// It may begin at an offset of a text.
    may_begin: fn(&[u8], usize) -> bool,
}

static WORD_SLASH: Class = class(b"A-Za-z0-9_=.+/,-");
static BASE32_LOWER: Class = class(b"a-z2-7");
static UUID: Class = class(b"a-f0-9-");

const fn shape(
    prefix: &'static str,
    class: &'static Class,
    length: (usize, usize),
    check: &'static Check,
    what: &'static str,
) -> Shape {
    Shape {
        prefix,
        class,
        least: length.0,
        most: length.1,
        check,
        what,
        confidence: Confidence::Likely,
        severity: Severity::High,
        may_begin: begins,
    }
}

const fn provider(
    prefix: &'static str,
    class: &'static Class,
    length: (usize, usize),
    what: &'static str,
) -> Shape {
    shape(prefix, class, length, &checks::PROVIDER_TOKEN, what)
}

const fn ai(
    prefix: &'static str,
    class: &'static Class,
    length: (usize, usize),
    what: &'static str,
) -> Shape {
    shape(prefix, class, length, &checks::AI_KEY, what)
}

const fn gitlab(
    prefix: &'static str,
    class: &'static Class,
    length: (usize, usize),
    what: &'static str,
) -> Shape {
    shape(prefix, class, length, &checks::GITLAB_TOKEN, what)
}

impl Shape {
    /// Less sure than the others: the prefix is short, or words begin with it.
    const fn weak(mut self) -> Self {
        self.confidence = Confidence::Possible;
        self
    }

    /// One that opens less.
    const fn milder(mut self) -> Self {
        self.severity = Severity::Medium;
        self
    }

    /// One that stands in names of files as well.
    const fn no_extension(mut self) -> Self {
        self.may_begin = begins_no_extension;
        self
    }

    /// The token at an offset where its prefix stands. It has to begin there.
    pub(super) fn at(&self, text: &[u8], at: usize) -> Option<Token> {
        let start = at.checked_add(self.prefix.len())?;
        if !goes_on(text, at, self.prefix.as_bytes()) || !(self.may_begin)(text, at) {
            return None;
        }
        let mut end = run(text, start, self.class);
        // The full stop of a sentence is none of it.
        while end > start && matches!(text.get(end.saturating_sub(1)), Some(b'.' | b',')) {
            end -= 1;
        }
        let length = end.saturating_sub(start);
        let longer = text
            .get(end)
            .is_some_and(|byte| is(&WORD, *byte) && !is(self.class, *byte));
        if !(self.least..=self.most).contains(&length)
            || longer
            || !is_drawn(part(text, start..end))
        {
            return None;
        }
        Some(
            Token::new(self.check, at..end, self.what)
                .confidence(self.confidence)
                .severity(self.severity),
        )
    }
}

/// Not behind the dot of a name: `icon.ico-` and a digest are a part of one.
fn begins_no_extension(text: &[u8], at: usize) -> bool {
    let is_extension = match part(text, at.saturating_sub(2)..at) {
        [before, b'.'] => is(&WORD, *before),
        _ => false,
    };
    !is_extension && begins(text, at)
}

/// All of them. Those of one first letter stand together.
pub(super) static SHAPES: &[Shape] = &[
    provider(
        "A3-",
        &class(b"A-Z0-9-"),
        (32, 40),
        "a secret key of 1Password",
    ),
    provider("AKCp", &ALNUM, (66, 72), "an API key of Artifactory"),
    provider("API-", &UPPER, (26, 26), "an API key of Octopus Deploy").weak(),
    provider(
        "ATATT3",
        &BASE64_ANY,
        (150, 250),
        "an API token of Atlassian",
    ),
    provider("ATBB", &ALNUM, (28, 40), "an app password of Bitbucket"),
    provider(
        "ATCTT3",
        &BASE64_ANY,
        (150, 250),
        "an access token of Bitbucket",
    ),
    shape(
        "AIza",
        &WORD,
        (35, 35),
        &checks::GOOGLE_CREDENTIALS,
        "an API key of Google",
    )
    .milder(),
    shape(
        "AQ.Ab8RN6",
        &WORD,
        (40, 60),
        &checks::GOOGLE_CREDENTIALS,
        "an API key of Google's Gemini",
    ),
    shape(
        "ABSK",
        &BASE64_ANY,
        (109, 271),
        &checks::AWS_KEY,
        "an API key of Amazon Bedrock",
    ),
    provider(
        "CCIPAT_",
        &class(b"A-Za-z0-9_"),
        (60, 70),
        "a personal token of CircleCI",
    ),
    provider(
        "CCIPRJ_",
        &class(b"A-Za-z0-9_"),
        (60, 70),
        "a project token of CircleCI",
    ),
    provider(
        "CCDB1_",
        &class(b"A-Za-z0-9_"),
        (60, 70),
        "an API key of CockroachDB Cloud",
    ),
    provider("CLOJARS_", &LOWER, (60, 60), "a deploy token of Clojars"),
    provider("EAAA", &WORD, (50, 64), "an access token of Square").weak(),
    provider("EZAK", &ALNUM, (54, 54), "an API key of EasyPost"),
    provider("EXO", &ALNUM, (24, 30), "an API key of Exoscale").weak(),
    provider(
        "fm2_",
        &WORD_SLASH,
        (100, 4000),
        "an access token of Fly.io",
    ),
    shape(
        "GOCSPX-",
        &WORD,
        (28, 28),
        &checks::GOOGLE_CREDENTIALS,
        "an OAuth client secret of Google",
    ),
    gitlab(
        "GR1348941",
        &WORD,
        (20, 20),
        "a runner registration token of GitLab",
    ),
    provider("HRKU-", &WORD, (36, 62), "an API key of Heroku"),
    provider("LTAI", &ALNUM, (12, 24), "an access key of Alibaba Cloud").weak(),
    provider("NRAK-", &UPPER, (27, 27), "a user key of New Relic"),
    provider(
        "PMAK-",
        &class(b"a-f0-9-"),
        (59, 59),
        "an API key of Postman",
    ),
    provider("SG.", &DOTTED, (64, 70), "an API key of SendGrid"),
    provider(
        "SWMKEY-1-",
        &BASE64_ANY,
        (40, 50),
        "the key that unlocks a Docker swarm",
    ),
    provider(
        "SWMTKN-1-",
        &class(b"a-z0-9-"),
        (70, 95),
        "a token to join a Docker swarm",
    ),
    provider("apify_api_", &ALNUM, (34, 40), "an API token of Apify"),
    provider("api_live.", &WORD, (20, 80), "an API token of Onfido"),
    ai(
        "api_org_",
        &ALNUM,
        (34, 34),
        "an organisation token of Hugging Face",
    ),
    provider("bkua_", &LOWER, (40, 53), "a user token of Buildkite"),
    provider("bkaa_", &WORD, (70, 80), "an agent token of Buildkite"),
    provider("cfxp_", &ALNUM, (20, 60), "a key of Cfx.re").weak(),
    provider("cio", &ALNUM, (32, 32), "a token of crates.io"),
    provider(
        "cmVmdGtu",
        &ALNUM,
        (56, 56),
        "a reference token of Artifactory",
    ),
    ai("csk-", &LOWER, (48, 48), "an API key of Cerebras"),
    provider("cnvca", &WORD, (51, 51), "a client secret of Canva"),
    provider(
        "dapi",
        &class(b"a-f0-9-"),
        (32, 34),
        "an access token of Databricks",
    ),
    provider(
        "dckr_oat_",
        &WORD,
        (27, 40),
        "an organisation token of Docker Hub",
    ),
    provider(
        "dckr_pat_",
        &WORD,
        (27, 40),
        "a personal access token of Docker Hub",
    ),
    provider("ddp_", &ALNUM, (36, 36), "an access token of Deno Deploy"),
    provider("doo_v1_", &HEX, (64, 64), "an OAuth token of DigitalOcean"),
    provider(
        "dop_v1_",
        &HEX,
        (64, 64),
        "a personal access token of DigitalOcean",
    ),
    provider("dor_v1_", &HEX, (64, 64), "a refresh token of DigitalOcean"),
    provider("dp.ct.", &ALNUM, (40, 44), "a token of Doppler"),
    provider("dp.pt.", &ALNUM, (40, 44), "a personal token of Doppler"),
    provider(
        "dp.sa.",
        &ALNUM,
        (40, 44),
        "a service account token of Doppler",
    ),
    provider("dp.st.", &DOTTED, (40, 80), "a service token of Doppler"),
    provider("dt0c01.", &DOTTED, (89, 89), "an API token of Dynatrace"),
    provider("duffel_live_", &WORD, (43, 43), "an API token of Duffel"),
    provider(
        "essu_",
        &BASE64_ANY,
        (60, 200),
        "an API key of Elastic Cloud",
    ),
    provider("figd_", &WORD, (38, 46), "a personal access token of Figma"),
    provider("fio-u-", &WORD, (64, 64), "an API token of Frame.io"),
    provider("fo1_", &WORD, (40, 48), "an access token of Fly.io"),
    gitlab("glagent-", &WORD, (50, 64), "an agent token of GitLab"),
    provider(
        "glc_",
        &BASE64_ANY,
        (40, 400),
        "an access policy token of Grafana Cloud",
    ),
    gitlab(
        "glffct-",
        &WORD,
        (20, 20),
        "a feature flag client token of GitLab",
    )
    .milder(),
    gitlab("glft-", &WORD, (20, 80), "a feed token of GitLab").milder(),
    gitlab(
        "glimt-",
        &WORD,
        (25, 25),
        "an incoming mail token of GitLab",
    )
    .milder(),
    gitlab(
        "gloas-",
        &WORD,
        (64, 64),
        "an OAuth application secret of GitLab",
    ),
    provider(
        "glsa_",
        &class(b"A-Za-z0-9_"),
        (41, 41),
        "a service account token of Grafana",
    ),
    gitlab("glsoat-", &WORD, (20, 20), "a SCIM token of GitLab"),
    gitlab("glwt-", &WORD, (20, 64), "a workspace token of GitLab"),
    ai("gsk_", &ALNUM, (52, 52), "an API key of Groq"),
    ai("hf_", &ALNUM, (34, 34), "an access token of Hugging Face"),
    provider(
        "hvb.",
        &WORD,
        (138, 300),
        "a batch token of HashiCorp Vault",
    ),
    provider(
        "hvr.",
        &WORD,
        (90, 300),
        "a recovery token of HashiCorp Vault",
    ),
    provider(
        "hvs.",
        &WORD,
        (24, 130),
        "a service token of HashiCorp Vault",
    ),
    provider("ico-", &ALNUM, (32, 32), "an API key of Infracost")
        .milder()
        .no_extension(),
    provider("ion_", &ALNUM, (42, 42), "an access token of Ionic"),
    provider("lin_api_", &ALNUM, (40, 40), "an API key of Linear"),
    provider("lin_oauth_", &ALNUM, (40, 70), "an OAuth token of Linear"),
    ai(
        "lsv2_pt_",
        &class(b"a-f0-9_"),
        (43, 43),
        "a token of LangSmith",
    ),
    ai(
        "lsv2_sk_",
        &class(b"a-f0-9_"),
        (43, 43),
        "a service key of LangSmith",
    ),
    provider(
        "mdb_sa_sk_",
        &WORD,
        (40, 40),
        "a service account secret of MongoDB Atlas",
    ),
    provider("mlsn.", &ALNUM, (30, 100), "an API token of MailerSend"),
    provider("napi_", &ALNUM, (64, 64), "an API key of Neon"),
    provider("nfp_", &ALNUM, (36, 40), "an access token of Netlify"),
    provider("ntn_", &ALNUM, (40, 50), "an integration token of Notion"),
    ai("nvapi-", &WORD, (60, 70), "an API key of NVIDIA"),
    provider(
        "os_v2_app_",
        &BASE32_LOWER,
        (100, 106),
        "an API key of OneSignal",
    ),
    provider(
        "os_v2_org_",
        &BASE32_LOWER,
        (100, 106),
        "an API key of OneSignal",
    ),
    provider("oy2", &LOWER, (43, 43), "an API key of NuGet"),
    provider("p8e-", &LOWER, (32, 32), "a client secret of Adobe"),
    ai(
        "pcsk_",
        &class(b"A-Za-z0-9_"),
        (60, 75),
        "an API key of Pinecone",
    ),
    provider("phx_", &WORD, (40, 50), "a personal API key of PostHog"),
    provider("pnu_", &ALNUM, (36, 36), "an API key of Prefect"),
    provider("polar_oat_", &WORD, (20, 100), "an access token of Polar"),
    provider("polar_pat_", &WORD, (20, 100), "an access token of Polar"),
    ai("pplx-", &ALNUM, (48, 48), "an API key of Perplexity"),
    provider(
        "pscale_oauth_",
        &DOTTED,
        (32, 64),
        "an OAuth token of PlanetScale",
    ),
    provider("pscale_pw_", &DOTTED, (32, 64), "a password of PlanetScale"),
    provider(
        "pscale_tkn_",
        &DOTTED,
        (32, 64),
        "an API token of PlanetScale",
    ),
    provider("pul-", &HEX, (40, 40), "an access token of Pulumi"),
    ai("r8_", &ALNUM, (37, 37), "an API token of Replicate"),
    provider("rdme_", &LOWER, (70, 70), "an API key of ReadMe"),
    provider("rnd_", &ALNUM, (28, 28), "an API key of Render"),
    provider("rootly_", &HEX, (64, 64), "an API key of Rootly"),
    provider("rubygems_", &HEX, (48, 48), "an API key of RubyGems"),
    provider("sb_secret_", &WORD, (31, 31), "a secret key of Supabase"),
    provider("sbp_", &WORD, (40, 40), "a management token of Supabase"),
    provider(
        "secret_",
        &ALNUM,
        (43, 43),
        "an integration token of Notion",
    ),
    provider("sgp_", &HEX_ANY, (40, 40), "an access token of Sourcegraph"),
    // With the id of an instance before the rest.
    provider(
        "sgp_",
        &class(b"a-fA-F0-9_"),
        (57, 57),
        "an access token of Sourcegraph",
    ),
    provider(
        "sgp_local_",
        &HEX_ANY,
        (40, 40),
        "an access token of Sourcegraph",
    ),
    provider("sgp_", &ALNUM, (64, 64), "an access token of Segment"),
    provider("sha256~", &WORD, (43, 43), "a user token of OpenShift"),
    provider("shippo_live_", &HEX_ANY, (40, 40), "an API token of Shippo"),
    provider("shpat_", &HEX_ANY, (32, 32), "an access token of Shopify"),
    provider("shpca_", &HEX_ANY, (32, 32), "an access token of Shopify"),
    provider("shppa_", &HEX_ANY, (32, 32), "an access token of Shopify"),
    provider("shpss_", &HEX_ANY, (32, 32), "a shared secret of Shopify"),
    provider("sl.B", &WORD, (130, 200), "an access token of Dropbox"),
    provider("sl.u.", &WORD, (130, 2000), "an access token of Dropbox"),
    provider(
        "sntrys_",
        &BASE64_ANY,
        (80, 500),
        "an organisation token of Sentry",
    ),
    provider("sntryu_", &HEX, (64, 64), "a user token of Sentry"),
    provider("sq0atp-", &WORD, (22, 60), "an access token of Square"),
    provider(
        "sq0csp-",
        &WORD,
        (43, 60),
        "an application secret of Square",
    ),
    provider("sqa_", &HEX, (40, 40), "an analysis token of SonarQube"),
    provider("sqp_", &HEX, (40, 40), "a project token of SonarQube"),
    provider("squ_", &HEX, (40, 40), "a user token of SonarQube"),
    provider("tfp_", &DOTTED, (59, 59), "an access token of Typeform"),
    ai("tgp_v1_", &WORD, (43, 43), "an API key of Together AI"),
    provider("tk-us-", &WORD, (48, 48), "an API token of Scalingo"),
    provider("tskey-api-", &WORD, (20, 60), "an API key of Tailscale"),
    provider("tskey-auth-", &WORD, (20, 60), "an auth key of Tailscale"),
    provider(
        "tskey-client-",
        &WORD,
        (20, 60),
        "an OAuth client secret of Tailscale",
    ),
    provider("tskey-", &WORD, (30, 70), "a key of Tailscale"),
    provider("ucat_", &ALNUM, (24, 40), "an API token of UpCloud"),
    provider("vca_", &WORD, (56, 56), "an access token of Vercel"),
    provider("vck_", &WORD, (56, 56), "a gateway key of Vercel"),
    provider("vcp_", &WORD, (56, 56), "a personal token of Vercel"),
    provider("vcr_", &WORD, (56, 56), "a refresh token of Vercel"),
    provider("waka_", &UUID, (36, 36), "an API key of WakaTime").milder(),
    ai(
        "wandb_v1_",
        &class(b"A-Za-z0-9_"),
        (77, 77),
        "an API key of Weights & Biases",
    ),
    shape(
        "whsec_",
        &BASE64_ANY,
        (32, 64),
        &checks::STRIPE_KEY,
        "a secret that signs webhooks (Stripe, Svix)",
    )
    .milder(),
    ai("xai-", &WORD, (70, 120), "an API key of xAI"),
    provider(
        "xkeysib-",
        &class(b"A-Za-z0-9-"),
        (81, 81),
        "an API key of Brevo",
    ),
    shape(
        "ya29.",
        &WORD,
        (60, 2000),
        &checks::GOOGLE_CREDENTIALS,
        "an access token of Google",
    )
    .milder(),
    shape(
        "1//0",
        &WORD,
        (60, 120),
        &checks::GOOGLE_CREDENTIALS,
        "a refresh token of Google",
    ),
    provider("zpka_", &class(b"a-z0-9_"), (41, 41), "an API key of Zuplo"),
    provider("PMAT-", &UPPER, (26, 26), "an access token of Postman"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::audit::credentials::tests::drawn;

    #[test]
    fn every_shape_is_found_and_only_whole() {
        for (number, shape) in SHAPES.iter().enumerate() {
            let body = drawn(shape.class, shape.least, number as u64);
            let token = format!("{}{body}", shape.prefix);
            let text = format!("x = \"{token}\"\n");
            let found = shape
                .at(text.as_bytes(), 5)
                .unwrap_or_else(|| panic!("{}", shape.prefix));
            assert_eq!(&text[found.span.clone()], token);
            assert!(!found.message.contains(&body));
            // Too short, inside of a word, and a sample.
            let short = format!("{}{}\"", shape.prefix, &body[..shape.least - 1]);
            assert!(shape.at(short.as_bytes(), 0).is_none(), "{}", shape.prefix);
            assert!(shape.at(format!("x{token}").as_bytes(), 1).is_none());
            let sample = format!("{}{}\"", shape.prefix, "x".repeat(shape.least));
            assert!(shape.at(sample.as_bytes(), 0).is_none(), "{}", shape.prefix);
        }
    }
}
