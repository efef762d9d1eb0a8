//! How a new device asks to join an account.

use sealwire_crypto::{CryptoError, DevicePublic, InboxPublic, SecretBytes, mac, verify_mac};

use crate::ids::DeviceId;

const CONTEXT: &str = "link request";

/// Asks the device that showed the link for a certificate with these values.
pub struct LinkRequest {
    /// The new device.
    pub device: DeviceId,
    /// Its signature key, which signs the envelope.
    pub signature_key: DevicePublic,
    /// Its inbox key.
    pub inbox_key: InboxPublic,
    /// Code under the link secret over device || signature key || inbox key, 32 bytes.
    pub mac: [u8; 32],
}

impl LinkRequest {
    /// Makes a request that only somebody with the link's secret can make.
    #[must_use]
    pub fn new(
        secret: &SecretBytes<32>,
        device: DeviceId,
        signature_key: DevicePublic,
        inbox_key: InboxPublic,
    ) -> Self {
        let mut request = Self {
            device,
            signature_key,
            inbox_key,
            mac: [0; 32],
        };
        request.mac = mac(secret, CONTEXT, &request.message());
        request
    }

    /// Checks in constant time that the sender had the link. Must succeed before anything is
    /// granted: the signature only proves that the sender has the new device's key.
    ///
    /// # Errors
    /// [`CryptoError::BadSignature`] if the code was made with another secret or other values.
    pub fn verify_mac(&self, secret: &SecretBytes<32>) -> Result<(), CryptoError> {
        verify_mac(secret, CONTEXT, &self.message(), &self.mac)
    }

    fn message(&self) -> Vec<u8> {
        [
            &self.device.as_bytes()[..],
            self.signature_key.as_bytes(),
            self.inbox_key.as_bytes(),
        ]
        .concat()
    }
}
