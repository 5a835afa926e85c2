//! Paths as the formats want them.

use std::path::Path;

use crate::audit::finding::{Report, RepositoryReport};

/// A path below a repository as a person would type it: `infra/app/secret.yaml`; for a repository
/// that is the current folder only the path.
pub(super) fn shown(repository: &RepositoryReport, path: Option<&str>) -> String {
    let root = repository.path.as_str();
    match path {
        None => String::from(root),
        // Named beside the repositories, and in none of them.
        Some(path) if Path::new(path).is_absolute() => String::from(path),
        Some(path) if matches!(root, "" | "." | "./") => String::from(path),
        Some(path) if root.ends_with('/') => format!("{root}{path}"),
        Some(path) => format!("{root}/{path}"),
    }
}

/// A path as the project on a forge sees it that runs the audit and has one report for all
/// repositories.
///
/// A folder below the current one is where the forge looks for it. What lies elsewhere is under the
/// repository's identity, where it cannot be taken for a file of the project; but if there is only
/// one repository, that is the project.
pub(super) fn in_project(report: &Report, repository: usize, path: Option<&str>) -> String {
    let path = path.unwrap_or(".");
    if Path::new(path).is_absolute() {
        return String::from(path);
    }
    let Some(one) = report.repositories.get(repository) else {
        return String::from(path);
    };
    let root = one.path.trim_end_matches('/');
    let root = root.strip_prefix("./").unwrap_or(root);
    let below = !one.path.starts_with('/') && root.split('/').all(|part| part != "..");
    let folder = match root {
        "" | "." if below => "",
        _ if below => root,
        _ if report.repositories.len() == 1 => "",
        _ => one.identity.as_str(),
    };
    match (folder, path) {
        ("", _) => String::from(path),
        (_, ".") => String::from(folder),
        _ => format!("{folder}/{path}"),
    }
}

/// A relative path as a URI reference: everything but unreserved characters and `/` in percent form.
pub(super) fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// The address of a repository whose identity is that of a remote (`host/path`, where the host has
/// a dot or a port, or is `localhost`).
pub(super) fn address(identity: &str) -> Option<String> {
    let (host, path) = identity.split_once('/')?;
    let (name, port) = host.split_once(':').unwrap_or((host, "1"));
    let named = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-');
    let remote = name.contains('.') || host.contains(':') || name == "localhost";
    let valid = !name.is_empty()
        && name.chars().all(named)
        && name.starts_with(|char: char| char.is_ascii_alphanumeric())
        && !port.is_empty()
        && port.chars().all(|char| char.is_ascii_digit());
    (remote && valid && !path.is_empty()).then(|| format!("https://{host}/{}", uri(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(path: &str, identity: &str) -> RepositoryReport {
        RepositoryReport {
            path: String::from(path),
            identity: String::from(identity),
            ..RepositoryReport::default()
        }
    }

    #[test]
    fn a_path_is_shown_as_one_would_type_it() {
        let shown = |root: &str| shown(&repository(root, ""), Some("a/b.yaml"));
        assert_eq!(shown("."), "a/b.yaml");
        assert_eq!(shown("infra"), "infra/a/b.yaml");
        assert_eq!(shown("../infra/"), "../infra/a/b.yaml");
        assert_eq!(shown("/"), "/a/b.yaml");
    }

    #[test]
    fn a_forge_finds_the_files_of_its_project_and_no_others() {
        let report = |paths: &[&str]| Report {
            repositories: paths
                .iter()
                .map(|path| repository(path, "h.example/x"))
                .collect(),
            ..Report::default()
        };
        let cases: [(&[&str], usize, &str); 8] = [
            (&["."], 0, "a.yaml"),
            (&[""], 0, "a.yaml"),
            (&["/builds/infra"], 0, "a.yaml"),
            (&["./infra/"], 0, "infra/a.yaml"),
            (&[".", "../apps"], 0, "a.yaml"),
            (&[".", "../apps"], 1, "h.example/x/a.yaml"),
            (&[".", "/builds/apps"], 1, "h.example/x/a.yaml"),
            (&["."], 7, "a.yaml"),
        ];
        for (paths, number, expected) in cases {
            let found = in_project(&report(paths), number, Some("a.yaml"));
            assert_eq!(found, expected, "{paths:?}");
        }
        assert_eq!(in_project(&report(&["."]), 0, None), ".");
        assert_eq!(in_project(&report(&["infra"]), 0, None), "infra");
    }

    #[test]
    fn a_uri_holds_nothing_but_what_a_uri_may_hold() {
        assert_eq!(
            uri("a b/ä%20\n:#?.yaml"),
            "a%20b/%C3%A4%2520%0A%3A%23%3F.yaml"
        );
        assert_eq!(uri("\u{1f511}"), "%F0%9F%94%91");
    }

    #[test]
    fn only_a_remote_has_an_address() {
        let some = |text: &str| Some(String::from(text));
        assert_eq!(
            address("gitlab.example/team/infra"),
            some("https://gitlab.example/team/infra")
        );
        assert_eq!(
            address("localhost:8080/a b"),
            some("https://localhost:8080/a%20b")
        );
        for none in [
            "infra",
            "team/infra",
            "gitlab.example/",
            "a b.c/d",
            "h.e:x/d",
            "h.e:/d",
            "-.a/b",
        ] {
            assert_eq!(address(none), None, "{none}");
        }
    }
}
