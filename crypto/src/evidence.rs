//! Ed25519 keys that sign evidence in formats of others.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};
use rand_core::CryptoRng;

use crate::context::PREFIX;
use crate::keys::{Signature, parse_public, verify_raw, write_hex};
use crate::{CryptoError, SecretBytes};

/// The secret Ed25519 key of a log, a witness or whoever signs an attestation.
/// Wiped when dropped.
///
/// It signs bytes as they stand, because the formats are not ours: a checkpoint
/// begins with the name of its log, a cosignature with `"cosignature/v1"`, an
/// envelope's signature covers `"DSSEv1"` and lengths. Use one key for one format.
pub struct EvidenceKey(SigningKey);

impl EvidenceKey {
    /// A fresh key from `rng`.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_seed(&SecretBytes::generate(rng))
    }

    /// The key of a seed: the 32-byte private key of RFC 8032 §5.1.5.
    #[must_use]
    pub fn from_seed(seed: &SecretBytes<32>) -> Self {
        Self(SigningKey::from_bytes(seed.expose()))
    }

    /// The 32-byte seed, to be stored where others can not read it.
    #[must_use]
    pub fn seed(&self) -> SecretBytes<32> {
        SecretBytes::fill(|seed| seed.copy_from_slice(self.0.as_bytes()))
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> EvidencePublic {
        EvidencePublic(self.0.verifying_key().to_bytes())
    }

    /// Signs `message` as it stands. Deterministic (RFC 8032 §5.1.6).
    ///
    /// # Panics
    /// If `message` begins `"sealwire v1 "`: signing it with an organisation's or
    /// a device's seed would forge one of our own statements.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        assert!(!message.starts_with(PREFIX), "not in a format for evidence");
        Signature(self.0.sign(message).to_bytes())
    }
}

/// The public Ed25519 key of a log, a witness or whoever signs an attestation,
/// 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvidencePublic([u8; 32]);

impl EvidencePublic {
    /// Reads a public key (RFC 8032 §5.1.2).
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] unless `bytes` are the 32 bytes of the one spelling
    /// of a point of the curve that is not of small order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        parse_public(bytes).map(Self)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks that this key signed `message` as it stands.
    ///
    /// # Errors
    /// [`CryptoError::BadSignature`] if not, or if `message` is one of our own
    /// statements and therefore no evidence.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), CryptoError> {
        if message.starts_with(PREFIX) {
            return Err(CryptoError::BadSignature);
        }
        verify_raw(&self.0, message, signature)
    }
}

impl fmt::Display for EvidencePublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for EvidencePublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvidencePublic({self})")
    }
}

#[cfg(test)]
mod tests {
    use static_assertions::assert_not_impl_any;

    use super::*;
    use crate::testing::{hex, secret, to_hex};
    use crate::{DeviceKey, SignContext};

    assert_not_impl_any!(EvidenceKey: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq);

    /// RFC 8032 §7.1, test 2.
    #[test]
    fn the_message_is_signed_as_it_stands() {
        let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = EvidenceKey::from_seed(&SecretBytes::from_slice(&seed).unwrap());
        assert_eq!(
            key.public().to_string(),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        );
        let signature = key.sign(&[0x72]);
        assert_eq!(
            to_hex(signature.as_bytes()),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        assert_eq!(key.public().verify(&[0x72], &signature), Ok(()));
        assert_eq!(
            key.public().verify(&[0x73], &signature),
            Err(CryptoError::BadSignature)
        );
    }

    #[test]
    fn our_own_statements_are_no_evidence() {
        let device = DeviceKey::from_seed(&secret(1));
        let signature = device.sign(SignContext::Envelope, b"hello Bob");
        let public = EvidencePublic::from_bytes(device.public().as_bytes()).unwrap();
        let signed = SignContext::Envelope.signed_bytes(b"hello Bob");
        assert_eq!(
            public.verify(&signed, &signature),
            Err(CryptoError::BadSignature)
        );
    }

    #[test]
    #[should_panic(expected = "not in a format for evidence")]
    fn our_own_statements_are_not_signed() {
        let signed = SignContext::Policy.signed_bytes(b"anything goes");
        let _ = EvidenceKey::from_seed(&secret(1)).sign(&signed);
    }
}
