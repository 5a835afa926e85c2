//! Reports against the official schemas and validators.
//!
//! `.ci/run` brings them to `SECRETS_TOOLS/schemas` and runs this with `--ignored`. What is missing is a
//! failure, never a skip. `SECRETS_REPORTS` may name a folder with more reports: files whose ending is
//! the name of their format.

#![allow(
    missing_docs,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise; not all examples are used here"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use secrets::audit;
use secrets::audit::finding::{Report, Severity};
use secrets::report::{Context, Format, write};

#[path = "../src/report/examples.rs"]
mod examples;

fn schemas() -> PathBuf {
    let tools = env::var_os("SECRETS_TOOLS").expect("SECRETS_TOOLS names the folder of the tools");
    let schemas = Path::new(&tools).join("schemas");
    assert!(
        schemas.is_dir(),
        "{} is missing: run .ci/run schemas",
        schemas.display()
    );
    schemas
}

/// All reports of the examples in all formats, and those that the environment adds.
fn reports() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut everything = Report::default();
    for (number, check) in audit::checks::ALL.iter().enumerate() {
        everything.findings.push(examples::finding(number, check));
    }
    everything.repositories = examples::clean().repositories;
    let reports = [
        ("nothing", Report::default()),
        ("clean", examples::clean()),
        ("hostile", examples::hostile()),
        ("everything", everything),
    ];
    for (name, report) in &reports {
        for (place, documentation) in [
            ("web", "https://docs.example.invalid/audit/"),
            ("file", "docs/audit/"),
        ] {
            let context = Context {
                program_version: "0.1.0",
                fail_on: Severity::Low,
                documentation,
            };
            for format in Format::ALL {
                let path = folder.path().join(format!("{name}-{place}.{format}"));
                fs::write(path, write(format, report, &context)).unwrap();
            }
        }
    }
    if let Some(more) = env::var_os("SECRETS_REPORTS") {
        for entry in fs::read_dir(more).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            fs::copy(&path, folder.path().join(format!("given-{name}"))).unwrap();
        }
    }
    folder
}

fn run(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn validate(folder: &Path) -> Output {
    let schemas = schemas();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/schemas/validate.py");
    let python = schemas.join("python/bin/python");
    run(Command::new(python).arg(script).arg(&schemas).arg(folder))
}

#[test]
#[ignore = "needs the schemas: .ci/run schemas"]
fn every_report_is_valid_by_its_schema() {
    let folder = reports();
    let output = validate(folder.path());
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
}

/// Microsoft's validator has the rules that a schema cannot tell, and those of GitHub.
#[test]
#[ignore = "needs the validator: .ci/run schemas"]
fn sarif_passes_the_rules_of_the_standard_and_of_github() {
    let folder = reports();
    let result = folder.path().join("result.of-the-validator");
    let mut validator = Command::new(schemas().join("multitool/Sarif.Multitool"));
    validator
        .args(["validate", "--rule-kind", "Sarif;Gh", "--output"])
        .arg(&result)
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
        .env(
            "DOTNET_BUNDLE_EXTRACT_BASE_DIR",
            folder.path().join("extracted"),
        );
    let mut files = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "sarif") {
            validator.arg(path);
            files += 1;
        }
    }
    assert!(files >= 8);
    let output = run(&mut validator);
    let text = fs::read(&result).unwrap_or_else(|_| {
        panic!(
            "{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    });
    let log: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], true, "{run}");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains(&format!("{files} files scanned")),
        "{stdout}"
    );
    // A tool has an address only if its documentation has one.
    let complaints: Vec<&serde_json::Value> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|result| result["ruleId"] != "SARIF2005")
        .collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// A validator that says yes to everything proves nothing.
#[test]
#[ignore = "needs the schemas: .ci/run schemas"]
fn a_broken_report_is_noticed() {
    let broken = [
        ("sarif", "{\"version\":\"2.1.0\"}"),
        ("junit", "<testsuites><testcase name=\"a\"/></testsuites>"),
        (
            "gitlab-secret-detection",
            "{\"version\":\"15.0.7\",\"vulnerabilities\":[]}",
        ),
        ("gitlab-codequality", "[{\"description\":\"a\"}]"),
        ("json", "{\"version\":1}"),
        ("github", "::error file=a::b\nc\n"),
    ];
    for (format, text) in broken {
        let folder = reports();
        fs::write(folder.path().join(format!("broken.{format}")), text).unwrap();
        let output = validate(folder.path());
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success(), "{format}");
        assert!(
            stdout.starts_with(&format!("broken.{format}: ")),
            "{stdout}"
        );
    }
}
