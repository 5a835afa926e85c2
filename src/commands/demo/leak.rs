//! The last act: both repositories are audited, and a plain Secret is planted in a clone and caught.

use secrets::audit::checks::{Check, PLAIN_FILE, PLAIN_IN_HISTORY};
use secrets::audit::finding::{Report, Severity};
use secrets::audit::run::{Request, Scope, run};
use secrets::report::{self, plain};
use secrets::{Error, Kind};

use super::super::Errors;
use super::{BLASTER, Demo, FLUX_CONFIG, database_secret, write};

/// The clone that gets the leak.
pub(super) const PLANTED: &str = "planted";
/// A path that the rules of the clone cover.
const LEAK: &str = "clusters/my-cluster/flux-system/secrets/database.yaml";

/// Plays it.
///
/// # Errors
/// The audit misses what was planted, or finds what was not.
pub(super) fn play(demo: &Demo<'_>) -> Result<(), Errors> {
    demo.say("\n$ secrets audit --history flux-config blaster\n")?;
    let clean = audit(demo, &[FLUX_CONFIG, BLASTER], Scope::History)?;
    show(demo, &clean)?;
    expect(&clean, None)?;

    demo.say(&format!(
        "\na plain Secret is staged in a clone, {PLANTED}\n$ secrets audit --staged {PLANTED}\n"
    ))?;
    let from = demo.folder.join(FLUX_CONFIG);
    let from = from.to_string_lossy();
    demo.git(
        FLUX_CONFIG,
        &["clone", "--quiet", &from, &format!("../{PLANTED}")],
    )?;
    let path = demo.folder.join(PLANTED).join(LEAK);
    let plain = database_secret("flux-system")?;
    write(&path, &plain)?;
    demo.git(PLANTED, &["add", LEAK])?;
    let staged = audit(demo, &[PLANTED], Scope::Staged)?;
    show(demo, &staged)?;
    expect(&staged, Some(&PLAIN_FILE))?;

    demo.say(&format!("\ncommitted all the same, and sealed in the next commit\n$ secrets audit --history {PLANTED}\n"))?;
    demo.git(PLANTED, &["commit", "--quiet", "-m", "Add the database"])?;
    std::fs::remove_file(&path).map_err(|e| secrets::fsio::io_error("remove", &path, &e))?;
    demo.seal(PLANTED, LEAK, &plain)?;
    demo.git(
        PLANTED,
        &["commit", "--quiet", "--all", "-m", "Seal the database"],
    )?;
    let history = audit(demo, &[PLANTED], Scope::History)?;
    show(demo, &history)?;
    expect(&history, Some(&PLAIN_IN_HISTORY))
}

fn audit(demo: &Demo<'_>, repositories: &[&str], scope: Scope) -> Result<Report, Errors> {
    let folders = repositories.iter().map(|name| demo.folder.join(name));
    let now = demo.context.now().to_owned();
    let mut report = run(&Request::new(folders.collect(), scope, now))?;
    // As they are named on the command line that is shown.
    for (repository, name) in report.repositories.iter_mut().zip(repositories) {
        (*name).clone_into(&mut repository.path);
    }
    Ok(report)
}

fn show(demo: &Demo<'_>, report: &Report) -> Result<(), Error> {
    let rendering = report::Context {
        program_version: env!("CARGO_PKG_VERSION"),
        fail_on: Severity::Low,
        documentation: "docs/audit/",
    };
    demo.say(&plain(report, &rendering, false))
}

/// The check decides, and nothing but the planted file is told.
fn expect(report: &Report, check: Option<&'static Check>) -> Result<(), Errors> {
    let deciding: Vec<_> = report.deciding(Severity::Low).collect();
    let as_planted = match check {
        None => deciding.is_empty(),
        Some(check) => {
            deciding.iter().any(|finding| finding.check == check)
                && deciding
                    .iter()
                    .all(|finding| finding.path.as_deref() == Some(LEAK))
        }
    };
    if as_planted && report.unchecked.is_empty() {
        return Ok(());
    }
    let error = Error::new(Kind::Answer, "the audit does not tell what was planted");
    Err(error.in_file(LEAK).into())
}
