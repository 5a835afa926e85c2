//! Findings over trees, index and history: pure data out.
//!
//! A [`subject::Subject`] is one text at one path. The families of checks look at it and give
//! [`finding::Hit`]s: [`policy`] asks the creation rules, [`credentials`] looks for credentials
//! anywhere, [`manifests`] for values that Kubernetes manifests should not hold, [`leftovers`] for
//! files that should not be there.

pub mod benign;
pub mod blast;
pub mod checks;
pub mod credentials;
pub mod finding;
pub mod leftovers;
pub mod manifests;
pub mod policy;
pub mod subject;
pub mod view;
