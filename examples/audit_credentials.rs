//! Writes the corpus of fake credentials that `benches/compare-audit` compares programs on:
//! `audit_credentials DIR` makes `DIR/files` and `DIR/truth.tsv`, the same on every machine.
//!
//! A line of the truth: path, kind, encoding (`decoy` if there is nothing to find), first and last line of the
//! credential, and the checks of which one has to find it.

#[path = "../tests/support/credentials.rs"]
mod credentials;

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args_os()
        .nth(1)
        .ok_or("name the folder to write to")?;
    let dir = Path::new(&dir);
    let mut truth = String::new();
    for sample in credentials::samples() {
        let path = dir.join("files").join(&sample.path);
        std::fs::create_dir_all(path.parent().ok_or("a path without a folder")?)?;
        std::fs::write(path, &sample.bytes)?;
        let (first, last) = sample.lines.unwrap_or((0, 0));
        let checks = sample.checks.join(",");
        truth.push_str(&format!(
            "{}\t{}\t{}\t{first}\t{last}\t{checks}\n",
            sample.path, sample.kind, sample.encoding
        ));
    }
    std::fs::write(dir.join("truth.tsv"), truth)?;
    Ok(())
}
