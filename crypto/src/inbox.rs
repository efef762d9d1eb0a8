//! Sealing to an inbox: HPKE base mode (RFC 9180 §6.1) with
//! DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.

use std::fmt;

use hpke::{
    Deserializable, HpkeError, Kem, OpModeR, OpModeS, Serializable, aead::AesGcm256,
    kdf::HkdfSha256, kem::X25519HkdfSha256, single_shot_open, single_shot_seal_with_rng,
};
use rand_core::CryptoRng;

use crate::{CryptoError, SecretBytes, keys::write_hex};

type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;

/// Bytes of the encapsulated key (Nenc, RFC 9180 §7.1).
const ENC: usize = 32;

/// The secret X25519 key of a device's inbox. Wiped when dropped.
pub struct InboxKey {
    seed: SecretBytes<32>,
    private: PrivateKey,
    public: InboxPublic,
}

impl InboxKey {
    /// A fresh key from `rng`.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_seed(&SecretBytes::generate(rng))
    }

    /// The key of a 32-byte seed, by `DeriveKeyPair` (RFC 9180 §7.1.3).
    #[must_use]
    pub fn from_seed(seed: &SecretBytes<32>) -> Self {
        let (private, public) = X25519HkdfSha256::derive_keypair(seed.expose());
        let public = InboxPublic(public.to_bytes().into());
        Self {
            seed: copy(seed),
            private,
            public,
        }
    }

    /// A copy of the 32-byte seed, to be stored encrypted.
    #[must_use]
    pub fn seed(&self) -> SecretBytes<32> {
        copy(&self.seed)
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> InboxPublic {
        self.public
    }
}

fn copy(seed: &SecretBytes<32>) -> SecretBytes<32> {
    SecretBytes::fill(|own| own.copy_from_slice(seed.expose()))
}

/// The public X25519 key of a device's inbox, 32 bytes (RFC 7748 §5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InboxPublic([u8; 32]);

impl InboxPublic {
    /// Reads a public key. Every 32 bytes are one (RFC 7748 §5); those of small
    /// order are refused by [`seal`].
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] unless there are exactly 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        bytes.try_into().map(Self).map_err(|_| CryptoError::BadKey)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for InboxPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for InboxPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InboxPublic({self})")
    }
}

/// Seals `plaintext` so that only the holder of `to` can open it, and only with
/// the same `info` and `aad`. Says nothing about who sealed it.
///
/// The result is the encapsulated key (32 bytes), then the ciphertext (as long as
/// the plaintext), then the tag (16 bytes).
///
/// # Errors
/// [`CryptoError::BadKey`] if `to` is a point of small order;
/// [`CryptoError::TooLong`] if the plaintext exceeds 64 GiB.
pub fn seal(
    to: &InboxPublic,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    let to = PublicKey::from_bytes(&to.0).map_err(|_| CryptoError::BadKey)?;
    let (enc, ciphertext) = single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &to,
        info,
        plaintext,
        aad,
        rng,
    )
    .map_err(|error| match error {
        HpkeError::SealError => CryptoError::TooLong,
        _ => CryptoError::BadKey,
    })?;
    Ok([&enc.to_bytes()[..], &ciphertext].concat())
}

/// Opens what [`seal`] made for this key, `info` and `aad`.
///
/// # Errors
/// [`CryptoError::OpenFailed`] for anything else, without saying why.
pub fn open(
    key: &InboxKey,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let (enc, ciphertext) = sealed
        .split_at_checked(ENC)
        .ok_or(CryptoError::OpenFailed)?;
    let enc = EncappedKey::from_bytes(enc).map_err(|_| CryptoError::OpenFailed)?;
    single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &key.private,
        &enc,
        info,
        ciphertext,
        aad,
    )
    .map_err(|_| CryptoError::OpenFailed)
}
