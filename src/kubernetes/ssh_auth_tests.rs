#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! The keys in `testdata` were made with ssh-keygen for these tests alone.
use super::*;

const PUBLIC: &str = include_str!("testdata/ssh-ed25519.pub");
const HOST: &str =
    "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n";

fn key(private: &[u8]) -> SshKey {
    SshKey {
        private_key: SecretBytes::copy_of(private),
        public_key: None,
        known_hosts: Some(HOST.to_owned()),
        password: None,
    }
}

fn plain() -> SshKey {
    key(include_bytes!("testdata/ssh-ed25519"))
}

fn encrypted() -> SshKey {
    key(include_bytes!("testdata/ssh-ed25519-encrypted"))
}

#[test]
fn the_layout_for_flux_has_what_a_git_repository_reads() {
    let secret = secret(
        "flux-ssh-auth",
        Some("flux-system"),
        SshLayout::Flux,
        plain(),
    )
    .unwrap();
    assert_eq!(secret.secret_type, None);
    assert_eq!(
        secret.data.keys().collect::<Vec<_>>(),
        ["identity", "identity.pub", "known_hosts"]
    );
    let derived = secret.data["identity.pub"].expose_text().unwrap();
    assert_eq!(
        derived.trim_end(),
        PUBLIC.trim_end().rsplit_once(' ').unwrap().0
    );
    assert_eq!(secret.data["known_hosts"].expose(), HOST.as_bytes());
}

#[test]
fn the_layout_for_kubernetes_has_its_type() {
    let made = secret(
        "x",
        None,
        SshLayout::Kubernetes,
        SshKey {
            known_hosts: None,
            ..plain()
        },
    )
    .unwrap();
    assert_eq!(made.secret_type.as_deref(), Some(TYPE_SSH_AUTH));
    assert_eq!(
        made.data.keys().collect::<Vec<_>>(),
        ["ssh-privatekey", "ssh-publickey"]
    );
}

#[test]
fn a_given_public_key_must_belong_to_the_private_one() {
    let with = |line: &str| SshKey {
        public_key: Some(line.to_owned()),
        ..plain()
    };
    let made = secret("x", None, SshLayout::Flux, with(PUBLIC)).unwrap();
    assert_eq!(made.data["identity.pub"].expose(), PUBLIC.as_bytes());
    let other = HOST.split_once(' ').unwrap().1;
    assert!(
        secret("x", None, SshLayout::Flux, with(other))
            .unwrap_err()
            .message()
            .contains("does not belong")
    );
    assert!(secret("x", None, SshLayout::Flux, with("ssh-rsa AAAA")).is_err());
}

#[test]
fn an_encrypted_key_needs_its_passphrase_and_flux() {
    let with_password = || SshKey {
        password: Some(SecretBytes::copy_of(b"x")),
        ..encrypted()
    };
    assert!(secret("x", None, SshLayout::Flux, encrypted()).is_err());
    assert!(secret("x", None, SshLayout::Kubernetes, with_password()).is_err());
    let made = secret("x", None, SshLayout::Flux, with_password()).unwrap();
    assert_eq!(made.data["password"].expose(), b"x");
}

#[test]
fn flux_needs_known_hosts() {
    let without = SshKey {
        known_hosts: None,
        ..plain()
    };
    assert!(
        secret("x", None, SshLayout::Flux, without)
            .unwrap_err()
            .message()
            .contains("known_hosts")
    );
    let broken = SshKey {
        known_hosts: Some("github.com".to_owned()),
        ..plain()
    };
    assert!(secret("x", None, SshLayout::Kubernetes, broken).is_err());
}

#[test]
fn pem_keys_are_accepted_and_other_files_are_not() {
    for good in [
        include_bytes!("testdata/rsa-pkcs1.key").as_slice(),
        include_bytes!("testdata/p256-sec1.key"),
        include_bytes!("testdata/ed25519.key"),
    ] {
        secret("x", None, SshLayout::Flux, key(good)).unwrap();
    }
    let cut = String::from_utf8(include_bytes!("testdata/ssh-ed25519").to_vec()).unwrap();
    let cut: Vec<&str> = cut
        .lines()
        .take(2)
        .chain(["-----END OPENSSH PRIVATE KEY-----"])
        .collect();
    for bad in [
        PUBLIC.as_bytes(),
        b"",
        cut.join("\n").as_bytes(),
        include_bytes!("testdata/p256.crt"),
        include_bytes!("testdata/p256-encrypted-pkcs8.key"),
        include_bytes!("testdata/p256-encrypted-sec1.key"),
    ] {
        assert!(
            !secret("x", None, SshLayout::Flux, key(bad))
                .unwrap_err()
                .hints()
                .is_empty()
        );
    }
}
