//! The runbook's trees, as they are before anything is sealed.

/// A file: its path in its repository, and its content.
pub(super) type File = (&'static str, &'static str);

macro_rules! flux_config {
    ($path:literal) => {
        (
            $path,
            include_str!(concat!("../../../testdata/runbook/flux-config/", $path)),
        )
    };
}

/// The repository `flux-config`.
pub(super) const FLUX_CONFIG: &[File] = &[
    flux_config!(".sops.yaml"),
    flux_config!("clusters/my-cluster/apps/kustomization.yaml"),
    flux_config!("clusters/my-cluster/apps/namespace.yaml"),
    flux_config!("clusters/my-cluster/blaster/00-namespace.yaml"),
    flux_config!("clusters/my-cluster/blaster/dev/20-blaster-images-dev.yaml"),
    flux_config!("clusters/my-cluster/blaster/dev/30-image-automation.yaml"),
    flux_config!("clusters/my-cluster/blaster/dev/kustomization.yaml"),
    flux_config!("clusters/my-cluster/blaster/dev/source.yaml"),
    flux_config!("clusters/my-cluster/blaster/kustomization.yaml"),
    flux_config!("clusters/my-cluster/cloudflare/kustomization.yaml"),
    flux_config!("clusters/my-cluster/cloudflare/namespace.yaml"),
    flux_config!("clusters/my-cluster/dev/kustomization.yaml"),
    flux_config!("clusters/my-cluster/dev/namespace.yaml"),
    flux_config!("clusters/my-cluster/flux-system/gotk-components.yaml"),
    flux_config!("clusters/my-cluster/flux-system/gotk-sync.yaml"),
    flux_config!("clusters/my-cluster/flux-system/kustomization.yaml"),
    flux_config!("clusters/my-cluster/kustomization.yaml"),
    flux_config!("clusters/my-cluster/origin-ca-issuer/kustomization.yaml"),
    flux_config!("clusters/my-cluster/origin-ca-issuer/namespace.yaml"),
];

macro_rules! blaster {
    ($path:literal) => {
        (
            $path,
            include_str!(concat!("../../../testdata/runbook/blaster/", $path)),
        )
    };
}

/// The repository `blaster`.
pub(super) const BLASTER: &[File] = &[
    blaster!(".sops.yaml"),
    blaster!("k8s/dev/20-deployment.yaml"),
    blaster!("k8s/dev/30-service.yaml"),
    blaster!("k8s/dev/40-ingress.yaml"),
    blaster!("k8s/dev/kustomization.yaml"),
    blaster!("k8s/prod/20-deployment.yaml"),
    blaster!("k8s/prod/30-service.yaml"),
    blaster!("k8s/prod/40-ingress.yaml"),
    blaster!("k8s/prod/kustomization.yaml"),
];
