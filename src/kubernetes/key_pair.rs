//! Certificates with their private keys: Secrets of type `kubernetes.io/tls`.

use curve25519_dalek::edwards::EdwardsPoint;
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use rsa::BigUint;
use rsa::pkcs1::RsaPrivateKey;
use rsa::pkcs8::PrivateKeyInfo;
use sha2::{Digest as _, Sha512};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::{ObjectIdentifier, OctetStringRef};
use zeroize::Zeroizing;

use super::pem::{self, Block};
use super::secret::{SecretManifest, TYPE_TLS};
use crate::error::{Error, Kind, Result};
use crate::secret::SecretBytes;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// What a certificate chain says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFacts {
    /// How many certificates the file holds, the leaf included.
    pub certificates: usize,
    /// `RSA`, `ECDSA P-256`, `ECDSA P-384`, `ECDSA P-521` or `Ed25519`.
    pub key: &'static str,
    /// When the leaf starts to be valid, in seconds since 1970-01-01 UTC.
    pub not_before: u64,
    /// When the leaf stops being valid, in seconds since 1970-01-01 UTC.
    pub not_after: u64,
}

/// The Secret `kubectl create secret tls` makes; both texts are kept unchanged.
///
/// # Errors
/// As [`check`] and [`SecretManifest::check`].
pub fn secret(
    name: &str,
    namespace: Option<&str>,
    certificates: &[u8],
    private_key: SecretBytes,
) -> Result<SecretManifest> {
    check(certificates, private_key.expose())?;
    let mut secret = SecretManifest::new(name, namespace, Some(TYPE_TLS));
    secret.insert("tls.crt", SecretBytes::copy_of(certificates))?;
    secret.insert("tls.key", private_key)?;
    secret.checked()
}

/// Checks that every certificate of a PEM file parses, that the private key parses and is consistent, and that it
/// belongs to the first certificate, which must be the leaf.
///
/// Keys: RSA, ECDSA on P-256, P-384 and P-521, Ed25519, in PKCS#8, PKCS#1 or SEC1.
///
/// # Errors
/// `Kind::Input` with the rule that is not met.
pub fn check(certificates: &[u8], private_key: &[u8]) -> Result<ChainFacts> {
    let chain = parse_chain(certificates)?;
    let key = parse_private_key(private_key)?;
    let Some(leaf) = chain.first() else {
        return Err(no_certificate());
    };
    let leaf_key = certificate_key(leaf)?;
    if leaf_key != key {
        let position = chain
            .iter()
            .position(|c| certificate_key(c).is_ok_and(|k| k == key));
        let error = Error::new(
            Kind::Input,
            "the private key does not belong to the certificate",
        );
        return Err(match position {
            Some(at) => error
                .because(format!(
                    "it belongs to certificate {} of the file, not to the first",
                    at + 1
                ))
                .hint("put the server's own certificate first, then the intermediate ones"),
            None if leaf_key.name() != key.name() => error
                .because(format!(
                    "the certificate is for {}, the key is {}",
                    leaf_key.name(),
                    key.name()
                ))
                .hint("give the key the certificate was requested with"),
            None => error.hint("give the key the certificate was requested with"),
        });
    }
    let validity = &leaf.tbs_certificate.validity;
    Ok(ChainFacts {
        certificates: chain.len(),
        key: key.name(),
        not_before: validity.not_before.to_unix_duration().as_secs(),
        not_after: validity.not_after.to_unix_duration().as_secs(),
    })
}

/// A public key in its comparable form.
#[derive(PartialEq, Eq)]
enum PublicKey {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Ec { curve: Curve, point: Vec<u8> },
    Ed25519(Vec<u8>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
}

impl PublicKey {
    fn name(&self) -> &'static str {
        match self {
            PublicKey::Rsa { .. } => "RSA",
            PublicKey::Ec {
                curve: Curve::P256, ..
            } => "ECDSA P-256",
            PublicKey::Ec {
                curve: Curve::P384, ..
            } => "ECDSA P-384",
            PublicKey::Ec {
                curve: Curve::P521, ..
            } => "ECDSA P-521",
            PublicKey::Ed25519(_) => "Ed25519",
        }
    }
}

impl Curve {
    fn of(oid: ObjectIdentifier) -> Result<Self> {
        match oid {
            P256 => Ok(Curve::P256),
            P384 => Ok(Curve::P384),
            P521 => Ok(Curve::P521),
            _ => Err(unsupported(format!("the curve {oid} is not supported"))),
        }
    }

    /// The uncompressed form of a public point, which also checks that it is on the curve.
    fn point(self, sec1: &[u8]) -> Option<Vec<u8>> {
        Some(match self {
            Curve::P256 => p256::PublicKey::from_sec1_bytes(sec1)
                .ok()?
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
            Curve::P384 => p384::PublicKey::from_sec1_bytes(sec1)
                .ok()?
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
            Curve::P521 => p521::PublicKey::from_sec1_bytes(sec1)
                .ok()?
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
        })
    }

    fn public_of(self, scalar: &[u8]) -> Option<Vec<u8>> {
        Some(match self {
            Curve::P256 => p256::SecretKey::from_slice(scalar)
                .ok()?
                .public_key()
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
            Curve::P384 => p384::SecretKey::from_slice(scalar)
                .ok()?
                .public_key()
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
            Curve::P521 => p521::SecretKey::from_slice(scalar)
                .ok()?
                .public_key()
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
        })
    }
}

fn unsupported(message: impl Into<String>) -> Error {
    Error::new(Kind::Input, message).hint("use RSA, ECDSA on P-256, P-384 or P-521, or Ed25519")
}

fn no_certificate() -> Error {
    Error::new(Kind::Input, "the certificate file holds no certificate")
        .hint("it needs at least one `-----BEGIN CERTIFICATE-----` block")
}

fn parse_chain(text: &[u8]) -> Result<Vec<CertificateInner<Raw>>> {
    let mut chain = Vec::new();
    for block in pem::blocks("the certificate file", text)? {
        if block.label.ends_with("PRIVATE KEY") {
            return Err(
                Error::new(Kind::Input, "the certificate file also holds a private key")
                    .because("`tls.crt` is handed out to readers that must not have it")
                    .hint("give the certificates and the key as two files"),
            );
        }
        if block.label != "CERTIFICATE" {
            continue;
        }
        let certificate = CertificateInner::from_der(&block.der).map_err(|e| {
            Error::new(
                Kind::Input,
                format!("certificate {} of the file does not parse", chain.len() + 1),
            )
            .because(e.to_string())
            .hint("check it with `openssl x509 -text`")
        })?;
        chain.push(certificate);
    }
    if chain.is_empty() {
        Err(no_certificate())
    } else {
        Ok(chain)
    }
}

fn certificate_key(certificate: &CertificateInner<Raw>) -> Result<PublicKey> {
    let info = &certificate.tbs_certificate.subject_public_key_info;
    let damaged = || {
        Error::new(
            Kind::Input,
            "the public key of the certificate does not parse",
        )
        .hint("check it with `openssl x509 -text`")
    };
    let bits = info.subject_public_key.as_bytes().ok_or_else(damaged)?;
    match info.algorithm.oid {
        RSA => {
            let key = rsa::pkcs1::RsaPublicKey::from_der(bits).map_err(|_| damaged())?;
            Ok(PublicKey::Rsa {
                modulus: key.modulus.as_bytes().to_vec(),
                exponent: key.public_exponent.as_bytes().to_vec(),
            })
        }
        EC => {
            let parameters = info.algorithm.parameters.as_ref().ok_or_else(damaged)?;
            let curve = Curve::of(parameters.decode_as().map_err(|_| damaged())?)?;
            Ok(PublicKey::Ec {
                curve,
                point: curve.point(bits).ok_or_else(damaged)?,
            })
        }
        ED25519 => Ok(PublicKey::Ed25519(bits.to_vec())),
        oid => Err(unsupported(format!(
            "the certificate's key algorithm {oid} is not supported"
        ))),
    }
}

fn parse_private_key(text: &[u8]) -> Result<PublicKey> {
    let blocks = pem::blocks("the private key file", text)?;
    let Some(block) = blocks
        .iter()
        .find(|b| b.label == "PRIVATE KEY" || b.label.ends_with(" PRIVATE KEY"))
    else {
        return Err(
            Error::new(Kind::Input, "the private key file holds no private key")
                .hint("it needs a `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY` block"),
        );
    };
    if block.encrypted || block.label == "ENCRYPTED PRIVATE KEY" {
        return Err(Error::new(
            Kind::Input,
            "the private key is encrypted with a passphrase",
        )
        .because("nobody can type it in the cluster")
        .hint("remove the passphrase with `openssl pkey` and pass the result on through a pipe"));
    }
    match block.label.as_str() {
        "PRIVATE KEY" => from_pkcs8(block),
        "RSA PRIVATE KEY" => from_pkcs1(&block.der),
        "EC PRIVATE KEY" => from_sec1(&block.der, None),
        "OPENSSH PRIVATE KEY" => Err(Error::new(
            Kind::Input,
            "the private key is in OpenSSH's own format",
        )
        .hint("convert a copy with `ssh-keygen -p -m PKCS8 -f COPY`")),
        label => Err(unsupported(format!("a `{label}` block is not supported"))),
    }
}

fn damaged_key() -> Error {
    Error::new(
        Kind::Input,
        "the private key does not parse or is inconsistent",
    )
    .hint("check it with `openssl pkey -check`")
}

fn from_pkcs8(block: &Block) -> Result<PublicKey> {
    let info = PrivateKeyInfo::try_from(block.der.as_slice()).map_err(|_| damaged_key())?;
    match info.algorithm.oid {
        RSA => from_pkcs1(info.private_key),
        EC => from_sec1(
            info.private_key,
            Some(info.algorithm.parameters_oid().map_err(|_| damaged_key())?),
        ),
        ED25519 => {
            let seed = OctetStringRef::from_der(info.private_key).map_err(|_| damaged_key())?;
            let seed: &[u8; 32] = seed.as_bytes().try_into().map_err(|_| damaged_key())?;
            // RFC 8032, 5.1.5: the scalar is the lower half of the seed's hash.
            let hash = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(seed)));
            let mut scalar = Zeroizing::new([0; 32]);
            scalar
                .iter_mut()
                .zip(hash.iter())
                .for_each(|(to, from)| *to = *from);
            Ok(PublicKey::Ed25519(
                EdwardsPoint::mul_base_clamped(*scalar)
                    .compress()
                    .as_bytes()
                    .to_vec(),
            ))
        }
        oid => Err(unsupported(format!(
            "the private key's algorithm {oid} is not supported"
        ))),
    }
}

fn from_pkcs1(der: &[u8]) -> Result<PublicKey> {
    let key = RsaPrivateKey::from_der(der).map_err(|_| damaged_key())?;
    let number = |bytes: &[u8]| Zeroizing::new(BigUint::from_bytes_be(bytes));
    let (p, q, d) = (
        number(key.prime1.as_bytes()),
        number(key.prime2.as_bytes()),
        number(key.private_exponent.as_bytes()),
    );
    let (n, e) = (
        number(key.modulus.as_bytes()),
        number(key.public_exponent.as_bytes()),
    );
    // RFC 8017, 3.2: servers compute with the derived numbers, so a wrong one breaks every handshake.
    let one = BigUint::from(1_u8);
    let product = Zeroizing::new(&*p * &*q);
    let exponent_fits = |prime: &BigUint, derived: &[u8]| {
        if *prime <= one {
            return false;
        }
        let order = Zeroizing::new(prime - &one);
        let reduced = Zeroizing::new(&*d % &*order);
        let inverse = Zeroizing::new(&*reduced * &*e % &*order);
        *reduced == *number(derived) && *inverse == &one % &*order
    };
    let consistent = *product == *n
        && exponent_fits(&p, key.exponent1.as_bytes())
        && exponent_fits(&q, key.exponent2.as_bytes())
        && &*number(key.coefficient.as_bytes()) * &*q % &*p == one;
    if !consistent {
        return Err(damaged_key());
    }
    Ok(PublicKey::Rsa {
        modulus: key.modulus.as_bytes().to_vec(),
        exponent: key.public_exponent.as_bytes().to_vec(),
    })
}

fn from_sec1(der: &[u8], outer: Option<ObjectIdentifier>) -> Result<PublicKey> {
    let key = sec1::EcPrivateKey::try_from(der).map_err(|_| damaged_key())?;
    let inner = key.parameters.and_then(|p| p.named_curve());
    let curve = Curve::of(outer.or(inner).ok_or_else(damaged_key)?)?;
    let point = curve.public_of(key.private_key).ok_or_else(damaged_key)?;
    if key
        .public_key
        .is_some_and(|public| curve.point(public).as_ref() != Some(&point))
    {
        return Err(damaged_key());
    }
    Ok(PublicKey::Ec { curve, point })
}

#[cfg(test)]
#[path = "key_pair_tests.rs"]
mod tests;
