#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::kubernetes::docker_file::{RegistryEntry, check};

fn credential(server: &str, username: &str, password: &str) -> RegistryCredential {
    RegistryCredential {
        server: server.to_owned(),
        username: username.to_owned(),
        password: SecretBytes::copy_of(password.as_bytes()),
        email: None,
    }
}

fn built(credentials: &[RegistryCredential]) -> String {
    build(credentials)
        .unwrap()
        .expose_text()
        .unwrap()
        .to_owned()
}

#[test]
fn an_entry_is_compact_and_escaped_as_kubectl_does() {
    assert_eq!(
        built(&[credential("s", "u<&>", "p\"\\\n\u{1}\u{8}\u{7f}é\u{2028}")]),
        "{\"auths\":{\"s\":{\"username\":\"u\\u003c\\u0026\\u003e\",\
         \"password\":\"p\\\"\\\\\\n\\u0001\\b\u{7f}é\\u2028\",\"auth\":\"dTwmPjpwIlwKAQh/w6nigKg=\"}}}"
    );
    let with_email = RegistryCredential {
        email: Some("a@b".to_owned()),
        ..credential("s", "u", "p")
    };
    assert_eq!(
        built(&[with_email]),
        r#"{"auths":{"s":{"username":"u","password":"p","email":"a@b","auth":"dTpw"}}}"#
    );
    let empty_email = RegistryCredential {
        email: Some(String::new()),
        ..credential("s", "u", "p")
    };
    assert_eq!(built(&[empty_email]), built(&[credential("s", "u", "p")]));
}

#[test]
fn several_registries_are_sorted() {
    let text = built(&[
        credential("b.example.com", "u", "p"),
        credential("a.example.com:5050", "u", "p"),
    ]);
    assert!(text.find("a.example.com").unwrap() < text.find("b.example.com").unwrap());
    assert_eq!(check(text.as_bytes()).unwrap().len(), 2);
}

#[test]
fn unusable_credentials_are_refused() {
    assert!(build(&[]).is_err());
    for (server, username, password) in [
        ("", "u", "p"),
        ("s", "", "p"),
        ("s", "u", ""),
        ("s", "u:v", "p"),
    ] {
        let error = build(&[credential(server, username, password)]).unwrap_err();
        assert!(!error.hints().is_empty());
    }
    let binary = RegistryCredential {
        password: SecretBytes::new(vec![0xff]),
        ..credential("s", "u", "p")
    };
    assert!(build(&[binary]).is_err());
    assert!(build(&[credential("s", "u", "p"), credential("s", "v", "q")]).is_err());
}

#[test]
fn a_file_keeps_its_bytes() {
    let file = b"{\n\t\"auths\": {\"s\": {\"auth\": \"dTpw\"}}\n}\n";
    let secret = secret_from_file("x", None, SecretBytes::copy_of(file)).unwrap();
    assert_eq!(secret.data[DOCKER_CONFIG_KEY].expose(), file);
}

#[test]
fn usable_files_are_listed() {
    let file = r#"{"auths":{"b":{"auth":"dTpw"},"a/path":{"username":"v","password":"q:r"},
        "c":{"username":"u","password":"p","auth":"dTpw","email":null},"d":{"auth":"dTpwOnE"}},
        "HttpHeaders":{"User-Agent":"x"},"credsStore":""}"#;
    let entry = |server: &str, username: &str| RegistryEntry {
        server: server.to_owned(),
        username: username.to_owned(),
    };
    assert_eq!(
        check(file.as_bytes()).unwrap(),
        [
            entry("a/path", "v"),
            entry("b", "u"),
            entry("c", "u"),
            entry("d", "u")
        ]
    );
}

#[test]
fn unusable_files_are_refused_without_showing_values() {
    for (file, reason) in [
        ("", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("not json", "not a JSON object"),
        ("{}", "no `auths`"),
        (r#"{"auths":[]}"#, "not a JSON object"),
        (r#"{"auths":{}}"#, "is empty"),
        (
            r#"{"auths":{},"credsStore":"desktop"}"#,
            "holds no credential",
        ),
        (r#"{"credHelpers":{"x":"y"}}"#, "holds no credential"),
        (
            r#"{"auths":{"s":{}},"credsStore":"desktop"}"#,
            "holds no credential",
        ),
        (r#"{"auths":{"s":{}}}"#, "holds no user name"),
        (r#"{"auths":{"s":"hunter2"}}"#, "not a JSON object"),
        (
            r#"{"auths":{"s":{"identitytoken":"hunter2"}}}"#,
            "only an `identitytoken`",
        ),
        (
            r#"{"auths":{"s":{"auth":"dTo=","identitytoken":"hunter2"}}}"#,
            "only an `identitytoken`",
        ),
        (
            r#"{"auths":{"s":{"registrytoken":"hunter2"}}}"#,
            "only an `registrytoken`",
        ),
        (r#"{"auths":{"s":{"auth":"hunter2!"}}}"#, "malformed `auth`"),
        (
            r#"{"auths":{"s":{"auth":"aHVudGVyMg=="}}}"#,
            "malformed `auth`",
        ),
        (r#"{"auths":{"s":{"auth":7}}}"#, "not a string"),
        (
            r#"{"auths":{"s":{"username":"u","password":"hunter2","auth":"dTpw"}}}"#,
            "contradicts",
        ),
        (
            r#"{"auths":{"s":{"username":"v","auth":"dTpw"}}}"#,
            "contradicts",
        ),
        (
            r#"{"auths":{"s":{"username":"u:v","password":"hunter2"}}}"#,
            "user name with `:`",
        ),
        (r#"{"auths":{"s":{"username":"u"}}}"#, "holds no user name"),
    ] {
        let error = check(file.as_bytes()).unwrap_err();
        assert!(error.message().contains(reason), "{file}: {error}");
        assert!(!error.hints().is_empty(), "{file}");
        assert!(
            !format!("{error} {:?}", error.hints()).contains("hunter2"),
            "{file}"
        );
    }
}

#[test]
fn merging_keeps_the_other_entries() {
    let old = r#"{ "credHelpers" : {"x" : "y z"}, "auths": {"b": {"auth": "dTpw", "x": " \" { "}, "a": {}} }"#;
    let merged = merge(
        old.as_bytes(),
        &[credential("a", "u", "p"), credential("c", "u", "p")],
    )
    .unwrap();
    let new = r#"{"username":"u","password":"p","auth":"dTpw"}"#;
    assert_eq!(
        merged.expose_text().unwrap(),
        format!(
            r#"{{"auths":{{"a":{new},"b":{{"auth":"dTpw","x":" \" {{ "}},"c":{new}}},"credHelpers":{{"x":"y z"}}}}"#
        )
    );
    assert!(merge(b"{}", &[credential("a", "u", "p")]).is_err());
    assert!(merge(br#"{"auths":{"b":{}}}"#, &[credential("a", "u", "p")]).is_err());
}
