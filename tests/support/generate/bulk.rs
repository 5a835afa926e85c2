//! Large files and trees for benchmarks.

use std::io;
use std::path::Path;

use super::random::Random;
use super::words;

/// At least `bytes` bytes of Secret documents of about 3 KB with comments, each 20 lines or so.
pub fn many_documents(bytes: usize) -> String {
    let mut random = Random::new(1);
    let mut out = String::with_capacity(bytes + 8192);
    let mut index = 0;
    while out.len() < bytes {
        push_secret(&mut random, index, &mut out);
        index += 1;
    }
    out
}

/// A single mapping of `keys` lines `KEY_000000: value`, about 110 bytes each, and nothing else.
pub fn single_mapping(keys: usize) -> String {
    let mut random = Random::new(2);
    let mut out = String::with_capacity(keys * 112);
    for index in 0..keys {
        let mut value = String::new();
        while value.len() < 94 {
            value.push_str(&format!("{:016x}", random.next()));
        }
        value.truncate(94);
        out.push_str(&format!("KEY_{index:06}: v{value}\n"));
    }
    out
}

/// Writes `n` Secret manifests below `dir`, 100 to a folder, as `apps/000/secret-000042.yaml`.
///
/// # Errors
/// What the file system answers.
pub fn tree_of_secrets(dir: &Path, n: usize) -> io::Result<()> {
    let mut random = Random::new(3);
    for index in 0..n {
        let folder = dir.join(format!("apps/{:03}", index / 100));
        if index % 100 == 0 {
            std::fs::create_dir_all(&folder)?;
        }
        let mut text = String::new();
        push_secret(&mut random, index, &mut text);
        std::fs::write(folder.join(format!("secret-{index:06}.yaml")), text)?;
    }
    Ok(())
}

fn push_secret(random: &mut Random, index: usize, out: &mut String) {
    let name = words::name(random);
    out.push_str("---\n");
    out.push_str(&format!("# Secret {index} of {name}: rotate every quarter\n"));
    out.push_str("apiVersion: v1\nkind: Secret\nmetadata:\n");
    out.push_str(&format!("  name: {name}-{index} # unique in the namespace\n  namespace: blaster-dev\n"));
    out.push_str("type: Opaque\ndata:\n  # encoded by the platform team\n");
    for entry in 0..6 {
        out.push_str(&format!("  key-{entry}: {}\n", words::base64_text(random, 500)));
    }
    out.push_str("stringData:\n");
    for entry in 0..4 {
        out.push_str(&format!("  user-{entry}: \"{}\" # beside\n", words::name(random)));
    }
    out.push_str("  # the client's configuration\n  config.yaml: |\n");
    for _ in 0..12 {
        out.push_str(&format!("    {}: {}\n", words::name(random), words::name(random)));
    }
}
