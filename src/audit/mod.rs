//! Findings over trees, index and history: pure data out.
//!
//! A [`subject::Subject`] is one text at one path. The families of checks look at it and give
//! [`finding::Hit`]s: [`policy`] asks the creation rules, [`credentials`] looks for credentials
//! anywhere, [`manifests`] for values that Kubernetes manifests should not hold, [`leftovers`] for
//! files that should not be there.

mod assemble;
pub mod baseline;
pub mod benign;
pub mod blast;
pub mod checks;
pub mod credentials;
mod files;
pub mod finding;
pub mod fingerprint;
mod history;
mod inspect;
mod intent;
pub mod leftovers;
pub mod manifests;
mod masks;
pub mod places;
pub mod policy;
mod repository;
pub mod run;
mod sources;
pub mod state;
pub mod subject;
pub mod suppress;
mod trees;
pub mod view;
