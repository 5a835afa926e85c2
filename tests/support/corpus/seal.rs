//! Sealing in this process, and undoing parts of it.

use std::path::Path;

use secrets::Format;
use secrets::keys::Recipient;
use secrets::sops::file::{Terms, seal_plain};
use secrets::sops::seal::Allow;
use secrets::sops::selector::{Selector, SelectorParts};

/// A test recipient: alice, bob, carol, ssh or pq.
pub(crate) fn recipient(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/plain/recipients.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.unwrap().to_owned()
}

/// How a file is sealed, and what a creation rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seal {
    /// The setting and its value, as `encrypted_regex`; `None` for the default.
    pub(crate) selector: Option<(&'static str, &'static str)>,
    /// Names of recipients by group.
    pub(crate) groups: Vec<Vec<&'static str>>,
    /// How many groups it takes; 0 for all.
    pub(crate) threshold: usize,
    pub(crate) mac_only: bool,
}

impl Seal {
    /// For Alice and Bob.
    pub(crate) fn with(selector: Option<(&'static str, &'static str)>) -> Self {
        Seal {
            selector,
            groups: vec![vec!["alice", "bob"]],
            threshold: 0,
            mac_only: false,
        }
    }

    /// For these instead, in one group.
    pub(crate) fn for_whom(&self, names: &[&'static str]) -> Self {
        Seal {
            groups: vec![names.to_vec()],
            ..self.clone()
        }
    }

    /// The creation rule that says so.
    pub(crate) fn rule(&self, path_regex: &str) -> String {
        let list = |names: &Vec<&str>| {
            let names: Vec<String> = names.iter().map(|name| recipient(name)).collect();
            format!("[{}]", names.join(", "))
        };
        let mut rule = format!("  - path_regex: '{path_regex}'\n");
        if let Some((setting, value)) = self.selector {
            rule.push_str(&format!("    {setting}: '{value}'\n"));
        }
        if self.mac_only {
            rule.push_str("    mac_only_encrypted: true\n");
        }
        match self.groups.as_slice() {
            [group] => rule.push_str(&format!("    age: {}\n", list(group))),
            groups => {
                rule.push_str(&format!(
                    "    shamir_threshold: {}\n    key_groups:\n",
                    self.threshold
                ));
                for group in groups {
                    rule.push_str(&format!("      - age: {}\n", list(group)));
                }
            }
        }
        rule
    }

    /// Seals a text.
    #[track_caller]
    pub(crate) fn seal(&self, text: &str, format: Format) -> String {
        let mut parts = SelectorParts::default();
        if let Some((setting, value)) = self.selector {
            let part = match setting {
                "encrypted_regex" => &mut parts.encrypted_regex,
                "unencrypted_regex" => &mut parts.unencrypted_regex,
                "encrypted_suffix" => &mut parts.encrypted_suffix,
                "unencrypted_suffix" => &mut parts.unencrypted_suffix,
                "encrypted_comment_regex" => &mut parts.encrypted_comment_regex,
                "unencrypted_comment_regex" => &mut parts.unencrypted_comment_regex,
                other => panic!("no selector {other}"),
            };
            *part = Some(value);
        }
        let selector = Selector::from_parts(parts).unwrap();
        let parse = |name: &&str| Recipient::parse(&recipient(name)).unwrap();
        let groups: Vec<Vec<Recipient>> = self
            .groups
            .iter()
            .map(|g| g.iter().map(parse).collect())
            .collect();
        let groups: Vec<&[Recipient]> = groups.iter().map(Vec::as_slice).collect();
        let terms = Terms {
            selector: &selector,
            mac_only_encrypted: self.mac_only,
            groups: &groups,
            shamir_threshold: self.threshold,
            now: "2026-01-02T03:04:05Z",
            allow: Allow {
                nothing_selected: true,
                plain_secret: true,
                encrypted_metadata: true,
            },
        };
        let sealed = seal_plain(text.as_bytes(), format, &terms);
        let sealed = sealed.unwrap_or_else(|e| panic!("{e}\n{text}"));
        String::from_utf8(sealed.bytes).unwrap()
    }
}

/// The places of the encrypted values of a sealed text, without those of its metadata and without comments.
pub(crate) fn envelopes(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("ENC[AES256_GCM,").map(|offset| at + offset) {
        let end = start + text[start..].find(']').unwrap() + 1;
        let before = text[..start].trim_end_matches(['"', ' ']);
        let of_block = ["mac:", "mac\":", "secrets_layout:", "secrets_layout\":"];
        let of_metadata = of_block.iter().any(|key| before.ends_with(key));
        if !of_metadata && !text[start..end].ends_with("type:comment]") {
            found.push(start..end);
        }
        at = end;
    }
    found
}

/// Puts `value` in the place of the encrypted values that `which` names by their number.
pub(crate) fn unseal(text: &str, value: &str, which: impl Fn(usize) -> bool) -> String {
    let mut out = text.to_owned();
    for (number, range) in envelopes(text).into_iter().enumerate().rev() {
        if which(number) {
            out.replace_range(range, value);
        }
    }
    out
}
