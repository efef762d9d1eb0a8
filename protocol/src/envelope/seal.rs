//! Making envelopes.

use prost::Message;
use rand_core::CryptoRng;
use sealwire_crypto::{DeviceKey, InboxPublic, SignContext, seal};
use zeroize::Zeroizing;

use super::{
    Body, EnvelopeError, INFO, LENGTH, MAX_SIGNED, PLAINTEXT, VERSION,
    wire::{Content, SignedEnvelope},
};
use crate::{certificate::DeviceCertificate, ids::DeviceId, limits::ENVELOPE};

/// Seals `body` to a device. `sender` is the sender's certificate, `None` for a link request
/// only; `key` is the sender's device key; `sent_at_s` is in seconds since the Unix epoch.
///
/// The result has exactly [`ENVELOPE`] bytes.
///
/// # Errors
/// [`EnvelopeError::TooLarge`] names the size of a body that does not fit;
/// [`EnvelopeError::SenderMissing`] and [`EnvelopeError::SenderUnexpected`] as said above;
/// [`EnvelopeError::Key`] if the recipient's key is unusable.
pub fn seal_envelope(
    body: &Body,
    sender: Option<&DeviceCertificate>,
    key: &DeviceKey,
    recipient: (DeviceId, &InboxPublic),
    sent_at_s: u64,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, EnvelopeError> {
    match (body, sender) {
        (Body::LinkRequest(_), Some(_)) => return Err(EnvelopeError::SenderUnexpected),
        (Body::LinkRequest(_), None) | (_, Some(_)) => {}
        (_, None) => return Err(EnvelopeError::SenderMissing),
    }
    let (device, inbox) = recipient;
    let content = Content {
        sender: sender.map_or_else(Vec::new, |own| own.as_bytes().to_vec()),
        recipient: device.0.to_vec(),
        sent_at_s,
        body: Some(body.to_wire()),
    }
    .encode_to_vec();
    let signature = key.sign(SignContext::Envelope, &content);
    let signed = SignedEnvelope {
        content,
        signature: signature.as_bytes().to_vec(),
    };
    let plaintext = pad(&signed)?;
    let sealed = seal(inbox, INFO, &authenticated(&device), &plaintext, rng)?;
    let mut envelope = Vec::with_capacity(ENVELOPE);
    envelope.push(VERSION);
    envelope.extend_from_slice(&sealed);
    Ok(envelope)
}

/// Authenticated data: the version and the recipient.
pub(super) fn authenticated(recipient: &DeviceId) -> Vec<u8> {
    [&[VERSION][..], recipient.as_bytes()].concat()
}

pub(super) fn pad(signed: &SignedEnvelope) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let got = signed.encoded_len();
    let too_large = EnvelopeError::TooLarge {
        got,
        limit: MAX_SIGNED,
    };
    if got > MAX_SIGNED {
        return Err(too_large);
    }
    let length = u16::try_from(got).map_err(|_| too_large)?;
    let encoded = Zeroizing::new(signed.encode_to_vec());
    let mut plaintext = Zeroizing::new(vec![0; PLAINTEXT]);
    plaintext[..LENGTH].copy_from_slice(&length.to_be_bytes());
    plaintext[LENGTH..LENGTH + got].copy_from_slice(&encoded);
    Ok(plaintext)
}
