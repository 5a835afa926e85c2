//! `--merge-into`: registries into a Secret that is sealed already.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrets::fsio::{self, Content, Outcome, Replacement};
use secrets::kubernetes::docker::{self, DOCKER_CONFIG_KEY};
use secrets::kubernetes::secret::TYPE_DOCKER_CONFIG_JSON;
use secrets::sops::change::{change_value, value_at};
use secrets::sops::file::format_of;
use secrets::{Error, Kind};
use zeroize::Zeroizing;

use super::{Args, credentials};
use crate::commands::inputs::Inputs;
use crate::commands::{Errors, Exit};
use crate::context::Context;

/// Opens the Secret, adds or replaces the registries and seals the value again with the data key of the file.
///
/// # Errors
/// The file is not a sealed registry Secret or another one than the flags say, no identity opens it, or a
/// credential is not usable.
pub(super) fn run(
    path: &Path,
    args: &Args,
    registries: Vec<super::Registry>,
    inputs: &Inputs<'_>,
    context: &Context,
) -> Result<Exit, Errors> {
    let named = |error: Error| error.in_file(path.to_string_lossy());
    if registries.is_empty() {
        return Err(Error::new(Kind::Usage, "no registry is given")
            .hint("name it: `--docker-server HOST --docker-username USER`")
            .into());
    }
    let format = format_of(path).map_err(named)?;
    let snapshot = fsio::read_for_update(path, fsio::MAX_INPUT)?;
    let text = snapshot.bytes();
    let clear = |path: &[&str]| {
        value_at(text, format, path)
            .ok()
            .filter(|value| !value.starts_with("ENC["))
    };
    for (key, given) in [
        ("name", args.name.as_deref()),
        ("namespace", args.new.namespace.as_deref()),
    ] {
        if let (Some(given), Some(found)) = (given, clear(&["metadata", key]))
            && given != *found
        {
            return Err(named(
                Error::new(
                    Kind::Usage,
                    format!("the Secret has the {key} `{}`, not `{given}`", *found),
                )
                .hint(format!("leave the {key} out, or name another file")),
            )
            .into());
        }
    }
    let section = ["data", "stringData"]
        .into_iter()
        .find(|s| value_at(text, format, &[s, DOCKER_CONFIG_KEY]).is_ok());
    let right_type = clear(&["type"]).is_none_or(|found| *found == TYPE_DOCKER_CONFIG_JSON);
    let Some(section) = section.filter(|_| right_type) else {
        return Err(named(Error::new(Kind::Input, "this is not a Secret with registries")
            .because(format!("its type is not {TYPE_DOCKER_CONFIG_JSON}, or the key `{DOCKER_CONFIG_KEY}` is missing"))
            .hint("name a Secret that `secrets new-registry` or `kubectl create secret docker-registry` made"))
        .into());
    };
    if clear(&["immutable"]).is_some_and(|value| *value == "true") {
        context.ui().warning(
            "the Secret is immutable: the API server refuses the change until it is deleted there",
        );
    }
    let servers: Vec<String> = registries
        .iter()
        .filter_map(|registry| registry.server.clone())
        .collect();
    let servers = servers.join(", ");
    if args.new.dry_run {
        credentials(registries, true, inputs, context)?;
        let line = format!("would add {servers} to {}\n", path.display());
        context.ui().data(line.as_bytes())?;
        return Ok(Exit::Done);
    }
    let credentials = credentials(registries, false, inputs, context)?;
    let is_base64 = section == "data";
    let change = |old: &str| {
        let config = if is_base64 {
            let joined: Zeroizing<Vec<u8>> =
                Zeroizing::new(old.bytes().filter(|b| !b.is_ascii_whitespace()).collect());
            let decoded = STANDARD.decode(&*joined).map_err(|_| {
                Error::new(
                    Kind::Input,
                    format!("the value of `{DOCKER_CONFIG_KEY}` is not base64"),
                )
                .hint("values of `data` are base64; texts belong in `stringData`")
            });
            Zeroizing::new(decoded?)
        } else {
            Zeroizing::new(old.as_bytes().to_vec())
        };
        let merged = docker::merge(&config, &credentials)?;
        let text = if is_base64 {
            STANDARD.encode(merged.expose())
        } else {
            merged.expose_text().unwrap_or_default().to_owned()
        };
        Ok(Zeroizing::new(text))
    };
    let identities = context.identities();
    let path_of_value = [section, DOCKER_CONFIG_KEY];
    let sealed = change_value(
        text,
        format,
        &identities,
        &path_of_value,
        context.now(),
        change,
    )
    .map_err(named)?;
    let outcome = Replacement::of(&snapshot, Content::Sealed(&sealed)).commit()?;
    let mut ui = context.ui();
    if outcome == Outcome::Unchanged {
        ui.note(&format!("{} holds this already: {servers}", path.display()));
    } else {
        ui.note(&format!(
            "{} now holds {servers}, sealed for the same recipients",
            path.display()
        ));
        ui.hint(&format!(
            "next: git add {}, commit and push",
            path.display()
        ));
    }
    Ok(Exit::Done)
}
