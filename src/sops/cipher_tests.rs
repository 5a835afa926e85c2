#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;

use super::*;

struct Vector {
    key: &'static str,
    aad: &'static str,
    text: &'static str,
    ty: ScalarType,
    plaintext: &'static str,
}

/// Sealed by sops 3.13.3 (its package `aes`).
const BY_SOPS: &[Vector] = &[
    Vector {
        key: "d9ff6b37ef10f4fd35d32349e8065bd3b0b16a102df32b7afe1b4bbeb1dfa38d",
        aad: "",
        text: "ENC[AES256_GCM,data:mqIPcw==,iv:lLIVLxH6ZK3vyMm7lruLrmUuz0iIxgdrqyKm6F4ux54=,tag:+9jYLU9St5gEtiICi91MrA==,type:bool]",
        ty: ScalarType::Bool,
        plaintext: "54727565",
    },
    Vector {
        key: "99c47f862ed86c08adb771f587bf83567561e941289e03b88db522b8119ad973",
        aad: ":",
        text: "ENC[AES256_GCM,data:pO4jHA8=,iv:InYGiFMHHhpMTAzz0h9P35kEQ7pyHvH21EwmFswfKXQ=,tag:P5/QGzzbQwdwSuudoKhSTg==,type:comment]",
        ty: ScalarType::Comment,
        plaintext: "206e6f7465",
    },
    Vector {
        key: "27f75fbfe1541f69a532a075f64b2d641d8a59354ac5f41cf92ffe14d39fb193",
        aad: "naïve key:x:",
        text: "ENC[AES256_GCM,data:QrJdSNB96u01YV/fkuYPU+FiMgOXpg==,iv:1/8IPj/co2gnss597HX+wV+VU7C/WxJCx3HCC4g+DOs=,tag:/3RUpSbhrppcycek52jBQw==,type:float]",
        ty: ScalarType::Float,
        plaintext: "31303030303030303030303030303030303030303030",
    },
    Vector {
        key: "6a220d5ffd159c01ff5f64d0bf4d6556e19211cdd2f935e3d1a8e0dcfff084b8",
        aad: "b:c:d:",
        text: "ENC[AES256_GCM,data:kg9o,iv:2uY91XqE/BsMcdCKM4TII05v+P2tEHfRlYW9V27KpgA=,tag:BVEQvlZRjUTqdHQ46D0Asg==,type:int]",
        ty: ScalarType::Int,
        plaintext: "2d3430",
    },
    Vector {
        key: "abc14e39700fe3c59dddf2b1a703f8a9551b478fab373f84d4f13ad68e9312c0",
        aad: "a:",
        text: "ENC[AES256_GCM,data:TNwXM9SP0I4DvFAvvXA=,iv:iVraTngrVe/3dpKi+z8rq5UAii//VeVnQLUUme/HiJ8=,tag:+jLng86179KVvUJNEoosww==,type:str]",
        ty: ScalarType::Str,
        plaintext: "7f0bafe5b006134ed424fe2058d5",
    },
];

/// Sealed by Go's `cipher.NewGCMWithNonceSize` with nonces of 1, 12, 16, 33 and 80 bytes; which
/// sops uses for reading.
const OTHER_NONCES: &[Vector] = &[
    Vector {
        key: "a7c37c256cb3c4e36f3e4f5f6deebc1aa746885f236ac236bb7a3da60e76fd85",
        aad: "k:",
        text: "ENC[AES256_GCM,data:UE71,iv:kQ==,tag:e+/LvA7ZurqzIUf9ru88Qg==,type:bytes]",
        ty: ScalarType::Bytes,
        plaintext: "fa4b63",
    },
    Vector {
        key: "ca7f037c779d73d6fdaf1a51628b4c32b3e98803072209e3b8cd3a99612d8a43",
        aad: "k:",
        text: "ENC[AES256_GCM,data:kCzbpA3oO3xM0Ze8ISoi+NuVdBxJCXc+,iv:CtZ1KGqboRPmhIOC,tag:5NEs41yFlV571yxnHdS7pw==,type:bytes]",
        ty: ScalarType::Bytes,
        plaintext: "5b6ea20de432c5e76f76d70624972984b9b7625253555862",
    },
    Vector {
        key: "1178a992f96393e07c8cf30ca28095ee61dbde072832bda314032158467edeef",
        aad: "k:",
        text: "ENC[AES256_GCM,data:N8cNww+FnFgRTbRF/kAwB0g84ZQO9eAzojsvl3mkMCe1KmvC/A==,iv:u5RP/jeLduP0UBZOy8loxw==,tag:YCyGqqslTgpv/r835SDdNw==,type:bytes]",
        ty: ScalarType::Bytes,
        plaintext: "71fc5f24c5eb46dcadb646fefe246005a77662251eb06785feb7cb6808ab127b166a71f4af",
    },
    Vector {
        key: "9526bc555f0cfdefb0f861840cf62d89e157f0e434eaedecc403c6d313832302",
        aad: "k:",
        text: "ENC[AES256_GCM,data:1rR9LOBisFB0whbXjJ9VJ1ylAGhIcKEVDYE6jjnTMQeV13NTkYhA,iv:ocvz1Q1XNA2aXT5DP1Y56aRl3oFj8kNZQLYMC88HnlPh,tag:yufrIX3U6p33rD+R/mFeWg==,type:bytes]",
        ty: ScalarType::Bytes,
        plaintext: "1402c9a031906c6522fd7225ad9959673b515986e7265e0a8398bea51e28bddbeba49dd9c8f061",
    },
    Vector {
        key: "d2e7389d263b2baf210665a669393486bc6659264a28db166f0702ab319d296f",
        aad: "k:",
        text: "ENC[AES256_GCM,data:H7xmHN/YzJaJv0OowvkDYdDFY6z9qb7Q8utF0Z+IvPqygTO8mA==,iv:0UJriCfQVeW8+P7L9UV50rJr+/z1r2cO1Ty3fz2NoWc3S59OtmyDvVgvKP7paNO36PDOMjcdi0kKAujhYD0vAwj9CBOYgE+aodOEH7zQiZ0=,tag:Fcysfbbr1vLdP7MkXofOsQ==,type:bytes]",
        ty: ScalarType::Bytes,
        plaintext: "64ebb736413c30fcfc40c134a64720bedf904564f064e386a53e97700a7c89d5b6a6226df5",
    },
];

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
        .collect()
}

fn cipher(byte: u8) -> Cipher {
    Cipher::new(&DataKey::from_bytes(&[byte; 32]).unwrap())
}

fn sealed(plaintext: &[u8], aad: &[u8], ty: ScalarType) -> Vec<u8> {
    let mut out = Vec::new();
    cipher(1)
        .seal_into(&mut out, plaintext, aad, ty, &[2; 32])
        .unwrap();
    out
}

fn open(text: &[u8], aad: &[u8]) -> Result<(ScalarType, Vec<u8>), CipherError> {
    let envelope = Envelope::parse(text).ok_or(CipherError::Malformed)?;
    cipher(1)
        .open(&envelope, aad)
        .map(|(ty, plaintext)| (ty, plaintext.to_vec()))
}

#[test]
fn what_sops_sealed_opens_and_seals_again_to_the_same_text() {
    for vector in BY_SOPS {
        let cipher = Cipher::new(&DataKey::from_bytes(&hex(vector.key)).unwrap());
        let envelope = Envelope::parse(vector.text.as_bytes()).unwrap();
        let (ty, plaintext) = cipher.open(&envelope, vector.aad.as_bytes()).unwrap();
        assert_eq!(
            (ty, &*plaintext),
            (vector.ty, &hex(vector.plaintext)),
            "{}",
            vector.text
        );
        let iv = envelope.reusable_iv().unwrap();
        let mut again = Vec::new();
        cipher
            .seal_into(&mut again, &plaintext, vector.aad.as_bytes(), ty, &iv)
            .unwrap();
        assert_eq!(again, vector.text.as_bytes());
    }
}

#[test]
fn nonces_of_any_length_open() {
    for vector in OTHER_NONCES {
        let cipher = Cipher::new(&DataKey::from_bytes(&hex(vector.key)).unwrap());
        let envelope = Envelope::parse(vector.text.as_bytes()).unwrap();
        let (ty, plaintext) = cipher.open(&envelope, vector.aad.as_bytes()).unwrap();
        assert_eq!(
            (ty, &*plaintext),
            (vector.ty, &hex(vector.plaintext)),
            "{}",
            vector.text
        );
        assert_eq!(envelope.reusable_iv(), None);
        let moved = cipher.open(&envelope, b"other:");
        assert_eq!(moved, Err(CipherError::Authentication));
    }
}

#[test]
fn only_what_sops_seals_is_sealed() {
    let mut out = b"before".to_vec();
    let mut seal =
        |plaintext: &[u8], ty| cipher(1).seal_into(&mut out, plaintext, b"a:", ty, &[2; 32]);
    assert_eq!(seal(b"", ScalarType::Str), Err(CipherError::EmptyPlaintext));
    assert_eq!(
        seal(b"", ScalarType::Comment),
        Err(CipherError::EmptyPlaintext)
    );
    assert_eq!(seal(b"~", ScalarType::Null), Err(CipherError::Unsealable));
    assert_eq!(seal(b"x", ScalarType::Bytes), Err(CipherError::Unsealable));
    assert_eq!(out, b"before");
}

#[test]
fn each_flaw_has_its_error() {
    let good = String::from_utf8(sealed(b"secret", b"a:", ScalarType::Str)).unwrap();
    let with = |from: &str, to: &str| {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good);
        open(text.as_bytes(), b"a:").unwrap_err()
    };
    assert_eq!(with("ENC[", "ENC("), CipherError::Malformed);
    assert_eq!(with("data:", "data:?"), CipherError::Base64(Part::Data));
    assert_eq!(with("iv:", "iv:="), CipherError::Base64(Part::Iv));
    assert_eq!(with("==,type", ",type"), CipherError::Base64(Part::Tag));
    assert_eq!(with("type:str", "type:text"), CipherError::UnknownType);
    assert_eq!(with("type:str]", "type:str] x]"), CipherError::UnknownType);
    assert_eq!(
        open(good.as_bytes(), b"a:b:"),
        Err(CipherError::Authentication)
    );
    assert_eq!(
        open(
            b"ENC[AES256_GCM,data:YQ==,iv:\r,tag:YWJjZGVmZ2hpamtsbW5vcA==,type:str]",
            b""
        ),
        Err(CipherError::EmptyIv)
    );
    assert_eq!(
        open(b"ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]", b""),
        Err(CipherError::Authentication),
        "shorter than a tag"
    );
    let envelope = Envelope::parse(good.as_bytes()).unwrap();
    assert_eq!(
        cipher(3).open(&envelope, b"a:").unwrap_err(),
        CipherError::Authentication
    );
}

#[test]
fn the_boundary_of_data_and_tag_is_free_as_in_sops() {
    let good = sealed(b"secret", b"a:", ScalarType::Str);
    let envelope = Envelope::parse(&good).unwrap();
    let mut body = Vec::new();
    envelope.append_body(&mut body).unwrap();
    for at in 1..body.len() {
        let (data, tag) = body.split_at(at);
        let text = format!(
            "ENC[AES256_GCM,data:{},iv:{},tag:{},type:str]",
            BASE64.encode(data),
            std::str::from_utf8(envelope.iv()).unwrap(),
            BASE64.encode(tag)
        );
        assert_eq!(
            open(text.as_bytes(), b"a:"),
            Ok((ScalarType::Str, b"secret".to_vec())),
            "{at}"
        );
    }
}

#[test]
fn the_type_is_not_authenticated() {
    // A property of the format, recorded because callers must not rely on the contrary.
    let text = String::from_utf8(sealed(b"5", b"a:", ScalarType::Str)).unwrap();
    let text = text.replace("type:str", "type:int");
    assert_eq!(
        open(text.as_bytes(), b"a:"),
        Ok((ScalarType::Int, b"5".to_vec()))
    );
}

#[test]
fn a_buffer_is_reused_without_its_past() {
    let cipher = cipher(1);
    let (long, short) = (
        sealed(&[7; 500], b"a:", ScalarType::Str),
        sealed(b"x", b"a:", ScalarType::Str),
    );
    let mut out = Vec::new();
    cipher
        .open_into(&Envelope::parse(&long).unwrap(), b"a:", &mut out)
        .unwrap();
    assert_eq!(out, [7; 500]);
    let room = out.capacity();
    cipher
        .open_into(&Envelope::parse(&short).unwrap(), b"a:", &mut out)
        .unwrap();
    assert_eq!((out.as_slice(), out.capacity()), (b"x".as_slice(), room));
    let failed = cipher.open_into(&Envelope::parse(&long).unwrap(), b"b:", &mut out);
    assert_eq!(
        (failed, out.as_slice()),
        (Err(CipherError::Authentication), b"".as_slice())
    );
}

#[test]
fn sealing_again_needs_no_more_room() {
    let cipher = cipher(1);
    let plaintext = b"correct horse battery staple";
    let mut out = Vec::new();
    cipher
        .seal_into(&mut out, plaintext, b"a:", ScalarType::Str, &[2; 32])
        .unwrap();
    let (room, end) = (out.capacity(), out.len());
    out.clear();
    cipher
        .seal_into(&mut out, plaintext, b"a:", ScalarType::Str, &[2; 32])
        .unwrap();
    assert_eq!((out.capacity(), out.len()), (room, end));
}

#[test]
fn errors_become_messages_without_values() {
    let error = Error::from(CipherError::Authentication);
    assert_eq!(error.kind(), Kind::Crypto);
    assert!(error.to_string().starts_with("cannot open the value: "));
    assert_eq!(
        Error::from(CipherError::EmptyPlaintext).message(),
        "cannot seal the value"
    );
    assert_eq!(
        CipherError::Base64(Part::Iv).to_string(),
        "`iv` is not base64"
    );
    assert_eq!(format!("{:?}", cipher(1)), "Cipher(..)");
}

fn writable() -> impl Strategy<Value = ScalarType> {
    prop::sample::select(vec![
        ScalarType::Str,
        ScalarType::Int,
        ScalarType::Float,
        ScalarType::Bool,
        ScalarType::Time,
        ScalarType::Comment,
    ])
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        key in any::<[u8; 32]>(),
        iv in any::<Iv>(),
        before in prop::collection::vec(any::<u8>(), 0..20),
        plaintext in prop::collection::vec(any::<u8>(), 1..300),
        aad in prop::collection::vec(any::<u8>(), 0..60),
        ty in writable(),
    ) {
        let cipher = Cipher::new(&DataKey::from_bytes(&key).unwrap());
        let mut out = before.clone();
        cipher.seal_into(&mut out, &plaintext, &aad, ty, &iv).unwrap();
        let text = out.strip_prefix(before.as_slice()).unwrap();
        let envelope = Envelope::parse(text).unwrap();
        prop_assert_eq!(envelope.reusable_iv(), Some(iv));
        let (opened, bytes) = cipher.open(&envelope, &aad).unwrap();
        prop_assert_eq!((opened, &*bytes), (ty, &plaintext));
    }

    #[test]
    fn a_flipped_bit_does_not_open(
        plaintext in prop::collection::vec(any::<u8>(), 1..80),
        field in 0..3usize,
        bit in any::<prop::sample::Index>(),
    ) {
        let good = sealed(&plaintext, b"a:", ScalarType::Str);
        let envelope = Envelope::parse(&good).unwrap();
        let mut fields = [envelope.data(), envelope.iv(), envelope.tag()].map(|f| BASE64.decode(f).unwrap());
        let bit = bit.index(fields[field].len() * 8);
        fields[field][bit / 8] ^= 1 << (bit % 8);
        let [data, iv, tag] = fields.map(|f| BASE64.encode(f));
        let text = format!("ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:str]");
        prop_assert_eq!(open(text.as_bytes(), b"a:"), Err(CipherError::Authentication));
    }

    #[test]
    fn arbitrary_fields_do_not_panic(fields in prop::collection::vec("[A-Za-z0-9+/=\r]{1,60}", 3)) {
        let text = format!("ENC[AES256_GCM,data:{},iv:{},tag:{},type:str]", fields[0], fields[1], fields[2]);
        prop_assert!(open(text.as_bytes(), b"a:").is_err());
    }
}
