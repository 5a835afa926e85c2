//! Events of libyaml as lines of text: the second opinion on the grammar.

#![allow(unsafe_code, dead_code, unreachable_pub, missing_docs)]

use std::ffi::CStr;
use std::mem::MaybeUninit;

use unsafe_libyaml::*;

/// The events of a text, or libyaml's reason to refuse it.
pub fn events(bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    // SAFETY: parser and event are initialised by libyaml before they are read, `bytes` outlives
    // the parser, and every event is deleted once.
    unsafe {
        let mut parser = MaybeUninit::<yaml_parser_t>::uninit();
        if yaml_parser_initialize(parser.as_mut_ptr()).fail {
            return Err("no parser".to_owned());
        }
        let parser = parser.as_mut_ptr();
        yaml_parser_set_input_string(parser, bytes.as_ptr(), bytes.len() as u64);
        let result = loop {
            let mut event = MaybeUninit::<yaml_event_t>::uninit();
            if yaml_parser_parse(parser, event.as_mut_ptr()).fail {
                let problem = parser
                    .as_ref()
                    .and_then(|p| (!p.problem.is_null()).then_some(p.problem));
                break Err(problem
                    .and_then(|p| text(p.cast::<u8>().cast_mut()))
                    .unwrap_or_default());
            }
            let event = event.as_mut_ptr();
            let done = (*event).type_ == YAML_STREAM_END_EVENT;
            if let Some(line) = line(&*event) {
                lines.push(line);
            }
            yaml_event_delete(event);
            if done {
                break Ok(lines);
            }
        };
        yaml_parser_delete(parser);
        result
    }
}

unsafe fn text(pointer: *mut u8) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: libyaml ends its strings with NUL.
    let text = unsafe { CStr::from_ptr(pointer.cast()) };
    Some(text.to_string_lossy().into_owned())
}

unsafe fn properties(anchor: *mut u8, tag: *mut u8) -> String {
    let (anchor, tag) = unsafe { (text(anchor), text(tag)) };
    super::properties(anchor.as_deref(), tag.as_deref())
}

unsafe fn line(event: &yaml_event_t) -> Option<String> {
    // SAFETY: the union is read as the event's type says.
    unsafe {
        Some(match event.type_ {
            YAML_DOCUMENT_START_EVENT => "+DOC".to_owned(),
            YAML_DOCUMENT_END_EVENT => "-DOC".to_owned(),
            YAML_ALIAS_EVENT => format!("*{}", text(event.data.alias.anchor)?),
            YAML_SCALAR_EVENT => {
                let s = &event.data.scalar;
                let value = std::slice::from_raw_parts(s.value, s.length as usize);
                let style = match s.style {
                    YAML_SINGLE_QUOTED_SCALAR_STYLE => '\'',
                    YAML_DOUBLE_QUOTED_SCALAR_STYLE => '"',
                    YAML_LITERAL_SCALAR_STYLE => '|',
                    YAML_FOLDED_SCALAR_STYLE => '>',
                    _ => ':',
                };
                format!(
                    "{style}{}{:?}",
                    properties(s.anchor, s.tag),
                    String::from_utf8_lossy(value)
                )
            }
            YAML_SEQUENCE_START_EVENT => {
                let s = &event.data.sequence_start;
                let flow = s.style == YAML_FLOW_SEQUENCE_STYLE;
                format!(
                    "+SEQ{} {}",
                    if flow { "[]" } else { "" },
                    properties(s.anchor, s.tag)
                )
            }
            YAML_SEQUENCE_END_EVENT => "-SEQ".to_owned(),
            YAML_MAPPING_START_EVENT => {
                let s = &event.data.mapping_start;
                let flow = s.style == YAML_FLOW_MAPPING_STYLE;
                format!(
                    "+MAP{} {}",
                    if flow { "{}" } else { "" },
                    properties(s.anchor, s.tag)
                )
            }
            YAML_MAPPING_END_EVENT => "-MAP".to_owned(),
            _ => return None,
        })
    }
}
