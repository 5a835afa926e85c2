//! Tokens to documents.

use std::ops::Range;

use foldhash::HashMap;

use super::placing::Placing;
use super::scanner::{Scanner, Token, TokenKind, VERBATIM};
use super::{SyntaxError, reader};
use crate::document::tree::{Document, Extent, Follows, NodeId, NodeKind, Properties, ScalarStyle};

/// The largest document that the next one is expected to be like.
const LIKELY_NODES: usize = 1024;

/// The prefix of YAML's own tags, which `!!` stands for.
const CORE_PREFIX: &str = "tag:yaml.org,2002:";

/// A YAML text, read one document at a time.
pub struct Stream<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    tag_handles: Vec<(String, String)>,
    anchors: HashMap<&'a str, NodeId>,
    /// Anchors whose collection is still open: an alias to one of them would hold itself.
    open: Vec<NodeId>,
    document: Document,
    /// How many nodes the last document had: the next one of a file is likely to be similar.
    nodes: usize,
    placing: Placing,
    first: bool,
    /// The document before ended with `...`.
    end_marked: bool,
    start: usize,
}

type Parsed = Result<NodeId, SyntaxError>;

impl<'a> Stream<'a> {
    /// Checks the characters of `bytes`; the documents are read by [`Stream::next_document`].
    ///
    /// # Errors
    /// Text that is not UTF-8, holds control characters, or is larger than [`super::MAX_TEXT`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, SyntaxError> {
        Ok(Self::of_valid(reader::validate(bytes)?))
    }

    /// A part of a text, as [`parts`](super::parts::parts) makes them; `range` may reach over several.
    pub(crate) fn of_part(text: &'a str, range: Range<usize>) -> Self {
        let is_first = range.start == 0;
        let text = text.get(..range.end).unwrap_or(text);
        let mut stream = Self::of_valid(text);
        if !is_first {
            stream.scanner = Scanner::starting_at(text, range.start);
            stream.first = false;
            stream.start = range.start;
        }
        stream
    }

    /// As [`Stream::new`], for text that has been validated before.
    pub(crate) fn of_valid(text: &'a str) -> Self {
        Stream {
            text,
            scanner: Scanner::new(text),
            tag_handles: Vec::new(),
            anchors: HashMap::default(),
            nodes: 0,
            open: Vec::new(),
            document: Document::new(),
            placing: Placing::default(),
            first: true,
            end_marked: false,
            start: 0,
        }
    }

    /// The text of a single document, read as if it stood where another one did.
    pub(crate) fn in_place_of(text: &'a str, other: &Extent) -> Self {
        let mut stream = Self::of_valid(text);
        stream.first = other.follows == Follows::Nothing;
        stream.end_marked = other.follows == Follows::EndMark;
        stream
    }

    /// The text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Where the last document ends: its end marker included.
    pub fn position(&self) -> usize {
        self.start
    }

    /// The next document, or `None` at the end of the text.
    ///
    /// # Errors
    /// The text is not YAML in go-yaml's dialect.
    pub fn next_document(&mut self) -> Result<Option<Document>, SyntaxError> {
        self.document = Document::with_capacity(self.nodes.min(LIKELY_NODES));
        self.placing = Placing::default();
        self.anchors.clear();
        self.tag_handles.clear();
        let mut token = self.head()?;
        if !self.first {
            while token.kind == TokenKind::DocumentEnd {
                self.end_marked = true;
                self.scanner.take();
                self.start = token.end as usize;
                token = self.head()?;
            }
        }
        if !self.first {
            self.placing.start_marked();
        }
        let bare = self.first
            && !matches!(
                token.kind,
                TokenKind::VersionDirective
                    | TokenKind::TagDirective
                    | TokenKind::DocumentStart
                    | TokenKind::StreamEnd
            );
        let later = !self.first;
        let end_marked = std::mem::take(&mut self.end_marked);
        self.first = false;
        if token.kind == TokenKind::StreamEnd {
            return Ok(None);
        }
        if !bare {
            token = self.directives(token)?;
            if token.kind != TokenKind::DocumentStart {
                return Err(SyntaxError::new(
                    token.start as usize,
                    "a new document must start with `---`",
                )
                .hint("put `---` on a line of its own, or mend the indentation of this line"));
            }
            self.scanner.take();
        } else {
            self.placing.start_bare(&self.scanner.comments);
        }
        let next = self.head()?;
        if later && !end_marked {
            self.placing.start_marked();
        }
        if bare
            || !matches!(
                next.kind,
                TokenKind::VersionDirective
                    | TokenKind::TagDirective
                    | TokenKind::DocumentStart
                    | TokenKind::DocumentEnd
                    | TokenKind::StreamEnd
            )
        {
            let root = self.node(true, false)?;
            self.document.set_root(root);
        }
        let end = self.head()?;
        let content_end = end.start as usize;
        self.placing.end_document();
        let (decoded, spans) = self.scanner.take_decoded();
        self.document.set_decoded_values(decoded, spans);
        self.document.set_extent(Extent {
            start: self.start,
            content_end,
            explicit_start: !bare,
            follows: match (later, end_marked) {
                (false, _) => Follows::Nothing,
                (true, false) => Follows::Document,
                (true, true) => Follows::EndMark,
            },
        });
        self.start = content_end;
        let mut comments = self.scanner.comments.count();
        if end.kind == TokenKind::DocumentEnd {
            self.end_marked = true;
            self.scanner.take();
            self.start = end.end as usize;
            // Comments behind the last `...` have no other document to belong to.
            self.scanner.fill()?;
            if self.scanner.front().kind == TokenKind::StreamEnd {
                self.head()?;
                self.placing.end_stream();
                comments = self.scanner.comments.count();
            }
        }
        self.document
            .set_comments(self.scanner.comments.take_lines(comments));
        std::mem::take(&mut self.placing).place(&mut self.document, self.text.as_bytes());
        self.nodes = self.document.len();
        // What follows must start a document: checked on the next call, or here at the end.
        Ok(Some(std::mem::take(&mut self.document)))
    }

    /// The next token, which stays in the queue.
    #[inline(always)]
    fn head(&mut self) -> Result<Token, SyntaxError> {
        self.scanner.fill()?;
        let token = self.scanner.front();
        if !self.scanner.comments.pending.is_empty() {
            self.placing.meet(token, &mut self.scanner.comments);
        }
        Ok(token)
    }

    fn directives(&mut self, mut token: Token) -> Result<Token, SyntaxError> {
        let mut version_seen = false;
        loop {
            let (start, end) = (token.start as usize, token.end as usize);
            match token.kind {
                TokenKind::VersionDirective if version_seen => {
                    return Err(SyntaxError::new(
                        start,
                        "a document can have one %YAML directive only",
                    ));
                }
                TokenKind::VersionDirective => version_seen = true,
                TokenKind::TagDirective => {
                    let mut words = self.text[start..end].split_ascii_whitespace().skip(1);
                    let handle = words.next().unwrap_or("").to_owned();
                    let prefix = unescape_uri(words.next().unwrap_or(""));
                    if self.tag_handles.iter().any(|(known, _)| *known == handle) {
                        return Err(SyntaxError::new(start, "this tag handle is declared twice")
                            .hint("remove one of the two directives"));
                    }
                    self.tag_handles.push((handle, prefix));
                }
                _ => return Ok(token),
            }
            self.scanner.take();
            token = self.head()?;
        }
    }

    fn node(&mut self, block: bool, indentless: bool) -> Parsed {
        let mut token = self.head()?;
        if token.kind == TokenKind::Alias {
            return self.alias(token);
        }
        let mut properties = None;
        if matches!(token.kind, TokenKind::Anchor | TokenKind::Tag) {
            let (read, next) = self.properties(token)?;
            properties = Some(read);
            token = next;
        }
        let start = token.start as usize;
        match token.kind {
            TokenKind::Scalar(style) => {
                self.scanner.take();
                let id = self
                    .document
                    .push(NodeKind::Scalar(style), start..token.end as usize);
                if token.extra != VERBATIM {
                    self.document.set_decoded(id, token.extra);
                }
                self.placing.give(id);
                self.name(id, properties);
                Ok(id)
            }
            TokenKind::FlowSequenceStart => self.flow_sequence(properties),
            TokenKind::FlowMappingStart => self.flow_mapping(properties),
            TokenKind::BlockSequenceStart if block => self.block_sequence(properties),
            TokenKind::BlockMappingStart if block => self.block_mapping(properties),
            TokenKind::BlockEntry if indentless => self.indentless_sequence(properties),
            _ => match properties {
                Some(properties) => {
                    let id = self.empty(properties.span.end);
                    self.name(id, Some(properties));
                    Ok(id)
                }
                None => Err(self.unexpected(token, "a value is missing here")),
            },
        }
    }

    fn unexpected(&self, token: Token, what: &str) -> SyntaxError {
        let hint = match token.kind {
            TokenKind::BlockEnd
            | TokenKind::BlockMappingStart
            | TokenKind::BlockSequenceStart
            | TokenKind::Key => "look at the indentation of this line and of the one above",
            TokenKind::StreamEnd => "the text ends too early: close what is open",
            _ => "look at the brackets, commas and quotes before this place",
        };
        SyntaxError::new((token.start as usize).min(self.text.len()), what).hint(hint)
    }

    fn alias(&mut self, token: Token) -> Parsed {
        self.scanner.take();
        let span = token.start as usize..token.end as usize;
        let name = &self.text[span.start + 1..span.end];
        let Some(&target) = self.anchors.get(name) else {
            // The name is not shown: a password that begins with `*` is an alias to YAML.
            return Err(
                SyntaxError::new(span.start, "no anchor stands before this alias")
                    .hint("put the value in quotes if the `*` belongs to it"),
            );
        };
        if self.open.contains(&target) {
            return Err(SyntaxError::new(
                span.start,
                "the value of this alias' anchor contains the alias",
            )
            .hint("write the value out, or let the alias stand for another one"));
        }
        let id = self.document.push(NodeKind::Alias, span);
        self.placing.give(id);
        self.document.set_alias_target(id, target);
        Ok(id)
    }

    fn properties(&mut self, mut token: Token) -> Result<(Properties, Token), SyntaxError> {
        let mut read = Properties {
            span: token.start as usize..token.end as usize,
            ..Properties::default()
        };
        for _ in 0..2 {
            let span = token.start as usize..token.end as usize;
            match token.kind {
                TokenKind::Anchor if read.anchor.is_none() => {
                    read.anchor = Some(self.text[span.start + 1..span.end].to_owned());
                }
                TokenKind::Tag if read.tag.is_none() => {
                    read.tag = Some(self.resolve_tag(span.start, &self.text[span.clone()])?);
                    read.tag_span = Some(span.clone());
                }
                _ => break,
            }
            read.span.end = span.end;
            self.scanner.take();
            token = self.head()?;
        }
        Ok((read, token))
    }

    fn resolve_tag(&self, offset: usize, tag: &str) -> Result<String, SyntaxError> {
        if let Some(verbatim) = tag.strip_prefix("!<") {
            return Ok(unescape_uri(verbatim.trim_end_matches('>')));
        }
        if tag == "!" {
            return Ok("!".to_owned());
        }
        let handle_end = tag[1..].find('!').map(|i| i + 2);
        let (handle, suffix) = match handle_end {
            Some(end) if tag[1..end - 1].bytes().all(super::scanner::is_word) => tag.split_at(end),
            _ => ("!", &tag[1..]),
        };
        let declared = self
            .tag_handles
            .iter()
            .find(|(known, _)| known == handle)
            .map(|(_, prefix)| prefix.as_str());
        let prefix = match (declared, handle) {
            (Some(prefix), _) => prefix,
            (None, "!") => "!",
            (None, "!!") => CORE_PREFIX,
            (None, _) => {
                // Not shown, as the name of an alias is not.
                return Err(SyntaxError::new(offset, "the tag's handle is not declared")
                    .hint("put the value in quotes if the `!` belongs to it"));
            }
        };
        Ok(format!("{prefix}{}", unescape_uri(suffix)))
    }

    /// Gives a node its properties and makes its anchor known.
    fn name(&mut self, id: NodeId, properties: Option<Properties>) {
        if let Some(properties) = properties {
            if let Some(anchor) = &properties.anchor {
                let start = properties.span.clone();
                // The anchor's name lives in the text; find it there so the map borrows from it.
                let text = &self.text[start];
                if let Some(at) = text.find(&format!("&{anchor}")) {
                    self.anchors
                        .insert(&text[at + 1..at + 1 + anchor.len()], id);
                }
            }
            self.document.set_properties(id, properties);
        }
    }

    fn empty(&mut self, at: usize) -> NodeId {
        self.document
            .push(NodeKind::Scalar(ScalarStyle::Plain), at..at)
    }

    fn start_collection(
        &mut self,
        kind: NodeKind,
        start: usize,
        properties: Option<Properties>,
    ) -> NodeId {
        let id = self.document.push(kind, start..start);
        if properties.as_ref().is_some_and(|p| p.anchor.is_some()) {
            self.open.push(id);
        }
        self.name(id, properties);
        id
    }

    fn end_collection(&mut self, id: NodeId, end: usize) -> NodeId {
        if self.open.last() == Some(&id) {
            self.open.pop();
        }
        self.document.set_end(id, end);
        id
    }

    fn child(&mut self, parent: NodeId, previous: &mut Option<NodeId>, child: NodeId) -> usize {
        self.document.link(parent, *previous, child);
        *previous = Some(child);
        self.document.span(child).end
    }

    fn block_sequence(&mut self, properties: Option<Properties>) -> Parsed {
        let start = self.head()?;
        self.scanner.take();
        let id = self.start_collection(
            NodeKind::Sequence { flow: false },
            start.start as usize,
            properties,
        );
        self.placing.give_stem(id);
        let end = self.block_items(id, start.start as usize)?;
        let token = self.head()?;
        if token.kind != TokenKind::BlockEnd {
            return Err(self.unexpected(token, "this line does not belong to the list above it"));
        }
        self.scanner.take();
        Ok(self.end_collection(id, end))
    }

    fn indentless_sequence(&mut self, properties: Option<Properties>) -> Parsed {
        let start = self.head()?.start as usize;
        let id = self.start_collection(NodeKind::Sequence { flow: false }, start, properties);
        let mut end = start;
        let mut previous = None;
        loop {
            let token = self.head()?;
            if token.kind != TokenKind::BlockEntry {
                return Ok(self.end_collection(id, end));
            }
            let next = self.dash()?;
            let item = match next.kind {
                TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                    self.empty(token.end as usize)
                }
                _ => self.node(true, false)?,
            };
            end = self.child(id, &mut previous, item);
        }
    }

    /// Takes a dash; the token after it.
    fn dash(&mut self) -> Result<Token, SyntaxError> {
        let above = self.placing.above();
        self.scanner.take();
        let next = self.head()?;
        if above > 0
            && matches!(
                next.kind,
                TokenKind::BlockSequenceStart | TokenKind::BlockMappingStart
            )
        {
            self.placing.split_stem(above);
        }
        Ok(next)
    }

    fn block_items(&mut self, id: NodeId, start: usize) -> Result<usize, SyntaxError> {
        let mut end = start;
        let mut previous = None;
        loop {
            let token = self.head()?;
            if token.kind != TokenKind::BlockEntry {
                return Ok(end);
            }
            let next = self.dash()?;
            let item = match next.kind {
                TokenKind::BlockEntry | TokenKind::BlockEnd => self.empty(token.end as usize),
                _ => self.node(true, false)?,
            };
            end = self.child(id, &mut previous, item);
        }
    }

    fn block_mapping(&mut self, properties: Option<Properties>) -> Parsed {
        let start = self.head()?.start as usize;
        self.scanner.take();
        let id = self.start_collection(NodeKind::Mapping { flow: false }, start, properties);
        self.placing.give_stem(id);
        let mut end = start;
        let mut previous = None;
        let mut last_key = None;
        loop {
            let token = self.head()?;
            let key = match token.kind {
                TokenKind::Key => {
                    self.scanner.take();
                    let next = self.head()?;
                    match next.kind {
                        TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                            self.empty(token.end as usize)
                        }
                        _ => self.node(true, true)?,
                    }
                }
                // libyaml lets a value stand without its key here; go-yaml does not.
                TokenKind::BlockEnd => {
                    self.placing.end_collection(id, last_key);
                    self.scanner.take();
                    return Ok(self.end_collection(id, end));
                }
                _ => {
                    return Err(
                        self.unexpected(token, "this line does not belong to the mapping above it")
                    );
                }
            };
            self.child(id, &mut previous, key);
            self.placing.key_done(key, last_key);
            last_key = Some(key);
            let token = self.head()?;
            let value = if token.kind == TokenKind::Value {
                self.scanner.take();
                let next = self.head()?;
                match next.kind {
                    TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                        self.empty(token.end as usize)
                    }
                    _ => self.node(true, true)?,
                }
            } else {
                let at = self.document.span(key).end;
                self.empty(at)
            };
            end = self.child(id, &mut previous, value);
            self.placing.entry_done(key, value);
        }
    }

    fn flow_sequence(&mut self, properties: Option<Properties>) -> Parsed {
        let start = self.head()?;
        let id = self.start_collection(
            NodeKind::Sequence { flow: true },
            start.start as usize,
            properties,
        );
        self.placing.give(id);
        self.scanner.take();
        let mut previous = None;
        let mut first = true;
        loop {
            let mut token = self.head()?;
            if token.kind == TokenKind::FlowSequenceEnd {
                self.placing.end_collection(id, None);
                self.scanner.take();
                return Ok(self.end_collection(id, token.end as usize));
            }
            if !first {
                if token.kind != TokenKind::FlowEntry {
                    return Err(self.unexpected(token, "`,` or `]` is missing here"));
                }
                self.scanner.take();
                token = self.head()?;
            }
            first = false;
            match token.kind {
                TokenKind::FlowSequenceEnd => {}
                TokenKind::Key => {
                    let pair = self.flow_pair(token)?;
                    self.child(id, &mut previous, pair);
                }
                _ => {
                    let item = self.node(false, false)?;
                    self.child(id, &mut previous, item);
                }
            }
        }
    }

    /// `a: b` inside brackets: a mapping of one entry.
    fn flow_pair(&mut self, key_token: Token) -> Parsed {
        let start = key_token.start as usize;
        self.scanner.take();
        let id = self.start_collection(NodeKind::Mapping { flow: true }, start, None);
        let mut previous = None;
        let next = self.head()?;
        let key = match next.kind {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                self.empty(key_token.end as usize)
            }
            _ => self.node(false, false)?,
        };
        self.child(id, &mut previous, key);
        let token = self.head()?;
        let mut value = None;
        if token.kind == TokenKind::Value {
            self.scanner.take();
            let next = self.head()?;
            if !matches!(next.kind, TokenKind::FlowEntry | TokenKind::FlowSequenceEnd) {
                value = Some(self.node(false, false)?);
            }
        }
        let value = match value {
            Some(value) => value,
            None => {
                let at = self.document.span(key).end;
                self.empty(at)
            }
        };
        let end = self.child(id, &mut previous, value);
        self.placing.entry_done(key, value);
        Ok(self.end_collection(id, end))
    }

    fn flow_mapping(&mut self, properties: Option<Properties>) -> Parsed {
        let start = self.head()?;
        self.scanner.take();
        let id = self.start_collection(
            NodeKind::Mapping { flow: true },
            start.start as usize,
            properties,
        );
        self.placing.give(id);
        let mut previous = None;
        let mut first = true;
        loop {
            let mut token = self.head()?;
            if token.kind == TokenKind::FlowMappingEnd {
                self.placing.end_collection(id, None);
                self.scanner.take();
                return Ok(self.end_collection(id, token.end as usize));
            }
            if !first {
                if token.kind != TokenKind::FlowEntry {
                    return Err(self.unexpected(token, "`,` or `}` is missing here"));
                }
                self.scanner.take();
                token = self.head()?;
            }
            first = false;
            let key = match token.kind {
                TokenKind::FlowMappingEnd => continue,
                TokenKind::Key => {
                    self.scanner.take();
                    let next = self.head()?;
                    match next.kind {
                        TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {
                            self.empty(token.end as usize)
                        }
                        _ => self.node(false, false)?,
                    }
                }
                // A word without `:` is a key without a value.
                _ => {
                    let key = self.node(false, false)?;
                    self.child(id, &mut previous, key);
                    let at = self.document.span(key).end;
                    let value = self.empty(at);
                    self.child(id, &mut previous, value);
                    self.placing.entry_done(key, value);
                    continue;
                }
            };
            self.child(id, &mut previous, key);
            let token = self.head()?;
            let mut value = None;
            let mut at = self.document.span(key).end;
            if token.kind == TokenKind::Value {
                at = token.end as usize;
                self.scanner.take();
                let next = self.head()?;
                if !matches!(next.kind, TokenKind::FlowEntry | TokenKind::FlowMappingEnd) {
                    value = Some(self.node(false, false)?);
                }
            }
            let value = value.unwrap_or_else(|| self.empty(at));
            self.child(id, &mut previous, value);
            self.placing.entry_done(key, value);
        }
    }
}

fn unescape_uri(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let code = (bytes[i] == b'%').then(|| text.get(i + 1..i + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
