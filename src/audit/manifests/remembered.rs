//! What was said of names and values, remembered: the same few stand in all versions of all manifests.

use std::cell::RefCell;

use foldhash::{HashMap, HashMapExt, HashSet};

use super::names::{self, MAX_NAME};
use crate::audit::benign::{self, password_in};

/// The longest text that is remembered, in bytes.
const LONGEST: usize = 128;

/// A few harmless texts.
#[derive(Default)]
struct Few(HashSet<Box<str>>);

impl Few {
    fn has(&self, text: &str) -> bool {
        self.0.contains(text)
    }

    /// Adds a text, unless there are `most`.
    fn add(&mut self, text: &str, most: usize) {
        if self.0.len() < most && text.len() < LONGEST {
            self.0.insert(text.into());
        }
    }
}

thread_local! {
    static NAMES: RefCell<HashMap<Box<str>, bool>> = RefCell::new(HashMap::new());
    /// Values that are no credentials, by name.
    static HARMLESS: RefCell<HashMap<Box<str>, Few>> = RefCell::new(HashMap::new());
    /// Values with a brace or a comma in them that only say where a secret comes from.
    static REFERENCES: RefCell<Few> = RefCell::new(Few::default());
}

/// [`names::is_credential`].
pub(super) fn is_credential(name: &str) -> bool {
    const MOST: usize = 2000;
    if name.len() > MAX_NAME {
        return false;
    }
    if let Some(is) = NAMES.with_borrow(|known| known.get(name).copied()) {
        return is;
    }
    let is = names::is_credential(name);
    NAMES.with_borrow_mut(|known| {
        if known.len() < MOST {
            known.insert(name.into(), is);
        }
    });
    is
}

/// [`benign::judge`] says that it may be a credential.
pub(super) fn may_be_credential(name: &str, value: &str) -> bool {
    const NAMES: usize = 64;
    const VALUES: usize = 64;
    HARMLESS.with_borrow_mut(|known| {
        if known.len() < NAMES && name.len() < LONGEST && !known.contains_key(name) {
            known.insert(name.into(), Few::default());
        }
        let values = known.get_mut(name);
        if values.as_ref().is_some_and(|values| values.has(value)) {
            return false;
        }
        let is_one = benign::judge(name, value).is_some();
        if let Some(values) = values.filter(|_| !is_one) {
            values.add(value, VALUES);
        }
        is_one
    })
}

/// A value that may go on behind a comma, or end before it as in flow style, may be a credential.
pub(super) fn may_be_in_flow(value: &str) -> bool {
    const MOST: usize = 1000;
    if REFERENCES.with_borrow(|known| known.has(value)) {
        return false;
    }
    let first = value.split(',').next().unwrap_or(value);
    if !is_reference(value) || !is_reference(first) || password_in(value).is_some() {
        return true;
    }
    REFERENCES.with_borrow_mut(|known| known.add(value, MOST));
    false
}

fn is_reference(value: &str) -> bool {
    value.starts_with("ENC[") || benign::is_ciphertext(value) || benign::is_reference(value)
}
