//! Recipients, identities and where they come from.
//!
//! A [`Recipient`] wraps a data key into one age file, an [`Identity`] unwraps it, and
//! [`Identities`] is everything a user has to open files with, collected from the places that
//! SOPS looks at.

mod age_file;
mod bech;
mod environment;
mod hybrid;
mod identities;
mod identity;
mod locked;
mod recipient;
mod sources;
mod ssh;
mod words;
mod x25519;

pub use age_file::{MAX_ENC_LENGTH, MAX_STANZAS};
pub use environment::{
    CommandOutput, Environment, MAX_IDENTITY_FILE, Platform, ProcessEnvironment,
};
pub use identities::{Identities, SourceReport, SourceState, Wrapped};
pub use identity::Identity;
pub use locked::{Callbacks, MAX_WORK_FACTOR, NoCallbacks};
pub use recipient::{Recipient, RecipientKind, same_key, shorten};
pub use x25519::generate_x25519;
