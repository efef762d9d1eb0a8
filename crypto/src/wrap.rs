//! Keys wrapped by a passphrase: Argon2id (RFC 9106), then AES-256-GCM.

use aes_gcm::{AeadInPlace, Aes256Gcm, KeyInit, Nonce, Tag};
use argon2::{Algorithm, Argon2, Params, Version};
use rand_core::CryptoRng;

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
/// [`CryptoError::TooLong`] if the passphrase has 4 GiB or more.
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
/// length or the parameters can not be.
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
    let mut derived = Ok(());
    let key = SecretBytes::<KEY>::fill(|key| {
        derived = argon2.hash_password_into(passphrase, salt, key);
    });
    derived.map_err(|_| CryptoError::TooLong)?;
    Ok(Aes256Gcm::new(key.expose().into()))
}
