//! Tests: each check has a page, each page a check, and they agree.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "pages_examples.rs"]
mod examples;

use std::fs;
use std::path::{Path, PathBuf};

use crate::audit::checks::{self, Check};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit")
}

fn page(check: &Check) -> String {
    let path = folder().join(format!("{}.md", check.id));
    fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} has no page", check.id))
}

#[test]
fn each_check_has_a_page_with_its_title_and_each_page_a_check() {
    for check in checks::ALL {
        let page = page(check);
        let title = format!("# {}: {}", check.id, check.title);
        assert_eq!(page.lines().next(), Some(title.as_str()));
    }
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(id) = name.strip_suffix(".md").filter(|id| id.starts_with("SEC")) {
            let check = Check::find(id).unwrap_or_else(|| panic!("{name} is of no check"));
            assert_eq!(check.id, id);
        }
    }
}

#[test]
fn a_page_names_severity_and_confidence_as_they_are() {
    for check in checks::ALL {
        let facts = format!("`{}`, {}, {}", check.name, check.severity, check.confidence);
        let line = page(check).lines().nth(2).unwrap_or_default().to_owned();
        assert!(line.starts_with(&facts), "{}: {line:?}", check.id);
    }
}

#[test]
fn a_page_has_its_parts_and_is_short() {
    for check in checks::ALL {
        let page = page(check);
        let parts: Vec<&str> = page
            .lines()
            .filter(|line| line.starts_with("## "))
            .collect();
        assert_eq!(
            parts,
            ["## Why", "## Example", "## Fix", "## False alarms"],
            "{}",
            check.id
        );
        assert!((20..=60).contains(&page.lines().count()), "{}", check.id);
        assert!(
            page.lines().all(|line| line.chars().count() <= 120),
            "{}",
            check.id
        );
    }
}

#[test]
fn the_overview_links_every_page() {
    let overview = fs::read_to_string(folder().join("README.md")).unwrap();
    for check in checks::ALL {
        let row = format!("| [{0}]({0}.md) | {1} |", check.id, check.title);
        assert!(overview.contains(&row), "{row}");
    }
}
