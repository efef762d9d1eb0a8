//! The exact bytes that account-plane signatures and codes cover.

use sealwire_crypto::{AccountPublic, CryptoError, SecretBytes, mac, sha256, verify_mac};

use crate::{certificate::DeviceKind, handle::Handle, ids::DeviceId, link::InvitationCode};

/// What an account signs to enrol, context `Enrolment`:
/// SHA-256(code) (32) || SHA-256(certificate) (32) || handle.
#[must_use]
pub fn enrolment_message(code: &InvitationCode, certificate: &[u8], handle: &Handle) -> Vec<u8> {
    [
        &code.hash()[..],
        &sha256(&[certificate]),
        handle.as_str().as_bytes(),
    ]
    .concat()
}

/// What a device signs to sign in, context `Challenge`:
/// challenge (32) || device id (16) || organisation name.
///
/// The organisation is the one of the device's own certificate, so that a relay cannot pass on
/// another relay's challenge.
#[must_use]
pub fn challenge_message(challenge: &[u8; 32], device: &DeviceId, organisation: &str) -> Vec<u8> {
    [&challenge[..], device.as_bytes(), organisation.as_bytes()].concat()
}

/// What an account signs to withdraw a device, context `Revocation`:
/// device id (16) || `at_s` (8, big endian), seconds since the Unix epoch.
#[must_use]
pub fn revocation_message(device: &DeviceId, at_s: u64) -> Vec<u8> {
    [&device.as_bytes()[..], &at_s.to_be_bytes()].concat()
}

/// What an account signs to be erased, context `Erasure`: `at_s` (8, big endian), seconds since the
/// Unix epoch || handle.
#[must_use]
pub fn erasure_message(handle: &Handle, at_s: u64) -> Vec<u8> {
    [&at_s.to_be_bytes()[..], handle.as_str().as_bytes()].concat()
}

/// What the account is stands in the label, so that a code for a person is none for an agent.
const fn enrolment_label(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Person => "enrolment",
        DeviceKind::Agent => "enrolment agent",
        DeviceKind::Custodian => "enrolment custodian",
    }
}

fn enrolment_mac_message(handle: &Handle, account_key: &AccountPublic) -> Vec<u8> {
    [&account_key.as_bytes()[..], handle.as_str().as_bytes()].concat()
}

/// What shows the inviter that the account which enrolled is the one that had the link, and took it
/// for what it was made for: a code under the invitation secret, which the relay never sees, over
/// account key (32) || handle, with a label that says the kind.
#[must_use]
pub fn enrolment_mac(
    secret: &SecretBytes<32>,
    kind: DeviceKind,
    handle: &Handle,
    account_key: &AccountPublic,
) -> [u8; 32] {
    mac(
        secret,
        enrolment_label(kind),
        &enrolment_mac_message(handle, account_key),
    )
}

/// Checks an [`enrolment_mac`] in constant time. It speaks of what the link said; that the account's
/// certificates say the same is to be checked beside it.
///
/// # Errors
/// [`CryptoError::BadSignature`] if it was not made with this secret for this kind, handle and key.
pub fn verify_enrolment_mac(
    secret: &SecretBytes<32>,
    kind: DeviceKind,
    handle: &Handle,
    account_key: &AccountPublic,
    tag: &[u8],
) -> Result<(), CryptoError> {
    verify_mac(
        secret,
        enrolment_label(kind),
        &enrolment_mac_message(handle, account_key),
        tag,
    )
}

#[cfg(test)]
mod tests;
