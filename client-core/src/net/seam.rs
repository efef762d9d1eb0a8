//! Stand-ins for what the protocol crate does not have yet.

use sealwire_protocol::ids::DeviceId;

/// Where a relay listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RelayAddress {
    /// Name or address.
    pub(crate) host: String,
    /// TCP port.
    pub(crate) port: u16,
}

/// How a relay's certificate is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TlsMode {
    /// SHA-256 of the end-entity certificate.
    Pinned([u8; 32]),
    /// The system's authorities.
    WebPki,
}

/// What a device signs to sign in.
pub(crate) fn challenge_message(
    challenge: &[u8],
    device: &DeviceId,
    organisation: &str,
) -> Vec<u8> {
    [challenge, device.as_bytes(), organisation.as_bytes()].concat()
}
