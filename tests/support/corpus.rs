//! A corpus for the policy checks with its truth by construction: shapes of files, in states of sealing,
//! in places of a repository. What has to be found at each of them is known before anything is looked at.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "corpus/cells.rs"]
pub(crate) mod cells;
#[path = "corpus/places.rs"]
pub(crate) mod places;
#[path = "corpus/seal.rs"]
pub(crate) mod seal;
#[path = "corpus/shapes.rs"]
pub(crate) mod shapes;
#[path = "corpus/truth.rs"]
pub(crate) mod truth;
