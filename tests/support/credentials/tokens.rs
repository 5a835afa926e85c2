//! Tokens made of random characters, with the checksums that their formats have.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// SplitMix64, as in `generate/random.rs`.
#[derive(Clone, Debug)]
pub struct Dice(u64);

pub const DIGITS: &str = "0123456789";
pub const HEX: &str = "0123456789abcdef";
pub const LOWER: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
pub const UPPER: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
pub const ALNUM: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
pub const URL: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x6372_6564)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// `count` characters of an alphabet; never with a run of `-` or `_` at an end, where a pattern ends.
    pub fn of(&mut self, alphabet: &str, count: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        let solid: Vec<char> = letters
            .iter()
            .copied()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let mut text = String::new();
        for index in 0..count {
            let from = if index == 0 || index + 1 == count {
                &solid
            } else {
                &letters
            };
            let digit = self.next() % from.len() as u64;
            text.push(from[usize::try_from(digit).unwrap()]);
        }
        text
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| (self.next() >> 32) as u8)
    }
}

fn in_base(mut number: u64, alphabet: &str, width: usize) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut digits = Vec::new();
    while number > 0 || digits.len() < width {
        digits.push(letters[usize::try_from(number % letters.len() as u64).unwrap()]);
        number /= letters.len() as u64;
    }
    digits.into_iter().rev().collect()
}

/// GitHub and npm: 30 characters, and their CRC-32 in six digits of base 62.
pub fn with_crc62(dice: &mut Dice, prefix: &str) -> String {
    let body = dice.of(ALNUM, 30);
    let crc = crc32fast::hash(body.as_bytes());
    format!("{prefix}{body}{}", in_base(u64::from(crc), ALNUM, 6))
}

pub fn github(dice: &mut Dice) -> String {
    let prefix = [
        "gh",
        ["p", "o", "u", "s", "r"][dice.next() as usize % 5],
        "_",
    ]
    .concat();
    with_crc62(dice, &prefix)
}

pub fn github_fine(dice: &mut Dice) -> String {
    let (id, body) = (dice.of(ALNUM, 22), dice.of(ALNUM, 59));
    ["github", "_pat_", &id, "_", &body].concat()
}

pub fn gitlab(dice: &mut Dice) -> String {
    let prefix = ["pat-", "dt-", "rt-", "ft-"][dice.next() as usize % 4];
    ["gl", prefix, &dice.of(URL, 20)].concat()
}

/// GitLab's routable tokens: payload, version, length of the payload and CRC-32 in base 36.
pub fn gitlab_routable(dice: &mut Dice) -> String {
    let mut payload = dice.bytes::<16>().to_vec();
    payload.extend(format!("o:1\nu:{}", dice.of(LOWER, 4)).bytes());
    payload.push(16);
    let payload = URL_SAFE_NO_PAD.encode(payload);
    let length = in_base(payload.len() as u64, LOWER, 2);
    let body = ["gl", "pat-", &payload, ".01.", &length].concat();
    let crc = in_base(u64::from(crc32fast::hash(body.as_bytes())), LOWER, 7);
    body + &crc
}

pub fn npm(dice: &mut Dice) -> String {
    with_crc62(dice, &["npm", "_"].concat())
}

/// An age identity that belongs to no recipient in use.
pub fn age(dice: &mut Dice) -> String {
    use bech32::ToBase32 as _;
    let key = dice.bytes::<32>().to_base32();
    let text = bech32::encode("age-secret-key-", key, bech32::Variant::Bech32).unwrap();
    text.to_uppercase()
}

/// An identity that lives in a plugin, as a hardware key has one.
pub fn age_plugin(dice: &mut Dice) -> String {
    use bech32::ToBase32 as _;
    let key = dice.bytes::<20>().to_base32();
    let text = bech32::encode("age-plugin-yubikey-", key, bech32::Variant::Bech32).unwrap();
    text.to_uppercase()
}

pub fn aws_pair(dice: &mut Dice) -> String {
    let id = ["AK", "IA", &dice.of(BASE32, 16)].concat();
    let secret = dice.of(&[ALNUM, "/+"].concat(), 40);
    format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}")
}

pub fn google_api(dice: &mut Dice) -> String {
    ["AI", "za", "Sy", &dice.of(URL, 33)].concat()
}

pub fn google_client(dice: &mut Dice) -> String {
    ["GOC", "SPX-", &dice.of(URL, 28)].concat()
}

pub fn google_account(dice: &mut Dice) -> String {
    let key = pem(dice, "PRIVATE KEY", 1218).replace('\n', "\\n");
    let (id, digits) = (dice.of(HEX, 40), dice.of(DIGITS, 21));
    format!(
        "{{\n  \"type\": \"service_account\",\n  \"project_id\": \"blaster-dev\",\n  \"private_key_id\": \"{id}\",\n  \"private_key\": \"{key}\\n\",\n  \"client_email\": \"robot@blaster-dev.iam.gserviceaccount.com\",\n  \"client_id\": \"{digits}\",\n  \"token_uri\": \"https://oauth2.googleapis.com/token\"\n}}"
    )
}

pub fn stripe(dice: &mut Dice) -> String {
    let prefix = ["sk", "rk"][dice.next() as usize % 2];
    [prefix, "_li", "ve_", "51", &dice.of(ALNUM, 97)].concat()
}

pub fn clerk(dice: &mut Dice) -> String {
    ["sk", "_li", "ve_", &dice.of(ALNUM, 42)].concat()
}

pub fn slack(dice: &mut Dice) -> String {
    let kind = ["b", "p"][dice.next() as usize % 2];
    let (a, b) = (dice.of("123456789", 12), dice.of("123456789", 13));
    let rest = if kind == "p" {
        format!("{}-{}", dice.of("123456789", 12), dice.of(HEX, 32))
    } else {
        dice.of(ALNUM, 24)
    };
    format!("xox{kind}-{a}-{b}-{rest}")
}

pub fn slack_hook(dice: &mut Dice) -> String {
    let (team, hook, key) = (dice.of(UPPER, 10), dice.of(UPPER, 10), dice.of(ALNUM, 24));
    format!(
        "https://hooks.{}.com/services/T{team}/B{hook}/{key}",
        "slack"
    )
}

pub fn pypi(dice: &mut Dice) -> String {
    // A macaroon of pypi.org: version 2, the location, an identifier.
    let mut macaroon = b"\x02\x01\x08pypi.org\x02\x24".to_vec();
    let id = dice.of(HEX, 36);
    macaroon.extend(id.bytes());
    macaroon.extend(b"\x00\x02\x2c[3,\"");
    macaroon.extend(dice.of(HEX, 36).bytes());
    macaroon.extend(b"\"]\x00\x00\x06\x20");
    macaroon.extend(dice.bytes::<32>());
    ["py", "pi-", &URL_SAFE_NO_PAD.encode(macaroon)].concat()
}

pub fn cloudflare(dice: &mut Dice) -> String {
    format!("CLOUDFLARE_API_TOKEN={}", dice.of(URL, 40))
}

pub fn cloudflare_origin(dice: &mut Dice) -> String {
    ["v1", ".0-", &dice.of(HEX, 24), "-", &dice.of(HEX, 146)].concat()
}

pub fn openai(dice: &mut Dice) -> String {
    [
        "sk",
        "-proj-",
        &dice.of(URL, 74),
        "T3Blbk",
        "FJ",
        &dice.of(URL, 74),
    ]
    .concat()
}

pub fn anthropic(dice: &mut Dice) -> String {
    ["sk", "-ant-", "api03-", &dice.of(URL, 93), "AA"].concat()
}

pub fn jwt(dice: &mut Dice) -> String {
    let header = URL_SAFE_NO_PAD.encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
    let claims = format!(
        "{{\"sub\":\"{}\",\"iss\":\"https://id.reids.net.au\",\"iat\":1767225600,\"role\":\"service\"}}",
        dice.of(DIGITS, 10)
    );
    let claims = URL_SAFE_NO_PAD.encode(claims);
    let signature = URL_SAFE_NO_PAD.encode(dice.bytes::<32>());
    format!("{header}.{claims}.{signature}")
}

pub fn docker(dice: &mut Dice) -> String {
    let auth = STANDARD.encode(format!("robot:{}", password(dice)));
    format!(
        "{{\n  \"auths\": {{\n    \"registry.reids.net.au\": {{\n      \"auth\": \"{auth}\"\n    }}\n  }}\n}}"
    )
}

pub fn kubeconfig(dice: &mut Dice) -> String {
    let key = STANDARD.encode(pem(dice, "EC PRIVATE KEY", 121));
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n  - name: home\n    cluster:\n      server: https://10.0.0.1:6443\ncontexts:\n  - name: home\n    context:\n      cluster: home\n      user: admin\ncurrent-context: home\nusers:\n  - name: admin\n    user:\n      client-key-data: {key}"
    )
}

/// A password as a generator makes it.
pub fn password(dice: &mut Dice) -> String {
    dice.of(ALNUM, 20)
}

/// PEM of random bytes, which start as DER does.
pub fn pem(dice: &mut Dice, label: &str, length: usize) -> String {
    let mut der = vec![
        0x30,
        0x82,
        ((length - 4) >> 8) as u8,
        (length - 4) as u8,
        0x02,
        0x01,
        0x00,
    ];
    while der.len() < length {
        der.push((dice.next() >> 32) as u8);
    }
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----{} {label}-----\n{}\n-----{} {label}-----",
        "BEGIN",
        lines.join("\n"),
        "END"
    )
}

pub fn openssh(dice: &mut Dice) -> String {
    let mut bytes = b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01".to_vec();
    bytes.extend(b"\0\0\0\x33\0\0\0\x0bssh-ed25519\0\0\0\x20");
    bytes.extend(dice.bytes::<200>());
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(70)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let label = "OPENSSH PRIVATE KEY";
    format!(
        "-----{} {label}-----\n{}\n-----{} {label}-----",
        "BEGIN",
        lines.join("\n"),
        "END"
    )
}

pub fn putty(dice: &mut Dice) -> String {
    let (public, private) = (
        STANDARD.encode(dice.bytes::<51>()),
        STANDARD.encode(dice.bytes::<36>()),
    );
    format!(
        "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: robot\nPublic-Lines: 2\n{}\n{}\nPrivate-Lines: 1\n{private}\nPrivate-MAC: {}",
        &public[..64],
        &public[64..],
        dice.of(HEX, 64)
    )
}

/// The CRC-24 of OpenPGP's armour (RFC 4880).
fn crc24(bytes: &[u8]) -> [u8; 3] {
    let mut crc: u32 = 0x00b7_04ce;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4cfb;
            }
        }
    }
    let [_, a, b, c] = crc.to_be_bytes();
    [a, b, c]
}

pub fn pgp(dice: &mut Dice) -> String {
    // A secret key packet of version 4, RSA.
    let mut bytes = vec![0x95, 0x01, 0xdd, 4, 0x68, 0x00, 0x00, 0x00, 1, 0x04, 0x00];
    bytes.extend(dice.bytes::<469>());
    let (text, sum) = (STANDARD.encode(&bytes), STANDARD.encode(crc24(&bytes)));
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let label = "PGP PRIVATE KEY BLOCK";
    format!(
        "-----{} {label}-----\n\n{}\n={sum}\n-----{} {label}-----",
        "BEGIN",
        lines.join("\n"),
        "END"
    )
}
