#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

#[test]
fn hosts_ports_and_paths_match_as_in_kubelet() {
    for (server, image, expected) in [
        (
            "registry.example.com",
            "registry.example.com/team/app",
            true,
        ),
        (
            "https://registry.example.com",
            "registry.example.com/team/app",
            true,
        ),
        (
            "https://registry.example.com/v1/",
            "registry.example.com/team/app",
            true,
        ),
        (
            "https://registry.example.com/v2/",
            "registry.example.com/team/app",
            true,
        ),
        (
            "https://registry.example.com/v2",
            "registry.example.com/team/app",
            false,
        ),
        (
            "registry.example.com",
            "registry.example.com:5050/team/app",
            false,
        ),
        (
            "registry.example.com:5050",
            "registry.example.com:5050/team/app",
            true,
        ),
        (
            "registry.example.com:443",
            "registry.example.com/team/app",
            false,
        ),
        (
            "registry.example.com/team",
            "registry.example.com/team-b/app",
            true,
        ),
        (
            "registry.example.com/team/",
            "registry.example.com/team-b/app",
            false,
        ),
        ("*.example.com", "registry.example.com/app", true),
        ("*.example.com", "a.registry.example.com/app", false),
        ("r*s*y.example.com", "registry.example.com/app", true),
        ("r*y*x.example.com", "registry.example.com/app", false),
        ("r*y.example.com", "registry.example.com/app", true),
        ("Registry.example.com", "registry.example.com/app", false),
        ("[::1]:5050", "[::1]:5050/app", true),
        ("[::1]", "[::1]/app", false),
        ("https://index.docker.io/v1/", "nginx", true),
        (
            "https://index.docker.io/v1/",
            "docker.io/library/nginx",
            true,
        ),
        ("https://index.docker.io/v1/", "team/app", true),
        ("https://index.docker.io/v1/", "quay.io/team/app", false),
        ("docker.io", "docker.io/library/nginx", true),
        ("docker.io", "nginx", false),
        ("", "nginx", false),
        (
            "user@registry.example.com",
            "registry.example.com/app",
            false,
        ),
    ] {
        assert_eq!(matches(server, image), expected, "{server} {image}");
    }
}

#[test]
fn good_servers_need_no_advice() {
    for server in [
        super::super::docker::DEFAULT_SERVER,
        "registry.example.com",
        "registry.example.com:5050",
    ] {
        assert_eq!(advise(server), Vec::<String>::new());
    }
}

#[test]
fn surprising_servers_are_explained() {
    for (server, part) in [
        ("http://registry.example.com", "`http://`"),
        ("https://registry.example.com", "scheme"),
        ("https://registry.example.com/team", "path `/team`"),
        ("registry.example.com/team/", "slash at the end"),
        ("registry.example.com/team", "`team-other`"),
        ("Registry.example.com", "upper-case"),
        ("registry.example.com:443", "port 443"),
        ("docker.io", "Docker Hub"),
        ("*.example.com", "one label"),
        ("", "not a registry"),
        ("a b", "not a registry"),
        ("user@registry.example.com", "not a registry"),
    ] {
        assert!(
            advise(server).iter().any(|advice| advice.contains(part)),
            "{server}: {:?}",
            advise(server)
        );
    }
}

#[test]
fn a_mismatch_names_the_server_to_use() {
    let image = "registry.example.com:5050/team/app:1.0";
    assert_eq!(explain_mismatch("registry.example.com:5050", image), None);
    for (server, part) in [
        ("registry.example.com", "ports differ"),
        ("git.example.com:5050", "hosts differ"),
        ("Registry.example.com:5050", "upper and lower case"),
        ("registry.example.com:5050/other", "path"),
    ] {
        let text = explain_mismatch(server, image).unwrap();
        assert!(
            text.contains(part) && text.contains("`registry.example.com:5050`"),
            "{text}"
        );
    }
    assert!(
        explain_mismatch("quay.io", "nginx")
            .unwrap()
            .contains("index.docker.io")
    );
}
