//! Keys wrapped by a passphrase: Argon2id (RFC 9106), then AES-256-GCM.

use aes_gcm::{AeadInPlace, Aes256Gcm, KeyInit, Nonce, Tag};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{CryptoError, SecretBytes};

const VERSION: u8 = 1;
const SALT: usize = 16;
const KEY: usize = 32;
const TAG: usize = 16;
/// Version, memory (4), passes (4), lanes (1), salt.
const HEADER: usize = 1 + 4 + 4 + 1 + SALT;

/// The salt makes every wrapping key new, so the nonce need not be.
const NONCE: [u8; 12] = [0; 12];

/// A header is read before anything in it is authenticated; these bounds keep a
/// hostile one from taking the machine's memory or its afternoon.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u8 = 16;

/// How much work turning a passphrase into a key is (RFC 9106 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfParams {
    /// Memory in KiB: 8 per lane to 1,048,576 (1 GiB).
    pub memory_kib: u32,
    /// Passes over the memory: 1 to 16.
    pub passes: u32,
    /// Lanes: 1 to 16.
    pub lanes: u8,
}

impl KdfParams {
    /// 64 MiB, 3 passes, 1 lane: the second recommended option of RFC 9106 §4,
    /// with one lane because the implementation computes lanes one by one.
    pub const DEFAULT: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };

    fn argon2(self) -> Result<Argon2<'static>, CryptoError> {
        const OUT_OF_BOUNDS: CryptoError =
            CryptoError::Malformed("key derivation parameters out of bounds");
        if self.memory_kib > MAX_MEMORY_KIB || self.passes > MAX_PASSES || self.lanes > MAX_LANES {
            return Err(OUT_OF_BOUNDS);
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes.into(), Some(KEY))
            .map_err(|_| OUT_OF_BOUNDS)?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

impl Default for KdfParams {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Wraps `key` so that it opens with `passphrase`, given as the bytes that the
/// caller has normalised.
///
/// The result has 74 bytes: version (1), memory in KiB (4, big-endian), passes
/// (4, big-endian), lanes (1), salt (16), wrapped key (32), tag (16). All before
/// the wrapped key is authenticated with it.
///
/// # Errors
/// [`CryptoError::Malformed`] if `params` are out of bounds;
/// [`CryptoError::OutOfMemory`]; [`CryptoError::TooLong`] if the passphrase has
/// 4 GiB or more.
pub fn wrap_key(
    passphrase: &[u8],
    key: &SecretBytes<32>,
    params: KdfParams,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    let mut salt = [0; SALT];
    rng.fill_bytes(&mut salt);
    let mut wrapped = Vec::with_capacity(HEADER + KEY + TAG);
    wrapped.push(VERSION);
    wrapped.extend_from_slice(&params.memory_kib.to_be_bytes());
    wrapped.extend_from_slice(&params.passes.to_be_bytes());
    wrapped.push(params.lanes);
    wrapped.extend_from_slice(&salt);

    let cipher = cipher(passphrase, &salt, params)?;
    let header = wrapped.clone();
    wrapped.extend_from_slice(key.expose());
    let tag = cipher
        .encrypt_in_place_detached(Nonce::from_slice(&NONCE), &header, &mut wrapped[HEADER..])
        .map_err(|_| CryptoError::TooLong)?;
    wrapped.extend_from_slice(&tag);
    Ok(wrapped)
}

/// Unwraps what [`wrap_key`] made. Takes as much memory and time as the header
/// says, at most 1 GiB and 16 passes.
///
/// # Errors
/// [`CryptoError::WrongPassphrase`] if the passphrase is wrong or a byte was
/// changed; [`CryptoError::UnsupportedVersion`]; [`CryptoError::Malformed`] if the
/// length or the parameters can not be; [`CryptoError::OutOfMemory`].
pub fn unwrap_key(passphrase: &[u8], wrapped: &[u8]) -> Result<SecretBytes<32>, CryptoError> {
    let version = *wrapped
        .first()
        .ok_or(CryptoError::Malformed("empty wrapped key"))?;
    if version != VERSION {
        return Err(CryptoError::UnsupportedVersion(version));
    }
    let (header, params, salt, body) = split(wrapped)
        .filter(|(_, _, _, body)| body.len() == KEY + TAG)
        .ok_or(CryptoError::Malformed("length of a wrapped key"))?;
    let cipher = cipher(passphrase, salt, params)?;
    let (ciphertext, tag) = body.split_at(KEY);
    let mut opened = Ok(());
    let key = SecretBytes::fill(|key| {
        key.copy_from_slice(ciphertext);
        opened = cipher.decrypt_in_place_detached(
            Nonce::from_slice(&NONCE),
            header,
            key,
            Tag::from_slice(tag),
        );
    });
    opened
        .map(|()| key)
        .map_err(|_| CryptoError::WrongPassphrase)
}

type Parts<'a> = (&'a [u8], KdfParams, &'a [u8; SALT], &'a [u8]);

/// Header, parameters, salt, body.
fn split(wrapped: &[u8]) -> Option<Parts<'_>> {
    let (header, body) = wrapped.split_at_checked(HEADER)?;
    let (memory_kib, rest) = header[1..].split_first_chunk()?;
    let (passes, rest) = rest.split_first_chunk()?;
    let (lanes, rest) = rest.split_first()?;
    let params = KdfParams {
        memory_kib: u32::from_be_bytes(*memory_kib),
        passes: u32::from_be_bytes(*passes),
        lanes: *lanes,
    };
    Some((header, params, rest.first_chunk()?, body))
}

fn cipher(
    passphrase: &[u8],
    salt: &[u8; SALT],
    params: KdfParams,
) -> Result<Aes256Gcm, CryptoError> {
    let argon2 = params.argon2()?;
    let mut memory = memory(argon2.params().block_count())?;
    let mut derived = Ok(());
    let key = SecretBytes::<KEY>::fill(|key| {
        derived =
            argon2.hash_password_into_with_memory(passphrase, salt, key, memory.as_mut_slice());
    });
    derived.map_err(|_| CryptoError::TooLong)?;
    Ok(Aes256Gcm::new(key.expose().into()))
}

/// The library would not wipe memory of its own, and the last block of each lane
/// gives the key away.
fn memory(blocks: usize) -> Result<Zeroizing<Vec<Block>>, CryptoError> {
    let mut memory = Zeroizing::new(Vec::new());
    memory
        .try_reserve_exact(blocks)
        .map_err(|_| CryptoError::OutOfMemory)?;
    memory.resize(blocks, Block::new());
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{Replay, counting_secret, secret, to_hex};

    const QUICK: KdfParams = KdfParams {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };

    fn wrapped() -> Vec<u8> {
        wrap_key(
            b"correct horse",
            &counting_secret(),
            QUICK,
            &mut Replay::new(&[7]),
        )
        .unwrap()
    }

    /// Computed with Python's `cryptography` (OpenSSL's Argon2id).
    #[test]
    fn a_key_wrapped_with_fixed_randomness() {
        insta::assert_snapshot!(
            to_hex(&wrapped()),
            @"01000000400000000101070707070707070707070707070707074fb13ea9c1633ca343f1f0015e027cddc7ef48c143c33fa14e142e97fad26bf9fd804d963a39795ce3eef096d029cd5c"
        );
    }

    #[test]
    fn the_default_parameters_work() {
        let mut rng = Replay::new(&[7]);
        let wrapped = wrap_key(b"pass", &secret(5), KdfParams::default(), &mut rng).unwrap();
        assert_eq!(to_hex(&wrapped[..10]), "01000100000000000301");
        assert!(unwrap_key(b"pass", &wrapped).unwrap().ct_eq(&[5; 32]));
    }

    #[test]
    fn only_the_passphrase_unwraps() {
        let key = unwrap_key(b"correct horse", &wrapped()).unwrap();
        assert!(key.ct_eq(counting_secret().expose()));
        for wrong in [
            &b"correct horsf"[..],
            b"correct horse ",
            b"Correct horse",
            b"",
        ] {
            assert_eq!(
                unwrap_key(wrong, &wrapped()).err(),
                Some(CryptoError::WrongPassphrase)
            );
        }
    }

    #[test]
    fn other_versions_are_named() {
        let mut next = wrapped();
        next[0] = 2;
        let error = unwrap_key(b"correct horse", &next).err();
        assert_eq!(error, Some(CryptoError::UnsupportedVersion(2)));
    }

    #[test]
    fn any_other_length_is_malformed() {
        let good = wrapped();
        for len in 0..good.len() {
            let error = unwrap_key(b"correct horse", &good[..len]).err();
            assert!(matches!(error, Some(CryptoError::Malformed(_))), "{len}");
        }
        let longer = [&good[..], &[0]].concat();
        let error = unwrap_key(b"correct horse", &longer).err();
        assert!(matches!(error, Some(CryptoError::Malformed(_))));
    }

    #[test]
    fn hostile_parameters_are_refused_before_any_work() {
        // Without the bounds the first of each kind fails this test, before the
        // worst of them would hang it.
        let with = |memory_kib, passes, lanes| KdfParams {
            memory_kib,
            passes,
            lanes,
        };
        let hostile = [
            with(7, 1, 1),
            with(0, 1, 1),
            with(64, 0, 1),
            with(64, 17, 1),
            with(64, u32::MAX, 1),
            with(64, 1, 0),
            with(64, 1, 9),
            with(4096, 1, 17),
            with(4096, 1, 255),
            with(MAX_MEMORY_KIB + 1, 1, 1),
            with(u32::MAX, 1, 1),
        ];
        for params in hostile {
            let mut header = wrapped();
            header[1..5].copy_from_slice(&params.memory_kib.to_be_bytes());
            header[5..9].copy_from_slice(&params.passes.to_be_bytes());
            header[9] = params.lanes;
            let error = unwrap_key(b"correct horse", &header).err();
            assert!(
                matches!(error, Some(CryptoError::Malformed(_))),
                "{params:?}"
            );
            let error = wrap_key(b"x", &secret(1), params, &mut Replay::new(&[7])).err();
            assert!(
                matches!(error, Some(CryptoError::Malformed(_))),
                "{params:?}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn wrapping_round_trips(
            passphrase in prop::collection::vec(any::<u8>(), 0..40),
            key: [u8; 32],
            salt: [u8; 16],
        ) {
            let secret = SecretBytes::fill(|bytes| *bytes = key);
            let mut rng = Replay::new(&salt);
            let wrapped = wrap_key(&passphrase, &secret, QUICK, &mut rng).unwrap();
            prop_assert!(unwrap_key(&passphrase, &wrapped).unwrap().ct_eq(&key));
        }

        /// From the salt on: what stands before it is covered above, and a flipped
        /// bit there can ask for a gigabyte.
        #[test]
        fn any_changed_bit_is_refused(place in HEADER - SALT..HEADER + KEY + TAG, bit in 0..8) {
            let mut changed = wrapped();
            changed[place] ^= 1u8 << bit;
            let error = unwrap_key(b"correct horse", &changed).err();
            prop_assert_eq!(error, Some(CryptoError::WrongPassphrase));
        }
    }

    #[test]
    fn changed_parameters_do_not_unwrap() {
        for (place, value) in [(4, 0x41), (8, 2), (9, 2)] {
            let mut changed = wrapped();
            changed[place] = value;
            let error = unwrap_key(b"correct horse", &changed).err();
            assert_eq!(error, Some(CryptoError::WrongPassphrase), "byte {place}");
        }
    }
}
