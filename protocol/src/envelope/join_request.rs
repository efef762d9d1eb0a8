//! How somebody with a link to a conversation asks to be let in.

use sealwire_crypto::{CryptoError, SecretBytes, mac, sha256, verify_mac};

use crate::{certificate::DeviceCertificate, ids::ConversationId};

const CONTEXT: &str = "join request";

/// Asks whoever made a link to a conversation to add the sender. Nobody is added by it: a person
/// decides.
pub struct JoinRequest {
    /// The conversation that the link names.
    pub conversation: ConversationId,
    /// A fresh key package of the sender's device: an `MLSMessage` (RFC 9420 §10).
    pub key_package: Vec<u8>,
    /// Code under the link's secret over conversation || SHA-256(sender's certificate) ||
    /// SHA-256(key package), 32 bytes.
    pub mac: [u8; 32],
}

impl JoinRequest {
    /// Makes a request that only somebody with the link's secret can make. `sender` is the
    /// certificate under which the envelope goes.
    #[must_use]
    pub fn new(
        secret: &SecretBytes<32>,
        conversation: ConversationId,
        sender: &DeviceCertificate,
        key_package: Vec<u8>,
    ) -> Self {
        let mut request = Self {
            conversation,
            key_package,
            mac: [0; 32],
        };
        request.mac = mac(secret, CONTEXT, &request.message(sender));
        request
    }

    /// Checks in constant time that `sender` had the link. The certificate is covered, so that
    /// nobody passes on another's request as their own.
    ///
    /// # Errors
    /// [`CryptoError::BadSignature`] if the code was made with another secret, for another
    /// conversation, sender or key package.
    pub fn verify_mac(
        &self,
        secret: &SecretBytes<32>,
        sender: &DeviceCertificate,
    ) -> Result<(), CryptoError> {
        verify_mac(secret, CONTEXT, &self.message(sender), &self.mac)
    }

    fn message(&self, sender: &DeviceCertificate) -> Vec<u8> {
        [
            &self.conversation.as_bytes()[..],
            &sha256(&[sender.as_bytes()]),
            &sha256(&[&self.key_package]),
        ]
        .concat()
    }
}
