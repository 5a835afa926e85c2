//! The `resources` of a kustomization: an entry added, every other byte left as it was.
//!
//! A kustomization of kustomize (`kustomize.config.k8s.io`) lists files. A `Kustomization` of Flux
//! (`kustomize.toolkit.fluxcd.io`) is an object of the cluster that often has the same file name;
//! it has no `resources` and is never edited.

use crate::document::tree::{Document, NodeId, NodeKind, ScalarStyle};
use crate::document::yaml::{Stream, resolve, spell};
use crate::error::{Error, Kind, Result};

/// The names under which kustomize looks for a kustomization, in its order.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The API group of kustomize's own files.
const KUSTOMIZE_GROUP: &str = "kustomize.config.k8s.io/";
/// The API group of Flux' objects.
const FLUX_GROUP: &str = "kustomize.toolkit.fluxcd.io/";

/// What a file with the name of a kustomization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A `Kustomization` or `Component` of kustomize; both may leave `apiVersion` and `kind` out.
    Kustomize,
    /// Flux' object.
    Flux,
    /// Something else.
    Other,
}

/// What a kustomization says, as far as a new resource is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What it is.
    pub role: Role,
    /// `namespace`, which replaces the namespace of every resource.
    pub namespace: Option<String>,
    /// `resources`, as written.
    pub resources: Vec<String>,
}

/// Reads a kustomization.
///
/// # Errors
/// `Kind::Input` if the text is not YAML.
pub fn facts(text: &[u8]) -> Result<Facts> {
    let parsed = Parsed::new(text)?;
    let text_of = |key: &str| {
        let node = parsed.resolved(parsed.get(key)?);
        let scalar = matches!(parsed.document.kind(node), NodeKind::Scalar(_));
        (scalar && !parsed.is_null(node)).then(|| parsed.scalar(node).to_owned())
    };
    let (version, kind) = (text_of("apiVersion"), text_of("kind"));
    let named = matches!(kind.as_deref(), None | Some("Kustomization" | "Component"));
    let role = match version.as_deref() {
        None if named => Role::Kustomize,
        Some(version) if version.starts_with(KUSTOMIZE_GROUP) && named => Role::Kustomize,
        Some(version) if version.starts_with(FLUX_GROUP) => Role::Flux,
        _ => Role::Other,
    };
    let is_mapping = parsed.root().is_none_or(|root| {
        matches!(parsed.document.kind(root), NodeKind::Mapping { .. }) || parsed.is_null(root)
    });
    Ok(Facts {
        role: if is_mapping { role } else { Role::Other },
        namespace: text_of("namespace").filter(|namespace| !namespace.is_empty()),
        resources: parsed.resources(),
    })
}

/// Whether `resources` has an entry already, in whatever spelling: `x.yaml`, `./x.yaml`, `a/../x.yaml`.
pub fn lists(facts: &Facts, entry: &str) -> bool {
    facts
        .resources
        .iter()
        .any(|listed| normal(listed) == normal(entry))
}

/// Adds an entry to `resources`; `None` if it is there already.
///
/// `entry` is the path of the file relative to the kustomization, with `/`, without a leading `./`,
/// which is written where the entries around it have it. The list keeps its style: indentation,
/// blanks behind the dash, brackets, quotes, line breaks, and whether the text ends with one.
///
/// # Errors
/// `Kind::Input` if the text is not a kustomization of kustomize, or is written so that an entry
/// cannot be added without touching the rest (an alias, several documents, `resources` twice).
pub fn add_resource(text: &[u8], entry: &str) -> Result<Option<Vec<u8>>> {
    let before = facts(text)?;
    match before.role {
        Role::Kustomize => {}
        Role::Flux => {
            return Err(Error::new(
                Kind::Input,
                "this is a Kustomization of Flux, not of kustomize",
            )
            .because("it has no `resources`: Flux builds the folder at its `path`")
            .hint("name the kustomization.yaml of the folder that Flux builds"));
        }
        Role::Other => {
            return Err(Error::new(Kind::Input, "this is not a kustomization")
                .because("its apiVersion and kind are not those of kustomize")
                .hint("name a file with `apiVersion: kustomize.config.k8s.io/v1beta1` and `kind: Kustomization`"));
        }
    }
    if lists(&before, entry) {
        return Ok(None);
    }
    let parsed = Parsed::new(text)?;
    let spelled = prefixed(entry, &before.resources);
    let Some((at, inserted)) = parsed.insertion(&spelled)? else {
        return Err(by_hand(
            &spelled,
            "`resources` is written in a way that leaves no place for one more",
        ));
    };
    let (head, tail) = (text.get(..at.start), text.get(at.end..));
    let edited = [
        head.unwrap_or_default(),
        inserted.as_bytes(),
        tail.unwrap_or_default(),
    ]
    .concat();
    // The proof that the edit did what it should, and nothing else to the list.
    let after =
        facts(&edited).map_err(|_| by_hand(&spelled, "the result would not be valid YAML"))?;
    let mut expected = before;
    expected.resources.push(spelled.clone());
    if after != expected {
        return Err(by_hand(
            &spelled,
            "`resources` is written in a way that leaves no place for one more",
        ));
    }
    Ok(Some(edited))
}

fn by_hand(entry: &str, reason: &str) -> Error {
    Error::new(Kind::Input, "cannot add the file to `resources`")
        .because(reason)
        .hint(format!("add `{entry}` to `resources` by hand"))
}

/// The entry with `./` where its neighbours have it: those of its own folder, else the last one.
fn prefixed(entry: &str, listed: &[String]) -> String {
    let folder = |path: &str| {
        normal(path)
            .rsplit_once('/')
            .map(|(folder, _)| folder.to_owned())
    };
    let local = || {
        listed
            .iter()
            .rev()
            .filter(|l| !l.starts_with("../") && !l.contains("://"))
    };
    let model = local()
        .find(|l| folder(l) == folder(entry))
        .or_else(|| local().next());
    match model {
        Some(model) if model.starts_with("./") && !entry.starts_with("../") => format!("./{entry}"),
        _ => entry.to_owned(),
    }
}

/// A path without `.`, `..` and doubled slashes, as far as its text allows.
fn normal(path: &str) -> String {
    if path.contains("://") {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

struct Parsed<'a> {
    text: &'a str,
    document: Document,
}

type Edit = (std::ops::Range<usize>, String);

impl<'a> Parsed<'a> {
    fn new(text: &'a [u8]) -> Result<Self> {
        let syntax = |e| crate::sops::documents::syntax_error(text, &e);
        let mut stream = Stream::new(text).map_err(syntax)?;
        let document = stream.next_document().map_err(syntax)?.unwrap_or_default();
        let text = stream.text();
        if stream.next_document().map_err(syntax)?.is_some() {
            return Err(
                Error::new(Kind::Input, "the kustomization has several documents")
                    .because("kustomize reads one")
                    .hint("remove the `---` between them"),
            );
        }
        Ok(Parsed { text, document })
    }

    fn root(&self) -> Option<NodeId> {
        self.document.root()
    }

    fn get(&self, key: &str) -> Option<NodeId> {
        self.document.get(self.root()?, key, self.text)
    }

    fn resolved(&self, node: NodeId) -> NodeId {
        self.document.alias_target(node).unwrap_or(node)
    }

    fn scalar(&self, node: NodeId) -> &str {
        self.document.scalar_text(node, self.text)
    }

    fn is_null(&self, node: NodeId) -> bool {
        self.document.kind(node) == NodeKind::Scalar(ScalarStyle::Plain)
            && self.document.properties(node).is_none()
            && matches!(self.scalar(node), "" | "~" | "null" | "Null" | "NULL")
    }

    fn resources(&self) -> Vec<String> {
        let Some(node) = self.get("resources").map(|node| self.resolved(node)) else {
            return Vec::new();
        };
        if !matches!(self.document.kind(node), NodeKind::Sequence { .. }) {
            return Vec::new();
        }
        let items = self.document.children(node).map(|item| self.resolved(item));
        items.map(|item| self.scalar(item).to_owned()).collect()
    }

    /// Where the entry goes and what is written there; `None` where there is no safe place.
    fn insertion(&self, entry: &str) -> Result<Option<Edit>> {
        let Some(root) = self.root().filter(|root| !self.is_null(*root)) else {
            return Ok(Some(self.at_the_end(0, entry)));
        };
        let keys = self.document.entries(root);
        let mut found = keys.filter(|(key, _)| self.scalar(*key) == "resources");
        let Some((key, value)) = found.next() else {
            return Ok(match self.document.kind(root) {
                NodeKind::Mapping { flow: false } => {
                    let indent = self.column(self.document.span(root).start);
                    indent.map(|indent| self.at_the_end(indent, entry))
                }
                _ => None,
            });
        };
        if found.next().is_some() {
            return Err(by_hand(entry, "`resources` is given twice"));
        }
        if self
            .document
            .properties(value)
            .is_some_and(|p| p.anchor.is_some())
        {
            return Err(by_hand(
                entry,
                "`resources` has an anchor, so that the entry would show up elsewhere too",
            ));
        }
        Ok(match self.document.kind(value) {
            NodeKind::Sequence { flow: false } => self.after_last_item(value, entry),
            NodeKind::Sequence { flow: true } => Some(self.in_brackets(value, entry)),
            _ if self.is_null(value) => self.below_key(key, value, entry),
            _ => None,
        })
    }

    fn after_last_item(&self, list: NodeId, entry: &str) -> Option<Edit> {
        let items: Vec<NodeId> = self.document.children(list).collect();
        let (first, last) = (*items.first()?, *items.last()?);
        let dash = self.document.span(list).start;
        let indent = self.column(dash)?;
        let start = self.start(first);
        let blanks = self.text.get(dash + 1..start)?;
        let blanks = if !blanks.is_empty() && blanks.bytes().all(|b| b == b' ') {
            blanks
        } else {
            " "
        };
        let style = match self.document.kind(last) {
            NodeKind::Scalar(style) => style,
            _ => ScalarStyle::Plain,
        };
        let line = format!(
            "{}-{blanks}{}",
            " ".repeat(indent),
            spelled(entry, style, false)
        );
        Some(self.line_after(self.document.span(last).end, &line))
    }

    fn in_brackets(&self, list: NodeId, entry: &str) -> Edit {
        let span = self.document.span(list);
        let items: Vec<NodeId> = self.document.children(list).collect();
        let (Some(first), Some(last)) = (items.first(), items.last()) else {
            return (
                span.clone(),
                format!("[{}]", spelled(entry, ScalarStyle::Plain, true)),
            );
        };
        let style = match self.document.kind(*last) {
            NodeKind::Scalar(style) => style,
            _ => ScalarStyle::Plain,
        };
        // One item a line stays so: what stands before the first item stands before the new one.
        let lead = self
            .text
            .get(span.start + 1..self.start(*first))
            .unwrap_or_default();
        let lead = if lead.contains('\n') && lead.trim().is_empty() {
            lead
        } else {
            let two = items.get(1).map(|second| self.start(*second));
            let tight =
                two.is_some_and(|start| self.text.get(..start).is_some_and(|t| t.ends_with(',')));
            if tight { "" } else { " " }
        };
        let at = self.document.span(*last).end;
        (at..at, format!(",{lead}{}", spelled(entry, style, true)))
    }

    fn below_key(&self, key: NodeId, value: NodeId, entry: &str) -> Option<Edit> {
        let indent = self.column(self.start(key))? + self.list_indent();
        let line = format!(
            "{}- {}",
            " ".repeat(indent),
            spelled(entry, ScalarStyle::Plain, false)
        );
        let (key, value) = (self.document.span(key), self.document.span(value));
        if value.is_empty() {
            return Some(self.line_after(key.end, &line));
        }
        // `null` makes way, and what follows on its line moves up to the colon.
        let (at, inserted) = self.line_after(value.end, &line);
        let colon = self.text.get(key.end..value.start)?.find(':')? + key.end + 1;
        let rest = self.text.get(value.end..at.start)?;
        Some((colon..at.end, format!("{rest}{inserted}")))
    }

    fn at_the_end(&self, indent: usize, entry: &str) -> Edit {
        let end = self.document.extent().content_end;
        // A document of comments only has no extent worth the name.
        let end = if self.root().is_none() {
            self.text.len()
        } else {
            end
        };
        let pad = " ".repeat(indent);
        let list = " ".repeat(indent + self.list_indent());
        let eol = self.line_break();
        let entry = spelled(entry, ScalarStyle::Plain, false);
        let lines = format!("{pad}resources:{eol}{list}- {entry}");
        match self.text.get(..end).unwrap_or_default() {
            "" => (0..0, format!("{lines}{eol}")),
            head if head.ends_with('\n') => (end..end, format!("{lines}{eol}")),
            _ => (end..end, format!("{eol}{lines}")),
        }
    }

    /// A line below the one that holds the byte before `offset`.
    fn line_after(&self, offset: usize, line: &str) -> Edit {
        let eol = self.line_break();
        let from = match self.text.get(..offset) {
            Some(head) if head.ends_with('\n') => offset - 1,
            _ => offset,
        };
        match self.text.get(from..).and_then(|rest| rest.find('\n')) {
            Some(at) => (from + at + 1..from + at + 1, format!("{line}{eol}")),
            None => (self.text.len()..self.text.len(), format!("{eol}{line}")),
        }
    }

    fn line_break(&self) -> &'static str {
        match self.text.find('\n').and_then(|at| self.text.get(..at)) {
            Some(line) if line.ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// Where a node starts, its anchor and tag included.
    fn start(&self, node: NodeId) -> usize {
        let start = self.document.span(node).start;
        self.document
            .properties(node)
            .map_or(start, |p| p.span.start.min(start))
    }

    /// How many blanks stand before `offset` on its line; `None` if something else does.
    fn column(&self, offset: usize) -> Option<usize> {
        let head = self.text.get(..offset)?;
        let line = head.get(head.rfind('\n').map_or(0, |at| at + 1)..)?;
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        line.bytes().all(|b| b == b' ').then_some(line.len())
    }

    /// How far the lists of this file stand right of their keys; 2 in a file without one.
    fn list_indent(&self) -> usize {
        let Some(root) = self.root() else { return 2 };
        let lists = self.document.entries(root).filter_map(|(key, value)| {
            let block = self.document.kind(value) == NodeKind::Sequence { flow: false };
            let (key, list) = (
                self.column(self.start(key))?,
                self.column(self.document.span(value).start)?,
            );
            block.then(|| list.checked_sub(key)).flatten()
        });
        lists.last().unwrap_or(2)
    }
}

fn spelled(entry: &str, style: ScalarStyle, in_flow: bool) -> String {
    let mut out = Vec::new();
    let is_text = resolve::resolve(entry, None, true)
        .is_ok_and(|s| s.ty == crate::document::scalar::ScalarType::Str);
    match style {
        ScalarStyle::SingleQuoted if spell::single_quoted(entry, &mut out) => {}
        ScalarStyle::DoubleQuoted | ScalarStyle::SingleQuoted => {
            out.clear();
            spell::double_quoted(entry, &mut out);
        }
        _ if is_text && spell::plain_possible(entry, in_flow) => {
            out.extend_from_slice(entry.as_bytes())
        }
        _ => spell::double_quoted(entry, &mut out),
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
#[path = "kustomization_tests.rs"]
mod tests;
