//! How a scalar's place takes a sealed value and takes the opened one back, in either format.

use super::edit::Edits;
use super::scalar::Scalar;
use super::tree::{Document, NodeId};
use super::yaml::restyle::{self, HeaderComment, Surroundings};
use super::{Format, json_spell};

/// Replaces a scalar by a sealed text, in the quotes or block style that the place has or needs.
pub fn replace_sealed(
    format: Format,
    document: &Document,
    node: NodeId,
    around: &Surroundings<'_>,
    sealed: &[u8],
    edits: &mut Edits,
) {
    let span = match format {
        Format::Yaml => restyle::sealed_span(document, node, around.text),
        Format::Json => document.span(node),
    };
    let _: Result<(), std::convert::Infallible> = edits.replace_with(span, |out| {
        match format {
            Format::Yaml => restyle::write_sealed(document, node, around, sealed, out),
            Format::Json => {
                out.push(b'"');
                out.extend_from_slice(sealed);
                out.push(b'"');
            }
        }
        Ok(())
    });
}

/// Appends what opening a sealed scalar writes.
pub fn write_opened(
    format: Format,
    document: &Document,
    node: NodeId,
    around: &Surroundings<'_>,
    value: &Scalar<'_>,
    layout_kept: bool,
    out: &mut Vec<u8>,
) -> Option<HeaderComment> {
    match format {
        Format::Yaml => restyle::write_opened(document, node, around, value, layout_kept, out),
        Format::Json => {
            let start = out.len();
            if json_spell::json_like_sops(value, out).is_err() {
                out.truncate(start);
                json_spell::json_string_like_go(&value.canonical, out);
            }
            None
        }
    }
}
