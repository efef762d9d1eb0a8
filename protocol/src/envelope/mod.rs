//! Inbox envelopes: what devices tell each other outside groups, sealed and of one size.
//!
//! ```text
//! envelope  = version (1) || HPKE encapsulated key (32) || ciphertext (4,047) || tag (16)
//! plaintext = length (2, big endian) || SignedEnvelope || zeros
//! ```
//!
//! HPKE (RFC 9180) has `info` = "sealwire envelope v1" and, as authenticated data, the version
//! byte and the recipient's device id. The relay sees 4,096 bytes and learns nothing from them.

mod blob;
mod body;
mod join_request;
mod link_request;
mod open;
mod seal;
mod wire;

pub use blob::{MAX_ROSTER, RosterBlob, RosterGroup, WelcomeBlob};
pub use body::{BlobRef, Body, LinkGrant, Rejoin, Welcome};
pub use join_request::JoinRequest;
pub use link_request::LinkRequest;
pub use open::{OpenedEnvelope, open_envelope};
pub use seal::seal_envelope;

use sealwire_crypto::CryptoError;

use crate::{certificate::CertificateError, ids::IdError, limits::ENVELOPE};

/// The version that this program writes and reads.
pub const VERSION: u8 = 1;
/// Most bytes of a `SignedEnvelope`.
pub const MAX_SIGNED: usize = PLAINTEXT - LENGTH;

/// HPKE `info` (RFC 9180 §5.1).
const INFO: &[u8] = b"sealwire envelope v1";
/// Encapsulated key and tag.
const OVERHEAD: usize = 32 + 16;
/// Bytes under encryption.
const PLAINTEXT: usize = ENVELOPE - 1 - OVERHEAD;
/// Bytes of the length in front of the signed part.
const LENGTH: usize = 2;

/// Why an envelope cannot be made or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The body is too large; put the content into a blob.
    #[error("envelope content of {got} bytes is over the limit of {limit}")]
    TooLarge {
        /// Bytes that the signed part would have.
        got: usize,
        /// Bytes that fit: [`MAX_SIGNED`].
        limit: usize,
    },
    /// Not exactly [`ENVELOPE`] bytes.
    #[error("an envelope has 4,096 bytes, not {0}")]
    Size(usize),
    /// Made by a version this program does not know.
    #[error("envelope version {0} is not known; update this program")]
    UnknownVersion(u8),
    /// Not sealed to this inbox and device, or changed.
    #[error("envelope cannot be opened with this device's key")]
    OpenFailed,
    /// The plaintext is not of its form.
    #[error("envelope is not in canonical form")]
    Malformed,
    /// A body of a kind this program does not know, or none.
    #[error("envelope holds nothing that this version knows; update this program")]
    UnknownBody,
    /// It names another recipient inside: somebody passes on what was meant for another.
    #[error("envelope was written to another device")]
    Recipient,
    /// A certificate is missing, and the body is no link request.
    #[error("envelope names no sender")]
    SenderMissing,
    /// A link request with a certificate.
    #[error("a link request has no certificate yet")]
    SenderUnexpected,
    /// A certificate inside is not valid.
    #[error("envelope: {0}")]
    Certificate(#[from] CertificateError),
    /// An identifier inside has the wrong size.
    #[error("envelope: {0}")]
    Id(#[from] IdError),
    /// A key inside is not usable, or the recipient's is not.
    #[error("envelope: {0}")]
    Key(#[from] CryptoError),
    /// Not signed by the device it names.
    #[error("envelope is not signed by the device it names")]
    Signature,
    /// A link grant whose parts do not belong together: certificate, account key, sender,
    /// recipient.
    #[error("the parts of this link grant do not belong together")]
    Grant,
}

#[cfg(test)]
mod tests;
