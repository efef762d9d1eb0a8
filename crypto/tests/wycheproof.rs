//! Project Wycheproof's corner cases: through this crate's own functions where
//! they reach the primitive, else against the libraries at the versions it uses.

use aes_gcm::{AeadInPlace, Aes256Gcm, Nonce, Tag};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use rand::{SeedableRng, rngs::StdRng};
use sealwire_crypto::{CryptoError, DevicePublic, InboxPublic, Signature, seal};
use sha2::Sha256;
use wycheproof::{TestResult, aead, eddsa, hkdf as hkdf_set, mac, xdh};

#[test]
fn ed25519_verification() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut seen = 0;
    for group in set.test_groups {
        let key = DevicePublic::from_bytes(&group.key.pk).unwrap();
        for test in group.tests {
            let verified = Signature::from_bytes(&test.sig)
                .and_then(|signature| key.verify_mls(&test.msg, &signature));
            let valid = test.result == TestResult::Valid;
            assert_eq!(verified.is_ok(), valid, "{}: {}", test.tc_id, test.comment);
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} tests");
}

#[test]
fn aes_256_gcm() {
    use aes_gcm::KeyInit;
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let mut seen = 0;
    let groups = set.test_groups.into_iter();
    for group in groups.filter(|g| (g.key_size, g.nonce_size, g.tag_size) == (256, 96, 128)) {
        for test in group.tests {
            let cipher = Aes256Gcm::new_from_slice(&test.key).unwrap();
            let nonce = Nonce::from_slice(&test.nonce);
            let mut text = test.ct.to_vec();
            let tag = Tag::from_slice(&test.tag);
            let opened = cipher.decrypt_in_place_detached(nonce, &test.aad, &mut text, tag);
            let valid = test.result == TestResult::Valid;
            assert_eq!(opened.is_ok(), valid, "{}: {}", test.tc_id, test.comment);
            if valid {
                assert_eq!(text, test.pt.to_vec(), "{}", test.tc_id);
                let made = cipher
                    .encrypt_in_place_detached(nonce, &test.aad, &mut text)
                    .unwrap();
                assert_eq!((text, made.to_vec()), (test.ct.to_vec(), test.tag.to_vec()));
            }
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} tests");
}

/// The bulk cipher of blobs.
#[test]
fn aes_256_gcm_in_bulk() {
    use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let mut seen = 0;
    let groups = set.test_groups.into_iter();
    for group in groups.filter(|g| (g.key_size, g.nonce_size, g.tag_size) == (256, 96, 128)) {
        for test in group.tests {
            let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &test.key).unwrap());
            let nonce = || Nonce::try_assume_unique_for_key(&test.nonce).unwrap();
            let aad = || Aad::from(test.aad.to_vec());
            let mut text = [&test.ct[..], &test.tag[..]].concat();
            let opened = key
                .open_in_place(nonce(), aad(), &mut text)
                .map(|text| text.to_vec());
            let valid = test.result == TestResult::Valid;
            assert_eq!(opened.is_ok(), valid, "{}: {}", test.tc_id, test.comment);
            if valid {
                let mut text = opened.unwrap();
                assert_eq!(text, test.pt.to_vec(), "{}", test.tc_id);
                let made = key.seal_in_place_separate_tag(nonce(), aad(), &mut text);
                let tag = made.unwrap().as_ref().to_vec();
                assert_eq!((text, tag), (test.ct.to_vec(), test.tag.to_vec()));
            }
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} tests");
}

#[test]
fn hmac_sha256() {
    use hmac::KeyInit;
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let mut seen = 0;
    for group in set.test_groups {
        for test in group.tests {
            let mut mac = Hmac::<Sha256>::new_from_slice(&test.key).unwrap();
            mac.update(&test.msg);
            let verified = match group.tag_size {
                256 => mac.verify_slice(&test.tag),
                _ => mac.verify_truncated_left(&test.tag),
            };
            let valid = test.result == TestResult::Valid;
            assert_eq!(verified.is_ok(), valid, "{}: {}", test.tc_id, test.comment);
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} tests");
}

#[test]
fn hkdf_sha256() {
    let set = hkdf_set::TestSet::load(hkdf_set::TestName::HkdfSha256).unwrap();
    let mut seen = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let mut okm = vec![0; test.size];
        let made = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
        let valid = test.result == TestResult::Valid;
        assert_eq!(made.is_ok(), valid, "{}: {}", test.tc_id, test.comment);
        if valid {
            assert_eq!(okm, test.okm.to_vec(), "{}", test.tc_id);
        }
        seen += 1;
    }
    assert!(seen > 50, "{seen} tests");
}

/// Sealing must fail exactly where the shared secret would be zero, whatever our
/// own key (RFC 9180 §7.1.4).
#[test]
fn x25519_keys_of_small_order() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    let (mut good, mut bad) = (0, 0);
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let Ok(to) = InboxPublic::from_bytes(&test.public_key) else {
            assert_ne!(test.public_key.len(), 32, "{}", test.tc_id);
            continue;
        };
        let sealed = seal(&to, b"", b"", b"hello", &mut rng);
        if test.shared_secret.iter().all(|byte| *byte == 0) {
            assert_eq!(
                sealed,
                Err(CryptoError::BadKey),
                "{}: {}",
                test.tc_id,
                test.comment
            );
            bad += 1;
        } else {
            assert!(sealed.is_ok(), "{}: {}", test.tc_id, test.comment);
            good += 1;
        }
    }
    assert!(good > 400 && bad > 10, "{good} good and {bad} bad keys");
}
