//! A device's signed word on what it removed because it was kept no longer: how much and from
//! when, and nothing of what it said or who said it.

use prost::Message;
use sealwire_crypto::{DeviceKey, SignContext};

use crate::{
    canonical,
    certificate::DeviceCertificate,
    ids::{ConversationId, DeviceId},
    limits::MAX_REMOVAL_RECEIPT,
    signed,
};

/// Why bytes are no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemovalReceiptError {
    /// Not the canonical form, or over [`MAX_REMOVAL_RECEIPT`] bytes.
    #[error("not a receipt of removal in its canonical form")]
    Malformed,
    /// Another version, which may say what this one cannot read.
    #[error("receipt of removal of version {0}, which this program does not know")]
    UnknownVersion(u32),
    /// The device of the certificate did not sign it.
    #[error("the device of this certificate did not sign this receipt")]
    BadSignature,
}

use RemovalReceiptError::{BadSignature, Malformed, UnknownVersion};

/// What one device removed from one conversation in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovalReceipt {
    /// The device.
    pub device: DeviceId,
    /// 1 for the device's first receipt, then always one more: a gap shows that one is missing.
    pub number: u64,
    /// The conversation's random number.
    pub conversation: ConversationId,
    /// When, seconds since the Unix epoch: the earlier of the device's clock and the relay's.
    pub at_s: u64,
    /// Lines of history that are gone.
    pub messages: u64,
    /// Files that are gone, those of these lines and others.
    pub files: u64,
    /// When the relay received the oldest of all that, seconds since the Unix epoch.
    pub oldest_s: u64,
    /// The same of the newest; not before `oldest_s`.
    pub newest_s: u64,
    /// How long messages were to be kept, seconds; `None` for no bound.
    pub messages_kept_s: Option<u64>,
    /// How long files were to be kept, seconds; `None` for no bound.
    pub files_kept_s: Option<u64>,
    /// Serial of the organisation's policy that counted; 0 if there was none.
    pub policy_serial: u64,
}

#[derive(Clone, PartialEq, Message)]
struct WireReceipt {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bytes = "vec", tag = "2")]
    device: Vec<u8>,
    #[prost(uint64, tag = "3")]
    number: u64,
    #[prost(bytes = "vec", tag = "4")]
    conversation: Vec<u8>,
    #[prost(uint64, tag = "5")]
    at_s: u64,
    #[prost(uint64, tag = "6")]
    messages: u64,
    #[prost(uint64, tag = "7")]
    files: u64,
    #[prost(uint64, tag = "8")]
    oldest_s: u64,
    #[prost(uint64, tag = "9")]
    newest_s: u64,
    #[prost(uint64, tag = "10")]
    messages_kept_s: u64,
    #[prost(uint64, tag = "11")]
    files_kept_s: u64,
    #[prost(uint64, tag = "12")]
    policy_serial: u64,
}

impl RemovalReceipt {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 1;

    /// The one encoding of the body.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        WireReceipt {
            version: Self::VERSION,
            device: self.device.0.to_vec(),
            number: self.number,
            conversation: self.conversation.0.to_vec(),
            at_s: self.at_s,
            messages: self.messages,
            files: self.files,
            oldest_s: self.oldest_s,
            newest_s: self.newest_s,
            messages_kept_s: self.messages_kept_s.unwrap_or(0),
            files_kept_s: self.files_kept_s.unwrap_or(0),
            policy_serial: self.policy_serial,
        }
        .encode_to_vec()
    }

    /// Reads a body, canonical form only.
    ///
    /// # Errors
    /// [`UnknownVersion`] if it is of another version, [`Malformed`] otherwise.
    pub fn parse(body: &[u8]) -> Result<Self, RemovalReceiptError> {
        if body.len() > MAX_REMOVAL_RECEIPT {
            return Err(Malformed);
        }
        match canonical::version(body) {
            Some(Self::VERSION) => {}
            Some(version) => return Err(UnknownVersion(version)),
            None => return Err(Malformed),
        }
        let wire: WireReceipt = canonical::decode(body).ok_or(Malformed)?;
        let nothing = wire.messages == 0 && wire.files == 0;
        if wire.number == 0 || nothing || wire.oldest_s > wire.newest_s {
            return Err(Malformed);
        }
        let bound = |seconds: u64| (seconds > 0).then_some(seconds);
        Ok(Self {
            device: DeviceId::from_slice(&wire.device).map_err(|_| Malformed)?,
            number: wire.number,
            conversation: ConversationId::from_slice(&wire.conversation).map_err(|_| Malformed)?,
            at_s: wire.at_s,
            messages: wire.messages,
            files: wire.files,
            oldest_s: wire.oldest_s,
            newest_s: wire.newest_s,
            messages_kept_s: bound(wire.messages_kept_s),
            files_kept_s: bound(wire.files_kept_s),
            policy_serial: wire.policy_serial,
        })
    }

    /// The signed receipt: body and signature, context `RemovalReceipt`.
    #[must_use]
    pub fn sign(&self, key: &DeviceKey) -> Vec<u8> {
        let body = self.encode();
        let signature = key.sign(SignContext::RemovalReceipt, &body);
        signed::join(body, &signature)
    }

    /// Opens a signed receipt, canonical form only. Needs nothing but the device's certificate.
    /// Whether that is of the right account is for whoever knows the account's key; the receipt
    /// proves nothing about a certificate that has run out or was revoked before `at_s`.
    ///
    /// # Errors
    /// [`BadSignature`] if the certificate's device did not sign it, or it names another;
    /// as [`RemovalReceipt::parse`] otherwise.
    pub fn verify(
        signed: &[u8],
        certificate: &DeviceCertificate,
    ) -> Result<Self, RemovalReceiptError> {
        let (body, signature) = signed::split(signed, MAX_REMOVAL_RECEIPT).ok_or(Malformed)?;
        // Before the body is read: an unknown version is worth telling only if it is genuine.
        certificate
            .signature_key()
            .verify(SignContext::RemovalReceipt, &body, &signature)
            .map_err(|_| BadSignature)?;
        let receipt = Self::parse(&body)?;
        if receipt.device != certificate.device() {
            return Err(BadSignature);
        }
        Ok(receipt)
    }
}

#[cfg(test)]
mod tests;
