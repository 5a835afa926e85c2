//! Any text is an envelope or not, and one that nobody sealed does not open.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secrets::sops::cipher::Cipher;
use secrets::sops::data_key::DataKey;
use secrets::sops::envelope::{Envelope, looks_sealed};

fuzz_target!(|text: &[u8]| {
    let _ = looks_sealed(text);
    let Some(envelope) = Envelope::parse(text) else {
        return;
    };
    let _ = envelope.ty();
    let cipher = Cipher::new(&DataKey::from_bytes(&[7; 32]).expect("32 bytes"));
    assert!(cipher.open(&envelope, b"data:password:").is_err());
});
