//! Kubernetes Secrets: valid manifests built in memory, as `kubectl create secret` prints them.
//!
//! Pure functions from values to bytes: no files, no terminal, no cluster. The rules checked here
//! are the API server's and those of the programs that read the Secret (kubelet, Flux).

pub mod age_key;
pub mod credentials;
pub mod docker;
pub mod docker_file;
pub mod generic;
pub mod key_pair;
pub mod known_hosts;
pub mod kustomization;
pub mod names;
pub mod registry_server;
pub mod secret;
pub mod ssh_auth;

mod buffer;
mod pem;
mod yaml_scalar;

pub use secret::SecretManifest;
