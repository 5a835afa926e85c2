//! What looks like a secret and is none, and which names promise one.

use super::finding::Confidence;

/// The value is ciphertext of a tool that is made for repositories: SOPS, SealedSecrets, ansible-vault,
/// age or PGP armour.
pub fn is_ciphertext(_value: &str) -> bool {
    false
}

/// The value only says where a secret comes from: `op://`, `vault:`, `ref+`, `${VARIABLE}`, a template.
pub fn is_reference(_value: &str) -> bool {
    false
}

/// The value stands for one: `changeme`, `REPLACE-ME`, `<password>`, `xxxx`, `example`.
pub fn is_placeholder(_value: &str) -> bool {
    false
}

/// The name of a key, variable or field promises a credential: `password`, `DB_PASSWD`, `apiToken`.
pub fn is_credential_name(_name: &str) -> bool {
    false
}

/// How sure it is that the value under such a name is a credential; `None` if it is none.
pub fn judge(_name: &str, _value: &str) -> Option<Confidence> {
    None
}
