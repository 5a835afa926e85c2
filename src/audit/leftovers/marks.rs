//! Names: those of leftovers, and those that sealed files and their plain twins have.

use std::sync::LazyLock;

use aho_corasick::packed;

/// What a name says about its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Somebody decrypted a file into it.
    Decrypted,
    /// An editor or a tool kept an older text in it.
    Editor,
}

/// A leftover and the path that its file was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) kind: Kind,
    pub(super) original: String,
}

/// Parts of names that say "in clear". `secrets.yaml.dec` is what helm-secrets writes.
const CLEAR: [&str; 9] = [
    "dec",
    "decrypted",
    "plain",
    "plaintext",
    "unencrypted",
    "clear",
    "cleartext",
    "unsealed",
    "decoded",
];

/// Endings that editors and tools give to what they keep.
const KEPT: [&str; 12] = [
    ".swp", ".swo", ".swn", "~", ".bak", ".backup", ".orig", ".save", ".tmp", ".old", ".rej",
    ".un~",
];

/// Parts of names that say "sealed".
const SEALED: [&str; 5] = ["enc", "sops", "encrypted", "sealed", "secret"];

/// The file name of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn in_folder_of(path: &str, name: &str) -> String {
    let folder = path.len() - name_of(path).len();
    format!("{}{name}", path.get(..folder).unwrap_or(""))
}

/// What the name of a file says; `None` if nothing.
pub(super) fn of(path: &str) -> Option<Mark> {
    let name = name_of(path);
    let mark = |kind, original: &str| {
        (!original.is_empty()).then(|| Mark {
            kind,
            original: in_folder_of(path, original),
        })
    };
    if let Some(original) = clear_of(name) {
        return mark(Kind::Decrypted, &original);
    }
    for end in KEPT {
        let Some(rest) = name.strip_suffix(end) else {
            continue;
        };
        // Vim hides what it keeps; a number or a second mark may follow.
        let is_vim = end.starts_with(".sw") || end == ".un~";
        let rest = match rest.strip_prefix('.').filter(|_| is_vim) {
            Some(rest) => rest,
            None => rest,
        };
        return mark(Kind::Editor, rest);
    }
    let emacs = name
        .strip_prefix('#')
        .and_then(|rest| rest.strip_suffix('#'))
        .or_else(|| name.strip_prefix(".#"));
    emacs.and_then(|rest| mark(Kind::Editor, rest))
}

/// The name without the part that says "in clear"; `None` if it has none.
fn clear_of(name: &str) -> Option<String> {
    // What follows a tilde is what a tool adds to keep names apart.
    let plain = name.split_once('~').map_or(name, |(before, _)| before);
    let is_kept = plain.len() < name.len() && !plain.ends_with("decrypted");
    if is_kept {
        return None;
    }
    let parts: Vec<&str> = plain.split('.').collect();
    let at = parts.iter().rposition(|part| CLEAR.contains(part))?;
    // A file that is called so altogether has no mark.
    let is_marked = at > 0 && parts.iter().take(at).any(|part| !part.is_empty());
    let is_source = matches!(
        parts.last().copied(),
        Some(
            "go" | "rs"
                | "py"
                | "js"
                | "ts"
                | "css"
                | "html"
                | "c"
                | "h"
                | "java"
                | "md"
                | "svg"
                | "png"
        )
    );
    if !is_marked || is_source {
        return None;
    }
    let without: Vec<&str> = parts
        .iter()
        .enumerate()
        .filter_map(|(number, part)| (number != at).then_some(*part))
        .collect();
    Some(without.join("."))
}

/// Paths that the sealed file may have which a leftover with this original was made from, the
/// leftover itself excluded.
pub(super) fn sealed_names(original: &str, leftover: &str) -> Vec<String> {
    let mut names = vec![original.to_owned()];
    let name = name_of(original);
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
    for mark in SEALED {
        if end.is_empty() {
            names.push(in_folder_of(original, &format!("{name}.{mark}")));
            continue;
        }
        names.push(in_folder_of(original, &format!("{stem}.{mark}.{end}")));
        names.push(in_folder_of(original, &format!("{name}.{mark}")));
    }
    names.retain(|name| name != leftover);
    names
}

/// Paths that a plain twin of this file would have, if its name says that it is sealed.
pub(super) fn twin_names(path: &str) -> Vec<String> {
    static ANY: LazyLock<Option<packed::Searcher>> =
        LazyLock::new(|| packed::Searcher::new(SEALED));
    let name = name_of(path);
    // Most names say nothing, and there are many of them.
    let says = |searcher: &packed::Searcher| searcher.find(name).is_some();
    if !ANY.as_ref().is_none_or(says) {
        return Vec::new();
    }
    let mut twins = Vec::new();
    for mark in SEALED.into_iter().chain(["secrets"]) {
        for (from, to) in [
            (format!(".{mark}."), "."),
            (format!("-{mark}."), "."),
            (format!("_{mark}."), "."),
        ] {
            if let Some((before, after)) = name.split_once(&from)
                && !before.is_empty()
            {
                twins.push(format!("{before}{to}{after}"));
            }
        }
        if let Some(rest) = name.strip_suffix(&format!(".{mark}")) {
            twins.push(rest.to_owned());
        }
        for separator in ['.', '-', '_'] {
            if let Some(rest) = name
                .strip_prefix(mark)
                .and_then(|r| r.strip_prefix(separator))
                && rest.contains('.')
            {
                twins.push(rest.to_owned());
            }
        }
    }
    // `secret.sops.yaml` has two marks: only the one that says how it is kept counts.
    twins.retain(|twin| {
        !twin.is_empty() && twin != name && !twin.starts_with('.') || twin == ".env"
    });
    twins.sort_unstable();
    twins.dedup();
    twins
        .into_iter()
        .map(|twin| in_folder_of(path, &twin))
        .collect()
}
