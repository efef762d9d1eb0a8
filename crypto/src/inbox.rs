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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::testing::{Replay, hex, secret, to_hex};

    const INFO: &str = "4f6465206f6e2061204772656369616e2055726e";
    const AAD: &str = "436f756e742d30";
    const PLAINTEXT: &str = "4265617574792069732074727574682c20747275746820626561757479";
    const IKM_E: &str = "2cd7c601cefb3d42a62b04b7a9041494c06c7843818e0ce28a8f704ae7ab20f9";
    const IKM_R: &str = "dac33b0e9db1b59dbbea58d59a14e7b5896e9bdf98fad6891e99d1686492b9ee";
    const PK_R: &str = "430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c";
    const ENC: &str = "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256";
    const CT: &str = "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980\
                      a41de125a925cdad859d5b7a";

    /// The vector of RFC 9180's companion file (cfrg/draft-irtf-cfrg-hpke,
    /// test-vectors.json): mode 0, KEM 0x20, KDF 1, AEAD 2, first encryption.
    #[test]
    fn the_published_vector_comes_out() {
        let bob = InboxKey::from_seed(&SecretBytes::from_slice(&hex(IKM_R)).unwrap());
        assert_eq!(bob.public().to_string(), PK_R);

        let expected = [hex(ENC), hex(CT)].concat();
        let (info, aad) = (hex(INFO), hex(AAD));
        let opened = open(&bob, &info, &aad, &expected).unwrap();
        assert_eq!(to_hex(&opened), PLAINTEXT);

        let ikm = hex(IKM_E);
        let mut rng = Replay::new(&ikm);
        let sealed = seal(&bob.public(), &info, &aad, &opened, &mut rng).unwrap();
        assert_eq!(to_hex(&sealed), to_hex(&expected));
    }

    #[test]
    fn only_bob_opens_and_only_in_the_same_context() {
        let mut rng = StdRng::seed_from_u64(1);
        let (bob, mallory) = (InboxKey::generate(&mut rng), InboxKey::generate(&mut rng));
        let sealed = seal(&bob.public(), b"welcome", b"to Bob", b"hello", &mut rng).unwrap();
        assert_eq!(sealed.len(), 32 + 5 + 16);
        assert_eq!(
            open(&bob, b"welcome", b"to Bob", &sealed).unwrap(),
            b"hello"
        );
        let refused = Err(CryptoError::OpenFailed);
        assert_eq!(open(&mallory, b"welcome", b"to Bob", &sealed), refused);
        assert_eq!(open(&bob, b"rejoin", b"to Bob", &sealed), refused);
        assert_eq!(open(&bob, b"welcome", b"to Eve", &sealed), refused);
        assert_eq!(open(&bob, b"welcomet", b"o Bob", &sealed), refused);
    }

    #[test]
    fn short_envelopes_are_refused() {
        let bob = InboxKey::from_seed(&secret(1));
        for len in 0..48 {
            assert_eq!(
                open(&bob, b"", b"", &vec![9; len]),
                Err(CryptoError::OpenFailed)
            );
        }
    }

    #[test]
    fn keys_of_wrong_form_are_refused() {
        assert_eq!(InboxPublic::from_bytes(&[9; 31]), Err(CryptoError::BadKey));
        assert_eq!(InboxPublic::from_bytes(&[9; 33]), Err(CryptoError::BadKey));
        let mut rng = StdRng::seed_from_u64(1);
        for low_order in [[0; 32], {
            let mut one = [0; 32];
            one[0] = 1;
            one
        }] {
            let to = InboxPublic::from_bytes(&low_order).unwrap();
            assert_eq!(seal(&to, b"", b"", b"", &mut rng), Err(CryptoError::BadKey));
        }
    }

    #[test]
    fn a_key_survives_its_seed() {
        let mut rng = StdRng::seed_from_u64(1);
        let made = InboxKey::generate(&mut rng);
        let read = InboxKey::from_seed(&made.seed());
        assert_eq!(made.public(), read.public());
        let sealed = seal(&made.public(), b"", b"", b"hello", &mut rng).unwrap();
        assert_eq!(open(&read, b"", b"", &sealed).unwrap(), b"hello");
    }

    proptest! {
        #[test]
        fn any_changed_bit_is_refused(
            content in prop::collection::vec(any::<u8>(), 0..200),
            seed: u64,
            place: prop::sample::Index,
            bit in 0..8,
        ) {
            let mut rng = StdRng::seed_from_u64(seed);
            let bob = InboxKey::generate(&mut rng);
            let mut sealed = seal(&bob.public(), b"i", b"a", &content, &mut rng).unwrap();
            prop_assert_eq!(open(&bob, b"i", b"a", &sealed).unwrap(), content);
            let place = place.index(sealed.len());
            sealed[place] ^= 1u8 << bit;
            prop_assert_eq!(open(&bob, b"i", b"a", &sealed), Err(CryptoError::OpenFailed));
        }
    }
}
