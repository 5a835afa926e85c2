//! `known_hosts` files (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Kind, Place, Result};

/// One line of a `known_hosts` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHost {
    /// 1-based line.
    pub line: usize,
    /// `@cert-authority` or `@revoked`.
    pub marker: Option<String>,
    /// Host patterns, or one hashed name.
    pub hosts: Vec<String>,
    /// The algorithm of the key, for example `ssh-ed25519`.
    pub key_type: String,
}

/// Parses and checks a `known_hosts` file; comments and empty lines are skipped.
///
/// # Errors
/// `Kind::Input` with the line that Flux would refuse, or when no line names a host.
pub fn parse(text: &str) -> Result<Vec<KnownHost>> {
    let mut hosts = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = Place {
            file: None,
            line: index + 1,
            column: 1,
            source_line: None,
        };
        hosts.push(parse_line(index + 1, line).map_err(|e| e.at(place))?);
    }
    if hosts
        .iter()
        .all(|host| host.marker.as_deref() == Some("@revoked"))
    {
        return Err(Error::new(Kind::Input, "known_hosts names no host")
            .because("without a host's key nobody connects to it")
            .hint("fill it with `ssh-keyscan HOST` and compare the fingerprint"));
    }
    Ok(hosts)
}

fn parse_line(number: usize, line: &str) -> Result<KnownHost> {
    let wrong = |reason: &str| {
        Error::new(Kind::Input, "known_hosts has a line that does not parse")
            .because(reason)
            .hint("a line is `HOST KEY-TYPE BASE64`, as `ssh-keyscan HOST` prints it")
    };
    let mut fields = line.split_whitespace().peekable();
    let marker = fields.next_if(|field| field.starts_with('@'));
    if !matches!(marker, None | Some("@cert-authority" | "@revoked")) {
        return Err(wrong(
            "the marker is neither `@cert-authority` nor `@revoked`",
        ));
    }
    let (Some(hosts), Some(key_type), Some(key)) = (fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong("a field is missing"));
    };
    let hosts: Vec<String> = hosts.split(',').map(str::to_owned).collect();
    for host in &hosts {
        if host.is_empty() {
            return Err(wrong("a host is empty"));
        }
        if host.starts_with('|') && !is_hashed_host(host) {
            return Err(wrong("a hashed host is not `|1|SALT|HASH`"));
        }
    }
    let blob = STANDARD
        .decode(key)
        .map_err(|_| wrong("the key is not base64"))?;
    if algorithm(&blob) != Some(key_type.as_bytes()) {
        return Err(wrong("the key is not of the type in front of it"));
    }
    Ok(KnownHost {
        line: number,
        marker: marker.map(str::to_owned),
        hosts,
        key_type: key_type.to_owned(),
    })
}

fn is_hashed_host(host: &str) -> bool {
    let is_sha1 = |part: Option<&str>| {
        part.and_then(|p| STANDARD.decode(p).ok())
            .is_some_and(|bytes| bytes.len() == 20)
    };
    let mut parts = host.split('|');
    parts.next() == Some("")
        && parts.next() == Some("1")
        && is_sha1(parts.next())
        && is_sha1(parts.next())
        && parts.next().is_none()
}

/// The algorithm at the start of an SSH public key blob (RFC 4253, 6.6), if something follows it.
pub(super) fn algorithm(blob: &[u8]) -> Option<&[u8]> {
    let (algorithm, key) = ssh_string(blob)?;
    (!key.is_empty()).then_some(algorithm)
}

/// A length-prefixed string (RFC 4251, 5) and what follows it.
pub(super) fn ssh_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

    #[test]
    fn lines_of_every_form_parse() {
        let text = format!(
            "# comment\n\ngithub.com {KEY}\n[git.example.com]:2222,10.0.0.1 {KEY} a comment\r\n\
             |1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= {KEY}\n@revoked * {KEY}\n"
        );
        let hosts = parse(&text).unwrap();
        assert_eq!(hosts.len(), 4);
        assert_eq!(hosts[1].hosts, ["[git.example.com]:2222", "10.0.0.1"]);
        assert_eq!(
            (hosts[1].line, hosts[3].marker.as_deref()),
            (4, Some("@revoked"))
        );
    }

    #[test]
    fn a_line_flux_refuses_is_refused() {
        for line in [
            String::new(),
            "# only a comment".to_owned(),
            "github.com".to_owned(),
            KEY.to_owned(),
            format!("github.com {}", KEY.replace("ssh-ed25519", "ssh-rsa")),
            format!("github.com {KEY}=="),
            format!("github.com, {KEY}"),
            format!("@unknown github.com {KEY}"),
            format!("|1|abc|def {KEY}"),
            format!("@revoked * {KEY}"),
            "github.com ssh-rsa AAAAB3NzaC1yc2E=".to_owned(),
        ] {
            assert!(parse(&line).is_err(), "{line:?}");
        }
        assert_eq!(
            parse(&format!("a {KEY}\nb\n"))
                .unwrap_err()
                .place()
                .unwrap()
                .line,
            2
        );
    }
}
