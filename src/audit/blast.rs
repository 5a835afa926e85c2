//! The blast radius of an identity: which recipient it belongs to, and what is sealed for that one.

use crate::keys::{Identity, same_key};

/// The recipients (public keys) of the identities in a text: age X25519 and post-quantum ones, wherever they
/// stand in it, or one SSH private key without passphrase. `None` if it holds none that can be derived; plugin
/// identities and locked files cannot.
pub fn recipient_of(identity_text: &[u8]) -> Option<Vec<String>> {
    let mut recipients: Vec<String> = Vec::new();
    let mut add = |recipient: Option<&str>| {
        if let Some(recipient) = recipient
            && !recipients.iter().any(|known| same_key(known, recipient))
        {
            recipients.push(recipient.to_owned());
        }
    };
    for at in memchr::memmem::find_iter(identity_text, b"AGE-SECRET-KEY-") {
        let rest = identity_text.get(at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| !(byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'-'))
            .unwrap_or(rest.len());
        let text = rest
            .get(..length)
            .and_then(|text| std::str::from_utf8(text).ok());
        if let Some(Ok(identity)) = text.map(Identity::parse) {
            add(identity.recipient());
        }
    }
    let text = identity_text.trim_ascii();
    if text.starts_with(b"-----BEGIN ")
        && let Ok(identity) = Identity::parse_ssh(&[text, b"\n"].concat(), "the key")
        && !identity.is_locked()
    {
        add(identity.recipient());
    }
    (!recipients.is_empty()).then_some(recipients)
}

/// The paths of the sealed files that have one of the recipients among theirs, in the order in which they come.
pub fn opened_by<'a>(
    recipients: &[String],
    sealed: impl Iterator<Item = (&'a str, &'a [String])>,
) -> Vec<&'a str> {
    sealed
        .filter(|(_, theirs)| {
            theirs
                .iter()
                .any(|one| recipients.iter().any(|ours| same_key(ours, one)))
        })
        .map(|(path, _)| path)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn identity(seed: u64) -> (String, String) {
        use rand::SeedableRng;
        let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
        let (file, recipient) =
            crate::keys::generate_x25519(&mut rng, "2026-01-02T03:04:05Z").unwrap();
        (file.expose_text().unwrap().to_owned(), recipient)
    }

    #[test]
    fn identities_are_found_wherever_they_stand() {
        let (one, first) = identity(1);
        let (two, second) = identity(2);
        assert_eq!(
            recipient_of(format!("x: |\n  {one}\n{two}\n{one}").as_bytes()),
            Some(vec![first, second])
        );
        assert_eq!(recipient_of(b"AGE-SECRET-KEY-1QQQ"), None);
        assert_eq!(recipient_of(b""), None);
    }

    #[test]
    fn ssh_keys_count_unless_they_are_locked() {
        let open = include_bytes!("../kubernetes/testdata/ssh-ed25519");
        let locked = include_bytes!("../kubernetes/testdata/ssh-ed25519-encrypted");
        let public = include_str!("../kubernetes/testdata/ssh-ed25519.pub");
        let recipients = recipient_of(open).unwrap();
        assert!(same_key(&recipients[0], public.trim()));
        assert_eq!(recipient_of(locked), None);
    }

    #[test]
    fn files_for_the_recipient_are_listed() {
        let (_, first) = identity(1);
        let (_, second) = identity(2);
        let files = [
            ("a.yaml", vec![first.clone()]),
            ("b.yaml", vec![second.clone()]),
            ("c.yaml", vec![second, first.clone()]),
            ("d.yaml", vec![]),
        ];
        let sealed = files
            .iter()
            .map(|(path, theirs)| (*path, theirs.as_slice()));
        assert_eq!(opened_by(&[first], sealed), ["a.yaml", "c.yaml"]);
    }
}
