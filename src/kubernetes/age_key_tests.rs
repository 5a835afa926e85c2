#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! The identities were made with age-keygen for these tests alone.
use super::*;

const X25519: &str = "AGE-SECRET-KEY-18WYJF2ARLJP7V4NQMVRK0FE9PPAE0THZ3GPF3Z70HD6JMUTGDWVQZF3KV3";
const POST_QUANTUM: &str =
    "AGE-SECRET-KEY-PQ-12WU79W2HML28XM4EHE4PWLQUVTP48V7FLYEP7FPL52JJRV299HYQ0SNLKR";

#[test]
fn the_file_is_kept_below_a_key_flux_finds() {
    let text = format!("# created: x\n\n{X25519}\r\n{POST_QUANTUM}\n");
    for (stem, key) in [
        ("age", "age.agekey"),
        ("cluster.agekey", "cluster.agekey"),
        ("a.b", "a.b.agekey"),
    ] {
        let made = secret(
            "sops-age",
            Some("flux-system"),
            stem,
            SecretBytes::copy_of(text.as_bytes()),
        )
        .unwrap();
        assert_eq!(made.data[key].expose(), text.as_bytes());
        assert_eq!(made.secret_type, None);
    }
    assert_eq!(
        check(text.as_bytes()).unwrap(),
        IdentityCount {
            x25519: 1,
            post_quantum: 1
        }
    );
    assert!(
        secret(
            "sops-age",
            None,
            "a b",
            SecretBytes::copy_of(text.as_bytes())
        )
        .is_err()
    );
}

#[test]
fn a_line_flux_refuses_is_refused_at_its_place() {
    let mistyped = X25519.replace("WYJF", "WYJG");
    for (line, part) in [
        (format!(" {X25519}"), "blanks"),
        (format!("{X25519} "), "blanks"),
        (" # comment".to_owned(), "blanks"),
        (X25519.to_lowercase(), "not an age identity"),
        (mistyped, "not an age identity"),
        (X25519[..40].to_owned(), "not an age identity"),
        ("hunter2".to_owned(), "not an age identity"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(), "SSH"),
        ("ssh-ed25519 AAAA".to_owned(), "SSH"),
        ("AGE-PLUGIN-YUBIKEY-1XXXX".to_owned(), "plugin"),
        (
            "-----BEGIN AGE ENCRYPTED FILE-----".to_owned(),
            "passphrase",
        ),
        (
            "age1003m6uf5dkxmxeurz6dp2lle6jt795lsmwel6xd0z2nz08s3pukqu3u9w5".to_owned(),
            "recipient",
        ),
    ] {
        let error = check(format!("{X25519}\n{line}\n").as_bytes()).unwrap_err();
        assert!(error.message().contains(part), "{line}: {error}");
        assert_eq!(error.place().unwrap().line, 2);
        assert!(!error.hints().is_empty());
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[test]
fn a_file_without_identities_is_refused() {
    for text in [
        b"".as_slice(),
        b"# only\n",
        b"\n\n",
        b"\xff\xfe",
        b"age-encryption.org/v1\n-> scrypt x",
    ] {
        assert!(check(text).is_err());
    }
}
