//! Writes the inputs that `benches/compare` measures with, the same on every machine:
//! `cargo run --release --example bench_inputs -- DIR`.

#[path = "../tests/support/generate.rs"]
mod generate;

use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// The size of the large files, in bytes.
const SIZE: usize = 20_000_000;

/// The keys of the single mapping, which then has [`SIZE`] bytes.
const KEYS: usize = 180_000;

/// The files of the tree.
const FILES: usize = 1000;

fn main() -> Result<()> {
    let dir = std::env::args_os()
        .nth(1)
        .ok_or_else(|| Error::new(ErrorKind::InvalidInput, "name the folder to write to"))?;
    let dir = Path::new(&dir);
    let tree = dir.join("tree");
    generate::tree_of_secrets(&tree, FILES)?;
    std::fs::copy(
        tree.join("apps/000/secret-000000.yaml"),
        dir.join("secret.yaml"),
    )?;
    std::fs::write(dir.join("documents.yaml"), generate::many_documents(SIZE))?;
    std::fs::write(dir.join("mapping.yaml"), generate::single_mapping(KEYS))
}
