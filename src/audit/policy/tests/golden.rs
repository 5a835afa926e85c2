//! What SOPS of every era wrote.

use std::fs;
use std::path::Path;

use super::*;

#[test]
fn what_sops_sealed_is_sealed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden");
    let mut count = 0;
    for era in fs::read_dir(root).unwrap() {
        let era = era.unwrap().path();
        let name = era.file_name().unwrap().to_string_lossy().into_owned();
        if name == "plain" || !era.is_dir() {
            continue;
        }
        for file in fs::read_dir(&era).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                continue;
            }
            count += 1;
            let bytes = fs::read(&path).unwrap();
            let file = path.file_name().unwrap().to_string_lossy();
            let shown = format!("{name}/{file}");
            assert!(may_concern(&bytes), "{shown}");
            let (verdict, hits) = look_at_bytes(&file, &bytes, &Rules::default());
            let hits: Vec<String> = brief(&hits);
            let unexpected: Vec<_> = hits
                .iter()
                .filter(|hit| !hit.starts_with("SEC009"))
                .collect();
            assert!(unexpected.is_empty(), "{shown} {unexpected:?}");
            assert!(verdict.sealed, "{shown}");
            assert!(!verdict.recipients.is_empty(), "{shown}");
            assert_eq!(verdict.unchecked, None, "{shown}");
        }
    }
    assert!(count > 100, "{count}");
}

/// Every sealed value of every file in turn is put in plaintext: that one is found, and no other.
#[test]
fn each_value_alone_in_plaintext_is_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/3.13.3");
    let mut count = 0;
    for file in fs::read_dir(root).unwrap() {
        let path = file.unwrap().path();
        let Some(text) = path.is_file().then(|| fs::read_to_string(&path).unwrap()) else {
            continue;
        };
        let name = path.file_name().unwrap().to_string_lossy();
        // Before the metadata, but for JSON and comments.
        let end = ["\nsops:", "\nsops_", "\n[sops]", "\"sops\":"]
            .iter()
            .filter_map(|start| text.find(start))
            .min()
            .unwrap();
        for (at, _) in text[..end].match_indices("ENC[AES256_GCM") {
            let close = at + text[at..].find(']').unwrap() + 1;
            if text[at..close].ends_with("type:comment]") || count > 400 {
                continue;
            }
            count += 1;
            let changed = format!("{}hunter2{}", &text[..at], &text[close..]);
            let (verdict, hits) = look_at(&name, &changed, &Rules::default());
            let hits: Vec<&Hit> = hits.iter().filter(|hit| hit.check.id != "SEC009").collect();
            assert_eq!(hits.len(), 1, "{name} {at} {hits:?}");
            assert_eq!(hits[0].check.id, "SEC002");
            assert!(excerpt(hits[0], &changed).contains("hunter2"), "{name}");
            assert!(hits[0].span.contains(&at), "{name}");
            assert!(!verdict.sealed);
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn what_sops_opened_is_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/3.13.3/opened");
    let rules = rules("creation_rules: [{path_regex: '^secret/', age: '{alice}'}]");
    for file in fs::read_dir(root).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let name = format!("secret/{}", path.file_name().unwrap().to_string_lossy());
        let (verdict, hits) = look_at_bytes(&name, &bytes, &rules);
        assert!(!verdict.sealed, "{name}");
        assert_eq!(
            hits.iter().filter(|hit| hit.check.id == "SEC001").count(),
            1,
            "{name}"
        );
    }
}

#[test]
fn the_runbooks_repositories_are_as_they_should_be() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/runbook");
    for repository in ["flux-config", "blaster"] {
        let root = root.join(repository);
        let mut files = Vec::new();
        collect(&root, &root, &mut files);
        let config = fs::read_to_string(root.join(".sops.yaml")).unwrap();
        let placeholder = Rules::new(vec![(".sops.yaml".into(), config.clone().into_bytes())]);
        let broken = placeholder.broken();
        assert_eq!(broken.len(), 1);
        assert!(
            broken[0].1.contains("is a placeholder, not a recipient"),
            "{broken:?}"
        );
        let config = config.replace("AGE_PUBLIC_KEY_HERE", recipient("alice"));
        let rules = super::rules(&config);
        let mut covered = 0;
        for path in &files {
            let bytes = fs::read(root.join(path)).unwrap();
            let (verdict, hits) = look_at_bytes(path, &bytes, &rules);
            assert_eq!(brief(&hits), Vec::<String>::new(), "{path}");
            assert_eq!(verdict.unchecked, None, "{path}");
            assert_eq!(verdict.sealed, verdict.rule.is_some(), "{path}");
            covered += usize::from(verdict.sealed);
        }
        assert!(covered > 0);
        for (_, hits) in check_rules(&rules, &files) {
            for hit in hits {
                assert_eq!(
                    hit.severity,
                    super::super::super::finding::Severity::Info,
                    "{hit:?}"
                );
            }
        }
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let path = path.strip_prefix(root).unwrap();
            files.push(path.to_string_lossy().replace('\\', "/"));
        }
    }
}
