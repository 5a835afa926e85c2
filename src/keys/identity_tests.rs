#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Mutex;

use super::super::age_file::seal;
use super::super::locked::{MAX_WORK_FACTOR, NoCallbacks};
use super::super::recipient::{Recipient, same_key};
use super::*;

const IDENTITIES: &str = include_str!("../../testdata/keys/identities.txt");
const PQ: &str = include_str!("../../testdata/keys/identity-pq.txt");
const SSH: &[u8] = include_bytes!("../../testdata/keys/ssh_ed25519");
const SSH_PUB: &str = include_str!("../../testdata/keys/ssh_ed25519.pub");
const RSA: &[u8] = include_bytes!("../../testdata/keys/ssh_rsa");
const RSA_PUB: &str = include_str!("../../testdata/keys/ssh_rsa.pub");
const LOCKED: &[u8] = include_bytes!("../../testdata/keys/ssh_ed25519_locked");
const LOCKED_PUB: &str = include_str!("../../testdata/keys/ssh_ed25519_locked.pub");
const KEY: [u8; 32] = [42; 32];

/// Answers every question alike and counts them.
struct Answer(Option<&'static str>, Mutex<Vec<String>>);

impl Answer {
    fn new(passphrase: Option<&'static str>) -> Self {
        Answer(passphrase, Mutex::default())
    }

    fn asked(&self) -> usize {
        self.1.lock().unwrap().len()
    }
}

impl Callbacks for Answer {
    fn passphrase(&self, what: &str) -> Option<SecretBytes> {
        self.1.lock().unwrap().push(what.to_owned());
        self.0.map(|text| SecretBytes::copy_of(text.as_bytes()))
    }
}

fn alice() -> &'static str {
    IDENTITIES.lines().nth(1).unwrap()
}

fn wrap(recipient: &str) -> String {
    Recipient::parse(recipient).unwrap().wrap(&KEY).unwrap()
}

/// An identity file under a passphrase, with a work factor that costs a test nothing.
fn lock(content: &str, work_factor: u8) -> String {
    let mut scrypt = age::scrypt::Recipient::new("open sesame".to_owned().into());
    scrypt.set_work_factor(work_factor);
    seal(&scrypt, content.as_bytes()).unwrap()
}

#[test]
fn every_kind_opens_what_was_wrapped_for_it() {
    let native = [alice(), PQ.trim()].map(|text| Identity::parse(text).unwrap());
    let ssh = [SSH, RSA].map(|file| Identity::parse_ssh(file, "key").unwrap());
    let all: Vec<_> = native.iter().chain(&ssh).collect();
    for (i, owner) in all.iter().enumerate() {
        let enc = wrap(owner.recipient().unwrap());
        for (j, identity) in all.iter().enumerate() {
            let opened = identity.unwrap(&enc, &NoCallbacks).unwrap();
            assert_eq!(opened.is_some_and(|key| key.expose() == KEY), i == j);
        }
    }
}

#[test]
fn opens_what_sops_wrote() {
    let hex = |identity: &Identity, enc: &str| {
        let key = identity.unwrap(enc, &NoCallbacks).unwrap().unwrap();
        key.expose()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    // What age 1.3.1 prints for these files.
    assert_eq!(
        hex(
            &Identity::parse(alice()).unwrap(),
            include_str!("../../testdata/keys/enc-x25519.age")
        ),
        "ea51637aaeb87d78b348bb3648879a62ac344710309f4532bc7cf515c92c06f3"
    );
    assert_eq!(
        hex(
            &Identity::parse_ssh(SSH, "key").unwrap(),
            include_str!("../../testdata/keys/enc-ssh.age")
        ),
        "5198ab65f6fa83c426ce01fe361c55303e2d78ee81a491691f1d4309c34bffc1"
    );
}

#[test]
fn ssh_identities_say_their_recipient() {
    for (file, public) in [(SSH, SSH_PUB), (RSA, RSA_PUB), (LOCKED, LOCKED_PUB)] {
        let identity = Identity::parse_ssh(file, "key").unwrap();
        assert!(same_key(identity.recipient().unwrap(), public));
    }
}

#[test]
fn a_locked_ssh_key_asks_once_and_only_for_its_own_files() {
    let identity = Identity::parse_ssh(LOCKED, "/home/me/.ssh/id_ed25519").unwrap();
    let user = Answer::new(Some("passphrase"));
    assert!(identity.is_locked());
    for foreign in [
        wrap(SSH_PUB),
        wrap(RSA_PUB),
        wrap(Identity::parse(alice()).unwrap().recipient().unwrap()),
    ] {
        assert!(identity.unwrap(&foreign, &user).unwrap().is_none());
    }
    assert_eq!(user.asked(), 0);
    for _ in 0..2 {
        assert_eq!(
            identity
                .unwrap(&wrap(LOCKED_PUB), &user)
                .unwrap()
                .unwrap()
                .expose(),
            KEY
        );
    }
    assert_eq!(
        *user.1.lock().unwrap(),
        ["SSH key /home/me/.ssh/id_ed25519"]
    );
    assert_eq!(identity.unusable(), None);
}

#[test]
fn a_wrong_or_missing_passphrase_is_remembered() {
    for (answer, reason) in [
        (Some("wrong"), "is wrong"),
        (None, "no passphrase"),
        (Some(""), "no passphrase"),
    ] {
        let file = lock(alice(), 2);
        let locked = Identity::parse_file(file.as_bytes(), "keys.txt")
            .unwrap()
            .remove(0);
        let alices = Identity::parse(alice()).unwrap();
        for (identity, enc) in [
            (
                Identity::parse_ssh(LOCKED, "key").unwrap(),
                wrap(LOCKED_PUB),
            ),
            (locked, wrap(alices.recipient().unwrap())),
        ] {
            let user = Answer::new(answer);
            for _ in 0..2 {
                assert!(identity.unwrap(&enc, &user).unwrap().is_none());
            }
            assert_eq!(user.asked(), 1);
            assert!(identity.unusable().unwrap().contains(reason));
        }
    }
}

#[test]
fn a_locked_identity_file_opens_once() {
    let content = format!("# created: today\n{}\n{PQ}", alice());
    let armored = lock(&content, 2);
    let binary = super::super::age_file::dearmor(&armored).unwrap();
    for file in [armored.as_bytes(), &binary] {
        let mut identities = Identity::parse_file(file, "keys.txt").unwrap();
        assert_eq!(identities.len(), 1);
        let locked = identities.remove(0);
        assert_eq!((locked.is_locked(), locked.recipient()), (true, None));
        let user = Answer::new(Some("open sesame"));
        assert!(locked.unwrap(&wrap(SSH_PUB), &user).unwrap().is_none());
        assert_eq!(user.asked(), 0);
        for text in [alice(), PQ.trim()] {
            let enc = wrap(Identity::parse(text).unwrap().recipient().unwrap());
            assert_eq!(locked.unwrap(&enc, &user).unwrap().unwrap().expose(), KEY);
        }
        assert_eq!(*user.1.lock().unwrap(), ["identity file keys.txt"]);
        assert_eq!(locked.inside().len(), 2);
    }
}

#[test]
fn an_excessive_work_factor_is_refused_without_the_work() {
    // The factor stands in clear in the header; the file need not decrypt.
    let file = super::super::age_file::dearmor(&lock(alice(), 2)).unwrap();
    let line = memchr::memmem::find(&file, b" 2\n").unwrap();
    let file = [
        &file[..line],
        format!(" {}\n", MAX_WORK_FACTOR + 1).as_bytes(),
        &file[line + 3..],
    ]
    .concat();
    let identity = Identity::parse_file(&file, "keys.txt").unwrap().remove(0);
    let enc = wrap(Identity::parse(alice()).unwrap().recipient().unwrap());
    assert!(
        identity
            .unwrap(&enc, &Answer::new(Some("x")))
            .unwrap()
            .is_none()
    );
    assert_eq!(
        identity.unusable().unwrap(),
        "its work factor is 23, and the highest allowed is 22"
    );
}

#[test]
fn a_file_encrypted_to_a_recipient_is_no_identity_file() {
    let enc = wrap(Identity::parse(alice()).unwrap().recipient().unwrap());
    let error = Identity::parse_file(enc.as_bytes(), "keys.txt").unwrap_err();
    assert!(error.reason().unwrap().contains("not with a passphrase"));
}

#[test]
fn a_plugin_identity_is_recognised_and_spoils_nothing() {
    let plugin = bech::encode_secret("AGE-PLUGIN-YUBIKEY-", &[5; 20]).unwrap();
    let file = format!("{}\n{}\n", *plugin, alice());
    let identities = Identity::parse_file(file.as_bytes(), "keys.txt").unwrap();
    assert!(
        identities[0]
            .unusable()
            .unwrap()
            .contains("age-plugin-yubikey")
    );
    let enc = wrap(identities[1].recipient().unwrap());
    assert!(identities[0].unwrap(&enc, &NoCallbacks).unwrap().is_none());
    assert!(identities[1].unwrap(&enc, &NoCallbacks).unwrap().is_some());
}

#[test]
fn lines_are_read_as_sops_reads_them() {
    let count = |text: &str, many: bool| parse_lines(text.as_bytes(), many).map(|all| all.len());
    let two = IDENTITIES.lines().skip(1).take(2).collect::<Vec<_>>();
    assert_eq!(count("", false), Ok(0));
    assert_eq!(count(&IDENTITIES.replace('\n', "\r\n"), false), Ok(3));
    assert_eq!(
        count(&format!("\n#x\n{}\n\n", two.join("\n")), false),
        Ok(2)
    );
    assert_eq!(count(&format!("#x\n  {}\n", two.join("  ")), true), Ok(2));
    assert!(count(&two.join(" "), false).is_err());
    assert!(count(&two.join(","), true).is_err());
    for (line, reason) in [
        (format!(" {}", two[0]), "blanks"),
        (two[0].to_lowercase(), "upper case"),
        (two[0].replace('Z', "X"), "checksum"),
        (format!("\u{feff}{}", two[0]), "byte order mark"),
        (SSH_PUB.to_owned(), "recipient"),
        (
            String::from_utf8(SSH.to_vec()).unwrap(),
            "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
        ),
        ("hello".to_owned(), "not an age identity"),
    ] {
        let error = count(&format!("# one\n{line}"), false).unwrap_err();
        assert!(
            error.starts_with("line 2: ") && error.contains(reason),
            "{error}"
        );
    }
    assert!(
        parse_lines(b"\xff\xfeA\0", false)
            .unwrap_err()
            .contains("UTF-16")
    );
}

#[test]
fn messages_and_debug_output_hold_no_key() {
    let broken = alice().replace('Z', "X");
    let error = Identity::parse(&broken).unwrap_err();
    assert_eq!(error.kind(), Kind::Key);
    let shown = format!("{error:?} {error} {:?}", Identity::parse(alice()).unwrap());
    assert!(!shown.contains(&broken[20..30]) && !shown.contains(&alice()[20..30]));
}
