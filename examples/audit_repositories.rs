//! Makes the Git repositories that `benches/compare-audit` measures with, the same on every machine:
//!
//! ```text
//! audit_repositories history DIR COMMITS   a GitOps repository with a long history, packed with deep deltas
//! audit_repositories tree DIR FILES        one commit with that many files, all of them checked out
//! audit_repositories staged DIR FILES      the same, with 20 changed files in the index
//! ```
//!
//! 45,000 commits have about 318,000 objects, as public GitOps repositories of that age have them.

#![allow(missing_docs)]

#[path = "../tests/support/generate.rs"]
mod generate;
#[path = "audit_repositories/gitops.rs"]
mod gitops;
#[path = "audit_repositories/stream.rs"]
mod stream;

use std::error::Error;
use std::path::Path;

use gitops::{History, Tree};
use stream::{git, import};

/// The files that are changed in the index.
const STAGED: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: audit_repositories history|tree|staged DIR COUNT";
    let [what, dir, count] = arguments.as_slice() else {
        return Err(usage.into());
    };
    let (dir, count) = (Path::new(dir), count.parse()?);
    match what.as_str() {
        "history" => {
            import(dir, |out| History::new(count).write(out))?;
            git(
                dir,
                &[
                    "repack",
                    "-a",
                    "-d",
                    "-f",
                    "-q",
                    "--depth=50",
                    "--window=10",
                ],
            )?;
        }
        "tree" | "staged" => {
            import(dir, |out| Tree::new(count).write(out))?;
            git(dir, &["reset", "--quiet", "--hard", "main"])?;
            if what == "staged" {
                for path in Tree::new(count).change(dir, STAGED)? {
                    git(dir, &["add", "--", &path])?;
                }
            }
        }
        _ => return Err(usage.into()),
    }
    Ok(())
}
