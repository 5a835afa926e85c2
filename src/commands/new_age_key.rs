//! `secrets new-age-key`: the Secret with the identities that Flux decrypts with.

use std::path::PathBuf;

use secrets::keys::{Identity, same_key};
use secrets::kubernetes::age_key;
use secrets::sops::policy::SealPolicy;
use secrets::{Error, Kind};

use super::inputs::Inputs;
use super::new_secret::{NewArgs, Plan};
use super::{Errors, Exit};
use crate::context::Context;

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Flux needs this Secret to decrypt all others, so it cannot come from the repository that Flux \
reads: give it to the cluster with kubectl. A sealed copy in Git is a backup for the people who can \
open it, which takes a recipient besides the identity inside; without one, whoever loses the \
identity loses the copy too, and the command refuses.")]
pub(crate) struct Args {
    /// Name of the Secret
    #[arg(default_value = "sops-age")]
    name: String,
    /// Identity file of the cluster, as `age-keygen` writes it, not your own (- is standard input)
    #[arg(long, value_name = "FILE")]
    identity_file: PathBuf,
    /// Key in the Secret; Flux wants the ending .agekey, which is added
    #[arg(long, value_name = "KEY", default_value = "age.agekey")]
    key: String,
    #[command(flatten)]
    new: NewArgs,
}

/// Runs the command.
///
/// # Errors
/// See [`Plan::new`], [`Plan::finish`] and [`age_key::secret`]; nobody but the identities inside could open it.
pub(crate) fn run(args: Args, context: &Context) -> Result<Exit, Errors> {
    if args.new.kustomization.is_some() {
        return Err(Error::new(
            Kind::Usage,
            "this Secret cannot be in a kustomization of the cluster",
        )
        .because("Flux would need the identity inside to decrypt it")
        .hint("leave `--kustomization` out, and give it to the cluster with kubectl")
        .into());
    }
    let plan = Plan::new(&args.name, &args.new, context)?;
    let name = args.identity_file.to_string_lossy();
    let identities = Inputs::new(context).file(&args.identity_file)?;
    age_key::check(identities.expose()).map_err(|e| e.in_file(&*name))?;
    let inside = Identity::parse_file(identities.expose(), &name)?;
    let inside: Vec<&str> = inside.iter().filter_map(Identity::recipient).collect();
    let by_kubectl = format!(
        "the cluster gets it with kubectl: kubectl create secret generic {} -n {} --from-file={}{}=FILE",
        args.name,
        args.new.namespace.as_deref().unwrap_or("flux-system"),
        args.key
            .strip_suffix(age_key::KEY_ENDING)
            .unwrap_or(&args.key),
        age_key::KEY_ENDING,
    );
    if is_circular(plan.policy(), &inside) {
        return Err(Error::new(Kind::Key, "only the identity inside could open this file")
            .because("who has lost the identity cannot open the copy, and who has it needs none")
            .hint("name the recipient of a person or of a safe with `--age`, besides or instead of the cluster's")
            .hint(by_kubectl)
            .into());
    }
    context.ui().warning(
        "this Secret opens every other one: the cluster must get it with kubectl, a sealed copy in Git is for the recipients only",
    );
    let secret = age_key::secret(
        &args.name,
        args.new.namespace.as_deref(),
        &args.key,
        identities,
    )?;
    plan.finish_with(secret, Some(&by_kubectl))
}

/// Too few groups have a recipient that is not one of `inside`.
fn is_circular(policy: &SealPolicy, inside: &[&str]) -> bool {
    let other = |text: &str| !inside.iter().any(|own| same_key(own, text));
    let open = policy
        .groups
        .iter()
        .filter(|group| group.age.iter().any(|r| other(r.text())))
        .count();
    open < policy.shares_needed().unwrap_or(1)
}
