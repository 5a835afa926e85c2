#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::kubernetes::docker::{self, RegistryCredential};

fn yaml(secret: &SecretManifest) -> String {
    String::from_utf8(secret.to_yaml().to_vec()).unwrap()
}

fn annotated(value: &str) -> String {
    let mut secret = SecretManifest::new("x", None, None);
    secret.annotations.insert("v".to_owned(), value.to_owned());
    let text = yaml(&secret);
    let text = text
        .strip_prefix("apiVersion: v1\nkind: Secret\nmetadata:\n  annotations:\n    v:")
        .unwrap();
    text.strip_suffix("  name: x\n").unwrap().to_owned()
}

#[test]
fn a_registry_secret_equals_kubectls_byte_for_byte() {
    let credential = RegistryCredential {
        server: "registry.reids.net.au".to_owned(),
        username: "blaster-dev".to_owned(),
        password: SecretBytes::copy_of(b"REPLACE-ME"),
        email: Some("andrew@reids.net.au".to_owned()),
    };
    let secret =
        docker::secret("blaster-dev-registry", Some("flux-system"), &[credential]).unwrap();
    let digest = Sha256::digest(secret.to_yaml());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "6b260208ec3f282219ef668805c66044780fd4d8cc43b754b7529dba19bb08c7"
    );
}

#[test]
fn every_field_has_its_place() {
    let mut secret = SecretManifest::new("1234", Some("true"), Some("null"));
    secret.labels.insert("a".to_owned(), "1".to_owned());
    secret.annotations.insert("b".to_owned(), String::new());
    secret.insert("k2", SecretBytes::copy_of(b"")).unwrap();
    secret
        .insert("k10", SecretBytes::copy_of(&[0x9e, 0xe9, 0x65]))
        .unwrap();
    secret.immutable = Some(true);
    assert_eq!(
        yaml(&secret),
        "apiVersion: v1\ndata:\n  k2: \"\"\n  k10: \"null\"\nimmutable: true\nkind: Secret\nmetadata:\n  \
         annotations:\n    b: \"\"\n  labels:\n    a: \"1\"\n  name: \"1234\"\n  namespace: \"true\"\ntype: \"null\"\n"
    );
}

#[test]
fn an_empty_secret_has_no_data() {
    let text = yaml(&SecretManifest::new("n8n", None, Some("")));
    assert_eq!(
        text,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: n8n\n"
    );
}

#[test]
fn long_base64_stays_on_one_line() {
    let mut secret = SecretManifest::new("x", None, None);
    secret.insert("k", SecretBytes::new(vec![0; 3000])).unwrap();
    assert!(yaml(&secret).contains(&format!("\n  k: {}\n", "A".repeat(4000))));
}

/// Expected texts are the output of sigs.k8s.io/yaml 1.6.0.
#[test]
fn scalars_are_quoted_as_kubectl_quotes_them() {
    for (value, expected) in [
        ("plain text", " plain text\n"),
        ("a:b", " a:b\n"),
        ("a: b", " 'a: b'\n"),
        ("it's #1 # x", " 'it''s #1 # x'\n"),
        ("---", " '---'\n"),
        ("y", " \"y\"\n"),
        ("yEs", " yEs\n"),
        ("0x1F", " \"0x1F\"\n"),
        ("0xFFFFFFFFFFFFFFFFF", " 0xFFFFFFFFFFFFFFFFF\n"),
        ("1e999", " 1e999\n"),
        (".4_5", " \".4_5\"\n"),
        ("12:30:45", " \"12:30:45\"\n"),
        ("12:60", " 12:60\n"),
        ("2024-02-29", " \"2024-02-29\"\n"),
        ("2023-02-29", " 2023-02-29\n"),
        (
            "2001-01-01T00:00:00+01:00",
            " \"2001-01-01T00:00:00+01:00\"\n",
        ),
        ("<<", " <<\n"),
        ("tab\tbed", " \"tab\\tbed\"\n"),
        ("café", " café\n"),
        ("\u{1f600}", " \"\\U0001F600\"\n"),
        ("a\nb", " |-\n      a\n      b\n"),
        ("a\n\nb\n", " |\n      a\n\n      b\n"),
        (" a\n\n", " |2+\n       a\n\n"),
        ("a \nb", " \"a \\nb\"\n"),
        ("a\r\nb", " \"a\\r\\nb\"\n"),
    ] {
        assert_eq!(annotated(value), expected, "{value:?}");
    }
}

#[test]
fn long_texts_fold_behind_column_80() {
    let words = "word ".repeat(17);
    assert_eq!(
        annotated(words.trim_end()),
        format!(" {}\n      word word\n", "word ".repeat(15).trim_end())
    );
}

#[test]
fn what_kubectl_alters_is_escaped() {
    assert_eq!(
        annotated("a\u{85}b\u{2028}c\u{7f}\u{feff}"),
        " \"a\\Nb\\Lc\\x7F\\uFEFF\"\n"
    );
}

#[test]
fn a_key_beyond_128_bytes_becomes_explicit() {
    let mut secret = SecretManifest::new("x", None, None);
    let (short, long) = ("k".repeat(128), "k".repeat(129));
    secret
        .insert(short.as_str(), SecretBytes::copy_of(b"x"))
        .unwrap();
    secret
        .insert(long.as_str(), SecretBytes::copy_of(b"x"))
        .unwrap();
    assert!(yaml(&secret).contains(&format!("\n  {short}: eA==\n  ? {long}\n  : eA==\n")));
}

#[test]
fn keys_sort_digits_by_number_and_letters_last() {
    let order = |keys: &[&str]| {
        let map: BTreeMap<String, ()> = keys.iter().map(|&key| (key.to_owned(), ())).collect();
        in_yaml_order(&map)
            .into_iter()
            .map(|(key, ())| key.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        order(&["a10", "a2", "a-1", "a.b", "A", "_x", "ab"]),
        ["_x", "A", "a-1", "a.b", "a2", "a10", "ab"]
    );
    assert_eq!(order(&["x100", "x20", "x3"]), ["x3", "x20", "x100"]);
}

#[test]
fn each_type_asks_for_its_keys() {
    let with = |secret_type: &str, key: &str, value: &[u8]| {
        let mut secret = SecretManifest::new("x", None, Some(secret_type));
        secret.insert(key, SecretBytes::copy_of(value)).unwrap();
        secret.check()
    };
    with("Opaque", "a", b"").unwrap();
    with("example.com/own", "a", b"").unwrap();
    with(TYPE_DOCKER_CONFIG_JSON, ".dockerconfigjson", b"{}").unwrap();
    with(TYPE_BASIC_AUTH, "password", b"").unwrap();
    with(TYPE_SSH_AUTH, "ssh-privatekey", b"x").unwrap();
    for (secret_type, key, value) in [
        (TYPE_DOCKER_CONFIG_JSON, "a", b"{}".as_slice()),
        (TYPE_DOCKER_CONFIG_JSON, ".dockerconfigjson", b"[]"),
        (TYPE_DOCKER_CFG, ".dockercfg", b"ENC[x]"),
        (TYPE_BASIC_AUTH, "user", b"x"),
        (TYPE_SSH_AUTH, "ssh-privatekey", b""),
        (TYPE_TLS, "tls.crt", b"x"),
        (TYPE_SERVICE_ACCOUNT_TOKEN, "token", b"x"),
    ] {
        let error = with(secret_type, key, value).unwrap_err();
        assert!(!error.hints().is_empty(), "{secret_type}");
    }
}

#[test]
fn the_whole_manifest_is_checked() {
    let base = || SecretManifest::new("x", None, None);
    for broken in [
        SecretManifest {
            name: "X".to_owned(),
            ..base()
        },
        SecretManifest {
            namespace: Some("a.b".to_owned()),
            ..base()
        },
        SecretManifest {
            labels: BTreeMap::from([("a".to_owned(), "b c".to_owned())]),
            ..base()
        },
        SecretManifest {
            annotations: BTreeMap::from([("a b".to_owned(), String::new())]),
            ..base()
        },
        SecretManifest {
            data: BTreeMap::from([("a b".to_owned(), SecretBytes::default())]),
            ..base()
        },
        SecretManifest {
            data: BTreeMap::from([(
                "a".to_owned(),
                SecretBytes::new(vec![0; names::MAX_SECRET_SIZE + 1]),
            )]),
            ..base()
        },
    ] {
        assert!(broken.check().is_err());
    }
    let mut twice = base();
    twice.insert("a", SecretBytes::default()).unwrap();
    assert!(twice.insert("a", SecretBytes::default()).is_err());
}

proptest! {
    #[test]
    fn any_text_makes_a_manifest(value in any::<String>(), key in any::<String>(), data in any::<Vec<u8>>()) {
        let mut secret = SecretManifest::new(&value, Some(&key), Some(&value));
        secret.annotations.insert(key.clone(), value.clone());
        secret.labels.insert(value, key.clone());
        secret.data.insert(key, SecretBytes::new(data));
        let text = secret.to_yaml();
        prop_assert!(text.ends_with(b"\n"));
        prop_assert!(std::str::from_utf8(&text).is_ok_and(|t| t.chars().all(|c| c == '\n' || !c.is_control())));
    }

    #[test]
    fn sorting_keeps_every_key(keys in proptest::collection::btree_map("[a-c0-2._-]{1,5}", any::<u8>(), 0..40)) {
        let mut sorted: Vec<_> = in_yaml_order(&keys).into_iter().map(|(key, _)| key.to_owned()).collect();
        sorted.sort();
        prop_assert_eq!(sorted, keys.into_keys().collect::<Vec<_>>());
    }
}
