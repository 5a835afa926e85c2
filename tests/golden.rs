//! Files that seven versions of sops wrote open to the bytes that sops prints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/keys.rs"]
mod keys;

use std::path::Path;

use secrets::sops::file::{format_of, open_sealed};
use secrets::sops::open::Checks;

#[test]
fn every_version_opens_to_the_bytes_of_sops() {
    let golden = Path::new("testdata/golden");
    let identities = keys::golden_identities();
    let mut checked = 0;
    let mut failed = Vec::new();
    let mut versions: Vec<_> = std::fs::read_dir(golden)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    versions.sort();
    for version in versions.iter().filter(|p| p.join("opened").is_dir()) {
        let mut files: Vec<_> = std::fs::read_dir(version)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let Ok(format) = format_of(&file) else {
                continue;
            };
            let name = file.file_name().unwrap();
            let wanted = std::fs::read(version.join("opened").join(name)).unwrap();
            let text = std::fs::read(&file).unwrap();
            checked += 1;
            match open_sealed(&text, format, &identities, Checks::default()) {
                Ok(opened) if *opened.bytes == wanted => {}
                Ok(opened) => failed.push(format!(
                    "{}: differs\n--- ours\n{}\n--- sops\n{}",
                    file.display(),
                    String::from_utf8_lossy(&opened.bytes),
                    String::from_utf8_lossy(&wanted)
                )),
                Err(e) => failed.push(format!("{}: {e}", file.display())),
            }
        }
    }
    assert!(checked > 100, "only {checked} files were found");
    assert!(
        failed.is_empty(),
        "{} of {checked}:\n{}",
        failed.len(),
        failed.join("\n")
    );
}
