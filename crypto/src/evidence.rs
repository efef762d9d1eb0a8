//! Ed25519 keys that sign evidence in formats of others.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};
use rand_core::CryptoRng;

use crate::context::PREFIX;
use crate::keys::{OrganisationKey, Signature, key_pair, parse_public, verify_raw, write_hex};
use crate::{CryptoError, SecretBytes, derive};

key_pair!(
    EvidenceKey,
    EvidencePublic,
    "a log, a witness or whoever signs an attestation"
);

impl EvidenceKey {
    /// Signs `message` as it stands. Deterministic (RFC 8032 §5.1.6).
    ///
    /// The formats are not ours: a checkpoint begins with the name of its log, a
    /// cosignature with `"cosignature/v1"`, an envelope's signature covers `"DSSEv1"`
    /// and lengths. Use one key for one format.
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

impl OrganisationKey {
    /// The key with which the organisation signs attestations: derived from its seed
    /// (HKDF-Expand, RFC 5869 §2.3), so that there is nothing more to keep.
    #[must_use]
    pub fn attestations(&self) -> EvidenceKey {
        EvidenceKey::from_seed(&derive(&self.seed(), "organisation attestations"))
    }
}

impl EvidencePublic {
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

#[cfg(test)]
mod tests {
    use static_assertions::assert_not_impl_any;

    use super::*;
    use crate::testing::{hex, secret, to_hex};
    use crate::{DeviceKey, SignContext};

    assert_not_impl_any!(EvidenceKey: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq);

    #[test]
    fn an_organisation_attests_with_a_key_of_its_own() {
        let organisation = OrganisationKey::from_seed(&secret(1));
        let attests = organisation.attestations();
        assert_ne!(
            attests.public().as_bytes(),
            organisation.public().as_bytes()
        );
        insta::assert_snapshot!(attests.public().to_string());
    }

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
