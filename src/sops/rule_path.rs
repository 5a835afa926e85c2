//! The text that `path_regex` of a creation rule is matched against (SOPS behaviour).
//!
//! SOPS makes the path of the file absolute, tidies it without asking the file system, and cuts off the
//! directory of the configuration file in front. So:
//! - Symbolic links stay as they were named. A file that is named through a link outside the directory
//!   of the configuration keeps its absolute path, and so does every file elsewhere.
//! - `a/../b` is `b`, whatever `a` is.
//! - Case counts, on Windows too.
//! - Below a configuration in the root directory itself, paths stay absolute: there SOPS looks for a
//!   prefix of two separators.
//!
//! On Windows SOPS matches `\`, which rules written elsewhere never expect. Here the text has `/`
//! everywhere, and the one with `\` is a second candidate, so no rule that SOPS applies is lost.
//!
//! Nothing here touches the file system; the working directory is given.

/// How paths are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathStyle {
    /// `/` separates, and a path that starts with it is absolute.
    Unix,
    /// `\` and `/` separate; drives and shares come first.
    Windows,
}

impl PathStyle {
    /// The style of the system this runs on.
    pub const NATIVE: PathStyle = if cfg!(windows) {
        PathStyle::Windows
    } else {
        PathStyle::Unix
    };

    fn is_separator(self, c: char) -> bool {
        c == '/' || (self == PathStyle::Windows && c == '\\')
    }
}

/// What a `path_regex` is tried on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePath {
    slashed: String,
    native: Option<String>,
}

impl RulePath {
    /// The text for a file under a configuration directory.
    ///
    /// `config_directory` and `file` may be relative to `working_directory`, which must be absolute and
    /// as the shell names it, with its symbolic links.
    pub fn new(
        style: PathStyle,
        working_directory: &str,
        config_directory: &str,
        file: &str,
    ) -> Self {
        let directory = absolute(style, working_directory, config_directory);
        let path = absolute(style, working_directory, file);
        let below = path
            .strip_prefix(directory.as_str())
            .and_then(|rest| rest.strip_prefix('/'));
        let slashed = match below {
            Some(rest) if !directory.ends_with('/') => rest.to_owned(),
            _ => path,
        };
        let backslashed = (style == PathStyle::Windows).then(|| slashed.replace('/', "\\"));
        let native = backslashed.filter(|native| *native != slashed);
        RulePath { slashed, native }
    }

    /// The text for a path that is relative to the configuration's directory already, with `/` and
    /// without `.`, `..` and doubled separators, as Git has them.
    pub fn relative(style: PathStyle, path: &str) -> Self {
        let backslashed = (style == PathStyle::Windows).then(|| path.replace('/', "\\"));
        RulePath {
            slashed: path.to_owned(),
            native: backslashed.filter(|native| native != path),
        }
    }

    /// The path with `/`, on every system: what to show to people.
    pub fn as_str(&self) -> &str {
        &self.slashed
    }

    /// Every text a `path_regex` may match: with `/`, and on Windows also with `\`.
    pub fn candidates(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.slashed.as_str()).chain(self.native.as_deref())
    }
}

/// The absolute path with `/` as separator, without `.`, `..` and doubled separators.
///
/// A relative path starts at `working_directory`; on Windows, one that starts with a separator is on the
/// drive of the working directory.
pub fn absolute(style: PathStyle, working_directory: &str, path: &str) -> String {
    let (mut volume, mut rest) = split_volume(style, path);
    let rooted = rest.starts_with(|c| style.is_separator(c));
    let mut parts: Vec<&str> = Vec::new();
    if volume.is_empty() || !rooted {
        let (base_volume, base) = split_volume(style, working_directory);
        let same_volume = volume.is_empty() || volume.eq_ignore_ascii_case(&base_volume);
        if !rooted && same_volume {
            push_parts(style, &mut parts, base);
        }
        if same_volume {
            volume = base_volume;
        }
    }
    rest = rest.trim_start_matches(|c| style.is_separator(c));
    push_parts(style, &mut parts, rest);
    format!("{volume}/{}", parts.join("/"))
}

fn push_parts<'p>(style: PathStyle, parts: &mut Vec<&'p str>, path: &'p str) {
    for part in path.split(|c| style.is_separator(c)) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
}

/// Splits off a drive (`C:`) or a share (`//server/share`), the latter with `/`. The verbatim prefix
/// `\\?\` is dropped: it changes how a path is opened, not which file it names.
fn split_volume(style: PathStyle, path: &str) -> (String, &str) {
    if style == PathStyle::Unix {
        return (String::new(), path);
    }
    if let Some(share) = path.strip_prefix(r"\\?\UNC\") {
        return split_share(share);
    }
    let path = path.strip_prefix(r"\\?\").unwrap_or(path);
    let mut chars = path.chars();
    if chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':') {
        let (drive, rest) = path.split_at(2);
        return (drive.to_owned(), rest);
    }
    let is_separator = |c| style.is_separator(c);
    match path
        .strip_prefix(is_separator)
        .and_then(|rest| rest.strip_prefix(is_separator))
    {
        Some(share) if !share.starts_with(is_separator) => split_share(share),
        _ => (String::new(), path),
    }
}

/// Splits `server\share\rest`.
fn split_share(share: &str) -> (String, &str) {
    let separator = |c| PathStyle::Windows.is_separator(c);
    let end = share
        .match_indices(separator)
        .nth(1)
        .map_or(share.len(), |(index, _)| index);
    let (name, rest) = share.split_at_checked(end).unwrap_or((share, ""));
    (format!("//{}", name.replace('\\', "/")), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(config: &str, file: &str) -> String {
        RulePath::new(PathStyle::Unix, "/home/me/repo/apps", config, file)
            .as_str()
            .to_owned()
    }

    fn windows(config: &str, file: &str) -> String {
        RulePath::new(PathStyle::Windows, r"C:\repo\apps", config, file)
            .as_str()
            .to_owned()
    }

    #[test]
    fn relative_to_the_configuration() {
        assert_eq!(unix("/home/me/repo", "db.yaml"), "apps/db.yaml");
        assert_eq!(unix("..", "./db.yaml"), "apps/db.yaml");
        assert_eq!(unix("../", "../infra//x/../db.yaml"), "infra/db.yaml");
        assert_eq!(unix(".", "a/b.yaml"), "a/b.yaml");
        assert_eq!(unix("", "a/b.yaml"), "a/b.yaml");
        assert_eq!(
            unix("/home/me/repo", "/home/me/repo/apps/./db.yaml"),
            "apps/db.yaml"
        );
    }

    #[test]
    fn elsewhere_the_path_is_absolute() {
        assert_eq!(unix(".", "../db.yaml"), "/home/me/repo/db.yaml");
        assert_eq!(
            unix("/home/me/rep", "db.yaml"),
            "/home/me/repo/apps/db.yaml"
        );
        assert_eq!(unix("/home/me/repo", "/tmp/db.yaml"), "/tmp/db.yaml");
        assert_eq!(
            unix("/home/me/Repo", "db.yaml"),
            "/home/me/repo/apps/db.yaml"
        );
        assert_eq!(unix(".", "../../../../../../etc/x"), "/etc/x");
    }

    #[test]
    fn below_the_root_directory_the_path_is_absolute() {
        assert_eq!(unix("/", "/secrets/a.yaml"), "/secrets/a.yaml");
        assert_eq!(windows(r"C:\", r"C:\secrets\a.yaml"), "C:/secrets/a.yaml");
    }

    #[test]
    fn a_backslash_is_an_ordinary_character_on_unix() {
        assert_eq!(unix(".", r"a\b.yaml"), r"a\b.yaml");
        let path = RulePath::new(PathStyle::Unix, "/r", ".", "a/b");
        assert_eq!(path.candidates().collect::<Vec<_>>(), ["a/b"]);
    }

    #[test]
    fn windows_separators() {
        assert_eq!(windows(r"C:\repo", "db.yaml"), "apps/db.yaml");
        assert_eq!(windows(r"..", r".\x\..\db.yaml"), "apps/db.yaml");
        assert_eq!(windows("C:/repo", r"C:\repo\apps/db.yaml"), "apps/db.yaml");
        assert_eq!(windows("..", r"\repo\infra\db.yaml"), "infra/db.yaml");
        assert_eq!(windows("..", r"C:db.yaml"), "apps/db.yaml");
        assert_eq!(windows("..", r"D:db.yaml"), "D:/db.yaml");
        assert_eq!(windows("..", r"D:\x\db.yaml"), "D:/x/db.yaml");
    }

    #[test]
    fn windows_shares_and_verbatim_paths() {
        assert_eq!(
            windows(r"\\server\share\repo", r"\\server\share\repo\a\b.yaml"),
            "a/b.yaml"
        );
        assert_eq!(
            windows(r"..", r"\\server\share\..\b.yaml"),
            "//server/share/b.yaml"
        );
        assert_eq!(windows(r"\\?\C:\repo", r"db.yaml"), "apps/db.yaml");
        assert_eq!(
            windows(r"\\?\UNC\server\share\x", r"\\server\share\x\b.yaml"),
            "b.yaml"
        );
    }

    #[test]
    fn windows_offers_both_spellings() {
        let path = RulePath::new(PathStyle::Windows, r"C:\repo", ".", r"a\b.yaml");
        assert_eq!(
            path.candidates().collect::<Vec<_>>(),
            ["a/b.yaml", r"a\b.yaml"]
        );
        let path = RulePath::new(PathStyle::Windows, r"C:\repo", ".", "b.yaml");
        assert_eq!(path.candidates().collect::<Vec<_>>(), ["b.yaml"]);
    }
}
