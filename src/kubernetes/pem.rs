//! PEM blocks of a text (RFC 7468), leniently: text around them and header lines are allowed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};

/// One block.
pub(super) struct Block {
    /// What stands after `BEGIN`.
    pub(super) label: String,
    /// The decoded body.
    pub(super) der: Zeroizing<Vec<u8>>,
    /// Whether a `Proc-Type` header says that the body is encrypted.
    pub(super) encrypted: bool,
}

/// All blocks of `text`; `what` names it in errors.
pub(super) fn blocks(what: &str, text: &[u8]) -> Result<Vec<Block>> {
    let wrong = |reason: String| {
        Error::new(Kind::Input, format!("{what} is not valid PEM"))
            .because(reason)
            .hint("copy the file whole, from `-----BEGIN` to the last dash")
    };
    let text = std::str::from_utf8(text).map_err(|_| {
        Error::new(Kind::Input, format!("{what} is not PEM text")).hint(
            "convert DER or PKCS#12 with `openssl x509`, `openssl pkey` or `openssl pkcs12` first",
        )
    })?;
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(label) = line
            .trim()
            .strip_prefix("-----BEGIN ")
            .and_then(|l| l.strip_suffix("-----"))
        else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let mut body = Zeroizing::new(String::with_capacity(text.len()));
        let mut encrypted = false;
        loop {
            let Some(line) = lines.next() else {
                return Err(wrong(format!("`{end}` is missing")));
            };
            let line = line.trim();
            if line == end {
                break;
            } else if line.contains(':') {
                encrypted |= line.starts_with("Proc-Type:") && line.contains("ENCRYPTED");
            } else {
                line.split_whitespace().for_each(|part| body.push_str(part));
            }
        }
        let der = STANDARD
            .decode(&*body)
            .map_err(|_| wrong(format!("the `{label}` block is not base64")))?;
        blocks.push(Block {
            label: label.to_owned(),
            der: Zeroizing::new(der),
            encrypted,
        });
    }
    Ok(blocks)
}
