#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;

struct Vector {
    secret: &'static str,
    threshold: usize,
    shares: &'static [&'static str],
}

/// Split by sops 3.13.3 (its package `shamir`).
const BY_SOPS: &[Vector] = &[
    Vector {
        secret: "ca93fac027ff83672085363c0b1d14e10bf4462e93c7b6bfb8eac7cc73c45f50",
        threshold: 2,
        shares: &[
            "b544231184b199bcef5158a1a53567979633743bdf0cf2d08f598b7223f5c6c601",
            "342653797a63b7caa536ea1d4c4df20d2a6122040b4a3e61d6975fabd3a6766702",
            "4bf18aa8d92dad116ae28480e265817bb7a6101147817a0ee12413158397eff103",
        ],
    },
    Vector {
        secret: "ef0dd51c1c59118c6ccf19ec432f016b3ffe5ec0030e477a45ed0a126ec2dfcb",
        threshold: 3,
        shares: &[
            "dfa88e31eb92c814b92cbb5125af40cfcc4e9a7dafcb5bf700084b640646c92f01",
            "b0e117ea9fffb4ad0503fdb3767215baaf9201524ce3442ff39128d6e0e3784e02",
            "80444cc768346d35d0e05f0e10f2541e5c22c5efe02658a2b67469a088676eaa03",
            "ad0c816dc2a270e6f30810aae09647ecab7afd1ead24ad9bc297f8210a48909904",
        ],
    },
];

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
        .collect()
}

/// All subsets of `0..n` with `k` members.
fn subsets(n: usize, k: usize) -> impl Iterator<Item = Vec<usize>> {
    (0u32..1 << n)
        .filter(move |set| set.count_ones() as usize == k)
        .map(move |set| (0..n).filter(|i| set >> i & 1 == 1).collect())
}

#[test]
fn shares_of_sops_combine() {
    for vector in BY_SOPS {
        let shares: Vec<Vec<u8>> = vector.shares.iter().map(|share| hex(share)).collect();
        let secret = hex(vector.secret);
        for count in vector.threshold - 1..=shares.len() {
            for subset in subsets(shares.len(), count).filter(|subset| subset.len() >= 2) {
                let some: Vec<&[u8]> = subset.iter().rev().map(|&i| shares[i].as_slice()).collect();
                let recovered = combine(&some).unwrap();
                assert_eq!(
                    recovered.expose() == secret,
                    count >= vector.threshold,
                    "{subset:?}"
                );
            }
        }
    }
}

#[test]
fn multiplication_is_that_of_the_aes_field() {
    // FIPS 197, section 4.2.
    assert_eq!(multiply(0x57, 0x83), 0xc1);
    assert_eq!(multiply(0x57, 0x13), 0xfe);
    for a in 0..=255 {
        assert_eq!(multiply(a, 1), a);
        assert_eq!(multiply(a, 0), 0);
        assert_eq!(multiply(a, inverse(a)), u8::from(a != 0), "{a}");
    }
}

#[test]
fn multiplication_is_a_fields() {
    for a in 0..=255 {
        for b in 0..=255 {
            assert_eq!(multiply(a, b), multiply(b, a));
            assert_eq!(multiply(a, b ^ 0x5a), multiply(a, b) ^ multiply(a, 0x5a));
        }
    }
}

#[test]
fn shares_are_laid_out_as_in_sops() {
    let shares = split(&[7; 32], 2, 3).unwrap();
    assert_eq!(shares.len(), 3);
    for (share, x) in shares.iter().zip(1..) {
        assert_eq!(share.expose().len(), 33);
        assert_eq!(share.expose().last(), Some(&x));
    }
}

#[test]
fn two_splits_share_no_coefficients() {
    assert_ne!(
        split(&[7; 32], 2, 2).unwrap(),
        split(&[7; 32], 2, 2).unwrap()
    );
}

#[test]
fn fewer_shares_than_the_threshold_tell_nothing() {
    // Every y of a single share must be possible for a fixed secret byte.
    let mut rng = StdRng::seed_from_u64(1);
    let mut seen = [false; 256];
    for _ in 0..100 {
        let shares = split_from(&mut rng, &[0; 64], 2, 2).unwrap();
        shares[1].expose()[..64]
            .iter()
            .for_each(|&y| seen[usize::from(y)] = true);
    }
    assert!(seen.iter().all(|&seen| seen));
}

#[test]
fn the_limits_are_those_of_sops() {
    for (threshold, parts) in [(0, 3), (1, 3), (3, 2), (2, 256), (256, 256)] {
        let error = split(&[1; 32], threshold, parts).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage, "{threshold} of {parts}");
    }
    assert_eq!(split(&[], 2, 2).unwrap_err().kind(), Kind::Usage);
    let shares = split(&[1; 32], 255, 255).unwrap();
    let all: Vec<&[u8]> = shares.iter().map(SecretBytes::expose).collect();
    assert_eq!(combine(&all).unwrap().expose(), [1; 32]);
    assert_ne!(combine(&all[1..]).unwrap().expose(), [1; 32]);
}

#[test]
fn unusable_shares_are_refused() {
    for (shares, reason) in [
        (&[][..], "fewer than two shares"),
        (&[&[1, 2][..]], "fewer than two shares"),
        (&[&[1], &[2]], "a share is shorter than two bytes"),
        (&[&[1, 1], &[]], "a share is shorter than two bytes"),
        (&[&[1, 1], &[1, 1, 2]], "the shares differ in length"),
        (
            &[&[1, 1], &[2, 2], &[3, 1]],
            "two groups hold the same share",
        ),
        (&[&[1, 1], &[2, 0]], "a share is numbered zero"),
    ] {
        let error = combine(shares).unwrap_err();
        assert_eq!((error.kind(), error.reason()), (Kind::Key, Some(reason)));
    }
}

proptest! {
    #[test]
    fn any_threshold_of_shares_recovers(
        secret in prop::collection::vec(any::<u8>(), 1..40),
        threshold in 2..6usize,
        more in 0..3usize,
        seed in any::<u64>(),
    ) {
        let shares = split_from(&mut StdRng::seed_from_u64(seed), &secret, threshold, threshold + more).unwrap();
        for subset in subsets(shares.len(), threshold) {
            let some: Vec<&[u8]> = subset.iter().map(|&i| shares[i].expose()).collect();
            let recovered = combine(&some).unwrap();
            prop_assert_eq!(recovered.expose(), secret.as_slice());
        }
    }
}
