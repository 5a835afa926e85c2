//! Files that should not be there: decrypted copies, editor leftovers, plain twins of sealed files.

mod content;
mod marks;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::checks::{self, Check};
use super::finding::{Confidence, Hit};
use super::manifests::sources::is_sealed;
use super::subject::Subject;
use super::view::View;
use content::{Leaves, Likeness};

/// Looks at a file; `view` has its neighbours.
pub fn check(subject: &Subject<'_>, view: Option<&dyn View>, hits: &mut Vec<Hit>) {
    let Some(mark) = marks::of(subject.path) else {
        return;
    };
    let (path, bytes) = (subject.path, subject.bytes);
    if bytes.trim_ascii().is_empty()
        || is_sealed(&mark.original, bytes)
        || is_other_ciphertext(bytes)
    {
        return;
    }
    let likeness = view.map_or(Likeness::None, |view| {
        let sealed = marks::sealed_names(&mark.original, path)
            .into_iter()
            .filter_map(|name| sealed_file(view, &name));
        sealed
            .map_while(|(name, text)| Some(Leaves::likeness(&name, &text, &mark.original, bytes)))
            .max()
            .unwrap_or(Likeness::None)
    });
    match mark.kind {
        marks::Kind::Decrypted => hits.push(decrypted(&mark.original, bytes, likeness)),
        marks::Kind::Editor => hits.extend(editor(&mark.original, bytes, likeness)),
    }
}

/// The path is one to look at, whatever it holds.
pub fn is_suspicious(path: &str) -> bool {
    marks::of(path).is_some()
}

/// Plain twins of sealed files, each with its path: the hits are about the twins' own texts. Looks at
/// the paths of a state as a whole, and reads only files whose names make two of them a pair.
pub fn twins(view: &dyn View) -> Vec<(String, Hit)> {
    let paths = view.paths();
    let has = |path: &String| paths.binary_search(path).is_ok();
    let mut found: Vec<(String, Hit)> = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        for twin in marks::twin_names(path).into_iter().filter(has) {
            if marks::of(&twin).is_some() || seen.contains(&twin) {
                continue;
            }
            let Some((_, sealed)) = sealed_file(view, path) else {
                break;
            };
            let Some(bytes) = view.read(&twin) else {
                continue;
            };
            if is_sealed(&twin, &bytes) || is_other_ciphertext(&bytes) {
                continue;
            }
            let confidence = match Leaves::likeness(path, &sealed, &twin, &bytes) {
                Likeness::Same => Confidence::Certain,
                Likeness::Most => Confidence::Likely,
                Likeness::Unknown | Likeness::None => continue,
            };
            let message = format!(
                "`{}` beside it is sealed, and this file has the same keys with values in clear",
                marks::name_of(path)
            );
            let hit = whole(&checks::PLAIN_TWIN, &bytes, message).confidence(confidence);
            seen.insert(twin.clone());
            found.push((twin, hit));
        }
    }
    found
}

/// A file that is there and sealed.
fn sealed_file(view: &dyn View, path: &str) -> Option<(String, Vec<u8>)> {
    let bytes = view.read(path)?;
    is_sealed(path, &bytes).then(|| (path.to_owned(), bytes))
}

/// Ciphertext of another tool as a whole file.
fn is_other_ciphertext(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(200)).unwrap_or(&[]);
    bytes.starts_with(b"age-encryption.org/v1")
        || std::str::from_utf8(start).is_ok_and(super::benign::is_ciphertext)
}

fn whole(check: &'static Check, bytes: &[u8], message: String) -> Hit {
    Hit::new(check, 0..0, message).of(bytes)
}

fn decrypted(original: &str, bytes: &[u8], likeness: Likeness) -> Hit {
    let (confidence, message) = match likeness {
        Likeness::Same | Likeness::Most => (
            if likeness == Likeness::Same {
                Confidence::Certain
            } else {
                Confidence::Likely
            },
            "this is the opened form of a sealed file beside it",
        ),
        Likeness::Unknown => (
            Confidence::Likely,
            "the name says that this is the opened form of the sealed file beside it",
        ),
        Likeness::None if content::gives_away(original, bytes) => (
            Confidence::Likely,
            "the name says that this is a decrypted copy, and it holds secrets in clear",
        ),
        Likeness::None => (
            Confidence::Possible,
            "the name says that this is a decrypted copy",
        ),
    };
    whole(&checks::DECRYPTED_COPY, bytes, message.to_owned()).confidence(confidence)
}

fn editor(original: &str, bytes: &[u8], likeness: Likeness) -> Option<Hit> {
    let message = if likeness != Likeness::None {
        "an editor or a tool left this copy of a sealed file"
    } else if content::gives_away(original, bytes) {
        "an editor or a tool left this copy, and it holds secrets in clear"
    } else {
        return None;
    };
    // A swap file of an editor that had the sealed text open shows ciphertext.
    let has_ciphertext = memchr::memmem::find(bytes, b"ENC[AES256_GCM,").is_some();
    let confidence = match likeness {
        Likeness::Same => Confidence::Certain,
        Likeness::Unknown if has_ciphertext => Confidence::Possible,
        _ => Confidence::Likely,
    };
    Some(whole(&checks::EDITOR_LEFTOVER, bytes, message.to_owned()).confidence(confidence))
}
