//! Documents made from a seed: the same seed gives the same text on every machine and in every run.
//!
//! Three kinds, each as TEXT with a layout a person or a tool could have written:
//! - [`realistic`]: what lies in a GitOps repository (Secrets, ConfigMaps, HelmReleases, Kustomizations, several
//!   documents to a file), with comments, blank lines, anchors, block scalars, CRLF, byte order marks;
//! - [`hostile`]: valid but unusual spellings and layouts, in the manner of a parser's conformance suite;
//! - [`json`]: JSON objects.
//!
//! Nearly all of them are documents that SOPS accepts: a mapping on top, unique string keys, integers within 64
//! signed bits, no `sops` key. The rest is left in on purpose: both programs have to refuse the same files.

#![allow(dead_code, unreachable_pub, missing_docs)]

#[path = "generate/bulk.rs"]
mod bulk;
#[path = "generate/hostile.rs"]
mod hostile;
#[path = "generate/json.rs"]
mod json;
#[path = "generate/kubernetes.rs"]
mod kubernetes;
#[path = "generate/layout.rs"]
mod layout;
#[path = "generate/random.rs"]
mod random;
#[path = "generate/words.rs"]
mod words;

pub use bulk::{many_documents, single_mapping, tree_of_secrets};
pub use random::Random;

use layout::{Layout, Writer};

/// One generated file.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The seed that makes it again.
    pub seed: u64,
    /// Which generator made it.
    pub kind: Kind,
    /// The bytes of the file; a byte order mark and CRLF are possible.
    pub text: String,
    /// Aliases or merge keys occur: a writer that keeps the text may refuse to seal what they point to.
    pub aliases: bool,
}

/// Which generator made a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What lies in a GitOps repository.
    Realistic,
    /// Valid, but unusual in spelling or layout.
    Hostile,
    /// A JSON object.
    Json,
}

impl Sample {
    /// `yaml` or `json`: what the file's name has to end in.
    pub fn extension(&self) -> &'static str {
        match self.kind {
            Kind::Realistic | Kind::Hostile => "yaml",
            Kind::Json => "json",
        }
    }
}

/// The sample of `seed`: 6 in 10 realistic, 3 hostile, 1 JSON.
pub fn sample(seed: u64) -> Sample {
    match Random::new(seed).below(10) {
        0..=5 => realistic(seed),
        6..=8 => hostile(seed),
        _ => json(seed),
    }
}

/// A file as it lies in a GitOps repository: one document, or up to five.
pub fn realistic(seed: u64) -> Sample {
    let mut random = Random::new(seed ^ 0x7265_616c);
    let layout = Layout::consistent(&mut random);
    let count = if random.chance(25) { random.between(2, 5) } else { 1 };
    let mut writer = Writer::new(random, layout);
    for index in 0..count {
        let document = kubernetes::document(writer.random());
        writer.document(&document, index);
    }
    finish(writer, seed, Kind::Realistic)
}

/// A valid file with unusual spellings: every node chooses its own layout.
pub fn hostile(seed: u64) -> Sample {
    let mut random = Random::new(seed ^ 0x686f_7374);
    let layout = Layout::wild(&mut random);
    let count = if random.chance(25) { random.between(2, 4) } else { 1 };
    let mut writer = Writer::new(random, layout);
    for index in 0..count {
        let document = hostile::document(writer.random());
        writer.document(&document, index);
    }
    finish(writer, seed, Kind::Hostile)
}

/// A JSON object, compact or indented in several ways.
pub fn json(seed: u64) -> Sample {
    let text = json::object(&mut Random::new(seed ^ 0x6a73_6f6e));
    Sample { seed, kind: Kind::Json, text, aliases: false }
}

fn finish(writer: Writer, seed: u64, kind: Kind) -> Sample {
    let (text, aliases) = writer.finish();
    Sample { seed, kind, text, aliases }
}
