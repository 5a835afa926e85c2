//! Which images the entry of a Docker config serves: the rules of kubelet's keyring, which Flux shares.

/// The key that also serves images without a registry in their name.
const DOCKER_HUB: &str = "index.docker.io";

/// A server string the way the keyring sees it.
struct Key<'a> {
    host: &'a str,
    /// `Some("")` for a colon without a number, which matches like `None`.
    port: Option<&'a str>,
    path: &'a str,
}

impl<'a> Key<'a> {
    fn of_server(server: &'a str) -> Option<Self> {
        let rest = server
            .strip_prefix("https://")
            .or_else(|| server.strip_prefix("http://"))
            .unwrap_or(server);
        let key = Key::of_url(rest)?;
        // `/v1/` and `/v2/` name the API, not a repository.
        let path = if key.path.starts_with("/v1/") || key.path.starts_with("/v2/") {
            key.path.get(3..).unwrap_or_default()
        } else {
            key.path
        };
        Some(Key {
            path: if path == "/" { "" } else { path },
            ..key
        })
    }

    fn of_url(url: &'a str) -> Option<Self> {
        let url = url.split(['?', '#']).next().unwrap_or(url);
        let (authority, path) = url.split_at(url.find('/').unwrap_or(url.len()));
        let valid = |c: char| {
            c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '*' | ':' | '[' | ']' | '~')
        };
        if !authority.chars().all(valid) {
            return None;
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, Some(port)),
            Some((_, port)) if !port.ends_with(']') => return None,
            _ => (authority, None),
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if bare.contains(':') != host.starts_with('[') {
            return None;
        }
        Some(Key { host, port, path })
    }

    /// The number, or nothing.
    fn port(&self) -> &'a str {
        self.port.unwrap_or_default()
    }

    fn labels(&self) -> std::str::Split<'a, char> {
        let host = if self.port.is_some() {
            self.host.trim_matches(['[', ']'])
        } else {
            self.host
        };
        host.split('.')
    }

    fn serves(&self, image: &Key<'_>) -> bool {
        // The brackets of an IPv6 address are only taken off together with a port; left on, the keyring reads them
        // as a character class, which no address matches.
        if self.host.starts_with('[') && self.port.is_none() {
            return false;
        }
        let (mine, theirs) = (self.labels(), image.labels());
        self.port() == image.port()
            && mine.clone().count() == theirs.clone().count()
            && image.path.starts_with(self.path)
            && mine
                .zip(theirs)
                .all(|(glob, label)| glob_matches(glob.as_bytes(), label.as_bytes()))
    }
}

/// Whether kubelet and Flux offer the entry `server` of a Docker config to the registry of `image`.
///
/// Scheme and the paths `/v1/` and `/v2/` of the server do not count; another path must start the image's path;
/// `*` matches within one label of the host; the ports must be equal, and none is not 443. An entry for
/// `index.docker.io` serves every image of Docker Hub, also those without a registry in their name.
pub fn matches(server: &str, image: &str) -> bool {
    let Some(key) = Key::of_server(server) else {
        return false;
    };
    if Key::of_url(image).is_some_and(|image| key.serves(&image)) {
        return true;
    }
    key.host == DOCKER_HUB && key.port.is_none() && key.path.is_empty() && is_docker_hub(image)
}

fn is_docker_hub(image: &str) -> bool {
    match image.split_once('/') {
        None => !image.is_empty(),
        Some((host, _)) => {
            !host.is_empty()
                && (matches!(host, "docker.io" | DOCKER_HUB) || !host.contains(['.', ':']))
        }
    }
}

/// `*` matches any run of bytes; everything else matches itself.
fn glob_matches(glob: &[u8], text: &[u8]) -> bool {
    let (mut glob, mut text) = (glob, text);
    // Where to go on when a star has to take one byte more: behind the star, and the text it started from.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (glob.split_first(), text.split_first()) {
            (Some((b'*', rest)), _) => {
                glob = rest;
                retry = Some((rest, text));
            }
            (Some((expected, rest)), Some((byte, tail))) if expected == byte => {
                (glob, text) = (rest, tail)
            }
            (None, None) => return true,
            _ => match retry.and_then(|(rest, start)| Some((rest, start.get(1..)?))) {
                Some((rest, start)) => {
                    (glob, text) = (rest, start);
                    retry = Some((rest, start));
                }
                None => return false,
            },
        }
    }
}

/// Warnings about a server that will match fewer images, or others, than its writer expects. Empty when there is
/// nothing to say.
pub fn advise(server: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let Some(key) = Key::of_server(server).filter(|key| !key.host.is_empty()) else {
        return vec![format!(
            "`{server}` is not a registry: write HOST, HOST:PORT or HOST/PATH as image names start"
        )];
    };
    let is_hub = key.host == DOCKER_HUB;
    if let Some((scheme, _)) = server.split_once("://") {
        if scheme == "http" {
            warnings.push(
                "`http://` does not make anybody speak HTTP: the scheme is dropped, and insecure registries are \
                 configured in the container runtime"
                    .to_owned(),
            );
        } else if !is_hub {
            warnings.push(format!(
                "the scheme of `{server}` is ignored: the registry's name alone is enough"
            ));
        }
        if !key.path.is_empty() {
            warnings.push(format!(
                "the path `{}` of the URL becomes part of what image names must start with",
                key.path
            ));
        }
    }
    if key.path.ends_with('/') {
        warnings.push(format!(
            "only images below `{}{}` match, because of the slash at the end",
            key.host, key.path
        ));
    } else if !key.path.is_empty() {
        warnings.push(format!(
            "only images whose path starts with `{}` match, also `{0}-other`",
            key.path.trim_start_matches('/')
        ));
    }
    if server.contains(['?', '#', '%', '@']) {
        warnings.push("`?`, `#`, `%` and `@` have no meaning in a registry's name".to_owned());
    }
    if key.host.chars().any(char::is_uppercase) {
        warnings.push(format!(
            "`{}` has upper-case letters: image names are lower case and are compared letter by letter",
            key.host
        ));
    }
    if matches!(key.port(), "443" | "80") {
        warnings.push(format!(
            "the port {} must then be written in every image name too",
            key.port()
        ));
    }
    if matches!(
        key.host,
        "docker.io" | "registry-1.docker.io" | "hub.docker.com" | "registry.hub.docker.com"
    ) {
        warnings.push(format!(
            "for Docker Hub use `{}`",
            super::docker::DEFAULT_SERVER
        ));
    }
    if key.host.contains('*') {
        warnings.push(
            "`*` stands for a part of one label: `*.example.com` does not match `a.b.example.com`"
                .to_owned(),
        );
    }
    warnings
}

/// Why an entry does not serve an image, and what would; `None` when it does serve it.
pub fn explain_mismatch(server: &str, image: &str) -> Option<String> {
    if matches(server, image) {
        return None;
    }
    if is_docker_hub(image) {
        return Some(format!(
            "`{image}` is on Docker Hub: use the server `{}`",
            super::docker::DEFAULT_SERVER
        ));
    }
    let (Some(key), Some(wanted)) = (Key::of_server(server), Key::of_url(image)) else {
        return Some(format!(
            "`{server}` or `{image}` is not the name of a registry or an image"
        ));
    };
    let registry = if wanted.port().is_empty() {
        wanted.host.to_owned()
    } else {
        format!("{}:{}", wanted.host, wanted.port())
    };
    let reason = if key.host.eq_ignore_ascii_case(wanted.host) && key.host != wanted.host {
        "upper and lower case differ"
    } else if key.host != wanted.host && !key.host.contains('*') {
        "the hosts differ"
    } else if key.port() != wanted.port() {
        "the ports differ"
    } else if !wanted.path.starts_with(key.path) {
        "the server's path does not start the image's path"
    } else {
        "the hosts differ"
    };
    Some(format!(
        "`{server}` does not serve `{image}`, because {reason}: use the server `{registry}`"
    ))
}

#[cfg(test)]
#[path = "registry_server_tests.rs"]
mod tests;
