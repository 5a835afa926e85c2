//! `secrets new-registry`: the Secret that pulls images.

mod flags;
mod merge;

use std::path::PathBuf;

use secrets::kubernetes::docker::{self, DEFAULT_SERVER, RegistryCredential};
use secrets::kubernetes::{docker_file, registry_server};
use secrets::secret::SecretBytes;
use secrets::{Error, Kind};

use super::inputs::{Inputs, Password};
use super::new_secret::{NewArgs, Plan};
use super::{Errors, Exit};
use crate::context::Context;
use flags::{Registry, RegistryFlags};

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without a password flag the password is asked for, without echo. Several registries go into one \
Secret: every --docker-server starts another one, and the flags behind it belong to it.")]
pub(crate) struct Args {
    /// Name of the Secret
    #[arg(required_unless_present = "merge_into")]
    name: Option<String>,
    #[command(flatten)]
    registries: RegistryFlags,
    /// Take the registries of a Docker config: ~/.docker/config.json, podman's auth.json
    #[arg(long, value_name = "FILE", conflicts_with = "merge_into")]
    from_docker_config: Option<PathBuf>,
    /// Add the registries to this sealed Secret, or replace them there, instead of creating one
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "output", "replace", "labels", "annotations", "immutable", "kustomization", "age",
    ])]
    merge_into: Option<PathBuf>,
    #[command(flatten)]
    new: NewArgs,
}

/// Runs the command.
///
/// # Errors
/// See [`Plan::new`], [`Plan::finish`], [`docker::secret`], and [`merge::run`].
pub(crate) fn run(args: Args, context: &Context) -> Result<Exit, Errors> {
    let mut registries = args.registries.registries()?;
    if args.from_docker_config.is_none() && registries.is_empty() {
        return Err(Error::new(Kind::Usage, "no registry is given")
            .hint("name it: `--docker-server HOST --docker-username USER`, or `--from-docker-config FILE`")
            .into());
    }
    for registry in &mut registries {
        let server = registry.server.get_or_insert_with(|| {
            context.ui().note(&format!(
                "no `--docker-server`: Docker Hub is meant, as for kubectl ({DEFAULT_SERVER})"
            ));
            DEFAULT_SERVER.to_owned()
        });
        if registry.username.as_deref().unwrap_or_default().is_empty() {
            return Err(
                Error::new(Kind::Usage, format!("no user name for {server}"))
                    .hint("add `--docker-username USER`")
                    .into(),
            );
        }
    }
    let inputs = Inputs::new(context);
    if let Some(path) = &args.merge_into {
        return merge::run(path, &args, registries, &inputs, context);
    }
    let name = args.name.as_deref().unwrap_or_default();
    let plan = Plan::new(name, &args.new, context)?;
    let namespace = args.new.namespace.as_deref();
    let config = args.from_docker_config.as_deref().map(|path| {
        let config = inputs.file(path)?;
        let entries =
            docker_file::check(config.expose()).map_err(|e| e.in_file(path.to_string_lossy()))?;
        entries
            .iter()
            .for_each(|entry| advise(&entry.server, context));
        Ok::<_, Error>(config)
    });
    let config = config.transpose()?;
    let credentials = credentials(registries, args.new.dry_run, &inputs, context)?;
    let secret = match config {
        Some(config) if credentials.is_empty() => {
            docker::secret_from_file(name, namespace, config)?
        }
        Some(config) => docker::secret_from_file(
            name,
            namespace,
            docker::merge(config.expose(), &credentials)?,
        )?,
        None => docker::secret(name, namespace, &credentials)?,
    };
    plan.finish(secret)
}

/// The registries with their passwords. A dry run does not ask.
fn credentials(
    registries: Vec<Registry>,
    dry_run: bool,
    inputs: &Inputs<'_>,
    context: &Context,
) -> Result<Vec<RegistryCredential>, Error> {
    let mut credentials: Vec<RegistryCredential> = Vec::new();
    for registry in registries {
        let server = registry.server.unwrap_or_default();
        advise(&server, context);
        let password = match registry.password {
            Password::Ask if dry_run => SecretBytes::copy_of(b"not asked"),
            source => inputs.password(
                &source,
                &format!("the password for {server}"),
                "--docker-password",
            )?,
        };
        let username = registry.username.unwrap_or_default();
        let credential = RegistryCredential {
            server,
            username,
            password,
            email: registry.email,
        };
        credential.check()?;
        credentials.push(credential);
    }
    Ok(credentials)
}

fn advise(server: &str, context: &Context) {
    for warning in registry_server::advise(server) {
        context.ui().warning(&warning);
    }
}
