//! What a device says became of its copies after its account was erased at the relay, and by what the
//! relay knows such a device without knowing whose it was.

use prost::Message;
use sealwire_crypto::{DeviceKey, DevicePublic, SignContext, sha256};

use crate::{canonical, ids::DeviceId, limits::MAX_ERASURE_RECEIPT, signed};

/// Why bytes are no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ErasureReceiptError {
    /// Not the canonical form, or over [`MAX_ERASURE_RECEIPT`] bytes.
    #[error("not a receipt of an erasure in its canonical form")]
    Malformed,
    /// Another version, which may say what this one cannot read.
    #[error("receipt of an erasure of version {0}, which this program does not know")]
    UnknownVersion(u32),
    /// This key did not sign it.
    #[error("this key did not sign this receipt")]
    BadSignature,
}

use ErasureReceiptError::{BadSignature, Malformed, UnknownVersion};

/// What became of what the device held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// The device knows of the erasure, and its person keeps history and files there.
    Kept,
    /// Keys, database and files of the account are gone from the device.
    Removed,
}

/// What one device says. How much it held is not in it: the relay never knew, and need not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasureReceipt {
    /// The device.
    pub device: DeviceId,
    /// When, seconds since the Unix epoch by the device's clock.
    pub at_s: u64,
    /// What became of its copies.
    pub copies: Copies,
}

#[derive(Clone, PartialEq, Message)]
struct WireReceipt {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bytes = "vec", tag = "2")]
    device: Vec<u8>,
    #[prost(uint64, tag = "3")]
    at_s: u64,
    #[prost(uint32, tag = "4")]
    copies: u32,
}

impl ErasureReceipt {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 1;

    fn encode(&self) -> Vec<u8> {
        WireReceipt {
            version: Self::VERSION,
            device: self.device.0.to_vec(),
            at_s: self.at_s,
            copies: match self.copies {
                Copies::Kept => 1,
                Copies::Removed => 2,
            },
        }
        .encode_to_vec()
    }

    fn parse(body: &[u8]) -> Result<Self, ErasureReceiptError> {
        match canonical::version(body) {
            Some(Self::VERSION) => {}
            Some(version) => return Err(UnknownVersion(version)),
            None => return Err(Malformed),
        }
        let wire: WireReceipt = canonical::decode(body).ok_or(Malformed)?;
        Ok(Self {
            device: DeviceId::from_slice(&wire.device).map_err(|_| Malformed)?,
            at_s: wire.at_s,
            copies: match wire.copies {
                1 => Copies::Kept,
                2 => Copies::Removed,
                _ => return Err(Malformed),
            },
        })
    }

    /// The signed receipt: body and signature, context `ErasureReceipt`.
    #[must_use]
    pub fn sign(&self, key: &DeviceKey) -> Vec<u8> {
        let body = self.encode();
        let signature = key.sign(SignContext::ErasureReceipt, &body);
        signed::join(body, &signature)
    }

    /// Opens a signed receipt, canonical form only. Whether `key` is that of the device which the
    /// receipt names is for whoever knows it, see [`device_key_hash`].
    ///
    /// # Errors
    /// [`BadSignature`] if the key did not sign it, [`UnknownVersion`] if it is of another version,
    /// [`Malformed`] otherwise.
    pub fn verify(signed: &[u8], key: &DevicePublic) -> Result<Self, ErasureReceiptError> {
        let (body, signature) = signed::split(signed, MAX_ERASURE_RECEIPT).ok_or(Malformed)?;
        key.verify(SignContext::ErasureReceipt, &body, &signature)
            .map_err(|_| BadSignature)?;
        Self::parse(&body)
    }
}

const DEVICE: &[u8] = b"sealwire erased device v1\0";

/// By what a relay finds the row of a device of an erased account. Device ids are random, so the hash
/// says nothing to whoever does not know the id.
#[must_use]
pub fn device_hash(device: &DeviceId) -> [u8; 32] {
    sha256(&[DEVICE, device.as_bytes()])
}

/// By what it knows the device's key again.
#[must_use]
pub fn device_key_hash(device: &DeviceId, key: &DevicePublic) -> [u8; 32] {
    sha256(&[DEVICE, device.as_bytes(), key.as_bytes()])
}

#[cfg(test)]
mod tests;
