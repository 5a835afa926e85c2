//! JSON Web Tokens, and other JSON in base64 that begins with `eyJ`.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::bytes::{BASE64_ANY, WORD, begins, byte, part, run};
use super::pem_lenient;
use super::token::Token;
use crate::audit::benign;
use crate::audit::checks;
use crate::audit::finding::{Confidence, Severity};

static LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The token at an offset where `eyJ` stands.
pub(super) fn at(text: &[u8], at: usize) -> Option<Token> {
    if !begins(text, at) {
        return None;
    }
    let header = run(text, at, &WORD);
    if byte(text, header) != b'.' {
        return other_json(text, at);
    }
    let payload = run(text, header.saturating_add(1), &WORD);
    let signature = run(text, payload.saturating_add(1), &WORD);
    let signed = signature.saturating_sub(payload) > 20;
    if header.saturating_sub(at) > 4096 || byte(text, payload) != b'.' || !signed {
        return None;
    }
    let algorithm = json(part(text, at..header))?;
    let algorithm = algorithm.get("alg")?.as_str()?;
    let claims = json(part(text, header.saturating_add(1)..payload))?;
    let whole = std::str::from_utf8(part(text, at..signature)).ok()?;
    if !claims.is_object()
        || algorithm.eq_ignore_ascii_case("none")
        || benign::is_placeholder(whole)
    {
        return None;
    }
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let issuer = claim("iss");
    let token = |what: &str| Token::new(&checks::JWT, at..signature, what);
    let mut found = if issuer == "kubernetes/serviceaccount" {
        // Those of Secrets have no expiry.
        token("the token of a service account of Kubernetes, which does not expire")
            .severity(Severity::High)
    } else if claims.get("kubernetes.io").is_some() {
        token("the token of a service account of Kubernetes")
    } else if issuer.starts_with("supabase")
        || (claims.get("ref").is_some() && !claim("role").is_empty())
    {
        match claim("role") {
            // For browsers; what it may do is decided by row level security.
            "anon" => return None,
            "service_role" => token("the service role key of Supabase").severity(Severity::High),
            _ => token("a JSON Web Token of Supabase"),
        }
    } else {
        token("a JSON Web Token")
    };
    let sample = ["John Doe", "Jane Doe"].contains(&claim("name")) || claim("sub") == "1234567890";
    if sample {
        found = found.confidence(Confidence::Possible);
    }
    if expired(&claims) {
        found.message.push_str(", expired");
        found = found.severity(Severity::Low);
    }
    Some(found)
}

fn json(encoded: &[u8]) -> Option<Value> {
    if encoded.len() > 64 << 10 {
        return None;
    }
    serde_json::from_slice(&LENIENT.decode(encoded).ok()?).ok()
}

fn expired(claims: &Value) -> bool {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    claims
        .get("exp")
        .and_then(Value::as_u64)
        .is_some_and(|expiry| expiry < now)
}

/// JSON in base64 that is no JWT: the token of a tunnel of Cloudflare (account, tunnel, secret), an old API key of
/// Grafana.
fn other_json(text: &[u8], at: usize) -> Option<Token> {
    let end = run(text, at, &BASE64_ANY);
    let encoded = part(text, at..end);
    if !(60..=2000).contains(&encoded.len()) {
        return None;
    }
    let decoded = pem_lenient(encoded)?;
    let json: Value = serde_json::from_slice(&decoded).ok()?;
    let has = |names: &[&str]| {
        names
            .iter()
            .all(|name| json.get(name).is_some_and(Value::is_string))
    };
    if has(&["a", "t", "s"]) {
        return Some(
            Token::new(
                &checks::CLOUDFLARE_TOKEN,
                at..end,
                "the token of a Cloudflare tunnel",
            )
            .confidence(Confidence::Certain),
        );
    }
    if has(&["k", "n"]) && json.get("id").is_some() {
        return Some(Token::new(
            &checks::PROVIDER_TOKEN,
            at..end,
            "an API key of Grafana",
        ));
    }
    None
}
