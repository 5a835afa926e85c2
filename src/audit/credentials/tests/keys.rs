//! Identities and private keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::SeedableRng;

use super::*;
use crate::audit::finding::Severity;

/// An identity and its recipient.
fn identity(seed: u64) -> (String, String, String) {
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let (file, recipient) = crate::keys::generate_x25519(&mut rng, "2026-01-02T03:04:05Z").unwrap();
    let file = file.expose_text().unwrap().to_owned();
    let key = file.lines().last().unwrap().to_owned();
    (file, key, recipient)
}

fn key_file(name: &str) -> String {
    let path = format!(
        "{}/src/kubernetes/testdata/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn an_identity_is_certain_and_names_its_recipient() {
    let (file, key, recipient) = identity(1);
    let found = hits("age.agekey", &file);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].check.id, "SEC101");
    assert_eq!(found[0].confidence, Confidence::Certain);
    assert_eq!(&file[found[0].span.clone()], key);
    assert!(found[0].message.contains(&recipient));
}

#[test]
fn an_identity_is_found_in_every_wrapping() {
    let (file, key, recipient) = identity(2);
    let once = STANDARD.encode(&file);
    let twice = STANDARD.encode(&once);
    let wrapped: String = STANDARD
        .encode(&file)
        .as_bytes()
        .chunks(60)
        .map(|line| format!("    {}\n", std::str::from_utf8(line).unwrap()))
        .collect();
    let escaped = file.replace('\n', "\\n");
    let texts = [
        (
            "a.yaml",
            format!("stringData:\n  age.agekey: |\n    {key}\n"),
            "stringData.age.agekey",
        ),
        (
            "a.yaml",
            format!("kind: Secret\ndata:\n  age.agekey: {once}\n"),
            "data.age.agekey",
        ),
        (
            "a.yaml",
            format!("kind: Secret\ndata:\n  a: {twice}\n"),
            "data.a",
        ),
        ("a.yaml", format!("data:\n  a: |\n{wrapped}"), "data.a"),
        (
            "a.json",
            format!("{{\"data\": {{\"a\": \"{escaped}\"}}}}"),
            "data.a",
        ),
        ("a.txt", format!("key={key}"), ""),
        ("a.txt", format!("x{key}x"), ""),
    ];
    for (path, text, key_path) in texts {
        let found = hits(path, &text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].check.id, "SEC101", "{text}");
        assert_eq!(found[0].confidence, Confidence::Certain);
        assert_eq!(found[0].value.expose(), key.as_bytes());
        assert_eq!(found[0].key_path.as_deref().unwrap_or_default(), key_path);
        assert!(found[0].message.contains(&recipient));
    }
}

#[test]
fn utf16_is_read_and_spans_are_those_of_the_file() {
    let (_, key, _) = identity(3);
    let text = format!("é {key}\n");
    for big in [false, true] {
        let mut bytes = if big {
            vec![0xfe, 0xff]
        } else {
            vec![0xff, 0xfe]
        };
        for unit in text.encode_utf16() {
            bytes.extend(if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            });
        }
        let found = hits("key.txt", &bytes);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].span, 6..6 + 2 * key.len());
        assert_eq!(found[0].value.expose(), key.as_bytes());
    }
}

#[test]
fn what_is_no_identity_is_told_apart() {
    let (_, key, recipient) = identity(4);
    let mut wrong = key.clone();
    let last = if wrong.ends_with('Q') { 'P' } else { 'Q' };
    wrong.pop();
    wrong.push(last);
    assert_eq!(
        only("a", &wrong),
        ("SEC101", Confidence::Possible, wrong.clone())
    );
    for text in [
        format!("# public key: {recipient}"),
        "AGE-SECRET-KEY-1...".to_owned(),
        format!("AGE-SECRET-KEY-1{}", "Q".repeat(58)),
        "AGE-SECRET-KEY-".to_owned(),
        "AGE-PLUGIN-YUBIKEY-1...".to_owned(),
    ] {
        none("a", &text);
    }
}

#[test]
fn private_keys_of_every_kind_are_certain() {
    let cases = [
        ("rsa.key", Severity::High, "PKCS #8"),
        ("rsa-pkcs1.key", Severity::High, "RSA"),
        ("p256.key", Severity::High, "PKCS #8"),
        ("p256-sec1.key", Severity::High, "EC"),
        ("ed25519.key", Severity::High, "PKCS #8"),
        ("ssh-ed25519", Severity::High, "OpenSSH"),
        (
            "p256-encrypted-pkcs8.key",
            Severity::Medium,
            "encrypted PKCS #8",
        ),
        ("ssh-ed25519-encrypted", Severity::Medium, "OpenSSH"),
    ];
    for (name, severity, kind) in cases {
        let key = key_file(name);
        let forms = [
            key.clone(),
            key.lines().map(|line| format!("      {line}\n")).collect(),
            format!("\"{}\"", key.replace('\n', "\\n")),
            format!("\"{}\"", key.replace('\n', "\\\\n")),
            key.replace('\n', "\r\n"),
            STANDARD.encode(&key),
            key.trim_end().replace('\n', " "),
        ];
        let mut values = Vec::new();
        for form in &forms {
            let found = hits("x.txt", form);
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].check.id, "SEC102", "{name}");
            assert_eq!(
                found[0].confidence,
                Confidence::Certain,
                "{name}: {}",
                found[0].message
            );
            assert_eq!(found[0].severity, severity, "{name}");
            assert!(
                found[0].message.contains(kind),
                "{name}: {}",
                found[0].message
            );
            values.push(found[0].value.expose().to_vec());
        }
        // One key is one secret, however it is written.
        values.dedup();
        assert_eq!(values.len(), 1, "{name}");
    }
}

#[test]
fn the_fingerprint_of_an_ssh_key_is_named() {
    let found = hits("id", key_file("ssh-ed25519"));
    assert!(
        found[0].message.contains("(ssh-ed25519, SHA256:"),
        "{}",
        found[0].message
    );
}

#[test]
fn a_key_with_a_legacy_passphrase_is_likely() {
    let found = hits("id", key_file("p256-encrypted-sec1.key"));
    assert_eq!(found[0].confidence, Confidence::Likely);
    assert_eq!(found[0].severity, Severity::Medium);
}

#[test]
fn pictures_of_keys_and_public_things_are_none() {
    let begin = concat!("-----BEGIN RSA ", "PRIVATE KEY-----");
    let end = concat!("-----END RSA ", "PRIVATE KEY-----");
    for text in [
        format!("if text.contains(\"{begin}\") {{"),
        format!("grep -r -- '{begin}' ."),
        key_file("rsa.crt"),
        key_file("ssh-ed25519.pub"),
        "the PRIVATE KEY of".to_owned(),
        format!("{begin}\n{end}"),
    ] {
        none("a.md", &text);
    }
    let dots = format!("{begin}\n...\n{end}");
    let (check, confidence, _) = only("a.md", &dots);
    assert_eq!((check, confidence), ("SEC102", Confidence::Possible));
}

#[test]
fn putty_and_pgp_keys_are_found() {
    let body = drawn(&bytes::BASE64, 64, 7);
    let putty = |encryption: &str| {
        format!(
            "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: {encryption}\nComment: me\nPublic-Lines: 1\n{body}\n\
Private-Lines: 1\n{body}\nPrivate-MAC: 00\n"
        )
    };
    let found = hits("key.ppk", putty("none"));
    assert_eq!((found.len(), found[0].severity), (1, Severity::High));
    let found = hits("key.ppk", putty("aes256-cbc"));
    assert_eq!((found.len(), found[0].severity), (1, Severity::Medium));

    let mut packet = vec![0x95, 0x01, 0x00];
    packet.extend_from_slice(&[7; 90]);
    let label = concat!("PGP PRIVATE", " KEY BLOCK");
    let pgp = format!(
        "-----BEGIN {label}-----\nVersion: x\n\n{}\n=abcd\n-----END {label}-----\n",
        STANDARD.encode(packet)
    );
    let (check, confidence, span) = only("key.asc", &pgp);
    assert_eq!((check, confidence), ("SEC102", Confidence::Certain));
    assert_eq!(span, pgp.trim_end());
}

#[test]
fn keys_are_found_among_binary_data() {
    let (_, key, _) = identity(5);
    let mut bytes = vec![0u8; 50];
    bytes.extend_from_slice(key.as_bytes());
    bytes.push(0);
    assert_eq!(hits("core", &bytes).len(), 1);
}

#[test]
fn ciphertext_holds_nothing() {
    let (_, key, _) = identity(6);
    none(
        "a.yaml",
        &format!("a: ENC[AES256_GCM,data:{key},iv:x,tag:y,type:str]\n"),
    );
    none(
        "a.asc",
        &format!("-----BEGIN PGP MESSAGE-----\n{key}\n-----END PGP MESSAGE-----\n"),
    );
}
