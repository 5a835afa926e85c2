//! Whatever can be sealed opens to the same bytes.
//!
//! The first byte chooses format and selector, the rest is the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secrets::Format;
use secrets::sops::cipher::Cipher;
use secrets::sops::data_key::DataKey;
use secrets::sops::file::{SOPS_VERSION, metadata_of};
use secrets::sops::iv::IvSource;
use secrets::sops::metadata::{AgeEntry, Metadata};
use secrets::sops::open::{Checks, open};
use secrets::sops::seal::{Allow, Sealing, seal};
use secrets::sops::selector::{Selector, SelectorParts};

fuzz_target!(|input: &[u8]| {
    let Some((choice, text)) = input.split_first() else {
        return;
    };
    let format = match choice & 1 {
        0 => Format::Yaml,
        _ => Format::Json,
    };
    let mut parts = SelectorParts::default();
    let mut metadata = Metadata {
        last_modified: "2026-01-02T03:04:05Z".to_owned(),
        version: SOPS_VERSION.to_owned(),
        mac_only_encrypted: choice & 8 != 0,
        age: vec![AgeEntry {
            recipient: "age1nobody".to_owned(),
            enc: "nothing\n".to_owned(),
        }],
        ..Metadata::default()
    };
    let setting = match (choice >> 1) & 3 {
        0 => &mut metadata.unencrypted_suffix,
        1 => &mut metadata.encrypted_regex,
        2 => &mut metadata.unencrypted_regex,
        _ => &mut metadata.encrypted_comment_regex,
    };
    let value = match (choice >> 1) & 3 {
        0 => *parts.unencrypted_suffix.insert("_unencrypted"),
        1 => *parts.encrypted_regex.insert("^(data|stringData)$"),
        2 => *parts.unencrypted_regex.insert("^(kind|metadata)$"),
        _ => *parts.encrypted_comment_regex.insert("secret|a"),
    };
    *setting = Some(value.to_owned());
    let selector = Selector::from_parts(parts).expect("a valid expression");
    let cipher = Cipher::new(&DataKey::from_bytes(&[7; 32]).expect("32 bytes"));
    let mut ivs = IvSource::from_seed([9; 32]);
    let sealing = Sealing {
        format,
        selector: &selector,
        metadata,
        cipher: &cipher,
        ivs: &mut ivs,
        allow: Allow {
            nothing_selected: true,
            plain_secret: true,
            encrypted_metadata: true,
        },
    };
    let Ok(sealed) = seal(text, sealing) else {
        return;
    };
    let metadata = metadata_of(&sealed.bytes, format)
        .expect("readable metadata")
        .expect("a sealed text");
    let opened = open(&sealed.bytes, format, &metadata, &selector, &cipher, Checks::default())
        .expect("what was sealed opens");
    assert_eq!(*opened.bytes, *text);
});
