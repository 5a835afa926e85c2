//! Tokens of providers.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::bytes::{ALNUM, BASE32, BASE64, DIGITS, HEX, UPPER, WORD};
use super::checksums::{base36_sum, base62_sum};
use super::*;
use crate::audit::finding::Severity;
use Confidence::{Certain, Likely, Possible};

#[test]
fn checksums_make_tokens_certain() {
    let random = drawn(&ALNUM, 30, 1);
    let sum = base62_sum(&random);
    for prefix in ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"] {
        let token = format!("{prefix}{random}{sum}");
        assert_eq!(
            only("a", &format!("t: {token}\n")),
            ("SEC106", Certain, token)
        );
        let wrong = format!("{prefix}{random}zzzzzz");
        assert_eq!(only("a", &wrong), ("SEC106", Possible, wrong.clone()));
    }
    let npm = format!("npm_{random}{sum}");
    assert_eq!(only("a", &npm), ("SEC112", Certain, npm.clone()));
    assert_eq!(only("a", &format!("npm_{random}aaaaaa")).1, Possible);
}

#[test]
fn routable_tokens_of_gitlab_are_proven() {
    let payload = URL_SAFE_NO_PAD.encode(format!("{}o:1\nu:2n", drawn(&ALNUM, 16, 2)));
    for version in ["", "01."] {
        let before = format!("glpat-{payload}.{version}0x");
        let token = format!("{before}{}", base36_sum(&before));
        assert_eq!(
            only("a", &format!("\"{token}\"")),
            ("SEC105", Certain, token)
        );
        let wrong = format!("{before}0000000");
        assert_eq!(only("a", &wrong), ("SEC105", Possible, wrong.clone()));
    }
}

#[test]
fn tokens_of_gitlab_are_found_by_their_length() {
    let cases = [
        ("glpat-", drawn(&WORD, 20, 3)),
        ("gldt-", drawn(&WORD, 20, 4)),
        ("glrt-", drawn(&WORD, 20, 5)),
        ("glptt-", drawn(&HEX, 40, 6)),
        ("glcbt-", format!("64_{}", drawn(&ALNUM, 20, 7))),
        ("glft-", drawn(&WORD, 20, 8)),
        ("glsoat-", drawn(&WORD, 20, 9)),
        ("glimt-", drawn(&WORD, 25, 10)),
        ("glagent-", drawn(&WORD, 50, 11)),
        ("gloas-", drawn(&WORD, 64, 12)),
        ("GR1348941", drawn(&WORD, 20, 13)),
    ];
    for (prefix, body) in cases {
        let token = format!("{prefix}{body}");
        assert_eq!(
            only("a", &format!("x = '{token}'")),
            ("SEC105", Likely, token)
        );
    }
    none("a", "glpat-xxxxxxxxxxxxxxxxxxxx");
    none("a", &format!("glpat-{}", drawn(&WORD, 12, 3)));
}

#[test]
fn fine_grained_tokens_of_github_have_their_length() {
    let body = format!("{}_{}", drawn(&ALNUM, 22, 14), drawn(&ALNUM, 59, 15));
    let token = format!("github_pat_{body}");
    assert_eq!(only("a", &token), ("SEC106", Likely, token.clone()));
}

#[test]
fn keys_of_aws_count_more_with_their_secret() {
    let id = format!("AKIA{}", drawn(&BASE32, 16, 16));
    let secret = drawn(&BASE64, 40, 17);
    let alone = hits("a", format!("key {id}"));
    assert_eq!((alone.len(), alone[0].severity), (1, Severity::Medium));
    let text = format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    let both = hits("a.ini", &text);
    assert_eq!(both.len(), 2);
    assert!(
        both.iter()
            .all(|hit| hit.check.id == "SEC107" && hit.severity == Severity::High)
    );
    assert_eq!(both[1].value.expose(), secret.as_bytes());
    none("a", concat!("AKIA", "IOSFODNN7EXAMPLE"));
    none("a", &format!("x{id}"));
    none("a", &format!("{id}2"));
    none("a", "aws_secret_access_key = ${SECRET}");
}

#[test]
fn stripe_and_clerk_share_prefixes() {
    let cases = [
        (
            "SEC110",
            format!("sk_live_{}", drawn(&ALNUM, 24, 18)),
            Severity::High,
        ),
        (
            "SEC110",
            format!("sk_live_51{}", drawn(&ALNUM, 97, 19)),
            Severity::High,
        ),
        (
            "SEC110",
            format!("sk_test_{}", drawn(&ALNUM, 24, 20)),
            Severity::Medium,
        ),
        (
            "SEC110",
            format!("rk_live_{}", drawn(&ALNUM, 24, 21)),
            Severity::High,
        ),
        (
            "SEC109",
            format!("sk_live_{}", drawn(&ALNUM, 42, 22)),
            Severity::High,
        ),
        (
            "SEC109",
            format!("sk_test_{}", drawn(&ALNUM, 42, 23)),
            Severity::Medium,
        ),
    ];
    for (check, token, severity) in cases {
        let found = hits("a", format!("k: {token}\n"));
        assert_eq!(
            (found.len(), found[0].check.id, found[0].severity),
            (1, check, severity)
        );
    }
    let named = format!("CLERK_SECRET_KEY=sk_test_{}", drawn(&ALNUM, 32, 24));
    assert_eq!(only("a", &named).0, "SEC109");
    none("a", &format!("pk_live_{}", drawn(&ALNUM, 24, 25)));
    none("a", concat!("sk_test_", "4eC39HqLyjWDarjtT1zdp7dc"));
}

#[test]
fn slack_has_several_forms() {
    let (n, m) = (drawn(&DIGITS, 12, 26), drawn(&DIGITS, 12, 27));
    let bot = format!("xoxb-{n}-{m}-{}", drawn(&ALNUM, 24, 28));
    assert_eq!(only("a", &bot), ("SEC111", Likely, bot.clone()));
    let app = format!(
        "xapp-1-A{}-{n}-{}",
        drawn(&UPPER, 10, 29),
        drawn(&HEX, 64, 30)
    );
    assert_eq!(only("a", &app), ("SEC111", Likely, app.clone()));
    let hook = format!(
        "hooks.slack.com/services/T{}/B{}/{}",
        drawn(&UPPER, 8, 31),
        drawn(&UPPER, 8, 32),
        drawn(&ALNUM, 24, 33)
    );
    assert_eq!(
        only("a", &format!("https://{hook}")),
        ("SEC111", Likely, hook)
    );
    none("a", "xoxb-your-token-here-please");
    // Counted up, as in manuals; one such number may be that of a workspace.
    let drawn_part = drawn(&ALNUM, 24, 28);
    none("a", &format!("xoxb-1234567890-1234567890123-{drawn_part}"));
    let one = format!("xoxb-1234567890-{m}-{drawn_part}");
    assert_eq!(only("a", &one).0, "SEC111");
    none(
        "a",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    );
}

#[test]
fn a_token_of_pypi_is_a_macaroon() {
    let mut macaroon = vec![2, 1, 8];
    macaroon.extend_from_slice(b"pypi.org");
    macaroon.extend_from_slice(drawn(&ALNUM, 40, 34).as_bytes());
    let unsigned = format!("pypi-{}", URL_SAFE_NO_PAD.encode(&macaroon));
    assert_eq!(only("a", &unsigned).1, Likely);
    macaroon.extend_from_slice(&[6, 32]);
    macaroon.extend_from_slice(drawn(&ALNUM, 32, 35).as_bytes());
    let token = format!("pypi-{}", URL_SAFE_NO_PAD.encode(&macaroon));
    assert_eq!(only("a", &token), ("SEC113", Certain, token.clone()));
    none("a", &format!("pypi-{}", drawn(&WORD, 80, 36)));
}

#[test]
fn cloudflare_has_tokens_keys_and_tunnels() {
    let token = format!("cfut_{}{}", drawn(&ALNUM, 40, 37), drawn(&HEX, 8, 38));
    assert_eq!(only("a", &token), ("SEC114", Likely, token.clone()));
    let ca = format!("v1.0-{}-{}", drawn(&HEX, 24, 39), drawn(&HEX, 146, 40));
    assert_eq!(only("a", &ca), ("SEC114", Likely, ca.clone()));
    let tunnel = STANDARD.encode(format!(
        r#"{{"a":"{}","t":"7b1c2d3e-0000-4000-8000-123456789abc","s":"{}"}}"#,
        drawn(&HEX, 32, 41),
        drawn(&ALNUM, 40, 42)
    ));
    assert_eq!(
        only("a", &format!("TOKEN={tunnel}")),
        ("SEC114", Certain, tunnel)
    );
}

#[test]
fn keys_of_language_models() {
    let cases = [
        (format!("sk-ant-api03-{}AA", drawn(&WORD, 93, 43)), Likely),
        (
            format!(
                "sk-proj-{}T3BlbkFJ{}",
                drawn(&WORD, 74, 44),
                drawn(&WORD, 74, 45)
            ),
            Likely,
        ),
        (
            format!(
                "sk-{}T3BlbkFJ{}",
                drawn(&ALNUM, 20, 46),
                drawn(&ALNUM, 20, 47)
            ),
            Likely,
        ),
        (format!("sk-or-v1-{}", drawn(&HEX, 64, 48)), Likely),
        (format!("sk-{}", drawn(&HEX, 32, 49)), Possible),
        (format!("hf_{}", drawn(&ALNUM, 34, 50)), Likely),
        (format!("gsk_{}", drawn(&ALNUM, 52, 51)), Likely),
        (format!("xai-{}", drawn(&ALNUM, 80, 52)), Likely),
    ];
    for (token, confidence) in cases {
        assert_eq!(
            only("a", &format!("k={token}")),
            ("SEC115", confidence, token)
        );
    }
    none("a", "task-sk-the-quick-brown-fox-jumps-over-the-lazy-dog");
    none("a", "disk-usage-exporter-for-kubernetes-clusters-v2");
}

#[test]
fn tokens_with_several_parts() {
    let cases = [
        format!("{}.atlasv1.{}", drawn(&ALNUM, 14, 53), drawn(&WORD, 67, 54)),
        format!("{}:AA{}", drawn(&DIGITS, 10, 55), drawn(&WORD, 33, 56)),
        format!(
            "{}.{}.{}",
            STANDARD.encode("123456789012345678"),
            drawn(&WORD, 6, 57),
            drawn(&WORD, 38, 58)
        ),
        format!("pat{}.{}", drawn(&ALNUM, 14, 59), drawn(&HEX, 64, 60)),
        format!("{}8Q~{}", drawn(&ALNUM, 3, 61), drawn(&ALNUM, 34, 62)),
        format!("SG.{}.{}", drawn(&WORD, 22, 63), drawn(&WORD, 43, 64)),
        format!("dp.st.prd.{}", drawn(&ALNUM, 40, 65)),
        format!("hvs.{}", drawn(&WORD, 95, 66)),
        format!("dt0c01.{}.{}", drawn(&UPPER, 24, 67), drawn(&UPPER, 64, 68)),
    ];
    for token in cases {
        assert_eq!(
            only("a", &format!("k: \"{token}\"")),
            ("SEC116", Likely, token)
        );
    }
    let telegram = format!(
        "https://api.telegram.org/bot{}:AA{}/send",
        drawn(&DIGITS, 10, 69),
        drawn(&WORD, 33, 70)
    );
    assert_eq!(only("a", &telegram).0, "SEC116");
    let near = format!("mailgun: key-{}", drawn(&HEX, 32, 71));
    assert_eq!(only("a", &near).0, "SEC116");
    none("a", &format!("x: key-{}", drawn(&HEX, 32, 71)));
}

/// A JWT of claims.
fn jwt(header: &str, claims: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!(
        "{}.{}.{}",
        encode(header),
        encode(claims),
        drawn(&WORD, 43, 72)
    )
}

#[test]
fn web_tokens_are_read() {
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    let plain = jwt(header, r#"{"sub":"service-7","exp":99999999999}"#);
    assert_eq!(
        only("a", &format!("Bearer {plain}")),
        ("SEC117", Likely, plain)
    );
    let severity = |claims: &str| {
        let found = hits("a", jwt(header, claims));
        assert_eq!(found.len(), 1, "{claims}");
        (found[0].severity, found[0].message.clone())
    };
    assert_eq!(severity(r#"{"sub":"x","exp":1000}"#).0, Severity::Low);
    let (high, message) =
        severity(r#"{"iss":"kubernetes/serviceaccount","sub":"system:serviceaccount:a:b"}"#);
    assert_eq!(high, Severity::High);
    assert!(message.contains("Kubernetes"));
    assert!(
        severity(r#"{"iss":"supabase","ref":"abc","role":"service_role"}"#)
            .1
            .contains("Supabase")
    );
    none(
        "a",
        &jwt(header, r#"{"iss":"supabase","ref":"abc","role":"anon"}"#),
    );
    none("a", &jwt(r#"{"alg":"none"}"#, r#"{"sub":"x"}"#));
    none("a", &jwt(r#"{"typ":"x"}"#, r#"{"sub":"x"}"#));
    none(
        "a",
        &format!(
            "eyJ{}.eyJ{}.abc",
            drawn(&ALNUM, 30, 73),
            drawn(&ALNUM, 30, 74)
        ),
    );
    let john = jwt(header, r#"{"sub":"9","name":"John Doe"}"#);
    assert_eq!(only("a", &john).1, Possible);
}

#[test]
fn google_has_keys_secrets_and_service_accounts() {
    let api = format!("AIza{}", drawn(&WORD, 35, 75));
    assert_eq!(only("a", &api), ("SEC108", Likely, api.clone()));
    let secret = format!("GOCSPX-{}", drawn(&WORD, 28, 76));
    assert_eq!(only("a", &secret), ("SEC108", Likely, secret.clone()));
    let key = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/kubernetes/testdata/rsa.key"
    ))
    .unwrap();
    let account = format!(
        "{{\n  \"type\": \"service_account\",\n  \"private_key_id\": \"0\",\n  \"private_key\": \"{}\"\n}}",
        key.replace('\n', "\\n")
    );
    let found = hits("sa.json", &account);
    assert_eq!(
        (found.len(), found[0].check.id, found[0].confidence),
        (1, "SEC108", Certain)
    );
    assert_eq!(found[0].key_path.as_deref(), Some("private_key"));
}

#[test]
fn tokens_in_base64_are_found() {
    let token = format!("glpat-{}", drawn(&WORD, 20, 77));
    for before in ["", "a", "ab", "abc: "] {
        let text = format!(
            "data:\n  token: {}\n",
            STANDARD.encode(format!("{before}{token}"))
        );
        if before.len() == 1 || before.len() == 2 {
            // A letter before it: no token begins there.
            continue;
        }
        let found = hits("a.yaml", &text);
        assert_eq!(found.len(), 1, "{before}");
        assert_eq!(found[0].value.expose(), token.as_bytes());
        assert_eq!(found[0].key_path.as_deref(), Some("data.token"));
    }
}

#[test]
fn releases_of_helm_are_unpacked() {
    use std::io::Write;
    let token = format!("glpat-{}", drawn(&WORD, 20, 78));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    write!(gzip, "{{\"values\":{{\"token\":\"{token}\"}}}}").unwrap();
    let inner = STANDARD.encode(gzip.finish().unwrap());
    for text in [inner.clone(), STANDARD.encode(&inner)] {
        let found = hits("release.yaml", format!("data:\n  release: {text}\n"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].value.expose(), token.as_bytes());
    }
}

#[test]
fn a_name_of_a_file_is_no_key_of_infracost() {
    let key = format!("ico-{}", drawn(&ALNUM, 32, 70));
    assert_eq!(only("a", &format!("key = \"{key}\"")).0, "SEC116");
    assert_eq!(only("a", &format!("It was {key}.")).0, "SEC116");
    none("a", &format!("https://example.org/video_box.{key}.png"));
}

#[test]
fn a_token_of_1password_has_a_document_in_it() {
    let document = format!(
        "{{\"email\":\"a@example.org\",\"muk\":{{\"k\":\"{}\"}}}}",
        drawn(&ALNUM, 300, 71)
    );
    for token in [
        format!("ops_{}", STANDARD.encode(&document)),
        format!("ops_{}", URL_SAFE_NO_PAD.encode(&document)),
        // Cut off somewhere, it is still most of one.
        format!("ops_{}", &STANDARD.encode(&document)[..301]),
        // A letter is wrong.
        format!(
            "ops_{}",
            STANDARD.encode(document.replace("muk", "m\u{1}k"))
        ),
    ] {
        assert_eq!(
            only("a", &format!("TOKEN={token}\n")).0,
            "SEC116",
            "{token}"
        );
    }
    none("a", &format!("ops_eyJ{}", "x".repeat(300)));
    none("a", &format!("ops_eyJ{}", drawn(&ALNUM, 300, 72)));
}

#[test]
fn tokens_of_sourcegraph_and_segment_have_their_lengths() {
    let (id, body) = (drawn(&HEX, 16, 73), drawn(&HEX, 40, 74));
    for token in [
        format!("sgp_{body}"),
        format!("sgp_local_{body}"),
        format!("sgp_{id}_{body}"),
        format!("sgp_{}", drawn(&ALNUM, 64, 75)),
    ] {
        assert_eq!(only("a", &token), ("SEC116", Likely, token.clone()));
    }
    for token in [
        format!("sgp_{}", drawn(&ALNUM, 40, 76)),
        format!("sgp_local_{}", drawn(&ALNUM, 40, 77)),
        format!("sgp_{id}aa_{body}"),
        format!("sgp_{body}a"),
    ] {
        none("a", &token);
    }
}
