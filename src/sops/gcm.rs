//! GCM decryption for nonces of any length (NIST SP 800-38D, section 7), for files whose nonces
//! are not the 32 bytes that SOPS writes. Sealing never comes here.

use aes::Aes256;
use aes::cipher::{BlockEncrypt, InnerIvInit, KeyInit, StreamCipherCore};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::cipher::TAG_LEN;

/// 2^32 - 2 blocks: what one nonce can encrypt before its counter repeats.
const MAX_LEN: u64 = ((1 << 32) - 2) * 16;

/// The tag did not verify, or a length is beyond what GCM can handle.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAuthentic;

/// Verifies `tag` over `aad` and `body`, then decrypts `body` in place. `nonce` is not empty.
/// On failure `body` is still ciphertext.
pub(super) fn open_in_place(
    aes: &Aes256,
    nonce: &[u8],
    aad: &[u8],
    body: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), NotAuthentic> {
    if nonce.is_empty() || body.len() as u64 > MAX_LEN {
        return Err(NotAuthentic);
    }
    let mut hash_key = ghash::Key::default();
    aes.encrypt_block(&mut hash_key);
    let ghash = GHash::new(&hash_key);
    hash_key.zeroize();

    let start = match <[u8; 12]>::try_from(nonce) {
        Ok(nonce) => {
            let mut block = [0; 16];
            for (to, from) in block.iter_mut().zip(nonce) {
                *to = from;
            }
            block[15] = 1;
            block.into()
        }
        Err(_) => hash(ghash.clone(), &[], nonce).ok_or(NotAuthentic)?,
    };
    let mut counter = ctr::CtrCore::<_, ctr::flavors::Ctr32BE>::inner_iv_init(aes, &start);
    let mut mask = ghash::Block::default();
    counter.write_keystream_block(&mut mask);
    let mut expected = hash(ghash, aad, body).ok_or(NotAuthentic)?;
    for (byte, mask) in expected.iter_mut().zip(mask) {
        *byte ^= mask;
    }
    if !bool::from(expected.as_slice().ct_eq(tag)) {
        return Err(NotAuthentic);
    }
    counter.apply_keystream_partial(body.into());
    Ok(())
}

/// GHASH over both texts, each padded to whole blocks, and their lengths in bits. A nonce is
/// hashed as a body without additional data: its 64 zero bits are that length.
fn hash(mut ghash: GHash, aad: &[u8], body: &[u8]) -> Option<ghash::Block> {
    let bits = |len: usize| u64::try_from(len).ok()?.checked_mul(8).map(u128::from);
    let lengths = bits(aad.len())? << 64 | bits(body.len())?;
    ghash.update_padded(aad);
    ghash.update_padded(body);
    ghash.update(&[lengths.to_be_bytes().into()]);
    Some(ghash.finalize())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use aes_gcm::aead::AeadInPlace;
    use aes_gcm::aead::consts::{U1, U8, U12, U15, U16, U17, U32, U33, U64};
    use aes_gcm::aead::generic_array::{ArrayLength, GenericArray};
    use aes_gcm::{AesGcm, KeyInit};
    use proptest::prelude::*;

    use super::*;

    fn agrees<N: ArrayLength<u8>>(key: [u8; 32], seed: u8, aad: &[u8], plain: &[u8]) {
        let nonce: GenericArray<u8, N> = (0..N::to_u8())
            .map(|i| i.wrapping_mul(seed) ^ seed)
            .collect();
        let reference = AesGcm::<Aes256, N>::new(&key.into());
        let mut body = plain.to_vec();
        let tag = reference
            .encrypt_in_place_detached(&nonce, aad, &mut body)
            .unwrap()
            .into();
        let aes = Aes256::new(&key.into());
        let sealed = body.clone();
        for (nonce, aad, tag) in [
            (nonce.as_slice(), [aad, b"x"].concat(), tag),
            (
                nonce.as_slice(),
                aad.to_vec(),
                <[u8; 16]>::map(tag, |b| b ^ 1),
            ),
            (&[nonce.as_slice(), b"\0"].concat(), aad.to_vec(), tag),
        ] {
            assert_eq!(
                open_in_place(&aes, nonce, &aad, &mut body, &tag),
                Err(NotAuthentic)
            );
            assert_eq!(body, sealed);
        }
        assert_eq!(open_in_place(&aes, &nonce, aad, &mut body, &tag), Ok(()));
        assert_eq!(body, plain);
    }

    proptest! {
        #[test]
        fn agrees_with_the_typed_cipher(
            key in any::<[u8; 32]>(),
            seed in any::<u8>(),
            aad in prop::collection::vec(any::<u8>(), 0..40),
            plain in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            agrees::<U1>(key, seed, &aad, &plain);
            agrees::<U8>(key, seed, &aad, &plain);
            agrees::<U12>(key, seed, &aad, &plain);
            agrees::<U15>(key, seed, &aad, &plain);
            agrees::<U16>(key, seed, &aad, &plain);
            agrees::<U17>(key, seed, &aad, &plain);
            agrees::<U32>(key, seed, &aad, &plain);
            agrees::<U33>(key, seed, &aad, &plain);
            agrees::<U64>(key, seed, &aad, &plain);
        }
    }

    #[test]
    fn an_empty_nonce_is_refused() {
        let aes = Aes256::new(&[0; 32].into());
        assert_eq!(
            open_in_place(&aes, &[], b"", &mut [], &[0; 16]),
            Err(NotAuthentic)
        );
    }
}
