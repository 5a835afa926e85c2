//! `secrets encrypt --staged`: seals what is staged, in the index.
//!
//! First everything is sealed in memory, then the objects are written, then the index gets all of them at
//! once, and last the files of the working tree that were as staged. Killed in between, the program leaves the index
//! whole, and every file as it was or sealed.

mod rules;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use secrets::fsio::{self, Batch, Content, Outcome, Replacement};
use secrets::secret::SecretBuffer;
use secrets::sops::file::{format_of, metadata_of};
use secrets::sops::reseal::Previous;
use secrets::{Error, Format, Kind};

use self::rules::{Rule, StagedRules};
use self::tree::InTree;
use super::encrypt::{report_of, update};
use super::files::{Change, Report, Told, list, plural, tell};
use super::git_process::{self, Entry, Git, Head, Objects};
use super::sealing::Sealing;
use super::{Errors, Exit};
use crate::context::Context;

/// How the pointers begin that Git LFS stages in the place of files.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// What is asked for.
pub(super) struct Staged<'a> {
    /// The repository.
    pub(super) git: &'a Git,
    /// Limits what is looked at, as Git understands paths.
    pub(super) paths: &'a [PathBuf],
    /// Change nothing; something to seal is a "no".
    pub(super) check: bool,
    /// Change nothing.
    pub(super) dry_run: bool,
    /// Do not use what the last commit has.
    pub(super) fresh: bool,
}

/// Runs the command.
///
/// # Errors
/// Git cannot be run, there is no working tree, or the index cannot be written. What is wrong with single files is
/// reported and does not stop the others.
pub(super) fn run(args: &Staged<'_>, sealing: Sealing, context: &Context) -> Result<Exit, Errors> {
    // The framework of that name takes unstaged changes out of the files, runs its hooks, and puts the changes back, which
    // do not fit to files that were sealed meanwhile.
    let in_framework = context.variable("PRE_COMMIT").is_some() && !args.dry_run;
    let args = &Staged {
        check: args.check || in_framework,
        ..*args
    };
    let git = args.git;
    let head = git.head()?;
    if let Some(path) = git.unknown(&head, args.paths)? {
        let error = Error::new(Kind::Usage, "nothing of this path is staged or committed");
        return Err(error
            .in_file(path.to_string_lossy())
            .because("the index has no such file")
            .hint("check the path; a new file is staged with `git add`")
            .into());
    }
    let changes = git.staged(&head, args.paths)?;
    // Git tells a hook which index it is about.
    let in_hook = context.variable("GIT_INDEX_FILE").is_some();
    if changes.is_empty() {
        if !in_hook {
            context.ui().note("nothing is staged");
        }
        return Ok(Exit::Done);
    }
    let sealing = sealing.selecting_nothing();
    let mut work = Work {
        rules: StagedRules::new(git, &head, &sealing, context)?,
        objects: git.objects()?,
        git,
        head: &head,
        sealing: &sealing,
        args,
        context,
        told: Told::new(context),
        folders: BTreeSet::new(),
        count: Count::default(),
        in_hook,
    };
    let mut found = Vec::new();
    for change in &changes {
        match work.look_at(change) {
            Ok(file) => found.extend(file),
            Err(errors) => {
                work.count.failed += 1;
                let name = work.shown(&change.path);
                for error in errors.in_file(&name).iter() {
                    work.told.error(error);
                }
            }
        }
    }
    for warning in work.rules.warnings() {
        context.ui().warn_of(&warning);
    }
    if !args.check && !args.dry_run {
        work.write(&found)?;
    }
    work.summary(&found);
    if in_framework && !found.is_empty() {
        let mut ui = context.ui();
        ui.note("nothing was sealed: pre-commit may hold unstaged changes back, and they would not fit sealed files");
        ui.hint("run `secrets encrypt --staged`, and commit again");
    }
    sealing.report_warnings(context);
    let exit = work.told.exit;
    Ok(match args.check && !found.is_empty() {
        true => exit.and(Exit::No),
        false => exit,
    })
}

/// A staged file that is to be sealed.
struct Found<'f> {
    change: &'f git_process::Change,
    /// `None` if it was only checked.
    sealed: Option<SecretBuffer>,
    values: usize,
    /// Those of them that are as they were.
    kept: usize,
    in_tree: InTree,
}

#[derive(Default)]
struct Count {
    /// Covered, and sealed already.
    same: usize,
    /// Covered, and the rule selects nothing in it.
    clear: usize,
    failed: usize,
    /// Covered by name, but no file.
    links: usize,
    /// For a rule without `path_regex`, but of no format that is sealed.
    other_formats: usize,
}

struct Work<'w> {
    rules: StagedRules<'w>,
    objects: Objects,
    git: &'w Git,
    head: &'w Head,
    sealing: &'w Sealing,
    args: &'w Staged<'w>,
    context: &'w Context,
    told: Told<'w>,
    /// The folders of what a rule covers.
    folders: BTreeSet<PathBuf>,
    count: Count,
    in_hook: bool,
}

impl Work<'_> {
    /// Seals a staged file in memory; `None` if there is nothing to seal.
    fn look_at<'f>(
        &mut self,
        change: &'f git_process::Change,
    ) -> Result<Option<Found<'f>>, Errors> {
        let is_removed = !change.unmerged && change.mode.trim_matches('0').is_empty();
        if is_removed {
            return Ok(None);
        }
        let Some(rule) = self.rules.rule_for(&change.path, &mut self.objects)? else {
            return Ok(None);
        };
        let folder = change.path.parent().unwrap_or(Path::new(""));
        self.folders.insert(self.head.top.join(folder));
        if change.unmerged {
            return Err(Error::new(Kind::Input, "this path is in conflict")
                .because("the index has several versions of it")
                .hint("resolve the conflict and `git add` the file")
                .into());
        }
        if !change.is_file() {
            self.count.links += 1;
            return Ok(None);
        }
        let format = match format_of(&change.path) {
            Ok(format) => format,
            Err(_) if rule.is_for_all => {
                self.count.other_formats += 1;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let text = self.blob(&change.blob)?;
        if text.is_empty() {
            return Ok(None);
        }
        if text.starts_with(LFS_POINTER) {
            return Err(Error::new(Kind::Input, "this file is stored with Git LFS")
                .because("what is staged is a pointer, and the content is elsewhere")
                .hint("a sealed file needs no LFS: take it out of .gitattributes and add it again")
                .into());
        }
        let (sealed, report) = match self.seal(change, &text, format, &rule)? {
            Change::New(sealed, report) => (Some(sealed), report),
            Change::Pending(report) => (None, report),
            Change::Same | Change::NotConcerned => return Ok(None),
        };
        let name = self.shown(&change.path);
        tell(&report, &name, self.context);
        let in_tree = match self.args.check || self.args.dry_run {
            true => {
                list(&name, self.context)?;
                InTree::Absent
            }
            false => InTree::of(self.git, &self.head.top, &change.path, &text),
        };
        Ok(Some(Found {
            change,
            sealed,
            values: report.values,
            kept: report.kept,
            in_tree,
        }))
    }

    fn blob(&mut self, name: &str) -> Result<SecretBuffer, Error> {
        self.objects.blob(name.as_bytes())?.ok_or_else(|| {
            Error::new(Kind::Incomplete, "the staged blob is missing")
                .because("the repository does not have the object")
                .hint("`git fsck` shows what else is missing")
        })
    }

    fn seal(
        &mut self,
        change: &git_process::Change,
        text: &[u8],
        format: Format,
        rule: &Rule,
    ) -> Result<Change, Error> {
        if let Some(metadata) = metadata_of(text, format)? {
            let done = update(text, format, &metadata, self.args.check, self.context)?;
            self.count.same += usize::from(matches!(done, Change::Same));
            return Ok(done);
        }
        // The identities are read only if there is something to open.
        let before = match change.before.as_ref().filter(|_| !self.args.fresh) {
            Some(before) => self.objects.blob(before.as_bytes())?,
            None => None,
        };
        let is_sealed = |text: &SecretBuffer| metadata_of(text, format).is_ok_and(|m| m.is_some());
        let before = before.filter(is_sealed);
        let before = before.map(|text| (text, self.context.quiet_identities()));
        let previous = before
            .as_ref()
            .map(|(text, identities)| Previous { text, identities });
        let (sealed, reuse) =
            self.sealing
                .seal_again(text, format, &rule.policy, previous.as_ref())?;
        if sealed.leaves == 0 {
            self.count.clear += 1;
            return Ok(Change::NotConcerned);
        }
        let report: Report = report_of(&sealed, reuse);
        Ok(Change::New(SecretBuffer::from(sealed.bytes), report))
    }

    /// Writes objects, index and files.
    fn write(&mut self, found: &[Found<'_>]) -> Result<(), Error> {
        for folder in &self.folders {
            // Temporary files of a run that was killed. Those that cannot be removed are no reason not to work.
            let _ = fsio::sweep_stale(folder);
        }
        let mut entries = Vec::new();
        let mut before = Vec::new();
        let mut files = Vec::new();
        for file in found {
            let Some(sealed) = &file.sealed else { continue };
            entries.push(Entry {
                path: file.change.path.clone(),
                mode: file.change.mode.clone(),
                blob: self.git.write_blob(sealed)?,
            });
            before.push(file.change.blob.clone());
            files.push((file, sealed));
        }
        if entries.is_empty() {
            return Ok(());
        }
        self.git.update_index(&entries)?;
        if let Err(error) = self.git.update_index_after_commit(&entries, &before) {
            let error = error.hint("the index has the plaintext again after the commit: run `secrets encrypt --staged` then");
            self.context.ui().warn_of(&error);
        }
        self.write_files(&files);
        Ok(())
    }

    /// Seals files of the working tree that are as they were staged, and says of the others that they hold plaintext.
    fn write_files(&mut self, files: &[(&Found<'_>, &SecretBuffer)]) {
        let mut batch = Batch::new();
        for (file, sealed) in files {
            let path = &file.change.path;
            match &file.in_tree {
                InTree::Absent => {}
                InTree::AsStaged(snapshot) => {
                    batch.add(Replacement::of(snapshot, Content::Sealed(sealed)));
                }
                InTree::AsCheckedOut(snapshot) => match self.git.as_in_tree(path) {
                    Ok(sealed) => batch.add(Replacement::of(snapshot, Content::Sealed(&sealed))),
                    Err(error) => self
                        .told
                        .error(&error.in_file(self.shown(path).to_string_lossy())),
                },
                InTree::Changed { is_plain } => {
                    if *is_plain {
                        self.still_plain(path, "it differs from what was staged");
                    }
                }
                InTree::Unreadable(error) => {
                    self.still_plain(path, "it cannot be read, and may be as it was staged");
                    self.context.ui().warn_of(error);
                }
            }
        }
        for (path, result) in batch.finish() {
            match result {
                Ok(Outcome::Replaced { other_names }) if other_names > 0 => {
                    let links = usize::try_from(other_names).unwrap_or(usize::MAX);
                    let links = plural(links, "hard link", "hard links");
                    let path = path.display();
                    let text = format!("{path}: {links} to the file still hold the plaintext");
                    self.context.ui().warning(&text);
                }
                Ok(_) => {}
                Err(error) => self.told.error(&error),
            }
        }
    }

    fn still_plain(&self, path: &Path, why: &str) {
        let path = self.shown(path);
        let path = path.display();
        self.context.ui().warning(&format!(
            "{path}: the file in the working tree was left alone and may hold plaintext: {why}"
        ));
        let hint = format!("`secrets encrypt -i {path}` seals it as well");
        self.context.ui().hint(&hint);
    }

    fn summary(&self, found: &[Found<'_>]) {
        let count = &self.count;
        let writes = !self.args.check && !self.args.dry_run;
        let mut ui = self.context.ui();
        let mut parts = Vec::new();
        if !found.is_empty() {
            let all: usize = found.iter().map(|file| file.values).sum();
            let kept: usize = found.iter().map(|file| file.kept).sum();
            let values = plural(all, "value", "values");
            let values = match (kept, all.saturating_sub(kept)) {
                (0, _) => values,
                (_, 0) => format!("{values}, none of them changed,"),
                (_, changed) => format!("{values}, {changed} of them changed,"),
            };
            let files = match found {
                [file] => self.shown(&file.change.path).display().to_string(),
                files => plural(files.len(), "staged file", "staged files"),
            };
            parts.push(match writes {
                true => format!("sealed {values} in the index, in {files}"),
                false => format!("{values} in {files} would be sealed in the index"),
            });
        }
        if count.same > 0 && !(self.in_hook && parts.is_empty()) {
            let files = plural(count.same, "staged file is", "staged files are");
            parts.push(format!("{files} sealed already"));
        }
        if count.failed > 0 {
            parts.push(format!("{} failed", count.failed));
        }
        if !parts.is_empty() {
            ui.note(&parts.join(", "));
        }
        if self.in_hook {
            return;
        }
        let (links, others, clear) = (count.links, count.other_formats, count.clear);
        for (count, one, many, why) in [
            (
                links,
                "link or submodule was",
                "links and submodules were",
                "passed over",
            ),
            (
                others,
                "file was",
                "files were",
                "passed over: only a rule without `path_regex` covers it, and it is neither YAML nor JSON",
            ),
            (
                clear,
                "staged file stays",
                "staged files stay",
                "as staged: the rule selects nothing there",
            ),
        ] {
            if count > 0 {
                ui.note(&format!("{} {why}", plural(count, one, many)));
            }
        }
        if parts.is_empty() && links + others + clear == 0 {
            ui.note("no creation rule is for what is staged");
        }
        if writes && !found.is_empty() && count.failed == 0 {
            ui.hint("next: git commit");
        }
    }

    /// A path for messages and commands: from the working directory if it is below it.
    fn shown(&self, path: &Path) -> PathBuf {
        let file = self.head.top.join(path);
        let cwd = self.context.working_directory();
        if let Ok(below) = file.strip_prefix(cwd) {
            return below.to_owned();
        }
        match cwd.canonicalize() {
            Ok(cwd) => file.strip_prefix(cwd).unwrap_or(&file).to_owned(),
            Err(_) => file,
        }
    }
}
