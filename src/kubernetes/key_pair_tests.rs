#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! The pairs in `testdata` were made with OpenSSL for these tests alone.
use super::*;

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("testdata/", $name)).as_slice()
    };
}

#[test]
fn every_kind_of_key_belongs_to_its_certificate() {
    for (crt, key, kind) in [
        (data!("rsa.crt"), data!("rsa.key"), "RSA"),
        (data!("rsa.crt"), data!("rsa-pkcs1.key"), "RSA"),
        (data!("p256.crt"), data!("p256.key"), "ECDSA P-256"),
        (data!("p256.crt"), data!("p256-sec1.key"), "ECDSA P-256"),
        (
            data!("p256.crt"),
            data!("p256-with-parameters.key"),
            "ECDSA P-256",
        ),
        (data!("p384.crt"), data!("p384.key"), "ECDSA P-384"),
        (data!("p521.crt"), data!("p521.key"), "ECDSA P-521"),
        (data!("ed25519.crt"), data!("ed25519.key"), "Ed25519"),
    ] {
        let facts = check(crt, key).unwrap();
        assert_eq!((facts.key, facts.certificates), (kind, 1));
        assert_eq!(facts.not_after - facts.not_before, 36500 * 24 * 60 * 60);
    }
}

#[test]
fn no_key_belongs_to_another_certificate() {
    let pairs = [
        (data!("rsa.crt"), data!("rsa.key")),
        (data!("p256.crt"), data!("p256.key")),
        (data!("p384.crt"), data!("p384.key")),
        (data!("p521.crt"), data!("p521.key")),
        (data!("ed25519.crt"), data!("ed25519.key")),
    ];
    for (i, (crt, _)) in pairs.iter().enumerate() {
        for (j, (_, key)) in pairs.iter().enumerate() {
            assert_eq!(check(crt, key).is_ok(), i == j, "{i} {j}");
        }
    }
}

#[test]
fn the_leaf_comes_first() {
    let chain = data!("chain-ed25519-p256.crt");
    assert_eq!(check(chain, data!("ed25519.key")).unwrap().certificates, 2);
    let error = check(chain, data!("p256.key")).unwrap_err();
    assert!(error.reason().unwrap().contains("certificate 2"), "{error}");
}

#[test]
fn text_around_the_blocks_and_crlf_are_allowed() {
    let crt = String::from_utf8(data!("p256.crt").to_vec()).unwrap();
    let noisy = format!(
        "Bag Attributes\n  friendlyName: x\n{}trailing\n",
        crt.replace('\n', "\r\n")
    );
    check(noisy.as_bytes(), data!("p256.key")).unwrap();
}

#[test]
fn unusable_files_are_refused_with_a_way_out() {
    let key = data!("p256.key");
    let both = [data!("p256.crt"), key].concat();
    let cut = data!("p256.crt").split_last_chunk::<30>().unwrap().0;
    let damaged = String::from_utf8(data!("p256.crt").to_vec())
        .unwrap()
        .replacen('M', "N", 1);
    for (crt, key, part) in [
        (b"".as_slice(), key, "holds no certificate"),
        (key, key, "also holds a private key"),
        (&both, key, "also holds a private key"),
        (cut, key, "not valid PEM"),
        (damaged.as_bytes(), key, "does not parse"),
        (b"\x30\x82\xff", key, "not PEM text"),
        (data!("p224.crt"), key, "curve"),
        (data!("p256.crt"), b"", "holds no private key"),
        (
            data!("p256.crt"),
            data!("p256-encrypted-pkcs8.key"),
            "passphrase",
        ),
        (
            data!("p256.crt"),
            data!("p256-encrypted-sec1.key"),
            "passphrase",
        ),
        (data!("p256.crt"), data!("ssh-ed25519"), "OpenSSH"),
    ] {
        let error = check(crt, key).unwrap_err();
        assert!(error.message().contains(part), "{part}: {error}");
        assert!(!error.hints().is_empty(), "{part}");
    }
}

#[test]
fn a_damaged_rsa_key_is_noticed() {
    let text = String::from_utf8(data!("rsa-pkcs1.key").to_vec()).unwrap();
    // A line of d, of a prime, of each derived exponent and of the coefficient.
    for damaged in [9, 13, 17, 20, 23] {
        let broken: Vec<String> = text
            .lines()
            .enumerate()
            .map(|(n, line)| {
                if n == damaged {
                    line.chars().rev().collect()
                } else {
                    line.to_owned()
                }
            })
            .collect();
        let error = check(data!("rsa.crt"), broken.join("\n").as_bytes()).unwrap_err();
        assert!(
            error.message().contains("inconsistent"),
            "{damaged}: {error}"
        );
    }
}

#[test]
fn the_secret_keeps_both_files() {
    let (crt, key) = (data!("p521.crt"), data!("p521.key"));
    let made = secret("web", Some("apps"), crt, SecretBytes::copy_of(key)).unwrap();
    assert_eq!(made.secret_type.as_deref(), Some(TYPE_TLS));
    assert_eq!(
        (made.data["tls.crt"].expose(), made.data["tls.key"].expose()),
        (crt, key)
    );
}
